//! Using a code. It carries its own facts, sealed; redeeming it is one insert of its id, "on conflict do nothing", and "one
//! row" *is* single use (L-15).
//!
//! The insert demands that everything the code was given on the strength of still stands. Mostly that is known before: the
//! live view has it, and nothing was logged since. Then the transaction only has to find the change log where the view has
//! read to, which is one row for all codes of a slice; otherwise it looks at each fact by itself.

use std::collections::HashSet;
use std::sync::Arc;

use super::Store;
use super::engine::Tx;
use super::given::{Columns, GivenRow, Kind};
use super::neighbours::Hot;
use super::redemptions::{ByCode, Redemption};
use super::stood::{Basis, Mark};
use super::view::{NOWHERE, View};
use crate::domain::account::Account;
use crate::domain::application::{Application, ApplicationKind};
use crate::domain::ids::CodeId;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::values;

/// What became of an attempt to redeem a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// This attempt won.
    Now,
    /// It was used before.
    Before {
        /// When.
        at: Timestamp,
    },
    /// What it was given on the strength of stands no more; it stays unused.
    NotAllowed,
}

/// A code about to be used.
#[derive(Clone, Copy, Debug)]
pub struct Redeeming {
    /// The code, and what it was given on the strength of.
    pub basis: Basis,
    /// When it is used.
    pub used_at: Timestamp,
    /// When it would have expired.
    pub code_expires_at: Timestamp,
    /// When the token expires that it is traded for.
    pub token_expires_at: Timestamp,
}

impl Store {
    /// Uses a code, if nobody has and everything it was given on the strength of still stands.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn redeem_code(&self, code: Redeeming) -> Result<Redeemed, Fault> {
        let view = &self.inner.view;
        let began = view.generation();
        let stands = code.stands(view);
        let known = stands.as_ref().map(|(mark, _)| (Arc::clone(view), *mark));
        if !self.inner.redeeming.join(Item { code, known }, self).await? {
            let used = self.read(ByCode(code.basis.code)).await?;
            return Ok(used.map_or(Redeemed::NotAllowed, |used| Redeemed::Before { at: used.used_at }));
        }
        // What was written is what would be read, and its token is about to be used.
        match stands {
            Some((mark, account)) => self.found_to_stand(code.basis, mark, account),
            None => view.fill(began, || view.redemptions.insert(code.basis.code, Arc::new(code.redemption()))),
        }
        Ok(Redeemed::Now)
    }
}

impl Redeeming {
    /// Does everything it was given on the strength of stand, as the live view has it? Then the account, and the mark from
    /// before it was looked at. The conditions of the statement below, and those of the token that will be looked at; what
    /// is not held is left to them.
    fn stands(&self, view: &View) -> Option<(Mark, Arc<Account>)> {
        let Basis { code, client: application, account, space: both, consent, epochs } = self.basis;
        if !view.is_trusted() {
            return None;
        }
        let mark = view.marks.now(account, code);
        let client = view.clients.get(&application)?;
        let Application { kind, disabled, epoch, space, .. } = client.application;
        let account = view.accounts.get(&account)?;
        let stands = view.installation.load().as_ref()?.epoch == epochs.installation
            && (kind, disabled, epoch, space) == (ApplicationKind::Login, false, epochs.application, both)
            && account.is_usable()
            && (account.epoch, account.space) == (epochs.account, both)
            && view.consents.get(&(account.id, application)).is_some_and(|held| held.id == consent);
        stands.then_some((mark, account))
    }

    /// What is written down.
    pub fn redemption(&self) -> Redemption {
        let Self { basis, used_at, code_expires_at, token_expires_at } = *self;
        let Basis { code, client: application, account, .. } = basis;
        Redemption { code, application, account, used_at, code_expires_at, token_expires_at, revoked: false }
    }
}

/// A code on its way into a slice.
#[derive(Clone)]
pub(super) struct Item {
    code: Redeeming,
    /// The mark from before it was seen that what it was given on the strength of stands, and the view that saw it.
    known: Option<(Arc<View>, Mark)>,
}

impl Item {
    /// A position of the change log up to which what the code was given on the strength of is known to stand: for a
    /// transaction that finds the log there, nothing has happened to it. [`NOWHERE`] if that is not known.
    fn stands_up_to(&self) -> i64 {
        let Some((view, mark)) = &self.known else { return NOWHERE };
        // In this order: whatever was logged up to there has moved the mark by now.
        let applied = view.applied();
        let Basis { account, code, .. } = self.code.basis;
        if view.marks.now(account, code) == *mark { applied } else { NOWHERE }
    }
}

/// The given rows of [`Item::all`].
const COLUMNS: Columns = &[
    ("code", Kind::Bytes),
    ("application", Kind::Bytes),
    ("account", Kind::Int),
    ("used_at", Kind::Int),
    ("code_expires_at", Kind::Int),
    ("token_expires_at", Kind::Int),
    ("consent", Kind::Bytes),
    ("account_epoch", Kind::Int),
    ("application_epoch", Kind::Int),
    ("installation_epoch", Kind::Int),
    ("stands_up_to", Kind::Int),
];

impl Hot for Item {
    /// Has it won?
    type Out = bool;

    fn is_one_statement(_: &[Self]) -> bool {
        true
    }

    async fn all(items: &[Self], tx: &mut Tx) -> Result<Vec<bool>, Fault> {
        // In the order of their codes, so that two slices that wait for one another's codes cannot wait in a ring. Several
        // that bring the same code stand on the same, which is sealed with it; the first of them may win.
        let mut first: Vec<_> = (0..items.len()).collect();
        first.sort_by_key(|at| items[*at].id());
        first.dedup_by_key(|at| items[*at].id());
        let rows: Vec<_> = first.iter().map(|at| items[*at].given()).collect();
        let used = tx
            .many_given(
                "insert into redemptions
                     (code, application, account, used_at, code_expires_at, token_expires_at, revoked)
                 select g.code, g.application, g.account, g.used_at, g.code_expires_at, g.token_expires_at, 0
                 from given g
                 where g.code_expires_at > (select swept_before from installation where one = 1)
                   and (g.stands_up_to = (select position from change_head where one = 1)
                     or exists (select 1 from installation where one = 1 and epoch = g.installation_epoch)
                       and exists (select 1 from applications
                             where id = g.application and epoch = g.application_epoch and disabled = 0)
                       and exists (select 1 from accounts
                             where id = g.account and epoch = g.account_epoch and status = 'active'
                               and password_reset_required = 0)
                       and exists (select 1 from consents where id = g.consent))
                 on conflict (code) do nothing
                 returning code",
                COLUMNS,
                &rows,
            )
            .await?;
        let used = used.iter().map(|row| row.get(0)).collect::<Result<HashSet<CodeId>, _>>()?;
        let mut won = vec![false; items.len()];
        for at in first {
            won[at] = used.contains(&items[at].id());
        }
        Ok(won)
    }
}

impl Item {
    fn id(&self) -> CodeId {
        self.code.basis.code
    }

    fn given(&self) -> GivenRow<'_> {
        let Redeeming { basis, used_at, code_expires_at, token_expires_at } = &self.code;
        let Basis { code, client, account, space: _, consent, epochs } = basis;
        values![
            code,
            client,
            *account,
            *used_at,
            *code_expires_at,
            *token_expires_at,
            consent,
            epochs.account,
            epochs.application,
            epochs.installation,
            self.stands_up_to(),
        ]
        .to_vec()
    }
}
