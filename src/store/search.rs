//! What the staff console looks through: accounts, applications, sign-ups that wait, mails. Each list is a page that begins
//! after a key, never a number of rows to skip.

use super::Store;
use super::accounts::{account, account_columns};
use super::applications::{application, application_columns};
use super::engine::{Tx, Unit};
use crate::domain::account::Account;
use crate::domain::application::{Application, ApplicationKind};
use crate::domain::email;
use crate::domain::ids::{AccountUid, ClientId, SpaceId};
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

/// Which accounts are wanted.
#[derive(Clone, Debug, Default)]
pub struct AccountSearch {
    /// The beginning of an email, a part of a name or an institution, a GUID or a number; empty for everybody.
    pub text: String,
    /// Only of this space.
    pub space: Option<SpaceId>,
    /// Only after this number.
    pub after: i64,
}

/// Which applications are wanted.
#[derive(Clone, Debug, Default)]
pub struct ApplicationSearch {
    /// A part of a name, or a client id; empty for all.
    pub text: String,
    /// Only of this kind.
    pub kind: Option<ApplicationKind>,
    /// Only older than this, by when and which: the last of the page before.
    pub before: Option<(Timestamp, ClientId)>,
}

/// A mail in the outbox as staff see it: never its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxLine {
    /// Its number, rising.
    pub id: i64,
    /// Where it goes.
    pub recipient: String,
    /// What it is about.
    pub subject: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it went out.
    pub sent_at: Option<Timestamp>,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next, unless it went or was given up.
    pub next_attempt_at: Timestamp,
    /// When it was given up.
    pub gave_up_at: Option<Timestamp>,
    /// What the last try came to, if to nothing.
    pub last_error: String,
    /// Is its body still there?
    pub has_body: bool,
}

impl OutboxLine {
    /// Will it be tried again?
    pub const fn is_due(&self) -> bool {
        self.sent_at.is_none() && self.gave_up_at.is_none()
    }

    /// `sent`, `given up`, `retrying` or `waiting`.
    pub const fn state(&self) -> &'static str {
        match (self.sent_at, self.gave_up_at, self.attempts) {
            (Some(_), _, _) => "sent",
            (None, Some(_), _) => "given up",
            (None, None, 0) => "waiting",
            (None, None, _) => "retrying",
        }
    }
}

impl Store {
    /// Accounts that a search wants, by number, at most `most`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn search_accounts(&self, search: AccountSearch, most: i64) -> Result<Vec<Account>, Fault> {
        self.read(FindAccounts { search, most }).await
    }

    /// Applications that a search wants, newest first, at most `most`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn search_applications(&self, search: ApplicationSearch, most: i64) -> Result<Vec<Application>, Fault> {
        self.read(FindApplications { search, most }).await
    }

    /// Accounts that wait for approval, and since when, those that wait longest first, at most `most`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn accounts_waiting(&self, most: i64) -> Result<Vec<(Account, Timestamp)>, Fault> {
        self.read(Waiting(most)).await
    }

    /// Mails of the outbox, newest first, older than the number `before`, at most `most`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn outbox_lines(&self, before: Option<i64>, most: i64) -> Result<Vec<OutboxLine>, Fault> {
        self.read(Outbox { before, most }).await
    }
}

/// A pattern for `like … escape '\\'` that matches what begins with `text`.
pub(super) fn beginning(text: &str) -> String {
    format!("{}%", literal(text))
}

fn within(text: &str) -> String {
    format!("%{}%", literal(text))
}

