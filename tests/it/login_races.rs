//! Login with Prosper under contention: one success for each code, and nothing outlives what it stands on (L-15, T-11;
//! security AT-02, R-29, F-01).

use std::sync::Arc;

use prosper::contract::login_with_prosper::ExchangeError;
use prosper::contract::table::Stop;
use prosper::crypto::secret::Plain;
use prosper::flows::exchange_code::{ExchangeAsk, exchange_code};
use prosper::store::applications::ApplicationChange;
use tokio::task::JoinSet;

use crate::prosper::login::CALLBACK;
use crate::prosper::{App, Prosper, hours};

const REDEEMERS: usize = 50;
const ROUNDS: usize = 200;

/// "Codes are strictly single-use": fifty at once, on eight threads, two hundred times.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn of_fifty_who_redeem_one_code_exactly_one_succeeds_two_hundred_times() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let browser = ada.signs_in().await;
    browser.code_for(&app).await;
    for round in 0..ROUNDS {
        let code = browser.code_for(&app).await;
        let barrier = Arc::new(tokio::sync::Barrier::new(REDEEMERS));
        let mut all = JoinSet::new();
        for _ in 0..REDEEMERS {
            let (context, ask, barrier) = (Arc::clone(&p.p), ask(&app, &code), Arc::clone(&barrier));
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
                Err(Stop::Later(_) | Stop::Broke(_)) => panic!("a loser is refused, nothing else"),
            }
        }
        assert_eq!(tokens.len(), 1, "round {round}");
        if round % 50 == 0 {
            p.user(&tokens[0]).await.is(200);
        }
    }
}

/// The same over HTTP, fewer times: connections, parsing and answers are in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_posts_of_one_code_exactly_one_is_answered_with_a_token() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let browser = ada.signs_in().await;
    for _ in 0..10 {
        let code = browser.code_for(&app).await;
        let answers = futures_util::future::join_all((0..REDEEMERS).map(|_| app.exchange(&code))).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(won.len(), 1);
        for answer in lost {
            answer.says(400, "Invalid code");
        }
        p.user(&won[0].login_token()).await.is(200);
    }
}

/// T-11: whatever order an event and an exchange come in, nothing is alive after both.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_exchange_that_races_with_an_event_leaves_nothing_alive() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let mut app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    for round in 0..45 {
        let code = app.code_of(&ada).await;
        let event = async {
            match round % 3 {
                0 => ada.signs_out_everywhere().await,
                1 => assert!(p.withdraws(&ada, &app).await),
                _ => app.changes(ApplicationChange::RevokeAllSecrets).await,
            }
        };
        let (exchanged, ()) = tokio::join!(app.exchange(&code), event);
        if exchanged.status == 200 {
            p.user(&exchanged.login_token()).await.says(401, "Invalid token");
        } else {
            let body = exchanged.body.as_str();
            assert!(matches!(body, "\"Invalid code\"" | "\"Invalid secret\""), "{}", exchanged.told());
        }
        // Whatever the answer was, the code is good for nothing afterwards, not even with a new secret.
        app = app.rotates_secret(hours(0)).await;
        app.exchange(&code).await.says(400, "Invalid code");
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
