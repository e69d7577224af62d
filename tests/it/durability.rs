//! What is written stays written, and what comes back from a copy brings nothing back to life.

use crate::prosper::binary::{PASSWORD, Place, Running, bytes_in, contains};
use crate::prosper::black_box::LoginApp;
use crate::prosper::exchange::Tokens;

/// Ada, her app, and tokens of hers, on a server that runs.
async fn ada(place: &Place) -> (Running, (String, String), Tokens) {
    let server = place.serve();
    place.adds("ada@example.com", &[]);
    let app = place.registers("ada@example.com");
    let tokens = server.password_grant(&app, "ada@example.com", PASSWORD).await.tokens();
    (server, app, tokens)
}

#[tokio::test]
async fn a_backup_beside_the_server_comes_back_whole_and_ends_what_was_alive() {
    let place = Place::new();
    let (server, app, tokens) = ada(&place).await;
    let copy = place.file("copy.db");
    let path = copy.to_str().expect("text");
    place.run(&["db", "backup", path]).succeeds();
    assert_eq!(crate::prosper::binary::mode(&copy), 0o600);
    assert!(!place.file("copy.db-wal").exists() && !place.file("copy.db.partial").exists(), "a copy is one file");
    place.run(&["db", "backup", path]).fails(1, "exists");
    let bytes = std::fs::read(&copy).expect("readable");
    for secret in [PASSWORD, &app.1, &tokens.access_token, &tokens.refresh_token] {
        assert!(!contains(&bytes, secret), "{secret}");
    }

    place.adds("late@example.com", &[]);
    place.run(&["--yes", "db", "restore", path]).fails(3, "another prosper is serving");
    server.stop();
    place.run(&["db", "restore", path]).fails(2, "--yes");
    let restored = place.run(&["--yes", "--json", "db", "restore", path]).succeeds().json();
    assert!(restored["cannot_be_known"].as_array().is_some_and(|list| list.len() > 3), "{restored}");
    for lost in ["people who were erased", "email addresses that were changed"] {
        assert!(restored["cannot_be_known"].to_string().contains(lost), "{restored}");
    }
    let aside = restored["kept_aside"].as_str().expect("a path");
    assert!(std::path::Path::new(aside).exists(), "the database there was is kept");

    let server = place.serve();
    assert_eq!(server.refresh(&app, &tokens.refresh_token).await.status, 400, "older tokens are dead");
    server.password_grant(&app, "ada@example.com", PASSWORD).await.tokens();
    place.run(&["user", "show", "late@example.com"]).fails(3, "there is no account");
    // Numbers that were given out after the copy was taken are not given out again.
    place.adds("later@example.com", &[]);
    assert_eq!(place.run(&["user", "show", "later@example.com", "--json"]).json()["id"], 3);
    place.run(&["db", "check"]).succeeds();
}

#[tokio::test]
async fn a_database_that_was_put_back_by_hand_is_not_started_until_somebody_accepts_it() {
    let place = Place::new();
    let (server, app, tokens) = ada(&place).await;
    let database = place.data().join("prosper.db");
    server.stop();
    let old = std::fs::read(&database).expect("readable");
    let server = place.serve();
    place.run(&["user", "sign-out", "ada@example.com"]).succeeds();
    server.stop();

    std::fs::write(&database, &old).expect("ours");
    place.run(&["serve", "--listen", "127.0.0.1:0"]).fails(3, "older than what this directory has seen");
    place.run(&["user", "list"]).fails(3, "prosper db accept");
    place.run(&["db", "accept"]).fails(2, "--yes");
    place.run(&["--yes", "db", "accept"]).succeeds();
    let server = place.serve();
    assert_eq!(server.refresh(&app, &tokens.refresh_token).await.status, 400, "what was ended stays ended");
    server.password_grant(&app, "ada@example.com", PASSWORD).await.tokens();
}

#[tokio::test]
async fn a_database_without_its_marker_or_a_marker_without_its_database_is_refused() {
    let place = Place::new();
    let (server, ..) = ada(&place).await;
    server.stop();
    let marker = std::fs::read(place.data().join("marker")).expect("readable");
    std::fs::remove_file(place.data().join("marker")).expect("ours");
    place.run(&["serve", "--listen", "127.0.0.1:0"]).fails(3, "there is no marker");
    std::fs::write(place.data().join("marker"), marker).expect("ours");
    let stranger = Place::new();
    let (server, ..) = ada(&stranger).await;
    server.stop();
    std::fs::copy(stranger.data().join("prosper.db"), place.data().join("prosper.db")).expect("ours");
    place.run(&["serve", "--listen", "127.0.0.1:0"]).fails(3, "not the one that the marker");
    std::fs::remove_file(place.data().join("prosper.db")).expect("ours");
    place.run(&["serve", "--listen", "127.0.0.1:0"]).fails(1, "it is gone");
    assert!(!place.data().join("prosper.db").exists(), "nothing is begun anew in its place");
}

