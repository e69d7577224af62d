//! Sign-out: the session ends on the server, whatever the browser does with its cookie.

use crate::domain::ids::SessionId;
use crate::fault::Fault;
use crate::prosper::Prosper;

/// Ends a session. What applications were allowed stays allowed.
///
/// # Errors
/// The store cannot be written; the session then lives on, and nobody may be told otherwise.
pub async fn sign_out(session: SessionId, p: &Prosper) -> Result<(), Fault> {
    p.store.close_session(session).await
}
