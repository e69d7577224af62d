//! Who is asking for a page, and is the post theirs? Cookies, sessions, form tokens, cross-site protection.
//!
//! A [`Visit`] is read once from a request, in this order:
//! 1. a post from another site is turned away (W-02, R-17);
//! 2. the query and the body are read;
//! 3. the session cookie is looked up and must stand.
//!
//! Every form carries a sealed token, bound to the session (or, before one, to a pre-session cookie), to the form's
//! action and to an instant; nothing is stored for it (W-02a).
//!
//! This file is long because who visits, by which cookie and with whose form is one question.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::{FromRequest, Request};
use http::header::{COOKIE, ORIGIN, USER_AGENT};
use http::{HeaderMap, Method};

use super::Web;
use super::answer::{self, Answer, Trouble};
use super::body::read_body;
use super::listener::Peer;
use super::local_path::sign_in_and_then;
use super::pages::views::{Chrome, Form, Here, Hidden, ProblemKind, Who};
use super::pages::{console, paths, problem};
use super::read::{Media, Parameters, media};
use super::{shield, upload};
use crate::contract::lifetimes;
use crate::contract::words;
use crate::contract::words::place::place;
use crate::crypto::seal::{Purpose, from_base64url, to_base64url};
use crate::crypto::secret::{Kind, Plain};
use crate::crypto::ticket;
use crate::domain::account::Account;
use crate::domain::ids::SessionId;
use crate::domain::space::Space;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::flows::authorize::Person;
use crate::flows::send_mail::is_on_screen;
use crate::prosper::Prosper;
use crate::store::audit::Trail;
use crate::store::installation::Purpose as InstallationPurpose;
use crate::store::sessions::Session;

/// A request for a page.
pub struct Visit {
    /// The web floor: the context, limits.
    pub web: Web,
    /// GET, HEAD or POST.
    pub method: Method,
    /// The path.
    pub path: String,
    /// The query as it came, without its `?`.
    pub raw_query: Option<String>,
    /// The query; empty when there is none.
    pub query: Parameters,
    /// The form that was posted; empty for other methods.
    pub form: Parameters,
    /// The request's headers.
    pub headers: HeaderMap,
    /// The request's id (W-04).
    pub request_id: String,
    /// The client's address.
    pub address: IpAddr,
    /// Who is signed in, if the session stands.
    pub signed_in: Option<SignedIn>,
    /// Who has opened the staff console, on its own pages alone.
    pub staff: Option<SignedIn>,
    /// The space whose name and colours the pages wear: that of who is signed in, else the first.
    pub house: Option<Space>,
    /// Is the staff console served at this address?
    pub console_is_here: bool,
    /// The file that was posted along with the form, where a page takes one.
    pub file: Option<Vec<u8>>,
    /// What form tokens are bound to: the session, or the pre-session cookie.
    binding: [u8; 16],
    /// Must the pre-session cookie be set with the answer?
    introduce: AtomicBool,
    known: bool,
}

/// A signed-in browser.
#[derive(Clone)]
pub struct SignedIn {
    /// The session.
    pub session: Arc<Session>,
    /// Whose it is. Waiting accounts have limited sessions: ask [`SignedIn::usable`].
    pub account: Arc<Account>,
}

impl SignedIn {
    /// May the account be used, or is this a session limited to the page that shows where it stands?
    pub fn usable(&self) -> bool {
        self.account.is_usable()
    }

    /// Who it is, as flows see it.
    pub fn person(&self) -> Person<'_> {
        Person { session: self.session.id, account: &self.account }
    }

    /// May the account enter the staff console, once the password was typed for it?
    pub fn is_staff(&self) -> bool {
        self.account.staff.is_some() && self.account.is_usable()
    }
}

