//! Rules 2 and 3 on an EVM chain: bytes as approved, one nonce for all versions of a payout.

use domain::act::Scope;
use domain::roster::HexBytes;
use domain::{Act, Amount, ProposalId, U256};
use plans::{EvmFees, NonceAnchor, TxRef};
use policy::UseState;
use treasury::{Anchor, IllegalEntry, PayoutStage, Step};

use crate::fixture::*;

#[track_caller]
fn refused_plan(illegal: IllegalEntry, because: &str) {
    match illegal {
        IllegalEntry::Plan(why) if why.contains(because) => {}
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused_signing(illegal: IllegalEntry, because: &str) {
    match illegal {
        IllegalEntry::Signing(why) if why.contains(because) => {}
        other => panic!("{other:?}"),
    }
}

fn sighted(why: &str) -> IllegalEntry {
    IllegalEntry::Sighting(why.to_owned())
}

fn bump(t: &Fixture, id: ProposalId, version: u32, nonce: u64, fees: EvmFees) -> Act {
    t.evm_draft(id, nonce).at(fees).planned(id, version)
}

#[test]
fn a_payout_goes_from_proposal_to_chain() {
    for coin in [eth(), usd()] {
        let mut t = Fixture::evm();
        let id = t.evm_planned(evm_leg(1, coin, 1_000), 5);
        let unsigned = t.plan_of(id).transaction;
        let anchor = NonceAnchor {
            account: evm_account(),
            nonce: 5,
        };
        assert_eq!(t.plan_of(id).anchor(), Some(Anchor::Nonce(anchor)));
        assert_eq!(t.treasury().last_nonce(evm_account()), None);
        t.evm_sent(id);
        assert_eq!(t.treasury().last_nonce(evm_account()), Some(5));
        let signed = t.plan_of(id).transaction;
        assert!(matches!(signed, TxRef::Evm(_)));
        assert_ne!(signed, unsigned);
        assert!(t.treasury().signed_transactions().contains(&signed));
        t.run(t.confirmed(id));
        assert!(matches!(t.stage(id), PayoutStage::Confirmed { .. }));
        assert_eq!(t.next(), None);
        assert_eq!(format!("{:?}", t.replayed()), format!("{:?}", t.replay));
    }
}

#[test]
fn the_fold_decodes_a_plan_itself() {
    for coin in [eth(), usd()] {
        let mut t = Fixture::evm();
        let id = t.evm_approved(evm_leg(1, coin, 1_000));
        let honest = t.evm_draft(id, 5);
        let lie = |change: &dyn Fn(&mut EvmDraft)| {
            let mut draft = honest.clone();
            change(&mut draft);
            t.refuses(draft.planned(id, 1))
        };
        refused_plan(lie(&|d| d.to = vec![2; 20]), "the transaction goes to");
        refused_plan(lie(&|d| d.to = Vec::new()), "creates a contract");
        refused_plan(lie(&|d| d.value += U256::from(1)), "the transaction moves");
        refused_plan(lie(&|d| d.chain = 1), "the transaction is for chain 1");
        refused_plan(lie(&|d| d.chain = 0), "the transaction is for chain 0");
        refused_plan(lie(&|d| d.data.push(0)), "calldata");
        refused_plan(lie(&|d| d.kind = None), "legacy");
        for other in [1, 3, 4] {
            refused_plan(lie(&|d| d.kind = Some(other)), "of type");
        }
        // 100,000 gas at 100 gwei are the cap; a wei more is over.
        refused_plan(
            lie(&|d| {
                d.fees = fees(100, 2);
                d.fees.max_fee_per_gas += 1;
            }),
            "the approved cap is",
        );
        refused_plan(lie(&|d| d.gas = 2_000_001), "gas");
        refused_plan(lie(&|d| d.gas = 20_999), "gas");
        refused_plan(lie(&|d| d.fees = fees(1, 2)), "a tip above the whole");
        t.run(honest.at(fees(100, 2)).planned(id, 1));
    }
}

#[test]
fn a_token_moves_to_the_payee_as_approved() {
    let mut t = Fixture::evm();
    let id = t.evm_approved(evm_leg(1, usd(), 1_000));
    let honest = t.evm_draft(id, 5);
    let call = |data: Vec<u8>| {
        let mut draft = honest.clone();
        draft.data = data;
        refused_plan(t.refuses(draft.planned(id, 1)), "not exactly the transfer");
    };
    call(transfer(evm_address(2), wei(1_000)));
    call(transfer(evm_address(1), wei(1_001)));
    call(transfer(evm_address(1), wei(999)));
    let right = transfer(evm_address(1), wei(1_000));
    call([right.clone(), vec![0; 32]].concat());
    call(right[..67].to_vec());
    call(Vec::new());
    // `approve` instead of `transfer`.
    call([vec![0x09, 0x5e, 0xa7, 0xb3], right[4..].to_vec()].concat());
    // Dirt above the address.
    let mut dirty = right;
    dirty[4] = 1;
    call(dirty);
    let other = coin_of(Some(evm_address(0xdd)), "USDC", 6);
    t.enacted(domain::Subject::Asset(other));
    let mut contract = honest.clone();
    contract.to = vec![0xdd; 20];
    refused_plan(t.refuses(contract.planned(id, 1)), "goes to");
    t.run(honest.planned(id, 1));
}

#[test]
fn the_account_is_the_payout_s() {
    let mut t = Fixture::evm();
    let id = t.evm_approved(evm_leg(1, eth(), 1_000));
    let Act::PlannedEvm(honest) = t.evm_draft(id, 5).planned(id, 1) else {
        panic!("a plan");
    };
    for path in [receive(1), change(0)] {
        let mut planned = honest.clone();
        planned.account = path;
        refused_plan(
            t.refuses(Act::PlannedEvm(planned)),
            "the payout from account 0",
        );
    }
    let btc = Fixture::new();
    let mut other = btc.clone();
    let payout = other.approved(100_000);
    let planned = EvmDraft::paying(&evm_leg(1, eth(), 1), 5).planned(payout, 1);
    refused_plan(other.refuses(planned), "not on the same EVM chain");
}

#[test]
fn signed_bytes_are_the_plan_with_one_signature_of_the_account() {
    let mut t = Fixture::evm();
    let id = t.evm_planned(evm_leg(1, eth(), 1_000), 5);
    let session = t.started(id);
    let plan = t.plan_of(id).clone();
    let right = evm_signed(&whole_key(1), &plan);
    let refuse = |bytes| t.refuses(signed_as(plan.entry, session, bytes));
    let encoding = "one valid signature";
    refused_signing(refuse(evm_signed(&whole_key(2), &plan)), encoding);
    refused_signing(refuse([right.clone(), vec![0]].concat()), "");
    refused_signing(refuse(right[..right.len() - 1].to_vec()), "");
    refused_signing(refuse(Vec::new()), "");
    for at in 0..right.len() {
        let mut flipped = right.clone();
        flipped[at] ^= 1;
        refused_signing(refuse(flipped), "");
    }
    let mut t = t.clone();
    t.run(signed_as(plan.entry, session, right));
}

#[test]
fn of_two_payouts_planned_for_one_nonce_the_first_start_takes_it() {
    let mut t = Fixture::evm();
    let one = t.evm_planned(evm_leg(1, eth(), 1_000), 5);
    let two = t.evm_planned(evm_leg(2, eth(), 1_000), 5);
    t.release(ALICE, two, HARDWARE);
    let late = t.start_act(two);
    t.evm_sent(one);
    refused_signing(t.refuses(late), "signing for nonce 5 has started");
    assert_eq!(t.next(), Some(Step::Plan(two)));
    refused_plan(t.refuses(bump(&t, two, 2, 5, fees(40, 4))), "nonce 5");
    refused_plan(t.refuses(bump(&t, two, 2, 4, fees(40, 4))), "nonce 4");
    t.run(bump(&t, two, 2, 6, fees(20, 2)));
    t.evm_sent(two);
    assert_eq!(t.treasury().last_nonce(evm_account()), Some(6));
}

#[test]
fn signing_starts_in_the_order_of_nonces() {
    let mut t = Fixture::evm();
    let low = t.evm_planned(evm_leg(1, eth(), 1_000), 5);
    let high = t.evm_planned(evm_leg(2, eth(), 1_000), 6);
    t.release(ALICE, low, HARDWARE);
    let start = t.start_act(low);
    let session = t.started(high);
    refused_signing(t.refuses(start.clone()), "signing for nonce 6 has started");
    // Nor once it aborted: somebody may hold its signature.
    t.run(aborted(session, &[]));
    refused_signing(t.refuses(start), "signing for nonce 6 has started");
    // What has a nonce keeps it.
    t.release(BOB, high, HARDWARE);
    let retry = t.retry_act(high);
    t.run(retry);
}

#[test]
fn a_bump_takes_the_same_nonce_and_raises_both_fees_by_a_tenth() {
    let mut t = Fixture::evm();
    let id = t.evm_out(eth(), 5);
    for nonce in [4, 6] {
        refused_plan(
            t.refuses(bump(&t, id, 2, nonce, fees(40, 4))),
            "or it could be paid twice",
        );
    }
    let tenth = EvmFees {
        max_fee_per_gas: gwei(22),
        max_priority_fee_per_gas: gwei(2) + gwei(1) / 5,
    };
    let less = |fees: EvmFees| {
        let no = "no node would take it in its place";
        refused_plan(t.refuses(bump(&t, id, 2, 5, fees)), no);
    };
    less(fees(20, 2));
    less(fees(40, 2));
    less(EvmFees {
        max_fee_per_gas: tenth.max_fee_per_gas - 1,
        ..tenth
    });
    less(EvmFees {
        max_priority_fee_per_gas: tenth.max_priority_fee_per_gas - 1,
        ..tenth
    });
    let over = bump(&t, id, 2, 5, fees(101, 4));
    refused_plan(t.refuses(over), "the approved cap is");
    let mut other = t.evm_draft(id, 5).at(fees(40, 4));
    other.value += wei(1);
    refused_plan(t.refuses(other.planned(id, 2)), "the transaction moves");
    let first = t.confirmed(id);
    t.run(bump(&t, id, 2, 5, tenth));
    t.evm_sent(id);
    // The next is held against both.
    let between = bump(&t, id, 3, 5, tenth);
    refused_plan(t.refuses(between), "replace version 2");
    let second = t.confirmed(id);
    for (winner, loser) in [(first.clone(), second.clone()), (second, first)] {
        let mut t = t.clone();
        t.run(winner);
        let last = sighted("it is not signed, or final");
        assert_eq!(t.refuses(loser.clone()), last);
        t.run(Act::Reorged(t.sighting(id)));
        t.run(loser);
        assert_eq!(format!("{:?}", t.replayed()), format!("{:?}", t.replay));
    }
    // Other payouts go on behind it.
    let next = t.evm_planned(evm_leg(2, usd(), 1_000), 6);
    t.evm_sent(next);
    // And the first may still be bumped, below a nonce that has started.
    t.run(bump(&t, id, 3, 5, fees(40, 4)));
    t.evm_sent(id);
}

#[test]
fn a_cancel_takes_the_nonce_and_pays_nobody() {
    for coin in [eth(), usd()] {
        let mut t = Fixture::evm();
        let id = t.evm_out(coin, 5);
        t.frozen(CAROL, Scope::Treasury);
        let cancel = t.evm_cancel_approved(id);
        let honest = || EvmDraft::cancelling(5).at(fees(40, 4));
        let lie = |draft: EvmDraft| t.refuses(draft.planned(cancel, 2));
        let mut paying = honest();
        paying.value = wei(1);
        refused_plan(lie(paying), "the transaction moves");
        let mut away = honest();
        away.to = vec![2; 20];
        refused_plan(lie(away), "the transaction goes to");
        let mut calling = honest();
        calling.data = transfer(evm_address(1), wei(1));
        refused_plan(lie(calling), "calldata where none belongs");
        let same = t.evm_draft(id, 5).at(fees(40, 4));
        refused_plan(lie(same), "");
        let other = EvmDraft::cancelling(6).at(fees(40, 4));
        refused_plan(lie(other), "or it could be paid twice");
        refused_plan(lie(EvmDraft::cancelling(5)), "no node would take it");
        let mut dear = honest();
        dear.gas = 1_000_000;
        refused_plan(lie(dear), "the approved cap is");
        t.run(honest().planned(cancel, 2));
        t.evm_sent(id);
        t.run(t.confirmed(id));
        let uses = t.replay.facts(t.treasury(), t.now).uses;
        assert!(uses[0].legs.is_empty());
        let fee = Amount::Evm(eth(), U256::from(21_000 * gwei(40)));
        assert_eq!((uses[0].fee, uses[0].state), (fee, UseState::Settled));
    }
}

#[test]
fn a_reverted_payout_is_final_and_costs_its_fee() {
    let mut t = Fixture::evm();
    let id = t.evm_out(usd(), 5);
    t.run(t.reverted(id));
    assert!(t.stage(id).is_final());
    assert_eq!(t.next(), None);
    let uses = t.replay.facts(t.treasury(), t.now).uses;
    assert!(uses[0].legs.is_empty());
    let fee = Amount::Evm(eth(), U256::from(100_000 * gwei(20)));
    assert_eq!((uses[0].fee, uses[0].state), (fee, UseState::Settled));
    let last = sighted("it is not signed, or final");
    assert_eq!(t.refuses(t.confirmed(id)), last);
    assert_eq!(t.refuses(t.reverted(id)), last);
    refused_plan(
        t.refuses(bump(&t, id, 2, 5, fees(40, 4))),
        "the payout is at its end",
    );
    assert!(matches!(
        t.refuses(t.replaced(id)),
        IllegalEntry::Sighting(_)
    ));
    // Its nonce stays taken.
    let next = t.evm_approved(evm_leg(1, usd(), 1_000));
    refused_plan(t.refuses(bump(&t, next, 1, 5, fees(20, 2))), "nonce 5");
    // A reorg undoes it.
    t.run(Act::Reorged(t.sighting(id)));
    t.run(t.confirmed(id));
    assert_eq!(format!("{:?}", t.replayed()), format!("{:?}", t.replay));
}

#[test]
fn nothing_reverts_on_bitcoin_or_before_it_is_signed() {
    let mut btc = Fixture::new();
    let id = btc.out(100_000);
    let cannot = sighted("a transaction of Bitcoin can't revert");
    assert_eq!(btc.refuses(btc.reverted(id)), cannot);
    let mut t = Fixture::evm();
    let id = t.evm_planned(evm_leg(1, eth(), 1_000), 5);
    let none = sighted("it is not signed, or final");
    assert_eq!(t.refuses(t.reverted(id)), none);
    t.started(id);
    assert_eq!(t.refuses(t.reverted(id)), none);
}

#[test]
fn no_version_of_ours_replaces_another() {
    let mut t = Fixture::evm();
    let id = t.evm_out(eth(), 5);
    let first = t.plan_of(id).transaction;
    t.run(bump(&t, id, 2, 5, fees(40, 4)));
    t.evm_sent(id);
    let none = sighted("it names no other transaction");
    let replaced = |by: Vec<u8>| {
        let domain::act::Sighting { plan, txid } = t.sighting(id);
        let by = HexBytes(by);
        Act::Replaced { plan, txid, by }
    };
    let present = t.plan_of(id).transaction.bytes().to_vec();
    for by in [present, first.bytes().to_vec(), vec![0x99; 31]] {
        assert_eq!(t.refuses(replaced(by)), none);
    }
    let strange = replaced(vec![0x99; 32]);
    t.run(strange);
    // Its nonce is spent, by whomever: no other payout takes it.
    let next = t.evm_approved(evm_leg(1, eth(), 1_000));
    refused_plan(t.refuses(bump(&t, next, 1, 5, fees(20, 2))), "nonce 5");
    assert!(t.replay.facts(t.treasury(), t.now).uses.is_empty());
}
