//! The two questions a person is asked: may this application sign you in, may this agent act for you.

use super::kit::{self, Ago, Chrome, Form, When, Who};
use askama::Template;

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

/// A scope of the Investor API (K-02). The template has the plain words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// `read_user_profile`
    ReadUserProfile,
    /// `write_user_profile`
    WriteUserProfile,
    /// `read_prosper_account`
    ReadProsperAccount,
    /// `write_prosper_account`
    WriteProsperAccount,
    /// `read_invest_order`
    ReadInvestOrder,
    /// `write_invest_order`
    WriteInvestOrder,
    /// `read_loan`
    ReadLoan,
    /// `read_note`
    ReadNote,
    /// `read_listing`
    ReadListing,
}

/// How much a permission lets an agent do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It looks.
    Reads,
    /// It changes things.
    Changes,
    /// It spends the investor's money.
    MovesMoney,
}

impl Permission {
    /// All nine, in the documents' order.
    pub const ALL: [Self; 9] = [
        Self::ReadUserProfile,
        Self::WriteUserProfile,
        Self::ReadProsperAccount,
        Self::WriteProsperAccount,
        Self::ReadInvestOrder,
        Self::WriteInvestOrder,
        Self::ReadLoan,
        Self::ReadNote,
        Self::ReadListing,
    ];

    /// The permission that a scope stands for; `None` for any other word.
    pub fn from_scope(scope: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.scope() == scope)
    }

    /// The scope, as requests spell it.
    pub fn scope(self) -> &'static str {
        match self {
            Self::ReadUserProfile => "read_user_profile",
            Self::WriteUserProfile => "write_user_profile",
            Self::ReadProsperAccount => "read_prosper_account",
            Self::WriteProsperAccount => "write_prosper_account",
            Self::ReadInvestOrder => "read_invest_order",
            Self::WriteInvestOrder => "write_invest_order",
            Self::ReadLoan => "read_loan",
            Self::ReadNote => "read_note",
            Self::ReadListing => "read_listing",
        }
    }

    /// How much it lets an agent do.
    pub fn weight(self) -> Weight {
        match self {
            Self::WriteInvestOrder => Weight::MovesMoney,
            Self::WriteUserProfile | Self::WriteProsperAccount => Weight::Changes,
            _ => Weight::Reads,
        }
    }
}
