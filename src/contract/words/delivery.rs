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

/// A header of it would break.
pub const BAD_HEADER: &str = "its subject or sender has characters that no header may have";
/// One of its addresses cannot be one.
pub const BAD_ADDRESS: &str = "an address on it is not one that mail can be sent to";

/// Its parts cannot be made one message.
pub fn not_put_together(error: impl Display) -> String {
    format!("it cannot be put together: {error}")
}

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
