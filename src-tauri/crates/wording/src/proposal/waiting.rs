//! What a proposal waits for, and for whom.

use domain::{OfficerId, ProposalId, Seat, SeatKind, Subject, VaultId};
use policy::Shortfall;
use treasury::{Broadcasting, Decision, NotAuthorised, PayoutStage, ProposalRecord};

use super::{Status, earlier_is_out};
use crate::paper;
use crate::view::{View, Voice};

/// What a proposal waits for; nothing when it is at its end.
pub fn waiting(view: &View, id: ProposalId, record: &ProposalRecord) -> Option<String> {
    let status = Status::of(record);
    if status.is_final() {
        return None;
    }
    let text = match &record.decision {
        Decision::Payout(stage) => payout(view, id, record, stage),
        Decision::Open | Decision::Declined { .. } | Decision::Lapsed | Decision::Enacted(_) => {
            open(view, id, record)
        }
    };
    Some(if !is_held(view, id, record) {
        text
    } else {
        format!("a thaw, for it is frozen; then for {text}")
    })
}

/// Whether a freeze keeps it from going on. What is out already, no freeze holds.
fn is_held(view: &View, id: ProposalId, record: &ProposalRecord) -> bool {
    match record.stage() {
        Some(PayoutStage::Signed {
            broadcast: Broadcasting::Out | Broadcasting::Dropped,
            ..
        }) => false,
        stage => match &record.proposal.subject {
            Subject::Cancel(cancel) => view.is_held(cancel.payout, Some(id)),
            _ => view.is_held(id, stage.and_then(|stage| stage.plan().cancels)),
        },
    }
}

/// What an approved batch waits for.
fn batch(view: &View, id: ProposalId, record: &ProposalRecord) -> String {
    let treasury = view.treasury();
    let (mut unplanned, mut unsigned) = (0_usize, 0_usize);
    for (_, item) in treasury.items(id).filter(|(_, item)| item.is_open()) {
        match item.stage() {
            None => unplanned = unplanned.saturating_add(1),
            Some(_) => unsigned = unsigned.saturating_add(1),
        }
    }
    if unplanned > 0 {
        return format!(
            "the transactions of {} more: it is approved, and they are planned as soon as the node answers",
            paper::count(unplanned, "payout")
        );
    }
    format!(
        "{} to sign {}",
        seats(view, record),
        paper::count(unsigned, "payout")
    )
}

/// What an approved sweep waits for: its transfers go each as soon as it can.
fn sweep(view: &View, id: ProposalId, record: &ProposalRecord) -> String {
    let treasury = view.treasury();
    let (mut unplanned, mut for_gas, mut unsigned) = (0_usize, 0_usize, 0_usize);
    for (item, one) in treasury.items(id).filter(|(_, item)| item.is_open()) {
        let counter = match one.stage() {
            Some(_) => &mut unsigned,
            None if treasury.waits_for_gas(item) => &mut for_gas,
            None => &mut unplanned,
        };
        *counter = counter.saturating_add(1);
    }
    let mut parts = Vec::new();
    if unsigned > 0 {
        let count = paper::count(unsigned, "transfer");
        parts.push(format!("{} to sign {count}", seats(view, record)));
    }
    if unplanned > 0 {
        let count = paper::count(unplanned, "transfer");
        parts.push(format!(
            "the transactions of {count}, planned as soon as the node answers"
        ));
    }
    if for_gas > 0 {
        let count = paper::count(for_gas, "transfer");
        parts.push(format!(
            "gas to arrive for {count}, which need another release then"
        ));
    }
    paper::all(&parts)
}

fn open(view: &View, id: ProposalId, record: &ProposalRecord) -> String {
    match view.replay.authorise(view.treasury(), id, view.now) {
        Some(Ok(_)) if record.proposal.subject.payout().is_some() => {
            "its transaction: it is approved, and planned as soon as the node answers and the vault has the funds".to_owned()
        }
        Some(Ok(_)) if matches!(record.proposal.subject, Subject::Batch(_)) => {
            batch(view, id, record)
        }
        Some(Ok(_)) if matches!(record.proposal.subject, Subject::Sweep(_)) => {
            sweep(view, id, record)
        }
        Some(Ok(_)) if matches!(record.proposal.subject, Subject::Cancel(_)) => {
            "its transaction: it is approved, and planned as soon as the node answers and the payout is not being signed".to_owned()
        }
        Some(Ok(_)) => format!("{}: it is approved, and comes into force then", view.voice.run()),
        Some(Err(error)) => unauthorised(&error),
        None => "nothing is known of it".to_owned(),
    }
}

fn unauthorised(error: &NotAuthorised) -> String {
    match error {
        NotAuthorised::Refused(reasons) => {
            format!("better circumstances: as things are the policy refuses it: {reasons}")
        }
        NotAuthorised::Short(shortfall) => short(shortfall),
    }
}

