//! The Investor API: tokens for a person's own account, for an agent's investors, and for partners.

use serde::Deserialize;
use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::ask::{Ask, Request, endpoint, get, post};
use crate::{Credentials, Secret};

/// The Investor API as one application sees it.
#[derive(Clone, Debug)]
pub struct InvestorApi {
    base: Url,
    credentials: Credentials,
}

/// The tokens of a good answer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Tokens {
    /// Send it as `Authorization: bearer …`; [`InvestorApi::get`] does.
    pub access_token: Secret,
    /// `bearer`
    pub token_type: String,
    /// Seconds in which the access token surely works.
    pub expires_in: u64,
    /// Gets further access tokens for ten hours from the password request; stays the same when used. Partners get none.
    #[serde(default)]
    pub refresh_token: Option<Secret>,
}

impl InvestorApi {
    /// The API at `base`, such as `https://api.example/`.
    pub const fn new(base: Url, credentials: Credentials) -> Self {
        Self { base, credentials }
    }

    /// Tokens for the person whose application this is. The username is the email that they sign in with.
    pub fn password(&self, username: &str, password: impl Into<Secret>) -> Ask<Tokens> {
        let password = password.into();
        self.ask("password", &[("username", username), ("password", password.expose())])
    }

    /// A new access token.
    pub fn refresh(&self, refresh_token: &Secret) -> Ask<Tokens> {
        self.ask("refresh_token", &[("refresh_token", refresh_token.expose())])
    }

    /// Tokens for an investor who gave this agent an authorization key.
    pub fn authorization_key(&self, key: &Secret) -> Ask<Tokens> {
        self.ask("authorization_key", &[("auth_key", key.expose())])
    }

    /// A token for this partner itself.
    pub fn client_credentials(&self) -> Ask<Tokens> {
        self.ask("client_credentials", &[])
    }

    /// A resource of the API, as whatever JSON it is.
    pub fn get(&self, path: &str, access_token: &Secret) -> Ask<Value> {
        Ask::new(get(endpoint(&self.base, path), access_token), |body| serde_json::from_str(body).ok())
    }

    /// Where an agent sends an investor who is to grant it access. Leave `scopes` empty to ask for all that the application
    /// is registered for. `state` comes back with the key.
    pub fn authorization_key_url(&self, state: &str, scopes: &[&str]) -> Url {
        let mut url = endpoint(&self.base, "oauth");
        let mut query = url.query_pairs_mut();
        query.append_pair("client_id", &self.credentials.client_id).append_pair("response_type", "auth_key");
        query.append_pair("state", state);
        if !scopes.is_empty() {
            query.append_pair("scope", &scopes.join(" "));
        }
        drop(query);
        url
    }

    fn ask(&self, grant_type: &str, parameters: &[(&str, &str)]) -> Ask<Tokens> {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("grant_type", grant_type)
            .append_pair("client_id", &self.credentials.client_id)
            .append_pair("client_secret", self.credentials.client_secret.expose())
            .extend_pairs(parameters);
        Ask::new(self.request(body.finish()), |body| serde_json::from_str(body).ok())
    }

    fn request(&self, body: String) -> Request {
        post(endpoint(&self.base, "v1/security/oauth/token"), "application/x-www-form-urlencoded", body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, Method, Response};

    fn api() -> InvestorApi {
        let credentials = Credentials::new("0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210");
        InvestorApi::new("https://api.example".parse().unwrap(), credentials)
    }

    #[test]
    fn a_password_request_is_a_form_whose_awkward_characters_survive() {
        let ask = api().password("ada+notes@example.com", "a&b=c d%");
        let request = ask.request();
        assert_eq!(request.method, Method::Post);
        assert_eq!(request.url.as_str(), "https://api.example/v1/security/oauth/token");
        assert!(request.headers.contains(&("content-type", "application/x-www-form-urlencoded".into())));
        let sent: Vec<_> = form_urlencoded::parse(request.body.as_bytes()).into_owned().collect();
        assert!(sent.contains(&("username".into(), "ada+notes@example.com".into())));
        assert!(sent.contains(&("password".into(), "a&b=c d%".into())));
        assert_eq!(sent.len(), 5);
    }

    #[test]
    fn a_refusal_keeps_the_words_of_the_table() {
        let body = r#"{"error":"invalid_grant","error_description":"Bad credentials"}"#;
        let response = Response { status: 400, body: body.into(), ..Response::default() };
        let Err(Error::Refused(refusal)) = api().client_credentials().read::<()>(&response) else {
            panic!("not refused")
        };
        assert_eq!((refusal.code.as_deref(), &*refusal.reason), (Some("invalid_grant"), "Bad credentials"));
        assert_eq!(refusal.to_string(), "Prosper refused (400): invalid_grant: Bad credentials");
    }

    #[test]
    fn the_error_page_of_a_proxy_is_not_taken_for_an_answer() {
        for status in [200, 502] {
            let response = Response { status, body: "<html>Bad gateway".into(), ..Response::default() };
            assert_eq!(api().client_credentials().read::<()>(&response), Err(Error::Unreadable { status }));
        }
    }

    #[test]
    fn nothing_that_is_printed_shows_a_secret() {
        let ask = api().password("ada@example.com", "her password");
        let printed = format!("{:?} {ask:?} {:?} {:?}", api(), ask.request(), Secret::from("her password"));
        assert!(!printed.contains("her password") && !printed.contains("fedcba"), "{printed}");
    }

    #[test]
    fn a_base_address_may_have_a_path() {
        assert_eq!(
            endpoint(&"https://x.example/id/?a=b#c".parse().unwrap(), "/v1/a/").as_str(),
            "https://x.example/id/v1/a/"
        );
    }

    #[test]
    fn an_investor_is_sent_to_the_authorization_key_page() {
        let url = api().authorization_key_url("a state&", &["read_loan", "read_note"]);
        assert_eq!(
            url.as_str(),
            "https://api.example/oauth?client_id=0123456789abcdef0123456789abcdef&response_type=auth_key\
             &state=a+state%26&scope=read_loan+read_note"
        );
    }
}
