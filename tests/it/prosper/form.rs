//! Forms as they stand on a page: where they go, which fields they have, what is in them, and what is said beside each.

/// What a person does with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Types, and sees what was typed.
    Text,
    /// Types, unseen.
    Password,
    /// Chooses one of a list, or of buttons of which one is down.
    Choice,
    /// Ticks.
    Tick,
    /// Gives a file.
    File,
    /// Presses: a button that says something.
    Button,
}

/// A field that is not hidden.
#[derive(Clone, Debug)]
pub struct Field {
    pub kind: Kind,
    pub name: String,
    /// What is in it.
    pub value: String,
    /// What may be chosen, or what the buttons of this name say.
    pub choices: Vec<String>,
    pub required: bool,
    /// May it be changed?
    pub open: bool,
    /// What is said to be wrong with it, as a screen reader finds it: by `aria-describedby` of a field that is marked.
    pub faults: Vec<String>,
}

/// A form as it stands on a page.
pub struct Form {
    pub action: String,
    pub is_post: bool,
    /// Is it sent in parts, since it carries a file?
    pub in_parts: bool,
    pub hidden: Vec<(String, String)>,
    /// What is not hidden, each name once.
    pub fields: Vec<Field>,
}

impl Form {
    /// Every form of a page.
    pub fn all(page: &str) -> Vec<Self> {
        let forms = page.split("<form").skip(1).filter_map(|rest| rest.split("</form>").next());
        forms.map(|form| Self::read(form, page)).collect()
    }

    /// The first form that has all of these fields.
    pub fn with(page: &str, fields: &[(&str, &str)]) -> Option<Self> {
        let mut forms = Self::all(page).into_iter();
        forms.find(|form| fields.iter().all(|(name, _)| form.has(name)))
    }

    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    fn has(&self, name: &str) -> bool {
        self.field(name).is_some() || self.hidden.iter().any(|(hidden, _)| hidden == name)
    }

    fn read(form: &str, page: &str) -> Self {
        let (head, rest) = form.split_once('>').expect("a form tag ends");
        let mut read = Self {
            action: attribute(head, "action").unwrap_or_default(),
            is_post: attribute(head, "method").as_deref() == Some("post"),
            in_parts: head.contains("enctype=\"multipart/form-data\""),
            hidden: Vec::new(),
            fields: Vec::new(),
        };
        // A group of buttons is described as one.
        let mut group = String::new();
        for piece in rest.split('<') {
            let (tag, text) = piece.split_once('>').unwrap_or((piece, ""));
            let element = tag.split(|c: char| c.is_whitespace()).next().unwrap_or_default();
            match element {
                "fieldset" => tag.clone_into(&mut group),
                "/fieldset" => group.clear(),
                "option" => read.choice(tag),
                "input" | "select" | "textarea" | "button" => read.element(element, tag, text, &group, page),
                _ => {}
            }
        }
        read
    }

    fn element(&mut self, element: &str, tag: &str, text: &str, group: &str, page: &str) {
        let Some(name) = attribute(tag, "name") else { return };
        let value = attribute(tag, "value").unwrap_or_default();
        let kind = match (element, attribute(tag, "type").as_deref()) {
            ("input", Some("hidden")) => return self.hidden.push((name, value)),
            ("input", Some("password")) => Kind::Password,
            ("input", Some("checkbox")) => Kind::Tick,
            ("input", Some("file")) => Kind::File,
            ("select", _) | ("input", Some("radio")) => Kind::Choice,
            ("button", _) => Kind::Button,
            _ => Kind::Text,
        };
        let is = |word: &str| tag.split_whitespace().any(|part| part == word);
        let of_many = matches!(kind, Kind::Button) || (kind == Kind::Choice && element == "input");
        let place = self.fields.iter().position(|field| field.name == name).unwrap_or_else(|| {
            let marked = if kind == Kind::Choice && element == "input" { group } else { tag };
            let field = Field {
                kind,
                name,
                value: String::new(),
                choices: Vec::new(),
                required: is("required"),
                open: !is("readonly"),
                faults: faults(marked, page),
            };
            self.fields.push(field);
            self.fields.len() - 1
        });
        let field = &mut self.fields[place];
        match element {
            "textarea" => field.value = unescape(text.strip_prefix('\n').unwrap_or(text)),
            "input" if of_many || kind == Kind::Tick => {
                if is("checked") {
                    field.value.clone_from(&value);
                }
                field.choices.push(value);
            }
            "button" => field.choices.push(value),
            _ => field.value = value,
        }
    }

    /// One of the list that was begun last.
    fn choice(&mut self, tag: &str) {
        let Some(list) = self.fields.last_mut().filter(|field| field.kind == Kind::Choice) else { return };
        let value = attribute(tag, "value").unwrap_or_default();
        if tag.ends_with(" selected") || list.choices.is_empty() {
            list.value.clone_from(&value);
        }
        list.choices.push(value);
    }
}

/// What the page says in the elements that describe this one, of those that say what is wrong. A field that is not marked
/// as wrong has nothing wrong with it.
fn faults(tag: &str, page: &str) -> Vec<String> {
    let marked = tag.starts_with("fieldset") || tag.contains(" aria-invalid=\"true\"");
    let described = attribute(tag, "aria-describedby").filter(|_| marked).unwrap_or_default();
    described.split_whitespace().filter_map(|id| wrong(id, page)).filter(|words| !words.is_empty()).collect()
}

/// The words of the element of this id, if it is one that says what is wrong.
fn wrong(id: &str, page: &str) -> Option<String> {
    let (before, after) = page.split_once(&format!(" id=\"{id}\""))?;
    let start = before.rfind('<')?;
    let element = before[start + 1..].split_whitespace().next()?;
    let (rest_of_tag, rest) = after.split_once('>')?;
    let tag = format!("{}{rest_of_tag}", &before[start..]);
    let says = tag.contains("class=\"error\"") || tag.contains("role=\"alert\"");
    let content = rest.split(&format!("</{element}>")).next().filter(|_| says)?;
    let text: String = content.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text)).collect();
    Some(unescape(text.trim().trim_start_matches("Error: ")))
}

pub fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=\"")).map(|at| at + name.len() + 3)?;
    let value = tag[start..].split('"').next()?;
    Some(unescape(value))
}

/// Undoes what the templates escape.
pub fn unescape(text: &str) -> String {
    text.replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#38;", "&")
        .replace("&amp;", "&")
}

/// What stands between the parts of a body that carries a file.
const CUT: &str = "cut";

/// The media type of [`parts`].
pub const IN_PARTS: &str = "multipart/form-data; boundary=cut";

/// Fields, and a file under its field's name, as a browser sends them in parts (RFC 7578).
pub fn parts(fields: &[(&str, &str)], file: Option<(&str, &[u8])>) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        let part = format!("--{CUT}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    if let Some((name, content)) = file {
        let head = format!("--{CUT}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"evil.svg\"\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(b"Content-Type: image/svg+xml\r\n\r\n");
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{CUT}--\r\n").as_bytes());
    body
}
