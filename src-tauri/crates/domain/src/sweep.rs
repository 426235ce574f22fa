//! Money moved between a vault's own addresses: deposits are collected in its main one.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::amount::Amount;
use crate::asset::{Asset, Coin};
use crate::canonical::Canonical;
use crate::evm::ChainId;
use crate::id::VaultId;
use crate::name::Note;
use crate::payout::{Leg, Payout, PayoutError};
use crate::sats::Sats;

/// The address that a vault shows to others and pays from, and the account behind it.
const MAIN: u32 = 0;

/// One movement between two addresses of one vault. It names them by the index of their child key on
/// the receive keychain, so nobody else's address can stand in it: 0 is the main one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// The account that pays. On Bitcoin 0: all coins of the vault can be spent.
    pub from: u32,
    /// Where it goes.
    pub to: u32,
    /// How much, of which asset.
    pub amount: Amount,
    /// The most that the network fee may be, in the chain's own coin.
    pub fee_cap: Amount,
}

impl Transfer {
    /// It as a payout of the vault to an address of its own, `to`, which whoever asks has derived.
    pub fn payout(&self, vault: VaultId, to: Address, memo: Note) -> Result<Payout, PayoutError> {
        let leg = Leg {
            payee: None,
            address: to,
            amount: self.amount,
        };
        Payout::from_account(vault, self.from, vec![leg], self.fee_cap, memo)
    }

    /// Whether it only brings an account what its own fees will cost.
    pub const fn is_gas(&self) -> bool {
        self.from == MAIN && self.to != MAIN
    }

    fn coin(&self) -> Option<Coin> {
        self.amount.asset().coin()
    }

    fn canonical(&self, into: Canonical) -> Canonical {
        let into = into.number(self.from.into()).number(self.to.into());
        [self.amount, self.fee_cap]
            .into_iter()
            .fold(into, |hash, amount| match amount {
                Amount::Btc(sats) => hash.text("BTC").number(sats.get()),
                Amount::Evm(coin, units) => coin.canonical(hash).bytes(&units.to_be_bytes::<32>()),
            })
    }
}

/// Transfers of one vault, decided as one. On an EVM chain what lies on deposit accounts goes to the main
/// account; before it, the main account may send them what their fees will cost. On Bitcoin one
/// transfer joins many coins into one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "SweepOnWire", into = "SweepOnWire")]
pub struct Sweep {
    vault: VaultId,
    transfers: Vec<Transfer>,
    memo: Note,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SweepOnWire {
    vault: VaultId,
    transfers: Vec<Transfer>,
    memo: Note,
}

/// Why a sweep can't be. Transfers are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SweepError {
    /// Nothing in it.
    #[error("there is nothing to collect")]
    Empty,
    /// More than can be signed under one release.
    #[error("a sweep has at most {max} transfers, this has {0}: collect the rest with another", max = Sweep::MAX)]
    TooMany(usize),
    /// So little that the network would not carry it, or nothing.
    #[error("transfer {number} moves {amount}: that is nothing, or less than the network carries")]
    TooLittle {
        /// Which.
        number: usize,
        /// What it moves.
        amount: Amount,
    },
    /// A fee cap of nothing, or in something that fees are not paid in.
    #[error("the fee cap of transfer {number} is {cap}: fees are paid in the chain's own coin")]
    FeeCap {
        /// Which.
        number: usize,
        /// What was given.
        cap: Amount,
    },
    /// Assets of more than one chain.
    #[error("transfer {0} is on another chain than the first")]
    OtherChain(usize),
    /// More than one transfer of bitcoin.
    #[error("on Bitcoin one transfer collects everything, this sweep has {0}")]
    OneOnBitcoin(usize),
    /// Between two addresses that a sweep does not join.
    #[error(
        "transfer {number} goes from account {from} to account {to}: a sweep collects into account 0"
    )]
    Direction {
        /// Which.
        number: usize,
        /// From which account.
        from: u32,
        /// To which account.
        to: u32,
    },
    /// Gas for an account that no token is collected from afterwards, or not in the chain's own coin.
    #[error(
        "transfer {0} sends an account what no later transfer of a token from it needs for its fee"
    )]
    NeedlessGas(usize),
    /// The same thing twice.
    #[error("transfer {0} moves what an earlier one moves already")]
    Twice(usize),
}

impl Sweep {
    /// Most transfers of one sweep.
    pub const MAX: usize = 1000;

