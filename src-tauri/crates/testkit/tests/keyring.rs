//! The private session bus and its keyring.

use anyhow::{Context as _, Result};
use std::{path::Path, process::Command};
use testkit::session_bus::SessionBus;

const SERVICE: &str = "/org/freedesktop/secrets";

fn send(address: &str, path: &str, method: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new("dbus-send")
        .arg(format!("--bus={address}"))
        .args([
            "--print-reply",
            "--dest=org.freedesktop.secrets",
            path,
            method,
        ])
        .args(arguments)
        .output()?;
    anyhow::ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

fn default_collection(address: &str) -> Result<String> {
    let method = "org.freedesktop.Secret.Service.ReadAlias";
    let answer = send(address, SERVICE, method, &["string:default"])?;
    Ok(answer.split('"').nth(1).context("no path")?.to_owned())
}

fn is_locked(address: &str) -> Result<bool> {
    let method = "org.freedesktop.DBus.Properties.Get";
    let property = ["string:org.freedesktop.Secret.Collection", "string:Locked"];
    Ok(send(address, &default_collection(address)?, method, &property)?.contains("boolean true"))
}

#[test]
fn the_default_collection_is_on_disk_and_can_be_locked() -> Result<()> {
    let directory = std::env::temp_dir().join(format!("countersign-bus-{}", std::process::id()));
    let mut session = SessionBus::start(&directory)?;
    let address = session.address();
    assert!(default_collection(&address)?.ends_with("/login"));
    assert!(directory.join("data/keyrings/login.keyring").is_file());
    assert!(!is_locked(&address)?);
    session.lock()?;
    assert!(is_locked(&address)?);
    session.unlock()?;
    assert!(!is_locked(&address)?);
    session.stop_keyring();
    assert!(default_collection(&address).is_err());
    drop(session);
    assert!(!answers(&directory));
    std::fs::remove_dir_all(directory)?;
    Ok(())
}

fn answers(directory: &Path) -> bool {
    let address = format!("unix:path={}/bus", directory.display());
    default_collection(&address).is_ok()
}
