//! The node's mempool: what waits there for a block, and what of ours no longer does.

use std::collections::BTreeSet;

use bdk_bitcoind_rpc::bitcoincore_rpc::{self as rpc, Client, RpcApi, jsonrpc};
use bitcoin::consensus::encode::deserialize_hex;
use bitcoin::{BlockHash, Transaction, Txid};

use crate::chain::SyncStep;
use crate::node::Node;
use crate::node_error::NodeError;
use crate::wallet::{State, Wallet};

/// Transactions asked for in one request.
const BATCH: usize = 200;

/// A mempool as it stood on one tip.
struct Mempool {
    tip: BlockHash,
    txids: BTreeSet<Txid>,
    fresh: Vec<Transaction>,
    missed: BTreeSet<Txid>,
}

/// Whether the mempool was taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It stands on the wallet's tip and was taken over.
    Yes,
    /// A block came in between: what is missing may be in it, so nothing was decided.
    TipMoved,
}

impl Wallet {
    /// Takes over what is new in the mempool, and evicts what of ours is neither there nor in a block.
    pub(crate) async fn read_mempool(&self) -> Result<Taken, SyncStep> {
        let seen = {
            let mut state = self.state.lock().await;
            state.sent.clear();
            state.seen.clone()
        };
        let node = self.node.clone();
        let mempool = self
            .node
            .block(move || fetch(&node, &node.client()?, &seen))
            .await?;
        let mut state = self.state.lock().await;
        match mempool.filter(|mempool| mempool.tip == state.wallet.latest_checkpoint().hash()) {
            None => Ok(Taken::TipMoved),
            Some(mempool) => {
                state.take(mempool);
                state.persist().await?;
                Ok(Taken::Yes)
            }
        }
    }
}

impl State {
    fn take(&mut self, mempool: Mempool) {
        let evicted: Vec<Txid> = self
            .wallet
            .transactions()
            .filter(|tx| tx.chain_position.is_unconfirmed())
            .map(|tx| tx.tx_node.txid)
            .filter(|txid| !mempool.txids.contains(txid) && !self.sent.contains(txid))
            .collect();
        let at = self.next_stamp();
        self.wallet
            .apply_evicted_txs(evicted.into_iter().map(|txid| (txid, at)));
        let at = self.next_stamp();
        self.wallet
            .apply_unconfirmed_txs(mempool.fresh.into_iter().map(|tx| (tx, at)));
        self.seen = mempool.txids;
        // What left before it could be fetched may come again.
        self.seen.retain(|txid| !mempool.missed.contains(txid));
    }
}

/// Reads the mempool; nothing when a block came in between. Only transactions never looked at are
/// fetched: a mempool can hold a hundred thousand.
fn fetch(
    node: &Node,
    client: &Client,
    seen: &BTreeSet<Txid>,
) -> Result<Option<Mempool>, NodeError> {
    let fault = |error| node.classify(error);
    let tip = client.get_best_block_hash().map_err(fault)?;
    let listed = client.get_raw_mempool().map_err(fault)?;
    let txids: BTreeSet<Txid> = listed.into_iter().collect();
    // The list must belong to the tip, or a transaction just mined would look evicted.
    if client.get_best_block_hash().map_err(fault)? != tip {
        return Ok(None);
    }
    let unseen: Vec<Txid> = txids.difference(seen).copied().collect();
    let mut fresh = Vec::new();
    for some in unseen.chunks(BATCH) {
        fresh.extend(fetch_some(node, client, some)?);
    }
    let fetched: BTreeSet<Txid> = fresh.iter().map(Transaction::compute_txid).collect();
    let missed = unseen
        .into_iter()
        .filter(|txid| !fetched.contains(txid))
        .collect();
    Ok(Some(Mempool {
        tip,
        txids,
        fresh,
        missed,
    }))
}

fn fetch_some(node: &Node, client: &Client, txids: &[Txid]) -> Result<Vec<Transaction>, NodeError> {
    let fault = |error: jsonrpc::Error| node.classify(rpc::Error::JsonRpc(error));
    let client = client.get_jsonrpc_client();
    let arguments: Vec<_> = txids
        .iter()
        .map(|txid| jsonrpc::arg([txid.to_string()]))
        .collect();
    let requests: Vec<_> = arguments
        .iter()
        .map(|argument| client.build_request("getrawtransaction", Some(argument)))
        .collect();
    let mut fetched = Vec::new();
    for answer in client.send_batch(&requests).map_err(fault)? {
        let answer = answer.ok_or_else(|| node.nonsense("an answer of a batch is missing"))?;
        match answer.result::<String>() {
            Ok(hex) => fetched.push(deserialize_hex(&hex).map_err(|error| node.nonsense(error))?),
            // It left the mempool in the meantime.
            Err(error) if fault_is_not_found(node, &error) => {}
            Err(error) => return Err(fault(error)),
        }
    }
    Ok(fetched)
}

fn fault_is_not_found(node: &Node, error: &jsonrpc::Error) -> bool {
    match error {
        jsonrpc::Error::Rpc(answer) => node
            .classify(rpc::Error::JsonRpc(jsonrpc::Error::Rpc(answer.clone())))
            .is_not_found(),
        _ => false,
    }
}
