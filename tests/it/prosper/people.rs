//! People and their applications.

use prosper::crypto::secret::{Kind, client_secret};
use prosper::domain::account::{AccountKind, InvestorType};
use prosper::domain::agent::{AgentMove, RequestForm};
use prosper::domain::application::{Application, ApplicationKind, Registration};
use prosper::domain::email::Email;
use prosper::domain::ids::{AccountId, AccountUid, ClientId, SecretId, SpaceId};
use prosper::domain::status::{Mover, Status};
use prosper::store::accounts::SetPassword;
use prosper::store::agents::{AskForRole, DecideRole};
use prosper::store::applications::{ApplicationChange, RegisterApplication};
use prosper::store::audit::Trail;
use prosper::store::new_accounts::NewAccount;
use prosper::store::status_moves::SetStatus;

use super::exchange::{Exchange, Tokens, form, request};
use super::{Browser, Prosper};

/// Somebody with an account.
pub struct Person<'s> {
    pub server: &'s Prosper,
    pub id: AccountId,
    pub uid: AccountUid,
    pub email: String,
    pub password: String,
}

/// An application and what authenticates it.
#[derive(Clone)]
pub struct App<'s> {
    pub server: &'s Prosper,
    pub id: ClientId,
    pub client_id: String,
    pub secret: String,
}

/// The password that everybody has unless a test says otherwise: awkward on purpose.
pub const PASSWORD: &str = "correct horse+battery&staple=%41 é";

impl Prosper {
    fn trail(&self) -> Trail {
        Trail::system(self.clock.now())
    }

    /// An active individual in the first space.
    pub async fn investor(&self, email: &str) -> Person<'_> {
        self.person(email, AccountKind::Individual, self.space).await
    }

    /// An active institution in the first space.
    pub async fn institution(&self, email: &str) -> Person<'_> {
        self.person(email, AccountKind::Institutional, self.space).await
    }

    pub async fn person(&self, email: &str, kind: AccountKind, space: SpaceId) -> Person<'_> {
        let folded = prosper::domain::password::fold(PASSWORD).expect("a password");
        let uid = AccountUid::from_random(self.p.entropy.bytes());
        let account = NewAccount {
            uid,
            space,
            email: Email::parse(email).expect("an address"),
            name: "Ada Lovelace".into(),
            kind,
            investor_type: match kind {
                AccountKind::Individual => InvestorType::Individual,
                AccountKind::Institutional => InvestorType::Fund,
            },
            password: self.p.passwords.hash(folded).await.expect("a hash"),
            status: Status::Active,
            staff: None,
            institution: None,
            phone: None,
            trail: self.trail(),
        };
        let id = self.p.store.create_account(account).await.expect("written").expect("a free address");
        Person { server: self, id, uid, email: email.into(), password: PASSWORD.into() }
    }

    /// An institution that holds the agent role.
    pub async fn agent(&self, email: &str) -> Person<'_> {
        let person = self.institution(email).await;
        person.asks_for_agent_role().await;
        person.agent_role(AgentMove::Approve).await;
        person
    }
}

impl<'s> Person<'s> {
    /// Staff move the status, by whatever legal steps lead there.
    pub async fn becomes(&self, to: Status) {
        let store = &self.server.p.store;
        let step = |to| SetStatus {
            id: self.id,
            to,
            by: Mover::Administrator,
            reason: "a test".into(),
            until: None,
            mails: Vec::new(),
            trail: self.server.trail(),
        };
        let from = store.account(self.id).await.expect("read").expect("there").status;
        if from == to {
            return;
        }
        if from.may_move(to, Mover::Administrator) {
            assert!(store.set_status(step(to)).await.expect("written"));
        } else {
            self.is_set_to(to).await;
        }
    }

