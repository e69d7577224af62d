//! Staff see who waits to be erased and when, plan it and call it off; and histories that are long come in pages.

use prosper::domain::account::StaffRole;
use prosper::domain::status::Status;
use prosper::flows::close_account::plan_erasure;
use prosper::flows::refusal::Actor;
use prosper::store::audit::Trail;

use crate::prosper::browser::unescape;
use crate::prosper::{Person, Prosper, hours, seconds};

impl Person<'_> {
    /// What is known of a person whose account has ended is to be erased, after the usual wait.
    pub async fn is_to_be_erased(&self) {
        let (p, now) = (&self.server.p, self.server.clock.now());
        let at = Some(now.plus(p.settings.erasure_wait));
        plan_erasure(self.id, at, Actor::Terminal, Trail::cli(now), p).await.expect("planned");
    }
}

#[tokio::test]
async fn staff_see_who_waits_and_when_and_call_it_off_when_the_person_asks() {
    let p = Prosper::start().await;
    let (boss, help) = (
        p.staff("boss@example.com", StaffRole::Administrator).await,
        p.staff("help@example.com", StaffRole::Support).await,
    );
    let (ada, bob) = (p.investor("ada@example.com").await, p.investor("bob@example.com").await);
    let desk = boss.opens_the_console().await;
    desk.visit("/console/erasures").await.is(200).page_says("Nobody waits").page_says("prosper user erasures");
    // An active account is not erased, whatever is sent.
    let path = format!("/console/accounts/{}", ada.id);
    desk.visit(&path).await.is(200).page_does_not_say("id=\"erasure\"");
    for person in [&ada, &bob] {
        person.becomes(Status::Closed).await;
    }
    bob.is_to_be_erased().await;
    p.clock.advance(seconds(5));

    let page = desk.visit(&path).await;
    page.is(200).page_says("Erase after 30 days").page_says(&format!("prosper user erase {} --in-days 30", ada.id));
    desk.submit_to(&page, &format!("{path}/erasure"), &[]).await.is(303).redirects_to(&format!("{path}?done=erasure"));
    let list = desk.visit("/console/erasures").await;
    let at = |email: &str| list.body.find(email).unwrap_or_else(|| panic!("{}", list.told()));
    assert!(at("bob@example.com") < at("ada@example.com"), "due first on top");
    list.page_says("in 30 days");
    let letters = p.mails_to("ada@example.com").await;
    let told = letters.iter().find(|mail| mail.subject == "What we know of you will be erased").expect("a mail");
    assert!(told.text.contains("is erased on 14 February 2027"), "{}", told.text);

    // Support sees it, and cannot change it.
    let support = help.opens_the_console().await;
    support.visit("/console/erasures").await.is(200).page_says("ada@example.com");
    support.visit(&path).await.is(200).page_says("is erased on").page_does_not_say("Call the erasure off");

    let page = desk.visit(&path).await;
    page.page_says("is erased on").page_says(&format!("prosper user erase {} --keep", ada.id));
    page.page_says("moving its status to Inactive").page_says("opens it again in two moves");
    desk.submit_to(&page, &format!("{path}/erasure"), &[])
        .await
        .is(303)
        .redirects_to(&format!("{path}?done=erasure-off"));
    // Called off, it is told, once; a second click changes nothing, and tells nothing.
    desk.submit_to(&page, &format!("{path}/erasure"), &[]).await.is(303);
    let letters = p.mails_to("ada@example.com").await;
    let told: Vec<_> = letters.iter().filter(|mail| mail.subject == "What we know of you is not erased").collect();
    assert_eq!(told.len(), 1, "{}", letters.len());
    assert!(told[0].text.contains("was to be erased on 14 February 2027"), "{}", told[0].text);
    desk.visit(&format!("{path}?done=erasure-off")).await.page_says("The erasure is called off.");
    desk.visit("/console/erasures").await.page_does_not_say("ada@example.com").page_says("bob@example.com");
    let rows = p.p.store.audit(Some(format!("account {}", ada.id)), 3).await.expect("read");
    for (row, planned) in rows.iter().skip(1).zip([false, true]) {
        let (never, day) = if planned { (&row.before, &row.after) } else { (&row.after, &row.before) };
        assert_eq!((row.action.as_str(), never.as_str()), ("account.erasure", "never"), "{row:?}");
        assert!(day.starts_with("20") && row.trail.actor == format!("staff {}", boss.id), "{row:?}");
        assert!(!row.trail.request_id.is_empty(), "{row:?}");
    }

    p.clock.advance(hours(31 * 24));
    p.p.store.sweep(p.clock.now()).await.expect("swept");
    let name = async |person: &Person<'_>| person.account().await.name;
    assert_eq!((name(&ada).await.as_str(), name(&bob).await.as_str()), ("Ada Lovelace", "Erased"));
    let desk = boss.opens_the_console().await;
    let path = format!("/console/accounts/{}", bob.id);
    desk.visit(&path).await.is(200).page_does_not_say("id=\"erasure\"").page_says("account.erase");
    desk.visit("/console/erasures").await.page_says("Nobody waits");
}

#[tokio::test]
async fn a_long_history_and_many_who_wait_come_in_pages() {
    let p = Prosper::start().await;
    let boss = p.staff("boss@example.com", StaffRole::Administrator).await;
    let ada = p.investor("ada@example.com").await;
    for _ in 0..60 {
        ada.signs_out_everywhere().await;
    }
    for number in 0..60 {
        let gone = p.investor(&format!("gone{number:02}@example.com")).await;
        gone.becomes(Status::Closed).await;
        gone.is_to_be_erased().await;
    }
    let desk = boss.opens_the_console().await;
    for (start, mark, count) in [
        (format!("/console/accounts/{}", ada.id), ">account.sign_out_everywhere<", 60),
        ("/console/erasures".to_owned(), "<span class=\"small soft wrap\">gone", 60),
    ] {
        let first = desk.visit(&start).await;
        let next = first.body.split_once(">Next page<").expect("a next page").0;
        let href = unescape(next.rsplit_once("href=\"").expect("a link").1.split('"').next().expect("a link"));
        let second = desk.visit(&href).await;
        second.is(200).page_does_not_say(">Next page<");
        let seen = |page: &crate::prosper::Exchange| page.body.matches(mark).count();
        assert_eq!((seen(&first), seen(&first) + seen(&second)), (50, count), "{start}");
    }
}
