//! What Prosper writes to people: each letter with its subject, its text and its HTML.
//!
//! The words stand in `templates/en/mail`, the subjects in `contract::words`. A letter holds no link but one to this
//! server, and nothing that a stranger typed stands in a subject. Whoever sends a letter seals it first: the outbox
//! keeps no link that works in clear.

pub mod message;
pub mod transport;

use askama::Template;

use crate::contract::words;

/// A letter, filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Who is addressed, by full name.
    pub name: String,
    /// The space's name: the letter comes from it.
    pub space: String,
    /// The space's colour, as `#rrggbb`.
    pub colour: String,
    /// Where people write for help; empty when there is no such address.
    pub support: String,
    /// What it is about.
    pub about: About,
}

/// What a letter is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// Validate this address.
    VerifyEmail {
        /// The link, which works once.
        link: String,
        /// Is it a third-party agent's registration?
        agent: bool,
    },
    /// Somebody tried to register with an address that has an account already.
    AddressTaken {
        /// The page that signs in.
        link: String,
    },
    /// Somebody tried to move their account to an address that is another account's.
    AddressWanted,
    /// The address is validated, and staff have the registration now.
    InReview {
        /// By when they answer, in words.
        due: String,
        /// The agent role is decided with it.
        agent: bool,
    },
    /// A request for the agent role has come in.
    AgentRequested {
        /// By when it is answered, in words.
        due: String,
    },
    /// The agent role is granted.
    AgentApproved {
        /// The page at which an agent app is registered.
        link: String,
        /// Staff's words; may be empty.
        reason: String,
    },
    /// The agent role is refused.
    AgentDeclined {
        /// The page at which it can be asked for again.
        link: String,
        /// Staff's words.
        reason: String,
    },
    /// The agent role is taken back.
    AgentWithdrawn {
        /// Staff's words.
        reason: String,
    },
    /// A waiting account may be used from now on.
    AccountActive {
        /// The page that signs in.
        link: String,
    },
    /// Staff moved an account that had been used to where it can be used again.
    AccountActiveAgain {
        /// The page that signs in.
        link: String,
        /// Staff's words; may be empty.
        reason: String,
    },
    /// Staff moved an account to where it cannot be used.
    StatusMoved {
        /// The status that it has, in words.
        status: &'static str,
        /// Until when, in words, if that was said.
        until: Option<String>,
        /// Staff's words; may be empty.
        reason: String,
    },
    /// Staff invite somebody to open an account.
    Invited {
        /// The link, which works once.
        link: String,
        /// Until when it works, in words.
        until: String,
    },
    /// The password was changed.
    PasswordChanged {
        /// When, in words.
        at: String,
        /// The page that resets it, for those who did not.
        link: String,
    },
    /// Somebody asked to set a new password.
    ResetPassword {
        /// The link, which works once.
        link: String,
    },
    /// An application was given tokens for their password, from a network for the first time (C-07).
    PasswordUsed {
        /// The application's name.
        app: String,
        /// When, in words.
        at: String,
        /// Roughly from where, in words.
        place: String,
        /// The page that sets a new password, for those who did not.
        link: String,
        /// The application's page, at which its secrets are revoked.
        app_link: String,
    },
    /// To a new address: is it theirs?
    ConfirmNewEmail {
        /// The link, which works once.
        link: String,
    },
    /// To the address there is: another was asked for.
    EmailChangeAsked {
        /// The page that changes the password, which stops it.
        link: String,
    },
    /// To the new address: it is the account's now.
    EmailChanged {
        /// The page that signs in.
        link: String,
    },
    /// To the old address: it is the account's no more.
    EmailMoved {
        /// When, in words.
        at: String,
        /// The link that takes it back.
        link: String,
        /// Until when that works, in words.
        until: String,
    },
    /// The change was taken back.
    EmailRestored {
        /// The page that sets a new password.
        link: String,
        /// Was it closed meanwhile, and is open again?
        opened: bool,
    },
    /// The account was closed.
    AccountClosed {
        /// To the address that it had: until when that takes everything back, in words.
        undo: Option<String>,
        /// When what is known of the person goes, in words; nothing if it stays.
        erased: Option<String>,
    },
    /// Staff planned that what is known of them is erased.
    ErasurePlanned {
        /// When, in words.
        due: String,
    },
    /// The erasure of what is known of them was called off.
    ErasureOff {
        /// When it would have been, in words.
        due: String,
    },
    /// They let an application use their account.
    Granted {
        /// The application's name.
        app: String,
        /// Is it an agent's, which acts for them?
        agent: bool,
        /// What it may do, each a clause after "it may".
        may: Vec<&'static str>,
        /// The page at which it is taken back.
        link: String,
    },
    /// Staff registered an application for them; its secret is drawn at the link.
    AppHandedOver {
        /// The link, which works once and for them alone.
        link: String,
        /// The application's name.
        app: String,
        /// Until when it works, in words.
        until: String,
    },
}

