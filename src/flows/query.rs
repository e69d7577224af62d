//! The query of a front-channel request: in order, with duplicates, as bytes.
//!
//! A `state` must come back byte for byte (L-03), and a client may put anything into it, so names and values are bytes
//! here and become text only where something must be text. What is no percent-encoding stands for itself, as browsers
//! read it.

use std::borrow::Cow;

use memchr::memchr2;

/// A query as it came. What is not encoded stays where it is.
#[derive(Clone, Debug, Default)]
pub struct Query<'q> {
    raw: &'q str,
    pairs: Vec<(Piece<'q>, Piece<'q>)>,
}

/// A name or a value, decoded.
type Piece<'q> = Cow<'q, [u8]>;

/// What a query says of one name. A parameter without a value counts as absent (RFC 6749 §3.1; W-00).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given<'a> {
    /// Not sent, or only without a value.
    Absent,
    /// Sent once.
    Once(&'a [u8]),
    /// Sent more than once.
    Repeated,
}

impl<'q> Query<'q> {
    /// Reads what stands behind the `?`.
    pub fn read(raw: &'q str) -> Self {
        let pairs = raw
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (decode(name.as_bytes()), decode(value.as_bytes())))
            .collect();
        Self { raw, pairs }
    }

    /// As it came, for the way back into this request.
    pub fn raw(&self) -> &'q str {
        self.raw
    }

    /// What it says of `name`.
    pub fn given(&self, name: &str) -> Given<'_> {
        let mut values = self.values(name).filter(|value| !value.is_empty());
        match (values.next(), values.next()) {
            (None, _) => Given::Absent,
            (Some(value), None) => Given::Once(value),
            (Some(_), Some(_)) => Given::Repeated,
        }
    }

    /// Was `name` sent, with a value or without?
    pub fn names(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.pairs.iter().filter(move |(given, _)| **given == *name.as_bytes()).map(|(_, value)| &**value)
    }
}

impl<'a> Given<'a> {
    /// The text of a value that was sent once; `None` when it was not sent, was repeated, or is no text.
    pub fn text(self) -> Option<&'a str> {
        match self {
            Self::Once(value) => std::str::from_utf8(value).ok(),
            Self::Absent | Self::Repeated => None,
        }
    }
}

/// Form decoding: `+` is a space, `%` and two hex digits are a byte, everything else is itself, as browsers and curl send it.
/// What is not encoded stays where it is.
pub fn decode(text: &[u8]) -> Cow<'_, [u8]> {
    let next = |rest: &[u8]| memchr2(b'+', b'%', rest);
    if next(text).is_none() {
        return Cow::Borrowed(text);
    }
    let (mut out, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some(at) = next(rest) {
        let (before, from) = rest.split_at(at);
        out.extend_from_slice(before);
        let escaped = match from {
            [b'%', high, low, ..] => hex(*high).zip(hex(*low)),
            _ => None,
        };
        let (byte, read) = match (escaped, from[0]) {
            (Some((high, low)), _) => (high << 4 | low, 3),
            (None, b'+') => (b' ', 1),
            (None, itself) => (itself, 1),
        };
        out.push(byte);
        rest = &from[read..];
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::redirect_uri::with_parameters;

    #[test]
    fn a_name_is_absent_sent_once_or_repeated() {
        let query = Query::read("a=1&b=2&b=3&c=&d&e=x&e=&%66=%20+%zz%4");
        assert_eq!(query.given("a"), Given::Once(b"1"));
        assert_eq!(query.given("b"), Given::Repeated);
        assert_eq!((query.given("c"), query.names("c")), (Given::Absent, true));
        assert_eq!((query.given("d"), query.names("d")), (Given::Absent, true));
        assert_eq!(query.given("e"), Given::Once(b"x"), "without a value it counts as absent");
        assert_eq!(query.given("f"), Given::Once(b"  %zz%4"));
        assert!(!query.names("g"));
    }

    /// Byte by byte, as it is said.
    fn decoded(text: &[u8]) -> Vec<u8> {
        match text {
            [] => Vec::new(),
            [b'+', rest @ ..] => [b" ".as_slice(), &decoded(rest)].concat(),
            [b'%', high, low, rest @ ..] if hex(*high).is_some() && hex(*low).is_some() => {
                let byte = u8::from_str_radix(std::str::from_utf8(&[*high, *low]).expect("digits"), 16).expect("hex");
                [&[byte][..], &decoded(rest)].concat()
            }
            [byte, rest @ ..] => [&[*byte][..], &decoded(rest)].concat(),
        }
    }

    proptest! {
        #[test]
        fn a_piece_is_decoded_byte_by_byte(text in "[a-f0-9+%é]{0,24}") {
            prop_assert_eq!(&*decode(text.as_bytes()), decoded(text.as_bytes()));
        }

        #[test]
        fn what_is_written_is_read_back_byte_for_byte_l_03(value: Vec<u8>) {
            let uri = with_parameters("https://app.example/cb", &[("state", &value)]);
            let query = Query::read(uri.split_once('?').expect("has a query").1);
            let read = query.given("state");
            prop_assert_eq!(read, if value.is_empty() { Given::Absent } else { Given::Once(&value) });
        }

        #[test]
        fn any_text_can_be_read(raw in ".{0,80}") {
            let query = Query::read(&raw);
            prop_assert_eq!(query.raw(), raw.as_str());
        }
    }
}
