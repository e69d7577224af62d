//! One application's page, and what its owner does there (B-05, B-07; ).
//!
//! Whatever ends something is asked first (GET) and done then (POST). A new secret stands in the answer to the post that
//! made it, and nowhere afterwards.
//!
//! This file is long because the page shows many things that its owner may do, each a question and a deed.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Path;

use super::super::answer::Answer;
use super::super::visitor::Visit;
use super::api_settings::invite_link;
use super::paths;
use super::person::{app_kind, app_state, logo, made_by, refused, typed, usable, when};
use super::views::{AppPage, Confirm, Done, Ending, Field, Here, Language, ProblemKind, SecretRow, SecretShown};
use super::{app_more, app_requests};
use crate::contract::lifetimes::SECRET_OVERLAP;
use crate::contract::table::Stop;
use crate::contract::words;
use crate::domain::FieldProblems;
use crate::domain::account::Account;
use crate::domain::application::ApplicationKind;
use crate::domain::ids::{ClientId, SecretId};
use crate::domain::redirect_uri::RedirectUri;
use crate::fault::Fault;
use crate::flows::manage_app::{AppWish, Rotation, app_of, change_app, rotate_secret};
use crate::flows::refusal::{Actor, Refusal};
use crate::store::applications::{Client, ClientSecret};

/// `GET /oauth/apps/{client_id}`
pub async fn show(Path(id): Path<String>, visit: Visit) -> Answer {
    match Desk::of(&visit, &id).await {
        Ok(desk) => {
            let done = visit.query.get("done").and_then(done_of);
            desk.page(200, Said { done, ..Said::default() }).await
        }
        Err(answer) => answer,
    }
}

/// `POST …/secrets`: adds a secret and shows it, this once.
pub async fn add_secret(Path(id): Path<String>, visit: Visit) -> Answer {
    let desk = match Desk::of_post(&visit, &id, &["label", "overlap"]).await {
        Ok(desk) => desk,
        Err(answer) => return answer,
    };
    // What is no number of hours is none that is offered, which the flow says.
    let hours = visit.form.get("overlap").map(|hours| hours.parse::<u64>().unwrap_or(u64::MAX));
    let overlap = hours.map(|hours| Duration::from_secs(hours.saturating_mul(3_600)));
    let secret = SecretId::from_bytes(made_by(&visit));
    let wish = Rotation { label: typed(&visit, "label"), overlap, id: Some(secret) };
    match rotate_secret(desk.id, wish, desk.actor(), visit.trail(), visit.p()).await {
        Ok(new) => {
            let shown = SecretShown {
                label: new.label,
                secret: new.client_secret.expose().to_owned(),
                older_ends: new.older_ends.map(|end| when(&visit, end)),
            };
            match Desk::of(&visit, &id).await {
                Ok(desk) => desk.page(200, Said { new_secret: Some(shown), ..Said::default() }).await,
                Err(answer) => answer,
            }
        }
        Err(Stop::Refused(Refusal::Fields(problems))) => desk.page(400, Said::back(&problems)).await,
        Err(Stop::Refused(Refusal::MadeAlready)) => {
            desk.page(409, Said { done: Some(Done::SecretMadeAlready), ..Said::default() }).await
        }
        Err(stop) => refused(&visit, stop).await,
    }
}

/// `POST …/redirects`
pub async fn set_redirects(Path(id): Path<String>, visit: Visit) -> Answer {
    let desk = match Desk::of_post(&visit, &id, &["redirect_uris"]).await {
        Ok(desk) => desk,
        Err(answer) => return answer,
    };
    let typed = typed(&visit, "redirect_uris").lines().map(str::to_owned).collect();
    match change_app(desk.id, AppWish::RedirectUris(typed), desk.actor(), visit.trail(), visit.p()).await {
        Ok(()) => visit.see_other(&format!("{}?done=redirects", desk.base)),
        Err(Stop::Refused(Refusal::Fields(problems))) => desk.page(400, Said::back(&problems)).await,
        Err(stop) => refused(&visit, stop).await,
    }
}

/// `POST …/switches`
pub async fn set_switches(Path(id): Path<String>, visit: Visit) -> Answer {
    let desk = match Desk::of_post(&visit, &id, &["require_pkce", "send_iss"]).await {
        Ok(desk) => desk,
        Err(answer) => return answer,
    };
    for wish in [
        AppWish::RequirePkce(visit.form.get("require_pkce").is_some()),
        AppWish::SendIssuer(visit.form.get("send_iss").is_some()),
    ] {
        if let Err(stop) = change_app(desk.id, wish, desk.actor(), visit.trail(), visit.p()).await {
            return refused(&visit, stop).await;
        }
    }
    visit.see_other(&format!("{}?done=switches", desk.base))
}

/// `POST …/enable`
pub async fn enable(Path(id): Path<String>, visit: Visit) -> Answer {
    match Desk::of_post(&visit, &id, &[]).await {
        Ok(desk) => match change_app(desk.id, AppWish::Enable, desk.actor(), visit.trail(), visit.p()).await {
            Ok(()) => visit.see_other(&format!("{}?done=enabled", desk.base)),
            Err(stop) => refused(&visit, stop).await,
        },
        Err(answer) => answer,
    }
}

