//! Rule 7: any officer can stop it, only a quorum can start it.

use domain::act::{Freeze, Scope};
use domain::{Act, Author, LinkId, ProposalId, Subject, VaultId};
use treasury::{IllegalEntry, PayoutStage, Step};

use crate::fixture::*;

/// Five payouts, each one step further, and what that step is.
struct Stations {
    t: Fixture,
    approved: ProposalId,
    planned: ProposalId,
    released: ProposalId,
    aborted: ProposalId,
    signed: ProposalId,
}

fn stations() -> Stations {
    let mut t = Fixture::new();
    let signed = t.signed(10_000, 1);
    let aborted = t.planned(10_000, 2);
    let session = t.started(aborted);
    t.run(crate::fixture::aborted(session, &[]));
    t.release(BOB, aborted, HARDWARE);
    let released = t.planned(10_000, 3);
    t.release(ALICE, released, HARDWARE);
    let planned = t.planned(10_000, 4);
    let approved = t.approved(10_000);
    Stations {
        t,
        approved,
        planned,
        released,
        aborted,
        signed,
    }
}

impl Stations {
    /// What each payout would do next.
    fn steps(&mut self) -> Vec<(Option<Person>, Act)> {
        let start = self.t.start_act(self.released);
        let retry = self.t.retry_act(self.aborted);
        vec![
            (None, self.t.plan_act(self.approved, 5)),
            (Some(ALICE), self.t.release_of(self.planned, HARDWARE)),
            (None, start),
            (None, retry),
            (None, self.t.broadcast(self.signed)),
        ]
    }

    fn judge(&mut self) -> Vec<Result<(), IllegalEntry>> {
        let steps = self.steps();
        let judge = |(who, act)| {
            let body = match who {
                Some(who) => self.t.says(who, act),
                None => self.t.notes(act),
            };
            let entry = self.t.link(body);
            self.t.replay.clone().push(&entry)
        };
        steps.into_iter().map(judge).collect()
    }

    #[track_caller]
    fn all(&mut self, expected: &Result<(), IllegalEntry>) {
        for (at, judged) in self.judge().iter().enumerate() {
            assert_eq!(judged, expected, "step {at}");
        }
    }
}

#[test]
fn one_touch_stops_every_step_and_only_its_thaw_lets_them_go_on() {
    let mut s = stations();
    s.all(&Ok(()));
    let freeze = s.t.frozen(CAROL, Scope::Treasury);
    s.all(&Err(IllegalEntry::Frozen));
    for (who, act) in s.steps() {
        let refused = match who {
            Some(who) => s.t.refuses_by(who, act),
            None => s.t.refuses(act),
        };
        assert_eq!(refused, IllegalEntry::Frozen);
    }
    assert_eq!(s.t.next(), None);
    s.t.thawed(&[freeze]);
    s.all(&Ok(()));
}

#[test]
fn a_freeze_reaches_its_scope_and_no_further() {
    let mut s = stations();
    let vault = s.t.vault;
    let mut other = s.t.clone();
    let second = other.vault_of(layout("Second", other.host.machine.id()));
    s.t = other;
    s.t.frozen(ALICE, Scope::Vault(second));
    s.all(&Ok(()));
    let mut one = s.t.clone();
    one.frozen(BOB, Scope::Payout(s.released));
    let mut one = Stations { t: one, ..s };
    let judged = one.judge();
    let frozen = [false, false, true, false, false];
    for (at, frozen) in frozen.into_iter().enumerate() {
        let expected = if frozen {
            Err(IllegalEntry::Frozen)
        } else {
            Ok(())
        };
        assert_eq!(judged[at], expected, "step {at}");
    }
    one.t.frozen(CAROL, Scope::Vault(vault));
    one.all(&Err(IllegalEntry::Frozen));
}

#[test]
fn a_machine_can_stop_it_too() {
    let mut s = stations();
    let freeze = s.t.freeze(Scope::Treasury);
    s.t.run(freeze);
    s.all(&Err(IllegalEntry::Frozen));
    let record = s.t.treasury().freezes.values().next().unwrap();
    assert_eq!(record.officer, None);
}

#[test]
fn the_freeze_key_signs_nothing_but_a_freeze() {
    let mut t = Fixture::new();
    let id = t.planned(100_000, 1);
    let open = t.asked(100_000);
    let freeze = t.frozen(ALICE, Scope::Payout(open));
    let thaw = Act::Proposed(Box::new(t.proposal(thaw(&[freeze]), DAY)));
    let release = t.release_of(id, HARDWARE);
    let clock = Act::ClockConfirmed { time: t.now };
    for act in [thaw, release, clock, t.approval(open), declined(open)] {
        let touched = t.touches(ALICE, act);
        assert_eq!(t.refuses_body(touched), IllegalEntry::FreezeKeyMisused);
    }
    // With the PIN, slot 9c can freeze as well.
    let body = t.says(BOB, t.freeze(Scope::Treasury));
    t.take(body);
    assert_eq!(t.treasury().freezes.len(), 2);
}

