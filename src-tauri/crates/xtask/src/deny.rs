//! `cargo-deny`, pinned, built once and kept in the cache: licences, bans and sources of the lock
//! file. Its database of advisories can't be fetched where this runs, and the run says so.

use crate::{cache, environment::cargo, say};
use anyhow::{Context as _, Result};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const VERSION: &str = "0.20.2";
const CONFIGURATION: &str = ".deny.toml";

/// The program; builds it first where it is not yet in the cache.
pub fn ensure() -> Result<PathBuf> {
    let directory = cache::directory()?;
    let root = directory.join(format!("cargo-deny-{VERSION}"));
    let program = root.join("bin/cargo-deny");
    if !program.is_file() {
        let _lock = cache::lock(&directory, "cargo-deny")?;
        if !program.is_file() {
            install(&root)?;
        }
    }
    Ok(program)
}

fn install(root: &Path) -> Result<()> {
    say::detail(&format!(
        "building cargo-deny {VERSION} once (some minutes) into {}",
        root.display()
    ));
    let status = cargo()?
        .args(["install", "cargo-deny", "--locked", "--quiet"])
        .args(["--version", VERSION, "--root"])
        .arg(root)
        // The checkout's own target folder and flags have no part in a tool.
        .env_remove("CARGO_TARGET_DIR")
        .stdin(Stdio::null())
        .status()
        .context("cannot run cargo install")?;
    anyhow::ensure!(status.success(), "cargo-deny {VERSION} did not build");
    Ok(())
}

/// Checks the lock file.
pub fn check() -> Result<()> {
    let status = Command::new(ensure()?)
        .current_dir(cache::repository()?)
        .args(["--config", CONFIGURATION, "--locked", "--offline", "check"])
        .args(["bans", "licenses", "sources"])
        .stdin(Stdio::null())
        .status()
        .context("cannot run cargo-deny")?;
    anyhow::ensure!(status.success(), "{status}");
    say::detail("advisories are NOT checked: their database can't be fetched from here");
    Ok(())
}
