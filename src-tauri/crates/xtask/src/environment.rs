//! What the tests and the demo run in: a room with virtual card readers, a session bus with a
//! keyring, and the variables that lead to them.

use crate::{cache, say, setup::Tools};
use anyhow::{Context as _, Result};
use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    io::{BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const TEMPORARY: &str = "countersign-";

/// Running until dropped, or until this process dies, however it dies: each child ends when the pipe
/// that is its standard input closes.
pub struct Environment {
    directory: PathBuf,
    temporary: bool,
    variables: Vec<(&'static str, OsString)>,
    _room: Helper,
    _bus: Helper,
}

impl Environment {
    /// Starts everything in `directory`; what cards and keyring remember stays there. The helpers
    /// must be built: by [`build_helpers`], or with the workspace.
    pub fn start(directory: &Path, tools: &Tools) -> Result<Self> {
        fs::create_dir_all(directory)
            .with_context(|| format!("cannot make `{}`", directory.display()))?;
        let directory = directory.canonicalize()?;
        let room = directory.join("room");
        let (room_helper, _) = Helper::start("virtual-yubikeys", &room)?;
        let (bus_helper, address) = Helper::start("session-bus", &directory.join("bus"))?;
        let variables = vec![
            ("PCSCLITE_CSOCK_NAME", room.join("sock/pcscd.comm").into()),
            ("COUNTERSIGN_ROOM", room.into()),
            ("DBUS_SESSION_BUS_ADDRESS", address.into()),
            ("COUNTERSIGN_BITCOIND", tools.bitcoind.clone().into()),
            ("COUNTERSIGN_ANVIL", tools.anvil.clone().into()),
            ("COUNTERSIGN_PYTHON", tools.python.clone().into()),
        ];
        Ok(Self {
            directory,
            temporary: false,
            variables,
            _room: room_helper,
            _bus: bus_helper,
        })
    }

    /// Starts everything in a fresh directory that goes when this is dropped.
    pub fn temporary(tools: &Tools) -> Result<Self> {
        remove_leftovers();
        let directory = std::env::temp_dir().join(format!("{TEMPORARY}{}", std::process::id()));
        let mut environment = Self::start(&directory, tools)?;
        environment.temporary = true;
        Ok(environment)
    }

    /// The variables that lead to it.
    pub fn variables(&self) -> &[(&'static str, OsString)] {
        &self.variables
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        if self.temporary {
            self._room.end();
            self._bus.end();
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}

/// Removes directories of earlier runs that were killed.
fn remove_leftovers() {
    let Ok(entries) = fs::read_dir(std::env::temp_dir()) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let owner = name
            .to_str()
            .and_then(|n| n.strip_prefix(TEMPORARY)?.parse::<u32>().ok());
        if owner.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Where cargo puts the programs of a debug build.
pub fn programs() -> Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .filter(|v| !v.is_empty())
        .map(PathBuf::from);
    let repository = cache::repository()?;
    Ok(target
        .map_or_else(|| repository.join("target"), |t| repository.join(t))
        .join("debug"))
}

/// Builds the programs that hold the card readers and the session bus.
pub fn build_helpers() -> Result<()> {
    let status = cargo()?
        .args([
            "build",
            "--quiet",
            "--locked",
            "--package",
            "testkit",
            "--bins",
        ])
        .status()
        .context("cannot run cargo")?;
    anyhow::ensure!(status.success(), "`cargo build --package testkit` failed");
    Ok(())
}

/// Cargo at the repository's root, without what `cargo run` set for xtask itself.
pub fn cargo() -> Result<Command> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(cache::repository()?);
    for (name, _) in std::env::vars_os() {
        let ours = name.to_str().is_some_and(|n| n.starts_with("CARGO_PKG_"));
        if ours || name == "CARGO_MANIFEST_DIR" || name == "CARGO_MANIFEST_PATH" {
            command.env_remove(name);
        }
    }
    Ok(command)
}

/// A command that runs in `environment` and dies with this process, however it dies. It must be
/// started from the main thread, whose end is what the kernel watches.
pub fn inside(environment: &Environment, program: &OsStr) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", "--"]).arg(program);
    command.envs(
        environment
            .variables()
            .iter()
            .map(|(name, value)| (*name, value)),
    );
    command
}

/// One of testkit's programs, running.
struct Helper {
    child: Child,
}

impl Helper {
    /// Starts it and waits for its line `ready`; gives the rest of that line.
    fn start(program: &str, directory: &Path) -> Result<(Self, String)> {
        fs::create_dir_all(directory)?;
        let log_path = directory.with_extension("log");
        let log = File::create(&log_path)?;
        let child = Command::new(programs()?.join(program))
            .arg("start")
            .arg(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start `{program}`"))?;
        let mut helper = Self { child };
        let mut said = String::new();
        let stdout = helper.child.stdout.take().context("no output to read")?;
        BufReader::new(stdout).read_line(&mut said)?;
        let Some(rest) = said.trim().strip_prefix("ready") else {
            helper.end();
            let log = fs::read_to_string(&log_path).unwrap_or_default();
            anyhow::bail!("`{program}` did not start: {}", log.trim());
        };
        Ok((helper, rest.trim().to_owned()))
    }

    fn end(&mut self) {
        drop(self.child.stdin.take());
        let deadline = Instant::now() + Duration::from_secs(3);
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                say::detail("a helper did not end by itself and is killed");
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.end();
    }
}
