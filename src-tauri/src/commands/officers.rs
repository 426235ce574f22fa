//! Officers, machines, and YubiKeys that become an officer's.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::proposal::OfficerChange;
use domain::{Name, NetworkClass, Note, Officer, OfficerId, Subject, TreasuryId};
use driver::{first_anchors, keep_enrolment};
use keys::Cards;
use keys::attestation::TrustAnchors;
use keys::enrol::{self, Enrolment, ExistingKeys, Obstacle, Readiness};
use tauri::State;
use tauri::ipc::Channel;
use wording::view::View;

use crate::app::App;
use crate::dto::{
    EnrolmentView, ExistingKeysChoice, KeyReadiness, MachineView, ObstacleKind, ObstacleView,
    OfficerView, StepProgress,
};
use crate::pin::{Holder, Visit};
use crate::problem::{Answer, Code, Problem, of_card, of_desk};

/// Everybody who is or was an officer.
#[tauri::command]
#[specta::specta]
pub async fn officers(app: State<'_, App>) -> Answer<Vec<OfficerView>> {
    let view = app.engine()?.view();
    let treasury = view.treasury();
    let groups = treasury.adoption.policy.groups();
    let pending = pending(&view);
    let mut officers: Vec<OfficerView> = treasury
        .officers
        .iter()
        .map(|(id, record)| {
            let officer = &record.officer;
            OfficerView {
                id: id.to_string(),
                name: officer.name.to_string(),
                serial: officer.serial,
                firmware: firmware(officer),
                active: record.active,
                groups: groups
                    .iter()
                    .filter(|(_, members)| members.contains(&officer.name))
                    .map(|(group, _)| group.to_string())
                    .collect(),
                waiver: officer.waiver.as_ref().map(ToString::to_string),
                pending: pending.get(id).cloned(),
            }
        })
        .collect();
    officers.sort_by(|a, b| (!a.active, &a.name).cmp(&(!b.active, &b.name)));
    Ok(officers)
}

fn firmware(officer: &Officer) -> String {
    let [major, minor, patch] = officer.firmware;
    format!("{major}.{minor}.{patch}")
}

/// Open proposals that would suspend somebody.
fn pending(view: &View) -> BTreeMap<OfficerId, String> {
    view.treasury()
        .proposals
        .iter()
        .filter(|(_, record)| record.is_open())
        .filter_map(|(id, record)| match &record.proposal.subject {
            Subject::Officer(OfficerChange::Suspend(officer)) => Some((*officer, id.to_string())),
            _ => None,
        })
        .collect()
}

/// Every machine there is or was.
#[tauri::command]
#[specta::specta]
pub async fn machines(app: State<'_, App>) -> Answer<Vec<MachineView>> {
    let view = app.engine()?.view();
    Ok(view
        .treasury()
        .machines
        .iter()
        .map(|(id, standing)| MachineView {
            id: id.to_string(),
            name: standing.machine.name.to_string(),
            administrators: standing
                .machine
                .administrators
                .iter()
                .map(ToString::to_string)
                .collect(),
            active: standing.replaced_by.is_none(),
            here: *id == view.machine,
        })
        .collect())
}

/// Officers enrolled on this machine who are not in the journal yet.
#[tauri::command]
#[specta::specta]
pub async fn enrolments(app: State<'_, App>) -> Answer<Vec<EnrolmentView>> {
    Ok(kept(&app))
}

/// Enrolments that are kept and not used yet.
pub fn kept(app: &App) -> Vec<EnrolmentView> {
    let known: Vec<OfficerId> = app
        .engine()
        .map(|engine| engine.view().treasury().officers.keys().copied().collect())
        .unwrap_or_default();
    driver::enrolments(&app.home)
        .into_iter()
        .filter(|officer| !known.contains(&officer.id()))
        .map(|officer| enrolment_view(&officer))
        .collect()
}

fn enrolment_view(officer: &Officer) -> EnrolmentView {
    EnrolmentView {
        name: officer.name.to_string(),
        serial: officer.serial,
        firmware: firmware(officer),
        waiver: officer.waiver.as_ref().map(ToString::to_string),
    }
}

