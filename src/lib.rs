//! Prosper: an OAuth 2.0 provider and developer platform.
//!
//! The floors, from the top down; a module uses only what stands below it:
//!
//! 5. `cli`, `web`: speak terminal, HTTP and HTML. Parse in, render out. No rules.
//! 4. `flows`: one file for each thing a person or program can do. All order lives here.
//! 3. [`store`], [`crypto`], [`mail`]: doors to the outside.
//! 2. [`contract`]: what the documents promise on the wire.
//! 1. [`domain`]: entities and their legal moves.
//!
//! [`clock`], [`config`], [`fault`] and [`telemetry`] stand beside the domain.

pub mod cli;
pub mod clock;
pub mod config;
pub mod contract;
pub mod crypto;
pub mod domain;
pub mod fault;
pub mod flows;
pub mod mail;
pub mod prosper;
pub mod store;
pub mod telemetry;
pub mod web;
