//! The staff console's pages: what waits, accounts, applications, spaces, keys, mail, the audit log.
//!
//! Beside every form stands the line of the command line that does the same.
//!
//! This file is long because it is data: the fields of the pages of the console.

mod house;
mod people;

pub use house::{
    ConsoleApp, ConsoleApps, ConsoleAudit, ConsoleKeys, ConsoleMail, ConsoleMailItem, ConsoleRegister, ConsoleSpace,
    ConsoleSpaces, KeyLine, KeyState, MailLine, NewLink, SpaceLine,
};
pub use people::{
    AccountFacts, AccountLine, Changes, ConsoleAccount, ConsoleAccounts, ConsoleErasures, ConsoleReview, ErasureForm,
    ErasureLine, FurtherAccount, MoveForm, ReviewForm, StaffForm, WithdrawForm,
};

use super::entrance::SignInRefusal;
use super::kit::{Ago, AppKind, Chrome, Form, When};
use askama::Template;

/// The frame of the console within the frame of every page.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// Who works here now.
    pub name: String,
    /// In what role: `administrator`.
    pub role: &'static str,
    /// Where they may go, in order.
    pub tabs: Vec<Tab>,
    /// Where they are.
    pub here: Option<Tab>,
    /// Is no mail configured?
    pub no_mail: bool,
    /// The form that leaves the console.
    pub leave: Form,
}

impl Frame {
    fn is_here(&self, tab: Tab) -> bool {
        self.here == Some(tab)
    }
}

/// The parts of the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// Agent requests and institutional sign-ups.
    Requests,
    /// People and institutions.
    Accounts,
    /// Who waits to be erased.
    Erasures,
    /// Applications.
    Applications,
    /// Tenants.
    Spaces,
    /// The key ring.
    Keys,
    /// The outbox.
    Mail,
    /// The audit log.
    Audit,
}

impl Tab {
    /// Every part, in the order of the navigation.
    pub const ALL: [Self; 8] = [
        Self::Requests,
        Self::Accounts,
        Self::Erasures,
        Self::Applications,
        Self::Spaces,
        Self::Keys,
        Self::Mail,
        Self::Audit,
    ];

    /// Its path.
    pub const fn href(self) -> &'static str {
        match self {
            Self::Requests => "/console",
            Self::Accounts => "/console/accounts",
            Self::Erasures => "/console/erasures",
            Self::Applications => "/console/applications",
            Self::Spaces => "/console/spaces",
            Self::Keys => "/console/keys",
            Self::Mail => "/console/mail",
            Self::Audit => "/console/audit",
        }
    }
}

/// A form and the line of the command line that does the same.
#[derive(Clone, Debug, Default)]
pub struct Act {
    /// The form.
    pub form: Form,
    /// The line.
    pub line: String,
}

/// What came of the form that was just sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The status was moved.
    StatusMoved,
    /// A new password is demanded.
    ResetRequired,
    /// It is demanded no more.
    ResetLifted,
    /// Every session and token ended.
    SignedOut,
    /// The staff role was set.
    StaffSet,
    /// The account is to be erased.
    ErasurePlanned,
    /// It is not to be erased after all.
    ErasureOff,
    /// The request was granted.
    Approved,
    /// It was refused.
    Declined,
    /// The role was taken back.
    Withdrawn,
    /// The space was made.
    SpaceMade,
    /// The space was changed.
    SpaceSaved,
    /// An invitation is in the mail.
    Invited,
    /// New keys are in use.
    KeysRotated,
    /// The mail is due again.
    MailDue,
    /// The application was switched off.
    Disabled,
    /// It was switched on.
    Enabled,
    /// The page had been open for too long; nothing was changed.
    Stale,
    /// Nothing was changed, and why: a sentence.
    Refused(String),
}

impl Told {
    fn is_good(&self) -> bool {
        !matches!(self, Self::Stale | Self::Refused(_))
    }

