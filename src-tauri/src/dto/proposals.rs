//! Proposals: rows of a list, and one whole.

use serde::{Deserialize, Serialize};
use specta::Type;

use super::{Field, Money, SeatState};

/// Which proposals, in which order.
#[derive(Debug, Clone, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// Words that must occur in the summary, memo, payees, initiator or id.
    pub text: String,
    /// Kinds; empty for all.
    pub kinds: Vec<String>,
    /// Statuses; empty for all.
    pub statuses: Vec<StatusWord>,
    /// Only those that are not at their end.
    pub open_only: bool,
    /// Only those that pay this payee, by name or address.
    pub payee: Option<String>,
    /// Only those of this vault, by name.
    pub vault: Option<String>,
    /// By what they are sorted.
    pub sort: SortBy,
    /// The last first.
    pub descending: bool,
}

/// By what proposals are sorted.
#[derive(Debug, Clone, Copy, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum SortBy {
    /// When they were proposed.
    Proposed,
    /// Asset by asset, how much they pay.
    Amount,
    /// How far they are.
    Status,
    /// What they say.
    Summary,
}

/// Some rows of the list.
#[derive(Debug, Clone, Serialize, Type)]
pub struct Page {
    /// The rows.
    pub rows: Vec<ProposalRow>,
    /// How many rows there are in all.
    pub total: u32,
    /// Where the next page begins; none at the end.
    pub next: Option<String>,
}

/// How far a proposal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum StatusWord {
    /// Approvals are collected.
    Open,
    /// A change is in force.
    Enacted,
    /// An officer declined.
    Declined,
    /// Its time passed.
    Lapsed,
    /// The exact transaction is fixed.
    Planned,
    /// Seats sign, or were cut off.
    Signing,
    /// Signing ended without a signature.
    Aborted,
    /// Signed, not sent.
    Signed,
    /// Handed to the node.
    Broadcast,
    /// Deep enough in the chain.
    Confirmed,
    /// In the chain for good, but it did nothing.
    Reverted,
    /// Its cancel is in the chain for good.
    Cancelled,
    /// Another transaction took its place for good.
    Replaced,
    /// A version at a higher fee is to be signed.
    Bumping,
    /// Its cancel is to be signed, or is out.
    Cancelling,
}

/// A proposal in a list.
#[derive(Debug, Clone, Serialize, Type)]
pub struct ProposalRow {
    /// Its id.
    pub id: String,
    /// Its kind, such as `payout`.
    pub kind: String,
    /// How far it is.
    pub status: StatusWord,
    /// Whether nothing happens to it any more.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// What it says, in one line.
    pub summary: String,
    /// The vault it is about, by name.
    pub vault: Option<String>,
    /// That vault's network.
    pub network: Option<String>,
    /// Who is paid: names, or addresses without one.
    pub payees: Vec<String>,
    /// How much is paid, where it is one asset.
    pub total: Option<Money>,
    /// The memo.
    pub memo: String,
    /// Who proposed it.
    pub initiator: String,
    /// When.
    pub proposed: String,
    /// When its time ends: its own expiry.
    pub ends: String,
    /// Names of those who approved, as far as it counts.
    pub approved_by: Vec<String>,
    /// What it waits for. Told for pages of open proposals, not of those at their end.
    pub waiting: Option<String>,
    /// Officers whose approval would count.
    pub could_approve: Vec<String>,
    /// Officers who can open a seat that it waits for.
    pub could_release: Vec<String>,
    /// What the policy demands, and how much of it is given.
    pub demands: Vec<DemandState>,
    /// Whether a freeze holds it.
    pub held: bool,
    /// Confirmations it has, as far as the loop saw.
    pub confirmations: Option<u32>,
    /// Confirmations it needs.
    pub needed: Option<u32>,
    /// How many payouts it holds, for a batch.
    pub items: u32,
}

/// A demand of the policy, and how it stands.
#[derive(Debug, Clone, Serialize, Type)]
pub struct DemandState {
    /// The group.
    pub group: String,
    /// How many of it.
    pub count: u32,
    /// How many approved. None where it is at its end.
    pub given: Option<u32>,
}

