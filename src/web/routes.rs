//! THE ROUTE TABLE, in the documents' order, and what each surface says when there is nothing to say (W-06).
//!
//! This file is long because the table is one, so that nobody has to look for a route in two places.

use axum::extract::Request;
use axum::response::IntoResponse as _;
use axum::routing::{MethodRouter, get, post};
use axum::{Router, extract::FromRequest as _, extract::State};
use http::Method;

use super::answer::{self, Answer, Trouble};
use super::pages::{
    account, agents, app, app_profile, app_requests, brand, close, connected_apps, console, docs, email, finish,
    forgot, hand_over, institution, landing, logo, password, paths, reset, sessions, setup, sign_in, sign_out, sign_up,
    verify_email, welcome,
};
use super::token::{self, Call};
use super::visitor::Visit;
use super::{Web, access_token, assets, authorization_key, authorize, health, shield, user, well_known};
use crate::contract::well_known::SECURITY_PATH;
use crate::contract::words;

/// A route.
pub struct Route {
    /// Its path, with `{name}` for a part that varies.
    pub path: &'static str,
    /// The methods it takes.
    pub methods: &'static str,
    /// What answers it; hot routes are answered by [`Hot`].
    handler: Option<fn() -> MethodRouter<Web>>,
}

impl Route {
    /// Is this the route of `path`? Parts in braces vary; a route without any stands before those that have some.
    fn is_at(&self, path: &str) -> bool {
        let mut given = path.split('/');
        self.path
            .split('/')
            .all(|part| given.next().is_some_and(|given| part == given || (part.starts_with('{') && !given.is_empty())))
            && given.next().is_none()
    }
}

