//! A person closes their account and has what is known of them erased; and finishes a registration that was begun (A-01,
//! A-02; T-11; W-02).

use prosper::domain::ids::AccountId;
use prosper::domain::status::{Mover, Status};
use prosper::fault::Fault;
use prosper::flows::account_status::{StatusWish, move_status};
use prosper::flows::audit_chain::{Finding, seal_audit, verify_audit};
use prosper::flows::close_account::plan_erasure;
use prosper::flows::refusal::Actor;
use prosper::store::audit::{AuditQuery, AuditRow, Trail};
use prosper::store::engine::{Tx, Unit};

use crate::prosper::login::CALLBACK;
use crate::prosper::people::PASSWORD;
use crate::prosper::{Browser, Exchange, Person, Prosper, hours, just_before, seconds};

async fn closes(browser: &Browser<'_>, erase: &str) -> Exchange {
    let page = browser.get("/account/close").await;
    page.is(200);
    browser.submit(&page, &[("erase", erase), ("current", PASSWORD)]).await
}

async fn status(p: &Prosper, person: &Person<'_>) -> Status {
    p.p.store.account(person.id).await.expect("read").expect("there").status
}

async fn moves(p: &Prosper, id: AccountId, to: Status) -> bool {
    let wish = StatusWish { to, reason: String::new(), until: None };
    move_status(id, wish, Actor::Terminal, Trail::cli(p.clock.now()), &p.p).await.is_ok()
}

/// Every text that any table keeps.
struct Everything;

impl Unit for Everything {
    type Out = String;

    async fn run(&self, tx: &mut Tx) -> Result<String, Fault> {
        let mut all = String::new();
        for (table, columns) in [
            ("accounts", "name, email, folded_email, institution, phone, status_reason, uid"),
            ("agent_requests", "message, further_accounts, reason"),
            ("applications", "name, phone, email, url, redirect_uris"),
            ("client_secrets", "label"),
            ("sessions", "address, agent"),
            ("sign_in_failures", "folded_email"),
            ("links", "address"),
            ("outbox", "recipient, subject"),
            ("grant_events", "name, place, actor"),
            ("audit", "actor, action, subject, before, after, address"),
            ("app_requests", "detail, outcome"),
            ("password_networks", "network"),
        ] {
            for column in columns.split(", ").filter(|column| *column != "uid") {
                let sql: &'static str = Box::leak(format!("select {column} from {table}").into_boxed_str());
                for row in tx.many(sql, &[]).await? {
                    all.push_str(&row.get::<Option<String>>(0)?.unwrap_or_default());
                    all.push('\n');
                }
            }
        }
        Ok(all)
    }
}

#[tokio::test]
async fn an_account_is_closed_with_its_password_and_everything_ends() {
    let p = Prosper::start().await;
    let holder = p.holder("ada@example.com").await;
    let (ada, here) = (&holder.person, &holder.here);
    here.get("/account/settings").await.page_says("href=\"/account/close\"");
    let page = here.get("/account/close").await;
    page.is(200).page_says("Erase it after 30 days").page_says("Your 2 apps stop");
    for wrong in ["", "wrong"] {
        let back = here.submit(&page, &[("erase", "yes"), ("current", wrong)]).await;
        back.is(400);
        assert!(back.error_beside("current").is_some(), "{}", back.told());
        back.page_says("value=\"yes\" checked");
    }
    assert_eq!(status(&p, ada).await, Status::Active);

    closes(here, "no").await.is(200).page_says("Your account is closed").page_does_not_say("is erased on");
    assert_eq!(status(&p, ada).await, Status::Closed);
    holder.holds_nothing().await;
    holder.own.password_grant(ada).await.refused(400, "closed_account", "User account is closed");
    let told = p.mails_to("ada@example.com").await;
    assert_eq!(told.last().expect("told").subject, "Your account is closed");
    // Nothing is erased that nobody asked to be.
    p.clock.advance(hours(24 * 400));
    p.p.store.sweep(p.clock.now()).await.expect("swept");
    assert_eq!(p.p.store.account(ada.id).await.expect("read").expect("there").name, "Ada Lovelace");
}

