//! Everything secret of the sandbox comes out of one random seed in a file of its own, a draw for each label: so a sandbox
//! that keeps its directory keeps its people, ids and secrets, and no two sandboxes share any.

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use super::super::failure::{Failure, Outcome};
use super::super::folder::{Folder, private, write_durably};
use crate::crypto::entropy::Entropy;

/// The seed.
pub struct Seed(hmac::Key);

impl Seed {
    /// Reads the seed of this directory, or draws one and writes it there.
    ///
    /// # Errors
    /// It cannot be read or written, or others can read it.
    pub fn of(folder: &Folder, entropy: &Entropy) -> Outcome<Self> {
        let path = folder.path().join("sandbox-seed");
        if !path.exists() {
            let drawn = Zeroizing::new(entropy.bytes::<32>());
            write_durably(&path, data_encoding::HEXLOWER.encode(drawn.as_slice()).as_bytes())?;
        }
        private(&path, 0o600)?;
        let text = Zeroizing::new(std::fs::read_to_string(&path)?);
        let seed = data_encoding::HEXLOWER.decode(text.trim().as_bytes()).map(Zeroizing::new);
        let seed = seed.map_err(|_| Failure::failed(format!("{} holds no seed", path.display())))?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &seed)))
    }

    /// A source that draws the same for the same label.
    pub fn draw(&self, label: &str) -> Entropy {
        let tag = hmac::sign(&self.0, label.as_bytes());
        Entropy::seeded(tag.as_ref().try_into().expect("HMAC-SHA-256 makes 32 bytes"))
    }

    /// A password that a person could type; every other `number` has something awkward in it.
    pub fn password(&self, number: usize) -> String {
        let drawn = self.draw(&format!("password {number}")).bytes::<5>();
        let word = |at: usize| WORDS[usize::from(drawn[at]) % WORDS.len()];
        let glue = if number % 2 == 1 { AWKWARD[number / 2 % AWKWARD.len()] } else { ["-", "-"] };
        let figure = u16::from_be_bytes([drawn[3], drawn[4]]);
        format!("{}{}{}{}{}{figure}", word(0), glue[0], word(1), glue[1], word(2))
    }
}

/// What clients forget to encode.
const AWKWARD: [[&str; 2]; 5] = [["+", " "], ["&", "="], ["%41", "+"], [" ", "%"], ["=", "&"]];

const WORDS: [&str; 32] = [
    "amber", "basil", "cedar", "delta", "ember", "fjord", "grove", "heron", "inlet", "jetty", "kelp", "larch", "maple",
    "nectar", "otter", "pebble", "quartz", "river", "sable", "thicket", "umber", "violet", "willow", "yarrow",
    "zephyr", "anchor", "bramble", "copper", "dune", "falcon", "gravel", "harbour",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_password_and_each_person_another() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::prepare(dir.path()).unwrap();
        let (one, two) =
            (Seed::of(&folder, &Entropy::system()).unwrap(), Seed::of(&folder, &Entropy::system()).unwrap());
        for number in 0..20 {
            let password = one.password(number);
            assert_eq!(password, two.password(number));
            assert_ne!(password, one.password(number + 1));
            assert!(crate::domain::password::choose(&password, &[]).is_ok(), "{password}");
        }
    }
}
