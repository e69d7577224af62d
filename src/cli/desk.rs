//! What a command that manages things works at: the store, opened beside whatever server runs on it.
//!
//! A command never migrates a store, never starts one that is older than its marker, and takes the time from the server
//! beside it, which may rightly disagree with the wall clock.

use std::sync::Arc;

use super::failure::{Failure, Outcome};
use super::folder::Folder;
use super::marker::{Marker, Verdict};
use super::talk::Talk;
use crate::clock::Clock;
use crate::config::{Config, Origin};
use crate::crypto::entropy::Entropy;
use crate::crypto::password::{Params, Passwords};
use crate::domain::account::Account;
use crate::domain::email::Email;
use crate::domain::ids::{AccountId, ClientId, SpaceId};
use crate::domain::space::Space;
use crate::prosper::{Lockout, Prosper, Settings};
use crate::store::applications::Client;
use crate::store::audit::Trail;
use crate::store::file::{self, Standing};
use crate::store::installation::Purpose;
use crate::store::{Opening, Store};

/// The opened store and how to speak.
pub struct Desk {
    /// The context of every flow.
    pub p: Arc<Prosper>,
    /// How to speak.
    pub talk: Talk,
    /// The data directory.
    pub folder: Folder,
    /// Does a server run beside us?
    pub served: bool,
}

impl Desk {
    /// Opens the store of this configuration.
    ///
    /// # Errors
    /// There is none, it is another user's, older than its marker, or its keys do not open.
    pub async fn open(mut config: Config, talk: Talk) -> Outcome<Self> {
        super::log_quietly(&config);
        only_embedded(&config)?;
        let folder = Folder::open(&config.data_dir)?;
        folder.check_files()?;
        let path = folder.database();
        if !path.exists() {
            return Err(Failure::refused(format!(
                "there is no database in {}: `prosper serve` makes one when it first starts",
                folder.path().display()
            )));
        }
        let served = folder.is_served()?;
        let standing = file::standing(&path)?;
        let marker = Marker::read(&folder.marker())?;
        let clock = if served {
            marker.as_ref().map(|marker| {
                let clock = Clock::starting_at(marker.present());
                clock.rebase(marker.present());
                clock
            })
        } else {
            demand_newest(marker.as_ref(), &standing)?;
            None
        };
        if let Some(url) = marker.as_ref().filter(|_| served).and_then(Marker::public_url)
            && origin_of(&config, "public_url") == Some(&Origin::Default)
        {
            config.public_url = url;
        }
        let entropy = Entropy::system();
        let master = folder.master_key(&config, &entropy, false)?;
        let store = Store::open(Opening { path, purpose: standing.purpose, migrate: false, clock })?;
        let passwords = Passwords::start(hash_cost(&config), 1, 4, entropy.clone());
        let settings = settings(&config, standing.purpose);
        let p = Prosper::assemble(store, entropy, passwords, master, settings).await?;
        Ok(Self { p, talk, folder, served })
    }

    /// Leaves the folder as a server would: with a marker of what was done.
    ///
    /// # Errors
    /// The marker cannot be written.
    pub async fn close(&self) -> Outcome {
        if self.folder.is_served()? {
            return Ok(());
        }
        let marker = Marker::of(&self.p.store.standing().await?, &self.p.clock, &self.p.settings.public_url);
        let known = Marker::read(&self.folder.marker())?;
        if known.is_none_or(|known| known.is_behind(&marker)) {
            marker.write(&self.folder.marker())?;
        }
        Ok(())
    }

    /// Says that this terminal is behind a change, now.
    pub fn trail(&self) -> Trail {
        Trail::cli(self.p.now())
    }

    /// The space of this name.
    ///
    /// # Errors
    /// There is none.
    pub async fn space(&self, name: &str) -> Outcome<Space> {
        let spaces = self.p.store.spaces().await?;
        let found = spaces.iter().find(|space| space.name.eq_ignore_ascii_case(name.trim())).cloned();
        found.ok_or_else(|| {
            let names: Vec<_> = spaces.iter().map(|space| space.name.as_str()).collect();
            Failure::refused(format!("there is no space {name:?}: there are {}", names.join(", ")))
        })
    }

    /// The space of this name, or the default one.
    ///
    /// # Errors
    /// There is none.
    pub async fn space_or_default(&self, name: Option<&str>) -> Outcome<Space> {
        match name {
            Some(name) => self.space(name).await,
            None => self
                .p
                .store
                .spaces()
                .await?
                .first()
                .cloned()
                .ok_or_else(|| Failure::refused("there is no space yet: `prosper space add NAME` makes one")),
        }
    }

    /// The name of a space.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn space_name(&self, id: SpaceId) -> Outcome<String> {
        Ok(self.p.store.space(id).await?.map_or_else(|| id.to_string(), |space| space.name))
    }

    /// The account that `who` names: a number, or an email, of which there may be one in each space.
    ///
    /// # Errors
    /// There is none, or more than one.
    pub async fn account(&self, who: &str, space: Option<&str>) -> Outcome<Arc<Account>> {
        let nobody = || Failure::refused(format!("there is no account {who}"));
        if let Ok(number) = who.parse() {
            return self.p.store.account(AccountId(number)).await?.ok_or_else(nobody);
        }
        Email::parse(who)
            .map_err(|_| Failure::usage(format!("{who:?} is neither an account number nor an email address")))?;
        if let Some(space) = space {
            let space = self.space(space).await?;
            let found = self.p.store.credentials_by_email(space.id, who).await?;
            return found.map(|found| Arc::new(found.account)).ok_or_else(nobody);
        }
        let mut found = self.p.store.credentials_anywhere(who).await?;
        if found.len() > 1 {
            let mut places = Vec::new();
            for one in &found {
                places.push(format!("{} (account {})", self.space_name(one.account.space).await?, one.account.id));
            }
            return Err(Failure::usage(format!(
                "{who} is in several spaces, choose with --space: {}",
                places.join(", ")
            )));
        }
        found.pop().map(|found| Arc::new(found.account)).ok_or_else(nobody)
    }

    /// The application with this client id.
    ///
    /// # Errors
    /// There is none.
    pub async fn client(&self, id: &str) -> Outcome<Arc<Client>> {
        let parsed = ClientId::from_hex(id).ok_or_else(|| {
            Failure::usage(format!(
                "{id:?} is not a client id (32 lower-case hexadecimal digits): see `prosper app list`"
            ))
        })?;
        let found = self.p.store.client(parsed).await?;
        found.ok_or_else(|| Failure::refused(format!("there is no application {id}")))
    }
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

/// Refuses a configuration that names a database elsewhere.
///
/// # Errors
/// It does.
pub fn only_embedded(config: &Config) -> Outcome {
    if config.database.is_some() {
        return Err(Failure::usage("config: this version keeps its data in data_dir alone: leave `database` empty"));
    }
    Ok(())
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
        business_email: config.business_development_email.clone(),
        purpose,
        sample_resource: config.sample_resource || purpose == Purpose::Sandbox,
        lockout,
        failures_per_address: asked_for("limits.failures_per_address_per_minute")
            .then_some(limits.failures_per_address_per_minute),
        holidays: config.holidays.clone(),
    }
}

/// What a password hash costs here.
pub fn hash_cost(config: &Config) -> Params {
    let password = &config.password;
    Params { memory_kib: password.memory_kib, iterations: password.iterations, parallelism: password.parallelism }
}

fn origin_of<'a>(config: &'a Config, key: &str) -> Option<&'a Origin> {
    config.entries().iter().find(|entry| entry.key.name == key).map(|entry| &entry.origin)
}
