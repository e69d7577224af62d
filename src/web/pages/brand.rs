//! What a space wears: its style sheet, made of validated values alone, and its logo.

use axum::extract::Path;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, PRAGMA};

use super::super::answer::{self, Answer, Trouble};
use super::super::visitor::Visit;
use crate::domain::ids::SpaceId;

/// `GET /spaces/{id}/brand.css`
pub async fn sheet(Path(id): Path<String>, visit: Visit) -> Answer {
    let Ok(id) = id.parse() else { return visit.trouble(Trouble::NotFound) };
    match visit.p().store.space(SpaceId(id)).await {
        Ok(Some(space)) => match space.brand {
            Some(brand) => kept(answer::with_type(200, "text/css; charset=utf-8", brand.sheet())),
            None => visit.trouble(Trouble::NotFound),
        },
        Ok(None) => visit.trouble(Trouble::NotFound),
        Err(fault) => visit.broke(&fault),
    }
}

/// `GET /spaces/{id}/logo`: re-encoded when it was taken in, and served as nothing but a picture.
pub async fn logo(Path(id): Path<String>, visit: Visit) -> Answer {
    let Ok(id) = id.parse() else { return visit.trouble(Trouble::NotFound) };
    match visit.p().store.space_logo(SpaceId(id)).await {
        Ok(Some(png)) => kept(answer::with_type(200, "image/png", png)),
        Ok(None) => visit.trouble(Trouble::NotFound),
        Err(fault) => visit.broke(&fault),
    }
}

fn kept(mut answer: Answer) -> Answer {
    let headers = answer.headers_mut();
    headers.remove(PRAGMA);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    answer
}
