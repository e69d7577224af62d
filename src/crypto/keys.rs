//! The ring, unlocked: what seals, opens, hashes and verifies.
//!
//! Which key does the work is decided at each use, by the clock:
//!
//! 1. A key opens and verifies until the very microsecond of its `retires_at`, then nothing (F-09).
//! 2. The newest key that has settled and not retired is current: it seals and hashes. A key settles
//!    [`SETTLES_IN`] after it was made, because another process may have sealed nothing with it, but must be able to
//!    open what we seal, and learns of a new key only at its next look at the change log.
//! 3. If none has settled (the first key, or the one left after a revocation), the oldest that has not retired is.
//!
//! A hash key that replaces another need not end it: what is hashed under the old one goes on verifying, and is hashed
//! anew on its next use ([`Keys::is_current`]).
//!
//! The keys of all purposes and kinds are derived once, when the ring is unlocked or replaced.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use aws_lc_rs::{aead, hmac};

pub use super::ring::{KeyUse, MasterKey, RingKey};
use super::ring::{derive, sealing_key};
use super::seal::Purpose;
use super::secret::Kind;
use crate::clock::Clock;
use crate::domain::time::Timestamp;
use crate::fault::Fault;

/// How long a new key only opens before it also seals: longer than a process may trust its view without looking (1 s).
pub const SETTLES_IN: Duration = Duration::from_secs(2);

/// The unlocked ring. Cheap to clone; clones share one ring, so [`Keys::replace`] reaches them all.
#[derive(Clone)]
pub struct Keys(Arc<Shared>);

struct Shared {
    clock: Clock,
    rings: ArcSwap<Rings>,
}

struct Rings {
    seal: Ring<SealKey>,
    hash: Ring<HashKey>,
}

/// The keys of one use, the newest first. At least one has no planned end.
struct Ring<K>(Vec<Held<K>>);

struct Held<K> {
    settles_at: Timestamp,
    retires_at: Option<Timestamp>,
    key: K,
}

pub(super) struct SealKey {
    pub(super) id: u32,
    purposes: [aead::LessSafeKey; Purpose::ALL.len()],
}

pub(super) struct HashKey {
    pub(super) id: u32,
    kinds: [hmac::Key; Kind::ALL.len()],
}

impl Keys {
    /// Unlocks a ring as stored, in any order.
    ///
    /// # Errors
    /// A key does not open under `master`, two keys share an id, or a use has no key without a planned end.
    pub fn unlock(master: &MasterKey, stored: &[RingKey], clock: &Clock) -> Result<Self, Fault> {
        let rings = ArcSwap::from_pointee(Rings::unlock(master, stored)?);
        Ok(Self(Arc::new(Shared { clock: clock.clone(), rings })))
    }

    /// Takes `stored` for the ring from now on, after a rotation here or elsewhere. On an error the old ring stays.
    ///
    /// # Errors
    /// As [`Keys::unlock`].
    pub fn replace(&self, master: &MasterKey, stored: &[RingKey]) -> Result<(), Fault> {
        self.0.rings.store(Arc::new(Rings::unlock(master, stored)?));
        Ok(())
    }

    pub(super) fn with_current_seal_key<T>(&self, work: impl FnOnce(&SealKey) -> T) -> T {
        work(self.0.rings.load().seal.current(&self.0.clock))
    }

    pub(super) fn with_current_hash_key<T>(&self, work: impl FnOnce(&HashKey) -> T) -> T {
        work(self.0.rings.load().hash.current(&self.0.clock))
    }

    /// Hands `work` the key and `true`; or, when it is unknown or retired, another key and `false`, so that the work is
    /// the same and its result can be thrown away.
    pub(super) fn with_seal_key<T>(&self, id: u32, work: impl FnOnce(&SealKey, bool) -> T) -> T {
        let rings = self.0.rings.load();
        let (key, known) = rings.seal.find(&self.0.clock, |key| key.id == id);
        work(key, known)
    }

