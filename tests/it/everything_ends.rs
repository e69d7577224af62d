//! Every event that ends something, against every kind of thing there is to end (T-11; C-09). What an event
//! has ended stays ended when the event is undone, and what was queued while it happened comes to nothing: see
//! `everything_ends_in_a_race`.

use std::future::Future;
use std::pin::Pin;

use prosper::domain::agent::AgentMove;
use prosper::domain::application::ApplicationKind;
use prosper::domain::status::Status;
use prosper::store::applications::ApplicationChange::{Delete, Disabled, RevokeAllSecrets};

use crate::prosper::exchange::Tokens;
use crate::prosper::journeys::AGENT_REDIRECT;
use crate::prosper::login::CALLBACK;
use crate::prosper::{App, Browser, Person, Prosper};

/// Everything that can be ended, each in use.
struct World<'s> {
    p: &'s Prosper,
    ada: Person<'s>,
    agent: Person<'s>,
    own: App<'s>,
    acting: App<'s>,
    login: App<'s>,
    partner: App<'s>,
    own_tokens: Tokens,
    acting_tokens: Tokens,
    key: String,
    token: String,
    code: String,
    browser: Browser<'s>,
    machine: String,
}

impl<'s> World<'s> {
    async fn of(p: &'s Prosper) -> Self {
        let (ada, agent) = (p.investor("ada@example.com").await, p.agent("ops@agent.example").await);
        let bank = p.institution("it@bank.example").await;
        let own = ada.registers_own_app("Own").await;
        let acting = agent.registers_agent_app("Northwind", AGENT_REDIRECT).await;
        let login = bank.has_an_app_to_log_in_to().await;
        let partner = bank.has_app(ApplicationKind::Partner, "Bank").await;
        let browser = ada.signs_in().await;
        let key = acting.auth_key(&browser).await;
        let token = login.exchange(&browser.code_for(&login).await).await.login_token();
        let machine = partner.client_credentials().await.json()["access_token"].as_str().expect("text").to_owned();
        Self {
            own_tokens: own.password_grant(&ada).await.tokens(),
            acting_tokens: acting.auth_key_grant(&key).await.tokens(),
            code: browser.code_for(&login).await,
            p,
            ada,
            agent,
            own,
            acting,
            login,
            partner,
            key,
            token,
            browser,
            machine,
        }
    }

    /// What still works, by the names of [`THINGS`].
    async fn alive(&self) -> Vec<&'static str> {
        let p = self.p;
        let api = self.ada.has_app(ApplicationKind::Api, "Orders").await;
        let mut alive = Vec::new();
        let mut note = |name, works: bool| {
            if works {
                alive.push(name);
            }
        };
        note("own access token", p.is_good(&self.own_tokens).await);
        note("own refresh token", works(self.own.refresh(&self.own_tokens).await.status));
        note("agent's access token", p.is_good(&self.acting_tokens).await);
        note("agent's refresh token", works(self.acting.refresh(&self.acting_tokens).await.status));
        note("authorization key", works(self.acting.auth_key_grant(&self.key).await.status));
        note("login token", works(p.user(&self.token).await.status));
        note("session", is_signed_in(&self.browser).await);
        note("code", works(self.login.exchange(&self.code).await.status));
        note("partner's token", api.introspect(&self.machine).await.is(200).json()["active"] == true);
        alive
    }
}

/// Refusals are of the client's making; a fault of ours is a failure of the test.
fn works(status: u16) -> bool {
    assert!(status < 500, "a fault of ours: {status}");
    status < 400
}

async fn is_signed_in(browser: &Browser<'_>) -> bool {
    let page = browser.get("/logout").await;
    page.is(200).body.contains("action=\"/logout\"")
}

const THINGS: [&str; 9] = [
    "own access token",
    "own refresh token",
    "agent's access token",
    "agent's refresh token",
    "authorization key",
    "login token",
    "session",
    "code",
    "partner's token",
];

/// What was issued on the strength of Ada's password and of how her account stands. A key is what she gave the agent
/// herself, and stays until she takes it back (K-04).
const HERS: [usize; 7] = [0, 1, 2, 3, 5, 6, 7];
const HERS_AND_THE_KEY: [usize; 8] = [0, 1, 2, 3, 4, 5, 6, 7];
const OWN: [usize; 2] = [0, 1];
const AGENTS: [usize; 3] = [2, 3, 4];
const LOGIN: [usize; 2] = [5, 7];
const ALL: [usize; 9] = [0, 1, 2, 3, 4, 5, 6, 7, 8];

