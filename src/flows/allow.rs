//! What a person answers on the consent page of Login with Prosper (L-02, L-09; R-17).
//!
//! 1. The page shows what would be allowed, and its form carries a digest of that.
//! 2. Allow: the request is decided again; only if it would show the very same, the consent is written down, once for
//!    each form, and its owner is mailed if it allows anything new. Then back to the authorize URL, which alone issues codes.
//! 3. Deny: a sealed note for this session and this request goes along, back to the same URL, which tells the
//!    application.

use std::sync::Arc;

use crate::contract::causes;
use crate::contract::{lifetimes, words};
use crate::crypto::digest::sha256;
use crate::crypto::seal::{Purpose, from_base64url, to_base64url};
use crate::domain::account::Account;
use crate::domain::application::ApplicationKind;
use crate::domain::consent::{Consent, Terms};
use crate::domain::ids::{ConsentId, SessionId};
use crate::domain::redirect_uri::RedirectUri;
use crate::domain::scope::ScopeSet;
use crate::domain::time::Timestamp;
use crate::fault::Fault;
use crate::mail::About;
use crate::prosper::Prosper;
use crate::store::applications::Client;
use crate::store::audit::Trail;
use crate::store::consents::Allow;
use crate::store::outbox::Mail;

use super::query::Query;
use super::write_mail::{link_to, write_to};

/// What a consent page asks.
pub struct Ask {
    /// The application that asks.
    pub client: Arc<Client>,
    /// Whom it asks.
    pub account: Arc<Account>,
    /// What for.
    pub scope: ScopeSet,
    /// What was allowed before, if anything.
    pub before: Option<Arc<Consent>>,
    /// Where the browser goes afterwards.
    pub redirect: RedirectUri,
}

/// What becomes of a request that a browser brings from an application; `E` is what the application can be told.
pub struct Decision<E> {
    /// The application that the request names, once it is known: its owner may look the request up (W-03).
    pub client: Option<Arc<Client>>,
    /// What to do.
    pub next: Next<E>,
    /// What the application is told instead of getting what it asked for.
    pub refused: Option<E>,
    /// The true cause, for the application's owner; nothing about a person.
    pub cause: &'static str,
}

/// What to do.
pub enum Next<E> {
    /// `/welcome` (L-05, K-05).
    Welcome,
    /// Sign in, then come back into this request (L-02).
    SignIn,
    /// A page of our own that names what is wrong (L-06, K-02).
    Problem(E),
    /// A page that says why the account may not be used (L-07).
    Status(Arc<Account>),
    /// The consent page (L-09, K-03).
    AskConsent(Box<Ask>),
    /// Back to the application.
    Redirect(String),
}

impl<E: Copy> Decision<E> {
    /// What the owner reads of it: `ok`, or what went over the wire, as `code` names it. Steps on the way to an outcome
    /// are none.
    pub fn outcome(&self, code: impl Fn(E) -> &'static str) -> Option<&'static str> {
        match &self.next {
            Next::SignIn | Next::AskConsent(_) => None,
            Next::Welcome => Some(causes::WELCOMED),
            Next::Problem(error) => Some(code(*error)),
            Next::Status(_) => Some(causes::STATUS_SHOWN),
            Next::Redirect(_) => Some(self.refused.map_or(causes::DONE, code)),
        }
    }
}

impl Ask {
    pub(super) fn new(
        client: &Arc<Client>,
        account: &Arc<Account>,
        scope: ScopeSet,
        before: Option<Arc<Consent>>,
        redirect: &RedirectUri,
    ) -> Self {
        let (client, account) = (Arc::clone(client), Arc::clone(account));
        Self { client, account, scope, before, redirect: redirect.clone() }
    }

    /// A digest of everything that the page shows or depends on, in hex. A page whose digest is no longer that of the
    /// question is asked again.
    pub fn digest(&self) -> String {
        let application = &self.client.application;
        let shown = format!(
            "{} {:?} {} {} {} {} {} {:?} {}",
            application.id,
            Terms::of(application),
            application.epoch,
            self.account.id,
            self.account.epoch,
            self.account.email.as_str(),
            self.scope.bits(),
            self.before.as_ref().map(|before| (before.id, before.scope.bits(), before.granted_at)),
            self.redirect,
        );
        data_encoding::HEXLOWER.encode(&sha256(shown.as_bytes()))
    }

    /// What is written down when the person allows it.
    pub(super) fn consent(&self, p: &Prosper) -> Consent {
        Consent {
            id: ConsentId::from_bytes(p.entropy.bytes()),
            account: self.account.id,
            application: self.client.application.id,
            scope: self.scope,
            terms: Terms::of(&self.client.application),
            granted_at: p.now(),
        }
    }
}

/// Writes down that the person allows what `ask` asks. `form` is the token of the form that was answered: it works once.
/// `false` when the form was answered before, or when what it showed changed in this very moment: ask again.
///
/// # Errors
/// The store cannot be written.
pub async fn allow(ask: &Ask, form: &str, trail: Trail, p: &Prosper) -> Result<bool, Fault> {
    let allow = Allow {
        consent: ask.consent(p),
        key: None,
        account_epoch: ask.account.epoch,
        application_epoch: ask.client.application.epoch,
        mail: Some(notice(ask, p).await?),
        form: Some(used_form(form, p)),
        trail,
    };
    Ok(p.store.allow(allow).await?.is_some())
}

/// What the owner of the account is told of a new grant: to whom, what it may do, and where it is taken back.
pub(super) async fn notice(ask: &Ask, p: &Prosper) -> Result<Mail, Fault> {
    let application = &ask.client.application;
    let about = About::Granted {
        app: application.profile.name.clone(),
        agent: application.kind == ApplicationKind::ThirdPartyAgent,
        may: ask.scope.iter().map(words::scope).collect(),
        link: link_to("/account/connected-apps", p),
    };
    write_to(&ask.account, about, p).await
}

/// The name that a used form is kept under, and for how long it must be.
pub(super) fn used_form(form: &str, p: &Prosper) -> ([u8; 16], Timestamp) {
    let digest = sha256(form.as_bytes());
    let (name, _) = digest.split_first_chunk().expect("a digest is longer than a name");
    (*name, p.now().plus(lifetimes::FORM_TOKEN))
}

/// The note that the person of `session` said no to `query`. It is good for a minute.
pub fn deny(session: SessionId, query: &Query<'_>, p: &Prosper) -> String {
    let mut note = Vec::with_capacity(NOTE);
    note.extend(session.bytes());
    note.extend(sha256(query.raw().as_bytes()));
    note.extend(p.now().plus(lifetimes::DENIAL).micros().to_be_bytes());
    to_base64url(&p.keys.seal(Purpose::Denial, &note, &p.entropy))
}

/// Is `note` what [`deny`] wrote for this session and this request, a moment ago?
pub(super) fn was_denied(note: &str, session: SessionId, query: &Query<'_>, p: &Prosper) -> bool {
    let Some(note) = from_base64url(note).and_then(|blob| p.keys.open(Purpose::Denial, &blob)) else { return false };
    let Some((whose, rest)) = note.split_first_chunk::<16>() else { return false };
    let Some((what, until)) = rest.split_first_chunk::<32>() else { return false };
    let until = until.try_into().map(i64::from_be_bytes).map(Timestamp::from_micros);
    whose == session.bytes()
        && *what == sha256(query.raw().as_bytes())
        && until.is_ok_and(|until| !until.has_come(p.now()))
}

const NOTE: usize = 16 + 32 + 8;
