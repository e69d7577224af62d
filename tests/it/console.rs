//! The staff console: who enters, what each role may do, and what is written down of it (A-02, A-05; ).

use prosper::domain::account::{AccountKind, StaffRole};
use prosper::domain::agent::{AgentRole, RequestForm};
use prosper::domain::status::Status;
use prosper::store::agents::AskForRole;
use prosper::store::audit::Trail;
use prosper::web::routes::ROUTES;

use crate::prosper::people::PASSWORD;
use crate::prosper::{Browser, Exchange, Person, Prosper, Start, hours, just_before, minutes};

impl Prosper {
    /// Somebody who works here.
    async fn staff(&self, email: &str, role: StaffRole) -> Person<'_> {
        let person = self.investor(email).await;
        let trail = Trail::system(self.clock.now());
        assert!(self.p.store.set_staff(person.id, Some(role), trail).await.expect("written"));
        person
    }

    /// An institution that asks for the agent role.
    async fn asking(&self, email: &str, message: &str) -> Person<'_> {
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
    async fn opens_the_console(&self) -> Browser<'s> {
        let browser = self.signs_in().await;
        let page = browser.visit("/console").await;
        page.is(200).page_says("<h1>Staff console</h1>");
        let answer = browser.submit(&page, &[("password", &self.password)]).await;
        assert_eq!(answer.status, 303, "{}", answer.told());
        browser
    }

    async fn account(&self) -> prosper::domain::account::Account {
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
        browser.post(path, &[("a", "b")]).await.is(404);
    }
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
        ("/console/applications", [403, 403, 200]),
        ("/console/applications/new", [403, 403, 200]),
        (app.as_str(), [403, 403, 200]),
        ("/console/spaces", [403, 403, 200]),
        ("/console/spaces/1", [403, 403, 200]),
        ("/console/keys", [403, 403, 200]),
        ("/console/mail", [403, 200, 200]),
        ("/console/audit", [403, 403, 200]),
    ];
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
            action("make staff", account(&eve, "staff"), &[("role", "support")], RULES),
            action("disable an app", of_app("disable"), &[], RULES),
            action("enable an app", of_app("enable"), &[], RULES),
            action("hand an app over", of_app("hand-over"), &[], RULES),
            action("register an app", "/console/applications/new".into(), &PARTNER, RULES),
            action("make a space", "/console/spaces".into(), &[("name", "Acme")], RULES),
            action("change a space", "/console/spaces/1".into(), &[("name", "Prosper!")], RULES),
            action("rotate keys", "/console/keys".into(), &[], RULES),
        ];
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
            (eve.account().await.staff.is_some(), 11),
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
    let session = sessions.iter().find(|session| session.agent.starts_with("Staff console")).expect("open");
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

#[tokio::test]
async fn the_queue_has_what_is_due_first_on_top_and_knows_the_holidays() {
    let friday = prosper::domain::time::Timestamp::from_seconds(1_795_165_200); // 2026-11-20 09:00 UTC
    let holidays = vec![jiff::civil::date(2026, 11, 23)];
    let p = Prosper::start_with(Start { now: friday, holidays, ..Start::default() }).await;
    p.asking("ops@northwind.example", "we act for others").await;
    let ada = p.staff("ada@example.com", StaffRole::Reviewer).await;
    let sign_up = p.institution("it@contoso.example").await;
    sign_up.becomes(Status::PendingApproval).await;
    let browser = ada.opens_the_console().await;
    let page = browser.visit("/console").await;
    page.is(200).page_says("2 waiting").page_says("ops@northwind.example").page_says("it@contoso.example");
    page.page_says("existing account").page_says("sign-up");
    // Friday, and Monday is a holiday: Tuesday, Wednesday, Thursday.
    page.page_says("2026-11-26 09:00:00 UTC");
    p.clock.advance(hours(24 * 6));
    let browser = ada.opens_the_console().await;
    browser.visit("/console").await.page_says("2 overdue");
}

