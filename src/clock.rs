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
    /// The machine's clocks, as far as a test moves them by hand.
    by_hand: Option<ByHand>,
}

/// The two clocks of a machine that stands still, in microseconds.
#[derive(Debug)]
struct ByHand {
    wall: AtomicI64,
    monotonic: AtomicI64,
}

impl Clock {
    /// A running clock that never shows an instant before `high_water`.
    pub fn starting_at(high_water: Timestamp) -> Self {
        let clock = Self(Arc::new(Inner { offset: AtomicI64::new(0), by_hand: None }));
        clock.rebase(clock.wall());
        clock.not_before(high_water);
        clock
    }

    /// A clock of a machine that stands still at `at`: time passes when [`Clock::advance`] says so, and the wall clock
    /// alone jumps with [`Clock::jump`].
    pub fn frozen(at: Timestamp) -> Self {
        let by_hand = ByHand { wall: AtomicI64::new(at.micros()), monotonic: AtomicI64::new(0) };
        Self(Arc::new(Inner { offset: AtomicI64::new(at.micros()), by_hand: Some(by_hand) }))
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.offset.load(Ordering::Relaxed) + self.0.monotonic())
    }

    /// Brings the present forward to `high_water`, if it is before it: what a store has seen has been.
    pub fn not_before(&self, high_water: Timestamp) {
        self.0.offset.fetch_max(high_water.micros() - self.0.monotonic(), Ordering::Relaxed);
    }

    /// Moves the present forward (sandbox and tests).
    pub fn advance(&self, span: Duration) {
        let span = i64::try_from(span.as_micros()).unwrap_or(0);
        match &self.0.by_hand {
            Some(machine) => {
                machine.monotonic.fetch_add(span, Ordering::Relaxed);
                machine.wall.fetch_add(span, Ordering::Relaxed);
            }
            None => {
                self.0.offset.fetch_add(span, Ordering::Relaxed);
            }
        }
    }

    /// Sets the wall clock of a machine that stands still, forwards or back. A running machine's is not ours to set.
    pub fn jump(&self, to: Timestamp) {
        if let Some(machine) = &self.0.by_hand {
            machine.wall.store(to.micros(), Ordering::Relaxed);
        }
    }

    /// Follows the wall clock from now on, as an operator has accepted (`prosper clock accept`).
    pub fn rebase(&self, to: Timestamp) {
        self.0.offset.store(to.micros() - self.0.monotonic(), Ordering::Relaxed);
    }

    /// The machine's wall clock, which may say anything.
    pub fn wall(&self) -> Timestamp {
        match &self.0.by_hand {
            Some(machine) => Timestamp::from_micros(machine.wall.load(Ordering::Relaxed)),
            None => wall(),
        }
    }

    /// How far the wall clock is ahead of this one (negative: behind), in microseconds.
    pub fn drift(&self) -> i64 {
        self.wall().micros() - self.now().micros()
    }

    /// Time since some fixed point, going on while the machine sleeps. For leases, never for people.
    pub fn monotonic() -> Duration {
        Duration::from_micros(u64::try_from(monotonic_micros()).unwrap_or(0))
    }
}

impl Inner {
    fn monotonic(&self) -> i64 {
        self.by_hand.as_ref().map_or_else(monotonic_micros, |machine| machine.monotonic.load(Ordering::Relaxed))
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
        assert_eq!(clock.drift(), 0);
    }

    #[test]
    fn a_wall_clock_that_jumps_is_not_followed_until_somebody_says_so_f_08() {
        let clock = Clock::frozen(Timestamp::from_seconds(1_000));
        for (wall, drift) in [(90_000, 89_000), (10, -990)] {
            clock.jump(Timestamp::from_seconds(wall));
            assert_eq!(clock.now(), Timestamp::from_seconds(1_000));
            assert_eq!(clock.drift(), drift * 1_000_000);
        }
        clock.rebase(clock.wall());
        assert_eq!(clock.now(), Timestamp::from_seconds(10));
        clock.not_before(Timestamp::from_seconds(20));
        clock.not_before(Timestamp::from_seconds(15));
        assert_eq!(clock.now(), Timestamp::from_seconds(20));
    }
}
