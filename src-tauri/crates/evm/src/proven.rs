//! Transactions that prove themselves: their hash and signature are computed, not believed.

use alloy::consensus::transaction::SignerRecoverable;
use alloy::consensus::{Transaction, TxEnvelope};
use alloy::eips::eip2718::{Decodable2718, Encodable2718};
use alloy_primitives::{Address, B256, TxHash, keccak256};
use domain::{ChainId, EvmAddress};
use serde::Deserialize;
use serde_json::Value;

/// A signed transaction to be sent or looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Watched {
    /// Keccak-256 of the signed bytes.
    pub hash: TxHash,
    /// The account that signed it.
    pub from: EvmAddress,
    /// Its nonce.
    pub nonce: u64,
}

/// Bytes that are no signed transaction of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "these bytes are not a signed EIP-1559 transaction of chain {chain}: {reason}; nothing was sent"
)]
pub struct SignedError {
    /// The chain.
    pub chain: ChainId,
    /// What is wrong.
    pub reason: String,
}

impl Watched {
    /// What signed bytes say of themselves: `0x02` and the list of twelve fields, and not a byte more.
    pub fn of_signed(bytes: &[u8], chain: ChainId) -> Result<Self, SignedError> {
        let wrong = |reason: &str| SignedError {
            chain,
            reason: reason.to_owned(),
        };
        let mut rest = bytes;
        let decoded = TxEnvelope::decode_2718(&mut rest);
        let Ok(TxEnvelope::Eip1559(signed)) = decoded else {
            return Err(wrong("they can't be decoded as one"));
        };
        if signed.tx().chain_id != chain.get() {
            return Err(wrong("they are for another chain"));
        }
        let nonce = signed.tx().nonce;
        let envelope = TxEnvelope::Eip1559(signed);
        if !rest.is_empty() || envelope.encoded_2718() != bytes {
            return Err(wrong("they are not in the one right encoding"));
        }
        let from = envelope
            .recover_signer()
            .map_err(|_| wrong("the signature is of no key"))?;
        let from = EvmAddress::from_bytes(from.into_array(), chain)
            .map_err(|_| wrong("the signature is of no account"))?;
        Ok(Self {
            hash: keccak256(bytes),
            from,
            nonce,
        })
    }
}

/// A transaction that a node gave, whose fields belong to its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Proven {
    pub(crate) from: Address,
    pub(crate) nonce: u64,
    pub(crate) gas_limit: u64,
    pub(crate) max_fee_per_gas: u128,
    /// The block that holds it, as the node says.
    pub(crate) block: Option<B256>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    #[serde(default)]
    block_hash: Option<B256>,
}

impl Proven {
    /// Encodes what the node gave, hashes that, and recovers who signed it.
    pub(crate) fn read(value: &Value, hash: TxHash) -> Result<Self, String> {
        let unreadable = |error: serde_json::Error| format!("transaction {hash}: {error}");
        let place = Place::deserialize(value).map_err(unreadable)?;
        let envelope = TxEnvelope::deserialize(value).map_err(unreadable)?;
        if keccak256(envelope.encoded_2718()) != hash {
            return Err(format!("for transaction {hash} it gives another one"));
        }
        let from = envelope
            .recover_signer()
            .map_err(|_| format!("transaction {hash} is signed by no key"))?;
        Ok(Self {
            from,
            nonce: envelope.nonce(),
            gas_limit: envelope.gas_limit(),
            max_fee_per_gas: envelope.max_fee_per_gas(),
            block: place.block_hash,
        })
    }
}
