//! The live view: what hot requests read, held in memory, bounded, and never older than its lease.
//!
//! Its laws: it holds positive facts only, so a miss reads the store; a fill is discarded if anything was invalidated
//! after its read began; eviction never un-revokes, because what was revoked is not in it; trust is a lease counted on
//! monotonic time from the start of the last good poll of the change log, and when it has run out every look reads
//! through. What several facts came to together is kept by the rules of [`super::stood`].

use std::hash::Hash;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, UnitWeighter};

use super::applications::Client;
use super::changes::Change;
use super::families::Family;
use super::installation::Installation;
use super::redemptions::Redemption;
use super::sessions::Session;
use super::stood::{Marks, Stood};
use crate::clock::Clock;
use crate::domain::account::Account;
use crate::domain::consent::Consent;
use crate::domain::ids::{AccountId, ClientId, CodeId, FamilyId, SessionId};
use crate::domain::space::Space;

/// How long a view is trusted after the start of a poll that succeeded.
pub const LEASE: Duration = Duration::from_secs(1);

/// Entries at most of what a person who is here has one of: an account (some 500 bytes), a consent and a session each.
const PEOPLE: usize = 50_000;
/// Applications at most: a kilobyte or two each, with their redirect URIs and secrets' hashes.
const CLIENTS: usize = 10_000;
/// Families at most, some 250 bytes each. One more that is asked for costs a look at the store.
const FAMILIES: usize = 20_000;
/// Redemptions at most. It is what was found of them that is asked for again.
const REDEMPTIONS: usize = 10_000;
/// Tokens at most that were found to stand, some 200 bytes each.
const STOOD: usize = 20_000;

/// No position of any log.
pub(super) const NOWHERE: i64 = -1;

/// What is held.
pub(super) struct View {
    /// Counts invalidations. A fill holds it for reading, an invalidation for writing, so neither can slip between.
    generation: RwLock<u64>,
    /// Until when the view is trusted, in monotonic microseconds.
    trusted_until: AtomicU64,
    /// Has the installation left this database? Then nothing here is true any more.
    gone: AtomicBool,
    pub(super) clients: Cache<ClientId, Arc<Client>>,
    pub(super) accounts: Cache<AccountId, Arc<Account>>,
    pub(super) consents: Cache<(AccountId, ClientId), Arc<Consent>>,
    pub(super) families: Cache<FamilyId, Arc<Family>>,
    pub(super) redemptions: Cache<CodeId, Arc<Redemption>>,
    pub(super) sessions: Cache<SessionId, Arc<Session>>,
    pub(super) stood: Cache<CodeId, Stood>,
    pub(super) marks: Marks,
    /// The position of the change log up to which everything has been applied here.
    applied: AtomicI64,
    pub(super) installation: ArcSwapOption<Installation>,
    pub(super) spaces: ArcSwapOption<Vec<Space>>,
}

impl View {
    pub(super) fn new() -> Self {
        Self {
            generation: RwLock::new(0),
            trusted_until: AtomicU64::new(0),
            gone: AtomicBool::new(false),
            clients: Cache::new(CLIENTS),
            accounts: Cache::new(PEOPLE),
            consents: Cache::new(PEOPLE),
            families: Cache::new(FAMILIES),
            redemptions: passing(REDEMPTIONS),
            sessions: Cache::new(PEOPLE),
            stood: passing(STOOD),
            marks: Marks::new(),
            applied: AtomicI64::new(NOWHERE),
            installation: ArcSwapOption::empty(),
            spaces: ArcSwapOption::empty(),
        }
    }

    /// May what is held be believed right now?
    pub(super) fn is_trusted(&self) -> bool {
        micros(Clock::monotonic()) < self.trusted_until.load(Ordering::Acquire) && !self.is_gone()
    }

    /// Has the installation left this database?
    pub(super) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// Notes whether it has.
    pub(super) fn note_gone(&self, gone: bool) {
        self.gone.store(gone, Ordering::Release);
    }

    /// Extends the trust: a poll that began at `began` (monotonic) has been applied.
    pub(super) fn trust_from(&self, began: Duration) {
        self.trusted_until.fetch_max(micros(began + LEASE), Ordering::AcqRel);
    }

