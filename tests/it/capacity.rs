//! What each operation asks of the database, on either engine: statements, writing transactions, rows, bytes of the
//! write-ahead log; and how storage grows. `docs/guide/capacity.md` has the table that this prints:
//!
//! ```text
//! TEST_RUNS_ALONE=1 cargo test --test it capacity:: -- --nocapture
//! ```
//!
//! Counts and ratios, never times. What is asserted is what the plan of that guide rests on.

use futures_util::future::join_all;
use prosper::fault::Fault;
use prosper::prosper::Lockout;
use prosper::store::engine::{Tx, Unit};

use crate::prosper::alone::{alone, run};
use crate::prosper::journeys::AGENT_REDIRECT;
use crate::prosper::login::CALLBACK;
use crate::prosper::statements::Statements;
use crate::prosper::{Cluster, Database, ON_POSTGRES, Prosper, Start, cluster, is_set, minutes};

/// How often each operation is done, one after the other; and then at once, where that is another thing.
const TIMES: usize = 40;
const AT_ONCE: usize = 64;
/// Accounts, families and redemptions that storage is measured by.
const MANY: i64 = 4_000;

/// The tables that operations write.
const TABLES: [&str; 12] = [
    "families",
    "redemptions",
    "sessions",
    "consents",
    "authorization_keys",
    "sign_in_failures",
    "audit",
    "app_requests",
    "changes",
    "used_forms",
    "outbox",
    "password_networks",
];

/// What the operations of one line came to, each.
#[derive(Clone, Copy, Debug)]
struct Cost {
    statements: f64,
    /// Transactions that wrote; unknown of the embedded engine, whose groups share one.
    transactions: Option<f64>,
    rows: f64,
    log: f64,
}

struct Meter<'s> {
    p: &'s Prosper,
    statements: &'s Statements,
    /// The administrator's connection, or the file.
    engine: Probe,
    lines: Vec<(&'static str, Cost)>,
}

enum Probe {
    Postgres(tokio_postgres::Client),
    Sqlite(rusqlite::Connection),
}

impl Meter<'_> {
    async fn number(&self, sql: &str) -> i64 {
        match &self.engine {
            Probe::Postgres(client) => client.query_one(sql, &[]).await.expect("a number").get(0),
            Probe::Sqlite(file) => file.query_row(sql, [], |row| row.get(0)).expect("a number"),
        }
    }

    async fn rows(&self) -> i64 {
        let counts = TABLES.map(|table| format!("(select count(*) from {table})"));
        self.number(&format!("select {}", counts.join(" + "))).await
    }

    /// Bytes written to the log so far.
    async fn log(&self) -> i64 {
        match &self.engine {
            Probe::Postgres(_) => {
                self.number("select cast(pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') as bigint)").await
            }
            Probe::Sqlite(_) => {
                let path = self.p.p.store.path().expect("a file").with_extension("db-wal");
                i64::try_from(std::fs::metadata(path).map_or(0, |file| file.len())).expect("small")
            }
        }
    }

    async fn transactions(&self) -> Option<i64> {
        match &self.engine {
            Probe::Postgres(_) => {
                Some(self.number("select cast(cast(pg_snapshot_xmax(pg_current_snapshot()) as text) as bigint)").await)
            }
            Probe::Sqlite(_) => None,
        }
    }

    /// Begins the log of the embedded engine anew, so that its length is what was written.
    fn begin(&self) {
        if let Probe::Sqlite(file) = &self.engine {
            file.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(())).expect("done");
        }
        self.statements.since();
    }

    async fn measure(&mut self, name: &'static str, times: usize, work: impl AsyncFnOnce()) -> Cost {
        // What was observed before is not part of it.
        self.p.flush().await;
        self.begin();
        let (rows, log, transactions) = (self.rows().await, self.log().await, self.transactions().await);
        work().await;
        let each = |count: i64| {
            f64::from(i32::try_from(count).expect("small")) / f64::from(u32::try_from(times).expect("small"))
        };
        let cost = Cost {
            statements: each(i64::try_from(self.statements.since().len()).expect("small")),
            log: each(self.log().await - log),
            rows: each(self.rows().await - rows),
            transactions: match (transactions, self.transactions().await) {
                (Some(before), Some(after)) => Some(each(after - before)),
                _ => None,
            },
        };
        self.lines.push((name, cost));
        cost
    }

    /// One after the other.
    async fn times(&mut self, name: &'static str, work: impl AsyncFn()) -> Cost {
        self.measure(name, TIMES, async || {
            for _ in 0..TIMES {
                work().await;
            }
        })
        .await
    }

    /// What is written down of requests afterwards, once a second, whatever they were.
    async fn observations(&self, work: impl AsyncFn()) {
        self.p.flush().await;
        for _ in 0..TIMES {
            work().await;
        }
        self.begin();
        let (rows, log) = (self.rows().await, self.log().await);
        self.p.flush().await;
        let (rows, log) = (self.rows().await - rows, self.log().await - log);
        println!("observations of {TIMES} requests of an application: {rows} rows, {log} bytes of log");
    }

    /// Bytes of the database.
    async fn size(&self) -> i64 {
        match &self.engine {
            Probe::Postgres(_) => {
                self.number(
                    "select cast(sum(pg_total_relation_size(c.oid)) as bigint) from pg_class c
                     join pg_namespace n on n.oid = c.relnamespace
                     where n.nspname = current_schema() and c.relkind = 'r'",
                )
                .await
            }
            Probe::Sqlite(_) => {
                self.begin();
                self.number("select page_count * page_size from pragma_page_count, pragma_page_size").await
            }
        }
    }

    fn print(&self, engine: &str) {
        println!("\n| {engine} | statements | writing transactions | rows | bytes of log |\n|---|---|---|---|---|");
        for (name, Cost { statements, transactions, rows, log }) in &self.lines {
            let transactions = transactions.map_or_else(|| "–".to_owned(), |count| format!("{count:.2}"));
            println!("| {name} | {statements:.2} | {transactions} | {rows:.2} | {log:.0} |");
        }
    }
}

