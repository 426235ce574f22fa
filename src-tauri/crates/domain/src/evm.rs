//! EVM chains and addresses.

use std::fmt;

use alloy_primitives::{Address as Raw, keccak256};
use serde::{Deserialize, Serialize};

use crate::address::{AddressError, NetworkClass};

/// The id that every transaction of an EVM chain is bound to (EIP-155, EIP-1344).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChainId(u64);

/// A number that is no chain id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no chain id: it is a number from 1 to {max}", max = ChainId::MAX)]
pub struct ChainIdError(pub u64);

/// Public and private chains whose coins have no value. Every other chain counts as real money: an
/// unknown one must not be taken for a test.
const TEST_CHAINS: [u64; 12] = [
    5, 97, 1337, 17_000, 31_337, 43_113, 80_002, 84_532, 421_614, 560_048, 11_155_111, 11_155_420,
];

impl ChainId {
    /// The largest that EIP-2294 leaves room for.
    pub const MAX: u64 = (u64::MAX / 2) - 36;

    /// A chain id.
    pub const fn new(id: u64) -> Result<Self, ChainIdError> {
        if id == 0 || id > Self::MAX {
            return Err(ChainIdError(id));
        }
        Ok(Self(id))
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Whether real money is at stake.
    pub fn class(self) -> NetworkClass {
        if TEST_CHAINS.contains(&self.0) {
            NetworkClass::Test
        } else {
            NetworkClass::Mainnet
        }
    }
}

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An account on an EVM chain. Written in one spelling: mixed case, which carries the checksum (EIP-55).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EvmAddress {
    chain: ChainId,
    bytes: [u8; 20],
}

impl EvmAddress {
    /// Checks an address and its checksum (EIP-55).
    pub fn parse(text: &str, chain: ChainId) -> Result<Self, AddressError> {
        let shown: String = text.chars().take(100).collect();
        let text = text.trim();
        let malformed = |reason: &str| AddressError::NotEvm {
            text: shown.clone(),
            reason: reason.to_owned(),
        };
        let digits = text
            .strip_prefix("0x")
            .ok_or_else(|| malformed("it does not begin with 0x"))?;
        if digits.len() != 40 {
            return Err(malformed("0x is followed by exactly 40 hexadecimal digits"));
        }
        let mut bytes = [0; 20];
        hex::decode_to_slice(digits, &mut bytes)
            .map_err(|_| malformed("only hexadecimal digits follow 0x"))?;
        let address = Self::from_bytes(bytes, chain)?;
        if address.to_string() != text {
            let one_case = digits.to_lowercase() == digits || digits.to_uppercase() == digits;
            return Err(if one_case {
                AddressError::NoChecksum(shown)
            } else {
                AddressError::Checksum(shown)
            });
        }
        Ok(address)
    }

    /// An address from its bytes, unless nobody can spend from it: the zero address and the range that
    /// is set aside for precompiled contracts (EIP-1352), where burnt coins lie as well.
    pub fn from_bytes(bytes: [u8; 20], chain: ChainId) -> Result<Self, AddressError> {
        if bytes.iter().take(18).all(|byte| *byte == 0) {
            return Err(AddressError::Unspendable(Raw::from(bytes).to_string()));
        }
        Ok(Self { chain, bytes })
    }

    /// The account of a public key: the last 20 bytes of Keccak-256 over the point's two coordinates
    /// (yellow paper, appendix F). `point` is x and y, 64 bytes.
    pub fn of_public_key(point: &[u8; 64], chain: ChainId) -> Result<Self, AddressError> {
        let mut bytes = [0; 20];
        let hash = keccak256(point);
        for (to, from) in bytes.iter_mut().zip(hash.iter().skip(12)) {
            *to = *from;
        }
        Self::from_bytes(bytes, chain)
    }

    /// The 20 bytes.
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.bytes
    }

    /// The chain it was checked for.
    pub const fn chain(&self) -> ChainId {
        self.chain
    }
}

impl fmt::Display for EvmAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&Raw::from(self.bytes).to_checksum(None))
    }
}

impl fmt::Debug for EvmAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EvmAddress({self} on {})", self.chain)
    }
}

impl TryFrom<u64> for ChainId {
    type Error = ChainIdError;
    fn try_from(id: u64) -> Result<Self, ChainIdError> {
        Self::new(id)
    }
}

impl From<ChainId> for u64 {
    fn from(id: ChainId) -> u64 {
        id.0
    }
}

impl Serialize for ChainId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for ChainId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
