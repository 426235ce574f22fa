//! The journal: read, searched, verified, exported.

use domain::{Act, Author, Entry};
use tauri::State;
use treasury::proposal_id;
use wording::view::View;

use crate::app::App;
use crate::convert::{count, time};
use crate::dto::{JournalCheck, JournalPage, JournalQuery, JournalRow, Written};
use crate::files::{self, stamp};
use crate::problem::{Answer, Problem};

/// A page is no longer than this.
const LONGEST: u32 = 500;

/// Some entries, the newest first.
#[tauri::command]
#[specta::specta]
pub async fn journal(app: State<'_, App>, query: JournalQuery) -> Answer<JournalPage> {
    let view = app.engine()?.view();
    let text = query.text.trim().to_lowercase();
    let limit = usize::try_from(query.limit.clamp(1, LONGEST)).unwrap_or(1);
    let fits = |entry: &&Entry| {
        let name = entry.body.body().act.name();
        (query.names.is_empty() || query.names.iter().any(|wanted| wanted == name))
            && (text.is_empty() || haystack(&view, entry).contains(&text))
    };
    let found: Vec<&Entry> = view.entries.iter().rev().filter(fits).collect();
    let from = |entry: &&&Entry| {
        query
            .before
            .is_none_or(|before| entry.sequence() < u64::from(before))
    };
    let rest: Vec<&Entry> = found.iter().filter(from).copied().collect();
    let rows: Vec<JournalRow> = rest
        .iter()
        .take(limit)
        .map(|entry| row(&view, entry))
        .collect();
    Ok(JournalPage {
        next: (rest.len() > limit)
            .then(|| rows.last().map(|row| row.sequence))
            .flatten(),
        total: count(found.len()),
        rows,
    })
}

fn haystack(view: &View, entry: &Entry) -> String {
    let body = String::from_utf8_lossy(entry.body.envelope().payload()).to_lowercase();
    format!(
        "{} {} {} {body}",
        entry.sequence(),
        entry.id(),
        author(view, entry).to_lowercase()
    )
}

fn author(view: &View, entry: &Entry) -> String {
    match entry.body.body().author {
        Author::Founders => "the founders".to_owned(),
        Author::Officer(officer) => view.name(officer),
        Author::Machine(id) => view.treasury().machines.get(&id).map_or_else(
            || "a machine".to_owned(),
            |standing| standing.machine.name.to_string(),
        ),
    }
}

fn row(view: &View, entry: &Entry) -> JournalRow {
    let body = entry.body.body();
    JournalRow {
        sequence: count(entry.sequence()),
        time: time(body.time),
        first_seen: time(entry.first_seen),
        name: body.act.name().to_owned(),
        author: author(view, entry),
        id: entry.id().to_string(),
        proposal: about(view, entry),
        body: pretty(entry.body.envelope().payload()),
    }
}

/// The proposal that an entry names by itself.
fn about(view: &View, entry: &Entry) -> Option<String> {
    let treasury = view.treasury();
    let id = match &entry.body.body().act {
        Act::Proposed(_) => proposal_id(treasury, entry),
        Act::Approved(approving) => Some(approving.proposal),
        Act::Declined(declining) => Some(declining.proposal),
        Act::Lapsed { proposal } | Act::Enacted { proposal } => Some(*proposal),
        Act::Planned(planned) => Some(planned.proposal),
        Act::PlannedEvm(planned) => Some(planned.proposal),
        Act::Released(release) => treasury.payout_of_plan(release.plan),
        Act::BatchReleased(release) => Some(release.batch),
        Act::SigningStarted(run) | Act::SigningRetried(run) => treasury.payout_of_plan(run.plan),
        Act::Signed(signed) => treasury.payout_of_plan(signed.plan),
        Act::Broadcast(sighting) | Act::Reorged(sighting) | Act::Dropped(sighting) => {
            treasury.payout_of_plan(sighting.plan)
        }
        Act::Confirmed(seen) | Act::Reverted(seen) => treasury.payout_of_plan(seen.plan),
        Act::Replaced { plan, .. } => treasury.payout_of_plan(*plan),
        Act::Founded(_)
        | Act::KeygenStarted(_)
        | Act::KeygenAborted(_)
        | Act::VaultReady(_)
        | Act::SigningAborted(_)
        | Act::Frozen(_)
        | Act::ClockConfirmed { .. } => None,
    };
    id.map(|id| id.to_string())
}

/// The signed bytes, spaced for reading.
fn pretty(payload: &[u8]) -> String {
    serde_json::from_slice::<serde_json::Value>(payload)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| String::from_utf8_lossy(payload).into_owned())
}

/// Reads everything anew: the file against its anchor, every signature, every rule.
#[tauri::command]
#[specta::specta]
pub async fn verify_journal(app: State<'_, App>) -> Answer<JournalCheck> {
    let engine = app.engine()?;
    let read = async {
        let driver = engine.own_driver()?;
        let ledger = driver.ledger().await?;
        ledger.journal().verify().await?;
        let treasury = ledger.treasury()?;
        Ok::<_, driver::DriverError>((treasury.sequence.saturating_add(1), treasury.head))
    };
    Ok(match read.await {
        Ok((entries, head)) => JournalCheck {
            ok: true,
            entries: count(entries),
            head: head.to_string(),
            trouble: None,
        },
        Err(error) => {
            let view = engine.view();
            JournalCheck {
                ok: false,
                entries: count(view.entries.len()),
                head: view.treasury().head.to_string(),
                trouble: Some(Problem::from(error).message),
            }
        }
    })
}

/// Writes the whole journal to a file that anybody can verify.
#[tauri::command]
#[specta::specta]
pub async fn export_journal(app: State<'_, App>) -> Answer<Written> {
    let engine = app.engine()?;
    let path = files::folder()?.join(format!("journal-{}.jsonl", stamp(engine.view().now)));
    let (summary, _) = engine.own_driver()?.export(&path).await?;
    Ok(Written {
        words: format!(
            "The journal with {}. Anybody can verify it: countersign journal verify {}",
            wording::paper::count(summary.entries, "entry"),
            path.display()
        ),
        path: path.display().to_string(),
    })
}

/// Writes a backup: the journal and the sealed seats. Nothing in it is open.
#[tauri::command]
#[specta::specta]
pub async fn back_up(app: State<'_, App>) -> Answer<Written> {
    let engine = app.engine()?;
    let path = files::folder()?.join(format!("backup-{}", stamp(engine.view().now)));
    let report = engine.own_driver()?.backup(&path).await?;
    Ok(Written {
        path: report.path.display().to_string(),
        words: format!(
            "A backup of the journal with {} and {}. Nothing in it is open. Keep it away from this machine, and make a new one after each new vault",
            wording::paper::count(report.entries, "entry"),
            wording::paper::count(report.seats.len(), "sealed seat")
        ),
    })
}
