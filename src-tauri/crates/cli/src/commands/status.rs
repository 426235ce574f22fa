//! `status`: the treasury at a glance.

use std::io::{IsTerminal as _, Write as _};

use btc::{Cancel, SyncProgress};
use domain::{Coin, Span, Timestamp, VaultId};
use driver::{BtcHoldings, Driver, DriverError, EvmHoldings};
use serde_json::{Value, json};
use treasury::VaultRecord;

use super::holdings;
use super::list::in_order;
use crate::out::Report;
use crate::terminal::Terminal;
use wording::limits::{self, Standing};
use wording::paper::{Fields, Paper, age, all, count};
use wording::payees;
use wording::proposal::{summary, waiting};
use wording::view::{View, class_word, grade_reason, grade_words, network_words};

/// What a vault holds, as far as that can be told.
#[derive(Debug, Clone)]
pub enum Holding {
    /// On Bitcoin.
    Known(BtcHoldings),
    /// Of each account on an EVM chain.
    Evm(EvmHoldings),
    /// It has no key, or the node does not answer.
    Unknown(String),
}

/// `status`: reads the chain for each vault; Ctrl-C stops that and shows the rest.
pub async fn status(terminal: &Terminal) -> anyhow::Result<Report> {
    let driver = terminal.driver()?;
    let view = View::of(&driver).await?;
    let cancel = Cancel::new();
    let stop = cancel.clone();
    let watch = tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.cancel();
        }
    });
    let mut holdings = Vec::new();
    for (id, vault) in &view.treasury().vaults {
        holdings.push((*id, holding(&driver, vault, &cancel).await?));
    }
    watch.abort();
    Ok(report(&view, &holdings))
}

async fn holding(driver: &Driver, vault: &VaultRecord, cancel: &Cancel) -> anyhow::Result<Holding> {
    if vault.key().is_none() {
        return Ok(Holding::Unknown("it has no key yet".to_owned()));
    }
    if cancel.is_cancelled() {
        return Ok(Holding::Unknown("not read".to_owned()));
    }
    let name = vault.plan.name();
    if vault.plan.network().chain_id().is_some() {
        return match driver.evm_holdings(name).await {
            Ok(holdings) => Ok(Holding::Evm(holdings)),
            Err(DriverError::Evm(why)) => Ok(Holding::Unknown(why)),
            Err(other) => Err(other.into()),
        };
    }
    let watched = std::io::stderr().is_terminal();
    let mut progress = |now: SyncProgress| {
        if watched {
            let _ = write!(
                std::io::stderr(),
                "\r{name}: block {} of {}  ",
                now.height,
                now.target
            );
        }
    };
    let read = driver.balance(name, &mut progress, cancel).await;
    if watched {
        let _ = write!(std::io::stderr(), "\r{:60}\r", "");
    }
    match read {
        Ok(held) => Ok(Holding::Known(held)),
        Err(DriverError::Bitcoin(why)) => Ok(Holding::Unknown(why)),
        Err(other) => Err(other.into()),
    }
}

/// The whole status.
pub fn report(view: &View, holdings: &[(VaultId, Holding)]) -> Report {
    let treasury = view.treasury();
    let mut paper = Paper::default();
    for line in view.frozen_lines() {
        paper.line(line);
    }
    paper.gap();
    paper.line(format!(
        "{}, treasury {}",
        treasury.founding.name,
        treasury.id.short()
    ));
    paper.line(grade_words(treasury));
    paper.gap();
    paper.fields(&people(view));
    candidate(view, &mut paper);
    vaults(view, holdings, &mut paper);
    waits(view, &mut paper);
    let limits = limits::limits(view);
    limits_table(&limits, &mut paper);
    let json = json!({
        "treasury": treasury.id.to_string(),
        "name": treasury.founding.name.to_string(),
        "grade": treasury.grade().name(),
        "grade_reason": grade_reason(treasury),
        "network_class": class_word(treasury.founding.class),
        "policy": treasury.adoption.policy.hash().to_string(),
        "entries": treasury.sequence.saturating_add(1),
        "head": treasury.head.to_string(),
        "frozen": view.frozen_json(),
        "officers": officers(view),
        "vaults": holdings.iter().filter_map(|(id, holding)| vault_json(view, *id, holding)).collect::<Vec<Value>>(),
        "waiting": waiting_json(view),
        "limits": limits.iter().map(Standing::value).collect::<Vec<Value>>(),
    });
    Report::done(paper.text(), json)
}

fn candidate(view: &View, paper: &mut Paper) {
    if let Some((machine, id)) = &view.treasury().candidate {
        paper.gap();
        paper.line(format!(
            "STOPPED until the quorum lets {} take over: countersign approve {} --as OFFICER",
            machine.name,
            id.short()
        ));
    }
}

fn officers(view: &View) -> Vec<String> {
    let mut names: Vec<String> = view
        .treasury()
        .officers
        .values()
        .filter(|record| record.active)
        .map(|record| record.officer.name.to_string())
        .collect();
    names.sort();
    names
}

