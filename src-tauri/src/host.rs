//! What the app asks of the host before any window opens: no remote control, WebKit's sandbox, no core
//! dumps.

use std::ffi::{OsStr, OsString};

/// Variables that let another program drive or inspect the windows.
#[cfg(not(feature = "e2e"))]
const REMOTE_CONTROL: [&str; 4] = [
    "TAURI_WEBVIEW_AUTOMATION",
    "WEBKIT_INSPECTOR_SERVER",
    "WEBKIT_INSPECTOR_HTTP_SERVER",
    "WEBVIEW2_ADDITIONAL_BROWSER_ARGUMENTS",
];

/// Turns WebKit's own sandbox on.
const SANDBOX: &str = "WEBKIT_FORCE_SANDBOX";
/// Says, to the same program started anew, that the host does not allow the sandbox.
const NO_SANDBOX: &str = "COUNTERSIGN_NO_WEBKIT_SANDBOX";
/// WebKit's way of drawing that leaves windows blank on some graphics cards.
const DMABUF: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";

/// What was found, or why the app does not start.
#[derive(Debug, Default)]
pub struct Host {
    /// How this host falls short, in whole sentences.
    pub weaknesses: Vec<String>,
}

/// Why the app does not start.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// Somebody could drive the windows.
    #[cfg(not(feature = "e2e"))]
    #[error(
        "Countersign does not start: {0} is set, so another program could drive its windows. Nothing was opened; unset it and start again"
    )]
    RemoteControl(&'static str),
    /// The program could not be started with the sandbox on.
    #[error(
        "Countersign could not start itself anew with WebKit's sandbox on ({0}); nothing was opened"
    )]
    Restart(std::io::Error),
}

/// Refuses remote control.
#[cfg(not(feature = "e2e"))]
pub fn refuse_remote_control(is_set: impl Fn(&str) -> bool) -> Result<(), HostError> {
    match REMOTE_CONTROL.into_iter().find(|name| is_set(name)) {
        Some(name) => Err(HostError::RemoteControl(name)),
        None => Ok(()),
    }
}

/// Whether a variable is set to something.
pub fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// Sees to what must hold before GTK starts. WebKit reads its environment when it starts, so the program
/// starts itself once more with the right one.
pub fn prepare() -> Result<Host, HostError> {
    #[cfg(not(feature = "e2e"))]
    refuse_remote_control(is_set)?;
    #[cfg(target_os = "linux")]
    if !is_set(SANDBOX) && !is_set(NO_SANDBOX) {
        return Err(HostError::Restart(restart()));
    }
    let mut host = Host::default();
    if cfg!(target_os = "linux") && is_set(NO_SANDBOX) {
        host.weaknesses.push(
            "this host does not let WebKit's sandbox run (no user namespaces, or bubblewrap is missing): what draws the windows sees the same files as Countersign. Allow unprivileged user namespaces for bwrap and start again"
                .to_owned(),
        );
    }
    if cfg!(feature = "e2e") {
        host.weaknesses.push(
            "this is a test build: other programs can drive its windows. Never use it with real money"
                .to_owned(),
        );
    }
    host.weaknesses.extend(keys::harden::harden());
    Ok(host)
}

/// Becomes the same program with the sandbox on, or without it where the host does not allow it.
#[cfg(target_os = "linux")]
fn restart() -> std::io::Error {
    use std::os::unix::process::CommandExt as _;
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return error,
    };
    let mut command = std::process::Command::new(program);
    command.args(std::env::args_os().skip(1));
    for (name, value) in environment(sandbox_works(), is_set(DMABUF)) {
        command.env(name, value);
    }
    command.exec()
}

/// What the environment needs besides.
fn environment(sandbox_works: bool, dmabuf_decided: bool) -> Vec<(&'static OsStr, OsString)> {
    let mut set = vec![(
        OsStr::new(if sandbox_works { SANDBOX } else { NO_SANDBOX }),
        OsString::from("1"),
    )];
    if !dmabuf_decided {
        set.push((OsStr::new(DMABUF), OsString::from("1")));
    }
    set
}

/// Tries what WebKit will do: an empty program in namespaces of its own.
#[cfg(target_os = "linux")]
fn sandbox_works() -> bool {
    std::process::Command::new("bwrap")
        .args(["--ro-bind", "/", "/", "--unshare-all", "--", "true"])
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(not(feature = "e2e"))]
    #[test]
    fn each_way_of_remote_control_is_refused_and_named() {
        for name in REMOTE_CONTROL {
            let error = refuse_remote_control(|asked| asked == name).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
        assert!(refuse_remote_control(|asked| asked == "HOME").is_ok());
    }

    #[test]
    fn the_sandbox_is_on_or_its_absence_is_told() {
        let names = |works| -> Vec<String> {
            environment(works, true)
                .into_iter()
                .map(|(name, _)| name.to_string_lossy().into_owned())
                .collect()
        };
        assert_eq!(names(true), [SANDBOX]);
        assert_eq!(names(false), [NO_SANDBOX]);
        assert_eq!(environment(true, false).len(), 2);
    }
}
