//! The programs that an application's page offers: curl's are run, Rust's compiled, Python's and JavaScript's parsed.
//!
//! Rust's are compiled against the few signatures of reqwest 0.13 and `serde_json` that they use, written out below, since
//! nothing here needs reqwest itself.

use std::path::Path;
use std::process::{Command, Stdio};

use prosper::domain::application::ApplicationKind;
use serde_json::Value;

use crate::prosper::browser::unescape;
use crate::prosper::login::CALLBACK;
use crate::prosper::sandbox::is_there;
use crate::prosper::{App, Browser, Prosper, skipped};

const AGENT: &str = "https://agent.example/cb";

/// One application of each kind of program, and a browser of their owner's.
struct Town<'s> {
    apps: Vec<(App<'s>, Browser<'s>)>,
}

impl<'s> Town<'s> {
    async fn of(p: &'s Prosper) -> Self {
        // What is in an address must not break out of a program.
        let own = p.investor("o'hara+$x@example.com").await;
        let agent = p.agent("agent@example.com").await;
        let owner = p.institution("owner@example.com").await;
        Self {
            apps: vec![
                (own.registers_own_app("Own").await, own.signs_in().await),
                (agent.registers_agent_app("Agent", AGENT).await, agent.signs_in().await),
                (owner.has_login_app("Login", &[CALLBACK]).await, owner.signs_in().await),
                (owner.has_app(ApplicationKind::Partner, "Partner").await, owner.signs_in().await),
                (owner.has_app(ApplicationKind::Api, "Api").await, owner.signs_in().await),
            ],
        }
    }

    /// The programs of the application at `at`.
    async fn programs(&self, at: usize, language: &str) -> Vec<String> {
        let (app, browser) = &self.apps[at];
        let page = browser.visit(&format!("/oauth/apps/{}?lang={language}", app.id.hex())).await;
        let mark = format!("data-for=\"{language}\"><code>");
        let programs = page.is(200).body.split(&mark).skip(1);
        programs.map(|rest| unescape(rest.split("</code>").next().expect("it ends"))).collect()
    }

    async fn all(&self, language: &str) -> Vec<String> {
        let mut all = Vec::new();
        for at in 0..self.apps.len() {
            all.extend(self.programs(at, language).await);
        }
        assert_eq!(all.len(), 8, "two of own use, an agent and a login each, one of the others");
        all
    }
}

/// Runs a program of a shell with these in its environment, and reads what it said.
async fn runs(program: &str, environment: &[(&str, &str)]) -> Value {
    let mut command = Command::new("sh");
    command.args(["-c", program]).stdin(Stdio::null());
    command.envs(environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    // The server answers on this thread.
    let outcome = tokio::task::spawn_blocking(move || command.output()).await.expect("joined").expect("it starts");
    serde_json::from_slice(&outcome.stdout)
        .unwrap_or_else(|_| panic!("{program}\n{}", String::from_utf8_lossy(&outcome.stderr)))
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

#[tokio::test]
async fn the_programs_for_curl_run_as_they_stand() {
    if !is_there("curl") {
        return skipped("curl was not found");
    }
    let p = Prosper::start().await;
    let town = Town::of(&p).await;
    let secret = |at: usize| ("CLIENT_SECRET", town.apps[at].0.secret.as_str());
    let programs = async |at| town.programs(at, "curl").await;

    let own = programs(0).await;
    let first = runs(&own[0], &[secret(0), ("PASSWORD", crate::prosper::people::PASSWORD)]).await;
    let again = runs(&own[1], &[secret(0), ("REFRESH_TOKEN", text(&first, "refresh_token"))]).await;
    assert_ne!(text(&again, "access_token"), text(&first, "access_token"));

    let ada = p.investor("ada@example.com").await;
    let link = town.apps[1].0.key_url(&[("response_type", "auth_key"), ("state", "x")]);
    let key = ada.signs_in().await.decides(&link, "allow").await.location_parameter("auth_key").expect("a key");
    let agent = programs(1).await;
    let tokens = runs(&agent[0], &[secret(1), ("AUTH_KEY", &key)]).await;
    runs(&agent[1], &[secret(1), ("REFRESH_TOKEN", text(&tokens, "refresh_token"))]).await;

    let login = programs(2).await;
    let code = town.apps[2].0.code_of(&ada).await;
    let token = runs(&login[0], &[secret(2), ("CODE", &code)]).await;
    let profile = runs(&login[1], &[("ACCESS_TOKEN", text(&token, "access_token"))]).await;
    assert!(profile.to_string().contains("ada@example.com"), "{profile}");

    let own_token = runs(&programs(3).await[0], &[secret(3)]).await;
    let found = runs(&programs(4).await[0], &[secret(4), ("TOKEN", text(&own_token, "access_token"))]).await;
    assert_eq!(found["active"], true, "{found}");
}

/// Fails with what the program says that looks at `code`.
fn passes(checker: &mut Command, code: &str) {
    let outcome = checker.stdin(Stdio::null()).output().expect("it starts");
    assert!(outcome.status.success(), "{code}\n{}", String::from_utf8_lossy(&outcome.stderr));
}

fn written(folder: &Path, name: &str, code: &str) -> std::path::PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, code).expect("written");
    path
}

