//! Login with Prosper, front channel: what becomes of a request (seed 3, 4.1; L-01 to L-09). The one decider; sign-in and
//! the consent page only lead back to it.
//!
//! 1. Is the client known and is the redirect URI one of its own? Until both are, nothing may be sent anywhere but to
//!    `/welcome`, signed in or not.
//! 2. What is wrong with the rest of the request? Nobody signed in: a page of our own says so, because an error sent on
//!    to a client that nobody trusts yet makes us an open redirector (RFC 9700 §4.11.2). Nothing wrong: sign in.
//! 3. Is the account of the application's space? If not, `/welcome`, before the client learns that anybody came.
//! 4. What is wrong is now told to the verified URI.
//! 5. May the account be used?
//! 6. Did the person just say no, or do they yet have to be asked?
//! 7. A code, and back to the application.
//!
//! Nothing is written here: a code carries its own facts and is written down when it is used.

use std::sync::Arc;

use crate::contract::causes;
use crate::contract::lifetimes;
use crate::contract::login_with_prosper::{AuthorizeError, SCOPE};
use crate::contract::malformed;
use crate::crypto::digest::sha256;
use crate::crypto::seal::from_base64url;
use crate::domain::account::Account;
use crate::domain::application::{Application, ApplicationKind};
use crate::domain::consent::Consent;
use crate::domain::ids::{ClientId, CodeId, SessionId};
use crate::domain::redirect_uri::{RedirectUri, with_parameters};
use crate::domain::scope::ScopeSet;
use crate::fault::Fault;
use crate::prosper::Prosper;
use crate::store::applications::Client;
use crate::store::families::Epochs;
use crate::store::stood::Basis;

use super::allow::{self, Ask, was_denied};
use super::code::Code;
use super::query::{Given, Query};

/// Who asks, if anybody is signed in.
#[derive(Clone, Copy)]
pub struct Person<'a> {
    /// The session, which has been checked against the account.
    pub session: SessionId,
    /// The account as it was when the session was checked against it. What is issued stands or falls with that.
    pub account: &'a Arc<Account>,
}

/// What becomes of a request.
pub type Decision = allow::Decision<AuthorizeError>;
/// What to do.
pub type Next = allow::Next<AuthorizeError>;

/// A request whose client and redirect URI are verified.
pub struct Verified<'a> {
    /// The application.
    pub client: Arc<Client>,
    /// The redirect URI as it was sent: a registered one, with a run-time query perhaps.
    pub redirect: &'a str,
    /// The registered URI that it is.
    pub registered: RedirectUri,
}

/// Decides on `query`. `denial` is what [`super::allow::deny`] left for this request, if it did.
///
/// # Errors
/// The store cannot be read.
pub async fn authorize(
    query: &Query<'_>,
    person: Option<Person<'_>>,
    denial: Option<&str>,
    p: &Prosper,
) -> Result<Decision, Fault> {
    // Read before anything else: whatever ends codes from here on ends the one that is made below (T-11).
    let installation = p.store.installation().await?.epoch;
    let verified = match verify(query, p).await? {
        Ok(verified) => verified,
        Err((client, cause)) => return Ok(Decision { client, next: Next::Welcome, refused: None, cause }),
    };
    let request = check(query, &verified.client.application);
    let decided = |next, cause| Decision { client: Some(Arc::clone(&verified.client)), next, refused: None, cause };
    let Some(person) = person else {
        return Ok(match request {
            Ok(_) => decided(Next::SignIn, causes::NOBODY_SIGNED_IN),
            Err(error) => decided(Next::Problem(error), error.description()),
        });
    };
    let application = &verified.client.application;
    if person.account.space != application.space {
        return Ok(decided(Next::Welcome, causes::ANOTHER_SPACE));
    }
    let back = |error: AuthorizeError| Decision {
        refused: Some(error),
        ..decided(Next::Redirect(refusal(&verified, query, error, p)), error.description())
    };
    let challenge = match request {
        Ok(challenge) => challenge,
        Err(error) => return Ok(back(error)),
    };
    if !person.account.is_usable() {
        return Ok(decided(Next::Status(Arc::clone(person.account)), causes::ACCOUNT_NOT_USABLE));
    }
    if denial.is_some_and(|marker| was_denied(marker, person.session, query, p)) {
        return Ok(back(AuthorizeError::AccessDenied));
    }
    let consent = p.store.consent(person.account.id, application.id).await?;
    let Some(consent) = consent.clone().filter(|consent| consent.covers(application, ScopeSet::LOGIN)) else {
        let ask = Ask::new(&verified.client, person.account, ScopeSet::LOGIN, consent, &verified.registered);
        return Ok(decided(Next::AskConsent(Box::new(ask)), causes::CONSENT_ASKED));
    };
    let code = mint(&verified, person.account, &consent, challenge, installation, p);
    Ok(decided(Next::Redirect(success(&verified, query, &code, p)), causes::CODE_SENT))
}

