//! A payout: what leaves one vault, to whom, and what the fee may cost at most.

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::amount::{Amount, AmountError};
use crate::asset::Asset;
use crate::canonical::Canonical;
use crate::id::VaultId;
use crate::name::{Name, Note};
use crate::sats::Sats;

/// Most legs of one payout; the transaction stays far below the standard weight.
pub const MAX_LEGS: usize = 1000;

/// One payee and what it is paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leg {
    /// The name in the address book, when the payee is in it.
    pub payee: Option<Name>,
    /// Where the money goes.
    pub address: Address,
    /// How much, of which asset.
    pub amount: Amount,
}

/// A payout that is internally sound: at least one leg, one asset, no dust, sums in range. On an EVM
/// chain it has exactly one leg, since a transaction there pays one payee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "PayoutOnWire", into = "PayoutOnWire")]
pub struct Payout {
    vault: VaultId,
    legs: Vec<Leg>,
    fee_cap: Amount,
    account: u32,
    memo: Note,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PayoutOnWire {
    vault: VaultId,
    legs: Vec<Leg>,
    fee_cap: FeeCapOnWire,
    #[serde(default, skip_serializing_if = "is_main")]
    account: u32,
    memo: Note,
}

/// Satoshi as their decimal text, or an amount with its coin.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum FeeCapOnWire {
    Sats(Sats),
    Coin(Amount),
}

/// The account that an EVM vault shows to others and pays from.
const MAIN_ACCOUNT: u32 = 0;

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
const fn is_main(account: &u32) -> bool {
    *account == MAIN_ACCOUNT
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
    /// Nothing would be paid.
    #[error("leg {0} pays nothing")]
    Nothing(usize),
    /// Legs of different assets.
    #[error("leg {0} pays another asset than the first: a payout pays one asset")]
    MixedAssets(usize),
    /// An address that the asset does not reach.
    #[error("leg {number} pays {asset} to an address on {network}, where it does not exist")]
    OtherChain {
        /// The leg, counted from 1.
        number: usize,
        /// What it pays.
        asset: Asset,
        /// The address's network.
        network: crate::address::Network,
    },
    /// More than one leg where a transaction pays one.
    #[error("on an EVM chain a payout has one payee, this has {0}: make it a batch")]
    OneLeg(usize),
    /// A token sent to its own contract is lost.
    #[error("{0} is the token's own contract: tokens sent there are lost")]
    TokenContract(Address),
    /// A fee cap in something that fees are not paid in.
    #[error("the fee cap is in {given}; fees are paid in the chain's own coin")]
    FeeAsset {
        /// What was given.
        given: Asset,
    },
    /// An account where there is none.
    #[error(
        "account {0} is none that can pay: Bitcoin has no accounts, an EVM vault has 0 to 2^31 - 1"
    )]
    Account(u32),
    /// Sums out of range.
    #[error(transparent)]
    Amount(#[from] AmountError),
}

impl Payout {
    /// Checks and builds a payout. From an EVM vault it is paid by the main account.
    pub fn new(
        vault: VaultId,
        legs: Vec<Leg>,
        fee_cap: impl Into<Amount>,
        memo: Note,
    ) -> Result<Self, PayoutError> {
        Self::from_account(vault, MAIN_ACCOUNT, legs, fee_cap, memo)
    }

