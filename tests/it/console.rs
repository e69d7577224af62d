//! The staff console: who enters, what each role may do, and what is written down of it (A-02, A-05; ).

use prosper::domain::account::StaffRole;
use prosper::domain::agent::{AgentRole, RequestForm};
use prosper::domain::status::Status;
use prosper::store::agents::AskForRole;
use prosper::store::audit::Trail;
use prosper::web::routes::ROUTES;

use crate::prosper::people::PASSWORD;
use crate::prosper::{Browser, Person, Prosper, hours, just_before, minutes};

impl Prosper {
    /// Somebody who works here.
    pub async fn staff(&self, email: &str, role: StaffRole) -> Person<'_> {
        let person = self.investor(email).await;
        let trail = Trail::system(self.clock.now());
        assert!(self.p.store.set_staff(person.id, Some(role), trail).await.expect("written"));
        person
    }

    /// An institution that asks for the agent role.
    pub async fn asking(&self, email: &str, message: &str) -> Person<'_> {
        let person = self.institution(email).await;
        let ask = AskForRole {
            account: person.id,
            form: RequestForm::ExistingAccount,
            message: message.into(),
            further_accounts: String::new(),
            mail: None,
            trail: Trail::system(self.clock.now()),
        };
        assert!(self.p.store.ask_for_agent_role(ask).await.expect("written"));
        person
    }
}

impl<'s> Person<'s> {
    /// A browser in which this person has opened the console.
    pub async fn opens_the_console(&self) -> Browser<'s> {
        let browser = self.signs_in().await;
        let page = browser.visit("/console").await;
        page.is(200).page_says("<h1>Staff console</h1>");
        let answer = browser.submit(&page, &[("password", &self.password)]).await;
        assert_eq!(answer.status, 303, "{}", answer.told());
        browser
    }

    pub async fn account(&self) -> prosper::domain::account::Account {
        self.server.p.store.credentials(self.id).await.expect("read").expect("there").account
    }
}

/// Every route of the console, with its parts that vary filled in.
fn routes(account: i64) -> Vec<(String, &'static str)> {
    let fill = |path: &str| {
        path.replace("{account}", &account.to_string())
            .replace("{id}", &account.to_string())
            .replace("{client_id}", &"ab".repeat(16))
    };
    let found: Vec<_> = ROUTES
        .iter()
        .filter(|route| route.path == "/console" || route.path.starts_with("/console/"))
        .map(|route| (fill(route.path), route.methods))
        .collect();
    assert!(found.len() > 20, "the table has the console's routes");
    found
}

const ENDINGS: [&str; 5] = ["", "/", "//", "/.", "/%2e"];

#[tokio::test]
async fn somebody_who_is_not_staff_finds_nothing_at_any_route_by_any_method_however_spelled_r_82() {
    let p = Prosper::start().await;
    let (ada, eve) = (p.staff("ada@example.com", StaffRole::Administrator).await, p.investor("eve@example.com").await);
    let browser = eve.signs_in().await;
    for (path, methods) in routes(ada.id.0) {
        for ending in ENDINGS {
            browser.get(&format!("{path}{ending}")).await.is(404);
        }
        browser.get(&path.replace("console", "Console")).await.is(404);
        browser.get(&path.replace("console", "%63onsole")).await.is(404);
        browser.get(&format!("/{path}")).await.is(404);
        let page = browser.get(&path).await;
        page.is(404).page_does_not_say("staff");
        let form = [("form_token", "x"), ("status", "closed"), ("password", PASSWORD)];
        let posted = browser.post(&path, &form).await;
        posted.is(404);
        for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
            let answer = browser.send(method, &path, &[("sec-fetch-site", "same-origin")], "").await;
            answer.is(404);
            assert_eq!(answer.header("allow"), None, "{methods}\n{}", answer.told());
        }
    }
    assert_eq!(ada.account().await.status, Status::Active);
}

