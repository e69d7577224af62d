//! Why a request for tokens was refused, for the owner of the application (W-03).
//!
//! The flows answer with a row of a table, which says to a stranger no more than it may. Here the request is looked at a
//! second time, after it was refused, and only from where its application's owner stands: what is theirs is told apart,
//! and of other people's accounts nothing is said. A typed username is compared with the owner's own email alone, so that
//! nobody learns from an application of theirs who has an account.

use crate::contract::causes;
use crate::contract::lifetimes;
use crate::contract::table::{Row, Table as _};
use crate::contract::token_endpoint::{ClientAuthorityError, GrantType, PasswordFlowError, RefreshTokenError};
use crate::crypto::secret::{Kind, Plain};
use crate::crypto::ticket;
use crate::domain::email;
use crate::domain::ids::{AuthKeyId, ClientId, FamilyId};
use crate::fault::Fault;
use crate::prosper::Prosper;
use crate::store::applications::Client;

/// What a refused request had brought.
pub struct Refused<'a> {
    /// Which application it named.
    pub client: ClientId,
    /// Did it bring a secret at all?
    pub has_secret: bool,
    /// The grant; `None` for an introspection.
    pub grant: Option<GrantType>,
    /// What it was told.
    pub row: Row,
    /// The typed username, of a password grant.
    pub username: Option<&'a str>,
    /// The refresh token or the authorization key.
    pub ticket: Option<Plain>,
}

/// The cause, where there is more to say than the row says; `None` too when there is no such application.
///
/// # Errors
/// The store cannot be read.
pub async fn token_cause(refused: &Refused<'_>, p: &Prosper) -> Result<Option<&'static str>, Fault> {
    let Some(client) = p.store.client(refused.client).await? else { return Ok(None) };
    let is = |row: Row| refused.row.reason == row.reason;
    if is(ClientAuthorityError::Credentials.row()) {
        return Ok(Some(if client.application.disabled {
            causes::APPLICATION_DISABLED
        } else if refused.has_secret {
            causes::CLIENT_SECRET_BAD
        } else {
            causes::CLIENT_SECRET_MISSING
        }));
    }
    if is(ClientAuthorityError::UnauthorizedGrants.row()) {
        return Ok(Some(causes::KIND_WITHOUT_GRANT));
    }
    match refused.grant {
        Some(GrantType::Password) if is(PasswordFlowError::BadCredentials.row()) => {
            of_password(refused.username.unwrap_or_default(), &client, p).await.map(Some)
        }
        Some(GrantType::AuthorizationKey) if is(PasswordFlowError::BadCredentials.row()) => {
            of_key(refused.ticket.as_ref(), &client, p).await.map(Some)
        }
        Some(GrantType::RefreshToken) if is(RefreshTokenError::RefreshToken.row()) => {
            of_refresh(refused.ticket.as_ref(), &client, p).await.map(Some)
        }
        _ => Ok(None),
    }
}

async fn of_password(username: &str, client: &Client, p: &Prosper) -> Result<&'static str, Fault> {
    let owner = p.store.account(client.application.owner).await?;
    let owners = |typed: &str| owner.as_ref().is_some_and(|owner| owner.email.folded() == email::fold(typed));
    Ok(if owners(username) {
        causes::PASSWORD_WRONG
    } else if username.contains(' ') && owners(&username.replace(' ', "+")) {
        causes::USERNAME_LOST_ITS_PLUS
    } else {
        causes::USERNAME_OF_ANOTHER
    })
}

async fn of_refresh(typed: Option<&Plain>, client: &Client, p: &Prosper) -> Result<&'static str, Fault> {
    let Some(typed) = typed else { return Ok(causes::REFRESH_TOKEN_MISSING) };
    let Some(ticket) = ticket::read(typed.expose()) else { return Ok(causes::REFRESH_TOKEN_NOT_OURS) };
    let family = p.store.family(FamilyId::from_bytes(ticket.id)).await?;
    let family =
        family.filter(|family| family.refresh.is_some_and(|kept| ticket.verify(Kind::RefreshToken, &p.keys, &kept)));
    Ok(match family {
        None => causes::REFRESH_TOKEN_NOT_OURS,
        Some(family) if family.application != client.application.id => causes::REFRESH_TOKEN_OF_ANOTHER,
        Some(family) if family.created_at.plus(lifetimes::REFRESH_TOKEN).has_come(p.now()) => {
            causes::REFRESH_TOKEN_EXPIRED
        }
        Some(_) => causes::REFRESH_TOKEN_STANDS_ON_NOTHING,
    })
}

async fn of_key(typed: Option<&Plain>, client: &Client, p: &Prosper) -> Result<&'static str, Fault> {
    let Some(ticket) = typed.and_then(|typed| ticket::read(typed.expose())) else {
        return Ok(causes::AUTH_KEY_NOT_OURS);
    };
    let key = p.store.auth_key(AuthKeyId::from_bytes(ticket.id)).await?;
    let key = key.filter(|key| ticket.verify(Kind::AuthKey, &p.keys, &key.hash));
    Ok(match key {
        None => causes::AUTH_KEY_NOT_OURS,
        Some(key) if key.consent.application != client.application.id => causes::AUTH_KEY_OF_ANOTHER,
        Some(_) => causes::AUTH_KEY_STANDS_ON_NOTHING,
    })
}
