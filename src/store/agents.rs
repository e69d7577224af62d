//! Requests for the agent role, and what staff decide of them.

use super::Store;
use super::audit::{self, Trail};
use super::changes::Change;
use super::engine::{Tx, Unit};
use super::grant_events;
use super::outbox::{self, Mail};
use crate::contract::words;
use crate::domain::agent::{AgentMove, AgentRole, RequestForm};
use crate::domain::ids::AccountId;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

/// A request for the role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentRequest {
    /// Its number, rising.
    pub id: i64,
    /// Who asks.
    pub account: AccountId,
    /// By which of the document's two ways.
    pub form: RequestForm,
    /// What they wrote.
    pub message: String,
    /// Emails of further accounts of the same institution, one a line.
    pub further_accounts: String,
    /// When.
    pub asked_at: Timestamp,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// `approved`, `declined` or `withdrawn`.
    pub decision: Option<String>,
    /// By whom.
    pub decided_by: Option<String>,
    /// Why.
    pub reason: String,
}

impl Store {
    /// The newest request of an account.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn agent_request(&self, account: AccountId) -> Result<Option<AgentRequest>, Fault> {
        self.agent_requests_of(account).await.map(|mut found| found.pop())
    }

    /// Every request of an account, oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn agent_requests_of(&self, account: AccountId) -> Result<Vec<AgentRequest>, Fault> {
        self.read(Requests { account: Some(account), open: false }).await
    }

    /// Requests, oldest first; only those that wait when `open`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn agent_requests(&self, open: bool) -> Result<Vec<AgentRequest>, Fault> {
        self.read(Requests { account: None, open }).await
    }

    /// Opens a request; `false` when the role cannot be asked for from where it stands.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn ask_for_agent_role(&self, ask: AskForRole) -> Result<bool, Fault> {
        self.write(ask).await
    }

    /// Decides on a request, or takes a granted role back; `false` when the move is not legal.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn decide_agent_role(&self, decision: DecideRole) -> Result<bool, Fault> {
        self.write(decision).await
    }
}

struct Requests {
    account: Option<AccountId>,
    open: bool,
}

impl Unit for Requests {
    type Out = Vec<AgentRequest>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let rows = tx
            .many(
                "select id, account, form, message, further_accounts, asked_at, decided_at, decision, decided_by, reason
                 from agent_requests
                 where (cast(?1 as bigint) is null or account = ?1) and (?2 = 0 or decided_at is null)
                 order by id",
                values![self.account, self.open],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(AgentRequest {
                    id: row.get(0)?,
                    account: row.get(1)?,
                    form: RequestForm::parse(&row.get::<String>(2)?)
                        .ok_or_else(|| Fault::internal("store: an agent request of an unknown form"))?,
                    message: row.get(3)?,
                    further_accounts: row.get(4)?,
                    asked_at: row.get(5)?,
                    decided_at: row.get(6)?,
                    decision: row.get(7)?,
                    decided_by: row.get(8)?,
                    reason: row.get(9)?,
                })
            })
            .collect()
    }
}

async fn role(tx: &mut Tx, account: AccountId) -> Result<Option<AgentRole>, Fault> {
    let row = tx.one("select agent from accounts where id = ?1", values![account]).await?;
    Ok(row.map(|row| row.get::<String>(0)).transpose()?.as_deref().and_then(AgentRole::parse))
}

/// A request for the role.
pub struct AskForRole {
    /// Who asks.
    pub account: AccountId,
    /// By which of the document's two ways.
    pub form: RequestForm,
    /// What they wrote.
    pub message: String,
    /// Emails of further accounts of the same institution, one a line.
    pub further_accounts: String,
    /// What the person is told.
    pub mail: Option<Mail>,
    /// Who, when.
    pub trail: Trail,
}

impl Unit for AskForRole {
    type Out = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        let Some(from) = role(tx, self.account).await? else { return Ok(false) };
        let Some(to) = from.after(AgentMove::Ask) else { return Ok(false) };
        tx.execute("update accounts set agent = ?2 where id = ?1", values![self.account, to.name()]).await?;
        tx.execute(
            "insert into agent_requests (account, form, message, further_accounts, asked_at)
             values (?1, ?2, ?3, ?4, ?5)",
            values![self.account, self.form.name(), &self.message, &self.further_accounts, self.trail.at],
        )
        .await?;
        let subject = format!("account {}", self.account);
        audit::note(tx, &self.trail, "agent.ask", &subject, from.name(), to.name()).await?;
        if let Some(mail) = &self.mail {
            outbox::post(tx, mail, self.trail.at).await?;
        }
        tx.changed(Change::Account(self.account));
        Ok(true)
    }
}

