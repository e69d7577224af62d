//! The networked engine: PostgreSQL, and what speaks its wire.
//!
//! 1. A write runs in a task of its own, so that a caller who goes away leaves no transaction half-way.
//! 2. `begin`, the unit, its notes for the change log, `commit`, on a connection of the pool. A unit that is one statement is
//!    sent as that, and the database answers once it is committed.
//! 3. A conflict (40001, 40P01) re-runs the unit after a pause, until patience ends; so does, a few times, a connection
//!    that was lost or turned read-only *before* the commit, or the one statement, was sent. If it was sent and its answer
//!    lost, whether it took effect is not known: nobody guesses, the answer is 503.
//! 4. After the commit the live view forgets what the unit changed, and only then the caller is answered.
//!
//! Reads go out on a few shared connections, many at a time (pipelined), each statement for itself. Nothing depends on
//! advisory locks, `LISTEN`, or the server's clock.
//!
//! This file is long because what may be run again, and what may not, is decided by one table of failures.

mod address;
mod wire;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use deadpool_postgres::{Object, Pool};
use tokio::sync::Mutex;

use super::changes;
use super::engine::{Alone, Answer, AnyUnit, Engine, OnCommit, Tx};
use super::view::View;
use crate::clock::Clock;
use crate::fault::Fault;
pub(super) use address::{connect, place, pool, reach};
pub(super) use wire::{drain, execute, fault, many, many_given, prepared};

/// Connections for transactions. More than the database has cores gains little; what waits is answered in two seconds.
const POOL: usize = 16;
/// Connections that reads share.
const SHARED: usize = 3;
/// How often a unit is run again after something that is not a conflict before its caller is told to come back.
const TRIES: u32 = 5;
/// How long a caller waits in all.
const PATIENCE: Duration = Duration::from_secs(9);
/// How long a read waits on one connection before it tries another.
const READ_PATIENCE: Duration = Duration::from_secs(3);
/// How long a read waits for the lease of the live view to be renewed.
const LEASE_PATIENCE: Duration = Duration::from_secs(2);

/// The ways to a database. Cheap to clone.
#[derive(Clone)]
pub(super) struct Lanes(Arc<Inner>);

struct Inner {
    pool: Pool,
    shared: Vec<Mutex<Option<Arc<Object>>>>,
    turn: AtomicUsize,
    clock: Clock,
    on_commit: OnCommit,
    view: Arc<View>,
    /// Whose turn it is of those who were overtaken.
    overtaken: Mutex<()>,
}

/// What went wrong with a statement, as far as it matters to what is done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Another transaction was faster: run the unit again.
    Conflict,
    /// The connection is of no use any more: take another.
    Connection,
    /// It leads to a server that may not be written any more, and others of the pool may as well.
    Demoted,
    /// The statement itself.
    Statement,
}

impl Lanes {
    pub(super) fn new(pool: Pool, clock: Clock, on_commit: OnCommit, view: Arc<View>) -> Self {
        let shared = (0..SHARED).map(|_| Mutex::new(None)).collect();
        let (turn, overtaken) = (AtomicUsize::new(0), Mutex::new(()));
        Self(Arc::new(Inner { pool, shared, turn, clock, on_commit, view, overtaken }))
    }

    /// Runs a unit in a transaction and answers once it is durable.
    pub(super) async fn write(&self, unit: Box<dyn AnyUnit>) -> Result<Answer, Fault> {
        let lanes = self.clone();
        let work = tokio::spawn(async move { lanes.persist(|| lanes.try_write(&*unit)).await });
        work.await.unwrap_or_else(|_| Err(Fault::internal("store: a unit panicked")))
    }

    /// Runs a unit that only reads, on a connection that it shares.
    pub(super) async fn read(&self, unit: Box<dyn AnyUnit>) -> Result<Answer, Fault> {
        self.leased().await?;
        self.persist(|| self.try_read(&*unit)).await
    }

