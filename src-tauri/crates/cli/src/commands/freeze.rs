//! `freeze`: one touch.

use domain::act::Scope;
use serde_json::json;

use crate::args::Freeze;
use crate::out::Report;
use crate::terminal::Terminal;
use wording::ids;
use wording::paper::Paper;
use wording::subjects;
use wording::view::View;

/// `freeze`.
pub async fn freeze(terminal: &Terminal, what: Freeze) -> anyhow::Result<Report> {
    let driver = terminal.driver()?;
    let view = View::of(&driver).await?;
    let scope = match (&what.vault, &what.payout) {
        (Some(vault), _) => Scope::Vault(subjects::vault(&view, vault)?.0),
        (None, Some(payout)) => {
            let id = ids::proposal(view.treasury(), payout)?;
            if view.treasury().payout(id).is_none() {
                anyhow::bail!(
                    "{} is no payout; nothing was frozen",
                    super::acted::the(&view, id)
                );
            }
            Scope::Payout(id)
        }
        (None, None) => Scope::Treasury,
    };
    terminal.out.explain(&format!(
        "Freezing {}: no PIN is needed",
        view.scope_words(&scope)
    ));
    let mut desk = terminal.desk(&view)?;
    let id = driver
        .freeze(scope, &what.officer, what.reason, &mut desk)
        .await?;
    let view = View::of(&driver).await?;
    let mut paper = Paper::default();
    for line in view.frozen_lines() {
        paper.line(line);
    }
    paper.gap();
    paper.line(
        "Nothing in it is signed or sent any more. What is out already only the chain decides.",
    );
    paper.line(
        "To lift it: countersign propose thaw --as OFFICER, and the governance quorum approves.",
    );
    let json = json!({ "freeze": id.to_string(), "frozen": view.frozen_json() });
    Ok(Report::done(paper.text(), json))
}
