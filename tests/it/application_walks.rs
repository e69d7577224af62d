//! What becomes of an application, whoever wishes whatever in whatever order: it moves as a model of it does, what is not
//! theirs to wish is refused and changes nothing, and its secrets and tokens work exactly when the model says so
//! (B-05, B-07, T-11; R-75).

use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use prosper::contract::table::Stop;
use prosper::domain::account::{Account, StaffRole};
use prosper::domain::application::ApplicationKind;
use prosper::domain::ids::SecretId;
use prosper::domain::scope::{Scope, ScopeSet};
use prosper::domain::status::Status;
use prosper::domain::time::Timestamp;
use prosper::flows::manage_app::{AppWish, Rotation, change_app, rotate_secret};
use prosper::flows::refusal::{ADMINISTRATION, Actor, Refusal};
use prosper::store::applications::Client;

use crate::prosper::alone::run;
use crate::prosper::exchange::Tokens;
use crate::prosper::{App, Person, Prosper, minutes, seconds};

/// Who wishes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Who {
    Owner,
    /// The owner, while the account may not be used.
    StoppedOwner,
    Stranger,
    Support,
    Administrator,
    Terminal,
}

/// What they wish.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Does {
    Rotate,
    /// One of the secrets there ever were.
    Revoke(usize),
    RevokeAll,
    Disable,
    Enable,
    Delete,
    /// What the kind has no use for.
    RequirePkce,
    SetRedirects,
    /// What staff alone may.
    Narrow,
    Wait,
}

/// Owners and administrators more often than others, and the end more seldom, so that a walk goes on for a while.
fn steps() -> impl Strategy<Value = Vec<(Who, Does)>> {
    let who = prop_oneof![
        6 => Just(Who::Owner),
        1 => Just(Who::StoppedOwner),
        2 => Just(Who::Stranger),
        1 => Just(Who::Support),
        2 => Just(Who::Administrator),
        1 => Just(Who::Terminal),
    ];
    let does = prop_oneof![
        4 => Just(Does::Rotate),
        3 => (0_usize..4).prop_map(Does::Revoke),
        1 => Just(Does::RevokeAll),
        2 => Just(Does::Disable),
        4 => Just(Does::Enable),
        1 => Just(Does::Delete),
        1 => Just(Does::RequirePkce),
        1 => Just(Does::SetRedirects),
        1 => Just(Does::Narrow),
        2 => Just(Does::Wait),
    ];
    prop::collection::vec((who, does), 1..24)
}

/// The application as it ought to be.
#[derive(Clone, Debug, PartialEq)]
struct Model {
    gone: bool,
    disabled: bool,
    /// Counts what ends everything it was given.
    ends: i64,
    scopes: ScopeSet,
    /// Oldest first, with when each stops.
    secrets: Vec<(SecretId, Option<Timestamp>)>,
}

impl Model {
    fn live(&self, at: usize, now: Timestamp) -> bool {
        self.secrets[at].1.is_none_or(|end| now < end)
    }

    /// What is refused to `who`, before anything else is looked at.
    fn refuses(&self, who: Who) -> Option<Refusal> {
        match who {
            Who::StoppedOwner => Some(Refusal::NotUsable(Status::Suspended)),
            Who::Support => Some(Refusal::StaffNeeded(ADMINISTRATION)),
            Who::Stranger => Some(Refusal::NotFound),
            Who::Owner | Who::Administrator | Who::Terminal => self.gone.then_some(Refusal::NotFound),
        }
    }

