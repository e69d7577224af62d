//! The Prosper client.
