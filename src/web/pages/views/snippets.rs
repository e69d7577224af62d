//! Programs to paste, with an application's own ids in them: one call each, in four languages.
//!
//! Nothing secret is ever in one: secrets, keys and codes are read from the environment. Texts are quoted for their
//! language, whatever is in them.

use super::api_settings::shell_quoted;
use super::kit::AppKind;

/// What the programs are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// A POSIX shell with curl.
    #[default]
    Curl,
    /// Python 3 with requests.
    Python,
    /// JavaScript with fetch, as Node, Deno and Bun have it.
    JavaScript,
    /// Rust with reqwest.
    Rust,
}

impl Language {
    /// In the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Curl, Self::Python, Self::JavaScript, Self::Rust];

    /// As it stands in a query.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::Python => "python",
            Self::JavaScript => "javascript",
            Self::Rust => "rust",
        }
    }

    /// Reads [`Language::word`] back.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.word() == word)
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
            Self::Rust => "Rust",
        }
    }
}

/// What a program does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Gets a token with the owner's password.
    Token,
    /// Gets another one with the refresh token.
    Refresh,
    /// Gets a token with an investor's authorization key.
    KeyToken,
    /// Trades a code for a token.
    Exchange,
    /// Reads who signed in.
    Profile,
    /// Gets a token for the application itself.
    OwnToken,
    /// Asks whether a token may be used.
    Introspect,
}

impl Step {
    /// What an application of this kind does, in order.
    pub const fn of(kind: AppKind) -> &'static [Self] {
        match kind {
            AppKind::Personal | AppKind::Institutional => &[Self::Token, Self::Refresh],
            AppKind::Agent => &[Self::KeyToken, Self::Refresh],
            AppKind::Login => &[Self::Exchange, Self::Profile],
            AppKind::Partner => &[Self::OwnToken],
            AppKind::Api => &[Self::Introspect],
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Token | Self::Refresh | Self::KeyToken | Self::OwnToken => "/v1/security/oauth/token",
            Self::Exchange => "/login/oauth/access-token",
            Self::Profile => "/api/v2/user",
            Self::Introspect => "/v1/security/oauth/introspect",
        }
    }

    /// What the program reads from its environment.
    pub const fn environment(self) -> &'static [&'static str] {
        match self {
            Self::Token => &["CLIENT_SECRET", "PASSWORD"],
            Self::Refresh => &["CLIENT_SECRET", "REFRESH_TOKEN"],
            Self::KeyToken => &["CLIENT_SECRET", "AUTH_KEY"],
            Self::Exchange => &["CLIENT_SECRET", "CODE"],
            Self::Profile => &["ACCESS_TOKEN"],
            Self::OwnToken => &["CLIENT_SECRET"],
            Self::Introspect => &["CLIENT_SECRET", "TOKEN"],
        }
    }

    fn fields<'a>(self, app: &Snippets<'a>) -> Vec<(&'static str, Value<'a>)> {
        let grant = |name| ("grant_type", Value::Text(name));
        let (id, secret) =
            (("client_id", Value::Text(app.client_id)), ("client_secret", Value::Environment("CLIENT_SECRET")));
        match self {
            Self::Token => vec![
                grant("password"),
                id,
                secret,
                ("username", Value::Text(app.username)),
                ("password", Value::Environment("PASSWORD")),
            ],
            Self::Refresh => {
                vec![grant("refresh_token"), id, secret, ("refresh_token", Value::Environment("REFRESH_TOKEN"))]
            }
            Self::KeyToken => {
                vec![grant("authorization_key"), id, secret, ("auth_key", Value::Environment("AUTH_KEY"))]
            }
            Self::Exchange => vec![id, secret, ("code", Value::Environment("CODE"))],
            Self::Profile => Vec::new(),
            Self::OwnToken => vec![grant("client_credentials"), id, secret],
            Self::Introspect => vec![id, secret, ("token", Value::Environment("TOKEN"))],
        }
    }
}

#[derive(Clone, Copy)]
enum Value<'a> {
    Text(&'a str),
    Environment(&'static str),
}

/// What the programs of one application are made from.
#[derive(Clone, Copy, Debug)]
pub struct Snippets<'a> {
    /// `public_url` without a slash at its end.
    pub public_url: &'a str,
    /// The client id.
    pub client_id: &'a str,
    /// The owner's login email.
    pub username: &'a str,
}

