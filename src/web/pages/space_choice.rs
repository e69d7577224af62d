//! Which space a form outside of a flow is about: a list while it is short, a name to be typed when it is not.

use super::super::visitor::Visit;
use super::views::{Field, SpaceChoice, SpaceField};
use crate::domain::ids::SpaceId;
use crate::domain::space::Space;

/// The space that a form names: the first one when it names none, `None` when there is none of that name.
pub fn named(visit: &Visit, spaces: &[&Space]) -> Option<SpaceId> {
    let named = match visit.form.get("space") {
        Some(name) => spaces.iter().find(|space| space.name.eq_ignore_ascii_case(name.trim())),
        None => spaces.first(),
    };
    named.map(|space| space.id)
}

/// The field to choose one with; nothing when there is nothing to choose. `first` is chosen when nothing was typed.
pub fn field(visit: &Visit, spaces: &[&Space], first: Option<SpaceId>, error: Option<String>) -> Option<SpaceField> {
    let typed = visit.form.get("space");
    let chosen = |space: &Space| match typed {
        Some(name) => name.trim().eq_ignore_ascii_case(&space.name),
        None => first == Some(space.id),
    };
    let choice =
        |space: &&Space| SpaceChoice { value: space.name.clone(), name: space.name.clone(), chosen: chosen(space) };
    let preset = || spaces.iter().find(|space| first == Some(space.id)).map(|space| space.name.clone());
    match spaces.len() {
        0 | 1 => None,
        2..=MOST_LISTED => Some(SpaceField::Listed { choices: spaces.iter().map(choice).collect(), error }),
        _ => {
            let value = typed.map(str::to_owned).or_else(preset).unwrap_or_default();
            Some(SpaceField::Typed(Field { value, error }))
        }
    }
}

/// Spaces that are offered as a list; of more, one is named.
pub const MOST_LISTED: usize = 30;
