//! An application's logo, under a path of its own and as nothing but a picture: it was re-encoded when it was
//! taken in, and a browser that opens it by itself runs nothing in it.

use axum::extract::Path;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, PRAGMA};

use super::super::answer::{self, Answer, Trouble};
use super::super::visitor::Visit;
use crate::domain::ids::ClientId;

/// `GET /logos/{client_id}`
pub async fn show(Path(id): Path<String>, visit: Visit) -> Answer {
    let Some(id) = ClientId::from_hex(&id) else { return visit.trouble(Trouble::NotFound) };
    match visit.p().store.logo(id).await {
        Ok(Some(png)) => {
            let mut answer = answer::with_type(200, "image/png", png);
            let headers = answer.headers_mut();
            headers.remove(PRAGMA);
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
            headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
            answer
        }
        Ok(None) => visit.trouble(Trouble::NotFound),
        Err(fault) => visit.broke(&fault),
    }
}
