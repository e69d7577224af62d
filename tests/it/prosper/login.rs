//! Login with Prosper and the Authorization Key flow, as a browser and an application walk through them.

use prosper::crypto::secret::{Kind, client_secret};
use prosper::domain::ids::SecretId;
use prosper::store::audit::Trail;
use prosper::store::client_secrets::RotateSecret;

use super::exchange::{Exchange, form, request};
use super::{App, Browser, Person, Prosper};

/// Where the applications of these tests are sent back to, unless a test says otherwise.
pub const CALLBACK: &str = "https://app.example/cb";

impl Browser<'_> {
    /// Fills in the sign-in page that this place leads to, and follows nothing after the post.
    pub async fn sign_in_at(&self, place: &str, email: &str, password: &str) -> Exchange {
        let page = self.visit(place).await;
        self.submit(&page, &[("email", email), ("password", password)]).await
    }

    /// Decides on the consent page that this place leads to, and follows what comes after.
    pub async fn decides(&self, place: &str, decision: &str) -> Exchange {
        let page = self.visit(place).await;
        let answer = self.submit(&page, &[("decision", decision)]).await;
        self.follow(answer).await
    }

    /// Allows the application and brings back the code.
    pub async fn code_for(&self, app: &App<'_>) -> String {
        let place = app.authorize_url(CALLBACK, "state-1");
        let page = self.visit(&place).await;
        let sent = if page.status == 302 { page } else { self.decides(&place, "allow").await };
        sent.location_parameter("code").unwrap_or_else(|| panic!("no code\n{}", sent.told()))
    }
}

impl<'s> App<'s> {
    /// A code of this person, from the sign-in page on.
    pub async fn code_of(&self, person: &Person<'s>) -> String {
        person.signs_in().await.code_for(self).await
    }

    /// A Login token of this person, from the sign-in page on.
    pub async fn token_of(&self, person: &Person<'s>) -> String {
        let code = self.code_of(person).await;
        self.exchange(&code).await.login_token()
    }

    /// The authorize URL with these parameters; `client_id` is this application's unless it is among them.
    pub fn asks(&self, parameters: &[(&str, &str)]) -> String {
        let mut all = vec![];
        if !parameters.iter().any(|(name, _)| *name == "client_id") {
            all.push(("client_id", self.client_id.as_str()));
        }
        all.extend_from_slice(parameters);
        format!("/login/oauth/authorize?{}", form(&all))
    }

    /// The authorize URL with the callback and the scope of the guide, and these parameters on top.
    pub fn asks_well(&self, parameters: &[(&str, &str)]) -> String {
        let mut all = vec![("redirect_uri", CALLBACK), ("scope", "user:email")];
        all.extend_from_slice(parameters);
        self.asks(&all)
    }

    /// The exchange of a standard library: a form with `grant_type`, and these parameters on top.
    pub async fn exchange_form(&self, parameters: &[(&str, &str)]) -> Exchange {
        let mut all = vec![("client_id", self.client_id.as_str()), ("client_secret", self.secret.as_str())];
        all.retain(|(name, _)| !parameters.iter().any(|(given, _)| given == name));
        all.extend(parameters.iter().filter(|(_, value)| !value.is_empty()));
        self.server.post("/login/oauth/access-token", &all).await
    }

    /// The exchange with a JSON body as it is.
    pub async fn exchange_json(&self, body: &str) -> Exchange {
        self.server.exchange_raw("application/json", body).await
    }

    /// The `/oauth` URL with these parameters; `client_id` is this application's unless it is among them.
    pub fn key_url(&self, parameters: &[(&str, &str)]) -> String {
        let mut all = vec![];
        if !parameters.iter().any(|(name, _)| *name == "client_id") {
            all.push(("client_id", self.client_id.as_str()));
        }
        all.extend_from_slice(parameters);
        format!("/oauth?{}", form(&all))
    }
}

