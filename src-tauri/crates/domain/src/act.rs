//! What a journal entry says happened. The list is closed; a reader that does not know a word refuses.

use serde::{Deserialize, Serialize};

use crate::address::{Network, NetworkClass};
use crate::id::{EntryId, LinkId, PlansHash, PolicyHash, ProposalId, SeatId, SessionId, VaultId};
use crate::name::{Name, Note};
use crate::proposal::Proposal;
use crate::roster::{HexBytes, Machine, Officer};
use crate::sats::Sats;
use crate::time::Timestamp;
use crate::vault::Epoch;

/// An act: what was decided, done or seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// The treasury begins. Signed by every founding officer.
    Founded(Box<Founding>),
    /// An officer proposes.
    Proposed(Box<Proposal>),
    /// An officer approves, with slot 9c.
    Approved(Approving),
    /// An officer declines; one decline ends a proposal.
    Declined(Declining),
    /// The machine saw that a proposal is past its time.
    Lapsed {
        /// The proposal.
        proposal: ProposalId,
    },
    /// The machine saw that a governance proposal has its quorum; it is in force from here.
    Enacted {
        /// The proposal.
        proposal: ProposalId,
    },
    /// Key generation begins.
    KeygenStarted(KeygenRun),
    /// Key generation or acceptance failed; nothing of it is used.
    KeygenAborted(Abort),
    /// The vault's key exists, its shares are sealed, and quorums have signed: it may be shown.
    VaultReady(Box<VaultReady>),
    /// The exact transaction for a payout; reserves its inputs and amounts.
    Planned(Box<Planned>),
    /// The exact transaction for a payout on an EVM chain; reserves its nonce and amounts.
    PlannedEvm(Box<PlannedEvm>),
    /// An officer opens a seat for one plan, with slot 9c.
    Released(Release),
    /// An officer opens a seat for the ordered plans of one batch, with slot 9c.
    BatchReleased(BatchRelease),
    /// Signing of a version begins: once for each (payout, version).
    SigningStarted(SigningRun),
    /// Signing of the same bytes begins anew after an abort, in a fresh session.
    SigningRetried(SigningRun),
    /// A signing session ended without a signature.
    SigningAborted(Abort),
    /// The transaction is signed. From here it can be sent.
    Signed(Signed),
    /// The transaction was handed to the node.
    Broadcast(Sighting),
    /// The transaction has the vault's number of confirmations.
    Confirmed(Confirmation),
    /// The transaction is in the chain as deep as that, but did nothing: it only cost its fee.
    Reverted(Confirmation),
    /// A block that held the transaction left the chain.
    Reorged(Sighting),
    /// The node no longer knows the transaction.
    Dropped(Sighting),
    /// Another transaction spent the anchor for good.
    Replaced {
        /// The plan that can no longer confirm.
        plan: EntryId,
        /// Its transaction.
        txid: HexBytes,
        /// The transaction that took its place.
        by: HexBytes,
    },
    /// Signing stops in a scope. By an officer with one touch (slot 9e), or by a machine that saw
    /// something it can't explain.
    Frozen(Freeze),
    /// An officer confirms that the machine's clock is right after a jump.
    ClockConfirmed {
        /// What the clock showed.
        time: Timestamp,
    },
}

impl Act {
    /// The act's name, as in the JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Act::Founded(_) => "founded",
            Act::Proposed(_) => "proposed",
            Act::Approved(_) => "approved",
            Act::Declined(_) => "declined",
            Act::Lapsed { .. } => "lapsed",
            Act::Enacted { .. } => "enacted",
            Act::KeygenStarted(_) => "keygen_started",
            Act::KeygenAborted(_) => "keygen_aborted",
            Act::VaultReady(_) => "vault_ready",
            Act::Planned(_) => "planned",
            Act::PlannedEvm(_) => "planned_evm",
            Act::Released(_) => "released",
            Act::BatchReleased(_) => "batch_released",
            Act::SigningStarted(_) => "signing_started",
            Act::SigningRetried(_) => "signing_retried",
            Act::SigningAborted(_) => "signing_aborted",
            Act::Signed(_) => "signed",
            Act::Broadcast(_) => "broadcast",
            Act::Confirmed(_) => "confirmed",
            Act::Reverted(_) => "reverted",
            Act::Reorged(_) => "reorged",
            Act::Dropped(_) => "dropped",
            Act::Replaced { .. } => "replaced",
            Act::Frozen(_) => "frozen",
            Act::ClockConfirmed { .. } => "clock_confirmed",
        }
    }
}

