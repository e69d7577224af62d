//! PostgreSQL when it misbehaves: conflicts, deadlocks, a server that turned read-only, connections that are cut, replies
//! that are lost, the one to a commit among them (security F-13; house rule "two engines").
//!
//! Under a mixed load every answer is either right or a 503 that says when to come back. What was acknowledged holds, a
//! code gives one token at most, what was revoked stays revoked, and nobody waits for ten seconds.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::prosper::exchange::Tokens;
use crate::prosper::login::CALLBACK;
use crate::prosper::proxy::Proxy;
use crate::prosper::{App, Browser, Database, Exchange, ON_POSTGRES, Person, Prosper, Start, cluster, is_set};

/// Rounds of each of the four kinds of work.
const ROUNDS: usize = 40;
/// Nobody waits longer.
const LONGEST: Duration = Duration::from_secs(10);
/// Makes every transaction of a connection serializable, whatever the server's default.
const SERIALIZABLE: &str = "&options=-c%20default_transaction_isolation%3Dserializable";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn under_injected_faults_every_answer_is_right_or_503() {
    under_faults("", 0x5eed_0001).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn under_injected_faults_and_serializable_isolation_too() {
    under_faults(SERIALIZABLE, 0x5eed_0002).await;
}

async fn under_faults(options: &str, seed: u64) {
    if is_set(ON_POSTGRES) || !cluster::is_there() {
        return;
    }
    let cluster = cluster::shared().expect("it is there");
    let proxy = Proxy::start(cluster.port, seed, 25, 2).await;
    let address = format!("{}{options}", proxy.address(&cluster.database().await));
    let p = Prosper::start_with(Start { database: Some(Database::At(address)), ..Start::default() }).await;
    let (ada, bea, eve) =
        (p.investor("ada@example.com").await, p.investor("bea@example.com").await, p.investor("eve@example.com").await);
    let (kept, revoked) = (ada.registers_own_app("Kept").await, eve.registers_own_app("Revoked").await);
    let login = bea.has_login_app("Acme HR", &[CALLBACK]).await;
    let browser = bea.signs_in().await;
    browser.code_for(&login).await;
    let first = kept.password_grant(&ada).await.tokens();

    proxy.arm(true);
    let (granted, (), codes, dead) = tokio::join!(
        grants(&kept, &ada),
        refreshes(&kept, &first),
        exchanges(&login, &browser),
        revocations(&revoked, &eve),
    );
    proxy.arm(false);
    let harm = proxy.harm();
    assert!(harm[0] > 5 && harm[1] > 2 && harm[2] > 2, "too little harm was done to show anything: {harm:?}");
    assert!(!granted.is_empty() && !codes.is_empty() && !dead.is_empty(), "nothing got through: {harm:?}");

    // Everything that was said holds, now that all is well again.
    for tokens in &granted {
        assert!(p.is_good(tokens).await, "an acknowledged grant was lost");
        kept.refresh(tokens).await.tokens();
    }
    for (code, token) in &codes {
        if let Some(token) = token {
            p.user(token).await.is(200);
        }
        login.exchange(code).await.says(400, "Invalid code");
    }
    for tokens in &dead {
        assert!(!p.is_good(tokens).await, "a revoked token came back to life");
        revoked.refresh(tokens).await.refused(400, "invalid_grant", "Missing/Invalid refresh token");
    }
}

/// What a request came to: its answer, unless that was 503.
async fn settled(request: impl Future<Output = Exchange>) -> Option<Exchange> {
    let began = Instant::now();
    let answer = request.await;
    assert!(began.elapsed() < LONGEST, "{:?} were waited for\n{}", began.elapsed(), answer.told());
    if answer.status == 503 {
        assert!(answer.header("retry-after").is_some(), "{}", answer.told());
        return None;
    }
    Some(answer)
}

/// Password grants: those that were acknowledged.
async fn grants(app: &App<'_>, person: &Person<'_>) -> Vec<Tokens> {
    let mut granted = Vec::new();
    for _ in 0..ROUNDS {
        granted.extend(settled(app.password_grant(person)).await.map(|answer| answer.tokens()));
    }
    granted
}

async fn refreshes(app: &App<'_>, tokens: &Tokens) {
    for _ in 0..ROUNDS {
        if let Some(answer) = settled(app.refresh(tokens)).await {
            assert_eq!(answer.tokens().refresh_token, tokens.refresh_token);
        }
    }
}

/// Codes, each exchanged three times at once and once more: the token that one of them brought, if its answer arrived.
async fn exchanges(app: &App<'_>, browser: &Browser<'_>) -> Vec<(String, Option<String>)> {
    let mut codes = Vec::new();
    for _ in 0..ROUNDS {
        let place = app.authorize_url(CALLBACK, "s");
        let Some(sent) = settled(browser.get(&place)).await else { continue };
        let code = sent.is(302).location_parameter("code").unwrap_or_else(|| panic!("no code\n{}", sent.told()));
        let mut answers = join_all((0..3).map(|_| settled(app.exchange(&code)))).await;
        for _ in 0..20 {
            // Whoever was told to come back does so.
            answers.push(settled(app.exchange(&code)).await);
            if answers.last().is_some_and(Option::is_some) {
                break;
            }
        }
        let mut won = Vec::new();
        for answer in answers.into_iter().flatten() {
            if answer.status == 200 {
                won.push(answer.login_token());
            } else {
                answer.says(400, "Invalid code");
            }
        }
        assert!(won.len() <= 1, "one code gave {} tokens", won.len());
        codes.push((code, won.pop()));
    }
    codes
}

/// Grants that are ended at once: those whose end was acknowledged.
async fn revocations(app: &App<'_>, person: &Person<'_>) -> Vec<Tokens> {
    let (mut open, mut dead) = (Vec::new(), Vec::new());
    let trail = || prosper::store::audit::Trail::system(app.server.clock.now());
    for _ in 0..ROUNDS {
        open.extend(settled(app.password_grant(person)).await.map(|answer| answer.tokens()));
        if app.server.p.store.sign_out_everywhere(person.id, trail()).await.is_ok_and(|done| done) {
            dead.append(&mut open);
            if let Some(last) = dead.last()
                && let Some(answer) = settled(app.server.resource(&last.access_token)).await
            {
                answer.is(401);
            }
        }
    }
    dead
}
