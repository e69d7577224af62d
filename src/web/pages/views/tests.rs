//! What holds for every page (W-01, R-20, R-21): no script, no inline style, nothing from elsewhere, every text
//! escaped, every field labelled, every id unique, every link one that this server answers.

use super::samples::{MARKUP, all};
use crate::web::pages::paths;
use std::collections::HashSet;
use std::fs;
use std::path::Path;

/// The opening tags of a page, each as its name and its attributes (entities left as they are).
fn tags(html: &str) -> Vec<(&str, Vec<(&str, &str)>)> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        rest = &rest[open + 1..];
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let (tag, after) = rest.split_once('>').expect("a tag that opens also closes");
        let (name, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        tags.push((name, attributes_of(attributes)));
        rest = after;
    }
    tags
}

fn attributes_of(mut text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    loop {
        text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if text.is_empty() {
            return found;
        }
        let end = text.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(text.len());
        let name = &text[..end];
        text = &text[end..];
        let mut value = "";
        if let Some(quoted) = text.strip_prefix("=\"") {
            (value, text) = quoted.split_once('"').expect("a quoted value ends");
        }
        found.push((name, value));
    }
}

fn value<'a>(attributes: &[(&str, &'a str)], name: &str) -> Option<&'a str> {
    attributes.iter().find(|(found, _)| *found == name).map(|(_, value)| *value)
}

#[test]
fn markup_in_a_name_is_text_on_every_page() {
    let mut escaped = 0;
    for (name, html) in all(true) {
        assert!(!html.contains(MARKUP), "{name} lets markup through");
        assert!(!html.contains("<img src=x"), "{name} lets markup through");
        escaped += html.matches("&#60;img src=x onerror=alert(1)&#62;").count();
    }
    assert!(escaped > 150, "the samples hardly try: {escaped}");
}

#[test]
fn no_page_has_script_inline_style_or_anything_from_elsewhere() {
    for (name, html) in all(true).into_iter().chain(all(false)) {
        for (tag, attributes) in tags(&html) {
            assert!(!matches!(tag, "script" | "style" | "iframe" | "object" | "embed" | "base"), "{name}: <{tag}>");
            for (attribute, value) in attributes {
                assert!(attribute != "style" && !attribute.starts_with("on"), "{name}: <{tag} {attribute}=…>");
                if matches!(attribute, "href" | "src" | "action" | "formaction" | "srcset") {
                    let own = value.starts_with('#') || value.starts_with("mailto:");
                    let own = own || (value.starts_with('/') && !value.starts_with("//"));
                    assert!(own, "{name}: <{tag} {attribute}=\"{value}\">");
                }
            }
        }
    }
}

/// The browser knows whether it is long enough, and the style sheet shows which of the two is said: without a script.
#[test]
fn while_a_new_password_is_typed_the_page_says_whether_it_is_long_enough() {
    let mut fields = 0;
    for (name, html) in all(false) {
        for field in html.split("<input ").filter(|field| field.contains("autocomplete=\"new-password\"")) {
            let (tag, after) = field.split_once('>').expect("a tag ends");
            let fewest = tag.split("minlength=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a length");
            assert!(tag.contains("placeholder=\" \"") && tag.contains("required"), "{name}: {tag}");
            let said = after.split("</div>").next().expect("the rest of the field");
            let short = format!("short\">Not long enough yet: at least {fewest} characters.");
            assert!(said.contains("role=\"status\"") && said.contains(&short) && said.contains("enough\">"), "{name}");
            fields += 1;
        }
    }
    assert!(fields >= 5, "sign-up, an institution's, reset, change and setup: {fields}");
    let sheet = crate::web::assets::find(crate::web::assets::asset_path("kit.css")).expect("the style sheet");
    let sheet = std::str::from_utf8(sheet.bytes).expect("text");
    for rule in [":invalid ~ .live > .short", ":valid ~ .live > .enough"] {
        assert!(sheet.contains(&format!("input:not(:placeholder-shown){rule}")), "{rule}");
    }
}

#[test]
fn every_link_and_form_leads_to_a_page_of_ours() {
    for (name, html) in all(false) {
        for (tag, attributes) in tags(&html) {
            let target = if tag == "form" { value(&attributes, "action") } else { value(&attributes, "href") };
            let Some(path) = target.filter(|target| target.starts_with('/')) else { continue };
            let path = path.split(['#', '?']).next().expect("split yields at least one part");
            let beneath = [
                paths::APPS,
                paths::CONNECTED_APPS,
                paths::SESSIONS,
                paths::SANDBOX_MAIL,
                "/assets",
                paths::CONSOLE,
                paths::SPACES,
            ];
            let known = path == paths::CONSOLE
                || paths::ALL.contains(&path)
                || beneath.iter().any(|p| path.starts_with(&format!("{p}/")));
            assert!(known, "{name}: <{tag}> leads to {path}");
        }
    }
}