fn short(shortfall: &Shortfall) -> String {
    let (mut text, not_counted) = match shortfall {
        Shortfall::Stale => return shortfall.to_string(),
        Shortfall::Approvals {
            missing,
            could_approve,
            not_counted,
        } => {
            let missing: Vec<String> = missing
                .iter()
                .map(|demand| format!("{} more of {}", demand.count(), demand.group()))
                .collect();
            let names: Vec<String> = could_approve.iter().map(ToString::to_string).collect();
            let who = if names.is_empty() {
                "nobody who is left can".to_owned()
            } else {
                paper::any(&names)
            };
            (
                format!("{} to approve ({who})", paper::all(&missing)),
                not_counted,
            )
        }
        Shortfall::Waiting { ready, not_counted } => (
            format!("its delay: approved, and ready at {ready}"),
            not_counted,
        ),
    };
    for one in not_counted {
        text.push_str(&format!("; {one}"));
    }
    text
}

/// What can happen while a further version is not signed.
fn meanwhile(record: &ProposalRecord) -> &'static str {
    if earlier_is_out(record) {
        "until then the version that was sent before can end up in a block"
    } else {
        "nothing of it was sent before"
    }
}

fn payout(view: &View, id: ProposalId, record: &ProposalRecord, stage: &PayoutStage) -> String {
    match stage {
        // A bump stands on the approvals of the first version, a cancel on its own.
        PayoutStage::Planned(plan) if plan.cancels.is_some() || !record.earlier.is_empty() => {
            format!("{}; {}", seats(view, record), meanwhile(record))
        }
        PayoutStage::Planned(_) => match view.replay.authorise(view.treasury(), id, view.now) {
            Some(Err(error)) => unauthorised(&error),
            Some(Ok(_)) | None => seats(view, record),
        },
        PayoutStage::Aborted(_, run) => {
            let fault = run.fault.as_deref().unwrap_or("no reason is known");
            format!(
                "{}; the last try did not sign: {fault}",
                seats(view, record)
            )
        }
        PayoutStage::Signing(..) => {
            format!(
                "its seats, which are signing, or were cut off; {} closes the session",
                view.voice.runner()
            )
        }
        PayoutStage::Signed {
            broadcast: Broadcasting::NotYet,
            ..
        } => format!("{}: it is signed, and is sent then", view.voice.run()),
        PayoutStage::Signed { .. } => {
            format!("blocks on its transaction; {} watches", view.voice.runner())
        }
        PayoutStage::Confirmed { .. }
        | PayoutStage::Reverted { .. }
        | PayoutStage::Replaced { .. } => "nothing".to_owned(),
    }
}

/// Which seats must be opened, and by whom.
fn seats(view: &View, record: &ProposalRecord) -> String {
    let treasury = view.treasury();
    let vault = record
        .proposal
        .subject
        .payouts()
        .first()
        .and_then(|payout| {
            treasury
                .vaults
                .get(&payout.vault())
                .map(|v| (payout.vault(), v))
        });
    let Some((id, vault)) = vault else {
        return "its vault, which is not there".to_owned();
    };
    let usable = |seat: &&Seat| !treasury.is_banned(id, seat.id);
    let seats = || vault.plan.seats().iter().filter(usable);
    let ready = seats().filter(|seat| is_ready_here(view, id, seat)).count();
    let sealed: Vec<String> = seats().filter_map(|seat| opened_by(view, seat)).collect();
    let needed = usize::from(vault.plan.threshold()).saturating_sub(ready);
    if needed == 0 {
        return match view.voice {
            Voice::Terminal => {
                "its seats, which are ready: they sign at the next `countersign run`"
            }
            Voice::Window => "its seats, which are ready: they sign at the next turn",
        }
        .to_owned();
    }
    format!(
        "a release of {}: {}",
        paper::count(needed, "seat"),
        sealed.join("; or ")
    )
}

/// A device seat of this machine, whose share is here.
fn is_ready_here(view: &View, vault: VaultId, seat: &Seat) -> bool {
    matches!(seat.kind, SeatKind::Device)
        && seat.machine == view.machine
        && view.treasury().active_machine(seat.machine).is_some()
        && view.home.seat(vault, seat.id).exists()
}

fn opened_by(view: &View, seat: &Seat) -> Option<String> {
    let active = |officers: &[OfficerId]| -> Vec<String> {
        officers
            .iter()
            .filter(|id| view.treasury().active_officer(**id).is_some())
            .map(|id| view.name(*id))
            .collect()
    };
    match &seat.kind {
        SeatKind::Device => None,
        SeatKind::Hardware { officers } => Some(format!(
            "{} by {}",
            seat.name,
            paper::any(&active(officers))
        )),
        SeatKind::Recovery { officers, pieces } => Some(format!(
            "{} by {pieces} of {}",
            seat.name,
            active(officers).join(", ")
        )),
    }
}