#[test]
fn the_freeze_key_of_a_stranger_freezes_nothing() {
    let t = Fixture::new();
    let freeze = t.freeze(Scope::Treasury);
    let stranger = t.touches(DORA, freeze.clone());
    assert_eq!(
        t.refuses_body(stranger),
        IllegalEntry::UnknownOfficer(DORA.id())
    );
    let as_machine = Author::Machine(ALICE.freeze_key().public().machine_id());
    let machine = t.body(as_machine, &ALICE.freeze_key(), freeze);
    assert!(matches!(
        t.refuses_body(machine),
        IllegalEntry::UnknownMachine(_)
    ));
}

#[test]
fn governance_works_while_everything_is_frozen() {
    let mut t = Fixture::new();
    let freeze = t.frozen(CAROL, Scope::Treasury);
    t.enacted(payee("Northwind", stranger(3)));
    t.enacted(policy(POLICY));
    t.enacted(suspension(CAROL));
    let payout = t.asked(100_000);
    t.approve(payout, &[BOB]);
    let id = t.propose(ALICE, thaw(&[freeze]));
    t.approve(id, &[ALICE, BOB]);
    assert_eq!(t.next(), Some(Step::Enact(id)));
    t.run(Act::Enacted { proposal: id });
    assert!(t.treasury().freezes.is_empty());
}

#[test]
fn a_thaw_needs_the_quorum() {
    let mut t = Fixture::new();
    let freeze = t.frozen(CAROL, Scope::Treasury);
    let id = t.propose(ALICE, thaw(&[freeze]));
    t.approve(id, &[ALICE]);
    let enact = Act::Enacted { proposal: id };
    let refused = t.refuses(enact.clone());
    assert!(
        matches!(&refused, IllegalEntry::Policy(why) if why.contains("1 more of Founders")),
        "{refused}"
    );
    // One decline, and it stays.
    let mut declined = t.clone();
    declined.by(CAROL, crate::fixture::declined(id));
    assert_eq!(declined.refuses(enact.clone()), IllegalEntry::NotOpen(id));
    t.approve(id, &[CAROL]);
    t.run(enact);
}

#[test]
fn a_thaw_names_the_freezes_it_lifts() {
    let mut t = Fixture::new();
    let because = |why: String| IllegalEntry::Proposal(why);
    let nothing = Act::Proposed(Box::new(t.proposal(thaw(&[]), DAY)));
    let names = because("a thaw names the freezes it lifts".to_owned());
    assert_eq!(t.refuses_by(ALICE, nothing), names);
    let first = t.frozen(CAROL, Scope::Treasury);
    let second = t.frozen(BOB, Scope::Vault(t.vault));
    t.thawed(&[first]);
    assert_eq!(t.treasury().freezes.keys().collect::<Vec<_>>(), [&second]);
    // Lifted is not in force, and neither is an entry that froze nothing.
    let unknown = t.entries[3].id();
    for freeze in [first, unknown] {
        let act = Act::Proposed(Box::new(t.proposal(thaw(&[second, freeze]), DAY)));
        let refused = t.refuses_by(ALICE, act);
        let not = format!("freeze {} is not in force", freeze.short());
        assert_eq!(refused, because(not));
    }
}

#[test]
fn a_thaw_saved_for_a_later_freeze_does_not_lift_it() {
    let mut t = Fixture::new();
    let first = t.frozen(CAROL, Scope::Treasury);
    // Approved by all, and kept.
    let saved = t.propose(ALICE, thaw(&[first]));
    t.approve(saved, &[ALICE, BOB]);
    let second = t.frozen(CAROL, Scope::Treasury);
    t.run(Act::Enacted { proposal: saved });
    assert_eq!(t.treasury().freezes.keys().collect::<Vec<_>>(), [&second]);
    let id = t.approved(100_000);
    assert_eq!(t.refuses(t.plan_act(id, 1)), IllegalEntry::Frozen);
    // It is used up.
    assert_eq!(
        t.refuses(Act::Enacted { proposal: saved }),
        IllegalEntry::NotOpen(saved)
    );
}

#[test]
fn a_second_thaw_of_the_same_freeze_lifts_nothing() {
    let mut t = Fixture::new();
    let first = t.frozen(CAROL, Scope::Treasury);
    let spare = t.propose(BOB, thaw(&[first]));
    t.approve(spare, &[ALICE, BOB]);
    t.thawed(&[first]);
    t.frozen(CAROL, Scope::Treasury);
    let refused = t.refuses(Act::Enacted { proposal: spare });
    let not = format!("freeze {} is not in force", first.short());
    assert_eq!(refused, IllegalEntry::Proposal(not));
    // And nobody is told to try.
    assert_eq!(t.next(), None);
}

#[test]
fn a_suspended_officer_s_earlier_freeze_stays_and_later_ones_are_refused() {
    let mut t = Fixture::new();
    let freeze = t.frozen(CAROL, Scope::Treasury);
    t.enacted(suspension(CAROL));
    assert!(t.treasury().freezes.contains_key(&freeze));
    let later = t.touches(CAROL, t.freeze(Scope::Treasury));
    assert_eq!(
        t.refuses_body(later),
        IllegalEntry::UnknownOfficer(CAROL.id())
    );
}

