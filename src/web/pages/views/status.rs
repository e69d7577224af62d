//! One page for each reason for which an account may not be used (seed 2, "User Status Errors", L-07).

use super::kit::{Chrome, Form, When};
use askama::Template;

/// What it means, whose move it is, what to do.
#[derive(Debug, Template)]
#[template(path = "en/status.html")]
pub struct StatusPage {
    /// The frame.
    pub chrome: Chrome,
    /// How the account stands.
    pub standing: Standing,
    /// Since when, if it is known.
    pub since: Option<When>,
    /// Until when, where staff said so.
    pub until: Option<When>,
    /// Staff's words to the person, if there are any.
    pub reason: Option<String>,
    /// By when staff answer, for the standings that wait on them.
    pub due: Option<When>,
    /// The institution asked for the third-party agent role, which is decided in the same review.
    pub with_agent_role: bool,
    /// Where the verification mail went, for `Unactivated`.
    pub email: Option<String>,
    /// When what is known of the person goes, for `Closed`.
    pub erased: Option<When>,
    /// Asks for the link with which a new password is chosen, for `PasswordResetRequired`: the password that was typed was
    /// the right one, so nobody has to say again who they are.
    pub reset: Option<Form>,
    /// Path of the page that goes on with what is missing (finish the registration, send the mail again), when there is
    /// one.
    pub next_href: Option<String>,
}

/// Every way in which an account may not be used, named after its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// `closed_account`
    Closed,
    /// `duplicate_account`
    Duplicate,
    /// `expired_account`
    Expired,
    /// `inactive_account`
    Inactive,
    /// `account_on_hold`
    OnHold,
    /// `account_pending_activation`
    PendingActivation,
    /// `account_pending_approval`
    PendingApproval,
    /// `account_incomplete_registration`
    IncompleteRegistration,
    /// `suspended_account`
    Suspended,
    /// `terminated_account`
    Terminated,
    /// `unactivated_account`
    Unactivated,
    /// `password_reset_required`: a flag beside the status, with a page of its own.
    PasswordResetRequired,
}

impl Standing {
    /// All twelve, in the document's order, the flag last.
    pub const ALL: [Self; 12] = [
        Self::Closed,
        Self::Duplicate,
        Self::Expired,
        Self::Inactive,
        Self::OnHold,
        Self::PendingActivation,
        Self::PendingApproval,
        Self::IncompleteRegistration,
        Self::Suspended,
        Self::Terminated,
        Self::Unactivated,
        Self::PasswordResetRequired,
    ];

    /// The error code that the token endpoint answers with.
    pub fn code(self) -> &'static str {
        match self {
            Self::Closed => "closed_account",
            Self::Duplicate => "duplicate_account",
            Self::Expired => "expired_account",
            Self::Inactive => "inactive_account",
            Self::OnHold => "account_on_hold",
            Self::PendingActivation => "account_pending_activation",
            Self::PendingApproval => "account_pending_approval",
            Self::IncompleteRegistration => "account_incomplete_registration",
            Self::Suspended => "suspended_account",
            Self::Terminated => "terminated_account",
            Self::Unactivated => "unactivated_account",
            Self::PasswordResetRequired => "password_reset_required",
        }
    }

    /// The steps that a waiting account goes through, if it waits: how many lie behind it. The template has three.
    fn steps_done(self) -> Option<u8> {
        match self {
            Self::IncompleteRegistration => Some(0),
            Self::Unactivated => Some(1),
            Self::PendingApproval | Self::PendingActivation => Some(2),
            _ => None,
        }
    }
}
