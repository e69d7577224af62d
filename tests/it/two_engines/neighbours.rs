//! The two hot units travel together: neighbours in the queue become one multi-row statement, and each is told its own
//! outcome all the same (house plan §4).

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use prosper::domain::application::ApplicationKind;
use prosper::domain::ids::{CodeId, ConsentId};
use prosper::fault::Fault;
use prosper::store::engine::{Tx, Unit};
use prosper::store::failures::CountAttempt;
use prosper::store::families::Epochs;
use prosper::store::redeeming::{Redeemed, Redeeming};
use prosper::store::stood::Basis;
use prosper::values;
use tokio::sync::Notify;

use super::{Int, Maker, Raw};
use crate::prosper::alone::{alone, run};
use crate::prosper::statements::Statements;
use crate::prosper::{ON_POSTGRES, Prosper, is_set, minutes};

/// What each was told, in order, of codes that come in at one moment.
async fn at_once(make: &Maker<'_>, codes: &[Redeeming]) -> Vec<Redeemed> {
    let told = join_all(codes.iter().map(|code| make.store.redeem_code(*code))).await;
    told.into_iter().map(|told| told.expect("written")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_that_come_together_each_is_told_its_own() {
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    let ada = p.investor("ada@example.com").await;
    let app = make.application(&ada, ApplicationKind::Login).await;
    let consent = make.store.allow(make.allow(make.consent(&ada, &app))).await.expect("written").expect("given");
    let used = make.redeeming(&ada, &app, consent);
    assert_eq!(make.store.redeem_code(used).await.expect("written"), Redeemed::Now);
    p.clock.advance(minutes(1));

    // In turn: a good one, one that was used, one whose consent there is not, one whose account has moved on.
    let mut codes = Vec::new();
    for at in 0..300 {
        let fresh = make.redeeming(&ada, &app, consent);
        codes.push(match at % 4 {
            0 => fresh,
            1 => Redeeming { used_at: p.p.now(), ..used },
            2 => Redeeming { basis: Basis { consent: ConsentId::from_bytes([9; 16]), ..fresh.basis }, ..fresh },
            _ => {
                let epochs = Epochs { account: 1, ..fresh.basis.epochs };
                Redeeming { basis: Basis { epochs, ..fresh.basis }, ..fresh }
            }
        });
    }
    for (at, told) in at_once(&make, &codes).await.into_iter().enumerate() {
        assert_eq!(
            told,
            match at % 4 {
                0 => Redeemed::Now,
                1 => Redeemed::Before { at: used.used_at },
                _ => Redeemed::NotAllowed,
            },
            "{at}"
        );
    }
    assert_eq!(make.store.redemption_count().await.expect("read"), 76);
    for (at, code) in codes.iter().enumerate() {
        let kept = make.store.redemption(code.basis.code).await.expect("read");
        assert_eq!(kept.is_some(), at % 4 < 2, "{at}");
        assert!(at % 4 != 0 || kept.as_deref() == Some(&code.redemption()), "{at}: all of it was written down");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_those_that_bring_one_code_together_exactly_one_wins() {
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    let ada = p.investor("ada@example.com").await;
    let app = make.application(&ada, ApplicationKind::Login).await;
    let consent = make.store.allow(make.allow(make.consent(&ada, &app))).await.expect("written").expect("given");
    // Forty codes, each brought five times, a moment later each time, so that the winner can be told from its row.
    let fresh: Vec<_> = (0..40).map(|_| make.redeeming(&ada, &app, consent)).collect();
    let mut codes = Vec::new();
    for _ in 0..5 {
        p.clock.advance(std::time::Duration::from_millis(1));
        for code in &fresh {
            let mut code = *code;
            (code.used_at, code.token_expires_at) = (p.p.now(), p.p.now().plus(minutes(15)));
            codes.push(code);
        }
    }
    let told = at_once(&make, &codes).await;
    for code in &fresh {
        let id = code.basis.code;
        let mut brought = codes.iter().zip(&told).filter(|(code, _)| code.basis.code == id);
        let (winner, _) = brought.clone().find(|(_, told)| **told == Redeemed::Now).expect("one wins");
        let row = make.store.redemption(id).await.expect("read").expect("there");
        assert_eq!(*row, winner.redemption(), "what is written down is the winner's");
        let lost = Redeemed::Before { at: row.used_at };
        assert!(brought.all(|(code, told)| *told == if std::ptr::eq(code, winner) { Redeemed::Now } else { lost }));
    }
}

#[test]
fn neighbours_share_a_statement() {
    if !alone("two_engines::neighbours::neighbours_share_a_statement") {
        return;
    }
    let statements = Statements::of_this_process();
    run(async {
        let p = Prosper::start().await;
        let make = Maker::of(&p);
        let ada = p.investor("ada@example.com").await;
        let (login, own) = (
            make.application(&ada, ApplicationKind::Login).await,
            make.application(&ada, ApplicationKind::Personal).await,
        );
        let consent = make.store.allow(make.allow(make.consent(&ada, &login))).await.expect("written").expect("given");
        let codes: Vec<_> = (0..200).map(|_| make.redeeming(&ada, &login, consent)).collect();
        statements.since();
        let told = at_once(&make, &codes).await;
        let inserts = |into: &str| statements.since().iter().filter(|sql| sql.contains(into)).count();
        let redeemed = inserts(" into redemptions");
        assert!(told.iter().all(|told| *told == Redeemed::Now));

        let families: Vec<_> = (0..200).map(|_| make.family(&ada, &own)).collect();
        let opened = join_all(families.iter().map(|family| make.store.open_family(family.clone(), None))).await;
        let families_opened = inserts(" into families ");
        assert!(opened.into_iter().all(|opened| opened.expect("written")));
        for statements in [redeemed, families_opened] {
            assert!((1..=40).contains(&statements), "{statements} statements for two hundred");
        }
        let rows = "select (select count(*) from families) + (select count(*) from redemptions)";
        assert_eq!(make.store.read(Int(rows)).await.expect("read"), 400);
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_that_cannot_be_written_harms_no_neighbour() {
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    let ada = p.investor("ada@example.com").await;
    let app = make.application(&ada, ApplicationKind::Personal).await;
    let taken = make.family(&ada, &app);
    assert!(make.store.open_family(taken.clone(), None).await.expect("written"));
    // A name that is taken breaks the statement of all who share it.
    let mut families: Vec<_> = (0..60).map(|_| make.family(&ada, &app)).collect();
    families[17].id = taken.id;
    let opened = join_all(families.iter().map(|family| make.store.open_family(family.clone(), None))).await;
    for (at, opened) in opened.into_iter().enumerate() {
        if at == 17 {
            assert!(opened.is_err());
        } else {
            assert!(opened.expect("written"), "{at}");
        }
    }
    assert_eq!(make.store.family_count().await.expect("read"), 60);
}

/// T-13: a password that was right forgives what was counted; of several at once, those of each and nobody else's.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn families_that_are_opened_together_forgive_their_own() {
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    let ada = p.investor("ada@example.com").await;
    let app = make.application(&ada, ApplicationKind::Personal).await;
    let email = |at: usize| format!("p{at}@example.com");
    for at in 0..40 {
        let now = make.now();
        let attempt =
            CountAttempt { space: p.space, folded_email: email(at), most: 5, locked_until: now.plus(minutes(15)), now };
        make.store.count_attempt(attempt).await.expect("written");
    }
    let open = (0..40).map(|at| {
        let mut family = make.family(&ada, &app);
        // One in four is not opened, and forgives nothing.
        family.epochs.account = i64::from(at % 4 == 0);
        make.store.open_family(family, (at < 30).then(|| (p.space, email(at))))
    });
    let opened: Vec<_> = join_all(open).await.into_iter().map(|opened| opened.expect("written")).collect();
    assert!(opened.iter().enumerate().all(|(at, opened)| *opened == (at % 4 != 0)));
    let left = make.store.read(Emails).await.expect("read");
    let expected: HashSet<_> = (0..40).filter(|at| at % 4 == 0 || *at >= 30).map(email).collect();
    assert_eq!(left, expected);
}

struct Emails;

impl Unit for Emails {
    type Out = HashSet<String>;

    async fn run(&self, tx: &mut Tx) -> Result<HashSet<String>, Fault> {
        let rows = tx.many("select folded_email from sign_in_failures", &[]).await?;
        rows.iter().map(|row| row.get(0)).collect()
    }
}

/// While the store cannot be written everybody is told so, and afterwards it goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn neighbours_whose_statement_fails_are_all_told() {
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    let ada = p.investor("ada@example.com").await;
    let app = make.application(&ada, ApplicationKind::Login).await;
    let consent = make.store.allow(make.allow(make.consent(&ada, &app))).await.expect("written").expect("given");
    let codes: Vec<_> = (0..50).map(|_| make.redeeming(&ada, &app, consent)).collect();
    make.store.write(Raw("alter table redemptions rename to redemptions_elsewhere")).await.expect("written");
    for told in join_all(codes.iter().map(|code| make.store.redeem_code(*code))).await {
        assert!(told.is_err());
    }
    make.store.write(Raw("alter table redemptions_elsewhere rename to redemptions")).await.expect("written");
    assert!(at_once(&make, &codes).await.iter().all(|told| *told == Redeemed::Now));
    let ids: HashSet<CodeId> = codes.iter().map(|code| code.basis.code).collect();
    assert_eq!(ids.len(), 50);
}

/// Writes down a use of a code, and does not end before it is told to.
struct Holds {
    code: Redeeming,
    there: Arc<Notify>,
    end: Arc<Notify>,
}

impl Unit for Holds {
    type Out = u64;

    async fn run(&self, tx: &mut Tx) -> Result<u64, Fault> {
        let Redeeming { basis, used_at, code_expires_at, token_expires_at } = &self.code;
        let sql = "insert into redemptions
                       (code, application, account, used_at, code_expires_at, token_expires_at, revoked)
                   values (?1, ?2, ?3, ?4, ?5, ?6, 0)";
        let values = values![&basis.code, &basis.client, basis.account, *used_at, *code_expires_at, *token_expires_at];
        let rows = tx.execute(sql, values).await?;
        self.there.notify_one();
        self.end.notified().await;
        Ok(rows)
    }
}

/// Of the engine that has more than one writer: the embedded one waits for nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_slice_that_has_to_wait_for_a_row_holds_up_no_other() {
    if !is_set(ON_POSTGRES) {
        return;
    }
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    let ada = p.investor("ada@example.com").await;
    let app = make.application(&ada, ApplicationKind::Login).await;
    let consent = make.store.allow(make.allow(make.consent(&ada, &app))).await.expect("written").expect("given");
    let (held, free) = (make.redeeming(&ada, &app, consent), make.redeeming(&ada, &app, consent));
    let (there, end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let holds = Holds { code: held, there: Arc::clone(&there), end: Arc::clone(&end) };
    let (one, two) = (make.store.clone(), make.store.clone());
    let holder = tokio::spawn(async move { one.write(holds).await });
    there.notified().await;
    let waits = tokio::spawn(async move { two.redeem_code(held).await });
    // Its slice is on its way by then, or else both are in one and the test waits for longer than anybody does.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(make.store.redeem_code(free).await.expect("written"), Redeemed::Now);
    assert!(!waits.is_finished(), "its row is held");
    end.notify_one();
    assert_eq!(holder.await.expect("no panic").expect("written"), 1);
    let told = waits.await.expect("no panic").expect("written");
    assert_eq!(told, Redeemed::Before { at: held.used_at });
}
