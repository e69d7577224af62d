//! The third-party agent role: asked for, decided within three business days, taken back (A-05; seed 1, both options).

use prosper::contract::table::Stop;
use prosper::domain::account::{Account, AccountKind, StaffRole};
use prosper::domain::agent::AgentRole;
use prosper::domain::ids::AccountId;
use prosper::domain::status::Status;
use prosper::flows::agent_role::{Decision, RoleWish, ask_for_role, decide_role, waiting_requests};
use prosper::flows::refusal::{Actor, Refusal};
use prosper::store::audit::Trail;

use crate::prosper::{Person, Prosper, hours};

async fn account(p: &Prosper, id: AccountId) -> Account {
    p.p.store.credentials(id).await.expect("read").expect("there").account
}

async fn decides(
    p: &Prosper,
    person: &Person<'_>,
    decision: Decision,
    reason: &str,
    actor: Actor<'_>,
) -> Result<(), Refusal> {
    let trail = Trail { actor: "staff 1".into(), ..Trail::system(p.clock.now()) };
    match decide_role(person.id, decision, reason, actor, trail, &p.p).await {
        Ok(()) => Ok(()),
        Err(Stop::Refused(refusal)) => Err(refusal),
        Err(other) => panic!("{other:?}"),
    }
}

/// A member of staff in this role, as their account stands.
async fn staff(p: &Prosper, email: &str, role: StaffRole) -> Account {
    let person = p.institution(email).await;
    assert!(p.p.store.set_staff(person.id, Some(role), Trail::cli(p.clock.now())).await.expect("written"));
    account(p, person.id).await
}

/// Seed 1, option 1, from the request to the first app.
#[tokio::test]
async fn an_institution_asks_waits_is_granted_the_role_and_registers_its_agent_app() {
    let p = Prosper::start().await; // a Friday, 08:00 UTC
    let fund = p.institution("fund@example.com").await;
    let browser = fund.signs_in().await;
    browser.get("/account/agent-request").await.is(200).page_says("We answer within 3 business days");
    let page = browser.get("/account/agent-request").await;
    let answer = browser
        .submit(&page, &[("accounts", "second@example.com, third@example.com"), ("message", "We manage notes.")])
        .await;
    let page = browser.follow(answer).await;
    page.page_says("In review").page_says("Wednesday 20 January, 08:00 UTC").page_says("0 of 3 business days gone");
    page.page_says("second@example.com").page_does_not_say("<textarea");
    p.clock.advance(hours(73));
    let browser = fund.signs_in().await;
    browser.get("/oauth").await.page_says("1 of 3 business days gone").page_does_not_say("Register an agent app");

    let waiting = waiting_requests(&p.p).await.expect("read");
    assert_eq!((waiting.len(), waiting[0].request.account, waiting[0].days_gone), (1, fund.id, 1));
    assert_eq!(waiting[0].request.message, "We manage notes.");

    let reviewer = staff(&p, "reviewer@prosper.example", StaffRole::Reviewer).await;
    assert_eq!(decides(&p, &fund, Decision::Approve, "", Actor::Staff(&reviewer)).await, Ok(()));
    browser.get("/oauth").await.page_says("Register an agent app").page_says("Approved");
    let told: Vec<_> = p.mails_to("fund@example.com").await.into_iter().map(|mail| mail.subject).collect();
    assert_eq!(told, ["We have your request to become a third-party agent", "You are a third-party agent now"]);
    assert!(waiting_requests(&p.p).await.expect("read").is_empty());
}

#[tokio::test]
async fn a_refusal_names_its_reason_and_the_role_may_be_asked_for_again() {
    let p = Prosper::start().await;
    let fund = p.institution("fund@example.com").await;
    let browser = fund.signs_in().await;
    let asks = async || {
        let page = browser.get("/account/agent-request").await;
        browser.submit(&page, &[("message", "please")]).await.redirects_to("/account/agent-request");
    };
    asks().await;
    let none = decides(&p, &fund, Decision::Decline, "  ", Actor::Terminal).await;
    assert!(matches!(none, Err(Refusal::Fields(problems)) if problems.of("reason").is_some()), "a no needs a reason");
    let reason = "Your licence <b>expired</b>.";
    assert_eq!(decides(&p, &fund, Decision::Decline, reason, Actor::Terminal).await, Ok(()));
    for path in ["/oauth", "/account/agent-request"] {
        let page = browser.get(path).await;
        page.page_says("Declined").page_says("Your licence &#60;b&#62;expired&#60;/b&#62;.");
    }
    assert!(p.mails_to("fund@example.com").await[1].text.contains(reason));
    assert_eq!(
        decides(&p, &fund, Decision::Approve, "", Actor::Terminal).await,
        Err(Refusal::IllegalStep(AgentRole::Declined))
    );
    asks().await;
    assert_eq!(decides(&p, &fund, Decision::Approve, "", Actor::Terminal).await, Ok(()));
    browser.get("/account/agent-request").await.page_says("We declined").page_says("We approved");
}

