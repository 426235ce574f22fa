//! What a treasury is after some entries. Plain data; changed by the fold alone.

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::OutPoint;
use domain::act::{Founding, Scope, VaultKey};
use domain::roster::{Machine, Officer};
use domain::{
    Address, Approval, Coin, EntryId, Epoch, LinkId, MachineId, Name, OfficerId, Payout, Proposal,
    ProposalId, SeatId, SessionId, Subject, Timestamp, TreasuryId, VaultId, VaultPlan,
};
use plans::TxRef;
use policy::Policy;

use crate::stage::{EarlierVersion, PayoutStage, PlanRecord};

/// A journal's meaning: nothing before the founding, a treasury after it.
#[derive(Debug, Clone, Default)]
pub struct State {
    pub(crate) treasury: Option<Treasury>,
}

impl State {
    /// The treasury, once it is founded.
    pub const fn treasury(&self) -> Option<&Treasury> {
        self.treasury.as_ref()
    }
}

/// A founded treasury.
#[derive(Debug, Clone)]
pub struct Treasury {
    /// Hash of the founding.
    pub id: TreasuryId,
    /// What all founders signed.
    pub founding: Founding,
    /// The last entry's place.
    pub sequence: u64,
    /// The last entry's link.
    pub head: LinkId,
    /// The last entry's own time.
    pub time: Timestamp,
    /// Everybody who is or was an officer.
    pub officers: BTreeMap<OfficerId, OfficerRecord>,
    /// Every machine there is or was.
    pub machines: BTreeMap<MachineId, MachineStanding>,
    /// A machine that waits for the quorum to let it take over a restored journal.
    pub candidate: Option<(Machine, ProposalId)>,
    /// The policy in force.
    pub adoption: Adoption,
    /// The address book.
    pub payees: BTreeMap<Name, PayeeRecord>,
    /// Coins and tokens of EVM chains that governance entered.
    pub assets: BTreeSet<Coin>,
    /// All vaults, ready or not.
    pub vaults: BTreeMap<VaultId, VaultRecord>,
    /// Everything ever proposed.
    pub proposals: BTreeMap<ProposalId, ProposalRecord>,
    /// Freezes in force, by the entry that froze.
    pub freezes: BTreeMap<EntryId, FreezeRecord>,
    /// Seats that provably broke a protocol, for the sharing they did it in.
    pub bans: BTreeSet<(VaultId, Epoch, SeatId)>,
    /// What machines froze for, ever: the same sight freezes once.
    pub alarms: BTreeSet<String>,
    /// Who enacted what, in order: adoption entries of policies among them.
    pub enacted: BTreeMap<ProposalId, EntryId>,
    pub(crate) entries: BTreeSet<EntryId>,
    pub(crate) links: BTreeSet<LinkId>,
    pub(crate) sessions: BTreeSet<SessionId>,
}

/// An officer and whether the officer still may act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficerRecord {
    /// The officer as enrolled.
    pub officer: Officer,
    /// False once suspended.
    pub active: bool,
}

/// A machine and whether its key still counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineStanding {
    /// The machine.
    pub machine: Machine,
    /// The machine that took its place, once it is lost.
    pub replaced_by: Option<MachineId>,
}

/// The policy in force and the entry that adopted it.
#[derive(Debug, Clone)]
pub struct Adoption {
    /// The founding, or an `Enacted` entry.
    pub entry: EntryId,
    /// The policy.
    pub policy: Policy,
}

/// A payee of the address book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayeeRecord {
    /// Where it is paid.
    pub address: Address,
    /// The entry that put it there; its age counts from it.
    pub entry: EntryId,
    /// That entry's own time.
    pub since: Timestamp,
}

/// A vault.
#[derive(Debug, Clone)]
pub struct VaultRecord {
    /// As ordered.
    pub plan: VaultPlan,
    /// How far it is.
    pub stage: VaultStage,
}

