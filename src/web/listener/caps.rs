//! How many connections there may be, in all and from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::web::peer::AddressKey;

/// Counts who is connected.
#[derive(Debug)]
pub(super) struct Caps {
    in_all: usize,
    per_address: usize,
    seated: Mutex<Seated>,
}

#[derive(Debug, Default)]
struct Seated {
    in_all: usize,
    by_address: HashMap<AddressKey, usize>,
}

/// The right to be connected, given back when dropped.
#[derive(Debug)]
pub(super) struct Seat {
    caps: Arc<Caps>,
    /// `None` for those whom the cap per address does not bind.
    counted_as: Option<AddressKey>,
}

impl Caps {
    pub fn new(in_all: usize, per_address: usize) -> Arc<Self> {
        Arc::new(Self { in_all, per_address, seated: Mutex::default() })
    }

    /// A seat for a connection from `address`, if one is free. A trusted proxy speaks for many and is `exempt` from the
    /// cap per address.
    pub fn enter(self: &Arc<Self>, address: IpAddr, exempt: bool) -> Option<Seat> {
        let mut seated = self.seated();
        if seated.in_all >= self.in_all {
            return None;
        }
        let counted_as = (!exempt).then(|| AddressKey::from(address));
        if let Some(key) = counted_as {
            let here = seated.by_address.entry(key).or_default();
            if *here >= self.per_address {
                return None;
            }
            *here += 1;
        }
        seated.in_all += 1;
        Some(Seat { caps: Arc::clone(self), counted_as })
    }

    /// Counters stay true whatever panicked while they were held.
    fn seated(&self) -> std::sync::MutexGuard<'_, Seated> {
        self.seated.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seated = self.caps.seated();
        seated.in_all -= 1;
        if let Some(key) = self.counted_as
            && let Some(here) = seated.by_address.get_mut(&key)
        {
            *here -= 1;
            if *here == 0 {
                seated.by_address.remove(&key);
            }
        }
    }
}

/// Raises the limit on open files as far as the system allows, and says how many connections fit below it, with some
/// files left for the store and ourselves. The usual soft limit of 1,024 is for programs that use `select`.
pub(super) fn connections_that_fit() -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current < limit.maximum || (limit.maximum.is_none() && limit.current.is_some()) {
        let wanted = limit.maximum.map_or(A_MILLION, |most| most.min(A_MILLION));
        let raised = rustix::process::Rlimit { current: Some(wanted), maximum: limit.maximum };
        if limit.current.is_some_and(|now| now < wanted) && setrlimit(Resource::Nofile, raised).is_ok() {
            limit.current = Some(wanted);
        }
    }
    let files = usize::try_from(limit.current.unwrap_or(A_MILLION)).unwrap_or(usize::MAX);
    files.saturating_sub(FILES_FOR_OURSELVES).max(16)
}

const A_MILLION: u64 = 1 << 20;
const FILES_FOR_OURSELVES: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn seats_are_counted_by_address_and_in_all_and_given_back() {
        let caps = Caps::new(4, 2);
        let first = caps.enter(ip("198.51.100.1"), false).unwrap();
        let _second = caps.enter(ip("198.51.100.1"), false).unwrap();
        assert!(caps.enter(ip("198.51.100.1"), false).is_none(), "two from one address are enough");
        let _other = caps.enter(ip("198.51.100.2"), false).unwrap();
        let _v6 = caps.enter(ip("2001:db8::1"), false).unwrap();
        assert!(caps.enter(ip("198.51.100.3"), false).is_none(), "four are enough in all");
        drop(first);
        let _again = caps.enter(ip("198.51.100.1"), false).unwrap();
    }

    #[test]
    fn one_ipv6_network_is_one_address() {
        let caps = Caps::new(9, 1);
        let seat = caps.enter(ip("2001:db8::1"), false).unwrap();
        assert!(caps.enter(ip("2001:db8::2"), false).is_none());
        drop(seat);
        assert!(caps.enter(ip("2001:db8::2"), false).is_some());
        assert!(caps.seated().by_address.is_empty(), "nothing is kept of those who left");
    }

    #[test]
    fn a_proxy_may_have_many_but_not_more_than_all() {
        let caps = Caps::new(3, 1);
        let seats: Vec<_> = (0..4).map(|_| caps.enter(ip("10.0.0.1"), true)).collect();
        assert_eq!(seats.iter().flatten().count(), 3);
    }

    #[test]
    fn there_is_room_for_some_connections_on_any_machine() {
        assert!(connections_that_fit() >= 16);
    }
}
