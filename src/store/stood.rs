//! Whose tokens were found to stand, and since when nothing has happened to it.
//!
//! Whether a token of Login with Prosper stands is a matter of five facts: its redemption, the installation, the
//! application, the consent and the account. A token is looked at again and again, and the facts hardly ever change; so
//! what was found is kept with a [`Mark`] of the moment *before* the facts were looked up, and holds for as long as the
//! mark is the present one. Whatever is noted as changed, in this process or another, moves the mark on after it has been
//! taken out of the live view: whoever reads the new mark cannot find the old fact, and what was found under the old mark
//! is asked no more. The lease of the view bounds this as it bounds the facts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Store;
use super::changes::Change;
use super::families::Epochs;
use crate::domain::account::Account;
use crate::domain::ids::{AccountId, ClientId, CodeId, ConsentId, SpaceId};

/// What a code and the token it is traded for depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Basis {
    /// The code, and later the redemption that the token depends on.
    pub code: CodeId,
    /// The application it was issued to.
    pub client: ClientId,
    /// Whose profile it is about.
    pub account: AccountId,
    /// The space of both.
    pub space: SpaceId,
    /// The consent it was issued under.
    pub consent: ConsentId,
    /// The counters as they were when the code was issued. No login application is an agent's, so that one is zero.
    pub epochs: Epochs,
}

/// How often something changed on which a token depends, counted from all of it. No count goes back, so two marks of a token
/// are equal only if nothing changed between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(u64);

/// The counts behind the marks.
pub(super) struct Marks {
    /// Of what concerns more than one person: applications, the installation.
    all: AtomicU64,
    people: [AtomicU64; PLACES],
    codes: [AtomicU64; PLACES],
}

/// People share this many places, and so do codes. A change to one of a million is noticed by a thousand, who are looked up
/// once more.
const PLACES: usize = 1_024;

/// A token that was found to stand.
#[derive(Clone)]
pub(super) struct Stood {
    mark: Mark,
    basis: Basis,
    account: Arc<Account>,
}

impl Marks {
    pub(super) fn new() -> Self {
        let places = || [const { AtomicU64::new(0) }; PLACES];
        Self { all: AtomicU64::new(0), people: places(), codes: places() }
    }

    fn of_person(&self, account: AccountId) -> &AtomicU64 {
        let [one, two, ..] = account.0.to_le_bytes();
        &self.people[place(one, two)]
    }

    fn of_code(&self, code: CodeId) -> &AtomicU64 {
        let [.., one, two] = *code.bytes();
        &self.codes[place(one, two)]
    }

    /// The mark, now, of what was given to this person for this code.
    pub(super) fn now(&self, account: AccountId, code: CodeId) -> Mark {
        let counts = [&self.all, self.of_person(account), self.of_code(code)];
        Mark(counts.into_iter().map(|count| count.load(Ordering::Acquire)).sum())
    }

    /// Moves on the marks that a change concerns. To be called once the view has forgotten it.
    pub(super) fn moved_by(&self, change: &Change) {
        let count = match change {
            Change::Account(id) | Change::Consent(id, ..) => self.of_person(*id),
            Change::Redemption(code) => self.of_code(*code),
            Change::Application(_) | Change::Installation | Change::Keys => &self.all,
            // Nothing that is traded for a code depends on these.
            Change::Family(_) | Change::Session(_) | Change::Spaces => return,
        };
        count.fetch_add(1, Ordering::AcqRel);
    }

    /// Moves all of them on.
    pub(super) fn all_moved(&self) {
        self.all.fetch_add(1, Ordering::AcqRel);
    }
}

fn place(one: u8, two: u8) -> usize {
    usize::from(u16::from_le_bytes([one, two])) % PLACES
}

impl Store {
    /// The mark of a token now, if the live view is trusted. To be taken before the facts are looked up.
    pub fn mark(&self, basis: &Basis) -> Option<Mark> {
        let view = &self.inner.view;
        view.is_trusted().then(|| view.marks.now(basis.account, basis.code))
    }

    /// The account of this token, if it was found to stand and nothing happened since.
    pub fn stood(&self, basis: &Basis, mark: Mark) -> Option<Arc<Account>> {
        let found = self.inner.view.stood.get(&basis.code)?;
        (found.mark == mark && found.basis == *basis).then_some(found.account)
    }

    /// Keeps that this token was found to stand, by facts that were looked up after `mark` was taken.
    pub fn found_to_stand(&self, basis: Basis, mark: Mark, account: Arc<Account>) {
        self.inner.view.stood.insert(basis.code, Stood { mark, basis, account });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_moves_with_what_its_person_depends_on_and_with_nothing_else() {
        let (marks, person, code) = (Marks::new(), AccountId(7), CodeId::from_bytes([3; 16]));
        let (client, consent) = (ClientId::from_bytes([1; 16]), ConsentId::from_bytes([2; 16]));
        let moves = |change: Change| {
            let before = marks.now(person, code);
            marks.moved_by(&change);
            marks.now(person, code) != before
        };
        assert!(moves(Change::Account(person)));
        assert!(moves(Change::Consent(person, client, consent)));
        assert!(moves(Change::Application(client)));
        assert!(moves(Change::Redemption(code)));
        assert!(moves(Change::Installation));
        assert!(moves(Change::Keys));
        assert!(!moves(Change::Account(AccountId(8))), "another person");
        assert!(!moves(Change::Consent(AccountId(8), client, consent)), "another person");
        assert!(!moves(Change::Redemption(CodeId::from_bytes([4; 16]))), "another code");
        assert!(!moves(Change::Spaces), "a brand");
        let before = marks.now(person, code);
        marks.all_moved();
        assert_ne!(marks.now(person, code), before);
    }
}