#[tokio::test]
async fn asking_again_shows_what_is_different_and_why_it_was_declined_a_05() {
    let p = Prosper::start().await;
    let desk = p.asking("desk@acme.example", "we trade\nsite: none").await;
    let ada = p.staff("ada@example.com", StaffRole::Reviewer).await;
    let browser = ada.opens_the_console().await;
    let path = format!("/console/requests/{}", desk.id);
    let page = browser.visit(&path).await;
    page.page_says("we trade");
    browser.submit(&page, &[("reason", ""), ("decision", "decline")]).await.is(400).page_says("Please fill this in.");
    let answer = browser.submit(&page, &[("reason", "there is no site"), ("decision", "decline")]).await;
    answer.is(303).redirects_to("/console?done=declined");
    browser.visit("/console?done=declined").await.page_says("Nothing waits");
    let ask = AskForRole {
        account: desk.id,
        form: RequestForm::ExistingAccount,
        message: "we trade\nsite: https://acme.example".into(),
        further_accounts: "second@acme.example".into(),
        mail: None,
        trail: Trail::system(p.clock.now()),
    };
    assert!(p.p.store.ask_for_agent_role(ask).await.expect("written"));
    let page = browser.visit(&path).await;
    page.page_says("asks again").page_says("there is no site");
    page.page_says("<del>site: none</del>").page_says("<ins>site: https://acme.example</ins>");
    page.page_says("<ins>second@acme.example</ins>").page_does_not_say("<ins>we trade");
    page.page_says("no account that can be granted it");
    let answer = browser.submit(&page, &[("reason", ""), ("decision", "approve")]).await;
    answer.is(303).redirects_to("/console?done=approved");
    assert_eq!(desk.account().await.agent, AgentRole::Approved);
}

#[tokio::test]
async fn two_reviewers_at_once_decide_once() {
    let p = Prosper::start().await;
    let desk = p.asking("desk@acme.example", "x").await;
    let (ada, bob) =
        (p.staff("ada@example.com", StaffRole::Reviewer).await, p.staff("bob@example.com", StaffRole::Reviewer).await);
    let (one, two) = (ada.opens_the_console().await, bob.opens_the_console().await);
    let path = format!("/console/requests/{}", desk.id);
    let (first, second) = (one.visit(&path).await, two.visit(&path).await);
    one.submit(&first, &[("decision", "approve")]).await.is(303);
    two.submit(&second, &[("reason", "no"), ("decision", "decline")]).await.is(409).page_says("Nothing was changed");
    let decided = p.p.store.audit(Some(format!("account {}", desk.id)), 100).await.expect("read");
    assert_eq!(decided.iter().filter(|row| row.action == "agent.decide").count(), 1);
}

#[tokio::test]
async fn a_status_is_moved_with_a_reason_and_a_day_and_the_form_keeps_what_was_typed() {
    let p = Prosper::start().await;
    let (help, eve) = (p.staff("help@example.com", StaffRole::Support).await, p.investor("eve@example.com").await);
    let app = eve.registers_own_app("Ledger").await;
    let tokens = app.password_grant(&eve).await.tokens();
    let browser = help.opens_the_console().await;
    let path = format!("/console/accounts/{}", eve.id);
    let page = browser.visit(&path).await;
    page.is(200).page_says("prosper user set-status");
    let wrong = browser.submit(&page, &[("status", "on_hold"), ("reason", ""), ("until", "yesterday")]).await;
    wrong.is(400).page_says("Not a day to come.").page_says("Please fill this in.").page_says("value=\"yesterday\"");
    let fields = [("status", "on_hold"), ("reason", "a letter came back"), ("until", "2027-02-01")];
    browser.submit(&page, &fields).await.is(303).redirects_to(&format!("{path}?done=status"));
    assert!(!p.is_good(&tokens).await, "what it granted has ended");
    let page = browser.visit(&format!("{path}?done=status")).await;
    page.page_says("The status was moved.")
        .page_says("On hold")
        .page_says("a letter came back")
        .page_says("1 February 2027");
    let last = p.p.store.status_move(eve.id).await.expect("read").expect("moved");
    assert_eq!((last.by.as_str(), last.reason.as_str()), (format!("staff {}", help.id).as_str(), "a letter came back"));
}

#[tokio::test]
async fn accounts_are_found_by_email_name_number_and_guid_a_page_at_a_time() {
    let p = Prosper::start().await;
    let help = p.staff("help@example.com", StaffRole::Support).await;
    let eve = p.person("eve_100%@example.com", AccountKind::Individual, p.space).await;
    for number in 0..60 {
        p.investor(&format!("many{number:02}@example.com")).await;
    }
    let browser = help.opens_the_console().await;
    let search = async |text: &str| {
        let query = crate::prosper::exchange::form(&[("q", text)]);
        browser.visit(&format!("/console/accounts?{query}")).await
    };
    let (number, uid) = (eve.id.to_string(), eve.uid.to_string());
    for text in ["EVE_100%@", number.as_str(), &format!("#{number}"), uid.as_str(), &uid.to_uppercase()] {
        search(text).await.is(200).page_says("eve_100%@example.com").page_does_not_say("many00");
    }
    search("lovelace").await.page_says("eve_100%@example.com");
    search("e%e").await.page_says("Nobody");
    let first = search("many").await;
    first.page_says("many49@").page_does_not_say("many50@");
    let next = first.body.split("href=\"").find(|link| link.contains("after=")).expect("a next page");
    let next = crate::prosper::browser::unescape(next.split('"').next().expect("ends"));
    browser.visit(&next).await.page_says("many50@").page_says("many59@").page_does_not_say("Next page");
}

