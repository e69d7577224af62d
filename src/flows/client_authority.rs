//! Who is the client? (seed 2, "Client Authority Errors"; T-08 step 2)
//!
//! 1. Did it bring anything at all?
//! 2. Is there an application of that client id?
//! 3. Is the secret one of its live ones, and is the application switched on?
//!
//! Client ids are public, so saying that one is unknown gives nothing away; a secret is compared in constant time with
//! every live one.

use std::sync::Arc;

use crate::contract::table::Stop;
use crate::contract::token_endpoint::ClientAuthorityError;
use crate::crypto::secret::{Kind, Plain};
use crate::domain::ids::ClientId;
use crate::prosper::Prosper;
use crate::store::applications::Client;

/// What a client brought to show who it is.
#[derive(Debug, Default)]
pub struct ClientAsk {
    /// The client id, from the body or from HTTP Basic.
    pub id: Option<String>,
    /// The client secret, from the body or from HTTP Basic.
    pub secret: Option<Plain>,
    /// Did the request have an Authorization header, whatever was in it?
    pub authorization: bool,
}

/// The application that `ask` proves to be.
///
/// # Errors
/// `Refused` with a row of [`ClientAuthorityError`], `Broke` when the fault is ours.
pub async fn client_authority(ask: &ClientAsk, p: &Prosper) -> Result<Arc<Client>, Stop<ClientAuthorityError>> {
    if ask.id.is_none() && ask.secret.is_none() && !ask.authorization {
        return Err(ClientAuthorityError::NoAuthorization.into());
    }
    let id = ask.id.as_deref().and_then(ClientId::from_hex).ok_or(ClientAuthorityError::ClientId)?;
    let client = p.store.client(id).await?.ok_or(ClientAuthorityError::ClientId)?;
    let secret = ask.secret.as_ref().ok_or(ClientAuthorityError::Credentials)?;
    if !proves(&client, secret, p) || client.application.disabled {
        return Err(ClientAuthorityError::Credentials.into());
    }
    Ok(client)
}

/// Is `secret` one of the live secrets of `client`? Notes the use of the one it is.
pub fn proves(client: &Client, secret: &Plain, p: &Prosper) -> bool {
    let (now, typed) = (p.now(), secret.expose().as_bytes());
    let mut proven = false;
    for kept in client.secrets.iter().filter(|kept| kept.is_live(now)) {
        // Every live secret is compared, so that the time tells nothing of which one it was.
        if p.keys.verify(Kind::ClientSecret, typed, &kept.hash) {
            let renewed = (!p.keys.is_current(&kept.hash)).then(|| p.keys.hash(Kind::ClientSecret, typed));
            p.store.saw_secret(kept.id, now, renewed);
            proven = true;
        }
    }
    proven
}
