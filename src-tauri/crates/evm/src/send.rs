//! Signed transactions handed to the node.

use alloy_primitives::TxHash;
use serde_json::{Value, json};

use crate::node::Node;
use crate::node_error::NodeError;
use crate::proven::{Proven, SignedError, Watched};
use crate::watch::ChainStatus;

/// The codes by which a node says that it looked at a transaction and did not take it: geth's for
/// everything, EIP-1474's "transaction rejected", and OpenEthereum's, which others took over.
const VERDICTS: [i64; 3] = [-32000, -32003, -32010];

/// Why a transaction may not be on its way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// No signed transaction for the node's chain.
    #[error(transparent)]
    Unsigned(#[from] SignedError),
    /// The node was not reachable, or the wrong one, before anything was sent.
    #[error(transparent)]
    NotSent(NodeError),
    /// The nonce is used up by another transaction of the account.
    #[error(
        "another transaction of the account has nonce {nonce}, so transaction {hash} was not sent and pays nothing while the other stands; look up which one that is before anything is paid again"
    )]
    NonceTaken {
        /// The transaction.
        hash: TxHash,
        /// Its nonce.
        nonce: u64,
    },
    /// Another transaction with the nonce waits in the pool and offers as much.
    #[error(
        "another transaction with nonce {nonce} waits and offers nearly as much or more: transaction {hash} was not sent, but the signed bytes stay valid; wait for the other, or raise both fees by a tenth at least"
    )]
    Underpriced {
        /// The transaction.
        hash: TxHash,
        /// Its nonce.
        nonce: u64,
    },
    /// The node refused it.
    #[error(
        "the node refuses transaction {hash}: {reason}; it was not sent and no money moved, but the signed bytes stay valid: look at the account's balance and the plan's fees before anything new is paid"
    )]
    Rejected {
        /// The transaction.
        hash: TxHash,
        /// The node's reason.
        reason: String,
    },
    /// No answer after it was sent.
    #[error(
        "the node did not say whether it took transaction {hash} ({source}); it may be on its way: never pay again, only these same bytes may be sent again"
    )]
    Unknown {
        /// The transaction.
        hash: TxHash,
        /// What went wrong.
        source: NodeError,
    },
}

impl Node {
    /// Sends signed bytes. A transaction that the node already has, or that is in a block already,
    /// counts as sent. When the answer is lost, the transaction is looked for; only if it is not found
    /// either is the outcome unknown. The same bytes may be sent as often as wanted.
    pub async fn send(&self, raw: &[u8]) -> Result<TxHash, SendError> {
        let sent = Watched::of_signed(raw, self.chain())?;
        let hash = sent.hash;
        // From here on an error may come after the node has acted; before, it can't.
        self.check_chain().await.map_err(SendError::NotSent)?;
        let params = json!([format!("0x{}", hex::encode(raw))]);
        let source = match self.ask_alone("eth_sendRawTransaction", params).await {
            Ok(answer) => match self.read::<TxHash>("the transaction's hash", answer) {
                Ok(answer) if answer == hash => return Ok(hash),
                Ok(_) => self.lies("it names another transaction than the one it was given"),
                Err(error) => error,
            },
            Err(error) => error,
        };
        self.after(&sent, source).await
    }

    /// What an answer other than the hash means.
    async fn after(&self, sent: &Watched, source: NodeError) -> Result<TxHash, SendError> {
        let (hash, nonce) = (sent.hash, sent.nonce);
        let refusal = match &source {
            NodeError::Refused { code, reason, .. } => Refusal::of(*code, reason),
            NodeError::Unreachable { .. }
            | NodeError::TimedOut { .. }
            | NodeError::Unauthorized { .. }
            | NodeError::OtherChain { .. }
            | NodeError::Misdirected { .. }
            | NodeError::Syncing { .. }
            | NodeError::Nonsense { .. }
            | NodeError::Lies { .. }
            | NodeError::Disagree { .. }
            | NodeError::Moved => Refusal::NoVerdict,
        };
        let known = match refusal {
            Refusal::Known => return Ok(hash),
            Refusal::NonceTooLow => return self.after_low_nonce(sent).await,
            Refusal::Underpriced | Refusal::Verdict | Refusal::NoVerdict => self.has(sent).await,
        };
        match (known, refusal) {
            (Ok(true), _) => Ok(hash),
            (Ok(false), Refusal::Underpriced) => Err(SendError::Underpriced { hash, nonce }),
            (Ok(false), Refusal::Verdict) => Err(match source {
                NodeError::Refused { reason, .. } => SendError::Rejected { hash, reason },
                source => SendError::Unknown { hash, source },
            }),
            (Ok(false) | Err(_), _) => Err(SendError::Unknown { hash, source }),
        }
    }

