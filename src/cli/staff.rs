//! `prosper staff`: who works here.

use clap::{Subcommand, ValueEnum};

use super::desk::Desk;
use super::failure::{Failure, Outcome};
use super::user;
use crate::domain::account::StaffRole;
use crate::domain::ids::AccountId;
use crate::flows::account_status;
use crate::flows::refusal::Actor;

/// What can be done with staff.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make somebody staff: an account there is, or with --name a new one
    #[command(after_help = "Examples:
  prosper staff add ada@example.com --role reviewer
  prosper staff add grace@example.com --name 'Grace Hopper'")]
    Add {
        /// Email or account number
        who: String,
        /// What they may do
        #[arg(long, value_enum, default_value_t = Role::Administrator)]
        role: Role,
        /// The full name, for a new account
        #[arg(long)]
        name: Option<String>,
        /// Read the new account's password from standard input
        #[arg(long, requires = "name")]
        password_stdin: bool,
        /// The space
        #[arg(long)]
        space: Option<String>,
    },
    /// Take somebody's staff role away; the account stays
    Remove {
        /// Email or account number
        who: String,
        /// The space
        #[arg(long)]
        space: Option<String>,
    },
    /// List everybody who is staff
    List,
}

/// What a member of staff may do.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Role {
    /// Decide on agent requests and institutional sign-ups
    Reviewer,
    /// Help people: status moves, forced resets
    Support,
    /// Everything, reopening ended accounts included
    Administrator,
}

impl From<Role> for StaffRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Reviewer => Self::Reviewer,
            Role::Support => Self::Support,
            Role::Administrator => Self::Administrator,
        }
    }
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// There is no such account, or the store cannot be used.
    pub async fn run(self, desk: &Desk) -> Outcome {
        match self {
            Self::Add { who, role, name: Some(name), password_stdin, space } => {
                let mut account = user::NewUser::individual(who, name);
                account.password_stdin = password_stdin;
                account.space = space;
                user::add(desk, account, Some(role.into())).await
            }
            Self::Add { who, role, name: None, space, .. } => {
                let found = desk.account(&who, space.as_deref()).await;
                let account = found.map_err(|failure| failure.or(": --name makes a new one"))?;
                set(desk, account.id, Some(role.into())).await?;
                user::show(desk, account.id).await
            }
            Self::Remove { who, space } => {
                let account = desk.account(&who, space.as_deref()).await?;
                if account.staff.is_none() {
                    return Err(Failure::refused(format!("{} is not staff", account.email.as_str())));
                }
                set(desk, account.id, None).await?;
                user::show(desk, account.id).await
            }
            Self::List => {
                let mut rows = Vec::new();
                for account in desk.p.store.staff().await? {
                    rows.push(user::facts_of(desk, &account).await?);
                }
                desk.talk.list(&["id", "email", "name", "staff", "status", "space"], rows)
            }
        }
    }
}

async fn set(desk: &Desk, id: AccountId, role: Option<StaffRole>) -> Outcome {
    Ok(account_status::set_staff(id, role, Actor::Terminal, desk.trail(), &desk.p).await?)
}