#[tokio::test]
async fn the_programs_for_python_and_javascript_are_such() {
    let p = Prosper::start().await;
    let town = Town::of(&p).await;
    let folder = tempfile::tempdir().expect("a folder");
    for (program, arguments, language, name) in [
        ("python3", &["-m", "py_compile"][..], "python", "snippet.py"),
        ("node", &["--check"][..], "javascript", "snippet.mjs"),
    ] {
        if !is_there(program) {
            skipped(&format!("{program} was not found"));
            continue;
        }
        for code in town.all(language).await {
            passes(Command::new(program).args(arguments).arg(written(folder.path(), name, &code)), &code);
        }
    }
}

#[tokio::test]
async fn the_programs_for_rust_compile() {
    if !is_there("rustc") {
        return skipped("rustc was not found");
    }
    let p = Prosper::start().await;
    let mut source = SIGNATURES.to_owned();
    for (number, program) in Town::of(&p).await.all("rust").await.iter().enumerate() {
        let function = format!(
            "\npub fn program_{number}() -> Result<(), Box<dyn std::error::Error>> {{\n{program}\n    Ok(())\n}}\n"
        );
        source.push_str(&function);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = written(folder.path(), "snippets.rs", &source);
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition", "2024", "--crate-type", "lib", "--emit", "metadata", "--out-dir"]);
    passes(rustc.arg(folder.path()).arg(path), &source);
}

const SIGNATURES: &str = r#"
#![deny(warnings)]

/// What a form is made of: as serde has it, an array of pairs.
pub trait Pairs {}
impl<const N: usize> Pairs for [(&str, String); N] {}

pub mod serde_json {
    pub struct Value;
    impl std::fmt::Display for Value {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("{}")
        }
    }
}

pub mod reqwest {
    pub mod blocking {
        type Result<T> = std::result::Result<T, std::fmt::Error>;
        #[derive(Default)]
        pub struct Client;
        pub struct RequestBuilder;
        pub struct Response;
        impl Client {
            pub fn new() -> Self {
                Self
            }
            pub fn get<U: AsRef<str>>(&self, _: U) -> RequestBuilder {
                RequestBuilder
            }
            pub fn post<U: AsRef<str>>(&self, _: U) -> RequestBuilder {
                RequestBuilder
            }
        }
        impl RequestBuilder {
            pub fn form<T: crate::Pairs + ?Sized>(self, _: &T) -> Self {
                self
            }
            pub fn bearer_auth<T: std::fmt::Display>(self, _: T) -> Self {
                self
            }
            pub fn send(self) -> Result<Response> {
                Ok(Response)
            }
        }
        impl Response {
            pub fn error_for_status(self) -> Result<Self> {
                Ok(self)
            }
            pub fn json<T: From<crate::serde_json::Value>>(self) -> Result<T> {
                Ok(crate::serde_json::Value.into())
            }
        }
    }
}
"#;