/// What all founders sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Founding {
    /// The company's treasury.
    pub name: Name,
    /// Whether it may ever hold real money; fixed for good.
    pub class: NetworkClass,
    /// Chains it may have vaults on.
    pub networks: Vec<Network>,
    /// The founding officers.
    pub officers: Vec<Officer>,
    /// The machines.
    pub machines: Vec<Machine>,
    /// Certificates (DER) that attestations must lead to.
    pub attestation_roots: Vec<HexBytes>,
    /// True when the roots are test roots: then no vault ever holds real money.
    pub test_roots: bool,
    /// The first policy's TOML text.
    pub policy: String,
    /// Why real money on a single-host layout is accepted, where it is.
    pub waiver: Option<Note>,
    /// 32 random bytes.
    pub nonce: HexBytes,
}

/// An approval: binds the proposal's digest, the policy and the moment it was adopted, and a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approving {
    /// What is approved.
    pub proposal: ProposalId,
    /// The entry that adopted the policy in force: a policy adopted again voids it.
    pub adoption: EntryId,
    /// The policy in force.
    pub policy: PolicyHash,
    /// When the approval ends.
    pub expires: Timestamp,
}

/// A decline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declining {
    /// What is declined.
    pub proposal: ProposalId,
    /// Why.
    pub reason: Note,
}

/// One run of key generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeygenRun {
    /// The vault.
    pub vault: VaultId,
    /// The sharing that will come of it.
    pub epoch: Epoch,
    /// Fresh for this run.
    pub session: SessionId,
}

/// A run that ended without what it was for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Abort {
    /// The run.
    pub session: SessionId,
    /// What happened, for people.
    pub fault: Note,
    /// Seats that provably broke the protocol: banned for this epoch.
    pub culprits: Vec<SeatId>,
}

/// A vault's public key material and what proves that its shares work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultReady {
    /// The vault.
    pub vault: VaultId,
    /// The run that made the key.
    pub session: SessionId,
    /// What everybody may know of the key.
    pub key: VaultKey,
    /// SHA-256 of each seat's sealed share file.
    pub sealed: Vec<SealedShare>,
    /// The quorums that signed the acceptance digest.
    pub accepted_by: Vec<Vec<SeatId>>,
}

/// The public side of a vault's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultKey {
    /// The sharing.
    pub epoch: Epoch,
    /// t.
    pub threshold: u16,
    /// The group's secp256k1 public key, 33 bytes SEC1-compressed: the BIP32 root, internal to
    /// Taproot.
    pub group: HexBytes,
    /// 32 bytes, BIP32 chain code: a tagged hash of the group key and the transcript.
    pub chain_code: HexBytes,
    /// Each seat's verifying share, 33 bytes.
    pub verifying_shares: Vec<(SeatId, HexBytes)>,
}

/// A sealed share file, by hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedShare {
    /// Whose share.
    pub seat: SeatId,
    /// SHA-256 of the file.
    pub sha256: HexBytes,
}

/// The exact transaction for one version of a payout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planned {
    /// The payout's proposal.
    pub proposal: ProposalId,
    /// 1 for the first plan; a new number for each that replaces it.
    pub version: u32,
    /// The unsigned transaction, consensus-encoded.
    pub transaction: HexBytes,
    /// What each input spends, in the transaction's order.
    pub inputs: Vec<PlannedInput>,
    /// The change output's place and derivation index, if there is change.
    pub change: Option<PlannedChange>,
}

/// The exact transaction for one version of a payout on an EVM chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedEvm {
    /// The payout's proposal, one payout of a batch, or a cancel.
    pub proposal: ProposalId,
    /// 1 for the first plan; a new number for each that replaces it.
    pub version: u32,
    /// The unsigned EIP-1559 transaction: `0x02` and the list of its nine fields (EIP-2718).
    pub transaction: HexBytes,
    /// The child key whose account pays.
    pub account: ChildPath,
}

