//! Clients that nobody here wrote, against the built binary: `curl`, the `oauth2` crate, and from `PyPI` and npm Authlib,
//! requests-oauthlib and openid-client. Each goes through the password and refresh flow and through Login with Prosper.
//! Also what this repository hands to others: the client crate and the examples.
//!
//! `tests/clients/install` brings what comes from `PyPI` and npm.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use oauth2::basic::BasicClient;
use oauth2::{AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, PkceCodeChallenge, RedirectUrl};
use oauth2::{RequestTokenError, ResourceOwnerPassword, ResourceOwnerUsername, Scope, TokenResponse as _, TokenUrl};
use prosper_client::{Callback, Credentials, Error, InvestorApi, Login};
use serde_json::Value;

use crate::prosper::browser::Form;
use crate::prosper::exchange::{Client, Exchange, form, request};
use crate::prosper::sandbox::{ROOT, Sandbox, clients, is_there, run, text};
use crate::prosper::{Prosper, skipped};

#[allow(dead_code, unreachable_pub)]
#[path = "../../examples/investor_api.rs"]
mod investor_api;

use investor_api::through_hyper;

/// A Python that has this module, or a line that says what to do.
fn python_with(module: &str) -> Option<PathBuf> {
    let has = |python: &Path| {
        let found = Command::new(python).args(["-c", &format!("import {module}")]).stderr(Stdio::null()).status();
        found.is_ok_and(|status| status.success())
    };
    let found = [clients("venv/bin/python"), "python3".into()].into_iter().find(|python| has(python));
    if found.is_none() {
        skipped(&format!("no Python with {module} was found (tests/clients/install brings one)"));
    }
    found
}

/// Is `curl` there? Says so when it is not.
fn curl_is_there() -> bool {
    let there = is_there("curl");
    if !there {
        skipped("curl was not found");
    }
    there
}

/// Encodes what cannot stand in a form as it is, and nothing else: people type `@` and `!` as they are.
fn as_typed(value: &str) -> String {
    let typed = value.chars().map(|c| match c {
        '+' | '%' | '&' | '=' | '\'' => format!("%{:02X}", u32::from(c)),
        ' ' => "+".into(),
        _ => c.to_string(),
    });
    typed.collect()
}

#[test]
fn curl_runs_the_documents_own_examples() {
    if !curl_is_there() {
        return;
    }
    let sandbox = Sandbox::start();
    let settings = sandbox.settings();
    let run_line = |line: &str, refresh_token: &str| -> Value {
        let line = line
            .replace("https://api.prosper.com", sandbox.base())
            .replace("<your_client-id>", &settings["CLIENT_ID"])
            .replace("<your_client_id>", &settings["CLIENT_ID"])
            .replace("<your_client_secret>", &settings["CLIENT_SECRET"])
            .replace("<prosper_account_username>", &as_typed(&settings["USERNAME"]))
            .replace("<prosper_account_password>", &as_typed(&settings["PASSWORD"]))
            .replace("<existing_refresh_token_from_user_token_request>", refresh_token);
        assert!(!line.contains('<'), "{line}");
        serde_json::from_str(&run(Command::new("sh").args(["-c", &line]))).expect("JSON")
    };
    let first = run_line(
        r#"curl -X POST -H "Accept: application/json" -H "Content-Type: application/x-www-form-urlencoded" -d 'grant_type=password&client_id=<your_client-id>&client_secret=<your_client_secret>&username=<prosper_account_username>&password=<prosper_account_password>' 'https://api.prosper.com/v1/security/oauth/token'"#,
        "",
    );
    assert_eq!((&first["token_type"], &first["expires_in"]), (&"bearer".into(), &3_599.into()), "{first}");
    let again = run_line(
        r#"curl -X POST -H "Accept: application/json" -H "Content-Type: application/x-www-form-urlencoded" -d 'grant_type=refresh_token&client_id=<your_client_id>&client_secret=<your_client_secret>&refresh_token=<existing_refresh_token_from_user_token_request>' 'https://api.prosper.com/v1/security/oauth/token'"#,
        text(&first["refresh_token"]),
    );
    assert_eq!(again["refresh_token"], first["refresh_token"]);
    assert_ne!(again["access_token"], first["access_token"]);
}

