//! Connected apps remember: roughly where a grant was given and used, and what became of it; bounded, and the person's to take along.

use prosper::flows::connected_apps::withdraw;
use prosper::store::applications::ApplicationChange;
use prosper::store::audit::Trail;
use prosper::store::grant_events::GrantStep::{Ended, Given, Narrowed, Renewed, Used, Widened, Withdrawn};
use prosper::store::grant_events::{GrantEvent, GrantStep, MOST_EVENTS, MOST_USES};

use crate::prosper::exchange::{form, request};
use crate::prosper::journeys::AGENT_REDIRECT;
use crate::prosper::login::CALLBACK;
use crate::prosper::{Person, Prosper, hours};

const HISTORY: &str = "/account/connected-apps/history";

impl Person<'_> {
    async fn history(&self) -> Vec<GrantEvent> {
        self.server.p.store.grant_history(self.id, None, MOST_EVENTS).await.expect("read")
    }

    /// What happened, the oldest first.
    async fn steps(&self) -> Vec<GrantStep> {
        let mut steps: Vec<_> = self.history().await.iter().map(|event| event.step).collect();
        steps.reverse();
        steps
    }
}

#[tokio::test]
async fn the_page_says_roughly_where_a_grant_was_given_and_used() {
    let p = Prosper::start().await;
    let app = p.investor("owner@example.com").await.has_login_app("Acme HR", &[CALLBACK]).await;
    let ada = p.investor("ada@example.com").await;
    let browser = ada.signs_in().await;
    let code = browser.code_for(&app).await;
    browser.get("/account/connected-apps").await.page_says("not used yet").page_says("from a program, this machine");
    let body = form(&[("client_id", &app.client_id), ("client_secret", &app.secret), ("code", &code)]);
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("user-agent", "python-requests/2.32.3")];
    p.send(request("POST", "/login/oauth/access-token", &headers, &body)).await.is(200);
    assert_eq!(ada.steps().await, [GrantStep::Given], "no answer waits for what is observed");
    p.flush().await;
    browser.get("/account/connected-apps").await.page_says("last used").page_says("from python-requests, this machine");
    assert_eq!(ada.steps().await, [GrantStep::Given, GrantStep::Used]);
    let page = browser.get(HISTORY).await;
    page.is(200).page_says("Allowed").page_says("Used").page_says("python-requests, this machine");
    let stored = p.p.store.consents_of(ada.id).await.expect("read");
    assert!(!format!("{stored:?}{:?}", ada.history().await).contains("127.0.0.1"), "no address is kept for this");
}

#[tokio::test]
async fn the_history_tells_what_an_agent_was_allowed_and_who_ended_it() {
    let p = Prosper::start().await;
    let agent = p.agent("agent@example.com").await;
    let northwind = agent.registers_agent_app("Northwind", AGENT_REDIRECT).await;
    let ada = p.investor("ada@example.com").await;
    let browser = ada.signs_in().await;
    let allow = async |scope| northwind.auth_key_for(&browser, Some(scope)).await;
    allow("read_loan").await;
    allow("read_loan").await;
    allow("read_loan read_note").await;
    let key = allow("read_note").await;
    let tokens = northwind.auth_key_grant(&key).await.tokens();
    p.flush().await;
    p.clock.advance(hours(2));
    northwind.refresh(&tokens).await.is(200);
    p.flush().await;
    browser.confirms(&format!("/account/connected-apps/{}/withdraw", northwind.client_id)).await.is(200);
    allow("read_note").await;
    let account = p.p.store.account(ada.id).await.expect("read").expect("there");
    withdraw(&account, northwind.id, Trail::cli(p.clock.now()), &p.p).await.expect("withdrawn");
    allow("read_note").await;
    northwind.changes(ApplicationChange::Delete).await;
    let all = [Given, Renewed, Widened, Narrowed, Used, Used, Withdrawn, Given, Withdrawn, Given, Ended];
    assert_eq!(ada.steps().await, all);
    let page = browser.get(HISTORY).await;
    for words in ["Allowed to do more", "Allowed to do less", "Allowed again", "by you", "by our staff", "Ended with"] {
        page.page_says(words);
    }
    // What an agent's role ends is told as well.
    let other = agent.registers_agent_app("Southwind", AGENT_REDIRECT).await;
    other.auth_key(&browser).await;
    agent.agent_role(prosper::domain::agent::AgentMove::Withdraw).await;
    assert_eq!(ada.steps().await[all.len()..], [Given, Ended]);
}