type Deed = for<'w, 's> fn(&'w mut World<'s>) -> Pin<Box<dyn Future<Output = ()> + 'w>>;

/// An event: what happens, what it ends, how it is undone if it can be, and what of it then works again.
struct Event {
    name: &'static str,
    happens: Deed,
    ends: &'static [usize],
    undone: Option<Deed>,
    /// A key is refused while an account may not be used, and is good again when it may (T-09, K-04).
    again: &'static [usize],
}

macro_rules! deed {
    ($world:ident => $body:expr) => {
        |$world| {
            Box::pin(async move {
                $body;
            })
        }
    };
}

const EVENTS: &[Event] = &[
    Event {
        name: "the password changes",
        happens: deed!(w => w.ada.gets_password("another password altogether").await),
        ends: &HERS,
        undone: Some(deed!(w => w.ada.gets_password(crate::prosper::people::PASSWORD).await)),
        again: &[],
    },
    Event {
        name: "a new password is demanded",
        happens: deed!(w => w.ada.must_reset().await),
        ends: &HERS_AND_THE_KEY,
        undone: Some(deed!(w => w.ada.gets_password("another password altogether").await)),
        again: &[4],
    },
    Event {
        name: "the status leaves active",
        happens: deed!(w => w.ada.becomes(Status::Suspended).await),
        ends: &HERS_AND_THE_KEY,
        undone: Some(deed!(w => w.ada.becomes(Status::Active).await)),
        again: &[4],
    },
    Event {
        name: "the account is closed",
        happens: deed!(w => w.ada.becomes(Status::Closed).await),
        ends: &HERS_AND_THE_KEY,
        undone: Some(deed!(w => {
            w.ada.becomes(Status::Inactive).await;
            w.ada.becomes(Status::Active).await;
        })),
        again: &[4],
    },
    Event {
        name: "the person signs out everywhere",
        happens: deed!(w => w.ada.signs_out_everywhere().await),
        ends: &HERS,
        undone: None,
        again: &[],
    },
    Event {
        name: "the own application is disabled",
        happens: deed!(w => w.own.changes(Disabled(true)).await),
        ends: &OWN,
        undone: Some(deed!(w => w.own.changes(Disabled(false)).await)),
        again: &[],
    },
    Event {
        name: "the own application's secrets are revoked",
        happens: deed!(w => w.own.changes(RevokeAllSecrets).await),
        ends: &OWN,
        undone: Some(deed!(w => w.own = w.own.rotates_secret(std::time::Duration::ZERO).await)),
        again: &[],
    },
    Event {
        name: "the own application is deleted",
        happens: deed!(w => w.own.changes(Delete).await),
        ends: &OWN,
        undone: None,
        again: &[],
    },
    Event {
        name: "the agent's application is disabled",
        happens: deed!(w => w.acting.changes(Disabled(true)).await),
        ends: &AGENTS,
        undone: Some(deed!(w => w.acting.changes(Disabled(false)).await)),
        again: &[4],
    },
    Event {
        name: "the agent's secrets are revoked",
        happens: deed!(w => w.acting.changes(RevokeAllSecrets).await),
        ends: &AGENTS,
        undone: Some(deed!(w => w.acting = w.acting.rotates_secret(std::time::Duration::ZERO).await)),
        again: &[4],
    },
    Event {
        name: "the agent's application is deleted",
        happens: deed!(w => w.acting.changes(Delete).await),
        ends: &AGENTS,
        undone: None,
        again: &[],
    },
    Event {
        name: "the grant to the agent is withdrawn",
        happens: deed!(w => assert!(w.p.withdraws(&w.ada, &w.acting).await)),
        ends: &AGENTS,
        undone: Some(deed!(w => {
            let browser = w.ada.signs_in().await;
            let fresh = w.acting.auth_key(&browser).await;
            w.acting.auth_key_grant(&fresh).await.tokens()
        })),
        again: &[],
    },
    Event {
        name: "the agent role is withdrawn",
        happens: deed!(w => w.agent.agent_role(AgentMove::Withdraw).await),
        ends: &AGENTS,
        undone: Some(deed!(w => {
            w.agent.asks_for_agent_role().await;
            w.agent.agent_role(AgentMove::Approve).await;
        })),
        again: &[],
    },
    Event {
        name: "the agent's own account is suspended",
        happens: deed!(w => w.agent.becomes(Status::Suspended).await),
        ends: &AGENTS,
        undone: None,
        again: &[],
    },
    Event {
        name: "the consent to the login application is withdrawn",
        happens: deed!(w => assert!(w.p.withdraws(&w.ada, &w.login).await)),
        ends: &LOGIN,
        undone: Some(deed!(w => {
            let browser = w.ada.signs_in().await;
            w.login.exchange(&browser.code_for(&w.login).await).await.login_token()
        })),
        again: &[],
    },
    Event {
        name: "the login application is disabled",
        happens: deed!(w => w.login.changes(Disabled(true)).await),
        ends: &LOGIN,
        undone: Some(deed!(w => w.login.changes(Disabled(false)).await)),
        again: &[],
    },
    Event {
        name: "the login application's secrets are revoked",
        happens: deed!(w => w.login.changes(RevokeAllSecrets).await),
        ends: &LOGIN,
        undone: Some(deed!(w => w.login = w.login.rotates_secret(std::time::Duration::ZERO).await)),
        again: &[],
    },
    Event {
        name: "the login application is deleted",
        happens: deed!(w => w.login.changes(Delete).await),
        ends: &LOGIN,
        undone: None,
        again: &[],
    },
    Event {
        name: "the partner's application is disabled",
        happens: deed!(w => w.partner.changes(Disabled(true)).await),
        ends: &[8],
        undone: Some(deed!(w => w.partner.changes(Disabled(false)).await)),
        again: &[],
    },
    Event {
        name: "the partner's secrets are revoked",
        happens: deed!(w => w.partner.changes(RevokeAllSecrets).await),
        ends: &[8],
        undone: None,
        again: &[],
    },
    Event {
        name: "the installation begins a new epoch",
        happens: deed!(w => w.p.p.store.begin_epoch(None, w.p.system()).await.expect("written")),
        ends: &ALL,
        undone: None,
        again: &[],
    },
];

