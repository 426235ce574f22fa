//! `cargo xtask demo`: a treasury's first day and its worst, on real parts with test keys.

mod acts;
mod anvil;
mod batch;
mod console;
mod countersign;
mod evm;
mod keys;
mod node;
mod policy;
mod report;
mod story;
mod stuck;
mod sweep;

use crate::environment::{Environment, build_helpers, cargo};
use crate::{say, setup};
use anyhow::{Context as _, Result};
use std::{
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
};

use anvil::Anvil;
use countersign::Countersign;
use keys::Keys;
use node::Node;
use report::Report;

const USAGE: &str = "usage: cargo xtask demo [--once] [--report FILE] [--dir DIR]";

struct Options {
    once: bool,
    report: Option<PathBuf>,
    directory: PathBuf,
}

/// `cargo xtask demo [--once] [--report FILE] [--dir DIR]`.
pub fn command(arguments: &[String]) -> Result<ExitCode> {
    let options = read(arguments)?;
    let tools = setup::ensure()?;
    say::step("building countersign and the demo's helpers (minutes the first time)");
    build_helpers()?;
    build_countersign()?;
    std::fs::create_dir_all(&options.directory)?;
    let environment = Environment::start(&options.directory, &tools)?;
    let node = Node::start(&tools.bitcoind, &options.directory.join("bitcoind"))?;
    let anvil = Anvil::start(&tools.anvil, &options.directory.join("anvil"))?;
    let keys = Keys::connect(&options.directory.join("room"))?;
    let countersign = Countersign::new(&environment, &options.directory)?;
    let mut stage = story::Stage {
        directory: options.directory.clone(),
        node,
        anvil,
        keys,
        countersign,
    };
    let report = stage.tell()?;
    if let Some(file) = &options.report {
        report.write(file, environment.variables())?;
        say::detail(&format!("what happened is written to {}", file.display()));
    }
    if options.once {
        say::step("done: everything is stopped; the demo's files stay in its directory");
        return Ok(ExitCode::SUCCESS);
    }
    go_on(&report, &environment, &options.directory)?;
    let _app = console::open_app(&environment, &report.home)?;
    stage.console()?;
    Ok(ExitCode::SUCCESS)
}

fn read(arguments: &[String]) -> Result<Options> {
    let mut options = Options {
        once: false,
        report: None,
        directory: std::env::temp_dir().join(format!("countersign-demo-{}", std::process::id())),
    };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--once" => options.once = true,
            "--report" => options.report = Some(words.next().context(USAGE)?.into()),
            "--dir" => options.directory = words.next().context(USAGE)?.into(),
            _ => anyhow::bail!("{USAGE}"),
        }
    }
    // Paths are printed for use from anywhere.
    options.directory = std::path::absolute(&options.directory)?;
    options.report = options.report.map(std::path::absolute).transpose()?;
    Ok(options)
}

fn build_countersign() -> Result<()> {
    let status = cargo()?
        .args(["build", "--quiet", "--locked", "--package", "cli"])
        .stdin(Stdio::null())
        .status()
        .context("cannot run cargo")?;
    anyhow::ensure!(status.success(), "`cargo build --package cli` failed");
    Ok(())
}

/// Prints how to go on by hand.
fn go_on(report: &Report, environment: &Environment, directory: &Path) -> Result<()> {
    say::step("the demo is still running: go on by hand in another terminal");
    for (name, value) in environment.variables() {
        if [
            "PCSCLITE_CSOCK_NAME",
            "DBUS_SESSION_BUS_ADDRESS",
            "COUNTERSIGN_ROOM",
        ]
        .contains(name)
        {
            say::detail(&format!("export {name}='{}'", value.to_string_lossy()));
        }
    }
    say::detail(&format!(
        "export COUNTERSIGN_HOME='{}'",
        report.home.display()
    ));
    say::detail(&format!(
        "alias countersign='{}'",
        crate::environment::programs()?
            .join("countersign")
            .display()
    ));
    say::line("");
    say::detail("countersign status");
    say::detail(
        "countersign propose payout --vault Operations --pay 'Meyer GmbH=0.2 BTC' --memo 'by hand' --as Carol",
    );
    say::detail(
        "countersign propose payout --vault Tokens --pay 'Fjord Data AS=250 USDC' --fee-cap '0.02 ETH' --as Carol",
    );
    say::detail(
        "countersign approve ID --as Alice       (each asks for the officer's PIN, see below)",
    );
    say::detail("countersign approve ID --as Bob");
    say::detail("countersign release ID --as Bob --and recovery=Alice,Carol");
    say::detail("countersign show ID");
    say::detail("countersign freeze --as Carol --reason 'try it'");
    say::detail("countersign journal verify");
    say::line("");
    say::detail(&format!(
        "every officer's PIN is {}; the keys are virtual and touch themselves",
        story::PIN
    ));
    say::detail(&format!("blocks are mined with: {}", report.mine_command()));
    say::detail(&format!(
        "and on the EVM chain:  {}",
        report.evm_mine_command()
    ));
    say::detail(&format!("everything lies in {}", directory.display()));
    Ok(())
}
