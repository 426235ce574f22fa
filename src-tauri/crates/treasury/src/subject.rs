//! Whether what is proposed can be, as the treasury stands: looked at when it is proposed and again
//! when it comes into force.

use std::collections::BTreeSet;

use domain::act::ChildPath;
use domain::proposal::{Cancel, OfficerChange, PayeeChange, Thaw};
use domain::roster::MachineChange;
use domain::{
    Address, Asset, Batch, Coin, Entry, Network, NetworkClass, Payout, Subject, Sweep, VaultId,
    VaultPlan,
};
use policy::Policy;

use crate::batches::payouts_of;
use crate::state::{Treasury, VaultRecord};
use crate::{grade, roster, vaults};

pub(crate) fn check_subject(treasury: &Treasury, subject: &Subject) -> Result<(), String> {
    match subject {
        Subject::Payout(payout) => {
            let own = own_addresses(treasury, payout.vault());
            check_payout(treasury, payout, &own)
        }
        Subject::Policy(change) => {
            let policy = Policy::parse(&change.text).map_err(|e| e.to_string())?;
            let mut named = policy.assets();
            named.try_for_each(|coin| check_agrees(coin, treasury.assets.iter().copied()))
        }
        Subject::Officer(change) => check_officer(treasury, change),
        Subject::Payee(change) => check_payee(treasury, change),
        Subject::Thaw(thaw) => check_thaw(treasury, thaw),
        Subject::Vault(plan) => check_vault(treasury, plan),
        Subject::Machine(change) => check_machine(treasury, change),
        Subject::Asset(coin) => check_asset(treasury, *coin),
        Subject::Batch(batch) => check_batch(treasury, batch),
        Subject::Sweep(sweep) => check_sweep(treasury, sweep),
        Subject::Cancel(cancel) => check_cancel(treasury, cancel),
    }
}

/// A machine that takes over links its own proposal, at the end of the journal that it restored.
pub(crate) fn check_takeover(entry: &Entry, change: &MachineChange) -> Result<(), String> {
    if Some(change.head) != entry.link.link().previous {
        return Err("it names another end of the restored journal".to_owned());
    }
    if entry.link.machine() != Some(change.machine.id()) {
        return Err("it is not linked by the machine that takes over".to_owned());
    }
    Ok(())
}

fn check_batch(treasury: &Treasury, batch: &Batch) -> Result<(), String> {
    let own = own_addresses(treasury, batch.vault());
    for (number, payout) in (1..).zip(batch.payouts()) {
        check_payout(treasury, payout, &own)
            .map_err(|why| format!("payout {number} of the batch: {why}"))?;
    }
    Ok(())
}

/// Every transfer is to an address of the vault itself, since a sweep can name no other.
fn check_sweep(treasury: &Treasury, sweep: &Sweep) -> Result<(), String> {
    let payouts = payouts_of(treasury, sweep)?;
    let network = vault_of(treasury, sweep.vault())?.plan.network();
    for (number, payout) in (1..).zip(&payouts) {
        check_network(payout, network)
            .and_then(|()| check_coins(treasury, payout))
            .map_err(|why| format!("transfer {number} of the sweep: {why}"))?;
    }
    Ok(())
}

/// A vault that has a key.
fn vault_of(treasury: &Treasury, id: VaultId) -> Result<&VaultRecord, String> {
    let vault = treasury.vaults.get(&id).ok_or("there is no such vault")?;
    if vault.key().is_none() {
        return Err(format!("vault {} has no key yet", vault.plan.name()));
    }
    Ok(vault)
}

fn check_network(payout: &Payout, network: Network) -> Result<(), String> {
    let mut legs = payout.legs().iter();
    match legs.find(|leg| leg.address.network() != network) {
        Some(leg) => Err(format!("{} is not on {network}", leg.address)),
        None => Ok(()),
    }
}

