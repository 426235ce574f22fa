//! How much gas a transaction may use.

use domain::EvmAddress;
use serde_json::json;

use crate::answer::{Bytes, Count};
use crate::call::Call;
use crate::chain::raw;
use crate::node::{Node, Question};
use crate::node_error::NodeError;

/// What a payment to an account without code uses, exactly (yellow paper, appendix G).
const PLAIN: u64 = 21_000;

/// The most that a payment may use. A token's transfer uses 30,000 to 300,000; on chains that charge
/// for the chain below in gas, some times as much. More is no payment.
pub const GAS_CEILING: u64 = 2_000_000;

/// Why no gas limit can be given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GasError {
    /// The node.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The payment would cost its fee and not pay.
    #[error(
        "the node at {place} says that this payment would fail: {reason}; nothing was built: look at the balance, and at whether the token or the payee lets it pass"
    )]
    WouldFail {
        /// Where the node is.
        place: String,
        /// The node's reason.
        reason: String,
    },
    /// More than any payment uses.
    #[error(
        "this payment would use {needed} units of gas, more than the {GAS_CEILING} that a payment may use; nothing was built: look at the token's contract and the payee"
    )]
    TooMuch {
        /// What it would use, with the margin.
        needed: u64,
    },
}

impl Node {
    /// The gas limit of a call: 21,000 for a plain payment to an account without code; else what the
    /// node estimates and a fifth more, up to [`GAS_CEILING`].
    pub async fn gas_limit(&self, from: &EvmAddress, call: &Call) -> Result<u64, GasError> {
        self.own(from.chain())?;
        self.own(call.to.chain())?;
        let to = raw(&call.to);
        let what = json!({
            "from": raw(from),
            "to": to,
            "value": call.value,
            "data": format!("0x{}", hex::encode(&call.data)),
        });
        let questions = [
            Question::new("eth_getCode", json!([to, "latest"])),
            Question::new("eth_estimateGas", json!([what, "latest"])),
        ];
        let mut answers = self.ask_each(&questions).await?.into_iter();
        let Bytes(code) = self.read_next("eth_getCode", &mut answers)?;
        let estimate = self.read_next("eth_estimateGas", &mut answers);
        let estimate = match estimate {
            Ok(Count(gas)) => Ok(gas),
            Err(NodeError::Refused { reason, url, .. }) => {
                Err(GasError::WouldFail { place: url, reason })
            }
            Err(error) => return Err(error.into()),
        };
        limit(code.is_empty() && call.data.is_empty(), estimate)
    }
}

fn limit(plain: bool, estimate: Result<u64, GasError>) -> Result<u64, GasError> {
    let estimate = match estimate {
        Ok(gas) => gas.max(PLAIN),
        // Only for want of money, which may be on its way; it is looked at where it is spent.
        Err(_) if plain => PLAIN,
        Err(error) => return Err(error),
    };
    // Some chains charge for the chain below in gas, also for a plain payment.
    if plain && estimate == PLAIN {
        return Ok(PLAIN);
    }
    let needed = estimate.saturating_add(estimate.div_ceil(5));
    if needed > GAS_CEILING {
        return Err(GasError::TooMuch { needed });
    }
    Ok(needed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_payment_has_a_fixed_price_and_others_a_margin() {
        let failing = || {
            Err(GasError::WouldFail {
                place: "http://node".to_owned(),
                reason: "insufficient funds".to_owned(),
            })
        };
        assert_eq!(limit(true, Ok(21_000)), Ok(21_000));
        assert_eq!(limit(true, failing()), Ok(21_000));
        assert_eq!(limit(true, Ok(100_000)), Ok(120_000));
        assert_eq!(limit(false, Ok(51_448)), Ok(61_738));
        assert_eq!(limit(false, Ok(1)), Ok(25_200));
        assert_eq!(limit(false, failing()), failing());
        assert!(matches!(
            limit(false, Ok(GAS_CEILING)),
            Err(GasError::TooMuch { .. })
        ));
        assert!(matches!(
            limit(false, Ok(u64::MAX)),
            Err(GasError::TooMuch { .. })
        ));
    }
}
