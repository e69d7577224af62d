//! What `error_description` says of an authorize request that is malformed: `InvalidRequest` of Login with Prosper,
//! `Malformed` of the authorization keys. Texts of the wire, so English and ASCII in every language (RFC 6749 §4.1.2.1).

/// A parameter that is read came twice.
pub const REPEATED: &str = "A parameter was sent more than once";
/// More than [`super::lifetimes::MOST_STATE_BYTES`].
pub const STATE_TOO_LONG: &str = "The state is longer than 2048 bytes";
/// The application requires PKCE.
pub const CHALLENGE_MISSING: &str = "This application must send a code_challenge";
/// A method and nothing to apply it to.
pub const CHALLENGE_METHOD_ALONE: &str = "A code_challenge_method came without a code_challenge";
/// RFC 7636 §4.2.
pub const CHALLENGE_UNREADABLE: &str = "The code_challenge is not a base64url SHA-256 of 43 characters";
/// `plain` is not offered.
pub const CHALLENGE_METHOD: &str = "The code_challenge_method must be S256";
