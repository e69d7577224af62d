//! What is wrong with a request before anyone asks what it wants (R-89, R-90, W-00).
//!
//! hyper refuses most bad framing itself (400) and heads that are too long for HTTP/1 (431); where a `Content-Length` stands
//! beside a `Transfer-Encoding` it goes by the latter and closes after the answer (RFC 9112 §6.1). What it lets pass stands
//! here.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use http::uri::Authority;
use http::{Request, Response, StatusCode, Version};

use super::RequestIds;
use crate::web::body::Body;

/// The answer to a request that may not go further, if it may not: 431 for a head of more than `head_bytes`, 400 for a
/// `Host` that is missing, doubled or no authority (RFC 9112 §3.2).
pub(super) fn refusal<B>(
    request: &Request<B>,
    head_bytes: usize,
    request_ids: Option<&RequestIds>,
) -> Option<Response<Body>> {
    let (status, words) = if head_size(request) > head_bytes {
        let words = format!("the request line and headers may hold {head_bytes} bytes\n");
        (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, words)
    } else if !host_is_sound(request) {
        (StatusCode::BAD_REQUEST, "a request must name one host\n".to_owned())
    } else {
        return None;
    };
    let mut response = Response::new(Body::new(Bytes::from(words)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(id) = request_ids.and_then(|ids| HeaderValue::try_from(ids()).ok()) {
        headers.insert(X_REQUEST_ID, id);
    }
    Some(response)
}

/// The bytes of the head as HTTP/1 would write it: request line, headers, blank line.
fn head_size<B>(request: &Request<B>) -> usize {
    let path = request.uri().path_and_query().map_or(1, |path| path.as_str().len());
    let line = request.method().as_str().len() + 1 + path + " HTTP/1.1\r\n".len();
    let lines: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    line + lines + 2
}

fn host_is_sound<B>(request: &Request<B>) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => request.version() != Version::HTTP_11 || request.uri().authority().is_some(),
        (Some(host), None) => is_authority(host.as_bytes()),
        (Some(_), Some(_)) => false,
    }
}

/// A host and perhaps a port, without a user.
fn is_authority(host: &[u8]) -> bool {
    is_plain_name(host) || (!host.contains(&b'@') && Authority::try_from(host).is_ok())
}

/// A name or an IPv4 address, perhaps with a port: what nearly every request names, and what is read without a copy.
fn is_plain_name(host: &[u8]) -> bool {
    let (name, port) = match host.iter().position(|byte| *byte == b':') {
        Some(colon) => (&host[..colon], Some(&host[colon + 1..])),
        None => (host, None),
    };
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let is_port = |port: &[u8]| (1..=5).contains(&port.len()) && port.iter().all(u8::is_ascii_digit);
    !name.is_empty() && name.iter().all(is_of_name) && port.is_none_or(is_port)
}

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_passes_for_a_plain_name_is_an_authority(host in "[a-zA-Z0-9.:@\\[\\]-]{0,12}") {
            prop_assert!(!is_plain_name(host.as_bytes()) || Authority::try_from(host.as_bytes()).is_ok(), "{}", host);
        }
    }

    #[test]
    fn what_nearly_every_request_names_is_a_plain_name() {
        for host in ["localhost", "127.0.0.1:8080", "login.prosper.example", "xn--p-eka.example:443", "a:99999", "-.-"]
        {
            assert!(is_plain_name(host.as_bytes()) && Authority::try_from(host).is_ok(), "{host}");
        }
    }
}
