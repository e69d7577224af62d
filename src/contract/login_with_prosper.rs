//! Login with Prosper: the error table of seed 3, the redirect errors, and the bodies of the answers.

use std::io::Write as _;

use crate::domain::account::Account;

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
    let email = account.email.as_str();
    let mut json = Vec::with_capacity(180 + 3 * email.len() + account.name.len());
    write!(json, r#"{{"uid":"{}","id":{}"#, account.uid, account.id.0).expect("there is room in memory");
    // In the document's order.
    let texts = [("login", email), ("email", email), ("firstName", first), ("lastName", last), ("userName", email)];
    for (member, text) in texts {
        json.extend_from_slice(b",\"");
        json.extend_from_slice(member.as_bytes());
        json.extend_from_slice(b"\":");
        push_text(&mut json, text);
    }
    json.push(b'}');
    json
}

/// Appends a JSON string. Nearly none needs escaping, which is seen at a glance; those that do are left to the library,
/// which looks at each byte by itself.
fn push_text(json: &mut Vec<u8>, text: &str) {
    let special = text.bytes().filter(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).count();
    if special == 0 {
        json.push(b'"');
        json.extend_from_slice(text.as_bytes());
        json.push(b'"');
    } else {
        serde_json::to_writer(json, text).expect("texts can always be written as JSON");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_is_written_as_the_library_writes_it(text in any::<String>(), special in "[ -~\\x00-\\x1f\\x7f]{0,20}") {
            for text in [text, special] {
                let mut json = Vec::new();
                push_text(&mut json, &text);
                prop_assert_eq!(json, serde_json::to_vec(&text).expect("a text"));
            }
        }
    }
}
