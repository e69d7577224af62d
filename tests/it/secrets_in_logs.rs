//! No secret, password, code, token or key ever reaches the log at any level, nor in clear the database file (W-04; R-84,
//! R-87; ST-08). Whole flows run at trace level with secrets that are known; then both are searched for them.

use std::path::Path;

use prosper::domain::account::StaffRole;
use prosper::domain::application::ApplicationKind;
use prosper::prosper::Lockout;
use prosper::telemetry::{Format, Logging, subscriber};
use prosper::web::read::to_basic;
use tracing::level_filters::LevelFilter;

use crate::prosper::alone::{Captured, alone, run};
use crate::prosper::browser::Form;
use crate::prosper::exchange::{form, request};
use crate::prosper::journeys::AGENT_REDIRECT;
use crate::prosper::login::CALLBACK;
use crate::prosper::people::PASSWORD;
use crate::prosper::{App, Browser, Person, Prosper, Start, minutes};

/// What must be found nowhere, each with its name.
#[derive(Default)]
struct Planted(Vec<(String, Vec<u8>)>);

impl Planted {
    /// As it was typed or sent, as a form carries it, and decoded where it is text of bytes.
    fn plant(&mut self, name: &str, secret: &str) {
        assert!(secret.len() >= 8, "{name} is too short to be looked for");
        self.0.push((name.to_owned(), secret.as_bytes().to_vec()));
        let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        if encoded != secret {
            self.0.push((format!("{name}, encoded"), encoded.into_bytes()));
        }
        for encoding in [data_encoding::BASE64URL_NOPAD, data_encoding::BASE64_NOPAD, data_encoding::HEXLOWER] {
            if let Ok(bytes) = encoding.decode(secret.as_bytes()) {
                // A ticket's first sixteen bytes are its name, which is no secret.
                let secret = if bytes.len() == 40 { bytes[16..].to_vec() } else { bytes };
                self.0.push((format!("{name}, as bytes"), secret));
            }
        }
    }

    fn app(&mut self, name: &str, app: &App<'_>) {
        self.plant(&format!("the secret of {name}"), &app.secret);
        self.plant(
            &format!("the Basic credentials of {name}"),
            &to_basic(&app.client_id, &app.secret)["Basic ".len()..],
        );
    }

    fn found_in(&self, haystack: &[u8]) -> Vec<&str> {
        let is_in = |needle: &[u8]| haystack.windows(needle.len()).any(|window| window == needle);
        self.0.iter().filter(|(_, secret)| is_in(secret)).map(|(name, _)| name.as_str()).collect()
    }
}

#[test]
fn no_secret_reaches_the_log_at_any_level_nor_the_database_in_clear() {
    if !alone("secrets_in_logs::no_secret_reaches_the_log_at_any_level_nor_the_database_in_clear") {
        return;
    }
    let log = Captured::default();
    let writer = log.clone();
    let logging = Logging { level: LevelFilter::TRACE, format: Format::Text, colour: false };
    tracing::subscriber::set_global_default(subscriber(logging, move || writer.clone())).expect("the first");
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let lockout = Some(Lockout { failures: 20, span: minutes(15) });
        let start = Start { folder: Some(folder.path().to_owned()), lockout, ..Start::default() };
        let p = Prosper::start_with(start).await;
        let mut planted = Planted::default();
        planted.plant("the password", PASSWORD);
        planted.plant("the wrong password", WRONG);
        let app = the_investor_api(&p, &mut planted).await;
        login_with_prosper(&p, &mut planted).await;
        an_agent(&p, &mut planted).await;
        what_people_do_for_themselves(&p, &mut planted).await;
        what_staff_hand_out(&p, &mut planted).await;
        what_goes_wrong(&p, &app).await;
        p.p.rotate_keys(p.system()).await.expect("rotated");
        p.p.store.sweep(p.p.now()).await.expect("swept");
        p.flush().await;

        let log = log.bytes();
        let told = String::from_utf8_lossy(&log);
        for heard in [
            "a token was refused",
            "prosper::store::statement",
            "an exchange was refused",
            "signed in",
            "tokens for a password",
        ] {
            assert!(told.contains(heard), "nothing was heard of {heard:?}\n{told}");
        }
        assert_eq!(planted.found_in(&log), Vec::<&str>::new(), "in the log:\n{told}");
        if let Some(path) = p.p.store.path() {
            let bytes = database(path);
            assert!(bytes.windows(15).any(|window| window == b"ada@example.com"), "the bytes that were searched");
            assert_eq!(planted.found_in(&bytes), Vec::<&str>::new(), "in the database");
        }
    });
}

const FORM: &str = "application/x-www-form-urlencoded";
const WRONG: &str = "not it at all, Eve+Mallory";

