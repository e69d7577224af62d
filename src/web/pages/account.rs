//! My account and its Settings, with the API settings section and its Edit link (seed 2, step 1; W-07).

use super::super::answer::Answer;
use super::super::visitor::Visit;
use super::paths;
use super::person::{usable, when};
use super::views::{self, AccountKind as Shown, Here};
use crate::domain::account::{Account, AccountKind};
use crate::fault::Fault;

/// `GET /account`
pub async fn show(visit: Visit) -> Answer {
    let account = match usable(&visit, paths::ACCOUNT).await {
        Ok(account) => account,
        Err(answer) => return answer,
    };
    match overview(&visit, &account).await {
        Ok(view) => visit.page(200, &view),
        Err(fault) => visit.broke(&fault),
    }
}

/// `GET /account/settings`
pub async fn settings(visit: Visit) -> Answer {
    let account = match usable(&visit, paths::SETTINGS).await {
        Ok(account) => account,
        Err(answer) => return answer,
    };
    match settings_of(&visit, &account).await {
        Ok(view) => visit.page(200, &view),
        Err(fault) => visit.broke(&fault),
    }
}

async fn overview(visit: &Visit, account: &Account) -> Result<views::Account, Fault> {
    let store = &visit.p().store;
    Ok(views::Account {
        chrome: visit.chrome(Here::Account),
        kind: kind(account.kind),
        apps: store.clients_of(account.id).await?.len(),
        connected: store.consents_of(account.id).await?.len(),
        console_href: (account.staff.is_some() && visit.console_is_here).then(|| paths::CONSOLE.to_owned()),
        console_elsewhere: (account.staff.is_some() && !visit.console_is_here)
            .then(|| visit.p().settings.console_url.clone())
            .flatten(),
    })
}

async fn settings_of(visit: &Visit, account: &Account) -> Result<views::Settings, Fault> {
    let store = &visit.p().store;
    Ok(views::Settings {
        chrome: visit.chrome(Here::Account),
        kind: kind(account.kind),
        uid: account.uid.to_string(),
        space: store.space(account.space).await?.map(|space| space.name).unwrap_or_default(),
        opened: Some(when(visit, account.created_at)),
        password_changed: store.password_changed_at(account.id).await?.map(|at| when(visit, at)),
        password_href: Some(paths::PASSWORD.to_owned()),
        apps: store.clients_of(account.id).await?.len(),
        changed: visit.query.get("done") == Some("password"),
    })
}

const fn kind(kind: AccountKind) -> Shown {
    match kind {
        AccountKind::Individual => Shown::Individual,
        AccountKind::Institutional => Shown::Institutional,
    }
}
