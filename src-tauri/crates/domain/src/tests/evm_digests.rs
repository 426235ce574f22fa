//! The digests of payouts, batches, coins and cancels on EVM chains bind every field.

use std::collections::BTreeSet;

use super::samples::*;
use crate::proposal::Cancel;
use crate::*;

fn id(subject: Subject) -> ProposalId {
    proposal(subject).id(treasury(), officer(0x11).id(), at(1))
}

fn all_differ(subjects: Vec<Subject>) {
    let count = subjects.len();
    let ids: BTreeSet<ProposalId> = subjects.into_iter().map(id).collect();
    assert_eq!(ids.len(), count);
}

/// Coins that differ from USDC in one thing each, and it.
fn coins() -> Vec<Coin> {
    let symbol = |text| Symbol::new(text).unwrap();
    let there = EvmAddress::parse(USDC, chain(10)).unwrap();
    vec![
        usdc(),
        coin(Some(USDC), "USDC", 7),
        coin(Some(USDC), "USDC.e", 6),
        coin(Some(USDC), "usdc", 6),
        coin(None, "USDC", 6),
        coin(
            Some("0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB"),
            "USDC",
            6,
        ),
        Coin::new(chain(10), Some(there), symbol("USDC"), 6).unwrap(),
        Coin::new(chain(10), None, symbol("USDC"), 6).unwrap(),
    ]
}

#[test]
fn an_assets_id_binds_each_field() {
    all_differ(coins().into_iter().map(Subject::Asset).collect());
}

/// Payouts that differ in one thing each.
fn payouts() -> Vec<Payout> {
    let vault = VaultId::from_bytes([2; 32]);
    let cap = |coin, number| Amount::Evm(coin, units(number));
    let make = |vault, account, leg: Leg, cap, memo| {
        Payout::from_account(vault, account, vec![leg], cap, note(memo)).unwrap()
    };
    let leg = || evm_leg(usdc(), 5);
    let with = |leg: Leg| make(vault, 0, leg, cap(ether(), 9), "rent");
    let other = "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB";
    let there = |text| Address::Evm(EvmAddress::parse(text, chain(10)).unwrap());
    let symbol = |text| Symbol::new(text).unwrap();
    let ether_there = Coin::new(chain(10), None, symbol("ETH"), 18).unwrap();
    let leg_there = Leg {
        address: there(PAYEE),
        amount: cap(ether_there, 5),
        ..leg()
    };
    let mut all = vec![
        make(
            VaultId::from_bytes([9; 32]),
            0,
            leg(),
            cap(ether(), 9),
            "rent",
        ),
        make(vault, 1, leg(), cap(ether(), 9), "rent"),
        make(vault, 0, leg(), cap(ether(), 10), "rent"),
        make(vault, 0, leg(), cap(coin(None, "ETH", 17), 9), "rent"),
        make(vault, 0, leg(), cap(coin(None, "WEI", 18), 9), "rent"),
        make(vault, 0, leg(), cap(ether(), 9), "rents"),
        make(vault, 0, leg_there, cap(ether_there, 9), "rent"),
        with(Leg {
            payee: Some(name("Landlord")),
            ..leg()
        }),
        with(Leg {
            address: Address::Evm(evm_address(other)),
            ..leg()
        }),
        with(Leg {
            amount: cap(usdc(), 6),
            ..leg()
        }),
        with(evm_leg(ether(), 5)),
    ];
    let local = |coin: &Coin| coin.chain() == chain(1) && !coin.is_native();
    let tokens = coins().into_iter().filter(local);
    all.extend(tokens.map(|coin| {
        with(Leg {
            amount: cap(coin, 5),
            ..leg()
        })
    }));
    all
}

#[test]
fn an_evm_payouts_id_binds_each_field() {
    all_differ(payouts().into_iter().map(Subject::Payout).collect());
}