#[test]
fn what_each_operation_costs_is_what_the_guide_says() {
    if is_set(ON_POSTGRES) || !alone("capacity::what_each_operation_costs_is_what_the_guide_says") {
        return;
    }
    let statements = Statements::of_this_process();
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let p = Prosper::start_with(Start { folder: Some(folder.path().to_owned()), ..start() }).await;
        let file = rusqlite::Connection::open(p.p.store.path().expect("a file")).expect("opened");
        measured("SQLite", &p, &statements, Probe::Sqlite(file)).await;
        if !cluster::is_there() {
            return;
        }
        // Nothing of its own accord, so that what the log grows by is ours.
        let quiet = ["fsync=off", "autovacuum=off", "checkpoint_timeout=1h", "max_wal_size=8GB"];
        let cluster = Cluster::start(&quiet).expect("it is there");
        let address = cluster.database().await;
        let p = Prosper::start_with(Start { database: Some(Database::At(address.clone())), ..start() }).await;
        let (client, connection) = tokio_postgres::connect(&address, tokio_postgres::NoTls).await.expect("reached");
        tokio::spawn(connection);
        measured("PostgreSQL", &p, &statements, Probe::Postgres(client)).await;
    });
}

/// As a server is by itself.
fn start() -> Start {
    Start { lockout: Some(Lockout { failures: 100, span: minutes(15) }), ..Start::default() }
}

async fn measured(engine: &str, p: &Prosper, statements: &Statements, probe: Probe) {
    let mut meter = Meter { p, statements, engine: probe, lines: Vec::new() };
    let (ada, agent) = (p.investor("ada@example.com").await, p.agent("ops@agent.example").await);
    let own = ada.registers_own_app("Own").await;
    let login = ada.has_login_app("Notes", &[CALLBACK]).await;
    let robo = agent.registers_agent_app("Robo", AGENT_REDIRECT).await;
    let browser = ada.signs_in().await;
    let key = robo.auth_key(&browser).await;
    // Once before: statements are prepared, what is hot is held.
    let tokens = own.password_grant(&ada).await.tokens();
    robo.auth_key_grant(&key).await.tokens();
    let token = login.exchange(&browser.code_for(&login).await).await.login_token();
    p.user(&token).await.is(200);
    own.refresh(&tokens).await.tokens();
    if let Probe::Postgres(_) = meter.engine {
        // A node meets its own changes in the log a moment later and forgets them once more: let that be over.
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        p.user(&token).await.is(200);
        own.refresh(&tokens).await.tokens();
    }

    let grant = meter.times("password grant", async || drop(own.password_grant(&ada).await.tokens())).await;
    let grants = meter
        .measure("password grant, 64 at once", AT_ONCE, async || {
            for answer in join_all((0..AT_ONCE).map(|_| own.password_grant(&ada))).await {
                answer.tokens();
            }
        })
        .await;
    let silent = [
        meter.times("refresh", async || drop(own.refresh(&tokens).await.tokens())).await,
        meter.times("token check", async || drop(p.resource(&tokens.access_token).await.is(200).to_owned())).await,
        meter.times("user profile", async || drop(p.user(&token).await.is(200).to_owned())).await,
        meter.times("authorize, consent given", async || drop(browser.code_for(&login).await)).await,
    ];
    meter.times("authorization key grant", async || drop(robo.auth_key_grant(&key).await.tokens())).await;
    meter.times("sign-in", async || drop(ada.signs_in().await)).await;
    let mut codes = Vec::new();
    for _ in 0..2 * TIMES + AT_ONCE {
        codes.push(browser.code_for(&login).await);
    }
    let (one_by_one, rest) = codes.split_at(TIMES);
    let (later, together) = rest.split_at(TIMES);
    let exchange = meter
        .measure("exchange", TIMES, async || {
            for code in one_by_one {
                login.exchange(code).await.login_token();
            }
        })
        .await;
    let exchanges = meter
        .measure("exchange, 64 at once", AT_ONCE, async || {
            for answer in join_all(together.iter().map(|code| login.exchange(code))).await {
                answer.login_token();
            }
        })
        .await;
    meter.print(engine);
    meter.observations(async || drop(login.exchange("not a code").await)).await;
    growth(&meter).await;
    if let Probe::Postgres(client) = &meter.engine {
        // The first touch of a page after a checkpoint writes the whole page, and keys are random.
        client.batch_execute("checkpoint").await.expect("done");
        let after = meter
            .measure("exchange, right after a checkpoint", TIMES, async || {
                for code in later {
                    login.exchange(code).await.login_token();
                }
            })
            .await;
        println!("an exchange right after a checkpoint: {:.0} bytes of log", after.log);
    }
    the_plan_holds(silent, [grant, grants], [exchange, exchanges]);
}

