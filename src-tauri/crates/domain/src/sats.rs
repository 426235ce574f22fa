//! Bitcoin's unit and its fee rates.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::amount::{AmountError, decimal_digits, shown_decimal};
use crate::asset::Asset;

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
        let digits = decimal_digits(text, Asset::Btc)?;
        let units = digits.parse().map_err(|_| AmountError::TooLarge)?;
        Sats::new(units)
    }

    /// A decimal number of BTC with all needed and no needless places: `0.25`, `3`.
    pub fn to_btc(self) -> String {
        shown_decimal(&self.0.to_string(), Asset::Btc)
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
