//! A person with a browser: cookies are kept, forms are filled in and sent with what was hidden in them.

use super::requests::authorize_path;
use super::site::{PASSWORD, REDIRECT, Site};
use super::wire::{Answer, Wire, get, post};

/// A browser.
#[derive(Default)]
pub struct Browser {
    cookies: Vec<(String, String)>,
    /// Requests that it has made.
    pub requests: u64,
}

impl Browser {
    /// From the application's link to the answer that carries a code: sign-in page, password, consent if it is asked for.
    pub async fn signs_in(&mut self, wire: &mut Wire, site: &Site, email: &str) -> Answer {
        let start = authorize_path(&site.login);
        let mut answer = self.visit(wire, &start).await;
        for _ in 0..6 {
            let place = answer.header("location").unwrap_or_default().to_owned();
            answer = match answer.status {
                302 | 303 if place.starts_with(REDIRECT) => return answer,
                302 | 303 => self.visit(wire, &place).await,
                200 if answer.body.contains("name=\"password\"") => {
                    self.submits(wire, &answer, &[("email", email), ("password", PASSWORD)]).await
                }
                200 => self.submits(wire, &answer, &[("decision", "allow")]).await,
                status => panic!("{status}: {}", answer.body),
            };
        }
        panic!("led in circles: {} {}", answer.status, answer.body)
    }

    async fn visit(&mut self, wire: &mut Wire, path: &str) -> Answer {
        let cookies = self.cookies();
        let answer = wire.ask(&get(path, &[("cookie", &cookies)])).await;
        self.took(answer)
    }

    /// Sends the form of a page.
    async fn submits(&mut self, wire: &mut Wire, page: &Answer, typed: &[(&str, &str)]) -> Answer {
        let form = page.body.split("<form").nth(1).expect("a form").split("</form>").next().expect("its end");
        let action = unescaped(between(form, "action=\"").expect("where it goes"));
        let hidden: Vec<_> = form
            .split("<input type=\"hidden\" ")
            .skip(1)
            .map(|rest| (between(rest, "name=\"").expect("a name"), between(rest, "value=\"").unwrap_or_default()))
            .map(|(name, value)| (name, unescaped(value)))
            .collect();
        let mut pairs: Vec<_> = hidden.iter().map(|(name, value)| (*name, value.as_str())).collect();
        pairs.extend_from_slice(typed);
        let cookies = self.cookies();
        let headers = [("cookie", cookies.as_str()), ("sec-fetch-site", "same-origin")];
        let answer = wire.ask(&post(&action, &headers, &pairs)).await;
        self.took(answer)
    }

    fn took(&mut self, answer: Answer) -> Answer {
        self.requests += 1;
        for line in answer.headers("set-cookie") {
            let pair = line.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a cookie");
            self.cookies.retain(|(kept, _)| kept != name);
            self.cookies.push((name.into(), value.into()));
        }
        answer
    }

    fn cookies(&self) -> String {
        let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }
}

fn between<'t>(text: &'t str, before: &str) -> Option<&'t str> {
    text.split_once(before)?.1.split('"').next()
}

fn unescaped(text: &str) -> String {
    text.replace("&#38;", "&").replace("&amp;", "&").replace("&#34;", "\"").replace("&#39;", "'")
}