fn check_payout(
    treasury: &Treasury,
    payout: &Payout,
    own: &BTreeSet<Address>,
) -> Result<(), String> {
    let network = vault_of(treasury, payout.vault())?.plan.network();
    check_coins(treasury, payout)?;
    check_network(payout, network)?;
    if payout.account() != 0 {
        return Err("a payout is paid by the vault's main account".to_owned());
    }
    for leg in payout.legs() {
        if own.contains(&leg.address) {
            return Err(format!(
                "{} is the vault's own address: the payout would only cost a fee",
                leg.address
            ));
        }
        let Some(name) = &leg.payee else { continue };
        let known = treasury.payees.get(name);
        if known.is_none_or(|payee| payee.address != leg.address) {
            return Err(format!(
                "the address book does not have {name} at {}",
                leg.address
            ));
        }
    }
    Ok(())
}

/// What is paid, and what fees are paid in, are known; a token's contract is nobody to be paid.
fn check_coins(treasury: &Treasury, payout: &Payout) -> Result<(), String> {
    let named = [payout.asset(), payout.fee_cap().asset()];
    for coin in named.into_iter().filter_map(Asset::coin) {
        if !treasury.assets.contains(&coin) {
            return Err(format!(
                "{} on chain {} is not known as written: it has to be entered first, by governance",
                coin.symbol(),
                coin.chain()
            ));
        }
    }
    let contracts = || treasury.assets.iter().filter_map(Coin::contract);
    for leg in payout.legs() {
        if contracts().any(|contract| leg.address == Address::Evm(contract)) {
            return Err(format!(
                "{} is a token's contract: what is sent there is lost",
                leg.address
            ));
        }
    }
    Ok(())
}

/// Addresses of the vault that are looked through; programs that propose look through more.
const LOOKED_THROUGH: u32 = 20;

fn own_addresses(treasury: &Treasury, vault: VaultId) -> BTreeSet<Address> {
    let view = treasury.vaults.get(&vault).and_then(|v| v.view(vault));
    let Some(keys) = view.and_then(|view| view.keys().ok()) else {
        return BTreeSet::new();
    };
    [ChildPath::RECEIVE, ChildPath::CHANGE]
        .into_iter()
        .flat_map(|keychain| (0..LOOKED_THROUGH).map(move |index| (keychain, index)))
        .filter_map(|(keychain, index)| ChildPath::new(keychain, index).ok())
        .filter_map(|path| keys.paid_at(path).ok())
        .collect()
}

fn check_asset(treasury: &Treasury, coin: Coin) -> Result<(), String> {
    let network = Network::Evm(coin.chain());
    if !treasury.founding.networks.contains(&network) {
        return Err(format!("this treasury has nothing on {network}"));
    }
    if treasury.assets.contains(&coin) {
        return Err(format!("{} is known already", coin.symbol()));
    }
    check_agrees(coin, treasury.assets.iter().copied())?;
    check_agrees(coin, treasury.adoption.policy.assets())
}

/// A symbol means one coin on a chain, a contract is one token, and a chain has one coin of its own.
fn check_agrees(coin: Coin, known: impl Iterator<Item = Coin>) -> Result<(), String> {
    let clashes = |other: &Coin| {
        *other != coin
            && other.chain() == coin.chain()
            && (other.symbol() == coin.symbol() || other.contract() == coin.contract())
    };
    match { known }.find(clashes) {
        None => Ok(()),
        Some(other) => Err(format!(
            "{} on chain {} contradicts what is known or what the policy says of {} (contract {}, {} decimal places)",
            coin.symbol(),
            coin.chain(),
            other.symbol(),
            other
                .contract()
                .map_or_else(|| "none".to_owned(), |contract| contract.to_string()),
            other.decimals()
        )),
    }
}

