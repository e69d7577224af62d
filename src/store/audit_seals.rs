//! The chain over the audit log (house rule: sealed in batches, afterwards, under a key outside the database).
//!
//! 1. Rows without a seal are read, oldest first. The order in which they were committed does not matter: a row belongs to
//!    the seal whose number stands in it, so one that was committed late joins a later batch.
//! 2. The flow computes the seal; the store knows no keys.
//! 3. One unit writes the seal, and its number and the salts of their digests into exactly those rows as they were read,
//!    or does nothing.

use super::Store;
use super::audit::{AuditRow, audit_columns, audit_row};
use super::engine::{Tx, Unit};
use super::value::Row;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

/// A seal over a batch of rows and, through its predecessor, over everything before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditSeal {
    /// Its number, from 1, without gaps.
    pub number: i64,
    /// The lowest id of the batch.
    pub from_id: i64,
    /// The highest id of the batch.
    pub to_id: i64,
    /// How many rows.
    pub row_count: i64,
    /// When it was made.
    pub sealed_at: Timestamp,
    /// Over the batch, the facts above, and the seal before.
    pub mac: [u8; 32],
}

impl Store {
    /// The newest seal.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn last_audit_seal(&self) -> Result<Option<AuditSeal>, Fault> {
        self.read(Last).await
    }

    /// Seals after the number `after`, in order, at most `most`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn audit_seals(&self, after: i64, most: i64) -> Result<Vec<AuditSeal>, Fault> {
        self.read(Seals { after, most }).await
    }

    /// Rows that no seal covers yet, oldest first, at most `most`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn unsealed_audit(&self, most: i64) -> Result<Vec<AuditRow>, Fault> {
        self.read(Unsealed(most)).await
    }

    /// The rows of a seal, oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn sealed_audit(&self, seal: i64) -> Result<Vec<AuditRow>, Fault> {
        self.read(Sealed(seal)).await
    }

    /// Rows that say they belong to a seal that there is not, and rows that no seal covers.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn loose_audit(&self) -> Result<(i64, i64), Fault> {
        self.read(Loose).await
    }

    /// Writes a seal over these rows, each with the salt of its digests; `false` when somebody else wrote one of this
    /// number first.
    ///
    /// # Errors
    /// The store cannot be written, or a row is no longer as the seal was made over: a passing fault, to be tried anew.
    pub async fn seal_audit(&self, seal: AuditSeal, rows: Vec<AuditRow>) -> Result<bool, Fault> {
        self.write(WriteSeal { seal, rows }).await
    }

    /// Does the log say of this account or application that it was erased?
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn is_noted_as_erased(&self, subject: String) -> Result<bool, Fault> {
        self.read(IsErased(subject)).await
    }
}

fn seal(row: &Row) -> Result<AuditSeal, Fault> {
    Ok(AuditSeal {
        number: row.get(0)?,
        from_id: row.get(1)?,
        to_id: row.get(2)?,
        row_count: row.get(3)?,
        sealed_at: row.get(4)?,
        mac: row.get(5)?,
    })
}

struct Last;

impl Unit for Last {
    type Out = Option<AuditSeal>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let sql =
            "select number, from_id, to_id, row_count, sealed_at, mac from audit_seals order by number desc limit 1";
        tx.one(sql, &[]).await?.as_ref().map(seal).transpose()
    }
}

struct Seals {
    after: i64,
    most: i64,
}

impl Unit for Seals {
    type Out = Vec<AuditSeal>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let sql = "select number, from_id, to_id, row_count, sealed_at, mac from audit_seals
                   where number > ?1 order by number limit ?2";
        tx.many(sql, values![self.after, self.most]).await?.iter().map(seal).collect()
    }
}

struct Unsealed(i64);

impl Unit for Unsealed {
    type Out = Vec<AuditRow>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let sql = concat!("select ", audit_columns!(), " from audit where seal is null order by id limit ?1");
        tx.many(sql, values![self.0]).await?.iter().map(audit_row).collect()
    }
}

struct Sealed(i64);

impl Unit for Sealed {
    type Out = Vec<AuditRow>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let sql = concat!("select ", audit_columns!(), " from audit where seal = ?1 order by id");
        tx.many(sql, values![self.0]).await?.iter().map(audit_row).collect()
    }
}

struct Loose;

impl Unit for Loose {
    type Out = (i64, i64);

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let strays = "select count(*) from audit
             where seal is not null and seal not in (select number from audit_seals)";
        let strays = tx.one(strays, &[]).await?.map_or(Ok(0), |row| row.get(0))?;
        let open = tx.one("select count(*) from audit where seal is null", &[]).await?;
        Ok((strays, open.map_or(Ok(0), |row| row.get(0))?))
    }
}

struct WriteSeal {
    seal: AuditSeal,
    rows: Vec<AuditRow>,
}

impl Unit for WriteSeal {
    type Out = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        let seal = &self.seal;
        let first = tx
            .execute(
                "insert into audit_seals (number, from_id, to_id, row_count, sealed_at, mac)
                 values (?1, ?2, ?3, ?4, ?5, ?6)
                 on conflict (number) do nothing",
                values![seal.number, seal.from_id, seal.to_id, seal.row_count, seal.sealed_at, &seal.mac],
            )
            .await?;
        if first == 0 {
            return Ok(false);
        }
        for row in &self.rows {
            let sealed = tx
                .execute(
                    "update audit set seal = ?2, salt = ?3, withheld = null
                     where id = ?1 and seal is null and before = ?4 and after = ?5 and address = ?6",
                    values![row.id, seal.number, row.salt.as_ref(), &row.before, &row.after, &row.trail.address],
                )
                .await?;
            if sealed == 0 {
                return Err(Fault::unavailable("a row of the audit log was changed while it was being sealed"));
            }
        }
        Ok(true)
    }
}

struct IsErased(String);

impl Unit for IsErased {
    type Out = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        let sql = "select 1 from audit where subject = ?1 and action in ('account.erase', 'application.erase') limit 1";
        Ok(tx.one(sql, values![&self.0]).await?.is_some())
    }
}
