//! All texts that a person reads stand in one place, ready for other languages and for right-to-left layout: pages and mails
//! in `templates/<language>`, everything else in `contract`.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Where sentences may stand all the same, and why those are no texts of a page or a mail.
const ALLOWED: [(&str, &str); 26] = [
    ("src/web/pages/views/snippets.rs", "programs"),
    ("src/web/answer.rs", "what goes over the wire in other shapes than a page (W-06)"),
    ("src/web/listener/framing.rs", "to a client that speaks no HTTP that could be answered with a page"),
    ("src/web/listener/tls.rs", "to the operator at the start"),
    ("src/web/body.rs", "to the log"),
    ("src/web/read.rs", "to the log"),
    ("src/web/token.rs", "the wire's own"),
    ("src/web/sandbox.rs", "to the developer at this machine"),
    ("src/web/health.rs", "to what watches the server"),
    ("src/flows/audit_chain.rs", "to the operator who verifies the audit log at the terminal"),
    ("src/mail/transport.rs", "to the operator who tries the configuration out at the terminal"),
    ("src/store/accounts.rs", "what the audit log holds: names of what was and is, which its seals keep to the byte"),
    ("src/store/deliveries.rs", "what the audit log holds"),
    ("src/store/handovers.rs", "what the audit log holds"),
    ("src/store/engine.rs", "to the operator at the start"),
    ("src/store/mod.rs", "to the operator at the start"),
    ("src/store/whereabouts.rs", "to the operator at the start"),
    ("src/store/removal.rs", "to the operator who moves the installation"),
    ("src/store/file.rs", "to the operator who looks the database over"),
    ("src/store/postgres/wire.rs", "to the log"),
    ("src/store/search.rs", "the name of a state, at the terminal"),
    ("src/store/migrate.rs", "words of SQL"),
    ("src/crypto/keys.rs", "what a key is derived for"),
    ("src/crypto/ring.rs", "what a key is derived for"),
    ("src/crypto/seal.rs", "what a key is derived for"),
    ("src/crypto/secret.rs", "what a key is derived for"),
];

/// Words with a capital that are the wire's: what a cookie says of `SameSite`.
const PROTOCOL: [&str; 2] = ["Lax", "Strict"];

/// Calls whose texts go to the operator's log, to nobody, or into a digest.
const TO_OTHERS: [&str; 6] = ["tracing::", "expect", "Fault::", "sha256", "assert", "unreachable"];

/// What a statement begins with, or a part of one.
const SQL: [&str; 18] = [
    "select",
    "insert",
    "update",
    "delete",
    "create",
    "alter",
    "drop",
    "with",
    "from",
    "where",
    "order",
    "pragma",
    "begin",
    "commit",
    "rollback",
    "savepoint",
    "release",
    "set",
];

fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("listed") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, ending, found);
        } else if path.extension().is_some_and(|found| found == ending) {
            found.push(path);
        }
    }
}

fn beneath(folder: &str, ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    files(&Path::new(ROOT).join(folder), ending, &mut found);
    let name = |path: &Path| path.strip_prefix(ROOT).expect("within").display().to_string();
    found.iter().map(|path| (name(path), std::fs::read_to_string(path).expect("read"))).collect()
}

/// A text in quotes.
#[derive(Debug, PartialEq, Eq)]
struct Literal {
    /// As the program has it: sentences that are broken over lines are whole.
    text: String,
    line: usize,
    /// The calls and macros it stands in, from the outside.
    within: Vec<String>,
    /// The name it is given: `reason` in `reason = "..."`.
    named: String,
}

impl Literal {
    fn is_for_people(&self) -> bool {
        let to_others = |call: &String| TO_OTHERS.iter().any(|mark| call.starts_with(mark));
        let elsewhere = self.named == "reason" || self.within.iter().any(to_others);
        !elsewhere && !is_sql(&self.text) && reads_like_words(&self.text) && !PROTOCOL.contains(&self.text.as_str())
    }
}

/// The texts in quotes of a piece of Rust, but for those in comments.
fn literals(source: &str) -> Vec<Literal> {
    let (mut found, mut within, mut code, mut rest) = (Vec::new(), Vec::new(), String::new(), source);
    while let Some(next) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some((text, length)) = quoted(rest) {
            let line = source[..source.len() - rest.len()].matches('\n').count() + 1;
            let named = code.trim_end().strip_suffix('=').map(last_path).unwrap_or_default();
            found.push(Literal { text, line, within: within.clone(), named });
            length
        } else if next == '\'' {
            character(rest)
        } else {
            match next {
                '(' | '[' | '{' => within.push(last_path(&code)),
                ')' | ']' | '}' => drop(within.pop()),
                _ => {}
            }
            code.push(next);
            next.len_utf8()
        };
        rest = &rest[length..];
    }
    found
}

/// The text in quotes that `rest` begins with, and how many bytes of source it takes.
fn quoted(rest: &str) -> Option<(String, usize)> {
    if let Some(raw) = rest.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if let Some(text) = raw[hashes..].strip_prefix('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let length = text.find(&end)?;
            return Some((text[..length].to_owned(), 1 + hashes + 1 + length + end.len()));
        }
    }
    let (mut text, mut characters) = (String::new(), rest.strip_prefix('"')?.char_indices().peekable());
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Some((text, 1 + at + 1)),
            '\\' => match characters.next()?.1 {
                '\n' => while characters.next_if(|(_, c)| c.is_whitespace()).is_some() {},
                'n' | 't' | 'r' => text.push(' '),
                escaped => text.push(escaped),
            },
            '\n' => text.push(' '),
            c => text.push(c),
        }
    }
    None
}

