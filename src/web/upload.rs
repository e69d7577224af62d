//! Forms that carry a file (RFC 7578): the few pages that take a picture, and nothing else.
//!
//! One file at most; its name and its announced type are not looked at, since what it is shows in its first bytes.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

use super::read::Parameters;
use crate::contract::lifetimes::{MOST_BODY_BYTES, MOST_LOGO_BYTES};

/// The largest body of such a form: a logo, and the fields beside it.
pub const MOST_BYTES: usize = MOST_LOGO_BYTES + MOST_BODY_BYTES;

/// Does the page at this path take a file?
pub fn takes_a_file(path: &str) -> bool {
    path.ends_with("/logo") && (path.starts_with("/console/spaces/") || path.starts_with("/oauth/apps/"))
}

/// What stands between the parts of a body of `multipart/form-data`.
pub fn boundary(headers: &HeaderMap) -> Option<String> {
    let announced = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let (kind, parameters) = announced.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let value = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.trim().split_once('=')?;
        name.eq_ignore_ascii_case("boundary").then(|| value.trim_matches('"'))
    })?;
    ((1..=70).contains(&value.len()) && value.is_ascii()).then(|| value.to_owned())
}

/// The fields of a body, and its file. An empty file is none.
pub fn read(boundary: &str, body: &[u8]) -> Option<(Parameters, Option<Vec<u8>>)> {
    let (first, between) = (format!("--{boundary}"), format!("\r\n--{boundary}"));
    let mut rest = body.strip_prefix(first.as_bytes())?;
    let mut fields = url::form_urlencoded::Serializer::new(String::new());
    let mut file = None;
    while !rest.starts_with(b"--") {
        rest = rest.strip_prefix(b"\r\n")?;
        let (head, after) = cut(rest, b"\r\n\r\n")?;
        let (content, next) = cut(after, between.as_bytes())?;
        let disposition = disposition(std::str::from_utf8(head).ok()?)?;
        let name = parameter(disposition, "name")?;
        if parameter(disposition, "filename").is_none() {
            fields.append_pair(name, std::str::from_utf8(content).ok()?);
        } else if file.replace(content.to_vec()).is_some() {
            return None;
        }
        rest = next;
    }
    let form = Parameters::of_form(fields.finish().as_bytes()).ok()?;
    Some((form, file.filter(|file| !file.is_empty())))
}

fn disposition(head: &str) -> Option<&str> {
    head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-disposition").then(|| value.trim())
    })
}

/// A quoted parameter. Browsers write a quote within one as `%22`, so the next quote is its end.
fn parameter<'d>(disposition: &'d str, name: &str) -> Option<&'d str> {
    let at = disposition.find(&format!("; {name}=\""))? + name.len() + 4;
    disposition[at..].split('"').next()
}

fn cut<'b>(bytes: &'b [u8], at: &[u8]) -> Option<(&'b [u8], &'b [u8])> {
    let start = bytes.windows(at.len()).position(|window| window == at)?;
    Some((&bytes[..start], &bytes[start + at.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"--x\r\nContent-Disposition: form-data; name=\"form_token\"\r\n\r\na&b\r\n--x\r\n\
        Content-Disposition: form-data; name=\"logo\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\x00\r\n--x--\r\n";

    #[test]
    fn fields_and_one_file_are_read_as_they_were_sent() {
        let (form, file) = read("x", BODY).expect("well formed");
        assert_eq!(form.get("form_token"), Some("a&b"));
        assert_eq!(file.as_deref(), Some(&b"\x89PNG\r\n\x00"[..]));
    }

    #[test]
    fn what_is_cut_short_is_not_read() {
        // The line end after the last boundary is not needed.
        for length in 0..BODY.len() - 4 {
            assert!(read("x", &BODY[..length]).is_none(), "{length}");
        }
    }

    #[test]
    fn only_a_form_with_parts_has_a_boundary() {
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, text.parse().expect("a value"));
            boundary(&headers)
        };
        assert_eq!(of("multipart/form-data; boundary=x").as_deref(), Some("x"));
        assert_eq!(of("Multipart/Form-Data; charset=utf-8; boundary=\"x y\"").as_deref(), Some("x y"));
        for other in [
            "multipart/form-data",
            "multipart/mixed; boundary=x",
            "text/plain; boundary=x",
            "multipart/form-data; boundary=",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
