//! Every page with rich data in it, markup in every name: what the tests render and a designer looks at.

mod apps;
mod people;
mod self_service;

use super::*;
use crate::domain::scope::Scope;
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
    Form { action: action.into(), token: "c2VhbGVk".into(), hidden: vec![request], stale: false }
}

/// Renders every page: its name, and its HTML. `hostile` puts markup wherever people or applications may choose a
/// text.
pub fn all(hostile: bool) -> Vec<(String, String)> {
    let mut pages = Vec::new();
    entrance(hostile, &mut pages);
    consents(hostile, &mut pages);
    apps::settings(hostile, &mut pages);
    apps::apps(hostile, &mut pages);
    apps::endings(hostile, &mut pages);
    people::people(hostile, &mut pages);
    people::statuses(hostile, &mut pages);
    people::problems(hostile, &mut pages);
    people::institutions(hostile, &mut pages);
    people::sandbox(hostile, &mut pages);
    self_service::before_signing_in(hostile, &mut pages);
    self_service::signed_in(hostile, &mut pages);
    pages
}

type Pages = Vec<(String, String)>;

fn add(pages: &mut Pages, name: impl Into<String>, page: &impl Template) {
    pages.push((name.into(), page.render().expect("every sample renders")));
}

fn entrance(hostile: bool, pages: &mut Pages) {
    add(pages, "landing", &Landing { chrome: stranger(hostile), open_account_href: Some("/sign-up".into()) });
    add(pages, "landing-signed-in", &Landing { chrome: chrome(hostile, Here::Elsewhere), open_account_href: None });
    let sign_in = |to_app: Option<ToApp>, email: Field, refusal, spaces: Vec<SpaceChoice>| SignIn {
        chrome: Chrome { sandbox: to_app.is_none(), ..stranger(hostile) },
        form: form("/login"),
        to_app,
        email,
        first_staff: false,
        lost_form: false,
        of_space: None,
        refusal,
        spaces,
        space_error: None,
        space: None,
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
    let links = (Some("/forgot".to_owned()), Some("/sign-up".to_owned()));
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
    let stale = Form { stale: true, ..form("/logout") };
    add(pages, "sign-out-stale", &SignOut { chrome: chrome(hostile, Here::Elsewhere), form: stale });
    add(pages, "signed-out", &SignedOut { chrome: stranger(hostile) });
    add(pages, "welcome", &Welcome { chrome: stranger(hostile) });
    add(pages, "welcome-signed-in", &Welcome { chrome: chrome(hostile, Here::Elsewhere) });
    let short = Field::wrong("not put back", "Use at least fifteen characters.");
    let (name, email) = (Field::of(named("Grace Hopper", hostile)), Field::of("grace@example.com"));
    add(
        pages,
        "setup",
        &Setup { chrome: stranger(hostile), form: form("/setup"), name, email, password: short, password_min: 8 },
    );
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
    let key = |scopes: &[Scope], ends: Vec<Permission>, allowed_before: Option<When>| KeyConsent {
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
            .filter_map(|scope| Permission::of(*scope))
            .enumerate()
            .map(|(i, permission)| Ask { permission, fresh: i == 0 })
            .collect(),
        ends,
        allowed_before,
    };
    add(
        pages,
        "consent-key",
        &key(&[Scope::ReadProsperAccount, Scope::ReadNote, Scope::WriteInvestOrder], vec![], None),
    );
    add(pages, "consent-key-all", &key(&Scope::ALL, vec![], None));
    let ends = [Scope::WriteInvestOrder, Scope::ReadListing].into_iter().filter_map(Permission::of).collect();
    add(pages, "consent-key-again", &key(&[Scope::ReadLoan, Scope::ReadNote], ends, Some(at(-40 * DAY))));
}
