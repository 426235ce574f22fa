//! Where a transaction is, and what else spends the vault's coins.

use bdk_bitcoind_rpc::bitcoincore_rpc::RpcApi;
use bdk_wallet::chain::{BlockId, ChainPosition};
use bitcoin::{BlockHash, OutPoint, Transaction, Txid};
use serde::de::IgnoredAny;

use crate::node_error::NodeError;
use crate::sync::SyncError;
use crate::wallet::{State, Wallet};

/// Where a signed transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainStatus {
    /// The node does not know it and nothing known spends its anchor: the same bytes may be sent
    /// again.
    Unseen,
    /// It waits for a block.
    Mempool,
    /// A block holds it.
    InBlock {
        /// The block's height.
        height: u32,
        /// The block.
        hash: BlockHash,
        /// Blocks on it, its own counted.
        confirmations: u32,
    },
    /// Another transaction spends the anchor: another version of the same payout, or a foreign one.
    Conflicted {
        /// The other transaction.
        by: Txid,
        /// Blocks on it, its own counted; 0 in the mempool.
        confirmations: u32,
    },
}

/// A transaction that spends coins of the vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingTx {
    /// Its id.
    pub txid: Txid,
    /// The vault's outpoints that it spends.
    pub spends: Vec<OutPoint>,
    /// The block that holds it, if one does.
    pub height: Option<u32>,
}

impl Wallet {
    /// Where a transaction is, by the wallet as of its last sync and by the node now. Sync first: a
    /// conflict in a block is seen by reading the block. Needs no transaction index.
    pub async fn status(
        &self,
        anchor: OutPoint,
        transaction: &Transaction,
    ) -> Result<ChainStatus, SyncError> {
        let txid = transaction.compute_txid();
        let (ours, others) = {
            let state = self.state.lock().await;
            (state.place(txid), state.others(txid, anchor))
        };
        if let Some(Place::Block(block)) = ours
            && let Some(confirmations) = self.confirmations(block.hash).await?
        {
            return Ok(ChainStatus::InBlock {
                height: block.height,
                hash: block.hash,
                confirmations,
            });
        }
        for (by, place) in &others {
            if let Place::Block(block) = place
                && let Some(confirmations) = self.confirmations(block.hash).await?
            {
                let by = *by;
                return Ok(ChainStatus::Conflicted { by, confirmations });
            }
        }
        if let Some(status) = self.ask_node(transaction).await? {
            return Ok(status);
        }
        Ok(match others.first() {
            Some((by, _)) => ChainStatus::Conflicted {
                by: *by,
                confirmations: 0,
            },
            None => ChainStatus::Unseen,
        })
    }

    /// Every transaction ever seen that spends the vault's coins, also one that was dropped since:
    /// each must have a `Signed` entry in the journal, or somebody else can sign.
    pub async fn outgoing(&self) -> Vec<OutgoingTx> {
        let state = self.state.lock().await;
        let positions = state.positions();
        let index = state.wallet.spk_index();
        let mut all = Vec::new();
        for node in state.wallet.tx_graph().full_txs() {
            let inputs = node.tx.input.iter().map(|input| input.previous_output);
            let spends: Vec<OutPoint> = inputs
                .filter(|spent| index.txout(*spent).is_some())
                .collect();
            if spends.is_empty() {
                continue;
            }
            let position = positions.get(&node.txid);
            let anchor = position.and_then(ChainPosition::confirmation_height_upper_bound);
            all.push(OutgoingTx {
                txid: node.txid,
                spends,
                height: anchor,
            });
        }
        all.sort_by_key(|outgoing| (outgoing.height.unwrap_or(u32::MAX), outgoing.txid));
        all
    }

    /// Blocks on a block, its own counted, by the node now: the wallet may have read a block that has
    /// left the chain since, and nothing final may be concluded from one.
    async fn confirmations(&self, hash: BlockHash) -> Result<Option<u32>, NodeError> {
        let asked = self
            .node
            .call(move |client| client.get_block_header_info(&hash));
        match asked.await {
            Ok(header) => Ok(u32::try_from(header.confirmations).ok().filter(|n| *n > 0)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The mempool, then the set of unspent outputs, which also knows a block not read yet.
    async fn ask_node(&self, transaction: &Transaction) -> Result<Option<ChainStatus>, NodeError> {
        let txid = transaction.compute_txid();
        // The entry's form differs between versions of the node; that there is one is enough.
        let waiting = self.node.call(move |client| {
            client.call::<IgnoredAny>("getmempoolentry", &[txid.to_string().into()])
        });
        match waiting.await {
            Ok(_) => return Ok(Some(ChainStatus::Mempool)),
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
        let outputs = u32::try_from(transaction.output.len()).unwrap_or(u32::MAX);
        self.node
            .call(move |client| {
                for output in 0..outputs {
                    let Some(found) = client.get_tx_out(&txid, output, Some(false))? else {
                        continue;
                    };
                    let best = client.get_block_header_info(&found.bestblock)?;
                    let above = found.confirmations.saturating_sub(1) as usize;
                    let height = best.height.saturating_sub(above);
                    let hash = client.get_block_hash(height as u64)?;
                    return Ok(Some(ChainStatus::InBlock {
                        height: u32::try_from(height).unwrap_or(u32::MAX),
                        hash,
                        confirmations: found.confirmations,
                    }));
                }
                Ok(None)
            })
            .await
    }
}

/// Where the wallet last saw a transaction that counts.
#[derive(Debug, Clone, Copy)]
enum Place {
    Waiting,
    Block(BlockId),
}

impl State {
    fn place(&self, txid: Txid) -> Option<Place> {
        let found = self.wallet.get_tx(txid)?;
        Some(match found.chain_position {
            ChainPosition::Confirmed { anchor, .. } => Place::Block(anchor.block_id),
            ChainPosition::Unconfirmed { .. } => Place::Waiting,
        })
    }

    /// Other transactions that spend the anchor and count.
    fn others(&self, txid: Txid, anchor: OutPoint) -> Vec<(Txid, Place)> {
        let spenders = self.wallet.tx_graph().outspends(anchor).iter();
        let others = spenders.filter(|spender| **spender != txid);
        others
            .filter_map(|by| Some((*by, self.place(*by)?)))
            .collect()
    }
}
