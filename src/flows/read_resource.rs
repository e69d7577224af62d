//! A sample protected resource, so that existing investor clients run to the end (seed 2; issue note; T-12).
//!
//! 1. Does the token stand, for an account, with `read_prosper_account`?
//! 2. Answer figures of that account. They are made up from its number, the same each time: Prosper keeps who people
//!    are, not what they own.

use serde_json::{Value, json};

use crate::contract::table::Stop;
use crate::contract::token_endpoint::ResourceError;
use crate::domain::account::Account;
use crate::domain::scope::Scope;
use crate::prosper::Prosper;

use super::tokens::open_token;

/// The account figures that `token` may read.
///
/// # Errors
/// `Refused` when the token may not read them; `Broke` when the fault is ours.
pub async fn read_resource(token: Option<&str>, p: &Prosper) -> Result<Value, Stop<ResourceError>> {
    let token = token.ok_or(ResourceError::InvalidToken)?;
    let good = open_token(token, p).await?.ok_or(ResourceError::InvalidToken)?;
    let account = good
        .standing
        .account
        .filter(|_| good.standing.scope.contains(Scope::ReadProsperAccount))
        .ok_or(ResourceError::InvalidToken)?;
    Ok(figures(&account))
}

fn figures(account: &Account) -> Value {
    let share = |part: u32| f64::from((account.id.0.unsigned_abs() % 97) as u32 * 131 + part) / 4.0;
    let grades = |part: u32| {
        let mut grades = serde_json::Map::new();
        for (grade, weight) in ["NA", "HR", "E", "D", "C", "B", "A", "AA"].into_iter().zip(1..) {
            grades.insert(grade.into(), json!(share(part * weight)));
        }
        Value::Object(grades)
    };
    json!({
        "available_cash_balance": share(400),
        "pending_investments_primary_market": share(100),
        "pending_investments_secondary_market": share(20),
        "pending_quick_invest_orders": share(8),
        "total_principal_received_on_active_notes": share(900),
        "total_amount_invested_on_active_notes": share(4_000),
        "outstanding_principal_on_active_notes": share(3_100),
        "total_account_value": share(3_600),
        "pending_deposit": share(40),
        "last_deposit_amount": share(200),
        "last_withdraw_amount": share(60),
        "inflight_gross": share(12),
        "last_deposit_date": "2026-10-01",
        "last_withdraw_date": "2026-09-01",
        "external_user_id": account.uid.to_string(),
        "prosper_account_digest": digest(account),
        "invested_notes": grades(30),
        "pending_bids": grades(2),
    })
}

fn digest(account: &Account) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, account.uid.bytes());
    data_encoding::HEXLOWER.encode(&digest.as_ref()[..16])
}
