//! Randomness, handed to whoever needs it.
//!
//! Secrets and ids come straight from the system. Nonces, and the names of requests, come from a small buffer of each
//! thread, because asking for one (1 µs) costs more than the sealing it is for. That is safe for these alone: should a
//! running machine be cloned, both copies hold the same buffer, and AES-GCM-SIV bears a repeated nonce where a repeated
//! secret would be a disaster.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::hmac;
use zeroize::Zeroize as _;

/// Where random bytes come from. Cheap to clone; a clone of a seeded source shares its position.
#[derive(Clone)]
pub struct Entropy(Source);

#[derive(Clone)]
enum Source {
    System,
    Seeded(Arc<Seeded>),
}

struct Seeded {
    key: hmac::Key,
    next_block: AtomicU64,
}

impl Entropy {
    /// The system's randomness.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A sequence that is the same for the same seed and the same order of calls (sandbox and tests). Anyone who knows
    /// the seed knows every secret drawn from it.
    pub fn seeded(seed: [u8; 32]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &seed);
        Self(Source::Seeded(Arc::new(Seeded { key, next_block: AtomicU64::new(0) })))
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// Overwrites `bytes` with random ones.
    pub fn fill(&self, bytes: &mut [u8]) {
        match &self.0 {
            Source::System => system_fill(bytes),
            Source::Seeded(seeded) => seeded.fill(bytes),
        }
    }

    /// The name of a request: it need only differ from others, and is told to everybody.
    pub fn name<const N: usize>(&self) -> [u8; N] {
        const { assert!(N <= NONCE, "a name is cut from a nonce") };
        let mut name = [0; N];
        name.copy_from_slice(&self.nonce()[..N]);
        name
    }

    /// The nonce of one sealing (see the module's head).
    pub(super) fn nonce(&self) -> [u8; NONCE] {
        match &self.0 {
            Source::System => NONCES.with_borrow_mut(Nonces::next),
            Source::Seeded(_) => self.bytes(),
        }
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::System => "Entropy(system)",
            Source::Seeded(_) => "Entropy(seeded)",
        })
    }
}

impl Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(32) {
            let block = self.next_block.fetch_add(1, Ordering::Relaxed);
            let drawn = hmac::sign(&self.key, &block.to_be_bytes());
            part.copy_from_slice(&drawn.as_ref()[..part.len()]);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system for randomness")]
fn system_fill(bytes: &mut [u8]) {
    aws_lc_rs::rand::fill(bytes).expect("the system's random source answers once it has been seeded");
}

/// Bytes of a nonce (RFC 8452 §4).
pub(super) const NONCE: usize = 12;

struct Nonces {
    drawn: [u8; 21 * NONCE],
    used: usize,
}

thread_local! {
    static NONCES: RefCell<Nonces> = const { RefCell::new(Nonces { drawn: [0; 21 * NONCE], used: 21 * NONCE }) };
}

impl Nonces {
    fn next(&mut self) -> [u8; NONCE] {
        if self.used == self.drawn.len() {
            system_fill(&mut self.drawn);
            self.used = 0;
        }
        let mut nonce = [0; NONCE];
        let slot = &mut self.drawn[self.used..self.used + NONCE];
        nonce.copy_from_slice(slot);
        slot.zeroize();
        self.used += NONCE;
        nonce
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_sequence_and_never_repeats_itself() {
        let (one, two) = (Entropy::seeded([7; 32]), Entropy::seeded([7; 32]));
        let drawn: Vec<[u8; 16]> = (0..100).map(|_| one.bytes()).collect();
        assert_eq!(drawn, (0..100).map(|_| two.bytes()).collect::<Vec<[u8; 16]>>());
        assert_eq!(drawn.iter().collect::<HashSet<_>>().len(), 100);
        assert_ne!(Entropy::seeded([8; 32]).bytes::<16>(), drawn[0]);
    }

    #[test]
    fn a_clone_goes_on_where_its_source_is() {
        let one = Entropy::seeded([1; 32]);
        let first: [u8; 8] = one.clone().bytes();
        assert_ne!(one.bytes::<8>(), first);
    }

    #[test]
    fn long_fills_leave_no_byte_undrawn() {
        for entropy in [Entropy::system(), Entropy::seeded([3; 32])] {
            let drawn = entropy.bytes::<4096>();
            assert!(drawn.chunks(4).all(|part| part != [0; 4]), "four zeros in a row: once in a million runs");
        }
    }

    #[test]
    fn nonces_never_repeat_on_a_thread_or_across_threads() {
        let draw = || (0..1_000).map(|_| Entropy::system().nonce()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(draw)).collect();
        let all: Vec<_> = threads.into_iter().flat_map(|t| t.join().expect("the thread draws")).collect();
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), 4_000);
    }
}
