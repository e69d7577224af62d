//! Opening the store that a configuration names: the file in the data directory, or a database elsewhere.

use std::path::Path;

use super::failure::{Failure, Outcome};
use super::folder::Folder;
use super::marker::{Marker, Verdict};
use crate::clock::Clock;
use crate::config::{Config, MailTransport, Origin};
use crate::contract::lifetimes::MAIL_PATIENCE;
use crate::crypto::entropy::Entropy;
use crate::crypto::password::Params;
use crate::crypto::ring::MasterKey;
use crate::mail::transport::{Mailing, Relay, Way};
use crate::prosper::{Lockout, Settings};
use crate::store::file::{self, Standing};
use crate::store::installation::Purpose;
use crate::store::{Opening, Store};

/// Opens the store to serve from it: makes it if there is none, brings its schema up to date, and refuses one that is
/// older than the folder's marker.
///
/// # Errors
/// It cannot be opened, is older than the marker, or was made for another purpose.
pub async fn to_serve(config: &Config, folder: &Folder, purpose: Purpose) -> Outcome<Store> {
    let marker = Marker::read(&folder.marker())?;
    let path = folder.database();
    let opening = Opening { path: path.clone(), purpose, migrate: true, clock: None };
    if let Some(address) = &config.database {
        let store = Store::connect(address.expose(), opening).await?;
        // A node that joins the others has no marker yet.
        if marker.is_some() {
            demand_newest(marker.as_ref(), &store.standing().await?)?;
        }
        return Ok(store);
    }
    folder.check_files()?;
    // A file that was made and never filled is as good as none.
    if path.exists() && std::fs::metadata(&path)?.len() > 0 {
        demand_newest(marker.as_ref(), &file::standing(&path)?)?;
    } else if marker.is_some_and(|marker| marker.last_account() > 0) {
        return Err(Failure::failed(format!(
            "there was a database at {} and it is gone: bring a copy back with `prosper db restore FILE`, or begin anew in \
             another directory",
            path.display()
        )));
    }
    file::prepare(&path)?;
    Ok(Store::open(opening)?)
}

/// Opens the store for a command beside whatever serves from it. `clock` is the server's, if one runs here.
///
/// # Errors
/// There is none, its schema is not ours, or nobody serves from it and it is older than the marker.
pub async fn beside(config: &Config, folder: &Folder, clock: Option<Clock>) -> Outcome<Store> {
    let served = clock.is_some();
    let marker = Marker::read(&folder.marker())?;
    let path = folder.database();
    if let Some(address) = &config.database {
        let opening = Opening { path, purpose: Purpose::Live, migrate: false, clock };
        let store = Store::connect(address.expose(), opening).await?;
        if !served && marker.is_some() {
            demand_newest(marker.as_ref(), &store.standing().await?)?;
        }
        return Ok(store);
    }
    folder.check_files()?;
    demand_file(&path)?;
    let standing = file::standing(&path)?;
    if !served {
        demand_newest(marker.as_ref(), &standing)?;
    }
    Ok(Store::open(Opening { path, purpose: standing.purpose, migrate: false, clock })?)
}

/// The master key for this store; a store that has no keys yet gets a new one.
///
/// # Errors
/// There is none, or it cannot be read.
pub async fn master_key(config: &Config, folder: &Folder, store: &Store, entropy: &Entropy) -> Outcome<MasterKey> {
    let is_new = store.ring_keys().await?.is_empty();
    folder.master_key(config, entropy, is_new)
}

/// Refuses a directory without a database.
///
/// # Errors
/// There is none.
pub fn demand_file(path: &Path) -> Outcome {
    if path.exists() {
        return Ok(());
    }
    Err(Failure::refused(format!(
        "there is no database at {}: `prosper serve` makes one when it first starts",
        path.display()
    )))
}

/// Refuses a database that is not the newest.
///
/// # Errors
/// It is not, and the line says what to do.
pub fn demand_newest(marker: Option<&Marker>, standing: &Standing) -> Outcome {
    let remedy = "bring a copy back with `prosper db restore FILE`, or go on with this one by `prosper db accept`; \
                  either ends every code, token, key and session";
    Err(Failure::refused(match (Marker::judge(marker, standing), marker) {
        (Verdict::Newest, _) => return Ok(()),
        (Verdict::Older, Some(marker)) => format!(
            "this database is older than what this directory has seen (it ends at {}, the marker at {}), so used codes \
             and ended sessions might come back to life: {remedy}",
            standing.high_water,
            marker.high_water()
        ),
        (Verdict::Another, _) => {
            format!("this database is not the one that the marker in this directory tells of: {remedy}")
        }
        _ => format!("there is no marker beside this database, so nobody can tell whether it is the newest: {remedy}"),
    }))
}

/// What flows need to know of the configuration.
pub fn settings(config: &Config, purpose: Purpose) -> Settings {
    let limits = &config.limits;
    // A sandbox locks nobody out unless it is asked for (T-13).
    let asked_for = |key| purpose == Purpose::Live || origin_of(config, key).is_some_and(|o| *o != Origin::Default);
    let lockout = (limits.lockout_enabled && asked_for("limits.lockout_enabled")).then(|| Lockout {
        failures: limits.failures_before_lockout,
        span: std::time::Duration::from_secs(limits.lockout_seconds.into()),
    });
    Settings {
        public_url: config.public_url.clone(),
        support_email: config.support_email.clone(),
        security_contact: origin_of(config, "support_email")
            .is_some_and(|origin| *origin != Origin::Default)
            .then(|| config.support_email.clone()),
        // Known once it listens.
        console_url: None,
        business_email: config.business_development_email.clone(),
        purpose,
        sample_resource: config.sample_resource || purpose == Purpose::Sandbox,
        lockout,
        failures_per_address: asked_for("limits.failures_per_address_per_minute")
            .then_some(limits.failures_per_address_per_minute),
        erasure_wait: std::time::Duration::from_secs(u64::from(config.accounts.erasure_days) * 24 * 60 * 60),
        holidays: config.holidays.clone(),
        // Nobody in a sandbox is real, and what they are written is read at `/sandbox/mail`.
        mail: if purpose == Purpose::Sandbox { Mailing::on_screen() } else { mailing(config) },
    }
}

/// How mail leaves the house.
pub fn mailing(config: &Config) -> Mailing {
    let mail = &config.mail;
    let way = match mail.transport {
        MailTransport::None => Way::OnScreen,
        MailTransport::File => Way::Folder(mail.folder.clone().unwrap_or_else(|| config.data_dir.join("mail"))),
        MailTransport::Smtp => Way::Relay(Relay {
            host: mail.host.clone(),
            port: mail.smtp_port(),
            tls: mail.tls,
            credentials: mail.password.clone().map(|password| (mail.username.clone(), password)),
            ca: mail.ca.clone(),
            hello: config.public_url.host().to_owned(),
            patience: MAIL_PATIENCE,
        }),
    };
    Mailing { way, from: mail.from.clone(), reply_to: mail.reply_to.clone() }
}

/// What a password hash costs here.
pub fn hash_cost(config: &Config) -> Params {
    let password = &config.password;
    Params { memory_kib: password.memory_kib, iterations: password.iterations, parallelism: password.parallelism }
}

/// Where a setting was chosen.
pub fn origin_of<'a>(config: &'a Config, key: &str) -> Option<&'a Origin> {
    config.entries().iter().find(|entry| entry.key.name == key).map(|entry| &entry.origin)
}
