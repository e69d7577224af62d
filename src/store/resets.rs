//! New passwords by a mailed link: asked for, and set.

use super::Store;
use super::accounts::SetPassword;
use super::audit::Trail;
use super::engine::{Tx, Unit};
use super::failures;
use super::links::{self, Link, LinkPurpose};
use super::outbox::Mail;
use crate::contract::lifetimes::MOST_MAILS_AN_HOUR;
use crate::domain::ids::{AccountId, LinkId, SpaceId};
use crate::fault::Fault;
use crate::values;

impl Store {
    /// Mails a link that sets a new password, if there is an account to mail it to.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn ask_reset(&self, ask: AskReset) -> Result<(), Fault> {
        self.write(ask).await
    }

    /// Sets a password by a link; `false` when the link is dead.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn reset_password(&self, reset: ResetPassword) -> Result<bool, Fault> {
        self.write(reset).await
    }
}

/// The wish for a link. Whether there is an account or not, the same statements are run.
pub struct AskReset {
    /// Whose; the link is this account's.
    pub account: Option<AccountId>,
    /// The link.
    pub link: Link,
    /// The mail with that link, to the account's stored address.
    pub mail: Mail,
    /// Who, when.
    pub trail: Trail,
}

impl Unit for AskReset {
    type Out = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Fault> {
        let (mail, link, trail) = (&self.mail, &self.link, &self.trail);
        let purpose = LinkPurpose::ResetPassword.name();
        let row = tx
            .one(
                "select count(*) from outbox where recipient = ?1 and subject = ?3 and created_at > ?2 - 3600000000",
                values![&mail.recipient, trail.at, &mail.subject],
            )
            .await?;
        let sent: i64 = row.map_or(Ok(0), |row| row.get(0))?;
        // Beyond the bound nothing is mailed, so the link of the last mail must go on working.
        let account = self.account.filter(|_| sent < MOST_MAILS_AN_HOUR);
        tx.execute("delete from links where purpose = ?1 and account = ?2", values![purpose, account]).await?;
        tx.execute(
            "insert into links (id, purpose, account, mac, mac_key, created_at, expires_at, leads_to)
             select ?1, ?2, id, ?4, ?5, ?6, ?7, ?8 from accounts where id = ?3",
            values![
                &link.id,
                purpose,
                account,
                &link.hash.mac,
                link.hash.key,
                trail.at,
                link.expires_at,
                link.leads_to.as_ref(),
            ],
        )
        .await?;
        tx.execute(
            "insert into outbox (recipient, subject, body, account, created_at, next_attempt_at)
             select ?1, ?2, ?3, id, ?5, ?5 from accounts where id = ?4",
            values![&mail.recipient, &mail.subject, &mail.body, account, trail.at],
        )
        .await?;
        tx.execute(
            "insert into audit (at, actor, action, subject, request_id, address)
             select ?2, ?3, ?4, ?5, ?6, ?7 from accounts where id = ?1",
            values![
                account,
                trail.at,
                &trail.actor,
                "account.reset_link",
                &account.map_or_else(String::new, |id| format!("account {id}")),
                &trail.request_id,
                &trail.address,
            ],
        )
        .await?;
        Ok(())
    }
}

/// The use of such a link.
pub struct ResetPassword {
    /// The link.
    pub link: LinkId,
    /// The new password.
    pub password: SetPassword,
    /// Whose wrong passwords are forgotten, where they are counted: the link is a better proof than any of them (T-13).
    pub forgive: Option<(SpaceId, String)>,
}

impl Unit for ResetPassword {
    type Out = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        if !links::use_up(tx, LinkPurpose::ResetPassword, &self.link, self.password.trail.at).await? {
            return Ok(false);
        }
        if let Some((space, email)) = &self.forgive {
            failures::forgive(tx, *space, email).await?;
        }
        self.password.run(tx).await
    }
}
