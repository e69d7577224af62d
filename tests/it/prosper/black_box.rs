//! The flows of people and applications against servers of the built binary.

use super::binary::{PASSWORD, Place, Running};
use super::browser::Form;
use super::exchange::{Exchange, form};

/// A login application, and the person whose browser gets codes for it.
pub struct LoginApp {
    pub id: String,
    pub secret: String,
    pub email: String,
}

const CALLBACK: &str = "http://127.0.0.1:9/callback";

impl LoginApp {
    pub fn of(place: &Place, email: &str) -> Self {
        let urls = ["--url", "https://app.example", "--redirect-uri", CALLBACK];
        let mut command = vec!["--json", "app", "register", "--kind", "login", "--owner", email, "--name", "Acme HR"];
        command.extend(urls);
        let made = place.run(&command).succeeds().json();
        let text = |name: &str| made[name].as_str().expect("text").to_owned();
        Self { id: text("client_id"), secret: text("client_secret"), email: email.to_owned() }
    }

    /// Signs in, allows the application where it is asked, and takes this many codes.
    pub async fn codes<const N: usize>(&self, server: &Running) -> [String; N] {
        let session = server.signs_in(&self.email).await;
        self.codes_in(server, &session).await
    }

    /// The same in a session that there is.
    pub async fn codes_in<const N: usize>(&self, server: &Running, session: &str) -> [String; N] {
        let query = form(&[("client_id", &self.id), ("redirect_uri", CALLBACK), ("scope", "user:email")]);
        let authorize = format!("/login/oauth/authorize?{query}");
        let mut codes = Vec::new();
        while codes.len() < N {
            let answer = server.send("GET", &authorize, &[("cookie", session)], "").await;
            match answer.status {
                302 => codes.push(answer.location_parameter("code").expect("a code")),
                _ => {
                    server.submit(&answer, session, &[("decision", "allow")]).await.is(303);
                }
            }
        }
        codes.try_into().expect("as many as asked for")
    }

    pub async fn exchange(&self, server: &Running, code: &str) -> Exchange {
        let pairs = [("client_id", self.id.as_str()), ("client_secret", &self.secret), ("code", code)];
        server.post("/login/oauth/access-token", &pairs).await
    }
}

impl Running {
    /// The cookie of a new session.
    pub async fn signs_in(&self, email: &str) -> String {
        let page = self.get("/login").await;
        let visit = cookie(&page);
        cookie(self.submit(&page, &visit, &[("email", email), ("password", PASSWORD)]).await.is(303))
    }

    /// Sends the form of `page` that has these fields.
    pub async fn submit(&self, page: &Exchange, cookie: &str, typed: &[(&str, &str)]) -> Exchange {
        let filled = Form::with(&page.body, typed).unwrap_or_else(|| panic!("no such form\n{}", page.told()));
        let mut pairs: Vec<(&str, &str)> = filled.hidden.iter().map(|(name, value)| (&**name, &**value)).collect();
        pairs.extend_from_slice(typed);
        let kind = ("content-type", "application/x-www-form-urlencoded");
        let headers = [("cookie", cookie), kind, ("sec-fetch-site", "same-origin")];
        self.send("POST", &filled.action, &headers, &form(&pairs)).await
    }

    /// The profile that a Login token reads.
    pub async fn user(&self, token: &str) -> Exchange {
        self.send("GET", "/api/v2/user", &[("authorization", &format!("Bearer {token}"))], "").await
    }

    /// The sample of what an access token of `/v1` reads.
    pub async fn resource(&self, token: &str) -> Exchange {
        self.send("GET", "/v1/accounts/prosper/", &[("authorization", &format!("bearer {token}"))], "").await
    }

    /// A page of the person whose session this is.
    pub async fn page(&self, path: &str, session: &str) -> Exchange {
        self.send("GET", path, &[("cookie", session)], "").await
    }
}

fn cookie(answer: &Exchange) -> String {
    let line = answer.header("set-cookie").unwrap_or_else(|| panic!("no cookie\n{}", answer.told()));
    line.split(';').next().expect("a pair").to_owned()
}