impl FromRequest<Web> for Visit {
    type Rejection = Answer;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Answer> {
        let (parts, body) = request.into_parts();
        let peer = parts.extensions.get::<Peer>().copied();
        let mut visit = Self {
            web: web.clone(),
            method: parts.method,
            path: parts.uri.path().to_owned(),
            raw_query: parts.uri.query().map(str::to_owned),
            query: Parameters::default(),
            form: Parameters::default(),
            request_id: parts.extensions.get::<super::RequestId>().map(|id| id.0.clone()).unwrap_or_default(),
            address: peer.map_or(IpAddr::from([127, 0, 0, 1]), |peer| peer.address),
            headers: parts.headers,
            signed_in: None,
            staff: None,
            house: None,
            console_is_here: parts.extensions.get::<super::ConsoleElsewhere>().is_none(),
            file: None,
            binding: [0; 16],
            introduce: AtomicBool::new(false),
            known: false,
        };
        if visit.method == Method::POST && is_cross_site(&visit.headers, &web.p) {
            return Err(visit.problem(ProblemKind::CrossSite));
        }
        // A client's state may be any bytes, so the front channels read the query for themselves (L-03).
        if let Some(query) = &visit.raw_query
            && !FRONT_CHANNELS.contains(&visit.path.as_str())
        {
            let read = Parameters::of_form(query.as_bytes());
            visit.query = read.map_err(|_| visit.problem(ProblemKind::BadRequest))?;
        }
        if visit.method == Method::POST {
            let most = if upload::takes_a_file(&visit.path) { upload::MOST_BYTES } else { lifetimes::MOST_BODY_BYTES };
            let bytes = read_body(body, most, BODY_TIME).await.map_err(|problem| visit.trouble(problem.into()))?;
            if let Some(boundary) = upload::boundary(&visit.headers).filter(|_| upload::takes_a_file(&visit.path)) {
                let sent = upload::read(&boundary, &bytes).ok_or_else(|| visit.problem(ProblemKind::BadRequest))?;
                (visit.form, visit.file) = sent;
            } else if !bytes.is_empty() && media(&visit.headers) != Some(Media::Form) {
                return Err(visit.problem(ProblemKind::UnsupportedMedia));
            } else {
                visit.form = Parameters::of_form(&bytes).map_err(|_| visit.problem(ProblemKind::BadRequest))?;
            }
        }
        visit.recognise().await.map_err(|fault| visit.broke(&fault))?;
        Ok(visit)
    }
}

impl Visit {
    /// The context.
    pub fn p(&self) -> &Prosper {
        &self.web.p
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        self.web.p.now()
    }

    /// Who is behind a change that this request makes.
    pub fn trail(&self) -> Trail {
        let actor = match self.staff.as_ref().or(self.signed_in.as_ref()) {
            Some(who) if who.account.staff.is_some() => format!("staff {}", who.account.id),
            Some(who) => format!("account {}", who.account.id),
            None => "visitor".to_owned(),
        };
        Trail {
            at: self.now(),
            actor,
            request_id: self.request_id.clone(),
            address: self.address.to_string(),
            place: place(self.address, &self.user_agent()),
        }
    }

    /// The browser, in its own words, cut short.
    pub fn user_agent(&self) -> String {
        let said = self.headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        said.chars().filter(|c| !c.is_control()).take(200).collect()
    }

