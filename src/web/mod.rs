//! HTTP and HTML: requests in, answers out. No rules live here.

pub mod assets;
pub mod pages;
