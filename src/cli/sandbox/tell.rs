//! Who and what there is, told three times: as JSON for test suites, as tables for a terminal, as a page.

use serde::Serialize;

use super::super::failure::Outcome;
use super::super::talk::{self, Talk};
use super::cast::SPACES;
use super::plant::Stage;
use crate::domain::account::{Account, StaffRole};
use crate::domain::agent::AgentRole;
use crate::domain::application::{Application, ApplicationKind};
use crate::domain::scope::Scope;
use crate::prosper::Prosper;
use crate::web::pages::views::{AppKind, SandboxApp, SandboxPerson};
use crate::web::sandbox::Cast;

/// What the ready file holds.
#[derive(Debug, Serialize)]
pub struct Told {
    base_url: String,
    version: &'static str,
    pid: u32,
    spaces: Vec<ToldSpace>,
    people: Vec<Person>,
    applications: Vec<App>,
}

#[derive(Debug, Serialize)]
struct ToldSpace {
    name: String,
}

#[derive(Debug, Serialize)]
struct Person {
    name: String,
    email: String,
    password: String,
    kind: &'static str,
    space: String,
    status: &'static str,
    password_reset_required: bool,
    /// Where the agent role stands; nothing if it was never asked for.
    agent: Option<&'static str>,
    /// The staff role, if any.
    staff: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct App {
    kind: &'static str,
    #[serde(skip)]
    of_kind: ApplicationKind,
    name: String,
    client_id: String,
    client_secret: String,
    owner: String,
    space: String,
    redirect_uris: Vec<String>,
    scopes: Vec<&'static str>,
}

/// Gathers it.
///
/// # Errors
/// The store cannot be read.
pub async fn told(stage: &Stage, p: &Prosper) -> Outcome<Told> {
    let all = p.store.spaces().await?;
    let space = |id| all.iter().find(|space| space.id == id).map_or_else(String::new, |space| space.name.clone());
    let person = |(account, password): &(Account, String)| Person {
        name: account.name.clone(),
        email: account.email.as_str().to_owned(),
        password: password.clone(),
        kind: account.kind.name(),
        space: space(account.space),
        status: account.status.name(),
        password_reset_required: account.password_reset_required,
        agent: (account.agent != AgentRole::None).then(|| account.agent.name()),
        staff: account.staff.map(StaffRole::name),
    };
    let owner = |app: &Application| {
        let found = stage.people.iter().find(|(account, _)| account.id == app.owner);
        found.map_or_else(String::new, |(account, _)| account.email.as_str().to_owned())
    };
    let app = |(app, secret): &(Application, String)| App {
        kind: app.kind.name(),
        of_kind: app.kind,
        name: app.profile.name.clone(),
        client_id: app.id.hex(),
        client_secret: secret.clone(),
        owner: owner(app),
        space: space(app.space),
        redirect_uris: app.profile.redirect_uris.iter().map(|uri| uri.as_str().to_owned()).collect(),
        scopes: app.scopes.iter().map(Scope::name).collect(),
    };
    Ok(Told {
        base_url: p.settings.public_url.to_string(),
        version: env!("CARGO_PKG_VERSION"),
        pid: std::process::id(),
        spaces: SPACES.iter().map(|name| ToldSpace { name: (*name).to_owned() }).collect(),
        people: stage.people.iter().map(person).collect(),
        applications: stage.applications.iter().map(app).collect(),
    })
}

/// As tables and lines on standard output, with what to do next.
///
/// # Errors
/// Standard output cannot be written.
pub fn print(told: &Told, curls: &[(String, String)], talk: Talk) -> Outcome {
    let heading = |text: &str| format!("\n{text}\n{}\n", "-".repeat(text.len()));
    let mut out = format!("Prosper {} sandbox at {}\n", told.version, told.base_url);
    out.push_str(&heading("Sign-ins"));
    let people = told.people.iter().map(|person| {
        [person.name.clone(), person.email.clone(), person.password.clone(), person.space.clone(), stands(person)]
    });
    out.push_str(&talk::table(&["name", "email", "password", "space", "stands"], people));
    out.push_str(&heading("Apps"));
    let apps = told.applications.iter().map(|app| {
        [app.kind.to_owned(), app.name.clone(), app.client_id.clone(), app.client_secret.clone(), app.owner.clone()]
    });
    out.push_str(&talk::table(&["kind", "name", "client_id", "client_secret", "owner"], apps));
    out.push_str(&heading("Ready to paste"));
    for (grant, line) in curls {
        out.extend(["# ", grant, "\n", line, "\n\n"]);
    }
    talk::print(&out)?;
    let base = &told.base_url;
    talk.say(&format!(
        "Everything above as a page   {base}/sandbox\nSign in                      {base}/login\n\
         Register an app              {base}/oauth#/settings\nWhat would have been mailed  {base}/sandbox/mail\n\
         Ten hours later              curl -d '{{\"seconds\":36000}}' {base}/sandbox/clock/advance\n\nCtrl-C stops it."
    ));
    Ok(())
}

/// How somebody stands: all that sets them apart from an account that is simply in use.
fn stands(person: &Person) -> String {
    let mut stands = vec![person.status.to_owned()];
    stands.extend(person.password_reset_required.then(|| "password reset required".to_owned()));
    stands.extend(person.agent.map(|role| format!("agent {role}")));
    stands.extend(person.staff.map(str::to_owned));
    stands.join(", ")
}

/// As the sandbox's home page has it.
pub fn page(told: &Told, curls: &[(String, String)]) -> Cast {
    let person = |person: &Person| SandboxPerson {
        name: person.name.clone(),
        email: person.email.clone(),
        password: person.password.clone(),
        space: person.space.clone(),
        status: stands(person),
        usable: person.status == "active" && !person.password_reset_required,
    };
    let app = |app: &App| SandboxApp {
        name: app.name.clone(),
        kind: match app.of_kind {
            ApplicationKind::Personal => AppKind::Personal,
            ApplicationKind::Institutional => AppKind::Institutional,
            ApplicationKind::ThirdPartyAgent => AppKind::Agent,
            ApplicationKind::Login => AppKind::Login,
            ApplicationKind::Partner => AppKind::Partner,
            ApplicationKind::Api => AppKind::Api,
        },
        owner: app.owner.clone(),
        space: app.space.clone(),
        client_id: app.client_id.clone(),
        client_secret: app.client_secret.clone(),
        redirect_uris: app.redirect_uris.clone(),
    };
    Cast {
        people: told.people.iter().map(person).collect(),
        apps: told.applications.iter().map(app).collect(),
        curls: curls.to_vec(),
    }
}
