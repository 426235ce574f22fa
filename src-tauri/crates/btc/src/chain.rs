//! The wallet's chain brought in line with the node's before anything is read.

use bdk_bitcoind_rpc::bitcoincore_rpc::{Client, RpcApi, json};
use bdk_wallet::ChangeSet;
use bdk_wallet::chain::CheckPoint;
use bitcoin::BlockHash;
use domain::Timestamp;

use crate::node::Node;
use crate::node_error::NodeError;
use crate::wallet::{State, Wallet, WalletError, load};

/// Clocks of miners may run this wrong; blocks this much older than a vault are read too.
const BIRTHDAY_MARGIN_SECS: u64 = 24 * 60 * 60;

impl Wallet {
    /// Cuts off the wallet's blocks that the node's best chain no longer holds.
    ///
    /// bdk's `Emitter` does not notice a chain that only became shorter until a competing block
    /// comes; till then a transaction would count as confirmed that is not. So the fork is looked
    /// for here, at the start and at the end of every sync.
    pub(crate) async fn rewind(&self) -> Result<Rewound, SyncStep> {
        let tip = self.state.lock().await.wallet.latest_checkpoint();
        let node = self.node.clone();
        let fork = self
            .node
            .block({
                let tip = tip.clone();
                move || last_shared(&node, &node.client()?, tip)
            })
            .await?;
        if fork.height() == tip.height() {
            return Ok(Rewound::Nothing);
        }
        let gone: Vec<u32> = tip
            .iter()
            .map(|block| block.height())
            .take_while(|height| *height > fork.height())
            .collect();
        let mut changes = ChangeSet::default();
        changes
            .local_chain
            .blocks
            .extend(gone.into_iter().map(|height| (height, None)));
        let mut state = self.state.lock().await;
        state.persist().await?;
        state
            .store
            .append(&changes)
            .await
            .map_err(WalletError::from)?;
        self.reload(&mut state).await?;
        Ok(Rewound::Blocks)
    }

    /// Takes the wallet from the store again: bdk has no way to cut its chain in place.
    async fn reload(&self, state: &mut State) -> Result<(), WalletError> {
        let mut store = state.store.clone();
        let wallet = load(&self.keys, &self.view, &mut store).await?;
        state.wallet = wallet.ok_or_else(|| {
            WalletError::from(store.damaged("it was emptied while in use".to_owned()))
        })?;
        // What was mined and came back must be seen again.
        state.seen.clear();
        Ok(())
    }

    /// The height from which blocks are read.
    pub(crate) async fn first_height(&self) -> Result<u32, NodeError> {
        if self.state.lock().await.height() > 0 {
            return Ok(0);
        }
        let birthday = self.birthday;
        let node = self.node.clone();
        self.node
            .block(move || height_before(&node, &node.client()?, birthday))
            .await
    }
}

/// Whether blocks were cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rewound {
    Nothing,
    Blocks,
}

/// What can fail in a step of a sync.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SyncStep {
    #[error(transparent)]
    Node(#[from] NodeError),
    #[error(transparent)]
    Wallet(#[from] WalletError),
}

/// The highest block of the wallet that is in the node's best chain.
fn last_shared(node: &Node, client: &Client, tip: CheckPoint) -> Result<CheckPoint, NodeError> {
    for block in tip.iter() {
        match header(node, client, &block.hash()) {
            Ok(info) if info.confirmations >= 0 => return Ok(block),
            Ok(_) => {}
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
    }
    // Not even the first block is shared.
    Err(NodeError::WrongChain {
        url: node.url().to_owned(),
        expected: node.network(),
        found: "another chain".to_owned(),
    })
}

fn header(
    node: &Node,
    client: &Client,
    hash: &BlockHash,
) -> Result<json::GetBlockHeaderResult, NodeError> {
    let info = client.get_block_header_info(hash);
    info.map_err(|error| node.classify(error))
}

/// The first height whose block is not well before `birthday`, by halving: block times grow but for
/// clock errors far smaller than the margin.
fn height_before(node: &Node, client: &Client, birthday: Timestamp) -> Result<u32, NodeError> {
    let from = (birthday.as_millis() / 1000).saturating_sub(BIRTHDAY_MARGIN_SECS);
    let tip = client
        .get_block_count()
        .map_err(|error| node.classify(error))?;
    let (mut low, mut high) = (0, tip);
    while low < high {
        let middle = low.midpoint(high);
        let hash = client
            .get_block_hash(middle)
            .map_err(|error| node.classify(error))?;
        if (header(node, client, &hash)?.time as u64) < from {
            low = middle.saturating_add(1);
        } else {
            high = middle;
        }
    }
    u32::try_from(low).map_err(|_| node.nonsense("its chain has more blocks than can be"))
}
