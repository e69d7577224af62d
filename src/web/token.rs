//! The Investor API: `POST /v1/security/oauth/token`, introspection beside it, and the sample resource.
//!
//! 1. One parse of the body; what is wrong with its shape is found first (T-08).
//! 2. One match on the grant type, each arm a flow.
//! 3. One place where a stop becomes an answer.

use std::net::IpAddr;

use http::HeaderMap;
use zeroize::Zeroizing;

use super::Web;
use super::answer::{self, Answer, Trouble};
use super::read::{self, Media, Parameters};
use crate::contract::table::{Row, Stop, Table};
use crate::contract::token_endpoint::{ClientAuthorityError, GrantType, Tokens, refusal_json};
use crate::contract::words::place::{network, place};
use crate::domain::ids::ClientId;
use crate::flows::authorization_key_grant::{AuthorizationKeyAsk, authorization_key_grant};
use crate::flows::client_authority::ClientAsk;
use crate::flows::client_credentials::{ClientCredentialsAsk, client_credentials};
use crate::flows::introspect::{IntrospectAsk, introspect};
use crate::flows::password_grant::{PasswordAsk, password_grant};
use crate::flows::read_resource::read_resource;
use crate::flows::refresh_grant::{RefreshAsk, refresh_grant};
use crate::flows::token_cause::{Refused, token_cause};
use crate::store::app_requests::AppRequest;

/// A request to this surface, its body read.
pub struct Call<'a> {
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body.
    pub body: &'a [u8],
    /// The client's address.
    pub address: IpAddr,
    /// Its id.
    pub request_id: &'a str,
}

impl Call<'_> {
    /// Roughly where it came from.
    pub fn place(&self) -> String {
        let agent = self.headers.get(http::header::USER_AGENT).and_then(|value| value.to_str().ok());
        place(self.address, agent.unwrap_or_default())
    }
}

/// The parameters that may stand once.
const KNOWN: [&str; 10] = [
    "grant_type",
    "client_id",
    "client_secret",
    "username",
    "password",
    "refresh_token",
    "auth_key",
    "scope",
    "token",
    "token_type_hint",
];

/// `POST /v1/security/oauth/token`
pub async fn token(call: Call<'_>, web: &Web) -> Answer {
    if let Some(later) = web.limits.check(call.address, web.p.now()) {
        return Trouble::Later(later).as_object();
    }
    let Ok((body, client)) = read(&call) else { return refused(ClientAuthorityError::BadRequest, &call) };
    let (id, has_secret) = (client.id.clone(), client.secret.is_some());
    let grant = match body.get("grant_type").map(GrantType::parse) {
        Some(Some(grant)) => grant,
        unknown => {
            let refusal = if unknown.is_some() {
                ClientAuthorityError::UnsupportedGrantType
            } else {
                ClientAuthorityError::MissingGrantType
            };
            let row = refusal.row();
            tell(id.as_deref(), "token", (row.code, row.reason), &call, web).await;
            return refused(refusal, &call);
        }
    };
    let scope = body.even_empty("scope").map(str::to_owned);
    let p = &*web.p;
    // A future is moved whole before it runs, so what is rare or slow anyway is boxed, and the others do not carry its room.
    let answer = match grant {
        GrantType::Password => {
            let username = body.get("username").map(str::to_owned);
            let password = body.get("password").map(|typed| Zeroizing::new(typed.to_owned()));
            let (network, place) = (network(call.address), call.place());
            let ask = PasswordAsk { client, username, password, scope, network, place };
            let issued = Box::pin(password_grant(ask, p)).await;
            if issued.is_ok() {
                // Somebody's password was typed into something else than our page: each time has a line.
                tracing::info!(request_id = call.request_id, client = id, address = %call.address, "tokens for a password");
            }
            settle(issued, &call, web)
        }
        GrantType::RefreshToken => {
            let ask = RefreshAsk { client, refresh_token: body.secret("refresh_token"), scope, place: call.place() };
            settle(refresh_grant(ask, p).await, &call, web)
        }
        GrantType::AuthorizationKey => {
            let ask = AuthorizationKeyAsk { client, auth_key: body.secret("auth_key"), scope, place: call.place() };
            settle(Box::pin(authorization_key_grant(ask, p)).await, &call, web)
        }
        GrantType::ClientCredentials => {
            settle(Box::pin(client_credentials(ClientCredentialsAsk { client, scope }, p)).await, &call, web)
        }
    };
    let (answer, row) = answer;
    match row {
        None if answer.status().is_success() => saw_call(id.as_deref(), grant.name(), &call, web),
        row => Box::pin(tell_owner((id.as_deref(), has_secret), Some(grant), row, &body, &call, web)).await,
    }
    answer
}

/// `POST /v1/security/oauth/introspect`
pub async fn introspection(call: Call<'_>, web: &Web) -> Answer {
    if let Some(later) = web.limits.check(call.address, web.p.now()) {
        return Trouble::Later(later).as_object();
    }
    let Ok((body, client)) = read(&call) else { return refused(ClientAuthorityError::BadRequest, &call) };
    let (id, has_secret) = (client.id.clone(), client.secret.is_some());
    let ask = IntrospectAsk { client, token: body.secret("token") };
    match introspect(ask, &web.p).await {
        Ok(found) => {
            saw_call(id.as_deref(), "introspect", &call, web);
            answer::json(200, found.to_string())
        }
        Err(stop) => {
            let (answer, row) = stopped(stop, &call, web);
            Box::pin(tell_owner((id.as_deref(), has_secret), None, row, &body, &call, web)).await;
            answer
        }
    }
}