/// Every route there is under `serve`. The sandbox adds its own.
pub const ROUTES: &[Route] = &[
    Route { path: "/v1/security/oauth/token", methods: "POST", handler: None },
    Route { path: "/v1/security/oauth/introspect", methods: "POST", handler: None },
    Route { path: "/v1/accounts/prosper", methods: "GET", handler: None },
    Route { path: "/v1/accounts/prosper/", methods: "GET", handler: None },
    Route {
        path: paths::API_SETTINGS,
        methods: "GET, HEAD, POST",
        handler: Some(|| get(authorization_key::show).post(authorization_key::answer)),
    },
    Route { path: "/oauth/apps/{client_id}", methods: "GET, HEAD", handler: Some(|| get(app::show)) },
    Route { path: "/oauth/apps/{client_id}/secrets", methods: "POST", handler: Some(|| post(app::add_secret)) },
    Route {
        path: "/oauth/apps/{client_id}/secrets/revoke",
        methods: "GET, HEAD, POST",
        handler: Some(|| get(app::ask_revoke_all).post(app::revoke_all)),
    },
    Route {
        path: "/oauth/apps/{client_id}/secrets/{secret}/revoke",
        methods: "GET, HEAD, POST",
        handler: Some(|| get(app::ask_revoke).post(app::revoke)),
    },
    Route { path: "/oauth/apps/{client_id}/requests", methods: "GET, HEAD", handler: Some(|| get(app_requests::show)) },
    Route {
        path: "/oauth/apps/{client_id}/profile",
        methods: "GET, HEAD, POST",
        handler: Some(|| get(app_profile::show).post(app_profile::save)),
    },
    Route { path: "/oauth/apps/{client_id}/logo", methods: "POST", handler: Some(|| post(app_profile::set_logo)) },
    Route { path: "/oauth/apps/{client_id}/redirects", methods: "POST", handler: Some(|| post(app::set_redirects)) },
    Route { path: "/oauth/apps/{client_id}/switches", methods: "POST", handler: Some(|| post(app::set_switches)) },
    Route {
        path: "/oauth/apps/{client_id}/disable",
        methods: "GET, HEAD, POST",
        handler: Some(|| get(app::ask_disable).post(app::disable)),
    },
    Route { path: "/oauth/apps/{client_id}/enable", methods: "POST", handler: Some(|| post(app::enable)) },
    Route {
        path: "/oauth/apps/{client_id}/delete",
        methods: "GET, HEAD, POST",
        handler: Some(|| get(app::ask_delete).post(app::delete)),
    },
    Route {
        path: paths::INST_REGISTER,
        methods: "GET, HEAD, POST",
        handler: Some(|| get(institution::show).post(institution::register)),
    },
    Route {
        path: paths::VERIFY_EMAIL,
        methods: "GET, HEAD, POST",
        handler: Some(|| get(verify_email::show).post(verify_email::submit)),
    },
    Route { path: paths::ACCOUNT, methods: "GET, HEAD", handler: Some(|| get(account::show)) },
    Route { path: paths::SETTINGS, methods: "GET, HEAD", handler: Some(|| get(account::settings)) },
    Route {
        path: paths::PASSWORD,
        methods: "GET, HEAD, POST",
        handler: Some(|| get(password::show).post(password::change)),
    },
    Route { path: paths::EMAIL, methods: "GET, HEAD, POST", handler: Some(|| get(email::show).post(email::ask)) },
    Route {
        path: paths::CHANGE_EMAIL,
        methods: "GET, HEAD, POST",
        handler: Some(|| get(email::show_confirm).post(email::confirm)),
    },
    Route {
        path: paths::UNDO_EMAIL,
        methods: "GET, HEAD, POST",
        handler: Some(|| get(email::show_undo).post(email::undo)),
    },
    Route { path: paths::SESSIONS, methods: "GET, HEAD", handler: Some(|| get(sessions::show)) },
    Route {
        path: paths::END_ALL_SESSIONS,
        methods: "GET, HEAD, POST",
        handler: Some(|| get(sessions::ask_end_all).post(sessions::end_all)),
    },
    Route { path: "/account/sessions/{id}/end", methods: "POST", handler: Some(|| post(sessions::end)) },
    Route { path: paths::CLOSE, methods: "GET, HEAD, POST", handler: Some(|| get(close::show).post(close::close)) },
    Route { path: paths::FINISH, methods: "GET, HEAD, POST", handler: Some(|| get(finish::show).post(finish::submit)) },
    Route { path: paths::CONNECTED_APPS, methods: "GET, HEAD", handler: Some(|| get(connected_apps::show)) },
    Route {
        path: "/account/connected-apps/history",
        methods: "GET, HEAD",
        handler: Some(|| get(connected_apps::history)),
    },
    Route {
        path: "/account/connected-apps/export.json",
        methods: "GET, HEAD",
        handler: Some(|| get(connected_apps::export_json)),
    },
    Route {
        path: "/account/connected-apps/export.csv",
        methods: "GET, HEAD",
        handler: Some(|| get(connected_apps::export_csv)),
    },
    Route {
        path: "/account/connected-apps/{client_id}/withdraw",
        methods: "GET, HEAD, POST",
        handler: Some(|| get(connected_apps::ask).post(connected_apps::withdraw)),
    },
    Route {
        path: paths::AGENT_REQUEST,
        methods: "GET, HEAD, POST",
        handler: Some(|| get(agents::show).post(agents::ask)),
    },
    Route { path: paths::SETUP, methods: "GET, HEAD, POST", handler: Some(|| get(setup::show).post(setup::submit)) },
    Route {
        path: paths::SIGN_IN,
        methods: "GET, HEAD, POST",
        handler: Some(|| get(sign_in::show).post(sign_in::submit)),
    },
    Route {
        path: paths::SIGN_UP,
        methods: "GET, HEAD, POST",
        handler: Some(|| get(sign_up::show).post(sign_up::submit)),
    },
    Route { path: paths::FORGOT, methods: "GET, HEAD, POST", handler: Some(|| get(forgot::show).post(forgot::submit)) },
    Route { path: paths::RESET, methods: "GET, HEAD, POST", handler: Some(|| get(reset::show).post(reset::submit)) },
    Route {
        path: paths::SIGN_OUT,
        methods: "GET, HEAD, POST",
        handler: Some(|| get(sign_out::show).post(sign_out::submit)),
    },
    Route {
        path: paths::AUTHORIZE,
        methods: authorize::METHODS,
        handler: Some(|| get(authorize::show).post(authorize::answer)),
    },
    Route { path: "/login/oauth/access-token", methods: "POST", handler: None },
    Route { path: "/api/v2/user", methods: "GET", handler: None },
    Route { path: paths::WELCOME, methods: "GET, HEAD", handler: Some(|| get(welcome::show)) },
    Route { path: paths::HOME, methods: "GET, HEAD", handler: Some(|| get(landing::show)) },
    Route { path: "/health", methods: "GET, HEAD", handler: Some(|| get(health::show)) },
    Route { path: "/favicon.ico", methods: "GET, HEAD", handler: Some(|| get(well_known::favicon)) },
    Route { path: "/robots.txt", methods: "GET, HEAD", handler: Some(|| get(well_known::robots)) },
    Route { path: SECURITY_PATH, methods: "GET, HEAD", handler: Some(|| get(well_known::security)) },
    Route { path: paths::DOCS, methods: "GET, HEAD", handler: Some(|| get(docs::developers)) },
    Route { path: paths::DOCS_ERRORS, methods: "GET, HEAD", handler: Some(|| get(docs::errors)) },
    Route {
        path: "/oauth/apps/{client_id}/hand-over",
        methods: "GET, HEAD, POST",
        handler: Some(|| get(hand_over::show).post(hand_over::draw)),
    },
    Route { path: "/spaces/{id}/brand.css", methods: "GET, HEAD", handler: Some(|| get(brand::sheet)) },
    Route { path: "/spaces/{id}/logo", methods: "GET, HEAD", handler: Some(|| get(brand::logo)) },
    Route { path: paths::CONSOLE, methods: "GET, HEAD", handler: Some(|| get(console::queue)) },
    Route {
        path: "/console/sign-in",
        methods: "GET, HEAD, POST",
        handler: Some(|| get(console::sign_in).post(console::open)),
    },
    Route { path: "/console/leave", methods: "POST", handler: Some(|| post(console::leave)) },
    Route {
        path: "/console/requests/{account}",
        methods: "GET, HEAD, POST",
        handler: Some(|| get(console::request).post(console::decide)),
    },
    Route { path: "/console/accounts", methods: "GET, HEAD", handler: Some(|| get(console::accounts)) },
    Route { path: "/console/accounts/{id}", methods: "GET, HEAD", handler: Some(|| get(console::account)) },
    Route { path: "/console/accounts/{id}/status", methods: "POST", handler: Some(|| post(console::move_status)) },
    Route { path: "/console/accounts/{id}/reset", methods: "POST", handler: Some(|| post(console::reset)) },
    Route { path: "/console/accounts/{id}/sign-out", methods: "POST", handler: Some(|| post(console::sign_out)) },
    Route { path: "/console/accounts/{id}/staff", methods: "POST", handler: Some(|| post(console::set_staff)) },
    Route { path: "/console/accounts/{id}/erasure", methods: "POST", handler: Some(|| post(console::plan_erasure)) },
    Route { path: "/console/erasures", methods: "GET, HEAD", handler: Some(|| get(console::erasures)) },
    Route { path: "/console/applications", methods: "GET, HEAD", handler: Some(|| get(console::applications)) },
    Route {
        path: "/console/applications/new",
        methods: "GET, HEAD, POST",
        handler: Some(|| get(console::new_application).post(console::register)),
    },
    Route {
        path: "/console/applications/{client_id}",
        methods: "GET, HEAD",
        handler: Some(|| get(console::application)),
    },
    Route {
        path: "/console/applications/{client_id}/hand-over",
        methods: "POST",
        handler: Some(|| post(console::hand_over)),
    },
    Route {
        path: "/console/applications/{client_id}/disable",
        methods: "POST",
        handler: Some(|| post(console::disable)),
    },
    Route {
        path: "/console/applications/{client_id}/enable",
        methods: "POST",
        handler: Some(|| post(console::enable)),
    },
    Route {
        path: "/console/spaces",
        methods: "GET, HEAD, POST",
        handler: Some(|| get(console::spaces).post(console::add_space)),
    },
    Route {
        path: "/console/spaces/{id}",
        methods: "GET, HEAD, POST",
        handler: Some(|| get(console::space).post(console::change_space)),
    },
    Route { path: "/console/spaces/{id}/invite", methods: "POST", handler: Some(|| post(console::invite)) },
    Route { path: "/console/spaces/{id}/logo", methods: "POST", handler: Some(|| post(console::set_logo)) },
    Route {
        path: "/console/keys",
        methods: "GET, HEAD, POST",
        handler: Some(|| get(console::keys).post(console::rotate)),
    },
    Route { path: "/console/mail", methods: "GET, HEAD", handler: Some(|| get(console::mail)) },
    Route { path: "/console/mail/{id}", methods: "GET, HEAD", handler: Some(|| get(console::show_mail)) },
    Route { path: "/console/mail/{id}/again", methods: "POST", handler: Some(|| post(console::send_again)) },
    Route { path: "/console/mail/{id}/read", methods: "POST", handler: Some(|| post(console::read_mail)) },
    Route { path: "/console/audit", methods: "GET, HEAD", handler: Some(|| get(console::audit)) },
    Route { path: "/logos/{client_id}", methods: "GET, HEAD", handler: Some(|| get(logo::show)) },
    Route { path: "/assets/{file}", methods: "GET, HEAD", handler: Some(|| get(asset)) },
];

