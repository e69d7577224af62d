//! The queue before the threads that hash passwords: first come, first served, bounded, and nobody waits in it who has
//! gone away.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::pool::{Answer, Task};

/// A task, and who waits for it.
pub(super) struct Job {
    pub(super) task: Task,
    pub(super) answer: oneshot::Sender<Answer>,
}

/// At most `room` jobs.
pub(super) struct Queue {
    room: usize,
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

struct Waiting {
    jobs: VecDeque<Job>,
    closed: bool,
}

/// What a worker is told when it asks for work.
pub(super) enum Turn {
    Work(Job),
    /// Nothing came for as long as the worker cared to wait.
    Idle,
    Closed,
}

impl Queue {
    pub(super) fn with_room_for(room: usize) -> Self {
        Self {
            room,
            waiting: Mutex::new(Waiting { jobs: VecDeque::with_capacity(room.min(1_024)), closed: false }),
            changed: Condvar::new(),
        }
    }

    /// Queues `job`, or says how many wait when there is no room. Those who have gone away take up none.
    pub(super) fn push(&self, job: Job) -> Result<(), usize> {
        let mut waiting = self.lock();
        if waiting.jobs.len() >= self.room {
            waiting.jobs.retain(|job| !job.answer.is_closed());
        }
        if waiting.jobs.len() >= self.room {
            return Err(waiting.jobs.len());
        }
        waiting.jobs.push_back(job);
        drop(waiting);
        self.changed.notify_one();
        Ok(())
    }

    /// The next job that somebody still waits for; `patience` of `None` waits for ever.
    pub(super) fn next(&self, patience: Option<Duration>) -> Turn {
        let until = patience.map(|patience| Instant::now() + patience);
        let mut waiting = self.lock();
        loop {
            if waiting.closed {
                return Turn::Closed;
            }
            while let Some(job) = waiting.jobs.pop_front() {
                if !job.answer.is_closed() {
                    return Turn::Work(job);
                }
            }
            waiting = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => return Turn::Idle,
                Some(left) => self.changed.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.lock().jobs.iter().filter(|job| !job.answer.is_closed()).count()
    }

    pub(super) fn close(&self) {
        let mut waiting = self.lock();
        waiting.closed = true;
        waiting.jobs.clear();
        drop(waiting);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing that runs under the lock leaves the queue half changed.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
