//! Seed 1, "Account registration", and step 1 of seed 2: who registers an app, where, and what it takes.

use prosper::contract::words::request_subject;
use prosper::domain::account::StaffRole;
use prosper::domain::status::Status;
use prosper::flows::agent_role::{Decision, decide_role};
use prosper::flows::refusal::Actor;
use prosper::store::audit::Trail;

use crate::prosper::browser::{Form, unescape};
use crate::prosper::people::PASSWORD;
use crate::prosper::{App, Browser, Exchange, Person, Prosper, hours};

const SETTINGS: &str = "/oauth";
const ROLE: &str = "/account/agent-request";
const INST_REGISTER: &str = "/account/common/inst_register.aspx";
const AGENT_FORM: [(&str, &str); 6] = [
    ("kind", "agent"),
    ("company_name", "Northwind Advisers"),
    ("phone", "+1 415 555 0100"),
    ("email", "ops@agent.example"),
    ("company_url", "https://agent.example"),
    ("redirect_url", "https://agent.example/cb"),
];

/// Sends one of the forms of the settings page: the one for an app of one's own, unless the fields say otherwise. Also
/// sends what the page has no form for.
async fn registers(browser: &Browser<'_>, fields: &[(&str, &str)]) -> Exchange {
    let page = browser.visit(SETTINGS).await;
    let form = Form::with(&page.body, &[COMPANY]).unwrap_or_else(|| panic!("no form\n{}", page.told()));
    let token = form.hidden.iter().find(|(name, _)| name == "form_token").expect("a form token");
    let mut pairs = vec![("form_token", token.1.as_str())];
    if !fields.iter().any(|(name, _)| *name == "kind") {
        pairs.push(("kind", "own"));
    }
    pairs.extend(fields);
    browser.post(SETTINGS, &pairs).await
}

const COMPANY: (&str, &str) = ("company_name", "Ada Lovelace");
const PHONE: (&str, &str) = ("phone", "+1 415 555 0100");

/// An application whose id and secret were read off a page.
fn read_off<'s>(owner: &Person<'s>, page: &Exchange) -> App<'s> {
    let (client_id, secret) = page.registration();
    let id = prosper::domain::ids::ClientId::from_hex(&client_id).expect("32 hex digits");
    App { server: owner.server, id, client_id, secret }
}

/// Staff decide on the request of this account.
async fn staff_decide(p: &Prosper, person: &Person<'_>, decision: Decision, reason: &str) {
    let taken = p.p.store.staff().await.expect("read").len();
    let reviewer = p.investor(&format!("reviewer-{taken}@prosper.example")).await;
    let trail = || Trail::system(p.clock.now());
    assert!(p.p.store.set_staff(reviewer.id, Some(StaffRole::Reviewer), trail()).await.expect("written"));
    let reviewer = p.p.store.account(reviewer.id).await.expect("read").expect("there");
    decide_role(person.id, decision, reason, Actor::Staff(&reviewer), trail(), &p.p).await.expect("decided");
}

/// The link to this server in the last mail to an address.
async fn mailed_link(p: &Prosper, email: &str) -> String {
    p.mails_to(email).await.last().expect("a mail").link(p)
}

#[tokio::test]
async fn an_investor_registers_an_app_on_the_api_settings_page() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let browser = ada.signs_in().await;

    let page = registers(&browser, &[COMPANY, PHONE]).await;
    let (client_id, client_secret) = page.registration();
    for hex in [&client_id, &client_secret] {
        assert!(hex.len() == 32 && hex.bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c)), "{hex}");
    }
    assert_ne!(client_id, client_secret);
    let later = browser.visit(SETTINGS).await;
    later.page_says(&client_id).page_does_not_say(&client_secret);
}

#[tokio::test]
async fn borrower_partners_are_told_where_to_write() {
    let p = Prosper::start().await;
    let browser = p.investor("ada@example.com").await.signs_in().await;
    for place in [SETTINGS, "/account/settings", "/welcome"] {
        browser.visit(place).await.is(200).page_says("Borrower Services").page_says("mailto:partners@prosper.example");
    }
    p.browser().visit("/welcome").await.is(200).page_says("mailto:partners@prosper.example");
}