/// How many bytes the character in quotes takes that `rest` begins with; one if it is the quote of a lifetime.
fn character(rest: &str) -> usize {
    let escaped = usize::from(rest[1..].starts_with('\\'));
    let first = rest[1 + escaped..].chars().next().map_or(0, char::len_utf8);
    if rest[1 + escaped + first..].starts_with('\'') { 2 + escaped + first } else { 1 }
}

/// The path that a piece of code ends with: `tracing::info!`, or the method of `x.expect`.
fn last_path(code: &str) -> String {
    let code = code.trim_end();
    let begin = code.rfind(|c: char| !(c.is_alphanumeric() || "_:!".contains(c))).map_or(0, |at| at + 1);
    code.get(begin..).unwrap_or_default().to_owned()
}

/// A statement, a part of one, or the columns of one.
fn is_sql(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    SQL.contains(&first) || first.starts_with(',') || text.starts_with("id, ")
}

/// Two words of letters in a row, the second in small ones; or one with a capital, alone or beside what is filled in.
fn reads_like_words(text: &str) -> bool {
    let letters = |word: &str| word.len() > 1 && word.bytes().all(|c| c.is_ascii_alphabetic());
    let small = |word: &str| word == word.to_lowercase();
    let capital = |word: &str| letters(word) && small(&word[1..]) && !small(word);
    let words: Vec<_> =
        text.split_whitespace().map(|word| word.trim_end_matches(['.', ',', ':', ';', '?', '!'])).collect();
    let filled = |word: &str| word.starts_with('{');
    words.windows(2).any(|pair| {
        letters(pair[0]) && letters(pair[1]) && small(pair[1])
            || capital(pair[0]) && filled(pair[1])
            || filled(pair[0]) && capital(pair[1])
    }) || matches!(words[..], [word] if capital(word))
}

#[test]
fn no_handler_no_flow_and_no_rule_holds_a_text_that_a_person_reads() {
    let (mut looked_at, mut needed, mut wrong) = (0, HashSet::new(), Vec::new());
    let folders = ["src/web", "src/flows", "src/domain", "src/mail", "src/store", "src/crypto"];
    for (name, source) in folders.iter().flat_map(|folder| beneath(folder, "rs")) {
        if name.ends_with("tests.rs") || name.contains("/samples") {
            continue;
        }
        let source = source.split("#[cfg(test)]\nmod tests").next().expect("split yields at least one part");
        for literal in literals(source) {
            looked_at += 1;
            if !literal.is_for_people() {
                continue;
            }
            match ALLOWED.iter().find(|(allowed, _)| *allowed == name) {
                Some((file, _)) => drop(needed.insert(*file)),
                None => wrong.push(format!("{name}:{}: {:?}", literal.line, literal.text)),
            }
        }
    }
    assert!(wrong.is_empty(), "these belong into templates or contract:\n{}", wrong.join("\n"));
    assert!(looked_at > 1_500, "{looked_at}");
    for (file, why) in ALLOWED {
        assert!(needed.contains(file), "{file} holds no sentence ({why}): take it off the list");
    }
}

#[test]
fn a_sentence_is_seen_wherever_its_lines_break() {
    let source = "fn f<'a>() { g('\"', \"one\"); // \"no text\"\n tracing::info!(\n %x,\n \"to \\\n    the log\");\n\
                  h(r#\"Some \"raw\" words\"#); let reason = \"it \\\"is\\\" so\"; }";
    let seen: Vec<_> = literals(source).into_iter().map(|literal| (literal.text, literal.line)).collect();
    let expected = [("one", 1), ("to the log", 4), ("Some \"raw\" words", 6), ("it \"is\" so", 6)];
    assert_eq!(seen, expected.map(|(text, line)| (text.to_owned(), line)));
    let all = literals(source);
    assert!(
        all[1].within.contains(&"tracing::info!".to_owned()) && !all[2].within.contains(&"tracing::info!".to_owned())
    );
    assert_eq!((all[3].named.as_str(), all[0].named.as_str()), ("reason", ""));
    for text in ["All spaces", "Nothing is there.", "Added {}", "None", "{count} rows were added"] {
        assert!(reads_like_words(text), "{text}");
    }
    for text in ["form_token", "account {id}", "text/html; charset=utf-8", "ok", "GET, HEAD", "Bearer error=\"x\""] {
        assert!(!reads_like_words(text), "{text}");
    }
}

#[test]
fn the_language_and_its_direction_come_from_one_place() {
    let mut places = 0;
    for (name, source) in beneath("templates", "html").into_iter().chain(beneath("src/web", "rs")) {
        let tests = name.ends_with("tests.rs") || name.contains("/samples");
        for mark in ["lang=\"", "dir=\"", "lang=\\\"", "dir=\\\""] {
            for rest in source.split(mark).skip(1).filter(|_| !tests) {
                assert!(rest.starts_with('{'), "{name}: {mark}{}", rest.split('"').next().unwrap_or_default());
                places += 1;
            }
        }
    }
    assert_eq!(places, 6, "a page, a mail, and a page that cannot be made: a language and a direction each");
}

/// What is on the left here is on the right elsewhere: the style sheet knows beginnings and ends.
#[test]
fn the_style_sheets_know_no_left_and_no_right() {
    let mut sheets = beneath("assets", "css");
    sheets.extend(beneath("templates/en/mail", "html"));
    assert!(sheets.len() > 1);
    for (name, source) in sheets {
        let words = source.split(|c: char| !c.is_ascii_alphabetic());
        for word in words {
            assert!(!matches!(word.to_ascii_lowercase().as_str(), "left" | "right"), "{name} says {word}");
        }
    }
}
