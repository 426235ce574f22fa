//! The frame around every page.

use domain::Subject;
use domain::act::Scope;
use tauri::State;
use treasury::{FreezeRecord, Grade};
use wording::view::{View, grade_reason};

use crate::app::App;
use crate::convert::{count, time};
use crate::dto::{ClassWord, Frame, Freeze, FreezeScope, GradeWord, NodeHealth, PluggedKey, Start};
use crate::pin::held;
use crate::problem::Answer;

/// What the app finds when it starts.
#[tauri::command]
#[specta::specta]
pub async fn start(app: State<'_, App>) -> Answer<Start> {
    Ok(app.start())
}

/// What stands around every page.
#[tauri::command]
#[specta::specta]
pub async fn frame(app: State<'_, App>) -> Answer<Frame> {
    let engine = app.engine()?;
    let view = engine.view();
    let treasury = view.treasury();
    let machine = treasury.machines.get(&view.machine);
    Ok(Frame {
        name: treasury.founding.name.to_string(),
        treasury: treasury.id.to_string(),
        grade: match treasury.grade() {
            Grade::Distributed => GradeWord::Distributed,
            Grade::SingleHost(_) => GradeWord::SingleHost,
        },
        grade_reason: grade_reason(treasury),
        network_class: class(treasury.founding.class),
        frozen: frozen(&view),
        waiting: count(engine.index().open()),
        machine: machine.map_or_else(String::new, |m| m.machine.name.to_string()),
        entries: count(treasury.sequence.saturating_add(1)),
        head: treasury.head.to_string(),
        candidate: treasury
            .candidate
            .as_ref()
            .map(|(machine, _)| machine.name.to_string()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        troubles: engine.troubles(),
        weaknesses: app.weaknesses.clone(),
    })
}

/// Whether real money is held.
pub const fn class(class: domain::NetworkClass) -> ClassWord {
    match class {
        domain::NetworkClass::Mainnet => ClassWord::Mainnet,
        domain::NetworkClass::Test => ClassWord::Test,
    }
}

fn frozen(view: &View) -> Vec<Freeze> {
    view.treasury()
        .freezes
        .iter()
        .map(|(id, freeze)| Freeze {
            id: id.to_string(),
            scope: scope(freeze),
            what: view.scope_words(&freeze.scope),
            by: view.frozen_by(freeze),
            reason: freeze.reason.clone(),
            time: time(freeze.time),
            thaw: thaw(view, *id),
        })
        .collect()
}

const fn scope(freeze: &FreezeRecord) -> FreezeScope {
    match freeze.scope {
        Scope::Treasury => FreezeScope::Treasury,
        Scope::Vault(_) => FreezeScope::Vault,
        Scope::Payout(_) => FreezeScope::Payout,
    }
}

/// An open proposal that would lift a freeze.
fn thaw(view: &View, freeze: domain::EntryId) -> Option<String> {
    let lifts = |subject: &Subject| matches!(subject, Subject::Thaw(thaw) if thaw.freezes.contains(&freeze));
    view.treasury()
        .proposals
        .iter()
        .find(|(_, record)| record.is_open() && lifts(&record.proposal.subject))
        .map(|(id, _)| id.to_string())
}

/// Has the treasury go on at once, without waiting for the next turn.
#[tauri::command]
#[specta::specta]
pub async fn turn(app: State<'_, App>) -> Answer<()> {
    app.engine()?.turn().await;
    Ok(())
}

/// YubiKeys that are plugged in, as last seen.
#[tauri::command]
#[specta::specta]
pub async fn plugged_keys(app: State<'_, App>) -> Answer<Vec<PluggedKey>> {
    Ok(held(&app.keys).clone())
}

/// The nodes, as last asked.
#[tauri::command]
#[specta::specta]
pub async fn nodes(app: State<'_, App>) -> Answer<Vec<NodeHealth>> {
    let engine = app.engine()?;
    Ok(crate::nodes::all(&engine))
}

/// Calls off the act that waits for a PIN or a touch, such as a vault's key generation.
#[tauri::command]
#[specta::specta]
pub async fn cancel_act(app: State<'_, App>) -> Answer<()> {
    app.pins.give_up();
    Ok(())
}