    /// The nonce is used: by this very transaction, or by another.
    async fn after_low_nonce(&self, sent: &Watched) -> Result<TxHash, SendError> {
        let hash = sent.hash;
        match self.status(sent).await {
            Ok(ChainStatus::InBlock { .. } | ChainStatus::Pending) => Ok(hash),
            Ok(ChainStatus::Taken { .. }) => Err(SendError::NonceTaken {
                hash,
                nonce: sent.nonce,
            }),
            // The node said that the nonce is used, and then that it is free.
            Ok(ChainStatus::Unseen) => Err(SendError::Unknown {
                hash,
                source: self.lies(format!("nonce {} is used and free", sent.nonce)),
            }),
            Err(source) => Err(SendError::Unknown { hash, source }),
        }
    }

    /// Whether the node has the transaction, waiting or in a block, and can show it.
    async fn has(&self, sent: &Watched) -> Result<bool, NodeError> {
        let given: Option<Value> = self
            .ask("eth_getTransactionByHash", json!([sent.hash]))
            .await?;
        match given {
            None => Ok(false),
            Some(given) => Proven::read(&given, sent.hash)
                .map(|_| true)
                .map_err(|what| self.lies(what)),
        }
    }
}

/// What a node's refusal says. JSON-RPC has no codes for these, so the words of the common nodes (geth,
/// Nethermind, Besu, Erigon, Reth, anvil) are known. A word that is not known is no harm: then the
/// transaction is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    Known,
    NonceTooLow,
    Underpriced,
    Verdict,
    NoVerdict,
}

impl Refusal {
    fn of(code: i64, reason: &str) -> Self {
        let reason = reason.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| reason.contains(word));
        if says(&[
            "already known",
            "alreadyknown",
            "known transaction",
            "already imported",
            "already in mempool",
            "already in the pool",
        ]) {
            Self::Known
        } else if says(&["nonce too low", "nonce is too low", "oldnonce"]) {
            Self::NonceTooLow
        } else if says(&[
            "replacement transaction underpriced",
            "replacement underpriced",
            "replacementnotallowed",
            "could not replace existing",
        ]) {
            Self::Underpriced
        } else if VERDICTS.contains(&code) {
            Self::Verdict
        } else {
            Self::NoVerdict
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_common_nodes() {
        for (code, reason, expected) in [
            (-32000, "already known", Refusal::Known),
            (-32010, "AlreadyKnown", Refusal::Known),
            (-32000, "Known transaction", Refusal::Known),
            (-32003, "transaction already imported", Refusal::Known),
            (
                -32000,
                "nonce too low: next nonce 4, tx nonce 3",
                Refusal::NonceTooLow,
            ),
            (-32001, "Nonce too low", Refusal::NonceTooLow),
            (
                -32010,
                "OldNonce, Current nonce: 4, nonce of rejected tx: 3",
                Refusal::NonceTooLow,
            ),
            (
                -32000,
                "replacement transaction underpriced",
                Refusal::Underpriced,
            ),
            (
                -32000,
                "could not replace existing tx",
                Refusal::Underpriced,
            ),
            (-32010, "ReplacementNotAllowed", Refusal::Underpriced),
            // The pool's own floor: raising a replacement's fees is not what it asks for.
            (
                -32000,
                "transaction underpriced: gas tip cap 1",
                Refusal::Verdict,
            ),
            (
                -32000,
                "insufficient funds for gas * price + value",
                Refusal::Verdict,
            ),
            (-32005, "limit exceeded", Refusal::NoVerdict),
            (-32603, "internal error", Refusal::NoVerdict),
        ] {
            assert_eq!(Refusal::of(code, reason), expected, "{reason}");
        }
    }
}
