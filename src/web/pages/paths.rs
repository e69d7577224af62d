//! Where the pages live.
//!
//! Templates write these paths out, since a link reads best where it stands; a test holds every link and every form
//! of every page against [`ALL`], and the route table is expected to serve each of them.

use crate::domain::space::Space;

/// What Prosper is, and the way in.
pub const HOME: &str = "/";
/// Sign-in (seed 3; fields `email` and `password`).
pub const SIGN_IN: &str = "/login";
/// Login with Prosper, front channel (seed 3): GET decides, POST answers the consent page.
pub const AUTHORIZE: &str = "/login/oauth/authorize";
/// Sign-out: GET asks, POST does it.
pub const SIGN_OUT: &str = "/logout";
/// Opening an individual account.
pub const SIGN_UP: &str = "/sign-up";
/// Asking for a link that sets a new password.
pub const FORGOT: &str = "/forgot";
/// The mailed link that sets a new password.
pub const RESET: &str = "/reset";
/// Where an authorization that cannot go on lands (L-05).
pub const WELCOME: &str = "/welcome";
/// My account.
pub const ACCOUNT: &str = "/account";
/// My account > Settings (W-07).
pub const SETTINGS: &str = "/account/settings";
/// Changing one's password.
pub const PASSWORD: &str = "/account/password";
/// Changing one's address.
pub const EMAIL: &str = "/account/email";
/// The mailed link that makes an address an account's.
pub const CHANGE_EMAIL: &str = "/change-email";
/// The mailed link that gives an account the address back that it had.
pub const UNDO_EMAIL: &str = "/undo-email";
/// Where one is signed in; `/{id}/end` beneath it ends one (POST).
pub const SESSIONS: &str = "/account/sessions";
/// Signing out everywhere: GET asks, POST does it (T-11).
pub const END_ALL_SESSIONS: &str = "/account/sessions/end-all";
/// Closing one's account.
pub const CLOSE: &str = "/account/close";
/// What is missing of a registration that was begun.
pub const FINISH: &str = "/account/finish";
/// What holds a grant on this account; `/{id}/withdraw` beneath it asks (GET) and does it (POST).
pub const CONNECTED_APPS: &str = "/account/connected-apps";
/// The request for the third-party agent role.
pub const AGENT_REQUEST: &str = "/account/agent-request";
/// Registration of an institutional account (seed 1, option 2).
pub const INST_REGISTER: &str = "/account/common/inst_register.aspx";
/// API settings, and the Authorization Key flow when the query says so.
pub const API_SETTINGS: &str = "/oauth";
/// Beneath it lives one application's page; see [`app`].
pub const APPS: &str = "/oauth/apps";
/// The first staff account, while there is none.
pub const SETUP: &str = "/setup";
/// The mailed link that validates an address.
pub const VERIFY_EMAIL: &str = "/verify-email";
/// What developers need, and where it stands.
pub const DOCS: &str = "/docs";
/// Every error and what to do about it.
pub const DOCS_ERRORS: &str = "/docs/errors";
/// The sandbox's table of sign-ins (sandbox only).
pub const SANDBOX: &str = "/sandbox";
/// What would have been mailed (sandbox only).
pub const SANDBOX_MAIL: &str = "/sandbox/mail";

/// Every page above; a path beneath [`APPS`], [`CONNECTED_APPS`] or [`SANDBOX_MAIL`] counts too.
pub const ALL: [&str; 29] = [
    HOME,
    EMAIL,
    CHANGE_EMAIL,
    UNDO_EMAIL,
    SESSIONS,
    END_ALL_SESSIONS,
    CLOSE,
    FINISH,
    SIGN_IN,
    SIGN_UP,
    FORGOT,
    RESET,
    SIGN_OUT,
    WELCOME,
    ACCOUNT,
    SETTINGS,
    PASSWORD,
    CONNECTED_APPS,
    AGENT_REQUEST,
    INST_REGISTER,
    API_SETTINGS,
    APPS,
    SETUP,
    VERIFY_EMAIL,
    DOCS,
    DOCS_ERRORS,
    SANDBOX,
    SANDBOX_MAIL,
    AUTHORIZE,
];

/// One application's page. Beneath it: `/secrets` (POST adds), `/secrets/{id}/revoke`, `/secrets/revoke` (all of
/// them), `/redirects`, `/switches`, `/disable`, `/enable`, `/delete`. Where something ends (`revoke`, `disable`,
/// `delete`), GET asks and POST does it; the rest is POST alone.
pub fn app(client_id: &str) -> String {
    format!("{APPS}/{client_id}")
}

/// An application's logo, as the pages that name it show it.
pub fn logo(client_id: &str) -> String {
    format!("{LOGOS}/{client_id}")
}

/// Beneath it lives each logo.
pub const LOGOS: &str = "/logos";

/// The staff console; everything beneath it is the console's (see `console`).
pub const CONSOLE: &str = "/console";

/// Beneath it lie each space's style sheet and logo.
pub const SPACES: &str = "/spaces";

/// The style sheet of a space with a colour of its own; its address changes with the colour.
pub fn brand_sheet(space: &Space) -> Option<String> {
    space.brand.map(|brand| format!("{SPACES}/{}/brand.css?v={}", space.id, &brand.hex()[1..]))
}

/// A space's logo, as its pages show it.
pub fn space_logo(space: &Space) -> Option<String> {
    space.has_logo.then(|| format!("{SPACES}/{}/logo", space.id))
}
