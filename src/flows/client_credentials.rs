//! An access token for a partner's machine (T-06; RFC 6749 §4.4).
//!
//! 1. Who is the client?
//! 2. Is it a partner's? Nobody else is offered this grant.
//! 3. Issue an access token alone, in one write: a machine that has its secret needs no refresh token.

use crate::contract::table::Stop;
use crate::contract::token_endpoint::{ClientAuthorityError, MachineError, Tokens};
use crate::domain::application::ApplicationKind;
use crate::prosper::Prosper;

use super::client_authority::{ClientAsk, client_authority};
use super::standing::epochs;
use super::tokens::{NewFamily, narrow, open_family};

/// A request for a token in the client's own name.
pub struct ClientCredentialsAsk {
    /// Who the client says it is.
    pub client: ClientAsk,
    /// What the token is to do; empty when it was sent without a value.
    pub scope: Option<String>,
}

/// Issues a token in the client's own name.
///
/// # Errors
/// `Refused` with a row of [`MachineError`] when the answer is no; `Broke` when the fault is ours.
pub async fn client_credentials(ask: ClientCredentialsAsk, p: &Prosper) -> Result<Tokens, Stop<MachineError>> {
    let client = client_authority(&ask.client, p).await?;
    let application = &client.application;
    if application.kind != ApplicationKind::Partner {
        return Err(ClientAuthorityError::UnsupportedGrantType.into());
    }
    let scope = narrow(ask.scope.as_deref(), application.scopes)?;
    let epochs = epochs(application, None, p).await?.ok_or(ClientAuthorityError::Credentials)?;
    let new = NewFamily { application, account: None, consent: None, scope, epochs, forgive: false, network: None };
    // Switched off, or its secrets revoked, between the check and the write.
    open_family(new, p).await?.ok_or_else(|| ClientAuthorityError::Credentials.into())
}
