//! What may happen once happens once, whoever asks at the same time.

use std::collections::HashSet;

use futures_util::future::join_all;
use prosper::domain::application::ApplicationKind;
use prosper::store::changes::Follow;
use prosper::store::failures::CountAttempt;
use prosper::store::redeeming::Redeemed;

use super::{Int, Maker};
use crate::prosper::{Prosper, hours, minutes, seconds};

/// Fifty tasks that do the same thing at once, and what each was told.
async fn fifty<T: Send + 'static, F: Future<Output = T> + Send + 'static>(of: impl Fn(usize) -> F) -> Vec<T> {
    let tasks: Vec<_> = (0..50).map(|at| tokio::spawn(of(at))).collect();
    join_all(tasks).await.into_iter().map(|done| done.expect("no panic")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn of_fifty_redeemers_of_one_code_one_wins_and_the_others_learn_when() {
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    let ada = p.investor("ada@example.com").await;
    let app = make.application(&ada, ApplicationKind::Login).await;
    let consent = make.store.allow(make.allow(make.consent(&ada, &app))).await.expect("written").expect("given");
    for _ in 0..20 {
        let code = make.redeeming(&ada, &app, consent);
        let told = fifty(|_| {
            let (store, code) = (make.store.clone(), code);
            async move { store.redeem_code(code).await.expect("written") }
        });
        let told = told.await;
        assert_eq!(told.iter().filter(|told| **told == Redeemed::Now).count(), 1);
        let before = Redeemed::Before { at: code.used_at };
        assert_eq!(told.iter().filter(|told| **told == before).count(), 49);
    }
    assert_eq!(make.store.redemption_count().await.expect("read"), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn a_form_works_once_and_an_address_is_taken_once() {
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    let ada = p.investor("ada@example.com").await;
    let app = make.application(&ada, ApplicationKind::Login).await;
    for round in 0_u8..10 {
        let allows = |_| {
            let mut allow = make.allow(make.consent(&ada, &app));
            allow.form = Some(([round; 16], p.p.now().plus(hours(2))));
            let store = make.store.clone();
            async move { store.allow(allow).await.expect("written") }
        };
        assert_eq!(fifty(allows).await.into_iter().flatten().count(), 1, "a form is answered once");

        let password = p.hash_of("a password of its own").await;
        let accounts = |_| {
            let new = prosper::store::new_accounts::NewAccount {
                uid: prosper::domain::ids::AccountUid::from_random(make.bytes()),
                space: p.space,
                email: prosper::domain::email::Email::parse(&format!("new{round}@example.com")).expect("an address"),
                name: "Ada".into(),
                kind: prosper::domain::account::AccountKind::Individual,
                investor_type: prosper::domain::account::InvestorType::Individual,
                password: password.clone(),
                status: prosper::domain::status::Status::Active,
                staff: None,
                institution: None,
                phone: None,
                trail: p.system(),
            };
            let store = make.store.clone();
            async move { store.create_account(new).await.expect("written") }
        };
        assert_eq!(fifty(accounts).await.into_iter().flatten().count(), 1, "an address is taken once");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn attempts_are_counted_exactly_t_13() {
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    for most in [1, 2, 10, 49] {
        let attempt = |_| {
            let now = make.now();
            let attempt = CountAttempt {
                space: p.space,
                folded_email: format!("ada{most}@example.com"),
                most,
                locked_until: now.plus(minutes(15)),
                now,
            };
            let store = make.store.clone();
            async move { store.count_attempt(attempt).await.expect("written") }
        };
        let told = fifty(attempt).await;
        assert_eq!(told.iter().filter(|until| until.is_none()).count(), usize::try_from(most).expect("small"));
        assert!(told.into_iter().flatten().all(|until| until == make.now().plus(minutes(15))));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn the_change_log_has_no_gap_and_no_position_appears_behind_one_that_was_seen() {
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    let mut people = Vec::new();
    for at in 0..10 {
        people.push(p.investor(&format!("p{at}@example.com")).await.id);
    }
    let start = make.store.read(Follow { after: -1 }).await.expect("read").head.position;
    let store = make.store.clone();
    let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
    let follower = tokio::spawn(async move {
        let (mut after, mut changes) = (start, 0);
        loop {
            let last = stopped.try_recv().is_ok();
            let news = store.read(Follow { after }).await.expect("read");
            let seen = news.changes.expect("a follower that keeps up is told everything");
            let told = i64::try_from(seen.len()).expect("small");
            assert_eq!(news.head.position - after, told, "as many changes as positions");
            (after, changes) = (news.head.position, changes + told);
            if last {
                return changes;
            }
        }
    });
    for round in 0..6 {
        let done = fifty(|at| {
            let (store, account, trail) = (make.store.clone(), people[(at + round) % 10], p.system());
            async move { store.sign_out_everywhere(account, trail).await.expect("written") }
        });
        assert!(done.await.into_iter().all(|done| done));
    }
    stop.send(()).expect("it follows");
    assert_eq!(follower.await.expect("no panic"), 300);
    let positions = "select count(*) from changes where position > 0";
    let count = make.store.read(Int(positions)).await.expect("read");
    let highest = make.store.read(Int("select max(position) from changes")).await.expect("read");
    let head = make.store.read(Int("select position from change_head where one = 1")).await.expect("read");
    assert_eq!((count, highest), (head, head), "gapless from the first to the head");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn families_opened_at_once_are_all_there() {
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    let ada = p.investor("ada@example.com").await;
    let app = make.application(&ada, ApplicationKind::Personal).await;
    let families: Vec<_> = (0..50).map(|_| make.family(&ada, &app)).collect();
    let opened = fifty(|at| {
        let (store, family) = (make.store.clone(), families[at].clone());
        async move { store.open_family(family, None).await.expect("written") }
    });
    assert!(opened.await.into_iter().all(|opened| opened));
    let ids: HashSet<_> = families.iter().map(|family| family.id.hex()).collect();
    assert_eq!(ids.len(), 50);
    for family in &families {
        assert_eq!(make.store.family(family.id).await.expect("read").as_deref(), Some(family));
    }
    p.clock.advance(seconds(1));
    assert_eq!(make.store.family_count().await.expect("read"), 50);
}
