//! Why a wish of a person was not granted, and whose wish it was: what the flows of accounts and applications share.
//!
//! The error tables of the documents are for programs. A person meets a page or a terminal, which say the same things in
//! their own ways; so these refusals are an enum of causes, and its words here are those of the terminal.

use std::fmt;

use crate::contract::table::Stop;
use crate::contract::words;
use crate::domain::FieldProblems;
use crate::domain::account::{Account, AccountKind, StaffRole};
use crate::domain::agent::AgentRole;
use crate::domain::ids::AccountId;
use crate::domain::status::{Mover, Status};

/// What such a flow answers.
pub type Outcome<T> = Result<T, Stop<Refusal>>;

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Something typed is wrong; every wrong field is named.
    Fields(FieldProblems),
    /// There is no such thing, or it belongs to somebody else: the same answer.
    NotFound,
    /// The account may not be used: not active, or told to set a new password first.
    NotUsable(Status),
    /// The account is of a kind that has no use for this.
    WrongKind(AccountKind),
    /// The agent role is needed, and stands like this.
    RoleNeeded(AgentRole),
    /// An account may have this many applications.
    TooManyApplications(i64),
    /// The same form was sent before, and what it asked for was made then.
    MadeAlready,
    /// The status cannot be moved from where it stands to there, by this mover.
    IllegalMove(Status, Status),
    /// The agent role cannot make this step from where it stands.
    IllegalStep(AgentRole),
    /// Nobody decides on their own request.
    OwnRequest,
    /// Only these staff may do it.
    StaffNeeded(&'static [StaffRole]),
    /// The account was moved to another address lately, and moves no further for a while.
    MovedLately,
    /// Only an account that has ended, and is not erased, can be erased.
    NotEnded(Status),
    /// Nobody opens an account in this space, invited or not.
    SignUpClosed,
    /// The link was used, has expired, or was replaced by a newer one.
    DeadLink,
    /// The current password that was typed is not right.
    WrongPassword,
}

impl From<Refusal> for Stop<Refusal> {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<FieldProblems> for Stop<Refusal> {
    fn from(problems: FieldProblems) -> Self {
        Self::Refused(Refusal::Fields(problems))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fields(problems) => {
                let said: Vec<_> = problems
                    .0
                    .iter()
                    .map(|(field, problem)| format!("{field}: {}", words::field_problem(*problem)))
                    .collect();
                f.write_str(&said.join("\n"))
            }
            Self::NotFound => f.write_str("there is no such thing"),
            Self::NotUsable(Status::Active) => f.write_str("the account must set a new password first"),
            Self::NotUsable(status) => {
                write!(f, "the account is {}, and only an active one may do this", status.name())
            }
            Self::WrongKind(kind) => write!(f, "an account of the kind {} has no use for this", kind.name()),
            Self::RoleNeeded(role) => {
                write!(f, "the third-party agent role is needed first, and it is: {}", role.name())
            }
            Self::TooManyApplications(most) => {
                write!(f, "the account has {most} applications, which is the most; delete one first")
            }
            Self::MadeAlready => f.write_str("it was made already"),
            Self::IllegalMove(from, to) => {
                write!(f, "an account that is {} cannot be made {} by you", from.name(), to.name())
            }
            Self::IllegalStep(role) => write!(f, "the agent role is {}, and this step does not lead on", role.name()),
            Self::OwnRequest => f.write_str("nobody decides on their own request"),
            Self::StaffNeeded(roles) => {
                let names: Vec<_> = roles.iter().map(|role| role.name()).collect();
                write!(f, "only staff may do this: {}", names.join(", "))
            }
            Self::MovedLately => f.write_str("the account was moved to another address less than seven days ago"),
            Self::NotEnded(status) => {
                write!(f, "the account is {}: only one that has ended, and is not erased, is erased", status.name())
            }
            Self::SignUpClosed => {
                f.write_str("nobody opens an account in this space: set its sign-up to open or to invitation first")
            }
            Self::DeadLink => f.write_str("the link was used already or has expired"),
            Self::WrongPassword => f.write_str("the current password is not right"),
        }
    }
}

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
