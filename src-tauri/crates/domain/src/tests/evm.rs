//! EVM chains, addresses, symbols and coins: one spelling, or refused with the reason.

use proptest::prelude::*;

use super::samples::*;
use crate::address::AddressError;
use crate::asset::CoinError;
use crate::*;

fn parse(text: &str) -> Result<EvmAddress, AddressError> {
    EvmAddress::parse(text, chain(1))
}

/// Every example of EIP-55.
const EIP55: [&str; 8] = [
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
];

fn digits_of(text: &str) -> &str {
    text.strip_prefix("0x").unwrap()
}

#[test]
fn the_vectors_of_eip55_are_read_and_shown() {
    for text in EIP55 {
        let address = parse(text).unwrap();
        assert_eq!(address.to_string(), text);
        assert_eq!(
            hex::encode(address.as_bytes()),
            digits_of(text).to_lowercase()
        );
        assert_eq!(parse(&format!("  {text}\n")), Ok(address));
        let network = Network::Evm(chain(1));
        assert_eq!(Address::parse(text, network), Ok(Address::Evm(address)));
        assert!(Address::parse(text, Network::Bitcoin).is_err());
    }
}

#[test]
fn any_letter_in_the_other_case_is_a_wrong_checksum() {
    for text in &EIP55[4..] {
        for (place, letter) in text.char_indices().skip(2) {
            if letter.is_ascii_alphabetic() {
                let mut bytes = text.as_bytes().to_vec();
                bytes[place] ^= 0x20;
                let turned = String::from_utf8(bytes).unwrap();
                let refused = parse(&turned);
                assert_eq!(refused, Err(AddressError::Checksum(turned)));
            }
        }
    }
}

#[test]
fn any_other_digit_is_a_wrong_checksum() {
    let text = PAYEE;
    for place in 2..text.len() {
        let mut bytes = text.as_bytes().to_vec();
        bytes[place] = if bytes[place] == b'3' { b'4' } else { b'3' };
        let slip = String::from_utf8(bytes).unwrap();
        let refused = parse(&slip);
        assert!(matches!(refused, Err(AddressError::Checksum(_))), "{slip}");
    }
}

#[test]
fn one_case_is_refused_for_want_of_a_checksum() {
    for text in &EIP55[4..] {
        for digits in [
            digits_of(text).to_lowercase(),
            digits_of(text).to_uppercase(),
        ] {
            let plain = format!("0x{digits}");
            let refused = parse(&plain).unwrap_err();
            assert_eq!(refused, AddressError::NoChecksum(plain));
            let why = refused.to_string();
            assert!(why.contains("without its checksum"), "{why}");
        }
    }
}

#[test]
fn addresses_that_nobody_can_have_are_refused() {
    for last in [0_u16, 1, 9, 0x0a, 0x100, 0xffff] {
        let text = format!("0x{last:040x}");
        let mut bytes = [0; 20];
        bytes[18..].copy_from_slice(&last.to_be_bytes());
        for refused in [parse(&text), EvmAddress::from_bytes(bytes, chain(1))] {
            assert!(matches!(refused, Err(AddressError::Unspendable(_))));
        }
    }
    let mut bytes = [0; 20];
    bytes[17] = 1;
    assert!(EvmAddress::from_bytes(bytes, chain(1)).is_ok());
}

