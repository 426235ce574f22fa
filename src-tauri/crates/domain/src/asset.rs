//! Things of value: bitcoin, and the coins and tokens of EVM chains.

use std::fmt;

use alloy_primitives::U256;
use serde::{Deserialize, Serialize};

use crate::amount::shown_decimal;
use crate::canonical::Canonical;
use crate::evm::{ChainId, EvmAddress};

/// Something of value on a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "AssetOnWire", into = "AssetOnWire")]
pub enum Asset {
    /// Bitcoin, counted in satoshi.
    Btc,
    /// A coin or token of an EVM chain, counted in its smallest unit.
    Evm(Coin),
}

impl Asset {
    /// The symbol shown to people.
    pub fn symbol(&self) -> &str {
        match self {
            Asset::Btc => "BTC",
            Asset::Evm(coin) => coin.symbol.as_str(),
        }
    }

    /// Decimal places between the unit people write and the base unit.
    pub const fn decimals(self) -> u8 {
        match self {
            Asset::Btc => 8,
            Asset::Evm(coin) => coin.decimals,
        }
    }

    /// Base units as a decimal number without the symbol, without loss, however many: a sum over many
    /// payouts can be more than an amount can.
    pub fn decimal(self, units: U256) -> String {
        shown_decimal(&units.to_string(), self)
    }

    /// The coin, if it is one of an EVM chain.
    pub const fn coin(self) -> Option<Coin> {
        match self {
            Asset::Btc => None,
            Asset::Evm(coin) => Some(coin),
        }
    }
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.symbol())
    }
}

/// A coin or token of an EVM chain as governance entered it. Nothing of it is ever read from a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "CoinOnWire", into = "CoinOnWire")]
pub struct Coin {
    chain: ChainId,
    contract: Option<EvmAddress>,
    symbol: Symbol,
    decimals: u8,
}

/// Why a coin can't be entered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CoinError {
    /// Too long, empty, or with characters that can be mistaken.
    #[error("`{0}` is no symbol: 1 to {max} of the letters A to Z, a to z, digits, point and hyphen, beginning with a letter", max = Symbol::MAX)]
    Symbol(String),
    /// The symbol of bitcoin.
    #[error("BTC is bitcoin; a token that stands for it has another symbol, for example WBTC")]
    Bitcoin,
    /// More decimal places than any amount has room for.
    #[error("{0} decimal places: at most {max} are possible", max = Coin::MAX_DECIMALS)]
    Decimals(u8),
    /// The contract's address is wrong.
    #[error("the token's contract: {0}")]
    Contract(#[from] crate::address::AddressError),
    /// The contract is on another chain.
    #[error("the token's contract was checked for chain {contract}, the token is on chain {chain}")]
    OtherChain {
        /// The contract's chain.
        contract: ChainId,
        /// The coin's chain.
        chain: ChainId,
    },
}

impl Coin {
    /// 10 to this power is far below 2^256, and above what any known token has.
    pub const MAX_DECIMALS: u8 = 36;

    /// A coin: the chain's own, that pays for gas, or the token of an ERC-20 contract.
    pub fn new(
        chain: ChainId,
        contract: Option<EvmAddress>,
        symbol: Symbol,
        decimals: u8,
    ) -> Result<Self, CoinError> {
        if decimals > Self::MAX_DECIMALS {
            return Err(CoinError::Decimals(decimals));
        }
        match contract {
            Some(contract) if contract.chain() != chain => Err(CoinError::OtherChain {
                contract: contract.chain(),
                chain,
            }),
            Some(_) | None => Ok(Self {
                chain,
                contract,
                symbol,
                decimals,
            }),
        }
    }

    /// Its chain.
    pub const fn chain(&self) -> ChainId {
        self.chain
    }

    /// The ERC-20 contract; none for the chain's own coin.
    pub const fn contract(&self) -> Option<EvmAddress> {
        self.contract
    }

    /// What people call it.
    pub const fn symbol(&self) -> Symbol {
        self.symbol
    }

    /// Decimal places.
    pub const fn decimals(&self) -> u8 {
        self.decimals
    }

    /// Whether gas is paid in it.
    pub const fn is_native(&self) -> bool {
        self.contract.is_none()
    }

    pub(crate) fn canonical(&self, into: Canonical) -> Canonical {
        let hash = into.text("EVM").number(self.chain.get());
        let hash = match &self.contract {
            Some(contract) => hash.bytes(contract.as_bytes()),
            None => hash.bytes(&[]),
        };
        hash.text(self.symbol.as_str()).number(self.decimals.into())
    }
}

/// A short name of an asset, for example `USDC`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol {
    length: u8,
    bytes: [u8; Self::MAX],
}

impl Symbol {
    /// Most characters.
    pub const MAX: usize = 12;

    /// Checks a symbol.
    pub fn new(text: &str) -> Result<Self, CoinError> {
        let wrong = || CoinError::Symbol(text.chars().take(40).collect());
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-';
        if text == "BTC" {
            return Err(CoinError::Bitcoin);
        }
        if text.len() > Self::MAX
            || !text.starts_with(|c: char| c.is_ascii_alphabetic())
            || !text.bytes().all(plain)
        {
            return Err(wrong());
        }
        let mut bytes = [0; Self::MAX];
        for (to, from) in bytes.iter_mut().zip(text.bytes()) {
            *to = from;
        }
        let length = u8::try_from(text.len()).map_err(|_| wrong())?;
        Ok(Self { length, bytes })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        let used = self.bytes.get(..usize::from(self.length));
        used.and_then(|used| std::str::from_utf8(used).ok())
            .unwrap_or_default()
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum AssetOnWire {
    Btc(String),
    Coin(Coin),
}

impl TryFrom<AssetOnWire> for Asset {
    type Error = crate::amount::AmountError;
    fn try_from(wire: AssetOnWire) -> Result<Self, Self::Error> {
        match wire {
            AssetOnWire::Btc(text) if text == "BTC" => Ok(Asset::Btc),
            AssetOnWire::Btc(other) => Err(crate::amount::AmountError::UnknownAsset(
                other.chars().take(20).collect(),
            )),
            AssetOnWire::Coin(coin) => Ok(Asset::Evm(coin)),
        }
    }
}

impl From<Asset> for AssetOnWire {
    fn from(asset: Asset) -> Self {
        match asset {
            Asset::Btc => AssetOnWire::Btc("BTC".to_owned()),
            Asset::Evm(coin) => AssetOnWire::Coin(coin),
        }
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CoinOnWire {
    chain: ChainId,
    contract: Option<String>,
    symbol: String,
    decimals: u8,
}

impl TryFrom<CoinOnWire> for Coin {
    type Error = CoinError;
    fn try_from(wire: CoinOnWire) -> Result<Self, CoinError> {
        let contract = wire
            .contract
            .map(|text| EvmAddress::parse(&text, wire.chain))
            .transpose()?;
        Coin::new(
            wire.chain,
            contract,
            Symbol::new(&wire.symbol)?,
            wire.decimals,
        )
    }
}

impl From<Coin> for CoinOnWire {
    fn from(coin: Coin) -> Self {
        Self {
            chain: coin.chain,
            contract: coin.contract.map(|contract| contract.to_string()),
            symbol: coin.symbol.to_string(),
            decimals: coin.decimals,
        }
    }
}
