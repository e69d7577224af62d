//! The names of things: typed, so that one cannot be passed for another.

use std::fmt;

use super::time::Timestamp;

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// The id with these 128 bits, drawn by the caller.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// An id drawn at `at`, of which the caller drew the bits after the first 48: those are the milliseconds since
            /// 1970, so that ids sort by when they were drawn, and what is written together lies together (RFC 9562 §6.2).
            pub fn drawn_at(at: Timestamp, mut bytes: [u8; 16]) -> Self {
                bytes[..6].copy_from_slice(&at.micros().div_euclid(1_000).to_be_bytes()[2..]);
                Self(bytes)
            }

            /// The 128 bits, as stored.
            pub const fn bytes(&self) -> &[u8; 16] {
                &self.0
            }

            /// Reads exactly 32 lower-case hex digits.
            pub fn from_hex(text: &str) -> Option<Self> {
                if text.len() != 32 {
                    return None;
                }
                let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?;
                Some(Self(bytes.try_into().ok()?))
            }

            /// 32 lower-case hex digits.
            pub fn hex(&self) -> String {
                data_encoding::HEXLOWER.encode(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.hex())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.hex())
            }
        }
    };
}

macro_rules! counted_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

random_id! {
    /// A client id: an application's public name, 32 lower-case hex digits on the wire (B-05). It is also the key the
    /// application is stored under.
    ClientId
}
random_id! {
    /// One of an application's client secrets. Not the secret: its name, for listing and revoking.
    SecretId
}
random_id! {
    /// Everything that one password request or one use of an authorization key issued (T-11).
    FamilyId
}
random_id! {
    /// An authorization code, and after its exchange the redemption that its token depends on (L-10, L-15).
    CodeId
}
random_id! {
    /// What an account lets an application do: a consent to Login with Prosper, or an agent's grant (L-09, K-04).
    ConsentId
}
random_id! {
    /// An authorization key (K-04). Not the key: its name.
    AuthKeyId
}
random_id! {
    /// A signed-in browser.
    SessionId
}
random_id! {
    /// A link that works once: the first staff account, a mailed confirmation.
    LinkId
}
counted_id! {
    /// An account's number: stable, never reused, internal to Prosper (A-01; seed 3, "id").
    AccountId
}
counted_id! {
    /// A space (tenant), numbered from 1 in the order they were made.
    SpaceId
}

/// An account's GUID: stable, never reused, lower case with hyphens (A-01; seed 3, "uid").
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AccountUid([u8; 16]);

impl AccountUid {
    /// A version 4 GUID out of 16 random bytes (RFC 9562 §5.4).
    pub const fn from_random(mut bytes: [u8; 16]) -> Self {
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Self(bytes)
    }

    /// The GUID that was stored as these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes, as stored.
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads a GUID as it is written, in either case.
    pub fn parse(text: &str) -> Option<Self> {
        let hyphens = text.len() == 36 && [8, 13, 18, 23].iter().all(|at| text.as_bytes()[*at] == b'-');
        let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.replace('-', "").as_bytes()).ok()?;
        if hyphens { bytes.try_into().ok().map(Self) } else { None }
    }
}

impl fmt::Display for AccountUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut room = [0; 32];
        let hex = data_encoding::HEXLOWER.encode_mut_str(&self.0, &mut room);
        f.write_str(&hex[..8])?;
        for part in [8..12, 12..16, 16..20, 20..32] {
            f.write_str("-")?;
            f.write_str(&hex[part])?;
        }
        Ok(())
    }
}

impl fmt::Debug for AccountUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountUid({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_id_is_exactly_32_lower_case_hex_digits() {
        let id = ClientId::from_bytes([0xab; 16]);
        assert_eq!(id.hex(), "ab".repeat(16));
        assert_eq!(ClientId::from_hex(&id.hex()), Some(id));
        for bad in ["", "ab", &"AB".repeat(16), &"ab".repeat(17), &"zz".repeat(16)] {
            assert_eq!(ClientId::from_hex(bad), None, "{bad}");
        }
    }

    #[test]
    fn ids_sort_by_when_they_were_drawn() {
        let at = |millis: i64| Timestamp::from_micros(millis * 1_000 + 999);
        let id = CodeId::drawn_at(at(0x0102_0304_0506), [0xff; 16]);
        assert_eq!(id.hex(), "010203040506ffffffffffffffffffff");
        assert!(id < CodeId::drawn_at(at(0x0102_0304_0507), [0; 16]));
    }

    #[test]
    fn a_uid_is_written_as_a_version_4_guid() {
        let uid = AccountUid::from_random([0xff; 16]).to_string();
        assert_eq!(uid, "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(AccountUid::parse(&uid.to_uppercase()).expect("as written").to_string(), uid);
        for bad in ["", "ffffffff", &uid.replace('-', ""), &uid.replace('f', "g"), &format!("{uid}0")] {
            assert!(AccountUid::parse(bad).is_none(), "{bad}");
        }
    }
}
