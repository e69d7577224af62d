//! Guessing: after a hundred wrong passwords in a row an email is locked for a quarter of an hour, the same for everybody,
//! and whoever is in stays in (T-13; ).

use futures_util::future::join_all;
use prosper::domain::account::AccountKind;
use prosper::domain::time::Timestamp;
use prosper::prosper::Lockout;

use crate::prosper::exchange::request;
use crate::prosper::login::CALLBACK;
use crate::prosper::people::PASSWORD;
use crate::prosper::{
    A_MOMENT, App, Browser, Exchange, ON_POSTGRES, Prosper, Start, is_set, just_before, minutes, seconds,
};

const SPAN: std::time::Duration = minutes(15);

fn after(failures: u32) -> Start {
    Start { lockout: Some(Lockout { failures, span: SPAN }), ..Start::default() }
}

async fn guess(app: &App<'_>, email: &str, times: usize) -> Vec<Exchange> {
    let mut answers = Vec::new();
    for _ in 0..times {
        answers.push(app.password_grant_as(email, "not it at all").await);
    }
    answers
}

#[track_caller]
fn is_looked_at(answer: &Exchange) {
    answer.refused(400, "invalid_grant", "Bad credentials");
}

#[track_caller]
fn is_locked_for(answer: &Exchange, seconds: &str) {
    answer.refused(429, "temporarily_unavailable", "Too many attempts");
    assert_eq!(answer.header("retry-after"), Some(seconds), "{}", answer.told());
}

/// All but what names this one answer.
fn essence(answer: &Exchange) -> (u16, Vec<(String, String)>, String) {
    let named = answer.headers.iter().map(|(name, value)| (name.to_string(), format!("{value:?}")));
    let named = named.filter(|(name, _)| !["x-request-id", "date"].contains(&name.as_str())).collect();
    (answer.status, named, answer.body.clone())
}

/// staff see that somebody was locked out, when, and until when; of nobody there is nothing to be written.
#[tokio::test]
async fn the_attempt_that_locks_is_written_down_on_the_account() {
    let p = Prosper::start_with(after(3)).await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Own").await;
    for email in ["ada@example.com", "nobody@example.com"] {
        guess(&app, email, 6).await;
    }
    let rows = p.p.store.audit(None, 10).await.expect("read");
    let locks: Vec<_> = rows.iter().filter(|row| row.action == "account.lock").collect();
    assert_eq!(locks.len(), 1, "{rows:#?}");
    assert_eq!((locks[0].subject.as_str(), locks[0].trail.actor.as_str()), (&*format!("account {}", ada.id), "system"));
    assert!(locks[0].after.starts_with("until 2027-01-15T08:15"), "{locks:?}");
}

#[tokio::test]
async fn of_three_hundred_guesses_at_once_exactly_a_hundred_are_looked_at_r_55() {
    let p = Prosper::start_with(after(100)).await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Own").await;
    for email in ["ada@example.com", "nobody@example.com"] {
        let before = p.p.passwords.hashes_started();
        let answers = join_all((0..300).map(|_| app.password_grant_as(email, "not it at all"))).await;
        // PostgreSQL counts the attempts on one email one after the other; whoever waits for a connection for too long is
        // turned away, neither counted nor looked at.
        let (busy, answered): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 503);
        assert!(busy.is_empty() || is_set(ON_POSTGRES), "{email}: {} were turned away", busy.len());
        let (locked, looked_at): (Vec<_>, Vec<_>) = answered.into_iter().partition(|answer| answer.status == 429);
        assert_eq!((looked_at.len(), locked.len()), (100, 200 - busy.len()), "{email}");
        looked_at.into_iter().for_each(is_looked_at);
        for answer in locked {
            is_locked_for(answer, "900");
        }
        assert_eq!(p.p.passwords.hashes_started() - before, 100, "{email}: counted before the hash is spent");
    }
}

