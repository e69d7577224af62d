//! What became of the grants on an account: given, widened, narrowed, used, taken back (L-09, K-04). For the person whose
//! account it is; the audit log is for staff.
//!
//! Bounded: of each application the newest [`MOST_USES`] uses, one an hour from one place; of each account the newest
//! [`MOST_EVENTS`] rows. The sweep ends uses after ninety days and the rest after two years.

use super::Store;
use super::engine::{Tx, Unit};
use super::given::{Columns, GivenRow, Kind};
use crate::domain::ids::{AccountId, ClientId, ConsentId};
use crate::domain::scope::ScopeSet;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

/// What happened to a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantStep {
    /// It was given.
    Given,
    /// It was given again as it was.
    Renewed,
    /// It was given again, for something more or on other terms.
    Widened,
    /// It was given again, for less.
    Narrowed,
    /// It was used.
    Used,
    /// It was taken back.
    Withdrawn,
    /// It ended with the application.
    Ended,
}

impl GrantStep {
    /// Every step.
    pub const ALL: [Self; 7] =
        [Self::Given, Self::Renewed, Self::Widened, Self::Narrowed, Self::Used, Self::Withdrawn, Self::Ended];

    /// As stored and exported.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Renewed => "renewed",
            Self::Widened => "widened",
            Self::Narrowed => "narrowed",
            Self::Used => "used",
            Self::Withdrawn => "withdrawn",
            Self::Ended => "ended",
        }
    }

    /// Reads [`GrantStep::name`] back.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }

    /// What a grant for `now` is to one for `before`, whose terms were the same or not.
    pub fn between(before: Option<ScopeSet>, same_terms: bool, now: ScopeSet) -> Self {
        let Some(before) = before else { return Self::Given };
        if !now.is_within(before) || !same_terms {
            Self::Widened
        } else if now == before {
            Self::Renewed
        } else {
            Self::Narrowed
        }
    }
}

/// A row of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantEvent {
    /// Its number, rising.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Whose grant; it may be gone.
    pub application: ClientId,
    /// What it was called then.
    pub name: String,
    /// What happened.
    pub step: GrantStep,
    /// Who did it, as in the audit log.
    pub actor: String,
    /// What the grant was for.
    pub scope: ScopeSet,
    /// Roughly where from.
    pub place: String,
}

/// Uses that are kept of one application.
pub const MOST_USES: i64 = 50;
/// Rows that are kept of one account.
pub const MOST_EVENTS: i64 = 1_000;

impl Store {
    /// What became of the grants on `account`, newest first, older than the row `before`, at most `most`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn grant_history(
        &self,
        account: AccountId,
        before: Option<i64>,
        most: i64,
    ) -> Result<Vec<GrantEvent>, Fault> {
        self.read(History { account, before: before.unwrap_or(i64::MAX), most }).await
    }
}

/// What is written down.
pub(super) struct NewEvent<'a> {
    pub account: AccountId,
    pub application: &'a ClientId,
    pub step: GrantStep,
    pub actor: &'a str,
    pub scope: ScopeSet,
    pub place: &'a str,
    pub at: Timestamp,
}

/// Writes a step down within the unit that makes it.
pub(super) async fn note(tx: &mut Tx, event: NewEvent<'_>) -> Result<(), Fault> {
    tx.execute(
        "insert into grant_events (at, account, application, name, step, actor, scope, place)
         select cast(?1 as bigint), cast(?2 as bigint), id, name, cast(?4 as text), cast(?5 as text),
             cast(?6 as bigint), cast(?7 as text)
         from applications where id = ?3",
        values![
            event.at,
            event.account,
            event.application,
            event.step.name(),
            event.actor,
            event.scope.bits(),
            event.place
        ],
    )
    .await?;
    let sql = "delete from grant_events where account = ?1 and id <= coalesce(
                   (select id from grant_events where account = ?1 order by id desc limit 1 offset 1000), 0)";
    tx.execute(sql, values![event.account]).await?;
    Ok(())
}

/// Writes down that every grant to an application ends with it.
pub(super) async fn note_end(tx: &mut Tx, application: &ClientId, actor: &str, at: Timestamp) -> Result<(), Fault> {
    tx.execute(
        "insert into grant_events (at, account, application, name, step, actor, scope, place)
         select cast(?2 as bigint), c.account, c.application, a.name, 'ended', cast(?3 as text), c.scope, ''
         from consents c join applications a on a.id = c.application where c.application = ?1",
        values![application, at, actor],
    )
    .await?;
    Ok(())
}

