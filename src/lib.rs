//! Prosper.
