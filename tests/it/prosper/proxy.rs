//! A proxy between Prosper and PostgreSQL that speaks just enough of the protocol to do harm: it answers with errors of
//! its own, cuts connections, loses the replies to what was done, and holds replies back.
//!
//! A client's messages travel in groups, each ended by a query or a sync; a group is forwarded and its replies are
//! relayed before the next one is looked at, so that harm is done between whole groups and never within a message.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What is done to a group of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    /// In the place of the group the server is sent something that fails with this SQLSTATE.
    Error(&'static str),
    /// The connection is cut, and the group is not forwarded.
    Cut,
    /// The group is done, and the connection is cut instead of the reply.
    LoseReply,
    /// The reply is held back for longer than anybody waits.
    Stall,
}

/// A running proxy.
pub struct Proxy {
    pub port: u16,
    state: Arc<State>,
}

struct State {
    upstream: u16,
    armed: AtomicBool,
    /// How many of a thousand groups come to harm.
    rate: u64,
    random: AtomicU64,
    stalls: AtomicUsize,
    /// The connection is cut when this many groups have passed, if it is not zero.
    cut_after: AtomicUsize,
    passed: AtomicUsize,
    done: [AtomicUsize; 4],
}

const ERRORS: [&str; 3] = ["40001", "40P01", "25006"];

impl Proxy {
    /// Listens on a port of its own; `rate` of a thousand groups come to harm once it is armed, `stalls` of them at most
    /// by being held back.
    pub async fn start(upstream: u16, seed: u64, rate: u64, stalls: usize) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(State {
            upstream,
            armed: AtomicBool::new(false),
            rate,
            random: AtomicU64::new(seed | 1),
            stalls: AtomicUsize::new(stalls),
            cut_after: AtomicUsize::new(0),
            passed: AtomicUsize::new(0),
            done: Default::default(),
        });
        let accepted = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let state = Arc::clone(&accepted);
                tokio::spawn(async move {
                    // Either side may go away at any time.
                    let _ = relay(client, &state).await;
                });
            }
        });
        Self { port, state }
    }

    /// Begins, or ends, to do harm.
    pub fn arm(&self, armed: bool) {
        self.state.armed.store(armed, Ordering::SeqCst);
    }

    /// Cuts whatever connection sends the group after this many more, and all connections from then on.
    pub fn cut_after(&self, groups: usize) {
        self.state.passed.store(0, Ordering::SeqCst);
        self.state.cut_after.store(groups, Ordering::SeqCst);
    }

    /// How often each harm was done: errors, cuts, lost replies, stalls.
    pub fn harm(&self) -> [usize; 4] {
        [0, 1, 2, 3].map(|kind| self.state.done[kind].load(Ordering::SeqCst))
    }

    /// The address with this proxy's port in the place of the cluster's.
    pub fn address(&self, of: &str) -> String {
        of.replace(&format!(":{}/", self.state.upstream), &format!(":{}/", self.port))
    }
}

impl State {
    fn draw(&self) -> u64 {
        // A Weyl sequence, mixed: the draws are those of the seed, whoever makes them.
        let x = self.random.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst);
        let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    fn harm(&self, commits: bool) -> Option<Harm> {
        let cut_after = self.cut_after.load(Ordering::SeqCst);
        if cut_after > 0 && self.passed.fetch_add(1, Ordering::SeqCst) >= cut_after {
            return Some(Harm::Cut);
        }
        // Commits are few among the groups, and what goes wrong with them is what matters most.
        let rate = if commits { self.rate * 3 } else { self.rate };
        if !self.armed.load(Ordering::SeqCst) || self.draw() % 1000 >= rate {
            return None;
        }
        let draw = self.draw();
        let harm = match draw % 8 {
            0 | 1 => Harm::Cut,
            2 | 3 => Harm::LoseReply,
            4 if self.stalls.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() => {
                Harm::Stall
            }
            _ => Harm::Error(ERRORS[usize::try_from(draw / 8 % 3).expect("below three")]),
        };
        let kind = match harm {
            Harm::Error(_) => 0,
            Harm::Cut => 1,
            Harm::LoseReply => 2,
            Harm::Stall => 3,
        };
        self.done[kind].fetch_add(1, Ordering::SeqCst);
        Some(harm)
    }
}

async fn relay(mut client: TcpStream, state: &State) -> std::io::Result<()> {
    let mut server = TcpStream::connect(("127.0.0.1", state.upstream)).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let startup = untyped(&mut client).await?;
    server.write_all(&startup).await?;
    replies(&mut server, Some(&mut client)).await?;
    loop {
        let group = group(&mut client).await?;
        let commits = group.windows(6).any(|words| words == b"commit");
        match state.harm(commits) {
            None => {
                server.write_all(&group).await?;
                replies(&mut server, Some(&mut client)).await?;
            }
            Some(Harm::Error(code)) => {
                server.write_all(&failure(code)).await?;
                replies(&mut server, Some(&mut client)).await?;
            }
            Some(Harm::Cut) => return Ok(()),
            Some(Harm::LoseReply) => {
                server.write_all(&group).await?;
                replies(&mut server, None).await?;
                return Ok(());
            }
            Some(Harm::Stall) => {
                server.write_all(&group).await?;
                replies(&mut server, None).await?;
                tokio::time::sleep(Duration::from_secs(30)).await;
                return Ok(());
            }
        }
    }
}

/// A query that fails like this. The server is to know of it: what the client has sent after it belongs to a transaction
/// that failed.
fn failure(code: &str) -> Vec<u8> {
    let words = format!("do $$ begin raise exception 'harm was done' using errcode = '{code}'; end $$\0");
    let mut bytes = vec![b'Q'];
    bytes.extend_from_slice(&u32::try_from(words.len() + 4).expect("short").to_be_bytes());
    bytes.extend_from_slice(words.as_bytes());
    bytes
}

async fn untyped(from: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length).await?;
    let mut bytes = length.to_vec();
    bytes.resize(u32::from_be_bytes(length) as usize, 0);
    from.read_exact(&mut bytes[4..]).await?;
    Ok(bytes)
}

async fn typed(from: &mut TcpStream) -> std::io::Result<(u8, Vec<u8>)> {
    let kind = from.read_u8().await?;
    let mut bytes = vec![kind];
    bytes.extend_from_slice(&untyped(from).await?);
    Ok((kind, bytes))
}

/// The client's messages up to a query or a sync; `Terminate` ends the connection.
async fn group(client: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut all = Vec::new();
    loop {
        let (kind, bytes) = typed(client).await?;
        all.extend_from_slice(&bytes);
        match kind {
            b'Q' | b'S' | b'p' => return Ok(all),
            b'X' => return Err(std::io::ErrorKind::ConnectionAborted.into()),
            _ => {}
        }
    }
}

/// Relays the server's replies up to its being ready again.
async fn replies(server: &mut TcpStream, mut client: Option<&mut TcpStream>) -> std::io::Result<()> {
    loop {
        let (kind, bytes) = typed(server).await?;
        if let Some(client) = client.as_deref_mut() {
            client.write_all(&bytes).await?;
        }
        if kind == b'Z' {
            return Ok(());
        }
    }
}
