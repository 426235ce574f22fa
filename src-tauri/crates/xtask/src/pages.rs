//! The windows' pages: their packages, their build, their tests.

use crate::{
    cache,
    environment::{cargo, programs},
    nodejs, setup,
};
use anyhow::{Context as _, Result};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The lock file that the installed packages are of, beside them.
const INSTALLED: &str = "node_modules/.installed-lock.json";

/// Installs the packages that the lock file pins and builds the pages. The desktop app's build takes
/// them in, so this comes first.
pub fn build() -> Result<()> {
    let (folder, node) = (folder()?, nodejs::ensure()?);
    install(&folder, &node)?;
    run(nodejs::npm(&node)?.args(["run", "build"]), &folder)
}

/// Builds the app so that a test can drive its windows, and gives where it is. All targets of the workspace,
/// as in the build before: so features are the same, and only what the app's own change is built anew.
pub fn drivable() -> Result<PathBuf> {
    let features = "desktop/e2e,desktop/custom-protocol";
    let words = [
        "build",
        "--workspace",
        "--all-targets",
        "--locked",
        "--features",
        features,
    ];
    let status = cargo()?.args(words).stdin(Stdio::null()).status()?;
    anyhow::ensure!(status.success(), "cargo build: {status}");
    let built = programs()?.join("countersign-desktop");
    // The next build without the features would take its place.
    let kept = programs()?.join("countersign-desktop-e2e");
    fs::copy(&built, &kept).with_context(|| format!("cannot copy `{}`", built.display()))?;
    Ok(kept)
}

/// Runs the pages' own tests.
pub fn test() -> Result<()> {
    let (folder, node) = (folder()?, nodejs::ensure()?);
    install(&folder, &node)?;
    run(nodejs::npm(&node)?.arg("test"), &folder)
}

/// No script of any package runs.
fn install(folder: &Path, node: &Path) -> Result<()> {
    let lock = fs::read(folder.join("package-lock.json"))?;
    let installed = folder.join(INSTALLED);
    if fs::read(&installed).is_ok_and(|there| there == lock) {
        return Ok(());
    }
    let words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    setup::quiet(nodejs::npm(node)?.args(words).current_dir(folder))?;
    fs::write(&installed, lock).context("cannot note which packages are installed")
}

fn run(command: &mut Command, folder: &Path) -> Result<()> {
    let status = command
        .current_dir(folder)
        .stdin(Stdio::null())
        .status()
        .context("cannot run npm")?;
    anyhow::ensure!(status.success(), "npm: {status}");
    Ok(())
}

fn folder() -> Result<PathBuf> {
    Ok(cache::repository()?.join("ui"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_pages_lock_file_names_no_host_and_pins_by_hash() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../ui/package-lock.json");
        let text = std::fs::read_to_string(path).unwrap();
        assert!(
            !text.contains("\"resolved\""),
            "npm has `omit-lockfile-registry-resolved`"
        );
        let lock: serde_json::Value = serde_json::from_str(&text).unwrap();
        let packages = lock["packages"].as_object().unwrap();
        for (name, package) in packages.iter().filter(|(name, _)| !name.is_empty()) {
            // What is bundled comes inside the package that its hash pins.
            let pinned = package["integrity"].is_string() || package["inBundle"] == true;
            assert!(pinned, "{name}");
        }
        assert!(packages.len() > 100);
    }
}
