//! What only the sandbox serves: its home page, its clock, its mailbox. `serve` never constructs these routes.
//!
//! They hand out passwords and move time, so they answer this machine alone: a request must name the sandbox by an address
//! of its own (a foreign page could point a name of its own at loopback), and must not come from another site.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use http::header::{ACCEPT, HOST};
use serde::Deserialize;
use serde_json::json;

use super::Web;
use super::answer::{self, Answer, Trouble};
use super::body::read_body;
use super::pages::paths;
use super::pages::views::{
    Here, ProblemKind, SandboxApp, SandboxHome, SandboxMail, SandboxMailbox, SandboxPerson, When,
};
use super::visitor::{BODY_TIME, Visit, is_cross_site};
use crate::contract::lifetimes::MOST_BODY_BYTES;
use crate::contract::words;
use crate::fault::Fault;
use crate::flows::write_mail::read_mail;
use crate::prosper::Prosper;
use crate::store::outbox::QueuedMail;

/// What the sandbox was seeded with, as its home page shows it.
#[derive(Clone, Debug, Default)]
pub struct Cast {
    /// Who can sign in.
    pub people: Vec<SandboxPerson>,
    /// The applications.
    pub apps: Vec<SandboxApp>,
    /// A ready-to-paste shell line for each grant: its name and the line.
    pub curls: Vec<(String, String)>,
}

/// The sandbox's own routes.
pub fn routes(p: &Arc<Prosper>, cast: Cast) -> Router<Web> {
    let guarded = Arc::clone(p);
    Router::new()
        .route(paths::SANDBOX, get(home))
        .route(paths::SANDBOX_MAIL, get(mailbox))
        .route("/sandbox/mail/{id}", get(mail))
        .route("/sandbox/clock", get(clock))
        .route("/sandbox/clock/advance", post(advance).fallback(advance_by_post_alone))
        .layer(Extension(Arc::new(cast)))
        .layer(middleware::from_fn(move |request, next| guard(Arc::clone(&guarded), request, next)))
}

/// Lets a request pass that comes from this machine's own pages and tools.
async fn guard(p: Arc<Prosper>, request: Request, next: Next) -> Response {
    if is_ours(&request, &p) && !is_cross_site(request.headers(), &p) {
        return next.run(request).await;
    }
    let refusal = "the sandbox answers this machine alone, by the address that it printed";
    answer::json(403, json!({ "error": "access_denied", "error_description": refusal }).to_string()).into_response()
}

/// Does the request name the sandbox by its public URL, or by loopback?
fn is_ours(request: &Request, p: &Prosper) -> bool {
    let named = request.uri().authority().map(http::uri::Authority::as_str);
    let header = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let Some(host) = named.or(header) else { return false };
    let ours = p.settings.public_url.authority();
    let port = ours.rsplit_once(':').map_or("", |(_, port)| port);
    host.eq_ignore_ascii_case(ours)
        || ["localhost", "127.0.0.1", "[::1]"].iter().any(|name| host.eq_ignore_ascii_case(&format!("{name}:{port}")))
}

/// `GET /sandbox`
async fn home(Extension(cast): Extension<Arc<Cast>>, visit: Visit) -> Answer {
    let now = visit.now().micros();
    let page = SandboxHome {
        chrome: visit.chrome(Here::Elsewhere),
        public_url: visit.p().settings.public_url.to_string(),
        now: When::new(now, now),
        people: cast.people.clone(),
        apps: cast.apps.clone(),
        curls: cast.curls.clone(),
    };
    visit.page(200, &page)
}

/// `GET /sandbox/clock`: what time it is here, and how far that is ahead of the wall clock.
async fn clock(State(web): State<Web>) -> Answer {
    told(&web.p)
}

/// How far the sandbox's clock is moved.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: u64,
}

