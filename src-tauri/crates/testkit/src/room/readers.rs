//! pcscd and its virtual readers, inside the namespace.

use crate::{leash::wait_for, locked};
use anyhow::{Context as _, Result, bail};
use pcsc::{ReaderState, State};
use std::{
    collections::{BTreeMap, VecDeque},
    ffi::{CString, OsStr},
    fs::{self, File},
    path::Path,
    process::{Command, Stdio},
    sync::{Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The driver that `vsmartcard-vpcd` installs. It keeps its slots in globals, two a copy, so more
/// readers need more copies of the file.
const DRIVER: &str = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";
/// Hidden inside the room: no real reader of the host may come in.
const USB_DRIVERS: &str = "/usr/lib/pcsc/drivers";
const COPIES: u16 = 6;
const SLOTS_PER_COPY: u16 = 2;
const FIRST_PORT: u16 = 0x8C7B;
/// The vendor's tools find keys by this in the reader's name.
const READER_NAME: &str = "Yubico YubiKey OTP+FIDO+CCID";
const SOCKET_FOLDER: &str = "/run/pcscd";

/// How long a test waits until other tests free their readers.
const PATIENCE: Duration = Duration::from_secs(300);
/// A reader from which a card was pulled is looked at by pcscd every 0.4 s; a card put back before it
/// has looked would not be seen again. So a reader rests before it is used anew.
const REST: Duration = Duration::from_millis(1500);
/// pcscd looks into its readers every 0.4 s.
const NOTICED: Duration = Duration::from_secs(20);

/// The virtual readers.
pub struct Readers {
    names: BTreeMap<u16, CString>,
    /// The one that has rested longest first, with the time since which it rests.
    free: Mutex<VecDeque<(Option<Instant>, u16)>>,
    freed: Condvar,
}

impl Readers {
    /// Starts pcscd in this namespace and waits until all its readers are there.
    pub fn start(room: &Path) -> Result<Self> {
        let folders = ["sock", "readers", "drivers"].map(|name| room.join(name));
        for folder in &folders {
            // What an earlier pcscd left, it would take for one that runs.
            let _ = fs::remove_dir_all(folder);
            fs::create_dir_all(folder)?;
        }
        let [sock, readers, drivers] = folders;
        anyhow::ensure!(
            Path::new(DRIVER).exists(),
            "no `{DRIVER}`: install the Debian package vsmartcard-vpcd"
        );
        fs::write(readers.join("virtual"), configure(&drivers)?)?;
        prepare_namespace(&sock)?;
        spawn_pcscd(&readers, &room.join("pcscd.log"))?;
        let expected = usize::from(COPIES * SLOTS_PER_COPY);
        let names = wait_for("pcscd with its readers", Duration::from_secs(20), || {
            Ok(named_ports().filter(|names| names.len() == expected))
        })?;
        let free = Mutex::new(names.keys().map(|port| (None, *port)).collect());
        Ok(Self {
            names,
            free,
            freed: Condvar::new(),
        })
    }

    /// Takes so many readers, waiting until they are free.
    pub fn take(&self, count: usize) -> Result<Vec<u16>> {
        if count > self.names.len() {
            bail!(
                "{count} cards at once, but the room has {} readers",
                self.names.len()
            );
        }
        let free = locked(&self.free);
        let waited = self
            .freed
            .wait_timeout_while(free, PATIENCE, |free| free.len() < count);
        let (mut free, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            bail!("no {count} free readers within {} s", PATIENCE.as_secs());
        }
        let taken: Vec<(Option<Instant>, u16)> = free.drain(..count).collect();
        drop(free);
        let rested = taken.iter().filter_map(|(since, _)| *since).max();
        if let Some(wait) = rested.and_then(|since| REST.checked_sub(since.elapsed())) {
            std::thread::sleep(wait);
        }
        Ok(taken.into_iter().map(|(_, port)| port).collect())
    }

    /// Gives a reader back.
    pub fn give_back(&self, port: u16) {
        locked(&self.free).push_back((Some(Instant::now()), port));
        self.freed.notify_all();
    }

    /// The reader's name.
    pub fn name(&self, port: u16) -> Option<String> {
        self.names
            .get(&port)
            .map(|name| name.to_string_lossy().into_owned())
    }

    /// Waits until pcscd has seen that a card is in the reader, or that none is. Gives the reader's
    /// name.
    pub fn wait_until(&self, port: u16, card: bool) -> Result<String> {
        let name = self
            .names
            .get(&port)
            .with_context(|| format!("no reader on port {port}"))?;
        let context = pcsc::Context::establish(pcsc::Scope::System)?;
        let what = if card {
            "a card seen in its reader"
        } else {
            "a reader seen empty"
        };
        wait_for(what, NOTICED, || {
            let mut states = [ReaderState::new(name.clone(), State::UNAWARE)];
            context.get_status_change(Duration::ZERO, &mut states)?;
            let wanted = if card { State::PRESENT } else { State::EMPTY };
            Ok(states
                .iter()
                .any(|s| s.event_state().contains(wanted))
                .then_some(()))
        })?;
        Ok(name.to_string_lossy().into_owned())
    }
}

/// One entry a copy of the driver: letters tell them apart.
fn configure(drivers: &Path) -> Result<String> {
    let mut text = String::new();
    for (copy, letter) in (0..COPIES).zip('A'..) {
        let library = drivers.join(format!("libifdvpcd-{letter}.so"));
        fs::copy(DRIVER, &library).context("cannot copy the virtual readers' driver")?;
        let port = FIRST_PORT + copy * SLOTS_PER_COPY;
        text.push_str(&format!(
            "FRIENDLYNAME \"{READER_NAME} {letter}\"\nDEVICENAME /dev/null:{port:#X}\n\
             LIBPATH {}\nCHANNELID {port:#X}\n\n",
            library.display()
        ));
    }
    Ok(text)
}

fn prepare_namespace(sock: &Path) -> Result<()> {
    // Without a /proc of its own the room still works; tools that look at it would see the host's.
    let _ = run(
        "mount",
        &[
            "-t".as_ref(),
            "proc".as_ref(),
            "proc".as_ref(),
            "/proc".as_ref(),
        ],
    );
    run("ip", &["link", "set", "lo", "up"].map(OsStr::new))?;
    if !Path::new(SOCKET_FOLDER).exists() && fs::create_dir_all(SOCKET_FOLDER).is_err() {
        run("mount", &["-t", "tmpfs", "tmpfs", "/run"].map(OsStr::new))?;
        fs::create_dir_all(SOCKET_FOLDER)?;
    }
    run(
        "mount",
        &["--bind".as_ref(), sock.as_os_str(), SOCKET_FOLDER.as_ref()],
    )?;
    run(
        "mount",
        &["-t", "tmpfs", "tmpfs", USB_DRIVERS].map(OsStr::new),
    )
}

fn run(program: &str, arguments: &[&OsStr]) -> Result<()> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| format!("cannot run `{program}`"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(
        output.status.success(),
        "`{program}` {arguments:?} failed: {}",
        said.trim()
    );
    Ok(())
}

fn spawn_pcscd(readers: &Path, log: &Path) -> Result<()> {
    let program = ["/usr/sbin/pcscd", "pcscd"]
        .into_iter()
        .find(|p| Path::new(p).exists());
    let program = program.unwrap_or("pcscd");
    let help = Command::new(program)
        .arg("--help")
        .output()
        .context("cannot run pcscd")?;
    // Newer ones ask polkit, which is not in the room.
    let has_polkit = String::from_utf8_lossy(&help.stdout).contains("--disable-polkit");
    let log = File::create(log)?;
    let mut command = Command::new(program);
    command.arg("--foreground").arg("--config").arg(readers);
    if has_polkit {
        command.arg("--disable-polkit");
    }
    let mut pcscd = command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("cannot start pcscd")?;
    std::thread::spawn(move || {
        let ended = pcscd.wait();
        let note = format!("pcscd ended: {ended:?}; the room ends with it\n");
        let _ = std::io::Write::write_all(&mut std::io::stderr(), note.as_bytes());
        std::process::exit(1);
    });
    Ok(())
}

/// The readers that pcscd has, by the port of their slot. A name ends in the driver's letter, the
/// reader's number and the slot: `... CCID B 01 00`.
fn named_ports() -> Option<BTreeMap<u16, CString>> {
    let context = pcsc::Context::establish(pcsc::Scope::System).ok()?;
    let names = context.list_readers_owned().ok()?;
    let port_of = |name: &CString| {
        let text = name.to_str().ok()?.strip_prefix(READER_NAME)?;
        let mut words = text.split_whitespace();
        let letter = words.next()?;
        let slot = u16::from_str_radix(words.next_back()?, 16).ok()?;
        let copy = (0..COPIES)
            .zip('A'..)
            .find(|(_, l)| letter.chars().eq([*l]))?
            .0;
        Some(FIRST_PORT + copy * SLOTS_PER_COPY + slot)
    };
    Some(
        names
            .into_iter()
            .filter_map(|name| Some((port_of(&name)?, name)))
            .collect(),
    )
}
