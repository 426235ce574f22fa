//! `countersign`: every act of the treasury from a terminal, and the headless co-signer.
//!
//! Text for people by default, `--json` for programs. Nothing here decides anything: commands read
//! what the journal means, ask the driver to act, and say what came of it.

mod args;
mod commands;
mod out;
mod secrets;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::Cli;
use crate::out::Out;

/// Refused or failed; nothing was done unless the message says so.
const FAILED: u8 = 1;
/// The command line makes no sense.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let out = Out::new(cli.json);
    match start(cli, out) {
        Ok(code) => code,
        Err(error) => {
            out.failure(&error);
            ExitCode::from(FAILED)
        }
    }
}

fn start(cli: Cli, out: Out) -> anyhow::Result<ExitCode> {
    let terminal = terminal::Terminal::new(&cli, out)?;
    for weakness in keys::harden::harden() {
        out.say(&format!("note: {weakness}"));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let ended = runtime.block_on(commands::run(cli.command, &terminal));
    // A wait for a touch or a node can't be taken back: it must not keep the process.
    runtime.shutdown_background();
    ended.map(|ended| match ended {
        out::Ended::Done => ExitCode::SUCCESS,
        out::Ended::Failed => ExitCode::from(FAILED),
    })
}

/// Help and version are no errors; everything else is, and a program gets it as JSON.
fn usage(error: &clap::Error) -> ExitCode {
    let json = std::env::args_os().any(|word| word == "--json");
    if error.use_stderr() && json {
        Out::new(true).failure(&anyhow::anyhow!("{}", error.to_string().trim()));
    } else {
        // Nobody is left to tell when this fails.
        let _ = error.print();
    }
    ExitCode::from(if error.use_stderr() { USAGE } else { 0 })
}
