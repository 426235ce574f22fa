//! A seat's own check, on its own replay, before it gives a share of a signature (rule 2).

use domain::{ProposalId, SeatId, SeatKind, SessionId, Timestamp};
use plans::{SigningOrder, VaultView};
use policy::{Authorised, Authorization, Mandate, TransferAuthorization};

use crate::facts::Replay;
use crate::stage::{Anchor, PayoutStage, PlanBody, PlanRecord, RunRecord};
use crate::state::{BatchPlace, Decision, Treasury};

/// Why a seat gives no share of a signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SeatRefusal {
    /// This seat's journal knows of no such session.
    #[error("its journal has no such signing session")]
    UnknownSession,
    /// This seat takes no part in the session.
    #[error("it takes no part in the session")]
    NotMine,
    /// The clock is before the journal's last entry, or before what it showed then.
    #[error("its clock shows {now}, before the journal's last entry of {head}")]
    ClockBehind {
        /// The seat's clock.
        now: Timestamp,
        /// The latest time in the journal.
        head: Timestamp,
    },
    /// A restored journal waits for the governance quorum.
    #[error(
        "the journal was restored and the new machine is not yet accepted by the governance quorum"
    )]
    CandidatePending,
    /// A device seat of the session is on a machine that is lost.
    #[error("seat {0} of the session was lost with its machine")]
    Lost(SeatId),
    /// A freeze holds the payout.
    #[error("the payout is frozen")]
    Frozen,
    /// A seat of the session is banned.
    #[error("seat {0} of the session is banned")]
    Banned(SeatId),
    /// A release ended before the signature.
    #[error("the release of seat {0} has ended")]
    ReleaseEnded(SeatId),
    /// The policy does not allow it at this moment.
    #[error("the policy does not allow it: {0}")]
    NotAuthorised(String),
    /// The bytes are not what was approved.
    #[error("{0}")]
    Plan(#[from] plans::PlanMismatch),
    /// The bytes are not what was approved, on an EVM chain.
    #[error("{0}")]
    EvmPlan(Box<plans::EvmMismatch>),
}

/// Earns the order to sign, for one seat at its own clock: session, freeze, bans, releases,
/// approvals, policy and the transaction's bytes are all looked at anew. Nothing is taken from
/// whoever asks but the session's id.
pub fn order_for_seat(
    replay: &Replay,
    session: SessionId,
    seat: SeatId,
    now: Timestamp,
) -> Result<SigningOrder, SeatRefusal> {
    let treasury = replay.treasury().ok_or(SeatRefusal::UnknownSession)?;
    let head = replay.latest().ok_or(SeatRefusal::UnknownSession)?;
    if now < head {
        return Err(SeatRefusal::ClockBehind { now, head });
    }
    let (id, plan, run) = running(treasury, session).ok_or(SeatRefusal::UnknownSession)?;
    if !run.run.seats.contains(&seat) {
        return Err(SeatRefusal::NotMine);
    }
    if treasury.candidate.is_some() {
        return Err(SeatRefusal::CandidatePending);
    }
    let (record, payout) = treasury.payout(id).ok_or(SeatRefusal::UnknownSession)?;
    let vault = payout.vault();
    if treasury.is_held(vault, id, plan.cancels) {
        return Err(SeatRefusal::Frozen);
    }
    if let Some(banned) = run
        .run
        .seats
        .iter()
        .find(|seat| treasury.is_banned(vault, **seat))
    {
        return Err(SeatRefusal::Banned(*banned));
    }
    check_seats(treasury, vault, run, now)?;
    let view = treasury
        .vaults
        .get(&vault)
        .and_then(|record| record.view(vault))
        .ok_or(SeatRefusal::UnknownSession)?;
    let authorised = match (plan.cancels, run.attempt) {
        (Some(cancel), 1) => replay.authorise(treasury, cancel, now),
        (Some(_), _) => replay.authorise_cancel_again(plan.entry),
        (None, 1) if record.earlier.is_empty() => replay.authorise(treasury, id, now),
        (None, _) => replay.authorise_again(treasury, id, now),
    };
    let authorised = authorised
        .ok_or(SeatRefusal::UnknownSession)?
        .map_err(|e| SeatRefusal::NotAuthorised(e.to_string()))?;
    // The session has begun, so this very version counts as begun: the anchor is the first one's.
    let anchor = record.anchor().ok_or(SeatRefusal::UnknownSession)?;
    let right = Right::of(authorised, plan, record.batch).ok_or(SeatRefusal::UnknownSession)?;
    order(right, plan, &view, anchor)
}

