//! One file for each thing a person or a program can do. All order lives here; each file opens with its steps.

pub mod allow;
pub mod authorization_key;
pub mod authorization_key_grant;
pub mod authorize;
pub mod client_authority;
pub mod client_credentials;
pub mod code;
pub mod exchange_code;
pub mod introspect;
pub mod password_check;
pub mod password_grant;
pub mod query;
pub mod read_profile;
pub mod read_resource;
pub mod refresh_grant;
pub mod sign_in;
pub mod sign_out;
pub mod standing;
pub mod tokens;
