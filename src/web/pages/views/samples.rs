//! Every page with rich data in it, markup in every name: what the tests render and a designer looks at.

use super::*;
use askama::Template;

/// A name as an attacker would register it.
pub const MARKUP: &str = "<img src=x onerror=alert(1)>";

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 24 * 60 * MINUTE;
const NOW: i64 = 1_795_335_300_000_000; // 2026-11-22 08:15 UTC
const ID: &str = "3f9c51b07a7e4c2d9d1e6b0a58f2c417";
const SECRET: &str = "b7d2c08e15f94a63a0c4e97d21f6b385";
const PUBLIC: &str = "https://prosper.example";

fn at(offset: i64) -> When {
    When::new(NOW + offset, NOW)
}

fn named(plain: &str, hostile: bool) -> String {
    if hostile { MARKUP.to_owned() } else { plain.to_owned() }
}

fn ada(hostile: bool) -> Who {
    Who { name: named("Ada Lovelace", hostile), email: named("ada@example.com", hostile) }
}

fn chrome(hostile: bool, here: Here) -> Chrome {
    Chrome { signed_in: Some(ada(hostile)), here, ..stranger(hostile) }
}

fn stranger(hostile: bool) -> Chrome {
    Chrome {
        space_name: named("Prosper", hostile),
        request_id: "01JD5R7QK2T8M4XH".into(),
        support_email: "support@prosper.example".into(),
        business_email: "partners@prosper.example".into(),
        ..Chrome::default()
    }
}

fn form(action: &str) -> Form {
    let request = Hidden { name: "request", value: MARKUP.into() };
    Form { action: action.into(), token: "c2VhbGVk".into(), hidden: vec![request] }
}

fn row(name: &str, kind: AppKind, state: AppState, last_used: Option<When>) -> AppRow {
    AppRow {
        name: name.into(),
        client_id: ID.into(),
        logo: None,
        kind,
        state,
        secrets: 1,
        last_used,
        manage_href: crate::web::pages::paths::app(ID),
    }
}

/// Renders every page: its name, and its HTML. `hostile` puts markup wherever people or applications may choose a
/// text.
pub fn all(hostile: bool) -> Vec<(String, String)> {
    let mut pages = Vec::new();
    entrance(hostile, &mut pages);
    consents(hostile, &mut pages);
    settings(hostile, &mut pages);
    apps(hostile, &mut pages);
    endings(hostile, &mut pages);
    people(hostile, &mut pages);
    statuses(hostile, &mut pages);
    problems(hostile, &mut pages);
    institutions(hostile, &mut pages);
    sandbox(hostile, &mut pages);
    pages
}

type Pages = Vec<(String, String)>;

fn add(pages: &mut Pages, name: impl Into<String>, page: &impl Template) {
    pages.push((name.into(), page.render().expect("every sample renders")));
}

