//! TLS from two PEM files, read again when they change.
//!
//! A renewal writes two files, and not at the same instant: a pair that does not fit is reported, the pair in use stays,
//! and the files are looked at again a little later.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_util::sync::CancellationToken;

/// Where the certificate chain and its key lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// PEM, the server's own certificate first.
    pub cert: PathBuf,
    /// PEM: PKCS #8, PKCS #1 or SEC1.
    pub key: PathBuf,
}

/// The pair in use.
#[derive(Debug)]
pub(super) struct Tls {
    files: TlsFiles,
    in_use: ArcSwap<ServerConfig>,
}

/// What tells one version of the files from another.
type Stamp = [Option<(SystemTime, u64)>; 2];

impl Tls {
    /// Reads the pair for the first time.
    ///
    /// # Errors
    /// When a file cannot be read, holds no certificate or key, or the key is not the certificate's.
    pub fn open(files: TlsFiles) -> io::Result<Self> {
        let config = files.load()?;
        Ok(Self { files, in_use: ArcSwap::from_pointee(config) })
    }

    /// The configuration for a connection that begins now.
    pub fn current(&self) -> Arc<ServerConfig> {
        self.in_use.load_full()
    }

    /// Looks at the files again every `every`, and at once on SIGHUP, until told to stop.
    pub async fn keep_fresh(&self, every: Duration, stop: CancellationToken) {
        let mut hangup = Hangup::new();
        let mut seen = self.files.stamp();
        let mut fits = true;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(every) => {}
                () = hangup.recv() => seen = [None; 2],
            }
            let now = self.files.stamp();
            // A pair that does not fit is tried again though no stamp changed: one may have been taken mid-write.
            if now != seen || !fits {
                fits = self.reload(now != seen);
                seen = now;
            }
        }
    }

    /// Takes the files into use if they fit. Says so in the log when `aloud`.
    fn reload(&self, aloud: bool) -> bool {
        match self.files.load() {
            Ok(config) => {
                self.in_use.store(Arc::new(config));
                tracing::info!(cert = %self.files.cert.display(), "the TLS certificate was read again");
                true
            }
            Err(error) => {
                if aloud {
                    tracing::error!(%error, "the new TLS certificate cannot be used, the old one stays");
                }
                false
            }
        }
    }
}

impl TlsFiles {
    /// Are they a certificate and its key?
    ///
    /// # Errors
    /// They are not, and which of them is wrong.
    pub fn check(&self) -> io::Result<()> {
        self.load().map(|_| ())
    }

    fn load(&self) -> io::Result<ServerConfig> {
        let chain = CertificateDer::pem_file_iter(&self.cert)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| unusable("certificate", &self.cert, error))?;
        if chain.is_empty() {
            return Err(unusable("certificate", &self.cert, "it holds no certificate"));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| unusable("private key", &self.key, error))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| unusable("certificate and key", &self.cert, error))?;
        config.alpn_protocols = vec![H2.to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    fn stamp(&self) -> Stamp {
        [&self.cert, &self.key].map(|path| {
            let data = std::fs::metadata(path).ok()?;
            Some((data.modified().ok()?, data.len()))
        })
    }
}

fn unusable(what: &str, path: &Path, why: impl std::fmt::Display) -> io::Error {
    io::Error::other(format!("tls: the {what} in {} cannot be used: {why}", path.display()))
}

/// SIGHUP, where there is such a thing.
struct Hangup(#[cfg(unix)] Option<tokio::signal::unix::Signal>);

impl Hangup {
    #[cfg(unix)]
    fn new() -> Self {
        Self(tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok())
    }

    #[cfg(unix)]
    async fn recv(&mut self) {
        let heard = match &mut self.0 {
            Some(signal) => signal.recv().await,
            None => None,
        };
        if heard.is_none() {
            std::future::pending::<()>().await;
        }
    }

    #[cfg(not(unix))]
    fn new() -> Self {
        Self()
    }

    #[cfg(not(unix))]
    async fn recv(&mut self) {
        std::future::pending().await
    }
}

/// What ALPN calls HTTP/2.
pub(super) const H2: &[u8] = b"h2";
