//! In what an address differs from a registered redirect URI, for the owner who wonders why it is refused (B-07, L-04).
//!
//! It looks at text alone and fetches nothing. The verdict is that of [`RedirectUri::matches`]; the parts are only named
//! to explain it, so they are cut where a person would cut them, without a parser's corrections.

use super::redirect_uri::{MOST_BYTES, QueryProblem, RedirectUri, query_problem};

/// A part of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Before `://`.
    Scheme,
    /// Up to the port, with a user name if there is one.
    Host,
    /// The digits after the host, if any.
    Port,
    /// From the first slash on.
    Path,
    /// After the first `?`.
    Query,
}

/// What the difference comes from, where it is one of the usual ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// Capital and small letters.
    Case,
    /// A slash at the end.
    Slash,
    /// A port that a browser leaves out.
    DefaultPort,
    /// `localhost` and `127.0.0.1` are two names.
    Loopback,
    /// The same characters, percent-encoded.
    Encoding,
    /// What is wrong with a query that was added.
    Query(QueryProblem),
}

/// One part that is not as registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference<'a> {
    /// Which part.
    pub part: Part,
    /// As registered; empty where there is none.
    pub registered: &'a str,
    /// As given; empty where there is none.
    pub given: &'a str,
    /// Bytes at the beginning of both that are the same; a boundary of characters in both.
    pub same: usize,
    /// Where in the whole given text the two part, in bytes.
    pub at: usize,
    /// The usual cause, if it is one.
    pub hint: Option<Hint>,
}

/// What comes of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// It is this one, by its place in the list.
    Matches(usize),
    /// It is none of them; this one is the nearest, by its place in the list, and differs in these parts.
    Differs(usize, Vec<Difference<'a>>),
    /// Nothing is registered that it could be.
    NothingRegistered,
}

/// Holds `given` against each registered URI. `query` says whether one may be added at run time; where it may not, the
/// whole text must be equal.
pub fn compare<'a>(registered: &'a [RedirectUri], given: &'a str, query: bool) -> Verdict<'a> {
    let matches = |uri: &RedirectUri| if query { uri.matches(given) } else { uri.as_str() == given };
    if let Some(place) = registered.iter().position(matches) {
        return Verdict::Matches(place);
    }
    let found = registered.iter().enumerate().map(|(place, uri)| (place, differences(uri.as_str(), given, query)));
    let nearness = |differences: &[Difference<'_>]| {
        (differences.len(), std::cmp::Reverse(differences.first().map(|first| first.at)))
    };
    match found.min_by_key(|(_, differences)| nearness(differences)) {
        Some((place, differences)) => Verdict::Differs(place, differences),
        None => Verdict::NothingRegistered,
    }
}

fn differences<'a>(registered: &'a str, given: &'a str, query: bool) -> Vec<Difference<'a>> {
    let (wanted, brought) = (cut(registered), cut(given));
    let mut found = Vec::new();
    for (wanted, brought) in wanted.into_iter().zip(brought) {
        let added = query && wanted.part == Part::Query && wanted.text.is_empty();
        let hint = if added {
            // A query may be added; only what is wrong with it is a difference.
            match query_problem(brought.text.strip_prefix('?').unwrap_or(brought.text)) {
                Some(problem) => Some(Hint::Query(problem)),
                None => continue,
            }
        } else if wanted.text == brought.text {
            continue;
        } else {
            hint(&wanted, &brought, registered)
        };
        let same = if added { 0 } else { common(wanted.text, brought.text) };
        let at = brought.at + same;
        found.push(Difference { part: wanted.part, registered: wanted.text, given: brought.text, same, at, hint });
    }
    found
}

/// A part of a text, and where it begins.
struct Piece<'a> {
    part: Part,
    text: &'a str,
    at: usize,
}

fn cut(text: &str) -> [Piece<'_>; 5] {
    // A bare separator stands for itself: texts whose parts are equal are equal.
    let (whole, query) = match text.split_once('?') {
        Some((whole, "")) => (whole, "?"),
        Some(found) => found,
        None => (text, ""),
    };
    let (scheme, rest) = whole.split_once("://").unwrap_or(("", whole));
    let rest_at = whole.len() - rest.len();
    let authority = &rest[..rest.find(['/', '#']).unwrap_or(rest.len())];
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, "")) => (host, ":"),
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, port),
        _ => (authority, ""),
    };
    let piece = |part, text, at| Piece { part, text, at };
    [
        piece(Part::Scheme, scheme, 0),
        piece(Part::Host, host, rest_at),
        piece(Part::Port, port, rest_at + authority.len() - port.len()),
        piece(Part::Path, &rest[authority.len()..], rest_at + authority.len()),
        piece(Part::Query, query, text.len() - query.len()),
    ]
}

/// How many bytes at the beginning are the same, whole characters of both.
fn common(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
}

fn hint(wanted: &Piece<'_>, brought: &Piece<'_>, registered: &str) -> Option<Hint> {
    let (a, b) = (wanted.text, brought.text);
    if a.eq_ignore_ascii_case(b) {
        return Some(Hint::Case);
    }
    match wanted.part {
        Part::Host if is_loopback_name(a) && is_loopback_name(b) => Some(Hint::Loopback),
        Part::Port => {
            let usual = if registered.starts_with("https://") { "443" } else { "80" };
            ((a == usual && b.is_empty()) || (b == usual && a.is_empty())).then_some(Hint::DefaultPort)
        }
        Part::Path if a.strip_suffix('/') == Some(b) || b.strip_suffix('/') == Some(a) => Some(Hint::Slash),
        Part::Path | Part::Query if decoded(a) == decoded(b) => Some(Hint::Encoding),
        _ => None,
    }
}

