//! The threads that hash passwords.
//!
//! Each worker keeps the memory of its last hash, since memory that is fetched afresh for each costs page faults and
//! lets the process swell to many times what it needs. A worker that has had nothing to do for [`IDLE`] gives it back.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Version};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::Params;
use super::queue::{Job, Queue, Turn};
use crate::contract::table::Later;
use crate::fault::Fault;

/// What a worker is given to do.
pub(super) enum Task {
    /// To hash.
    Derive(Derivation),
    /// To say that it is here, and to wait until the other end is dropped.
    Wait(Receiver<()>),
}

/// One run of argon2id.
pub(super) struct Derivation {
    pub(super) params: Params,
    pub(super) salt: Vec<u8>,
    /// Bytes wanted.
    pub(super) length: usize,
    pub(super) password: Zeroizing<String>,
}

pub(super) type Answer = Result<Zeroizing<Vec<u8>>, Fault>;

/// The workers. They end when this is dropped.
pub(super) struct Pool(Arc<Shared>);

struct Shared {
    threads: usize,
    queue: Queue,
    started: AtomicU64,
    running: AtomicU64,
    most: AtomicU64,
    /// How long the last hash took, in microseconds.
    last_took: AtomicU64,
}

impl Pool {
    pub(super) fn start(threads: usize, room: usize) -> Self {
        let shared = Arc::new(Shared {
            threads,
            queue: Queue::with_room_for(room),
            started: AtomicU64::new(0),
            running: AtomicU64::new(0),
            most: AtomicU64::new(0),
            last_took: AtomicU64::new(0),
        });
        for number in 0..threads {
            let worker = Worker { shared: Arc::clone(&shared), memory: Vec::new() };
            std::thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || worker.work())
                .expect("the system gives us the threads we were told to start");
        }
        Self(shared)
    }

    /// Queues `task`; its answer comes through what is returned, and dropping that calls it off.
    pub(super) fn submit(&self, task: Task) -> Result<oneshot::Receiver<Answer>, Later> {
        let (answer, receiver) = oneshot::channel();
        self.0.queue.push(Job { task, answer }).map_err(|waiting| self.0.later(waiting))?;
        Ok(receiver)
    }

    pub(super) fn waiting(&self) -> usize {
        self.0.queue.waiting()
    }

    pub(super) fn hashes_started(&self) -> u64 {
        self.0.started.load(Ordering::Relaxed)
    }

    pub(super) fn most_at_once(&self) -> u64 {
        self.0.most.load(Ordering::Relaxed)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.0.queue.close();
    }
}

impl Shared {
    /// When `waiting` hashes will have been computed, at the pace of the last one.
    fn later(&self, waiting: usize) -> Later {
        let each = Duration::from_micros(self.last_took.load(Ordering::Relaxed));
        let rounds = u32::try_from(waiting.div_ceil(self.threads.max(1))).unwrap_or(u32::MAX);
        Later::busy(each.saturating_mul(rounds).as_secs() + 1)
    }
}

struct Worker {
    shared: Arc<Shared>,
    memory: Vec<Block>,
}

impl Worker {
    fn work(mut self) {
        step_back();
        while self.turn(IDLE) {}
    }

    /// One job, or giving the memory back for want of one. `false` when there will be no more.
    fn turn(&mut self, idle: Duration) -> bool {
        let patience = (self.memory.capacity() > 0).then_some(idle);
        match self.shared.queue.next(patience) {
            Turn::Work(job) => {
                // Whoever asked may have gone away meanwhile; then nobody wants to know.
                match job.task {
                    Task::Derive(task) => {
                        let _ = job.answer.send(self.derive(&task));
                    }
                    Task::Wait(until) => {
                        let _ = job.answer.send(Ok(Zeroizing::default()));
                        let _ = until.recv();
                    }
                }
                true
            }
            Turn::Idle => {
                self.memory = Vec::new();
                true
            }
            Turn::Closed => false,
        }
    }

    fn derive(&mut self, task: &Derivation) -> Answer {
        let shared = Arc::clone(&self.shared);
        shared.started.fetch_add(1, Ordering::Relaxed);
        let running = shared.running.fetch_add(1, Ordering::Relaxed) + 1;
        shared.most.fetch_max(running, Ordering::Relaxed);
        let began = Instant::now();
        let made = catch_unwind(AssertUnwindSafe(|| self.run(task)));
        let took = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        shared.last_took.store(took, Ordering::Relaxed);
        shared.running.fetch_sub(1, Ordering::Relaxed);
        made.unwrap_or_else(|_| Err(Fault::internal("argon2 has panicked")))
    }

