//! The networks from which an application is given tokens for its owner's password. The first time from each is mailed to
//! the owner (C-07).
//!
//! 1. Most uses come from where one came from within a day. That is known in memory, and nothing is written for it.
//! 2. Any other goes with the family that it opens, in the one write of both. Whether the network is known the row
//!    decides: of several first uses at once, at one node or at many, one makes it, and posts its mail.
//! 3. A row says that its mail stands in the outbox. Beyond the hourly bound of mails neither is written, so that the use
//!    after it is the first again, and is told of when there is room.
//!
//! Bounded: of each application the [`MOST_NETWORKS`] used last. The sweep ends those of which no use was written down for
//! half a year. All of them end with the password: whoever is warned of a network, and chooses another password, is warned
//! of it again.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Store;
use super::engine::Tx;
use super::given::{Columns, GivenRow, Kind};
use super::lately::Lately;
use super::outbox::{self, Mail};
use crate::domain::ids::{AccountId, ClientId};
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

/// How long a use is remembered: what is written down of the last one is true to within so much.
const REMEMBERED: Duration = Duration::from_hours(24);
/// Networks that are kept of one application.
pub const MOST_NETWORKS: i64 = 200;

/// A use from a network that is not known in memory.
#[derive(Clone, Debug)]
pub struct NetworkUse {
    /// The network, in words.
    pub network: String,
    /// What the owner is told if it is the first.
    pub mail: Mail,
}

/// The uses that are remembered.
pub(super) struct Remembered(Mutex<Lately>);

impl Default for Remembered {
    fn default() -> Self {
        Self(Mutex::new(Lately::over(REMEMBERED)))
    }
}

impl Store {
    /// Was `application` given tokens from `network` within a day, as far as this process remembers, for the password that
    /// its owner had at `account_epoch`?
    pub fn remembers_network(&self, application: ClientId, account_epoch: i64, network: &str, now: Timestamp) -> bool {
        let lately = self.inner.networks.0.lock().unwrap_or_else(PoisonError::into_inner);
        lately.knows((application, account_epoch, network), now)
    }

    /// Remembers a use that is written down.
    pub(super) fn remember_network(&self, application: ClientId, account_epoch: i64, network: &str, now: Timestamp) {
        let mut lately = self.inner.networks.0.lock().unwrap_or_else(PoisonError::into_inner);
        lately.note((application, account_epoch, network), now);
    }
}

/// An application and a network.
pub(super) type Where<'a> = (ClientId, &'a str);
/// What the owner is told if it is the first use, and when it was.
pub(super) type Told<'a> = (&'a Mail, Timestamp);
/// Uses to be written down: in the order in which two transactions take the same rows.
pub(super) type Uses<'a> = BTreeMap<Where<'a>, Told<'a>>;

/// The given rows of [`note_all`].
const COLUMNS: Columns = &[("application", Kind::Bytes), ("network", Kind::Text), ("at", Kind::Int)];

fn given<'u>(((application, network), (_, at)): (&'u Where<'_>, &Told<'_>)) -> GivenRow<'u> {
    values![application, *network, *at].to_vec()
}

/// Writes uses down within the unit that issues their tokens. Answers which of the networks are known from here on: all of
/// them, but for those of which there was no room for a mail.
pub(super) async fn note_all<'a>(tx: &mut Tx, uses: &Uses<'a>) -> Result<HashSet<Where<'a>>, Fault> {
    let mut known: HashSet<_> = uses.keys().copied().collect();
    if uses.is_empty() {
        return Ok(known);
    }
    let sql = "insert into password_networks (application, network, first_at, last_at)
               select g.application, g.network, g.at, g.at from given g where true
               on conflict (application, network) do nothing returning application, network";
    let new = tx.many_given(sql, COLUMNS, &uses.iter().map(given).collect::<Vec<_>>()).await?;
    let new =
        new.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect::<Result<HashSet<(ClientId, String)>, Fault>>()?;
    let is_new = |(application, network): &Where<'_>| new.contains(&(*application, (*network).to_owned()));
    let before: Vec<_> = uses.iter().filter(|(of, _)| !is_new(of)).map(given).collect();
    if !before.is_empty() {
        let sql = "update password_networks set last_at = g.at from given g
                   where password_networks.application = g.application and password_networks.network = g.network
                     and password_networks.last_at < g.at
                   returning password_networks.network";
        tx.many_given(sql, COLUMNS, &before).await?;
    }
    for (of, (mail, at)) in uses.iter().filter(|(of, _)| is_new(of)) {
        if outbox::post_notice(tx, mail, *at).await? {
            trim(tx, &of.0).await?;
        } else {
            let sql = "delete from password_networks where application = ?1 and network = ?2";
            tx.execute(sql, values![&of.0, of.1]).await?;
            known.remove(of);
        }
    }
    Ok(known)
}

/// Forgets those of an application that were used the longest ago, but for as many as are kept.
async fn trim(tx: &mut Tx, application: &ClientId) -> Result<(), Fault> {
    let sql = "delete from password_networks where application = ?1 and network in
                   (select network from password_networks where application = ?1
                    order by last_at desc, first_at desc, network limit 1000 offset ?2)";
    tx.execute(sql, values![application, MOST_NETWORKS]).await?;
    Ok(())
}

/// Forgets those of every application of this account.
pub(super) async fn forget(tx: &mut Tx, owner: AccountId) -> Result<(), Fault> {
    let sql = "delete from password_networks where application in (select id from applications where owner = ?1)";
    tx.execute(sql, values![owner]).await?;
    Ok(())
}
