//! The built binary, run as a person runs it: in a data directory of its own, with an environment of its own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::exchange::{self, Exchange};

/// A place to run the binary in: `data` is its data directory.
pub struct Place {
    folder: TempDir,
    /// What is run: what was just built, unless another is put here.
    pub binary: PathBuf,
    /// The address of a database elsewhere. All places on one have the same master key.
    pub database: Option<String>,
    master_key: String,
    /// The trust anchors it knows, when they are not the system's.
    trusted: Option<PathBuf>,
}

/// A command that has ended.
#[derive(Debug)]
pub struct Ran {
    asked: String,
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// A server that runs. Dropping it kills it, so that a failing test leaves nothing behind.
pub struct Running {
    child: Child,
    /// What it said on standard error so far.
    log: Arc<Mutex<String>>,
    pub url: String,
    client: exchange::Client,
}

impl Place {
    pub fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let binary = env!("CARGO_BIN_EXE_prosper").into();
        Self { folder, binary, database: None, master_key: "5a".repeat(32), trusted: None }
    }

    /// A node of its own on a database elsewhere.
    pub fn on(database: &str) -> Self {
        Self { database: Some(database.to_owned()), ..Self::new() }
    }

    /// Takes over the key that another place made for itself.
    pub fn master_key_of(&mut self, other: &Self) {
        let key = std::fs::read_to_string(other.data().join("master.key")).expect("a key");
        key.trim().clone_into(&mut self.master_key);
    }

    /// Makes a certificate the one trust anchor of what is run here.
    pub fn trusts(&mut self, pem: &str) {
        let path = self.file("trusted.pem");
        std::fs::write(&path, pem).expect("written");
        self.trusted = Some(path);
    }

    /// The data directory, made by whoever starts first.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A path of the test's own.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A command that knows its data directory and nothing else.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.bare(&["--data-dir", self.data().to_str().expect("text")]);
        command.args(arguments);
        command
    }

    /// A command that knows nothing.
    pub fn bare(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .env_clear()
            .env("PROSPER_SAMPLE_RESOURCE", "true")
            .env("HOME", self.folder.path())
            .env("TMPDIR", self.folder.path());
        command.env("PATH", "/usr/bin:/bin").stdin(Stdio::null()).current_dir(self.folder.path());
        if let Some(trusted) = &self.trusted {
            command.env("SSL_CERT_FILE", trusted);
        }
        if let Some(database) = &self.database {
            command.env("PROSPER_DATABASE", database).env("PROSPER_MASTER_KEY", &self.master_key);
        }
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&mut self.command(arguments))
    }

    /// Runs a command that is told something on its standard input.
    pub fn tell(&self, said: &str, arguments: &[&str]) -> Ran {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        child.stdin.take().expect("a pipe").write_all(said.as_bytes()).expect("it listens");
        Ran::ended(format!("{arguments:?}"), &child.wait_with_output().expect("it ends"))
    }

    /// Serves, and waits until it does.
    pub fn serve(&self) -> Running {
        Running::start(&mut self.command(&["serve", "--listen", "127.0.0.1:0"]))
    }

    /// A sandbox that keeps its directory, with what its ready file says.
    pub fn sandbox(&self) -> (Running, Value) {
        let ready = self.file("ready.json");
        let mut command = self.command(&["sandbox", "--listen", "127.0.0.1:0", "--ready-file"]);
        let running = Running::awaiting(command.arg(&ready).stdout(Stdio::null()), || {
            let told: Value = serde_json::from_str(&std::fs::read_to_string(&ready).ok()?).ok()?;
            Some(told["base_url"].as_str()?.to_owned())
        });
        let told = std::fs::read_to_string(&ready).expect("the file is there");
        (running, serde_json::from_str(&told).expect("it is JSON"))
    }

    /// Makes somebody, with a password that is good.
    pub fn adds(&self, email: &str, more: &[&str]) {
        let mut arguments = vec!["user", "add", email, "--name", "Somebody Real", "--password-stdin"];
        arguments.extend_from_slice(more);
        self.tell(PASSWORD, &arguments).succeeds();
    }

    /// Registers a personal app for somebody; its client id and secret.
    pub fn registers(&self, email: &str) -> (String, String) {
        let ran = self.run(&[
            "--json", "app", "register", "--kind", "personal", "--owner", email, "--name", "Theirs", "--phone", "55501",
        ]);
        let told = ran.succeeds().json();
        let text = |name: &str| told[name].as_str().expect("text").to_owned();
        (text("client_id"), text("client_secret"))
    }
}

/// The password of everybody whom [`Place::adds`].
pub const PASSWORD: &str = "a few unrelated words";

impl Ran {
    pub fn of(command: &mut Command) -> Self {
        let asked = format!("{:?}", command.get_args());
        Self::ended(asked, &command.output().expect("the binary runs"))
    }

    fn ended(asked: String, output: &std::process::Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let code = output.status.code().unwrap_or(-1);
        Self { asked, code, out: text(&output.stdout), err: text(&output.stderr) }
    }

