//! What is written is read back as it was, and what must be unique is.

use prosper::crypto::ring::MasterKey;
use prosper::domain::account::{AccountKind, InvestorType, StaffRole};
use prosper::domain::agent::{AgentMove, AgentRole};
use prosper::domain::application::ApplicationKind;
use prosper::domain::email::Email;
use prosper::domain::ids::{AccountId, AccountUid};
use prosper::domain::secret::{KeyUse, RingKey};
use prosper::domain::status::Status;
use prosper::store::app_requests::AppRequest;
use prosper::store::applications::ApplicationChange;
use prosper::store::installation::RotateKeys;
use prosper::store::new_accounts::NewAccount;
use prosper::store::outbox::Mail;

use super::{Int, Maker};
use crate::prosper::{Prosper, hours, minutes};

#[tokio::test]
async fn an_account_reads_back_by_every_way_there_is() {
    let p = Prosper::start().await;
    let (make, other) = (Maker::of(&p), p.space("Other").await);
    let uid = AccountUid::from_random(make.bytes());
    let password = p.hash_of("a password of its own").await;
    let new = |space, name: &str| NewAccount {
        uid: if space == p.space { uid } else { AccountUid::from_random(make.bytes()) },
        space,
        email: Email::parse("Ada.Lovelace+x@Example.com").expect("an address"),
        name: name.into(),
        kind: AccountKind::Institutional,
        investor_type: InvestorType::Bank,
        password: password.clone(),
        status: Status::PendingApproval,
        staff: Some(StaffRole::Administrator),
        institution: Some("Bank 'of' ☃".into()),
        phone: Some("+1 415 555 0100".into()),
        trail: p.system(),
    };
    let name = "Ada \u{1f980} O'Neil\n\"; drop table accounts; -- \\";
    let id = make.store.create_account(new(p.space, name)).await.expect("written").expect("a free address");
    let found = make.store.account(id).await.expect("read").expect("there");
    assert_eq!((found.id, found.uid, found.space), (id, uid, p.space));
    assert_eq!((found.name.as_str(), found.email.as_str()), (name, "Ada.Lovelace+x@Example.com"));
    assert_eq!((found.kind, found.investor_type), (AccountKind::Institutional, InvestorType::Bank));
    assert_eq!((found.status, found.staff), (Status::PendingApproval, Some(StaffRole::Administrator)));
    assert_eq!((found.agent, found.epoch, found.agent_epoch), (AgentRole::None, 0, 0));
    assert!(!found.password_reset_required && found.created_at == p.p.now());
    let credentials = make.store.credentials(id).await.expect("read").expect("there");
    assert_eq!((&credentials.account, credentials.password.as_str()), (&*found, password.as_str()));
    let by_email = make.store.credentials_by_email(p.space, " aDA.lovelace+X@example.COM").await.expect("read");
    assert_eq!(by_email.expect("whatever its case").account, *found);
    let moved = make.store.status_move(id).await.expect("read").expect("there");
    assert_eq!((moved.by.as_str(), moved.at), ("system", p.p.now()));

    assert_eq!(make.store.create_account(new(p.space, "again")).await.expect("read"), None, "one address, one account");
    let next = make.store.create_account(new(other, "there")).await.expect("written").expect("another space");
    assert!(next.0 > id.0, "a number is never given out twice, not even one that led to nothing");
    assert_eq!(make.store.credentials_anywhere("ada.lovelace+x@example.com").await.expect("read").len(), 2);
    let page = make.store.accounts(Some(other), AccountId(0), 10).await.expect("read");
    assert_eq!(page.iter().map(|account| account.id).collect::<Vec<_>>(), [next]);
    let after = make.store.accounts(None, id, 10).await.expect("read");
    assert!(after.iter().all(|account| account.id.0 > id.0));
    assert_eq!(make.store.account(AccountId(987_654)).await.expect("read"), None);
    assert!(make.store.set_staff(id, None, p.system()).await.expect("written"));
    let staff = make.store.staff().await.expect("read");
    assert_eq!(staff.iter().map(|account| account.id).collect::<Vec<_>>(), [next]);
}