fn database(path: &Path) -> Vec<u8> {
    let beside = |end: &str| std::fs::read(format!("{}{end}", path.display())).unwrap_or_default();
    let (file, wal) = (beside(""), beside("-wal"));
    assert!(file.len() + wal.len() > 50_000, "both were read");
    [file, wal, beside("-shm")].concat()
}

async fn the_investor_api<'s>(p: &'s Prosper, planted: &mut Planted) -> App<'s> {
    let ada = p.investor("ada@example.com").await;
    let (app, api) = (ada.registers_own_app("Own").await, ada.has_app(ApplicationKind::Api, "Orders").await);
    planted.app("the own application", &app);
    planted.app("the API", &api);
    let tokens = app.password_grant(&ada).await.tokens();
    planted.plant("an access token", &tokens.access_token);
    planted.plant("a refresh token", &tokens.refresh_token);
    app.password_grant_as("ada@example.com", WRONG).await.is(400);
    app.password_grant_as(WRONG, PASSWORD).await.is(400);
    let again = app.refresh(&tokens).await.tokens();
    planted.plant("a refreshed access token", &again.access_token);
    p.resource(&tokens.access_token).await.is(200);
    p.resource(&tokens.refresh_token).await.is(401);
    api.introspect(&tokens.access_token).await.is(200);
    let basic = to_basic(&app.client_id, &app.secret);
    let headers = [("content-type", FORM), ("authorization", basic.as_str())];
    let body = form(&[("grant_type", "password"), ("username", "ada@example.com"), ("password", PASSWORD)]);
    p.send(request("POST", "/v1/security/oauth/token", &headers, &body)).await.tokens();
    let renewed = app.rotates_secret(minutes(5)).await;
    planted.app("the own application, renewed", &renewed);
    renewed.refresh(&tokens).await.tokens();
    ada.signs_out_everywhere().await;
    app.refresh(&tokens).await.is(400);
    app
}

async fn signed_in<'s>(person: &Person<'s>, planted: &mut Planted) -> Browser<'s> {
    let browser = person.server.browser();
    let page = browser.visit("/login").await;
    for form in Form::all(&page.body) {
        let token = form.hidden.iter().find(|(name, _)| name == "form_token").map(|(_, token)| token.as_str());
        planted.plant("a form token", token.expect("every form has one"));
    }
    browser.submit(&page, &[("email", &person.email), ("password", WRONG)]).await.is(400);
    let page = browser.visit("/login").await;
    browser.submit(&page, &[("email", &person.email), ("password", &person.password)]).await.is(303);
    planted.plant("a session cookie", &browser.cookie("prosper").expect("signed in"));
    browser
}

async fn login_with_prosper(p: &Prosper, planted: &mut Planted) {
    let bea = p.investor("bea@example.com").await;
    let login = bea.has_an_app_to_log_in_to().await;
    planted.app("the login application", &login);
    let browser = signed_in(&bea, planted).await;
    let code = browser.code_for(&login).await;
    planted.plant("a code", &code);
    let stolen = App { secret: format!("{}x", login.secret), ..login.clone() };
    stolen.exchange(&code).await.says(400, "Invalid secret");
    let token = login.exchange(&code).await.login_token();
    planted.plant("a login token", &token);
    login.exchange(&code).await.says(400, "Invalid code");
    p.clock.advance(minutes(1));
    login.exchange(&code).await.says(400, "Invalid code");
    p.user(&token).await.says(401, "Invalid token");
    let unused = browser.code_for(&login).await;
    planted.plant("an unused code", &unused);
    browser.get(&login.authorize_url(&format!("{CALLBACK}?code={unused}"), "s")).await;
    let page = browser.get("/logout").await;
    browser.submit_to(&page, "/logout", &[]).await;
}

async fn an_agent(p: &Prosper, planted: &mut Planted) {
    let agent = p.agent("ops@agent.example").await.registers_agent_app("Northwind", AGENT_REDIRECT).await;
    planted.app("the agent's application", &agent);
    let cyd = p.investor("cyd@example.com").await;
    let browser = signed_in(&cyd, planted).await;
    let key = agent.auth_key(&browser).await;
    planted.plant("an authorization key", &key);
    let tokens = agent.auth_key_grant(&key).await.tokens();
    planted.plant("an agent's refresh token", &tokens.refresh_token);
    assert!(p.withdraws(&cyd, &agent).await);
    agent.auth_key_grant(&key).await.is(400);
}

/// The secret of the newest link that was mailed to this address.
async fn mailed(p: &Prosper, planted: &mut Planted, email: &str) -> String {
    let link = p.mails_to(email).await.iter().rev().find(|mail| mail.text.contains("link=")).expect("a mail").link(p);
    let secret = link.split_once("link=").expect("a link").1.to_owned();
    planted.plant(&format!("a link that was mailed to {email}"), &secret);
    link
}

