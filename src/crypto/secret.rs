//! Secrets in their two types: in clear, seen once; and as the keyed hash that is kept.
//!
//! A keyed hash is HMAC-SHA-256 under a key of the ring. The secrets it stands for are random, at least 128 bits, so a
//! fast hash is enough; the key makes a stolen table useless even for checking a guess.

use std::fmt;

use aws_lc_rs::{constant_time, hmac};
use zeroize::Zeroizing;

pub use crate::domain::secret::KeyedHash;

use super::entropy::Entropy;
use super::keys::Keys;

/// A secret in clear, on its way to the one who is to have it. It never prints itself, and is wiped when dropped.
pub struct Plain(Zeroizing<String>);

impl Plain {
    /// The secret itself. Every call is a place to look at when secrets leak.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Plain {
    fn from(secret: String) -> Self {
        Self(Zeroizing::new(secret))
    }
}

impl From<Zeroizing<String>> for Plain {
    fn from(secret: Zeroizing<String>) -> Self {
        Self(secret)
    }
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plain(…)")
    }
}

/// What a keyed hash is the hash of. Each kind has a key of its own, so that no secret passes for one of another kind
///
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An application's client secret (B-05).
    ClientSecret,
    /// A refresh token.
    RefreshToken,
    /// An authorization key (K-04).
    AuthKey,
    /// The cookie of a signed-in browser.
    Session,
    /// A link that works once.
    Link,
    /// The cookie that opens the staff console.
    StaffSession,
}

impl Kind {
    pub(super) const ALL: [Self; 6] =
        [Self::ClientSecret, Self::RefreshToken, Self::AuthKey, Self::Session, Self::Link, Self::StaffSession];

    /// Part of the key derivation: a name once used is never given to another kind.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::ClientSecret => "client secret",
            Self::RefreshToken => "refresh token",
            Self::AuthKey => "authorization key",
            Self::Session => "session",
            Self::Link => "link",
            Self::StaffSession => "staff session",
        }
    }
}

impl Keys {
    /// The hash to keep of `secret`, under the current key.
    pub fn hash(&self, kind: Kind, secret: &[u8]) -> KeyedHash {
        self.with_current_hash_key(|key| KeyedHash { key: key.id, mac: mac(key.of(kind), secret) })
    }

    /// Is `kept` the hash of `secret`? `false` when its key is unknown or retired; the work is the same either way.
    pub fn verify(&self, kind: Kind, secret: &[u8], kept: &KeyedHash) -> bool {
        self.with_hash_key(kept.key, |key, known| {
            constant_time::verify_slices_are_equal(&mac(key.of(kind), secret), &kept.mac).is_ok() && known
        })
    }

    /// Was `kept` made under the current key? If not, whoever has just verified it stores a fresh [`Keys::hash`].
    pub fn is_current(&self, kept: &KeyedHash) -> bool {
        self.with_current_hash_key(|key| key.id == kept.key)
    }
}

fn mac(key: &hmac::Key, secret: &[u8]) -> [u8; 32] {
    hmac::sign(key, secret).as_ref().try_into().expect("HMAC-SHA-256 makes 32 bytes")
}

/// A new client secret: 128 random bits as 32 lower-case hex digits (B-05, R-41). Kept as a keyed hash of its text.
pub fn client_secret(entropy: &Entropy) -> Plain {
    let drawn = Zeroizing::new(entropy.bytes::<16>());
    Plain::from(data_encoding::HEXLOWER.encode(drawn.as_slice()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::crypto::keys::tests::{keys, keys_of};

    #[test]
    fn a_client_secret_is_32_lower_case_hex_digits_b_05() {
        let (one, two) = (client_secret(&Entropy::system()), client_secret(&Entropy::system()));
        assert_ne!(one.expose(), two.expose());
        assert_eq!(one.expose().len(), 32);
        assert!(one.expose().bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c)));
    }

    #[test]
    fn secrets_and_their_hashes_print_nothing_of_themselves() {
        let hash = keys().hash(Kind::Link, b"hunter2");
        assert_eq!(format!("{:?}", Plain::from("hunter2".to_owned())), "Plain(…)");
        assert_eq!(format!("{hash:?}"), format!("KeyedHash(key {}, …)", hash.key));
    }

    #[test]
    fn a_hash_of_one_kind_is_no_hash_of_another_r_36() {
        let keys = keys();
        for made in Kind::ALL {
            let kept = keys.hash(made, b"the same secret");
            for asked in Kind::ALL {
                assert_eq!(keys.verify(asked, b"the same secret", &kept), made == asked, "{made:?} as {asked:?}");
            }
        }
    }

    #[test]
    fn a_hash_of_an_unknown_key_or_another_ring_verifies_nothing() {
        let (keys, others) = (keys(), keys_of([9; 32]));
        let kept = keys.hash(Kind::Session, b"secret");
        assert!(keys.verify(Kind::Session, b"secret", &kept));
        assert!(!others.verify(Kind::Session, b"secret", &kept), "the same key id in another ring");
        assert!(!keys.verify(Kind::Session, b"secret", &KeyedHash { key: 77, ..kept }));
    }

    proptest! {
        #[test]
        fn only_the_secret_itself_verifies(secret: Vec<u8>, other: Vec<u8>, byte in 0..32usize, bit in 0..8u8) {
            let keys = keys();
            let kept = keys.hash(Kind::AuthKey, &secret);
            prop_assert!(keys.verify(Kind::AuthKey, &secret, &kept));
            prop_assert_eq!(keys.verify(Kind::AuthKey, &other, &kept), other == secret);
            let mut bent = kept;
            bent.mac[byte] ^= 1 << bit;
            prop_assert!(!keys.verify(Kind::AuthKey, &secret, &bent));
        }
    }
}
