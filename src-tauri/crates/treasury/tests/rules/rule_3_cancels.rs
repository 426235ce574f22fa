//! Rule 3: a cancel spends the anchor of a payout and pays the vault itself. It is a governance act.

use domain::act::Scope;
use domain::{Act, ProposalId, Subject};
use plans::PlanMismatch;
use policy::UseState;
use treasury::{Decision, IllegalEntry, PayoutStage, Step};

use crate::fixture::*;

#[track_caller]
fn refused_plan(illegal: IllegalEntry, because: &str) {
    match illegal {
        IllegalEntry::Plan(why) if why.contains(because) => {}
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused_policy(illegal: IllegalEntry) {
    assert!(matches!(illegal, IllegalEntry::Policy(_)), "{illegal:?}");
}

#[track_caller]
fn not_proposed(t: &Fixture, subject: Subject, because: &str) {
    let act = Act::Proposed(Box::new(t.clone().proposal(subject, DAY)));
    let refused = t.refuses_by(ALICE, act);
    assert!(
        matches!(&refused, IllegalEntry::Proposal(why) if why.contains(because)),
        "{refused}"
    );
}

/// A payout out on coin 1, and an approved cancel of it.
fn case() -> (Fixture, ProposalId, ProposalId) {
    let mut t = Fixture::new();
    let id = t.out(100_000);
    let cancel = t.cancel_approved(id, 5_000);
    (t, id, cancel)
}

#[test]
fn a_cancel_goes_all_the_way_and_ends_the_payout() {
    let (mut t, id, cancel) = case();
    let first = t.confirmed(id);
    assert_eq!(t.next(), Some(Step::Plan(cancel)));
    t.run(t.cancel_act(cancel, 2, 2_000));
    assert_eq!(t.plan_of(id).cancels, Some(cancel));
    assert_eq!(t.next(), None);
    t.release(ALICE, id, HARDWARE);
    assert_eq!(t.next(), Some(Step::Sign(id, vec![DEVICE, HARDWARE])));
    t.sign_present(id);
    assert!(matches!(t.decision(cancel), Decision::Enacted(_)));
    assert_eq!(t.next(), Some(Step::Broadcast(id)));
    t.run(t.broadcast(id));
    // The payment may still be the one that confirms.
    let mut paid = t.clone();
    paid.run(first.clone());
    assert_eq!(paid.plan_of(id).cancels, None);
    t.run(t.confirmed(id));
    assert!(matches!(t.stage(id), PayoutStage::Confirmed { .. }));
    assert!(t.stage(id).is_final());
    let last = "it is not signed, or final";
    let last = IllegalEntry::Sighting(last.to_owned());
    assert_eq!(t.refuses(first), last);
    assert_eq!(t.next(), None);
    // Nothing was paid: of the limits it uses its fee.
    let uses = t.replay.facts(t.treasury(), t.now).uses;
    assert_eq!(uses.len(), 1);
    assert!(uses[0].legs.is_empty());
    assert_eq!(uses[0].fee, domain::Amount::Btc(sats(2_000)));
    assert_eq!(uses[0].state, UseState::Settled);
    not_proposed(
        &t,
        t.cancel_of(id, 5_000),
        "only what is signed or being signed can be cancelled",
    );
    assert_eq!(format!("{:?}", t.replayed()), format!("{:?}", t.replay));
}

#[test]
fn a_cancel_needs_the_governance_quorum() {
    let mut t = Fixture::new();
    let id = t.out(100_000);
    let cancel = t.propose(ALICE, t.cancel_of(id, 5_000));
    refused_policy(t.refuses(t.cancel_act(cancel, 2, 2_000)));
    t.approve(cancel, &[ALICE]);
    refused_policy(t.refuses(t.cancel_act(cancel, 2, 2_000)));
    assert_eq!(t.next(), None);
    t.approve(cancel, &[BOB]);
    t.run(t.cancel_act(cancel, 2, 2_000));
}

#[test]
fn a_cancel_is_not_enacted_without_its_transaction() {
    let (t, _, cancel) = case();
    let refused = t.refuses(Act::Enacted { proposal: cancel });
    assert!(matches!(refused, IllegalEntry::Proposal(_)));
}

#[test]
fn the_fate_of_a_cancel_is_open_until_its_signing_starts() {
    let (mut t, id, cancel) = case();
    t.run(t.cancel_act(cancel, 2, 2_000));
    t.release(ALICE, id, HARDWARE);
    let start = t.start_act(id);
    let mut started = t.clone();
    started.run(start.clone());
    assert_eq!(
        started.refuses_by(CAROL, declined(cancel)),
        IllegalEntry::NotOpen(cancel)
    );
    // A decline ends it.
    let mut no = t.clone();
    no.by(CAROL, declined(cancel));
    refused_policy(no.refuses(start.clone()));
    assert_eq!(no.next(), None);
    // So does its time.
    let mut late = t.clone();
    late.wait(DAY);
    late.release(ALICE, id, HARDWARE);
    let after = late.start_act(id);
    refused_plan(late.refuses(after), "its time has passed");
    assert_eq!(late.next(), Some(Step::Lapse(cancel)));
    late.run(lapsed(cancel));
    // A new policy voids its approvals, and it can be approved anew.
    let mut anew = t.clone();
    anew.enacted(policy(&format!("{POLICY}\n# anew")));
    refused_policy(anew.refuses(start.clone()));
    assert_eq!(anew.next(), None);
    anew.approve(cancel, &[BOB]);
    refused_policy(anew.refuses(start.clone()));
    anew.approve(cancel, &[CAROL]);
    anew.release(ALICE, id, HARDWARE);
    let start_anew = anew.start_act(id);
    anew.run(start_anew);
    // So does the suspension of who approved it.
    t.enacted_by(&[ALICE, CAROL], suspension(BOB));
    refused_policy(t.refuses(start));
}

#[test]
fn what_was_never_signed_is_declined_and_not_cancelled() {
    let mut t = Fixture::new();
    let nothing = "nothing of the payout";
    let id = t.approved(100_000);
    not_proposed(&t, t.cancel_of(id, 5_000), nothing);
    t.run(t.plan_act(id, 1));
    not_proposed(&t, t.cancel_of(id, 5_000), nothing);
    let session = t.started(id);
    // While it is signed a cancel can be asked for, and is planned when the session is over.
    let cancel = t.cancel_approved(id, 5_000);
    refused_plan(
        t.refuses(t.cancel_act(cancel, 2, 2_000)),
        "the version before is being signed",
    );
    t.run(aborted(session, &[]));
    t.run(t.cancel_act(cancel, 2, 2_000));
    let unknown = t.cancel_of(ProposalId::from_bytes([9; 32]), 5_000);
    not_proposed(&t, unknown, "there is no such payout");
    not_proposed(&t, t.cancel_of(cancel, 5_000), "there is no such payout");
    not_proposed(&t, t.cancel_of(id, 0), "what it may cost is said in BTC");
}

#[test]
fn a_cancel_pays_the_vault_itself_and_spends_the_anchor() {
    let (t, _, cancel) = case();
    let lie = |planned: domain::act::Planned| t.refuses(Act::Planned(Box::new(planned)));
    let anchor = PlanMismatch::MissingAnchor(coin(1).outpoint()).to_string();
    refused_plan(lie(t.cancelling(cancel, 2, &[coin(2)], 2_000)), &anchor);
    // The payout's own legs, or anybody else's, are no cancel.
    let legs = at_fee(drafted(&t, vec![leg(1, 100_000)], &[coin(1)]), 2_000);
    refused_plan(lie(legs.planned(cancel, 2)), "");
    let mut unclaimed = legs.clone();
    unclaimed.change = None;
    refused_plan(lie(unclaimed.planned(cancel, 2)), "");
    let mut all = legs.clone();
    all.tx.output.truncate(1);
    all.change = None;
    refused_plan(lie(all.planned(cancel, 2)), "");
    let mut claimed = all.clone();
    claimed.change = legs
        .change
        .map(|c| domain::act::PlannedChange { output: 0, ..c });
    refused_plan(lie(claimed.planned(cancel, 2)), "");
    let over = t.cancelling(cancel, 2, &[coin(1)], 5_001);
    refused_plan(lie(over), "the approved cap");
    // It replaces what is out.
    let cheap = t.cancelling(cancel, 2, &[coin(1)], FEE);
    refused_plan(lie(cheap), "no node would take it in its place");
    let mut wrong = t.cancelling(cancel, 3, &[coin(1)], 2_000);
    refused_plan(lie(wrong.clone()), "version 2 comes next");
    wrong.version = 2;
    let mut t = t.clone();
    t.run(Act::Planned(Box::new(wrong)));
}

#[test]
fn while_frozen_only_a_cancel_asked_for_after_the_freeze_goes_on() {
    let (mut t, id, before) = case();
    let mut planned = t.clone();
    planned.run(planned.cancel_act(before, 2, 2_000));
    planned.release(ALICE, id, HARDWARE);
    let start = planned.start_act(id);
    planned.frozen(CAROL, Scope::Treasury);
    assert_eq!(planned.refuses(start), IllegalEntry::Frozen);
    t.frozen(CAROL, Scope::Vault(t.vault));
    assert_eq!(
        t.refuses(t.cancel_act(before, 2, 2_000)),
        IllegalEntry::Frozen
    );
    assert_eq!(t.next(), None);
    let after = t.cancel_approved(id, 5_000);
    assert_eq!(t.next(), Some(Step::Plan(after)));
    t.run(t.cancel_act(after, 2, 2_000));
    t.release(ALICE, id, HARDWARE);
    assert_eq!(t.next(), Some(Step::Sign(id, vec![DEVICE, HARDWARE])));
    let session = t.started(id);
    t.run(aborted(session, &[]));
    let mut again = t.clone();
    let freeze = again.freeze(Scope::Payout(id));
    let body = again.touches(BOB, freeze);
    again.take(body);
    // A later freeze holds it too.
    let retry = again.retry_act(id);
    assert_eq!(again.refuses(retry), IllegalEntry::Frozen);
    let session = t.retried(id);
    t.run(t.signed_act(id, session));
    assert_eq!(t.next(), Some(Step::Broadcast(id)));
    let mut held = t.clone();
    held.frozen(BOB, Scope::Payout(id));
    assert_eq!(held.refuses(held.broadcast(id)), IllegalEntry::Frozen);
    t.run(t.broadcast(id));
    t.run(t.confirmed(id));
}

#[test]
fn of_two_cancels_one_is_planned_and_waits_for_its_seats() {
    let (mut t, id, first) = case();
    let second = t.cancel_approved(id, 5_000);
    let named = t.next();
    let Some(Step::Plan(one)) = named else {
        panic!("{named:?}");
    };
    assert!([first, second].contains(&one));
    t.run(t.cancel_act(one, 2, 2_000));
    assert_eq!(t.next(), None);
    t.by(CAROL, declined(one));
    let other = if one == first { second } else { first };
    assert_eq!(t.next(), Some(Step::Plan(other)));
    t.run(t.cancel_act(other, 3, 2_000));
    t.sign_present(id);
}

#[test]
fn after_a_cancel_began_nothing_is_paid_any_more() {
    let (mut t, id, cancel) = case();
    // Only planned, it keeps nobody from anything.
    t.run(t.cancel_act(cancel, 2, 2_000));
    t.clone().run(t.version(id, 3, &[coin(1)], 3_000));
    let session = t.started(id);
    let signed = t.signed_act(id, session);
    for end in [signed, aborted(session, &[])] {
        let mut t = t.clone();
        t.run(end);
        refused_plan(
            t.refuses(t.version(id, 3, &[coin(1)], 3_000)),
            "governance cancels this payout",
        );
        // A dearer cancel may follow.
        let dearer = t.cancel_approved(id, 5_000);
        t.run(t.cancel_act(dearer, 3, 3_000));
        refused_plan(
            t.refuses(t.version(id, 4, &[coin(1)], 4_000)),
            "governance cancels this payout",
        );
        t.sign_present(id);
    }
}

#[test]
fn a_cancel_dearer_than_the_payout_counts_in_full() {
    let mut t = Fixture::new();
    let id = t.out(100_000);
    let cancel = t.cancel_approved(id, 40_000);
    t.run(t.cancel_act(cancel, 2, 30_000));
    let uses = t.replay.facts(t.treasury(), t.now).uses;
    assert_eq!(uses[0].state, UseState::Reserved);
    assert_eq!(uses[0].fee, domain::Amount::Btc(sats(30_000)));
    assert_eq!(uses[0].legs.len(), 1);
}
