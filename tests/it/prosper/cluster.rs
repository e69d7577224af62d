//! A private PostgreSQL: made in a temporary folder, on a port of its own, gone with the test run.
//!
//! `initdb` refuses to run as root, so as root everything runs as an unprivileged user. A shell holds the server and our
//! end of its standard input: when this process ends, however it ends, the shell stops the server and clears the folder.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use tokio_postgres::NoTls;

use super::{SERIALIZABLE, is_set};

/// A running cluster.
pub struct Cluster {
    pub port: u16,
    pub folder: PathBuf,
    /// Dropped, or closed with this process: the server stops.
    shell: Child,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

/// The cluster of this test run; `None`, with a line that says why, where there is no PostgreSQL.
pub fn shared() -> Option<&'static Cluster> {
    static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
    // Durability is not what the suite on this cluster is about; the tests that are start their own.
    let mut settings = vec!["fsync=off", "synchronous_commit=off", "max_connections=400"];
    if is_set(SERIALIZABLE) {
        settings.push("default_transaction_isolation=serializable");
    }
    SHARED.get_or_init(|| Cluster::start(&settings)).as_ref()
}

/// The database that belongs to a folder: a new one of the shared cluster, and the same one for a server that starts again
/// there.
pub async fn database_of(folder: &Path) -> String {
    let note = folder.join("database-address");
    if let Ok(address) = std::fs::read_to_string(&note) {
        return address;
    }
    let address = shared().expect("PostgreSQL was there").database().await;
    std::fs::write(&note, &address).expect("a note");
    address
}

/// Every row of every table of a database, in binary.
pub async fn all_rows(address: &str) -> Vec<u8> {
    let (client, connection) = tokio_postgres::connect(address, NoTls).await.expect("reached");
    tokio::spawn(connection);
    let sql = "select table_name::text from information_schema.tables where table_schema = current_schema()";
    let mut all = Vec::new();
    for table in client.query(sql, &[]).await.expect("tables") {
        let copy = format!("copy {} to stdout (format binary)", table.get::<_, String>(0));
        let rows = client.copy_out(&copy).await.expect("rows");
        let mut rows = std::pin::pin!(rows);
        while let Some(bytes) = rows.next().await {
            all.extend_from_slice(&bytes.expect("read"));
        }
    }
    assert!(all.len() > 1_000, "nothing was read");
    all
}

impl Cluster {
    /// Makes and starts a cluster with these settings.
    pub fn start(settings: &[&str]) -> Option<Self> {
        if !is_there() {
            return None;
        }
        let tools = tools()?;
        let folder = tempfile::Builder::new().prefix("prosper-pg-").tempdir().expect("a folder").keep();
        give_away(&folder);
        let data = folder.join("data");
        let made = as_nobody(Command::new(tools.join("initdb")))
            .args(["--auth=trust", "--username=prosper", "--no-sync", "--encoding=UTF8", "--locale=C", "-D"])
            .arg(&data)
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        Some(Self::serve(&tools, folder, settings))
    }

    /// A standby that streams from this cluster. Once it does, nothing is acknowledged that it does not have.
    pub async fn standby(&self, settings: &[&str]) -> Self {
        let tools = tools().expect("this cluster was started with them");
        let folder = tempfile::Builder::new().prefix("prosper-pg-").tempdir().expect("a folder").keep();
        give_away(&folder);
        // A server that listens may still be starting up, and the copy does not try twice.
        drop(self.administrator().await);
        let copied = as_nobody(Command::new(tools.join("pg_basebackup")))
            .args(["--checkpoint=fast", "--no-sync", "--write-recovery-conf", "--wal-method=stream", "-D"])
            .arg(folder.join("data"))
            .args(["-h", "127.0.0.1", "-U", "prosper", "-p", &self.port.to_string()])
            .output()
            .expect("pg_basebackup runs");
        assert!(copied.status.success(), "pg_basebackup: {}", String::from_utf8_lossy(&copied.stderr));
        let mut all = vec!["cluster_name=standby"];
        all.extend(settings);
        let standby = Self::serve(&tools, folder, &all);
        self.tells("alter system set synchronous_standby_names = 'standby'").await;
        self.tells("select pg_reload_conf()").await;
        let until = Instant::now() + Duration::from_secs(30);
        let synchronous = "select count(*) from pg_stat_replication where sync_state = 'sync'";
        while self.asks(synchronous).await != 1 {
            assert!(Instant::now() < until, "the standby does not stream");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        standby
    }

    /// Ends the server as a loss of power would: at once, without a word.
    pub fn kill(&self) {
        let pid = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).expect("a running server");
        let pid = pid.lines().next().and_then(|line| line.parse().ok()).and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(pid.expect("a number"), rustix::process::Signal::KILL).expect("it was running");
    }

    /// Runs a statement as the administrator.
    pub async fn tells(&self, sql: &str) {
        self.administrator().await.batch_execute(sql).await.expect("done");
    }

    /// Runs a statement that answers a number.
    pub async fn asks(&self, sql: &str) -> i64 {
        self.administrator().await.query_one(sql, &[]).await.expect("an answer").get(0)
    }

