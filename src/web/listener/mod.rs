//! The accept loop: sockets, TLS, time limits, connection caps, draining (R-89, F-15 to F-18).
//!
//! 1. [`Listener::bind`] takes the port and reads the certificate, so that whoever starts the server hears at once what is
//!    wrong with either.
//! 2. [`Listener::serve`] accepts until it is told to stop. A connection over a cap is dropped at once; one below it gets
//!    a task of its own (`connection`).
//! 3. Told to stop, it takes what already waits in the queue, closes the port, lets every request that began be answered,
//!    and after [`Limits::drain`] drops what is left.
//!
//! This is ours, and not a library's, because none of those at hand bounds the time before the first byte, the number of
//! connections, and the drain.

mod caps;
mod connection;
mod framing;
mod pulse;
#[cfg(test)]
mod tests;
mod tls;
mod wire;
mod word;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use caps::Caps;
use connection::Shared;
use futures_util::FutureExt as _;
use http::{Request, Response};
use hyper::body::Incoming;
use ipnet::IpNet;
use tls::Tls;
pub use tls::TlsFiles;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use word::Word;

use super::body::Body;

/// How long and how much. The defaults are meant for a server on the open internet.
#[derive(Debug, Clone)]
pub struct Limits {
    /// From the connection (or the end of the handshake) to the first byte.
    pub first_byte_timeout: Duration,
    /// For the TLS handshake, the wait for its first byte included.
    pub handshake_timeout: Duration,
    /// From the first byte of a request to the end of its headers.
    pub header_timeout: Duration,
    /// From the end of the headers to the service's answer: what a service that never answers is cut by. HTTP/1 only.
    pub request_timeout: Duration,
    /// For a client to take an answer. HTTP/1 only.
    pub write_timeout: Duration,
    /// From an answer to the next request. Longer than proxies keep their connections (60 seconds, most of them), so
    /// that it is they who close: a proxy that sends a request into a closing connection answers 502.
    pub idle_timeout: Duration,
    /// The same for HTTP/2, where a client that never takes its answer cannot be told from an idle one.
    pub h2_idle_timeout: Duration,
    /// How long a client that is still sending after the last answer is heard out.
    pub linger: Duration,
    /// From the word to stop until what is unfinished is dropped.
    pub drain: Duration,
    /// How often the TLS files are looked at.
    pub tls_poll: Duration,
    /// Request line and headers, in bytes; beyond it the answer is 431 (W-00).
    pub head_bytes: usize,
    /// Requests at the same time on one HTTP/2 connection.
    pub h2_streams: u32,
    /// Connections in all. Lowered to what the limit on open files allows.
    pub max_connections: usize,
    /// Connections from one address (IPv6: one /64). Trusted proxies are exempt.
    pub max_per_address: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            first_byte_timeout: Duration::from_secs(10),
            handshake_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_mins(1),
            write_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            h2_idle_timeout: Duration::from_secs(30),
            linger: Duration::from_secs(2),
            drain: Duration::from_secs(8),
            tls_poll: Duration::from_secs(5),
            head_bytes: 16 * 1024,
            h2_streams: 100,
            max_connections: 20_000,
            max_per_address: 2_500,
        }
    }
}

/// Whose request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The client's address, past the proxies that are trusted; IPv4 is never wrapped in IPv6.
    pub address: IpAddr,
    /// Whether this server itself speaks TLS with its peer.
    pub tls: bool,
}

/// Makes a request id, for the answers that are given before any request exists (W-04). It must be fit for a header.
pub type RequestIds = Arc<dyn Fn() -> String + Send + Sync>;

/// A port that is taken, and soon served.
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<Tls>>,
    limits: Limits,
    trusted: Vec<IpNet>,
    request_ids: Option<RequestIds>,
}

impl Listener {
    /// Takes the port (0 for a free one), with TLS if there are files for it. Must be called within the runtime.
    ///
    /// # Errors
    /// When the port cannot be had, or the TLS files are not a certificate and its key.
    pub fn bind(address: SocketAddr, tls: Option<TlsFiles>, limits: Limits) -> io::Result<Self> {
        let tls = tls.map(Tls::open).transpose()?.map(Arc::new);
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // A restart must not wait for the last connections of the process before it.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let socket = socket.listen(BACKLOG)?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address, tls, limits, trusted: Vec::new(), request_ids: None })
    }

    /// Believes these proxies about whom they speak for.
    #[must_use]
    pub fn trusting(mut self, proxies: Vec<IpNet>) -> Self {
        self.trusted = proxies;
        self
    }

