//! Rule 3: what a payout reserves, what gives it back, and what never does.

use domain::act::Confirmation;
use domain::roster::HexBytes;
use domain::{Act, Subject};
use treasury::{Decision, IllegalEntry};

use crate::fixture::*;

/// 600,000 of the 1,000,000 satoshi that may go out in a day: two of them are too much.
const MOST: u64 = 600_000;

#[track_caller]
fn over_the_limit(illegal: &IllegalEntry) {
    match illegal {
        IllegalEntry::Policy(why) if why.contains("over limit `A day's spending`") => {}
        other => panic!("{other:?}"),
    }
}

fn reserved(t: &Fixture, number: u8) -> bool {
    t.treasury()
        .reserved_outpoints(None)
        .contains(&coin(number).outpoint())
}

#[test]
fn reserved_inputs_serve_no_other_payout() {
    let mut t = Fixture::new();
    let first = t.planned(100_000, 1);
    let second = t.approved(100_000);
    let taken = IllegalEntry::Plan(format!(
        "{} is reserved for another payout",
        coin(1).outpoint()
    ));
    let refused = |t: &Fixture| {
        assert_eq!(t.refuses(t.plan_act(second, 1)), taken);
        let beside = planned(t.honest_plan(second, 1, &[coin(2), coin(1)]));
        assert_eq!(t.refuses(beside), taken);
    };
    refused(&t);
    let session = t.started(first);
    refused(&t);
    t.run(aborted(session, &[]));
    refused(&t);
    let session = t.retried(first);
    t.run(t.signed_act(first, session));
    refused(&t);
    t.run(t.broadcast(first));
    refused(&t);
    t.run(t.confirmed(first));
    refused(&t);
    t.run(t.plan_act(second, 2));
}

#[test]
fn two_payouts_that_break_a_limit_together_are_not_planned_side_by_side() {
    let mut t = Fixture::new();
    let first = t.approved(MOST);
    // Asked for three days, since it has to wait.
    let payout = Subject::Payout(t.payout(vec![leg(1, MOST)]));
    let lasting = t.proposal(payout, days(3));
    let second = t.proposed(ALICE, lasting);
    for who in [BOB, CAROL] {
        t.by(who, t.approval_for(second, days(3)));
    }
    t.run(t.plan_act(first, 1));
    over_the_limit(&t.refuses(t.plan_act(second, 2)));
    let session = t.started(first);
    t.run(t.signed_act(first, session));
    t.run(t.broadcast(first));
    // Reserved counts however old it is.
    t.wait(HOUR);
    t.run(t.confirmed(first));
    let settled = t.entries.last().unwrap().body.body().time;
    t.now = settled.plus(DAY).minus(MILLI);
    over_the_limit(&t.refuses(t.plan_act(second, 2)));
    t.now = settled.plus(DAY);
    t.run(t.plan_act(second, 2));
}

#[test]
fn what_is_reserved_counts_however_old_it_is() {
    let mut t = Fixture::new();
    let first = t.planned(MOST, 1);
    let session = t.started(first);
    t.run(aborted(session, &[]));
    t.wait(days(8));
    let second = t.approved(MOST);
    over_the_limit(&t.refuses(t.plan_act(second, 2)));
}

#[test]
fn a_limit_that_is_broken_after_the_plan_stops_the_start() {
    let mut t = Fixture::new();
    let first = t.planned(MOST, 1);
    // The new policy halves the day; the approvals are void and given again.
    let tight = POLICY.replace("0.01 BTC", "0.005 BTC");
    t.enacted(policy(&tight));
    t.approve(first, &[BOB, CAROL]);
    over_the_limit(&t.refuses(t.plan_act(first, 1)));
}

#[test]
fn a_settled_payout_counts_its_fee_and_not_its_cap() {
    let mut t = Fixture::new();
    // 988,000 and the cap of 10,000 stay below the limit of 1,000,000; a payout of 546 with its cap
    // fits beside the fee of 1,000, and not beside the cap.
    let first = t.planned(988_000, 1);
    let small = t.approved(546);
    over_the_limit(&t.refuses(t.plan_act(small, 2)));
    let session = t.started(first);
    t.run(t.signed_act(first, session));
    t.run(t.broadcast(first));
    over_the_limit(&t.refuses(t.plan_act(small, 2)));
    t.run(t.confirmed(first));
    t.run(t.plan_act(small, 2));
    // Exactly: 988,000 + 1,000 + 546 + 10,000 leave 454.
    let mut t = Fixture::new();
    t.settled(988_000, 1);
    let exact = t.approved(1_000);
    t.run(t.plan_act(exact, 2));
    let mut t = Fixture::new();
    t.settled(988_000, 1);
    let over = t.approved(1_001);
    over_the_limit(&t.refuses(t.plan_act(over, 2)));
}

