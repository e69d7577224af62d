//! `POST /v1/security/oauth/token`: the five error tables of seed 2, and the bodies of the answers.

use crate::domain::status::Status;

use super::lifetimes;
use super::table::{Row, Table as _};

error_table! {
    /// Seed 2, "Client Authority Errors". [`ClientAuthorityError::MissingGrantType`],
    /// [`ClientAuthorityError::BadRequest`] and [`ClientAuthorityError::UnsupportedGrantType`] are about the shape of a
    /// request and are found first (T-08).
    ClientAuthorityError = "Client Authority Errors" {
        ClientId = "unauthorized", 401, "Invalid/Missing client Id";
        NoAuthorization = "unauthorized", 401, "No Authorization (header) information provided";
        Credentials = "invalid_client", 401, "Invalid/Missing credentials";
        UnauthorizedGrants = "invalid_client", 401, "Unauthorized grants";
        BadRequest = "invalid_request", 400, "Bad request";
        MissingGrantType = "invalid_request", 400, "Invalid/Missing grant type";
        UnsupportedGrantType = "unsupported_grant_type", 400, "The grant type given is unsupported";
    }
}

error_table! {
    /// Seed 2, "User Status Errors". Said only after the right password (T-08).
    UserStatusError = "User Status Errors" {
        Closed = "closed_account", 400, "User account is closed";
        Duplicate = "duplicate_account", 400, "User has a duplicate account";
        Expired = "expired_account", 400, "User account has expired";
        Inactive = "inactive_account", 400, "User account is inactive";
        OnHold = "account_on_hold", 400, "User account is put on hold";
        PendingActivation = "account_pending_activation", 400, "User account has not been activated";
        PendingApproval = "account_pending_approval", 400, "User account pending approval";
        IncompleteRegistration = "account_incomplete_registration", 400, "User has not completed registration";
        Suspended = "suspended_account", 400, "User account is suspended";
        Terminated = "terminated_account", 400, "User account is terminated";
        Unactivated = "unactivated_account", 400, "The account’s email address has not been validated";
    }
}

error_table! {
    /// What a `scope` parameter can get wrong (seed 2, "Access Token Errors", `invalid_request`).
    ScopeError = "Access Token Errors, scopes" {
        NoScopes = "invalid_request", 400, "No scopes provided";
        InvalidScopes = "invalid_request", 400, "Invalid scope(s)";
    }
}

error_table! {
    /// Seed 2, "Password Credentials Flow Errors".
    PasswordFlowError = "Password Credentials Flow Errors" {
        NotEnoughInformation = "invalid_grant", 400, "Not enough information supplied for the grant type";
        UsernameOrPassword = "invalid_grant", 400, "Missing/Invalid username or password";
        BadCredentials = "invalid_grant", 400, "Bad credentials";
        PasswordResetRequired = "password_reset_required", 403, "User needs to reset their password";
    }
    + all ScopeError
    + all UserStatusError
    + all ClientAuthorityError
}

error_table! {
    /// Seed 2, "Access Token Errors", as met by a grant that trades an authorization key (T-05).
    AccessTokenError = "Access Token Errors" {
        NotEnoughInformation = "invalid_grant", 400, "Not enough information supplied for the grant type";
        UsernameOrPassword = "invalid_grant", 400, "Missing/Invalid username or password";
        BadCredentials = "invalid_grant", 400, "Bad credentials";
    }
    + all ScopeError
    + all ClientAuthorityError
}

error_table! {
    /// Seed 2, "Access Token Errors", `invalid_token`: the resource side (T-12).
    ResourceError = "Access Token Errors, resources" {
        InvalidToken = "invalid_token", 401, "The access token is invalid (expired, not provided etc)";
    }
}

error_table! {
    /// Seed 2, "Access Token Errors", `invalid_request`: the front channel of the Authorization Key flow (K-02).
    ResponseTypeError = "Access Token Errors, response types" {
        Unsupported = "invalid_request", 400, "Unsupported response types";
        Missing = "invalid_request", 400, "Missing response type";
    }
    + all ScopeError
}

error_table! {
    /// Seed 2, "Refresh Token Errors".
    RefreshTokenError = "Refresh Token Errors" {
        RefreshToken = "invalid_grant", 400, "Missing/Invalid refresh token";
    }
    + all ScopeError
    + all ClientAuthorityError
}

error_table! {
    /// What client credentials (T-06) and introspection (T-14) can be refused with: the client's own rows.
    MachineError = "Client credentials and introspection" {
    }
    + all ScopeError
    + all ClientAuthorityError
}

