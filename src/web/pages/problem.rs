//! The page for everything that went wrong (W-03, W-06).

use super::super::answer::{self, Answer, Trouble};
use super::super::shield;
use super::super::visitor::Visit;
use super::views::{Here, Problem, ProblemKind, When};
use crate::contract::table::Later;
use crate::contract::words;

/// Writes the page. Cannot fail: a page that cannot be written becomes a line of text.
pub fn page(visit: &Visit, kind: ProblemKind) -> Answer {
    let now = visit.now().micros();
    let status = kind.status();
    let view = Problem { chrome: visit.chrome(Here::Elsewhere), kind, at: When::new(now, now), back_href: None };
    let text = askama::Template::render(&view).unwrap_or_else(|_| words::WENT_WRONG.to_owned());
    let mut answer = answer::html(status, text);
    shield::page_headers(&mut answer, None);
    answer
}

/// What a page says of trouble that every surface knows.
pub const fn kind(trouble: Trouble) -> ProblemKind {
    match trouble {
        Trouble::NotFound => ProblemKind::NotFound,
        Trouble::Method(_) => ProblemKind::MethodNotAllowed,
        Trouble::TooLarge => ProblemKind::TooLarge,
        Trouble::BrokenBody => ProblemKind::BadRequest,
        Trouble::Later(Later { too_many: true, seconds }) => ProblemKind::TooMany { retry_after: seconds },
        Trouble::Later(Later { seconds, .. }) => ProblemKind::Unavailable { retry_after: seconds },
        Trouble::Unavailable => ProblemKind::Unavailable { retry_after: 1 },
        Trouble::Broken => ProblemKind::Broken,
    }
}
