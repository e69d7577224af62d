//! A person's or an institution's account.

use super::agent::AgentRole;
use super::email::Email;
use super::ids::{AccountId, AccountUid, SpaceId};
use super::status::Status;
use super::time::Timestamp;

/// Who holds the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// One person.
    Individual,
    /// A company or another body.
    Institutional,
}

impl AccountKind {
    /// `individual` or `institutional`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Individual => "individual",
            Self::Institutional => "institutional",
        }
    }

    /// Reads [`AccountKind::name`] back.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Individual, Self::Institutional].into_iter().find(|kind| kind.name() == name)
    }
}

/// What an institution says it is when it registers (seed 1, option 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvestorType {
    /// A person investing for themselves.
    Individual,
    /// A company investing its own money.
    Corporation,
    /// A fund.
    Fund,
    /// A bank or other lender.
    Bank,
    /// A trust.
    Trust,
    /// Views or makes investments for other Prosper users: asks for the agent role by itself.
    ThirdPartyAgent,
}

impl InvestorType {
    /// Every type that an institution may choose, as listed on its form.
    pub const OF_INSTITUTIONS: [Self; 5] =
        [Self::Corporation, Self::Fund, Self::Bank, Self::Trust, Self::ThirdPartyAgent];

    /// As stored and as posted.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Individual => "individual",
            Self::Corporation => "corporation",
            Self::Fund => "fund",
            Self::Bank => "bank",
            Self::Trust => "trust",
            Self::ThirdPartyAgent => "third_party_agent",
        }
    }

    /// Reads [`InvestorType::name`] back.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Individual].into_iter().chain(Self::OF_INSTITUTIONS).find(|kind| kind.name() == name)
    }
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Number: stable, never reused.
    pub id: AccountId,
    /// GUID: stable, never reused.
    pub uid: AccountUid,
    /// The one space it belongs to.
    pub space: SpaceId,
    /// Login name; may change.
    pub email: Email,
    /// The full name.
    pub name: String,
    /// Individual or institutional.
    pub kind: AccountKind,
    /// What it said it is.
    pub investor_type: InvestorType,
    /// Where it stands.
    pub status: Status,
    /// Must a new password be set before anything else? A flag beside the status, not a status.
    pub password_reset_required: bool,
    /// May it act for other investors?
    pub agent: AgentRole,
    /// Counts the events of T-11 that end what the account granted.
    pub epoch: i64,
    /// Counts the times the agent role was withdrawn.
    pub agent_epoch: i64,
    /// Is it staff, and in what role?
    pub staff: Option<StaffRole>,
    /// The institution's name, where the account is one's; `name` is then the person to talk to.
    pub institution: Option<String>,
    /// A phone number, if one was given.
    pub phone: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Account {
    /// May it be used: active, and not told to set a new password first (L-07).
    pub fn is_usable(&self) -> bool {
        self.status == Status::Active && !self.password_reset_required
    }

    /// May its agent applications act?
    pub fn is_agent(&self) -> bool {
        self.agent == AgentRole::Approved
    }

    /// The full name cut into first and last.
    pub fn first_and_last_name(&self) -> (&str, &str) {
        first_and_last(&self.name)
    }
}

/// Text before the first space, and text after the last one; a single word is a first name (A-06; seed 3: "split on the
/// first/last space").
pub fn first_and_last(name: &str) -> (&str, &str) {
    let first = name.split_once(' ').map_or(name, |(first, _)| first);
    let last = name.rsplit_once(' ').map_or("", |(_, last)| last);
    (first, last)
}

/// What a member of staff may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StaffRole {
    /// Decides on agent requests and institutional sign-ups.
    Reviewer,
    /// Helps people: status moves, forced resets.
    Support,
    /// Everything, reopening ended accounts included.
    Administrator,
}

impl StaffRole {
    /// `reviewer`, `support`, `administrator`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reviewer => "reviewer",
            Self::Support => "support",
            Self::Administrator => "administrator",
        }
    }

    /// Reads [`StaffRole::name`] back.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Reviewer, Self::Support, Self::Administrator].into_iter().find(|role| role.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_names_split_on_the_first_and_last_space_a_06() {
        assert_eq!(first_and_last("Alice Smith"), ("Alice", "Smith"));
        assert_eq!(first_and_last("Ada King Lovelace"), ("Ada", "Lovelace"));
        assert_eq!(first_and_last("Plato"), ("Plato", ""));
        assert_eq!(first_and_last(""), ("", ""));
    }

    #[test]
    fn an_institution_can_say_it_is_a_third_party_agent() {
        for kind in InvestorType::OF_INSTITUTIONS {
            assert_eq!(InvestorType::parse(kind.name()), Some(kind));
        }
        assert_eq!(AccountKind::parse("institutional"), Some(AccountKind::Institutional));
        assert_eq!(StaffRole::parse("support"), Some(StaffRole::Support));
    }
}