/// `GET …/disable`
pub async fn ask_disable(Path(id): Path<String>, visit: Visit) -> Answer {
    ask(&visit, &id, End::Disable).await
}

/// `POST …/disable`
pub async fn disable(Path(id): Path<String>, visit: Visit) -> Answer {
    end(&visit, &id, End::Disable).await
}

/// `GET …/delete`
pub async fn ask_delete(Path(id): Path<String>, visit: Visit) -> Answer {
    ask(&visit, &id, End::Delete).await
}

/// `POST …/delete`
pub async fn delete(Path(id): Path<String>, visit: Visit) -> Answer {
    end(&visit, &id, End::Delete).await
}

/// `GET …/secrets/revoke`
pub async fn ask_revoke_all(Path(id): Path<String>, visit: Visit) -> Answer {
    ask(&visit, &id, End::AllSecrets).await
}

/// `POST …/secrets/revoke`
pub async fn revoke_all(Path(id): Path<String>, visit: Visit) -> Answer {
    end(&visit, &id, End::AllSecrets).await
}

/// `GET …/secrets/{secret}/revoke`
pub async fn ask_revoke(Path((id, secret)): Path<(String, String)>, visit: Visit) -> Answer {
    match SecretId::from_hex(&secret) {
        Some(secret) => ask(&visit, &id, End::Secret(secret)).await,
        None => refused(&visit, Refusal::NotFound.into()).await,
    }
}

/// `POST …/secrets/{secret}/revoke`
pub async fn revoke(Path((id, secret)): Path<(String, String)>, visit: Visit) -> Answer {
    match SecretId::from_hex(&secret) {
        Some(secret) => end(&visit, &id, End::Secret(secret)).await,
        None => refused(&visit, Refusal::NotFound.into()).await,
    }
}

/// What is about to end.
#[derive(Clone, Copy)]
enum End {
    Secret(SecretId),
    AllSecrets,
    Disable,
    Delete,
}

/// The page that asks.
async fn ask(visit: &Visit, id: &str, end: End) -> Answer {
    let desk = match Desk::of(visit, id).await {
        Ok(desk) => desk,
        Err(answer) => return answer,
    };
    let app = desk.client.application.profile.name.clone();
    let live = desk.live();
    let ending = match end {
        End::Secret(secret) => match live.iter().find(|kept| kept.id == secret) {
            Some(kept) => Ending::Secret { app, label: kept.label.clone(), last: live.len() == 1 },
            None => return refused(visit, Refusal::NotFound.into()).await,
        },
        End::AllSecrets => Ending::AllSecrets { app, count: live.len() },
        End::Disable => Ending::Disable { app },
        End::Delete => Ending::Delete { app, client_id: desk.id.hex() },
    };
    let form = visit.form(&visit.path, Vec::new());
    visit.page(200, &Confirm { chrome: visit.chrome(Here::ApiSettings), form, ending, back_href: desk.base })
}

/// Does what was asked.
async fn end(visit: &Visit, id: &str, end: End) -> Answer {
    let desk = match Desk::of(visit, id).await {
        Ok(desk) => desk,
        Err(answer) => return answer,
    };
    if !visit.has_form_token(&visit.path) {
        return visit.stale_form();
    }
    let (wish, done) = match end {
        End::Secret(secret) => (AppWish::RevokeSecret(secret), "secret-revoked"),
        End::AllSecrets => (AppWish::RevokeAllSecrets, "secrets-revoked"),
        End::Disable => (AppWish::Disable, "disabled"),
        End::Delete => (AppWish::Delete, ""),
    };
    match change_app(desk.id, wish, desk.actor(), visit.trail(), visit.p()).await {
        Ok(()) if done.is_empty() => visit.see_other("/oauth#/settings"),
        Ok(()) => visit.see_other(&format!("{}?done={done}", desk.base)),
        Err(stop) => refused(visit, stop).await,
    }
}

fn done_of(word: &str) -> Option<Done> {
    Some(match word {
        "secret-revoked" => Done::SecretRevoked,
        "secrets-revoked" => Done::AllSecretsRevoked,
        "redirects" => Done::RedirectsSaved,
        "switches" => Done::SwitchesSaved,
        "profile" => Done::ProfileSaved,
        "logo" => Done::LogoSaved,
        "disabled" => Done::Disabled,
        "enabled" => Done::Enabled,
        _ => return None,
    })
}

/// An application and its owner, looking at it.
pub(super) struct Desk<'v> {
    pub(super) visit: &'v Visit,
    account: Arc<Account>,
    pub(super) client: Arc<Client>,
    pub(super) id: ClientId,
    pub(super) base: String,
}

/// What the page has to say besides what is there.
#[derive(Default)]
struct Said<'a> {
    done: Option<Done>,
    new_secret: Option<SecretShown>,
    problems: Option<&'a FieldProblems>,
    /// A form came back: what was typed stands in it, rather than what is kept.
    back: bool,
}

