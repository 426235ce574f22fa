//! stub
use anyhow::Result;
use std::process::ExitCode;
/// stub
pub fn command(_arguments: &[String]) -> Result<ExitCode> {
    anyhow::bail!("not yet")
}
