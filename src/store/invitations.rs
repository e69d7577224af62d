//! Invitations: a link that staff mail to an address, and the account that it opens.

use super::Store;
use super::audit::{self, Trail};
use super::engine::{Tx, Unit};
use super::links::{self, Link, LinkPurpose, MakeLink};
use super::new_accounts::NewAccount;
use super::outbox::{self, Mail};
use super::status_moves::SetStatus;
use crate::domain::ids::{AccountId, LinkId};
use crate::domain::status::{Mover, Status};
use crate::fault::Fault;

impl Store {
    /// Writes an invitation down and mails it; an older one for the same address ends. `false` when so many were mailed to
    /// this address of late that the last of them stays as it is.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn invite(&self, invite: Invite) -> Result<bool, Fault> {
        self.write(invite).await
    }

    /// Opens the account of an invitation; `None` when the link is dead, or its address has an account by now.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn open_invited(&self, open: OpenInvited) -> Result<Option<AccountId>, Fault> {
        self.write(open).await
    }
}

/// An invitation.
pub struct Invite {
    /// The link, with its address and space.
    pub link: Link,
    /// The mail with that link.
    pub mail: Mail,
    /// Who, when.
    pub trail: Trail,
}

impl Unit for Invite {
    type Out = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        if !outbox::post_bounded(tx, &self.mail, self.trail.at).await? {
            return Ok(false);
        }
        MakeLink { purpose: LinkPurpose::Invitation, link: self.link.clone(), now: self.trail.at }.run(tx).await?;
        let space = self.link.space.map_or_else(|| "installation".to_owned(), |space| format!("space {space}"));
        // Whom is in the mail: the log keeps no address of somebody who has no account.
        audit::note(tx, &self.trail, "space.invite", &space, "", "").await?;
        Ok(true)
    }
}

/// The use of an invitation.
pub struct OpenInvited {
    /// The link.
    pub link: LinkId,
    /// The account, not activated: the link, which came by mail, validates its address.
    pub account: NewAccount,
}

impl Unit for OpenInvited {
    type Out = Option<AccountId>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let trail = &self.account.trail;
        if !links::use_up(tx, LinkPurpose::Invitation, &self.link, trail.at).await? {
            return Ok(None);
        }
        let Some(id) = self.account.run(tx).await? else { return Ok(None) };
        let step = SetStatus {
            id,
            to: Status::Active,
            by: Mover::Owner,
            reason: String::new(),
            until: None,
            mails: Vec::new(),
            trail: trail.clone(),
        };
        Ok(step.run(tx).await?.then_some(id))
    }
}
