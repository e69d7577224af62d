//! The database as a file: looked at, checked, copied and brought back, without a server or beside one.
//!
//! * A copy is taken in one reading step ([`back_up`]), which in WAL mode holds up no writer and is never begun again
//!   because of one; it appears under its name only when it has been checked.
//! * What comes back from a copy is older than what people have seen of this installation. It goes on only on a new
//!   timeline ([`Store::begin_timeline`]), with a new epoch that ends every code, token, key and session, and with
//!   account numbers beyond those that were given out since.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::audit::{self, Trail};
use super::changes::Change;
use super::engine::{Tx, Unit};
use super::installation::{self, Purpose};
use super::{Store, sqlite};
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

/// How far a database has come: enough to tell an older copy of it from itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Drawn anew when a store is made or restored.
    pub timeline: [u8; 16],
    /// The last position of the change log.
    pub position: i64,
    /// Counts restores and accepted clock changes.
    pub epoch: i64,
    /// The latest instant that was surely shown to anybody.
    pub high_water: Timestamp,
    /// The highest account number given out.
    pub last_account: i64,
    /// What it was made for.
    pub purpose: Purpose,
}

/// Looks at the database file at `path`, whose schema this binary must know.
///
/// # Errors
/// There is none, it cannot be opened, or it is no database of Prosper's.
pub fn standing(path: &Path) -> Result<Standing, Fault> {
    if !path.exists() {
        return Err(Fault::internal(format!("there is no database at {}", path.display())));
    }
    let mut tx = Tx::new(sqlite::open(path)?);
    sqlite::now(ReadStanding.run(&mut tx))
        .map_err(|fault| Fault::internal(format!("{} is not a prosper database ({fault})", path.display())))
}

/// Everything that is wrong with the database at `path`, a sentence each; empty when it is whole: no page is damaged,
/// no index disagrees with its table, no row points to one that is missing.
///
/// # Errors
/// The file cannot be read at all.
pub fn check(path: &Path) -> Result<Vec<String>, Fault> {
    let connection = look_at(path)?;
    let mut problems = Vec::new();
    match sqlite::many(&connection, "pragma integrity_check(100)", &[]) {
        Ok(rows) => {
            for row in rows {
                let said: String = row.get(0)?;
                if said != "ok" {
                    problems.push(said);
                }
            }
        }
        // A page so damaged that the check itself stumbles over it.
        Err(fault) => problems.push(fault.to_string()),
    }
    if problems.is_empty() {
        for row in sqlite::many(&connection, "pragma foreign_key_check", &[])? {
            let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
            problems.push(format!("a row of {table} points to a row of {parent} that is not there"));
        }
    }
    Ok(problems)
}

/// Copies the database at `from`, which may be in use, to the new file `to`, readable by its owner alone. The copy is
/// checked before it gets its name, and its bytes are on the disk when this returns.
///
/// # Errors
/// `to` exists or cannot be written, `from` cannot be read, or the copy is not whole.
pub fn back_up(from: &Path, to: &Path) -> Result<(), Fault> {
    if to.exists() {
        return Err(Fault::internal(format!("{} exists: name a file that does not", to.display())));
    }
    let partial = beside(to, ".partial");
    let copied = copy(from, &partial).and_then(|()| {
        let problems = check(&partial)?;
        problems.first().map_or(Ok(()), |problem| Err(Fault::internal(format!("the copy is not whole: {problem}"))))
    });
    let named = copied.and_then(|()| std::fs::rename(&partial, to).map_err(|error| unwritable(to, &error)));
    if named.is_err() {
        let _ = std::fs::remove_file(&partial);
    }
    named?;
    sync_directory_of(to)
}

/// Copies the bytes of `from` (and of its log, if it has one beside it) to the new file `to`, without opening it: what
/// a person kept may lie where nothing can be written.
///
/// # Errors
/// One cannot be read or the other not be written.
pub fn take_in(from: &Path, to: &Path) -> Result<(), Fault> {
    for suffix in ["", "-wal"] {
        let (source, target) = (beside(from, suffix), beside(to, suffix));
        if suffix.is_empty() || source.exists() {
            let mut reader = File::open(&source)
                .map_err(|error| Fault::internal(format!("cannot read {}: {error}", source.display())))?;
            let mut writer = create_private(&target)?;
            std::io::copy(&mut reader, &mut writer).map_err(|error| unwritable(&target, &error))?;
            writer.sync_all().map_err(|error| unwritable(&target, &error))?;
        }
    }
    Ok(())
}

/// Writes everything that lies in the log back into the file itself, as far as no other process is in the way.
///
/// # Errors
/// The file cannot be opened or written.
pub fn checkpoint(path: &Path) -> Result<(), Fault> {
    sqlite::execute_batch(&sqlite::connect(path)?, "pragma wal_checkpoint(truncate)")
}

