//! A running server, from the data directory to the last answer. `serve` and `sandbox` differ in what they put in it, and
//! in nothing of this.
//!
//! 1. The data directory is made or checked, and taken for this process alone.
//! 2. A database that is older than its marker is refused.
//! 3. The store is opened, its key ring unlocked, and the port taken. A new store gets its first space.
//! 4. Until the process is told to stop, requests are answered and the upkeep is done (`upkeep`).
//! 5. Told to stop, it lets every request that began be answered, for as long as the listener allows; then the marker is
//!    written a last time, and the log of the database is folded into the database itself.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::failure::{Failure, Outcome};
use super::folder::{Folder, Lock};
use super::opening::{self, hash_cost, settings};
use super::upkeep;
use crate::config::{self, Config};
use crate::crypto::entropy::Entropy;
use crate::crypto::password::Passwords;
use crate::prosper::Prosper;
use crate::store::audit::Trail;
use crate::store::file;
use crate::store::installation::Purpose;
use crate::telemetry::{self, Logging};
use crate::web::listener::{Limits, Listener, TlsFiles};
use crate::web::{Server, Web, request_id};

/// Everything a server needs, opened.
pub struct House {
    /// The context of every flow.
    pub p: Arc<Prosper>,
    /// What was chosen, with the address that was really taken.
    pub config: Config,
    /// The data directory.
    pub folder: Folder,
    listener: Listener,
    console: Option<Listener>,
    signals: Signals,
    lock: Lock,
}

impl House {
    /// Opens everything, in the order of the module's head. Must be called within the runtime.
    ///
    /// # Errors
    /// What is in the way, in one line.
    pub async fn open(mut config: Config, purpose: Purpose) -> Outcome<Self> {
        check(&config)?;
        let folder = Folder::prepare(&config.data_dir)?;
        // From here on a signal means "stop in order": whoever is told to stop while starting leaves nothing behind either.
        let signals = Signals::listen()?;
        let lock = folder.lock()?;
        let entropy = Entropy::system();
        let store = opening::to_serve(&config, &folder, purpose).await?;
        let master = opening::master_key(&config, &folder, &store, &entropy).await?;
        let listener = listen(config.listen, &config, &entropy)?;
        let console = config.console_listen.map(|address| listen(address, &config, &entropy)).transpose()?;
        config.bound_to(listener.local_addr());
        let limits = &config.limits;
        let (threads, queue) = (limits.hash_threads as usize, limits.hash_queue as usize);
        let passwords = Passwords::start(hash_cost(&config), threads, queue, entropy.clone());
        let mut settings = settings(&config, purpose);
        settings.console_url = console.as_ref().map(|console| config.url_of_console(console.local_addr()));
        let p = Prosper::assemble(store, entropy, passwords, master, settings).await?;
        if p.store.spaces().await?.is_empty() {
            p.store.add_space(FIRST_SPACE.to_owned(), None, Trail::system(p.now())).await?;
        }
        let house = Self { p, config, folder, listener, console, signals, lock };
        upkeep::mark(&house.p, &house.folder).await?;
        Ok(house)
    }

    /// Answers requests, with `more` routes beside the table's, until the process is told to stop. `ready` is called once
    /// the port answers.
    ///
    /// # Errors
    /// `ready` failed, or what is left at the end cannot be written down.
    pub async fn run(self, more: Router<Web>, ready: impl AsyncFnOnce(&Config) -> Outcome) -> Outcome {
        let Self { p, config, folder, listener, console, signals, lock } = self;
        let manager = config::notify_socket(&config::environment()).map(str::to_owned);
        let tell = |state: &str| {
            if let Some(socket) = &manager
                && let Err(error) = telemetry::sd_notify(socket, state)
            {
                tracing::warn!(%error, "the service manager cannot be told how we are");
            }
        };
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        upkeep::begin(&p, &folder, &stop, &tasks);
        let server = Server::with_more(Arc::clone(&p), more);
        // With a listener of its own, the console is nowhere else.
        let (server, apart) = match console {
            Some(console) => (Arc::new(server.clone().without_console()), Some((console, Arc::new(server)))),
            None => (Arc::new(server), None),
        };
        let mut serving =
            tokio::spawn(listener.serve(move |request, peer| Arc::clone(&server).answer(request, peer), stop.clone()));
        if let Some((console, server)) = apart {
            let url = p.settings.console_url.as_deref().unwrap_or_default();
            tracing::info!(url, listen = %console.local_addr(), "the staff console has a listener of its own");
            tasks.spawn(console.serve(move |request, peer| Arc::clone(&server).answer(request, peer), stop.clone()));
        }
        let outcome = ready(&config).await;
        if outcome.is_ok() {
            let url = p.settings.public_url.as_str();
            tracing::info!(url, listen = %config.listen, data = %folder.path().display(), "serving");
            tell("READY=1");
            tokio::select! {
                name = signals.told_to_stop() => tracing::info!(signal = name, "stopping: what began is being answered"),
                _ = &mut serving => tracing::error!("the listener has ended by itself"),
            }
        }
        tell("STOPPING=1");
        stop.cancel();
        // The listener drops what is unfinished by itself; this only keeps a defect there from keeping us here.
        let _ = tokio::time::timeout(LONGEST_STOP, &mut serving).await;
        tasks.close();
        let _ = tokio::time::timeout(Duration::from_secs(1), tasks.wait()).await;
        outcome.and(leave(&p, &folder).await)?;
        drop(lock);
        tracing::info!("stopped");
        Ok(())
    }
}

