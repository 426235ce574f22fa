//! `journal verify` and `journal export`.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::entry::{SignedBody, SignedLink};
use domain::{Entry, Timestamp};
use serde_json::{Value, json};
use treasury::Replay;

use crate::args::JournalCommand;
use crate::out::{Ended, Report};
use crate::terminal::Terminal;
use wording::paper::count;

/// `journal ...`.
pub async fn journal(terminal: &Terminal, what: JournalCommand) -> anyhow::Result<Report> {
    match what {
        JournalCommand::Verify { file: Some(file) } => verify_export(&file),
        JournalCommand::Verify { file: None } => verify(terminal).await,
        JournalCommand::Export { to } => export(terminal, &to).await,
    }
}

/// Opening a journal checks its file against its anchor, and every entry against every rule.
async fn verify(terminal: &Terminal) -> anyhow::Result<Report> {
    let driver = terminal.driver()?;
    let ledger = driver.ledger().await?;
    ledger.journal().verify().await?;
    let treasury = ledger.treasury()?;
    let entries = treasury.sequence.saturating_add(1);
    let head = treasury.head;
    Ok(verified(
        entries,
        &head.to_string(),
        "It is the journal that this machine's keyring has anchored, whole, in order, every signature good, and no entry breaks a rule.",
    ))
}

fn verify_export(file: &Path) -> anyhow::Result<Report> {
    let open = || {
        File::open(file)
            .map(BufReader::new)
            .map_err(|error| anyhow::anyhow!("{} can't be read: {error}", file.display()))
    };
    let bad = |error: &dyn std::fmt::Display| {
        anyhow::anyhow!("{} does not verify: {error}", file.display())
    };
    let summary = journal::verify_export(open()?).map_err(|error| bad(&error))?;
    replay(open()?).map_err(|error| bad(&error))?;
    let head = summary
        .head
        .map(|head| head.to_string())
        .unwrap_or_default();
    Ok(verified(
        summary.entries,
        &head,
        &format!(
            "Exported at {}. Whole, in order, every signature good, and no entry breaks a rule. Compare the head with one known from elsewhere: an older export is good, too.",
            summary.exported
        ),
    ))
}

fn verified(entries: u64, head: &str, what: &str) -> Report {
    Report::done(
        format!(
            "Verified: {}.\n{what}\n  head  {head}",
            count(entries, "entry")
        ),
        json!({ "entries": entries, "head": head, "verified": true }),
    )
}

/// Replays an export whose form and signatures were found good: no entry may break a rule.
fn replay(lines: BufReader<File>) -> anyhow::Result<()> {
    let mut entries = Vec::new();
    for line in lines.lines() {
        let line: Value = serde_json::from_str(&line?)?;
        if let Some(entry) = entry(&line)? {
            entries.push(entry);
        }
    }
    Replay::of(&entries)
        .map(drop)
        .map_err(|(place, illegal)| anyhow::anyhow!("entry {place} breaks a rule: {illegal}"))
}

/// An entry's line; header and trailer are none.
fn entry(line: &Value) -> anyhow::Result<Option<Entry>> {
    let text = |name: &str| line.get(name).and_then(Value::as_str);
    let (Some(body), Some(link)) = (text("body"), text("link")) else {
        return Ok(None);
    };
    let first_seen = line
        .get("first_seen")
        .and_then(Value::as_u64)
        .unwrap_or_default();
    Ok(Some(Entry {
        body: SignedBody::parse(&STANDARD.decode(body)?)?,
        link: SignedLink::parse(&STANDARD.decode(link)?)?,
        first_seen: Timestamp::from_millis(first_seen)?,
    }))
}

async fn export(terminal: &Terminal, to: &Path) -> anyhow::Result<Report> {
    if to.exists() {
        anyhow::bail!(
            "{} is there already; an export never replaces anything",
            to.display()
        );
    }
    let (summary, fault) = terminal.driver()?.export(to).await?;
    let head = summary
        .head
        .map(|head| head.to_string())
        .unwrap_or_default();
    let mut report = Report::done(
        format!(
            "Exported {} to {}.\nAnybody can verify it: countersign journal verify {}\n  head  {head}",
            count(summary.entries, "entry"),
            to.display(),
            to.display()
        ),
        json!({
            "path": to.display().to_string(),
            "entries": summary.entries,
            "head": head,
            "fault": fault.as_ref().map(ToString::to_string),
        }),
    );
    if let Some(fault) = fault {
        report.text.push_str(&format!(
            "\nSTOPPED. The journal is faulted, and was exported as it is: {fault}"
        ));
        report.ended = Ended::Failed;
    }
    Ok(report)
}
