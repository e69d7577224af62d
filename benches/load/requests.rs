//! The requests, and what a good answer to each is.

use super::site::REDIRECT;
use super::wire::{Answer, get, post};

/// An application.
#[derive(Clone)]
pub struct Client {
    pub id: String,
    pub secret: String,
}

pub fn authorize_path(login: &Client) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("client_id", login.id.as_str()),
            ("redirect_uri", REDIRECT),
            ("scope", "user:email"),
            ("state", "0123456789abcdef"),
        ])
        .finish();
    format!("/login/oauth/authorize?{query}")
}

pub fn user(token: &str) -> Vec<u8> {
    get("/api/v2/user", &[("authorization", &format!("Bearer {token}"))])
}

pub fn token(client: &Client, grant: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let mut form = vec![("grant_type", grant), ("client_id", &client.id), ("client_secret", &client.secret)];
    form.extend_from_slice(more);
    post("/v1/security/oauth/token", &[], &form)
}

pub fn introspect(api: &Client, token: &str) -> Vec<u8> {
    let form = [("client_id", api.id.as_str()), ("client_secret", &api.secret), ("token", token)];
    post("/v1/security/oauth/introspect", &[], &form)
}

pub fn exchange(login: &Client, code: &str) -> Vec<u8> {
    let form = [("client_id", login.id.as_str()), ("client_secret", &login.secret), ("code", code)];
    post("/login/oauth/access-token", &[], &form)
}

pub fn good_profile(answer: &Answer) {
    assert!(answer.status == 200 && answer.member("email").is_some(), "{} {}", answer.status, answer.body);
}

pub fn new_token(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.member("access_token").expect("a token").to_owned()
}

pub fn code_of(answer: &Answer, redirect: &str) -> String {
    assert!(matches!(answer.status, 302 | 303), "{} {}", answer.status, answer.body);
    let place = answer.header("location").expect("a place");
    assert!(place.starts_with(redirect), "sent to {place}");
    let rest = place.split("code=").nth(1).expect("a code");
    rest.split('&').next().expect("a code").to_owned()
}
