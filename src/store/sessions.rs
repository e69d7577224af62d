//! Signed-in browsers. Only a keyed hash of the cookie is kept.

use std::sync::Arc;

use super::Store;
use super::audit::{self, Trail};
use super::changes::Change;
use super::engine::{Tx, Unit};
use super::value::Row;
use crate::domain::ids::{AccountId, SessionId, SpaceId};
use crate::domain::secret::KeyedHash;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

/// A signed-in browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its name, in the cookie beside the secret.
    pub id: SessionId,
    /// Who is signed in.
    pub account: AccountId,
    /// The hash of the cookie's secret.
    pub hash: KeyedHash,
    /// When the person signed in.
    pub created_at: Timestamp,
    /// When it was last seen, to within a few minutes.
    pub seen_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// The account's epoch before its password was checked.
    pub account_epoch: i64,
    /// The installation's epoch before the password was checked.
    pub installation_epoch: i64,
    /// Where from.
    pub address: String,
    /// With what browser, in its own words, cut short.
    pub agent: String,
    /// Does it open the staff console, and nothing else?
    pub console: bool,
}

impl Store {
    /// The session of this name, through the live view.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn session(&self, id: SessionId) -> Result<Option<Arc<Session>>, Fault> {
        let view = &self.inner.view;
        if let Some(held) = view.look(&view.sessions, &id) {
            return Ok(Some(held));
        }
        let began = view.generation();
        let found = self.read(ById(id)).await?.map(Arc::new);
        if let Some(found) = &found {
            view.fill(began, || view.sessions.insert(id, Arc::clone(found)));
        }
        Ok(found)
    }

    /// Opens a session in place of `instead`, if the account is still as it was when its password was checked;
    /// `false` otherwise. `forgive` as in [`Store::open_family`].
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn open_session(
        &self,
        session: Session,
        instead: Option<SessionId>,
        forgive: Option<(SpaceId, String)>,
    ) -> Result<bool, Fault> {
        self.write(OpenSession { session, instead, forgive, trail: None }).await
    }

    /// Opens a session of the staff console, as [`Store::open_session`] does, and writes down that it was opened.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn open_console(
        &self,
        session: Session,
        forgive: Option<(SpaceId, String)>,
        trail: Trail,
    ) -> Result<bool, Fault> {
        self.write(OpenSession { session, instead: None, forgive, trail: Some(trail) }).await
    }

    /// Ends a session on the server.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn close_session(&self, id: SessionId) -> Result<(), Fault> {
        self.write(CloseSession(id)).await
    }

    /// Ends a session of an account; `false` when it has none of this name.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn end_session_of(&self, account: AccountId, id: SessionId, trail: Trail) -> Result<bool, Fault> {
        self.write(EndSession { account, id, trail }).await
    }

    /// The sessions of an account, newest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn sessions_of(&self, account: AccountId) -> Result<Vec<Session>, Fault> {
        self.read(Of(account)).await
    }
}

fn session(row: &Row) -> Result<Session, Fault> {
    Ok(Session {
        id: row.get(0)?,
        account: row.get(1)?,
        hash: KeyedHash { key: row.get(2)?, mac: row.get(3)? },
        created_at: row.get(4)?,
        seen_at: row.get(5)?,
        expires_at: row.get(6)?,
        account_epoch: row.get(7)?,
        installation_epoch: row.get(8)?,
        address: row.get(9)?,
        agent: row.get(10)?,
        console: row.get(11)?,
    })
}

struct ById(SessionId);

impl Unit for ById {
    type Out = Option<Session>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let sql =
            "select id, account, mac_key, mac, created_at, seen_at, expires_at, account_epoch, installation_epoch,
                       address, agent, console from sessions where id = ?1";
        tx.one(sql, values![&self.0]).await?.as_ref().map(session).transpose()
    }
}

struct Of(AccountId);

impl Unit for Of {
    type Out = Vec<Session>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let sql =
            "select id, account, mac_key, mac, created_at, seen_at, expires_at, account_epoch, installation_epoch,
                       address, agent, console from sessions where account = ?1 order by created_at desc, id";
        tx.many(sql, values![self.0]).await?.iter().map(session).collect()
    }
}

struct OpenSession {
    session: Session,
    instead: Option<SessionId>,
    forgive: Option<(SpaceId, String)>,
    /// Who, when, where it is to be written down.
    trail: Option<Trail>,
}

impl Unit for OpenSession {
    type Out = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        let new = &self.session;
        let rows = tx
            .execute(
                "insert into sessions (id, account, mac, mac_key, created_at, seen_at, expires_at, account_epoch,
                     installation_epoch, address, agent, console)
                 select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12
                 where exists (select 1 from accounts where id = ?2 and epoch = ?8)
                   and exists (select 1 from installation where one = 1 and epoch = ?9)",
                values![
                    &new.id,
                    new.account,
                    &new.hash.mac,
                    new.hash.key,
                    new.created_at,
                    new.seen_at,
                    new.expires_at,
                    new.account_epoch,
                    new.installation_epoch,
                    &new.address,
                    &new.agent,
                    new.console,
                ],
            )
            .await?;
        if let Some(old) = self.instead {
            CloseSession(old).run(tx).await?;
        }
        if let (1, Some((space, email))) = (rows, &self.forgive) {
            super::failures::forgive(tx, *space, email).await?;
        }
        if let (1, Some(trail)) = (rows, &self.trail) {
            audit::note(tx, trail, "console.open", &format!("account {}", new.account), "", "").await?;
        }
        Ok(rows == 1)
    }
}

struct EndSession {
    account: AccountId,
    id: SessionId,
    trail: Trail,
}

impl Unit for EndSession {
    type Out = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        let sql = "delete from sessions where id = ?1 and account = ?2";
        if tx.execute(sql, values![&self.id, self.account]).await? == 0 {
            return Ok(false);
        }
        audit::note(tx, &self.trail, "account.session_end", &format!("account {}", self.account), "", "").await?;
        tx.changed(Change::Session(self.id));
        Ok(true)
    }
}

/// Closes the staff console wherever an account has it open, within another unit.
pub(super) async fn close_console(tx: &mut Tx, account: AccountId) -> Result<(), Fault> {
    let ended =
        tx.many("delete from sessions where account = ?1 and console = 1 returning id", values![account]).await?;
    for row in &ended {
        tx.changed(Change::Session(row.get(0)?));
    }
    Ok(())
}

struct CloseSession(SessionId);

impl Unit for CloseSession {
    type Out = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Fault> {
        tx.execute("delete from sessions where id = ?1", values![&self.0]).await?;
        tx.changed(Change::Session(self.0));
        Ok(())
    }
}
