//! Rule 3: one payout, at most one payment. What starts once, what can be tried again, what is signed.

use bitcoin::{Transaction, consensus};
use domain::{Act, EntryId, SessionId, Span};
use plans::PlanMismatch;
use treasury::{Broadcasting, IllegalEntry, PayoutStage, Step};

use crate::fixture::*;

#[track_caller]
fn refused_signing(illegal: &IllegalEntry, because: &str) {
    match illegal {
        IllegalEntry::Signing(why) if why == because => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_payout_goes_from_proposal_to_chain() {
    let mut t = Fixture::new();
    let id = t.asked(100_000);
    t.approve(id, &[BOB, CAROL]);
    t.run(t.plan_act(id, 1));
    assert!(matches!(t.stage(id), PayoutStage::Planned(_)));
    let session = t.started(id);
    assert!(matches!(t.stage(id), PayoutStage::Signing(_, run) if run.run.session == session));
    t.run(t.signed_act(id, session));
    t.run(t.broadcast(id));
    t.run(t.confirmed(id));
    assert!(matches!(t.stage(id), PayoutStage::Confirmed { .. }));
    assert_eq!(format!("{:?}", t.replayed()), format!("{:?}", t.replay));
}

#[test]
fn signing_of_a_version_starts_once() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    let session = t.started(id);
    let again = t.start_act(id);
    let before = "signing of this version started before";
    refused_signing(&t.refuses(again), before);
    t.run(aborted(session, &[]));
    t.release(BOB, id, HARDWARE);
    let after_abort = t.start_act(id);
    refused_signing(&t.refuses(after_abort), before);
    let session = t.retried(id);
    t.run(t.signed_act(id, session));
    let signed = t.start_act(id);
    refused_signing(&t.refuses(signed), before);
    t.run(t.broadcast(id));
    t.run(t.confirmed(id));
    let settled = t.start_act(id);
    refused_signing(&t.refuses(settled), before);
}

#[test]
fn only_an_aborted_session_is_tried_again() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    t.release(ALICE, id, HARDWARE);
    let only = "only an aborted session is tried again";
    let planned = t.retry_act(id);
    refused_signing(&t.refuses(planned), only);
    let session = t.started(id);
    let running = t.retry_act(id);
    refused_signing(&t.refuses(running), only);
    t.run(t.signed_act(id, session));
    let signed = t.retry_act(id);
    refused_signing(&t.refuses(signed), only);
}

#[test]
fn a_retry_needs_new_releases() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    t.release(BOB, id, HARDWARE);
    // Both releases are used up by the session, though it needs one.
    let session = t.started(id);
    t.run(aborted(session, &[]));
    let stale = t.retry_act(id);
    let missing = "seat 2 needs 1 releases, 0 are in force";
    refused_signing(&t.refuses(stale), missing);
    t.release(ALICE, id, HARDWARE);
    let fresh = t.retry_act(id);
    t.run(fresh);
}

#[test]
fn a_release_for_one_plan_opens_nothing_for_its_successor() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    t.release(ALICE, id, HARDWARE);
    let old = t.release_of(id, HARDWARE);
    t.run(planned(t.honest_plan(id, 2, &[coin(2)])));
    let start = t.start_act(id);
    let missing = "seat 2 needs 1 releases, 0 are in force";
    refused_signing(&t.refuses(start), missing);
    assert!(matches!(
        t.refuses_by(ALICE, old),
        IllegalEntry::Unknown { what: "plan", .. }
    ));
}

#[test]
fn a_release_ends_by_itself_within_ten_minutes() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    let lasting = |t: &Fixture, span| {
        let Act::Released(mut release) = t.release_of(id, HARDWARE) else {
            panic!("a release");
        };
        release.expires = t.now.plus(span);
        Act::Released(release)
    };
    let because = IllegalEntry::Release("it ends within ten minutes".to_owned());
    let long = lasting(&t, Span::from_millis(600_001));
    assert_eq!(t.refuses_by(ALICE, long), because);
    let ended = lasting(&t, Span::ZERO);
    assert_eq!(t.refuses_by(ALICE, ended), because);
    let longest = lasting(&t, Span::from_secs(600));
    t.by(ALICE, longest);
    t.wait(Span::from_secs(599));
    let late = t.start_act(id);
    refused_signing(&t.refuses(late), "seat 2 needs 1 releases, 0 are in force");
}

