//! Time that goes back revives nothing, and a jump ahead is not followed until somebody says so (house rule on time; R-88,
//! F-08, ST-06).

use prosper::domain::time::Timestamp;
use prosper::prosper::Lockout;

use crate::prosper::exchange::Tokens;
use crate::prosper::journeys::AGENT_REDIRECT;
use crate::prosper::login::CALLBACK;
use crate::prosper::people::PASSWORD;
use crate::prosper::{App, Browser, Prosper, Start, hours, minutes, seconds};

const NOON: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// What people and programs hold, without the server it came from.
struct Held {
    ids: [(prosper::domain::ids::ClientId, String, String); 2],
    tokens: Tokens,
    code: String,
    token: String,
    cookie: String,
}

impl Held {
    async fn of(p: &Prosper) -> Self {
        let ada = p.investor("ada@example.com").await;
        let (app, login) = (ada.registers_own_app("Own").await, ada.has_an_app_to_log_in_to().await);
        let browser = ada.signs_in().await;
        Self {
            tokens: app.password_grant(&ada).await.tokens(),
            token: login.exchange(&browser.code_for(&login).await).await.login_token(),
            code: browser.code_for(&login).await,
            cookie: browser.cookie("prosper").expect("signed in"),
            ids: [app, login].map(|app| (app.id, app.client_id, app.secret)),
        }
    }

    fn apps<'s>(&self, p: &'s Prosper) -> [App<'s>; 2] {
        self.ids.clone().map(|(id, client_id, secret)| App { server: p, id, client_id, secret })
    }

    fn browser<'s>(&self, p: &'s Prosper) -> Browser<'s> {
        let browser = p.browser();
        browser.set_cookie("prosper", &self.cookie);
        browser
    }

    async fn is_signed_in(&self, p: &Prosper) -> bool {
        self.browser(p).get("/logout").await.is(200).body.contains("action=\"/logout\"")
    }
}

#[tokio::test]
async fn a_wall_clock_that_is_set_back_while_we_run_revives_nothing() {
    let p = Prosper::start().await;
    let held = Held::of(&p).await;
    let [app, login] = held.apps(&p);
    p.clock.advance(hours(1));
    p.clock.jump(NOON);
    assert!(!p.is_good(&held.tokens).await);
    login.exchange(&held.code).await.says(400, "Code has expired");
    p.user(&held.token).await.says(401, "Invalid token");
    p.clock.advance(hours(9));
    p.clock.jump(NOON);
    app.refresh(&held.tokens).await.refused(400, "invalid_grant", "Missing/Invalid refresh token");
    p.clock.advance(hours(12));
    p.clock.jump(NOON);
    assert!(!held.is_signed_in(&p).await);
}

#[tokio::test]
async fn a_start_with_a_clock_set_back_revives_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let lockout = Some(Lockout { failures: 2, span: minutes(15) });
    let start = |now| Start { folder: Some(folder.path().to_owned()), now, lockout, ..Start::default() };
    let (held, used) = {
        let p = Prosper::start_with(start(NOON)).await;
        let held = Held::of(&p).await;
        let [_, login] = held.apps(&p);
        let used = held.browser(&p).code_for(&login).await;
        login.exchange(&used).await.login_token();
        p.clock.advance(hours(23));
        // As the server does every few seconds, and with each commit.
        p.p.store.mark_time(p.p.now()).await.expect("written");
        (held, used)
    };
    let later = {
        let p = Prosper::start_with(start(NOON)).await;
        assert!(p.p.now() >= NOON.plus(hours(23)), "never before what was shown to anybody");
        let [app, login] = held.apps(&p);
        assert!(!p.is_good(&held.tokens).await);
        app.refresh(&held.tokens).await.refused(400, "invalid_grant", "Missing/Invalid refresh token");
        login.exchange(&held.code).await.says(400, "Code has expired");
        login.exchange(&used).await.says(400, "Code has expired");
        p.user(&held.token).await.says(401, "Invalid token");
        assert!(!held.is_signed_in(&p).await);
        // A lock that begins now …
        for _ in 0..2 {
            app.password_grant_as("ada@example.com", "not it at all").await.is(400);
        }
        p.clock.advance(seconds(5));
        p.p.store.mark_time(p.p.now()).await.expect("written");
        p.p.now()
    };
    // … is neither shorter nor longer for a clock that goes back.
    let p = Prosper::start_with(start(NOON)).await;
    assert_eq!(p.p.now(), later);
    let [app, _] = held.apps(&p);
    let locked = app.password_grant_as("ada@example.com", PASSWORD).await;
    assert_eq!(locked.is(429).header("retry-after"), Some("895"));
    p.clock.advance(seconds(895));
    app.password_grant_as("ada@example.com", PASSWORD).await.tokens();
}

