//! `prosper doctor`: every common misconfiguration, each with its remedy.
//!
//! It changes nothing, works beside a running server, and says all it finds rather than the first.
//!
//! This file is long because whatever is commonly wrong is looked for here, each thing with its remedy.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;

use super::Global;
use super::failure::{Failure, Outcome};
use super::folder::{Folder, private};
use super::house;
use super::marker::Marker;
use super::opening;
use super::port::Port;
use super::talk::{Talk, facts};
use crate::clock::Clock;
use crate::config::Config;
use crate::crypto::entropy::Entropy;
use crate::crypto::keys::Keys;
use crate::mail::transport::Way;
use crate::store::installation::Purpose;
use crate::web::listener::TlsFiles;

/// Look for everything that is commonly wrong.
#[derive(Debug, Args)]
#[command(
    after_help = "It changes nothing and works beside a running server.\nIt ends with 1 if it found anything wrong."
)]
pub struct Doctor {}

/// What an examination came to.
enum Found {
    /// All is well; what was seen.
    Well(String),
    /// Not wrong, and worth knowing.
    Note(String),
    /// Wrong, with the remedy.
    Wrong(String),
}

use Found::{Note, Well, Wrong};

/// The findings so far: what was looked at, and what was found.
type Findings = Vec<(&'static str, Found)>;

impl Doctor {
    /// Looks.
    ///
    /// # Errors
    /// Something is wrong.
    pub fn run(self, talk: Talk, global: &Global) -> Outcome {
        let Self {} = self;
        let mut findings = Findings::new();
        match global.configuration(&[]) {
            Ok(config) => {
                super::log_quietly(&config);
                examine_configuration(&config, &mut findings);
                examine_port(&config, &mut findings);
                examine_folder(&config, &mut findings);
                examine_mail(&config, &mut findings);
            }
            Err(failure) => {
                findings.extend(failure.to_string().lines().map(|line| ("configuration", Wrong(line.to_owned()))));
            }
        }
        let wrong = findings.iter().filter(|(_, found)| matches!(found, Wrong(_))).count();
        let rows = findings.into_iter().map(|(what, found)| {
            let (state, said) = match found {
                Well(said) => ("well", said),
                Note(said) => ("note", said),
                Wrong(said) => ("wrong", said),
            };
            facts! { what: what, state: state, finding: said }
        });
        talk.list(&["state", "what", "finding"], rows.collect())?;
        match wrong {
            0 => Ok(()),
            1 => Err(Failure::failed("one thing is wrong")),
            many => Err(Failure::failed(format!("{many} things are wrong"))),
        }
    }
}

fn examine_configuration(config: &Config, findings: &mut Findings) {
    let mut say = |found| findings.push(("configuration", found));
    let problems = config.check();
    let tls = house::tls_files(config);
    let unusable = tls.as_ref().and_then(|files| files.check().err());
    if problems.is_empty() && unusable.is_none() {
        say(Well("every setting is legal, and they fit together".to_owned()));
    }
    for problem in problems {
        say(Wrong(problem));
    }
    let loopback = config.listen.ip().to_canonical().is_loopback();
    if config.insecure {
        say(Note("insecure = true: passwords and tokens travel in clear beyond this machine".to_owned()));
    }
    if config.public_url.is_loopback() && !loopback {
        say(Wrong(format!(
            "links in mails and redirects lead to {}, which nobody else can reach: set public_url to the address that \
             people type",
            config.public_url
        )));
    }
    if loopback && !config.public_url.is_loopback() && config.trusted_proxies.is_empty() {
        say(Wrong(
            "a proxy seems to stand in front (public_url is elsewhere), and none is trusted, so every limit counts the \
             proxy's own address: name it in trusted_proxies"
                .to_owned(),
        ));
    }
    if config.trusted_proxies.iter().any(|network| network.prefix_len() == 0) {
        say(Wrong(
            "trusted_proxies holds the whole internet, so anybody forges their address: name the proxy".to_owned(),
        ));
    }
    if !config.limits.lockout_enabled {
        say(Note(
            "limits.lockout_enabled = false: nothing slows down whoever guesses one person's password".to_owned(),
        ));
    }
    if config.password.memory_kib < 19_456 || config.password.iterations < 2 {
        say(Wrong(
            "a password hash costs less than advised: password.memory_kib 19456 and iterations 2 at least".to_owned(),
        ));
    }
    if let Some(TlsFiles { key, .. }) = &tls {
        say(unusable
            .map_or_else(|| Well("the TLS certificate and its key fit".to_owned()), |error| Wrong(error.to_string())));
        if key.exists()
            && let Err(failure) = private(key, 0o600)
        {
            say(Wrong(format!("the TLS key: {failure}")));
        }
    }
}

/// Is there room for the listeners and their connections?
fn examine_port(config: &Config, findings: &mut Findings) {
    let served = Folder::open(&config.data_dir).and_then(|folder| folder.is_served()).unwrap_or(false);
    findings.push(("port", examine_listener(config, config.listen, "listen", served)));
    if let Some(listen) = config.console_listen {
        let found = match examine_listener(config, listen, "console_listen", served) {
            Well(said) if listen.port() == 0 => Well(format!("{said}; the log of `prosper serve` says which it took")),
            Well(said) => Well(format!("{said}; staff open {}", config.url_of_console(listen))),
            other => other,
        };
        findings.push(("console", found));
    }
    examine_open_files(config, findings);
}

/// Can the address of a setting be had, or is it ours already?
fn examine_listener(config: &Config, listen: SocketAddr, setting: &str, served: bool) -> Found {
    match (Port::of(listen, config.speaks_tls(), served), served) {
        (Port::Prosper, true) => Well(format!("a server answers on {listen}")),
        (Port::Prosper, false) => Wrong(format!(
            "another Prosper, which does not serve this data directory, answers on {listen}: stop that, or choose another \
             port in `{setting}`"
        )),
        (Port::Free, true) => Note(format!("a server runs on this data directory, and not on {listen}")),
        (Port::Free, false) => Well(format!("{listen} is free")),
        (Port::Taken, _) => Wrong(format!(
            "{listen} is taken by another process: stop that, or choose another port in `{setting}`{}",
            if served { " (a server runs on this data directory, elsewhere)" } else { "" }
        )),
        (Port::Unusable(error), _) => {
            Wrong(format!("{listen} cannot be listened on ({error}): choose another in `{setting}`"))
        }
    }
}

/// May as many files be open as there may be connections?
fn examine_open_files(config: &Config, findings: &mut Findings) {
    let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
    let wanted = u64::from(config.limits.max_connections) + 128;
    findings.push((
        "open files",
        if files >= wanted {
            Well(format!("{files} allowed"))
        } else {
            Note(format!(
                "{files} allowed, which is fewer than limits.max_connections wants: raise the limit (LimitNOFILE={wanted})"
            ))
        },
    ));
}

fn examine_folder(config: &Config, findings: &mut Findings) {
    if !config.data_dir.exists() {
        let path = config.data_dir.display();
        findings.push(("data directory", Note(format!("there is none at {path}: the first `prosper serve` makes it"))));
        return;
    }
    let folder = match Folder::open(&config.data_dir) {
        Ok(folder) => folder,
        Err(failure) => return findings.push(("data directory", Wrong(failure.to_string()))),
    };
    findings.push(("data directory", Well(format!("{} is private", folder.path().display()))));
    findings.push((
        "files",
        folder.check_files().map_or_else(|f| Wrong(f.to_string()), |()| Well("are private".to_owned())),
    ));
    if let Ok(disk) = rustix::fs::statvfs(folder.path()) {
        let free = disk.f_bavail.saturating_mul(disk.f_frsize) / 1_048_576;
        let enough = free >= LEAST_FREE;
        findings.push((
            "disk",
            if enough {
                Well(format!("{free} MiB free"))
            } else {
                Wrong(format!("{free} MiB free: make room, {LEAST_FREE} MiB at least, or writes will soon be refused"))
            },
        ));
    }
    if config.database.is_none() && !folder.database().exists() {
        findings.push(("database", Note("there is none yet: the first `prosper serve` makes it".to_owned())));
        return;
    }
    if let Err(failure) = examine_database(config, &folder, findings) {
        findings.push(("database", Wrong(failure.to_string())));
    }
}

fn examine_mail(config: &Config, findings: &mut Findings) {
    let mailing = opening::mailing(config);
    let found = match &mailing.way {
        Way::OnScreen => Note(
            "none is sent: people are not told, and administrators read at /console/mail what would have been mailed. Set \
             mail.transport"
                .to_owned(),
        ),
        way => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let tried = runtime.map_err(|error| error.to_string()).and_then(|runtime| {
                runtime.block_on(async { tokio::time::timeout(MAIL_TRIAL, mailing.try_out()).await })
                    .unwrap_or_else(|_| Err(format!("it did not answer within {} seconds", MAIL_TRIAL.as_secs())))
            });
            let whither = match way {
                Way::Relay(relay) => format!("{}:{}", relay.host, relay.port),
                Way::Folder(folder) => folder.display().to_string(),
                Way::OnScreen => String::new(),
            };
            match tried {
                Ok(()) => Well(format!("can be sent by {whither}; `prosper mail test --to YOU` sends one")),
                Err(why) => Wrong(format!("cannot be sent by {whither}: {why}")),
            }
        }
    };
    findings.push(("mail", found));
}

