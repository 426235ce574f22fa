//! Starting a room.

use super::{Room, keys_socket, pcscd_socket};
use anyhow::{Context as _, Result};
use std::{
    fs::{self, DirBuilder, File},
    io::{BufRead as _, BufReader},
    os::unix::{
        fs::{DirBuilderExt as _, MetadataExt as _},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

const PROGRAM: &str = "virtual-yubikeys";
/// A Unix socket's path has 108 bytes, the last a zero.
const LONGEST_SOCKET_PATH: usize = 107;

/// A running room; it ends when dropped, or when this process dies.
pub struct RoomHost {
    child: Child,
    room: Room,
}

impl RoomHost {
    /// Starts a room in `directory`, which is made if need be, with the program that lies beside the
    /// running one.
    pub fn start(directory: &Path) -> Result<Self> {
        Self::start_with(&program()?, directory)
    }

    /// Starts a room with this `virtual-yubikeys` program.
    pub fn start_with(program: &Path, directory: &Path) -> Result<Self> {
        let directory = private_directory(directory)?;
        let log_path = directory.join("room.log");
        let log = File::create(&log_path)?;
        let mut child = Command::new(program)
            .arg("start")
            .arg(&directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start `{}`", program.display()))?;
        let mut said = String::new();
        let stdout = child.stdout.take().context("no output to read")?;
        BufReader::new(stdout).read_line(&mut said)?;
        if said.trim() != "ready" {
            let _ = child.kill();
            let _ = child.wait();
            let log = fs::read_to_string(&log_path).unwrap_or_default();
            anyhow::bail!("the room did not start: {}", log.trim());
        }
        Ok(Self {
            child,
            room: Room::at(&directory)?,
        })
    }

    /// The room, for its cards.
    pub fn room(&self) -> &Room {
        &self.room
    }
}

impl Drop for RoomHost {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        for _ in 0..200 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Becomes `unshare`, which runs `virtual-yubikeys serve` in fresh namespaces. Only returns when
/// that is not possible.
pub fn enter_namespace(directory: &Path) -> Result<()> {
    let is_root = fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0);
    let mut command = Command::new("unshare");
    if !is_root {
        let allowed = Command::new("unshare")
            .args([
                "--user",
                "--map-root-user",
                "--mount",
                "--net",
                "--pid",
                "--fork",
                "true",
            ])
            .output()
            .context("cannot run `unshare` (Debian package util-linux)")?;
        anyhow::ensure!(
            allowed.status.success(),
            "virtual card readers need a namespace of their own. This host gives none to ordinary \
             users ({}): run as root",
            String::from_utf8_lossy(&allowed.stderr).trim()
        );
        command.args(["--user", "--map-root-user"]);
    }
    let program = std::env::current_exe()?;
    let error = command
        .args(["--mount", "--net", "--pid", "--fork", "--kill-child"])
        .arg(program)
        .arg("serve")
        .arg(directory)
        .env_remove("PCSCLITE_CSOCK_NAME")
        .exec();
    Err(error).context("cannot run `unshare` (Debian package util-linux)")
}

/// Only its owner may command the cards or read their keys.
fn private_directory(directory: &Path) -> Result<PathBuf> {
    DirBuilder::new()
        .mode(0o700)
        .recursive(true)
        .create(directory)
        .with_context(|| format!("cannot make `{}`", directory.display()))?;
    let directory = directory.canonicalize()?;
    for socket in [pcscd_socket(&directory), keys_socket(&directory)] {
        anyhow::ensure!(
            socket.as_os_str().len() <= LONGEST_SOCKET_PATH,
            "`{}` is too long a path for a socket: choose a shorter directory",
            socket.display()
        );
    }
    Ok(directory)
}

/// `virtual-yubikeys` beside the running program, or beside its `deps` folder.
fn program() -> Result<PathBuf> {
    let this = std::env::current_exe()?;
    this.ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(PROGRAM))
        .find(|program| program.is_file())
        .with_context(|| {
            format!(
                "no `{PROGRAM}` beside `{}`: cargo build -p testkit",
                this.display()
            )
        })
}