#[test]
fn python_runs_the_documents_own_examples() {
    let Some(python) = python_with("requests") else { return };
    let sandbox = Sandbox::start();
    let settings = sandbox.settings();
    let url = format!("{}/v1/security/oauth/token", sandbox.base());
    let mut script = Command::new(python);
    script.args(["tests/clients/documents_examples.py", &url]);
    script.args(["CLIENT_ID", "CLIENT_SECRET", "USERNAME", "PASSWORD"].map(|name| as_typed(&settings[name])));
    assert!(run(&mut script).ends_with(": ok\n"));
}

#[test]
fn curl_runs_both_flows() {
    if !curl_is_there() {
        return;
    }
    let sandbox = Sandbox::start();
    let login = sandbox.app("login");
    let mut script = Command::new("tests/clients/curl.sh");
    script.current_dir(ROOT).envs(sandbox.settings());
    script.env("LOGIN_ID", text(&login["client_id"])).env("LOGIN_SECRET", text(&login["client_secret"]));
    script.env("REDIRECT_URI", text(&login["redirect_uris"][0]));
    assert!(run(&mut script).ends_with("curl: ok\n"));
}

#[test]
fn authlib_runs_both_flows() {
    python_client_runs("authlib", "tests/clients/authlib_client.py");
}

#[test]
fn requests_oauthlib_runs_both_flows() {
    python_client_runs("requests_oauthlib", "tests/clients/requests_oauthlib_client.py");
}

fn python_client_runs(module: &str, script: &str) {
    let Some(python) = python_with(module) else { return };
    let sandbox = Sandbox::start();
    assert!(run(Command::new(python).arg(script).arg(sandbox.ready_file())).ends_with(": ok\n"));
}

#[test]
fn openid_client_runs_both_flows() {
    let modules = clients("node_modules");
    if !is_there("node") || !modules.join("openid-client").is_dir() {
        return skipped("no node with openid-client was found (tests/clients/install brings the latter)");
    }
    let sandbox = Sandbox::start();
    let mut script = Command::new("node");
    script.arg("tests/clients/openid-client.mjs").arg(sandbox.ready_file()).arg(modules);
    assert!(run(&mut script).ends_with(": ok\n"));
}

/// Walks from an authorize URL to where the application is sent back to, as a browser without script.
async fn walk(sandbox: &Sandbox, url: &str) -> String {
    let who = sandbox.person(&"mary@example.com".into());
    let (client, base) = (Client::new(), sandbox.base());
    let mut cookies: HashMap<String, String> = HashMap::new();
    let mut next = request("GET", url.strip_prefix(base).expect("a URL of ours"), &[], "");
    for _ in 0..20 {
        let jar: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        next.headers_mut().insert("cookie", jar.join("; ").parse().expect("a header"));
        let answer: Exchange = client.send(base, next).await;
        for line in answer.headers.get_all("set-cookie") {
            let pair = line.to_str().expect("text").split(';').next().expect("a pair");
            let (name, value) = pair.split_once('=').expect("a pair");
            cookies.insert(name.to_owned(), value.to_owned());
        }
        if let Some(place) = answer.header("location") {
            let place = place.strip_prefix(base).unwrap_or(place);
            if !place.starts_with('/') {
                return place.to_owned();
            }
            next = request("GET", place, &[], "");
            continue;
        }
        let sign_in = [("email", text(&who["email"])), ("password", text(&who["password"]))];
        let allow = [("decision", "allow")];
        let fields = if answer.is(200).body.contains("name=\"password\"") { &sign_in[..] } else { &allow };
        let page = Form::with(&answer.body, fields).unwrap_or_else(|| panic!("no form\n{}", answer.told()));
        let hidden = page.hidden.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let pairs: Vec<_> = hidden.chain(fields.iter().copied()).collect();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        next = request("POST", &page.action, &headers, &form(&pairs));
    }
    panic!("redirected in circles");
}

/// Sends a request of the `oauth2` crate.
async fn through_http(asked: oauth2::HttpRequest) -> Result<oauth2::HttpResponse, std::io::Error> {
    let (parts, body) = asked.into_parts();
    let url: url::Url = parts.uri.to_string().parse().expect("a URL");
    let headers: Vec<_> =
        parts.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().expect("text"))).collect();
    let body = String::from_utf8(body).expect("text");
    let asked = request(parts.method.as_str(), url.path(), &headers, &body);
    let answer = Client::new().send(&url.origin().ascii_serialization(), asked).await;
    let mut response = http::Response::builder().status(answer.status);
    *response.headers_mut().expect("no error yet") = answer.headers.clone();
    Ok(response.body(answer.body.into_bytes()).expect("a response"))
}