/// Opens a mailed page and sends its form, twice: the second time the link is dead.
async fn uses(browser: &Browser<'_>, link: &str, sent: &[(&str, &str)]) {
    let page = browser.get(link).await;
    let action = link.split('?').next().expect("a path");
    browser.submit_to(page.is(200), action, sent).await.is(200);
    browser.submit_to(&page, action, sent).await.is(404);
}

/// An account is opened, its password replaced and changed, its address moved and taken back.
async fn what_people_do_for_themselves(p: &Prosper, planted: &mut Planted) {
    const CHOSEN: [&str; 3] = ["nine lamps over a harbour", "a kettle sings in winter", "slow trains to the coast"];
    for (at, password) in CHOSEN.iter().enumerate() {
        planted.plant(&format!("the password that was chosen, {at}"), password);
    }
    let browser = p.browser();
    let page = browser.get("/sign-up").await;
    let typed = [("full_name", "Dee Dee"), ("email", "dee@example.com"), ("password", CHOSEN[0])];
    browser.submit(&page, &typed).await.is(200);
    uses(&browser, &mailed(p, planted, "dee@example.com").await, &[]).await;
    let page = browser.get("/forgot").await;
    browser.submit(&page, &[("email", "dee@example.com")]).await.is(200);
    uses(&browser, &mailed(p, planted, "dee@example.com").await, &[("password", CHOSEN[1])]).await;
    browser.sign_in_at("/login", "dee@example.com", CHOSEN[1]).await.is(303);
    let page = browser.get("/account/password").await;
    browser.submit(&page, &[("current", CHOSEN[1]), ("password", CHOSEN[2])]).await.is(303);
    let page = browser.get("/account/email").await;
    browser.submit(&page, &[("current", CHOSEN[2]), ("email", "new@example.com")]).await.is(200);
    uses(&p.browser(), &mailed(p, planted, "new@example.com").await, &[]).await;
    uses(&p.browser(), &mailed(p, planted, "dee@example.com").await, &[]).await;
}

/// The console is opened, somebody is invited, and an application handed over.
async fn what_staff_hand_out(p: &Prosper, planted: &mut Planted) {
    let boss = p.staff("boss@example.com", StaffRole::Administrator).await;
    let app = p.investor("fay@example.com").await.has_app(ApplicationKind::Partner, "Lending").await;
    let desk = boss.opens_the_console().await;
    planted.plant("the console's cookie", &desk.cookie("prosper-staff").expect("open"));
    let page = desk.visit("/console/spaces/1").await;
    desk.submit_to(&page, "/invite", &[("email", "gil@example.com")]).await.is(303);
    let invitation = mailed(p, planted, "gil@example.com").await;
    uses(&p.browser(), &invitation, &[("full_name", "Gil"), ("password", PASSWORD)]).await;
    let page = desk.visit(&format!("/console/applications/{}", app.client_id)).await;
    desk.submit_to(&page, "/hand-over", &[]).await.is(200);
    let link = mailed(p, planted, "fay@example.com").await;
    let owner = p.browser();
    owner.sign_in_at("/login", "fay@example.com", PASSWORD).await.is(303);
    let shown = owner.submit_to(&owner.get(&link).await, "/hand-over", &[]).await;
    let secret = shown.is(200).hex_codes().into_iter().find(|code| *code != app.client_id).expect("it is shown");
    planted.plant("the secret that was drawn", &secret);
}

/// Bodies that cannot be read, secrets where none belong, requests that nothing answers.
async fn what_goes_wrong(p: &Prosper, app: &App<'_>) {
    let (secret, encoded) = (app.secret.as_str(), form(&[("password", PASSWORD)]));
    let send = |method: &'static str, path: String, kind: &'static str, body: String| async move {
        p.send(request(method, &path, &[("content-type", kind)], &body)).await
    };
    for path in ["/v1/security/oauth/token", "/login/oauth/access-token", "/login", "/nothing/here"] {
        let query = format!("{path}?client_secret={secret}&{encoded}");
        send("POST", query.clone(), FORM, format!("{encoded}&{encoded}&client_secret={secret}&client_secret={secret}"))
            .await;
        send("POST", query.clone(), "application/json", format!("{{\"client_secret\":\"{secret}\",\"code\":")).await;
        send("GET", query.clone(), FORM, String::new()).await;
        send("PUT", query, "text/plain", format!("{secret} {PASSWORD}")).await;
    }
    let bearer = format!("Bearer {secret} {secret}");
    p.send(request("GET", "/api/v2/user", &[("authorization", &bearer), ("user-agent", secret)], "")).await.is(401);
    p.get(&format!("/login?next=/oauth?client_secret={secret}")).await;
}
