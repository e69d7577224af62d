//! What has expired is swept to the microsecond, what still matters stays, and what was swept is not forgotten.

use std::time::{Duration, Instant};

use prosper::contract::lifetimes;
use prosper::domain::application::ApplicationKind;
use prosper::domain::ids::{ClientId, CodeId};
use prosper::domain::time::Timestamp;
use prosper::fault::Fault;
use prosper::store::app_requests::AppRequest;
use prosper::store::engine::{Tx, Unit};
use prosper::store::families::Family;
use prosper::store::redeeming::{Redeemed, Redeeming};
use prosper::store::sessions::Session;
use prosper::store::stood::Basis;

use prosper::values;

use super::{Int, Maker};
use crate::prosper::{A_MOMENT, ON_POSTGRES, Prosper, hours, is_set, just_before, minutes, seconds};

#[tokio::test]
async fn what_expires_is_swept_in_its_microsecond_and_not_before() {
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    let ada = p.investor("ada@example.com").await;
    let (own, login) =
        (make.application(&ada, ApplicationKind::Personal).await, make.application(&ada, ApplicationKind::Login).await);
    let end = p.p.now().plus(hours(1));
    let mut allow = make.allow(make.consent(&ada, &login));
    allow.form = Some(([1; 16], end));
    let consent = make.store.allow(allow).await.expect("written").expect("given");
    let family = Family { expires_at: end, ..make.family(&ada, &own) };
    make.store.open_family(family.clone(), None).await.expect("written");
    let session = Session { expires_at: end, ..make.session(&ada) };
    make.store.open_session(session.clone(), None, None).await.expect("written");
    let code = make.redeeming(&ada, &login, consent);
    make.store.redeem_code(Redeeming { token_expires_at: end, ..code }).await.expect("written");

    let tables = ["families", "sessions", "redemptions", "used_forms"];
    let counts = [
        Int("select count(*) from families"),
        Int("select count(*) from sessions"),
        Int("select count(*) from redemptions"),
        Int("select count(*) from used_forms"),
    ];
    p.clock.advance(just_before(hours(1)));
    make.store.sweep(p.p.now()).await.expect("swept");
    for (table, count) in tables.iter().zip(&counts) {
        assert_eq!(make.store.read(Int(count.0)).await.expect("read"), 1, "{table} a moment before");
    }
    p.clock.advance(A_MOMENT);
    assert!(make.store.sweep(p.p.now()).await.expect("swept") > 0);
    for (table, count) in tables.iter().zip(&counts) {
        assert_eq!(make.store.read(Int(count.0)).await.expect("read"), 0, "{table} in its microsecond");
    }
    assert_eq!(make.store.sweep(p.p.now()).await.expect("swept"), 0, "and nothing the second time");
    assert_eq!(make.store.consents_of(ada.id).await.expect("read").len(), 1, "what does not expire stays");
}

#[tokio::test]
async fn a_used_code_that_was_swept_cannot_be_used_again_whatever_the_clock_says() {
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    let ada = p.investor("ada@example.com").await;
    let app = make.application(&ada, ApplicationKind::Login).await;
    let consent = make.store.allow(make.allow(make.consent(&ada, &app))).await.expect("written").expect("given");
    let (used, unused) = (make.redeeming(&ada, &app, consent), make.redeeming(&ada, &app, consent));
    assert_eq!(make.store.redeem_code(used).await.expect("written"), Redeemed::Now);
    make.store.sweep(p.p.now().plus(minutes(20))).await.expect("swept");
    assert_eq!(make.store.redemption_count().await.expect("read"), 0);
    // The flow has long refused both by their age; here the clock is one that went back.
    for code in [used, unused] {
        assert_eq!(make.store.redeem_code(code).await.expect("written"), Redeemed::NotAllowed);
    }
    let swept_before = make.store.installation().await.expect("read").swept_before;
    make.store.sweep(p.p.now()).await.expect("swept");
    let after = make.store.read(Int("select swept_before from installation where one = 1")).await.expect("read");
    let before = p.p.now().plus(minutes(20));
    assert_eq!(Timestamp::from_micros(after), before, "it never goes back (the view held {swept_before})");
    let fresh = Redeeming { code_expires_at: before.plus(A_MOMENT), ..make.redeeming(&ada, &app, consent) };
    assert_eq!(make.store.redeem_code(fresh).await.expect("written"), Redeemed::Now, "a moment later is late enough");
}

#[tokio::test]
async fn used_codes_are_swept_however_they_are_named() {
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    let ada = p.investor("ada@example.com").await;
    let app = make.application(&ada, ApplicationKind::Login).await;
    let consent = make.store.allow(make.allow(make.consent(&ada, &app))).await.expect("written").expect("given");
    let now = p.p.now();
    let random = CodeId::from_bytes([0xee; 16]);
    let low = CodeId::from_bytes([0; 16]);
    let drawn = |after, salt| CodeId::drawn_at(now.plus(after), [salt; 16]);
    // A code that is used in its last moment has a token that outlives it by as much as any other.
    for (code, drawn_at, used_after) in [
        (drawn(minutes(0), 1), minutes(0), minutes(0)),
        (drawn(minutes(0), 2), minutes(0), just_before(minutes(5))),
        (drawn(minutes(2), 3), minutes(2), minutes(0)),
        (random, minutes(0), minutes(0)),
        (low, minutes(0), minutes(0)),
        // By a clock that was since set back.
        (drawn(hours(24 * 400), 4), minutes(0), minutes(0)),
    ] {
        let (drawn_at, used_at) = (now.plus(drawn_at), now.plus(drawn_at).plus(used_after));
        let like = make.redeeming(&ada, &app, consent);
        let redeeming = Redeeming {
            basis: Basis { code, ..like.basis },
            used_at,
            code_expires_at: drawn_at.plus(minutes(5)),
            token_expires_at: used_at.plus(minutes(15)),
        };
        let redeemed = make.store.redeem_code(redeeming).await;
        assert_eq!(redeemed.expect("written"), Redeemed::Now, "{code}");
    }
    for (after, left) in
        [(just_before(minutes(15)), 6), (minutes(15), 2), (minutes(17), 1), (just_before(minutes(20)), 0)]
    {
        make.store.sweep(now.plus(after)).await.expect("swept");
        assert_eq!(make.store.redemption_count().await.expect("read"), left, "after {after:?}");
    }
}

