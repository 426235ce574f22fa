//! Approvals: what they bind, and what ends them.

use domain::act::Approving;
use domain::{Act, EntryId, PolicyHash, ProposalId, Span, Subject};
use treasury::{Decision, IllegalEntry};

use crate::fixture::*;

fn uncounted(why: &str) -> IllegalEntry {
    IllegalEntry::Approval(why.to_owned())
}

const OTHER_POLICY: &str = "it was given under another policy than the one in force";

#[track_caller]
fn short(t: &Fixture, id: ProposalId, number: u8, missing: &str) {
    let refused = t.refuses(t.plan_act(id, number));
    assert!(
        matches!(&refused, IllegalEntry::Policy(why) if why.contains(missing)),
        "{refused}"
    );
}

#[test]
fn an_approval_binds_one_proposal_and_not_its_twin() {
    let mut t = Fixture::new();
    let payout = t.payout(vec![leg(1, 100_000)]);
    let first = t.propose(ALICE, Subject::Payout(payout.clone()));
    let twin = t.propose(ALICE, Subject::Payout(payout));
    assert_ne!(first, twin);
    t.approve(first, &[BOB, CAROL]);
    t.run(t.plan_act(first, 1));
    short(&t, twin, 2, "2 more of Founders");
    assert!(t.treasury().proposals[&twin].approvals.is_empty());
    // The twin is approved on its own, and an entry that approved the first can't be used again.
    let old = t.treasury().proposals[&first]
        .approvals
        .keys()
        .next()
        .copied();
    let old = t
        .entries
        .iter()
        .find(|entry| Some(entry.id()) == old)
        .unwrap();
    assert_eq!(t.refuses_body(old.body.clone()), IllegalEntry::Repeated);
}

#[test]
fn an_approval_of_nothing_is_refused() {
    let t = Fixture::new();
    let nothing = ProposalId::from_bytes([6; 32]);
    let refused = t.refuses_by(BOB, t.approval(nothing));
    let which = nothing.short();
    assert_eq!(
        refused,
        IllegalEntry::Unknown {
            what: "proposal",
            which
        }
    );
}

#[test]
fn an_approval_under_another_policy_is_refused() {
    let mut t = Fixture::new();
    let id = t.asked(100_000);
    let Act::Approved(right) = t.approval(id) else {
        panic!("an approval");
    };
    let policy = PolicyHash::from_bytes([1; 32]);
    let wrong = Approving { policy, ..right };
    assert_eq!(
        t.refuses_by(BOB, Act::Approved(wrong)),
        uncounted(OTHER_POLICY)
    );
    let adoption = EntryId::from_bytes([1; 32]);
    let wrong = Approving { adoption, ..right };
    assert_eq!(
        t.refuses_by(BOB, Act::Approved(wrong)),
        uncounted(OTHER_POLICY)
    );
    t.by(BOB, Act::Approved(right));
}

#[test]
fn approvals_after_policies_a_b_a_are_void() {
    let mut t = Fixture::new();
    let id = t.asked(100_000);
    t.approve(id, &[BOB]);
    // Carol's is signed under A and kept back.
    let saved = t.approval(id);
    let a = t.treasury().adoption.clone();
    let b = POLICY.replace("0.01 BTC", "0.02 BTC");
    t.enacted(policy(&b));
    assert_ne!(t.treasury().adoption.policy.hash(), a.policy.hash());
    assert_eq!(t.refuses_by(CAROL, saved.clone()), uncounted(OTHER_POLICY));
    t.enacted(policy(POLICY));
    assert_eq!(t.treasury().adoption.policy.hash(), a.policy.hash());
    assert_ne!(t.treasury().adoption.entry, a.entry);
    // The text is A's again; the adoption is not.
    assert_eq!(t.refuses_by(CAROL, saved), uncounted(OTHER_POLICY));
    short(&t, id, 1, "2 more of Founders");
    t.approve(id, &[CAROL]);
    short(&t, id, 1, "1 more of Founders");
    t.approve(id, &[BOB]);
    t.run(t.plan_act(id, 1));
}