#[tokio::test]
async fn a_stranger_is_sent_to_sign_in_from_every_path_alike_and_may_post_nothing() {
    let p = Prosper::start().await;
    let browser = p.browser();
    for path in ["/console", "/console/accounts/1", "/console/no-such-page"] {
        let next = path.replace('/', "%2F");
        browser.get(path).await.is(302).redirects_to(&format!("/login?next={next}"));
        // The same for what is there and what is not: nothing was done, and sign-in says so.
        let posted = browser.post(path, &[("a", "b")]).await;
        posted.is(303).redirects_to(&format!("/login?next={next}&lost=form"));
    }
    let told = browser.visit("/login?next=%2Fconsole&lost=form").await;
    told.page_says("Your session had ended before the form arrived.").page_says("Nothing was changed");
}

#[tokio::test]
async fn an_ordinary_session_of_staff_does_not_open_the_console() {
    let p = Prosper::start().await;
    let ada = p.staff("ada@example.com", StaffRole::Administrator).await;
    let browser = ada.signs_in().await;
    for (path, _) in routes(1) {
        if path != "/console/sign-in" {
            assert!(browser.get(&path).await.location().starts_with("/console/sign-in?next="));
        }
        let posted = browser.post(&path, &[("status", "closed")]).await;
        assert!(posted.status == 303 || posted.status == 400, "{}", posted.told());
    }
    // Nor does its cookie under the console's name.
    let secret = browser.cookie("prosper").expect("signed in");
    browser.set_cookie("prosper-staff", &secret);
    assert!(browser.get("/console").await.location().starts_with("/console/sign-in"));
}

#[tokio::test]
async fn the_console_opens_with_the_password_typed_again_and_closes_when_it_is_not_used() {
    let p = Prosper::start().await;
    let ada = p.staff("ada@example.com", StaffRole::Administrator).await;
    let browser = ada.signs_in().await;
    let page = browser.visit("/console/keys").await;
    let wrong = browser.submit(&page, &[("password", "something else entirely")]).await;
    wrong.is(400).page_says("That password does not match.");
    assert_eq!(browser.cookie("prosper-staff"), None);
    let right = browser.submit(&page, &[("password", &ada.password)]).await;
    right.is(303).redirects_to("/console/keys");
    let cookie = right.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with("prosper-staff=") && cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
    browser.get("/console/keys").await.is(200);
    p.clock.advance(just_before(minutes(15)));
    browser.get("/console/keys").await.is(200);
    p.flush().await;
    p.clock.advance(minutes(15));
    assert!(browser.get("/console/keys").await.location().starts_with("/console/sign-in"));
    browser.get("/account").await.is(200);
}

/// the console leads on to its own pages alone.
#[tokio::test]
async fn opening_the_console_leads_to_no_other_place_r_28() {
    let p = Prosper::start().await;
    let ada = p.staff("ada@example.com", StaffRole::Administrator).await;
    for (next, there) in [
        ("//evil.test/console", "/console"),
        ("https://evil.test/console", "/console"),
        ("/console\\..\\evil", "/console"),
        ("/account", "/console"),
        ("/consoles", "/console"),
        ("/console/sign-in", "/console"),
        ("/console/accounts?q=ada", "/console/accounts?q=ada"),
    ] {
        let browser = ada.signs_in().await;
        let carried: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        let page = browser.get(&format!("/console/sign-in?next={carried}")).await;
        browser.submit(&page, &[("password", &ada.password)]).await.is(303).redirects_to(there);
    }
}

#[tokio::test]
async fn the_console_closes_by_its_button_after_eight_hours_and_with_the_role() {
    let p = Prosper::start().await;
    let ada = p.staff("ada@example.com", StaffRole::Administrator).await;
    let browser = ada.opens_the_console().await;
    let page = browser.visit("/console").await;
    browser.submit_to(&page, "/console/leave", &[]).await.is(303).redirects_to("/account");
    assert!(browser.get("/console").await.location().starts_with("/console/sign-in"));

    let browser = ada.opens_the_console().await;
    for _ in 0..48 {
        p.clock.advance(minutes(10));
        browser.get("/console").await;
        p.flush().await;
    }
    assert!(browser.get("/console").await.location().starts_with("/console/sign-in"), "eight hours are over");

    let browser = ada.opens_the_console().await;
    p.p.store.set_staff(ada.id, None, Trail::system(p.clock.now())).await.expect("written");
    browser.get("/console").await.is(404);
}