    /// The word that stands for it in a query.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::StatusMoved => "status",
            Self::ResetRequired => "reset",
            Self::ResetLifted => "reset-lifted",
            Self::SignedOut => "signed-out",
            Self::StaffSet => "staff",
            Self::ErasurePlanned => "erasure",
            Self::ErasureOff => "erasure-off",
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
            Self::SpaceMade => "made",
            Self::SpaceSaved => "saved",
            Self::Invited => "invited",
            Self::KeysRotated => "rotated",
            Self::MailDue => "due",
            Self::Disabled => "disabled",
            Self::Enabled => "enabled",
            Self::Stale | Self::Refused(_) => "",
        }
    }

    /// Reads [`Told::word`] back.
    pub fn of(word: &str) -> Option<Self> {
        [
            Self::StatusMoved,
            Self::ResetRequired,
            Self::ResetLifted,
            Self::SignedOut,
            Self::StaffSet,
            Self::ErasurePlanned,
            Self::ErasureOff,
            Self::Approved,
            Self::Declined,
            Self::Withdrawn,
            Self::SpaceMade,
            Self::SpaceSaved,
            Self::Invited,
            Self::KeysRotated,
            Self::MailDue,
            Self::Disabled,
            Self::Enabled,
        ]
        .into_iter()
        .find(|told| told.word() == word)
    }
}

/// `/console/sign-in`: the password once more.
#[derive(Debug, Template)]
#[template(path = "en/console/sign_in.html")]
pub struct ConsoleSignIn {
    /// The frame.
    pub chrome: Chrome,
    /// Where the form goes.
    pub form: Form,
    /// Whose password.
    pub email: String,
    /// A form came in after the console had closed, and led here.
    pub lost_form: bool,
    /// Why the last try came to nothing.
    pub refusal: Option<SignInRefusal>,
}

/// `/console`: what waits.
#[derive(Debug, Template)]
#[template(path = "en/console/queue.html")]
pub struct ConsoleQueue {
    /// The frame.
    pub chrome: Chrome,
    /// The console's.
    pub frame: Frame,
    /// What came of the last decision.
    pub told: Option<Told>,
    /// How much waits altogether.
    pub count: usize,
    /// How much of it should have been answered.
    pub overdue: usize,
    /// What waits, due first: one page of it.
    pub rows: Vec<QueueRow>,
    /// Path of the next page.
    pub next_href: Option<String>,
    /// The line that lists the same.
    pub line: String,
}

/// Something that waits.
#[derive(Clone, Debug)]
pub struct QueueRow {
    /// The institution, or the person.
    pub name: String,
    /// The account's email.
    pub email: String,
    /// How many further accounts are named.
    pub more: usize,
    /// Since when.
    pub asked: When,
    /// By when it is answered.
    pub due: When,
    /// How near that is.
    pub urgency: Urgency,
    /// What it is.
    pub kind: QueueKind,
    /// Its page.
    pub href: String,
}

/// How near the answer is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// It was due.
    Overdue,
    /// Within a day.
    Today,
    /// Within two days.
    Soon,
    /// Later.
    Later,
}

/// What waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueKind {
    /// An institution asks for the agent role.
    ExistingAccount,
    /// An institution that signed up as an agent.
    NewAccount,
    /// Asked again after a decision.
    Again,
    /// An institution that signed up.
    SignUp,
}

/// A row of the audit log.
#[derive(Clone, Debug)]
pub struct AuditLine {
    /// When.
    pub at: When,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// Of what.
    pub subject: String,
    /// Its page, where it has one.
    pub subject_href: Option<String>,
    /// What was.
    pub before: String,
    /// What is.
    pub after: String,
    /// By which request.
    pub request_id: String,
    /// From where.
    pub address: String,
    /// Is something of it withheld, since somebody was erased?
    pub withheld: bool,
}

/// A page of what was done to something, newest first.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The rows.
    pub rows: Vec<AuditLine>,
    /// The page after this one.
    pub next_href: Option<String>,
}

/// An application of a list.
#[derive(Clone, Debug)]
pub struct AppLine {
    /// Its name.
    pub name: String,
    /// Its client id.
    pub client_id: String,
    /// Its kind.
    pub kind: AppKind,
    /// Is it switched off?
    pub disabled: bool,
    /// When it was registered.
    pub created: When,
    /// Its page.
    pub href: String,
}

/// A choice of a list.
#[derive(Clone, Debug)]
pub struct Choice {
    /// As it is posted.
    pub value: String,
    /// As it is read.
    pub words: String,
    /// Is it the one that stands?
    pub chosen: bool,
}