#[test]
fn texts_that_are_no_address_are_refused_with_what_is_wrong() {
    let long = "a".repeat(10_000);
    for (text, why) in [
        ("", "begin with 0x"),
        ("0x", "exactly 40"),
        ("5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "begin with 0x"),
        (
            "0X5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "begin with 0x",
        ),
        ("0x0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "exactly 40"),
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe", "exactly 40"),
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed0", "exactly 40"),
        (
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg",
            "only hexadecimal",
        ),
        (
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Be ed",
            "only hexadecimal",
        ),
        (
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeАd",
            "only hexadecimal",
        ),
        ("0xvitalik.eth", "exactly 40"),
        ("vitalik.eth", "begin with 0x"),
        (
            "eth:0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "begin with 0x",
        ),
        (REGTEST, "begin with 0x"),
        (long.as_str(), "begin with 0x"),
    ] {
        let refused = parse(text).unwrap_err().to_string();
        assert!(refused.contains(why), "{text}: {refused}");
        assert!(refused.len() < 300, "{}", refused.len());
    }
}

/// The account of the key 1, known to all.
#[test]
fn a_public_key_has_the_known_account() {
    let point = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798\
                 483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";
    let point: [u8; 64] = hex::decode(point).unwrap().try_into().unwrap();
    let account = EvmAddress::of_public_key(&point, chain(1)).unwrap();
    assert_eq!(
        account.to_string(),
        "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
    );
}

#[test]
fn an_address_belongs_to_its_chain() {
    let (one, other) = (parse(PAYEE).unwrap(), EvmAddress::parse(PAYEE, chain(10)));
    assert_ne!(one, other.unwrap());
    assert_eq!(one.chain(), chain(1));
}

#[test]
fn chain_ids_have_bounds_and_one_spelling() {
    for id in [0, ChainId::MAX + 1, u64::MAX] {
        assert!(ChainId::new(id).is_err(), "{id}");
        assert!(format!("eip155:{id}").parse::<Network>().is_err());
        assert!(serde_json::from_str::<ChainId>(&id.to_string()).is_err());
    }
    for id in [1, ChainId::MAX] {
        assert_eq!(ChainId::new(id).unwrap().get(), id);
        let network = Network::Evm(chain(id));
        assert_eq!(format!("eip155:{id}").parse(), Ok(network));
        assert_eq!(network.to_string(), format!("eip155:{id}"));
    }
    for text in [
        "eip155:",
        "eip155:01",
        "eip155:+1",
        "eip155: 1",
        "eip155:1 ",
        "eip155:0x1",
        "eip155:1.0",
        "eip155:-1",
        "EIP155:1",
        "eip155:18446744073709551616",
        "eip155:١",
        "ethereum",
        "evm",
    ] {
        assert!(text.parse::<Network>().is_err(), "{text}");
    }
    for json in ["\"1\"", "1.0", "-1", "null", "1e0"] {
        assert!(serde_json::from_str::<ChainId>(json).is_err(), "{json}");
    }
}

#[test]
fn a_chain_that_nobody_knows_is_real_money() {
    for id in [1, 2, 10, 56, 100, 137, 8453, 42_161, 999_999, ChainId::MAX] {
        assert_eq!(chain(id).class(), NetworkClass::Mainnet, "{id}");
    }
    for id in [1337, 31_337, 17_000, 560_048, 11_155_111, 84_532] {
        assert_eq!(Network::Evm(chain(id)).class(), NetworkClass::Test, "{id}");
    }
}

#[test]
fn symbols_are_short_and_plain() {
    for text in [
        "E",
        "ETH",
        "USDC",
        "USDC.e",
        "aUSD-1",
        "stETH",
        "ABCDEFGHIJKL",
    ] {
        let symbol = Symbol::new(text).unwrap();
        assert_eq!(
            (symbol.as_str(), symbol.to_string()),
            (text, text.to_owned())
        );
    }
    for text in [
        "",
        "1INCH",
        ".ETH",
        "-ETH",
        "ABCDEFGHIJKLM",
        "US DC",
        " ETH",
        "ETH ",
        "US$",
        "USDС",
        "ÉTH",
        "USD₮",
        "ETH\u{200b}",
        "ETH\n",
        "E\0",
    ] {
        let refused = Symbol::new(text);
        assert!(matches!(refused, Err(CoinError::Symbol(_))), "{text:?}");
    }
    assert_eq!(Symbol::new("BTC"), Err(CoinError::Bitcoin));
    let long = "A".repeat(10_000);
    assert!(Symbol::new(&long).unwrap_err().to_string().len() < 300);
}

#[test]
fn coins_have_bounded_decimals_and_their_contract_on_their_chain() {
    let symbol = Symbol::new("USDC").unwrap();
    let new = |contract, decimals| Coin::new(chain(1), contract, symbol, decimals);
    assert!(new(None, 0).is_ok() && new(None, Coin::MAX_DECIMALS).is_ok());
    let many = Coin::MAX_DECIMALS + 1;
    assert_eq!(new(None, many), Err(CoinError::Decimals(many)));
    let elsewhere = EvmAddress::parse(USDC, chain(10)).unwrap();
    let refused = new(Some(elsewhere), 6);
    let expected = CoinError::OtherChain {
        contract: chain(10),
        chain: chain(1),
    };
    assert_eq!(refused, Err(expected));
}

#[test]
fn a_coin_is_read_strictly() {
    let good = serde_json::to_string(&usdc()).unwrap();
    assert_eq!(
        good,
        format!(r#"{{"chain":1,"contract":"{USDC}","symbol":"USDC","decimals":6}}"#)
    );
    assert_eq!(serde_json::from_str::<Coin>(&good).unwrap(), usdc());
    assert_eq!(
        serde_json::from_str::<Asset>("\"BTC\"").unwrap(),
        Asset::Btc
    );
    for (from, to) in [
        ("\"chain\":1", "\"chain\":0"),
        ("\"chain\":1", "\"chain\":\"1\""),
        ("\"decimals\":6", "\"decimals\":37"),
        ("\"decimals\":6", "\"decimals\":256"),
        ("\"decimals\":6", "\"decimals\":\"6\""),
        ("\"decimals\":6", "\"decimals\":6,\"decimals\":6"),
        ("\"decimals\":6", "\"decimals\":6,\"more\":1"),
        ("\"USDC\"", "\"BTC\""),
        ("\"USDC\"", "\"\""),
        ("0xA0b8", "0xa0b8"),
        ("0xA0b86991", "0xA0b86992"),
        ("\"symbol\":\"USDC\",", ""),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good);
        assert!(serde_json::from_str::<Coin>(&bad).is_err(), "{bad}");
        assert!(serde_json::from_str::<Asset>(&bad).is_err(), "{bad}");
    }
    assert!(serde_json::from_str::<Asset>("\"ETH\"").is_err());
}

proptest! {
    #[test]
    fn every_address_survives_its_text(bytes in any::<[u8; 20]>()) {
        if let Ok(address) = EvmAddress::from_bytes(bytes, chain(1)) {
            prop_assert_eq!(parse(&address.to_string()), Ok(address));
        }
    }

    #[test]
    fn any_text_is_a_symbol_or_an_error(text in "\\PC{0,16}") {
        if let Ok(symbol) = Symbol::new(&text) {
            prop_assert_eq!(symbol.as_str(), text);
        }
    }

    #[test]
    fn any_text_is_an_address_or_an_error(text in "(0x)?[0-9a-fA-F]{38,42}|\\PC{0,50}") {
        if let Ok(address) = parse(&text) {
            prop_assert_eq!(address.to_string(), text.trim());
        }
    }
}
