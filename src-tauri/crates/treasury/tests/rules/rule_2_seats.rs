//! Rule 2: every seat checks for itself, on its own replay and at its own clock.

use domain::act::Scope;
use domain::{Act, SeatId, SessionId, Span, Timestamp};
use plans::SigningOrder;
use treasury::{IllegalEntry, Replay, SeatRefusal, Step, order_for_seat};

use crate::fixture::*;

/// Two founders, then two hours; no limit.
const PATIENT: &str = r#"
version = 1
[groups]
Founders = ["Alice", "Bob", "Carol"]
[[lane]]
name = "Two others"
scope = "all"
steps = [{ group = "Founders", count = 2 }]
delay = "2 h"
expiry = "48 h"
[governance.default]
steps = [{ group = "Founders", count = 2 }]
initiator_may_approve = true
expiry = "7 d"
"#;

fn ask(t: &Fixture, session: SessionId, seat: SeatId) -> Result<SigningOrder, SeatRefusal> {
    order_for_seat(&t.replay, session, seat, t.now)
}

#[track_caller]
fn refused(t: &Fixture, session: SessionId) -> SeatRefusal {
    ask(t, session, DEVICE).expect_err("the seat must refuse")
}

#[track_caller]
fn not_authorised(t: &Fixture, session: SessionId, because: &str) {
    match refused(t, session) {
        SeatRefusal::NotAuthorised(why) if why.contains(because) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_seat_can_be_handed_a_digest() {
    // All that a seat is told is the session; digests come from the bytes in its own journal.
    let _: fn(&Replay, SessionId, SeatId, Timestamp) -> Result<SigningOrder, SeatRefusal> =
        order_for_seat;
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    let session = t.started(id);
    for seat in [DEVICE, HARDWARE] {
        let order = ask(&t, session, seat).unwrap();
        assert_eq!(order.proposal(), id);
        assert_eq!(order.plan(), t.plan_of(id).entry);
        assert_eq!((order.vault(), order.version()), (t.vault, 1));
        assert_eq!(order.effects().unwrap().fee(), sats(FEE));
        // The digests are those that make the transaction valid.
        let signatures: Vec<[u8; 64]> = order
            .digests()
            .iter()
            .map(|digest| whole_key(1).sign_digest(digest.path, digest.sighash))
            .collect();
        let signed = order.finish(&signatures).unwrap();
        let bytes = signed.bytes().to_vec();
        let plan = t.plan_of(id).entry;
        let mut t = t.clone();
        t.run(signed_as(plan, session, bytes));
    }
}

#[test]
fn a_seat_without_the_session_in_its_journal_refuses() {
    let mut t = Fixture::new();
    assert_eq!(
        order_for_seat(
            &Replay::default(),
            SessionId::from_bytes([1; 32]),
            DEVICE,
            t.now
        )
        .unwrap_err(),
        SeatRefusal::UnknownSession
    );
    let id = t.planned(100_000, 1);
    let behind = t.clone();
    let session = t.started(id);
    assert!(ask(&t, session, DEVICE).is_ok());
    assert_eq!(refused(&behind, session), SeatRefusal::UnknownSession);
    assert_eq!(
        refused(&t, SessionId::from_bytes([1; 32])),
        SeatRefusal::UnknownSession
    );
    t.run(aborted(session, &[]));
    assert_eq!(refused(&t, session), SeatRefusal::UnknownSession);
    let second = t.retried(id);
    assert_eq!(refused(&t, session), SeatRefusal::UnknownSession);
    assert!(ask(&t, second, DEVICE).is_ok());
    t.run(t.signed_act(id, second));
    assert_eq!(refused(&t, second), SeatRefusal::UnknownSession);
}

#[test]
fn a_seat_that_takes_no_part_refuses() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    let session = t.started(id);
    for seat in [RECOVERY, seat_id(4)] {
        assert_eq!(ask(&t, session, seat).unwrap_err(), SeatRefusal::NotMine);
    }
}

#[test]
fn a_seat_that_knows_of_a_freeze_refuses() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    let session = t.started(id);
    for scope in [Scope::Treasury, Scope::Vault(t.vault), Scope::Payout(id)] {
        // The coordinator's journal is without the freeze; the seat's is not.
        let mut seat = t.clone();
        seat.frozen(CAROL, scope);
        assert_eq!(refused(&seat, session), SeatRefusal::Frozen);
        assert!(ask(&t, session, DEVICE).is_ok());
    }
}

