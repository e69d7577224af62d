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

use crate::contract::causes;
use crate::contract::lifetimes;
use crate::contract::login_with_prosper::ExchangeError;
use crate::contract::table::Stop;
use crate::crypto::digest::sha256;
use crate::crypto::secret::Plain;
use crate::domain::application::{Application, ApplicationKind};
use crate::domain::ids::{ClientId, CodeId};
use crate::domain::scope::ScopeSet;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::prosper::Prosper;
use crate::store::redeeming::{Redeemed, Redeeming};

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
    /// Roughly where the request came from, for the person.
    pub place: String,
}

/// A refusal: the row that goes over the wire, and the true cause for the application's owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The row.
    pub row: ExchangeError,
    /// The cause, in words.
    pub cause: &'static str,
}

/// Trades a code for a token of Login with Prosper.
///
/// # Errors
/// `Refused` with a row of [`ExchangeError`] and its cause; `Broke` when the fault is ours.
pub async fn exchange_code(ask: &ExchangeAsk, p: &Prosper) -> Result<String, Stop<Refusal>> {
    let missing = || no(ExchangeError::ClientNotFound, causes::CLIENT_ID_OF_NOBODY);
    let id = ask.client_id.as_deref().and_then(ClientId::from_hex).ok_or_else(missing)?;
    let client = p.store.client(id).await?.ok_or_else(missing)?;
    if client.application.kind != ApplicationKind::Login {
        return Err(no(ExchangeError::ClientNotFound, causes::KIND_WITHOUT_CODES));
    }
    if client.application.disabled {
        return Err(no(ExchangeError::ClientNotFound, causes::APPLICATION_DISABLED));
    }
    let Some(code) = ask.code.as_deref().and_then(|text| Code::open(text, p)) else {
        return Err(no(ExchangeError::InvalidCode, causes::CODE_NOT_OURS));
    };
    let now = p.now();
    let is_its_own = code.basis.client == id;
    let has_expired = code.expires_at.has_come(now);
    if !has_expired && !is_its_own {
        return Err(no(ExchangeError::InvalidClientId, causes::CODE_OF_ANOTHER));
    }
    let proven = is_its_own && ask.client_secret.as_ref().is_some_and(|secret| proves(&client, secret, p));
    if has_expired {
        // The token may have outlived its code, so a replay that comes this late still ends it.
        if proven {
            Box::pin(revoke_if_used(code.basis.code, now, p)).await?;
        }
        return Err(no(ExchangeError::CodeExpired, causes::CODE_EXPIRED));
    }
    if !proven {
        return Err(no(ExchangeError::InvalidSecret, causes::CLIENT_SECRET_WRONG));
    }
    if let Some(cause) = disagreement(&code, ask, &client.application) {
        Box::pin(revoke_if_used(code.basis.code, now, p)).await?;
        return Err(no(ExchangeError::InvalidCode, cause));
    }
    // Boxed like all that waits for the store, so that what does not wait carries less with it.
    Box::pin(redeem(&code, &ask.place, now, p)).await
}

fn no(row: ExchangeError, cause: &'static str) -> Stop<Refusal> {
    Stop::Refused(Refusal { row, cause })
}

/// In what the request disagrees with what the code is bound to (C-01, C-02).
fn disagreement(code: &Code, ask: &ExchangeAsk, application: &Application) -> Option<&'static str> {
    if code.scope != ScopeSet::LOGIN || code.basis.space != application.space {
        return Some(causes::CODE_FOR_ANOTHER_USE);
    }
    if ask.redirect_uri.as_deref().is_some_and(|uri| !code.was_sent_to(uri)) {
        return Some(causes::REDIRECT_NOT_THE_CODES);
    }
    match (&code.challenge, &ask.code_verifier) {
        (None, None) => None,
        (Some(challenge), Some(verifier)) => {
            let fits = is_verifier(verifier) && sha256(verifier.expose().as_bytes()) == *challenge;
            (!fits).then_some(causes::VERIFIER_DOES_NOT_FIT)
        }
        (Some(_), None) => Some(causes::VERIFIER_MISSING),
        // Somebody took the challenge away on the way here.
        (None, Some(_)) => Some(causes::VERIFIER_UNASKED),
    }
}

/// RFC 7636 §4.1.
fn is_verifier(verifier: &Plain) -> bool {
    let text = verifier.expose();
    (43..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

async fn redeem(code: &Code, place: &str, now: Timestamp, p: &Prosper) -> Result<String, Stop<Refusal>> {
    let token = LoginToken { basis: code.basis, expires_at: now.plus(lifetimes::LOGIN_TOKEN) };
    let redeeming = Redeeming {
        basis: code.basis,
        used_at: now,
        code_expires_at: code.expires_at,
        token_expires_at: token.expires_at,
    };
    match p.store.redeem_code(redeeming).await? {
        Redeemed::Now => {
            p.store.saw_consent(code.basis.consent, now, place);
            Ok(token.seal(p))
        }
        Redeemed::Before { at } => {
            revoke_if_late(code.basis.code, at, now, p).await?;
            Err(no(ExchangeError::InvalidCode, causes::CODE_USED))
        }
        Redeemed::NotAllowed => Err(no(ExchangeError::InvalidCode, causes::CODE_STANDS_ON_NOTHING)),
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