    /// Puts an account where no move from active leads: as if it had begun there.
    async fn is_set_to(&self, to: Status) {
        struct Set(AccountId, Status);
        impl prosper::store::engine::Unit for Set {
            type Out = ();
            async fn run(&self, tx: &mut prosper::store::engine::Tx) -> Result<(), prosper::fault::Fault> {
                let sql = "update accounts set status = ?2, epoch = epoch + 1 where id = ?1";
                tx.execute(sql, prosper::values![self.0, self.1.name()]).await?;
                tx.changed(prosper::store::changes::Change::Account(self.0));
                Ok(())
            }
        }
        self.server.p.store.write(Set(self.id, to)).await.expect("written");
    }

    /// Staff demand a new password.
    pub async fn must_reset(&self) {
        assert!(self.server.p.store.require_reset(self.id, true, self.server.trail()).await.expect("written"));
    }

    /// The password changes behind everybody's back.
    pub async fn gets_password(&mut self, password: &str) {
        let folded = prosper::domain::password::fold(password).expect("a password");
        let hash = self.server.p.passwords.hash(folded).await.expect("a hash");
        let change =
            SetPassword { id: self.id, password: hash, instead_of: None, mail: None, trail: self.server.trail() };
        assert!(self.server.p.store.set_password(change).await.expect("written"));
        self.password = password.into();
    }

    pub async fn signs_out_everywhere(&self) {
        assert!(self.server.p.store.sign_out_everywhere(self.id, self.server.trail()).await.expect("written"));
    }

    pub async fn asks_for_agent_role(&self) {
        let ask = AskForRole {
            account: self.id,
            form: RequestForm::ExistingAccount,
            message: String::new(),
            further_accounts: String::new(),
            mail: None,
            trail: self.server.trail(),
        };
        assert!(self.server.p.store.ask_for_agent_role(ask).await.expect("written"));
    }

    /// Staff decide on the agent role.
    pub async fn agent_role(&self, step: AgentMove) {
        let decision = DecideRole {
            account: self.id,
            step,
            reason: "a test".into(),
            along: Vec::new(),
            mail: None,
            trail: self.server.trail(),
        };
        assert!(self.server.p.store.decide_agent_role(decision).await.expect("written"));
    }

    /// Registers the own-use application that suits the account.
    pub async fn registers_own_app(&self, name: &str) -> App<'s> {
        let account = self.server.p.store.account(self.id).await.expect("read").expect("there");
        let kind = match account.kind {
            AccountKind::Individual => ApplicationKind::Personal,
            AccountKind::Institutional => ApplicationKind::Institutional,
        };
        self.registers(
            kind,
            Registration { name: name.into(), phone: "+1 415 555 0100".into(), ..Registration::default() },
        )
        .await
    }

    /// Registers an agent's application that sends investors back to `redirect`.
    pub async fn registers_agent_app(&self, name: &str, redirect: &str) -> App<'s> {
        let registration = Registration {
            name: name.into(),
            phone: "+1 415 555 0100".into(),
            email: "ops@agent.example".into(),
            url: "https://agent.example".into(),
            redirect_uris: vec![redirect.into()],
        };
        self.registers(ApplicationKind::ThirdPartyAgent, registration).await
    }

    /// Has staff register a login application.
    pub async fn has_login_app(&self, name: &str, redirects: &[&str]) -> App<'s> {
        let registration = Registration {
            name: name.into(),
            url: "https://app.example".into(),
            redirect_uris: redirects.iter().map(|&uri| uri.into()).collect(),
            ..Registration::default()
        };
        self.registers(ApplicationKind::Login, registration).await
    }

    /// Has an application of this kind that needs a name alone (partner, api).
    pub async fn has_app(&self, kind: ApplicationKind, name: &str) -> App<'s> {
        self.registers(kind, Registration { name: name.into(), ..Registration::default() }).await
    }

    pub async fn registers(&self, kind: ApplicationKind, registration: Registration) -> App<'s> {
        let p = &self.server.p;
        let account = p.store.account(self.id).await.expect("read").expect("there");
        let id = ClientId::from_bytes(p.entropy.bytes());
        let secret = client_secret(&p.entropy);
        let register = RegisterApplication {
            application: Application {
                id,
                space: account.space,
                owner: self.id,
                kind,
                profile: registration.check(kind).expect("a good registration"),
                scopes: kind.scopes(),
                disabled: false,
                require_pkce: false,
                send_issuer: false,
                has_logo: false,
                epoch: 0,
                created_at: p.now(),
            },
            logo: None,
            secret: SecretId::from_bytes(p.entropy.bytes()),
            hash: p.keys.hash(Kind::ClientSecret, secret.expose().as_bytes()),
            most: None,
            trail: self.server.trail(),
        };
        assert!(p.store.register_application(register).await.expect("written"));
        App { server: self.server, id, client_id: id.hex(), secret: secret.expose().into() }
    }

    /// A browser in which this person has signed in.
    pub async fn signs_in(&self) -> Browser<'s> {
        let browser = self.server.browser();
        let page = browser.visit("/login").await;
        let answer = browser.submit(&page, &[("email", &self.email), ("password", &self.password)]).await;
        assert_eq!(answer.status, 303, "could not sign in\n{}", answer.told());
        browser
    }
}

