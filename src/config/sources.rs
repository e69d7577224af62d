//! The layers a value may come from, merged into one table that remembers where each value stood.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::report::Entry;
use super::settings::{KEYS, Key};
use super::value::{MASK, Raw, Setting};

/// Where a value was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody chose.
    Default,
    /// The configuration file, and the line in it (from 1).
    File(PathBuf, usize),
    /// The variable of this name.
    Environment(String),
    /// A file of its own, and the variable that names it.
    SecretFile(PathBuf, String),
    /// The flag of this name, as typed.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::SecretFile(path, name) => write!(f, "{} ({name})", path.display()),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// What the layers said so far, and what was wrong with it.
pub(super) struct Sources {
    values: BTreeMap<&'static str, (Raw, Origin)>,
    derived: BTreeMap<&'static str, String>,
    pub problems: Vec<String>,
}

impl Sources {
    pub fn new() -> Self {
        Self { values: BTreeMap::new(), derived: BTreeMap::new(), problems: Vec::new() }
    }

    /// Adds a TOML file.
    pub fn file(&mut self, path: &Path) {
        match std::fs::read_to_string(path) {
            Ok(text) => self.toml(path, &text),
            Err(error) => self.problems.push(format!("cannot read the configuration file {}: {error}", path.display())),
        }
    }

    /// Adds the text of a TOML file that lies at `path`.
    pub fn toml(&mut self, path: &Path, text: &str) {
        let line = |at: usize| text[..at.min(text.len())].bytes().filter(|byte| *byte == b'\n').count() + 1;
        match DeTable::parse(text) {
            Ok(table) => self.table(path, "", table.get_ref(), &line),
            Err(error) => {
                let at = error.span().map_or(1, |span| line(span.start));
                self.problems.push(format!("{}:{at}: {}", path.display(), error.message().replace('\n', ", ")));
            }
        }
    }

    fn table(&mut self, path: &Path, section: &str, table: &DeTable<'_>, line: &dyn Fn(usize) -> usize) {
        for (key, value) in table {
            let name =
                if section.is_empty() { key.get_ref().to_string() } else { format!("{section}.{}", key.get_ref()) };
            let origin = Origin::File(path.to_path_buf(), line(key.span().start));
            let is_section = section.is_empty() && KEYS.iter().any(|known| section_of(known.name) == Some(&name));
            match value.get_ref() {
                DeValue::Table(inner) if !KEYS.iter().any(|known| known.name == name) && section.is_empty() => {
                    self.table(path, &name, inner, line);
                }
                _ if is_section => self.problems.push(format!("{origin}: `{name}` is a section: write [{name}]")),
                other => self.set(&name, raw(other), origin),
            }
        }
    }

    /// Adds the variables that are ours. An unknown one is a problem: it was meant to do something.
    pub fn environment(&mut self, environment: &[(String, String)]) {
        let ours = environment.iter().filter(|(name, _)| name.starts_with(ENV_PREFIX) && name != CONFIG_VARIABLE);
        for (name, value) in ours {
            let file_of = |key: &&Key| key.secret && variable(key.name) + "_FILE" == *name;
            if let Some(key) = KEYS.iter().find(|key| variable(key.name) == *name) {
                let both = key.secret && environment.iter().any(|(other, _)| *other == format!("{name}_FILE"));
                if both {
                    self.problems.push(format!("{name} and {name}_FILE are both set: keep one"));
                }
                self.values.insert(key.name, (Raw::Untyped(value.clone()), Origin::Environment(name.clone())));
            } else if let Some(key) = KEYS.iter().find(file_of) {
                self.secret_file(key, name, Path::new(value));
            } else {
                let known = KEYS.iter().map(|key| variable(key.name));
                let files = KEYS.iter().filter(|key| key.secret).map(|key| variable(key.name) + "_FILE");
                let nearest = nearest(name, known.chain(files).chain([CONFIG_VARIABLE.to_owned()]));
                let hint = nearest.map_or(ALL_OF_THEM.to_owned(), |nearest| format!("nearest: {nearest}"));
                self.problems.push(format!("environment: unknown variable {name} ({hint})"));
            }
        }
    }