/// That a grant was used.
#[derive(Clone)]
pub(super) struct Use {
    /// Under which consent.
    pub consent: ConsentId,
    /// When, the last time.
    pub at: Timestamp,
    /// Roughly from where.
    pub place: String,
}

/// Uses of different grants, written down together: when each was used last, and once an hour and place a row of its
/// history.
pub(super) struct Uses(pub Vec<Use>);

impl Unit for Uses {
    type Out = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Fault> {
        let rows: Vec<GivenRow<'_>> = self.0.iter().map(Use::given).collect();
        let last = "update consents set last_used_at = g.at, last_used_from = g.place from given g
                    where consents.id = g.consent";
        tx.many_given(last, USES, &rows).await?;
        let noted = tx
            .many_given(
                "insert into grant_events (at, account, application, name, step, actor, scope, place)
                 select g.at, c.account, c.application, a.name, 'used', 'application', c.scope, g.place
                 from given g join consents c on c.id = g.consent join applications a on a.id = c.application
                 where not exists (select 1 from grant_events e
                     where e.account = c.account and e.application = c.application and e.step = 'used'
                       and e.place = g.place and e.at > g.at - 3600000000)
                 returning account, application",
                USES,
                &rows,
            )
            .await?;
        let noted = noted.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect::<Result<Vec<_>, Fault>>()?;
        forget_older_uses(tx, &noted).await
    }
}

impl Use {
    fn given(&self) -> GivenRow<'_> {
        values![&self.consent, self.at, &self.place].to_vec()
    }
}

/// The given rows of [`Uses`].
const USES: Columns = &[("consent", Kind::Bytes), ("at", Kind::Int), ("place", Kind::Text)];

/// Of each of these accounts and applications, the uses beyond the newest [`MOST_USES`].
async fn forget_older_uses(tx: &mut Tx, of: &[(AccountId, ClientId)]) -> Result<(), Fault> {
    if of.is_empty() {
        return Ok(());
    }
    let rows: Vec<GivenRow<'_>> =
        of.iter().map(|(account, application)| values![*account, application].to_vec()).collect();
    tx.many_given(
        "delete from grant_events where id in (select e.id
             from given g join grant_events e on e.account = g.account and e.application = g.application
             where e.step = 'used' and e.id <= coalesce((select n.id from grant_events n
                 where n.account = g.account and n.application = g.application and n.step = 'used'
                 order by n.id desc limit 1 offset 50), 0))",
        &[("account", Kind::Int), ("application", Kind::Bytes)],
        &rows,
    )
    .await
    .map(|_| ())
}

struct History {
    account: AccountId,
    before: i64,
    most: i64,
}

impl Unit for History {
    type Out = Vec<GrantEvent>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let sql = "select id, at, application, name, step, actor, scope, place from grant_events
                   where account = ?1 and id < ?2 order by id desc limit ?3";
        let rows = tx.many(sql, values![self.account, self.before, self.most]).await?;
        rows.iter()
            .map(|row| {
                let step: String = row.get(4)?;
                Ok(GrantEvent {
                    id: row.get(0)?,
                    at: row.get(1)?,
                    application: row.get(2)?,
                    name: row.get(3)?,
                    step: GrantStep::parse(&step)
                        .ok_or_else(|| Fault::internal(format!("store: a grant cannot be {step}")))?,
                    actor: row.get(5)?,
                    scope: ScopeSet::from_bits(row.get(6)?),
                    place: row.get(7)?,
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_given_again_is_more_or_less_or_the_same() {
        let (less, more) = (ScopeSet::from_bits(0b011), ScopeSet::from_bits(0b111));
        let other = ScopeSet::from_bits(0b101);
        for (before, same, now, step) in [
            (None, true, less, GrantStep::Given),
            (Some(less), true, less, GrantStep::Renewed),
            (Some(less), true, more, GrantStep::Widened),
            (Some(more), true, less, GrantStep::Narrowed),
            (Some(less), true, other, GrantStep::Widened),
            (Some(less), false, less, GrantStep::Widened),
        ] {
            assert_eq!(GrantStep::between(before, same, now), step);
        }
        assert!(GrantStep::ALL.into_iter().all(|step| GrantStep::parse(step.name()) == Some(step)));
    }
}