#[test]
fn a_batchs_id_binds_each_payout_their_order_and_the_memo() {
    let vault = VaultId::from_bytes([2; 32]);
    let of = |payouts: Vec<Payout>, memo| Batch::new(vault, payouts, note(memo)).unwrap();
    let mine: Vec<Payout> = payouts()
        .into_iter()
        .filter(|payout| payout.vault() == vault)
        .collect();
    let (a, b, c) = (&mine[0], &mine[1], &mine[2]);
    let mut batches = vec![
        of(vec![a.clone(), b.clone(), c.clone()], "wages"),
        of(vec![a.clone(), c.clone(), b.clone()], "wages"),
        of(vec![a.clone(), b.clone()], "wages"),
        of(vec![a.clone(), b.clone(), b.clone()], "wages"),
        of(vec![a.clone(), a.clone(), b.clone()], "wages"),
        of(vec![a.clone(), b.clone(), c.clone()], "wage"),
    ];
    batches.extend(mine.into_iter().map(|payout| of(vec![payout], "wages")));
    all_differ(batches.into_iter().map(Subject::Batch).collect());
}

#[test]
fn a_sweeps_id_binds_each_transfer_their_order_and_the_memo() {
    let vault = VaultId::from_bytes([2; 32]);
    let eth = |wei| Amount::Evm(ether(), units(wei));
    let (a, b) = (transfer(3, 0, eth(7)), transfer(4, 0, eth(7)));
    let dearer = Transfer {
        fee_cap: eth(1),
        ..a
    };
    let token = Amount::Evm(usdc(), units(7));
    let sweeps = [
        vec![a],
        vec![b],
        vec![a, b],
        vec![b, a],
        vec![dearer],
        vec![transfer(3, 0, eth(8))],
        vec![transfer(3, 0, token)],
        vec![transfer(0, 3, eth(7)), transfer(3, 0, token)],
        vec![transfer(0, 0, Amount::Btc(sats(90_000)))],
        vec![transfer(0, 0, Amount::Btc(sats(90_001)))],
    ];
    let mut all: Vec<Subject> = { sweeps.iter().cloned() }
        .map(|transfers| Subject::Sweep(sweep_of(transfers).unwrap()))
        .collect();
    for (vault, memo) in [(vault, "other"), (VaultId::from_bytes([3; 32]), "deposits")] {
        let sweep = Sweep::new(vault, vec![a], note(memo)).unwrap();
        all.push(Subject::Sweep(sweep));
    }
    all_differ(all);
}

#[test]
fn a_cancels_id_binds_the_payout_and_its_cap() {
    let payout = ProposalId::from_bytes([0x13; 32]);
    let other = ProposalId::from_bytes([0x14; 32]);
    let cancel = |payout, fee_cap| Subject::Cancel(Cancel { payout, fee_cap });
    let mut all = vec![
        cancel(payout, Amount::Btc(sats(5))),
        cancel(payout, Amount::Btc(sats(6))),
        cancel(other, Amount::Btc(sats(5))),
        cancel(other, Amount::Evm(ether(), units(5))),
        cancel(payout, Amount::Evm(ether(), units(5))),
        cancel(payout, Amount::Evm(ether(), units(6))),
    ];
    let caps = coins().into_iter().map(|coin| Amount::Evm(coin, units(5)));
    all.extend(caps.map(|cap| cancel(payout, cap)));
    all_differ(all);
}

#[test]
fn the_id_of_one_payout_of_a_batch_is_its_own() {
    let (batch, other) = (
        ProposalId::from_bytes([1; 32]),
        ProposalId::from_bytes([2; 32]),
    );
    let ids: BTreeSet<ProposalId> = [batch, other]
        .into_iter()
        .flat_map(|batch| (0..1000).map(move |place| Batch::item_id(batch, place)))
        .chain([batch, other])
        .collect();
    assert_eq!(ids.len(), 2002);
}

#[test]
fn the_hash_of_plans_binds_each_and_their_order() {
    let plan = |byte| EntryId::from_bytes([byte; 32]);
    let of = |bytes: &[u8]| {
        let plans: Vec<EntryId> = bytes.iter().copied().map(plan).collect();
        PlansHash::of(plans.into_iter())
    };
    let all: BTreeSet<PlansHash> = [&[][..], &[1], &[2], &[1, 2], &[2, 1], &[1, 1], &[1, 2, 3]]
        .into_iter()
        .map(of)
        .collect();
    assert_eq!(all.len(), 7);
}
