//! The assets of random policies and worlds, by the words that the policies use.

use domain::{Amount, Asset, ChainId, Coin, EvmAddress, Sats, Symbol, U256};

/// Two chains with a token of the same symbol.
pub const DECLARED: &str = r#"[assets]
ETH = { chain = "eip155:1", decimals = 18 }
USDC = { chain = "eip155:1", contract = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", decimals = 6 }
POL = { chain = "eip155:137", decimals = 18 }
USDC-P = { chain = "eip155:137", contract = "0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359", decimals = 6, symbol = "USDC" }
"#;

/// What the word means. `USDC?` is in no registry: USDC with other decimals.
pub fn asset(word: &str) -> Asset {
    let coin = |chain: u64, contract: Option<&str>, symbol: &str, decimals: u8| {
        let chain = ChainId::new(chain).unwrap();
        let contract = contract.map(|text| EvmAddress::parse(text, chain).unwrap());
        let symbol = Symbol::new(symbol).unwrap();
        Asset::Evm(Coin::new(chain, contract, symbol, decimals).unwrap())
    };
    let usdc = Some("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48");
    match word {
        "BTC" => Asset::Btc,
        "ETH" => coin(1, None, "ETH", 18),
        "USDC" => coin(1, usdc, "USDC", 6),
        "USDC?" => coin(1, usdc, "USDC", 18),
        "POL" => coin(137, None, "POL", 18),
        "USDC-P" => {
            let contract = "0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359";
            coin(137, Some(contract), "USDC", 6)
        }
        other => panic!("no asset: {other}"),
    }
}

/// One unit of random amounts. Ether's is far above 2^128, so that no narrower number serves.
pub fn unit(word: &str) -> U256 {
    match word {
        "ETH" => U256::from(10).pow(U256::from(40)),
        "POL" => U256::from(u64::MAX - 1),
        _ => U256::from(1_000_000),
    }
}

pub fn amount(word: &str, units: U256) -> Amount {
    match asset(word) {
        Asset::Btc => Amount::Btc(Sats::new(units.try_into().unwrap()).unwrap()),
        Asset::Evm(coin) => Amount::Evm(coin, units),
    }
}

/// As a policy writes it.
pub fn shown(word: &str, units: U256) -> String {
    format!("{} {word}", amount(word, units).to_decimal())
}
