//! `settings`: what this machine alone needs to know.

use std::path::{Path, PathBuf};

use btc::{NodeAuth, NodeConfig};
use domain::{Name, Network};
use driver::{BitcoinSettings, EvmSettings, Home, HomeError, Settings};
use serde_json::{Value, json};

use crate::args::SettingsCommand;
use crate::out::Report;
use crate::terminal::Terminal;
use wording::paper::{Fields, Paper};
use wording::view::network_words;

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
        SettingsCommand::Evm {
            chain_id,
            url,
            second,
            bearer,
            highest_gas_price,
        } => {
            let urls = [Some(&url), second.as_ref()];
            urls.into_iter()
                .flatten()
                .try_for_each(|url| check_evm_url(url))?;
            if highest_gas_price == 0 {
                anyhow::bail!(
                    "at a highest price of 0 gwei nothing could ever be sent; nothing was changed"
                );
            }
            let bearer = bearer.then(|| token(terminal, &url)).transpose()?;
            settings.evm.retain(|other| other.chain_id != chain_id);
            settings.evm.push(EvmSettings {
                chain_id,
                url,
                second,
                bearer,
                highest_gas_price,
            });
            settings.evm.sort_by_key(|one| one.chain_id);
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

fn check_evm_url(url: &str) -> anyhow::Result<()> {
    evm::NodeConfig::new(url)
        .map(drop)
        .map_err(|error| anyhow::anyhow!("{error}; nothing was changed"))
}

fn token(terminal: &Terminal, url: &str) -> anyhow::Result<String> {
    terminal
        .secrets
        .ask(&format!("Token for {} (hidden): ", place(url)))
        .map(|typed| typed.as_str().to_owned())
        .map_err(|error| anyhow::anyhow!("no token: {error}; nothing was changed"))
}

/// Where a node is, without the path, in which providers hide a token.
fn place(url: &str) -> String {
    evm::NodeConfig::new(url).map_or_else(
        |_| "an address that can't be read".to_owned(),
        |config| config.place(),
    )
}

/// The same, and whether there is more.
fn place_words(url: &str) -> String {
    let place = place(url);
    if url.trim().trim_end_matches('/') == place {
        place
    } else {
        format!("{place}/... (the rest may hold a token and is not shown)")
    }
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
            evm: Vec::new(),
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
    for one in &settings.evm {
        fields.add("EVM node", evm_words(one));
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

fn evm_words(one: &EvmSettings) -> String {
    let mut lines = vec![
        network_words(Network::Evm(one.chain_id)),
        place_words(&one.url),
    ];
    match &one.second {
        Some(second) => lines.push(format!("second node {}", place_words(second))),
        None => lines.push("no second node".to_owned()),
    }
    if one.bearer.is_some() {
        lines.push("token set, not shown".to_owned());
    }
    lines.push(format!(
        "highest price for gas {} gwei",
        one.highest_gas_price
    ));
    lines.join("\n")
}

fn evm_value(one: &EvmSettings) -> Value {
    json!({
        "chain_id": one.chain_id.get(),
        "chain": Network::Evm(one.chain_id).to_string(),
        "url": place(&one.url),
        "second": one.second.as_deref().map(place),
        "bearer": one.bearer.is_some(),
        "highest_gas_price": one.highest_gas_price,
    })
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
        "evm": settings.evm.iter().map(evm_value).collect::<Vec<Value>>(),
        "attestation_certificates": settings.attestation_certificates,
    })
}
