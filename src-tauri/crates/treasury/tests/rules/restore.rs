//! A machine takes over a restored journal: it holds everything until the quorum accepts it, and
//! afterwards the lost machine's key never counts again.

use domain::act::Scope;
use domain::roster::MachineChange;
use domain::{Act, Author, Entry, LinkId, Proposal, ProposalId, Subject};
use treasury::{Decision, IllegalEntry, PayoutStage, SeatRefusal, Step, order_for_seat};

use crate::fixture::*;

/// The journal as restored: a planned payout, a signing session that was cut off, and one waiting.
struct Restored {
    t: Fixture,
    planned: ProposalId,
    cut_off: ProposalId,
    waiting: ProposalId,
    lost: Host,
}

fn restored() -> Restored {
    let mut t = Fixture::new();
    let planned = t.planned(10_000, 1);
    let cut_off = t.planned(10_000, 2);
    t.started(cut_off);
    let waiting = t.approved(10_000);
    let lost = t.host.clone();
    Restored {
        t,
        planned,
        cut_off,
        waiting,
        lost,
    }
}

/// Machine 2 proposes, by Alice's hand, to take over here and now.
fn candidate(t: &mut Fixture) -> ProposalId {
    let next = host(2);
    let proposal = t.takeover(&next);
    t.host = next;
    t.proposed(ALICE, proposal)
}

fn accepted(t: &mut Fixture) -> ProposalId {
    let id = candidate(t);
    t.approve(id, &[ALICE, BOB]);
    t.run(Act::Enacted { proposal: id });
    id
}

#[track_caller]
fn not_proposed(t: &Fixture, proposal: &Proposal, key: &Key, because: &str) {
    let body = t.says(ALICE, Act::Proposed(Box::new(proposal.clone())));
    let place = (t.treasury().sequence + 1, Some(t.treasury().head));
    let refused = t.refuses_entry(&t.link_at(place, body, key));
    assert_eq!(refused, IllegalEntry::Proposal(because.to_owned()));
}

#[test]
fn a_candidate_holds_everything_but_its_own_acceptance_and_freezes() {
    let Restored {
        mut t,
        planned,
        cut_off,
        waiting,
        ..
    } = restored();
    let id = candidate(&mut t);
    let pending = IllegalEntry::CandidatePending;
    let PayoutStage::Signing(_, run) = t.stage(cut_off).clone() else {
        panic!("it was being signed");
    };
    let start = t.start_act(planned);
    for act in [
        t.plan_act(waiting, 3),
        start,
        aborted(run.run.session, &[]),
        t.signed_act(cut_off, run.run.session),
        lapsed(waiting),
        Act::Enacted { proposal: waiting },
    ] {
        assert_eq!(t.refuses(act), pending);
    }
    let other = Act::Proposed(Box::new(t.proposal(suspension(CAROL), DAY)));
    for act in [
        other,
        t.approval(waiting),
        declined(waiting),
        t.release_of(planned, HARDWARE),
    ] {
        assert_eq!(t.refuses_by(ALICE, act), pending);
    }
    // Nothing but its acceptance is asked for.
    assert_eq!(t.next(), None);
    t.frozen(CAROL, Scope::Payout(waiting));
    t.by(BOB, Act::ClockConfirmed { time: t.now });
    t.approve(id, &[ALICE]);
    let short = t.refuses(Act::Enacted { proposal: id });
    assert!(
        matches!(&short, IllegalEntry::Policy(why) if why.contains("1 more of Founders")),
        "{short}"
    );
    t.approve(id, &[CAROL]);
    assert_eq!(t.next(), Some(Step::Enact(id)));
    t.run(Act::Enacted { proposal: id });
    assert!(t.treasury().candidate.is_none());
    assert_eq!(t.next(), Some(Step::CloseSigning(run.run.session)));
}

#[test]
fn while_it_waits_only_the_candidate_links() {
    let Restored { mut t, lost, .. } = restored();
    candidate(&mut t);
    let place = (t.treasury().sequence + 1, Some(t.treasury().head));
    let freeze = t.touches(CAROL, t.freeze(Scope::Treasury));
    let unknown = IllegalEntry::UnknownMachine(lost.machine.id());
    let old = t.link_at(place, freeze.clone(), &lost.key);
    assert_eq!(t.refuses_entry(&old), unknown);
    let third = host(3);
    let other = t.link_at(place, freeze, &third.key);
    assert_eq!(
        t.refuses_entry(&other),
        IllegalEntry::UnknownMachine(third.machine.id())
    );
    // Nor does the lost machine speak.
    let author = Author::Machine(lost.machine.id());
    let said = t.body(author, &lost.key, t.freeze(Scope::Treasury));
    assert_eq!(t.refuses_body(said), unknown);
}

