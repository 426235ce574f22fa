//! The commands, each in a file of its own.

mod acted;
mod backup;
mod batch;
mod bump;
mod clock;
mod contract;
mod decide;
mod enrol;
mod found;
mod freeze;
mod holdings;
mod journal;
mod keys;
mod list;
mod look;
mod propose;
mod release;
mod run;
mod settings;
mod show;
mod status;
mod sweep;
mod vault;

use crate::args::{Command, KeysCommand, VaultCommand};
use crate::out::Ended;
use crate::terminal::Terminal;

/// Runs a command and prints its report.
pub async fn run(command: Command, terminal: &Terminal) -> anyhow::Result<Ended> {
    let report = match command {
        Command::Keys(KeysCommand::List) => keys::list()?,
        Command::Keys(KeysCommand::Prepare { serial }) => keys::prepare(terminal, serial)?,
        Command::Enrol(what) => enrol::enrol(terminal, what).await?,
        Command::Found(what) => found::found(terminal, what).await?,
        Command::Vault(VaultCommand::Create(what)) => propose::vault(terminal, what).await?,
        Command::Vault(VaultCommand::Keygen { name }) => vault::keygen(terminal, &name).await?,
        Command::Vault(VaultCommand::Address { name, deposit }) => {
            vault::address(terminal, &name, deposit).await?
        }
        Command::Vault(VaultCommand::List) => vault::list(terminal).await?,
        Command::Status => status::status(terminal).await?,
        Command::Propose(what) => propose::propose(terminal, what).await?,
        Command::Approve(what) => decide::approve(terminal, what).await?,
        Command::Decline(what) => decide::decline(terminal, what).await?,
        Command::Release(what) => release::release(terminal, what).await?,
        Command::Bump { id } => bump::bump(terminal, &id).await?,
        Command::Freeze(what) => freeze::freeze(terminal, what).await?,
        Command::List(what) => list::list(terminal, &what).await?,
        Command::Payees => look::payees(terminal).await?,
        Command::Policy { file } => look::policy(terminal, file).await?,
        Command::Show { id } => show::show(terminal, &id).await?,
        Command::Run(what) => return run::run(terminal, what).await,
        Command::Journal(what) => journal::journal(terminal, what).await?,
        Command::Backup { to } => backup::backup(terminal, &to).await?,
        Command::Restore(what) => backup::restore(terminal, what).await?,
        Command::Settings(what) => settings::settings(terminal, what)?,
        Command::ConfirmClock { officer } => clock::confirm(terminal, &officer).await?,
    };
    terminal.out.print(&report)?;
    Ok(report.ended)
}
