//! Requests and accounts.
//!
//! This file is long because it is data: the fields of four pages.

use super::super::kit::{self, Ago, AppKind, Chrome, Field, Form, When};
use super::{Act, AppLine, Choice, Frame, History, QueueKind, Told, Urgency};
use askama::Template;

/// `/console/requests/{account}`: one thing to decide.
#[derive(Debug, Template)]
#[template(path = "en/console/review.html")]
pub struct ConsoleReview {
    /// The frame.
    pub chrome: Chrome,
    /// The console's.
    pub frame: Frame,
    /// What came of the form that was just sent.
    pub told: Option<Told>,
    /// Who asks.
    pub facts: AccountFacts,
    /// What waits; `None` when nothing does any more.
    pub kind: Option<QueueKind>,
    /// Since when, and by when it is answered.
    pub clock: Option<(When, When, Urgency)>,
    /// What they wrote.
    pub message: String,
    /// Further accounts that they name.
    pub further: Vec<FurtherAccount>,
    /// What is different from the last request, and how that ended.
    pub changes: Option<Changes>,
    /// Is it the reader's own? Nobody decides on their own request.
    pub own: bool,
    /// Decides.
    pub decide: Option<ReviewForm>,
    /// Takes the granted role back.
    pub withdraw: Option<WithdrawForm>,
    /// What happened before.
    pub history: History,
}

impl ConsoleReview {
    fn wrong(&self) -> bool {
        self.decide.as_ref().is_some_and(|decide| decide.reason.error.is_some())
            || self.withdraw.as_ref().is_some_and(|withdraw| withdraw.reason.error.is_some())
    }
}

/// Approves or declines.
#[derive(Clone, Debug)]
pub struct ReviewForm {
    /// The form; its buttons send `decision`.
    pub form: Form,
    /// `prepared`: reasons to decline with that need no typing.
    pub prepared: Vec<Choice>,
    /// What is wrong with the choice.
    pub prepared_error: Option<String>,
    /// Why; they read it.
    pub reason: Field,
    /// The line that approves.
    pub approve_line: String,
    /// The line that declines.
    pub decline_line: String,
}

/// Takes a granted role back.
#[derive(Clone, Debug)]
pub struct WithdrawForm {
    /// The form.
    pub form: Form,
    /// Why; they read it.
    pub reason: Field,
    /// The line that does the same.
    pub line: String,
}

/// A further account that a request names.
#[derive(Clone, Debug)]
pub struct FurtherAccount {
    /// As it was typed.
    pub email: String,
    /// Its page, if it is an account that can be granted the role along with it.
    pub href: Option<String>,
}

/// What is different from the request before.
#[derive(Clone, Debug)]
pub struct Changes {
    /// When that was decided.
    pub decided: When,
    /// Was it granted then, and withdrawn since?
    pub withdrawn: bool,
    /// Staff's words then.
    pub reason: String,
    /// What is no longer said.
    pub gone: Vec<String>,
    /// What is new.
    pub new: Vec<String>,
}

/// What is known of an account.
#[derive(Clone, Debug)]
pub struct AccountFacts {
    /// Its number.
    pub id: i64,
    /// Its GUID.
    pub uid: String,
    /// Full name.
    pub name: String,
    /// The institution's name.
    pub institution: Option<String>,
    /// Login email.
    pub email: String,
    /// Phone number.
    pub phone: Option<String>,
    /// Is it an institution's?
    pub institutional: bool,
    /// What it says it is, in words.
    pub investor_type: String,
    /// Its space.
    pub space: String,
    /// Its status, in words.
    pub status: String,
    /// May it be used?
    pub active: bool,
    /// Who moved the status last, when, why, until when.
    pub moved: Option<(String, When, String, Option<When>)>,
    /// Must it set a new password first?
    pub reset_required: bool,
    /// How the agent role stands: its stored name.
    pub agent: &'static str,
    /// Its staff role.
    pub staff: Option<&'static str>,
    /// Since when it is there.
    pub created: When,
    /// Its page.
    pub href: String,
}

impl AccountFacts {
    fn title(&self) -> &str {
        self.institution.as_deref().unwrap_or(&self.name)
    }

    fn initial(&self) -> String {
        kit::initial(self.title())
    }
}