    fn secret_file(&mut self, key: &'static Key, variable: &str, path: &Path) {
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let text = text.trim_end_matches(['\r', '\n']).to_owned();
                let origin = Origin::SecretFile(path.to_path_buf(), variable.to_owned());
                self.values.insert(key.name, (Raw::Untyped(text), origin));
            }
            Err(error) => self.problems.push(format!("{variable}: cannot read {}: {error}", path.display())),
        }
    }

    /// Adds flags: pairs of key and value.
    pub fn flags(&mut self, flags: &[(String, String)]) {
        for (key, value) in flags {
            let flag = format!("--{}", key.replace(['_', '.'], "-"));
            self.set(key, Raw::Untyped(value.clone()), Origin::Flag(flag));
        }
    }

    fn set(&mut self, name: &str, raw: Raw, origin: Origin) {
        if let Some(key) = KEYS.iter().find(|key| key.name == name) {
            self.values.insert(key.name, (raw, origin));
        } else {
            let nearest = nearest(name, KEYS.iter().map(|key| key.name.to_owned()));
            let hint = nearest.map_or(ALL_OF_THEM.to_owned(), |nearest| format!("nearest: `{nearest}`"));
            self.problems.push(format!("{origin}: unknown key `{name}` ({hint})"));
        }
    }

    /// Gives a setting a default that was worked out rather than written in its row.
    pub fn default_to(&mut self, name: &'static str, value: String) {
        self.derived.insert(name, value);
    }

    /// A value ahead of its turn. What is wrong with it is reported when its turn comes.
    pub fn peek<T: Setting>(&self, name: &str) -> Option<T> {
        self.values.get(name).and_then(|(raw, _)| T::read(raw))
    }

    /// The value of the setting `name`, noted in `entries`; its default when there is none or it cannot be read.
    pub fn take<T: Setting>(&mut self, name: &str, entries: &mut Vec<Entry>) -> T {
        let key = KEYS.iter().find(|key| key.name == name).expect("settings are taken by the names in their rows");
        let mut chosen = None;
        if let Some((raw, origin)) = self.values.remove(key.name) {
            if let Some(value) = T::read(&raw) {
                chosen = Some((value, origin));
            } else {
                let found = if key.secret { MASK.to_owned() } else { raw.to_string() };
                self.problems.push(format!("{origin}: `{name}` must be {} (found {found})", key.expects));
            }
        }
        let (value, origin) = chosen.unwrap_or_else(|| {
            let text = self.derived.get(name).cloned().unwrap_or_else(|| key.default.to_owned());
            (T::read(&Raw::Untyped(text)).expect("a default is a legal value of its setting"), Origin::Default)
        });
        entries.push(Entry { key, value: value.show(), literal: value.literal(), origin });
        value
    }
}

fn raw(value: &DeValue<'_>) -> Raw {
    match value {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Boolean(flag) => Raw::Bool(*flag),
        DeValue::Integer(number) if number.radix() == 10 => Raw::Integer(number.as_str().to_owned()),
        DeValue::Array(items) => Raw::List(items.iter().map(|item| raw(item.get_ref())).collect()),
        other => Raw::Other(other.type_str()),
    }
}

/// The variable for a key: `tls.cert` is `PROSPER_TLS__CERT`.
pub(super) fn variable(key: &str) -> String {
    format!("{ENV_PREFIX}{}", key.replace('.', "__").to_uppercase())
}

pub(super) fn section_of(key: &str) -> Option<&str> {
    key.split_once('.').map(|(section, _)| section)
}

/// The known name that takes the fewest edits to reach, if they are fewer than half its letters; a name without its
/// section is reached for one more.
fn nearest(name: &str, known: impl Iterator<Item = String>) -> Option<String> {
    let distance = |candidate: &String| {
        let bare = candidate.rsplit('.').next().unwrap_or(candidate);
        edits(name, candidate).min(edits(name, bare) + usize::from(bare.len() < candidate.len()))
    };
    let near = name.strip_prefix(ENV_PREFIX).unwrap_or(name).chars().count() / 2;
    known.min_by_key(distance).filter(|candidate| distance(candidate) <= near)
}

/// Letters to insert, delete or replace to make `a` of `b` (Levenshtein).
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(left != *right);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// What every variable of ours begins with.
pub(super) const ENV_PREFIX: &str = "PROSPER_";
/// Names the configuration file; not a setting itself.
const CONFIG_VARIABLE: &str = "PROSPER_CONFIG";
/// Said of a name that is like none that is known.
const ALL_OF_THEM: &str = "`prosper config reference` lists them all";
