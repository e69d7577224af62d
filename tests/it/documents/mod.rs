//! The three documents, promise by promise: `docs/promises.md` names the test of each.

mod login_tokens;
mod login_with_prosper;
mod password_flow;
mod registration;

use crate::prosper::login::CALLBACK;
use crate::prosper::{App, Browser, Exchange, Person, Prosper};

/// Ada, and an application that she can log in to.
async fn ada_and_acme(p: &Prosper) -> (Person<'_>, App<'_>) {
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_login_app("Acme HR", &[CALLBACK]).await;
    (ada, app)
}

/// A browser in which Ada has signed in and allowed the application.
async fn after_consent<'s>(ada: &Person<'s>, app: &App<'s>) -> Browser<'s> {
    let browser = ada.signs_in().await;
    browser.code_for(app).await;
    browser
}

#[track_caller]
fn invalid_token(answer: &Exchange) {
    answer.says(401, "Invalid token");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer error=\"invalid_token\""), "{}", answer.told());
}