#[tokio::test]
async fn the_history_is_taken_along_as_json_and_as_csv_without_formulas() {
    let p = Prosper::start().await;
    let evil = "=HYPERLINK(\"https://evil.example\",\"x\")";
    let app = p.investor("owner@example.com").await.has_login_app(evil, &[CALLBACK]).await;
    let ada = p.investor("ada@example.com").await;
    let browser = ada.signs_in().await;
    app.exchange(&browser.code_for(&app).await).await.is(200);
    p.flush().await;
    let json = browser.get("/account/connected-apps/export.json").await;
    json.is(200).never_stored();
    assert_eq!(json.header("content-disposition"), Some("attachment; filename=\"connected-apps.json\""));
    assert_eq!(json.header("x-content-type-options"), Some("nosniff"));
    let told = json.json();
    assert_eq!(told["account"], ada.uid.to_string());
    assert_eq!(told["connected"][0]["application"], evil);
    assert_eq!(told["connected"][0]["scope"], "user:email");
    assert_eq!(told["history"][0]["event"], "used");
    assert_eq!((&told["history"][1]["event"], &told["history"][1]["by"]), (&"given".into(), &"you".into()));
    let csv = browser.get("/account/connected-apps/export.csv").await;
    csv.is(200).never_stored();
    assert!(csv.header("content-type").is_some_and(|kind| kind.starts_with("text/csv")), "{}", csv.told());
    assert_eq!(csv.header("content-disposition"), Some("attachment; filename=\"connected-apps.csv\""));
    let lines: Vec<_> = csv.body.lines().collect();
    assert_eq!((lines.len(), lines[0]), (3, "at,event,application,client_id,by,scope,from"));
    for line in &lines[1..] {
        assert!(line.contains("\"'=HYPERLINK(\"\"https://evil.example\"\",\"\"x\"\")\""), "{line}");
        assert!(line.split("\",\"").all(|cell| !cell.trim_start_matches('"').starts_with('=')), "{line}");
    }
    // They are the person's own.
    let eve = p.investor("eve@example.com").await.signs_in().await;
    assert_eq!(eve.get("/account/connected-apps/export.json").await.json()["history"], serde_json::json!([]));
    eve.get(HISTORY).await.is(200).page_says("Nothing yet").page_does_not_say("HYPERLINK");
    for place in [HISTORY, "/account/connected-apps/export.json", "/account/connected-apps/export.csv"] {
        p.get(place).await.is(302);
    }
}

#[tokio::test]
async fn the_history_is_bounded() {
    let p = Prosper::start().await;
    let app = p.investor("owner@example.com").await.has_login_app("Acme HR", &[CALLBACK]).await;
    let ada = p.investor("ada@example.com").await;
    let browser = ada.signs_in().await;
    browser.code_for(&app).await;
    let consent = p.p.store.consents_of(ada.id).await.expect("read")[0].consent.id;
    let use_it = async |place: &str| {
        p.p.store.saw_consent(consent, p.clock.now(), place);
        p.flush().await;
    };
    // Once an hour from one place.
    use_it("here").await;
    use_it("here").await;
    use_it("there").await;
    assert_eq!(ada.steps().await, [GrantStep::Given, GrantStep::Used, GrantStep::Used]);
    for _ in 0..MOST_USES + 5 {
        p.clock.advance(hours(1));
        use_it("here").await;
    }
    let most = usize::try_from(MOST_USES).expect("few");
    assert_eq!(ada.steps().await.len(), most + 1, "the newest uses, and the grant");
    let browser = ada.signs_in().await;
    let page = browser.get(HISTORY).await;
    assert_eq!(page.body.matches("data-label=\"When\"").count(), 50);
    let next = page.body.split("href=\"").find(|rest| rest.starts_with("/account/connected-apps/history?before="));
    let next = next.and_then(|rest| rest.split('"').next()).expect("a next page");
    browser.get(next).await.is(200).page_says("Allowed");
    // Uses go after ninety days, the rest after two years.
    p.clock.advance(hours(24 * 91));
    p.p.store.sweep(p.clock.now()).await.expect("swept");
    assert_eq!(ada.steps().await, [GrantStep::Given]);
    p.clock.advance(hours(24 * 730));
    p.p.store.sweep(p.clock.now()).await.expect("swept");
    assert!(ada.steps().await.is_empty());
}

#[tokio::test]
async fn giving_and_taking_back_over_and_over_fills_no_disk() {
    let p = Prosper::start().await;
    let app = p.investor("owner@example.com").await.has_login_app("Acme HR", &[CALLBACK]).await;
    let ada = p.investor("ada@example.com").await;
    let (now, account) = (p.clock.now(), p.p.store.account(ada.id).await.expect("read").expect("there"));
    let client = p.p.store.client(app.id).await.expect("read").expect("there");
    for _ in 0..MOST_EVENTS / 2 + 3 {
        let consent = prosper::domain::consent::Consent {
            id: prosper::domain::ids::ConsentId::from_bytes(p.p.entropy.bytes()),
            account: ada.id,
            application: app.id,
            scope: prosper::domain::scope::ScopeSet::LOGIN,
            terms: prosper::domain::consent::Terms::of(&client.application),
            granted_at: now,
        };
        let allow = prosper::store::consents::Allow {
            consent,
            key: None,
            account_epoch: account.epoch,
            application_epoch: client.application.epoch,
            mail: None,
            form: None,
            trail: Trail::system(now),
        };
        assert!(p.p.store.allow(allow).await.expect("written").is_some());
        assert!(p.withdraws(&ada, &app).await);
    }
    let kept = p.p.store.grant_history(ada.id, None, i64::MAX).await.expect("read");
    assert_eq!(i64::try_from(kept.len()), Ok(MOST_EVENTS));
    assert_eq!(kept[0].step, GrantStep::Withdrawn);
}
