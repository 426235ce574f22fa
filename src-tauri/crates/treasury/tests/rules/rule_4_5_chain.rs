//! Rules 4 and 5: refusal is the default, and what is stored is what was signed. Broken chains, forged
//! authors, foreign and unknown entries.

use domain::act::Scope;
use domain::dsse::{BODY_TYPE, Envelope, EnvelopeError};
use domain::entry::{Body, Draft, EntryError, FormatVersion, SignedBody};
use domain::key::KeyError;
use domain::{Act, Author, Entry, LinkId, Subject, TreasuryId};
use treasury::{IllegalEntry, Replay};

use crate::fixture::*;

/// A journal with a bit of everything, the next entry to be judged.
fn journal() -> Fixture {
    let mut t = Fixture::new();
    t.planned(100_000, 1);
    t
}

fn clock(t: &Fixture) -> Act {
    Act::ClockConfirmed { time: t.now }
}

#[track_caller]
fn broken(entries: &[Entry], at: usize, by: &IllegalEntry) {
    match Replay::of(entries) {
        Err((place, illegal)) => {
            assert_eq!(place, entries[at].sequence());
            assert_eq!(illegal, *by);
        }
        Ok(_) => panic!("a broken journal replays"),
    }
}

#[test]
fn an_entry_out_of_its_place_is_refused() {
    let t = journal();
    let next = t.treasury().sequence + 1;
    let head = Some(t.treasury().head);
    for sequence in [0, next - 1, next + 1, u64::MAX] {
        let body = t.says(ALICE, clock(&t));
        let refused = t.refuses_entry(&t.link_at((sequence, head), body, &t.host.key));
        let (expected, actual) = (next, sequence);
        assert_eq!(refused, IllegalEntry::OutOfOrder { expected, actual });
    }
}

#[test]
fn an_entry_that_does_not_follow_the_head_is_refused() {
    let t = journal();
    let next = t.treasury().sequence + 1;
    let before = t.entries[t.entries.len() - 2].link.id();
    for previous in [None, Some(before), Some(LinkId::from_bytes([7; 32]))] {
        let body = t.says(ALICE, clock(&t));
        let refused = t.refuses_entry(&t.link_at((next, previous), body, &t.host.key));
        assert_eq!(refused, IllegalEntry::BrokenChain);
    }
}

#[test]
fn dropped_entries_break_the_chain() {
    let t = journal();
    for at in 0..t.entries.len() - 1 {
        let mut entries = t.entries.clone();
        entries.remove(at);
        let actual = entries[at].sequence();
        let refused = match at {
            0 => IllegalEntry::Founding("the first entry is no founding".to_owned()),
            _ => IllegalEntry::OutOfOrder {
                expected: actual - 1,
                actual,
            },
        };
        broken(&entries, at, &refused);
    }
}

#[test]
fn duplicated_entries_break_the_chain() {
    let t = journal();
    for at in 1..t.entries.len() {
        let mut entries = t.entries.clone();
        entries.insert(at, entries[at].clone());
        let actual = entries[at].sequence();
        let expected = actual + 1;
        broken(
            &entries,
            at + 1,
            &IllegalEntry::OutOfOrder { expected, actual },
        );
    }
}

#[test]
fn reordered_entries_break_the_chain() {
    let t = journal();
    for at in 1..t.entries.len() - 1 {
        let mut entries = t.entries.clone();
        entries.swap(at, at + 1);
        let (expected, actual) = (entries[at + 1].sequence(), entries[at].sequence());
        broken(&entries, at, &IllegalEntry::OutOfOrder { expected, actual });
    }
}

