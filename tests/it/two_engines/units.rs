//! A unit happens whole or not at all, and one that fails harms no other that shares its commit.

use futures_util::future::join_all;
use prosper::domain::ids::AccountId;
use prosper::fault::Fault;
use prosper::store::changes::Change;
use prosper::store::engine::{Tx, Unit};
use prosper::values;

use super::{Int, Maker};
use crate::prosper::{ON_POSTGRES, Prosper, is_set};

/// How a unit ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Well,
    Refused,
    Broken,
    Panics,
    Waits,
}

/// Writes a row, notes a change, and ends as it is told to.
struct Mark(u8, End);

impl Unit for Mark {
    type Out = u8;

    async fn run(&self, tx: &mut Tx) -> Result<u8, Fault> {
        let sql = "insert into used_forms (id, expires_at) values (?1, ?2)";
        tx.execute(sql, values![&[self.0; 16], 9_000_000_000_000_000_i64]).await?;
        tx.changed(Change::Account(AccountId(i64::from(self.0))));
        match self.1 {
            End::Well => Ok(self.0),
            End::Refused => Err(Fault::internal("as it was told to")),
            // The row is there already: the engine itself says no.
            End::Broken => tx.execute(sql, values![&[self.0; 16], 1_i64]).await.map(|_| self.0),
            End::Panics => panic!("as it was told to"),
            End::Waits => std::future::pending().await,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn a_unit_that_fails_leaves_those_beside_it_whole() {
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    let head = "select position from change_head where one = 1";
    let before = make.store.read(Int(head)).await.expect("read");
    let mut ends = vec![End::Refused, End::Broken, End::Panics];
    // On an engine that answers later, waiting is what units do.
    if !is_set(ON_POSTGRES) {
        ends.push(End::Waits);
    }
    let end = |at: u8| if at.is_multiple_of(3) { ends[usize::from(at / 3) % ends.len()] } else { End::Well };
    let units = (0..60).map(|at| {
        let (store, unit) = (make.store.clone(), Mark(at, end(at)));
        tokio::spawn(async move { store.write(unit).await })
    });
    let outcomes = join_all(units.collect::<Vec<_>>()).await;
    for (at, outcome) in (0..60_u8).zip(outcomes) {
        match (end(at), outcome.expect("whoever asks is told")) {
            (End::Well, told) => assert_eq!(told.expect("it was well"), at),
            (end, told) => assert!(told.is_err(), "{end:?} is a fault"),
        }
    }
    assert_eq!(
        make.store.read(Int("select count(*) from used_forms")).await.expect("read"),
        40,
        "nothing of the others"
    );
    let after = make.store.read(Int(head)).await.expect("read");
    assert_eq!(after - before, 40, "and no change was told of them");
    assert_eq!(make.store.write(Mark(99, End::Well)).await.expect("the store goes on"), 99);
}

/// Reads what it must not be able to change.
struct Sneak;

impl Unit for Sneak {
    type Out = u64;

    async fn run(&self, tx: &mut Tx) -> Result<u64, Fault> {
        tx.execute("update installation set epoch = epoch + 1 where one = 1", &[]).await
    }
}

#[tokio::test]
async fn what_a_reading_unit_writes_is_never_kept() {
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    let epoch = "select epoch from installation where one = 1";
    let before = make.store.read(Int(epoch)).await.expect("read");
    let _ = make.store.read(Sneak).await;
    assert_eq!(make.store.read(Int(epoch)).await.expect("read"), before);
}

#[tokio::test]
async fn a_broken_statement_is_a_fault_and_never_an_absence() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let make = Maker::of(&p);
    make.store.write(super::Raw("alter table sessions rename to sessions_elsewhere")).await.expect("written");
    assert!(make.store.session(make.session(&ada).id).await.is_err());
    assert!(make.store.open_session(make.session(&ada), None, None).await.is_err());
    make.store.write(super::Raw("alter table sessions_elsewhere rename to sessions")).await.expect("written");
    assert_eq!(make.store.session(make.session(&ada).id).await.expect("read"), None);
}
