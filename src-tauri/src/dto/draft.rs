//! Drafts of payouts, and what the policy says of them while they are typed.

use serde::{Deserialize, Serialize};
use specta::Type;

use super::{LimitView, Money, RefusalView};

/// A payout as typed.
#[derive(Debug, Clone, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// The vault's name.
    pub vault: String,
    /// Who is paid what.
    pub legs: Vec<DraftLeg>,
    /// The most that the network fee may be, in the chain's coin; none for the usual.
    pub fee_cap: Option<String>,
    /// What it is for.
    pub memo: String,
    /// For how long it can be decided; none for a week.
    pub expires_in_hours: Option<u32>,
}

/// One payment as typed.
#[derive(Debug, Clone, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct DraftLeg {
    /// A payee's name or an address.
    pub to: String,
    /// A decimal number.
    pub amount: String,
    /// The asset's symbol.
    pub asset: String,
}

/// What Countersign makes of a draft.
#[derive(Debug, Clone, Serialize, Type)]
pub struct DraftAnswer {
    /// Each payment, in order.
    pub legs: Vec<LegAnswer>,
    /// What is paid in all, of each asset.
    pub totals: Vec<Money>,
    /// What the policy says.
    pub policy: PolicyAnswer,
    /// What is wrong with the draft as a whole.
    pub error: Option<String>,
    /// What is wrong with the fee.
    pub fee_error: Option<String>,
    /// The fee cap that counts.
    pub fee_cap: Option<Money>,
    /// What the vault holds of the asset, as far as it was last read.
    pub balance: Option<Money>,
    /// Whether it is more than that.
    pub above_balance: bool,
    /// What an officer will be told is unusual.
    pub unusual: Vec<String>,
}

/// What Countersign makes of one payment.
#[derive(Debug, Clone, Serialize, Type)]
pub struct LegAnswer {
    /// What is wrong with who is paid.
    pub to_error: Option<String>,
    /// What is wrong with the amount.
    pub amount_error: Option<String>,
    /// The payee's name in the address book.
    pub payee: Option<String>,
    /// The address, whole.
    pub address: Option<String>,
    /// The same in groups of four.
    pub grouped: Option<String>,
    /// The network, in words.
    pub network_words: Option<String>,
    /// Whether it is not in the address book.
    pub stranger: bool,
    /// Whether nobody was ever paid there.
    pub first_payment: bool,
    /// A payee whose address looks like it, and is another.
    pub look_alike: Option<String>,
    /// How much.
    pub amount: Option<Money>,
}

/// What the policy says of a draft.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum PolicyAnswer {
    /// It can be, with these approvals.
    Requires {
        /// In one sentence.
        sentence: String,
        /// The lane.
        rule: String,
        /// The demands.
        demands: Vec<Demand>,
        /// How long it then waits.
        delay: Option<String>,
        /// When its time would end.
        ends: String,
        /// How it would stand under each limit.
        limits: Vec<LimitView>,
        /// Whether the proposer's own approval counts.
        own_counts: bool,
    },
    /// It can't be.
    Refused {
        /// Why, each.
        reasons: Vec<RefusalView>,
    },
    /// Something is missing or wrong yet.
    Incomplete,
}

/// A demand of the policy.
#[derive(Debug, Clone, Serialize, Type)]
pub struct Demand {
    /// The group.
    pub group: String,
    /// How many of it.
    pub count: u32,
}

/// A table of payouts, read but not proposed.
#[derive(Debug, Clone, Serialize, Type)]
pub struct TableAnswer {
    /// Good lines, in the file's order. Empty where there is a bad line.
    pub rows: Vec<TableRow>,
    /// Bad lines, each with its reason.
    pub bad: Vec<BadLineView>,
    /// What is paid in all, of each asset.
    pub totals: Vec<Money>,
    /// The fee cap of each payout.
    pub fee_cap: Option<Money>,
    /// What the policy says.
    pub policy: PolicyAnswer,
    /// What an officer will be told is unusual.
    pub unusual: Vec<String>,
}

/// A good line.
#[derive(Debug, Clone, Serialize, Type)]
pub struct TableRow {
    /// Its line in the file, from 1.
    pub line: u32,
    /// The payee's name.
    pub payee: Option<String>,
    /// Where it is paid.
    pub address: String,
    /// How much.
    pub amount: Money,
    /// What for.
    pub memo: String,
}

/// A bad line.
#[derive(Debug, Clone, Serialize, Type)]
pub struct BadLineView {
    /// The line, from 1; none when it is about the whole file.
    pub line: Option<u32>,
    /// What is wrong.
    pub why: String,
}