/// Is the client known, and the redirect URI one of its own (L-04, L-05)? If not: the application, when there is one,
/// and the reason for its owner.
///
/// # Errors
/// The store cannot be read.
pub async fn verify<'q>(
    query: &'q Query<'_>,
    p: &Prosper,
) -> Result<Result<Verified<'q>, (Option<Arc<Client>>, &'static str)>, Fault> {
    let no = |client, cause| Ok(Err((client, cause)));
    let Some(id) = query.given("client_id").text().and_then(ClientId::from_hex) else {
        return no(None, causes::CLIENT_ID_UNREADABLE);
    };
    let Some(client) = p.store.client(id).await? else { return no(None, causes::CLIENT_ID_UNKNOWN) };
    let application = &client.application;
    if application.kind != ApplicationKind::Login {
        return no(Some(client), causes::KIND_WITHOUT_LOGIN);
    }
    if application.disabled {
        return no(Some(client), causes::APPLICATION_DISABLED);
    }
    let redirect = match query.given("redirect_uri") {
        Given::Once(_) => query.given("redirect_uri").text(),
        Given::Absent => return no(Some(client), causes::REDIRECT_MISSING),
        Given::Repeated => return no(Some(client), causes::REDIRECT_REPEATED),
    };
    match redirect.and_then(|given| Some((given, application.redirect_uri_for(given)?.clone()))) {
        Some((redirect, registered)) => Ok(Ok(Verified { client, redirect, registered })),
        None => no(Some(client), causes::REDIRECT_NOT_REGISTERED),
    }
}

/// The rest of the request (L-06, L-08): the PKCE challenge it brings, or what is wrong with it.
fn check(query: &Query<'_>, application: &Application) -> Result<Option<[u8; 32]>, AuthorizeError> {
    use AuthorizeError::{InvalidRequest, InvalidScope, UnsupportedResponseType};
    if CHECKED.iter().any(|name| query.given(name) == Given::Repeated) {
        return Err(InvalidRequest(malformed::REPEATED));
    }
    if matches!(query.given("state"), Given::Once(state) if state.len() > lifetimes::MOST_STATE_BYTES) {
        return Err(InvalidRequest(malformed::STATE_TOO_LONG));
    }
    if !matches!(query.given("response_type"), Given::Absent | Given::Once(b"code")) {
        return Err(UnsupportedResponseType);
    }
    if query.given("scope") != Given::Once(SCOPE.as_bytes()) {
        return Err(InvalidScope);
    }
    match (query.given("code_challenge"), query.given("code_challenge_method")) {
        (Given::Absent, Given::Absent) if application.require_pkce => Err(InvalidRequest(malformed::CHALLENGE_MISSING)),
        (Given::Absent, Given::Absent) => Ok(None),
        (Given::Absent, _) => Err(InvalidRequest(malformed::CHALLENGE_METHOD_ALONE)),
        (given, Given::Once(b"S256")) => given
            .text()
            .and_then(from_base64url)
            .and_then(|challenge| challenge.try_into().ok())
            .map(Some)
            .ok_or(InvalidRequest(malformed::CHALLENGE_UNREADABLE)),
        _ => Err(InvalidRequest(malformed::CHALLENGE_METHOD)),
    }
}

fn mint(
    verified: &Verified<'_>,
    account: &Account,
    consent: &Consent,
    challenge: Option<[u8; 32]>,
    installation: i64,
    p: &Prosper,
) -> String {
    let application = &verified.client.application;
    let now = p.now();
    let basis = Basis {
        code: CodeId::drawn_at(now, p.entropy.bytes()),
        client: application.id,
        account: account.id,
        space: application.space,
        consent: consent.id,
        epochs: Epochs { account: account.epoch, application: application.epoch, agent: 0, installation },
    };
    let code = Code {
        basis,
        scope: ScopeSet::LOGIN,
        expires_at: now.plus(lifetimes::CODE),
        redirect: sha256(verified.redirect.as_bytes()),
        challenge,
    };
    code.seal(p)
}

/// L-03.
fn success(verified: &Verified<'_>, query: &Query<'_>, code: &str, p: &Prosper) -> String {
    let mut parameters: Vec<(&str, &[u8])> = vec![("code", code.as_bytes())];
    close(verified, query, &mut parameters, p);
    with_parameters(verified.redirect, &parameters)
}

/// L-06; RFC 6749 §4.1.2.1.
fn refusal(verified: &Verified<'_>, query: &Query<'_>, error: AuthorizeError, p: &Prosper) -> String {
    let (code, description) = (error.code().as_bytes(), error.description().as_bytes());
    let mut parameters = vec![("error", code), ("error_description", description)];
    close(verified, query, &mut parameters, p);
    with_parameters(verified.redirect, &parameters)
}

/// What goes with a code and an error alike: the state, unless that is itself what was wrong, and the issuer where the
/// application asks for it (RFC 9207).
fn close<'a>(
    verified: &Verified<'_>,
    query: &'a Query<'_>,
    parameters: &mut Vec<(&'static str, &'a [u8])>,
    p: &'a Prosper,
) {
    if let Given::Once(state) = query.given("state")
        && state.len() <= lifetimes::MOST_STATE_BYTES
    {
        parameters.push(("state", state));
    }
    if verified.client.application.send_issuer {
        parameters.push(("iss", p.settings.public_url.as_str().as_bytes()));
    }
}

/// Parameters that are read, and so may not be repeated. Client and redirect URI have been looked at before.
const CHECKED: [&str; 5] = ["scope", "state", "response_type", "code_challenge", "code_challenge_method"];
