//! A seat's own check, on its own replay, before it gives a share of a signature (rule 2).

use domain::{ProposalId, SeatId, SeatKind, SessionId, Timestamp};
use plans::SigningOrder;

use crate::facts::Replay;
use crate::state::{Decision, PayoutStage, PlanRecord, RunRecord, Treasury};

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
    let (_, payout) = treasury.payout(id).ok_or(SeatRefusal::UnknownSession)?;
    let vault = payout.vault();
    if !treasury.freezes_over(vault, Some(id)).is_empty() {
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
    let authorised = if run.attempt == 1 {
        replay.authorise(treasury, id, now)
    } else {
        replay.authorise_again(treasury, id, plan.entry, now)
    };
    let authorised = authorised
        .ok_or(SeatRefusal::UnknownSession)?
        .map_err(|e| SeatRefusal::NotAuthorised(e.to_string()))?;
    let view = treasury
        .vaults
        .get(&vault)
        .and_then(|record| record.view(vault))
        .ok_or(SeatRefusal::UnknownSession)?;
    let authorization = authorised
        .into_payout()
        .ok_or(SeatRefusal::UnknownSession)?;
    let anchor = plan.spends.first().copied();
    Ok(plans::order(
        authorization,
        plan.entry,
        &plan.planned,
        &view,
        anchor,
    )?)
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