impl UserStatusError {
    /// Lets an active account pass.
    ///
    /// # Errors
    /// The row of any other status.
    pub const fn unless_active(status: Status) -> Result<(), Self> {
        Err(match status {
            Status::Active => return Ok(()),
            Status::Closed => Self::Closed,
            Status::Duplicate => Self::Duplicate,
            Status::Expired => Self::Expired,
            Status::Inactive => Self::Inactive,
            Status::OnHold => Self::OnHold,
            Status::PendingActivation => Self::PendingActivation,
            Status::PendingApproval => Self::PendingApproval,
            Status::IncompleteRegistration => Self::IncompleteRegistration,
            Status::Suspended => Self::Suspended,
            Status::Terminated => Self::Terminated,
            Status::Unactivated => Self::Unactivated,
        })
    }
}

/// The grant types that somebody is offered (T-03 to T-06).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantType {
    /// `password`
    Password,
    /// `refresh_token`
    RefreshToken,
    /// `authorization_key`
    AuthorizationKey,
    /// `client_credentials`
    ClientCredentials,
}

impl GrantType {
    /// Reads the `grant_type` parameter.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "password" => Self::Password,
            "refresh_token" => Self::RefreshToken,
            "authorization_key" => Self::AuthorizationKey,
            "client_credentials" => Self::ClientCredentials,
            _ => return None,
        })
    }

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::RefreshToken => "refresh_token",
            Self::AuthorizationKey => "authorization_key",
            Self::ClientCredentials => "client_credentials",
        }
    }
}

/// What a successful grant issued.
pub struct Tokens {
    /// The access token.
    pub access_token: String,
    /// The refresh token; `None` for client credentials (T-06).
    pub refresh_token: Option<String>,
}

impl Tokens {
    /// The JSON of T-01. Tokens are base64url, so nothing in them needs escaping.
    pub fn json(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(320);
        out.extend_from_slice(br#"{"access_token":""#);
        out.extend_from_slice(self.access_token.as_bytes());
        out.extend_from_slice(br#"","token_type":"bearer","#);
        if let Some(refresh) = &self.refresh_token {
            out.extend_from_slice(br#""refresh_token":""#);
            out.extend_from_slice(refresh.as_bytes());
            out.extend_from_slice(br#"","#);
        }
        out.extend_from_slice(br#""expires_in":"#);
        out.extend_from_slice(lifetimes::ACCESS_TOKEN_EXPIRES_IN.to_string().as_bytes());
        out.push(b'}');
        out
    }
}

/// The JSON of a refusal (T-07): `{"error":"…","error_description":"…"}`. Every row is free of quotes and backslashes.
pub fn refusal_json(row: Row) -> Vec<u8> {
    format!(r#"{{"error":"{}","error_description":"{}"}}"#, row.code, row.reason).into_bytes()
}

/// Every table of seed 2, by heading, for the developers' error page and the tests.
pub fn tables() -> Vec<(&'static str, Vec<Row>)> {
    vec![
        (PasswordFlowError::HEADING, PasswordFlowError::rows()),
        (AccessTokenError::HEADING, {
            let mut rows = AccessTokenError::rows();
            rows.extend(ResourceError::rows());
            rows.extend(ResponseTypeError::rows());
            rows
        }),
        (RefreshTokenError::HEADING, RefreshTokenError::rows()),
        (UserStatusError::HEADING, UserStatusError::rows()),
        (ClientAuthorityError::HEADING, ClientAuthorityError::rows()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_but_active_is_a_row_t_10() {
        let rows: Vec<_> = Status::ALL.into_iter().filter_map(|s| UserStatusError::unless_active(s).err()).collect();
        assert_eq!(rows.len(), UserStatusError::rows().len());
        for row in rows {
            assert!(UserStatusError::rows().contains(&row.row()));
        }
    }

    #[test]
    fn no_row_needs_escaping_in_json() {
        for (_, rows) in tables() {
            for row in rows {
                assert!(!row.code.contains(['"', '\\']) && !row.reason.contains(['"', '\\']), "{row:?}");
                let body: serde_json::Value = serde_json::from_slice(&refusal_json(row)).expect("json");
                assert_eq!(body["error_description"], row.reason);
            }
        }
    }

    #[test]
    fn tokens_are_written_as_the_document_shows_them_t_01() {
        let both = Tokens { access_token: "a-1".into(), refresh_token: Some("r_2".into()) };
        assert_eq!(
            both.json(),
            br#"{"access_token":"a-1","token_type":"bearer","refresh_token":"r_2","expires_in":3599}"#
        );
        let alone = Tokens { access_token: "a".into(), refresh_token: None };
        assert_eq!(alone.json(), br#"{"access_token":"a","token_type":"bearer","expires_in":3599}"#);
    }
}