/// `GET /v1/accounts/prosper/`
pub async fn sample_resource(headers: &HeaderMap, web: &Web) -> Answer {
    match read_resource(read::bearer(headers), &web.p).await {
        Ok(found) => answer::json(200, found.to_string()),
        Err(Stop::Refused(row)) => {
            let row = row.row();
            answer::challenge(answer::json(row.status, refusal_json(row)), "Bearer error=\"invalid_token\"")
        }
        Err(Stop::Later(later)) => Trouble::Later(later).as_object(),
        Err(Stop::Broke(fault)) => {
            tracing::error!(cause = %fault, "a request failed");
            Trouble::from(&fault).as_object()
        }
    }
}

fn read(call: &Call<'_>) -> Result<(Parameters, ClientAsk), read::Unreadable> {
    if read::media(call.headers) != Some(Media::Form) {
        return Err(read::Unreadable);
    }
    let body = Parameters::of_form(call.body)?;
    if body.repeats_any(&KNOWN) {
        return Err(read::Unreadable);
    }
    let client = read::client(call.headers, &body)?;
    Ok((body, client))
}

fn settle<T: Table>(outcome: Result<Tokens, Stop<T>>, call: &Call<'_>, web: &Web) -> (Answer, Option<Row>) {
    match outcome {
        Ok(tokens) => (answer::json(200, tokens.json()), None),
        Err(stop) => stopped(stop, call, web),
    }
}

fn stopped<T: Table>(stop: Stop<T>, call: &Call<'_>, web: &Web) -> (Answer, Option<Row>) {
    match stop {
        Stop::Refused(refusal) => {
            let row = refusal.row();
            if COUNTED.contains(&row.reason) {
                web.limits.failed(call.address, web.p.now());
            }
            tracing::info!(request_id = call.request_id, ?refusal, "a token was refused");
            (refused(refusal, call), Some(row))
        }
        Stop::Later(later) => (Trouble::Later(later).as_object(), None),
        Stop::Broke(fault) => {
            tracing::error!(request_id = call.request_id, cause = %fault, "a request failed");
            (Trouble::from(&fault).as_object(), None)
        }
    }
}

/// The refusals that count against an address: somebody may be guessing.
const COUNTED: [&str; 2] = ["Bad credentials", "Invalid/Missing credentials"];

fn refused(refusal: impl Table, call: &Call<'_>) -> Answer {
    let row = refusal.row();
    let answer = answer::json(row.status, refusal_json(row));
    // Only a client that used the header is told how to use it (RFC 6749 §5.2; T-07).
    if row.status == 401 && call.headers.contains_key(http::header::AUTHORIZATION) {
        answer::challenge(answer, "Basic realm=\"prosper\"")
    } else {
        answer
    }
}

/// Counts a call that went well, for the application's owner to see (W-03). Nothing is written before the next second.
pub(super) fn saw_call(id: Option<&str>, surface: &'static str, call: &Call<'_>, web: &Web) {
    if let Some(id) = id.and_then(ClientId::from_hex) {
        web.p.store.saw_call(id, surface, call.request_id, web.p.now());
    }
}

/// Notes a refusal for the application's owner to look up, with its true cause (W-03), if there is such an application: by
/// what id the client went, and whether it brought a secret.
async fn tell_owner(
    (id, has_secret): (Option<&str>, bool),
    grant: Option<GrantType>,
    row: Option<Row>,
    body: &Parameters,
    call: &Call<'_>,
    web: &Web,
) {
    let (Some(client), Some(row)) = (id.and_then(ClientId::from_hex), row) else { return };
    let ticket = match grant {
        Some(GrantType::RefreshToken) => body.secret("refresh_token"),
        Some(GrantType::AuthorizationKey) => body.secret("auth_key"),
        _ => None,
    };
    let refused = Refused { client, has_secret, grant, row, username: body.get("username"), ticket };
    // Whoever looks it up knows what was answered, and finds beside it what the answer did not say.
    let detail = match token_cause(&refused, &web.p).await {
        Ok(Some(cause)) => format!("{}: {cause}", row.reason),
        _ => row.reason.to_owned(),
    };
    tell(id, grant.map_or("introspect", GrantType::name), (row.code, &detail), call, web).await;
}

/// The same, with what went over the wire and the true cause.
pub(super) async fn tell(
    id: Option<&str>,
    surface: &'static str,
    (outcome, detail): (&str, &str),
    call: &Call<'_>,
    web: &Web,
) {
    let Some(id) = id.and_then(ClientId::from_hex) else { return };
    if let Ok(Some(_)) = web.p.store.client(id).await {
        web.p.store.saw_request(AppRequest {
            request_id: call.request_id.to_owned(),
            application: id,
            at: web.p.now(),
            surface,
            outcome: outcome.to_owned(),
            detail: detail.to_owned(),
        });
    }
}
