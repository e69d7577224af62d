//! `/login`: GET shows the form, POST signs in and leads on to `next` (L-02, A-03, R-24, R-27, R-28).

use zeroize::Zeroizing;

use super::super::answer::{self, Answer, Trouble};
use super::super::local_path::LocalPath;
use super::super::visitor::Visit;
use super::onward::Onward;
use super::paths;
use super::person::lost_a_form;
use super::space_choice::MOST_LISTED;
use super::standing;
use super::views::{Field, Here, Hidden, OfSpace, ProblemKind, SignIn, SignInRefusal, SpaceChoice};
use crate::contract::table::Later;
use crate::contract::words;
use crate::crypto::password::HashProblem;
use crate::domain::FieldProblem;
use crate::domain::space::{Admission, Space};
use crate::fault::Fault;
use crate::flows::sign_in::{SignInAsk, SignedIn, Where, sign_in};
use crate::prosper::Prosper;

/// `GET /login`
pub async fn show(visit: Visit) -> Answer {
    let next = visit.query.get("next").and_then(LocalPath::parse);
    match Entrance::of(next, visit.p()).await {
        Ok(entrance) => entrance.page(&visit, 200, None),
        Err(fault) => visit.broke(&fault),
    }
}

/// `POST /login`
pub async fn submit(visit: Visit) -> Answer {
    if visit.form.repeats_any(&FIELDS) {
        return visit.problem(ProblemKind::BadRequest);
    }
    let next = visit.form.get("next").and_then(LocalPath::parse);
    let entrance = match Entrance::of(next, visit.p()).await {
        Ok(entrance) => entrance,
        Err(fault) => return visit.broke(&fault),
    };
    if let Some(later) = visit.web.limits.check(visit.address, visit.now()) {
        return entrance.too_many(&visit, later);
    }
    if !visit.has_form_token(&entrance.subject()) {
        return entrance.page(&visit, 400, Some(SignInRefusal::StaleForm));
    }
    let (Some(email), Some(password)) = (visit.form.get("email"), visit.form.get("password")) else {
        return entrance.page(&visit, 400, Some(SignInRefusal::Incomplete));
    };
    // Nobody is looked for where there is no such space: the page says so beside the field.
    let Some(space) = entrance.space(&visit) else { return entrance.page(&visit, 400, None) };
    let ask = SignInAsk {
        email: email.to_owned(),
        password: Zeroizing::new(password.to_owned()),
        space,
        instead: visit.signed_in.as_ref().map(|who| who.session.id),
        address: visit.address.to_string(),
        agent: visit.user_agent(),
    };
    match sign_in(ask, visit.p()).await {
        Ok(SignedIn::Opened { cookie, account }) => {
            tracing::info!(request_id = visit.request_id, account = account.id.0, address = %visit.address, "signed in");
            answer::set_cookie(answer::see_other(entrance.leads_to()), &visit.session_cookie(&cookie))
        }
        Ok(SignedIn::Refused(account)) => standing::page(&visit, &account).await,
        Ok(SignedIn::Wrong) => {
            tracing::info!(request_id = visit.request_id, address = %visit.address, "a sign-in was refused");
            visit.web.limits.failed(visit.address, visit.now());
            entrance.page(&visit, 400, Some(SignInRefusal::BadCredentials))
        }
        Err(HashProblem::Busy(later)) if later.too_many => entrance.too_many(&visit, later),
        Err(HashProblem::Busy(later)) => visit.trouble(Trouble::Later(later)),
        Err(HashProblem::Broke(fault)) => visit.broke(&fault),
    }
}

/// A sign-in and what it leads to.
struct Entrance {
    next: Option<LocalPath>,
    /// The application that waits.
    to: Option<Onward>,
    /// The spaces there are.
    spaces: std::sync::Arc<Vec<Space>>,
}

impl Entrance {
    /// Which application waits behind `next`, if one does whose request could go on.
    async fn of(next: Option<LocalPath>, p: &Prosper) -> Result<Self, Fault> {
        let to = Onward::of(next.as_ref(), p).await?;
        Ok(Self { next, to, spaces: p.store.spaces().await? })
    }

    /// What the form is about: a token for one request is none for another (W-02).
    fn subject(&self) -> String {
        format!("{} {}", paths::SIGN_IN, self.next.as_ref().map_or("", LocalPath::as_str))
    }

