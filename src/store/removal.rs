//! Carries an installation from one database to another (`prosper db move`), keeps a copy of a networked one in a file,
//! and brings such a copy back.
//!
//! A move, in order; what has been done is found done when it is begun again:
//!
//! 1. The source must have the schema that this binary knows. The target is brought to it, and must hold nothing, or what
//!    an earlier run of the same move has left, or this installation as it was before it moved away from there.
//! 2. The source is marked as leaving: from here on nothing is written there. Those who were at it are waited for.
//! 3. Each table is copied, then compared.
//! 4. The source is marked as gone, and only then the target is free to be served (`whereabouts`).
//!
//! This file is long because a move, a copy and a return are one account of the same steps, and their order is what keeps them safe.

use std::path::Path;

use super::audit::{self, Trail};
use super::changes::{self, read_head};
use super::copy::{self, COUNTING, Pages, Place, Progress, TABLES};
use super::engine::{Tx, Unit};
use super::file::{self, BeginTimeline};
use super::installation::{self, Installation};
use super::migrate::{self, SchemaNumber};
use super::whereabouts::{self, Whereabouts};
use crate::clock::Clock;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

/// What was carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// Rows, over all tables; they were compared.
    pub rows: u64,
    /// Had all of it been done before?
    pub before: bool,
}

/// Carries the installation at `from` to `to`.
///
/// # Errors
/// One of them cannot be used, or they differ afterwards. It can be begun again, and goes on where it was.
pub async fn carry(
    (from, to): (&Place, &Place),
    clock: &Clock,
    mut tell: impl FnMut(Progress),
) -> Result<Carried, Fault> {
    let mut source = Tx::open(from, None).await?;
    demand_schema(&mut source, from).await?;
    let installation = installation::read(&mut source).await?;
    clock.not_before(installation.high_water);
    let mut target = Tx::open(to, Some(clock.now())).await?;
    let timeline = data_encoding::HEXLOWER.encode(&read_head(&mut source).await?.timeline);
    let place = to.to_string();
    match prepare(&mut target, &timeline, &installation, to).await? {
        Stage::Arrived if installation.whereabouts == Whereabouts::Gone(place.clone()) => {
            return Ok(Carried { rows: 0, before: true });
        }
        Stage::Arrived => return Err(Fault::internal(format!("{to} holds an installation: name an empty database"))),
        // What an earlier move left that was called off may not be as it is now.
        Stage::Arriving if installation.whereabouts == Whereabouts::Here => copy::clear(&mut target).await?,
        Stage::Arriving => {}
    }
    let mut rows = 0;
    if installation.whereabouts != Whereabouts::Gone(place.clone()) {
        leave(&mut source, &place, from, clock.now()).await?;
        rows = copy_all(&mut source, &mut target, true, &mut tell).await?;
        compare_all(&mut source, &mut target, rows, &mut tell).await?;
        target.begin().await?;
        let trail = Trail::cli(clock.now());
        settle(&mut source, &mut target).await?;
        audit::note(&mut target, &trail, "installation.move", "installation", &from.to_string(), &place).await?;
        target.run("commit").await?;
        switch(&mut source, &Whereabouts::Gone(place), clock.now()).await?;
    }
    // The time that anybody was shown at the source is past here too.
    let sql = "update installation set high_water = ?1 where one = 1 and high_water < ?1";
    target.execute(sql, values![clock.now()]).await?;
    switch(&mut target, &Whereabouts::Here, clock.now()).await?;
    Ok(Carried { rows, before: false })
}

/// Keeps a copy of a networked installation in the new file `to`, as of one moment, compared and checked: an embedded
/// database like any other, for its owner alone.
///
/// # Errors
/// `to` exists or cannot be written, or the database cannot be read.
pub async fn keep(from: &Place, to: &Path, clock: &Clock, mut tell: impl FnMut(Progress)) -> Result<Carried, Fault> {
    if to.exists() {
        return Err(Fault::internal(format!("{} exists: name a file that does not", to.display())));
    }
    let partial = file::beside(to, ".partial");
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(file::beside(&partial, suffix));
    }
    file::prepare(&partial)?;
    let mut source = Tx::open(from, None).await?;
    demand_schema(&mut source, from).await?;
    source.begin_snapshot().await?;
    let mut target = Tx::open(&Place::File(partial.clone()), Some(clock.now())).await?;
    found(&mut target, &installation::read(&mut source).await?, &Whereabouts::Here).await?;
    let rows = copy_all(&mut source, &mut target, false, &mut tell).await?;
    settle(&mut source, &mut target).await?;
    compare_all(&mut source, &mut target, rows, &mut tell).await?;
    source.run("rollback").await?;
    target.run("pragma journal_mode = delete").await?;
    drop(target);
    if let Some(problem) = file::check(&partial)?.first() {
        return Err(Fault::internal(format!("the copy is not whole: {problem}")));
    }
    std::fs::rename(&partial, to)
        .map_err(|error| Fault::internal(format!("cannot write {}: {error}", to.display())))?;
    file::sync_directory_of(to)?;
    Ok(Carried { rows, before: false })
}

