//! What a transaction should offer for its gas.

use std::fmt;

use serde::Deserialize;
use serde_json::json;

use crate::answer::Quantity;
use crate::node::Node;
use crate::node_error::NodeError;

/// Blocks whose tips are looked at.
const BLOCKS: u64 = 20;

/// Of a block's tips, by gas, the one that half of them stay below.
const PERCENTILE: u64 = 50;

/// Wei in a gwei.
const GWEI: u128 = 1_000_000_000;

/// What a transaction offers for a unit of gas, in wei (EIP-1559).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fees {
    /// The most that is paid in all. Times the gas limit, it is the most that the transaction can cost.
    pub max_fee_per_gas: u128,
    /// The most of it that goes to the block's maker.
    pub max_priority_fee_per_gas: u128,
}

/// What is wanted of the fees, in wei for a unit of gas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeBounds {
    /// The block's maker is never offered less. A quiet chain asks for next to nothing, and nodes do
    /// not carry that.
    pub floor_priority: u128,
    /// Never more than this in all.
    pub cap_max_fee: u128,
}

impl FeeBounds {
    /// At least a tenth of a gwei for the block's maker, and at most `cap_max_fee` in all.
    pub const fn up_to(cap_max_fee: u128) -> Self {
        Self {
            floor_priority: GWEI / 10,
            cap_max_fee,
        }
    }
}

/// Why no fees can be given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FeeError {
    /// The node.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The chain asks for more than the cap.
    #[error(
        "the next block takes nothing below {} for a unit of gas, the cap is {}; nothing was built: wait, or raise the cap", Gwei(*.least), Gwei(*.cap)
    )]
    CapTooLow {
        /// The least that is carried.
        least: u128,
        /// The cap.
        cap: u128,
    },
    /// Beyond what a transaction can say.
    #[error(
        "a fee of more than 2^128 - 1 wei for a unit of gas can't be offered; nothing was built"
    )]
    OutOfRange,
}

/// Fees for a transaction that replaces another with the same nonce: both fields above the previous
/// by an eighth at least (nodes ask for a tenth), and at least what the market asks for.
pub fn bumped(previous: Fees, market: Fees) -> Result<Fees, FeeError> {
    let max_fee = raised(previous.max_fee_per_gas)?.max(market.max_fee_per_gas);
    let tip = raised(previous.max_priority_fee_per_gas)?.max(market.max_priority_fee_per_gas);
    Ok(Fees {
        // A replacement that offers more tip than in all would be carried by nobody.
        max_fee_per_gas: max_fee.max(tip),
        max_priority_fee_per_gas: tip,
    })
}