/// `POST /sandbox/clock/advance` with `{"seconds":N}`: time goes on by that much at once, and never back.
async fn advance(State(web): State<Web>, request: Request) -> Answer {
    let body = match read_body(request.into_body(), MOST_BODY_BYTES, BODY_TIME).await {
        Ok(body) => body,
        Err(problem) => return Trouble::from(problem).as_object(),
    };
    let wish = serde_json::from_slice::<Advance>(&body).ok().filter(|wish| wish.seconds <= FARTHEST);
    let Some(wish) = wish else {
        let what = format!(r#"send {{"seconds":N}} with N from 0 to {FARTHEST}"#);
        return answer::json(400, json!({ "error": "invalid_request", "error_description": what }).to_string());
    };
    web.p.clock.advance(Duration::from_secs(wish.seconds));
    // What was shown to anybody once is not unseen after a restart, and a command beside us learns the time of it.
    match web.p.store.mark_time(web.p.now()).await {
        Ok(()) => told(&web.p),
        Err(fault) => Trouble::from(&fault).as_object(),
    }
}

async fn advance_by_post_alone() -> Answer {
    Trouble::Method("POST").as_object()
}

fn told(p: &Prosper) -> Answer {
    let now = p.now();
    // The clocks are read one after the other; to the second they agree.
    let ahead = (-p.clock.drift() + 500_000).div_euclid(1_000_000);
    answer::json(200, json!({ "now": now.rfc3339(), "unix": now.seconds(), "ahead_seconds": ahead }).to_string())
}

/// `GET /sandbox/mail`: what would have been mailed, newest first; as JSON to whoever asks for that.
async fn mailbox(visit: Visit) -> Answer {
    let queued = match visit.p().store.outbox(MOST_MAILS).await {
        Ok(queued) => queued,
        Err(fault) => return visit.broke(&fault),
    };
    if wants_json(&visit) {
        let mails: Vec<_> = queued.iter().map(|mail| as_json(mail, visit.p())).collect();
        return answer::json(200, serde_json::Value::Array(mails).to_string());
    }
    let mails = queued.iter().map(|mail| letter(mail, &visit)).collect();
    visit.page(200, &SandboxMailbox { chrome: visit.chrome(Here::Elsewhere), mails })
}

/// `GET /sandbox/mail/{id}`
async fn mail(Path(id): Path<String>, visit: Visit) -> Answer {
    let found = match find(&id, visit.p()).await {
        Ok(found) => found,
        Err(fault) => return visit.broke(&fault),
    };
    match found {
        Some(mail) if wants_json(&visit) => answer::json(200, as_json(&mail, visit.p()).to_string()),
        Some(mail) => visit.page(200, &letter(&mail, &visit)),
        None => visit.problem(ProblemKind::NotFound),
    }
}

async fn find(id: &str, p: &Prosper) -> Result<Option<QueuedMail>, Fault> {
    let Ok(id) = id.parse::<i64>() else { return Ok(None) };
    Ok(p.store.outbox(MOST_MAILS).await?.into_iter().find(|mail| mail.id == id))
}

fn wants_json(visit: &Visit) -> bool {
    let accepted = visit.headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok());
    let mut media = accepted.flat_map(|line| line.split(',')).map(|part| part.split(';').next().unwrap_or(part).trim());
    media.find(|media| matches!(*media, "application/json" | "text/html")) == Some("application/json")
}

fn as_json(queued: &QueuedMail, p: &Prosper) -> serde_json::Value {
    let body = read_mail(&queued.mail, p);
    let text = body.as_ref().map(|body| body.text.as_str());
    json!({
        "id": queued.id,
        "to": queued.mail.recipient,
        "subject": queued.mail.subject,
        "at": queued.created_at.rfc3339(),
        "text": text,
        "html": body.as_ref().map(|body| body.html.as_str()),
        "links": text.map(|text| links(text, p)),
    })
}

fn letter(queued: &QueuedMail, visit: &Visit) -> SandboxMail {
    let body = read_mail(&queued.mail, visit.p());
    let text = body.map_or_else(|| words::MAIL_IS_SHUT.to_owned(), |body| body.text);
    let own = visit.p().settings.public_url.to_string();
    SandboxMail {
        chrome: visit.chrome(Here::Elsewhere),
        href: format!("{}/{}", paths::SANDBOX_MAIL, queued.id),
        to: queued.mail.recipient.clone(),
        subject: queued.mail.subject.clone(),
        at: When::new(queued.created_at.micros(), visit.now().micros()),
        links: links(&text, visit.p()).iter().filter_map(|link| link.strip_prefix(&own)).map(str::to_owned).collect(),
        text,
    }
}

/// The links of a letter, which lead to this server alone.
fn links(text: &str, p: &Prosper) -> Vec<String> {
    let own = p.settings.public_url.to_string();
    text.split_whitespace().filter(|word| word.starts_with(&own)).map(str::to_owned).collect()
}

/// Ten years: farther than anything lives.
const FARTHEST: u64 = 10 * 365 * 24 * 3_600;
/// Mails shown at most.
const MOST_MAILS: i64 = 200;
