//! The door to cryptography: what is sealed, what is kept as a keyed hash, what is hashed as a password.
//!
//! Three kinds of credential leave Prosper, and each is checked in its own way (`docs/decisions/0001`):
//!
//! * **sealed** ([`seal`]): codes, access tokens, form tokens. They carry their own facts, so a check reads no table;
//! * **random** ([`ticket`]): refresh tokens, authorization keys, sessions, mailed links, and client secrets. They are
//!   found by an id and checked against a keyed hash ([`secret::KeyedHash`]);
//! * **passwords** ([`password`]): argon2id, on threads of its own, behind a bounded queue.
//!
//! The keys of the first two lie in a ring ([`keys`]), wrapped by a master key that is never in the database.

pub mod chain;
pub mod digest;
pub mod entropy;
pub mod keys;
pub mod password;
pub mod ring;
pub mod seal;
pub mod secret;
pub mod ticket;

pub use seal::Purpose;
pub use secret::Kind;
