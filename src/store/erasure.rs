//! Accounts that their owner closes, and what is known of a person that goes with them after a while.
//!
//! An erased account keeps its number and its GUID, so that neither is ever given out again, and what the audit log says of
//! it by number: who did what to it, when. Network addresses, reasons, names and what else the log says in words is withheld
//! there (`audit_digests`), and the chain over the log still holds. Everything else that tells of the person goes.

use std::collections::HashSet;

use super::Store;
use super::audit::{self, Trail, audit_columns, audit_row};
use super::audit_digests;
use super::changes::Change;
use super::engine::{Tx, Unit};
use super::erasures::plan;
use super::grant_events;
use super::links::LinkPurpose;
use super::outbox::{self, Mail};
use super::password_networks;
use super::status_moves::SetStatus;
use crate::contract::words;
use crate::domain::ids::{AccountId, ClientId, SpaceId};
use crate::domain::secret::PasswordHash;
use crate::domain::status::{Mover, Status};
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

impl Store {
    /// Closes an account for its owner; `false` when it stands otherwise by now.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn close_account(&self, close: CloseAccount) -> Result<bool, Fault> {
        self.write(close).await
    }

    /// Erases what is due; answers how many accounts that were.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn erase_due(&self, now: Timestamp) -> Result<u64, Fault> {
        let mut erased = 0;
        while self.write(EraseNext { now }).await? {
            erased += 1;
        }
        Ok(erased)
    }
}

/// The end that an owner makes.
pub struct CloseAccount {
    /// Whose.
    pub id: AccountId,
    /// The hash of the password that was checked for it: nothing happens when it is no longer the current one.
    pub password: PasswordHash,
    /// When what is known of the person goes, if they wish that.
    pub erase_at: Option<Timestamp>,
    /// What the person is told.
    pub mail: Mail,
    /// The same, for the address that the account had and that can still take it back.
    pub old: Option<Mail>,
    /// Who, when.
    pub trail: Trail,
}

impl Unit for CloseAccount {
    type Out = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        let current = tx
            .one("select 1 from accounts where id = ?1 and password = ?2", values![self.id, self.password.as_str()])
            .await?;
        let step = SetStatus {
            id: self.id,
            to: Status::Closed,
            by: Mover::Owner,
            reason: String::new(),
            until: None,
            mails: Vec::new(),
            trail: self.trail.clone(),
        };
        if current.is_none() || !step.run(tx).await? {
            return Ok(false);
        }
        tx.execute("delete from sessions where account = ?1", values![self.id]).await?;
        // The way back from a changed address stays: whoever closes it need not be whose it was.
        let undo = LinkPurpose::UndoEmail.name();
        tx.execute("delete from links where account = ?1 and purpose <> ?2", values![self.id, undo]).await?;
        if self.erase_at.is_some() {
            plan(tx, self.id, self.erase_at, &self.trail).await?;
        }
        for mail in std::iter::once(&self.mail).chain(&self.old) {
            outbox::post(tx, mail, self.trail.at).await?;
        }
        Ok(true)
    }
}

/// Erases the account that has waited longest, if one is due.
struct EraseNext {
    now: Timestamp,
}

impl Unit for EraseNext {
    type Out = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        let row = tx
            .one(
                "select id, space, email, folded_email from accounts
                 where erase_at is not null and erase_at <= ?1 and not exists
                     (select 1 from links where links.account = accounts.id and purpose = ?2 and expires_at > ?1)
                 order by erase_at, id limit 1",
                // Not while the address that it had can take the account back.
                values![self.now, LinkPurpose::UndoEmail.name()],
            )
            .await?;
        let Some(row) = row else { return Ok(false) };
        let id: AccountId = row.get(0)?;
        forget_log(tx, id).await?;
        forget_uses(tx, id, self.now).await?;
        forget_address(tx, id, row.get(1)?, (&row.get::<String>(2)?, &row.get::<String>(3)?)).await?;
        // Where the address stood there is one that nobody has and no mail reaches (RFC 2606), and a hash of nothing.
        let nobody = format!("erased-{id}@erased.invalid");
        tx.execute(
            "update accounts set name = ?2, email = ?3, folded_email = ?3, password = ?4, institution = null,
                 phone = null, status_reason = '', erase_at = null, erased = 1, epoch = epoch + 1
             where id = ?1",
            values![id, words::ERASED, &nobody, NOBODYS_PASSWORD],
        )
        .await?;
        tx.execute(
            "update agent_requests set message = '', further_accounts = '', reason = '' where account = ?1",
            values![id],
        )
        .await?;
        let trail = Trail::system(self.now);
        audit::note(tx, &trail, "account.erase", &format!("account {id}"), "", "").await?;
        tx.changed(Change::Account(id));
        Ok(true)
    }
}

