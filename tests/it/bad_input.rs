//! Bad input: each gets a clear error in the shape of its surface, nothing is changed and nothing lost (W-00, W-06; R-37,
//! R-38, R-62, R-63, R-89; TV-14, TV-31). The route table itself says which surfaces there are, so that none is left out.

use std::collections::HashSet;

use prosper::web::routes::ROUTES;
use prosper::web::upload::{MOST_BYTES, takes_a_file};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::prosper::exchange::{form, request};
use crate::prosper::people::PASSWORD;
use crate::prosper::{App, Exchange, Prosper};

const FORM: &str = "application/x-www-form-urlencoded";
const TOKEN: &str = "/v1/security/oauth/token";
const INTROSPECT: &str = "/v1/security/oauth/introspect";
const EXCHANGE: &str = "/login/oauth/access-token";

/// The three shapes in which surfaces speak, told apart a second time by hand.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Object,
    Text,
    Page,
}

fn shape_of(path: &str) -> Shape {
    match path {
        _ if path.starts_with("/v1/") => Shape::Object,
        EXCHANGE | "/api/v2/user" => Shape::Text,
        _ if path.starts_with("/api/") => Shape::Text,
        _ => Shape::Page,
    }
}

/// Is it this refusal, in the shape of its surface?
#[track_caller]
fn refuses(answer: &Exchange, path: &str, status: u16, code: &str, words: &str) {
    answer.is(status).never_stored();
    match shape_of(path) {
        Shape::Object => {
            answer.refused(status, code, words);
        }
        Shape::Text => {
            answer.says(status, words);
        }
        Shape::Page => {
            assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{}", answer.told());
            let policy = answer.header("content-security-policy").unwrap_or_default();
            assert!(
                policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
                "{}",
                answer.told()
            );
        }
    }
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{}", answer.told());
    assert!(answer.header("x-request-id").is_some_and(|id| id.len() == 16), "{}", answer.told());
}

/// Every route, with something in place of what varies. The console's are left out: to whoever is not staff there is
/// nothing at any of them, by any method (R-82; `console`).
fn places() -> impl Iterator<Item = (String, HashSet<&'static str>)> {
    ROUTES.iter().filter(|route| !route.path.starts_with("/console")).map(|route| {
        let place: Vec<_> = route
            .path
            .split('/')
            .map(|part| if part.starts_with('{') { "0123456789abcdef0123456789abcdef" } else { part })
            .collect();
        (place.join("/"), route.methods.split(", ").collect())
    })
}

fn posts() -> impl Iterator<Item = String> {
    places().filter(|(_, methods)| methods.contains("POST")).map(|(place, _)| place)
}

