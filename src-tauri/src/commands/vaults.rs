//! Vaults.

use btc::{Cancel, SyncProgress};
use domain::act::ChildPath;
use domain::{Address, Amount, Asset, Coin, Network, Subject, VaultId, VaultPlan};
use driver::{Driver, DriverError, EvmHoldings, YubiKeys};
use tauri::State;
use tauri::ipc::Channel;
use treasury::{VaultRecord, VaultStage};
use wording::payees;
use wording::proposal::sums;
use wording::subjects;
use wording::view::{View, network_words};

use crate::app::App;
use crate::balances;
use crate::convert::{self, count, money, name, time};
use crate::dto::{
    AccountHoldings, BalanceSeries, Holdings, Part, ReadProgress, Receive, StepProgress, Vault,
    VaultState,
};
use crate::engine::Engine;
use crate::pin::{AtWindow, held};
use crate::problem::{Answer, Problem, sentence};
use crate::seats::seat_states;

/// All vaults, and those that officers decide on.
#[tauri::command]
#[specta::specta]
pub async fn vaults(app: State<'_, App>) -> Answer<Vec<Vault>> {
    let view = app.engine()?.view();
    let treasury = view.treasury();
    let ready = treasury
        .vaults
        .iter()
        .map(|(id, vault)| known_vault(&view, *id, vault));
    let proposed = treasury
        .proposals
        .iter()
        .filter(|(_, record)| record.is_open())
        .filter_map(|(id, record)| match &record.proposal.subject {
            Subject::Vault(plan) => Some(Vault {
                state: VaultState::Proposed,
                proposal: Some(id.to_string()),
                ..plain(&view, id.to_string(), None, plan)
            }),
            _ => None,
        });
    Ok(ready.chain(proposed).collect())
}

fn known_vault(view: &View, id: VaultId, vault: &VaultRecord) -> Vault {
    Vault {
        state: match vault.stage {
            VaultStage::Ordered => VaultState::Ordered,
            VaultStage::Generating(_) => VaultState::MakingKeys,
            VaultStage::Ready { .. } => VaultState::Ready,
        },
        held: !view.treasury().freezes_over(id, None).is_empty(),
        account: main_account(id, vault).map(|account| account.to_string()),
        ..plain(view, id.to_string(), Some(id), &vault.plan)
    }
}

fn plain(view: &View, id: String, vault: Option<VaultId>, plan: &VaultPlan) -> Vault {
    let network = plan.network();
    Vault {
        id,
        name: plan.name().to_string(),
        network: network.to_string(),
        network_words: network_words(network),
        threshold: plan.threshold().into(),
        seats: seat_states(view, vault, plan),
        confirmations: plan.confirmations(),
        state: VaultState::Ordered,
        proposal: None,
        held: false,
        deposits: network.chain_id().is_some(),
        account: None,
        assets: payees::known(view.treasury(), network)
            .into_iter()
            .map(convert::asset)
            .collect(),
    }
}

/// The account that an EVM vault pays from, once it has its key.
fn main_account(id: VaultId, vault: &VaultRecord) -> Option<Address> {
    vault.plan.network().chain_id()?;
    let path = ChildPath::new(ChildPath::RECEIVE, 0).ok()?;
    vault.view(id)?.keys().ok()?.paid_at(path).ok()
}

fn find<'a>(view: &'a View, vault: &str) -> Answer<(domain::Name, VaultId, &'a VaultRecord)> {
    let name = name("vault", vault)?;
    let (id, record) = subjects::vault(view, &name).map_err(|error| Problem::draft(&error))?;
    Ok((name, id, record))
}

/// What a vault held when it was last read; nothing where it was not.
#[tauri::command]
#[specta::specta]
pub async fn holdings(app: State<'_, App>, vault: String) -> Answer<Option<Holdings>> {
    let engine = app.engine()?;
    let view = engine.view();
    let (_, id, _) = find(&view, &vault)?;
    Ok(engine.holdings(id))
}

