//! This machine's settings. Passwords and tokens go in and never come out.

use std::path::PathBuf;

use btc::{NodeAuth, NodeConfig};
use domain::{Name, Network};
use driver::{BitcoinSettings, EvmSettings, HomeError, Settings};
use tauri::State;
use wording::view::network_words;

use crate::app::App;
use crate::commands::proposing::chain;
use crate::convert::network as read_network;
use crate::dto::{
    BitcoinNode, BitcoinNodeDraft, EvmNode, EvmNodeDraft, NetworkView, NodeTest, SettingsView,
    Table,
};
use crate::nodes::{place, test};
use crate::problem::{Answer, Code, Problem};

/// The settings that are there, or those of a home that is not founded yet.
fn read(app: &App) -> Answer<Settings> {
    match app.home.settings() {
        Ok(settings) => Ok(settings),
        Err(HomeError::Empty(_)) => Ok(Settings {
            keyring: String::new(),
            machine: Name::new("not founded yet").map_err(|error| Problem::task(&error))?,
            bitcoin: None,
            evm: Vec::new(),
            attestation_certificates: None,
        }),
        Err(other) => Err(driver::DriverError::from(other).into()),
    }
}

/// This machine's settings.
#[tauri::command]
#[specta::specta]
pub async fn settings(app: State<'_, App>) -> Answer<SettingsView> {
    Ok(view(&app, &read(&app)?))
}

fn view(app: &App, settings: &Settings) -> SettingsView {
    let networks = app
        .engine()
        .map(|engine| engine.view().treasury().founding.networks.clone())
        .unwrap_or_default();
    SettingsView {
        machine: settings.machine.to_string(),
        home: app.home.root().display().to_string(),
        bitcoin: settings.bitcoin.as_ref().map(|node| BitcoinNode {
            url: node.url.clone(),
            user: node.user.clone(),
            cookie: node.cookie.as_ref().map(|path| path.display().to_string()),
            highest_fee_rate: node.highest_fee_rate.to_string(),
        }),
        evm: settings
            .evm
            .iter()
            .map(|node| EvmNode {
                chain_id: node.chain_id.to_string(),
                place: place(&node.url),
                second: node.second.as_deref().map(place),
                bearer: node.bearer.is_some(),
                highest_gas_price: node.highest_gas_price.to_string(),
            })
            .collect(),
        certificates: settings
            .attestation_certificates
            .as_ref()
            .map(|path| path.display().to_string()),
        networks: networks
            .into_iter()
            .map(|network| NetworkView {
                network: network.to_string(),
                words: network_words(network),
                chain_id: network.chain_id().map(|chain| chain.to_string()),
            })
            .collect(),
    }
}

/// Writes the settings and has the loop use them.
async fn write(app: &App, settings: &Settings) -> Answer<SettingsView> {
    app.home
        .set_settings(settings)
        .map_err(driver::DriverError::from)?;
    if let Ok(engine) = app.engine() {
        engine.loop_driver().await.read_settings()?;
        engine.changed(&[Table::Settings, Table::Nodes]);
        engine.wake();
    }
    Ok(view(app, settings))
}

/// Sets the Bitcoin node.
#[tauri::command]
#[specta::specta]
pub async fn set_bitcoin_node(
    app: State<'_, App>,
    draft: BitcoinNodeDraft,
) -> Answer<SettingsView> {
    let mut settings = read(&app)?;
    let url = draft.url.trim().to_owned();
    // How it is logged in to changes nothing about the address.
    NodeConfig::new(url.clone(), NodeAuth::CookieFile(PathBuf::new()))
        .map_err(|error| Problem::input("url", error))?;
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let cookie = given(draft.cookie).map(PathBuf::from);
    if cookie.as_ref().is_some_and(|path| !path.is_absolute()) {
        return Err(Problem::input(
            "cookie",
            "give the whole path of the cookie file, from / on",
        ));
    }
    let before = settings.bitcoin.take();
    settings.bitcoin = Some(BitcoinSettings {
        url,
        user: given(draft.user).filter(|_| cookie.is_none()),
        password: match (&cookie, given(draft.password)) {
            (Some(_), _) => None,
            (None, Some(password)) => Some(password),
            (None, None) => before.and_then(|before| before.password),
        },
        cookie,
        highest_fee_rate: draft.highest_fee_rate.max(1).into(),
    });
    write(&app, &settings).await
}

/// Sets the node of an EVM chain.
#[tauri::command]
#[specta::specta]
pub async fn set_evm_node(app: State<'_, App>, draft: EvmNodeDraft) -> Answer<SettingsView> {
    let mut settings = read(&app)?;
    let chain_id = chain(&draft.chain_id)?;
    if draft.highest_gas_price == 0 {
        return Err(Problem::input(
            "highest_gas_price",
            "at a highest price of 0 gwei nothing could ever be sent; nothing was changed",
        ));
    }
    let before = settings
        .evm
        .iter()
        .find(|one| one.chain_id == chain_id)
        .cloned();
    let kept = |typed: Option<String>, before: Option<String>| match typed {
        None => before,
        Some(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
    };
    let before_url = before.as_ref().map(|one| one.url.clone());
    let url = kept(draft.url, before_url)
        .ok_or_else(|| Problem::input("url", "give the node's address; nothing was changed"))?;
    let before_second = before.as_ref().and_then(|one| one.second.clone());
    let second = kept(draft.second, before_second);
    for (field, url) in [("url", Some(&url)), ("second", second.as_ref())] {
        if let Some(url) = url {
            evm::NodeConfig::new(url)
                .map_err(|error| Problem::input(field, format!("{error}; nothing was changed")))?;
        }
    }
    let bearer = kept(draft.bearer, before.and_then(|one| one.bearer));
    settings.evm.retain(|one| one.chain_id != chain_id);
    settings.evm.push(EvmSettings {
        chain_id,
        url,
        second,
        bearer,
        highest_gas_price: draft.highest_gas_price.into(),
    });
    settings.evm.sort_by_key(|one| one.chain_id);
    write(&app, &settings).await
}

/// Sets the folder of further attestation certificates.
#[tauri::command]
#[specta::specta]
pub async fn set_certificates(app: State<'_, App>, folder: Option<String>) -> Answer<SettingsView> {
    let mut settings = read(&app)?;
    let folder = folder
        .map(|text| PathBuf::from(text.trim()))
        .filter(|path| !path.as_os_str().is_empty());
    if folder.as_ref().is_some_and(|path| !path.is_dir()) {
        return Err(Problem::input(
            "folder",
            "there is no such folder on this machine; nothing was changed",
        ));
    }
    settings.attestation_certificates = folder;
    write(&app, &settings).await
}

/// Asks the node of a network now.
#[tauri::command]
#[specta::specta]
pub async fn test_node(app: State<'_, App>, network: String) -> Answer<NodeTest> {
    let engine = app.engine()?;
    let network: Network = read_network(&network)?;
    if !engine
        .view()
        .treasury()
        .founding
        .networks
        .contains(&network)
    {
        return Err(Problem::new(
            Code::Unknown,
            format!("this treasury has nothing on {network}"),
        ));
    }
    let driver = engine.own_driver()?;
    Ok(test(&engine, &driver, network).await)
}
