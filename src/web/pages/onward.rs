//! The application that somebody is on the way to while they sign in, open an account, confirm their address or
//! replace a forgotten password (L-02, K-03, R-28).
//!
//! The way on is a path of ours, to one of the two pages where applications send browsers, with a request that could go on
//! as things stand. It is looked at anew at each step, wherever it was kept meanwhile; what fails leads nowhere.

use super::super::local_path::{LocalPath, sign_in_and_then};
use super::paths;
use super::views::{Chrome, Hidden, ToApp};
use crate::domain::ids::SpaceId;
use crate::domain::redirect_uri::RedirectUri;
use crate::fault::Fault;
use crate::flows::query::Query;
use crate::flows::{authorization_key, authorize};
use crate::prosper::Prosper;

/// An application that waits.
#[derive(Clone, Debug)]
pub struct Onward {
    /// The request that is gone back to.
    path: LocalPath,
    /// The application's registered name.
    pub name: String,
    /// Its space, in which accounts are looked for and opened.
    pub space: SpaceId,
    /// Where it sends the person on to.
    pub uri: RedirectUri,
}

impl Onward {
    /// The application that waits behind a path; `None` when none does.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn of(path: Option<&LocalPath>, p: &Prosper) -> Result<Option<Self>, Fault> {
        let Some(path) = path else { return Ok(None) };
        let found = match path.parts() {
            (paths::AUTHORIZE, query) => authorize::verify(&Query::read(query), p)
                .await?
                .ok()
                .map(|verified| (verified.client, verified.registered)),
            (paths::API_SETTINGS, query) => authorization_key::verify(&Query::read(query), p).await?.ok(),
            _ => None,
        };
        Ok(found.map(|(client, uri)| Self {
            path: path.clone(),
            name: client.application.profile.name.clone(),
            space: client.application.space,
            uri,
        }))
    }

    /// The same, of a text that came from elsewhere.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn read(text: Option<&str>, p: &Prosper) -> Result<Option<Self>, Fault> {
        let path = text.filter(|text| text.len() <= LONGEST).and_then(LocalPath::parse);
        Self::of(path.as_ref(), p).await
    }

    /// The path, as it is kept beside a mailed link. A longer one is not kept.
    pub fn kept(&self) -> Option<String> {
        Some(self.path.as_str().to_owned()).filter(|path| path.len() <= LONGEST)
    }

    /// The field of a form that carries it.
    pub fn hidden(&self) -> Hidden {
        Hidden { name: "next", value: self.path.as_str().to_owned() }
    }

    /// The sign-in that leads on to it.
    pub fn sign_in_href(&self) -> String {
        sign_in_and_then(self.path.as_str())
    }

    /// The frame of a page on the way: its own link to sign in leads on too.
    pub fn framed(onward: Option<&Self>, chrome: Chrome) -> Chrome {
        Chrome { sign_in_href: onward.map(Self::sign_in_href), ..chrome }
    }

    /// Another page before the sign-in that leads on to it, about the application's space.
    pub fn by_way_of(&self, page: &str) -> String {
        let mut href = url::form_urlencoded::Serializer::new(format!("{page}?"));
        href.append_pair("space", &self.space.to_string()).append_pair("next", self.path.as_str()).finish()
    }

    /// What a page says of it.
    pub fn to_app(&self) -> ToApp {
        ToApp { name: self.name.clone(), host: self.uri.host().to_owned() }
    }
}

/// The longest path that is carried, in bytes.
const LONGEST: usize = 4_096;