#[tokio::test]
async fn an_application_reads_back_and_changes_one_thing_at_a_time() {
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    let ada = p.investor("ada@example.com").await;
    for kind in [ApplicationKind::Personal, ApplicationKind::Login, ApplicationKind::Partner, ApplicationKind::Api] {
        let registered = make.application(&ada, kind).await;
        let client = make.store.client(registered.id).await.expect("read").expect("there");
        assert_eq!(client.application, registered);
        assert_eq!(client.secrets.len(), 1);
        let mut expected = registered;
        for (change, apply) in changes() {
            let changed = make.store.change_application(expected.id, change, p.system()).await;
            assert!(changed.expect("written"));
            apply(&mut expected);
            assert_eq!(make.store.client(expected.id).await.expect("read").expect("there").application, expected);
        }
        assert_eq!(make.store.logo(expected.id).await.expect("read"), Some(vec![0, 1, 255, 0]));
        let gone = make.store.change_application(expected.id, ApplicationChange::Delete, p.system()).await;
        assert!(gone.expect("written"));
        assert_eq!(make.store.client(expected.id).await.expect("read"), None);
        let again = make.store.change_application(expected.id, ApplicationChange::Delete, p.system()).await;
        assert!(!again.expect("written"));
    }
    assert!(make.store.clients_of(ada.id).await.expect("read").is_empty());
    assert_eq!(make.store.read(Int("select count(*) from client_secrets")).await.expect("read"), 0, "gone with them");
}

type Apply = fn(&mut prosper::domain::application::Application);

fn changes() -> Vec<(ApplicationChange, Apply)> {
    use prosper::domain::redirect_uri::RedirectUri;
    use prosper::domain::scope::{Scope, ScopeSet};
    vec![
        (ApplicationChange::RequirePkce(true), |a| a.require_pkce = true),
        (ApplicationChange::SendIssuer(true), |a| a.send_issuer = true),
        (ApplicationChange::Logo(Some(vec![0, 1, 255, 0])), |a| a.has_logo = true),
        (ApplicationChange::Scopes(ScopeSet::NONE.with(Scope::ReadNote)), |a| {
            a.scopes = ScopeSet::NONE.with(Scope::ReadNote);
        }),
        (ApplicationChange::RedirectUris(vec![RedirectUri::from_stored("https://y.example/a")]), |a| {
            a.profile.redirect_uris = vec![RedirectUri::from_stored("https://y.example/a")];
        }),
        (ApplicationChange::Disabled(true), |a| {
            a.disabled = true;
            a.epoch += 1;
        }),
        (ApplicationChange::Disabled(false), |a| {
            a.disabled = false;
            a.epoch += 1;
        }),
        (ApplicationChange::RevokeAllSecrets, |a| a.epoch += 1),
    ]
}

#[tokio::test]
async fn consents_keys_families_redemptions_and_sessions_read_back() {
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    let ada = p.investor("ada@example.com").await;
    let (own, login) =
        (make.application(&ada, ApplicationKind::Personal).await, make.application(&ada, ApplicationKind::Login).await);

    let consent = make.consent(&ada, &login);
    let allow = make.allow(consent.clone());
    let (key, hash) = allow.key.expect("a key");
    assert_eq!(make.store.allow(allow).await.expect("written"), Some(consent.id));
    assert_eq!(make.store.consent(ada.id, login.id).await.expect("read").as_deref(), Some(&consent));
    let found = make.store.auth_key(key).await.expect("read").expect("there");
    assert_eq!((found.hash, &found.consent), (hash, &consent));
    let again = make.allow(make.consent(&ada, &login));
    assert_eq!(
        make.store.allow(again).await.expect("written"),
        Some(consent.id),
        "one for each pair, and its own name"
    );
    assert_eq!(make.store.consents_of(ada.id).await.expect("read").len(), 1);
    assert_eq!(make.store.consents_to(login.id).await.expect("read").len(), 1);

    let family = make.family(&ada, &own);
    assert!(make.store.open_family(family.clone(), None).await.expect("written"));
    assert_eq!(make.store.family(family.id).await.expect("read").as_deref(), Some(&family));
    let machine = prosper::store::families::Family { account: None, refresh: None, ..make.family(&ada, &own) };
    assert!(make.store.open_family(machine.clone(), None).await.expect("written"));
    assert_eq!(make.store.family(machine.id).await.expect("read").as_deref(), Some(&machine));

    let redeeming = make.redeeming(&ada, &login, consent.id);
    make.store.redeem_code(redeeming).await.expect("written");
    let found = make.store.redemption(redeeming.basis.code).await.expect("read");
    assert_eq!(found.as_deref(), Some(&redeeming.redemption()));

    let (one, two) = (make.session(&ada), make.session(&ada));
    assert!(make.store.open_session(one.clone(), None, None).await.expect("written"));
    assert_eq!(make.store.session(one.id).await.expect("read").as_deref(), Some(&one));
    assert!(make.store.open_session(two.clone(), Some(one.id), None).await.expect("written"));
    assert_eq!(make.store.session(one.id).await.expect("read"), None, "the new one takes its place");
    assert_eq!(make.store.sessions_of(ada.id).await.expect("read"), std::slice::from_ref(&two));
    make.store.close_session(two.id).await.expect("written");
    assert_eq!(make.store.session(two.id).await.expect("read"), None);

    assert!(make.store.withdraw(ada.id, login.id, p.system()).await.expect("written"));
    assert!(!make.store.withdraw(ada.id, login.id, p.system()).await.expect("written"));
    assert_eq!(make.store.auth_key(key).await.expect("read"), None, "its keys go with it");
}