fn entrance(hostile: bool, pages: &mut Pages) {
    add(pages, "landing", &Landing { chrome: stranger(hostile) });
    add(pages, "landing-signed-in", &Landing { chrome: chrome(hostile, Here::Elsewhere) });
    let sign_in = |to_app: Option<ToApp>, email: Field, refusal, spaces: Vec<SpaceChoice>| SignIn {
        chrome: Chrome { sandbox: to_app.is_none(), ..stranger(hostile) },
        form: form("/login"),
        to_app,
        email,
        refusal,
        spaces,
        forgot_href: None,
        open_account_href: None,
    };
    let spaces =
        ["Prosper", "Acme"].map(|name| SpaceChoice { value: name.into(), name: name.into(), chosen: name == "Acme" });
    add(pages, "sign-in", &sign_in(None, Field::default(), None, spaces.into()));
    let app = ToApp { name: named("Acme HR", hostile), host: "acme.example".into() };
    let typed = Field::of(named("ada@example.com", hostile));
    let wrong = Some(SignInRefusal::BadCredentials);
    add(pages, "sign-in-to-app", &sign_in(Some(app.clone()), Field::default(), None, vec![]));
    let links = (Some("/login".to_owned()), Some("/login".to_owned()));
    let refused = sign_in(Some(app.clone()), typed.clone(), wrong, vec![]);
    add(pages, "sign-in-refused", &SignIn { forgot_href: links.0, open_account_href: links.1, ..refused });
    for (name, refusal) in [
        ("sign-in-waiting", SignInRefusal::TooMany { minutes: 15 }),
        ("sign-in-stale", SignInRefusal::StaleForm),
        ("sign-in-incomplete", SignInRefusal::Incomplete),
    ] {
        add(pages, name, &sign_in(Some(app.clone()), typed.clone(), Some(refusal), vec![]));
    }
    add(pages, "sign-out", &SignOut { chrome: chrome(hostile, Here::Elsewhere), form: form("/logout") });
    add(pages, "signed-out", &SignedOut { chrome: stranger(hostile) });
    add(pages, "welcome", &Welcome { chrome: stranger(hostile) });
    add(pages, "welcome-signed-in", &Welcome { chrome: chrome(hostile, Here::Elsewhere) });
    let short = Field::wrong("not put back", "Use at least fifteen characters.");
    let (name, email) = (Field::of(named("Grace Hopper", hostile)), Field::of("grace@example.com"));
    add(pages, "setup", &Setup { chrome: stranger(hostile), form: form("/setup"), name, email, password: short });
}

fn consents(hostile: bool, pages: &mut Pages) {
    let login = |logo: Option<String>, again| LoginConsent {
        chrome: chrome(hostile, Here::Elsewhere),
        form: form("/login/oauth/authorize"),
        app_name: named("Acme HR", hostile),
        logo,
        homepage_host: named("acme.example", hostile),
        redirect_host: "people.acme.example".into(),
        who: ada(hostile),
        not_you_href: "/login?request=abc".into(),
        again,
    };
    add(pages, "consent-login", &login(None, false));
    add(pages, "consent-login-again", &login(Some(crate::web::assets::asset_path("mark.svg").into()), true));
    let key = |scopes: &[&str], ends: Vec<Permission>, allowed_before: Option<When>| KeyConsent {
        chrome: chrome(hostile, Here::Elsewhere),
        form: form("/oauth"),
        company: named("Northwind Advisers", hostile),
        logo: None,
        company_host: named("northwind.example", hostile),
        redirect_host: "app.northwind.example".into(),
        who: ada(hostile),
        not_you_href: "/login?request=abc".into(),
        asks: scopes
            .iter()
            .filter_map(|scope| Permission::from_scope(scope))
            .enumerate()
            .map(|(i, permission)| Ask { permission, fresh: i == 0 })
            .collect(),
        ends,
        allowed_before,
    };
    add(pages, "consent-key", &key(&["read_prosper_account", "read_note", "write_invest_order"], vec![], None));
    let every: Vec<_> = Permission::ALL.iter().map(|permission| permission.scope()).collect();
    add(pages, "consent-key-all", &key(&every, vec![], None));
    let ends = vec![Permission::WriteInvestOrder, Permission::ReadListing];
    add(pages, "consent-key-again", &key(&["read_loan", "read_note"], ends, Some(at(-40 * DAY))));
}

fn settings(hostile: bool, pages: &mut Pages) {
    let page = |apps: Vec<AppRow>, registered, own_form, agent_form, role| ApiSettings {
        chrome: chrome(hostile, Here::ApiSettings),
        registered,
        apps,
        own_form,
        agent_form,
        role,
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
        manage_href: crate::web::pages::paths::app(ID),
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
        base: crate::web::pages::paths::app(ID),
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
        redirect_uris: None,
        invite_link: None,
        require_pkce: None,
        send_iss: None,
    }
}

