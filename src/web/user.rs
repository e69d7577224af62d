//! `GET /api/v2/user`: the profile that a token of Login with Prosper reads (L-17, L-18).

use super::Web;
use super::answer::{self, Answer, Trouble};
use super::read;
use super::token::Call;
use crate::contract::login_with_prosper::{profile_json, refusal_json};
use crate::contract::table::{Stop, Table as _};
use crate::flows::read_profile::read_profile;

/// Answers the request.
pub async fn user(call: Call<'_>, web: &Web) -> Answer {
    match read_profile(read::bearer(call.headers), &web.p).await {
        Ok(account) => answer::json(200, profile_json(&account)),
        Err(Stop::Refused(row)) => {
            let row = row.row();
            answer::challenge(answer::json(row.status, refusal_json(row)), "Bearer error=\"invalid_token\"")
        }
        Err(Stop::Later(later)) => Trouble::Later(later).as_string(),
        Err(Stop::Broke(fault)) => {
            tracing::error!(request_id = call.request_id, cause = %fault, "a request failed");
            Trouble::from(&fault).as_string()
        }
    }
}
