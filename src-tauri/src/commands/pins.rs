//! The PIN window's commands, and no other window's.

use tauri::State;
use zeroize::Zeroizing;

use crate::app::App;
use crate::pin::PinRequest;
use crate::problem::Answer;

/// What is asked for now.
#[tauri::command]
#[specta::specta]
pub async fn pin_request(app: State<'_, App>) -> Answer<Option<PinRequest>> {
    Ok(app.pins.request())
}

/// What was typed, for the request of that number.
#[tauri::command]
#[specta::specta]
pub async fn give_pin(app: State<'_, App>, number: u32, typed: String) -> Answer<()> {
    app.pins.answer(number, Zeroizing::new(typed))
}

/// The person gives up.
#[tauri::command]
#[specta::specta]
pub async fn give_up(app: State<'_, App>) -> Answer<()> {
    app.pins.give_up();
    Ok(())
}
