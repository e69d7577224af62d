//! Keys and the audit log.

use super::super::super::answer::Answer;
use super::super::person::when;
use super::super::views::{ConsoleAudit, ConsoleKeys, KeyLine, KeyState, Tab, Told};
use super::desk::Desk;
use super::facts::{PAGE, PAGE_AND_ONE, audit_line};
use super::lines::line;
use crate::domain::secret::KeyUse;
use crate::flows::key_ring::rotate_keys;
use crate::store::audit::AuditQuery;

/// `GET /console/keys`
pub async fn keys(desk: Desk) -> Answer {
    match desk.reads(Tab::Keys) {
        Ok(()) => {
            let told = desk.told();
            ring(&desk, 200, told).await
        }
        Err(answer) => answer,
    }
}

/// `POST /console/keys`
pub async fn rotate(desk: Desk) -> Answer {
    if let Err(answer) = desk.reads(Tab::Keys) {
        return answer;
    }
    if !desk.is_ours(&[]) {
        return ring(&desk, 400, Some(Told::Stale)).await;
    }
    match rotate_keys(desk.actor(), desk.visit.trail(), desk.visit.p()).await {
        Ok(()) => desk.done(Tab::Keys.href(), &Told::KeysRotated),
        Err(stop) => desk.refused(stop),
    }
}

async fn ring(desk: &Desk, status: u16, told: Option<Told>) -> Answer {
    let now = desk.visit.now();
    let keys = match desk.visit.p().store.ring_keys().await {
        Ok(keys) => keys,
        Err(fault) => return desk.visit.broke(&fault),
    };
    let row = |key: &crate::domain::secret::RingKey| KeyLine {
        id: key.id,
        seals: key.usage == KeyUse::Seal,
        state: match key.retires_at {
            Some(end) if end.has_come(now) => KeyState::Retired,
            Some(_) => KeyState::Retiring,
            None => KeyState::InUse,
        },
        created: when(&desk.visit, key.created_at),
        retires: key.retires_at.map(|end| when(&desk.visit, end)),
    };
    let view = ConsoleKeys {
        chrome: desk.chrome(),
        frame: desk.frame(Tab::Keys),
        told,
        rows: keys.iter().map(row).collect(),
        rotate: desk.act(Tab::Keys.href(), line(&["key", "rotate"])),
    };
    desk.visit.page(status, &view)
}

/// `GET /console/audit`
pub async fn audit(desk: Desk) -> Answer {
    if let Err(answer) = desk.reads(Tab::Audit) {
        return answer;
    }
    let asked = |name: &str| desk.visit.query.get(name).map(|text| text.trim().to_owned());
    let query = AuditQuery {
        subject: asked("subject"),
        actor: asked("actor"),
        action: asked("action"),
        before: asked("before").and_then(|id| id.parse().ok()),
    };
    let rows = match desk.visit.p().store.audit_rows(query.clone(), PAGE_AND_ONE).await {
        Ok(rows) => rows,
        Err(fault) => return desk.visit.broke(&fault),
    };
    let filters = [("subject", &query.subject), ("actor", &query.actor), ("action", &query.action)];
    let last = rows.get(PAGE - 1).filter(|_| rows.len() > PAGE);
    let next_href = last.map(|last| {
        let mut href = url::form_urlencoded::Serializer::new(format!("{}?", Tab::Audit.href()));
        for (name, value) in filters {
            if let Some(value) = value {
                href.append_pair(name, value);
            }
        }
        href.append_pair("before", &last.id.to_string()).finish()
    });
    let mut words = vec!["audit", "list"];
    for (flag, value) in [("--subject", &query.subject), ("--actor", &query.actor), ("--action", &query.action)] {
        if let Some(value) = value {
            words.extend([flag, value.as_str()]);
        }
    }
    let view = ConsoleAudit {
        chrome: desk.chrome(),
        frame: desk.frame(Tab::Audit),
        line: line(&words),
        subject: query.subject.unwrap_or_default(),
        actor: query.actor.unwrap_or_default(),
        action: query.action.unwrap_or_default(),
        rows: rows.into_iter().take(PAGE).map(|row| audit_line(&desk, row)).collect(),
        next_href,
    };
    desk.visit.page(200, &view)
}
