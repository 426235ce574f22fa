//! `cargo xtask room`: runs a command, or a shell, among virtual readers and a private keyring.

use crate::{
    environment::{Environment, build_helpers, inside},
    say, setup,
};
use anyhow::{Context as _, Result};
use std::{ffi::OsString, process::ExitCode};

/// `cargo xtask room [-- COMMAND ...]`.
pub fn command(arguments: &[String]) -> Result<ExitCode> {
    let words: Vec<OsString> = match arguments.split_first() {
        None => {
            say::detail(
                "a shell with virtual card readers and a private keyring; `exit` ends them",
            );
            vec![std::env::var_os("SHELL").unwrap_or_else(|| "/bin/sh".into())]
        }
        Some((separator, words)) if separator == "--" && !words.is_empty() => {
            words.iter().map(OsString::from).collect()
        }
        Some(_) => anyhow::bail!("usage: cargo xtask room [-- COMMAND ...]"),
    };
    let tools = setup::ensure()?;
    build_helpers()?;
    let environment = Environment::temporary(&tools)?;
    let (program, rest) = words.split_first().context("no command")?;
    let mut child = inside(&environment, program);
    child.args(rest);
    // A cargo inside must not see what cargo set for xtask.
    child
        .env_remove("CARGO_MANIFEST_DIR")
        .env_remove("CARGO_MANIFEST_PATH");
    let status = child
        .status()
        .with_context(|| format!("cannot run `{}`", program.display()))?;
    drop(environment);
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
