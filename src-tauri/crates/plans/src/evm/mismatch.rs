//! Every way in which a transaction of an EVM chain is not the payout that was approved.

use domain::act::ChildPath;
use domain::id::{ProposalId, VaultId};
use domain::{Amount, ChainId, EvmAddress};

use super::{MAX_GAS, MAX_GAS_PRICE, NonceAnchor};
use crate::mismatch::SO;
use crate::vault::{TransferError, VaultKeyError};

/// Why a plan on an EVM chain is not signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvmMismatch {
    /// The plan was made for another proposal than the authorization.
    #[error("the plan is for proposal {plan}, the approvals are for {authorized}; {so}", so = SO)]
    OtherProposal {
        /// What the plan names.
        plan: ProposalId,
        /// What was approved.
        authorized: ProposalId,
    },
    /// What was approved is no cancel of this payout.
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
    /// The vault does not live on an EVM chain, or the payout pays on another.
    #[error(
        "the payout and the vault are not on the same EVM chain; nothing is signed: the payout must be proposed anew"
    )]
    OtherNetwork,
    /// The vault's own key can't be used.
    #[error(transparent)]
    Key(#[from] VaultKeyError),
    /// More bytes than anything signed here has.
    #[error("the transaction has {0} bytes, more than a payment needs; {so}", so = SO)]
    TooLong(usize),
    /// The bytes are no transaction.
    #[error("the bytes are no transaction ({reason}); {so}", reason = .0, so = SO)]
    Undecodable(&'static str),
    /// Bytes after the end.
    #[error("{0} bytes follow the end of the transaction; {so}", so = SO)]
    TrailingBytes(usize),
    /// A number or length with needless bytes.
    #[error("the transaction is not in its one canonical encoding; {so}", so = SO)]
    NotCanonical,
    /// A transaction from before EIP-2718.
    #[error("the transaction is of the legacy type, which need not be bound to a chain; only EIP-1559 is signed; {so}", so = SO)]
    Legacy,
    /// Another type of EIP-2718.
    #[error("the transaction is of type {0}{meaning}; only EIP-1559 (type 2) is signed; {so}", meaning = meaning(*.0), so = SO)]
    Type(u8),
    /// A contract would be created.
    #[error("the transaction creates a contract; {so}", so = SO)]
    Creation,
    /// An access list, which no payment needs.
    #[error("the transaction carries an access list; {so}", so = SO)]
    AccessList,
    /// Another chain.
    #[error("the transaction is for chain {found}, the vault lives on {expected}; {so}", so = SO)]
    OtherChain {
        /// Its chain.
        found: u64,
        /// The vault's.
        expected: ChainId,
    },
    /// Another account than the payout's.
    #[error("the plan pays from m/{keychain}/{index}, the payout from account {expected}; {so}", keychain = .found.keychain(), index = .found.index(), so = SO)]
    OtherAccount {
        /// The plan's.
        found: ChildPath,
        /// The payout's.
        expected: u32,
    },
    /// Another account or nonce than every version of this payout shares.
    #[error("the transaction takes {found}, every version of this payout takes {expected}, or it could be paid twice; {so}", so = SO)]
    OtherAnchor {
        /// What it takes.
        found: NonceAnchor,
        /// What it must take.
        expected: NonceAnchor,
    },
    /// Another recipient.
    #[error("the transaction goes to {found}, not to {expected}; {so}", so = SO)]
    OtherPayee {
        /// Where it goes.
        found: String,
        /// Where it should.
        expected: EvmAddress,
    },
    /// Another value.
    #[error("the transaction moves {found} wei of the chain's own coin instead of {expected}; {so}", so = SO)]
    OtherValue {
        /// What it moves.
        found: domain::U256,
        /// What it should.
        expected: domain::U256,
    },
    /// Calldata that is not exactly the transfer that was approved.
    #[error("the calldata is not exactly the transfer of {expected}; {so}", so = SO)]
    OtherCall {
        /// What should be transferred.
        expected: Amount,
    },
    /// Calldata where none belongs.
    #[error("the transaction carries {0} bytes of calldata where none belongs; {so}", so = SO)]
    Data(usize),
    /// Gas beyond what a payment needs, or none.
    #[error("the transaction may use {0} gas, a payment needs between 21000 and {max}; {so}", max = MAX_GAS, so = SO)]
    Gas(u64),
    /// A price for gas that nobody needs to pay, or a tip above the whole.
    #[error("the transaction pays up to {0} wei for each gas, more than {max}, or a tip above the whole; {so}", max = MAX_GAS_PRICE, so = SO)]
    GasPrice(u128),
    /// A cap in something that this chain does not take for gas.
    #[error(
        "the approved fee cap is {0}, which does not pay for gas on this chain; nothing is signed: it must be proposed anew with a cap in the chain's own coin"
    )]
    CapAsset(Amount),
    /// More fee than was approved.
    #[error("the network fee can be {fee} wei, the approved cap is {cap}; {so}", so = SO)]
    FeeOverCap {
        /// The fee.
        fee: domain::U256,
        /// The cap.
        cap: Box<Amount>,
    },
}

const fn meaning(kind: u8) -> &'static str {
    match kind {
        1 => " (EIP-2930)",
        3 => " (blobs, EIP-4844)",
        4 => " (it hands the account to a contract, EIP-7702)",
        _ => "",
    }
}
