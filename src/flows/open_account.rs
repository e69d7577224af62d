//! A person opens an individual account for themselves, on one page.
//!
//! 1. May they? The space is open to everybody, or they hold an invitation to it.
//! 2. Is what was typed right? Nothing that is said here depends on who has an account.
//! 3. Hash the password, whether the address is free or not.
//! 4. One write makes the account, not activated, with its verification link and the mail that holds it. If the address
//!    has an account, the same write mails its owner instead and changes nothing: the answer is the same, and costs the
//!    same hash and one write. An invitation came by mail, so it validates its address, and the account is active.

use zeroize::Zeroizing;

use crate::contract::lifetimes::VERIFICATION_LINK;
use crate::domain::account::{AccountKind, InvestorType};
use crate::domain::email::Email;
use crate::domain::ids::{AccountUid, LinkId, SpaceId};
use crate::domain::space::{Admission, Space};
use crate::domain::status::Status;
use crate::domain::{FieldProblem, FieldProblems, line, password};
use crate::mail::About;
use crate::prosper::Prosper;
use crate::store::audit::Trail;
use crate::store::invitations::OpenInvited;
use crate::store::links::{Link, LinkPurpose};
use crate::store::new_accounts::{NewAccount, SignUp};

use super::mailed_link;
use super::refusal::{Outcome, Refusal};
use super::sign_up::VERIFY_EMAIL;
use super::write_mail::{link_to, write_to_address};

/// What a person types.
pub struct PersonForm {
    /// By which way they come.
    pub way: Way,
    /// `full_name`
    pub full_name: String,
    /// `email`, the login; an invitation brings its own.
    pub email: String,
    /// `password`
    pub password: Zeroizing<String>,
    /// The request of an application on the way to which they open it: a path of ours, as the page has checked it. It is
    /// kept beside the link that confirms the address, so that no mail carries it and nothing in a mail can change it.
    pub leads_to: Option<String>,
}

/// How somebody comes to open an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// By themselves, into this space; `None` for one that there is not.
    Open(Option<SpaceId>),
    /// By the secret of an invitation.
    Invited(String),
}

/// What they are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// A mail went to this address: the same whether it was free or taken.
    LookIntoMail(String),
    /// The account can be used.
    Ready,
}

/// An invitation that works.
#[derive(Clone, Debug)]
pub struct Invitation {
    link: LinkId,
    /// Whom it invites.
    pub email: Email,
    /// Where to.
    pub space: Space,
}

/// Whom an invitation invites, and where to. Uses nothing up.
///
/// # Errors
/// `Refused` with [`Refusal::DeadLink`]; so is any invitation into a space that was closed since.
pub async fn look_at_invitation(text: &str, p: &Prosper) -> Outcome<Invitation> {
    let link = mailed_link::find(LinkPurpose::Invitation, text, p).await?;
    let email = link.address.as_deref().and_then(|address| Email::parse(address).ok()).ok_or(Refusal::DeadLink)?;
    let space = p.store.space(link.space.ok_or(Refusal::DeadLink)?).await?;
    let space = space.filter(|space| space.sign_up != Admission::Closed).ok_or(Refusal::DeadLink)?;
    Ok(Invitation { link: link.id, email, space })
}

/// Opens an individual account.
///
/// # Errors
/// `Refused` with [`Refusal::Fields`] (`space`, `full_name`, `email`, `password`) or [`Refusal::DeadLink`] (an
/// invitation that does not work, or whose address has an account by now).
pub async fn open_account(form: PersonForm, trail: Trail, p: &Prosper) -> Outcome<Opened> {
    match &form.way {
        Way::Open(space) => {
            let space = match space {
                Some(id) => p.store.space(*id).await?.filter(|space| space.sign_up == Admission::Open),
                None => None,
            };
            let (space, checked) = check(&form, &form.email, space)?;
            by_themselves(checked, form.leads_to.clone(), &space, trail, p).await
        }
        Way::Invited(text) => {
            let invitation = look_at_invitation(text, p).await?;
            let (space, checked) = check(&form, invitation.email.as_str(), Some(invitation.space))?;
            let account = new_account(checked, space.id, trail, p).await?;
            let opened = p.store.open_invited(OpenInvited { link: invitation.link, account }).await?;
            opened.map(|_| Opened::Ready).ok_or_else(|| Refusal::DeadLink.into())
        }
    }
}

async fn by_themselves(
    checked: Checked,
    leads_to: Option<String>,
    space: &Space,
    trail: Trail,
    p: &Prosper,
) -> Outcome<Opened> {
    let (link, plain) = mailed_link::fresh(trail.at, VERIFICATION_LINK, p);
    let link = Link { leads_to, ..link };
    let (name, email) = (checked.name.clone(), checked.email.as_str().to_owned());
    let account = new_account(checked, space.id, trail, p).await?;
    let verify = About::VerifyEmail { link: mailed_link::address(VERIFY_EMAIL, &plain, p), agent: false };
    let taken = About::AddressTaken { link: link_to("/login", p) };
    let unit = SignUp {
        verification: write_to_address(space.id, &name, &email, verify, p).await?,
        // Addressed to nobody by name: what the stranger typed is not the owner's.
        taken: write_to_address(space.id, &email, &email, taken, p).await?,
        link,
        account,
    };
    if p.store.sign_up(unit).await?.is_none() {
        tracing::info!("a sign-up named an address that has an account; its owner was told");
    }
    Ok(Opened::LookIntoMail(email))
}

struct Checked {
    name: String,
    email: Email,
    password: Zeroizing<String>,
}

/// Everything that is wrong is told at once, a space that there is not among it.
fn check(form: &PersonForm, email: &str, space: Option<Space>) -> Result<(Space, Checked), FieldProblems> {
    let mut problems = FieldProblems::default();
    let space = problems.note("space", space.ok_or(FieldProblem::Unknown));
    let name = problems.note("full_name", line(&form.full_name, 120));
    let context = [form.full_name.as_str(), email, space.as_ref().map_or("", |space| &space.name)];
    let email = problems.note("email", Email::parse(email));
    let password = problems.note("password", password::choose(&form.password, &context));
    match (space, name, email, password) {
        (Some(space), Some(name), Some(email), Some(password)) => Ok((space, Checked { name, email, password })),
        _ => Err(problems),
    }
}

/// Hashes the password; nobody has the account yet.
async fn new_account(checked: Checked, space: SpaceId, trail: Trail, p: &Prosper) -> Outcome<NewAccount> {
    Ok(NewAccount {
        uid: AccountUid::from_random(p.entropy.bytes()),
        space,
        email: checked.email,
        name: checked.name,
        kind: AccountKind::Individual,
        investor_type: InvestorType::Individual,
        password: p.passwords.hash(checked.password).await?,
        status: Status::Unactivated,
        staff: None,
        institution: None,
        phone: None,
        trail,
    })
}
