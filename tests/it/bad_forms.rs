//! Bad input on every form there is: the route table says which take a post, the pages say which fields they have. Each is
//! filled in by somebody who may, with nothing, with what no field can be and with too much of it, and sent with its own
//! token: it is refused with 400, nothing that is stored changes, the form comes back with what was typed still in it
//! (passwords never), and the words stand beside the field that they are about, as a screen reader finds them (W-02, W-03).
//!
//! What only a program sends – a field twice, bytes that are no text – is refused as a whole, by a page that says so. What
//! is an exception is named below with its reason, and the test fails when a name is of no use any more.

mod filling;
mod places;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::LazyLock;

use prosper::fault::Fault;
use prosper::store::engine::{Tx, Unit};
use prosper::web::routes::{ROUTES, Surface};

use self::filling::{garbled, has_fields, send, ways};
use self::verdict::{Sent, wrong};
use crate::prosper::form::{Form, Kind};
use crate::prosper::{Browser, Prosper, exchange};

/// Forms of buttons alone, which have no field to stand beside, and what they do. They are sent with an old token, with two,
/// with a button that is not there and with other hidden words.
const BUTTONS: [(&str, &str); 25] = [
    ("/account/connected-apps/{client_id}/withdraw", "confirms"),
    ("/account/sessions/end-all", "confirms"),
    ("/account/sessions/{id}/end", "ends the session of its row"),
    ("/change-email", "uses the mailed link"),
    ("/console/accounts/{id}/erasure", "plans it, or calls it off"),
    ("/console/accounts/{id}/reset", "demands a new password, or no more"),
    ("/console/accounts/{id}/sign-out", "signs somebody out"),
    ("/console/applications/{client_id}/disable", "turns it off"),
    ("/console/applications/{client_id}/enable", "turns it on"),
    ("/console/applications/{client_id}/hand-over", "makes a link"),
    ("/console/keys", "makes new keys"),
    ("/console/leave", "closes the console"),
    ("/console/mail/{id}/again", "sends it again"),
    ("/console/mail/{id}/read", "shows it"),
    ("/login/oauth/authorize", "allows or denies"),
    ("/logout", "signs out"),
    ("/oauth", "allows or denies, where an agent asks; else it has fields"),
    ("/oauth/apps/{client_id}/delete", "confirms"),
    ("/oauth/apps/{client_id}/disable", "confirms"),
    ("/oauth/apps/{client_id}/enable", "turns it on"),
    ("/oauth/apps/{client_id}/hand-over", "uses the mailed link"),
    ("/oauth/apps/{client_id}/secrets/revoke", "confirms"),
    ("/oauth/apps/{client_id}/secrets/{secret}/revoke", "confirms"),
    ("/undo-email", "uses the mailed link"),
    ("/verify-email", "uses the mailed link, or asks for another"),
];

/// What is chosen or pressed where it decides which of the other fields are looked at: what needs them all.
const CHOSEN: [(&str, &str); 2] = [("/console/requests/{account}", "decline"), ("/console/applications/new", "login")];

/// Forms that may be sent as they stand, and why: an empty one is no bad input there.
const MAY_BE_EMPTY: [(&str, &str); 4] = [
    ("/account/agent-request", "both of its fields are optional"),
    ("/oauth/apps/{client_id}/secrets", "a secret needs no name of its own"),
    ("/oauth/apps/{client_id}/switches", "boxes are ticked or not"),
    ("/console/accounts/{id}/staff", "one of the list is always chosen"),
];

/// Fields that are looked at when the rest is right, and why: what is wrong with the rest is told before.
const LOOKED_AT_LAST: [(&str, &str, &str); 4] = [
    ("/account/password", "current", "it costs a hash"),
    ("/account/email", "current", "it costs a hash"),
    ("/login", "email", "nobody is looked for in a space that there is not"),
    ("/login", "password", "nobody is looked for in a space that there is not"),
];

/// Fields that are filled in again when they were left empty, and why.
const FILLED_IN: [(&str, &str, &str); 3] = [
    ("/account/common/inst_register.aspx", "space", "no space is the first one (W-00), which the page says"),
    ("/sign-up", "space", "no space is the first one (W-00), which the page says"),
    ("/forgot", "space", "no space is the first one (W-00), which the page says"),
];

/// Tables of which a refused form may change rows, and why.
const MAY_CHANGE: [(&str, &str); 4] = [
    ("migrations", "no form's"),
    ("app_requests", "what applications asked, which looking at a consent page is"),
    ("sign_in_failures", "wrong passwords are counted (R-56)"),
    ("audit_seals", "the log is sealed in time, whatever happens"),
];

/// Reads every table of the migrations but those.
static TABLES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
    let files = fs::read_dir(folder).expect("migrations").map(|file| file.expect("a file").path());
    let mut made = BTreeSet::new();
    for file in files.collect::<BTreeSet<_>>() {
        let sql = fs::read_to_string(file).expect("text").to_lowercase();
        let words: Vec<_> =
            sql.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
        for at in 0..words.len() {
            match &words[at..] {
                ["create", "table", name, ..] => _ = made.insert((*name).to_owned()),
                ["drop", "table", name, ..] => _ = made.remove(*name),
                ["alter", "table", old, "rename", "to", new, ..] => {
                    assert!(made.remove(*old), "{old} is not there");
                    made.insert((*new).to_owned());
                }
                _ => {}
            }
        }
    }
    assert!(made.len() > 20, "{made:?}");
    made.retain(|name| MAY_CHANGE.iter().all(|(table, _)| table != name));
    made.iter().map(|name| format!("select * from {name}")).collect()
});

/// All that a form could have changed, by the question that reads it.
struct Everything;

type Rows = BTreeMap<&'static str, Vec<String>>;

