//! `backup` and `restore`.

use std::path::Path;

use driver::{Driver, RestorePlan, Surroundings};
use serde_json::json;

use super::{acted, propose};
use crate::args::Restore;
use crate::out::Report;
use crate::terminal::Terminal;
use wording::paper::{Paper, count};
use wording::view::View;

/// `backup`.
pub async fn backup(terminal: &Terminal, to: &Path) -> anyhow::Result<Report> {
    let done = terminal.driver()?.backup(to).await?;
    let mut paper = Paper::default();
    paper.line(format!("Wrote a backup to {}.", done.path.display()));
    paper.line(format!(
        "  The journal with {}, and these sealed seats:",
        count(done.entries, "entry")
    ));
    if done.seats.is_empty() {
        paper.line("    none yet");
    }
    for seat in &done.seats {
        paper.line(format!("    {seat}"));
    }
    paper.gap();
    paper.line("Nothing in it is open: seats open with officers' YubiKeys alone, a device seat only on this");
    paper.line("machine. Keep it away from this machine, and make a new one after each new vault.");
    let json = json!({
        "path": done.path.display().to_string(),
        "entries": done.entries,
        "seats": done.seats,
    });
    Ok(Report::done(paper.text(), json))
}

/// `restore`: the settings that this home has already are kept.
pub async fn restore(terminal: &Terminal, what: Restore) -> anyhow::Result<Report> {
    let earlier = terminal.home.settings().ok();
    let plan = RestorePlan {
        officer: what.officer,
        machine: what.machine,
        administrators: what.administrators,
        expires_in: what.expires_in.0,
        bitcoin: earlier
            .as_ref()
            .and_then(|settings| settings.bitcoin.clone()),
        evm: earlier
            .as_ref()
            .map(|settings| settings.evm.clone())
            .unwrap_or_default(),
        attestation_certificates: earlier.and_then(|settings| settings.attestation_certificates),
    };
    terminal.out.explain(
        "Restoring: every entry is checked, then the machine proposes that it takes over.",
    );
    let mut desk = terminal.desk_for(driver::class_of_backup(&what.from))?;
    let (mut driver, id): (Driver, _) = Driver::restore(
        terminal.home.clone(),
        &what.from,
        plan,
        Surroundings::default(),
        &mut desk,
    )
    .await?;
    let turned = acted::turn(&mut driver).await;
    let view = View::of(&driver).await?;
    let mut report = propose::report(&view, id, &turned)?;
    report
        .text
        .push_str("Until the quorum has approved it, nothing else can be written here.\n");
    Ok(report)
}