#[test]
fn a_release_opens_only_what_the_officer_can_open() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    let refuse = |why: &str| IllegalEntry::Release(why.to_owned());
    let stranger = refuse("this officer's key does not open that seat");
    let hardware = t.release_of(id, HARDWARE);
    assert_eq!(t.refuses_by(CAROL, hardware), stranger);
    // A device seat opens without people.
    let device = t.release_of(id, DEVICE);
    assert_eq!(t.refuses_by(ALICE, device), stranger);
    let none = t.release_of(id, seat_id(4));
    assert_eq!(
        t.refuses_by(ALICE, none),
        refuse("the vault has no such seat")
    );
    let session = t.started(id);
    let running = t.release_of(id, HARDWARE);
    assert_eq!(
        t.refuses_by(ALICE, running),
        refuse("the plan is being signed")
    );
    t.run(t.signed_act(id, session));
    let signed = t.release_of(id, HARDWARE);
    let over = refuse("the payout is signed or at its end");
    assert_eq!(t.refuses_by(ALICE, signed), over);
}

#[test]
fn a_recovery_seat_takes_pieces_of_different_people() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    t.release(CAROL, id, RECOVERY);
    t.release(CAROL, id, RECOVERY);
    let run = t.signing(id, &[DEVICE, RECOVERY]);
    let missing = "seat 3 needs 2 releases, 1 are in force";
    refused_signing(&t.refuses(Act::SigningStarted(run.clone())), missing);
    t.release(ALICE, id, RECOVERY);
    t.run(Act::SigningStarted(run));
}

#[test]
fn exactly_t_different_seats_sign() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    t.release(ALICE, id, HARDWARE);
    for seats in [
        &[HARDWARE][..],
        &[HARDWARE, HARDWARE],
        &[DEVICE, HARDWARE, DEVICE],
        &[DEVICE, HARDWARE, RECOVERY],
        &[],
    ] {
        let run = t.signing(id, seats);
        refused_signing(
            &t.refuses(Act::SigningStarted(run)),
            "exactly 2 different seats sign",
        );
    }
    let run = t.signing(id, &[DEVICE, seat_id(4)]);
    refused_signing(
        &t.refuses(Act::SigningStarted(run)),
        "the vault has no seat 4",
    );
}

#[test]
fn a_session_is_never_used_twice() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    let session = t.started(id);
    t.run(aborted(session, &[]));
    t.release(ALICE, id, HARDWARE);
    let mut run = t.signing(id, &[DEVICE, HARDWARE]);
    run.session = session;
    let used = "the session was used before";
    refused_signing(&t.refuses(Act::SigningRetried(run.clone())), used);
    // Nor by another payout.
    let other = t.planned(100_000, 2);
    t.release(ALICE, other, HARDWARE);
    run.plan = t.plan_of(other).entry;
    refused_signing(&t.refuses(Act::SigningStarted(run)), used);
}

#[test]
fn a_seat_that_broke_the_protocol_signs_no_more() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    let session = t.started(id);
    let stranger = "seat 3 took no part in the session";
    refused_signing(&t.refuses(aborted(session, &[RECOVERY])), stranger);
    t.run(aborted(session, &[HARDWARE]));
    t.release(ALICE, id, HARDWARE);
    let retry = t.retry_act(id);
    let banned = "seat 2 broke the protocol before and is banned";
    refused_signing(&t.refuses(retry), banned);
    t.release(ALICE, id, RECOVERY);
    t.release(CAROL, id, RECOVERY);
    let rest = t.signing(id, &[DEVICE, RECOVERY]);
    t.run(Act::SigningRetried(rest));
    assert!(t.treasury().is_banned(t.vault, HARDWARE));
    assert!(!t.treasury().is_banned(t.vault, DEVICE));
}