#[test]
fn a_dropped_entry_that_is_linked_over_breaks_the_chain() {
    // The machine itself leaves an approval out and links what followed anew.
    let t = journal();
    let founding = t.entries[0].clone();
    let mut head = (founding.sequence(), founding.link.id());
    let mut entries = vec![founding];
    for entry in t.entries.iter().skip(1) {
        if matches!(entry.body.body().act, Act::Approved(_)) {
            continue;
        }
        let place = (head.0 + 1, Some(head.1));
        let again = t.link_at(place, entry.body.clone(), &t.host.key);
        head = (again.sequence(), again.link.id());
        entries.push(again);
    }
    // Linked well, and still no journal: without the approvals the vault was never decided.
    let Err((place, IllegalEntry::Policy(why))) = Replay::of(&entries) else {
        panic!("it must be refused by policy");
    };
    assert!(matches!(
        entries[usize::try_from(place).unwrap()].body.body().act,
        Act::Enacted { .. }
    ));
    assert!(why.contains("2 more of Founders"), "{why}");
}

#[test]
fn a_link_that_names_another_body_is_refused() {
    let t = journal();
    let (one, other) = (
        t.link(t.says(ALICE, clock(&t))),
        t.link(t.says(BOB, clock(&t))),
    );
    let swapped = Entry {
        body: one.body,
        ..other
    };
    assert_eq!(t.refuses_entry(&swapped), IllegalEntry::BrokenChain);
}

#[test]
fn a_link_binds_the_very_signatures() {
    let t = journal();
    let draft = t.draft(Author::Officer(ALICE.id()), clock(&t));
    // The same body, signed once by Alice and once by somebody else: one id, two entries.
    let hers = draft
        .clone()
        .sign(&ALICE.sign_key().signs(draft.digest()))
        .unwrap();
    let his = draft
        .clone()
        .sign(&BOB.sign_key().signs(draft.digest()))
        .unwrap();
    assert_eq!(hers.id(), his.id());
    let mut entry = t.link(hers);
    entry.body = his;
    assert_eq!(t.refuses_entry(&entry), IllegalEntry::BrokenChain);
}

#[test]
fn the_same_body_twice_is_refused() {
    let mut t = journal();
    let body = t.says(ALICE, clock(&t));
    t.take(body.clone());
    assert_eq!(t.refuses_body(body), IllegalEntry::Repeated);
    // Also when it is long ago: a freeze, an approval, a founding.
    for at in 1..t.entries.len() {
        let old = t.entries[at].body.clone();
        assert_eq!(t.refuses_body(old), IllegalEntry::Repeated);
    }
    assert_eq!(
        t.refuses_body(t.entries[0].body.clone()),
        IllegalEntry::Repeated
    );
}

#[test]
fn a_second_founding_is_refused() {
    let t = journal();
    let mut other = founding(POLICY, &[host(1).machine]);
    other.nonce.0 = vec![8; 32];
    let entry = founding_entry(&other, &FOUNDERS, &host(1).key);
    let refused = t.refuses_body(entry.body);
    assert_eq!(refused, IllegalEntry::OtherTreasury);
}

#[test]
fn an_entry_of_another_treasury_is_refused() {
    let t = journal();
    let elsewhere = |treasury| {
        let draft = Draft::new(Body {
            version: FormatVersion,
            treasury: Some(treasury),
            time: t.now,
            author: Author::Officer(ALICE.id()),
            act: clock(&t),
        })
        .unwrap();
        let signatures = ALICE.sign_key().signs(draft.digest());
        draft.sign(&signatures).unwrap()
    };
    let foreign = elsewhere(TreasuryId::from_bytes([9; 32]));
    assert_eq!(t.refuses_body(foreign), IllegalEntry::OtherTreasury);
    let mut t = t.clone();
    t.take(elsewhere(t.treasury().id));
}