#[tokio::test]
async fn an_agent_registers_nothing_before_the_role_is_granted() {
    let p = Prosper::start().await;
    let agency = p.institution("ops@agent.example").await;
    let browser = agency.signs_in().await;

    let page = browser.visit(SETTINGS).await;
    page.page_says("Until it is granted you cannot register an agent app").page_does_not_say("redirect_url");
    let refused = registers(&browser, &AGENT_FORM).await;
    refused.is(403).page_says("Until it is granted you cannot register an agent app");
    let role = browser.visit(ROLE).await;
    browser.submit(&role, &[("accounts", ""), ("message", "")]).await;
    registers(&browser, &AGENT_FORM).await.is(403).page_says("once the role is granted");
    staff_decide(&p, &agency, Decision::Decline, "no licence").await;
    registers(&browser, &AGENT_FORM).await.is(403).page_says("you cannot register an agent app");
    assert_eq!(p.p.store.clients_of(agency.id).await.expect("read").len(), 0);
}

#[tokio::test]
async fn the_published_address_works_by_way_of_sign_in_and_without_script() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let browser = p.browser();

    // A browser keeps the fragment to itself and puts it back after the redirects.
    let sign_in = browser.visit("/oauth").await;
    let signed_in = browser.submit(&sign_in, &[("email", &ada.email), ("password", &ada.password)]).await;
    signed_in.redirects_to("/oauth");
    let page = browser.follow(signed_in).await;
    page.is(200).page_says("id=\"/settings\"").page_does_not_say("<script");
    registers(&browser, &[COMPANY, PHONE]).await.registration();
}

#[tokio::test]
async fn an_institution_registers_at_the_same_address() {
    let p = Prosper::start().await;
    let fund = p.institution("desk@fund.example").await;
    let page = registers(&fund.signs_in().await, &[("company_name", "A fund"), PHONE]).await;
    read_off(&fund, &page).password_grant(&fund).await.tokens();
}

#[tokio::test]
async fn the_id_and_secret_from_the_page_make_api_calls() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let page = registers(&ada.signs_in().await, &[COMPANY, PHONE]).await;
    let tokens = read_off(&ada, &page).password_grant(&ada).await.tokens();
    p.resource(&tokens.access_token).await.is(200);
}

#[tokio::test]
async fn an_investor_who_follows_the_agents_link_grants_access() {
    let p = Prosper::start().await;
    let (agency, ada) = (p.agent("ops@agent.example").await, p.investor("ada@example.com").await);
    let page = registers(&agency.signs_in().await, &AGENT_FORM).await;
    let (app, link) = (read_off(&agency, &page), investors_link(&page));

    let browser = p.browser();
    let sign_in = browser.visit(&link).await;
    let signed_in = browser.submit(&sign_in, &[("email", &ada.email), ("password", &ada.password)]).await;
    let consent = browser.follow(signed_in).await;
    consent.is(200).page_says("Northwind Advisers").page_says("agent.example");
    let sent = browser.follow(browser.submit(&consent, &[("decision", "allow")]).await).await;
    assert!(sent.is(302).location().starts_with("https://agent.example/cb?"), "{}", sent.told());
    assert_eq!(sent.location_parameter("state").as_deref(), Some("YOUR_STATE"));

    let key = sent.location_parameter("auth_key").expect("a key");
    let tokens = app.auth_key_grant(&key).await.tokens();
    p.resource(&tokens.access_token).await.is(200).page_says(&ada.uid.to_string());
    app.refresh(&tokens).await.tokens();
}

#[tokio::test]
async fn a_service_goes_on_when_its_investor_agrees_again() {
    let p = Prosper::start().await;
    let (agency, ada) = (p.agent("ops@agent.example").await, p.investor("ada@example.com").await);
    let app = agency.registers_agent_app("Northwind", "https://agent.example/cb").await;
    let browser = ada.signs_in().await;
    let place = app.key_url(&[("response_type", "auth_key"), ("state", "s")]);
    let first = browser.decides(&place, "allow").await.location_parameter("auth_key").expect("a key");
    let tokens = app.auth_key_grant(&first).await.tokens();

    let second = browser.decides(&place, "allow").await.location_parameter("auth_key").expect("a key");
    p.resource(&tokens.access_token).await.is(200);
    app.refresh(&tokens).await.tokens();
    for key in [&first, &second] {
        app.auth_key_grant(key).await.tokens();
    }
    p.clock.advance(hours(24 * 365));
    app.auth_key_grant(&first).await.tokens();
}

