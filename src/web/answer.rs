//! Contract errors and bodies into responses. Every answer is `no-store` unless it says otherwise, and carries the
//! request's id (W-04).

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::{Response, StatusCode};

use super::body::Body;
use crate::contract::table::Later;

/// An answer on its way out.
pub type Answer = Response<Body>;

/// The header that names a request.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// JSON with a status, never stored by anybody.
pub fn json(status: u16, body: impl Into<Bytes>) -> Answer {
    with_type(status, "application/json", body)
}

/// HTML with a status. The headers that every page has are added by `shield`.
pub fn html(status: u16, body: String) -> Answer {
    with_type(status, "text/html; charset=utf-8", body)
}

/// A body of another type.
pub fn with_type(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Body::new(body.into()));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = answer.headers_mut();
    headers.reserve(6);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    answer
}

/// To an application or another page: 302 (L-02, C-20).
pub fn found(location: &str) -> Answer {
    redirect(302, location)
}

/// After a post of our own forms: 303.
pub fn see_other(location: &str) -> Answer {
    redirect(303, location)
}

fn redirect(status: u16, location: &str) -> Answer {
    let mut answer = with_type(status, "text/plain; charset=utf-8", "");
    // There is nothing in it.
    answer.headers_mut().remove(CONTENT_TYPE);
    // Whatever is sent here was percent-encoded before; what still is no header value goes nowhere.
    let location = HeaderValue::from_str(location).unwrap_or_else(|_| HeaderValue::from_static("/welcome"));
    answer.headers_mut().insert(LOCATION, location);
    answer
}

/// Adds how long to wait (T-13, R-65).
pub fn retry_after(mut answer: Answer, later: Later) -> Answer {
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(later.seconds.max(1)));
    answer
}

/// Adds which methods there are.
pub fn allow(mut answer: Answer, methods: &'static str) -> Answer {
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    answer
}

/// Adds what the client should show next time.
pub fn challenge(mut answer: Answer, challenge: &'static str) -> Answer {
    answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    answer
}

/// Adds a cookie.
pub fn set_cookie(mut answer: Answer, cookie: &str) -> Answer {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        answer.headers_mut().append(http::header::SET_COOKIE, value);
    }
    answer
}

/// What became of a request before any flow saw it, or instead of one; every surface says it in its own shape (W-06).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing is there.
    NotFound,
    /// Not by this method; these are the ones there are.
    Method(&'static str),
    /// The body is too large.
    TooLarge,
    /// The body did not arrive in time, or broke off.
    BrokenBody,
    /// Asked too often, or too much is queued.
    Later(Later),
    /// The fault is ours and may pass.
    Unavailable,
    /// The fault is ours.
    Broken,
}

impl Trouble {
    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Self::NotFound => 404,
            Self::Method(_) => 405,
            Self::TooLarge => 413,
            Self::BrokenBody => 400,
            Self::Later(Later { too_many: true, .. }) => 429,
            Self::Later(_) | Self::Unavailable => 503,
            Self::Broken => 500,
        }
    }

    /// The words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NotFound => "Not found",
            Self::Method(_) => "Method not allowed",
            Self::TooLarge => "Request too large",
            Self::BrokenBody => "Bad request",
            Self::Later(Later { too_many: true, .. }) => "Too many attempts",
            Self::Later(_) | Self::Unavailable => "Temporarily unavailable",
            Self::Broken => "Server error",
        }
    }

    /// The error code at `/v1`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotFound | Self::Method(_) | Self::TooLarge | Self::BrokenBody => "invalid_request",
            Self::Later(_) | Self::Unavailable => "temporarily_unavailable",
            Self::Broken => "server_error",
        }
    }

    /// The headers that belong to it.
    pub fn dress(self, answer: Answer) -> Answer {
        match self {
            Self::Method(methods) => allow(answer, methods),
            Self::Later(later) => retry_after(answer, later),
            Self::Unavailable => retry_after(answer, Later::busy(1)),
            _ => answer,
        }
    }

    /// In the shape of `/v1`: an object.
    pub fn as_object(self) -> Answer {
        let body = format!(r#"{{"error":"{}","error_description":"{}"}}"#, self.code(), self.words());
        self.dress(json(self.status(), body))
    }

    /// In the shape of Login with Prosper: one JSON string.
    pub fn as_string(self) -> Answer {
        self.dress(json(self.status(), format!("\"{}\"", self.words())))
    }
}

impl From<super::body::BodyProblem> for Trouble {
    fn from(problem: super::body::BodyProblem) -> Self {
        match problem {
            super::body::BodyProblem::TooLarge => Self::TooLarge,
            _ => Self::BrokenBody,
        }
    }
}

impl From<&crate::fault::Fault> for Trouble {
    fn from(fault: &crate::fault::Fault) -> Self {
        if fault.passing { Self::Unavailable } else { Self::Broken }
    }
}
