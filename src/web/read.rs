//! Bodies, queries and headers into requests. Strict where two readers could read differently: a name that matters may
//! stand once, text is UTF-8 without NUL, JSON is shallow and has no doubled keys (R-37, R-38, R-62).

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{GeneralPurposeConfig, STANDARD};
use http::HeaderMap;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use zeroize::Zeroize as _;

use crate::contract::lifetimes::MOST_JSON_DEPTH;
use crate::crypto::secret::Plain;
use crate::flows::client_authority::ClientAsk;
use crate::flows::query;

/// What a request sent, in the order it came: names with values. Wiped when dropped, since secrets are among them.
#[derive(Default)]
pub struct Parameters(Vec<(String, Sent)>);

/// A value as it was sent.
enum Sent {
    Text(String),
    /// A JSON value that is not a string.
    Other,
}

/// A body or a query that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// The kinds of body that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// `application/x-www-form-urlencoded`
    Form,
    /// `application/json`
    Json,
}

impl Parameters {
    /// Reads `application/x-www-form-urlencoded` text, a body or a query. `+` is a space, `%2B` a plus (R-62).
    ///
    /// # Errors
    /// Not UTF-8, or a NUL in it.
    pub fn of_form(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut pairs = Vec::new();
        for pair in bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let cut = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let value = pair.get(cut + 1..).unwrap_or_default();
            pairs.push((decode(&pair[..cut])?, Sent::Text(decode(value)?)));
        }
        Ok(Self(pairs))
    }

    /// Reads a JSON object of at most [`MOST_JSON_DEPTH`] levels.
    ///
    /// # Errors
    /// Not such an object, not UTF-8, or a NUL in a string of its own.
    pub fn of_json(bytes: &[u8]) -> Result<Self, Unreadable> {
        if depth(bytes) > MOST_JSON_DEPTH {
            return Err(Unreadable);
        }
        let read: Self = serde_json::from_slice(bytes).map_err(|_| Unreadable)?;
        let nul = |sent: &Sent| matches!(sent, Sent::Text(text) if text.contains('\0'));
        if read.0.iter().any(|(name, sent)| name.contains('\0') || nul(sent)) { Err(Unreadable) } else { Ok(read) }
    }

    /// Is any of `names` there more than once? What is not named may be repeated: it is ignored (W-00).
    pub fn repeats_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.count(name) > 1)
    }

    /// How often `name` was sent.
    pub fn count(&self, name: &str) -> usize {
        self.0.iter().filter(|(sent, _)| sent == name).count()
    }

    /// The value of `name`. A parameter sent without a value counts as absent (W-00), and so does one that is no text.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.even_empty(name).filter(|value| !value.is_empty())
    }

    /// The value of `name`, even when it was sent without one (`scope` at `/v1`).
    pub fn even_empty(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(sent, _)| sent == name).and_then(|(_, value)| match value {
            Sent::Text(text) => Some(text.as_str()),
            Sent::Other => None,
        })
    }

    /// Was `name` sent as a JSON value that is neither a string nor null?
    pub fn is_no_text(&self, name: &str) -> bool {
        self.0.iter().any(|(sent, value)| sent == name && matches!(value, Sent::Other))
    }

    /// A secret under `name`.
    pub fn secret(&self, name: &str) -> Option<Plain> {
        self.get(name).map(|value| Plain::from(value.to_owned()))
    }

    /// Names and values in the order they came; values that are no text are left out.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(name, value)| match value {
            Sent::Text(text) => Some((name.as_str(), text.as_str())),
            Sent::Other => None,
        })
    }
}

impl Drop for Parameters {
    fn drop(&mut self) {
        for (_, value) in &mut self.0 {
            if let Sent::Text(text) = value {
                text.zeroize();
            }
        }
    }
}

impl std::fmt::Debug for Parameters {
    /// Names alone: values may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl<'de> Deserialize<'de> for Parameters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Parameters;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parameters, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, serde_json::Value>()? {
            match value {
                serde_json::Value::Null => {}
                serde_json::Value::String(text) => members.push((name, Sent::Text(text))),
                _ => members.push((name, Sent::Other)),
            }
        }
        Ok(Parameters(members))
    }
}