/// Puts what is in the file `from` in the place of whatever is at `to`, in one transaction, on a new timeline. Servers may
/// run meanwhile: they write nothing.
///
/// # Errors
/// One of them cannot be used; then all is as it was, but perhaps read-only, until it is begun again.
pub async fn bring_back(
    from: &Path,
    to: &Place,
    mut beginning: BeginTimeline,
    mut tell: impl FnMut(Progress),
) -> Result<Carried, Fault> {
    let at = beginning.trail.at;
    let mut source = Tx::open(&Place::File(from.to_owned()), None).await?;
    let mut target = Tx::open(to, Some(at)).await?;
    let copied = installation::read(&mut source).await?;
    let there = if target.one("select one from installation", &[]).await?.is_some() {
        installation::read(&mut target).await?
    } else {
        found(&mut target, &copied, &Whereabouts::Leaving(RESTORE.to_owned())).await?;
        installation::read(&mut target).await?
    };
    if there.purpose != copied.purpose {
        return Err(Fault::internal(format!("{to} is {} and the copy is not", there.purpose.name())));
    }
    leave(&mut target, RESTORE, to, at).await?;
    let standing = file::ReadStanding.run(&mut target).await?;
    beginning.epoch = beginning.epoch.max(standing.epoch);
    beginning.last_account = beginning.last_account.max(standing.last_account);
    target.begin().await?;
    copy::clear(&mut target).await?;
    let rows = copy_all(&mut source, &mut target, false, &mut tell).await?;
    settle(&mut source, &mut target).await?;
    let sql = "update installation set high_water = ?1 where one = 1 and high_water < ?1";
    target.execute(sql, values![standing.high_water.max(at)]).await?;
    beginning.run(&mut target).await?;
    whereabouts::mark(&mut target, &Whereabouts::Here).await?;
    let noted = std::mem::take(&mut target.changes);
    changes::log(&mut target, &noted, at).await?;
    target.run("commit").await?;
    Ok(Carried { rows, before: false })
}

/// Everything that can be found wrong with a networked database, a sentence each. Every row is read.
///
/// # Errors
/// It cannot be reached, or is none of Prosper's.
pub async fn check(place: &Place, mut tell: impl FnMut(Progress)) -> Result<Vec<String>, Fault> {
    let mut tx = Tx::open(place, None).await?;
    demand_schema(&mut tx, place).await?;
    let mut problems = tx.durability_doubts().await?;
    let whereabouts = whereabouts::read(&mut tx).await?;
    problems.extend(whereabouts.refusal(&place.to_string()));
    tx.begin_snapshot().await?;
    let mut done = 0;
    for table in TABLES {
        let mut read = |more| {
            done += more;
            tell(Progress { step: "reading", table: table.name, done, rows: 0 });
        };
        if let Err(fault) = copy::sum(table, &mut tx, &mut read).await {
            problems.push(format!("{} cannot be read: {fault}", table.name));
            break;
        }
    }
    let _ = tx.run("rollback").await;
    Ok(problems)
}

/// How the target of a move is found.
enum Stage {
    /// It is, or is to be, filled.
    Arriving,
    /// It is served.
    Arrived,
}

async fn demand_schema(tx: &mut Tx, place: &Place) -> Result<(), Fault> {
    let none = |fault| Fault::internal(format!("{place} is not a prosper database ({fault})"));
    let schema = SchemaNumber.run(tx).await.map_err(none)?;
    if schema == migrate::newest() {
        return Ok(());
    }
    let known = migrate::newest();
    Err(Fault::internal(if schema < known {
        format!("{place} has schema {schema} and this prosper knows {known}: start its server with this one first")
    } else {
        format!("{place} has schema {schema} and this prosper knows {known} at most: use a newer prosper")
    }))
}