/// What the plan of the guide rests on.
fn the_plan_holds(silent: [Cost; 4], [grant, grants]: [Cost; 2], [exchange, exchanges]: [Cost; 2]) {
    for cost in silent {
        assert!(cost.rows.abs() < 0.01 && cost.transactions.unwrap_or(0.0) < 0.2, "it writes nothing: {cost:?}");
        // A node reads once more what it forgot; it does not ask for each request.
        assert!(cost.statements < 1.0, "it is answered from memory: {cost:?}");
    }
    // One row stays of each; the count of attempts comes and goes with a grant.
    assert!((grant.rows - 1.0).abs() < 0.01 && (exchange.rows - 1.0).abs() < 0.01, "{grant:?} {exchange:?}");
    assert!(exchange.transactions.is_none_or(|count| count < 1.5), "{exchange:?}");
    assert!(grant.transactions.is_none_or(|count| count < 2.5), "{grant:?}");
    assert!(exchanges.statements < exchange.statements / 2.0, "neighbours share: {exchanges:?} after {exchange:?}");
    assert!(grants.statements < grant.statements, "neighbours share: {grants:?} after {grant:?}");
}

/// Fills tables as many people and many logins would, and tells what each takes with its indexes.
async fn growth(meter: &Meter<'_>) {
    let is_networked = matches!(meter.engine, Probe::Postgres(_));
    // A name of sixteen random bytes, as they are.
    let bytes = |salt: &str| {
        if is_networked { format!("decode(md5(i::text || '{salt}'), 'hex')") } else { "randomblob(16)".into() }
    };
    let count = format!("with recursive crowd(i) as (select 1 union all select i + 1 from crowd where i < {MANY})");
    let accounts = format!(
        "insert into accounts (id, uid, space, email, folded_email, name, kind, investor_type, password, status,
             status_by, status_at, created_at)
         {count} select 1000 + i, {}, space, 'u' || i || '@example.com', 'u' || i || '@example.com', name, kind,
             investor_type, password, status, status_by, status_at, created_at
         from crowd, accounts where id = (select min(id) from accounts)",
        bytes("a")
    );
    let like = |table: &str, key: &str, salt: &str, columns: &str| {
        format!(
            "insert into {table} ({key}, {columns}) {count} select {}, {columns} from crowd,
             (select {columns} from {table} limit 1) as one",
            bytes(salt)
        )
    };
    let families = "application, account, scope, refresh_mac, refresh_mac_key, created_at, expires_at, account_epoch,
         application_epoch, agent_epoch, installation_epoch";
    let redemptions = "application, account, used_at, code_expires_at, token_expires_at, revoked";
    let sessions = "account, mac, mac_key, created_at, seen_at, expires_at, account_epoch, installation_epoch, address,
         agent";
    let request = if is_networked { "md5(i::text || 'q')" } else { "lower(hex(randomblob(16)))" };
    let requests = format!(
        "insert into app_requests (request_id, application, at, surface, outcome, detail)
         {count} select {request}, application, at + i, surface, outcome, detail from crowd,
         (select * from app_requests limit 1) as one"
    );
    for (name, sql) in [
        ("account", accounts),
        ("family", like("families", "id", "f", families)),
        ("used code", like("redemptions", "code", "r", redemptions)),
        ("session", like("sessions", "id", "s", sessions)),
        ("request in an application's log", requests),
        ("network of a password", like("password_networks", "application", "n", "network, first_at, last_at")),
    ] {
        let before = meter.size().await;
        let sql: &'static str = Box::leak(sql.into_boxed_str());
        meter.p.p.store.write(Filling(sql)).await.expect("written");
        println!("{name}: {} bytes with its indexes", (meter.size().await - before) / MANY);
    }
}

struct Filling(&'static str);

impl Unit for Filling {
    type Out = u64;

    async fn run(&self, tx: &mut Tx) -> Result<u64, Fault> {
        tx.execute(self.0, &[]).await
    }
}
