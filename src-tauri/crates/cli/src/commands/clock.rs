//! `confirm-clock`.

use domain::Name;
use serde_json::json;

use crate::out::Report;
use crate::terminal::Terminal;
use wording::view::View;

/// An officer says that this machine's clock is right.
pub async fn confirm(terminal: &Terminal, officer: &Name) -> anyhow::Result<Report> {
    let driver = terminal.driver()?;
    let view = View::of(&driver).await?;
    let mut desk = terminal.desk(&view)?;
    driver.confirm_clock(officer, &mut desk).await?;
    let now = driver.now()?;
    Ok(Report::done(
        format!("{officer} confirmed that it is {now}. Signing goes on."),
        json!({ "confirmed": now.to_string(), "by": officer.to_string() }),
    ))
}
