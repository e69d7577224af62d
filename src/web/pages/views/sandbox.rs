//! What only the sandbox shows: who can sign in, with which app, and what would have been mailed.

use super::kit::{Ago, AppKind, Chrome, Here, When};
use askama::Template;

/// `/sandbox`: everything that the terminal printed, to copy from.
#[derive(Debug, Template)]
#[template(path = "en/sandbox_home.html")]
pub struct SandboxHome {
    /// The frame.
    pub chrome: Chrome,
    /// `public_url` without a slash at its end.
    pub public_url: String,
    /// What the sandbox's clock says.
    pub now: When,
    /// Who can sign in.
    pub people: Vec<SandboxPerson>,
    /// The applications.
    pub apps: Vec<SandboxApp>,
    /// A ready-to-paste shell line for each grant: its name and the line.
    pub curls: Vec<(String, String)>,
}

/// One seeded person.
#[derive(Clone, Debug)]
pub struct SandboxPerson {
    /// Full name.
    pub name: String,
    /// Login email.
    pub email: String,
    /// Password: nothing here is real.
    pub password: String,
    /// The space.
    pub space: String,
    /// How they stand: the status, as the store spells it, and whatever else sets them apart.
    pub status: String,
    /// The status is `active` and nothing stands in the way of a sign-in.
    pub usable: bool,
}

/// One seeded application.
#[derive(Clone, Debug)]
pub struct SandboxApp {
    /// Registered name.
    pub name: String,
    /// Kind.
    pub kind: AppKind,
    /// Owner's email.
    pub owner: String,
    /// The space.
    pub space: String,
    /// Client id.
    pub client_id: String,
    /// Client secret: nothing here is real.
    pub client_secret: String,
    /// Redirect URIs.
    pub redirect_uris: Vec<String>,
}

/// `/sandbox/mail`.
#[derive(Debug, Template)]
#[template(path = "en/sandbox_mailbox.html")]
pub struct SandboxMailbox {
    /// The frame.
    pub chrome: Chrome,
    /// Newest first; the body is not shown here.
    pub mails: Vec<SandboxMail>,
}

/// `/sandbox/mail/{id}`, and one line of the mailbox.
#[derive(Clone, Debug, Template)]
#[template(path = "en/sandbox_mail.html")]
pub struct SandboxMail {
    /// The frame.
    pub chrome: Chrome,
    /// Path of its page.
    pub href: String,
    /// To whom.
    pub to: String,
    /// Subject.
    pub subject: String,
    /// When it would have gone out.
    pub at: When,
    /// The text body.
    pub text: String,
    /// The links of the text that lead to this server, as paths.
    pub links: Vec<String>,
}
