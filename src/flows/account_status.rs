//! What staff do for accounts, at the terminal or in the console: make one, move its status, set its password, sign it
//! out (A-02, T-11).
//!
//! 1. May this actor do it? Reviewers admit institutions that wait, support moves the rest, administrators reopen what has
//!    ended; `domain::status` has the legal moves.
//! 2. Is what was typed right, by the rules that hold for the person's own choice too?
//! 3. One write makes the change, ends what it must end, and mails the person where it is their news.

use zeroize::Zeroizing;

use crate::contract::words::{self, time::date};
use crate::domain::account::{Account, AccountKind, InvestorType, StaffRole};
use crate::domain::email::Email;
use crate::domain::ids::{AccountId, AccountUid, SpaceId};
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::domain::{FieldProblem, FieldProblems, line, password, text};
use crate::fault::Fault;
use crate::mail::About;
use crate::prosper::Prosper;
use crate::store::accounts::SetPassword;
use crate::store::audit::Trail;
use crate::store::new_accounts::NewAccount;
use crate::store::outbox::Mail;
use crate::store::status_moves::SetStatus;

use super::agent_role::MOST_REASON;
use super::close_account::erasure_off;
use super::refusal::{ADMINISTRATION, ANYBODY, Actor, Outcome, REVIEW, Refusal, SUPPORT};
use super::write_mail::{link_to, write_to};

/// An account that staff make.
#[derive(Clone, Debug)]
pub struct NewPerson {
    /// The space it will belong to.
    pub space: SpaceId,
    /// Its login name.
    pub email: String,
    /// The full name.
    pub name: String,
    /// The institution's name, where it is one's.
    pub institution: Option<String>,
    /// Individual or institutional.
    pub kind: AccountKind,
    /// What it says it is; a third-party agent opens its request for the role by itself.
    pub investor_type: InvestorType,
    /// Its password.
    pub password: Zeroizing<String>,
    /// Where it begins.
    pub status: Status,
    /// Is it staff?
    pub staff: Option<StaffRole>,
}

/// Makes an account, address and all taken on trust.
///
/// # Errors
/// `Refused` with [`Refusal::StaffNeeded`], [`Refusal::NotFound`] (no such space), [`Refusal::WrongKind`] (an individual
/// as an institution's investor type, or the other way round) or [`Refusal::Fields`] (`email` when it is taken).
pub async fn create_account(new: NewPerson, actor: Actor<'_>, trail: Trail, p: &Prosper) -> Outcome<AccountId> {
    actor.must_be_staff(if new.staff.is_some() { ADMINISTRATION } else { SUPPORT })?;
    let space = p.store.space(new.space).await?.ok_or(Refusal::NotFound)?;
    if (new.kind == AccountKind::Individual) != (new.investor_type == InvestorType::Individual) {
        return Err(Refusal::WrongKind(new.kind).into());
    }
    let mut problems = FieldProblems::default();
    let name = problems.note("name", line(&new.name, 120));
    let email = problems.note("email", Email::parse(&new.email));
    let context = [new.name.as_str(), new.email.as_str(), space.name.as_str()];
    let password = problems.note("password", password::choose(&new.password, &context));
    let (Some(name), Some(email), Some(password)) = (name, email, password) else { return Err(problems.into()) };
    let unit = NewAccount {
        uid: AccountUid::from_random(p.entropy.bytes()),
        space: new.space,
        email,
        name,
        kind: new.kind,
        investor_type: new.investor_type,
        password: p.passwords.hash(password).await?,
        status: new.status,
        staff: new.staff,
        institution: new.institution,
        phone: None,
        trail,
    };
    let made = p.store.create_account(unit).await?;
    made.ok_or_else(|| FieldProblems(vec![("email", FieldProblem::Taken)]).into())
}

/// A status move that staff wish for.
#[derive(Clone, Debug)]
pub struct StatusWish {
    /// Where to.
    pub to: Status,
    /// Why; the person reads it.
    pub reason: String,
    /// Until when, if that is known; the person reads it.
    pub until: Option<Timestamp>,
}

/// Moves an account's status. Any move ends what the account granted before it (T-11).
///
/// # Errors
/// `Refused` with [`Refusal::NotFound`], [`Refusal::StaffNeeded`], [`Refusal::IllegalMove`], [`Refusal::OwnRequest`] or
/// [`Refusal::Fields`] (`reason`).
pub async fn move_status(id: AccountId, wish: StatusWish, actor: Actor<'_>, trail: Trail, p: &Prosper) -> Outcome<()> {
    let account = find(id, p).await?;
    actor.must_be_staff(who_moves(account.status, wish.to))?;
    actor.may_manage(&account)?;
    let reason = text(&wish.reason, MOST_REASON).map_err(|problem| FieldProblems(vec![("reason", problem)]))?;
    if !account.status.may_move(wish.to, actor.mover()) {
        return Err(Refusal::IllegalMove(account.status, wish.to).into());
    }
    let mails = told_of_move(&account, &wish, &reason, p).await?;
    let unit = SetStatus { id, to: wish.to, by: actor.mover(), reason, until: wish.until, mails, trail };
    if p.store.set_status(unit).await? {
        Ok(())
    } else {
        let now = find(id, p).await?.status;
        Err(Refusal::IllegalMove(now, wish.to).into())
    }
}

