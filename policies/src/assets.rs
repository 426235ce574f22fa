//! The coins and tokens that a policy speaks of, and whether two descriptions of one can both be true.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use domain::{Amount, Asset, Coin};

use crate::facts::Facts;
use crate::fault::FactFault;

/// The word for bitcoin, which every policy knows.
pub(crate) const BITCOIN: &str = "BTC";

/// The assets a policy declares, each by the word it uses for it. No two of them clash.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Assets(BTreeMap<String, Coin>);

impl Assets {
    /// Takes a coin under a word, unless an earlier word means the same coin or contradicts it: then
    /// that word.
    pub(crate) fn declare(&mut self, word: &str, coin: Coin) -> Result<(), String> {
        let taken = |(other, earlier): &(&String, &Coin)| {
            other.eq_ignore_ascii_case(word) || **earlier == coin || clash(earlier, &coin)
        };
        match self.0.iter().find(taken) {
            Some((other, _)) => Err(other.clone()),
            None => {
                self.0.insert(word.to_owned(), coin);
                Ok(())
            }
        }
    }

    /// What a word means.
    pub(crate) fn get(&self, word: &str) -> Option<Asset> {
        if word == BITCOIN {
            return Some(Asset::Btc);
        }
        self.0.get(word).copied().map(Asset::Evm)
    }

    /// All words, bitcoin's first.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        std::iter::once(BITCOIN).chain(self.0.keys().map(String::as_str))
    }

    /// Every declaration.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Coin)> {
        self.0.iter().map(|(word, coin)| (word.as_str(), *coin))
    }

    /// The policy's word for an asset; its symbol when the policy has none.
    pub(crate) fn word<'a>(&'a self, asset: &'a Asset) -> &'a str {
        self.iter()
            .find(|(_, coin)| Asset::Evm(*coin) == *asset)
            .map_or(asset.symbol(), |(word, _)| word)
    }

    /// An amount in the policy's own words.
    pub(crate) fn say(&self, amount: Amount) -> String {
        format!("{} {}", amount.to_decimal(), self.word(&amount.asset()))
    }

    /// The declaration that can't be true together with a coin.
    pub(crate) fn contradicting(&self, coin: &Coin) -> Option<(&str, Coin)> {
        self.iter().find(|(_, declared)| clash(declared, coin))
    }
}

/// Two descriptions of which at most one can be true: on one chain a symbol means one asset, and a
/// contract, or the chain's own coin, is one asset. Symbols that differ in case only are taken for one.
pub(crate) fn clash(one: &Coin, other: &Coin) -> bool {
    let symbol = one
        .symbol()
        .as_str()
        .eq_ignore_ascii_case(other.symbol().as_str());
    one != other && one.chain() == other.chain() && (symbol || one.contract() == other.contract())
}

/// The registry's coin that can't be true together with another.
pub(crate) fn contradicting(registry: &BTreeSet<Coin>, coin: &Coin) -> Option<Coin> {
    registry.iter().find(|known| clash(known, coin)).copied()
}

/// Why an asset can't be paid: it is not exactly one that governance entered, or what is known of it is
/// at odds.
pub(crate) fn fault(asset: Asset, declared: &Assets, facts: &Facts) -> Option<FactFault> {
    let coin = asset.coin()?;
    let known = contradicting(&facts.assets, &coin);
    if !facts.assets.contains(&coin) {
        return Some(FactFault::UnknownAsset {
            coin: Box::new(coin),
            known: known.map(Box::new),
        });
    }
    if let Some(other) = known {
        return Some(FactFault::SharedAsset(Box::new((coin, other))));
    }
    declared
        .contradicting(&coin)
        .map(|(word, declared)| FactFault::DeclaredOtherwise {
            word: word.to_owned(),
            assets: Box::new((declared, coin)),
        })
}

/// A coin with all that tells it from another: `USDC (eip155:1, contract 0x…, 6 decimals)`.
pub(crate) struct Exactly<'a>(pub(crate) &'a Coin);

impl fmt::Display for Exactly<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let coin = self.0;
        write!(f, "{} (eip155:{}, ", coin.symbol(), coin.chain())?;
        match coin.contract() {
            Some(contract) => write!(f, "contract {contract}, ")?,
            None => f.write_str("the chain's own coin, ")?,
        }
        write!(f, "{} decimals)", coin.decimals())
    }
}

/// Whether fees are paid in an asset, so that they count against what caps it.
pub(crate) fn pays_fees(asset: Asset) -> bool {
    match asset {
        Asset::Btc => true,
        Asset::Evm(coin) => coin.is_native(),
    }
}

/// An asset with its chain, where its symbol alone could mean several.
pub(crate) fn on_its_chain(asset: Asset) -> String {
    match asset {
        Asset::Btc => BITCOIN.to_owned(),
        Asset::Evm(coin) => format!("{} on eip155:{}", coin.symbol(), coin.chain()),
    }
}
