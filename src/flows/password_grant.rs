//! The password grant (seed 2, step 2; RFC 6749 §4.3; T-03, T-08).
//!
//! 1. Who is the client, and may it use this grant?
//! 2. Are username and password present, and is the scope one it may have?
//! 3. Is this a known account, is the password right, and is it the account this application serves?
//! 4. May an account in this state be used?
//! 5. Issue a token family in one write. From a network that is not known to us the use is noted in the same write, and
//!    the first from there is mailed (C-07): it is all written down, or no tokens are issued.
//!
//! A client error is reported before anything is learnt about the user (1 before 3), and an unknown user costs as much
//! time as a wrong password (3), so neither answer reveals who has an account.

use crate::contract::table::Stop;
use crate::contract::token_endpoint::{ClientAuthorityError, PasswordFlowError, Tokens, UserStatusError};
use crate::contract::words::time::date;
use crate::domain::account::Account;
use crate::domain::application::Application;
use crate::domain::email;
use crate::domain::password;
use crate::fault::Fault;
use crate::mail::About;
use crate::prosper::Prosper;
use crate::store::outbox::Mail;
use crate::store::password_networks::NetworkUse;

use super::client_authority::{ClientAsk, client_authority};
use super::password_check::{check_password, forgive};
use super::standing::epochs;
use super::tokens::{NewFamily, narrow, open_family};
use super::write_mail::{link_to, write_to};

/// A request for tokens by password.
pub struct PasswordAsk {
    /// Who the client says it is.
    pub client: ClientAsk,
    /// The login email.
    pub username: Option<String>,
    /// The password.
    pub password: Option<zeroize::Zeroizing<String>>,
    /// What the tokens are to do; empty when it was sent without a value.
    pub scope: Option<String>,
    /// The network that it came from, in words.
    pub network: String,
    /// The same with the kind of program.
    pub place: String,
}

/// Trades an investor's own credentials for tokens.
///
/// # Errors
/// `Refused` with a row of [`PasswordFlowError`] when the answer is no; `Later` when the account is locked or too many
/// wait; `Broke` when the fault is ours.
pub async fn password_grant(ask: PasswordAsk, p: &Prosper) -> Result<Tokens, Stop<PasswordFlowError>> {
    let client = client_authority(&ask.client, p).await?;
    let application = &client.application;
    if !application.kind.is_own_use() {
        return Err(ClientAuthorityError::UnauthorizedGrants.into());
    }
    let (username, typed) = match (&ask.username, &ask.password) {
        (None, None) => return Err(PasswordFlowError::NotEnoughInformation.into()),
        (Some(username), Some(typed)) if username.len() <= email::MOST_BYTES && password::fold(typed).is_some() => {
            (username, typed)
        }
        _ => return Err(PasswordFlowError::UsernameOrPassword.into()),
    };
    let scope = narrow(ask.scope.as_deref(), application.scopes)?;
    let found = p.store.credentials_by_email(application.space, username).await?;
    // Read before the hash is queued: what is issued stands or falls with how things are now (T-11).
    let epochs = epochs(application, found.as_ref().map(|found| &found.account), p)
        .await?
        .ok_or(ClientAuthorityError::UnauthorizedGrants)?;
    let right = check_password((application.space, username), typed, found.as_ref(), p).await?;
    let account = found
        .map(|found| found.account)
        .filter(|account| right && account.id == application.owner)
        .ok_or(PasswordFlowError::BadCredentials)?;
    if !account.is_usable() {
        forgive(account.space, username, p).await?;
    }
    if account.password_reset_required {
        return Err(PasswordFlowError::PasswordResetRequired.into());
    }
    UserStatusError::unless_active(account.status)?;
    let network = if p.store.remembers_network(application.id, epochs.account, &ask.network, p.now()) {
        None
    } else {
        let mail = notice(&account, application, &ask.place, p).await?;
        Some(NetworkUse { network: ask.network, mail })
    };
    let forgive = p.settings.lockout.is_some();
    let new = NewFamily { application, account: Some(&account), consent: None, scope, epochs, forgive, network };
    // Nothing was written when the password, the status or the application changed while the hash was queued.
    open_family(new, p).await?.ok_or_else(|| PasswordFlowError::BadCredentials.into())
}

/// What the owner is told of the first use from a network: of what, when, roughly from where, and what to do if it was not
/// them.
async fn notice(account: &Account, application: &Application, place: &str, p: &Prosper) -> Result<Mail, Fault> {
    let about = About::PasswordUsed {
        app: application.profile.name.clone(),
        at: date(p.now()),
        place: place.to_owned(),
        link: link_to("/forgot", p),
        app_link: link_to(&format!("/oauth/apps/{}", application.id), p),
    };
    write_to(account, about, p).await
}
