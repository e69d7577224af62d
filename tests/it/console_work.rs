//! The staff console's work: the queue, accounts, applications handed over, and what is written down (A-02, A-05; ).

use crate::prosper::{Exchange, Prosper, Start, hours, minutes};
use prosper::domain::account::{AccountKind, StaffRole};
use prosper::domain::agent::{AgentRole, RequestForm};
use prosper::domain::status::Status;
use prosper::store::agents::AskForRole;
use prosper::store::audit::Trail;

#[tokio::test]
async fn the_queue_has_what_is_due_first_on_top_and_knows_the_holidays() {
    let friday = prosper::domain::time::Timestamp::from_seconds(1_795_165_200); // 2026-11-20 09:00 UTC
    let holidays = vec![jiff::civil::date(2026, 11, 23)];
    let p = Prosper::start_with(Start { now: friday, holidays, ..Start::default() }).await;
    p.asking("ops@northwind.example", "we act for others").await;
    let ada = p.staff("ada@example.com", StaffRole::Reviewer).await;
    let sign_up = p.institution("it@contoso.example").await;
    sign_up.becomes(Status::PendingApproval).await;
    let browser = ada.opens_the_console().await;
    let page = browser.visit("/console").await;
    page.is(200).page_says("2 waiting").page_says("ops@northwind.example").page_says("it@contoso.example");
    page.page_says("agent role</td>").page_says("sign-up");
    // A prepared reason about the agent role is none to decline a sign-up with.
    let review = browser.visit(&format!("/console/requests/{}", sign_up.id)).await;
    review.is(200).page_says("We could not reach them").page_does_not_say("No agent role needed");
    // Friday, and Monday is a holiday: Tuesday, Wednesday, Thursday.
    page.page_says("2026-11-26 09:00:00 UTC");
    p.clock.advance(hours(24 * 6));
    let browser = ada.opens_the_console().await;
    browser.visit("/console").await.page_says("2 overdue");
}

#[tokio::test]
async fn asking_again_shows_what_is_different_and_why_it_was_declined_a_05() {
    let p = Prosper::start().await;
    let desk = p.asking("desk@acme.example", "we trade\nsite: none").await;
    let ada = p.staff("ada@example.com", StaffRole::Reviewer).await;
    let browser = ada.opens_the_console().await;
    let path = format!("/console/requests/{}", desk.id);
    let page = browser.visit(&path).await;
    page.page_says("we trade");
    browser.submit(&page, &[("reason", ""), ("decision", "decline")]).await.is(400).page_says("Please fill this in.");
    let answer = browser.submit(&page, &[("reason", "there is no site"), ("decision", "decline")]).await;
    answer.is(303).redirects_to("/console?done=declined");
    browser.visit("/console?done=declined").await.page_says("Nothing waits");
    let ask = AskForRole {
        account: desk.id,
        form: RequestForm::ExistingAccount,
        message: "we trade\nsite: https://acme.example".into(),
        further_accounts: "second@acme.example".into(),
        mail: None,
        trail: Trail::system(p.clock.now()),
    };
    assert!(p.p.store.ask_for_agent_role(ask).await.expect("written"));
    let page = browser.visit(&path).await;
    page.page_says("agent role, asked again").page_says("No agent role needed").page_says("there is no site");
    page.page_says("<del>site: none</del>").page_says("<ins>site: https://acme.example</ins>");
    page.page_says("<ins>second@acme.example</ins>").page_does_not_say("<ins>we trade");
    page.page_says("no account that can be granted it");
    let answer = browser.submit(&page, &[("reason", ""), ("decision", "approve")]).await;
    answer.is(303).redirects_to("/console?done=approved");
    assert_eq!(desk.account().await.agent, AgentRole::Approved);
}

