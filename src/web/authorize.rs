//! `/login/oauth/authorize`: GET does what `flows::authorize` decides; POST takes the answer of the consent page and
//! leads back to the GET of the very same request (L-02).
//!
//! Most sign-ins have nothing to show: somebody is signed in and has allowed it before. Those are answered [`straight`],
//! without what a page needs to know of its visitor. Whatever is not decided so is decided by [`show`], anew.

use std::time::Duration;

use http::Method;

use super::Web;
use super::answer::{self, Answer, Trouble};
use super::local_path::sign_in_and_then;
use super::pages::standing;
use super::pages::views::{Here, Hidden, LoginConsent, ProblemKind, Who};
use super::tell_owner::tell_owner;
use super::token::Call;
use super::visitor::{self, Visit};
use crate::contract::lifetimes;
use crate::contract::login_with_prosper::AuthorizeError;
use crate::crypto::digest::sha256;
use crate::domain::redirect_uri::host_of;
use crate::flows::allow::{self, Ask};
use crate::flows::authorize::{Next, authorize};
use crate::flows::query::Query;

/// The methods of this path.
pub const METHODS: &str = "GET, POST";

/// `GET /login/oauth/authorize`, where its answer is the way back to the application. `None`: a page is to be shown, or the
/// fault is ours and a page has to say so.
pub async fn straight(call: &Call<'_>, query: &str, web: &Web) -> Option<Answer> {
    // What a person said no to has a note, which only a visit reads.
    if visitor::has_notes(call.headers, NOTE) {
        return None;
    }
    let who = visitor::ordinary(call.headers, &web.p).await.ok()??;
    let decision = authorize(&Query::read(query), Some(who.person()), None, &web.p).await.ok()?;
    let Next::Redirect(url) = &decision.next else { return None };
    let answer = answer::found(url);
    tell_owner((call.request_id, web), "authorize", &decision, AuthorizeError::code);
    Some(answer)
}

/// `GET /login/oauth/authorize`
pub async fn show(visit: Visit) -> Answer {
    // The router answers HEAD by GET; here a HEAD would make a code and throw it away (L-06).
    if visit.method == Method::HEAD {
        return visit.trouble(Trouble::Method(METHODS));
    }
    let query = Query::read(visit.raw_query.as_deref().unwrap_or_default());
    // A browser that brings no note at all has none for this request.
    let note = if visitor::has_notes(&visit.headers, NOTE) { note_name(&query) } else { String::new() };
    let denial = if note.is_empty() { None } else { visit.note(&note) };
    let decision = match authorize(&query, visit.person(), denial, visit.p()).await {
        Ok(decision) => decision,
        Err(fault) => return visit.broke(&fault),
    };
    tell_owner((&visit.request_id, &visit.web), "authorize", &decision, AuthorizeError::code);
    match decision.next {
        Next::Welcome => answer::found("/welcome"),
        Next::SignIn => answer::found(&sign_in_and_then(&visit.here())),
        Next::Problem(error) => problem(&visit, error),
        Next::Status(account) => standing::page(&visit, &account).await,
        Next::AskConsent(ask) => page(&visit, 200, &ask),
        Next::Redirect(url) if denial.is_some() => {
            answer::set_cookie(answer::found(&url), &visit.note_cookie(&note, "", Duration::ZERO))
        }
        Next::Redirect(url) => answer::found(&url),
    }
}

/// `POST /login/oauth/authorize`
pub async fn answer(visit: Visit) -> Answer {
    let Some(person) = visit.person() else { return visit.see_other(&visit.here()) };
    // Another site's form, or a program's: the page's own says one of the two, once.
    let decided = match visit.form.get("decision") {
        Some(decided @ ("allow" | "deny")) if !visit.form.repeats_any(&FIELDS) => decided,
        _ => return visit.problem(ProblemKind::BadRequest),
    };
    let query = Query::read(visit.raw_query.as_deref().unwrap_or_default());
    let decision = match authorize(&query, Some(person), None, visit.p()).await {
        Ok(decision) => decision,
        Err(fault) => return visit.broke(&fault),
    };
    let ask = if let Next::AskConsent(ask) = decision.next { Some(ask) } else { None };
    if !visit.has_form_token(&visit.here()) {
        return ask.map_or_else(|| visit.stale_form(), |ask| page(&visit, 400, &ask));
    }
    if decided == "deny" {
        let note = allow::deny(person.session, &query, visit.p());
        let cookie = visit.note_cookie(&note_name(&query), &note, lifetimes::DENIAL);
        return answer::set_cookie(visit.see_other(&visit.here()), &cookie);
    }
    let form = visit.form.get("form_token").unwrap_or_default();
    // Where the page showed something else than would be shown now, nothing is written, and the GET asks anew.
    if let Some(ask) = ask.filter(|ask| visit.form.get("shown") == Some(ask.digest().as_str()))
        && let Err(fault) = allow::allow(&ask, form, visit.trail(), visit.p()).await
    {
        return visit.broke(&fault);
    }
    visit.see_other(&visit.here())
}

fn page(visit: &Visit, status: u16, ask: &Ask) -> Answer {
    let application = &ask.client.application;
    let here = visit.here();
    let view = LoginConsent {
        chrome: visit.chrome(Here::Elsewhere),
        form: visit.form(&here, vec![Hidden { name: "shown", value: ask.digest() }]),
        app_name: application.profile.name.clone(),
        logo: application.has_logo.then(|| super::pages::paths::logo(&application.id.hex())),
        homepage_host: application.profile.url.as_deref().map(host_of).unwrap_or_default().to_owned(),
        redirect_host: ask.redirect.host().to_owned(),
        who: Who { name: ask.account.name.clone(), email: ask.account.email.as_str().to_owned() },
        not_you_href: sign_in_and_then(&here),
        again: ask.before.is_some(),
    };
    visit.page_ending_at(status, &view, Some(ask.redirect.origin()))
}

fn problem(visit: &Visit, error: AuthorizeError) -> Answer {
    visit.problem(ProblemKind::RefusedRequest { error: error.code(), reason: error.description().to_owned() })
}

/// Each request has a note of its own, so that two tabs do not mix.
fn note_name(query: &Query<'_>) -> String {
    format!("{NOTE}{}", data_encoding::HEXLOWER.encode(&sha256(query.raw().as_bytes())[..8]))
}

/// How the names of notes that a person said no begin.
const NOTE: &str = "prosper-no-";
/// The fields of the form.
const FIELDS: [&str; 3] = ["form_token", "decision", "shown"];
