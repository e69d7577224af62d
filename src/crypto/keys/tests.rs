//! Rotation, revocation, and rings that cannot work.

use super::*;
use crate::crypto::entropy::Entropy;

const START: Timestamp = Timestamp::from_seconds(1_000_000);

/// A ring of one key of each use, the same for the same seed.
pub(in crate::crypto) fn keys_of(seed: [u8; 32]) -> Keys {
    let site = Site::new(seed);
    Keys::unlock(&site.master, &site.ring, &site.clock).expect("a whole ring")
}

pub(in crate::crypto) fn keys() -> Keys {
    keys_of([1; 32])
}

struct Site {
    master: MasterKey,
    entropy: Entropy,
    clock: Clock,
    ring: Vec<RingKey>,
}

impl Site {
    fn new(seed: [u8; 32]) -> Self {
        let entropy = Entropy::seeded(seed);
        let master = MasterKey::generate(&entropy);
        let ring = vec![
            RingKey::generate(1, KeyUse::Seal, &master, &entropy, START),
            RingKey::generate(2, KeyUse::Hash, &master, &entropy, START),
        ];
        Self { master, entropy, clock: Clock::frozen(START), ring }
    }

    fn unlock(&self) -> Keys {
        Keys::unlock(&self.master, &self.ring, &self.clock).expect("a whole ring")
    }

    /// A rotation: the keys there are retire after `overlap`, new ones follow.
    fn rotate(&mut self, overlap: Duration) {
        let now = self.clock.now();
        for key in &mut self.ring {
            key.retires_at.get_or_insert(RingKey::retirement(now, overlap));
        }
        for usage in [KeyUse::Seal, KeyUse::Hash] {
            let id = u32::try_from(self.ring.len()).expect("a short ring") + 1;
            self.ring.push(RingKey::generate(id, usage, &self.master, &self.entropy, now));
        }
    }
}

fn sealed_by(sealed: &[u8]) -> u32 {
    u32::from_be_bytes(sealed[1..5].try_into().expect("a key id of four bytes"))
}

#[test]
fn a_rotation_overlaps_and_ends_to_the_microsecond_f_09() {
    let mut site = Site::new([1; 32]);
    let keys = site.unlock();
    let elsewhere = keys.clone();
    let code = keys.seal(Purpose::Code, b"facts", &site.entropy);
    let kept = keys.hash(Kind::Session, b"secret");

    site.rotate(Duration::from_mins(5));
    keys.replace(&site.master, &site.ring).expect("a whole ring");
    assert_eq!(sealed_by(&keys.seal(Purpose::Code, b"", &site.entropy)), 1, "a new key settles first");
    assert!(keys.is_current(&kept));

    site.clock.advance(SETTLES_IN);
    assert_eq!(sealed_by(&elsewhere.seal(Purpose::Code, b"", &site.entropy)), 3, "clones share the ring");
    assert!(!keys.is_current(&kept), "to be hashed anew on its next use");

    site.clock.advance(Duration::from_micros(299_999_999));
    assert_eq!(keys.open(Purpose::Code, &code).as_deref(), Some(b"facts".as_slice()));
    assert!(keys.verify(Kind::Session, b"secret", &kept));

    site.clock.advance(Duration::from_micros(1));
    assert_eq!(keys.open(Purpose::Code, &code), None);
    assert!(!keys.verify(Kind::Session, b"secret", &kept));
}

#[test]
fn a_process_that_has_not_seen_the_new_key_opens_what_a_quicker_one_seals() {
    let mut site = Site::new([1; 32]);
    let (quick, slow) = (site.unlock(), site.unlock());
    site.rotate(Duration::from_mins(15));
    quick.replace(&site.master, &site.ring).expect("a whole ring");
    site.clock.advance(Duration::from_secs(1));
    let sealed = quick.seal(Purpose::LoginToken, b"facts", &site.entropy);
    assert!(slow.open(Purpose::LoginToken, &sealed).is_some());
}

#[test]
fn a_revoked_key_opens_nothing_and_its_successor_seals_at_once() {
    let mut site = Site::new([1; 32]);
    let keys = site.unlock();
    let token = keys.seal(Purpose::InvestorToken, b"facts", &site.entropy);
    site.rotate(Duration::ZERO);
    for key in &mut site.ring[..2] {
        key.retires_at = Some(START);
    }
    keys.replace(&site.master, &site.ring).expect("a whole ring");
    assert_eq!(keys.open(Purpose::InvestorToken, &token), None);
    let fresh = keys.seal(Purpose::InvestorToken, b"facts", &site.entropy);
    assert_eq!(sealed_by(&fresh), 3);
    assert!(keys.open(Purpose::InvestorToken, &fresh).is_some());
}

#[test]
fn a_ring_that_cannot_work_is_refused_and_the_old_one_stays() {
    let site = Site::new([1; 32]);
    let keys = site.unlock();
    let code = keys.seal(Purpose::Code, b"facts", &site.entropy);

    let no_hash = &site.ring[..1];
    let twice = [site.ring.clone(), site.ring.clone()].concat();
    let mut ending = site.ring.clone();
    ending[0].retires_at = Some(START.plus(Duration::from_secs(1)));
    for (ring, why) in [(no_hash, "no lasting key to hash"), (&twice, "number 1"), (&ending, "no lasting key to seal")]
    {
        let refused = keys.replace(&site.master, ring).expect_err(why);
        assert!(refused.to_string().contains(why), "{refused}");
    }
    let strangers = MasterKey::generate(&Entropy::seeded([5; 32]));
    assert!(keys.replace(&strangers, &site.ring).is_err());
    assert!(keys.open(Purpose::Code, &code).is_some());
    assert_eq!(format!("{keys:?}"), "Keys(1 to seal, 1 to hash)");
}
