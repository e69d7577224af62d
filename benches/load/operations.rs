//! What is measured, and how each answer is checked.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use prosper::crypto::entropy::Entropy;
use prosper::crypto::password::{Params, Passwords};
use serde_json::Value;
use tokio::task::JoinSet;

use super::bare::Bare;
use super::server::{Server, cpu_nanos};
use super::wire::{Answer, Wire, get, post};

/// An operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    User,
    BadToken,
    Refresh,
    Authorize,
    Exchange,
    RoundTrip,
    ClientCredentials,
    Introspection,
    PasswordGrant,
}

impl Operation {
    pub const ALL: [Self; 9] = [
        Self::User,
        Self::BadToken,
        Self::Refresh,
        Self::Authorize,
        Self::Exchange,
        Self::RoundTrip,
        Self::ClientCredentials,
        Self::Introspection,
        Self::PasswordGrant,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "token check (/api/v2/user)",
            Self::BadToken => "a bad token",
            Self::Refresh => "refresh",
            Self::Authorize => "authorize, session and consent there",
            Self::Exchange => "code exchange",
            Self::RoundTrip => "sign-in round trip, session there (3 requests)",
            Self::ClientCredentials => "client credentials",
            Self::Introspection => "introspection",
            Self::PasswordGrant => "password grant",
        }
    }
}

/// What a round found.
#[derive(Default)]
pub struct Sample {
    pub count: u64,
    pub span: Duration,
    pub cpu_nanos: u64,
    pub latencies_micros: Vec<u32>,
}

/// Everything that requests are made of.
pub struct Bench {
    login: Client,
    personal: Client,
    partner: Client,
    api: Client,
    redirect: String,
    person: (String, String),
    cookie: String,
    login_token: String,
    access_token: String,
    refresh_token: String,
    codes: u64,
    families: u64,
}

#[derive(Clone)]
struct Client {
    id: String,
    secret: String,
}

impl Bench {
    /// Signs in, consents once, and gets the tokens that are checked.
    pub async fn prepare(server: &Server) -> Self {
        let ready = &server.ready;
        let login = application(ready, "login");
        let redirect = login["redirect_uris"][0].as_str().expect("a redirect URI").to_owned();
        let person = person(ready, login["space"].as_str().expect("a space"));
        let mut bench = Self {
            redirect,
            personal: client(application_of(ready, "personal", &person.0)),
            partner: client(application(ready, "partner")),
            api: client(application(ready, "api")),
            login: client(login),
            person,
            cookie: String::new(),
            login_token: String::new(),
            access_token: String::new(),
            refresh_token: String::new(),
            codes: 0,
            families: 0,
        };
        let mut wire = Wire::open(server.port).await;
        bench.sign_in(&mut wire).await;
        let code = bench.code(&wire.ask(&bench.authorize()).await);
        let token = wire.ask(&exchange(&bench.login, &code)).await;
        bench.codes += 1;
        bench.login_token = new_token(&token);
        let tokens = wire.ask(&bench.password_grant()).await;
        bench.families += 1;
        bench.access_token = new_token(&tokens);
        bench.refresh_token = String::from(tokens.member("refresh_token").expect("a refresh token"));
        bench
    }

    /// Used codes and families that a store must hold after all this.
    pub fn expected(&self) -> (u64, u64) {
        (self.codes, self.families)
    }

