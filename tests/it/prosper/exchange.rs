//! A request and its answer, kept together: whatever a test finds wrong with them, it prints both whole.

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client as Legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// A request with its answer.
#[derive(Clone, Debug)]
pub struct Exchange {
    asked: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

/// The tokens of a good answer of `/v1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    pub access_token: String,
    pub refresh_token: String,
}

pub struct Client(Legacy<HttpConnector, Full<Bytes>>);

impl Client {
    pub fn new() -> Self {
        Self(Legacy::builder(TokioExecutor::new()).build_http())
    }

    pub async fn send(&self, base: &str, request: Request<String>) -> Exchange {
        self.send_bytes(base, request.map(Bytes::from)).await
    }

    /// The same for a body that need not be text.
    pub async fn send_bytes(&self, base: &str, request: Request<Bytes>) -> Exchange {
        let (mut parts, body) = request.into_parts();
        let told = String::from_utf8_lossy(&body);
        let asked = format!("{} {}\n{:?}\n\n{told}", parts.method, parts.uri, parts.headers);
        parts.uri = format!("{base}{}", parts.uri).parse().expect("a URI");
        let request = Request::from_parts(parts, Full::from(body));
        let answer =
            self.0.request(request).await.unwrap_or_else(|problem| panic!("no answer ({problem}) to\n{asked}"));
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        let body = String::from_utf8_lossy(&body).into_owned();
        Exchange { asked, status: parts.status.as_u16(), headers: parts.headers, body }
    }
}

/// A request of a path.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Request<String> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.to_owned()).expect("a request")
}

/// Encodes a form as clients do.
pub fn form(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

impl Exchange {
    /// The whole exchange, for a failing assertion.
    pub fn told(&self) -> String {
        format!("--- asked\n{}\n--- answered {}\n{:?}\n\n{}\n---", self.asked, self.status, self.headers, self.body)
    }

    #[track_caller]
    pub fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}", self.told());
        self
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"), "{}", self.told());
        serde_json::from_str(&self.body).unwrap_or_else(|problem| panic!("{problem}\n{}", self.told()))
    }

    /// A good answer of `POST /v1/security/oauth/token` for a person (T-01).
    #[track_caller]
    pub fn tokens(&self) -> Tokens {
        let json = self.is(200).never_stored().json();
        let members: Vec<_> = json.as_object().expect("an object").keys().cloned().collect();
        assert_eq!(members, ["access_token", "expires_in", "refresh_token", "token_type"], "{}", self.told());
        assert_eq!((&json["token_type"], &json["expires_in"]), (&"bearer".into(), &3599.into()), "{}", self.told());
        let text = |name: &str| json[name].as_str().expect("text").to_owned();
        Tokens { access_token: text("access_token"), refresh_token: text("refresh_token") }
    }

    /// A refusal of `/v1`, whole (T-07).
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str, reason: &str) -> &Self {
        let json = self.is(status).never_stored().json();
        assert_eq!(json, serde_json::json!({"error": code, "error_description": reason}), "{}", self.told());
        self
    }

    /// A refusal of Login with Prosper: one JSON string (L-13, L-18).
    #[track_caller]
    pub fn says(&self, status: u16, words: &str) -> &Self {
        let json = self.is(status).never_stored().json();
        assert_eq!(json, Value::from(words), "{}", self.told());
        self
    }

    #[track_caller]
    pub fn never_stored(&self) -> &Self {
        assert_eq!(self.header("cache-control"), Some("no-store"), "{}", self.told());
        assert_eq!(self.header("pragma"), Some("no-cache"), "{}", self.told());
        self
    }

    /// The place that a redirect leads to.
    #[track_caller]
    pub fn location(&self) -> &str {
        assert!(matches!(self.status, 302 | 303), "no redirect\n{}", self.told());
        self.header("location").unwrap_or_else(|| panic!("no Location\n{}", self.told()))
    }

    #[track_caller]
    pub fn redirects_to(&self, place: &str) -> &Self {
        assert_eq!(self.location(), place, "{}", self.told());
        self
    }

    /// A parameter of the place that a redirect leads to, decoded.
    #[track_caller]
    pub fn location_parameter(&self, name: &str) -> Option<String> {
        let query = self.location().split_once('?').map_or("", |(_, query)| query);
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(sent, _)| sent == name)
            .map(|(_, value)| value.into_owned())
    }

    /// Does the page have these words? White space is folded, tags are not looked into.
    #[track_caller]
    pub fn page_says(&self, words: &str) -> &Self {
        let fold = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(fold(&self.body).contains(&fold(words)), "the page does not say {words:?}\n{}", self.told());
        self
    }

    #[track_caller]
    pub fn page_does_not_say(&self, words: &str) -> &Self {
        assert!(!self.body.contains(words), "the page says {words:?}\n{}", self.told());
        self
    }
}
