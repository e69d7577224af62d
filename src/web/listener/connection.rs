//! One connection, from the handshake to the last byte.
//!
//! 1. Over TLS the handshake comes first, with a time limit of its own; ALPN decides between HTTP/1.1 and HTTP/2. Plain
//!    connections speak HTTP/1 only.
//! 2. hyper's builder for that protocol is called directly. The one that finds out by itself reads the first bytes
//!    without any time limit.
//! 3. Each request is checked for its framing, told whose it is, and handed to the service.
//! 4. Meanwhile [`watch`] compares the connection's pulse with the limits, and hangs up when the client does, when patience
//!    ends or the server does.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use ipnet::IpNet;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;

use super::pulse::{Phase, Pulse};
use super::tls::H2;
use super::wire::{Ear, Heard, Wire};
use super::word::Word;
use super::{Limits, Peer, RequestIds, framing};
use crate::web::body::Body;
use crate::web::peer::client_address;

/// What all connections share.
pub(super) struct Shared<S> {
    pub service: S,
    pub limits: Limits,
    pub trusted: Vec<IpNet>,
    pub request_ids: Option<RequestIds>,
    pub drain: Word,
}

/// A connection being served. Boxed at each step, so that ten thousand idle ones hold the memory of the step they are at,
/// and of one protocol, and hold it once (F-17).
pub(super) type Served = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Serves `stream`, which comes from `address`, until either side hangs up.
pub(super) fn serve<S, F>(
    stream: TcpStream,
    address: IpAddr,
    tls: Option<Arc<ServerConfig>>,
    shared: Arc<Shared<S>>,
) -> Served
where
    S: Fn(Request<Incoming>, Peer) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    match tls {
        Some(tls) => Box::pin(serve_over_tls(stream, address, tls, shared)),
        None => converse(stream, Peer { address, tls: false }, false, shared),
    }
}

async fn serve_over_tls<S, F>(stream: TcpStream, address: IpAddr, tls: Arc<ServerConfig>, shared: Arc<Shared<S>>)
where
    S: Fn(Request<Incoming>, Peer) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let handshake = Box::pin(timeout(shared.limits.handshake_timeout, TlsAcceptor::from(tls).accept(stream)));
    let conversation = match handshake.await {
        Ok(Ok(stream)) => {
            let h2 = stream.get_ref().1.alpn_protocol() == Some(H2);
            converse(stream, Peer { address, tls: true }, h2, shared)
        }
        Ok(Err(error)) => return tracing::debug!(%address, %error, "the TLS handshake failed"),
        Err(_) => return tracing::debug!(%address, "the TLS handshake took too long"),
    };
    conversation.await;
}

fn converse<T, S, F>(io: T, peer: Peer, h2: bool, shared: Arc<Shared<S>>) -> Served
where
    T: AsyncRead + AsyncWrite + Heard + Unpin + Send + 'static,
    S: Fn(Request<Incoming>, Peer) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let pulse = Arc::new(Pulse::new(h2));
    let wire = Wire::new(io, Arc::clone(&pulse), shared.request_ids.clone());
    let (ear, io) = (wire.ear(), TokioIo::new(wire));
    let service = service_fn({
        let (pulse, shared) = (Arc::clone(&pulse), Arc::clone(&shared));
        move |request| answer(request, peer, Arc::clone(&pulse), Arc::clone(&shared))
    });
    if h2 {
        let connection = Box::pin(http2_builder(&shared.limits).serve_connection(io, service));
        Box::pin(async move { watch(connection, &pulse, &ear, &shared.limits, &shared.drain).await })
    } else {
        let connection = Box::pin(http1_builder(&shared.limits, T::CAN_BE).serve_connection(io, service));
        Box::pin(async move { watch(connection, &pulse, &ear, &shared.limits, &shared.drain).await })
    }
}

async fn answer<S, F>(
    request: Request<Incoming>,
    peer: Peer,
    pulse: Arc<Pulse>,
    shared: Arc<Shared<S>>,
) -> Result<Response<Body>, Infallible>
where
    S: Fn(Request<Incoming>, Peer) -> F,
    F: Future<Output = Response<Body>>,
{
    let _asked = pulse.asked();
    let has_body = !request.body().is_end_stream();
    let refusal = framing::refusal(&request, shared.limits.head_bytes, shared.request_ids.as_ref());
    let response = if let Some(refusal) = refusal {
        refusal
    } else {
        let address = client_address(peer.address, request.headers(), &shared.trusted);
        (shared.service)(request, Peer { address, ..peer }).await
    };
    let refused = response.status().is_client_error() || response.status().is_server_error();
    pulse.may_leave_unread(has_body && refused);
    Ok(response)
}

