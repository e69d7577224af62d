//! Bodies in and out. Both are whole: nothing we say or hear is large enough to be worth streaming.
//!
//! A body that comes in is bounded in bytes and in time, since a client may send one byte a second for ever (F-15).

use std::error::Error;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Body as HttpBody;

/// The body of an answer.
pub type Body = Full<Bytes>;

/// Why a request's body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyProblem {
    /// It holds, or says that it holds, more bytes than allowed (413).
    #[error("the body is too large")]
    TooLarge,
    /// It did not arrive in time (408).
    #[error("the body did not arrive in time")]
    TooSlow,
    /// The connection broke, or the framing is wrong (400, if anybody is left to hear it).
    #[error("the body broke off")]
    Broken,
}

/// Reads a whole body of at most `max` bytes, which must have arrived `within` this time from now. A body that
/// announces its length is refused before a byte of it is read.
///
/// # Errors
/// See [`BodyProblem`].
pub async fn read_body<B>(body: B, max: usize, within: Duration) -> Result<Bytes, BodyProblem>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if body.size_hint().lower() > max as u64 {
        return Err(BodyProblem::TooLarge);
    }
    tokio::time::timeout(within, collect(body, max)).await.unwrap_or(Err(BodyProblem::TooSlow))
}

async fn collect<B>(mut body: B, max: usize) -> Result<Bytes, BodyProblem>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        // Trailers mean nothing here.
        let Ok(chunk) = frame.map_err(|_| BodyProblem::Broken)?.into_data() else { continue };
        if first.len() + rest.len() + chunk.len() > max {
            return Err(BodyProblem::TooLarge);
        }
        if first.is_empty() {
            first = chunk;
        } else {
            rest.extend_from_slice(&chunk);
        }
    }
    // Nearly every body comes in one piece, which then is not copied.
    if rest.is_empty() {
        return Ok(first);
    }
    let mut whole = BytesMut::with_capacity(first.len() + rest.len());
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&rest);
    Ok(whole.freeze())
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use http_body_util::StreamBody;
    use hyper::body::Frame;

    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    fn pieces(
        list: Vec<Result<&'static str, &'static str>>,
    ) -> impl HttpBody<Data = Bytes, Error = std::io::Error> + Unpin {
        StreamBody::new(futures_util::stream::iter(list.into_iter().map(|piece| match piece {
            Ok(text) => Ok(Frame::data(Bytes::from_static(text.as_bytes()))),
            Err(problem) => Err(std::io::Error::other(problem)),
        })))
    }

    #[tokio::test]
    async fn a_body_is_read_whole_up_to_the_last_byte_allowed() {
        assert_eq!(read_body(Full::new(Bytes::new()), 0, LONG).await.unwrap(), "");
        assert_eq!(read_body(pieces(vec![Ok("ab"), Ok(""), Ok("cd"), Ok("e")]), 5, LONG).await.unwrap(), "abcde");
        let many = pieces(vec![Ok("ab"), Ok("cd"), Ok("e")]);
        assert_eq!(read_body(many, 4, LONG).await.unwrap_err(), BodyProblem::TooLarge);
        let broken = pieces(vec![Ok("ab"), Err("reset")]);
        assert_eq!(read_body(broken, 4, LONG).await.unwrap_err(), BodyProblem::Broken);
    }

    #[tokio::test]
    async fn an_announced_length_is_refused_before_a_byte_is_read() {
        struct Announced;
        impl HttpBody for Announced {
            type Data = Bytes;
            type Error = std::io::Error;
            fn poll_frame(
                self: Pin<&mut Self>,
                _: &mut Context<'_>,
            ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
                panic!("read although it is too large")
            }
            fn size_hint(&self) -> hyper::body::SizeHint {
                hyper::body::SizeHint::with_exact(17)
            }
        }
        assert_eq!(read_body(Announced, 16, LONG).await.unwrap_err(), BodyProblem::TooLarge);
    }

    #[tokio::test]
    async fn a_body_that_never_ends_is_given_up() {
        let endless = StreamBody::new(futures_util::stream::pending::<Result<Frame<Bytes>, std::io::Error>>());
        let problem = read_body(endless, 16, Duration::from_millis(10)).await.unwrap_err();
        assert_eq!(problem, BodyProblem::TooSlow);
    }
}
