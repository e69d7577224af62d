//! API settings (`/oauth#/settings`; seeds 1 and 2, B-02, B-03, B-05): the apps, the forms, the agent role.

use super::kit::{self, Ago, AppKind, AppState, Chrome, Field, Form, Here, When};
use askama::Template;

/// `/oauth`, signed in.
#[derive(Debug, Template)]
#[template(path = "en/api_settings.html")]
pub struct ApiSettings {
    /// The frame.
    pub chrome: Chrome,
    /// The app that was registered a moment ago: the only time that its secret is shown.
    pub registered: Option<Registered>,
    /// What else there is to say of the form that was just sent.
    pub notice: Option<Notice>,
    /// The owner's apps, newest first.
    pub apps: Vec<AppRow>,
    /// Registers an app for the owner's own account; `None` where the account may register none.
    pub own_form: Option<OwnForm>,
    /// Registers an agent app; `None` until the role is granted, and then the aside says why.
    pub agent_form: Option<AgentForm>,
    /// How the agent role stands.
    pub role: RoleState,
}

impl ApiSettings {
    fn wrong(&self) -> bool {
        self.own_form.as_ref().is_some_and(OwnForm::wrong) || self.agent_form.as_ref().is_some_and(AgentForm::wrong)
    }
}

/// Why a form that was just sent registered nothing.
#[derive(Clone, Debug)]
pub enum Notice {
    /// The same form was sent before, and registered an app then.
    MadeAlready {
        /// Path of that app's page.
        manage_href: String,
    },
    /// The account has as many apps as it may have.
    TooMany {
        /// How many.
        most: i64,
    },
    /// The page had been open for too long (W-02).
    Stale,
}

/// What registration answers with (B-05).
#[derive(Clone, Debug)]
pub struct Registered {
    /// The registered name.
    pub name: String,
    /// Its kind, which decides on the curl line shown.
    pub kind: AppKind,
    /// 32 lower-case hex digits.
    pub client_id: String,
    /// 32 lower-case hex digits, shown once.
    pub client_secret: String,
    /// The owner's login email: the username of the password grant.
    pub username: String,
    /// `public_url` without a slash at its end.
    pub public_url: String,
    /// For an agent app: the link to give to investors (B-03).
    pub invite_link: Option<String>,
    /// Path of the app's page.
    pub manage_href: String,
}

impl Registered {
    fn quoted_username(&self) -> String {
        shell_quoted(&format!("username={}", self.username))
    }
}

/// `text` as one word of a POSIX shell, whatever is in it: a snippet is pasted and run.
pub(super) fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// One app of the list.
#[derive(Clone, Debug)]
pub struct AppRow {
    /// Registered name.
    pub name: String,
    /// Client id.
    pub client_id: String,
    /// Same-origin path of its logo.
    pub logo: Option<String>,
    /// Kind.
    pub kind: AppKind,
    /// State.
    pub state: AppState,
    /// How many secrets work today.
    pub secrets: usize,
    /// When it last got a token.
    pub last_used: Option<When>,
    /// Path of its page.
    pub manage_href: String,
}

impl AppRow {
    fn initial(&self) -> String {
        kit::initial(&self.name)
    }
}

/// The form for an own-use app (B-02): two fields and an optional one. Sends `kind=own`.
#[derive(Clone, Debug, Default)]
pub struct OwnForm {
    /// Goes to `/oauth`.
    pub form: Form,
    /// `company_name`
    pub company_name: Field,
    /// `phone`
    pub phone: Field,
    /// `email`, optional.
    pub email: Field,
    /// An individual is told that their full name will do.
    pub individual: bool,
}

impl OwnForm {
    fn wrong(&self) -> bool {
        kit::any_wrong(&[&self.company_name, &self.phone, &self.email])
    }
}

/// The form for an agent app (B-03): every field is needed. Sends `kind=agent`.
#[derive(Clone, Debug, Default)]
pub struct AgentForm {
    /// Goes to `/oauth`.
    pub form: Form,
    /// `company_name`
    pub company_name: Field,
    /// `phone`
    pub phone: Field,
    /// `email`
    pub email: Field,
    /// `company_url`
    pub company_url: Field,
    /// `redirect_url`
    pub redirect_url: Field,
}

impl AgentForm {
    fn wrong(&self) -> bool {
        kit::any_wrong(&[&self.company_name, &self.phone, &self.email, &self.company_url, &self.redirect_url])
    }
}

/// How the third-party agent role stands (A-05).
#[derive(Clone, Debug)]
pub enum RoleState {
    /// The account is an individual's: the role needs an institutional one.
    Individual,
    /// Nobody has asked.
    NeverAsked,
    /// Staff have it.
    InReview {
        /// When it was asked.
        asked: When,
        /// By when it is answered.
        due: When,
        /// Whole business days gone, up to `days`.
        days_gone: u8,
        /// How many business days a review may take.
        days: u8,
    },
    /// Granted.
    Approved {
        /// Since when.
        since: When,
    },
    /// Refused; it may be asked again.
    Declined {
        /// When.
        at: When,
        /// Staff's words to the person.
        reason: String,
    },
    /// Granted once, and taken back: its apps issue nothing.
    Withdrawn {
        /// When.
        at: When,
        /// Staff's words to the person.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_username_cannot_leave_its_quotes() {
        assert_eq!(super::shell_quoted("o'$(id)`x`@example.com"), r"'o'\''$(id)`x`@example.com'");
    }
}
