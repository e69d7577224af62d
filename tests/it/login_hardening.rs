//! Login with Prosper beyond what the guide asks for: PKCE, the issuer, locked pages, tabs, codes that cannot be guessed
//! (L-06, L-08, W-01; security C-01, C-15, R-10, R-14 to R-21).

use prosper::crypto::digest::sha256;
use prosper::crypto::seal::to_base64url;
use prosper::store::applications::ApplicationChange;

use crate::prosper::login::CALLBACK;
use crate::prosper::{Browser, Prosper};

/// L-08, C-01: optional, but enforced once it is sent; an application can demand it. AZ-64.
#[tokio::test]
async fn a_pkce_challenge_is_enforced_once_it_is_sent() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let browser = ada.signs_in().await;
    browser.code_for(&app).await;
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let place = app.asks_well(&[("code_challenge", &challenge(verifier)), ("code_challenge_method", "S256")]);
    let code = browser.get(&place).await.location_parameter("code").expect("a code");

    app.exchange(&code).await.says(400, "Invalid code");
    let wrong = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    app.exchange_form(&[("code", &code), ("code_verifier", wrong)]).await.says(400, "Invalid code");
    app.exchange_form(&[("code", &code), ("code_verifier", "short")]).await.says(400, "Invalid code");
    let answer = app.exchange_form(&[("code", &code), ("code_verifier", verifier)]).await;
    answer.login_token();

    // A verifier for a code without a challenge: somebody took the challenge away.
    let code = browser.code_for(&app).await;
    app.exchange_form(&[("code", &code), ("code_verifier", verifier)]).await.says(400, "Invalid code");
    app.exchange(&code).await.login_token();

    app.changes(ApplicationChange::RequirePkce(true)).await;
    browser.get(&app.asks_well(&[])).await.refuses_the_app(CALLBACK, "invalid_request");
    assert!(browser.get(&place).await.location_parameter("code").is_some());
}

/// C-15: off by default, for the shape of the guide; a switch for each application.
#[tokio::test]
async fn the_issuer_goes_along_where_the_application_asks_for_it() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let browser = ada.signs_in().await;
    browser.code_for(&app).await;
    assert_eq!(browser.get(&app.asks_well(&[])).await.location_parameter("iss"), None);
    app.changes(ApplicationChange::SendIssuer(true)).await;
    assert_eq!(browser.get(&app.asks_well(&[])).await.location_parameter("iss").as_deref(), Some(p.url.as_str()));
    let refused = browser.get(&app.asks(&[("redirect_uri", CALLBACK)])).await;
    assert_eq!(refused.location_parameter("iss").as_deref(), Some(p.url.as_str()));
}

/// L-06: HEAD makes nothing. AZ-67, R-14.
#[tokio::test]
async fn other_methods_make_no_code() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let browser = ada.signs_in().await;
    browser.code_for(&app).await;
    for method in ["HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"] {
        let answer = browser.send(method, &app.asks_well(&[]), &[], "").await;
        answer.is(405);
        assert_eq!(answer.header("allow").map(|allow| allow.contains("GET")), Some(true), "{}", answer.told());
        assert_eq!(answer.header("location"), None);
    }
    assert_eq!(browser.send("HEAD", &app.asks_well(&[]), &[], "").await.header("allow"), Some("GET, POST"));
}

/// W-01, R-18, R-19, R-21, AZ-47, AZ-49, TR-07: no framing, no script, nothing from elsewhere; and `form-action` names
/// the verified origin, or the browser would swallow the code.
#[tokio::test]
async fn the_pages_of_the_flow_are_locked_and_let_the_code_out() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let place = app.authorize_url(CALLBACK, "s");
    let sign_in = p.browser().visit(&place).await;
    let browser = ada.signs_in().await;
    let consent = browser.get(&place).await;
    let welcome = p.get("/welcome").await;
    let problem = p.get(&app.asks(&[("redirect_uri", CALLBACK)])).await;
    for page in [&sign_in, &consent, &welcome, &problem] {
        let policy = page.header("content-security-policy").expect("a policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("script-src") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("x-frame-options"), Some("DENY"));
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(page.header("referrer-policy"), Some("same-origin"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        for foreign in ["src=\"http", "src=\"//", "<script", "style=\"", "@import"] {
            page.page_does_not_say(foreign);
        }
    }
    for page in [&sign_in, &consent] {
        let policy = page.header("content-security-policy").expect("a policy");
        assert!(policy.contains("form-action 'self' https://app.example;"), "{policy}");
    }
    let policy = welcome.header("content-security-policy").expect("a policy");
    assert!(policy.contains("form-action 'self';"), "{policy}");
}

/// two flows in two tabs do not mix.
#[tokio::test]
async fn two_tabs_of_one_browser_do_not_mix() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let one = ada.has_login_app("One", &["https://one.example/cb"]).await;
    let two = ada.has_login_app("Two", &["https://two.example/cb"]).await;
    let browser = ada.signs_in().await;
    let first = browser.get(&one.authorize_url("https://one.example/cb", "1")).await;
    let second = browser.get(&two.authorize_url("https://two.example/cb", "2")).await;
    let denied = browser.submit(&first, &[("decision", "deny")]).await;
    let allowed = browser.submit(&second, &[("decision", "allow")]).await;
    let allowed = browser.follow(allowed).await;
    assert!(allowed.location().starts_with("https://two.example/cb?code="), "{}", allowed.told());
    assert!(allowed.location().ends_with("&state=2"));
    let denied = browser.follow(denied).await;
    denied.refuses_the_app("https://one.example/cb", "access_denied");
    assert_eq!(denied.location_parameter("state").as_deref(), Some("1"));
    assert_eq!((p.consents_to(&one).await, p.consents_to(&two).await), (0, 1));
}

/// at least 128 bits of unguessable content, unrelated between calls.
#[tokio::test]
async fn codes_are_unrelated_and_nothing_readable_stands_in_them() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    let browser = ada.signs_in().await;
    browser.code_for(&app).await;
    let place = app.asks_well(&[]);
    let mut codes = Vec::new();
    for _ in 0..300 {
        codes.push(code_at(&browser, &place).await);
    }
    let distinct: std::collections::HashSet<_> = codes.iter().collect();
    assert_eq!(distinct.len(), codes.len());
    for code in &codes {
        assert!(code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{code}");
    }
    // Behind version and key id every position takes many values: by chance alone one of 64 comes 300 times over some 20 times.
    let length = codes[0].len();
    assert!(codes.iter().all(|code| code.len() == length));
    for at in 7..length - 1 {
        let values: std::collections::HashSet<_> = codes.iter().map(|code| code.as_bytes()[at]).collect();
        assert!(values.len() > 40, "position {at} takes {} values", values.len());
    }
}

async fn code_at(browser: &Browser<'_>, place: &str) -> String {
    browser.get(place).await.location_parameter("code").expect("a code")
}

fn challenge(verifier: &str) -> String {
    to_base64url(&sha256(verifier.as_bytes()))
}