/// `is_heard`: does [`watch`] hear that a client has left?
fn http1_builder(limits: &Limits, is_heard: bool) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        // To hyper, who closes its half still wants its answer. We hang up all the same, without reading on.
        .half_close(is_heard)
        // The pulse is stricter, and costs no timer for each request.
        .header_read_timeout(None)
        .max_header_size(limits.head_bytes)
        .max_buf_size(limits.head_bytes.max(64 * 1024));
    builder
}

fn http2_builder(limits: &Limits) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.h2_streams)
        .max_pending_accept_reset_streams(20)
        .max_local_error_reset_streams(100)
        // Far above the bound of W-00, which is then kept (and answered) by `framing`: this one counts 32 bytes a header more.
        .max_header_list_size(u32::try_from(limits.head_bytes * 2).unwrap_or(u32::MAX))
        .max_send_buf_size(64 * 1024)
        .initial_stream_window_size(64 * 1024)
        .initial_connection_window_size(256 * 1024)
        .keep_alive_interval(Some(Duration::from_secs(20)))
        .keep_alive_timeout(Duration::from_secs(10));
    builder
}

/// Runs `connection` until it ends, its client leaves, its pulse exceeds a limit, or the server drains and it has nothing
/// left to answer.
async fn watch<C: GracefulConnection, T: Heard>(
    mut connection: Pin<Box<C>>,
    pulse: &Pulse,
    ear: &Ear<T>,
    limits: &Limits,
    drain: &Word,
) {
    let mut drained = pin!(drain.heard());
    let mut alarm = pin!(sleep_until(Instant::now() + limits.first_byte_timeout));
    // Since when the server drains, and when this connection was told to finish.
    let (mut draining, mut told) = (None, None);
    poll_fn(|cx| {
        loop {
            if connection.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            if pulse.phase() == Phase::Busy && ear.has_left(cx) {
                return Poll::Ready(());
            }
            if draining.is_none() && drained.as_mut().poll(cx).is_ready() {
                draining = Some(Instant::now());
            }
            let now = Instant::now();
            let end = patience(pulse, limits, draining, told);
            let over = end.is_some_and(|end| end <= now);
            if told.is_none() && should_tell(pulse.phase(), draining, over) {
                told = Some(now);
                connection.as_mut().graceful_shutdown();
                continue;
            }
            if over {
                return Poll::Ready(());
            }
            // An alarm that is set too early only makes us look again, so it moves in one direction while it runs.
            if let Some(end) = end
                && end < alarm.deadline()
            {
                alarm.as_mut().reset(end);
            }
            if alarm.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            alarm.as_mut().reset(end.unwrap_or(now + limits.idle_timeout));
        }
    })
    .await;
}

/// When to hang up without another word, as things stand.
fn patience(pulse: &Pulse, limits: &Limits, draining: Option<Instant>, told: Option<Instant>) -> Option<Instant> {
    let end = pulse.deadline(limits);
    match (pulse.phase(), draining, told) {
        (Phase::Fresh, Some(since), None) => end.map(|end| end.min(since + GRACE)),
        (Phase::Idle | Phase::Fresh, _, Some(told)) => Some(told.max(pulse.since()) + limits.linger),
        _ => end,
    }
}

/// Whether to tell the connection to finish: an idle one whose time is over, and in a drain every one, as soon as no
/// request can be on its way that we would lose.
fn should_tell(phase: Phase, draining: Option<Instant>, over: bool) -> bool {
    match phase {
        Phase::Idle => draining.is_some() || over,
        Phase::Fresh => draining.is_some() && over,
        Phase::Head => false,
        Phase::Busy | Phase::Writing | Phase::Closing => draining.is_some(),
    }
}

/// How long a connection on which nothing was heard yet may still bring its request once the server drains.
const GRACE: Duration = Duration::from_millis(300);
