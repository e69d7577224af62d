//! Tokens for an authorization key that an investor gave an agent (T-05, K-04).
//!
//! 1. Who is the client, and is it an agent's application?
//! 2. Is the key there, is it one of this agent's, and does the grant behind it stand?
//! 3. Issue a token family in one write. The key may be used any number of times until the grant ends.

use crate::contract::table::Stop;
use crate::contract::token_endpoint::{AccessTokenError, ClientAuthorityError, Tokens};
use crate::crypto::secret::{Kind, Plain};
use crate::crypto::ticket;
use crate::domain::application::ApplicationKind;
use crate::domain::ids::AuthKeyId;
use crate::prosper::Prosper;

use super::client_authority::{ClientAsk, client_authority};
use super::standing::epochs;
use super::tokens::{NewFamily, narrow, open_family};

/// A request for tokens by authorization key.
pub struct AuthorizationKeyAsk {
    /// Who the client says it is.
    pub client: ClientAsk,
    /// The key.
    pub auth_key: Option<Plain>,
    /// What the tokens are to do; empty when it was sent without a value.
    pub scope: Option<String>,
    /// Roughly where the request came from, for the investor.
    pub place: String,
}

/// Trades an authorization key for tokens.
///
/// # Errors
/// `Refused` with a row of [`AccessTokenError`] when the answer is no; `Broke` when the fault is ours.
pub async fn authorization_key_grant(ask: AuthorizationKeyAsk, p: &Prosper) -> Result<Tokens, Stop<AccessTokenError>> {
    let client = client_authority(&ask.client, p).await?;
    let application = &client.application;
    if application.kind != ApplicationKind::ThirdPartyAgent {
        return Err(ClientAuthorityError::UnauthorizedGrants.into());
    }
    let typed = ask.auth_key.ok_or(AccessTokenError::NotEnoughInformation)?;
    let ticket = ticket::read(typed.expose());
    let key = match &ticket {
        Some(ticket) => p.store.auth_key(AuthKeyId::from_bytes(ticket.id)).await?,
        None => None,
    };
    // The scope is a matter of the request's shape and comes before what the key is good for (T-08).
    let most = key.as_ref().map_or(application.scopes, |key| key.consent.scope.and(application.scopes));
    let scope = narrow(ask.scope.as_deref(), most)?;
    let (Some(ticket), Some(key)) = (ticket, key) else { return Err(AccessTokenError::BadCredentials.into()) };
    if !ticket.verify(Kind::AuthKey, &p.keys, &key.hash) || key.consent.application != application.id {
        return Err(AccessTokenError::BadCredentials.into());
    }
    let account = p.store.account(key.consent.account).await?.filter(|account| account.is_usable());
    let account = account.ok_or(AccessTokenError::BadCredentials)?;
    let epochs = epochs(application, Some(&account), p).await?.ok_or(AccessTokenError::BadCredentials)?;
    if !p.keys.is_current(&key.hash) {
        p.store.saw_key(AuthKeyId::from_bytes(ticket.id), ticket.hash_anew(Kind::AuthKey, &p.keys));
    }
    let new = NewFamily {
        application,
        account: Some(&account),
        consent: Some(key.consent.id),
        scope,
        epochs,
        forgive: false,
        network: None,
    };
    let tokens = open_family(new, p).await?.ok_or(AccessTokenError::BadCredentials)?;
    p.store.saw_consent(key.consent.id, p.now(), &ask.place);
    Ok(tokens)
}