#[test]
fn the_lost_machine_s_key_is_never_trusted_again() {
    let Restored {
        mut t,
        lost,
        waiting,
        ..
    } = restored();
    accepted(&mut t);
    let id = lost.machine.id();
    assert_eq!(t.treasury().machine_today(id), t.host.machine.id());
    assert!(t.treasury().active_machine(id).is_none());
    let unknown = IllegalEntry::UnknownMachine(id);
    let place = (t.treasury().sequence + 1, Some(t.treasury().head));
    let linked = t.link_at(place, t.says(BOB, t.freeze(Scope::Treasury)), &lost.key);
    assert_eq!(t.refuses_entry(&linked), unknown);
    let said = t.body(Author::Machine(id), &lost.key, t.plan_act(waiting, 3));
    assert_eq!(t.refuses_body(said), unknown);
    // It is no candidate either.
    let mut back = t.takeover(&lost);
    not_proposed(
        &t,
        &back,
        &t.host.key,
        "the machine that takes over is on the roster already",
    );
    let Subject::Machine(change) = &mut back.subject else {
        panic!("a takeover");
    };
    change.machine = host(3).machine;
    change.replaces = id;
    not_proposed(
        &t,
        &back,
        &host(3).key,
        "the machine to be replaced is not on the roster",
    );
    let id = t.approved(10_000);
    t.run(t.plan_act(id, 3));
}

#[test]
fn what_was_not_being_signed_ends_with_a_takeover() {
    // Since the backup the lost machine may have signed what this journal only knows as approved or
    // planned. It is not paid by surprise: whoever wants it paid proposes it anew.
    let Restored {
        mut t,
        planned,
        cut_off,
        waiting,
        ..
    } = restored();
    let change = t.propose(ALICE, suspension(CAROL));
    t.approve(change, &[ALICE, BOB]);
    accepted(&mut t);
    for id in [planned, waiting] {
        assert!(matches!(t.decision(id), Decision::Lapsed));
        assert_eq!(t.refuses_by(BOB, t.approval(id)), IllegalEntry::NotOpen(id));
    }
    let reserved = t.treasury().reserved_outpoints(None);
    assert!(!reserved.contains(&coin(1).outpoint()));
    // What was being signed keeps its anchor, and changes are approved anew.
    assert!(reserved.contains(&coin(2).outpoint()));
    assert!(matches!(t.stage(cut_off), PayoutStage::Signing(..)));
    assert!(t.is_open(change));
    let enact = Act::Enacted { proposal: change };
    assert!(matches!(t.refuses(enact.clone()), IllegalEntry::Policy(_)));
    t.approve(change, &[ALICE, BOB]);
    t.run(enact);
}

#[test]
fn device_seats_are_lost_with_their_machine_and_the_others_sign_on() {
    let Restored { mut t, cut_off, .. } = restored();
    accepted(&mut t);
    let Some(Step::CloseSigning(session)) = t.next() else {
        panic!("the session was cut off");
    };
    t.run(aborted(session, &[]));
    t.release(BOB, cut_off, HARDWARE);
    let retry = t.retry_act(cut_off);
    let lost = IllegalEntry::Signing("seat 1 was lost with its machine".to_owned());
    assert_eq!(t.refuses(retry), lost);
    // Not with the device seat, though all shares are said to be in hand.
    assert_eq!(t.next(), None);
    t.release(ALICE, cut_off, RECOVERY);
    t.release(CAROL, cut_off, RECOVERY);
    let rest = vec![HARDWARE, RECOVERY];
    assert_eq!(t.next(), Some(Step::SignAgain(cut_off, rest)));
    let run = t.signing(cut_off, &[HARDWARE, RECOVERY]);
    let session = run.session;
    t.run(Act::SigningRetried(run));
    for seat in [HARDWARE, RECOVERY] {
        assert!(order_for_seat(&t.replay, session, seat, t.now).is_ok());
    }
    t.run(t.signed_act(cut_off, session));
    t.run(t.broadcast(cut_off));
    t.run(t.confirmed(cut_off));
    // A payout of afterwards starts with them, and not with the lost one.
    let id = t.planned(10_000, 3);
    t.release(BOB, id, HARDWARE);
    let start = t.start_act(id);
    assert_eq!(t.refuses(start), lost);
}

#[test]
fn no_seat_signs_in_a_session_of_before_the_loss() {
    let Restored { mut t, cut_off, .. } = restored();
    let PayoutStage::Signing(_, run) = t.stage(cut_off).clone() else {
        panic!("it was being signed");
    };
    let ask = |t: &Fixture| order_for_seat(&t.replay, run.run.session, HARDWARE, t.now).map(drop);
    assert_eq!(ask(&t), Ok(()));
    let id = candidate(&mut t);
    assert_eq!(ask(&t), Err(SeatRefusal::CandidatePending));
    t.approve(id, &[ALICE, BOB]);
    t.run(Act::Enacted { proposal: id });
    assert_eq!(ask(&t), Err(SeatRefusal::Lost(DEVICE)));
}

