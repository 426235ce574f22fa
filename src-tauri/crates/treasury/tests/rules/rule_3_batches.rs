//! A batch is one decision; each payout of it is a payout: released together, signed one by one, paid once.

use domain::act::{BatchRelease, Scope};
use domain::{Act, Batch, EntryId, PlansHash, ProposalId, Span, Subject};
use treasury::{Decision, IllegalEntry, PayoutStage, SeatRefusal, Step, order_for_seat};

use crate::fixture::*;

/// Three payouts of tokens, approved by Bob and Carol.
fn batch(t: &mut Fixture) -> (ProposalId, Vec<ProposalId>) {
    let payouts = (1..=3).map(|seed| t.evm_payout(evm_leg(seed, usd(), 1_000)));
    let batch = Batch::new(t.vault, payouts.collect(), note("salaries")).unwrap();
    let id = t.propose(ALICE, Subject::Batch(batch));
    t.approve(id, &[BOB, CAROL]);
    (id, (0..3).map(|place| Batch::item_id(id, place)).collect())
}

fn planned(t: &mut Fixture) -> (ProposalId, Vec<ProposalId>) {
    let (id, items) = batch(t);
    for (item, nonce) in items.iter().zip(5..) {
        assert_eq!(t.next(), Some(Step::Plan(*item)), "in the batch's order");
        t.run(t.evm_draft(*item, nonce).planned(*item, 1));
    }
    (id, items)
}

fn release(t: &Fixture, batch: ProposalId, plans: &[EntryId]) -> Act {
    Act::BatchReleased(BatchRelease {
        batch,
        plans: PlansHash::of(plans.iter().copied()),
        seat: HARDWARE,
        expires: t.now.plus(MINUTE),
    })
}

fn plans(t: &Fixture, items: &[ProposalId]) -> Vec<EntryId> {
    items.iter().map(|item| t.plan_of(*item).entry).collect()
}

fn sign(t: &mut Fixture, item: ProposalId) {
    let act = t.start_act(item);
    let Act::SigningStarted(run) = &act else {
        panic!("{act:?}");
    };
    let session = run.session;
    t.run(act);
    t.run(t.evm_signed_act(item, session));
}

#[test]
fn one_release_opens_a_seat_for_all_and_each_is_signed_in_order() {
    let mut t = Fixture::evm();
    let (id, items) = planned(&mut t);
    // Without a release the hardware seat signs nothing.
    let early = t.start_act(items[0]);
    assert!(matches!(t.refuses(early), IllegalEntry::Signing(_)));
    let act = release(&t, id, &plans(&t, &items));
    t.by(ALICE, act);
    for item in &items {
        assert!(matches!(t.next(), Some(Step::Sign(next, _)) if next == *item));
        sign(&mut t, *item);
        t.run(t.broadcast(*item));
    }
    assert!(matches!(t.decision(id), Decision::Enacted(_)));
    assert_eq!(format!("{:?}", t.replayed()), format!("{:?}", t.replay));
}

#[test]
fn a_release_names_the_plans_that_wait_and_no_others() {
    let mut t = Fixture::evm();
    let (id, items) = planned(&mut t);
    let all = plans(&t, &items);
    let mut turned = all.clone();
    turned.reverse();
    for other in [&all[..2], &turned[..], &[]] {
        let refused = t.refuses_by(ALICE, release(&t, id, other));
        assert!(matches!(refused, IllegalEntry::Release(_)), "{refused:?}");
    }
    // Carol's key opens no hardware seat, and a machine releases nothing.
    let refused = t.refuses_by(CAROL, release(&t, id, &all));
    assert!(matches!(refused, IllegalEntry::Release(_)), "{refused:?}");
    let refused = t.refuses(release(&t, id, &all));
    assert!(matches!(refused, IllegalEntry::WrongAuthor { .. }));
    // A plan made anew is released anew.
    let act = release(&t, id, &all);
    t.by(ALICE, act);
    t.run(t.evm_draft(items[0], 9).planned(items[0], 2));
    let stale = t.start_act(items[0]);
    assert!(matches!(t.refuses(stale), IllegalEntry::Signing(_)));
}

