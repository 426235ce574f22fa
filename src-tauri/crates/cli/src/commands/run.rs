//! `run`: the headless co-signer.

use std::time::Duration;

use driver::{DriverError, Event};
use serde_json::{Map, Value, json};
use treasury::{Broadcasting, PayoutStage};

use crate::args::Run;
use crate::out::{Ended, Out, Report};
use crate::terminal::Terminal;
use wording::events;
use wording::paper::Paper;
use wording::proposal::earlier_is_out;
use wording::view::View;

/// Turns until Ctrl-C, or until nothing is under way.
pub async fn run(terminal: &Terminal, what: Run) -> anyhow::Result<Ended> {
    let mut driver = terminal.driver()?;
    let out = terminal.out;
    out.explain(&format!(
        "Watching, every {} s. Ctrl-C ends it.",
        what.every
    ));
    let mut told = Told::default();
    loop {
        let turned = tokio::select! {
            turned = driver.turn() => turned,
            stop = tokio::signal::ctrl_c() => { stop?; return Ok(Ended::Done); }
        };
        match turned {
            Ok(events) => {
                let view = View::of(&driver).await?;
                let settled = is_settled(&view);
                told.tell(out, &view, events, settled)?;
                if what.until_settled && settled {
                    return Ok(Ended::Done);
                }
            }
            Err(error @ (DriverError::ClockJumped(_) | DriverError::Clock(_))) => {
                told.hold(out, &error)
            }
            Err(error) => return Err(error.into()),
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(what.every)) => {}
            stop = tokio::signal::ctrl_c() => { stop?; return Ok(Ended::Done); }
        }
    }
}

/// Whether no transaction is on its way any more that nobody holds up.
fn is_settled(view: &View) -> bool {
    !view.treasury().proposals.iter().any(|(id, record)| {
        let Some(stage) = record.stage() else {
            return false;
        };
        match stage {
            PayoutStage::Signing(..) => true,
            PayoutStage::Signed {
                plan, broadcast, ..
            } => {
                let out = !matches!(broadcast, Broadcasting::NotYet);
                out || earlier_is_out(record) || !view.is_held(*id, plan.cancels)
            }
            // A version before it may be in a block any time.
            PayoutStage::Planned(_) | PayoutStage::Aborted(..) => earlier_is_out(record),
            PayoutStage::Confirmed { .. }
            | PayoutStage::Reverted { .. }
            | PayoutStage::Replaced { .. } => false,
        }
    })
}

/// What was told already: what stays as it is, is told once.
#[derive(Debug, Default)]
struct Told {
    last: Vec<Event>,
    held: Option<String>,
}

impl Told {
    fn tell(
        &mut self,
        out: Out,
        view: &View,
        events: Vec<Event>,
        settled: bool,
    ) -> anyhow::Result<()> {
        self.held = None;
        let back = self.is_back(&events);
        let new: Vec<Event> = events
            .iter()
            .filter(|event| !self.last.contains(event))
            .cloned()
            .collect();
        self.last = events;
        if new.is_empty() && !back {
            return Ok(());
        }
        let mut paper = Paper::default();
        let mut values = events::values(&new);
        if back {
            paper.line(format!("{}  the node answers again", view.now));
            values.push(json!({ "event": "node_back" }));
        }
        for line in events::lines(view, &new) {
            paper.line(format!("{}  {line}", view.now));
        }
        let mut json = Map::new();
        json.insert("time".to_owned(), json!(view.now.to_string()));
        json.insert(
            "status".to_owned(),
            json!(if settled { "settled" } else { "under_way" }),
        );
        json.insert("events".to_owned(), json!(values));
        out.print(&Report::done(paper.text(), Value::Object(json)))?;
        Ok(())
    }

    /// Whether the node was away and is not any more.
    fn is_back(&self, events: &[Event]) -> bool {
        let away = |events: &[Event]| {
            events
                .iter()
                .any(|event| matches!(event, Event::NodeTrouble(_)))
        };
        away(&self.last) && !away(events)
    }

    fn hold(&mut self, out: Out, error: &DriverError) {
        let text = error.to_string();
        if self.held.as_ref() != Some(&text) {
            out.say(&format!("held: {text}"));
        }
        self.held = Some(text);
    }
}