/// An eighth more, rounded up, and one wei more at least.
fn raised(fee: u128) -> Result<u128, FeeError> {
    fee.checked_add(fee.div_ceil(8).max(1))
        .ok_or(FeeError::OutOfRange)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct History {
    base_fee_per_gas: Vec<Quantity>,
    #[serde(default)]
    reward: Option<Vec<Vec<Quantity>>>,
}

impl Node {
    /// Twice the next block's base fee, which is enough for the next six blocks should they all be
    /// full, and the tip that is usual: at least the floor, at most the cap.
    pub async fn estimate_fees(&self, bounds: FeeBounds) -> Result<Fees, FeeError> {
        let params = json!([format!("{BLOCKS:#x}"), "latest", [PERCENTILE]]);
        let history: History = self.ask("eth_feeHistory", params).await?;
        // The list ends with the block that is next.
        let base = history
            .base_fee_per_gas
            .last()
            .ok_or_else(|| self.nonsense("the fee history names no base fee"))?;
        let tips = history.reward.unwrap_or_default();
        let tips = tips.iter().filter_map(|block| block.first());
        let tips: Option<Vec<u128>> = tips
            .map(|Quantity(tip)| u128::try_from(*tip).ok())
            .collect();
        let base = u128::try_from(base.0).ok();
        let (Some(base), Some(tips)) = (base, tips) else {
            return Err(self.nonsense("the fee history is out of range").into());
        };
        fees(base, tips, bounds)
    }
}

fn fees(base: u128, mut tips: Vec<u128>, bounds: FeeBounds) -> Result<Fees, FeeError> {
    let least = base
        .checked_add(bounds.floor_priority)
        .ok_or(FeeError::OutOfRange)?;
    if least > bounds.cap_max_fee {
        return Err(FeeError::CapTooLow {
            least,
            cap: bounds.cap_max_fee,
        });
    }
    // An empty block has no tip and says nothing about what is usual.
    tips.retain(|tip| *tip > 0);
    tips.sort_unstable();
    let usual = tips.get(tips.len() / 2).copied().unwrap_or_default();
    let tip = usual.max(bounds.floor_priority);
    let max_fee = base
        .checked_mul(2)
        .and_then(|base| base.checked_add(tip))
        .map_or(bounds.cap_max_fee, |fee| fee.min(bounds.cap_max_fee));
    Ok(Fees {
        max_fee_per_gas: max_fee,
        max_priority_fee_per_gas: tip.min(max_fee),
    })
}

/// Wei for a unit of gas, as people read it.
struct Gwei(u128);

impl fmt::Display for Gwei {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:09}", self.0 / GWEI, self.0 % GWEI);
        write!(
            f,
            "{} gwei",
            text.trim_end_matches('0').trim_end_matches('.')
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BOUNDS: FeeBounds = FeeBounds::up_to(100 * GWEI);

    const fn pair(max_fee_per_gas: u128, max_priority_fee_per_gas: u128) -> Fees {
        Fees {
            max_fee_per_gas,
            max_priority_fee_per_gas,
        }
    }

    #[test]
    fn twice_the_base_fee_and_the_usual_tip() {
        let usual = fees(10 * GWEI, vec![0, 3 * GWEI, 2 * GWEI, 0, GWEI], BOUNDS);
        assert_eq!(usual, Ok(pair(22 * GWEI, 2 * GWEI)));
        // A test chain's tip of 1 wei, and no tip at all.
        let floor = Ok(pair(20 * GWEI + GWEI / 10, GWEI / 10));
        assert_eq!(fees(10 * GWEI, vec![1, 1, 1], BOUNDS), floor);
        assert_eq!(fees(10 * GWEI, Vec::new(), BOUNDS), floor);
    }

    #[test]
    fn the_cap_holds_and_one_below_the_next_block_is_told() {
        assert_eq!(
            fees(60 * GWEI, vec![GWEI], BOUNDS),
            Ok(pair(100 * GWEI, GWEI))
        );
        let dear = fees(10 * GWEI, vec![500 * GWEI], BOUNDS);
        assert_eq!(dear, Ok(pair(100 * GWEI, 100 * GWEI)));
        let error = fees(100 * GWEI, vec![GWEI], BOUNDS).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the next block takes nothing below 100.1 gwei for a unit of gas, the cap is 100 gwei; nothing was built: wait, or raise the cap"
        );
        assert_eq!(
            fees(u128::MAX, Vec::new(), BOUNDS),
            Err(FeeError::OutOfRange)
        );
    }

    #[test]
    fn a_bump_raises_both_by_an_eighth_rounded_up() {
        let none = pair(0, 0);
        assert_eq!(bumped(pair(1000, 80), none), Ok(pair(1125, 90)));
        assert_eq!(bumped(pair(1001, 81), none), Ok(pair(1127, 92)));
        assert_eq!(bumped(pair(1000, 0), none), Ok(pair(1125, 1)));
        assert_eq!(bumped(pair(1000, 80), pair(5000, 85)), Ok(pair(5000, 90)));
        assert_eq!(bumped(pair(u128::MAX, 1), none), Err(FeeError::OutOfRange));
    }

    proptest! {
        #[test]
        fn every_bump_is_carried(
            max in 0..u128::MAX / 2, tip in 0..u128::MAX / 2,
            market_max in any::<u128>(), market_tip in any::<u128>(),
        ) {
            let previous = pair(max.max(tip), tip);
            let market = pair(market_max.max(market_tip), market_tip);
            let next = bumped(previous, market).unwrap();
            for (next, previous) in [
                (next.max_fee_per_gas, previous.max_fee_per_gas),
                (next.max_priority_fee_per_gas, previous.max_priority_fee_per_gas),
            ] {
                prop_assert!(next > previous);
                // next >= previous * 1.1, without the rounding of a division.
                prop_assert!(next - previous >= previous.div_ceil(10));
            }
            prop_assert!(next.max_fee_per_gas >= market.max_fee_per_gas);
            prop_assert!(next.max_priority_fee_per_gas >= market.max_priority_fee_per_gas);
            prop_assert!(next.max_priority_fee_per_gas <= next.max_fee_per_gas);
        }

        #[test]
        fn fees_stay_within_their_bounds(
            base in any::<u128>(), tips in proptest::collection::vec(any::<u128>(), 0..30),
            floor_priority in any::<u128>(), cap_max_fee in any::<u128>(),
        ) {
            let bounds = FeeBounds { floor_priority, cap_max_fee };
            if let Ok(fees) = fees(base, tips, bounds) {
                prop_assert!(fees.max_fee_per_gas <= cap_max_fee);
                prop_assert!(fees.max_fee_per_gas >= base.saturating_add(floor_priority));
                prop_assert!(fees.max_priority_fee_per_gas >= floor_priority);
                prop_assert!(fees.max_priority_fee_per_gas <= fees.max_fee_per_gas);
            }
        }
    }
}