    /// Waits until the change log has been followed within the lease. A server that was cut off from the others may go on
    /// answering reads from what was true before they went on without it; only a *write* shows that it is the one.
    async fn leased(&self) -> Result<(), Fault> {
        let until = Clock::monotonic() + LEASE_PATIENCE;
        while !self.0.view.is_trusted() {
            if Clock::monotonic() > until {
                return Err(Fault::unavailable("postgres: no server that can be written was reached of late"));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Tries until it works, until it cannot work, or until patience ends.
    async fn persist<T, F>(&self, mut attempt: impl FnMut() -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, (Fault, Option<Trouble>)>>,
    {
        let until = Clock::monotonic() + PATIENCE;
        let (mut tries, mut overtaken) = (0, 0);
        loop {
            let left = until.saturating_sub(Clock::monotonic());
            let outcome = tokio::time::timeout(left, async {
                // Many who want the same row overtake one another again and again where the database has the loser begin
                // anew. Whoever was overtaken twice goes on in turn: one after the other, each gets through.
                let _turn = if overtaken > 1 { Some(self.0.overtaken.lock().await) } else { None };
                attempt().await
            });
            match outcome.await {
                Ok(Ok(out)) => return Ok(out),
                Ok(Err((fault, Some(Trouble::Conflict)))) if fault.passing => overtaken += 1,
                Ok(Err((_, Some(Trouble::Conflict | Trouble::Connection | Trouble::Demoted)))) if tries < TRIES => {
                    tries += 1;
                }
                Ok(Err((fault, _))) => return Err(fault),
                Err(_) => return Err(Fault::unavailable("the database did not answer in time")),
            }
            // A few hundredths of a second, more each time, no two callers the same.
            let (step, jitter) = ((tries + overtaken).min(TRIES), Clock::monotonic().subsec_nanos() % 20);
            tokio::time::sleep(Duration::from_millis(u64::from(5 * (1 << step) + jitter))).await;
        }
    }

    async fn try_write(&self, unit: &dyn AnyUnit) -> Result<Answer, (Fault, Option<Trouble>)> {
        let loan = Loan(Some(Arc::new(self.connection().await?)));
        // Dropped before the loan is.
        let mut tx = Tx::new(Engine::Postgres(Arc::clone(loan.connection())));
        let outcome = if unit.is_one_statement() {
            self.alone(unit, &mut tx).await
        } else {
            self.in_transaction(unit, loan.connection(), &mut tx).await
        };
        let trouble = tx.trouble;
        let changes = std::mem::take(&mut tx.changes);
        drop(tx);
        match outcome {
            Ok((out, last)) => {
                loan.give_back();
                (self.0.on_commit)(&changes, last);
                Ok(out)
            }
            Err((fault, sent_commit)) => {
                let usable = !matches!(trouble, Some(Trouble::Connection | Trouble::Demoted));
                if usable && !sent_commit && loan.connection().batch_execute("rollback").await.is_ok() {
                    loan.give_back();
                }
                self.distrust(trouble);
                // Whether a commit that was sent took effect, only the database knows.
                Err((fault, trouble.filter(|_| !sent_commit)))
            }
        }
    }

    /// After a promotion, connections to the old primary may be many: all that are idle are closed.
    fn distrust(&self, trouble: Option<Trouble>) {
        if trouble == Some(Trouble::Demoted) {
            self.0.pool.retain(|_, _| false);
        }
    }

    /// Answers what the unit did, and the last position of its changes in the log. The second of an error says whether the
    /// commit had been sent.
    async fn in_transaction(
        &self,
        unit: &dyn AnyUnit,
        connection: &Object,
        tx: &mut Tx,
    ) -> Result<(Answer, i64), (Fault, bool)> {
        let begun = connection.batch_execute("begin").await;
        begun.map_err(|problem| (tx.stumble(&problem), false))?;
        let out = unit.run(tx).await.map_err(|fault| (fault, false))?;
        let mut last = 0;
        if !tx.changes.is_empty() {
            let noted = tx.changes.clone();
            last = changes::log(tx, &noted, self.0.clock.now()).await.map_err(|fault| (fault, false))?;
        }
        match wire::commit(connection, unit.always()).await {
            Ok(()) => Ok((out, last)),
            Err(problem) => {
                let fault = tx.stumble(&problem);
                Err((fault, !was_refused(tx)))
            }
        }
    }

    /// The same for a unit that is one statement, which the database commits by itself.
    async fn alone(&self, unit: &dyn AnyUnit, tx: &mut Tx) -> Result<(Answer, i64), (Fault, bool)> {
        tx.alone = Some(Alone::Waits);
        match unit.run(tx).await {
            Ok(_) if !tx.changes.is_empty() => {
                Err((Fault::internal("store: one statement cannot note a change"), true))
            }
            Ok(out) => Ok((out, 0)),
            Err(fault) => Err((fault, tx.alone == Some(Alone::Sent) && !was_refused(tx))),
        }
    }

    async fn try_read(&self, unit: &dyn AnyUnit) -> Result<Answer, (Fault, Option<Trouble>)> {
        let lane = &self.0.shared[self.0.turn.fetch_add(1, Ordering::Relaxed) % SHARED];
        let connection = {
            let mut held = lane.lock().await;
            match &*held {
                Some(connection) if !connection.is_closed() => Arc::clone(connection),
                _ => {
                    let connection = Arc::new(self.connection().await?);
                    let read_only = connection.batch_execute("set default_transaction_read_only = on").await;
                    read_only.map_err(|problem| {
                        let (fault, trouble) = fault(&problem);
                        (fault, Some(trouble))
                    })?;
                    *held = Some(Arc::clone(&connection));
                    connection
                }
            }
        };
        let mut tx = Tx::new(Engine::Postgres(Arc::clone(&connection)));
        let in_time = tokio::time::timeout(READ_PATIENCE, unit.run(&mut tx)).await;
        let outcome = in_time.unwrap_or_else(|_| {
            tx.trouble = Some(Trouble::Connection);
            Err(Fault::unavailable("the database did not answer in time"))
        });
        let trouble = tx.trouble;
        drop(tx);
        if matches!(trouble, Some(Trouble::Connection | Trouble::Demoted)) {
            let mut held = lane.lock().await;
            if held.as_ref().is_some_and(|held| Arc::ptr_eq(held, &connection)) {
                *held = None;
            }
            drop(held);
            discard(connection);
            self.distrust(trouble);
        }
        outcome.map_err(|fault| (fault, trouble))
    }

    async fn connection(&self) -> Result<Object, (Fault, Option<Trouble>)> {
        connect(&self.0.pool).await
    }
}

/// What the database refuses has been undone; a lost answer tells nothing.
fn was_refused(tx: &Tx) -> bool {
    matches!(tx.trouble, Some(Trouble::Conflict | Trouble::Statement | Trouble::Demoted))
}

/// A connection on loan for one transaction. Dropped without having been given back (a deadline passed, the transaction
/// may have been committed or not), it is closed: whoever came next would go on with a transaction that is half done.
struct Loan(Option<Arc<Object>>);

impl Loan {
    fn connection(&self) -> &Arc<Object> {
        self.0.as_ref().expect("a loan holds its connection until it is given back or dropped")
    }

    fn give_back(mut self) {
        self.0 = None;
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            discard(connection);
        }
    }
}

/// Takes a connection out of the pool for good: it was lost, or leads to a server that is no longer the primary.
fn discard(connection: Arc<Object>) {
    if let Ok(connection) = Arc::try_unwrap(connection) {
        drop(Object::take(connection));
    }
}
