//! Attacks on the pages of an account (security PO rows; ).

use prosper::flows::manage_app::{AppWish, change_app};
use prosper::flows::refusal::Actor;
use prosper::store::audit::Trail;
use prosper::web::routes::ROUTES;

use crate::prosper::exchange::{form, request};
use crate::prosper::{App, Exchange, Prosper};

const MARKUP: &str = "<img src=x onerror=alert(1)>";

/// Every path of the route table that is about one app, and whether it is shown or only posted to.
fn paths(app: &App<'_>, secret: &str) -> Vec<(String, bool)> {
    let of_apps = ROUTES.iter().filter(|route| route.path.starts_with("/oauth/apps/{client_id}"));
    let fill = |path: &str| path.replace("{client_id}", &app.client_id).replace("{secret}", secret);
    let found: Vec<_> = of_apps.map(|route| (fill(route.path), route.methods.contains("GET"))).collect();
    assert!(found.len() > 11, "the table has the pages of apps");
    found
}

/// What sets two 404 pages apart is the request's id alone.
fn told(answer: &Exchange) -> String {
    let id = answer.header("x-request-id").expect("every answer has one");
    answer.body.replace(id, "ID")
}

/// PO-01, R-75.
#[tokio::test]
async fn what_belongs_to_another_is_as_absent_as_what_is_not_there() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme", &["https://app.example/cb"]).await;
    let secret = p.p.store.client(app.id).await.expect("read").expect("there").secrets[0].id.hex();
    let eve = p.investor("eve@example.com").await;
    let own = eve.has_login_app("Eve", &["https://evil.test/cb"]).await;
    let browser = eve.signs_in().await;
    let token = form_token(&browser.get(&format!("/oauth/apps/{}", own.client_id)).await);
    let unknown = App { client_id: "0".repeat(32), ..app.clone() };
    let (others, nobodys) = (paths(&app, &secret), paths(&unknown, &secret));
    for ((path, shown), (absent, _)) in others.iter().zip(&nobodys) {
        let fields = [("form_token", token.as_str()), ("redirect_uris", "https://evil.test/cb"), ("overlap", "24")];
        if !path.ends_with(&app.client_id) && !path.ends_with("/requests") {
            let (theirs, nothing) = (browser.post(path, &fields).await, browser.post(absent, &fields).await);
            assert_eq!(told(theirs.is(404)), told(nothing.is(404)), "{path}");
        }
        if *shown {
            assert_eq!(told(browser.get(path).await.is(404)), told(browser.get(absent).await.is(404)), "{path}");
        }
    }
    let kept = p.p.store.client(app.id).await.expect("read").expect("there");
    assert_eq!((kept.secrets.len(), kept.application.disabled), (1, false));
    assert_eq!(kept.application.profile.redirect_uris[0].as_str(), "https://app.example/cb");
    // One's own app, with a secret's name that is another's.
    let theirs = format!("/oauth/apps/{}/secrets/{secret}/revoke", own.client_id);
    browser.get(&theirs).await.is(404);
}

#[tokio::test]
async fn a_stranger_is_sent_to_sign_in_and_nothing_is_done() {
    let p = Prosper::start().await;
    let app = p.investor("ada@example.com").await.registers_own_app("Ada").await;
    let stranger = p.browser();
    for path in ["/oauth", "/account", "/account/settings", "/account/connected-apps", "/account/agent-request"] {
        let next: String = url::form_urlencoded::byte_serialize(path.as_bytes()).collect();
        stranger.get(path).await.is(302).redirects_to(&format!("/login?next={next}"));
    }
    let base = format!("/oauth/apps/{}", app.client_id);
    let next: String = url::form_urlencoded::byte_serialize(base.as_bytes()).collect();
    for path in ["/delete", "/disable", "/secrets", "/secrets/revoke"] {
        stranger.post(&format!("{base}{path}"), &[]).await.redirects_to(&format!("/login?next={next}&lost=form"));
    }
    assert!(p.p.store.client(app.id).await.expect("read").is_some());
}

