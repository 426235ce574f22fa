//! The approval sheet. Other windows may open it for a proposal; to approve, decline, release and freeze
//! is the sheet's alone.

use std::sync::Arc;

use domain::act::Scope;
use domain::{Name, Note, Officer, ProposalId};
use driver::{DeskError, Prompt, Purpose, YubiKeys};
use keys::{Pin, PinStatus};
use serde::Serialize;
use specta::Type;
use tauri::State;
use wording::proposal::{Status, the, waiting};
use wording::subjects;

use crate::app::App;
use crate::commands::proposals::known;
use crate::convert::{id as read_id, name};
use crate::dto::{FreezeTarget, SheetPurpose};
use crate::engine::Engine;
use crate::pin::held;
use crate::problem::{Answer, Code, Problem, sentence};
use crate::sheet::{self, Sheet, Shown, under_plans, under_policy};
use crate::windows;

/// What came of an act.
#[derive(Debug, Clone, Serialize, Type)]
pub struct Done {
    /// What happened.
    pub words: String,
    /// What comes next.
    pub next: Option<String>,
    /// Whether the sheet has nothing more to do.
    pub over: bool,
}

/// Opens the sheet for a proposal. That is all that another window can say about it.
#[tauri::command]
#[specta::specta]
pub async fn open_sheet(app: State<'_, App>, id: String, purpose: SheetPurpose) -> Answer<()> {
    let view = app.engine()?.view();
    let id = read_id(&id)?;
    known(&view, id)?;
    let shown = match purpose {
        SheetPurpose::Decide => Shown::Decide(id),
        SheetPurpose::Release => Shown::Release(id),
    };
    show(&app, shown)
}

/// Opens the sheet to freeze.
#[tauri::command]
#[specta::specta]
pub async fn open_freeze_sheet(app: State<'_, App>, target: FreezeTarget) -> Answer<()> {
    let view = app.engine()?.view();
    let scope = match target {
        FreezeTarget::Treasury => Scope::Treasury,
        FreezeTarget::Vault(vault) => {
            let (id, _) = subjects::vault(&view, &name("vault", &vault)?)
                .map_err(|error| Problem::draft(&error))?;
            Scope::Vault(id)
        }
        FreezeTarget::Payout(id) => {
            let id = read_id(&id)?;
            known(&view, id)?;
            Scope::Payout(id)
        }
    };
    show(&app, Shown::Freeze(scope))
}

fn show(app: &App, shown: Shown) -> Answer<()> {
    *held(&app.sheet) = Some(shown);
    windows::show_sheet(&app.handle)
}

fn shown(app: &App) -> Answer<Shown> {
    held(&app.sheet)
        .clone()
        .ok_or_else(|| Problem::new(Code::NotNow, "the sheet was opened for nothing"))
}

/// What the sheet shows.
#[tauri::command]
#[specta::specta]
pub async fn sheet(app: State<'_, App>) -> Answer<Sheet> {
    let engine = app.engine()?;
    let shown = shown(&app)?;
    let keys = held(&app.keys).clone();
    let view = engine.view();
    // While the loop is at work nothing is open for a person to go on with.
    let driver = match &shown {
        Shown::Release(_) => Some(engine.loop_driver().await),
        Shown::Decide(_) | Shown::Freeze(_) => None,
    };
    let is_open = |vault, seat| {
        driver
            .as_ref()
            .is_some_and(|driver| driver.is_opened(vault, seat, view.now))
    };
    sheet::sheet(&view, &shown, &keys, &is_open)
}

/// Closes the sheet.
#[tauri::command]
#[specta::specta]
pub async fn close_sheet(app: State<'_, App>) -> Answer<()> {
    *held(&app.sheet) = None;
    windows::close_sheet(&app.handle);
    Ok(())
}

/// The proposal, if it is the one that the sheet shows, and nothing changed since it was read.
fn read_as(app: &App, id: &str, expected: impl Fn(ProposalId) -> Shown) -> Answer<ProposalId> {
    let id = read_id(id)?;
    if shown(app)? != expected(id) {
        return Err(changed());
    }
    Ok(id)
}

fn changed() -> Problem {
    Problem::new(
        Code::NotNow,
        "it changed while you read it, so nothing was signed",
    )
    .remedy("read it again")
}

/// Approves the proposal that the sheet shows, under the policy that it showed.
#[tauri::command]
#[specta::specta]
pub async fn approve(
    app: State<'_, App>,
    id: String,
    under: String,
    officer: String,
) -> Answer<Done> {
    let engine = app.engine()?;
    let id = read_as(&app, &id, Shown::Decide)?;
    if under_policy(&engine.view()) != under {
        return Err(changed());
    }
    let who = name("officer", &officer)?;
    let class = engine.view().treasury().founding.class;
    let visit = app.visit()?;
    let mut desk = app.desk(class, &visit)?;
    engine.own_driver()?.approve(id, &who, &mut desk).await?;
    drop(visit);
    let done = standing(&engine, id, &format!("{who} approved")).await;
    engine.wake();
    Ok(done)
}

