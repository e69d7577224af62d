//! What waits for a decision: agent requests, and institutions that signed up (A-04, A-05; R-80).

use axum::extract::Path;

use super::super::super::answer::Answer;
use super::super::person::{typed, when};
use super::super::views::{
    Changes, Choice, ConsoleQueue, ConsoleReview, Field, FurtherAccount, ProblemKind, QueueKind, QueueRow, ReviewForm,
    Tab, Told, Urgency, WithdrawForm,
};
use super::desk::{Desk, in_words};
use super::facts::{PAGE, account_facts, account_href, history, request_href, title};
use super::lines::line;
use crate::contract::table::Stop;
use crate::contract::words;
use crate::domain::account::Account;
use crate::domain::agent::{AgentRole, RequestForm};
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::domain::{FieldProblem, FieldProblems};
use crate::fault::Fault;
use crate::flows::account_status::{StatusWish, move_status};
use crate::flows::agent_role::{Decision, decide_role, further_accounts};
use crate::flows::refusal::{REVIEW, Refusal};
use crate::flows::review_queue::{Waiting, difference, review_queue, waiting_of};

/// `GET /console`. Whoever does not review is shown the accounts instead.
pub async fn queue(desk: Desk) -> Answer {
    if !desk.may(REVIEW) {
        return super::super::super::answer::found(Tab::Accounts.href());
    }
    let waiting = match review_queue(desk.visit.p()).await {
        Ok(waiting) => waiting,
        Err(fault) => return desk.visit.broke(&fault),
    };
    let now = desk.visit.now();
    let from = desk.visit.query.get("from").and_then(|from| from.parse().ok()).unwrap_or(0).min(waiting.len());
    let rest = &waiting[from..];
    let view = ConsoleQueue {
        chrome: desk.chrome(),
        frame: desk.frame(Tab::Requests),
        told: desk.told(),
        count: waiting.len(),
        overdue: waiting.iter().filter(|waiting| urgency(waiting.due, now) == Urgency::Overdue).count(),
        rows: rest.iter().take(PAGE).map(|waiting| row(&desk, waiting)).collect(),
        next_href: (rest.len() > PAGE).then(|| format!("{}?from={}", Tab::Requests.href(), from + PAGE)),
        line: line(&["agent", "list"]),
    };
    desk.visit.page(200, &view)
}

fn row(desk: &Desk, waiting: &Waiting) -> QueueRow {
    let named = waiting.request.as_ref().map_or(0, |request| request.further_accounts.lines().count());
    QueueRow {
        name: title(&waiting.account),
        email: waiting.account.email.as_str().to_owned(),
        more: named,
        asked: when(&desk.visit, waiting.since),
        due: when(&desk.visit, waiting.due),
        urgency: urgency(waiting.due, desk.visit.now()),
        kind: kind(waiting),
        href: request_href(waiting.account.id.0),
    }
}

fn kind(waiting: &Waiting) -> QueueKind {
    match &waiting.request {
        None => QueueKind::SignUp,
        Some(_) if waiting.again => QueueKind::Again,
        Some(request) if request.form == RequestForm::NewAccount => QueueKind::NewAccount,
        Some(_) => QueueKind::ExistingAccount,
    }
}

/// What they read: the prepared reason, where one was chosen to decline with, and what was typed.
fn reason(desk: &Desk, decision: Decision) -> String {
    let typed = typed(&desk.visit, "reason");
    let chosen = desk.visit.form.get("prepared").filter(|_| decision == Decision::Decline);
    let prepared = chosen.and_then(|chosen| words::PREPARED_REASONS.iter().find(|(word, ..)| *word == chosen));
    match prepared {
        Some((_, _, text)) if typed.trim().is_empty() => (*text).to_owned(),
        Some((_, _, text)) => format!("{text} {typed}"),
        None => typed,
    }
}

