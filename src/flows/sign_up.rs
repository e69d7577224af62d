//! An institution registers itself (A-04; seed 1, option 2).
//!
//! 1. Is what was typed right? Nothing that is said here depends on who has an account.
//! 2. Hash the password, whether the address is free or not.
//! 3. One write makes the account, not activated, with its verification link and the mail that holds it; a third-party
//!    agent's opens the request for the role by itself. If the address has an account, the same write mails its
//!    owner instead and changes nothing.
//!
//! The answer is the same either way, and costs the same hash and one write.

use zeroize::Zeroizing;

use crate::contract::lifetimes::VERIFICATION_LINK;
use crate::domain::account::{Account, AccountKind, InvestorType};
use crate::domain::application::phone;
use crate::domain::email::Email;
use crate::domain::ids::{AccountUid, SpaceId};
use crate::domain::space::Space;
use crate::domain::status::Status;
use crate::domain::{FieldProblem, FieldProblems, line, password};
use crate::mail::About;
use crate::prosper::Prosper;
use crate::store::audit::Trail;
use crate::store::links::Link;
use crate::store::new_accounts::{NewAccount, SendVerification, SignUp};

use super::mailed_link;
use super::refusal::{Outcome, Refusal};
use super::write_mail::{link_to, write_to, write_to_address};

/// What an institution types.
pub struct InstitutionForm {
    /// The space it registers in; `None` for one that there is not.
    pub space: Option<SpaceId>,
    /// `institution_name`
    pub institution_name: String,
    /// `full_name` of the person to talk to.
    pub full_name: String,
    /// `email`, the login.
    pub email: String,
    /// `phone`, optional.
    pub phone: String,
    /// `password`
    pub password: Zeroizing<String>,
    /// `investor_type`
    pub investor_type: String,
}

/// What it is told: the same whether the address was free or taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedUp {
    /// Where a mail went.
    pub email: String,
    /// The space it registered in.
    pub space: Space,
    /// Did it say that it is a third-party agent?
    pub agent: bool,
}

/// Registers an institution.
///
/// # Errors
/// `Refused` with [`Refusal::Fields`] (`space` among them).
pub async fn register_institution(form: InstitutionForm, trail: Trail, p: &Prosper) -> Outcome<SignedUp> {
    let space = match form.space {
        Some(id) => p.store.space(id).await?,
        None => None,
    };
    let (space, checked) = check(&form, space)?;
    let password = p.passwords.hash(checked.password).await?;
    let (link, plain) = mailed_link::fresh(trail.at, VERIFICATION_LINK, p);
    let (name, email, agent) =
        (checked.name.as_str(), checked.email.as_str(), checked.investor_type == InvestorType::ThirdPartyAgent);
    let verify = About::VerifyEmail { link: mailed_link::address(VERIFY_EMAIL, &plain, p), agent };
    let taken = About::AddressTaken { link: link_to("/login", p) };
    let answer = SignedUp { email: email.to_owned(), space: space.clone(), agent };
    let unit = SignUp {
        verification: write_to_address(space.id, name, email, verify, p).await?,
        // Addressed to nobody by name: what the stranger typed is not the owner's.
        taken: write_to_address(space.id, email, email, taken, p).await?,
        link,
        account: NewAccount {
            uid: AccountUid::from_random(p.entropy.bytes()),
            space: space.id,
            email: checked.email,
            name: checked.name,
            kind: AccountKind::Institutional,
            investor_type: checked.investor_type,
            password,
            status: Status::Unactivated,
            staff: None,
            institution: Some(checked.institution),
            phone: checked.phone,
            trail,
        },
    };
    if p.store.sign_up(unit).await?.is_none() {
        tracing::info!("a registration named an address that has an account; its owner was told");
    }
    Ok(answer)
}

struct Checked {
    institution: String,
    name: String,
    email: Email,
    phone: Option<String>,
    password: Zeroizing<String>,
    investor_type: InvestorType,
}

/// Everything that is wrong is told at once, a space that there is not among it.
fn check(form: &InstitutionForm, space: Option<Space>) -> Result<(Space, Checked), FieldProblems> {
    let mut problems = FieldProblems::default();
    let space = problems.note("space", space.ok_or(FieldProblem::Unknown));
    let kind = InvestorType::parse(&form.investor_type).filter(|kind| InvestorType::OF_INSTITUTIONS.contains(kind));
    let missing = if form.investor_type.is_empty() { FieldProblem::Missing } else { FieldProblem::Unknown };
    let investor_type = problems.note("investor_type", kind.ok_or(missing));
    let institution = problems.note("institution_name", line(&form.institution_name, 120));
    let name = problems.note("full_name", line(&form.full_name, 120));
    let email = problems.note("email", Email::parse(&form.email));
    let phone = match form.phone.trim() {
        "" => Some(None),
        typed => problems.note("phone", phone(typed)).map(Some),
    };
    let house = space.as_ref().map_or("", |space| &space.name);
    let context = [form.institution_name.as_str(), form.full_name.as_str(), form.email.as_str(), house];
    let password = problems.note("password", password::choose(&form.password, &context));
    let (Some(space), Some(institution), Some(name)) = (space, institution, name) else { return Err(problems) };
    match (email, phone, password, investor_type) {
        (Some(email), Some(phone), Some(password), Some(investor_type)) => {
            Ok((space, Checked { institution, name, email, phone, password, investor_type }))
        }
        _ => Err(problems),
    }
}

/// Sends another verification mail to an account that waits for it; the link before it ends. Bounded in number by the
/// write, in silence.
///
/// # Errors
/// `Refused` with [`Refusal::NotUsable`] when the account's address needs no validation.
pub async fn send_verification(account: &Account, trail: Trail, p: &Prosper) -> Outcome<()> {
    if account.status != Status::Unactivated {
        return Err(Refusal::NotUsable(account.status).into());
    }
    let (link, plain) = mailed_link::fresh(trail.at, VERIFICATION_LINK, p);
    let agent = account.investor_type == InvestorType::ThirdPartyAgent;
    let mail =
        write_to(account, About::VerifyEmail { link: mailed_link::address(VERIFY_EMAIL, &plain, p), agent }, p).await?;
    let link = Link { account: Some(account.id), ..link };
    p.store.send_verification(SendVerification { link, mail, trail }).await?;
    Ok(())
}

/// The page of the link that validates an address.
pub(super) const VERIFY_EMAIL: &str = "/verify-email";
