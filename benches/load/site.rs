//! A house with people in it.
//!
//! 1. A store is made by the first start of the server; one person and an application of each kind are made by the
//!    commands of the binary.
//! 2. The person signs in, consents, exchanges a code and asks for tokens by password: so there is one row of each kind,
//!    as the server itself writes them.
//! 3. The server is stopped, and those rows are copied in the store: as many accounts as are asked for, and for the
//!    *driven* people, spread over the first half of them, a session, a consent and a family with secrets of their own.
//!    The other half has never been here: they sign in for the first time.
//! 4. The server is started again on what it finds, and each driven person fetches a token through the front door.

use std::fmt::Write as _;

use prosper::clock::Clock;
use prosper::crypto::entropy::Entropy;
use prosper::crypto::keys::Keys;
use prosper::crypto::password::Params;
use prosper::crypto::ring::{KeyUse, MasterKey, RingKey};
use prosper::crypto::secret::Kind;
use prosper::crypto::ticket;
use prosper::domain::time::Timestamp;

use super::browser::Browser;
use super::requests::{Client, code_of, exchange, new_token, token};
use super::server::{Server, ask};
use super::store::Store;
use super::wire::Wire;

pub const REDIRECT: &str = "https://hr.example.com/callback";
/// Everybody's.
pub const PASSWORD: &str = "four unrelated plain words 77";
/// As cheap as a hash may be.
pub const CHEAP: Params = Params { memory_kib: 8, iterations: 1, parallelism: 1 };
/// Driven people, at most.
const DRIVEN: u64 = 10_000;

/// A house, whose server is not running.
pub struct Site {
    pub store: Store,
    pub binary: String,
    pub login: Client,
    pub personal: Client,
    pub partner: Client,
    pub api: Client,
    /// Cookies of those who are signed in, a person each.
    pub cookies: Vec<String>,
    /// Refresh tokens, a person each.
    pub refresh_tokens: Vec<String>,
    /// Accounts, the first person's aside, and the id of the one before them.
    pub accounts: u64,
    first: u64,
    /// Used codes and families that must be there.
    pub codes: u64,
    pub families: u64,
}

impl Site {
    /// Makes it.
    pub async fn new(binary: &str, within: Option<&str>, postgres: bool, accounts: u64) -> Self {
        Self::on(Store::new(within, postgres, Params::default()).await, binary, accounts).await
    }

    /// One whose passwords are hashed in next to no time, so that what a sign-in costs beside the hash can be seen.
    pub async fn with_cheap_hashes(binary: &str, within: Option<&str>, accounts: u64) -> Self {
        Self::on(Store::new(within, false, CHEAP).await, binary, accounts).await
    }

    async fn on(store: Store, binary: &str, accounts: u64) -> Self {
        let server = Server::start(binary, &store).await;
        let owner = ["user", "add", EMAIL, "--name", "Ada Lovelace", "--password-stdin"];
        ask(binary, &store, &owner, PASSWORD);
        let mut site = Self {
            login: application(binary, &store, "login"),
            personal: application(binary, &store, "personal"),
            partner: application(binary, &store, "partner"),
            api: application(binary, &store, "api"),
            store,
            binary: binary.into(),
            cookies: vec![],
            refresh_tokens: vec![],
            accounts,
            first: 0,
            codes: 0,
            families: 0,
        };
        let mut wire = Wire::open(server.port).await;
        let mut browser = Browser::default();
        let code = code_of(&browser.signs_in(&mut wire, &site, EMAIL).await, REDIRECT);
        new_token(&wire.ask(&exchange(&site.login, &code)).await);
        new_token(&wire.ask(&site.password_grant()).await);
        (site.codes, site.families) = (1, 1);
        server.stop();
        site.fill().await;
        site
    }

    /// The owner of everything asks for tokens.
    pub fn password_grant(&self) -> Vec<u8> {
        token(&self.personal, "password", &[("username", EMAIL), ("password", PASSWORD)])
    }

    /// Somebody who has not been here before, until all have.
    pub fn stranger(&self, number: u64) -> String {
        let half = self.accounts / 2;
        format!("u{}@example.com", self.first + 1 + half + number % (self.accounts - half))
    }

    /// Holds the store against what was answered.
    pub async fn audit(&self) -> String {
        let codes = self.store.number("select count(*) from redemptions").await;
        let families = self.store.number("select count(*) from families").await;
        assert_eq!(u64::try_from(codes).ok(), Some(self.codes), "as many used codes as successful exchanges");
        assert_eq!(u64::try_from(families).ok(), Some(self.families), "as many families as successful grants");
        format!("{codes} used codes and {families} families, as many as were answered")
    }