#[test]
fn an_approval_of_another_treasury_s_twin_is_refused() {
    // Two treasuries of the same people under the same policy, and the very same proposal.
    let mut one = Fixture::new();
    let mut other = founding(POLICY, &[host(1).machine]);
    other.nonce.0 = vec![8; 32];
    let mut two = Fixture::of(&other).unwrap();
    two.now = one.now;
    let proposal = one.proposal(suspension(CAROL), DAY);
    let here = one.proposed(ALICE, proposal.clone());
    let there = two.proposed(ALICE, proposal);
    assert_ne!(here, there);
    let theirs = two.says(BOB, two.approval(there));
    assert_eq!(one.refuses_body(theirs), IllegalEntry::OtherTreasury);
}

#[test]
fn time_does_not_go_backwards() {
    let mut t = journal();
    let last = t.treasury().time;
    let actual = last.minus(MILLI);
    t.now = actual;
    let body = t.says(ALICE, clock(&t));
    assert_eq!(
        t.refuses_body(body),
        IllegalEntry::ClockBehind { last, actual }
    );
    t.now = last;
    let body = t.says(ALICE, clock(&t));
    t.take(body);
}

#[test]
fn a_freeze_counts_though_the_journal_went_on_while_its_key_blinked() {
    let mut t = journal();
    let last = t.treasury().time;
    let minute = domain::Span::from_secs(60);
    t.now = last.minus(minute).minus(MILLI);
    let actual = t.now;
    let kept = t.touches(CAROL, t.freeze(Scope::Treasury));
    assert_eq!(
        t.refuses_body(kept),
        IllegalEntry::ClockBehind { last, actual },
        "one that somebody kept back"
    );
    t.now = last.minus(minute);
    let overtaken = t.touches(CAROL, t.freeze(Scope::Treasury));
    t.take(overtaken);
    assert_eq!(t.treasury().time, last, "the journal's time stays");
}

#[test]
fn an_officer_signs_as_nobody_else() {
    let t = journal();
    let not_hers = IllegalEntry::Signature(EnvelopeError::NotSignedBy);
    let forged = t.body(Author::Officer(BOB.id()), &ALICE.sign_key(), clock(&t));
    assert_eq!(t.refuses_body(forged), not_hers);
    // Nor with the key that opens seats, nor with the freeze key of another.
    let opened = t.body(Author::Officer(ALICE.id()), &ALICE.open_key(), clock(&t));
    assert_eq!(t.refuses_body(opened), not_hers);
    let freeze = t.freeze(Scope::Treasury);
    let borrowed = t.body(Author::Officer(BOB.id()), &ALICE.freeze_key(), freeze);
    assert_eq!(t.refuses_body(borrowed), not_hers);
    // Nor does a machine speak for an officer, or an officer for a machine.
    let machine = t.body(Author::Officer(ALICE.id()), &t.host.key, clock(&t));
    assert_eq!(t.refuses_body(machine), not_hers);
    let enact = Act::Enacted {
        proposal: domain::ProposalId::from_bytes([1; 32]),
    };
    let officer = t.body(
        Author::Machine(t.host.machine.id()),
        &ALICE.sign_key(),
        enact,
    );
    assert_eq!(t.refuses_body(officer), not_hers);
}

#[test]
fn a_signature_that_names_a_key_and_is_not_its_own_is_refused() {
    let t = journal();
    let draft = t.draft(Author::Officer(BOB.id()), clock(&t));
    // Alice's signature under Bob's key id: the draft checks it, so it is put together by hand.
    let signature = ALICE.sign_key().sign(draft.digest());
    let honest = draft
        .sign(
            &BOB.sign_key()
                .signs(t.draft(Author::Officer(BOB.id()), clock(&t)).digest()),
        )
        .unwrap();
    let named = [(BOB.sign_key().public().key_id(), signature)];
    let forged = Envelope::assemble(BODY_TYPE, honest.envelope().payload(), &named).unwrap();
    let forged = SignedBody::parse(forged.as_bytes()).unwrap();
    assert_eq!(forged.id(), honest.id());
    let wrong = IllegalEntry::Signature(EnvelopeError::Key(KeyError::Wrong));
    assert_eq!(t.refuses_body(forged), wrong);
}