/// What kind of body the headers announce; `None` for another kind, for two announcements, and for a compressed body.
pub fn media(headers: &HeaderMap) -> Option<Media> {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (announced, None) = (types.next()?, types.next()) else { return None };
    let plain =
        headers.get_all(CONTENT_ENCODING).iter().all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"));
    let (kind, parameter) = match announced.to_str().ok()?.split_once(';') {
        Some((kind, parameter)) => (kind.trim(), Some(parameter.trim())),
        None => (announced.to_str().ok()?.trim(), None),
    };
    let media = if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Media::Form
    } else if kind.eq_ignore_ascii_case("application/json") {
        Media::Json
    } else {
        return None;
    };
    // A charset is fine as long as it is the one that is read.
    let charset_fits = parameter.is_none_or(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = value.trim().trim_matches('"').to_ascii_lowercase();
        !name.trim().eq_ignore_ascii_case("charset") || matches!(value.as_str(), "utf-8" | "utf8" | "us-ascii")
    });
    (plain && charset_fits).then_some(media)
}

/// Reads a body of the kind that its headers announce.
///
/// # Errors
/// Another kind, or not readable as what it says.
pub fn body(headers: &HeaderMap, bytes: &[u8]) -> Result<Parameters, Unreadable> {
    match media(headers).ok_or(Unreadable)? {
        Media::Form => Parameters::of_form(bytes),
        Media::Json => Parameters::of_json(bytes),
    }
}

/// What the client says of itself: in the body, or as HTTP Basic (RFC 6749 §2.3.1). A Bearer header beside body
/// credentials is ignored, since a public client sends one.
///
/// # Errors
/// A secret in both, two different client ids, or two Authorization headers.
pub fn client(headers: &HeaderMap, body: &Parameters) -> Result<ClientAsk, Unreadable> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let line = lines.next();
    if lines.next().is_some() {
        return Err(Unreadable);
    }
    let mut ask = ClientAsk {
        id: body.get("client_id").map(str::to_owned),
        secret: body.secret("client_secret"),
        authorization: line.is_some(),
    };
    if let Some((id, secret)) = line.and_then(|line| basic(line.as_bytes())) {
        if ask.secret.is_some() || ask.id.as_ref().is_some_and(|sent| *sent != id) {
            return Err(Unreadable);
        }
        ask.id = (!id.is_empty()).then_some(id);
        ask.secret = Some(secret).filter(|secret| !secret.expose().is_empty());
    }
    Ok(ask)
}

/// The token of `Authorization: Bearer …`, the scheme in any letter case; `None` for anything else, also for two headers
/// (T-12, L-18).
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let (line, None) = (lines.next()?, lines.next()) else { return None };
    let (scheme, token) = std::str::from_utf8(line.as_bytes()).ok()?.split_once(' ')?;
    let token = token.trim_matches(' ');
    // Counted, and so looked at by the vector: a token is long, and has none.
    let spaces = token.bytes().filter(|byte| *byte == b' ').count();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && spaces == 0).then_some(token)
}

fn basic(line: &[u8]) -> Option<(String, Plain)> {
    let (scheme, rest) = line.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    let pair = LENIENT.decode(rest.trim_ascii()).ok()?;
    let cut = pair.iter().position(|byte| *byte == b':')?;
    Some((decode(&pair[..cut]).ok()?, Plain::from(decode(&pair[cut + 1..]).ok()?)))
}

/// Clients write Basic with padding and without.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
);

/// Basic credentials as a header's value, for examples and tests.
pub fn to_basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// Decodes one name or value.
fn decode(text: &[u8]) -> Result<String, Unreadable> {
    let bytes = query::decode(text).into_owned();
    if bytes.contains(&0) {
        return Err(Unreadable);
    }
    String::from_utf8(bytes).map_err(|_| Unreadable)
}

