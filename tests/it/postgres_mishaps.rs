//! What goes wrong around a networked database, and what an operator is told: every connection held (security F-14), a
//! password that is wrong, a database that is damaged, a move that is called off, a restore that dies half-way.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use prosper::fault::Fault;
use prosper::store::engine::{Tx, Unit};
use tokio_postgres::NoTls;

use crate::prosper::binary::{PASSWORD, Place, Ran};
use crate::prosper::{Cluster, Database, ON_POSTGRES, Prosper, Start, cluster, is_set};

/// Rows enough for a carrier to be killed in their middle.
const CROWD: i64 = 5_000;

fn here() -> Option<&'static Cluster> {
    if is_set(ON_POSTGRES) || !cluster::is_there() { None } else { cluster::shared() }
}

/// Holds a connection for longer than anybody waits for one.
struct Hold;

impl Unit for Hold {
    type Out = u64;

    async fn run(&self, tx: &mut Tx) -> Result<u64, Fault> {
        tx.execute("select pg_sleep(4.5)", &[]).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn while_every_connection_is_held_the_answer_is_503_and_comes_soon_f_14() {
    let Some(cluster) = here() else { return };
    let address = cluster.database().await;
    let p = Prosper::start_with(Start { database: Some(Database::At(address)), ..Start::default() }).await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Own").await;
    app.password_grant(&ada).await.tokens();

    let holds: Vec<_> = (0..40)
        .map(|_| {
            let store = p.p.store.clone();
            tokio::spawn(async move { store.write(Hold).await })
        })
        .collect();
    let began = Instant::now();
    while p.get("/health").await.status != 503 {
        assert!(began.elapsed() < Duration::from_secs(4), "it does not show");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let asked = Instant::now();
    let answer = app.password_grant(&ada).await;
    assert_eq!((answer.status, answer.header("retry-after").is_some()), (503, true), "{}", answer.told());
    // Two seconds, and what a busy machine adds.
    assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());

    let mut held = 0;
    for hold in holds {
        match hold.await.expect("no panic") {
            Ok(_) => held += 1,
            Err(fault) => assert!(fault.passing, "{fault}"),
        }
    }
    assert!((10..40).contains(&held), "{held} connections were held");
    let free = Instant::now();
    while p.get("/health").await.status != 200 || app.password_grant(&ada).await.status != 200 {
        assert!(free.elapsed() < Duration::from_secs(4), "it does not come back");
    }
}

/// One line on standard error, which says what to mend and never a password.
#[track_caller]
fn says_in_one_line(ran: &Ran, words: &str) {
    assert_ne!(ran.code, 0, "{}", ran.told());
    assert!(ran.err.contains(words) && ran.err.trim().lines().count() == 1, "{}", ran.told());
    assert!(!ran.err.contains("hunter2"), "{}", ran.told());
}

#[tokio::test]
async fn a_wrong_password_for_the_database_is_told_in_one_line() {
    let Some(cluster) = here() else { return };
    cluster.guards("guarded", "correct").await;
    let open = cluster.database().await;
    let database = open.split('/').next_back().expect("a name");
    let with = |password: &str| format!("postgres://guarded:{password}@127.0.0.1:{}/{database}", cluster.port);
    let mut place = Place::on(&with("hunter2"));
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["db", "check"], &["user", "list"]] {
        says_in_one_line(&place.run(command), "lets nobody in with this user and password");
    }
    // The password was what was wrong.
    place.database = Some(with("correct"));
    says_in_one_line(&place.run(&["user", "list"]), "is not a prosper database");
}

#[tokio::test]
async fn a_check_of_a_networked_database_finds_what_is_wrong_with_it() {
    if here().is_none() {
        return;
    }
    // One that keeps what it acknowledges.
    let cluster = Cluster::start(&[]).expect("it is there");
    let address = cluster.database().await;
    let place = Place::on(&address);
    place.serve().stop();
    place.adds("ada@example.com", &[]);
    place.run(&["db", "check"]).succeeds();
    let said = place.run(&["--json", "db", "check"]).succeeds().json();
    assert_eq!(said["problems"].as_array().map(Vec::len), Some(0), "{said}");

    let mut other_key = place.command(&["db", "check"]);
    let ran = Ran::of(other_key.env("PROSPER_MASTER_KEY", "a5".repeat(32)));
    assert!(ran.code != 0 && ran.err.contains("key"), "{}", ran.told());
    tells(&address, "alter system set synchronous_commit = off").await;
    tells(&address, "select pg_reload_conf()").await;
    let doubt = || {
        let ran = place.run(&["db", "check"]);
        (ran.code == 1 && ran.err.contains("synchronous_commit is off")).then_some(())
    };
    crate::prosper::binary::until(Duration::from_secs(20), doubt).expect("it is told that it is off");
    tells(&address, "drop table redemptions").await;
    place.run(&["db", "check"]).fails(1, "redemptions");
}

async fn tells(address: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(address, NoTls).await.expect("reached");
    tokio::spawn(connection);
    client.batch_execute(sql).await.expect("done");
}

/// Runs a command until it has said `line`, and kills it there.
fn killed_at(command: &mut Command, line: &str) {
    let mut running = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the binary runs");
    let lines = BufReader::new(running.stderr.take().expect("it is piped")).lines();
    let seen: Vec<_> = lines.map_while(Result::ok).take_while(|said| said != line).collect();
    running.kill().expect("it was running");
    assert!(!running.wait().expect("it ended").success(), "{seen:?}");
}

/// Many accounts like the first; `uid` makes one of sixteen bytes.
fn crowd(uid: &str) -> String {
    format!(
        "insert into accounts (id, uid, space, email, folded_email, name, kind, investor_type, password, status,
             status_by, status_at, created_at)
         with recursive crowd(i) as (select 1 union all select i + 1 from crowd where i < {CROWD})
         select 1000 + i, {uid}, space, 'u' || i || '@example.com', 'u' || i || '@example.com', name, kind,
             investor_type, password, status, status_by, status_at, created_at
         from crowd, accounts where id = (select min(id) from accounts);
         update installation set last_account = {}",
        CROWD + 1000
    )
}

