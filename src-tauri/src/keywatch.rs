//! Which YubiKeys are plugged in, looked at from time to time.

use std::time::Duration;

use domain::OfficerId;
use keys::{CardInfo, Cards, Setting};
use tauri::{AppHandle, Manager as _};
use tauri_specta::Event as _;

use crate::app::App;
use crate::dto::{Changed, KeyState, PluggedKey, Table};
use crate::pin::held;

/// Between two looks.
const EVERY: Duration = Duration::from_millis(1500);

/// Looks for as long as the program runs. The cards block, so this is a thread of its own.
pub fn watch(handle: AppHandle) {
    let mut serials: Vec<u32> = Vec::new();
    loop {
        let app = handle.state::<App>();
        // Without a card service there are no keys; it may come back.
        if let Ok(cards) = Cards::connect()
            && let Ok(found) = cards.list()
        {
            let now: Vec<u32> = found.iter().map(|card| card.serial).collect();
            // A key is asked about its PIN only when it was just plugged in: others may use it.
            if now != serials || owners_changed(&app) {
                let keys = found.iter().map(|card| key(&app, &cards, card)).collect();
                serials = now;
                keep(&handle, &app, keys);
            }
        } else if !serials.is_empty() {
            serials.clear();
            keep(&handle, &app, Vec::new());
        }
        std::thread::sleep(EVERY);
    }
}

fn keep(handle: &AppHandle, app: &App, keys: Vec<PluggedKey>) {
    let same = std::mem::replace(&mut *held(&app.keys), keys.clone()) == keys;
    if !same {
        let changed = Changed {
            tables: vec![Table::Keys],
        };
        // No window is open any more.
        let _ = changed.emit(handle);
    }
}

/// Whether a key that was nobody's is an officer's now, or the other way round.
fn owners_changed(app: &App) -> bool {
    held(&app.keys)
        .iter()
        .any(|key| owner(app, key.serial).map(|(_, name)| name) != key.officer)
}

fn owner(app: &App, serial: u32) -> Option<(OfficerId, String)> {
    let engine = app.engine().ok()?;
    let view = engine.view();
    view.treasury()
        .officers
        .iter()
        .find(|(_, record)| record.active && record.officer.serial == serial)
        .map(|(id, record)| (*id, record.officer.name.to_string()))
}

fn key(app: &App, cards: &Cards, card: &CardInfo) -> PluggedKey {
    let status = cards.pin_status(card.serial).ok();
    let owner = owner(app, card.serial);
    let state = match (&status, &owner) {
        (None, _) => KeyState::Unreadable,
        (Some(status), _) if status.tries_left == 0 => KeyState::Locked,
        (Some(status), _) if status.pin == Setting::Factory => KeyState::NeedsPinChange,
        (Some(_), None) => KeyState::NotEnrolled,
        (Some(_), Some(_)) => KeyState::Ready,
    };
    PluggedKey {
        serial: card.serial,
        firmware: card.firmware.to_string(),
        officer_id: owner.as_ref().map(|(id, _)| id.to_string()),
        officer: owner.map(|(_, name)| name),
        state,
        tries_left: status.map(|status| status.tries_left),
    }
}