#[tokio::test]
async fn an_owner_draws_the_secret_of_a_registered_app_once_and_staff_never_see_it_r_81() {
    let p = Prosper::start().await;
    let (ada, eve, mallory) = (
        p.staff("ada@example.com", StaffRole::Administrator).await,
        p.investor("eve@example.com").await,
        p.investor("mallory@example.com").await,
    );
    let browser = ada.opens_the_console().await;
    let page = browser.visit("/console/applications/new").await;
    let wrong =
        [("kind", "login"), ("owner", "nobody@example.com"), ("name", "HR"), ("url", ""), ("redirect_uris", "")];
    browser.submit(&page, &wrong).await.is(400).page_says("Nobody has this.").page_says("value=\"nobody@example.com\"");
    let fields = [
        ("kind", "login"),
        ("owner", "eve@example.com"),
        ("name", "Acme HR"),
        ("url", "https://hr.example"),
        ("redirect_uris", "https://hr.example/cb"),
    ];
    let made = browser.submit(&page, &fields).await;
    made.is(200).page_says("A link for");
    let start = made.body.find(&format!("{}/oauth/apps/", p.url)).expect("the link");
    let link = made.body[start..].split('<').next().expect("ends").to_owned();
    let path = link.strip_prefix(&p.url).expect("ours").to_owned();
    let client = path.split('/').nth(3).expect("an id").to_owned();
    let mails = p.p.store.outbox(10).await.expect("read");
    assert_eq!(
        (mails[0].mail.recipient.as_str(), mails[0].mail.subject.as_str()),
        ("eve@example.com", "Your app is registered")
    );

    // Not for strangers, not for another, not for the staff who made it.
    assert!(p.browser().get(&path).await.location().starts_with("/login?next="));
    mallory.signs_in().await.get(&path).await.is(404);
    browser.get(&path).await.is(404);

    let owner = eve.signs_in().await;
    let page = owner.get(&path).await;
    page.is(200).page_says("Show the secret");
    owner.get(&path).await.is(200);
    let shown = owner.submit_to(&page, "/hand-over", &[]).await;
    let secret =
        shown.is(200).body.split("<code>").nth(2).and_then(|rest| rest.split('<').next()).expect("shown").to_owned();
    assert_eq!(secret.len(), 32, "{}", shown.told());
    owner.submit_to(&page, "/hand-over", &[]).await.is(404).page_says("This link has been used");
    owner.get(&path).await.is(404).page_does_not_say(&secret);
    browser.get(&format!("/console/applications/{client}")).await.is(200).page_does_not_say(&secret);
    let kept = p.p.store.client(prosper::domain::ids::ClientId::from_hex(&client).expect("an id")).await;
    let kept = kept.expect("read").expect("there");
    let live: Vec<_> = kept.secrets.iter().filter(|secret| secret.is_live(p.clock.now())).collect();
    assert_eq!(live.len(), 1, "the secret that nobody saw has ended");
    let code = [("client_id", client.as_str()), ("client_secret", secret.as_str()), ("code", "x")];
    p.post("/login/oauth/access-token", &code).await.says(400, "Invalid code");
}

#[tokio::test]
async fn a_link_for_an_owner_ends_after_a_week_and_with_the_next_one() {
    let p = Prosper::start().await;
    let (ada, eve) = (p.staff("ada@example.com", StaffRole::Administrator).await, p.investor("eve@example.com").await);
    let app = eve.has_login_app("Notes", &["https://notes.example/cb"]).await;
    let browser = ada.opens_the_console().await;
    let page = format!("/console/applications/{}", app.client_id);
    let make = async || {
        let answer = browser.submit_to(&browser.visit(&page).await, "/hand-over", &[]).await;
        let start = answer.is(200).body.find("/oauth/apps/").expect("the link");
        answer.body[start..].split('<').next().expect("ends").to_owned()
    };
    let (first, second) = (make().await, make().await);
    let owner = eve.signs_in().await;
    owner.get(&first).await.is(404).page_says("has been used, or has expired");
    owner.get(&second).await.is(200);
    p.clock.advance(hours(24 * 7));
    eve.signs_in().await.get(&second).await.is(404);
}

