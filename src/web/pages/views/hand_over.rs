//! The page at which an owner draws the secret of an application that staff registered.

use super::kit::{Chrome, Form};
use askama::Template;

/// `/oauth/apps/{client_id}/hand-over`.
#[derive(Debug, Template)]
#[template(path = "en/hand_over.html")]
pub struct HandOver {
    /// The frame.
    pub chrome: Chrome,
    /// The application's name.
    pub name: String,
    /// Its client id.
    pub client_id: String,
    /// What the link is good for.
    pub state: HandOverState,
    /// Path of the application's page.
    pub manage_href: String,
}

/// What the link is good for.
#[derive(Clone, Debug)]
pub enum HandOverState {
    /// It waits: the form draws the secret.
    Waits {
        /// The form.
        form: Form,
    },
    /// The secret, this once.
    Shown {
        /// 32 lower-case hex digits.
        secret: String,
    },
    /// It was used, or has expired, or there is a newer one.
    Dead,
}
