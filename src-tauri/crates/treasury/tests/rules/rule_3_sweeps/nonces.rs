//! Each account counts its own nonces. Within one they are taken in order, without a gap.

use domain::act::Scope;
use domain::{Act, ProposalId};
use treasury::{IllegalEntry, Step};

use super::{refused_plan, signs};
use crate::fixture::*;

fn last(t: &Fixture, account: u32) -> Option<u64> {
    t.treasury().last_nonce(whole_key(1).account(account))
}

#[test]
fn accounts_count_their_nonces_apart() {
    let mut t = Fixture::evm();
    let accounts = [1, 2, 3];
    let (_, items) = t.sweep_approved(&accounts.map(|from| collects(from, eth(), 7)));
    for (item, nonce) in items.iter().zip([9, 0, 5]) {
        t.run(t.transfer_plan(*item, 1, nonce));
    }
    let main = t.evm_planned(evm_leg(1, eth(), 7), 7);
    // In whichever order they are begun.
    for item in [items[1], main, items[2], items[0]] {
        t.evm_sent(item);
    }
    let all = [0, 1, 2, 3].map(|account| last(&t, account));
    assert_eq!(all, [Some(7), Some(9), Some(0), Some(5)]);
    assert_eq!(t.treasury().accounts_used(t.vault), (0..4).collect());
}

#[test]
fn of_two_sweeps_that_race_for_a_nonce_the_first_start_takes_it() {
    let mut t = Fixture::evm();
    let (one, first) = t.sweep_approved(&[collects(1, eth(), 7)]);
    let (two, second) = t.sweep_approved(&[collects(1, usd(), 7)]);
    let (first, second) = (first[0], second[0]);
    assert_eq!(t.goes_on().len(), 2);
    for item in [first, second] {
        assert_eq!(t.plan_of(item).nonce().unwrap().nonce, 0);
    }
    t.released_jointly(two);
    let late = t.start_act(second);
    t.released_jointly(one);
    let session = t.started_released(first);
    let taken = t.refuses(late);
    assert!(
        matches!(&taken, IllegalEntry::Signing(why) if why.contains("signing for nonce 0 has started")),
        "{taken}"
    );
    // Nor once it is aborted: somebody may hold its signature.
    t.run(aborted(session, &[]));
    refused_plan(t.refuses(t.transfer_plan(second, 2, 0)), "nonce 0");
    let session = t.retried(first);
    t.run(t.evm_signed_act(first, session));
    t.run(t.broadcast(first));
    assert_eq!(t.next(), Some(Step::Plan(second)));
    t.goes_on();
    t.released_jointly(two);
    t.goes_on();
    assert_eq!(last(&t, 1), Some(1));
}

#[test]
fn gas_and_a_payout_race_for_the_main_account_s_nonce() {
    let mut t = Fixture::evm();
    let moved = [brings_gas(1), collects(1, usd(), 7)];
    let (id, items) = t.sweep_approved(&moved);
    t.goes_on();
    let payout = t.evm_planned(evm_leg(1, eth(), 7), 0);
    t.evm_sent(payout);
    t.released_jointly(id);
    assert_eq!(t.next(), Some(Step::Plan(items[0])));
    t.goes_on();
    assert_eq!(t.plan_of(items[0]).nonce().unwrap().nonce, 1);
}

/// Two tokens' worth of account 1 at nonces 0 and 1, and ether of account 2.
fn two_of_one_account() -> (Fixture, ProposalId, [ProposalId; 3]) {
    let mut t = Fixture::evm();
    let moved = [
        collects(1, usd(), 7),
        collects(1, eth(), 7),
        collects(2, eth(), 7),
    ];
    let (id, items) = t.sweep_approved(&moved);
    t.goes_on();
    let items: [ProposalId; 3] = items.try_into().unwrap();
    let nonces = items.map(|item| t.plan_of(item).nonce().unwrap().nonce);
    assert_eq!(nonces, [0, 1, 0]);
    (t, id, items)
}

/// A nonce that is left out is never taken any more, and nothing after it confirms.
#[test]
fn of_one_account_none_is_signed_before_the_one_before_it() {
    // Only the later ones are released.
    let (mut t, _, [first, second, other]) = two_of_one_account();
    t.release(ALICE, second, HARDWARE);
    assert_eq!(t.next(), None);
    t.release(ALICE, other, HARDWARE);
    assert_eq!(t.goes_on(), [signs(other), Step::Broadcast(other)]);
    t.release(ALICE, first, HARDWARE);
    assert_eq!(t.next(), Some(signs(first)));

    // The first is frozen.
    let (mut t, _, [first, second, other]) = two_of_one_account();
    for item in [first, second, other] {
        t.release(ALICE, item, HARDWARE);
    }
    let mut held = t.clone();
    held.frozen(CAROL, Scope::Payout(first));
    assert_eq!(held.goes_on(), [signs(other), Step::Broadcast(other)]);

    // The first could not go on in this turn.
    let skipped = t.goes_on_without(&[first]);
    assert_eq!(skipped, [signs(other), Step::Broadcast(other)]);

    // The first began: the nonce is its own, and the next goes on.
    let session = t.started_released(first);
    t.run(aborted(session, &[]));
    assert_eq!(t.goes_on(), [signs(second), Step::Broadcast(second)]);
    t.release(BOB, first, HARDWARE);
    let Some(Step::SignAgain(again, _)) = t.next() else {
        panic!("the first is signed after all");
    };
    assert_eq!(again, first);
}

#[test]
fn one_that_lost_its_nonce_is_planned_anew_with_those_after_it() {
    let (mut t, id, [first, second, _]) = two_of_one_account();
    let (other, items) = t.sweep_approved(&[collects(1, eth(), 9)]);
    t.goes_on();
    t.released_jointly(other);
    t.goes_on();
    assert_eq!(last(&t, 1), Some(0));
    t.run(t.confirmed(items[0]));
    assert_eq!(t.plan_of(first).nonce().unwrap().nonce, 1);
    t.released_jointly(id);
    t.goes_on();
    t.released_jointly(id);
    let done = t.goes_on();
    assert_eq!(done, [signs(second), Step::Broadcast(second)]);
    assert_eq!(last(&t, 1), Some(2));
    assert!(matches!(
        t.refuses(Act::Enacted { proposal: id }),
        IllegalEntry::NotOpen(_)
    ));
}