#[tokio::test]
async fn the_right_password_is_refused_the_same_way_as_a_wrong_one_and_as_a_strangers() {
    let p = Prosper::start_with(after(5)).await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Own").await;
    guess(&app, "ada@example.com", 5).await.iter().for_each(is_looked_at);
    guess(&app, "nobody@example.com", 5).await.iter().for_each(is_looked_at);
    let before = p.p.passwords.hashes_started();
    let right = app.password_grant(&ada).await;
    is_locked_for(&right, "900");
    for (email, password) in
        [("ada@example.com", "wrong"), ("ADA@Example.com", PASSWORD), ("nobody@example.com", PASSWORD)]
    {
        assert_eq!(essence(&app.password_grant_as(email, password).await), essence(&right), "{email}");
    }
    assert_eq!(p.p.passwords.hashes_started(), before, "no hash is spent on a locked email");
}

#[tokio::test]
async fn a_lock_ends_after_its_quarter_of_an_hour_and_the_count_begins_again() {
    let p = Prosper::start_with(after(3)).await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Own").await;
    guess(&app, "ada@example.com", 3).await;
    p.clock.advance(just_before(SPAN));
    is_locked_for(&app.password_grant(&ada).await, "1");
    p.clock.advance(A_MOMENT);
    app.password_grant(&ada).await.tokens();

    guess(&app, "ada@example.com", 3).await.iter().for_each(is_looked_at);
    p.clock.advance(SPAN);
    guess(&app, "ada@example.com", 3).await.iter().for_each(is_looked_at);
    is_locked_for(&app.password_grant(&ada).await, "900");
    p.clock.advance(minutes(10));
    is_locked_for(&app.password_grant(&ada).await, "300");
}

#[tokio::test]
async fn only_guesses_in_a_row_count_and_the_last_one_may_be_right() {
    let p = Prosper::start_with(after(5)).await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Own").await;
    for _ in 0..3 {
        guess(&app, "ada@example.com", 4).await.iter().for_each(is_looked_at);
        app.password_grant(&ada).await.tokens();
    }
    // A right password that leads to no token ends the row as well.
    guess(&app, "ada@example.com", 4).await;
    ada.must_reset().await;
    app.password_grant(&ada).await.refused(403, "password_reset_required", "User needs to reset their password");
    guess(&app, "ada@example.com", 4).await.iter().for_each(is_looked_at);
}

#[tokio::test]
async fn what_says_nothing_of_a_password_is_not_counted() {
    let p = Prosper::start_with(after(2)).await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Own").await;
    let stolen = App { secret: "wrong".into(), ..app.clone() };
    for _ in 0..5 {
        stolen.password_grant(&ada).await.refused(401, "invalid_client", "Invalid/Missing credentials");
        let long = app.password_grant_as("ada@example.com", &"x".repeat(257)).await;
        long.refused(400, "invalid_grant", "Missing/Invalid username or password");
        let pairs = [("grant_type", "password"), ("username", &ada.email), ("password", "x"), ("scope", "x")];
        app.posts(&pairs).await.refused(400, "invalid_request", "Invalid scope(s)");
    }
    app.password_grant(&ada).await.tokens();
}

#[tokio::test]
async fn whoever_is_in_stays_in_while_guesses_are_refused_r_57() {
    let p = Prosper::start_with(after(5)).await;
    let ada = p.investor("ada@example.com").await;
    let (app, login) = (ada.registers_own_app("Own").await, ada.has_an_app_to_log_in_to().await);
    let browser = ada.signs_in().await;
    let tokens = app.password_grant(&ada).await.tokens();
    let token = login.exchange(&browser.code_for(&login).await).await.login_token();
    guess(&app, "ada@example.com", 6).await;
    is_locked_for(&app.password_grant(&ada).await, "900");

    assert!(p.is_good(&tokens).await);
    assert!(p.is_good(&app.refresh(&tokens).await.tokens()).await);
    p.user(&token).await.is(200);
    let sent = browser.get(&login.authorize_url(CALLBACK, "s")).await;
    assert!(sent.location_parameter("code").is_some(), "the session goes on: {}", sent.told());
}