/// How a plugged-in key stands. Nothing is tried to learn it.
#[tauri::command]
#[specta::specta]
pub async fn key_readiness(app: State<'_, App>, serial: u32) -> Answer<KeyReadiness> {
    let cards = app.cards(whom(&app)?.class)?;
    blocking(move || inspect(&cards, serial)).await
}

/// Work with a key, on a thread that may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Answer<T> + Send + 'static,
) -> Answer<T> {
    tauri::async_runtime::spawn_blocking(work)
        .await
        .map_err(|error| Problem::task(&error))?
}

fn inspect(cards: &Cards, serial: u32) -> Answer<KeyReadiness> {
    let ready = enrol::inspect(cards, serial).map_err(|error| of_card(&error))?;
    Ok(readiness(&ready))
}

fn readiness(ready: &Readiness) -> KeyReadiness {
    KeyReadiness {
        serial: ready.serial,
        firmware: ready.firmware.to_string(),
        tries_left: ready.codes.tries_left,
        puk_tries_left: ready.codes.puk_tries_left,
        obstacles: ready.obstacles().into_iter().map(obstacle).collect(),
    }
}

fn obstacle(obstacle: Obstacle) -> ObstacleView {
    let (kind, words) = match obstacle {
        Obstacle::FactoryPin => (
            ObstacleKind::FactoryPin,
            "The PIN is the one that every key leaves its factory with: choose your own".to_owned(),
        ),
        Obstacle::FactoryPuk => (
            ObstacleKind::FactoryPuk,
            "The PUK is the one that every key leaves its factory with: choose your own, and keep it where you find it when the PIN is blocked".to_owned(),
        ),
        Obstacle::FactoryManagementKey => (
            ObstacleKind::FactoryManagementKey,
            "The management key is the one that every key leaves its factory with: Countersign makes a new one and keeps it under your PIN".to_owned(),
        ),
        Obstacle::PinBlocked => (
            ObstacleKind::PinBlocked,
            "The PIN is blocked after too many wrong tries: the PUK sets a new one".to_owned(),
        ),
        Obstacle::OldFirmware => (
            ObstacleKind::OldFirmware,
            "Firmware before 5.7.0 can give its keys away to somebody who holds it for a while (EUCLEAK): take another YubiKey, or say in writing why you accept it".to_owned(),
        ),
        Obstacle::Occupied(slot) => (
            ObstacleKind::Occupied,
            format!("There is a key in slot {slot} already: take it as it is, or destroy it for good"),
        ),
    };
    ObstacleView { kind, words }
}

/// Changes what is the factory's: PIN, PUK and management key, each asked for at the PIN window.
#[tauri::command]
#[specta::specta]
pub async fn prepare_key(
    app: State<'_, App>,
    serial: u32,
    progress: Channel<StepProgress>,
) -> Answer<KeyReadiness> {
    let class = whom(&app)?.class;
    let visit = app.visit()?;
    let cards = app.cards(class)?.cancellable(visit.cancel());
    blocking(move || {
        let prepared = prepare(&cards, serial, &visit, &progress);
        drop(visit);
        prepared
    })
    .await
}

