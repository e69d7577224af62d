//! Passwords: argon2id, as many at once as there are threads for it, and no more.
//!
//! 1. A hash waits in a bounded queue. Beyond it the answer is "come back later" at once, so that a storm of sign-ins
//!    costs memory for no more buffers than there are workers, and nobody else's request waits behind it.
//! 2. A worker takes it, unless whoever asked has gone away meanwhile: nobody's hash burns a core.
//! 3. A name that nobody has costs the same one hash as a wrong password, of the current parameters.
//!
//! What is handed in is already folded and bounded (`domain::password::fold`); `None` there is `None` here, and costs
//! nothing, because no account can have such a password and its length was never a secret.

mod phc;
mod pool;
mod queue;

use std::num::NonZeroUsize;
use std::sync::Arc;

use aws_lc_rs::constant_time;
use zeroize::Zeroizing;

use self::phc::Phc;
use self::pool::{Derivation, Pool, Task};
use super::entropy::Entropy;
use crate::contract::table::{Later, Stop};
pub use crate::domain::secret::PasswordHash;
use crate::fault::Fault;

/// What a hash costs. The default is the least that OWASP advises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    /// Memory of one hash, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub iterations: u32,
    /// Lanes. They are computed one after the other, so more than one only helps an attacker.
    pub parallelism: u32,
}

impl Default for Params {
    fn default() -> Self {
        Self { memory_kib: 19_456, iterations: 2, parallelism: 1 }
    }
}

impl Params {
    /// Can a hash be made with these? At most 1 GiB, 64 passes and 16 lanes, and 8 KiB for each lane.
    pub const fn are_legal(&self) -> bool {
        self.parallelism >= 1
            && self.parallelism <= 16
            && self.iterations >= 1
            && self.iterations <= 64
            && self.memory_kib >= 8 * self.parallelism
            && self.memory_kib <= 1_048_576
    }
}

/// Why there is no hash.
#[derive(Debug)]
pub enum HashProblem {
    /// The queue is full: come back when it will have been worked off.
    Busy(Later),
    /// The fault is ours.
    Broke(Fault),
}

impl<T> From<HashProblem> for Stop<T> {
    fn from(problem: HashProblem) -> Self {
        match problem {
            HashProblem::Busy(later) => Self::Later(later),
            HashProblem::Broke(fault) => Self::Broke(fault),
        }
    }
}

/// The workers and their queue. Cheap to clone; the threads end when the last clone is gone.
#[derive(Clone)]
pub struct Passwords(Arc<Inner>);

struct Inner {
    params: Params,
    entropy: Entropy,
    /// What a stranger's password is compared with. No password has this hash but by a chance of 2^-256.
    nobody: Phc,
    pool: Pool,
}

impl Passwords {
    /// Starts the workers: `threads`, or one for each core when that is 0. At most `queue` hashes wait.
    ///
    /// # Panics
    /// If `params` are not legal (see [`Params::are_legal`]; the configuration has checked them), or if the system
    /// gives no thread.
    pub fn start(params: Params, threads: usize, queue: usize, entropy: Entropy) -> Self {
        let threads = match threads {
            0 => std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            some => some,
        };
        let nobody = Phc::write(params, &entropy.bytes::<SALT>(), &entropy.bytes::<TAG>())
            .expect("the configuration has checked the parameters");
        Self(Arc::new(Inner { params, entropy, nobody, pool: Pool::start(threads, queue) }))
    }

    /// Is `typed` the password that `stored` is the hash of? Exactly one hash is computed whenever something was typed,
    /// under the stored parameters, or the current ones when nothing is stored.
    ///
    /// # Errors
    /// `Busy` when too many wait, `Broke` when the hash could not be computed.
    pub async fn verify(
        &self,
        stored: Option<&PasswordHash>,
        typed: Option<Zeroizing<String>>,
    ) -> Result<bool, HashProblem> {
        let Some(typed) = typed else { return Ok(false) };
        let against = match stored {
            Some(stored) => read(stored)?,
            None => self.0.nobody.read(),
        };
        let made = self.derive(against.params, against.salt, against.tag.len(), typed).await?;
        Ok(constant_time::verify_slices_are_equal(&made, &against.tag).is_ok() & stored.is_some())
    }

