//! Applications, spaces, keys, mail, the audit log.
//!
//! This file is long because it is data: the fields of five pages.

use super::super::kit::{self, Ago, AppKind, AppState, Chrome, Field, Form, When};
use super::{Act, AppLine, AuditLine, Choice, Frame, History, Told};
use askama::Template;

/// `/console/applications`: a search.
#[derive(Debug, Template)]
#[template(path = "en/console/applications.html")]
pub struct ConsoleApps {
    /// The frame.
    pub chrome: Chrome,
    /// The console's.
    pub frame: Frame,
    /// What was searched for.
    pub query: String,
    /// Only of this kind.
    pub kinds: Vec<Choice>,
    /// What was found.
    pub rows: Vec<AppLine>,
    /// The page after this one.
    pub next_href: Option<String>,
    /// The line that lists the same.
    pub line: String,
}

/// `/console/applications/new`.
#[derive(Debug, Template)]
#[template(path = "en/console/register.html")]
pub struct ConsoleRegister {
    /// The frame.
    pub chrome: Chrome,
    /// The console's.
    pub frame: Frame,
    /// What came of the form that was just sent.
    pub told: Option<Told>,
    /// The form.
    pub form: Form,
    /// The kinds that staff register.
    pub kinds: Vec<Choice>,
    /// What is wrong with the choice.
    pub kind_error: Option<String>,
    /// The spaces, when there are several; the owner is looked for in the one that is chosen.
    pub spaces: Vec<Choice>,
    /// What is wrong with the choice.
    pub space_error: Option<String>,
    /// `owner`: an email.
    pub owner: Field,
    /// `name`
    pub name: Field,
    /// `url`
    pub url: Field,
    /// `redirect_uris`
    pub redirect_uris: Field,
    /// The line that does the same.
    pub line: String,
}

impl ConsoleRegister {
    fn wrong(&self) -> bool {
        kit::any_wrong(&[&self.owner, &self.name, &self.url, &self.redirect_uris])
            || self.kind_error.is_some()
            || self.space_error.is_some()
    }
}

/// `/console/applications/{client_id}`.
#[derive(Debug, Template)]
#[template(path = "en/console/application.html")]
pub struct ConsoleApp {
    /// The frame.
    pub chrome: Chrome,
    /// The console's.
    pub frame: Frame,
    /// What came of the form that was just sent.
    pub told: Option<Told>,
    /// The link that was just made.
    pub link: Option<NewLink>,
    /// Its name.
    pub name: String,
    /// Path of its logo.
    pub logo: Option<String>,
    /// Its client id.
    pub client_id: String,
    /// Its kind.
    pub kind: AppKind,
    /// How it stands.
    pub state: AppState,
    /// Its owner's email.
    pub owner: String,
    /// The owner's page, for those who may see it.
    pub owner_href: Option<String>,
    /// Its space.
    pub space: String,
    /// Its URL: text, never a link.
    pub url: Option<String>,
    /// Its redirect URIs.
    pub redirect_uris: Vec<String>,
    /// When it was registered.
    pub created: When,
    /// How many secrets work.
    pub secrets: usize,
    /// When it last authenticated.
    pub last_used: Option<When>,
    /// Until when the link waits for the owner.
    pub link_waits: Option<When>,
    /// Makes a link for the owner.
    pub hand_over: Act,
    /// Switches it off, or on.
    pub switch: Act,
    /// What was done to it, newest first.
    pub history: History,
}

impl ConsoleApp {
    fn initial(&self) -> String {
        kit::initial(&self.name)
    }
}

/// A link that was just made.
#[derive(Clone, Debug)]
pub struct NewLink {
    /// The whole URL.
    pub url: String,
    /// Whose it is.
    pub owner: String,
    /// When it stops working.
    pub until: When,
}

/// `/console/spaces`.
#[derive(Debug, Template)]
#[template(path = "en/console/spaces.html")]
pub struct ConsoleSpaces {
    /// The frame.
    pub chrome: Chrome,
    /// The console's.
    pub frame: Frame,
    /// What was searched for.
    pub query: String,
    /// How many there are altogether.
    pub count: usize,
    /// Those of this page.
    pub rows: Vec<SpaceLine>,
    /// The page after this one.
    pub next_href: Option<String>,
    /// Makes one.
    pub form: Form,
    /// `name`
    pub name: Field,
    /// `support_email`
    pub support_email: Field,
    /// `brand`
    pub brand: Field,
    /// What came of the form that was just sent.
    pub told: Option<Told>,
    /// The line that does the same.
    pub line: String,
}

impl ConsoleSpaces {
    fn wrong(&self) -> bool {
        kit::any_wrong(&[&self.name, &self.support_email, &self.brand])
    }
}

/// A space of the list.
#[derive(Clone, Debug)]
pub struct SpaceLine {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its support address.
    pub support_email: Option<String>,
    /// Its colour.
    pub brand: Option<String>,
    /// Its page.
    pub href: String,
}

