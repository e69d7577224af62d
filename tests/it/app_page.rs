//! One application's page, for its owner: what went wrong, which address would be taken, programs to paste, its logo.

use prosper::domain::application::ApplicationKind;
use prosper::store::app_requests::AppRequest;

use crate::prosper::{Browser, Exchange, Prosper, minutes, seconds};

fn page(app: &crate::prosper::App<'_>) -> String {
    format!("/oauth/apps/{}", app.id.hex())
}

#[tokio::test]
async fn a_refused_call_has_its_true_cause_on_its_owners_page_and_nowhere_else_w_03() {
    let p = Prosper::start().await;
    let (ada, eve) = (p.investor("ada@example.com").await, p.investor("eve@example.com").await);
    let app = ada.registers_own_app("Ada Lovelace").await;
    let refused = app.password_grant_as("ada@example.com", "wrong").await;
    let id = refused.is(400).header("x-request-id").expect("every answer has one").to_owned();
    p.flush().await;
    let browser = ada.signs_in().await;
    let own = page(&app);
    browser.visit(&own).await.is(200).page_says("Bad credentials").page_says(&id);
    browser.visit(&format!("{own}/requests")).await.is(200).page_says(&id);
    let found = browser.visit(&format!("{own}/requests?q={id}")).await;
    found.is(200).page_says("invalid_grant").page_says("Bad credentials");
    browser.visit(&format!("{own}/requests?q=another")).await.is(200).page_says("Not one of this app");
    // A stranger learns neither the cause nor that there is such an application; another application's owner cannot
    // look it up either.
    let other = eve.registers_own_app("Eve").await;
    let stranger = eve.signs_in().await;
    stranger.get(&format!("{own}/requests?q={id}")).await.is(404).page_does_not_say("Bad credentials");
    let elsewhere = stranger.visit(&format!("{}/requests?q={id}", page(&other))).await;
    elsewhere.is(200).page_does_not_say("Bad credentials");
    p.browser().get(&format!("{own}/requests")).await.is(302);
}

/// B-05: when a secret was last used, to within a second, whenever the page was looked at before.
#[tokio::test]
async fn a_secret_says_when_it_was_last_used_b_05() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada").await;
    let browser = ada.signs_in().await;
    let used = |page: &Exchange| {
        let cell = page.is(200).body.split_once("data-label=\"Last used\">").expect("the cell").1;
        cell.split_once("</td>").expect("its end").0.to_owned()
    };
    assert_eq!(used(&browser.get(&page(&app)).await), "never");
    app.password_grant(&ada).await.tokens();
    p.flush().await;
    p.clock.advance(minutes(3));
    let found = used(&browser.get(&page(&app)).await);
    assert!(found.contains("3 minutes ago"), "{found}");
}

/// What went well is counted: a row for each minute and kind of call, with the id of the last; and of whom it is read.
#[tokio::test]
async fn calls_that_went_well_are_counted_by_the_minute_with_the_id_of_the_last() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada Lovelace").await;
    let tokens = app.password_grant(&ada).await.tokens();
    p.clock.advance(seconds(1));
    let mut last = String::new();
    for _ in 0..3 {
        let answer = app.refresh(&tokens).await;
        last = answer.is(200).header("x-request-id").expect("every answer has one").to_owned();
        // Written down each second, into the same row.
        p.flush().await;
    }
    p.resource(&tokens.access_token).await.is(200);
    p.clock.advance(minutes(1));
    app.refresh(&tokens).await.is(200);
    p.flush().await;
    let rows = p.p.store.requests_of(app.id, None, 100).await.expect("read");
    let told: Vec<_> = rows.iter().map(|row| (row.surface.as_str(), row.outcome.as_str(), row.calls)).collect();
    assert_eq!(told, [("refresh_token", "ok", 1), ("refresh_token", "ok", 3), ("password", "ok", 1)]);
    assert_eq!(rows[1].request_id, last);
    let browser = ada.signs_in().await;
    browser.visit(&page(&app)).await.is(200).page_says("3 calls").page_says("Tokens for a password").page_says(&last);
    browser.visit(&format!("{}/requests?q={last}", page(&app))).await.is(200).page_says("3 calls");

    let login = ada.has_login_app("Notes", &["https://app.example/cb"]).await;
    // Twice: authorized, exchanged. The second does not ask for consent.
    for _ in 0..2 {
        let token = login.token_of(&ada).await;
        p.user(&token).await.is(200);
    }
    p.flush().await;
    let rows = p.p.store.requests_of(login.id, None, 100).await.expect("read");
    let mut counted: Vec<_> = rows.iter().map(|row| (row.surface.as_str(), row.outcome.as_str(), row.calls)).collect();
    counted.sort_unstable();
    assert_eq!(counted, [("access-token", "ok", 2), ("authorize", "ok", 2)]);
}