/// How far a vault is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VaultStage {
    /// Decided, without a key.
    Ordered,
    /// Key generation runs, or was cut off.
    Generating(SessionId),
    /// It can be shown and used.
    Ready {
        /// Its public key material.
        key: VaultKey,
        /// SHA-256 of each seat's sealed share.
        sealed: BTreeMap<SeatId, Vec<u8>>,
    },
}

impl VaultRecord {
    /// The key, once the vault is ready.
    pub const fn key(&self) -> Option<&VaultKey> {
        match &self.stage {
            VaultStage::Ready { key, .. } => Some(key),
            VaultStage::Ordered | VaultStage::Generating(_) => None,
        }
    }
}

/// A proposal and what became of it.
#[derive(Debug, Clone)]
pub struct ProposalRecord {
    /// What is proposed.
    pub proposal: Proposal,
    /// Who proposed it.
    pub initiator: OfficerId,
    /// The `Proposed` entry.
    pub entry: EntryId,
    /// That entry's own time.
    pub proposed: Timestamp,
    /// That entry's place in the journal.
    pub sequence: u64,
    /// Approvals that still count, each with its entry.
    pub approvals: BTreeMap<EntryId, Approval>,
    /// Everybody who ever approved it, in order, for the record.
    pub approved_by: Vec<OfficerId>,
    /// How far it is.
    pub decision: Decision,
    /// Versions of a payout that began to be signed, other than the present one. Each that is signed
    /// can still confirm.
    pub earlier: Vec<EarlierVersion>,
    /// The batch or sweep that it is one of, and is decided with.
    pub batch: Option<BatchPlace>,
    /// The payouts of a batch or transfers of a sweep, in their order, each with a record of its own.
    pub items: Vec<ProposalId>,
}

/// Where a payout stands in a batch, or a transfer in a sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchPlace {
    /// The batch or sweep.
    pub batch: ProposalId,
    /// Its place, from 0.
    pub place: u32,
    /// Whether it is a payout of a batch or a transfer of a sweep.
    pub bundle: Bundle,
}

/// What many payouts are decided as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bundle {
    /// Payouts to others, in a fixed order.
    Batch,
    /// Transfers between the vault's own addresses.
    Sweep,
}

/// How far a proposal is.
#[derive(Debug, Clone)]
pub enum Decision {
    /// Approvals are collected.
    Open,
    /// An officer declined.
    Declined {
        /// Who.
        by: OfficerId,
        /// Why.
        reason: String,
    },
    /// Its time passed.
    Lapsed,
    /// A governance proposal is in force.
    Enacted(EntryId),
    /// A payout is on its way or at its end.
    Payout(Box<PayoutStage>),
}

/// A freeze in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreezeRecord {
    /// What stands still.
    pub scope: Scope,
    /// The officer who froze; none when a machine did.
    pub officer: Option<OfficerId>,
    /// Why.
    pub reason: String,
    /// The entry's own time.
    pub time: Timestamp,
    /// The entry's place in the journal.
    pub sequence: u64,
}

impl Treasury {
    /// An officer who may act.
    pub fn active_officer(&self, id: OfficerId) -> Option<&Officer> {
        self.officers
            .get(&id)
            .filter(|record| record.active)
            .map(|record| &record.officer)
    }

    /// An active officer by name.
    pub fn officer_named(&self, name: &Name) -> Option<&Officer> {
        self.officers
            .values()
            .find(|r| r.active && r.officer.name == *name)
            .map(|r| &r.officer)
    }

    /// What an officer is called, active or not.
    pub fn officer_name(&self, id: OfficerId) -> String {
        self.officers
            .get(&id)
            .map_or_else(|| id.short(), |record| record.officer.name.to_string())
    }

    /// A machine whose key counts.
    pub fn active_machine(&self, id: MachineId) -> Option<&Machine> {
        self.machines
            .get(&id)
            .filter(|standing| standing.replaced_by.is_none())
            .map(|s| &s.machine)
    }

