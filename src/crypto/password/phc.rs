//! A password's hash as one text: `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`, base64 without padding (the PHC string
//! format). Anything that reads argon2id elsewhere reads ours, and the parameters travel with the hash.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::Params;

/// A password's hash, read. It never prints itself.
#[derive(Clone)]
pub(super) struct Phc {
    text: String,
    parts: Parts,
}

#[derive(Clone)]
pub(super) struct Parts {
    pub(super) params: Params,
    pub(super) salt: Vec<u8>,
    pub(super) tag: Vec<u8>,
}

impl Phc {
    /// Reads a stored hash: argon2id, version 19, legal parameters, a salt of 8 to 64 bytes and a hash of 16 to 64.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut fields = text.strip_prefix("$argon2id$v=19$")?.split('$');
        let (costs, salt, tag) = (fields.next()?, fields.next()?, fields.next()?);
        let mut costs = costs.split(',');
        let params = Params {
            memory_kib: costs.next()?.strip_prefix("m=")?.parse().ok()?,
            iterations: costs.next()?.strip_prefix("t=")?.parse().ok()?,
            parallelism: costs.next()?.strip_prefix("p=")?.parse().ok()?,
        };
        let parsed = Self::write(params, &STANDARD_NO_PAD.decode(salt).ok()?, &STANDARD_NO_PAD.decode(tag).ok()?)?;
        // Written again it must be the same text: no other fields, no `+19`, no leading zeros.
        (parsed.text == text).then_some(parsed)
    }

    /// The text, for the store alone.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// `None` if the parameters are not legal or a part is too short or too long.
    pub(super) fn write(params: Params, salt: &[u8], tag: &[u8]) -> Option<Self> {
        if !params.are_legal() || !(8..=64).contains(&salt.len()) || !(16..=64).contains(&tag.len()) {
            return None;
        }
        let text = format!(
            "$argon2id$v=19$m={},t={},p={}${}${}",
            params.memory_kib,
            params.iterations,
            params.parallelism,
            STANDARD_NO_PAD.encode(salt),
            STANDARD_NO_PAD.encode(tag)
        );
        Some(Self { text, parts: Parts { params, salt: salt.to_vec(), tag: tag.to_vec() } })
    }

    pub(super) fn read(&self) -> Parts {
        self.parts.clone()
    }
}

impl fmt::Debug for Phc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phc(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

    #[test]
    fn a_hash_is_read_as_it_is_written_and_prints_nothing() {
        let hash = Phc::parse(GOOD).expect("a good hash");
        assert_eq!(hash.as_str(), GOOD);
        assert_eq!(hash.read().salt, b"somesalt");
        assert_eq!(hash.read().params, Params { memory_kib: 256, iterations: 2, parallelism: 1 });
        assert_eq!(format!("{hash:?}"), "Phc(…)");
    }

    #[test]
    fn another_algorithm_another_spelling_or_an_outrageous_cost_is_no_hash() {
        for (part, instead) in [
            ("argon2id", "argon2i"),
            ("v=19", "v=16"),
            ("$v=19", ""),
            ("m=256,t=2", "t=2,m=256"),
            ("m=256", "m=0256"),
            ("m=256", "m=+256"),
            ("m=256", "m=7"),
            ("m=256", "m=4194304"),
            ("t=2", "t=0"),
            ("t=2", "t=1000"),
            ("p=1", "p=17"),
            ("p=1", "p=1,keyid=aa"),
            ("c29tZXNhbHQ", "c29tZQ"),
            ("c29tZXNhbHQ", "c29tZXNhbHR"),
            ("c29tZXNhbHQ", "c29tZXNhbHQ="),
            ("Gi/4", "Gi_4"),
            ("Gi/4", "Gi/4$"),
            ("nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "nf65"),
        ] {
            let bad = GOOD.replacen(part, instead, 1);
            assert_ne!(bad, GOOD);
            assert!(Phc::parse(&bad).is_none(), "{bad}");
        }
        assert!(Phc::parse("").is_none());
    }
}
