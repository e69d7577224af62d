//! From an address of the configuration to a connection.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, TimeoutType};
use tokio_postgres::config::Host;
use tokio_postgres::{Config, error::SqlState};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{POOL, SHARED, Trouble, wire};
use crate::fault::Fault;

/// Reads the address of a database, several hosts and `target_session_attrs` included.
pub(in crate::store) fn pool(url: &str) -> Result<Pool, Fault> {
    let mut config = parse(url)?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(2));
    }
    config.keepalives_idle(Duration::from_secs(10)).tcp_user_timeout(Duration::from_secs(4));
    config.application_name("prosper");
    // A statement that hangs holds a connection; a transaction left open holds its locks.
    let timeouts = "-c statement_timeout=5000 -c lock_timeout=3000 -c idle_in_transaction_session_timeout=8000";
    let options = config.get_options().map_or_else(|| timeouts.to_owned(), |given| format!("{timeouts} {given}"));
    config.options(options);
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(config, tls(), recycling);
    Pool::builder(manager)
        .max_size(POOL + SHARED)
        .wait_timeout(Some(Duration::from_secs(2)))
        .create_timeout(Some(Duration::from_secs(3)))
        .recycle_timeout(Some(Duration::from_secs(2)))
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|problem| Fault::internal(format!("the database pool cannot be made: {problem}")))
}

fn parse(url: &str) -> Result<Config, Fault> {
    url.parse().map_err(|problem| Fault::internal(format!("the database address cannot be read: {problem}")))
}

/// The system's trust anchors; `sslmode` in the address decides whether TLS is spoken.
fn tls() -> MakeRustlsConnect {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has the default protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    MakeRustlsConnect::new(config)
}

/// A connection of the pool. When all are held, whoever waits is told to come back, once: the queue has a deadline.
pub(in crate::store) async fn connect(pool: &Pool) -> Result<Object, (Fault, Option<Trouble>)> {
    pool.get().await.map_err(|problem| match problem {
        PoolError::Timeout(TimeoutType::Wait) => {
            (Fault::unavailable("postgres: every connection is busy and stays so"), None)
        }
        problem => (Fault::unavailable(format!("postgres: {}", wire::causes(&problem))), Some(Trouble::Connection)),
    })
}

/// The first connection, whose failure is told to whoever wrote the address.
pub(in crate::store) async fn reach(pool: &Pool, place: &str) -> Result<Object, Fault> {
    pool.get().await.map_err(|problem| {
        let state = if let PoolError::Backend(problem) = &problem { problem.code().cloned() } else { None };
        let words = wire::causes(&problem);
        Fault::unavailable(match state {
            Some(SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => {
                format!("the database at {place} lets nobody in with this user and password: mend `database` ({words})")
            }
            Some(SqlState::INVALID_CATALOG_NAME) => {
                format!("there is no such database at {place}: make it first, with `createdb` ({words})")
            }
            _ => format!("the database at {place} cannot be reached: {words}"),
        })
    })
}

/// Where an address leads, without the password: `db-1:5432,db-2:5432/prosper`.
///
/// # Errors
/// The address cannot be read.
pub(in crate::store) fn place(url: &str) -> Result<String, Fault> {
    let config = parse(url)?;
    let ports = config.get_ports();
    let port = |at: usize| ports.get(at).or(ports.first()).copied().unwrap_or(5432);
    let hosts = config.get_hosts().iter().enumerate().map(|(at, host)| match host {
        Host::Tcp(name) => format!("{name}:{}", port(at)),
        Host::Unix(path) => path.display().to_string(),
    });
    let hosts: Vec<_> = hosts.collect();
    Ok(format!("{}/{}", hosts.join(","), config.get_dbname().or(config.get_user()).unwrap_or_default()))
}
