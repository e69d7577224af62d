//! Samples of the pages about a person's account, an institution, a problem, the sandbox.

use super::{DAY, ID, MARKUP, MINUTE, PUBLIC, Pages, SECRET, add, at, chrome, form, named, stranger};
use crate::domain::scope::Scope;
use crate::web::pages::views::*;

pub(super) fn people(hostile: bool, pages: &mut Pages) {
    let chrome = |here| chrome(hostile, here);
    for (name, kind, apps, connected) in
        [("account", AccountKind::Individual, 0, 1), ("account-institution", AccountKind::Institutional, 3, 0)]
    {
        add(
            pages,
            name,
            &Account {
                chrome: chrome(Here::Account),
                kind,
                apps,
                connected,
                console_href: (apps == 0).then(|| "/console".to_owned()),
                console_elsewhere: (apps == 1).then(|| "http://10.0.0.7:9090/console".to_owned()),
            },
        );
    }
    let settings = Settings {
        chrome: chrome(Here::Account),
        kind: AccountKind::Individual,
        uid: "0f8fad5b-d9cb-469f-a165-70867728950e".into(),
        space: named("Prosper", hostile),
        opened: Some(at(-400 * DAY)),
        password_changed: Some(at(-5 * DAY)),
        password_href: Some("/account/password".into()),
        apps: 1,
        changed: true,
    };
    add(pages, "settings", &settings);
    let password = |current, password| ChangePassword {
        chrome: chrome(Here::Account),
        form: form("/account/password"),
        current,
        password,
        password_min: 8,
    };
    add(pages, "password", &password(Field::default(), Field::default()));
    let wrong =
        password(Field::wrong("", "That is not your current password."), Field::wrong("", "Too easy to guess."));
    add(pages, "password-wrong", &wrong);
    let app = |name: &str, kind, permissions| ConnectedApp {
        name: named(name, hostile),
        host: named("northwind.example", hostile),
        logo: None,
        kind,
        permissions,
        granted: at(-200 * DAY),
        granted_from: "Firefox on Linux, 203.0.113.0/24".into(),
        last_used: Some(at(-10 * MINUTE)),
        last_used_from: named("python-requests, 198.51.100.0/24", hostile),
        withdraw_href: "/account/connected-apps/7/withdraw".into(),
    };
    let agent = [Scope::ReadProsperAccount, Scope::ReadNote, Scope::WriteInvestOrder];
    let agent = agent.into_iter().filter_map(Permission::of).collect();
    let apps =
        vec![app("Northwind Advisers", ConnectedKind::Agent, agent), app("Acme HR", ConnectedKind::SignIn, vec![])];
    let withdrawn = Some(named("Old agent", hostile));
    add(pages, "connected-apps", &ConnectedApps { chrome: chrome(Here::ConnectedApps), apps, withdrawn });
    let none = ConnectedApps { chrome: chrome(Here::ConnectedApps), apps: vec![], withdrawn: None };
    add(pages, "connected-apps-none", &none);
    let steps = crate::store::grant_events::GrantStep::ALL.into_iter().zip(1..);
    let rows = steps.map(|(step, days)| GrantRow {
        at: at(-days * DAY),
        name: named("Northwind Advisers", hostile),
        step,
        by: ["you", "staff", "application", "prosper"][usize::try_from(days).expect("few") % 4],
        place: named("Firefox on Linux, 203.0.113.0/24", hostile),
    });
    let rows = rows.collect();
    let next_href = Some("/account/connected-apps/history?before=7".to_owned());
    add(pages, "grant-history", &GrantHistory { chrome: chrome(Here::ConnectedApps), rows, next_href });
    let none = GrantHistory { chrome: chrome(Here::ConnectedApps), rows: vec![], next_href: None };
    add(pages, "grant-history-none", &none);
}