fn check_cancel(treasury: &Treasury, cancel: &Cancel) -> Result<(), String> {
    let (record, payout) = treasury
        .payout(cancel.payout)
        .ok_or("there is no such payout")?;
    if cancel.fee_cap.asset() != payout.fee_cap().asset() || cancel.fee_cap.is_zero() {
        return Err(format!(
            "what it may cost is said in {}",
            payout.fee_cap().asset()
        ));
    }
    match record.stage() {
        Some(stage) if record.is_open() || stage.is_final() => Err(
            "nothing of the payout waits for the chain: only what is signed or being signed can be cancelled"
                .to_owned(),
        ),
        Some(_) => Ok(()),
        None => Err("nothing of the payout is signed: decline it instead".to_owned()),
    }
}

fn check_officer(treasury: &Treasury, change: &OfficerChange) -> Result<(), String> {
    match change {
        OfficerChange::Add(officer) => {
            if !officer.proves_possession(treasury.id) {
                return Err(format!(
                    "{} did not prove possession of the key",
                    officer.name
                ));
            }
            let mut machines = treasury.machines.values().map(|m| m.machine.key);
            if machines.any(|key| roster::keys(officer).contains(&key)) {
                return Err(format!("{} has a key that is a machine's", officer.name));
            }
            let others = treasury.officers.values().map(|record| &record.officer);
            roster::check_new_officer(officer, others)
        }
        OfficerChange::Suspend(id) => treasury
            .active_officer(*id)
            .map(|_| ())
            .ok_or_else(|| "there is no such active officer".to_owned()),
    }
}

fn check_payee(treasury: &Treasury, change: &PayeeChange) -> Result<(), String> {
    match change {
        PayeeChange::Set { name, address } => {
            if !treasury.founding.networks.contains(&address.network()) {
                return Err(format!(
                    "{name}: {address} is on no network of this treasury"
                ));
            }
            let mut others = treasury.payees.iter().filter(|(other, _)| *other != name);
            match others.find(|(_, payee)| payee.address == *address) {
                Some((other, _)) => Err(format!(
                    "{address} is in the address book already, as {other}"
                )),
                None => Ok(()),
            }
        }
        PayeeChange::Remove { name } => treasury
            .payees
            .get(name)
            .map(|_| ())
            .ok_or_else(|| format!("there is no payee {name}")),
    }
}

fn check_thaw(treasury: &Treasury, thaw: &Thaw) -> Result<(), String> {
    if thaw.freezes.is_empty() {
        return Err("a thaw names the freezes it lifts".to_owned());
    }
    let mut named = thaw.freezes.iter();
    match named.find(|id| !treasury.freezes.contains_key(id)) {
        Some(id) => Err(format!("freeze {} is not in force", id.short())),
        None => Ok(()),
    }
}

fn check_vault(treasury: &Treasury, plan: &VaultPlan) -> Result<(), String> {
    if treasury.vault_named(plan.name()).is_some() {
        return Err(format!("there is a vault {} already", plan.name()));
    }
    if !treasury.founding.networks.contains(&plan.network()) {
        return Err(format!("this treasury has no vaults on {}", plan.network()));
    }
    vaults::check_seats(treasury, plan)?;
    let single = grade::of_plan(treasury, plan).is_single_host();
    if plan.network().class() == NetworkClass::Mainnet
        && single
        && treasury.founding.waiver.is_none()
    {
        return Err("on this layout one machine can open enough seats to sign alone; real money needs a waiver recorded at founding".to_owned());
    }
    Ok(())
}

fn check_machine(treasury: &Treasury, change: &MachineChange) -> Result<(), String> {
    if treasury.candidate.is_some() {
        return Err("another machine already waits to take over".to_owned());
    }
    if treasury.active_machine(change.replaces).is_none() {
        return Err("the machine to be replaced is not on the roster".to_owned());
    }
    if treasury.machines.contains_key(&change.machine.id()) {
        return Err("the machine that takes over is on the roster already".to_owned());
    }
    let mut officers = treasury.officers.values().map(|record| &record.officer);
    if officers.any(|officer| roster::keys(officer).contains(&change.machine.key)) {
        return Err("the machine that takes over has an officer's key".to_owned());
    }
    if change.machine.administrators.is_empty() {
        return Err("at least one administrator of the machine is recorded".to_owned());
    }
    Ok(())
}
