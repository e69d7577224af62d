//! Several nodes on one PostgreSQL: none of them has a truth of its own (L-15, T-11, T-13; security F-01, F-19).

use std::sync::Arc;
use std::time::{Duration, Instant};

use prosper::contract::login_with_prosper::ExchangeError;
use prosper::contract::table::Stop;
use prosper::crypto::secret::Plain;
use prosper::domain::agent::AgentMove;
use prosper::domain::status::Status;
use prosper::flows::exchange_code::{ExchangeAsk, exchange_code};
use prosper::prosper::Lockout;
use prosper::store::applications::ApplicationChange;
use prosper::store::audit::Trail;
use tokio::task::JoinSet;

use crate::prosper::exchange::Tokens;
use crate::prosper::journeys::AGENT_REDIRECT;
use crate::prosper::login::CALLBACK;
use crate::prosper::{App, Database, ON_POSTGRES, Prosper, Start, cluster, hours, is_set, minutes};

/// Who redeems one code at once, half of them at each node.
const REDEEMERS: usize = 200;
const ROUNDS: usize = 300;
/// T-11: "within 1 s, on every node".
const SOON: Duration = Duration::from_secs(1);

/// Two nodes on a database of their own; `None` where there is no PostgreSQL.
async fn two_nodes(start: impl Fn() -> Start) -> Option<(Prosper, Prosper)> {
    if is_set(ON_POSTGRES) || !cluster::is_there() {
        return None;
    }
    let address = cluster::shared().expect("it is there").database().await;
    let node = || Start { database: Some(Database::At(address.clone())), ..start() };
    // Together, on a database that is empty: one of them migrates it and makes the keys.
    let (a, b) = tokio::join!(Prosper::start_with(node()), Prosper::start_with(node()));
    Some((a, b))
}

