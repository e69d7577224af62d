//! The page for everything that went wrong (W-03, W-06): what happened, whose move it is, what to do.

use super::kit::{Chrome, When};
use askama::Template;

/// One problem. The request id is the frame's.
#[derive(Debug, Template)]
#[template(path = "en/problem.html")]
pub struct Problem {
    /// The frame.
    pub chrome: Chrome,
    /// What happened.
    pub kind: ProblemKind,
    /// When.
    pub at: When,
    /// Path that is worth going back to, when the account page is not the right one.
    pub back_href: Option<String>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// 400: the request could not be read.
    BadRequest,
    /// 400: the form had been open for too long, or came without its token (W-02).
    StaleForm,
    /// 400: an application asked for something that is not offered (L-06, K-02). The row is for its makers.
    RefusedRequest {
        /// The error code, such as `invalid_scope`.
        error: &'static str,
        /// The reason, word for word as the contract has it.
        reason: String,
    },
    /// 403: the post came from another site (W-02).
    CrossSite,
    /// 403: the account may not do this.
    Forbidden,
    /// 404.
    NotFound,
    /// 405.
    MethodNotAllowed,
    /// 413.
    TooLarge,
    /// 415: a body of a kind that no form sends.
    UnsupportedMedia,
    /// 429.
    TooMany {
        /// Seconds, as in `Retry-After`.
        retry_after: u64,
    },
    /// 431.
    HeadersTooLarge,
    /// 500.
    Broken,
    /// 503.
    Unavailable {
        /// Seconds, as in `Retry-After`.
        retry_after: u64,
    },
}

impl ProblemKind {
    /// The HTTP status that belongs to it.
    pub fn status(&self) -> u16 {
        match self {
            Self::BadRequest | Self::StaleForm | Self::RefusedRequest { .. } => 400,
            Self::CrossSite | Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::TooLarge => 413,
            Self::UnsupportedMedia => 415,
            Self::TooMany { .. } => 429,
            Self::HeadersTooLarge => 431,
            Self::Broken => 500,
            Self::Unavailable { .. } => 503,
        }
    }
}
