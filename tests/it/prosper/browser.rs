//! A browser without script: a cookie jar, and forms that are filled in as they stand on the page.

use std::cell::RefCell;

use super::Prosper;
use super::exchange::{self, Exchange};
use super::form;

pub use super::form::{Form, unescape};

/// A browser.
pub struct Browser<'s> {
    server: &'s Prosper,
    cookies: RefCell<Vec<(String, String)>>,
}

impl<'s> Browser<'s> {
    pub fn new(server: &'s Prosper) -> Self {
        Self { server, cookies: RefCell::default() }
    }

    /// A path or an address of ours; follows nothing.
    pub async fn get(&self, place: &str) -> Exchange {
        self.send("GET", place, &[("sec-fetch-site", "none")], "").await
    }

    /// As [`Browser::get`], following redirects within Prosper.
    pub async fn visit(&self, place: &str) -> Exchange {
        let answer = self.get(place).await;
        self.follow(answer).await
    }

    /// Follows redirects as long as they stay within Prosper.
    pub async fn follow(&self, mut answer: Exchange) -> Exchange {
        for _ in 0..10 {
            let Some(place) = answer.header("location").map(str::to_owned) else { return answer };
            if !place.starts_with('/') && !place.starts_with(&self.server.url) {
                return answer;
            }
            answer = self.get(&place).await;
        }
        panic!("redirected in circles\n{}", answer.told());
    }

    /// Fills in and sends the form of `page` that has all of these fields (hidden ones are sent as they stand).
    pub async fn submit(&self, page: &Exchange, fields: &[(&str, &str)]) -> Exchange {
        let form = Form::with(&page.body, fields).unwrap_or_else(|| panic!("no form has {fields:?}\n{}", page.told()));
        let mut pairs: Vec<(&str, &str)> = form.hidden.iter().map(|(name, value)| (&**name, &**value)).collect();
        pairs.extend_from_slice(fields);
        self.post(&form.action, &pairs).await
    }

    /// Sends the form of `page` whose action ends so, with its hidden fields and these.
    pub async fn submit_to(&self, page: &Exchange, action: &str, fields: &[(&str, &str)]) -> Exchange {
        let forms = Form::all(&page.body);
        let form = forms.iter().find(|form| form.action.ends_with(action));
        let form = form.unwrap_or_else(|| panic!("no form goes to {action}\n{}", page.told()));
        let mut pairs: Vec<(&str, &str)> = form.hidden.iter().map(|(name, value)| (&**name, &**value)).collect();
        pairs.extend_from_slice(fields);
        self.post(&form.action, &pairs).await
    }

    /// Sends the form of `page` whose action ends so with this file, under the name that the form has for it.
    pub async fn upload(&self, page: &Exchange, action: &str, content: &[u8]) -> Exchange {
        let forms = Form::all(&page.body);
        let form = forms.iter().find(|form| form.action.ends_with(action));
        let form = form.unwrap_or_else(|| panic!("no form goes to {action}\n{}", page.told()));
        let file = form.fields.iter().find(|field| field.kind == form::Kind::File);
        let file = file.unwrap_or_else(|| panic!("it takes no file\n{}", page.told()));
        let pairs: Vec<(&str, &str)> = form.hidden.iter().map(|(name, value)| (&**name, &**value)).collect();
        self.post_parts(&form.action, &pairs, Some((&file.name, content))).await
    }

    /// Posts a form that carries a file.
    pub async fn post_parts(&self, place: &str, fields: &[(&str, &str)], file: Option<(&str, &[u8])>) -> Exchange {
        let headers = [("content-type", form::IN_PARTS), ("sec-fetch-site", "same-origin")];
        self.send_bytes("POST", place, &headers, form::parts(fields, file)).await
    }

    /// Posts a form from a page of ours.
    pub async fn post(&self, place: &str, form: &[(&str, &str)]) -> Exchange {
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
        self.send("POST", place, &headers, &exchange::form(form)).await
    }

    pub async fn send(&self, method: &str, place: &str, headers: &[(&str, &str)], body: &str) -> Exchange {
        self.send_bytes(method, place, headers, body.to_owned().into_bytes()).await
    }

    /// The same with a body that need not be text.
    pub async fn send_bytes(&self, method: &str, place: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Exchange {
        let path = place.strip_prefix(&self.server.url).unwrap_or(place);
        let cookies: Vec<_> = self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let mut headers = headers.to_vec();
        if !cookies.is_empty() {
            headers.push(("cookie", &cookies));
        }
        let answer = {
            let request = exchange::request(method, path, &headers, "").map(|_| bytes::Bytes::from(body));
            self.server.send_bytes(request).await
        };
        self.keep(&answer);
        answer
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.borrow().iter().find(|(kept, _)| kept == name).map(|(_, value)| value.clone())
    }

    pub fn cookies(&self) -> Vec<(String, String)> {
        self.cookies.borrow().clone()
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        let mut cookies = self.cookies.borrow_mut();
        cookies.retain(|(kept, _)| kept != name);
        cookies.push((name.to_owned(), value.to_owned()));
    }

    fn keep(&self, answer: &Exchange) {
        for line in answer.headers.get_all("set-cookie") {
            let line = line.to_str().expect("text");
            let (name, value) = line.split(';').next().and_then(|pair| pair.split_once('=')).expect("a pair");
            if line.contains("Max-Age=0") {
                self.cookies.borrow_mut().retain(|(kept, _)| kept != name);
            } else {
                self.set_cookie(name, value);
            }
        }
    }
}
