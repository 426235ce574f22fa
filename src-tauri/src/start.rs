//! How the program starts.

use std::path::PathBuf;
use std::process::ExitCode;

use base64::Engine as _;
use driver::Home;
use tauri::{Manager as _, RunEvent, WindowEvent};

use crate::app::{App, Started};
use crate::{commands, host, keywatch, nodes, windows};

/// The configuration makes no sense, or the host is not as it must be.
const CONFIG: u8 = 78;

const USAGE: &str = "\
Countersign: the treasury's windows

  countersign-desktop [--home DIR] [--test-attestation-root FILE]...

  --home DIR                    the directory of this machine; else what COUNTERSIGN_HOME names, else
                                `countersign` in your data directory
  --test-attestation-root FILE  found a treasury whose YubiKeys are attested by test roots: never for
                                real money
";

/// Starts the app, and gives how it ended.
pub fn run() -> ExitCode {
    match prepared() {
        Ok(Some(started)) => launch(started),
        Ok(None) => ExitCode::SUCCESS,
        Err(why) => {
            complain(&why);
            ExitCode::from(CONFIG)
        }
    }
}

/// Says something where no window is.
fn complain(text: &str) {
    use std::io::Write as _;
    // Nobody is left to tell when this fails.
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn prepared() -> Result<Option<Started>, String> {
    let mut started = arguments(std::env::args().skip(1))?;
    if started.is_none() {
        complain(USAGE);
        return Ok(None);
    }
    let host = host::prepare().map_err(|error| error.to_string())?;
    if let Some(started) = &mut started {
        started.weaknesses = host.weaknesses;
    }
    Ok(started)
}

/// Reads the command line; nothing where help was asked for.
fn arguments(mut words: impl Iterator<Item = String>) -> Result<Option<Started>, String> {
    let mut started = Started::default();
    while let Some(word) = words.next() {
        let mut value = || {
            words
                .next()
                .ok_or(format!("{word} needs a value\n\n{USAGE}"))
        };
        match word.as_str() {
            "--home" => started.home = Some(PathBuf::from(value()?)),
            "--test-attestation-root" => started.test_roots.extend(certificates(&value()?)?),
            "--help" | "-h" => return Ok(None),
            _ => return Err(format!("`{word}` is no option\n\n{USAGE}")),
        }
    }
    Ok(Some(started))
}

/// Certificates from a file, DER or PEM, as DER.
fn certificates(file: &str) -> Result<Vec<Vec<u8>>, String> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let bytes = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) if text.contains(BEGIN) => text,
        Ok(_) | Err(_) => return Ok(vec![bytes]),
    };
    text.split(BEGIN)
        .skip(1)
        .map(|rest| {
            let (body, _) = rest
                .split_once(END)
                .ok_or_else(|| format!("{file}: it ends in the middle"))?;
            let body: String = body.chars().filter(|c| !c.is_whitespace()).collect();
            base64::engine::general_purpose::STANDARD
                .decode(body)
                .map_err(|error| format!("{file}: {error}"))
        })
        .collect()
}

/// Where this machine's files are.
fn home(started: &Started) -> Option<PathBuf> {
    let folder = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    started
        .home
        .clone()
        .or_else(|| folder("COUNTERSIGN_HOME"))
        .or_else(|| folder("XDG_DATA_HOME").map(|data| data.join("countersign")))
        .or_else(|| folder("HOME").map(|home| home.join(".local/share/countersign")))
}

fn launch(started: Started) -> ExitCode {
    let Some(home) = home(&started) else {
        complain("where the treasury is can't be told: give --home DIR");
        return ExitCode::from(CONFIG);
    };
    let home = Home::at(home);
    let specta = commands::all();
    let built = tauri::Builder::default()
        // Must be the first plugin: a second start shows the first one's window.
        .plugin(tauri_plugin_single_instance::init(|app, _, _| {
            windows::focus_main(app);
        }))
        .invoke_handler(specta.invoke_handler())
        .setup(move |app| {
            specta.mount_events(app);
            let handle = app.handle().clone();
            app.manage(App::new(handle.clone(), home, started));
            windows::open_main(&handle)?;
            let for_keys = handle.clone();
            std::thread::spawn(move || keywatch::watch(for_keys));
            tauri::async_runtime::spawn(async move {
                let app = handle.state::<App>();
                app.open().await;
            });
            Ok(())
        })
        .build(context());
    let app = match built {
        Ok(app) => app,
        Err(error) => {
            complain(&format!("Countersign could not open a window: {error}"));
            return ExitCode::FAILURE;
        }
    };
    app.run(|handle, event| {
        if let RunEvent::WindowEvent { label, event, .. } = event {
            happened(handle, &label, &event);
        }
    });
    ExitCode::SUCCESS
}

/// The configuration, the access list and the pages, as they were when this was built.
#[expect(
    clippy::disallowed_types,
    reason = "Tauri's macro keeps plugins' settings in a map; no digest is made of them"
)]
pub fn context() -> tauri::Context<tauri::Wry> {
    tauri::generate_context!()
}

/// A PIN window that is closed by its frame means that the person gave up; without the main window there
/// is nothing to go on with.
fn happened(handle: &tauri::AppHandle, label: &str, event: &WindowEvent) {
    match (label, event) {
        (windows::PIN, WindowEvent::CloseRequested { .. }) => {
            handle.state::<App>().pins.give_up();
        }
        (windows::MAIN, WindowEvent::Destroyed) => handle.exit(0),
        _ => {}
    }
}

/// Asks the nodes as long as a treasury is open.
pub fn watch_nodes(engine: std::sync::Arc<crate::engine::Engine>) {
    tauri::async_runtime::spawn(nodes::watch(engine));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Option<Started>, String> {
        arguments(words.iter().map(|word| (*word).to_owned()))
    }

    #[test]
    fn the_command_line_is_read_or_refused() {
        let started = read(&["--home", "/tmp/x"]).unwrap().unwrap();
        assert_eq!(started.home, Some(PathBuf::from("/tmp/x")));
        assert!(read(&["--help"]).unwrap().is_none());
        for bad in [&["--home"][..], &["--port", "1"], &["x"]] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }
}
