//! `prosper serve`: starting with nothing at all, keeping to itself, stopping in order, and honouring what is done beside it.

use std::time::{Duration, Instant};

use crate::prosper::binary::{PASSWORD, Place, Ran, Running, bytes_in, contains, mode, until};

#[tokio::test]
async fn the_first_start_makes_everything_for_its_owner_alone() {
    let place = Place::new();
    let server = place.serve();
    assert_eq!(mode(&place.data()), 0o700);
    for file in ["prosper.db", "prosper.db-wal", "master.key", "marker", "lock", "setup-link"] {
        assert_eq!(mode(&place.data().join(file)), 0o600, "{file}");
    }
    server.get("/welcome").await.is(200);
    let key = std::fs::read_to_string(place.data().join("master.key")).expect("readable");
    assert!(key.trim().len() == 64 && key.trim().bytes().all(|byte| byte.is_ascii_hexdigit()));
}

#[test]
fn a_second_server_on_the_same_directory_is_refused() {
    let place = Place::new();
    let _first = place.serve();
    place.run(&["serve", "--listen", "127.0.0.1:0"]).fails(3, "another prosper is serving from");
    place.run(&["--yes", "db", "accept"]).fails(3, "another prosper is serving from");
}

#[tokio::test]
async fn told_to_stop_it_ends_with_0_and_leaves_the_database_in_one_file() {
    let place = Place::new();
    let server = place.serve();
    server.get("/welcome").await.is(200);
    let (status, took) = server.stop();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(10), "{took:?}");
    let log = std::fs::metadata(place.data().join("prosper.db-wal")).map_or(0, |log| log.len());
    assert_eq!(log, 0, "the log is folded into the database");
    let again = place.serve();
    again.signal(rustix::process::Signal::HUP);
    again.get("/welcome").await.is(200);
    again.signal(rustix::process::Signal::INT);
}

#[tokio::test]
async fn the_link_to_the_first_staff_account_is_in_no_log_and_goes_when_it_is_of_no_use() {
    let place = Place::new();
    let server = place.serve();
    let file = place.data().join("setup-link");
    let link = std::fs::read_to_string(&file).expect("no terminal, so a file");
    let path = link.trim().strip_prefix(&server.url).expect("a link to this server").to_owned();
    assert!(!server.log().contains(&path), "{}", server.log());
    server.get(&path).await.is(200).page_says("password");
    assert!(!contains(
        &std::fs::read(place.data().join("prosper.db-wal")).expect("readable"),
        path.split_once('=').unwrap().1
    ));
    place.adds("ada@example.com", &[]);
    place.run(&["staff", "add", "ada@example.com"]).succeeds();
    assert!(until(Duration::from_secs(20), || (!file.exists()).then_some(())).is_some(), "{}", server.log());
    assert_ne!(server.get(&path).await.status, 200, "there are staff now");
    server.stop();
    let _again = place.serve();
    assert!(!file.exists(), "no link is made where there are staff");
}

#[test]
fn what_others_can_read_is_refused_with_the_remedy() {
    use std::os::unix::fs::PermissionsExt as _;

    let place = Place::new();
    place.serve().stop();
    for (file, mode, remedy) in
        [("", 0o750, "chmod 700"), ("master.key", 0o640, "chmod 600"), ("prosper.db", 0o604, "chmod 600")]
    {
        let path = place.data().join(file);
        let before = std::fs::metadata(&path).expect("there").permissions();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("ours");
        place.run(&["serve", "--listen", "127.0.0.1:0"]).fails(3, remedy);
        std::fs::set_permissions(&path, before).expect("ours");
    }
}

#[test]
fn plain_http_beyond_this_machine_is_refused_unless_somebody_says_so() {
    let place = Place::new();
    place.run(&["serve", "--listen", "0.0.0.0:0"]).fails(2, "plain HTTP beyond this machine");
    place.run(&["serve", "--listen", "nowhere"]).fails(2, "listen");
    assert!(!place.data().exists(), "nothing was made");
}

#[test]
fn a_taken_port_is_said_with_the_remedy() {
    let place = Place::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = port.local_addr().expect("an address").to_string();
    place.run(&["serve", "--listen", &taken]).fails(1, "--listen");
}

#[test]
fn a_wrong_or_missing_master_key_is_said_and_nothing_is_made_in_its_stead() {
    let place = Place::new();
    place.serve().stop();
    let key = place.data().join("master.key");
    let right = std::fs::read(&key).expect("readable");
    std::fs::remove_file(&key).expect("ours");
    place.run(&["serve", "--listen", "127.0.0.1:0"]).fails(1, "there is no master key");
    assert!(!key.exists());
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    Ran::of(command.env("PROSPER_MASTER_KEY", "ab".repeat(32))).fails(1, "master key");
    let hex = String::from_utf8(right).expect("text").trim().to_owned();
    let mut command = place.command(&["user", "list"]);
    Ran::of(command.env("PROSPER_MASTER_KEY", hex)).succeeds();
}

