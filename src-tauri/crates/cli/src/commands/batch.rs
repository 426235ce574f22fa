//! `propose batch`: a table of payouts, decided as one.

use domain::Subject;
use wording::subjects::{self, TableProblem};
use wording::view::View;

use crate::args::ProposeBatch;

/// What the table proposes. A bad line is named with its reason, and then nothing is proposed at all.
pub fn subject(view: &View, what: &ProposeBatch) -> anyhow::Result<Subject> {
    let file = what.file.display();
    let bytes = std::fs::read(&what.file)
        .map_err(|error| anyhow::anyhow!("{file}: {error}; nothing was proposed"))?;
    match subjects::batch(view, &what.vault, &bytes, what.fee_cap.as_ref(), &what.memo) {
        Ok(table) => Ok(table.subject),
        Err(TableProblem::Other(error)) => Err(error),
        Err(TableProblem::Lines(bad)) => {
            let lines: Vec<String> = bad.iter().map(|line| format!("\n  {line}")).collect();
            anyhow::bail!(
                "{file}: nothing was proposed, mend these lines first:{}",
                lines.concat()
            )
        }
    }
}