#[tokio::test]
async fn an_institution_that_exists_asks_for_the_role() {
    let p = Prosper::start().await;
    let agency = p.institution("ops@agent.example").await;
    p.institution("second@agent.example").await;
    let browser = agency.signs_in().await;

    let page = browser.visit(ROLE).await;
    let wish = [("accounts", "second@agent.example"), ("message", "Please grant third party role")];
    let asked = browser.follow(browser.submit(&page, &wish).await).await;
    asked.is(200).page_says("In review").page_says("second@agent.example");
    let request = p.p.store.agent_request(agency.id).await.expect("read").expect("a request");
    assert_eq!(request_subject(request.form), "Please grant third party role");
    assert_eq!(request.further_accounts, "second@agent.example");
}

#[tokio::test]
async fn staff_review_a_request_and_grant_or_decline_it() {
    let p = Prosper::start().await;
    let agency = p.institution("ops@agent.example").await;
    let browser = agency.signs_in().await;
    let ask = async || {
        let page = browser.visit(ROLE).await;
        browser.follow(browser.submit(&page, &[("accounts", ""), ("message", "")]).await).await.page_says("In review");
    };
    ask().await;
    let queue = p.p.store.agent_requests(true).await.expect("read");
    assert_eq!(queue.iter().map(|request| request.account).collect::<Vec<_>>(), [agency.id]);

    staff_decide(&p, &agency, Decision::Decline, "we need your licence").await;
    browser.visit(ROLE).await.page_says("Declined").page_says("we need your licence");
    ask().await;
    staff_decide(&p, &agency, Decision::Approve, "").await;
    browser.visit(ROLE).await.page_says("Approved");
    assert!(p.p.store.agent_requests(true).await.expect("read").is_empty());
}

#[tokio::test]
async fn an_app_without_the_role_acts_for_nobody() {
    let p = Prosper::start().await;
    let (agency, ada) = (p.agent("ops@agent.example").await, p.investor("ada@example.com").await);
    let app = agency.registers_agent_app("Northwind", "https://agent.example/cb").await;
    let browser = ada.signs_in().await;
    let place = app.key_url(&[("response_type", "auth_key")]);
    let key = browser.decides(&place, "allow").await.location_parameter("auth_key").expect("a key");
    let tokens = app.auth_key_grant(&key).await.tokens();

    staff_decide(&p, &agency, Decision::Withdraw, "the licence ended").await;
    p.resource(&tokens.access_token).await.is(401);
    assert_ne!(app.auth_key_grant(&key).await.status, 200);
    assert_ne!(app.refresh(&tokens).await.status, 200);
    browser.get(&place).await.redirects_to("/welcome");
}

#[tokio::test]
async fn whoever_asks_reads_that_review_may_take_three_business_days() {
    let p = Prosper::start().await;
    let browser = p.institution("ops@agent.example").await.signs_in().await;
    let page = browser.visit(ROLE).await;
    page.page_says("within 3 business days");
    let asked = browser.follow(browser.submit(&page, &[("accounts", ""), ("message", "")]).await).await;
    asked.page_says("0 of 3 business days gone");
}

#[tokio::test]
async fn the_institution_hears_that_the_role_is_granted() {
    let p = Prosper::start().await;
    let agency = p.institution("ops@agent.example").await;
    let browser = agency.signs_in().await;
    let page = browser.visit(ROLE).await;
    browser.submit(&page, &[("accounts", ""), ("message", "")]).await;
    assert_eq!(p.mails_to(&agency.email).await.len(), 1, "that the request came in");

    staff_decide(&p, &agency, Decision::Approve, "").await;
    let mails = p.mails_to(&agency.email).await;
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[1].link(&p), "/oauth#/settings", "{:?}", mails[1]);
}

