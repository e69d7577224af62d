//! What a server does beside answering: it writes down what it observed, sweeps what has expired, carries the time
//! forward, keeps the marker, follows what commands beside it have changed, and sends the mail that is due.
//!
//! None of it is ever waited for by a request. What fails is said in the log and tried again at the next turn.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::failure::Outcome;
use super::folder::Folder;
use super::marker::Marker;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::flows::audit_chain;
use crate::flows::send_mail::{self, Turn};
use crate::prosper::Prosper;

/// Begins it all, until `stop`.
pub fn begin(p: &Arc<Prosper>, folder: &Folder, stop: &CancellationToken, tasks: &TaskTracker) {
    let spawn = |work: std::pin::Pin<Box<dyn Future<Output = ()> + Send>>| {
        tasks.spawn(stop.clone().run_until_cancelled_owned(work));
    };
    spawn(Box::pin(observe(Arc::clone(p))));
    spawn(Box::pin(sweep(Arc::clone(p))));
    spawn(Box::pin(keep_time(Arc::clone(p))));
    spawn(Box::pin(keep_marker(Arc::clone(p), folder.clone())));
    spawn(Box::pin(follow(Arc::clone(p))));
    spawn(Box::pin(seal(Arc::clone(p))));
    if p.settings.mail.sends() {
        // Not broken off: a mail that is half sent would be sent again.
        tasks.spawn(send_mail(Arc::clone(p), stop.clone()));
    }
}

/// Writes the marker if the database has moved on since the last one.
///
/// # Errors
/// The store cannot be read, or the marker not be written.
pub async fn mark(p: &Prosper, folder: &Folder) -> Outcome {
    let next = Marker::of(&p.store.standing().await?, &p.clock, &p.settings.public_url);
    let known = Marker::read(&folder.marker())?;
    if known.is_none_or(|known| known.is_behind(&next) || known.public_url() != next.public_url()) {
        next.write(&folder.marker())?;
    }
    Ok(())
}

async fn observe(p: Arc<Prosper>) {
    let mut every = tokio::time::interval(Duration::from_secs(1));
    loop {
        every.tick().await;
        report("what was observed cannot be written down", p.store.flush_observations().await);
    }
}

async fn sweep(p: Arc<Prosper>) {
    let mut every = tokio::time::interval(Duration::from_mins(1));
    loop {
        every.tick().await;
        match p.store.sweep(p.now()).await {
            Ok(0) => {}
            Ok(rows) => tracing::debug!(rows, "swept"),
            Err(fault) => tracing::error!(cause = %fault, "what has expired cannot be swept"),
        }
    }
}

/// Seals what was written to the audit log since the last turn.
async fn seal(p: Arc<Prosper>) {
    let mut every = tokio::time::interval(Duration::from_secs(10));
    loop {
        every.tick().await;
        loop {
            match audit_chain::seal_audit(&p).await {
                Ok(0) => break,
                Ok(rows) => tracing::debug!(rows, "sealed the audit log"),
                Err(fault) => {
                    tracing::warn!(cause = %fault, "the audit log cannot be sealed just now");
                    break;
                }
            }
        }
    }
}

/// Sends what is due until told to stop. After a failure it waits: what is wrong with one mail is often wrong with all.
async fn send_mail(p: Arc<Prosper>, stop: CancellationToken) {
    loop {
        let pause = match send_mail::send_next(&p).await {
            Ok(Turn::Sent) => Duration::ZERO,
            Ok(Turn::Nothing) => Duration::from_secs(1),
            Ok(Turn::Failed) => Duration::from_secs(5),
            Err(fault) => {
                tracing::error!(cause = %fault, "the outbox cannot be used");
                Duration::from_secs(5)
            }
        };
        if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return;
        }
    }
}

/// Carries the high-water mark forward when nothing else does, and says once when the wall clock and ours disagree.
async fn keep_time(p: Arc<Prosper>) {
    let mut every = tokio::time::interval(Duration::from_secs(5));
    let mut told = 0;
    loop {
        every.tick().await;
        report("the time cannot be written down", p.store.mark_time(p.now()).await);
        let drift = p.clock.drift() / 1_000_000;
        if drift.abs() < LOUD_DRIFT {
            told = 0;
        } else if (drift - told).abs() >= LOUD_DRIFT {
            told = drift;
            tracing::warn!(
                seconds = drift,
                "the wall clock is ahead of ours by this much (negative: behind), and is not followed: if it is right, \
                 say `prosper clock accept`"
            );
        }
    }
}

async fn keep_marker(p: Arc<Prosper>, folder: Folder) {
    let mut every = tokio::time::interval(Duration::from_secs(1));
    loop {
        every.tick().await;
        if let Err(failure) = mark(&p, &folder).await {
            tracing::error!(cause = %failure, "the marker cannot be kept");
        }
    }
}

/// Follows what was changed of the installation and the key ring, here or by another process.
async fn follow(p: Arc<Prosper>) {
    let mut changes = p.store.watch_installation();
    let mut known = match p.store.installation().await {
        Ok(installation) => installation.clock_set,
        Err(_) => Timestamp::default(),
    };
    while changes.changed().await.is_ok() {
        report("the new key ring cannot be read, the old one stays", p.reload_keys().await);
        match p.follow_clock(known).await {
            Ok(set) => known = set,
            Err(fault) => tracing::error!(cause = %fault, "the clock that was accepted cannot be read"),
        }
    }
}

fn report(what: &'static str, outcome: Result<(), Fault>) {
    if let Err(fault) = outcome {
        tracing::error!(cause = %fault, "{what}");
    }
}

/// Seconds of disagreement with the wall clock that are worth a word.
const LOUD_DRIFT: i64 = 30;
