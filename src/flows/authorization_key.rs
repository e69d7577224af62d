//! The Authorization Key flow, front channel: what becomes of an agent's request (seed 1; K-01 to K-05).
//!
//! 1. Is the client a switched-on application of an agent, and is a redirect URL that was sent the registered one?
//!    Otherwise `/welcome`.
//! 2. What is wrong with the rest? Nobody signed in: a page of our own that names it. Nothing wrong: sign in.
//! 3. Is the account of the application's space? If not, `/welcome`.
//! 4. What is wrong is now told to the registered URL.
//! 5. May the account be used?
//! 6. Ask. Each approval makes a key, of which only a hash is kept, so there is no way past the question, and the post
//!    that answers it sends the browser on itself.

use std::sync::Arc;

use crate::contract::authorization_key::{AuthorizationKeyError, RESPONSE_TYPE};
use crate::contract::causes;
use crate::contract::lifetimes;
use crate::contract::malformed;
use crate::contract::token_endpoint::{ResponseTypeError, ScopeError};
use crate::crypto::secret::Kind;
use crate::crypto::ticket;
use crate::domain::application::{Application, ApplicationKind};
use crate::domain::ids::{AuthKeyId, ClientId};
use crate::domain::redirect_uri::{RedirectUri, with_parameters};
use crate::domain::scope::ScopeSet;
use crate::fault::Fault;
use crate::prosper::Prosper;
use crate::store::applications::Client;
use crate::store::audit::Trail;
use crate::store::consents::Allow;

use super::allow::{self, Ask, notice, used_form};
use super::authorize::Person;
use super::query::{Given, Query};
use super::standing::agent_epoch;
use super::tokens::narrow;

/// What becomes of a request.
pub type Decision = allow::Decision<AuthorizationKeyError>;
/// What to do.
pub type Next = allow::Next<AuthorizationKeyError>;

/// Is `query` a request of this flow, and not for the settings page that lives at the same path (contract §0)?
pub fn is_meant(query: &Query<'_>) -> bool {
    ["client_id", "response_type", "state"].into_iter().any(|name| query.names(name))
}

/// Decides on `query`.
///
/// # Errors
/// The store cannot be read.
pub async fn authorization_key(query: &Query<'_>, person: Option<Person<'_>>, p: &Prosper) -> Result<Decision, Fault> {
    let (client, url) = match verify(query, p).await? {
        Ok(verified) => verified,
        Err((client, cause)) => return Ok(Decision { client, next: Next::Welcome, refused: None, cause }),
    };
    let application = &client.application;
    let request = check(query, application);
    let decided = |next, cause| Decision { client: Some(Arc::clone(&client)), next, refused: None, cause };
    let Some(person) = person else {
        return Ok(match request {
            Ok(_) => decided(Next::SignIn, causes::NOBODY_SIGNED_IN),
            Err(error) => decided(Next::Problem(error), error.description()),
        });
    };
    if person.account.space != application.space {
        return Ok(decided(Next::Welcome, causes::ANOTHER_SPACE));
    }
    let scope = match request {
        Ok(scope) => scope,
        Err(error) => {
            let next = Next::Redirect(refusal(&url, query, error));
            return Ok(Decision { refused: Some(error), ..decided(next, error.description()) });
        }
    };
    if !person.account.is_usable() {
        return Ok(decided(Next::Status(Arc::clone(person.account)), causes::ACCOUNT_NOT_USABLE));
    }
    let before = p.store.consent(person.account.id, application.id).await?;
    let ask = Ask::new(&client, person.account, scope, before, &url);
    Ok(decided(Next::AskConsent(Box::new(ask)), causes::APPROVAL_ASKED))
}

/// The agent's application and its registered URL (K-01, K-05), or why there is none.
///
/// # Errors
/// The store cannot be read.
pub async fn verify(
    query: &Query<'_>,
    p: &Prosper,
) -> Result<Result<(Arc<Client>, RedirectUri), (Option<Arc<Client>>, &'static str)>, Fault> {
    let no = |client, cause| Ok(Err((client, cause)));
    let Some(id) = query.given("client_id").text().and_then(ClientId::from_hex) else {
        return no(None, causes::CLIENT_ID_UNREADABLE);
    };
    let Some(client) = p.store.client(id).await? else { return no(None, causes::CLIENT_ID_UNKNOWN) };
    let application = &client.application;
    if application.kind != ApplicationKind::ThirdPartyAgent {
        return no(Some(client), causes::KIND_WITHOUT_KEYS);
    }
    if application.disabled {
        return no(Some(client), causes::APPLICATION_DISABLED);
    }
    if agent_epoch(application, p).await?.is_none() {
        return no(Some(client), causes::OWNER_IS_NO_AGENT);
    }
    let Some(registered) = application.profile.redirect_uris.first().cloned() else {
        return no(Some(client), causes::NO_REDIRECT_REGISTERED);
    };
    match query.given("redirect_uri") {
        Given::Absent => Ok(Ok((client, registered))),
        Given::Once(sent) if sent == registered.as_str().as_bytes() => Ok(Ok((client, registered))),
        Given::Once(_) => no(Some(client), causes::REDIRECT_NOT_THE_ONE),
        Given::Repeated => no(Some(client), causes::REDIRECT_REPEATED),
    }
}

