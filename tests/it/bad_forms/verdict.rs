//! What an answer to bad input must be.

use super::filling::{Bad, has_fields};
use super::{FILLED_IN, LOOKED_AT_LAST};
use crate::prosper::Exchange;
use crate::prosper::form::{Field, Form, Kind};

/// A form that was sent, and what came of it.
pub struct Sent<'t> {
    pub route: &'t str,
    pub form: &'t Form,
    pub bad: &'t Bad,
    /// What was in its fields.
    pub typed: &'t [(Field, String)],
    pub answer: &'t Exchange,
}

/// Everything that is wrong with the answer.
pub fn wrong(sent: &Sent<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    if sent.answer.body.contains("<script>") {
        wrong.push("markup comes back as it was sent".into());
    }
    // Whatever another word leads to that nobody sees, it is no fault of ours, and nothing is changed.
    if matches!(sent.bad, Bad::Tampered(_)) {
        wrong.extend((sent.answer.status >= 500).then(|| format!("it was answered {}", sent.answer.status)));
        return wrong;
    }
    if sent.answer.status != 400 {
        wrong.push(format!("it was answered {}", sent.answer.status));
    }
    let pressed = |name: &String| sent.form.field(name).is_some_and(|field| field.kind == Kind::Button);
    let back = sent.came_back();
    match sent.bad {
        // What only a program sends is refused as a whole, before any of it is read.
        Bad::Twice(_) | Bad::NoText(_) => {
            wrong.extend(sent.says_nothing());
            let read = back.as_ref().map(faults).unwrap_or_default();
            wrong.extend((!read.is_empty()).then(|| format!("one of two was read: {read:?}")));
            return wrong;
        }
        Bad::NotOffered(name) if pressed(name) => return wrong,
        Bad::Stale => wrong.extend(sent.says_nothing()),
        _ => {}
    }
    match back {
        _ if !has_fields(sent.form) => {}
        Some(back) => {
            wrong.extend(sent.lost(&back));
            wrong.extend(sent.unsaid(&back).into_iter().map(|name| format!("nothing is said beside {name}")));
        }
        None => wrong.push("the form does not come back".into()),
    }
    wrong
}

impl Sent<'_> {
    /// The same form, on the page that was answered.
    fn came_back(&self) -> Option<Form> {
        let same = |back: &Field, sent: &Field| back.name == sent.name && back.kind == sent.kind;
        Form::all(&self.answer.body).into_iter().find(|back| {
            back.action == self.form.action
                && back.fields.len() == self.form.fields.len()
                && back.fields.iter().zip(&self.form.fields).all(|(back, sent)| same(back, sent))
        })
    }

    /// Neither an alert nor a page for what went wrong, which names the request.
    fn says_nothing(&self) -> Option<String> {
        let id = self.answer.header("x-request-id").unwrap_or("none");
        let says = self.answer.body.contains("role=\"alert\"") || self.answer.body.contains(id);
        (!says).then(|| "it does not say what is wrong".into())
    }

    /// What was typed and is there no more, or should not be.
    fn lost(&self, back: &Form) -> Vec<String> {
        let mut lost = Vec::new();
        for (field, value) in self.typed {
            let held = &back.field(&field.name).expect("the same fields").value;
            let kept = match field.kind {
                Kind::Text if value.is_empty() => held.is_empty() || named(&FILLED_IN, self.route, &field.name),
                Kind::Password => held.is_empty() && (value.is_empty() || !self.answer.body.contains(value.as_str())),
                Kind::Choice if *self.bad == Bad::NotOffered(field.name.clone()) => true,
                Kind::Button | Kind::File => true,
                _ => held == value,
            };
            if !kept {
                lost.push(format!("{} was {value:?} and is {held:?}", field.name));
            }
        }
        lost
    }

    /// Fields beside which nothing is said, and something is wrong with them.
    fn unsaid(&self, back: &Form) -> Vec<String> {
        let any = !faults(back).is_empty();
        let told = |name: &str| {
            let last = named(&LOOKED_AT_LAST, self.route, name) && any;
            last || back.field(name).is_some_and(|field| !field.faults.is_empty())
        };
        let open = self.form.fields.iter().filter(|field| field.open);
        let wrong: Vec<String> = match self.bad {
            Bad::Empty => {
                let needed = open.filter(|field| field.required && !named(&FILLED_IN, self.route, &field.name));
                needed.map(|field| field.name.clone()).collect()
            }
            Bad::Garbled => open.filter(|field| field.kind == Kind::Text).map(|field| field.name.clone()).collect(),
            Bad::TooLong(name) | Bad::NotOffered(name) => vec![name.clone()],
            _ => return Vec::new(),
        };
        let mut unsaid: Vec<_> = wrong.into_iter().filter(|name| !told(name)).collect();
        if !any {
            unsaid.push("any field".into());
        }
        unsaid
    }
}

/// Every field with what is said beside it.
fn faults(form: &Form) -> Vec<String> {
    let of = |field: &Field| field.faults.iter().map(|fault| format!("{}: {fault}", field.name)).collect::<Vec<_>>();
    form.fields.iter().flat_map(of).collect()
}

fn named(list: &[(&str, &str, &str)], route: &str, name: &str) -> bool {
    list.iter().any(|(path, field, _)| *path == route && *field == name)
}
