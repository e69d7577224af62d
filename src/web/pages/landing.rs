//! `/`: what Prosper is, and the way in.

use super::super::answer::Answer;
use super::super::visitor::Visit;
use super::views::{Here, Landing};

/// `GET /`
pub async fn show(visit: Visit) -> Answer {
    visit.page(200, &Landing { chrome: visit.chrome(Here::Elsewhere) })
}