#[test]
fn a_plan_on_other_coins_after_the_start_is_refused() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    let session = t.started(id);
    let second = planned(t.honest_plan(id, 2, &[coin(2)]));
    let running = IllegalEntry::Plan("the version before is being signed".to_owned());
    assert_eq!(t.refuses(second.clone()), running);
    t.run(aborted(session, &[]));
    let missing = PlanMismatch::MissingAnchor(coin(1).outpoint());
    assert_eq!(t.refuses(second), IllegalEntry::Plan(missing.to_string()));
}

#[test]
fn versions_are_counted_without_a_gap() {
    let mut t = Fixture::new();
    let id = t.approved(100_000);
    for (version, next) in [(0, 1), (2, 1)] {
        let plan = planned(t.honest_plan(id, version, &[coin(1)]));
        let because = format!("version {next} comes next, not {version}");
        assert_eq!(t.refuses(plan), IllegalEntry::Plan(because));
    }
    t.run(t.plan_act(id, 1));
    let same = planned(t.honest_plan(id, 1, &[coin(2)]));
    let because = "version 2 comes next, not 1".to_owned();
    assert_eq!(t.refuses(same), IllegalEntry::Plan(because));
    t.run(planned(t.honest_plan(id, 2, &[coin(2)])));
}

#[test]
fn a_session_of_a_replaced_plan_is_refused() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    t.release(ALICE, id, HARDWARE);
    let old = t.start_act(id);
    t.run(planned(t.honest_plan(id, 2, &[coin(2)])));
    assert!(matches!(
        t.refuses(old),
        IllegalEntry::Unknown { what: "plan", .. }
    ));
}

#[test]
fn expiry_gates_only_the_first_start() {
    let mut t = Fixture::new();
    let late = t.planned(100_000, 1);
    let in_time = t.planned(100_000, 2);
    let session = t.started(in_time);
    // The proposals lived for a day, the approvals as well.
    t.wait(DAY);
    t.run(aborted(session, &[]));
    t.release(ALICE, late, HARDWARE);
    let start = t.start_act(late);
    let passed = IllegalEntry::Plan("its time has passed".to_owned());
    assert_eq!(t.refuses(start), passed);
    let session = t.retried(in_time);
    t.run(t.signed_act(in_time, session));
    t.run(t.broadcast(in_time));
    t.run(t.confirmed(in_time));
}

#[test]
fn approvals_that_ended_do_not_start_a_payout_and_can_be_given_anew() {
    let mut t = Fixture::new();
    let id = t.asked(100_000);
    for who in [BOB, CAROL] {
        t.by(who, t.approval_for(id, HOUR));
    }
    t.run(t.plan_act(id, 1));
    t.wait(HOUR);
    t.release(ALICE, id, HARDWARE);
    let start = t.start_act(id);
    assert!(
        matches!(t.refuses(start.clone()), IllegalEntry::Policy(why) if why.contains("it ended at"))
    );
    t.approve(id, &[BOB, CAROL]);
    t.run(start);
}

