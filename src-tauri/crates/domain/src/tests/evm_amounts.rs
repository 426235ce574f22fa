//! Rule 8 with 256 bits: integers of base units, in and out without loss.

use proptest::prelude::*;

use super::samples::*;
use crate::amount::AmountError;
use crate::*;

const MAX: &str = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
const BEYOND: &str =
    "115792089237316195423570985008687907853269984665640564039457584007913129639936";

fn read(text: &str, coin: Coin) -> Result<Amount, AmountError> {
    Amount::from_decimal(text, Asset::Evm(coin))
}

fn with_decimals(decimals: u8) -> Coin {
    coin(None, "ETH", decimals)
}

#[test]
fn amounts_read_and_show_as_people_write_them() {
    let one = U256::from(10).pow(U256::from(18));
    for (text, coin, units, shown) in [
        ("1", ether(), one, "1 ETH"),
        ("1.50", ether(), one + one / units(2), "1.5 ETH"),
        (
            "0.000000000000000001",
            ether(),
            units(1),
            "0.000000000000000001 ETH",
        ),
        ("0", ether(), U256::ZERO, "0 ETH"),
        (
            "1234.567891",
            usdc(),
            units(1_234_567_891),
            "1234.567891 USDC",
        ),
        ("7", with_decimals(0), units(7), "7 ETH"),
        (MAX, with_decimals(0), U256::MAX, &format!("{MAX} ETH")),
        ("1", with_decimals(36), one * one, "1 ETH"),
    ] {
        let amount = read(text, coin).unwrap();
        assert_eq!(amount, Amount::Evm(coin, units), "{text}");
        assert_eq!(amount.to_string(), shown);
        assert_eq!(amount.asset(), Asset::Evm(coin));
    }
}

#[test]
fn more_than_256_bits_is_refused() {
    assert_eq!(
        read(BEYOND, with_decimals(0)),
        Err(AmountError::TooManyUnits)
    );
    let (whole, fraction) = MAX.split_at(MAX.len() - 18);
    let (_, beyond) = BEYOND.split_at(MAX.len() - 18);
    let most = read(&format!("{whole}.{fraction}"), ether()).unwrap();
    assert_eq!(most.units(), U256::MAX);
    for text in [
        format!("{whole}.{beyond}"),
        MAX.to_owned(),
        "9".repeat(1_000),
        "9".repeat(100_000),
    ] {
        assert_eq!(read(&text, ether()), Err(AmountError::TooManyUnits));
    }
}

#[test]
fn more_places_than_the_coin_has_are_never_rounded() {
    for (text, decimals) in [
        ("1.0", 0),
        ("0.0000001", 6),
        ("0.0000000", 6),
        ("1.0000000000000000001", 18),
        ("0.0000000000000000000000000000000000001", 36),
    ] {
        let refused = read(text, with_decimals(decimals)).unwrap_err();
        assert!(matches!(refused, AmountError::TooPrecise { .. }), "{text}");
    }
}

#[test]
fn texts_that_are_no_number_are_refused() {
    for text in [
        "", " ", "1 ", " 1", "+1", "-1", "1_0", "1,0", "1'000", "1e18", "0x1", "0b1", "0o7", ".5",
        "5.", ".", "1.2.3", "NaN", "inf", "١", "１", "1\u{a0}", "½", "1.+1", "1._1", "1.-1", "1.٣",
    ] {
        let refused = read(text, ether());
        assert!(
            matches!(refused, Err(AmountError::NotDecimal(_))),
            "{text:?}"
        );
    }
}

#[test]
fn an_amount_is_read_with_a_symbol_that_is_known() {
    let known = [Asset::Btc, Asset::Evm(ether()), Asset::Evm(usdc())];
    let parse = |text: &str| Amount::parse(text, &known);
    assert_eq!(parse("2.5 USDC"), Ok(Amount::Evm(usdc(), units(2_500_000))));
    assert_eq!(parse("1 BTC"), Ok(Amount::Btc(sats(100_000_000))));
    for text in ["1 usdc", "1 DAI", "1 USDC ETH", "1 0x1", "1 "] {
        assert!(parse(text).is_err(), "{text}");
    }
    assert!("1 ETH".parse::<Amount>().is_err());
}