fn prepare(
    cards: &Cards,
    serial: u32,
    visit: &Visit,
    progress: &Channel<StepProgress>,
) -> Answer<KeyReadiness> {
    let before = enrol::inspect(cards, serial).map_err(|error| of_card(&error))?;
    let obstacles = before.obstacles();
    let has = |obstacle| obstacles.contains(&obstacle);
    let holder = Holder {
        name: "New key".to_owned(),
        serial,
    };
    let said = |error: driver::DeskError| of_desk(&error, None);
    let changed = |error: enrol::EnrolError| Problem::new(Code::Key, error.to_string());
    let say = |words: &str| {
        // The page that asked is gone.
        let _ = progress.send(StepProgress {
            words: words.to_owned(),
            done: 0,
            of: 0,
        });
    };
    let mut own = None;
    if has(Obstacle::PinBlocked) {
        say("The PUK sets a new PIN");
        let puk = visit
            .puk(&holder, "unblock the PIN", before.codes.puk_tries_left)
            .map_err(said)?;
        let new = visit.new_pin(&holder, "set a new PIN").map_err(said)?;
        enrol::unblock_pin(cards, serial, &puk, &new).map_err(changed)?;
        own = Some(new);
    } else if has(Obstacle::FactoryPin) {
        say("The factory's PIN is changed");
        let current = visit
            .pin(
                &holder,
                "change it; the one now set, which the factory gave it",
                &before.codes,
                None,
            )
            .map_err(said)?;
        let new = visit.new_pin(&holder, "set your own PIN").map_err(said)?;
        enrol::change_pin(cards, serial, &current, &new).map_err(changed)?;
        own = Some(new);
    }
    if has(Obstacle::FactoryPuk) {
        say("The factory's PUK is changed");
        let current = visit
            .puk(
                &holder,
                "change it; the one now set, which the factory gave it",
                before.codes.puk_tries_left,
            )
            .map_err(said)?;
        let new = visit.new_puk(&holder, "set your own PUK").map_err(said)?;
        enrol::change_puk(cards, serial, &current, &new).map_err(changed)?;
    }
    if has(Obstacle::FactoryManagementKey) {
        say("A new management key is kept under the PIN");
        let pin = match own {
            Some(pin) => pin,
            None => {
                let status = cards.pin_status(serial).map_err(|error| of_card(&error))?;
                visit
                    .pin(
                        &holder,
                        "keep a new management key under the PIN",
                        &status,
                        None,
                    )
                    .map_err(said)?
            }
        };
        visit.patience(&holder, "keep a new management key");
        enrol::protect_management_key(cards, serial, &pin).map_err(changed)?;
    }
    inspect(cards, serial)
}

/// Whom a new key must satisfy.
pub struct For {
    /// Roots that its attestation leads to.
    pub anchors: TrustAnchors,
    /// The treasury, once founded.
    pub treasury: Option<TreasuryId>,
    /// Whether real money is held.
    pub class: NetworkClass,
}

/// A founded treasury's roots, or those for one to come.
pub fn whom(app: &App) -> Answer<For> {
    if let Ok(engine) = app.engine() {
        let view = engine.view();
        return Ok(For {
            anchors: engine.own_driver()?.anchors(view.treasury())?,
            treasury: Some(view.treasury().id),
            class: view.treasury().founding.class,
        });
    }
    let folder = app
        .home
        .settings()
        .ok()
        .and_then(|settings| settings.attestation_certificates);
    Ok(For {
        anchors: first_anchors(&app.test_roots, folder.as_deref())?,
        treasury: None,
        class: NetworkClass::Test,
    })
}

/// Makes an officer's three keys on a YubiKey, or takes those that are there, checks what the key attests,
/// and keeps it until the founding or a proposal.
#[tauri::command]
#[specta::specta]
pub async fn enrol(
    app: State<'_, App>,
    serial: u32,
    name: String,
    existing: ExistingKeysChoice,
    waiver: Option<String>,
    progress: Channel<StepProgress>,
) -> Answer<EnrolmentView> {
    let wanted = Wanted {
        serial,
        name: crate::convert::name("name", &name)?,
        existing,
        waiver: waiver
            .filter(|text| !text.trim().is_empty())
            .map(|text| Note::new(text.trim()).map_err(|error| Problem::input("waiver", error)))
            .transpose()?,
    };
    let whom = whom(&app)?;
    let visit = app.visit()?;
    let cards = app.cards(whom.class)?.cancellable(visit.cancel());
    let home = app.home.clone();
    let officer = blocking(move || {
        let made = make(&cards, &wanted, &whom, &visit, &progress);
        drop(visit);
        let officer = made?;
        keep_enrolment(&home, &officer)?;
        Ok(officer)
    })
    .await?;
    if let Ok(engine) = app.engine() {
        engine.changed(&[crate::dto::Table::Officers, crate::dto::Table::Keys]);
    }
    Ok(enrolment_view(&officer))
}