#[test]
fn a_stranger_is_refused() {
    let t = journal();
    let body = t.says(DORA, clock(&t));
    assert_eq!(
        t.refuses_body(body),
        IllegalEntry::UnknownOfficer(DORA.id())
    );
    let stranger = host(9);
    let author = Author::Machine(stranger.machine.id());
    let body = t.body(author, &stranger.key, t.freeze(Scope::Treasury));
    let unknown = IllegalEntry::UnknownMachine(stranger.machine.id());
    assert_eq!(t.refuses_body(body), unknown);
    // A link by a machine that is not on the roster, or by an officer's key.
    let place = (t.treasury().sequence + 1, Some(t.treasury().head));
    let link = |key: &Key| t.link_at(place, t.says(ALICE, clock(&t)), key);
    assert_eq!(t.refuses_entry(&link(&stranger.key)), unknown);
    let as_machine = ALICE.sign_key().public().machine_id();
    let by_officer = t.refuses_entry(&link(&ALICE.sign_key()));
    assert_eq!(by_officer, IllegalEntry::UnknownMachine(as_machine));
}

#[test]
fn a_suspended_officer_is_refused() {
    let mut t = journal();
    let open = t.asked(100_000);
    t.enacted(suspension(CAROL));
    let unknown = IllegalEntry::UnknownOfficer(CAROL.id());
    for act in [
        clock(&t),
        t.approval(open),
        declined(open),
        t.freeze(Scope::Treasury),
    ] {
        assert_eq!(t.refuses_by(CAROL, act), unknown);
    }
    let proposal = Act::Proposed(Box::new(t.proposal(suspension(ALICE), DAY)));
    assert_eq!(t.refuses_by(CAROL, proposal), unknown);
    let touch = t.touches(CAROL, t.freeze(Scope::Treasury));
    assert_eq!(t.refuses_body(touch), unknown);
}

#[test]
fn officers_and_machines_keep_to_their_parts() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    let open = t.asked(100_000);
    let takeover = t.takeover(&host(2));
    let wrong = |act: &'static str, author| IllegalEntry::WrongAuthor { act, author };
    let release = t.release_of(id, HARDWARE);
    for act in [
        t.approval(open),
        declined(open),
        release,
        clock(&t),
        Act::Proposed(Box::new(takeover)),
    ] {
        let name = act.name();
        assert_eq!(t.refuses(act), wrong(name, "a machine"));
    }
    let session = t.session();
    let start = t.start_act(id);
    let retry = t.retry_act(id);
    let ready = t.vault_ready(t.vault, session);
    for act in [
        lapsed(open),
        Act::Enacted { proposal: open },
        keygen(t.vault, session),
        Act::KeygenAborted(abort(session, &[])),
        Act::VaultReady(Box::new(ready)),
        t.plan_act(open, 2),
        start,
        retry,
        aborted(session, &[]),
        t.signed_act(id, session),
        t.broadcast(id),
        t.confirmed(id),
        Act::Reorged(t.sighting(id)),
        Act::Dropped(t.sighting(id)),
        t.replaced(id),
    ] {
        let name = act.name();
        assert_eq!(t.refuses_by(ALICE, act), wrong(name, "an officer"));
    }
}

/// A body with something in its payload changed, signed anew by its author.
fn respelled(t: &Fixture, act: Act, from: &str, to: &str) -> Result<SignedBody, EntryError> {
    let draft = t.draft(Author::Officer(ALICE.id()), act);
    let honest = draft
        .clone()
        .sign(&ALICE.sign_key().signs(draft.digest()))
        .unwrap();
    let text = String::from_utf8(honest.envelope().payload().to_vec()).unwrap();
    assert!(text.contains(from), "{text}");
    let payload = text.replacen(from, to, 1).into_bytes();
    let digest = domain::dsse::digest(BODY_TYPE, &payload);
    let key = ALICE.sign_key();
    let named = [(key.public().key_id(), key.sign(&digest))];
    let envelope = Envelope::assemble(BODY_TYPE, &payload, &named).unwrap();
    SignedBody::parse(envelope.as_bytes())
}

