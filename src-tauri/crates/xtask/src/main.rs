//! `cargo xtask`: set up, test, and run commands among virtual card readers. Every command does the
//! set-up that it needs.

mod anvil;
mod bitcoind;
mod cache;
mod demo;
mod deny;
mod environment;
mod from_npm;
mod nodejs;
mod pages;
mod room;
mod say;
mod setup;
mod test;
/// Shared with the tests, which depend on `testkit`; this program does not.
#[path = "../../testkit/src/typed.rs"]
mod typed;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask COMMAND

  demo [--once] [--report FILE]
                            a treasury's first day and its worst, on real parts with test keys
  setup                     install what is missing and the private EVM chain, build the regtest node once
                            (quick the second time)
  test [--long] [-- ARGS]   set-up, build, every check and every test; ARGS go to `cargo test`
  room [-- COMMAND ...]     run COMMAND (default: your shell) among virtual YubiKeys and a private
                            keyring; for example: cargo xtask room -- cargo test -p keys
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(code) => code,
        Err(error) => {
            say::problem(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let (command, rest) = arguments
        .split_first()
        .map_or(("", arguments), |(c, r)| (c.as_str(), r));
    match command {
        "demo" => demo::command(rest),
        "setup" => setup::command(rest),
        "test" => test::command(rest),
        "room" => room::command(rest),
        "" | "help" | "--help" | "-h" => {
            say::line(USAGE.trim_end());
            Ok(ExitCode::SUCCESS)
        }
        other => anyhow::bail!("no such command `{other}`\n\n{USAGE}"),
    }
}
