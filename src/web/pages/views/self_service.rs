//! What people do for themselves before they are signed in: open an account, get a new password.

use super::entrance::{SpaceChoice, ToApp};
use super::kit::{self, Chrome, Field, Form, Here};
use askama::Template;

/// Which space a form is about, where there is a choice.
#[derive(Clone, Debug)]
pub enum SpaceField {
    /// One of a list.
    Listed {
        /// What there is.
        choices: Vec<SpaceChoice>,
        /// What is wrong with the choice.
        error: Option<String>,
    },
    /// One of too many to list: its name is typed.
    Typed(Field),
}

impl SpaceField {
    /// What is wrong with it.
    pub fn error(&self) -> Option<String> {
        match self {
            Self::Listed { error, .. } => error.clone(),
            Self::Typed(field) => field.error.clone(),
        }
    }
}

/// `/sign-up`.
#[derive(Debug, Template)]
#[template(path = "en/sign_up.html")]
pub struct SignUp {
    /// The frame, in the space's own colours.
    pub chrome: Chrome,
    /// Goes to this page's own path; a hidden field carries an invitation.
    pub form: Form,
    /// The address that was invited, which the account will have.
    pub invited: Option<String>,
    /// `space`, where several are open.
    pub space: Option<SpaceField>,
    /// `full_name`
    pub full_name: Field,
    /// `email`, the login.
    pub email: Field,
    /// `password`; its value is never put back.
    pub password: Field,
    /// How many characters a password needs.
    pub password_min: usize,
    /// The application that waits for it.
    pub to_app: Option<ToApp>,
    /// The sign-in, for whoever has an account.
    pub sign_in_href: String,
}

impl SignUp {
    fn wrong(&self) -> bool {
        self.space_error().is_some() || kit::any_wrong(&[&self.full_name, &self.email, &self.password])
    }

    fn space_error(&self) -> Option<String> {
        self.space.as_ref().and_then(SpaceField::error)
    }
}

/// What became of a sign-up, or why there is no form.
#[derive(Debug, Template)]
#[template(path = "en/sign_up_step.html")]
pub struct SignUpStep {
    /// The frame.
    pub chrome: Chrome,
    /// Which of them.
    pub outcome: SignUpOutcome,
}

/// See [`SignUpStep`].
#[derive(Clone, Debug)]
pub enum SignUpOutcome {
    /// A mail is on its way; the same for a known and an unknown address.
    LookIntoMail {
        /// Where to.
        email: String,
        /// Path of the sandbox's mailbox, where there is one.
        mailbox_href: Option<String>,
        /// The application that waits for it.
        to_app: Option<ToApp>,
    },
    /// The account can be used.
    Ready,
    /// Nobody opens an account by themselves here.
    Closed {
        /// Those who are invited do.
        by_invitation: bool,
    },
    /// The invitation was used, has expired, or was replaced.
    DeadInvitation,
}

/// `/forgot`.
#[derive(Debug, Template)]
#[template(path = "en/forgot.html")]
pub struct Forgot {
    /// The frame.
    pub chrome: Chrome,
    /// How far it is.
    pub step: ForgotStep,
}

/// How far somebody is who forgot their password.
#[derive(Clone, Debug)]
pub enum ForgotStep {
    /// They say whose it is.
    Ask {
        /// Goes to this page's own path.
        form: Form,
        /// `email`
        email: Field,
        /// `space`, where there are several.
        space: Option<SpaceField>,
        /// Back to the sign-in.
        sign_in_href: String,
    },
    /// A mail is on its way, if there is such an account: which of the two is never said.
    Sent {
        /// Where to.
        email: String,
        /// Path of the sandbox's mailbox, where there is one.
        mailbox_href: Option<String>,
    },
}

impl Forgot {
    fn wrong(&self) -> bool {
        match &self.step {
            ForgotStep::Ask { email, space, .. } => {
                email.error.is_some() || space.as_ref().is_some_and(|space| space.error().is_some())
            }
            ForgotStep::Sent { .. } => false,
        }
    }
}

/// `/reset`: the mailed link that sets a new password.
#[derive(Debug, Template)]
#[template(path = "en/reset.html")]
pub struct Reset {
    /// The frame.
    pub chrome: Chrome,
    /// How far it is.
    pub step: ResetStep,
}

/// How far somebody is who sets a new password by a link.
#[derive(Clone, Debug)]
pub enum ResetStep {
    /// The link works.
    Choose {
        /// Goes to this page's own path and carries the link.
        form: Form,
        /// Whose password: a password manager keeps it with the new one.
        email: String,
        /// `password`; its value is never put back.
        password: Field,
        /// How many characters it needs.
        password_min: usize,
    },
    /// It is set.
    Done {
        /// The sign-in that comes next, and what it leads on to.
        sign_in_href: String,
        /// The application that waits.
        to_app: Option<ToApp>,
    },
    /// The link was used, has expired, or was replaced.
    Dead,
}

impl Reset {
    fn wrong(&self) -> bool {
        matches!(&self.step, ResetStep::Choose { password, .. } if password.error.is_some())
    }
}
