//! A server under load: so many connections, each of which asks again as soon as it is answered.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use prosper::crypto::digest::sha256;
use prosper::crypto::entropy::Entropy;
use prosper::crypto::password::{Params, Passwords};
use tokio::task::JoinSet;

use super::bare::Bare;
use super::operations::{Operation, Requests};
use super::requests::{exchange, new_token, user};
use super::server::{Server, Spent, Tracer};
use super::site::Site;
use super::wire::Wire;

/// What a round found.
#[derive(Default)]
pub struct Sample {
    pub count: u64,
    pub span: Duration,
    pub spent: Spent,
    pub latencies_micros: Vec<u32>,
}

/// A running server and everything that is asked of it.
pub struct Bench {
    pub site: Arc<Site>,
    pub server: Server,
    pub requests: Arc<Requests>,
    /// Memory before the first request, in KiB.
    pub idle_kib: u64,
    /// What has been left behind since the site was made.
    codes: AtomicU64,
    families: AtomicU64,
    /// Digests of all tokens that were ever given.
    seen: Mutex<HashSet<[u8; 16]>>,
}

impl Bench {
    /// Starts the server of a site, and fetches a token for each driven person.
    pub async fn begin(site: Site, tracer: Option<Tracer<'_>>) -> Self {
        let server = match tracer {
            None => Server::start(&site.binary, &site.store).await,
            Some(tracer) => Server::traced(&site.binary, &site.store, tracer).await,
        };
        let idle_kib = server.memory_kib().0;
        let mut requests = Requests::of(&site);
        let (site, port) = (Arc::new(site), server.port);
        let people = site.cookies.len();
        let shared = Arc::new(requests);
        let mut wires = JoinSet::new();
        for at in 0..16 {
            let (site, requests) = (Arc::clone(&site), Arc::clone(&shared));
            wires.spawn(async move {
                let (mut wire, mut tokens) = (Wire::open(port).await, Vec::new());
                for person in (at..people).step_by(16) {
                    let code = requests.code_for(person, &mut wire).await;
                    let login = new_token(&wire.ask(&exchange(&site.login, &code)).await);
                    tokens.push((login, requests.refreshed(person, &mut wire).await));
                }
                tokens
            });
        }
        let (login, access): (Vec<_>, Vec<_>) = wires.join_all().await.concat().into_iter().unzip();
        requests = Arc::into_inner(shared).expect("everybody is back");
        requests.hold(&site, &login, &access);
        // What ten thousand people's first use leaves to be noted is noted once a second, off the path of any answer.
        tokio::time::sleep(Duration::from_secs(2)).await;
        Self {
            site,
            server,
            requests: Arc::new(requests),
            idle_kib,
            codes: AtomicU64::new(login.len() as u64),
            families: AtomicU64::new(0),
            seen: Mutex::default(),
        }
    }

    /// The processes whose time counts.
    pub fn processes(&self) -> Vec<u32> {
        let mut all = self.site.store.processes();
        all.push(self.server.pid());
        all
    }

    /// Stops the server and holds its store against what was answered.
    pub async fn end(self) -> (Site, String) {
        self.server.stop();
        drop(self.requests);
        let mut site = Arc::into_inner(self.site).expect("everybody is back");
        site.codes += self.codes.into_inner();
        site.families += self.families.into_inner();
        let audit = site.audit().await;
        (site, audit)
    }

    /// An operation for a while; every answer is checked.
    pub async fn measure(&self, operation: Operation, connections: usize, span: Duration) -> Sample {
        if operation == Operation::Exchange {
            self.mint(span).await;
        }
        let fresh = Arc::new(Mutex::new(Vec::new()));
        let (site, requests, kept) = (Arc::clone(&self.site), Arc::clone(&self.requests), Arc::clone(&fresh));
        let sample = drive(self.server.port, &self.processes(), connections, span, move |mut wire, until| {
            let (site, requests, kept) = (Arc::clone(&site), Arc::clone(&requests), Arc::clone(&kept));
            async move {
                let (mut taken, mut tokens) = (Vec::new(), Vec::new());
                while Instant::now() < until {
                    let began = Instant::now();
                    if !requests.perform(operation, &site, &mut wire, &mut tokens).await {
                        break;
                    }
                    taken.push(micros(began));
                }
                kept.lock().expect("a lock").extend(tokens);
                taken
            }
        })
        .await;
        let (codes, families) = operation.leaves();
        self.left(codes * sample.count, families * sample.count);
        let mut seen = self.seen.lock().expect("a lock");
        for token in fresh.lock().expect("a lock").drain(..) {
            let digest = *sha256(token.as_bytes()).first_chunk().expect("it is longer");
            assert!(seen.insert(digest), "a token was given twice");
        }
        sample
    }

