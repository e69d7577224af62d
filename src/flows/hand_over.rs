//! Handing an application that staff registered to its owner, so that nobody but the owner ever sees its secret (B-04,
//! B-05; R-81).
//!
//! 1. Staff make a link. It goes to the owner by mail, and staff may pass it on as well: it is of no use to anybody else,
//!    since whoever opens it must be signed in as the owner.
//! 2. Looking at the link changes nothing.
//! 3. Posting the form draws a secret, keeps its hash in the write that uses the link up, and shows it in that answer. The
//!    secret that registration drew, which nobody has seen, ends; one that was used before goes on for a day.

use crate::contract::lifetimes::{HANDOVER_LINK, MOST_SECRETS, SECRET_OVERLAP};
use crate::contract::words;
use crate::contract::words::time::date;
use crate::crypto::secret::{Kind, Plain, client_secret};
use crate::crypto::ticket;
use crate::domain::application::Application;
use crate::domain::ids::{ClientId, LinkId, SecretId};
use crate::domain::time::Timestamp;
use crate::mail::About;
use crate::prosper::Prosper;
use crate::store::audit::Trail;
use crate::store::client_secrets::RotateSecret;
use crate::store::handovers::{ClaimHandover, Handover, MakeHandover};

use super::manage_app::app_of;
use super::refusal::{ADMINISTRATION, Actor, Outcome, Refusal};
use super::register_app::{NewApplication, register_app};
use super::write_mail::{link_to, write_to};

/// A link that was made.
#[derive(Debug)]
pub struct HandoverLink {
    /// The whole URL, for the owner.
    pub url: Plain,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// Registers an application whose secret its owner will draw.
///
/// # Errors
/// As [`register_app`].
pub async fn register_and_hand_over(
    new: NewApplication,
    actor: Actor<'_>,
    trail: Trail,
    p: &Prosper,
) -> Outcome<(Application, HandoverLink)> {
    actor.must_be_staff(ADMINISTRATION)?;
    // The secret that is drawn here is dropped unseen.
    let made = register_app(new, actor, trail.clone(), p).await?;
    let link = hand_over(made.application.id, actor, trail, p).await?;
    Ok((made.application, link))
}

/// Makes the link of an application, in place of the one before it, and mails it to the owner.
///
/// # Errors
/// `Refused` with [`Refusal::StaffNeeded`] or [`Refusal::NotFound`].
pub async fn hand_over(id: ClientId, actor: Actor<'_>, trail: Trail, p: &Prosper) -> Outcome<HandoverLink> {
    actor.must_be_staff(ADMINISTRATION)?;
    let client = app_of(id, actor, p).await?;
    let owner = p.store.account(client.application.owner).await?.ok_or(Refusal::NotFound)?;
    let link = LinkId::from_bytes(p.entropy.bytes());
    let (plain, hash) = ticket::issue(Kind::Link, *link.bytes(), &p.keys, &p.entropy);
    let expires_at = trail.at.plus(HANDOVER_LINK);
    let url = link_to(&format!("/oauth/apps/{}/hand-over?link={}", id.hex(), plain.expose()), p);
    let about = About::AppHandedOver {
        link: url.clone(),
        app: client.application.profile.name.clone(),
        until: date(expires_at),
    };
    let mail = Some(write_to(&owner, about, p).await?);
    let handover = Handover { application: id, id: link, hash, created_at: trail.at, expires_at };
    if p.store.make_handover(MakeHandover { handover, mail, trail }).await? {
        Ok(HandoverLink { url: Plain::from(url), expires_at })
    } else {
        Err(Refusal::NotFound.into())
    }
}

/// Would the link work, for this owner? Uses nothing up.
///
/// # Errors
/// `Refused` as [`app_of`], or with [`Refusal::DeadLink`].
pub async fn look_at_handover(id: ClientId, text: &str, actor: Actor<'_>, p: &Prosper) -> Outcome<LinkId> {
    app_of(id, actor, p).await?;
    let ticket = ticket::read(text).ok_or(Refusal::DeadLink)?;
    let link = LinkId::from_bytes(ticket.id);
    let kept = p.store.handover(id).await?.filter(|kept| kept.id == link).ok_or(Refusal::DeadLink)?;
    if !ticket.verify(Kind::Link, &p.keys, &kept.hash) || kept.expires_at.has_come(p.now()) {
        return Err(Refusal::DeadLink.into());
    }
    Ok(link)
}

/// Draws the secret. It stands in this answer and nowhere else.
///
/// # Errors
/// As [`look_at_handover`].
pub async fn claim_handover(id: ClientId, text: &str, actor: Actor<'_>, trail: Trail, p: &Prosper) -> Outcome<Plain> {
    let link = look_at_handover(id, text, actor, p).await?;
    let client = app_of(id, actor, p).await?;
    let in_use = client.secrets.iter().any(|kept| kept.is_live(trail.at) && kept.last_used_at.is_some());
    let plain = client_secret(&p.entropy);
    let secret = RotateSecret {
        application: id,
        id: SecretId::from_bytes(p.entropy.bytes()),
        label: words::secret_handed_over(trail.at),
        hash: p.keys.hash(Kind::ClientSecret, plain.expose().as_bytes()),
        others_end: if in_use { trail.at.plus(SECRET_OVERLAP) } else { trail.at },
        most: MOST_SECRETS,
        trail,
    };
    if p.store.claim_handover(ClaimHandover { link, secret }).await? {
        Ok(plain)
    } else {
        Err(Refusal::DeadLink.into())
    }
}
