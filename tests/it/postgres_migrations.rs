//! How a networked database comes to its schema: once, however many nodes start together, and whenever one of them dies
//! (security F-20).

use std::path::PathBuf;

use prosper::domain::time::Timestamp;
use prosper::fault::Fault;
use prosper::store::installation::Purpose;
use prosper::store::migrate::{SchemaNumber, newest};
use prosper::store::{Opening, Store};

use crate::prosper::proxy::Proxy;
use crate::prosper::{Cluster, ON_POSTGRES, cluster, is_set};

fn opening(purpose: Purpose, migrate: bool) -> Opening {
    let clock = Some(prosper::clock::Clock::frozen(Timestamp::from_seconds(1_800_000_000)));
    Opening { path: PathBuf::new(), purpose, migrate, clock }
}

async fn connect(address: &str) -> Result<Store, Fault> {
    Store::connect(address, opening(Purpose::Live, true)).await
}

fn here() -> Option<&'static Cluster> {
    if is_set(ON_POSTGRES) || !cluster::is_there() { None } else { cluster::shared() }
}

async fn told(address: &str, opening: Opening) -> String {
    match Store::connect(address, opening).await {
        Ok(_) => panic!("{address} was opened"),
        Err(fault) => fault.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_nodes_that_start_together_migrate_once() {
    let Some(cluster) = here() else { return };
    let address = cluster.database().await;
    let stores = futures_util::future::join_all((0..8).map(|_| connect(&address))).await;
    let mut timelines = Vec::new();
    for store in stores {
        timelines.push(store.expect("each comes up").standing().await.expect("read").timeline);
    }
    timelines.dedup();
    assert_eq!(timelines.len(), 1, "one installation, not several");
}

/// Cut after its first message, its second, and so on, until it gets through: whatever was left, the next start completes.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_migrator_that_dies_anywhere_leaves_nothing_that_the_next_one_stumbles_over() {
    let Some(cluster) = here() else { return };
    for groups in 1.. {
        let address = cluster.database().await;
        let proxy = Proxy::start(cluster.port, 1, 0, 0).await;
        proxy.cut_after(groups);
        let outcome = connect(&proxy.address(&address)).await;
        let store = connect(&address).await.unwrap_or_else(|fault| panic!("cut after {groups}: {fault}"));
        assert_eq!(store.read(SchemaNumber).await.expect("read"), newest());
        if outcome.is_ok() {
            assert!(groups > 5, "the proxy cut nothing");
            return;
        }
        assert!(groups < 100, "it never gets through");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_schema_from_the_future_is_refused_in_one_line() {
    let Some(cluster) = here() else { return };
    let address = cluster.database().await;
    drop(connect(&address).await.expect("made"));
    let (client, connection) = tokio_postgres::connect(&address, tokio_postgres::NoTls).await.expect("reached");
    tokio::spawn(connection);
    let newer = "insert into migrations (number, name, checksum, at) values (9999, 'the_future', '\\x00', 0)";
    client.batch_execute(newer).await.expect("written");
    let serving = told(&address, opening(Purpose::Live, true)).await;
    assert_eq!(
        serving,
        format!("this database has schema 9999, and this prosper knows {} at most: use a newer prosper", newest())
    );
    let beside = told(&address, opening(Purpose::Live, false)).await;
    assert_eq!(
        beside,
        format!("the database has schema 9999 and this prosper knows {}: use the prosper that serves it", newest())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_cannot_be_opened_says_where_and_why_and_never_the_password() {
    let Some(cluster) = here() else { return };
    let address = cluster.database().await;
    let empty = told(&address, opening(Purpose::Live, false)).await;
    assert!(empty.contains(" is not a prosper database ("), "{empty}");
    drop(connect(&address).await.expect("made"));
    let sandbox = told(&address, opening(Purpose::Sandbox, true)).await;
    assert!(sandbox.ends_with("holds a live installation, and the sandbox keeps away from it"), "{sandbox}");

    let nowhere = "postgres://prosper:hunter2@127.0.0.1:1,localhost:1/prosper?sslmode=disable";
    let said = told(nowhere, opening(Purpose::Live, true)).await;
    assert!(said.starts_with("the database at 127.0.0.1:1,localhost:1/prosper cannot be reached: "), "{said}");
    let said_of = |said: String| assert!(!said.contains("hunter2") && !said.contains('\n'), "{said}");
    said_of(said);
    let said = told(&cluster.address("no_such_database"), opening(Purpose::Live, true)).await;
    assert!(said.starts_with("there is no such database at 127.0.0.1:"), "{said}");
    said_of(said);
    let said = told("postgres://prosper:hunter2@[::1", opening(Purpose::Live, true)).await;
    assert!(said.starts_with("the database address cannot be read: "), "{said}");
    said_of(said);
}