#[test]
fn a_decline_before_the_start_releases_all() {
    let mut t = Fixture::new();
    let first = t.planned(MOST, 1);
    assert!(reserved(&t, 1));
    t.by(BOB, declined(first));
    assert!(matches!(t.decision(first), Decision::Declined { by, .. } if *by == BOB.id()));
    assert!(!reserved(&t, 1));
    let second = t.approved(MOST);
    t.run(t.plan_act(second, 1));
    // What was declined is dead.
    t.release(ALICE, second, HARDWARE);
    let dead = IllegalEntry::NotOpen(first);
    assert_eq!(
        t.refuses(planned(t.honest_plan(first, 1, &[coin(3)]))),
        dead
    );
    assert_eq!(t.refuses_by(CAROL, t.approval(first)), dead);
    assert_eq!(t.refuses_by(BOB, declined(first)), dead);
    assert_eq!(t.refuses(lapsed(first)), dead);
}

#[test]
fn a_lapse_before_the_start_releases_all() {
    let mut t = Fixture::new();
    let first = t.planned(MOST, 1);
    let early = IllegalEntry::Proposal("its time has not passed".to_owned());
    assert_eq!(t.refuses(lapsed(first)), early);
    t.wait(DAY);
    t.run(lapsed(first));
    assert!(matches!(t.decision(first), Decision::Lapsed));
    assert!(!reserved(&t, 1));
    let second = t.approved(MOST);
    t.run(t.plan_act(second, 1));
}

#[test]
fn a_payout_past_its_lane_s_time_lapses_and_releases_all() {
    let mut t = Fixture::new();
    let payout = Subject::Payout(t.payout(vec![leg(1, MOST)]));
    let proposal = t.proposal(payout, days(31));
    let first = t.proposed(ALICE, proposal);
    t.approve(first, &[BOB, CAROL]);
    t.run(t.plan_act(first, 1));
    // The lane gives it 48 hours, its proposer would have given it a month.
    let early = IllegalEntry::Proposal("its time has not passed".to_owned());
    assert_eq!(t.refuses(lapsed(first)), early);
    t.wait(days(2));
    assert_eq!(t.next(), Some(treasury::Step::Lapse(first)));
    t.run(lapsed(first));
    assert!(!reserved(&t, 1));
}

#[test]
fn a_new_plan_releases_what_the_old_one_held() {
    let mut t = Fixture::new();
    let first = t.planned(MOST, 1);
    t.run(planned(t.honest_plan(first, 2, &[coin(2)])));
    assert!(!reserved(&t, 1) && reserved(&t, 2));
    // Its own reservation never stands in its way.
    t.run(planned(t.honest_plan(first, 3, &[coin(2), coin(3)])));
    let second = t.approved(100_000);
    t.run(t.plan_act(second, 1));
}

#[test]
fn an_adopted_policy_voids_approvals_and_releases_all() {
    let mut t = Fixture::new();
    let first = t.planned(MOST, 1);
    let adoption = t.propose(ALICE, policy(POLICY));
    t.approve(adoption, &[ALICE, BOB]);
    t.run(Act::Enacted { proposal: adoption });
    assert!(t.is_open(first) && !reserved(&t, 1));
    assert!(t.treasury().proposals[&first].approvals.is_empty());
    let second = t.approved(MOST);
    t.run(t.plan_act(second, 1));
    // Approved again, the first has to fit beside the second.
    t.approve(first, &[BOB, CAROL]);
    over_the_limit(&t.refuses(t.plan_act(first, 2)));
}

#[test]
fn a_suspension_voids_approvals_and_releases_all() {
    let mut t = Fixture::new();
    let by_carol = t.planned(100_000, 1);
    let other = t.asked(100_000);
    t.enacted(suspension(CAROL));
    assert!(t.is_open(by_carol) && !reserved(&t, 1));
    assert_eq!(t.treasury().proposals[&by_carol].approvals.len(), 1);
    assert!(t.is_open(other));
}

