//! What of a row of the audit log is sealed by digest, so that it can be withheld later without breaking the chain.
//!
//! A person's log rows outlive what is known of the person. So the seal does not cover what was before, what is after and the
//! network address as they stand, but a digest of each, salted with random bytes that are kept beside the row. Whoever has
//! the row checks the digest; whoever would put something else in its place would have to find another text with the same.
//!
//! Withholding a part empties it and keeps its digest, but not its salt: nobody can try out what it might have been. Parts
//! that are not withheld keep a salt of their own and are checked as before.
//!
//! Rows that were sealed before there were salts are sealed as they stand, and nothing of them can be withheld.

use aws_lc_rs::digest;

use super::audit::AuditRow;

/// The digests of the three parts: before, after, address.
pub type Digests = [[u8; 32]; 3];

/// Which of the three parts.
pub type Parts = [bool; 3];

/// The digests of a row under the salt that it is about to have.
pub fn digests_under(salt: &[u8; 16], row: &AuditRow) -> Digests {
    parts(row).map(|(name, text)| digest_of(&salt_of(salt, name), text))
}

/// The digests that a sealed row stands for; `None` for one that is sealed as it stands. What does not fit together is no
/// row that was ever sealed: its digests are those of nothing.
pub fn digests(row: &AuditRow) -> Option<Digests> {
    match (&row.salt, &row.withheld) {
        (Some(salt), None) => Some(digests_under(salt, row)),
        (None, None) => None,
        (_, Some(held)) => {
            let held = read(held).filter(|_| row.salt.is_none());
            let each = held.and_then(|held| {
                let mut each = [[0; 32]; 3];
                for ((place, (kept, bytes)), (_, text)) in each.iter_mut().zip(held).zip(parts(row)) {
                    *place = match kept {
                        true => digest_of(&bytes, text),
                        false if text.is_empty() => bytes,
                        false => return None,
                    };
                }
                Some(each)
            });
            Some(each.unwrap_or_default())
        }
    }
}

/// What is kept in the place of the salt when these parts of a row are withheld, on top of what is withheld already;
/// `None` where nothing can be, or there is nothing to withhold.
pub(super) fn withhold(row: &AuditRow, wanted: Parts) -> Option<Vec<u8>> {
    let before = match (&row.salt, &row.withheld) {
        (Some(salt), None) => parts(row).map(|(name, _)| (true, salt_of(salt, name))),
        (None, Some(held)) => read(held)?,
        _ => return None,
    };
    let wanted = [0, 1, 2].map(|at| wanted[at] && !parts(row)[at].1.is_empty());
    if wanted == [false; 3] {
        return None;
    }
    let mut held = Vec::with_capacity(HELD);
    for (((kept, bytes), (_, text)), wanted) in before.into_iter().zip(parts(row)).zip(wanted) {
        let withhold = kept && wanted;
        held.push(u8::from(kept && !withhold));
        held.extend_from_slice(&if withhold { digest_of(&bytes, text) } else { bytes });
    }
    Some(held)
}

fn parts(row: &AuditRow) -> [(&'static str, &str); 3] {
    [("before", &row.before), ("after", &row.after), ("address", &row.trail.address)]
}

fn salt_of(salt: &[u8; 16], part: &str) -> [u8; 32] {
    sha256(&[salt, part.as_bytes()])
}

fn digest_of(salt: &[u8; 32], text: &str) -> [u8; 32] {
    sha256(&[salt, text.as_bytes()])
}

fn sha256(texts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for text in texts {
        context.update(text);
    }
    context.finish().as_ref().try_into().expect("SHA-256 makes 32 bytes")
}

/// For each part, is it kept, and its salt or its digest.
fn read(held: &[u8]) -> Option<[(bool, [u8; 32]); 3]> {
    let held: &[u8; HELD] = held.try_into().ok()?;
    let each = |at: usize| {
        let one = &held[at * 33..(at + 1) * 33];
        (one[0] == 1, one[1..].try_into().expect("33 bytes less one are 32"))
    };
    Some([each(0), each(1), each(2)])
}

const HELD: usize = 3 * 33;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;
    use crate::store::audit::Trail;

    fn row(before: &str, after: &str, address: &str) -> AuditRow {
        AuditRow {
            id: 1,
            trail: Trail { address: address.into(), ..Trail::system(Timestamp::from_micros(0)) },
            action: String::new(),
            subject: String::new(),
            before: before.into(),
            after: after.into(),
            salt: Some([7; 16]),
            withheld: None,
        }
    }

    fn without(row: &AuditRow, wanted: Parts) -> AuditRow {
        let held = withhold(row, wanted).expect("something is withheld");
        let mut left = AuditRow { salt: None, withheld: Some(held), ..row.clone() };
        for (gone, text) in wanted.into_iter().zip([&mut left.before, &mut left.after, &mut left.trail.address]) {
            if gone {
                text.clear();
            }
        }
        left
    }

    #[test]
    fn what_is_withheld_leaves_the_digests_as_they_were_and_no_salt_of_it() {
        let whole = row("a", "b", "198.51.100.7");
        for wanted in [[false, false, true], [true, false, false], [true, true, true], [false, true, false]] {
            let left = without(&whole, wanted);
            assert_eq!(digests(&left), digests(&whole), "{wanted:?}");
            let held = left.withheld.as_ref().expect("it is withheld");
            for (name, gone) in ["before", "after", "address"].into_iter().zip(wanted) {
                let salt = salt_of(&[7; 16], name);
                assert_eq!(held.windows(32).any(|window| window == salt), !gone, "{name}");
            }
        }
        // One part after the other.
        let all = without(&without(&whole, [false, false, true]), [true, false, false]);
        assert_eq!((digests(&all), all.after.as_str()), (digests(&whole), "b"));
    }

    #[test]
    fn what_is_altered_or_put_back_has_other_digests() {
        let whole = row("a", "b", "198.51.100.7");
        let left = without(&whole, [false, false, true]);
        for other in [
            AuditRow { before: "x".into(), ..left.clone() },
            AuditRow { after: String::new(), ..left.clone() },
            AuditRow { trail: whole.trail.clone(), ..left.clone() },
            AuditRow { salt: Some([7; 16]), ..left.clone() },
            AuditRow { withheld: Some(vec![0; 4]), ..left.clone() },
            AuditRow { salt: Some([8; 16]), ..whole.clone() },
        ] {
            assert!(digests(&other).is_some_and(|digests| Some(digests) != super::digests(&whole)), "{other:?}");
        }
        let as_it_stands = AuditRow { salt: None, ..whole };
        assert_eq!((digests(&as_it_stands), withhold(&as_it_stands, [true; 3])), (None, None));
        assert_eq!(withhold(&row("a", "", ""), [false, true, true]), None, "there is nothing");
    }
}
