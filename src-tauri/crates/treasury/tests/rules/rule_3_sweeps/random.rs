//! Two sweeps of the same accounts and what people and the chain do to them, at random.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use domain::act::Scope;
use domain::{Act, ProposalId};
use proptest::prelude::*;
use treasury::{PayoutStage, Step};

use crate::fixture::*;

/// One thing that happens. Numbers pick among what there is.
#[derive(Debug, Clone, Copy)]
enum Happens {
    /// The machine goes on, but for one transfer that it can't plan or sign.
    Turn(u8),
    Released(bool),
    ReleasedAlone(u8),
    /// A session starts and ends without a signature.
    Aborts(u8),
    /// The chain shows what is out: final, without effect, or gone again.
    Seen(u8, u8),
    Cancelled(u8),
    Frozen(u8),
    Thawed,
    /// A policy is adopted anew, and the sweeps approved anew.
    Adopted,
}

fn happens() -> impl Strategy<Value = Happens> {
    use Happens::*;
    let n = any::<u8>;
    prop_oneof![
        8 => n().prop_map(Turn),
        5 => any::<bool>().prop_map(Released),
        3 => n().prop_map(ReleasedAlone),
        2 => n().prop_map(Aborts),
        8 => (n(), n()).prop_map(|(a, b)| Seen(a, b)),
        1 => n().prop_map(Cancelled),
        1 => n().prop_map(Frozen),
        2 => Just(Thawed),
        1 => Just(Adopted),
    ]
}

struct World {
    t: Fixture,
    sweeps: [ProposalId; 2],
    items: Vec<ProposalId>,
}

impl World {
    fn new() -> Self {
        static START: OnceLock<(Fixture, [ProposalId; 2], Vec<ProposalId>)> = OnceLock::new();
        let (t, sweeps, items) = START.get_or_init(|| {
            let mut t = Fixture::evm();
            let (one, mut items) = t.sweep_approved(&[
                brings_gas(2),
                collects(1, usd(), 7),
                collects(1, eth(), 7),
                collects(2, usd(), 7),
                brings_gas(3),
                collects(3, usd(), 7),
            ]);
            let moved = [
                collects(1, usd(), 9),
                brings_gas(3),
                collects(3, usd(), 9),
                collects(3, eth(), 9),
            ];
            let (two, others) = t.sweep_approved(&moved);
            items.extend(others);
            (t, [one, two], items)
        });
        let (t, sweeps, items) = (t.clone(), *sweeps, items.clone());
        Self { t, sweeps, items }
    }

    fn pick(&self, number: u8, of: impl Fn(&PayoutStage) -> bool) -> Option<ProposalId> {
        let stage = |id: &&ProposalId| self.t.treasury().proposals[*id].stage();
        let found: Vec<_> = { self.items.iter() }
            .filter(|id| stage(id).is_some_and(&of))
            .collect();
        let index = usize::from(number).checked_rem(found.len())?;
        Some(*found[index])
    }

    /// Says what may or may not be legal.
    fn say(&mut self, who: Option<Person>, act: Act) {
        let body = match who {
            Some(who) => self.t.says(who, act),
            None => self.t.notes(act),
        };
        let entry = self.t.link(body);
        if self.t.replay.push(&entry).is_ok() {
            self.t.entries.push(entry);
        }
    }

    fn attempt(&mut self, what: Happens) {
        match what {
            Happens::Turn(number) => self.turn(number),
            Happens::Released(first) => {
                let act = self.t.joint_release(self.sweeps[usize::from(first)]);
                self.say(Some(ALICE), act);
            }
            Happens::ReleasedAlone(number) => {
                let waits = |stage: &PayoutStage| {
                    matches!(stage, PayoutStage::Planned(_) | PayoutStage::Aborted(..))
                };
                if let Some(id) = self.pick(number, waits) {
                    let act = self.t.release_of(id, HARDWARE);
                    self.say(Some(BOB), act);
                }
            }
            Happens::Aborts(number) => {
                let Some(Step::Sign(id, seats)) = self.t.next_without(&self.skipped(number)) else {
                    return;
                };
                let run = self.t.signing(id, &seats);
                let session = run.session;
                self.t.run(Act::SigningStarted(run));
                self.t.run(aborted(session, &[]));
            }
            Happens::Seen(number, seen) => {
                let is_out = |stage: &PayoutStage| matches!(stage, PayoutStage::Signed { .. });
                let is_final = |stage: &PayoutStage| stage.is_final();
                let found = match seen % 8 {
                    7 => self.pick(number, is_final),
                    _ => self.pick(number, is_out),
                };
                let Some(id) = found else { return };
                let act = match seen % 8 {
                    0..=4 => self.t.confirmed(id),
                    5 => self.t.reverted(id),
                    6 => Act::Dropped(self.t.sighting(id)),
                    _ => Act::Reorged(self.t.sighting(id)),
                };
                self.say(None, act);
            }
            Happens::Cancelled(number) => {
                let is_out = |stage: &PayoutStage| matches!(stage, PayoutStage::Signed { .. });
                if let Some(id) = self.pick(number, is_out) {
                    self.t.evm_cancel_approved(id);
                }
            }
            Happens::Frozen(number) => {
                let all = [&self.items[..], &self.sweeps].concat();
                let id = all[usize::from(number) % all.len()];
                let act = self.t.freeze(Scope::Payout(id));
                self.say(Some(CAROL), act);
            }
            Happens::Thawed => {
                let freezes: Vec<_> = self.t.treasury().freezes.keys().copied().collect();
                if !freezes.is_empty() {
                    self.t.thawed(&freezes);
                }
            }
            Happens::Adopted => {
                self.t.enacted(policy(POLICY));
                for sweep in self.sweeps {
                    for who in [ALICE, BOB] {
                        let act = self.t.approval(sweep);
                        self.say(Some(who), act);
                    }
                }
            }
        }
    }

