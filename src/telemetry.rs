//! What the server says about itself while it runs: logs on standard error, and a word to the service manager.
//!
//! Two rules stand here and nowhere else, because a log is the easiest way to lose a secret:
//!
//! 1. Our own targets speak at the level that was chosen; every foreign crate is held to `warn` for good, even at
//!    `trace`. A database driver logs the parameters of its statements and a mailer logs whole mails.
//! 2. A value may hold whatever a stranger typed. Control characters in it are escaped, so that nobody forges a line of
//!    the log or steers the terminal of the person who reads it.
//!
//! Levels are plain (`off` to `trace`), with no filter language: the language would be a way around rule 1.

use std::fmt::{self, Debug, Write as _};
use std::io::{self, IsTerminal as _};

use tracing::Subscriber;
use tracing::field::Field;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::fmt::{FormatFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry;

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One line for people: time, level, target, message, fields.
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

/// What the log shall be like.
#[derive(Clone, Copy, Debug)]
pub struct Logging {
    /// The level of our own targets. Foreign crates never exceed `warn`.
    pub level: LevelFilter,
    /// Text or JSON.
    pub format: Format,
    /// Whether text may carry colours.
    pub colour: bool,
}

impl Logging {
    /// Logging for standard error as it is now: coloured only when it is a terminal.
    pub fn to_stderr(level: LevelFilter, format: Format) -> Self {
        Self { level, format, colour: io::stderr().is_terminal() }
    }
}

/// Sends every log line of this process to standard error from here on.
///
/// # Errors
/// When a subscriber was installed before.
pub fn install(logging: Logging) -> Result<(), tracing::subscriber::SetGlobalDefaultError> {
    tracing::subscriber::set_global_default(subscriber(logging, io::stderr))
}

/// A subscriber that writes to `writer`; the same one [`install`] uses, so that a test captures what would be logged.
pub fn subscriber<W>(logging: Logging, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(logging.colour);
    let filter = targets(logging.level);
    match logging.format {
        Format::Text => Box::new(registry().with(filter).with(lines.fmt_fields(escaped_fields()))),
        Format::Json => Box::new(registry().with(filter).with(lines.json().flatten_event(true))),
    }
}

/// Tells the service manager how we are (`READY=1`, `STOPPING=1`, `STATUS=…`), over the socket it named in
/// `NOTIFY_SOCKET`. A name that opens with `@` is abstract.
///
/// # Errors
/// When the socket cannot be reached. Worth a log line, never worth stopping for.
#[cfg(target_os = "linux")]
pub fn sd_notify(socket: &str, state: &str) -> io::Result<()> {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    let address = match socket.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(socket)?,
    };
    UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address).map(|_| ())
}

/// Elsewhere there is no such service manager.
///
/// # Errors
/// Never.
#[cfg(not(target_os = "linux"))]
pub fn sd_notify(_socket: &str, _state: &str) -> io::Result<()> {
    Ok(())
}

fn targets(level: LevelFilter) -> Targets {
    Targets::new().with_default(level.min(LevelFilter::WARN)).with_target(env!("CARGO_CRATE_NAME"), level)
}

fn escaped_fields() -> impl for<'w> FormatFields<'w> + Send + Sync + 'static {
    debug_fn(|writer: &mut Writer<'_>, field: &Field, value: &dyn Debug| {
        if field.name() != "message" {
            write!(writer, "{}=", field.name())?;
        }
        write!(Escaped { out: writer }, "{value:?}")
    })
    .delimited(" ")
}

/// Passes text on with its control characters spelt out. The library escapes some (ESC, DEL, C1), but lets line ends
/// through, and with them a second, forged line.
struct Escaped<'a, 'w> {
    out: &'a mut Writer<'w>,
}

impl fmt::Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for letter in text.chars() {
            if is_steering(letter) {
                write!(self.out, "{}", letter.escape_default())?;
            } else {
                self.out.write_char(letter)?;
            }
        }
        Ok(())
    }
}

/// Control characters, the two line ends of Unicode, and the marks that turn the direction of writing.
fn is_steering(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Captured {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl io::Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: Format, level: LevelFilter, say: impl FnOnce()) -> String {
        let captured = Captured::default();
        let writer = captured.clone();
        let logging = Logging { level, format, colour: false };
        tracing::subscriber::with_default(subscriber(logging, move || writer.clone()), say);
        captured.text()
    }

    #[test]
    fn our_targets_speak_at_the_chosen_level_and_foreign_ones_at_warn_at_most() {
        let said = logged(Format::Text, LevelFilter::TRACE, || {
            tracing::trace!("ours, faint");
            tracing::info!(target: "tokio_postgres::query", "parameters: hunter2");
            tracing::debug!(target: "lettre", "a whole mail");
            tracing::warn!(target: "lettre", "a foreign warning");
        });
        assert!(said.contains("ours, faint") && said.contains("a foreign warning"), "{said}");
        assert!(!said.contains("hunter2") && !said.contains("a whole mail"), "{said}");

        let said = logged(Format::Text, LevelFilter::ERROR, || {
            tracing::warn!("ours");
            tracing::warn!(target: "lettre", "theirs");
            tracing::error!("grave");
        });
        assert!(said.contains("grave") && !said.contains("ours") && !said.contains("theirs"), "{said}");
    }

    #[test]
    fn a_value_cannot_forge_a_line_or_steer_the_terminal() {
        let evil = "ada\n2026-01-01T00:00:00Z  INFO prosper: all is well\r\u{1b}[2Jx\u{2028}y\u{202e}";
        let said = logged(Format::Text, LevelFilter::INFO, || {
            let _span = tracing::info_span!("request", agent = %evil).entered();
            tracing::info!(name = %evil, quoted = evil, "signed in: {evil}");
        });
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(!said.trim_end().chars().any(is_steering), "{said:?}");
        assert!(said.contains("ada\\n2026"), "{said}");
    }

    #[test]
    fn json_is_one_object_a_line_whatever_the_values_hold() {
        let said =
            logged(Format::Json, LevelFilter::INFO, || tracing::info!(name = %"a\n\"}\u{1b}", count = 3, "told"));
        assert_eq!(said.lines().count(), 1, "{said}");
        let line: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(line["name"], "a\n\"}\u{1b}");
        assert_eq!(line["count"], 3);
        assert_eq!(line["message"], "told");
        assert_eq!(line["level"], "INFO");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_service_manager_hears_us() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let manager = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
        sd_notify(path.to_str().unwrap(), "READY=1").unwrap();
        let mut heard = [0; 32];
        let length = manager.recv(&mut heard).unwrap();
        assert_eq!(&heard[..length], b"READY=1");
        assert!(sd_notify("/nowhere/at/all", "READY=1").is_err());
    }
}
