//! Whoever lets an application use their account is mailed what it may do and where to take it back; once for each new grant.

use prosper::contract::lifetimes::MOST_NOTICES_AN_HOUR;
use prosper::contract::words;
use prosper::domain::scope::ScopeSet;

use crate::prosper::login::CALLBACK;
use crate::prosper::{Prosper, hours};

const AGENT_CALLBACK: &str = "https://agent.example/cb";

#[tokio::test]
async fn a_new_sign_in_app_is_told_of_once_and_not_when_it_is_used_again() {
    let p = Prosper::start().await;
    let app = p.investor("owner@example.com").await.has_login_app("Acme HR", &[CALLBACK]).await;
    let browser = p.investor("ada@example.com").await.signs_in().await;
    browser.code_for(&app).await;
    let mails = p.mails_to("ada@example.com").await;
    let [mail] = mails.as_slice() else { panic!("one mail: {mails:?}") };
    assert_eq!(mail.subject, "You let an application use your account");
    for words in ["let Acme HR use your account", "know your email and your name", "/account/connected-apps"] {
        assert!(mail.text.contains(words), "{words} in {}", mail.text);
    }
    assert_eq!(mail.link(&p), "/account/connected-apps");
    browser.code_for(&app).await;
    browser.code_for(&app).await;
    assert_eq!(p.mails_to("ada@example.com").await.len(), 1);
    assert!(p.mails_to("owner@example.com").await.is_empty());
    browser.confirms(&format!("/account/connected-apps/{}/withdraw", app.client_id)).await.is(200);
    browser.code_for(&app).await;
    assert_eq!(p.mails_to("ada@example.com").await.len(), 2, "granted anew");
}

#[tokio::test]
async fn an_agent_is_told_of_when_it_may_do_something_new() {
    let p = Prosper::start().await;
    let northwind = p.agent("agent@example.com").await.registers_agent_app("Northwind", AGENT_CALLBACK).await;
    let browser = p.investor("ada@example.com").await.signs_in().await;
    northwind.auth_key_for(&browser, Some("read_loan read_note")).await;
    let mails = p.mails_to("ada@example.com").await;
    assert_eq!(mails.len(), 1);
    assert!(mails[0].text.contains("let Northwind, a third-party agent, use your account"), "{}", mails[0].text);
    assert!(mails[0].text.contains("  * see the loans you invested in\n  * see your notes"), "{}", mails[0].text);
    northwind.auth_key_for(&browser, Some("read_loan read_note")).await;
    northwind.auth_key_for(&browser, Some("read_loan")).await;
    assert_eq!(p.mails_to("ada@example.com").await.len(), 1, "the same, and less");
    northwind.auth_key_for(&browser, Some("read_loan write_invest_order")).await;
    let mails = p.mails_to("ada@example.com").await;
    assert_eq!(mails.len(), 2);
    assert!(mails[1].text.contains("place investments with your money"), "{}", mails[1].text);
}

/// K-03: the page that asks, the list of what is allowed and the mail say the same of a scope, and the two that move money
/// are warned of, each by itself.
#[tokio::test]
async fn the_page_the_list_and_the_mail_describe_a_scope_in_the_same_words() {
    let p = Prosper::start().await;
    let northwind = p.agent("agent@example.com").await.registers_agent_app("Northwind", AGENT_CALLBACK).await;
    let browser = p.investor("ada@example.com").await.signs_in().await;
    let every = ScopeSet::INVESTOR.iter();
    for (count, scope) in every.enumerate() {
        let page = browser.get(&northwind.key_url(&[("response_type", "auth_key"), ("scope", scope.name())])).await;
        let line = words::scope_line(scope);
        assert!(line.starts_with(char::is_uppercase) && line[1..] == words::scope(scope)[1..], "{line}");
        page.is(200).page_says(&line);
        let moves_money = matches!(scope.name(), "write_prosper_account" | "write_invest_order");
        for warning in ["Moves money", "could use your money without asking you each time"] {
            assert_eq!(page.body.contains(warning), moves_money, "{warning}: {}", page.told());
        }
        northwind.auth_key_for(&browser, Some(scope.name())).await;
        let list = browser.get("/account/connected-apps").await;
        list.is(200).page_says(&line);
        assert_eq!(list.body.contains("Moves money"), moves_money, "{}", list.told());
        let mails = p.mails_to("ada@example.com").await;
        assert_eq!(mails.len(), count + 1);
        assert!(mails[count].text.contains(words::scope(scope)), "{}", mails[count].text);
        p.clock.advance(hours(1));
    }
}

#[tokio::test]
async fn who_says_no_is_mailed_nothing() {
    let p = Prosper::start().await;
    let app = p.investor("owner@example.com").await.has_login_app("Acme HR", &[CALLBACK]).await;
    let browser = p.investor("ada@example.com").await.signs_in().await;
    browser.decides(&app.authorize_url(CALLBACK, "s"), "deny").await;
    assert!(p.mails_to("ada@example.com").await.is_empty());
}

#[tokio::test]
async fn notices_are_limited_by_the_hour_and_keep_back_no_other_mail_r_73() {
    let p = Prosper::start().await;
    let app = p.investor("owner@example.com").await.has_login_app("Acme HR", &[CALLBACK]).await;
    let ada = p.investor("ada@example.com").await;
    let browser = ada.signs_in().await;
    for _ in 0..MOST_NOTICES_AN_HOUR + 2 {
        browser.code_for(&app).await;
        assert!(p.withdraws(&ada, &app).await);
    }
    let most = usize::try_from(MOST_NOTICES_AN_HOUR).expect("few");
    assert_eq!(p.mails_to("ada@example.com").await.len(), most);
    p.writes_to("ada@example.com").await;
    assert_eq!(p.mails_to("ada@example.com").await.len(), most + 1, "another kind has a count of its own");
    p.clock.advance(hours(1));
    p.investor("bob@example.com").await.signs_in().await.code_for(&app).await;
    browser.code_for(&app).await;
    assert_eq!(p.mails_to("ada@example.com").await.len(), most + 2);
    assert_eq!(p.mails_to("bob@example.com").await.len(), 1);
}
