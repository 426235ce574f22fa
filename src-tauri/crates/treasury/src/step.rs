//! What is to be done next.

use std::collections::{BTreeMap, BTreeSet};

use domain::proposal::Cancel;
use domain::{Payout, ProposalId, Seat, SeatId, SeatKind, SessionId, Subject, Timestamp, VaultId};

use crate::enact::check_enactable;
use crate::facts::{Replay, check_authorised, has_ended, still_allowed};
use crate::governance::is_open;
use crate::stage::{Broadcasting, PayoutStage, PlanRecord};
use crate::state::{Decision, ProposalRecord, Treasury, VaultStage};
use crate::versions::{check_turn, next};

/// Shares that this machine can use at this moment, by vault: device seats whose file and keyring
/// secret are here, and seats that officers have just opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hands(pub BTreeMap<VaultId, BTreeSet<SeatId>>);

/// One thing that can be done without waiting for anybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Say that a proposal's time has passed.
    Lapse(ProposalId),
    /// Put an approved governance proposal into force.
    Enact(ProposalId),
    /// Close a key generation that was cut off.
    CloseKeygen(SessionId),
    /// Close a signing session that was cut off.
    CloseSigning(SessionId),
    /// Build and fix the transaction of an approved payout, or of an approved cancel of one.
    Plan(ProposalId),
    /// Sign the plan with these seats.
    Sign(ProposalId, Vec<SeatId>),
    /// Sign the same bytes anew with these seats.
    SignAgain(ProposalId, Vec<SeatId>),
    /// Hand the signed bytes to the node.
    Broadcast(ProposalId),
}

/// The first thing to do, if there is any. Watching the chain is no step: it is done at every turn.
///
/// `skip` holds proposals that were tried in this turn and could not go on (the node is down, funds
/// are missing), so that one payout never holds up another.
pub fn next_step(
    replay: &Replay,
    hands: &Hands,
    skip: &BTreeSet<ProposalId>,
    now: Timestamp,
) -> Option<Step> {
    let treasury = replay.treasury()?;
    if replay.latest().is_some_and(|latest| now < latest) {
        // A clock that was set back: nothing dated by it could be appended.
        return None;
    }
    let cut_off = treasury
        .vaults
        .values()
        .find_map(|vault| match vault.stage {
            VaultStage::Generating(session) => Some(Step::CloseKeygen(session)),
            VaultStage::Ordered | VaultStage::Ready { .. } => None,
        });
    if treasury.candidate.is_none() && cut_off.is_some() {
        return cut_off;
    }
    let at = At {
        replay,
        treasury,
        hands,
        skip,
        now,
    };
    let pending = treasury.candidate.as_ref().map(|(_, pending)| pending);
    treasury
        .proposals
        .iter()
        .filter(|(id, _)| !skip.contains(id))
        .filter(|(id, _)| pending.is_none_or(|pending| pending == *id))
        .find_map(|(id, record)| at.step_for(*id, record))
}

/// The treasury at a moment, and what is in hand.
struct At<'a> {
    replay: &'a Replay,
    treasury: &'a Treasury,
    hands: &'a Hands,
    skip: &'a BTreeSet<ProposalId>,
    now: Timestamp,
}