async fn send(p: &Prosper, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Exchange {
    p.send(request(method, path, headers, body)).await
}

#[tokio::test]
async fn a_body_above_sixteen_kibibytes_is_413_in_the_shape_of_its_surface() {
    let p = Prosper::start().await;
    let mut met = HashSet::new();
    for path in posts().filter(|path| !takes_a_file(path)) {
        let body = format!("a={}", "x".repeat(16 * 1_024 - 2));
        let fits = send(&p, "POST", &path, &[("content-type", FORM)], &body).await;
        assert!(fits.status != 413 && fits.status < 500, "16 KiB are read\n{}", fits.told());
        let over = send(&p, "POST", &path, &[("content-type", FORM)], &format!("{body}x")).await;
        refuses(&over, &path, 413, "invalid_request", "Request too large");
        if shape_of(&path) == Shape::Page {
            over.page_says("A form may hold 16 KiB").page_says("go back, where your browser keeps what you typed");
        }
        met.insert(format!("{:?}", shape_of(&path)));
    }
    assert_eq!(met.len(), 3, "all three shapes were met: {met:?}");
}

#[tokio::test]
async fn a_page_that_takes_a_file_reads_the_largest_one_and_no_more() {
    let p = Prosper::start().await;
    let mut met = 0;
    for path in posts().filter(|path| takes_a_file(path)) {
        let body = "x".repeat(MOST_BYTES);
        let fits = send(&p, "POST", &path, &[("content-type", FORM)], &body).await;
        assert!(fits.status != 413 && fits.status < 500, "the largest is read\n{}", fits.status);
        let over = send(&p, "POST", &path, &[("content-type", FORM)], &format!("{body}x")).await;
        refuses(&over, &path, 413, "", "");
        met += 1;
    }
    assert!(met > 0, "no page takes a file");
}

#[tokio::test]
async fn a_body_that_hides_its_length_is_read_no_further_than_sixteen_kibibytes() {
    let p = Prosper::start().await;
    for path in [TOKEN, EXCHANGE, "/login"] {
        let mut stream = tokio::net::TcpStream::connect(p.address).await.expect("a connection");
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: {FORM}\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n",
            p.address
        );
        let chunk = format!("1000\r\n{}\r\n", "x".repeat(4_096));
        let body = format!("{head}{}1\r\nx\r\n0\r\n\r\n", chunk.repeat(4));
        stream.write_all(body.as_bytes()).await.expect("written");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 413"), "{path}: {answer}");
        assert!(answer.to_ascii_lowercase().contains("x-request-id:"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_405_with_one_allow_header() {
    let p = Prosper::start().await;
    let every = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "post"];
    for (path, methods) in places() {
        for method in every.into_iter().filter(|method| !methods.contains(method)) {
            let answer = send(&p, method, &path, &[("origin", "https://evil.example")], "").await;
            let allowed: Vec<_> = answer.headers.get_all("allow").iter().collect();
            assert_eq!(allowed.len(), 1, "{}", answer.is(405).told());
            let told: HashSet<_> = answer.header("allow").expect("text").split(", ").collect();
            assert_eq!(told, methods, "{}", answer.told());
            assert_eq!(answer.header("access-control-allow-origin"), None, "{}", answer.told());
            if method == "HEAD" {
                assert_eq!(answer.body, "");
            } else {
                refuses(&answer, &path, 405, "invalid_request", "Method not allowed");
            }
        }
    }
}

#[tokio::test]
async fn where_nothing_is_the_answer_is_404_in_the_shape_of_the_surface() {
    let p = Prosper::start().await;
    for path in
        ["/v1/", "/v1/security/oauth/tokens", "/v1/security/oauth/token/", "/api/v2/users", "/nothing", "/login/x"]
    {
        for method in ["GET", "POST", "DELETE", "OPTIONS"] {
            let answer = send(&p, method, path, &[("content-type", FORM)], "").await;
            refuses(&answer, path, 404, "invalid_request", "Not found");
        }
    }
    for path in [
        "//login",
        "/LOGIN",
        "/login/oauth/authorize/",
        "/%6cogin",
        "/.well-known/x",
        "/login/../login",
        "/sandbox/clock",
    ] {
        p.get(path).await.is(404);
    }
}

#[tokio::test]
async fn a_code_in_a_request_that_is_refused_stays_usable() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.has_an_app_to_log_in_to().await;
    let code = app.code_of(&ada).await;
    let pairs =
        [("client_id", app.client_id.as_str()), ("client_secret", app.secret.as_str()), ("code", code.as_str())];
    let query = format!("{EXCHANGE}?{}", form(&pairs));
    let good = form(&pairs);
    for method in ["GET", "HEAD", "PUT", "OPTIONS"] {
        send(&p, method, &query, &[("content-type", FORM)], &good).await.is(405);
    }
    for (kind, body) in [
        (FORM, format!("{good}&{good}")),
        (FORM, format!("{good}&x=%00")),
        (FORM, format!("{good}&x=%ff")),
        (FORM, format!("{good}&x={}", "x".repeat(17_000))),
        ("text/plain", good.clone()),
        ("multipart/form-data; boundary=x", good.clone()),
        ("application/x-www-form-urlencoded; charset=utf-16", good.clone()),
        ("application/json", good.clone()),
        (FORM, format!("{good}&grant_type=password")),
    ] {
        let answer = send(&p, "POST", EXCHANGE, &[("content-type", kind)], &body).await;
        assert!(matches!(answer.status, 400 | 413), "{}", answer.told());
    }
    send(&p, "POST", EXCHANGE, &[("content-type", FORM), ("content-encoding", "gzip")], &good).await.is(400);
    send(&p, "POST", &query, &[("content-type", FORM)], "").await.says(400, "Client not found");
    send(&p, "POST", EXCHANGE, &[("content-type", FORM)], &good).await.login_token();
}

/// What no reader may read: each is the surface's own row for a request of a bad shape.
#[tokio::test]
async fn a_body_that_is_not_what_it_says_is_a_bad_request_everywhere() {
    let p = Prosper::start().await;
    let deep = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    let form_kinds: &[&[(&str, &str)]] = &[
        &[],
        &[("content-type", "text/plain")],
        &[("content-type", "multipart/form-data; boundary=x")],
        &[("content-type", FORM), ("content-type", FORM)],
        &[("content-type", FORM), ("content-type", "application/json")],
        &[("content-type", "application/x-www-form-urlencoded; charset=utf-16")],
        &[("content-type", FORM), ("content-encoding", "gzip")],
        &[("content-type", FORM), ("content-encoding", "identity"), ("content-encoding", "br")],
    ];
    for path in [TOKEN, INTROSPECT, EXCHANGE] {
        let words = if path == EXCHANGE { "Invalid request" } else { "Bad request" };
        for headers in form_kinds {
            let answer = send(&p, "POST", path, headers, "grant_type=password&client_id=x").await;
            refuses(&answer, path, 400, "invalid_request", words);
        }
        for body in
            ["a=%ff", "a=%00", "%00=a", "a=%C3%28", "client_id=a&client_id=b", "client_secret=a&client_secret=a"]
        {
            let answer = send(&p, "POST", path, &[("content-type", FORM)], body).await;
            refuses(&answer, path, 400, "invalid_request", words);
        }
        if path != EXCHANGE {
            let answer = send(&p, "POST", path, &[("content-type", "application/json")], "{}").await;
            refuses(&answer, path, 400, "invalid_request", words);
        }
    }
    for body in [
        String::new(),
        "[]".into(),
        "null".into(),
        "\"code\"".into(),
        "{\"code\":\"x\"".into(),
        "{\"code\":\"x\"}{}".into(),
        "{\"code\":\"x\",\"code\":\"y\"}".into(),
        "{\"code\":\"x\",\"c\\u006fde\":\"y\"}".into(),
        "{\"code\":\"\\u0000\"}".into(),
        "{\"code\":\"\\ud800\"}".into(),
        "{code:1}".into(),
        deep(33),
    ] {
        send(&p, "POST", EXCHANGE, &[("content-type", "application/json")], &body).await.says(400, "Invalid request");
    }
    for body in [
        "{}".to_owned(),
        deep(32),
        "{\"x\":1,\"x\":2}".into(),
        "{\"client_id\":7}".into(),
        "{\"client_id\":null}".into(),
    ] {
        send(&p, "POST", EXCHANGE, &[("content-type", "application/json")], &body).await.says(400, "Client not found");
    }
}

#[tokio::test]
async fn bytes_that_are_no_utf_8_are_a_bad_request_on_every_surface() {
    let p = Prosper::start().await;
    for path in posts() {
        let mut stream = tokio::net::TcpStream::connect(p.address).await.expect("a connection");
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: {FORM}\r\ncontent-length: 4\r\nconnection: close\r\n\r\n",
            p.address
        );
        stream.write_all(&[head.as_bytes(), b"a=\xff\xfe"].concat()).await.expect("written");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("an answer");
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 400"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_page_reads_forms_and_nothing_else_and_each_field_once() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    for path in posts().filter(|path| shape_of(path) == Shape::Page) {
        for kind in ["application/json", "text/plain", "multipart/form-data; boundary=x"] {
            let answer = send(&p, "POST", &path, &[("content-type", kind)], "email=a").await;
            // The pages that take a file do read this kind, and this is none of it.
            let status = if takes_a_file(&path) && kind.starts_with("multipart") { 400 } else { 415 };
            refuses(&answer, &path, status, "", "");
        }
        for body in ["a=%00", "a=%ff"] {
            let answer = send(&p, "POST", &path, &[("content-type", FORM)], body).await;
            refuses(&answer, &path, 400, "", "");
        }
        // A client's state may be any bytes, so the front channels read the query for themselves (L-03).
        if !["/oauth", "/login/oauth/authorize"].contains(&path.as_str()) {
            let answer = send(&p, "POST", &format!("{path}?a=%00"), &[("content-type", FORM)], "").await;
            refuses(&answer, &path, 400, "", "");
        }
    }
    let browser = p.browser();
    let page = browser.visit("/login").await;
    let fields = [("email", "ada@example.com"), ("email", "eve@example.com"), ("password", PASSWORD)];
    browser.submit(&page, &fields).await.is(400);
    assert!(p.p.store.sessions_of(ada.id).await.expect("read").is_empty());
    browser.submit(&page, &[("email", "ada@example.com"), ("password", PASSWORD)]).await.is(303);
}

#[tokio::test]
async fn a_password_of_ten_kilobytes_is_refused_before_a_hash_is_spent_on_it() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Own").await;
    let browser = p.browser();
    let page = browser.visit("/login").await;
    let before = p.p.passwords.hashes_started();
    let long = "x".repeat(10_240);
    let answer = app.password_grant_as("ada@example.com", &long).await;
    answer.refused(400, "invalid_grant", "Missing/Invalid username or password");
    browser.submit(&page, &[("email", "ada@example.com"), ("password", &long)]).await.is(400);
    let longer = "x".repeat(1_048_576);
    app.password_grant_as("ada@example.com", &longer).await.refused(413, "invalid_request", "Request too large");
    assert_eq!(p.p.passwords.hashes_started(), before);
    app.password_grant(&ada).await.tokens();
}