    /// The count to hand to [`View::fill`] once a read that begins now is done.
    pub(super) fn generation(&self) -> u64 {
        *self.generation.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what a read found, unless anything was invalidated since the read began.
    pub(super) fn fill(&self, began: u64, keep: impl FnOnce()) {
        let generation = self.generation.read().unwrap_or_else(PoisonError::into_inner);
        if *generation == began {
            keep();
        }
    }

    /// What is held under `key`, if the view is trusted.
    pub(super) fn look<K: Hash + Eq, V>(&self, cache: &Cache<K, Arc<V>>, key: &K) -> Option<Arc<V>> {
        if self.is_trusted() { cache.get(key) } else { None }
    }

    /// The position of the change log up to which everything has been applied here: nothing that was logged there or
    /// before is held any more. A position that no log has before the first poll.
    pub(super) fn applied(&self) -> i64 {
        self.applied.load(Ordering::Acquire)
    }

    /// Everything up to this position has been forgotten.
    pub(super) fn has_applied(&self, position: i64) {
        self.applied.fetch_max(position, Ordering::AcqRel);
    }

    /// Forgets what a commit of this process changed, as the log has it up to `last`. What other processes logged before it
    /// may not be known yet; then the follower gets to it.
    pub(super) fn forget_logged(&self, changes: &[Change], last: i64) {
        self.forget(changes);
        if let Ok(count) = i64::try_from(changes.len()) {
            let _ = self.applied.compare_exchange(last - count, last, Ordering::AcqRel, Ordering::Acquire);
        }
    }

    /// Forgets what changed.
    pub(super) fn forget(&self, changes: &[Change]) {
        if changes.is_empty() {
            return;
        }
        let mut generation = self.generation.write().unwrap_or_else(PoisonError::into_inner);
        *generation += 1;
        for change in changes {
            match change {
                Change::Application(id) => {
                    self.clients.remove(id);
                }
                Change::Account(id) => {
                    self.accounts.remove(id);
                }
                Change::Consent(account, application, _) => {
                    self.consents.remove(&(*account, *application));
                }
                Change::Family(id) => {
                    self.families.remove(id);
                }
                Change::Redemption(id) => {
                    self.redemptions.remove(id);
                }
                Change::Session(id) => {
                    self.sessions.remove(id);
                }
                Change::Installation | Change::Keys => self.installation.store(None),
                Change::Spaces => self.spaces.store(None),
            }
            self.marks.moved_by(change);
        }
    }

    /// Forgets everything: the log, which stands at this position, cannot tell what changed.
    pub(super) fn forget_all(&self, position: i64) {
        let mut generation = self.generation.write().unwrap_or_else(PoisonError::into_inner);
        *generation += 1;
        self.clients.clear();
        self.accounts.clear();
        self.consents.clear();
        self.families.clear();
        self.redemptions.clear();
        self.sessions.clear();
        self.stood.clear();
        self.installation.store(None);
        self.spaces.store(None);
        self.marks.all_moved();
        self.applied.store(position, Ordering::Release);
    }
}

/// A cache for what is asked for over and over and then never again. By default half as many names as there is room for
/// are kept of what was put out, to know it when it comes back; here none are, which saves a third of the room.
fn passing<K: Eq + Hash, V: Clone>(most: usize) -> Cache<K, V> {
    let mut options = OptionsBuilder::new();
    options.estimated_items_capacity(most).weight_capacity(most as u64).ghost_allocation(0.0);
    let options = options.build().expect("both capacities are there");
    Cache::with_options(options, UnitWeighter, DefaultHashBuilder::default(), DefaultLifecycle::default())
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fill_that_began_before_an_invalidation_is_discarded() {
        let view = View::new();
        let began = view.generation();
        view.forget(&[Change::Account(AccountId(1))]);
        let mut kept = false;
        view.fill(began, || kept = true);
        assert!(!kept);
        view.fill(view.generation(), || kept = true);
        assert!(kept);
    }

    #[test]
    fn a_view_is_not_trusted_before_its_first_poll_nor_after_its_lease() {
        let view = View::new();
        assert!(!view.is_trusted());
        view.trust_from(Clock::monotonic().saturating_sub(LEASE));
        assert!(!view.is_trusted(), "a poll that began a lease ago is too old");
        view.trust_from(Clock::monotonic());
        assert!(view.is_trusted());
    }
}