#[test]
fn a_journal_without_the_freeze_is_no_journal() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    t.release(ALICE, id, HARDWARE);
    t.frozen(CAROL, Scope::Treasury);
    let frozen = t.entries.len() - 1;
    let run = t.signing(id, &[DEVICE, HARDWARE]);
    let start = t.notes(Act::SigningStarted(run));
    // The start can't follow the freeze, and can't be told without it either.
    let entry = t.link(start);
    assert_eq!(t.refuses_entry(&entry), IllegalEntry::Frozen);
    let mut without = t.entries.clone();
    without.remove(frozen);
    without.push(entry);
    let place = u64::try_from(frozen).unwrap() + 1;
    let Err((at, illegal)) = Replay::of(&without) else {
        panic!("a journal with a hole replays");
    };
    let expected = place - 1;
    assert_eq!(
        (at, illegal),
        (
            place,
            IllegalEntry::OutOfOrder {
                expected,
                actual: place
            }
        )
    );
}

#[test]
fn a_seat_under_another_policy_refuses() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    let session = t.started(id);
    // The seat's journal has an adoption that the approvals do not name, of the same text even.
    t.enacted(policy(POLICY));
    not_authorised(
        &t,
        session,
        "it was given under an earlier adoption of a policy",
    );
}

#[test]
fn a_seat_counts_only_active_officers() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    let session = t.started(id);
    t.enacted(suspension(CAROL));
    not_authorised(&t, session, "1 of Founders would be missing");
}

#[test]
fn a_release_dies_with_its_officer_s_rights() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    let session = t.started(id);
    let mut running = t.clone();
    running.enacted(suspension(ALICE));
    assert_eq!(
        refused(&running, session),
        SeatRefusal::ReleaseEnded(HARDWARE)
    );
    // Nor does what she opened for the next try count.
    t.run(aborted(session, &[]));
    t.release(ALICE, id, HARDWARE);
    t.enacted(suspension(ALICE));
    let retry = t.retry_act(id);
    let refused = t.refuses(retry);
    let none = "seat 2 needs 1 releases, 0 are in force".to_owned();
    assert_eq!(refused, IllegalEntry::Signing(none));
}

#[test]
fn a_seat_refuses_beside_a_banned_one() {
    let mut t = Fixture::new();
    let first = t.planned(100_000, 1);
    let second = t.planned(100_000, 2);
    let one = t.started(first);
    let two = t.started(second);
    t.run(aborted(one, &[HARDWARE]));
    assert_eq!(refused(&t, two), SeatRefusal::Banned(HARDWARE));
    assert_eq!(
        ask(&t, two, HARDWARE).unwrap_err(),
        SeatRefusal::Banned(HARDWARE)
    );
}

#[test]
fn a_seat_refuses_once_a_release_has_ended() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    let session = t.started(id);
    // Released for a minute, two seconds ago.
    t.wait(Span::from_secs(57));
    assert!(ask(&t, session, DEVICE).is_ok());
    t.wait(Span::from_secs(1));
    assert_eq!(refused(&t, session), SeatRefusal::ReleaseEnded(HARDWARE));
}

#[test]
fn a_seat_refuses_on_approvals_that_have_ended() {
    let mut t = Fixture::new();
    let id = t.asked(100_000);
    for who in [BOB, CAROL] {
        let act = t.approval_for(id, MINUTE);
        t.by(who, act);
    }
    t.run(t.plan_act(id, 1));
    let session = t.started(id);
    assert!(ask(&t, session, DEVICE).is_ok());
    // Bob's approval ends; the release is still in force.
    t.wait(Span::from_secs(55));
    not_authorised(&t, session, "Bob's approval does not count: it ended at");
}