#[test]
fn a_freeze_names_a_head_of_this_history() {
    let mut t = Fixture::new();
    let at = |head: LinkId| {
        Act::Frozen(Freeze {
            scope: Scope::Treasury,
            head,
            reason: note("moved"),
        })
    };
    let elsewhere = LinkId::from_bytes([5; 32]);
    let refused = t.refuses_body(t.touches(ALICE, at(elsewhere)));
    let which = elsewhere.short();
    assert_eq!(
        refused,
        IllegalEntry::Unknown {
            what: "journal head",
            which
        }
    );
    // One that the officer saw a while ago is of this history.
    let seen = t.entries[2].link.id();
    let body = t.touches(ALICE, at(seen));
    t.take(body);
}

#[test]
fn a_dropped_freeze_entry_relinked_is_a_broken_chain() {
    let mut t = Fixture::new();
    let before = t.clone();
    t.frozen(CAROL, Scope::Treasury);
    // A second freeze, made at the head that the first one gave.
    let second = t.touches(ALICE, t.freeze(Scope::Treasury));
    let entry = t.link(second.clone());
    t.append(entry.clone());
    // The first is dropped. The second as it was linked does not follow, and linked anew it speaks of
    // a head that this history does not have.
    let expected = before.treasury().sequence + 1;
    let actual = expected + 1;
    assert_eq!(
        before.refuses_entry(&entry),
        IllegalEntry::OutOfOrder { expected, actual }
    );
    let mut later = before.clone();
    later.now = t.now;
    let relinked = later.refuses_body(second);
    assert!(
        matches!(
            relinked,
            IllegalEntry::Unknown {
                what: "journal head",
                ..
            }
        ),
        "{relinked}"
    );
}

#[test]
fn a_freeze_of_what_is_not_there_is_refused() {
    let mut t = Fixture::new();
    let unknown = |what, which: String| IllegalEntry::Unknown { what, which };
    let vault = VaultId::from_bytes([4; 32]);
    let refused = t.refuses_body(t.touches(ALICE, t.freeze(Scope::Vault(vault))));
    assert_eq!(refused, unknown("vault", vault.short()));
    let change = t.propose(ALICE, suspension(CAROL));
    for payout in [change, ProposalId::from_bytes([4; 32])] {
        let refused = t.refuses_body(t.touches(ALICE, t.freeze(Scope::Payout(payout))));
        assert_eq!(refused, unknown("payout", payout.short()));
    }
}

#[test]
fn what_is_already_out_still_confirms_while_frozen() {
    let mut t = Fixture::new();
    let out = t.signed(10_000, 1);
    t.run(t.broadcast(out));
    let dropped = t.signed(10_000, 2);
    t.run(t.broadcast(dropped));
    t.frozen(CAROL, Scope::Treasury);
    t.run(t.confirmed(out));
    assert!(matches!(t.stage(out), PayoutStage::Confirmed { .. }));
    t.run(Act::Reorged(t.sighting(out)));
    t.run(t.confirmed(out));
    // The same bytes went out before the freeze: they can't be called back, and go out again.
    t.run(Act::Dropped(t.sighting(dropped)));
    assert_eq!(t.next(), Some(Step::Broadcast(dropped)));
    t.run(t.broadcast(dropped));
    t.run(t.confirmed(dropped));
}

#[test]
fn a_session_that_runs_into_a_freeze_ends_and_its_bytes_stay() {
    let mut t = Fixture::new();
    let id = t.planned(10_000, 1);
    let session = t.started(id);
    t.frozen(CAROL, Scope::Payout(id));
    let mut signed = t.clone();
    // The last round was over before the freeze came: the bytes are kept, and not sent.
    signed.run(signed.signed_act(id, session));
    assert_eq!(signed.refuses(signed.broadcast(id)), IllegalEntry::Frozen);
    assert_eq!(signed.next(), None);
    assert_eq!(t.next(), Some(Step::CloseSigning(session)));
    t.run(aborted(session, &[]));
    assert_eq!(t.next(), None);
}

#[test]
fn no_key_is_made_while_frozen() {
    let mut t = Fixture::new();
    let id = t.enacted(Subject::Vault(layout("Second", t.host.machine.id())));
    let vault = VaultId::from_bytes(*id.as_bytes());
    let session = t.session();
    let running = {
        let mut running = t.clone();
        running.run(keygen(vault, session));
        running.frozen(ALICE, Scope::Vault(vault));
        running
    };
    let ready = Act::VaultReady(Box::new(running.vault_ready(vault, session)));
    assert_eq!(running.refuses(ready), IllegalEntry::Frozen);
    assert_eq!(running.next(), Some(Step::CloseKeygen(session)));
    t.frozen(ALICE, Scope::Treasury);
    assert_eq!(t.refuses(keygen(vault, session)), IllegalEntry::Frozen);
}
