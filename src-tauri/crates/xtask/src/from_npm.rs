//! One program out of an npm package that a lock file here pins by version and hash, kept in the cache. No
//! script of any package runs.

use crate::{cache, say, setup};
use anyhow::{Context as _, Result};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Written last: without it an installation counts as broken off.
const READY: &str = "ready";

/// What is installed.
pub struct Program {
    /// Its name, also in the cache.
    pub name: &'static str,
    /// What it is, for whoever waits for it.
    pub what: &'static str,
    /// Its version, as the manifest pins it.
    pub version: &'static str,
    /// `package.json`, with a package for each kind of machine.
    pub manifest: &'static str,
    /// `package-lock.json`.
    pub lock: &'static str,
    /// Set to use another one.
    pub variable: &'static str,
}

impl Program {
    /// Its path, given where it lies in the installation; installs it first where it is not yet in the
    /// cache.
    pub fn ensure(&self, inside: &Path) -> Result<PathBuf> {
        let cache = cache::directory()?;
        let home = cache.join(format!("{}-{}", self.name, self.version));
        let is_ready = || home.join(READY).is_file() && home.join(inside).is_file();
        if !is_ready() {
            let _lock = cache::lock(&cache, self.name)?;
            if !is_ready() {
                self.install(&cache, &home, inside)?;
            }
        }
        Ok(home.join(inside))
    }

    fn install(&self, cache: &Path, home: &Path, inside: &Path) -> Result<()> {
        let Self { name, version, .. } = self;
        self.has_npm()?;
        say::step(&format!(
            "installing {name} {version}, {}, from npm into `{}`",
            self.what,
            home.display()
        ));
        let staging = cache.join(format!("{name}-staging"));
        for left in [staging.as_path(), home] {
            if left.exists() {
                fs::remove_dir_all(left)
                    .with_context(|| format!("cannot remove `{}`", left.display()))?;
            }
        }
        fs::create_dir_all(&staging)
            .with_context(|| format!("cannot create `{}`", staging.display()))?;
        fs::write(staging.join("package.json"), self.manifest)?;
        fs::write(staging.join("package-lock.json"), self.lock)?;
        let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
        setup::quiet(Command::new("npm").args(arguments).current_dir(&staging))?;
        // npm passes over an optional package, without an error, when it cannot fetch it or its hash differs.
        anyhow::ensure!(
            staging.join(inside).is_file(),
            "npm did not deliver {name} {version} with the pinned hash: try again, or set {} to one",
            self.variable
        );
        fs::write(staging.join(READY), version)?;
        fs::rename(&staging, home).with_context(|| format!("cannot put {name} in its place"))
    }

    fn has_npm(&self) -> Result<()> {
        let asked = Command::new("npm")
            .arg("--version")
            .stdin(Stdio::null())
            .output();
        anyhow::ensure!(
            asked.is_ok_and(|output| output.status.success()),
            "npm does not run, and {} {} comes from it: install Node.js 20 or newer with npm, or set {} to one",
            self.name,
            self.version,
            self.variable
        );
        Ok(())
    }
}

#[cfg(test)]
pub mod pinned {
    use super::Program;
    use serde_json::Value;

    /// Manifest and lock pin these packages at the program's version, by hash, without a script, and name
    /// no host.
    pub fn holds(program: &Program, packages: &[&str]) {
        let manifest: Value = serde_json::from_str(program.manifest).unwrap();
        let lock: Value = serde_json::from_str(program.lock).unwrap();
        for package in packages {
            assert_eq!(manifest["optionalDependencies"][package], program.version);
            let locked = &lock["packages"][format!("node_modules/{package}")];
            assert_eq!(locked["version"], program.version);
            let hash = locked["integrity"].as_str();
            assert!(hash.is_some_and(|hash| hash.starts_with("sha512-")));
            assert!(locked.get("hasInstallScript").is_none());
        }
        assert!(!program.lock.contains("resolved") && !program.lock.contains("://"));
    }
}
