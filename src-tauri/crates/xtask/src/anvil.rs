//! `anvil`, a private EVM chain, from npm.

use crate::{cache, from_npm::Program};
use anyhow::Result;
use std::path::{Path, PathBuf};

const ANVIL: Program = Program {
    name: "anvil",
    what: "a private EVM chain",
    version: "1.7.1",
    manifest: include_str!("../anvil/package.json"),
    lock: include_str!("../anvil/package-lock.json"),
    variable: "COUNTERSIGN_ANVIL",
};

/// The program's path; installs it first where it is not yet in the cache.
pub fn ensure() -> Result<PathBuf> {
    if let Some(given) = cache::given(ANVIL.variable)? {
        return Ok(given);
    }
    let package = package(std::env::consts::ARCH)?;
    let inside = Path::new("node_modules").join(package).join("bin/anvil");
    let program = ANVIL.ensure(&inside)?;
    cache::point_at("anvil", &program)?;
    Ok(program)
}

/// The package that holds the program for this kind of machine.
fn package(architecture: &str) -> Result<&'static str> {
    match architecture {
        "x86_64" => Ok("@foundry-rs/anvil-linux-amd64"),
        "aarch64" => Ok("@foundry-rs/anvil-linux-arm64"),
        other => anyhow::bail!(
            "no anvil is pinned for `{other}`: set {} to an anvil {}",
            ANVIL.variable,
            ANVIL.version
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
        pinned::holds(&ANVIL, &packages);
        assert!(package("riscv64").is_err());
    }
}
