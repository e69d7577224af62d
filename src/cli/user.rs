//! `prosper user`: people and institutions.
//!
//! This file is long because each thing a command does is a few lines, and they are read side by side.

use std::time::Duration;

use clap::builder::TypedValueParser;
use clap::{Args, Subcommand};

use super::desk::Desk;
use super::failure::{Failure, Outcome};
use super::one_of;
use super::talk::{self, Facts, facts};
use crate::contract::words::time::date;
use crate::domain::account::{Account, AccountKind, InvestorType, StaffRole};
use crate::domain::agent::AgentRole;
use crate::domain::ids::AccountId;
use crate::domain::status::{Mover, Status};
use crate::domain::time::Timestamp;
use crate::flows::account_status::{self, NewPerson, StatusWish};
use crate::flows::close_account::{may_be_erased, plan_erasure};
use crate::flows::refusal::Actor;

/// What can be done with people.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make an account
    #[command(after_help = "Examples:
  prosper user add ada@example.com --name 'Ada Lovelace'
  echo 'a few unrelated words' | prosper user add pay@acme.example --name 'Acme Ltd' \\
      --kind institutional --investor-type corporation --password-stdin")]
    Add(NewUser),
    /// List accounts by number
    List {
        /// Only of this space
        #[arg(long)]
        space: Option<String>,
        /// Only of this status
        #[arg(long, value_parser = status())]
        status: Option<Status>,
    },
    /// Show an account
    Show(Whose),
    /// Move an account to another status; leaving `active` ends every token and session of it
    #[command(
        after_help = "Example:\n  prosper user set-status ada@example.com suspended --reason 'asked by the owner'"
    )]
    SetStatus {
        #[command(flatten)]
        whose: Whose,
        /// The status to move to
        #[arg(value_parser = status())]
        status: Status,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
        /// Until when, for people to read: an RFC 3339 instant
        #[arg(long, value_parser = instant)]
        until: Option<Timestamp>,
    },
    /// Set a password, which ends every token and session of the account
    SetPassword {
        #[command(flatten)]
        whose: Whose,
        /// Read it from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Demand a new password before the account can be used again
    RequireReset {
        #[command(flatten)]
        whose: Whose,
        /// Demand it no more
        #[arg(long)]
        lift: bool,
    },
    /// Say when an account that has ended is erased: its name, address, apps and all that is known of the person
    #[command(after_help = "Examples:
  prosper user set-status ada@example.com closed
  prosper user erase ada@example.com --in-days 30
  prosper user erase ada@example.com --keep")]
    Erase {
        #[command(flatten)]
        whose: Whose,
        /// After so many days; 0 for within a minute [default: as configured]
        #[arg(long, value_name = "DAYS", conflicts_with = "keep")]
        in_days: Option<u32>,
        /// Do not erase it after all
        #[arg(long)]
        keep: bool,
    },
    /// List who waits to be erased, due first
    Erasures,
    /// Sign an account out everywhere: every session, token and code of it ends
    SignOut(Whose),
}

/// Whose account.
#[derive(Debug, Args)]
pub struct Whose {
    /// Email or account number
    who: String,
    /// The space, when the email is in several
    #[arg(long)]
    space: Option<String>,
}

/// An account to be made.
#[derive(Debug, Args)]
pub struct NewUser {
    /// The login email
    pub email: String,
    /// The full name of the person or institution
    #[arg(long)]
    pub name: String,
    /// What it is
    #[arg(long, default_value = "individual", value_parser = kind())]
    pub kind: AccountKind,
    /// The institution's name, where --name is a person to talk to
    #[arg(long)]
    pub institution: Option<String>,
    /// What an institution says it is; a third-party agent asks for the role by that
    #[arg(long, value_parser = investor_type())]
    pub investor_type: Option<InvestorType>,
    /// The space, if not the default one
    #[arg(long)]
    pub space: Option<String>,
    /// Where it begins
    #[arg(long, default_value = "active", value_parser = status())]
    pub status: Status,
    /// Read the password from standard input
    #[arg(long)]
    pub password_stdin: bool,
}

