//! Secrets of applications beside the first: rotated with an overlap (B-05).

use super::Store;
use super::audit::{self, Trail};
use super::changes::Change;
use super::engine::{Tx, Unit};
use crate::domain::ids::{ClientId, SecretId};
use crate::domain::secret::KeyedHash;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

impl Store {
    /// Adds a secret and lets the others end when the overlap does; `false` when there is such a secret already, or no
    /// such application. Ends no token (B-05).
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn rotate_secret(&self, rotation: RotateSecret) -> Result<bool, Fault> {
        self.write(rotation).await
    }
}

/// A second secret beside the first, for as long as the overlap lasts.
pub struct RotateSecret {
    /// Of which application.
    pub application: ClientId,
    /// The new secret's name.
    pub id: SecretId,
    /// What its owner calls it.
    pub label: String,
    /// Its hash.
    pub hash: KeyedHash,
    /// When the secrets there are now stop working.
    pub others_end: Timestamp,
    /// How many live secrets there may be after this.
    pub most: usize,
    /// Who, when.
    pub trail: Trail,
}

impl Unit for RotateSecret {
    type Out = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        let now = self.trail.at;
        if tx.one("select 1 from applications where id = ?1", values![&self.application]).await?.is_none() {
            return Ok(false);
        }
        // The same form sent twice names the same secret twice.
        if tx.one("select 1 from client_secrets where id = ?1", values![&self.id]).await?.is_some() {
            return Ok(false);
        }
        // Only the newest of the others goes on; an older one that still overlapped ends now.
        tx.execute(
            "update client_secrets set expires_at = ?2 where application = ?1 and (expires_at is null or expires_at > ?2)",
            values![&self.application, self.others_end],
        )
        .await?;
        let live = tx
            .many(
                "select id from client_secrets where application = ?1 and expires_at > ?2 order by created_at desc, id",
                values![&self.application, now],
            )
            .await?;
        for row in live.iter().skip(self.most.saturating_sub(1)) {
            let id: SecretId = row.get(0)?;
            tx.execute("update client_secrets set expires_at = ?2 where id = ?1", values![&id, now]).await?;
        }
        insert(tx, self.application, self.id, &self.label, self.hash, now).await?;
        let subject = format!("application {}", self.application);
        let after = format!("{} until {}", self.label, self.others_end);
        audit::note(tx, &self.trail, "application.rotate_secret", &subject, "", &after).await?;
        tx.changed(Change::Application(self.application));
        Ok(true)
    }
}

/// Keeps a secret within another unit.
pub(super) async fn insert(
    tx: &mut Tx,
    application: ClientId,
    id: SecretId,
    label: &str,
    hash: KeyedHash,
    at: Timestamp,
) -> Result<(), Fault> {
    tx.execute(
        "insert into client_secrets (id, application, label, mac, mac_key, created_at) values (?1, ?2, ?3, ?4, ?5, ?6)",
        values![&id, &application, label, &hash.mac, hash.key, at],
    )
    .await?;
    Ok(())
}
