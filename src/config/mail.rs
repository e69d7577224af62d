//! How mail leaves the house: the kinds of transport, and what is legal setting by setting and still wrong as a whole.

use std::net::IpAddr;

use super::check::looks_like_email;
use super::settings::Mail;
use super::value::{Raw, Setting, text};

/// How mail leaves the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTransport {
    /// Not at all: administrators read it in the console.
    None,
    /// A file for each mail, in a folder.
    File,
    /// To a mail server.
    Smtp,
}

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// It begins in clear and is protected before anything is said (RFC 3207); refused when the server does not offer it.
    Starttls,
    /// It is protected from its first byte (RFC 8314).
    Implicit,
    /// Not at all: a server on this machine.
    None,
}

impl Setting for MailTransport {
    const EXPECTS: &'static str = "none, file or smtp";
    fn read(raw: &Raw) -> Option<Self> {
        match text(raw)? {
            "none" => Some(Self::None),
            "file" => Some(Self::File),
            "smtp" => Some(Self::Smtp),
            _ => None,
        }
    }
    fn show(&self) -> String {
        match self {
            Self::None => "none",
            Self::File => "file",
            Self::Smtp => "smtp",
        }
        .to_owned()
    }
}

impl Setting for MailTls {
    const EXPECTS: &'static str = "starttls, implicit or none";
    fn read(raw: &Raw) -> Option<Self> {
        match text(raw)? {
            "starttls" => Some(Self::Starttls),
            "implicit" => Some(Self::Implicit),
            "none" => Some(Self::None),
            _ => None,
        }
    }
    fn show(&self) -> String {
        match self {
            Self::Starttls => "starttls",
            Self::Implicit => "implicit",
            Self::None => "none",
        }
        .to_owned()
    }
}

impl Mail {
    /// The port of the mail server: the one that was set, else the usual one.
    pub fn smtp_port(&self) -> u16 {
        match (self.port, self.tls) {
            (0, MailTls::Starttls) => 587,
            (0, MailTls::Implicit) => 465,
            (0, MailTls::None) => 25,
            (port, _) => port,
        }
    }

    /// What is legal setting by setting and still wrong as a whole.
    pub(super) fn check(&self, demand: &mut impl FnMut(bool, String)) {
        let sends = self.transport != MailTransport::None;
        demand(
            !sends || !self.from.is_empty(),
            "mail.from must be given with a transport: the address that mails come from".to_owned(),
        );
        for (key, address) in [("mail.from", &self.from), ("mail.reply_to", &self.reply_to)] {
            demand(
                address.is_empty() || looks_like_email(address),
                format!("{key} must be an email address alone (found {address:?})"),
            );
        }
        if self.transport == MailTransport::Smtp {
            demand(!self.host.is_empty(), "mail.host must name the mail server when mail.transport is smtp".to_owned());
            demand(
                self.tls != MailTls::None || is_loopback(&self.host),
                format!(
                    "mail.tls = \"none\" would send links that work in clear to {:?}: it is for a mail server on this \
                     machine",
                    self.host
                ),
            );
        }
        demand(
            self.username.is_empty() == self.password.is_none(),
            "mail.username and mail.password belong together: give both or neither".to_owned(),
        );
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}
