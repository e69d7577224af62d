//! Client secrets after registration: rotation with an overlap, revocation, and the end of an application (B-05, R-42,
//! T-11).

use prosper::domain::application::ApplicationKind;

use crate::prosper::{App, Exchange, Person, Prosper, hours, minutes, seconds};

/// The password grant with this secret in place of the app's own.
async fn grant(app: &App<'_>, secret: &str, person: &Person<'_>) -> Exchange {
    App { secret: secret.into(), ..app.clone() }.password_grant(person).await
}

/// The secret in the answer to the form that adds one.
fn shown(answer: &Exchange) -> String {
    let codes = answer.is(200).never_stored().page_says("Shown once").hex_codes();
    codes[0].clone()
}

#[tokio::test]
async fn a_new_secret_works_beside_the_old_one_for_a_day_and_ends_no_token() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada").await;
    let browser = ada.signs_in().await;
    let base = format!("/oauth/apps/{}", app.client_id);
    let before = app.password_grant(&ada).await.tokens();

    let page = browser.get(&base).await;
    let second = shown(&browser.submit(&page, &[("label", "June"), ("overlap", "24")]).await);
    assert_ne!(second, app.secret);
    for secret in [&app.secret, &second] {
        grant(&app, secret, &ada).await.tokens();
    }
    browser.get(&base).await.is(200).page_says("June").page_does_not_say(&second);

    p.clock.advance(hours(23) + minutes(59) + seconds(59));
    let late = grant(&app, &app.secret, &ada).await.tokens();
    p.clock.advance(seconds(1));
    grant(&app, &app.secret, &ada).await.refused(401, "invalid_client", "Invalid/Missing credentials");
    grant(&app, &second, &ada).await.tokens();
    p.resource(&late.access_token).await.is(200);
    App { secret: second, ..app.clone() }.refresh(&late).await.tokens();
    p.resource(&before.access_token).await.is(401);
}

#[tokio::test]
async fn without_an_overlap_the_old_secret_ends_at_once() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada").await;
    let browser = ada.signs_in().await;
    let page = browser.get(&format!("/oauth/apps/{}", app.client_id)).await;
    let second = shown(&browser.submit(&page, &[("overlap", "0")]).await);
    grant(&app, &app.secret, &ada).await.refused(401, "invalid_client", "Invalid/Missing credentials");
    grant(&app, &second, &ada).await.tokens();
}

#[tokio::test]
async fn at_most_two_secrets_live_and_an_overlap_is_30_days_at_most() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada").await;
    let browser = ada.signs_in().await;
    let base = format!("/oauth/apps/{}", app.client_id);
    let mut secrets = vec![app.secret.clone()];
    for _ in 0..3 {
        p.clock.advance(minutes(1));
        let page = browser.get(&base).await;
        secrets.push(shown(&browser.submit(&page, &[("overlap", "720")]).await));
    }
    let mut live = Vec::new();
    for secret in &secrets {
        live.push(grant(&app, secret, &ada).await.status == 200);
    }
    assert_eq!(live, [false, false, true, true]);
    let page = browser.get(&base).await;
    for overlap in ["721", "-1", "x", "99999999999999999999"] {
        browser.submit(&page, &[("overlap", overlap)]).await.is(400);
    }
}

#[tokio::test]
async fn the_same_form_sent_twice_makes_one_secret() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada").await;
    let browser = ada.signs_in().await;
    let page = browser.get(&format!("/oauth/apps/{}", app.client_id)).await;
    let second = shown(&browser.submit(&page, &[("overlap", "24")]).await);
    let again = browser.submit(&page, &[("overlap", "0")]).await;
    again.is(409).page_says("This form was sent before").page_does_not_say(&second);
    grant(&app, &app.secret, &ada).await.tokens();
    assert_eq!(p.p.store.client(app.id).await.expect("read").expect("there").secrets.len(), 2);
}

