//! `prosper db move`, and what `db check`, `db backup` and `db restore` are for a database elsewhere.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::failure::{Failure, Outcome};
use super::folder::Folder;
use super::marker::Marker;
use super::opening::demand_newest;
use super::talk::{Talk, facts};
use crate::clock::Clock;
use crate::config::Config;
use crate::crypto::entropy::Entropy;
use crate::crypto::keys::Keys;
use crate::domain::time::Timestamp;
use crate::store::audit::Trail;
use crate::store::copy::{Place, Progress};
use crate::store::file::{self, BeginTimeline};
use crate::store::installation::Purpose;
use crate::store::{Opening, Store, removal};

/// Where the installation of this configuration is.
pub fn here(config: &Config, folder: &Folder) -> Place {
    match &config.database {
        Some(address) => Place::Address(address.expose().to_owned()),
        None => Place::File(folder.database()),
    }
}

/// Carries the installation over to the place that `to` names.
///
/// # Errors
/// One of the two cannot be used, or they differ afterwards.
pub fn carry(talk: Talk, config: &Config, folder: &Folder, to: &str) -> Outcome {
    let from = here(config, folder);
    let to = there(to, config, folder)?;
    let clock = clock_of(config, folder)?;
    talk.confirm(&format!("Until it is done, nothing can be changed. Carry this installation over to {to}?"))?;
    if let Place::File(path) = &to {
        file::prepare(path)?;
    }
    let carried = runtime()?.block_on(removal::carry((&from, &to), &clock, bar(talk)));
    end_of_bar(talk);
    let carried = carried?;
    if let Place::File(path) = &to {
        Marker::of(&file::standing(path)?, &clock, &config.public_url).write(&folder.marker())?;
    }
    talk.show(facts! { from: from.to_string(), to: to.to_string(), rows: carried.rows, done_before: carried.before })?;
    talk.say(match to {
        Place::Address(_) => {
            "everything was compared. Set `database` to where it is now, and start a server there; with the same master \
             key, every token, code, consent, session and password works on. A server on the old one answers 503"
        }
        Place::File(_) => {
            "everything was compared. Leave `database` empty from now on, and start the server; every token, code, consent, \
             session and password works on. A server on the old one answers 503"
        }
    });
    Ok(())
}

/// Lets an installation stay that was on its way.
///
/// # Errors
/// It was not, or cannot be written.
pub fn call_off(talk: Talk, config: &Config, folder: &Folder) -> Outcome {
    let clock = Some(clock_of(config, folder)?);
    let stayed = runtime()?.block_on(async {
        let store = match here(config, folder) {
            Place::Address(address) => {
                let opening = Opening { path: PathBuf::new(), purpose: Purpose::Live, migrate: false, clock };
                Store::connect(&address, opening).await?
            }
            Place::File(path) => {
                let purpose = file::standing(&path)?.purpose;
                Store::open(Opening { path, purpose, migrate: false, clock })?
            }
        };
        let trail = Trail::cli(store.clock().now());
        store.stay(trail).await
    })?;
    if !stayed {
        return Err(Failure::refused("this installation is not being moved"));
    }
    talk.say("it stays where it is, and can be written again");
    Ok(())
}

/// Says everything that is wrong with a database elsewhere.
///
/// # Errors
/// It cannot be reached, or something is wrong with it.
pub fn check(talk: Talk, config: &Config, folder: &Folder) -> Outcome {
    let place = here(config, folder);
    let problems = runtime()?.block_on(async {
        let mut problems = removal::check(&place, bar(talk)).await?;
        if problems.is_empty()
            && let Err(failure) = opens(&place, config, folder).await
        {
            problems.push(failure.to_string());
        }
        Outcome::Ok(problems)
    });
    end_of_bar(talk);
    let problems = problems?;
    talk.show(facts! { database: place.to_string(), problems: problems })?;
    if problems.is_empty() {
        talk.say("every row can be read, the database keeps what it acknowledges, and its keys open");
        return Ok(());
    }
    Err(Failure::failed(format!("{} found: {}", problems.len(), problems.join("; "))))
}

async fn opens(place: &Place, config: &Config, folder: &Folder) -> Outcome {
    let Place::Address(address) = place else { return Ok(()) };
    let master = folder.master_key(config, &Entropy::system(), false)?;
    let opening = Opening { path: PathBuf::new(), purpose: Purpose::Live, migrate: false, clock: None };
    let store = Store::connect(address, opening).await?;
    Keys::unlock(&master, &store.ring_keys().await?, store.clock())?;
    Ok(())
}

