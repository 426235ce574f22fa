//! Rule 8: money is integers, in and out without loss.

use proptest::prelude::*;

use crate::*;

fn refusal(text: &str) -> String {
    text.parse::<Amount>().unwrap_err().to_string()
}

#[test]
fn a_precision_that_bitcoin_lacks_is_refused_and_says_why() {
    assert_eq!(
        refusal("1.000000001 BTC"),
        "`1.000000001` has 9 decimal places, BTC has 8: it can't be paid exactly, and nothing is rounded"
    );
    // Not even when the ninth digit is nothing.
    assert_eq!(
        refusal("1.000000000 BTC"),
        "`1.000000000` has 9 decimal places, BTC has 8: it can't be paid exactly, and nothing is rounded"
    );
}

#[test]
fn texts_that_are_no_amount_are_refused() {
    for text in [
        "",
        "BTC",
        "1",
        "1BTC",
        "1 btc",
        "1 Btc",
        "1 ETH",
        "1 BTC BTC",
        ".5 BTC",
        "5. BTC",
        "-1 BTC",
        "+1 BTC",
        "1,5 BTC",
        "1'000 BTC",
        "1_000 BTC",
        "1e3 BTC",
        "0x10 BTC",
        "1.2.3 BTC",
        "NaN BTC",
        "inf BTC",
        "١ BTC",
        "１ BTC",
        "1\u{A0}BTC",
        "1\tBTC",
        " . BTC",
        "21000000.00000001 BTC",
        "21000001 BTC",
        "99999999999999999999999999 BTC",
        "184467440737.09551616 BTC",
    ] {
        assert!(text.parse::<Amount>().is_err(), "{text:?}");
    }
}

#[test]
fn amounts_read_and_show_as_people_write_them() {
    for (text, units, shown) in [
        ("0.25 BTC", 25_000_000, "0.25 BTC"),
        ("0.00000001 BTC", 1, "0.00000001 BTC"),
        ("3 BTC", 300_000_000, "3 BTC"),
        ("3.10 BTC", 310_000_000, "3.1 BTC"),
        ("0 BTC", 0, "0 BTC"),
        ("  0.5   BTC ", 50_000_000, "0.5 BTC"),
        ("21000000 BTC", 2_100_000_000_000_000, "21000000 BTC"),
    ] {
        let amount: Amount = text.parse().unwrap();
        assert_eq!(amount, Amount::Btc(Sats::new(units).unwrap()), "{text}");
        assert_eq!(amount.to_string(), shown);
    }
}

#[test]
fn amounts_cross_as_decimal_text_and_never_as_numbers() {
    let amount = Amount::Btc(Sats::new(25_000_000).unwrap());
    let json = serde_json::to_string(&amount).unwrap();
    assert_eq!(json, r#"{"asset":"BTC","units":"25000000"}"#);
    assert_eq!(serde_json::from_str::<Amount>(&json).unwrap(), amount);
    for units in [
        "25000000",
        "2.5e7",
        "\"\"",
        "\"+1\"",
        "\"-1\"",
        "\"01\"",
        "\"1.0\"",
        "\" 1\"",
        "\"2100000000000001\"",
        "\"99999999999999999999999\"",
        "null",
    ] {
        let json = format!(r#"{{"asset":"BTC","units":{units}}}"#);
        assert!(serde_json::from_str::<Amount>(&json).is_err(), "{json}");
    }
    for json in [
        r#"{"asset":"ETH","units":"1"}"#,
        r#"{"asset":"BTC"}"#,
        r#"{"units":"1"}"#,
        r#"{"asset":"BTC","units":"1","more":1}"#,
        r#"{"asset":"BTC","asset":"BTC","units":"1"}"#,
    ] {
        assert!(serde_json::from_str::<Amount>(json).is_err(), "{json}");
    }
}

#[test]
fn sums_outside_the_range_are_refused() {
    assert!(Sats::MAX.plus(Sats::new(1).unwrap()).is_err());
    assert!(Sats::ZERO.minus(Sats::new(1).unwrap()).is_err());
    assert!(Sats::sum([Sats::MAX, Sats::new(1).unwrap()]).is_err());
    assert!(Sats::new(u64::MAX).is_err());
    assert_eq!(Sats::sum([]).unwrap(), Sats::ZERO);
}

#[test]
fn fee_rates_show_and_overflow_in_the_open() {
    assert_eq!(FeeRate::from_sat_per_vb(12).to_string(), "12 sat/vB");
    assert_eq!(FeeRate::from_sat_per_kvb(1_250).to_string(), "1.25 sat/vB");
    assert_eq!(FeeRate::from_sat_per_kvb(1).to_string(), "0.001 sat/vB");
    assert!(FeeRate::from_sat_per_kvb(u64::MAX).fee_for(2).is_err());
    assert!(
        FeeRate::from_sat_per_vb(u64::MAX)
            .fee_for(1_000_000)
            .is_err()
    );
    assert_eq!(FeeRate::from_sat_per_kvb(1).fee_for(0).unwrap(), Sats::ZERO);
}

fn any_sats() -> impl Strategy<Value = Sats> {
    (0..=Sats::MAX.get()).prop_map(|units| Sats::new(units).unwrap())
}

proptest! {
    #[test]
    fn every_amount_survives_its_text(sats in any_sats()) {
        let amount = Amount::Btc(sats);
        prop_assert_eq!(amount.to_string().parse::<Amount>(), Ok(amount));
        let json = serde_json::to_string(&amount).unwrap();
        prop_assert_eq!(serde_json::from_str::<Amount>(&json).unwrap(), amount);
    }

    #[test]
    fn decimal_text_means_what_it_says(whole in 0_u64..21_000_000, units in 0_u64..100_000_000, places in 0_usize..=8) {
        let fraction: String = format!("{units:08}").chars().take(places).collect();
        let text = if fraction.is_empty() { format!("{whole}") } else { format!("{whole}.{fraction}") };
        let kept: u64 = format!("{fraction:0<8}").parse().unwrap();
        prop_assert_eq!(Sats::from_btc(&text).unwrap().get(), whole * 100_000_000 + kept);
    }

    #[test]
    fn more_places_than_eight_are_never_rounded(whole in 0_u64..100, fraction in "[0-9]{9,20}") {
        let text = format!("{whole}.{fraction} BTC");
        prop_assert!(text.parse::<Amount>().is_err());
    }

    #[test]
    fn any_text_is_an_amount_or_an_error(text in "\\PC{0,30}") {
        if let Ok(amount) = text.parse::<Amount>() {
            prop_assert_eq!(amount.to_string().parse::<Amount>(), Ok(amount));
        }
    }

    #[test]
    fn plus_and_minus_undo_each_other(a in any_sats(), b in any_sats()) {
        match a.plus(b) {
            Ok(sum) => prop_assert_eq!(sum.minus(b), Ok(a)),
            Err(_) => prop_assert!(a.get() + b.get() > Sats::MAX.get()),
        }
    }

    #[test]
    fn a_fee_is_rounded_up_and_by_less_than_one_satoshi(rate in 0_u64..10_000_000, vbytes in 0_u64..1_000_000) {
        let fee = FeeRate::from_sat_per_kvb(rate).fee_for(vbytes).unwrap().get();
        prop_assert!(fee * 1000 >= rate * vbytes);
        prop_assert!(fee == 0 || (fee - 1) * 1000 < rate * vbytes);
    }
}