#[tokio::test]
async fn a_damaged_database_is_found_and_a_damaged_copy_is_not_brought_back() {
    let place = Place::new();
    let (server, ..) = ada(&place).await;
    let copy = place.file("copy.db");
    place.run(&["db", "backup", copy.to_str().expect("text")]).succeeds();
    server.stop();
    for path in [&copy, &place.data().join("prosper.db")] {
        let mut bytes = std::fs::read(path).expect("readable");
        // Every page from the third on, but for the first bytes that say what kind of page it is.
        for page in bytes.chunks_mut(4096).skip(2) {
            page[8..512].fill(0xa5);
        }
        std::fs::write(path, bytes).expect("ours");
    }
    place.run(&["db", "check"]).fails(1, "prosper db restore");
    place.run(&["--yes", "db", "restore", copy.to_str().expect("text")]).fails(3, "cannot be brought back");
    std::fs::write(&copy, "no database at all").expect("ours");
    place.run(&["--yes", "db", "restore", copy.to_str().expect("text")]).fails(3, "cannot be brought back");
    assert!(!place.data().join("prosper.db.restoring").exists());
    assert!(!bytes_in(&place.data()).is_empty());
}

#[tokio::test]
async fn a_token_is_on_the_disk_before_it_is_in_the_answer() {
    let place = Place::new();
    let (server, app, _) = ada(&place).await;
    flushed_before_answered(&place, server, "POST /v1/security", async |server: &Running| {
        server.password_grant(&app, "ada@example.com", PASSWORD).await.tokens();
    })
    .await;
}

#[tokio::test]
async fn a_used_code_is_on_the_disk_before_its_token_is_in_the_answer() {
    let place = Place::new();
    let (server, ..) = ada(&place).await;
    let login = LoginApp::of(&place, "ada@example.com");
    let [code] = login.codes(&server).await;
    flushed_before_answered(&place, server, "POST /login/oauth/access-token", async |server: &Running| {
        login.exchange(server, &code).await.is(200);
    })
    .await;
}

/// L-15, R-30: nothing is asked of the process that dies.
#[tokio::test]
async fn a_used_code_stays_used_and_an_unused_one_works_across_kill_9() {
    let place = Place::new();
    let (mut server, ..) = ada(&place).await;
    let login = LoginApp::of(&place, "ada@example.com");
    for _ in 0..3 {
        let [used, unused] = login.codes(&server).await;
        let token = login.exchange(&server, &used).await.is(200).json();
        server.kill();
        server = place.serve();
        login.exchange(&server, &used).await.says(400, "Invalid code");
        let bearer = format!("Bearer {}", token["access_token"].as_str().expect("a token"));
        server.send("GET", "/api/v2/user", &[("authorization", &bearer)], "").await.is(200);
        login.exchange(&server, &unused).await.is(200);
    }
}

/// Watches the server's system calls while `act` asks it something: what it wrote must have been flushed before it answers.
async fn flushed_before_answered(place: &Place, server: Running, question: &str, act: impl AsyncFnOnce(&Running)) {
    let trace = std::process::Command::new("strace").arg("-V").output();
    if !trace.is_ok_and(|ran| ran.status.success()) {
        return crate::prosper::skipped("no strace was found, so the flush before the answer was not watched");
    }
    let trace = place.file("trace");
    let mut watcher = std::process::Command::new("strace")
        .args(["-f", "-qq", "-s", "64", "-e", "trace=fdatasync,fsync,pwrite64,read,recvfrom,write,writev,sendto", "-o"])
        .arg(&trace)
        .args(["-p", &server.pid().to_string()])
        .spawn()
        .expect("strace runs");
    // It watches once it has written down something the server does by itself.
    let begun = || std::fs::metadata(&trace).is_ok_and(|file| file.len() > 0).then_some(());
    crate::prosper::binary::until(std::time::Duration::from_secs(20), begun).expect("it watches");
    act(&server).await;
    server.stop();
    watcher.wait().expect("it ends with the server");
    let lines = std::fs::read_to_string(&trace).expect("a trace");
    let lines: Vec<_> = lines.lines().collect();
    let asked = lines.iter().position(|line| line.contains(question)).expect("the request was read");
    let answered = lines.iter().position(|line| line.contains("HTTP/1.1 200")).expect("the answer was written");
    let between = &lines[asked..answered];
    let (written, file) = between
        .iter()
        .enumerate()
        .find_map(|(at, line)| Some((at, line.split_once("pwrite64(")?.1.split_once(',')?.0)))
        .expect("a page was written between the question and the answer");
    let flushed = between[written..].iter().enumerate().any(|(at, line)| {
        let begins = line.contains(&format!("sync({file}"));
        let thread = line.split_whitespace().next().unwrap_or_default();
        let ends = |later: &&str| later.starts_with(thread) && later.contains("sync") && later.ends_with("= 0");
        begins && between[written + at..].iter().any(ends)
    });
    assert!(flushed, "no flush of it came back before the answer:\n{}", between.join("\n"));
}
