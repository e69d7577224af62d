//! A shell line for each grant, ready to paste: every value quoted for the shell, and everything that a person chose
//! encoded by curl itself.

use super::cast::{AGENT, INVESTOR};
use super::plant::Stage;
use crate::domain::application::{Application, ApplicationKind};

/// Each grant with its line, in the documents' order; `base` is the URL without a slash at its end.
pub fn lines(stage: &Stage, base: &str) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    let app = |kind: ApplicationKind, owner: Option<&str>| {
        let person = owner.and_then(|email| stage.people.iter().find(|(person, _)| person.email.as_str() == email));
        stage
            .applications
            .iter()
            .find(|(app, _)| app.kind == kind && person.is_none_or(|(person, _)| person.id == app.owner))
    };
    let token = format!("{base}/v1/security/oauth/token");
    let investor = stage.people.iter().find(|(person, _)| person.email.as_str() == INVESTOR.email);
    if let (Some((personal, secret)), Some((person, password))) =
        (app(ApplicationKind::Personal, Some(INVESTOR.email)), investor)
    {
        let client = client(personal, secret);
        let password = format!(
            "curl -s {} -d grant_type=password {client} {} {}",
            quote(&token),
            encoded("username", person.email.as_str()),
            encoded("password", password)
        );
        let of = |name: &str| format!("$({password} | sed {})", quote(&format!(r#"s/.*"{name}":"\([^"]*\)".*/\1/"#)));
        let refresh = format!(
            "curl -s {} -d grant_type=refresh_token {client} -d \"refresh_token={}\"",
            quote(&token),
            of("refresh_token")
        );
        let account = quote(&format!("{base}/v1/accounts/prosper/"));
        let resource = format!("curl -s {account} -H \"Authorization: bearer {}\"", of("access_token"));
        lines.push(("password".to_owned(), password.clone()));
        lines.push(("refresh_token".to_owned(), refresh));
        lines.push(("using an access token".to_owned(), resource));
        if let Some((api, secret)) = app(ApplicationKind::Api, None) {
            let introspect = quote(&format!("{base}/v1/security/oauth/introspect"));
            let line =
                format!("curl -s {introspect} {} -d \"token={}\"", self::client(api, secret), of("access_token"));
            lines.push(("introspection".to_owned(), line));
        }
    }
    if let Some((agent, secret)) = app(ApplicationKind::ThirdPartyAgent, Some(AGENT.email)) {
        let (key, client) = (stage.auth_key.expose(), client(agent, secret));
        let line = format!(
            "curl -s {} -d grant_type=authorization_key {client} -d {}",
            quote(&token),
            quote(&format!("auth_key={key}"))
        );
        lines.push(("authorization_key".to_owned(), line));
    }
    if let Some((partner, secret)) = app(ApplicationKind::Partner, None) {
        let line = format!("curl -s {} -d grant_type=client_credentials {}", quote(&token), client(partner, secret));
        lines.push(("client_credentials".to_owned(), line));
    }
    if let Some((login, secret)) = app(ApplicationKind::Login, None) {
        lines.push(("code (Login with Prosper)".to_owned(), login_line(login, secret, base)));
    }
    lines
}

/// A code comes by way of a browser: the line says where to go, takes the code out of the address that the browser ended
/// at (or the code alone), exchanges it, and asks whose token that is.
fn login_line(app: &Application, secret: &str, base: &str) -> String {
    let uri = app.profile.redirect_uris.first().map_or("", |uri| uri.as_str());
    let uri: String = url::form_urlencoded::byte_serialize(uri.as_bytes()).collect();
    let id = app.id.hex();
    let page = format!("{base}/login/oauth/authorize?client_id={id}&redirect_uri={uri}&scope=user:email&state=try");
    let ask = r"'open %s\nallow it, and paste the address that the browser ends at: '";
    let code = r#"code="${code##*[?&]code=}"; code="${code%%[&#]*}""#;
    let token = r#"$(printf '%s' "$said" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')"#;
    format!(
        "printf {ask} {}; read -r code; {code}; said=$(curl -s {} {} --data-urlencode \"code=$code\"); \
         printf '%s\\n' \"$said\"; curl -s {} -H \"Authorization: Bearer {token}\"",
        quote(&page),
        quote(&format!("{base}/login/oauth/access-token")),
        client(app, secret),
        quote(&format!("{base}/api/v2/user")),
    )
}

/// Ids and secrets are hexadecimal: nothing in them needs a quote.
fn client(app: &Application, secret: &str) -> String {
    format!("-d client_id={} -d client_secret={secret}", app.id.hex())
}

fn encoded(name: &str, value: &str) -> String {
    format!("--data-urlencode {}", quote(&format!("{name}={value}")))
}

/// One word to every POSIX shell, whatever stands in it.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stays_one_word_for_the_shell() {
        for text in ["plain", "a b&c=d%+41", "it's $HOME `x` \"y\" \\ !", "''", ""] {
            let said = std::process::Command::new("sh").arg("-c").arg(format!("printf %s {}", quote(text))).output();
            assert_eq!(String::from_utf8(said.unwrap().stdout).unwrap(), text);
        }
    }
}
