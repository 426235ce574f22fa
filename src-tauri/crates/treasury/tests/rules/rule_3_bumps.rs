//! Rule 3: further versions of a payout. All spend its anchor, so at most one of them pays.

use domain::Act;
use domain::act::Scope;
use plans::PlanMismatch;
use policy::UseState;
use treasury::{Broadcasting, IllegalEntry, PayoutStage, Step};

use crate::fixture::*;

#[track_caller]
fn refused_plan(illegal: IllegalEntry, because: &str) {
    match illegal {
        IllegalEntry::Plan(why) if why.contains(because) => {}
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn mismatch(illegal: IllegalEntry, expected: PlanMismatch) {
    assert_eq!(illegal, IllegalEntry::Plan(expected.to_string()));
}

const NO_REPLACEMENT: &str = "no node would take it in its place";

#[test]
fn a_bump_on_the_same_anchor_goes_all_the_way() {
    let mut t = Fixture::new();
    let id = t.out(100_000);
    t.run(t.version(id, 2, &[coin(1)], FEE + 1));
    assert_eq!(t.plan_of(id).version(), 2);
    assert_eq!(t.treasury().proposals[&id].earlier.len(), 1);
    t.release(ALICE, id, HARDWARE);
    let quorum = vec![DEVICE, HARDWARE];
    assert_eq!(t.next(), Some(Step::Sign(id, quorum)));
    let start = t.start_act(id);
    t.run(start);
    let PayoutStage::Signing(_, run) = t.stage(id) else {
        panic!("it is being signed");
    };
    let session = run.run.session;
    t.run(t.signed_act(id, session));
    assert_eq!(t.next(), Some(Step::Broadcast(id)));
    t.run(t.broadcast(id));
    t.run(t.confirmed(id));
    assert_eq!(t.next(), None);
    assert_eq!(format!("{:?}", t.replayed()), format!("{:?}", t.replay));
}

#[test]
fn every_version_spends_what_the_first_start_spent_first() {
    let mut t = Fixture::new();
    let id = t.out(100_000);
    let missing = || PlanMismatch::MissingAnchor(coin(1).outpoint());
    mismatch(t.refuses(t.version(id, 2, &[coin(2)], 2_000)), missing());
    // More coins may come beside it, in any order.
    t.bumped(id, 2, &[coin(2), coin(1)], 2_000);
    // They do not move the anchor: version 3 on coin 2 alone could confirm beside version 1.
    mismatch(t.refuses(t.version(id, 3, &[coin(2)], 3_000)), missing());
    let away = t.version(id, 3, &[coin(2), coin(3)], 3_000);
    mismatch(t.refuses(away), missing());
    t.bumped(id, 3, &[coin(1), coin(3)], 3_000);
    // All that any version spends is held.
    for number in [1, 2, 3] {
        let other = t.approved(100_000);
        let plan = t.plan_act(other, number);
        refused_plan(t.refuses(plan), "is reserved for another payout");
    }
}

#[test]
fn a_first_plan_of_several_coins_is_anchored_to_its_first() {
    let mut t = Fixture::new();
    let id = t.approved(100_000);
    t.run(t.version(id, 1, &[coin(2), coin(1)], FEE));
    t.sign_present(id);
    let missing = PlanMismatch::MissingAnchor(coin(2).outpoint());
    mismatch(t.refuses(t.version(id, 2, &[coin(1)], 2_000)), missing);
    t.bumped(id, 2, &[coin(2)], 2_000);
}

#[test]
fn before_the_first_start_nothing_is_anchored() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    // A cheaper one on other coins: nothing of the first was ever signed.
    t.run(t.version(id, 2, &[coin(2)], FEE - 1));
    assert!(t.treasury().proposals[&id].earlier.is_empty());
    t.sign_present(id);
    let missing = PlanMismatch::MissingAnchor(coin(2).outpoint());
    mismatch(t.refuses(t.version(id, 3, &[coin(1)], 2_000)), missing);
}

#[test]
fn a_bump_pays_more_and_no_more_than_was_approved() {
    let mut t = Fixture::new();
    let id = t.out(100_000);
    for fee in [FEE - 1, FEE] {
        let plan = t.version(id, 2, &[coin(1)], fee);
        refused_plan(t.refuses(plan), NO_REPLACEMENT);
    }
    let over = PlanMismatch::FeeOverCap {
        fee: sats(FEE_CAP + 1),
        cap: sats(FEE_CAP),
    };
    mismatch(t.refuses(t.version(id, 2, &[coin(1)], FEE_CAP + 1)), over);
    t.bumped(id, 2, &[coin(1)], 5_000);
    // More than each that was signed, not only than the first.
    let plan = t.version(id, 3, &[coin(1)], 5_000);
    refused_plan(t.refuses(plan), NO_REPLACEMENT);
    t.bumped(id, 3, &[coin(1)], FEE_CAP);
    let plan = t.version(id, 4, &[coin(1)], FEE_CAP);
    refused_plan(t.refuses(plan), NO_REPLACEMENT);
}

#[test]
fn a_bump_pays_the_same_legs() {
    let mut t = Fixture::new();
    let id = t.out(100_000);
    let honest = || at_fee(drafted(&t, vec![leg(1, 100_000)], &[coin(1)]), 2_000);
    let lie = |draft: Drafted| t.refuses(planned(draft.planned(id, 2)));
    let mut payee = honest();
    payee.tx.output[0].script_pubkey = stranger(2).script_pubkey().to_owned();
    let expected = domain::Address::Btc(stranger(1));
    mismatch(lie(payee), PlanMismatch::OtherPayee { leg: 1, expected });
    for found in [99_999, 100_001] {
        let mut amount = honest();
        amount.tx.output[0].value = bitcoin::Amount::from_sat(found);
        let expected = sats(100_000);
        let leg = 1;
        mismatch(
            lie(amount),
            PlanMismatch::OtherAmount {
                leg,
                expected,
                found,
            },
        );
    }
    let mut more = honest();
    let extra = more.tx.output[0].clone();
    more.tx.output.push(extra);
    refused_plan(lie(more), "");
    let mut none = honest();
    none.tx.output.remove(0);
    refused_plan(lie(none), "");
}

#[test]
fn versions_go_on_being_counted() {
    let mut t = Fixture::new();
    let id = t.out(100_000);
    for version in [0, 1, 3] {
        let plan = t.version(id, version, &[coin(1)], 2_000);
        refused_plan(t.refuses(plan), "version 2 comes next");
    }
    t.run(t.version(id, 2, &[coin(1)], 2_000));
    // One that is only planned gives way, and its number with it.
    let plan = t.version(id, 2, &[coin(1)], 2_000);
    refused_plan(t.refuses(plan), "version 3 comes next");
    t.run(t.version(id, 3, &[coin(1)], 1_500));
    assert_eq!(t.treasury().proposals[&id].earlier.len(), 1);
}

#[test]
fn a_bump_is_held_by_a_freeze_and_goes_on_after_its_thaw() {
    for scope in [0, 1, 2] {
        let mut t = Fixture::new();
        let id = t.out(100_000);
        let unplanned = t.clone();
        t.run(t.version(id, 2, &[coin(1)], 2_000));
        t.release(ALICE, id, HARDWARE);
        let planned = t.clone();
        let start = t.start_act(id);
        let scope = [Scope::Treasury, Scope::Vault(t.vault), Scope::Payout(id)][scope];
        let mut t = unplanned;
        let freeze = t.frozen(CAROL, scope);
        let plan = t.version(id, 2, &[coin(1)], 2_000);
        assert_eq!(t.refuses(plan.clone()), IllegalEntry::Frozen);
        t.thawed(&[freeze]);
        t.run(plan);
        let mut t = planned;
        let freeze = t.frozen(CAROL, scope);
        assert_eq!(t.refuses(start.clone()), IllegalEntry::Frozen);
        assert_eq!(t.next(), None);
        t.thawed(&[freeze]);
        t.run(start);
    }
}

/// [`POLICY`], and nobody may pay that stranger any more.
fn denying() -> String {
    let deny = "[[deny]]\nname = \"No strangers\"\nscope = { payees = [\"unknown\"] }\n\n[[lane]]";
    POLICY.replacen("[[lane]]", deny, 1)
}

#[test]
fn a_bump_is_judged_by_todays_denials() {
    let mut t = Fixture::new();
    let id = t.out(100_000);
    let mut planned = t.clone();
    planned.run(planned.version(id, 2, &[coin(1)], 2_000));
    planned.enacted(policy(&denying()));
    planned.release(ALICE, id, HARDWARE);
    let start = planned.start_act(id);
    let because = |illegal| match illegal {
        IllegalEntry::Policy(why) if why.contains("No strangers") => {}
        other => panic!("{other:?}"),
    };
    because(planned.refuses(start));
    assert_eq!(planned.next(), None);
    t.enacted(policy(&denying()));
    because(t.refuses(t.version(id, 2, &[coin(1)], 2_000)));
    // What is out can still confirm.
    t.run(t.confirmed(id));
}

#[test]
fn a_bump_asks_nobody_anew() {
    let mut t = Fixture::new();
    let id = t.out(100_000);
    // The proposal and its approvals have ended, the policy was adopted anew, its initiator is gone.
    t.wait(days(2));
    t.enacted_by(&[BOB, CAROL], policy(&format!("{POLICY}\n# anew")));
    t.enacted_by(&[BOB, CAROL], suspension(ALICE));
    t.run(t.version(id, 2, &[coin(1)], 2_000));
    t.release(BOB, id, HARDWARE);
    let start = t.start_act(id);
    t.run(start);
}

#[test]
fn limits_count_a_payout_once_whatever_its_versions() {
    let mut t = Fixture::new();
    let id = t.out(600_000);
    t.bumped(id, 2, &[coin(1)], 2_000);
    t.bumped(id, 3, &[coin(1)], 3_000);
    let uses = |t: &Fixture| t.replay.facts(t.treasury(), t.now).uses;
    let one = uses(&t);
    assert_eq!(one.len(), 1);
    assert_eq!(one[0].fee, domain::Amount::Btc(sats(FEE_CAP)));
    assert_eq!(one[0].state, UseState::Reserved);
    // 0.01 BTC a day: 390,000 less the other fee cap are left.
    let mut over = t.clone();
    let too_much = over.approved(380_001);
    let plan = over.plan_act(too_much, 4);
    assert!(matches!(over.refuses(plan), IllegalEntry::Policy(_)));
    t.planned(380_000, 4);
    // A fourth version goes on although the day is used up.
    t.bumped(id, 4, &[coin(1)], 4_000);
    t.run(t.confirmed(id));
    let settled = uses(&t);
    let settled = settled.iter().find(|one| one.proposal == id).unwrap();
    assert_eq!(settled.fee, domain::Amount::Btc(sats(4_000)));
    assert_eq!(settled.state, UseState::Settled);
}

#[test]
fn a_payout_whose_first_version_aborted_can_be_bumped() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    let session = t.started(id);
    t.run(aborted(session, &[]));
    let missing = PlanMismatch::MissingAnchor(coin(1).outpoint());
    mismatch(t.refuses(t.version(id, 2, &[coin(2)], 2_000)), missing);
    let plan = t.version(id, 2, &[coin(1)], FEE);
    refused_plan(t.refuses(plan), NO_REPLACEMENT);
    t.run(t.version(id, 2, &[coin(1)], 2_000));
    assert!(!t.treasury().proposals[&id].is_open());
    assert_eq!(t.refuses_by(BOB, declined(id)), IllegalEntry::NotOpen(id));
    // The first one's bytes are over.
    let retry = t.retry_act(id);
    assert!(matches!(t.refuses(retry), IllegalEntry::Signing(_)));
    t.sign_present(id);
    t.run(t.broadcast(id));
    t.run(t.confirmed(id));
}

