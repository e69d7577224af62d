//! What people do for themselves when they are signed in: change their address, look after their sessions, close the
//! account.

use super::kit::{self, Ago, Chrome, Field, Form, Here, When};
use askama::Template;

/// `/account/email`.
#[derive(Debug, Template)]
#[template(path = "en/email.html")]
pub struct ChangeEmail {
    /// The frame.
    pub chrome: Chrome,
    /// Goes to this page's own path.
    pub form: Form,
    /// The address that the account has.
    pub now: String,
    /// `email`, the new one.
    pub email: Field,
    /// `current`, the password; its value is never put back.
    pub current: Field,
    /// Where a link is on its way to, and then there is no form.
    pub sent: Option<String>,
    /// It was changed a short while ago, and is not again.
    pub moved_lately: bool,
}

impl ChangeEmail {
    fn wrong(&self) -> bool {
        kit::any_wrong(&[&self.email, &self.current])
    }
}

/// `/change-email` and `/undo-email`: the mailed links.
#[derive(Debug, Template)]
#[template(path = "en/email_link.html")]
pub struct EmailLink {
    /// The frame.
    pub chrome: Chrome,
    /// How far it is.
    pub step: EmailLinkStep,
}

/// How far a change of address is.
#[derive(Clone, Debug)]
pub enum EmailLinkStep {
    /// The link works; its form uses it.
    Confirm {
        /// Carries the link.
        form: Form,
        /// Which address it is about.
        email: String,
        /// It takes a change back.
        undo: bool,
    },
    /// The account goes with this address now.
    Moved {
        /// Which.
        email: String,
    },
    /// The account has this address again.
    Restored {
        /// Which.
        email: String,
    },
    /// The link was used, has expired, or something else was done since.
    Dead,
}

/// `/account/sessions`.
#[derive(Debug, Template)]
#[template(path = "en/sessions.html")]
pub struct Sessions {
    /// The frame.
    pub chrome: Chrome,
    /// Each session, this browser's first.
    pub sessions: Vec<SessionRow>,
    /// One was ended a moment ago.
    pub ended: bool,
}

/// A browser that is signed in.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// The browser, in words.
    pub browser: String,
    /// The network it was in; empty when that is not known.
    pub place: String,
    /// When it signed in.
    pub opened: When,
    /// When it was last seen, to within some minutes.
    pub seen: When,
    /// It is the one that looks.
    pub here: bool,
    /// It is a session of the staff console.
    pub console: bool,
    /// Ends it.
    pub end: Form,
}

/// `/account/sessions/end-all` before.
#[derive(Debug, Template)]
#[template(path = "en/sessions_end_all.html")]
pub struct EndAllSessions {
    /// The frame.
    pub chrome: Chrome,
    /// Goes to this page's own path.
    pub form: Form,
}

/// `/account/close`.
#[derive(Debug, Template)]
#[template(path = "en/close_account.html")]
pub struct CloseAccount {
    /// The frame.
    pub chrome: Chrome,
    /// Goes to this page's own path.
    pub form: Form,
    /// Whose account.
    pub email: String,
    /// How many apps they registered.
    pub apps: usize,
    /// How many days pass before anything is erased.
    pub days: u64,
    /// They wish it erased.
    pub erase: bool,
    /// What is wrong with what they said of that.
    pub erase_error: Option<String>,
    /// `current`, the password; its value is never put back.
    pub current: Field,
    /// The account has a staff role, and is not closed from here.
    pub staff: bool,
}

impl CloseAccount {
    fn wrong(&self) -> bool {
        self.current.error.is_some() || self.erase_error.is_some()
    }
}

/// `/account/close` after.
#[derive(Debug, Template)]
#[template(path = "en/account_closed.html")]
pub struct AccountClosed {
    /// The frame, signed out.
    pub chrome: Chrome,
    /// When what is known of them goes.
    pub erased: Option<When>,
}

/// `/account/finish`.
#[derive(Debug, Template)]
#[template(path = "en/finish.html")]
pub struct Finish {
    /// The frame.
    pub chrome: Chrome,
    /// Goes to this page's own path.
    pub form: Form,
    /// Where the link will go.
    pub email: String,
    /// `full_name`
    pub full_name: Field,
}