/// The routes of the console that take this method, as the table has them.
fn of_the_console(method: &str) -> Vec<&'static str> {
    let console = ROUTES.iter().filter(|route| route.path == "/console" || route.path.starts_with("/console/"));
    console.filter(|route| route.methods.split(", ").any(|taken| taken == method)).map(|route| route.path).collect()
}

/// Is this path one of that route?
fn is_of(route: &str, path: &str) -> bool {
    let (route, path): (Vec<_>, Vec<_>) = (route.split('/').collect(), path.split('/').collect());
    route.len() == path.len() && route.iter().zip(&path).all(|(part, given)| part == given || part.starts_with('{'))
}

impl Prosper {
    /// Something waits in the outbox for this person.
    async fn is_mailed(&self, person: &Person<'_>) {
        let about = prosper::mail::About::AccountActive { link: "https://id.example/login".into() };
        let mail =
            prosper::flows::write_mail::write_to(&person.account().await, about, &self.p).await.expect("written");
        self.p.store.post(mail, self.clock.now()).await.expect("written");
    }
}

/// What each role may look at.
#[tokio::test]
async fn each_role_reads_its_own_parts_and_no_others() {
    let p = Prosper::start().await;
    let (eve, asking) = (p.investor("eve@example.com").await, p.asking("ops@acme.example", "please").await);
    let app = eve.has_login_app("Notes", &["https://notes.example/cb"]).await;
    let (request, account) = (format!("/console/requests/{}", asking.id), format!("/console/accounts/{}", eve.id));
    let app = format!("/console/applications/{}", app.client_id);
    let pages = [
        (request.as_str(), [200, 403, 200]),
        ("/console/accounts", [200, 200, 200]),
        (account.as_str(), [200, 200, 200]),
        ("/console/erasures", [403, 200, 200]),
        ("/console/applications", [403, 403, 200]),
        ("/console/applications/new", [403, 403, 200]),
        (app.as_str(), [403, 403, 200]),
        ("/console/spaces", [403, 403, 200]),
        ("/console/spaces/1", [403, 403, 200]),
        ("/console/keys", [403, 403, 200]),
        ("/console/mail", [403, 200, 200]),
        ("/console/mail/1", [403, 200, 200]),
        ("/console/audit", [403, 403, 200]),
    ];
    p.is_mailed(&eve).await;
    let looked_at = |route: &str| pages.iter().any(|(path, _)| is_of(route, path));
    let left_out: Vec<_> = of_the_console("GET").into_iter().filter(|route| !looked_at(route)).collect();
    // The first is every role's, in its way; the second is what opens the console.
    assert_eq!(left_out, ["/console", "/console/sign-in"]);
    for (at, role) in [StaffRole::Reviewer, StaffRole::Support, StaffRole::Administrator].into_iter().enumerate() {
        let browser = p.staff(&format!("{}@staff.example", role.name()), role).await.opens_the_console().await;
        for (path, expected) in pages {
            let answer = browser.get(path).await;
            assert_eq!(answer.status, expected[at], "{} at {path}\n{}", role.name(), answer.told());
        }
    }
}

/// An action of the console: where it is posted to, and what.
struct Action {
    name: &'static str,
    /// The page whose form tokens are for it.
    path: String,
    fields: Vec<(&'static str, &'static str)>,
    /// Reviewer, support, administrator.
    allowed: [bool; 3],
}

fn action(name: &'static str, path: String, fields: &[(&'static str, &'static str)], allowed: [bool; 3]) -> Action {
    Action { name, path, fields: fields.to_vec(), allowed }
}