/// Keeps a copy of a database elsewhere in a new file.
///
/// # Errors
/// The file exists or cannot be written, or the database cannot be read.
pub fn back_up(talk: Talk, config: &Config, folder: &Folder, to: &Path) -> Outcome {
    let clock = clock_of(config, folder)?;
    let kept = runtime()?.block_on(removal::keep(&here(config, folder), to, &clock, bar(talk)));
    end_of_bar(talk);
    let (rows, bytes) = (kept?.rows, std::fs::metadata(to)?.len());
    talk.show(facts! { file: to, rows: rows, bytes: bytes })?;
    talk.say("the copy is whole, and was compared. Keep the master key too, in another place");
    Ok(())
}

/// Brings a copy back into a database elsewhere, on a new timeline.
///
/// # Errors
/// The copy is not whole or has other keys, or the database cannot be written.
pub fn restore(
    talk: Talk,
    config: &Config,
    folder: &Folder,
    from: &Path,
    is_good: impl FnOnce(&Path) -> Outcome,
) -> Outcome<Timestamp> {
    let to = here(config, folder);
    let fresh = folder.path().join("restoring.db");
    discard(&fresh);
    file::take_in(from, &fresh)?;
    let outcome = (|| {
        is_good(&fresh)?;
        let was = file::standing(&fresh)?;
        talk.confirm(&format!("This replaces what is at {to}, and ends every code, token, key and session. Do it?"))?;
        let marker = Marker::read(&folder.marker()).ok().flatten();
        let beginning = BeginTimeline {
            timeline: Entropy::system().bytes(),
            epoch: marker.as_ref().map_or(0, Marker::epoch),
            last_account: marker.as_ref().map_or(0, Marker::last_account),
            trail: Trail::cli(Clock::starting_at(was.high_water).now()),
        };
        let brought = runtime()?.block_on(removal::bring_back(&fresh, &to, beginning, bar(talk)));
        end_of_bar(talk);
        talk.show(facts! { database: to.to_string(), rows: brought?.rows, as_of: was.high_water.rfc3339() })?;
        Ok(was.high_water)
    })();
    discard(&fresh);
    outcome
}

/// The place that a person named.
fn there(to: &str, config: &Config, folder: &Folder) -> Outcome<Place> {
    if to == EMBEDDED {
        if config.database.is_none() {
            return Err(Failure::usage("it is in the data directory: name a postgres:// URL to carry it to"));
        }
        return Ok(Place::File(folder.database()));
    }
    let address = match to.strip_prefix('@') {
        Some(file) => {
            let text = std::fs::read_to_string(file);
            text.map_err(|error| Failure::usage(format!("cannot read {file}: {error}")))?.trim().to_owned()
        }
        None => to.to_owned(),
    };
    if !address.starts_with("postgres://") && !address.starts_with("postgresql://") {
        return Err(Failure::usage("--to must be a postgres:// URL, @FILE with one in it, or `embedded`"));
    }
    Ok(Place::Address(address))
}

/// The clock of whoever serves from this folder, or a new one; a file that is older than its marker is refused.
fn clock_of(config: &Config, folder: &Folder) -> Outcome<Clock> {
    let marker = Marker::read(&folder.marker())?;
    if config.database.is_none() {
        let standing = file::standing(&folder.database())?;
        if !folder.is_served()? {
            demand_newest(marker.as_ref(), &standing)?;
        } else if let Some(marker) = marker {
            let clock = Clock::starting_at(marker.present());
            clock.rebase(marker.present());
            return Ok(clock);
        }
        return Ok(Clock::starting_at(standing.high_water));
    }
    Ok(Clock::starting_at(Timestamp::default()))
}

/// Says how far it has come: on a terminal in one line that moves, else a line for each tenth.
fn bar(talk: Talk) -> impl FnMut(Progress) {
    let mut told = (Duration::ZERO, String::new());
    move |progress: Progress| {
        let Progress { step, table, done, rows } = progress;
        let tenths = (done * 10).checked_div(rows).unwrap_or(0);
        let now = Clock::monotonic();
        if talk.quiet {
            return;
        }
        if stderr().is_terminal() {
            if now.saturating_sub(told.0) > Duration::from_millis(100) {
                told.0 = now;
                let filled = usize::try_from(tenths.min(10)).unwrap_or(10);
                let _ = write!(
                    anstream::stderr(),
                    "\r\u{1b}[K{step} [{:-<10}] {done}{} rows ({table})",
                    "#".repeat(filled),
                    if rows == 0 { String::new() } else { format!(" of {rows}") }
                );
            }
        } else {
            let line = format!("{step} {}%", tenths * 10);
            if told.1 != line {
                let _ = writeln!(anstream::stderr(), "{line}");
                told.1 = line;
            }
        }
    }
}

fn end_of_bar(talk: Talk) {
    if !talk.quiet && stderr().is_terminal() {
        let _ = write!(anstream::stderr(), "\r\u{1b}[K");
    }
}

fn discard(path: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(file::beside(path, suffix));
    }
}

fn runtime() -> Outcome<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

/// What a person says for the data directory.
const EMBEDDED: &str = "embedded";