#[test]
fn every_page_can_be_read_without_seeing_it() {
    for (name, html) in all(false) {
        let tags = tags(&html);
        let mut ids = HashSet::new();
        for id in tags.iter().filter_map(|(_, attributes)| value(attributes, "id")) {
            assert!(ids.insert(id), "{name}: id {id} twice");
        }
        let count = |wanted: &str| tags.iter().filter(|(tag, _)| *tag == wanted).count();
        assert_eq!((count("h1"), count("main"), count("title")), (1, 1, 1), "{name}");
        assert!(html.starts_with("<!doctype html>\n<html lang=\"en\" dir=\"ltr\">"), "{name}");
        let labelled: HashSet<_> = tags.iter().filter_map(|(_, attributes)| value(attributes, "for")).collect();
        for (tag, attributes) in &tags {
            let hidden = matches!(value(attributes, "type"), Some("hidden" | "radio"));
            if matches!(*tag, "input" | "select" | "textarea") && !hidden {
                let id = value(attributes, "id").expect("a field has an id");
                assert!(labelled.contains(id), "{name}: field {id} has no label");
            }
            for list in ["aria-describedby", "aria-labelledby", "for"] {
                for id in value(attributes, list).into_iter().flat_map(str::split_whitespace) {
                    assert!(ids.contains(id), "{name}: {list} names {id}, which is not there");
                }
            }
            if *tag == "a" && value(attributes, "href").is_some_and(|href| href.starts_with('#')) {
                let id = &value(attributes, "href").expect("just seen")[1..];
                assert!(ids.contains(id), "{name}: a link leads to #{id}, which is not there");
            }
        }
        let levels: Vec<_> = tags.iter().filter_map(|(tag, _)| tag.strip_prefix('h')?.parse::<u8>().ok()).collect();
        assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{name}: headings leap, {levels:?}");
    }
}

#[test]
fn every_form_posts_and_carries_its_token() {
    for (name, html) in all(false) {
        for form in html.split("<form ").skip(1) {
            let form = form.split("</form>").next().expect("split yields at least one part");
            // A search changes nothing.
            if form.contains("role=\"search\"") {
                assert!(form.contains("method=\"get\""), "{name}");
                continue;
            }
            assert!(form.contains("method=\"post\""), "{name}");
            assert!(form.contains("<input type=\"hidden\" name=\"form_token\" value=\"c2VhbGVk\">"), "{name}");
        }
    }
}

#[test]
fn a_password_is_never_put_back() {
    for (name, html) in all(false) {
        assert!(!html.contains("not put back"), "{name}");
    }
}

#[test]
fn a_field_that_came_back_keeps_its_value_beside_its_message() {
    let pages = all(false);
    let (_, html) = pages.iter().find(|(name, _)| name == "api-settings-wrong").expect("a sample");
    assert!(html.contains("<title>Error: API settings"));
    assert!(html.contains("aria-invalid=\"true\" aria-describedby=\"phone-error\""));
    assert!(html.contains("value=\"12\""));
    assert!(html.contains("<a href=\"#phone\">Phone number</a>: Needs at least five digits."));
    let tags = tags(html);
    let own: Vec<_> = tags.iter().filter(|(tag, _)| *tag == "input").filter_map(|(_, a)| value(a, "name")).collect();
    assert_eq!(own, ["form_token", "request", "kind", "company_name", "phone", "email"], "own use asks for no more");
}

/// Not a check: the pages as files, for a browser and whoever judges them (`target/screens/html`).
#[test]
fn the_pages_can_be_looked_at() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screens/html");
    fs::create_dir_all(&folder).expect("target can be written");
    let css = crate::web::assets::asset_path("kit.css");
    let mark = crate::web::assets::asset_path("mark.svg");
    for (file, path) in [("kit.css", css), ("mark.svg", mark)] {
        let asset = crate::web::assets::find(path).expect("served");
        fs::write(folder.join(file), asset.bytes).expect("target can be written");
    }
    for (name, html) in all(false) {
        let html = html.replace(css, "kit.css").replace(mark, "mark.svg");
        fs::write(folder.join(format!("{name}.html")), html).expect("target can be written");
    }
}