impl Letter {
    /// One line, the same for everybody.
    pub const fn subject(&self) -> &'static str {
        match &self.about {
            About::VerifyEmail { .. } => words::SUBJECT_VERIFY_EMAIL,
            About::AddressTaken { .. } => words::SUBJECT_ADDRESS_TAKEN,
            About::AddressWanted => words::SUBJECT_ADDRESS_WANTED,
            About::InReview { .. } => words::SUBJECT_IN_REVIEW,
            About::AgentRequested { .. } => words::SUBJECT_AGENT_REQUESTED,
            About::AgentApproved { .. } => words::SUBJECT_AGENT_APPROVED,
            About::AgentDeclined { .. } => words::SUBJECT_AGENT_DECLINED,
            About::AgentWithdrawn { .. } => words::SUBJECT_AGENT_WITHDRAWN,
            About::AccountActive { .. } => words::SUBJECT_ACCOUNT_ACTIVE,
            About::AccountActiveAgain { .. } => words::SUBJECT_ACCOUNT_ACTIVE_AGAIN,
            About::StatusMoved { .. } => words::SUBJECT_STATUS_MOVED,
            About::Invited { .. } => words::SUBJECT_INVITED,
            About::PasswordChanged { .. } => words::SUBJECT_PASSWORD_CHANGED,
            About::PasswordUsed { .. } => words::SUBJECT_PASSWORD_USED,
            About::ResetPassword { .. } => words::SUBJECT_RESET_PASSWORD,
            About::ConfirmNewEmail { .. } => words::SUBJECT_CONFIRM_NEW_EMAIL,
            About::EmailChangeAsked { .. } => words::SUBJECT_EMAIL_CHANGE_ASKED,
            About::EmailChanged { .. } | About::EmailMoved { .. } => words::SUBJECT_EMAIL_CHANGED,
            About::EmailRestored { .. } => words::SUBJECT_EMAIL_RESTORED,
            About::AccountClosed { .. } => words::SUBJECT_ACCOUNT_CLOSED,
            About::ErasurePlanned { .. } => words::SUBJECT_ERASURE_PLANNED,
            About::ErasureOff { .. } => words::SUBJECT_ERASURE_OFF,
            About::Granted { .. } => words::SUBJECT_GRANTED,
            About::AppHandedOver { .. } => words::SUBJECT_APP_HANDED_OVER,
        }
    }

    /// The text part.
    ///
    /// # Panics
    /// Never: writing into a string cannot fail.
    pub fn text(&self) -> String {
        TextPart { letter: self }.render().expect("writing into a string cannot fail")
    }

    /// The HTML part.
    ///
    /// # Panics
    /// Never: writing into a string cannot fail.
    pub fn html(&self) -> String {
        HtmlPart { letter: self }.render().expect("writing into a string cannot fail")
    }
}