    /// As [`Keys::with_seal_key`].
    pub(super) fn with_hash_key<T>(&self, id: u32, work: impl FnOnce(&HashKey, bool) -> T) -> T {
        let rings = self.0.rings.load();
        let (key, known) = rings.hash.find(&self.0.clock, |key| key.id == id);
        work(key, known)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rings = self.0.rings.load();
        write!(f, "Keys({} to seal, {} to hash)", rings.seal.0.len(), rings.hash.0.len())
    }
}

impl Rings {
    fn unlock(master: &MasterKey, stored: &[RingKey]) -> Result<Self, Fault> {
        let mut ids: Vec<u32> = stored.iter().map(|key| key.id).collect();
        ids.sort_unstable();
        if let Some([twice, _]) = ids.array_windows().find(|[one, next]| one == next) {
            return Err(Fault::internal(format_args!("the key ring holds two keys of the number {twice}")));
        }
        Ok(Self {
            seal: Ring::unlock(master, stored, KeyUse::Seal, SealKey::derive)?,
            hash: Ring::unlock(master, stored, KeyUse::Hash, HashKey::derive)?,
        })
    }
}

impl<K> Ring<K> {
    fn unlock(
        master: &MasterKey,
        stored: &[RingKey],
        usage: KeyUse,
        derive: impl Fn(u32, &[u8; 32]) -> K,
    ) -> Result<Self, Fault> {
        let mut of_use: Vec<&RingKey> = stored.iter().filter(|key| key.usage == usage).collect();
        if of_use.iter().all(|key| key.retires_at.is_some()) {
            return Err(Fault::internal(format_args!("the key ring has no lasting key to {}", usage.name())));
        }
        of_use.sort_by_key(|key| std::cmp::Reverse((key.created_at, key.id)));
        let hold = |key: &RingKey| {
            Ok(Held {
                settles_at: key.created_at.plus(SETTLES_IN),
                retires_at: key.retires_at,
                key: derive(key.id, &*key.unwrap_with(master)?),
            })
        };
        Ok(Self(of_use.into_iter().map(hold).collect::<Result<_, Fault>>()?))
    }

    fn current(&self, clock: &Clock) -> &K {
        if let [only] = self.0.as_slice() {
            return &only.key;
        }
        let now = clock.now();
        let mut live = self.0.iter().filter(|held| !held.has_retired(now));
        let oldest = live.clone().next_back().expect("a ring has a key without a planned end");
        &live.find(|held| held.settles_at.has_come(now)).unwrap_or(oldest).key
    }

    fn find(&self, clock: &Clock, is_it: impl Fn(&K) -> bool) -> (&K, bool) {
        match self.0.iter().find(|held| is_it(&held.key)) {
            Some(held) => (&held.key, held.retires_at.is_none() || !held.has_retired(clock.now())),
            None => (&self.0[0].key, false),
        }
    }
}

impl<K> Held<K> {
    fn has_retired(&self, now: Timestamp) -> bool {
        self.retires_at.is_some_and(|at| at.has_come(now))
    }
}

impl SealKey {
    fn derive(id: u32, material: &[u8; 32]) -> Self {
        let purposes =
            Purpose::ALL.map(|purpose| sealing_key(&derive(material, &format!("prosper seal v1 {}", purpose.name()))));
        Self { id, purposes }
    }

    pub(super) fn of(&self, purpose: Purpose) -> &aead::LessSafeKey {
        &self.purposes[purpose as usize]
    }
}

impl HashKey {
    fn derive(id: u32, material: &[u8; 32]) -> Self {
        let kinds = Kind::ALL.map(|kind| {
            hmac::Key::new(hmac::HMAC_SHA256, derive(material, &format!("prosper hash v1 {}", kind.name())).as_slice())
        });
        Self { id, kinds }
    }

    pub(super) fn of(&self, kind: Kind) -> &hmac::Key {
        &self.kinds[kind as usize]
    }
}

#[cfg(test)]
pub(super) mod tests;