    /// Path and query of this request, for coming back to it.
    pub fn here(&self) -> String {
        match &self.raw_query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// The frame of a page, in the name and colours of the space that the visitor belongs to.
    pub fn chrome(&self, here: Here) -> Chrome {
        self.chrome_in(self.house.as_ref(), here)
    }

    /// The frame of a page, in the name and colours of a space.
    pub fn chrome_in(&self, space: Option<&Space>, here: Here) -> Chrome {
        let settings = &self.p().settings;
        Chrome {
            space_name: space.map_or_else(|| words::HOUSE.to_owned(), |space| space.name.clone()),
            brand_sheet: space.and_then(paths::brand_sheet),
            space_logo: space.and_then(paths::space_logo),
            signed_in: self
                .signed_in
                .as_ref()
                .map(|who| Who { name: who.account.name.clone(), email: who.account.email.as_str().to_owned() }),
            sign_in_href: None,
            here,
            request_id: self.request_id.clone(),
            support_email: space
                .and_then(|space| space.support_email.clone())
                .unwrap_or_else(|| settings.support_email.clone()),
            business_email: settings.business_email.clone(),
            sandbox: settings.purpose == InstallationPurpose::Sandbox,
            no_mail: is_on_screen(self.p()),
        }
    }

    /// A form that posts to `action`, with its token and further hidden fields. One that comes back without a good token
    /// says so.
    pub fn form(&self, action: &str, hidden: Vec<Hidden>) -> Form {
        let posted = self.method == Method::POST && (action == self.path || action == self.here());
        let stale = posted && !self.has_form_token(action);
        Form { action: action.to_owned(), token: self.form_token(action), hidden, stale }
    }

    /// A token for a form that is about `subject` (its action, or the request it answers). Bound to this browser.
    pub fn form_token(&self, subject: &str) -> String {
        if self.signed_in.is_none() && self.staff.is_none() && !self.known {
            self.introduce.store(true, Ordering::Relaxed);
        }
        let mut plain = Vec::with_capacity(64);
        plain.extend_from_slice(&self.binding);
        plain.extend_from_slice(&self.now().plus(lifetimes::FORM_TOKEN).micros().to_be_bytes());
        // What else sets two pages apart: nothing that is the same twice may be told from the token.
        plain.extend_from_slice(&digest(subject));
        to_base64url(&self.p().keys.seal(Purpose::FormToken, &plain, &self.p().entropy))
    }

    /// Was the posted form made by us, for this browser, about `subject`, and not too long ago? (W-02) A form that
    /// carries two tokens was not.
    pub fn has_form_token(&self, subject: &str) -> bool {
        let only = self.form.get("form_token").filter(|_| self.form.count("form_token") == 1);
        let token = only.and_then(from_base64url);
        let plain = token.and_then(|sealed| self.p().keys.open(Purpose::FormToken, &sealed));
        plain.is_some_and(|plain| {
            plain.len() == 56
                && plain[..16] == self.binding
                && plain[24..] == digest(subject)
                && <[u8; 8]>::try_from(&plain[16..24])
                    .is_ok_and(|end| !Timestamp::from_micros(i64::from_be_bytes(end)).has_come(self.now()))
        })
    }

    /// The answer when it was not: 400, and where to find the page again.
    pub fn stale_form(&self) -> Answer {
        self.problem(ProblemKind::StaleForm)
    }

    /// A page.
    pub fn page(&self, status: u16, template: &impl askama::Template) -> Answer {
        self.page_ending_at(status, template, None)
    }

    /// A page whose post ends at a verified origin outside (W-01).
    pub fn page_ending_at(&self, status: u16, template: &impl askama::Template, origin: Option<&str>) -> Answer {
        let mut answer = match template.render() {
            Ok(text) => answer::html(status, text),
            Err(problem) => return self.broke(&Fault::internal(format!("a page cannot be written: {problem}"))),
        };
        shield::page_headers(&mut answer, origin);
        self.introduced(answer)
    }

    /// The page for something that went wrong (W-03).
    pub fn problem(&self, kind: ProblemKind) -> Answer {
        self.introduced(problem::page(self, kind))
    }

    /// The page for trouble that every surface knows (W-06).
    pub fn trouble(&self, trouble: Trouble) -> Answer {
        trouble.dress(self.problem(problem::kind(trouble)))
    }

    /// The page when the fault is ours.
    pub fn broke(&self, fault: &Fault) -> Answer {
        tracing::error!(request_id = self.request_id, cause = %fault, "a request failed");
        self.trouble(fault.into())
    }

    /// To another page of ours, after a post.
    pub fn see_other(&self, path: &str) -> Answer {
        self.introduced(answer::see_other(path))
    }

    /// To sign-in, and back here afterwards.
    pub fn to_sign_in(&self) -> Answer {
        answer::found(&sign_in_and_then(&self.here()))
    }

    /// The cookie that signs this browser in.
    pub fn session_cookie(&self, secret: &Plain) -> String {
        let age = lifetimes::SESSION.as_secs();
        self.cookie(SESSION_COOKIE, secret.expose(), &format!("; Max-Age={age}"))
    }

    /// The cookie that signs this browser out.
    pub fn no_session_cookie(&self) -> String {
        self.cookie(SESSION_COOKIE, "", "; Max-Age=0")
    }

    /// Who is signed in, as flows see it.
    pub fn person(&self) -> Option<Person<'_>> {
        self.signed_in.as_ref().map(SignedIn::person)
    }

