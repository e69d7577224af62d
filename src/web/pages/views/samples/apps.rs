//! Samples of the pages on which a person looks after applications.

use super::{DAY, ID, MINUTE, PUBLIC, Pages, SECRET, add, at, chrome, form, named};
use crate::web::pages::paths;
use crate::web::pages::views::*;

fn row(name: &str, kind: AppKind, state: AppState, last_used: Option<When>) -> AppRow {
    AppRow {
        name: name.into(),
        client_id: ID.into(),
        logo: None,
        kind,
        state,
        secrets: 1,
        last_used,
        manage_href: paths::app(ID),
    }
}

pub(super) fn settings(hostile: bool, pages: &mut Pages) {
    let page = |apps: Vec<AppRow>, registered, own_form, agent_form, role| ApiSettings {
        chrome: chrome(hostile, Here::ApiSettings),
        registered,
        apps,
        own_form,
        agent_form,
        role,
        notice: None,
    };
    let own = OwnForm { form: form("/oauth"), individual: true, ..OwnForm::default() };
    add(pages, "api-settings-first", &page(vec![], None, Some(own.clone()), None, RoleState::Individual));
    let wrong = OwnForm {
        company_name: Field::of(named("Ada Lovelace", hostile)),
        phone: Field::wrong("12", "Needs at least five digits."),
        email: Field::wrong(named("ada", hostile), "That is not an email address."),
        ..own.clone()
    };
    let rows = || {
        vec![
            row(&named("Ledger bot", hostile), AppKind::Personal, AppState::Active, Some(at(-2 * MINUTE))),
            row("Old importer with a long name", AppKind::Institutional, AppState::Disabled, None),
            row("Northwind", AppKind::Agent, AppState::RoleEnded, Some(at(-3 * DAY))),
        ]
    };
    let review = RoleState::InReview { asked: at(-2 * DAY), due: at(4 * DAY), days_gone: 1, days: 3 };
    add(pages, "api-settings-wrong", &page(rows(), None, Some(wrong), None, review));
    let registered = |kind, invite_link| Registered {
        name: named("Ledger bot", hostile),
        kind,
        client_id: ID.into(),
        client_secret: SECRET.into(),
        username: named("ada@example.com", hostile),
        public_url: PUBLIC.into(),
        invite_link,
        manage_href: paths::app(ID),
    };
    let never = RoleState::NeverAsked;
    let done = Some(registered(AppKind::Personal, None));
    add(pages, "api-settings-registered", &page(rows(), done, Some(own.clone()), None, never));
    let agent = AgentForm {
        form: form("/oauth"),
        company_url: Field::wrong("northwind", "Begin with https."),
        ..AgentForm::default()
    };
    let link = format!("{PUBLIC}/oauth?client_id={ID}&response_type=auth_key&state=YOUR_STATE");
    let done = Some(registered(AppKind::Agent, Some(link)));
    let approved = RoleState::Approved { since: at(-30 * DAY) };
    add(pages, "api-settings-agent", &page(rows(), done, Some(own.clone()), Some(agent), approved));
    let reason = named("We could not reach the company at the address you gave.", hostile);
    let declined = RoleState::Declined { at: at(-DAY), reason: reason.clone() };
    add(pages, "api-settings-declined", &page(vec![], None, None, None, declined));
    let withdrawn = RoleState::Withdrawn { at: at(-DAY), reason };
    add(pages, "api-settings-withdrawn", &page(rows(), None, Some(own), None, withdrawn));
}

fn app_page(hostile: bool, kind: AppKind, state: AppState) -> AppPage {
    let secret = |label: &str, last_used, expires| SecretRow {
        id: "7".into(),
        label: named(label, hostile),
        created: at(-90 * DAY),
        last_used,
        expires,
    };
    AppPage {
        chrome: chrome(hostile, Here::ApiSettings),
        base: paths::app(ID),
        form_token: "c2VhbGVk".into(),
        done: None,
        name: named("Ledger bot", hostile),
        client_id: ID.into(),
        logo: None,
        kind,
        state,
        registered: at(-90 * DAY),
        phone: Some(named("+44 20 7946 0000", hostile)),
        email: None,
        homepage: None,
        owner_email: named("ada@example.com", hostile),
        public_url: PUBLIC.into(),
        new_secret: None,
        secrets: vec![secret("autumn", None, None), secret("first", Some(at(-2 * MINUTE)), Some(at(DAY - MINUTE)))],
        secret_label: Field::default(),
        overlap_hours: 24,
        overlap_error: None,
        redirect_uris: None,
        invite_link: None,
        require_pkce: None,
        send_iss: None,
        tester: None,
        language: Language::Curl,
        requests: requests(hostile),
        limits: Limits { secrets: 2, redirect_uris_used: 1, redirect_uris: Some(20), failures: Some(300) },
    }
}

fn requests(hostile: bool) -> Vec<RequestRow> {
    let row = |outcome: &str, cause: &str| RequestRow {
        at: at(-MINUTE),
        surface: "token".into(),
        outcome: outcome.into(),
        cause: named(cause, hostile),
        request_id: named("0JPSJV3CX3A4V1YB", hostile),
        calls: 0,
    };
    let counted = |surface: &str, calls| RequestRow { surface: surface.into(), calls, ..row("ok", "") };
    vec![
        counted("refresh_token", 31),
        counted("password", 1),
        row("ok", ""),
        row("invalid_grant", "the password is not right"),
    ]
}