#[test]
fn an_adoption_voids_governance_that_is_under_way_too() {
    let mut t = Fixture::new();
    let id = t.propose(ALICE, suspension(CAROL));
    t.approve(id, &[ALICE, BOB]);
    t.enacted(policy(POLICY));
    let enact = Act::Enacted { proposal: id };
    let refused = t.refuses(enact.clone());
    assert!(
        matches!(&refused, IllegalEntry::Policy(why) if why.contains("2 more of Founders")),
        "{refused}"
    );
    assert_eq!(t.next(), None);
    t.approve(id, &[ALICE, BOB]);
    t.run(enact);
}

#[test]
fn nothing_counts_after_a_decline() {
    let mut t = Fixture::new();
    let id = t.approved(100_000);
    let saved = t.plan_act(id, 1);
    t.by(BOB, declined(id));
    assert!(
        matches!(t.decision(id), Decision::Declined { by, reason } if *by == BOB.id() && reason == "not this one")
    );
    let closed = IllegalEntry::NotOpen(id);
    assert_eq!(t.refuses_by(ALICE, t.approval(id)), closed);
    assert_eq!(t.refuses(saved), closed);
    assert_eq!(t.next(), None);
    // Of governance as well.
    let id = t.propose(ALICE, suspension(CAROL));
    t.approve(id, &[ALICE, BOB]);
    t.by(CAROL, declined(id));
    assert_eq!(
        t.refuses(Act::Enacted { proposal: id }),
        IllegalEntry::NotOpen(id)
    );
}

#[test]
fn nothing_counts_after_its_time() {
    let mut t = Fixture::new();
    let id = t.asked(100_000);
    t.approve(id, &[BOB]);
    let change = t.propose(ALICE, suspension(CAROL));
    t.approve(change, &[ALICE, BOB]);
    t.wait(DAY);
    let over = uncounted("its time, or the proposal's, has passed");
    assert_eq!(t.refuses_by(CAROL, t.approval(id)), over);
    let enact = t.refuses(Act::Enacted { proposal: change });
    assert_eq!(
        enact,
        IllegalEntry::Proposal("its time has passed".to_owned())
    );
    let plan = t.refuses(t.plan_act(id, 1));
    assert_eq!(plan, IllegalEntry::Plan("its time has passed".to_owned()));
    t.run(lapsed(id));
    assert_eq!(
        t.refuses_by(CAROL, t.approval(id)),
        IllegalEntry::NotOpen(id)
    );
}

#[test]
fn an_approval_that_has_ended_is_refused_and_one_that_ends_counts_no_longer() {
    let mut t = Fixture::new();
    let id = t.asked(100_000);
    let over = uncounted("its time, or the proposal's, has passed");
    let ended = t.approval_for(id, Span::ZERO);
    assert_eq!(t.refuses_by(BOB, ended), over);
    let short_lived = t.approval_for(id, MINUTE);
    t.by(BOB, short_lived);
    t.approve(id, &[CAROL]);
    let mut in_time = t.clone();
    in_time.run(in_time.plan_act(id, 1));
    t.wait(MINUTE);
    short(&t, id, 1, "Bob's approval does not count: it ended at");
    // Given anew it counts, and stands beside nothing old.
    t.approve(id, &[BOB]);
    assert_eq!(t.treasury().proposals[&id].approvals.len(), 2);
    t.run(t.plan_act(id, 1));
}

#[test]
fn whoever_proposes_does_not_approve() {
    let mut t = Fixture::new();
    let id = t.asked(100_000);
    t.approve(id, &[ALICE, BOB]);
    short(
        &t,
        id,
        1,
        "Alice's approval does not count: the officer proposed it",
    );
    assert_eq!(t.next(), None);
    t.approve(id, &[CAROL]);
    t.run(t.plan_act(id, 1));
}

