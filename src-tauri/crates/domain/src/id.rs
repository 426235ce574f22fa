//! Identifiers. Each is a hash of what it names, so that an id can be checked against the thing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that is not the hexadecimal form of an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {what}: 64 lower-case hexadecimal digits are expected")]
pub struct IdError {
    what: &'static str,
    text: String,
}

macro_rules! hash_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Takes the 32 bytes of an id as they are.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// The first eight hexadecimal digits: enough to tell things apart on a screen, never
            /// enough to decide by.
            pub fn short(&self) -> String {
                self.to_string().chars().take(8).collect()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.short())
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                decode_lower_hex(text)
                    .map(Self)
                    .ok_or_else(|| IdError { what: $what, text: text.chars().take(80).collect() })
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// Upper case is refused: an id has one spelling.
fn decode_lower_hex(text: &str) -> Option<[u8; 32]> {
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        return None;
    }
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(bytes)
}

hash_id!(
    /// A treasury: the id of its founding entry.
    TreasuryId, "a treasury id"
);
hash_id!(
    /// The body of a journal entry: SHA-256 of its DSSE pre-authentication encoding.
    EntryId, "an entry id"
);
hash_id!(
    /// A link of the journal's chain: SHA-256 of its DSSE pre-authentication encoding.
    LinkId, "a link id"
);
hash_id!(
    /// A proposal's digest, which every approval names and which officers compare as words.
    ProposalId, "a proposal id"
);
hash_id!(
    /// A vault: the id of the proposal that ordered it.
    VaultId, "a vault id"
);
hash_id!(
    /// An officer: SHA-256 of the SEC1-compressed public key in PIV slot 9c.
    OfficerId, "an officer id"
);
hash_id!(
    /// A machine: SHA-256 of its SEC1-compressed public key.
    MachineId, "a machine id"
);
hash_id!(
    /// A policy: domain-separated SHA-256 of its text, byte for byte.
    PolicyHash, "a policy hash"
);
hash_id!(
    /// The plans of a batch, in order: domain-separated SHA-256 of their entries' ids.
    PlansHash, "a hash of plans"
);
hash_id!(
    /// One run of a protocol. Random, agreed by all seats, never used twice, not even after an abort.
    SessionId, "a session id"
);

impl PlansHash {
    /// The hash of plans in their order.
    pub fn of(plans: impl ExactSizeIterator<Item = EntryId>) -> Self {
        let start = crate::Canonical::new("countersign/batch-plans/v1").number(plans.len() as u64);
        let hash = plans.fold(start, |hash, plan| hash.bytes(plan.as_bytes()));
        Self(hash.finish())
    }
}

/// A seat's number in its vault, from 1; also its FROST identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct SeatId(u16);

/// A seat number outside 1 to [`SeatId::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("seat numbers run from 1 to {max}, not {0}", max = SeatId::MAX)]
pub struct SeatIdError(u16);

impl SeatId {
    /// More seats than any company has hands for; bounds all work on remote input.
    pub const MAX: u16 = 15;

    /// A seat number, from 1 to [`SeatId::MAX`].
    pub const fn new(number: u16) -> Result<Self, SeatIdError> {
        if number == 0 || number > Self::MAX {
            return Err(SeatIdError(number));
        }
        Ok(Self(number))
    }

    /// The number, from 1.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for SeatId {
    type Error = SeatIdError;
    fn try_from(number: u16) -> Result<Self, SeatIdError> {
        Self::new(number)
    }
}

impl From<SeatId> for u16 {
    fn from(seat: SeatId) -> u16 {
        seat.0
    }
}

impl fmt::Display for SeatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
