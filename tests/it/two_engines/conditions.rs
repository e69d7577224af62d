//! What a thing is given on the strength of stands in the statement that gives it (house rule "Epochs"): one counter that
//! is off, either way, and nothing is given.

use prosper::domain::agent::AgentMove;
use prosper::domain::application::ApplicationKind;
use prosper::domain::ids::ConsentId;
use prosper::domain::status::Status;
use prosper::store::applications::ApplicationChange;
use prosper::store::families::{Epochs, Family};
use prosper::store::redeeming::{Redeemed, Redeeming};

use super::Maker;
use crate::prosper::{A_MOMENT, Prosper, minutes};

type Shift = fn(&mut Epochs, i64);

/// Every way to be off by one in one counter.
fn off_by_one() -> Vec<(&'static str, Shift)> {
    vec![
        ("account", |epochs, by| epochs.account += by),
        ("application", |epochs, by| epochs.application += by),
        ("installation", |epochs, by| epochs.installation += by),
    ]
}

#[tokio::test]
async fn a_family_is_opened_only_as_things_stood_when_it_was_asked_for() {
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    let (ada, agent) = (p.investor("ada@example.com").await, p.agent("ops@agent.example").await);
    let own = make.application(&ada, ApplicationKind::Personal).await;
    let acting = make.application(&agent, ApplicationKind::ThirdPartyAgent).await;
    let consent = make.store.allow(make.allow(make.consent(&ada, &acting))).await.expect("written").expect("given");
    let opens = async |family: Family| make.store.open_family(family, None).await.expect("written");
    let by_key = || Family { consent: Some(consent), ..make.family(&ada, &acting) };

    for (name, shift) in off_by_one().into_iter().chain([("agent", (|e, by| e.agent += by) as Shift)]) {
        for by in [-1, 1] {
            let mut family = by_key();
            shift(&mut family.epochs, by);
            assert!(!opens(family).await, "{name} {by}");
        }
    }
    assert!(opens(by_key()).await && opens(make.family(&ada, &own)).await);
    let strange = Family { consent: Some(ConsentId::from_bytes([9; 16])), ..by_key() };
    assert!(!opens(strange).await, "a consent that there is not");

    assert!(p.p.store.require_reset(ada.id, true, p.system()).await.expect("written"));
    let now = |account| Epochs { account, ..Epochs::default() };
    assert!(!opens(Family { epochs: now(1), ..by_key() }).await, "a password must be set first");
    assert!(p.p.store.require_reset(ada.id, false, p.system()).await.expect("written"));
    assert!(opens(Family { epochs: now(2), ..by_key() }).await);
    ada.becomes(Status::Suspended).await;
    assert!(!opens(Family { epochs: now(3), ..by_key() }).await, "not active");
    ada.becomes(Status::Active).await;
    assert!(opens(Family { epochs: now(4), ..by_key() }).await);
    agent.becomes(Status::Suspended).await;
    assert!(!opens(Family { epochs: now(4), ..by_key() }).await, "the agent's own account is not active");
    agent.becomes(Status::Active).await;
    agent.agent_role(AgentMove::Withdraw).await;
    let epochs = Epochs { agent: 1, ..now(4) };
    assert!(!opens(Family { epochs, consent: None, ..by_key() }).await, "the role is not held");
    make.store.change_application(own.id, ApplicationChange::Disabled(true), p.system()).await.expect("written");
    let epochs = Epochs { application: 1, ..now(4) };
    assert!(!opens(Family { epochs, ..make.family(&ada, &own) }).await, "switched off");
    make.store.change_application(own.id, ApplicationChange::Delete, p.system()).await.expect("written");
    assert!(!opens(Family { epochs, ..make.family(&ada, &own) }).await, "gone");
}

#[tokio::test]
async fn a_code_is_redeemed_only_as_things_stood_when_it_was_issued() {
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    let ada = p.investor("ada@example.com").await;
    let app = make.application(&ada, ApplicationKind::Login).await;
    let consent = make.store.allow(make.allow(make.consent(&ada, &app))).await.expect("written").expect("given");
    // Read from the store, and then as the live view holds it.
    for held in [false, true] {
        if held {
            make.store.account(ada.id).await.expect("read").expect("there");
            make.store.client(app.id).await.expect("read").expect("there");
            make.store.consent(ada.id, app.id).await.expect("read").expect("there");
            make.store.installation().await.expect("read");
        }
        for (name, shift) in off_by_one() {
            for by in [-1, 1] {
                let mut code = make.redeeming(&ada, &app, consent);
                shift(&mut code.basis.epochs, by);
                let told = make.store.redeem_code(code).await.expect("written");
                assert_eq!(told, Redeemed::NotAllowed, "{name} {by}, {held}");
                code.basis.epochs = Epochs::default();
                let told = make.store.redeem_code(code).await.expect("written");
                assert_eq!(told, Redeemed::Now, "and it was not used up");
            }
        }
        let strange = make.redeeming(&ada, &app, ConsentId::from_bytes([9; 16]));
        assert_eq!(make.store.redeem_code(strange).await.expect("written"), Redeemed::NotAllowed, "{held}");
    }

    let code = make.redeeming(&ada, &app, consent);
    ada.becomes(Status::OnHold).await;
    let later = |mut code: Redeeming, account| {
        code.basis.epochs.account = account;
        code
    };
    assert_eq!(make.store.redeem_code(later(code, 1)).await.expect("written"), Redeemed::NotAllowed, "not active");
    ada.becomes(Status::Active).await;
    assert_eq!(make.store.redeem_code(later(code, 2)).await.expect("written"), Redeemed::Now);
    assert!(p.p.store.withdraw(ada.id, app.id, p.system()).await.expect("written"));
    let (other, again) = (make.redeeming(&ada, &app, consent), make.consent(&ada, &app));
    let mut allow = make.allow(again);
    allow.account_epoch = 2;
    make.store.allow(allow).await.expect("written").expect("given anew");
    assert_eq!(
        make.store.redeem_code(later(other, 2)).await.expect("written"),
        Redeemed::NotAllowed,
        "another consent"
    );
}