    /// Gives ids to the answers that no service sees: to what cannot be parsed, and to heads that are too large.
    #[must_use]
    pub fn naming_answers(mut self, request_ids: RequestIds) -> Self {
        self.request_ids = Some(request_ids);
        self
    }

    /// The address that was taken, with the port as it is.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown`, then drains, and is done when the last connection is. Dropping it drops every connection.
    ///
    /// A service that panics takes its connection with it, and nothing else.
    pub async fn serve<S, F>(self, service: S, shutdown: CancellationToken)
    where
        S: Fn(Request<Incoming>, Peer) -> F + Send + Sync + 'static,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let fits = caps::connections_that_fit();
        if fits < self.limits.max_connections {
            tracing::info!(fits, wanted = self.limits.max_connections, "the limit on open files caps connections");
        }
        let (cut, tasks) = (Arc::new(Word::default()), TaskTracker::new());
        if let Some(tls) = self.tls.clone() {
            let (every, stop, cut) = (self.limits.tls_poll, shutdown.clone(), Arc::clone(&cut));
            tokio::spawn(async move {
                tokio::select! { biased; () = tls.keep_fresh(every, stop) => {}, () = cut.heard() => {} }
            });
        }
        let door = Door {
            caps: Caps::new(self.limits.max_connections.min(fits), self.limits.max_per_address),
            tls: self.tls,
            cut,
            tasks: tasks.clone(),
            shared: Arc::new(Shared {
                service,
                limits: self.limits,
                trusted: self.trusted,
                request_ids: self.request_ids,
                drain: Word::default(),
            }),
        };
        door.accept_until(self.socket, shutdown).await;
        tasks.close();
        if tokio::time::timeout(door.shared.limits.drain, tasks.wait()).await.is_err() {
            tracing::warn!(connections = tasks.len(), "drained for as long as allowed, dropping what is unfinished");
            door.cut.say();
            tasks.wait().await;
        }
    }
}

/// Lets connections in.
struct Door<S> {
    caps: Arc<Caps>,
    tls: Option<Arc<Tls>>,
    cut: Arc<Word>,
    tasks: TaskTracker,
    shared: Arc<Shared<S>>,
}

/// However serving ends, no connection outlives it.
impl<S> Drop for Door<S> {
    fn drop(&mut self) {
        self.cut.say();
    }
}

impl<S, F> Door<S>
where
    S: Fn(Request<Incoming>, Peer) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    async fn accept_until(&self, socket: TcpListener, shutdown: CancellationToken) {
        let mut pause = SHORTEST_PAUSE;
        loop {
            let accepted = tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                accepted = socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    pause = SHORTEST_PAUSE;
                    self.admit(stream, peer);
                }
                Err(error) if concerns_one_connection(&error) => {}
                // Out of files or memory. The queue stays full, so trying again at once would spin.
                Err(error) => {
                    if pause == SHORTEST_PAUSE {
                        tracing::error!(%error, "cannot accept connections for now");
                    }
                    let _ = tokio::time::timeout(pause, shutdown.cancelled()).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
        self.shared.drain.say();
        // Whoever was told that they are connected gets an answer; only then is the port closed.
        while let Some(Ok((stream, peer))) = socket.accept().now_or_never() {
            self.admit(stream, peer);
        }
    }

    /// Gives the connection a task, or drops it when there is no seat for it.
    fn admit(&self, stream: TcpStream, peer: SocketAddr) {
        let address = peer.ip().to_canonical();
        let exempt = self.shared.trusted.iter().any(|network| network.contains(&address));
        let Some(seat) = self.caps.enter(address, exempt) else {
            tracing::debug!(%address, "too many connections, this one was dropped");
            return;
        };
        // Answers are written in one piece; waiting to fill a packet only delays them.
        let _ = stream.set_nodelay(true);
        let tls = self.tls.as_ref().map(|tls| tls.current());
        let connection = connection::serve(stream, address, tls, Arc::clone(&self.shared));
        let cut = Arc::clone(&self.cut);
        self.tasks.spawn(async move {
            tokio::select! { biased; () = connection => {}, () = cut.heard() => {} }
            drop(seat);
        });
    }
}

/// Whether accepting failed for the sake of the one who called, so that the next may well be fine.
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// Connections that may wait to be accepted; the system lowers it to its own limit.
const BACKLOG: u32 = 4096;
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
