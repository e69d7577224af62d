//! What Login with Prosper seals: codes and tokens, as bytes (L-10, L-19).
//!
//! Both are fixed-width fields, big-endian, one after the other, and nothing else: a plain text of any other length is
//! none of ours. Sealing (`crypto::seal`) sees to it that nobody else can make one, and that its text has one spelling.

use crate::crypto::digest::sha256;
use crate::crypto::seal::{Purpose, from_base64, from_base64url, to_base64, to_base64url};
use crate::domain::ids::{AccountId, ClientId, CodeId, ConsentId, SpaceId};
use crate::domain::scope::ScopeSet;
use crate::domain::time::Timestamp;
use crate::prosper::Prosper;
use crate::store::families::Epochs;
use crate::store::stood::Basis;

/// An authorization code (L-10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// For whom, about whom.
    pub basis: Basis,
    /// What it is for.
    pub scope: ScopeSet,
    /// When it ends.
    pub expires_at: Timestamp,
    /// SHA-256 of the exact redirect URI it was sent to.
    pub redirect: [u8; 32],
    /// The PKCE challenge it is bound to: a SHA-256 already.
    pub challenge: Option<[u8; 32]>,
}

/// An access token of Login with Prosper (L-19).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginToken {
    /// For whom, about whom.
    pub basis: Basis,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Code {
    /// The code as it is sent.
    pub fn seal(&self, p: &Prosper) -> String {
        to_base64url(&p.keys.seal(Purpose::Code, &self.pack(), &p.entropy))
    }

    /// Opens a code; `None` for anything that is not one of ours, spelled as we spelled it.
    pub fn open(text: &str, p: &Prosper) -> Option<Self> {
        Self::unpack(&p.keys.open(Purpose::Code, &from_base64url(text)?)?)
    }

    /// Was it sent to exactly `uri`?
    pub fn was_sent_to(&self, uri: &str) -> bool {
        self.redirect == sha256(uri.as_bytes())
    }

    fn pack(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(BASIS + 8 + 8 + 32 + 1 + 32);
        pack(&self.basis, &mut out);
        out.extend(self.scope.bits().to_be_bytes());
        out.extend(self.expires_at.micros().to_be_bytes());
        out.extend(self.redirect);
        out.push(self.challenge.is_some().into());
        out.extend(self.challenge.iter().flatten());
        out
    }

    fn unpack(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let basis = unpack(&mut fields)?;
        let bits = fields.int()?;
        let scope = ScopeSet::from_bits(bits);
        let expires_at = Timestamp::from_micros(fields.int()?);
        let redirect = fields.take()?;
        let challenge = match fields.take()? {
            [0] => None,
            [1] => Some(fields.take()?),
            _ => return None,
        };
        (fields.0.is_empty() && scope.bits() == bits).then_some(Self { basis, scope, expires_at, redirect, challenge })
    }
}

impl LoginToken {
    /// The token as it is sent.
    pub fn seal(&self, p: &Prosper) -> String {
        to_base64(&p.keys.seal(Purpose::LoginToken, &self.pack(), &p.entropy))
    }

    /// Opens a token; `None` for anything that is not one of ours, spelled as we spelled it.
    pub fn open(text: &str, p: &Prosper) -> Option<Self> {
        Self::unpack(&p.keys.open(Purpose::LoginToken, &from_base64(text)?)?)
    }

    fn pack(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(BASIS + 8);
        pack(&self.basis, &mut out);
        out.extend(self.expires_at.micros().to_be_bytes());
        out
    }

    fn unpack(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let basis = unpack(&mut fields)?;
        let expires_at = Timestamp::from_micros(fields.int()?);
        fields.0.is_empty().then_some(Self { basis, expires_at })
    }
}

fn pack(basis: &Basis, out: &mut Vec<u8>) {
    for id in [basis.code.bytes(), basis.client.bytes(), basis.consent.bytes()] {
        out.extend(id);
    }
    let Epochs { account, application, agent: _, installation } = basis.epochs;
    for number in [basis.account.0, basis.space.0, account, application, installation] {
        out.extend(number.to_be_bytes());
    }
}

fn unpack(fields: &mut Fields<'_>) -> Option<Basis> {
    Some(Basis {
        code: CodeId::from_bytes(fields.take()?),
        client: ClientId::from_bytes(fields.take()?),
        consent: ConsentId::from_bytes(fields.take()?),
        account: AccountId(fields.int()?),
        space: SpaceId(fields.int()?),
        epochs: Epochs { account: fields.int()?, application: fields.int()?, agent: 0, installation: fields.int()? },
    })
}

/// What of a plain text is not read yet.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (&field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(field)
    }

    fn int(&mut self) -> Option<i64> {
        self.take().map(i64::from_be_bytes)
    }
}

/// Bytes of a packed [`Basis`].
const BASIS: usize = 3 * 16 + 5 * 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    prop_compose! {
        fn bases()(ids: [[u8; 16]; 3], numbers: [i64; 5]) -> Basis {
            Basis {
                code: CodeId::from_bytes(ids[0]),
                client: ClientId::from_bytes(ids[1]),
                consent: ConsentId::from_bytes(ids[2]),
                account: AccountId(numbers[0]),
                space: SpaceId(numbers[1]),
                epochs: Epochs { account: numbers[2], application: numbers[3], agent: 0, installation: numbers[4] },
            }
        }
    }

    prop_compose! {
        fn codes()(basis in bases(), bits in 0i64..1024, at: i64, redirect: [u8; 32], challenge: Option<[u8; 32]>) -> Code {
            let (scope, expires_at) = (ScopeSet::from_bits(bits), Timestamp::from_micros(at));
            Code { basis, scope, expires_at, redirect, challenge }
        }
    }

    proptest! {
        #[test]
        fn a_code_reads_back_and_no_other_length_does_l_10(code in codes(), more in 1usize..40, less in 1usize..200) {
            let packed = code.pack();
            prop_assert_eq!(Code::unpack(&packed), Some(code));
            prop_assert_eq!(Code::unpack(&[packed.as_slice(), &vec![0; more]].concat()), None);
            prop_assert_eq!(Code::unpack(&packed[..packed.len().saturating_sub(less)]), None);
        }

        #[test]
        fn a_token_reads_back_and_is_no_code_r_36(basis in bases(), at: i64, code in codes()) {
            let token = LoginToken { basis, expires_at: Timestamp::from_micros(at) };
            prop_assert_eq!(Code::unpack(&token.pack()), None);
            prop_assert_eq!(LoginToken::unpack(&code.pack()), None);
            prop_assert_eq!(LoginToken::unpack(&token.pack()), Some(token));
        }

        #[test]
        fn what_is_read_is_what_would_be_written(bytes in proptest::collection::vec(any::<u8>(), 90..170)) {
            if let Some(code) = Code::unpack(&bytes) {
                prop_assert_eq!(code.pack(), bytes);
            }
        }
    }
}
