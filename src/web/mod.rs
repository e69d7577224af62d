//! HTTP and HTML: requests in, answers out. No rules live here.

pub mod assets;
pub mod body;
pub mod listener;
pub mod pages;
pub mod peer;
