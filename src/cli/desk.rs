//! What a command that manages things works at: the store, opened beside whatever server runs on it.
//!
//! A command never migrates a store, never starts one that is older than its marker, and takes the time from the server
//! beside it, which may rightly disagree with the wall clock.

use std::sync::Arc;

use super::failure::{Failure, Outcome};
use super::folder::Folder;
use super::marker::Marker;
use super::opening::{self, hash_cost, origin_of, settings};
use super::talk::Talk;
use crate::clock::Clock;
use crate::config::{Config, Origin};
use crate::crypto::entropy::Entropy;
use crate::crypto::password::Passwords;
use crate::domain::account::Account;
use crate::domain::email::Email;
use crate::domain::ids::{AccountId, ClientId, SpaceId};
use crate::domain::space::Space;
use crate::prosper::Prosper;
use crate::store::applications::Client;
use crate::store::audit::Trail;

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
        let folder = Folder::open(&config.data_dir)?;
        let served = folder.is_served()?;
        let marker = Marker::read(&folder.marker())?.filter(|_| served);
        let clock = marker.as_ref().map(|marker| {
            let clock = Clock::starting_at(marker.present());
            clock.rebase(marker.present());
            clock
        });
        if let Some(url) = marker.as_ref().and_then(Marker::public_url)
            && origin_of(&config, "public_url") == Some(&Origin::Default)
        {
            config.public_url = url;
        }
        let store = opening::beside(&config, &folder, clock).await?;
        let entropy = Entropy::system();
        let master = opening::master_key(&config, &folder, &store, &entropy).await?;
        let purpose = store.standing().await?.purpose;
        let passwords = Passwords::start(hash_cost(&config), 1, 4, entropy.clone());
        let p = Prosper::assemble(store, entropy, passwords, master, settings(&config, purpose)).await?;
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