    async fn fill(&mut self) {
        self.first = u64::try_from(self.store.number("select max(id) from accounts").await).expect("an id");
        let mut at = self.first;
        let last = self.first + self.accounts;
        while at < last {
            let until = last.min(at + 500_000);
            self.copy_accounts(at + 1, until).await;
            at = until;
        }
        self.store.run(&format!("update installation set last_account = {last}")).await;
        let driven = DRIVEN.min(self.accounts / 2).max(1);
        let stride = (self.accounts / 2 / driven).max(1);
        let people: Vec<u64> = (0..driven).map(|number| self.first + 1 + number * stride).collect();
        let (keys, entropy) = (self.keys().await, Entropy::system());
        for some in people.chunks(500) {
            self.cookies.extend(self.tickets("sessions", Kind::Session, some, &keys, &entropy).await);
            self.consents(some, &entropy).await;
            self.refresh_tokens.extend(self.tickets("families", Kind::RefreshToken, some, &keys, &entropy).await);
        }
        for cookie in &mut self.cookies {
            cookie.insert_str(0, "prosper=");
        }
        self.families += driven;
        self.store.settle().await;
    }

    async fn copy_accounts(&self, from: u64, to: u64) {
        let uid = if self.store.is_networked() { "decode(md5('uid' || i::text), 'hex')" } else { "randomblob(16)" };
        let email = "'u' || i || '@example.com'";
        let changed = [("id", "i"), ("uid", uid), ("email", email), ("folded_email", email)];
        let crowd = format!(
            "(with recursive crowd(i) as (select {from} union all select i + 1 from crowd where i < {to})
              select i from crowd) as crowd"
        );
        self.copy("accounts", &changed, &crowd).await;
    }

    /// A row with a secret for each of these people, and the secrets.
    async fn tickets(&self, table: &str, kind: Kind, people: &[u64], keys: &Keys, entropy: &Entropy) -> Vec<String> {
        let mut values = String::from("(values ");
        let (mut tickets, mut key) = (Vec::with_capacity(people.len()), 0);
        for (at, person) in people.iter().enumerate() {
            let id: [u8; 16] = entropy.bytes();
            let (ticket, hash) = ticket::issue(kind, id, keys, entropy);
            key = hash.key;
            let comma = if at == 0 { "" } else { ", " };
            let _ = write!(values, "{comma}({}, {person}, {})", self.store.bytes(&id), self.store.bytes(&hash.mac));
            tickets.push(ticket.expose().to_owned());
        }
        values.push_str(") as v");
        let (mac, mac_key) = if table == "sessions" { ("mac", "mac_key") } else { ("refresh_mac", "refresh_mac_key") };
        let key = key.to_string();
        let changed = [("id", "v.column1"), ("account", "v.column2"), (mac, "v.column3"), (mac_key, key.as_str())];
        self.copy(table, &changed, &values).await;
        tickets
    }

    async fn consents(&self, people: &[u64], entropy: &Entropy) {
        let rows: Vec<_> =
            people.iter().map(|person| format!("({}, {person})", self.store.bytes(&entropy.bytes::<16>()))).collect();
        let values = format!("(values {}) as v", rows.join(", "));
        self.copy("consents", &[("id", "v.column1"), ("account", "v.column2")], &values).await;
    }

    /// Copies the first row of a table, with these columns changed, for each row of `each`.
    async fn copy(&self, table: &str, changed: &[(&str, &str)], each: &str) {
        let columns = self.store.columns(table).await;
        let value = |column: &String| {
            let found = changed.iter().find(|(name, _)| name == column);
            found.map_or_else(|| format!("one.{column}"), |(_, value)| (*value).to_owned())
        };
        let values: Vec<_> = columns.iter().map(value).collect();
        let owner = if table == "accounts" { "id" } else { "account" };
        self.store
            .run(&format!(
                "insert into {table} ({}) select {} from (select * from {table} where {owner} = {} limit 1) as one
                 cross join {each}",
                columns.join(", "),
                values.join(", "),
                self.first
            ))
            .await;
    }

    /// The keys that the server hashes with.
    async fn keys(&self) -> Keys {
        let text = std::fs::read_to_string(self.store.data().join("master.key")).expect("a master key");
        let master = MasterKey::from_hex(text.trim()).expect("64 digits");
        let stored: Vec<_> = self.store.keys().await.into_iter().map(ring_key).collect();
        let clock = Clock::starting_at(Timestamp::default());
        clock.rebase(clock.wall());
        Keys::unlock(&master, &stored, &clock).expect("its own keys")
    }
}

fn ring_key((id, usage, wrapped, created_at): (i64, String, Vec<u8>, i64)) -> RingKey {
    RingKey {
        id: u32::try_from(id).expect("a small number"),
        usage: if usage == "seal" { KeyUse::Seal } else { KeyUse::Hash },
        wrapped,
        created_at: Timestamp::from_micros(created_at),
        retires_at: None,
    }
}

const EMAIL: &str = "ada@example.com";

fn application(binary: &str, store: &Store, kind: &str) -> Client {
    let mut words = vec!["app", "register", "--kind", kind, "--owner", EMAIL, "--name", "A measured application"];
    if kind == "login" {
        words.extend(["--url", "https://hr.example.com", "--redirect-uri", REDIRECT]);
    } else {
        words.extend(["--phone", "+61 2 5550 1234", "--email", EMAIL]);
    }
    let told = ask(binary, store, &words, "");
    let text = |name: &str| told[name].as_str().expect("text").to_owned();
    Client { id: text("client_id"), secret: text("client_secret") }
}
