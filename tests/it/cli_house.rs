//! The command line of the house: the audit log is checked, a space is changed, an application is handed over; and a
//! staff console that listens apart is nowhere else.

use std::collections::HashMap;

use crate::prosper::Exchange;
use crate::prosper::binary::{PASSWORD, Place, Ran, Running};
use crate::prosper::browser::Form;
use crate::prosper::exchange::{Client, form, request};

/// A data directory that a server has made.
fn served() -> Place {
    let place = Place::new();
    place.serve().stop();
    place
}

#[test]
fn audit_verify_finds_what_was_altered_and_ends_with_a_failure() {
    let place = served();
    place.adds("ada@example.com", &[]);
    place.adds("eve@example.com", &[]);
    let whole = place.run(&["--json", "audit", "verify"]).succeeds().json();
    assert_eq!((&whole["intact"], &whole["not_sealed_yet"]), (&true.into(), &0.into()), "{whole}");
    assert!(whole["rows"].as_i64() >= Some(2), "{whole}");
    let head = whole["head"].as_str().expect("a head").to_owned();
    place.run(&["audit", "verify", "--head", &head]).succeeds();

    let database = rusqlite::Connection::open(place.data().join("prosper.db")).expect("opened");
    let altered = database.execute("update audit set actor = 'staff 9' where id = (select min(id) from audit)", []);
    assert_eq!(altered.expect("altered"), 1);
    drop(database);
    let broken = place.run(&["--json", "audit", "verify"]);
    broken.fails(1, "the audit log is not as it was written");
    let told = broken.json();
    assert_eq!(told["intact"], false, "{told}");
    assert_eq!(told["findings"].as_array().map(Vec::len), Some(1), "{told}");

    // A log whose newest part was cut off is whole in itself; the head of an earlier check finds it.
    let place = served();
    place.adds("ada@example.com", &[]);
    place.run(&["audit", "verify"]).succeeds();
    place.adds("eve@example.com", &[]);
    let head = place.run(&["--json", "audit", "verify"]).succeeds().json()["head"].as_str().expect("a head").to_owned();
    let database = rusqlite::Connection::open(place.data().join("prosper.db")).expect("opened");
    let last = "select max(number) from audit_seals";
    let from: i64 = database
        .query_row(&format!("select from_id from audit_seals where number = ({last})"), [], |row| row.get(0))
        .expect("a seal");
    database.execute("delete from audit where id >= ?1", [from]).expect("deleted");
    database.execute(&format!("delete from audit_seals where number = ({last})"), []).expect("deleted");
    drop(database);
    place.run(&["audit", "verify", "--head", &head]).fails(1, "the audit log is not as it was written");
}

#[test]
fn space_set_changes_what_is_named_and_leaves_the_rest() {
    let place = served();
    place.run(&["space", "add", "Acme", "--support-email", "help@acme.example", "--brand", "#7a1f3d"]).succeeds();
    place.run(&["space", "set", "Acme", "--name", "Acme Bank"]).succeeds();
    let acme = || {
        let spaces = place.run(&["--json", "space", "list"]).succeeds().json();
        spaces.as_array().expect("a list").iter().find(|space| space["name"] == "Acme Bank").expect("renamed").clone()
    };
    let kept = acme();
    assert_eq!((&kept["support_email"], &kept["brand"]), (&"help@acme.example".into(), &"#7a1f3d".into()), "{kept}");
    std::fs::write(place.file("mark.png"), png()).expect("written");
    let logo = place.file("mark.png");
    place.run(&["space", "set", "Acme Bank", "--brand", "", "--logo", logo.to_str().expect("text")]).succeeds();
    let changed = acme();
    assert!(changed["brand"].is_null() && changed["logo"] == true, "{changed}");
    place.run(&["space", "set", "Acme Bank", "--no-logo"]).succeeds();
    assert_eq!(acme()["logo"], false);
    std::fs::write(place.file("mark.png"), "<svg onload='alert(1)'/>").expect("written");
    let refused = place.run(&["space", "set", "Acme Bank", "--logo", logo.to_str().expect("text")]);
    assert_ne!(refused.code, 0, "{}", refused.told());
    assert_ne!(place.run(&["space", "set", "Acme Bank", "--brand", "#ffcc00"]).code, 0);
    assert_ne!(place.run(&["space", "set", "Nobody", "--brand", "#7a1f3d"]).code, 0);
    assert_eq!(acme()["brand"], serde_json::Value::Null);
}

fn png() -> Vec<u8> {
    let mut png = std::io::Cursor::new(Vec::new());
    image::DynamicImage::new_rgb8(8, 8).write_to(&mut png, image::ImageFormat::Png).expect("drawn");
    png.into_inner()
}

