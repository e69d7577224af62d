//! Where a browser may be sent back to (B-07, L-04).
//!
//! A registered URI is compared byte for byte, never normalised: what two URL parsers might read differently can then
//! not be used to slip past. Only a query may be added at run time, and only one that does not carry the names the
//! server itself adds.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use url::{Host, Url};

/// A redirect URI that was legal to register.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RedirectUri(String);

/// Why a URI may not be registered (B-07).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectProblem {
    /// Over [`MOST_BYTES`].
    TooLong,
    /// A control, white space or non-ASCII byte.
    Characters,
    /// A backslash, which browsers read as a slash.
    Backslash,
    /// An asterisk: wildcards are not offered.
    Wildcard,
    /// A `#`.
    Fragment,
    /// A user name before the host.
    UserInfo,
    /// A query where none is allowed: it is added at run time.
    Query,
    /// Neither `https` nor `http` on loopback.
    Scheme,
    /// No host, or not a URL at all.
    Malformed,
}

/// Why a query may not be added to a registered URI (L-04).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryProblem {
    /// Over [`MOST_BYTES`].
    TooLong,
    /// A control, white space or non-ASCII byte.
    Characters,
    /// A backslash.
    Backslash,
    /// A `#`.
    Fragment,
    /// This name, which the server itself adds.
    Reserved(&'static str),
}

/// The most bytes of one URI (B-07).
pub const MOST_BYTES: usize = 2_000;
/// The most URIs of one application (B-07).
pub const MOST_URIS: usize = 20;

impl RedirectUri {
    /// Accepts a URI at registration. `query` says whether it may carry one of its own (an agent's may, B-07).
    ///
    /// # Errors
    /// The first rule it breaks.
    pub fn register(text: &str, query: bool) -> Result<Self, RedirectProblem> {
        let text = text.trim();
        if text.len() > MOST_BYTES {
            return Err(RedirectProblem::TooLong);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(RedirectProblem::Characters);
        }
        for (byte, problem) in
            [('\\', RedirectProblem::Backslash), ('*', RedirectProblem::Wildcard), ('#', RedirectProblem::Fragment)]
        {
            if text.contains(byte) {
                return Err(problem);
            }
        }
        if !query && text.contains('?') {
            return Err(RedirectProblem::Query);
        }
        // The scheme and the slashes as text: a parser also takes `https:host` and `HTTPS:///host`.
        let (rest, plain) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (rest, false),
            (None, Some(rest)) => (rest, true),
            (None, None) => return Err(RedirectProblem::Scheme),
        };
        if authority(rest).contains('@') {
            return Err(RedirectProblem::UserInfo);
        }
        let url = Url::parse(text).map_err(|_| RedirectProblem::Malformed)?;
        let host = url.host().filter(|_| !authority(rest).is_empty()).ok_or(RedirectProblem::Malformed)?;
        if plain && !is_loopback(&host) {
            return Err(RedirectProblem::Scheme);
        }
        Ok(Self(text.to_owned()))
    }

    /// A URI that was registered before, as stored.
    pub fn from_stored(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// As registered.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Is `given` this URI, with at most a query added at run time? (L-04)
    ///
    /// The bytes before the first `?` must equal the registered ones, and the query must be plain ASCII without a
    /// fragment, a backslash, or one of the names the server adds, however they are percent-encoded.
    pub fn matches(&self, given: &str) -> bool {
        let (base, query) = given.split_once('?').map_or((given, None), |(base, query)| (base, Some(query)));
        base == self.0 && query.is_none_or(|query| query_problem(query).is_none())
    }

    /// Scheme, host and port: what consent is asked again for when a new one appears, and what a page's `form-action`
    /// must allow (L-09, W-01).
    pub fn origin(&self) -> &str {
        origin(&self.0)
    }

    /// The host a person would recognise, with the port if one is written.
    pub fn host(&self) -> &str {
        let rest = self.0.split_once("://").map_or(self.0.as_str(), |(_, rest)| rest);
        authority(rest)
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Appends parameters to a verified URI, with `?` or, where it has a query, `&`; the query that is there stays as it
/// came (L-03). Values are bytes, since a state need not be text; they are percent-encoded so that any form decoder gives
/// them back as they were.
pub fn with_parameters(uri: &str, parameters: &[(&str, &[u8])]) -> String {
    let room: usize = parameters.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    let mut out = String::with_capacity(uri.len() + room);
    out.push_str(uri);
    let mut join = match uri.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    for (name, value) in parameters {
        out.push_str(join);
        out.push_str(name);
        out.push('=');
        out.extend(percent_encode(value, ENCODED));
        join = "&";
    }
    out
}

/// Is this an `https` address of a site, without user name, fragment or wildcard? For homepages (B-03, B-04).
pub fn is_homepage(text: &str) -> bool {
    RedirectUri::register(text, true).is_ok() && text.trim().len() <= 500
}

/// The host of a homepage, for people.
pub fn host_of(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| authority(rest))
}

/// What stands before the path. Whatever is registered has a scheme.
fn origin(uri: &str) -> &str {
    let scheme = uri.find("://").map_or(0, |at| at + 3);
    &uri[..scheme + authority(&uri[scheme..]).len()]
}

fn authority(rest: &str) -> &str {
    &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())]
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// What is wrong with a query that was added at run time, if anything is (L-04).
pub fn query_problem(query: &str) -> Option<QueryProblem> {
    for (byte, problem) in [('#', QueryProblem::Fragment), ('\\', QueryProblem::Backslash)] {
        if query.contains(byte) {
            return Some(problem);
        }
    }
    if !query.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some(QueryProblem::Characters);
    }
    if query.len() > MOST_BYTES {
        return Some(QueryProblem::TooLong);
    }
    url::form_urlencoded::parse(query.as_bytes())
        .find_map(|(name, _)| ADDED_BY_US.into_iter().find(|ours| *ours == name.trim()))
        .map(QueryProblem::Reserved)
}

