//! What is to be done next: nothing that the fold would refuse, and no payout holds up another.

use std::collections::{BTreeMap, BTreeSet};

use domain::act::Scope;
use domain::{Act, ProposalId, SeatId, Span, Subject};
use treasury::{Hands, IllegalEntry, Step, next_step};

use crate::fixture::*;

fn holding(t: &Fixture, seats: &[SeatId]) -> Hands {
    let seats: BTreeSet<SeatId> = seats.iter().copied().collect();
    Hands(BTreeMap::from([(t.vault, seats)]))
}

fn with(t: &Fixture, seats: &[SeatId]) -> Option<Step> {
    next_step(&t.replay, &holding(t, seats), &BTreeSet::new(), t.now)
}

#[test]
fn a_payout_is_led_through_its_stations() {
    let mut t = Fixture::new();
    assert_eq!(t.next(), None);
    let id = t.asked(100_000);
    t.approve(id, &[BOB]);
    assert_eq!(t.next(), None);
    t.approve(id, &[CAROL]);
    assert_eq!(t.next(), Some(Step::Plan(id)));
    t.run(t.plan_act(id, 1));
    assert_eq!(t.next(), None);
    t.release(ALICE, id, HARDWARE);
    assert_eq!(t.next(), Some(Step::Sign(id, vec![DEVICE, HARDWARE])));
    let run = t.signing(id, &[DEVICE, HARDWARE]);
    let session = run.session;
    t.run(Act::SigningStarted(run));
    t.run(t.signed_act(id, session));
    assert_eq!(t.next(), Some(Step::Broadcast(id)));
    t.run(t.broadcast(id));
    assert_eq!(t.next(), None);
    t.run(t.confirmed(id));
    assert_eq!(t.next(), None);
}

#[test]
fn only_shares_in_hand_sign() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    t.release(ALICE, id, HARDWARE);
    assert_eq!(with(&t, &[DEVICE]), None);
    assert_eq!(with(&t, &[HARDWARE, RECOVERY]), None);
    // Released, but the share is not open here.
    assert_eq!(with(&t, &[DEVICE, RECOVERY]), None);
    t.release(ALICE, id, RECOVERY);
    assert_eq!(with(&t, &[DEVICE, RECOVERY]), None);
    t.release(CAROL, id, RECOVERY);
    let step = |seats: &[SeatId]| Some(Step::Sign(id, seats.to_vec()));
    assert_eq!(with(&t, &[DEVICE, RECOVERY]), step(&[DEVICE, RECOVERY]));
    // People stand by the seats that they have opened: these sign before the device seat.
    assert_eq!(
        with(&t, &[DEVICE, HARDWARE, RECOVERY]),
        step(&[HARDWARE, RECOVERY])
    );
    assert_eq!(
        next_step(&t.replay, &Hands::default(), &BTreeSet::new(), t.now),
        None
    );
    t.wait(MINUTE);
    assert_eq!(t.next(), None);
}

#[test]
fn no_payout_holds_up_another() {
    let mut t = Fixture::new();
    let one = t.approved(100_000);
    let two = t.approved(100_000);
    let frozen = t.approved(100_000);
    t.frozen(CAROL, Scope::Payout(frozen));
    let mut skip = BTreeSet::new();
    let mut named = BTreeSet::new();
    while let Some(step) = next_step(&t.replay, &t.hands(), &skip, t.now) {
        let Step::Plan(id) = step else {
            panic!("{step:?}");
        };
        skip.insert(id);
        named.insert(id);
    }
    assert_eq!(named, BTreeSet::from([one, two]));
}

#[test]
fn nothing_is_done_while_the_clock_is_behind() {
    let mut t = Fixture::new();
    t.late = MINUTE;
    let id = t.approved(100_000);
    // This machine's clock showed a minute more when it saw the last entry.
    assert_eq!(t.next(), None);
    t.wait(MINUTE);
    assert_eq!(t.next(), Some(Step::Plan(id)));
    t.now = t.treasury().time.minus(MILLI);
    assert_eq!(t.next(), None);
}

