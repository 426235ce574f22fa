//! Addresses: BIP173 and BIP350 vectors, base58 checksums, the wrong network, and scripts that nobody
//! or anybody could spend.

use proptest::prelude::*;

use super::samples::*;
use crate::address::AddressError;
use crate::*;

fn script(text: &str, network: Network) -> String {
    let address = BtcAddress::parse(text, network).unwrap();
    hex::encode(address.script_pubkey().as_bytes())
}

fn refusal(text: &str, network: Network) -> AddressError {
    BtcAddress::parse(text, network).unwrap_err()
}

#[test]
fn valid_vectors_of_bip173_and_bip350_give_their_scripts() {
    for (text, network, expected) in [
        (
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
            Network::Bitcoin,
            "0014751e76e8199196d454941c45d1b3a323f1433bd6",
        ),
        (
            "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
            Network::Testnet4,
            "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262",
        ),
        (
            "tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy",
            Network::Signet,
            "0020000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433",
        ),
        (
            "tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c",
            Network::Testnet4,
            "5120000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433",
        ),
        (
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
            Network::Bitcoin,
            "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
        ),
    ] {
        assert_eq!(script(text, network), expected, "{text}");
    }
}

#[test]
fn vectors_whose_outputs_anybody_could_take_are_refused() {
    // Valid by BIP350, but of a witness version or length without rules (BIP341); the last is the
    // pay-to-anchor output.
    for text in [
        "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
        "BC1SW50QGDZ25J",
        "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs",
        "bc1pfeessrawgf",
    ] {
        let error = refusal(text, Network::Bitcoin);
        assert!(
            matches!(error, AddressError::FutureWitness(_)),
            "{text}: {error}"
        );
    }
}

#[test]
fn a_taproot_key_off_the_curve_is_refused() {
    // x = 5 is no coordinate of secp256k1 (BIP340's test vectors use such keys, too).
    let mut x = [0_u8; 32];
    x[31] = 5;
    let program = bitcoin::WitnessProgram::new(bitcoin::WitnessVersion::V1, &x).unwrap();
    let text =
        bitcoin::Address::from_witness_program(program, bitcoin::Network::Regtest).to_string();
    let error = refusal(&text, Network::Regtest);
    assert!(matches!(error, AddressError::Unspendable(_)), "{error}");
}

#[test]
fn invalid_vectors_of_bip173_and_bip350_are_refused() {
    for text in [
        "tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
        "tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf",
        "BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh",
        "tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47",
        "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",
        "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R",
        "bc1pw5dgrnzv",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav",
        "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",
        "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf",
        "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j",
        "bc1gmk9yu",
        "",
        "bitcoin:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
    ] {
        for network in [
            Network::Bitcoin,
            Network::Testnet4,
            Network::Signet,
            Network::Regtest,
        ] {
            let error = refusal(text, network);
            assert!(
                matches!(error, AddressError::Malformed { .. }),
                "{text}: {error}"
            );
        }
    }
}

#[test]
fn base58_addresses_are_checked_too() {
    let good = "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2";
    assert!(script(good, Network::Bitcoin).starts_with("76a914"));
    assert!(script("3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", Network::Bitcoin).starts_with("a914"));
    assert!(script("mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", Network::Regtest).starts_with("76a914"));
    for (place, letter) in good.char_indices() {
        let other = if letter == 'z' { 'y' } else { 'z' };
        let mut text: Vec<char> = good.chars().collect();
        text[place] = other;
        let text: String = text.into_iter().collect();
        assert!(
            BtcAddress::parse(&text, Network::Bitcoin).is_err(),
            "{text}"
        );
    }
}

#[test]
fn an_address_of_another_network_is_refused_and_says_so() {
    for (text, network) in [
        (
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            Network::Regtest,
        ),
        (
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            Network::Testnet4,
        ),
        ("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", Network::Regtest),
        ("mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", Network::Bitcoin),
        (REGTEST, Network::Bitcoin),
        (REGTEST, Network::Signet),
    ] {
        let error = refusal(text, network).to_string();
        assert!(
            error.contains("is an address of another network"),
            "{text}: {error}"
        );
    }
}

#[test]
fn an_address_is_stored_in_its_one_spelling() {
    let shouted = REGTEST.to_uppercase();
    let address = BtcAddress::parse(&format!(" {shouted}\n"), Network::Regtest).unwrap();
    assert_eq!(address.as_str(), REGTEST);
    let json = serde_json::to_string(&Address::Btc(address.clone())).unwrap();
    assert_eq!(
        serde_json::from_str::<Address>(&json).unwrap(),
        Address::Btc(address.clone())
    );
    let loud = json.replace(REGTEST, &shouted);
    assert!(serde_json::from_str::<Address>(&loud).is_err());
    let elsewhere = json.replace("regtest", "bitcoin");
    assert!(serde_json::from_str::<Address>(&elsewhere).is_err());
    assert!(address.grouped().starts_with("bcrt 1qw5 08d6 "));
}

#[test]
fn networks_have_a_name_and_a_class() {
    for network in [
        Network::Bitcoin,
        Network::Testnet4,
        Network::Signet,
        Network::Regtest,
    ] {
        assert_eq!(network.to_string().parse::<Network>().unwrap(), network);
        let real = network == Network::Bitcoin;
        assert_eq!(network.class() == NetworkClass::Mainnet, real);
    }
    assert!("Bitcoin".parse::<Network>().is_err());
    assert!("mainnet".parse::<Network>().is_err());
}

proptest! {
    #[test]
    fn one_changed_character_is_always_found(place in 5_usize..44, letter in "[qpzry9x8gf2tvdw0s3jn54khce6mua7l]") {
        let letter = letter.chars().next().unwrap();
        let mut text: Vec<char> = REGTEST.chars().collect();
        prop_assume!(text[place] != letter);
        text[place] = letter;
        let text: String = text.into_iter().collect();
        prop_assert!(BtcAddress::parse(&text, Network::Regtest).is_err());
    }

    #[test]
    fn every_program_survives_its_text(program in prop::array::uniform20(any::<u8>())) {
        let program = bitcoin::WitnessProgram::new(bitcoin::WitnessVersion::V0, &program).unwrap();
        let text = bitcoin::Address::from_witness_program(program, bitcoin::Network::Regtest).to_string();
        let address = BtcAddress::parse(&text, Network::Regtest).unwrap();
        prop_assert_eq!(address.as_str(), text);
        prop_assert_eq!(&address.script_pubkey().as_bytes()[2..], program.program().as_bytes());
    }
}
