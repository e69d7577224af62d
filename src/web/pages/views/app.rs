//! One application's page, and the page that asks before something of it ends.

use super::app_more::{RequestRow, TestOutcome, Tester};
use super::kit::{self, Ago, AppKind, AppState, Chrome, Field, Form, Here, When};
use super::snippets::{Language, Step};
use askama::Template;

/// `/oauth/apps/{client_id}`. Every form on it shares one `form_token` and posts beneath `base`.
#[derive(Debug, Template)]
#[template(path = "en/app.html")]
pub struct AppPage {
    /// The frame.
    pub chrome: Chrome,
    /// The page's own path; see [`crate::web::pages::paths::app`] for what lies beneath it.
    pub base: String,
    /// Value of the hidden `form_token` of its forms.
    pub form_token: String,
    /// A word on what was just done.
    pub done: Option<Done>,
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
    /// When it was registered.
    pub registered: When,
    /// Phone number of the registration.
    pub phone: Option<String>,
    /// Email of the registration, for communication only.
    pub email: Option<String>,
    /// Company or application URL: text, never a link.
    pub homepage: Option<String>,
    /// The account it belongs to; the username of the password grant.
    pub owner_email: String,
    /// `public_url` without a slash at its end.
    pub public_url: String,
    /// A secret that was added a moment ago: the only time it is shown.
    pub new_secret: Option<SecretShown>,
    /// Its secrets that have not expired, newest first.
    pub secrets: Vec<SecretRow>,
    /// `label` of the form that adds a secret.
    pub secret_label: Field,
    /// `overlap`, whole hours, that is preselected: one of 0, 1, 24, 168, 720 (B-05: 24 by default, 30 days at most).
    pub overlap_hours: u32,
    /// What is wrong with it.
    pub overlap_error: Option<String>,
    /// `redirect_uris`, one a line; only agent and login apps have any.
    pub redirect_uris: Option<Field>,
    /// For an agent app: the link to give to investors (B-03).
    pub invite_link: Option<String>,
    /// `require_pkce` (L-08); only login apps are asked.
    pub require_pkce: Option<bool>,
    /// `send_iss` (RFC 9207); only login apps are asked.
    pub send_iss: Option<bool>,
    /// The tester of redirect URIs, where the kind has any.
    pub tester: Option<Tester>,
    /// What the programs to paste are written in.
    pub language: Language,
    /// The newest requests, a few.
    pub requests: Vec<RequestRow>,
    /// How much there may be.
    pub limits: Limits,
}

/// How much an application may have and do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Secrets that work at a time.
    pub secrets: usize,
    /// Redirect URIs that are registered.
    pub redirect_uris_used: usize,
    /// Redirect URIs at most, where the kind has any.
    pub redirect_uris: Option<usize>,
    /// Failed calls that one address may make in a minute, if they are counted.
    pub failures: Option<u32>,
}

/// What was just done to an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// A secret was revoked.
    SecretRevoked,
    /// All secrets were revoked, and every token of the app with them.
    AllSecretsRevoked,
    /// The redirect list was saved.
    RedirectsSaved,
    /// The switches were saved.
    SwitchesSaved,
    /// What its owner says of it was saved.
    ProfileSaved,
    /// The logo was set or taken away.
    LogoSaved,
    /// It was disabled.
    Disabled,
    /// It was enabled.
    Enabled,
    /// Nothing: the same form was sent before, and made its secret then.
    SecretMadeAlready,
    /// Nothing: the page had been open for too long (W-02).
    Stale,
}

impl AppPage {
    fn initial(&self) -> String {
        kit::initial(&self.name)
    }

    fn wrong(&self) -> bool {
        self.secret_label.error.is_some()
            || self.overlap_error.is_some()
            || self.redirect_uris.as_ref().is_some_and(|uris| uris.error.is_some())
    }
}

/// A secret in the one moment in which it can be read.
#[derive(Clone, Debug)]
pub struct SecretShown {
    /// Its label.
    pub label: String,
    /// 32 lower-case hex digits.
    pub secret: String,
    /// When the one before it stops working, if there is one that still does.
    pub older_ends: Option<When>,
}

/// One secret of the table (B-05).
#[derive(Clone, Debug)]
pub struct SecretRow {
    /// For the path that revokes it.
    pub id: String,
    /// What its owner called it.
    pub label: String,
    /// When it was made.
    pub created: When,
    /// When it was last used, if ever.
    pub last_used: Option<When>,
    /// When it stops working, if it does.
    pub expires: Option<When>,
}

/// The page that asks before something ends. GET shows it, its form does it.
#[derive(Debug, Template)]
#[template(path = "en/confirm.html")]
pub struct Confirm {
    /// The frame.
    pub chrome: Chrome,
    /// Goes to this page's own path.
    pub form: Form,
    /// What would end.
    pub ending: Ending,
    /// The way back: path of the page that led here.
    pub back_href: String,
}

/// What a person is about to end.
#[derive(Clone, Debug)]
pub enum Ending {
    /// One secret. Its tokens live on.
    Secret {
        /// The application.
        app: String,
        /// The secret's label.
        label: String,
        /// It is the only one that works.
        last: bool,
    },
    /// All secrets of an application, and every token of it.
    AllSecrets {
        /// The application.
        app: String,
        /// How many.
        count: usize,
    },
    /// An application's work, until it is enabled again.
    Disable {
        /// The application.
        app: String,
    },
    /// An application, for good.
    Delete {
        /// The application.
        app: String,
        /// Its client id.
        client_id: String,
    },
    /// What a person allowed an application or an agent.
    Consent {
        /// The application or agent.
        app: String,
        /// It is an agent that acts with the account, not a sign-in.
        agent: bool,
    },
}
