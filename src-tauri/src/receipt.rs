//! A receipt: what the journal says about one proposal, as signed, in a file that anybody can verify.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{Entry, ProposalId};
use serde::Serialize;
use wording::proposal::{Status, summary};
use wording::timeline::timeline;
use wording::view::View;

use crate::dto::Written;
use crate::files::{self, stamp};
use crate::problem::{Answer, Problem};

/// The first word of a receipt.
const FORMAT: &str = "countersign-receipt-1";

#[derive(Serialize)]
struct Receipt {
    format: &'static str,
    treasury: String,
    name: String,
    proposal: String,
    words: Vec<&'static str>,
    kind: &'static str,
    summary: String,
    status: &'static str,
    head: String,
    made: String,
    /// The founding, which names the keys, and every entry about the proposal: body and link are the
    /// envelopes' exact bytes in standard base64, as in an export of the journal.
    entries: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    sequence: u64,
    time: String,
    what: String,
    body: String,
    link: String,
}

/// Writes the receipt of a proposal.
pub fn write(view: &View, id: ProposalId) -> Answer<Written> {
    let treasury = view.treasury();
    let Some(record) = treasury.proposals.get(&id) else {
        return Err(Problem::input("id", "there is no such proposal"));
    };
    let way = timeline(view, id);
    let founding = view
        .entries
        .first()
        .map(|entry| line(entry, "founded".to_owned()));
    let about = way.into_iter().filter_map(|milestone| {
        let place = usize::try_from(milestone.sequence).ok()?;
        Some(line(view.entries.get(place)?, milestone.what))
    });
    let receipt = Receipt {
        format: FORMAT,
        treasury: treasury.id.to_string(),
        name: treasury.founding.name.to_string(),
        proposal: id.to_string(),
        words: domain::words::fingerprint(id).to_vec(),
        kind: record.proposal.subject.kind(),
        summary: summary(treasury, &record.proposal.subject),
        status: Status::of(record).word(),
        head: treasury.head.to_string(),
        made: view.now.to_string(),
        entries: founding.into_iter().chain(about).collect(),
    };
    let json = serde_json::to_vec_pretty(&receipt).map_err(|error| Problem::task(&error))?;
    let path = files::folder()?.join(format!("receipt-{}-{}.json", id.short(), stamp(view.now)));
    files::write(&path, &json)?;
    Ok(Written {
        path: path.display().to_string(),
        words: "The receipt: what was signed about it, with every signature".to_owned(),
    })
}

fn line(entry: &Entry, what: String) -> Line {
    Line {
        sequence: entry.sequence(),
        time: entry.body.body().time.to_string(),
        what,
        body: STANDARD.encode(entry.body.envelope().as_bytes()),
        link: STANDARD.encode(entry.link.envelope().as_bytes()),
    }
}
