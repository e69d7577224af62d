//! What people do on the pages of their account, and what they read there.

use prosper::flows::write_mail::read_mail;

use super::browser::unescape;
use super::{Browser, Exchange, Prosper, cluster};

/// A mail that left, or would have left.
#[derive(Clone, Debug)]
pub struct Letter {
    pub to: String,
    pub subject: String,
    pub text: String,
}

impl Letter {
    /// The path of the one link in it that leads to this server.
    pub fn link(&self, server: &Prosper) -> String {
        let start = self.text.find(&server.url).unwrap_or_else(|| panic!("no link in {self:?}"));
        let link = self.text[start..].split_whitespace().next().expect("a link");
        link[server.url.len()..].to_owned()
    }
}

impl Prosper {
    /// Every mail to this address, the newest last.
    pub async fn mails_to(&self, email: &str) -> Vec<Letter> {
        let queued = self.p.store.outbox(1_000).await.expect("read");
        let mut letters: Vec<_> = queued
            .into_iter()
            .filter(|queued| queued.mail.recipient == email)
            .map(|queued| Letter {
                text: read_mail(&queued.mail, &self.p).expect("it opens").text,
                to: queued.mail.recipient,
                subject: queued.mail.subject,
            })
            .collect();
        letters.reverse();
        letters
    }

    /// Everything in the database's files, as they lie on the disk; of a networked database, every row of every table, as
    /// the server sends it in binary.
    pub fn bytes_on_disk(&self) -> Vec<u8> {
        let Some(path) = self.p.store.path() else {
            let folder = self.folder().to_owned();
            let rows = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                runtime.block_on(async { cluster::all_rows(&cluster::database_of(&folder).await).await })
            });
            return rows.join().expect("read");
        };
        let folder = path.parent().expect("a folder");
        let files = std::fs::read_dir(folder).expect("listed").map(|entry| entry.expect("an entry").path());
        files.flat_map(|path| std::fs::read(path).expect("read")).collect()
    }
}

impl Browser<'_> {
    /// Registers the own-use app that suits the account: two fields and a click.
    pub async fn registers_own(&self, name: &str) -> Exchange {
        let page = self.visit("/oauth").await;
        self.submit_to(&page, "/oauth", &[("company_name", name), ("phone", "+1 415 555 0100")]).await
    }

    /// Opens the page of an ending and says yes.
    pub async fn confirms(&self, path: &str) -> Exchange {
        let page = self.get(path).await;
        page.is(200);
        self.submit_to(&page, path, &[]).await
    }
}

impl Exchange {
    /// What stands in `<code>` as 32 hex digits, in the order of the page, each once.
    pub fn hex_codes(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for part in self.body.split("<code").skip(1) {
            let text = part.split_once('>').and_then(|(_, rest)| rest.split('<').next()).unwrap_or_default();
            let hex = text.len() == 32 && text.bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c));
            if hex && !found.iter().any(|held| held == text) {
                found.push(text.to_owned());
            }
        }
        found
    }

    /// The client id and the secret that a registration shows.
    #[track_caller]
    pub fn registration(&self) -> (String, String) {
        let codes = self.is(200).never_stored().hex_codes();
        assert!(codes.len() >= 2, "no client id and secret\n{}", self.told());
        (codes[0].clone(), codes[1].clone())
    }

    /// The message beside the field `id`.
    pub fn error_beside(&self, id: &str) -> Option<String> {
        let mark = format!("id=\"{id}-error\">");
        let rest = self.body.split_once(&mark)?.1.split("</p>").next()?;
        Some(unescape(rest.rsplit("</span>").next()?))
    }

    /// What the field `id` holds.
    pub fn value_of(&self, id: &str) -> Option<String> {
        let tag = self.body.split_once(&format!("<input id=\"{id}\""))?.1.split('>').next()?;
        Some(unescape(tag.split_once(" value=\"")?.1.split('"').next()?))
    }
}
