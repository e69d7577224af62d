//! Who has an account here is nobody's business: an unknown user, a wrong password and somebody else's right password get
//! the same answer, in bytes, headers and work done (T-08; B-06; TV-02). Medians of time belong to the
//! benchmark; here the work itself is counted: hashes, and statements by their text.

use prosper::prosper::Lockout;

use crate::prosper::alone::{alone, run};
use crate::prosper::browser::Form;
use crate::prosper::people::PASSWORD;
use crate::prosper::statements::Statements;
use crate::prosper::{Exchange, Prosper, Start, minutes};

/// All of an answer that could tell one person from another.
fn essence(answer: &Exchange, typed: &str) -> (u16, Vec<String>, String) {
    let told = answer.headers.iter().filter(|(name, _)| !["x-request-id", "date"].contains(&name.as_str()));
    let mut headers: Vec<_> = told.map(|(name, value)| format!("{name}: {value:?}")).collect();
    headers.sort();
    let mut body = answer.body.replace(typed, "TYPED");
    for (_, token) in
        Form::all(&answer.body).into_iter().flat_map(|form| form.hidden).filter(|(name, _)| name == "form_token")
    {
        body = body.replace(&token, "TOKEN");
    }
    let id = answer.header("x-request-id").expect("every answer has one");
    (answer.status, headers, body.replace(id, "ID"))
}

#[test]
fn unknown_user_wrong_password_and_not_the_owner_are_one_answer_and_one_amount_of_work() {
    if !alone("not_telling::unknown_user_wrong_password_and_not_the_owner_are_one_answer_and_one_amount_of_work") {
        return;
    }
    let statements = Statements::of_this_process();
    run(async {
        for lockout in [Some(Lockout { failures: 100, span: minutes(15) }), None] {
            let p = Prosper::start_with(Start { lockout, ..Start::default() }).await;
            the_api_tells_nothing(&p, &statements).await;
            the_sign_in_page_tells_nothing(&p, &statements).await;
            asking_for_a_new_password_tells_nothing(&p, &statements).await;
        }
    });
}

async fn the_api_tells_nothing(p: &Prosper, statements: &Statements) {
    let ada = p.investor("ada@example.com").await;
    let eve = p.investor("eve@example.com").await;
    let gone = p.investor("gon@example.com").await;
    gone.becomes(prosper::domain::status::Status::Closed).await;
    let reset = p.investor("set@example.com").await;
    reset.must_reset().await;
    let app = ada.registers_own_app("Own").await;
    let attempts = [
        ("a wrong password", ada.email.as_str(), "not it at all"),
        ("an unknown user", "nob@example.com", PASSWORD),
        ("somebody else's right password", eve.email.as_str(), PASSWORD),
        ("a closed account's wrong password", gone.email.as_str(), "not it at all"),
        ("a closed account's right password at another's application", gone.email.as_str(), PASSWORD),
        ("the same of one that must reset", reset.email.as_str(), PASSWORD),
        ("no address at all", "nob.example.com", PASSWORD),
    ];
    // Before, until what is held in memory is the same for each: a node of several meets what it changed itself in the
    // change log a moment later, forgets it once more, and reads it once more.
    let mut before = Vec::new();
    for looks in 0.. {
        statements.since();
        app.password_grant_as(&ada.email, "not it at all").await;
        let ran = statements.since();
        if ran == before {
            break;
        }
        assert!(looks < 50, "the same attempt runs other statements again and again: {ran:?} after {before:?}");
        before = ran;
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    let mut first = None;
    for (name, username, password) in attempts {
        statements.since();
        let hashes = p.p.passwords.hashes_started();
        let answer = app.password_grant_as(username, password).await;
        answer.refused(400, "invalid_grant", "Bad credentials");
        let hashes = p.p.passwords.hashes_started() - hashes;
        let ran = statements.since();
        assert!(ran.iter().any(|sql| sql.contains("from accounts where folded_email")), "nothing was heard: {ran:?}");
        let seen = (essence(&answer, username), hashes, ran);
        assert_eq!(seen.1, 1, "{name}: exactly one hash");
        assert_eq!(first.get_or_insert_with(|| seen.clone()), &seen, "{name}");
    }
}

async fn the_sign_in_page_tells_nothing(p: &Prosper, statements: &Statements) {
    let browser = p.browser();
    let page = browser.visit("/login").await;
    browser.submit(&page, &[("email", "ada@example.com"), ("password", "not it at all")]).await;
    let mut first = None;
    for (email, password) in
        [("ada@example.com", "not it at all"), ("nob@example.com", PASSWORD), ("gon@example.com", "not it at all")]
    {
        statements.since();
        let hashes = p.p.passwords.hashes_started();
        let answer = browser.submit(&page, &[("email", email), ("password", password)]).await;
        let hashes = p.p.passwords.hashes_started() - hashes;
        let seen = (essence(answer.is(400), email), hashes, statements.since());
        assert_eq!(seen.1, 1, "{email}: exactly one hash");
        assert_eq!(first.get_or_insert_with(|| seen.clone()), &seen, "{email}");
    }
}

///
async fn asking_for_a_new_password_tells_nothing(p: &Prosper, statements: &Statements) {
    let browser = p.browser();
    let page = browser.visit("/forgot").await;
    browser.submit(&page, &[("email", "set@example.com")]).await;
    let mut first = None;
    for email in ["ada@example.com", "nob@example.com", "gon@example.com"] {
        statements.since();
        let answer = browser.submit(&page, &[("email", email)]).await;
        // The list of spaces is held, and read again whenever its lease has run out.
        let ran: Vec<_> = statements.since().into_iter().filter(|sql| !sql.contains("from spaces")).collect();
        let seen = (essence(answer.is(200), email), ran);
        assert!(seen.1.iter().any(|sql| sql.contains("insert into links")), "nothing was heard");
        assert_eq!(first.get_or_insert_with(|| seen.clone()), &seen, "{email}");
    }
}

/// what no account can have costs nothing, because its length was never a secret.
#[tokio::test]
async fn a_password_that_nobody_can_have_costs_no_hash() {
    let p = Prosper::start().await;
    let ada = p.investor("ada@example.com").await;
    let app = ada.registers_own_app("Own").await;
    let before = p.p.passwords.hashes_started();
    for long in [257, 10_240] {
        let answer = app.password_grant_as("ada@example.com", &"x".repeat(long)).await;
        answer.refused(400, "invalid_grant", "Missing/Invalid username or password");
    }
    assert_eq!(p.p.passwords.hashes_started(), before);
}