impl App<'_> {
    fn client(&self) -> [(&str, &str); 2] {
        [("client_id", &self.client_id), ("client_secret", &self.secret)]
    }

    /// The password grant with somebody's credentials.
    pub async fn password_grant(&self, person: &Person<'_>) -> Exchange {
        self.password_grant_as(&person.email, &person.password).await
    }

    pub async fn password_grant_as(&self, username: &str, password: &str) -> Exchange {
        let mut pairs = vec![("grant_type", "password"), ("username", username), ("password", password)];
        pairs.extend(self.client());
        self.server.token(&pairs).await
    }

    pub async fn refresh(&self, tokens: &Tokens) -> Exchange {
        let mut pairs = vec![("grant_type", "refresh_token"), ("refresh_token", tokens.refresh_token.as_str())];
        pairs.extend(self.client());
        self.server.token(&pairs).await
    }

    pub async fn auth_key_grant(&self, key: &str) -> Exchange {
        let mut pairs = vec![("grant_type", "authorization_key"), ("auth_key", key)];
        pairs.extend(self.client());
        self.server.token(&pairs).await
    }

    pub async fn client_credentials(&self) -> Exchange {
        let mut pairs = vec![("grant_type", "client_credentials")];
        pairs.extend(self.client());
        self.server.token(&pairs).await
    }

    /// `POST /v1/security/oauth/introspect`
    pub async fn introspect(&self, token: &str) -> Exchange {
        let mut pairs = vec![("token", token)];
        pairs.extend(self.client());
        self.server.post("/v1/security/oauth/introspect", &pairs).await
    }

    /// The exchange as the guide shows it: a JSON body of three members.
    pub async fn exchange(&self, code: &str) -> Exchange {
        let body = serde_json::json!({"client_id": self.client_id, "client_secret": self.secret, "code": code});
        let headers = [("content-type", "application/json")];
        self.server.send(request("POST", "/login/oauth/access-token", &headers, &body.to_string())).await
    }

    /// Where to send a browser for Login with Prosper.
    pub fn authorize_url(&self, redirect: &str, state: &str) -> String {
        let query = form(&[
            ("client_id", &self.client_id),
            ("redirect_uri", redirect),
            ("scope", "user:email"),
            ("state", state),
        ]);
        format!("/login/oauth/authorize?{query}")
    }

    /// Staff or the owner change the application.
    pub async fn changes(&self, change: ApplicationChange) {
        let store = &self.server.p.store;
        assert!(store.change_application(self.id, change, self.server.trail()).await.expect("written"));
    }
}

impl Prosper {
    /// `GET /api/v2/user`
    pub async fn user(&self, token: &str) -> Exchange {
        let bearer = format!("Bearer {token}");
        self.send(request("GET", "/api/v2/user", &[("authorization", &bearer)], "")).await
    }

    /// `GET /v1/accounts/prosper/`
    pub async fn resource(&self, token: &str) -> Exchange {
        let bearer = format!("bearer {token}");
        self.send(request("GET", "/v1/accounts/prosper/", &[("authorization", &bearer)], "")).await
    }
}
