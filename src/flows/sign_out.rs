//! Sign-out: the session ends on the server, whatever the browser does with its cookie.
//!
//! Where staff have the console open in the same browser, it closes with it: whoever signs out leaves nothing open.

use crate::domain::ids::SessionId;
use crate::fault::Fault;
use crate::prosper::Prosper;

/// Ends a session, and the one of the console beside it. What applications were allowed stays allowed.
///
/// # Errors
/// The store cannot be written; the session then lives on, and nobody may be told otherwise.
pub async fn sign_out(session: SessionId, console: Option<SessionId>, p: &Prosper) -> Result<(), Fault> {
    if let Some(console) = console {
        p.store.close_session(console).await?;
    }
    p.store.close_session(session).await
}
