//! What was written down a short while ago and need not be again: that a grant was used, from where.
//!
//! A table of fixed size in which a newcomer takes the place of whoever has its slot, so that it forgets rather than
//! grows; what it has forgotten is written down once more.

use std::hash::{BuildHasher, Hash, RandomState};
use std::time::Duration;

use crate::domain::time::Timestamp;

/// How long a use stands for those that follow it: "last used" is true to within so much.
const WHILE: Duration = Duration::from_mins(5);
/// Uses that are remembered, 16 bytes each.
const SLOTS: usize = 16_384;

/// Uses, by what was used.
pub(super) struct Lately {
    /// Empty until something is used: an idle server has no use for it.
    slots: Vec<(u64, Timestamp)>,
    hasher: RandomState,
}

impl Default for Lately {
    fn default() -> Self {
        Self { slots: Vec::new(), hasher: RandomState::new() }
    }
}

impl Lately {
    /// Was `what` not used for a while? It is, from here on.
    pub(super) fn is_news(&mut self, what: impl Hash, now: Timestamp) -> bool {
        if self.slots.is_empty() {
            self.slots = vec![(0, Timestamp::default()); SLOTS];
        }
        let tag = self.hasher.hash_one(what);
        // The low bits choose the slot and the whole tells apart who is in it: that two uses have one tag is left to
        // chance, of which there are 64 bits.
        #[allow(clippy::cast_possible_truncation)]
        let slot = &mut self.slots[tag as usize % SLOTS];
        let is_known = slot.0 == tag && slot.1 <= now && now.since(slot.1) < WHILE;
        if !is_known {
            *slot = (tag, now);
        }
        !is_known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_is_news_once_in_a_while_and_from_each_place() {
        let mut lately = Lately::default();
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
    fn what_has_no_room_is_told_again_and_never_left_out() {
        let mut lately = Lately::default();
        let start = Timestamp::from_seconds(1_000_000);
        for use_of in 0..SLOTS * 4 {
            assert!(lately.is_news(use_of, start), "each is new");
        }
        assert_eq!(lately.slots.len(), SLOTS);
    }
}