/// "Staff may withdraw a role: at once its agent apps issue nothing and their tokens are dead."
#[tokio::test]
async fn a_withdrawn_role_ends_everything_its_apps_had_and_granting_it_again_revives_nothing() {
    let p = Prosper::start().await;
    let agent = p.agent("agent@example.com").await;
    let app = agent.registers_agent_app("Northwind", "https://agent.example/cb").await;
    let ada = p.investor("ada@example.com").await;
    let browser = ada.signs_in().await;
    let place = app.key_url(&[("response_type", "auth_key"), ("state", "s")]);
    let key = browser.decides(&place, "allow").await.location_parameter("auth_key").expect("a key");
    let tokens = app.auth_key_grant(&key).await.tokens();
    p.resource(&tokens.access_token).await.is(200);

    assert_eq!(decides(&p, &agent, Decision::Withdraw, "complaints", Actor::Terminal).await, Ok(()));
    p.resource(&tokens.access_token).await.is(401);
    app.auth_key_grant(&key).await.refused(400, "invalid_grant", "Bad credentials");
    app.refresh(&tokens).await.refused(400, "invalid_grant", "Missing/Invalid refresh token");
    let owner = agent.signs_in().await;
    owner.get("/oauth").await.page_says("Withdrawn").page_says("complaints").page_says("Agent role ended");

    let page = owner.get("/account/agent-request").await;
    owner.submit(&page, &[("message", "mended")]).await.is(303);
    assert_eq!(decides(&p, &agent, Decision::Approve, "", Actor::Terminal).await, Ok(()));
    p.resource(&tokens.access_token).await.is(401);
    app.auth_key_grant(&key).await.refused(400, "invalid_grant", "Bad credentials");
}

///
#[tokio::test]
async fn only_reviewers_and_administrators_decide_and_nobody_on_their_own_request() {
    let p = Prosper::start().await;
    let fund = p.institution("fund@example.com").await;
    let trail = || Trail::system(p.clock.now());
    ask_for_role(&account(&p, fund.id).await, &RoleWish::default(), trail(), &p.p).await.expect("asked");
    let support = staff(&p, "support@staff.example", StaffRole::Support).await;
    let nobody = account(&p, p.investor("eve@example.com").await.id).await;
    for actor in [Actor::Staff(&support), Actor::Staff(&nobody), Actor::Owner(&nobody)] {
        let refused = decides(&p, &fund, Decision::Approve, "", actor).await;
        assert!(matches!(refused, Err(Refusal::StaffNeeded(_))), "{actor:?}");
    }
    assert!(p.p.store.set_staff(fund.id, Some(StaffRole::Administrator), trail()).await.expect("written"));
    let own = account(&p, fund.id).await;
    for decision in [Decision::Approve, Decision::Decline, Decision::Withdraw] {
        assert_eq!(decides(&p, &fund, decision, "why not", Actor::Staff(&own)).await, Err(Refusal::OwnRequest));
    }
    assert_eq!(account(&p, fund.id).await.agent, AgentRole::Requested);
}

/// a reviewer whose own account is named by somebody else's request gets nothing by approving it.
#[tokio::test]
async fn nobody_gets_the_role_by_a_request_that_names_them_and_that_they_decide() {
    let p = Prosper::start().await;
    let (fund, desk) = (p.institution("fund@example.com").await, p.institution("desk@example.com").await);
    let trail = || Trail::system(p.clock.now());
    let wish = RoleWish { further_accounts: "desk@example.com".into(), message: String::new() };
    ask_for_role(&account(&p, fund.id).await, &wish, trail(), &p.p).await.expect("asked");
    assert!(p.p.store.set_staff(desk.id, Some(StaffRole::Reviewer), trail()).await.expect("written"));
    let reviewer = account(&p, desk.id).await;
    assert_eq!(decides(&p, &fund, Decision::Approve, "", Actor::Staff(&reviewer)).await, Ok(()));
    assert_eq!(account(&p, fund.id).await.agent, AgentRole::Approved);
    assert_eq!(account(&p, desk.id).await.agent, AgentRole::None);
}