/// Makes the target ready for what comes, in one transaction.
async fn prepare(tx: &mut Tx, timeline: &str, coming: &Installation, place: &Place) -> Result<Stage, Fault> {
    let arriving = Whereabouts::Arriving(timeline.to_owned());
    tx.begin().await?;
    let stage = if tx.one("select one from installation", &[]).await?.is_none() {
        found(tx, coming, &arriving).await?;
        Stage::Arriving
    } else {
        let own = data_encoding::HEXLOWER.encode(&read_head(tx).await?.timeline);
        match whereabouts::read(tx).await? {
            there if there == arriving => Stage::Arriving,
            Whereabouts::Gone(_) if own == timeline => {
                copy::clear(tx).await?;
                whereabouts::mark(tx, &arriving).await?;
                Stage::Arriving
            }
            Whereabouts::Here if own == timeline => Stage::Arrived,
            _ => return Err(Fault::internal(format!("{place} holds an installation: name an empty database"))),
        }
    };
    tx.changes.clear();
    tx.run("commit").await?;
    Ok(stage)
}

/// The row of a new installation.
async fn found(tx: &mut Tx, like: &Installation, whereabouts: &Whereabouts) -> Result<(), Fault> {
    tx.execute(
        "insert into installation (one, purpose, high_water, moved_to) values (1, ?1, ?2, ?3)",
        values![like.purpose.name(), like.high_water, whereabouts.stored().as_ref()],
    )
    .await?;
    Ok(())
}

/// Marks a database as leaving for `place`, and waits for those who were writing.
async fn leave(tx: &mut Tx, place: &str, here: &Place, at: Timestamp) -> Result<(), Fault> {
    tx.begin().await?;
    match whereabouts::read(tx).await? {
        Whereabouts::Here => whereabouts::mark(tx, &Whereabouts::Leaving(place.to_owned())).await?,
        Whereabouts::Leaving(to) if to == place => tx.changed(changes::Change::Installation),
        Whereabouts::Leaving(to) => {
            return Err(Fault::internal(format!(
                "{here} is on its way to {to}: let that finish, or call it off with `prosper db move --call-off`"
            )));
        }
        there => return Err(Fault::internal(there.refusal(&here.to_string()).unwrap_or_default())),
    }
    let noted = std::mem::take(&mut tx.changes);
    changes::log(tx, &noted, at).await?;
    tx.run("commit").await?;
    tx.drain().await
}

async fn switch(tx: &mut Tx, to: &Whereabouts, at: Timestamp) -> Result<(), Fault> {
    tx.begin().await?;
    whereabouts::mark(tx, to).await?;
    let noted = std::mem::take(&mut tx.changes);
    changes::log(tx, &noted, at).await?;
    tx.run("commit").await
}

/// Copies every table; page by page in transactions of its own if `stepwise`, which then goes on where it was.
async fn copy_all(
    source: &mut Tx,
    target: &mut Tx,
    stepwise: bool,
    tell: &mut impl FnMut(Progress),
) -> Result<u64, Fault> {
    let mut rows = 0;
    for table in TABLES {
        rows += copy::count(table, source).await?;
    }
    let mut done = 0;
    for table in TABLES {
        let mut pages = Pages::of(table, source).await?;
        if stepwise {
            pages = pages.after_those_in(target).await?;
            done += copy::count(table, target).await?;
        }
        loop {
            let some = pages.next(source).await?;
            if some.is_empty() {
                break;
            }
            if stepwise {
                target.begin().await?;
            }
            pages.write(&some, target).await?;
            if stepwise {
                target.run("commit").await?;
            }
            done += some.len() as u64;
            tell(Progress { step: "copying", table: table.name, done: done.min(rows), rows });
        }
    }
    Ok(rows)
}

/// Compares every table.
async fn compare_all(
    source: &mut Tx,
    target: &mut Tx,
    rows: u64,
    tell: &mut impl FnMut(Progress),
) -> Result<(), Fault> {
    let mut done = 0;
    for table in TABLES {
        let here = copy::sum(table, source, &mut |more| {
            done += more;
            tell(Progress { step: "comparing", table: table.name, done, rows });
        })
        .await?;
        let there = copy::sum(table, target, &mut |_| ()).await?;
        if here != there {
            return Err(Fault::internal(format!(
                "{} differs after it was copied ({} rows, {} there): nothing was switched over",
                table.name, here.rows, there.rows
            )));
        }
    }
    Ok(())
}

/// Brings what stands beside the tables.
async fn settle(source: &mut Tx, target: &mut Tx) -> Result<(), Fault> {
    copy::copy_heads(source, target).await?;
    for table in COUNTING {
        target.count_on(table).await?;
    }
    Ok(())
}

/// What a database is said to leave for while a copy is brought back into it.
const RESTORE: &str = "a restore";
