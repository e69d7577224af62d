//! How a token request is read, and which of its faults is named first (seed 2, step 2: "an HTTP urlencoded POST request …
//! passing the following parameters"; T-07, T-08, R-62).

use http::Request;
use prosper::domain::application::ApplicationKind;
use prosper::domain::status::Status;
use prosper::web::read::to_basic;
use serde_json::json;

use crate::prosper::exchange::{form, request};
use crate::prosper::journeys::AGENT_REDIRECT;
use crate::prosper::people::PASSWORD;
use crate::prosper::{App, Exchange, Person, Prosper};

const TOKEN: &str = "/v1/security/oauth/token";
const FORM: &str = "application/x-www-form-urlencoded";

async fn ada_and_her_app(p: &Prosper) -> (Person<'_>, App<'_>) {
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Ada Lovelace").await;
    (ada, app)
}

async fn send(p: &Prosper, headers: &[(&str, &str)], body: &str) -> Exchange {
    p.send(request("POST", TOKEN, headers, body)).await
}

fn grant<'a>(person: &'a Person<'_>, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut pairs = vec![("grant_type", "password"), ("username", &person.email), ("password", &person.password)];
    pairs.extend_from_slice(more);
    pairs
}

/// A request in the making, which faults spoil.
#[derive(Clone)]
struct Ask {
    content_type: &'static str,
    app: usize,
    user: usize,
    pairs: Vec<(&'static str, Option<String>)>,
}

impl Ask {
    fn set(&mut self, name: &'static str, value: Option<&str>) {
        self.pairs.retain(|(kept, _)| *kept != name);
        self.pairs.push((name, value.map(str::to_owned)));
    }
}

/// A fault: what it is, the parts of the request it touches, how it is made, and the row that names it.
type FaultRow = (&'static str, &'static [&'static str], fn(&mut Ask), (u16, &'static str, &'static str));

/// The faults of a password request in the order in which they are looked for (T-08).
const FAULTS: &[FaultRow] = &[
    ("a repeated parameter", &["twice"], |a| a.pairs.push(("twice", None)), (400, "invalid_request", "Bad request")),
    ("another content type", &["type"], |a| a.content_type = "text/plain", (400, "invalid_request", "Bad request")),
    (
        "no grant type",
        &["grant"],
        |a| a.set("grant_type", None),
        (400, "invalid_request", "Invalid/Missing grant type"),
    ),
    (
        "a grant type nobody is offered",
        &["grant"],
        |a| a.set("grant_type", Some("implicit")),
        (400, "unsupported_grant_type", "The grant type given is unsupported"),
    ),
    (
        "nothing that says who the client is",
        &["id", "secret"],
        |a| {
            a.set("client_id", None);
            a.set("client_secret", None);
        },
        (401, "unauthorized", "No Authorization (header) information provided"),
    ),
    (
        "an unknown client",
        &["id"],
        |a| a.set("client_id", Some("0123456789abcdef0123456789abcdef")),
        (401, "unauthorized", "Invalid/Missing client Id"),
    ),
    (
        "a wrong secret",
        &["secret"],
        |a| a.set("client_secret", Some("wrong")),
        (401, "invalid_client", "Invalid/Missing credentials"),
    ),
    ("a disabled application", &["app"], |a| a.app = 2, (401, "invalid_client", "Invalid/Missing credentials")),
    ("an agent's application", &["app"], |a| a.app = 1, (401, "invalid_client", "Unauthorized grants")),
    (
        "neither username nor password",
        &["username", "password"],
        |a| {
            a.set("username", None);
            a.set("password", None);
        },
        (400, "invalid_grant", "Not enough information supplied for the grant type"),
    ),
    (
        "no username",
        &["username"],
        |a| a.set("username", None),
        (400, "invalid_grant", "Missing/Invalid username or password"),
    ),
    ("an empty scope", &["scope"], |a| a.set("scope", Some(" ")), (400, "invalid_request", "No scopes provided")),
    ("an unknown scope", &["scope"], |a| a.set("scope", Some("admin")), (400, "invalid_request", "Invalid scope(s)")),
    (
        "a wrong password",
        &["password"],
        |a| a.set("password", Some("not it at all")),
        (400, "invalid_grant", "Bad credentials"),
    ),
    (
        "a password to be reset",
        &["user"],
        |a| a.user = 1,
        (403, "password_reset_required", "User needs to reset their password"),
    ),
    ("a closed account", &["user"], |a| a.user = 2, (400, "closed_account", "User account is closed")),
];

#[tokio::test]
async fn of_two_faults_the_earlier_one_is_named_t_08() {
    let p = Prosper::start().await;
    let agent = p.agent("ops@agent.example").await.registers_agent_app("Northwind", AGENT_REDIRECT).await;
    let mut users = Vec::new();
    for email in ["ada@example.com", "reset@example.com", "closed@example.com", "both@example.com"] {
        let person = p.investor(email).await;
        let (app, disabled) = (person.registers_own_app("Own").await, person.registers_own_app("Off").await);
        disabled.changes(prosper::store::applications::ApplicationChange::Disabled(true)).await;
        users.push((person, [app, agent.clone(), disabled]));
    }
    users[1].0.must_reset().await;
    users[2].0.becomes(Status::Closed).await;
    users[3].0.must_reset().await;
    users[3].0.becomes(Status::Closed).await;

    let mut met = 0;
    for (at, (name, touches, spoil, row)) in FAULTS.iter().enumerate() {
        let later = FAULTS[at + 1..].iter().filter(|(_, others, ..)| !others.iter().any(|part| touches.contains(part)));
        for (and, _, spoil_too, _) in later.chain([&("nothing else", &[][..], (|_| ()) as fn(&mut Ask), *row)]) {
            let mut ask = Ask { content_type: FORM, app: 0, user: 0, pairs: Vec::new() };
            spoil(&mut ask);
            spoil_too(&mut ask);
            let answer = asked(&p, &users, &ask).await;
            let json = answer.is(row.0).json();
            let expected = json!({"error": row.1, "error_description": row.2});
            assert_eq!(json, expected, "{name} and {and}: {}", answer.told());
            met += 1;
        }
    }
    assert!(met > 80, "{met} pairs were met");
    let both = Ask { content_type: FORM, app: 0, user: 3, pairs: Vec::new() };
    let reason = "User needs to reset their password";
    asked(&p, &users, &both).await.refused(403, "password_reset_required", reason);
    let fine = Ask { content_type: FORM, app: 0, user: 0, pairs: Vec::new() };
    asked(&p, &users, &fine).await.tokens();
}

async fn asked(p: &Prosper, users: &[(Person<'_>, [App<'_>; 3])], ask: &Ask) -> Exchange {
    let (person, apps) = &users[ask.user];
    let app = &apps[ask.app];
    let mut pairs = vec![
        ("grant_type", "password"),
        ("client_id", app.client_id.as_str()),
        ("client_secret", app.secret.as_str()),
        ("username", person.email.as_str()),
        ("password", PASSWORD),
    ];
    for (name, value) in &ask.pairs {
        if *name == "twice" {
            pairs.extend([("token_type_hint", "a"), ("token_type_hint", "b")]);
            continue;
        }
        pairs.retain(|(kept, _)| kept != name);
        pairs.extend(value.as_deref().map(|value| (*name, value)));
    }
    send(p, &[("content-type", ask.content_type)], &form(&pairs)).await
}

#[tokio::test]
async fn the_other_grants_look_for_their_own_parameters_in_order_t_08() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_her_app(&p).await;
    let tokens = app.password_grant(&ada).await.tokens();
    let refresh = ("grant_type", "refresh_token");
    let (bad, good) = (("refresh_token", "nonsense"), ("refresh_token", tokens.refresh_token.as_str()));
    let reason = "Missing/Invalid refresh token";
    app.posts(&[refresh, ("scope", "")]).await.refused(400, "invalid_grant", reason);
    app.posts(&[refresh, bad, ("scope", "")]).await.refused(400, "invalid_grant", reason);
    app.posts(&[refresh, good, ("scope", "")]).await.refused(400, "invalid_request", "No scopes provided");
    app.posts(&[refresh, good, ("scope", "admin")]).await.refused(400, "invalid_request", "Invalid scope(s)");

    let agent = p.agent("ops@agent.example").await.registers_agent_app("Northwind", AGENT_REDIRECT).await;
    let key = agent.auth_key(&ada.signs_in().await).await;
    let by_key = ("grant_type", "authorization_key");
    let reason = "Not enough information supplied for the grant type";
    agent.posts(&[by_key, ("scope", "")]).await.refused(400, "invalid_grant", reason);
    agent.posts(&[by_key, ("auth_key", "x"), ("scope", "")]).await.refused(
        400,
        "invalid_request",
        "No scopes provided",
    );
    agent.posts(&[by_key, ("auth_key", &key), ("scope", "x")]).await.refused(
        400,
        "invalid_request",
        "Invalid scope(s)",
    );
    agent.posts(&[by_key, ("auth_key", &key)]).await.tokens();
    let partner = p.institution("it@bank.example").await.has_app(ApplicationKind::Partner, "Bank").await;
    let machine = ("grant_type", "client_credentials");
    partner.posts(&[machine, ("scope", " ")]).await.refused(400, "invalid_request", "No scopes provided");
    partner.posts(&[machine, ("scope", "root")]).await.refused(400, "invalid_request", "Invalid scope(s)");
}

#[tokio::test]
async fn a_basic_challenge_answers_those_alone_who_used_the_header_t_07() {
    let p = Prosper::start().await;
    let (_, app) = ada_and_her_app(&p).await;
    let (wrong, bearer) = (to_basic(&app.client_id, "wrong"), "Bearer abc".to_owned());
    let body = form(&[("grant_type", "refresh_token"), ("client_id", &app.client_id), ("client_secret", "wrong")]);
    let right = to_basic(&app.client_id, &app.secret);
    for (authorization, body, status, challenge) in [
        (None, body.as_str(), 401, None),
        (None, "grant_type=refresh_token", 401, None),
        (Some(&bearer), body.as_str(), 401, Some("Basic realm=\"prosper\"")),
        (Some(&wrong), "grant_type=refresh_token", 401, Some("Basic realm=\"prosper\"")),
        (Some(&wrong), "grant_type=", 400, None),
        (Some(&right), "grant_type=refresh_token", 400, None),
    ] {
        let mut headers = vec![("content-type", FORM)];
        headers.extend(authorization.map(|line| ("authorization", line.as_str())));
        let answer = send(&p, &headers, body).await;
        assert_eq!(answer.is(status).header("www-authenticate"), challenge, "{}", answer.told());
    }
}

#[tokio::test]
async fn credentials_come_in_the_body_or_as_basic_and_a_secret_never_in_both() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_her_app(&p).await;
    let user = [("grant_type", "password"), ("username", "ada@example.com"), ("password", PASSWORD)];
    let (id, secret) = (("client_id", app.client_id.as_str()), ("client_secret", app.secret.as_str()));
    let basic = to_basic(&app.client_id, &app.secret);
    let post = |authorization: &str, more: &[(&str, &str)]| {
        let headers = [("content-type", FORM), ("authorization", authorization)];
        p.send(request("POST", TOKEN, &headers, &form(&[&user[..], more].concat())))
    };
    post(&basic, &[]).await.tokens();
    post(&basic.replace("Basic", "bAsIc"), &[id]).await.tokens();
    post("Bearer some-token", &[id, secret]).await.tokens();
    post("Negotiate abc", &[id, secret]).await.tokens();
    for more in [&[secret][..], &[id, secret], &[("client_id", "0123456789abcdef0123456789abcdef")]] {
        post(&basic, more).await.refused(400, "invalid_request", "Bad request");
    }
    post(&to_basic(&app.client_id, "wrong"), &[]).await.refused(401, "invalid_client", "Invalid/Missing credentials");
    for nothing in ["Basic", "Basic !!!", "Basic bm9jb2xvbg", "Bearer x"] {
        post(nothing, &[]).await.refused(401, "unauthorized", "Invalid/Missing client Id");
    }
    let headers = [("content-type", FORM), ("authorization", basic.as_str()), ("authorization", basic.as_str())];
    let twice = p.send(request("POST", TOKEN, &headers, &form(&user))).await;
    twice.refused(400, "invalid_request", "Bad request");
    assert!(p.is_good(&app.password_grant(&ada).await.tokens()).await);
}