#[tokio::test]
async fn the_sandboxes_own_routes_do_not_exist() {
    let place = Place::new();
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    let server = Running::start(command.env_remove("PROSPER_SAMPLE_RESOURCE"));
    for path in ["/sandbox", "/sandbox/mail", "/sandbox/clock", "/v1/accounts/prosper/"] {
        server.get(path).await.is(404);
    }
    server.send("POST", "/sandbox/clock/advance", &[], "{\"seconds\":1}").await.is(404);
}

#[test]
fn a_live_directory_and_a_sandbox_keep_away_from_each_other() {
    let place = Place::new();
    place.serve().stop();
    place.run(&["sandbox", "--listen", "127.0.0.1:0"]).fails(1, "live installation");
    let place = Place::new();
    place.sandbox().0.stop();
    place.run(&["serve", "--listen", "127.0.0.1:0"]).fails(1, "prosper sandbox");
}

#[tokio::test]
async fn what_is_done_beside_the_server_is_honoured_within_a_second() {
    let place = Place::new();
    let server = place.serve();
    place.adds("ada@example.com", &[]);
    let app = place.registers("ada@example.com");
    let tokens = server.password_grant(&app, "ada@example.com", PASSWORD).await.tokens();
    server.refresh(&app, &tokens.refresh_token).await.is(200);

    place.run(&["user", "set-status", "ada@example.com", "on_hold"]).succeeds();
    within_a_second(async || server.refresh(&app, &tokens.refresh_token).await.status == 400).await;
    within_a_second(async || {
        let answer = server.password_grant(&app, "ada@example.com", PASSWORD).await;
        answer.status == 400 && answer.body.contains("account_on_hold")
    })
    .await;
    place.run(&["user", "set-status", "ada@example.com", "active"]).succeeds();
    within_a_second(async || server.password_grant(&app, "ada@example.com", PASSWORD).await.status == 200).await;

    place.run(&["app", "disable", &app.0]).succeeds();
    within_a_second(async || server.password_grant(&app, "ada@example.com", PASSWORD).await.status == 401).await;
    place.run(&["app", "enable", &app.0]).succeeds();
    within_a_second(async || server.password_grant(&app, "ada@example.com", PASSWORD).await.status == 200).await;

    let tokens = server.password_grant(&app, "ada@example.com", PASSWORD).await.tokens();
    place.run(&["key", "rotate"]).succeeds();
    server.refresh(&app, &tokens.refresh_token).await.is(200);
    place.run(&["--yes", "clock", "accept"]).succeeds();
    within_a_second(async || server.refresh(&app, &tokens.refresh_token).await.status == 400).await;
    let tokens = server.password_grant(&app, "ada@example.com", PASSWORD).await.tokens();
    server.refresh(&app, &tokens.refresh_token).await.is(200);
}

#[tokio::test]
async fn what_was_answered_outlives_a_kill_and_what_was_ended_stays_ended() {
    let place = Place::new();
    let server = place.serve();
    place.adds("ada@example.com", &[]);
    let app = place.registers("ada@example.com");
    let kept = server.password_grant(&app, "ada@example.com", PASSWORD).await.tokens();
    server.kill();

    let server = place.serve();
    server.refresh(&app, &kept.refresh_token).await.is(200);
    place.run(&["user", "sign-out", "ada@example.com"]).succeeds();
    server.kill();

    let server = place.serve();
    assert_eq!(server.refresh(&app, &kept.refresh_token).await.status, 400);
    server.password_grant(&app, "ada@example.com", PASSWORD).await.tokens();
}

#[tokio::test]
async fn nothing_secret_lies_in_the_directory_in_clear_or_in_the_log() {
    let place = Place::new();
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    let server = crate::prosper::binary::Running::start(command.env("PROSPER_LOG__LEVEL", "trace"));
    place.adds("ada@example.com", &[]);
    let app = place.registers("ada@example.com");
    let tokens = server.password_grant(&app, "ada@example.com", PASSWORD).await.tokens();
    server.password_grant(&app, "ada@example.com", "wrong-but-secret").await.is(400);
    let link = std::fs::read_to_string(place.data().join("setup-link")).expect("a link");
    std::fs::remove_file(place.data().join("setup-link")).expect("ours");
    let (bytes, log) = (bytes_in(&place.data()), server.log());
    let link = link.trim().rsplit_once('=').expect("a secret").1;
    for secret in [PASSWORD, "wrong-but-secret", &app.1, &tokens.access_token, &tokens.refresh_token, link] {
        assert!(!contains(&bytes, secret) && !log.contains(secret), "{secret}");
    }
}

/// Looks until it is so, and fails if that takes longer than the promise allows.
async fn within_a_second(mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    loop {
        // Whoever asks later than that is told so, however long a busy machine takes to answer.
        let asked = began.elapsed();
        if is_so().await {
            return;
        }
        assert!(asked < Duration::from_secs(1), "not honoured within a second");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
