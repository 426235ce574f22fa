//! `payees` and `policy`: what is in force.

use std::path::{Path, PathBuf};

use policy::Policy;
use serde_json::{Value, json};

use crate::out::Report;
use crate::terminal::Terminal;
use wording::paper::Paper;
use wording::view::{View, network_words};

/// `payees`.
pub async fn payees(terminal: &Terminal) -> anyhow::Result<Report> {
    let view = View::of(&terminal.driver()?).await?;
    let mut paper = Paper::default();
    let mut values = Vec::new();
    if view.treasury().payees.is_empty() {
        paper.line("The address book is empty.");
    }
    for (name, payee) in &view.treasury().payees {
        paper.line(format!(
            "{name}, on {}, since {}",
            network_words(payee.address.network()),
            payee.since
        ));
        paper.line(format!("  {}", payee.address));
        paper.line(format!("  {}", payee.address.grouped()));
        values.push(json!({
            "name": name.to_string(),
            "address": payee.address.to_string(),
            "network": payee.address.network().to_string(),
            "since": payee.since.to_string(),
        }));
    }
    Ok(Report::done(
        paper.text(),
        json!({ "payees": Value::Array(values) }),
    ))
}

/// `policy`.
pub async fn policy(terminal: &Terminal, file: Option<PathBuf>) -> anyhow::Result<Report> {
    let (policy, title) = match file {
        Some(file) => {
            let policy = Policy::parse(&read_text(&file)?)
                .map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))?;
            (policy, format!("{} would mean:", file.display()))
        }
        None => {
            let view = View::of(&terminal.driver()?).await?;
            (
                view.treasury().adoption.policy.clone(),
                "The policy in force:".to_owned(),
            )
        }
    };
    let mut paper = Paper::default();
    let sentences = policy::describe(&policy);
    paper.line(title);
    paper.gap();
    paper.line(&sentences);
    let json = json!({
        "hash": policy.hash().to_string(),
        "sentences": {
            "assets": sentences.assets,
            "groups": sentences.groups,
            "payees": sentences.payees,
            "denials": sentences.denials,
            "limits": sentences.limits,
            "lanes": sentences.lanes,
            "governance": sentences.governance,
        },
        "text": policy.text(),
    });
    Ok(Report::done(paper.text(), json))
}

/// A text file, with its path in the error.
pub fn read_text(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).map_err(|error| {
        anyhow::anyhow!(
            "{} can't be read: {error}; nothing was done",
            file.display()
        )
    })
}
