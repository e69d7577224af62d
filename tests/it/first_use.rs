//! The first time that tokens are issued for a password from a network, the password's owner is mailed (C-07).

use futures_util::future::join_all;
use prosper::contract::lifetimes::MOST_NOTICES_AN_HOUR;
use prosper::domain::application::ApplicationKind;
use prosper::fault::Fault;
use prosper::store::applications::ApplicationChange;
use prosper::store::engine::{Tx, Unit};
use prosper::store::password_networks::MOST_NETWORKS;

use crate::prosper::alone::{alone, run};
use crate::prosper::exchange::{form, request};
use crate::prosper::journeys::AGENT_REDIRECT;
use crate::prosper::statements::Statements;
use crate::prosper::{A_MOMENT, App, Exchange, Person, Prosper, Start, hours, just_before, minutes};

const SUBJECT: &str = "Your password was used from a new place";
/// How long a network is known that is not used, in hours.
const HALF_A_YEAR: u64 = 180 * 24;

fn behind_a_proxy() -> Start {
    Start { behind_a_proxy: true, ..Start::default() }
}

/// A request to the token endpoint that comes from this address.
async fn asks_from(app: &App<'_>, address: &str, fields: &[(&str, &str)]) -> Exchange {
    let mut fields = fields.to_vec();
    fields.extend([("client_id", app.client_id.as_str()), ("client_secret", app.secret.as_str())]);
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("x-forwarded-for", address),
        ("user-agent", "python-requests/2.32.3"),
    ];
    app.server.send(request("POST", "/v1/security/oauth/token", &headers, &form(&fields))).await
}

async fn grant_from(app: &App<'_>, person: &Person<'_>, address: &str) -> Exchange {
    let fields = [("grant_type", "password"), ("username", &*person.email), ("password", &*person.password)];
    asks_from(app, address, &fields).await
}

impl Prosper {
    /// The mails of this kind to Ada, the newest last.
    async fn told_ada(&self) -> Vec<String> {
        let mails = self.mails_to("ada@example.com").await;
        mails.into_iter().filter(|mail| mail.subject == SUBJECT).map(|mail| mail.text).collect()
    }
}

/// The networks that are known, of every application.
struct Known;

impl Unit for Known {
    type Out = Vec<String>;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Fault> {
        let rows = tx.many("select network from password_networks order by network", &[]).await?;
        rows.iter().map(|row| row.get(0)).collect()
    }
}

async fn known(p: &Prosper) -> Vec<String> {
    p.p.store.read(Known).await.expect("read")
}

#[tokio::test]
async fn the_first_use_of_a_password_from_a_network_is_mailed_and_those_after_it_are_not_c_07() {
    let p = Prosper::start_with(behind_a_proxy()).await;
    let ada = p.investor("ada@example.com").await;
    let (app, other) = (ada.registers_own_app("Night Trader").await, ada.registers_own_app("Ledger").await);
    let tokens = grant_from(&app, &ada, "203.0.113.77").await.tokens();
    let told = p.told_ada().await;
    let [mail] = told.as_slice() else { panic!("one mail: {told:?}") };
    for words in [
        "was used on 15 January 2027, 08:00 UTC to get tokens for your app “Night Trader”,",
        "python-requests, 203.0.113.0/24",
        &format!("{}/forgot\n", p.url),
        &format!("{}/oauth/apps/{}\n", p.url, app.client_id),
    ] {
        assert!(mail.contains(words), "{words} in {mail}");
    }
    assert!(!mail.contains("203.0.113.77") && known(&p).await == ["203.0.113.0/24"], "no address is kept for this");
    ada.signs_in().await.get(&format!("/oauth/apps/{}", app.client_id)).await.is(200);

    grant_from(&app, &ada, "203.0.113.77").await.tokens();
    grant_from(&app, &ada, "203.0.113.1").await.tokens();
    let fields = [("grant_type", "refresh_token"), ("refresh_token", tokens.refresh_token.as_str())];
    asks_from(&app, "198.51.100.9", &fields).await.tokens();
    let wrong = Person { password: "not it at all".into(), email: ada.email.clone(), ..ada };
    grant_from(&app, &wrong, "198.51.100.9").await.is(400);
    assert_eq!(p.told_ada().await.len(), 1, "the same network, a refresh, a wrong password");

    grant_from(&app, &ada, "198.51.100.9").await.tokens();
    grant_from(&app, &ada, "2001:db8:1:2::3").await.tokens();
    grant_from(&app, &ada, "2001:db8:1:ffff::4").await.tokens();
    let told = p.told_ada().await;
    assert!(told.len() == 3 && told[1].contains("198.51.100.0/24") && told[2].contains("2001:db8:1::/48"), "{told:?}");
    grant_from(&other, &ada, "203.0.113.77").await.tokens();
    let told = p.told_ada().await;
    assert!(
        told.len() == 4 && told[3].contains("tokens for your app “Ledger”"),
        "each application by itself: {told:?}"
    );
}