fn is_loopback_name(host: &str) -> bool {
    ["localhost", "127.0.0.1", "[::1]"].contains(&host.to_ascii_lowercase().as_str())
}

/// The bytes that percent-encoding stands for.
fn decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let digit =
        |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16)).and_then(|d| u8::try_from(d).ok());
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push(high * 16 + low);
                at += 3;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}

/// The longest text that is looked at: a registered URI, and a query of the same length.
pub const MOST_TESTED_BYTES: usize = 2 * MOST_BYTES + 1;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REGISTERED: &str = "https://app.example:8443/oauth/back";

    fn one(text: &str) -> Vec<RedirectUri> {
        vec![RedirectUri::from_stored(text)]
    }

    fn parts(registered: &str, given: &str) -> Vec<(Part, usize, Option<Hint>)> {
        match compare(&one(registered), given, true) {
            Verdict::Differs(0, found) => found.iter().map(|found| (found.part, found.at, found.hint)).collect(),
            other => panic!("{given}: {other:?}"),
        }
    }

    #[test]
    fn the_usual_slips_are_named_with_their_place() {
        let https = "https://app.example/back";
        assert_eq!(parts(https, "http://app.example/back"), [(Part::Scheme, 4, None)]);
        assert_eq!(parts(https, "https://app.example/back/"), [(Part::Path, 24, Some(Hint::Slash))]);
        assert_eq!(parts(https, "https://App.example/back"), [(Part::Host, 8, Some(Hint::Case))]);
        assert_eq!(parts(https, "https://app.example:443/back"), [(Part::Port, 20, Some(Hint::DefaultPort))]);
        assert_eq!(parts(https, "https://app.example/%62ack"), [(Part::Path, 20, Some(Hint::Encoding))]);
        assert_eq!(parts("http://127.0.0.1:1/", "http://localhost:1/"), [(Part::Host, 7, Some(Hint::Loopback))]);
        assert_eq!(parts(https, "app.example/back"), [(Part::Scheme, 0, None)]);
        let added = Some(Hint::Query(QueryProblem::Reserved("state")));
        assert_eq!(parts(https, "https://app.example/back?a=1&state=2"), [(Part::Query, 25, added)]);
        assert_eq!(parts("https://[::1]:9/", "https://[::1]:8/"), [(Part::Port, 14, None)]);
    }

    #[test]
    fn the_nearest_of_several_is_named() {
        let all = ["https://a.example/x", "https://b.example/y", "https://b.example/yes"].map(RedirectUri::from_stored);
        assert!(matches!(compare(&all, "https://b.example/yet", true), Verdict::Differs(2, found) if found.len() == 1));
        assert_eq!(compare(&all, "https://b.example/y?q=1", true), Verdict::Matches(1));
        assert_eq!(compare(&[], "https://b.example/y", true), Verdict::NothingRegistered);
    }

    #[test]
    fn where_no_query_may_be_added_the_whole_text_counts() {
        let agent = one("https://agent.example/cb?tenant=1");
        assert_eq!(compare(&agent, "https://agent.example/cb?tenant=1", false), Verdict::Matches(0));
        let other = compare(&agent, "https://agent.example/cb?tenant=2", false);
        assert!(matches!(other, Verdict::Differs(0, found) if found[0].part == Part::Query && found[0].same == 7));
        assert!(matches!(compare(&one("https://a.example/"), "https://a.example/?x", false), Verdict::Differs(..)));
    }

    proptest! {
        #[test]
        fn the_verdict_is_that_of_the_server_and_a_refusal_always_has_its_reason(
            given in prop_oneof![".{0,60}", "https://app\\.example:8443/oauth/back\\PC{0,20}", "https?://[a-zA-Z.:/?#&=%0-9]{0,40}"],
        ) {
            let registered = one(REGISTERED);
            match compare(&registered, &given, true) {
                Verdict::Matches(place) => prop_assert!(registered[place].matches(&given)),
                Verdict::Differs(_, found) => {
                    prop_assert!(!registered[0].matches(&given));
                    prop_assert!(!found.is_empty(), "{} is refused and nobody says why", given);
                    for found in &found {
                        prop_assert!(given.is_char_boundary(found.at) && found.at <= given.len());
                        prop_assert_eq!(&found.given[..found.same], &found.registered[..found.same]);
                    }
                }
                Verdict::NothingRegistered => prop_assert!(false, "one is registered"),
            }
            match compare(&registered, &given, false) {
                Verdict::Matches(_) => prop_assert_eq!(given.as_str(), REGISTERED),
                Verdict::Differs(_, found) => prop_assert!(!found.is_empty(), "{} is refused and nobody says why", given),
                Verdict::NothingRegistered => prop_assert!(false, "one is registered"),
            }
        }

        #[test]
        fn a_letter_that_was_changed_is_found_where_it_stands(at in 0usize..35) {
            let mut given = REGISTERED.as_bytes().to_vec();
            prop_assume!(given[at].is_ascii_alphanumeric());
            given[at] = if given[at] == b'7' { b'6' } else if given[at].is_ascii_digit() { b'7' } else { given[at] ^ 0x20 };
            let given = String::from_utf8(given).expect("ASCII");
            let part = match at {
                0..=4 => Part::Scheme,
                8..=18 => Part::Host,
                20..=23 => Part::Port,
                _ => Part::Path,
            };
            let found = parts(REGISTERED, &given);
            prop_assert_eq!(found.iter().map(|found| (found.0, found.1)).collect::<Vec<_>>(), [(part, at)]);
        }
    }
}
