//! `bump`: the next version of a payout, at a higher fee.

use domain::ProposalId;
use serde_json::{Value, json};
use treasury::{PayoutStage, PlanRecord, ProposalRecord};

use super::acted;
use crate::out::Report;
use crate::terminal::Terminal;
use wording::ids;
use wording::view::View;

/// `bump`: plans the next version, then does what can be done.
pub async fn bump(terminal: &Terminal, id: &str) -> anyhow::Result<Report> {
    let mut driver = terminal.driver()?;
    let view = View::of(&driver).await?;
    let named = ids::proposal(view.treasury(), id)?;
    let id = ids::payout_of(view.treasury(), named);
    let before = checked(&view, named, id)?;
    let (earlier, fee_before) = (before.version(), before.fee);
    driver.bump(named).await?;
    let turned = acted::turn(&mut driver).await;
    let view = View::of(&driver).await?;
    let record = acted::record(&view, id)?;
    let plan = record
        .stage()
        .map(PayoutStage::plan)
        .ok_or_else(|| anyhow::anyhow!("the bump left no plan: this is a fault of Countersign"))?;
    let cap = fee_cap(&view, record, plan);
    let cap_words = cap.map_or_else(String::new, |cap| format!("; at most {cap} is approved"));
    let highest = if plan.nonce().is_some() {
        "at most "
    } else {
        ""
    };
    let done = format!(
        "Version {} of {} is planned in place of version {earlier}: its fee is {highest}{}, where it was {highest}{fee_before}{cap_words}.\n  Version {earlier} can still be the one that ends up in a block; only one of them ever does.\n  The new version has to be signed, so sealed seats have to be released for it again.",
        plan.version(),
        acted::the(&view, id),
        plan.fee,
    );
    let mut report = acted::standing(&view, id, &done, &turned)?;
    if let Some(object) = report.json.as_object_mut() {
        let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
        put("version", json!(plan.version()));
        put("fee", json!(plan.fee.to_decimal()));
        put("fee_before", json!(fee_before.to_decimal()));
        put("fee_cap", json!(cap.map(domain::Amount::to_decimal)));
        put("fee_asset", json!(plan.fee.asset().symbol()));
    }
    Ok(report)
}

/// The version to be bumped, unless there is none, or it is not what was meant.
fn checked(view: &View, named: ProposalId, id: ProposalId) -> anyhow::Result<&PlanRecord> {
    let record = acted::record(view, id)?;
    let the = acted::the(view, named);
    let Some(stage) = record.stage().filter(|_| !record.is_open()) else {
        anyhow::bail!(
            "no version of {the} was signed yet, so there is no fee to raise; nothing was changed"
        );
    };
    if stage.is_final() {
        anyhow::bail!("{the} is at its end: there is no fee to raise; nothing was changed");
    }
    let cancels = stage.plan().cancels;
    match cancels {
        Some(cancel) if named != cancel => anyhow::bail!(
            "{the} is being cancelled, and raising the fee of the payout would undo that. To raise the fee of the cancel: countersign bump {}; nothing was changed",
            cancel.short()
        ),
        None if named != id => anyhow::bail!(
            "no transaction was planned for {the} yet, so there is no fee to raise; nothing was changed"
        ),
        Some(_) | None => Ok(stage.plan()),
    }
}

/// The most that a version may cost: as the payout says, or the cancel.
fn fee_cap(view: &View, record: &ProposalRecord, plan: &PlanRecord) -> Option<domain::Amount> {
    let proposals = &view.treasury().proposals;
    let decides = match plan.cancels {
        Some(cancel) => proposals.get(&cancel)?,
        None => record,
    };
    match &decides.proposal.subject {
        domain::Subject::Cancel(cancel) => Some(cancel.fee_cap),
        subject => subject.payout().map(domain::Payout::fee_cap),
    }
}
