//! May this token be used? For the APIs behind Prosper (T-14; RFC 7662).
//!
//! 1. Who is the client, and is it an API's application?
//! 2. Is there a token in the request?
//! 3. Does the token stand, and is it of the same space? Anything else is `{"active":false}`, and says no more.

use serde_json::json;

use crate::contract::table::Stop;
use crate::contract::token_endpoint::{ClientAuthorityError, MachineError};
use crate::crypto::secret::Plain;
use crate::domain::application::ApplicationKind;
use crate::prosper::Prosper;

use super::client_authority::{ClientAsk, client_authority};
use super::tokens::open_token;

/// A question about a token.
pub struct IntrospectAsk {
    /// Who the client says it is.
    pub client: ClientAsk,
    /// The token.
    pub token: Option<Plain>,
}

/// Answers the JSON object of RFC 7662 §2.2.
///
/// # Errors
/// `Refused` with a row of [`MachineError`] when the client may not ask; `Broke` when the fault is ours.
pub async fn introspect(ask: IntrospectAsk, p: &Prosper) -> Result<serde_json::Value, Stop<MachineError>> {
    let client = client_authority(&ask.client, p).await?;
    if client.application.kind != ApplicationKind::Api {
        return Err(ClientAuthorityError::UnauthorizedGrants.into());
    }
    let token = ask.token.ok_or(ClientAuthorityError::BadRequest)?;
    let good = open_token(token.expose(), p).await?;
    let Some(good) = good.filter(|good| good.standing.client.application.space == client.application.space) else {
        return Ok(json!({"active": false}));
    };
    let mut answer = json!({
        "active": true,
        "client_id": good.family.application.hex(),
        "scope": good.standing.scope.to_string(),
        "token_type": "bearer",
        "exp": good.expires_at.seconds(),
        "iat": good.issued_at.seconds(),
    });
    // A machine's token speaks for nobody.
    if let Some(account) = &good.standing.account {
        answer["username"] = account.email.as_str().into();
        answer["sub"] = account.uid.to_string().into();
    }
    Ok(answer)
}
