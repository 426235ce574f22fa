//! `list`: proposals, oldest first.

use domain::ProposalId;
use serde_json::{Value, json};
use treasury::ProposalRecord;

use crate::args::List;
use crate::out::Report;
use crate::terminal::Terminal;
use wording::paper::Paper;
use wording::proposal::{Status, summary, waiting};
use wording::view::View;

/// `list`.
pub async fn list(terminal: &Terminal, what: &List) -> anyhow::Result<Report> {
    let view = View::of(&terminal.driver()?).await?;
    Ok(report(&view, what.open))
}

/// All proposals, or those that still wait.
pub fn report(view: &View, open: bool) -> Report {
    let shown = in_order(view, open);
    let mut paper = Paper::default();
    for line in view.frozen_lines() {
        paper.line(line);
    }
    paper.gap();
    let mut rows = vec![
        ["ID", "WHAT", "STATUS", "BY", "SUMMARY"]
            .map(str::to_owned)
            .to_vec(),
    ];
    let mut values = Vec::new();
    for (id, record) in shown {
        values.push(value(view, id, record));
        rows.push(row(view, id, record));
    }
    if values.is_empty() {
        paper.line(if open {
            "Nothing waits for anybody."
        } else {
            "Nothing was proposed yet."
        });
    } else {
        paper.table(&rows);
    }
    let json = json!({ "proposals": Value::Array(values), "frozen": view.frozen_json() });
    Report::done(paper.text(), json)
}

fn value(view: &View, id: ProposalId, record: &ProposalRecord) -> Value {
    let subject = &record.proposal.subject;
    json!({
        "id": id.to_string(),
        "kind": subject.kind(),
        "status": Status::of(record).word(),
        "summary": summary(view.treasury(), subject),
        "initiator": view.name(record.initiator),
        "proposed": record.proposed.to_string(),
        "missing": waiting(view, id, record),
    })
}

fn row(view: &View, id: ProposalId, record: &ProposalRecord) -> Vec<String> {
    let subject = &record.proposal.subject;
    vec![
        id.short(),
        subject.kind().to_owned(),
        Status::of(record).word().to_owned(),
        view.name(record.initiator),
        summary(view.treasury(), subject),
    ]
}

/// Proposals by the time they were made.
pub fn in_order(view: &View, open: bool) -> Vec<(ProposalId, &ProposalRecord)> {
    let mut shown: Vec<_> = view
        .treasury()
        .proposals
        .iter()
        // The payouts of a batch are shown with it.
        .filter(|(_, record)| record.batch.is_none())
        .filter(|(_, record)| !open || !Status::of(record).is_final())
        .map(|(id, record)| (*id, record))
        .collect();
    shown.sort_by_key(|(id, record)| (record.proposed, *id));
    shown
}