    /// Checks and builds a payout by an account of an EVM vault: by the index of its address, 0 for
    /// the main one.
    pub fn from_account(
        vault: VaultId,
        account: u32,
        legs: Vec<Leg>,
        fee_cap: impl Into<Amount>,
        memo: Note,
    ) -> Result<Self, PayoutError> {
        let fee_cap = fee_cap.into();
        let first = legs.first().ok_or(PayoutError::NoLegs)?;
        if legs.len() > MAX_LEGS {
            return Err(PayoutError::TooManyLegs(legs.len()));
        }
        if fee_cap.is_zero() {
            return Err(PayoutError::NoFee);
        }
        let asset = first.amount.asset();
        (1..)
            .zip(&legs)
            .try_for_each(|(number, leg)| check_leg(number, leg, asset))?;
        check_chain(&legs, asset, fee_cap, account)?;
        let payout = Self {
            vault,
            legs,
            fee_cap,
            account,
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

    /// The most that the network fee may be, over all versions, in the chain's own coin.
    pub const fn fee_cap(&self) -> Amount {
        self.fee_cap
    }

    /// The account of an EVM vault that pays, by the index of its address; 0 is the main one.
    pub const fn account(&self) -> u32 {
        self.account
    }

    /// What the initiator wrote about it.
    pub const fn memo(&self) -> &Note {
        &self.memo
    }

    /// The one asset that all legs pay.
    pub fn asset(&self) -> Asset {
        // A payout has a leg, or it would not be.
        self.legs
            .first()
            .map_or(self.fee_cap.asset(), |leg| leg.amount.asset())
    }

    /// The sum of all legs, without the fee.
    pub fn total(&self) -> Result<Amount, AmountError> {
        self.legs
            .iter()
            .try_fold(Amount::zero(self.asset()), |sum, leg| sum.plus(leg.amount))
    }

    pub(crate) fn canonical(&self, into: Canonical) -> Canonical {
        let start = into.bytes(self.vault.as_bytes());
        let start = match self.fee_cap {
            Amount::Btc(sats) => start.number(sats.get()),
            Amount::Evm(coin, units) => coin
                .canonical(start)
                .bytes(&units.to_be_bytes::<32>())
                .number(self.account.into()),
        };
        let start = start
            .text(self.memo.as_str())
            .number(self.legs.len() as u64);
        self.legs.iter().fold(start, |hash, leg| {
            let hash = match &leg.payee {
                Some(name) => hash.number(1).text(name.as_str()),
                None => hash.number(0),
            };
            let hash = hash
                .text(&leg.address.network().to_string())
                .text(&leg.address.to_string());
            match leg.amount {
                Amount::Btc(sats) => hash.text("BTC").number(sats.get()),
                Amount::Evm(coin, units) => coin.canonical(hash).bytes(&units.to_be_bytes::<32>()),
            }
        })
    }
}

fn check_leg(number: usize, leg: &Leg, asset: Asset) -> Result<(), PayoutError> {
    if leg.amount.asset() != asset {
        return Err(PayoutError::MixedAssets(number));
    }
    let other_chain = || PayoutError::OtherChain {
        number,
        asset,
        network: leg.address.network(),
    };
    match (leg.amount, &leg.address) {
        (Amount::Btc(sats), Address::Btc(_)) if sats < Sats::DUST => Err(PayoutError::Dust {
            number,
            amount: leg.amount,
        }),
        (Amount::Btc(_), Address::Btc(_)) => Ok(()),
        (Amount::Evm(_, units), Address::Evm(_)) if units.is_zero() => {
            Err(PayoutError::Nothing(number))
        }
        (Amount::Evm(coin, _), Address::Evm(to)) if coin.chain() == to.chain() => {
            if coin.contract() == Some(*to) {
                return Err(PayoutError::TokenContract(leg.address.clone()));
            }
            Ok(())
        }
        (Amount::Btc(_) | Amount::Evm(..), Address::Btc(_) | Address::Evm(_)) => Err(other_chain()),
    }
}

fn check_chain(
    legs: &[Leg],
    asset: Asset,
    fee_cap: Amount,
    account: u32,
) -> Result<(), PayoutError> {
    let fee_asset = PayoutError::FeeAsset {
        given: fee_cap.asset(),
    };
    match (asset, fee_cap.asset()) {
        (Asset::Btc, Asset::Btc) if account == MAIN_ACCOUNT => Ok(()),
        (Asset::Btc, Asset::Btc) => Err(PayoutError::Account(account)),
        (Asset::Evm(_), Asset::Evm(_)) if legs.len() > 1 => Err(PayoutError::OneLeg(legs.len())),
        (Asset::Evm(_), Asset::Evm(_)) if account >= 0x8000_0000 => {
            Err(PayoutError::Account(account))
        }
        (Asset::Evm(paid), Asset::Evm(gas)) if gas.is_native() && gas.chain() == paid.chain() => {
            if paid.is_native() && paid != gas {
                return Err(fee_asset);
            }
            Ok(())
        }
        (Asset::Btc | Asset::Evm(_), Asset::Btc | Asset::Evm(_)) => Err(fee_asset),
    }
}

impl TryFrom<PayoutOnWire> for Payout {
    type Error = PayoutError;
    fn try_from(wire: PayoutOnWire) -> Result<Self, PayoutError> {
        let fee_cap = match wire.fee_cap {
            FeeCapOnWire::Sats(sats) => Amount::Btc(sats),
            FeeCapOnWire::Coin(amount) => amount,
        };
        Payout::from_account(wire.vault, wire.account, wire.legs, fee_cap, wire.memo)
    }
}

impl From<Payout> for PayoutOnWire {
    fn from(payout: Payout) -> Self {
        let Payout {
            vault,
            legs,
            fee_cap,
            account,
            memo,
        } = payout;
        let fee_cap = match fee_cap {
            Amount::Btc(sats) => FeeCapOnWire::Sats(sats),
            coin @ Amount::Evm(..) => FeeCapOnWire::Coin(coin),
        };
        Self {
            vault,
            legs,
            fee_cap,
            account,
            memo,
        }
    }
}
