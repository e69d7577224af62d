//! The ways in and out: the front page, sign-in, sign-out, `/welcome`, the first staff account.

use super::kit::{self, Chrome, Field, Form, Here};
use askama::Template;

/// `/`: what Prosper is; signed in, where to go from here.
#[derive(Debug, Template)]
#[template(path = "en/landing.html")]
pub struct Landing {
    /// The frame.
    pub chrome: Chrome,
    /// Path of the page that opens an account, when sign-up is open.
    pub open_account_href: Option<String>,
}

/// `/login` (seed 3), by itself or on the way to an application.
#[derive(Debug, Template)]
#[template(path = "en/sign_in.html")]
pub struct SignIn {
    /// The frame.
    pub chrome: Chrome,
    /// Goes to `/login`; the hidden fields carry what the sign-in returns to.
    pub form: Form,
    /// The application that waits, when there is one and it has been verified.
    pub to_app: Option<ToApp>,
    /// `email`, as typed.
    pub email: Field,
    /// The first staff account was made a moment ago.
    pub first_staff: bool,
    /// A form came in after its session had ended, and led here.
    pub lost_form: bool,
    /// Where there are several spaces: the one that is signed in to.
    pub of_space: Option<OfSpace>,
    /// Why the last try did not work. Unknown email and wrong password are one reason.
    pub refusal: Option<SignInRefusal>,
    /// `space`: the spaces to choose from; empty inside a flow or when there is only one.
    pub spaces: Vec<SpaceChoice>,
    /// What is wrong with the choice.
    pub space_error: Option<String>,
    /// A field to type the space's name into, where there are too many to list; empty means the first.
    pub space: Option<Field>,
    /// Path of the page that resets a password, when there is one.
    pub forgot_href: Option<String>,
    /// Path of the page that opens an account, when sign-up is open.
    pub open_account_href: Option<String>,
}

/// The space that is signed in to, named where there are several.
#[derive(Clone, Debug)]
pub struct OfSpace {
    /// Its name.
    pub name: String,
    /// May another be chosen on this page, or does the application decide it?
    pub choosable: bool,
}

/// The application that a sign-in leads on to.
#[derive(Clone, Debug)]
pub struct ToApp {
    /// Its registered name.
    pub name: String,
    /// The host that the person is sent on to: text, never a link.
    pub host: String,
}

/// Why a sign-in did not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInRefusal {
    /// No account with this email and password: which of the two is never said.
    BadCredentials,
    /// One of the two fields was left empty.
    Incomplete,
    /// Too many failures in a row (T-13); whole minutes to wait.
    TooMany {
        /// Minutes, at least one.
        minutes: u32,
    },
    /// The form token was missing or stale (W-02).
    StaleForm,
}

/// A space to sign in to.
#[derive(Clone, Debug)]
pub struct SpaceChoice {
    /// What the form sends.
    pub value: String,
    /// What people read.
    pub name: String,
    /// Whether it is the one chosen.
    pub chosen: bool,
}

/// `/logout` before: signing out takes a POST.
#[derive(Debug, Template)]
#[template(path = "en/sign_out.html")]
pub struct SignOut {
    /// The frame.
    pub chrome: Chrome,
    /// Goes to `/logout`.
    pub form: Form,
}

/// `/logout` after.
#[derive(Debug, Template)]
#[template(path = "en/signed_out.html")]
pub struct SignedOut {
    /// The frame, signed out.
    pub chrome: Chrome,
}

/// `/welcome` (L-05, K-05): 200 for anyone. It never shows or links what the request named.
#[derive(Debug, Template)]
#[template(path = "en/welcome.html")]
pub struct Welcome {
    /// The frame; signed in, the page offers the account.
    pub chrome: Chrome,
}

/// `/setup`: the first staff account, by the one-time link of the first start.
#[derive(Debug, Template)]
#[template(path = "en/setup.html")]
pub struct Setup {
    /// The frame.
    pub chrome: Chrome,
    /// Goes to `/setup`; a hidden field carries the link's secret.
    pub form: Form,
    /// `name`.
    pub name: Field,
    /// `email`.
    pub email: Field,
    /// `password`; its value is never put back.
    pub password: Field,
    /// The fewest characters of a password.
    pub password_min: usize,
}

impl Setup {
    fn wrong(&self) -> bool {
        kit::any_wrong(&[&self.name, &self.email, &self.password])
    }
}
