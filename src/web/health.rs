//! `GET /health`: may this process be sent requests? For load balancers; it says nothing about anybody.

use axum::extract::State;

use super::Web;
use super::answer::{self, Answer, Trouble};

/// 200 as long as the change log has been followed within the lease, 503 otherwise.
pub async fn show(State(web): State<Web>) -> Answer {
    if web.p.store.is_fresh() {
        answer::json(200, r#"{"status":"ok"}"#)
    } else {
        Trouble::Unavailable.dress(answer::json(503, r#"{"status":"the store is not being followed"}"#))
    }
}