#[tokio::test]
async fn an_app_that_is_handed_over_shows_its_secret_once_to_its_owner_alone() {
    let place = served();
    place.adds("ada@example.com", &[]);
    place.adds("eve@example.com", &[]);
    let new = ["--json", "app", "register", "--kind", "partner", "--owner", "ada@example.com", "--name", "Lending"];
    let id = place.run(&new).succeeds().json()["client_id"].as_str().expect("an id").to_owned();
    let server = place.serve();
    let handed = place.run(&["--json", "app", "hand-over", &id]).succeeds().json();
    let link = handed["owner_link"].as_str().expect("a link");
    let path = &link[link.find("/oauth/apps/").expect("a path")..];
    let mut eve = Walker::at(&server.url);
    eve.signs_in("eve@example.com").await;
    eve.get(path).await.is(404);
    let mut ada = Walker::at(&server.url);
    ada.signs_in("ada@example.com").await;
    let waits = ada.get(path).await;
    waits.is(200).page_says("Show the secret");
    let shown = ada.submit(&waits, &[]).await;
    let secret = shown.is(200).never_stored().hex_codes().into_iter().find(|code| *code != id).expect("a secret");
    let token = [("grant_type", "client_credentials"), ("client_id", &id), ("client_secret", &secret)];
    server.post("/v1/security/oauth/token", &token).await.is(200);
    ada.get(path).await.is(404).page_says("has been used").page_does_not_say(&secret);
}

#[tokio::test]
async fn a_console_that_listens_apart_is_nowhere_else() {
    let place = served();
    place.adds("ada@example.com", &[]);
    place.run(&["staff", "add", "ada@example.com", "--role", "administrator"]).succeeds();
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    let server = Running::start(command.env("PROSPER_CONSOLE_LISTEN", "127.0.0.1:0"));
    let log = server.log();
    let line = log.lines().find(|line| line.contains("a listener of its own")).expect("the log says where");
    let at = line.split("listen=").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("an address");
    let apart = format!("http://{}", at.trim_matches('"'));

    let mut inside = Walker::at(&apart);
    inside.signs_in("ada@example.com").await;
    let asks = inside.get("/console/sign-in").await;
    asks.is(200);
    inside.submit(&asks, &[("password", PASSWORD)]).await.is(303);
    inside.get("/console").await.is(200).page_says("Nothing waits");
    inside.get("/account").await.is(200).page_says("Staff console");
    let mut outside = Walker::at(&server.url);
    outside.signs_in("ada@example.com").await;
    let address = format!("{apart}/console");
    outside.get("/account").await.is(200).page_does_not_say("Staff console").page_says(&address);
    assert!(line.contains(&format!("url=\"{address}\"")), "{line}");
    place.adds("eve@example.com", &[]);
    let mut other = Walker::at(&server.url);
    other.signs_in("eve@example.com").await;
    other.get("/account").await.is(200).page_does_not_say(&address);
    // The same cookies at the main listener open nothing.
    let mut outside = Walker { base: server.url.clone(), ..inside };
    for path in ["/console", "/console/sign-in", "/console/accounts", "/console/"] {
        outside.get(path).await.is(404);
    }
    outside.get("/account").await.is(200);
}

#[test]
fn the_doctor_looks_at_the_listener_of_the_console_and_says_where_staff_open_it() {
    let place = Place::new();
    let of_the_console = |listen: &str| {
        let mut command = place.command(&["--json", "doctor"]);
        let command = command.env("PROSPER_LISTEN", "127.0.0.1:0").env("PROSPER_CONSOLE_LISTEN", listen);
        let rows = Ran::of(command).json();
        let row = rows.as_array().expect("a list").iter().find(|row| row["what"] == "console").expect("a row").clone();
        format!("{}: {}", row["state"].as_str().expect("text"), row["finding"].as_str().expect("text"))
    };
    let held = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = held.local_addr().expect("an address").to_string();
    let taken = of_the_console(&address);
    assert!(taken.starts_with("wrong: ") && taken.contains("`console_listen`"), "{taken}");
    drop(held);
    let free = of_the_console(&address);
    assert_eq!(free, format!("well: {address} is free; staff open http://{address}/console"));
    assert!(of_the_console("127.0.0.1:0").contains("the log of `prosper serve` says which"));
}

/// Somebody with cookies, at a server that runs by itself.
struct Walker {
    base: String,
    client: Client,
    cookies: HashMap<String, String>,
}

impl Walker {
    fn at(base: &str) -> Self {
        Self { base: base.to_owned(), client: Client::new(), cookies: HashMap::new() }
    }

    async fn get(&mut self, path: &str) -> Exchange {
        self.send("GET", path, "").await
    }

    /// Sends the form of a page that has these fields.
    async fn submit(&mut self, page: &Exchange, fields: &[(&str, &str)]) -> Exchange {
        let form_of = Form::with(&page.body, fields).unwrap_or_else(|| panic!("no such form\n{}", page.told()));
        let hidden = form_of.hidden.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let pairs: Vec<_> = hidden.chain(fields.iter().copied()).collect();
        self.send("POST", &form_of.action, &form(&pairs)).await
    }

    async fn signs_in(&mut self, email: &str) {
        let page = self.get("/login").await;
        self.submit(&page, &[("email", email), ("password", PASSWORD)]).await.is(303);
    }

    async fn send(&mut self, method: &str, path: &str, body: &str) -> Exchange {
        let jar: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let jar = jar.join("; ");
        let kind = ("content-type", "application/x-www-form-urlencoded");
        let all = [("cookie", jar.as_str()), ("sec-fetch-site", "same-origin"), kind];
        let headers = if body.is_empty() && method == "GET" { &all[..2] } else { &all };
        let answer = self.client.send(&self.base, request(method, path, headers, body)).await;
        for line in answer.headers.get_all("set-cookie") {
            let pair = line.to_str().expect("text").split(';').next().expect("a pair");
            let (name, value) = pair.split_once('=').expect("a pair");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }
}
