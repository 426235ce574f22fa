//! What a node answers, read strictly.

use alloy_primitives::{Address, B256, U256};
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};

/// A number in JSON-RPC: `0x` and hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quantity(pub(crate) U256);

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || D::Error::custom("a number is not `0x` and at most 64 hexadecimal digits");
        let digits = text.strip_prefix("0x").ok_or_else(wrong)?;
        // The length is looked at before the digits: a node may send megabytes.
        if digits.is_empty() || digits.len() > 64 || !digits.bytes().all(|b| b.is_ascii_hexdigit())
        {
            return Err(wrong());
        }
        U256::from_str_radix(digits, 16)
            .map(Self)
            .map_err(|_| wrong())
    }
}

/// A number that must fit into `T`.
pub(crate) fn number<'de, D: Deserializer<'de>, T: TryFrom<U256>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let Quantity(number) = Quantity::deserialize(deserializer)?;
    T::try_from(number).map_err(|_| D::Error::custom("a number is out of range"))
}

fn number_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<U256>, D::Error> {
    Option::<Quantity>::deserialize(deserializer).map(|found| found.map(|Quantity(n)| n))
}

/// A number of 64 bits.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(transparent)]
pub(crate) struct Count(#[serde(deserialize_with = "number")] pub(crate) u64);

/// Bytes in JSON-RPC: `0x` and pairs of digits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub(crate) struct Bytes(pub(crate) alloy_primitives::Bytes);

/// A block with the hashes of its transactions.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Block {
    #[serde(deserialize_with = "number")]
    pub(crate) number: u64,
    pub(crate) hash: B256,
    #[serde(deserialize_with = "number")]
    pub(crate) timestamp: u64,
    pub(crate) transactions: Vec<B256>,
}

/// A block with its transactions, each read when it is looked at.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct FullBlock {
    #[serde(deserialize_with = "number")]
    pub(crate) number: u64,
    pub(crate) transactions: Vec<serde_json::Value>,
}

/// Whose transaction it is, in a block with its transactions.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Sender {
    pub(crate) hash: B256,
    pub(crate) from: Address,
    #[serde(deserialize_with = "number")]
    pub(crate) nonce: u64,
}

/// What came of a transaction, as far as a payment needs it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Receipt {
    pub(crate) transaction_hash: B256,
    #[serde(deserialize_with = "number")]
    pub(crate) transaction_index: u64,
    pub(crate) block_hash: B256,
    #[serde(deserialize_with = "number")]
    pub(crate) block_number: u64,
    pub(crate) from: Address,
    #[serde(deserialize_with = "number")]
    pub(crate) gas_used: u64,
    #[serde(deserialize_with = "number")]
    pub(crate) effective_gas_price: u128,
    #[serde(deserialize_with = "number")]
    pub(crate) status: u64,
    /// What chains built on the OP stack take on top, for the chain below.
    #[serde(default, deserialize_with = "number_or_none")]
    pub(crate) l1_fee: Option<U256>,
}

/// `eth_syncing`: `false`, or how far it is.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Syncing {
    Yes(Progress),
    Done(bool),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Progress {
    pub(crate) current_block: Count,
    pub(crate) highest_block: Count,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_number_has_one_spelling() {
        for wrong in [
            json!("0x"),
            json!("12"),
            json!(12),
            json!("0xg"),
            json!("0x+1"),
            json!(null),
        ] {
            assert!(
                serde_json::from_value::<Quantity>(wrong.clone()).is_err(),
                "{wrong}"
            );
        }
        let long = format!("0x{}", "0".repeat(65));
        assert!(serde_json::from_value::<Quantity>(json!(long)).is_err());
        let largest = format!("0x{}", "f".repeat(64));
        let read: Quantity = serde_json::from_value(json!(largest)).unwrap();
        assert_eq!(read.0, U256::MAX);
        assert!(serde_json::from_value::<Count>(json!("0x10000000000000000")).is_err());
        assert_eq!(
            serde_json::from_value::<Count>(json!("0xff")).unwrap().0,
            255
        );
    }
}
