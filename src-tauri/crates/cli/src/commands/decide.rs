//! `approve` and `decline`.

use domain::ProposalId;
use treasury::{Decision, ProposalRecord};

use super::acted;
use crate::args::{Decide, Decline};
use crate::out::Report;
use crate::terminal::Terminal;
use wording::ids;
use wording::proposal::{OnChain, Status, sheet};
use wording::subjects;
use wording::view::View;

/// `approve`: shows the whole proposal before it asks for PIN and touch.
pub async fn approve(terminal: &Terminal, what: Decide) -> anyhow::Result<Report> {
    let mut driver = terminal.driver()?;
    let view = View::of(&driver).await?;
    let id = ids::proposal(view.treasury(), &what.id)?;
    let record = acted::record(&view, id)?;
    let officer = subjects::officer(&view, &what.officer)?;
    refuse_decided(&view, id, record)?;
    if record
        .approvals
        .values()
        .any(|approval| approval.officer() == officer.id())
    {
        anyhow::bail!(
            "{} has approved {} already; one person counts once",
            officer.name,
            acted::the(&view, id)
        );
    }
    terminal
        .out
        .explain(&sheet(&view, id, record, &OnChain::Nothing));
    let mut desk = terminal.desk(&view)?;
    driver.approve(id, &what.officer, &mut desk).await?;
    let turned = acted::turn(&mut driver).await;
    let view = View::of(&driver).await?;
    let done = format!("{} approved {}.", what.officer, acted::the(&view, id));
    acted::standing(&view, id, &done, &turned)
}

/// `decline`: ends a proposal.
pub async fn decline(terminal: &Terminal, what: Decline) -> anyhow::Result<Report> {
    let mut driver = terminal.driver()?;
    let view = View::of(&driver).await?;
    let Decide { id, officer } = what.decide;
    let id = ids::proposal(view.treasury(), &id)?;
    refuse_decided(&view, id, acted::record(&view, id)?)?;
    terminal
        .out
        .explain(&format!("Declining {}", acted::the(&view, id)));
    let mut desk = terminal.desk(&view)?;
    driver.decline(id, &officer, what.reason, &mut desk).await?;
    let turned = acted::turn(&mut driver).await;
    let view = View::of(&driver).await?;
    let done = format!("{officer} declined {}: it is over.", acted::the(&view, id));
    acted::standing(&view, id, &done, &turned)
}

/// Nobody is asked for a touch that can change nothing any more.
fn refuse_decided(view: &View, id: ProposalId, record: &ProposalRecord) -> anyhow::Result<()> {
    let why = match &record.decision {
        Decision::Open => return Ok(()),
        Decision::Declined { by, reason } => {
            let reason = if reason.is_empty() {
                String::new()
            } else {
                format!(": {reason}")
            };
            format!("{} declined it{reason}", view.name(*by))
        }
        Decision::Lapsed => "its time has passed; propose it anew".to_owned(),
        Decision::Enacted(_) => "it is in force".to_owned(),
        Decision::Payout(_) if record.is_open() => return Ok(()),
        Decision::Payout(_) => format!("it is {}", Status::of(record).phrase()),
    };
    anyhow::bail!(
        "{} is decided: {why}; nothing was signed",
        acted::the(view, id)
    )
}
