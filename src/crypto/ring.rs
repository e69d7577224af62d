//! The ring as it is stored, and the master key that it is wrapped under.
//!
//! The ring lies in the database, because nodes share it; the master key lies outside, so that neither a copy of the
//! database nor the key file alone opens anything.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, MAX_TAG_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf;
use zeroize::Zeroizing;

use super::chain::ChainKey;
use super::entropy::{Entropy, NONCE};
use super::keys::SETTLES_IN;
pub use crate::domain::secret::{KeyUse, RingKey};
use crate::domain::time::Timestamp;
use crate::fault::Fault;

/// The key outside the database: 32 bytes.
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// A new one.
    pub fn generate(entropy: &Entropy) -> Self {
        Self(Zeroizing::new(entropy.bytes()))
    }

    /// Reads exactly 64 lower-case hex digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut key = Zeroizing::new([0; 32]);
        if text.len() != 64 {
            return None;
        }
        data_encoding::HEXLOWER.decode_mut(text.as_bytes(), key.as_mut_slice()).ok()?;
        Some(Self(key))
    }

    /// 64 lower-case hex digits, for the key file.
    pub fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(data_encoding::HEXLOWER.encode(self.0.as_slice()))
    }

    /// The key that seals the audit log.
    pub fn chain_key(&self) -> ChainKey {
        ChainKey::from_material(&derive(&self.0, "prosper audit chain v1"))
    }

    /// What wraps is derived, so that the master key itself stays free for other uses.
    fn wrapping_key(&self) -> LessSafeKey {
        sealing_key(&derive(&self.0, "prosper master wrap v1"))
    }

    fn wrap(&self, id: u32, usage: KeyUse, material: &[u8; 32], entropy: &Entropy) -> Vec<u8> {
        let nonce = entropy.nonce();
        let mut wrapped = Vec::with_capacity(NONCE + material.len() + MAX_TAG_LEN);
        wrapped.extend_from_slice(&nonce);
        wrapped.extend_from_slice(material);
        let tag = self
            .wrapping_key()
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(wrap_aad(id, usage)),
                &mut wrapped[NONCE..],
            )
            .expect("32 bytes are within what the cipher seals");
        wrapped.extend_from_slice(tag.as_ref());
        wrapped
    }

    fn unwrap(&self, key: &RingKey) -> Option<Zeroizing<[u8; 32]>> {
        let (nonce, sealed) = key.wrapped.split_first_chunk::<NONCE>()?;
        let (material, tag) = sealed.split_first_chunk::<32>()?;
        let mut opened = Zeroizing::new([0; 32]);
        self.wrapping_key()
            .open_separate_gather(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(wrap_aad(key.id, key.usage)),
                material,
                tag,
                opened.as_mut_slice(),
            )
            .ok()?;
        Some(opened)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

impl RingKey {
    /// A new key, made `now` and not planned to retire.
    pub fn generate(id: u32, usage: KeyUse, master: &MasterKey, entropy: &Entropy, now: Timestamp) -> Self {
        let material = Zeroizing::new(entropy.bytes());
        Self { id, usage, wrapped: master.wrap(id, usage, &material, entropy), created_at: now, retires_at: None }
    }

    /// When a key that is replaced `now` is to retire, if what it sealed lives for `longest_life` at most: it goes on
    /// sealing until its successor has settled.
    pub fn retirement(now: Timestamp, longest_life: Duration) -> Timestamp {
        now.plus(longest_life).plus(SETTLES_IN)
    }

    /// The same key under another master key. What was sealed and hashed with it stays good.
    ///
    /// # Errors
    /// `from` is not the master key it was wrapped under.
    pub fn rewrap(&self, from: &MasterKey, to: &MasterKey, entropy: &Entropy) -> Result<Self, Fault> {
        let wrapped = to.wrap(self.id, self.usage, &*self.unwrap_with(from)?, entropy);
        Ok(Self { wrapped, ..self.clone() })
    }

    pub(super) fn unwrap_with(&self, master: &MasterKey) -> Result<Zeroizing<[u8; 32]>, Fault> {
        master.unwrap(self).ok_or_else(|| {
            Fault::internal(format_args!(
                "key {} of the ring does not open under this master key: start with the master key that this \
                 database was made with",
                self.id
            ))
        })
    }
}

/// HKDF-SHA-256 (RFC 5869): the key for `label` out of `material`, which is uniformly random and so needs no salt.
pub(super) fn derive(material: &[u8; 32], label: &str) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    hkdf::Salt::new(hkdf::HKDF_SHA256, b"prosper")
        .extract(material)
        .expand(&[label.as_bytes()], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(key.as_mut_slice()))
        .expect("32 bytes are within what HKDF-SHA-256 expands to");
    key
}

/// The AES-256-GCM-SIV key with these bytes.
pub(super) fn sealing_key(material: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, material).expect("AES-256 takes a key of 32 bytes"))
}

fn wrap_aad(id: u32, usage: KeyUse) -> Vec<u8> {
    [&id.to_be_bytes(), usage.name().as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_master_key_is_64_lower_case_hex_digits() {
        let master = MasterKey::generate(&Entropy::seeded([1; 32]));
        let text = master.to_hex();
        assert_eq!(text.len(), 64);
        assert_eq!(MasterKey::from_hex(&text).expect("what was written reads").to_hex(), text);
        assert_eq!(format!("{master:?}"), "MasterKey(…)");
        for bad in ["", &text[1..], &format!("{}\n", *text), &text.to_uppercase(), &"zz".repeat(32)] {
            assert!(MasterKey::from_hex(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn a_key_is_unwrapped_only_as_what_it_was_wrapped_as() {
        let entropy = Entropy::seeded([2; 32]);
        let (master, other) = (MasterKey::generate(&entropy), MasterKey::generate(&entropy));
        let key = RingKey::generate(3, KeyUse::Seal, &master, &entropy, Timestamp::from_seconds(1));
        assert!(key.unwrap_with(&master).is_ok());
        let refused = key.unwrap_with(&other).expect_err("another master key");
        assert!(refused.to_string().contains("key 3"), "{refused}");
        assert!(!refused.passing);
        assert!(RingKey { usage: KeyUse::Hash, ..key.clone() }.unwrap_with(&master).is_err());
        assert!(RingKey { id: 4, ..key.clone() }.unwrap_with(&master).is_err());

        let moved = key.rewrap(&master, &other, &entropy).expect("the right master key");
        assert_eq!(moved.unwrap_with(&other).expect("moved"), key.unwrap_with(&master).expect("kept"));
        assert!(moved.unwrap_with(&master).is_err());
    }

    #[test]
    fn uses_are_read_as_they_are_written() {
        for usage in [KeyUse::Seal, KeyUse::Hash] {
            assert_eq!(KeyUse::parse(usage.name()), Some(usage));
        }
        assert_eq!(KeyUse::parse("Seal"), None);
    }

    proptest! {
        #[test]
        fn a_wrapped_key_that_was_touched_opens_nothing(at in 0..60usize, bit in 0..8u8, length in 0..60usize) {
            let entropy = Entropy::seeded([2; 32]);
            let master = MasterKey::generate(&entropy);
            let key = RingKey::generate(1, KeyUse::Hash, &master, &entropy, Timestamp::from_seconds(1));
            prop_assert_eq!(key.wrapped.len(), 60);
            let mut bent = key.clone();
            bent.wrapped[at] ^= 1 << bit;
            prop_assert!(bent.unwrap_with(&master).is_err());
            let short = RingKey { wrapped: key.wrapped[..length].to_vec(), ..key };
            prop_assert!(short.unwrap_with(&master).is_err());
        }
    }
}