/// The routes that are answered before the general router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hot {
    /// `POST /v1/security/oauth/token`
    Token,
    /// `POST /v1/security/oauth/introspect`
    Introspection,
    /// `GET /v1/accounts/prosper/`, where it is served
    SampleResource,
    /// `POST /login/oauth/access-token`
    Exchange,
    /// `GET /api/v2/user`
    User,
}

impl Hot {
    /// The hot route of a path.
    pub fn find(path: &str, web: &Web) -> Option<Self> {
        match path {
            "/v1/security/oauth/token" => Some(Self::Token),
            "/v1/security/oauth/introspect" => Some(Self::Introspection),
            "/login/oauth/access-token" => Some(Self::Exchange),
            "/api/v2/user" => Some(Self::User),
            "/v1/accounts/prosper" | "/v1/accounts/prosper/" if web.p.settings.sample_resource => {
                Some(Self::SampleResource)
            }
            _ => None,
        }
    }

    /// Its one method.
    pub const fn method(self) -> Method {
        match self {
            Self::Token | Self::Introspection | Self::Exchange => Method::POST,
            Self::SampleResource | Self::User => Method::GET,
        }
    }

    /// Its one method, for `Allow`.
    pub const fn allow(self) -> &'static str {
        match self {
            Self::Token | Self::Introspection | Self::Exchange => "POST",
            Self::SampleResource | Self::User => "GET",
        }
    }

    /// The surface it belongs to.
    pub const fn surface(self) -> Surface {
        match self {
            Self::Token | Self::Introspection | Self::SampleResource => Surface::Object,
            Self::Exchange | Self::User => Surface::Text,
        }
    }

    /// Answers a call.
    pub async fn call(self, call: Call<'_>, web: &Web) -> Answer {
        match self {
            Self::Token => token::token(call, web).await,
            Self::Introspection => token::introspection(call, web).await,
            Self::SampleResource => token::sample_resource(call.headers, web).await,
            Self::Exchange => access_token::access_token(call, web).await,
            Self::User => user::user(call, web).await,
        }
    }
}