#[test]
fn a_proposal_whose_time_is_over_lapses_even_when_frozen() {
    let mut t = Fixture::new();
    let payout = t.planned(100_000, 1);
    let freeze = t.frozen(CAROL, Scope::Treasury);
    let change = t.propose(ALICE, thaw(&[freeze]));
    t.wait(DAY);
    let mut lapsing = BTreeSet::new();
    while let Some(step) = t.next() {
        let Step::Lapse(id) = step else {
            panic!("{step:?}");
        };
        lapsing.insert(id);
        t.run(lapsed(id));
    }
    assert_eq!(lapsing, BTreeSet::from([payout, change]));
}

#[test]
fn a_step_waits_for_what_the_policy_still_asks() {
    let waiting = POLICY.replace("expiry = \"48 h\"", "delay = \"2 h\"\nexpiry = \"48 h\"");
    let mut t = Fixture::with_vault_under(&waiting);
    let id = t.approved(100_000);
    let last = t.treasury().time;
    assert_eq!(t.next(), None);
    t.now = last.plus(hours(2)).minus(MILLI);
    assert_eq!(t.next(), None);
    t.now = last.plus(hours(2));
    assert_eq!(t.next(), Some(Step::Plan(id)));
    // A delay counts from when this machine saw the approval.
    let mut seen = Fixture::with_vault_under(&waiting);
    seen.late = MINUTE;
    let id = seen.approved(100_000);
    seen.now = seen.treasury().time.plus(hours(2));
    assert_eq!(seen.next(), None);
    seen.wait(MINUTE);
    assert_eq!(seen.next(), Some(Step::Plan(id)));
}

#[test]
fn the_fold_s_own_clock_counts_too() {
    // A lane of 48 hours counts, for the fold, from the proposal's own time, and for this machine from
    // when it saw it. What the fold would refuse is not tried.
    let mut t = Fixture::new();
    t.late = HOUR;
    let payout = Subject::Payout(t.payout(vec![leg(1, 100_000)]));
    let proposal = t.proposal(payout, days(30));
    let id = t.proposed(ALICE, proposal);
    let asked = t.treasury().time;
    for who in [BOB, CAROL] {
        let act = t.approval_for(id, days(10));
        t.by(who, act);
    }
    t.now = asked.plus(days(2)).minus(MILLI);
    assert_eq!(t.next(), Some(Step::Plan(id)));
    t.now = asked.plus(days(2));
    assert_eq!(t.next(), Some(Step::Lapse(id)));
    t.run(lapsed(id));
}

/// Entries of the address book are good for an hour.
fn short_lived() -> String {
    let deny = r#"[[deny]]
name = "Old entries"
scope = { payees = ["known"], payee_age = { at_least = "1 h" } }

[[lane]]"#;
    POLICY.replace("[[lane]]", deny)
}

/// A payout to a payee whose entry this machine saw half an hour late.
fn to_a_payee(t: &mut Fixture) -> ProposalId {
    t.late = Span::from_secs(30 * 60);
    t.enacted(payee("Northwind", stranger(1)));
    t.wait(t.late);
    t.late = Span::ZERO;
    t.approved(100_000)
}

#[test]
fn what_only_the_fold_would_refuse_is_not_tried() {
    // By this machine's reckoning the entry is younger than by the fold's.
    let mut t = Fixture::with_vault_under(&short_lived());
    let id = to_a_payee(&mut t);
    assert_eq!(t.next(), Some(Step::Plan(id)));
    let mut started = t.clone();
    t.wait(Span::from_secs(30 * 60));
    assert!(matches!(
        t.refuses(t.plan_act(id, 1)),
        IllegalEntry::Policy(_)
    ));
    assert_eq!(t.next(), None);
    // Nor is a session begun again that the fold would refuse.
    started.run(started.plan_act(id, 1));
    let session = started.started(id);
    started.run(aborted(session, &[]));
    let mut late = started.clone();
    late.now = t.now;
    for (t, fits) in [(&mut started, true), (&mut late, false)] {
        t.release(BOB, id, HARDWARE);
        let again = Step::SignAgain(id, vec![DEVICE, HARDWARE]);
        assert_eq!(t.next(), fits.then_some(again));
        let retry = t.retry_act(id);
        let judged = t.replay.clone().push(&t.link(t.notes(retry)));
        assert_eq!(judged.is_ok(), fits);
    }
}
