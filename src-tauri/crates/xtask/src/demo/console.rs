//! What a person does at the demo once the story is told: keys are plugged, pulled and touched, blocks mined,
//! and where there is a display, the app is open on the treasury.

use super::story::Stage;
use crate::environment::{Environment, cargo, inside, programs};
use crate::{pages, say};
use anyhow::{Context as _, Result};
use std::{
    io::BufRead as _,
    path::Path,
    process::{Child, Stdio},
};

const HELP: &str = "touch NAME | pull NAME | plug NAME | by hand | by themselves | mine | stop";

/// One line typed here.
#[derive(Debug, PartialEq, Eq)]
enum Said<'a> {
    Touch(&'a str),
    Pull(&'a str),
    Plug(&'a str),
    /// Keys wait for `touch` from now on.
    ByHand,
    /// Keys touch themselves after a moment.
    ByThemselves,
    Mine,
    Stop,
    Help,
}

fn read(line: &str) -> Said<'_> {
    let line = line.trim();
    match line.split_once(' ') {
        Some(("touch", name)) => Said::Touch(name.trim()),
        Some(("pull", name)) => Said::Pull(name.trim()),
        Some(("plug", name)) => Said::Plug(name.trim()),
        Some(_) if line == "by hand" => Said::ByHand,
        Some(_) if line == "by themselves" => Said::ByThemselves,
        None if line == "mine" => Said::Mine,
        None if line.is_empty() || line == "stop" => Said::Stop,
        Some(_) | None => Said::Help,
    }
}

impl Stage {
    /// Does what is typed until `stop`, or for ever where nobody can type.
    pub(super) fn console(&mut self) -> Result<()> {
        say::detail(&format!("here you can type: {HELP}"));
        for line in std::io::stdin().lock().lines() {
            let done = match read(&line?) {
                Said::Stop => return Ok(()),
                Said::Help => {
                    say::detail(HELP);
                    continue;
                }
                Said::Touch(name) => self.keys.touch(name),
                Said::Pull(name) => self.keys.pull(name),
                Said::Plug(name) => self.keys.plug(name),
                Said::ByHand => self.keys.by_hand(true),
                Said::ByThemselves => self.keys.by_hand(false),
                Said::Mine => self.node.mine(2).and_then(|()| self.anvil.mine(2)),
            };
            match done {
                Ok(()) => say::detail("done"),
                Err(error) => say::detail(&format!("not done: {error:#}")),
            }
        }
        // Standard input is closed: run until killed.
        loop {
            std::thread::park();
        }
    }
}

/// The app, until dropped.
pub struct App(Child);

impl Drop for App {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Opens the app on the demo's treasury; none where there is no display.
pub fn open_app(environment: &Environment, home: &Path) -> Result<Option<App>> {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if !set("DISPLAY") && !set("WAYLAND_DISPLAY") {
        say::detail("there is no display here, so the app stays closed");
        return Ok(None);
    }
    say::step("building the app and opening it on this treasury (minutes the first time)");
    pages::build()?;
    let words = [
        "build",
        "--quiet",
        "--locked",
        "--package",
        "desktop",
        "--features",
        "custom-protocol",
    ];
    let built = cargo()?.args(words).stdin(Stdio::null()).status()?;
    anyhow::ensure!(built.success(), "`cargo build --package desktop` failed");
    let program = programs()?.join("countersign-desktop");
    let app = inside(environment, program.as_os_str())
        .arg("--home")
        .arg(home)
        .stdin(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    Ok(Some(App(app)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_understood_or_helped_with() {
        for (line, said) in [
            ("touch Alice\n", Said::Touch("Alice")),
            (" pull  Bob ", Said::Pull("Bob")),
            ("plug Carol", Said::Plug("Carol")),
            ("by hand", Said::ByHand),
            ("by themselves", Said::ByThemselves),
            ("mine", Said::Mine),
            ("", Said::Stop),
            ("stop", Said::Stop),
            ("touch", Said::Help),
            ("freeze everything", Said::Help),
        ] {
            assert_eq!(read(line), said, "{line}");
        }
    }
}