#[tokio::test]
async fn many_requests_come_in_pages_without_a_gap_or_a_repetition() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada Lovelace").await;
    for number in 0..120 {
        p.p.store.saw_request(AppRequest {
            request_id: format!("request-{number:03}"),
            application: app.id,
            // Several at the same moment.
            at: prosper::domain::time::Timestamp::from_seconds(1_000 + number / 7),
            surface: "token",
            outcome: "invalid_grant".into(),
            detail: String::new(),
        });
    }
    p.flush().await;
    let browser = ada.signs_in().await;
    let (mut next, mut seen) = (Some(format!("{}/requests", page(&app))), Vec::new());
    while let Some(place) = next {
        let answer = browser.visit(&place).await;
        let ids = answer.is(200).body.split("request-").skip(1).map(|rest| rest[..3].to_owned());
        // The link to the next page names the last of this one.
        seen.extend(ids.filter(|id| id.bytes().all(|byte| byte.is_ascii_digit())));
        seen.dedup();
        next = answer.body.split_once(">Older ones<").map(|(before, _)| {
            let href = before.rsplit_once("href=\"").expect("a link").1.split('"').next().expect("a link");
            crate::prosper::browser::unescape(href)
        });
    }
    let wanted: Vec<String> = (0..120).rev().map(|number| format!("{number:03}")).collect();
    assert_eq!(seen, wanted);
}

#[tokio::test]
async fn the_tester_says_which_part_of_an_address_differs_and_fetches_nothing() {
    let p = Prosper::start().await;
    let ada = p.institution("ada@example.com").await;
    let app = ada.has_login_app("Notes", &["https://notes.example/back", "http://127.0.0.1:9/back"]).await;
    let browser = ada.signs_in().await;
    let test = async |address: &str| {
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("test", address).finish();
        browser.visit(&format!("{}?{query}", page(&app))).await
    };
    test("https://notes.example/back?lang=en").await.is(200).page_says("It matches");
    let slash = test("https://notes.example/back/").await;
    slash.page_says("It would be refused.").page_says("<mark>/</mark>").page_says("A slash at the end");
    slash.page_says("<td role=\"cell\" data-label=\"From character\">27</td>");
    // Nearest is the one on loopback; nothing listens there, and nobody calls it.
    let loopback = test("http://localhost:9/back").await;
    loopback.page_says("<code class=\"wrap\">http://127.0.0.1:9/back</code>").page_says("are two names");
    test("https://notes.example/back?state=1").await.page_says("The query may not carry state");
    test("<script>").await.page_says("&#60;script&#62;").page_does_not_say("<script>");
    let own = p.investor("own@example.com").await;
    let personal = own.registers_own_app("Own").await;
    own.signs_in().await.visit(&page(&personal)).await.page_does_not_say("Would this address be taken?");
}

