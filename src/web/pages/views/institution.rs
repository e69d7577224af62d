//! Institutions (seed 1): registration with its investor type, and the request for the third-party agent role.

use super::api_settings::RoleState;
use super::entrance::ToApp;
use super::kit::{self, Ago, Chrome, Field, Form, Here, When};
use super::self_service::SpaceField;
use askama::Template;

/// `/account/common/inst_register.aspx`.
#[derive(Debug, Template)]
#[template(path = "en/inst_register.html")]
pub struct InstRegister {
    /// The frame.
    pub chrome: Chrome,
    /// Goes to this page's own path.
    pub form: Form,
    /// `space`, where there are several.
    pub space: Option<SpaceField>,
    /// `institution_name`
    pub institution_name: Field,
    /// `full_name` of the contact.
    pub full_name: Field,
    /// `email`, the login.
    pub email: Field,
    /// `phone`, optional.
    pub phone: Field,
    /// `password`; its value is never put back.
    pub password: Field,
    /// `investor_type`, one radio button each.
    pub investor_types: Vec<TypeChoice>,
    /// What is wrong with the choice of investor type.
    pub investor_type_error: Option<String>,
    /// How many business days a review may take.
    pub review_days: u8,
    /// How many characters a password needs.
    pub password_min: usize,
}

impl InstRegister {
    fn wrong(&self) -> bool {
        self.investor_type_error.is_some()
            || self.space_error().is_some()
            || kit::any_wrong(&[&self.institution_name, &self.full_name, &self.email, &self.phone, &self.password])
    }

    fn space_error(&self) -> Option<String> {
        self.space.as_ref().and_then(SpaceField::error)
    }
}

/// One investor type. The template has words for the values it knows and shows any other as it is.
#[derive(Clone, Debug)]
pub struct TypeChoice {
    /// What the form sends, such as `third_party_agent`.
    pub value: String,
    /// Whether it is the one chosen.
    pub chosen: bool,
}

/// What an institution sees after it registered; the same for a known and an unknown address.
#[derive(Debug, Template)]
#[template(path = "en/inst_registered.html")]
pub struct InstRegistered {
    /// The frame.
    pub chrome: Chrome,
    /// Where the verification mail went.
    pub email: String,
    /// It registered as a third-party agent, so the role is reviewed too.
    pub agent: bool,
    /// How many business days a review may take.
    pub review_days: u8,
    /// Path of the sandbox's mailbox, where there is one.
    pub mailbox_href: Option<String>,
}

/// `/verify-email`: the mailed link.
#[derive(Debug, Template)]
#[template(path = "en/verify_email.html")]
pub struct VerifyEmail {
    /// The frame.
    pub chrome: Chrome,
    /// How far it is.
    pub step: VerifyStep,
}

/// How far the validation of an address is.
#[derive(Clone, Debug)]
pub enum VerifyStep {
    /// The link works; its form uses it.
    Confirm {
        /// Carries the link.
        form: Form,
        /// Whose address it validates.
        email: String,
    },
    /// The address is validated.
    Done {
        /// Staff have the account now.
        in_review: bool,
        /// With a request for the agent role.
        agent: bool,
        /// The sign-in; it leads on to where they were going.
        sign_in_href: String,
        /// The application that waits there.
        to_app: Option<ToApp>,
    },
    /// The link was used, has expired, or was replaced.
    Dead,
    /// Whoever is signed in may have another link.
    Again {
        /// Sends it.
        form: Form,
        /// Where to.
        email: String,
    },
    /// Another link is on its way.
    Sent {
        /// Where to.
        email: String,
    },
}

/// `/account/agent-request` (A-05, seed 1, option 1): ask for the role with the account in use, or see how it stands.
#[derive(Debug, Template)]
#[template(path = "en/agent_request.html")]
pub struct AgentRequest {
    /// The frame.
    pub chrome: Chrome,
    /// How the role stands; the form is shown when it may be asked for.
    pub role: RoleState,
    /// Goes to this page's own path.
    pub form: Form,
    /// `accounts`: further account emails of the same institution, one a line, optional.
    pub accounts: Field,
    /// `message`, optional.
    pub message: Field,
    /// The emails that an open or answered request names, the asking account first.
    pub named: Vec<String>,
    /// Steps of its history, oldest first: when, and what.
    pub history: Vec<(When, RoleStep)>,
    /// How many business days a review may take.
    pub review_days: u8,
}

impl AgentRequest {
    fn wrong(&self) -> bool {
        kit::any_wrong(&[&self.accounts, &self.message])
    }

    fn may_ask(&self) -> bool {
        matches!(self.role, RoleState::NeverAsked | RoleState::Declined { .. } | RoleState::Withdrawn { .. })
    }
}

/// One step of a request's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleStep {
    /// The person asked.
    Asked,
    /// Staff approved.
    Approved,
    /// Staff declined.
    Declined,
    /// Staff took the role back.
    Withdrawn,
}
