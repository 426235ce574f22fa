//! Signed transactions handed to the node.

use bdk_bitcoind_rpc::bitcoincore_rpc::RpcApi;
use bitcoin::{Transaction, Txid};

use crate::node_error::NodeError;
use crate::wallet::{Wallet, WalletError};

/// `RPC_VERIFY_ALREADY_IN_UTXO_SET`: it is in a block already.
const ALREADY_IN_CHAIN: i32 = -27;
/// `RPC_VERIFY_REJECTED`: against consensus or the node's rules.
const REJECTED: i32 = -26;
/// `RPC_VERIFY_ERROR`: among others, inputs that are missing or spent.
const VERIFY_ERROR: i32 = -25;
/// `RPC_DESERIALIZATION_ERROR`.
const UNDECODABLE: i32 = -22;

/// What the node would do with a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acceptance {
    /// It would take it.
    Accepted,
    /// It has it already, waiting or in a block.
    Known,
    /// It would refuse it.
    Refused {
        /// Why.
        reason: String,
    },
}

/// Why a transaction may not be on its way.
#[derive(Debug, thiserror::Error)]
pub enum BroadcastError {
    /// The node was not reachable before anything was sent.
    #[error(transparent)]
    NotSent(NodeError),
    /// The node refused it.
    #[error(
        "the node refuses transaction {txid}: {reason}; it was not sent and no money moved, but the signed bytes stay valid: look at the plan's inputs before anything new is paid"
    )]
    Rejected {
        /// The transaction.
        txid: Txid,
        /// The node's reason.
        reason: String,
    },
    /// No answer after it was sent.
    #[error(
        "the node did not say whether it took transaction {txid} ({source}); it may be on its way: never pay again, only these same bytes may be sent again"
    )]
    Unknown {
        /// The transaction.
        txid: Txid,
        /// What went wrong.
        source: NodeError,
    },
    /// It was sent, but the wallet's cache can't note it.
    #[error("transaction {txid} was sent, but can't be noted in the cache: {source}")]
    Noting {
        /// The transaction.
        txid: Txid,
        /// What went wrong.
        source: WalletError,
    },
}

impl Wallet {
    /// Asks the node whether it would take the transaction, without sending it.
    pub async fn test_accept(&self, transaction: &Transaction) -> Result<Acceptance, NodeError> {
        self.node.check().await?;
        let asked = transaction.clone();
        let answers = self
            .node
            .call(move |client| client.test_mempool_accept(&[&asked]))
            .await?;
        let answer = answers
            .into_iter()
            .next()
            .filter(|answer| answer.txid == transaction.compute_txid())
            .ok_or_else(|| self.node.nonsense("it tested another transaction"))?;
        let reason = answer.reject_reason.unwrap_or_default();
        if answer.allowed {
            Ok(Acceptance::Accepted)
        } else if is_known(&reason) {
            Ok(Acceptance::Known)
        } else {
            Ok(Acceptance::Refused { reason })
        }
    }

    /// Sends a signed transaction. One that the node already has counts as sent. When the answer is
    /// lost, the transaction is looked for; only if it is not found either is the outcome unknown.
    pub async fn broadcast(&self, transaction: &Transaction) -> Result<Txid, BroadcastError> {
        let txid = transaction.compute_txid();
        // From here on an error may come after the node has acted; before, it can't.
        self.node.check().await.map_err(BroadcastError::NotSent)?;
        let sent = transaction.clone();
        match self
            .node
            .call(move |client| client.send_raw_transaction(&sent))
            .await
        {
            Ok(answer) if answer == txid => {}
            Ok(_) => {
                let source = self.node.nonsense("it names another transaction");
                return Err(BroadcastError::Unknown { txid, source });
            }
            Err(NodeError::Refused { code, reason, .. }) if is_verdict(code) => {
                let known = code == ALREADY_IN_CHAIN || is_known(&reason);
                if !known && !self.is_in_block(txid).await {
                    return Err(BroadcastError::Rejected { txid, reason });
                }
            }
            Err(source) => {
                if !self.node_has(txid).await {
                    return Err(BroadcastError::Unknown { txid, source });
                }
            }
        }
        self.note_sent(transaction)
            .await
            .map_err(|source| BroadcastError::Noting { txid, source })?;
        Ok(txid)
    }

    /// All outputs spent again: then the node no longer recognises it and speaks of missing inputs.
    async fn is_in_block(&self, txid: Txid) -> bool {
        let state = self.state.lock().await;
        let known = state.wallet.get_tx(txid);
        known.is_some_and(|tx| tx.chain_position.is_confirmed())
    }

    async fn node_has(&self, txid: Txid) -> bool {
        let ask = self.node.call(move |client| {
            // Without the transaction index this finds what waits in the mempool.
            client.get_raw_transaction(&txid, None).map(|_| ())
        });
        ask.await.is_ok() || self.is_in_block(txid).await
    }

    async fn note_sent(&self, transaction: &Transaction) -> Result<(), WalletError> {
        let mut state = self.state.lock().await;
        state.sent.insert(transaction.compute_txid());
        let at = state.next_stamp();
        state
            .wallet
            .apply_unconfirmed_txs([(transaction.clone(), at)]);
        state.persist().await
    }
}

/// The codes by which the node says that it looked at the transaction and did not take it.
const fn is_verdict(code: i32) -> bool {
    matches!(
        code,
        ALREADY_IN_CHAIN | REJECTED | VERIFY_ERROR | UNDECODABLE
    )
}

fn is_known(reason: &str) -> bool {
    [
        "txn-already-in-mempool",
        "txn-already-known",
        "txn-same-nonwitness-data-in-mempool",
    ]
    .iter()
    .any(|known| reason.contains(known))
}
