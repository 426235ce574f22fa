//! Transactions of EVM chains: decoded on their own, checked against what was approved, signed.

mod decode;
mod effects;
mod inspect;
mod mismatch;
mod order;

pub use decode::{EvmFees, EvmTransaction, decode_evm};
pub use effects::EvmEffects;
pub use inspect::{inspect_evm, inspect_evm_cancel};
pub use mismatch::EvmMismatch;
pub use order::{
    EvmPurpose, order_evm, order_evm_cancel, order_evm_transfer, unsigned_hash, verify_signed_evm,
};

pub(crate) use order::EvmWork;

/// The most gas that one payout may ask for. A token takes 30,000 to 300,000; on chains that charge for
/// the chain below in gas, some times as much. More is no payment.
pub const MAX_GAS: u64 = 2_000_000;

/// What a transfer of the chain's own coin to an account without code costs (EIP-2028 and before).
pub const TRANSFER_GAS: u64 = 21_000;

/// The dearest hours of any chain so far asked about this much, in wei for each gas; more is a slip
/// of a unit.
pub const MAX_GAS_PRICE: u128 = 10_000_000_000_000;

/// What every version of a payout shares: the account that pays and its nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NonceAnchor {
    /// The account.
    pub account: domain::EvmAddress,
    /// Its nonce: the chain takes one transaction for each.
    pub nonce: u64,
}

impl std::fmt::Display for NonceAnchor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "nonce {} of {}", self.nonce, self.account)
    }
}
