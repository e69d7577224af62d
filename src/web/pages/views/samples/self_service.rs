//! Samples of what people do for themselves.

use super::{DAY, MINUTE, Pages, add, at, chrome, form, named, stranger};
use crate::web::pages::views::*;

pub(super) fn before_signing_in(hostile: bool, pages: &mut Pages) {
    sign_ups(hostile, pages);
    let email = named("ada@example.com", hostile);
    let mailbox_href = Some("/sandbox/mail".to_owned());
    let forgot = |step| Forgot { chrome: stranger(hostile), step };
    let ask =
        |email: Field, space| ForgotStep::Ask { form: form("/forgot"), email, space, sign_in_href: "/login".into() };
    add(pages, "forgot", &forgot(ask(Field::default(), None)));
    let wrong = Field::wrong(named("ada", hostile), "Not an email address.");
    add(pages, "forgot-wrong", &forgot(ask(wrong, Some(listed(hostile, None)))));
    add(pages, "forgot-sent", &forgot(ForgotStep::Sent { email: email.clone(), mailbox_href }));
    let reset = |step| Reset { chrome: stranger(hostile), step };
    let choose = |password| ResetStep::Choose { form: form("/reset"), email: email.clone(), password, password_min: 8 };
    add(pages, "reset", &reset(choose(Field::default())));
    add(pages, "reset-wrong", &reset(choose(Field::wrong("not put back", "Too easy to guess."))));
    let app = ToApp { name: named("Acme HR", hostile), host: "hr.acme.example".into() };
    for (name, to_app) in [("reset-done", None), ("reset-done-to-app", Some(app))] {
        add(pages, name, &reset(ResetStep::Done { sign_in_href: "/login".into(), to_app }));
    }
    add(pages, "reset-dead", &reset(ResetStep::Dead));
}

fn listed(hostile: bool, error: Option<String>) -> SpaceField {
    let choice = |name: &str| SpaceChoice { value: name.into(), name: named(name, hostile), chosen: name == "Acme" };
    SpaceField::Listed { choices: ["Prosper", "Acme"].map(choice).to_vec(), error }
}

fn sign_ups(hostile: bool, pages: &mut Pages) {
    let sign_up = |invited, space, full_name, email, password| SignUp {
        chrome: stranger(hostile),
        form: form("/sign-up"),
        invited,
        space,
        full_name,
        email,
        password,
        password_min: 8,
        to_app: None,
        sign_in_href: "/login".to_owned(),
    };
    let empty = Field::default;
    let to_app = || Some(ToApp { name: named("Acme HR", hostile), host: "acme.example".into() });
    let going = sign_up(None, None, empty(), empty(), empty());
    add(pages, "sign-up-to-app", &SignUp { to_app: to_app(), ..going });
    add(pages, "sign-up", &sign_up(None, Some(listed(hostile, None)), empty(), empty(), empty()));
    let wrong = sign_up(
        None,
        Some(SpaceField::Typed(Field::wrong(named("Acme", hostile), "Please choose one of the list."))),
        Field::wrong("", "Please fill this in."),
        Field::wrong(named("ada", hostile), "Not an email address."),
        Field::wrong("not put back", "Too easy to guess."),
    );
    add(pages, "sign-up-wrong", &wrong);
    let choice = listed(hostile, Some("Please choose one of the list.".into()));
    add(pages, "sign-up-wrong-space", &sign_up(None, Some(choice), empty(), empty(), empty()));
    let invited = Some(named("ada@example.com", hostile));
    add(pages, "sign-up-invited", &sign_up(invited, None, empty(), empty(), empty()));
    let email = named("ada@example.com", hostile);
    for (name, outcome) in [
        ("sent-to-app", SignUpOutcome::LookIntoMail { email: email.clone(), mailbox_href: None, to_app: to_app() }),
        ("sent", SignUpOutcome::LookIntoMail { email, mailbox_href: Some("/sandbox/mail".into()), to_app: None }),
        ("ready", SignUpOutcome::Ready),
        ("closed", SignUpOutcome::Closed { by_invitation: false }),
        ("by-invitation", SignUpOutcome::Closed { by_invitation: true }),
        ("dead", SignUpOutcome::DeadInvitation),
    ] {
        add(pages, format!("sign-up-{name}"), &SignUpStep { chrome: stranger(hostile), outcome });
    }
}

pub(super) fn signed_in(hostile: bool, pages: &mut Pages) {
    let email = named("ada@example.com", hostile);
    let change = |field, current, sent, moved_lately| ChangeEmail {
        chrome: chrome(hostile, Here::Account),
        form: form("/account/email"),
        now: named("ada@example.com", hostile),
        email: field,
        current,
        sent,
        moved_lately,
    };
    add(pages, "email", &change(Field::default(), Field::default(), None, false));
    let typed = Field::wrong(email.clone(), "Not an email address.");
    let wrong = Field::wrong("not put back", "That is not your current password.");
    add(pages, "email-wrong", &change(typed, wrong.clone(), None, true));
    add(pages, "email-sent", &change(Field::default(), Field::default(), Some(email.clone()), false));
    for (name, undo) in [("change-email", false), ("undo-email", true)] {
        let step = EmailLinkStep::Confirm { form: form("/change-email"), email: email.clone(), undo };
        add(pages, name, &EmailLink { chrome: stranger(hostile), step });
    }
    for (name, step) in [
        ("moved", EmailLinkStep::Moved { email: email.clone() }),
        ("restored", EmailLinkStep::Restored { email: email.clone() }),
        ("dead", EmailLinkStep::Dead),
    ] {
        add(pages, format!("email-link-{name}"), &EmailLink { chrome: stranger(hostile), step });
    }
    let session = |browser: &str, here, console| SessionRow {
        browser: browser.into(),
        place: "192.0.2.0/24".into(),
        opened: at(-3 * DAY),
        seen: at(-5 * MINUTE),
        here,
        console,
        end: form("/account/sessions/3f9c51b07a7e4c2d9d1e6b0a58f2c417/end"),
    };
    let sessions = vec![
        session("Firefox on Linux", true, false),
        session("Safari on an iPhone", false, false),
        session("Chrome on Windows", false, true),
    ];
    add(pages, "sessions", &Sessions { chrome: chrome(hostile, Here::Account), sessions, ended: true });
    let form_all = form("/account/sessions/end-all");
    add(pages, "sessions-end-all", &EndAllSessions { chrome: chrome(hostile, Here::Account), form: form_all });
    let close = |current, apps, days, staff| CloseAccount {
        chrome: chrome(hostile, Here::Account),
        form: form("/account/close"),
        email: named("ada@example.com", hostile),
        apps,
        days,
        erase: apps > 1,
        erase_error: None,
        current,
        staff,
    };
    add(pages, "close", &close(Field::default(), 0, 30, false));
    add(pages, "close-wrong", &close(wrong, 2, 0, false));
    add(pages, "close-staff", &close(Field::default(), 1, 30, true));
    for (name, erased) in [("closed", None), ("closed-and-erased", Some(at(30 * DAY)))] {
        add(pages, name, &AccountClosed { chrome: stranger(hostile), erased });
    }
    let finish = |full_name| Finish {
        chrome: chrome(hostile, Here::Elsewhere),
        form: form("/account/finish"),
        email: email.clone(),
        full_name,
    };
    add(pages, "finish", &finish(Field::of(named("Ada", hostile))));
    add(pages, "finish-wrong", &finish(Field::wrong("", "Please fill this in.")));
}
