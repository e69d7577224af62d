//! Every refusal there is, with what makes it happen and the way out: the developers' error page, made from the tables.

use super::authorization_key::AuthorizationKeyError;
use super::login_with_prosper::{AuthorizeError, ExchangeError, UserError};
use super::table::{Row, Table};
use super::token_endpoint::{
    AccessTokenError, ClientAuthorityError, PasswordFlowError, RefreshTokenError, ResourceError, ResponseTypeError,
    ScopeError, UserStatusError,
};

/// The refusals of one surface.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// For links: lower-case letters and hyphens.
    pub id: &'static str,
    /// The table's heading in the documents, or what stands for one.
    pub title: &'static str,
    /// Method and path.
    pub surface: &'static str,
    /// Is the body one JSON string, the reason alone?
    pub bare: bool,
    /// Its rows.
    pub rows: Vec<Row>,
}

/// Every table, in the documents' order; a row that a table includes from another stands there alone.
pub fn catalogue() -> Vec<Catalogue> {
    const TOKEN: &str = "POST /v1/security/oauth/token";
    let scopes = ScopeError::rows();
    let statuses = UserStatusError::rows();
    let clients = ClientAuthorityError::rows();
    let included = [&scopes[..], &statuses, &clients].concat();
    let of = |id, title, surface, rows: Vec<Row>| Catalogue { id, title, surface, bare: false, rows };
    let own = |rows: Vec<Row>| rows.into_iter().filter(|row| !included.contains(row)).collect::<Vec<_>>();
    let sent_back = |code, reason| Row { code, status: 302, reason };
    vec![
        of("password-flow", PasswordFlowError::HEADING, TOKEN, own(PasswordFlowError::rows())),
        of("access-token", AccessTokenError::HEADING, TOKEN, own(AccessTokenError::rows())),
        of("scopes", ScopeError::HEADING, TOKEN, scopes.clone()),
        of("resources", ResourceError::HEADING, "GET /v1/accounts/prosper/", ResourceError::rows()),
        of("refresh-token", RefreshTokenError::HEADING, TOKEN, own(RefreshTokenError::rows())),
        of("user-status", UserStatusError::HEADING, TOKEN, statuses.clone()),
        of("client-authority", ClientAuthorityError::HEADING, TOKEN, clients.clone()),
        of("authorization-key", "Authorization Key flow, sent back to the agent", "GET /oauth", {
            let denied = AuthorizationKeyError::AccessDenied;
            let mut rows: Vec<_> =
                own(ResponseTypeError::rows()).into_iter().map(|row| Row { status: 302, ..row }).collect();
            rows.push(sent_back(denied.code(), denied.description()));
            rows
        }),
        of(
            "authorize",
            "Login with Prosper, sent back to the application",
            "GET /login/oauth/authorize",
            [
                AuthorizeError::InvalidScope,
                AuthorizeError::UnsupportedResponseType,
                AuthorizeError::InvalidRequest("says what is wrong"),
                AuthorizeError::AccessDenied,
            ]
            .map(|error| sent_back(error.code(), error.description()))
            .to_vec(),
        ),
        Catalogue {
            bare: true,
            ..of(
                "exchange",
                "Login with Prosper, failure responses",
                "POST /login/oauth/access-token",
                ExchangeError::rows(),
            )
        },
        Catalogue { bare: true, ..of("user", "Login with Prosper, profile", "GET /api/v2/user", UserError::rows()) },
    ]
}

/// What makes a row happen, and what to do about it; `None` for a row that nobody has explained yet.
pub fn explain(row: Row) -> Option<(&'static str, &'static str)> {
    of_client(row).or_else(|| of_request(row)).or_else(|| of_person(row)).or_else(|| of_login(row))
}