impl NewUser {
    /// A person who may sign in.
    pub fn individual(email: String, name: String) -> Self {
        Self {
            email,
            name,
            kind: AccountKind::Individual,
            institution: None,
            investor_type: None,
            space: None,
            status: Status::Active,
            password_stdin: false,
        }
    }
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// There is no such account, a rule forbids it, or the store cannot be used.
    pub async fn run(self, desk: &Desk) -> Outcome {
        match self {
            Self::Add(new) => add(desk, new, None).await,
            Self::List { space, status } => list(desk, space.as_deref(), status).await,
            Self::Show(whose) => show(desk, whose.find(desk).await?).await,
            Self::SetStatus { whose, status, reason, until } => {
                let id = whose.find(desk).await?;
                set_status(desk, id, StatusWish { to: status, reason, until }).await?;
                show(desk, id).await
            }
            Self::SetPassword { whose, password_stdin } => {
                let id = whose.find(desk).await?;
                set_password(desk, id, password_stdin).await?;
                show(desk, id).await
            }
            Self::RequireReset { whose, lift } => {
                let id = whose.find(desk).await?;
                account_status::require_reset(id, !lift, Actor::Terminal, desk.trail(), &desk.p).await?;
                show(desk, id).await
            }
            Self::Erase { whose, in_days, keep } => {
                let id = whose.find(desk).await?;
                erase(desk, id, in_days, keep).await?;
                show(desk, id).await
            }
            Self::Erasures => erasures(desk).await,
            Self::SignOut(whose) => {
                let id = whose.find(desk).await?;
                account_status::sign_out_everywhere(id, Actor::Terminal, desk.trail(), &desk.p).await?;
                desk.talk.say("every session, token and code of this account has ended");
                show(desk, id).await
            }
        }
    }
}

impl Whose {
    /// The account's number.
    ///
    /// # Errors
    /// There is no such account.
    pub async fn find(&self, desk: &Desk) -> Outcome<AccountId> {
        Ok(desk.account(&self.who, self.space.as_deref()).await?.id)
    }
}

/// Makes an account, as staff if `staff`.
///
/// # Errors
/// Something about it is wrong, its email is taken in its space, or the store cannot be used.
pub async fn add(desk: &Desk, new: NewUser, staff: Option<StaffRole>) -> Outcome {
    let space = desk.space_or_default(new.space.as_deref()).await?;
    let investor_type = match (new.kind, new.investor_type) {
        (AccountKind::Individual, None) => InvestorType::Individual,
        (AccountKind::Institutional, None) => InvestorType::Corporation,
        (_, Some(given)) => given,
    };
    let person = NewPerson {
        space: space.id,
        password: talk::password(new.password_stdin, &new.email)?,
        email: new.email,
        name: new.name,
        institution: new.institution,
        kind: new.kind,
        investor_type,
        status: new.status,
        staff,
    };
    let id = account_status::create_account(person, Actor::Terminal, desk.trail(), &desk.p).await?;
    show(desk, id).await
}

