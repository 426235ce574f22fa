//! The `[assets]` of a policy: what is refused and where, and what its words mean.

use policy::{Policy, describe};

/// Lines 1 to 3 of every text.
const HEAD: &str = "version = 1\n[groups]\nTeam = [\"Alice\", \"Bob\"]\n";
const GOVERNANCE: &str =
    "[governance.default]\nsteps = [{ group = \"Team\", count = 1 }]\nexpiry = \"7 d\"\n";
/// Lines 5 and 6.
const ETH: &str = "ETH = { chain = \"eip155:1\", decimals = 18 }";
const USDC: &str = "USDC = { chain = \"eip155:1\", contract = \"0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48\", decimals = 6 }";

#[test]
fn assets_that_are_not_understood_are_refused_with_line_and_column() {
    let mut all = String::new();
    for (mistake, body) in ASSET_MISTAKES {
        let text = format!("{HEAD}[assets]\n{ETH}\n{USDC}\n{body}\n{GOVERNANCE}");
        let error = Policy::parse(&text).expect_err(&format!("{mistake} must be refused"));
        all.push_str(&format!("{mistake}\n  {error}\n"));
    }
    insta::assert_snapshot!("mistakes", all);
}

#[test]
fn one_symbol_on_two_chains_has_two_words() {
    let text = format!(
        "{HEAD}[assets]\n{ETH}\n{USDC}\nUSDC-BASE = {{ chain = \"eip155:8453\", contract = \"0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913\", decimals = 6, symbol = \"USDC\" }}\n[[deny]]\nname = \"a\"\nscope = {{ leg = {{ above = \"1000.000001 USDC-BASE\" }} }}\n[[deny]]\nname = \"b\"\nscope = {{ assets = {{ not = [\"USDC-BASE\", \"BTC\"] }}, chains = {{ not = [\"eip155:1\"] }} }}\n{GOVERNANCE}"
    );
    let policy = Policy::parse(&text).unwrap();
    let symbols: Vec<String> = policy.assets().map(|c| c.symbol().to_string()).collect();
    assert_eq!(symbols, ["ETH", "USDC", "USDC"]);
    let description = describe(&policy);
    assert_eq!(
        description.assets,
        [
            "ETH: ETH (eip155:1, the chain's own coin, 18 decimals).",
            "USDC: USDC (eip155:1, contract 0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48, 6 decimals).",
            "USDC-BASE: USDC (eip155:8453, contract 0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913, 6 decimals).",
        ]
    );
    assert_eq!(
        description.denials,
        [
            "a: refuses payouts of which a leg is above 1000.000001 USDC-BASE.",
            "b: refuses payouts of any but USDC-BASE and BTC on any but eip155:1.",
        ]
    );
}

