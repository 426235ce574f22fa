//! Amounts bound to their asset. Integers only; arithmetic is checked.

use std::fmt;

use alloy_primitives::U256;
use serde::{Deserialize, Serialize};

use crate::asset::{Asset, Coin};
use crate::sats::Sats;

/// A text or sum that is no amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// No such asset.
    #[error(
        "`{0}` is no asset of this treasury; it knows BTC, and the coins that governance entered"
    )]
    UnknownAsset(String),
    /// A symbol that more than one known asset has.
    #[error("`{0}` is the symbol of more than one asset here; say on which chain it is")]
    AmbiguousAsset(String),
    /// The asset is missing from the text.
    #[error("`{0}` names no asset; write for example `0.25 BTC`")]
    NoAsset(String),
    /// Not digits with at most one point.
    #[error("`{0}` is no decimal number; write digits with at most one point, for example 0.25")]
    NotDecimal(String),
    /// More decimal places than the asset has; rounding would change what is paid.
    #[error(
        "`{text}` has {given} decimal places, {asset} has {allowed}: it can't be paid exactly, and nothing is rounded"
    )]
    TooPrecise {
        /// What was written.
        text: String,
        /// Its decimal places.
        given: usize,
        /// The asset.
        asset: Asset,
        /// The asset's decimal places.
        allowed: u8,
    },
    /// More than can exist.
    #[error("more than 21 million BTC can't exist")]
    TooLarge,
    /// More than an EVM chain can count.
    #[error("more than 2^256 - 1 base units can't exist")]
    TooManyUnits,
    /// A sum or difference outside the range.
    #[error("the sum of the amounts is out of range")]
    Overflow,
    /// Two amounts of different assets.
    #[error("amounts of {} and {} can't be added", .0.0, .0.1)]
    DifferentAssets(Box<(Asset, Asset)>),
}

/// An amount of one asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "AmountOnWire", into = "AmountOnWire")]
pub enum Amount {
    /// An amount of bitcoin.
    Btc(Sats),
    /// So many base units of a coin or token of an EVM chain.
    Evm(Coin, U256),
}

impl Amount {
    /// What it is an amount of.
    pub const fn asset(self) -> Asset {
        match self {
            Amount::Btc(_) => Asset::Btc,
            Amount::Evm(coin, _) => Asset::Evm(coin),
        }
    }

    /// Base units: satoshi, wei, or a token's smallest unit.
    pub fn units(self) -> U256 {
        match self {
            Amount::Btc(sats) => U256::from(sats.get()),
            Amount::Evm(_, units) => units,
        }
    }

    /// True when it is nothing.
    pub fn is_zero(self) -> bool {
        self.units().is_zero()
    }

    /// The sum of two amounts of one asset.
    pub fn plus(self, other: Amount) -> Result<Amount, AmountError> {
        match (self, other) {
            (Amount::Btc(a), Amount::Btc(b)) => a.plus(b).map(Amount::Btc),
            (Amount::Evm(coin, a), Amount::Evm(same, b)) if coin == same => a
                .checked_add(b)
                .map(|sum| Amount::Evm(coin, sum))
                .ok_or(AmountError::Overflow),
            (Amount::Btc(_) | Amount::Evm(..), other) => Err(AmountError::DifferentAssets(
                Box::new((self.asset(), other.asset())),
            )),
        }
    }

    /// What is left of an amount after taking another of the same asset away.
    pub fn minus(self, other: Amount) -> Result<Amount, AmountError> {
        match (self, other) {
            (Amount::Btc(a), Amount::Btc(b)) => a.minus(b).map(Amount::Btc),
            (Amount::Evm(coin, a), Amount::Evm(same, b)) if coin == same => a
                .checked_sub(b)
                .map(|left| Amount::Evm(coin, left))
                .ok_or(AmountError::Overflow),
            (Amount::Btc(_) | Amount::Evm(..), other) => Err(AmountError::DifferentAssets(
                Box::new((self.asset(), other.asset())),
            )),
        }
    }

    /// None of an asset.
    pub const fn zero(asset: Asset) -> Amount {
        match asset {
            Asset::Btc => Amount::Btc(Sats::ZERO),
            Asset::Evm(coin) => Amount::Evm(coin, U256::ZERO),
        }
    }

