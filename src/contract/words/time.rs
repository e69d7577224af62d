//! Dates in mails and at the terminal, for people. A page writes its own (`When` in its views); programs read RFC 3339 (`Timestamp::rfc3339`).

use crate::domain::time::Timestamp;

/// `22 November 2026, 08:15 UTC`.
pub fn date(at: Timestamp) -> String {
    at.civil().map_or_else(|| at.micros().to_string(), |at| at.strftime("%-d %B %Y, %H:%M UTC").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_dates_in_words() {
        let at = Timestamp::from_seconds(1_795_335_300);
        assert_eq!(date(at), "22 November 2026, 08:15 UTC");
    }
}
