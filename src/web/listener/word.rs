//! One word for all connections: to finish what they do, or to end.
//!
//! A [`CancellationToken`] is looked at under locks that all who wait for it share, each time one of them is polled, which
//! is more than once a request. Here each waits for it once, and from then on looks at a flag.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use tokio_util::sync::CancellationToken;

/// See the module.
#[derive(Default)]
pub(super) struct Word {
    said: AtomicBool,
    token: CancellationToken,
}

impl Word {
    /// Says it. Whoever waits is woken.
    pub fn say(&self) {
        self.said.store(true, Ordering::Release);
        self.token.cancel();
    }

    /// Waits until it is said. To be polled by one task alone: the first who polled is the one that is woken.
    pub async fn heard(&self) {
        let mut cancelled = pin!(self.token.cancelled());
        let mut waits = false;
        poll_fn(|cx| {
            if waits && !self.said.load(Ordering::Acquire) {
                return Poll::Pending;
            }
            waits = true;
            cancelled.as_mut().poll(cx)
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn who_waits_hears_it_and_so_does_who_comes_later() {
        let word = Arc::new(Word::default());
        let waiting = tokio::spawn({
            let word = Arc::clone(&word);
            async move { word.heard().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        word.say();
        waiting.await.expect("woken");
        word.heard().await;
    }

    #[tokio::test]
    async fn who_is_polled_for_another_reason_goes_on_waiting() {
        let word = Word::default();
        let mut heard = pin!(word.heard());
        for _ in 0..3 {
            assert!(futures_util::poll!(heard.as_mut()).is_pending());
        }
        word.say();
        assert!(futures_util::poll!(heard.as_mut()).is_ready());
    }
}