#[tokio::test]
async fn two_reviewers_at_once_decide_once() {
    let p = Prosper::start().await;
    let desk = p.asking("desk@acme.example", "x").await;
    let (ada, bob) =
        (p.staff("ada@example.com", StaffRole::Reviewer).await, p.staff("bob@example.com", StaffRole::Reviewer).await);
    let (one, two) = (ada.opens_the_console().await, bob.opens_the_console().await);
    let path = format!("/console/requests/{}", desk.id);
    let (first, second) = (one.visit(&path).await, two.visit(&path).await);
    one.submit(&first, &[("decision", "approve")]).await.is(303);
    two.submit(&second, &[("reason", "no"), ("decision", "decline")]).await.is(409).page_says("Nothing was changed");
    let decided = p.p.store.audit(Some(format!("account {}", desk.id)), 100).await.expect("read");
    assert_eq!(decided.iter().filter(|row| row.action == "agent.decide").count(), 1);
}

#[tokio::test]
async fn a_status_is_moved_with_a_reason_and_a_day_and_the_form_keeps_what_was_typed() {
    let p = Prosper::start().await;
    let (help, eve) = (p.staff("help@example.com", StaffRole::Support).await, p.investor("eve@example.com").await);
    let app = eve.registers_own_app("Ledger").await;
    let tokens = app.password_grant(&eve).await.tokens();
    let browser = help.opens_the_console().await;
    let path = format!("/console/accounts/{}", eve.id);
    let page = browser.visit(&path).await;
    page.is(200).page_says("prosper user set-status");
    let wrong = browser.submit(&page, &[("status", "on_hold"), ("reason", ""), ("until", "yesterday")]).await;
    wrong.is(400).page_says("Not a day to come.").page_says("Please fill this in.").page_says("value=\"yesterday\"");
    let fields = [("status", "on_hold"), ("reason", "a letter came back"), ("until", "2027-02-01")];
    browser.submit(&page, &fields).await.is(303).redirects_to(&format!("{path}?done=status"));
    assert!(!p.is_good(&tokens).await, "what it granted has ended");
    let page = browser.visit(&format!("{path}?done=status")).await;
    page.page_says("The status was moved.")
        .page_says("On hold")
        .page_says("a letter came back")
        .page_says("1 February 2027");
    let last = p.p.store.status_move(eve.id).await.expect("read").expect("moved");
    assert_eq!((last.by.as_str(), last.reason.as_str()), (format!("staff {}", help.id).as_str(), "a letter came back"));

    // Each move is told to whose account it is, with what staff noted.
    let told = async || p.mails_to("eve@example.com").await.pop().expect("a mail");
    let mail = told().await;
    assert_eq!(mail.subject, "The status of your account was changed");
    for words in ["was changed to: On hold", "until 1 February 2027", "a letter came back"] {
        assert!(mail.text.contains(words), "{words} in {}", mail.text);
    }
    let page = browser.visit(&path).await;
    let fields = [("status", "active"), ("reason", "it was the wrong house"), ("until", "")];
    browser.submit(&page, &fields).await.is(303);
    let mail = told().await;
    assert_eq!(mail.subject, "Your account can be used again");
    assert!(mail.text.contains("it was the wrong house"), "{}", mail.text);
    assert_eq!(mail.link(&p), "/login");
}

#[tokio::test]
async fn accounts_are_found_by_email_name_number_and_guid_a_page_at_a_time() {
    let p = Prosper::start().await;
    let help = p.staff("help@example.com", StaffRole::Support).await;
    let eve = p.person("eve_100%@example.com", AccountKind::Individual, p.space).await;
    for number in 0..60 {
        p.investor(&format!("many{number:02}@example.com")).await;
    }
    let browser = help.opens_the_console().await;
    let search = async |text: &str| {
        let query = crate::prosper::exchange::form(&[("q", text)]);
        browser.visit(&format!("/console/accounts?{query}")).await
    };
    let (number, uid) = (eve.id.to_string(), eve.uid.to_string());
    for text in ["EVE_100%@", number.as_str(), &format!("#{number}"), uid.as_str(), &uid.to_uppercase()] {
        search(text).await.is(200).page_says("eve_100%@example.com").page_does_not_say("many00");
    }
    search("lovelace").await.page_says("eve_100%@example.com");
    search("e%e").await.page_says("Nobody");
    let first = search("many").await;
    first.page_says("many49@").page_does_not_say("many50@");
    let next = first.body.split("href=\"").find(|link| link.contains("after=")).expect("a next page");
    let next = crate::prosper::browser::unescape(next.split('"').next().expect("ends"));
    browser.visit(&next).await.page_says("many50@").page_says("many59@").page_does_not_say("Next page");
}