fn people(view: &View) -> Fields {
    let treasury = view.treasury();
    let networks: Vec<String> = treasury
        .founding
        .networks
        .iter()
        .map(|network| network_words(*network))
        .collect();
    let mut fields = Fields::default();
    fields.add("Networks", networks.join(", "));
    fields.add("Officers", all(&officers(view)));
    let machines: Vec<String> = treasury
        .machines
        .values()
        .filter(|standing| standing.replaced_by.is_none())
        .map(|standing| {
            let by: Vec<String> = standing
                .machine
                .administrators
                .iter()
                .map(ToString::to_string)
                .collect();
            format!("{}, administered by {}", standing.machine.name, all(&by))
        })
        .collect();
    fields.add("Machines", machines.join("\n"));
    fields.add(
        "Journal",
        format!(
            "{}, head {}",
            count(treasury.sequence.saturating_add(1), "entry"),
            treasury.head.short()
        ),
    );
    fields
}

fn vaults(view: &View, holdings: &[(VaultId, Holding)], paper: &mut Paper) {
    paper.gap();
    paper.line("Vaults");
    if holdings.is_empty() {
        paper.line("  none yet; order one with `countersign vault create`");
    }
    for (id, holding) in holdings {
        let Some(vault) = view.treasury().vaults.get(id) else {
            continue;
        };
        paper.line(format!(
            "  {}, on {}, {} of {} seats",
            vault.plan.name(),
            network_words(vault.plan.network()),
            vault.plan.threshold(),
            vault.plan.seats().len()
        ));
        match holding {
            Holding::Unknown(why) => paper.line(format!("    balance not known: {why}")),
            Holding::Evm(holdings) => {
                holdings::tell(holdings, &coins(view, vault), view.now, paper);
            }
            Holding::Known(held) => {
                let balance = &held.balance;
                paper.line(format!(
                    "    {} in blocks, as of block {}",
                    balance.confirmed, held.report.tip.height
                ));
                for (amount, what) in [
                    (balance.returning, "change on its way back"),
                    (
                        balance.incoming,
                        "incoming, not in a block: it may never come",
                    ),
                    (balance.immature, "mined, not yet spendable"),
                ] {
                    if amount.get() > 0 {
                        paper.line(format!("    {amount} {what}"));
                    }
                }
                if let Some(unswept) = &held.unswept {
                    let since = Timestamp::from_millis(unswept.since.saturating_mul(1000));
                    let oldest = since.map_or(Span::ZERO, |since| view.now.since(since));
                    paper.line(format!(
                        "    {} of it in {} on addresses other than the main one, the oldest there for {}",
                        unswept.total,
                        count(unswept.coins, "coin"),
                        age(oldest)
                    ));
                }
            }
        }
    }
}

/// The coins and tokens that governance entered for a vault's chain.
fn coins(view: &View, vault: &VaultRecord) -> Vec<Coin> {
    let chain = vault.plan.network().chain_id();
    let coins = chain.map(|chain| payees::coins(view.treasury(), chain));
    coins.into_iter().flatten().collect()
}

fn vault_json(view: &View, id: VaultId, holding: &Holding) -> Option<Value> {
    let vault = view.treasury().vaults.get(&id)?;
    let network = vault.plan.network();
    let (held, height, trouble) = match holding {
        Holding::Known(held) => (Some(held), Some(held.report.tip.height), None),
        Holding::Unknown(why) => (None, None, Some(why)),
        Holding::Evm(_) => (None, None, None),
    };
    if network.chain_id().is_some() {
        let known = match holding {
            Holding::Evm(known) => Some(known),
            Holding::Known(_) | Holding::Unknown(_) => None,
        };
        return Some(holdings::value(vault, known, &coins(view, vault), trouble));
    }
    let balance = held.map(|held| held.balance);
    let unswept = held.and_then(|held| held.unswept);
    Some(json!({
        "name": vault.plan.name().to_string(),
        "network": network.to_string(),
        "asset": "BTC",
        "unswept": unswept.map(|unswept| json!({
            "amount": unswept.total.to_btc(),
            "coins": unswept.coins,
            "since": Timestamp::from_millis(unswept.since.saturating_mul(1000)).ok().map(|t| t.to_string()),
        })),
        "confirmed": balance.map(|b| b.confirmed.to_btc()),
        "returning": balance.map(|b| b.returning.to_btc()),
        "incoming": balance.map(|b| b.incoming.to_btc()),
        "immature": balance.map(|b| b.immature.to_btc()),
        "height": height,
        "trouble": trouble,
    }))
}

fn waits(view: &View, paper: &mut Paper) {
    paper.gap();
    paper.line("Waiting");
    let mut any = false;
    for (id, record) in in_order(view, true) {
        any = true;
        paper.line(format!(
            "  {}  {}: {}",
            id.short(),
            record.proposal.subject.kind(),
            summary(view.treasury(), &record.proposal.subject)
        ));
        if let Some(what) = waiting(view, id, record) {
            paper.line(format!("    for {what}"));
        }
    }
    if !any {
        paper.line("  nothing waits for anybody");
    }
}

fn waiting_json(view: &View) -> Vec<Value> {
    in_order(view, true)
        .into_iter()
        .map(|(id, record)| {
            json!({
                "proposal": id.to_string(),
                "kind": record.proposal.subject.kind(),
                "summary": summary(view.treasury(), &record.proposal.subject),
                "for": waiting(view, id, record),
            })
        })
        .collect()
}

fn limits_table(limits: &[Standing], paper: &mut Paper) {
    if limits.is_empty() {
        return;
    }
    paper.gap();
    paper.line("Limits");
    let rows: Vec<Vec<String>> = limits
        .iter()
        .map(|standing| {
            vec![
                standing.limit.clone(),
                format!("{} of {}", standing.used, standing.allowed),
                format!("in {}", standing.window),
            ]
        })
        .collect();
    paper.table(&rows);
}