#[tokio::test]
async fn every_change_is_written_down_with_who_what_was_what_is_and_which_request_r_84() {
    let p = Prosper::start().await;
    let (ada, eve) = (p.staff("ada@example.com", StaffRole::Administrator).await, p.investor("eve@example.com").await);
    let app = eve.has_login_app("Notes", &["https://notes.example/cb"]).await;
    let browser = ada.opens_the_console().await;
    let account = format!("/console/accounts/{}", eve.id);
    let of_app = format!("/console/applications/{}", app.client_id);
    let (eve_is, app_is) = (format!("account {}", eve.id), format!("application {}", app.client_id));
    let steps: [(&str, &str, &[(&str, &str)], &str, &str, &str, &str); 7] = [
        (
            &account,
            "/status",
            &[("status", "suspended"), ("reason", "why")],
            &eve_is,
            "account.status",
            "active",
            "suspended: why",
        ),
        (&account, "/reset", &[], &eve_is, "account.reset", "not required", "required"),
        (&account, "/staff", &[("role", "support")], &eve_is, "account.staff", "none", "support"),
        (&of_app, "/disable", &[], &app_is, "application.disable", "enabled", "disabled"),
        (&of_app, "/enable", &[], &app_is, "application.enable", "disabled", "enabled"),
        (
            "/console/spaces/1",
            "/console/spaces/1",
            &[("name", "House"), ("support_email", ""), ("brand", "#0b6b4d")],
            "space 1",
            "space.change",
            "Prosper, -, -, -",
            "House, -, #0b6b4d, -",
        ),
        ("/console/keys", "/console/keys", &[], "installation", "keys.rotate", "", ""),
    ];
    for (page, form, fields, subject, action, before, after) in steps {
        let page = browser.visit(page).await;
        let answer = browser.submit_to(&page, form, fields).await;
        let request = answer.is(303).header("x-request-id").expect("an id").to_owned();
        let rows = p.p.store.audit(None, 5).await.expect("read");
        let row = rows.iter().find(|row| row.action == action).unwrap_or_else(|| panic!("no {action} in {rows:?}"));
        assert_eq!(row.trail.actor, format!("staff {}", ada.id), "{action}");
        assert_eq!(
            (row.trail.request_id.as_str(), row.trail.address.as_str()),
            (request.as_str(), "127.0.0.1"),
            "{action}"
        );
        if action != "keys.rotate" {
            assert_eq!((row.subject.as_str(), row.before.as_str(), row.after.as_str()), (subject, before, after));
        }
        browser.visit(&format!("/console/audit?action={action}")).await.page_says(action).page_says(&request);
    }
}

#[tokio::test]
async fn every_line_beside_a_form_is_one_that_the_terminal_understands() {
    let p = Prosper::start().await;
    let (ada, eve) = (p.staff("ada@example.com", StaffRole::Administrator).await, p.investor("it's@example.com").await);
    let app = eve.has_login_app("it's $(id)", &["https://notes.example/cb"]).await;
    let (asking, agent) = (p.asking("ops@acme.example", "x").await, p.agent("agent@acme.example").await);
    let waiting = p.institution("new@acme.example").await;
    waiting.becomes(Status::PendingApproval).await;
    p.space("it's a house").await;
    let browser = ada.opens_the_console().await;
    let mut lines = 0;
    for path in [
        "/console".to_owned(),
        format!("/console/requests/{}", asking.id),
        format!("/console/requests/{}", agent.id),
        format!("/console/requests/{}", waiting.id),
        "/console/accounts".into(),
        format!("/console/accounts/{}", eve.id),
        "/console/applications".into(),
        "/console/applications/new".into(),
        format!("/console/applications/{}", app.client_id),
        "/console/spaces".into(),
        "/console/spaces/2".into(),
        "/console/keys".into(),
        "/console/audit?subject=account+1&actor=staff+1&action=account.".into(),
    ] {
        let page = browser.visit(&path).await;
        for line in lines_of(page.is(200)) {
            assert!(prosper::cli::understands(&line), "{path}: {line}");
            lines += 1;
        }
    }
    assert!(lines > 20, "{lines}");
}

/// The lines of the command line on a page, as a shell would be given them.
fn lines_of(page: &Exchange) -> Vec<String> {
    let found = page.body.split("<code class=\"cli").skip(1);
    found
        .filter_map(|rest| rest.split_once('>')?.1.split("</code>").next())
        .map(crate::prosper::browser::unescape)
        .collect()
}
