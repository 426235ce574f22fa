//! A transfer of a sweep is bumped and cancelled like a payout, on its own account's nonce.

use domain::act::Scope;
use domain::{Act, Amount, ProposalId, U256};
use plans::EvmFees;
use policy::UseState;
use treasury::{Decision, IllegalEntry, PayoutStage, SeatRefusal, Step, order_for_seat};

use super::{Case, refused_plan, refused_policy, replays, signs};
use crate::fixture::*;

/// A further version of the ether's transfer, from account 1 at nonce 0.
fn bump(t: &Fixture, id: ProposalId, version: u32, fees: EvmFees) -> Act {
    t.evm_draft(id, 0)
        .at(fees)
        .planned_by(receive(1), id, version)
}

/// The least that replaces 20 gwei with a tip of 2.
fn tenth() -> EvmFees {
    EvmFees {
        max_fee_per_gas: gwei(22),
        max_priority_fee_per_gas: gwei(2) + gwei(1) / 5,
    }
}

#[test]
fn a_bump_takes_the_transfer_s_nonce_and_raises_both_fees_by_a_tenth() {
    let Case {
        mut t, id, ether, ..
    } = Case::out();
    let no = "no node would take it in its place";
    for fees in [
        fees(20, 2),
        fees(40, 2),
        fees(20, 4),
        EvmFees {
            max_fee_per_gas: tenth().max_fee_per_gas - 1,
            ..tenth()
        },
        EvmFees {
            max_priority_fee_per_gas: tenth().max_priority_fee_per_gas - 1,
            ..tenth()
        },
    ] {
        refused_plan(t.refuses(bump(&t, ether, 2, fees)), no);
    }
    let over = bump(&t, ether, 2, fees(101, 4));
    refused_plan(t.refuses(over), "the approved cap is");
    let draft = t.evm_draft(ether, 0).at(fees(40, 4));
    let elsewhere = EvmDraft {
        to: whole_key(1).account(2).as_bytes().to_vec(),
        ..draft.clone()
    };
    let lies = [
        (elsewhere, receive(1), "the transaction goes to"),
        (draft.clone(), receive(0), "the payout from account 1"),
        (
            EvmDraft { nonce: 1, ..draft },
            receive(1),
            "or it could be paid twice",
        ),
    ];
    for (draft, account, because) in lies {
        let plan = draft.planned_by(account, ether, 2);
        refused_plan(t.refuses(plan), because);
    }
    let first = t.confirmed(ether);
    t.run(bump(&t, ether, 2, tenth()));
    assert_eq!(t.next(), None);
    // The whole sweep's release opens the seat for it as well.
    t.released_jointly(id);
    assert_eq!(t.goes_on(), [signs(ether), Step::Broadcast(ether)]);
    t.run(bump(&t, ether, 3, fees(100, 10)));
    t.release(ALICE, ether, HARDWARE);
    t.goes_on();
    let third = t.confirmed(ether);
    for (winner, loser) in [(first.clone(), third.clone()), (third, first)] {
        let mut t = t.clone();
        t.run(winner);
        assert!(matches!(t.refuses(loser), IllegalEntry::Sighting(_)));
        replays(&t);
    }
}

#[test]
fn a_bump_asks_nobody_anew_and_is_held_by_a_freeze() {
    let Case {
        mut t, id, ether, ..
    } = Case::out();
    t.wait(days(2));
    t.run(lapsed(id));
    t.enacted_by(&[BOB, CAROL], policy(&format!("{POLICY}\n# anew")));
    t.enacted_by(&[BOB, CAROL], suspension(ALICE));
    let freeze = t.frozen(CAROL, Scope::Payout(id));
    let plan = bump(&t, ether, 2, tenth());
    assert_eq!(t.refuses(plan.clone()), IllegalEntry::Frozen);
    t.enacted_by(&[BOB, CAROL], thaw(&[freeze]));
    t.run(plan);
    t.release(BOB, ether, HARDWARE);
    let session = t.started_released(ether);
    let order = order_for_seat(&t.replayed(), session, DEVICE, t.now).unwrap();
    assert_eq!((order.proposal(), order.version()), (ether, 2));
    let leg = order.evm_effects().unwrap().leg().unwrap().clone();
    assert_eq!(leg.address.evm(), Some(&evm_account()));
    t.run(t.evm_signed_act(ether, session));
}

fn cancelling(cancel: ProposalId, account: u32, fees: EvmFees) -> Act {
    let draft = EvmDraft::cancelling_by(account, 0).at(fees);
    draft.planned_by(receive(account), cancel, 2)
}