impl Unit for Everything {
    type Out = Rows;

    async fn run(&self, tx: &mut Tx) -> Result<Rows, Fault> {
        let mut all = Rows::new();
        for sql in TABLES.iter() {
            let mut rows: Vec<_> = tx.many(sql, &[]).await?.iter().map(|row| format!("{row:?}")).collect();
            rows.sort();
            all.insert(sql, rows);
        }
        Ok(all)
    }
}

async fn everything(p: &Prosper) -> Rows {
    p.p.store.read(Everything).await.expect("read")
}

/// The route that a path is of: one without parts that vary goes before one with some.
fn route_of(path: &str) -> Option<&'static str> {
    let fits = |route: &str| {
        let (route, path): (Vec<_>, Vec<_>) = (route.split('/').collect(), path.split('/').collect());
        route.len() == path.len() && route.iter().zip(path).all(|(part, given)| part.starts_with('{') || *part == given)
    };
    ROUTES.iter().filter(|route| fits(route.path)).map(|route| route.path).min_by_key(|path| path.matches('{').count())
}

/// What was met, and what was wrong with it.
#[derive(Default)]
struct Met {
    routes: BTreeSet<&'static str>,
    buttons: BTreeSet<&'static str>,
    fields: BTreeSet<(&'static str, String)>,
    wrong: Vec<String>,
}

impl Met {
    /// Every form of these places, filled in badly in every way.
    async fn all(&mut self, p: &Prosper, places: places::Places<'_>) {
        for (browser, pages) in &places {
            for place in pages {
                let page = browser.visit(place).await;
                if page.status != 200 {
                    self.wrong.push(format!("{place}: it was answered {}", page.status));
                }
                for form in Form::all(&page.body) {
                    let action = if form.action.is_empty() { place } else { &form.action };
                    let path = action.split(['?', '#']).next().expect("a path");
                    let route = route_of(path.strip_prefix(&p.url).unwrap_or(path));
                    let route = route.unwrap_or_else(|| panic!("{place}: a form goes to {action}, which is no route"));
                    if form.is_post {
                        self.form(p, browser, &form, action, route).await;
                    } else {
                        self.question(browser, &form, path).await;
                    }
                }
            }
        }
    }

    /// One form that changes something.
    async fn form(&mut self, p: &Prosper, browser: &Browser<'_>, form: &Form, action: &str, route: &'static str) {
        self.routes.insert(route);
        self.fields.extend(form.fields.iter().map(|field| (route, field.name.clone())));
        if !has_fields(form) {
            self.buttons.insert(route);
        }
        let names: Vec<_> = form.fields.iter().map(|field| field.name.as_str()).collect();
        let mut before = everything(p).await;
        for bad in ways(form, route) {
            let (answer, typed) = send(browser, form, action, route, &bad).await;
            let mut found = wrong(&Sent { route, form, bad: &bad, typed: &typed, answer: &answer });
            let now = everything(p).await;
            let changed = now.iter().filter(|(sql, rows)| before.get(*sql) != Some(rows));
            found.extend(changed.map(|(sql, _)| format!("another answer to {sql}")));
            let told = found.iter().map(|words| format!("{route} {names:?} {bad:?} ({}): {words}", answer.status));
            self.wrong.extend(told);
            before = now;
        }
    }

    /// One form that looks something up: whatever is asked, the page answers, and the question stands in it.
    async fn question(&mut self, browser: &Browser<'_>, form: &Form, path: &str) {
        let asked: Vec<_> = form.fields.iter().map(|field| (field.name.as_str(), garbled(&field.name))).collect();
        let pairs: Vec<_> = asked.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = browser.get(&format!("{path}?{}", exchange::form(&pairs))).await;
        let back = Form::all(&answer.body).into_iter().find(|back| back.action == form.action && !back.is_post);
        let texts = form.fields.iter().filter(|field| field.kind == Kind::Text);
        let held = |name: &str| back.as_ref().and_then(|back| back.field(name)).map(|field| field.value.clone());
        let kept = texts.into_iter().all(|field| held(&field.name) == Some(garbled(&field.name)));
        if answer.status != 200 || !kept || answer.body.contains("<script>") {
            self.wrong.push(format!("{path}: a garbled question\n{}", answer.told()));
        }
    }
}

#[tokio::test]
async fn bad_input_on_every_form_changes_nothing_is_told_beside_the_field_and_keeps_what_was_typed_w_03() {
    let mut met = Met::default();
    let p = Prosper::start().await;
    met.all(&p, places::in_use(&p).await).await;
    let p = Prosper::start().await;
    met.all(&p, places::without_staff(&p).await).await;
    let p = places::that_sends().await;
    met.all(&p, places::with_mail(&p).await).await;
    for count in [2, 40] {
        let p = Prosper::start().await;
        met.all(&p, places::of_spaces(&p, count).await).await;
    }
    assert!(met.wrong.is_empty(), "{}\n{}", met.wrong.join("\n"), met.wrong.len());
    let posts =
        ROUTES.iter().filter(|route| route.methods.contains("POST") && Surface::of(route.path) == Surface::Page);
    for route in posts.map(|route| route.path) {
        assert!(met.routes.contains(route), "{route}: no page of these has its form");
    }
    let named: BTreeSet<_> = BUTTONS.iter().map(|(route, _)| *route).collect();
    assert_eq!(met.buttons, named, "forms of buttons alone are named, each with what it does");
    for (route, _) in MAY_BE_EMPTY.iter().chain(&CHOSEN) {
        assert!(met.routes.contains(route), "{route} is named for nothing");
    }
    for (route, field, _) in LOOKED_AT_LAST.iter().chain(&FILLED_IN) {
        assert!(met.fields.contains(&(*route, (*field).to_owned())), "{route} has no {field}");
    }
}