impl Prosper {
    pub async fn exchange_raw(&self, content_type: &str, body: &str) -> Exchange {
        self.send(request("POST", "/login/oauth/access-token", &[("content-type", content_type)], body)).await
    }

    /// How many consents there are to this application.
    pub async fn consents_to(&self, app: &App<'_>) -> usize {
        self.p.store.consents_to(app.id).await.expect("read").len()
    }

    /// The person takes a consent back, as the connected apps page does.
    pub async fn withdraws(&self, person: &Person<'_>, app: &App<'_>) -> bool {
        let trail = Trail::system(self.clock.now());
        self.p.store.withdraw(person.id, app.id, trail).await.expect("written")
    }

    /// What this application's owner reads about a request.
    pub async fn told_of(&self, app: &App<'_>, answer: &Exchange) -> (String, String) {
        self.flush().await;
        let id = answer.header("x-request-id").expect("every answer has one");
        let requests = self.p.store.requests_of(app.id, None, 100).await.expect("read");
        let found = requests.into_iter().find(|request| request.request_id == id);
        let found = found.unwrap_or_else(|| panic!("the owner knows nothing of {id}\n{}", answer.told()));
        (found.outcome, found.detail)
    }
}

impl Exchange {
    /// A good answer of the exchange, whole (L-12).
    #[track_caller]
    pub fn login_token(&self) -> String {
        let json = self.is(200).never_stored().json();
        let mut members: Vec<_> = json.as_object().expect("an object").keys().cloned().collect();
        members.sort();
        assert_eq!(members, ["access_token", "expires_in", "scope", "token_type"], "{}", self.told());
        assert_eq!(
            (&json["token_type"], &json["scope"], &json["expires_in"]),
            (&"bearer".into(), &"user:email".into(), &900.into()),
            "{}",
            self.told()
        );
        json["access_token"].as_str().expect("text").to_owned()
    }

    /// `/welcome` and nothing else: no code, nothing of the foreign place (L-05).
    #[track_caller]
    pub fn is_welcome(&self) -> &Self {
        self.is(302).redirects_to("/welcome").never_stored()
    }

    /// Sent on to sign-in, and back here afterwards (L-02).
    #[track_caller]
    pub fn asks_to_sign_in(&self) -> &Self {
        self.is(302);
        assert!(self.location().starts_with("/login?next=%2F"), "{}", self.told());
        self
    }

    /// An error at the application's verified URI.
    #[track_caller]
    pub fn refuses_the_app(&self, uri: &str, error: &str) -> &Self {
        self.is(302).never_stored();
        assert!(self.location().starts_with(&format!("{uri}?error={error}&error_description=")), "{}", self.told());
        assert_eq!(self.location_parameter("code"), None, "{}", self.told());
        self
    }

    /// A 400 page of our own that names the error.
    #[track_caller]
    pub fn is_our_own_problem(&self, error: &str) -> &Self {
        self.is(400).page_says(&format!("<code>{error}</code>"));
        assert_eq!(self.header("location"), None, "{}", self.told());
        self
    }

    /// The consent page.
    #[track_caller]
    pub fn asks_consent(&self, name: &str) -> &Self {
        self.is(200).page_says("decision").page_says(name);
        self
    }
}

impl<'s> App<'s> {
    /// A second secret; the first goes on for this long.
    pub async fn rotates_secret(&self, overlap: std::time::Duration) -> App<'s> {
        let p = &self.server.p;
        let secret = client_secret(&p.entropy);
        let rotation = RotateSecret {
            application: self.id,
            id: SecretId::from_bytes(p.entropy.bytes()),
            label: "Second secret".into(),
            hash: p.keys.hash(Kind::ClientSecret, secret.expose().as_bytes()),
            others_end: p.now().plus(overlap),
            most: 2,
            trail: Trail::system(p.now()),
        };
        assert!(p.store.rotate_secret(rotation).await.expect("written"));
        App { secret: secret.expose().into(), ..self.clone() }
    }
}