#[test]
fn a_seat_refuses_a_first_session_after_the_payout_s_time() {
    let mut t = Fixture::new();
    let payout = domain::Subject::Payout(t.payout(vec![leg(1, 100_000)]));
    let proposal = t.proposal(payout, MINUTE);
    let id = t.proposed(ALICE, proposal);
    t.approve(id, &[BOB, CAROL]);
    t.run(t.plan_act(id, 1));
    let session = t.started(id);
    t.wait(Span::from_secs(53));
    assert!(ask(&t, session, DEVICE).is_ok());
    t.wait(Span::from_secs(1));
    not_authorised(&t, session, "its time ended at");
}

#[test]
fn a_seat_whose_clock_was_set_back_refuses() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    let session = t.started(id);
    let head = t.treasury().time;
    let now = head.minus(MILLI);
    let behind = order_for_seat(&t.replay, session, DEVICE, now).unwrap_err();
    assert_eq!(behind, SeatRefusal::ClockBehind { now, head });
    assert!(order_for_seat(&t.replay, session, DEVICE, head).is_ok());
    // What this machine's clock showed when it saw an entry counts as well.
    let mut late = t.clone();
    late.late = Span::from_secs(30);
    late.frozen(CAROL, Scope::Vault(late.vault));
    let seen = late.entries.last().unwrap().first_seen;
    let now = seen.minus(MILLI);
    assert!(now > late.treasury().time);
    let behind = order_for_seat(&late.replay, session, DEVICE, now).unwrap_err();
    assert_eq!(behind, SeatRefusal::ClockBehind { now, head: seen });
}

#[test]
fn a_seat_counts_a_delay_from_when_it_saw_the_approvals() {
    let mut t = Fixture::with_vault_under(PATIENT);
    let id = t.asked(100_000);
    // Dated now, first seen three hours later: a machine held them back, or dated them back.
    t.late = hours(3);
    t.approve(id, &[BOB, CAROL]);
    t.late = Span::ZERO;
    t.wait(hours(3));
    t.run(t.plan_act(id, 1));
    // By their own times the delay is over, and the fold, which knows no other, lets it start.
    let session = t.started(id);
    not_authorised(&t, session, "ready at");
    // Nor is a second session a way round it.
    t.run(aborted(session, &[]));
    let session = t.retried(id);
    not_authorised(&t, session, "ready at");
}

#[test]
fn a_start_that_is_dated_back_is_no_way_round_an_expiry() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    t.release(ALICE, id, HARDWARE);
    // Written as of now, while the approvals last; seen by this seat two days later.
    t.late = days(2);
    let run = t.signing(id, &[DEVICE, HARDWARE]);
    let first = run.session;
    t.run(Act::SigningStarted(run));
    t.late = Span::ZERO;
    t.wait(days(2));
    assert_eq!(refused(&t, first), SeatRefusal::ReleaseEnded(HARDWARE));
    t.run(aborted(first, &[]));
    let second = t.retried(id);
    not_authorised(&t, second, "its time ended at");
}

#[test]
fn a_retry_stands_on_what_the_first_start_stood_on() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    let session = t.started(id);
    t.run(aborted(session, &[]));
    // Approvals and the payout end, the policy is adopted anew, an approver goes.
    t.wait(days(3));
    t.enacted(policy(POLICY));
    t.enacted(suspension(CAROL));
    let session = t.retried(id);
    for seat in [DEVICE, HARDWARE] {
        assert!(ask(&t, session, seat).is_ok());
    }
    t.run(t.signed_act(id, session));
}

#[test]
fn a_retry_outlives_its_initiator() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    let session = t.started(id);
    t.run(aborted(session, &[]));
    // What has started can't be declined and does not lapse: it must be able to end.
    t.enacted(suspension(ALICE));
    t.release(BOB, id, HARDWARE);
    assert_eq!(t.next(), Some(Step::SignAgain(id, vec![DEVICE, HARDWARE])));
    let run = t.signing(id, &[DEVICE, HARDWARE]);
    let session = run.session;
    t.run(Act::SigningRetried(run));
    assert!(ask(&t, session, HARDWARE).is_ok());
    t.run(t.signed_act(id, session));
}

