//! The installation itself: its purpose, its epoch, its clock, its keys.

use std::sync::Arc;

use super::Store;
use super::audit::{self, Trail};
use super::changes::Change;
use super::engine::{Tx, Unit};
use super::whereabouts::Whereabouts;
use crate::domain::secret::{KeyUse, RingKey};
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

/// What a store was made for. Each command refuses the other's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Real people.
    Live,
    /// Trying things out: seeded, with a clock that can be moved.
    Sandbox,
}

impl Purpose {
    /// `live` or `sandbox`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Sandbox => "sandbox",
        }
    }

    /// Reads [`Purpose::name`] back.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Live, Self::Sandbox].into_iter().find(|purpose| purpose.name() == name)
    }
}

/// Facts about the installation that every use of a credential depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// Counts restores and accepted clock changes; each ends every code, token, key and session.
    pub epoch: i64,
    /// What it is for.
    pub purpose: Purpose,
    /// Wall time that an operator has accepted, if any: counts as a version of the clock.
    pub clock_set: Timestamp,
    /// The latest instant that was surely shown to anybody.
    pub high_water: Timestamp,
    /// Everything that expired before this has been swept.
    pub swept_before: Timestamp,
    /// Is it here, or on its way? What is moving, or was moved, may not be written.
    pub whereabouts: Whereabouts,
}

impl Store {
    /// The installation, through the live view.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn installation(&self) -> Result<Arc<Installation>, Fault> {
        if self.inner.view.is_trusted()
            && let Some(held) = self.inner.view.installation.load_full()
        {
            return Ok(held);
        }
        let began = self.inner.view.generation();
        let found = Arc::new(self.read(ReadInstallation).await?);
        self.inner.view.fill(began, || self.inner.view.installation.store(Some(Arc::clone(&found))));
        Ok(found)
    }

    /// The key ring as stored, oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn ring_keys(&self) -> Result<Vec<RingKey>, Fault> {
        self.read(ReadRing).await
    }

    /// Adds keys to the ring, retires others, and tells every process.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn rotate_keys(&self, rotation: RotateKeys) -> Result<(), Fault> {
        self.write(rotation).await
    }

    /// Bumps the installation epoch: every code, token, key and session ends. With `clock`, the high-water mark is set
    /// to it, backwards too, and every process follows.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn begin_epoch(&self, clock: Option<Timestamp>, trail: Trail) -> Result<(), Fault> {
        self.write(BeginEpoch { clock, trail }).await
    }

    /// Writes the high-water mark now.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn mark_time(&self, now: Timestamp) -> Result<(), Fault> {
        self.write(MarkTime { now }).await
    }

    /// Sets the high-water mark to `now`, backwards too: for a process that has just followed a clock that an operator
    /// accepted, and may have carried the mark forward once more before it heard of that.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn settle_clock(&self, now: Timestamp) -> Result<(), Fault> {
        self.write(SettleClock { now }).await
    }
}

pub(super) async fn read(tx: &mut Tx) -> Result<Installation, Fault> {
    let row = tx
        .one(
            "select epoch, purpose, clock_set, high_water, swept_before, moved_to from installation where one = 1",
            &[],
        )
        .await?
        .ok_or_else(|| Fault::internal("store: this database holds no installation"))?;
    Ok(Installation {
        epoch: row.get(0)?,
        purpose: if row.get::<String>(1)? == Purpose::Live.name() { Purpose::Live } else { Purpose::Sandbox },
        clock_set: row.get(2)?,
        high_water: row.get(3)?,
        swept_before: row.get(4)?,
        whereabouts: Whereabouts::parse(row.get(5)?),
    })
}

struct ReadInstallation;

impl Unit for ReadInstallation {
    type Out = Installation;

    async fn run(&self, tx: &mut Tx) -> Result<Installation, Fault> {
        read(tx).await
    }
}

struct ReadRing;

impl Unit for ReadRing {
    type Out = Vec<RingKey>;

    async fn run(&self, tx: &mut Tx) -> Result<Vec<RingKey>, Fault> {
        let rows = tx.many("select id, usage, wrapped, created_at, retires_at from ring_keys order by id", &[]).await?;
        rows.iter()
            .map(|row| {
                Ok(RingKey {
                    id: row.get(0)?,
                    usage: KeyUse::parse(&row.get::<String>(1)?)
                        .ok_or_else(|| Fault::internal("store: a ring key of an unknown use"))?,
                    wrapped: row.get(2)?,
                    created_at: row.get(3)?,
                    retires_at: row.get(4)?,
                })
            })
            .collect()
    }
}

/// A change of the key ring.
pub struct RotateKeys {
    /// Keys to add.
    pub add: Vec<RingKey>,
    /// Keys to retire, each at its instant.
    pub retire: Vec<(u32, Timestamp)>,
    /// Who, when.
    pub trail: Trail,
}

impl Unit for RotateKeys {
    type Out = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Fault> {
        for key in &self.add {
            tx.execute(
                "insert into ring_keys (id, usage, wrapped, created_at, retires_at) values (?1, ?2, ?3, ?4, ?5)",
                values![key.id, key.usage.name(), &key.wrapped, key.created_at, key.retires_at],
            )
            .await?;
        }
        for (id, at) in &self.retire {
            tx.execute(
                "update ring_keys set retires_at = ?2 where id = ?1 and (retires_at is null or retires_at > ?2)",
                values![*id, *at],
            )
            .await?;
        }
        let what = format!("{} added, {} retired", self.add.len(), self.retire.len());
        audit::note(tx, &self.trail, "keys.rotate", "installation", "", &what).await?;
        tx.changed(Change::Keys);
        Ok(())
    }
}

struct BeginEpoch {
    clock: Option<Timestamp>,
    trail: Trail,
}

impl Unit for BeginEpoch {
    type Out = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Fault> {
        end_everything(tx).await?;
        if let Some(clock) = self.clock {
            tx.execute("update installation set clock_set = ?1 where one = 1", values![clock]).await?;
            settle(tx, clock).await?;
        }
        audit::note(tx, &self.trail, "installation.epoch", "installation", "", "").await?;
        tx.changed(Change::Installation);
        Ok(())
    }
}

/// Ends every code, token, key, session and link: most by the epoch that they carry, and those that carry none by
/// removing them.
pub(super) async fn end_everything(tx: &mut Tx) -> Result<(), Fault> {
    tx.execute("update installation set epoch = epoch + 1 where one = 1", &[]).await?;
    for statement in ["delete from authorization_keys", "delete from sessions", "delete from links"] {
        tx.execute(statement, &[]).await?;
    }
    Ok(())
}

struct SettleClock {
    now: Timestamp,
}

impl Unit for SettleClock {
    type Out = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Fault> {
        settle(tx, self.now).await
    }
}

/// The marks of time follow the clock, backwards too. What was swept can come back no more: the epoch has ended it.
async fn settle(tx: &mut Tx, now: Timestamp) -> Result<(), Fault> {
    tx.execute(
        "update installation set
             high_water = ?1,
             swept_before = case when swept_before > ?1 then ?1 else swept_before end
         where one = 1",
        values![now],
    )
    .await?;
    Ok(())
}

pub(super) struct MarkTime {
    pub(super) now: Timestamp,
}

impl Unit for MarkTime {
    type Out = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Fault> {
        let sql = "update installation set high_water = ?1 where one = 1 and high_water < ?1 and moved_to is null";
        tx.execute(sql, values![self.now]).await?;
        Ok(())
    }
}
