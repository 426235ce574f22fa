//! Sweeps move money within one vault, and say so: what else could be in one is refused.

use super::samples::*;
use crate::sweep::SweepError;
use crate::*;

fn eth(wei: u64) -> Amount {
    Amount::Evm(ether(), units(wei))
}

fn dollars(cents: u64) -> Amount {
    Amount::Evm(usdc(), units(cents))
}

fn refusal(transfers: Vec<Transfer>) -> SweepError {
    sweep_of(transfers).unwrap_err()
}

#[test]
fn a_sweep_goes_to_the_main_account_or_brings_gas() {
    let direction = |number, from, to| SweepError::Direction { number, from, to };
    let good = transfer(3, 0, eth(7));
    assert!(sweep_of(vec![good]).is_ok());
    for (from, to) in [(0, 0), (3, 3), (3, 4), (0x8000_0000, 0), (u32::MAX, 0)] {
        let bad = transfer(from, to, eth(7));
        assert_eq!(refusal(vec![good, bad]), direction(2, from, to));
    }
    let over = transfer(0, 0x8000_0000, eth(7));
    assert_eq!(refusal(vec![over]), direction(1, 0, 0x8000_0000));
    let btc = Amount::Btc(sats(90_000));
    assert!(sweep_of(vec![transfer(0, 0, btc)]).is_ok());
    assert_eq!(refusal(vec![transfer(1, 0, btc)]), direction(1, 1, 0));
    assert_eq!(refusal(vec![transfer(0, 1, btc)]), direction(1, 0, 1));
}

#[test]
fn gas_goes_only_where_a_token_is_collected_afterwards() {
    let (gas, token) = (transfer(0, 3, eth(9)), transfer(3, 0, dollars(5)));
    assert!(sweep_of(vec![gas, token]).is_ok());
    let needless = [
        vec![gas],
        vec![token, gas],
        vec![gas, transfer(4, 0, dollars(5))],
        vec![gas, transfer(3, 0, eth(5))],
    ];
    for transfers in needless {
        let at = 1 + transfers.iter().position(|one| *one == gas).unwrap();
        assert_eq!(refusal(transfers), SweepError::NeedlessGas(at));
    }
    let tokens = transfer(0, 3, dollars(9));
    assert_eq!(
        refusal(vec![tokens, token]),
        SweepError::NeedlessGas(1),
        "a token is no gas"
    );
}

#[test]
fn each_thing_is_moved_once_within_one_chain_and_at_a_fee() {
    let one = transfer(3, 0, eth(7));
    assert_eq!(refusal(vec![]), SweepError::Empty);
    assert_eq!(refusal(vec![one, one]), SweepError::Twice(2));
    let more = transfer(3, 0, eth(8));
    assert_eq!(refusal(vec![one, more]), SweepError::Twice(2));
    let gas = transfer(0, 3, eth(9));
    let again = vec![gas, gas, transfer(3, 0, dollars(5))];
    assert_eq!(refusal(again), SweepError::Twice(2));

    let many = |count: u32| (1..=count).map(|n| transfer(n, 0, eth(7))).collect();
    assert!(sweep_of(many(1000)).is_ok());
    assert_eq!(refusal(many(1001)), SweepError::TooMany(1001));

    let there = Coin::new(chain(10), None, Symbol::new("ETH").unwrap(), 18).unwrap();
    let mut elsewhere = transfer(4, 0, Amount::Evm(there, units(7)));
    assert!(matches!(
        refusal(vec![one, elsewhere]),
        SweepError::FeeCap { number: 2, .. }
    ));
    elsewhere.fee_cap = Amount::Evm(there, units(7));
    assert_eq!(refusal(vec![one, elsewhere]), SweepError::OtherChain(2));
    let btc = transfer(0, 0, Amount::Btc(sats(90_000)));
    assert_eq!(refusal(vec![one, btc]), SweepError::OtherChain(2));
    assert_eq!(refusal(vec![btc, btc]), SweepError::OneOnBitcoin(2));

    for amount in [eth(0), dollars(0), Amount::Btc(Sats::ZERO)] {
        let from = u32::from(amount.asset() != Asset::Btc);
        let nothing = transfer(from, 0, amount);
        let number = 1;
        assert_eq!(
            refusal(vec![nothing]),
            SweepError::TooLittle { number, amount }
        );
    }
    for cap in [eth(0), dollars(5), Amount::Btc(sats(5))] {
        let free = Transfer {
            fee_cap: cap,
            ..one
        };
        assert_eq!(refusal(vec![free]), SweepError::FeeCap { number: 1, cap });
    }
}

#[test]
fn a_transfer_is_a_payout_to_wherever_its_account_is() {
    let vault = VaultId::from_bytes([2; 32]);
    let to = Address::Evm(evm_address(PAYEE));
    let payout = transfer(7, 0, dollars(5))
        .payout(vault, to.clone(), note(""))
        .unwrap();
    assert_eq!(payout.account(), 7);
    assert_eq!(payout.legs()[0].address, to);
    assert_eq!(payout.legs()[0].amount, dollars(5));
    assert_eq!(payout.legs()[0].payee, None);
}

#[test]
fn a_stored_sweep_is_checked_like_a_new_one() {
    let json = serde_json::to_string(&Subject::Sweep(sweep())).unwrap();
    let read: Subject = serde_json::from_str(&json).unwrap();
    assert_eq!(read, Subject::Sweep(sweep()));
    for (good, bad) in [
        (r#""to":0"#, r#""to":1"#),
        (r#""from":7"#, r#""from":0"#),
        (r#""memo""#, r#""note":"","memo""#),
        (r#""from":7"#, r#""payee":"x","from":7"#),
    ] {
        let spoiled = json.replace(good, bad);
        assert_ne!(spoiled, json);
        assert!(
            serde_json::from_str::<Subject>(&spoiled).is_err(),
            "{spoiled}"
        );
    }
}
