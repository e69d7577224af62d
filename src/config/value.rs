//! The kinds of value a setting may have, and how each is read and shown.
//!
//! This file is long because every kind stands here with its words for what is wrong with it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr as _;

use ipnet::IpNet;
use jiff::civil::Date;
use tracing::level_filters::LevelFilter;
use url::{Host, Url};
use zeroize::Zeroizing;

use crate::telemetry;

/// A value before anyone knows what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Raw {
    /// From the environment, a flag or a default: text that may mean anything.
    Untyped(String),
    /// From a file, with the type the file gave it.
    Text(String),
    Integer(String),
    Bool(bool),
    List(Vec<Raw>),
    /// A type no setting has: its name.
    Other(&'static str),
}

impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untyped(text) | Self::Text(text) => write!(f, "{text:?}"),
            Self::Integer(number) => f.write_str(number),
            Self::Bool(flag) => write!(f, "{flag}"),
            Self::List(items) => {
                let items: Vec<_> = items.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", items.join(", "))
            }
            Self::Other(kind) => f.write_str(kind),
        }
    }
}

/// A type that a setting can have.
pub(super) trait Setting: Sized {
    /// To follow "must be".
    const EXPECTS: &'static str;
    /// Whether values are masked.
    const SECRET: bool = false;
    /// `None` when the value is not what is expected.
    fn read(raw: &Raw) -> Option<Self>;
    /// As one would write it in the environment; a secret masks itself.
    fn show(&self) -> String;
    /// As one would write it in a file.
    fn literal(&self) -> String {
        quoted(&self.show())
    }
}

/// A TOML string.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// Reads types that are one piece of text, in a file and elsewhere.
pub(super) fn text(raw: &Raw) -> Option<&str> {
    match raw {
        Raw::Untyped(text) | Raw::Text(text) => Some(text.trim()),
        _ => None,
    }
}