impl Snippets<'_> {
    /// The program for a step.
    pub fn code(&self, step: Step, language: Language) -> String {
        let url = format!("{}{}", self.public_url, step.path());
        let fields = step.fields(self);
        match (language, fields.is_empty()) {
            (Language::Curl, false) => {
                let line = |(name, value): &(&str, Value<'_>)| match value {
                    Value::Text(text) => format!(" \\\n  --data-urlencode {}", shell_quoted(&format!("{name}={text}"))),
                    Value::Environment(of) => format!(" \\\n  --data-urlencode \"{name}=${of}\""),
                };
                format!("curl {}{}", shell_quoted(&url), fields.iter().map(line).collect::<String>())
            }
            (Language::Curl, true) => {
                format!("curl {} \\\n  --header \"Authorization: Bearer $ACCESS_TOKEN\"", shell_quoted(&url))
            }
            (Language::Python, false) => {
                let data = each(&fields, |of| format!("os.environ[\"{of}\"]"), "        ", ": ", true);
                format!(
                    "import os\n\nimport requests\n\nanswer = requests.post(\n    {},\n    data={{\n{data}    }},\n)\nanswer.raise_for_status()\nprint(answer.json())",
                    literal(&url)
                )
            }
            (Language::Python, true) => format!(
                "import os\n\nimport requests\n\nanswer = requests.get(\n    {},\n    headers={{\"Authorization\": \"Bearer \" + os.environ[\"ACCESS_TOKEN\"]}},\n)\nanswer.raise_for_status()\nprint(answer.json())",
                literal(&url)
            ),
            (Language::JavaScript, false) => {
                let body = each(&fields, |of| format!("process.env.{of}"), "    ", ": ", false);
                format!(
                    "const answer = await fetch({}, {{\n  method: \"POST\",\n  body: new URLSearchParams({{\n{body}  }}),\n}});\nif (!answer.ok) throw new Error(await answer.text());\nconsole.log(await answer.json());",
                    literal(&url)
                )
            }
            (Language::JavaScript, true) => format!(
                "const answer = await fetch({}, {{\n  headers: {{ Authorization: `Bearer ${{process.env.ACCESS_TOKEN}}` }},\n}});\nif (!answer.ok) throw new Error(await answer.text());\nconsole.log(await answer.json());",
                literal(&url)
            ),
            (Language::Rust, false) => {
                let line = |(name, value): &(&str, Value<'_>)| match value {
                    Value::Text(text) => format!("        (\"{name}\", {}.to_owned()),\n", rust(text)),
                    Value::Environment(of) => format!("        (\"{name}\", std::env::var(\"{of}\")?),\n"),
                };
                let form = fields.iter().map(line).collect::<String>();
                rust_program(&format!("post({})\n    .form(&[\n{form}    ])", rust(&url)))
            }
            (Language::Rust, true) => {
                rust_program(&format!("get({})\n    .bearer_auth(std::env::var(\"ACCESS_TOKEN\")?)", rust(&url)))
            }
        }
    }
}

fn rust_program(call: &str) -> String {
    format!(
        "let answer: serde_json::Value = reqwest::blocking::Client::new()\n    .{call}\n    .send()?\n    .error_for_status()?\n    .json()?;\nprintln!(\"{{answer}}\");"
    )
}

fn each(fields: &[(&str, Value<'_>)], of: impl Fn(&str) -> String, indent: &str, colon: &str, quoted: bool) -> String {
    let line = |(name, value): &(&str, Value<'_>)| {
        let value = match value {
            Value::Text(text) => literal(text),
            Value::Environment(name) => of(name),
        };
        let name = if quoted { format!("\"{name}\"") } else { (*name).to_owned() };
        format!("{indent}{name}{colon}{value},\n")
    };
    fields.iter().map(line).collect()
}

/// A string of Python and of JavaScript: JSON's are strings of both.
fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn rust(text: &str) -> String {
    format!("{text:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "o'$(id)`x`\"\\n\\${y}#{z}@example.com";

    fn app(username: &str) -> Snippets<'_> {
        Snippets { public_url: "https://prosper.example", client_id: "3f9c51b07a7e4c2d9d1e6b0a58f2c417", username }
    }

    #[test]
    fn whatever_is_in_a_name_stays_one_text_of_its_language() {
        let code = |language| app(HOSTILE).code(Step::Token, language);
        assert!(code(Language::Curl).contains(r#"'username=o'\''$(id)`x`"\n\${y}#{z}@example.com'"#));
        let json = r#""o'$(id)`x`\"\\n\\${y}#{z}@example.com""#;
        assert!(code(Language::Python).contains(&format!("\"username\": {json},")));
        assert!(code(Language::JavaScript).contains(&format!("username: {json},")));
        assert!(
            code(Language::Rust).contains("(\"username\", \"o'$(id)`x`\\\"\\\\n\\\\${y}#{z}@example.com\".to_owned())")
        );
    }

    #[test]
    fn every_program_names_its_environment_and_its_application() {
        let kinds = [AppKind::Personal, AppKind::Agent, AppKind::Login, AppKind::Partner, AppKind::Api];
        for (kind, language) in kinds.into_iter().flat_map(|kind| Language::ALL.map(|language| (kind, language))) {
            for step in Step::of(kind) {
                let code = app("ada@example.com").code(*step, language);
                for name in step.environment() {
                    assert!(code.contains(name), "{step:?} in {language:?}\n{code}");
                }
                assert!(*step == Step::Profile || code.contains("3f9c51b07a7e4c2d9d1e6b0a58f2c417"), "{code}");
                assert!(code.contains("https://prosper.example/"), "{code}");
            }
        }
    }
}
