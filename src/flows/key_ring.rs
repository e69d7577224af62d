//! The key ring, as administrators see and turn it.

use crate::prosper::Prosper;
use crate::store::audit::Trail;

use super::refusal::{ADMINISTRATION, Actor, Outcome};

/// Begins to seal and hash with new keys; those there were go on opening what they sealed.
///
/// # Errors
/// `Refused` with [`super::refusal::Refusal::StaffNeeded`], or the store cannot be written.
pub async fn rotate_keys(actor: Actor<'_>, trail: Trail, p: &Prosper) -> Outcome<()> {
    actor.must_be_staff(ADMINISTRATION)?;
    Ok(p.rotate_keys(trail).await?)
}