/// Ends every grant that investors gave to the applications of an agent, with its keys (K-04).
async fn end_grants(tx: &mut Tx, agent: AccountId, trail: &Trail) -> Result<(), Fault> {
    let sql = "select id from applications where owner = ?1 and kind = 'third_party_agent'";
    for row in tx.many(sql, values![agent]).await? {
        grant_events::note_end(tx, &row.get(0)?, &trail.actor, trail.at).await?;
    }
    let ended = tx
        .many(
            "delete from consents where application in
                 (select id from applications where owner = ?1 and kind = 'third_party_agent')
             returning account, application, id",
            values![agent],
        )
        .await?;
    for row in &ended {
        tx.changed(Change::Consent(row.get(0)?, row.get(1)?, row.get(2)?));
    }
    Ok(())
}

/// A decision about the role.
pub struct DecideRole {
    /// Whose role.
    pub account: AccountId,
    /// Approve, decline or withdraw.
    pub step: AgentMove,
    /// Why; the person is told.
    pub reason: String,
    /// Accounts that the request names and that are granted the role along with it, each with what its owner is told.
    pub along: Vec<(AccountId, Mail)>,
    /// What the person is told.
    pub mail: Option<Mail>,
    /// Who, when.
    pub trail: Trail,
}

impl Unit for DecideRole {
    type Out = bool;

    async fn run(&self, tx: &mut Tx) -> Result<bool, Fault> {
        let Some(from) = role(tx, self.account).await? else { return Ok(false) };
        let Some(to) = from.after(self.step) else { return Ok(false) };
        self.move_role(tx, self.account, from, to).await?;
        if self.step == AgentMove::Approve {
            self.approve_account(tx).await?;
            for (account, mail) in &self.along {
                self.grant_along(tx, *account, mail).await?;
            }
        }
        if let Some(mail) = &self.mail {
            outbox::post(tx, mail, self.trail.at).await?;
        }
        Ok(true)
    }
}

impl DecideRole {
    async fn move_role(&self, tx: &mut Tx, account: AccountId, from: AgentRole, to: AgentRole) -> Result<(), Fault> {
        // A withdrawal ends what the role issued; the epoch keeps it ended when the role is granted again.
        let ends = i64::from(to == AgentRole::Withdrawn);
        tx.execute(
            "update accounts set agent = ?2, agent_epoch = agent_epoch + ?3 where id = ?1",
            values![account, to.name(), ends],
        )
        .await?;
        if to == AgentRole::Withdrawn {
            end_grants(tx, account, &self.trail).await?;
        }
        // A withdrawal is written beside the request that it ends; any other decision beside the one that waits.
        let sql = if to == AgentRole::Withdrawn {
            "update agent_requests set decision = ?2, decided_by = ?3, decided_at = ?4, reason = ?5
             where id = (select max(id) from agent_requests where account = ?1)"
        } else {
            "update agent_requests set decision = ?2, decided_by = ?3, decided_at = ?4, reason = ?5
             where account = ?1 and decided_at is null"
        };
        tx.execute(sql, values![account, to.name(), &self.trail.actor, self.trail.at, &self.reason]).await?;
        let subject = format!("account {account}");
        let after = if self.reason.is_empty() { to.name().into() } else { format!("{}: {}", to.name(), self.reason) };
        audit::note(tx, &self.trail, "agent.decide", &subject, from.name(), &after).await?;
        tx.changed(Change::Account(account));
        Ok(())
    }

    /// One review, as the document tells it: an institution that waits for approval is approved with its role.
    async fn approve_account(&self, tx: &mut Tx) -> Result<(), Fault> {
        let (before, after) = (Status::PendingApproval.name(), Status::Active.name());
        let approved = tx
            .execute(
                "update accounts set status = ?2, status_by = ?3, status_at = ?4, status_reason = ?5, epoch = epoch + 1
                 where id = ?1 and status = ?6",
                values![self.account, after, &self.trail.actor, self.trail.at, words::APPROVED_WITH_ROLE, before],
            )
            .await?;
        if approved == 1 {
            audit::note(tx, &self.trail, "account.status", &format!("account {}", self.account), before, after).await?;
        }
        Ok(())
    }

    /// A named account that asks for nothing itself gets a request of its own in the history, decided as it is written.
    async fn grant_along(&self, tx: &mut Tx, account: AccountId, mail: &Mail) -> Result<(), Fault> {
        let Some(from) = role(tx, account).await? else { return Ok(()) };
        if from == AgentRole::Approved {
            return Ok(());
        }
        if from != AgentRole::Requested {
            let ask = AskForRole {
                account,
                form: RequestForm::ExistingAccount,
                message: words::named_by(self.account),
                further_accounts: String::new(),
                mail: None,
                trail: self.trail.clone(),
            };
            ask.run(tx).await?;
        }
        self.move_role(tx, account, AgentRole::Requested, AgentRole::Approved).await?;
        outbox::post(tx, mail, self.trail.at).await
    }
}
