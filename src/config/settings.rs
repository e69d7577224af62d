//! Every setting, one row each: its words, name, type and default. All else is derived from these rows.

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use jiff::civil::Date;
use tracing::level_filters::LevelFilter;

use super::mail::{MailTls, MailTransport};
use super::report::Entry;
use super::sources::Sources;
use super::value::{BaseUrl, Secret, Setting};
use crate::telemetry;

/// What is known of a setting without any configuration.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// As in a file, with its section: `tls.cert`.
    pub name: &'static str,
    /// One or more sentences for the operator.
    pub doc: &'static str,
    /// What a value must be, to follow "must be".
    pub expects: &'static str,
    /// Whether a value is masked wherever it is shown, and may lie in a file of its own.
    pub secret: bool,
    /// The default as one would write it in the environment; empty when there is none or it is derived.
    pub default: &'static str,
}

/// Turns the rows into [`Config`], its sections and [`KEYS`]. The rows without a section come first.
macro_rules! settings {
    (
        { $( $(#[doc = $top_doc:literal])+ $top:ident: $top_type:ty = $top_default:literal, )* }
        $( $(#[doc = $section_doc:literal])+ $section:ident: $Section:ident {
            $( $(#[doc = $doc:literal])+ $field:ident: $type:ty = $default:literal, )*
        } )*
    ) => {
        /// Every choice, made.
        #[derive(Debug, Clone)]
        pub struct Config {
            $( $(#[doc = $top_doc])+ pub $top: $top_type, )*
            $( $(#[doc = $section_doc])+ pub $section: $Section, )*
            pub(super) entries: Vec<Entry>,
        }
        $(
            $(#[doc = $section_doc])+
            #[derive(Debug, Clone)]
            pub struct $Section { $( $(#[doc = $doc])+ pub $field: $type, )* }
        )*

        /// Every setting, in the order of the reference.
        pub static KEYS: &[Key] = &[
            $( Key {
                name: stringify!($top),
                doc: concat!($($top_doc),+),
                expects: <$top_type as Setting>::EXPECTS,
                secret: <$top_type as Setting>::SECRET,
                default: $top_default,
            }, )*
            $( $( Key {
                name: concat!(stringify!($section), ".", stringify!($field)),
                doc: concat!($($doc),+),
                expects: <$type as Setting>::EXPECTS,
                secret: <$type as Setting>::SECRET,
                default: $default,
            }, )* )*
        ];

        impl Config {
            /// Takes every setting out of `sources`. One that cannot be read becomes a problem there, and its default here.
            pub(super) fn assemble(sources: &mut Sources) -> Self {
                let mut entries = Vec::with_capacity(KEYS.len());
                Self {
                    $( $top: sources.take(stringify!($top), &mut entries), )*
                    $( $section: $Section {
                        $( $field: sources.take(concat!(stringify!($section), ".", stringify!($field)), &mut entries), )*
                    }, )*
                    entries,
                }
            }
        }
    };
}

settings! {
    {
        /// The address and port to listen on. Port 0 takes a free one.
        listen: SocketAddr = "127.0.0.1:8080",
        /// The directory of the database and the key files, made on first start for its owner alone.
        /// Derived when it is not given: `prosper` in `$XDG_DATA_HOME` or `~/.local/share`, else `./prosper-data`.
        data_dir: PathBuf = "",
        /// The URL at which people reach this server, the only source of absolute links.
        /// Derived from `listen` when it is not given.
        public_url: BaseUrl = "",
        /// Where the data lies: empty for the embedded database in `data_dir`, else a `postgres://` URL.
        database: Option<Secret> = "",
        /// Speak plain HTTP beyond this machine, and allow a `public_url` without https. For closed networks only.
        insecure: bool = "false",
        /// The reverse proxies whose `X-Forwarded-For` is believed, as addresses or networks.
        trusted_proxies: Vec<IpNet> = "",
        /// The address that pages name to people who need help. Where you choose one, `/.well-known/security.txt` names it
        /// too.
        support_email: String = "support@prosperex.com.au",
        /// The address that pages name to partners who want to register.
        business_development_email: String = "business-development@prosperex.com.au",
        /// Serve the sample resource at `/v1/accounts/prosper/`.
        sample_resource: bool = "false",
        /// Days on which staff review nothing, weekends aside: the clock of three business days stands still.
        holidays: Vec<Date> = "",
        /// An address and port for the staff console alone; the main listener then answers 404 for it.
        console_listen: Option<SocketAddr> = "",
        /// The key that wraps the key ring. When it is not given, a file in `data_dir` holds one.
        master_key: Option<Secret> = "",
    }
    /// TLS, spoken by this server itself.
    tls: Tls {
        /// The PEM file of the certificate chain, the server's own first. Read again when it changes.
        cert: Option<PathBuf> = "",
        /// The PEM file of the certificate's private key. Read again when it changes.
        key: Option<PathBuf> = "",
    }
    /// What the server says about itself, on standard error.
    log: Log {
        /// How much is said. Libraries never say more than warnings.
        level: LevelFilter = "info",
        /// How a line is written.
        format: telemetry::Format = "text",
    }
    /// How mail leaves the house.
    mail: Mail {
        /// To a mail server (`smtp`), to files (`file`), or not at all (`none`): then links that would have been mailed are
        /// read by administrators, in the console or by `prosper mail show`.
        transport: MailTransport = "none",
        /// The address that mails come from. The name beside it is the space's.
        from: String = "",
        /// Where answers go when a space has no support address of its own.
        reply_to: String = "",
        /// The mail server.
        host: String = "",
        /// Its port; 0 for the usual one: 587 with starttls, 465 with implicit, 25 with none.
        port: u16 = "0",
        /// How the connection is protected: `starttls`, `implicit`, or `none` for a server on this machine.
        tls: MailTls = "starttls",
        /// Who signs in to the mail server; empty for nobody.
        username: String = "",
        /// With what password.
        password: Option<Secret> = "",
        /// A PEM file of certificates to trust beside the system's, for a mail server with an authority of its own.
        ca: Option<PathBuf> = "",
        /// The folder of the file transport. When it is not given, `mail` in `data_dir`.
        folder: Option<PathBuf> = "",
    }
    /// How much of what anyone may ask for.
    limits: Limits {
        /// Connections at the same time. Lowered to what the system lets this process open.
        max_connections: u32 = "20000",
        /// Connections at the same time from one address (IPv6: from one /64). Trusted proxies are exempt.
        max_connections_per_address: u32 = "2500",
        /// Whether an account stops answering to passwords for a while after too many wrong ones.
        lockout_enabled: bool = "true",
        /// Wrong passwords in a row, over all surfaces, that lock an account.
        failures_before_lockout: u32 = "100",
        /// Seconds that a lock lasts.
        lockout_seconds: u32 = "900",
        /// Failed attempts with a password or a client secret that one address has in a minute (IPv6: one /64).
        failures_per_address_per_minute: u32 = "300",
        /// Passwords that may wait to be hashed; beyond that the answer is 503.
        hash_queue: u32 = "64",
        /// Passwords hashed at the same time; 0 for one a core.
        hash_threads: u32 = "0",
    }
    /// Accounts of people.
    accounts: Accounts {
        /// Days between the closing of an account and its erasure, for those who wish it erased. Until then an
        /// administrator can open it again.
        erasure_days: u32 = "30",
    }
    /// The cost of a password hash (argon2id). A change reaches an account when it next signs in.
    password: Password {
        /// Memory, in KiB.
        memory_kib: u32 = "19456",
        /// Passes over the memory.
        iterations: u32 = "2",
        /// Lanes.
        parallelism: u32 = "1",
    }
}