#[test]
fn a_retry_is_held_to_today_s_denials_and_limits() {
    let denial = r#"[[deny]]
name = "Small change"
scope = { total = { below = "0.002 BTC" } }

[[lane]]"#;
    let denial = POLICY.replace("[[lane]]", denial);
    let tight = POLICY.replace("0.01 BTC", "0.0005 BTC");
    for (text, because) in [(denial, "denied by `Small change`"), (tight, "over limit")] {
        let mut t = Fixture::new();
        let id = t.planned(100_000, 1);
        let session = t.started(id);
        t.run(aborted(session, &[]));
        t.release(BOB, id, HARDWARE);
        let before = t.retry_act(id);
        // A session that began before the adoption is judged by the policy of today, too.
        let mut running = t.clone();
        running.run(before);
        let Act::SigningRetried(run) = running.entries.last().unwrap().body.body().act.clone()
        else {
            panic!("a retry");
        };
        running.enacted(policy(&text));
        not_authorised(&running, run.session, because);
        t.enacted(policy(&text));
        let retry = t.retry_act(id);
        let illegal = t.refuses(retry);
        assert!(
            matches!(&illegal, IllegalEntry::Policy(why) if why.contains(because)),
            "{illegal}"
        );
        assert_eq!(t.next(), None);
    }
}

#[test]
fn a_retry_is_judged_at_the_seat_s_own_clock() {
    let deny = r#"[[deny]]
name = "After nine"
scope = { hours = [{ days = ["fri"], from = "09:00", to = "24:00" }] }

[[lane]]"#;
    let mut t = Fixture::with_vault_under(&POLICY.replace("[[lane]]", deny));
    let id = t.planned(100_000, 1);
    let session = t.started(id);
    t.run(aborted(session, &[]));
    // The founding was on a Friday at eight.
    t.now = dawn().plus(HOUR).minus(Span::from_secs(5));
    let session = t.retried(id);
    assert!(t.now < dawn().plus(HOUR) && ask(&t, session, DEVICE).is_ok());
    t.now = dawn().plus(HOUR);
    not_authorised(&t, session, "denied by `After nine`");
}

#[test]
fn a_retry_counts_what_settled_since_from_when_the_seat_saw_it() {
    let mut t = Fixture::with_vault_under(&POLICY.replace("0.01 BTC", "0.02 BTC"));
    let other = t.signed(400_000, 1);
    let id = t.planned(600_000, 2);
    let session = t.started(id);
    t.run(aborted(session, &[]));
    t.late = HOUR;
    t.run(t.confirmed(other));
    t.wait(HOUR);
    t.late = Span::ZERO;
    // 610,000 with the cap fit under the limit of today, and not beside 401,000.
    t.enacted(policy(&POLICY.replace("0.01 BTC", "0.0101 BTC")));
    t.wait(hours(23));
    let session = t.retried(id);
    not_authorised(&t, session, "over limit");
    t.run(aborted(session, &[]));
    t.wait(HOUR);
    let session = t.retried(id);
    assert!(ask(&t, session, DEVICE).is_ok());
}

#[test]
fn a_retry_counts_the_window_from_when_the_seat_saw_the_settlement() {
    let mut t = Fixture::new();
    let waiting = t.approved(600_000);
    let first = t.signed(400_000, 1);
    t.run(t.broadcast(first));
    let mut seat = t.clone();
    // The seat learns of the confirmation twelve hours late.
    seat.late = hours(12);
    for t in [&mut t, &mut seat] {
        t.by(CAROL, declined(waiting));
        t.run(t.confirmed(first));
        t.late = Span::ZERO;
        t.wait(days(1));
        let id = t.planned(600_000, 2);
        let session = t.started(id);
        t.run(aborted(session, &[]));
        let session = t.retried(id);
        if t.entries
            .iter()
            .any(|entry| entry.first_seen > entry.body.body().time)
        {
            not_authorised(t, session, "over limit");
        } else {
            assert!(ask(t, session, DEVICE).is_ok());
        }
    }
}