/// What a person is told of a move that staff make; of one that opens the account again also that nothing is erased.
async fn told_of_move(account: &Account, wish: &StatusWish, reason: &str, p: &Prosper) -> Result<Vec<Mail>, Fault> {
    let link = link_to("/login", p);
    let about = match wish.to {
        Status::Active if account.status.is_waiting() => About::AccountActive { link },
        Status::Active => About::AccountActiveAgain { link, reason: reason.to_owned() },
        to => About::StatusMoved { status: words::status(to), until: wish.until.map(date), reason: reason.to_owned() },
    };
    let mut mails = vec![write_to(account, about, p).await?];
    if account.status.has_ended() && !wish.to.has_ended() {
        mails.extend(erasure_off(account, p).await?);
    }
    Ok(mails)
}

/// Whose move it is: an institution that waits is admitted or turned away by those who review, and support may turn it
/// away too; everything else is support's.
pub const fn who_moves(from: Status, to: Status) -> &'static [StaffRole] {
    match (from, to) {
        (Status::PendingApproval, Status::Active) => REVIEW,
        (Status::PendingApproval, Status::Closed) => ANYBODY,
        _ => SUPPORT,
    }
}

/// Demands a new password before anything else, or takes the demand back.
///
/// # Errors
/// `Refused` with [`Refusal::NotFound`], [`Refusal::StaffNeeded`] or [`Refusal::OwnRequest`].
pub async fn require_reset(id: AccountId, required: bool, actor: Actor<'_>, trail: Trail, p: &Prosper) -> Outcome<()> {
    actor.must_be_staff(SUPPORT)?;
    actor.may_manage(&find(id, p).await?)?;
    done(p.store.require_reset(id, required, trail).await?)
}

/// Sets a password for somebody, by the rules for passwords that people choose. Ends every session and token.
///
/// # Errors
/// `Refused` with [`Refusal::NotFound`], [`Refusal::StaffNeeded`] or [`Refusal::Fields`] (`password`).
pub async fn set_password(
    id: AccountId,
    typed: &Zeroizing<String>,
    actor: Actor<'_>,
    trail: Trail,
    p: &Prosper,
) -> Outcome<()> {
    actor.must_be_staff(ADMINISTRATION)?;
    actor.must_not_be(id)?;
    let account = find(id, p).await?;
    let chosen = choose(typed, &account, p).await?;
    let unit = SetPassword {
        id,
        password: p.passwords.hash(chosen).await?,
        instead_of: None,
        mail: Some(write_to(&account, password_changed(trail.at, p), p).await?),
        trail,
    };
    done(p.store.set_password(unit).await?)
}

/// What a person is told whose password was changed.
pub(super) fn password_changed(at: Timestamp, p: &Prosper) -> About {
    About::PasswordChanged { at: date(at), link: link_to("/forgot", p) }
}

/// Accepts a new password of `account`.
pub(super) async fn choose(typed: &str, account: &Account, p: &Prosper) -> Outcome<Zeroizing<String>> {
    let space = p.store.space(account.space).await?;
    let space = space.as_ref().map_or("", |space| space.name.as_str());
    let institution = account.institution.as_deref().unwrap_or("");
    let context = [account.name.as_str(), account.email.as_str(), institution, space];
    password::choose(typed, &context).map_err(|problem| FieldProblems(vec![("password", problem)]).into())
}

/// Ends every session, family, code and Login token of an account; its owner may wish it too.
///
/// # Errors
/// `Refused` with [`Refusal::NotFound`] or [`Refusal::StaffNeeded`].
pub async fn sign_out_everywhere(id: AccountId, actor: Actor<'_>, trail: Trail, p: &Prosper) -> Outcome<()> {
    match actor {
        Actor::Owner(account) if account.id == id => {}
        _ => {
            actor.must_be_staff(SUPPORT)?;
            actor.may_manage(&find(id, p).await?)?;
        }
    }
    done(p.store.sign_out_everywhere(id, trail).await?)
}

/// Gives or takes a staff role.
///
/// # Errors
/// `Refused` with [`Refusal::NotFound`], [`Refusal::StaffNeeded`] or [`Refusal::OwnRequest`].
pub async fn set_staff(
    id: AccountId,
    role: Option<StaffRole>,
    actor: Actor<'_>,
    trail: Trail,
    p: &Prosper,
) -> Outcome<()> {
    actor.must_be_staff(ADMINISTRATION)?;
    actor.must_not_be(id)?;
    done(p.store.set_staff(id, role, trail).await?)
}

async fn find(id: AccountId, p: &Prosper) -> Outcome<Account> {
    Ok(p.store.credentials(id).await?.ok_or(Refusal::NotFound)?.account)
}

fn done(found: bool) -> Outcome<()> {
    if found { Ok(()) } else { Err(Refusal::NotFound.into()) }
}
