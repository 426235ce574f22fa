//! `show`: one proposal whole.

use driver::{Driver, DriverError};
use serde_json::Value;
use treasury::{Broadcasting, PayoutStage};

use super::acted;
use crate::ids;
use crate::out::Report;
use crate::proposal::{OnChain, sheet, sheet_json};
use crate::terminal::Terminal;
use crate::view::View;

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
    let json = sheet_json(&view, id, record, &chain);
    Ok(Report::done(
        sheet(&view, id, record, &chain),
        Value::Object(json),
    ))
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