/// Declines the proposal that the sheet shows: it ends.
#[tauri::command]
#[specta::specta]
pub async fn decline(
    app: State<'_, App>,
    id: String,
    officer: String,
    reason: String,
) -> Answer<Done> {
    let engine = app.engine()?;
    let id = read_as(&app, &id, Shown::Decide)?;
    let who = name("officer", &officer)?;
    let reason = Note::new(reason.trim()).map_err(|error| Problem::input("reason", error))?;
    let class = engine.view().treasury().founding.class;
    let visit = app.visit()?;
    let mut desk = app.desk(class, &visit)?;
    engine
        .own_driver()?
        .decline(id, &who, reason, &mut desk)
        .await?;
    drop(visit);
    let done = standing(&engine, id, &format!("{who} declined")).await;
    engine.wake();
    Ok(done)
}

/// Officers open one seat for the exact transactions that the sheet shows. Once enough are open they
/// sign.
#[tauri::command]
#[specta::specta]
pub async fn release(
    app: State<'_, App>,
    id: String,
    under: String,
    seat: String,
    officers: Vec<String>,
) -> Answer<Done> {
    let engine = app.engine()?;
    let id = read_as(&app, &id, Shown::Release)?;
    if under_plans(&engine.view(), id) != under {
        return Err(changed());
    }
    let seat = name("seat", &seat)?;
    let officers = officers
        .iter()
        .map(|officer| name("officers", officer))
        .collect::<Answer<Vec<Name>>>()?;
    let class = engine.view().treasury().founding.class;
    let visit = app.visit()?;
    // Each officer signs the release, and then opens the share or a piece of it.
    let times = officers.len().saturating_mul(2);
    let mut desk = app.counting_desk(class, &visit, times)?;
    // The loop's driver keeps what is opened, and stands still meanwhile.
    let mut driver = engine.loop_driver().await;
    let opened = driver.release(id, Some(&seat), &officers, &mut desk).await;
    drop(driver);
    drop(visit);
    let opened = opened?;
    engine.turn().await;
    let mut done = standing(&engine, id, &format!("Opened seat {opened} for")).await;
    done.over = {
        let view = engine.view();
        let record = known(&view, id)?;
        !crate::commands::proposals::is_to_release(&view, id, record)
    };
    Ok(done)
}

/// Freezes what the sheet shows, with one touch and no PIN. It waits for no other act: one that awaits a
/// touch is called off first.
#[tauri::command]
#[specta::specta]
pub async fn freeze(app: State<'_, App>, officer: String, reason: String) -> Answer<Done> {
    let engine = app.engine()?;
    let Shown::Freeze(scope) = shown(&app)? else {
        return Err(changed());
    };
    let who = name("officer", &officer)?;
    let reason = Note::new(reason.trim()).map_err(|error| Problem::input("reason", error))?;
    app.pins.give_up();
    let class = engine.view().treasury().founding.class;
    let cards = app.cards(class)?;
    let mut desk = YubiKeys::new(cards, OneTouch);
    let driver = engine.own_driver()?;
    let frozen = engine.view().scope_words(&scope);
    driver.freeze(scope, &who, reason, &mut desk).await?;
    engine.look().await;
    Ok(Done {
        words: sentence(&format!("{who} froze {frozen}")),
        next: Some(
            "No new payment leaves. What was sent already can't be stopped by it. A thaw needs the governance quorum"
                .to_owned(),
        ),
        over: true,
    })
}

/// A freeze needs no PIN, and the sheet itself says that the key blinks.
struct OneTouch;

impl Prompt for OneTouch {
    fn pin(&mut self, _: &Officer, _: &Purpose, _: &PinStatus) -> Result<Pin, DeskError> {
        Err(DeskError::Other("a freeze asks for no PIN".to_owned()))
    }

    fn touch(&mut self, _: &Officer, _: &Purpose) {}
}

/// How a proposal stands after somebody acted on it.
async fn standing(engine: &Arc<Engine>, id: ProposalId, done: &str) -> Done {
    engine.look().await;
    let view = engine.view();
    let words = format!("{done} {}", the(view.treasury(), id));
    let next = view.treasury().proposals.get(&id).map(|record| {
        let status = Status::of(record).phrase();
        match waiting(&view, id, record) {
            Some(waits) => format!("It is {status}, and waits for {waits}"),
            None => format!("It is {status}"),
        }
    });
    Done {
        words: sentence(&words),
        next,
        over: true,
    }
}