#[tokio::test]
async fn a_lock_outlives_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let start = |now| Start { folder: Some(folder.path().to_owned()), now, ..after(5) };
    let noon = Timestamp::from_seconds(1_800_000_000);
    let app = {
        let p = Prosper::start_with(start(noon)).await;
        let app = p.investor("ada@example.com").await.registers_own_app("Own").await;
        guess(&app, "ada@example.com", 4).await.iter().for_each(is_looked_at);
        (app.id, app.client_id, app.secret)
    };
    let (id, client_id, secret) = app;
    {
        let p = Prosper::start_with(start(noon)).await;
        let app = App { server: &p, id, client_id: client_id.clone(), secret: secret.clone() };
        guess(&app, "ada@example.com", 1).await.iter().for_each(is_looked_at);
        is_locked_for(&app.password_grant_as("ada@example.com", PASSWORD).await, "900");
    }
    let p = Prosper::start_with(start(noon.plus(minutes(5)))).await;
    let app = App { server: &p, id, client_id, secret };
    is_locked_for(&app.password_grant_as("ada@example.com", PASSWORD).await, "600");
    p.clock.advance(minutes(10));
    app.password_grant_as("ada@example.com", PASSWORD).await.tokens();
}

async fn sign_in(browser: &Browser<'_>, email: &str, password: &str) -> Exchange {
    let page = browser.visit("/login").await;
    browser.submit(&page, &[("email", email), ("password", password)]).await
}

#[tokio::test]
async fn the_count_is_one_over_the_pages_and_the_api_t_13() {
    let p = Prosper::start_with(after(6)).await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Own").await;
    for email in ["ada@example.com", "nobody@example.com"] {
        let browser = p.browser();
        for _ in 0..3 {
            sign_in(&browser, email, "not it at all").await.is(400);
        }
        guess(&app, email, 3).await.iter().for_each(is_looked_at);
        is_locked_for(&app.password_grant_as(email, PASSWORD).await, "900");
        let page = sign_in(&browser, email, PASSWORD).await;
        page.is(429).page_says("15 minutes");
        assert_eq!(page.header("retry-after"), Some("900"), "{}", page.told());
        assert!(browser.cookie("prosper").is_none());
    }
    p.clock.advance(SPAN);
    guess(&app, "ada@example.com", 5).await;
    ada.signs_in().await;
    guess(&app, "ada@example.com", 5).await.iter().for_each(is_looked_at);
}

#[tokio::test]
async fn each_space_counts_for_itself() {
    let p = Prosper::start_with(after(3)).await;
    let here = p.investor("ada@example.com").await;
    let there = p.person("ada@example.com", AccountKind::Individual, p.space("Other").await).await;
    let (app, other) = (here.registers_own_app("Here").await, there.registers_own_app("There").await);
    guess(&app, "ada@example.com", 3).await;
    is_locked_for(&app.password_grant(&here).await, "900");
    other.password_grant(&there).await.tokens();
}

#[tokio::test]
async fn an_address_that_fails_too_often_waits_for_the_next_minute_r_56() {
    let p = Prosper::start_with(Start { failures_per_address: Some(4), ..Start::default() }).await;
    p.clock.advance(seconds(20));
    let ada = p.investor("ada@example.com").await;
    let (app, login) = (ada.registers_own_app("Own").await, ada.has_an_app_to_log_in_to().await);
    let tokens = app.password_grant(&ada).await.tokens();
    guess(&app, "one@example.com", 1).await.iter().for_each(is_looked_at);
    let stolen = App { secret: "wrong".into(), ..app.clone() };
    stolen.password_grant(&ada).await.is(401);
    let browser = p.browser();
    sign_in(&browser, "two@example.com", "not it at all").await.is(400);
    // Whom a stranger says to speak for makes no difference (TV-13).
    for claim in ["a", "203.0.113.7"] {
        let form = format!(
            "grant_type=password&client_id={}&client_secret={}&username=three@example.com&password=no",
            app.client_id, app.secret
        );
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("x-forwarded-for", claim)];
        p.send(request("POST", "/v1/security/oauth/token", &headers, &form)).await;
    }
    is_locked_for(&app.password_grant(&ada).await, "40");
    let exchange = login.exchange("a code").await;
    assert_eq!(exchange.says(429, "Too many attempts").header("retry-after"), Some("40"));
    let page = sign_in(&browser, "ada@example.com", PASSWORD).await;
    assert_eq!(page.is(429).header("retry-after"), Some("40"));
    assert!(p.is_good(&tokens).await, "what is no guess goes on");
    p.clock.advance(seconds(40));
    app.password_grant(&ada).await.tokens();
}
