//! What a transaction of an EVM chain does.

use domain::{Leg, U256};

use super::{EvmFees, NonceAnchor};

/// All that a checked transaction does: it pays the leg exactly, or nothing when it cancels, and costs
/// at most the fee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvmEffects {
    pub(crate) leg: Option<Leg>,
    pub(crate) anchor: NonceAnchor,
    pub(crate) fees: EvmFees,
    pub(crate) gas_limit: u64,
    pub(crate) highest_fee: U256,
}

impl EvmEffects {
    /// Who is paid what; nobody by a cancel.
    pub const fn leg(&self) -> Option<&Leg> {
        self.leg.as_ref()
    }

    /// The account that pays, and its nonce.
    pub const fn anchor(&self) -> NonceAnchor {
        self.anchor
    }

    /// What each gas may cost.
    pub const fn fees(&self) -> EvmFees {
        self.fees
    }

    /// The most gas it may use.
    pub const fn gas_limit(&self) -> u64 {
        self.gas_limit
    }

    /// The most that it may cost, in wei: every gas at the highest price.
    pub const fn highest_fee(&self) -> U256 {
        self.highest_fee
    }
}
