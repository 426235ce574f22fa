//! What a treasury is after some entries. Plain data; changed by the fold alone.

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::OutPoint;
use domain::act::{
    Confirmation, Founding, Planned, PlannedEvm, Release, Scope, SigningRun, VaultKey,
};
use domain::roster::{Machine, Officer};
use domain::{
    Address, Amount, Approval, Coin, EntryId, Epoch, LinkId, MachineId, Name, OfficerId, Payout,
    Proposal, ProposalId, SeatId, SessionId, Subject, Timestamp, TreasuryId, VaultId, VaultPlan,
};
use plans::{EvmFees, NonceAnchor, TxRef};
use policy::Policy;

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
    /// The batch that it is a payout of, and is decided with.
    pub batch: Option<BatchPlace>,
    /// The payouts of a batch, in their order, each with a record of its own.
    pub items: Vec<ProposalId>,
}

/// Where a payout stands in a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchPlace {
    /// The batch.
    pub batch: ProposalId,
    /// Its place, from 0.
    pub place: u32,
}

/// A version of a payout that another took the place of.
#[derive(Debug, Clone)]
pub struct EarlierVersion {
    /// The plan.
    pub plan: PlanRecord,
    /// The signed transaction and whether it ever left; none where signing ended without a signature.
    pub signed: Option<(Vec<u8>, Broadcasting)>,
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

/// A payout from its first plan on.
#[derive(Debug, Clone)]
pub enum PayoutStage {
    /// The exact transaction is fixed; it can still be replaced, declined or lapse.
    Planned(PlanRecord),
    /// A session runs, or was cut off.
    Signing(PlanRecord, RunRecord),
    /// The session ended without a signature; the same bytes can be signed anew.
    Aborted(PlanRecord, RunRecord),
    /// Signed, and perhaps broadcast.
    Signed {
        /// The plan.
        plan: PlanRecord,
        /// The transaction with its witnesses, consensus-encoded.
        transaction: Vec<u8>,
        /// True once it was handed to a node.
        broadcast: Broadcasting,
    },
    /// Deep enough in the chain. A reorg can still undo it.
    Confirmed {
        /// The plan.
        plan: PlanRecord,
        /// The transaction with its witnesses, consensus-encoded.
        transaction: Vec<u8>,
        /// Where it is.
        place: Confirmation,
        /// The `Confirmed` entry.
        entry: EntryId,
        /// That entry's own time.
        time: Timestamp,
    },
    /// In the chain for good, but it did nothing: it only cost its fee. Paying again is a new payout. A
    /// reorg can still undo it.
    Reverted {
        /// The plan.
        plan: PlanRecord,
        /// The signed transaction.
        transaction: Vec<u8>,
        /// Where it is.
        place: Confirmation,
        /// The `Reverted` entry.
        entry: EntryId,
        /// That entry's own time.
        time: Timestamp,
    },
    /// Another transaction spent the anchor for good: this payout never happens.
    Replaced {
        /// The plan.
        plan: PlanRecord,
        /// The transaction with its witnesses, where it had come to that.
        transaction: Option<Vec<u8>>,
        /// The other transaction's id, in the order people read.
        by: Vec<u8>,
    },
}

/// Whether signed bytes ever left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broadcasting {
    /// Not yet: a freeze holds them.
    NotYet,
    /// Out. From here only the chain decides.
    Out,
    /// Out once, but the node no longer knows it: the same bytes go out again.
    Dropped,
}

impl PayoutStage {
    /// The plan in force.
    pub const fn plan(&self) -> &PlanRecord {
        match self {
            PayoutStage::Planned(plan)
            | PayoutStage::Signing(plan, _)
            | PayoutStage::Aborted(plan, _)
            | PayoutStage::Signed { plan, .. }
            | PayoutStage::Confirmed { plan, .. }
            | PayoutStage::Reverted { plan, .. }
            | PayoutStage::Replaced { plan, .. } => plan,
        }
    }

    /// Whether nothing more is done for it, unless a reorg undoes its end.
    pub const fn is_final(&self) -> bool {
        match self {
            PayoutStage::Confirmed { .. }
            | PayoutStage::Reverted { .. }
            | PayoutStage::Replaced { .. } => true,
            PayoutStage::Planned(_)
            | PayoutStage::Signing(..)
            | PayoutStage::Aborted(..)
            | PayoutStage::Signed { .. } => false,
        }
    }

    /// Whether signing of this version ever started.
    pub const fn started(&self) -> bool {
        !matches!(self, PayoutStage::Planned(_))
    }
}

/// A plan of a payout.
#[derive(Debug, Clone)]
pub struct PlanRecord {
    /// The entry that fixed it.
    pub entry: EntryId,
    /// That entry's own time.
    pub time: Timestamp,
    /// What it says.
    pub body: PlanBody,
    /// What it takes.
    pub reserved: Reserved,
    /// The fee it pays; on an EVM chain the most that it can cost.
    pub fee: Amount,
    /// The transaction: on Bitcoin its id; on an EVM chain the hash of the unsigned bytes, and once it is
    /// signed that of the signed ones.
    pub transaction: TxRef,
    /// The proposal that it cancels the payout for, if it does: then it pays nobody.
    pub cancels: Option<ProposalId>,
    /// Releases for it that have not been used up, each with its entry.
    pub releases: BTreeMap<EntryId, (OfficerId, Release)>,
}

/// A plan as an entry says it, by family of chains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanBody {
    /// On Bitcoin.
    Bitcoin(Planned),
    /// On an EVM chain.
    Evm(PlannedEvm),
}

impl PlanBody {
    /// The payout, or the cancel of one.
    pub const fn proposal(&self) -> ProposalId {
        match self {
            PlanBody::Bitcoin(planned) => planned.proposal,
            PlanBody::Evm(planned) => planned.proposal,
        }
    }

    /// The version's number, from 1.
    pub const fn version(&self) -> u32 {
        match self {
            PlanBody::Bitcoin(planned) => planned.version,
            PlanBody::Evm(planned) => planned.version,
        }
    }

    /// The unsigned transaction.
    pub fn transaction(&self) -> &[u8] {
        match self {
            PlanBody::Bitcoin(planned) => &planned.transaction.0,
            PlanBody::Evm(planned) => &planned.transaction.0,
        }
    }
}

/// What a plan takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reserved {
    /// Outputs of the vault; the first is the anchor.
    Outpoints(Vec<OutPoint>),
    /// A nonce, at these fees.
    Nonce(NonceAnchor, EvmFees),
}

/// What every version of a payout takes, so that at most one of them confirms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Anchor {
    /// An output of the vault.
    Outpoint(OutPoint),
    /// A nonce of an account.
    Nonce(NonceAnchor),
}

/// One signing session.
#[derive(Debug, Clone)]
pub struct RunRecord {
    /// As started.
    pub run: SigningRun,
    /// 1 for the first session of the plan's bytes.
    pub attempt: u32,
    /// The releases that it uses up.
    pub releases: BTreeMap<EntryId, (OfficerId, Release)>,
    /// Why it ended, once it did.
    pub fault: Option<String>,
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