#[tokio::test]
async fn with_the_role_an_agent_registers_its_app() {
    let p = Prosper::start().await;
    let agency = p.institution("ops@agent.example").await;
    let browser = agency.signs_in().await;
    let page = browser.visit(ROLE).await;
    browser.submit(&page, &[("accounts", ""), ("message", "")]).await;
    staff_decide(&p, &agency, Decision::Approve, "").await;

    let page = registers(&browser, &AGENT_FORM).await;
    let app = read_off(&agency, &page);
    let link = investors_link(&page);
    assert!(link.starts_with(&format!("/oauth?client_id={}&response_type=auth_key", app.client_id)), "{link}");
    let manage = browser.visit(&format!("/oauth/apps/{}", app.client_id)).await;
    assert_eq!(investors_link(&manage), link);
    app.auth_key_grant("none yet").await.refused(400, "invalid_grant", "Bad credentials");
}

/// The link that a page tells an agent to give to investors, as a path of this server.
fn investors_link(page: &Exchange) -> String {
    let start = page.body.find("/oauth?client_id=").unwrap_or_else(|| panic!("no link\n{}", page.told()));
    unescape(page.body[start..].split(['<', '"', '\n']).next().expect("an end"))
}

#[tokio::test]
async fn a_new_institution_says_that_it_is_an_agent() {
    let p = Prosper::start().await;
    p.investor("somebody@example.com").await;
    let browser = p.browser();
    let page = browser.visit(INST_REGISTER).await;
    page.is(200).page_says("Investor type").page_says("Third Party Agent").page_says("3 business days");

    registers_agency(&browser).await;
    browser.confirms_address(&mailed_link(&p, NEW).await).await;
    let open = p.p.store.agent_requests(true).await.expect("read");
    let [request] = &open[..] else { panic!("not one request: {open:?}") };
    assert_eq!(request_subject(request.form), "Please grant new third party role");
}

const NEW: &str = "new@agent.example";

async fn registers_agency(browser: &Browser<'_>) {
    let page = browser.visit(INST_REGISTER).await;
    let form = [
        ("investor_type", "third_party_agent"),
        ("institution_name", "Northwind Advisers"),
        ("full_name", "Grace Hopper"),
        ("email", NEW),
        ("phone", ""),
        ("password", PASSWORD),
    ];
    browser.submit(&page, &form).await.is(200).page_says("confirm your email");
}

impl Browser<'_> {
    /// Follows a mailed link and confirms.
    async fn confirms_address(&self, link: &str) {
        let page = self.visit(link).await;
        self.submit(&page, &[]).await.is(200);
    }
}

#[tokio::test]
async fn one_review_settles_a_new_institution_and_its_role() {
    let p = Prosper::start().await;
    let browser = p.browser();
    registers_agency(&browser).await;
    browser.confirms_address(&mailed_link(&p, NEW).await).await;
    let account = p.p.store.credentials_by_email(p.space, NEW).await.expect("read").expect("there").account;
    assert_eq!(account.status, Status::PendingApproval);
    let agency = Person { server: &p, id: account.id, uid: account.uid, email: NEW.into(), password: PASSWORD.into() };

    staff_decide(&p, &agency, Decision::Approve, "").await;
    assert_eq!(p.p.store.account(agency.id).await.expect("read").expect("there").status, Status::Active);
    let page = registers(&agency.signs_in().await, &AGENT_FORM).await;
    let (app, link) = (read_off(&agency, &page), investors_link(&page));
    let ada = p.investor("ada@example.com").await;
    let sent = ada.signs_in().await.decides(&link, "allow").await;
    app.auth_key_grant(&sent.location_parameter("auth_key").expect("a key")).await.tokens();
}

#[tokio::test]
async fn a_new_institution_can_do_nothing_until_it_is_reviewed() {
    let p = Prosper::start().await;
    let browser = p.browser();
    registers_agency(&browser).await;
    browser.confirms_address(&mailed_link(&p, NEW).await).await;

    let sign_in = browser.visit("/login").await;
    let signed_in = browser.submit(&sign_in, &[("email", NEW), ("password", PASSWORD)]).await;
    browser.follow(signed_in).await.is(403).page_says("We are looking at your registration");
    let page = browser.visit(SETTINGS).await;
    assert!(Form::with(&page.body, &[COMPANY]).is_none(), "{}", page.told());
    let account = p.p.store.credentials_by_email(p.space, NEW).await.expect("read").expect("there").account;
    assert!(p.p.store.clients_of(account.id).await.expect("read").is_empty());
    assert!(!account.is_agent() && !account.is_usable());
}

