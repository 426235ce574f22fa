//! `release`: officers open seats for one payout, and the seats sign.

use domain::Name;
use treasury::PayoutStage;

use super::acted;
use crate::args::Release;
use crate::out::{Ended, Report};
use crate::terminal::Terminal;
use wording::ids;
use wording::proposal::{OnChain, sheet};
use wording::view::View;

/// `release`: opens the seat, and those of `--and`, then lets all that are open sign together.
pub async fn release(terminal: &Terminal, what: Release) -> anyhow::Result<Report> {
    let mut driver = terminal.driver()?;
    let view = View::of(&driver).await?;
    // What is released for a cancel is a version of its payout.
    let id = ids::payout_of(view.treasury(), ids::proposal(view.treasury(), &what.id)?);
    let record = acted::record(&view, id)?;
    refuse_frozen(&view, id)?;
    terminal
        .out
        .explain(&sheet(&view, id, record, &OnChain::Nothing));
    let mut desk = terminal.desk(&view)?;
    let released = what_is_released(&view, id);
    let mut opened = vec![
        driver
            .release(id, what.seat.as_ref(), &what.officers, &mut desk)
            .await?,
    ];
    for more in &what.more {
        opened.push(
            driver
                .release(id, Some(&more.name), &more.officers, &mut desk)
                .await?,
        );
    }
    let turned = acted::turn(&mut driver).await;
    let view = View::of(&driver).await?;
    let names: Vec<String> = opened.iter().map(Name::to_string).collect();
    let done = format!(
        "Opened {} for {}.",
        wording::paper::all(&names),
        acted::the(&view, id)
    );
    let mut report = acted::standing(&view, id, &done, &turned)?;
    if !released
        .iter()
        .all(|id| signed(&view, *id).unwrap_or(false))
    {
        report.ended = Ended::Failed;
        report.text.push_str(
            "\nNOT SIGNED. What was opened was wiped when this command ended. Where several sealed seats must sign together, open them in one command: --and SEAT=OFFICERS\n",
        );
    }
    Ok(report)
}

/// Nobody is asked for a PIN while nothing can be signed.
fn refuse_frozen(view: &View, id: domain::ProposalId) -> anyhow::Result<()> {
    let stage = acted::record(view, id)?.stage();
    let cancels = stage.and_then(|stage| stage.plan().cancels);
    if view.is_held(id, cancels) {
        anyhow::bail!(
            "{}\nnothing is signed while it is frozen: no seat was opened; a thaw needs the governance quorum (`countersign propose thaw`)",
            view.frozen_lines().join("\n")
        );
    }
    Ok(())
}

/// A payout, or what of a batch or sweep waits for a signature now.
fn what_is_released(view: &View, id: domain::ProposalId) -> Vec<domain::ProposalId> {
    let waiting = view.treasury().plans_to_release(id);
    if waiting.is_empty() {
        return vec![id];
    }
    waiting.into_iter().map(|(item, _)| item).collect()
}

fn signed(view: &View, id: domain::ProposalId) -> anyhow::Result<bool> {
    let record = acted::record(view, id)?;
    Ok(match record.stage() {
        Some(
            PayoutStage::Signed { .. }
            | PayoutStage::Confirmed { .. }
            | PayoutStage::Reverted { .. },
        ) => true,
        Some(
            PayoutStage::Planned(_)
            | PayoutStage::Signing(..)
            | PayoutStage::Aborted(..)
            | PayoutStage::Replaced { .. },
        )
        | None => false,
    })
}