#[tokio::test]
async fn bodies_are_read_as_clients_write_them_r_62() {
    let p = Prosper::start().await;
    let mut ada = p.investor("Ada.O+x@Example.com").await;
    ada.gets_password("correct!horse@battery staple+1").await;
    let app = ada.registers_own_app("Ada Lovelace").await;
    let client = format!("client_id={}&client_secret={}", app.client_id, app.secret);
    let raw = format!(
        "grant_type=password&{client}&username=ada.o%2Bx@example.COM&password=correct!horse@battery+staple%2b1"
    );
    for content_type in [FORM, "application/x-www-form-urlencoded; charset=UTF-8", "Application/X-WWW-Form-UrlEncoded"]
    {
        send(&p, &[("content-type", content_type)], &raw).await.tokens();
    }
    let accept = [("content-type", FORM), ("accept", "text/html")];
    send(&p, &accept, &raw).await.tokens();
    send(&p, &[("content-type", FORM)], &format!("&&{raw}&&")).await.tokens();
    let unescaped = raw.replace("%2B", "+");
    send(&p, &[("content-type", FORM)], &unescaped).await.refused(400, "invalid_grant", "Bad credentials");
    let json = json!({"grant_type": "password", "username": ada.email, "password": ada.password}).to_string();
    send(&p, &[("content-type", "application/json")], &json).await.refused(400, "invalid_request", "Bad request");
}

