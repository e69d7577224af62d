//! A mail server in this process: plain, with STARTTLS, or under TLS from the first byte; of whatever temper a test asks.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prosper::config::MailTls;
use prosper::mail::transport::{Mailing, Relay, Way};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// What the server does with a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Temper {
    /// Takes it.
    Takes,
    /// Says this to the recipient.
    Refuses(&'static str),
    /// Takes it, and hangs up before it says so.
    HangsUp,
    /// Says nothing at all.
    IsSilent,
}

/// Whom it lets in: `user` and `word`.
pub const USER: (&str, &str) = ("prosper", "an smtp password");

/// A mail server.
pub struct Smtp {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    folder: TempDir,
    stop: CancellationToken,
}

struct Shared {
    tls: MailTls,
    acceptor: TlsAcceptor,
    demands_sign_in: bool,
    temper: Mutex<Temper>,
    taken: Mutex<Vec<String>>,
    talk: Mutex<String>,
}

trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

impl Smtp {
    pub async fn start(tls: MailTls, demands_sign_in: bool) -> Self {
        let folder = TempDir::new().expect("a folder");
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        std::fs::write(folder.path().join("ca.pem"), made.cert.pem()).expect("written");
        let key = rustls_pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("a certificate");
        let shared = Shared {
            tls,
            acceptor: TlsAcceptor::from(Arc::new(config)),
            demands_sign_in,
            temper: Mutex::new(Temper::Takes),
            taken: Mutex::default(),
            talk: Mutex::default(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let smtp = Self { address, shared: Arc::new(shared), folder, stop: CancellationToken::new() };
        smtp.listen(listener);
        smtp
    }

    fn listen(&self, listener: TcpListener) {
        let (shared, stop) = (Arc::clone(&self.shared), self.stop.clone());
        tokio::spawn(stop.clone().run_until_cancelled_owned(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let talk = serve(Arc::clone(&shared), stream);
                tokio::spawn(stop.clone().run_until_cancelled_owned(async { drop(talk.await) }));
            }
        }));
    }

    /// The server dies.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// The server comes back where it was.
    pub fn again(&mut self) {
        self.stop = CancellationToken::new();
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("reused");
        socket.bind(self.address).expect("the port is free");
        self.listen(socket.listen(16).expect("it listens"));
    }

    pub fn is_now(&self, temper: Temper) {
        *self.shared.temper.lock().unwrap_or_else(PoisonError::into_inner) = temper;
    }

    /// Every mail it took, as it came.
    pub fn taken(&self) -> Vec<String> {
        self.shared.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every command it heard.
    pub fn heard(&self) -> String {
        self.shared.talk.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// How a Prosper speaks to it.
    pub fn relay(&self) -> Relay {
        Relay {
            host: if self.shared.tls == MailTls::None { "127.0.0.1" } else { "localhost" }.into(),
            port: self.address.port(),
            tls: self.shared.tls,
            credentials: self.shared.demands_sign_in.then(|| (USER.0.to_owned(), secret(USER.1))),
            ca: Some(self.certificate()).filter(|_| self.shared.tls != MailTls::None),
            hello: "id.example".into(),
            patience: Duration::from_secs(20),
        }
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A secret of the configuration, made as the configuration makes one.
pub fn secret(text: &str) -> prosper::config::Secret {
    let environment = [("PROSPER_MAIL__PASSWORD".to_owned(), text.to_owned())];
    let config = prosper::config::Config::load(None, environment, &[]).expect("a configuration");
    config.mail.password.expect("it was given")
}

/// Mail that goes this way.
pub fn by(way: Way) -> Mailing {
    Mailing { way, from: "no-reply@id.example".into(), reply_to: "office@id.example".into() }
}

async fn serve(shared: Arc<Shared>, stream: TcpStream) -> io::Result<()> {
    if *shared.temper.lock().unwrap_or_else(PoisonError::into_inner) == Temper::IsSilent {
        let _held = stream;
        return std::future::pending().await;
    }
    let mut wire: Box<dyn Wire> = if shared.tls == MailTls::Implicit {
        Box::new(shared.acceptor.accept(stream).await?)
    } else {
        Box::new(stream)
    };
    say(&mut wire, "220 mail.example ESMTP").await?;
    let (done, wire) = converse(&shared, wire, false).await?;
    if !done {
        let wire: Box<dyn Wire> = Box::new(shared.acceptor.accept(wire).await?);
        converse(&shared, wire, true).await?;
    }
    Ok(())
}

async fn say(wire: &mut Box<dyn Wire>, line: &str) -> io::Result<()> {
    wire.write_all(format!("{line}\r\n").as_bytes()).await?;
    wire.flush().await
}

/// Until the end, or until the connection goes on under TLS.
async fn converse(shared: &Shared, wire: Box<dyn Wire>, protected: bool) -> io::Result<(bool, Box<dyn Wire>)> {
    let mut wire = BufReader::new(wire);
    let mut signed_in = !shared.demands_sign_in;
    loop {
        let mut line = String::new();
        if wire.read_line(&mut line).await? == 0 {
            return Ok((true, wire.into_inner()));
        }
        let line = line.trim_end();
        shared.talk.lock().unwrap_or_else(PoisonError::into_inner).extend([line, "\n"]);
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let temper = *shared.temper.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = match verb.as_str() {
            "EHLO" if shared.tls == MailTls::Starttls && !protected => {
                "250-mail.example\r\n250-STARTTLS\r\n250 AUTH PLAIN"
            }
            "EHLO" => "250-mail.example\r\n250 AUTH PLAIN",
            "STARTTLS" => {
                say(wire.get_mut(), "220 go ahead").await?;
                return Ok((false, wire.into_inner()));
            }
            "AUTH" => {
                let given = line.rsplit(' ').next().unwrap_or_default();
                let expected = data_encoding::BASE64.encode(format!("\0{}\0{}", USER.0, USER.1).as_bytes());
                signed_in = given == expected;
                if signed_in { "235 welcome" } else { "535 5.7.8 who are you" }
            }
            "MAIL" if !signed_in => "530 5.7.0 sign in first",
            "RCPT" => {
                if let Temper::Refuses(words) = temper {
                    words
                } else {
                    "250 fine"
                }
            }
            "DATA" => {
                say(wire.get_mut(), "354 go ahead").await?;
                let mail = read_mail(&mut wire).await?;
                shared.taken.lock().unwrap_or_else(PoisonError::into_inner).push(mail);
                if temper == Temper::HangsUp {
                    return Ok((true, wire.into_inner()));
                }
                "250 taken"
            }
            "QUIT" => "221 bye",
            _ => "250 fine",
        };
        say(wire.get_mut(), answer).await?;
    }
}

async fn read_mail(wire: &mut BufReader<Box<dyn Wire>>) -> io::Result<String> {
    let mut mail = String::new();
    loop {
        let mut line = String::new();
        if wire.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line == ".\r\n" {
            return Ok(mail);
        }
        mail.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
