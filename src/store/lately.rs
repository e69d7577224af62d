//! What was written down a short while ago and need not be again: that a grant was used, or a password, from where.
//!
//! A table of fixed size in which a newcomer takes the oldest of the few slots that are its own, so that it forgets rather
//! than grows; what it has forgotten is written down once more.

use std::hash::{BuildHasher, Hash, RandomState};
use std::ops::Range;
use std::time::Duration;

use crate::domain::time::Timestamp;

/// Uses that are remembered, 16 bytes each.
const SLOTS: usize = 32_768;
/// Slots among which a use finds one. With one alone, half as many uses as there are slots would already push one another
/// out by turns.
const WAYS: usize = 8;

/// Uses, by what was used.
pub(super) struct Lately {
    /// Empty until something is used: an idle server has no use for it.
    slots: Vec<(u64, Timestamp)>,
    hasher: RandomState,
    span: Duration,
}

impl Lately {
    /// A use stands for those that follow it within `span`: "last used" is true to within so much.
    pub(super) fn over(span: Duration) -> Self {
        Self { slots: Vec::new(), hasher: RandomState::new(), span }
    }

    /// Was `what` not used for a while? It is, from here on.
    pub(super) fn is_news(&mut self, what: impl Hash, now: Timestamp) -> bool {
        let tag = self.hasher.hash_one(what);
        let is_news = !self.holds(tag, now);
        if is_news {
            self.put(tag, now);
        }
        is_news
    }

    /// Was `what` noted a while ago at most?
    pub(super) fn knows(&self, what: impl Hash, now: Timestamp) -> bool {
        self.holds(self.hasher.hash_one(what), now)
    }

    /// Notes that `what` was used, for those who do so only once it is written down.
    pub(super) fn note(&mut self, what: impl Hash, now: Timestamp) {
        self.put(self.hasher.hash_one(what), now);
    }

    fn holds(&self, tag: u64, now: Timestamp) -> bool {
        let own = self.slots.get(slots(tag)).unwrap_or_default();
        own.iter().any(|(held, at)| *held == tag && *at <= now && now.since(*at) < self.span)
    }

    fn put(&mut self, tag: u64, now: Timestamp) {
        if self.slots.is_empty() {
            self.slots = vec![(0, Timestamp::default()); SLOTS];
        }
        let own = &mut self.slots[slots(tag)];
        let slot = own.iter().position(|(held, _)| *held == tag);
        let oldest = || own.iter().enumerate().min_by_key(|(_, (_, at))| *at).map_or(0, |(slot, _)| slot);
        let slot = slot.unwrap_or_else(oldest);
        own[slot] = (tag, now);
    }
}

/// The low bits choose the slots and the whole tells apart who is in them: that two uses have one tag is left to chance,
/// of which there are 64 bits.
#[allow(clippy::cast_possible_truncation)]
const fn slots(tag: u64) -> Range<usize> {
    let first = tag as usize % (SLOTS / WAYS) * WAYS;
    first..first + WAYS
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHILE: Duration = Duration::from_mins(5);

    #[test]
    fn a_use_is_news_once_in_a_while_and_from_each_place() {
        let mut lately = Lately::over(WHILE);
        let start = Timestamp::from_seconds(1_000_000);
        assert!(lately.is_news((1, "here"), start));
        assert!(!lately.is_news((1, "here"), start));
        assert!(lately.is_news((1, "there"), start));
        assert!(lately.is_news((2, "here"), start));
        let almost = start.plus(WHILE.saturating_sub(Duration::from_micros(1)));
        assert!(!lately.is_news((1, "here"), almost), "what follows does not push it forward");
        assert!(lately.is_news((1, "here"), start.plus(WHILE)));
        assert!(lately.is_news((1, "here"), start), "a clock that went back makes it news");
    }

    #[test]
    fn what_is_asked_for_is_not_noted_by_that() {
        let mut lately = Lately::over(WHILE);
        let start = Timestamp::from_seconds(1_000_000);
        for _ in 0..2 {
            assert!(!lately.knows("here", start));
        }
        lately.note("here", start);
        assert!(lately.knows("here", start) && !lately.knows("there", start));
        assert!(!lately.knows("here", start.plus(WHILE)));
        lately.note("here", start.plus(WHILE));
        assert!(lately.knows("here", start.plus(WHILE)), "a later one pushes it forward");
    }

    #[test]
    fn a_third_as_many_uses_as_there_are_slots_hardly_push_one_another_out() {
        let mut lately = Lately::over(WHILE);
        let start = Timestamp::from_seconds(1_000_000);
        let mut news = |round: usize| (0..SLOTS / 3).filter(|of| lately.is_news((of, round), start)).count();
        assert_eq!(news(1), SLOTS / 3);
        let forgotten = news(1);
        assert!(forgotten < SLOTS / 30, "{forgotten} of {} were forgotten", SLOTS / 3);
    }

    #[test]
    fn what_has_no_room_is_told_again_and_never_left_out() {
        let mut lately = Lately::over(WHILE);
        let start = Timestamp::from_seconds(1_000_000);
        for use_of in 0..SLOTS * 4 {
            assert!(lately.is_news(use_of, start), "each is new");
        }
        assert_eq!(lately.slots.len(), SLOTS);
    }
}
