//! Login with Prosper: the error table of seed 3, the redirect errors, and the bodies of the answers.

use serde::{Serialize, Serializer};

use crate::domain::account::Account;
use crate::domain::ids::AccountUid;

use super::lifetimes;
use super::table::Row;

error_table! {
    /// Seed 3, 4.2, "Failure responses", with the words of the bare JSON string as reason. The code is what a client
    /// that sends `grant_type` reads instead (L-13).
    ExchangeError = "Failure responses" {
        InvalidCode = "invalid_grant", 400, "Invalid code";
        CodeExpired = "invalid_grant", 400, "Code has expired";
        InvalidClientId = "invalid_grant", 400, "Invalid client id";
        ClientNotFound = "invalid_client", 400, "Client not found";
        InvalidSecret = "invalid_client", 400, "Invalid secret";
        /// Duplicates, a secret in two places, an unreadable body, another content type (L-16).
        InvalidRequest = "invalid_request", 400, "Invalid request";
        UnsupportedGrantType = "unsupported_grant_type", 400, "The grant type given is unsupported";
    }
}

error_table! {
    /// Seed 3, 4.3 and "Common errors": the profile endpoint (L-18).
    UserError = "User errors" {
        InvalidToken = "invalid_token", 401, "Invalid token";
    }
}

/// What is sent back to a verified redirect URI instead of a code (L-06; RFC 6749 §4.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorizeError {
    /// Repeated parameters, an over-long state, a bad challenge.
    InvalidRequest(&'static str),
    /// Any scope but exactly `user:email`.
    InvalidScope,
    /// Another `response_type` than `code`.
    UnsupportedResponseType,
    /// The person said no.
    AccessDenied,
}

impl AuthorizeError {
    /// The `error` parameter.
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "invalid_request",
            Self::InvalidScope => "invalid_scope",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::AccessDenied => "access_denied",
        }
    }

    /// The `error_description` parameter.
    pub const fn description(self) -> &'static str {
        match self {
            Self::InvalidRequest(why) => why,
            Self::InvalidScope => "The scope must be exactly user:email",
            Self::UnsupportedResponseType => "The response_type must be code or absent",
            Self::AccessDenied => "The user denied the request",
        }
    }
}

/// The one scope of this flow.
pub const SCOPE: &str = "user:email";

/// The JSON of a successful exchange (L-12). The token is base64, so nothing in it needs escaping.
pub fn token_json(access_token: &str) -> Vec<u8> {
    format!(
        r#"{{"access_token":"{access_token}","token_type":"bearer","scope":"{SCOPE}","expires_in":{}}}"#,
        lifetimes::LOGIN_TOKEN_EXPIRES_IN
    )
    .into_bytes()
}

/// The bare JSON string of a refusal (L-13, L-18). No row needs escaping.
pub fn refusal_json(row: Row) -> Vec<u8> {
    format!("\"{}\"", row.reason).into_bytes()
}

/// The JSON of the profile (L-17): exactly seven members.
///
/// # Panics
/// Never: texts and a number can always be written as JSON.
pub fn profile_json(account: &Account) -> Vec<u8> {
    let (first, last) = account.first_and_last_name();
    let profile = Profile {
        uid: &account.uid,
        id: account.id.0,
        login: account.email.as_str(),
        email: account.email.as_str(),
        first_name: first,
        last_name: last,
        user_name: account.email.as_str(),
    };
    let mut json = Vec::with_capacity(512);
    serde_json::to_writer(&mut json, &profile).expect("texts and a number can always be written as JSON");
    json
}

/// The profile's members, in the document's order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Profile<'a> {
    #[serde(serialize_with = "as_text")]
    uid: &'a AccountUid,
    id: i64,
    login: &'a str,
    email: &'a str,
    first_name: &'a str,
    last_name: &'a str,
    user_name: &'a str,
}

fn as_text<S: Serializer>(uid: &AccountUid, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(uid)
}
