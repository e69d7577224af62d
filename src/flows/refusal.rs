//! Whose wish it is that is granted or refused: what the flows of accounts and applications share. Why it is refused, and in
//! what words, is `contract/refusals`.

use crate::contract::table::Stop;
use crate::domain::account::{Account, StaffRole};
use crate::domain::ids::AccountId;
use crate::domain::status::Mover;

pub use crate::contract::refusals::Refusal;

/// What such a flow answers.
pub type Outcome<T> = Result<T, Stop<Refusal>>;

/// Who acts, and how far their word goes.
#[derive(Clone, Copy, Debug)]
pub enum Actor<'a> {
    /// The owner of what is acted on, signed in. What they do not own does not exist for them.
    Owner(&'a Account),
    /// A member of staff, signed in.
    Staff(&'a Account),
    /// Whoever sits at the terminal of the installation: whatever an administrator may.
    Terminal,
}

impl Actor<'_> {
    /// Lets staff of one of these roles pass, and the terminal.
    ///
    /// # Errors
    /// [`Refusal::StaffNeeded`].
    pub fn must_be_staff(self, roles: &'static [StaffRole]) -> Result<(), Refusal> {
        match self {
            Self::Terminal => Ok(()),
            Self::Staff(account) if account.staff.is_some_and(|role| roles.contains(&role)) && account.is_usable() => {
                Ok(())
            }
            _ => Err(Refusal::StaffNeeded(roles)),
        }
    }

    /// Nobody decides on their own request or account.
    ///
    /// # Errors
    /// [`Refusal::OwnRequest`].
    pub fn must_not_be(self, id: AccountId) -> Result<(), Refusal> {
        match self {
            Self::Staff(account) if account.id == id => Err(Refusal::OwnRequest),
            _ => Ok(()),
        }
    }

    /// Nobody manages their own account, and an account of staff is managed by administrators alone: else support could
    /// lock out those who gave it its role.
    ///
    /// # Errors
    /// [`Refusal::OwnRequest`] or [`Refusal::StaffNeeded`].
    pub fn may_manage(self, account: &Account) -> Result<(), Refusal> {
        self.must_not_be(account.id)?;
        if account.staff.is_some() { self.must_be_staff(ADMINISTRATION) } else { Ok(()) }
    }

    /// How the status rules see them.
    pub fn mover(self) -> Mover {
        match self {
            Self::Owner(_) => Mover::Owner,
            Self::Staff(account) if account.staff == Some(StaffRole::Administrator) => Mover::Administrator,
            Self::Staff(_) => Mover::Staff,
            Self::Terminal => Mover::Administrator,
        }
    }
}

/// Those who help people: status moves, forced resets.
pub const SUPPORT: &[StaffRole] = &[StaffRole::Support, StaffRole::Administrator];
/// Those who decide on agent requests and institutional sign-ups.
pub const REVIEW: &[StaffRole] = &[StaffRole::Reviewer, StaffRole::Administrator];
/// Everybody who is staff.
pub const ANYBODY: &[StaffRole] = &[StaffRole::Reviewer, StaffRole::Support, StaffRole::Administrator];
/// Those who may do everything.
pub const ADMINISTRATION: &[StaffRole] = &[StaffRole::Administrator];

/// Lets an account pass that may be used.
///
/// # Errors
/// [`Refusal::NotUsable`].
pub fn must_be_usable(account: &Account) -> Result<(), Refusal> {
    if account.is_usable() { Ok(()) } else { Err(Refusal::NotUsable(account.status)) }
}