pub(super) fn statuses(hostile: bool, pages: &mut Pages) {
    for standing in Standing::ALL {
        let waits = standing == Standing::PendingApproval;
        let page = StatusPage {
            chrome: if waits { chrome(hostile, Here::Elsewhere) } else { stranger(hostile) },
            standing,
            since: Some(at(-2 * DAY)),
            until: (standing == Standing::Suspended).then(|| at(9 * DAY)),
            reason: (standing == Standing::Suspended).then(|| named("A payment was returned twice.", hostile)),
            due: waits.then(|| at(3 * DAY)),
            with_agent_role: waits,
            email: (standing == Standing::Unactivated).then(|| named("ada@example.com", hostile)),
            erased: (standing == Standing::Closed).then(|| at(20 * DAY)),
            reset: (standing == Standing::PasswordResetRequired).then(|| form("/forgot")),
            next_href: None,
        };
        add(pages, format!("status-{}", standing.code()), &page);
    }
}

pub(super) fn problems(hostile: bool, pages: &mut Pages) {
    for kind in [
        ProblemKind::BadRequest,
        ProblemKind::StaleForm,
        ProblemKind::RefusedRequest { error: "invalid_scope", reason: named("Invalid scope(s)", hostile) },
        ProblemKind::CrossSite,
        ProblemKind::Forbidden,
        ProblemKind::NotFound,
        ProblemKind::MethodNotAllowed,
        ProblemKind::TooLarge,
        ProblemKind::UnsupportedMedia,
        ProblemKind::TooMany { retry_after: 900 },
        ProblemKind::HeadersTooLarge,
        ProblemKind::Broken,
        ProblemKind::Unavailable { retry_after: 2 },
    ] {
        let name = format!("problem-{}-{}", kind.status(), pages.len());
        let page = Problem { chrome: stranger(hostile), kind, at: at(0), back_href: Some("/login".into()) };
        add(pages, name, &page);
    }
}

pub(super) fn institutions(hostile: bool, pages: &mut Pages) {
    let done = |agent, to_app| VerifyStep::Done { in_review: agent, agent, sign_in_href: "/login".to_owned(), to_app };
    let app = ToApp { name: named("Acme HR", hostile), host: "acme.example".into() };
    let steps = [
        ("confirm", VerifyStep::Confirm { form: form("/verify-email"), email: named("ada@example.com", hostile) }),
        ("done", done(false, None)),
        ("done-to-app", done(false, Some(app))),
        ("in-review", done(true, None)),
        ("dead", VerifyStep::Dead),
        ("again", VerifyStep::Again { form: form("/verify-email"), email: named("ada@example.com", hostile) }),
        ("sent", VerifyStep::Sent { email: named("ada@example.com", hostile) }),
    ];
    for (name, step) in steps {
        add(pages, format!("verify-email-{name}"), &VerifyEmail { chrome: stranger(hostile), step });
    }
    let types = ["corporation", "fund", "bank", "trust", "third_party_agent", MARKUP];
    let register = InstRegister {
        chrome: stranger(hostile),
        form: form("/account/common/inst_register.aspx"),
        space: None,
        institution_name: Field::of(named("Northwind Advisers", hostile)),
        full_name: Field::default(),
        email: Field::wrong(named("ops", hostile), "That is not an email address."),
        phone: Field::default(),
        password: Field::wrong("not put back", "Use at least fifteen characters."),
        investor_types: types[..if hostile { 6 } else { 5 }]
            .iter()
            .map(|value| TypeChoice { value: (*value).into(), chosen: *value == "third_party_agent" })
            .collect(),
        investor_type_error: hostile.then(|| "Choose one.".into()),
        review_days: 3,
        password_min: 15,
    };
    add(pages, "inst-register", &register);
    let registered = InstRegistered {
        chrome: stranger(hostile),
        email: named("ops@northwind.example", hostile),
        agent: true,
        review_days: 3,
        mailbox_href: Some("/sandbox/mail".into()),
    };
    add(pages, "inst-registered", &registered);
    let request = |role, history| AgentRequest {
        chrome: chrome(hostile, Here::ApiSettings),
        role,
        form: form("/account/agent-request"),
        accounts: Field::wrong(named("desk@", hostile), "Line 1 is not an email address."),
        message: Field::default(),
        named: vec![named("ops@northwind.example", hostile)],
        history,
        review_days: 3,
    };
    add(pages, "agent-request", &request(RoleState::NeverAsked, vec![]));
    let declined = RoleState::Declined { at: at(-DAY), reason: named("Tell us more.", hostile) };
    let history = vec![(at(-3 * DAY), RoleStep::Asked), (at(-DAY), RoleStep::Declined)];
    add(pages, "agent-request-declined", &request(declined, history));
    let history = vec![
        (at(-60 * DAY), RoleStep::Asked),
        (at(-58 * DAY), RoleStep::Approved),
        (at(-2 * MINUTE), RoleStep::Withdrawn),
    ];
    let withdrawn = RoleState::Withdrawn { at: at(-2 * MINUTE), reason: String::new() };
    add(pages, "agent-request-withdrawn", &request(withdrawn, history));
}

