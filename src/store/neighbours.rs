//! Hot work travels together: what waits in the queue becomes one multi-row statement in one transaction.
//!
//! 1. Whoever comes puts its item into the queue, and calls for a slice if none is on its way.
//! 2. A slice takes what waits at the moment it *begins*, not when it was called for: while the engine is busy, or a
//!    connection is being waited for, neighbours gather. Nobody waits for a timer, and on an idle engine nobody waits.
//!    On the networked engine a slice costs about as much as a dozen of its items, so a second one begins beside the first
//!    only if it is worth it, or if the first takes long.
//! 3. Once the slice is durable each is told its own outcome. What the engine refuses of several is done again one by one,
//!    so that an item that cannot be written harms no other.
//!
//! An item whose caller has gone before its slice began is dropped: nobody was told that it happened.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::Store;
use super::engine::{Tx, Unit};
use crate::clock::Clock;
use crate::fault::Fault;

/// Items that may wait before new ones are turned away (503).
const QUEUE: usize = 4_096;
/// Items of one slice at most.
const SLICE: usize = 256;
/// Slices under way at once: one may wait for its commit while the next gathers, and one that hangs holds up no other.
const AT_ONCE: usize = 2;
/// Items that are worth a second slice where each is a transaction of its own.
const WORTH: usize = 32;
/// How long a slice is on its way before another begins beside it, whatever it is worth.
const LONG: Duration = Duration::from_millis(20);
/// How long a caller waits in all.
const PATIENCE: Duration = Duration::from_secs(9);

/// A kind of work that is done for many at once.
pub(super) trait Hot: Clone + Send + Sync + 'static {
    /// What one item comes to.
    type Out: Send + 'static;

    /// Is all of this done by one statement? [`Unit::is_one_statement`].
    fn is_one_statement(items: &[Self]) -> bool;

    /// Does the work of all items and answers for each, in their order. Run again after a conflict.
    fn all(items: &[Self], tx: &mut Tx) -> impl Future<Output = Result<Vec<Self::Out>, Fault>> + Send;
}

/// Those who wait for the same kind of work.
pub(super) struct Neighbours<T: Hot>(Arc<Mutex<Queue<T>>>);

struct Queue<T: Hot> {
    waiting: VecDeque<(T, Answer<T>)>,
    /// Has a slice been called for that has not begun?
    called: bool,
    /// When each of the slices began that are under way.
    under_way: Vec<Duration>,
    /// Is each slice a transaction of its own? The embedded engine has one writer, and what is called for waits there.
    apart: bool,
}

type Answer<T> = oneshot::Sender<Result<<T as Hot>::Out, Fault>>;

impl<T: Hot> Neighbours<T> {
    /// Nobody, yet. `apart` says whether each slice is a transaction of its own.
    pub(super) fn new(apart: bool) -> Self {
        let (waiting, under_way) = (VecDeque::new(), Vec::new());
        Self(Arc::new(Mutex::new(Queue { waiting, called: false, under_way, apart })))
    }

    /// Does the work of `item` together with whatever waits beside it.
    pub(super) async fn join(&self, item: T, store: &Store) -> Result<T::Out, Fault> {
        let (answer, mut answered) = oneshot::channel();
        let call = {
            let mut queue = lock(&self.0);
            if queue.waiting.len() >= QUEUE {
                return Err(Fault::unavailable("store: too many units are waiting"));
            }
            queue.waiting.push_back((item, answer));
            queue.call()
        };
        self.send(call, store);
        let told = if let Ok(told) = tokio::time::timeout(LONG, &mut answered).await {
            told
        } else {
            let call = lock(&self.0).call();
            self.send(call, store);
            let in_time = tokio::time::timeout(PATIENCE.saturating_sub(LONG), answered).await;
            in_time.map_err(|_| Fault::unavailable("the database did not answer in time"))?
        };
        told.unwrap_or_else(|_| Err(Fault::unavailable("store: the unit was dropped")))
    }

    /// Sends a slice on its way, if one was called for.
    fn send(&self, called: bool, store: &Store) {
        if called {
            tokio::spawn(work(Arc::clone(&self.0), store.clone()));
        }
    }
}

impl<T: Hot> Queue<T> {
    /// Is a slice to be sent on its way?
    fn call(&mut self) -> bool {
        let call = !self.called && self.under_way.len() < AT_ONCE && !self.waiting.is_empty() && self.is_time();
        self.called |= call;
        call
    }

    /// May a slice begin now, if there is room for one?
    fn is_time(&self) -> bool {
        let is_long = |began: &Duration| Clock::monotonic().saturating_sub(*began) >= LONG;
        !self.apart || self.waiting.len() >= WORTH || self.under_way.iter().all(is_long)
    }

    /// A slice that began at `began` has ended.
    fn ended(&mut self, began: Duration) {
        if let Some(at) = self.under_way.iter().position(|other| *other == began) {
            self.under_way.swap_remove(at);
        }
    }
}

