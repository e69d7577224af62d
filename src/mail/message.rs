//! A mail as it goes over the wire: multipart text and HTML, with headers that nobody can add to.
//!
//! Addresses are parsed, never pasted; a name is encoded as a name. What cannot be a header is refused before anything is
//! sent. The id is made from the mail's number, so that a mail that had to be sent twice is known as one.

use std::time::{Duration, SystemTime};

use lettre::Message;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};

use crate::contract::words::delivery;
use crate::domain::time::Timestamp;

/// A mail, ready to be put into its envelope.
pub struct Outgoing {
    /// What tells it from every other of this installation, in letters, digits and dots.
    pub name: String,
    /// Where it goes.
    pub to: String,
    /// The name that it comes from: the space's.
    pub sender: String,
    /// Where it comes from.
    pub from: String,
    /// Where an answer goes, if not there.
    pub reply_to: Option<String>,
    /// One line.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// The present.
    pub at: Timestamp,
    /// Random letters that stand in neither part.
    pub boundary: String,
    /// The host of `public_url`, for the mail's id.
    pub host: String,
}

impl Outgoing {
    /// The whole.
    ///
    /// # Errors
    /// In words, what of it cannot be a header.
    pub(super) fn message(&self) -> Result<Message, String> {
        if self.subject.contains(char::is_control) || self.sender.contains(char::is_control) {
            return Err(delivery::BAD_HEADER.to_owned());
        }
        let sender = Some(self.sender.clone()).filter(|name| !name.is_empty());
        let from = Mailbox::new(sender, address(&self.from)?);
        let micros = u64::try_from(self.at.micros()).unwrap_or_default();
        let mut message = Message::builder()
            .from(from)
            .to(Mailbox::new(None, address(&self.to)?))
            .subject(self.subject.clone())
            .date(SystemTime::UNIX_EPOCH + Duration::from_micros(micros))
            .message_id(Some(format!("<{}@{}>", self.name, self.host)))
            // RFC 3834: nobody's absence notice need answer this.
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        if let Some(reply_to) = &self.reply_to {
            message = message.reply_to(Mailbox::new(None, address(reply_to)?));
        }
        let parts = MultiPart::alternative()
            .boundary(self.boundary.clone())
            .singlepart(SinglePart::plain(self.text.clone()))
            .singlepart(SinglePart::html(self.html.clone()));
        message.multipart(parts).map_err(delivery::not_put_together)
    }
}

fn address(text: &str) -> Result<lettre::Address, String> {
    text.parse().map_err(|_| delivery::BAD_ADDRESS.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outgoing() -> Outgoing {
        Outgoing {
            name: "mail.7".into(),
            to: "ada@example.com".into(),
            sender: "Prosper".into(),
            from: "no-reply@id.example".into(),
            reply_to: Some("help@id.example".into()),
            subject: "Please confirm your email address".into(),
            text: "Grüße\n\nhttps://id.example/there?a=1\n".into(),
            html: "<p>Grüße</p>".into(),
            at: Timestamp::from_seconds(1_800_000_000),
            boundary: "6f0c".into(),
            host: "id.example".into(),
        }
    }

    fn written(outgoing: &Outgoing) -> String {
        String::from_utf8(outgoing.message().expect("a message").formatted()).expect("text")
    }

    #[test]
    fn a_mail_has_both_parts_and_every_header_once() {
        let mail = written(&outgoing());
        let (head, body) = mail.split_once("\r\n\r\n").expect("a head and a body");
        for line in [
            "From: Prosper <no-reply@id.example>",
            "To: ada@example.com",
            "Reply-To: help@id.example",
            "Subject: Please confirm your email address",
            "Date: Fri, 15 Jan 2027 08:00:00 +0000",
            "Message-ID: <mail.7@id.example>",
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
        ] {
            assert_eq!(head.lines().filter(|found| *found == line).count(), 1, "{line} in {head}");
        }
        assert!(head.contains("multipart/alternative") && body.contains("text/plain") && body.contains("text/html"));
    }

    #[test]
    fn no_header_can_be_added_to_r_73() {
        let evil = "Prosper\r\nBcc: eve@example.com";
        for spoil in [
            |mail: &mut Outgoing, evil: &str| evil.clone_into(&mut mail.sender),
            |mail: &mut Outgoing, evil: &str| evil.clone_into(&mut mail.subject),
            |mail: &mut Outgoing, evil: &str| mail.to = format!("ada@example.com{}", &evil[7..]),
            |mail: &mut Outgoing, evil: &str| mail.from = format!("ada@example.com{}", &evil[7..]),
            |mail: &mut Outgoing, evil: &str| mail.reply_to = Some(format!("ada@example.com{}", &evil[7..])),
            |mail: &mut Outgoing, _: &str| mail.to = "ada@example.com, eve@example.com".into(),
            |mail: &mut Outgoing, _: &str| mail.to = "Ada <ada@example.com>\n".into(),
        ] {
            let mut mail = outgoing();
            spoil(&mut mail, evil);
            assert!(mail.message().is_err(), "{}", String::from_utf8_lossy(&mail.message().unwrap().formatted()));
        }
    }

    #[test]
    fn a_name_is_encoded_as_a_name() {
        for name in ["Größer & Co, Ltd.", "a\" <eve@example.com>, \"b", "=?utf-8?q?x?=", "名前"] {
            let mail = written(&Outgoing { sender: name.into(), ..outgoing() });
            let head = mail.split_once("\r\n\r\n").expect("a head").0;
            assert!(head.is_ascii(), "{head}");
            let unfolded = head.replace("\r\n ", " ");
            let from = unfolded.lines().find_map(|line| line.strip_prefix("From: ")).expect("a sender");
            let from: lettre::message::Mailboxes = from.parse().expect("mailboxes");
            let from: Vec<_> = from.iter().map(|mailbox| mailbox.email.to_string()).collect();
            assert_eq!(from, ["no-reply@id.example"], "{head}");
        }
    }
}
