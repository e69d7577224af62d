//! What was queued while something ended comes to nothing (T-11: "What a grant was given after a check it was given *for
//! that check*"; R-60; F-02). The worker that hashes is held back, so that the order is certain and nothing is waited out.

use std::future::Future;
use std::pin::Pin;

use futures_util::future::join_all;
use prosper::domain::secret::PasswordHash;
use prosper::domain::status::Status;
use prosper::store::applications::ApplicationChange::{Delete, Disabled, RevokeAllSecrets};
use prosper::store::audit::Trail;

use crate::prosper::journeys::AGENT_REDIRECT;
use crate::prosper::people::PASSWORD;
use crate::prosper::{App, Exchange, Person, Prosper, Start};

/// What happens, to whom, to which application; and a hash to change the password to, since no worker is free to make one.
type Deed = for<'w, 's> fn(&'w (Person<'s>, App<'s>, PasswordHash)) -> Pin<Box<dyn Future<Output = ()> + 'w>>;

macro_rules! deed {
    ($world:ident => $body:expr) => {
        |$world| {
            Box::pin(async move {
                $body;
            })
        }
    };
}

async fn one_worker() -> Prosper {
    Prosper::start_with(Start { hash_threads: 1, ..Start::default() }).await
}

/// Sends a request that needs a hash, lets `event` happen while it is queued, and answers what became of it.
async fn while_queued(
    p: &Prosper,
    request: impl Future<Output = Exchange>,
    event: impl Future<Output = ()>,
) -> Exchange {
    let occupied = p.p.passwords.occupy().await.expect("a worker");
    let event = async {
        p.waits_for_hashes(1).await;
        event.await;
        drop(occupied);
    };
    tokio::join!(request, event).0
}

#[tokio::test]
async fn a_password_request_that_was_queued_while_things_ended_yields_nothing() {
    let events: [(&str, Deed); 8] = [
        ("the password changes", deed!(w => w.0.gets_hash(w.2.clone()).await)),
        ("a new password is demanded", deed!(w => w.0.must_reset().await)),
        ("the status leaves active", deed!(w => w.0.becomes(Status::Suspended).await)),
        ("the person signs out everywhere", deed!(w => w.0.signs_out_everywhere().await)),
        ("the application is disabled", deed!(w => w.1.changes(Disabled(true)).await)),
        ("its secrets are revoked", deed!(w => w.1.changes(RevokeAllSecrets).await)),
        ("the application is deleted", deed!(w => w.1.changes(Delete).await)),
        (
            "the installation begins a new epoch",
            deed!(w => {
                let p = &w.0.server.p;
                p.store.begin_epoch(None, Trail::system(p.now())).await.expect("written");
            }),
        ),
    ];
    for (name, event) in events {
        let p = one_worker().await;
        let ada = p.investor("ada@example.com").await;
        let app = ada.registers_own_app("Own").await;
        let hash = p.hash_of("another password altogether").await;
        let world = (ada, app.clone(), hash);
        let request = app.password_grant_as("ada@example.com", PASSWORD);
        let answer = while_queued(&p, request, event(&world)).await;
        answer.refused(400, "invalid_grant", "Bad credentials");
        assert_eq!(p.p.store.family_count().await.expect("read"), 0, "{name}");
    }
}

#[tokio::test]
async fn a_disabled_and_enabled_application_or_a_status_that_came_back_revives_no_queued_request() {
    let p = one_worker().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Own").await;
    let there_and_back = async {
        app.changes(Disabled(true)).await;
        app.changes(Disabled(false)).await;
    };
    let answer = while_queued(&p, app.password_grant(&ada), there_and_back).await;
    answer.refused(400, "invalid_grant", "Bad credentials");
    let there_and_back = async {
        ada.becomes(Status::Inactive).await;
        ada.becomes(Status::Active).await;
    };
    let answer = while_queued(&p, app.password_grant(&ada), there_and_back).await;
    answer.refused(400, "invalid_grant", "Bad credentials");
    app.password_grant(&ada).await.tokens();
}

#[tokio::test]
async fn a_sign_in_that_was_queued_while_the_password_changed_opens_no_session() {
    let p = one_worker().await;
    let ada = p.investor("ada@example.com").await;
    let hash = p.hash_of("another password altogether").await;
    let browser = p.browser();
    let page = browser.visit("/login").await;
    let request = browser.submit(&page, &[("email", "ada@example.com"), ("password", PASSWORD)]);
    let answer = while_queued(&p, request, ada.gets_hash(hash)).await;
    answer.is(400);
    assert!(browser.cookie("prosper").is_none(), "{}", answer.told());
    assert!(p.p.store.sessions_of(ada.id).await.expect("read").is_empty());
}

#[tokio::test]
async fn of_two_hundred_refreshes_across_a_sign_out_no_token_is_alive_after_it_f_02() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Own").await;
    let tokens = app.password_grant(&ada).await.tokens();
    let refreshes = join_all((0..200).map(|_| app.refresh(&tokens)));
    let (answers, ()) = tokio::join!(refreshes, async {
        tokio::task::yield_now().await;
        ada.signs_out_everywhere().await;
    });
    let mut refused = 0;
    for answer in &answers {
        if answer.status == 200 {
            assert!(!p.is_good(&answer.tokens()).await, "alive after the sign-out\n{}", answer.told());
        } else {
            answer.refused(400, "invalid_grant", "Missing/Invalid refresh token");
            refused += 1;
        }
    }
    app.refresh(&tokens).await.refused(400, "invalid_grant", "Missing/Invalid refresh token");
    assert!(refused <= 200);
}

#[tokio::test]
async fn keys_that_are_used_while_the_grant_is_withdrawn_leave_nothing_alive() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let agent = p.agent("ops@agent.example").await.registers_agent_app("Northwind", AGENT_REDIRECT).await;
    let browser = ada.signs_in().await;
    for round in 0..10 {
        let key = agent.auth_key(&browser).await;
        let uses = join_all((0..20).map(|_| agent.auth_key_grant(&key)));
        let (answers, gone) = tokio::join!(uses, p.withdraws(&ada, &agent));
        assert!(gone, "round {round}");
        for answer in &answers {
            if answer.status == 200 {
                let tokens = answer.tokens();
                assert!(!p.is_good(&tokens).await, "round {round}");
                agent.refresh(&tokens).await.refused(400, "invalid_grant", "Missing/Invalid refresh token");
            } else {
                answer.refused(400, "invalid_grant", "Bad credentials");
            }
        }
        agent.auth_key_grant(&key).await.refused(400, "invalid_grant", "Bad credentials");
    }
}

/// R-60 and L-15 together: a code that is exchanged while its consent is withdrawn and given again.
#[tokio::test]
async fn a_code_issued_under_a_consent_that_was_given_again_is_worth_nothing() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_an_app_to_log_in_to().await;
    let browser = ada.signs_in().await;
    for _ in 0..5 {
        let old = browser.code_for(&app).await;
        assert!(p.withdraws(&ada, &app).await);
        let new = browser.code_for(&app).await;
        app.exchange(&old).await.says(400, "Invalid code");
        let token = app.exchange(&new).await.login_token();
        p.user(&token).await.is(200);
    }
}
