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
}

/// Reads a space's name: 1 to 60 characters.
///
/// # Errors
/// What is wrong with it.
pub fn name(text: &str) -> Result<String, FieldProblem> {
    line(text, 60)
}
