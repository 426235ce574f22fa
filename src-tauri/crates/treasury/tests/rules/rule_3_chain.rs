//! Rule 3: what is seen on the chain, and the same bytes going out again.

use domain::act::{Confirmation, Scope, Sighting};
use domain::roster::HexBytes;
use domain::{Act, ProposalId};
use treasury::{Broadcasting, IllegalEntry, PayoutStage, Step};

use crate::fixture::*;

fn sighted(why: &str) -> IllegalEntry {
    IllegalEntry::Sighting(why.to_owned())
}

#[track_caller]
fn broadcasting(t: &Fixture, id: ProposalId) -> Broadcasting {
    match t.stage(id) {
        PayoutStage::Signed { broadcast, .. } => *broadcast,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_not_signed_is_not_on_the_chain() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    let nothing = |t: &Fixture| {
        let unsigned = sighted("it is not signed, or final");
        assert_eq!(t.refuses(t.broadcast(id)), unsigned);
        assert_eq!(t.refuses(t.confirmed(id)), unsigned);
        let dropped = Act::Dropped(t.sighting(id));
        assert_eq!(t.refuses(dropped), sighted("it was not out"));
        let reorged = Act::Reorged(t.sighting(id));
        assert_eq!(t.refuses(reorged), sighted("it was in no block"));
    };
    nothing(&t);
    let session = t.started(id);
    nothing(&t);
    t.run(aborted(session, &[]));
    nothing(&t);
}

#[test]
fn a_sighting_names_the_plan_s_transaction() {
    let mut t = Fixture::new();
    let id = t.signed(100_000, 1);
    let other = sighted("it is another transaction");
    let wrong = |t: &Fixture| {
        let Sighting { plan, mut txid } = t.sighting(id);
        // As the hash is on the wire, not as people read it.
        txid.0.reverse();
        Sighting { plan, txid }
    };
    assert_eq!(t.refuses(Act::Broadcast(wrong(&t))), other);
    t.run(t.broadcast(id));
    assert_eq!(t.refuses(Act::Dropped(wrong(&t))), other);
    let Sighting { plan, txid } = wrong(&t);
    let place = |txid: HexBytes, block: usize| {
        Act::Confirmed(Confirmation {
            plan,
            txid,
            block: HexBytes(vec![0xb1; block]),
            height: 1,
        })
    };
    assert_eq!(t.refuses(place(txid, 32)), other);
    let right = t.sighting(id).txid;
    assert_eq!(
        t.refuses(place(right, 31)),
        sighted("a block hash has 32 bytes")
    );
    t.run(t.confirmed(id));
    assert_eq!(t.refuses(Act::Reorged(wrong(&t))), other);
}

#[test]
fn only_the_same_bytes_go_out_again() {
    let mut t = Fixture::new();
    let id = t.signed(100_000, 1);
    let PayoutStage::Signed { transaction, .. } = t.stage(id).clone() else {
        panic!("it is signed");
    };
    assert_eq!(broadcasting(&t, id), Broadcasting::NotYet);
    let early = Act::Dropped(t.sighting(id));
    assert_eq!(t.refuses(early), sighted("it was not out"));
    t.run(t.broadcast(id));
    // After a time-out: out again.
    t.run(t.broadcast(id));
    t.run(Act::Dropped(t.sighting(id)));
    assert_eq!(broadcasting(&t, id), Broadcasting::Dropped);
    let twice = Act::Dropped(t.sighting(id));
    assert_eq!(t.refuses(twice), sighted("it was not out"));
    // Dropped is no way to a second transaction on other coins, nor to one that pays no more.
    let elsewhere = planned(t.honest_plan(id, 2, &[coin(2)]));
    assert!(matches!(t.refuses(elsewhere), IllegalEntry::Plan(_)));
    let plan = planned(t.honest_plan(id, 2, &[coin(1)]));
    let too_little = "its fee does not replace version 1: no node would take it in its place";
    let too_little = IllegalEntry::Plan(too_little.to_owned());
    assert_eq!(t.refuses(plan), too_little);
    let start = t.start_act(id);
    assert!(matches!(t.refuses(start), IllegalEntry::Signing(_)));
    let retry = t.retry_act(id);
    assert!(matches!(t.refuses(retry), IllegalEntry::Signing(_)));
    assert_eq!(t.refuses_by(BOB, declined(id)), IllegalEntry::NotOpen(id));
    assert_eq!(t.next(), Some(Step::Broadcast(id)));
    t.run(t.broadcast(id));
    let PayoutStage::Signed {
        transaction: again, ..
    } = t.stage(id)
    else {
        panic!("it is signed");
    };
    assert_eq!(*again, transaction);
    assert_eq!(t.next(), None);
}

#[test]
fn a_dropped_transaction_can_still_confirm() {
    let mut t = Fixture::new();
    let id = t.signed(100_000, 1);
    t.run(t.broadcast(id));
    t.run(Act::Dropped(t.sighting(id)));
    t.run(t.confirmed(id));
    assert!(matches!(t.stage(id), PayoutStage::Confirmed { .. }));
    let again = sighted("it is not signed, or final");
    assert_eq!(t.refuses(t.confirmed(id)), again);
    assert_eq!(t.refuses(t.broadcast(id)), again);
}

#[test]
fn a_crash_between_the_node_and_the_journal_loses_no_confirmation() {
    let mut t = Fixture::new();
    let id = t.signed(100_000, 1);
    // Handed to the node, then killed before `Broadcast` was written.
    t.run(t.confirmed(id));
    assert!(matches!(t.stage(id), PayoutStage::Confirmed { .. }));
}

#[test]
fn a_reorg_makes_it_wait_for_the_chain_again() {
    let mut t = Fixture::new();
    let id = t.settled(100_000, 1);
    t.run(Act::Reorged(t.sighting(id)));
    assert_eq!(broadcasting(&t, id), Broadcasting::Out);
    assert_eq!(t.next(), None);
    t.run(Act::Dropped(t.sighting(id)));
    assert_eq!(t.next(), Some(Step::Broadcast(id)));
    t.run(t.broadcast(id));
    t.run(t.confirmed(id));
    assert!(matches!(t.stage(id), PayoutStage::Confirmed { .. }));
}

#[test]
fn a_reorg_that_never_was_is_no_way_round_a_freeze() {
    let mut t = Fixture::new();
    let id = t.signed(100_000, 1);
    t.frozen(ALICE, Scope::Treasury);
    assert_eq!(t.refuses(t.broadcast(id)), IllegalEntry::Frozen);
    // Claimed as reorged it would count as out, and out of the freeze's reach.
    let reorged = Act::Reorged(t.sighting(id));
    assert_eq!(t.refuses(reorged), sighted("it was in no block"));
    assert_eq!(t.next(), None);
}

#[test]
fn what_was_never_signed_is_not_ours_on_the_chain() {
    // The watch freezes a vault when a transaction spends its coins that the journal did not sign.
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    let txid = t.plan_of(id).transaction;
    let ours = |t: &Fixture| t.treasury().signed_transactions().contains(&txid);
    assert!(!ours(&t));
    let session = t.started(id);
    assert!(!ours(&t));
    let mut unsigned = t.clone();
    unsigned.run(unsigned.replaced(id));
    assert!(!ours(&unsigned));
    t.run(t.signed_act(id, session));
    assert!(ours(&t));
    let mut spent = t.clone();
    spent.run(spent.replaced(id));
    assert!(ours(&spent));
    t.run(t.broadcast(id));
    t.run(t.confirmed(id));
    assert!(ours(&t));
}
