//! The first staff account: made by a one-time link, because no password is there by default.
//!
//! 1. A server that starts with no staff makes a link, good for an hour, and hands it to whoever started it. Each start
//!    makes a new one and ends the one before.
//! 2. Looking at the link changes nothing; posting the form makes an administrator's account and uses the link up.
//! 3. Once there are staff, by this way or from the terminal, every link is dead and none is made.

use zeroize::Zeroizing;

use crate::contract::lifetimes::SETUP_LINK;
use crate::crypto::secret::Plain;
use crate::domain::account::{AccountKind, InvestorType, StaffRole};
use crate::domain::email::Email;
use crate::domain::ids::{AccountId, AccountUid, LinkId};
use crate::domain::status::Status;
use crate::domain::{FieldProblem, FieldProblems, line, password};
use crate::fault::Fault;
use crate::prosper::Prosper;
use crate::store::audit::Trail;
use crate::store::links::LinkPurpose;
use crate::store::new_accounts::{FirstStaff, FirstStaffMade, NewAccount, OpenSetup};

use super::mailed_link;
use super::refusal::{Outcome, Refusal};

/// What the first member of staff types.
pub struct SetupForm {
    /// The secret of the link.
    pub link: String,
    /// `name`
    pub name: String,
    /// `email`
    pub email: String,
    /// `password`
    pub password: Zeroizing<String>,
}

/// Makes a setup link, unless there are staff already. The answer is the whole URL, for the terminal or a file of mode
/// 0600, and for nothing else.
///
/// # Errors
/// The store cannot be written.
pub async fn open_setup(trail: Trail, p: &Prosper) -> Result<Option<Plain>, Fault> {
    let (link, plain) = mailed_link::fresh(trail.at, SETUP_LINK, p);
    let url = Plain::from(mailed_link::address("/setup", &plain, p));
    Ok(p.store.open_setup(OpenSetup { link, trail }).await?.then_some(url))
}

/// Does the link work? Uses nothing up.
///
/// # Errors
/// `Refused` with [`Refusal::DeadLink`].
pub async fn look_at_setup(text: &str, p: &Prosper) -> Outcome<LinkId> {
    let link = mailed_link::find(LinkPurpose::Setup, text, p).await?;
    if !p.store.staff().await?.is_empty() {
        return Err(Refusal::DeadLink.into());
    }
    Ok(link.id)
}

/// Makes the first staff account, an administrator in the first space.
///
/// # Errors
/// `Refused` with [`Refusal::DeadLink`] or [`Refusal::Fields`].
pub async fn make_first_staff(form: SetupForm, trail: Trail, p: &Prosper) -> Outcome<AccountId> {
    let link = look_at_setup(&form.link, p).await?;
    let spaces = p.store.spaces().await?;
    let space = spaces.first().ok_or_else(|| Fault::internal("there is no space yet"))?;
    let mut problems = FieldProblems::default();
    let name = problems.note("name", line(&form.name, 120));
    let email = problems.note("email", Email::parse(&form.email));
    let context = [form.name.as_str(), form.email.as_str(), space.name.as_str()];
    let password = problems.note("password", password::choose(&form.password, &context));
    let (Some(name), Some(email), Some(password)) = (name, email, password) else { return Err(problems.into()) };
    let account = NewAccount {
        uid: AccountUid::from_random(p.entropy.bytes()),
        space: space.id,
        email,
        name,
        kind: AccountKind::Individual,
        investor_type: InvestorType::Individual,
        password: p.passwords.hash(password).await?,
        status: Status::Active,
        staff: Some(StaffRole::Administrator),
        institution: None,
        phone: None,
        trail,
    };
    match p.store.make_first_staff(FirstStaff { link, account }).await? {
        FirstStaffMade::Made(id) => Ok(id),
        FirstStaffMade::Dead => Err(Refusal::DeadLink.into()),
        FirstStaffMade::Taken => Err(FieldProblems(vec![("email", FieldProblem::Taken)]).into()),
    }
}
