//! The wallet brought up to the node's tip, in steps that can be watched and stopped.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bdk_bitcoind_rpc::bitcoincore_rpc::Client;
use bdk_bitcoind_rpc::{BlockEvent, Emitter, NO_EXPECTED_MEMPOOL_TXS};
use bdk_wallet::chain::{ChainPosition, ConfirmationBlockTime};
use bitcoin::{Block, BlockHash, Txid};

use crate::chain::{Rewound, SyncStep};
use crate::mempool::Taken;
use crate::node::Node;
use crate::node_error::NodeError;
use crate::wallet::{State, Wallet, WalletError};

/// Blocks read before they are applied and written: a pause for cancel, a bound on memory.
const BLOCKS_AT_ONCE: usize = 16;
/// The same as a time, for slow nodes.
const READ_AT_MOST: Duration = Duration::from_secs(1);
/// Times that a sync starts over because the chain moved under it, before it leaves the rest to the
/// next one.
const ROUNDS: u32 = 10;

/// Stops a sync at the next pause. Clones are one switch.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A switch that is not thrown.
    pub fn new() -> Self {
        Self::default()
    }

    /// Throws the switch.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was thrown.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// How far a sync is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncProgress {
    /// The block that was read last.
    pub height: u32,
    /// The node's last block when the sync began.
    pub target: u32,
}

/// A block at the end of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tip {
    /// Its height.
    pub height: u32,
    /// Its hash.
    pub hash: BlockHash,
}

/// How a sync ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncEnd {
    /// The wallet's tip is the node's.
    AtTip,
    /// It was cancelled; what was read is kept.
    Cancelled,
    /// Blocks came faster than they were read; what was read is kept.
    TipMoving,
}

/// What a sync found, compared with what the wallet knew before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncReport {
    /// How it ended.
    pub end: SyncEnd,
    /// The wallet's last block.
    pub tip: Tip,
    /// The vault's transactions that were not known before.
    pub new: Vec<Txid>,
    /// Transactions that came into a block.
    pub confirmed: Vec<Txid>,
    /// Transactions whose block left the chain, even if another block holds them again.
    pub reorged: Vec<Txid>,
    /// Transactions that are neither in the mempool nor in a block any more.
    pub dropped: Vec<Txid>,
}

/// Why a sync ended early. What was read before is kept.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The node.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The wallet.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// The node's blocks do not fit together.
    #[error(
        "block {height} of the node does not follow the one before ({reason}); it was not used: try again, and check the node if this stays"
    )]
    Disconnected {
        /// The block's height.
        height: u32,
        /// What does not fit.
        reason: String,
    },
}

impl From<SyncStep> for SyncError {
    fn from(step: SyncStep) -> Self {
        match step {
            SyncStep::Node(error) => error.into(),
            SyncStep::Wallet(error) => error.into(),
        }
    }
}

/// Where each of the vault's transactions is: in this block, or waiting.
type Places = BTreeMap<Txid, Option<BlockHash>>;

impl Wallet {
    /// Reads the node's blocks and mempool. Reports each pause to `progress`; stops at a pause when
    /// `cancel` is thrown, keeping what was read. Dropping the future is safe as well.
    pub async fn sync(
        &self,
        progress: &mut (dyn FnMut(SyncProgress) + Send),
        cancel: &Cancel,
    ) -> Result<SyncReport, SyncError> {
        let _one = self.gate.lock().await;
        self.node.check().await?;
        let before = self.state.lock().await.places();
        let mut end = SyncEnd::TipMoving;
        for _ in 0..ROUNDS {
            end = self.round(progress, cancel).await?;
            if end != SyncEnd::TipMoving {
                break;
            }
        }
        let state = self.state.lock().await;
        let tip = state.wallet.latest_checkpoint();
        let tip = Tip {
            height: tip.height(),
            hash: tip.hash(),
        };
        Ok(report(end, tip, &before, &state.places()))
    }

