//! Where a connection stands, and since when: what its time limits are counted from.
//!
//! HTTP/1 goes round: waiting for the first byte (`Fresh`), reading a head (`Head`), being answered (`Busy`), writing
//! the answer (`Writing`), waiting for the next request (`Idle`). The sockets below and the service above hyper each see
//! a part of it and note it here; [`super::connection`] compares it with the limits. hyper has one limit for heads and
//! idling together, which would either cut proxies off their pooled connections or let a slow head live for a minute.
//!
//! HTTP/2 mixes many requests, so it is only `Fresh`, `Busy` or `Idle`.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

use super::Limits;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    Fresh,
    Head,
    Busy,
    Writing,
    Idle,
    /// The answer was the last; what the client still sends is read and dropped, so that it gets to read the answer.
    Closing,
}

const PHASES: [Phase; 6] = [Phase::Fresh, Phase::Head, Phase::Busy, Phase::Writing, Phase::Idle, Phase::Closing];

/// The standing of one connection. Everything on a connection happens on one task, so no ordering is needed.
#[derive(Debug)]
pub(super) struct Pulse {
    accepted: Instant,
    pub h2: bool,
    /// The phase in the low eight bits, above it the milliseconds from `accepted` until it began.
    standing: AtomicU64,
    in_flight: AtomicUsize,
    /// Whether the client may still be sending when we hang up.
    unread: AtomicBool,
}

impl Pulse {
    pub fn new(h2: bool) -> Self {
        Self {
            accepted: Instant::now(),
            h2,
            standing: AtomicU64::new(Phase::Fresh as u64),
            in_flight: AtomicUsize::new(0),
            unread: AtomicBool::new(false),
        }
    }

    pub fn phase(&self) -> Phase {
        PHASES[usize::from(self.standing.load(Relaxed).to_le_bytes()[0]) % PHASES.len()]
    }

    /// When the present phase began.
    pub fn since(&self) -> Instant {
        self.accepted + Duration::from_millis(self.standing.load(Relaxed) >> 8)
    }

    fn enter(&self, phase: Phase) {
        let at = u64::try_from(self.accepted.elapsed().as_millis()).unwrap_or(u64::MAX >> 8);
        self.standing.store((at << 8) | phase as u64, Relaxed);
    }

    /// Bytes arrived.
    pub fn heard(&self) {
        if !self.h2 && matches!(self.phase(), Phase::Fresh | Phase::Idle) {
            self.enter(Phase::Head);
        }
    }

    /// A request is being answered until the guard goes.
    pub fn asked(&self) -> Asked<'_> {
        if self.in_flight.fetch_add(1, Relaxed) == 0 {
            self.enter(Phase::Busy);
        }
        Asked(self)
    }

    /// All that was to be written has been.
    pub fn flushed(&self) {
        if self.phase() == Phase::Writing {
            self.enter(Phase::Idle);
        }
    }

    /// We hang up. `true` when the client may still be sending, and should be heard out.
    pub fn closing(&self) -> bool {
        if self.phase() != Phase::Closing {
            self.enter(Phase::Closing);
        }
        self.unread.load(Relaxed)
    }

    /// Notes whether the client may be left with bytes that nobody reads.
    pub fn may_leave_unread(&self, unread: bool) {
        self.unread.store(unread, Relaxed);
    }

    /// Whether what is written now answers a request that the service saw, or comes from hyper by itself.
    pub fn is_answering(&self) -> bool {
        self.h2 || matches!(self.phase(), Phase::Busy | Phase::Writing)
    }

    /// When patience with the present phase ends, if it does.
    pub fn deadline(&self, limits: &Limits) -> Option<Instant> {
        let patience = match self.phase() {
            Phase::Fresh => limits.first_byte_timeout,
            Phase::Head => limits.header_timeout,
            // One request after the other keeps an HTTP/2 connection busy for ever, and rightly so.
            Phase::Busy if self.h2 => return None,
            Phase::Busy => limits.request_timeout,
            Phase::Writing => limits.write_timeout,
            Phase::Idle if self.h2 => limits.h2_idle_timeout,
            Phase::Idle => limits.idle_timeout,
            Phase::Closing => limits.linger,
        };
        Some(self.since() + patience)
    }
}

/// See [`Pulse::asked`].
#[derive(Debug)]
pub(super) struct Asked<'p>(&'p Pulse);

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        if self.0.in_flight.fetch_sub(1, Relaxed) == 1 {
            self.0.enter(if self.0.h2 { Phase::Idle } else { Phase::Writing });
        }
    }
}
