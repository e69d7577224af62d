//! Letters, sealed for the outbox.
//!
//! A flow writes the letter, seals it, and hands it to the unit that makes the change, so that neither comes without the
//! other. A body is sealed because it may hold a link that works: a copy of the database must not. Links are made
//! from `public_url` and from nothing else.

use serde::{Deserialize, Serialize};

use crate::contract::words;
use crate::crypto::seal::Purpose;
use crate::domain::account::Account;
use crate::domain::brand::Brand;
use crate::domain::ids::{AccountId, SpaceId};
use crate::fault::Fault;
use crate::mail::{About, Letter};
use crate::prosper::Prosper;
use crate::store::outbox::Mail;

/// Both parts of a mail, in clear.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// The name that it comes from: the space's.
    #[serde(default)]
    pub sender: String,
    /// The space's own support address, where answers go.
    #[serde(default)]
    pub reply_to: Option<String>,
}

/// Writes to an account, at its stored address.
///
/// # Errors
/// The store cannot be read.
pub async fn write_to(account: &Account, about: About, p: &Prosper) -> Result<Mail, Fault> {
    write(account.space, &account.name, account.email.as_str(), Some(account.id), about, p).await
}

/// Writes to an address that belongs to no account yet, or to one that only the write itself will find.
///
/// # Errors
/// The store cannot be read.
pub async fn write_to_address(
    space: SpaceId,
    name: &str,
    address: &str,
    about: About,
    p: &Prosper,
) -> Result<Mail, Fault> {
    write(space, name, address, None, about, p).await
}

async fn write(
    space: SpaceId,
    name: &str,
    address: &str,
    account: Option<AccountId>,
    about: About,
    p: &Prosper,
) -> Result<Mail, Fault> {
    let space = p.store.space(space).await?;
    let colour = space.as_ref().and_then(|space| space.brand).map(Brand::hex);
    let reply_to = space.as_ref().and_then(|space| space.support_email.clone());
    let letter = Letter {
        name: name.to_owned(),
        space: space.map_or_else(|| words::HOUSE.to_owned(), |space| space.name),
        colour: colour.unwrap_or_else(|| OWN_COLOUR.to_owned()),
        support: reply_to.clone().unwrap_or_else(|| p.settings.support_email.clone()),
        about,
    };
    let body = Body { text: letter.text(), html: letter.html(), sender: letter.space.clone(), reply_to };
    let body = serde_json::to_vec(&body).map_err(Fault::internal)?;
    Ok(Mail {
        recipient: address.to_owned(),
        subject: letter.subject().to_owned(),
        body: p.keys.seal(Purpose::Mail, &body, &p.entropy),
        account,
    })
}

/// Opens the body of a mail in the outbox; `None` when the key that sealed it has retired.
pub fn read_mail(mail: &Mail, p: &Prosper) -> Option<Body> {
    serde_json::from_slice(&p.keys.open(Purpose::Mail, &mail.body)?).ok()
}

/// The colour of a space that chose none, as in the style sheet.
const OWN_COLOUR: &str = "#0b6b4d";

/// An absolute link to a path of this server.
pub fn link_to(path: &str, p: &Prosper) -> String {
    format!("{}{path}", p.settings.public_url)
}
