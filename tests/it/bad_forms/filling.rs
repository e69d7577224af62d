//! Forms, filled in badly.

use super::{CHOSEN, MAY_BE_EMPTY};
use crate::prosper::form::{Field, Form, IN_PARTS, Kind, parts};
use crate::prosper::{Browser, Exchange, exchange};

/// How a form is filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bad {
    /// Nothing in any field.
    Empty,
    /// In each what it cannot be: control characters, a direction that is turned around, markup.
    Garbled,
    /// Ten thousand characters in this one.
    TooLong(String),
    /// This one says what is not on offer.
    NotOffered(String),
    /// This one is there twice.
    Twice(String),
    /// This one is no text.
    NoText(String),
    /// With a token that is not good.
    Stale,
    /// Another word in this one, which nobody sees.
    Tampered(String),
}

/// Every way in which this form can be filled in badly.
pub fn ways(form: &Form, route: &str) -> Vec<Bad> {
    let named = |kinds: &[Kind]| -> Vec<String> {
        let fields = form.fields.iter().filter(|field| field.open && kinds.contains(&field.kind));
        fields.map(|field| field.name.clone()).collect()
    };
    let mut ways = vec![Bad::Stale, Bad::Twice(TOKEN.into())];
    if has_fields(form) && MAY_BE_EMPTY.iter().all(|(path, _)| *path != route) {
        ways.push(Bad::Empty);
    }
    if !named(&[Kind::Text, Kind::Password, Kind::File]).is_empty() {
        ways.push(Bad::Garbled);
    }
    ways.extend(named(&[Kind::Text, Kind::Password]).into_iter().map(Bad::TooLong));
    ways.extend(named(&[Kind::Choice, Kind::Button]).into_iter().map(Bad::NotOffered));
    let any = [Kind::Text, Kind::Password, Kind::Choice, Kind::Tick, Kind::Button];
    ways.extend(named(&any).into_iter().map(Bad::Twice));
    ways.extend(named(&any).into_iter().map(Bad::NoText));
    let unseen = form.hidden.iter().map(|(name, _)| name.clone()).filter(|name| name != TOKEN);
    ways.extend(unseen.map(Bad::Tampered));
    ways
}

/// Is there anything to fill in?
pub fn has_fields(form: &Form) -> bool {
    form.fields.iter().any(|field| field.open && field.kind != Kind::Button)
}

/// What a field cannot be.
pub fn garbled(name: &str) -> String {
    format!("kept-{name}\u{7}\u{202e}<script>alert(1)</script>\"'&")
}

/// What stands in a field that was filled in this way; nothing where a browser sends nothing.
fn typed(field: &Field, bad: &Bad, route: &str) -> Option<String> {
    let mut here = CHOSEN.iter().filter(|(path, _)| *path == route).map(|(_, value)| (*value).to_owned());
    let chosen = here.find(|value| field.choices.contains(value));
    if !field.open {
        return Some(field.value.clone());
    }
    match (field.kind, bad) {
        (Kind::File, _) => None,
        (Kind::Choice | Kind::Button, Bad::NotOffered(name)) if field.name == *name => Some(NO_SUCH.into()),
        (Kind::Button, _) => chosen.or_else(|| field.choices.first().cloned()),
        (Kind::Choice | Kind::Tick, Bad::Empty) => Some(field.value.clone()).filter(|value| !value.is_empty()),
        (Kind::Choice | Kind::Tick, _) => chosen.or_else(|| field.choices.last().cloned()),
        (Kind::Text | Kind::Password, Bad::Empty) => Some(String::new()),
        (Kind::Text | Kind::Password, Bad::TooLong(name)) if field.name == *name => Some("x".repeat(10_000)),
        (Kind::Text, _) => Some(garbled(&field.name)),
        (Kind::Password, _) => Some("pw\u{7}<'".into()),
    }
}

/// Sends a form that was filled in badly; answers what was typed, too.
pub async fn send(
    browser: &Browser<'_>,
    form: &Form,
    action: &str,
    route: &str,
    bad: &Bad,
) -> (Exchange, Vec<(Field, String)>) {
    let mut pairs = form.hidden.clone();
    for (name, value) in &mut pairs {
        match bad {
            Bad::Stale if name == TOKEN => value.push_str("AAAA"),
            Bad::Tampered(unseen) if name == unseen => NO_SUCH.clone_into(value),
            _ => {}
        }
    }
    let typed: Vec<_> =
        form.fields.iter().filter_map(|field| Some((field.clone(), typed(field, bad, route)?))).collect();
    pairs.extend(typed.iter().map(|(field, value)| (field.name.clone(), value.clone())));
    if let Bad::Twice(name) = bad {
        let before = pairs.iter().find(|(sent, _)| sent == name).cloned();
        let again = (name.clone(), before.map_or_else(|| NO_SUCH.to_owned(), |(_, value)| value));
        let missing = 2 - pairs.iter().filter(|(sent, _)| sent == name).count();
        pairs.extend(std::iter::repeat_n(again, missing));
    }
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = if form.in_parts {
        let body = in_parts(form, &pairs, bad);
        let headers = [("content-type", IN_PARTS), ("sec-fetch-site", "same-origin")];
        browser.send_bytes("POST", action, &headers, body).await
    } else {
        let mut body = exchange::form(&pairs);
        if let Bad::NoText(name) = bad {
            body = format!("{name}=%FF%FE&{body}");
        }
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
        browser.send("POST", action, &headers, &body).await
    };
    (answer, typed)
}

/// The same with a file that is no picture, or none.
fn in_parts(form: &Form, pairs: &[(&str, &str)], bad: &Bad) -> Vec<u8> {
    let file = form.fields.iter().find(|field| field.kind == Kind::File).expect("a field for the file");
    let content: &[u8] = if *bad == Bad::Empty { b"" } else { b"<svg onload='alert(1)'/>" };
    let mut body = parts(pairs, Some((&file.name, content)));
    if let Bad::NoText(name) = bad {
        let mark = format!("name=\"{name}\"\r\n\r\n").into_bytes();
        let at = body.windows(mark.len()).position(|window| window == mark).expect("it is sent") + mark.len();
        body.splice(at..at, [0xff, 0xfe]);
    }
    body
}

const TOKEN: &str = "form_token";
const NO_SUCH: &str = "no-such";
