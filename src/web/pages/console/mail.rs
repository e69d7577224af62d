//! The outbox: what was written to people and what became of it; and, where no mail is sent, what it says.

use axum::extract::Path;

use super::super::super::answer::{Answer, Trouble};
use super::super::person::when;
use super::super::views::{ConsoleMail, ConsoleMailItem, MailLine, Tab, Told};
use super::desk::Desk;
use super::facts::{PAGE, PAGE_AND_ONE};
use super::lines::line;
use crate::contract::table::Stop;
use crate::contract::words;
use crate::flows::refusal::{ADMINISTRATION, Refusal};
use crate::flows::send_mail;
use crate::store::search::OutboxLine;

/// `GET /console/mail`
pub async fn list(desk: Desk) -> Answer {
    if let Err(answer) = desk.reads(Tab::Mail) {
        return answer;
    }
    let before = desk.visit.query.get("before").and_then(|id| id.parse().ok());
    let mails = match desk.visit.p().store.outbox_lines(before, PAGE_AND_ONE).await {
        Ok(mails) => mails,
        Err(fault) => return desk.visit.broke(&fault),
    };
    let last = mails.get(PAGE - 1).filter(|_| mails.len() > PAGE);
    let next_href = last.map(|last| format!("{}?before={}", Tab::Mail.href(), last.id));
    let rows = mails.into_iter().take(PAGE).map(|mail| mail_line(&desk, mail)).collect();
    let view = ConsoleMail {
        chrome: desk.chrome(),
        frame: desk.frame(Tab::Mail),
        told: desk.told(),
        rows,
        line: line(&["mail", "list"]),
        next_href,
    };
    desk.visit.page(200, &view)
}

/// `GET /console/mail/{id}`
pub async fn show(Path(id): Path<String>, desk: Desk) -> Answer {
    if let Err(answer) = desk.reads(Tab::Mail) {
        return answer;
    }
    let told = desk.told();
    page(&desk, &id, 200, told, None).await
}

/// `POST /console/mail/{id}/again`: makes it due.
pub async fn again(Path(id): Path<String>, desk: Desk) -> Answer {
    if let Err(answer) = desk.reads(Tab::Mail) {
        return answer;
    }
    if !desk.is_ours(&[]) {
        return page(&desk, &id, 400, Some(Told::Stale), None).await;
    }
    let Ok(number) = id.parse() else { return desk.visit.trouble(Trouble::NotFound) };
    match send_mail::send_again(number, desk.actor(), desk.visit.trail(), desk.visit.p()).await {
        Ok(()) => desk.done(&href(number), &Told::MailDue),
        Err(Stop::Refused(Refusal::NotFound)) => {
            let why = words::MAIL_IS_GONE.to_owned();
            page(&desk, &id, 409, Some(Told::Refused(why)), None).await
        }
        Err(stop) => desk.refused(stop),
    }
}

/// `POST /console/mail/{id}/read`: shows what it says, where no mail is sent, and writes down who read it.
pub async fn read(Path(id): Path<String>, desk: Desk) -> Answer {
    if let Err(answer) = desk.reads(Tab::Mail) {
        return answer;
    }
    if !desk.is_ours(&[]) {
        return page(&desk, &id, 400, Some(Told::Stale), None).await;
    }
    let Ok(number) = id.parse() else { return desk.visit.trouble(Trouble::NotFound) };
    match send_mail::read_on_screen(number, desk.actor(), desk.visit.trail(), desk.visit.p()).await {
        Ok((_, body)) => page(&desk, &id, 200, None, Some(body.text)).await,
        Err(stop) => desk.refused(stop),
    }
}

async fn page(desk: &Desk, id: &str, status: u16, told: Option<Told>, text: Option<String>) -> Answer {
    let Ok(number) = id.parse::<i64>() else { return desk.visit.trouble(Trouble::NotFound) };
    let p = desk.visit.p();
    let found = match p.store.outbox_lines(number.checked_add(1), 1).await {
        Ok(found) => found.into_iter().find(|mail| mail.id == number),
        Err(fault) => return desk.visit.broke(&fault),
    };
    let Some(mail) = found else { return desk.visit.trouble(Trouble::NotFound) };
    let number = mail.id.to_string();
    let may_go = mail.sent_at.is_none() && mail.has_body && p.settings.mail.sends();
    let may_be_read = send_mail::is_on_screen(p) && mail.has_body && desk.may(ADMINISTRATION);
    let act = |verb: &str, word: &str| desk.act(&format!("{}/{verb}", href(mail.id)), line(&["mail", word, &number]));
    let own = p.settings.public_url.to_string();
    let view = ConsoleMailItem {
        chrome: desk.chrome(),
        frame: desk.frame(Tab::Mail),
        told,
        again: may_go.then(|| act("again", "retry")),
        read: may_be_read.then(|| act("read", "show")),
        text: text.map(|text| text.lines().map(|line| (line.to_owned(), line.starts_with(&own))).collect()),
        mail: mail_line(desk, mail),
    };
    desk.visit.page(status, &view)
}

fn mail_line(desk: &Desk, mail: OutboxLine) -> MailLine {
    let sends = desk.visit.p().settings.mail.sends();
    MailLine {
        href: href(mail.id),
        written: when(&desk.visit, mail.created_at),
        sent: mail.sent_at.map(|at| when(&desk.visit, at)),
        attempts: mail.attempts,
        next: (sends && mail.is_due()).then(|| when(&desk.visit, mail.next_attempt_at)),
        given_up: mail.gave_up_at.map(|at| when(&desk.visit, at)),
        recipient: mail.recipient,
        subject: mail.subject,
        last_error: mail.last_error,
    }
}

fn href(id: i64) -> String {
    format!("{}/{id}", Tab::Mail.href())
}
