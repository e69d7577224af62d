//! Where the data lies: a SQLite file, or a PostgreSQL cluster of our own. Statements are one text for both.

use std::path::{Path, PathBuf};

use prosper::crypto::password::Params;
use tokio_postgres::NoTls;

#[allow(dead_code, reason = "the tests' cluster can do more than is asked of it here")]
#[path = "../../tests/it/prosper/cluster.rs"]
mod cluster;

use cluster::Cluster;

/// What the cluster of the tests may be told by the environment, and a benchmark is not.
const SERIALIZABLE: &str = "";

fn is_set(_: &str) -> bool {
    false
}

/// The data of a site.
pub struct Store {
    folder: tempfile::TempDir,
    cluster: Option<(Cluster, String)>,
    /// What passwords are hashed with on it.
    pub params: Params,
}

impl Store {
    /// An empty one, within a folder; as PostgreSQL, durable as it is by itself.
    pub async fn new(within: Option<&str>, postgres: bool, params: Params) -> Self {
        let folder = within.map_or_else(tempfile::tempdir, tempfile::tempdir_in).expect("a folder");
        let cluster = if postgres {
            let settings = ["max_connections=400", "max_wal_size=4GB", "shared_buffers=256MB"];
            let cluster = Cluster::start(&settings).expect("PostgreSQL is installed (initdb is not found)");
            let address = cluster.database().await;
            Some((cluster, address))
        } else {
            None
        };
        Self { folder, cluster, params }
    }

    pub fn is_networked(&self) -> bool {
        self.cluster.is_some()
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The address of the database, where it is not in the data directory.
    pub fn address(&self) -> Option<&str> {
        self.cluster.as_ref().map(|(_, address)| address.as_str())
    }

    /// The processes of the database.
    pub fn processes(&self) -> Vec<u32> {
        let Some((cluster, _)) = &self.cluster else { return Vec::new() };
        let file = std::fs::read_to_string(cluster.folder.join("data/postmaster.pid")).expect("it runs");
        let postmaster: u32 = file.lines().next().and_then(|line| line.parse().ok()).expect("a number");
        let mut all = vec![postmaster];
        all.extend(children(postmaster));
        all
    }

    /// Runs statements, while no server does.
    pub async fn run(&self, sql: &str) {
        if let Some(address) = self.address() {
            connect(address).await.batch_execute(sql).await.unwrap_or_else(|error| panic!("{error:?}: {sql:.300}"));
        } else {
            self.file().execute_batch(sql).unwrap_or_else(|error| panic!("{error}: {sql:.300}"));
        }
    }

    /// A number out of it.
    pub async fn number(&self, sql: &str) -> i64 {
        match self.address() {
            Some(address) => connect(address).await.query_one(sql, &[]).await.expect("a row").get(0),
            None => self.file().query_row(sql, [], |row| row.get(0)).expect("a number"),
        }
    }

    /// Rows of two numbers, a text and bytes between them: the keys.
    pub async fn keys(&self) -> Vec<(i64, String, Vec<u8>, i64)> {
        let sql = "select id, usage, wrapped, created_at from ring_keys order by id";
        if let Some(address) = self.address() {
            let rows = connect(address).await.query(sql, &[]).await.expect("keys");
            return rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect();
        }
        let file = self.file();
        let mut statement = file.prepare(sql).expect("keys");
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)));
        rows.expect("keys").map(|row| row.expect("a key")).collect()
    }

    /// The columns of a table, as they are now.
    pub async fn columns(&self, table: &str) -> Vec<String> {
        let sql = format!("select * from {table} limit 0");
        if let Some(address) = self.address() {
            let statement = connect(address).await.prepare(&sql).await.expect("a table");
            return statement.columns().iter().map(|column| column.name().to_owned()).collect();
        }
        let file = self.file();
        let statement = file.prepare(&sql).expect("a table");
        statement.column_names().map(str::to_owned).collect()
    }

    /// Bytes, as both engines write them.
    pub fn bytes(&self, raw: &[u8]) -> String {
        let hex = data_encoding::HEXLOWER.encode(raw);
        if self.is_networked() { format!("'\\x{hex}'::bytea") } else { format!("x'{hex}'") }
    }

    /// What the database takes on disk, the log of changes aside.
    pub async fn size(&self) -> u64 {
        if self.is_networked() {
            return u64::try_from(self.number("select pg_database_size(current_database())").await).unwrap_or(0);
        }
        std::fs::metadata(self.path()).map_or(0, |file| file.len())
    }

    /// Writes everything that has been committed to where it stays.
    pub async fn settle(&self) {
        if self.is_networked() {
            self.run("checkpoint").await;
            self.run("vacuum analyze").await;
        } else {
            // It answers a row, which a batch passes over. No statistics: the server keeps none.
            self.run("pragma wal_checkpoint(truncate)").await;
        }
    }

    fn path(&self) -> PathBuf {
        self.data().join("prosper.db")
    }

    fn file(&self) -> rusqlite::Connection {
        let file = rusqlite::Connection::open(self.path()).expect("the store opens");
        file.execute_batch("pragma foreign_keys = off; pragma busy_timeout = 10000").expect("set");
        file
    }
}

async fn connect(address: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(address, NoTls).await.expect("reached");
    tokio::spawn(connection);
    client
}

/// The processes that a process has started, whichever of its threads it was.
pub fn children(pid: u32) -> Vec<u32> {
    let mut found = Vec::new();
    for task in std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
        let list = std::fs::read_to_string(Path::new(&task.path()).join("children")).unwrap_or_default();
        found.extend(list.split_whitespace().filter_map(|word| word.parse::<u32>().ok()));
    }
    found
}