    async fn sign_in(&mut self, wire: &mut Wire) {
        let page = wire.ask(&get("/login", &[])).await;
        let visit = cookie_of(&page);
        let token = page.body.split("name=\"form_token\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let token = token.expect("a form token").to_owned();
        let space = page.body.contains("name=\"space\"");
        let mut form = vec![("form_token", token.as_str()), ("email", &self.person.0), ("password", &self.person.1)];
        if space {
            form.push(("space", "Prosper"));
        }
        let answer = wire.ask(&post("/login", &[("cookie", &visit), ("sec-fetch-site", "same-origin")], &form)).await;
        assert_eq!(answer.status, 303, "could not sign in: {}", answer.body);
        self.cookie = cookie_of(&answer);
        let page = wire.ask(&self.authorize()).await;
        if page.status == 302 {
            return;
        }
        let hidden = |name: &str| {
            let rest = page.body.split(&format!("name=\"{name}\" value=\"")).nth(1)?;
            rest.split('"').next().map(str::to_owned)
        };
        let (token, shown) = (hidden("form_token").expect("a token"), hidden("shown").unwrap_or_default());
        let form = [("form_token", token.as_str()), ("shown", &shown), ("decision", "allow")];
        let headers = [("cookie", self.cookie.as_str()), ("sec-fetch-site", "same-origin")];
        let answer = wire.ask(&post(&self.authorize_path(), &headers, &form)).await;
        assert_eq!(answer.status, 303, "could not consent: {}", answer.body);
    }

    fn authorize_path(&self) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("client_id", self.login.id.as_str()),
                ("redirect_uri", &self.redirect),
                ("scope", "user:email"),
                ("state", "0123456789abcdef"),
            ])
            .finish();
        format!("/login/oauth/authorize?{query}")
    }

    fn authorize(&self) -> Vec<u8> {
        get(&self.authorize_path(), &[("cookie", &self.cookie)])
    }

    fn code(&self, answer: &Answer) -> String {
        assert_eq!(answer.status, 302, "no code: {}", answer.body);
        let place = answer.header("location").expect("a place");
        assert!(place.starts_with(&self.redirect), "sent to {place}");
        let query = place.split_once('?').expect("a query").1;
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(name, _)| name == "code").map(|(_, code)| code.into_owned()).expect("a code")
    }

    fn password_grant(&self) -> Vec<u8> {
        let (email, password) = (&*self.person.0, &*self.person.1);
        token(&self.personal, "password", &[("username", email), ("password", password)])
    }

    /// The bare server for a while.
    pub async fn bare(&self, bare: &Bare, connections: usize, span: Duration) -> Sample {
        let request = user(&self.login_token);
        let (port, pid) = (bare.port, bare.pid());
        drive(port, pid, connections, span / 2, move |mut wire, until| {
            let request = request.clone();
            async move {
                let mut taken = Vec::new();
                while Instant::now() < until {
                    let began = Instant::now();
                    assert_eq!(wire.ask(&request).await.body.len(), 190);
                    taken.push(micros(began));
                }
                taken
            }
        })
        .await
    }

    /// An operation for a while; every answer is checked.
    pub async fn measure(
        &mut self,
        operation: Operation,
        server: &Server,
        connections: usize,
        span: Duration,
        seen: &mut HashSet<String>,
    ) -> Sample {
        let fresh = Arc::new(Mutex::new(Vec::new()));
        let codes = if operation == Operation::Exchange { self.mint(server.port, span).await } else { Vec::new() };
        let codes = Arc::new(Mutex::new(codes));
        let once = Arc::new(Requests::of(self));
        let (kept, bin) = (Arc::clone(&fresh), Arc::clone(&codes));
        let sample = drive(server.port, server.pid(), connections, span, move |mut wire, until| {
            let (once, kept, bin) = (Arc::clone(&once), Arc::clone(&kept), Arc::clone(&bin));
            async move {
                let (mut taken, mut tokens) = (Vec::new(), Vec::new());
                while Instant::now() < until {
                    let began = Instant::now();
                    if !once.perform(operation, &mut wire, &bin, &mut tokens).await {
                        break;
                    }
                    taken.push(micros(began));
                }
                kept.lock().expect("a lock").extend(tokens);
                taken
            }
        })
        .await;
        match operation {
            Operation::Exchange | Operation::RoundTrip => self.codes += sample.count,
            Operation::ClientCredentials | Operation::PasswordGrant => self.families += sample.count,
            _ => {}
        }
        for token in fresh.lock().expect("a lock").drain(..) {
            assert!(seen.insert(token), "a token was given twice");
        }
        sample
    }

    /// Enough codes for a round of exchanges.
    async fn mint(&self, port: u16, span: Duration) -> Vec<String> {
        let wanted = usize::try_from(span.as_millis()).expect("a short time") * 15;
        let mut wires = JoinSet::new();
        for _ in 0..8 {
            let (request, bench) = (self.authorize(), self.redirect.clone());
            wires.spawn(async move {
                let mut wire = Wire::open(port).await;
                let mut codes = Vec::with_capacity(wanted / 8);
                for _ in 0..wanted / 8 {
                    codes.push(code_of(&wire.ask(&request).await, &bench));
                }
                codes
            });
        }
        wires.join_all().await.concat()
    }
}