impl Setting for bool {
    const EXPECTS: &'static str = "true or false";
    fn read(raw: &Raw) -> Option<Self> {
        match raw {
            Raw::Bool(flag) => Some(*flag),
            Raw::Untyped(text) => match text.trim() {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }
    fn show(&self) -> String {
        self.to_string()
    }
    fn literal(&self) -> String {
        self.to_string()
    }
}

macro_rules! whole_number {
    ($number:ty, $expects:literal) => {
        impl Setting for $number {
            const EXPECTS: &'static str = $expects;
            fn read(raw: &Raw) -> Option<Self> {
                match raw {
                    Raw::Integer(digits) | Raw::Untyped(digits) => digits.trim().parse().ok(),
                    _ => None,
                }
            }
            fn show(&self) -> String {
                self.to_string()
            }
            fn literal(&self) -> String {
                self.to_string()
            }
        }
    };
}

whole_number!(u16, "a whole number from 0 to 65535");
whole_number!(u32, "a whole number from 0 to 4294967295");

impl Setting for String {
    const EXPECTS: &'static str = "text";
    fn read(raw: &Raw) -> Option<Self> {
        text(raw).map(str::to_owned)
    }
    fn show(&self) -> String {
        self.clone()
    }
}

impl Setting for PathBuf {
    const EXPECTS: &'static str = "a path";
    fn read(raw: &Raw) -> Option<Self> {
        text(raw).filter(|path| !path.is_empty()).map(Self::from)
    }
    fn show(&self) -> String {
        self.display().to_string()
    }
}

impl Setting for SocketAddr {
    const EXPECTS: &'static str = "an address and a port, as in 127.0.0.1:8080 or [::1]:8080";
    fn read(raw: &Raw) -> Option<Self> {
        let text = text(raw)?;
        match text.strip_prefix("localhost:") {
            Some(port) => port.parse().ok().map(|port| Self::from(([127, 0, 0, 1], port))),
            None => text.parse().ok(),
        }
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

/// Nothing, written as an empty text, or a value.
impl<T: Setting> Setting for Option<T> {
    const EXPECTS: &'static str = T::EXPECTS;
    const SECRET: bool = T::SECRET;
    fn read(raw: &Raw) -> Option<Self> {
        if text(raw) == Some("") { Some(None) } else { T::read(raw).map(Some) }
    }
    fn show(&self) -> String {
        self.as_ref().map(T::show).unwrap_or_default()
    }
}

/// Networks; a lone address is a network of one. A list in a file, commas elsewhere.
impl Setting for Vec<IpNet> {
    const EXPECTS: &'static str = "a list of addresses or networks, as in 10.0.0.0/8 or ::1";
    fn read(raw: &Raw) -> Option<Self> {
        match raw {
            Raw::List(items) => items.iter().map(|item| text(item).and_then(network)).collect(),
            Raw::Untyped(text) => text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(network).collect(),
            _ => None,
        }
    }
    fn show(&self) -> String {
        self.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    }
    fn literal(&self) -> String {
        let items: Vec<_> = self.iter().map(|network| quoted(&network.to_string())).collect();
        format!("[{}]", items.join(", "))
    }
}

/// Days of the calendar. A list in a file, commas elsewhere.
impl Setting for Vec<Date> {
    const EXPECTS: &'static str = "a list of days, as in 2026-12-25";
    fn read(raw: &Raw) -> Option<Self> {
        match raw {
            Raw::List(items) => items.iter().map(|item| text(item)?.parse().ok()).collect(),
            Raw::Untyped(text) => {
                text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(|item| item.parse().ok()).collect()
            }
            _ => None,
        }
    }
    fn show(&self) -> String {
        self.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    }
    fn literal(&self) -> String {
        let items: Vec<_> = self.iter().map(|day| quoted(&day.to_string())).collect();
        format!("[{}]", items.join(", "))
    }
}

fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| IpAddr::from_str(text).ok().map(IpNet::from))
}

impl Setting for LevelFilter {
    const EXPECTS: &'static str = "off, error, warn, info, debug or trace";
    fn read(raw: &Raw) -> Option<Self> {
        match text(raw)? {
            "off" => Some(Self::OFF),
            "error" => Some(Self::ERROR),
            "warn" => Some(Self::WARN),
            "info" => Some(Self::INFO),
            "debug" => Some(Self::DEBUG),
            "trace" => Some(Self::TRACE),
            _ => None,
        }
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

impl Setting for telemetry::Format {
    const EXPECTS: &'static str = "text or json";
    fn read(raw: &Raw) -> Option<Self> {
        match text(raw)? {
            "text" => Some(Self::Text),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
    fn show(&self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Json => "json".to_owned(),
        }
    }
}

/// A secret of the configuration. It prints as asterisks and is wiped when dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The secret itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl Setting for Secret {
    const EXPECTS: &'static str = "text (a secret)";
    const SECRET: bool = true;
    fn read(raw: &Raw) -> Option<Self> {
        text(raw).map(|secret| Self(Zeroizing::new(secret.to_owned())))
    }
    fn show(&self) -> String {
        MASK.to_owned()
    }
}

/// What stands where a secret would. As long for every secret, so that it tells nothing.
pub(super) const MASK: &str = "********";

/// The scheme, host and port under which the server is known: an http or https URL with nothing after them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    url: Url,
    /// Without the slash at the end, so that a path can follow.
    text: String,
}

impl BaseUrl {
    /// `None` unless the text is an absolute http or https URL without user, path, query and fragment. One slash at
    /// the end is forgiven.
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let nobody = url.username().is_empty() && url.password().is_none() && !text.contains('@');
        let web = matches!(url.scheme(), "http" | "https") && url.has_host();
        let text = url.as_str().trim_end_matches('/').to_owned();
        (bare && nobody && web).then_some(Self { url, text })
    }

    /// `https://id.example:8443`, with no slash at the end and no port where it is the scheme's own.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether browsers reach us over TLS.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Whether only this machine can reach us by it.
    pub fn is_loopback(&self) -> bool {
        match self.url.host() {
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            None => false,
        }
    }

    /// The host alone, as mail names this installation; `localhost` where it is an IPv6 address, which mail cannot name so.
    pub fn host(&self) -> &str {
        match self.url.host() {
            Some(Host::Ipv6(_)) | None => "localhost",
            Some(_) => self.url.host_str().unwrap_or("localhost"),
        }
    }

    /// As in a `Host` header: the port only where it is not the scheme's own.
    pub fn authority(&self) -> &str {
        self.text.split_once("://").map_or("", |(_, authority)| authority)
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Setting for BaseUrl {
    const EXPECTS: &'static str = "an http or https URL of scheme, host and port alone, as in https://id.example";
    fn read(raw: &Raw) -> Option<Self> {
        text(raw).and_then(Self::parse)
    }
    fn show(&self) -> String {
        self.text.clone()
    }
}
