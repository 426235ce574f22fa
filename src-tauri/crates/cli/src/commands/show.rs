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
use wording::proposal::{OnChain, Status, sheet, sheet_json, summary, transfer_of, transfer_words};
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

/// What one of a batch or sweep is.
fn about(view: &View, item: &ProposalRecord) -> String {
    match transfer_of(view.treasury(), item) {
        Some(transfer) => transfer_words(transfer),
        None => summary(view.treasury(), &item.proposal.subject),
    }
}

/// Each payout of a batch, or transfer of a sweep, with what became of it.
fn items(view: &View, batch: ProposalId) -> String {
    let mut rows = vec![["", "ID", "STATUS", "WHAT"].map(str::to_owned).to_vec()];
    for ((id, item), number) in view.treasury().items(batch).zip(1_u32..) {
        rows.push(vec![
            number.to_string(),
            id.short(),
            Status::of(item).word().to_owned(),
            about(view, item),
        ]);
    }
    let mut paper = Paper::default();
    paper.gap();
    paper.line("Each of it");
    paper.table(&rows);
    paper.text()
}

fn items_json(view: &View, batch: ProposalId) -> Value {
    let one = |(id, item): (ProposalId, &ProposalRecord)| {
        json!({
            "id": id.to_string(),
            "status": Status::of(item).word(),
            "summary": about(view, item),
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
