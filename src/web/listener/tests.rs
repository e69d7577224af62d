//! Over real sockets, with limits short enough to wait for.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use bytes::Bytes;
use http::StatusCode;
use http_body_util::BodyExt as _;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::*;
use crate::web::body::{BodyProblem, read_body};

struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    done: JoinHandle<()>,
    entered: Arc<Notify>,
    gate: Arc<Semaphore>,
    dropped: Arc<Notify>,
}

/// Tells when it goes.
struct Goes(Arc<Notify>);

impl Drop for Goes {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// `/wait` answers once the gate is opened and tells when it is no longer worked on, `/upload` reads at most 1,000 bytes, `/large` answers with 32 MiB, all else
/// says whose the request is.
fn serve(listener: Listener) -> Server {
    let (entered, gate, dropped) = (Arc::new(Notify::new()), Arc::new(Semaphore::new(0)), Arc::new(Notify::new()));
    let (address, stop) = (listener.local_addr(), CancellationToken::new());
    let service = {
        let (entered, gate, dropped) = (entered.clone(), gate.clone(), dropped.clone());
        move |request: Request<Incoming>, peer: Peer| {
            let (entered, gate, dropped) = (entered.clone(), gate.clone(), dropped.clone());
            async move {
                let mut response = Response::new(Body::from(format!("{} {}", peer.address, peer.tls)));
                match request.uri().path() {
                    "/wait" => {
                        let _goes = Goes(dropped);
                        entered.notify_one();
                        gate.acquire().await.unwrap().forget();
                    }
                    "/upload" => {
                        let read = read_body(request.into_body(), 1000, Duration::from_millis(100)).await;
                        *response.status_mut() = match read {
                            Ok(_) => StatusCode::OK,
                            Err(BodyProblem::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
                            Err(BodyProblem::TooSlow) => StatusCode::REQUEST_TIMEOUT,
                            Err(BodyProblem::Broken) => StatusCode::BAD_REQUEST,
                        };
                    }
                    "/large" => *response.body_mut() = Body::from(vec![b'x'; 32 << 20]),
                    _ => {}
                }
                response
            }
        }
    };
    let done = tokio::spawn(listener.serve(service, stop.clone()));
    Server { address, stop, done, entered, gate, dropped }
}

fn plain(limits: Limits) -> Listener {
    let ids = AtomicUsize::new(0);
    let name = move || format!("id-{}", ids.fetch_add(1, SeqCst));
    Listener::bind(LOOPBACK, None, limits).unwrap().naming_answers(Arc::new(name))
}

impl Server {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends `request` on a connection of its own and reads until the server hangs up.
    async fn exchange(&self, request: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request.as_ref()).await.unwrap();
        rest(&mut stream).await
    }
}

/// All that comes until the end, however it ends.
async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut all = Vec::new();
    let mut buffer = [0; 4096];
    let reading = async {
        while let Ok(more @ 1..) = stream.read(&mut buffer).await {
            all.extend_from_slice(&buffer[..more]);
        }
    };
    timeout(PATIENCE, reading).await.expect("the server did not hang up");
    String::from_utf8_lossy(&all).into_owned()
}

/// One answer without reading past it; the bodies here end with the word the service says about TLS.
async fn one_answer(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut text = String::new();
    while !(text.ends_with("true") || text.ends_with("false")) {
        let next = timeout(PATIENCE, stream.read_u8()).await.expect("no answer").expect("hung up");
        text.push(char::from(next));
    }
    text
}

const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
const PATIENCE: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(150);
const GET: &str = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";
const LAST_GET: &str = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_request_is_answered_and_knows_its_peer() {
    let server = serve(plain(Limits::default()));
    let answer = server.exchange(LAST_GET).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\n127.0.0.1 false"), "{answer}");
}

/// A hash that nobody waits for any more is not begun.
#[tokio::test]
async fn who_leaves_before_the_answer_is_no_longer_worked_for() {
    let pair = Pair::new();
    for tls in [false, true] {
        let listener = if tls { over_tls(&pair, Limits::default()) } else { plain(Limits::default()) };
        let server = serve(listener);
        let ask = "GET /wait HTTP/1.1\r\nhost: x\r\n\r\n";
        if tls {
            let mut stream = handshake(&server, &pair.roots, b"http/1.1").await.unwrap();
            stream.write_all(ask.as_bytes()).await.unwrap();
            server.entered.notified().await;
        } else {
            let mut stream = server.connect().await;
            stream.write_all(ask.as_bytes()).await.unwrap();
            server.entered.notified().await;
        }
        timeout(PATIENCE, server.dropped.notified()).await.expect("still worked for a client that has left");
    }
}

