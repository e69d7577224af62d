//! What holds for every page there is, whoever looks at it: the route table says which there are, so that none is left out
//! (W-01, W-02, W-04; ).

use prosper::crypto::digest::sha256;
use prosper::crypto::seal::{Purpose, to_base64url};
use prosper::domain::account::StaffRole;
use prosper::flows::write_mail::write_to;
use prosper::mail::About;
use prosper::web::routes::ROUTES;

use crate::prosper::login::CALLBACK;
use crate::prosper::{App, Browser, Exchange, Person, Prosper, hours};

/// What the parts in braces of the routes are filled with: things that are there.
struct Town<'s> {
    p: &'s Prosper,
    boss: Person<'s>,
    app: App<'s>,
    secret: String,
    session: String,
}

impl<'s> Town<'s> {
    /// An administrator who owns an application, allows another one, and to whom a mail was written.
    async fn of(p: &'s Prosper) -> Self {
        let boss = p.staff("boss@example.com", StaffRole::Administrator).await;
        let app = boss.has_login_app("Notes", &[CALLBACK]).await;
        let secret = p.p.store.client(app.id).await.expect("read").expect("there").secrets[0].id.hex();
        boss.signs_in().await.code_for(&app).await;
        let session = p.p.store.sessions_of(boss.id).await.expect("read")[0].id.hex();
        let about = About::AccountActive { link: "https://id.example/login".into() };
        let mail = write_to(&boss.account().await, about, &p.p).await.expect("written");
        p.p.store.post(mail, p.clock.now()).await.expect("written");
        Self { p, boss, app, secret, session }
    }

    /// The pages of the table that take this method, the hot routes aside.
    fn pages(&self, method: &str) -> Vec<String> {
        let machines = ["/v1/", "/api/", "/login/oauth/access-token"];
        let pages = ROUTES.iter().filter(|route| !machines.iter().any(|start| route.path.starts_with(start)));
        let found: Vec<_> = pages
            .filter(|route| route.methods.split(", ").any(|taken| taken == method))
            .map(|route| route.path)
            .collect();
        assert!(found.len() > 30, "the table has the pages");
        found.into_iter().map(|path| self.fill(path)).collect()
    }

    fn fill(&self, path: &str) -> String {
        let account = self.boss.id.to_string();
        let id = match path {
            _ if path.starts_with("/account/sessions/") => &self.session,
            _ if path.starts_with("/console/accounts/") => &account,
            // The first space, the first mail.
            _ => "1",
        };
        path.replace("{client_id}", &self.app.client_id)
            .replace("{secret}", &self.secret)
            .replace("{account}", &account)
            .replace("{id}", id)
            .replace("{file}", "kit.css")
    }

    /// The number of the newest row of the audit log.
    async fn written_down(&self) -> i64 {
        self.p.p.store.audit(None, 1).await.expect("read").first().map_or(0, |row| row.id)
    }
}

/// Fields that every form would find something of its own among.
const FIELDS: [(&str, &str); 14] = [
    ("email", "eve@evil.test"),
    ("password", "correct horse battery staple"),
    ("current", "correct horse battery staple"),
    ("decision", "allow"),
    ("status", "closed"),
    ("reason", "why not"),
    ("role", "none"),
    ("required", "yes"),
    ("do", "plan"),
    ("name", "Eve"),
    ("company_name", "Eve"),
    ("phone", "+1 415 555 0100"),
    ("kind", "own"),
    ("redirect_uris", "https://evil.test/cb"),
];