    /// The hash to store of a password that was chosen.
    ///
    /// # Errors
    /// As [`Passwords::verify`].
    pub async fn hash(&self, typed: Zeroizing<String>) -> Result<PasswordHash, HashProblem> {
        let salt = self.0.entropy.bytes::<SALT>();
        let tag = self.derive(self.0.params, salt.to_vec(), TAG, typed).await?;
        Phc::write(self.0.params, &salt, &tag)
            .map(|made| PasswordHash::from_stored(made.as_str().to_owned()))
            .ok_or_else(|| HashProblem::Broke(Fault::internal("a password cannot be hashed with these parameters")))
    }

    /// Was `stored` made with less memory or fewer passes than are asked for now? Whoever has just verified it then
    /// stores a fresh [`Passwords::hash`].
    pub fn needs_rehash(&self, stored: &PasswordHash) -> bool {
        let now = self.0.params;
        Phc::parse(stored.as_str())
            .map(|stored| stored.read().params)
            .is_none_or(|then| then.memory_kib < now.memory_kib || then.iterations < now.iterations)
    }

    /// How many hashes have been begun.
    pub fn hashes_started(&self) -> u64 {
        self.0.pool.hashes_started()
    }

    /// The most hashes that were computed at one time.
    pub fn most_at_once(&self) -> u64 {
        self.0.pool.most_at_once()
    }

    /// How many hashes wait for a worker.
    pub fn waiting(&self) -> usize {
        self.0.pool.waiting()
    }

    /// Occupies one worker until what is answered is dropped; it is answered once the worker is at it. For drills: what
    /// happens to a request whose hash is queued can be shown without a race.
    ///
    /// # Errors
    /// As [`Passwords::verify`].
    pub async fn occupy(&self) -> Result<Occupied, HashProblem> {
        let (until, wait) = std::sync::mpsc::channel();
        self.work(Task::Wait(wait)).await.map(|_| Occupied { _until: until })
    }

    async fn derive(
        &self,
        params: Params,
        salt: Vec<u8>,
        length: usize,
        password: Zeroizing<String>,
    ) -> Result<Zeroizing<Vec<u8>>, HashProblem> {
        self.work(Task::Derive(Derivation { params, salt, length, password })).await
    }

    async fn work(&self, task: Task) -> Result<Zeroizing<Vec<u8>>, HashProblem> {
        self.0
            .pool
            .submit(task)
            .map_err(HashProblem::Busy)?
            .await
            .unwrap_or_else(|_| Err(Fault::internal("a worker that hashes passwords has failed")))
            .map_err(HashProblem::Broke)
    }
}

/// A worker that does nothing until this is dropped.
pub struct Occupied {
    _until: std::sync::mpsc::Sender<()>,
}

/// Bytes of a new salt.
const SALT: usize = 16;
/// Bytes of a new hash.
const TAG: usize = 32;

