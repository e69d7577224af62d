//! API settings (`/oauth#/settings`; seeds 1 and 2; B-02, B-03, B-05): the apps of the account in use, and the forms that
//! register one.
//!
//! The answer to a registration *is* the page with the secret on it: a secret is not kept for a page to come. The form's
//! token stands for the client id, so that a reload or a second click registers nothing more and says so.

use super::super::answer::Answer;
use super::super::visitor::Visit;
use super::person::{app_kind, app_state, field, logo, made_by, refused, typed, usable, when};
use super::role::role_state;
use super::views::{AgentForm, ApiSettings, AppRow, Field, Here, Notice, OwnForm, ProblemKind, Registered};
use super::{paths, person};
use crate::contract::table::Stop;
use crate::domain::FieldProblems;
use crate::domain::account::{Account, AccountKind};
use crate::domain::application::{Application, ApplicationKind, Registration};
use crate::domain::ids::ClientId;
use crate::fault::Fault;
use crate::flows::refusal::{Actor, Refusal};
use crate::flows::register_app::{NewApplication, RegisteredApplication, register_app};
use crate::prosper::Prosper;
use crate::store::applications::Client;

/// `GET /oauth`, when the query is no agent's.
pub async fn show(visit: Visit) -> Answer {
    match usable(&visit, paths::API_SETTINGS).await {
        Ok(account) => page(&visit, &account, 200, Said::default()).await,
        Err(answer) => answer,
    }
}

/// `POST /oauth`: registers an app of the owner's own, or an agent's.
pub async fn register(visit: Visit) -> Answer {
    let account = match usable(&visit, paths::API_SETTINGS).await {
        Ok(account) => account,
        Err(answer) => return answer,
    };
    let (false, Some(form)) = (visit.form.repeats_any(&FIELDS), WhichForm::of(&visit)) else {
        return visit.problem(ProblemKind::BadRequest);
    };
    if !visit.has_form_token(paths::API_SETTINGS) {
        let said = Said { notice: Some(Notice::Stale), form: Some(form), ..Said::default() };
        return page(&visit, &account, 400, said).await;
    }
    let id = ClientId::from_bytes(made_by(&visit));
    let new = NewApplication {
        owner: account.id,
        kind: form.kind(account.kind),
        typed: form.registration(&visit),
        scopes: None,
        logo: None,
        id: Some(id),
    };
    match register_app(new, Actor::Owner(&account), visit.trail(), visit.p()).await {
        Ok(made) => {
            let said = Said { registered: Some(registered(&made, &account, visit.p())), ..Said::default() };
            page(&visit, &account, 200, said).await
        }
        Err(Stop::Refused(Refusal::Fields(problems))) => {
            let said = Said { problems: Some(&problems), form: Some(form), ..Said::default() };
            page(&visit, &account, 400, said).await
        }
        Err(Stop::Refused(Refusal::MadeAlready)) => {
            let notice = Notice::MadeAlready { manage_href: paths::app(&id.hex()) };
            page(&visit, &account, 409, Said { notice: Some(notice), ..Said::default() }).await
        }
        Err(Stop::Refused(Refusal::TooManyApplications(most))) => {
            let said = Said { notice: Some(Notice::TooMany { most }), form: Some(form), ..Said::default() };
            page(&visit, &account, 400, said).await
        }
        // The page itself says how the role stands, and why there is no form for it.
        Err(Stop::Refused(Refusal::RoleNeeded(_))) => page(&visit, &account, 403, Said::default()).await,
        Err(stop) => refused(&visit, stop).await,
    }
}

/// Which of the two forms was sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WhichForm {
    Own,
    Agent,
}

impl WhichForm {
    fn of(visit: &Visit) -> Option<Self> {
        match visit.form.get("kind") {
            Some("own") => Some(Self::Own),
            Some("agent") => Some(Self::Agent),
            _ => None,
        }
    }

    const fn kind(self, owner: AccountKind) -> ApplicationKind {
        match (self, owner) {
            (Self::Agent, _) => ApplicationKind::ThirdPartyAgent,
            (Self::Own, AccountKind::Individual) => ApplicationKind::Personal,
            (Self::Own, AccountKind::Institutional) => ApplicationKind::Institutional,
        }
    }