    /// The decimal number alone, without the symbol.
    pub fn to_decimal(self) -> String {
        shown_decimal(&self.units().to_string(), self.asset())
    }

    /// Reads the decimal number of an asset, for example `0.25`, without loss.
    pub fn from_decimal(text: &str, asset: Asset) -> Result<Amount, AmountError> {
        match asset {
            Asset::Btc => Sats::from_btc(text).map(Amount::Btc),
            Asset::Evm(coin) => units(&decimal_digits(text, asset)?).map(|u| Amount::Evm(coin, u)),
        }
    }

    /// Reads `0.25 ETH`, of one of the assets given.
    pub fn parse(text: &str, known: &[Asset]) -> Result<Amount, AmountError> {
        let Some((number, symbol)) = text.trim().split_once(' ') else {
            return Err(AmountError::NoAsset(text.chars().take(40).collect()));
        };
        let symbol = symbol.trim_start();
        let mut named = known.iter().filter(|asset| asset.symbol() == symbol);
        match named.next() {
            Some(asset) if named.any(|other| other != asset) => {
                Err(AmountError::AmbiguousAsset(symbol.to_owned()))
            }
            Some(asset) => Amount::from_decimal(number, *asset),
            None => Err(AmountError::UnknownAsset(symbol.chars().take(20).collect())),
        }
    }
}

impl From<Sats> for Amount {
    fn from(sats: Sats) -> Amount {
        Amount::Btc(sats)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} {}", self.to_decimal(), self.asset()))
    }
}

/// Reads `0.25 BTC`; amounts of other assets need to know which there are ([`Amount::parse`]).
impl std::str::FromStr for Amount {
    type Err = AmountError;
    fn from_str(text: &str) -> Result<Self, AmountError> {
        Amount::parse(text, &[Asset::Btc])
    }
}

/// The digits of a decimal number in base units, or why it is none.
pub(crate) fn decimal_digits(text: &str, asset: Asset) -> Result<String, AmountError> {
    let bad = || AmountError::NotDecimal(text.chars().take(40).collect());
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let pointed = text.contains('.');
    if whole.is_empty() || !digits(whole) || !digits(fraction) || (pointed && fraction.is_empty()) {
        return Err(bad());
    }
    let allowed = asset.decimals();
    if fraction.len() > usize::from(allowed) {
        return Err(AmountError::TooPrecise {
            text: text.chars().take(40).collect(),
            given: fraction.len(),
            asset,
            allowed,
        });
    }
    Ok(format!(
        "{whole}{fraction:0<width$}",
        width = usize::from(allowed)
    ))
}

/// Base units as a decimal number with all needed and no needless places.
pub(crate) fn shown_decimal(units: &str, asset: Asset) -> String {
    let places = usize::from(asset.decimals());
    let digits = format!("{units:0>width$}", width = places.saturating_add(1));
    let (whole, fraction) = digits
        .split_at_checked(digits.len().saturating_sub(places))
        .unwrap_or((&digits, ""));
    match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        fraction => format!("{whole}.{fraction}"),
    }
}

/// Plain decimal digits as a number; the library reads signs, prefixes and separators as well.
fn units(digits: &str) -> Result<U256, AmountError> {
    U256::from_str_radix(digits, 10).map_err(|_| AmountError::TooManyUnits)
}

/// In JSON an amount is the decimal text of its base units, so that no reader turns it into a float.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AmountOnWire {
    asset: Asset,
    units: String,
}

impl TryFrom<AmountOnWire> for Amount {
    type Error = AmountError;
    fn try_from(wire: AmountOnWire) -> Result<Self, AmountError> {
        let Asset::Evm(coin) = wire.asset else {
            return Sats::try_from(wire.units).map(Amount::Btc);
        };
        let text = wire.units;
        let plain = !text.is_empty()
            && text.bytes().all(|b| b.is_ascii_digit())
            && (text.len() == 1 || !text.starts_with('0'));
        if !plain {
            return Err(AmountError::NotDecimal(text.chars().take(40).collect()));
        }
        units(&text).map(|units| Amount::Evm(coin, units))
    }
}

impl From<Amount> for AmountOnWire {
    fn from(amount: Amount) -> Self {
        Self {
            asset: amount.asset(),
            units: amount.units().to_string(),
        }
    }
}
