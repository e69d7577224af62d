//! The subjects of mails. Nothing that anybody typed stands in one.

/// A subject; the name says what the mail is about.
pub const SUBJECT_VERIFY_EMAIL: &str = "Please confirm your email address";
/// See [`SUBJECT_VERIFY_EMAIL`].
pub const SUBJECT_ADDRESS_TAKEN: &str = "Somebody tried to register with your email address";
/// See [`SUBJECT_VERIFY_EMAIL`].
pub const SUBJECT_ADDRESS_WANTED: &str = "Somebody tried to use your email address for another account";
/// See [`SUBJECT_VERIFY_EMAIL`].
pub const SUBJECT_IN_REVIEW: &str = "We are looking at your registration";
/// See [`SUBJECT_VERIFY_EMAIL`].
pub const SUBJECT_AGENT_REQUESTED: &str = "We have your request to become a third-party agent";
/// See [`SUBJECT_VERIFY_EMAIL`].
pub const SUBJECT_AGENT_APPROVED: &str = "You are a third-party agent now";
/// See [`SUBJECT_VERIFY_EMAIL`].
pub const SUBJECT_AGENT_DECLINED: &str = "Your request to become a third-party agent";
/// See [`SUBJECT_VERIFY_EMAIL`].
pub const SUBJECT_AGENT_WITHDRAWN: &str = "You are no longer a third-party agent";
/// See [`SUBJECT_VERIFY_EMAIL`].
pub const SUBJECT_ACCOUNT_ACTIVE: &str = "Your account can be used now";
/// See [`SUBJECT_VERIFY_EMAIL`].
pub const SUBJECT_ACCOUNT_ACTIVE_AGAIN: &str = "Your account can be used again";
/// See [`SUBJECT_VERIFY_EMAIL`].
pub const SUBJECT_STATUS_MOVED: &str = "The status of your account was changed";
/// See [`SUBJECT_VERIFY_EMAIL`].
pub const SUBJECT_PASSWORD_CHANGED: &str = "Your password was changed";
/// See [`SUBJECT_VERIFY_EMAIL`].
pub const SUBJECT_PASSWORD_USED: &str = "Your password was used from a new place";
/// See [`SUBJECT_VERIFY_EMAIL`].
pub const SUBJECT_APP_HANDED_OVER: &str = "Your app is registered";
/// See [`SUBJECT_VERIFY_EMAIL`].
pub const SUBJECT_INVITED: &str = "You are invited to open an account";
/// See [`SUBJECT_VERIFY_EMAIL`].
pub const SUBJECT_RESET_PASSWORD: &str = "Choose a new password";
/// See [`SUBJECT_VERIFY_EMAIL`].
pub const SUBJECT_CONFIRM_NEW_EMAIL: &str = "Please confirm your new email address";
/// See [`SUBJECT_VERIFY_EMAIL`].
pub const SUBJECT_EMAIL_CHANGE_ASKED: &str = "Somebody asked to change the email address of your account";
/// See [`SUBJECT_VERIFY_EMAIL`].
pub const SUBJECT_EMAIL_CHANGED: &str = "The email address of your account was changed";
/// See [`SUBJECT_VERIFY_EMAIL`].
pub const SUBJECT_EMAIL_RESTORED: &str = "Your email address is back";
/// See [`SUBJECT_VERIFY_EMAIL`].
pub const SUBJECT_ACCOUNT_CLOSED: &str = "Your account is closed";
/// See [`SUBJECT_VERIFY_EMAIL`].
pub const SUBJECT_ERASURE_PLANNED: &str = "What we know of you will be erased";
/// See [`SUBJECT_VERIFY_EMAIL`].
pub const SUBJECT_ERASURE_OFF: &str = "What we know of you is not erased";
/// See [`SUBJECT_VERIFY_EMAIL`].
pub const SUBJECT_GRANTED: &str = "You let an application use your account";
/// See [`SUBJECT_VERIFY_EMAIL`].
pub const SUBJECT_TRIAL: &str = "Mail can be sent";
/// The text of a mail that tries sending out.
pub const TRIAL: &str = "This mail was sent to see whether mail can be sent. It can.";
