//! Why an entry can't follow what came before.

use domain::entry::EntryError;
use domain::{MachineId, OfficerId, ProposalId, Timestamp, VaultId};

/// An entry that breaks a rule. Whoever wrote it, it changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IllegalEntry {
    /// Not the entry that comes next.
    #[error("it stands at place {actual}, place {expected} comes next")]
    OutOfOrder {
        /// The place that comes next.
        expected: u64,
        /// The place it claims.
        actual: u64,
    },
    /// It does not follow the last link: an entry was left out, moved or replaced.
    #[error("it does not follow the entry before it: the chain is broken here")]
    BrokenChain,
    /// The same body again.
    #[error("the same entry is in the journal already")]
    Repeated,
    /// The first entry is no founding, or a later one is.
    #[error("{0}")]
    Founding(String),
    /// Belongs to another treasury.
    #[error("it belongs to another treasury")]
    OtherTreasury,
    /// Earlier than the entry before.
    #[error(
        "its time {actual} is before {last}, the time of the entry before it: a clock was set back"
    )]
    ClockBehind {
        /// Time of the entry before.
        last: Timestamp,
        /// Its own time.
        actual: Timestamp,
    },
    /// By nobody who may act.
    #[error("officer {} is not on the roster or is suspended", .0.short())]
    UnknownOfficer(OfficerId),
    /// By no machine of the roster.
    #[error("machine {} is not on the roster or was replaced", .0.short())]
    UnknownMachine(MachineId),
    /// A signature is missing or wrong.
    #[error("its signature is wrong: {0}")]
    Signature(#[from] domain::dsse::EnvelopeError),
    /// The freeze key signed something that is no freeze.
    #[error("the freeze key (slot 9e) signed something that is no freeze")]
    FreezeKeyMisused,
    /// An officer did a machine's part or the other way round.
    #[error("`{act}` can't be said by {author}")]
    WrongAuthor {
        /// The act's name.
        act: &'static str,
        /// `an officer` or `a machine`.
        author: &'static str,
    },
    /// A restored journal waits for the governance quorum.
    #[error(
        "the journal was restored and the new machine is not yet accepted by the governance quorum: nothing else can happen before"
    )]
    CandidatePending,
    /// Names something that is not there.
    #[error("there is no {what} {which}")]
    Unknown {
        /// The kind of thing.
        what: &'static str,
        /// Which.
        which: String,
    },
    /// A proposal that can't be made.
    #[error("it can't be proposed: {0}")]
    Proposal(String),
    /// The proposal is decided or under way.
    #[error("proposal {} is no longer open", .0.short())]
    NotOpen(ProposalId),
    /// An approval or decline that does not count.
    #[error("the approval does not count: {0}")]
    Approval(String),
    /// The policy refuses or asks for more.
    #[error("the policy does not allow it: {0}")]
    Policy(String),
    /// A freeze holds it.
    #[error("it is frozen")]
    Frozen,
    /// The vault is not at that point.
    #[error("vault {}: {why}", .vault.short())]
    Vault {
        /// The vault.
        vault: VaultId,
        /// What is wrong.
        why: String,
    },
    /// The plan moves money otherwise than approved, or can't be.
    #[error("the plan is refused: {0}")]
    Plan(String),
    /// A release that opens nothing.
    #[error("the release does not count: {0}")]
    Release(String),
    /// The signing session can't be.
    #[error("the signing session is refused: {0}")]
    Signing(String),
    /// Something was seen on the chain that can't be for this payout.
    #[error("the sighting does not fit the payout: {0}")]
    Sighting(String),
    /// Bytes that are no entry.
    #[error(transparent)]
    Malformed(#[from] EntryError),
}
