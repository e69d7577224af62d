//! Why a mail did not go, for staff in the console and at the terminal. What a mail server said stands as it said it.

use std::fmt::Display;

/// No transport is set.
pub const NOT_CONFIGURED: &str = "no mail is configured";
/// The same, to whoever tries it out.
pub const NOT_CONFIGURED_SO_SET: &str = "no mail is configured: set mail.transport";
/// What seals mails has retired since.
pub const KEY_RETIRED: &str = "the key that sealed it has retired";
/// The writer of the file was not heard of again.
pub const FILE_LOST: &str = "the file could not be written";

/// The file cannot be written.
pub fn file(error: impl Display) -> String {
    format!("the file cannot be written: {error}")
}

/// The file of trusted certificates.
pub fn trusted(error: impl Display) -> String {
    format!("mail.ca cannot be used: {error}")
}

/// The mail server took too long.
pub fn silence(seconds: u64) -> String {
    format!("the mail server took longer than {seconds} seconds")
}

/// Given up after a day, the last time for this reason.
pub fn given_up(why: &str) -> String {
    format!("not within a day: {why}")
}
