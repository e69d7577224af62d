//! The short change log that keeps live views honest (house rule "the live view").
//!
//! Making a family or a redemption logs nothing: a view that has not heard of it asks the store.

use super::engine::Tx;
use super::whereabouts::Whereabouts;
use crate::domain::ids::{AccountId, ClientId, CodeId, ConsentId, FamilyId, SessionId};
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

/// Something that a live view may hold, and that is no longer as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// An application, its secrets among it.
    Application(ClientId),
    /// An account, its agent role among it.
    Account(AccountId),
    /// What an account lets an application do.
    Consent(AccountId, ClientId, ConsentId),
    /// A family ended.
    Family(FamilyId),
    /// A redemption was revoked.
    Redemption(CodeId),
    /// A session ended or moved on.
    Session(SessionId),
    /// The installation epoch or its clock.
    Installation,
    /// The key ring.
    Keys,
    /// A space's name or brand.
    Spaces,
}

impl Change {
    /// The kind and the subject, as stored.
    pub fn parts(self) -> (&'static str, Vec<u8>) {
        match self {
            Self::Application(id) => ("application", id.bytes().to_vec()),
            Self::Account(id) => ("account", id.0.to_be_bytes().to_vec()),
            Self::Consent(account, application, id) => {
                let mut subject = account.0.to_be_bytes().to_vec();
                subject.extend_from_slice(application.bytes());
                subject.extend_from_slice(id.bytes());
                ("consent", subject)
            }
            Self::Family(id) => ("family", id.bytes().to_vec()),
            Self::Redemption(id) => ("redemption", id.bytes().to_vec()),
            Self::Session(id) => ("session", id.bytes().to_vec()),
            Self::Installation => ("installation", Vec::new()),
            Self::Keys => ("keys", Vec::new()),
            Self::Spaces => ("spaces", Vec::new()),
        }
    }

    /// Reads a stored change; `None` when a newer version wrote a kind that this one does not know, in which case a view
    /// can only forget everything.
    pub fn from_parts(kind: &str, subject: &[u8]) -> Option<Self> {
        let sixteen = || <[u8; 16]>::try_from(subject).ok();
        Some(match kind {
            "application" => Self::Application(ClientId::from_bytes(sixteen()?)),
            "account" => Self::Account(AccountId(i64::from_be_bytes(subject.try_into().ok()?))),
            "consent" => Self::Consent(
                AccountId(i64::from_be_bytes(subject.get(..8)?.try_into().ok()?)),
                ClientId::from_bytes(subject.get(8..24)?.try_into().ok()?),
                ConsentId::from_bytes(subject.get(24..40)?.try_into().ok()?),
            ),
            "family" => Self::Family(FamilyId::from_bytes(sixteen()?)),
            "redemption" => Self::Redemption(CodeId::from_bytes(sixteen()?)),
            "session" => Self::Session(SessionId::from_bytes(sixteen()?)),
            "installation" => Self::Installation,
            "keys" => Self::Keys,
            "spaces" => Self::Spaces,
            _ => return None,
        })
    }
}

/// Writes a unit's changes to the log, last in the unit, so that positions commit in the order they are drawn. Answers the
/// last of their positions, which follow one another.
pub(super) async fn log(tx: &mut Tx, changes: &[Change], at: Timestamp) -> Result<i64, Fault> {
    let Ok(count) = i64::try_from(changes.len()) else { return Err(Fault::internal("store: too many changes")) };
    let head = tx
        .one("update change_head set position = position + ?1 where one = 1 returning position", values![count])
        .await?
        .ok_or_else(|| Fault::internal("store: no change head"))?;
    let last = head.get::<i64>(0)?;
    let first = last - count + 1;
    for (position, change) in (first..).zip(changes) {
        let (kind, subject) = change.parts();
        tx.execute(
            "insert into changes (position, kind, subject, at) values (?1, ?2, ?3, ?4)",
            values![position, kind, &subject, at],
        )
        .await?;
    }
    Ok(last)
}

/// Where the log stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The last position written.
    pub position: i64,
    /// Drawn anew when a store is made or restored: positions of another timeline mean nothing.
    pub timeline: [u8; 16],
    /// Has the installation left this database?
    pub gone: bool,
}

/// What a follower reads: the head, and what came after the position it knows.
pub struct Follow {
    /// The last position the follower has applied.
    pub after: i64,
}

/// What a follower learns.
pub struct News {
    /// Where the log stands.
    pub head: Head,
    /// What changed, or `None` when that cannot be known and everything must be forgotten.
    pub changes: Option<Vec<Change>>,
}

impl super::engine::Unit for Follow {
    type Out = News;

    async fn run(&self, tx: &mut Tx) -> Result<News, Fault> {
        let head = read_head(tx).await?;
        if head.position == self.after {
            return Ok(News { head, changes: Some(Vec::new()) });
        }
        let rows = tx
            .many(
                "select position, kind, subject from changes where position > ?1 and position <= ?2 order by position",
                values![self.after, head.position],
            )
            .await?;
        // Behind us, pruned past us, or written by a newer version: what is missing cannot be told.
        let complete = head.position > self.after
            && i64::try_from(rows.len()).is_ok_and(|count| count >= head.position - self.after);
        let mut changes = Vec::with_capacity(rows.len());
        for row in &rows {
            match Change::from_parts(&row.get::<String>(1)?, &row.get::<Vec<u8>>(2)?) {
                Some(change) if complete => changes.push(change),
                _ => return Ok(News { head, changes: None }),
            }
        }
        Ok(News { head, changes: complete.then_some(changes) })
    }
}

pub(super) async fn read_head(tx: &mut Tx) -> Result<Head, Fault> {
    let row = tx
        .one(
            "select position, timeline, moved_to from change_head, installation
             where change_head.one = 1 and installation.one = 1",
            &[],
        )
        .await?
        .ok_or_else(|| Fault::internal("store: no change head"))?;
    let gone = !Whereabouts::parse(row.get(2)?).may_be_read();
    Ok(Head { position: row.get(0)?, timeline: row.get(1)?, gone })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_reads_back_and_an_unknown_one_does_not() {
        let (client, consent) = (ClientId::from_bytes([1; 16]), ConsentId::from_bytes([2; 16]));
        for change in [
            Change::Application(client),
            Change::Account(AccountId(-7)),
            Change::Consent(AccountId(9), client, consent),
            Change::Family(FamilyId::from_bytes([3; 16])),
            Change::Redemption(CodeId::from_bytes([4; 16])),
            Change::Session(SessionId::from_bytes([5; 16])),
            Change::Installation,
            Change::Keys,
            Change::Spaces,
        ] {
            let (kind, subject) = change.parts();
            assert_eq!(Change::from_parts(kind, &subject), Some(change));
        }
        assert_eq!(Change::from_parts("planet", b""), None);
        assert_eq!(Change::from_parts("consent", b"short"), None);
    }
}
