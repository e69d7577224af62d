//! How mail leaves the house: to a mail server, into a folder, or not at all.
//!
//! A transport says of each mail that it went, that it may go later, or that it never will. What a mail server said is
//! kept for staff, cut short and without links: some quote the mail they refuse.

use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

use super::message::Outgoing;
use crate::config::{MailTls, Secret};
use crate::contract::words::delivery;

/// How mail is sent, as the operator chose it.
#[derive(Clone, Debug)]
pub struct Mailing {
    /// Which way it goes.
    pub way: Way,
    /// The address that it comes from.
    pub from: String,
    /// Where answers go when a space has no support address; empty for `from`.
    pub reply_to: String,
}

/// Which way mail goes.
#[derive(Clone, Debug)]
pub enum Way {
    /// None: it stays in the outbox, and administrators read it there.
    OnScreen,
    /// A file for each mail in this folder.
    Folder(PathBuf),
    /// To a mail server.
    Relay(Relay),
}

/// A mail server, and how to speak to it.
#[derive(Clone, Debug)]
pub struct Relay {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: MailTls,
    /// Who signs in, if anybody.
    pub credentials: Option<(String, Secret)>,
    /// Certificates to trust beside the system's, as a PEM file.
    pub ca: Option<PathBuf>,
    /// What we call ourselves.
    pub hello: String,
    /// How long a mail may take from the first packet to the last.
    pub patience: Duration,
}

/// Why a mail did not go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// It may go later; all mails may be in the same case.
    Later(String),
    /// It never will.
    Never(String),
}

impl fmt::Display for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Later(why) | Self::Never(why)) = self;
        f.write_str(why)
    }
}

impl Mailing {
    /// No mail at all.
    pub const fn on_screen() -> Self {
        Self { way: Way::OnScreen, from: String::new(), reply_to: String::new() }
    }

    /// Does mail leave the house?
    pub const fn sends(&self) -> bool {
        !matches!(self.way, Way::OnScreen)
    }

    /// Sends a mail.
    ///
    /// # Errors
    /// It did not go, and why. A mail server that took it and was then not heard again may have it all the same.
    pub async fn send(&self, mail: &Outgoing) -> Result<(), Unsent> {
        let message = mail.message().map_err(Unsent::Never)?;
        match &self.way {
            Way::OnScreen => Err(Unsent::Later(delivery::NOT_CONFIGURED.to_owned())),
            Way::Folder(folder) => {
                let (folder, name) = (folder.clone(), mail.name.clone());
                let written = tokio::task::spawn_blocking(move || write(&folder, &name, &message.formatted()));
                let written = written.await.map_err(|_| Unsent::Later(delivery::FILE_LOST.to_owned()))?;
                written.map_err(|error| Unsent::Later(delivery::file(error)))
            }
            Way::Relay(relay) => relay.send(message).await,
        }
    }

    /// Could a mail be sent now? Nothing is.
    ///
    /// # Errors
    /// In words, what is in the way.
    pub async fn try_out(&self) -> Result<(), String> {
        match &self.way {
            Way::OnScreen => Ok(()),
            Way::Folder(folder) => try_folder(folder).map_err(|error| format!("{}: {error}", folder.display())),
            Way::Relay(relay) => relay.try_out().await,
        }
    }
}

