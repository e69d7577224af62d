//! Words that a person reads and that are not part of a page: what is wrong with a field, what a scope allows.
//!
//! Pages and mails keep their own words in `templates/<language>/`; this floor is the one other place, and a test holds
//! the handlers, the flows, the domain and the mail transport to it. English now. What the audit log keeps is a record and
//! stays as it was written; what the terminal says to an operator stands with its checks.

pub mod delivery;
pub mod place;
mod subjects;
pub mod time;

pub use subjects::*;

use crate::domain::FieldProblem;
use crate::domain::account::InvestorType;
use crate::domain::agent::RequestForm;
use crate::domain::application::ApplicationKind;
use crate::domain::ids::AccountId;
use crate::domain::redirect_difference::{Hint, Part};
use crate::domain::redirect_uri::{QueryProblem, RedirectProblem};
use crate::domain::scope::Scope;
use crate::domain::space::Admission;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;

/// The language of every page and mail, as HTML names it.
pub const LANGUAGE: &str = "en";

/// The direction it is written in: `ltr` or `rtl`. The style sheet knows only beginnings and ends of lines.
pub const DIRECTION: &str = "ltr";

/// What to say beside a field.
pub fn field_problem(problem: FieldProblem) -> String {
    match problem {
        FieldProblem::Missing => "Please fill this in.".into(),
        FieldProblem::TooLong(most) => format!("Too long: at most {most} characters."),
        FieldProblem::TooShort(fewest) => format!("Too short: at least {fewest} characters."),
        FieldProblem::ControlCharacter => "Has characters that cannot be shown. Please type it again.".into(),
        FieldProblem::Phone => "Needs 5 to 32 characters with at least five digits.".into(),
        FieldProblem::Email => "Not an email address. It looks like name@example.com.".into(),
        FieldProblem::Url => "Not a web address. It looks like https://example.com.".into(),
        FieldProblem::Redirect(problem) => redirect_problem(problem).into(),
        FieldProblem::TooManyRedirects(1) => "Only one redirect URL can be registered.".into(),
        FieldProblem::TooManyRedirects(most) => format!("At most {most} redirect URIs."),
        FieldProblem::Guessable => {
            "Too easy to guess. A few unrelated words are easy to keep and hard to guess.".into()
        }
        FieldProblem::Unchanged => "That is what you have now. Please choose another.".into(),
        FieldProblem::Taken => "Somebody has this already.".into(),
        FieldProblem::Unknown => "Please choose one of the list.".into(),
        FieldProblem::Colour => "Not a colour. It looks like #0b6b4d.".into(),
        FieldProblem::Contrast => "Too light to be read on white. Choose a darker one.".into(),
        FieldProblem::Nobody => "Nobody has this. Check the spelling and the space.".into(),
        FieldProblem::Day => "Not a day to come. It looks like 2026-12-24.".into(),
        FieldProblem::Picture => "Not a PNG, JPEG or WebP picture of at most 1 MB and 4,096 pixels a side.".into(),
    }
}

/// What is wrong with a redirect URI, and what would be right.
pub const fn redirect_problem(problem: RedirectProblem) -> &'static str {
    match problem {
        RedirectProblem::TooLong => "Too long: at most 2,000 bytes.",
        RedirectProblem::Characters => {
            "Only plain ASCII characters without spaces. Write an international host name in its xn-- form."
        }
        RedirectProblem::Backslash => "A backslash is not allowed.",
        RedirectProblem::Wildcard => "Wildcards are not offered. Register each address.",
        RedirectProblem::Fragment => "A # part is not allowed.",
        RedirectProblem::UserInfo => "A user name before the host is not allowed.",
        RedirectProblem::Query => "Leave the query out here; add it when you send people to Prosper.",
        RedirectProblem::Scheme => {
            "Must begin with https:// (http:// only for this machine, as in http://127.0.0.1:8000/)."
        }
        RedirectProblem::Malformed => "Not a web address. It looks like https://example.com/callback.",
    }
}

/// Reasons to decline with that staff may choose instead of typing: a word for the form, a name, and what the applicant
/// reads.
pub const PREPARED_REASONS: [(&str, &str, &str); 4] = [
    (
        "unreachable",
        "We could not reach them",
        "We could not reach anybody at the address and number you gave us. Please ask again with ones that we can reach.",
    ),
    (
        "registration",
        "Registration not found",
        "We could not find your firm's registration. Please ask again, with the name and number it is registered under.",
    ),
    (
        "unclear",
        "Unclear what for",
        "We did not understand what you would do for other investors. Please ask again and describe it.",
    ),
    (
        "own-use",
        "No agent role needed",
        "For your own account alone you need no agent role: register an app for your own use instead.",
    ),
];

/// The name of a part of an address.
pub const fn address_part(part: Part) -> &'static str {
    match part {
        Part::Scheme => "Scheme",
        Part::Host => "Host",
        Part::Port => "Port",
        Part::Path => "Path",
        Part::Query => "Query",
    }
}

/// Where a difference from a registered redirect URI usually comes from.
pub fn address_hint(hint: Hint) -> String {
    match hint {
        Hint::Case => "Capital and small letters are told apart.".into(),
        Hint::Slash => "A slash at the end makes it another address.".into(),
        Hint::DefaultPort => {
            "A port that is written and one that is left out are told apart, even the usual one.".into()
        }
        Hint::Loopback => "localhost and 127.0.0.1 are two names: register the one that your app sends.".into(),
        Hint::Encoding => "Percent-encoded or not, the letters themselves are compared.".into(),
        Hint::Query(QueryProblem::Reserved(name)) => {
            format!("The query may not carry {name}: we add that ourselves. A note of your own belongs into the state.")
        }
        Hint::Query(QueryProblem::Fragment) => "The query may not carry a #.".into(),
        Hint::Query(QueryProblem::Backslash) => "The query may not carry a backslash.".into(),
        Hint::Query(QueryProblem::Characters) => {
            "The query may carry plain ASCII characters alone; encode the others with %.".into()
        }
        Hint::Query(QueryProblem::TooLong) => "The query is longer than 2,000 bytes.".into(),
    }
}

