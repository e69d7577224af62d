//! A client that costs little: keep-alive connections, requests written whole, answers read by their length.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A kept connection.
pub struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer.
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Answer {
    /// A header's value.
    pub fn header<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.headers(name).next()
    }

    /// All values of a header.
    pub fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.filter(move |(sent, _)| sent.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// A text member of a flat JSON object.
    pub fn member(&self, name: &str) -> Option<&str> {
        let at = self.body.find(&format!("\"{name}\":\""))? + name.len() + 4;
        self.body[at..].split('"').next()
    }
}

impl Wire {
    pub async fn open(port: u16) -> Self {
        Self::try_open(port).await.expect("the server accepts")
    }

    /// `None` while nobody listens.
    pub async fn try_open(port: u16) -> Option<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
        stream.set_nodelay(true).expect("a socket");
        Some(Self { stream, buffer: Vec::with_capacity(4_096) })
    }

    pub async fn ask(&mut self, request: &[u8]) -> Answer {
        self.stream.write_all(request).await.expect("the server reads");
        let mut scratch = [0; 8_192];
        loop {
            if let Some((head, length)) = self.head()
                && self.buffer.len() >= head + length
            {
                let text = String::from_utf8_lossy(&self.buffer[..head]).into_owned();
                let body = String::from_utf8_lossy(&self.buffer[head..head + length]).into_owned();
                self.buffer.drain(..head + length);
                let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
                return Answer { status, head: text, body };
            }
            let read = self.stream.read(&mut scratch).await.expect("the server answers");
            assert!(read > 0, "the server hung up");
            self.buffer.extend_from_slice(&scratch[..read]);
        }
    }

    /// Where the head ends, and how long the body is.
    fn head(&self) -> Option<(usize, usize)> {
        let end = self.buffer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
        let head = std::str::from_utf8(&self.buffer[..end]).expect("text").to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        Some((end, length.unwrap_or(0)))
    }
}

/// A GET.
pub fn get(path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    let headers = lines(headers);
    format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{headers}\r\n").into_bytes()
}

/// A POST of a form.
pub fn post(path: &str, headers: &[(&str, &str)], form: &[(&str, &str)]) -> Vec<u8> {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let headers = lines(headers);
    format!(
        "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/x-www-form-urlencoded\r\n{headers}\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn lines(headers: &[(&str, &str)]) -> String {
    headers.iter().flat_map(|(name, value)| [name, ": ", value, "\r\n"]).collect()
}
