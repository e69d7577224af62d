//! Whole journeys through the pages, for tests that are about what they lead to.

use prosper::domain::secret::PasswordHash;
use prosper::store::accounts::SetPassword;
use prosper::store::audit::Trail;

use super::exchange::Tokens;
use super::login::CALLBACK;
use super::people::{App, Person};
use super::{Browser, Exchange, Prosper};

/// Where the agents of these journeys are sent back to.
pub const AGENT_REDIRECT: &str = "https://agent.example/cb";

/// Somebody who is signed in in two browsers and holds one of everything that can be granted.
pub struct Holder<'s> {
    pub person: Person<'s>,
    pub here: Browser<'s>,
    pub elsewhere: Browser<'s>,
    /// An app of their own, and its tokens.
    pub own: App<'s>,
    pub tokens: Tokens,
    /// An app to log in to, with a token and a code that was not used yet.
    pub login: App<'s>,
    pub profile: String,
    pub code: String,
}

impl Prosper {
    /// An investor who holds all of it.
    pub async fn holder(&self, email: &str) -> Holder<'_> {
        let person = self.investor(email).await;
        let own = person.registers_own_app("Ada").await;
        let login = person.has_login_app("Acme", &[CALLBACK]).await;
        let (here, elsewhere) = (person.signs_in().await, person.signs_in().await);
        let tokens = own.password_grant(&person).await.tokens();
        let profile = login.exchange(&here.code_for(&login).await).await.login_token();
        let code = here.code_for(&login).await;
        Holder { person, here, elsewhere, own, tokens, login, profile, code }
    }
}

impl Holder<'_> {
    /// Every session, token and code of theirs has ended.
    pub async fn holds_nothing(&self) {
        for browser in [&self.here, &self.elsewhere] {
            browser.get("/account").await.is(302);
        }
        self.person.server.resource(&self.tokens.access_token).await.is(401);
        self.own.refresh(&self.tokens).await.refused(400, "invalid_grant", "Missing/Invalid refresh token");
        self.person.server.user(&self.profile).await.is(401);
        self.login.exchange(&self.code).await.says(400, "Invalid code");
    }
}

impl App<'_> {
    /// The Authorization Key flow in this browser: the key that the investor approves.
    pub async fn auth_key(&self, browser: &Browser<'_>) -> String {
        self.auth_key_for(browser, None).await
    }

    /// The same, for these scopes.
    pub async fn auth_key_for(&self, browser: &Browser<'_>, scope: Option<&str>) -> String {
        let mut query = vec![("response_type", "auth_key"), ("state", "s")];
        query.extend(scope.map(|scope| ("scope", scope)));
        let page = browser.get(&self.key_url(&query)).await;
        let answer = browser.submit_to(page.is(200), "", &[("decision", "allow")]).await;
        let key = answer.is(302).location_parameter("auth_key");
        key.unwrap_or_else(|| panic!("no key\n{}", answer.told()))
    }

    /// A form post to the token endpoint with the application's credentials and these parameters.
    pub async fn posts(&self, more: &[(&str, &str)]) -> Exchange {
        let mut pairs = vec![("client_id", self.client_id.as_str()), ("client_secret", self.secret.as_str())];
        pairs.extend_from_slice(more);
        self.server.token(&pairs).await
    }
}

impl<'s> Person<'s> {
    /// The password changes to the one of this hash, which was made before.
    pub async fn gets_hash(&self, password: PasswordHash) {
        let change = SetPassword { id: self.id, password, instead_of: None, mail: None, trail: self.server.system() };
        assert!(self.server.p.store.set_password(change).await.expect("written"));
    }

    /// May the account be used?
    pub async fn is_usable(&self) -> bool {
        self.server.p.store.account(self.id).await.expect("read").expect("there").is_usable()
    }

    /// Has a login application that is sent back to [`CALLBACK`].
    pub async fn has_an_app_to_log_in_to(&self) -> App<'s> {
        self.has_login_app("Notes", &[CALLBACK]).await
    }
}

impl Prosper {
    /// Who is behind what a test does by itself.
    pub fn system(&self) -> Trail {
        Trail::system(self.clock.now())
    }

    pub async fn hash_of(&self, password: &str) -> PasswordHash {
        let folded = prosper::domain::password::fold(password).expect("a password");
        self.p.passwords.hash(folded).await.expect("a hash")
    }

    /// Comes back when so many hashes are queued.
    pub async fn waits_for_hashes(&self, count: usize) {
        let long = std::time::Instant::now() + super::seconds(30);
        while self.p.passwords.waiting() < count {
            assert!(std::time::Instant::now() < long, "{} of {count} are queued", self.p.passwords.waiting());
            tokio::task::yield_now().await;
        }
    }

    /// May this access token of `/v1` be used?
    pub async fn is_good(&self, tokens: &Tokens) -> bool {
        match self.resource(&tokens.access_token).await {
            answer if answer.status == 200 => true,
            answer => {
                answer.refused(401, "invalid_token", "The access token is invalid (expired, not provided etc)");
                false
            }
        }
    }
}
