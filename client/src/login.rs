//! Login with Prosper: send a browser there, take the code that comes back, read who signed in.

use serde::Deserialize;
use serde_json::json;
use url::Url;

use crate::ask::{Ask, endpoint, get, post};
use crate::{Credentials, Secret};

/// Login with Prosper as one application sees it.
#[derive(Clone, Debug)]
pub struct Login {
    base: Url,
    credentials: Credentials,
    redirect_uri: String,
}

/// An authorization request that is being put together.
#[derive(Clone, Debug)]
pub struct Authorize<'a> {
    login: &'a Login,
    state: &'a str,
    challenge: Option<&'a str>,
}

/// What a browser came back with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callback {
    /// The person agreed. Exchange the code within five minutes, once.
    Code(Secret),
    /// They did not, or the request was wrong: the error code, such as `access_denied`.
    Refused(String),
    /// The state is not the one that was sent. Somebody else may have started this sign-in: turn it away.
    NotOurs,
}

/// The token of a good exchange. Read the profile with it, then forget it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LoginToken {
    /// Opaque.
    pub access_token: Secret,
    /// `bearer`
    pub token_type: String,
    /// `user:email`
    pub scope: String,
    /// Seconds: 900.
    pub expires_in: u64,
}

/// Who signed in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// A GUID that stays with this person. Know them by it.
    pub uid: String,
    /// A number that stays with this person.
    pub id: i64,
    /// Their email, as they sign in with it. May change.
    pub login: String,
    /// Their email. May change: do not know them by it.
    pub email: String,
    /// What stands before the first space of their name.
    pub first_name: String,
    /// What stands after the last space of their name; empty if it has none.
    pub last_name: String,
    /// As `login`.
    pub user_name: String,
}

impl Login {
    /// Login with Prosper at `base`. `redirect_uri` must be one of those that are registered, to the byte; a query may be
    /// added to it.
    pub fn new(base: Url, credentials: Credentials, redirect_uri: impl Into<String>) -> Self {
        Self { base, credentials, redirect_uri: redirect_uri.into() }
    }

    /// Where to send the browser. Draw `state` at random (128 bits or more), keep it in the person's own session and hand
    /// it to [`Login::callback`].
    pub const fn authorize<'a>(&'a self, state: &'a str) -> Authorize<'a> {
        Authorize { login: self, state, challenge: None }
    }

    /// Reads the address that the browser came back to.
    pub fn callback(&self, address: &Url, state: &str) -> Callback {
        let value = |name| address.query_pairs().find(|(sent, _)| sent == name).map(|(_, value)| value.into_owned());
        if value("state").as_deref() != Some(state) {
            return Callback::NotOurs;
        }
        match (value("code"), value("error")) {
            (Some(code), None) => Callback::Code(code.into()),
            (_, error) => Callback::Refused(error.unwrap_or_default()),
        }
    }

    /// A token for a code. From a server only.
    pub fn exchange(&self, code: &Secret) -> Ask<LoginToken> {
        self.exchange_verified(code, None)
    }

    /// A token for a code that was asked for with a challenge.
    pub fn exchange_with_verifier(&self, code: &Secret, verifier: &Secret) -> Ask<LoginToken> {
        self.exchange_verified(code, Some(verifier))
    }

    /// Who signed in.
    pub fn user(&self, token: &LoginToken) -> Ask<Profile> {
        Ask::new(get(endpoint(&self.base, "api/v2/user"), &token.access_token), |body| serde_json::from_str(body).ok())
    }

    fn exchange_verified(&self, code: &Secret, verifier: Option<&Secret>) -> Ask<LoginToken> {
        let mut body = json!({
            "client_id": self.credentials.client_id,
            "client_secret": self.credentials.client_secret.expose(),
            "code": code.expose(),
            "redirect_uri": self.redirect_uri,
        });
        if let Some(verifier) = verifier {
            body["code_verifier"] = verifier.expose().into();
        }
        let request = post(endpoint(&self.base, "login/oauth/access-token"), "application/json", body.to_string());
        Ask::new(request, |body| serde_json::from_str(body).ok())
    }
}

impl<'a> Authorize<'a> {
    /// Binds the code to a PKCE verifier (RFC 7636): the base64url SHA-256 of it. Prosper demands it only of applications
    /// that are set so.
    #[must_use]
    pub const fn challenge(mut self, s256: &'a str) -> Self {
        self.challenge = Some(s256);
        self
    }

    /// The address to send the browser to.
    pub fn url(&self) -> Url {
        let mut url = endpoint(&self.login.base, "login/oauth/authorize");
        let mut query = url.query_pairs_mut();
        query
            .append_pair("client_id", &self.login.credentials.client_id)
            .append_pair("redirect_uri", &self.login.redirect_uri)
            .append_pair("scope", "user:email")
            .append_pair("state", self.state);
        if let Some(challenge) = self.challenge {
            query.append_pair("code_challenge", challenge).append_pair("code_challenge_method", "S256");
        }
        drop(query);
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, Response};

    fn login() -> Login {
        let base = "https://id.example".parse().unwrap();
        Login::new(base, Credentials::new("an id", "a secret"), "https://app.example/auth?next=a%20b")
    }

    fn came_back(query: &str) -> Callback {
        let address = format!("https://app.example/auth?next=a%20b&{query}").parse().unwrap();
        login().callback(&address, "s")
    }

    #[test]
    fn a_browser_is_sent_with_everything_that_the_guide_requires() {
        let url = login().authorize("a state").challenge("abc").url();
        assert_eq!((url.host_str(), url.path()), (Some("id.example"), "/login/oauth/authorize"));
        let sent: Vec<_> = url.query_pairs().into_owned().collect();
        let expected = [
            ("client_id", "an id"),
            ("redirect_uri", "https://app.example/auth?next=a%20b"),
            ("scope", "user:email"),
            ("state", "a state"),
            ("code_challenge", "abc"),
            ("code_challenge_method", "S256"),
        ];
        assert_eq!(sent, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn a_callback_with_another_state_or_none_is_not_ours() {
        assert_eq!(came_back("code=c&state=s"), Callback::Code("c".into()));
        assert_eq!(came_back("error=access_denied&state=s"), Callback::Refused("access_denied".into()));
        assert_eq!(came_back("code=c&state=other"), Callback::NotOurs);
        assert_eq!(came_back("code=c"), Callback::NotOurs);
    }

    #[test]
    fn a_refused_exchange_keeps_the_words_of_the_table() {
        let response = Response { status: 400, body: "\"Code has expired\"".into(), ..Response::default() };
        let Err(Error::Refused(refusal)) = login().exchange(&"c".into()).read::<()>(&response) else {
            panic!("not refused")
        };
        assert_eq!((refusal.code, &*refusal.reason), (None, "Code has expired"));
    }
}
