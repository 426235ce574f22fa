//! The `countersign` program, run as an officer or administrator would run it.

use crate::environment::{Environment, programs};
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::{
    ffi::OsString,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// Runs commands against one home.
pub struct Countersign {
    program: PathBuf,
    variables: Vec<(&'static str, OsString)>,
    home: PathBuf,
}

/// What a refused command said.
#[derive(Debug)]
pub struct Refused(pub String);

impl Countersign {
    /// Against `home` in the demo's directory.
    pub fn new(environment: &Environment, directory: &Path) -> Result<Self> {
        Ok(Self {
            program: programs()?.join("countersign"),
            variables: environment.variables().to_vec(),
            home: directory.join("home"),
        })
    }

    /// The home.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// From here on against another home.
    pub fn move_to(&mut self, home: PathBuf) {
        self.home = home;
    }

    /// Runs a command that must succeed; `typed` are the lines an officer types for PINs and the like.
    pub fn run(&self, words: &[&str], typed: &[&str]) -> Result<Value> {
        match self.attempt(words, typed)? {
            Ok(value) => Ok(value),
            Err(Refused(why)) => anyhow::bail!("countersign {}: {why}", words.join(" ")),
        }
    }

    /// Runs a command that may be refused.
    pub fn attempt(&self, words: &[&str], typed: &[&str]) -> Result<Result<Value, Refused>> {
        let output = self.spawn(&[&["--json"], words].concat(), typed)?;
        let text = String::from_utf8(output.stdout).context("countersign printed no text")?;
        let last = text
            .lines()
            .rev()
            .find(|line| !line.trim().is_empty())
            .unwrap_or("null");
        let whole: Value = serde_json::from_str(text.trim())
            .or_else(|_| serde_json::from_str(last))
            .unwrap_or(Value::Null);
        if output.status.success() {
            return Ok(Ok(whole));
        }
        let why = whole
            .pointer("/error/message")
            .and_then(Value::as_str)
            .map(str::to_owned);
        Ok(Err(Refused(why.unwrap_or_else(|| {
            String::from_utf8_lossy(&output.stderr).trim().to_owned()
        }))))
    }

    /// What a command prints for people.
    pub fn print(&self, words: &[&str]) -> Result<String> {
        let output = self.spawn(words, &[])?;
        anyhow::ensure!(
            output.status.success(),
            "countersign {}: {}",
            words.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8(output.stdout)?)
    }

    fn spawn(&self, words: &[&str], typed: &[&str]) -> Result<Output> {
        let mut child = Command::new(&self.program)
            .arg("--home")
            .arg(&self.home)
            .args(["--pin-fd", "0"])
            .args(words)
            .envs(self.variables.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {}", self.program.display()))?;
        let mut input = child.stdin.take().context("no input to write to")?;
        for line in typed {
            // A command that was refused before it asked has closed its input.
            if writeln!(input, "{line}").is_err() {
                break;
            }
        }
        drop(input);
        Ok(child.wait_with_output()?)
    }
}