#[tokio::test]
async fn the_oauth2_crate_runs_both_flows() {
    let sandbox = Sandbox::start();
    for how in [AuthType::RequestBody, AuthType::BasicAuth] {
        oauth2_crate_reads_the_account(&sandbox, how.clone()).await;
        oauth2_crate_logs_in(&sandbox, how).await;
    }
}

async fn oauth2_crate_reads_the_account(sandbox: &Sandbox, how: AuthType) {
    let settings = sandbox.settings();
    let client = BasicClient::new(ClientId::new(settings["CLIENT_ID"].clone()))
        .set_client_secret(ClientSecret::new(settings["CLIENT_SECRET"].clone()))
        .set_auth_type(how)
        .set_token_uri(TokenUrl::new(format!("{}/v1/security/oauth/token", sandbox.base())).expect("a URL"));
    let username = ResourceOwnerUsername::new(settings["USERNAME"].clone());
    let wrong = ResourceOwnerPassword::new("wrong".into());
    let refused = client.exchange_password(&username, &wrong).request_async(&through_http).await;
    let Err(RequestTokenError::ServerResponse(refusal)) = refused else { panic!("not refused: {refused:?}") };
    assert_eq!(refusal.error_description().map(String::as_str), Some("Bad credentials"));

    let password = ResourceOwnerPassword::new(settings["PASSWORD"].clone());
    let first = client.exchange_password(&username, &password).request_async(&through_http).await.expect("tokens");
    assert_eq!(first.expires_in(), Some(Duration::from_secs(3_599)));
    let refresh_token = first.refresh_token().expect("a refresh token");
    let again = client.exchange_refresh_token(refresh_token).request_async(&through_http).await.expect("tokens");
    assert_eq!(again.refresh_token().expect("the same one").secret(), refresh_token.secret());
    let bearer = format!("Bearer {}", again.access_token().secret());
    let asked = request("GET", "/v1/accounts/prosper/", &[("authorization", &bearer)], "");
    Client::new().send(sandbox.base(), asked).await.is(200);
}

async fn oauth2_crate_logs_in(sandbox: &Sandbox, how: AuthType) {
    let (app, base) = (sandbox.app("login"), sandbox.base());
    let client = BasicClient::new(ClientId::new(text(&app["client_id"]).into()))
        .set_client_secret(ClientSecret::new(text(&app["client_secret"]).into()))
        .set_auth_type(how)
        .set_auth_uri(AuthUrl::new(format!("{base}/login/oauth/authorize")).expect("a URL"))
        .set_token_uri(TokenUrl::new(format!("{base}/login/oauth/access-token")).expect("a URL"))
        .set_redirect_uri(RedirectUrl::new(text(&app["redirect_uris"][0]).into()).expect("a URL"));
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let asked = client.authorize_url(CsrfToken::new_random).add_scope(Scope::new("user:email".into()));
    let (url, state) = asked.set_pkce_challenge(challenge).url();

    let back: url::Url = walk(sandbox, url.as_str()).await.parse().expect("a URL");
    let value = |name: &str| back.query_pairs().find(|(sent, _)| sent == name).map(|(_, value)| value.into_owned());
    assert_eq!(value("state").as_ref(), Some(state.secret()));
    let code = AuthorizationCode::new(value("code").expect("a code"));
    let exchange = client.exchange_code(code).set_pkce_verifier(verifier);
    let token = exchange.request_async(&through_http).await.expect("a token");
    let bearer = format!("Bearer {}", token.access_token().secret());
    let user = Client::new().send(base, request("GET", "/api/v2/user", &[("authorization", &bearer)], "")).await;
    assert_eq!(user.is(200).json()["email"], "mary@example.com");
}