/// The same application, spoken to at another node.
fn at<'s>(server: &'s Prosper, app: &App<'_>) -> App<'s> {
    App { server, id: app.id, client_id: app.client_id.clone(), secret: app.secret.clone() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn of_two_hundred_who_redeem_one_code_at_two_nodes_exactly_one_succeeds() {
    let Some((a, b)) = two_nodes(Start::default).await else { return };
    let ada = a.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let browser = ada.signs_in().await;
    for round in 0..ROUNDS {
        let code = browser.code_for(&app).await;
        let barrier = Arc::new(tokio::sync::Barrier::new(REDEEMERS));
        let mut all = JoinSet::new();
        for who in 0..REDEEMERS {
            let context = Arc::clone(if who % 2 == 0 { &a.p } else { &b.p });
            let (ask, barrier) = (ask(&app, &code), Arc::clone(&barrier));
            all.spawn(async move {
                barrier.wait().await;
                exchange_code(&ask, &context).await
            });
        }
        let mut tokens = Vec::new();
        while let Some(outcome) = all.join_next().await {
            match outcome.expect("no panic") {
                Ok(token) => tokens.push(token),
                Err(Stop::Refused(refusal)) => assert_eq!(refusal.row, ExchangeError::InvalidCode),
                Err(Stop::Broke(fault)) => panic!("round {round}: a loser is refused, nothing else: {fault}"),
                Err(other) => panic!("round {round}: a loser is refused, nothing else: {other:?}"),
            }
        }
        assert_eq!(tokens.len(), 1, "round {round}");
        if round % 10 == 0 {
            for node in [&a, &b] {
                node.user(&tokens[0]).await.is(200);
            }
        }
    }
}

fn ask(app: &App<'_>, code: &str) -> ExchangeAsk {
    ExchangeAsk {
        client_id: Some(app.client_id.clone()),
        client_secret: Some(Plain::from(app.secret.clone())),
        code: Some(code.to_owned()),
        ..ExchangeAsk::default()
    }
}

/// Everything that T-11 names, done at one node while the other holds the tokens in its live view.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_ends_at_one_node_ends_at_the_other_within_a_second() {
    let Some((a, b)) = two_nodes(Start::default).await else { return };
    for event in ["password", "reset", "status", "disabled", "deleted", "secrets", "everywhere"] {
        let mut ada = a.investor(&format!("{event}@example.com")).await;
        let (own, login) = (ada.registers_own_app("Own").await, ada.has_login_app("Notes", &[CALLBACK]).await);
        let tokens = own.password_grant(&ada).await.tokens();
        let browser = ada.signs_in().await;
        let token = at(&b, &login).exchange(&browser.code_for(&login).await).await.login_token();
        let unused = browser.code_for(&login).await;
        assert!(b.is_good(&tokens).await);
        b.user(&token).await.is(200);
        let apps = [&own, &login];
        match event {
            "password" => ada.gets_password("another horse, another battery").await,
            "reset" => ada.must_reset().await,
            "status" => ada.becomes(Status::Suspended).await,
            "everywhere" => ada.signs_out_everywhere().await,
            _ => {
                for app in apps {
                    app.changes(match event {
                        "disabled" => ApplicationChange::Disabled(true),
                        "deleted" => ApplicationChange::Delete,
                        _ => ApplicationChange::RevokeAllSecrets,
                    })
                    .await;
                }
            }
        }
        let since = Instant::now();
        ended(&b, &tokens, since, event).await;
        soon(since, event, async || b.user(&token).await.status == 401).await;
        // The code that nobody exchanged has ended as well; a secret that is gone says so first.
        let body = at(&b, &login).exchange(&unused).await;
        assert!(body.status == 400, "{event}: {}", body.told());
        assert_eq!(own.refresh(&tokens).await.status / 100, 4, "{event}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_withdrawn_grant_and_a_withdrawn_role_end_at_the_other_node_within_a_second() {
    let Some((a, b)) = two_nodes(Start::default).await else { return };
    let (ada, agent) = (a.investor("ada@example.com").await, a.agent("agent@example.com").await);
    let app = agent.registers_agent_app("Robo", AGENT_REDIRECT).await;
    let key = app.auth_key(&ada.signs_in().await).await;
    let tokens = at(&b, &app).auth_key_grant(&key).await.tokens();
    assert!(b.is_good(&tokens).await);
    assert!(a.withdraws(&ada, &app).await);
    ended(&b, &tokens, Instant::now(), "grant").await;

    let key = app.auth_key(&ada.signs_in().await).await;
    let tokens = at(&b, &app).auth_key_grant(&key).await.tokens();
    assert!(b.is_good(&tokens).await);
    agent.agent_role(AgentMove::Withdraw).await;
    ended(&b, &tokens, Instant::now(), "role").await;
    at(&b, &app).auth_key_grant(&key).await.is(400);
}

/// A session signed out at one node is signed out at the other; a restart misses nothing, because there is nothing that
/// only one process knows.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn wrong_passwords_are_counted_together() {
    let lockout = Some(Lockout { failures: 5, span: minutes(15) });
    let Some((a, b)) = two_nodes(|| Start { lockout, ..Start::default() }).await else { return };
    let ada = a.investor("ada@example.com").await;
    let app = ada.registers_own_app("Own").await;
    for attempt in 0..5 {
        let node = if attempt % 2 == 0 { &a } else { &b };
        at(node, &app).password_grant_as("ada@example.com", "wrong").await.refused(
            400,
            "invalid_grant",
            "Bad credentials",
        );
    }
    for node in [&a, &b] {
        let answer = at(node, &app).password_grant(&ada).await;
        assert_eq!((answer.status, answer.header("retry-after").is_some()), (429, true), "{}", answer.told());
    }
    for node in [&a, &b] {
        node.clock.advance(minutes(15));
    }
    at(&b, &app).password_grant(&ada).await.tokens();
    at(&a, &app).password_grant(&ada).await.tokens();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keys_that_one_node_rotates_serve_at_the_other() {
    let Some((a, b)) = two_nodes(Start::default).await else { return };
    // As every server does (`cli::upkeep`).
    let (p, mut changes) = (Arc::clone(&b.p), b.p.store.watch_installation());
    tokio::spawn(async move {
        while changes.changed().await.is_ok() {
            p.reload_keys().await.expect("the ring opens");
        }
    });
    let ada = a.investor("ada@example.com").await;
    let app = ada.registers_own_app("Own").await;
    let old = app.password_grant(&ada).await.tokens();
    a.p.rotate_keys(Trail::system(a.clock.now())).await.expect("rotated");
    let new = app.password_grant(&ada).await.tokens();
    let since = Instant::now();
    soon(since, "rotation", async || b.resource(&new.access_token).await.status == 200).await;
    assert!(b.is_good(&old).await, "what the old key sealed lives its life");
    let theirs = at(&b, &app).refresh(&new).await.tokens();
    assert!(a.is_good(&theirs).await);

    // All ends: at both.
    a.p.store.begin_epoch(None, Trail::system(a.clock.now())).await.expect("written");
    ended(&b, &new, Instant::now(), "epoch").await;
    b.clock.advance(hours(1));
}

async fn ended(node: &Prosper, tokens: &Tokens, since: Instant, event: &str) {
    soon(since, event, async || node.resource(&tokens.access_token).await.status == 401).await;
    assert!(!node.is_good(tokens).await, "{event}");
}

/// Waits until it is so, which must be within a second of `since`.
async fn soon(since: Instant, event: &str, holds: impl AsyncFn() -> bool) {
    loop {
        // The answer is as of the moment it was asked for.
        let asked = since.elapsed();
        if holds().await {
            return;
        }
        assert!(asked < SOON, "{event}: not honoured after {asked:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
