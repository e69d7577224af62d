//! A storm of passwords: as many hashes at once as there are threads for it, a bounded queue, and beyond it 503 with
//! `Retry-After`, while everybody else is answered as always (R-65, F-22; W-06).

use futures_util::future::join_all;
use prosper::crypto::password::Params;

use crate::prosper::people::PASSWORD;
use crate::prosper::{Exchange, Prosper, Start};

#[track_caller]
fn waits(answer: &Exchange) -> u64 {
    let header = answer.is(503).header("retry-after").unwrap_or_else(|| panic!("no Retry-After\n{}", answer.told()));
    header.parse().unwrap_or_else(|_| panic!("not a number of seconds\n{}", answer.told()))
}

#[tokio::test]
async fn a_storm_is_hashed_by_no_more_threads_than_there_are_for_it() {
    let params = Params { memory_kib: 2_048, iterations: 2, parallelism: 1 };
    let p = Prosper::start_with(Start { params, hash_threads: 2, ..Start::default() }).await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Own").await;
    let before = p.p.passwords.hashes_started();
    let answers = join_all((0..60).map(|at| {
        let (app, right) = (&app, at % 2 == 0);
        async move { app.password_grant_as("ada@example.com", if right { PASSWORD } else { "wrong" }).await }
    }));
    for (at, answer) in answers.await.iter().enumerate() {
        if at % 2 == 0 {
            answer.tokens();
        } else {
            answer.refused(400, "invalid_grant", "Bad credentials");
        }
    }
    assert_eq!(p.p.passwords.hashes_started() - before, 60);
    assert!(p.p.passwords.most_at_once() <= 2, "{} at once", p.p.passwords.most_at_once());
}

#[tokio::test]
async fn beyond_the_queue_each_surface_says_later_in_its_own_shape_and_others_are_answered() {
    let p = Prosper::start_with(Start { hash_threads: 1, hash_queue: 2, ..Start::default() }).await;
    let ada = p.investor("ada@example.com").await;
    let (app, login) = (ada.registers_own_app("Own").await, ada.has_an_app_to_log_in_to().await);
    let signed_in = ada.signs_in().await;
    let tokens = app.password_grant(&ada).await.tokens();
    let token = login.exchange(&signed_in.code_for(&login).await).await.login_token();
    let browser = p.browser();
    let page = browser.visit("/login").await;

    let occupied = p.p.passwords.occupy().await.expect("a worker");
    let storm = async {
        // Two find room and wait; the worker is busy.
        let queued = join_all([app.password_grant(&ada), app.password_grant(&ada)]);
        let meanwhile = async {
            p.waits_for_hashes(2).await;
            let before = p.p.passwords.hashes_started();
            for _ in 0..5 {
                let refused = app.password_grant(&ada).await;
                refused.refused(503, "temporarily_unavailable", "Temporarily unavailable");
                assert!(waits(&refused) >= 1);
            }
            let refused = browser.submit(&page, &[("email", "ada@example.com"), ("password", PASSWORD)]).await;
            assert!(waits(&refused) >= 1);
            assert!(refused.header("content-type").is_some_and(|kind| kind.starts_with("text/html")));
            assert_eq!(p.p.passwords.hashes_started(), before, "who is turned away costs nothing");
            // Whoever needs no hash does not wait behind those who do.
            p.user(&token).await.is(200);
            assert!(p.is_good(&app.refresh(&tokens).await.tokens()).await);
            let code = signed_in.code_for(&login).await;
            login.exchange(&code).await.login_token();
            drop(occupied);
        };
        tokio::join!(queued, meanwhile).0
    };
    for answer in storm.await {
        answer.tokens();
    }
    app.password_grant(&ada).await.tokens();
    browser.submit(&page, &[("email", "ada@example.com"), ("password", PASSWORD)]).await.is(303);
}
