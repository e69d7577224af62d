//! What stands on an application's page beside its settings: the tester of redirect URIs, and its limits.

use super::super::visitor::Visit;
use super::views::{DifferenceRow, Limits, TestOutcome, Tester};
use crate::contract::lifetimes::MOST_SECRETS;
use crate::contract::words;
use crate::domain::application::{Application, most_redirect_uris};
use crate::domain::redirect_difference::{Difference, MOST_TESTED_BYTES, Verdict, compare};

/// Holds what was pasted against the registered URIs. It is compared as text; nothing is fetched.
pub fn tester(visit: &Visit, application: &Application) -> Tester {
    // White space at the ends comes from pasting; a program sends none.
    let given = visit.query.get("test").unwrap_or_default().trim().to_owned();
    let outcome = (!given.is_empty()).then(|| outcome(&given, application));
    Tester { given, outcome }
}

fn outcome(given: &str, application: &Application) -> TestOutcome {
    if given.len() > MOST_TESTED_BYTES {
        return TestOutcome::TooLong;
    }
    let uris = &application.profile.redirect_uris;
    let text = |place: usize| uris.get(place).map_or_else(String::new, |uri| uri.as_str().to_owned());
    // An agent's URL may carry a query of its own, and nothing may be added to it.
    match compare(uris, given, !application.kind.may_register_a_query()) {
        Verdict::Matches(place) => TestOutcome::Matches(text(place)),
        Verdict::NothingRegistered => TestOutcome::NothingRegistered,
        Verdict::Differs(place, found) => {
            TestOutcome::Differs { nearest: text(place), rows: found.iter().map(|found| row(found, given)).collect() }
        }
    }
}

fn row(found: &Difference<'_>, given: &str) -> DifferenceRow {
    let (same, other) = found.given.split_at(found.same);
    DifferenceRow {
        part: words::address_part(found.part),
        registered: found.registered.to_owned(),
        same: same.to_owned(),
        other: other.to_owned(),
        place: given[..found.at].chars().count() + 1,
        hint: found.hint.map(words::address_hint),
    }
}

/// How much it may have and do.
pub fn limits(visit: &Visit, application: &Application) -> Limits {
    Limits {
        secrets: MOST_SECRETS,
        redirect_uris_used: application.profile.redirect_uris.len(),
        redirect_uris: application.kind.has_redirect_uris().then(|| most_redirect_uris(application.kind)),
        failures: visit.p().settings.failures_per_address,
    }
}