#[tokio::test]
async fn spaces_keys_mails_requests_and_what_was_done_read_back() {
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    let ada = p.investor("ada@example.com").await;
    let space = make.store.add_space("Other ☃".into(), Some("help@x.example".into()), p.system()).await;
    let space = space.expect("written").expect("a new name");
    let found = make.store.space(space).await.expect("read").expect("there");
    assert_eq!((found.name.as_str(), found.support_email.as_deref()), ("Other ☃", Some("help@x.example")));
    let taken = make.store.add_space("OTHER ☃".into(), None, p.system()).await;
    assert_eq!(taken.expect("read"), None, "without regard to case");

    let master = MasterKey::from_hex(&"5a".repeat(32)).expect("a key");
    let ring = make.store.ring_keys().await.expect("read");
    let key = RingKey::generate(77, KeyUse::Seal, &master, &p.p.entropy, p.p.now());
    let retire = vec![(ring[0].id, p.p.now().plus(hours(2)))];
    let rotation = RotateKeys { add: vec![key.clone()], retire, trail: p.system() };
    make.store.rotate_keys(rotation).await.expect("written");
    let now = make.store.ring_keys().await.expect("read");
    assert_eq!(now.len(), ring.len() + 1);
    assert_eq!(now.last().map(|key| (key.id, key.wrapped.clone())), Some((77, key.wrapped)));
    assert_eq!(now[0].retires_at, Some(p.p.now().plus(hours(2))));

    let body = vec![0, 255, 128, 10];
    let mail = Mail { recipient: "ada@example.com".into(), subject: "One".into(), body, account: Some(ada.id) };
    make.store.post(mail.clone(), p.p.now()).await.expect("written");
    let queued = make.store.outbox(10).await.expect("read");
    assert_eq!((queued.len(), &queued[0].mail, queued[0].sent_at), (1, &mail, None));

    let app = make.application(&ada, ApplicationKind::Login).await;
    let request = AppRequest {
        request_id: "ABCDEFGHIJKLMNOP".into(),
        application: app.id,
        at: p.p.now(),
        surface: "authorize",
        outcome: "ok".into(),
        detail: "'quoted' ☃".into(),
    };
    make.store.saw_request(request.clone());
    make.store.saw_request(request);
    make.store.flush_observations().await.expect("written");
    let seen = make.store.requests_of(app.id, None, 10).await.expect("read");
    assert_eq!((seen.len(), seen[0].surface.as_str(), seen[0].detail.as_str()), (1, "authorize", "'quoted' ☃"));

    ada.becomes(Status::Suspended).await;
    let audit = make.store.audit(Some(format!("account {}", ada.id)), 10).await.expect("read");
    let rows: Vec<_> = audit.iter().map(|row| (row.action.as_str(), row.before.as_str(), row.after.as_str())).collect();
    assert_eq!(rows, [("account.status", "active", "suspended: a test"), ("account.create", "", "active")]);
    assert!(audit[0].id > audit[1].id, "the newest first");
}

#[tokio::test]
async fn an_agents_request_reads_back_through_its_whole_life() {
    let p = Prosper::start().await;
    let make = Maker::of(&p);
    let bank = p.institution("it@bank.example").await;
    assert_eq!(make.store.agent_request(bank.id).await.expect("read"), None);
    bank.asks_for_agent_role().await;
    let asked = make.store.agent_request(bank.id).await.expect("read").expect("there");
    assert_eq!((asked.account, asked.asked_at, asked.decision), (bank.id, p.p.now(), None));
    assert_eq!(make.store.agent_requests(true).await.expect("read").len(), 1);
    p.clock.advance(minutes(5));
    bank.agent_role(AgentMove::Decline).await;
    assert!(make.store.agent_requests(true).await.expect("read").is_empty());
    bank.asks_for_agent_role().await;
    bank.agent_role(AgentMove::Approve).await;
    let granted = make.store.agent_request(bank.id).await.expect("read").expect("there");
    assert_eq!((granted.decision.as_deref(), granted.decided_at), (Some("approved"), Some(p.p.now())));
    bank.agent_role(AgentMove::Withdraw).await;
    let account = make.store.account(bank.id).await.expect("read").expect("there");
    assert_eq!((account.agent, account.agent_epoch), (AgentRole::Withdrawn, 1));
    assert_eq!(make.store.agent_requests(false).await.expect("read").len(), 2, "the history stays");
}