#[tokio::test]
async fn every_role_may_do_its_part_and_the_flows_refuse_the_rest_whatever_is_sent_r_80() {
    const REVIEWS: [bool; 3] = [true, false, true];
    const SUPPORTS: [bool; 3] = [false, true, true];
    const RULES: [bool; 3] = [false, false, true];
    let roles = [StaffRole::Reviewer, StaffRole::Support, StaffRole::Administrator];
    for (at, role) in roles.into_iter().enumerate() {
        let p = Prosper::start().await;
        let eve = p.investor("eve@example.com").await;
        let closed = p.investor("closed@example.com").await;
        closed.becomes(Status::Closed).await;
        let gone = p.investor("gone@example.com").await;
        gone.becomes(Status::Closed).await;
        let (one, two) = (p.asking("one@acme.example", "x").await, p.asking("two@acme.example", "x").await);
        let agent = p.agent("agent@acme.example").await;
        let (new, newer) = (p.institution("new@acme.example").await, p.institution("newer@acme.example").await);
        new.becomes(Status::PendingApproval).await;
        newer.becomes(Status::PendingApproval).await;
        let app = eve.has_login_app("Notes", &["https://notes.example/cb"]).await;
        let account = |person: &Person<'_>, what: &str| format!("/console/accounts/{}/{what}", person.id);
        let request = |person: &Person<'_>| format!("/console/requests/{}", person.id);
        let of_app = |what: &str| format!("/console/applications/{}/{what}", app.client_id);
        let why = ("reason", "a test");
        let actions = [
            action("approve an agent", request(&one), &[("decision", "approve")], REVIEWS),
            action("decline an agent", request(&two), &[("decision", "decline"), why], REVIEWS),
            action("withdraw a role", request(&agent), &[("decision", "withdraw"), why], REVIEWS),
            action("admit an institution", request(&new), &[("decision", "approve")], REVIEWS),
            action("turn one away", request(&newer), &[("decision", "decline"), why], REVIEWS),
            action("suspend", account(&eve, "status"), &[("status", "suspended"), why], SUPPORTS),
            action("reactivate", account(&eve, "status"), &[("status", "active"), why], SUPPORTS),
            action("demand a reset", account(&eve, "reset"), &[("required", "yes")], SUPPORTS),
            action("lift it", account(&eve, "reset"), &[("required", "no")], SUPPORTS),
            action("sign out", account(&eve, "sign-out"), &[], SUPPORTS),
            action("reopen", account(&closed, "status"), &[("status", "inactive"), why], RULES),
            action("plan an erasure", account(&gone, "erasure"), &[("do", "plan")], RULES),
            action("call it off", account(&gone, "erasure"), &[("do", "keep")], RULES),
            action("make staff", account(&eve, "staff"), &[("role", "support")], RULES),
            action("disable an app", of_app("disable"), &[], RULES),
            action("enable an app", of_app("enable"), &[], RULES),
            action("hand an app over", of_app("hand-over"), &[], RULES),
            action("register an app", "/console/applications/new".into(), &PARTNER, RULES),
            action("make a space", "/console/spaces".into(), &[("name", "Acme")], RULES),
            action("change a space", "/console/spaces/1".into(), &[("name", "Prosper!")], RULES),
            action("rotate keys", "/console/keys".into(), &[], RULES),
            action("invite", "/console/spaces/1/invite".into(), &[("email", "new@example.com")], RULES),
            action("take a logo away", "/console/spaces/1/logo".into(), &[("do", "remove")], RULES),
            action("send a mail again", "/console/mail/1/again".into(), &[], SUPPORTS),
            action("read a mail", "/console/mail/1/read".into(), &[], RULES),
        ];
        let tried = |route: &str| actions.iter().any(|action| is_of(route, &action.path));
        let left_out: Vec<_> = of_the_console("POST").into_iter().filter(|route| !tried(route)).collect();
        assert_eq!(left_out, ["/console/sign-in", "/console/leave"], "whoever is in may leave");
        p.is_mailed(&eve).await;
        let staff = p.staff("staff@example.com", role).await;
        let browser = staff.opens_the_console().await;
        for action in &actions {
            // Made by hand, with a token of the server's own: no button is needed to try.
            let token = token_for(&browser, &p, &staff, &action.path).await;
            let mut form = vec![("form_token", token.as_str())];
            form.extend_from_slice(&action.fields);
            let answer = browser.post(&action.path, &form).await;
            let told = format!("{} by {}\n{}", action.name, role.name(), answer.told());
            if action.allowed[at] {
                assert!(matches!(answer.status, 200 | 303), "{told}");
                let (request, rows) = (answer.header("x-request-id"), p.p.store.audit(None, 5).await.expect("read"));
                let row = rows.iter().find(|row| Some(row.trail.request_id.as_str()) == request);
                let row = row.unwrap_or_else(|| panic!("{} is not in {rows:#?}", action.name));
                assert_eq!(row.trail.actor, format!("staff {}", staff.id), "{told}");
            } else {
                assert!(matches!(answer.status, 403 | 409), "{told}");
            }
        }
        let stands = [
            (one.account().await.agent == AgentRole::Approved, 0),
            (agent.account().await.agent == AgentRole::Withdrawn, 2),
            (new.account().await.status == Status::Active, 3),
            (newer.account().await.status == Status::Closed, 4),
            (closed.account().await.status == Status::Inactive, 10),
            (eve.account().await.staff.is_some(), 13),
        ];
        for (done, action) in stands {
            assert_eq!(done, actions[action].allowed[at], "{} by {}", actions[action].name, role.name());
        }
    }
}

