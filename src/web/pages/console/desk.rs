//! A member of staff at a page of the console.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};

use super::super::super::Web;
use super::super::super::answer::{Answer, Trouble};
use super::super::super::visitor::Visit;
use super::super::views::{Act, Chrome, Frame, Here, ProblemKind, Tab, Told};
use super::sign_in;
use crate::contract::table::Stop;
use crate::domain::account::{Account, StaffRole};
use crate::domain::ids::AccountId;
use crate::fault::Fault;
use crate::flows::refusal::{ADMINISTRATION, ANYBODY, Actor, REVIEW, Refusal, SUPPORT};
use crate::flows::send_mail::is_on_screen;

/// A visit of somebody who has opened the console.
pub struct Desk {
    /// The visit.
    pub visit: Visit,
    /// Who works here.
    pub staff: Arc<Account>,
}

impl FromRequest<Web> for Desk {
    type Rejection = Answer;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Answer> {
        let visit = Visit::from_request(request, web).await?;
        match visit.staff.as_ref().map(|who| Arc::clone(&who.account)) {
            Some(staff) => Ok(Self { visit, staff }),
            None => Err(visit.trouble(Trouble::NotFound)),
        }
    }
}

/// Who may look at a part of the console.
pub const fn readers(tab: Tab) -> &'static [StaffRole] {
    match tab {
        Tab::Requests => REVIEW,
        // A reviewer looks at whom they review; only support changes anything.
        Tab::Accounts => ANYBODY,
        Tab::Mail | Tab::Erasures => SUPPORT,
        Tab::Applications | Tab::Spaces | Tab::Keys | Tab::Audit => ADMINISTRATION,
    }
}

impl Desk {
    /// Who acts.
    pub fn actor(&self) -> Actor<'_> {
        Actor::Staff(&self.staff)
    }

    /// Is the role one of these?
    pub fn may(&self, roles: &'static [StaffRole]) -> bool {
        self.actor().must_be_staff(roles).is_ok()
    }

    /// Lets those pass who may look at this part.
    ///
    /// # Errors
    /// The page that says who may.
    #[expect(clippy::result_large_err, reason = "the answer that is given instead is no larger than any other")]
    pub fn reads(&self, tab: Tab) -> Result<(), Answer> {
        if self.may(readers(tab)) { Ok(()) } else { Err(self.visit.problem(ProblemKind::Forbidden)) }
    }

    /// The account of this number, as the store has it: what was just changed is shown as it is.
    ///
    /// # Errors
    /// The answer to give instead: the page that says who may look at this part, or 404.
    pub async fn account(&self, tab: Tab, id: &str) -> Result<Account, Answer> {
        self.reads(tab)?;
        let Ok(id) = id.parse() else { return Err(self.visit.trouble(Trouble::NotFound)) };
        match self.visit.p().store.credentials(AccountId(id)).await {
            Ok(Some(found)) => Ok(found.account),
            Ok(None) => Err(self.visit.trouble(Trouble::NotFound)),
            Err(fault) => Err(self.visit.broke(&fault)),
        }
    }

    /// A page, or the page that says that something broke.
    pub fn page(&self, status: u16, view: Result<impl askama::Template, Fault>) -> Answer {
        match view {
            Ok(view) => self.visit.page(status, &view),
            Err(fault) => self.visit.broke(&fault),
        }
    }

    /// The frame of every page.
    pub fn chrome(&self) -> Chrome {
        self.visit.chrome(Here::Elsewhere)
    }

    /// The console's own frame.
    pub fn frame(&self, here: Tab) -> Frame {
        Frame {
            name: self.staff.name.clone(),
            role: self.staff.staff.map_or("", StaffRole::name),
            tabs: Tab::ALL.into_iter().filter(|tab| self.may(readers(*tab))).collect(),
            here: Some(here),
            no_mail: is_on_screen(self.visit.p()),
            leave: self.visit.form(sign_in::LEAVE, Vec::new()),
        }
    }

    /// A form, and the line that does the same.
    pub fn act(&self, action: &str, line: String) -> Act {
        Act { form: self.visit.form(action, Vec::new()), line }
    }

    /// What the last form came to, if this page was come to from one.
    pub fn told(&self) -> Option<Told> {
        self.visit.query.get("done").and_then(Told::of)
    }

    /// Was the posted form ours, and each of these fields sent once at most?
    pub fn is_ours(&self, fields: &[&str]) -> bool {
        self.visit.has_form_token(&self.visit.path)
            && !self.visit.form.repeats_any(fields)
            && !self.visit.form.repeats_any(&["form_token"])
    }

    /// Back to a page, with a word of what was done.
    pub fn done(&self, path: &str, told: &Told) -> Answer {
        self.visit.see_other(&format!("{path}?done={}", told.word()))
    }

    /// The page for a refusal that has no place on the page of its form.
    pub fn refused(&self, stop: Stop<Refusal>) -> Answer {
        match stop {
            Stop::Broke(fault) => self.visit.broke(&fault),
            Stop::Later(later) => self.visit.trouble(Trouble::Later(later)),
            Stop::Refused(Refusal::NotFound) => self.visit.trouble(Trouble::NotFound),
            Stop::Refused(Refusal::StaffNeeded(_) | Refusal::OwnRequest) => self.visit.problem(ProblemKind::Forbidden),
            Stop::Refused(_) => self.visit.problem(ProblemKind::BadRequest),
        }
    }
}

/// A refusal of what cannot be done from where things stand, in words, with the status of its page.
pub fn in_words(refusal: &Refusal) -> (u16, Told) {
    (409, Told::Refused(refusal.to_string()))
}