    fn skipped(&self, number: u8) -> Vec<ProposalId> {
        let skipped = self.items.get(usize::from(number));
        skipped.copied().into_iter().collect()
    }

    /// All that is named is taken, or the fixture panics.
    fn turn(&mut self, number: u8) {
        let mut skip = self.skipped(number % 16);
        while let Some(step) = self.t.next_without(&skip) {
            match &step {
                Step::Plan(id) if self.items.contains(id) => {
                    assert!(!self.t.treasury().waits_for_gas(*id), "it has no gas");
                    self.t.does(&step);
                }
                Step::Plan(cancel) => {
                    let act = self.cancelling(*cancel);
                    self.t.run(act);
                }
                Step::Sign(id, _) => {
                    let plan = self.t.plan_of(*id);
                    let waits = self.t.treasury().waits_for_gas(*id);
                    assert!(!waits || plan.version() > 1, "it has no gas");
                    self.t.does(&step);
                }
                _ => self.t.does(&step),
            }
            if let Step::Lapse(id) | Step::Enact(id) = step {
                skip.push(id);
            }
        }
    }

    fn cancelling(&self, cancel: ProposalId) -> Act {
        let proposal = &self.t.treasury().proposals[&cancel].proposal;
        let domain::Subject::Cancel(subject) = &proposal.subject else {
            panic!("a cancel");
        };
        let record = &self.t.treasury().proposals[&subject.payout];
        let version = record.versions().map(|plan| plan.version()).max().unwrap() + 1;
        let nonce = self.t.plan_of(subject.payout).nonce().unwrap().nonce;
        let account = self.t.account_of(subject.payout);
        // Ten gwei more each time.
        let fees = fees(20 + 10 * u128::from(version), 2 + u128::from(version));
        let draft = EvmDraft::cancelling_by(account, nonce).at(fees);
        draft.planned_by(receive(account), cancel, version)
    }

    fn check(&self) {
        let mut taken: BTreeMap<_, BTreeSet<u64>> = BTreeMap::new();
        for id in &self.items {
            let record = &self.t.treasury().proposals[id];
            let anchors: BTreeSet<_> = record.begun().map(|plan| plan.nonce().unwrap()).collect();
            assert!(anchors.len() <= 1, "two nonces for one transfer");
            for anchor in anchors {
                let own = whole_key(1).account(self.t.account_of(*id));
                assert_eq!(anchor.account, own);
                let once = taken
                    .entry(anchor.account)
                    .or_default()
                    .insert(anchor.nonce);
                assert!(once, "a nonce serves two transfers");
            }
        }
        for nonces in taken.values() {
            let all: Vec<u64> = nonces.iter().copied().collect();
            let in_line: Vec<u64> = (0..all.len() as u64).collect();
            assert_eq!(all, in_line, "a nonce is left out");
        }
        let uses = self.t.replay.facts(self.t.treasury(), self.t.now).uses;
        assert!(uses.iter().all(|used| used.legs.is_empty()));
    }
}

proptest! {
    #![proptest_config(crate::model::config())]

    #[test]
    fn transfers_take_their_nonces_in_line(all in proptest::collection::vec(happens(), 1..60)) {
        let mut world = World::new();
        for what in all {
            world.attempt(what);
            world.check();
        }
        let replayed = world.t.replayed();
        prop_assert_eq!(format!("{replayed:?}"), format!("{:?}", world.t.replay));
    }
}

#[test]
fn random_sweeps_come_far() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut settled = 0;
    for _ in 0..8 {
        let all = proptest::collection::vec(happens(), 60..61);
        let all = all.new_tree(&mut runner).unwrap().current();
        let mut world = World::new();
        all.into_iter().for_each(|what| world.attempt(what));
        let ends = world.items.iter().filter(|id| {
            let record = &world.t.treasury().proposals[*id];
            record.stage().is_some_and(PayoutStage::is_final)
        });
        settled += ends.count();
    }
    // Of ten each time.
    assert!(settled >= 24, "{settled}");
}
