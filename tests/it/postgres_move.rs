//! `prosper db move`, `db backup` and `db restore` with PostgreSQL, by the built binary: a live installation is carried
//! over while it is served, the carrier is killed and begun again, and every credential works on at the other side.

use std::fs::{File, Permissions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use prosper::domain::ids::AccountId;
use prosper::fault::Fault;
use prosper::store::engine::{Tx, Unit};
use tempfile::TempDir;

use crate::prosper::exchange::Tokens;
use crate::prosper::journeys::AGENT_REDIRECT;
use crate::prosper::login::CALLBACK;
use crate::prosper::people::PASSWORD;
use crate::prosper::{App, Database, ON_POSTGRES, Person, Prosper, Start, cluster, is_set};

/// Accounts beside those of the people.
const CROWD: i64 = 100_000;

fn prosper(folder: &Path, database: Option<&str>, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_prosper"));
    command.env_clear().env("PROSPER_MASTER_KEY", "5a".repeat(32)).arg("--data-dir").arg(folder).arg("--yes");
    if let Some(database) = database {
        command.env("PROSPER_DATABASE", database);
    }
    command.args(arguments);
    command
}

fn private_folder() -> TempDir {
    tempfile::Builder::new().permissions(Permissions::from_mode(0o700)).tempdir().expect("a folder")
}

#[track_caller]
fn done(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// Everything that one installation hands out.
struct Handed {
    tokens: Tokens,
    key: String,
    login_token: String,
    used: String,
    unused: [String; 2],
    cookies: Vec<(String, String)>,
}

async fn hand_out(own: &App<'_>, login: &App<'_>, robo: &App<'_>, ada: &Person<'_>) -> Handed {
    let browser = ada.signs_in().await;
    let used = browser.code_for(login).await;
    Handed {
        tokens: own.password_grant(ada).await.tokens(),
        key: robo.auth_key(&browser).await,
        login_token: login.exchange(&used).await.login_token(),
        used,
        unused: [browser.code_for(login).await, browser.code_for(login).await],
        cookies: browser.cookies(),
    }
}

/// The same application, spoken to at another server.
fn at<'s>(server: &'s Prosper, app: &App<'_>) -> App<'s> {
    App { server, id: app.id, client_id: app.client_id.clone(), secret: app.secret.clone() }
}

/// All of it works here; `code` is used up.
async fn works(p: &Prosper, handed: &Handed, code: &str, own: &App<'_>, login: &App<'_>, robo: &App<'_>) {
    let (own, login, robo) = (at(p, own), at(p, login), at(p, robo));
    assert!(p.is_good(&handed.tokens).await);
    assert_eq!(own.refresh(&handed.tokens).await.tokens().refresh_token, handed.tokens.refresh_token);
    own.password_grant_as("ada@example.com", PASSWORD).await.tokens();
    robo.auth_key_grant(&handed.key).await.tokens();
    p.user(&handed.login_token).await.is(200);
    let token = login.exchange(code).await.login_token();
    login.exchange(code).await.says(400, "Invalid code");
    p.user(&token).await.is(200);
    let browser = p.browser();
    for (name, value) in &handed.cookies {
        browser.set_cookie(name, value);
    }
    // Signed in and consented: straight back, with a code.
    browser.get(&login.authorize_url(CALLBACK, "s")).await.is(302).location_parameter("code").expect("a code");
    assert_eq!(count(p).await, CROWD + 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_live_installation_is_carried_over_and_back_and_everything_works_on() {
    if is_set(ON_POSTGRES) || !cluster::is_there() {
        return;
    }
    let (folder, second) = (private_folder(), private_folder());
    let address = cluster::shared().expect("it is there").database().await;
    let old = Prosper::start_with(Start { folder: Some(folder.path().to_owned()), ..Start::default() }).await;
    // As the process does that serves from a folder.
    let lock = File::create(folder.path().join("lock")).expect("a file");
    lock.lock().expect("nobody else serves from it");
    let (ada, agent) = (old.investor("ada@example.com").await, old.agent("agent@example.com").await);
    let own = ada.registers_own_app("Own").await;
    let login = ada.has_login_app("Notes", &[CALLBACK]).await;
    let robo = agent.registers_agent_app("Robo", AGENT_REDIRECT).await;
    let handed = hand_out(&own, &login, &robo, &ada).await;
    old.p.store.write(Crowd(ada.id)).await.expect("written");

    // Killed in the middle: nothing is served there yet, nothing is written here any more.
    let mut carrier = prosper(folder.path(), None, &["db", "move", "--to", &address]);
    let mut killed = carrier.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the binary runs");
    let lines = BufReader::new(killed.stderr.take().expect("it is piped")).lines();
    let seen: Vec<_> = lines.map_while(Result::ok).take_while(|line| line != "copying 40%").collect();
    killed.kill().expect("it was running");
    assert!(!killed.wait().expect("it ended").success(), "{seen:?}");
    let answer = own.password_grant(&ada).await;
    assert_eq!((answer.status, answer.header("retry-after").is_some()), (503, true), "{}", answer.told());
    assert!(old.is_good(&handed.tokens).await, "what moves can still be read");
    let early = prosper(second.path(), Some(&address), &["audit", "--help"]).output().expect("the binary runs");
    done(&early);
    let early = prosper(second.path(), Some(&address), &["space", "list"]).output().expect("the binary runs");
    assert!(String::from_utf8_lossy(&early.stderr).contains("is not whole yet"), "{early:?}");

    // Begun again: it goes on, and finishes.
    let said =
        done(&prosper(folder.path(), None, &["--json", "db", "move", "--to", &address]).output().expect("it runs"));
    assert!(said.contains("\"done_before\": false"), "{said}");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(own.password_grant(&ada).await.status, 503, "a forgotten server writes nothing");
    assert_eq!(
        old.resource(&handed.tokens.access_token).await.status,
        503,
        "and tells nothing that may be untrue by now"
    );
    let again =
        done(&prosper(folder.path(), None, &["--json", "db", "move", "--to", &address]).output().expect("it runs"));
    assert!(again.contains("\"done_before\": true"), "{again}");

    let new = Prosper::start_with(Start { database: Some(Database::At(address.clone())), ..Start::default() }).await;
    works(&new, &handed, &handed.unused[0], &own, &login, &robo).await;
    drop(new);

    let back = prosper(second.path(), Some(&address), &["db", "move", "--to", "embedded"]);
    done(&{ back }.output().expect("the binary runs"));
    let home = Prosper::start_with(Start { folder: Some(second.path().to_owned()), ..Start::default() }).await;
    at(&home, &login).exchange(&handed.unused[0]).await.says(400, "Invalid code");
    works(&home, &handed, &handed.unused[1], &own, &login, &robo).await;
    // Last, because a late replay ends the token that the code gave (L-15).
    at(&home, &login).exchange(&handed.used).await.says(400, "Invalid code");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_copy_of_a_networked_database_comes_back_without_what_it_could_revive() {
    if is_set(ON_POSTGRES) || !cluster::is_there() {
        return;
    }
    let folder = private_folder();
    let address = cluster::shared().expect("it is there").database().await;
    let p = Prosper::start_with(Start { database: Some(Database::At(address.clone())), ..Start::default() }).await;
    let ada = p.investor("ada@example.com").await;
    let (own, login) = (ada.registers_own_app("Own").await, ada.has_login_app("Notes", &[CALLBACK]).await);
    let tokens = own.password_grant(&ada).await.tokens();
    let code = ada.signs_in().await.code_for(&login).await;
    let file = folder.path().join("copy.db");
    let file = file.to_str().expect("text");
    done(&prosper(folder.path(), Some(&address), &["db", "backup", file]).output().expect("the binary runs"));
    let twice = prosper(folder.path(), Some(&address), &["db", "backup", file]).output().expect("the binary runs");
    assert!(String::from_utf8_lossy(&twice.stderr).contains("exists: name a file that does not"), "{twice:?}");

    // Since then: a code was used, everything was signed out of, somebody joined.
    login.exchange(&code).await.login_token();
    ada.signs_out_everywhere().await;
    let bea = p.investor("bea@example.com").await;
    done(&prosper(folder.path(), Some(&address), &["db", "restore", file]).output().expect("the binary runs"));

    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!p.is_good(&tokens).await);
    own.refresh(&tokens).await.refused(400, "invalid_grant", "Missing/Invalid refresh token");
    login.exchange(&code).await.says(400, "Invalid code");
    own.password_grant(&ada).await.tokens();
    // A number that was given out is not given out again.
    let carl = p.investor("carl@example.com").await;
    assert!(carl.id > bea.id, "{} after {}", carl.id, bea.id);
}

async fn count(p: &Prosper) -> i64 {
    p.p.store.read(Accounts).await.expect("read")
}

struct Accounts;

impl Unit for Accounts {
    type Out = i64;

    async fn run(&self, tx: &mut Tx) -> Result<i64, Fault> {
        tx.one("select count(*) from accounts", &[]).await?.map_or(Ok(0), |row| row.get(0))
    }
}

/// Many accounts like one.
struct Crowd(AccountId);

impl Unit for Crowd {
    type Out = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), Fault> {
        let sql =
            "insert into accounts (id, uid, space, email, folded_email, name, kind, investor_type, password, status,
                 status_by, status_at, created_at)
             with recursive crowd(i) as (select 1 union all select i + 1 from crowd where i < ?2)
             select 1000 + i, randomblob(16), space, 'u' || i || '@example.com', 'u' || i || '@example.com', name, kind,
                 investor_type, password, status, status_by, status_at, created_at
             from crowd, accounts where id = ?1";
        tx.execute(sql, prosper::values![self.0, CROWD]).await?;
        tx.execute("update installation set last_account = ?1", prosper::values![CROWD + 1000]).await?;
        Ok(())
    }
}