/// PO-15, R-17: from another site, without a token, with another browser's, with another page's.
#[tokio::test]
async fn a_post_that_no_page_of_this_browser_made_does_nothing() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme", &["https://app.example/cb"]).await;
    let browser = ada.signs_in().await;
    let base = format!("/oauth/apps/{}", app.client_id);
    let cookie = format!("prosper={}", browser.cookie("prosper").expect("signed in"));
    let own = form_token(&browser.get(&base).await);
    let fields = [("form_token", own.as_str()), ("company_name", "X"), ("phone", "+1 415 555 0100"), ("kind", "own")];
    let places = ["/oauth".to_owned(), format!("{base}/secrets"), format!("{base}/delete"), format!("{base}/disable")];
    for place in &places {
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.test"),
            ("origin", "null"),
        ] {
            let headers =
                [("content-type", "application/x-www-form-urlencoded"), ("cookie", cookie.as_str()), (name, value)];
            let answer = p.send(request("POST", place, &headers, &form(&fields))).await;
            answer.is(403).page_says("That came from another site");
        }
        browser.post(place, &[("kind", "own")]).await.is(400);
    }
    let other = p.investor("eve@example.com").await.signs_in().await;
    let foreign = form_token(&other.get("/oauth").await);
    for token in [foreign.as_str(), own.as_str(), "", "AQAA"] {
        let fields = [("form_token", token), ("company_name", "X"), ("phone", "+1 415 555 0100"), ("kind", "own")];
        browser.post("/oauth", &fields).await.is(400);
        browser.post(&format!("{base}/delete"), &[("form_token", token)]).await.is(400);
    }
    // A page that was open for too long says so, keeps what was typed, and works when it is sent again.
    let page = browser.get("/oauth").await;
    p.clock.advance(crate::prosper::hours(2));
    let typed = [("company_name", "Ada"), ("phone", "+1 415 555 0100")];
    let stale = browser.submit_to(&page, "/oauth", &typed).await;
    stale.is(400).page_says("Please send that again");
    assert_eq!(stale.value_of("company_name").as_deref(), Some("Ada"));
    browser.submit_to(&stale, "/oauth", &typed).await.is(200);
    assert!(p.p.store.client(app.id).await.expect("read").is_some_and(|client| !client.application.disabled));
    assert_eq!(p.p.store.clients_of(ada.id).await.expect("read").len(), 2);
}

/// PO-05, PO-07, R-77.
#[tokio::test]
async fn redirect_uris_that_lead_elsewhere_than_they_say_are_refused_with_the_reason() {
    let p = Prosper::start().await;
    let agent = p.agent("agent@example.com").await;
    let app = agent.registers_agent_app("Northwind", "https://agent.example/cb").await;
    let login = agent.has_login_app("Acme", &["https://app.example/cb"]).await;
    let browser = agent.signs_in().await;
    for bad in [
        "javascript:alert(1)",
        "data:text/html,x",
        "https://*.example/cb",
        "https://app.example/*",
        "http://app.example/cb",
        "https://user@app.example/cb",
        "https://app.example/cb#x",
        "https://app.example\\@evil.test/cb",
        "https://app.ex\u{e4}mple/cb",
        "//app.example/cb",
    ] {
        for app in [&app, &login] {
            let page = browser.get(&format!("/oauth/apps/{}", app.client_id)).await;
            let back = browser.submit(&page, &[("redirect_uris", bad)]).await;
            back.is(400);
            assert!(back.error_beside("redirect_uris").is_some(), "{bad}\n{}", back.told());
        }
        let page = browser.get("/oauth").await;
        let fields = [
            ("company_name", "X"),
            ("phone", "+1 415 555 0100"),
            ("email", "ops@agent.example"),
            ("company_url", "https://agent.example"),
            ("redirect_url", bad),
        ];
        browser.submit(&page, &fields).await.is(400);
    }
    let kept = p.p.store.client(app.id).await.expect("read").expect("there");
    assert_eq!(kept.application.profile.redirect_uris[0].as_str(), "https://agent.example/cb");
}

/// PO-09, R-20.
#[tokio::test]
async fn markup_in_a_name_is_text_wherever_it_is_shown() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app(MARKUP, &["https://app.example/cb"]).await;
    let browser = ada.signs_in().await;
    let (id, _) = browser.registers_own(MARKUP).await.registration();
    let place = app.authorize_url("https://app.example/cb", "s");
    browser.visit(&place).await.is(200).page_says("&#60;img src=x");
    browser.code_for(&app).await;
    for path in [
        "/oauth".to_owned(),
        format!("/oauth/apps/{id}"),
        format!("/oauth/apps/{id}/delete"),
        "/account/connected-apps".to_owned(),
        format!("/account/connected-apps/{}/withdraw", app.client_id),
    ] {
        browser.get(&path).await.is(200).page_says("&#60;img src=x").page_does_not_say(MARKUP);
    }
    let page = browser.get(&format!("/oauth/apps/{id}")).await;
    browser.submit(&page, &[("label", "<script>"), ("overlap", "24")]).await.page_does_not_say("<script>");
}