#[tokio::test]
async fn a_head_above_sixteen_kibibytes_is_431_and_one_below_it_is_read() {
    let p = Prosper::start().await;
    for path in [TOKEN, EXCHANGE, "/login", "/api/v2/user"] {
        let (long, short) = ("x".repeat(16 * 1_024), "x".repeat(12 * 1_024));
        let answer = send(&p, "GET", path, &[("x-long", &long)], "").await;
        assert!(answer.is(431).header("x-request-id").is_some(), "{}", answer.told());
        send(&p, "GET", &format!("{path}?{long}"), &[], "").await.is(431);
        assert_ne!(send(&p, "GET", path, &[("x-long", &short)], "").await.status, 431);
    }
}

#[tokio::test]
async fn a_head_of_a_page_is_its_get_without_the_body_and_makes_nothing() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let browser = ada.signs_in().await;
    for (path, methods) in places().filter(|(_, methods)| methods.contains("HEAD")) {
        assert!(methods.contains("GET"), "{path}");
        let get = browser.send("GET", &path, &[], "").await;
        let head = browser.send("HEAD", &path, &[], "").await;
        assert_eq!((head.status, head.body.as_str()), (get.status, ""), "{}\n{}", head.told(), get.told());
    }
    let app = ada.has_an_app_to_log_in_to().await;
    browser.code_for(&app).await;
    let place = app.authorize_url(crate::prosper::login::CALLBACK, "s");
    let head = browser.send("HEAD", &place, &[], "").await;
    assert_eq!(head.is(405).header("location"), None);
}