async fn list(desk: &Desk, space: Option<&str>, status: Option<Status>) -> Outcome {
    let space = match space {
        Some(name) => Some(desk.space(name).await?.id),
        None => None,
    };
    let (mut rows, mut after) = (Vec::new(), AccountId(0));
    loop {
        let page = desk.p.store.accounts(space, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for account in page.iter().filter(|account| status.is_none_or(|status| account.status == status)) {
            rows.push(facts_of(desk, account).await?);
        }
    }
    desk.talk.list(&["id", "email", "name", "kind", "status", "agent", "staff", "space"], rows)
}

/// Shows an account.
///
/// # Errors
/// The store cannot be used.
pub async fn show(desk: &Desk, id: AccountId) -> Outcome {
    // What was just changed is read from the store itself.
    let found = desk.p.store.credentials(id).await?;
    let account = found.ok_or_else(|| Failure::refused(format!("there is no account {id}")))?.account;
    let mut facts = facts_of(desk, &account).await?;
    if let Some(moved) = desk.p.store.status_move(id).await? {
        facts.extend(facts! {
            status_set_by: moved.by,
            status_set_at: moved.at.rfc3339(),
            status_reason: moved.reason,
            status_until: moved.until.map(Timestamp::rfc3339),
            to_be_erased_at: desk.p.store.erased_at(id).await?.map(Timestamp::rfc3339),
        });
    }
    desk.talk.show(facts)
}

/// What is known of an account, never its password.
///
/// # Errors
/// The store cannot be read.
pub async fn facts_of(desk: &Desk, account: &Account) -> Outcome<Facts> {
    Ok(facts! {
        id: account.id.0,
        uid: account.uid.to_string(),
        email: account.email.as_str(),
        name: account.name,
        institution: account.institution,
        phone: account.phone,
        kind: account.kind.name(),
        investor_type: account.investor_type.name(),
        space: desk.space_name(account.space).await?,
        status: account.status.name(),
        password_reset_required: account.password_reset_required,
        agent: (account.agent != AgentRole::None).then(|| account.agent.name()),
        staff: account.staff.map(StaffRole::name),
        created: account.created_at.rfc3339(),
    })
}

async fn set_status(desk: &Desk, id: AccountId, wish: StatusWish) -> Outcome {
    let to = wish.to;
    if to.has_ended() {
        let end = to.name();
        desk.talk.confirm(&format!("{end} is an end: only an administrator reopens the account. Move it there?"))?;
    }
    let moved = account_status::move_status(id, wish, Actor::Terminal, desk.trail(), &desk.p).await;
    let Err(stop) = moved else { return Ok(()) };
    let from = desk.p.store.credentials(id).await?.map_or(to, |found| found.account.status);
    if from.may_move(to, Mover::Administrator) {
        return Err(stop.into());
    }
    let legal: Vec<_> = from.moves(Mover::Administrator).map(Status::name).collect();
    let again = if from.has_ended() && !to.has_ended() {
        "; one that has ended is opened again in two moves, to inactive and from there to active"
    } else {
        ""
    };
    Err(Failure::refused(format!(
        "an account that is {} cannot be moved to {}: from there it goes to {}{again}",
        from.name(),
        to.name(),
        legal.join(", ")
    )))
}

async fn set_password(desk: &Desk, id: AccountId, from_stdin: bool) -> Outcome {
    let account = desk.account(&id.to_string(), None).await?;
    let typed = talk::password(from_stdin, account.email.as_str())?;
    account_status::set_password(id, &typed, Actor::Terminal, desk.trail(), &desk.p).await?;
    desk.talk.say("the password is set; every session, token and code of this account has ended");
    Ok(())
}

async fn erasures(desk: &Desk) -> Outcome {
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let page = desk.p.store.erasures(after, PAGE).await?;
        let Some((last, at)) = page.last() else { break };
        after = Some((*at, last.id));
        for (account, at) in &page {
            let mut facts = facts_of(desk, account).await?;
            facts.extend(facts! { to_be_erased_at: at.rfc3339() });
            rows.push(facts);
        }
    }
    desk.talk.list(&["id", "email", "name", "space", "to_be_erased_at"], rows)
}

async fn erase(desk: &Desk, id: AccountId, in_days: Option<u32>, keep: bool) -> Outcome {
    let wait = in_days.map_or(desk.p.settings.erasure_wait, |days| Duration::from_secs(u64::from(days) * 24 * 60 * 60));
    let trail = desk.trail();
    let at = (!keep).then(|| trail.at.plus(wait));
    if let Some(at) = at {
        // Nobody is asked to agree to what is then refused.
        may_be_erased(id, &desk.p).await?;
        let until = date(at);
        desk.talk.confirm(&format!("what is known of account {id} is erased on {until}, for good. Plan it?"))?;
    }
    Ok(plan_erasure(id, at, Actor::Terminal, trail, &desk.p).await?)
}

/// Accounts read at one time.
const PAGE: i64 = 500;

/// Reads a status as it is stored.
fn status() -> impl TypedValueParser<Value = Status> {
    one_of(Status::ALL.map(Status::name), Status::parse)
}

fn kind() -> impl TypedValueParser<Value = AccountKind> {
    one_of([AccountKind::Individual, AccountKind::Institutional].map(AccountKind::name), AccountKind::parse)
}

fn investor_type() -> impl TypedValueParser<Value = InvestorType> {
    one_of(InvestorType::OF_INSTITUTIONS.map(InvestorType::name), InvestorType::parse)
}

fn instant(text: &str) -> Result<Timestamp, String> {
    let parsed: Result<jiff::Timestamp, _> = text.parse();
    parsed
        .map(|at| Timestamp::from_micros(at.as_microsecond()))
        .map_err(|_| "an instant looks like 2026-11-22T08:15:00Z".to_owned())
}