/// What one transaction stands on.
enum Right {
    Pay(Authorization),
    Move(TransferAuthorization),
    Cancel(Mandate),
}

impl Right {
    fn of(authorised: Authorised, plan: &PlanRecord, place: Option<BatchPlace>) -> Option<Self> {
        match (authorised, plan.cancels, place) {
            (Authorised::Change(mandate), Some(_), _) => Some(Right::Cancel(mandate)),
            (Authorised::Payout(paying), None, None) => Some(Right::Pay(paying)),
            (Authorised::Batch(batch), None, Some(place)) => {
                batch.item(place.place).map(Right::Pay)
            }
            (Authorised::Change(sweep), None, Some(place)) => {
                sweep.transfer(place.place).map(Right::Move)
            }
            (Authorised::Payout(_) | Authorised::Batch(_), Some(_), _)
            | (Authorised::Payout(_), None, Some(_))
            | (Authorised::Batch(_) | Authorised::Change(_), None, None) => None,
        }
    }
}

fn order(
    right: Right,
    plan: &PlanRecord,
    view: &VaultView,
    anchor: Anchor,
) -> Result<SigningOrder, SeatRefusal> {
    let entry = plan.entry;
    match (&plan.body, anchor) {
        (PlanBody::Bitcoin(planned), Anchor::Outpoint(anchor)) => Ok(match right {
            Right::Pay(paying) => plans::order(paying, entry, planned, view, Some(anchor)),
            Right::Move(moving) => {
                plans::order_transfer(moving, entry, planned, view, Some(anchor))
            }
            Right::Cancel(mandate) => plans::order_cancel(mandate, entry, planned, view, anchor),
        }?),
        (PlanBody::Evm(planned), Anchor::Nonce(anchor)) => match right {
            Right::Pay(paying) => plans::order_evm(paying, entry, planned, view, Some(anchor)),
            Right::Move(moving) => {
                plans::order_evm_transfer(moving, entry, planned, view, Some(anchor))
            }
            Right::Cancel(mandate) => {
                plans::order_evm_cancel(mandate, entry, planned, view, anchor)
            }
        }
        .map_err(evm_plan),
        (PlanBody::Bitcoin(_), Anchor::Nonce(_)) | (PlanBody::Evm(_), Anchor::Outpoint(_)) => {
            Err(SeatRefusal::UnknownSession)
        }
    }
}

fn evm_plan(mismatch: plans::EvmMismatch) -> SeatRefusal {
    SeatRefusal::EvmPlan(Box::new(mismatch))
}

fn running(
    treasury: &Treasury,
    session: SessionId,
) -> Option<(ProposalId, &PlanRecord, &RunRecord)> {
    treasury
        .proposals
        .iter()
        .find_map(|(id, record)| match &record.decision {
            Decision::Payout(stage) => match stage.as_ref() {
                PayoutStage::Signing(plan, run) if run.run.session == session => {
                    Some((*id, plan, run))
                }
                PayoutStage::Signing(..)
                | PayoutStage::Planned(_)
                | PayoutStage::Aborted(..)
                | PayoutStage::Signed { .. }
                | PayoutStage::Confirmed { .. }
                | PayoutStage::Reverted { .. }
                | PayoutStage::Replaced { .. } => None,
            },
            Decision::Open
            | Decision::Declined { .. }
            | Decision::Lapsed
            | Decision::Enacted(_) => None,
        })
}

fn check_seats(
    treasury: &Treasury,
    vault: domain::VaultId,
    run: &RunRecord,
    now: Timestamp,
) -> Result<(), SeatRefusal> {
    let plan = &treasury
        .vaults
        .get(&vault)
        .ok_or(SeatRefusal::UnknownSession)?
        .plan;
    for id in &run.run.seats {
        let seat = plan.seat(*id).ok_or(SeatRefusal::UnknownSession)?;
        let given = run.live_releases(*id, now).len();
        match &seat.kind {
            SeatKind::Device => {
                if treasury.active_machine(seat.machine).is_none() {
                    return Err(SeatRefusal::Lost(*id));
                }
            }
            SeatKind::Hardware { .. } | SeatKind::Recovery { .. } => {
                if given < usize::from(seat.kind.openers()) {
                    return Err(SeatRefusal::ReleaseEnded(*id));
                }
            }
        }
    }
    Ok(())
}
