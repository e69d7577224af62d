//! A call that has not been sent: what to send, and how to read what comes back.

use std::fmt;

use serde_json::Value;
use url::Url;

use crate::Secret;

/// A request to be sent as it is.
///
/// `Debug` keeps the body and the headers to itself, because secrets are in them.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET` or `POST`.
    pub method: Method,
    /// The whole address.
    pub url: Url,
    /// Names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// Empty for `GET`.
    pub body: String,
}

/// The methods that Prosper's endpoints take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
}

impl Method {
    /// As it is written in a request.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method.as_str(), self.url)
    }
}

/// What came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The value of `X-Request-Id`, if it was kept: whoever runs Prosper can look it up.
    pub request_id: Option<String>,
    /// The value of `Retry-After` in seconds, if it was kept.
    pub retry_after: Option<u64>,
    /// The whole body.
    pub body: String,
}

/// Something that can send a [`Request`]. Every `Fn(Request) -> impl Future<Output = Result<Response, E>>` is one.
///
/// It must not follow redirects (Prosper's endpoints send none) and must verify the server's certificate: that is the
/// only proof that the answer is Prosper's.
pub trait HttpClient {
    /// What can go wrong on the way.
    type Error;

    /// Sends `request` and reads the whole answer.
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, Self::Error>>;
}

impl<F, Answer, E> HttpClient for F
where
    F: Fn(Request) -> Answer,
    Answer: Future<Output = Result<Response, E>>,
{
    type Error = E;

    fn send(&self, request: Request) -> impl Future<Output = Result<Response, E>> {
        self(request)
    }
}

/// A call that is ready to be sent, and knows how to read its answer as a `T`.
pub struct Ask<T> {
    request: Request,
    read: fn(&str) -> Option<T>,
}

impl<T> Ask<T> {
    pub(crate) const fn new(request: Request, read: fn(&str) -> Option<T>) -> Self {
        Self { request, read }
    }

    /// What to send.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Reads the answer.
    ///
    /// # Errors
    /// [`Error::Refused`] with Prosper's own words; [`Error::Unreadable`] when the answer is not one of Prosper's, such as
    /// the error page of a proxy between.
    pub fn read<E>(&self, response: &Response) -> Result<T, Error<E>> {
        let unreadable = || Error::Unreadable { status: response.status };
        if response.status == 200 {
            return (self.read)(&response.body).ok_or_else(unreadable);
        }
        Err(Refusal::read(response).map_or_else(unreadable, Error::Refused))
    }

    /// Sends it and reads the answer.
    ///
    /// # Errors
    /// As [`Ask::read`], and [`Error::Http`] when no answer came. Then it is not known whether the request arrived: asking
    /// for tokens again is harmless, while a code may have been used up, so send the person through sign-in again.
    pub async fn send<C: HttpClient>(self, http: &C) -> Result<T, Error<C::Error>> {
        let response = http.send(self.request.clone()).await.map_err(Error::Http)?;
        self.read(&response)
    }
}

impl<T> fmt::Debug for Ask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.request.fmt(f)
    }
}

/// Why there is no good answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error<E> {
    /// No answer came.
    Http(E),
    /// Prosper said no.
    Refused(Refusal),
    /// What came is no answer of Prosper's.
    Unreadable {
        /// Its status code.
        status: u16,
    },
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(problem) => write!(f, "no answer from Prosper: {problem}"),
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Unreadable { status } => write!(f, "an answer that is not Prosper's (status {status})"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for Error<E> {}

/// Prosper's no, in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status code.
    pub status: u16,
    /// The error code of the Investor API's tables, such as `invalid_grant`. The endpoints of Login with Prosper send
    /// none.
    pub code: Option<String>,
    /// The reason, such as `Bad credentials` or `Code has expired`.
    pub reason: String,
    /// Name it when you ask for help.
    pub request_id: Option<String>,
    /// With status 429 and 503: try again after so many seconds.
    pub retry_after: Option<u64>,
}

impl Refusal {
    fn read(response: &Response) -> Option<Self> {
        let (code, reason) = match serde_json::from_str(&response.body).ok()? {
            Value::String(reason) => (None, reason),
            Value::Object(members) => {
                let text = |name| members.get(name).and_then(Value::as_str).map(str::to_owned);
                (Some(text("error")?), text("error_description").unwrap_or_default())
            }
            _ => return None,
        };
        let Response { status, retry_after, .. } = *response;
        Some(Self { status, code, reason, request_id: response.request_id.clone(), retry_after })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prosper refused ({}): ", self.status)?;
        if let Some(code) = &self.code {
            write!(f, "{code}: ")?;
        }
        f.write_str(&self.reason)
    }
}

/// A request for what a token opens.
pub(crate) fn get(url: Url, token: &Secret) -> Request {
    let headers = vec![("accept", "application/json".into()), ("authorization", format!("Bearer {}", token.expose()))];
    Request { method: Method::Get, url, headers, body: String::new() }
}

/// A request with a body.
pub(crate) fn post(url: Url, content_type: &str, body: String) -> Request {
    let headers = vec![("accept", "application/json".into()), ("content-type", content_type.into())];
    Request { method: Method::Post, url, headers, body }
}

/// An endpoint below the base address; a path in the base is kept.
pub(crate) fn endpoint(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    let joined = format!("{}/{}", base.path().trim_end_matches('/'), path.trim_start_matches('/'));
    url.set_path(&joined);
    url.set_query(None);
    url.set_fragment(None);
    url
}