/// Revoking one secret ends no token; revoking all ends every one (B-05, T-11).
#[tokio::test]
async fn one_revoked_secret_ends_no_token_and_all_of_them_end_every_token() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada").await;
    let browser = ada.signs_in().await;
    let base = format!("/oauth/apps/{}", app.client_id);
    let tokens = app.password_grant(&ada).await.tokens();
    p.clock.advance(minutes(1));
    let page = browser.get(&base).await;
    let second = shown(&browser.submit(&page, &[("overlap", "720")]).await);
    let other = App { secret: second, ..app.clone() };

    let first = p.p.store.client(app.id).await.expect("read").expect("there").secrets[0].id;
    let ask = browser.get(&format!("{base}/secrets/{first}/revoke")).await;
    ask.is(200).page_says("Revoke the secret First secret?");
    app.password_grant(&ada).await.tokens();
    browser
        .confirms(&format!("{base}/secrets/{first}/revoke"))
        .await
        .redirects_to(&format!("{base}?done=secret-revoked"));
    app.password_grant(&ada).await.refused(401, "invalid_client", "Invalid/Missing credentials");
    p.resource(&tokens.access_token).await.is(200);
    other.refresh(&tokens).await.tokens();

    browser.confirms(&format!("{base}/secrets/revoke")).await.is(303);
    other.password_grant(&ada).await.refused(401, "invalid_client", "Invalid/Missing credentials");
    p.resource(&tokens.access_token).await.is(401);
    let page = browser.get(&base).await;
    page.page_says("No secret works");
    let third = App { secret: shown(&browser.submit(&page, &[("overlap", "24")]).await), ..app.clone() };
    third.refresh(&tokens).await.refused(400, "invalid_grant", "Missing/Invalid refresh token");
    third.password_grant(&ada).await.tokens();
}

#[tokio::test]
async fn a_disabled_app_gets_nothing_and_what_it_had_stays_dead_when_it_is_enabled() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada").await;
    let browser = ada.signs_in().await;
    let base = format!("/oauth/apps/{}", app.client_id);
    let tokens = app.password_grant(&ada).await.tokens();
    browser.confirms(&format!("{base}/disable")).await.redirects_to(&format!("{base}?done=disabled"));
    app.password_grant(&ada).await.refused(401, "invalid_client", "Invalid/Missing credentials");
    p.resource(&tokens.access_token).await.is(401);
    let page = browser.get(&base).await;
    page.page_says("This app is disabled");
    browser.submit_to(&page, "/enable", &[]).await.is(303);
    p.resource(&tokens.access_token).await.is(401);
    app.refresh(&tokens).await.refused(400, "invalid_grant", "Missing/Invalid refresh token");
    app.password_grant(&ada).await.tokens();
}

#[tokio::test]
async fn a_deleted_app_is_gone_with_all_it_had() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada").await;
    let browser = ada.signs_in().await;
    let base = format!("/oauth/apps/{}", app.client_id);
    let tokens = app.password_grant(&ada).await.tokens();
    browser.get(&format!("{base}/delete")).await.page_says(&app.client_id);
    browser.confirms(&format!("{base}/delete")).await.redirects_to("/oauth#/settings");
    app.password_grant(&ada).await.refused(401, "unauthorized", "Invalid/Missing client Id");
    p.resource(&tokens.access_token).await.is(401);
    browser.get(&base).await.is(404);
    browser.get("/oauth").await.page_does_not_say(&app.client_id);
}

/// B-07: an owner changes the redirect URIs, by the rules of registration; L-04 then holds for the new ones.
#[tokio::test]
async fn the_owner_of_a_login_app_sets_its_redirect_uris_and_switches() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme", &["https://app.example/cb"]).await;
    let browser = ada.signs_in().await;
    let base = format!("/oauth/apps/{}", app.client_id);
    let page = browser.get(&base).await;
    let typed = "https://app.example/cb\r\n\r\nhttp://127.0.0.1:9000/cb\r\n";
    browser.submit(&page, &[("redirect_uris", typed)]).await.redirects_to(&format!("{base}?done=redirects"));
    let uris = p.p.store.client(app.id).await.expect("read").expect("there").application.profile.redirect_uris.clone();
    assert_eq!(uris.len(), 2);
    let twenty_one: Vec<_> = (0..21).map(|n| format!("https://app.example/{n}")).collect();
    let bad = browser.submit(&page, &[("redirect_uris", &twenty_one.join("\n"))]).await;
    bad.is(400).page_says("At most 20 redirect URIs.").page_says("https://app.example/20");
    browser.submit(&page, &[("require_pkce", "on")]).await.redirects_to(&format!("{base}?done=switches"));
    let kept = p.p.store.client(app.id).await.expect("read").expect("there");
    assert!(kept.application.require_pkce && !kept.application.send_issuer);

    // A kind that sends nobody anywhere has neither.
    let own = ada.registers_own_app("Ada").await;
    let base = format!("/oauth/apps/{}", own.client_id);
    let token = browser.get(&base).await;
    browser.submit_to(&token, "/secrets", &[]).await.is(200);
    let partner = ada.has_app(ApplicationKind::Partner, "Lender").await;
    let page = browser.get(&format!("/oauth/apps/{}", partner.client_id)).await;
    page.is(200).page_does_not_say("redirect_uris");
}