/// Reads from the vault's node what it holds.
#[tauri::command]
#[specta::specta]
pub async fn read_holdings(
    app: State<'_, App>,
    vault: String,
    progress: Channel<ReadProgress>,
) -> Answer<Holdings> {
    let engine = app.engine()?;
    let cancel = Cancel::new();
    *held(&app.reading) = cancel.clone();
    let mut told = |now: SyncProgress| {
        let now = ReadProgress {
            done: now.height,
            of: now.target,
        };
        // The page that asked is gone.
        let _ = progress.send(now);
    };
    let view = engine.view();
    let (_, id, _) = find(&view, &vault)?;
    // Two readers of one wallet would get in each other's way: the loop stands still meanwhile.
    let driver = engine.loop_driver().await;
    read(&engine, &view, &driver, id, &mut told, &cancel).await
}

/// Reads what every vault holds, for the loop; what can't be read is told beside the vault.
pub async fn read_all(engine: &Engine) {
    let view = engine.view();
    let driver = engine.loop_driver().await;
    for (id, vault) in &view.treasury().vaults {
        if vault.key().is_some() {
            // The trouble stands in what is kept.
            let _ = read(engine, &view, &driver, *id, &mut |_| {}, &Cancel::new()).await;
        }
    }
}

/// What each vault held of each asset in the last days, as this machine saw it.
#[tauri::command]
#[specta::specta]
pub async fn balance_history(app: State<'_, App>, days: u32) -> Answer<Vec<BalanceSeries>> {
    let view = app.engine()?.view();
    Ok(balances::since(&view.home, view.now, days))
}

/// Stops the reading of a chain; what was read stays.
#[tauri::command]
#[specta::specta]
pub async fn stop_reading(app: State<'_, App>) -> Answer<()> {
    held(&app.reading).cancel();
    Ok(())
}

/// Reads what a vault holds, and keeps it.
pub async fn read(
    engine: &Engine,
    view: &View,
    driver: &Driver,
    id: VaultId,
    progress: &mut (dyn FnMut(SyncProgress) + Send),
    cancel: &Cancel,
) -> Answer<Holdings> {
    let Some(vault) = view.treasury().vaults.get(&id) else {
        return Err(Problem::input("vault", "there is no such vault"));
    };
    let mut holdings = match ask(driver, view, vault, progress, cancel).await {
        Ok(holdings) => holdings,
        Err(DriverError::Bitcoin(why) | DriverError::Evm(why)) => Holdings {
            trouble: Some(sentence(&why)),
            ..engine.holdings(id).unwrap_or_else(|| nothing(vault))
        },
        Err(other) => return Err(other.into()),
    };
    if holdings.trouble.is_none() {
        holdings.read = driver.now().ok().map(time);
    }
    engine.keep_holdings(id, holdings.clone());
    Ok(holdings)
}

fn nothing(vault: &VaultRecord) -> Holdings {
    Holdings {
        vault: vault.plan.name().to_string(),
        as_of: None,
        trouble: None,
        read: None,
        totals: Vec::new(),
        parts: Vec::new(),
        accounts: Vec::new(),
        unanswered: Vec::new(),
    }
}

async fn ask(
    driver: &Driver,
    view: &View,
    vault: &VaultRecord,
    progress: &mut (dyn FnMut(SyncProgress) + Send),
    cancel: &Cancel,
) -> Result<Holdings, DriverError> {
    if vault.key().is_none() {
        return Ok(Holdings {
            trouble: Some("It has no key yet, so it holds nothing".to_owned()),
            ..nothing(vault)
        });
    }
    let name = vault.plan.name();
    if vault.plan.network().chain_id().is_some() {
        let held = driver.evm_holdings(name).await?;
        return Ok(evm_holdings(view, vault, &held));
    }
    let held = driver.balance(name, progress, cancel).await?;
    let (balance, report) = (held.balance, held.report);
    let parts = [
        (balance.returning, "change on its way back"),
        (
            balance.incoming,
            "incoming, not in a block: it may never come",
        ),
        (balance.immature, "mined, not yet spendable"),
    ];
    Ok(Holdings {
        as_of: Some(report.tip.height),
        totals: vec![money(Amount::Btc(balance.confirmed))],
        parts: parts
            .into_iter()
            .filter(|(amount, _)| amount.get() > 0)
            .map(|(amount, what)| Part {
                what: what.to_owned(),
                amount: money(Amount::Btc(amount)),
            })
            .collect(),
        ..nothing(vault)
    })
}