impl Relay {
    fn transport(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>, Unsent> {
        let parameters = || {
            let mut parameters = TlsParameters::builder(self.host.clone());
            if let Some(path) = &self.ca {
                let problem = |error: &dyn fmt::Display| Unsent::Later(delivery::trusted(error));
                let pem = std::fs::read(path).map_err(|error| problem(&error))?;
                let trusted = Certificate::from_pem(&pem).map_err(|error| problem(&error))?;
                parameters = parameters.add_root_certificate(trusted);
            }
            parameters.build_rustls().map_err(|error| unsent(&error))
        };
        let tls = match self.tls {
            MailTls::Starttls => Tls::Required(parameters()?),
            MailTls::Implicit => Tls::Wrapper(parameters()?),
            MailTls::None => Tls::None,
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.host)
            .port(self.port)
            .tls(tls)
            .hello_name(ClientId::Domain(self.hello.clone()))
            .timeout(Some(self.patience));
        if let Some((username, password)) = &self.credentials {
            transport = transport.credentials(Credentials::new(username.clone(), password.expose().to_owned()));
        }
        Ok(transport.build())
    }

    async fn send(&self, message: Message) -> Result<(), Unsent> {
        let transport = self.transport()?;
        match tokio::time::timeout(self.patience, transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(unsent(&error)),
            Err(_) => Err(self.silence()),
        }
    }

    async fn try_out(&self) -> Result<(), String> {
        let transport = self.transport().map_err(|why| why.to_string())?;
        match tokio::time::timeout(self.patience, transport.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err("the mail server does not answer as one".to_owned()),
            Ok(Err(error)) => Err(unsent(&error).to_string()),
            Err(_) => Err(self.silence().to_string()),
        }
    }

    fn silence(&self) -> Unsent {
        Unsent::Later(delivery::silence(self.patience.as_secs()))
    }
}

/// What an error means for the mail. A server that does not let us in says nothing about the mail.
fn unsent(error: &lettre::transport::smtp::Error) -> Unsent {
    let ours = error.status().is_some_and(|code| OUR_FAULT.contains(&u16::from(code)));
    let why = without_links(&error.to_string());
    if error.is_permanent() && !ours { Unsent::Never(why) } else { Unsent::Later(why) }
}

/// Refusals of us, not of a mail: service refused, authentication asked for, too weak, failed.
const OUR_FAULT: [u16; 6] = [521, 530, 534, 535, 538, 554];

/// Cut short, on one line, and without whatever looks like a link.
fn without_links(said: &str) -> String {
    let words =
        said.split(|letter: char| letter.is_whitespace() || letter.is_control()).filter(|word| !word.is_empty());
    let words: Vec<_> = words.map(|word| if word.contains("//") || word.len() > 80 { "…" } else { word }).collect();
    words.join(" ").chars().take(240).collect()
}

/// Writes a mail for its owner alone, whole or not at all.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;

    make(folder)?;
    let partial = folder.join(format!(".{name}.partial"));
    // A partial file of before may be anybody's.
    let _ = std::fs::remove_file(&partial);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&partial, folder.join(format!("{name}.eml")))
}

fn make(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;

    match std::fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// Can a file be made there, and can nobody else read it?
fn try_folder(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    if !folder.exists() {
        let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        return if parent.is_dir() { Ok(()) } else { Err(std::io::ErrorKind::NotFound.into()) };
    }
    let trial = folder.join(".trial");
    std::fs::write(&trial, b"")?;
    std::fs::remove_file(&trial)?;
    let others = std::fs::metadata(folder)?.permissions().mode() & 0o077;
    if others == 0 {
        return Ok(());
    }
    Err(std::io::Error::other("others may look into it, and mails hold links that work: chmod 700"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_said_is_kept_short_and_without_links() {
        let said = "permanent error (550): 5.7.1 refused\r\n because of https://id.example/reset?link=abc in it";
        assert_eq!(without_links(said), "permanent error (550): 5.7.1 refused because of … in it");
        assert_eq!(without_links(&"x".repeat(100)), "…");
        assert!(without_links(&"word ".repeat(100)).len() <= 240);
    }

    #[test]
    fn a_folder_that_others_may_look_into_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let mails = folder.path().join("mail");
        try_folder(&mails).unwrap();
        write(&mails, "mail.1", b"secret").unwrap();
        try_folder(&mails).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&mails), mode(&mails.join("mail.1.eml"))), (0o700, 0o600));
        write(&mails, "mail.1", b"again").unwrap();
        assert_eq!(std::fs::read(mails.join("mail.1.eml")).unwrap(), b"again");
        assert_eq!(std::fs::read_dir(&mails).unwrap().count(), 1);
        std::fs::set_permissions(&mails, std::fs::Permissions::from_mode(0o750)).unwrap();
        assert!(try_folder(&mails).is_err());
        assert!(try_folder(&folder.path().join("no/such")).is_err());
    }
}