/// The prepared reasons to choose from, the one that was chosen still chosen.
/// The prepared reasons; one of them only where the agent role is asked for.
fn prepared(desk: &Desk, of_role: bool) -> Vec<Choice> {
    let chosen = desk.visit.form.get("prepared").unwrap_or_default();
    let none = Choice { value: String::new(), words: words::NO_PREPARED_REASON.to_owned(), chosen: chosen.is_empty() };
    let fitting = words::PREPARED_REASONS.iter().filter(|(word, ..)| of_role || *word != FOR_THE_ROLE_ALONE);
    let each = fitting.map(|(word, name, _)| Choice {
        value: (*word).to_owned(),
        words: (*name).to_owned(),
        chosen: chosen == *word,
    });
    std::iter::once(none).chain(each).collect()
}

fn urgency(due: Timestamp, now: Timestamp) -> Urgency {
    const DAY: u64 = 86_400;
    if due.has_come(now) {
        return Urgency::Overdue;
    }
    match due.since(now).as_secs() {
        0..DAY => Urgency::Today,
        DAY..172_800 => Urgency::Soon,
        _ => Urgency::Later,
    }
}

/// `GET /console/requests/{account}`
pub async fn show(Path(id): Path<String>, desk: Desk) -> Answer {
    match desk.account(Tab::Requests, &id).await {
        Ok(account) => {
            let told = desk.told();
            desk.page(200, view(&desk, &account, told, None).await)
        }
        Err(answer) => answer,
    }
}

/// `POST /console/requests/{account}`: `decision` is `approve`, `decline` or `withdraw`.
pub async fn decide(Path(id): Path<String>, desk: Desk) -> Answer {
    let account = match desk.account(Tab::Requests, &id).await {
        Ok(account) => account,
        Err(answer) => return answer,
    };
    if !desk.is_ours(&["decision", "prepared", "reason"]) {
        return desk.page(400, view(&desk, &account, Some(Told::Stale), None).await);
    }
    let decision = match desk.visit.form.get("decision") {
        Some("approve") => Decision::Approve,
        Some("decline") => Decision::Decline,
        Some("withdraw") => Decision::Withdraw,
        _ => return desk.visit.problem(ProblemKind::BadRequest),
    };
    let signs_up = account.status == Status::PendingApproval && account.agent != AgentRole::Requested;
    let reasons = prepared(&desk, !signs_up);
    if desk.visit.form.get("prepared").is_some() && reasons.iter().all(|choice| !choice.chosen) {
        let problems = FieldProblems(vec![("prepared", FieldProblem::Unknown)]);
        return desk.page(400, view(&desk, &account, None, Some(&problems)).await);
    }
    let reason = reason(&desk, decision);
    let (p, trail) = (desk.visit.p(), desk.visit.trail());
    // A sign-up is decided as one only as long as it waits; else the role's own rules say that it was decided already.
    let asks_for_role = !signs_up || decision == Decision::Withdraw;
    let outcome = if asks_for_role {
        decide_role(account.id, decision, &reason, desk.actor(), trail, p).await
    } else if decision == Decision::Decline && reason.trim().is_empty() {
        // Whoever is turned away is told why.
        Err(FieldProblems(vec![("reason", FieldProblem::Missing)]).into())
    } else {
        let to = if decision == Decision::Approve { Status::Active } else { Status::Closed };
        move_status(account.id, StatusWish { to, reason, until: None }, desk.actor(), trail, p).await
    };
    let told = match decision {
        Decision::Approve => Told::Approved,
        Decision::Decline => Told::Declined,
        Decision::Withdraw => Told::Withdrawn,
    };
    match outcome {
        Ok(()) => desk.done(Tab::Requests.href(), &told),
        Err(Stop::Refused(Refusal::Fields(problems))) => {
            desk.page(400, view(&desk, &account, None, Some(&problems)).await)
        }
        Err(Stop::Refused(refusal @ (Refusal::IllegalStep(_) | Refusal::IllegalMove(..) | Refusal::NotUsable(_)))) => {
            let (status, told) = in_words(&refusal);
            desk.page(status, view(&desk, &account, Some(told), None).await)
        }
        Err(stop) => desk.refused(stop),
    }
}

