//! A private D-Bus session with a real gnome-keyring, its collection unlocked and on disk.
//!
//! The bus starts no services by itself, and the keyring sees a home of its own: nothing of the
//! developer's session is touched.

use crate::leash::{Leash, wait_for};
use anyhow::{Context as _, Result, bail};
use std::{
    ffi::OsStr,
    fs::{self, DirBuilder, OpenOptions},
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

const PASSWORD: &[u8] = b"the keyring of a test";
const READY: Duration = Duration::from_secs(20);

/// A running session; it ends when dropped, or when this process dies. What was stored stays in the
/// directory and is there when a session starts in it again.
pub struct SessionBus {
    directory: PathBuf,
    keyring: Option<Leash>,
    bus: Leash,
}

impl SessionBus {
    /// Starts a session in `directory`, which is made if need be.
    pub fn start(directory: &Path) -> Result<Self> {
        for folder in ["home", "data", "config", "cache", "run"] {
            DirBuilder::new()
                .mode(0o700)
                .recursive(true)
                .create(directory.join(folder))
                .with_context(|| format!("cannot make `{}/{folder}`", directory.display()))?;
        }
        let directory = directory.canonicalize()?;
        let socket = directory.join("bus");
        let _ = fs::remove_file(&socket);
        let configuration = directory.join("bus.conf");
        fs::write(&configuration, configure(&socket))?;
        let file = format!("--config-file={}", configuration.display());
        let bus = Leash::start(
            OsStr::new("dbus-daemon"),
            &["--nofork".as_ref(), "--nopidfile".as_ref(), file.as_ref()],
            &[],
            Path::new("/dev/null"),
            &directory.join("bus.log"),
        )?;
        let mut session = Self {
            directory,
            keyring: None,
            bus,
        };
        wait_for("the session bus", READY, || {
            anyhow::ensure!(
                session.bus.is_alive(),
                "dbus-daemon ended: {}",
                session.log("bus.log")
            );
            Ok(socket.exists().then_some(()))
        })?;
        session.unlock()?;
        Ok(session)
    }

    /// What `DBUS_SESSION_BUS_ADDRESS` must be.
    pub fn address(&self) -> String {
        format!("unix:path={}", self.directory.join("bus").display())
    }

    /// Where everything of this session is kept.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Locks the default collection, as a screen lock may do.
    pub fn lock(&self) -> Result<()> {
        let collection = self
            .default_collection()?
            .context("there is no default collection")?;
        let list = format!("array:objpath:{collection}");
        self.ask(
            "/org/freedesktop/secrets",
            "org.freedesktop.Secret.Service.Lock",
            &[&list],
        )?;
        Ok(())
    }

    /// Unlocks it again, by starting the keyring anew.
    pub fn unlock(&mut self) -> Result<()> {
        self.stop_keyring();
        let password = self.directory.join("password");
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&password)?
            .write_all(PASSWORD)?;
        let address = self.address();
        let places = [
            ("HOME", "home"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_RUNTIME_DIR", "run"),
        ]
        .map(|(variable, folder)| (variable, self.directory.join(folder)));
        let mut environment: Vec<(&str, &OsStr)> = places
            .iter()
            .map(|(variable, folder)| (*variable, folder.as_os_str()))
            .collect();
        environment.push(("DBUS_SESSION_BUS_ADDRESS", address.as_ref()));
        let keyring = Leash::start(
            OsStr::new("gnome-keyring-daemon"),
            &[
                "--foreground".as_ref(),
                "--components=secrets".as_ref(),
                "--unlock".as_ref(),
            ],
            &environment,
            &password,
            &self.directory.join("keyring.log"),
        )?;
        let keyring = self.keyring.insert(keyring);
        let waited = wait_for(
            "the keyring with an unlocked default collection",
            READY,
            || {
                anyhow::ensure!(keyring.is_alive(), "gnome-keyring-daemon ended");
                Ok(is_ready(&address).then_some(()))
            },
        );
        waited.with_context(|| self.log("keyring.log"))
    }

    /// Takes the keyring off the bus, as on a host that has none. [`SessionBus::unlock`] brings it
    /// back.
    pub fn stop_keyring(&mut self) {
        drop(self.keyring.take());
    }

    fn default_collection(&self) -> Result<Option<String>> {
        default_collection(&self.address())
    }

    fn ask(&self, path: &str, method: &str, arguments: &[&str]) -> Result<String> {
        ask(&self.address(), path, method, arguments)
    }

    fn log(&self, name: &str) -> String {
        fs::read_to_string(self.directory.join(name))
            .unwrap_or_default()
            .trim()
            .to_owned()
    }
}

fn is_ready(address: &str) -> bool {
    let Ok(Some(collection)) = default_collection(address) else {
        return false;
    };
    let property = ["string:org.freedesktop.Secret.Collection", "string:Locked"];
    ask(
        address,
        &collection,
        "org.freedesktop.DBus.Properties.Get",
        &property,
    )
    .is_ok_and(|answer| answer.contains("boolean false"))
}

fn default_collection(address: &str) -> Result<Option<String>> {
    let method = "org.freedesktop.Secret.Service.ReadAlias";
    let answer = ask(
        address,
        "/org/freedesktop/secrets",
        method,
        &["string:default"],
    )?;
    let path = answer
        .split('"')
        .nth(1)
        .context("the keyring names no collection")?;
    Ok((path != "/").then(|| path.to_owned()))
}

fn ask(address: &str, path: &str, method: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new("dbus-send")
        .arg(format!("--bus={address}"))
        .args([
            "--print-reply",
            "--reply-timeout=5000",
            "--dest=org.freedesktop.secrets",
        ])
        .args([path, method])
        .args(arguments)
        .output()
        .context("cannot run `dbus-send` (Debian package dbus)")?;
    if !output.status.success() {
        bail!(
            "{method}: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A session bus for this user alone, with no folder of services to start.
fn configure(socket: &Path) -> String {
    format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#,
        socket.display()
    )
}