#[test]
fn one_person_counts_once() {
    let mut t = Fixture::new();
    let id = t.asked(100_000);
    t.approve(id, &[BOB]);
    t.wait(MINUTE);
    let again = uncounted("this officer's approval is there already");
    assert_eq!(t.refuses_by(BOB, t.approval(id)), again);
    short(&t, id, 1, "1 more of Founders");
}

#[test]
fn a_suspended_officer_s_approval_is_void() {
    let mut t = Fixture::new();
    let id = t.approved(100_000);
    let change = t.propose(ALICE, payee("Northwind", stranger(3)));
    t.approve(change, &[BOB, CAROL]);
    t.enacted(suspension(CAROL));
    // With three founders and one gone, a payout of Alice's can't be met any more.
    short(&t, id, 1, "1 of Founders would be missing");
    let refused = t.refuses(Act::Enacted { proposal: change });
    assert!(
        matches!(&refused, IllegalEntry::Policy(why) if why.contains("1 more of Founders")),
        "{refused}"
    );
    assert!(
        t.treasury().proposals[&change]
            .approved_by
            .contains(&CAROL.id())
    );
}

#[test]
fn somebody_who_is_in_no_group_counts_for_nothing() {
    let mut t = Fixture::new();
    let newcomer = ERIN.joining(t.treasury().id);
    t.enacted(joins(newcomer));
    let id = t.asked(100_000);
    t.approve(id, &[ERIN, BOB]);
    short(
        &t,
        id,
        1,
        "Erin's approval does not count: the officer is in none of the groups asked",
    );
}

#[test]
fn a_payee_is_paid_at_the_address_of_the_book() {
    let mut t = Fixture::new();
    t.enacted(payee("Northwind", stranger(3)));
    let named = |seed| {
        let mut named = leg(seed, 100_000);
        named.payee = Some(name("Northwind"));
        named
    };
    let wrong = Subject::Payout(t.payout(vec![named(4)]));
    let wrong = Act::Proposed(Box::new(t.proposal(wrong, DAY)));
    let because = format!(
        "the address book does not have Northwind at {}",
        stranger(4)
    );
    assert_eq!(t.refuses_by(ALICE, wrong), IllegalEntry::Proposal(because));
    let right = Subject::Payout(t.payout(vec![named(3)]));
    let id = t.propose(ALICE, right);
    t.approve(id, &[BOB, CAROL]);
    // The address is replaced after people have approved the name.
    let mut moved = t.clone();
    moved.enacted(payee("Northwind", stranger(5)));
    short(
        &moved,
        id,
        1,
        "pays an address that is not the one in the address book",
    );
    let taken = Act::Proposed(Box::new(t.proposal(payee("Southwind", stranger(3)), DAY)));
    let because = format!(
        "{} is in the address book already, as Northwind",
        stranger(3)
    );
    assert_eq!(t.refuses_by(ALICE, taken), IllegalEntry::Proposal(because));
    t.run(t.plan_act(id, 1));
}

#[test]
fn two_changes_that_exclude_each_other_are_not_both_enacted() {
    let mut t = Fixture::new();
    let ours = t.propose(ALICE, payee("Northwind", stranger(3)));
    let theirs = t.propose(BOB, payee("Southwind", stranger(3)));
    t.approve(ours, &[ALICE, BOB]);
    t.approve(theirs, &[ALICE, BOB]);
    t.run(Act::Enacted { proposal: ours });
    let because = format!(
        "{} is in the address book already, as Northwind",
        stranger(3)
    );
    let refused = t.refuses(Act::Enacted { proposal: theirs });
    assert_eq!(refused, IllegalEntry::Proposal(because));
    // Nor is the machine told to try it for ever.
    assert_eq!(t.next(), None);
    assert_eq!(
        t.refuses(Act::Enacted { proposal: ours }),
        IllegalEntry::NotOpen(ours)
    );
}
