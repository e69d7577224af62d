//! The live view: what one process changes another honours within a second, and what cannot be known is forgotten (house
//! rule "The live view"; R-46).
//!
//! The second is the promise itself, so it is waited for; nothing here depends on how often the log is looked at.

use std::time::{Duration, Instant};

use prosper::clock::Clock;
use prosper::domain::application::ApplicationKind;
use prosper::domain::ids::AccountId;
use prosper::domain::status::Status;
use prosper::fault::Fault;
use prosper::store::Store;
use prosper::store::applications::ApplicationChange;
use prosper::store::engine::{Tx, Unit};
use prosper::store::installation::Purpose::{Live, Sandbox};
use prosper::store::redeeming::Redeemed;

use super::{Maker, Raw};
use crate::prosper::{ON_POSTGRES, Prosper, Start, is_set};

/// Two processes on one database, and the folder it lies in.
async fn two() -> (tempfile::TempDir, Prosper, Prosper) {
    let folder = tempfile::tempdir().expect("a folder");
    let start = || Start { folder: Some(folder.path().to_owned()), ..Start::default() };
    let (one, other) = (Prosper::start_with(start()).await, Prosper::start_with(start()).await);
    (folder, one, other)
}

/// Comes true within a second of `since`; after that nothing old may be believed any more.
async fn within_a_second(since: Instant, name: &str, mut is_so: impl AsyncFnMut() -> bool) {
    loop {
        let time_is_up = since.elapsed() >= Duration::from_secs(1);
        if is_so().await {
            return;
        }
        assert!(!time_is_up, "{name}: not within a second");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// For a code not even a second: whoever uses it looks where the log stands, in the transaction that uses it.
#[tokio::test]
async fn a_code_is_refused_at_once_when_another_process_ended_what_it_stands_on() {
    let (_folder, one, other) = two().await;
    let (make, far) = (Maker::of(&one), &other.p.store);
    let ends = ["nothing", "the account", "the application", "the consent", "everything"];
    for (at, end) in ends.into_iter().enumerate() {
        let person = one.investor(&format!("person-{at}@example.com")).await;
        let app = make.application(&person, ApplicationKind::Login).await;
        let consent = make.store.allow(make.allow(make.consent(&person, &app))).await.expect("written").expect("given");
        // Held over there from here on, by a view that has applied all that was logged.
        let in_step = async || {
            let code = make.redeeming(&person, &app, consent);
            far.account(person.id).await.expect("read").expect("there");
            far.client(app.id).await.expect("read").expect("there");
            far.consent(person.id, app.id).await.expect("read").expect("there");
            far.installation().await.expect("read");
            far.redeem_code(code).await.expect("written") == Redeemed::Now
        };
        within_a_second(Instant::now(), end, in_step).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(in_step().await, "{end}");
        match end {
            "the account" => person.becomes(Status::Suspended).await,
            "the application" => {
                let off = ApplicationChange::Disabled(true);
                one.p.store.change_application(app.id, off, one.system()).await.expect("written");
            }
            "the consent" => {
                one.p.store.withdraw(person.id, app.id, one.system()).await.expect("written");
            }
            "everything" => {
                one.p.store.begin_epoch(None, one.system()).await.expect("written");
            }
            _ => {}
        }
        let told = far.redeem_code(make.redeeming(&person, &app, consent)).await.expect("written");
        assert_eq!(told == Redeemed::Now, end == "nothing", "{end}");
    }
}

#[tokio::test]
async fn what_one_process_changes_another_honours_within_a_second() {
    let (_folder, one, other) = two().await;
    let ada = one.investor("ada@example.com").await;
    let make = Maker::of(&one);
    let app = make.application(&ada, ApplicationKind::Login).await;
    let consent = make.store.allow(make.allow(make.consent(&ada, &app))).await.expect("written").expect("given");
    let (code, session) = (make.redeeming(&ada, &app, consent), make.session(&ada));
    make.store.redeem_code(code).await.expect("written");
    make.store.open_session(session.clone(), None, None).await.expect("written");
    let (code, session, far) = (code.basis.code, session.id, &other.p.store);

    // Held over there from here on.
    assert_eq!(far.account(ada.id).await.expect("read").expect("there").status, Status::Active);
    assert!(far.client(app.id).await.expect("read").is_some() && far.session(session).await.expect("read").is_some());
    assert!(far.consent(ada.id, app.id).await.expect("read").is_some());
    assert!(!far.redemption(code).await.expect("read").expect("there").revoked);
    let (epoch, spaces) = (far.installation().await.expect("read").epoch, far.spaces().await.expect("read").len());

    ada.becomes(Status::Suspended).await;
    within_a_second(Instant::now(), "a status", async || {
        far.account(ada.id).await.expect("read").expect("there").status == Status::Suspended
    })
    .await;
    one.p.store.close_session(session).await.expect("written");
    within_a_second(Instant::now(), "a session", async || far.session(session).await.expect("read").is_none()).await;
    one.p.store.revoke_redemption(code, one.p.now()).await.expect("written");
    within_a_second(Instant::now(), "a replay", async || {
        far.redemption(code).await.expect("read").expect("there").revoked
    })
    .await;
    one.p.store.withdraw(ada.id, app.id, one.system()).await.expect("written");
    within_a_second(Instant::now(), "a consent", async || far.consent(ada.id, app.id).await.expect("read").is_none())
        .await;
    let off = ApplicationChange::Disabled(true);
    one.p.store.change_application(app.id, off, one.system()).await.expect("written");
    within_a_second(Instant::now(), "a switch", async || {
        far.client(app.id).await.expect("read").expect("there").application.disabled
    })
    .await;
    one.space("Another").await;
    within_a_second(Instant::now(), "a space", async || far.spaces().await.expect("read").len() == spaces + 1).await;
    let mut told = far.watch_installation();
    told.mark_unchanged();
    one.p.store.begin_epoch(None, one.system()).await.expect("written");
    within_a_second(Instant::now(), "an epoch", async || far.installation().await.expect("read").epoch == epoch + 1)
        .await;
    within_a_second(Instant::now(), "the word of it", async || told.has_changed().expect("it is followed")).await;
}

/// Changes a name behind every view's back: no log tells of it.
async fn rename_in_silence(store: &Store) {
    store.write(Raw("update accounts set name = 'Renamed'")).await.expect("written");
}

async fn name_of(store: &Store, id: AccountId) -> String {
    store.account(id).await.expect("read").expect("there").name.clone()
}

/// Lets the view hold an account whose name is another by now, and answers that name. A node forgets what it changed itself
/// once more when it meets that in the change log, so a few looks may be needed.
async fn held_under_an_old_name(store: &Store, id: AccountId, why: &str) -> String {
    for look in 0..20 {
        let (before, after) = (name_of(store, id).await, format!("Renamed {look}"));
        store.write(Rename(after.clone())).await.expect("written");
        if name_of(store, id).await == before {
            return after;
        }
    }
    panic!("{why}: it is not held");
}

struct Rename(String);

impl Unit for Rename {
    type Out = u64;

    async fn run(&self, tx: &mut Tx) -> Result<u64, Fault> {
        tx.execute("update accounts set name = ?1", prosper::values![&self.0]).await
    }
}

#[tokio::test]
async fn what_the_log_cannot_tell_makes_a_view_forget_everything() {
    let untellable = [
        ("a kind of change that this version does not know", {
            &[
                "insert into changes (position, kind, subject, at)
                 select position + 1, 'planet', timeline, 0 from change_head where one = 1",
                "update change_head set position = position + 1 where one = 1",
            ][..]
        }),
        ("a log that was pruned past what is known", &["update change_head set position = position + 7 where one = 1"]),
        (
            "a log that is behind what is known",
            &["update change_head set position = -1 where one = 1", "delete from changes"],
        ),
        (
            "another timeline",
            if is_set(ON_POSTGRES) {
                &["update change_head set timeline = decode(repeat('ab', 16), 'hex') where one = 1"]
            } else {
                &["update change_head set timeline = x'abababababababababababababababab' where one = 1"]
            },
        ),
    ];
    for (name, statements) in untellable {
        let p = Prosper::start().await;
        let ada = p.investor("ada@example.com").await;
        // Something is in the log, so that a head can fall behind it.
        ada.signs_out_everywhere().await;
        let store = &p.p.store;
        let renamed = held_under_an_old_name(store, ada.id, name).await;
        for statement in statements {
            store.write(Raw(statement)).await.expect("written");
        }
        within_a_second(Instant::now(), name, async || name_of(store, ada.id).await == renamed).await;
        assert!(store.is_fresh(), "{name}: and the log is followed from there");
        ada.signs_out_everywhere().await;
        store.write(Raw("update accounts set name = 'Again'")).await.expect("written");
        ada.signs_out_everywhere().await;
        assert_eq!(name_of(store, ada.id).await, "Again", "{name}: one's own changes count at once");
    }
}

#[tokio::test]
async fn a_view_whose_lease_has_run_out_is_read_through() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let store = &p.p.store;
    assert_eq!(name_of(store, ada.id).await, "Ada Lovelace");
    p.get("/health").await.is(200);
    // A log that cannot be read: nobody can know what has changed.
    store.write(Raw("alter table changes rename to changes_elsewhere")).await.expect("written");
    store.write(Raw("update change_head set position = position + 1 where one = 1")).await.expect("written");
    rename_in_silence(store).await;
    let began = Clock::monotonic();
    within_a_second(Instant::now(), "the lease", async || !store.is_fresh()).await;
    if is_set(ON_POSTGRES) {
        // Who cannot know whether this is still the primary answers nothing.
        assert!(store.account(ada.id).await.expect_err("nothing is answered").passing, "a moment later, perhaps");
    } else {
        assert_eq!(name_of(store, ada.id).await, "Renamed", "read through");
    }
    assert!(Clock::monotonic() >= began);
    p.get("/health").await.is(503);
    store.write(Raw("update accounts set name = 'Once more'")).await.expect("written");
    if !is_set(ON_POSTGRES) {
        assert_eq!(name_of(store, ada.id).await, "Once more", "and nothing is held meanwhile");
    }

    store.write(Raw("alter table changes_elsewhere rename to changes")).await.expect("written");
    within_a_second(Instant::now(), "the way back", async || store.is_fresh()).await;
    p.get("/health").await.is(200);
    assert_eq!(name_of(store, ada.id).await, "Once more");
}

#[tokio::test]
async fn a_store_refuses_what_it_was_not_made_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let p = Prosper::start_with(Start { folder: Some(folder.path().to_owned()), ..Start::default() }).await;
    let Some(path) = p.p.store.path() else { return };
    let opening = |purpose, migrate| prosper::store::Opening { path: path.to_owned(), purpose, migrate, clock: None };
    for migrate in [true, false] {
        let fault = Store::open(opening(Sandbox, migrate)).err().expect("made by serve").to_string();
        assert!(fault.contains("sandbox"), "{fault}");
    }
    assert!(Store::open(opening(Live, false)).is_ok(), "a command beside a running server");
    p.p.store
        .write(Raw("update migrations set number = 99 where number = (select max(number) from migrations)"))
        .await
        .expect("written");
    for migrate in [true, false] {
        let fault = Store::open(opening(Live, migrate)).err().expect("a newer schema").to_string();
        assert!(fault.contains("99"), "{fault}");
    }
    let nothing = prosper::store::Opening { path: folder.path().join("none.db"), ..opening(Live, false) };
    assert!(Store::open(nothing).is_err(), "a command makes no database");
}
