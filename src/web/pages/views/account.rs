//! My account, Settings (W-07), connected apps.

use super::consent::{Permission, Weight};
use super::kit::{self, Ago, Chrome, Field, Form, Here, When};
use crate::store::grant_events::GrantStep;
use askama::Template;

/// `/account`.
#[derive(Debug, Template)]
#[template(path = "en/account.html")]
pub struct Account {
    /// The frame; its person is whose account this is.
    pub chrome: Chrome,
    /// Kind of account.
    pub kind: AccountKind,
    /// How many apps they registered.
    pub apps: usize,
    /// How many apps and agents hold a grant.
    pub connected: usize,
    /// Path of the staff console, for staff, where it is served at this address.
    pub console_href: Option<String>,
    /// Where it is served instead, for staff.
    pub console_elsewhere: Option<String>,
}

/// The kinds of account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// A person.
    Individual,
    /// An institution.
    Institutional,
}

/// `/account/settings`.
#[derive(Debug, Template)]
#[template(path = "en/settings.html")]
pub struct Settings {
    /// The frame; its person is whose settings these are.
    pub chrome: Chrome,
    /// Kind of account.
    pub kind: AccountKind,
    /// The account's `uid`.
    pub uid: String,
    /// The account's space.
    pub space: String,
    /// When the account was opened.
    pub opened: Option<When>,
    /// When the password was last changed.
    pub password_changed: Option<When>,
    /// Path of the page that changes the password, when there is one.
    pub password_href: Option<String>,
    /// How many apps they registered.
    pub apps: usize,
    /// The password was changed a moment ago.
    pub changed: bool,
}

/// `/account/password`.
#[derive(Debug, Template)]
#[template(path = "en/password.html")]
pub struct ChangePassword {
    /// The frame.
    pub chrome: Chrome,
    /// Goes to this page's own path.
    pub form: Form,
    /// `current`; its value is never put back.
    pub current: Field,
    /// `password`; its value is never put back.
    pub password: Field,
    /// How many characters a password needs.
    pub password_min: usize,
}

impl ChangePassword {
    fn wrong(&self) -> bool {
        kit::any_wrong(&[&self.current, &self.password])
    }
}

/// `/account/connected-apps`.
#[derive(Debug, Template)]
#[template(path = "en/connected_apps.html")]
pub struct ConnectedApps {
    /// The frame.
    pub chrome: Chrome,
    /// Every app and agent that holds a grant, last used first.
    pub apps: Vec<ConnectedApp>,
    /// Name of the one that was withdrawn a moment ago.
    pub withdrawn: Option<String>,
}

/// One app or agent that holds a grant.
#[derive(Clone, Debug)]
pub struct ConnectedApp {
    /// Registered name.
    pub name: String,
    /// Host of its homepage: text, never a link.
    pub host: String,
    /// Same-origin path of its logo.
    pub logo: Option<String>,
    /// What it is to the person.
    pub kind: ConnectedKind,
    /// What an agent may do; empty for a sign-in.
    pub permissions: Vec<Permission>,
    /// When it was allowed.
    pub granted: When,
    /// Roughly where from; empty when that is not known.
    pub granted_from: String,
    /// When it was last used, if ever.
    pub last_used: Option<When>,
    /// Roughly where from; empty when that is not known.
    pub last_used_from: String,
    /// Path of the page that asks before it is withdrawn.
    pub withdraw_href: String,
}

impl ConnectedApp {
    fn initial(&self) -> String {
        kit::initial(&self.name)
    }
}

/// `/account/connected-apps/history`.
#[derive(Debug, Template)]
#[template(path = "en/grant_history.html")]
pub struct GrantHistory {
    /// The frame.
    pub chrome: Chrome,
    /// What happened, newest first.
    pub rows: Vec<GrantRow>,
    /// The page after this one.
    pub next_href: Option<String>,
}

/// A step in the life of a grant.
#[derive(Clone, Debug)]
pub struct GrantRow {
    /// When.
    pub at: When,
    /// What the app was called then.
    pub name: String,
    /// What happened.
    pub step: GrantStep,
    /// `you`, `staff`, `application` or `prosper`.
    pub by: &'static str,
    /// Roughly where from; empty when that is not known.
    pub place: String,
}

/// What a connected app is to the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectedKind {
    /// It signs them in (Login with Prosper).
    SignIn,
    /// It acts for them (Authorization Key).
    Agent,
}
