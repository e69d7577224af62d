//! Links at which owners draw the secrets of applications that staff registered for them: one for each application, the
//! newest, good once. Only a keyed hash is kept.

use super::Store;
use super::audit::{self, Trail};
use super::client_secrets::RotateSecret;
use super::engine::{Tx, Unit};
use super::outbox::{self, Mail};
use crate::domain::ids::{ClientId, LinkId};
use crate::domain::secret::KeyedHash;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

/// Such a link as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    /// Of which application.
    pub application: ClientId,
    /// Its name, in the link beside the secret.
    pub id: LinkId,
    /// The hash of its secret.
    pub hash: KeyedHash,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Timestamp,
}

impl Store {
    /// Writes a link down in place of the one before; `false` when there is no such application.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn make_handover(&self, make: MakeHandover) -> Result<bool, Fault> {
        self.write(make).await
    }

    /// The link of an application, unused. Looking does not use it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn handover(&self, application: ClientId) -> Result<Option<Handover>, Fault> {
        self.read(Of(application)).await
    }

    /// Uses a link up and adds the secret that was drawn for it; `false` when somebody was faster.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn claim_handover(&self, claim: ClaimHandover) -> Result<bool, Fault> {
        self.write(claim).await
    }
}

struct Of(ClientId);

impl Unit for Of {
    type Out = Option<Handover>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let sql = "select id, mac_key, mac, created_at, expires_at from handovers where application = ?1";
        let row = tx.one(sql, values![&self.0]).await?;
        row.map(|row| {
            Ok(Handover {
                application: self.0,
                id: row.get(0)?,
                hash: KeyedHash { key: row.get(1)?, mac: row.get(2)? },
                created_at: row.get(3)?,
                expires_at: row.get(4)?,
            })
        })
        .transpose()
    }
}

/// A link to be made.
pub struct MakeHandover {
    /// The link.
    pub handover: Handover,
    /// What its owner is told.
    pub mail: Option<Mail>,
    /// Who, when.
    pub trail: Trail,
}

impl Unit for MakeHandover {
    type Out = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        let new = &self.handover;
        let made = tx
            .execute(
                "insert into handovers (application, id, mac, mac_key, created_at, expires_at)
                 select ?1, ?2, ?3, ?4, ?5, ?6 from applications where id = ?1
                 on conflict (application) do update set id = ?2, mac = ?3, mac_key = ?4, created_at = ?5, expires_at = ?6",
                values![&new.application, &new.id, &new.hash.mac, new.hash.key, new.created_at, new.expires_at],
            )
            .await?;
        if made == 1 {
            let subject = format!("application {}", new.application);
            let after = format!("a link until {}", new.expires_at);
            audit::note(tx, &self.trail, "application.hand_over", &subject, "", &after).await?;
            if let Some(mail) = &self.mail {
                outbox::post(tx, mail, self.trail.at).await?;
            }
        }
        Ok(made == 1)
    }
}

/// A link that is used, and the secret that was drawn for it.
pub struct ClaimHandover {
    /// Which link.
    pub link: LinkId,
    /// The secret, with the application it is for.
    pub secret: RotateSecret,
}

impl Unit for ClaimHandover {
    type Out = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        let sql = "delete from handovers where application = ?1 and id = ?2";
        if tx.execute(sql, values![&self.secret.application, &self.link]).await? == 0 {
            return Ok(false);
        }
        self.secret.run(tx).await
    }
}
