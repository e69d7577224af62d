//! Links that are mailed and work once: made, and found again by what a browser brings.
//!
//! Finding uses nothing up, because mail scanners follow links; only the write of what a link is for does.

use std::time::Duration;

use crate::crypto::secret::{Kind, Plain};
use crate::crypto::ticket;
use crate::domain::ids::LinkId;
use crate::domain::time::Timestamp;
use crate::prosper::Prosper;
use crate::store::links::{Link, LinkPurpose};

use super::refusal::{Outcome, Refusal};
use super::write_mail::link_to;

/// A fresh link, of no account yet, and what goes into the mail.
pub(super) fn fresh(now: Timestamp, lives: Duration, p: &Prosper) -> (Link, Plain) {
    let id = LinkId::from_bytes(p.entropy.bytes());
    let (plain, hash) = ticket::issue(Kind::Link, *id.bytes(), &p.keys, &p.entropy);
    (Link { id, account: None, hash, expires_at: now.plus(lives), address: None, space: None, leads_to: None }, plain)
}

/// The whole address of a link to the page at `path`.
pub(super) fn address(path: &str, plain: &Plain, p: &Prosper) -> String {
    link_to(&format!("{path}?link={}", plain.expose()), p)
}

/// The link that `text` is the secret of.
///
/// # Errors
/// `Refused` with [`Refusal::DeadLink`].
pub(super) async fn find(purpose: LinkPurpose, text: &str, p: &Prosper) -> Outcome<Link> {
    let ticket = ticket::read(text).ok_or(Refusal::DeadLink)?;
    let link = p.store.link(purpose, LinkId::from_bytes(ticket.id)).await?.ok_or(Refusal::DeadLink)?;
    if !ticket.verify(Kind::Link, &p.keys, &link.hash) || link.expires_at.has_come(p.now()) {
        return Err(Refusal::DeadLink.into());
    }
    Ok(link)
}
