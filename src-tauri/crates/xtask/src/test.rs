//! `cargo xtask test`: every check and every test, each stage with its time. What CI runs.

use crate::{
    anvil, bitcoind, cache, deny,
    environment::{Environment, cargo},
    pages, say, setup, typed,
};
use anyhow::{Context as _, Result};
use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// The whole output of the tests; a test of the project searches it for secrets.
const LOG: &str = "target/test.log";

/// `cargo xtask test [--long] [-- ARGS]`.
pub fn command(arguments: &[String]) -> Result<ExitCode> {
    let (options, extra) = match arguments.iter().position(|word| word == "--") {
        Some(at) => {
            let (options, rest) = arguments.split_at(at);
            (options, rest.iter().skip(1).cloned().collect())
        }
        None => (arguments, Vec::new()),
    };
    let long = match options {
        [] => false,
        [option] if option == "--long" => true,
        _ => anyhow::bail!("usage: cargo xtask test [--long] [-- ARGS for cargo test]"),
    };
    let mut stages = Stages::default();
    let outcome = run(&mut stages, long, &extra);
    stages.summary(outcome.is_ok());
    outcome.map(|()| ExitCode::SUCCESS)
}

fn run(stages: &mut Stages, long: bool, extra: &[String]) -> Result<()> {
    let mut app = PathBuf::new();
    stages.run("packages", setup::packages)?;
    // The node's compiler and cargo's share the cores: while one waits, the other works.
    let node = std::thread::spawn(|| {
        let started = Instant::now();
        bitcoind::ensure().map(|_| started.elapsed())
    });
    let chain = std::thread::spawn(|| {
        let started = Instant::now();
        anvil::ensure().map(|_| started.elapsed())
    });
    stages.run("windows' pages", pages::build)?;
    stages.optional("format", has("fmt"), || {
        checked(cargo()?.args(["fmt", "--all", "--check", "--", "-l"]))
    })?;
    stages.run("build", || {
        checked(cargo()?.args(["build", "--workspace", "--all-targets", "--locked"]))
    })?;
    stages.optional("clippy", has("clippy"), || {
        let words = [
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ];
        checked(cargo()?.args(words))
    })?;
    stages.run("licences, bans, sources", deny::check)?;
    stages.run("tests of the pages", pages::test)?;
    stages.run("regtest node", || ready(node))?;
    stages.run("private EVM chain", || ready(chain))?;
    stages.run("an app that tests can drive", || {
        app = pages::drivable()?;
        Ok(())
    })?;
    stages.run("test", || test(long, extra, &app))?;
    stages.run("secrets in the log", no_secret_in_the_log)
}

/// Waits for what was made beside the stages before.
fn ready(making: JoinHandle<Result<Duration>>) -> Result<()> {
    let took = making
        .join()
        .map_err(|_| anyhow::anyhow!("making it panicked"))??;
    say::detail(&format!(
        "ready after {} s, beside the stages before",
        took.as_secs()
    ));
    Ok(())
}

/// Rule 6: the whole output of the tests, passing ones too, holds no PIN that an officer typed.
fn no_secret_in_the_log() -> Result<()> {
    let log = fs::read(cache::repository()?.join(LOG))?;
    let log = String::from_utf8_lossy(&log);
    anyhow::ensure!(
        log.contains("test result: ok"),
        "the log holds no test's output, so nothing was searched"
    );
    for (number, line) in (1..).zip(log.lines()) {
        let leaked = typed::SECRETS.iter().any(|secret| line.contains(secret));
        anyhow::ensure!(
            !leaked,
            "line {number} of {LOG} holds a PIN or PUK that a test typed"
        );
    }
    say::detail(&format!("{} lines searched", log.lines().count()));
    Ok(())
}

fn test(long: bool, extra: &[String], app: &Path) -> Result<()> {
    let tools = setup::ensure()?;
    let environment = Environment::temporary(&tools)?;
    let mut command = cargo()?;
    command.arg("test").arg("--locked");
    if !extra
        .iter()
        .any(|word| word == "-p" || word.starts_with("--package"))
    {
        command.arg("--workspace");
    }
    command.args(extra);
    if !extra.iter().any(|word| word == "--") {
        // What passing tests print is part of the log that is searched for secrets.
        command.args(["--", "--show-output"]);
    }
    command.envs(
        environment
            .variables()
            .iter()
            .map(|(name, value)| (*name, value)),
    );
    command.env("COUNTERSIGN_DESKTOP_E2E", app);
    if long {
        command
            .env("COUNTERSIGN_LONG", "1")
            .env("PROPTEST_CASES", "4096");
    }
    let log = cache::repository()?.join(LOG);
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder)?;
    }
    logged(&command, File::create(&log)?)
}

/// Runs `command` with both its outputs on ours and in the log.
fn logged(command: &Command, mut log: File) -> Result<()> {
    let mut joined = Command::new("sh");
    joined
        .args(["-c", "exec setpriv --pdeathsig TERM -- \"$@\" 2>&1", "sh"])
        .arg(command.get_program())
        .args(command.get_args());
    if let Some(directory) = command.get_current_dir() {
        joined.current_dir(directory);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => joined.env(name, value),
            None => joined.env_remove(name),
        };
    }
    let mut child = joined.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut output = child.stdout.take().context("no output to read")?;
    let mut buffer = [0; 8192];
    loop {
        let read = output.read(&mut buffer)?;
        let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else {
            break;
        };
        log.write_all(part)?;
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(part).and_then(|()| out.flush());
    }
    let status = child.wait()?;
    anyhow::ensure!(status.success(), "cargo test: {status}");
    Ok(())
}

fn checked(command: &mut Command) -> Result<()> {
    let status = command
        .stdin(Stdio::null())
        .status()
        .context("cannot run cargo")?;
    anyhow::ensure!(status.success(), "{status}");
    Ok(())
}

/// Whether cargo has this subcommand.
fn has(subcommand: &str) -> bool {
    let asked = cargo().and_then(|mut cargo| {
        Ok(cargo
            .args([subcommand, "--version"])
            .stdin(Stdio::null())
            .output()?)
    });
    asked.is_ok_and(|output| output.status.success())
}

#[derive(Default)]
struct Stages {
    done: Vec<(&'static str, String)>,
}

impl Stages {
    fn run(&mut self, name: &'static str, stage: impl FnOnce() -> Result<()>) -> Result<()> {
        say::step(name);
        let started = Instant::now();
        let outcome = stage();
        let time = seconds(started.elapsed());
        match outcome {
            Ok(()) => {
                say::detail(&format!("{name}: ok, {time}"));
                self.done.push((name, format!("ok      {time}")));
                Ok(())
            }
            Err(error) => {
                self.done.push((name, format!("FAILED  {time}")));
                Err(error).with_context(|| format!("stage `{name}` failed"))
            }
        }
    }

    fn optional(
        &mut self,
        name: &'static str,
        available: bool,
        stage: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        if available {
            return self.run(name, stage);
        }
        say::step(&format!(
            "{name}: SKIPPED, this machine lacks the tool or its configuration"
        ));
        self.done.push((name, "skipped".to_owned()));
        Ok(())
    }

    fn summary(&self, passed: bool) {
        say::step(if passed {
            "every stage passed"
        } else {
            "stopped at the first failed stage"
        });
        for (name, outcome) in &self.done {
            say::detail(&format!("{name:<36} {outcome}"));
        }
    }
}

fn seconds(time: Duration) -> String {
    format!("{}.{} s", time.as_secs(), time.subsec_millis() / 100)
}
