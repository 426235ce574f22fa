//! `cargo xtask setup`: the Debian packages, the regtest node, the private EVM chain, and Python's
//! `cryptography`.

use crate::{anvil, bitcoind, cache, say};
use anyhow::{Context as _, Result, bail};
use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    time::Instant,
};

/// Package and what it is for, in the words that a developer is shown.
const PACKAGES: &[(&str, &str)] = &[
    ("g++", "compiles the regtest node and SQLite"),
    ("make", "compiles the regtest node"),
    ("cmake", "configures the regtest node"),
    ("libboost1.81-dev", "headers for the regtest node"),
    ("pkg-config", "finds the card library"),
    ("libpcsclite-dev", "builds the smart-card client"),
    ("libpcsclite1", "the smart-card client's library"),
    ("pcscd", "the smart-card service"),
    ("vsmartcard-vpcd", "card readers without hardware"),
    (
        "iproute2",
        "`ip`, to bring up the loopback of the readers' private network",
    ),
    (
        "util-linux",
        "`unshare`, for the readers' private namespace",
    ),
    ("dbus", "the private session bus"),
    ("gnome-keyring", "the keyring that holds device seats' keys"),
    ("python3", "the journal's independent verifier"),
    (
        "python3-venv",
        "a private place for Python's `cryptography`",
    ),
    ("libwebkit2gtk-4.1-dev", "draws the desktop app's windows"),
    ("bubblewrap", "WebKit's sandbox"),
    ("xdg-dbus-proxy", "WebKit's sandbox"),
    ("openssl", "an independent check of attestation chains"),
    ("libwebkit2gtk-4.1-dev", "builds the desktop app's windows"),
    ("libgtk-3-dev", "builds the desktop app's windows"),
    ("bubblewrap", "the sandbox of the windows' pages"),
    ("xdg-dbus-proxy", "the sandbox of the windows' pages"),
    ("webkit2gtk-driver", "drives the windows in tests"),
    ("xvfb", "a display without a screen, for tests"),
    ("xauth", "who may use that display"),
    ("imagemagick", "pictures of that display"),
    (
        "fonts-dejavu-core",
        "letters that the windows' own fonts lack",
    ),
];

const CRYPTOGRAPHY: &str = "46.0.3";

/// What the set-up made sure of.
pub struct Tools {
    /// A regtest `bitcoind`.
    pub bitcoind: PathBuf,
    /// An `anvil`, the private EVM chain.
    pub anvil: PathBuf,
    /// A `python3` that can `import cryptography`.
    pub python: PathBuf,
}

/// `cargo xtask setup`.
pub fn command(arguments: &[String]) -> Result<ExitCode> {
    anyhow::ensure!(arguments.is_empty(), "`setup` takes no arguments");
    let started = Instant::now();
    let tools = ensure()?;
    say::step(&format!(
        "set up in {:.1} s",
        started.elapsed().as_secs_f32()
    ));
    say::detail(&format!("bitcoind: {}", tools.bitcoind.display()));
    say::detail(&format!("anvil:    {}", tools.anvil.display()));
    say::detail(&format!("python:   {}", tools.python.display()));
    Ok(ExitCode::SUCCESS)
}

/// Makes sure of everything; quick when everything is there.
pub fn ensure() -> Result<Tools> {
    packages()?;
    Ok(Tools {
        bitcoind: bitcoind::ensure()?,
        anvil: anvil::ensure()?,
        python: python()?,
    })
}