#[test]
fn no_payout_of_a_batch_is_decided_alone() {
    let mut t = Fixture::evm();
    let (id, items) = batch(&mut t);
    for act in [t.approval(items[1]), declined(items[1])] {
        let refused = t.refuses_by(CAROL, act);
        assert!(matches!(refused, IllegalEntry::Proposal(_)), "{refused:?}");
    }
    let refused = t.refuses(lapsed(items[1]));
    assert!(matches!(refused, IllegalEntry::Proposal(_)), "{refused:?}");
    t.by(CAROL, declined(id));
    for item in items {
        assert!(matches!(t.decision(item), Decision::Declined { .. }));
        let plan = t.evm_draft(item, 5).planned(item, 1);
        assert!(matches!(t.refuses(plan), IllegalEntry::NotOpen(_)));
    }
}

#[test]
fn what_voids_a_batchs_approvals_releases_what_was_planned_on_them() {
    for voids in [suspension(BOB), policy(&format!("{POLICY}\n"))] {
        let mut t = Fixture::evm();
        let (id, items) = planned(&mut t);
        let act = release(&t, id, &plans(&t, &items));
        t.by(ALICE, act);
        sign(&mut t, items[0]);
        t.enacted_by(&[ALICE, CAROL], voids);
        // What has begun goes on, the rest waits for approvals and is planned anew.
        assert!(matches!(t.stage(items[0]), PayoutStage::Signed { .. }));
        assert!(t.is_open(items[1]) && t.is_open(items[2]));
        assert_eq!(t.next(), Some(Step::Broadcast(items[0])));
    }
}

#[test]
fn rule_7_a_freeze_of_a_batch_or_of_one_payout_holds_it() {
    for whole in [true, false] {
        let of = |(id, items): &(ProposalId, Vec<ProposalId>)| if whole { *id } else { items[0] };
        let mut t = Fixture::evm();
        let unplanned = batch(&mut t);
        t.frozen(CAROL, Scope::Payout(of(&unplanned)));
        let plan = t.evm_draft(unplanned.1[0], 5).planned(unplanned.1[0], 1);
        assert_eq!(t.refuses(plan), IllegalEntry::Frozen);
        assert_eq!(t.next(), None);

        let mut t = Fixture::evm();
        let (id, items) = planned(&mut t);
        let frozen = of(&(id, items.clone()));
        t.frozen(CAROL, Scope::Payout(frozen));
        assert_eq!(
            t.refuses_by(ALICE, release(&t, id, &plans(&t, &items))),
            IllegalEntry::Frozen
        );
        assert_eq!(t.next(), None);
    }
}

#[test]
fn rule_2_a_seat_signs_the_one_payout_and_its_own_place() {
    let mut t = Fixture::evm();
    let (id, items) = planned(&mut t);
    let act = release(&t, id, &plans(&t, &items));
    t.by(ALICE, act);
    let run = t.signing(items[0], &[DEVICE, HARDWARE]);
    t.run(Act::SigningStarted(run.clone()));
    let order = order_for_seat(&t.replay, run.session, DEVICE, t.now).unwrap();
    assert_eq!(order.proposal(), items[0]);
    let paid = order.evm_effects().unwrap().leg().unwrap().clone();
    assert_eq!(paid, evm_leg(1, usd(), 1_000));
    // The neighbour's payment under this payout's name is refused by the fold.
    let lie = t.evm_draft(items[2], 6).planned(items[1], 2);
    assert!(matches!(t.refuses(lie), IllegalEntry::Plan(_)));
    let late = t.now.plus(MINUTE).plus(MINUTE);
    let refused = order_for_seat(&t.replay, run.session, DEVICE, late).unwrap_err();
    assert_eq!(refused, SeatRefusal::ReleaseEnded(HARDWARE));
}

#[test]
fn a_start_that_is_dated_back_does_not_lean_on_one_that_began_in_time() {
    let mut t = Fixture::evm();
    let (id, items) = planned(&mut t);
    let act = release(&t, id, &plans(&t, &items));
    t.by(ALICE, act);
    sign(&mut t, items[0]);
    // Written as of now, while the approvals last; seen by this seat two days later.
    t.late = days(2);
    let first = t.started_released(items[1]);
    t.late = Span::ZERO;
    t.run(aborted(first, &[]));
    t.wait(days(2));
    let second = t.retried(items[1]);
    let refused = order_for_seat(&t.replay, second, DEVICE, t.now).unwrap_err();
    assert!(
        matches!(refused, SeatRefusal::NotAuthorised(_)),
        "{refused}"
    );
}
