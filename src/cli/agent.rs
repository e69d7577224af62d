//! `prosper agent`: who asks for the third-party agent role, and what is decided of it.

use clap::Subcommand;

use super::desk::Desk;
use super::failure::Outcome;
use super::talk::{Facts, facts};
use super::user::{self, Whose};
use crate::domain::time::Timestamp;
use crate::flows::agent_role::{self, ClockedRequest, Decision};
use crate::flows::refusal::Actor;

/// What can be done with the role.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the requests that wait, oldest first, each with the day by which it is to be answered
    List {
        /// Those that were decided too
        #[arg(long)]
        all: bool,
    },
    /// Grant the role; an institution that waits for approval is approved with it
    Approve {
        #[command(flatten)]
        whose: Whose,
        /// What to tell them
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Refuse the role; it may be asked for again
    #[command(
        after_help = "Example:\n  prosper agent decline desk@acme.example --reason 'the site does not exist yet'"
    )]
    Decline {
        #[command(flatten)]
        whose: Whose,
        /// Why; they are told
        #[arg(long)]
        reason: String,
    },
    /// Take the role back: its apps issue nothing from now on and their tokens and keys are dead
    Withdraw {
        #[command(flatten)]
        whose: Whose,
        /// Why; they are told
        #[arg(long)]
        reason: String,
    },
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// There is no such account, the role does not stand where this leads on, or the store cannot be used.
    pub async fn run(self, desk: &Desk) -> Outcome {
        match self {
            Self::List { all } => list(desk, all).await,
            Self::Approve { whose, reason } => decide(desk, whose, Decision::Approve, &reason).await,
            Self::Decline { whose, reason } => decide(desk, whose, Decision::Decline, &reason).await,
            Self::Withdraw { whose, reason } => {
                desk.talk.confirm("This ends every token and key of its agent apps. Take the role back?")?;
                decide(desk, whose, Decision::Withdraw, &reason).await
            }
        }
    }
}

async fn decide(desk: &Desk, whose: Whose, decision: Decision, reason: &str) -> Outcome {
    let id = whose.find(desk).await?;
    agent_role::decide_role(id, decision, reason, Actor::Terminal, desk.trail(), &desk.p).await?;
    user::show(desk, id).await
}

async fn list(desk: &Desk, all: bool) -> Outcome {
    let requests = if all {
        let every = desk.p.store.agent_requests(false).await?;
        every.into_iter().map(|request| agent_role::clocked(request, &desk.p)).collect()
    } else {
        agent_role::waiting_requests(&desk.p).await?
    };
    let mut rows = Vec::new();
    for request in requests {
        rows.push(facts_of(desk, request).await?);
    }
    desk.talk.list(&["account", "email", "form", "asked", "due", "business_days_gone", "decision"], rows)
}

async fn facts_of(desk: &Desk, ClockedRequest { request, due, days_gone }: ClockedRequest) -> Outcome<Facts> {
    let account = desk.p.store.account(request.account).await?;
    Ok(facts! {
        account: request.account.0,
        email: account.as_ref().map(|account| account.email.as_str()),
        name: account.as_ref().map(|account| account.name.as_str()),
        status: account.as_ref().map(|account| account.status.name()),
        form: request.form.name(),
        message: request.message,
        further_accounts: request.further_accounts.lines().collect::<Vec<_>>(),
        asked: request.asked_at.rfc3339(),
        due: due.rfc3339(),
        business_days_gone: days_gone,
        decision: request.decision,
        decided: request.decided_at.map(Timestamp::rfc3339),
        decided_by: request.decided_by,
        reason: request.reason,
    })
}
