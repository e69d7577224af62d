//! One integration binary: linking is what costs. Each file is a behaviour; names are sentences.

// The harness grows with the behaviours; not each of its words is used at every moment.
#[allow(dead_code, unused_imports)]
mod prosper;

mod agent_role;
mod audit_chain;
mod authorization_key;
mod cli;
mod connected_apps;
mod console;
mod documentation;
mod documents;
mod durability;
mod error_tables;
mod investor_tokens;
mod login_authorize;
mod login_consent;
mod login_exchange;
mod login_hardening;
mod login_races;
mod login_user;
mod on_postgres;
mod password_change;
mod portal_attacks;
mod postgres_failover;
mod postgres_faults;
mod postgres_migrations;
mod postgres_move;
mod postgres_nodes;
mod promises;
mod real_clients;
mod register_app;
mod sandbox;
mod secrets;
mod serve;
mod setup;
mod sign_in;
mod sign_up;
mod spaces;
mod token_requests;
