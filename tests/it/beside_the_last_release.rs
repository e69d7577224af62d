//! The last release and the present one on one database (security F-19): what one hands out the other honours, what one
//! ends is ended at the other within a second. And an installation of the last release is taken over as it lies.
//!
//! Both are run as they were built; the last release comes from the history of this repository (`tests/last_release`).
//! The same flow crosses between two nodes of the present binary.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::prosper::binary::{PASSWORD, Place, Running};
use crate::prosper::black_box::LoginApp;
use crate::prosper::{ON_POSTGRES, cluster, is_set, skipped};

/// T-11: "within 1 s, on every node".
const SOON: Duration = Duration::from_secs(1);

/// The binary of the last release; `None`, with a line that says why, where there is no history to build it from.
fn last_release() -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_BIN_EXE_prosper")).parent().and_then(Path::parent).expect("a target folder");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/last_release");
    // One at a time, whichever test or process comes first: the script begins with an empty folder.
    let turn = File::create(target.join("last-release.lock")).expect("a file to wait at");
    turn.lock().expect("a turn");
    let built = Command::new(script).arg(target).env("CARGO", env!("CARGO")).output().expect("the script runs");
    let (said, complained) = (String::from_utf8_lossy(&built.stdout), String::from_utf8_lossy(&built.stderr));
    if built.status.code() == Some(3) {
        skipped(complained.trim());
        return None;
    }
    assert!(built.status.success(), "the last release could not be built: {complained}");
    Some(said.lines().last().expect("a path").into())
}

/// How many migrations a binary's own list has.
fn schema_of(binary: &Path) -> usize {
    let folder = binary.parent().expect("a folder").join("source/migrations");
    std::fs::read_dir(folder).expect("its sources lie beside it").count()
}

async fn a_database() -> Option<String> {
    if is_set(ON_POSTGRES) || !cluster::is_there() {
        return None;
    }
    Some(cluster::shared().expect("it is there").database().await)
}

/// A person with an own-use application and a login application.
struct Customer {
    email: String,
    own: (String, String),
    login: LoginApp,
}

impl Customer {
    /// Made by the command line of `place`, whose binary knows the schema.
    fn of(place: &Place, email: &str) -> Self {
        place.adds(email, &[]);
        let (own, login) = (place.registers(email), LoginApp::of(place, email));
        Self { email: email.to_owned(), own, login }
    }
}

/// The whole flow, begun at one server and ended at the other.
async fn crosses(one: &Running, other: &Running, customer: &Customer) {
    let Customer { email, own, login } = customer;
    let tokens = one.password_grant(own, email, PASSWORD).await.tokens();
    other.resource(&tokens.access_token).await.is(200);
    let again = other.refresh(own, &tokens.refresh_token).await.tokens();
    assert_eq!(again.refresh_token, tokens.refresh_token, "the same refresh token back");
    one.resource(&again.access_token).await.is(200);

    let session = one.signs_in(email).await;
    other.page("/account", &session).await.is(200);
    let [code, unused] = login.codes_in(one, &session).await;
    let token = login.exchange(other, &code).await.login_token();
    login.exchange(one, &code).await.says(400, "Invalid code");
    for node in [one, other] {
        node.user(&token).await.is(200);
    }

    // A new password ends all of it, at both.
    let page = one.page("/account/password", &session).await;
    let new = "a quiet harbour in may";
    one.submit(page.is(200), &session, &[("current", PASSWORD), ("password", new)]).await.is(303);
    let changed = Instant::now();
    soon(changed, "an access token", async || other.resource(&again.access_token).await.status == 401).await;
    soon(changed, "a login token", async || other.user(&token).await.status == 401).await;
    soon(changed, "a session", async || other.page("/account", &session).await.status == 302).await;
    for node in [one, other] {
        node.resource(&tokens.access_token).await.is(401);
        assert_eq!(node.refresh(own, &tokens.refresh_token).await.status, 400);
        login.exchange(node, &unused).await.says(400, "Invalid code");
        node.password_grant(own, email, PASSWORD).await.refused(400, "invalid_grant", "Bad credentials");
    }
    other.password_grant(own, email, new).await.tokens();
}

