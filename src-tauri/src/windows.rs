//! The windows: one label, one page, one capability each. None goes anywhere else or opens another.

use std::time::Duration;

use tauri::webview::NewWindowResponse;
use tauri::{AppHandle, Manager as _, Url, WebviewUrl, WebviewWindowBuilder};
use tauri_specta::Event as _;

use crate::problem::{Answer, Code, Problem};

/// The main window's label.
pub const MAIN: &str = "main";
/// The approval sheet's label.
pub const SHEET: &str = "sheet";
/// The PIN window's label.
pub const PIN: &str = "pin";

/// The sheet has something else to show.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, specta::Type, tauri_specta::Event)]
pub struct SheetChanged;

/// The PIN window has something else to ask.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, specta::Type, tauri_specta::Event)]
pub struct PinChanged;

/// Opens the main window.
pub fn open_main(app: &AppHandle) -> tauri::Result<()> {
    guarded(app, MAIN, "index.html")
        .title("Countersign")
        .inner_size(1280.0, 820.0)
        .min_inner_size(1024.0, 700.0)
        .zoom_hotkeys_enabled(true)
        .build()
        .map(drop)
}

/// Opens the sheet, or tells the open one that it has something else to show, and brings it forward.
pub fn show_sheet(app: &AppHandle) -> Answer<()> {
    show(app, SHEET, || {
        guarded(app, SHEET, "sheet/sheet.html")
            .title("Countersign: approve")
            .inner_size(560.0, 720.0)
            .min_inner_size(480.0, 420.0)
            .build()
    })?;
    // A window that is only being made asks by itself.
    let _ = SheetChanged.emit_to(app, SHEET);
    Ok(())
}

/// Closes the sheet.
pub fn close_sheet(app: &AppHandle) {
    close(app, SHEET);
}

/// Opens the PIN window, or tells the open one that it has something else to ask.
pub fn show_pin(app: &AppHandle) {
    let shown = show(app, PIN, || {
        guarded(app, PIN, "pin/pin.html")
            .title("Countersign: YubiKey")
            .inner_size(440.0, 360.0)
            .resizable(false)
            .minimizable(false)
            .always_on_top(true)
            .center()
            .build()
    });
    // Whoever waits for the answer can give up in the window that asked for the act.
    if shown.is_ok() {
        let _ = PinChanged.emit_to(app, PIN);
    }
}

/// Closes the PIN window; what was typed goes with it.
pub fn close_pin(app: &AppHandle) {
    close(app, PIN);
}

/// Brings the main window forward.
pub fn focus_main(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(MAIN) {
        // A window manager may refuse.
        let _ = window.unminimize();
        let _ = window.set_focus();
    }
}

fn show(
    app: &AppHandle,
    label: &str,
    make: impl FnOnce() -> tauri::Result<tauri::WebviewWindow>,
) -> Answer<()> {
    let window = match app.get_webview_window(label) {
        Some(window) => window,
        None => make().map_err(|error| {
            Problem::new(
                Code::Fault,
                format!("the window could not be opened ({error}); nothing was done"),
            )
        })?,
    };
    // A window manager may refuse.
    let _ = window.unminimize();
    let _ = window.set_focus();
    Ok(())
}

/// Closes a window and waits until it is gone: the next act would take one that is on its way out for
/// its own.
fn close(app: &AppHandle, label: &str) {
    const MOMENT: Duration = Duration::from_millis(5);
    const MOMENTS: u32 = 200;
    let Some(window) = app.get_webview_window(label) else {
        return;
    };
    if window.destroy().is_err() {
        return;
    }
    for _ in 0..MOMENTS {
        if app.get_webview_window(label).is_none() {
            return;
        }
        std::thread::sleep(MOMENT);
    }
}

fn guarded<'a>(
    app: &'a AppHandle,
    label: &str,
    page: &str,
) -> WebviewWindowBuilder<'a, tauri::Wry, AppHandle> {
    WebviewWindowBuilder::new(app, label, WebviewUrl::App(page.into()))
        .devtools(false)
        .disable_drag_drop_handler()
        .on_navigation(is_ours)
        .on_new_window(|_, _| NewWindowResponse::Deny)
}

/// Only pages that are inside this program.
pub fn is_ours(url: &Url) -> bool {
    let bundled = matches!(
        (url.scheme(), url.host_str()),
        ("tauri", Some("localhost")) | ("http" | "https", Some("tauri.localhost"))
    );
    // `tauri dev` serves them from this machine.
    let developing = cfg!(debug_assertions)
        && !cfg!(feature = "custom-protocol")
        && url.scheme() == "http"
        && url.host_str() == Some("127.0.0.1");
    bundled || developing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_go_nowhere_else() {
        let ours = |text: &str| is_ours(&text.parse().unwrap());
        assert!(ours("tauri://localhost/index.html"));
        assert!(ours("http://tauri.localhost/sheet/sheet.html"));
        for other in [
            "https://example.com/",
            "http://localhost:8080/",
            "http://tauri.localhost.example.com/",
            "file:///etc/passwd",
            "data:text/html,x",
            "javascript:alert(1)",
            "about:blank",
        ] {
            assert!(!ours(other), "{other}");
        }
    }
}