/// W-02, R-17.
#[tokio::test]
async fn no_form_of_any_page_is_taken_from_another_site_or_without_its_token() {
    let p = Prosper::start().await;
    let town = Town::of(&p).await;
    let browser = town.boss.opens_the_console().await;
    let (before, body) = (town.written_down().await, crate::prosper::exchange::form(&FIELDS));
    let kind = ("content-type", "application/x-www-form-urlencoded");
    for place in town.pages("POST") {
        for from in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.test"),
            ("origin", "null"),
        ] {
            let answer = browser.send("POST", &place, &[kind, from], &body).await;
            assert_eq!(answer.status, 403, "{place} from {from:?}\n{}", answer.told());
            answer.page_says("That came from another site");
        }
        // From our own site, and made by no page of ours: with no token, and with one about something else.
        let other = town.token(&browser, "/something/else").await;
        for token in ["", other.as_str()] {
            let form: Vec<_> = FIELDS.into_iter().chain([("form_token", token)]).collect();
            let answer = browser.post(&place, &form).await;
            assert!(matches!(answer.status, 400 | 404), "{place}\n{}", answer.told());
            let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
            assert!(cookies.is_empty(), "{place} sets {cookies:?}");
        }
    }
    assert_eq!(town.written_down().await, before, "nothing was changed");
    browser.get("/console").await.is(200);
    browser.get("/account").await.is(200);
}

impl Town<'_> {
    /// A form token about `subject`, bound to the session that the console was opened with.
    async fn token(&self, browser: &Browser<'_>, subject: &str) -> String {
        assert!(browser.cookie("prosper-staff").is_some());
        let sessions = self.p.p.store.sessions_of(self.boss.id).await.expect("read");
        let session = sessions.iter().find(|session| session.console).expect("open");
        let end = self.p.clock.now().plus(hours(1)).micros().to_be_bytes();
        let plain = [session.id.bytes().as_slice(), &end, &sha256(subject.as_bytes())].concat();
        to_base64url(&self.p.p.keys.seal(Purpose::FormToken, &plain, &self.p.p.entropy))
    }
}

/// W-01, W-04, R-18, R-19, R-21: a stranger, an investor and an administrator look at every page.
#[tokio::test]
async fn every_page_has_its_policy_and_its_id_and_nothing_from_elsewhere() {
    let p = Prosper::start().await;
    let town = Town::of(&p).await;
    let eve = p.investor("eve@example.com").await;
    let (stranger, investor, boss) = (p.browser(), eve.signs_in().await, town.boss.opens_the_console().await);
    for place in town.pages("GET") {
        for browser in [&stranger, &investor, &boss] {
            let answer = browser.get(&place).await;
            assert!(answer.status < 500, "{place}\n{}", answer.told());
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{place}");
            assert_eq!(answer.header("referrer-policy"), Some("same-origin"), "{place}");
            assert!(answer.header("x-request-id").is_some_and(|id| id.len() == 16), "{place}");
            assert_eq!(answer.header("access-control-allow-origin"), None, "{place}");
            let drawn = ["/assets/", "/logos/", "/spaces/"].iter().any(|start| place.starts_with(start));
            if !(drawn && answer.status == 200) {
                answer.never_stored();
            }
            if answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
                is_locked(&place, &answer);
            }
        }
    }
}

/// A page that cannot be framed, runs no script, and fetches nothing from another host.
#[track_caller]
fn is_locked(place: &str, page: &Exchange) {
    let policy = page.header("content-security-policy").unwrap_or_else(|| panic!("{place}\n{}", page.told()));
    for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.contains(part), "{place}: {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{place}: {policy}");
    assert_eq!(page.header("x-frame-options"), Some("DENY"), "{place}");
    for foreign in ["src=\"http", "src=\"//", "<script", " style=\"", "@import", "<iframe", " onclick", "<base"] {
        assert!(!page.body.contains(foreign), "{place} has {foreign}");
    }
    for sheet in page.body.split("<link ").skip(1).filter_map(|rest| rest.split('>').next()) {
        assert!(sheet.contains("href=\"/") && !sheet.contains("href=\"//"), "{place}: {sheet}");
    }
}