fn of_client(row: Row) -> Option<(&'static str, &'static str)> {
    Some(match row.reason {
        "Invalid/Missing client Id" => (
            "The client_id is missing, or no application has it.",
            "Copy the client id from your API settings: 32 lower-case hex digits.",
        ),
        "No Authorization (header) information provided" => (
            "The request carries no client_id, no client_secret and no Authorization header.",
            "Send both in the form body, or as HTTP Basic.",
        ),
        "Invalid/Missing credentials" => (
            "The client_secret is missing, wrong, revoked or past its overlap, or the application is disabled.",
            "Check the secret in your API settings. A lost one cannot be shown again: add another.",
        ),
        "Unauthorized grants" => (
            "This kind of application may not use the grant type. Agents, for one, may not use passwords.",
            "Use the flow of your kind: password for your own account, authorization_key for an agent.",
        ),
        "The grant type given is unsupported" => (
            "The grant type is one that nobody is offered, or that this application is not.",
            "Use password, refresh_token or authorization_key; partners use client_credentials. At the exchange, \
             authorization_code or none at all.",
        ),
        "Client not found" => (
            "The client_id is missing or unknown, or its application is disabled or not one for Login with Prosper.",
            "Check the client id with the owner of the application.",
        ),
        "Invalid client id" => {
            ("The code was issued to another application.", "Exchange a code with the client id that asked for it.")
        }
        "Invalid secret" => (
            "The client_secret is missing, wrong, revoked or past its overlap.",
            "Check the secret. The code was not used up; send it again within its five minutes.",
        ),
        _ => return None,
    })
}

fn of_request(row: Row) -> Option<(&'static str, &'static str)> {
    Some(match row.reason {
        "Bad request" => (
            "A parameter was sent twice, the body cannot be read, or it is no form.",
            "Send application/x-www-form-urlencoded, each parameter once, a client secret in one place.",
        ),
        "Invalid request" => (
            "A parameter was sent twice, the body cannot be read, or it is neither JSON nor a form.",
            "Send JSON or a form, each member once, a client secret in one place.",
        ),
        "Invalid/Missing grant type" => ("The grant_type is missing or empty.", "Send one."),
        "No scopes provided" => ("The scope was sent without a value.", "Leave scope out, or name at least one."),
        "Invalid scope(s)" => (
            "A scope is unknown, or wider than the application or the grant may have.",
            "Leave scope out to get everything that is allowed, or ask for less.",
        ),
        "Unsupported response types" => ("The response_type is another than auth_key.", "Send response_type=auth_key."),
        "Missing response type" => ("The response_type is missing.", "Send response_type=auth_key."),
        "The scope must be exactly user:email" => ("The scope is missing or another.", "Send scope=user:email."),
        "The response_type must be code or absent" => {
            ("The response_type is another than code.", "Leave it out, or send response_type=code.")
        }
        "says what is wrong" => (
            "A parameter was sent twice, the state is longer than 2,048 bytes, or something about PKCE is wrong.",
            "Read error_description: it names the fault.",
        ),
        _ => return None,
    })
}

