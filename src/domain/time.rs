//! Instants and lifetimes.
//!
//! The database, the wire and the rules all speak of one kind of instant: whole microseconds since 1970, UTC. Nothing
//! here reads a clock; whoever needs the present is handed it (`clock::Clock::now`).

use std::fmt;
use std::time::Duration;

/// An instant: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant `micros` microseconds after the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The instant `seconds` seconds after the epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since the epoch, as stored.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down (RFC 7662 `iat`, `exp`).
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This instant moved forward by `span`; saturates at the end of time.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero when it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Has this instant come by `now`? What expires does so in the very microsecond its age reaches its lifetime, with
    /// no leeway (T-01).
    pub fn has_come(self, now: Self) -> bool {
        now >= self
    }

    /// RFC 3339, to the second, in UTC: `2026-11-22T08:15:00Z`.
    pub fn rfc3339(self) -> String {
        self.civil().map_or_else(|| self.0.to_string(), |at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
    }

    /// The date and time in UTC, to be written down; `None` outside of the years that a calendar holds.
    pub fn civil(self) -> Option<jiff::Zoned> {
        Some(jiff::Timestamp::from_microsecond(self.0).ok()?.to_zoned(jiff::tz::TimeZone::UTC))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_comes_in_the_microsecond_it_names() {
        let at = Timestamp::from_seconds(10);
        assert!(!at.has_come(Timestamp::from_micros(9_999_999)));
        assert!(at.has_come(Timestamp::from_micros(10_000_000)));
    }

    #[test]
    fn spans_never_go_below_zero_or_past_the_end() {
        assert_eq!(Timestamp::from_seconds(1).since(Timestamp::from_seconds(5)), Duration::ZERO);
        assert_eq!(Timestamp::from_micros(i64::MAX).plus(Duration::from_secs(1)).micros(), i64::MAX);
    }

    #[test]
    fn an_instant_is_written_to_the_second_in_utc() {
        assert_eq!(Timestamp::from_seconds(1_795_335_300).rfc3339(), "2026-11-22T08:15:00Z");
    }
}
