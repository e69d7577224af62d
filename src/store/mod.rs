//! What is kept, and the one door to it.
//!
//! [`Store`] is a concrete struct whose methods are named for what a flow needs, spread over files named after their
//! topic. Flows never learn which engine they run on: work travels as units (`engine`), the embedded engine commits them
//! in groups (`sqlite`), and what hot requests read is answered from the live view (`view`) that follows the change log
//! (`changes`).

pub mod accounts;
pub mod agents;
pub mod applications;
pub mod audit;
pub mod changes;
pub mod consents;
pub mod engine;
pub mod failures;
pub mod families;
pub mod file;
mod follower;
pub mod installation;
pub mod links;
pub mod migrate;
pub mod new_accounts;
pub mod outbox;
pub mod recorder;
pub mod redemptions;
pub mod sessions;
pub mod spaces;
pub mod sqlite;
pub mod value;
pub mod view;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::engine::Unit;
use self::installation::Purpose;
use crate::clock::Clock;
use crate::domain::time::Timestamp;
use crate::fault::Fault;

/// The store of an installation. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    threads: sqlite::Threads,
    view: Arc<view::View>,
    recorder: recorder::Recorder,
    clock: Clock,
    path: PathBuf,
    follower: follower::Follower,
}

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The database file.
    pub path: PathBuf,
    /// What it must have been made for, or is made for when there is none.
    pub purpose: Purpose,
    /// Bring the schema up to date, making the file if there is none? A command beside a running server does neither.
    pub migrate: bool,
    /// The clock to use; `None` starts one. Either way it is brought forward to the stored high-water mark.
    pub clock: Option<Clock>,
}

/// Threads that read beside the writer.
const READERS: usize = 2;

impl Store {
    /// Opens a store and starts its threads.
    ///
    /// # Errors
    /// The file cannot be opened, is of another purpose, or has a schema that this binary does not know.
    pub fn open(opening: Opening) -> Result<Self, Fault> {
        if !opening.migrate && !opening.path.exists() {
            return Err(Fault::internal(format!("there is no database at {}", opening.path.display())));
        }
        let connection = sqlite::connect(&opening.path)?;
        let clock = opening.clock.clone().unwrap_or_else(|| Clock::starting_at(Timestamp::default()));
        if opening.migrate {
            migrate::sqlite(&connection, clock.now())?;
            found(&connection, opening.purpose, clock.now())?;
        }
        clock.not_before(check(&connection, &opening)?);
        drop(connection);
        let view = Arc::new(view::View::new());
        let forgetful = Arc::clone(&view);
        let threads = sqlite::Threads::start(
            &opening.path,
            READERS,
            clock.clone(),
            Arc::new(move |changes| forgetful.forget(changes)),
        )?;
        let follower = follower::Follower::start(&opening.path, &view, &clock)?;
        Ok(Self {
            inner: Arc::new(Inner {
                threads,
                view,
                recorder: recorder::Recorder::default(),
                clock,
                path: opening.path,
                follower,
            }),
        })
    }

    /// The clock that the store was opened with.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Has the change log been followed within the lease? A server that has not is not ready.
    pub fn is_fresh(&self) -> bool {
        self.inner.view.is_trusted()
    }

    /// A channel that tells of changes to the installation and the key ring.
    pub fn watch_installation(&self) -> tokio::sync::watch::Receiver<u64> {
        self.inner.follower.watch()
    }

    /// Runs a unit in its turn and answers once it is durable.
    ///
    /// # Errors
    /// The unit failed, or the store could not be written; either way it did not happen.
    pub async fn write<U: Unit>(&self, unit: U) -> Result<U::Out, Fault> {
        self.inner.threads.write(unit).await
    }

    /// Runs a unit that only reads, in one snapshot.
    ///
    /// # Errors
    /// The store could not be read.
    pub async fn read<U: Unit>(&self, unit: U) -> Result<U::Out, Fault> {
        self.inner.threads.read(unit).await
    }
}

/// Writes the one row of a new store.
fn found(connection: &rusqlite::Connection, purpose: Purpose, at: Timestamp) -> Result<(), Fault> {
    sqlite::execute(
        connection,
        "insert into installation (one, purpose, high_water) values (1, ?1, ?2) on conflict (one) do nothing",
        crate::values![purpose.name(), at],
    )
    .map(|_| ())
}

/// Is this a store of the right purpose, with a schema we know? Answers its high-water mark.
fn check(connection: &rusqlite::Connection, opening: &Opening) -> Result<Timestamp, Fault> {
    let file = opening.path.display();
    let row = sqlite::one(connection, "select purpose, high_water from installation where one = 1", &[])
        .map_err(|fault| Fault::internal(format!("{file} is not a prosper database ({fault})")))?
        .ok_or_else(|| Fault::internal(format!("{file} holds no installation")))?;
    if row.get::<String>(0)? != opening.purpose.name() {
        return Err(Fault::internal(match opening.purpose {
            Purpose::Live => format!("{file} was made by `prosper sandbox`, and `prosper serve` keeps away from it"),
            Purpose::Sandbox => format!("{file} holds a live installation, and the sandbox keeps away from it"),
        }));
    }
    if !opening.migrate {
        let schema = sqlite::one(connection, "select coalesce(max(number), 0) from migrations", &[])?
            .map_or(Ok(0), |row| row.get::<i64>(0))?;
        if schema != migrate::newest() {
            return Err(Fault::internal(format!(
                "the database has schema {schema} and this prosper knows {}: use the prosper that serves it",
                migrate::newest()
            )));
        }
    }
    row.get(1)
}