impl At<'_> {
    fn step_for(&self, id: ProposalId, record: &ProposalRecord) -> Option<Step> {
        if record.batch.is_some() && is_open(record) {
            // Its batch leads it until its signing begins.
            return None;
        }
        if is_open(record) && has_ended(self.treasury, id, record, self.now) {
            return Some(Step::Lapse(id));
        }
        if !record.items.is_empty() {
            return self.batch_step(id, record);
        }
        if let Subject::Cancel(cancel) = &record.proposal.subject {
            return self.cancel_step(id, record, cancel);
        }
        let Some(payout) = record.proposal.subject.payout() else {
            let enactable = matches!(record.decision, Decision::Open)
                && check_enactable(self.treasury, id, record, self.now).is_ok()
                && matches!(
                    self.replay.authorise(self.treasury, id, self.now),
                    Some(Ok(_))
                );
            return enactable.then_some(Step::Enact(id));
        };
        match &record.decision {
            Decision::Open => (!self.is_held(id, payout, None) && self.may_start(id, record))
                .then_some(Step::Plan(id)),
            Decision::Payout(stage) => self.payout_step(id, record, payout, stage),
            Decision::Declined { .. } | Decision::Lapsed | Decision::Enacted(_) => None,
        }
    }

    fn payout_step(
        &self,
        id: ProposalId,
        record: &ProposalRecord,
        payout: &Payout,
        stage: &PayoutStage,
    ) -> Option<Step> {
        let held = self.is_held(id, payout, stage.plan().cancels);
        match stage {
            PayoutStage::Signing(_, run) => Some(Step::CloseSigning(run.run.session)),
            // Another payout began with this nonce.
            PayoutStage::Planned(plan) if !held && check_turn(self.treasury, id, plan).is_err() => {
                self.may_begin(id, record, plan).then_some(Step::Plan(id))
            }
            PayoutStage::Planned(plan) if !held && self.may_begin(id, record, plan) => self
                .quorum(payout.vault(), plan)
                .map(|seats| Step::Sign(id, seats)),
            PayoutStage::Aborted(plan, _) if !held && self.may_go_on(id, record, plan) => self
                .quorum(payout.vault(), plan)
                .map(|seats| Step::SignAgain(id, seats)),
            PayoutStage::Signed {
                broadcast: Broadcasting::NotYet,
                ..
            } if !held => Some(Step::Broadcast(id)),
            PayoutStage::Signed {
                broadcast: Broadcasting::Dropped,
                ..
            } => Some(Step::Broadcast(id)),
            PayoutStage::Planned(_)
            | PayoutStage::Aborted(..)
            | PayoutStage::Signed { .. }
            | PayoutStage::Confirmed { .. }
            | PayoutStage::Reverted { .. }
            | PayoutStage::Replaced { .. } => None,
        }
    }

    /// What an approved batch or sweep leads until its signing begins.
    fn batch_step(&self, id: ProposalId, record: &ProposalRecord) -> Option<Step> {
        if !matches!(record.decision, Decision::Open) || !self.may_start(id, record) {
            return None;
        }
        let open = self.treasury.items(id).filter(|(_, item)| is_open(item));
        let open: Vec<_> = open.collect();
        match record.proposal.subject {
            Subject::Sweep(_) => self.first_that_can(&open),
            _ => self.first_in_order(&open),
        }
    }

    /// The payouts of a batch are planned in their order, so that their nonces follow each other; once all
    /// are, they are signed in it.
    fn first_in_order(&self, open: &[(ProposalId, &ProposalRecord)]) -> Option<Step> {
        if let Some((item, record)) = open.iter().find(|(_, item)| item.stage().is_none()) {
            return self.can_go(*item, record).then_some(Step::Plan(*item));
        }
        let (item, record) = open.first()?;
        self.item_step(*item, record)
    }

    /// Each transfer of a sweep goes as soon as it can. One from another account holds it up only where it
    /// brings it gas; those from its own are signed in their order, since a nonce that is left out is never
    /// taken any more and holds up all after it.
    fn first_that_can(&self, open: &[(ProposalId, &ProposalRecord)]) -> Option<Step> {
        let ready = |item, record| !self.treasury.waits_for_gas(item) && self.can_go(item, record);
        let mut unplanned = open.iter().filter(|(_, item)| item.stage().is_none());
        if let Some((item, _)) = unplanned.find(|(item, record)| ready(*item, record)) {
            return Some(Step::Plan(*item));
        }
        let mut accounts = BTreeSet::new();
        let account =
            |record: &ProposalRecord| record.proposal.subject.payout().map(Payout::account);
        open.iter()
            .filter(|(_, item)| item.stage().is_some())
            .filter(|(_, item)| accounts.insert(account(item)))
            .filter(|(item, record)| ready(*item, record))
            .find_map(|(item, record)| self.item_step(*item, record))
    }

    /// Neither held by a freeze nor tried in this turn.
    fn can_go(&self, item: ProposalId, record: &ProposalRecord) -> bool {
        let payout = record.proposal.subject.payout();
        !self.skip.contains(&item) && payout.is_some_and(|payout| !self.is_held(item, payout, None))
    }

    fn item_step(&self, item: ProposalId, record: &ProposalRecord) -> Option<Step> {
        let payout = record.proposal.subject.payout()?;
        let plan = record.stage()?.plan();
        if !self.can_go(item, record) {
            return None;
        }
        if check_turn(self.treasury, item, plan).is_err() {
            return Some(Step::Plan(item));
        }
        let seats = self.quorum(payout.vault(), plan)?;
        Some(Step::Sign(item, seats))
    }

    /// An approved cancel is planned as a version of its payout.
    fn cancel_step(
        &self,
        id: ProposalId,
        record: &ProposalRecord,
        cancel: &Cancel,
    ) -> Option<Step> {
        let (target, payout) = self.treasury.payout(cancel.payout)?;
        if let Some(PayoutStage::Planned(plan)) = target.stage()
            && plan.cancels.is_some()
            && self.may_begin(cancel.payout, target, plan)
        {
            // This or another cancel waits for its seats.
            return None;
        }
        let possible = matches!(record.decision, Decision::Open)
            && next(target, Some(id)).is_ok()
            && !self.is_held(cancel.payout, payout, Some(id))
            && self.may_start(id, record);
        possible.then_some(Step::Plan(id))
    }

    fn is_held(&self, id: ProposalId, payout: &Payout, cancels: Option<ProposalId>) -> bool {
        self.treasury.is_held(payout.vault(), id, cancels)
    }

    /// Whether signing of a planned version may begin.
    fn may_begin(&self, id: ProposalId, record: &ProposalRecord, plan: &PlanRecord) -> bool {
        match plan.cancels {
            None if record.is_open() => self.may_start(id, record),
            None => self.may_bump(id, record),
            Some(cancel) => self
                .treasury
                .proposals
                .get(&cancel)
                .is_some_and(|record| self.may_start(cancel, record)),
        }
    }

    /// By the times this machine saw things, as its seats will judge, and by their own, as the fold
    /// will: neither is always the stricter.
    fn may_start(&self, id: ProposalId, record: &ProposalRecord) -> bool {
        record.proposal.expires > self.now
            && check_authorised(self.treasury, id, record, self.now).is_ok()
            && matches!(
                self.replay.authorise(self.treasury, id, self.now),
                Some(Ok(_))
            )
    }

    fn may_go_on(&self, id: ProposalId, record: &ProposalRecord, plan: &PlanRecord) -> bool {
        match plan.cancels {
            None => self.may_bump(id, record),
            Some(_) => matches!(self.replay.authorise_cancel_again(plan.entry), Some(Ok(_))),
        }
    }

    fn may_bump(&self, id: ProposalId, record: &ProposalRecord) -> bool {
        still_allowed(self.treasury, id, record, self.now).is_ok()
            && matches!(
                self.replay.authorise_again(self.treasury, id, self.now),
                Some(Ok(_))
            )
    }

    /// t seats whose shares are in hand and allowed: opened seats first, since people stand by them.
    fn quorum(&self, vault: VaultId, plan: &PlanRecord) -> Option<Vec<SeatId>> {
        let record = self.treasury.vaults.get(&vault)?;
        let usable = self.hands.0.get(&vault)?;
        let openers = |id: &SeatId| record.plan.seat(*id).map_or(0, |seat| seat.kind.openers());
        let mut seats: Vec<SeatId> = usable
            .iter()
            .filter(|id| !self.treasury.is_banned(vault, **id))
            .filter_map(|id| record.plan.seat(*id))
            .filter(|seat| self.can_sign(seat, plan))
            .map(|seat| seat.id)
            .collect();
        seats.sort_by_key(|id| (std::cmp::Reverse(openers(id)), *id));
        let threshold = usize::from(record.plan.threshold());
        seats.truncate(threshold);
        seats.sort();
        (seats.len() == threshold).then_some(seats)
    }

    fn can_sign(&self, seat: &Seat, plan: &PlanRecord) -> bool {
        match &seat.kind {
            SeatKind::Device => self.treasury.active_machine(seat.machine).is_some(),
            SeatKind::Hardware { .. } | SeatKind::Recovery { .. } => {
                let given = plan.live_releases(seat.id, self.now).len();
                given >= usize::from(seat.kind.openers())
            }
        }
    }
}