#[test]
fn what_is_not_understood_is_a_parse_error() {
    let t = journal();
    let malformed = |from: &str, to: &str, why: &str| match respelled(&t, clock(&t), from, to) {
        Err(EntryError::Malformed { reason, .. }) => assert!(reason.contains(why), "{reason}"),
        other => panic!("{other:?}"),
    };
    malformed(
        "clock_confirmed",
        "coffee_made",
        "unknown variant `coffee_made`",
    );
    malformed("\"version\":1", "\"version\":2", "version 2 is unknown");
    malformed(
        "\"version\":1",
        "\"version\":1,\"version\":1",
        "duplicate field",
    );
    malformed(
        "\"version\":1",
        "\"version\":1,\"colour\":1",
        "unknown field `colour`",
    );
    malformed("{\"version\"", "{ \"version\"", "not in its one spelling");
    assert!(respelled(&t, clock(&t), "\"version\":1", "\"version\":1").is_ok());
}

#[test]
fn the_first_entry_is_a_founding_linked_by_a_founding_machine() {
    let t = Fixture::bare();
    let alone = t.link_at((0, None), t.says(ALICE, clock(&t)), &t.host.key);
    let none = IllegalEntry::Founding("the first entry is no founding".to_owned());
    assert_eq!(Replay::default().push(&alone), Err(none));
    let body = t.entries[0].body.clone();
    let first = |place, key: &Key| {
        let entry = t.link_at(place, body.clone(), key);
        Replay::default().push(&entry)
    };
    let (expected, actual) = (0, 1);
    let later = IllegalEntry::OutOfOrder { expected, actual };
    assert_eq!(first((1, None), &t.host.key), Err(later));
    let previous = Some(LinkId::from_bytes([1; 32]));
    assert_eq!(
        first((0, previous), &t.host.key),
        Err(IllegalEntry::BrokenChain)
    );
    let stranger = host(9);
    let unknown = IllegalEntry::UnknownMachine(stranger.machine.id());
    assert_eq!(first((0, None), &stranger.key), Err(unknown));
    assert_eq!(first((0, None), &t.host.key), Ok(()));
}

#[test]
fn a_proposal_is_made_once_and_for_a_while() {
    let mut t = Fixture::new();
    let because = |why: &str| IllegalEntry::Proposal(why.to_owned());
    let nonce = because("its nonce has 16 bytes");
    let span = because("it expires in the future and within 90 d");
    let act = |p: domain::Proposal| Act::Proposed(Box::new(p));
    let mut bare = t.proposal(suspension(CAROL), DAY);
    bare.nonce.0.pop();
    assert_eq!(t.refuses_by(ALICE, act(bare)), nonce);
    let over = t.proposal(suspension(CAROL), domain::Span::ZERO);
    assert_eq!(t.refuses_by(ALICE, act(over)), span);
    let long = t.proposal(
        suspension(CAROL),
        domain::Span::from_millis(90 * 86_400_000 + 1),
    );
    assert_eq!(t.refuses_by(ALICE, act(long)), span);
    let longest = t.proposal(suspension(CAROL), days(90));
    t.proposed(ALICE, longest);
    let payout = Subject::Payout(t.payout(vec![leg(1, 1_000)]));
    let mut unknown = t.clone();
    unknown.vault = domain::VaultId::from_bytes([3; 32]);
    let nowhere = Subject::Payout(unknown.payout(vec![leg(1, 1_000)]));
    let nowhere = act(t.proposal(nowhere, DAY));
    assert_eq!(
        t.refuses_by(ALICE, nowhere),
        because("there is no such vault")
    );
    t.propose(ALICE, payout);
}
