//! What an operator may choose, and where each choice came from.
//!
//! No configuration at all works. A choice is made in a TOML file, overruled by the environment (`PROSPER_LISTEN`, with
//! `__` between section and key: `PROSPER_TLS__CERT`), overruled by flags of the command line. A secret may also lie in
//! a file that the environment names (`PROSPER_MASTER_KEY_FILE`).
//!
//! 1. Each layer is read into one table of raw values with their origins (`sources`); a key that does not exist is a
//!    problem that names the nearest one that does.
//! 2. The settings are built from that table, one row of `settings` each; a row is the only place a setting is
//!    written down, and the parser, the names in the environment, the printed list and the reference follow from it.
//! 3. [`Config::check`] says what is legal word by word and still wrong as a whole.
//!
//! Every problem is collected before any is reported: who mends a file wants to mend it once.

mod check;
mod mail;
mod report;
mod settings;
mod sources;
#[cfg(test)]
mod tests;
mod value;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

pub use mail::{MailTls, MailTransport};
pub use report::{Entry, reference};
pub use settings::{Config, KEYS, Key, Limits, Log, Mail, Password, Tls};
pub use sources::Origin;
use sources::Sources;
use value::quoted;
pub use value::{BaseUrl, Secret};

/// What stops a configuration from being used: one sentence each, with the place and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

/// The environment of this process, the only place it is read. What is not Unicode is read with replacement
/// characters.
pub fn environment() -> Vec<(String, String)> {
    std::env::vars_os().map(|(name, value)| (lossy(&name), lossy(&value))).collect()
}

/// The socket at which the service manager waits for `telemetry::sd_notify`, if there is one.
pub fn notify_socket(environment: &[(String, String)]) -> Option<&str> {
    environment.iter().find(|(name, value)| name == "NOTIFY_SOCKET" && !value.is_empty()).map(|(_, v)| v.as_str())
}

impl Config {
    /// Reads the layers, the weakest first: `file`, else the one `PROSPER_CONFIG` names, else none; then
    /// `environment`; then `flags`, pairs of a key (`tls.cert`) and its value as text.
    ///
    /// # Errors
    /// Every unknown key, wrong type and unreadable file at once. Whether the whole makes sense is asked of
    /// [`Config::check`].
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: &[(String, String)],
    ) -> Result<Self, Problems> {
        let environment: Vec<_> = environment.into_iter().collect();
        let named = environment.iter().find(|(name, _)| name == "PROSPER_CONFIG").map(|(_, path)| PathBuf::from(path));
        let mut sources = Sources::new();
        if let Some(path) = file.map(Path::to_path_buf).or(named) {
            sources.file(&path);
        }
        sources.environment(&environment);
        sources.flags(flags);

        sources.default_to("data_dir", data_dir(&environment).display().to_string());
        let listen = sources.peek("listen").unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080)));
        let tls = sources.peek::<Option<PathBuf>>("tls.cert").flatten().is_some();
        sources.default_to("public_url", public_url(listen, tls));

        let config = Self::assemble(&mut sources);
        if sources.problems.is_empty() { Ok(config) } else { Err(Problems(sources.problems)) }
    }

    /// Takes note of the address the listener was really given, which differs from the one asked for when that had
    /// port 0. A `public_url` that nobody chose follows.
    pub fn bound_to(&mut self, address: SocketAddr) {
        self.listen = address;
        self.note("listen", address.to_string());
        if self.entry("public_url").is_some_and(|entry| entry.origin == Origin::Default) {
            let derived = BaseUrl::parse(&public_url(address, self.tls.cert.is_some()));
            self.public_url = derived.unwrap_or_else(|| self.public_url.clone());
            self.note("public_url", self.public_url.to_string());
        }
    }

    /// Whether TLS is spoken here, by us.
    pub fn speaks_tls(&self) -> bool {
        self.tls.cert.is_some()
    }

    /// Where a browser finds the staff console that has this listener to itself.
    pub fn url_of_console(&self, address: SocketAddr) -> String {
        format!("{}/console", public_url(address, self.speaks_tls()))
    }

    fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key.name == key)
    }

    fn note(&mut self, key: &str, value: String) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.key.name == key) {
            entry.literal = quoted(&value);
            entry.value = value;
        }
    }
}

/// Where data lies when nobody says so: with the person's other data, or here when there is no such place.
fn data_dir(environment: &[(String, String)]) -> PathBuf {
    let absolute = |name: &str| {
        let value = environment.iter().find(|(key, _)| key == name).map(|(_, value)| PathBuf::from(value));
        value.filter(|path| path.is_absolute())
    };
    let home = || absolute("HOME").map(|home| home.join(".local/share"));
    absolute("XDG_DATA_HOME").or_else(home).map_or_else(|| PathBuf::from("./prosper-data"), |base| base.join("prosper"))
}

/// The URL at which a listener on `address` is reached from this machine.
fn public_url(address: SocketAddr, tls: bool) -> String {
    let scheme = if tls { "https" } else { "http" };
    let host = match address.ip().to_canonical() {
        IpAddr::V4(ip) if ip.is_unspecified() => "127.0.0.1".to_owned(),
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) if ip.is_unspecified() => "[::1]".to_owned(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    format!("{scheme}://{host}:{}", address.port())
}

fn lossy(text: &std::ffi::OsStr) -> String {
    text.to_string_lossy().into_owned()
}
