//! The harness: a whole Prosper on a real socket, with a store of its own, a clock that moves when told, and people who
//! act over HTTP.
//!
//! Clock and entropy are the only inside knobs. What has no page goes through the flow that the command line uses.

pub mod alone;
pub mod binary;
pub mod black_box;
pub mod browser;
pub mod cluster;
pub mod exchange;
pub mod form;
pub mod journeys;
pub mod login;
pub mod people;
pub mod portal;
pub mod proxy;
pub mod sandbox;
pub mod smtp;
pub mod statements;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prosper::clock::Clock;
use prosper::config::BaseUrl;
use prosper::crypto::entropy::Entropy;
use prosper::crypto::password::{Params, Passwords};
use prosper::crypto::ring::MasterKey;
use prosper::domain::ids::SpaceId;
use prosper::domain::time::Timestamp;
use prosper::mail::transport::Mailing;
use prosper::prosper::{Lockout, Settings};
use prosper::store::audit::Trail;
use prosper::store::installation::Purpose;
use prosper::store::{Opening, Store};
use prosper::web::listener::{Limits, Listener};
use prosper::web::{Server, request_id};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

pub use browser::Browser;
pub use cluster::{Cluster, skipped};
pub use exchange::Exchange;
pub use people::{App, Person};

/// A running Prosper.
pub struct Prosper {
    /// The context, for what has no page.
    pub p: Arc<prosper::prosper::Prosper>,
    /// Stands still until it is advanced.
    pub clock: Clock,
    /// `http://127.0.0.1:PORT`
    pub url: String,
    /// The first space.
    pub space: SpaceId,
    pub address: SocketAddr,
    client: exchange::Client,
    shutdown: CancellationToken,
    /// Kept until the server is gone; `None` when the folder is the test's own.
    folder: Option<TempDir>,
}

/// How a Prosper is started.
pub struct Start {
    pub lockout: Option<Lockout>,
    pub failures_per_address: Option<u32>,
    pub holidays: Vec<jiff::civil::Date>,
    pub mail: Mailing,
    pub purpose: Purpose,
    pub params: Params,
    pub hash_threads: usize,
    pub hash_queue: usize,
    /// A folder of the test's own, for starting again on what is there.
    pub folder: Option<std::path::PathBuf>,
    pub now: Timestamp,
    /// A PostgreSQL database instead of a file.
    pub database: Option<Database>,
    /// What browsers are told to be at, when it is not where they are.
    pub public_url: Option<&'static str>,
    /// Where weaknesses are reported, if that was chosen.
    pub security_contact: Option<&'static str>,
    /// Is whoever comes from this machine a proxy that is believed about whom it speaks for?
    pub behind_a_proxy: bool,
}

/// A PostgreSQL database.
#[derive(Clone, Debug)]
pub enum Database {
    /// A new one of the shared cluster.
    Fresh,
    /// The one at this address.
    At(String),
}

impl Default for Start {
    fn default() -> Self {
        Self {
            lockout: None,
            failures_per_address: None,
            holidays: Vec::new(),
            mail: Mailing::on_screen(),
            purpose: Purpose::Live,
            // Hashing is what it is in production but for its cost, which is not what these tests are about.
            params: Params { memory_kib: 64, iterations: 1, parallelism: 1 },
            hash_threads: 2,
            hash_queue: 10_000,
            folder: None,
            now: Timestamp::from_seconds(1_800_000_000),
            database: None,
            public_url: None,
            security_contact: None,
            behind_a_proxy: false,
        }
    }
}

/// Tells two servers of one test run apart.
static COUNT: AtomicU64 = AtomicU64::new(1);

impl Prosper {
    /// A Prosper with one space and nobody in it.
    pub async fn start() -> Self {
        Self::start_with(Start::default()).await
    }