/// The names a redirect of ours carries (L-04).
const ADDED_BY_US: [&str; 5] = ["code", "state", "error", "error_description", "iss"];

/// All but what RFC 3986 calls unreserved.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn https_anywhere_and_http_on_loopback_may_be_registered_b_07() {
        for good in [
            "https://app.example/cb",
            "https://app.example:8443/a/b",
            "http://127.0.0.1:9000/cb",
            "http://localhost/cb",
            "http://[::1]:9/cb",
        ] {
            assert_eq!(RedirectUri::register(good, false).as_ref().map(RedirectUri::as_str), Ok(good));
        }
        assert!(RedirectUri::register("https://agent.example/cb?tenant=1", true).is_ok());
    }

    #[test]
    fn everything_else_is_refused_with_its_reason_b_07() {
        use RedirectProblem::*;
        let long = format!("https://app.example/{}", "a".repeat(MOST_BYTES));
        for (bad, why) in [
            ("javascript:alert(1)", Scheme),
            ("data:text/html,x", Scheme),
            ("http://app.example/cb", Scheme),
            ("http://127.0.0.1.evil.test/cb", Scheme),
            ("HTTPS://app.example/cb", Scheme),
            ("https:app.example/cb", Scheme),
            ("//app.example/cb", Scheme),
            ("", Scheme),
            ("https://", Malformed),
            ("https:///cb", Malformed),
            ("https://*.example/cb", Wildcard),
            ("https://app.example/*", Wildcard),
            ("https://u@app.example/cb", UserInfo),
            ("https://app.example/cb#x", Fragment),
            ("https://evil.test\\@app.example/cb", Backslash),
            ("https://\u{430}pp.example/cb", Characters),
            ("https://app.example/c b", Characters),
            ("https://app.example/cb?x=1", Query),
            (&long, TooLong),
        ] {
            assert_eq!(RedirectUri::register(bad, false), Err(why), "{bad}");
        }
    }

    #[test]
    fn a_run_time_query_is_kept_as_it_came_l_03() {
        let uri = "https://app.example/cb?x=1&y=%2f";
        assert!(RedirectUri::from_stored("https://app.example/cb").matches(uri));
        assert_eq!(with_parameters(uri, &[("code", b"a"), ("state", b"b c")]), format!("{uri}&code=a&state=b%20c"));
        assert_eq!(with_parameters("https://a.example/cb", &[("code", b"a")]), "https://a.example/cb?code=a");
        assert_eq!(with_parameters("https://a.example/cb?", &[("code", b"a")]), "https://a.example/cb?code=a");
    }

    #[test]
    fn names_the_server_adds_may_not_come_in_l_04() {
        let uri = RedirectUri::from_stored("https://app.example/cb");
        for query in [
            "code=1",
            "a=1&state=2",
            "%63ode=1",
            "error=x",
            "error_description=x",
            "iss=x",
            "+code=1",
            "a=\\",
            "a=%0a#",
        ] {
            assert!(!uri.matches(&format!("https://app.example/cb?{query}")), "{query}");
        }
        for query in ["", "x", "decode=1", "a=code", "Code=1"] {
            assert!(uri.matches(&format!("https://app.example/cb?{query}")), "{query}");
        }
    }

    proptest! {
        #[test]
        fn nothing_but_the_registered_bytes_matches_l_04(given in ".{0,60}") {
            let uri = RedirectUri::from_stored("https://app.example/cb");
            let base = given.split('?').next().unwrap_or("");
            prop_assert_eq!(uri.matches(&given), base == "https://app.example/cb" && given.split_once('?').is_none_or(|(_, q)| query_problem(q).is_none()));
        }

        #[test]
        fn any_edit_of_the_registered_text_is_another_uri_l_04(at in 0usize..22, byte in 0x21u8..0x7f) {
            let registered = "https://app.example/cb";
            let mut edited = registered.as_bytes().to_vec();
            edited[at] = byte;
            let edited = String::from_utf8(edited).expect("ascii");
            let same = edited == registered;
            prop_assert_eq!(RedirectUri::from_stored(registered).matches(&edited), same);
        }

        #[test]
        fn state_comes_back_byte_for_byte_l_03(state in "\\PC{0,80}") {
            let sent = with_parameters("https://app.example/cb", &[("state", state.as_bytes())]);
            let query = sent.split_once('?').expect("has a query").1;
            let (_, back) = url::form_urlencoded::parse(query.as_bytes()).next().expect("has a state");
            prop_assert_eq!(back.as_ref(), state.as_str());
        }
    }
}
