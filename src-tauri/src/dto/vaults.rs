//! Vaults: how they are made, what they hold, where they are paid.

use serde::{Deserialize, Serialize};
use specta::Type;

use super::Money;

/// A vault.
#[derive(Debug, Clone, Serialize, Type)]
pub struct Vault {
    /// Its id; of one that is only proposed, the proposal's.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its network.
    pub network: String,
    /// The network, in words.
    pub network_words: String,
    /// Seats that must sign together.
    pub threshold: u32,
    /// Its seats.
    pub seats: Vec<SeatState>,
    /// After how many confirmations a payout is final.
    pub confirmations: u32,
    /// How far it is.
    pub state: VaultState,
    /// The open proposal that orders it.
    pub proposal: Option<String>,
    /// Whether a freeze holds it.
    pub held: bool,
    /// Whether it has deposit accounts (EVM).
    pub deposits: bool,
    /// The account that an EVM vault pays from, once it has its key.
    pub account: Option<String>,
    /// What it can pay.
    pub assets: Vec<super::AssetInfo>,
}

/// How far a vault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum VaultState {
    /// Officers decide on it.
    Proposed,
    /// It is decided, and has no key yet.
    Ordered,
    /// Its key is being made, or that was cut off.
    MakingKeys,
    /// It can be used.
    Ready,
}

/// A seat, and how it stands.
#[derive(Debug, Clone, Serialize, Type)]
pub struct SeatState {
    /// Its number.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: SeatKindWord,
    /// Officers who can open it.
    pub opened_by: Vec<String>,
    /// How many of them it takes.
    pub openers: u32,
    /// Its machine.
    pub machine: String,
    /// How it stands.
    pub state: SeatStanding,
    /// The same in words.
    pub words: String,
}

/// A kind of seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum SeatKindWord {
    /// Opened by the OS keyring.
    Device,
    /// Opened by one officer's YubiKey.
    Hardware,
    /// Opened by several officers together.
    Recovery,
}

/// How a seat stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum SeatStanding {
    /// A device seat that can sign by itself.
    Ready,
    /// Its share is sealed: officers open it for one plan.
    Sealed,
    /// It has no share here yet, or the file is gone.
    Missing,
    /// It broke the protocol, and signs no more.
    Banned,
}

/// What a vault holds.
#[derive(Debug, Clone, Serialize, Type)]
pub struct Holdings {
    /// The vault's name.
    pub vault: String,
    /// As of which block.
    pub as_of: Option<u32>,
    /// Why it is not known, where it is not.
    pub trouble: Option<String>,
    /// When this was read.
    pub read: Option<String>,
    /// What can be counted on, of each asset.
    pub totals: Vec<Money>,
    /// What there is besides, such as change on its way back.
    pub parts: Vec<Part>,
    /// Accounts that hold something (EVM).
    pub accounts: Vec<AccountHoldings>,
    /// Coins whose contract did not answer for every account.
    pub unanswered: Vec<String>,
}

/// A part of what a vault holds.
#[derive(Debug, Clone, Serialize, Type)]
pub struct Part {
    /// In words.
    pub what: String,
    /// How much.
    pub amount: Money,
}

/// What an account of an EVM vault holds.
#[derive(Debug, Clone, Serialize, Type)]
pub struct AccountHoldings {
    /// 0 for the main account.
    pub index: u32,
    /// Its address.
    pub address: String,
    /// What it holds.
    pub holds: Vec<Money>,
}

/// How far reading a vault's chain is.
#[derive(Debug, Clone, Serialize, Type)]
pub struct ReadProgress {
    /// The block that was read.
    pub done: u32,
    /// The last one there is.
    pub of: u32,
}

/// Where a vault is paid.
#[derive(Debug, Clone, Serialize, Type)]
pub struct Receive {
    /// The address.
    pub address: String,
    /// The same in groups of four.
    pub grouped: String,
    /// For a QR code: `bitcoin:…` or `ethereum:…@chain`.
    pub uri: String,
    /// Its derivation path.
    pub path: String,
    /// The network, in words.
    pub network_words: String,
}

/// A vault as drafted. All seats are on this machine.
#[derive(Debug, Clone, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct VaultDraft {
    /// Its name.
    pub name: String,
    /// Its network.
    pub network: String,
    /// Seats that must sign together.
    pub threshold: u16,
    /// After how many confirmations a payout is final.
    pub confirmations: u32,
    /// Its seats.
    pub seats: Vec<SeatDraft>,
}

/// A seat as drafted.
#[derive(Debug, Clone, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct SeatDraft {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: SeatKindWord,
    /// Officers who can open it.
    pub officers: Vec<String>,
    /// How many pieces a recovery seat takes.
    pub pieces: Option<u16>,
}

/// How far a long act is.
#[derive(Debug, Clone, Serialize, Type)]
pub struct StepProgress {
    /// What is done now, in words.
    pub words: String,
    /// Steps done.
    pub done: u32,
    /// Of how many; 0 where nobody can know.
    pub of: u32,
}

/// What a vault held of an asset over time.
#[derive(Debug, Clone, Serialize, Type)]
pub struct BalanceSeries {
    /// The vault's name.
    pub vault: String,
    /// The asset's symbol.
    pub asset: String,
    /// Its decimal places.
    pub places: u8,
    /// Each change as this machine saw it, in order.
    pub points: Vec<BalancePoint>,
}

/// What was held from a moment on.
#[derive(Debug, Clone, Serialize, Type)]
pub struct BalancePoint {
    /// From when on.
    pub time: String,
    /// How much, as a decimal number.
    pub value: String,
}
