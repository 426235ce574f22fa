//! What is to be done next.

use std::collections::{BTreeMap, BTreeSet};

use domain::{ProposalId, SeatId, SeatKind, SessionId, Timestamp, VaultId};

use crate::facts::Replay;
use crate::governance::is_open;
use crate::state::{
    Broadcasting, Decision, PayoutStage, PlanRecord, ProposalRecord, Treasury, VaultStage,
};

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
    /// Build and fix the transaction of an approved payout.
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
    treasury
        .proposals
        .iter()
        .filter(|(id, _)| !skip.contains(id))
        .filter(|(id, _)| {
            treasury
                .candidate
                .as_ref()
                .is_none_or(|(_, pending)| pending == *id)
        })
        .find_map(|(id, record)| step_for(replay, treasury, *id, record, hands, now))
}

fn step_for(
    replay: &Replay,
    treasury: &Treasury,
    id: ProposalId,
    record: &ProposalRecord,
    hands: &Hands,
    now: Timestamp,
) -> Option<Step> {
    if is_open(record) && record.proposal.expires <= now {
        return Some(Step::Lapse(id));
    }
    let authorised = || matches!(replay.authorise(treasury, id, now), Some(Ok(_)));
    let payout = record.proposal.subject.payout();
    let frozen = payout.is_some_and(|p| !treasury.freezes_over(p.vault(), Some(id)).is_empty());
    match (&record.decision, payout) {
        (Decision::Open, None) => authorised().then_some(Step::Enact(id)),
        (Decision::Open, Some(_)) => (!frozen && authorised()).then_some(Step::Plan(id)),
        (Decision::Payout(stage), Some(payout)) => match stage.as_ref() {
            PayoutStage::Signing(_, run) => Some(Step::CloseSigning(run.run.session)),
            PayoutStage::Planned(plan) if !frozen && authorised() => {
                quorum(treasury, payout.vault(), plan, hands, now)
                    .map(|seats| Step::Sign(id, seats))
            }
            PayoutStage::Aborted(plan, _) if !frozen => {
                quorum(treasury, payout.vault(), plan, hands, now)
                    .map(|seats| Step::SignAgain(id, seats))
            }
            PayoutStage::Signed {
                broadcast: Broadcasting::NotYet,
                ..
            } if !frozen => Some(Step::Broadcast(id)),
            PayoutStage::Signed {
                broadcast: Broadcasting::Dropped,
                ..
            } => Some(Step::Broadcast(id)),
            PayoutStage::Planned(_)
            | PayoutStage::Aborted(..)
            | PayoutStage::Signed { .. }
            | PayoutStage::Confirmed { .. }
            | PayoutStage::Replaced { .. } => None,
        },
        (Decision::Payout(_), None)
        | (Decision::Declined { .. } | Decision::Lapsed | Decision::Enacted(_), _) => None,
    }
}

/// t seats whose shares are in hand and allowed: opened seats first, since people stand by them.
fn quorum(
    treasury: &Treasury,
    vault: VaultId,
    plan: &PlanRecord,
    hands: &Hands,
    now: Timestamp,
) -> Option<Vec<SeatId>> {
    let record = treasury.vaults.get(&vault)?;
    let usable = hands.0.get(&vault)?;
    let allowed = |id: &&SeatId| {
        !treasury.is_banned(vault, **id)
            && record.plan.seat(**id).is_some_and(|seat| match &seat.kind {
                SeatKind::Device => treasury.active_machine(seat.machine).is_some(),
                SeatKind::Hardware { .. } | SeatKind::Recovery { .. } => {
                    plan.live_releases(**id, now).len() >= usize::from(seat.kind.openers())
                }
            })
    };
    let mut seats: Vec<SeatId> = usable.iter().filter(allowed).copied().collect();
    let opened = |id: &SeatId| record.plan.seat(*id).map_or(0, |seat| seat.kind.openers());
    seats.sort_by_key(|id| (std::cmp::Reverse(opened(id)), *id));
    seats.truncate(record.plan.threshold().into());
    (seats.len() == usize::from(record.plan.threshold())).then(|| {
        seats.sort();
        seats
    })
}