fn of_person(row: Row) -> Option<(&'static str, &'static str)> {
    const WAIT: &str = "The person signs in on our pages and reads where it stands. Until then no token is issued.";
    const WRITE: &str = "The person writes to support. Until then no token is issued.";
    Some(match row.reason {
        "Not enough information supplied for the grant type" => {
            ("Neither username nor password was sent, or no auth_key.", "Send what the grant type needs.")
        }
        "Missing/Invalid username or password" => (
            "One of username and password is missing, empty or too long.",
            "Send both: the Prosper login email and its password.",
        ),
        "Bad credentials" => (
            "No such account, another password, an account that this application does not serve, or a key whose grant has \
             ended.",
            "Use the login email and password of the account that owns the application. For a key, send the investor \
             through your link again.",
        ),
        "User needs to reset their password" => (
            "The password was right, and must be replaced before it is used again.",
            "The person chooses a new password on our pages.",
        ),
        "Missing/Invalid refresh token" => (
            "The refresh token is missing, older than ten hours, another application's, or ended with a new password, a \
             sign-out everywhere or a revocation.",
            "Begin again with a new password request or the authorization key.",
        ),
        "The access token is invalid (expired, not provided etc)" => (
            "The token is missing, malformed, older than an hour, revoked, or of Login with Prosper.",
            "Refresh it, and send it as Authorization: bearer.",
        ),
        "The user denied the request" | "The investor denied the request" => {
            ("The person said no.", "Accept it, and offer another way in.")
        }
        "User account is closed" => ("The account was closed.", WRITE),
        "User has a duplicate account" => ("The person has another account.", "The person uses the other account."),
        "User account has expired" => ("The account has not been used for too long.", WRITE),
        "User account is inactive" => ("The account is set aside.", WRITE),
        "User account is put on hold" => ("Something is being looked into.", WRITE),
        "User account has not been activated" => ("Staff have yet to switch the account on.", WAIT),
        "User account pending approval" => ("An institution waits for staff's approval.", WAIT),
        "User has not completed registration" => ("Registration was begun and not finished.", WAIT),
        "User account is suspended" => ("Staff suspended the account.", WRITE),
        "User account is terminated" => ("Staff ended the account.", WRITE),
        "The account’s email address has not been validated" => {
            ("The mailed link was not opened yet.", "The person opens the link, or signs in to be sent another.")
        }
        _ => return None,
    })
}

fn of_login(row: Row) -> Option<(&'static str, &'static str)> {
    Some(match row.reason {
        "Invalid code" => (
            "The code is missing, altered or used already; its redirect_uri or code_verifier does not match; or the consent \
             behind it has ended.",
            "Send each code once, as it came. Then send the person through the authorize URL again.",
        ),
        "Code has expired" => (
            "The code is older than five minutes.",
            "Exchange it at once, on your server. Send the person through the authorize URL again.",
        ),
        "Invalid token" => (
            "The token is missing, malformed, older than 15 minutes, revoked, or of the Investor API.",
            "Exchange a new code, and send the token as Authorization: Bearer.",
        ),
        _ => return None,
    })
}

/// What every surface says in its own shape (W-06): what causes it, and what to do. In the order of not found, another
/// method, too large, too many attempts, busy, broken.
pub const ANYWHERE: [(&str, &str); 6] = [
    ("Nothing is at this path.", "Check the path."),
    ("The path takes another method.", "Read the Allow header."),
    ("The body is larger than 16 KiB.", "Send less."),
    (
        "Too many failed attempts for this account or from this address.",
        "Wait for as long as Retry-After says. Tokens that you have go on working.",
    ),
    ("The server is too busy, or cannot write.", "Wait for as long as Retry-After says."),
    ("Something broke on our side.", "Try again, then write to us with the request id."),
];
/// The heading of [`ANYWHERE`].
pub const ANYWHERE_TITLE: &str = "Anywhere";
/// The surface of [`ANYWHERE`], in words.
pub const ANYWHERE_SURFACE: &str = "every path, in the shape of its surface";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_every_table_is_explained() {
        for table in catalogue() {
            assert!(!table.rows.is_empty(), "{}", table.title);
            for row in table.rows {
                let (cause, remedy) = explain(row).unwrap_or_else(|| panic!("nobody explains {row:?}"));
                assert!(cause.ends_with('.') && remedy.ends_with('.'), "{row:?}");
            }
        }
    }

    #[test]
    fn no_row_of_a_document_is_missing() {
        let shown: Vec<Row> = catalogue().into_iter().flat_map(|table| table.rows).collect();
        let of_seed_2 = super::super::token_endpoint::tables().into_iter().flat_map(|(_, rows)| rows);
        for row in of_seed_2.chain(ExchangeError::rows()).chain(UserError::rows()) {
            assert!(shown.iter().any(|held| (held.code, held.reason) == (row.code, row.reason)), "{row:?}");
        }
    }
}