#[tokio::test]
async fn programs_to_paste_carry_the_apps_own_ids_and_no_secret() {
    let p = Prosper::start().await;
    let ada = p.institution("ada@example.com").await;
    let browser = ada.signs_in().await;
    for kind in [ApplicationKind::Login, ApplicationKind::Partner, ApplicationKind::Api] {
        let app = if kind == ApplicationKind::Login {
            ada.has_login_app("Notes", &["https://notes.example/back"]).await
        } else {
            ada.has_app(kind, "Machine").await
        };
        for language in ["curl", "python", "javascript", "rust"] {
            let answer = browser.visit(&format!("{}?lang={language}", page(&app))).await;
            answer.is(200).page_says(&format!("data-for=\"{language}\"")).page_says("CLIENT_SECRET");
            assert!(answer.body.matches(&app.id.hex()).count() > 3, "{}", answer.told());
            answer.page_does_not_say(&app.secret);
        }
    }
}

#[tokio::test]
async fn the_owner_edits_what_it_says_and_nothing_typed_is_lost_b_03() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada Lovelace").await;
    let browser = ada.signs_in().await;
    let place = format!("{}/profile", page(&app));
    let form = browser.visit(&place).await;
    let bad = [("name", "Analytical Engines"), ("phone", "12"), ("email", "ada")];
    let again = browser.submit_to(&form, &place, &bad).await;
    again.is(400).page_says("<title>Error: ");
    assert_eq!(again.value_of("name").as_deref(), Some("Analytical Engines"));
    assert_eq!(again.error_beside("phone").as_deref(), Some("Needs 5 to 32 characters with at least five digits."));
    assert_eq!(again.value_of("email").as_deref(), Some("ada"));
    let good = [("name", "Analytical Engines"), ("phone", "+44 20 7946 0000"), ("email", "")];
    browser.submit_to(&again, &place, &good).await.is(303);
    browser.visit(&page(&app)).await.page_says("Analytical Engines").page_says("+44 20 7946 0000");
    // From another browser's form, or too late: what was typed is still there.
    let stale = browser.post(&place, &[("form_token", "old"), ("name", "Other"), ("phone", "1"), ("email", "")]).await;
    assert_eq!(stale.is(400).page_says("Please send that again.").value_of("name").as_deref(), Some("Other"));
    let eve = p.investor("eve@example.com").await.signs_in().await;
    eve.get(&place).await.is(404);
    eve.post(&place, &good).await.is(404);
    browser.visit(&page(&app)).await.page_says("Analytical Engines");
}

#[tokio::test]
async fn a_logo_is_uploaded_from_the_page_and_taken_away_again_r_79() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada Lovelace").await;
    let browser = ada.signs_in().await;
    let mut png = std::io::Cursor::new(Vec::new());
    image::DynamicImage::new_rgb8(300, 300).write_to(&mut png, image::ImageFormat::Png).expect("drawn");
    upload(&browser, &page(&app), b"<svg onload='alert(1)'/>").await.is(400).page_says("Not a PNG, JPEG or WebP");
    upload(&browser, &page(&app), b"").await.is(400).page_says("Please fill this in.");
    upload(&browser, &page(&app), png.get_ref()).await.is(303);
    let logo = p.get(&format!("/logos/{}", app.id.hex())).await;
    assert_eq!(logo.is(200).header("content-type"), Some("image/png"));
    let form = browser.visit(&format!("{}/profile", page(&app))).await;
    browser.submit_to(&form, &format!("{}/logo", page(&app)), &[("do", "remove")]).await.is(303);
    p.get(&format!("/logos/{}", app.id.hex())).await.is(404);
}

async fn upload(browser: &Browser<'_>, base: &str, content: &[u8]) -> Exchange {
    let page = browser.visit(&format!("{base}/profile")).await;
    browser.upload(&page, "/logo", content).await
}

#[tokio::test]
async fn whoever_lacks_the_agent_role_reads_why_where_the_form_would_be_a_05() {
    let p = Prosper::start().await;
    let desk = p.institution("desk@agents.example").await;
    let browser = desk.signs_in().await;
    browser.visit("/oauth").await.page_says("Not yet.").page_says("Ask for it first");
    desk.asks_for_agent_role().await;
    browser.visit("/oauth").await.page_says("Not yet.").page_says("in review. We answer by");
    desk.agent_role(prosper::domain::agent::AgentMove::Decline).await;
    browser.visit("/oauth").await.page_says("Not yet.").page_says("was declined.");
}