/// The requests that are the same each time, made once.
struct Requests {
    user: Vec<u8>,
    bad: Vec<u8>,
    refresh: Vec<u8>,
    authorize: Vec<u8>,
    machine: Vec<u8>,
    introspect: Vec<u8>,
    password: Vec<u8>,
    redirect: String,
    login: Client,
}

impl Requests {
    fn of(bench: &Bench) -> Self {
        let introspect = [
            ("client_id", bench.api.id.as_str()),
            ("client_secret", &bench.api.secret),
            ("token", &bench.access_token),
        ];
        Self {
            user: user(&bench.login_token),
            bad: user(&bench.login_token.chars().rev().collect::<String>()),
            refresh: token(&bench.personal, "refresh_token", &[("refresh_token", &bench.refresh_token)]),
            authorize: bench.authorize(),
            machine: token(&bench.partner, "client_credentials", &[]),
            introspect: post("/v1/security/oauth/introspect", &[], &introspect),
            password: bench.password_grant(),
            redirect: bench.redirect.clone(),
            login: bench.login.clone(),
        }
    }

    /// Does it once, and checks the answer; `false` when there is nothing left to do it with.
    async fn perform(
        &self,
        operation: Operation,
        wire: &mut Wire,
        codes: &Mutex<Vec<String>>,
        tokens: &mut Vec<String>,
    ) -> bool {
        match operation {
            Operation::User => good_profile(&wire.ask(&self.user).await),
            Operation::BadToken => assert_eq!(wire.ask(&self.bad).await.body, "\"Invalid token\""),
            Operation::Refresh => tokens.push(new_token(&wire.ask(&self.refresh).await)),
            Operation::Authorize => tokens.push(code_of(&wire.ask(&self.authorize).await, &self.redirect)),
            Operation::ClientCredentials => tokens.push(new_token(&wire.ask(&self.machine).await)),
            Operation::PasswordGrant => tokens.push(new_token(&wire.ask(&self.password).await)),
            Operation::Introspection => {
                let answer = wire.ask(&self.introspect).await;
                assert!(answer.body.contains("\"active\":true"), "{}", answer.body);
            }
            Operation::Exchange => {
                let Some(code) = codes.lock().expect("a lock").pop() else { return false };
                tokens.push(new_token(&wire.ask(&exchange(&self.login, &code)).await));
            }
            Operation::RoundTrip => {
                let code = code_of(&wire.ask(&self.authorize).await, &self.redirect);
                let token = new_token(&wire.ask(&exchange(&self.login, &code)).await);
                good_profile(&wire.ask(&user(&token)).await);
                tokens.push(token);
            }
        }
        true
    }
}

fn user(token: &str) -> Vec<u8> {
    get("/api/v2/user", &[("authorization", &format!("Bearer {token}"))])
}

fn token(client: &Client, grant: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let mut form = vec![("grant_type", grant), ("client_id", &client.id), ("client_secret", &client.secret)];
    form.extend_from_slice(more);
    post("/v1/security/oauth/token", &[], &form)
}

fn exchange(login: &Client, code: &str) -> Vec<u8> {
    let form = [("client_id", login.id.as_str()), ("client_secret", &login.secret), ("code", code)];
    post("/login/oauth/access-token", &[], &form)
}