/// Writes everything that lies in the log back into the file itself, and leaves nothing in the log: what is done before
/// the file is moved by itself. Waits for threads of a store that was just closed, which do the same as they end.
///
/// # Errors
/// The file cannot be opened or written, or somebody goes on using it.
pub fn gather(path: &Path) -> Result<(), Fault> {
    let connection = sqlite::connect(path)?;
    for _ in 0..GATHERING {
        // Whoever writes the log back at the same moment makes this statement answer "busy", at once and without an error.
        let answer = sqlite::one(&connection, "pragma wal_checkpoint(truncate)", &[])?;
        let busy: i64 = answer.map_or(Ok(1), |row| row.get(0))?;
        if busy == 0 {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err(Fault::unavailable(format!("{} is still in use", path.display())))
}

/// How often [`gather`] tries: ten seconds, at a fiftieth of a second each.
const GATHERING: u32 = 500;

/// Makes the empty file of a new database, readable by its owner alone; the engine gives its log the same permission.
/// Does nothing when there is one.
///
/// # Errors
/// The file cannot be made.
pub fn prepare(path: &Path) -> Result<(), Fault> {
    if path.exists() { Ok(()) } else { create_private(path).map(|_| ()) }
}

/// The path with `suffix` at the end of its name.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Makes the names in the directory of `path` durable.
///
/// # Errors
/// The directory cannot be synced.
pub fn sync_directory_of(path: &Path) -> Result<(), Fault> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent).and_then(|directory| directory.sync_all()).map_err(|error| unwritable(parent, &error))
}

fn copy(from: &Path, to: &Path) -> Result<(), Fault> {
    let source = sqlite::connect(from)?;
    drop(create_private(to)?);
    let failed = |problem: rusqlite::Error| sqlite::fault(&problem);
    let mut target = Connection::open_with_flags(to, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(failed)?;
    {
        let backup = rusqlite::backup::Backup::new(&source, &mut target).map_err(failed)?;
        // All pages in one step: one snapshot, however busy the writers are.
        let mut patience = 250;
        while backup.step(-1).map_err(failed)? != rusqlite::backup::StepResult::Done {
            patience -= 1;
            if patience == 0 {
                return Err(Fault::unavailable("the database is locked by another process: try again"));
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
    // A copy is one file, with no log beside it.
    sqlite::many(&target, "pragma journal_mode = delete", &[])?;
    drop(target);
    File::open(to).and_then(|file| file.sync_all()).map_err(|error| unwritable(to, &error))
}

/// Opens a file for reading only, so that looking at a copy leaves nothing beside it.
fn look_at(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|problem| sqlite::fault(&problem))?;
    connection.busy_timeout(std::time::Duration::from_secs(5)).map_err(|problem| sqlite::fault(&problem))?;
    Ok(connection)
}

fn create_private(path: &Path) -> Result<File, Fault> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Fault {
    Fault::internal(format!("cannot write {}: {error}", path.display()))
}

impl Store {
    /// How far this store has come.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn standing(&self) -> Result<Standing, Fault> {
        self.read(ReadStanding).await
    }

    /// Goes on with a database that came back from a copy.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn begin_timeline(&self, beginning: BeginTimeline) -> Result<(), Fault> {
        self.write(beginning).await
    }
}

pub(super) struct ReadStanding;

impl Unit for ReadStanding {
    type Out = Standing;

    async fn run(&self, tx: &mut Tx) -> Result<Standing, Fault> {
        let row = tx
            .one(
                "select timeline, position, epoch, high_water, last_account, purpose
                 from installation, change_head where installation.one = 1 and change_head.one = 1",
                &[],
            )
            .await?
            .ok_or_else(|| Fault::internal("it holds no installation"))?;
        Ok(Standing {
            timeline: row.get(0)?,
            position: row.get(1)?,
            epoch: row.get(2)?,
            high_water: row.get(3)?,
            last_account: row.get(4)?,
            purpose: Purpose::parse(&row.get::<String>(5)?)
                .ok_or_else(|| Fault::internal("it was made for an unknown purpose"))?,
        })
    }
}

/// A new beginning for a database that came back from a copy.
#[derive(Clone, Debug)]
pub struct BeginTimeline {
    /// The new timeline, drawn by the caller.
    pub timeline: [u8; 16],
    /// The epoch is raised beyond this one, as far as it is known.
    pub epoch: i64,
    /// The highest account number known to have been given out; those that follow are higher.
    pub last_account: i64,
    /// Who, when.
    pub trail: Trail,
}

impl Unit for BeginTimeline {
    type Out = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Fault> {
        installation::end_everything(tx).await?;
        // `max` of two values is spelled differently by each engine; `case` is not.
        tx.execute(
            "update installation set
                 epoch = case when epoch <= ?1 then ?1 + 1 else epoch end,
                 last_account = case when last_account < ?2 then ?2 else last_account end
             where one = 1",
            values![self.epoch, self.last_account],
        )
        .await?;
        tx.execute("update change_head set timeline = ?1 where one = 1", values![&self.timeline]).await?;
        audit::note(tx, &self.trail, "installation.restore", "installation", "", "").await?;
        tx.changed(Change::Installation);
        Ok(())
    }
}