/// R-84, B-04: the owner of an application, whoever registered it, changes it; each change names the owner and the request.
#[tokio::test]
async fn whatever_an_owner_changes_is_written_down_with_who_and_by_which_request_r_84() {
    let p = Prosper::start().await;
    let ada = p.agent("ada@example.com").await;
    let (app, held) = (ada.has_login_app("Notes", &[CALLBACK]).await, ada.has_login_app("Held", &[CALLBACK]).await);
    let browser = ada.signs_in().await;
    browser.code_for(&held).await;
    let base = format!("/oauth/apps/{}", app.client_id);
    let secret = p.p.store.client(app.id).await.expect("read").expect("there").secrets[0].id.hex();
    #[expect(clippy::type_complexity, reason = "a table reads best as one")]
    let changes: &[(&str, &str, &[(&str, &str)], &str)] = &[
        (&base, "/secrets", &[("label", "Second"), ("overlap", "24")], "application.rotate_secret"),
        (&base, "/redirects", &[("redirect_uris", "https://app.example/other")], "application.redirect_uris"),
        (&base, "/switches", &[("require_pkce", "on")], "application.require_pkce"),
        (
            &format!("{base}/profile"),
            "/profile",
            &[("name", "Notes!"), ("url", "https://app.example")],
            "application.change",
        ),
        (&format!("{base}/secrets/{secret}/revoke"), "/revoke", &[], "application.revoke_secret"),
        (&format!("{base}/secrets/revoke"), "/revoke", &[], "application.revoke_secrets"),
        (&format!("{base}/disable"), "/disable", &[], "application.disable"),
        (&base, "/enable", &[], "application.enable"),
        (&format!("{base}/delete"), "/delete", &[], "application.delete"),
        (&format!("/account/connected-apps/{}/withdraw", held.client_id), "/withdraw", &[], "consent.withdraw"),
        (
            "/account/email",
            "/email",
            &[("current", &ada.password), ("email", "new@example.com")],
            "account.email_asked",
        ),
        ("/account/sessions/end-all", "/end-all", &[], "account.sign_out_everywhere"),
    ];
    for (page, form, fields, action) in changes {
        let page = browser.visit(page).await;
        let answer = browser.submit_to(&page, form, fields).await;
        assert!(matches!(answer.status, 200 | 303), "{action}\n{}", answer.told());
        let request = answer.header("x-request-id").expect("an id").to_owned();
        let rows = p.p.store.audit(None, 5).await.expect("read");
        let row = rows.iter().find(|row| row.trail.request_id == request && row.action == *action);
        let row = row.unwrap_or_else(|| panic!("{action} is not in {rows:#?}"));
        assert_eq!(row.trail.actor, format!("account {}", ada.id), "{action}");
        assert_eq!(row.trail.address, "127.0.0.1", "{action}");
    }
}

/// whatever address a person gives, nobody is called there.
#[tokio::test]
async fn no_address_that_a_person_gives_is_ever_fetched_r_78() {
    let p = Prosper::start().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let there = format!("http://{}", listener.local_addr().expect("an address"));
    let (boss, ada) = (p.staff("boss@example.com", StaffRole::Administrator).await, p.agent("ada@example.com").await);
    let callback = format!("{there}/cb");
    let app = ada.has_login_app("Notes", &[&callback]).await;
    let browser = ada.signs_in().await;
    let base = format!("/oauth/apps/{}", app.client_id);
    let page = browser.visit(&format!("{base}/profile")).await;
    browser.submit_to(&page, "/profile", &[("name", "Notes"), ("url", &there)]).await;
    let place = app.authorize_url(&callback, "s");
    let consent = browser.visit(&place).await;
    browser.submit(&consent, &[("decision", "allow")]).await.is(303);
    let desk = boss.opens_the_console().await;
    let tested: String = url::form_urlencoded::byte_serialize(callback.as_bytes()).collect();
    for path in [&*base, &format!("{base}?test={tested}"), "/oauth", "/account/connected-apps"] {
        browser.visit(path).await.is(200);
    }
    desk.visit(&format!("/console/applications/{}", app.client_id)).await.is(200);
    p.flush().await;
    listener.set_nonblocking(true).expect("set");
    let called = listener.accept();
    assert!(called.is_err_and(|none| none.kind() == std::io::ErrorKind::WouldBlock), "somebody was called");
}
