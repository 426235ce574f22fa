//! Rule 3: which version of a payout the chain takes, and what a reorg undoes.

use domain::act::Confirmation;
use domain::roster::HexBytes;
use domain::{Act, EntryId, ProposalId};
use treasury::{IllegalEntry, PayoutStage};

use crate::fixture::*;

#[track_caller]
fn refused_plan(illegal: IllegalEntry, because: &str) {
    match illegal {
        IllegalEntry::Plan(why) if why.contains(because) => {}
        other => panic!("{other:?}"),
    }
}

fn sighted(why: &str) -> IllegalEntry {
    IllegalEntry::Sighting(why.to_owned())
}

const EARLIER: &str = "it is about an earlier version";
const NO_REPLACEMENT: &str = "no node would take it in its place";

/// Two versions of one payout, both signed and out.
struct Two {
    t: Fixture,
    id: ProposalId,
    first: Version,
    second: Version,
}

/// What the chain is told of a version.
#[derive(Clone)]
struct Version {
    plan: EntryId,
    txid: HexBytes,
}

impl Version {
    fn sighting(&self) -> domain::act::Sighting {
        domain::act::Sighting {
            plan: self.plan,
            txid: self.txid.clone(),
        }
    }

    fn confirmed(&self) -> Act {
        Act::Confirmed(Confirmation {
            plan: self.plan,
            txid: self.txid.clone(),
            block: HexBytes(vec![0xb1; 32]),
            height: 800_000,
        })
    }

    fn reorged(&self) -> Act {
        Act::Reorged(self.sighting())
    }
}

fn present(t: &Fixture, id: ProposalId) -> Version {
    let domain::act::Sighting { plan, txid } = t.sighting(id);
    Version { plan, txid }
}

fn two() -> Two {
    let mut t = Fixture::new();
    let id = t.out(100_000);
    let first = present(&t, id);
    t.bumped(id, 2, &[coin(1)], 2_000);
    t.run(t.broadcast(id));
    let second = present(&t, id);
    Two {
        t,
        id,
        first,
        second,
    }
}

#[test]
fn either_version_may_confirm_and_then_the_other_cannot() {
    for first_wins in [true, false] {
        let Two {
            mut t,
            id,
            first,
            second,
        } = two();
        let (winner, loser) = if first_wins {
            (first, second)
        } else {
            (second, first)
        };
        t.run(winner.confirmed());
        let PayoutStage::Confirmed { plan, .. } = t.stage(id) else {
            panic!("it is final");
        };
        assert_eq!(plan.entry, winner.plan);
        let last = "it is not signed, or final";
        assert_eq!(t.refuses(loser.confirmed()), sighted(last));
        assert_eq!(t.refuses(loser.reorged()), sighted(EARLIER));
        refused_plan(
            t.refuses(t.version(id, 3, &[coin(1)], 3_000)),
            "the payout is at its end",
        );
        // A reorg brings it back, and then the other may be the one.
        t.run(winner.reorged());
        assert!(matches!(t.stage(id), PayoutStage::Signed { .. }));
        t.run(loser.confirmed());
        assert_eq!(t.plan_of(id).entry, loser.plan);
        assert_eq!(t.refuses(winner.confirmed()), sighted(last));
        t.run(loser.reorged());
        t.run(winner.confirmed());
        assert_eq!(format!("{:?}", t.replayed()), format!("{:?}", t.replay));
    }
}

#[test]
fn after_a_reorg_a_further_version_outbids_both() {
    let Two {
        mut t, id, first, ..
    } = two();
    t.run(first.confirmed());
    t.run(first.reorged());
    let plan = t.version(id, 3, &[coin(1)], 2_000);
    refused_plan(t.refuses(plan), NO_REPLACEMENT);
    refused_plan(
        t.refuses(t.version(id, 2, &[coin(1)], 3_000)),
        "version 3 comes next",
    );
    t.bumped(id, 3, &[coin(1)], 2_001);
}

