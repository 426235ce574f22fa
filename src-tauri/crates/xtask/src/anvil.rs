//! `anvil`, a private EVM chain: one program from the npm package that `anvil/package-lock.json`
//! pins by version and hash, kept in the cache. No script of any package runs.

use crate::{cache, say, setup};
use anyhow::{Context as _, Result};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const VERSION: &str = "1.7.1";
const MANIFEST: &str = include_str!("../anvil/package.json");
const LOCK: &str = include_str!("../anvil/package-lock.json");
/// Written last: without it an installation counts as broken off.
const READY: &str = "ready";

/// The program's path; installs it first where it is not yet in the cache.
pub fn ensure() -> Result<PathBuf> {
    if let Some(given) = cache::given("COUNTERSIGN_ANVIL")? {
        return Ok(given);
    }
    let cache = cache::directory()?;
    let home = cache.join(format!("anvil-{VERSION}"));
    let inside = Path::new("node_modules")
        .join(package(std::env::consts::ARCH)?)
        .join("bin/anvil");
    let is_ready = || home.join(READY).is_file() && home.join(&inside).is_file();
    if !is_ready() {
        let _lock = cache::lock(&cache, "anvil")?;
        if !is_ready() {
            install(&cache, &home, &inside)?;
        }
    }
    let program = home.join(inside);
    cache::point_at("anvil", &program)?;
    Ok(program)
}

/// The package that holds the program for this kind of machine.
fn package(architecture: &str) -> Result<&'static str> {
    match architecture {
        "x86_64" => Ok("@foundry-rs/anvil-linux-amd64"),
        "aarch64" => Ok("@foundry-rs/anvil-linux-arm64"),
        other => anyhow::bail!(
            "no anvil is pinned for `{other}`: set COUNTERSIGN_ANVIL to an anvil {VERSION}"
        ),
    }
}

fn install(cache: &Path, home: &Path, inside: &Path) -> Result<()> {
    has_npm()?;
    say::step(&format!(
        "installing anvil {VERSION}, a private EVM chain, from npm into `{}`",
        home.display()
    ));
    let staging = cache.join("anvil-staging");
    for left in [staging.as_path(), home] {
        if left.exists() {
            fs::remove_dir_all(left)
                .with_context(|| format!("cannot remove `{}`", left.display()))?;
        }
    }
    fs::create_dir_all(&staging)
        .with_context(|| format!("cannot create `{}`", staging.display()))?;
    fs::write(staging.join("package.json"), MANIFEST)?;
    fs::write(staging.join("package-lock.json"), LOCK)?;
    let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    setup::quiet(Command::new("npm").args(arguments).current_dir(&staging))?;
    // npm passes over an optional package, without an error, when it cannot fetch it or its hash differs.
    anyhow::ensure!(
        staging.join(inside).is_file(),
        "npm did not deliver anvil {VERSION} with the pinned hash: try again, or set \
         COUNTERSIGN_ANVIL to one"
    );
    fs::write(staging.join(READY), VERSION)?;
    fs::rename(&staging, home).context("cannot put anvil in its place")
}

fn has_npm() -> Result<()> {
    let asked = Command::new("npm")
        .arg("--version")
        .stdin(Stdio::null())
        .output();
    anyhow::ensure!(
        asked.is_ok_and(|output| output.status.success()),
        "npm does not run, and the private EVM chain comes from it: install Node.js 20 or newer \
         with npm, or set COUNTERSIGN_ANVIL to an anvil {VERSION}"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_manifest_and_the_lock_pin_what_is_looked_for() {
        let manifest: Value = serde_json::from_str(MANIFEST).unwrap();
        let lock: Value = serde_json::from_str(LOCK).unwrap();
        for architecture in ["x86_64", "aarch64"] {
            let package = package(architecture).unwrap();
            assert_eq!(manifest["optionalDependencies"][package], VERSION);
            let locked = &lock["packages"][format!("node_modules/{package}")];
            assert_eq!(locked["version"], VERSION);
            assert!(
                locked["integrity"]
                    .as_str()
                    .is_some_and(|hash| hash.starts_with("sha512-"))
            );
            assert!(locked.get("hasInstallScript").is_none());
        }
        assert!(package("riscv64").is_err());
    }

    #[test]
    fn the_lock_names_no_host() {
        assert!(!LOCK.contains("resolved") && !LOCK.contains("://"));
    }
}