async fn drive<W, F>(port: u16, pid: u32, connections: usize, span: Duration, work: W) -> Sample
where
    W: Fn(Wire, Instant) -> F,
    F: Future<Output = Vec<u32>> + Send + 'static,
{
    let mut wires = Vec::with_capacity(connections);
    for _ in 0..connections {
        wires.push(Wire::open(port).await);
    }
    let (began, cpu) = (Instant::now(), cpu_nanos(pid));
    let mut tasks = JoinSet::new();
    for wire in wires {
        tasks.spawn(work(wire, began + span));
    }
    let latencies_micros = tasks.join_all().await.concat();
    Sample {
        count: latencies_micros.len() as u64,
        span: began.elapsed(),
        cpu_nanos: cpu_nanos(pid).saturating_sub(cpu),
        latencies_micros,
    }
}

/// Hashes a second of bare argon2id with the default parameters, all cores busy (W).
pub fn bare_hashes() -> f64 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    std::thread::spawn(move || {
        runtime.block_on(async move {
            let passwords = Passwords::start(Params::default(), cores, 1_000, Entropy::system());
            let began = Instant::now();
            let mut tasks = JoinSet::new();
            for _ in 0..cores * 60 {
                let passwords = passwords.clone();
                tasks.spawn(async move { passwords.hash("a password".to_owned().into()).await.is_ok() });
            }
            let made = tasks.join_all().await;
            assert!(made.iter().all(|made| *made));
            made.len() as f64 / began.elapsed().as_secs_f64()
        })
    })
    .join()
    .expect("hashed")
}

fn micros(since: Instant) -> u32 {
    u32::try_from(since.elapsed().as_micros()).unwrap_or(u32::MAX)
}

fn good_profile(answer: &Answer) {
    assert!(answer.status == 200 && answer.member("email").is_some(), "{} {}", answer.status, answer.body);
}

fn new_token(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.member("access_token").expect("a token").to_owned()
}

fn code_of(answer: &Answer, redirect: &str) -> String {
    assert_eq!(answer.status, 302, "{}", answer.body);
    let place = answer.header("location").expect("a place");
    assert!(place.starts_with(redirect), "sent to {place}");
    let rest = place.split("code=").nth(1).expect("a code");
    rest.split('&').next().expect("a code").to_owned()
}

fn cookie_of(answer: &Answer) -> String {
    let line = answer.header("set-cookie").expect("a cookie");
    line.split(';').next().expect("a pair").to_owned()
}

fn list<'v>(ready: &'v Value, name: &str) -> &'v Vec<Value> {
    ready[name].as_array().expect("a list")
}

fn application<'v>(ready: &'v Value, kind: &str) -> &'v Value {
    let mut found = list(ready, "applications").iter().filter(|app| app["kind"] == kind);
    found.next().unwrap_or_else(|| panic!("no {kind} application"))
}

fn application_of<'v>(ready: &'v Value, kind: &str, owner: &str) -> &'v Value {
    let mut found = list(ready, "applications").iter().filter(|app| app["kind"] == kind && app["owner"] == owner);
    found.next().unwrap_or_else(|| panic!("{owner} has no {kind} application"))
}

fn client(app: &Value) -> Client {
    let text = |name: &str| app[name].as_str().expect("text").to_owned();
    Client { id: text("client_id"), secret: text("client_secret") }
}

/// An active individual of this space who owns a personal application.
fn person(ready: &Value, space: &str) -> (String, String) {
    let owns = |email: &Value| {
        list(ready, "applications").iter().any(|app| app["kind"] == "personal" && app["owner"] == *email)
    };
    let fits = |person: &&Value| {
        person["kind"] == "individual"
            && person["space"] == space
            && person["status"] == "active"
            && person["password_reset_required"] == false
            && owns(&person["email"])
    };
    let person = list(ready, "people").iter().find(fits).expect("an active individual with an application");
    let text = |name: &str| person[name].as_str().expect("text").to_owned();
    (text("email"), text("password"))
}