/// A proposal whole.
#[derive(Debug, Clone, Serialize, Type)]
pub struct ProposalDetail {
    /// As in the list.
    pub row: ProposalRow,
    /// The fingerprint.
    pub words: Vec<String>,
    /// How far it is, after "it is".
    pub phrase: String,
    /// Who is paid what, for a payout.
    pub legs: Vec<LegView>,
    /// The most that the network fee may be.
    pub fee_cap: Option<Money>,
    /// The fee of the present plan.
    pub fee: Option<Money>,
    /// The id or hash by which the chain knows it.
    pub txid: Option<String>,
    /// The nonce, on an EVM chain.
    pub nonce: Option<String>,
    /// The account it pays from; 0 is the main one.
    pub account: u32,
    /// The lane or governance that it falls under.
    pub rule: Option<String>,
    /// What is demanded, in one sentence.
    pub sentence: Option<String>,
    /// When its time ends by the rule.
    pub ends: Option<String>,
    /// How it stands under each limit.
    pub limits: Vec<LimitView>,
    /// Why it is refused, where it is.
    pub refused: Vec<RefusalView>,
    /// Approvals that count, or counted when it was decided.
    pub approvals: Vec<ApprovalView>,
    /// Who declined, if somebody did.
    pub declined: Option<DeclineView>,
    /// The proposal's own expiry.
    pub expires: String,
    /// Its way through the journal.
    pub way: Vec<Milestone>,
    /// The exact transaction and the versions before it, as labels and values.
    pub plan: Vec<Field>,
    /// What is proposed, as labels and values; for every kind.
    pub fields: Vec<Field>,
    /// The batch or sweep that it is decided with.
    pub batch: Option<String>,
    /// What is unusual about it.
    pub unusual: Vec<String>,
    /// What an officer can do about it now.
    pub can: Vec<CanDo>,
    /// The seats of its vault.
    pub seats: Vec<SeatState>,
}

/// What can be done about a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum CanDo {
    /// In the approval sheet.
    Approve,
    /// In the approval sheet.
    Decline,
    /// In the approval sheet.
    Release,
    /// In the approval sheet.
    Freeze,
    /// Raise the fee of what is out.
    Bump,
    /// Propose that it is cancelled.
    Cancel,
}

/// One payment of a payout.
#[derive(Debug, Clone, Serialize, Type)]
pub struct LegView {
    /// The payee's name, if it is in the address book.
    pub payee: Option<String>,
    /// Where it is paid, whole.
    pub address: String,
    /// The same in groups of four.
    pub grouped: String,
    /// How much.
    pub amount: Money,
}

/// An approval.
#[derive(Debug, Clone, Serialize, Type)]
pub struct ApprovalView {
    /// Who.
    pub officer: String,
    /// The YubiKey.
    pub serial: Option<u32>,
    /// When.
    pub time: String,
}

/// A decline.
#[derive(Debug, Clone, Serialize, Type)]
pub struct DeclineView {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// One event on a proposal's way.
#[derive(Debug, Clone, Serialize, Type)]
pub struct Milestone {
    /// When, by the entry's own time.
    pub time: String,
    /// The entry's kind, such as `approved`.
    pub kind: String,
    /// In words.
    pub what: String,
    /// Who did it, where it was a person.
    pub by: Option<String>,
    /// The entry's place in the journal.
    pub sequence: u32,
}

/// How a payout stands under a limit, or a limit by itself.
#[derive(Debug, Clone, Serialize, Type)]
pub struct LimitView {
    /// The limit's name, and what shares it.
    pub limit: String,
    /// What others use already.
    pub used: String,
    /// What this adds.
    pub adds: Option<String>,
    /// What is allowed.
    pub allowed: String,
    /// How much is used with this, of a hundred; rounded up.
    pub percent: u32,
    /// Over how long.
    pub window: String,
    /// From when on this would fit, where it does not.
    pub frees: Option<String>,
    /// The policy's own sentence about it.
    pub words: String,
}

/// Why something is refused.
#[derive(Debug, Clone, Serialize, Type)]
pub struct RefusalView {
    /// In one sentence.
    pub words: String,
    /// The statement's name, where one statement says so.
    pub rule: Option<String>,
    /// What would make it pass.
    pub remedy: Option<String>,
}

/// What the sheet is opened for.
#[derive(Debug, Clone, Copy, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum SheetPurpose {
    /// To approve or decline it.
    Decide,
    /// To open seats for its exact transaction.
    Release,
}

/// What F8 stops.
#[derive(Debug, Clone, Deserialize, Type)]
#[serde(rename_all = "snake_case", tag = "what", content = "id")]
pub enum FreezeTarget {
    /// Everything.
    Treasury,
    /// One vault, by name.
    Vault(String),
    /// One payout, by id.
    Payout(String),
}
