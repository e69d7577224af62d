//! Notes what became of a request that a browser brought, for the application's owner to look up by its id (W-03).

use super::visitor::Visit;
use crate::flows::allow::Decision;
use crate::store::app_requests::AppRequest;

/// Notes it, if it came to an end and names an application. `code` says how the wire names an error.
pub fn tell_owner<E: Copy>(
    visit: &Visit,
    surface: &'static str,
    decision: &Decision<E>,
    code: impl Fn(E) -> &'static str,
) {
    let (Some(client), Some(outcome)) = (&decision.client, decision.outcome(code)) else { return };
    visit.p().store.saw_request(AppRequest {
        request_id: visit.request_id.clone(),
        application: client.application.id,
        at: visit.now(),
        surface,
        outcome: outcome.to_owned(),
        detail: decision.cause.to_owned(),
    });
}
