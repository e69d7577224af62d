//! What protects every surface: the headers of pages, and how often one address may fail.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use http::header::{
    CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

use super::answer::Answer;
use super::peer::AddressKey;
use crate::contract::table::Later;
use crate::domain::time::Timestamp;

/// Adds the headers of a page (W-01, R-18, R-19). `form_origin` is the verified origin that a post of this page ends at:
/// browsers apply `form-action` to the redirects after a post, and would swallow the code otherwise.
pub fn page_headers(answer: &mut Answer, form_origin: Option<&str>) {
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'{}{}; base-uri 'none'; frame-ancestors 'none'",
        if form_origin.is_some() { " " } else { "" },
        form_origin.unwrap_or("")
    );
    let headers = answer.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // `no-referrer` would make browsers send `Origin: null` with our own forms.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(
        PERMISSIONS_POLICY,
        HeaderValue::from_static("interest-cohort=(), camera=(), geolocation=(), microphone=()"),
    );
}

/// Adds the headers of every answer.
pub fn common_headers(answer: &mut Answer, https: bool) {
    let headers = answer.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // A redirect to an application tells it nothing of the page before.
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("same-origin"));
    if https {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// Counts failed attempts of each address in each minute. Bounded: past a hundred thousand addresses in one
/// minute new ones are not counted, and the limits of each account still hold.
pub struct AddressLimits {
    most: Option<u32>,
    minute: Mutex<Minute>,
}

#[derive(Default)]
struct Minute {
    number: i64,
    failures: HashMap<AddressKey, u32>,
}

const MOST_ADDRESSES: usize = 100_000;

impl AddressLimits {
    /// At most `most` failures a minute for each address; `None` counts nothing.
    pub fn new(most: Option<u32>) -> Self {
        Self { most, minute: Mutex::default() }
    }

    /// How long an address that failed too often has to wait.
    pub fn check(&self, address: IpAddr, now: Timestamp) -> Option<Later> {
        let most = self.most?;
        let minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        let over = minute.number == now.seconds().div_euclid(60)
            && minute.failures.get(&AddressKey::from(address)).is_some_and(|failures| *failures >= most);
        let left = 60 - now.seconds().rem_euclid(60);
        over.then(|| Later::too_many(u64::try_from(left).unwrap_or(60)))
    }

    /// Counts a failure.
    pub fn failed(&self, address: IpAddr, now: Timestamp) {
        if self.most.is_none() {
            return;
        }
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        let number = now.seconds().div_euclid(60);
        if minute.number != number {
            *minute = Minute { number, failures: HashMap::new() };
        }
        let key = AddressKey::from(address);
        if minute.failures.len() < MOST_ADDRESSES || minute.failures.contains_key(&key) {
            *minute.failures.entry(key).or_default() += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_fails_too_often_waits_for_the_next_minute_r_56() {
        let limits = AddressLimits::new(Some(2));
        let (one, other): (IpAddr, IpAddr) = ("2001:db8::1".parse().expect("v6"), "192.0.2.7".parse().expect("v4"));
        let neighbour: IpAddr = "2001:db8::2".parse().expect("v6");
        let now = Timestamp::from_seconds(600);
        limits.failed(one, now);
        assert_eq!(limits.check(one, now), None);
        limits.failed(neighbour, now);
        assert_eq!(limits.check(one, now), Some(Later::too_many(60)), "one /64 is one address");
        assert_eq!(limits.check(other, now), None);
        assert_eq!(limits.check(one, Timestamp::from_seconds(660)), None);
    }
}
