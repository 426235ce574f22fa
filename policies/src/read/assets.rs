//! The `[assets]` of a policy: what its words for coins and tokens mean.

use domain::address::Network;
use domain::asset::Coin;
use domain::{Asset, ChainId, EvmAddress, Symbol};

use super::reader::{Field, Read, Section, shown};
use crate::assets::{Assets, BITCOIN};
use crate::error::Problem;
use crate::words;

/// Longest word for an asset.
pub(crate) const LONGEST_WORD: usize = 32;

/// Reads `[assets]`; bitcoin is known without.
pub(super) fn assets(top: &Section<'_>) -> Read<Assets> {
    let mut assets = Assets::default();
    let Some(field) = top.get("assets") else {
        return Ok(assets);
    };
    let entries = field.keyed()?;
    if entries.is_empty() {
        return field.fault(Problem::Empty("assets".to_owned()));
    }
    for (key, value) in entries {
        let word = word(&key)?;
        let coin = coin(&key, &value)?;
        if let Err(other) = assets.declare(word, coin) {
            let word = word.to_owned();
            return key.fault(Problem::SameAsset { word, other });
        }
    }
    Ok(assets)
}

/// What a word means where an asset is expected.
pub(super) fn meant(field: &Field<'_>, word: &str, declared: &Assets) -> Read<Asset> {
    match declared.get(word) {
        Some(asset) => Ok(asset),
        None => field.fault(Problem::UnknownAsset {
            word: shown(word),
            known: words::all(declared.words()),
        }),
    }
}

/// A word is written after a number, so it has no spaces, and nothing in it that can be mistaken.
fn word<'a>(key: &Field<'a>) -> Read<&'a str> {
    let word = key.word;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    if word.eq_ignore_ascii_case(BITCOIN) {
        return key.fault(Problem::BitcoinDeclared(word.to_owned()));
    }
    if word.len() > LONGEST_WORD
        || !word.starts_with(|c: char| c.is_ascii_alphabetic())
        || !word.bytes().all(plain)
    {
        return key.fault(Problem::AssetWord(shown(word)));
    }
    Ok(word)
}

/// `{ chain = "eip155:1", contract = "0x…", decimals = 6, symbol = "USDC" }`.
fn coin(key: &Field<'_>, value: &Field<'_>) -> Read<Coin> {
    let words = ["chain", "contract", "decimals", "symbol"];
    let section = value.section(format!("asset `{}`", key.word), &words)?;
    let chain = chain(&section.need("chain")?)?;
    let contract = section
        .get("contract")
        .map(|field| contract(&field, chain))
        .transpose()?;
    let decimals = section
        .need("decimals")?
        .whole(0, Coin::MAX_DECIMALS.into())?;
    let named = section.get("symbol");
    let (at, text) = match named {
        Some(field) => (field, field.text("a symbol as text, for example \"USDC\"")?),
        None => (*key, key.word),
    };
    let symbol = Symbol::new(text).or_else(|error| at.fault(Problem::Coin(error)))?;
    let decimals = u8::try_from(decimals).unwrap_or(u8::MAX);
    Coin::new(chain, contract, symbol, decimals).or_else(|error| value.fault(Problem::Coin(error)))
}

fn chain(field: &Field<'_>) -> Read<ChainId> {
    let text = field.text("a chain as text, for example \"eip155:1\"")?;
    let network = text.parse::<Network>().ok();
    match network.and_then(Network::chain_id) {
        Some(chain) => Ok(chain),
        None => field.fault(Problem::UnknownWord {
            word: shown(text),
            within: "the chain of an asset".to_owned(),
            known: "eip155: with a chain id, for example eip155:1".to_owned(),
        }),
    }
}

fn contract(field: &Field<'_>, chain: ChainId) -> Read<EvmAddress> {
    let text = field.text("a contract's address as text")?;
    EvmAddress::parse(text, chain).or_else(|error| field.fault(Problem::Contract(error)))
}