    /// A short-lived note that an answer of ours left with this browser.
    pub fn note(&self, name: &str) -> Option<&str> {
        cookie(&self.headers, &format!("{}{name}", cookie_prefix(self.p())))
    }

    /// The cookie that leaves such a note, or with no time left takes it away.
    pub fn note_cookie(&self, name: &str, value: &str, lives: Duration) -> String {
        self.cookie(name, value, &format!("; Max-Age={}", lives.as_secs()))
    }

    fn introduced(&self, answer: Answer) -> Answer {
        if self.introduce.swap(false, Ordering::Relaxed) {
            let name = data_encoding::HEXLOWER.encode(&self.binding);
            answer::set_cookie(answer, &self.cookie(VISIT_COOKIE, &name, ""))
        } else {
            answer
        }
    }

    fn cookie(&self, name: &str, value: &str, more: &str) -> String {
        self.cookie_for(name, value, "Lax", more)
    }

    fn cookie_for(&self, name: &str, value: &str, site: &str, more: &str) -> String {
        let secure = if is_plain_loopback(self.p()) { "" } else { "; Secure" };
        let prefix = cookie_prefix(self.p());
        format!("{prefix}{name}={value}; Path=/{secure}; HttpOnly; SameSite={site}{more}")
    }

    /// The cookie that opens the staff console. No other site's link brings it along.
    pub fn staff_cookie(&self, secret: &Plain) -> String {
        let age = lifetimes::STAFF_SESSION.as_secs();
        self.cookie_for(STAFF_COOKIE, secret.expose(), "Strict", &format!("; Max-Age={age}"))
    }

    /// The cookie that closes it.
    pub fn no_staff_cookie(&self) -> String {
        self.cookie_for(STAFF_COOKIE, "", "Strict", "; Max-Age=0")
    }

    /// Who is this? The session cookie's session, if it stands; else the pre-session cookie, or a new one. On the pages of
    /// the console, its own session is what forms are bound to.
    async fn recognise(&mut self) -> Result<(), Fault> {
        let prefix = cookie_prefix(&self.web.p);
        if let Some(who) = ordinary(&self.headers, &self.web.p).await? {
            self.binding = *who.session.id.bytes();
            self.signed_in = Some(who);
        } else {
            let visitor = cookie(&self.headers, &format!("{prefix}{VISIT_COOKIE}"))
                .and_then(|text| data_encoding::HEXLOWER.decode(text.as_bytes()).ok())
                .and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
            self.known = visitor.is_some();
            self.binding = visitor.unwrap_or_else(|| self.web.p.entropy.bytes());
        }
        if console::is_beneath(&self.path)
            && let Some(who) = staff(&self.headers, &self.web.p).await?
        {
            self.binding = *who.session.id.bytes();
            self.staff = Some(who);
        }
        // A page without a space's name is still a page.
        let spaces = self.web.p.store.spaces().await.unwrap_or_default();
        let own = self.signed_in.as_ref().map(|who| who.account.space);
        let at = own.and_then(|own| spaces.binary_search_by_key(&own, |space| space.id).ok()).unwrap_or(0);
        self.house = spaces.get(at).cloned();
        Ok(())
    }
}

/// Does this browser bring any note whose name begins with `prefix`?
pub fn has_notes(headers: &HeaderMap, prefix: &str) -> bool {
    let brings = |cookies: &str| cookies.contains(prefix);
    headers.get_all(COOKIE).iter().any(|cookies| cookies.to_str().map_or(true, brings))
}

