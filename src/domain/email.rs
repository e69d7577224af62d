//! Email addresses: login names, matched case-insensitively by one documented fold (A-01, R-69).
//!
//! The fold is ASCII lower case, and an address is ASCII. A dotless `ı` or a Kelvin sign can therefore never fold into
//! somebody else's `i` or `k`: such an address is refused where it is typed.

use super::FieldProblem;

/// An email address as its owner writes it, with the folded form that it is found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    written: String,
    folded: String,
}

impl Email {
    /// Reads an address: ASCII, one `@`, something before it, a host name after it, at most 254 bytes.
    ///
    /// # Errors
    /// [`FieldProblem::Missing`], [`FieldProblem::TooLong`] or [`FieldProblem::Email`].
    pub fn parse(text: &str) -> Result<Self, FieldProblem> {
        let text = text.trim();
        if text.is_empty() {
            return Err(FieldProblem::Missing);
        }
        if text.len() > MOST_BYTES {
            return Err(FieldProblem::TooLong(MOST_BYTES));
        }
        let (local, host) = text.split_once('@').ok_or(FieldProblem::Email)?;
        if is_local_part(local) && is_host(host) {
            Ok(Self { written: text.to_owned(), folded: fold(text) })
        } else {
            Err(FieldProblem::Email)
        }
    }

    /// As its owner wrote it.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// The form it is matched by.
    pub fn folded(&self) -> &str {
        &self.folded
    }
}

/// The one fold: ASCII lower case. Also applied to what is typed at sign-in.
pub fn fold(text: &str) -> String {
    text.trim().to_ascii_lowercase()
}

/// The longest address, in bytes (RFC 5321 §4.5.3.1.3 less the brackets).
pub const MOST_BYTES: usize = 254;

fn is_local_part(local: &str) -> bool {
    // Quoted local parts are legal and used by nobody; brackets and separators open doors in mail headers (R-73).
    !local.is_empty()
        && local.len() <= 64
        && local.bytes().all(|byte| byte.is_ascii_graphic() && !br#""(),:;<>@[\]"#.contains(&byte))
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
}

fn is_host(host: &str) -> bool {
    host.split('.').all(|label| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_match_whatever_their_case() {
        let email = Email::parse(" Ada+Test=1%@Example.COM ").expect("legal");
        assert_eq!(email.as_str(), "Ada+Test=1%@Example.COM");
        assert_eq!(email.folded(), fold("aDA+tEST=1%@eXAMPLE.com"));
    }

    #[test]
    fn look_alikes_and_header_injection_are_refused_r_69_r_73() {
        for bad in [
            "m\u{131}ke@x.test",
            "\u{212a}@x.test",
            "a@b@c",
            "a",
            "@x.test",
            "a@",
            "a@-x.test",
            "a b@x.test",
            "a@x..test",
        ] {
            assert_eq!(Email::parse(bad), Err(FieldProblem::Email), "{bad}");
        }
        assert_eq!(Email::parse("a@x.test\r\nBcc: b@x.test"), Err(FieldProblem::Email));
        assert_eq!(Email::parse(""), Err(FieldProblem::Missing));
        assert_eq!(Email::parse(&format!("{}@x.test", "a".repeat(300))), Err(FieldProblem::TooLong(MOST_BYTES)));
    }
}