    /// The machine whose place a candidate wants to take: lost, so it has nothing to say meanwhile.
    pub fn lost_machine(&self) -> Option<MachineId> {
        let (_, pending) = self.candidate.as_ref()?;
        match &self.proposals.get(pending)?.proposal.subject {
            Subject::Machine(change) => Some(change.replaces),
            Subject::Payout(_)
            | Subject::Policy(_)
            | Subject::Officer(_)
            | Subject::Payee(_)
            | Subject::Thaw(_)
            | Subject::Vault(_)
            | Subject::Asset(_)
            | Subject::Batch(_)
            | Subject::Sweep(_)
            | Subject::Cancel(_) => None,
        }
    }

    /// The machine that today stands in for a machine named in a vault's plan.
    pub fn machine_today(&self, mut id: MachineId) -> MachineId {
        // Each replacement names a machine that was new then, so this ends.
        while let Some(next) = self
            .machines
            .get(&id)
            .and_then(|standing| standing.replaced_by)
        {
            id = next;
        }
        id
    }

    /// A vault by name.
    pub fn vault_named(&self, name: &Name) -> Option<(VaultId, &VaultRecord)> {
        self.vaults
            .iter()
            .find(|(_, vault)| vault.plan.name() == name)
            .map(|(id, vault)| (*id, vault))
    }

    /// The proposal of a payout and the payout itself.
    pub fn payout(&self, id: ProposalId) -> Option<(&ProposalRecord, &Payout)> {
        let record = self.proposals.get(&id)?;
        record
            .proposal
            .subject
            .payout()
            .map(|payout| (record, payout))
    }

    /// Every freeze that holds a payout of a vault still; `None` asks for the vault alone.
    pub fn freezes_over(&self, vault: VaultId, payout: Option<ProposalId>) -> Vec<EntryId> {
        let holds = |scope: &Scope| match scope {
            Scope::Treasury => true,
            Scope::Vault(frozen) => *frozen == vault,
            Scope::Payout(frozen) => Some(*frozen) == payout,
        };
        self.freezes
            .iter()
            .filter(|(_, freeze)| holds(&freeze.scope))
            .map(|(id, _)| *id)
            .collect()
    }

    /// What other payouts have reserved or hold signed: not to be spent by this one. A payout that is at
    /// its end holds only what its final version spent.
    pub fn reserved_outpoints(&self, except: Option<ProposalId>) -> BTreeSet<OutPoint> {
        self.proposals
            .iter()
            .filter(|(id, _)| Some(**id) != except)
            .flat_map(|(_, record)| match record.stage() {
                None | Some(PayoutStage::Replaced { .. }) => Vec::new(),
                Some(PayoutStage::Confirmed { plan, .. } | PayoutStage::Reverted { plan, .. }) => {
                    plan.spends().to_vec()
                }
                Some(
                    PayoutStage::Planned(_)
                    | PayoutStage::Signing(..)
                    | PayoutStage::Aborted(..)
                    | PayoutStage::Signed { .. },
                ) => record
                    .versions()
                    .flat_map(PlanRecord::spends)
                    .copied()
                    .collect(),
            })
            .collect()
    }

    /// Every transaction that this treasury signed.
    pub fn signed_transactions(&self) -> BTreeSet<TxRef> {
        self.proposals
            .values()
            .flat_map(|record| {
                let earlier = record.earlier.iter().filter(|one| one.signed.is_some());
                let present = match record.stage() {
                    Some(
                        PayoutStage::Signed { plan, .. }
                        | PayoutStage::Confirmed { plan, .. }
                        | PayoutStage::Reverted { plan, .. }
                        | PayoutStage::Replaced {
                            plan,
                            transaction: Some(_),
                            ..
                        },
                    ) => Some(plan),
                    // Nothing of it was ever signed here: one that appears is somebody else's.
                    Some(
                        PayoutStage::Replaced {
                            transaction: None, ..
                        }
                        | PayoutStage::Planned(_)
                        | PayoutStage::Signing(..)
                        | PayoutStage::Aborted(..),
                    )
                    | None => None,
                };
                earlier.map(|one| &one.plan).chain(present)
            })
            .map(|plan| plan.transaction)
            .collect()
    }

    /// Whether an entry is part of this history.
    pub fn knows_link(&self, link: LinkId) -> bool {
        self.links.contains(&link)
    }
}
