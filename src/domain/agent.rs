//! The role of a third-party agent: who views or makes investments for other Prosper users (A-05; seed 1).

/// Where an account's agent role stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AgentRole {
    /// Never asked for.
    #[default]
    None,
    /// Asked for; staff have three business days.
    Requested,
    /// Granted: agent applications may be registered and used.
    Approved,
    /// Refused with a reason; may be asked for again.
    Declined,
    /// Taken back; its applications issue nothing and their tokens are dead.
    Withdrawn,
}

/// Which of the two mails of seed 1 a request stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestForm {
    /// "Please grant third party role": an institutional account that exists already.
    ExistingAccount,
    /// "Please grant new third party role": an account registered for it.
    NewAccount,
}

/// What can happen to the role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentMove {
    /// The institution asks, for the first time or again.
    Ask,
    /// Staff grant it.
    Approve,
    /// Staff refuse it.
    Decline,
    /// Staff take it back.
    Withdraw,
}

impl AgentRole {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::None, Self::Requested, Self::Approved, Self::Declined, Self::Withdrawn];

    /// The name it is stored and listed under.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Requested => "requested",
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Reads [`AgentRole::name`] back.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// The state after a legal move; `None` when the move is not legal here.
    pub const fn after(self, step: AgentMove) -> Option<Self> {
        match (self, step) {
            (Self::None | Self::Declined | Self::Withdrawn, AgentMove::Ask) => Some(Self::Requested),
            (Self::Requested, AgentMove::Approve) => Some(Self::Approved),
            (Self::Requested, AgentMove::Decline) => Some(Self::Declined),
            (Self::Approved, AgentMove::Withdraw) => Some(Self::Withdrawn),
            _ => None,
        }
    }
}

impl RequestForm {
    /// `existing_account` or `new_account`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ExistingAccount => "existing_account",
            Self::NewAccount => "new_account",
        }
    }

    /// Reads [`RequestForm::name`] back.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::ExistingAccount, Self::NewAccount].into_iter().find(|form| form.name() == name)
    }
}

/// How long a review may take: business days (seed 1: "up to 3 business days").
pub const REVIEW_BUSINESS_DAYS: u32 = 3;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever is tried in whatever order: what is not legal leads nowhere, every decision answers a request of its
        /// own, and a role that is held was granted and not taken back since.
        #[test]
        fn no_order_of_steps_leads_past_a_request_and_its_decision_a_05(tried in prop::collection::vec(0_usize..4, 0..80)) {
            use AgentMove::{Approve, Ask, Decline, Withdraw};
            let (mut role, mut made) = (AgentRole::None, Vec::new());
            for step in tried.into_iter().map(|at| [Ask, Approve, Decline, Withdraw][at]) {
                let Some(next) = role.after(step) else { continue };
                prop_assert_ne!(next, role);
                role = next;
                made.push(step);
            }
            let count = |wanted: AgentMove| made.iter().filter(|step| **step == wanted).count();
            let open = count(Ask) - count(Approve) - count(Decline);
            prop_assert_eq!(open, usize::from(role == AgentRole::Requested));
            let held = count(Approve) - count(Withdraw);
            prop_assert_eq!(held, usize::from(role == AgentRole::Approved));
            // A request waits for its decision, and while the role is held none is made.
            for pair in made.windows(2) {
                prop_assert_eq!(pair[0] == Ask, matches!(pair[1], Approve | Decline), "{:?}", pair);
                prop_assert_eq!(pair[0] == Approve, pair[1] == Withdraw, "{:?}", pair);
            }
            prop_assert!(made.first().is_none_or(|first| *first == Ask));
        }
    }

    #[test]
    fn only_an_open_request_is_decided_and_only_a_granted_role_is_withdrawn_a_05() {
        use AgentMove::{Approve, Ask, Decline, Withdraw};
        use AgentRole::{Approved, Declined, None as Never, Requested, Withdrawn};
        let legal = [
            (Never, Ask, Requested),
            (Declined, Ask, Requested),
            (Withdrawn, Ask, Requested),
            (Requested, Approve, Approved),
            (Requested, Decline, Declined),
            (Approved, Withdraw, Withdrawn),
        ];
        for from in AgentRole::ALL {
            for step in [Ask, Approve, Decline, Withdraw] {
                let expected = legal.iter().find(|(f, s, _)| (*f, *s) == (from, step)).map(|(_, _, to)| *to);
                assert_eq!(from.after(step), expected, "{from:?} {step:?}");
            }
            assert_eq!(AgentRole::parse(from.name()), Some(from));
        }
    }
}
