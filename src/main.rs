//! Prosper.
fn main() {}
