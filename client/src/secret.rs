//! What must not be printed by accident.

use std::fmt;

use serde::Deserialize;

/// A secret, password, code or token. `Debug` shows that there is one, and no more.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for whoever must send or keep it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for Secret {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What an application proves itself with: 32 lower-case hex digits each.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The client id. Not a secret.
    pub client_id: String,
    /// The client secret. Keep it on a server: never in a browser, an app or a repository.
    pub client_secret: Secret,
}

impl Credentials {
    /// The id and secret that registration gave.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<Secret>) -> Self {
        Self { client_id: client_id.into(), client_secret: client_secret.into() }
    }
}
