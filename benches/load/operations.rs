//! What is measured, and how each answer is checked.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::browser::Browser;
use super::requests::{self, code_of, exchange, good_profile, introspect, new_token, token, user};
use super::site::{REDIRECT, Site};
use super::wire::{Wire, get};

/// An operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    User,
    BadToken,
    Refresh,
    Authorize,
    Exchange,
    RoundTrip,
    ClientCredentials,
    Introspection,
    PasswordGrant,
    FirstSignIn,
}

impl Operation {
    /// All of them; those that hash passwords come last, so that memory without them can be told.
    pub const ALL: [Self; 10] = [
        Self::User,
        Self::BadToken,
        Self::Refresh,
        Self::Authorize,
        Self::Exchange,
        Self::RoundTrip,
        Self::ClientCredentials,
        Self::Introspection,
        Self::PasswordGrant,
        Self::FirstSignIn,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "token check (/api/v2/user)",
            Self::BadToken => "a bad token",
            Self::Refresh => "refresh",
            Self::Authorize => "authorize, session and consent there",
            Self::Exchange => "code exchange",
            Self::RoundTrip => "sign-in round trip, session there (3 requests)",
            Self::ClientCredentials => "client credentials",
            Self::Introspection => "introspection",
            Self::PasswordGrant => "password grant",
            Self::FirstSignIn => "full first sign-in, password and consent (8 requests)",
        }
    }

    /// Does it hash a password?
    pub const fn hashes(self) -> bool {
        matches!(self, Self::PasswordGrant | Self::FirstSignIn)
    }

    /// Used codes and families that it leaves behind.
    pub const fn leaves(self) -> (u64, u64) {
        match self {
            Self::Exchange | Self::RoundTrip | Self::FirstSignIn => (1, 0),
            Self::ClientCredentials | Self::PasswordGrant => (0, 1),
            _ => (0, 0),
        }
    }
}

/// What requests are made of: one for each driven person where people differ.
pub struct Requests {
    user: Vec<Vec<u8>>,
    bad: Vec<u8>,
    refresh: Vec<Vec<u8>>,
    authorize: Vec<Vec<u8>>,
    machine: Vec<u8>,
    introspect: Vec<Vec<u8>>,
    password: Vec<u8>,
    turn: AtomicUsize,
    strangers: AtomicU64,
    /// Codes to be exchanged.
    pub codes: Mutex<VecDeque<String>>,
}

impl Requests {
    /// Before anybody has a token.
    pub fn of(site: &Site) -> Self {
        let path = requests::authorize_path(&site.login);
        let refresh = |held: &String| token(&site.personal, "refresh_token", &[("refresh_token", held)]);
        Self {
            user: Vec::new(),
            bad: Vec::new(),
            refresh: site.refresh_tokens.iter().map(refresh).collect(),
            authorize: site.cookies.iter().map(|cookie| get(&path, &[("cookie", cookie)])).collect(),
            machine: token(&site.partner, "client_credentials", &[]),
            introspect: Vec::new(),
            password: site.password_grant(),
            turn: AtomicUsize::new(0),
            strangers: AtomicU64::new(0),
            codes: Mutex::default(),
        }
    }

    /// The tokens of the driven people.
    pub fn hold(&mut self, site: &Site, login_tokens: &[String], access_tokens: &[String]) {
        self.user = login_tokens.iter().map(|token| user(token)).collect();
        self.bad = user(&login_tokens[0].chars().rev().collect::<String>());
        self.introspect = access_tokens.iter().map(|token| introspect(&site.api, token)).collect();
    }

    /// The request of whoever's turn it is.
    fn next<'r>(&self, all: &'r [Vec<u8>]) -> &'r [u8] {
        // A prime, so that neighbours in time are no neighbours in the tables.
        &all[self.turn.fetch_add(7_919, Ordering::Relaxed) % all.len()]
    }

    /// The code that the next driven person is given.
    pub async fn code(&self, wire: &mut Wire) -> String {
        code_of(&wire.ask(self.next(&self.authorize)).await, REDIRECT)
    }

    /// The code of one driven person.
    pub async fn code_for(&self, person: usize, wire: &mut Wire) -> String {
        code_of(&wire.ask(&self.authorize[person]).await, REDIRECT)
    }

    /// An access token of one driven person.
    pub async fn refreshed(&self, person: usize, wire: &mut Wire) -> String {
        new_token(&wire.ask(&self.refresh[person]).await)
    }

    /// The password grant, whatever becomes of it.
    pub fn password(&self) -> &[u8] {
        &self.password
    }

    /// Does it once, and checks the answer; `false` when there is nothing left to do it with.
    pub async fn perform(&self, operation: Operation, site: &Site, wire: &mut Wire, new: &mut Vec<String>) -> bool {
        match operation {
            Operation::User => good_profile(&wire.ask(self.next(&self.user)).await),
            Operation::BadToken => assert_eq!(wire.ask(&self.bad).await.body, "\"Invalid token\""),
            Operation::Refresh => new.push(new_token(&wire.ask(self.next(&self.refresh)).await)),
            Operation::Authorize => new.push(self.code(wire).await),
            Operation::ClientCredentials => new.push(new_token(&wire.ask(&self.machine).await)),
            Operation::PasswordGrant => new.push(new_token(&wire.ask(&self.password).await)),
            Operation::Introspection => {
                let answer = wire.ask(self.next(&self.introspect)).await;
                assert!(answer.body.contains("\"active\":true"), "{}", answer.body);
            }
            Operation::Exchange => {
                let Some(code) = self.codes.lock().expect("a lock").pop_front() else { return false };
                new.push(new_token(&wire.ask(&exchange(&site.login, &code)).await));
            }
            Operation::RoundTrip => {
                let code = self.code(wire).await;
                new.push(self.spend(&code, site, wire).await);
            }
            Operation::FirstSignIn => {
                let email = site.stranger(self.strangers.fetch_add(1, Ordering::Relaxed));
                let answer = Browser::default().signs_in(wire, site, &email).await;
                new.push(self.spend(&code_of(&answer, REDIRECT), site, wire).await);
            }
        }
        true
    }

    /// Exchanges a code and looks at the profile that the token opens.
    async fn spend(&self, code: &str, site: &Site, wire: &mut Wire) -> String {
        let token = new_token(&wire.ask(&exchange(&site.login, code)).await);
        good_profile(&wire.ask(&user(&token)).await);
        token
    }
}