    async fn round(
        &self,
        progress: &mut (dyn FnMut(SyncProgress) + Send),
        cancel: &Cancel,
    ) -> Result<SyncEnd, SyncError> {
        self.rewind().await?;
        if self.read_blocks(progress, cancel).await? == SyncEnd::Cancelled {
            return Ok(SyncEnd::Cancelled);
        }
        if self.rewind().await? == Rewound::Blocks {
            return Ok(SyncEnd::TipMoving);
        }
        match self.read_mempool().await? {
            Taken::Yes => Ok(SyncEnd::AtTip),
            Taken::TipMoved => Ok(SyncEnd::TipMoving),
        }
    }

    async fn read_blocks(
        &self,
        progress: &mut (dyn FnMut(SyncProgress) + Send),
        cancel: &Cancel,
    ) -> Result<SyncEnd, SyncError> {
        let target = self
            .node
            .call(bdk_bitcoind_rpc::bitcoincore_rpc::RpcApi::get_block_count);
        let target = u32::try_from(target.await?).unwrap_or(u32::MAX);
        let first = self.first_height().await?;
        let tip = self.state.lock().await.wallet.latest_checkpoint();
        let node = self.node.clone();
        let mut emitter = self
            .node
            .block(move || {
                let client = Arc::new(node.client()?);
                Ok(Emitter::new(client, tip, first, NO_EXPECTED_MEMPOOL_TXS))
            })
            .await?;
        loop {
            if cancel.is_cancelled() {
                return Ok(SyncEnd::Cancelled);
            }
            let node = self.node.clone();
            let (back, blocks) = self.node.block(move || read_some(&node, emitter)).await?;
            emitter = back;
            if blocks.is_empty() {
                return Ok(SyncEnd::AtTip);
            }
            let height = self.apply(&blocks).await?;
            progress(SyncProgress {
                height,
                target: target.max(height),
            });
        }
    }

    async fn apply(&self, blocks: &[BlockEvent<Block>]) -> Result<u32, SyncError> {
        let mut state = self.state.lock().await;
        for event in blocks {
            let height = event.block_height();
            state
                .wallet
                .apply_block_connected_to(&event.block, height, event.connected_to())
                .map_err(|error| SyncError::Disconnected {
                    height,
                    reason: error.to_string(),
                })?;
        }
        state.persist().await?;
        Ok(state.height())
    }
}

impl State {
    fn places(&self) -> Places {
        let place = |position| match position {
            ChainPosition::Confirmed { anchor, .. } => {
                let anchor: ConfirmationBlockTime = anchor;
                Some(anchor.block_id.hash)
            }
            ChainPosition::Unconfirmed { .. } => None,
        };
        let all = self.positions().into_iter();
        all.map(|(txid, position)| (txid, place(position)))
            .collect()
    }
}

type BlockEmitter = Emitter<Arc<Client>>;

fn read_some(
    node: &Node,
    mut emitter: BlockEmitter,
) -> Result<(BlockEmitter, Vec<BlockEvent<Block>>), NodeError> {
    let start = Instant::now();
    let mut blocks = Vec::new();
    while blocks.len() < BLOCKS_AT_ONCE && start.elapsed() < READ_AT_MOST {
        match emitter.next_block() {
            Ok(Some(block)) => blocks.push(block),
            Ok(None) => break,
            Err(error) => return Err(node.classify(error)),
        }
    }
    Ok((emitter, blocks))
}

fn report(end: SyncEnd, tip: Tip, before: &Places, after: &Places) -> SyncReport {
    let all = |places: &Places, keep: &dyn Fn(&Txid, &Option<BlockHash>) -> bool| -> Vec<Txid> {
        let kept = places.iter().filter(|(txid, place)| keep(txid, place));
        kept.map(|(txid, _)| *txid).collect()
    };
    SyncReport {
        end,
        tip,
        new: all(after, &|txid, _| !before.contains_key(txid)),
        confirmed: all(after, &|txid, place| {
            place.is_some() && before.get(txid).copied().flatten().is_none()
        }),
        reorged: all(before, &|txid, place| {
            place.is_some() && after.get(txid).copied().flatten() != *place
        }),
        dropped: all(before, &|txid, _| !after.contains_key(txid)),
    }
}
