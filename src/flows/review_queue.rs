//! What waits for staff's decision: requests for the agent role, and institutions that signed up, each with
//! its clock of three business days.
//!
//! 1. Every open request for the role of a validated address, oldest first.
//! 2. Every institution that waits for approval and asks for no role: with a role, one review settles both.
//! 3. The one that is due first stands first.

use std::sync::Arc;

use crate::domain::account::Account;
use crate::domain::agent::AgentRole;
use crate::domain::ids::AccountId;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::prosper::Prosper;
use crate::store::agents::AgentRequest;

use super::agent_role::{due, may_be_reviewed, waiting_requests};

/// Something that waits.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Whose.
    pub account: Arc<Account>,
    /// The request for the agent role; `None` for a sign-up alone.
    pub request: Option<AgentRequest>,
    /// Is it asked again after a decision?
    pub again: bool,
    /// Since when.
    pub since: Timestamp,
    /// By when it is answered.
    pub due: Timestamp,
}

/// Everything that waits, what is due first standing first.
///
/// # Errors
/// The store cannot be read.
pub async fn review_queue(p: &Prosper) -> Result<Vec<Waiting>, Fault> {
    let mut queue = Vec::new();
    for clocked in waiting_requests(p).await? {
        let Some(account) = p.store.account(clocked.request.account).await? else { continue };
        let again = p.store.agent_requests_of(account.id).await?.len() > 1;
        let (since, due) = (clocked.request.asked_at, clocked.due);
        queue.push(Waiting { account, request: Some(clocked.request), again, since, due });
    }
    for (account, since) in p.store.accounts_waiting(MOST_WAITING).await? {
        if account.agent != AgentRole::Requested {
            let due = due(since, p);
            queue.push(Waiting { account: Arc::new(account), request: None, again: false, since, due });
        }
    }
    queue.sort_by_key(|waiting| (waiting.due, waiting.since, waiting.account.id));
    Ok(queue)
}

/// What of an account waits, if anything does.
///
/// # Errors
/// The store cannot be read.
pub async fn waiting_of(id: AccountId, p: &Prosper) -> Result<Option<Waiting>, Fault> {
    let Some(account) = p.store.account(id).await?.filter(|account| may_be_reviewed(account.status)) else {
        return Ok(None);
    };
    let mut requests = p.store.agent_requests_of(id).await?;
    let again = requests.len() > 1;
    if let Some(request) = requests.pop().filter(|request| request.decided_at.is_none()) {
        let since = request.asked_at;
        return Ok(Some(Waiting { account, request: Some(request), again, since, due: due(since, p) }));
    }
    if account.status != Status::PendingApproval {
        return Ok(None);
    }
    let moved = p.store.status_move(id).await?;
    let since = moved.map_or(account.created_at, |last| last.at);
    Ok(Some(Waiting { account, request: None, again: false, since, due: due(since, p) }))
}

/// The most sign-ups that are listed at once.
const MOST_WAITING: i64 = 500;

/// What is different between two requests: lines that are there no more, and lines that are new.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Lines of the earlier one alone.
    pub gone: Vec<String>,
    /// Lines of the later one alone.
    pub new: Vec<String>,
}

/// Compares two texts line by line, whatever the order of the lines.
pub fn difference(earlier: &str, later: &str) -> Difference {
    let alone = |one: &str, other: &str| {
        let lines = one.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.filter(|line| !other.lines().any(|held| held.trim() == *line)).map(str::to_owned).collect()
    };
    Difference { gone: alone(earlier, later), new: alone(later, earlier) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_in_both_is_told() {
        let told = difference("one\ntwo\n\nthree ", "three\nfour\none");
        assert_eq!(told, Difference { gone: vec!["two".into()], new: vec!["four".into()] });
        assert_eq!(difference("same", "same"), Difference::default());
    }
}
