//! Ceilings that no plan passes, whatever was approved: each catches a mistake, not a choice.

use domain::{FeeRate, Sats};

/// Nodes do not carry heavier transactions (Bitcoin Core's `MAX_STANDARD_TX_WEIGHT`).
pub const MAX_WEIGHT: u64 = 400_000;

/// A byte without witness weighs four units: a longer unsigned transaction is too heavy by itself.
pub const MAX_BYTES: usize = 100_000;

/// Each input is a signature of its own by t seats. Together with the legs that a payout may have
/// (1000 Taproot outputs), this many stay below [`MAX_WEIGHT`].
pub const MAX_INPUTS: usize = 500;

/// The dearest hours of Bitcoin so far (April 2024) asked about this much; more is a slip of a unit.
/// It is also below what nodes refuse to send unasked (`maxfeerate`, 10,000 sat/vB).
pub const MAX_FEE_RATE: FeeRate = FeeRate::from_sat_per_vb(2000);

/// Least change: below this it goes to the fee. Above the relay limit of a Taproot output (330), so
/// that change is worth what spending it costs in ordinary hours.
pub const CHANGE_DUST: Sats = Sats::DUST;

/// What a key-path witness with SIGHASH_DEFAULT weighs: count, length, 64 bytes of signature.
pub(crate) const WITNESS_WEIGHT: u64 = 1 + 1 + 64;

/// Segwit marker and flag.
pub(crate) const SEGWIT_WEIGHT: u64 = 2;
