//! Who may pass to the console's pages at all. Asked before the router, so that neither a page's existence, nor its methods,
//! nor what is wrong with a request tells anything to anybody else.

use axum::extract::Request;
use http::{HeaderMap, Method};

use super::super::super::answer::{self, Answer, Trouble};
use super::super::super::local_path::{after_lost_form, leading_on, sign_in_and_then};
use super::super::super::{Web, routes, visitor};
use super::super::paths;
use super::sign_in::{LEAVE, PATH as SIGN_IN};
use crate::fault::Fault;

/// Does this path belong to the console?
pub fn is_beneath(path: &str) -> bool {
    path.strip_prefix(paths::CONSOLE).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Hands the request back to whoever may pass; else the answer to give instead.
///
/// # Errors
/// That answer: nothing is here; or, for whom it could be staff, where to sign in.
pub async fn gate(request: Request, web: &Web) -> Result<Request, Answer> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let back = request.uri().path_and_query().map_or(path.clone(), ToString::to_string);
    match pass(request.headers(), &path, web).await {
        Ok(Pass::Enter) => Ok(request),
        // What was posted is lost when a session ends while one types: that is said, and its page come back to.
        Ok(Pass::PasswordAgain) if method == Method::POST => {
            Err(answer::see_other(&after_lost_form(&leading_on(SIGN_IN, page_of(&path)))))
        }
        Ok(Pass::PasswordAgain) => Err(answer::found(&leading_on(SIGN_IN, &back))),
        // The same for every path beneath, whether there is such a page or not.
        Ok(Pass::Stranger) if method == Method::POST => {
            Err(answer::see_other(&after_lost_form(&sign_in_and_then(page_of(&path)))))
        }
        Ok(Pass::Stranger) => Err(answer::found(&sign_in_and_then(&back))),
        Ok(Pass::Nothing) => Err(routes::say(Trouble::NotFound, web.clone(), request).await),
        Err(fault) => {
            tracing::error!(cause = %fault, "the console's gate cannot tell who asks");
            Err(routes::say((&fault).into(), web.clone(), request).await)
        }
    }
}

/// The page that a form of this path stands on, by the shape of the path alone: `/console/accounts/5/status` is a form of
/// `/console/accounts/5`. Whoever is told it learns nothing of what is there.
fn page_of(path: &str) -> &str {
    if path == SIGN_IN || path == LEAVE {
        return paths::CONSOLE;
    }
    path.match_indices('/').nth(3).map_or(path, |(end, _)| &path[..end])
}

enum Pass {
    /// The page may be seen.
    Enter,
    /// Staff, who have not typed their password for the console.
    PasswordAgain,
    /// Nobody yet.
    Stranger,
    /// Somebody else.
    Nothing,
}

async fn pass(headers: &HeaderMap, path: &str, web: &Web) -> Result<Pass, Fault> {
    if visitor::staff(headers, &web.p).await?.is_some() {
        return Ok(Pass::Enter);
    }
    Ok(match visitor::ordinary(headers, &web.p).await? {
        Some(who) if who.is_staff() && path == SIGN_IN => Pass::Enter,
        Some(who) if who.is_staff() => Pass::PasswordAgain,
        Some(_) => Pass::Nothing,
        None => Pass::Stranger,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_stands_on_the_page_above_it() {
        for (form, page) in [
            ("/console/keys", "/console/keys"),
            ("/console/applications/new", "/console/applications/new"),
            ("/console/accounts/5/status", "/console/accounts/5"),
            ("/console/accounts/5/", "/console/accounts/5"),
            ("/console/leave", "/console"),
            ("/console/sign-in", "/console"),
            ("/console", "/console"),
        ] {
            assert_eq!(page_of(form), page, "{form}");
        }
    }
}