async fn view(
    desk: &Desk,
    account: &Account,
    told: Option<Told>,
    problems: Option<&FieldProblems>,
) -> Result<ConsoleReview, Fault> {
    let p = desk.visit.p();
    let waiting = waiting_of(account.id, p).await?;
    let request = waiting.as_ref().and_then(|waiting| waiting.request.as_ref());
    let own = desk.staff.id == account.id;
    let field = || Field {
        value: typed(&desk.visit, "reason"),
        error: problems.and_then(|problems| problems.of("reason")).map(words::field_problem),
    };
    let action = request_href(account.id.0);
    let number = account.id.to_string();
    let decide = waiting.as_ref().filter(|_| !own).map(|waiting| ReviewForm {
        form: desk.visit.form(&action, Vec::new()),
        prepared: prepared(desk, waiting.request.is_some()),
        prepared_error: problems.and_then(|problems| problems.of("prepared")).map(words::field_problem),
        reason: field(),
        approve_line: if waiting.request.is_some() {
            line(&["agent", "approve", &number])
        } else {
            line(&["user", "set-status", &number, "active"])
        },
        decline_line: if waiting.request.is_some() {
            line(&["agent", "decline", &number, "--reason", "why"])
        } else {
            line(&["user", "set-status", &number, "closed", "--reason", "why"])
        },
    });
    let withdraw = (account.agent == AgentRole::Approved && !own).then(|| WithdrawForm {
        form: desk.visit.form(&action, Vec::new()),
        reason: field(),
        line: line(&["agent", "withdraw", &number, "--reason", "why"]),
    });
    Ok(ConsoleReview {
        chrome: desk.chrome(),
        frame: desk.frame(Tab::Requests),
        told,
        facts: account_facts(desk, account).await?,
        kind: waiting.as_ref().map(kind),
        clock: waiting.as_ref().map(|waiting| {
            let (since, due) = (when(&desk.visit, waiting.since), when(&desk.visit, waiting.due));
            (since, due, urgency(waiting.due, desk.visit.now()))
        }),
        message: request.map(|request| request.message.clone()).unwrap_or_default(),
        further: match request {
            Some(request) => further(desk, account, &request.further_accounts).await?,
            None => Vec::new(),
        },
        changes: changes(desk, account, request.is_some()).await?,
        own,
        decide,
        withdraw,
        history: history(desk, format!("account {}", account.id), &request_href(account.id.0)).await?,
    })
}

async fn further(desk: &Desk, account: &Account, named: &str) -> Result<Vec<FurtherAccount>, Fault> {
    let known = further_accounts(account, desk.visit.p()).await?;
    let of = |email: &str| known.iter().find(|account| account.email.as_str().eq_ignore_ascii_case(email));
    Ok(named
        .lines()
        .map(|email| FurtherAccount { email: email.to_owned(), href: of(email).map(|found| account_href(found.id.0)) })
        .collect())
}

/// What is different from the request before, when there was one.
async fn changes(desk: &Desk, account: &Account, open: bool) -> Result<Option<Changes>, Fault> {
    if !open {
        return Ok(None);
    }
    let requests = desk.visit.p().store.agent_requests_of(account.id).await?;
    let [.., before, now] = requests.as_slice() else { return Ok(None) };
    let (said, named) =
        (difference(&before.message, &now.message), difference(&before.further_accounts, &now.further_accounts));
    Ok(Some(Changes {
        decided: when(&desk.visit, before.decided_at.unwrap_or(before.asked_at)),
        withdrawn: before.decision.as_deref() == Some(AgentRole::Withdrawn.name()),
        reason: before.reason.clone(),
        gone: said.gone.into_iter().chain(named.gone).collect(),
        new: said.new.into_iter().chain(named.new).collect(),
    }))
}

/// The prepared reason that says something only where the agent role was asked for.
const FOR_THE_ROLE_ALONE: &str = "own-use";