fn literal(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

struct FindAccounts {
    search: AccountSearch,
    most: i64,
}

impl Unit for FindAccounts {
    type Out = Vec<Account>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let AccountSearch { text, space, after } = &self.search;
        let text = text.trim();
        if let Some(exact) = Exact::of(text) {
            let sql = concat!(
                "select ",
                account_columns!(),
                " from accounts where (id = ?1 or uid = ?2) and (cast(?3 as bigint) is null or space = ?3) and id > ?4"
            );
            return tx
                .many(sql, values![exact.number, &exact.uid, *space, *after])
                .await?
                .iter()
                .map(account)
                .collect();
        }
        let sql = concat!(
            "select ",
            account_columns!(),
            " from accounts where (cast(?1 as bigint) is null or space = ?1) and id > ?2
                and (?3 = '' or folded_email like ?4 escape '\\' or lower(name) like ?5 escape '\\'
                     or lower(coalesce(institution, '')) like ?5 escape '\\')
              order by id limit ?6"
        );
        let (begins, holds) = (beginning(&email::fold(text)), within(&text.to_lowercase()));
        let rows = tx.many(sql, values![*space, *after, text, &begins, &holds, self.most]).await?;
        rows.iter().map(account).collect()
    }
}

/// A search that means one account: its number or its GUID.
struct Exact {
    number: i64,
    uid: [u8; 16],
}

impl Exact {
    fn of(text: &str) -> Option<Self> {
        if let Ok(number) = text.strip_prefix('#').unwrap_or(text).parse() {
            return Some(Self { number, uid: [0; 16] });
        }
        let uid = AccountUid::parse(text)?;
        Some(Self { number: 0, uid: *uid.bytes() })
    }
}

struct FindApplications {
    search: ApplicationSearch,
    most: i64,
}

impl Unit for FindApplications {
    type Out = Vec<Application>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let ApplicationSearch { text, kind, before } = &self.search;
        let text = text.trim();
        if let Some(id) = ClientId::from_hex(text) {
            let sql = concat!("select ", application_columns!(), " from applications where id = ?1");
            return tx.many(sql, values![&id]).await?.iter().map(application).collect();
        }
        let (at, id) = before.unwrap_or((Timestamp::from_micros(i64::MAX), ClientId::from_bytes([0; 16])));
        let sql = concat!(
            "select ",
            application_columns!(),
            " from applications where (created_at < ?1 or (created_at = ?1 and id > ?2))
                and (cast(?3 as text) is null or kind = ?3) and (?4 = '' or lower(name) like ?5 escape '\\')
              order by created_at desc, id limit ?6"
        );
        let holds = within(&text.to_lowercase());
        let rows = tx.many(sql, values![at, &id, kind.map(ApplicationKind::name), text, &holds, self.most]).await?;
        rows.iter().map(application).collect()
    }
}

struct Waiting(i64);

impl Unit for Waiting {
    type Out = Vec<(Account, Timestamp)>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let sql = concat!(
            "select ",
            account_columns!(),
            ", status_at from accounts where status = 'pending_approval' order by status_at, id limit ?1"
        );
        let rows = tx.many(sql, values![self.0]).await?;
        rows.iter().map(|row| Ok((account(row)?, row.get(17)?))).collect()
    }
}

struct Outbox {
    before: Option<i64>,
    most: i64,
}

impl Unit for Outbox {
    type Out = Vec<OutboxLine>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let sql =
            "select id, recipient, subject, created_at, sent_at, attempts, next_attempt_at, gave_up_at, last_error,
                       length(body)
                   from outbox where id < ?1 order by id desc limit ?2";
        let rows = tx.many(sql, values![self.before.unwrap_or(i64::MAX), self.most]).await?;
        rows.iter()
            .map(|row| {
                Ok(OutboxLine {
                    id: row.get(0)?,
                    recipient: row.get(1)?,
                    subject: row.get(2)?,
                    created_at: row.get(3)?,
                    sent_at: row.get(4)?,
                    attempts: row.get(5)?,
                    next_attempt_at: row.get(6)?,
                    gave_up_at: row.get(7)?,
                    last_error: row.get(8)?,
                    has_body: row.get::<i64>(9)? > 0,
                })
            })
            .collect()
    }
}