fn examine_database(config: &Config, folder: &Folder, findings: &mut Findings) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let marker = Marker::read(&folder.marker())?.filter(|_| folder.is_served().unwrap_or(false));
        let clock = marker.map(|marker| Clock::starting_at(marker.present()));
        let store = opening::beside(config, folder, clock).await?;
        let standing = store.standing().await?;
        findings.push((
            "database",
            Well(format!("opens and is the newest there is, made for: {}", standing.purpose.name())),
        ));
        let ring = store.ring_keys().await?;
        let key = folder.master_key(config, &Entropy::system(), false);
        findings.push((
            "master key",
            if ring.is_empty() {
                Note("there is nothing for it to open yet: the next start of `prosper serve` makes that".to_owned())
            } else {
                let opened = key.and_then(|key| Ok(Keys::unlock(&key, &ring, store.clock())?));
                let opened = opened.map(|_| format!("opens all {} keys of the ring", ring.len()));
                opened.map_or_else(|failure| Wrong(failure.to_string()), Well)
            },
        ));
        if store.staff().await?.is_empty() {
            findings.push((
                "staff",
                Note(
                    "there are none, so nobody decides on requests: open the link that `prosper serve` printed, or say \
                     `prosper staff add`"
                        .to_owned(),
                ),
            ));
        }
        // Time travels in a sandbox.
        if standing.purpose == Purpose::Live {
            findings.push(("clock", examine_clock(folder, standing.high_water)?));
        }
        Ok(())
    })
}

fn examine_clock(folder: &Folder, high_water: crate::domain::time::Timestamp) -> Outcome<Found> {
    let ours = match Marker::read(&folder.marker())? {
        Some(marker) if folder.is_served()? => marker.present(),
        _ => Clock::starting_at(high_water).now(),
    };
    let ahead = (crate::clock::wall().micros() - ours.micros()) / 1_000_000;
    Ok(if ahead.abs() < 30 {
        Well("agrees with the wall clock".to_owned())
    } else {
        Wrong(format!(
            "the wall clock is {} seconds {} ours: mend the wall clock, or if it is right, say `prosper clock accept`",
            ahead.abs(),
            if ahead > 0 { "ahead of" } else { "behind" }
        ))
    })
}

/// How long a mail server may take to answer.
const MAIL_TRIAL: Duration = Duration::from_secs(15);
/// MiB that a data directory should have to grow in.
const LEAST_FREE: u64 = 256;