#[test]
fn a_declined_candidate_is_nobody() {
    let Restored {
        mut t,
        lost,
        waiting,
        ..
    } = restored();
    let id = candidate(&mut t);
    t.approve(id, &[ALICE, BOB]);
    t.by(CAROL, declined(id));
    assert!(t.treasury().candidate.is_none());
    assert!(matches!(t.decision(id), Decision::Declined { .. }));
    let unknown = IllegalEntry::UnknownMachine(t.host.machine.id());
    assert_eq!(t.refuses(Act::Enacted { proposal: id }), unknown);
    assert_eq!(t.refuses_by(ALICE, t.approval(waiting)), unknown);
    // The machine that was to be replaced goes on.
    t.host = lost;
    assert_eq!(
        t.refuses(Act::Enacted { proposal: id }),
        IllegalEntry::NotOpen(id)
    );
    t.run(t.plan_act(waiting, 3));
}

#[test]
fn a_candidate_whose_time_passes_is_nobody() {
    let Restored { mut t, .. } = restored();
    let id = candidate(&mut t);
    t.approve(id, &[ALICE, BOB]);
    t.wait(DAY);
    let over = IllegalEntry::Proposal("its time has passed".to_owned());
    assert_eq!(t.refuses(Act::Enacted { proposal: id }), over);
    assert_eq!(t.next(), Some(Step::Lapse(id)));
    t.run(lapsed(id));
    assert!(t.treasury().candidate.is_none());
    let unknown = IllegalEntry::UnknownMachine(t.host.machine.id());
    assert_eq!(
        t.refuses_by(ALICE, Act::ClockConfirmed { time: t.now }),
        unknown
    );
}

#[test]
fn one_candidate_waits_at_a_time() {
    let Restored { mut t, .. } = restored();
    candidate(&mut t);
    let second = host(3);
    let proposal = t.takeover(&second);
    let body = t.says(BOB, Act::Proposed(Box::new(proposal)));
    let place = (t.treasury().sequence + 1, Some(t.treasury().head));
    let unknown = IllegalEntry::UnknownMachine(second.machine.id());
    let own = t.link_at(place, body.clone(), &second.key);
    assert_eq!(t.refuses_entry(&own), unknown);
    assert_eq!(t.refuses_body(body), IllegalEntry::CandidatePending);
}

#[test]
fn a_takeover_is_linked_by_the_machine_that_takes_over_at_the_end_it_names() {
    let Restored { mut t, lost, .. } = restored();
    let next = host(2);
    let right = t.takeover(&next);
    let change = |change: &dyn Fn(&mut MachineChange)| {
        let mut wrong = right.clone();
        if let Subject::Machine(machine) = &mut wrong.subject {
            change(machine);
        }
        wrong
    };
    not_proposed(
        &t,
        &right,
        &lost.key,
        "it is not linked by the machine that takes over",
    );
    let older = t.entries[3].link.id();
    for head in [older, LinkId::from_bytes([1; 32])] {
        let wrong = change(&|c| c.head = head);
        not_proposed(
            &t,
            &wrong,
            &next.key,
            "it names another end of the restored journal",
        );
    }
    let nobody = change(&|c| c.machine.administrators.clear());
    let because = "at least one administrator of the machine is recorded";
    not_proposed(&t, &nobody, &next.key, because);
    let officer = change(&|c| c.machine.key = ALICE.sign_key().public());
    let because = "the machine that takes over has an officer's key";
    not_proposed(&t, &officer, &ALICE.sign_key(), because);
    let replaces_itself = change(&|c| c.replaces = c.machine.id());
    let because = "the machine to be replaced is not on the roster";
    not_proposed(&t, &replaces_itself, &next.key, because);
    // Another machine than the one that is proposed links nothing.
    let third = host(3);
    let body = t.says(ALICE, Act::Proposed(Box::new(right.clone())));
    let place = (t.treasury().sequence + 1, Some(t.treasury().head));
    let entry: Entry = t.link_at(place, body, &third.key);
    assert_eq!(
        t.refuses_entry(&entry),
        IllegalEntry::UnknownMachine(third.machine.id())
    );
    t.host = next;
    t.proposed(ALICE, right);
}

#[test]
fn a_takeover_by_no_officer_is_refused() {
    let Restored { mut t, .. } = restored();
    let next = host(2);
    let proposal = Act::Proposed(Box::new(t.takeover(&next)));
    t.host = next.clone();
    let stranger = t.says(DORA, proposal.clone());
    assert_eq!(
        t.refuses_body(stranger),
        IllegalEntry::UnknownOfficer(DORA.id())
    );
    let itself = t.body(Author::Machine(next.machine.id()), &next.key, proposal);
    assert_eq!(
        t.refuses_body(itself),
        IllegalEntry::UnknownMachine(next.machine.id())
    );
}

#[test]
fn a_key_ordered_before_the_loss_is_not_made_with_a_lost_seat() {
    let mut t = Fixture::bare();
    let id = t.enacted(Subject::Vault(layout("Main", t.host.machine.id())));
    let vault = domain::VaultId::from_bytes(*id.as_bytes());
    accepted(&mut t);
    let session = t.session();
    let why = "seat 1: its machine is not on the roster; order it anew".to_owned();
    assert_eq!(
        t.refuses(keygen(vault, session)),
        IllegalEntry::Vault { vault, why }
    );
}
