//! The Authorization Key flow's front channel (K-01 to K-05): its parameters and what goes back to an agent.

use super::table::{Row, Table as _};
use super::token_endpoint::ResponseTypeError;

/// The one `response_type` of the flow.
pub const RESPONSE_TYPE: &str = "auth_key";

/// What is sent to an agent's registered URL instead of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorizationKeyError {
    /// A row of the document's table (K-02).
    Request(ResponseTypeError),
    /// A repeated parameter or an over-long state.
    Malformed(&'static str),
    /// The investor said no (K-03).
    AccessDenied,
}

impl AuthorizationKeyError {
    /// The `error` parameter.
    pub fn code(self) -> &'static str {
        match self {
            Self::Request(row) => row.row().code,
            Self::Malformed(_) => "invalid_request",
            Self::AccessDenied => "access_denied",
        }
    }

    /// The `error_description` parameter.
    pub fn description(self) -> &'static str {
        match self {
            Self::Request(row) => row.row().reason,
            Self::Malformed(why) => why,
            Self::AccessDenied => "The investor denied the request",
        }
    }

    /// The row that a page of ours names when nobody is signed in.
    pub fn row(self) -> Row {
        Row { code: self.code(), status: 400, reason: self.description() }
    }
}
