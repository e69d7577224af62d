//! What browsers, crawlers and researchers ask every site for, each at the path that is the custom.

use axum::extract::{Request, State};

use super::answer::{self, Answer, Trouble};
use super::{Web, assets, routes};
use crate::contract::lifetimes::SECURITY_TXT;
use crate::contract::well_known;

/// `GET /favicon.ico`: pages name their icon themselves; whatever asks without having read one is led to the same.
pub async fn favicon() -> Answer {
    answer::found(assets::asset_path("mark.svg"))
}

/// `GET /robots.txt`
pub async fn robots() -> Answer {
    answer::with_type(200, PLAIN, well_known::ROBOTS)
}

/// `GET /.well-known/security.txt`: there only where the operator chose whom to write to, as nobody may read the default.
pub async fn security(State(web): State<Web>, request: Request) -> Answer {
    let settings = &web.p.settings;
    let Some(contact) = &settings.security_contact else {
        return routes::say(Trouble::NotFound, web.clone(), request).await;
    };
    let url = &settings.public_url;
    let https = url.is_https().then(|| url.as_str());
    answer::with_type(200, PLAIN, well_known::security(contact, web.p.now().plus(SECURITY_TXT), https))
}

const PLAIN: &str = "text/plain; charset=utf-8";
