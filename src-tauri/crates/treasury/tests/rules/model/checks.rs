//! What must hold after each entry.

use std::collections::BTreeSet;

use domain::act::Release;
use domain::{Amount, OfficerId, ProposalId, Span, Timestamp};
use treasury::{Decision, PayoutStage, next_step, order_for_seat};

use super::world::World;
use crate::fixture::*;

/// What [`POLICY`] lets out in a day.
const LIMIT: u64 = 1_000_000;
impl World {
    /// Everything that could be done next would be taken.
    pub fn check_steps(&mut self) {
        self.write_as_of(Span::ZERO);
        let hands = self.t.hands();
        let mut skip = BTreeSet::new();
        while let Some(step) = next_step(&self.t.replay, &hands, &skip, self.wall) {
            assert!(
                skip.insert(self.subject_of(&step)),
                "skipped, and named again"
            );
            let Some(act) = self.act_of(&step) else {
                continue;
            };
            let entry = self.t.link(self.t.notes(act));
            let judged = self.t.replay.clone().push(&entry);
            assert_eq!(judged, Ok(()), "{step:?} was named");
        }
    }

    /// What is reserved, and what settled within a day before `now`, fees included. Of a sweep nothing
    /// leaves, and governance alone decides what it costs.
    fn used(&self, now: Timestamp) -> u64 {
        let of = |id: &ProposalId| {
            let (record, payout) = self.t.treasury().payout(*id)?;
            if self.sweep_of(*id).is_some() {
                return None;
            }
            let Amount::Btc(paid) = payout.total().unwrap() else {
                panic!("not in bitcoin");
            };
            let Decision::Payout(stage) = &record.decision else {
                return None;
            };
            match stage.as_ref() {
                PayoutStage::Replaced { .. } => None,
                PayoutStage::Confirmed { time, plan, .. } => {
                    let Amount::Btc(fee) = plan.fee else {
                        panic!("not in bitcoin");
                    };
                    (time.plus(DAY) > now).then(|| paid.get() + fee.get())
                }
                _ => Some(paid.get() + FEE_CAP),
            }
        };
        self.proposals.iter().filter_map(of).sum()
    }

    pub fn check(&mut self) {
        for (id, open) in &self.open {
            assert!(open.len() <= 1, "two sessions of {id:?}");
        }
        assert!(
            self.starts.values().all(|starts| *starts == 1),
            "started twice"
        );
        // A reorg brings a use back that had left the window; nothing else may go over.
        let used = self.used(self.t.treasury().time);
        assert!(
            used <= LIMIT || self.reorged,
            "{used} satoshi are out or may go"
        );
        let mut spent = BTreeSet::new();
        for id in self.payouts() {
            let stage = self.t.stage(id);
            if !matches!(stage, PayoutStage::Replaced { .. }) {
                let once = stage.plan().spends().iter().all(|coin| spent.insert(*coin));
                assert!(once, "a coin serves two payouts");
            }
            self.check_seats(id);
        }
    }

    /// What a seat signs is not frozen, and is what the journal says.
    fn check_seats(&self, id: ProposalId) {
        let PayoutStage::Signing(plan, run) = self.t.stage(id) else {
            return;
        };
        for seat in [DEVICE, HARDWARE, RECOVERY] {
            let asked = order_for_seat(&self.t.replay, run.run.session, seat, self.wall);
            let Ok(order) = asked else { continue };
            assert!(run.run.seats.contains(&seat));
            assert_eq!((order.plan(), order.proposal()), (plan.entry, id));
            for id in [Some(id), self.sweep_of(id)].into_iter().flatten() {
                let frozen = self.t.treasury().freezes_over(self.t.vault, Some(id));
                assert!(frozen.is_empty(), "a seat signs what is frozen");
            }
            let lives = |(_, release): &(OfficerId, Release)| release.expires > self.wall;
            assert!(run.releases.values().any(lives), "no release is in force");
        }
    }
}
