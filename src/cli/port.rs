//! Who listens on an address? `prosper doctor` asks, and tells a Prosper from whatever else listens there.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// Who has an address.
#[derive(Debug)]
pub enum Port {
    /// Nobody: it can be had.
    Free,
    /// A Prosper, which answered `/health`.
    Prosper,
    /// Somebody else.
    Taken,
    /// Nobody can have it, and why.
    Unusable(std::io::Error),
}

impl Port {
    /// Binds, and asks whoever is there when it is taken. A listener that speaks TLS is not asked, as it would have to be
    /// trusted first: with `tls` and `expected` it is taken for ours.
    pub fn of(address: SocketAddr, tls: bool, expected: bool) -> Self {
        let taken = match TcpListener::bind(address) {
            // Nobody has asked it for a connection, so it is gone as it is dropped.
            Ok(_ours) => return Self::Free,
            Err(error) => error,
        };
        if taken.kind() != ErrorKind::AddrInUse {
            return Self::Unusable(taken);
        }
        let prosper = if tls { expected } else { health(address).is_some_and(|said| said.contains("{\"status\":")) };
        if prosper { Self::Prosper } else { Self::Taken }
    }
}

/// What is said at `/health` within a second or two.
fn health(address: SocketAddr) -> Option<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    write!(stream, "GET /health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").ok()?;
    let mut said = Vec::new();
    // What came before it went quiet is enough to know it by.
    let _ = stream.take(ENOUGH).read_to_end(&mut said);
    Some(String::from_utf8_lossy(&said).into_owned())
}

/// How long each step of asking may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// Bytes of an answer that are read.
const ENOUGH: u64 = 4096;