/// A code that was used and swept stays used, whatever the clock says afterwards.
#[tokio::test]
async fn a_used_code_that_was_swept_stays_used_when_the_clock_goes_back() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let login = ada.has_an_app_to_log_in_to().await;
    let browser = ada.signs_in().await;
    let (used, unused) = (browser.code_for(&login).await, browser.code_for(&login).await);
    login.exchange(&used).await.login_token();
    p.clock.advance(minutes(20));
    p.p.store.sweep(p.p.now()).await.expect("swept");
    assert_eq!(p.p.store.redemption_count().await.expect("read"), 0, "the row is gone");
    // What `rebase` does no operator can do without a new epoch; the store must hold even so.
    p.clock.rebase(NOON);
    for code in [&used, &unused] {
        login.exchange(code).await.says(400, "Invalid code");
    }
    let fresh = browser.code_for(&login).await;
    login.exchange(&fresh).await.says(400, "Invalid code");
    p.clock.rebase(NOON.plus(minutes(20)));
    login.exchange(&browser.code_for(&login).await).await.login_token();
}

#[tokio::test]
async fn a_jump_ahead_is_not_followed_until_an_operator_accepts_it_and_then_everything_ends() {
    let p = Prosper::start().await;
    let held = Held::of(&p).await;
    let agent = p.agent("ops@agent.example").await.registers_agent_app("Northwind", AGENT_REDIRECT).await;
    let key = agent.auth_key(&held.browser(&p)).await;
    let [app, login] = held.apps(&p);
    let known = p.p.store.installation().await.expect("read").clock_set;
    p.clock.jump(NOON.plus(hours(24)));
    assert_eq!(p.p.now(), NOON, "a day ahead, and nobody asked for it");
    assert!(p.is_good(&held.tokens).await && held.is_signed_in(&p).await);
    p.user(&held.token).await.is(200);
    agent.auth_key_grant(&key).await.tokens();
    assert_eq!(p.clock.drift(), 24 * 3_600 * 1_000_000);
    assert_eq!(p.p.follow_clock(known).await.expect("read"), known, "nobody has accepted anything");
    assert_eq!(p.p.now(), NOON);

    p.p.store.begin_epoch(Some(p.clock.wall()), p.system()).await.expect("written");
    p.p.follow_clock(known).await.expect("read");
    assert_eq!(p.p.now(), NOON.plus(hours(24)));
    assert_eq!(p.clock.drift(), 0);
    assert!(!p.is_good(&held.tokens).await && !held.is_signed_in(&p).await);
    agent.auth_key_grant(&key).await.refused(400, "invalid_grant", "Bad credentials");

    // Back as well: an operator may say that the clock was wrong, and that ends everything too.
    let fresh = app.password_grant_as("ada@example.com", PASSWORD).await.tokens();
    let known = p.p.store.installation().await.expect("read").clock_set;
    p.clock.jump(NOON);
    p.p.store.begin_epoch(Some(p.clock.wall()), p.system()).await.expect("written");
    p.p.follow_clock(known).await.expect("read");
    assert_eq!(p.p.now(), NOON);
    assert!(!p.is_good(&fresh).await);
    assert!(!p.is_good(&held.tokens).await, "what was ended before stays ended");
    login.exchange(&held.code).await.says(400, "Invalid code");
    assert!(p.is_good(&app.password_grant_as("ada@example.com", PASSWORD).await.tokens()).await);
    let page = p.browser().get(&login.authorize_url(CALLBACK, "s")).await;
    assert!(page.location().starts_with("/login"), "{}", page.told());
}
