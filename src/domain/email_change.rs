//! How an account's address moves to another: asked for, confirmed at the new one, and for a while taken back from the old.
//!
//! An account that has moved lately moves no further until that while is over: else whoever has got hold of one could move
//! it twice, and its owner's way back would lead to the wrong place.

use super::email::Email;
use super::time::Timestamp;

/// Where a change of address stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmailChange {
    /// None is under way.
    Settled,
    /// Another address was asked for, and is still to be confirmed.
    Asked {
        /// Which.
        to: Email,
        /// Until when it can be.
        until: Timestamp,
    },
    /// The address was changed, and its old owner may take it back.
    Moved {
        /// What it was.
        from: Email,
        /// Until when.
        until: Timestamp,
    },
}

/// What happens to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmailStep {
    /// The owner asks for another address.
    Ask {
        /// Which.
        to: Email,
        /// Until when it can be confirmed.
        until: Timestamp,
    },
    /// The link at the new address was used.
    Confirm {
        /// Until when that can be taken back.
        until: Timestamp,
    },
    /// The link at the old address was used.
    TakeBack,
    /// The password was changed: whoever asked knew the old one.
    PasswordSet,
}

impl EmailChange {
    /// What is left of it at this moment.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        match self {
            Self::Asked { until, .. } | Self::Moved { until, .. } if until.has_come(now) => Self::Settled,
            still => still,
        }
    }

    /// The change after `step`, and the account's address after it; `None` when the step does not lead on from here.
    /// `current` is the account's address before.
    pub fn step(self, step: EmailStep, current: &Email, now: Timestamp) -> Option<(Self, Email)> {
        match (self.at(now), step) {
            (Self::Settled | Self::Asked { .. }, EmailStep::Ask { to, until }) if to.folded() != current.folded() => {
                Some((Self::Asked { to, until }, current.clone()))
            }
            (Self::Asked { to, .. }, EmailStep::Confirm { until }) => {
                Some((Self::Moved { from: current.clone(), until }, to))
            }
            (Self::Moved { from, .. }, EmailStep::TakeBack) => Some((Self::Settled, from)),
            (Self::Asked { .. }, EmailStep::PasswordSet) => Some((Self::Settled, current.clone())),
            (still, EmailStep::PasswordSet) => Some((still, current.clone())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 3_600;

    fn email(number: u8) -> Email {
        Email::parse(&format!("{}@example.com", char::from(b'a' + number % 4))).expect("an address")
    }

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_seconds(hours * HOUR)
    }

    /// A step by its kind, taken at an hour: asked for an hour, taken back for a hundred.
    fn step(kind: u8, to: u8, hour: i64) -> EmailStep {
        match kind % 4 {
            0 => EmailStep::Ask { to: email(to), until: at(hour + 1) },
            1 => EmailStep::Confirm { until: at(hour + 100) },
            2 => EmailStep::TakeBack,
            _ => EmailStep::PasswordSet,
        }
    }

    #[test]
    fn an_address_is_asked_for_confirmed_and_taken_back() {
        let (old, new) = (email(0), email(1));
        let (asked, still) = EmailChange::Settled.step(step(0, 1, 0), &old, at(0)).expect("legal");
        assert_eq!(still, old, "asking changes nothing");
        let (moved, now) = asked.clone().step(step(1, 0, 0), &old, at(0)).expect("legal");
        assert_eq!(now, new);
        assert_eq!(moved.clone().step(EmailStep::TakeBack, &new, at(99)), Some((EmailChange::Settled, old.clone())));
        assert_eq!(moved.step(EmailStep::TakeBack, &new, at(100)), None, "too late");
        assert_eq!(asked.clone().step(step(1, 0, 1), &old, at(1)), None, "too late");
        let (stopped, _) = asked.step(EmailStep::PasswordSet, &old, at(0)).expect("legal");
        assert_eq!(stopped.step(step(1, 0, 0), &old, at(0)), None, "a new password stops it");
    }

    #[test]
    fn moves_that_do_not_lead_on_are_refused() {
        let (old, new) = (email(0), email(1));
        assert_eq!(EmailChange::Settled.step(step(1, 0, 0), &old, at(0)), None, "nothing was asked for");
        assert_eq!(EmailChange::Settled.step(EmailStep::TakeBack, &old, at(0)), None, "nothing was moved");
        assert_eq!(EmailChange::Settled.step(step(0, 0, 0), &old, at(0)), None, "it is that already");
        let moved = EmailChange::Moved { from: old, until: at(100) };
        assert_eq!(moved.clone().step(step(0, 2, 1), &new, at(1)), None, "a second move would lose the way back");
        assert!(moved.step(step(0, 2, 100), &new, at(100)).is_some(), "later it may move again");
    }

    proptest! {
        /// Whatever is done in whatever order, at every moment: an address is reached only by being asked for and
        /// confirmed, or by being given back to whoever had it last, and a way back always leads to the last address.
        #[test]
        fn no_order_of_steps_leads_past_the_confirmation(
            steps in prop::collection::vec((0_u8..4, 0_u8..4, 0_i64..60), 0..60)
        ) {
            let (mut change, mut current, mut now) = (EmailChange::Settled, email(0), 0);
            let (mut asked, mut before) = (None, None);
            for (kind, to, hours) in steps {
                now += hours;
                let taken = step(kind, to, now);
                let Some((next, address)) = change.clone().step(taken.clone(), &current, at(now)) else { continue };
                match taken {
                    EmailStep::Ask { to, .. } => {
                        prop_assert_eq!(&address, &current);
                        asked = Some((to, now));
                    }
                    EmailStep::Confirm { .. } => {
                        let (to, since) = asked.take().expect("something was asked for");
                        prop_assert!(now < since + 1);
                        prop_assert_eq!(&address, &to);
                        before = Some((current.clone(), now));
                    }
                    EmailStep::TakeBack => {
                        let (from, since) = before.take().expect("it was moved");
                        prop_assert!(now < since + 100);
                        prop_assert_eq!(&address, &from);
                    }
                    EmailStep::PasswordSet => {
                        prop_assert_eq!(&address, &current);
                        asked = None;
                    }
                }
                (change, current) = (next, address);
            }
        }
    }
}
