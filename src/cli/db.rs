//! `prosper db`: the database as a file.
//!
//! This file is long because it has a command for each thing that is done to a database, on either engine, and their words.

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::failure::{Failure, Outcome};
use super::folder::Folder;
use super::marker::Marker;
use super::opening::{demand_file, demand_newest};
use super::relocate;
use super::talk::{Facts, Talk, facts};
use crate::config::Config;
use crate::crypto::entropy::Entropy;
use crate::crypto::keys::Keys;
use crate::domain::time::Timestamp;
use crate::store::audit::Trail;
use crate::store::file::{self, BeginTimeline, Standing};
use crate::store::installation::Purpose;
use crate::store::{Opening, Store};

/// What can be done with the database.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say everything that is wrong with the database, beside a running server too
    Check,
    /// Copy the database into a new file, beside a running server too
    ///
    /// The copy is whole, checked, and for its owner alone. It holds no secret that can be used, but it is of no use
    /// without the master key either: keep that key too, in another place.
    #[command(after_help = "Example:\n  prosper db backup /var/backups/prosper-2026-11-22.db")]
    Backup {
        /// The new file
        file: PathBuf,
    },
    /// Bring back a copy that `db backup` made; the server must be stopped
    ///
    /// Every code, token, key and session ends. The database there is now is kept beside the new one.
    #[command(after_help = "Example:\n  prosper db restore /var/backups/prosper-2026-11-22.db")]
    Restore {
        /// The copy
        file: PathBuf,
    },
    /// Go on with a database that is older than its marker, or has none; the server must be stopped
    ///
    /// For a database that was put back by other means than `db restore`. Every code, token, key and session ends.
    Accept,
    /// Carry the installation over to another database, beside a running server too
    ///
    /// Until it is done nothing can be changed; then the old database answers nothing any more. Interrupted, it goes on
    /// where it was when it is begun again. Everything that was carried is compared before anything is switched over.
    #[command(after_help = "Examples:
  prosper db move --to 'postgres://prosper@db-1,db-2/prosper?target_session_attrs=read-write'
  prosper db move --to @/etc/prosper/new-database
  prosper --data-dir /var/lib/prosper db move --to embedded")]
    Move {
        /// A postgres:// URL, `@FILE` with one in it, or `embedded` for the data directory
        #[arg(long, value_name = "WHERE", required_unless_present = "call_off")]
        to: Option<String>,
        /// Let an installation stay whose move was begun and not finished
        #[arg(long, conflicts_with = "to")]
        call_off: bool,
    },
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// Something is wrong with the database, or a file cannot be read or written.
    pub fn run(self, talk: Talk, config: &Config) -> Outcome {
        super::log_quietly(config);
        let folder = Folder::open(&config.data_dir)?;
        let elsewhere = config.database.is_some();
        match self {
            Self::Accept => accept(talk, config, &folder),
            Self::Move { to: Some(to), .. } => relocate::carry(talk, config, &folder, &to),
            Self::Move { .. } => relocate::call_off(talk, config, &folder),
            Self::Check if elsewhere => relocate::check(talk, config, &folder),
            Self::Check => check(talk, config, &folder),
            Self::Backup { file } if elsewhere => relocate::back_up(talk, config, &folder, &file),
            Self::Backup { file } => back_up(talk, &folder, &file),
            Self::Restore { file } if elsewhere => restore_elsewhere(talk, config, &folder, &file),
            Self::Restore { file } => restore(talk, config, &folder, &file),
        }
    }
}

fn check(talk: Talk, config: &Config, folder: &Folder) -> Outcome {
    let problems = problems_of(&folder.database(), config, folder, false)?;
    if problems.is_empty() {
        talk.show(facts! { database: folder.database(), problems: problems })?;
        talk.say("the database is whole, and its keys open");
        return Ok(());
    }
    talk.show(facts! { database: folder.database(), problems: problems })?;
    Err(Failure::failed(format!(
        "the database is damaged ({} found): stop the server and bring back a copy with `prosper db restore FILE`",
        problems.len()
    )))
}

