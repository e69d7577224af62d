//! The two questions a person is asked: may this application sign you in, may this agent act for you.

use askama::Template;

use super::kit::{self, Ago, Chrome, Form, When, Who};
use crate::contract::words;
use crate::domain::scope::{Scope, ScopeSet};

/// Consent to Login with Prosper (L-09). The form posts `decision` = `allow` or `deny`.
#[derive(Debug, Template)]
#[template(path = "en/consent_login.html")]
pub struct LoginConsent {
    /// The frame.
    pub chrome: Chrome,
    /// Where the decision goes.
    pub form: Form,
    /// The application's registered name.
    pub app_name: String,
    /// Same-origin path of its logo.
    pub logo: Option<String>,
    /// Host of its homepage: text, never a link.
    pub homepage_host: String,
    /// Host (with port, if any) of the verified redirect URI.
    pub redirect_host: String,
    /// The account in use; email and name are what would be handed over.
    pub who: Who,
    /// Path that signs out and comes back to this request.
    pub not_you_href: String,
    /// Consent was given before and the application has changed since.
    pub again: bool,
}

impl LoginConsent {
    fn initial(&self) -> String {
        kit::initial(&self.app_name)
    }
}

/// Consent to a third-party agent (K-03, K-04). The form posts `decision` = `allow` or `deny`.
#[derive(Debug, Template)]
#[template(path = "en/consent_key.html")]
pub struct KeyConsent {
    /// The frame.
    pub chrome: Chrome,
    /// Where the decision goes.
    pub form: Form,
    /// The agent's registered company name.
    pub company: String,
    /// Same-origin path of its logo.
    pub logo: Option<String>,
    /// Host of the registered company URL: text, never a link.
    pub company_host: String,
    /// Host (with port, if any) of the registered redirect URL.
    pub redirect_host: String,
    /// The account in use.
    pub who: Who,
    /// Path that signs out and comes back to this request.
    pub not_you_href: String,
    /// What is asked for, in the order of the documents.
    pub asks: Vec<Ask>,
    /// What the agent may do today and would no longer (a second consent narrows).
    pub ends: Vec<Permission>,
    /// When the agent was allowed before, if it was.
    pub allowed_before: Option<When>,
}

impl KeyConsent {
    fn initial(&self) -> String {
        kit::initial(&self.company)
    }

    fn moves_money(&self) -> bool {
        self.asks.iter().any(|ask| ask.permission.weight() == Weight::MovesMoney)
    }
}

/// One permission that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// Which.
    pub permission: Permission,
    /// Not among what the agent may do today.
    pub fresh: bool,
}

/// A scope of the Investor API (K-02), as the pages show it. Its words are those of the mails: `contract::words`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission(Scope);

/// How much a permission lets an agent do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It looks.
    Reads,
    /// It changes things.
    Changes,
    /// It moves or spends the investor's money.
    MovesMoney,
}

impl Permission {
    /// The permission that a scope stands for; `None` for the one of Login with Prosper, which is asked on its own page.
    pub fn of(scope: Scope) -> Option<Self> {
        ScopeSet::INVESTOR.contains(scope).then_some(Self(scope))
    }

    /// What it lets an agent do, in plain words (K-03).
    pub fn words(self) -> String {
        words::scope_line(self.0)
    }

    /// How much it lets an agent do.
    pub const fn weight(self) -> Weight {
        if words::scope_moves_money(self.0) {
            Weight::MovesMoney
        } else if words::scope_changes_something(self.0) {
            Weight::Changes
        } else {
            Weight::Reads
        }
    }
}
