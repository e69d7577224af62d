//! HTTP and HTML: requests in, answers out. No rules live here.
//!
//! A request is named, then dispatched: hot routes (tokens, exchange, profile, introspection) before the general router,
//! so that they pay for nothing that pages need; everything else by `routes::ROUTES`, the route table. Whatever comes out, a
//! panic included, leaves with the headers that every answer has.

pub mod access_token;
pub mod answer;
pub mod assets;
pub mod authorization_key;
pub mod authorize;
pub mod body;
pub mod health;
pub mod listener;
pub mod local_path;
pub mod pages;
pub mod peer;
pub mod read;
pub mod routes;
pub mod sandbox;
pub mod shield;
pub mod tell_owner;
pub mod token;
pub mod upload;
pub mod user;
pub mod visitor;
pub mod well_known;

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::Router;
use futures_util::FutureExt as _;
use http::request::Parts;
use http::{HeaderValue, Method, Request};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tower::ServiceExt as _;

use self::answer::{Answer, REQUEST_ID, Trouble};
use self::body::read_body;
use self::listener::Peer;
use self::routes::{Hot, Surface};
use self::shield::AddressLimits;
use self::visitor::BODY_TIME;
use crate::contract::lifetimes::MOST_BODY_BYTES;
use crate::crypto::entropy::Entropy;
use crate::prosper::Prosper;

/// What the web floor works with. Cheap to clone.
#[derive(Clone)]
pub struct Web {
    /// The context of every flow.
    pub p: Arc<Prosper>,
    /// How often each address may fail.
    pub limits: Arc<AddressLimits>,
}

/// The id of a request, among its extensions.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Goes with a request to a listener that does not serve the staff console.
#[derive(Clone, Copy, Debug)]
pub struct ConsoleElsewhere;

/// Draws the id of a request: 16 characters, 80 bits.
pub fn request_id(entropy: &Entropy) -> String {
    data_encoding::BASE32_NOPAD.encode(&entropy.name::<10>())
}

/// Answers requests.
#[derive(Clone)]
pub struct Server {
    web: Web,
    pages: Router,
    https: bool,
    /// Is the staff console served here?
    console: bool,
}

impl Server {
    /// A server of every route but the sandbox's.
    pub fn new(p: Arc<Prosper>) -> Self {
        Self::with_more(p, Router::new())
    }

    /// A server with further routes beside the table's (the sandbox's own).
    pub fn with_more(p: Arc<Prosper>, more: Router<Web>) -> Self {
        let https = p.settings.public_url.is_https();
        let limits = Arc::new(AddressLimits::new(p.settings.failures_per_address));
        let web = Web { p, limits };
        let pages = routes::pages().merge(more).with_state(web.clone());
        Self { web, pages, https, console: true }
    }

    /// The same server for a listener that does not serve the staff console, because another one does.
    #[must_use]
    pub fn without_console(mut self) -> Self {
        self.console = false;
        self
    }

    /// Answers a request. Never panics: a handler that does becomes a 500.
    pub async fn answer(self: Arc<Self>, request: Request<Incoming>, peer: Peer) -> Answer {
        let header = HeaderValue::try_from(request_id(&self.web.p.entropy)).ok();
        let id = header.as_ref().and_then(|id| id.to_str().ok()).unwrap_or_default();
        let (parts, body) = request.into_parts();
        let surface = Surface::of(parts.uri.path());
        let https = self.https || peer.tls;
        let answered = AssertUnwindSafe(async {
            if let Some(hot) = Hot::find(parts.uri.path(), &self.web) {
                self.hot(hot, &parts, body, (id, peer.address)).await
            } else if let Some(answer) = self.straight(&parts, (id, peer.address)).await {
                answer
            } else {
                // Boxed, so that a hot request does not carry the room of a page with it.
                Box::pin(self.page(Request::from_parts(parts, body), id, peer)).await
            }
        })
        .catch_unwind()
        .await;
        let mut answer = answered.unwrap_or_else(|_| {
            tracing::error!("a handler panicked");
            surface.trouble(Trouble::Broken)
        });
        if let Some(header) = header {
            answer.headers_mut().insert(REQUEST_ID, header);
        }
        shield::common_headers(&mut answer, https);
        answer
    }

    async fn hot(&self, hot: Hot, parts: &Parts, body: Incoming, (id, address): (&str, IpAddr)) -> Answer {
        if parts.method != hot.method() {
            return hot.surface().trouble(Trouble::Method(hot.allow()));
        }
        // A GET has nothing to say in its body; what is there is not read.
        let body = if hot.method() == Method::POST {
            match read_body(body, MOST_BODY_BYTES, BODY_TIME).await {
                Ok(bytes) => bytes,
                Err(problem) => return hot.surface().trouble(problem.into()),
            }
        } else {
            bytes::Bytes::new()
        };
        let call = token::Call { headers: &parts.headers, body: &body, address, request_id: id };
        hot.call(call, &self.web).await
    }

    /// Every sign-in begins here, most of them with nothing to show: those go past all that pages need.
    async fn straight(&self, parts: &Parts, (id, address): (&str, IpAddr)) -> Option<Answer> {
        if parts.method != Method::GET || parts.uri.path() != pages::paths::AUTHORIZE {
            return None;
        }
        let call = token::Call { headers: &parts.headers, body: &[], address, request_id: id };
        authorize::straight(&call, parts.uri.query().unwrap_or_default(), &self.web).await
    }

    async fn page(&self, mut request: Request<Incoming>, id: &str, peer: Peer) -> Answer {
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(RequestId(id.to_owned()));
        let mut request = request.map(axum::body::Body::new);
        if !self.console {
            request.extensions_mut().insert(ConsoleElsewhere);
        }
        if pages::console::is_beneath(request.uri().path()) {
            if !self.console {
                return routes::say(Trouble::NotFound, self.web.clone(), request).await;
            }
            request = match pages::console::gate(request, &self.web).await {
                Ok(request) => request,
                Err(answer) => return answer,
            };
        }
        let answer = match self.pages.clone().oneshot(request).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        };
        let (parts, body) = answer.into_parts();
        match body.collect().await {
            Ok(body) => Answer::from_parts(parts, body::Body::new(body.to_bytes())),
            Err(_) => Surface::Page.trouble(Trouble::Broken),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room_of<F: Future>(_: impl Fn(Arc<Server>, Request<Incoming>, Peer) -> F) -> usize {
        size_of::<F>()
    }

    /// It is moved whole from hand to hand before it runs: once it was 5,600 bytes, most of them for the way to a store that
    /// a token check never takes.
    #[test]
    fn a_request_carries_little_with_it() {
        let room = room_of(Server::answer);
        assert!(
            room <= 3_072,
            "the future of an answer takes {room} bytes: what is rare or slow anyway is to be boxed"
        );
    }
}
