//! What tells an old database from the newest: a file outside it that says how far it had come (house rule "restore").
//!
//! A database that somebody put back from a copy would let used codes be used again and ended sessions live on. The
//! marker is written from what the database itself has committed, so a database is never behind it unless it is older.
//! One that is behind, or another one altogether, is not started until `prosper db restore` or `prosper db accept` has
//! ended everything that it might bring back to life.
//!
//! While a server runs, the marker also tells commands beside it what time the server believes it is, and at which URL
//! it is reached.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::failure::{Failure, Outcome};
use super::folder::write_durably;
use crate::clock::Clock;
use crate::config::BaseUrl;
use crate::domain::time::Timestamp;
use crate::store::file::Standing;

/// The marker's content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    timeline: String,
    position: i64,
    epoch: i64,
    high_water: i64,
    last_account: i64,
    now: i64,
    monotonic: u64,
    public_url: String,
}

/// How a database stands to its marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the newest.
    Newest,
    /// It is an older state of the same database.
    Older,
    /// It is another database.
    Another,
    /// There is no marker to compare it with.
    Unmarked,
}

impl Marker {
    /// The marker of a database that has come to `standing`.
    pub fn of(standing: &Standing, clock: &Clock, public_url: &BaseUrl) -> Self {
        Self {
            timeline: data_encoding::HEXLOWER.encode(&standing.timeline),
            position: standing.position,
            epoch: standing.epoch,
            high_water: standing.high_water.micros(),
            last_account: standing.last_account,
            now: clock.now().micros(),
            monotonic: micros(Clock::monotonic()),
            public_url: public_url.to_string(),
        }
    }

    /// Reads a marker; `None` when there is none.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(path: &Path) -> Outcome<Option<Self>> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::failed(format!("cannot read {}: {error}", path.display()))),
        };
        serde_json::from_str(&text).map(Some).map_err(|_| {
            Failure::failed(format!(
                "{} is damaged, so nobody can tell whether the database is the newest: `prosper db accept` goes on with it",
                path.display()
            ))
        })
    }

    /// Writes the marker; it is on the disk when this returns.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, path: &Path) -> Outcome {
        let text = serde_json::to_string(self).map_err(Failure::failed)?;
        write_durably(path, text.as_bytes())
    }

    /// How `standing` compares with `marker`.
    pub fn judge(marker: Option<&Self>, standing: &Standing) -> Verdict {
        let Some(marker) = marker else {
            // Nothing can come back to life where nobody ever was.
            return if standing.last_account == 0 { Verdict::Newest } else { Verdict::Unmarked };
        };
        if marker.timeline != data_encoding::HEXLOWER.encode(&standing.timeline) {
            Verdict::Another
        } else if standing.epoch > marker.epoch {
            // An epoch began since: what the marker saw has ended, and its clock may have been set back.
            Verdict::Newest
        } else if standing.epoch < marker.epoch
            || standing.position < marker.position
            || standing.high_water.micros() < marker.high_water
        {
            Verdict::Older
        } else {
            Verdict::Newest
        }
    }

    /// Has the database moved on since this was written?
    pub fn is_behind(&self, next: &Self) -> bool {
        let known = |marker: &Self| {
            (marker.timeline.clone(), marker.position, marker.epoch, marker.high_water, marker.last_account)
        };
        known(self) != known(next)
    }

    /// The installation epoch it saw.
    pub fn epoch(&self) -> i64 {
        self.epoch
    }

    /// The highest account number it saw.
    pub fn last_account(&self) -> i64 {
        self.last_account
    }

    /// The latest instant it saw.
    pub fn high_water(&self) -> Timestamp {
        Timestamp::from_micros(self.high_water)
    }

    /// At which URL the server that wrote this is reached.
    pub fn public_url(&self) -> Option<BaseUrl> {
        BaseUrl::parse(&self.public_url)
    }

    /// What the server that wrote this believes the time to be now, if it runs on this machine still.
    pub fn present(&self) -> Timestamp {
        let since = micros(Clock::monotonic()).saturating_sub(self.monotonic);
        Timestamp::from_micros(self.now).plus(Duration::from_micros(since))
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::installation::Purpose;

    fn standing(position: i64, epoch: i64, high_water: i64) -> Standing {
        Standing {
            timeline: [7; 16],
            position,
            epoch,
            high_water: Timestamp::from_micros(high_water),
            last_account: 3,
            purpose: Purpose::Live,
        }
    }

    fn mark(standing: &Standing) -> Marker {
        let url = BaseUrl::parse("http://127.0.0.1:8080").unwrap();
        Marker::of(standing, &Clock::frozen(Timestamp::from_seconds(9)), &url)
    }

    #[test]
    fn an_older_database_is_told_from_the_newest() {
        let marker = mark(&standing(10, 1, 500));
        for (found, verdict) in [
            (standing(10, 1, 500), Verdict::Newest),
            (standing(12, 1, 700), Verdict::Newest),
            (standing(9, 1, 700), Verdict::Older),
            (standing(10, 1, 499), Verdict::Older),
            (standing(99, 0, 999), Verdict::Older),
            (standing(11, 2, 100), Verdict::Newest),
            (Standing { timeline: [8; 16], ..standing(99, 9, 999) }, Verdict::Another),
        ] {
            assert_eq!(Marker::judge(Some(&marker), &found), verdict, "{found:?}");
        }
        assert_eq!(Marker::judge(None, &standing(0, 0, 0)), Verdict::Unmarked);
        assert_eq!(Marker::judge(None, &Standing { last_account: 0, ..standing(0, 0, 0) }), Verdict::Newest);
    }

    #[test]
    fn a_marker_reads_as_it_was_written_and_a_damaged_one_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("marker");
        assert_eq!(Marker::read(&path).unwrap(), None);
        let marker = mark(&standing(1, 2, 3));
        marker.write(&path).unwrap();
        assert_eq!(Marker::read(&path).unwrap().as_ref(), Some(&marker));
        assert!(!marker.is_behind(&marker) && marker.is_behind(&Marker { position: 2, ..marker.clone() }));
        fs::write(&path, "{").unwrap();
        assert!(Marker::read(&path).unwrap_err().to_string().contains("db accept"));
    }
}