/// PO-11, R-79.
#[tokio::test]
async fn a_logo_is_a_picture_of_our_own_drawing_and_nothing_else() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme", &["https://app.example/cb"]).await;
    let path = format!("/logos/{}", app.client_id);
    p.get(&path).await.is(404);
    let wish = async |upload: Vec<u8>| {
        let trail = Trail::cli(p.clock.now());
        change_app(app.id, AppWish::Logo(Some(upload)), Actor::Terminal, trail, &p.p).await
    };
    for bad in
        [&b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"[..], b"<html>", b"", b"\x89PNG\r\n\x1a\n"]
    {
        assert!(wish(bad.to_vec()).await.is_err());
    }
    let mut png = std::io::Cursor::new(Vec::new());
    image::DynamicImage::new_rgb8(300, 300).write_to(&mut png, image::ImageFormat::Png).expect("drawn");
    wish(png.into_inner()).await.expect("taken");
    let answer = p.get(&path).await;
    answer.is(200);
    assert_eq!(answer.header("content-type"), Some("image/png"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert!(answer.header("content-security-policy").is_some_and(|policy| policy.contains("sandbox")));
    ada.signs_in().await.get("/oauth").await.page_says(&format!("src=\"{path}\""));
}

/// whatever the page, it cannot be framed, and holds nothing from elsewhere.
#[tokio::test]
async fn every_page_of_an_account_carries_its_policy() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada").await;
    let browser = ada.signs_in().await;
    let pages = [
        "/oauth".to_owned(),
        format!("/oauth/apps/{}", app.client_id),
        format!("/oauth/apps/{}/delete", app.client_id),
        "/account".to_owned(),
        "/account/settings".to_owned(),
        "/account/password".to_owned(),
        "/docs/errors".to_owned(),
        "/account/connected-apps".to_owned(),
        "/account/agent-request".to_owned(),
        "/account/common/inst_register.aspx".to_owned(),
        "/verify-email?link=x".to_owned(),
        "/setup".to_owned(),
        "/oauth/apps/nobody".to_owned(),
    ];
    for path in pages {
        let page = browser.get(&path).await;
        let policy = page.header("content-security-policy").unwrap_or_else(|| panic!("{}", page.told()));
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"), "{path}");
        assert!(!page.body.contains("<script") && !page.body.contains("style="), "{path}");
        page.never_stored();
    }
}

/// Seed 2 and 3: every row of every table, for developers, with its cause and its remedy (W-05).
#[tokio::test]
async fn the_error_page_lists_every_row_that_the_server_answers_with() {
    let p = Prosper::start().await;
    let page = p.get("/docs/errors").await;
    page.is(200);
    for (_, rows) in prosper::contract::token_endpoint::tables() {
        for row in rows {
            page.page_says(row.code).page_says(row.reason);
        }
    }
    page.page_says("&#34;Code has expired&#34;").page_says("&#34;Invalid token&#34;").page_says("access_denied");
}

/// The page for developers names every endpoint that a program calls, each table of errors, and where to register.
#[tokio::test]
async fn the_page_for_developers_leads_to_all_they_need() {
    let p = Prosper::start().await;
    let page = p.get("/docs").await;
    page.is(200).page_says(&p.url);
    let calls = ["/v1/", "/api/", "/login/oauth/"];
    let called = ROUTES.iter().filter(|route| calls.iter().any(|start| route.path.starts_with(start)));
    let mut named = 0;
    for route in called.filter(|route| route.path != "/v1/accounts/prosper") {
        let method = route.methods.split(',').next().expect("a first one");
        page.page_says(&format!("<code>{method} {}</code>", route.path));
        named += 1;
    }
    assert_eq!(named, 6);
    page.page_says("<code>GET /oauth</code>");
    let errors = p.get("/docs/errors").await;
    let links: Vec<_> =
        page.body.split("href=\"/docs/errors#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(links.len() > 10, "{links:?}");
    for id in links {
        errors.page_says(&format!("<h2 id=\"{id}\">"));
    }
    for place in ["/oauth#/settings", "/account/agent-request", "/account/common/inst_register.aspx"] {
        page.page_says(&format!("href=\"{place}\""));
    }
    // Every page leads to it.
    p.get("/").await.page_says("<a href=\"/docs\">Docs</a>");
}

/// W-06: another method gets 405 with the methods there are, and changes nothing.
#[tokio::test]
async fn other_methods_are_named_and_do_nothing() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada").await;
    let browser = ada.signs_in().await;
    let base = format!("/oauth/apps/{}", app.client_id);
    for (method, path, allow) in [
        ("GET", format!("{base}/secrets"), "POST"),
        ("GET", format!("{base}/redirects"), "POST"),
        ("GET", format!("{base}/enable"), "POST"),
        ("POST", base.clone(), "GET, HEAD"),
        ("DELETE", base.clone(), "GET, HEAD"),
        ("PUT", format!("{base}/delete"), "GET, HEAD, POST"),
        ("POST", "/account".to_owned(), "GET, HEAD"),
    ] {
        let headers = [("sec-fetch-site", "same-origin"), ("content-type", "application/x-www-form-urlencoded")];
        let answer = browser.send(method, &path, &headers, "").await;
        assert_eq!((answer.is(405).header("allow"), path.as_str()), (Some(allow), path.as_str()), "{method}");
    }
    assert!(p.p.store.client(app.id).await.expect("read").is_some());
}

fn form_token(page: &Exchange) -> String {
    let rest = page.body.split_once("name=\"form_token\" value=\"").expect("a form token").1;
    rest.split('"').next().expect("it ends").to_owned()
}
