//! What holds between the windows: the bindings are those of the commands, and each window may call its
//! own and no others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::commands;

fn ui() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui")
}

fn typescript(builder: &tauri_specta::Builder<tauri::Wry>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bindings.ts");
    builder
        .export(specta_typescript::Typescript::default(), &file)
        .unwrap();
    std::fs::read_to_string(file).unwrap()
}

/// Each window's label, its commands and where its bindings are.
fn windows() -> [(&'static str, tauri_specta::Builder<tauri::Wry>, PathBuf); 3] {
    [
        (
            "main",
            commands::main_window(),
            ui().join("src/ipc/bindings.ts"),
        ),
        (
            "sheet",
            commands::sheet_window(),
            ui().join("sheet/sheet-bindings.ts"),
        ),
        (
            "pin",
            commands::pin_window(),
            ui().join("pin/pin-bindings.ts"),
        ),
    ]
}

/// Names of the commands that bindings call.
fn called(bindings: &str) -> BTreeSet<String> {
    bindings
        .split("__TAURI_INVOKE")
        .filter_map(|rest| {
            let (_, rest) = rest.split_once("(\"")?;
            Some(rest.split_once('"')?.0.to_owned())
        })
        .collect()
}

#[test]
fn bindings_are_those_of_the_commands() {
    for (label, builder, file) in windows() {
        let fresh = typescript(&builder);
        if std::env::var_os("BINDINGS").is_some() {
            std::fs::write(&file, &fresh).unwrap();
        }
        let committed = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            committed == fresh,
            "{label}: write them anew with BINDINGS=write cargo test -p desktop"
        );
    }
}

#[derive(serde::Deserialize)]
struct Capability {
    identifier: String,
    windows: Vec<String>,
    local: bool,
    #[serde(default)]
    remote: Option<serde_json::Value>,
    permissions: Vec<String>,
}

fn capability(label: &str) -> Capability {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("capabilities/{label}.json"));
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

#[test]
fn each_capability_file_names_its_windows_commands_and_nothing_else() {
    for (label, builder, _) in windows() {
        let capability = capability(label);
        assert_eq!(capability.identifier, label);
        assert_eq!(capability.windows, [label]);
        assert!(capability.local && capability.remote.is_none());
        let events = ["core:event:allow-listen", "core:event:allow-unlisten"].map(str::to_owned);
        let expected: BTreeSet<String> = called(&typescript(&builder))
            .into_iter()
            .map(|command| format!("allow-{}", command.replace('_', "-")))
            .chain(events)
            .collect();
        let named: BTreeSet<String> = capability.permissions.iter().cloned().collect();
        assert_eq!(named, expected, "{label}");
    }
    let files = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("capabilities"));
    assert_eq!(files.unwrap().count(), windows().len());
}

/// What the program itself answers, resolved from the generated access list.
#[test]
fn the_generated_list_lets_each_window_call_its_own_commands_alone() {
    let mut context = crate::start::context();
    let of_each: BTreeMap<&str, BTreeSet<String>> = windows()
        .into_iter()
        .map(|(label, builder, _)| (label, called(&typescript(&builder))))
        .collect();
    let authority = context.runtime_authority_mut();
    let may = |window: &str, command: &str| {
        authority
            .resolve_access(command, window, window, &tauri::ipc::Origin::Local)
            .is_some()
    };
    for (owner, own) in &of_each {
        for command in own {
            for window in of_each.keys() {
                assert_eq!(
                    may(window, command),
                    window == owner,
                    "{command} from {window}"
                );
            }
            assert!(!may("other", command), "{command} from a window of no name");
        }
    }
    for decisive in ["approve", "decline", "release", "freeze"] {
        assert!(may("sheet", decisive) && !may("main", decisive) && !may("pin", decisive));
    }
    assert!(may("pin", "give_pin") && !may("main", "give_pin") && !may("sheet", "give_pin"));
    for window in of_each.keys() {
        for plugin in [
            "plugin:event|emit",
            "plugin:event|emit_to",
            "plugin:app|version",
            "plugin:window|create",
            "plugin:webview|create_webview_window",
            "plugin:shell|execute",
            "plugin:fs|read_text_file",
            "plugin:opener|open_url",
            "plugin:http|fetch",
        ] {
            assert!(!may(window, plugin), "{plugin} from {window}");
        }
    }
}

#[test]
fn no_page_is_reached_from_elsewhere() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tauri.conf.json");
    let config: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let security = &config["app"]["security"];
    let csp = security["csp"].as_object().unwrap();
    for (directive, sources) in csp {
        let sources = sources.as_str().unwrap();
        for bad in ["unsafe", "*", "https:", "blob:"] {
            assert!(!sources.contains(bad), "{directive} {sources}");
        }
    }
    assert_eq!(csp["connect-src"], "ipc: http://ipc.localhost");
    assert_eq!(security["freezePrototype"], true);
    assert_eq!(security["assetProtocol"]["enable"], false);
    assert_eq!(
        security["capabilities"],
        serde_json::json!(["main", "sheet", "pin"])
    );
    assert!(
        security
            .get("dangerousDisableAssetCspModification")
            .is_none()
    );
    assert_eq!(config["app"]["withGlobalTauri"], false);
    assert_eq!(config["app"]["windows"], serde_json::json!([]));
}

/// The windows that hold a right are built from their own files alone: what is read whole by a reviewer
/// is what runs.
#[test]
fn the_windows_that_hold_a_right_use_no_package_and_are_small() {
    for folder in ["sheet", "pin"] {
        let mut bytes = 0;
        for file in std::fs::read_dir(ui().join(folder)).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            assert!(name.starts_with(folder), "{name} is in ui/{folder}");
            let text = std::fs::read_to_string(&path).unwrap();
            if name.ends_with("-bindings.ts") {
                continue;
            }
            bytes += text.len();
            for line in text.lines().filter(|line| line.contains(" from '")) {
                let from = line.split(" from '").nth(1).unwrap();
                assert!(from.starts_with("./"), "{name}: {line}");
                // Bindings bring a package with them, so only their types are taken.
                if from.contains("-bindings") {
                    assert!(line.starts_with("import type"), "{name}: {line}");
                }
            }
            for bad in [
                "innerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "import(",
            ] {
                assert!(!text.contains(bad), "{name} has {bad}");
            }
        }
        assert!(bytes < 60_000, "ui/{folder} has {bytes} bytes");
    }
}
