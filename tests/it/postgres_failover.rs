//! The primary dies under load and the standby is promoted (security F-10): nothing that was acknowledged is lost, no
//! code is redeemed twice, and Prosper finds the new primary by itself.
//!
//! Two real clusters with synchronous streaming replication, an address with both hosts, `target_session_attrs=read-write`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::prosper::exchange::Tokens;
use crate::prosper::login::CALLBACK;
use crate::prosper::{App, Browser, Cluster, Database, Exchange, ON_POSTGRES, Person, Prosper, Start, cluster, is_set};

/// Writes are back so soon after the promotion.
const SOON: Duration = Duration::from_secs(10);
/// How long there is load before the primary dies, and after writes are back.
const LOAD: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_promoted_standby_has_everything_that_was_acknowledged_and_prosper_finds_it() {
    if is_set(ON_POSTGRES) || !cluster::is_there() {
        return;
    }
    let primary = Cluster::start(&["fsync=off"]).expect("it is there");
    let standby = primary.standby(&["fsync=off"]).await;
    primary.tells("create database prosper").await;
    let address = format!(
        "postgres://prosper@127.0.0.1:{},127.0.0.1:{}/prosper?sslmode=disable&target_session_attrs=read-write",
        primary.port, standby.port
    );
    let p = Prosper::start_with(Start { database: Some(Database::At(address)), ..Start::default() }).await;
    let (ada, bea) = (p.investor("ada@example.com").await, p.investor("bea@example.com").await);
    let own = ada.registers_own_app("Own").await;
    let login = bea.has_login_app("Acme HR", &[CALLBACK]).await;
    let browser = bea.signs_in().await;
    let spent = browser.code_for(&login).await;
    login.exchange(&spent).await.login_token();

    let stop = AtomicBool::new(false);
    let (granted, redeemed, promoted) = tokio::join!(
        grants(&own, &ada, &stop),
        redemptions(&login, &browser, &stop),
        disaster(&primary, &standby, &own, &ada, &stop),
    );
    assert!(promoted < SOON, "writes were back {promoted:?} after the promotion");
    assert!(granted.len() > 5 && redeemed.len() > 5, "{} grants, {} codes", granted.len(), redeemed.len());
    for tokens in &granted {
        assert!(p.is_good(tokens).await, "an acknowledged grant was lost");
    }
    for (code, token) in &redeemed {
        p.user(token).await.is(200);
        login.exchange(code).await.says(400, "Invalid code");
    }
    login.exchange(&spent).await.says(400, "Invalid code");
}

