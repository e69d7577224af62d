//! Follows the change log, so that this process honours within a second what another one changed (a command beside the
//! server, another node).
//!
//! A thread (or, for a networked engine, a task) of its own polls a few times a second, forgets in the live view what
//! changed, and only then extends the view's lease, counted from the start of the poll. When a poll fails the lease runs
//! out and every look reads through.
//!
//! A networked poll also moves the high-water mark: a node that is cut off from the *writable* primary cannot, and so
//! loses its lease even if an old primary still answers its reads.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use tokio::sync::watch;

use super::changes::{Change, Follow, Head, News};
use super::engine::{Tx, Unit};
use super::installation::MarkTime;
use super::postgres::Lanes;
use super::view::View;
use super::{changes, engine, sqlite};
use crate::clock::Clock;
use crate::domain::time::Timestamp;
use crate::fault::Fault;

/// How often the log is looked at: four times within a lease.
const PERIOD: Duration = Duration::from_millis(200);

/// What follows the log, ended when this is dropped.
pub(super) struct Follower {
    _end: End,
    installation: watch::Receiver<u64>,
}

enum End {
    /// Dropped to end the thread.
    Thread {
        _stop: std::sync::Mutex<SyncSender<()>>,
    },
    Task(tokio::task::AbortHandle),
}

impl Drop for End {
    fn drop(&mut self) {
        if let Self::Task(task) = self {
            task.abort();
        }
    }
}

impl Follower {
    /// Follows an embedded store. The first poll happens here, so that a store that opened is ready.
    pub(super) fn thread(tx: Tx, following: Following, told: watch::Receiver<u64>) -> Result<Self, Fault> {
        let (stop, stopped) = sync_channel::<()>(0);
        let mut embedded = Embedded { tx, following };
        embedded.poll()?;
        let work = move || {
            while stopped.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
                if let Err(fault) = embedded.poll() {
                    tracing::error!(cause = %fault, "the change log cannot be read");
                }
            }
        };
        std::thread::Builder::new().name("prosper-follower".into()).spawn(work).map_err(Fault::internal)?;
        Ok(Self { _end: End::Thread { _stop: std::sync::Mutex::new(stop) }, installation: told })
    }

    /// Follows a networked store.
    pub(super) async fn task(
        lanes: Lanes,
        mut following: Following,
        told: watch::Receiver<u64>,
    ) -> Result<Self, Fault> {
        following.poll_over(&lanes).await?;
        let work = async move {
            let mut failing = false;
            loop {
                tokio::time::sleep(PERIOD).await;
                match following.poll_over(&lanes).await {
                    Ok(()) => failing = false,
                    Err(fault) if !failing => {
                        failing = true;
                        tracing::error!(cause = %fault, "the change log cannot be followed");
                    }
                    Err(_) => {}
                }
            }
        };
        Ok(Self { _end: End::Task(tokio::spawn(work).abort_handle()), installation: told })
    }

    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.installation.clone()
    }
}

/// What a follower knows and whom it tells.
pub(super) struct Following {
    view: Arc<View>,
    known: Option<Head>,
    tell: watch::Sender<u64>,
    clock: Clock,
}

impl Following {
    pub(super) fn new(view: &Arc<View>, clock: &Clock) -> (Self, watch::Receiver<u64>) {
        let (tell, told) = watch::channel(0);
        (Self { view: Arc::clone(view), known: None, tell, clock: clock.clone() }, told)
    }

    fn after(&self) -> i64 {
        self.known.map_or(-1, |known| known.position)
    }

    fn apply(&mut self, News { head, changes }: News, began: Duration) {
        let continues = self.known.is_some_and(|known| known.timeline == head.timeline);
        if head.gone && !self.view.is_gone() {
            tracing::error!(
                "this installation was moved to another database: everything is answered with 503 from here on"
            );
        }
        self.view.note_gone(head.gone);
        match changes {
            Some(changes) if continues => {
                self.view.forget(&changes);
                self.view.has_applied(head.position);
                if changes.iter().any(|change| matches!(change, Change::Installation | Change::Keys)) {
                    self.tell.send_modify(|version| *version += 1);
                }
            }
            _ => {
                self.view.forget_all(head.position);
                self.tell.send_modify(|version| *version += 1);
            }
        }
        self.known = Some(head);
        self.view.trust_from(began);
    }

    async fn poll_over(&mut self, lanes: &Lanes) -> Result<(), Fault> {
        let began = Clock::monotonic();
        let heartbeat = Heartbeat { after: self.after(), now: self.clock.now() };
        let news = engine::typed::<Heartbeat>(lanes.write(Box::new(heartbeat)).await?)?;
        self.apply(news, began);
        Ok(())
    }
}

/// Marks the time and reads the news, in one transaction of the writable primary.
struct Heartbeat {
    after: i64,
    now: Timestamp,
}

impl Unit for Heartbeat {
    type Out = News;
    const ALWAYS: bool = true;

    async fn run(&self, tx: &mut Tx) -> Result<News, Fault> {
        // Moved or not: a server that may not be written refuses even what would change nothing.
        MarkTime { now: self.now }.run(tx).await?;
        changes::Follow { after: self.after }.run(tx).await
    }
}

struct Embedded {
    tx: Tx,
    following: Following,
}

impl Embedded {
    fn poll(&mut self) -> Result<(), Fault> {
        let began = Clock::monotonic();
        let news = self.read()?;
        self.following.apply(news, began);
        Ok(())
    }

    fn read(&mut self) -> Result<News, Fault> {
        self.run("begin deferred")?;
        let news = sqlite::now(Follow { after: self.following.after() }.run(&mut self.tx));
        self.run("rollback")?;
        news
    }

    fn run(&self, sql: &str) -> Result<(), Fault> {
        sqlite::execute_batch(self.tx.embedded(), sql)
    }
}
