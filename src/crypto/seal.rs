//! Sealed blobs: codes, access tokens, form tokens (C-13, R-35, R-36, R-48).
//!
//! ```text
//! version (1) | key id (4, big-endian) | nonce (12) | ciphertext | tag (16)
//! ```
//!
//! AES-256-GCM-SIV under a key of the ring's key *and* the purpose; version, key id and purpose are authenticated too,
//! so a blob of one purpose never opens as another. Opening says `None` and no more: whether the version, the key, the
//! purpose or a bit was wrong, the same work was done.
//!
//! On the wire a blob has one spelling. A decoder that ignores the unused bits of the last character, padding or white
//! space would let one code be presented under several names, and single use is counted by name.

use aws_lc_rs::aead::{Aad, MAX_TAG_LEN, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::entropy::{Entropy, NONCE};
use super::keys::Keys;

/// What a blob is sealed for. Each purpose has a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// An authorization code (L-10).
    Code,
    /// An access token for `/v1`.
    InvestorToken,
    /// An access token of Login with Prosper (L-19).
    LoginToken,
    /// What a form carries from its page to its post.
    FormToken,
    /// A mail in the outbox, because it may hold a link that works (R-87).
    Mail,
    /// That a person said no, on its way from the post to the request that it answers (L-02).
    Denial,
}

impl Purpose {
    pub(super) const ALL: [Self; 6] =
        [Self::Code, Self::InvestorToken, Self::LoginToken, Self::FormToken, Self::Mail, Self::Denial];

    /// Part of the key derivation and of what is authenticated, 19 bytes at most. A name once used is never given to
    /// another purpose.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::InvestorToken => "investor token",
            Self::LoginToken => "login token",
            Self::FormToken => "form token",
            Self::Mail => "mail",
            Self::Denial => "denial",
        }
    }
}

impl Keys {
    /// Seals `plain` under the current key: [`OVERHEAD`] bytes more than it was.
    ///
    /// # Panics
    /// If `plain` is longer than the cipher can seal (64 GiB).
    pub fn seal(&self, purpose: Purpose, plain: &[u8], entropy: &Entropy) -> Vec<u8> {
        let nonce = entropy.nonce();
        self.with_current_seal_key(|key| {
            let mut blob = Vec::with_capacity(OVERHEAD + plain.len());
            blob.push(VERSION);
            blob.extend_from_slice(&key.id.to_be_bytes());
            blob.extend_from_slice(&nonce);
            blob.extend_from_slice(plain);
            let aad = Aad::from(aad(VERSION, key.id, purpose));
            let tag = key
                .of(purpose)
                .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aad, &mut blob[HEADER..])
                .expect("a blob is within what the cipher seals");
            blob.extend_from_slice(tag.as_ref());
            blob
        })
    }

    /// What was sealed for `purpose`, or `None` if this is no such blob.
    pub fn open(&self, purpose: Purpose, blob: &[u8]) -> Option<Vec<u8>> {
        let (&version, rest) = blob.split_first()?;
        let (id, rest) = rest.split_first_chunk()?;
        let (nonce, rest) = rest.split_first_chunk()?;
        let (sealed, tag) = rest.split_last_chunk::<MAX_TAG_LEN>()?;
        let id = u32::from_be_bytes(*id);
        self.with_seal_key(id, |key, known| {
            let mut plain = vec![0; sealed.len()];
            let aad = Aad::from(aad(version, id, purpose));
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let opened = key.of(purpose).open_separate_gather(nonce, aad, sealed, tag, &mut plain).is_ok();
            (opened && known && version == VERSION).then_some(plain)
        })
    }
}

/// Base64url without padding: codes and the access tokens of `/v1`.
pub fn to_base64url(blob: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(blob)
}

/// The bytes whose one spelling [`to_base64url`] gives; any other text, or one above [`LONGEST_TEXT`], is `None`.
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    decode(&URL_SAFE_NO_PAD, text)
}

/// Base64 of the standard alphabet without padding: the tokens of Login with Prosper (L-19).
pub fn to_base64(blob: &[u8]) -> String {
    STANDARD_NO_PAD.encode(blob)
}

/// The bytes whose one spelling [`to_base64`] gives; any other text, or one above [`LONGEST_TEXT`], is `None`.
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    decode(&STANDARD_NO_PAD, text)
}

/// Both engines refuse padding, white space, the other's alphabet, and unused bits that are not zero.
fn decode(engine: &GeneralPurpose, text: &str) -> Option<Vec<u8>> {
    if text.len() > LONGEST_TEXT {
        return None;
    }
    engine.decode(text).ok()
}

/// Version, key id, and the purpose's name filled up with zeros.
fn aad(version: u8, key: u32, purpose: Purpose) -> [u8; 24] {
    let mut aad = [0; 24];
    let name = purpose.name().as_bytes();
    aad[0] = version;
    aad[1..5].copy_from_slice(&key.to_be_bytes());
    aad[5..5 + name.len()].copy_from_slice(name);
    aad
}

/// Bytes that sealing adds.
pub const OVERHEAD: usize = HEADER + MAX_TAG_LEN;
/// The longest text that is decoded, in characters. Ours are a few hundred; a form token may carry a redirect URL.
pub const LONGEST_TEXT: usize = 8_192;

