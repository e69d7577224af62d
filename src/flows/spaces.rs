//! Spaces, as administrators make and change them: name, support address, colour, logo, who may open an account.
//!
//! 1. May this actor do it?
//! 2. Is what was typed right? A colour that could not be read on our pages is refused, and a logo is drawn anew.
//! 3. One write. Every page of the space shows it within a second, on every node.

use crate::domain::brand::Brand;
use crate::domain::email::Email;
use crate::domain::ids::SpaceId;
use crate::domain::space::Admission;
use crate::domain::{FieldProblem, FieldProblems, space};
use crate::prosper::Prosper;
use crate::store::audit::Trail;
use crate::store::spaces::ChangeSpace;

use super::logo::read_logo;
use super::refusal::{ADMINISTRATION, Actor, Outcome, Refusal};

/// A space as it was typed.
#[derive(Clone, Debug, Default)]
pub struct SpaceForm {
    /// Its name.
    pub name: String,
    /// Where its people ask for help; may be empty.
    pub support_email: String,
    /// Its colour, `#rrggbb`; may be empty.
    pub brand: String,
    /// A logo as it was uploaded, or that it shall have none; `None` keeps what there is.
    pub logo: Option<Option<Vec<u8>>>,
    /// Who may open an account: the name of an [`Admission`]; empty keeps what there is.
    pub sign_up: String,
}

struct Checked {
    name: String,
    support_email: Option<String>,
    brand: Option<Brand>,
    sign_up: Option<Admission>,
}

impl SpaceForm {
    fn check(&self) -> Result<Checked, FieldProblems> {
        let mut problems = FieldProblems::default();
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let name = problems.note("name", space::name(&self.name));
        let email = given(&self.support_email).map(|text| Email::parse(&text)).transpose();
        let email = problems.note("support_email", email);
        let brand = problems.note("brand", given(&self.brand).map(|text| Brand::parse(&text)).transpose());
        let sign_up = given(&self.sign_up).map(|text| Admission::parse(&text).ok_or(FieldProblem::Unknown)).transpose();
        let sign_up = problems.note("sign_up", sign_up);
        match (name, email, brand, sign_up) {
            (Some(name), Some(email), Some(brand), Some(sign_up)) => {
                Ok(Checked { name, support_email: email.map(|email| email.as_str().to_owned()), brand, sign_up })
            }
            _ => Err(problems),
        }
    }
}

/// Makes a space.
///
/// # Errors
/// `Refused` with [`Refusal::StaffNeeded`] or [`Refusal::Fields`] (`name`, `support_email`, `brand`, `logo`, `sign_up`).
pub async fn add_space(form: SpaceForm, actor: Actor<'_>, trail: Trail, p: &Prosper) -> Outcome<SpaceId> {
    actor.must_be_staff(ADMINISTRATION)?;
    let Checked { name, support_email, brand, sign_up } = form.check()?;
    let logo = draw(form.logo).await?;
    let made = p.store.add_space(name.clone(), support_email.clone(), trail.clone()).await?;
    let id = made.ok_or_else(taken)?;
    if brand.is_some() || logo.is_some() || sign_up.is_some() {
        p.store.change_space(ChangeSpace { id, name, support_email, brand, logo, sign_up, trail }).await?;
    }
    Ok(id)
}

/// Changes a space.
///
/// # Errors
/// As [`add_space`], and with [`Refusal::NotFound`].
pub async fn change_space(id: SpaceId, form: SpaceForm, actor: Actor<'_>, trail: Trail, p: &Prosper) -> Outcome<()> {
    actor.must_be_staff(ADMINISTRATION)?;
    p.store.space(id).await?.ok_or(Refusal::NotFound)?;
    let Checked { name, support_email, brand, sign_up } = form.check()?;
    let logo = draw(form.logo).await?;
    let changed = p.store.change_space(ChangeSpace { id, name, support_email, brand, logo, sign_up, trail }).await?;
    if changed { Ok(()) } else { Err(taken().into()) }
}

#[expect(clippy::option_option, reason = "left as it is, taken away, or a new one")]
async fn draw(logo: Option<Option<Vec<u8>>>) -> Outcome<Option<Option<Vec<u8>>>> {
    Ok(match logo {
        Some(Some(upload)) => Some(Some(read_logo(upload).await?)),
        other => other,
    })
}

fn taken() -> Refusal {
    Refusal::Fields(FieldProblems(vec![("name", FieldProblem::Taken)]))
}
