//! `show`: one proposal whole.

use domain::ProposalId;
use driver::{Driver, DriverError};
use serde_json::{Value, json};
use treasury::{Broadcasting, PayoutStage, ProposalRecord};

use super::acted;
use crate::out::Report;
use crate::terminal::Terminal;
use wording::ids;
use wording::paper::Paper;
use wording::proposal::{OnChain, Status, sheet, sheet_json, summary};
use wording::view::View;

/// `show`.
pub async fn show(terminal: &Terminal, id: &str) -> anyhow::Result<Report> {
    let driver = terminal.driver()?;
    let view = View::of(&driver).await?;
    let id = ids::proposal(view.treasury(), id)?;
    let record = acted::record(&view, id)?;
    let chain = match record.stage() {
        Some(
            PayoutStage::Signed {
                broadcast: Broadcasting::Out | Broadcasting::Dropped,
                ..
            }
            | PayoutStage::Confirmed { .. },
        ) => ask(&driver, id).await?,
        Some(
            PayoutStage::Signed { .. }
            | PayoutStage::Planned(_)
            | PayoutStage::Signing(..)
            | PayoutStage::Aborted(..)
            | PayoutStage::Reverted { .. }
            | PayoutStage::Replaced { .. },
        )
        | None => OnChain::Nothing,
    };
    let mut json = sheet_json(&view, id, record, &chain);
    let mut text = sheet(&view, id, record, &chain);
    if !record.items.is_empty() {
        text.push_str(&items(&view, id));
        json.insert("items".to_owned(), items_json(&view, id));
    }
    Ok(Report::done(text, Value::Object(json)))
}

/// Each payout of a batch with what became of it.
fn items(view: &View, batch: ProposalId) -> String {
    let mut rows = vec![["", "ID", "STATUS", "PAYOUT"].map(str::to_owned).to_vec()];
    for ((id, item), number) in view.treasury().items(batch).zip(1_u32..) {
        rows.push(vec![
            number.to_string(),
            id.short(),
            Status::of(item).word().to_owned(),
            summary(view.treasury(), &item.proposal.subject),
        ]);
    }
    let mut paper = Paper::default();
    paper.gap();
    paper.line("Payouts of the batch");
    paper.table(&rows);
    paper.text()
}

fn items_json(view: &View, batch: ProposalId) -> Value {
    let one = |(id, item): (ProposalId, &ProposalRecord)| {
        json!({
            "id": id.to_string(),
            "status": Status::of(item).word(),
            "summary": summary(view.treasury(), &item.proposal.subject),
            "txid": item.stage().filter(|stage| stage.started()).map(|stage| stage.plan().transaction.to_string()),
        })
    };
    Value::Array(view.treasury().items(batch).map(one).collect())
}

/// Asks the node; a node that does not answer hides nothing else.
async fn ask(driver: &Driver, id: domain::ProposalId) -> anyhow::Result<OnChain> {
    match driver.whereabouts(id).await {
        Ok(Some(status)) => Ok(OnChain::Seen(status)),
        Ok(None) => Ok(OnChain::Nothing),
        Err(DriverError::Bitcoin(why)) => Ok(OnChain::Trouble(why)),
        Err(other) => Err(other.into()),
    }
}
