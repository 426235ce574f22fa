//! A payout: what leaves one vault, to whom, and what the fee may cost at most.

use serde::{Deserialize, Serialize};

use crate::address::BtcAddress;
use crate::amount::{Amount, AmountError, Asset, Sats};
use crate::canonical::Canonical;
use crate::id::VaultId;
use crate::name::{Name, Note};

/// Most legs of one payout; the transaction stays far below the standard weight.
pub const MAX_LEGS: usize = 1000;

/// One payee and what it is paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leg {
    /// The name in the address book, when the payee is in it.
    pub payee: Option<Name>,
    /// Where the money goes.
    pub address: BtcAddress,
    /// How much, of which asset.
    pub amount: Amount,
}

/// A payout that is internally sound: at least one leg, one asset, no dust, sums in range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "PayoutOnWire", into = "PayoutOnWire")]
pub struct Payout {
    vault: VaultId,
    legs: Vec<Leg>,
    fee_cap: Sats,
    memo: Note,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PayoutOnWire {
    vault: VaultId,
    legs: Vec<Leg>,
    fee_cap: Sats,
    memo: Note,
}

/// Why a payout can't be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PayoutError {
    /// Nobody to pay.
    #[error("a payout needs at least one payee")]
    NoLegs,
    /// More legs than one transaction should carry.
    #[error("a payout has at most {MAX_LEGS} legs, this has {0}")]
    TooManyLegs(usize),
    /// So little that the network would not carry it.
    #[error("leg {number} pays {amount}: less than {dust} is dust that the network does not carry", dust = Sats::DUST)]
    Dust {
        /// The leg, counted from 1.
        number: usize,
        /// What it pays.
        amount: Amount,
    },
    /// No fee would be allowed.
    #[error("the fee cap is zero: no transaction is carried without a fee")]
    NoFee,
    /// Sums out of range.
    #[error(transparent)]
    Amount(#[from] AmountError),
}

impl Payout {
    /// Checks and builds a payout.
    pub fn new(
        vault: VaultId,
        legs: Vec<Leg>,
        fee_cap: Sats,
        memo: Note,
    ) -> Result<Self, PayoutError> {
        if legs.is_empty() {
            return Err(PayoutError::NoLegs);
        }
        if legs.len() > MAX_LEGS {
            return Err(PayoutError::TooManyLegs(legs.len()));
        }
        if fee_cap == Sats::ZERO {
            return Err(PayoutError::NoFee);
        }
        for (index, leg) in legs.iter().enumerate() {
            match leg.amount {
                Amount::Btc(sats) if sats < Sats::DUST => {
                    return Err(PayoutError::Dust {
                        number: index.saturating_add(1),
                        amount: leg.amount,
                    });
                }
                Amount::Btc(_) => {}
            }
        }
        let payout = Self {
            vault,
            legs,
            fee_cap,
            memo,
        };
        payout.total()?;
        Ok(payout)
    }

    /// The vault that pays.
    pub const fn vault(&self) -> VaultId {
        self.vault
    }

    /// Who is paid what, in order.
    pub fn legs(&self) -> &[Leg] {
        &self.legs
    }

    /// The most that the network fee may be, over all versions.
    pub const fn fee_cap(&self) -> Sats {
        self.fee_cap
    }

    /// What the initiator wrote about it.
    pub const fn memo(&self) -> &Note {
        &self.memo
    }

    /// The one asset that all legs pay.
    pub const fn asset(&self) -> Asset {
        Asset::Btc
    }

    /// The sum of all legs, without the fee.
    pub fn total(&self) -> Result<Amount, AmountError> {
        self.legs
            .iter()
            .try_fold(Amount::zero(self.asset()), |sum, leg| sum.plus(leg.amount))
    }

    pub(crate) fn canonical(&self, into: Canonical) -> Canonical {
        let start = into
            .bytes(self.vault.as_bytes())
            .number(self.fee_cap.get())
            .text(self.memo.as_str())
            .number(self.legs.len() as u64);
        self.legs.iter().fold(start, |hash, leg| {
            let hash = match &leg.payee {
                Some(name) => hash.number(1).text(name.as_str()),
                None => hash.number(0),
            };
            let hash = hash
                .text(leg.address.network().name())
                .text(leg.address.as_str());
            match leg.amount {
                Amount::Btc(sats) => hash.text("BTC").number(sats.get()),
            }
        })
    }
}

impl TryFrom<PayoutOnWire> for Payout {
    type Error = PayoutError;
    fn try_from(wire: PayoutOnWire) -> Result<Self, PayoutError> {
        Payout::new(wire.vault, wire.legs, wire.fee_cap, wire.memo)
    }
}

impl From<Payout> for PayoutOnWire {
    fn from(payout: Payout) -> Self {
        let Payout {
            vault,
            legs,
            fee_cap,
            memo,
        } = payout;
        Self {
            vault,
            legs,
            fee_cap,
            memo,
        }
    }
}
