//! Seed 2, step 1: "Register your app with Prosper", and seed 1 for agents (B-01 to B-06, A-05).

use std::time::Duration;

use futures_util::future::join_all;
use prosper::domain::application::ApplicationKind;
use prosper::domain::ids::ClientId;
use prosper::domain::status::Status;

use crate::prosper::Prosper;

async fn apps_of(p: &Prosper, email: &str) -> Vec<prosper::store::applications::Client> {
    let account = p.p.store.credentials_by_email(p.space, email).await.expect("read").expect("there").account;
    p.p.store.clients_of(account.id).await.expect("read")
}

/// B-02, B-05: "you only need to provide a Company Name and a Phone Number".
#[tokio::test]
async fn two_fields_give_a_client_id_and_a_secret_that_get_a_token() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let browser = ada.signs_in().await;
    let page = browser.registers_own("Ada Lovelace").await;
    page.page_says("Ada Lovelace").page_says("Shown once");
    let (id, secret) = page.registration();

    let grant = [("grant_type", "password"), ("client_id", &id), ("client_secret", &secret)];
    let credentials = [("username", ada.email.as_str()), ("password", ada.password.as_str())];
    p.token(&[&grant[..], &credentials[..]].concat()).await.tokens();

    let kept = &apps_of(&p, &ada.email).await[0].application;
    assert_eq!((kept.kind, kept.profile.email.as_deref()), (ApplicationKind::Personal, None));
}

/// PO-17, R-81: the secret stands in one answer and in no other, nor on the disk.
#[tokio::test]
async fn the_secret_is_shown_once_and_never_again() {
    let p = Prosper::start().await;
    let browser = p.investor("ada@example.com").await.signs_in().await;
    let (id, secret) = browser.registers_own("Ada Lovelace").await.registration();
    for path in ["/oauth".to_owned(), format!("/oauth/apps/{id}"), "/account/settings".to_owned()] {
        browser.get(&path).await.is(200).page_does_not_say(&secret);
    }
    browser.get("/oauth").await.page_says(&id);
    let disk = p.bytes_on_disk();
    assert!(!disk.windows(secret.len()).any(|part| part == secret.as_bytes()));
    let raw = data_encoding::HEXLOWER.decode(secret.as_bytes()).expect("hex");
    assert!(!disk.windows(raw.len()).any(|part| part == raw));
}

/// Seed 1: the page is `/oauth#/settings`, and works with no script.
#[tokio::test]
async fn the_published_link_leads_to_the_settings_by_way_of_sign_in() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let browser = p.browser();
    browser.get("/oauth").await.is(302).redirects_to("/login?next=%2Foauth");
    let page = browser.visit("/oauth").await;
    let answer = browser.submit(&page, &[("email", &ada.email), ("password", &ada.password)]).await;
    browser.follow(answer).await.is(200).page_says("id=\"/settings\"").page_says("Register an app");
}

/// The answer to a registration has the address `/oauth` itself: from there the tab must lead to another address, or a
/// browser only moves within the page that is shown.
#[tokio::test]
async fn the_page_with_a_new_secret_is_left_by_its_own_tab_and_its_first_line_keeps_the_secret_out_of_the_history() {
    let p = Prosper::start().await;
    let browser = p.investor("ada@example.com").await.signs_in().await;
    let page = browser.get("/oauth").await;
    let made = browser.submit(&page, &[("company_name", "Ada"), ("phone", "+61 2 5550 1234")]).await;
    made.is(200).page_says("Shown once").page_says("href=\"/oauth?#/settings\" aria-current");
    made.page_says("IFS= read -rs").page_says("client_secret=$CLIENT_SECRET").page_does_not_say("read -rsp");
    let (_, secret) = made.registration();
    assert_eq!(made.body.matches(&secret).count(), 1, "{}", made.told());
    browser.get("/oauth?").await.is(200).page_says("id=\"/settings\"").page_does_not_say(&secret);
}

/// Seed 2: "Select My Account > Settings. Select Edit from the API settings section on the right side of the page." W-07
#[tokio::test]
async fn my_account_leads_to_settings_with_an_edit_link_for_the_api() {
    let p = Prosper::start().await;
    let browser = p.investor("ada@example.com").await.signs_in().await;
    browser.get("/account").await.is(200).page_says("href=\"/account/settings\"");
    let page = browser.get("/account/settings").await;
    page.is(200).page_says("<aside").page_says("href=\"/oauth#/settings\">Edit");
    page.page_says("support@prosper.example").page_says("partners@prosper.example");
}

#[tokio::test]
async fn an_institution_registers_an_institutional_app() {
    let p = Prosper::start().await;
    let fund = p.institution("fund@example.com").await;
    let browser = fund.signs_in().await;
    browser.registers_own("Acme Fund").await.registration();
    assert_eq!(apps_of(&p, &fund.email).await[0].application.kind, ApplicationKind::Institutional);
}

