//! Notes what became of a request that a browser brought, for the application's owner to look up by its id (W-03).

use super::Web;
use crate::contract::causes;
use crate::flows::allow::Decision;
use crate::store::app_requests::AppRequest;

/// Notes it, if it came to an end and names an application: what was refused by itself, what went well as one more of its
/// minute. `code` says how the wire names an error.
pub fn tell_owner<E: Copy>(
    (request_id, web): (&str, &Web),
    surface: &'static str,
    decision: &Decision<E>,
    code: impl Fn(E) -> &'static str,
) {
    let (Some(client), Some(outcome)) = (&decision.client, decision.outcome(code)) else { return };
    let (store, application, at) = (&web.p.store, client.application.id, web.p.now());
    if outcome == causes::DONE {
        return store.saw_call(application, surface, request_id, at);
    }
    store.saw_request(AppRequest {
        request_id: request_id.to_owned(),
        application,
        at,
        surface,
        outcome: outcome.to_owned(),
        detail: decision.cause.to_owned(),
    });
}
