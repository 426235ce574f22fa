//! Payouts and batches on EVM chains that can't be.

use super::samples::*;
use crate::batch::BatchError;
use crate::payout::PayoutError;
use crate::*;

fn vault() -> VaultId {
    VaultId::from_bytes([2; 32])
}

fn gas(number: u64) -> Amount {
    Amount::Evm(ether(), units(number))
}

fn new(legs: Vec<Leg>, cap: Amount) -> Result<Payout, PayoutError> {
    Payout::new(vault(), legs, cap, note(""))
}

#[test]
fn a_payout_on_an_evm_chain_has_one_leg() {
    let leg = || evm_leg(usdc(), 5);
    assert!(new(vec![leg()], gas(9)).is_ok());
    assert_eq!(new(vec![leg(), leg()], gas(9)), Err(PayoutError::OneLeg(2)));
    assert_eq!(new(vec![], gas(9)), Err(PayoutError::NoLegs));
}

#[test]
fn nothing_is_paid_by_no_payout() {
    let refused = new(vec![evm_leg(usdc(), 0)], gas(9));
    assert_eq!(refused, Err(PayoutError::Nothing(1)));
    let refused = new(vec![evm_leg(usdc(), 1)], gas(0));
    assert_eq!(refused, Err(PayoutError::NoFee));
    assert!(new(vec![evm_leg(ether(), 1)], gas(1)).is_ok());
}

#[test]
fn a_token_is_not_sent_to_its_own_contract() {
    let mut leg = evm_leg(usdc(), 5);
    leg.address = Address::Evm(evm_address(USDC));
    let refused = new(vec![leg.clone()], gas(9)).unwrap_err();
    assert!(matches!(refused, PayoutError::TokenContract(_)));
    // Ether may go there.
    leg.amount = gas(5);
    assert!(new(vec![leg], gas(9)).is_ok());
}

#[test]
fn the_fee_cap_is_in_the_coin_that_pays_for_gas() {
    let symbol = Symbol::new("ETH").unwrap();
    let there = Coin::new(chain(10), None, symbol, 18).unwrap();
    let twin = coin(None, "ETH", 17);
    let of = |coin| Amount::Evm(coin, units(9));
    for cap in [of(usdc()), of(there), Amount::Btc(sats(9))] {
        for paid in [usdc(), ether()] {
            let refused = new(vec![evm_leg(paid, 5)], cap).unwrap_err();
            assert!(matches!(refused, PayoutError::FeeAsset { .. }), "{refused}");
        }
    }
    // Two words for the same coin in one payout.
    let refused = new(vec![evm_leg(ether(), 5)], of(twin)).unwrap_err();
    assert!(matches!(refused, PayoutError::FeeAsset { .. }));
    let bitcoin = new(vec![leg(None, REGTEST, 1_000)], gas(9)).unwrap_err();
    assert!(matches!(bitcoin, PayoutError::FeeAsset { .. }));
}

#[test]
fn an_asset_reaches_addresses_of_its_chain_only() {
    let bitcoin = leg(None, REGTEST, 1_000);
    let with = |address: &Address, amount| Leg {
        payee: None,
        address: address.clone(),
        amount,
    };
    let evm = evm_leg(ether(), 5);
    let elsewhere = Address::Evm(EvmAddress::parse(PAYEE, chain(10)).unwrap());
    for (leg, cap) in [
        (with(&evm.address, bitcoin.amount), Amount::Btc(sats(9))),
        (with(&bitcoin.address, evm.amount), gas(9)),
        (with(&elsewhere, evm.amount), gas(9)),
    ] {
        let refused = new(vec![leg], cap).unwrap_err();
        assert!(matches!(refused, PayoutError::OtherChain { number: 1, .. }));
    }
}

#[test]
fn assets_are_not_mixed() {
    let evm = || evm_leg(ether(), 5);
    for (legs, cap) in [
        (vec![evm(), evm_leg(usdc(), 5)], gas(9)),
        (vec![evm(), leg(None, REGTEST, 1_000)], gas(9)),
        (vec![leg(None, REGTEST, 1_000), evm()], Amount::Btc(sats(9))),
    ] {
        assert_eq!(new(legs, cap), Err(PayoutError::MixedAssets(2)));
    }
}

