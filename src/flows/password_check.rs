//! The one place where a password is checked: web sign-in and `/v1` together (T-13, R-51, R-55).
//!
//! 1. Is this email locked? Count the attempt, durably, before anything is spent on it.
//! 2. Compute exactly one hash, whether there is such an account or not.
//!
//! The count is forgiven by the write that a success leads to (a family, a session), or here when a success leads to
//! none.

use zeroize::Zeroizing;

use crate::contract::table::Later;
use crate::crypto::password::HashProblem;
use crate::domain::ids::SpaceId;
use crate::domain::{FieldProblem, password};
use crate::fault::Fault;
use crate::prosper::Prosper;
use crate::store::accounts::Credentials;
use crate::store::failures::CountAttempt;

/// Is `typed` the password of `found`? `email` is what was typed for it, in `space`, whether anybody was found or not.
///
/// # Errors
/// `Busy` when the email is locked or too many hashes wait, `Broke` when the fault is ours.
pub async fn check_password(
    (space, email): (SpaceId, &str),
    typed: &str,
    found: Option<&Credentials>,
    p: &Prosper,
) -> Result<bool, HashProblem> {
    if let Some(lockout) = p.settings.lockout {
        let now = p.now();
        let attempt = CountAttempt {
            space,
            folded_email: crate::domain::email::fold(email),
            most: lockout.failures.into(),
            locked_until: now.plus(lockout.span),
            now,
        };
        if let Some(until) = p.store.count_attempt(attempt).await.map_err(HashProblem::Broke)? {
            return Err(HashProblem::Busy(Later::too_many(until.since(now).as_secs().max(1))));
        }
    }
    let typed = password::fold(typed);
    let right = p.passwords.verify(found.map(|found| &found.password), typed.clone()).await?;
    if right && let (Some(found), Some(typed)) = (found, typed) {
        strengthen(found, typed, p);
    }
    Ok(right)
}

/// Was a password typed at all? What is empty is nobody's, and is told beside its field with whatever else is missing,
/// before an attempt is counted.
///
/// # Errors
/// `Missing`.
pub fn typed_at_all(typed: &Zeroizing<String>) -> Result<(), FieldProblem> {
    if typed.is_empty() { Err(FieldProblem::Missing) } else { Ok(()) }
}

/// Forgets the failed attempts of an email whose password was right, where no other write does.
///
/// # Errors
/// The store cannot be written.
pub async fn forgive(space: SpaceId, email: &str, p: &Prosper) -> Result<(), Fault> {
    if p.settings.lockout.is_some() {
        p.store.forgive_attempts(space, crate::domain::email::fold(email)).await?;
    }
    Ok(())
}

/// Hashes a password anew, beside the request, when its hash was made with less than is asked for now.
fn strengthen(found: &Credentials, typed: Zeroizing<String>, p: &Prosper) {
    if !p.passwords.needs_rehash(&found.password) {
        return;
    }
    let (passwords, store) = (p.passwords.clone(), p.store.clone());
    let (id, old) = (found.account.id, found.password.clone());
    tokio::spawn(async move {
        if let Ok(new) = passwords.hash(typed).await
            && let Err(fault) = store.rehash(id, old, new).await
        {
            tracing::warn!(cause = %fault, "a stronger password hash was not kept");
        }
    });
}