struct Wanted {
    serial: u32,
    name: Name,
    existing: ExistingKeysChoice,
    waiver: Option<Note>,
}

fn make(
    cards: &Cards,
    wanted: &Wanted,
    whom: &For,
    visit: &Arc<Visit>,
    progress: &Channel<StepProgress>,
) -> Answer<Officer> {
    refuse_unready(cards, wanted)?;
    let holder = Holder {
        name: wanted.name.to_string(),
        serial: wanted.serial,
    };
    let say = |words: &str, done: u32| {
        // The page that asked is gone.
        let _ = progress.send(StepProgress {
            words: words.to_owned(),
            done,
            of: 3,
        });
    };
    let pin = |purpose: &str| {
        let status = cards
            .pin_status(wanted.serial)
            .map_err(|error| of_card(&error))?;
        visit
            .pin(&holder, purpose, &status, None)
            .map_err(|error| of_desk(&error, None))
    };
    let failed = |error: enrol::EnrolError| Problem::new(Code::Key, error.to_string());
    say("The key is asked for its PIN", 0);
    let (enrolment, pin) = match wanted.existing {
        ExistingKeysChoice::Keep => {
            let enrolment = enrol::read(cards, wanted.serial).map_err(failed)?;
            let pin = whom
                .treasury
                .map(|_| pin("prove that you hold the key"))
                .transpose()?;
            (enrolment, pin)
        }
        ExistingKeysChoice::Refuse | ExistingKeysChoice::ReplaceForGood => {
            let existing = match wanted.existing {
                ExistingKeysChoice::ReplaceForGood => ExistingKeys::ReplaceForGood,
                ExistingKeysChoice::Refuse | ExistingKeysChoice::Keep => ExistingKeys::Refuse,
            };
            let pin = pin("make your three keys")?;
            say(
                "Three keys are made on the YubiKey; this takes some seconds",
                1,
            );
            visit.patience(&holder, "make your three keys");
            let enrolment = enrol::enrol(cards, wanted.serial, &pin, existing).map_err(failed)?;
            (enrolment, Some(pin))
        }
    };
    say("What the key attests is checked", 2);
    let mut officer = vouched(&enrolment, wanted, whom)?;
    if let (Some(treasury), Some(pin)) = (whom.treasury, &pin) {
        visit.touch(&holder, "prove that you hold the key", None);
        let proven = enrol::prove_possession(cards, &officer, treasury, pin);
        officer.possession = Some(proven.map_err(|error| of_card(&error))?);
    }
    say("Enrolled", 3);
    Ok(officer)
}

/// The officer, if what the key says of itself leads to a root that is trusted.
fn vouched(enrolment: &Enrolment, wanted: &Wanted, whom: &For) -> Answer<Officer> {
    enrolment
        .officer(wanted.name.clone(), wanted.waiver.clone(), &whom.anchors)
        .map_err(|error| {
            Problem::new(Code::Key, error.to_string()).remedy(
                "the keys stay on the YubiKey: once this is settled, enrol again and take them as they are",
            )
        })
}

/// Nobody is asked for a PIN that can't help.
fn refuse_unready(cards: &Cards, wanted: &Wanted) -> Answer<()> {
    let ready = enrol::inspect(cards, wanted.serial).map_err(|error| of_card(&error))?;
    let in_the_way = |one: &Obstacle| match one {
        Obstacle::OldFirmware => wanted.waiver.is_none(),
        Obstacle::Occupied(_) => wanted.existing == ExistingKeysChoice::Refuse,
        Obstacle::FactoryPin
        | Obstacle::FactoryPuk
        | Obstacle::FactoryManagementKey
        | Obstacle::PinBlocked => true,
    };
    let words: Vec<String> = ready
        .obstacles()
        .into_iter()
        .filter(in_the_way)
        .map(|one| obstacle(one).words)
        .collect();
    if words.is_empty() {
        return Ok(());
    }
    Err(Problem::new(
        Code::Key,
        format!(
            "YubiKey {} can't be enrolled yet; nothing was changed and no PIN was tried. {}",
            wanted.serial,
            words.join(". ")
        ),
    ))
}
