//! All texts that a person reads stand in one place, ready for other languages and for right-to-left layout: pages and mails
//! in `templates/<language>`, everything else in `contract`.

use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Files of the handlers that hold sentences, and why those are no texts of a page.
const ALLOWED: [(&str, &str); 8] = [
    ("src/web/pages/views/snippets.rs", "programs"),
    ("src/web/answer.rs", "what goes over the wire in other shapes than a page (W-06)"),
    ("src/web/listener/framing.rs", "to a client that speaks no HTTP that could be answered with a page"),
    ("src/web/listener/tls.rs", "to the operator at the start"),
    ("src/web/body.rs", "to the log"),
    ("src/web/read.rs", "to the log"),
    ("src/web/token.rs", "the wire's own"),
    ("src/web/sandbox.rs", "to the developer at this machine"),
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

/// The texts in quotes on a line of Rust.
fn literals(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut characters = line.chars();
    while characters.by_ref().any(|c| c == '"') {
        let mut text = String::new();
        while let Some(c) = characters.next().filter(|c| *c != '"') {
            text.push(c);
            if c == '\\' {
                text.extend(characters.next());
            }
        }
        found.push(text);
    }
    found
}

/// Two words of letters in a row, the second in small ones.
fn reads_like_words(text: &str) -> bool {
    let words: Vec<_> = text.split(' ').collect();
    words.windows(2).any(|pair| {
        let letters = |word: &str| word.len() > 1 && word.bytes().all(|c| c.is_ascii_alphabetic());
        letters(pair[0]) && letters(pair[1].trim_end_matches(['.', ',', ':', '?'])) && pair[1] == pair[1].to_lowercase()
    })
}

#[test]
fn no_handler_and_no_view_holds_a_text_that_a_person_reads() {
    let mut looked_at = 0;
    for (name, source) in beneath("src/web", "rs") {
        let tests = name.ends_with("tests.rs") || name.contains("/samples");
        if tests || ALLOWED.iter().any(|(allowed, _)| *allowed == name) {
            continue;
        }
        let source = source.split("#[cfg(test)]").next().expect("split yields at least one part");
        for (number, line) in source.lines().enumerate() {
            let to_others = ["tracing::", "expect(", "Fault::", "reason = ", "sha256("];
            if line.trim_start().starts_with("//") || to_others.iter().any(|mark| line.contains(mark)) {
                continue;
            }
            for text in literals(line) {
                looked_at += 1;
                assert!(!reads_like_words(&text), "{name}:{}: {text:?} belongs into templates or contract", number + 1);
            }
        }
    }
    assert!(looked_at > 500, "{looked_at}");
    assert!(reads_like_words("All spaces") && reads_like_words("Nothing is there.") && !reads_like_words("form_token"));
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