/// What the person registered, allowed and was signed in with.
async fn forget_uses(tx: &mut Tx, id: AccountId, now: Timestamp) -> Result<(), Fault> {
    let rows = tx.many("select application, id from consents where account = ?1", values![id]).await?;
    for row in &rows {
        tx.changed(Change::Consent(id, row.get(0)?, row.get(1)?));
    }
    tx.execute("delete from consents where account = ?1", values![id]).await?;
    let rows = tx.many("select id from applications where owner = ?1", values![id]).await?;
    for row in &rows {
        tx.changed(Change::Application(row.get(0)?));
        let subject = format!("application {}", row.get::<ClientId>(0)?.hex());
        audit::note(tx, &Trail::system(now), "application.erase", &subject, "", "").await?;
        // Whoever had allowed it something is told that it ended, and no more what it was called.
        grant_events::note_end(tx, &row.get(0)?, "system", now).await?;
        tx.execute(
            "update grant_events set name = ?2 where application = ?1",
            values![&row.get::<ClientId>(0)?, words::ERASED],
        )
        .await?;
    }
    password_networks::forget(tx, id).await?;
    for sql in [
        "delete from grant_events where account = ?1",
        "delete from app_requests where application in (select id from applications where owner = ?1)",
        "delete from consents where application in (select id from applications where owner = ?1)",
        "delete from applications where owner = ?1",
        "delete from grant_events where account = ?1",
        "delete from families where account = ?1",
        "delete from sessions where account = ?1",
        "delete from links where account = ?1",
    ] {
        tx.execute(sql, values![id]).await?;
    }
    Ok(())
}

/// What the log says of the person in words, and where they were. A row that is not sealed yet is emptied; a sealed one
/// keeps the digests of what goes. One that was sealed before there were digests stays as it is.
async fn forget_log(tx: &mut Tx, id: AccountId) -> Result<(), Fault> {
    let (owner, staff) = (format!("account {id}"), format!("staff {id}"));
    let apps = tx.many("select id from applications where owner = ?1", values![id]).await?;
    let mut about = vec![owner.clone()];
    for row in &apps {
        about.push(format!("application {}", row.get::<ClientId>(0)?.hex()));
    }
    let mut rows = Vec::new();
    for actor in [&owner, &staff] {
        let sql = concat!("select ", audit_columns!(), ", seal from audit where actor = ?1");
        rows.extend(tx.many(sql, values![actor]).await?);
    }
    for subject in &about {
        let sql = concat!("select ", audit_columns!(), ", seal from audit where subject = ?1");
        rows.extend(tx.many(sql, values![subject]).await?);
    }
    let mut done = HashSet::new();
    for row in &rows {
        let sealed = row.get::<Option<i64>>(SEAL)?.is_some();
        let row = audit_row(row)?;
        let own = row.trail.actor == owner;
        let theirs = own || about.contains(&row.subject);
        // A status is no word about a person; a reason beside it, an address, what is said of an application, and what
        // they allowed is.
        let told = ["application.", "consent.", "account.email"].into_iter().any(|kind| row.action.starts_with(kind));
        let words = |text: &str| theirs && (told || text.contains(": "));
        let wanted = [words(&row.before), words(&row.after), own || row.trail.actor == staff];
        let held = audit_digests::withhold(&row, wanted);
        if !done.insert(row.id) || (sealed && held.is_none()) {
            continue;
        }
        let left = |text: &str, gone: bool| if gone { String::new() } else { text.to_owned() };
        tx.execute(
            "update audit set before = ?2, after = ?3, address = ?4, salt = null, withheld = ?5 where id = ?1",
            values![
                row.id,
                &left(&row.before, wanted[0]),
                &left(&row.after, wanted[1]),
                &left(&row.trail.address, wanted[2]),
                held.as_ref(),
            ],
        )
        .await?;
    }
    Ok(())
}

/// Where the seal stands behind the columns of a row of the log.
const SEAL: usize = 11;

/// What lies under the address rather than under the number.
async fn forget_address(tx: &mut Tx, id: AccountId, space: SpaceId, email: (&str, &str)) -> Result<(), Fault> {
    let sql = "delete from outbox where account = ?1 or (recipient = ?2 and account is null)";
    tx.execute(sql, values![id, email.0]).await?;
    tx.execute("delete from sign_in_failures where space = ?1 and folded_email = ?2", values![space, email.1]).await?;
    tx.execute("delete from links where space = ?1 and lower(address) = ?2", values![space, email.1]).await?;
    Ok(())
}

/// A hash that no known password has: what is checked against it costs what any other does.
const NOBODYS_PASSWORD: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