#[tokio::test]
async fn three_business_days_leave_out_the_weekend() {
    use prosper::domain::agent::REVIEW_BUSINESS_DAYS;
    use prosper::flows::agent_role::due;
    assert_eq!(REVIEW_BUSINESS_DAYS, 3);
    let p = Prosper::start().await;
    for (asked, by) in [
        ("2026-11-23T10:00:00Z", "2026-11-26"),          // Monday: Thursday
        ("2026-11-19T10:00:00Z", "2026-11-24"),          // Thursday: Tuesday
        ("2026-11-20T10:00:00Z", "2026-11-25"),          // Friday: Wednesday
        ("2026-11-21T10:00:00Z", "2026-11-26T00:00:00"), // Saturday: when Wednesday ends
    ] {
        let asked: jiff::Timestamp = asked.parse().expect("an instant");
        let due = due(prosper::domain::time::Timestamp::from_seconds(asked.as_second()), &p.p);
        assert!(due.to_string().starts_with(by), "{asked}: {due}");
    }
}

#[tokio::test]
async fn the_owner_of_an_app_is_whoever_is_signed_in() {
    let p = Prosper::start().await;
    let (ada, eve) = (p.investor("ada@example.com").await, p.investor("eve@example.com").await);
    let browser = eve.signs_in().await;
    let (uid, id) = (ada.uid.to_string(), ada.id.0.to_string());
    let smuggled = [COMPANY, PHONE, ("email", "ada@example.com"), ("owner", &uid), ("account", &id)];
    let page = registers(&browser, &smuggled).await;

    let app = read_off(&eve, &page);
    app.password_grant(&eve).await.tokens();
    app.password_grant(&ada).await.refused(400, "invalid_grant", "Bad credentials");
    assert!(p.p.store.clients_of(ada.id).await.expect("read").is_empty());
}

#[tokio::test]
async fn my_account_leads_to_settings_and_its_edit_link_to_the_api_settings() {
    let p = Prosper::start().await;
    let browser = p.investor("ada@example.com").await.signs_in().await;
    browser.visit("/account").await.is(200).page_says("href=\"/account/settings\">Settings</a>");

    let settings = browser.visit("/account/settings").await;
    let main = settings.body.find("<h1").expect("a heading");
    let aside = settings.body.find("<aside class=\"stack\" aria-label=\"API settings").expect("a right column");
    let edit = settings.body.find("href=\"/oauth#/settings\">Edit").expect("the Edit link");
    assert!(main < aside && aside < edit, "{}", settings.told());
    browser.visit("/oauth").await.is(200).page_says("id=\"/settings\"");
}

#[tokio::test]
async fn company_name_and_phone_number_are_enough() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let browser = ada.signs_in().await;
    for name in ["Ada Lovelace", "Acme Ltd & Söhne"] {
        let page = registers(&browser, &[("company_name", name), PHONE]).await;
        read_off(&ada, &page).password_grant(&ada).await.tokens();
    }
    registers(&browser, &[PHONE, ("company_name", "")]).await.is(400).page_says("company_name-error");
    registers(&browser, &[COMPANY, ("phone", "")]).await.is(400).page_says("phone-error");
}

#[tokio::test]
async fn the_email_of_an_app_is_for_communication_alone() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let page = registers(&ada.signs_in().await, &[COMPANY, PHONE, ("email", "tech@lovelace.example")]).await;
    let app = read_off(&ada, &page);

    app.password_grant_as("ada@example.com", PASSWORD).await.tokens();
    let other = app.password_grant_as("tech@lovelace.example", PASSWORD).await;
    other.refused(400, "invalid_grant", "Bad credentials");
}

#[tokio::test]
async fn the_other_fields_are_asked_of_agents_alone() {
    let p = Prosper::start().await;
    let page = p.investor("ada@example.com").await.signs_in().await.visit(SETTINGS).await;
    page.page_does_not_say("company_url").page_does_not_say("redirect_url");

    let agency = p.agent("ops@agent.example").await;
    let browser = agency.signs_in().await;
    for left_out in ["company_name", "phone", "email", "company_url", "redirect_url"] {
        let mut form = AGENT_FORM;
        for field in form.iter_mut().filter(|(name, _)| *name == left_out) {
            field.1 = "";
        }
        registers(&browser, &form).await.is(400).page_says(&format!("{left_out}-error"));
    }
    registers(&browser, &AGENT_FORM).await.registration();
}
