//! Many payouts decided as one.

use serde::{Deserialize, Serialize};

use crate::canonical::Canonical;
use crate::id::{ProposalId, VaultId};
use crate::name::Note;
use crate::payout::Payout;

/// An ordered list of payouts of one EVM vault: one digest, one approval, limits checked together, a
/// status for each. On Bitcoin one payout with many legs serves the same end in one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BatchOnWire", into = "BatchOnWire")]
pub struct Batch {
    vault: VaultId,
    payouts: Vec<Payout>,
    memo: Note,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchOnWire {
    vault: VaultId,
    payouts: Vec<Payout>,
    memo: Note,
}

/// Why a batch can't be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// Nothing in it.
    #[error("a batch needs at least one payout")]
    Empty,
    /// More than can be signed under one release.
    #[error("a batch has at most {max} payouts, this has {0}", max = Batch::MAX)]
    TooMany(usize),
    /// A payout of another vault.
    #[error("payout {0} of the batch is paid by another vault")]
    OtherVault(usize),
    /// A payout of bitcoin.
    #[error(
        "payout {0} of the batch pays bitcoin: one payout with many legs does it in one transaction"
    )]
    Bitcoin(usize),
}

impl Batch {
    /// Most payouts of one batch.
    pub const MAX: usize = 1000;

    /// Checks and builds a batch.
    pub fn new(vault: VaultId, payouts: Vec<Payout>, memo: Note) -> Result<Self, BatchError> {
        if payouts.is_empty() {
            return Err(BatchError::Empty);
        }
        if payouts.len() > Self::MAX {
            return Err(BatchError::TooMany(payouts.len()));
        }
        for (number, payout) in (1..).zip(&payouts) {
            if payout.vault() != vault {
                return Err(BatchError::OtherVault(number));
            }
            if payout.asset().coin().is_none() {
                return Err(BatchError::Bitcoin(number));
            }
        }
        Ok(Self {
            vault,
            payouts,
            memo,
        })
    }

    /// The vault that pays.
    pub const fn vault(&self) -> VaultId {
        self.vault
    }

    /// The payouts, in the order in which they are signed.
    pub fn payouts(&self) -> &[Payout] {
        &self.payouts
    }

    /// What the initiator wrote about it.
    pub const fn memo(&self) -> &Note {
        &self.memo
    }

    /// The id of one payout of a batch, by its place from 0: what its own entries name.
    pub fn item_id(batch: ProposalId, place: u32) -> ProposalId {
        let hash = Canonical::new("countersign/batch-item/v1")
            .bytes(batch.as_bytes())
            .number(place.into());
        ProposalId::from_bytes(hash.finish())
    }

    pub(crate) fn canonical(&self, into: Canonical) -> Canonical {
        let start = into
            .bytes(self.vault.as_bytes())
            .text(self.memo.as_str())
            .number(self.payouts.len() as u64);
        self.payouts
            .iter()
            .fold(start, |hash, payout| payout.canonical(hash))
    }
}

impl TryFrom<BatchOnWire> for Batch {
    type Error = BatchError;
    fn try_from(wire: BatchOnWire) -> Result<Self, BatchError> {
        Batch::new(wire.vault, wire.payouts, wire.memo)
    }
}

impl From<Batch> for BatchOnWire {
    fn from(batch: Batch) -> Self {
        let Batch {
            vault,
            payouts,
            memo,
        } = batch;
        Self {
            vault,
            payouts,
            memo,
        }
    }
}
