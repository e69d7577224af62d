//! `/verify-email`: the mailed link that validates an address. Looking asks; only the post uses the link up.
//! Without a link, the page sends another one to whoever is signed in and waits for it.

use super::super::answer::Answer;
use super::super::visitor::Visit;
use super::onward::Onward;
use super::paths;
use super::person::{refused, typed};
use super::views::{Here, Hidden, ProblemKind, VerifyEmail, VerifyStep};
use crate::contract::table::Stop;
use crate::domain::account::InvestorType;
use crate::domain::status::Status;
use crate::flows::refusal::Refusal;
use crate::flows::sign_up::send_verification;
use crate::flows::verify_email::{Verified, look_at_link, verify_email};

/// `GET /verify-email`
pub async fn show(visit: Visit) -> Answer {
    let Some(link) = visit.query.get("link").map(str::to_owned) else { return again_or_dead(&visit, 200) };
    match look_at_link(&link, visit.p()).await {
        Ok(account) => {
            let form = visit.form(paths::VERIFY_EMAIL, vec![Hidden { name: "link", value: link }]);
            page(&visit, 200, VerifyStep::Confirm { form, email: account.email.as_str().to_owned() })
        }
        Err(Stop::Refused(Refusal::DeadLink)) => again_or_dead(&visit, 404),
        Err(stop) => refused(&visit, stop).await,
    }
}

/// `POST /verify-email`: with a link, uses it; without one, sends another.
pub async fn submit(visit: Visit) -> Answer {
    if visit.form.repeats_any(&["form_token", "link"]) {
        return visit.problem(ProblemKind::BadRequest);
    }
    if !visit.has_form_token(paths::VERIFY_EMAIL) {
        return visit.stale_form();
    }
    let link = typed(&visit, "link");
    if link.is_empty() {
        return send_again(&visit).await;
    }
    match verify_email(&link, visit.trail(), visit.p()).await {
        Ok(Verified { account, leads_to }) => {
            let onward = match Onward::read(leads_to.as_deref(), visit.p()).await {
                Ok(onward) => onward,
                Err(fault) => return visit.broke(&fault),
            };
            let in_review = account.status == Status::PendingApproval;
            let agent = account.investor_type == InvestorType::ThirdPartyAgent;
            let sign_in_href = onward.as_ref().map_or_else(|| paths::SIGN_IN.to_owned(), Onward::sign_in_href);
            let to_app = onward.as_ref().map(Onward::to_app);
            page(&visit, 200, VerifyStep::Done { in_review, agent, sign_in_href, to_app })
        }
        Err(Stop::Refused(Refusal::DeadLink)) => again_or_dead(&visit, 404),
        Err(stop) => refused(&visit, stop).await,
    }
}

async fn send_again(visit: &Visit) -> Answer {
    let Some(who) = &visit.signed_in else { return visit.to_sign_in() };
    match send_verification(&who.account, visit.trail(), visit.p()).await {
        Ok(()) => page(visit, 200, VerifyStep::Sent { email: who.account.email.as_str().to_owned() }),
        // Validated meanwhile: the account's own page says how it stands.
        Err(Stop::Refused(Refusal::NotUsable(_))) => visit.see_other(paths::ACCOUNT),
        Err(stop) => refused(visit, stop).await,
    }
}

fn again_or_dead(visit: &Visit, status: u16) -> Answer {
    match &visit.signed_in {
        Some(who) if who.account.status == Status::Unactivated => {
            let form = visit.form(paths::VERIFY_EMAIL, Vec::new());
            page(visit, 200, VerifyStep::Again { form, email: who.account.email.as_str().to_owned() })
        }
        _ if status == 200 => visit.to_sign_in(),
        _ => page(visit, status, VerifyStep::Dead),
    }
}

fn page(visit: &Visit, status: u16, step: VerifyStep) -> Answer {
    visit.page(status, &VerifyEmail { chrome: visit.chrome(Here::Elsewhere), step })
}