/// Some clients say with it that they ask nothing more, and wait.
#[tokio::test]
async fn who_closes_its_half_once_it_has_asked_is_answered_if_that_takes_no_waiting() {
    let server = serve(plain(Limits::default()));
    let mut stream = server.connect().await;
    stream.write_all(GET.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("127.0.0.1 false"), "{answer}");
}

#[tokio::test]
async fn a_trusted_proxy_is_believed_about_its_client_and_another_is_not() {
    let forwarded = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-forwarded-for: 1.1.1.1, 198.51.100.7\r\n\r\n";
    let server = serve(plain(Limits::default()).trusting(vec!["127.0.0.0/8".parse().unwrap()]));
    assert!(server.exchange(forwarded).await.ends_with("198.51.100.7 false"));
    let server = serve(plain(Limits::default()));
    assert!(server.exchange(forwarded).await.ends_with("127.0.0.1 false"));
}

#[tokio::test]
async fn a_client_that_sends_nothing_is_cut() {
    let server = serve(plain(Limits { first_byte_timeout: SHORT, ..Limits::default() }));
    assert_eq!(rest(&mut server.connect().await).await, "");
}

#[tokio::test]
async fn headers_that_trickle_in_are_cut() {
    let server = serve(plain(Limits { header_timeout: SHORT, ..Limits::default() }));
    let (mut heard, mut say) = server.connect().await.into_split();
    let began = Instant::now();
    let trickle = tokio::spawn(async move {
        say.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        while say.write_all(b"x: y\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert_eq!(rest(&mut heard).await, "");
    assert!(began.elapsed() >= SHORT);
    trickle.await.unwrap();
}

#[tokio::test]
async fn an_idle_connection_outlives_the_limit_on_headers_and_is_cut_in_the_end() {
    let server = serve(plain(Limits { header_timeout: SHORT, idle_timeout: SHORT * 4, ..Limits::default() }));
    let mut stream = server.connect().await;
    stream.write_all(GET.as_bytes()).await.unwrap();
    one_answer(&mut stream).await;
    tokio::time::sleep(SHORT * 2).await;
    stream.write_all(GET.as_bytes()).await.unwrap();
    one_answer(&mut stream).await;
    let idle_since = Instant::now();
    assert_eq!(rest(&mut stream).await, "");
    assert!(idle_since.elapsed() >= SHORT * 3, "cut after {:?}", idle_since.elapsed());
}

#[tokio::test]
async fn slow_headers_on_a_used_connection_are_cut_as_soon_as_on_a_new_one() {
    let server = serve(plain(Limits { header_timeout: SHORT, ..Limits::default() }));
    let mut stream = server.connect().await;
    stream.write_all(GET.as_bytes()).await.unwrap();
    one_answer(&mut stream).await;
    stream.write_all(b"GET /").await.unwrap();
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn a_service_that_never_answers_and_a_client_that_never_reads_are_cut() {
    let limits = Limits { request_timeout: SHORT, write_timeout: SHORT, ..Limits::default() };
    let server = serve(plain(limits));
    assert_eq!(server.exchange("GET /wait HTTP/1.1\r\nhost: x\r\n\r\n").await, "");

    let mut stream = server.connect().await;
    stream.write_all(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    tokio::time::sleep(SHORT * 3).await;
    assert!(rest(&mut stream).await.len() < 32 << 20);
}

#[tokio::test]
async fn a_body_that_trickles_in_or_is_too_large_gets_its_answer() {
    let server = serve(plain(Limits::default()));
    let slow = server.exchange("POST /upload HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf").await;
    assert!(slow.starts_with("HTTP/1.1 408 "), "{slow}");

    // The answer comes while the client still sends, and sending on must not fail, or it would be lost to many clients.
    let mut stream = server.connect().await;
    stream.write_all(b"POST /upload HTTP/1.1\r\nhost: x\r\ncontent-length: 2000000\r\n\r\n").await.unwrap();
    let mut answer = [0; 13];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413 ");
    let piece = vec![b'a'; 100_000];
    for _ in 0..20 {
        stream.write_all(&piece).await.expect("the client is not heard out");
    }
    assert!(rest(&mut stream).await.contains("\r\n"));
}

#[tokio::test]
async fn a_head_may_hold_16_kib_and_not_a_byte_more() {
    let server = serve(plain(Limits::default()));
    let head_of = |bytes: usize| {
        let frame = LAST_GET.replace("\r\n\r\n", "\r\nx: \r\n\r\n");
        frame.replace("x: \r\n\r\n", &format!("x: {}\r\n\r\n", "a".repeat(bytes - frame.len())))
    };
    assert_eq!(head_of(16_384).len(), 16_384);
    assert!(server.exchange(head_of(16_384)).await.starts_with("HTTP/1.1 200 "));
    for bytes in [16_385, 40_000, 1_000_000] {
        let answer = server.exchange(head_of(bytes)).await;
        assert!(answer.starts_with("HTTP/1.1 431 ") && answer.contains("\r\nx-request-id: id-"), "{bytes}: {answer}");
    }
    let line = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(70_000));
    assert!(server.exchange(line).await.starts_with("HTTP/1.1 431 "));
}

#[tokio::test]
async fn bad_framing_is_refused_with_a_request_id() {
    let server = serve(plain(Limits::default()));
    for bad in [
        "GET / HTTP/1.1\r\nconnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: user@a\r\nconnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a b\r\nconnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nhost : a\r\nconnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\n folded: b\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: +1\r\n\r\na",
        "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "nonsense\r\n\r\n",
    ] {
        let answer = server.exchange(bad).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{bad}\n{answer}");
        assert_eq!(answer.matches("x-request-id: id-").count(), 1, "{bad}\n{answer}");
    }
}

#[tokio::test]
async fn nothing_behind_a_chunked_request_is_taken_for_a_request() {
    let server = serve(plain(Limits::default()));
    let smuggled = format!(
        "POST /upload HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{GET}"
    );
    let answer = server.exchange(smuggled).await;
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn one_address_has_so_many_connections_and_no_more() {
    let server = serve(plain(Limits { max_per_address: 2, ..Limits::default() }));
    let mut first = server.connect().await;
    let mut second = server.connect().await;
    for stream in [&mut first, &mut second] {
        stream.write_all(GET.as_bytes()).await.unwrap();
        one_answer(stream).await;
    }
    let mut third = server.connect().await;
    assert_eq!(rest(&mut third).await, "", "dropped at once");
    second.write_all(GET.as_bytes()).await.unwrap();
    one_answer(&mut second).await;

    first.write_all(LAST_GET.as_bytes()).await.unwrap();
    rest(&mut first).await;
    drop(first);
    // The seat is given back just after the connection ends.
    let freed = async { while !server.exchange(LAST_GET).await.starts_with("HTTP/1.1 200 ") {} };
    timeout(PATIENCE, freed).await.expect("the seat was not given back");
}

#[tokio::test]
async fn a_drain_answers_what_began_and_closes_the_rest() {
    let server = serve(plain(Limits::default()));
    let mut idle = server.connect().await;
    idle.write_all(GET.as_bytes()).await.unwrap();
    one_answer(&mut idle).await;
    let mut busy = server.connect().await;
    busy.write_all(b"GET /wait HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    server.entered.notified().await;

    server.stop.cancel();
    assert_eq!(rest(&mut idle).await, "");
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!server.done.is_finished(), "a request is still being answered");
    server.gate.add_permits(1);
    let answer = rest(&mut busy).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("connection: close"), "{answer}");
    timeout(PATIENCE, server.done).await.expect("not done").unwrap();
}

#[tokio::test]
async fn a_connection_made_just_before_the_drain_is_still_answered() {
    let server = serve(plain(Limits::default()));
    let mut streams = Vec::new();
    for _ in 0..20 {
        streams.push(server.connect().await);
    }
    server.stop.cancel();
    for stream in &mut streams {
        stream.write_all(GET.as_bytes()).await.unwrap();
    }
    for mut stream in streams {
        assert!(rest(&mut stream).await.starts_with("HTTP/1.1 200 "));
    }
    timeout(PATIENCE, server.done).await.expect("not done").unwrap();
}

#[tokio::test]
async fn a_drain_drops_what_does_not_end() {
    let server = serve(plain(Limits { drain: SHORT, ..Limits::default() }));
    let mut stuck = server.connect().await;
    stuck.write_all(b"GET /wait HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    server.entered.notified().await;
    server.stop.cancel();
    timeout(PATIENCE, server.done).await.expect("not done").unwrap();
    assert_eq!(rest(&mut stuck).await, "");
}

// TLS

struct Pair {
    dir: tempfile::TempDir,
    roots: rustls::RootCertStore,
}

impl Pair {
    fn files(&self) -> TlsFiles {
        TlsFiles { cert: self.dir.path().join("cert.pem"), key: self.dir.path().join("key.pem") }
    }

    /// A new certificate for `localhost`, written to `dir`.
    fn write(dir: &Path) -> rustls::RootCertStore {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(dir.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        std::fs::write(dir.join("cert.pem"), made.cert.pem()).unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        roots
    }

    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let roots = Self::write(dir.path());
        Self { dir, roots }
    }
}

type TlsClient = tokio_rustls::client::TlsStream<TcpStream>;

async fn handshake(server: &Server, roots: &rustls::RootCertStore, alpn: &[u8]) -> io::Result<TlsClient> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_root_certificates(roots.clone()).with_no_client_auth();
    config.alpn_protocols = if alpn.is_empty() { vec![] } else { vec![alpn.to_vec()] };
    let name = ServerName::try_from("localhost").unwrap();
    tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, server.connect().await).await
}

fn over_tls(pair: &Pair, limits: Limits) -> Listener {
    Listener::bind(LOOPBACK, Some(pair.files()), limits).unwrap()
}

#[tokio::test]
async fn tls_speaks_http_1_unless_the_client_asks_for_2() {
    let pair = Pair::new();
    let server = serve(over_tls(&pair, Limits::default()));
    for alpn in [&b""[..], b"http/1.1"] {
        let mut stream = handshake(&server, &pair.roots, alpn).await.unwrap();
        stream.write_all(LAST_GET.as_bytes()).await.unwrap();
        let answer = rest(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("127.0.0.1 true"), "{answer}");
    }
    let wrong = handshake(&server, &pair.roots, b"spdy/3").await;
    assert!(wrong.is_err(), "a protocol that nobody offers must not become another");
}

#[tokio::test]
async fn http_2_is_served_bounded_and_drained() {
    let pair = Pair::new();
    let server = serve(over_tls(&pair, Limits { h2_idle_timeout: SHORT, ..Limits::default() }));
    let client = async || {
        let stream = handshake(&server, &pair.roots, b"h2").await.unwrap();
        let (send, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        (send, tokio::spawn(connection))
    };
    let get = |path: &str, filling: usize| {
        let builder = Request::get(format!("https://localhost{path}")).header("x", "a".repeat(filling));
        builder.body(http_body_util::Empty::<Bytes>::new()).unwrap()
    };
    let (mut send, connection) = client().await;
    let answer = send.send_request(get("/", 0)).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "127.0.0.1 true");
    assert_eq!(send.send_request(get("/", 17_000)).await.unwrap().status(), 431);
    timeout(PATIENCE, connection).await.expect("an idle connection was not closed").unwrap().unwrap();

    let (mut send, connection) = client().await;
    let waiting = tokio::spawn(send.send_request(get("/wait", 0)));
    server.entered.notified().await;
    server.stop.cancel();
    server.gate.add_permits(1);
    assert_eq!(waiting.await.unwrap().unwrap().status(), 200);
    timeout(PATIENCE, connection).await.expect("not drained").unwrap().unwrap();
    timeout(PATIENCE, server.done).await.expect("not done").unwrap();
}

#[tokio::test]
async fn a_handshake_that_stalls_is_cut() {
    let pair = Pair::new();
    let server = serve(over_tls(&pair, Limits { handshake_timeout: SHORT, ..Limits::default() }));
    let mut silent = server.connect().await;
    let mut halting = server.connect().await;
    halting.write_all(&[0x16, 3, 1]).await.unwrap();
    assert_eq!(rest(&mut silent).await, "");
    assert_eq!(rest(&mut halting).await, "");
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_into_use_and_a_broken_one_is_not() {
    let pair = Pair::new();
    let server = serve(over_tls(&pair, Limits { tls_poll: Duration::from_millis(10), ..Limits::default() }));
    handshake(&server, &pair.roots, b"").await.unwrap();

    std::fs::write(pair.files().cert, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    let tls = Tls::open(pair.files());
    assert!(tls.is_err());
    tokio::time::sleep(Duration::from_millis(60)).await;
    handshake(&server, &pair.roots, b"").await.expect("the pair in use stays while the new one is broken");

    let renewed = Pair::write(pair.dir.path());
    let taken = async { while handshake(&server, &renewed, b"").await.is_err() {} };
    timeout(PATIENCE, taken).await.expect("the new certificate was not taken into use");
    assert!(handshake(&server, &pair.roots, b"").await.is_err(), "the old one is gone");
}

#[tokio::test]
async fn a_start_with_unusable_tls_files_says_which() {
    let pair = Pair::new();
    let other = Pair::new();
    let mixed = TlsFiles { cert: pair.files().cert, key: other.files().key };
    let missing = TlsFiles { cert: pair.files().cert, key: pair.dir.path().join("none.pem") };
    let swapped = TlsFiles { cert: pair.files().key, key: pair.files().cert };
    for (files, says) in [(mixed, "cert.pem"), (missing, "none.pem"), (swapped, "key.pem")] {
        let error = Listener::bind(LOOPBACK, Some(files), Limits::default()).err().unwrap().to_string();
        assert!(error.starts_with("tls: ") && error.contains(says), "{error}");
    }
}
