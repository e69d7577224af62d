//! What is kept, and the one door to it.
//!
//! [`Store`] is a concrete struct whose methods are named for what a flow needs, spread over files named after their
//! topic. Flows never learn which engine they run on: work travels as units (`engine`); the embedded engine commits them
//! in groups (`sqlite`), the networked one runs each in a transaction (`postgres`); and what hot requests read is answered from the live view (`view`) that follows the change log
//! (`changes`).

pub mod accounts;
pub mod agents;
pub mod app_requests;
pub mod applications;
pub mod audit;
pub mod audit_digests;
pub mod audit_seals;
pub mod changes;
pub mod client_secrets;
pub mod consents;
pub mod copy;
pub mod deliveries;
pub mod email_changes;
pub mod engine;
pub mod erasure;
pub mod erasures;
pub mod failures;
pub mod families;
pub mod file;
mod follower;
pub mod given;
pub mod grant_events;
pub mod handovers;
pub mod installation;
pub mod invitations;
mod lately;
pub mod links;
pub mod migrate;
mod neighbours;
pub mod new_accounts;
pub mod outbox;
pub mod password_networks;
mod postgres;
pub mod recorder;
pub mod redeeming;
pub mod redemptions;
pub mod removal;
pub mod resets;
pub mod search;
pub mod sessions;
pub mod spaces;
pub mod sqlite;
pub mod status_moves;
pub mod stood;
mod sweep;
pub mod value;
pub mod view;
pub mod whereabouts;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::engine::{Backend, Engine, Tx, Unit};
use self::installation::Purpose;
use self::whereabouts::Whereabouts;
use crate::clock::Clock;
use crate::domain::time::Timestamp;
use crate::fault::Fault;

/// The store of an installation. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    backend: Backend,
    view: Arc<view::View>,
    recorder: recorder::Recorder,
    clock: Clock,
    path: Option<PathBuf>,
    follower: follower::Follower,
    redeeming: neighbours::Neighbours<redeeming::Item>,
    opening: neighbours::Neighbours<families::Opening>,
    networks: password_networks::Remembered,
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
    /// Opens the embedded store and starts its threads.
    ///
    /// # Errors
    /// The file cannot be opened, is of another purpose, or has a schema that this binary does not know.
    pub fn open(opening: Opening) -> Result<Self, Fault> {
        if !opening.migrate && !opening.path.exists() {
            return Err(Fault::internal(format!("there is no database at {}", opening.path.display())));
        }
        let clock = opening.clock.clone().unwrap_or_else(|| Clock::starting_at(Timestamp::default()));
        let connection = sqlite::connect(&opening.path)?;
        if opening.migrate {
            migrate::sqlite(&connection, clock.now())?;
        }
        let mut tx = Tx::new(Engine::Sqlite(connection));
        let place = opening.path.display().to_string();
        clock.not_before(sqlite::now(enter(&mut tx, &place, &opening, clock.now()))?);
        drop(tx);
        let view = Arc::new(view::View::new());
        let (backend, follower) = Backend::embedded(&opening.path, READERS, &clock, &view)?;
        Ok(Self::assemble(backend, follower, view, clock, Some(opening.path)))
    }

    /// Opens a store on PostgreSQL. `address` is what the configuration says; the opening's path is not looked at.
    ///
    /// # Errors
    /// The database cannot be reached, is of another purpose, or has a schema that this binary does not know.
    pub async fn connect(address: &str, opening: Opening) -> Result<Self, Fault> {
        let clock = opening.clock.clone().unwrap_or_else(|| Clock::starting_at(Timestamp::default()));
        let (pool, place) = (postgres::pool(address)?, postgres::place(address)?);
        let connection = postgres::reach(&pool, &place).await?;
        if opening.migrate {
            migrate::postgres(&pool, clock.now()).await?;
        }
        let mut tx = Tx::new(Engine::Postgres(Arc::new(connection)));
        clock.not_before(enter(&mut tx, &format!("the database at {place}"), &opening, clock.now()).await?);
        drop(tx);
        let view = Arc::new(view::View::new());
        let (backend, follower) = Backend::networked(pool, &clock, &view).await?;
        Ok(Self::assemble(backend, follower, view, clock, None))
    }

    fn assemble(
        backend: Backend,
        follower: follower::Follower,
        view: Arc<view::View>,
        clock: Clock,
        path: Option<PathBuf>,
    ) -> Self {
        let apart = backend.is_networked();
        let (redeeming, opening) = (neighbours::Neighbours::new(apart), neighbours::Neighbours::new(apart));
        let (recorder, networks) = (recorder::Recorder::default(), password_networks::Remembered::default());
        Self { inner: Arc::new(Inner { backend, view, recorder, clock, path, follower, redeeming, opening, networks }) }
    }

    /// The clock that the store was opened with.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// The database file, if the store is embedded.
    pub fn path(&self) -> Option<&Path> {
        self.inner.path.as_deref()
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
        self.inner.backend.write(unit).await
    }

    /// Refuses what has left this database.
    fn stays(&self) -> Result<(), Fault> {
        if self.inner.view.is_gone() { Err(Fault::unavailable("this installation was moved")) } else { Ok(()) }
    }

    /// Runs a unit that only reads, in one snapshot.
    ///
    /// # Errors
    /// The store could not be read.
    pub async fn read<U: Unit>(&self, unit: U) -> Result<U::Out, Fault> {
        self.stays()?;
        self.inner.backend.read(unit).await
    }
}

/// Founds a new store, if that is asked for; is it one of the right purpose, with a schema we know? Answers its high-water
/// mark. `place` is for the words of a refusal.
async fn enter(tx: &mut Tx, place: &str, opening: &Opening, at: Timestamp) -> Result<Timestamp, Fault> {
    if opening.migrate {
        let sql = "insert into installation (one, purpose, high_water) values (1, ?1, ?2) on conflict (one) do nothing";
        tx.execute(sql, crate::values![opening.purpose.name(), at]).await?;
    }
    let row = tx
        .one("select purpose, high_water, moved_to from installation where one = 1", &[])
        .await
        .map_err(|fault| Fault::internal(format!("{place} is not a prosper database ({fault})")))?
        .ok_or_else(|| Fault::internal(format!("{place} holds no installation")))?;
    if row.get::<String>(0)? != opening.purpose.name() {
        return Err(Fault::internal(match opening.purpose {
            Purpose::Live => format!("{place} was made by `prosper sandbox`, and `prosper serve` keeps away from it"),
            Purpose::Sandbox => format!("{place} holds a live installation, and the sandbox keeps away from it"),
        }));
    }
    if let Some(refusal) = Whereabouts::parse(row.get(2)?).refusal(place) {
        return Err(Fault::internal(refusal));
    }
    if !opening.migrate {
        let schema = tx.one("select coalesce(max(number), 0) from migrations", &[]).await?;
        let schema = schema.map_or(Ok(0), |row| row.get::<i64>(0))?;
        if schema != migrate::newest() {
            return Err(Fault::internal(format!(
                "the database has schema {schema} and this prosper knows {}: use the prosper that serves it",
                migrate::newest()
            )));
        }
    }
    row.get(1)
}