    pub async fn start_with(start: Start) -> Self {
        let (folder, path) = if let Some(path) = start.folder {
            (None, path)
        } else {
            let folder = TempDir::new().expect("a temporary folder");
            let path = folder.path().to_owned();
            (Some(folder), path)
        };
        let listener = Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0)), None, Limits::default()).expect("a port");
        let address = listener.local_addr();
        let url = format!("http://{address}");
        let clock = Clock::frozen(start.now);
        let opening = Opening {
            path: path.join("prosper.db"),
            purpose: start.purpose,
            migrate: true,
            clock: Some(clock.clone()),
        };
        let store = match start.database.or_else(Self::database_of_this_run) {
            None => Store::open(opening).expect("a store"),
            Some(Database::At(address)) => Store::connect(&address, opening).await.expect("a store"),
            Some(Database::Fresh) => {
                Store::connect(&cluster::database_of(&path).await, opening).await.expect("a store")
            }
        };
        let mut seed = [7; 32];
        seed[..8].copy_from_slice(&COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        let entropy = Entropy::seeded(seed);
        let ids = entropy.clone();
        let proxies = if start.behind_a_proxy { vec!["127.0.0.1/32".parse().expect("a network")] } else { Vec::new() };
        let listener = listener.naming_answers(Arc::new(move || request_id(&ids))).trusting(proxies);
        let settings = Settings {
            public_url: BaseUrl::parse(start.public_url.unwrap_or(&url)).expect("a URL"),
            support_email: "support@prosper.example".into(),
            business_email: "partners@prosper.example".into(),
            security_contact: start.security_contact.map(str::to_owned),
            console_url: None,
            purpose: start.purpose,
            sample_resource: true,
            lockout: start.lockout,
            failures_per_address: start.failures_per_address,
            erasure_wait: hours(30 * 24),
            holidays: start.holidays,
            mail: start.mail,
        };
        let passwords = Passwords::start(start.params, start.hash_threads, start.hash_queue, entropy.clone());
        // One master key for all: a test that starts again on the same folder finds its key ring.
        let master = MasterKey::from_hex(&"5a".repeat(32)).expect("a key");
        let p =
            prosper::prosper::Prosper::assemble(store, entropy, passwords, master, settings).await.expect("assembled");
        let space = the_first_space(&p).await;
        let shutdown = CancellationToken::new();
        let server = Arc::new(Server::new(Arc::clone(&p)));
        tokio::spawn(listener.serve(move |request, peer| Arc::clone(&server).answer(request, peer), shutdown.clone()));
        Self { p, clock, url, space, address, client: exchange::Client::new(), shutdown, folder }
    }

    /// The suite is run a second time with this set: every server that does not say otherwise gets a PostgreSQL database.
    fn database_of_this_run() -> Option<Database> {
        is_set(ON_POSTGRES).then_some(Database::Fresh)
    }

    /// The folder of its own.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.as_ref().expect("this test keeps the folder itself").path()
    }

    /// A space of another name.
    pub async fn space(&self, name: &str) -> SpaceId {
        let trail = Trail::system(self.clock.now());
        self.p.store.add_space(name.into(), None, trail).await.expect("written").expect("a new name")
    }

    /// Sends a request as it is, without cookies, and follows nothing.
    pub async fn send(&self, request: http::Request<String>) -> Exchange {
        self.client.send(&self.url, request).await
    }

    /// The same with a body that need not be text.
    pub async fn send_bytes(&self, request: http::Request<bytes::Bytes>) -> Exchange {
        self.client.send_bytes(&self.url, request).await
    }

    pub async fn get(&self, path: &str) -> Exchange {
        self.send(exchange::request("GET", path, &[], "")).await
    }

    /// Posts a form without cookies.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Exchange {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send(exchange::request("POST", path, &headers, &exchange::form(form))).await
    }

    /// `POST /v1/security/oauth/token`
    pub async fn token(&self, form: &[(&str, &str)]) -> Exchange {
        self.post("/v1/security/oauth/token", form).await
    }

    /// A browser with no cookies.
    pub fn browser(&self) -> Browser<'_> {
        Browser::new(self)
    }

    /// Writes down what was observed, as the server does each second.
    pub async fn flush(&self) {
        self.p.store.flush_observations().await.expect("written");
    }
}

/// The first space, made if there is none. Of several nodes that start together one makes it, and the others hear of it.
async fn the_first_space(p: &prosper::prosper::Prosper) -> SpaceId {
    for _ in 0..500 {
        if let Some(space) = p.store.spaces().await.expect("spaces").first() {
            return space.id;
        }
        let trail = Trail::system(p.now());
        if let Some(space) = p.store.add_space("Prosper".into(), None, trail).await.expect("written") {
            return space;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("there is a space, and this node does not hear of it");
}

impl Drop for Prosper {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// Is this variable set? How CI and the second run of the suite speak to the tests; no server ever reads one of these.
#[expect(clippy::disallowed_methods, reason = "the configuration is for servers")]
pub fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some()
}

/// Set for the second run of the suite.
pub const ON_POSTGRES: &str = "SUITE_ON_POSTGRES";

/// Set for the third.
pub const SERIALIZABLE: &str = "SUITE_SERIALIZABLE";

pub const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

pub const fn minutes(count: u64) -> Duration {
    seconds(count * 60)
}

/// All of this time but its last microsecond.
pub const fn almost(span: Duration) -> Duration {
    span.saturating_sub(Duration::from_micros(1))
}

pub const fn hours(count: u64) -> Duration {
    minutes(count * 60)
}

/// The shortest time there is here.
pub const A_MOMENT: Duration = Duration::from_micros(1);

/// A moment less than `span`.
pub const fn just_before(span: Duration) -> Duration {
    span.saturating_sub(A_MOMENT)
}
