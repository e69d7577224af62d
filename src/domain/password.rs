//! What may be a password (R-63, R-66; NIST SP 800-63B-4 §3.1.1.2).
//!
//! Eight characters to 256, any characters, no rules of composition, nothing truncated. Unicode is folded one way, NFC,
//! so that the same keys pressed on two machines are the same password. A list of what everybody tries first, and words
//! of the person's own context, are refused where a password is chosen, never where it is checked.

use std::collections::HashSet;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use super::FieldProblem;

/// The fewest characters of a new password. Longer is better, and the pages say so.
pub const FEWEST: usize = 8;
/// The most characters of any password. More is refused before it is hashed.
pub const MOST: usize = 256;

/// Folds what was typed to the form that is hashed. `None` when it is empty or over-long: such a text is nobody's
/// password, and is refused before it costs a hash.
pub fn fold(typed: &str) -> Option<Zeroizing<String>> {
    // Four bytes a character at most, and composing never lengthens a text threefold: longer needs no counting.
    if typed.is_empty() || typed.len() > MOST * 12 {
        return None;
    }
    let folded: Zeroizing<String> = Zeroizing::new(typed.nfc().collect());
    (folded.chars().count() <= MOST).then_some(folded)
}

/// Accepts a password that a person chose, and folds it.
///
/// `context` are words that are close to them: their name, their email, the space's name.
///
/// # Errors
/// Too short, too long, or guessable.
pub fn choose(typed: &str, context: &[&str]) -> Result<Zeroizing<String>, FieldProblem> {
    if typed.is_empty() {
        return Err(FieldProblem::Missing);
    }
    let folded = fold(typed).ok_or(FieldProblem::TooLong(MOST))?;
    if folded.chars().count() < FEWEST {
        return Err(FieldProblem::TooShort(FEWEST));
    }
    if is_guessable(&folded, context) {
        return Err(FieldProblem::Guessable);
    }
    Ok(folded)
}

fn is_guessable(password: &str, context: &[&str]) -> bool {
    let plain = Zeroizing::new(password.to_lowercase());
    let letters: Zeroizing<String> = Zeroizing::new(plain.chars().filter(|c| c.is_alphabetic()).collect());
    let one_character = plain.chars().collect::<HashSet<_>>().len() < 3;
    let runs = ["0123456789012345", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm"];
    let is_a_run = runs.iter().any(|run| run.contains(plain.as_str()));
    let squeezed = Zeroizing::new(squeeze(&plain));
    let of_context = context
        .iter()
        .flat_map(|word| word.split(|c: char| !c.is_alphanumeric()).chain([*word]))
        .chain(["prosper"])
        .map(squeeze)
        .filter(|word| word.chars().count() >= 4)
        // A context word is refused when little else is left, not when it stands somewhere in a long sentence.
        .any(|word| squeezed.contains(&word) && squeezed.chars().count() < word.chars().count() + 5);
    let is_common = |text: &str| STEMS.contains(&text) || COMMON.contains(text);
    one_character || is_a_run || of_context || is_common(&plain) || STEMS.contains(&letters.as_str())
}

/// Lower case, letters and digits alone: what a name and a password made of it have in common.
fn squeeze(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The 5,000 passwords of eight characters and more that turn up most often in published breaches, as ranked by zxcvbn
/// (MIT), in lower case.
static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// What everybody tries first, and the stems that digits are hung on.
const STEMS: &[&str] = &[
    "password",
    "passwort",
    "passw0rd",
    "p@ssw0rd",
    "p@ssword",
    "pa55word",
    "letmein",
    "iloveyou",
    "welcome",
    "welcome1",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "superman",
    "batman",
    "starwars",
    "trustno1",
    "whatever",
    "computer",
    "internet",
    "michelle",
    "jennifer",
    "mustang",
    "shadow",
    "master",
    "monkey",
    "dragon",
    "killer",
    "jordan",
    "hunter",
    "qwerty",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qazwsx",
    "qazwsxedc",
    "qwertz",
    "azerty",
    "abcdefgh",
    "abcdefg",
    "abc",
    "admin",
    "administrator",
    "default",
    "changeme",
    "secret",
    "test",
    "testtest",
    "testing",
    "login",
    "guest",
    "access",
    "freedom",
    "liverpool",
    "arsenal",
    "chelsea",
    "charlie",
    "michael",
    "jessica",
    "samantha",
    "corvette",
    "1q2w3e4r",
    "1q2w3e4r5t",
    "1qaz2wsx",
    "q1w2e3r4",
    "zaq12wsx",
    "11223344",
    "12341234",
    "12344321",
    "87654321",
    "987654321",
    "0987654321",
    "123123123",
    "123456789a",
    "a123456789",
    "147258369",
    "789456123",
    "741852963",
    "31415926",
    "asdf1234",
    "1234qwer",
    "qwer1234",
    "abcd1234",
    "aa123456",
    "password1",
    "password123",
    "hello",
    "hellohello",
    "lovelove",
    "google",
    "facebook",
    "linkedin",
    "pokemon",
    "naruto",
    "minecraft",
    "fuckyou",
    "asshole",
    "swordfish",
    "butterfly",
    "chocolate",
    "cheese",
    "flower",
    "summer",
    "winter",
    "spring",
    "autumn",
    "january",
    "february",
    "october",
    "november",
    "december",
    "monday",
    "friday",
    "maverick",
    "phoenix",
    "cowboys",
    "yankees",
    "steelers",
    "patriots",
    "matrix",
    "blink",
    "metallica",
    "slipknot",
    "nirvana",
    "invest",
    "investor",
    "money",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_to_256_characters_of_any_kind_r_63() {
        assert_eq!(choose("seven7!", &[]), Err(FieldProblem::TooShort(8)));
        for good in
            ["a& b=c%+d", "correct horse battery staple", "пароль из букв", "🙂🙃🙂🙃🐴🔋📎🎈", &"xy ".repeat(85)]
        {
            assert!(choose(good, &[]).is_ok(), "{good}");
        }
        assert_eq!(choose(&"long ".repeat(60), &[]), Err(FieldProblem::TooLong(MOST)));
        assert!(fold(&"a".repeat(257)).is_none() && fold(&"a".repeat(10_240)).is_none() && fold("").is_none());
    }

    #[test]
    fn what_everybody_tries_first_is_refused_r_66() {
        for bad in
            ["password", "Password123", "12345678", "aaaaaaaa", "abababab", "qwertyuiop", "iloveyou!!", "Prosper2026"]
        {
            assert_eq!(choose(bad, &[]), Err(FieldProblem::Guessable), "{bad}");
        }
        for bad in ["lovelace1", "AdaLovelace", "ada-lovelace-1", "ada@example.com", "Ada@Example.com!"] {
            assert_eq!(choose(bad, &["Ada Lovelace", "ada@example.com"]), Err(FieldProblem::Guessable), "{bad}");
        }
        for bad in ["1qaz2wsx", "iloveyou", "Liverpool", "qwerty123", "sunshine1", "11111111a"] {
            assert!(choose(bad, &[]).is_err(), "{bad}");
        }
        assert!(choose("my friend lovelace likes trains", &["Ada Lovelace"]).is_ok());
    }

    #[test]
    fn the_same_keys_are_the_same_password_whatever_the_machine_composes() {
        assert_eq!(fold("e\u{301}t\u{e9}").as_deref(), fold("\u{e9}te\u{301}").as_deref());
    }
}