#[tokio::test]
async fn unknown_parameters_are_ignored_even_repeated_and_known_ones_stand_once() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_her_app(&p).await;
    let more =
        [("foo", "1"), ("foo", "2"), ("Grant_Type", "x"), ("redirect_uri", "a"), ("redirect_uri", "b"), ("", "z")];
    app.posts(&grant(&ada, &more)).await.tokens();
    app.posts(&grant(&ada, &[("auth_key", ""), ("refresh_token", "ignored"), ("token", "")])).await.tokens();
    for known in [
        "grant_type",
        "client_id",
        "client_secret",
        "username",
        "password",
        "refresh_token",
        "auth_key",
        "scope",
        "token",
    ] {
        let answer = app.posts(&grant(&ada, &[(known, "same"), (known, "same")])).await;
        answer.refused(400, "invalid_request", "Bad request");
    }
}

#[tokio::test]
async fn the_query_string_is_no_place_for_parameters() {
    let p = Prosper::start().await;
    let (ada, app) = ada_and_her_app(&p).await;
    let pairs = grant(&ada, &[("client_id", &app.client_id), ("client_secret", &app.secret)]);
    let in_query = |body: &str| -> Request<String> {
        request("POST", &format!("{TOKEN}?{}", form(&pairs)), &[("content-type", FORM)], body)
    };
    p.send(in_query("")).await.refused(400, "invalid_request", "Invalid/Missing grant type");
    let reason = "No Authorization (header) information provided";
    p.send(in_query("grant_type=password")).await.refused(401, "unauthorized", reason);
    p.send(in_query(&form(&pairs))).await.tokens();
}