/// The shapes in which surfaces speak (W-06).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// `/v1`: an object.
    Object,
    /// The exchange and user endpoints: one JSON string.
    Text,
    /// Pages: HTML.
    Page,
}

impl Surface {
    /// The surface that a path belongs to.
    pub fn of(path: &str) -> Self {
        if path == "/v1" || path.starts_with("/v1/") {
            Self::Object
        } else if path == "/login/oauth/access-token" || path == "/api" || path.starts_with("/api/") {
            Self::Text
        } else {
            Self::Page
        }
    }

    /// Says trouble in this shape, when no visit could be read to make a page of it.
    pub fn trouble(self, trouble: Trouble) -> Answer {
        match self {
            Self::Object => trouble.as_object(),
            Self::Text => trouble.as_string(),
            Self::Page => {
                let (words, lang, dir) = (trouble.words(), words::LANGUAGE, words::DIRECTION);
                let text = format!(
                    "<!doctype html><html lang=\"{lang}\" dir=\"{dir}\"><title>{words}</title><h1>{words}</h1>"
                );
                let mut answer = trouble.dress(answer::html(trouble.status(), text));
                shield::page_headers(&mut answer, None);
                answer
            }
        }
    }
}

/// The general router, made from the table.
pub fn pages() -> Router<Web> {
    let handled = ROUTES.iter().filter_map(|route| route.handler.map(|handler| (route.path, handler)));
    handled
        .fold(Router::new(), |router, (path, handler)| router.route(path, handler()))
        .fallback(nothing)
        .method_not_allowed_fallback(not_by_this_method)
}

/// Nothing is there: said in the shape of the surface.
async fn nothing(State(web): State<Web>, request: Request) -> axum::response::Response {
    say(Trouble::NotFound, web, request).await.into_response()
}

/// There is something, but not by this method. The router adds `Allow`.
async fn not_by_this_method(State(web): State<Web>, request: Request) -> axum::response::Response {
    let path = request.uri().path();
    let methods = ROUTES.iter().find(|route| route.is_at(path)).map_or("GET", |route| route.methods);
    say(Trouble::Method(methods), web, request).await.into_response()
}

/// Says trouble in the shape of the surface that was asked.
pub async fn say(trouble: Trouble, web: Web, request: Request) -> Answer {
    let surface = Surface::of(request.uri().path());
    if surface != Surface::Page {
        return surface.trouble(trouble);
    }
    // The body of a request that nothing takes is not read.
    let (mut parts, _) = request.into_parts();
    parts.method = Method::GET;
    let bare = Request::from_parts(parts, axum::body::Body::empty());
    match Visit::from_request(bare, &web).await {
        Ok(visit) => visit.trouble(trouble),
        Err(answer) => answer,
    }
}

/// The style sheet and the mark.
async fn asset(request: Request) -> Answer {
    match assets::find(request.uri().path()) {
        Some(asset) => {
            let mut answer = answer::with_type(200, asset.content_type, asset.bytes);
            let headers = answer.headers_mut();
            headers.remove(http::header::PRAGMA);
            headers.insert(http::header::CACHE_CONTROL, http::HeaderValue::from_static(assets::CACHE_CONTROL));
            answer
        }
        None => Surface::Page.trouble(Trouble::NotFound),
    }
}
