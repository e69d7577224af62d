//! The lines of the command line that do what a form of the console does.

/// `prosper` and these words, each quoted where a shell would take it apart.
pub fn line(words: &[&str]) -> String {
    let mut line = String::from("prosper");
    for word in words {
        line.push(' ');
        line.push_str(&quoted(word));
    }
    line
}

/// One word of a POSIX shell, whatever is in it: a line is pasted and run.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_cannot_leave_its_quotes() {
        assert_eq!(line(&["user", "show", "12"]), "prosper user show 12");
        assert_eq!(line(&["space", "add", "it's $(id)"]), r"prosper space add 'it'\''s $(id)'");
        assert_eq!(line(&["x", "", "#0b6b4d"]), "prosper x '' '#0b6b4d'");
    }
}
