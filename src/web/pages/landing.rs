//! `/`: what Prosper is, and the way in.

use super::super::answer::Answer;
use super::super::visitor::Visit;
use super::paths;
use super::views::{Here, Landing};
use crate::domain::space::Admission;

/// `GET /`
pub async fn show(visit: Visit) -> Answer {
    let spaces = match visit.p().store.spaces().await {
        Ok(spaces) => spaces,
        Err(fault) => return visit.broke(&fault),
    };
    let open = spaces.iter().any(|space| space.sign_up == Admission::Open);
    let open_account_href = open.then(|| paths::SIGN_UP.to_owned());
    visit.page(200, &Landing { chrome: visit.chrome(Here::Elsewhere), open_account_href })
}