/// Everything that is wrong with a database: pages, rows, schema (which `migrate` brings up to date), and whether its
/// ring opens under our master key.
fn problems_of(path: &Path, config: &Config, folder: &Folder, migrate: bool) -> Outcome<Vec<String>> {
    demand_file(path)?;
    let mut problems = file::check(path).unwrap_or_else(|fault| vec![fault.to_string()]);
    if problems.is_empty() {
        problems.extend(opens(path, config, folder, migrate).err().map(|failure| failure.to_string()));
    }
    Ok(problems)
}

fn opens(path: &Path, config: &Config, folder: &Folder, migrate: bool) -> Outcome {
    let standing = file::standing(path)?;
    let master = folder.master_key(config, &Entropy::system(), false)?;
    runtime()?.block_on(async {
        let store = Store::open(Opening { path: path.to_owned(), purpose: standing.purpose, migrate, clock: None })?;
        let ring = store.ring_keys().await?;
        if !ring.is_empty() {
            Keys::unlock(&master, &ring, store.clock())?;
        }
        Ok(())
    })
}

fn back_up(talk: Talk, folder: &Folder, to: &Path) -> Outcome {
    let database = folder.database();
    demand_file(&database)?;
    if !folder.is_served()? {
        demand_newest(Marker::read(&folder.marker())?.as_ref(), &file::standing(&database)?)?;
    }
    file::back_up(&database, to)?;
    let bytes = std::fs::metadata(to)?.len();
    talk.show(facts! { file: to, bytes: bytes })?;
    talk.say("the copy is whole. Keep the master key too, in another place: neither is of use without the other");
    Ok(())
}

fn restore(talk: Talk, config: &Config, folder: &Folder, from: &Path) -> Outcome {
    let _lock = folder.lock()?;
    if !from.is_file() {
        return Err(Failure::refused(format!("there is no file {}", from.display())));
    }
    let database = folder.database();
    // The file must be seen to be good before anything that is there is touched.
    let fresh = file::beside(&database, ".restoring");
    discard(&fresh);
    file::take_in(from, &fresh)?;
    let outcome = (|| {
        let problems = problems_of(&fresh, config, folder, true)?;
        if let Some(problem) = problems.first() {
            return Err(Failure::refused(format!("{} cannot be brought back: {problem}", from.display())));
        }
        let now = database.exists().then(|| file::standing(&database).ok()).flatten();
        if let Some(now) = &now
            && now.purpose != file::standing(&fresh)?.purpose
        {
            return Err(Failure::refused(format!(
                "{} was not made for the purpose of this directory ({})",
                from.display(),
                now.purpose.name()
            )));
        }
        talk.confirm("This ends every code, token, key and session. Bring the copy back?")?;
        let marker = Marker::read(&folder.marker()).ok().flatten();
        let (was, is) = begin_timeline_of_file(&fresh, marker.as_ref(), now.as_ref())?;
        let aside = keep_aside(&database, is.high_water)?;
        std::fs::rename(&fresh, &database)?;
        file::sync_directory_of(&database)?;
        write_marker(config, folder, &is)?;
        told(talk, &was, marker.as_ref(), facts! { database: database, kept_aside: aside })
    })();
    discard(&fresh);
    outcome
}

fn restore_elsewhere(talk: Talk, config: &Config, folder: &Folder, from: &Path) -> Outcome {
    if !from.is_file() {
        return Err(Failure::refused(format!("there is no file {}", from.display())));
    }
    let marker = Marker::read(&folder.marker()).ok().flatten();
    let until = relocate::restore(talk, config, folder, from, |copy| {
        let problems = problems_of(copy, config, folder, true)?;
        problems.first().map_or(Ok(()), |problem| {
            Err(Failure::refused(format!("{} cannot be brought back: {problem}", from.display())))
        })
    })?;
    // What the marker saw is another timeline now; the next server writes a new one.
    if marker.is_some() {
        std::fs::remove_file(folder.marker())?;
    }
    talk.show(facts! { restored_to: until.rfc3339(), cannot_be_known: UNKNOWN })
}

