//! How far a payout is: its plans, sessions and signed versions.

use std::collections::BTreeMap;

use bitcoin::OutPoint;
use domain::act::{Confirmation, Planned, PlannedEvm, Release, SigningRun};
use domain::{Amount, EntryId, OfficerId, ProposalId, Timestamp};
use plans::{EvmFees, NonceAnchor, TxRef};

/// A version of a payout that another took the place of.
#[derive(Debug, Clone)]
pub struct EarlierVersion {
    /// The plan.
    pub plan: PlanRecord,
    /// The signed transaction and whether it ever left; none where signing ended without a signature.
    pub signed: Option<(Vec<u8>, Broadcasting)>,
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