/// The configuration as a whole, and the TLS files that it names, before anything is made.
///
/// # Errors
/// Everything that must be mended first, a line each.
pub fn check(config: &Config) -> Outcome {
    let mut problems: Vec<_> = config.check().iter().map(|problem| format!("config: {problem}")).collect();
    problems.extend(tls_files(config).and_then(|files| files.check().err()).map(|error| format!("config: {error}")));
    if problems.is_empty() { Ok(()) } else { Err(Failure::usage(problems.join("\n"))) }
}

/// The certificate and the key that the configuration names, when it names both.
pub fn tls_files(config: &Config) -> Option<TlsFiles> {
    Some(TlsFiles { cert: config.tls.cert.clone()?, key: config.tls.key.clone()? })
}

fn listen(address: SocketAddr, config: &Config, entropy: &Entropy) -> Outcome<Listener> {
    let tls = tls_files(config);
    let limits = Limits {
        max_connections: config.limits.max_connections as usize,
        max_per_address: config.limits.max_connections_per_address as usize,
        ..Limits::default()
    };
    let listener = Listener::bind(address, tls, limits).map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => Failure::failed(format!(
            "{address} is taken by another process: stop that, or choose another port with --listen (port 0 takes a free one)"
        )),
        std::io::ErrorKind::PermissionDenied => {
            Failure::failed(format!("this user may not listen on {address}: choose a port above 1023 with --listen"))
        }
        _ => Failure::failed(format!("cannot listen on {address}: {error}")),
    })?;
    let entropy = entropy.clone();
    Ok(listener.trusting(config.trusted_proxies.clone()).naming_answers(Arc::new(move || request_id(&entropy))))
}

/// Sends the log to standard error, as the configuration has it.
///
/// # Errors
/// It was sent somewhere before.
pub fn begin_logging(config: &Config, quiet: bool) -> Outcome {
    let level = if quiet { config.log.level.min(tracing::level_filters::LevelFilter::WARN) } else { config.log.level };
    telemetry::install(Logging::to_stderr(level, config.log.format)).map_err(Failure::failed)
}

/// The runtime of a server.
///
/// # Errors
/// The system gives no threads.
pub fn runtime() -> Outcome<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// What the system tells a process. SIGHUP, which ends one by default, is for the certificate (`web::listener`), and
/// otherwise means nothing.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn listen() -> Outcome<Self> {
        let hear = |kind| signal(kind).map_err(|error| Failure::failed(format!("signals cannot be heard: {error}")));
        Ok(Self {
            terminate: hear(SignalKind::terminate())?,
            interrupt: hear(SignalKind::interrupt())?,
            hangup: hear(SignalKind::hangup())?,
        })
    }

    /// Waits for SIGTERM or SIGINT, and answers its name. The second of them ends the process at once.
    async fn told_to_stop(mut self) -> &'static str {
        let name = loop {
            tokio::select! {
                _ = self.terminate.recv() => break "SIGTERM",
                _ = self.interrupt.recv() => break "SIGINT",
                _ = self.hangup.recv() => tracing::debug!("SIGHUP"),
            }
        };
        tokio::spawn(async move {
            tokio::select! { _ = self.terminate.recv() => {}, _ = self.interrupt.recv() => {} }
            tracing::warn!("told to stop again: stopping at once");
            std::process::exit(130);
        });
        name
    }
}

/// Writes down what is left, and leaves the database in one file.
async fn leave(p: &Prosper, folder: &Folder) -> Outcome {
    p.store.flush_observations().await?;
    p.store.mark_time(p.now()).await?;
    upkeep::mark(p, folder).await?;
    match p.store.path() {
        Some(path) => Ok(file::checkpoint(path)?),
        None => Ok(()),
    }
}

/// What the space is called that a new store begins with.
pub const FIRST_SPACE: &str = "Prosper";
/// Longer than the listener drains.
const LONGEST_STOP: Duration = Duration::from_millis(8_500);
