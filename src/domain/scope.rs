//! What a token may do. Scopes are a closed list, so a set of them is a few bits.

use std::fmt;

/// One scope. The first nine belong to the Investor API (K-02), the last to Login with Prosper (L-01).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// `read_user_profile`
    ReadUserProfile,
    /// `write_user_profile`
    WriteUserProfile,
    /// `read_prosper_account`
    ReadProsperAccount,
    /// `write_prosper_account`
    WriteProsperAccount,
    /// `read_invest_order`
    ReadInvestOrder,
    /// `write_invest_order`
    WriteInvestOrder,
    /// `read_loan`
    ReadLoan,
    /// `read_note`
    ReadNote,
    /// `read_listing`
    ReadListing,
    /// `user:email`
    UserEmail,
}

impl Scope {
    /// Every scope, in the documents' order.
    pub const ALL: [Self; 10] = [
        Self::ReadUserProfile,
        Self::WriteUserProfile,
        Self::ReadProsperAccount,
        Self::WriteProsperAccount,
        Self::ReadInvestOrder,
        Self::WriteInvestOrder,
        Self::ReadLoan,
        Self::ReadNote,
        Self::ReadListing,
        Self::UserEmail,
    ];

    /// The scope's name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReadUserProfile => "read_user_profile",
            Self::WriteUserProfile => "write_user_profile",
            Self::ReadProsperAccount => "read_prosper_account",
            Self::WriteProsperAccount => "write_prosper_account",
            Self::ReadInvestOrder => "read_invest_order",
            Self::WriteInvestOrder => "write_invest_order",
            Self::ReadLoan => "read_loan",
            Self::ReadNote => "read_note",
            Self::ReadListing => "read_listing",
            Self::UserEmail => "user:email",
        }
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct ScopeSet(u16);

impl ScopeSet {
    /// No scope at all.
    pub const NONE: Self = Self(0);
    /// The nine scopes of the Investor API.
    pub const INVESTOR: Self = Self(0b1_1111_1111);
    /// `user:email`, the one scope of Login with Prosper.
    pub const LOGIN: Self = Self(1 << Scope::UserEmail as u16);

    /// Reads investor scopes separated by any white space (K-02). `None` when a name is unknown; the empty set when
    /// there is nothing but white space.
    pub fn parse_investor(text: &str) -> Option<Self> {
        text.split_ascii_whitespace().try_fold(Self::NONE, |set, name| {
            let scope = Scope::ALL.into_iter().find(|scope| scope.name() == name)?;
            (scope != Scope::UserEmail).then_some(set.with(scope))
        })
    }

    /// The set that was stored as `bits`; unknown bits are dropped, so a newer writer widens nothing.
    pub const fn from_bits(bits: i64) -> Self {
        #[expect(clippy::cast_sign_loss, reason = "masked to the ten known bits")]
        Self((bits & 0x3ff) as u16)
    }

    /// The set as stored.
    pub fn bits(self) -> i64 {
        i64::from(self.0)
    }

    /// This set and `scope`.
    #[must_use]
    pub const fn with(self, scope: Scope) -> Self {
        Self(self.0 | 1 << scope as u16)
    }

    /// Has it this scope?
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u16) != 0
    }

    /// Is every scope of `self` in `other`?
    pub const fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// What both sets have.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Is there none?
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The scopes of the set, in the documents' order.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.contains(*scope))
    }
}

impl fmt::Display for ScopeSet {
    /// Names separated by single spaces (RFC 6749 §3.3).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, scope) in self.iter().enumerate() {
            if position > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.name())?;
        }
        Ok(())
    }
}

impl fmt::Debug for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_white_space_separates_scopes_k_02() {
        let set = ScopeSet::parse_investor(" read_loan\tread_note\r\nread_loan ");
        assert_eq!(set, Some(ScopeSet::NONE.with(Scope::ReadLoan).with(Scope::ReadNote)));
        assert_eq!(ScopeSet::parse_investor("  "), Some(ScopeSet::NONE));
        for unknown in ["admin", "user:email", "READ_LOAN", "read_loan,read_note"] {
            assert_eq!(ScopeSet::parse_investor(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn a_set_is_written_in_the_documents_order_and_stored_as_bits() {
        let set = ScopeSet::parse_investor("read_note read_user_profile").expect("both are known");
        assert_eq!(set.to_string(), "read_user_profile read_note");
        assert_eq!(ScopeSet::from_bits(set.bits()), set);
        assert_eq!(ScopeSet::INVESTOR.iter().count(), 9);
        assert!(set.is_within(ScopeSet::INVESTOR) && !ScopeSet::LOGIN.is_within(ScopeSet::INVESTOR));
    }
}
