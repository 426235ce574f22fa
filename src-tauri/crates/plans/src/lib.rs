//! Transaction bytes, decoded on their own and checked against what was approved.
//!
//! Every seat runs this for itself, over the bytes in its own journal, before it gives a share of a
//! signature. What comes out, a [`SigningOrder`], is the only thing `mpc` signs.

mod decode;
mod effects;
mod evm;
mod inspect;
pub mod limits;
mod mismatch;
mod order;
mod sighash;
mod signed;
mod vault;

pub use decode::{LOCK_TIME, SEQUENCE, decode};
pub use effects::{Change, Effects, VirtualSize};
pub use evm::{
    EvmEffects, EvmFees, EvmMismatch, EvmPurpose, EvmTransaction, MAX_GAS, MAX_GAS_PRICE,
    NonceAnchor, TRANSFER_GAS, decode_evm, inspect_evm, inspect_evm_cancel, order_evm,
    order_evm_cancel, order_evm_transfer, unsigned_hash, verify_signed_evm,
};
pub use inspect::{inspect, inspect_cancel};
pub use mismatch::PlanMismatch;
pub use order::{
    FinishError, InputDigest, SignedPlan, SigningOrder, TxRef, order, order_cancel, order_transfer,
};
pub use signed::{NotSigned, verify_signed, verify_signed_cancel};
pub use vault::{Keychain, TransferError, VaultKeyError, VaultKeys, VaultView};
