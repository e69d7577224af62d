//! Secrets as they are kept: hashed or wrapped, never in clear. How they come to be so is the business of `crypto`; the
//! store only carries them.

use std::fmt;

use super::time::Timestamp;

/// The keyed hash of a random secret, and which key made it (house rule "hash key id stored beside the hash").
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyedHash {
    /// The id of the hash key in the ring.
    pub key: u32,
    /// HMAC-SHA-256.
    pub mac: [u8; 32],
}

impl fmt::Debug for KeyedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyedHash(key {}, …)", self.key)
    }
}

/// A password's argon2id hash with its parameters and salt, in PHC form.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// A hash as stored, or fresh from `crypto`.
    pub fn from_stored(phc: String) -> Self {
        Self(phc)
    }

    /// `$argon2id$v=19$m=…,t=…,p=…$salt$hash`
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// What a key of the ring is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyUse {
    /// Sealing codes, tokens and forms.
    Seal,
    /// Hashing random secrets.
    Hash,
}

impl KeyUse {
    /// `seal` or `hash`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seal => "seal",
            Self::Hash => "hash",
        }
    }

    /// Reads [`KeyUse::name`] back.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Seal, Self::Hash].into_iter().find(|usage| usage.name() == name)
    }
}

/// A key of the ring, wrapped under the master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RingKey {
    /// Its number; higher is newer.
    pub id: u32,
    /// What it is for.
    pub usage: KeyUse,
    /// The key, sealed under the master key.
    pub wrapped: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it opens nothing; `None` while it is current or keeps verifying.
    pub retires_at: Option<Timestamp>,
}