#[tokio::test]
async fn an_account_is_erased_after_its_wait_and_its_numbers_are_never_given_out_again() {
    let p = Prosper::start().await;
    let ada = p.investor("Ada@private.example").await;
    let bob = p.investor("bob@example.com").await;
    let own = ada.registers_own_app("Ada Lovelace Ltd").await;
    let app = bob.has_login_app("Acme", &[CALLBACK]).await;
    let browser = ada.signs_in().await;
    browser.code_for(&app).await;
    let hers = ada.has_login_app("Lovelace Ltd Login", &[CALLBACK]).await;
    bob.signs_in().await.code_for(&hers).await;
    assert_eq!(p.p.store.grant_history(ada.id, None, 10).await.expect("read").len(), 1);
    own.password_grant_as("ada@private.example", "wrong").await;
    own.password_grant(&ada).await.tokens();
    let everything = p.p.store.write(Everything).await.expect("read");
    assert_eq!(everything.lines().filter(|line| *line == "this machine").count(), 1, "where her password was used");
    closes(&browser, "yes").await.is(200).page_says("What we know of you is erased on");
    let stopped = p.browser().sign_in_at("/login", &ada.email, PASSWORD).await;
    stopped.is(403).page_says("What we know of you is erased on").page_says("Until then you can stop that");

    p.clock.advance(just_before(hours(30 * 24)));
    p.p.store.sweep(p.clock.now()).await.expect("swept");
    assert!(p.p.store.write(Everything).await.expect("read").contains("Ada@private.example"));
    p.clock.advance(seconds(1));
    p.p.store.sweep(p.clock.now()).await.expect("swept");
    let left = p.p.store.write(Everything).await.expect("read").to_lowercase();
    for known in ["private.example", "lovelace ltd", "\nthis machine\n"] {
        assert!(!left.contains(known), "{known} is left in\n{left}");
    }
    assert_eq!(left.lines().filter(|line| *line == "acme").count(), 1, "the app is there, what Ada allowed it is not");
    assert_eq!(left.matches("ada lovelace").count(), 1, "Bob's name is his own");
    let erased = p.p.store.account(ada.id).await.expect("read").expect("its number stays");
    assert_eq!((erased.uid, erased.status, erased.name.as_str()), (ada.uid, Status::Closed, "Erased"));
    let rows = p.p.store.audit(Some(format!("account {}", ada.id)), 10).await.expect("read");
    assert_eq!(rows[0].action, "account.erase");
    assert!(rows.iter().any(|row| row.action == "account.create"), "the log stays");
    own.password_grant(&ada).await.refused(401, "unauthorized", "Invalid/Missing client Id");
    for email in [ada.email.as_str(), erased.email.as_str()] {
        p.browser().sign_in_at("/login", email, PASSWORD).await.is(400);
    }
    assert!(p.p.store.consents_of(ada.id).await.expect("read").is_empty());
    assert!(p.p.store.grant_history(ada.id, None, 10).await.expect("read").is_empty());
    let ended = p.p.store.grant_history(bob.id, None, 10).await.expect("read").remove(0);
    assert_eq!((ended.step.name(), ended.name.as_str()), ("ended", "Erased"));

    // Nobody comes back of whom nothing is known; the address is free, for somebody with another number.
    assert!(!moves(&p, ada.id, Status::Inactive).await);
    let again = p.investor("ada@private.example").await;
    assert!(again.id > bob.id && again.uid != ada.uid);
}