/// Who is signed in by the ordinary cookie of these headers.
///
/// # Errors
/// The store cannot be read.
pub async fn ordinary(headers: &HeaderMap, p: &Prosper) -> Result<Option<SignedIn>, Fault> {
    let text = cookie(headers, &format!("{}{SESSION_COOKIE}", cookie_prefix(p)));
    standing_session(text, Kind::Session, lifetimes::SESSION_IDLE, SEEN_PERIOD, p).await
}

/// Who has opened the staff console by its own cookie, and may still enter it.
///
/// # Errors
/// The store cannot be read.
pub async fn staff(headers: &HeaderMap, p: &Prosper) -> Result<Option<SignedIn>, Fault> {
    let text = cookie(headers, &format!("{}{STAFF_COOKIE}", cookie_prefix(p)));
    let found = standing_session(text, Kind::StaffSession, lifetimes::STAFF_SESSION_IDLE, STAFF_SEEN_PERIOD, p).await?;
    Ok(found.filter(SignedIn::is_staff))
}

/// The session of a cookie of this kind, if it stands.
async fn standing_session(
    text: Option<&str>,
    kind: Kind,
    idle: Duration,
    period: Duration,
    p: &Prosper,
) -> Result<Option<SignedIn>, Fault> {
    let Some(ticket) = text.and_then(ticket::read) else { return Ok(None) };
    let now = p.now();
    let Some(session) = p.store.session(SessionId::from_bytes(ticket.id)).await? else { return Ok(None) };
    let live = ticket.verify(kind, &p.keys, &session.hash)
        && !session.expires_at.has_come(now)
        && !session.seen_at.plus(idle).has_come(now);
    if !live || p.store.installation().await?.epoch != session.installation_epoch {
        return Ok(None);
    }
    let Some(account) = p.store.account(session.account).await? else { return Ok(None) };
    if account.epoch != session.account_epoch {
        return Ok(None);
    }
    if now.since(session.seen_at) >= period {
        p.store.saw_session(session.id, now);
    }
    Ok(Some(SignedIn { session, account }))
}

/// Does a post come from another site? By `Sec-Fetch-Site`, else by `Origin` against the configured public URL; a request
/// with neither is no browser's, and its form token decides (W-02a).
pub fn is_cross_site(headers: &HeaderMap, p: &Prosper) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return !matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    headers.get(ORIGIN).is_some_and(|origin| origin.as_bytes() != p.settings.public_url.as_str().as_bytes())
}

/// Is the site served as plain http on loopback, where scripts and test suites sign in without `Secure` (W-02a)?
fn is_plain_loopback(p: &Prosper) -> bool {
    !p.settings.public_url.is_https() && p.settings.public_url.is_loopback()
}

fn cookie_prefix(p: &Prosper) -> &'static str {
    if is_plain_loopback(p) { "" } else { "__Host-" }
}

/// The value of a cookie; `None` when it is there twice, since nobody could say which is ours.
fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut values = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(sent, _)| *sent == name)
        .map(|(_, value)| value);
    let first = values.next();
    if values.next().is_some() { None } else { first }
}

fn digest(subject: &str) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, subject.as_bytes());
    digest.as_ref().try_into().expect("SHA-256 makes 32 bytes")
}

/// Where applications send browsers.
const FRONT_CHANNELS: [&str; 2] = [super::pages::paths::AUTHORIZE, super::pages::paths::API_SETTINGS];
const SESSION_COOKIE: &str = "prosper";
const STAFF_COOKIE: &str = "prosper-staff";
const VISIT_COOKIE: &str = "prosper-visit";
/// How long a body may take to arrive.
pub(super) const BODY_TIME: Duration = Duration::from_secs(15);
/// How stale "last seen" may be.
const SEEN_PERIOD: Duration = Duration::from_mins(5);
/// The same in the console, where idle is sooner.
const STAFF_SEEN_PERIOD: Duration = Duration::from_mins(1);