/// Security F-12: the network is cut, the standby is promoted, and the old primary comes back where a node still writes
/// through it. Nobody has told it that it is not the one any more, and yet it acknowledges nothing: the standby that has to
/// have everything first has gone. It rejoins by being built anew from the one that was promoted.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_old_primary_that_comes_back_acknowledges_nothing() {
    if is_set(ON_POSTGRES) || !cluster::is_there() {
        return;
    }
    let primary = Cluster::start(&["fsync=off"]).expect("it is there");
    let standby = primary.standby(&["fsync=off"]).await;
    primary.tells("create database prosper").await;
    let at = |cluster: &Cluster| Start { database: Some(Database::At(cluster.address("prosper"))), ..Start::default() };
    let cut_off = Prosper::start_with(at(&primary)).await;
    let ada = cut_off.investor("ada@example.com").await;
    let app = ada.registers_own_app("Own").await;
    let before = app.password_grant(&ada).await.tokens();
    primary.kill();
    standby.tells("select pg_promote(true, 30)").await;
    let other = Prosper::start_with(at(&standby)).await;
    let there = App { server: &other, id: app.id, client_id: app.client_id.clone(), secret: app.secret.clone() };
    let granted = there.password_grant(&ada).await.tokens();

    let old = primary.again(&["fsync=off"]);
    // Time goes on, so that each poll of the change log writes, as it does outside of tests.
    let (stop, mut answers) = (AtomicBool::new(false), Vec::new());
    let time_goes_on = async {
        while !stop.load(Ordering::SeqCst) {
            cut_off.clock.advance(Duration::from_millis(20));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let writes = async {
        let began = Instant::now();
        // As many at once as there are connections to keep waiting, again and again.
        while began.elapsed() < LOAD * 4 {
            answers.extend(futures_util::future::join_all((0..20).map(|_| app.password_grant(&ada))).await);
        }
        stop.store(true, Ordering::SeqCst);
    };
    tokio::join!(time_goes_on, writes);
    assert!(answers.len() >= 20, "{}", answers.len());
    for answer in answers {
        assert!(right_or_later(answer.clone()).is_none(), "the old side acknowledged\n{}", answer.told());
    }
    let told = app.server.resource(&before.access_token).await;
    assert_eq!(told.status, 503, "nor does it say what may be untrue by now\n{}", told.told());
    // It did come back, and is no standby: it would have taken the writes.
    assert_eq!(old.asks("select count(*) from pg_stat_replication").await, 0);
    assert_eq!(old.asks("select case when pg_is_in_recovery() then 1 else 0 end::bigint").await, 0);

    for tokens in [&before, &granted] {
        assert!(other.is_good(tokens).await);
    }
    drop(old);
    let rebuilt = standby.standby(&["fsync=off"]).await;
    there.password_grant(&ada).await.tokens();
    assert_eq!(rebuilt.asks("select case when pg_is_in_recovery() then 1 else 0 end::bigint").await, 1);
}

/// Kills the primary, promotes the standby, and measures how long writes take to come back.
async fn disaster(
    primary: &Cluster,
    standby: &Cluster,
    app: &App<'_>,
    person: &Person<'_>,
    stop: &AtomicBool,
) -> Duration {
    tokio::time::sleep(LOAD).await;
    primary.kill();
    tokio::time::sleep(Duration::from_secs(1)).await;
    standby.tells("select pg_promote(true, 30)").await;
    let promoted = Instant::now();
    while right_or_later(app.password_grant(person).await).is_none() {
        assert!(promoted.elapsed() < SOON * 3, "writes do not come back");
    }
    let back = promoted.elapsed();
    tokio::time::sleep(LOAD).await;
    stop.store(true, Ordering::SeqCst);
    back
}

/// The answer, unless it is 503 with a word on when to come back. There is nothing else in the gap.
fn right_or_later(answer: Exchange) -> Option<Exchange> {
    if answer.status == 503 {
        assert!(answer.header("retry-after").is_some(), "{}", answer.told());
        return None;
    }
    Some(answer)
}

async fn grants(app: &App<'_>, person: &Person<'_>, stop: &AtomicBool) -> Vec<Tokens> {
    let mut granted = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        granted.extend(right_or_later(app.password_grant(person).await).map(|answer| answer.tokens()));
    }
    granted
}

/// Codes that were redeemed, with their tokens. A code whose exchange was answered with 503 is tried again: it gives a
/// token, or it has been used, and then nobody has its token.
async fn redemptions(app: &App<'_>, browser: &Browser<'_>, stop: &AtomicBool) -> Vec<(String, String)> {
    let mut redeemed = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        let place = app.authorize_url(CALLBACK, "s");
        let Some(sent) = right_or_later(browser.get(&place).await) else { continue };
        let code = sent.is(302).location_parameter("code").unwrap_or_else(|| panic!("no code\n{}", sent.told()));
        loop {
            match right_or_later(app.exchange(&code).await) {
                None => {}
                Some(answer) if answer.status == 200 => {
                    redeemed.push((code.clone(), answer.login_token()));
                    app.exchange(&code).await.is_not_a_second_token();
                    break;
                }
                Some(answer) => {
                    answer.says(400, "Invalid code");
                    break;
                }
            }
        }
    }
    redeemed
}

impl Exchange {
    #[track_caller]
    fn is_not_a_second_token(&self) {
        assert!(matches!(self.status, 400 | 503), "{}", self.told());
    }
}