#[tokio::test]
async fn a_replay_revokes_what_was_used_before_it_and_nothing_younger() {
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    let ada = p.investor("ada@example.com").await;
    let app = make.application(&ada, ApplicationKind::Login).await;
    let consent = make.store.allow(make.allow(make.consent(&ada, &app))).await.expect("written").expect("given");
    let code = make.redeeming(&ada, &app, consent);
    make.store.redeem_code(code).await.expect("written");
    let (id, used) = (code.basis.code, code.used_at);
    let just_before = prosper::domain::time::Timestamp::from_micros(used.micros() - 1);
    assert!(!make.store.revoke_redemption(id, just_before).await.expect("written"));
    assert!(!make.store.redemption(id).await.expect("read").expect("there").revoked);
    assert!(make.store.revoke_redemption(id, used).await.expect("written"));
    assert!(make.store.redemption(id).await.expect("read").expect("there").revoked, "the live view heard of it");
    assert!(!make.store.revoke_redemption(id, used.plus(A_MOMENT)).await.expect("written"), "once");
}

#[tokio::test]
async fn a_consent_and_a_session_are_given_only_as_things_stood_when_they_were_asked_for() {
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    let (ada, agent) = (p.investor("ada@example.com").await, p.agent("ops@agent.example").await);
    let app = make.application(&ada, ApplicationKind::Login).await;
    let acting = make.application(&agent, ApplicationKind::ThirdPartyAgent).await;
    let mut stale = Vec::new();
    for (account, application) in [(1, 0), (-1, 0), (0, 1), (0, -1)] {
        let mut allow = make.allow(make.consent(&ada, &app));
        (allow.account_epoch, allow.application_epoch) = (account, application);
        stale.push(allow);
    }
    agent.becomes(Status::Suspended).await;
    stale.push(make.allow(make.consent(&ada, &acting)));
    for allow in stale {
        let (key, _) = allow.key.expect("a key");
        assert_eq!(make.store.allow(allow).await.expect("written"), None);
        assert_eq!(make.store.auth_key(key).await.expect("read"), None, "no key without a grant");
    }
    assert!(make.store.consents_of(ada.id).await.expect("read").is_empty());
    assert!(make.store.allow(make.allow(make.consent(&ada, &app))).await.expect("written").is_some());

    for (account_epoch, installation_epoch) in [(1, 0), (-1, 0), (0, 1), (0, -1)] {
        let session = prosper::store::sessions::Session { account_epoch, installation_epoch, ..make.session(&ada) };
        assert!(!make.store.open_session(session, None, None).await.expect("written"));
    }
    assert!(make.store.sessions_of(ada.id).await.expect("read").is_empty());
    assert!(make.store.open_session(make.session(&ada), None, None).await.expect("written"));
}

/// What a success forgives it forgives only if it was one.
#[tokio::test]
async fn failures_are_forgiven_with_a_success_and_not_without_it() {
    use prosper::store::failures::CountAttempt;
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    let ada = p.investor("ada@example.com").await;
    let app = make.application(&ada, ApplicationKind::Personal).await;
    let attempt = || CountAttempt {
        space: p.space,
        folded_email: "ada@example.com".into(),
        most: 2,
        locked_until: p.p.now().plus(minutes(15)),
        now: p.p.now(),
    };
    let forgive = || Some((p.space, "ada@example.com".to_owned()));
    for _ in 0..2 {
        assert_eq!(make.store.count_attempt(attempt()).await.expect("written"), None);
    }
    let stale = Family { epochs: Epochs { account: 1, ..Epochs::default() }, ..make.family(&ada, &app) };
    assert!(!make.store.open_family(stale, forgive()).await.expect("written"));
    let session = prosper::store::sessions::Session { account_epoch: 1, ..make.session(&ada) };
    assert!(!make.store.open_session(session, None, forgive()).await.expect("written"));
    assert!(make.store.count_attempt(attempt()).await.expect("written").is_some(), "still locked");
    assert!(make.store.open_family(make.family(&ada, &app), forgive()).await.expect("written"));
    assert_eq!(make.store.count_attempt(attempt()).await.expect("written"), None);
    for _ in 0..2 {
        make.store.count_attempt(attempt()).await.expect("written");
    }
    assert!(make.store.open_session(make.session(&ada), None, forgive()).await.expect("written"));
    assert_eq!(make.store.count_attempt(attempt()).await.expect("written"), None);
}
