//! The present, handed to whoever needs it.
//!
//! `now` is the stored high-water mark or the wall clock at start, whichever is later, plus the monotonic time since
//! (house rule on time). A wall clock that is set back therefore revives nothing, and one that jumps ahead is not
//! followed until an operator says so. Leases and timeouts use [`Clock::monotonic`], which goes on while a machine
//! sleeps.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::domain::time::Timestamp;

/// The one source of the present.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// `now` minus the monotonic time, in microseconds; moved by [`Clock::advance`] and [`Clock::rebase`].
    offset: AtomicI64,
    /// A clock of tests stands still unless it is advanced.
    frozen: bool,
}

impl Clock {
    /// A running clock that never shows an instant before `high_water`.
    pub fn starting_at(high_water: Timestamp) -> Self {
        let start = wall().max(high_water);
        Self(Arc::new(Inner { offset: AtomicI64::new(start.micros() - monotonic_micros()), frozen: false }))
    }

    /// A clock that stands at `at` until it is advanced.
    pub fn frozen(at: Timestamp) -> Self {
        Self(Arc::new(Inner { offset: AtomicI64::new(at.micros()), frozen: true }))
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        let offset = self.0.offset.load(Ordering::Relaxed);
        Timestamp::from_micros(if self.0.frozen { offset } else { offset + monotonic_micros() })
    }

    /// Moves the present forward (sandbox and tests).
    pub fn advance(&self, span: Duration) {
        self.0.offset.fetch_add(i64::try_from(span.as_micros()).unwrap_or(0), Ordering::Relaxed);
    }

    /// Follows the wall clock from now on, as an operator has accepted (`prosper clock accept`).
    pub fn rebase(&self, to: Timestamp) {
        let base = if self.0.frozen { 0 } else { monotonic_micros() };
        self.0.offset.store(to.micros() - base, Ordering::Relaxed);
    }

    /// How far the wall clock is ahead of this one (negative: behind), in microseconds.
    pub fn drift(&self) -> i64 {
        if self.0.frozen { 0 } else { wall().micros() - self.now().micros() }
    }

    /// Time since some fixed point, going on while the machine sleeps. For leases, never for people.
    pub fn monotonic() -> Duration {
        Duration::from_micros(u64::try_from(monotonic_micros()).unwrap_or(0))
    }
}

/// The wall clock, read where a clock starts and where drift is measured.
pub fn wall() -> Timestamp {
    let at = clock_gettime(ClockId::Realtime);
    Timestamp::from_micros(at.tv_sec * 1_000_000 + at.tv_nsec / 1_000)
}

fn monotonic_micros() -> i64 {
    let at = clock_gettime(ClockId::Boottime);
    at.tv_sec * 1_000_000 + at.tv_nsec / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_present_is_never_before_the_high_water_mark() {
        let ahead = wall().plus(Duration::from_hours(1));
        let clock = Clock::starting_at(ahead);
        assert!(clock.now() >= ahead);
        assert!(clock.drift() < 0);
        clock.rebase(wall());
        assert!(clock.now() < ahead);
    }

    #[test]
    fn a_frozen_clock_moves_only_when_told() {
        let clock = Clock::frozen(Timestamp::from_seconds(5));
        assert_eq!(clock.now(), Timestamp::from_seconds(5));
        clock.advance(Duration::from_secs(7));
        assert_eq!(clock.now(), Timestamp::from_seconds(12));
    }
}