#[test]
fn a_version_confirms_only_under_its_own_id() {
    let Two {
        t, first, second, ..
    } = two();
    let other = sighted("it is another transaction");
    for (plan, txid) in [(&first, &second), (&second, &first)] {
        let mixed = Version {
            plan: plan.plan,
            txid: txid.txid.clone(),
        };
        assert_eq!(t.refuses(mixed.confirmed()), other);
    }
}

#[test]
fn the_chain_is_told_of_the_present_version_only() {
    let Two {
        t,
        id,
        first,
        second,
        ..
    } = two();
    let sighting = first.sighting();
    for act in [
        Act::Dropped(sighting.clone()),
        Act::Broadcast(sighting.clone()),
        Act::Reorged(sighting.clone()),
        Act::Replaced {
            plan: first.plan,
            txid: first.txid.clone(),
            by: HexBytes(vec![0x99; 32]),
        },
    ] {
        assert_eq!(t.refuses(act), sighted(EARLIER));
    }
    // One of our own versions replaces nothing: the payout would be given up although it is paid.
    let none = sighted("it names no other transaction");
    for by in [&first, &second] {
        let replaced = Act::Replaced {
            plan: second.plan,
            txid: second.txid.clone(),
            by: by.txid.clone(),
        };
        assert_eq!(t.refuses(replaced), none);
    }
    let mut t = t;
    t.run(t.replaced(id));
    assert_eq!(t.treasury().reserved_outpoints(None).len(), 0);
    for version in [first, second] {
        assert_eq!(
            t.refuses(version.confirmed()),
            sighted("it is not signed, or final")
        );
    }
}

#[test]
fn the_earlier_version_waits_for_a_running_session_to_end() {
    let mut t = Fixture::new();
    let id = t.out(100_000);
    let first = present(&t, id);
    t.run(t.version(id, 2, &[coin(1)], 2_000));
    let mut planned = t.clone();
    let session = t.started(id);
    let running = sighted("a later version is being signed");
    assert_eq!(t.refuses(first.confirmed()), running);
    refused_plan(
        t.refuses(t.version(id, 3, &[coin(1)], 3_000)),
        "the version before is being signed",
    );
    let mut signed = t.clone();
    signed.run(signed.signed_act(id, session));
    t.run(aborted(session, &[]));
    for (t, kept) in [(&mut planned, 0), (&mut t, 1), (&mut signed, 1)] {
        t.run(first.confirmed());
        assert_eq!(t.plan_of(id).entry, first.plan);
        assert_eq!(t.treasury().proposals[&id].earlier.len(), kept);
        assert_eq!(t.next(), None);
    }
    // An aborted version was never signed: it can't confirm after a reorg.
    t.run(first.reorged());
    let aborted = t.treasury().proposals[&id].earlier[0].plan.clone();
    let never = Version {
        plan: aborted.entry,
        txid: HexBytes(aborted.transaction.bytes().to_vec()),
    };
    assert_eq!(
        t.refuses(never.confirmed()),
        sighted("it is not signed, or final")
    );
    // But its bytes may have been signed in secret: the next one outbids it too.
    let plan = t.version(id, 3, &[coin(1)], 2_000);
    refused_plan(t.refuses(plan), NO_REPLACEMENT);
}

#[test]
fn a_reorg_frees_and_takes_back_what_another_version_spends() {
    let mut t = Fixture::new();
    let id = t.out(100_000);
    let first = present(&t, id);
    t.bumped(id, 2, &[coin(1), coin(2)], 2_000);
    let held = |t: &Fixture| t.treasury().reserved_outpoints(None);
    assert_eq!(held(&t).len(), 2);
    t.run(first.confirmed());
    assert_eq!(held(&t), [coin(1).outpoint()].into());
    t.run(first.reorged());
    assert_eq!(held(&t).len(), 2);
}