fn evm_holdings(view: &View, vault: &VaultRecord, held: &EvmHoldings) -> Holdings {
    let all = held.accounts.iter().flat_map(|(_, _, amounts)| amounts);
    let totals = sums(all.copied())
        .into_iter()
        .filter_map(|(_, sum)| sum.map(money))
        .collect();
    let accounts = held
        .accounts
        .iter()
        .filter(|(index, _, amounts)| *index == 0 || amounts.iter().any(|amount| !amount.is_zero()))
        .map(|(index, address, amounts)| AccountHoldings {
            index: *index,
            address: address.to_string(),
            holds: amounts.iter().copied().map(money).collect(),
        })
        .collect();
    Holdings {
        as_of: Some(count(held.height)),
        totals,
        accounts,
        unanswered: unanswered(view, vault.plan.network(), held),
        ..nothing(vault)
    }
}

/// Coins of which not every account's holding is known: no zero, but no answer.
fn unanswered(view: &View, network: Network, held: &EvmHoldings) -> Vec<String> {
    let known = network
        .chain_id()
        .map(|chain| payees::coins(view.treasury(), chain));
    let answers = |coin: &Coin| {
        held.accounts.iter().all(|(_, _, amounts)| {
            amounts
                .iter()
                .any(|amount| amount.asset() == Asset::Evm(*coin))
        })
    };
    known
        .into_iter()
        .flatten()
        .filter(|coin| !answers(coin))
        .map(|coin| coin.symbol().to_string())
        .collect()
}

/// Where a vault is paid: on Bitcoin a fresh address each time; on an EVM chain the main account or a
/// deposit account.
#[tauri::command]
#[specta::specta]
pub async fn receive(app: State<'_, App>, vault: String, deposit: Option<u32>) -> Answer<Receive> {
    let engine = app.engine()?;
    let name = name("vault", &vault)?;
    let (path, address) = engine.own_driver()?.address(&name, deposit).await?;
    let uri = match &address {
        Address::Btc(_) => format!("bitcoin:{address}"),
        Address::Evm(evm) => format!("ethereum:{address}@{}", evm.chain()),
    };
    Ok(Receive {
        grouped: address.grouped(),
        uri,
        path: format!("m/{}/{}", path.keychain(), path.index()),
        network_words: network_words(address.network()),
        address: address.to_string(),
    })
}

/// Makes a vault's key: officers of every sealed seat prove, with PIN and touch, that it opens.
#[tauri::command]
#[specta::specta]
pub async fn make_keys(
    app: State<'_, App>,
    vault: String,
    progress: Channel<StepProgress>,
) -> Answer<()> {
    let engine = app.engine()?;
    let view = engine.view();
    let (name, _, record) = find(&view, &vault)?;
    let openings = count(
        record
            .plan
            .seats()
            .iter()
            .map(|seat| seat.kind.officers().len())
            .sum::<usize>(),
    );
    let visit = app.visit()?;
    let cards = app
        .cards(view.treasury().founding.class)?
        .cancellable(visit.cancel());
    let say = move |words: String, done: u32| {
        // The page that asked is gone; the ceremony goes on.
        let _ = progress.send(StepProgress {
            words,
            done,
            of: openings,
        });
    };
    say(
        "The seats make the key together, in shares; no share leaves its seat".to_owned(),
        0,
    );
    let prompt = AtWindow::counting(visit.clone(), openings, move |place, of, officer| {
        say(
            format!(
                "Opening {place} of {of}: {} proves that the share opens",
                officer.name
            ),
            place.saturating_sub(1),
        );
    });
    let mut desk = YubiKeys::new(cards, prompt);
    // The loop stands still: it would take the key generation for one that was cut off.
    let driver = engine.loop_driver().await;
    let made = driver.keygen(&name, &mut desk).await;
    drop(driver);
    drop(visit);
    engine.look().await;
    engine.wake();
    made.map(drop).map_err(Problem::from)
}