/// `/console/accounts`: a search.
#[derive(Debug, Template)]
#[template(path = "en/console/accounts.html")]
pub struct ConsoleAccounts {
    /// The frame.
    pub chrome: Chrome,
    /// The console's.
    pub frame: Frame,
    /// What was searched for.
    pub query: String,
    /// Only of this space; empty when there is only one.
    pub spaces: Vec<Choice>,
    /// What was found.
    pub rows: Vec<AccountLine>,
    /// The page after this one.
    pub next_href: Option<String>,
    /// The line that lists the same.
    pub line: String,
}

/// An account of a list.
#[derive(Clone, Debug)]
pub struct AccountLine {
    /// Its number.
    pub id: i64,
    /// The institution, or the person.
    pub name: String,
    /// Login email.
    pub email: String,
    /// Its space.
    pub space: String,
    /// Its status, in words.
    pub status: String,
    /// May it be used?
    pub active: bool,
    /// Its staff role.
    pub staff: Option<&'static str>,
    /// Its page.
    pub href: String,
}

/// `/console/accounts/{id}`.
#[derive(Debug, Template)]
#[template(path = "en/console/account.html")]
pub struct ConsoleAccount {
    /// The frame.
    pub chrome: Chrome,
    /// The console's.
    pub frame: Frame,
    /// What came of the form that was just sent.
    pub told: Option<Told>,
    /// The account.
    pub facts: AccountFacts,
    /// Is it the reader's own? Nobody manages their own account.
    pub own: bool,
    /// Moves the status.
    pub moves: Option<MoveForm>,
    /// Demands a new password, or takes the demand back.
    pub reset: Option<Act>,
    /// Ends every session and token.
    pub sign_out: Option<Act>,
    /// Gives or takes a staff role.
    pub staff: Option<StaffForm>,
    /// When it is erased, or how that is planned.
    pub erasure: Option<ErasureForm>,
    /// Its request or role, where there is one.
    pub review_href: Option<String>,
    /// Its applications.
    pub apps: Vec<AppLine>,
    /// What was done to it, newest first.
    pub history: History,
}

impl ConsoleAccount {
    fn wrong(&self) -> bool {
        self.moves.as_ref().is_some_and(MoveForm::wrong)
    }
}

/// Moves the status.
#[derive(Clone, Debug)]
pub struct MoveForm {
    /// The form.
    pub form: Form,
    /// Where to.
    pub choices: Vec<Choice>,
    /// Has it ended, so that it is opened again in two moves?
    pub opens: bool,
    /// What is wrong with the choice.
    pub choice_error: Option<String>,
    /// Why; they read it.
    pub reason: Field,
    /// Until when: a day.
    pub until: Field,
    /// The line that does the same.
    pub line: String,
}

impl MoveForm {
    fn wrong(&self) -> bool {
        self.choice_error.is_some() || kit::any_wrong(&[&self.reason, &self.until])
    }
}

/// Gives or takes a staff role.
#[derive(Clone, Debug)]
pub struct StaffForm {
    /// The form.
    pub form: Form,
    /// The roles, and none.
    pub choices: Vec<Choice>,
    /// What is wrong with the choice.
    pub choice_error: Option<String>,
    /// The line that does the same.
    pub line: String,
}

/// Says when an account is erased; plans it or calls it off.
#[derive(Clone, Debug)]
pub struct ErasureForm {
    /// When, if it is planned.
    pub due: Option<When>,
    /// How many days a plan waits.
    pub days: u64,
    /// The form, for those who may.
    pub act: Option<Act>,
}

/// `/console/erasures`: who waits.
#[derive(Debug, Template)]
#[template(path = "en/console/erasures.html")]
pub struct ConsoleErasures {
    /// The frame.
    pub chrome: Chrome,
    /// The console's.
    pub frame: Frame,
    /// Who waits, due first.
    pub rows: Vec<ErasureLine>,
    /// The page after this one.
    pub next_href: Option<String>,
    /// The line that lists the same.
    pub line: String,
}

/// An account that waits to be erased.
#[derive(Clone, Debug)]
pub struct ErasureLine {
    /// Its number.
    pub id: i64,
    /// The institution, or the person.
    pub name: String,
    /// Login email.
    pub email: String,
    /// Its space.
    pub space: String,
    /// When.
    pub due: When,
    /// Where it is called off.
    pub href: String,
}