fn read(stored: &PasswordHash) -> Result<phc::Parts, HashProblem> {
    Phc::parse(stored.as_str())
        .map(|stored| stored.read())
        .ok_or_else(|| HashProblem::Broke(Fault::internal("a stored password hash is not one that prosper reads")))
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;

    const LIGHT: Params = Params { memory_kib: 64, iterations: 1, parallelism: 1 };

    fn typed(text: &str) -> Zeroizing<String> {
        Zeroizing::new(text.to_owned())
    }

    fn passwords(params: Params) -> Passwords {
        Passwords::start(params, 2, 16, Entropy::seeded([1; 32]))
    }

    #[tokio::test]
    async fn the_right_password_is_right_and_others_are_wrong() {
        let passwords = passwords(LIGHT);
        let stored = passwords.hash(typed("correct horse")).await.expect("a hash");
        assert!(stored.as_str().starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
        assert!(passwords.verify(Some(&stored), Some(typed("correct horse"))).await.expect("an answer"));
        for wrong in ["Correct horse", "correct horse ", ""] {
            assert!(!passwords.verify(Some(&stored), Some(typed(wrong))).await.expect("an answer"), "{wrong}");
        }
        let again = passwords.hash(typed("correct horse")).await.expect("a hash");
        assert_ne!(again.as_str(), stored.as_str(), "each hash has a salt of its own");
    }

    #[tokio::test]
    async fn a_stranger_costs_the_one_hash_that_a_wrong_password_costs_r_51() {
        let passwords = passwords(LIGHT);
        let stored = passwords.hash(typed("correct horse")).await.expect("a hash");
        let before = passwords.hashes_started();
        assert!(!passwords.verify(None, Some(typed("correct horse"))).await.expect("an answer"));
        assert_eq!(passwords.hashes_started(), before + 1);
        assert!(!passwords.verify(Some(&stored), Some(typed("wrong"))).await.expect("an answer"));
        assert_eq!(passwords.hashes_started(), before + 2);
        assert_eq!(passwords.0.nobody.read().params, LIGHT);
        assert!(!passwords.verify(Some(&stored), None).await.expect("an answer"), "nothing was typed");
        assert_eq!(passwords.hashes_started(), before + 2);
    }

    #[tokio::test]
    async fn hashes_of_the_reference_implementation_verify() {
        let passwords = passwords(LIGHT);
        for known in [
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
            "$argon2id$v=19$m=65536,t=1,p=1$c29tZXNhbHQ$9qWtwbpyPd3vm1rB1GThgPzZ3/ydHL92zKL+15XZypg",
        ] {
            let stored = PasswordHash::from_stored(known.to_owned());
            assert!(passwords.verify(Some(&stored), Some(typed("password"))).await.expect("an answer"), "{known}");
            assert!(!passwords.verify(Some(&stored), Some(typed("passwort"))).await.expect("an answer"), "{known}");
        }
    }

    #[tokio::test]
    async fn stored_parameters_are_honoured_and_raised_ones_ask_for_a_new_hash_r_64() {
        let stored = passwords(LIGHT).hash(typed("correct horse")).await.expect("a hash");
        let raised = passwords(Params { iterations: 2, ..LIGHT });
        assert!(raised.verify(Some(&stored), Some(typed("correct horse"))).await.expect("an answer"));
        assert!(raised.needs_rehash(&stored));
        assert!(passwords(Params { memory_kib: 65, ..LIGHT }).needs_rehash(&stored));
        assert!(!passwords(LIGHT).needs_rehash(&stored));
        assert!(!passwords(Params { memory_kib: 32, ..LIGHT }).needs_rehash(&stored), "lowered ones do not");
    }

    #[tokio::test]
    async fn a_storm_is_answered_at_once_and_never_exceeds_the_threads_r_65() {
        let passwords = Passwords::start(Params::default(), 2, 3, Entropy::seeded([1; 32]));
        let asked = join_all((0..60).map(|_| passwords.verify(None, Some(typed("guess"))))).await;
        let busy = asked.iter().filter(|a| matches!(a, Err(HashProblem::Busy(_)))).count();
        let done = asked.iter().filter(|a| matches!(a, Ok(false))).count();
        assert_eq!(busy + done, 60, "{asked:?}");
        assert!(done >= 3 && busy > 0, "{done} done, {busy} busy");
        assert_eq!(passwords.hashes_started(), u64::try_from(done).expect("a small number"));
        assert!(passwords.most_at_once() <= 2, "{}", passwords.most_at_once());
        assert!(!passwords.verify(None, Some(typed("guess"))).await.expect("the queue is empty again"));
    }

    #[test]
    fn a_full_queue_is_later_and_a_failure_is_ours() {
        let later = Stop::<()>::from(HashProblem::Busy(Later::busy(3)));
        assert!(matches!(later, Stop::Later(Later { too_many: false, seconds: 3 })));
        assert!(matches!(Stop::<()>::from(HashProblem::Broke(Fault::internal("x"))), Stop::Broke(_)));
    }
}