#[test]
fn a_replaced_plan_is_neither_released_nor_started() {
    let mut t = Fixture::new();
    let id = t.out(100_000);
    let old = t.run(t.version(id, 2, &[coin(1)], 2_000));
    t.release(ALICE, id, HARDWARE);
    let release = t.release_of(id, HARDWARE);
    let mut start = t.signing(id, &[DEVICE, HARDWARE]);
    t.run(t.version(id, 3, &[coin(1)], 3_000));
    // Nobody released version 3.
    assert_eq!(t.next(), None);
    assert!(matches!(
        t.refuses(Act::SigningStarted(start.clone())),
        IllegalEntry::Unknown { what: "plan", .. }
    ));
    assert!(t.treasury().payout_of_plan(old).is_none());
    assert!(matches!(
        t.refuses_by(ALICE, release),
        IllegalEntry::Unknown { what: "plan", .. }
    ));
    start.plan = t.plan_of(id).entry;
    let unreleased = IllegalEntry::Signing("seat 2 needs 1 releases, 0 are in force".to_owned());
    assert_eq!(t.refuses(Act::SigningStarted(start.clone())), unreleased);
    t.release(ALICE, id, HARDWARE);
    start.plan = t.treasury().proposals[&id].earlier[0].plan.entry;
    let replaced = IllegalEntry::Signing("that plan was replaced".to_owned());
    assert_eq!(t.refuses(Act::SigningStarted(start)), replaced);
}

#[test]
fn a_freeze_holds_the_first_broadcast_of_a_bump() {
    let mut t = Fixture::new();
    let id = t.out(100_000);
    t.bumped(id, 2, &[coin(1)], 2_000);
    t.frozen(CAROL, Scope::Payout(id));
    assert_eq!(t.refuses(t.broadcast(id)), IllegalEntry::Frozen);
    assert_eq!(t.next(), None);
    let PayoutStage::Signed { broadcast, .. } = t.stage(id) else {
        panic!("it is signed");
    };
    assert_eq!(*broadcast, Broadcasting::NotYet);
}

#[test]
fn nothing_but_a_payout_or_its_cancel_is_planned() {
    let mut t = Fixture::new();
    t.out(100_000);
    let freeze = t.frozen(CAROL, Scope::Treasury);
    let thaw = t.propose(ALICE, thaw(&[freeze]));
    t.approve(thaw, &[ALICE, BOB]);
    let other = planned(t.cancelling(thaw, 2, &[coin(1)], 2_000));
    assert!(matches!(
        t.refuses(other),
        IllegalEntry::Unknown { what: "payout", .. }
    ));
}