fn beside(hostile: bool, pages: &mut Pages) {
    let list = |query: &str, rows, next_href| AppRequests {
        chrome: chrome(hostile, Here::ApiSettings),
        base: paths::app(ID),
        name: named("Ledger bot", hostile),
        query: query.into(),
        rows,
        next_href,
    };
    let next = Some(format!("{}/requests?before=1", paths::app(ID)));
    add(pages, "app-requests", &list("", requests(hostile), next));
    add(pages, "app-requests-none", &list("", vec![], None));
    add(pages, "app-requests-not-found", &list(&named("0JPSJV3CX3A4V1YB", hostile), vec![], None));
    let profile = AppProfile {
        chrome: chrome(hostile, Here::ApiSettings),
        base: paths::app(ID),
        form_token: "c2VhbGVk".into(),
        stale: true,
        title: named("Ledger bot", hostile),
        kind: AppKind::Agent,
        logo: Some(paths::logo(ID)),
        name: Field::of(named("Ledger bot", hostile)),
        phone: Some(Field::wrong(named("12", hostile), "Needs at least five digits.")),
        email: Field::of(named("ada@example.com", hostile)),
        url: Some(Field::of("https://northwind.example")),
        logo_error: Some("Not a picture.".into()),
    };
    add(pages, "app-profile", &profile);
}

pub(super) fn apps(hostile: bool, pages: &mut Pages) {
    let personal = app_page(hostile, AppKind::Personal, AppState::Active);
    let shown =
        SecretShown { label: named("autumn", hostile), secret: SECRET.into(), older_ends: Some(at(DAY + MINUTE)) };
    add(pages, "app-personal", &AppPage { new_secret: Some(shown), ..personal });
    let login = app_page(hostile, AppKind::Login, AppState::Active);
    let uris = Field::wrong(named("https://acme.example/in\nhttp://acme.example/", hostile), "Line 2: use https.");
    let homepage = Some(named("https://acme.example/", hostile));
    let (require_pkce, send_iss) = (Some(true), Some(false));
    let done = Some(Done::SwitchesSaved);
    let rows = vec![DifferenceRow {
        part: "Path",
        registered: "/in".into(),
        same: "/i".into(),
        other: named("", hostile),
        place: 23,
        hint: Some("A slash at the end makes it another address.".into()),
    }];
    let differs = TestOutcome::Differs { nearest: "https://acme.example/in".into(), rows };
    let tester = |outcome| Some(Tester { given: named("https://acme.example/i", hostile), outcome: Some(outcome) });
    let page = |outcome, language| AppPage {
        tester: tester(outcome),
        language,
        ..app_page(hostile, AppKind::Login, AppState::Active)
    };
    add(pages, "app-tester-differs", &page(differs, Language::Python));
    add(pages, "app-tester-matches", &page(TestOutcome::Matches("https://acme.example/in".into()), Language::Rust));
    add(pages, "app-tester-nothing", &page(TestOutcome::NothingRegistered, Language::JavaScript));
    add(pages, "app-tester-too-long", &page(TestOutcome::TooLong, Language::Curl));
    beside(hostile, pages);
    add(pages, "app-login", &AppPage { done, homepage, redirect_uris: Some(uris), require_pkce, send_iss, ..login });
    let agent = app_page(hostile, AppKind::Agent, AppState::RoleEnded);
    let invite_link = Some(format!("{PUBLIC}/oauth?client_id={ID}&response_type=auth_key&state=YOUR_STATE"));
    let redirect_uris = Some(Field::of("https://app.northwind.example/prosper"));
    add(pages, "app-agent", &AppPage { redirect_uris, invite_link, ..agent });
    for (name, done) in [
        ("secret-revoked", Done::SecretRevoked),
        ("secrets-revoked", Done::AllSecretsRevoked),
        ("redirects-saved", Done::RedirectsSaved),
        ("disabled", Done::Disabled),
        ("enabled", Done::Enabled),
    ] {
        let partner = app_page(hostile, AppKind::Partner, AppState::Disabled);
        add(pages, format!("app-{name}"), &AppPage { done: Some(done), secrets: vec![], ..partner });
    }
    add(pages, "app-api", &app_page(hostile, AppKind::Api, AppState::Active));
}

pub(super) fn endings(hostile: bool, pages: &mut Pages) {
    let app = || named("Ledger bot", hostile);
    for (name, ending) in [
        ("secret", Ending::Secret { app: app(), label: named("autumn", hostile), last: true }),
        ("secrets", Ending::AllSecrets { app: app(), count: 2 }),
        ("disable", Ending::Disable { app: app() }),
        ("delete", Ending::Delete { app: app(), client_id: ID.into() }),
        ("withdraw-agent", Ending::Consent { app: app(), agent: true }),
        ("withdraw-login", Ending::Consent { app: app(), agent: false }),
    ] {
        let page = Confirm {
            chrome: chrome(hostile, Here::Elsewhere),
            form: form("/oauth/apps/x/delete"),
            ending,
            back_href: "/oauth/apps/x".into(),
        };
        add(pages, format!("confirm-{name}"), &page);
    }
}
