//! TLS to the database: `sslmode=require` verifies the certificate and the host's name against the system's trust
//! anchors, and what cannot be verified is not spoken to.

use tokio_postgres::NoTls;

use crate::prosper::binary::{PASSWORD, Place, Ran};
use crate::prosper::{Cluster, ON_POSTGRES, cluster, is_set};

/// A cluster that lets the user `secure` in by TLS alone, and the certificate to trust.
async fn guarded() -> Option<(Cluster, String)> {
    if is_set(ON_POSTGRES) || !cluster::is_there() {
        return None;
    }
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let cluster = Cluster::start(&["fsync=off"])?;
    cluster.speaks_tls(&made.cert.pem(), &made.signing_key.serialize_pem()).await;
    cluster.tells("create role secure login").await;
    cluster.tells("create database prosper owner secure").await;
    cluster.demands_tls_of("secure").await;
    Some((cluster, made.cert.pem()))
}

fn node(cluster: &Cluster, host: &str, sslmode: &str) -> Place {
    Place::on(&format!("postgres://secure@{host}:{}/prosper?sslmode={sslmode}", cluster.port))
}

fn refuses(place: &Place, words: &str) {
    let ran = Ran::of(&mut place.command(&["serve", "--listen", "127.0.0.1:0"]));
    assert_ne!(ran.code, 0, "{}", ran.told());
    assert!(ran.err.contains(words) && ran.err.trim().lines().count() == 1, "{}", ran.told());
}

#[tokio::test]
async fn a_node_speaks_tls_with_a_database_that_it_can_verify_and_with_no_other() {
    let Some((cluster, certificate)) = guarded().await else { return };

    // Nobody vouches for it; somebody does, but for another name; and it is not asked for at all.
    refuses(&node(&cluster, "localhost", "require"), "certificate");
    let mut elsewhere = node(&cluster, "127.0.0.1", "require");
    elsewhere.trusts(&certificate);
    refuses(&elsewhere, "certificate");
    refuses(&node(&cluster, "localhost", "disable"), "pg_hba.conf");

    let mut place = node(&cluster, "localhost", "require");
    place.trusts(&certificate);
    let server = place.serve();
    place.adds("ada@example.com", &[]);
    let app = place.registers("ada@example.com");
    let tokens = server.password_grant(&app, "ada@example.com", PASSWORD).await.tokens();
    server.refresh(&app, &tokens.refresh_token).await.tokens();
    assert!(
        cluster
            .asks("select count(*) from pg_stat_ssl join pg_stat_activity using (pid) where usename = 'secure' and ssl")
            .await
            > 0
    );
    assert_eq!(cluster.asks("select count(*) from pg_stat_ssl join pg_stat_activity using (pid) where usename = 'secure' and not ssl").await, 0);
    let plain = format!("postgres://secure@localhost:{}/prosper?sslmode=disable", cluster.port);
    assert!(tokio_postgres::connect(&plain, NoTls).await.is_err(), "only TLS is let in");
    server.stop();
}