fn lock<T: Hot>(queue: &Mutex<Queue<T>>) -> MutexGuard<'_, Queue<T>> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Slices, until nobody waits.
async fn work<T: Hot>(queue: Arc<Mutex<Queue<T>>>, store: Store) {
    loop {
        let slice = Arc::new(Slice { queue: Some(Arc::clone(&queue)), taken: OnceLock::new() });
        let outcome = store.write(Run(Arc::clone(&slice))).await;
        // A slice that could not even begin answers those who wait now.
        let began = slice.begin().began;
        tell(&slice, outcome, &store).await;
        let mut queue = lock(&queue);
        queue.ended(began);
        if !queue.call() {
            return;
        }
    }
}

/// Tells each item of a slice its own outcome.
async fn tell<T: Hot>(slice: &Slice<T>, outcome: Result<Vec<T::Out>, Fault>, store: &Store) {
    let Taken { items, answers, .. } = slice.begin();
    let answers = std::mem::take(&mut *answers.lock().unwrap_or_else(PoisonError::into_inner));
    match outcome {
        Ok(told) => {
            for (answer, told) in answers.into_iter().zip(told) {
                // Whoever asked may have gone; the work is done all the same.
                let _ = answer.send(Ok(told));
            }
        }
        Err(fault) if !fault.passing && items.len() > 1 => {
            for (answer, item) in answers.into_iter().zip(items) {
                let _ = answer.send(alone(item.clone(), store).await);
            }
        }
        Err(fault) => {
            for answer in answers {
                let _ = answer.send(Err(fault.again()));
            }
        }
    }
}

/// Does the work of one item by itself.
async fn alone<T: Hot>(item: T, store: &Store) -> Result<T::Out, Fault> {
    let taken = OnceLock::from(Taken::of(vec![item], Vec::new()));
    let told = store.write(Run(Arc::new(Slice { queue: None, taken }))).await?;
    told.into_iter().next().ok_or_else(|| Fault::internal("store: a unit was not run"))
}

/// Neighbours on their way through the engine.
struct Slice<T: Hot> {
    queue: Option<Arc<Mutex<Queue<T>>>>,
    taken: OnceLock<Taken<T>>,
}

struct Taken<T: Hot> {
    began: Duration,
    items: Vec<T>,
    answers: Mutex<Vec<Answer<T>>>,
}

impl<T: Hot> Taken<T> {
    fn of(items: Vec<T>, answers: Vec<Answer<T>>) -> Self {
        Self { began: Clock::monotonic(), items, answers: Mutex::new(answers) }
    }
}

impl<T: Hot> Slice<T> {
    /// Takes those who wait, the first time; a slice that is run again has the same items.
    fn begin(&self) -> &Taken<T> {
        self.taken.get_or_init(|| {
            let Some(queue) = &self.queue else { return Taken::of(Vec::new(), Vec::new()) };
            let mut queue = lock(queue);
            let most = queue.waiting.len().min(SLICE);
            let here = queue.waiting.drain(..most).filter(|(_, answer)| !answer.is_closed());
            let (items, answers): (Vec<_>, Vec<_>) = here.unzip();
            let taken = Taken::of(items, answers);
            queue.called = false;
            queue.under_way.push(taken.began);
            taken
        })
    }
}

struct Run<T: Hot>(Arc<Slice<T>>);

impl<T: Hot> Unit for Run<T> {
    type Out = Vec<T::Out>;

    fn is_one_statement(&self) -> bool {
        T::is_one_statement(&self.0.begin().items)
    }

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let items = &self.0.begin().items;
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let told = T::all(items, tx).await?;
        if told.len() == items.len() { Ok(told) } else { Err(Fault::internal("store: not every item was answered")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone)]
    struct Nothing;

    impl Hot for Nothing {
        type Out = ();

        fn is_one_statement(_: &[Self]) -> bool {
            true
        }

        async fn all(items: &[Self], _: &mut Tx) -> Result<Vec<()>, Fault> {
            Ok(items.iter().map(|_| ()).collect())
        }
    }

    fn queue(apart: bool, waiting: usize, under_way: &[Duration]) -> Queue<Nothing> {
        let waiting = (0..waiting).map(|_| (Nothing, oneshot::channel().0)).collect();
        Queue { waiting, called: false, under_way: under_way.to_vec(), apart }
    }

    #[test]
    fn a_second_slice_begins_if_it_is_worth_it_or_the_first_takes_long() {
        let (now, long_ago) = (Clock::monotonic(), Clock::monotonic().saturating_sub(LONG));
        for (apart, waiting, under_way, calls) in [
            (true, 0, &[][..], false),
            (true, 1, &[], true),
            (true, 1, &[now], false),
            (true, WORTH, &[now], true),
            (true, 1, &[long_ago], true),
            (true, WORTH, &[long_ago; AT_ONCE], false),
            (false, 1, &[now], true),
            (false, WORTH, &[now; AT_ONCE], false),
        ] {
            let mut queue = queue(apart, waiting, under_way);
            assert_eq!(queue.call(), calls, "{apart} {waiting} {under_way:?}");
            assert!(!queue.call(), "called for once");
        }
    }

    #[test]
    fn beside_a_slice_that_hangs_the_next_begins_as_soon_as_the_one_before_has_ended() {
        let (now, long_ago) = (Clock::monotonic(), Clock::monotonic().saturating_sub(LONG));
        let mut queue = queue(true, 1, &[long_ago, now]);
        assert!(!queue.call(), "there is no room");
        queue.ended(now);
        assert!(queue.call());
    }
}