const VERSION: u8 = 1;
const HEADER: usize = 1 + 4 + NONCE;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::crypto::keys::tests::{keys, keys_of};

    fn sealed(purpose: Purpose, plain: &[u8]) -> Vec<u8> {
        keys().seal(purpose, plain, &Entropy::system())
    }

    fn purposes() -> impl Strategy<Value = Purpose> {
        proptest::sample::select(Purpose::ALL.to_vec())
    }

    #[test]
    fn a_blob_opens_as_what_it_was_sealed_for_and_nothing_else_r_36() {
        let keys = keys();
        for made in Purpose::ALL {
            let blob = sealed(made, b"facts");
            for asked in Purpose::ALL {
                assert_eq!(keys.open(asked, &blob).is_some(), made == asked, "{made:?} as {asked:?}");
            }
        }
    }

    #[test]
    fn nothing_readable_stands_in_a_blob_and_no_two_are_alike_r_48() {
        let (one, two) = (sealed(Purpose::Code, b"ada@example.com"), sealed(Purpose::Code, b"ada@example.com"));
        assert_ne!(one[HEADER..], two[HEADER..]);
        assert!(!one.windows(3).any(|part| part == b"ada"));
        assert_eq!(one.len(), 15 + OVERHEAD);
    }

    #[test]
    fn a_known_blob_still_opens() {
        // Sealed when this was written: should it stop opening, the format or a derivation has changed, and every
        // blob in the world with it. That needs a new version, not a new vector.
        let blob = from_base64url(KNOWN_BLOB).expect("a canonical text");
        assert_eq!(keys().open(Purpose::Code, &blob).as_deref(), Some(b"what was sealed once".as_slice()));
    }

    #[test]
    fn a_text_above_the_longest_is_not_decoded() {
        assert_eq!(from_base64(&"A".repeat(LONGEST_TEXT)).map(|bytes| bytes.len()), Some(LONGEST_TEXT / 4 * 3));
        assert_eq!(from_base64(&"A".repeat(LONGEST_TEXT + 4)), None);
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_again(purpose in purposes(), plain: Vec<u8>) {
            let blob = sealed(purpose, &plain);
            prop_assert_eq!(keys().open(purpose, &blob), Some(plain));
        }

        #[test]
        fn a_blob_that_was_touched_opens_nothing_r_35(
            plain: Vec<u8>, at: proptest::sample::Index, bit in 0..8u8, cut: proptest::sample::Index, more in proptest::collection::vec(any::<u8>(), 1..40),
        ) {
            let keys = keys();
            let blob = sealed(Purpose::InvestorToken, &plain);
            let mut bent = blob.clone();
            bent[at.index(blob.len())] ^= 1 << bit;
            prop_assert_eq!(keys.open(Purpose::InvestorToken, &bent), None);
            prop_assert_eq!(keys.open(Purpose::InvestorToken, &blob[..cut.index(blob.len())]), None);
            prop_assert_eq!(keys.open(Purpose::InvestorToken, &[blob.as_slice(), &more].concat()), None);
            prop_assert_eq!(keys.open(Purpose::InvestorToken, &[&more, blob.as_slice()].concat()), None);
        }

        #[test]
        fn another_ring_opens_nothing(purpose in purposes(), plain: Vec<u8>) {
            prop_assert_eq!(keys_of([9; 32]).open(purpose, &sealed(purpose, &plain)), None);
        }

        #[test]
        fn no_garbage_opens(blob: Vec<u8>) {
            prop_assert_eq!(keys().open(Purpose::Code, &blob), None);
        }

        #[test]
        fn bytes_have_one_spelling(bytes in proptest::collection::vec(any::<u8>(), 1..80)) {
            let (url, standard) = (to_base64url(&bytes), to_base64(&bytes));
            prop_assert_eq!(from_base64url(&url), Some(bytes.clone()));
            prop_assert_eq!(from_base64(&standard), Some(bytes.clone()));
            prop_assert!(!url.contains(['+', '/', '=']) && !standard.contains(['-', '_', '=']));
            for (text, read) in [(&url, from_base64url as fn(&str) -> _), (&standard, from_base64)] {
                for other in other_spellings(text) {
                    prop_assert_ne!(read(&other), Some(bytes.clone()), "{}", other);
                }
            }
        }

        #[test]
        fn a_text_that_decodes_is_the_one_that_is_encoded(text in "[A-Za-z0-9+/_= \n-]{0,24}") {
            if let Some(bytes) = from_base64url(&text) {
                prop_assert_eq!(to_base64url(&bytes), text.clone());
            }
            if let Some(bytes) = from_base64(&text) {
                prop_assert_eq!(to_base64(&bytes), text);
            }
        }
    }

    /// What lenient decoders take for `text`: padding, white space, the other alphabet, the last character's unused bits.
    fn other_spellings(text: &str) -> Vec<String> {
        let mut others: Vec<String> =
            ["=", "==", "\n", " ", "\r\n", "\0"].iter().map(|tail| format!("{text}{tail}")).collect();
        others.push(format!(" {text}"));
        others.push(format!("{}\n{}", &text[..1], &text[1..]));
        let swapped: String = text
            .chars()
            .map(|c| match c {
                '+' => '-',
                '/' => '_',
                '-' => '+',
                '_' => '/',
                same => same,
            })
            .collect();
        let last = |c: char| format!("{}{c}", &text[..text.len() - 1]);
        others.extend((b'!'..=b'~').map(|c| last(c.into())).filter(|other| other != text));
        if swapped != text {
            others.push(swapped);
        }
        others
    }

    const KNOWN_BLOB: &str = "AQAAAAFkL2TQX-x-bb2EHf9qSADpUnuQU_VjaN3CwoVCbEHYjgrZHyw-QerHoaE0fg-eY3o";
}