/// of somebody who is erased the log keeps what was done and when, and neither where from nor any word about them; the
/// chain over it holds, and what was withheld of anybody else is found.
#[tokio::test]
async fn the_log_withholds_what_it_says_of_an_erased_person_and_its_chain_holds() {
    let p = Prosper::start().await;
    let (ada, bob) = (p.investor("ada@example.com").await, p.investor("bob@example.com").await);
    let own = ada.registers_own_app("Lovelace Engines").await;
    let browser = ada.signs_in().await;
    let page = browser.visit(&format!("/oauth/apps/{}/profile", own.id.hex())).await;
    let fields = [("name", "Countess Ltd"), ("phone", "+44 20 7946 0000"), ("email", "")];
    browser.submit_to(&page, &format!("/oauth/apps/{}/profile", own.id.hex()), &fields).await.is(303);
    bob.signs_in().await.registers_own("Bob").await.is(200);
    let wish = StatusWish { to: Status::OnHold, reason: "wrote to us from Ockham Park".into(), until: None };
    move_status(ada.id, wish, Actor::Terminal, Trail::cli(p.clock.now()), &p.p).await.expect("moved");
    ada.becomes(Status::Active).await;
    closes(&ada.signs_in().await, "yes").await.is(200);
    while seal_audit(&p.p).await.expect("sealed") > 0 {}
    let before = verify_audit(None, &p.p).await.expect("read");
    assert_eq!((before.findings.as_slice(), before.withheld), ([].as_slice(), 0));
    let about = |rows: &[AuditRow]| rows.iter().map(|row| (row.id, row.action.clone())).collect::<Vec<_>>();
    let all = p.p.store.audit_rows(AuditQuery::default(), 1_000).await.expect("read");
    assert!(all.iter().any(|row| row.before.contains("Lovelace Engines") && row.trail.address == "127.0.0.1"));
    assert!(all.iter().any(|row| row.after.contains("Ockham Park")));

    p.clock.advance(hours(30 * 24));
    p.p.store.sweep(p.clock.now()).await.expect("swept");
    let left = p.p.store.audit_rows(AuditQuery::default(), 1_000).await.expect("read");
    let (kept, new): (Vec<_>, Vec<_>) = left.into_iter().partition(|row| all.iter().any(|was| was.id == row.id));
    assert_eq!(about(&kept), about(&all), "what was done, and when, stays");
    let noted: Vec<_> = new.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(noted, ["account.erase", "application.erase"]);
    let number = format!("account {}", ada.id);
    for row in &kept {
        assert!(!row.before.contains("Lovelace") && !row.after.contains("Countess"), "{row:?}");
        assert!(!row.after.contains("Ockham"), "{row:?}");
        assert!(row.trail.actor != number || row.trail.address.is_empty(), "{row:?}");
    }
    assert!(kept.iter().any(|row| row.trail.address == "127.0.0.1"), "Bob is not erased");
    let statuses = kept.iter().filter(|row| row.subject == number && row.action == "account.status");
    assert!(statuses.filter(|row| row.before == "active").count() > 1, "a status is no word about a person");
    let after = verify_audit(before.head.as_deref(), &p.p).await.expect("read");
    assert_eq!(after.findings, []);
    assert!(after.withheld > 3, "{after:?}");
    while seal_audit(&p.p).await.expect("sealed") > 0 {}

    // What somebody withholds of a row who has the database, and not the right, is found.
    let held = kept.iter().find_map(|row| row.withheld.clone()).expect("something is withheld");
    p.p.store.write(Withholds(format!("account {}", bob.id), held)).await.expect("written");
    let found = verify_audit(None, &p.p).await.expect("read").findings;
    assert!(found.iter().any(|finding| matches!(finding, Finding::Withheld { count: 1, .. })), "{found:?}");
}

struct Withholds(String, Vec<u8>);

impl Unit for Withholds {
    type Out = u64;

    async fn run(&self, tx: &mut Tx) -> Result<u64, Fault> {
        let sql = "update audit set address = '', salt = null, withheld = ?2
                   where id = (select max(id) from audit where actor = ?1 and seal is not null)";
        tx.execute(sql, prosper::values![&self.0, &self.1]).await
    }
}