/// `/console/spaces/{id}`.
#[derive(Debug, Template)]
#[template(path = "en/console/space.html")]
pub struct ConsoleSpace {
    /// The frame; its colours are the space's own, so that they can be looked at.
    pub chrome: Chrome,
    /// The console's.
    pub frame: Frame,
    /// What came of the form that was just sent.
    pub told: Option<Told>,
    /// Its name, as it is now.
    pub title: String,
    /// The form.
    pub form: Form,
    /// `name`
    pub name: Field,
    /// `support_email`
    pub support_email: Field,
    /// `brand`
    pub brand: Field,
    /// `sign_up`: who may open an account in it.
    pub sign_up: Vec<Choice>,
    /// What is wrong with the choice.
    pub sign_up_error: Option<String>,
    /// Invites somebody; nobody can be invited where nobody gets in.
    pub invite: Option<Act>,
    /// `email`, of whom to invite.
    pub invite_email: Field,
    /// Path of its logo.
    pub logo: Option<String>,
    /// Replaces the logo: a form of its own, that carries a file.
    pub logo_form: Form,
    /// What is wrong with the file.
    pub logo_error: Option<String>,
    /// The line that does the same.
    pub line: String,
    /// The line that sets a logo.
    pub logo_line: String,
    /// What was done to it, newest first.
    pub history: History,
}

impl ConsoleSpace {
    fn wrong(&self) -> bool {
        let fields = [&self.name, &self.support_email, &self.brand, &self.invite_email];
        kit::any_wrong(&fields) || self.logo_error.is_some() || self.sign_up_error.is_some()
    }
}

/// `/console/keys`.
#[derive(Debug, Template)]
#[template(path = "en/console/keys.html")]
pub struct ConsoleKeys {
    /// The frame.
    pub chrome: Chrome,
    /// The console's.
    pub frame: Frame,
    /// What came of the form that was just sent.
    pub told: Option<Told>,
    /// The keys, oldest first.
    pub rows: Vec<KeyLine>,
    /// Begins with new ones.
    pub rotate: Act,
}

/// A key of the ring; never the key itself.
#[derive(Clone, Debug)]
pub struct KeyLine {
    /// Its number.
    pub id: u32,
    /// Does it seal? Else it hashes.
    pub seals: bool,
    /// How it stands.
    pub state: KeyState,
    /// When it was made.
    pub created: When,
    /// When it ends.
    pub retires: Option<When>,
}

/// How a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// In use.
    InUse,
    /// It still opens what it sealed.
    Retiring,
    /// It opens nothing any more.
    Retired,
}

/// `/console/mail`.
#[derive(Debug, Template)]
#[template(path = "en/console/mail.html")]
pub struct ConsoleMail {
    /// The frame.
    pub chrome: Chrome,
    /// The console's.
    pub frame: Frame,
    /// What came of the last form.
    pub told: Option<Told>,
    /// The mails, newest first; never a body.
    pub rows: Vec<MailLine>,
    /// The line that lists the same.
    pub line: String,
    /// The page after this one.
    pub next_href: Option<String>,
}

/// `/console/mail/{id}`.
#[derive(Debug, Template)]
#[template(path = "en/console/mail_item.html")]
pub struct ConsoleMailItem {
    /// The frame.
    pub chrome: Chrome,
    /// The console's.
    pub frame: Frame,
    /// The mail.
    pub mail: MailLine,
    /// What came of the last form.
    pub told: Option<Told>,
    /// Makes it due now.
    pub again: Option<Act>,
    /// Shows what it says, where none are sent.
    pub read: Option<Act>,
    /// What it says, when that was just asked for: lines, and whether each is a link of ours.
    pub text: Option<Vec<(String, bool)>>,
}

/// A mail of the outbox.
#[derive(Clone, Debug)]
pub struct MailLine {
    /// Its page.
    pub href: String,
    /// Where it goes.
    pub recipient: String,
    /// What it is about.
    pub subject: String,
    /// When it was written.
    pub written: When,
    /// When it went out.
    pub sent: Option<When>,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next.
    pub next: Option<When>,
    /// When it was given up.
    pub given_up: Option<When>,
    /// What the last try came to, if to nothing.
    pub last_error: String,
}

/// `/console/audit`.
#[derive(Debug, Template)]
#[template(path = "en/console/audit.html")]
pub struct ConsoleAudit {
    /// The frame.
    pub chrome: Chrome,
    /// The console's.
    pub frame: Frame,
    /// `subject`
    pub subject: String,
    /// `actor`
    pub actor: String,
    /// `action`
    pub action: String,
    /// The rows, newest first.
    pub rows: Vec<AuditLine>,
    /// The page after this one.
    pub next_href: Option<String>,
    /// The line that lists the same.
    pub line: String,
}