/// Installs the Debian packages that are missing.
pub fn packages() -> Result<()> {
    let missing = match missing() {
        Ok(missing) => missing,
        Err(error) => {
            say::step(&format!(
                "cannot ask dpkg ({error:#}): this is not Debian; going on"
            ));
            say::detail("needed, under whatever names your system has:");
            for (package, purpose) in PACKAGES {
                say::detail(&format!("{package:<18} {purpose}"));
            }
            return Ok(());
        }
    };
    if missing.is_empty() {
        return Ok(());
    }
    say::step("Debian packages are missing");
    for (package, purpose) in &missing {
        say::detail(&format!("{package:<18} {purpose}"));
    }
    let names: Vec<&str> = missing.iter().map(|(package, _)| *package).collect();
    let by_hand = format!(
        "apt-get update && apt-get install -y --no-install-recommends {}",
        names.join(" ")
    );
    let Some(prefix) = becoming_root() else {
        bail!("installing needs root; run this as root, then try again:\n\n  {by_hand}\n");
    };
    say::detail(&by_hand);
    let apt = |arguments: &[&str]| -> Result<()> {
        let mut words = prefix
            .iter()
            .chain(&["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"])
            .copied();
        let program = words.next().context("an empty command")?;
        let status = Command::new(program)
            .args(words)
            .args(["-q", "-o", "DPkg::Lock::Timeout=600"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(std::io::stderr())
            .status()
            .context("cannot run apt-get")?;
        anyhow::ensure!(
            status.success(),
            "apt-get {} failed; by hand: {by_hand}",
            arguments.join(" ")
        );
        Ok(())
    };
    apt(&["update"])?;
    let mut install = vec!["install", "-y", "--no-install-recommends"];
    install.extend(&names);
    apt(&install)
}

fn missing() -> Result<Vec<(&'static str, &'static str)>> {
    let output = Command::new("dpkg-query")
        .args([
            "--show",
            "--showformat",
            "${Package} ${db:Status-Status}\\n",
        ])
        .args(PACKAGES.iter().map(|(package, _)| package))
        .output()
        .context("cannot run dpkg-query")?;
    let listed = String::from_utf8_lossy(&output.stdout);
    let installed: Vec<&str> = listed
        .lines()
        .filter_map(|l| l.strip_suffix(" installed"))
        .collect();
    Ok(PACKAGES
        .iter()
        .filter(|(package, _)| !installed.contains(package))
        .copied()
        .collect())
}

/// The words that make a command run as root, or none when that is not possible without asking.
fn becoming_root() -> Option<&'static [&'static str]> {
    let says = |program: &str, arguments: &[&str]| {
        Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()
    };
    if says("id", &["-u"])?.stdout.trim_ascii() == b"0" {
        return Some(&[]);
    }
    says("sudo", &["-n", "true"])?
        .status
        .success()
        .then_some(&["sudo", "-n"])
}

/// A virtual environment with the pinned `cryptography`, made once in the cache.
fn python() -> Result<PathBuf> {
    if let Some(given) = std::env::var_os("COUNTERSIGN_PYTHON").filter(|v| !v.is_empty()) {
        return Ok(PathBuf::from(given));
    }
    let cache = cache::directory()?;
    let home = cache.join(format!("python-cryptography-{CRYPTOGRAPHY}"));
    let (python, ready) = (home.join("bin/python3"), home.join("ready"));
    if ready.is_file() && python.exists() {
        return Ok(python);
    }
    let _lock = cache::lock(&cache, "python")?;
    if ready.is_file() && python.exists() {
        return Ok(python);
    }
    say::step(&format!(
        "installing Python's cryptography {CRYPTOGRAPHY} into `{}`",
        home.display()
    ));
    let system = Path::new("/usr/bin/python3");
    let system = if system.exists() {
        system
    } else {
        Path::new("python3")
    };
    let _ = std::fs::remove_dir_all(&home);
    quiet(Command::new(system).args(["-m", "venv"]).arg(&home))?;
    let pinned = format!("cryptography=={CRYPTOGRAPHY}");
    quiet(Command::new(&python).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--only-binary",
        ":all:",
        &pinned,
    ]))?;
    quiet(
        Command::new(&python).args(["-c", "import cryptography.hazmat.primitives.asymmetric.ec"]),
    )?;
    std::fs::write(&ready, CRYPTOGRAPHY)?;
    Ok(python)
}

/// Runs `command`; what it says is shown when it fails.
pub fn quiet(command: &mut Command) -> Result<()> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {command:?}"))?;
    anyhow::ensure!(
        output.status.success(),
        "{command:?} failed: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
