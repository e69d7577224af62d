//! Why a wish of a person was not granted, and its words: for whoever sits at the terminal, and for staff beside the form
//! that was refused.
//!
//! The error tables of the documents are for programs. A person meets a page or a terminal, which say the same things in
//! their own ways; so these refusals are an enum of causes. Pages for everybody else have words of their own in the
//! templates, made from the cause.

use std::fmt;

use super::table::Stop;
use super::words;
use crate::domain::FieldProblems;
use crate::domain::account::{AccountKind, StaffRole};
use crate::domain::agent::AgentRole;
use crate::domain::status::Status;

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
