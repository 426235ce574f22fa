//! What a transaction does, in words that people and rules can use.

use bitcoin::{OutPoint, Txid};
use domain::act::ChildPath;
use domain::{BtcAddress, FeeRate, Leg, Sats};

/// A transaction's size as fees count it, in virtual bytes (BIP141).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct VirtualSize(pub(crate) u64);

impl VirtualSize {
    /// Virtual bytes.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// The change that returns to the vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The child key that owns it.
    pub path: ChildPath,
    /// Its address.
    pub address: BtcAddress,
    /// How much.
    pub amount: Sats,
}

/// All that a checked transaction does, and nothing besides: it pays each leg of the payout exactly,
/// returns the change to the vault, and leaves the fee to the miner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effects {
    pub(crate) legs: Vec<Leg>,
    pub(crate) change: Option<Change>,
    pub(crate) fee: Sats,
    pub(crate) inputs: Sats,
    pub(crate) txid: Txid,
    pub(crate) spends: Vec<OutPoint>,
    pub(crate) size: VirtualSize,
}

impl Effects {
    /// Who is paid what, in the payout's order.
    pub fn legs(&self) -> &[Leg] {
        &self.legs
    }

    /// What returns to the vault.
    pub const fn change(&self) -> Option<&Change> {
        self.change.as_ref()
    }

    /// The network fee.
    pub const fn fee(&self) -> Sats {
        self.fee
    }

    /// The network fee per size, rounded down.
    pub const fn fee_rate(&self) -> FeeRate {
        // No overflow: the fee is below 2.1e15, and a size is never 0.
        let milli = self.fee.get().saturating_mul(1000);
        match milli.checked_div(self.size.0) {
            Some(rate) => FeeRate::from_sat_per_kvb(rate),
            None => FeeRate::from_sat_per_kvb(u64::MAX),
        }
    }

    /// What all inputs hold.
    pub const fn inputs_total(&self) -> Sats {
        self.inputs
    }

    /// The transaction's id; signing does not change it.
    pub const fn txid(&self) -> Txid {
        self.txid
    }

    /// The outpoints that are spent, in the transaction's order.
    pub fn spends(&self) -> &[OutPoint] {
        &self.spends
    }

    /// The size with all signatures in place.
    pub const fn size(&self) -> VirtualSize {
        self.size
    }
}