    /// So many used codes and families were left behind.
    pub fn left(&self, codes: u64, families: u64) {
        self.codes.fetch_add(codes, Ordering::Relaxed);
        self.families.fetch_add(families, Ordering::Relaxed);
    }

    /// The bare server for a while.
    pub async fn bare(&self, bare: &Bare, connections: usize, span: Duration) -> Sample {
        // As long as what the token check sends.
        let request = Arc::new(user(&"x".repeat(200)));
        drive(bare.port, &[bare.pid()], connections, span, move |mut wire, until| {
            let request = Arc::clone(&request);
            async move {
                let mut taken = Vec::new();
                while Instant::now() < until {
                    let began = Instant::now();
                    assert_eq!(wire.ask(&request).await.body.len(), 190);
                    taken.push(micros(began));
                }
                taken
            }
        })
        .await
    }

    /// Enough codes for a round of exchanges, in the order in which they were made: an application gets a code a moment
    /// later, and the store keeps them by that order.
    async fn mint(&self, span: Duration) {
        let wanted = usize::try_from(span.as_millis()).expect("a short time") * 15;
        let missing = wanted.saturating_sub(self.requests.codes.lock().expect("a lock").len());
        let (port, mut wires) = (self.server.port, JoinSet::new());
        for _ in 0..8 {
            let requests = Arc::clone(&self.requests);
            wires.spawn(async move {
                let (mut wire, mut codes) = (Wire::open(port).await, Vec::new());
                for _ in 0..missing / 8 {
                    codes.push(requests.code(&mut wire).await);
                }
                codes
            });
        }
        let mut minted: Vec<_> = wires.join_all().await.into_iter().map(Vec::into_iter).collect();
        let in_turn = (0..missing / 8).flat_map(|_| minted.iter_mut().filter_map(Iterator::next).collect::<Vec<_>>());
        self.requests.codes.lock().expect("a lock").extend(in_turn);
    }
}

async fn drive<W, F>(port: u16, processes: &[u32], connections: usize, span: Duration, work: W) -> Sample
where
    W: Fn(Wire, Instant) -> F,
    F: Future<Output = Vec<u32>> + Send + 'static,
{
    let mut wires = Vec::with_capacity(connections);
    for _ in 0..connections {
        wires.push(Wire::open(port).await);
    }
    let (began, before) = (Instant::now(), Spent::by(processes));
    let mut tasks = JoinSet::new();
    for wire in wires {
        tasks.spawn(work(wire, began + span));
    }
    let latencies_micros = tasks.join_all().await.concat();
    Sample {
        count: latencies_micros.len() as u64,
        span: began.elapsed(),
        spent: Spent::by(processes).since(before),
        latencies_micros,
    }
}

/// Bare argon2id, all cores busy; with the default parameters its rate is W.
#[derive(Clone, Copy)]
pub struct Hashing {
    pub per_second: f64,
    pub cpu_micros: f64,
}

impl Hashing {
    /// Measures it, for a little while.
    pub async fn measure(params: Params) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let passwords = Passwords::start(params, cores, 1_000, Entropy::system());
        let me = [std::process::id()];
        let (began, before, mut tasks) = (Instant::now(), Spent::by(&me), JoinSet::new());
        for _ in 0..cores * 30 {
            let passwords = passwords.clone();
            tasks.spawn(async move { passwords.hash("a password".to_owned().into()).await.is_ok() });
        }
        let made = tasks.join_all().await;
        assert!(made.iter().all(|made| *made));
        let (count, spent) = (made.len() as f64, Spent::by(&me).since(before));
        Self { per_second: count / began.elapsed().as_secs_f64(), cpu_micros: spent.cpu_nanos as f64 / 1_000.0 / count }
    }
}

pub fn micros(since: Instant) -> u32 {
    u32::try_from(since.elapsed().as_micros()).unwrap_or(u32::MAX)
}