/// What a scope lets an application do, in plain words (K-03): a whole clause after "it may".
pub const fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::ReadUserProfile => "see your name and contact details",
        Scope::WriteUserProfile => "change your contact details",
        Scope::ReadProsperAccount => "see your balance and the value of your account",
        Scope::WriteProsperAccount => "move money into and out of your account",
        Scope::ReadInvestOrder => "see your investment orders",
        Scope::WriteInvestOrder => "place investments with your money",
        Scope::ReadLoan => "see the loans you invested in",
        Scope::ReadNote => "see your notes and their payments",
        Scope::ReadListing => "see the listings that are open to you",
        Scope::UserEmail => "know your email and your name",
    }
}

/// The same as a line by itself, with a capital letter.
pub fn scope_line(of: Scope) -> String {
    let mut line = scope(of).to_owned();
    line.get_mut(..1).map(str::make_ascii_uppercase);
    line
}

/// Does the scope change something? The consent page stresses it.
pub const fn scope_changes_something(scope: Scope) -> bool {
    matches!(scope, Scope::WriteUserProfile | Scope::WriteProsperAccount | Scope::WriteInvestOrder)
}

/// Does the scope move money, or spend it? The consent page warns of it.
pub const fn scope_moves_money(scope: Scope) -> bool {
    matches!(scope, Scope::WriteProsperAccount | Scope::WriteInvestOrder)
}

/// A kind of application as people read it.
pub const fn application_kind(kind: ApplicationKind) -> &'static str {
    match kind {
        ApplicationKind::Personal => "Personal",
        ApplicationKind::Institutional => "Institutional",
        ApplicationKind::ThirdPartyAgent => "Agent",
        ApplicationKind::Login => "Login with Prosper",
        ApplicationKind::Partner => "Partner",
        ApplicationKind::Api => "Resource server",
    }
}

/// What an account says it is. "Third Party Agent" is the document's own wording.
pub const fn investor_type(investor_type: InvestorType) -> &'static str {
    match investor_type {
        InvestorType::Individual => "Individual",
        InvestorType::Corporation => "Corporation or partnership",
        InvestorType::Fund => "Fund",
        InvestorType::Bank => "Bank or credit union",
        InvestorType::Trust => "Trust",
        InvestorType::ThirdPartyAgent => "Third Party Agent",
    }
}

/// A status as people read it.
pub const fn status(status: Status) -> &'static str {
    match status {
        Status::Active => "Active",
        Status::Closed => "Closed",
        Status::Duplicate => "Duplicate",
        Status::Expired => "Expired",
        Status::Inactive => "Inactive",
        Status::OnHold => "On hold",
        Status::PendingActivation => "Waiting for activation",
        Status::PendingApproval => "Waiting for approval",
        Status::IncompleteRegistration => "Registration not finished",
        Status::Suspended => "Suspended",
        Status::Terminated => "Terminated",
        Status::Unactivated => "Email not validated",
    }
}

/// Who may open an account in a space, as staff read it.
pub const fn admission(admission: Admission) -> &'static str {
    match admission {
        Admission::Open => "Everybody who confirms an address",
        Admission::Invitation => "Those whom you invite",
        Admission::Closed => "Nobody: you make the accounts",
    }
}

/// The subject line that the document gives the request for the agent role.
pub const fn request_subject(form: RequestForm) -> &'static str {
    match form {
        RequestForm::ExistingAccount => "Please grant third party role",
        RequestForm::NewAccount => "Please grant new third party role",
    }
}

/// What stands for a message in the request of an account that was named in another's.
pub fn named_by(account: AccountId) -> String {
    format!("named by account {account}")
}

/// The name of the secret that an application begins with.
pub const FIRST_SECRET: &str = "First secret";
/// Why an account was approved that asked for the agent role at once.
pub const APPROVED_WITH_ROLE: &str = "approved with the third-party agent role";

/// The name of a secret that its owner gave none.
pub fn secret_added(at: Timestamp) -> String {
    format!("Added {}", time::date(at))
}

/// The name of a secret that was fetched by a link for handing an app over.
pub fn secret_handed_over(at: Timestamp) -> String {
    format!("Secret of {}", time::date(at))
}

/// What stands where the name of somebody stood, or of their application, who is erased.
pub const ERASED: &str = "Erased";

/// Who we are where no space is known.
pub const HOUSE: &str = "Prosper";
/// In a list to choose from: none of the prepared reasons.
pub const NO_PREPARED_REASON: &str = "None";
/// In a list to choose from: no space in particular.
pub const ALL_SPACES: &str = "All spaces";
/// In a list to choose from: no kind in particular.
pub const ALL_KINDS: &str = "All kinds";
/// Why a mail is not sent again.
pub const MAIL_IS_GONE: &str = "it went, or what it said is erased";
/// Instead of a page that cannot be written.
pub const WENT_WRONG: &str = "Something went wrong.";
/// Instead of a mail that nobody can open any more.
pub const MAIL_IS_SHUT: &str = "The key that sealed this mail has retired.";

/// Beside the field of the current password.
pub const WRONG_PASSWORD: &str = "That is not your current password.";