fn accept(talk: Talk, config: &Config, folder: &Folder) -> Outcome {
    let _lock = folder.lock()?;
    let path = folder.database();
    if config.database.is_none() {
        let problems = problems_of(&path, config, folder, true)?;
        if let Some(problem) = problems.first() {
            return Err(Failure::refused(format!("this database cannot be used: {problem}")));
        }
    }
    talk.confirm("This ends every code, token, key and session. Go on with this database?")?;
    let marker = Marker::read(&folder.marker()).ok().flatten();
    let (was, is) = if let Some(address) = &config.database {
        runtime()?.block_on(async {
            let opening = Opening { path, purpose: Purpose::Live, migrate: true, clock: None };
            let store = Store::connect(address.expose(), opening).await?;
            begin_timeline(&store, marker.as_ref(), None).await
        })?
    } else {
        begin_timeline_of_file(&path, marker.as_ref(), None)?
    };
    write_marker(config, folder, &is)?;
    told(talk, &was, marker.as_ref(), facts! { accepted: true })
}

/// Gives the database at `path` a new timeline, and leaves it in one file.
fn begin_timeline_of_file(
    path: &Path,
    marker: Option<&Marker>,
    replaced: Option<&Standing>,
) -> Outcome<(Standing, Standing)> {
    let purpose = file::standing(path)?.purpose;
    let both = runtime()?.block_on(async {
        let store = Store::open(Opening { path: path.to_owned(), purpose, migrate: true, clock: None })?;
        begin_timeline(&store, marker, replaced).await
    })?;
    // The file alone is renamed: a log that is left beside it would be lost, and the new timeline with it.
    file::gather(path)?;
    Ok(both)
}

/// Gives a store a new timeline and epoch, beyond what `marker` and `replaced` have seen. Answers how it stood before,
/// and how it stands now.
async fn begin_timeline(
    store: &Store,
    marker: Option<&Marker>,
    replaced: Option<&Standing>,
) -> Outcome<(Standing, Standing)> {
    let was = store.standing().await?;
    let epoch = marker.map_or(0, Marker::epoch).max(replaced.map_or(0, |standing| standing.epoch));
    let last_account = marker.map_or(0, Marker::last_account).max(replaced.map_or(0, |standing| standing.last_account));
    let (timeline, trail) = (Entropy::system().bytes(), Trail::cli(store.clock().now()));
    store.begin_timeline(BeginTimeline { timeline, epoch, last_account, trail }).await?;
    Ok((was, store.standing().await?))
}

/// Keeps the database there is under another name. Answers that name, or `None` when there was no database.
fn keep_aside(database: &Path, now: Timestamp) -> Outcome<Option<PathBuf>> {
    if !database.exists() {
        return Ok(None);
    }
    // A damaged one may not let its log be written back; then the log is kept as well.
    let _ = file::checkpoint(database);
    let aside = file::beside(database, &format!(".before-{}", now.rfc3339().replace(':', "")));
    std::fs::hard_link(database, &aside)?;
    for suffix in ["-wal", "-shm"] {
        let log = file::beside(database, suffix);
        if log.exists() {
            std::fs::rename(&log, file::beside(&aside, suffix))?;
        }
    }
    Ok(Some(aside))
}

fn write_marker(config: &Config, folder: &Folder, standing: &Standing) -> Outcome {
    let clock = crate::clock::Clock::starting_at(standing.high_water);
    Marker::of(standing, &clock, &config.public_url).write(&folder.marker())
}

/// Says what became of it, and what nobody can know.
fn told(talk: Talk, was: &Standing, marker: Option<&Marker>, mut facts: Facts) -> Outcome {
    let until = was.high_water;
    let seen = marker.map(|marker| marker.high_water().rfc3339());
    facts.extend(facts! { restored_to: until.rfc3339(), marker_saw: seen, cannot_be_known: UNKNOWN });
    talk.show(facts)?;
    talk.say(&format!(
        "every code, token, key and session has ended. What was changed after {until} is not in this database: look \
         through the list above, and above all erase again who was erased (prosper user erase), and set suspended accounts \
         and changed passwords again"
    ));
    Ok(())
}

fn discard(path: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(file::beside(path, suffix));
    }
}

fn runtime() -> Outcome<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// What may have changed after a copy was taken, and is lost with it.
const UNKNOWN: [&str; 9] = [
    "people who were erased, who are known again, and erasures that were planned or called off: erase them again",
    "email addresses that were changed or taken back: these people sign in with the address they had, until they change it",
    "passwords that were changed",
    "accounts whose status, staff role or agent role was changed",
    "accounts that were made",
    "consents that were withdrawn or given",
    "applications that were registered, changed, disabled or deleted",
    "client secrets that were rotated or revoked",
    "wrong passwords that were counted",
];