#[test]
fn signed_bytes_are_those_of_the_plan_and_the_session() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    let session = t.started(id);
    let plan = t.plan_of(id).clone();
    let right = whole_key(1).sign(bitcoin_body(&plan));
    let refuse =
        |tx: &Transaction| t.refuses(signed_as(plan.entry, session, consensus::serialize(tx)));
    let mut moved = right.clone();
    moved.output[0].value = bitcoin::Amount::from_sat(100_001);
    refused_signing(
        &refuse(&moved),
        "the signed transaction is another than the planned one",
    );
    let witness = "input 1 does not carry one valid signature in its one encoding";
    let mut unsigned = right.clone();
    unsigned.input[0].witness = bitcoin::Witness::new();
    refused_signing(&refuse(&unsigned), witness);
    refused_signing(&refuse(&whole_key(2).sign(bitcoin_body(&plan))), witness);
    let mut two = right.clone();
    let signature = right.input[0].witness.nth(0).unwrap().to_vec();
    two.input[0].witness = bitcoin::Witness::from_slice(&[signature.clone(), signature.clone()]);
    refused_signing(&refuse(&two), witness);
    let mut marked = right.clone();
    // The same signature with an explicit SIGHASH_ALL: 65 bytes.
    marked.input[0].witness = bitcoin::Witness::from_slice(&[[signature, vec![1]].concat()]);
    refused_signing(&refuse(&marked), witness);
    let trailing = [consensus::serialize(&right), vec![0]].concat();
    let garbage = t.refuses(signed_as(plan.entry, session, trailing));
    refused_signing(&garbage, "the signed bytes are no transaction");
    t.run(signed_as(plan.entry, session, consensus::serialize(&right)));
}

#[test]
fn a_signature_of_another_session_is_refused() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    let unstarted = t.signed_act(id, SessionId::from_bytes([1; 32]));
    let none = "no session of this payout runs";
    refused_signing(&t.refuses(unstarted), none);
    let old = t.started(id);
    t.run(aborted(old, &[]));
    let cut_off = t.signed_act(id, old);
    refused_signing(&t.refuses(cut_off.clone()), none);
    let new = t.retried(id);
    refused_signing(&t.refuses(cut_off), "it is by another session");
    t.run(t.signed_act(id, new));
}

#[test]
fn a_session_that_does_not_run_is_not_aborted() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    let session = t.started(id);
    let unknown = |t: &Fixture, session| {
        let refused = t.refuses(aborted(session, &[]));
        assert!(
            matches!(
                refused,
                IllegalEntry::Unknown {
                    what: "running session",
                    ..
                }
            ),
            "{refused}"
        );
    };
    unknown(&t, SessionId::from_bytes([1; 32]));
    t.run(aborted(session, &[]));
    unknown(&t, session);
    let session = t.retried(id);
    t.run(t.signed_act(id, session));
    unknown(&t, session);
}

#[test]
fn nothing_is_planned_or_signed_for_what_is_no_payout() {
    let mut t = Fixture::new();
    let id = t.approved(100_000);
    let plan = t.honest_plan(id, 1, &[coin(1)]);
    let change = t.propose(ALICE, suspension(CAROL));
    let mut other = plan;
    other.proposal = change;
    assert!(matches!(
        t.refuses(planned(other)),
        IllegalEntry::Unknown { what: "payout", .. }
    ));
    let unknown = EntryId::from_bytes([9; 32]);
    let signed = signed_as(unknown, SessionId::from_bytes([1; 32]), Vec::new());
    assert!(matches!(
        t.refuses(signed),
        IllegalEntry::Unknown { what: "plan", .. }
    ));
    let enact = Act::Enacted { proposal: id };
    let because = "a payout or cancel is planned and signed, not enacted".to_owned();
    assert_eq!(t.refuses(enact), IllegalEntry::Proposal(because));
}

#[test]
fn a_session_that_was_cut_off_is_closed_before_anything_else_is_done_for_it() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    let session = t.started(id);
    assert_eq!(t.next(), Some(Step::CloseSigning(session)));
    t.run(aborted(session, &[]));
    assert_eq!(t.next(), None);
    t.release(BOB, id, HARDWARE);
    assert_eq!(t.next(), Some(Step::SignAgain(id, vec![DEVICE, HARDWARE])));
    let session = t.retried(id);
    t.run(t.signed_act(id, session));
    assert_eq!(t.next(), Some(Step::Broadcast(id)));
    t.run(t.broadcast(id));
    assert_eq!(t.next(), None);
    let PayoutStage::Signed { broadcast, .. } = t.stage(id) else {
        panic!("it is signed");
    };
    assert_eq!(*broadcast, Broadcasting::Out);
}