#[tokio::test]
async fn every_answer_has_an_id_of_its_own_and_none_can_be_sniffed() {
    let p = Prosper::start().await;
    let mut seen = HashSet::new();
    for (path, _) in places() {
        for method in ["GET", "POST", "DELETE"] {
            let answer = send(&p, method, &path, &[("content-type", FORM), ("x-request-id", "mine")], "a=b").await;
            let id = answer.header("x-request-id").unwrap_or_else(|| panic!("no id\n{}", answer.told())).to_owned();
            assert_eq!(id.len(), 16, "{}", answer.told());
            assert!(seen.insert(id), "{}", answer.told());
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{}", answer.told());
            assert!(answer.status < 500, "{}", answer.told());
            if !path.starts_with("/assets/") && !path.starts_with("/logos/") {
                assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", answer.told());
            }
        }
    }
}

/// A few hundred bodies of whatever bytes: no answer is a fault of ours, and who was there still is.
#[tokio::test]
async fn garbage_is_nobodys_fault_but_the_senders() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Own").await;
    let tokens = app.password_grant(&ada).await.tokens();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let words = [
        "grant_type=",
        "password",
        "&",
        "=",
        "%",
        "client_id=",
        &app.client_id,
        "{",
        "\"code\":",
        "\"",
        "é",
        "+",
        "\u{202e}",
    ];
    for path in [TOKEN, INTROSPECT, EXCHANGE, "/login", "/logout"] {
        for _ in 0..60 {
            let length = draw(12);
            let body: String = (0..length).map(|_| words[usize::try_from(draw(13)).expect("small")]).collect();
            let kind = if draw(3) == 0 { "application/json" } else { FORM };
            let answer = send(&p, "POST", path, &[("content-type", kind)], &body).await;
            assert!((400..500).contains(&answer.status) || answer.status == 303, "{}", answer.told());
            if shape_of(path) != Shape::Page {
                serde_json::from_str::<Value>(&answer.body).unwrap_or_else(|_| panic!("no JSON\n{}", answer.told()));
            }
        }
    }
    assert!(p.is_good(&tokens).await);
    let same = App { ..app.clone() };
    same.refresh(&tokens).await.tokens();
}