/// nobody is believed about the address but a proxy that is trusted.
#[tokio::test]
async fn whoever_is_no_trusted_proxy_comes_from_where_they_come_from_c_07() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Own").await;
    for claim in ["203.0.113.77", "198.51.100.9", "no address"] {
        grant_from(&app, &ada, claim).await.tokens();
    }
    let told = p.told_ada().await;
    assert!(told.len() == 1 && told[0].contains("python-requests, this machine"), "{told:?}");
}

#[tokio::test]
async fn what_needs_no_password_is_not_told_of_c_07() {
    let p = Prosper::start_with(behind_a_proxy()).await;
    let ada = p.investor("ada@example.com").await;
    let robo = p.agent("ops@agent.example").await.registers_agent_app("Robo", AGENT_REDIRECT).await;
    let key = robo.auth_key(&ada.signs_in().await).await;
    let partner = ada.has_app(ApplicationKind::Partner, "Partner").await;
    for address in ["203.0.113.77", "198.51.100.9"] {
        asks_from(&robo, address, &[("grant_type", "authorization_key"), ("auth_key", &key)]).await.tokens();
        asks_from(&partner, address, &[("grant_type", "client_credentials")]).await.is(200);
    }
    assert!(p.told_ada().await.is_empty() && known(&p).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_first_uses_at_once_at_two_nodes_one_is_mailed_c_07() {
    let folder = tempfile::tempdir().expect("a folder");
    let node = || Start { folder: Some(folder.path().to_owned()), ..behind_a_proxy() };
    let a = Prosper::start_with(node()).await;
    let ada = a.investor("ada@example.com").await;
    let own = ada.registers_own_app("Own").await;
    let b = Prosper::start_with(node()).await;
    let there = App { server: &b, ..own.clone() };
    for (rounds, address) in ["203.0.113.1", "198.51.100.1", "192.0.2.1"].into_iter().enumerate() {
        let grants = (0..32).map(|who| grant_from(if who % 2 == 0 { &own } else { &there }, &ada, address));
        for answer in join_all(grants).await {
            answer.tokens();
        }
        assert_eq!(a.told_ada().await.len(), rounds + 1);
    }
}

#[tokio::test]
async fn a_server_that_starts_again_knows_the_networks_c_07() {
    let folder = tempfile::tempdir().expect("a folder");
    let start = || Start { folder: Some(folder.path().to_owned()), ..behind_a_proxy() };
    let p = Prosper::start_with(start()).await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Own").await;
    grant_from(&app, &ada, "203.0.113.77").await.tokens();
    assert_eq!(p.told_ada().await.len(), 1);
    let again = Prosper::start_with(start()).await;
    let app = App { server: &again, ..app };
    for address in ["203.0.113.77", "203.0.113.78"] {
        grant_from(&app, &ada, address).await.tokens();
    }
    assert_eq!(again.told_ada().await.len(), 1);
    grant_from(&app, &ada, "198.51.100.9").await.tokens();
    assert_eq!(again.told_ada().await.len(), 2);
}

#[tokio::test]
async fn a_new_password_and_a_deleted_application_were_used_from_nowhere_c_07() {
    let p = Prosper::start_with(behind_a_proxy()).await;
    let mut ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Own").await;
    grant_from(&app, &ada, "203.0.113.77").await.tokens();
    ada.signs_out_everywhere().await;
    grant_from(&app, &ada, "203.0.113.77").await.tokens();
    assert_eq!(p.told_ada().await.len(), 1, "it is the same password");
    // Whoever was told of a stranger's network, and chose another password, is told when the stranger has that too.
    ada.gets_password("a quiet harbour in may").await;
    assert!(known(&p).await.is_empty());
    grant_from(&app, &ada, "203.0.113.77").await.tokens();
    assert_eq!(p.told_ada().await.len(), 2);
    app.changes(ApplicationChange::Delete).await;
    assert!(known(&p).await.is_empty());
}

#[tokio::test]
async fn beyond_the_limit_of_an_hour_a_network_stays_new_until_there_is_room_r_73_c_07() {
    let p = Prosper::start_with(behind_a_proxy()).await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Own").await;
    let most = usize::try_from(MOST_NOTICES_AN_HOUR).expect("few");
    for net in 0..=most {
        grant_from(&app, &ada, &format!("203.0.{net}.1")).await.tokens();
    }
    let last = format!("203.0.{most}.9");
    grant_from(&app, &ada, &last).await.tokens();
    assert_eq!((p.told_ada().await.len(), known(&p).await.len()), (most, most), "the tokens are issued all the same");
    p.writes_to("ada@example.com").await;
    assert_eq!(p.mails_to("ada@example.com").await.len(), most + 1, "another kind has a count of its own");
    p.clock.advance(just_before(hours(1)));
    grant_from(&app, &ada, &last).await.tokens();
    assert_eq!(p.told_ada().await.len(), most);
    p.clock.advance(A_MOMENT);
    grant_from(&app, &ada, &last).await.tokens();
    assert_eq!((p.told_ada().await.len(), known(&p).await.len()), (most + 1, most + 1));
    assert!(p.told_ada().await[most].contains(&format!("203.0.{most}.0/24")));
}

#[tokio::test]
async fn of_each_application_the_networks_used_last_are_known_c_07() {
    let p = Prosper::start_with(behind_a_proxy()).await;
    let ada = p.investor("ada@example.com").await;
    let (app, other) = (ada.registers_own_app("Own").await, ada.registers_own_app("Other").await);
    grant_from(&other, &ada, "192.0.2.1").await.tokens();
    for net in 0..MOST_NETWORKS + 2 {
        p.clock.advance(minutes(4));
        grant_from(&app, &ada, &format!("203.0.{net}.1")).await.tokens();
    }
    let known = known(&p).await;
    assert_eq!(known.len(), usize::try_from(MOST_NETWORKS).expect("few") + 1, "and that of the other application");
    for (network, is_known) in [("203.0.0.0/24", false), ("203.0.1.0/24", false), ("203.0.2.0/24", true)] {
        assert_eq!(known.iter().any(|known| known == network), is_known, "{network}");
    }
}

#[tokio::test]
async fn a_network_is_forgotten_half_a_year_after_its_last_use_c_07() {
    let p = Prosper::start_with(behind_a_proxy()).await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Own").await;
    grant_from(&app, &ada, "203.0.113.77").await.tokens();
    p.clock.advance(hours(100 * 24));
    grant_from(&app, &ada, "203.0.113.77").await.tokens();
    p.clock.advance(just_before(hours(HALF_A_YEAR)));
    p.p.store.sweep(p.clock.now()).await.expect("swept");
    assert_eq!((known(&p).await.len(), p.told_ada().await.len()), (1, 0), "mails are forgotten sooner");
    p.clock.advance(A_MOMENT);
    p.p.store.sweep(p.clock.now()).await.expect("swept");
    assert!(known(&p).await.is_empty());
    grant_from(&app, &ada, "203.0.113.77").await.tokens();
    assert_eq!(p.told_ada().await.len(), 1);
}

/// One write of all of it, and none but the family's where the network is known.
#[test]
fn a_network_that_is_known_costs_no_statement_c_07() {
    if !alone("first_use::a_network_that_is_known_costs_no_statement_c_07") {
        return;
    }
    let statements = Statements::of_this_process();
    run(async {
        let p = Prosper::start_with(behind_a_proxy()).await;
        let ada = p.investor("ada@example.com").await;
        let app = ada.registers_own_app("Own").await;
        let asked = async |address: &str| {
            statements.since();
            grant_from(&app, &ada, address).await.tokens();
            let all = statements.since();
            let names = |table: &str| all.iter().filter(|sql| sql.contains(table)).count();
            (names("into families"), names("password_networks"), names("outbox"))
        };
        let (_, networks, outbox) = asked("203.0.113.77").await;
        assert!(networks > 0 && outbox > 0);
        assert_eq!(asked("203.0.113.78").await, (1, 0, 0));
        p.clock.advance(just_before(hours(24)));
        assert_eq!(asked("203.0.113.79").await, (1, 0, 0));
        p.clock.advance(A_MOMENT);
        assert_eq!(asked("203.0.113.79").await, (1, 2, 0), "once a day it is written down");
        assert_eq!(asked("203.0.113.80").await, (1, 0, 0));
    });
}
