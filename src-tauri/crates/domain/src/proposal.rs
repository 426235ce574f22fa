//! Anything to be decided. One approval mechanism serves all of it.

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::amount::Amount;
use crate::asset::Coin;
use crate::batch::Batch;
use crate::canonical::Canonical;
use crate::id::{EntryId, OfficerId, ProposalId, TreasuryId};
use crate::name::Name;
use crate::payout::Payout;
use crate::roster::{HexBytes, MachineChange, Officer};
use crate::sweep::Sweep;
use crate::time::Timestamp;
use crate::vault::VaultPlan;

/// What is proposed, until when it can be decided, and a random value that makes it unlike every
/// other, so that an approval of one payout is none of its twin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// What is to be decided.
    pub subject: Subject,
    /// After this time the first signature is never started.
    pub expires: Timestamp,
    /// 16 random bytes.
    pub nonce: HexBytes,
}

/// The kinds of proposals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Subject {
    /// Money leaves a vault.
    Payout(Payout),
    /// Another policy rules.
    Policy(PolicyChange),
    /// An officer joins or is suspended.
    Officer(OfficerChange),
    /// The address book changes.
    Payee(PayeeChange),
    /// Freezes are lifted.
    Thaw(Thaw),
    /// A vault is made.
    Vault(VaultPlan),
    /// A machine takes over a restored journal.
    Machine(MachineChange),
    /// A coin or token becomes known.
    Asset(Coin),
    /// Many payouts are made.
    Batch(Batch),
    /// What lies on a vault's own addresses is collected in its main one.
    Sweep(Sweep),
    /// A payout that is out is replaced by one to the vault itself.
    Cancel(Cancel),
}

impl Subject {
    /// The word for it in policies and on screens.
    pub const fn kind(&self) -> &'static str {
        match self {
            Subject::Payout(_) => "payout",
            Subject::Policy(_) => "policy",
            Subject::Officer(_) => "officer",
            Subject::Payee(_) => "payee",
            Subject::Thaw(_) => "thaw",
            Subject::Vault(_) => "vault",
            Subject::Machine(_) => "machine",
            Subject::Asset(_) => "asset",
            Subject::Batch(_) => "batch",
            Subject::Sweep(_) => "sweep",
            Subject::Cancel(_) => "cancel",
        }
    }

    /// The payout, if it is one.
    pub const fn payout(&self) -> Option<&Payout> {
        match self {
            Subject::Payout(payout) => Some(payout),
            Subject::Policy(_)
            | Subject::Officer(_)
            | Subject::Payee(_)
            | Subject::Thaw(_)
            | Subject::Vault(_)
            | Subject::Machine(_)
            | Subject::Asset(_)
            | Subject::Batch(_)
            | Subject::Sweep(_)
            | Subject::Cancel(_) => None,
        }
    }

    /// The payouts that are made when it is approved, in order: one of a payout, all of a batch. A sweep
    /// has transfers, which pay nobody.
    pub fn payouts(&self) -> &[Payout] {
        match self {
            Subject::Payout(payout) => std::slice::from_ref(payout),
            Subject::Batch(batch) => batch.payouts(),
            Subject::Policy(_)
            | Subject::Officer(_)
            | Subject::Payee(_)
            | Subject::Thaw(_)
            | Subject::Vault(_)
            | Subject::Machine(_)
            | Subject::Asset(_)
            | Subject::Sweep(_)
            | Subject::Cancel(_) => &[],
        }
    }
}

/// A payout that is out is to be replaced by a transaction that pays the vault itself and spends the
/// same anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// The payout, or one of a batch.
    pub payout: ProposalId,
    /// The most that the cancelling transaction may cost, in the chain's own coin.
    pub fee_cap: Amount,
}

/// A policy to be adopted, with its whole text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyChange {
    /// The TOML text, byte for byte.
    pub text: String,
}

/// A change of the roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum OfficerChange {
    /// An officer joins.
    Add(Box<Officer>),
    /// An officer may do nothing any more; earlier freezes stay.
    Suspend(OfficerId),
}

/// A change of the address book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum PayeeChange {
    /// A payee is entered or its address replaced; its age starts anew.
    Set {
        /// The payee's name.
        name: Name,
        /// Where it is paid.
        address: Address,
    },
    /// A payee is struck out.
    Remove {
        /// The payee's name.
        name: Name,
    },
}

/// Freezes to be lifted, each by the id of its entry: a thaw saved for later lifts no later freeze.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thaw {
    /// The entries that froze.
    pub freezes: Vec<EntryId>,
}

impl Proposal {
    /// The digest that every approval names, bound to the treasury, its initiator and the moment.
    pub fn id(
        &self,
        treasury: TreasuryId,
        initiator: OfficerId,
        proposed: Timestamp,
    ) -> ProposalId {
        ProposalId::from_bytes(self.canonical(treasury, initiator, proposed).finish())
    }

    pub(crate) fn canonical(
        &self,
        treasury: TreasuryId,
        initiator: OfficerId,
        proposed: Timestamp,
    ) -> Canonical {
        let start = Canonical::new("countersign/proposal/v1")
            .bytes(treasury.as_bytes())
            .bytes(initiator.as_bytes())
            .number(proposed.as_millis())
            .number(self.expires.as_millis())
            .bytes(&self.nonce.0)
            .text(self.subject.kind());
        match &self.subject {
            Subject::Payout(payout) => payout.canonical(start),
            Subject::Policy(change) => start.text(&change.text),
            Subject::Officer(OfficerChange::Add(officer)) => officer.canonical(start.number(1)),
            Subject::Officer(OfficerChange::Suspend(id)) => start.number(2).bytes(id.as_bytes()),
            Subject::Payee(PayeeChange::Set { name, address }) => start
                .number(1)
                .text(name.as_str())
                .text(&address.network().to_string())
                .text(&address.to_string()),
            Subject::Payee(PayeeChange::Remove { name }) => start.number(2).text(name.as_str()),
            Subject::Thaw(thaw) => {
                let start = start.number(thaw.freezes.len() as u64);
                thaw.freezes
                    .iter()
                    .fold(start, |hash, id| hash.bytes(id.as_bytes()))
            }
            Subject::Vault(plan) => plan.canonical(start),
            Subject::Machine(change) => change
                .machine
                .canonical(start)
                .bytes(change.replaces.as_bytes())
                .bytes(change.head.as_bytes()),
            Subject::Asset(coin) => coin.canonical(start),
            Subject::Batch(batch) => batch.canonical(start),
            Subject::Sweep(sweep) => sweep.canonical(start),
            Subject::Cancel(cancel) => {
                let start = start.bytes(cancel.payout.as_bytes());
                match cancel.fee_cap {
                    Amount::Btc(sats) => start.number(sats.get()),
                    Amount::Evm(coin, units) => {
                        coin.canonical(start).bytes(&units.to_be_bytes::<32>())
                    }
                }
            }
        }
    }
}
