//! Whether what is proposed can be, as the treasury stands: looked at when it is proposed and again
//! when it comes into force.

use domain::proposal::{OfficerChange, PayeeChange, Thaw};
use domain::roster::MachineChange;
use domain::{Entry, NetworkClass, Payout, Subject, VaultPlan};
use policy::Policy;

use crate::state::Treasury;
use crate::{grade, roster, vaults};

pub(crate) fn check_subject(treasury: &Treasury, subject: &Subject) -> Result<(), String> {
    match subject {
        Subject::Payout(payout) => check_payout(treasury, payout),
        Subject::Policy(change) => Policy::parse(&change.text)
            .map(|_| ())
            .map_err(|e| e.to_string()),
        Subject::Officer(change) => check_officer(treasury, change),
        Subject::Payee(change) => check_payee(treasury, change),
        Subject::Thaw(thaw) => check_thaw(treasury, thaw),
        Subject::Vault(plan) => check_vault(treasury, plan),
        Subject::Machine(change) => check_machine(treasury, change),
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

fn check_payout(treasury: &Treasury, payout: &Payout) -> Result<(), String> {
    let vault = treasury
        .vaults
        .get(&payout.vault())
        .ok_or("there is no such vault")?;
    if vault.key().is_none() {
        return Err(format!("vault {} has no key yet", vault.plan.name()));
    }
    let network = vault.plan.network();
    for leg in payout.legs() {
        if leg.address.network() != network {
            return Err(format!("{} is not on {network}", leg.address));
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
