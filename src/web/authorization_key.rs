//! `/oauth` with an agent's request in its query: the Authorization Key flow (K-01 to K-05). Without one, the path is the
//! API settings page.

use http::Method;

use super::answer::{self, Answer, Trouble};
use super::local_path::sign_in_and_then;
use super::pages::views::{self, Here, Hidden, KeyConsent, Permission, ProblemKind, When, Who};
use super::pages::{api_settings, standing};
use super::tell_owner::tell_owner;
use super::visitor::Visit;
use crate::contract::authorization_key::AuthorizationKeyError;
use crate::domain::redirect_uri::host_of;
use crate::domain::scope::ScopeSet;
use crate::flows::allow::Ask;
use crate::flows::authorization_key::{Next, approve, authorization_key, deny, is_meant as flow_is_meant};
use crate::flows::query::Query;

/// Is this request an agent's, and not one for the settings page at the same path?
pub fn is_meant(visit: &Visit) -> bool {
    flow_is_meant(&Query::read(visit.raw_query.as_deref().unwrap_or_default()))
}

/// `GET /oauth?client_id=…`
pub async fn show(visit: Visit) -> Answer {
    if !is_meant(&visit) {
        return api_settings::show(visit).await;
    }
    // Nothing is made by looking; but an agent's request is for a browser, and a HEAD of it is none.
    if visit.method == Method::HEAD {
        return visit.trouble(Trouble::Method("GET, POST"));
    }
    let query = Query::read(visit.raw_query.as_deref().unwrap_or_default());
    let decision = match authorization_key(&query, visit.person(), visit.p()).await {
        Ok(decision) => decision,
        Err(fault) => return visit.broke(&fault),
    };
    tell_owner((&visit.request_id, &visit.web), "authorization-key", &decision, AuthorizationKeyError::code);
    match decision.next {
        Next::Welcome => answer::found("/welcome"),
        Next::SignIn => answer::found(&sign_in_and_then(&visit.here())),
        Next::Problem(error) => problem(&visit, error),
        Next::Status(account) => standing::page(&visit, &account).await,
        Next::AskConsent(ask) => page(&visit, 200, &ask),
        Next::Redirect(url) => answer::found(&url),
    }
}

/// `POST /oauth?client_id=…`: the answer of the consent page. The key exists from here on and only its hash is kept, so
/// this post itself sends the browser on (K-03).
pub async fn answer(visit: Visit) -> Answer {
    if !is_meant(&visit) {
        return api_settings::register(visit).await;
    }
    let Some(person) = visit.person() else { return visit.see_other(&visit.here()) };
    // Another site's form, or a program's: the page's own says one of the two, once.
    let decided = match visit.form.get("decision") {
        Some(decided @ ("allow" | "deny")) if !visit.form.repeats_any(&FIELDS) => decided,
        _ => return visit.problem(ProblemKind::BadRequest),
    };
    let query = Query::read(visit.raw_query.as_deref().unwrap_or_default());
    let decision = match authorization_key(&query, Some(person), visit.p()).await {
        Ok(decision) => decision,
        Err(fault) => return visit.broke(&fault),
    };
    // Whatever else it has become of the request, its GET says so.
    let Next::AskConsent(ask) = decision.next else { return visit.see_other(&visit.here()) };
    if !visit.has_form_token(&visit.here()) {
        return page(&visit, 400, &ask);
    }
    if decided == "deny" {
        return answer::found(&deny(&ask, &query));
    }
    if visit.form.get("shown") != Some(ask.digest().as_str()) {
        return visit.see_other(&visit.here());
    }
    let form = visit.form.get("form_token").unwrap_or_default();
    match approve(&ask, &query, form, visit.trail(), visit.p()).await {
        Ok(Some(url)) => answer::found(&url),
        Ok(None) => visit.see_other(&visit.here()),
        Err(fault) => visit.broke(&fault),
    }
}

fn page(visit: &Visit, status: u16, ask: &Ask) -> Answer {
    let application = &ask.client.application;
    let here = visit.here();
    let before = ask.before.as_ref().map_or(ScopeSet::NONE, |before| before.scope);
    let asks = ask.scope.iter().filter_map(|scope| {
        Permission::of(scope).map(|permission| views::Ask { permission, fresh: !before.contains(scope) })
    });
    let ends = before.iter().filter(|scope| !ask.scope.contains(*scope)).filter_map(Permission::of);
    let view = KeyConsent {
        chrome: visit.chrome(Here::Elsewhere),
        form: visit.form(&here, vec![Hidden { name: "shown", value: ask.digest() }]),
        company: application.profile.name.clone(),
        logo: application.has_logo.then(|| super::pages::paths::logo(&application.id.hex())),
        company_host: application.profile.url.as_deref().map(host_of).unwrap_or_default().to_owned(),
        redirect_host: ask.redirect.host().to_owned(),
        who: Who { name: ask.account.name.clone(), email: ask.account.email.as_str().to_owned() },
        not_you_href: sign_in_and_then(&here),
        asks: asks.collect(),
        ends: ends.collect(),
        allowed_before: ask.before.as_ref().map(|before| When::new(before.granted_at.micros(), visit.now().micros())),
    };
    visit.page_ending_at(status, &view, Some(ask.redirect.origin()))
}

fn problem(visit: &Visit, error: AuthorizationKeyError) -> Answer {
    visit.problem(ProblemKind::RefusedRequest { error: error.row().code, reason: error.description().to_owned() })
}

/// The fields of the form.
const FIELDS: [&str; 3] = ["form_token", "decision", "shown"];
