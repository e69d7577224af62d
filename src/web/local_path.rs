//! Where a person goes on to after signing in: a path of ours, and nothing that a browser could read as another place
//! (R-28).

/// A path on our own origin, with its query perhaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalPath(String);

impl LocalPath {
    /// `None` for anything but a path of ours. Browsers read a backslash as a slash, drop tabs and line ends wherever
    /// they stand, and take `//host` for another site; so only plain ASCII passes, one slash first and no backslash.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        (plain && text.starts_with('/') && !text.starts_with("//")).then(|| Self(text.to_owned()))
    }

    /// The text, as it can stand in `Location`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path, and what stands behind its `?`.
    pub fn parts(&self) -> (&str, &str) {
        let whole = self.0.split_once('#').map_or(self.0.as_str(), |(whole, _)| whole);
        whole.split_once('?').unwrap_or((whole, ""))
    }
}

/// The sign-in page that leads on to `path`.
pub fn sign_in_and_then(path: &str) -> String {
    leading_on("/login", path)
}

/// A page at which a password is typed, the console's own or everybody's, that leads on to `path`.
pub fn leading_on(sign_in: &str, path: &str) -> String {
    let mut to = String::with_capacity(sign_in.len() + path.len() + 32);
    to.push_str(sign_in);
    to.push_str("?next=");
    to.extend(url::form_urlencoded::byte_serialize(path.as_bytes()));
    to
}

/// The same page, which then says that a form came in when its session had ended, and came to nothing.
pub fn after_lost_form(to: &str) -> String {
    let (name, value) = LOST_FORM;
    format!("{to}&{name}={value}")
}

/// What the query of a sign-in page carries when a form was lost on the way to it.
pub const LOST_FORM: (&str, &str) = ("lost", "form");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    #[test]
    fn other_places_are_no_paths_of_ours_r_28() {
        for bad in [
            "//evil.test",
            "/\\evil.test",
            "\\/evil.test",
            "/\t/evil.test",
            "https://evil.test",
            "javascript:alert(1)",
            "",
            "account",
            "/\u{2f}\u{5c}x",
            "/a\r\nSet-Cookie: x=1",
            "/caf\u{e9}",
            " /account",
        ] {
            assert_eq!(LocalPath::parse(bad), None, "{bad:?}");
        }
        let good = LocalPath::parse("/login/oauth/authorize?state=%FF&x=//evil.test#f").expect("a path of ours");
        assert_eq!(good.parts(), ("/login/oauth/authorize", "state=%FF&x=//evil.test"));
    }

    proptest! {
        #[test]
        fn whatever_passes_stays_on_our_origin_r_28(text in r"[/\\]{0,3}[/\\.@:%?#a-z0-9\t\n -]{0,24}|.{0,24}") {
            let home = Url::parse("https://id.example/login").expect("a url");
            if let Some(path) = LocalPath::parse(&text) {
                let there = home.join(path.as_str()).expect("a browser goes somewhere");
                prop_assert_eq!(there.origin(), home.origin());
            }
        }
    }
}