    async fn administrator(&self) -> tokio_postgres::Client {
        let admin = self.address("postgres");
        for _ in 0..400 {
            // A server that has just begun to listen may still refuse.
            if let Ok((client, connection)) = tokio_postgres::connect(&admin, NoTls).await {
                tokio::spawn(connection);
                return client;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("the cluster does not answer");
    }

    /// Starts a server again that was killed, where it was.
    pub fn again(&self, settings: &[&str]) -> Self {
        let tools = tools().expect("this cluster was started with them");
        Self::serve_at(&tools, self.folder.clone(), self.port, settings)
    }

    /// Offers TLS from now on, with this certificate and key.
    pub async fn speaks_tls(&self, certificate: &str, key: &str) {
        use std::os::unix::fs::PermissionsExt as _;

        for (name, pem) in [("server.crt", certificate), ("server.key", key)] {
            let path = self.folder.join("data").join(name);
            std::fs::write(&path, pem).expect("written");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("ours");
            give_away(&path);
        }
        self.tells("alter system set ssl = on").await;
        self.tells("select pg_reload_conf()").await;
    }

    /// Lets a user in by TLS alone.
    pub async fn demands_tls_of(&self, user: &str) {
        self.rules_first(&format!("hostnossl all {user} all reject"), user).await;
    }

    /// Makes a user who is let in with a password alone.
    pub async fn guards(&self, user: &str, password: &str) {
        self.tells(&format!("create role {user} login password '{password}'")).await;
        self.rules_first(&format!("host all {user} 127.0.0.1/32 scram-sha-256"), user).await;
    }

    /// Puts a rule before the others that shuts a user out who comes plainly.
    async fn rules_first(&self, rule: &str, user: &str) {
        let rules = self.folder.join("data/pg_hba.conf");
        let open = std::fs::read_to_string(&rules).expect("rules");
        std::fs::write(&rules, format!("{rule}\n{open}")).expect("written");
        self.tells("select pg_reload_conf()").await;
        // The word goes round by itself: until it has, whoever has no password is still let in.
        let nobody = format!("postgres://{user}@127.0.0.1:{}/postgres?sslmode=disable", self.port);
        let until = Instant::now() + Duration::from_secs(30);
        while tokio_postgres::connect(&nobody, NoTls).await.is_ok() {
            assert!(Instant::now() < until, "the rule is not followed");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn serve(tools: &Path, folder: PathBuf, settings: &[&str]) -> Self {
        Self::serve_at(tools, folder, free_port(), settings)
    }

    fn serve_at(tools: &Path, folder: PathBuf, port: u16, settings: &[&str]) -> Self {
        let script = r#"folder=$0; "$@" >"$folder/log" 2>&1 & server=$!
            cat >/dev/null; kill -INT $server 2>/dev/null; wait $server; rm -rf "$folder""#;
        let mut command = as_nobody(Command::new("sh"));
        command.args(["-c", script]).arg(&folder).arg(tools.join("postgres")).arg("-D").arg(folder.join("data"));
        command.args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]);
        for setting in settings {
            command.args(["-c", setting]);
        }
        let shell = command.stdin(Stdio::piped()).process_group(0).spawn().expect("a shell");
        let cluster = Self { port, folder, shell };
        cluster.answers();
        cluster
    }

    fn answers(&self) {
        let until = Instant::now() + Duration::from_secs(30);
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < until, "{}", std::fs::read_to_string(self.folder.join("log")).unwrap_or_default());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A new database, as an address for the configuration.
    pub async fn database(&self) -> String {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("t{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        self.tells(&format!("create database {name}")).await;
        self.address(&name)
    }

    pub fn address(&self, database: &str) -> String {
        format!("postgres://prosper@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }
}

/// Can a cluster be started on this machine? Says so when it cannot.
pub fn is_there() -> bool {
    let there = tools().is_some();
    if !there {
        skipped("no PostgreSQL server binaries (initdb) were found");
    }
    there
}

/// The folder of the server's programs: beside what is on the path, or where Debian keeps them.
fn tools() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut folders: Vec<_> = versions.flatten().map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.into_iter().rev().find(|folder| folder.join("initdb").exists())
}

/// Who servers run as when we are root.
const NOBODY: u32 = 65_534;

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn as_nobody(mut command: Command) -> Command {
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command.env("LC_ALL", "C").current_dir("/");
    command
}

fn give_away(folder: &Path) {
    if is_root() {
        let (user, group) = (rustix::fs::Uid::from_raw(NOBODY), rustix::fs::Gid::from_raw(NOBODY));
        rustix::fs::chown(folder, Some(user), Some(group)).expect("root may give folders away");
    }
}

/// A port below those that the system gives away by itself: one of those might be in use by the time a server that was
/// killed comes back to it.
fn free_port() -> u16 {
    static TURN: AtomicU64 = AtomicU64::new(0);
    let first = u64::from(std::process::id()) * 16;
    for _ in 0..10_000 {
        let port = 20_000 + (first + TURN.fetch_add(1, Ordering::Relaxed)) % 10_000;
        let port = u16::try_from(port).expect("below 30,000");
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free");
}

/// Says once, in one line, what could not be tested; in CI that is a failure.
pub fn skipped(why: &str) {
    assert!(!is_set("REQUIRE_ALL_SUITES"), "nothing may be skipped here, but {why}");
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}
