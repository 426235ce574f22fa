//! Plans on an EVM chain of a builder that lies, one lie each: every one is refused by its own name.

use alloy::primitives::{Address as Raw, Bytes, TxKind, keccak256};
use domain::act::ChildPath;
use domain::{Amount, Network, U256, VaultId};
use plans::{EvmMismatch, MAX_GAS, MAX_GAS_PRICE, NonceAnchor, VaultView, inspect_evm};

use crate::evm_support::*;
use crate::support::{change, leg, payout, receive, vault};

#[test]
fn honest_plans_pass_and_their_effects_are_told() {
    for case in [Case::ether(), Case::token()] {
        let effects = case.check(&case.planned()).unwrap();
        assert_eq!(effects.leg(), case.payout.legs().first());
        assert_eq!(effects.anchor(), case.anchor());
        assert_eq!(effects.gas_limit(), case.tx.gas_limit);
        assert_eq!(effects.fees().max_fee_per_gas, GAS_PRICE);
        assert_eq!(effects.fees().max_priority_fee_per_gas, 1_000_000_000);
        let fee = U256::from(case.tx.gas_limit) * U256::from(GAS_PRICE);
        assert_eq!(effects.highest_fee(), fee);
        // Before there is an anchor, any nonce will do.
        let free = inspect_evm(&case.planned(), &case.payout, &the_vault().view, None);
        assert_eq!(free, Ok(effects));
    }
}

/// EIP-20's selector, and a transfer as block explorers show them.
#[test]
fn the_calldata_of_a_transfer_is_the_known_one() {
    let hash = keccak256("transfer(address,uint256)");
    assert_eq!(hash[..4], TRANSFER);
    let to = domain::EvmAddress::parse("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", chain());
    let known = "a9059cbb0000000000000000000000005aaeb6053f3e94c9b9a09f33669435e7ef1beaed\
                 00000000000000000000000000000000000000000000000000000000000f4240";
    let mut case = Case::token();
    let units = U256::from(1_000_000);
    let cap = case.payout.fee_cap().units();
    case.payout = payout_of(usd(), to.unwrap(), units, cap);
    case.tx.input = Bytes::from(hex::decode(known).unwrap());
    assert!(case.check(&case.planned()).is_ok());
}

#[test]
fn another_recipient_is_refused() {
    for case in [Case::ether(), Case::token()] {
        for to in [[0xac; 20], *the_vault_account().as_bytes()] {
            let refused = case.lie(|tx| tx.to = TxKind::Call(Raw::from(to)));
            assert!(matches!(refused, EvmMismatch::OtherPayee { .. }));
        }
        let nobody = case.lie(|tx| tx.to = TxKind::Call(Raw::ZERO));
        let text = nobody.to_string();
        assert!(text.contains("an address nobody has"), "{text}");
        let created = case.lie(|tx| tx.to = TxKind::Create);
        assert_eq!(created, EvmMismatch::Creation);
    }
    // The payee itself instead of the token's contract.
    let direct = Case::token().lie(|tx| tx.to = TxKind::Call(raw(payee())));
    assert!(matches!(direct, EvmMismatch::OtherPayee { .. }));
}

fn the_vault_account() -> domain::EvmAddress {
    Case::ether().anchor().account
}

#[test]
fn another_value_is_refused() {
    let case = Case::ether();
    let one = U256::from(1);
    for found in [
        case.tx.value - one,
        case.tx.value + one,
        U256::ZERO,
        U256::MAX,
    ] {
        let refused = case.lie(|tx| tx.value = found);
        let expected = case.tx.value;
        assert_eq!(refused, EvmMismatch::OtherValue { found, expected });
    }
    // Ether beside a token.
    let refused = Case::token().lie(|tx| tx.value = one);
    let expected = EvmMismatch::OtherValue {
        found: one,
        expected: U256::ZERO,
    };
    assert_eq!(refused, expected);
}