#[test]
fn a_symbol_of_two_assets_names_neither() {
    let symbol = Symbol::new("ETH").unwrap();
    let other = Coin::new(chain(10), None, symbol, 18).unwrap();
    let known = [Asset::Evm(ether()), Asset::Evm(other)];
    let refused = Amount::parse("1 ETH", &known).unwrap_err();
    assert_eq!(refused, AmountError::AmbiguousAsset("ETH".to_owned()));
    let twice = [Asset::Evm(ether()), Asset::Evm(ether())];
    assert!(Amount::parse("1 ETH", &twice).is_ok());
}

#[test]
fn units_in_json_are_decimal_text_in_one_spelling() {
    let good = serde_json::to_string(&Amount::Evm(usdc(), U256::MAX)).unwrap();
    assert!(good.ends_with(&format!("\"units\":\"{MAX}\"}}")), "{good}");
    let read = serde_json::from_str::<Amount>(&good).unwrap();
    assert_eq!(read, Amount::Evm(usdc(), U256::MAX));
    let quoted = |text: &str| format!("\"{text}\"");
    for bad in [
        quoted(BEYOND),
        quoted(""),
        quoted("+1"),
        quoted("-1"),
        quoted("1_0"),
        quoted("01"),
        quoted("00"),
        quoted("1.0"),
        quoted(" 1"),
        quoted("1e3"),
        quoted("0x1"),
        quoted("١"),
        quoted("１"),
        "1".to_owned(),
        "1.5".to_owned(),
        "null".to_owned(),
    ] {
        let json = good.replace(&quoted(MAX), &bad);
        assert_ne!(json, good);
        assert!(serde_json::from_str::<Amount>(&json).is_err(), "{json}");
    }
    let zero = good.replace(MAX, "0");
    assert!(serde_json::from_str::<Amount>(&zero).is_ok());
}

#[test]
fn sums_stay_in_range_and_in_one_asset() {
    let of = |coin, units| Amount::Evm(coin, units);
    let (one, most) = (of(ether(), units(1)), of(ether(), U256::MAX));
    assert_eq!(most.plus(one), Err(AmountError::Overflow));
    assert_eq!(most.plus(Amount::zero(Asset::Evm(ether()))), Ok(most));
    let twin = coin(None, "ETH", 17);
    for other in [
        of(usdc(), units(1)),
        of(twin, units(1)),
        Amount::Btc(sats(1)),
    ] {
        assert!(matches!(
            one.plus(other),
            Err(AmountError::DifferentAssets(_))
        ));
        assert!(matches!(
            other.plus(one),
            Err(AmountError::DifferentAssets(_))
        ));
    }
}

fn any_coin() -> impl Strategy<Value = Coin> {
    let symbol = "[A-Za-z][A-Za-z0-9.-]{0,11}".prop_filter("bitcoin's", |text| text != "BTC");
    (
        1..=ChainId::MAX,
        any::<Option<[u8; 20]>>(),
        symbol,
        0..=Coin::MAX_DECIMALS,
    )
        .prop_map(|(id, contract, symbol, decimals)| {
            let contract = contract.and_then(|bytes| EvmAddress::from_bytes(bytes, chain(id)).ok());
            Coin::new(chain(id), contract, Symbol::new(&symbol).unwrap(), decimals).unwrap()
        })
}

fn any_units() -> impl Strategy<Value = U256> {
    (any::<[u8; 32]>(), 0_usize..256).prop_map(|(bytes, shift)| U256::from_be_bytes(bytes) >> shift)
}

proptest! {
    #[test]
    fn every_amount_survives_its_text(coin in any_coin(), units in any_units()) {
        let amount = Amount::Evm(coin, units);
        let known = [Asset::Btc, Asset::Evm(coin)];
        prop_assert_eq!(Amount::parse(&amount.to_string(), &known), Ok(amount));
        prop_assert_eq!(Amount::from_decimal(&amount.to_decimal(), amount.asset()), Ok(amount));
        let json = serde_json::to_string(&amount).unwrap();
        prop_assert_eq!(serde_json::from_str::<Amount>(&json).unwrap(), amount);
        let asset = serde_json::to_string(&amount.asset()).unwrap();
        prop_assert_eq!(serde_json::from_str::<Asset>(&asset).unwrap(), amount.asset());
    }

    #[test]
    fn any_text_is_an_amount_or_an_error(coin in any_coin(), text in "[0-9]{0,90}[.]?[0-9]{0,40}|\\PC{0,30}") {
        if let Ok(amount) = read(&text, coin) {
            prop_assert_eq!(read(&amount.to_decimal(), coin), Ok(amount));
        }
    }
}
