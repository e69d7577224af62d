//! A space is a tenant: accounts and applications belong to exactly one, and nothing crosses.

use super::brand::Brand;
use super::ids::SpaceId;
use super::{FieldProblem, line};

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    /// Its number; the lowest is the default outside a flow.
    pub id: SpaceId,
    /// Its name, shown on sign-in and consent, unique without regard to ASCII case.
    pub name: String,
    /// Where its people ask for help, if not at the installation's address.
    pub support_email: Option<String>,
    /// Its colour, if it has one of its own.
    pub brand: Option<Brand>,
    /// Has it a logo?
    pub has_logo: bool,
    /// Who may open an individual account in it.
    pub sign_up: Admission,
}

/// Who may open an individual account in a space. Institutions register everywhere, because staff review each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Whoever validates an address. How the first space begins: seed 1 has investors who open accounts themselves.
    Open,
    /// Those to whom staff send a link.
    Invitation,
    /// Nobody; staff make accounts. How every further space begins.
    Closed,
}

impl Admission {
    /// All three, the widest first.
    pub const ALL: [Self; 3] = [Self::Open, Self::Invitation, Self::Closed];

    /// As stored and as posted.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Invitation => "invitation",
            Self::Closed => "closed",
        }
    }

    /// Reads [`Admission::name`] back.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|admission| admission.name() == name)
    }
}

/// Reads a space's name: 1 to 60 characters.
///
/// # Errors
/// What is wrong with it.
pub fn name(text: &str) -> Result<String, FieldProblem> {
    line(text, 60)
}