#[test]
fn calldata_that_is_not_exactly_the_transfer_is_refused() {
    let case = Case::token();
    let amount = case.payout.legs()[0].amount;
    let (units, good) = (amount.units(), case.tx.input.to_vec());
    let other = EvmMismatch::OtherCall { expected: amount };
    let call = |signature: &str, words: &[[u8; 32]]| {
        let mut data = keccak256(signature)[..4].to_vec();
        words.iter().for_each(|word| data.extend(word));
        data
    };
    let word = |address: domain::EvmAddress| {
        let mut word = [0; 32];
        word[12..].copy_from_slice(address.as_bytes());
        word
    };
    let (to, me) = (word(payee()), word(the_vault_account()));
    let sum = units.to_be_bytes::<32>();
    let mut dirty = good.clone();
    dirty[4] = 1;
    let lies = [
        Vec::new(),
        TRANSFER.to_vec(),
        good[..67].to_vec(),
        [&good[..], &[0]].concat(),
        [&good[..], &[0xde, 0xad, 0xbe, 0xef]].concat(),
        [&[0][..], &good].concat(),
        [&good[..], &good[..]].concat(),
        dirty,
        transfer(account_of([0xac; 20]), units),
        transfer(payee(), units + U256::from(1)),
        transfer(payee(), units - U256::from(1)),
        transfer(payee(), U256::MAX),
        transfer(the_vault_account(), units),
        call("approve(address,uint256)", &[to, [0xff; 32]]),
        call("approve(address,uint256)", &[to, sum]),
        call("increaseAllowance(address,uint256)", &[to, sum]),
        call("transferFrom(address,address,uint256)", &[me, to, sum]),
        call("transferAndCall(address,uint256)", &[to, sum]),
        call("burn(uint256)", &[sum]),
        call("mint(address,uint256)", &[to, sum]),
    ];
    for data in lies {
        let refused = case.lie(|tx| tx.input = data.into());
        assert_eq!(refused, other);
    }
    // Where ether is paid there is no calldata at all.
    for (data, length) in [(vec![0], 1), (good, 68)] {
        let refused = Case::ether().lie(|tx| tx.input = data.into());
        assert_eq!(refused, EvmMismatch::Data(length));
    }
}

#[test]
fn another_chain_is_refused() {
    for found in [1, CHAIN + 1, 0, u64::MAX] {
        let refused = Case::ether().lie(|tx| tx.chain_id = found);
        let expected = chain();
        assert_eq!(refused, EvmMismatch::OtherChain { found, expected });
    }
    // A vault of another chain: the plan's bytes and the payout fit, the vault does not.
    let case = Case::ether();
    let elsewhere = VaultView {
        network: Network::Evm(domain::ChainId::new(1).unwrap()),
        ..the_vault().view
    };
    let refused = inspect_evm(&case.planned(), &case.payout, &elsewhere, None).unwrap_err();
    assert!(matches!(refused, EvmMismatch::OtherChain { .. }));
    let mut told = case.clone();
    told.tx.chain_id = 1;
    let refused = inspect_evm(&told.planned(), &case.payout, &elsewhere, None).unwrap_err();
    assert_eq!(refused, EvmMismatch::OtherNetwork);
    let bitcoin = vault(1).view;
    let refused = inspect_evm(&case.planned(), &case.payout, &bitcoin, None).unwrap_err();
    assert_eq!(refused, EvmMismatch::OtherNetwork);
    // A payout of bitcoin in a plan of an EVM chain.
    let bitcoin = payout(&vault(1), vec![leg(1, 30_000)], 2_000);
    let mut first = case.clone();
    first.path = receive(0);
    let refused = inspect_evm(&first.planned(), &bitcoin, &the_vault().view, None).unwrap_err();
    assert_eq!(refused, EvmMismatch::OtherNetwork);
}

