//! A code for a token (seed 3, 4.2; L-11 to L-16).
//!
//! 1. The application: known, switched on, a login application.
//! 2. The code: one of ours.
//! 3. Not expired.
//! 4. Issued to this application.
//! 5. The secret: one of the application's live ones.
//! 6. What the request says on top: the redirect URI, the PKCE verifier.
//! 7. One conditional write that marks the code used, if nobody has and everything it was given on the strength of
//!    still stands. The loser gets "Invalid code".
//!
//! The order is the document's table, so that each row can be met by the fault it describes; client ids are public, so
//! saying first that one is unknown gives nothing away. Nothing before the write uses a code up. A replay by somebody
//! with the right secret, later than a double submit would be, means that a code has leaked: what its first use got is
//! revoked (RFC 6749 §4.1.2). Without the secret it means nothing and does nothing.

use crate::contract::lifetimes;
use crate::contract::login_with_prosper::ExchangeError;
use crate::contract::table::Stop;
use crate::crypto::digest::sha256;
use crate::crypto::secret::Plain;
use crate::domain::application::ApplicationKind;
use crate::domain::ids::{ClientId, CodeId};
use crate::domain::scope::ScopeSet;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::prosper::Prosper;
use crate::store::redemptions::{Redeemed, Redeeming, Redemption};

use super::client_authority::proves;
use super::code::{Code, LoginToken};

/// A request to exchange a code. A parameter without a value is absent.
#[derive(Debug, Default)]
pub struct ExchangeAsk {
    /// The client id, from the body or from HTTP Basic.
    pub client_id: Option<String>,
    /// The client secret, from the body or from HTTP Basic.
    pub client_secret: Option<Plain>,
    /// The code.
    pub code: Option<String>,
    /// The redirect URI, if the client repeats it (C-02).
    pub redirect_uri: Option<String>,
    /// The PKCE verifier.
    pub code_verifier: Option<Plain>,
}

/// Trades a code for a token of Login with Prosper.
///
/// # Errors
/// `Refused` with a row of [`ExchangeError`]; `Broke` when the fault is ours.
pub async fn exchange_code(ask: &ExchangeAsk, p: &Prosper) -> Result<String, Stop<ExchangeError>> {
    let id = ask.client_id.as_deref().and_then(ClientId::from_hex).ok_or(ExchangeError::ClientNotFound)?;
    let client = p
        .store
        .client(id)
        .await?
        .filter(|client| client.application.kind == ApplicationKind::Login && !client.application.disabled)
        .ok_or(ExchangeError::ClientNotFound)?;
    let code = ask.code.as_deref().and_then(|text| Code::open(text, p)).ok_or(ExchangeError::InvalidCode)?;
    let now = p.now();
    let is_its_own = code.basis.client == id;
    let has_expired = code.expires_at.has_come(now);
    if !has_expired && !is_its_own {
        return Err(ExchangeError::InvalidClientId.into());
    }
    let proven = is_its_own && ask.client_secret.as_ref().is_some_and(|secret| proves(&client, secret, p));
    if has_expired {
        // The token may have outlived its code, so a replay that comes this late still ends it.
        if proven {
            revoke_if_used(code.basis.code, now, p).await?;
        }
        return Err(ExchangeError::CodeExpired.into());
    }
    if !proven {
        return Err(ExchangeError::InvalidSecret.into());
    }
    if code.scope != ScopeSet::LOGIN || code.basis.space != client.application.space || !is_as_asked(&code, ask) {
        revoke_if_used(code.basis.code, now, p).await?;
        return Err(ExchangeError::InvalidCode.into());
    }
    redeem(&code, now, p).await
}

/// Does the request agree with what the code is bound to (C-01, C-02)?
fn is_as_asked(code: &Code, ask: &ExchangeAsk) -> bool {
    let redirect = ask.redirect_uri.as_deref().is_none_or(|uri| code.was_sent_to(uri));
    let verifier = match (&code.challenge, &ask.code_verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => {
            is_verifier(verifier) && sha256(verifier.expose().as_bytes()) == *challenge
        }
        // A verifier for a code that has no challenge: somebody took the challenge away on the way here.
        (None, Some(_)) | (Some(_), None) => false,
    };
    redirect && verifier
}

/// RFC 7636 §4.1.
fn is_verifier(verifier: &Plain) -> bool {
    let text = verifier.expose();
    (43..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

async fn redeem(code: &Code, now: Timestamp, p: &Prosper) -> Result<String, Stop<ExchangeError>> {
    let token = LoginToken { basis: code.basis.clone(), expires_at: now.plus(lifetimes::LOGIN_TOKEN) };
    let redemption = Redemption {
        code: code.basis.code,
        application: code.basis.client,
        account: code.basis.account,
        used_at: now,
        code_expires_at: code.expires_at,
        token_expires_at: token.expires_at,
        revoked: false,
    };
    let redeeming = Redeeming { redemption, consent: code.basis.consent, epochs: code.basis.epochs };
    match p.store.redeem_code(redeeming).await? {
        Redeemed::Now => {
            p.store.saw_consent(code.basis.consent, now);
            Ok(token.seal(p))
        }
        Redeemed::Before { at } => {
            revoke_if_late(code.basis.code, at, now, p).await?;
            Err(ExchangeError::InvalidCode.into())
        }
        Redeemed::NotAllowed => Err(ExchangeError::InvalidCode.into()),
    }
}

/// What a code's first use got, if there was one, ends when this replay is late.
async fn revoke_if_used(code: CodeId, now: Timestamp, p: &Prosper) -> Result<(), Fault> {
    match p.store.redemption(code).await? {
        Some(used) => revoke_if_late(code, used.used_at, now, p).await,
        None => Ok(()),
    }
}

async fn revoke_if_late(code: CodeId, used_at: Timestamp, now: Timestamp, p: &Prosper) -> Result<(), Fault> {
    if now.since(used_at) > lifetimes::DOUBLE_SUBMIT && p.store.revoke_redemption(code, used_at).await? {
        tracing::warn!(%code, "a used code was presented again, so what it was traded for has ended");
    }
    Ok(())
}