    fn run(&mut self, task: &Derivation) -> Answer {
        let Params { memory_kib, iterations, parallelism } = task.params;
        let params =
            argon2::Params::new(memory_kib, iterations, parallelism, Some(task.length)).map_err(Fault::internal)?;
        self.make_room(params.block_count())?;
        let mut made = Zeroizing::new(vec![0; task.length]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(task.password.as_bytes(), &task.salt, &mut made, &mut self.memory)
            .map_err(Fault::internal)?;
        Ok(made)
    }

    fn make_room(&mut self, blocks: usize) -> Result<(), Fault> {
        if self.memory.len() < blocks {
            self.memory = Vec::new();
            self.memory.try_reserve_exact(blocks.max(MAPPED)).map_err(Fault::unavailable)?;
            self.memory.resize(blocks, Block::new());
        }
        Ok(())
    }
}

/// Lowers the priority of this thread, so that whoever waits for a hash waits, and nobody else does with them. Where a
/// niceness is that of the whole process (anywhere but on Linux), nothing is changed. A system that will not have it
/// takes nothing but speed away.
fn step_back() {
    if cfg!(target_os = "linux")
        && let Err(problem) = rustix::process::setpriority_process(None, NICE)
    {
        tracing::warn!(cause = %problem, "the threads that hash run at the priority of the others");
    }
}

/// How nice hashing is: beside a thread that has something else to do it gets about a tenth of a core, and all of it
/// otherwise.
const NICE: i32 = 10;
/// How long a worker keeps its memory with nothing to do.
const IDLE: Duration = Duration::from_secs(30);
/// Blocks of 1 KiB to reserve at least; what is not used is never touched. The allocator of glibc maps what is larger
/// than 32 MiB by itself and gives it back to the system when it is freed; smaller pieces it may keep for good.
const MAPPED: usize = 33 * 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    fn task() -> Task {
        Task::Derive(derivation())
    }

    fn derivation() -> Derivation {
        Derivation {
            params: Params { memory_kib: 8, iterations: 1, parallelism: 1 },
            salt: vec![7; 16],
            length: 32,
            password: Zeroizing::new("password".to_owned()),
        }
    }

    /// A pool whose only worker is the test.
    fn by_hand(room: usize) -> (Pool, Worker) {
        let pool = Pool::start(0, room);
        let worker = Worker { shared: Arc::clone(&pool.0), memory: Vec::new() };
        (pool, worker)
    }

    #[test]
    fn beyond_the_queue_the_answer_is_later_and_room_comes_back_r_65() {
        let (pool, mut worker) = by_hand(2);
        let (one, two) = (pool.submit(task()), pool.submit(task()));
        assert!(one.is_ok() && two.is_ok());
        assert!(pool.submit(task()).is_err());
        assert!(worker.turn(Duration::ZERO));
        assert!(pool.submit(task()).is_ok());
    }

    #[test]
    fn nobody_hashes_for_those_who_went_away() {
        let (pool, mut worker) = by_hand(2);
        let gone = pool.submit(task()).expect("room");
        let mut stays = pool.submit(task()).expect("room");
        drop(gone);
        let mut late = pool.submit(task()).expect("the room of the one who went away");
        assert!(worker.turn(Duration::ZERO) && worker.turn(Duration::ZERO));
        assert_eq!(pool.hashes_started(), 2);
        assert!(stays.try_recv().expect("answered").is_ok());
        assert!(late.try_recv().expect("answered").is_ok());

        drop(pool.submit(task()).expect("room"));
        assert!(worker.turn(Duration::ZERO));
        assert_eq!(pool.hashes_started(), 2, "the one job left was called off while it waited");
    }

    #[test]
    fn an_idle_worker_gives_its_memory_back_and_works_again() {
        let (pool, mut worker) = by_hand(4);
        for _ in 0..2 {
            let mut answer = pool.submit(task()).expect("room");
            assert!(worker.turn(Duration::ZERO));
            assert!(answer.try_recv().expect("answered").is_ok());
            assert!(worker.memory.capacity() > 0, "it is kept for the next hash");
            assert!(worker.turn(Duration::ZERO));
            assert_eq!(worker.memory.capacity(), 0);
        }
    }

    #[test]
    fn a_task_that_cannot_be_done_is_a_fault_and_the_worker_goes_on() {
        let (pool, mut worker) = by_hand(4);
        let mut answer = pool.submit(Task::Derive(Derivation { salt: vec![1], ..derivation() })).expect("room");
        assert!(worker.turn(Duration::ZERO));
        assert!(answer.try_recv().expect("answered").is_err());
        let mut next = pool.submit(task()).expect("room");
        assert!(worker.turn(Duration::ZERO));
        assert!(next.try_recv().expect("answered").is_ok());
    }

    #[test]
    fn the_workers_end_with_the_pool() {
        let pool = Pool::start(2, 4);
        let shared = Arc::downgrade(&pool.0);
        drop(pool);
        let long = Instant::now() + Duration::from_secs(10);
        while shared.strong_count() > 0 {
            assert!(Instant::now() < long, "a worker still runs");
            std::thread::yield_now();
        }
    }

    #[test]
    fn later_is_when_the_queue_will_have_been_worked_off() {
        let (pool, _worker) = by_hand(4);
        assert_eq!(Shared { threads: 2, ..shared_of(3_000_000) }.later(4), Later::busy(7));
        assert_eq!(Shared { threads: 2, ..shared_of(0) }.later(4), Later::busy(1));
        drop(pool);
    }

    fn shared_of(last_took: u64) -> Shared {
        Shared {
            threads: 1,
            queue: Queue::with_room_for(1),
            started: AtomicU64::new(0),
            running: AtomicU64::new(0),
            most: AtomicU64::new(0),
            last_took: AtomicU64::new(last_took),
        }
    }
}