/// what has ended is reopened by an administrator alone, and then nothing is erased.
#[tokio::test]
async fn an_administrator_who_opens_the_account_again_calls_the_erasure_off() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    closes(&ada.signs_in().await, "yes").await.is(200);
    assert!(p.p.store.erased_at(ada.id).await.expect("read").is_some());
    assert!(moves(&p, ada.id, Status::Inactive).await);
    assert!(moves(&p, ada.id, Status::Active).await);
    let told = p.mails_to("ada@example.com").await;
    assert_eq!(told.iter().filter(|mail| mail.subject == "What we know of you is not erased").count(), 1);
    let rows = p.p.store.audit(Some(format!("account {}", ada.id)), 10).await.expect("read");
    let noted: Vec<_> = rows.iter().filter(|row| row.action == "account.erasure").collect();
    assert_eq!(noted.len(), 2, "planned, and called off: {rows:?}");
    assert_eq!((noted[0].before.as_str(), noted[0].after.as_str()), (noted[1].after.as_str(), "never"));
    p.clock.advance(hours(24 * 60));
    p.p.store.sweep(p.clock.now()).await.expect("swept");
    ada.signs_in().await.get("/account").await.is(200).page_says("Ada Lovelace");

    // Staff plan or call off what the owner did not; only for what has ended.
    let plans = async |at| plan_erasure(ada.id, at, Actor::Terminal, Trail::cli(p.clock.now()), &p.p).await.is_ok();
    assert!(!plans(Some(p.clock.now())).await, "it is active");
    ada.becomes(Status::Terminated).await;
    assert!(plans(Some(p.clock.now())).await && plans(None).await);
    p.p.store.sweep(p.clock.now()).await.expect("swept");
    assert_eq!(p.p.store.account(ada.id).await.expect("read").expect("there").name, "Ada Lovelace");
    assert!(plans(Some(p.clock.now())).await);
    p.p.store.sweep(p.clock.now()).await.expect("swept");
    assert_eq!(p.p.store.account(ada.id).await.expect("read").expect("there").name, "Erased");
    assert!(!plans(Some(p.clock.now())).await, "it is erased");
}

#[tokio::test]
async fn an_account_with_a_staff_role_is_not_closed_by_its_holder() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let role = Some(prosper::domain::account::StaffRole::Administrator);
    assert!(p.p.store.set_staff(ada.id, role, Trail::cli(p.clock.now())).await.expect("written"));
    let browser = ada.signs_in().await;
    let page = browser.get("/account/close").await;
    page.is(200).page_says("This account has a staff role").page_does_not_say("name=\"current\"");
    let own = browser.get("/account/email").await;
    let token = crate::prosper::browser::Form::all(&own.body).remove(0).hidden.remove(0).1;
    let forced = browser.post("/account/close", &[("form_token", &token), ("current", PASSWORD)]).await;
    forced.is(400);
    assert_eq!(status(&p, &ada).await, Status::Active);
}

/// from `incomplete_registration` by `unactivated` to `active`: each step its owner's.
#[tokio::test]
async fn a_registration_that_was_begun_is_finished_and_then_the_address_confirmed() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    ada.becomes(Status::IncompleteRegistration).await;
    let browser = ada.signs_in().await;
    browser.get("/account").await.is(403).page_says("href=\"/account/finish\"");
    let page = browser.get("/account/finish").await;
    assert_eq!(page.is(200).value_of("full_name").as_deref(), Some("Ada Lovelace"));
    let back = browser.submit(&page, &[("full_name", "")]).await;
    back.is(400);
    assert!(back.error_beside("full_name").is_some());
    browser.submit(&page, &[("full_name", "Ada King")]).await.is(200).page_says("Please confirm your email");
    assert_eq!(status(&p, &ada).await, Status::Unactivated);
    let link = p.mails_to("ada@example.com").await[0].link(&p);
    let page = p.browser().get(&link).await;
    assert_eq!(status(&p, &ada).await, Status::Unactivated, "looking changes nothing");
    drop(page);
    let other = p.browser();
    let page = other.get(&link).await;
    other.submit_to(&page, "/verify-email", &[]).await.is(200).page_says("Your account can be used now");
    let browser = ada.signs_in().await;
    browser.get("/account").await.is(200).page_says("Ada King");
    browser.get("/account/finish").await.redirects_to("/account");
}

/// A-02, over every status there is: an owner's own pages move an account only as the rules let its owner.
#[tokio::test]
async fn from_no_other_status_does_an_owners_page_move_an_account() {
    let p = Prosper::start().await;
    for (number, from) in Status::ALL.into_iter().enumerate() {
        let ada = p.investor(&format!("a{number}@example.com")).await;
        let browser = ada.signs_in().await;
        let close = browser.get("/account/close").await;
        ada.becomes(from).await;
        let closed = browser.submit(&close, &[("erase", "no"), ("current", PASSWORD)]).await;
        assert_eq!(closed.status == 200, from.may_move(Status::Closed, Mover::Owner), "{from:?}\n{}", closed.told());
        let expected = if from.may_move(Status::Closed, Mover::Owner) { Status::Closed } else { from };
        assert_eq!(status(&p, &ada).await, expected);
    }
}
