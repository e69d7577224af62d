//! What is answered where every site is asked the same: a text for crawlers, one for whoever found a weakness.

use crate::domain::time::Timestamp;

/// `robots.txt`: the front page and the documentation may be found, nothing else is for a search engine.
pub const ROBOTS: &str = "User-agent: *\nAllow: /$\nAllow: /docs\nDisallow: /\n";

/// Where RFC 9116 has it.
pub const SECURITY_PATH: &str = "/.well-known/security.txt";

/// `security.txt` (RFC 9116): whom to write to, an email address, and until when that may be relied on. `https` is the URL
/// that the path is beneath, if it is one of https: only such a one may be named (section 2.5.2).
pub fn security(contact: &str, expires: Timestamp, https: Option<&str>) -> String {
    let canonical = https.map(|url| format!("Canonical: {url}{SECURITY_PATH}\n")).unwrap_or_default();
    format!("Contact: mailto:{contact}\nExpires: {expires}\nPreferred-Languages: en\n{canonical}")
}