#[tokio::test]
async fn the_high_water_mark_rises_with_the_writes_and_never_falls() {
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    let mark = async || {
        let mark = make.store.read(Int("select high_water from installation where one = 1")).await.expect("read");
        Timestamp::from_micros(mark)
    };
    assert!(mark().await <= p.p.now());
    p.clock.advance(hours(3));
    make.store.mark_time(p.p.now()).await.expect("written");
    assert_eq!(mark().await, p.p.now());
    make.store.mark_time(Timestamp::from_seconds(1)).await.expect("written");
    assert_eq!(mark().await, p.p.now());
    p.clock.advance(minutes(1));
    p.investor("ada@example.com").await;
    // On the networked engine the follower of the change log does, a few times a second.
    let until = Instant::now() + seconds(if is_set(ON_POSTGRES) { 5 } else { 0 });
    while mark().await != p.p.now() && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(mark().await, p.p.now(), "a write carries it along");
}

#[tokio::test]
async fn attempts_that_lock_nobody_are_forgotten_after_a_day_and_locks_are_not() {
    use prosper::store::failures::CountAttempt;
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    let attempt = |email: &str, most| CountAttempt {
        space: p.space,
        folded_email: email.into(),
        most,
        locked_until: p.p.now().plus(hours(48)),
        now: p.p.now(),
    };
    make.store.count_attempt(attempt("free@example.com", 5)).await.expect("written");
    make.store.count_attempt(attempt("locked@example.com", 1)).await.expect("written");
    let count = "select count(*) from sign_in_failures";
    make.store.sweep(p.p.now().plus(just_before(hours(24)))).await.expect("swept");
    assert_eq!(make.store.read(Int(count)).await.expect("read"), 2);
    make.store.sweep(p.p.now().plus(hours(24))).await.expect("swept");
    assert_eq!(make.store.read(Int(count)).await.expect("read"), 1);
    assert!(make.store.count_attempt(attempt("locked@example.com", 1)).await.expect("written").is_some());
}

/// Anybody who knows a client id can cause a refusal that its owner may look up: no application's log grows past a bound.
#[tokio::test]
async fn the_requests_of_an_application_are_kept_up_to_a_bound() {
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    let ada = p.investor("ada@example.com").await;
    let (crowded, quiet) =
        (make.application(&ada, ApplicationKind::Personal).await, make.application(&ada, ApplicationKind::Login).await);
    let most = lifetimes::MOST_REQUESTS_KEPT;
    for (application, rows) in [(crowded.id, most + 50), (quiet.id, 3)] {
        make.store.write(Requests { application, rows, at: p.p.now() }).await.expect("written");
    }
    p.clock.advance(seconds(1));
    let add = async |ids: std::ops::Range<usize>| {
        for id in ids {
            let request_id = format!("late{id:012}");
            let (surface, outcome, detail) = ("token", "invalid_client".to_owned(), String::new());
            let at = p.p.now();
            make.store.saw_request(AppRequest { request_id, application: crowded.id, at, surface, outcome, detail });
        }
        make.store.flush_observations().await.expect("written");
    };
    add(0..4_000).await;
    add(4_000..8_000).await;
    assert_eq!(make.store.write(Count(crowded.id)).await.expect("read"), most + 8_050, "looked for once in a while");
    add(8_000..12_000).await;
    assert_eq!(make.store.write(Count(crowded.id)).await.expect("read"), most);
    assert_eq!(make.store.write(Count(quiet.id)).await.expect("read"), 3);
    let newest = make.store.requests_of(crowded.id, None, 1).await.expect("read");
    assert!(newest[0].request_id.starts_with("late"), "the newest stay");
}

/// Requests of long ago, a microsecond apart.
struct Requests {
    application: ClientId,
    rows: i64,
    at: Timestamp,
}

impl Unit for Requests {
    type Out = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Fault> {
        tx.execute(
            "with recursive n (i) as (select 1 union all select i + 1 from n where i < cast(?2 as bigint))
             insert into app_requests (request_id, application, at, surface, outcome)
             select ?4 || cast(i as text), ?1, cast(?3 as bigint) - i, 'token', 'invalid_client' from n",
            values![&self.application, self.rows, self.at, &self.application.hex()],
        )
        .await?;
        Ok(())
    }
}

struct Count(ClientId);

impl Unit for Count {
    type Out = i64;

    async fn run(&self, tx: &mut Tx) -> Result<i64, Fault> {
        let row = tx.one("select count(*) from app_requests where application = ?1", values![&self.0]).await?;
        row.expect("a count").get(0)
    }
}
