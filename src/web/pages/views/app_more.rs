//! What hangs on one application's page: the tester of redirect URIs, its requests, what its owner says of it.

use askama::Template;

use super::app::AppPage;
use super::kit::{self, Ago, AppKind, Chrome, Field, Here, When};
use super::snippets::{Language, Snippets, Step};

/// The tester of redirect URIs: what was pasted, and what comes of it.
#[derive(Clone, Debug, Default)]
pub struct Tester {
    /// What was pasted.
    pub given: String,
    /// What comes of it; nothing before anything was pasted.
    pub outcome: Option<TestOutcome>,
}

/// What comes of an address.
#[derive(Clone, Debug)]
pub enum TestOutcome {
    /// It is this registered one.
    Matches(String),
    /// It is longer than any that can match.
    TooLong,
    /// Nothing is registered.
    NothingRegistered,
    /// It is none; this one is the nearest.
    Differs {
        /// The nearest registered URI.
        nearest: String,
        /// In what.
        rows: Vec<DifferenceRow>,
    },
}

/// One part that is not as registered.
#[derive(Clone, Debug)]
pub struct DifferenceRow {
    /// Which part, in words.
    pub part: &'static str,
    /// As registered.
    pub registered: String,
    /// As given, as far as it is the same.
    pub same: String,
    /// As given, from where it is another.
    pub other: String,
    /// Where in the whole text, counted from 1 in characters.
    pub place: usize,
    /// The usual cause, in words.
    pub hint: Option<String>,
}

/// One request of an application.
#[derive(Clone, Debug)]
pub struct RequestRow {
    /// When.
    pub at: When,
    /// Where it came in: `authorize`, `access-token`, `token`, `introspect`, `authorization-key`; of calls that went well
    /// the grant type, where there is one.
    pub surface: String,
    /// What went over the wire.
    pub outcome: String,
    /// The true cause.
    pub cause: String,
    /// The id that the answer carried.
    pub request_id: String,
    /// How many calls of one minute it stands for, the last with this id; 0 for one request.
    pub calls: i64,
}

impl RequestRow {
    /// Did it get what it asked for?
    pub fn is_good(&self) -> bool {
        self.outcome == "ok"
    }
}

/// `/oauth/apps/{client_id}/requests`
#[derive(Debug, Template)]
#[template(path = "en/app_requests.html")]
pub struct AppRequests {
    /// The frame.
    pub chrome: Chrome,
    /// Path of the application's page.
    pub base: String,
    /// Registered name.
    pub name: String,
    /// The request id that was looked up.
    pub query: String,
    /// The requests, newest first.
    pub rows: Vec<RequestRow>,
    /// Path of the next page.
    pub next_href: Option<String>,
}

/// `/oauth/apps/{client_id}/profile`. Its forms share one `form_token`.
#[derive(Debug, Template)]
#[template(path = "en/app_profile.html")]
pub struct AppProfile {
    /// The frame.
    pub chrome: Chrome,
    /// Path of the application's page.
    pub base: String,
    /// Value of the hidden `form_token` of its forms.
    pub form_token: String,
    /// The page had been open for too long.
    pub stale: bool,
    /// Registered name, as it stands.
    pub title: String,
    /// Kind.
    pub kind: AppKind,
    /// Same-origin path of its logo.
    pub logo: Option<String>,
    /// `name`
    pub name: Field,
    /// `phone`, where its kind has one.
    pub phone: Option<Field>,
    /// `email`
    pub email: Field,
    /// `url`, where its kind has one.
    pub url: Option<Field>,
    /// What is wrong with the picture.
    pub logo_error: Option<String>,
}

impl AppProfile {
    fn initial(&self) -> String {
        kit::initial(&self.title)
    }

    fn wrong(&self) -> bool {
        let fields = [Some(&self.name), self.phone.as_ref(), Some(&self.email), self.url.as_ref()];
        self.logo_error.is_some() || fields.into_iter().flatten().any(|field| field.error.is_some())
    }

    fn error_of(field: Option<&Field>) -> Option<&String> {
        field.and_then(|field| field.error.as_ref())
    }
}

impl AppPage {
    /// The programs in the chosen language.
    pub(super) fn recipes(&self) -> Vec<(Step, String)> {
        let snippets =
            Snippets { public_url: &self.public_url, client_id: &self.client_id, username: &self.owner_email };
        Step::of(self.kind).iter().map(|step| (*step, snippets.code(*step, self.language))).collect()
    }

    /// Everything that the programs read from their environment, once each.
    pub(super) fn environment(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        for name in Step::of(self.kind).iter().flat_map(|step| step.environment()) {
            if !names.contains(name) {
                names.push(*name);
            }
        }
        names
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "a template hands out references")]
    pub(super) fn language_href(&self, language: &Language) -> String {
        format!("{}?lang={}#use", self.base, language.word())
    }
}