#[test]
fn another_nonce_than_the_anchors_is_refused() {
    let case = Case::ether();
    for nonce in [0, NONCE - 1, NONCE + 1, u64::MAX] {
        let refused = case.lie(|tx| tx.nonce = nonce);
        let expected = case.anchor();
        let found = NonceAnchor { nonce, ..expected };
        assert_eq!(refused, EvmMismatch::OtherAnchor { found, expected });
    }
    let other = NonceAnchor {
        account: payee(),
        nonce: NONCE,
    };
    let (planned, view) = (case.planned(), the_vault().view);
    let refused = inspect_evm(&planned, &case.payout, &view, Some(other)).unwrap_err();
    assert!(matches!(refused, EvmMismatch::OtherAnchor { .. }));
}

#[test]
fn another_account_or_vault_is_refused() {
    for path in [receive(0), receive(2), receive(4), change(3)] {
        let mut case = Case::ether();
        case.path = path;
        let refused = case.check(&case.planned()).unwrap_err();
        let expected = EvmMismatch::OtherAccount {
            found: path,
            expected: 3,
        };
        assert_eq!(refused, expected);
    }
    let mut case = Case::ether();
    case.path = ChildPath::new(ChildPath::ACCEPTANCE, 3).unwrap();
    let refused = case.check(&case.planned()).unwrap_err();
    assert!(matches!(refused, EvmMismatch::OtherAccount { .. }));
    let case = Case::ether();
    let other = VaultView {
        vault: VaultId::from_bytes([9; 32]),
        ..the_vault().view
    };
    let refused = inspect_evm(&case.planned(), &case.payout, &other, None).unwrap_err();
    assert!(matches!(refused, EvmMismatch::OtherVault { .. }));
}

#[test]
fn gas_and_price_have_bounds() {
    let case = Case::ether();
    for gas in [0, 20_999, MAX_GAS + 1, u64::MAX] {
        let refused = case.lie(|tx| tx.gas_limit = gas);
        assert_eq!(refused, EvmMismatch::Gas(gas));
    }
    for price in [MAX_GAS_PRICE + 1, u128::MAX] {
        let refused = case.lie(|tx| tx.max_fee_per_gas = price);
        assert_eq!(refused, EvmMismatch::GasPrice(price));
    }
    let tip = case.lie(|tx| tx.max_priority_fee_per_gas = GAS_PRICE + 1);
    assert_eq!(tip, EvmMismatch::GasPrice(GAS_PRICE));
    let mut all_tip = case.clone();
    all_tip.tx.max_priority_fee_per_gas = GAS_PRICE;
    assert!(case.check(&all_tip.planned()).is_ok());
}

#[test]
fn a_fee_over_the_cap_by_one_wei_is_refused() {
    let mut case = Case::ether();
    let fee = U256::from(21_000) * U256::from(GAS_PRICE);
    let capped = |cap| payout_of(ether(), payee(), case.tx.value, cap);
    let (exact, short) = (capped(fee), capped(fee - U256::from(1)));
    case.payout = exact;
    assert!(case.check(&case.planned()).is_ok());
    case.payout = short;
    let refused = case.check(&case.planned()).unwrap_err();
    let cap = Box::new(case.payout.fee_cap());
    assert_eq!(refused, EvmMismatch::FeeOverCap { fee, cap });
    // The dearest that the bounds let through is still compared with the cap, without overflow.
    let refused = case.lie(|tx| {
        tx.gas_limit = MAX_GAS;
        tx.max_fee_per_gas = MAX_GAS_PRICE;
    });
    assert!(matches!(refused, EvmMismatch::FeeOverCap { .. }));
}

#[test]
fn a_fee_is_no_part_of_the_value() {
    let case = Case::ether();
    let Amount::Evm(coin, units) = case.payout.legs()[0].amount else {
        panic!("not of an EVM chain");
    };
    assert_eq!((coin, units), (ether(), case.tx.value));
}