const PARTNER: [(&str, &str); 3] = [("kind", "partner"), ("owner", "eve@example.com"), ("name", "Lending")];

/// A form token about `path`, bound to this browser's session of the console.
async fn token_for(browser: &Browser<'_>, p: &Prosper, staff: &Person<'_>, path: &str) -> String {
    use prosper::crypto::seal::{Purpose, to_base64url};
    let sessions = p.p.store.sessions_of(staff.id).await.expect("read");
    let session = sessions.iter().find(|session| session.console).expect("open");
    assert!(browser.cookie("prosper-staff").is_some());
    let end = p.clock.now().plus(hours(1)).micros().to_be_bytes();
    let digest = prosper::crypto::digest::sha256(path.as_bytes());
    let plain = [session.id.bytes().as_slice(), &end, &digest].concat();
    to_base64url(&p.p.keys.seal(Purpose::FormToken, &plain, &p.p.entropy))
}

#[tokio::test]
async fn nobody_decides_on_their_own_request_or_account_r_80() {
    let p = Prosper::start().await;
    let desk = p.asking("desk@acme.example", "for ourselves").await;
    let trail = Trail::system(p.clock.now());
    p.p.store.set_staff(desk.id, Some(StaffRole::Administrator), trail).await.expect("written");
    let browser = desk.opens_the_console().await;
    let own = format!("/console/requests/{}", desk.id);
    browser.get(&own).await.is(200).page_says("This is your own account.").page_does_not_say("value=\"approve\"");
    let account = format!("/console/accounts/{}", desk.id);
    browser
        .get(&account)
        .await
        .is(200)
        .page_says("This is your own account.")
        .page_does_not_say("Move the status</button>");
    let tries = [
        (own, vec![("decision", "approve")]),
        (format!("{account}/status"), vec![("status", "suspended"), ("reason", "x")]),
        (format!("{account}/reset"), vec![("required", "yes")]),
        (format!("{account}/sign-out"), vec![]),
        (format!("{account}/staff"), vec![("role", "none")]),
        (format!("{account}/erasure"), vec![("do", "plan")]),
    ];
    for (path, fields) in tries {
        let token = token_for(&browser, &p, &desk, &path).await;
        let mut form = vec![("form_token", token.as_str())];
        form.extend(fields);
        browser.post(&path, &form).await.is(403);
    }
    let after = desk.account().await;
    assert_eq!(
        (after.agent, after.status, after.staff),
        (AgentRole::Requested, Status::Active, Some(StaffRole::Administrator))
    );
}

