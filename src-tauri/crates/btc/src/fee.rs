//! What a transaction should pay to be carried.

use bdk_bitcoind_rpc::bitcoincore_rpc::RpcApi;
use domain::FeeRate;

use crate::node_error::NodeError;
use crate::wallet::Wallet;

/// What is wanted of a fee rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeBounds {
    /// Blocks within which the transaction should be confirmed, 1 to 1008.
    pub target: u16,
    /// Never less than this.
    pub floor: FeeRate,
    /// Never more than this.
    pub cap: FeeRate,
}

/// Why no fee rate can be given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FeeError {
    /// The node.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The network asks for more than the cap.
    #[error(
        "the node carries nothing below {least} at this time, the cap is {cap}; nothing was built: wait, or raise the cap"
    )]
    CapTooLow {
        /// The least that is carried.
        least: FeeRate,
        /// The cap.
        cap: FeeRate,
    },
}

impl Wallet {
    /// The node's estimate, at least what it relays at all and at least the floor, at most the cap.
    /// A node without an estimate (a fresh or private chain) leaves the floor.
    pub async fn estimate_fee(&self, bounds: FeeBounds) -> Result<FeeRate, FeeError> {
        let target = bounds.target.clamp(1, 1008);
        let (mempool, estimate) = self
            .node
            .call(move |client| {
                Ok((
                    client.get_mempool_info()?,
                    client.estimate_smart_fee(target, None)?,
                ))
            })
            .await?;
        let rate = |amount: bitcoin::Amount| FeeRate::from_sat_per_kvb(amount.to_sat());
        let least = rate(mempool.mempool_min_fee.max(mempool.min_relay_tx_fee)).max(bounds.floor);
        if least > bounds.cap {
            return Err(FeeError::CapTooLow {
                least,
                cap: bounds.cap,
            });
        }
        let wanted = estimate.fee_rate.map_or(least, rate);
        Ok(wanted.clamp(least, bounds.cap))
    }
}
