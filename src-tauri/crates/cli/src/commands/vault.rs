//! `vault keygen`, `vault address` and `vault list`.

use domain::act::ChildPath;
use domain::{Address, Name, Network, VaultId};
use serde_json::{Value, json};
use treasury::{VaultRecord, VaultStage};

use crate::out::Report;
use crate::terminal::Terminal;
use wording::paper::Paper;
use wording::proposal::seat_words;
use wording::subjects;
use wording::view::{View, network_words};

/// `vault keygen`.
pub async fn keygen(terminal: &Terminal, name: &Name) -> anyhow::Result<Report> {
    let driver = terminal.driver()?;
    let view = View::of(&driver).await?;
    let (_, vault) = subjects::vault(&view, name)?;
    terminal.out.explain(&format!(
        "Generating the key of vault {name}. Every officer of every sealed seat now proves, with PIN and touch, that it opens."
    ));
    let openings: usize = vault
        .plan
        .seats()
        .iter()
        .map(|seat| seat.kind.officers().len())
        .sum();
    terminal
        .out
        .explain(&format!("{openings} openings follow."));
    if let Network::Evm(_) = vault.plan.network() {
        terminal.out.explain(
            "A key for an EVM chain takes some seconds to make, and each trial signature some more.",
        );
    }
    let mut desk = terminal.desk(&view)?;
    let id = driver.keygen(name, &mut desk).await?;
    let mut paper = Paper::default();
    paper.line(format!("Vault {name} has its key."));
    paper.line("  It was made in shares, at no time in one piece. Each share is sealed, was opened again in");
    paper.line("  every way there is, and quorums of them signed together as a trial.");
    paper.gap();
    paper.line(format!(
        "Next: countersign backup DIRECTORY, then countersign vault address \"{name}\""
    ));
    let json = json!({ "vault": name.to_string(), "id": id.to_string() });
    Ok(Report::done(paper.text(), json))
}

/// `vault address`.
pub async fn address(
    terminal: &Terminal,
    name: &Name,
    deposit: Option<u32>,
) -> anyhow::Result<Report> {
    let driver = terminal.driver()?;
    let (path, address) = driver.address(name, deposit).await?;
    let what = match (&address, deposit) {
        (Address::Btc(_), _) => "A fresh address".to_owned(),
        (Address::Evm(_), None) => "The main account".to_owned(),
        (Address::Evm(_), Some(number)) => format!("Deposit account {number}"),
    };
    let path = format!("m/{}/{}", path.keychain(), path.index());
    let mut paper = Paper::default();
    paper.line(format!(
        "{what} of vault {name}, on {}:",
        network_words(address.network())
    ));
    paper.gap();
    paper.line(format!("  {address}"));
    paper.line(format!("  {}", address.grouped()));
    if let Address::Evm(_) = address {
        paper.gap();
        paper.line("It is the same account on every EVM chain, but this vault is watched on this chain alone:");
        paper.line("what is sent to it elsewhere is not seen here.");
    }
    let mut json = json!({
        "vault": name.to_string(),
        "address": address.to_string(),
        "network": address.network().to_string(),
        "path": path,
    });
    if let (Address::Evm(_), Some(object)) = (&address, json.as_object_mut()) {
        object.insert("deposit".to_owned(), json!(deposit));
    }
    Ok(Report::done(paper.text(), json))
}

/// `vault list`.
pub async fn list(terminal: &Terminal) -> anyhow::Result<Report> {
    let view = View::of(&terminal.driver()?).await?;
    let mut paper = Paper::default();
    for line in view.frozen_lines() {
        paper.line(line);
    }
    let mut values = Vec::new();
    if view.treasury().vaults.is_empty() {
        paper.line("There is no vault yet; order one with `countersign vault create`.");
    }
    for (id, vault) in &view.treasury().vaults {
        paper.gap();
        paper.line(format!(
            "{}, on {}: {}",
            vault.plan.name(),
            network_words(vault.plan.network()),
            stage(vault)
        ));
        paper.line(format!(
            "  {} of these {} seats must sign together:",
            vault.plan.threshold(),
            vault.plan.seats().len()
        ));
        for seat in vault.plan.seats() {
            paper.line(format!("  {}", seat_words(view.treasury(), seat)));
        }
        if let Some(account) = main_account(*id, vault) {
            paper.line(format!("  Main account {account}"));
            paper.line(format!("               {}", account.grouped()));
        }
        values.push(value(&view, *id, vault));
    }
    Ok(Report::done(
        paper.text(),
        json!({ "vaults": Value::Array(values) }),
    ))
}

fn value(view: &View, id: VaultId, vault: &VaultRecord) -> Value {
    let seats: Vec<Value> = vault
        .plan
        .seats()
        .iter()
        .map(|seat| {
            let officers: Vec<String> = seat
                .kind
                .officers()
                .iter()
                .map(|officer| view.name(*officer))
                .collect();
            json!({
                "number": seat.id.get(),
                "name": seat.name.to_string(),
                "kind": seat.kind.name(),
                "officers": officers,
                "openers": seat.kind.openers(),
            })
        })
        .collect();
    let mut value = json!({
        "name": vault.plan.name().to_string(),
        "id": id.to_string(),
        "network": vault.plan.network().to_string(),
        "threshold": vault.plan.threshold(),
        "confirmations": vault.plan.confirmations(),
        "ready": vault.key().is_some(),
        "seats": seats,
    });
    if let (Some(account), Some(object)) = (main_account(id, vault), value.as_object_mut()) {
        object.insert("account".to_owned(), json!(account.to_string()));
    }
    value
}

/// The account that an EVM vault pays from, once it has its key.
fn main_account(id: VaultId, vault: &VaultRecord) -> Option<Address> {
    vault.plan.network().chain_id()?;
    let path = ChildPath::new(ChildPath::RECEIVE, 0).ok()?;
    vault.view(id)?.keys().ok()?.paid_at(path).ok()
}

fn stage(vault: &VaultRecord) -> String {
    match vault.stage {
        VaultStage::Ordered => format!(
            "no key yet, `countersign vault keygen \"{}\"` makes it",
            vault.plan.name()
        ),
        VaultStage::Generating(_) => "its key is being generated, or that was cut off".to_owned(),
        VaultStage::Ready { .. } => "ready".to_owned(),
    }
}