impl<'a> Said<'a> {
    fn back(problems: &'a FieldProblems) -> Self {
        Self { problems: Some(problems), back: true, ..Self::default() }
    }
}

impl<'v> Desk<'v> {
    /// The application of this name, if it is theirs; else what a visitor gets instead: 404, whoever it belongs to.
    pub(super) async fn of(visit: &'v Visit, id: &str) -> Result<Self, Answer> {
        let base = paths::app(id);
        let Some(id) = ClientId::from_hex(id) else { return Err(refused(visit, Refusal::NotFound.into()).await) };
        let account = usable(visit, &base).await?;
        match app_of(id, Actor::Owner(&account), visit.p()).await {
            Ok(client) => Ok(Self { visit, account, client, id, base }),
            Err(stop) => Err(refused(visit, stop).await),
        }
    }

    /// The same for a post of one of the page's own forms, which share a token.
    async fn of_post(visit: &'v Visit, id: &str, fields: &[&str]) -> Result<Self, Answer> {
        let desk = Self::of(visit, id).await?;
        if visit.form.repeats_any(fields) || visit.form.repeats_any(&["form_token"]) {
            return Err(visit.problem(ProblemKind::BadRequest));
        }
        if visit.has_form_token(&desk.base) {
            Ok(desk)
        } else {
            Err(desk.page(400, Said { done: Some(Done::Stale), back: true, ..Said::default() }).await)
        }
    }

    pub(super) fn actor(&self) -> Actor<'_> {
        Actor::Owner(&self.account)
    }

    /// The secrets that work, newest first.
    fn live(&self) -> Vec<&ClientSecret> {
        let now = self.visit.now();
        self.client.secrets.iter().rev().filter(|secret| secret.is_live(now)).collect()
    }

    async fn page(&self, status: u16, said: Said<'_>) -> Answer {
        match self.view(said).await {
            Ok(view) => self.visit.page(status, &view),
            Err(fault) => self.visit.broke(&fault),
        }
    }

    async fn view(&self, said: Said<'_>) -> Result<AppPage, Fault> {
        let (visit, application) = (self.visit, &self.client.application);
        let profile = &application.profile;
        let problem = |name| said.problems.and_then(|problems| problems.of(name)).map(words::field_problem);
        let login = application.kind == ApplicationKind::Login;
        let uris = profile.redirect_uris.iter().map(RedirectUri::as_str).collect::<Vec<_>>().join("\n");
        // Of the forms of this page one came back, if any: the fields of the others hold what is kept.
        let sent = |form: &str| said.back && visit.path == format!("{}/{form}", self.base);
        let field = |form, name, kept| Field {
            value: if sent(form) { typed(visit, name) } else { kept },
            error: problem(name),
        };
        let switch = |name, kept| if sent("switches") { visit.form.get(name).is_some() } else { kept };
        let overlap = visit.form.get("overlap").filter(|_| sent("secrets")).and_then(|hours| hours.parse().ok());
        let usual = || u32::try_from(SECRET_OVERLAP.as_secs() / 3_600).unwrap_or(24);
        let requests = app_requests::newest(visit, self.id).await?;
        Ok(AppPage {
            chrome: visit.chrome(Here::ApiSettings),
            base: self.base.clone(),
            form_token: visit.form_token(&self.base),
            done: said.done,
            name: profile.name.clone(),
            client_id: application.id.hex(),
            logo: logo(application),
            kind: app_kind(application.kind),
            state: app_state(application, &self.account),
            registered: when(visit, application.created_at),
            phone: profile.phone.clone(),
            email: profile.email.clone(),
            homepage: profile.url.clone(),
            owner_email: self.account.email.as_str().to_owned(),
            public_url: visit.p().settings.public_url.as_str().to_owned(),
            new_secret: said.new_secret,
            secrets: self.live().into_iter().map(|secret| row(visit, secret)).collect(),
            secret_label: field("secrets", "label", String::new()),
            overlap_hours: overlap.unwrap_or_else(usual),
            overlap_error: problem("overlap"),
            redirect_uris: application.kind.has_redirect_uris().then(|| field("redirects", "redirect_uris", uris)),
            invite_link: invite_link(application, visit.p()),
            require_pkce: login.then(|| switch("require_pkce", application.require_pkce)),
            send_iss: login.then(|| switch("send_iss", application.send_issuer)),
            tester: application.kind.has_redirect_uris().then(|| app_more::tester(visit, application)),
            language: visit.query.get("lang").and_then(Language::of).unwrap_or_default(),
            requests,
            limits: app_more::limits(visit, application),
        })
    }
}

fn row(visit: &Visit, secret: &ClientSecret) -> SecretRow {
    SecretRow {
        id: secret.id.hex(),
        label: secret.label.clone(),
        created: when(visit, secret.created_at),
        last_used: secret.last_used_at.map(|at| when(visit, at)),
        expires: secret.expires_at.map(|at| when(visit, at)),
    }
}
