//! Where an installation is while it moves from one database to another (`installation.moved_to`).
//!
//! 1. The database that is left is marked as leaving: every unit looks at the mark in its own transaction, so from here
//!    on nothing is written there, whoever tries. It is still read.
//! 2. The other one is marked as arriving from the first moment: nobody serves it.
//! 3. When all has arrived and was compared, the first is marked as gone, and is read no more; only then is the mark of
//!    the second taken away. At no moment do both serve.

use super::Store;
use super::audit::{self, Trail};
use super::changes::Change;
use super::engine::{Tx, Unit};
use crate::fault::Fault;
use crate::values;

/// Where an installation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// Here.
    Here,
    /// On its way to the place that is named: read only.
    Leaving(String),
    /// At the place that is named: of no use here.
    Gone(String),
    /// On its way here, not yet whole. The text is the timeline it brings.
    Arriving(String),
}

impl Whereabouts {
    /// As stored.
    pub fn stored(&self) -> Option<String> {
        match self {
            Self::Here => None,
            Self::Leaving(place) => Some(format!("leaving {place}")),
            Self::Gone(place) => Some(format!("gone {place}")),
            Self::Arriving(timeline) => Some(format!("arriving {timeline}")),
        }
    }

    /// Reads [`Whereabouts::stored`] back. What a newer version wrote is taken for gone.
    pub fn parse(stored: Option<String>) -> Self {
        let Some(stored) = stored else { return Self::Here };
        match stored.split_once(' ') {
            Some(("leaving", place)) => Self::Leaving(place.to_owned()),
            Some(("arriving", timeline)) => Self::Arriving(timeline.to_owned()),
            Some(("gone", place)) => Self::Gone(place.to_owned()),
            _ => Self::Gone(stored),
        }
    }

    /// May answers be given from here?
    pub fn may_be_read(&self) -> bool {
        matches!(self, Self::Here | Self::Leaving(_))
    }

    /// Why this database is not to be served, if it is not.
    pub fn refusal(&self, place: &str) -> Option<String> {
        match self {
            Self::Here | Self::Leaving(_) => None,
            Self::Gone(to) => Some(format!("{place} was moved to {to}: set `database` to where it is now")),
            Self::Arriving(_) => {
                Some(format!("{place} is not whole yet: let `prosper db move` finish, it goes on where it was"))
            }
        }
    }
}

impl Store {
    /// Where the installation is.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn whereabouts(&self) -> Result<Whereabouts, Fault> {
        self.write(ReadWhereabouts).await
    }

    /// Lets an installation stay that was leaving. `false` when it was not.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn stay(&self, trail: Trail) -> Result<bool, Fault> {
        self.write(Stay { trail }).await
    }
}

pub(super) async fn read(tx: &mut Tx) -> Result<Whereabouts, Fault> {
    let row = tx.one("select moved_to from installation where one = 1", &[]).await?;
    row.map_or(Ok(Whereabouts::Here), |row| row.get(0).map(Whereabouts::parse))
}

pub(super) async fn mark(tx: &mut Tx, whereabouts: &Whereabouts) -> Result<(), Fault> {
    tx.execute("update installation set moved_to = ?1 where one = 1", values![whereabouts.stored().as_ref()]).await?;
    tx.changed(Change::Installation);
    Ok(())
}

struct ReadWhereabouts;

impl Unit for ReadWhereabouts {
    type Out = Whereabouts;
    const ALWAYS: bool = true;

    async fn run(&self, tx: &mut Tx) -> Result<Whereabouts, Fault> {
        read(tx).await
    }
}

struct Stay {
    trail: Trail,
}

impl Unit for Stay {
    type Out = bool;
    const ALWAYS: bool = true;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        let Whereabouts::Leaving(place) = read(tx).await? else { return Ok(false) };
        mark(tx, &Whereabouts::Here).await?;
        audit::note(tx, &self.trail, "installation.stay", "installation", &place, "").await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whereabouts_read_back_and_what_is_not_understood_is_not_served() {
        let place = || "db-1:5432/prosper".to_owned();
        for whereabouts in [
            Whereabouts::Here,
            Whereabouts::Leaving(place()),
            Whereabouts::Gone(place()),
            Whereabouts::Arriving("0f".into()),
        ] {
            assert_eq!(Whereabouts::parse(whereabouts.stored()), whereabouts);
            assert_eq!(whereabouts.may_be_read(), whereabouts.refusal("x").is_none());
        }
        assert!(!Whereabouts::parse(Some("split in two".into())).may_be_read());
    }
}