#[tokio::test]
async fn an_owner_draws_the_secret_of_a_registered_app_once_and_staff_never_see_it_r_81() {
    let p = Prosper::start().await;
    let (ada, eve, mallory) = (
        p.staff("ada@example.com", StaffRole::Administrator).await,
        p.investor("eve@example.com").await,
        p.investor("mallory@example.com").await,
    );
    let browser = ada.opens_the_console().await;
    let page = browser.visit("/console/applications/new").await;
    let wrong =
        [("kind", "login"), ("owner", "nobody@example.com"), ("name", "HR"), ("url", ""), ("redirect_uris", "")];
    browser.submit(&page, &wrong).await.is(400).page_says("Nobody has this.").page_says("value=\"nobody@example.com\"");
    let fields = [
        ("kind", "login"),
        ("owner", "eve@example.com"),
        ("name", "Acme HR"),
        ("url", "https://hr.example"),
        ("redirect_uris", "https://hr.example/cb"),
    ];
    let made = browser.submit(&page, &fields).await;
    made.is(200).page_says("A link for");
    let start = made.body.find(&format!("{}/oauth/apps/", p.url)).expect("the link");
    let link = made.body[start..].split('<').next().expect("ends").to_owned();
    let path = link.strip_prefix(&p.url).expect("ours").to_owned();
    let client = path.split('/').nth(3).expect("an id").to_owned();
    let mails = p.p.store.outbox(10).await.expect("read");
    assert_eq!(
        (mails[0].mail.recipient.as_str(), mails[0].mail.subject.as_str()),
        ("eve@example.com", "Your app is registered")
    );

    // Not for strangers, not for another, not for the staff who made it.
    assert!(p.browser().get(&path).await.location().starts_with("/login?next="));
    mallory.signs_in().await.get(&path).await.is(404);
    browser.get(&path).await.is(404);

    let owner = eve.signs_in().await;
    let page = owner.get(&path).await;
    page.is(200).page_says("Show the secret");
    owner.get(&path).await.is(200);
    let shown = owner.submit_to(&page, "/hand-over", &[]).await;
    let secret =
        shown.is(200).body.split("<code>").nth(2).and_then(|rest| rest.split('<').next()).expect("shown").to_owned();
    assert_eq!(secret.len(), 32, "{}", shown.told());
    owner.submit_to(&page, "/hand-over", &[]).await.is(404).page_says("This link has been used");
    owner.get(&path).await.is(404).page_does_not_say(&secret);
    browser.get(&format!("/console/applications/{client}")).await.is(200).page_does_not_say(&secret);
    let kept = p.p.store.client(prosper::domain::ids::ClientId::from_hex(&client).expect("an id")).await;
    let kept = kept.expect("read").expect("there");
    let live: Vec<_> = kept.secrets.iter().filter(|secret| secret.is_live(p.clock.now())).collect();
    assert_eq!(live.len(), 1, "the secret that nobody saw has ended");
    let code = [("client_id", client.as_str()), ("client_secret", secret.as_str()), ("code", "x")];
    p.post("/login/oauth/access-token", &code).await.says(400, "Invalid code");
}

