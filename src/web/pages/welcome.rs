//! `/welcome`: where an authorization that cannot go on lands (L-05). It shows nothing of what the request named.

use super::super::answer::Answer;
use super::super::visitor::Visit;
use super::views::{Here, Welcome};

/// `GET /welcome`
pub async fn show(visit: Visit) -> Answer {
    visit.page(200, &Welcome { chrome: visit.chrome(Here::Elsewhere) })
}