#[tokio::test]
async fn a_move_that_was_called_off_leaves_everything_where_it_was() {
    let Some(cluster) = here() else { return };
    let address = cluster.database().await;
    let place = Place::new();
    let server = place.serve();
    place.adds("ada@example.com", &[]);
    let app = place.registers("ada@example.com");
    let tokens = server.password_grant(&app, "ada@example.com", PASSWORD).await.tokens();
    place.run(&["db", "move", "--call-off"]).fails(3, "is not being moved");
    let file = rusqlite::Connection::open(place.data().join("prosper.db")).expect("opened");
    file.execute_batch(&crowd("randomblob(16)")).expect("written");
    drop(file);

    killed_at(&mut place.command(&["--yes", "db", "move", "--to", &address]), "copying 40%");
    let answer = server.password_grant(&app, "ada@example.com", PASSWORD).await;
    assert_eq!((answer.status, answer.header("retry-after").is_some()), (503, true), "{}", answer.told());
    place.run(&["db", "move", "--call-off"]).succeeds();
    let stays = server.password_grant(&app, "ada@example.com", PASSWORD).await.tokens();
    for tokens in [&tokens, &stays] {
        server.resource(&tokens.access_token).await.is(200);
        server.refresh(&app, &tokens.refresh_token).await.tokens();
    }
    place.run(&["db", "move", "--call-off"]).fails(3, "is not being moved");
    place.run(&["db", "check"]).succeeds();
    // What had come over by then is nothing that anybody could serve.
    let there = Place::on(&address);
    says_in_one_line(&there.run(&["serve", "--listen", "127.0.0.1:0"]), "is not whole yet");

    // And a move that is not called off goes there all the same.
    let mut again = place.command(&["--yes", "db", "move", "--to", &address]);
    Ran::of(&mut again).succeeds();
    server.stop();
    let mut moved = Place::on(&address);
    moved.master_key_of(&place);
    let server = moved.serve();
    server.resource(&stays.access_token).await.is(200);
    server.password_grant(&app, "ada@example.com", PASSWORD).await.tokens();
}

#[tokio::test]
async fn a_restore_that_died_half_way_has_changed_nothing_and_is_finished_by_the_next() {
    let Some(cluster) = here() else { return };
    let address = cluster.database().await;
    let place = Place::on(&address);
    let server = place.serve();
    place.adds("ada@example.com", &[]);
    let app = place.registers("ada@example.com");
    let tokens = server.password_grant(&app, "ada@example.com", PASSWORD).await.tokens();
    tells(&address, &crowd("decode(md5(i::text), 'hex')")).await;
    let copy = place.file("copy.db");
    let copy = copy.to_str().expect("text");
    place.run(&["db", "backup", copy]).succeeds();
    place.adds("late@example.com", &[]);

    killed_at(&mut place.command(&["--yes", "db", "restore", copy]), "copying 40%");
    // All is as it was, and can be read; until one of the two databases has won nothing can be written.
    server.resource(&tokens.access_token).await.is(200);
    let answer = server.password_grant(&app, "ada@example.com", PASSWORD).await;
    assert_eq!((answer.status, answer.header("retry-after").is_some()), (503, true), "{}", answer.told());
    place.run(&["user", "show", "late@example.com"]).succeeds();
    server.stop();

    place.run(&["--yes", "db", "restore", copy]).succeeds();
    let server = place.serve();
    assert_eq!(server.refresh(&app, &tokens.refresh_token).await.status, 400, "what was alive has ended");
    server.password_grant(&app, "ada@example.com", PASSWORD).await.tokens();
    place.run(&["user", "show", "late@example.com"]).fails(3, "there is no account");
    place.run(&["user", "show", &format!("u{CROWD}@example.com")]).succeeds();
}
