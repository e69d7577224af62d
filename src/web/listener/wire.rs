//! The bytes of one connection, on their way between the socket (or TLS) and hyper.
//!
//! Here the [`Pulse`] learns what arrives and what was written. Three more things can only be done here: the answers
//! that hyper gives by itself to what it cannot parse are given a request id, since every answer carries one (W-04); a
//! client that is still sending when we hang up is heard out for a moment, else its system would throw our answer
//! away together with the connection; and a client that leaves while it is being answered is noticed by an [`Ear`].

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::RequestIds;
use super::pulse::Pulse;

/// See the module.
pub(super) struct Wire<T> {
    io: Arc<Mutex<T>>,
    pulse: Arc<Pulse>,
    request_ids: Option<RequestIds>,
    named: Option<Named>,
    is_shut: bool,
    dropped: usize,
}

/// An answer of hyper's own, with its request id, being written in place of `stands_for` bytes.
struct Named {
    bytes: Vec<u8>,
    written: usize,
    stands_for: usize,
}

impl<T> Wire<T> {
    pub fn new(io: T, pulse: Arc<Pulse>, request_ids: Option<RequestIds>) -> Self {
        Self { io: Arc::new(Mutex::new(io)), pulse, request_ids, named: None, is_shut: false, dropped: 0 }
    }

    /// An ear at this wire.
    pub fn ear(&self) -> Ear<T> {
        Ear(Arc::clone(&self.io))
    }

    /// `answer` with a request id behind its first line, if it is one of hyper's own.
    fn name(&self, answer: &[u8]) -> Option<Named> {
        let first_line = answer.iter().position(|byte| *byte == b'\n')? + 1;
        let is_own = !self.pulse.is_answering() && answer.starts_with(b"HTTP/1.");
        let ids = self.request_ids.as_ref().filter(|_| is_own)?;
        let (line, rest) = answer.split_at(first_line);
        let bytes = [line, format!("x-request-id: {}\r\n", ids()).as_bytes(), rest].concat();
        Some(Named { bytes, written: 0, stands_for: answer.len() })
    }
}

/// Both ends of a connection are on one task, so nobody ever waits here.
fn lock<T>(io: &Mutex<T>) -> MutexGuard<'_, T> {
    io.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: AsyncRead + Unpin> AsyncRead for Wire<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut *lock(&self.io)).poll_read(cx, buffer))?;
        if buffer.filled().len() > before {
            self.pulse.heard();
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if !this.pulse.is_answering() {
            this.pulse.may_leave_unread(true);
        }
        if this.named.is_none() {
            this.named = this.name(bytes);
        }
        let mut io = lock(&this.io);
        let Some(named) = &mut this.named else { return Pin::new(&mut *io).poll_write(cx, bytes) };
        while named.written < named.bytes.len() {
            match ready!(Pin::new(&mut *io).poll_write(cx, &named.bytes[named.written..]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                more => named.written += more,
            }
        }
        let stood_for = named.stands_for;
        this.named = None;
        Poll::Ready(Ok(stood_for))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.pulse.is_answering() && self.named.is_none() {
            return Pin::new(&mut *lock(&self.io)).poll_write_vectored(cx, pieces);
        }
        let first = pieces.iter().find(|piece| !piece.is_empty()).map_or(&[][..], |piece| piece);
        self.poll_write(cx, first)
    }

    fn is_write_vectored(&self) -> bool {
        lock(&self.io).is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut *lock(&self.io)).poll_flush(cx))?;
        self.pulse.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let hear_out = self.pulse.closing();
        if !self.is_shut {
            ready!(Pin::new(&mut *lock(&self.io)).poll_shutdown(cx))?;
            self.is_shut = true;
        }
        let mut scratch = [0; 4096];
        while hear_out && self.dropped < MOST_HEARD_OUT {
            let mut buffer = ReadBuf::new(&mut scratch);
            ready!(Pin::new(&mut *lock(&self.io)).poll_read(cx, &mut buffer))?;
            match buffer.filled().len() {
                0 => break,
                more => self.dropped += more,
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// Hears that a client has left, while nothing of it is being read.
///
/// hyper can hear it too, and reads on beside the service to that end: into a buffer of its own, made for each request,
/// since the one that was read into is still in use.
pub(super) struct Ear<T>(Arc<Mutex<T>>);

impl<T: Heard> Ear<T> {
    /// Has the client left? If not, the task is woken when it may have.
    pub fn has_left(&self, cx: &mut Context<'_>) -> bool {
        lock(&self.0).has_left(cx)
    }
}

/// A stream whose end can be heard without reading it, or not.
pub(super) trait Heard {
    /// Can it? If not, hyper has to read on.
    const CAN_BE: bool;

    /// Has the other side closed its half? If not, the task is woken when it may have.
    fn has_left(&self, cx: &mut Context<'_>) -> bool;
}

impl Heard for TcpStream {
    const CAN_BE: bool = true;

    fn has_left(&self, cx: &mut Context<'_>) -> bool {
        let mut next = [0];
        // A next request that already waits hides the end behind it, as it does for hyper.
        matches!(self.poll_peek(cx, &mut ReadBuf::new(&mut next)), Poll::Ready(Ok(0) | Err(_)))
    }
}

impl Heard for TlsStream<TcpStream> {
    const CAN_BE: bool = false;

    fn has_left(&self, _: &mut Context<'_>) -> bool {
        false
    }
}

/// Bytes read and dropped after the last answer. Who sends more than this does not read answers.
const MOST_HEARD_OUT: usize = 4 * 1024 * 1024;
