//! `inst_register.aspx`: an institution registers itself (A-04; seed 1, option 2). The answer is the same whether the
//! address was free or taken.

use zeroize::Zeroizing;

use super::super::answer::{Answer, Trouble};
use super::super::visitor::Visit;
use super::person::{field, refused, typed};
use super::role::REVIEW_DAYS;
use super::views::{Here, InstRegister, InstRegistered, ProblemKind, TypeChoice};
use super::{paths, space_choice};
use crate::contract::table::Stop;
use crate::contract::words;
use crate::domain::FieldProblems;
use crate::domain::account::InvestorType;
use crate::domain::ids::SpaceId;
use crate::domain::password;
use crate::flows::refusal::Refusal;
use crate::flows::sign_up::{InstitutionForm, register_institution};
use crate::store::installation::Purpose;

/// `GET /account/common/inst_register.aspx`
pub async fn show(visit: Visit) -> Answer {
    page(&visit, 200, None).await
}

/// `POST /account/common/inst_register.aspx`
pub async fn register(visit: Visit) -> Answer {
    if visit.form.repeats_any(&FIELDS) {
        return visit.problem(ProblemKind::BadRequest);
    }
    let now = visit.now();
    if let Some(later) = visit.web.limits.check(visit.address, now) {
        return visit.trouble(Trouble::Later(later));
    }
    if !visit.has_form_token(paths::INST_REGISTER) {
        return page(&visit, 400, None).await;
    }
    // Each costs a hash, so each counts against the address, however it ends.
    visit.web.limits.failed(visit.address, now);
    let space = match visit.p().store.spaces().await {
        Ok(spaces) => space_choice::named(&visit, &spaces.iter().collect::<Vec<_>>()),
        Err(fault) => return visit.broke(&fault),
    };
    let form = InstitutionForm {
        space,
        institution_name: typed(&visit, "institution_name"),
        full_name: typed(&visit, "full_name"),
        email: typed(&visit, "email"),
        phone: typed(&visit, "phone"),
        password: Zeroizing::new(typed(&visit, "password")),
        investor_type: typed(&visit, "investor_type"),
    };
    match register_institution(form, visit.trail(), visit.p()).await {
        Ok(signed_up) => {
            let sandbox = visit.p().settings.purpose == Purpose::Sandbox;
            let view = InstRegistered {
                chrome: visit.chrome_in(Some(&signed_up.space), Here::Elsewhere),
                email: signed_up.email,
                agent: signed_up.agent,
                review_days: REVIEW_DAYS,
                mailbox_href: sandbox.then(|| paths::SANDBOX_MAIL.to_owned()),
            };
            visit.page(200, &view)
        }
        Err(Stop::Refused(Refusal::Fields(problems))) => page(&visit, 400, Some(&problems)).await,
        Err(stop) => refused(&visit, stop).await,
    }
}

async fn page(visit: &Visit, status: u16, problems: Option<&FieldProblems>) -> Answer {
    let spaces = match visit.p().store.spaces().await {
        Ok(spaces) => spaces,
        Err(fault) => return visit.broke(&fault),
    };
    let spaces: Vec<_> = spaces.iter().collect();
    let asked = visit.query.get("space").and_then(|id| id.parse().ok()).map(SpaceId);
    let first = spaces.iter().find(|space| asked.is_none_or(|asked| asked == space.id)).map(|space| space.id);
    let chosen = visit.form.get("space").and_then(|_| space_choice::named(visit, &spaces)).or(first);
    let house = spaces.iter().find(|space| Some(space.id) == chosen).copied();
    let chosen = visit.form.get("investor_type");
    let choice = |kind: InvestorType| TypeChoice { value: kind.name().to_owned(), chosen: chosen == Some(kind.name()) };
    let back = |name| field(visit, name, name, problems);
    let mut password = back("password");
    password.value.clear();
    let view = InstRegister {
        chrome: visit.chrome_in(house, Here::Elsewhere),
        form: visit.form(paths::INST_REGISTER, Vec::new()),
        space: space_choice::field(
            visit,
            &spaces,
            first,
            problems.and_then(|all| all.of("space")).map(words::field_problem),
        ),
        institution_name: back("institution_name"),
        full_name: back("full_name"),
        email: back("email"),
        phone: back("phone"),
        password,
        investor_types: InvestorType::OF_INSTITUTIONS.map(choice).to_vec(),
        investor_type_error: problems.and_then(|all| all.of("investor_type")).map(words::field_problem),
        review_days: REVIEW_DAYS,
        password_min: password::FEWEST,
    };
    visit.page(status, &view)
}

const FIELDS: [&str; 8] =
    ["form_token", "space", "institution_name", "full_name", "email", "phone", "password", "investor_type"];