#[test]
fn a_plan_is_released_with_its_suspended_initiator() {
    let mut t = Fixture::new();
    let payout = Subject::Payout(t.payout(vec![leg(1, MOST)]));
    let id = t.propose(CAROL, payout);
    t.approve(id, &[ALICE, BOB]);
    t.run(t.plan_act(id, 1));
    t.enacted(suspension(CAROL));
    assert!(t.is_open(id) && !reserved(&t, 1));
    assert!(matches!(
        t.refuses(t.plan_act(id, 1)),
        IllegalEntry::Policy(_)
    ));
}

#[test]
fn after_the_start_nothing_is_released_by_people() {
    let mut t = Fixture::new();
    let id = t.planned(MOST, 1);
    let session = t.started(id);
    let closed = IllegalEntry::NotOpen(id);
    let stays = |t: &Fixture| {
        assert_eq!(t.refuses_by(BOB, declined(id)), closed);
        assert_eq!(t.refuses_by(BOB, t.approval(id)), closed);
        assert!(reserved(t, 1));
    };
    stays(&t);
    t.run(aborted(session, &[]));
    stays(&t);
    t.wait(DAY);
    assert_eq!(t.refuses(lapsed(id)), closed);
    t.enacted(policy(POLICY));
    t.enacted(suspension(CAROL));
    stays(&t);
    let other = t.propose(ALICE, Subject::Payout(t.payout(vec![leg(2, MOST)])));
    t.approve(other, &[BOB]);
    // Carol is gone, so the lane asks for one who is not there; the limit is full as well.
    over_the_limit(&t.refuses(t.plan_act(other, 2)));
}

#[test]
fn only_a_foreign_spend_of_the_anchor_gives_back_what_was_started() {
    let mut t = Fixture::new();
    let first = t.planned(MOST, 1);
    let none = IllegalEntry::Sighting("nothing of it can be on the chain".to_owned());
    assert_eq!(t.refuses(t.replaced(first)), none);
    t.started(first);
    t.run(t.replaced(first));
    assert!(!reserved(&t, 1));
    let second = t.approved(MOST);
    t.run(t.plan_act(second, 2));
    // It is at its end.
    assert_eq!(t.refuses(t.replaced(first)), none);
    let never = IllegalEntry::Sighting("it is not signed, or final".to_owned());
    assert_eq!(t.refuses(t.broadcast(first)), never);
    assert_eq!(t.refuses(t.confirmed(first)), never);
}

#[test]
fn its_own_transaction_replaces_nothing() {
    let mut t = Fixture::new();
    let id = t.signed(MOST, 1);
    let Act::Replaced { plan, txid, by } = t.replaced(id) else {
        panic!("a replacement");
    };
    let named = |txid: &HexBytes, by: &HexBytes| Act::Replaced {
        plan,
        txid: txid.clone(),
        by: by.clone(),
    };
    let none = IllegalEntry::Sighting("it names no other transaction".to_owned());
    assert_eq!(t.refuses(named(&txid, &txid)), none);
    assert_eq!(t.refuses(named(&txid, &HexBytes(vec![1; 31]))), none);
    let other = IllegalEntry::Sighting("it is another transaction".to_owned());
    assert_eq!(t.refuses(named(&by, &by)), other);
}

#[test]
fn a_final_payment_is_not_replaced_before_its_block_is_gone() {
    let mut t = Fixture::new();
    let id = t.settled(MOST, 1);
    let last =
        IllegalEntry::Sighting("it is confirmed: its block must leave the chain first".to_owned());
    assert_eq!(t.refuses(t.replaced(id)), last);
    t.run(Act::Reorged(t.sighting(id)));
    t.run(t.replaced(id));
    assert!(!reserved(&t, 1));
}

#[test]
fn a_reorg_opens_a_settled_payout_again() {
    let mut t = Fixture::new();
    let first = t.settled(MOST, 1);
    t.wait(DAY);
    // Settled a day ago: its use has left the window, and comes back with the reorg.
    let second = t.approved(MOST);
    t.run(Act::Reorged(t.sighting(first)));
    over_the_limit(&t.refuses(t.plan_act(second, 2)));
    assert!(reserved(&t, 1));
    let Act::Confirmed(place) = t.confirmed(first) else {
        panic!("a confirmation");
    };
    // Another block, and only now does its day begin.
    t.run(Act::Confirmed(Confirmation {
        block: HexBytes(vec![0xb2; 32]),
        ..place
    }));
    over_the_limit(&t.refuses(t.plan_act(second, 2)));
}
