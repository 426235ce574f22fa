//! What a decision is made from: plain data that `treasury` builds from the journal and the clock.

use std::collections::{BTreeMap, BTreeSet};

use domain::address::Network;
use domain::{
    Address, Amount, Coin, EntryId, Leg, Name, OfficerId, PolicyHash, Proposal, ProposalId,
    Timestamp, VaultId,
};

/// Everything a policy may know. A fact that is missing or does not fit the others is a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// This machine's clock.
    pub now: Timestamp,
    /// The entry that adopted the policy in force: the founding, or an enacted policy change.
    pub adoption: EntryId,
    /// The hash of the policy in force; another policy handed to `evaluate` is refused.
    pub policy: PolicyHash,
    /// Officers who may act.
    pub officers: BTreeMap<OfficerId, Name>,
    /// Suspended officers: their payouts still count against limits under their names.
    pub former: BTreeMap<OfficerId, Name>,
    /// The vaults.
    pub vaults: BTreeMap<VaultId, VaultFact>,
    /// The coins and tokens that governance entered. Bitcoin is always known.
    pub assets: BTreeSet<Coin>,
    /// The address book.
    pub payees: BTreeMap<Name, PayeeFact>,
    /// Payouts that hold or held money: from `Planned` on, until released. Each payout of a batch is a
    /// use of its own, under the batch's id.
    pub uses: Vec<Use>,
}

/// A vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultFact {
    /// What policies call it.
    pub name: Name,
    /// Its chain.
    pub network: Network,
}

/// A payee of the address book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayeeFact {
    /// Where it is paid.
    pub address: Address,
    /// Since when the book holds this address; a replaced address starts anew.
    pub since: Timestamp,
}

/// A payout, or one of a batch, that counts against limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The proposal that it was decided by, for a payout of a batch the batch's: a payout or batch never
    /// counts its own.
    pub proposal: ProposalId,
    /// The vault that pays.
    pub vault: VaultId,
    /// Who proposed it.
    pub initiator: OfficerId,
    /// What it pays, as proposed; nothing where it pays nobody and only costs its fee: within a vault,
    /// cancelled, or reverted.
    pub legs: Vec<Leg>,
    /// The fee cap while reserved, the fee paid once settled, in the chain's own coin.
    pub fee: Amount,
    /// When it was reserved; once settled, when it settled: a payout that took hours to confirm must
    /// not leave the window earlier for it.
    pub at: Timestamp,
    /// Whether it can still go out.
    pub state: UseState,
}

/// Whether a use is still open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UseState {
    /// Reserved and not final: counts however old it is, for it can go out any moment.
    Reserved,
    /// Final: counts until the window has passed since.
    Settled,
}

/// A proposal to be judged.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Its id.
    pub proposal: ProposalId,
    /// What is proposed.
    pub subject: &'a Proposal,
    /// Who proposed it.
    pub initiator: OfficerId,
    /// The effective time of the `Proposed` entry.
    pub proposed: Timestamp,
}

impl Facts {
    /// The person behind an officer's id, whether active or not: limits count by person.
    pub(crate) fn person(&self, officer: &OfficerId) -> Option<&Name> {
        self.officers
            .get(officer)
            .or_else(|| self.former.get(officer))
    }

    /// The names of officers who may act.
    pub(crate) fn active(&self) -> BTreeSet<&Name> {
        self.officers.values().collect()
    }
}