fn apps(hostile: bool, pages: &mut Pages) {
    let personal = app_page(hostile, AppKind::Personal, AppState::Active);
    let shown =
        SecretShown { label: named("autumn", hostile), secret: SECRET.into(), older_ends: Some(at(DAY + MINUTE)) };
    add(pages, "app-personal", &AppPage { new_secret: Some(shown), ..personal });
    let login = app_page(hostile, AppKind::Login, AppState::Active);
    let uris = Field::wrong(named("https://acme.example/in\nhttp://acme.example/", hostile), "Line 2: use https.");
    let homepage = Some(named("https://acme.example/", hostile));
    let switches = (Some(true), Some(false));
    let done = Some(Done::SwitchesSaved);
    let (require_pkce, send_iss) = switches;
    add(pages, "app-login", &AppPage { redirect_uris: Some(uris), homepage, require_pkce, send_iss, done, ..login });
    let agent = app_page(hostile, AppKind::Agent, AppState::RoleEnded);
    let invite_link = Some(format!("{PUBLIC}/oauth?client_id={ID}&response_type=auth_key&state=YOUR_STATE"));
    let redirect_uris = Some(Field::of("https://app.northwind.example/prosper"));
    add(pages, "app-agent", &AppPage { invite_link, redirect_uris, ..agent });
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

fn endings(hostile: bool, pages: &mut Pages) {
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

fn people(hostile: bool, pages: &mut Pages) {
    let chrome = |here| chrome(hostile, here);
    for (name, kind, apps, connected) in
        [("account", AccountKind::Individual, 0, 1), ("account-institution", AccountKind::Institutional, 3, 0)]
    {
        add(pages, name, &Account { chrome: chrome(Here::Account), kind, apps, connected });
    }
    let settings = Settings {
        chrome: chrome(Here::Account),
        kind: AccountKind::Individual,
        uid: "0f8fad5b-d9cb-469f-a165-70867728950e".into(),
        space: named("Prosper", hostile),
        opened: Some(at(-400 * DAY)),
        password_changed: Some(at(-5 * DAY)),
        password_href: None,
        apps: 1,
    };
    add(pages, "settings", &settings);
    let app = |name: &str, kind, permissions| ConnectedApp {
        name: named(name, hostile),
        host: named("northwind.example", hostile),
        logo: None,
        kind,
        permissions,
        granted: at(-200 * DAY),
        last_used: Some(at(-10 * MINUTE)),
        withdraw_href: "/account/connected-apps/7/withdraw".into(),
    };
    let agent = vec![Permission::ReadProsperAccount, Permission::ReadNote, Permission::WriteInvestOrder];
    let apps =
        vec![app("Northwind Advisers", ConnectedKind::Agent, agent), app("Acme HR", ConnectedKind::SignIn, vec![])];
    let withdrawn = Some(named("Old agent", hostile));
    add(pages, "connected-apps", &ConnectedApps { chrome: chrome(Here::ConnectedApps), apps, withdrawn });
    let none = ConnectedApps { chrome: chrome(Here::ConnectedApps), apps: vec![], withdrawn: None };
    add(pages, "connected-apps-none", &none);
}

fn statuses(hostile: bool, pages: &mut Pages) {
    for standing in Standing::ALL {
        let waits = standing == Standing::PendingApproval;
        let page = StatusPage {
            chrome: if waits { chrome(hostile, Here::Elsewhere) } else { stranger(hostile) },
            standing,
            since: Some(at(-2 * DAY)),
            reason: (standing == Standing::Suspended).then(|| named("A payment was returned twice.", hostile)),
            due: waits.then(|| at(3 * DAY)),
            with_agent_role: waits,
            email: (standing == Standing::Unactivated).then(|| named("ada@example.com", hostile)),
            next_href: None,
        };
        add(pages, format!("status-{}", standing.code()), &page);
    }
}

fn problems(hostile: bool, pages: &mut Pages) {
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

fn institutions(hostile: bool, pages: &mut Pages) {
    let types = ["corporation", "fund", "bank", "trust", "third_party_agent", MARKUP];
    let register = InstRegister {
        chrome: stranger(hostile),
        form: form("/account/common/inst_register.aspx"),
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

fn sandbox(hostile: bool, pages: &mut Pages) {
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
    add(pages, "docs-errors", &ErrorCatalogue { chrome: docs, tables: vec![table] });
}