/// B-05: whoever draws a new secret for a program that runs has a day to change it there.
#[tokio::test]
async fn a_secret_that_is_in_use_goes_on_for_a_day_when_the_owner_draws_another() {
    let p = Prosper::start().await;
    let (ada, eve) = (p.staff("ada@example.com", StaffRole::Administrator).await, p.investor("eve@example.com").await);
    let app = eve.has_app(prosper::domain::application::ApplicationKind::Partner, "Lending").await;
    let browser = ada.opens_the_console().await;
    let page = format!("/console/applications/{}", app.client_id);
    browser.get(&page).await.is(200).page_says("never");
    app.client_credentials().await.is(200);
    p.flush().await;
    let shown = browser.get(&page).await;
    shown.is(200).page_does_not_say("<dd>never</dd>");
    let answer = browser.submit_to(&shown, "/hand-over", &[]).await;
    let start = answer.is(200).body.find("/oauth/apps/").expect("the link");
    let link = answer.body[start..].split('<').next().expect("ends").to_owned();
    let owner = eve.signs_in().await;
    owner.submit_to(&owner.get(&link).await, "/hand-over", &[]).await.is(200);
    p.clock.advance(crate::prosper::just_before(hours(24)));
    app.client_credentials().await.is(200);
    p.clock.advance(hours(1));
    app.client_credentials().await.refused(401, "invalid_client", "Invalid/Missing credentials");
}

#[tokio::test]
async fn a_link_for_an_owner_ends_after_a_week_and_with_the_next_one() {
    let p = Prosper::start().await;
    let (ada, eve) = (p.staff("ada@example.com", StaffRole::Administrator).await, p.investor("eve@example.com").await);
    let app = eve.has_login_app("Notes", &["https://notes.example/cb"]).await;
    let browser = ada.opens_the_console().await;
    let page = format!("/console/applications/{}", app.client_id);
    let make = async || {
        let answer = browser.submit_to(&browser.visit(&page).await, "/hand-over", &[]).await;
        let start = answer.is(200).body.find("/oauth/apps/").expect("the link");
        answer.body[start..].split('<').next().expect("ends").to_owned()
    };
    let (first, second) = (make().await, make().await);
    let owner = eve.signs_in().await;
    owner.get(&first).await.is(404).page_says("has been used, or has expired");
    owner.get(&second).await.is(200);
    p.clock.advance(hours(24 * 7));
    eve.signs_in().await.get(&second).await.is(404);
}

