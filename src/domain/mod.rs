//! The rules of accounts, applications and what one may do for the other. Pure: no I/O, no async, no clock of its own.

pub mod account;
pub mod agent;
pub mod application;
pub mod brand;
pub mod business_days;
pub mod consent;
pub mod email;
pub mod email_change;
pub mod ids;
pub mod password;
pub mod redirect_difference;
pub mod redirect_uri;
pub mod scope;
pub mod secret;
pub mod space;
pub mod status;
pub mod time;

use std::fmt;

/// What is wrong with a field that a person filled in. The words a person reads are in `contract::words`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldProblem {
    /// Nothing was typed, and something is needed.
    Missing,
    /// More than this many characters.
    TooLong(usize),
    /// Fewer than this many characters.
    TooShort(usize),
    /// A control character stands in it.
    ControlCharacter,
    /// Not a phone number (B-02).
    Phone,
    /// Not an email address that mail can reach.
    Email,
    /// Not an `https` address, or has parts that it must not have.
    Url,
    /// Not a redirect URI that may be registered (B-07).
    Redirect(redirect_uri::RedirectProblem),
    /// More than this many redirect URIs (B-07).
    TooManyRedirects(usize),
    /// A password everybody tries first, or one made of the person's own name or email.
    Guessable,
    /// What it is already.
    Unchanged,
    /// Somebody has it already.
    Taken,
    /// Not one of the choices.
    Unknown,
    /// Not a picture that is taken.
    Picture,
    /// Not a colour, `#rrggbb`.
    Colour,
    /// A colour too light to be read as text on white.
    Contrast,
    /// Nobody has this.
    Nobody,
    /// Not a day of the calendar to come.
    Day,
}

/// Names the parts of a form, so that a message can stand beside the field it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldProblems(pub Vec<(&'static str, FieldProblem)>);

impl FieldProblems {
    /// Notes the problem of one field and goes on, so that a person learns of all of them at once.
    pub fn note<T>(&mut self, field: &'static str, outcome: Result<T, FieldProblem>) -> Option<T> {
        outcome.map_err(|problem| self.0.push((field, problem))).ok()
    }

    /// The first problem of this field.
    pub fn of(&self, field: &str) -> Option<FieldProblem> {
        self.0.iter().find(|(name, _)| *name == field).map(|(_, problem)| *problem)
    }
}

impl fmt::Display for FieldProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().map(|(field, problem)| format!("{field}: {problem:?}")).collect();
        f.write_str(&names.join(", "))
    }
}

/// Text of any number of lines that a person typed: trimmed, at most `most` characters, no control characters but those
/// that break lines and indent them. It may be empty.
///
/// # Errors
/// What is wrong with it.
pub fn text(text: &str, most: usize) -> Result<String, FieldProblem> {
    let text = text.trim();
    if text.chars().count() > most {
        Err(FieldProblem::TooLong(most))
    } else if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        Err(FieldProblem::ControlCharacter)
    } else {
        Ok(text.to_owned())
    }
}

/// A line of text that a person typed: trimmed, not empty, at most `most` characters, no control characters.
///
/// # Errors
/// What is wrong with it.
pub fn line(text: &str, most: usize) -> Result<String, FieldProblem> {
    let text = text.trim();
    if text.is_empty() {
        Err(FieldProblem::Missing)
    } else if text.chars().count() > most {
        Err(FieldProblem::TooLong(most))
    } else if text.chars().any(char::is_control) {
        Err(FieldProblem::ControlCharacter)
    } else {
        Ok(text.to_owned())
    }
}
