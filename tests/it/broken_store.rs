//! When the store breaks in a way that nobody foresaw: a general word and the request's id, nothing of the inside, and
//! never a success (R-85, W-04, W-06).

use prosper::fault::Fault;
use prosper::store::engine::{Tx, Unit};

use crate::prosper::login::CALLBACK;
use crate::prosper::{Exchange, Prosper};

/// Takes tables away, as no release ever does, or puts them back.
struct Hide {
    tables: &'static [&'static str],
    hidden: bool,
}

impl Unit for Hide {
    type Out = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Fault> {
        for table in self.tables {
            let (from, to) = if self.hidden {
                ((*table).to_owned(), format!("{table}_away"))
            } else {
                (format!("{table}_away"), (*table).to_owned())
            };
            tx.execute(Box::leak(format!("alter table {from} rename to {to}").into_boxed_str()), &[]).await?;
        }
        Ok(())
    }
}

/// No word of what is inside, and an id to ask for.
#[track_caller]
fn says_little(answer: &Exchange, inside: &str) {
    assert!(matches!(answer.status, 500 | 503), "{}", answer.told());
    let id = answer.header("x-request-id").expect("an id");
    assert_eq!(id.len(), 16);
    let said = answer.body.to_lowercase();
    for word in [inside, "sqlite", "postgres", "no such", "relation", "select ", "insert ", "panicked", ".rs:"] {
        assert!(!said.contains(word), "{word} is said\n{}", answer.told());
    }
    assert!(answer.headers.get_all("set-cookie").iter().all(|line| !line.as_bytes().starts_with(b"prosper=")));
}

/// C-07: a use of a password that cannot be told of gives no tokens, and is the first one again; one from where it is
/// known needs no mail.
#[tokio::test]
async fn without_the_word_of_a_first_use_there_are_no_tokens_for_a_password_c_07() {
    const OUTBOX: &[&str] = &["outbox"];
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let (own, known) = (ada.registers_own_app("Own").await, ada.registers_own_app("Known").await);
    known.password_grant(&ada).await.tokens();
    p.p.store.write(Hide { tables: OUTBOX, hidden: true }).await.expect("hidden");
    says_little(&own.password_grant(&ada).await, "outbox");
    assert_eq!(p.p.store.family_count().await.expect("read"), 1);
    known.password_grant(&ada).await.tokens();
    p.p.store.write(Hide { tables: OUTBOX, hidden: false }).await.expect("back");
    assert_eq!(p.mails_to("ada@example.com").await.len(), 1);
    own.password_grant(&ada).await.tokens();
    assert_eq!(p.mails_to("ada@example.com").await.len(), 2);
}

#[tokio::test]
async fn an_unforeseen_fault_tells_its_id_and_nothing_else_and_is_never_a_success_r_85() {
    const TABLES: &[&str] = &["families", "redemptions", "sessions", "outbox"];
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let (own, login) = (ada.registers_own_app("Ada").await, ada.has_login_app("Notes", &[CALLBACK]).await);
    let browser = ada.signs_in().await;
    let code = browser.code_for(&login).await;
    let other = p.browser();
    let (sign_in, forgot) = (other.get("/login").await, other.get("/forgot").await);

    p.p.store.write(Hide { tables: TABLES, hidden: true }).await.expect("hidden");
    let broken = own.password_grant(&ada).await;
    says_little(&broken, "families");
    assert!(matches!(broken.json()["error"].as_str(), Some("server_error" | "temporarily_unavailable")));
    let broken = login.exchange(&code).await;
    says_little(&broken, "redemptions");
    assert!(broken.json().is_string(), "{}", broken.told());
    let broken = other.submit(&sign_in, &[("email", "ada@example.com"), ("password", &ada.password)]).await;
    says_little(&broken, "sessions");
    let id = broken.header("x-request-id").expect("an id").to_owned();
    broken.page_says(&id);
    let broken = other.submit(&forgot, &[("email", "ada@example.com")]).await;
    says_little(&broken, "outbox");

    // Nothing was half done: with the tables back, all of it works, and the code is unburned.
    p.p.store.write(Hide { tables: TABLES, hidden: false }).await.expect("back");
    own.password_grant(&ada).await.tokens();
    login.exchange(&code).await.login_token();
    let page = other.get("/login").await;
    other.submit(&page, &[("email", "ada@example.com"), ("password", &ada.password)]).await.is(303);
}