    /// The moves, a second time by hand; `made` is the name that a new secret has.
    fn step(&mut self, who: Who, does: Does, made: SecretId, now: Timestamp) -> Result<(), Refusal> {
        if let Some(refusal) = self.refuses(who) {
            return Err(refusal);
        }
        match does {
            Does::Rotate => {
                let until = now.plus(OVERLAP);
                for (_, end) in &mut self.secrets {
                    *end = Some(end.map_or(until, |end| end.min(until)));
                }
                // Two at most are live: the new one and the newest of the others.
                let newest = (0..self.secrets.len()).rev().find(|at| self.live(*at, now));
                for at in 0..newest.unwrap_or(0) {
                    if self.live(at, now) {
                        self.secrets[at].1 = Some(now);
                    }
                }
                self.secrets.push((made, None));
            }
            Does::Revoke(at) => {
                if at >= self.secrets.len() || !self.live(at, now) {
                    return Err(Refusal::NotFound);
                }
                self.secrets[at].1 = Some(now);
            }
            Does::RevokeAll => {
                for at in 0..self.secrets.len() {
                    if self.live(at, now) {
                        self.secrets[at].1 = Some(now);
                    }
                }
                self.ends += 1;
            }
            Does::Disable | Does::Enable => {
                let disabled = does == Does::Disable;
                self.ends += i64::from(self.disabled != disabled);
                self.disabled = disabled;
            }
            Does::Delete => self.gone = true,
            Does::RequirePkce | Does::SetRedirects => return Err(Refusal::NotFound),
            Does::Narrow if who == Who::Owner => return Err(Refusal::StaffNeeded(ADMINISTRATION)),
            Does::Narrow => self.scopes = NARROW,
            Does::Wait => {}
        }
        Ok(())
    }

    /// Is the stored application this one?
    fn is(&self, stored: Option<&Client>) {
        let Some(client) = stored else { return assert!(self.gone, "{self:?} is not there") };
        assert!(!self.gone, "{client:?} is still there");
        let application = &client.application;
        let secrets: Vec<_> = client.secrets.iter().map(|secret| (secret.id, secret.expires_at)).collect();
        assert_eq!(
            (application.disabled, application.epoch, application.scopes),
            (self.disabled, self.ends, self.scopes)
        );
        assert_eq!(secrets, self.secrets);
        assert_eq!((application.require_pkce, application.profile.redirect_uris.len()), (false, 0));
    }
}

/// How long a secret goes on beside a new one.
const OVERLAP: std::time::Duration = minutes(30);

/// What the sample resource asks for, and no more.
const NARROW: ScopeSet = ScopeSet::NONE.with(Scope::ReadProsperAccount);

/// Everybody who wishes something.
struct Cast {
    owner: Account,
    stranger: Account,
}

impl Cast {
    /// The same people, in the part that they have.
    fn account(&self, who: Who) -> Account {
        let staff = |role| Account { staff: Some(role), ..self.stranger.clone() };
        match who {
            Who::Owner | Who::Terminal => self.owner.clone(),
            Who::StoppedOwner => Account { status: Status::Suspended, ..self.owner.clone() },
            Who::Stranger => self.stranger.clone(),
            Who::Support => staff(StaffRole::Support),
            Who::Administrator => staff(StaffRole::Administrator),
        }
    }
}

#[test]
fn an_application_moves_as_its_model_does_and_what_is_refused_changes_nothing_b_05_r_75() {
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() });
    let outcome = runner.run(&steps(), |steps| {
        run(walks(steps));
        Ok(())
    });
    outcome.expect("it moves as the model does");
}

async fn walks(steps: Vec<(Who, Does)>) {
    let p = Prosper::start().await;
    let (ada, eve) = (p.investor("ada@example.com").await, p.investor("eve@example.com").await);
    let of = async |person: &Person<'_>| (*p.p.store.account(person.id).await.expect("read").expect("there")).clone();
    let cast = Cast { owner: of(&ada).await, stranger: of(&eve).await };
    let first = ada.registers_own_app("Own").await;
    let stored = async || p.p.store.client(first.id).await.expect("read");
    let begun = stored().await.expect("there");
    let mut model = Model {
        gone: false,
        disabled: false,
        ends: 0,
        scopes: ScopeSet::INVESTOR,
        secrets: vec![(begun.secrets[0].id, None)],
    };
    model.is(Some(&begun));
    // Each secret in clear, beside the model's; and what was granted last, with the count of ends at the time.
    let mut plain = vec![first.clone()];
    let mut given: Option<(Tokens, i64)> = None;
    for (who, does) in steps {
        p.clock.advance(if does == Does::Wait { minutes(20) } else { seconds(1) });
        let (before, said) = (stored().await, p.p.store.audit(None, 1_000).await.expect("read").len());
        let told = wishes(&p, who, does, &model, &cast, &mut plain).await;
        let after = stored().await;
        let made = after.as_ref().and_then(|client| client.secrets.last()).map_or(begun.secrets[0].id, |last| last.id);
        let expected = if does == Does::Wait { Ok(()) } else { model.step(who, does, made, p.clock.now()) };
        assert_eq!(told, expected, "{who:?} {does:?}");
        model.is(after.as_deref());
        if told.is_err() {
            let rows = p.p.store.audit(None, 1_000).await.expect("read").len();
            assert_eq!((&after, rows), (&before, said), "{who:?} {does:?} was refused");
        }
        works(&p, &model, &plain, &ada, &mut given).await;
    }
    if model.gone {
        assert!(!registers_again(&p, &begun).await, "a client id is given out once");
    }
}

