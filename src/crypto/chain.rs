//! The key of the audit chain: derived from the master key, so that whoever can write the database, and has no more than
//! that, cannot make a seal that fits.

use std::fmt;

use aws_lc_rs::{constant_time, hmac};

/// Computes and checks seals. HMAC-SHA-256 over the seal before and the batch.
#[derive(Clone)]
pub struct ChainKey(hmac::Key);

impl ChainKey {
    pub(super) fn from_material(material: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, material))
    }

    /// The seal over `content` that follows `previous`. The first follows 32 zeros.
    pub fn seal(&self, previous: &[u8; 32], content: &[u8]) -> [u8; 32] {
        let mut chained = hmac::Context::with_key(&self.0);
        chained.update(previous);
        chained.update(content);
        let mut seal = [0; 32];
        seal.copy_from_slice(chained.sign().as_ref());
        seal
    }

    /// Is `seal` the one over `content` that follows `previous`?
    pub fn verify(&self, previous: &[u8; 32], content: &[u8], seal: &[u8; 32]) -> bool {
        constant_time::verify_slices_are_equal(&self.seal(previous, content), seal).is_ok()
    }
}

impl fmt::Debug for ChainKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChainKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_depends_on_its_key_its_content_and_the_seal_before() {
        let (one, other) = (ChainKey::from_material(&[1; 32]), ChainKey::from_material(&[2; 32]));
        let seal = one.seal(&[0; 32], b"rows");
        assert!(one.verify(&[0; 32], b"rows", &seal));
        assert!(!other.verify(&[0; 32], b"rows", &seal));
        assert!(!one.verify(&[1; 32], b"rows", &seal));
        assert!(!one.verify(&[0; 32], b"row", &seal));
        assert_eq!(format!("{one:?}"), "ChainKey(…)");
    }
}
