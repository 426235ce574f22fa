//! Amounts bound to their asset, and fee rates. Integers only; arithmetic is checked.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Something of value on a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Asset {
    /// Bitcoin, counted in satoshi.
    #[serde(rename = "BTC")]
    Btc,
}

impl Asset {
    /// The symbol shown to people.
    pub const fn symbol(self) -> &'static str {
        match self {
            Asset::Btc => "BTC",
        }
    }

    /// Decimal places between the unit people write and the base unit.
    pub const fn decimals(self) -> u8 {
        match self {
            Asset::Btc => 8,
        }
    }
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol())
    }
}

impl std::str::FromStr for Asset {
    type Err = AmountError;
    fn from_str(text: &str) -> Result<Self, AmountError> {
        match text {
            "BTC" => Ok(Asset::Btc),
            _ => Err(AmountError::UnknownAsset(text.chars().take(20).collect())),
        }
    }
}

/// A text or sum that is no amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// No such asset.
    #[error("`{0}` is no asset of this treasury; known: BTC")]
    UnknownAsset(String),
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
    /// A sum or difference outside the range.
    #[error("the sum of the amounts is out of range")]
    Overflow,
    /// Two amounts of different assets.
    #[error("amounts of {0} and {1} can't be added")]
    DifferentAssets(Asset, Asset),
}

/// Satoshi, from 0 to 21 million BTC.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct Sats(u64);

impl Sats {
    /// None.
    pub const ZERO: Sats = Sats(0);
    /// 21 million BTC (consensus `MAX_MONEY`).
    pub const MAX: Sats = Sats(2_100_000_000_000_000);
    /// Outputs below this are not relayed (the dearest usual kind, P2PKH, at 3 sat/vB).
    pub const DUST: Sats = Sats(546);

    /// An amount in satoshi.
    pub const fn new(sats: u64) -> Result<Self, AmountError> {
        if sats > Self::MAX.0 {
            return Err(AmountError::TooLarge);
        }
        Ok(Self(sats))
    }

    /// Satoshi.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The sum, unless it is more than can exist.
    pub fn plus(self, other: Sats) -> Result<Sats, AmountError> {
        self.0
            .checked_add(other.0)
            .ok_or(AmountError::Overflow)
            .and_then(Sats::new)
    }

    /// The difference, unless it is below zero.
    pub fn minus(self, other: Sats) -> Result<Sats, AmountError> {
        self.0
            .checked_sub(other.0)
            .map(Sats)
            .ok_or(AmountError::Overflow)
    }

    /// The sum of many.
    pub fn sum(all: impl IntoIterator<Item = Sats>) -> Result<Sats, AmountError> {
        all.into_iter().try_fold(Sats::ZERO, Sats::plus)
    }

    /// Reads a decimal number of BTC, for example `0.25`, without loss.
    pub fn from_btc(text: &str) -> Result<Self, AmountError> {
        parse_decimal(text, Asset::Btc).and_then(Sats::new)
    }

    /// A decimal number of BTC with all needed and no needless places: `0.25`, `3`.
    pub fn to_btc(self) -> String {
        show_decimal(self.0, Asset::Btc)
    }
}

impl fmt::Display for Sats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} BTC", self.to_btc()))
    }
}

/// In JSON an amount is the decimal text of its base units, so that no reader turns it into a float.
impl TryFrom<String> for Sats {
    type Error = AmountError;
    fn try_from(text: String) -> Result<Self, AmountError> {
        let plain = !text.is_empty()
            && text.bytes().all(|b| b.is_ascii_digit())
            && (text.len() == 1 || !text.starts_with('0'));
        if !plain {
            return Err(AmountError::NotDecimal(text.chars().take(40).collect()));
        }
        text.parse()
            .map_err(|_| AmountError::TooLarge)
            .and_then(Sats::new)
    }
}

impl From<Sats> for String {
    fn from(sats: Sats) -> String {
        sats.0.to_string()
    }
}

fn parse_decimal(text: &str, asset: Asset) -> Result<u64, AmountError> {
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
    let units = format!("{whole}{fraction:0<width$}", width = usize::from(allowed));
    units.parse().map_err(|_| AmountError::TooLarge)
}

fn show_decimal(units: u64, asset: Asset) -> String {
    let scale = 10_u64.pow(asset.decimals().into());
    let fraction = format!(
        "{:0width$}",
        units % scale,
        width = usize::from(asset.decimals())
    );
    match fraction.trim_end_matches('0') {
        "" => format!("{}", units / scale),
        fraction => format!("{}.{fraction}", units / scale),
    }
}

/// An amount of one asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, tag = "asset", content = "units")]
pub enum Amount {
    /// An amount of bitcoin.
    #[serde(rename = "BTC")]
    Btc(Sats),
}

impl Amount {
    /// What it is an amount of.
    pub const fn asset(self) -> Asset {
        match self {
            Amount::Btc(_) => Asset::Btc,
        }
    }

    /// True when it is nothing.
    pub const fn is_zero(self) -> bool {
        match self {
            Amount::Btc(sats) => sats.get() == 0,
        }
    }

    /// The sum of two amounts of one asset.
    pub fn plus(self, other: Amount) -> Result<Amount, AmountError> {
        match (self, other) {
            (Amount::Btc(a), Amount::Btc(b)) => a.plus(b).map(Amount::Btc),
        }
    }

    /// None of an asset.
    pub const fn zero(asset: Asset) -> Amount {
        match asset {
            Asset::Btc => Amount::Btc(Sats::ZERO),
        }
    }

    /// The decimal number alone, without the symbol.
    pub fn to_decimal(self) -> String {
        match self {
            Amount::Btc(sats) => sats.to_btc(),
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} {}", self.to_decimal(), self.asset()))
    }
}

/// Reads `0.25 BTC`.
impl std::str::FromStr for Amount {
    type Err = AmountError;
    fn from_str(text: &str) -> Result<Self, AmountError> {
        let Some((number, symbol)) = text.trim().split_once(' ') else {
            return Err(AmountError::NoAsset(text.chars().take(40).collect()));
        };
        match symbol.trim_start().parse()? {
            Asset::Btc => Sats::from_btc(number).map(Amount::Btc),
        }
    }
}

/// Satoshi per 1000 virtual bytes: the node's own unit for fee rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FeeRate(u64);

impl FeeRate {
    /// A rate in satoshi per 1000 virtual bytes.
    pub const fn from_sat_per_kvb(rate: u64) -> Self {
        Self(rate)
    }

    /// A rate in satoshi per virtual byte.
    pub const fn from_sat_per_vb(rate: u64) -> Self {
        Self(rate.saturating_mul(1000))
    }

    /// Satoshi per 1000 virtual bytes.
    pub const fn sat_per_kvb(self) -> u64 {
        self.0
    }

    /// The fee for a transaction of `vbytes` virtual bytes, rounded up.
    pub fn fee_for(self, vbytes: u64) -> Result<Sats, AmountError> {
        let milli = self.0.checked_mul(vbytes).ok_or(AmountError::Overflow)?;
        Sats::new(milli.div_ceil(1000))
    }
}

impl fmt::Display for FeeRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = format!("{:03}", self.0 % 1000);
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{} sat/vB", self.0 / 1000),
            fraction => write!(f, "{}.{fraction} sat/vB", self.0 / 1000),
        }
    }
}
