//! `POST /login/oauth/access-token`: one parse, one flow, one shape of refusal for each of the two kinds of client
//! (L-11 to L-16).
//!
//! The guide's own client sends no `grant_type` and reads a bare JSON string; a standard OAuth library always sends one
//! and cannot read anything but an object (L-13).

use super::Web;
use super::answer::{self, Answer, Trouble};
use super::read::{self, Parameters};
use super::token::{Call, saw_call, tell};
use crate::contract::login_with_prosper::{ExchangeError, refusal_json, token_json};
use crate::contract::table::{Stop, Table as _};
use crate::contract::token_endpoint;
use crate::crypto::secret::Plain;
use crate::flows::exchange_code::{ExchangeAsk, Refusal, exchange_code};

/// Answers the request.
pub async fn access_token(call: Call<'_>, web: &Web) -> Answer {
    if let Some(later) = web.limits.check(call.address, web.p.now()) {
        return Trouble::Later(later).as_string();
    }
    let Ok(body) = read::body(call.headers, call.body) else { return refused(ExchangeError::InvalidRequest, false) };
    let standard = body.get(GRANT_TYPE).is_some() || body.is_no_text(GRANT_TYPE);
    let Ok(ask) = ask(&call, &body) else { return refused(ExchangeError::InvalidRequest, standard) };
    if standard && body.get(GRANT_TYPE) != Some("authorization_code") {
        return refused(ExchangeError::UnsupportedGrantType, standard);
    }
    match exchange_code(&ask, &web.p).await {
        Ok(token) => {
            saw_call(ask.client_id.as_deref(), "access-token", &call, web);
            answer::json(200, token_json(&token))
        }
        Err(Stop::Refused(Refusal { row, cause })) => {
            if row == ExchangeError::InvalidSecret {
                web.limits.failed(call.address, web.p.now());
            }
            tracing::info!(request_id = call.request_id, refusal = ?row, cause, "an exchange was refused");
            Box::pin(tell(ask.client_id.as_deref(), "access-token", (row.row().reason, cause), &call, web)).await;
            refused(row, standard)
        }
        Err(Stop::Later(later)) => Trouble::Later(later).as_string(),
        Err(Stop::Broke(fault)) => {
            tracing::error!(request_id = call.request_id, cause = %fault, "a request failed");
            Trouble::from(&fault).as_string()
        }
    }
}

fn ask(call: &Call<'_>, body: &Parameters) -> Result<ExchangeAsk, read::Unreadable> {
    if body.repeats_any(&KNOWN) {
        return Err(read::Unreadable);
    }
    let client = read::client(call.headers, body)?;
    // What is sent and is no text agrees with nothing.
    let text = |name: &str| if body.is_no_text(name) { Some(String::new()) } else { body.get(name).map(str::to_owned) };
    Ok(ExchangeAsk {
        client_id: client.id,
        client_secret: client.secret,
        code: body.get("code").map(str::to_owned),
        redirect_uri: text("redirect_uri"),
        code_verifier: text("code_verifier").map(Plain::from),
        place: call.place(),
    })
}

fn refused(row: ExchangeError, standard: bool) -> Answer {
    let row = row.row();
    answer::json(row.status, if standard { token_endpoint::refusal_json(row) } else { refusal_json(row) })
}

const GRANT_TYPE: &str = "grant_type";
/// The parameters that may stand once.
const KNOWN: [&str; 6] = [GRANT_TYPE, "client_id", "client_secret", "code", "redirect_uri", "code_verifier"];
