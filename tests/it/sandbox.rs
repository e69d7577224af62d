//! `prosper sandbox`: the real server with people who are not real, and what only it serves.

use std::collections::BTreeSet;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::prosper::binary::{Place, Ran, Running, mode};
use crate::prosper::skipped;

#[tokio::test]
async fn the_ready_file_says_who_and_what_there_is_in_the_promised_shape() {
    let place = Place::new();
    let (server, told) = place.sandbox();
    assert_eq!(mode(&place.file("ready.json")), 0o600);
    let keys = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(keys(&told), "applications base_url people pid spaces version");
    assert_eq!(told["pid"], server.pid());
    assert_eq!(told["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(told["spaces"].as_array().map(Vec::len), Some(2));
    for person in people(&told) {
        assert_eq!(keys(person), "agent email kind name password password_reset_required space staff status");
    }
    for app in apps(&told) {
        assert_eq!(keys(app), "client_id client_secret kind name owner redirect_uris scopes space");
    }
    let kinds: BTreeSet<_> = apps(&told).iter().map(|app| app["kind"].as_str().expect("text")).collect();
    assert_eq!(
        kinds.into_iter().collect::<Vec<_>>(),
        ["api", "institutional", "login", "partner", "personal", "third_party_agent"]
    );
    let statuses: BTreeSet<_> = people(&told).iter().map(|person| person["status"].as_str().expect("text")).collect();
    assert_eq!(statuses.len(), 12, "active, and one for each row: {statuses:?}");
    let spaces: BTreeSet<_> = apps(&told)
        .iter()
        .filter(|app| app["kind"] == "login")
        .map(|app| &app["space"])
        .map(Value::to_string)
        .collect();
    assert_eq!(spaces.len(), 2, "a login app in each space");
    let (emails, passwords) = (joined(people(&told), "email"), joined(people(&told), "password"));
    for awkward in ["+", "&", "=", "%"] {
        assert!(emails.contains(awkward) && passwords.contains(awkward), "{awkward} in {emails} and {passwords}");
    }
    assert!(passwords.contains(' '), "{passwords}");
    assert!(people(&told).iter().any(|person| person["agent"] == "requested"));
    assert!(people(&told).iter().any(|person| person["agent"] == "approved"));
    assert!(people(&told).iter().any(|person| person["staff"] == "administrator"));
    server.get("/sandbox").await.is(200).page_says("ada+notes@example.com");
}

#[tokio::test]
async fn every_status_row_can_be_met_through_an_app_of_its_own() {
    let place = Place::new();
    let (server, told) = place.sandbox();
    let mut met = BTreeSet::new();
    for person in people(&told).iter().filter(|person| person["kind"] == "individual") {
        let (email, password) = (text(person, "email"), text(person, "password"));
        let Some(app) = apps(&told).iter().find(|app| app["kind"] == "personal" && app["owner"] == email) else {
            continue;
        };
        let answer = server.password_grant(&client(app), &email, &password).await;
        match (text(person, "status").as_str(), &person["password_reset_required"]) {
            ("active", Value::Bool(false)) => {
                answer.tokens();
            }
            ("active", _) => {
                answer.refused(403, "password_reset_required", "User needs to reset their password");
            }
            (status, _) => {
                let code = text(&answer.is(400).json(), "error");
                assert!(code.starts_with("account_") || code.ends_with("_account"), "{status}: {}", answer.told());
                met.insert(code);
            }
        }
    }
    assert_eq!(met.len(), 11, "{met:?}");
}

#[tokio::test]
async fn time_travels_forward_alone_and_tokens_expire_by_it() {
    let place = Place::new();
    let (server, told) = place.sandbox();
    let (app, ada) = (of_kind(&told, "personal"), &people(&told)[0]);
    let tokens = server.password_grant(&client(app), &text(ada, "email"), &text(ada, "password")).await.tokens();
    let bearer = format!("bearer {}", tokens.access_token);
    let resource = async || server.send("GET", "/v1/accounts/prosper/", &[("authorization", &bearer)], "").await;
    resource().await.is(200);
    let before = server.get("/sandbox/clock").await.is(200).json()["unix"].as_i64().expect("a number");
    for wrong in ["{\"seconds\":-1}", "{\"seconds\":\"1\"}", "{}", "", "{\"seconds\":1e3}", "{\"seconds\":1,\"x\":1}"] {
        server.send("POST", "/sandbox/clock/advance", &[], wrong).await.is(400);
    }
    let moved = server.send("POST", "/sandbox/clock/advance", &[], "{\"seconds\":3600}").await.is(200).json();
    assert_eq!(moved["ahead_seconds"], 3600);
    assert!(moved["unix"].as_i64().expect("a number") >= before + 3600);
    resource().await.is(401);
    server.refresh(&client(app), &tokens.refresh_token).await.is(200);
    // A command beside it learns the time from the server, and a restart does not take it back.
    let shown = place.run(&["clock", "show", "--json"]).succeeds().json();
    assert!(shown["wall_is_ahead_by_seconds"].as_i64().expect("a number") <= -3590, "{shown}");
    server.stop();
    let (server, _) = place.sandbox();
    assert!(server.get("/sandbox/clock").await.json()["unix"].as_i64().expect("a number") >= before + 3600);
}

#[tokio::test]
async fn its_own_routes_answer_this_machine_alone() {
    let place = Place::new();
    let (server, _) = place.sandbox();
    let port = server.url.rsplit_once(':').expect("a port").1.to_owned();
    let local = format!("localhost:{port}");
    server.send("GET", "/sandbox/clock", &[("host", &local)], "").await.is(200);
    let home = server.send("GET", "/sandbox", &[("host", &local)], "").await;
    // Each part of how somebody stands is a badge of its own.
    for (kind, parts) in [
        ("good", ["active", "administrator"]),
        ("good", ["active", "agent approved"]),
        ("warn", ["active", "password reset required"]),
    ] {
        let badges = parts.map(|part| format!(r#"<span class="badge {kind}">{part}</span>"#));
        home.is(200).page_says(&badges.join(" "));
    }
    for path in ["/sandbox", "/sandbox/clock", "/sandbox/mail"] {
        server.send("GET", path, &[("host", "evil.example")], "").await.is(403);
        server.send("GET", path, &[("origin", "https://evil.example")], "").await.is(403);
        server.send("GET", path, &[("sec-fetch-site", "cross-site")], "").await.is(403);
    }
    let headers = [("origin", "https://evil.example"), ("content-type", "text/plain")];
    server.send("POST", "/sandbox/clock/advance", &headers, "{\"seconds\":9}").await.is(403);
    assert_eq!(server.get("/sandbox/clock").await.json()["ahead_seconds"], 0);
    assert_eq!(server.get("/sandbox/clock/advance").await.is(405).header("allow"), Some("POST"));
}

#[tokio::test]
async fn what_would_have_been_mailed_can_be_read_by_people_and_programs() {
    let place = Place::new();
    let (server, told) = place.sandbox();
    let accept = [("accept", "application/json")];
    assert_eq!(server.send("GET", "/sandbox/mail", &accept, "").await.is(200).json(), json!([]));
    let waiting = people(&told).iter().find(|person| person["agent"] == "requested").expect("one waits");
    place.run(&["agent", "approve", &text(waiting, "email")]).succeeds();
    let mails = server.send("GET", "/sandbox/mail", &accept, "").await.is(200).json();
    assert_eq!(mails[0]["to"], waiting["email"]);
    assert!(mails[0]["links"][0].as_str().expect("a link").starts_with(&server.url), "{mails}");
    let subject = text(&mails[0], "subject");
    server.send("GET", "/sandbox/mail", &[("accept", "text/html")], "").await.is(200).page_says(&subject);
    let one = format!("/sandbox/mail/{}", mails[0]["id"]);
    server.get(&one).await.is(200).page_says(&subject);
    server.get("/sandbox/mail/999").await.is(404);
}

#[tokio::test]
async fn a_kept_directory_keeps_its_people_ids_and_secrets() {
    let place = Place::new();
    let (server, first) = place.sandbox();
    place.run(&["user", "set-status", "mary@example.com", "suspended"]).succeeds();
    assert_eq!(server.stop().0.code(), Some(0));
    assert!(!place.file("ready.json").exists(), "nobody is ready any more");
    let (server, second) = place.sandbox();
    assert_eq!(first["applications"], second["applications"]);
    let facts = |told: &Value| people(told).iter().map(|p| (text(p, "email"), text(p, "password"))).collect::<Vec<_>>();
    assert_eq!(facts(&first), facts(&second));
    assert_eq!(people(&second)[4]["status"], "suspended", "it shows people as they stand");
    let (app, ada) = (of_kind(&second, "personal"), &people(&second)[0]);
    server.password_grant(&client(app), &text(ada, "email"), &text(ada, "password")).await.tokens();

    let elsewhere = Place::new();
    let (_other, third) = elsewhere.sandbox();
    assert_ne!(first["applications"], third["applications"], "no two share a secret");
}

#[test]
fn it_leaves_nothing_behind_and_listens_on_this_machine_alone() {
    let place = Place::new();
    Ran::of(&mut place.bare(&["sandbox", "--listen", "0.0.0.0:0"])).fails(2, "loopback");
    let ready = place.file("ready.json");
    let mut command = place.bare(&["sandbox", "--listen", "127.0.0.1:0", "--json", "--ready-file"]);
    let server = Running::start(command.arg(&ready).stdout(Stdio::null()));
    let lodging = || {
        std::fs::read_dir(place.file(""))
            .expect("ours")
            .flatten()
            .any(|entry| entry.file_name().to_string_lossy().starts_with("prosper-sandbox-"))
    };
    assert!(lodging());
    assert_eq!(server.stop().0.code(), Some(0));
    assert!(!lodging() && !ready.exists());
}

#[test]
fn told_to_stop_while_it_starts_it_leaves_nothing_behind_either() {
    let place = Place::new();
    let mut command = place.bare(&["sandbox", "--listen", "127.0.0.1:0", "--json"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    // Its folder has a lock in it from the moment it hears what it is told; the cast is far from planted by then.
    let lodging = || std::fs::read_dir(place.file("")).expect("ours").flatten().map(|entry| entry.path()).next();
    while !lodging().is_some_and(|folder| folder.join("lock").exists()) {
        assert!(child.try_wait().expect("ours").is_none(), "it ended by itself");
        std::thread::yield_now();
    }
    let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw).expect("a pid");
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it runs");
    assert_eq!(child.wait().expect("ours").code(), Some(0));
    assert_eq!(lodging(), None);
}

#[test]
fn every_line_that_it_prints_works_when_it_is_pasted() {
    if Ran::of(std::process::Command::new("sh").args(["-c", "command -v curl"])).code != 0 {
        return skipped("no curl was found, so the sandbox's printed lines were not run");
    }
    let place = Place::new();
    let printed = place.file("printed");
    let mut command = place.command(&["sandbox", "--listen", "127.0.0.1:0", "--ready-file"]);
    command.arg(place.file("ready.json")).stdout(std::fs::File::create(&printed).expect("a file"));
    let (_server, lines) = Running::printing(&mut command, &printed);
    assert_eq!(lines.len(), 6, "{lines:?}");
    for line in lines {
        let ran = Ran::of(std::process::Command::new("sh").arg("-c").arg(&line));
        let told = ran.succeeds().json();
        assert!(told.get("error").is_none(), "{line}\n{told}");
        assert!(
            ["access_token", "active", "total_account_value"].iter().any(|name| told.get(name).is_some()),
            "{line}\n{told}"
        );
    }
}

/// The line of a login asks for what only a browser has: here it is typed in, and curl says what it was asked.
#[test]
fn the_line_of_a_login_takes_a_pasted_address_and_reads_a_profile() {
    let place = Place::new();
    let printed = place.file("printed");
    let mut command = place.command(&["sandbox", "--listen", "127.0.0.1:0", "--ready-file"]);
    command.arg(place.file("ready.json")).stdout(std::fs::File::create(&printed).expect("a file"));
    let (server, _) = Running::printing(&mut command, &printed);
    let text = std::fs::read_to_string(&printed).expect("readable");
    let line = text.lines().find(|line| line.contains("read -r code")).expect("one line that asks for a code");
    let curl = "curl() { printf '%s\\n' \"$*\" >&2; printf '%s' '{\"access_token\":\"its-token\",\"scope\":\"\"}'; }";
    for pasted in [
        "https://hr.example/back?code=a1%2Fb2&state=try",
        "https://hr.example/back?x=y&state=try&code=a1%2Fb2#",
        "a1%2Fb2",
    ] {
        let script = format!("{curl}\n{line}");
        let input = place.file("pasted");
        std::fs::write(&input, format!("{pasted}\n")).expect("written");
        let mut shell = std::process::Command::new("sh");
        let ran = Ran::of(shell.arg("-c").arg(script).stdin(std::fs::File::open(&input).expect("there")));
        let asked = &ran.succeeds().err;
        assert!(asked.contains("--data-urlencode code=a1%2Fb2\n"), "{pasted}\n{asked}");
        let profile = format!("-s {}/api/v2/user -H Authorization: Bearer its-token\n", server.url);
        assert!(asked.contains(&profile), "{pasted}\n{asked}");
        assert!(ran.out.contains("its-token"), "{}", ran.told());
    }
}

fn people(told: &Value) -> &Vec<Value> {
    told["people"].as_array().expect("a list")
}

fn apps(told: &Value) -> &Vec<Value> {
    told["applications"].as_array().expect("a list")
}

fn of_kind<'t>(told: &'t Value, kind: &str) -> &'t Value {
    apps(told).iter().find(|app| app["kind"] == kind).expect("one of each kind")
}

fn client(app: &Value) -> (String, String) {
    (text(app, "client_id"), text(app, "client_secret"))
}

fn joined(all: &[Value], name: &str) -> String {
    all.iter().map(|one| text(one, name)).collect::<Vec<_>>().join("\n")
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}
