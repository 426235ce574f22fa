//! After an act: do what can be done now, and say how things stand.

use domain::ProposalId;
use driver::{Driver, Event};
use serde_json::{Map, Value, json};
use treasury::ProposalRecord;

use crate::out::{Ended, Report};
use wording::events;
use wording::paper::Paper;
use wording::proposal::{self, Status, waiting};
use wording::view::View;

/// What came of a turn.
#[derive(Debug, Clone, Default)]
pub struct Turned {
    /// What happened.
    pub events: Vec<Event>,
    /// Why the turn broke off. The act before it stands in the journal all the same.
    pub trouble: Option<String>,
}

/// Lets the driver do what can be done now.
pub async fn turn(driver: &mut Driver) -> Turned {
    match driver.turn().await {
        Ok(events) => Turned {
            events,
            trouble: None,
        },
        Err(error) => Turned {
            events: Vec::new(),
            trouble: Some(error.to_string()),
        },
    }
}

impl Turned {
    /// Adds what happened to a report.
    pub fn tell(&self, view: &View, paper: &mut Paper) {
        for line in events::lines(view, &self.events) {
            paper.line(format!("  {line}"));
        }
        if let Some(trouble) = &self.trouble {
            paper.gap();
            paper.line(format!("STOPPED after that: {trouble}"));
        }
    }

    /// Adds what happened to a report for programs.
    pub fn put(&self, into: &mut Map<String, Value>) {
        into.insert("events".to_owned(), json!(events::values(&self.events)));
        if let Some(trouble) = &self.trouble {
            into.insert("trouble".to_owned(), json!(trouble));
        }
    }

    /// A turn that broke off is a failure, though the act was done.
    pub const fn ended(&self) -> Ended {
        match self.trouble {
            None => Ended::Done,
            Some(_) => Ended::Failed,
        }
    }
}

/// A proposal of a view, which is there.
pub fn record(view: &View, id: ProposalId) -> anyhow::Result<&ProposalRecord> {
    view.treasury()
        .proposals
        .get(&id)
        .ok_or_else(|| anyhow::anyhow!("there is no proposal {}", id.short()))
}

/// `payout 3f2a91c0 (0.5 BTC from Operations to Foundry Ltd)`.
pub fn the(view: &View, id: ProposalId) -> String {
    proposal::the(view.treasury(), id)
}

/// How a proposal stands after somebody acted on it.
pub fn standing(
    view: &View,
    id: ProposalId,
    done: &str,
    turned: &Turned,
) -> anyhow::Result<Report> {
    let record = record(view, id)?;
    let status = Status::of(record);
    let missing = waiting(view, id, record);
    let mut paper = Paper::default();
    for line in view.frozen_lines() {
        paper.line(line);
    }
    paper.line(done);
    turned.tell(view, &mut paper);
    paper.line(format!("  It is {} now.", status.phrase()));
    if let Some(missing) = &missing {
        paper.line(format!("  It waits for: {missing}."));
    }
    let mut json = Map::new();
    json.insert("proposal".to_owned(), json!(id.to_string()));
    json.insert("kind".to_owned(), json!(record.proposal.subject.kind()));
    json.insert("status".to_owned(), json!(status.word()));
    json.insert("missing".to_owned(), json!(missing));
    turned.put(&mut json);
    Ok(Report {
        text: paper.text(),
        json: Value::Object(json),
        ended: turned.ended(),
    })
}