/// The rest of the request (K-01, K-02): the scope it asks for, or what is wrong with it.
fn check(query: &Query<'_>, application: &Application) -> Result<ScopeSet, AuthorizationKeyError> {
    use AuthorizationKeyError::{Malformed, Request};
    if CHECKED.iter().any(|name| query.given(name) == Given::Repeated) {
        return Err(Malformed(malformed::REPEATED));
    }
    let too_long =
        |name: &&str| matches!(query.given(name), Given::Once(state) if state.len() > lifetimes::MOST_STATE_BYTES);
    if STATES.iter().any(too_long) {
        return Err(Malformed(malformed::STATE_TOO_LONG));
    }
    match query.given("response_type") {
        Given::Once(kind) if kind == RESPONSE_TYPE.as_bytes() => {}
        Given::Absent => return Err(Request(ResponseTypeError::Missing)),
        _ => return Err(Request(ResponseTypeError::Unsupported)),
    }
    let scope = match query.given("scope") {
        Given::Absent if query.names("scope") => Some(""),
        Given::Absent => None,
        given => Some(given.text().ok_or(Request(ResponseTypeError::ScopeError(ScopeError::InvalidScopes)))?),
    };
    narrow(scope, application.scopes).map_err(|row| Request(row.into()))
}

/// Writes the approval down and makes its key (K-03, K-04): where to send the browser, with the key. `None` when the
/// form was answered before, or when what it showed changed in this very moment: ask again.
///
/// # Errors
/// The store cannot be written.
pub async fn approve(
    ask: &Ask,
    query: &Query<'_>,
    form: &str,
    trail: Trail,
    p: &Prosper,
) -> Result<Option<String>, Fault> {
    let id = AuthKeyId::from_bytes(p.entropy.bytes());
    let (key, hash) = ticket::issue(Kind::AuthKey, *id.bytes(), &p.keys, &p.entropy);
    let allow = Allow {
        consent: ask.consent(p),
        key: Some((id, hash)),
        account_epoch: ask.account.epoch,
        application_epoch: ask.client.application.epoch,
        mail: Some(notice(ask, p).await?),
        form: Some(used_form(form, p)),
        trail,
    };
    if p.store.allow(allow).await?.is_none() {
        return Ok(None);
    }
    let scope = ask.scope.to_string();
    let mut parameters = vec![("auth_key", key.expose().as_bytes())];
    parameters.extend(states(query));
    parameters.push(("scope", scope.as_bytes()));
    Ok(Some(with_parameters(ask.redirect.as_str(), &parameters)))
}

/// Where to send the browser of an investor who said no.
pub fn deny(ask: &Ask, query: &Query<'_>) -> String {
    refusal(&ask.redirect, query, AuthorizationKeyError::AccessDenied)
}

fn refusal(url: &RedirectUri, query: &Query<'_>, error: AuthorizationKeyError) -> String {
    let mut parameters =
        vec![("error", error.code().as_bytes()), ("error_description", error.description().as_bytes())];
    parameters.extend(states(query));
    with_parameters(url.as_str(), &parameters)
}

/// The state under the name that it came under, unless it is itself what was wrong.
fn states<'a>(query: &'a Query<'_>) -> impl Iterator<Item = (&'static str, &'a [u8])> {
    STATES.into_iter().filter_map(|name| match query.given(name) {
        Given::Once(state) if state.len() <= lifetimes::MOST_STATE_BYTES => Some((name, state)),
        _ => None,
    })
}

/// `state`, and the older name that it goes by.
const STATES: [&str; 2] = ["state", "state_token"];
/// Parameters that are read, and so may not be repeated. Client and redirect URL have been looked at before.
const CHECKED: [&str; 4] = ["response_type", "scope", "state", "state_token"];