#[tokio::test]
async fn every_change_is_written_down_with_who_what_was_what_is_and_which_request_r_84() {
    let p = Prosper::start().await;
    let (ada, eve) = (p.staff("ada@example.com", StaffRole::Administrator).await, p.investor("eve@example.com").await);
    let app = eve.has_login_app("Notes", &["https://notes.example/cb"]).await;
    let browser = ada.opens_the_console().await;
    let account = format!("/console/accounts/{}", eve.id);
    let of_app = format!("/console/applications/{}", app.client_id);
    let (eve_is, app_is) = (format!("account {}", eve.id), format!("application {}", app.client_id));
    #[expect(clippy::type_complexity, reason = "a table reads best as one")]
    let steps: [(&str, &str, &[(&str, &str)], &str, &str, &str, &str); 7] = [
        (
            &account,
            "/status",
            &[("status", "suspended"), ("reason", "why"), ("until", "2027-03-01")],
            &eve_is,
            "account.status",
            "active",
            "suspended: why",
        ),
        (&account, "/reset", &[], &eve_is, "account.reset", "not required", "required"),
        (&account, "/staff", &[("role", "support")], &eve_is, "account.staff", "none", "support"),
        (&of_app, "/disable", &[], &app_is, "application.disable", "enabled", "disabled"),
        (&of_app, "/enable", &[], &app_is, "application.enable", "disabled", "enabled"),
        (
            "/console/spaces/1",
            "/console/spaces/1",
            &[("name", "House"), ("support_email", ""), ("brand", "#0b6b4d")],
            "space 1",
            "space.change",
            "Prosper, -, -, -, open",
            "House, -, #0b6b4d, -, open",
        ),
        ("/console/keys", "/console/keys", &[], "installation", "keys.rotate", "", ""),
    ];
    for (page, form, fields, subject, action, before, after) in steps {
        let page = browser.visit(page).await;
        let answer = browser.submit_to(&page, form, fields).await;
        let request = answer.is(303).header("x-request-id").expect("an id").to_owned();
        let rows = p.p.store.audit(None, 5).await.expect("read");
        let row = rows.iter().find(|row| row.action == action).unwrap_or_else(|| panic!("no {action} in {rows:?}"));
        assert_eq!(row.trail.actor, format!("staff {}", ada.id), "{action}");
        assert_eq!(
            (row.trail.request_id.as_str(), row.trail.address.as_str()),
            (request.as_str(), "127.0.0.1"),
            "{action}"
        );
        if action != "keys.rotate" {
            assert_eq!((row.subject.as_str(), row.before.as_str(), row.after.as_str()), (subject, before, after));
        }
        browser.visit(&format!("/console/audit?action={action}")).await.page_says(action).page_says(&request);
    }
    // Whom it stops reads why, and until when.
    let page = p.browser();
    let form = page.get("/login").await;
    let told = page.submit(&form, &[("email", &eve.email), ("password", &eve.password)]).await;
    assert_eq!(told.status, 403, "{}", told.told());
    told.page_says("Please choose a new password");
    p.p.store.require_reset(eve.id, false, Trail::system(p.clock.now())).await.expect("lifted");
    let form = page.get("/login").await;
    let told = page.submit(&form, &[("email", &eve.email), ("password", &eve.password)]).await;
    told.is(403)
        .page_says("<blockquote class=\"wrap\">why</blockquote>")
        .page_says(", until <time")
        .page_says("1 March 2027");
}

#[tokio::test]
async fn every_line_beside_a_form_is_one_that_the_terminal_understands() {
    let p = Prosper::start().await;
    let (ada, eve) = (p.staff("ada@example.com", StaffRole::Administrator).await, p.investor("it's@example.com").await);
    let app = eve.has_login_app("it's $(id)", &["https://notes.example/cb"]).await;
    let (asking, agent) = (p.asking("ops@acme.example", "x").await, p.agent("agent@acme.example").await);
    let waiting = p.institution("new@acme.example").await;
    waiting.becomes(Status::PendingApproval).await;
    let (closed, gone) = (p.investor("closed@example.com").await, p.investor("gone@example.com").await);
    closed.becomes(Status::Closed).await;
    gone.becomes(Status::Closed).await;
    gone.is_to_be_erased().await;
    p.space("it's a house").await;
    let browser = ada.opens_the_console().await;
    let mut lines = 0;
    for path in [
        "/console".to_owned(),
        format!("/console/requests/{}", asking.id),
        format!("/console/requests/{}", agent.id),
        format!("/console/requests/{}", waiting.id),
        "/console/accounts".into(),
        format!("/console/accounts/{}", eve.id),
        format!("/console/accounts/{}", closed.id),
        format!("/console/accounts/{}", gone.id),
        "/console/erasures".into(),
        "/console/applications".into(),
        "/console/applications/new".into(),
        format!("/console/applications/{}", app.client_id),
        "/console/spaces".into(),
        "/console/spaces/2".into(),
        "/console/keys".into(),
        "/console/audit?subject=account+1&actor=staff+1&action=account.".into(),
        "/console/mail".into(),
        "/console/mail/1".into(),
    ] {
        let page = browser.visit(&path).await;
        let beside = lines_of(page.is(200));
        let forms = page.body.matches("method=\"post\"").count() - 1;
        assert!(beside.len() >= forms, "{path} has {forms} forms, and these lines: {beside:?}");
        for line in beside {
            assert!(prosper::cli::understands(&line), "{path}: {line}");
            lines += 1;
        }
    }
    assert!(lines > 20, "{lines}");
    // Beside a mail that waits, where mail is sent.
    assert!(prosper::cli::understands("prosper mail retry 1"));
}