fn named(which: impl Fn(usize) -> bool) -> Vec<&'static str> {
    THINGS.iter().enumerate().filter(|(at, _)| which(*at)).map(|(_, name)| *name).collect()
}

#[tokio::test]
async fn everything_is_alive_to_begin_with() {
    let p = Prosper::start().await;
    assert_eq!(World::of(&p).await.alive().await, THINGS);
}

#[tokio::test]
async fn every_event_ends_what_it_must_and_nothing_else_t_11() {
    for event in EVENTS {
        let p = Prosper::start().await;
        let mut world = World::of(&p).await;
        (event.happens)(&mut world).await;
        assert_eq!(world.alive().await, named(|at| !event.ends.contains(&at)), "after: {}", event.name);
    }
}

#[tokio::test]
async fn what_an_event_has_ended_stays_ended_when_it_is_undone() {
    for event in EVENTS {
        let Some(undone) = event.undone else { continue };
        let p = Prosper::start().await;
        let mut world = World::of(&p).await;
        (event.happens)(&mut world).await;
        undone(&mut world).await;
        let expected = named(|at| !event.ends.contains(&at) || event.again.contains(&at));
        assert_eq!(world.alive().await, expected, "undone: {}", event.name);
        if world.ada.is_usable().await {
            let fresh = world.own.password_grant(&world.ada).await.tokens();
            assert!(p.is_good(&fresh).await, "what is issued anew works: {}", event.name);
        }
    }
}

/// T-11 names each; none may be missing from the table above.
#[test]
fn the_table_has_every_event_of_the_contract() {
    let told = EVENTS.iter().map(|event| event.name).collect::<Vec<_>>().join("\n");
    for event in [
        "password changes",
        "status leaves active",
        "application is disabled",
        "application is deleted",
        "secrets are revoked",
        "grant to the agent is withdrawn",
        "agent role is withdrawn",
        "signs out everywhere",
    ] {
        assert!(told.contains(event), "{event}");
    }
    let met: Vec<_> = (0..THINGS.len()).filter(|at| EVENTS.iter().any(|event| event.ends.contains(at))).collect();
    assert_eq!(met, ALL);
}

/// a code is not issued, and a token not shown, for an account that left `active` in the middle of the flow.
#[tokio::test]
async fn a_status_that_changes_in_the_middle_of_a_flow_counts() {
    let p = Prosper::start().await;
    let world = World::of(&p).await;
    let page = world.browser.get(&world.login.authorize_url(CALLBACK, "s")).await;
    assert!(page.location_parameter("code").is_some());
    world.ada.becomes(Status::OnHold).await;
    let page = world.browser.get(&world.login.authorize_url(CALLBACK, "s")).await;
    assert!(page.location().starts_with("/login"), "{}", page.told());
}
