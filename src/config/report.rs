//! The settings shown: what is in force and since where, and the reference of what there is.

use std::fmt::Write as _;

use super::settings::{Config, KEYS, Key};
use super::sources::{Origin, section_of, variable};

/// One setting as it is in force.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The setting.
    pub key: &'static Key,
    /// Its value as text; a secret is masked already.
    pub value: String,
    /// The same as a file would have it.
    pub literal: String,
    /// Where it was chosen.
    pub origin: Origin,
}

impl Config {
    /// Every setting in the order of the reference, with its value (secrets masked) and origin.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The same as text, one setting a line, which is a legal configuration file but for its secrets.
    pub fn print(&self) -> String {
        let mut out = String::new();
        let mut section = None;
        for entry in &self.entries {
            if section != section_of(entry.key.name) {
                section = section_of(entry.key.name);
                let _ = writeln!(out, "\n[{}]", section.unwrap_or_default());
            }
            let bare = entry.key.name.rsplit('.').next().unwrap_or(entry.key.name);
            let line = format!("{bare} = {}", entry.literal);
            let _ = writeln!(out, "{line:<56} # {}", entry.origin);
        }
        out
    }
}

/// Every setting in Markdown, a table for each section: name, variable, default, meaning.
pub fn reference() -> String {
    let mut out = String::new();
    let mut section = Some("");
    for key in KEYS {
        if section != section_of(key.name) {
            section = section_of(key.name);
            if let Some(name) = section {
                let _ = write!(out, "\n## [{name}]\n\n");
            }
            out.push_str("| key | environment | default | must be | meaning |\n|---|---|---|---|---|\n");
        }
        let variable = variable(key.name);
        let file = if key.secret { format!(", `{variable}_FILE`") } else { String::new() };
        let default = if key.default.is_empty() { "–".to_owned() } else { format!("`{}`", key.default) };
        let _ =
            writeln!(out, "| `{}` | `{variable}`{file} | {default} | {} | {} |", key.name, key.expects, key.doc.trim());
    }
    out
}
