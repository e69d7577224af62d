//! How long things live, and how much of a thing is taken. One place for each (W-05).

use std::time::Duration;

const fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

const fn hours(count: u64) -> Duration {
    minutes(count * 60)
}

const fn days(count: u64) -> Duration {
    hours(count * 24)
}

/// An Investor API access token (T-01).
pub const ACCESS_TOKEN: Duration = hours(1);
/// `expires_in` of an Investor API token: the last whole second in which it surely works (T-01; seed 2).
pub const ACCESS_TOKEN_EXPIRES_IN: u64 = 3_599;
/// A refresh token, from the password request; refreshing never extends it (T-02).
pub const REFRESH_TOKEN: Duration = hours(10);
/// An authorization code (L-10).
pub const CODE: Duration = minutes(5);
/// A Login with Prosper token (L-12).
pub const LOGIN_TOKEN: Duration = minutes(15);
/// `expires_in` of a Login token (L-12; seed 3).
pub const LOGIN_TOKEN_EXPIRES_IN: u64 = 900;
/// A replay of a used code later than this after its first use revokes what that use got; until then it only loses (L-15).
pub const DOUBLE_SUBMIT: Duration = Duration::from_secs(10);
/// The longest `state` that is echoed, in bytes (L-03).
pub const MOST_STATE_BYTES: usize = 2_048;

/// How long a rotated secret goes on working, unless its owner says otherwise (B-05).
pub const SECRET_OVERLAP: Duration = hours(24);
/// The longest overlap an owner may choose (B-05).
pub const LONGEST_SECRET_OVERLAP: Duration = days(30);

/// A browser session ends when it has not been used for this long.
pub const SESSION_IDLE: Duration = hours(12);
/// A browser session ends this long after sign-in, used or not.
pub const SESSION: Duration = days(14);
/// A sealed form token: how long a page may stay open before it is posted.
pub const FORM_TOKEN: Duration = hours(2);
/// How long a denial may take from its post to the request that it answers.
pub const DENIAL: Duration = minutes(1);
/// The one-time link with which the first staff account is made.
pub const SETUP_LINK: Duration = hours(1);
/// The one-time link at which an owner draws the secret of an application that staff registered.
pub const HANDOVER_LINK: Duration = days(7);
/// A session of the staff console ends when it has not been used for this long.
pub const STAFF_SESSION_IDLE: Duration = minutes(15);
/// A session of the staff console ends this long after the password was typed, used or not.
pub const STAFF_SESSION: Duration = hours(8);
/// A mailed link that validates an email address.
pub const VERIFICATION_LINK: Duration = hours(1);

/// A link that opens an account by invitation.
pub const INVITATION_LINK: Duration = days(7);
/// A mailed link that sets a new password.
pub const RESET_LINK: Duration = minutes(30);
/// A mailed link that makes its address an account's.
pub const CHANGE_EMAIL_LINK: Duration = hours(1);
/// A mailed link that takes such a change back: as long as somebody may be away from their mail.
pub const UNDO_EMAIL_LINK: Duration = days(7);

/// How long what `security.txt` says may be relied on; it is written anew whenever it is asked for.
pub const SECURITY_TXT: Duration = days(90);

/// How long a mail may wait in the outbox and still be read.
pub const MAIL: Duration = days(3);

/// The largest body of a request.
pub const MOST_BODY_BYTES: usize = 16 * 1024;
/// The deepest JSON that is read.
pub const MOST_JSON_DEPTH: usize = 32;
/// The largest request line and headers together (W-00).
pub const MOST_HEADER_BYTES: usize = 16 * 1024;
/// The largest logo that is accepted.
pub const MOST_LOGO_BYTES: usize = 1024 * 1024;
/// The most applications of one account.
pub const MOST_APPLICATIONS: i64 = 50;
/// The most live secrets of one application: the current one and the one it replaces (B-05).
pub const MOST_SECRETS: usize = 2;
/// The most mails of one kind in an hour that strangers can cause to one address.
pub const MOST_MAILS_AN_HOUR: i64 = 5;
/// The most notices in an hour of what an account itself did over and over: each new grant is one.
pub const MOST_NOTICES_AN_HOUR: i64 = 20;
/// How many of its requests an application's owner can look up: the newest. Anybody who knows a client id can cause one.
pub const MOST_REQUESTS_KEPT: i64 = 100_000;
/// A mail that could not be sent is given up this long after it was written.
pub const MAIL_GIVEN_UP: Duration = hours(24);
/// A mail that is being sent is no other node's for this long; longer than sending may take.
pub const MAIL_LEASE: Duration = minutes(5);
/// How long a mail server may take over one mail.
pub const MAIL_PATIENCE: Duration = minutes(1);