#[tokio::test]
async fn accounts_that_the_request_names_get_the_role_along_with_it() {
    let p = Prosper::start().await;
    let fund = p.institution("fund@example.com").await;
    let second = p.institution("second@example.com").await;
    let person = p.investor("person@example.com").await;
    let other_space = p.space("Elsewhere").await;
    let elsewhere = p.person("far@example.com", AccountKind::Institutional, other_space).await;
    let wish = RoleWish {
        further_accounts: "Second@Example.com person@example.com far@example.com nobody@example.com".into(),
        message: String::new(),
    };
    let trail = Trail::system(p.clock.now());
    ask_for_role(&account(&p, fund.id).await, &wish, trail, &p.p).await.expect("asked");
    assert_eq!(decides(&p, &fund, Decision::Approve, "", Actor::Terminal).await, Ok(()));
    for (who, role) in [
        (&fund, AgentRole::Approved),
        (&second, AgentRole::Approved),
        (&person, AgentRole::None),
        (&elsewhere, AgentRole::None),
    ] {
        assert_eq!(account(&p, who.id).await.agent, role, "{}", who.email);
    }
    assert_eq!(p.mails_to("second@example.com").await.len(), 1);
}

#[tokio::test]
async fn an_individual_cannot_ask_and_a_wrong_address_is_named() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await.signs_in().await;
    ada.get("/account/agent-request")
        .await
        .is(200)
        .page_says("needs an institutional account")
        .page_does_not_say("<textarea");
    let browser = p.institution("fund@example.com").await.signs_in().await;
    let page = browser.get("/account/agent-request").await;
    let back = browser.submit(&page, &[("accounts", "good@example.com not-an-address"), ("message", "kept <i>")]).await;
    back.is(400).page_says("kept &#60;i&#62;");
    assert!(back.error_beside("accounts").is_some());
    browser.get("/account/agent-request").await.page_says("Ask for the role");
}

/// Seed 1, option 2: one review settles the account and the role.
#[tokio::test]
async fn a_new_institution_that_says_it_is_an_agent_is_reviewed_once() {
    let p = Prosper::start().await;
    let stranger = p.browser();
    let page = stranger.get("/account/common/inst_register.aspx").await;
    page.is(200).page_says("Third Party Agent");
    let desk = p.staff("boss@example.com", StaffRole::Reviewer).await.opens_the_console().await;
    stranger
        .submit(
            &page,
            &[
                ("investor_type", "third_party_agent"),
                ("institution_name", "Northwind Advisers"),
                ("full_name", "Nora North"),
                ("email", "nora@northwind.example"),
                ("password", "a quiet harbour in may"),
            ],
        )
        .await
        .is(200)
        .page_says("nora@northwind.example");
    let found = p.p.store.credentials_by_email(p.space, "nora@northwind.example").await.expect("read").expect("there");
    let nora = found.account;
    assert_eq!(
        (nora.status, nora.agent, nora.kind),
        (Status::Unactivated, AgentRole::Requested, AccountKind::Institutional)
    );
    assert_eq!((nora.institution.as_deref(), nora.name.as_str()), (Some("Northwind Advisers"), "Nora North"));
    let trail = || Trail::system(p.clock.now());
    let early = decide_role(nora.id, Decision::Approve, "", Actor::Terminal, trail(), &p.p).await;
    assert!(matches!(early, Err(Stop::Refused(Refusal::NotUsable(Status::Unactivated)))), "the address comes first");
    desk.visit("/console").await.is(200).page_does_not_say("Northwind");
    let review = format!("/console/requests/{}", nora.id);
    desk.visit(&review).await.is(200).page_does_not_say("value=\"approve\"");

    let link = p.mails_to("nora@northwind.example").await[0].link(&p);
    let page = stranger.get(&link).await;
    stranger.submit_to(&page, "/verify-email", &[]).await.is(200).page_says("Your email is confirmed");
    assert_eq!(account(&p, nora.id).await.status, Status::PendingApproval);
    let browser = p.browser();
    browser.sign_in_at("/login", "nora@northwind.example", "a quiet harbour in may").await.is(303);
    let page = browser.visit("/account").await;
    page.is(403).page_says("We are looking at your registration").page_says("one answer settles both");
    page.page_says("We answer by");
    browser.get("/oauth").await.is(403);
    desk.visit("/console").await.is(200).page_says("Northwind");
    desk.visit(&review).await.is(200).page_says("value=\"approve\"");

    decide_role(nora.id, Decision::Approve, "Welcome.", Actor::Terminal, trail(), &p.p).await.expect("approved");
    let after = account(&p, nora.id).await;
    assert_eq!((after.status, after.agent), (Status::Active, AgentRole::Approved));
    let browser = p.browser();
    browser.sign_in_at("/login", "nora@northwind.example", "a quiet harbour in may").await.is(303);
    browser.visit("/oauth").await.is(200).page_says("Register an agent app");
}