#[tokio::test]
async fn the_client_crate_runs_both_flows() {
    let sandbox = Sandbox::start();
    let settings = sandbox.settings();
    assert!(investor_api::run(&settings).await.expect("the example runs").ends_with("of it in cash"));

    let base: url::Url = sandbox.base().parse().expect("a URL");
    let api = InvestorApi::new(base.clone(), Credentials::new(settings["CLIENT_ID"].clone(), "wrong"));
    let refused = api.password(&settings["USERNAME"], settings["PASSWORD"].clone()).send(&through_hyper).await;
    let Err(Error::Refused(refusal)) = refused else { panic!("not refused: {refused:?}") };
    assert_eq!((refusal.status, refusal.code.as_deref()), (401, Some("invalid_client")));
    assert!(refusal.request_id.is_some());

    let app = sandbox.app("login");
    let credentials = Credentials::new(text(&app["client_id"]), text(&app["client_secret"]));
    let login = Login::new(base, credentials, text(&app["redirect_uris"][0]));
    let back = walk(&sandbox, login.authorize("a state").url().as_str()).await.parse().expect("a URL");
    assert_eq!(login.callback(&back, "another state"), Callback::NotOurs);
    let Callback::Code(code) = login.callback(&back, "a state") else { panic!("no code in {back}") };
    let token = login.exchange(&code).send(&through_hyper).await.expect("a token");
    let profile = login.user(&token).send(&through_hyper).await.expect("a profile");
    assert_eq!((&*profile.email, &*profile.first_name), ("mary@example.com", "Mary"));
    let Err(Error::Refused(refusal)) = login.exchange(&code).send(&through_hyper).await else { panic!("twice") };
    assert_eq!((refusal.code, &*refusal.reason), (None, "Invalid code"));
}

#[test]
fn the_investor_api_examples_run() {
    let sandbox = Sandbox::start();
    let mut wrong = sandbox.settings();
    wrong.insert("PASSWORD".into(), "wrong".into());
    let examples = [(curl_is_there(), "examples/investor_api.sh"), (is_there("python3"), "examples/investor_api.py")];
    for (is_there, example) in examples {
        if !is_there {
            skipped(&format!("{example} needs curl or python3"));
            continue;
        }
        let said = run(Command::new(Path::new(ROOT).join(example)).envs(sandbox.settings()));
        assert_eq!(said.lines().filter(|line| !line.is_empty()).count(), said.lines().count(), "{said}");
        let refused = Command::new(Path::new(ROOT).join(example)).envs(&wrong).output().expect("it starts");
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && said.contains("Bad credentials"), "{example}: {said}");
    }
}

#[test]
fn an_example_without_its_settings_says_which_one_it_lacks() {
    if !is_there("python3") {
        return skipped("python3 was not found");
    }
    for example in ["examples/investor_api.py", "examples/login_with_prosper.py"] {
        let mut command = Command::new("python3");
        let lacking = command.arg(example).current_dir(ROOT).env_remove("CLIENT_ID").env("BASE", "http://127.0.0.1:1");
        let lacking = lacking.output().expect("it starts");
        let said = String::from_utf8_lossy(&lacking.stderr);
        assert!(!lacking.status.success(), "{example}");
        assert_eq!(said.trim_end(), format!("CLIENT_ID is not set: see the first lines of {example}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_login_example_greets_whoever_logs_in() {
    if !is_there("python3") {
        return skipped("python3 was not found");
    }
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let (site, redirect) = (format!("http://127.0.0.1:{port}"), format!("http://127.0.0.1:{port}/callback"));
    let app = ada.has_login_app("Example", &[&redirect]).await;
    let mut example = Example::start(&[
        ("BASE", &p.url),
        ("CLIENT_ID", &app.client_id),
        ("CLIENT_SECRET", &app.secret),
        ("REDIRECT_URI", &redirect),
    ]);
    example.waits_for_people();

    let client = Client::new();
    let sent = client.send(&site, request("GET", "/login", &[], "")).await;
    let cookie = sent.is(302).header("set-cookie").expect("a cookie").split(';').next().expect("a pair").to_owned();
    let back = ada.signs_in().await.decides(sent.location(), "allow").await;
    let place = back.location().strip_prefix(&site).expect("its own address").to_owned();
    client.send(&site, request("GET", &place, &[], "")).await.is(400).page_says("not started here");
    let greeted = client.send(&site, request("GET", &place, &[("cookie", &cookie)], "")).await;
    greeted.is(200).page_says("Hello Ada").page_says(&ada.uid.to_string());
    client.send(&site, request("GET", &place, &[("cookie", &cookie)], "")).await.is(502).page_says("Invalid code");
}

/// The login example, running.
struct Example(Child);

impl Example {
    fn start(settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new("python3");
        command.arg("examples/login_with_prosper.py").current_dir(ROOT).envs(settings.iter().copied());
        Self(command.stdout(Stdio::piped()).spawn().expect("it starts"))
    }

    /// It says where it is once it listens.
    fn waits_for_people(&mut self) {
        use std::io::BufRead as _;
        let mut line = String::new();
        let said = self.0.stdout.take().expect("piped");
        std::io::BufReader::new(said).read_line(&mut line).expect("a line");
        assert!(line.starts_with("open http://"), "{line}");
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