#[test]
fn governance_cancels_one_transfer_and_the_others_go_on() {
    let Case {
        mut t,
        gas,
        ether,
        token,
        ..
    } = Case::out();
    let fee_cap = evm_cap();
    let payout = ether;
    let subject = domain::Subject::Cancel(domain::proposal::Cancel { payout, fee_cap });
    let cancel = t.propose(ALICE, subject);
    t.approve(cancel, &[ALICE]);
    refused_policy(t.refuses(cancelling(cancel, 1, fees(40, 4))), "");
    t.approve(cancel, &[BOB]);
    assert_eq!(t.next(), Some(Step::Plan(cancel)));
    let honest = EvmDraft::cancelling_by(1, 0).at(fees(40, 4));
    let lie = |draft: EvmDraft, account, because: &str| {
        refused_plan(t.refuses(draft.planned_by(account, cancel, 2)), because);
    };
    // Not even the vault's other accounts are paid by it.
    for other in [0, 2] {
        let to = whole_key(1).account(other).as_bytes().to_vec();
        let away = EvmDraft {
            to,
            ..honest.clone()
        };
        lie(away, receive(1), "the transaction goes to");
        let by = EvmDraft::cancelling_by(other, 0).at(fees(40, 4));
        lie(by, receive(other), "or it could be paid twice");
    }
    let value = EvmDraft {
        value: wei(1),
        ..honest.clone()
    };
    lie(value, receive(1), "the transaction moves");
    let nonce = EvmDraft {
        nonce: 1,
        ..honest.clone()
    };
    lie(nonce, receive(1), "or it could be paid twice");
    let payment = t.evm_draft(ether, 0).at(fees(40, 4));
    lie(payment, receive(1), "");
    lie(
        honest.clone().at(fees(20, 2)),
        receive(1),
        "no node would take it",
    );
    let dear = EvmDraft {
        gas: 1_000_000,
        ..honest
    };
    lie(dear, receive(1), "the approved cap is");
    let first = t.confirmed(ether);
    t.run(cancelling(cancel, 1, fees(40, 4)));
    t.release(ALICE, ether, HARDWARE);
    let session = t.started_released(ether);
    let order = order_for_seat(&t.replayed(), session, DEVICE, t.now).unwrap();
    assert_eq!(order.proposal(), cancel);
    let effects = order.evm_effects().unwrap();
    assert_eq!(effects.leg(), None);
    assert_eq!(effects.anchor().account, whole_key(1).account(1));
    t.run(t.evm_signed_act(ether, session));
    t.run(t.broadcast(ether));
    refused_plan(
        t.refuses(bump(&t, ether, 3, fees(80, 8))),
        "governance cancels this payout",
    );
    // The transfer may still be what confirms.
    let mut moved = t.clone();
    moved.run(first);
    assert_eq!(moved.plan_of(ether).cancels, None);
    t.run(t.confirmed(ether));
    let uses = t.replay.facts(t.treasury(), t.now).uses;
    let fee = Amount::Evm(eth(), U256::from(21_000 * gwei(40)));
    let settled = uses.iter().find(|used| used.state == UseState::Settled);
    assert_eq!(settled.unwrap().fee, fee);
    assert!(uses.iter().all(|used| used.legs.is_empty()));
    t.run(t.confirmed(gas));
    assert_eq!(t.goes_on(), [Step::Plan(token)]);
    replays(&t);
}

#[test]
fn gas_that_does_not_come_keeps_its_token_waiting() {
    let ends: [&dyn Fn(&mut Case); 4] = [
        &|case| {
            let cancel = case.t.evm_cancel_approved(case.gas);
            case.t.run(cancelling(cancel, 0, fees(40, 4)));
            case.t.evm_sent(case.gas);
            case.t.run(case.t.confirmed(case.gas));
        },
        &|case| {
            case.t.run(case.t.reverted(case.gas));
        },
        &|case| {
            case.t.run(case.t.replaced(case.gas));
        },
        &|case| {
            case.t.run(Act::Dropped(case.t.sighting(case.gas)));
            case.t.goes_on();
        },
    ];
    for end in ends {
        let mut case = Case::out();
        end(&mut case);
        assert!(case.t.treasury().waits_for_gas(case.token));
        assert_eq!(case.t.next(), None);
        case.t.run(case.t.confirmed(case.ether));
        assert!(case.t.is_open(case.token) && case.t.is_open(case.id));
        case.t.wait(DAY);
        assert_eq!(case.t.next(), Some(Step::Lapse(case.id)));
        case.t.run(lapsed(case.id));
        assert!(matches!(case.t.decision(case.token), Decision::Lapsed));
        assert_eq!(case.t.next(), None);
    }
}

#[test]
fn a_bump_that_confirms_brings_the_gas() {
    let Case {
        mut t, gas, token, ..
    } = Case::out();
    let first = t.confirmed(gas);
    let bump = t.evm_draft(gas, 0).at(fees(40, 4)).planned(gas, 2);
    t.run(bump);
    t.evm_sent(gas);
    let second = t.confirmed(gas);
    for end in [first, second] {
        let mut t = t.clone();
        t.run(end);
        assert_eq!(t.next(), Some(Step::Plan(token)));
    }
}

/// Approvals are of the sweep: what a neighbour's cancel was allowed to do is no ground for a transfer.
#[test]
fn no_transfer_stands_on_what_cancels_its_neighbour() {
    let Case {
        mut t,
        id,
        gas,
        ether,
        ..
    } = Case::planned();
    t.release(ALICE, gas, HARDWARE);
    t.goes_on();
    // The sweep is approved anew, and its gas cancelled, under another policy.
    t.enacted(policy(&format!("{POLICY}\n# anew")));
    let cancel = t.evm_cancel_approved(gas);
    t.run(cancelling(cancel, 0, fees(40, 4)));
    t.evm_sent(gas);
    t.approve(id, &[ALICE, BOB]);
    assert_eq!(t.goes_on(), [Step::Plan(ether)]);
    let session = t.started(ether);
    t.run(aborted(session, &[]));
    t.release(ALICE, ether, HARDWARE);
    assert_eq!(
        t.next(),
        Some(Step::SignAgain(ether, vec![DEVICE, HARDWARE]))
    );
    let session = t.retried(ether);
    let order = order_for_seat(&t.replayed(), session, DEVICE, t.now);
    let order = order.unwrap_or_else(|refused: SeatRefusal| panic!("{refused}"));
    assert_eq!(order.proposal(), ether);
    t.run(t.evm_signed_act(ether, session));
    assert!(matches!(t.stage(ether), PayoutStage::Signed { .. }));
}