/// whoever may do more than when they typed their password types it again; R-84: that it was opened is written down.
#[tokio::test]
async fn the_console_closes_when_the_role_changes_and_whoever_opens_it_is_written_down() {
    let p = Prosper::start().await;
    let help = p.staff("help@example.com", StaffRole::Support).await;
    let browser = help.opens_the_console().await;
    let rows = p.p.store.audit(Some(format!("account {}", help.id)), 1).await.expect("read");
    assert_eq!(
        (rows[0].action.as_str(), rows[0].trail.actor.as_str()),
        ("console.open", &*format!("staff {}", help.id))
    );
    assert!(!rows[0].trail.request_id.is_empty() && rows[0].trail.address == "127.0.0.1", "{rows:?}");
    browser.get("/console/accounts").await.is(200);
    let trail = Trail::system(p.clock.now());
    p.p.store.set_staff(help.id, Some(StaffRole::Administrator), trail).await.expect("written");
    assert!(browser.get("/console/accounts").await.location().starts_with("/console/sign-in"));
    browser.get("/account").await.is(200);
    let page = browser.visit("/console/keys").await;
    browser.submit(&page, &[("password", &help.password)]).await.redirects_to("/console/keys");
    browser.get("/console/keys").await.is(200);
}

/// whoever signs out leaves nothing open behind them.
#[tokio::test]
async fn signing_out_closes_the_console_of_the_same_browser() {
    let p = Prosper::start().await;
    let ada = p.staff("ada@example.com", StaffRole::Administrator).await;
    let (browser, elsewhere) = (ada.opens_the_console().await, ada.opens_the_console().await);
    let cookie = browser.cookie("prosper-staff").expect("open");
    let page = browser.visit("/logout").await;
    browser.submit_to(&page, "/logout", &[]).await.is(303).redirects_to("/logout");
    assert_eq!(browser.cookie("prosper-staff"), None);
    browser.set_cookie("prosper-staff", &cookie);
    assert!(browser.get("/console").await.location().starts_with("/login?next="), "it is dead on the server");
    elsewhere.get("/console").await.is(200);
    let listed = elsewhere.get("/account/sessions").await;
    listed.is(200).page_says("<span class=\"badge warn\">Staff console</span>").page_does_not_say(">Staff</h2>");
}

#[tokio::test]
async fn support_does_not_manage_those_who_gave_it_its_role() {
    let p = Prosper::start().await;
    let (boss, help) = (
        p.staff("boss@example.com", StaffRole::Administrator).await,
        p.staff("help@example.com", StaffRole::Support).await,
    );
    let browser = help.opens_the_console().await;
    let path = format!("/console/accounts/{}/status", boss.id);
    let token = token_for(&browser, &p, &help, &path).await;
    let form = [("form_token", token.as_str()), ("status", "suspended"), ("reason", "x")];
    browser.post(&path, &form).await.is(403);
    assert_eq!(boss.account().await.status, Status::Active);
}

#[tokio::test]
async fn a_form_of_another_site_or_without_its_token_does_nothing_w_02() {
    let p = Prosper::start().await;
    let (ada, eve) = (p.staff("ada@example.com", StaffRole::Administrator).await, p.investor("eve@example.com").await);
    let browser = ada.opens_the_console().await;
    let path = format!("/console/accounts/{}/status", eve.id);
    let token = token_for(&browser, &p, &ada, &path).await;
    let body = crate::prosper::exchange::form(&[("form_token", &token), ("status", "closed"), ("reason", "x")]);
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "cross-site")];
    browser.send("POST", &path, &headers, &body).await.is(403);
    browser.post(&path, &[("status", "closed"), ("reason", "x")]).await.is(400).page_says("Please send that again.");
    // A token of the ordinary session, or about another form, is none.
    let other = token_for(&browser, &p, &ada, "/console/keys").await;
    browser.post(&path, &[("form_token", &other), ("status", "closed"), ("reason", "x")]).await.is(400);
    assert_eq!(eve.account().await.status, Status::Active);
}
