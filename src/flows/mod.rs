//! One file for each thing a person or a program can do. All order lives here; each file opens with its steps.

pub mod authorization_key_grant;
pub mod client_authority;
pub mod client_credentials;
pub mod introspect;
pub mod password_check;
pub mod password_grant;
pub mod read_resource;
pub mod refresh_grant;
pub mod standing;
pub mod tokens;
