//! The clock that staff answer by: business days (A-05; seed 1, "up to 3 business days").
//!
//! A day is a day of UTC. Saturdays, Sundays and the holidays that are handed in do not count. What comes in on such a
//! day counts from the first moment of the next business day.

use std::time::Duration;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use super::time::Timestamp;

/// By when something that came in at `asked` is answered, when the answer may take `days` business days: the same time
/// of day, that many business days later.
pub fn due(asked: Timestamp, days: u32, holidays: &[Date]) -> Timestamp {
    let (mut date, mut time) = split(asked);
    if !is_business_day(date, holidays) {
        (date, time) = (next(date, holidays), 0);
    }
    for _ in 0..days {
        date = next(date, holidays);
    }
    join(date, time)
}

/// How many whole business days have gone by at `now`, at most `days`.
pub fn gone(asked: Timestamp, now: Timestamp, days: u32, holidays: &[Date]) -> u32 {
    (1..=days).take_while(|count| due(asked, *count, holidays).has_come(now)).last().unwrap_or(0)
}

/// Is it neither a weekend day nor a holiday?
pub fn is_business_day(date: Date, holidays: &[Date]) -> bool {
    !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) && !holidays.contains(&date)
}

/// The first business day after `date`; `date` itself at the end of the calendar.
fn next(date: Date, holidays: &[Date]) -> Date {
    let mut day = date;
    while let Ok(tomorrow) = day.tomorrow() {
        day = tomorrow;
        if is_business_day(day, holidays) {
            return day;
        }
    }
    date
}

/// The day of an instant, and the microseconds since that day began.
fn split(at: Timestamp) -> (Date, i64) {
    let whole = jiff::Timestamp::from_microsecond(at.micros()).unwrap_or(jiff::Timestamp::MAX);
    (whole.to_zoned(TimeZone::UTC).date(), at.micros().rem_euclid(DAY))
}

fn join(date: Date, micros: i64) -> Timestamp {
    let midnight = date.to_zoned(TimeZone::UTC).map_or(i64::MAX, |start| start.timestamp().as_microsecond());
    Timestamp::from_micros(midnight).plus(Duration::from_micros(u64::try_from(micros).unwrap_or(0)))
}

/// Microseconds of a day of UTC.
const DAY: i64 = 86_400_000_000;

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_micros(text.parse::<jiff::Timestamp>().expect("an instant").as_microsecond())
    }

    #[test]
    fn three_business_days_pass_over_the_weekend_a_05() {
        for (asked, answered) in [
            ("2026-11-23T17:00:00Z", "2026-11-26T17:00:00Z"), // Monday to Thursday
            ("2026-11-25T08:15:00Z", "2026-11-30T08:15:00Z"), // Wednesday to Monday
            ("2026-11-27T23:59:59Z", "2026-12-02T23:59:59Z"), // Friday to Wednesday
            ("2026-11-28T10:00:00Z", "2026-12-03T00:00:00Z"), // Saturday: all of Monday, Tuesday and Wednesday
            ("2026-11-29T10:00:00Z", "2026-12-03T00:00:00Z"),
        ] {
            assert_eq!(due(at(asked), 3, &[]), at(answered), "{asked}");
        }
        assert_eq!(due(at("2026-12-24T09:00:00Z"), 3, &[date(2026, 12, 25)]), at("2026-12-30T09:00:00Z"));
    }

    #[test]
    fn days_are_counted_once_they_are_over() {
        let asked = at("2026-11-27T12:00:00Z"); // a Friday
        for (now, count) in [
            ("2026-11-27T12:00:00Z", 0),
            ("2026-11-30T11:59:59Z", 0),
            ("2026-11-30T12:00:00Z", 1),
            ("2026-12-01T12:00:00Z", 2),
            ("2027-01-01T00:00:00Z", 3),
        ] {
            assert_eq!(gone(asked, at(now), 3, &[]), count, "{now}");
        }
    }

    fn instants() -> impl Strategy<Value = Timestamp> {
        (1_700_000_000_i64..2_000_000_000).prop_map(Timestamp::from_seconds)
    }

    fn holidays() -> impl Strategy<Value = Vec<Date>> {
        let day = (2023_i16..2034, 1_i8..13, 1_i8..29).prop_map(|(year, month, day)| date(year, month, day));
        proptest::collection::vec(day, 0..40)
    }

    /// Business time between two instants, counted by the quarter of an hour: slow, and plain to see right.
    fn business_quarters(from: Timestamp, to: Timestamp, holidays: &[Date]) -> i64 {
        const QUARTER: i64 = 900_000_000;
        (from.micros() / QUARTER..to.micros() / QUARTER)
            .filter(|quarter| is_business_day(split(Timestamp::from_micros(quarter * QUARTER)).0, holidays))
            .count()
            .try_into()
            .expect("few")
    }

    proptest! {
        #[test]
        fn exactly_that_many_days_of_business_lie_before_it_is_due(asked in instants(), days in 0_u32..9, holidays in holidays()) {
            let due = due(asked, days, &holidays);
            prop_assert_eq!(business_quarters(asked, due, &holidays), i64::from(days) * 96);
        }

        #[test]
        fn who_asks_earlier_is_never_answered_later(one in instants(), two in instants(), holidays in holidays()) {
            let (first, second) = (one.min(two), one.max(two));
            prop_assert!(due(first, 3, &holidays) <= due(second, 3, &holidays));
        }

        #[test]
        fn a_holiday_never_makes_an_answer_due_earlier(asked in instants(), holidays in holidays()) {
            prop_assert!(due(asked, 3, &[]) <= due(asked, 3, &holidays));
        }

        #[test]
        fn all_days_are_gone_exactly_when_it_is_due(asked in instants(), later in 0_u64..2_000_000, holidays in holidays()) {
            let now = asked.plus(Duration::from_secs(later));
            prop_assert_eq!(gone(asked, now, 3, &holidays) == 3, due(asked, 3, &holidays).has_come(now));
        }
    }
}