/// Waits until it is so, which must be within a second of `since`.
async fn soon(since: Instant, what: &str, holds: impl AsyncFn() -> bool) {
    loop {
        // The answer is as of the moment it was asked for.
        let asked = since.elapsed();
        if holds().await {
            return;
        }
        assert!(asked < SOON, "{what} is honoured after {asked:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// One code, brought by many to both at once: one token.
async fn is_redeemed_once(one: &Running, other: &Running, customer: &Customer) {
    let [code] = customer.login.codes(one).await;
    let brought = (0..40).map(|at| customer.login.exchange(if at % 2 == 0 { one } else { other }, &code));
    let mut won = 0;
    for answer in join_all(brought).await {
        if answer.status == 200 {
            won += 1;
        } else {
            answer.says(400, "Invalid code");
        }
    }
    assert_eq!(won, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_whole_flow_crosses_between_the_last_release_and_this_one() {
    let Some(database) = a_database().await else { return };
    let Some(binary) = last_release() else { return };
    let (mut old, new) = (Place::on(&database), Place::on(&database));
    old.binary = binary;
    let before = old.serve();
    let of_before = [Customer::of(&old, "ada@example.com"), Customer::of(&old, "bea@example.com")];
    let tokens = before.password_grant(&of_before[0].own, "ada@example.com", PASSWORD).await.tokens();

    // The new one migrates beside the old one, which goes on.
    let after = new.serve();
    after.resource(&tokens.access_token).await.is(200);
    before.resource(&tokens.access_token).await.is(200);
    crosses(&before, &after, &of_before[0]).await;
    crosses(&after, &before, &of_before[1]).await;
    let of_after = [Customer::of(&new, "carl@example.com"), Customer::of(&new, "dora@example.com")];
    is_redeemed_once(&before, &after, &of_after[0]).await;
    crosses(&before, &after, &of_after[0]).await;
    crosses(&after, &before, &of_after[1]).await;

    // An old one that is started now meets a schema that it may not know.
    before.stop();
    if schema_of(&old.binary) < usize::try_from(prosper::store::migrate::newest()).expect("small") {
        let refused = old.run(&["serve", "--listen", "127.0.0.1:0"]);
        assert!(refused.code != 0 && refused.err.contains("use a newer prosper"), "{}", refused.told());
        assert_eq!(refused.err.trim().lines().count(), 1, "{}", refused.told());
    } else {
        old.serve().stop();
    }
    after.password_grant(&of_after[0].own, "carl@example.com", "a quiet harbour in may").await.tokens();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_installation_of_the_last_release_is_taken_over_as_it_lies() {
    let Some(binary) = last_release() else { return };
    let mut place = Place::new();
    let present = std::mem::replace(&mut place.binary, binary);
    let server = place.serve();
    let ada = Customer::of(&place, "ada@example.com");
    let tokens = server.password_grant(&ada.own, &ada.email, PASSWORD).await.tokens();
    let session = server.signs_in(&ada.email).await;
    let [used, unused] = ada.login.codes_in(&server, &session).await;
    let token = ada.login.exchange(&server, &used).await.login_token();
    let copy = place.file("copy.db");
    place.run(&["db", "backup", copy.to_str().expect("text")]).succeeds();
    server.stop();

    place.binary = present;
    let server = place.serve();
    place.run(&["db", "check"]).succeeds();
    server.resource(&tokens.access_token).await.is(200);
    assert_eq!(server.refresh(&ada.own, &tokens.refresh_token).await.tokens().refresh_token, tokens.refresh_token);
    server.user(&token).await.is(200);
    server.page("/account", &session).await.is(200);
    let second = ada.login.exchange(&server, &unused).await.login_token();
    server.user(&second).await.is(200);
    ada.login.exchange(&server, &used).await.says(400, "Invalid code");
    let [fresh] = ada.login.codes_in(&server, &session).await;
    ada.login.exchange(&server, &fresh).await.login_token();
    server.password_grant(&ada.own, &ada.email, PASSWORD).await.tokens();
    place.adds("bea@example.com", &[]);
    server.stop();

    // So is a copy that the last release made, in the way of every copy: what was alive has ended.
    place.run(&["--yes", "db", "restore", copy.to_str().expect("text")]).succeeds();
    let server = place.serve();
    assert_eq!(server.refresh(&ada.own, &tokens.refresh_token).await.status, 400);
    server.password_grant(&ada.own, &ada.email, PASSWORD).await.tokens();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_nodes_of_the_built_binary_are_one_and_go_on_when_either_is_killed() {
    let Some(database) = a_database().await else { return };
    let (a, b) = (Place::on(&database), Place::on(&database));
    let one = a.serve();
    let customers = ["ada", "bea", "carl"].map(|name| Customer::of(&a, &format!("{name}@example.com")));
    let other = b.serve();
    is_redeemed_once(&one, &other, &customers[0]).await;
    crosses(&one, &other, &customers[0]).await;
    crosses(&other, &one, &customers[1]).await;

    // Killed in the middle of things: the other goes on with everything, and whoever comes back misses nothing.
    let Customer { own, login, email } = &customers[2];
    let tokens = one.password_grant(own, email, PASSWORD).await.tokens();
    let [used, unused] = login.codes(&one).await;
    let token = login.exchange(&one, &used).await.login_token();
    one.kill();
    other.resource(&tokens.access_token).await.is(200);
    other.user(&token).await.is(200);
    login.exchange(&other, &used).await.says(400, "Invalid code");
    login.exchange(&other, &unused).await.login_token();
    b.run(&["user", "sign-out", email]).succeeds();
    let one = a.serve();
    one.resource(&tokens.access_token).await.is(401);
    one.user(&token).await.is(401);
    login.exchange(&one, &unused).await.says(400, "Invalid code");
    one.password_grant(own, email, PASSWORD).await.tokens();
}
