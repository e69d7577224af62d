//! Where an account stands, and who may move it where (A-02; seed 2, "User Status Errors").

/// An account's status: active, or one of the eleven rows of the document's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// May be used.
    Active,
    /// Closed by its owner or by staff.
    Closed,
    /// Its owner has another account.
    Duplicate,
    /// Not used for too long.
    Expired,
    /// Set aside.
    Inactive,
    /// On hold while something is looked into.
    OnHold,
    /// Accepted, and waits for staff to switch it on.
    PendingActivation,
    /// An institution that waits for staff's approval.
    PendingApproval,
    /// Registration was begun and not finished.
    IncompleteRegistration,
    /// Suspended by staff.
    Suspended,
    /// Ended by staff.
    Terminated,
    /// The email address has not been validated.
    Unactivated,
}

impl Status {
    /// Every status: active, then the document's order.
    pub const ALL: [Self; 12] = [
        Self::Active,
        Self::Closed,
        Self::Duplicate,
        Self::Expired,
        Self::Inactive,
        Self::OnHold,
        Self::PendingActivation,
        Self::PendingApproval,
        Self::IncompleteRegistration,
        Self::Suspended,
        Self::Terminated,
        Self::Unactivated,
    ];

    /// The name it is stored and listed under.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Closed => "closed",
            Self::Duplicate => "duplicate",
            Self::Expired => "expired",
            Self::Inactive => "inactive",
            Self::OnHold => "on_hold",
            Self::PendingActivation => "pending_activation",
            Self::PendingApproval => "pending_approval",
            Self::IncompleteRegistration => "incomplete_registration",
            Self::Suspended => "suspended",
            Self::Terminated => "terminated",
            Self::Unactivated => "unactivated",
        }
    }

    /// Reads [`Status::name`] back.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Does the right password open a session limited to the page that shows where the account stands?
    pub const fn is_waiting(self) -> bool {
        matches!(
            self,
            Self::Unactivated | Self::PendingApproval | Self::PendingActivation | Self::IncompleteRegistration
        )
    }

    /// Has the account ended, so that only an administrator reopens it?
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Closed | Self::Duplicate | Self::Terminated)
    }

    /// Where `by` may move an account of this status.
    pub fn moves(self, by: Mover) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |to| self.may_move(*to, by))
    }

    /// May `by` move an account from this status to `to`?
    pub fn may_move(self, to: Self, by: Mover) -> bool {
        use Status::{
            Active, Closed, Expired, Inactive, IncompleteRegistration, OnHold, PendingActivation, PendingApproval,
            Suspended, Unactivated,
        };
        let staff = matches!(by, Mover::Staff | Mover::Administrator);
        match (self, to) {
            (from, to) if from == to => false,
            (from, Inactive) if from.has_ended() => by == Mover::Administrator,
            (from, to) if from.has_ended() => staff && to.has_ended(),
            (IncompleteRegistration, Unactivated) | (Unactivated, Active | PendingApproval) => by == Mover::Owner,
            (Active, Closed) => true,
            (_, to) if to.has_ended() => staff,
            (PendingApproval | PendingActivation | Suspended | OnHold | Inactive | Expired, Active)
            | (Active, Suspended | OnHold | Inactive | Expired) => staff,
            _ => false,
        }
    }
}

/// Who moves an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mover {
    /// Its owner, by finishing registration, validating the address, or closing it.
    Owner,
    /// A member of staff.
    Staff,
    /// A member of staff who may reopen what has ended.
    Administrator,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whoever tries whatever in whatever order, from wherever an account begins: it is active only after its owner
        /// validated the address, staff approved or switched it on where that was to be, or an administrator reopened it;
        /// and what has ended is left by an administrator alone.
        #[test]
        fn no_order_of_moves_leads_around_a_validation_an_approval_or_an_end_a_02(
            begins in 0_usize..5,
            tried in prop::collection::vec((0_usize..12, 0_usize..3), 0..80),
        ) {
            use Mover::{Administrator, Owner, Staff};
            let begun = [
                Status::IncompleteRegistration,
                Status::Unactivated,
                Status::PendingApproval,
                Status::PendingActivation,
                Status::Suspended,
            ][begins];
            let mut status = begun;
            let (mut validated, mut approved, mut reopened, mut waits) = (false, false, false, false);
            for (to, by) in tried {
                let (to, by) = (Status::ALL[to], [Owner, Staff, Administrator][by]);
                let listed = status.moves(by).any(|listed| listed == to);
                prop_assert_eq!(listed, status.may_move(to, by));
                if !listed {
                    continue;
                }
                prop_assert_ne!(status, to);
                if status.has_ended() && !to.has_ended() {
                    prop_assert_eq!((by, to), (Administrator, Status::Inactive));
                    reopened = true;
                }
                if by == Owner {
                    validated |= status == Status::Unactivated;
                    waits |= to == Status::PendingApproval;
                    prop_assert!(!status.has_ended() && status != Status::Suspended, "{:?} to {:?}", status, to);
                }
                approved |= by != Owner && to == Status::Active;
                status = to;
                if status == Status::Active {
                    let staffs_turn = waits || !matches!(begun, Status::IncompleteRegistration | Status::Unactivated);
                    prop_assert!(if staffs_turn { approved } else { validated || reopened }, "from {:?}", begun);
                }
            }
        }
    }

    #[test]
    fn every_status_has_a_name_that_reads_back() {
        for status in Status::ALL {
            assert_eq!(Status::parse(status.name()), Some(status));
        }
        assert_eq!(Status::parse("password_reset_required"), None, "a flag beside the status, not a status");
    }

    /// A-02, written out a second time as the moves it names.
    #[test]
    fn the_legal_moves_are_those_of_the_contract_and_no_others_a_02() {
        use Mover::{Administrator, Owner, Staff};
        use Status::*;
        let mut legal = vec![(IncompleteRegistration, Unactivated, vec![Owner])];
        legal.push((Unactivated, Active, vec![Owner]));
        legal.push((Unactivated, PendingApproval, vec![Owner]));
        legal.push((PendingApproval, Active, vec![Staff, Administrator]));
        legal.push((PendingActivation, Active, vec![Staff, Administrator]));
        for aside in [Suspended, OnHold, Inactive, Expired] {
            legal.push((Active, aside, vec![Staff, Administrator]));
            legal.push((aside, Active, vec![Staff, Administrator]));
        }
        for ended in [Closed, Duplicate, Terminated] {
            legal.push((ended, Inactive, vec![Administrator]));
            for from in Status::ALL.into_iter().filter(|from| *from != ended) {
                let by = if (from, ended) == (Active, Closed) {
                    vec![Owner, Staff, Administrator]
                } else {
                    vec![Staff, Administrator]
                };
                legal.push((from, ended, by));
            }
        }
        for from in Status::ALL {
            for to in Status::ALL {
                for by in [Owner, Staff, Administrator] {
                    let expected = legal.iter().any(|(f, t, who)| (*f, *t) == (from, to) && who.contains(&by));
                    assert_eq!(from.may_move(to, by), expected, "{from:?} to {to:?} by {by:?}");
                }
            }
        }
    }
}