#[tokio::test]
async fn every_wrong_field_is_named_beside_it_and_what_was_typed_is_kept() {
    let p = Prosper::start().await;
    let browser = p.investor("ada@example.com").await.signs_in().await;
    let page = browser.get("/oauth").await;
    let fields = [("company_name", "Ada <b>"), ("phone", "12"), ("email", "nobody")];
    let back = browser.submit_to(&page, "/oauth", &fields).await;
    back.is(400);
    assert_eq!(back.error_beside("phone").as_deref(), Some("Needs 5 to 32 characters with at least five digits."));
    assert!(back.error_beside("email").is_some() && back.error_beside("company_name").is_none());
    for (id, typed) in fields {
        assert_eq!(back.value_of(id).as_deref(), Some(typed));
    }
    assert!(apps_of(&p, "ada@example.com").await.is_empty());
    let missing = browser.submit_to(&page, "/oauth", &[]).await;
    missing.is(400);
    assert_eq!(missing.error_beside("company_name").as_deref(), Some("Please fill this in."));
}

/// "All other fields are for third party agent clients only." PO-03, R-76
#[tokio::test]
async fn fields_that_a_form_does_not_have_change_nothing() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let browser = ada.signs_in().await;
    let page = browser.get("/oauth").await;
    let answer = browser
        .submit_to(
            &page,
            "/oauth",
            &[
                ("company_name", "Ada"),
                ("phone", "+1 415 555 0100"),
                ("owner", "1"),
                ("space", "7"),
                ("agent", "true"),
                ("scopes", "user:email"),
                ("client_id", "00000000000000000000000000000000"),
                ("redirect_url", "https://evil.test/cb"),
                ("company_url", "https://evil.test"),
                ("client_secret", "11111111111111111111111111111111"),
            ],
        )
        .await;
    let (id, secret) = answer.registration();
    assert!(!id.starts_with("0000") && !secret.starts_with("1111"));
    let kept = &apps_of(&p, &ada.email).await[0].application;
    assert_eq!((kept.owner, kept.space, kept.kind), (ada.id, p.space, ApplicationKind::Personal));
    assert!(kept.profile.redirect_uris.is_empty() && kept.profile.url.is_none());
    for kind in ["login", "partner", "api", "personal", ""] {
        let token = [("company_name", "Ada"), ("phone", "+1 415 555 0100"), ("kind", kind)];
        browser.post("/oauth", &token).await.is(400);
    }
    assert_eq!(apps_of(&p, &ada.email).await.len(), 1);
}

/// Seed 1: "You can't register your app … until we grant you permission as a Third Party Agent." PO-19
#[tokio::test]
async fn without_the_role_an_agent_app_is_refused_and_the_page_says_why() {
    let p = Prosper::start().await;
    let fund = p.institution("fund@example.com").await;
    let browser = fund.signs_in().await;
    let page = browser.get("/oauth").await;
    page.page_says("Ask for the agent role first").page_does_not_say("Register an agent app");
    let token = form_token(&page.body);
    let whole = [
        ("form_token", token.as_str()),
        ("kind", "agent"),
        ("company_name", "Northwind"),
        ("phone", "+1 415 555 0100"),
        ("email", "ops@agent.example"),
        ("company_url", "https://agent.example"),
        ("redirect_url", "https://agent.example/cb"),
    ];
    browser.post("/oauth", &whole).await.is(403).page_says("Ask for the agent role first");
    let ada = p.investor("ada@example.com").await.signs_in().await;
    let token = form_token(&ada.get("/oauth").await.body);
    let mut whole = whole;
    whole[0].1 = &token;
    ada.post("/oauth", &whole).await.is(403);
    assert!(apps_of(&p, &fund.email).await.is_empty() && apps_of(&p, "ada@example.com").await.is_empty());
}

/// B-03: every field, and the link to give to investors.
#[tokio::test]
async fn an_approved_agent_needs_every_field_and_gets_a_link_for_investors() {
    let p = Prosper::start().await;
    let agent = p.agent("agent@example.com").await;
    let browser = agent.signs_in().await;
    let page = browser.get("/oauth").await;
    let whole = [
        ("company_name", "Northwind"),
        ("phone", "+1 415 555 0100"),
        ("email", "ops@agent.example"),
        ("company_url", "https://agent.example"),
        ("redirect_url", "https://agent.example/cb?tenant=1"),
    ];
    for missing in 0..whole.len() {
        let mut some: Vec<_> = whole.to_vec();
        some[missing].1 = "";
        let back = browser.submit(&page, &some).await;
        back.is(400);
        let beside = back.error_beside(&format!("agent-{}", whole[missing].0));
        assert_eq!(beside.as_deref(), Some("Please fill this in."), "{}", back.told());
    }
    let made = browser.submit(&page, &whole).await;
    let (id, _) = made.registration();
    made.page_says(&format!("{}/oauth?client_id={id}&#38;response_type=auth_key&#38;state=YOUR_STATE", p.url));
    let kept = &apps_of(&p, &agent.email).await[0].application;
    assert_eq!(kept.kind, ApplicationKind::ThirdPartyAgent);
    assert_eq!(kept.profile.redirect_uris[0].as_str(), "https://agent.example/cb?tenant=1");
}