/// Puts a wish to the flow; the new secret of a rotation is kept.
async fn wishes<'s>(
    p: &'s Prosper,
    who: Who,
    does: Does,
    model: &Model,
    cast: &Cast,
    plain: &mut Vec<App<'s>>,
) -> Result<(), Refusal> {
    let (id, account) = (plain[0].id, cast.account(who));
    let actor = match who {
        Who::Owner | Who::StoppedOwner | Who::Stranger => Actor::Owner(&account),
        Who::Support | Who::Administrator => Actor::Staff(&account),
        Who::Terminal => Actor::Terminal,
    };
    let nowhere = SecretId::from_bytes([9; 16]);
    let wish = match does {
        Does::Wait => return Ok(()),
        Does::Rotate => {
            let wish = Rotation { overlap: Some(OVERLAP), ..Rotation::default() };
            let made = refusal(rotate_secret(id, wish, actor, p.system(), &p.p).await)?;
            plain.push(App { secret: made.client_secret.expose().into(), ..plain[0].clone() });
            return Ok(());
        }
        Does::Revoke(at) => AppWish::RevokeSecret(model.secrets.get(at).map_or(nowhere, |(id, _)| *id)),
        Does::RevokeAll => AppWish::RevokeAllSecrets,
        Does::Disable => AppWish::Disable,
        Does::Enable => AppWish::Enable,
        Does::Delete => AppWish::Delete,
        Does::RequirePkce => AppWish::RequirePkce(true),
        Does::SetRedirects => AppWish::RedirectUris(vec!["https://evil.example/cb".into()]),
        Does::Narrow => AppWish::Scopes(NARROW),
    };
    refusal(change_app(id, wish, actor, p.system(), &p.p).await)
}

fn refusal<T>(outcome: Result<T, Stop<Refusal>>) -> Result<T, Refusal> {
    outcome.map_err(|stop| match stop {
        Stop::Refused(refusal) => refusal,
        other => panic!("it broke: {other:?}"),
    })
}

/// Every secret works, and what was granted last is good, exactly when the model says so.
async fn works(p: &Prosper, model: &Model, plain: &[App<'_>], ada: &Person<'_>, given: &mut Option<(Tokens, i64)>) {
    let stands = !model.gone && !model.disabled;
    if let Some((tokens, ends)) = &*given {
        assert_eq!(p.is_good(tokens).await, stands && *ends == model.ends, "{model:?}");
    }
    *given = None;
    for (at, app) in plain.iter().enumerate() {
        let answer = app.password_grant(ada).await;
        if stands && model.live(at, p.clock.now()) {
            *given = Some((answer.tokens(), model.ends));
        } else {
            assert!((400..500).contains(&answer.status), "secret {at} of {model:?} works\n{}", answer.told());
        }
    }
}

/// Would this client id be given out a second time?
async fn registers_again(p: &Prosper, begun: &Arc<Client>) -> bool {
    let register = prosper::store::applications::RegisterApplication {
        application: begun.application.clone(),
        logo: None,
        secret: SecretId::from_bytes([8; 16]),
        hash: begun.secrets[0].hash,
        most: None,
        trail: p.system(),
    };
    assert_eq!(register.application.kind, ApplicationKind::Personal);
    p.p.store.register_application(register).await.expect("written")
}
