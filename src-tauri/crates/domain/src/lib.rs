//! Words of the treasury as types: amounts, addresses, ids, payouts, proposals, approvals and the
//! bodies of journal entries. No I/O, no clock, no secrets.
//!
//! Everything that enters from outside (text, JSON, bytes) becomes one of these types at the door
//! or is refused with a reason; inner functions take them and need not check again.

pub mod act;
pub mod address;
pub mod amount;
pub mod approval;
pub mod asset;
pub mod batch;
mod canonical;
pub mod dsse;
pub mod entry;
pub mod evm;
pub mod id;
pub mod key;
pub mod name;
pub mod payout;
pub mod proposal;
pub mod roster;
pub mod sats;
pub mod seal;
pub mod sweep;
pub mod time;
pub mod vault;
pub mod words;

#[cfg(test)]
mod tests;

pub use act::Act;
pub use address::{Address, BtcAddress, Network, NetworkClass};
pub use alloy_primitives::U256;
pub use amount::Amount;
pub use approval::Approval;
pub use asset::{Asset, Coin, Symbol};
pub use batch::Batch;
pub use canonical::Canonical;
pub use entry::{Author, Body, Entry, Link};
pub use evm::{ChainId, EvmAddress};
pub use id::{
    EntryId, LinkId, MachineId, OfficerId, PlansHash, PolicyHash, ProposalId, SeatId, SessionId,
    TreasuryId, VaultId,
};
pub use key::{PublicKey, Signature};
pub use name::{Name, Note};
pub use payout::{Leg, Payout};
pub use proposal::{Proposal, Subject};
pub use roster::{Machine, Officer};
pub use sats::{FeeRate, Sats};
pub use sweep::{Sweep, Transfer};
pub use time::{Span, Timestamp};
pub use vault::{Epoch, Seat, SeatKind, VaultPlan};