/// How deep brackets nest, outside of strings.
fn depth(json: &[u8]) -> usize {
    let (mut deep, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => {
                deep += 1;
                deepest = deepest.max(deep);
            }
            b'}' | b']' if !quoted => deep = deep.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plus_is_a_space_and_percent_2b_a_plus_r_62() {
        let read = Parameters::of_form(b"a=1+2%2B3&b=x@y!%zz&c&=d&e=%C3%A9").expect("readable");
        assert_eq!(read.get("a"), Some("1 2+3"));
        assert_eq!(read.get("b"), Some("x@y!%zz"));
        assert_eq!((read.get("c"), read.even_empty("c")), (None, Some("")));
        assert_eq!(read.get("e"), Some("é"));
    }

    #[test]
    fn bad_utf_8_and_nul_are_unreadable() {
        for bad in [&b"a=%ff"[..], b"a=\xff", b"a=%00", b"%00=a", b"a=\0"] {
            assert!(Parameters::of_form(bad).is_err(), "{bad:?}");
        }
        for bad in [&b"{\"a\":\"\\u0000\"}"[..], b"{\"a\":\"\xff\"}", b"[]", b"\"x\"", b"{\"a\":1", b"", b"{}{}"] {
            assert!(Parameters::of_json(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_doubled_name_is_seen_in_both_kinds_and_unknown_ones_do_not_matter() {
        let form = Parameters::of_form(b"code=1&x=1&code=2&x=2").expect("readable");
        let json = Parameters::of_json(br#"{"code":"1","x":1,"code":"2","x":2}"#).expect("readable");
        for read in [form, json] {
            assert!(read.repeats_any(&["code"]) && !read.repeats_any(&["state"]));
        }
        let escaped = Parameters::of_json(br#"{"code":"1","c\u006fde":"2"}"#).expect("readable");
        assert!(escaped.repeats_any(&["code"]), "the same key under another spelling");
    }

    #[test]
    fn json_members_that_are_no_text_count_as_absent() {
        let read = Parameters::of_json(br#"{"code":5,"client_id":null,"a":"","deep":{"x":[1]}}"#).expect("readable");
        assert_eq!((read.get("code"), read.get("client_id"), read.get("a")), (None, None, None));
        assert!(read.is_no_text("code") && !read.is_no_text("client_id"));
    }

    #[test]
    fn json_is_read_to_32_levels_and_no_deeper_r_38() {
        let nested = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
        assert!(Parameters::of_json(nested(32).as_bytes()).is_ok());
        assert!(Parameters::of_json(nested(33).as_bytes()).is_err());
        assert!(
            Parameters::of_json(br#"{"a":"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}"#).is_ok(),
            "brackets in a string"
        );
    }

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let line = |value: &str| HeaderValue::from_str(value).expect("a header value");
        lines.iter().map(|(name, value)| (http::HeaderName::from_static(name), line(value))).collect()
    }

    #[test]
    fn a_body_is_what_its_one_content_type_says() {
        let form = "application/x-www-form-urlencoded";
        for (lines, expected) in [
            (vec![("content-type", form)], Some(Media::Form)),
            (vec![("content-type", "Application/X-WWW-Form-Urlencoded; charset=UTF-8")], Some(Media::Form)),
            (vec![("content-type", "application/json;charset=\"utf-8\"")], Some(Media::Json)),
            (vec![("content-type", "application/json; charset=utf-16")], None),
            (vec![("content-type", "text/plain")], None),
            (vec![("content-type", form), ("content-type", form)], None),
            (vec![("content-type", form), ("content-encoding", "gzip")], None),
            (vec![], None),
        ] {
            assert_eq!(media(&headers(&lines)), expected, "{lines:?}");
        }
    }

    #[test]
    fn credentials_come_in_the_body_or_as_basic_and_a_secret_never_in_both() {
        let both = |auth: &str, body: &str| {
            client(&headers(&[("authorization", auth)]), &Parameters::of_form(body.as_bytes()).expect("readable"))
        };
        let basic = to_basic("id", "s%3Aecret");
        let ask = both(&basic, "client_id=id").expect("the same id is fine");
        assert_eq!((ask.id.as_deref(), ask.secret.as_ref().map(Plain::expose)), (Some("id"), Some("s:ecret")));
        assert!(both(&basic, "client_secret=s").is_err() && both(&basic, "client_id=other").is_err());
        let ask = both("Bearer abc", "client_id=id&client_secret=s").expect("a bearer header is ignored");
        assert!(ask.id.is_some() && ask.authorization);
        let ask = both("Basic !!!", "").expect("a broken header brings nothing");
        assert!(ask.id.is_none() && ask.authorization);
    }

    #[test]
    fn a_bearer_token_is_read_from_one_header_in_any_letter_case_t_12() {
        for (lines, expected) in [
            (vec![("authorization", "bearer abc")], Some("abc")),
            (vec![("authorization", "BEARER  abc")], Some("abc")),
            (vec![("authorization", "Bearer")], None),
            (vec![("authorization", "Bearer a b")], None),
            (vec![("authorization", "Basic abc")], None),
            (vec![("authorization", "Bearer a"), ("authorization", "Bearer a")], None),
            (vec![], None),
        ] {
            assert_eq!(bearer(&headers(&lines)), expected, "{lines:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Parameters::of_form(&bytes);
            let _ = Parameters::of_json(&bytes);
        }

        #[test]
        fn what_a_client_library_encodes_is_read_back(name in "[^\0]{0,12}", value in "[^\0]{0,40}") {
            let sent = url::form_urlencoded::Serializer::new(String::new()).append_pair(&name, &value).finish();
            let read = Parameters::of_form(sent.as_bytes()).expect("readable");
            prop_assert_eq!(read.even_empty(&name), Some(value.as_str()));
        }
    }
}
