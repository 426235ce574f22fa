//! Every way in which a transaction is not the payout that was approved.

use bitcoin::OutPoint;
use domain::act::ChildPath;
use domain::id::{ProposalId, VaultId};
use domain::{Address, FeeRate, Network, Sats};

use crate::limits;
use crate::vault::{TransferError, VaultKeyError};

/// What any mismatch means, and what to do.
pub(crate) const SO: &str = "the builder of this plan is broken or lies; this seat signs nothing of it and the \
                  money stays where it is: make a new plan";

/// Why a plan is not signed. Legs, inputs and outputs are counted from 1, as people do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanMismatch {
    /// The plan was made for another proposal than the authorization.
    #[error("the plan is for proposal {plan}, the approvals are for {authorized}; {so}", so = SO)]
    OtherProposal {
        /// What the plan names.
        plan: ProposalId,
        /// What was approved.
        authorized: ProposalId,
    },
    /// What was approved is no cancel.
    #[error("what was approved cancels no payout; {so}", so = SO)]
    NoCancel,
    /// What was approved is no transfer that the vault can make.
    #[error("{0}; nothing is signed: the sweep must be proposed anew")]
    Transfer(#[from] Box<TransferError>),
    /// The payout leaves another vault.
    #[error("the payout leaves vault {payout}, the plan spends from vault {vault}; {so}", so = SO)]
    OtherVault {
        /// The vault of the payout.
        payout: VaultId,
        /// The vault whose key would sign.
        vault: VaultId,
    },
    /// A leg's address is of another network than the vault.
    #[error(
        "leg {leg} pays an address of {found}, the vault lives on {expected}; nothing is signed: the payout must be proposed anew"
    )]
    OtherNetwork {
        /// The leg.
        leg: usize,
        /// Its network.
        found: Network,
        /// The vault's network.
        expected: Network,
    },
    /// The payout pays on another kind of chain, or its fee cap is in another coin.
    #[error(
        "the payout is not one of bitcoin; nothing is signed: the payout must be proposed anew"
    )]
    NotBitcoin,
    /// The vault's own key can't be used.
    #[error(transparent)]
    Key(#[from] VaultKeyError),
    /// More bytes than a standard transaction can have.
    #[error("the transaction has {0} bytes, more than the network carries; {so}", so = SO)]
    TooLong(usize),
    /// The bytes are no transaction.
    #[error("the bytes are no transaction ({reason}); {so}", reason = .0, so = SO)]
    Undecodable(String),
    /// Bytes after the end of the transaction.
    #[error("{0} bytes follow the end of the transaction; {so}", so = SO)]
    TrailingBytes(usize),
    /// The bytes decode, but are not the one encoding of what they decode to.
    #[error("the transaction is not in its one canonical encoding; {so}", so = SO)]
    NotCanonical,
    /// Another version than 2.
    #[error("the transaction has version {0} instead of 2; {so}", so = SO)]
    Version(i32),
    /// A lock time other than 0.
    #[error("the transaction is locked until {0} instead of being final at once; {so}", so = SO)]
    LockTime(u32),
    /// Nothing is spent.
    #[error("the transaction spends nothing; {so}", so = SO)]
    NoInputs,
    /// More inputs than one plan may have.
    #[error("the transaction has {0} inputs, at most {max} are signed at once; consolidate small coins first; nothing is signed", max = limits::MAX_INPUTS)]
    TooManyInputs(usize),
    /// The plan describes another number of inputs.
    #[error("the transaction has {actual} inputs, the plan describes {described}; {so}", so = SO)]
    InputCount {
        /// Inputs that the plan describes.
        described: usize,
        /// Inputs in the bytes.
        actual: usize,
    },
    /// An input that already carries a script.
    #[error("input {0} carries a script; {so}", so = SO)]
    ScriptSig(usize),
    /// An input that already carries a witness.
    #[error("input {0} carries a witness before anybody signed; {so}", so = SO)]
    Witness(usize),
    /// An input that does not signal replacement, or delays itself.
    #[error("input {input} has sequence {sequence:#010x} instead of 0xfffffffd, so its fee could not be raised later or it is delayed; {so}", so = SO)]
    Sequence {
        /// The input.
        input: usize,
        /// Its sequence.
        sequence: u32,
    },
    /// One outpoint twice.
    #[error("{0} is spent twice; {so}", so = SO)]
    DuplicateInput(OutPoint),
    /// The outpoint of a coinbase.
    #[error("input {0} spends no outpoint; {so}", so = SO)]
    NullInput(usize),
    /// An input said to hold nothing.
    #[error("input {0} is said to hold nothing; {so}", so = SO)]
    WorthlessInput(usize),
    /// The outpoint that every version of the payout must spend is missing.
    #[error("{0} is not spent, which every version of this payout must spend, or it could be paid twice; {so}", so = SO)]
    MissingAnchor(OutPoint),
    /// Fewer outputs than legs.
    #[error("the payout has {legs} legs, the transaction only {outputs} outputs; {so}", so = SO)]
    MissingLegs {
        /// Legs of the payout.
        legs: usize,
        /// Outputs there are.
        outputs: usize,
    },
    /// An output pays another script than its leg.
    #[error("output {leg} does not pay {expected} as leg {leg} says; {so}", so = SO)]
    OtherPayee {
        /// The leg.
        leg: usize,
        /// Whom it should pay.
        expected: Address,
    },
    /// An output pays another amount than its leg.
    #[error("output {leg} pays {found} satoshi instead of {expected} as leg {leg} says; {so}", expected = .expected.get(), so = SO)]
    OtherAmount {
        /// The leg.
        leg: usize,
        /// What it should pay.
        expected: Sats,
        /// What it pays, in satoshi.
        found: u64,
    },
    /// An output that is neither a leg nor claimed as change.
    #[error("output {output} pays {amount} satoshi that no leg asks for; {so}", so = SO)]
    UnclaimedOutput {
        /// The output.
        output: usize,
        /// What it pays, in satoshi.
        amount: u64,
    },
    /// Change claimed at a place where no change can be.
    #[error("change is claimed at output {claimed}, it can only be output {expected}, after the legs; {so}", so = SO)]
    ChangePlace {
        /// Where it is claimed to be.
        claimed: u64,
        /// Where it can be.
        expected: usize,
    },
    /// Change claimed where there is no output.
    #[error("change is claimed, but the transaction has no output for it; {so}", so = SO)]
    ChangeMissing,
    /// Change to a path that is not on the change keychain.
    #[error("change is claimed at m/{keychain}/{index}, it belongs on keychain 1; {so}", keychain = .0.keychain(), index = .0.index(), so = SO)]
    ChangeKeychain(ChildPath),
    /// Change that does not pay the vault's own key at the claimed path.
    #[error("the change of {amount} satoshi does not pay the vault's own key m/{keychain}/{index}; {so}", keychain = .path.keychain(), index = .path.index(), so = SO)]
    ForeignChange {
        /// The claimed path.
        path: ChildPath,
        /// What it pays, in satoshi.
        amount: u64,
    },
    /// Change that the network would not carry.
    #[error("the change of {amount} satoshi is dust, less than {dust}, which the network does not carry; {so}", dust = .dust.get(), so = SO)]
    DustChange {
        /// What it pays, in satoshi.
        amount: u64,
        /// The least it may.
        dust: Sats,
    },
    /// A sum over what can exist.
    #[error("amounts of the transaction add up to more than can exist; {so}", so = SO)]
    Sum,
    /// Outputs take all or more than the inputs hold.
    #[error("the inputs hold {inputs}, the outputs pay {outputs}: nothing is left for the network fee; {so}", so = SO)]
    NoFee {
        /// What the inputs hold.
        inputs: Sats,
        /// What the outputs pay.
        outputs: Sats,
    },
    /// More fee than was approved.
    #[error("the network fee is {fee}, the approved cap is {cap}; {so}", so = SO)]
    FeeOverCap {
        /// The fee.
        fee: Sats,
        /// The cap.
        cap: Sats,
    },
    /// A fee rate that nobody needs to pay.
    #[error("the network fee is {rate}, more than {max}, which is a mistake at any time; {so}", max = limits::MAX_FEE_RATE, so = SO)]
    FeeRate {
        /// The rate.
        rate: FeeRate,
    },
    /// Heavier than the network carries.
    #[error("the transaction would weigh {0} weight units, the network carries at most {max}; {so}", max = limits::MAX_WEIGHT, so = SO)]
    Weight(u64),
    /// The digests can't be computed.
    #[error("the digest of input {0} can't be computed; {so}", so = SO)]
    Sighash(usize),
}
