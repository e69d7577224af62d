//! What the pages of a signed-in person share: who it is, what a refusal looks like, how facts become views.

use std::sync::Arc;

use http::Method;

use super::super::answer::{self, Answer, Trouble};
use super::super::local_path::{LOST_FORM, after_lost_form, sign_in_and_then};
use super::super::visitor::Visit;
use super::standing;
use super::views::{AppKind, AppState, Field, ProblemKind, When};
use crate::contract::table::Stop;
use crate::contract::words;
use crate::crypto::digest::sha256;
use crate::domain::FieldProblems;
use crate::domain::account::Account;
use crate::domain::application::{Application, ApplicationKind};
use crate::domain::time::Timestamp;
use crate::flows::refusal::Refusal;

/// The account in use. Nobody: to sign-in, and on to `back`, which is a page (a post cannot be come back to, and the
/// sign-in says so). An account that may not be used: the page that says where it stands.
///
/// # Errors
/// The answer to give instead.
pub async fn usable(visit: &Visit, back: &str) -> Result<Arc<Account>, Answer> {
    let account = signed_in(visit, back)?;
    if account.is_usable() { Ok(account) } else { Err(standing::page(visit, &account).await) }
}

/// The account that is signed in, whether it may be used or waits for something.
///
/// # Errors
/// The answer to give instead: to sign-in, and on to `back`.
#[expect(clippy::result_large_err, reason = "the answer that is given instead is no larger than any other")]
pub fn signed_in(visit: &Visit, back: &str) -> Result<Arc<Account>, Answer> {
    match &visit.signed_in {
        Some(who) => Ok(Arc::clone(&who.account)),
        None if visit.method == Method::POST => Err(answer::see_other(&after_lost_form(&sign_in_and_then(back)))),
        None => Err(answer::found(&sign_in_and_then(back))),
    }
}

/// Was a sign-in page come to since a form was sent after its session had ended?
pub fn lost_a_form(visit: &Visit) -> bool {
    visit.method != Method::POST && visit.query.get(LOST_FORM.0) == Some(LOST_FORM.1)
}

/// The page for a refusal that is not about a field.
pub async fn refused(visit: &Visit, stop: Stop<Refusal>) -> Answer {
    match stop {
        Stop::Broke(fault) => visit.broke(&fault),
        Stop::Later(later) => visit.trouble(Trouble::Later(later)),
        Stop::Refused(Refusal::NotFound | Refusal::DeadLink) => visit.trouble(Trouble::NotFound),
        Stop::Refused(Refusal::NotUsable(_)) => match &visit.signed_in {
            Some(who) => standing::page(visit, &who.account).await,
            None => visit.problem(ProblemKind::Forbidden),
        },
        // Only made by hand: our own forms send nothing that these fields could be wrong about.
        Stop::Refused(Refusal::Fields(_)) => visit.problem(ProblemKind::BadRequest),
        Stop::Refused(_) => visit.problem(ProblemKind::Forbidden),
    }
}

/// A field of a form that came back: what was typed, and what is wrong with it.
pub fn field(visit: &Visit, sent: &str, name: &str, problems: Option<&FieldProblems>) -> Field {
    Field {
        value: visit.form.get(sent).unwrap_or_default().to_owned(),
        error: problems.and_then(|problems| problems.of(name)).map(words::field_problem),
    }
}

/// What was typed, or nothing.
pub fn typed(visit: &Visit, name: &str) -> String {
    visit.form.get(name).unwrap_or_default().to_owned()
}

/// The name of the one thing that a posted form makes. The same form sent twice names the same thing, so that it is made
/// once; no two forms have the same token.
pub fn made_by(visit: &Visit) -> [u8; 16] {
    let token = visit.form.get("form_token").unwrap_or_default();
    let mut name = [0; 16];
    name.copy_from_slice(&sha256(format!("made by {token}").as_bytes())[..16]);
    name
}

/// A moment, seen from now.
pub fn when(visit: &Visit, at: Timestamp) -> When {
    When::new(at.micros(), visit.now().micros())
}

/// The kind of an application, as pages name it.
pub const fn app_kind(kind: ApplicationKind) -> AppKind {
    match kind {
        ApplicationKind::Personal => AppKind::Personal,
        ApplicationKind::Institutional => AppKind::Institutional,
        ApplicationKind::ThirdPartyAgent => AppKind::Agent,
        ApplicationKind::Login => AppKind::Login,
        ApplicationKind::Partner => AppKind::Partner,
        ApplicationKind::Api => AppKind::Api,
    }
}

/// How an application of `owner` stands.
pub fn app_state(application: &Application, owner: &Account) -> AppState {
    if application.disabled {
        AppState::Disabled
    } else if application.kind == ApplicationKind::ThirdPartyAgent && !owner.is_agent() {
        AppState::RoleEnded
    } else {
        AppState::Active
    }
}

/// Path of an application's logo, if it has one.
pub fn logo(application: &Application) -> Option<String> {
    application.has_logo.then(|| super::paths::logo(&application.id.hex()))
}
