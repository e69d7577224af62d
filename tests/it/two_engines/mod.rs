//! What any engine must do (house plan §4): the store's conformance suite. Each test is handed a [`Store`] by the harness
//! and knows nothing of what is behind it; `on_postgres` runs the same suite on the other engine.

mod conditions;
mod contention;
mod live_view;
mod neighbours;
mod one_statement;
mod round_trips;
mod sweep;
mod units;

use prosper::domain::application::{Application, ApplicationKind, Registration};
use prosper::domain::consent::{Consent, Terms};
use prosper::domain::ids::{AuthKeyId, ClientId, CodeId, ConsentId, FamilyId, SecretId, SessionId};
use prosper::domain::scope::ScopeSet;
use prosper::domain::secret::KeyedHash;
use prosper::domain::time::Timestamp;
use prosper::fault::Fault;
use prosper::store::Store;
use prosper::store::applications::RegisterApplication;
use prosper::store::consents::Allow;
use prosper::store::engine::{Tx, Unit};
use prosper::store::families::{Epochs, Family};
use prosper::store::redeeming::Redeeming;
use prosper::store::sessions::Session;
use prosper::store::stood::Basis;

use crate::prosper::{Person, Prosper, hours, minutes};

/// A statement of a test's own.
struct Raw(&'static str);

impl Unit for Raw {
    type Out = u64;

    async fn run(&self, tx: &mut Tx) -> Result<u64, Fault> {
        tx.execute(self.0, &[]).await
    }
}

/// The one integer that a statement answers.
struct Int(&'static str);

impl Unit for Int {
    type Out = i64;

    async fn run(&self, tx: &mut Tx) -> Result<i64, Fault> {
        tx.one(self.0, &[]).await?.map_or(Ok(0), |row| row.get(0))
    }
}

/// What things are made of in these tests.
struct Maker<'s> {
    p: &'s Prosper,
    store: &'s Store,
}

impl<'s> Maker<'s> {
    fn of(p: &'s Prosper) -> Self {
        Self { p, store: &p.p.store }
    }

    fn bytes<const N: usize>(&self) -> [u8; N] {
        self.p.p.entropy.bytes()
    }

    fn hash(&self) -> KeyedHash {
        KeyedHash { key: 2, mac: self.bytes() }
    }

    fn now(&self) -> Timestamp {
        self.p.p.now()
    }

    async fn application(&self, owner: &Person<'_>, kind: ApplicationKind) -> Application {
        let registration = Registration {
            name: "Name ☃ 'quoted' \\ \"twice\" -- ; %".into(),
            phone: "+1 415 555 0100".into(),
            email: "ops@x.example".into(),
            url: "https://x.example".into(),
            redirect_uris: vec!["https://x.example/cb".into()],
        };
        let account = self.store.account(owner.id).await.expect("read").expect("there");
        let application = Application {
            id: ClientId::from_bytes(self.bytes()),
            space: account.space,
            owner: owner.id,
            kind,
            profile: registration.check(kind).expect("a good registration"),
            scopes: kind.scopes(),
            disabled: false,
            require_pkce: false,
            send_issuer: false,
            has_logo: false,
            epoch: 0,
            created_at: self.now(),
        };
        let register = RegisterApplication {
            application: application.clone(),
            logo: None,
            secret: SecretId::from_bytes(self.bytes()),
            hash: self.hash(),
            most: None,
            trail: self.p.system(),
        };
        assert!(self.store.register_application(register).await.expect("written"));
        application
    }

    fn consent(&self, account: &Person<'_>, application: &Application) -> Consent {
        Consent {
            id: ConsentId::from_bytes(self.bytes()),
            account: account.id,
            application: application.id,
            scope: application.scopes,
            terms: Terms::of(application),
            granted_at: self.now(),
        }
    }

    /// What is written when `consent` is given now, by an account and to an application that nothing happened to.
    fn allow(&self, consent: Consent) -> Allow {
        let key = Some((AuthKeyId::from_bytes(self.bytes()), self.hash()));
        Allow { consent, key, account_epoch: 0, application_epoch: 0, mail: None, form: None, trail: self.p.system() }
    }

    fn family(&self, account: &Person<'_>, application: &Application) -> Family {
        Family {
            id: FamilyId::from_bytes(self.bytes()),
            application: application.id,
            account: Some(account.id),
            consent: None,
            scope: ScopeSet::INVESTOR,
            refresh: Some(self.hash()),
            created_at: self.now(),
            expires_at: self.now().plus(hours(11)),
            epochs: Epochs::default(),
        }
    }

    fn redeeming(&self, account: &Person<'_>, application: &Application, consent: ConsentId) -> Redeeming {
        let basis = Basis {
            code: CodeId::from_bytes(self.bytes()),
            client: application.id,
            account: account.id,
            space: application.space,
            consent,
            epochs: Epochs::default(),
        };
        let (code_expires_at, token_expires_at) = (self.now().plus(minutes(5)), self.now().plus(minutes(15)));
        Redeeming { basis, used_at: self.now(), code_expires_at, token_expires_at }
    }

    fn session(&self, account: &Person<'_>) -> Session {
        Session {
            id: SessionId::from_bytes(self.bytes()),
            account: account.id,
            hash: self.hash(),
            created_at: self.now(),
            seen_at: self.now(),
            expires_at: self.now().plus(hours(24)),
            account_epoch: 0,
            installation_epoch: 0,
            address: "2001:db8::1".into(),
            agent: "A browser, ☃".into(),
            console: false,
        }
    }
}