#[test]
fn only_an_evm_vault_has_accounts() {
    let from = |account, legs, cap| Payout::from_account(vault(), account, legs, cap, note(""));
    let evm = |account| from(account, vec![evm_leg(ether(), 5)], gas(9));
    for account in [0, 1, 0x7fff_ffff] {
        assert_eq!(evm(account).unwrap().account(), account);
    }
    for account in [0x8000_0000, u32::MAX] {
        assert_eq!(evm(account), Err(PayoutError::Account(account)));
    }
    let bitcoin = from(1, vec![leg(None, REGTEST, 1_000)], Amount::Btc(sats(9)));
    assert_eq!(bitcoin, Err(PayoutError::Account(1)));
}

#[test]
fn what_can_not_be_made_can_not_be_read() {
    let good = serde_json::to_string(&evm_payout(7, usdc(), 5)).unwrap();
    assert!(serde_json::from_str::<Payout>(&good).is_ok());
    for (from, to) in [
        ("\"units\":\"5\"", "\"units\":\"0\""),
        ("\"account\":7", "\"account\":2147483648"),
        ("\"account\":7", "\"account\":-1"),
        ("\"account\":7", "\"account\":\"7\""),
        ("\"account\":7", "\"account\":7,\"account\":7"),
        ("\"account\":7", "\"account\":7,\"nonce\":7"),
        (PAYEE, USDC),
        ("eip155:1", "eip155:10"),
        ("eip155:1", "regtest"),
        (
            "\"contract\":null",
            "\"contract\":\"0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48\"",
        ),
        ("\"units\":\"3000000000000000\"", "\"units\":\"0\""),
        (
            "\"units\":\"3000000000000000\"",
            "\"units\":3000000000000000",
        ),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from}");
        assert!(serde_json::from_str::<Payout>(&bad).is_err(), "{bad}");
    }
}

#[test]
fn batches_have_one_to_a_thousand_payouts_of_one_evm_vault() {
    let of = |payouts| Batch::new(vault(), payouts, note(""));
    let one = || evm_payout(0, usdc(), 5);
    assert_eq!(of(vec![]), Err(BatchError::Empty));
    assert!(of(vec![one(); 1000]).is_ok());
    assert_eq!(of(vec![one(); 1001]), Err(BatchError::TooMany(1001)));
    let cap = gas(9);
    let stranger = VaultId::from_bytes([9; 32]);
    let other = Payout::new(stranger, vec![evm_leg(usdc(), 5)], cap, note("")).unwrap();
    assert_eq!(of(vec![one(), other]), Err(BatchError::OtherVault(2)));
    assert_eq!(of(vec![one(), payout()]), Err(BatchError::Bitcoin(2)));
    let read = |batch: &str| serde_json::from_str::<Batch>(batch);
    let good = serde_json::to_string(&batch()).unwrap();
    assert_eq!(read(&good).unwrap(), batch());
    let mut value: serde_json::Value = serde_json::from_str(&good).unwrap();
    value["payouts"] = serde_json::Value::Array(Vec::new());
    assert!(read(&value.to_string()).is_err());
}

/// A payout by the main account is written without it, as it was before there were accounts.
#[test]
fn the_main_account_has_one_spelling() {
    let json = serde_json::to_string(&evm_payout(0, ether(), 5)).unwrap();
    assert!(!json.contains("account"), "{json}");
    let body = signed(body(
        Some(treasury()),
        Author::Officer(officer(0x11).id()),
        Act::Proposed(Box::new(proposal(Subject::Payout(evm_payout(
            0,
            ether(),
            5,
        ))))),
    ));
    let payload = String::from_utf8(body.envelope().payload().to_vec()).unwrap();
    let spelled = payload.replacen("\"memo\":\"rent\"", "\"account\":0,\"memo\":\"rent\"", 1);
    assert_ne!(spelled, payload);
    let signature = Key::new(0x11).sign(&[1; 32]);
    let named = [(Key::new(0x11).public().key_id(), signature)];
    let kind = crate::dsse::BODY_TYPE;
    let envelope = crate::dsse::Envelope::assemble(kind, spelled.as_bytes(), &named).unwrap();
    let refused = crate::entry::SignedBody::parse(envelope.as_bytes()).unwrap_err();
    assert!(refused.to_string().contains("one spelling"), "{refused}");
}
