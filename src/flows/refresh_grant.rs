//! A new access token for a refresh token (seed 2, step 3; T-02, T-04).
//!
//! 1. Who is the client?
//! 2. Is this a live refresh token that was issued to it?
//! 3. Does what it was issued for still stand, and is the scope no wider?
//! 4. Seal an access token. Nothing is written.
//!
//! The document promises the *same* refresh token back, for ten hours from the password request, any number of times and
//! in parallel, so it is not rotated and never extended.

use crate::contract::table::Stop;
use crate::contract::token_endpoint::{RefreshTokenError, Tokens};
use crate::crypto::secret::{Kind, Plain};
use crate::crypto::ticket;
use crate::domain::ids::FamilyId;
use crate::prosper::Prosper;

use super::client_authority::{ClientAsk, client_authority};
use super::standing::standing;
use super::tokens::{access_token, narrow};

/// A request for a new access token.
pub struct RefreshAsk {
    /// Who the client says it is.
    pub client: ClientAsk,
    /// The refresh token.
    pub refresh_token: Option<Plain>,
    /// What the token is to do; empty when it was sent without a value.
    pub scope: Option<String>,
    /// Roughly where the request came from, for the investor behind an agent's token.
    pub place: String,
}

/// Issues a new access token of the family that the refresh token belongs to.
///
/// # Errors
/// `Refused` with a row of [`RefreshTokenError`] when the answer is no; `Broke` when the fault is ours.
pub async fn refresh_grant(ask: RefreshAsk, p: &Prosper) -> Result<Tokens, Stop<RefreshTokenError>> {
    let client = client_authority(&ask.client, p).await?;
    let typed = ask.refresh_token.ok_or(RefreshTokenError::RefreshToken)?;
    let ticket = ticket::read(typed.expose()).ok_or(RefreshTokenError::RefreshToken)?;
    let family = p.store.family(FamilyId::from_bytes(ticket.id)).await?.ok_or(RefreshTokenError::RefreshToken)?;
    let now = p.now();
    let good = family.refresh.is_some_and(|kept| ticket.verify(Kind::RefreshToken, &p.keys, &kept))
        && family.application == client.application.id
        && !family.created_at.plus(crate::contract::lifetimes::REFRESH_TOKEN).has_come(now);
    if !good {
        return Err(RefreshTokenError::RefreshToken.into());
    }
    let standing = standing(&family, p).await?.ok_or(RefreshTokenError::RefreshToken)?;
    let scope = narrow(ask.scope.as_deref(), standing.scope)?;
    if let Some(consent) = family.consent {
        p.store.saw_consent(consent, now, &ask.place);
    }
    let access_token = access_token(family.id, scope, now, p);
    Ok(Tokens { access_token, refresh_token: Some(typed.expose().to_owned()) })
}