    /// Checks and builds a sweep.
    pub fn new(vault: VaultId, transfers: Vec<Transfer>, memo: Note) -> Result<Self, SweepError> {
        let first = transfers.first().ok_or(SweepError::Empty)?;
        if transfers.len() > Self::MAX {
            return Err(SweepError::TooMany(transfers.len()));
        }
        let chain = chain_of(first.amount);
        if chain.is_none() && transfers.len() > 1 {
            return Err(SweepError::OneOnBitcoin(transfers.len()));
        }
        let mut moved = BTreeSet::new();
        for (number, transfer) in (1..).zip(&transfers) {
            check_amounts(number, transfer)?;
            if chain_of(transfer.amount) != chain {
                return Err(SweepError::OtherChain(number));
            }
            check_direction(number, transfer)?;
            if !moved.insert((transfer.from, transfer.to, transfer.amount.asset())) {
                return Err(SweepError::Twice(number));
            }
            let later = transfers.get(number..).unwrap_or_default();
            if transfer.is_gas() && !needs_gas(transfer, later) {
                return Err(SweepError::NeedlessGas(number));
            }
        }
        Ok(Self {
            vault,
            transfers,
            memo,
        })
    }

    /// The vault.
    pub const fn vault(&self) -> VaultId {
        self.vault
    }

    /// The transfers, in order.
    pub fn transfers(&self) -> &[Transfer] {
        &self.transfers
    }

    /// What the initiator wrote about it.
    pub const fn memo(&self) -> &Note {
        &self.memo
    }

    /// Everything that is moved or that fees are paid in.
    pub fn assets(&self) -> BTreeSet<Asset> {
        let both = |transfer: &Transfer| [transfer.amount.asset(), transfer.fee_cap.asset()];
        self.transfers.iter().flat_map(both).collect()
    }

    pub(crate) fn canonical(&self, into: Canonical) -> Canonical {
        let start = into
            .bytes(self.vault.as_bytes())
            .text(self.memo.as_str())
            .number(self.transfers.len() as u64);
        self.transfers
            .iter()
            .fold(start, |hash, transfer| transfer.canonical(hash))
    }
}

fn chain_of(amount: Amount) -> Option<ChainId> {
    amount.asset().coin().map(|coin| coin.chain())
}

fn check_amounts(number: usize, transfer: &Transfer) -> Result<(), SweepError> {
    let Transfer {
        amount, fee_cap, ..
    } = *transfer;
    let carried = match amount {
        Amount::Btc(sats) => sats >= Sats::DUST,
        Amount::Evm(..) => !amount.is_zero(),
    };
    if !carried {
        return Err(SweepError::TooLittle { number, amount });
    }
    let own = match (amount.asset(), fee_cap.asset()) {
        (Asset::Btc, Asset::Btc) => true,
        (Asset::Evm(moved), Asset::Evm(gas)) => {
            gas.is_native() && gas.chain() == moved.chain() && (!moved.is_native() || moved == gas)
        }
        (Asset::Btc, Asset::Evm(_)) | (Asset::Evm(_), Asset::Btc) => false,
    };
    if !own || fee_cap.is_zero() {
        return Err(SweepError::FeeCap {
            number,
            cap: fee_cap,
        });
    }
    Ok(())
}

/// On Bitcoin from the vault to its main address; on an EVM chain between a deposit account and the
/// main one.
fn check_direction(number: usize, transfer: &Transfer) -> Result<(), SweepError> {
    const FIRST_HARDENED: u32 = 0x8000_0000;
    let Transfer { from, to, .. } = *transfer;
    let apart = (from == MAIN) != (to == MAIN);
    let right = match transfer.coin() {
        None => from == MAIN && to == MAIN,
        Some(_) => apart && from < FIRST_HARDENED && to < FIRST_HARDENED,
    };
    if right {
        return Ok(());
    }
    Err(SweepError::Direction { number, from, to })
}

fn needs_gas(gas: &Transfer, later: &[Transfer]) -> bool {
    let of_token = |transfer: &Transfer| {
        let token = transfer.coin().is_some_and(|coin| !coin.is_native());
        transfer.from == gas.to && token
    };
    gas.coin().is_some_and(|coin| coin.is_native()) && later.iter().any(of_token)
}

impl TryFrom<SweepOnWire> for Sweep {
    type Error = SweepError;
    fn try_from(wire: SweepOnWire) -> Result<Self, SweepError> {
        Sweep::new(wire.vault, wire.transfers, wire.memo)
    }
}

impl From<Sweep> for SweepOnWire {
    fn from(sweep: Sweep) -> Self {
        let Sweep {
            vault,
            transfers,
            memo,
        } = sweep;
        Self {
            vault,
            transfers,
            memo,
        }
    }
}