#[tokio::test]
async fn the_same_form_sent_twice_registers_one_app() {
    let p = Prosper::start().await;
    let browser = p.investor("ada@example.com").await.signs_in().await;
    let page = browser.get("/oauth").await;
    let fields = [("company_name", "Ada"), ("phone", "+1 415 555 0100")];
    let both =
        join_all([browser.submit_to(&page, "/oauth", &fields), browser.submit_to(&page, "/oauth", &fields)]).await;
    let (made, again): (Vec<_>, Vec<_>) = both.iter().partition(|answer| answer.status == 200);
    assert_eq!((made.len(), again.len()), (1, 1));
    let (id, _) = made[0].registration();
    again[0].is(409).page_says("This form was sent before").page_says(&format!("/oauth/apps/{id}"));
    assert_eq!(apps_of(&p, "ada@example.com").await.len(), 1);
}

#[tokio::test]
async fn a_client_id_is_never_given_out_again() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let browser = ada.signs_in().await;
    let page = browser.get("/oauth").await;
    let fields = [("company_name", "Ada"), ("phone", "+1 415 555 0100")];
    let (id, secret) = browser.submit_to(&page, "/oauth", &fields).await.registration();
    let grant = [("grant_type", "password"), ("client_id", &id), ("client_secret", &secret)];
    let credentials = [("username", ada.email.as_str()), ("password", ada.password.as_str())];
    let token = p.token(&[&grant[..], &credentials[..]].concat()).await.tokens().access_token;
    browser.confirms(&format!("/oauth/apps/{id}/delete")).await.is(303);
    browser.submit_to(&page, "/oauth", &fields).await.is(409);
    assert!(p.p.store.client(ClientId::from_hex(&id).expect("an id")).await.expect("read").is_none());
    p.resource(&token).await.is(401);
}

/// PO-21: at most fifty, however many ask at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_registrations_at_once_make_fifty_apps() {
    let p = Prosper::start().await;
    let browser = p.investor("ada@example.com").await.signs_in().await;
    let pages = join_all((0..100).map(|_| browser.get("/oauth"))).await;
    let fields = [("company_name", "Ada"), ("phone", "+1 415 555 0100")];
    // All of them want one row: on a slow machine some are told to come back, and do. Whoever's app was made after all is
    // told so by its form.
    let submit = async |page| {
        for _ in 0..100 {
            let answer = browser.submit_to(page, "/oauth", &fields).await;
            if answer.status != 503 {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("its turn never comes")
    };
    let answers = join_all(pages.iter().map(submit)).await;
    let made = answers.iter().filter(|answer| [200, 409].contains(&answer.status)).count();
    let refused = answers.iter().filter(|answer| answer.status == 400).count();
    assert_eq!((made, refused), (50, 50));
    answers.iter().find(|answer| answer.status == 400).expect("one").page_says("You have 50 apps");
    assert_eq!(apps_of(&p, "ada@example.com").await.len(), 50);
}

/// not active, or told to set a new password first.
#[tokio::test]
async fn an_account_that_may_not_be_used_registers_nothing() {
    let p = Prosper::start().await;
    let waiting = p.institution("waits@example.com").await;
    waiting.becomes(Status::PendingApproval).await;
    let browser = waiting.signs_in().await;
    browser.get("/oauth").await.is(403).page_says("We are looking at your registration");
    let fields = [("kind", "own"), ("company_name", "A"), ("phone", "+1 415 555 0100")];
    browser.post("/oauth", &fields).await.is(403);

    // Whoever is stopped between the page and the post is stopped.
    let ada = p.investor("ada@example.com").await;
    let browser = ada.signs_in().await;
    let page = browser.get("/oauth").await;
    ada.becomes(Status::Suspended).await;
    let answer = browser.submit_to(&page, "/oauth", &fields[1..]).await;
    answer.redirects_to("/login?next=%2Foauth&lost=form");
    assert!(apps_of(&p, &ada.email).await.is_empty() && apps_of(&p, &waiting.email).await.is_empty());
}

fn form_token(page: &str) -> String {
    let rest = page.split_once("name=\"form_token\" value=\"").expect("a form token").1;
    rest.split('"').next().expect("it ends").to_owned()
}