#[derive(Template)]
#[template(path = "en/mail/letter.txt")]
struct TextPart<'a> {
    letter: &'a Letter,
}

#[derive(Template)]
#[template(path = "en/mail/letter.html")]
struct HtmlPart<'a> {
    letter: &'a Letter,
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKUP: &str = "<img src=x onerror=alert(1)>";

    fn letters() -> Vec<Letter> {
        let (link, due) = ("https://id.example/there?a=1".to_owned(), "26 November 2026, 17:00 UTC".to_owned());
        let reason = MARKUP.to_owned();
        [
            About::VerifyEmail { link: link.clone(), agent: true },
            About::AddressTaken { link: link.clone() },
            About::AddressWanted,
            About::InReview { due: due.clone(), agent: false },
            About::AgentRequested { due },
            About::AgentApproved { link: link.clone(), reason: String::new() },
            About::AgentDeclined { link: link.clone(), reason: reason.clone() },
            About::AgentWithdrawn { reason },
            About::Granted { link: link.clone(), app: MARKUP.into(), agent: true, may: vec!["see your notes"] },
            About::Granted { link: link.clone(), app: MARKUP.into(), agent: false, may: vec!["know your email"] },
            About::AppHandedOver { link: link.clone(), app: MARKUP.into(), until: "tomorrow".into() },
            About::AccountActive { link: link.clone() },
            About::AccountActiveAgain { link: link.clone(), reason: MARKUP.into() },
            About::StatusMoved { status: "Suspended", until: Some("tomorrow".into()), reason: MARKUP.into() },
            About::StatusMoved { status: "Closed", until: None, reason: String::new() },
            About::Invited { link: link.clone(), until: "tomorrow".into() },
            About::PasswordChanged { at: "today".into(), link: link.clone() },
            About::PasswordUsed {
                app: MARKUP.into(),
                at: "today".into(),
                place: "curl, 203.0.113.0/24".into(),
                link: link.clone(),
                app_link: "https://id.example/oauth/apps/1".into(),
            },
            About::ResetPassword { link: link.clone() },
            About::ConfirmNewEmail { link: link.clone() },
            About::EmailChangeAsked { link: link.clone() },
            About::EmailChanged { link: link.clone() },
            About::EmailMoved { at: "today".into(), link: link.clone(), until: "tomorrow".into() },
            About::EmailRestored { link, opened: true },
            About::AccountClosed { erased: Some("tomorrow".into()), undo: None },
            About::AccountClosed { erased: None, undo: Some("tomorrow".into()) },
            About::ErasurePlanned { due: "tomorrow".into() },
            About::ErasureOff { due: "tomorrow".into() },
        ]
        .map(|about| Letter {
            name: MARKUP.into(),
            space: "Prosper".into(),
            colour: "#0b6b4d".into(),
            support: "help@id.example".into(),
            about,
        })
        .to_vec()
    }

    #[test]
    fn markup_in_a_name_or_a_reason_is_text_r_20() {
        for letter in letters() {
            let html = letter.html();
            assert!(!html.contains("<img"), "{html}");
            assert!(html.contains("&#60;img"), "{html}");
            assert!(letter.text().contains(MARKUP), "a text part is not escaped");
        }
    }

    #[test]
    fn a_letter_says_where_to_go_in_both_parts_and_carries_nothing_from_elsewhere() {
        for letter in letters() {
            let (text, html) = (letter.text(), letter.html());
            assert_eq!(
                text.contains("https://id.example/there?a=1"),
                html.contains("href=\"https://id.example/there?a=1\"")
            );
            for foreign in ["<img", "<link", "<script", "<style", "@import", "http://"] {
                assert!(!html.contains(foreign), "{foreign} in {html}");
            }
            assert!(!text.contains("\n\n\n"), "{text:?}");
            assert!(letter.subject().is_ascii() && !letter.subject().contains(char::is_control));
        }
    }
}