    pub fn told(&self) -> String {
        format!("--- {}\nended with {}\n--- out\n{}\n--- err\n{}", self.asked, self.code, self.out, self.err)
    }

    #[track_caller]
    pub fn succeeds(&self) -> &Self {
        assert_eq!(self.code, 0, "{}", self.told());
        self
    }

    /// Ends with `code`, and says these words on standard error.
    #[track_caller]
    pub fn fails(&self, code: i32, words: &str) -> &Self {
        assert_eq!(self.code, code, "{}", self.told());
        assert!(self.err.contains(words), "does not say {words:?}\n{}", self.told());
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|problem| panic!("{problem}\n{}", self.told()))
    }
}

impl Running {
    /// Starts a server and waits until its log says where it serves.
    pub fn start(command: &mut Command) -> Self {
        let log = Arc::new(Mutex::new(String::new()));
        let heard = Arc::clone(&log);
        Self::begin(command, log, move || {
            let log = heard.lock().expect("no test panics while it holds the log");
            let (_, rest) = log.split_once("serving url=\"")?;
            Some(rest.split_once('"')?.0.to_owned())
        })
    }

    fn awaiting(command: &mut Command, url: impl Fn() -> Option<String>) -> Self {
        Self::begin(command, Arc::default(), url)
    }

    fn begin(command: &mut Command, log: Arc<Mutex<String>>, url: impl Fn() -> Option<String>) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the binary runs");
        let lines = BufReader::new(child.stderr.take().expect("a pipe"));
        let written = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let mut log = written.lock().expect("no test panics while it holds the log");
                log.push_str(&line);
                log.push('\n');
            }
        });
        let mut running = Self { child, log, url: String::new(), client: exchange::Client::new() };
        running.url = until(PATIENCE, || {
            let ended = running.child.try_wait().expect("it is ours");
            assert!(ended.is_none(), "it ended ({ended:?}):\n{}", running.log());
            url()
        })
        .unwrap_or_else(|| panic!("it does not serve:\n{}", running.log()));
        running
    }

    /// Starts a server whose standard output goes to the file `printed`, and answers the curl lines on it.
    pub fn printing(command: &mut Command, printed: &Path) -> (Self, Vec<String>) {
        let running = Self::awaiting(command, || {
            let text = std::fs::read_to_string(printed).ok()?;
            let (_, rest) = text.split_once("sandbox at ")?;
            // The last line it prints is the one that asks for a code.
            text.contains("read -r code").then(|| rest.lines().next().map(str::to_owned))?
        });
        let text = std::fs::read_to_string(printed).expect("readable");
        (running, text.lines().filter(|line| line.starts_with("curl ")).map(str::to_owned).collect())
    }

    pub fn log(&self) -> String {
        self.log.lock().expect("no test panics while it holds the log").clone()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw).expect("a pid");
        rustix::process::kill_process(pid, signal).expect("it runs");
    }

    /// Stops it as a service manager does, and answers how it ended and how long that took.
    pub fn stop(mut self) -> (ExitStatus, Duration) {
        let began = Instant::now();
        self.signal(rustix::process::Signal::TERM);
        (self.child.wait().expect("it is ours"), began.elapsed())
    }

    /// Kills it between two instructions.
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it is ours");
    }

    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Exchange {
        self.client.send(&self.url, exchange::request(method, path, headers, body)).await
    }

    pub async fn get(&self, path: &str) -> Exchange {
        self.send("GET", path, &[], "").await
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Exchange {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send("POST", path, &headers, &exchange::form(form)).await
    }

    pub async fn password_grant(&self, (id, secret): &(String, String), username: &str, password: &str) -> Exchange {
        let form = [
            ("grant_type", "password"),
            ("client_id", id),
            ("client_secret", secret),
            ("username", username),
            ("password", password),
        ];
        self.post("/v1/security/oauth/token", &form).await
    }

    pub async fn refresh(&self, (id, secret): &(String, String), token: &str) -> Exchange {
        let form =
            [("grant_type", "refresh_token"), ("client_id", id), ("client_secret", secret), ("refresh_token", token)];
        self.post("/v1/security/oauth/token", &form).await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already, which is no failure here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks again and again until there is something to see, at most for `patience`.
pub fn until<T>(patience: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let began = Instant::now();
    loop {
        if let Some(seen) = look() {
            return Some(seen);
        }
        if began.elapsed() > patience {
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The permissions of a file.
pub fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;

    std::fs::metadata(path).unwrap_or_else(|problem| panic!("{}: {problem}", path.display())).permissions().mode()
        & 0o777
}

/// Every byte of every file of a directory.
pub fn bytes_in(directory: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
        if entry.path().is_file() {
            std::fs::File::open(entry.path()).and_then(|mut file| file.read_to_end(&mut all)).expect("readable");
        }
    }
    all
}

pub fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// How long a busy machine may take to start a server.
const PATIENCE: Duration = Duration::from_mins(1);
