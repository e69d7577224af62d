//! SHA-256 of what is no secret: the redirect URI that a code is bound to, a PKCE verifier, what a page showed.

use aws_lc_rs::digest::{SHA256, digest};

/// The SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, bytes).as_ref());
    out
}