    /// The space whose page this is: the application's, else the one that was chosen.
    fn house<'a>(&'a self, visit: &'a Visit) -> Option<&'a Space> {
        let (Where::Flow(id) | Where::Chosen(id)) = self.space(visit)?;
        self.spaces.iter().find(|space| space.id == id)
    }

    fn leads_to(&self) -> &str {
        self.next.as_ref().map_or(paths::ACCOUNT, LocalPath::as_str)
    }

    /// Where the account is looked for; `None` for a space that there is not.
    fn space(&self, visit: &Visit) -> Option<Where> {
        match (&self.to, visit.form.get("space")) {
            (Some(to), _) => Some(Where::Flow(to.space)),
            (None, Some(name)) => {
                let named = self.spaces.iter().find(|space| space.name.eq_ignore_ascii_case(name.trim()));
                named.map(|space| Where::Chosen(space.id))
            }
            (None, None) => self.spaces.first().map(|space| Where::Chosen(space.id)),
        }
    }

    fn page(&self, visit: &Visit, status: u16, refusal: Option<SignInRefusal>) -> Answer {
        let hidden = self.next.iter().map(|next| Hidden { name: "next", value: next.as_str().to_owned() }).collect();
        let mut form = visit.form(paths::SIGN_IN, hidden);
        (form.token, form.stale) = (visit.form_token(&self.subject()), refusal == Some(SignInRefusal::StaleForm));
        let chosen = visit.form.get("space");
        let choice = |space: &Space| SpaceChoice {
            value: space.name.clone(),
            name: space.name.clone(),
            chosen: chosen.is_some_and(|chosen| chosen.eq_ignore_ascii_case(&space.name)),
        };
        let choose = self.to.is_none() && self.spaces.len() > 1;
        let listed = choose && self.spaces.len() <= MOST_LISTED;
        let unknown = self.space(visit).is_none().then(|| words::field_problem(FieldProblem::Unknown));
        let view = SignIn {
            chrome: Onward::framed(self.to.as_ref(), visit.chrome_in(self.house(visit), Here::Elsewhere)),
            form,
            to_app: self.to.as_ref().map(Onward::to_app),
            email: Field::of(visit.form.get("email").unwrap_or_default()),
            first_staff: refusal.is_none() && visit.query.get("made") == Some("staff"),
            lost_form: lost_a_form(visit),
            refusal,
            of_space: (self.spaces.len() > 1)
                .then(|| self.house(visit))
                .flatten()
                .map(|space| OfSpace { name: space.name.clone(), choosable: choose }),
            spaces: self.spaces.iter().take(if listed { MOST_LISTED } else { 0 }).map(choice).collect(),
            space: (choose && !listed)
                .then(|| Field { value: chosen.unwrap_or_default().to_owned(), error: unknown.clone() }),
            space_error: unknown.filter(|_| listed),
            forgot_href: Some(self.forgot_href()),
            open_account_href: self.may_be_opened().then(|| self.open_account_href()),
        };
        // Where consent was given before, the post ends at the application (W-01).
        let origin = self.to.as_ref().map(|to| to.uri.origin());
        visit.page_ending_at(status, &view, origin)
    }

    /// May somebody open an account where this sign-in looks for one?
    fn may_be_opened(&self) -> bool {
        let open = |space: &Space| space.sign_up == Admission::Open;
        match &self.to {
            Some(to) => self.spaces.iter().any(|space| space.id == to.space && open(space)),
            None => self.spaces.iter().any(open),
        }
    }

    /// Where a forgotten password of the same space is replaced, from which the way leads on.
    fn forgot_href(&self) -> String {
        self.to.as_ref().map_or_else(|| paths::FORGOT.to_owned(), |to| to.by_way_of(paths::FORGOT))
    }

    /// Where an account is opened, from which the way leads on.
    fn open_account_href(&self) -> String {
        self.to.as_ref().map_or_else(|| paths::SIGN_UP.to_owned(), |to| to.by_way_of(paths::SIGN_UP))
    }

    fn too_many(&self, visit: &Visit, later: Later) -> Answer {
        let minutes = u32::try_from(later.seconds.div_ceil(60)).unwrap_or(u32::MAX).max(1);
        answer::retry_after(self.page(visit, 429, Some(SignInRefusal::TooMany { minutes })), later)
    }
}

/// The fields of the form.
const FIELDS: [&str; 5] = ["form_token", "email", "password", "space", "next"];