/// An output of the vault that a plan spends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedInput {
    /// What the output holds.
    pub value: Sats,
    /// The child key that owns it.
    pub path: ChildPath,
}

/// The change output of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedChange {
    /// Its place among the outputs, from 0.
    pub output: u32,
    /// The child key that owns it.
    pub path: ChildPath,
}

/// A non-hardened BIP32 path `m/keychain/index` below the vault's root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "ChildPathOnWire", into = "ChildPathOnWire")]
pub struct ChildPath {
    keychain: u32,
    index: u32,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChildPathOnWire {
    keychain: u32,
    index: u32,
}

/// A path outside the ones a vault uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "m/{keychain}/{index} is no path of a vault: keychain 0, 1 or 2 and a non-hardened index are"
)]
pub struct ChildPathError {
    keychain: u32,
    index: u32,
}

impl ChildPath {
    /// Addresses shown to others.
    pub const RECEIVE: u32 = 0;
    /// Change.
    pub const CHANGE: u32 = 1;
    /// The acceptance signature; never an address.
    pub const ACCEPTANCE: u32 = 2;

    /// A path; hardened indices can't be derived without the whole key.
    pub const fn new(keychain: u32, index: u32) -> Result<Self, ChildPathError> {
        if keychain > Self::ACCEPTANCE || index >= 0x8000_0000 {
            return Err(ChildPathError { keychain, index });
        }
        Ok(Self { keychain, index })
    }

    /// First step.
    pub const fn keychain(self) -> u32 {
        self.keychain
    }

    /// Second step.
    pub const fn index(self) -> u32 {
        self.index
    }
}

impl TryFrom<ChildPathOnWire> for ChildPath {
    type Error = ChildPathError;
    fn try_from(wire: ChildPathOnWire) -> Result<Self, ChildPathError> {
        ChildPath::new(wire.keychain, wire.index)
    }
}

impl From<ChildPath> for ChildPathOnWire {
    fn from(path: ChildPath) -> Self {
        Self {
            keychain: path.keychain,
            index: path.index,
        }
    }
}

/// An officer opens a seat's share for one plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// The `Planned` entry.
    pub plan: EntryId,
    /// The seat that is opened.
    pub seat: SeatId,
    /// Ends by itself at this time, at most ten minutes after the entry.
    pub expires: Timestamp,
}

/// An officer opens a seat's share for all plans of one batch or sweep, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchRelease {
    /// The batch or sweep.
    pub batch: ProposalId,
    /// Hash of the ids of the entries that plan it and wait for a signature, in the batch's order.
    pub plans: PlansHash,
    /// The seat that is opened.
    pub seat: SeatId,
    /// Ends by itself at this time, at most ten minutes after the entry.
    pub expires: Timestamp,
}

/// One signing session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SigningRun {
    /// The `Planned` entry.
    pub plan: EntryId,
    /// Fresh for this run.
    pub session: SessionId,
    /// The t seats that sign.
    pub seats: Vec<SeatId>,
}

/// A signed transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// The `Planned` entry.
    pub plan: EntryId,
    /// The session that made it.
    pub session: SessionId,
    /// The transaction with its witnesses, consensus-encoded.
    pub transaction: HexBytes,
}

/// A transaction seen, or no longer seen, on the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sighting {
    /// The `Planned` entry.
    pub plan: EntryId,
    /// The transaction id, 32 bytes in the order people read.
    pub txid: HexBytes,
}

/// A transaction deep enough in the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// The `Planned` entry.
    pub plan: EntryId,
    /// The transaction id, 32 bytes in the order people read.
    pub txid: HexBytes,
    /// The block that holds it, 32 bytes in the order people read.
    pub block: HexBytes,
    /// That block's height.
    pub height: u32,
}

/// What a freeze stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Scope {
    /// Everything.
    Treasury,
    /// One vault.
    Vault(VaultId),
    /// One payout.
    Payout(ProposalId),
}

/// A freeze.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// What stops.
    pub scope: Scope,
    /// The journal's head that whoever froze saw: a freeze can't be moved to another history.
    pub head: LinkId,
    /// Why.
    pub reason: Note,
}
