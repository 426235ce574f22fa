//! `settings`: what this machine alone needs to know.

use std::path::{Path, PathBuf};

use btc::{NodeAuth, NodeConfig};
use domain::Name;
use driver::{BitcoinSettings, Home, HomeError, Settings};
use serde_json::{Value, json};

use crate::args::SettingsCommand;
use crate::out::Report;
use crate::paper::{Fields, Paper};
use crate::terminal::Terminal;

/// `settings ...`. Before the founding settings can be made as well; the founding keeps them.
pub fn settings(terminal: &Terminal, what: SettingsCommand) -> anyhow::Result<Report> {
    let mut settings = read(&terminal.home)?;
    match what {
        SettingsCommand::Show => return Ok(shown(&settings)),
        SettingsCommand::Bitcoin {
            url,
            user,
            cookie,
            highest_fee_rate,
        } => {
            let cookie = cookie.map(|path| absolute(&path)).transpose()?;
            check_url(&url)?;
            let password = user
                .as_deref()
                .map(|user| password(terminal, user))
                .transpose()?;
            settings.bitcoin = Some(BitcoinSettings {
                url,
                user,
                password,
                cookie,
                highest_fee_rate,
            });
        }
        SettingsCommand::AttestationCertificates { folder } => {
            settings.attestation_certificates = Some(absolute(&folder)?);
        }
    }
    terminal.home.set_settings(&settings)?;
    Ok(shown(&settings))
}

/// What can't be a node's address is refused here, not at the first payout.
fn check_url(url: &str) -> anyhow::Result<()> {
    // How it is logged in to changes nothing about the address.
    let auth = NodeAuth::CookieFile(PathBuf::new());
    NodeConfig::new(url, auth)
        .map(drop)
        .map_err(|error| anyhow::anyhow!("{error}; nothing was changed"))
}

fn password(terminal: &Terminal, user: &str) -> anyhow::Result<String> {
    terminal
        .secrets
        .ask(&format!("RPC password of {user} (hidden): "))
        .map(|typed| typed.as_str().to_owned())
        .map_err(|error| anyhow::anyhow!("no password: {error}; nothing was changed"))
}

/// The settings that are there, or those of a home that is not founded yet.
fn read(home: &Home) -> anyhow::Result<Settings> {
    match home.settings() {
        Ok(settings) => Ok(settings),
        Err(HomeError::Empty(_)) => Ok(Settings {
            keyring: String::new(),
            machine: Name::new("not founded yet")?,
            bitcoin: None,
            attestation_certificates: None,
        }),
        Err(other) => Err(other.into()),
    }
}

fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    std::path::absolute(path)
        .map_err(|error| anyhow::anyhow!("{}: {error}; nothing was changed", path.display()))
}

fn shown(settings: &Settings) -> Report {
    let mut fields = Fields::default();
    fields.add("Machine", &settings.machine);
    match &settings.bitcoin {
        None => fields.add(
            "Bitcoin node",
            "not set: `countersign settings bitcoin URL --user USER`",
        ),
        Some(bitcoin) => {
            fields.add("Bitcoin node", &bitcoin.url);
            fields.maybe("User", bitcoin.user.as_ref());
            fields.maybe(
                "Cookie file",
                bitcoin
                    .cookie
                    .as_ref()
                    .map(|path| path.display().to_string()),
            );
            fields.add(
                "Highest fee",
                format!("{} sat/vB", bitcoin.highest_fee_rate),
            );
        }
    }
    let folder = settings
        .attestation_certificates
        .as_ref()
        .map(|path| path.display().to_string());
    fields.maybe("Certificates", folder.as_ref());
    let mut paper = Paper::default();
    paper.fields(&fields);
    Report::done(paper.text(), value(settings))
}

fn value(settings: &Settings) -> Value {
    json!({
        "machine": settings.machine.to_string(),
        "bitcoin": settings.bitcoin.as_ref().map(|bitcoin| json!({
            "url": bitcoin.url,
            "user": bitcoin.user,
            "cookie": bitcoin.cookie,
            "highest_fee_rate": bitcoin.highest_fee_rate,
        })),
        "attestation_certificates": settings.attestation_certificates,
    })
}
