//! Connected apps: what a person allowed, and taking it back (L-09, K-04, R-23).

use prosper::store::audit::Trail;

use crate::prosper::login::CALLBACK;
use crate::prosper::{Prosper, hours};

const AGENT_CALLBACK: &str = "https://agent.example/cb";

#[tokio::test]
async fn the_page_lists_what_was_allowed_and_withdrawing_ends_it_at_once() {
    let p = Prosper::start().await;
    let owner = p.investor("owner@example.com").await;
    let app = owner.has_login_app("Acme HR", &[CALLBACK]).await;
    let northwind = p.agent("agent@example.com").await.registers_agent_app("Northwind", AGENT_CALLBACK).await;
    let ada = p.investor("ada@example.com").await;
    let browser = ada.signs_in().await;

    let token = app.exchange(&browser.code_for(&app).await).await.login_token();
    let place = northwind.key_url(&[("response_type", "auth_key"), ("state", "s")]);
    let key = browser.decides(&place, "allow").await.location_parameter("auth_key").expect("a key");
    let tokens = northwind.auth_key_grant(&key).await.tokens();
    p.user(&token).await.is(200);
    p.resource(&tokens.access_token).await.is(200);

    let page = browser.get("/account/connected-apps").await;
    page.is(200).page_says("Acme HR").page_says("app.example").page_says("Northwind").page_says("Agent");
    browser.get("/account").await.page_says("2 apps and agents may use your account");

    let ask = format!("/account/connected-apps/{}/withdraw", northwind.client_id);
    browser.get(&ask).await.is(200).page_says("Withdraw Northwind?");
    p.resource(&tokens.access_token).await.is(200);
    browser.confirms(&ask).await.is(200).page_says("can no longer use your account").page_says("Acme HR");
    p.resource(&tokens.access_token).await.is(401);
    northwind.refresh(&tokens).await.refused(400, "invalid_grant", "Missing/Invalid refresh token");
    northwind.auth_key_grant(&key).await.refused(400, "invalid_grant", "Bad credentials");
    p.user(&token).await.is(200);

    browser.confirms(&format!("/account/connected-apps/{}/withdraw", app.client_id)).await.is(200);
    p.user(&token).await.says(401, "Invalid token");
    browser.get("/account/connected-apps").await.page_says("Nobody but you");
    browser.get(&ask).await.is(404);
}

#[tokio::test]
async fn what_is_allowed_again_after_a_withdrawal_revives_nothing() {
    let p = Prosper::start().await;
    let owner = p.investor("owner@example.com").await;
    let app = owner.has_login_app("Acme HR", &[CALLBACK]).await;
    let ada = p.investor("ada@example.com").await;
    let browser = ada.signs_in().await;
    let old = app.exchange(&browser.code_for(&app).await).await.login_token();
    let unused = browser.code_for(&app).await;
    browser.confirms(&format!("/account/connected-apps/{}/withdraw", app.client_id)).await.is(200);
    let new = app.exchange(&browser.code_for(&app).await).await.login_token();
    p.user(&old).await.is(401);
    app.exchange(&unused).await.says(400, "Invalid code");
    p.user(&new).await.is(200);
}

#[tokio::test]
async fn last_use_is_shown_and_a_disabled_app_can_still_be_withdrawn() {
    let p = Prosper::start().await;
    let owner = p.investor("owner@example.com").await;
    let app = owner.has_login_app("Acme HR", &[CALLBACK]).await;
    let ada = p.investor("ada@example.com").await;
    let browser = ada.signs_in().await;
    let token = app.exchange(&browser.code_for(&app).await).await.login_token();
    p.user(&token).await.is(200);
    p.flush().await;
    p.clock.advance(hours(3));
    browser.get("/account/connected-apps").await.page_says("3 hours ago");
    app.changes(prosper::store::applications::ApplicationChange::Disabled(true)).await;
    browser.confirms(&format!("/account/connected-apps/{}/withdraw", app.client_id)).await.is(200);
    assert_eq!(p.consents_to(&app).await, 0);
}

#[tokio::test]
async fn nobody_sees_or_withdraws_what_another_allowed() {
    let p = Prosper::start().await;
    let owner = p.investor("owner@example.com").await;
    let app = owner.has_login_app("Acme HR", &[CALLBACK]).await;
    let ada = p.investor("ada@example.com").await.signs_in().await;
    ada.code_for(&app).await;
    let eve = p.investor("eve@example.com").await.signs_in().await;
    eve.get("/account/connected-apps").await.page_says("Nobody but you");
    let place = format!("/account/connected-apps/{}/withdraw", app.client_id);
    eve.get(&place).await.is(404);
    let token = ada.get(&place).await;
    eve.submit_to(&token, &place, &[]).await.is(400);
    assert_eq!(p.consents_to(&app).await, 1);
    let trail = Trail::system(p.clock.now());
    let nobody =
        p.p.store.credentials_by_email(p.space, "eve@example.com").await.expect("read").expect("there").account;
    let refused = prosper::flows::connected_apps::withdraw(&nobody, app.id, trail, &p.p).await;
    assert!(refused.is_err());
}
