//! Samples of what people do for themselves.

use super::{Pages, add, form, named, stranger};
use crate::web::pages::views::*;

pub(super) fn before_signing_in(hostile: bool, pages: &mut Pages) {
    sign_ups(hostile, pages);
    let email = named("ada@example.com", hostile);
    let mailbox_href = Some("/sandbox/mail".to_owned());
    let forgot = |step| Forgot { chrome: stranger(hostile), step };
    let ask = |email: Field, space| ForgotStep::Ask { form: form("/forgot"), email, space };
    add(pages, "forgot", &forgot(ask(Field::default(), None)));
    let wrong = Field::wrong(named("ada", hostile), "Not an email address.");
    add(pages, "forgot-wrong", &forgot(ask(wrong, Some(listed(hostile, None)))));
    add(pages, "forgot-sent", &forgot(ForgotStep::Sent { email: email.clone(), mailbox_href }));
    let reset = |step| Reset { chrome: stranger(hostile), step };
    let choose = |password| ResetStep::Choose { form: form("/reset"), email: email.clone(), password, password_min: 8 };
    add(pages, "reset", &reset(choose(Field::default())));
    add(pages, "reset-wrong", &reset(choose(Field::wrong("not put back", "Too easy to guess."))));
    add(pages, "reset-done", &reset(ResetStep::Done));
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
    };
    let empty = Field::default;
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
        ("sent", SignUpOutcome::LookIntoMail { email, mailbox_href: Some("/sandbox/mail".into()) }),
        ("ready", SignUpOutcome::Ready),
        ("closed", SignUpOutcome::Closed { by_invitation: false }),
        ("by-invitation", SignUpOutcome::Closed { by_invitation: true }),
        ("dead", SignUpOutcome::DeadInvitation),
    ] {
        add(pages, format!("sign-up-{name}"), &SignUpStep { chrome: stranger(hostile), outcome });
    }
}
