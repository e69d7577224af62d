//! Tickets: random credentials that are found by an id and checked against a keyed hash.
//!
//! Refresh tokens, authorization keys, session cookies and links that work once. On the wire a ticket is the one
//! base64url spelling of its id (16 bytes) and its secret (24): 54 characters. The id finds the row, so the table needs
//! no index over hashes and the time of a look-up tells nothing of the secret; the hash covers both, so the hash of one
//! row proves nothing for another. Client secrets are no tickets: see [`super::secret::client_secret`].

use std::fmt;

use zeroize::Zeroizing;

use super::entropy::Entropy;
use super::keys::Keys;
use super::seal::{from_base64url, to_base64url};
use super::secret::{KeyedHash, Kind, Plain};

/// A ticket as it was presented: well formed, not yet verified.
pub struct Ticket {
    /// Which row to look for.
    pub id: [u8; ID],
    whole: Zeroizing<[u8; WHOLE]>,
}

/// Makes the ticket named `id`, and the hash to keep of it.
pub fn issue(kind: Kind, id: [u8; 16], keys: &Keys, entropy: &Entropy) -> (Plain, KeyedHash) {
    let mut whole = Zeroizing::new([0; WHOLE]);
    whole[..ID].copy_from_slice(&id);
    entropy.fill(&mut whole[ID..]);
    (Plain::from(to_base64url(whole.as_slice())), keys.hash(kind, whole.as_slice()))
}

/// Reads a ticket. `None` for any text that [`issue`] would not have written.
pub fn read(text: &str) -> Option<Ticket> {
    if text.len() != TEXT {
        return None;
    }
    let bytes = Zeroizing::new(from_base64url(text)?);
    let whole = Zeroizing::new(<[u8; WHOLE]>::try_from(bytes.as_slice()).ok()?);
    let (&id, _) = whole.split_first_chunk()?;
    Some(Ticket { id, whole })
}

impl Ticket {
    /// Is this the ticket of `kind` that `kept` is the hash of?
    pub fn verify(&self, kind: Kind, keys: &Keys, kept: &KeyedHash) -> bool {
        keys.verify(kind, self.whole.as_slice(), kept)
    }

    /// The hash to keep from now on, when [`Keys::is_current`] says that the one just verified is of an older key.
    pub fn hash_anew(&self, kind: Kind, keys: &Keys) -> KeyedHash {
        keys.hash(kind, self.whole.as_slice())
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ticket({}, …)", data_encoding::HEXLOWER.encode(&self.id))
    }
}

const ID: usize = 16;
const SECRET: usize = 24;
const WHOLE: usize = ID + SECRET;
const TEXT: usize = (WHOLE * 8).div_ceil(6);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::crypto::keys::tests::{keys, keys_of};

    #[test]
    fn a_ticket_is_read_and_verified_as_it_was_issued() {
        let keys = keys();
        let (plain, kept) = issue(Kind::Session, [0xa5; 16], &keys, &Entropy::system());
        assert_eq!(plain.expose().len(), 54);
        let ticket = read(plain.expose()).expect("as issued");
        assert_eq!(ticket.id, [0xa5; 16]);
        assert!(ticket.verify(Kind::Session, &keys, &kept));
        assert!(ticket.verify(Kind::Session, &keys, &ticket.hash_anew(Kind::Session, &keys)));
        assert_eq!(format!("{ticket:?}"), format!("Ticket({}, …)", "a5".repeat(16)));
    }

    #[test]
    fn a_ticket_is_of_one_kind_one_ring_and_one_row() {
        let (keys, entropy) = (keys(), Entropy::system());
        let (plain, kept) = issue(Kind::RefreshToken, [1; 16], &keys, &entropy);
        let (_, of_another_row) = issue(Kind::RefreshToken, [2; 16], &keys, &entropy);
        let (_, of_another_secret) = issue(Kind::RefreshToken, [1; 16], &keys, &entropy);
        let ticket = read(plain.expose()).expect("as issued");
        assert!(!ticket.verify(Kind::Session, &keys, &kept));
        assert!(!ticket.verify(Kind::RefreshToken, &keys_of([9; 32]), &kept));
        assert!(!ticket.verify(Kind::RefreshToken, &keys, &of_another_row));
        assert!(!ticket.verify(Kind::RefreshToken, &keys, &of_another_secret));
    }

    proptest! {
        #[test]
        fn a_ticket_that_was_touched_is_another_or_none(id: [u8; 16], at in 0..TEXT, c in "[ -~]", cut in 0..TEXT, tail in "[A-Za-z0-9=_ \n-]{1,4}") {
            let keys = keys();
            let (plain, kept) = issue(Kind::Link, id, &keys, &Entropy::system());
            let text = plain.expose();
            let bent = format!("{}{c}{}", &text[..at], &text[at + 1..]);
            if bent != text {
                prop_assert!(read(&bent).is_none_or(|ticket| !ticket.verify(Kind::Link, &keys, &kept)), "{}", bent);
            }
            prop_assert!(read(&text[..cut]).is_none());
            let (longer, padded_before) = (format!("{text}{tail}"), format!("{tail}{text}"));
            prop_assert!(read(&longer).is_none());
            prop_assert!(read(&padded_before).is_none());
        }

        #[test]
        fn a_text_that_reads_has_one_spelling(text in "[A-Za-z0-9_-]{53}[A-Za-z0-9_-]") {
            if let Some(ticket) = read(&text) {
                prop_assert_eq!(to_base64url(ticket.whole.as_slice()), text);
            }
        }
    }
}