/// The lines of the command line on a page, as a shell would be given them.
fn lines_of(page: &Exchange) -> Vec<String> {
    let found = page.body.split("<code class=\"cli").skip(1);
    found
        .filter_map(|rest| rest.split_once('>')?.1.split("</code>").next())
        .map(crate::prosper::browser::unescape)
        .collect()
}

#[tokio::test]
async fn a_prepared_reason_needs_no_typing_and_what_is_typed_is_added_a_05() {
    let p = Prosper::start().await;
    let (first, second) = (p.asking("one@acme.example", "").await, p.asking("two@acme.example", "").await);
    let browser = p.staff("ada@example.com", StaffRole::Reviewer).await.opens_the_console().await;
    for (desk, typed) in [(&first, ""), (&second, "We rang on Monday.")] {
        let path = format!("/console/requests/{}", desk.id);
        let page = browser.visit(&path).await;
        let sent = [("prepared", "unreachable"), ("reason", typed), ("decision", "decline")];
        browser.submit(&page, &sent).await.is(303).redirects_to("/console?done=declined");
        let requests = p.p.store.agent_requests_of(desk.id).await.expect("read");
        let reason = &requests.last().expect("one").reason;
        assert!(reason.starts_with("We could not reach anybody") && reason.ends_with(typed), "{reason}");
    }
}

#[tokio::test]
async fn a_long_queue_comes_in_pages() {
    let p = Prosper::start().await;
    for number in 0..52 {
        p.asking(&format!("desk{number:02}@acme.example"), "").await;
        p.clock.advance(std::time::Duration::from_secs(1));
    }
    let browser = p.staff("ada@example.com", StaffRole::Reviewer).await.opens_the_console().await;
    let first = browser.visit("/console").await;
    first.is(200).page_says("52 waiting").page_says("desk49@acme.example").page_does_not_say("desk50@acme.example");
    first.page_says("href=\"/console?from=50\"");
    let second = browser.visit("/console?from=50").await;
    second.is(200).page_says("52 waiting").page_says("desk51@acme.example").page_does_not_say("desk49@acme.example");
    second.page_does_not_say("Next page");
    browser.visit("/console?from=999999").await.is(200).page_says("52 waiting");
}

/// What staff type while the console closes is lost, which is said, and its page is come back to.
#[tokio::test]
async fn a_form_of_the_console_that_comes_too_late_is_said_to_be_lost_and_leads_back_to_its_page() {
    let p = Prosper::start().await;
    let ada = p.staff("ada@example.com", StaffRole::Administrator).await;
    let eve = p.investor("eve@example.com").await;
    let browser = ada.opens_the_console().await;
    let account = format!("/console/accounts/{}", eve.id);
    let page = browser.visit(&account).await;
    let typed = [("status", "suspended"), ("reason", "asked for it at length"), ("until", "")];
    p.clock.advance(minutes(16));
    let late = browser.submit(&page, &typed).await;
    late.is(303);
    assert!(late.location().starts_with("/console/sign-in?"), "{}", late.told());
    let asks = browser.follow(late).await;
    asks.is(200).page_says("The console had closed before the form arrived.").page_says("Nothing was changed");
    browser.submit(&asks, &[("password", &ada.password)]).await.is(303).redirects_to(&account);
    assert_eq!(eve.account().await.status, Status::Active);

    // Signed out in another tab: the ordinary sign-in says it, and leads to the same page by way of the console's.
    let page = browser.visit(&account).await;
    let out = browser.visit("/logout").await;
    browser.submit_to(&out, "/logout", &[]).await;
    let late = browser.submit(&page, &typed).await;
    let asks = browser.follow(late).await;
    asks.page_says("Your session had ended before the form arrived.");
    let credentials = [("email", ada.email.as_str()), ("password", &ada.password)];
    browser.submit(&asks, &credentials).await.is(303).redirects_to(&account);
}