/// After ETH and USDC of Ethereum were declared.
const ASSET_MISTAKES: &[(&str, &str)] = &[
    ("word again", ETH),
    (
        "word in another case",
        "Eth = { chain = \"eip155:5\", decimals = 18 }",
    ),
    (
        "bitcoin",
        "BTC = { chain = \"eip155:1\", contract = \"0x2260FAC5E5542a773Aa44fBCfeDf7C193bc2C599\", decimals = 8 }",
    ),
    (
        "bitcoin's symbol",
        "WBTC = { chain = \"eip155:1\", contract = \"0x2260FAC5E5542a773Aa44fBCfeDf7C193bc2C599\", decimals = 8, symbol = \"BTC\" }",
    ),
    (
        "not a table",
        "DAI = \"0x6B175474E89094C44Da98b954EedeAC495271d0F\"",
    ),
    ("without chain", "DAI = { decimals = 18 }"),
    ("without decimals", "DAI = { chain = \"eip155:10\" }"),
    (
        "unknown word",
        "DAI = { chain = \"eip155:10\", decimals = 18, name = \"Dai\" }",
    ),
    ("chain as a number", "DAI = { chain = 10, decimals = 18 }"),
    (
        "chain of Bitcoin",
        "DAI = { chain = \"regtest\", decimals = 18 }",
    ),
    (
        "decimals that no amount has room for",
        "DAI = { chain = \"eip155:10\", decimals = 37 }",
    ),
    (
        "negative decimals",
        "DAI = { chain = \"eip155:10\", decimals = -1 }",
    ),
    (
        "decimals as text",
        "DAI = { chain = \"eip155:10\", decimals = \"18\" }",
    ),
    (
        "contract without checksum",
        "DAI = { chain = \"eip155:1\", contract = \"0x6b175474e89094c44da98b954eedeac495271d0f\", decimals = 18 }",
    ),
    (
        "contract with a wrong checksum",
        "DAI = { chain = \"eip155:1\", contract = \"0x6B175474E89094C44Da98b954EedeAC495271d0f\", decimals = 18 }",
    ),
    (
        "contract that is none",
        "DAI = { chain = \"eip155:1\", contract = \"DAI\", decimals = 18 }",
    ),
    (
        "two words for one asset",
        "USDC-ETH = { chain = \"eip155:1\", contract = \"0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48\", decimals = 6, symbol = \"USDC\" }",
    ),
    (
        "one contract with other decimals",
        "DAI = { chain = \"eip155:1\", contract = \"0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48\", decimals = 18 }",
    ),
    (
        "one symbol for two contracts",
        "DAI = { chain = \"eip155:1\", contract = \"0x6B175474E89094C44Da98b954EedeAC495271d0F\", decimals = 18, symbol = \"usdc\" }",
    ),
    (
        "two coins of one chain",
        "WEI = { chain = \"eip155:1\", decimals = 0 }",
    ),
    (
        "word with a space",
        "\"US DC\" = { chain = \"eip155:10\", decimals = 6, symbol = \"USDC\" }",
    ),
    (
        "word too long for a symbol",
        "ETHEREUM-CLASSIC = { chain = \"eip155:61\", decimals = 18 }",
    ),
    (
        "word that is no symbol",
        "USDC_BASE = { chain = \"eip155:8453\", decimals = 6 }",
    ),
    (
        "amount more precise than the token",
        "[[deny]]\nname = \"a\"\nscope = { leg = { above = \"0.0000001 USDC\" } }",
    ),
    (
        "amount beyond what a chain counts",
        "[[deny]]\nname = \"a\"\nscope = { leg = { above = \"999999999999999999999999999999999999999999999999999999999999 ETH\" } }",
    ),
    (
        "bounds of different assets",
        "[[deny]]\nname = \"a\"\nscope = { leg = { above = \"1 ETH\", at_most = \"2 USDC\" } }",
    ),
    (
        "leg and total of different assets",
        "[[deny]]\nname = \"a\"\nscope = { leg = { above = \"1 ETH\" }, total = { above = \"2 USDC\" } }",
    ),
    (
        "assets that the amount is not of",
        "[[deny]]\nname = \"a\"\nscope = { assets = [\"ETH\", \"USDC\"], total = { above = \"2 USDC\" } }",
    ),
    (
        "all but some assets beside an amount",
        "[[deny]]\nname = \"a\"\nscope = { assets = { not = [\"BTC\"] }, total = { above = \"2 USDC\" } }",
    ),
    (
        "assets on none of the chains",
        "[[deny]]\nname = \"a\"\nscope = { assets = [\"ETH\", \"USDC\"], chains = [\"eip155:10\", \"bitcoin\"] }",
    ),
    (
        "bitcoin's chains without bitcoin",
        "[[deny]]\nname = \"a\"\nscope = { assets = { not = [\"BTC\"] }, chains = [\"bitcoin\", \"regtest\"] }",
    ),
    (
        "limit of an asset on another chain",
        "[[limit]]\nname = \"a\"\nscope = { chains = [\"eip155:10\"] }\namount = \"1 ETH\"\nwindow = \"24 h\"",
    ),
    (
        "lane hidden by one for all assets of the chain",
        "[[lane]]\nname = \"a\"\nscope = { chains = [\"eip155:1\"] }\nsteps = [{ group = \"Team\", count = 1 }]\nexpiry = \"1 h\"\n[[lane]]\nname = \"b\"\nscope = { assets = [\"USDC\"] }\nsteps = [{ group = \"Team\", count = 1 }]\nexpiry = \"1 h\"",
    ),
    (
        "lane of Bitcoin hidden by one for BTC",
        "[[lane]]\nname = \"a\"\nscope = { assets = [\"BTC\"] }\nsteps = [{ group = \"Team\", count = 1 }]\nexpiry = \"1 h\"\n[[lane]]\nname = \"b\"\nscope = { chains = [\"regtest\"] }\nsteps = [{ group = \"Team\", count = 1 }]\nexpiry = \"1 h\"",
    ),
];