    /// The fields of the form, and no others.
    fn registration(self, visit: &Visit) -> Registration {
        let of_agents = |name| if self == Self::Agent { typed(visit, name) } else { String::new() };
        Registration {
            name: typed(visit, "company_name"),
            phone: typed(visit, "phone"),
            email: typed(visit, "email"),
            url: of_agents("company_url"),
            redirect_uris: vec![of_agents("redirect_url")],
        }
    }
}

/// Every field of both forms.
const FIELDS: [&str; 7] = ["form_token", "kind", "company_name", "phone", "email", "company_url", "redirect_url"];

/// What the page has to say besides what is there.
#[derive(Default)]
struct Said<'a> {
    registered: Option<Registered>,
    notice: Option<Notice>,
    /// The form that came back, and what is wrong with it.
    form: Option<WhichForm>,
    problems: Option<&'a FieldProblems>,
}

async fn page(visit: &Visit, account: &Account, status: u16, said: Said<'_>) -> Answer {
    match view(visit, account, said).await {
        Ok(view) => visit.page(status, &view),
        Err(fault) => visit.broke(&fault),
    }
}

async fn view(visit: &Visit, account: &Account, said: Said<'_>) -> Result<ApiSettings, Fault> {
    let clients = visit.p().store.clients_of(account.id).await?;
    let fresh = || visit.form(paths::API_SETTINGS, Vec::new());
    let back = |form, name, problem: &str| match said.form {
        Some(sent) if sent == form => field(visit, name, problem, said.problems),
        _ => Field::default(),
    };
    let own = |name| back(WhichForm::Own, name, if name == "company_name" { "name" } else { name });
    let agent = |name, problem| back(WhichForm::Agent, name, problem);
    Ok(ApiSettings {
        chrome: visit.chrome(Here::ApiSettings),
        apps: clients.iter().map(|client| row(visit, client, account)).collect(),
        own_form: Some(OwnForm {
            form: fresh(),
            company_name: own("company_name"),
            phone: own("phone"),
            email: own("email"),
            individual: account.kind == AccountKind::Individual,
        }),
        agent_form: account.is_agent().then(|| AgentForm {
            form: fresh(),
            company_name: agent("company_name", "name"),
            phone: agent("phone", "phone"),
            email: agent("email", "email"),
            company_url: agent("company_url", "url"),
            redirect_url: agent("redirect_url", "redirect_uris"),
        }),
        role: role_state(visit, account).await?,
        registered: said.registered,
        notice: said.notice,
    })
}

fn row(visit: &Visit, client: &Client, owner: &Account) -> AppRow {
    let application = &client.application;
    let id = application.id.hex();
    AppRow {
        name: application.profile.name.clone(),
        logo: logo(application),
        kind: app_kind(application.kind),
        state: app_state(application, owner),
        secrets: client.secrets.iter().filter(|secret| secret.is_live(visit.now())).count(),
        last_used: client.secrets.iter().filter_map(|secret| secret.last_used_at).max().map(|at| when(visit, at)),
        manage_href: paths::app(&id),
        client_id: id,
    }
}

fn registered(made: &RegisteredApplication, owner: &Account, p: &Prosper) -> Registered {
    let application = &made.application;
    Registered {
        name: application.profile.name.clone(),
        kind: person::app_kind(application.kind),
        client_id: application.id.hex(),
        client_secret: made.client_secret.expose().to_owned(),
        username: owner.email.as_str().to_owned(),
        public_url: p.settings.public_url.as_str().to_owned(),
        invite_link: invite_link(application, p),
        manage_href: paths::app(&application.id.hex()),
    }
}

/// The link that an agent gives to investors (B-03).
pub fn invite_link(application: &Application, p: &Prosper) -> Option<String> {
    (application.kind == ApplicationKind::ThirdPartyAgent).then(|| {
        let (base, id) = (&p.settings.public_url, application.id);
        format!("{base}/oauth?client_id={id}&response_type=auth_key&state=YOUR_STATE")
    })
}
