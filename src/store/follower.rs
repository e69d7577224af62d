//! Follows the change log, so that this process honours within a second what another one changed (a command beside the
//! server, another node).
//!
//! A thread of its own polls a few times a second, forgets in the live view what changed, and only then extends the
//! view's lease, counted from the start of the poll. When a poll fails the lease runs out and every look reads through.

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::changes::{Change, Follow, Head, News};
use super::engine::{Engine, Tx, Unit as _};
use super::view::View;
use crate::clock::Clock;
use crate::fault::Fault;

/// How often the log is looked at: four times within a lease.
const PERIOD: Duration = Duration::from_millis(200);

/// The thread, ended when this is dropped.
pub(super) struct Follower {
    /// Dropped to end the thread.
    _stop: Mutex<SyncSender<()>>,
    installation: tokio::sync::watch::Receiver<u64>,
}

impl Follower {
    pub(super) fn start(path: &Path, view: &Arc<View>, clock: &Clock) -> Result<Self, Fault> {
        let (stop, stopped) = sync_channel::<()>(0);
        let (tell, installation) = tokio::sync::watch::channel(0);
        let mut following = Following {
            tx: Tx::new(super::sqlite::open(path)?),
            view: Arc::clone(view),
            known: None,
            tell,
            clock: clock.clone(),
        };
        // The first poll happens here, so that a store that opened is ready.
        following.poll()?;
        let work = move || {
            while stopped.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
                if let Err(fault) = following.poll() {
                    tracing::error!(cause = %fault, "the change log cannot be read");
                }
            }
        };
        std::thread::Builder::new().name("prosper-follower".into()).spawn(work).map_err(Fault::internal)?;
        Ok(Self { _stop: Mutex::new(stop), installation })
    }

    pub(super) fn watch(&self) -> tokio::sync::watch::Receiver<u64> {
        self.installation.clone()
    }
}

struct Following {
    tx: Tx,
    view: Arc<View>,
    known: Option<Head>,
    tell: tokio::sync::watch::Sender<u64>,
    clock: Clock,
}

impl Following {
    fn poll(&mut self) -> Result<(), Fault> {
        let began = Clock::monotonic();
        let News { head, changes } = self.read()?;
        let continues = self.known.is_some_and(|known| known.timeline == head.timeline);
        match changes {
            Some(changes) if continues => {
                self.view.forget(&changes);
                if changes.iter().any(|change| matches!(change, Change::Installation | Change::Keys)) {
                    self.tell.send_modify(|version| *version += 1);
                }
            }
            _ => {
                self.view.forget_all();
                self.tell.send_modify(|version| *version += 1);
            }
        }
        self.known = Some(head);
        self.view.trust_from(began);
        let drift = Duration::from_micros(self.clock.drift().unsigned_abs());
        if drift > LOUD_DRIFT {
            tracing::debug!(?drift, "the wall clock and ours disagree; see `prosper clock show`");
        }
        Ok(())
    }

    fn read(&mut self) -> Result<News, Fault> {
        let Engine::Sqlite(connection) = &self.tx.engine;
        super::sqlite::execute_batch(connection, "begin deferred")?;
        let after = self.known.map_or(-1, |known| known.position);
        let news = super::sqlite::now(Follow { after }.run(&mut self.tx));
        let Engine::Sqlite(connection) = &self.tx.engine;
        super::sqlite::execute_batch(connection, "rollback")?;
        news
    }
}

/// Disagreement with the wall clock that is worth a word.
const LOUD_DRIFT: Duration = Duration::from_secs(30);