pub(super) fn sandbox(hostile: bool, pages: &mut Pages) {
    let chrome = || Chrome { sandbox: true, ..chrome(hostile, Here::Elsewhere) };
    let person = |name: &str, status: &str| SandboxPerson {
        name: named(name, hostile),
        email: named("ada+invest@example.com", hostile),
        password: named("correct horse & battery=100%", hostile),
        space: "Prosper".into(),
        status: status.into(),
        usable: status == "active",
    };
    let app = |name: &str, kind| SandboxApp {
        name: named(name, hostile),
        kind,
        owner: named("ada+invest@example.com", hostile),
        space: "Prosper".into(),
        client_id: ID.into(),
        client_secret: SECRET.into(),
        redirect_uris: vec!["http://127.0.0.1:9000/callback".into()],
    };
    let curl = format!("curl {PUBLIC}/v1/security/oauth/token \\\n  -d grant_type=refresh_token -d client_id={ID}");
    let home = SandboxHome {
        chrome: chrome(),
        public_url: PUBLIC.into(),
        now: at(0),
        people: vec![person("Ada Lovelace", "active"), person("Sam Vimes", "suspended")],
        apps: vec![app("Ledger bot", AppKind::Personal), app("Acme HR", AppKind::Login)],
        curls: vec![("Refresh".into(), curl)],
    };
    add(pages, "sandbox", &home);
    let mail = SandboxMail {
        chrome: chrome(),
        href: "/sandbox/mail/1".into(),
        to: named("ada@example.com", hostile),
        subject: named("Please confirm your email", hostile),
        at: at(-5 * MINUTE),
        text: named("Hello Ada,\n\nopen this link within the hour.", hostile),
        links: vec!["/setup?key=abc".into()],
    };
    add(pages, "sandbox-mailbox", &SandboxMailbox { chrome: chrome(), mails: vec![mail.clone(), mail.clone()] });
    add(pages, "sandbox-mailbox-none", &SandboxMailbox { chrome: chrome(), mails: vec![] });
    add(pages, "sandbox-mail", &mail);
    let row = |id: &str, error: &str| ErrorRow {
        id: id.into(),
        error: error.into(),
        reason: named("Bad credentials", hostile),
        status: 400,
        cause: "The email or the password is wrong, or the app belongs to another account.".into(),
        remedy: "Sign in on the website with the same two. If that works, compare the app's owner.".into(),
    };
    let table = ErrorTable {
        id: "password-flow".into(),
        title: "Password flow".into(),
        surface: "POST /v1/security/oauth/token".into(),
        rows: vec![row("bad-credentials", "invalid_grant"), row("reset", "password_reset_required")],
    };
    let docs = Chrome { here: Here::Docs, ..stranger(hostile) };
    let developers = Developers {
        chrome: docs.clone(),
        public_url: "https://id.example".into(),
        sample_resource: true,
        tables: vec![(table.id.clone(), table.title.clone())],
    };
    add(pages, "docs", &developers);
    add(pages, "docs-errors", &ErrorCatalogue { chrome: docs, tables: vec![table] });
}
