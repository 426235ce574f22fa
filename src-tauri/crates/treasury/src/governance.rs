//! Proposals, approvals, declines, freezes, and what governance puts into force.

use std::collections::BTreeMap;

use domain::act::{Declining, Freeze, Scope};
use domain::proposal::{OfficerChange, PayeeChange};
use domain::roster::MachineChange;
use domain::{
    Act, Approval, Entry, NetworkClass, OfficerId, Proposal, ProposalId, Span, Subject, VaultId,
    VaultPlan,
};
use policy::Policy;

use crate::facts::check_authorised;
use crate::illegal::IllegalEntry;
use crate::state::{
    Adoption, Decision, FreezeRecord, PayeeRecord, PayoutStage, ProposalRecord, Treasury,
    VaultRecord, VaultStage,
};
use crate::{grade, roster, vaults};

/// Nothing waits for a decision longer than this.
const LONGEST_PROPOSAL: Span = Span::from_secs(90 * 86_400);

pub(crate) fn propose(
    treasury: &mut Treasury,
    entry: &Entry,
    proposal: &Proposal,
    by: OfficerId,
) -> Result<(), IllegalEntry> {
    let time = entry.body.body().time;
    let refuse = |why: String| IllegalEntry::Proposal(why);
    if proposal.nonce.0.len() != 16 {
        return Err(refuse("its nonce has 16 bytes".to_owned()));
    }
    if proposal.expires <= time || proposal.expires > time.plus(LONGEST_PROPOSAL) {
        return Err(refuse(format!(
            "it expires in the future and within {LONGEST_PROPOSAL}"
        )));
    }
    let id = proposal.id(treasury.id, by, time);
    if treasury.proposals.contains_key(&id) {
        return Err(IllegalEntry::Repeated);
    }
    check_subject(treasury, entry, &proposal.subject).map_err(refuse)?;
    if let Subject::Machine(change) = &proposal.subject {
        treasury.candidate = Some((change.machine.clone(), id));
    }
    let record = ProposalRecord {
        proposal: proposal.clone(),
        initiator: by,
        entry: entry.id(),
        proposed: time,
        approvals: BTreeMap::new(),
        approved_by: Vec::new(),
        decision: Decision::Open,
    };
    treasury.proposals.insert(id, record);
    Ok(())
}

fn check_subject(treasury: &Treasury, entry: &Entry, subject: &Subject) -> Result<(), String> {
    match subject {
        Subject::Payout(payout) => {
            let vault = treasury
                .vaults
                .get(&payout.vault())
                .ok_or("there is no such vault")?;
            if vault.key().is_none() {
                return Err(format!("vault {} has no key yet", vault.plan.name()));
            }
            payout.legs().iter().try_for_each(|leg| {
                if leg.address.network() != vault.plan.network() {
                    return Err(format!(
                        "{} is not on {}",
                        leg.address,
                        vault.plan.network()
                    ));
                }
                match &leg.payee {
                    Some(name)
                        if treasury
                            .payees
                            .get(name)
                            .is_none_or(|p| p.address != leg.address) =>
                    {
                        Err(format!(
                            "the address book does not have {name} at {}",
                            leg.address
                        ))
                    }
                    Some(_) | None => Ok(()),
                }
            })
        }
        Subject::Policy(change) => Policy::parse(&change.text)
            .map(|_| ())
            .map_err(|e| e.to_string()),
        Subject::Officer(OfficerChange::Add(officer)) => {
            if !officer.proves_possession(treasury.id) {
                return Err(format!(
                    "{} did not prove possession of the key",
                    officer.name
                ));
            }
            roster::check_new_officer(
                officer,
                treasury.officers.values().map(|record| &record.officer),
            )
        }
        Subject::Officer(OfficerChange::Suspend(id)) => treasury
            .active_officer(*id)
            .map(|_| ())
            .ok_or_else(|| "there is no such active officer".to_owned()),
        Subject::Payee(PayeeChange::Set { name, address }) => {
            if !treasury.founding.networks.contains(&address.network()) {
                return Err(format!(
                    "{name}: {address} is on no network of this treasury"
                ));
            }
            match treasury
                .payees
                .iter()
                .find(|(other, p)| *other != name && p.address == *address)
            {
                Some((other, _)) => Err(format!(
                    "{address} is in the address book already, as {other}"
                )),
                None => Ok(()),
            }
        }
        Subject::Payee(PayeeChange::Remove { name }) => treasury
            .payees
            .get(name)
            .map(|_| ())
            .ok_or_else(|| format!("there is no payee {name}")),
        Subject::Thaw(thaw) => {
            if thaw.freezes.is_empty() {
                return Err("a thaw names the freezes it lifts".to_owned());
            }
            match thaw
                .freezes
                .iter()
                .find(|id| !treasury.freezes.contains_key(id))
            {
                Some(id) => Err(format!("freeze {} is not in force", id.short())),
                None => Ok(()),
            }
        }
        Subject::Vault(plan) => check_vault(treasury, plan),
        Subject::Machine(change) => check_machine(treasury, entry, change),
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

fn check_machine(treasury: &Treasury, entry: &Entry, change: &MachineChange) -> Result<(), String> {
    if treasury.candidate.is_some() {
        return Err("another machine already waits to take over".to_owned());
    }
    if treasury.active_machine(change.replaces).is_none() {
        return Err("the machine to be replaced is not on the roster".to_owned());
    }
    if treasury.machines.contains_key(&change.machine.id()) {
        return Err("the machine that takes over is on the roster already".to_owned());
    }
    if change.machine.administrators.is_empty() {
        return Err("at least one administrator of the machine is recorded".to_owned());
    }
    if Some(change.head) != entry.link.link().previous {
        return Err("it names another end of the restored journal".to_owned());
    }
    if entry.link.machine() != Some(change.machine.id()) {
        return Err("it is not linked by the machine that takes over".to_owned());
    }
    Ok(())
}

pub(crate) fn approve(
    treasury: &mut Treasury,
    entry: &Entry,
    by: OfficerId,
) -> Result<(), IllegalEntry> {
    let body = entry.body.body();
    let officer = treasury
        .active_officer(by)
        .ok_or(IllegalEntry::UnknownOfficer(by))?;
    let approval = Approval::verify(&entry.body, officer, body.time)
        .map_err(|e| IllegalEntry::Approval(e.to_string()))?;
    let refuse = |why: &str| IllegalEntry::Approval(why.to_owned());
    if approval.adoption() != treasury.adoption.entry
        || approval.policy() != treasury.adoption.policy.hash()
    {
        return Err(refuse(
            "it was given under another policy than the one in force",
        ));
    }
    let record = open_proposal(treasury, approval.proposal())?;
    if approval.expires() <= body.time || record.proposal.expires <= body.time {
        return Err(refuse("its time, or the proposal's, has passed"));
    }
    if record.approvals.values().any(|known| known.officer() == by) {
        return Err(refuse("this officer's approval is there already"));
    }
    record.approvals.insert(entry.id(), approval);
    record.approved_by.push(by);
    Ok(())
}

pub(crate) fn decline(
    treasury: &mut Treasury,
    decline: &Declining,
    by: OfficerId,
) -> Result<(), IllegalEntry> {
    let candidate = treasury
        .candidate
        .as_ref()
        .is_some_and(|(_, pending)| *pending == decline.proposal);
    let record = open_proposal(treasury, decline.proposal)?;
    record.decision = Decision::Declined {
        by,
        reason: decline.reason.to_string(),
    };
    record.approvals.clear();
    if candidate {
        treasury.candidate = None;
    }
    Ok(())
}

pub(crate) fn lapse(
    treasury: &mut Treasury,
    entry: &Entry,
    id: ProposalId,
) -> Result<(), IllegalEntry> {
    let time = entry.body.body().time;
    let candidate = treasury
        .candidate
        .as_ref()
        .is_some_and(|(_, pending)| *pending == id);
    let record = open_proposal(treasury, id)?;
    if record.proposal.expires > time {
        return Err(IllegalEntry::Proposal("its time has not passed".to_owned()));
    }
    record.decision = Decision::Lapsed;
    record.approvals.clear();
    if candidate {
        treasury.candidate = None;
    }
    Ok(())
}

/// A proposal that is neither decided nor being signed.
fn open_proposal(
    treasury: &mut Treasury,
    id: ProposalId,
) -> Result<&mut ProposalRecord, IllegalEntry> {
    let record = treasury
        .proposals
        .get_mut(&id)
        .ok_or_else(|| IllegalEntry::Unknown {
            what: "proposal",
            which: id.short(),
        })?;
    if is_open(record) {
        Ok(record)
    } else {
        Err(IllegalEntry::NotOpen(id))
    }
}

/// Not decided, and no version of it ever began to be signed.
pub(crate) fn is_open(record: &ProposalRecord) -> bool {
    match &record.decision {
        Decision::Open => true,
        Decision::Payout(stage) => match stage.as_ref() {
            PayoutStage::Planned(_) => true,
            PayoutStage::Signing(..)
            | PayoutStage::Aborted(..)
            | PayoutStage::Signed { .. }
            | PayoutStage::Confirmed { .. }
            | PayoutStage::Replaced { .. } => false,
        },
        Decision::Declined { .. } | Decision::Lapsed | Decision::Enacted(_) => false,
    }
}

pub(crate) fn enact(
    treasury: &mut Treasury,
    entry: &Entry,
    id: ProposalId,
) -> Result<(), IllegalEntry> {
    let time = entry.body.body().time;
    let record = open_proposal(treasury, id)?.clone();
    if record.proposal.expires <= time {
        return Err(IllegalEntry::Proposal("its time has passed".to_owned()));
    }
    // The subject is checked again: the treasury may have changed since it was proposed.
    if !matches!(record.proposal.subject, Subject::Machine(_)) {
        check_subject(treasury, entry, &record.proposal.subject).map_err(IllegalEntry::Proposal)?;
    }
    check_authorised(treasury, id, &record, time)?;
    put_into_force(treasury, entry, id, &record.proposal.subject)?;
    if let Some(record) = treasury.proposals.get_mut(&id) {
        record.decision = Decision::Enacted(entry.id());
    }
    treasury.enacted.insert(id, entry.id());
    Ok(())
}

fn put_into_force(
    treasury: &mut Treasury,
    entry: &Entry,
    id: ProposalId,
    subject: &Subject,
) -> Result<(), IllegalEntry> {
    match subject {
        Subject::Payout(_) => Err(IllegalEntry::Proposal(
            "a payout is planned and signed, not enacted".to_owned(),
        )),
        Subject::Policy(change) => {
            let policy =
                Policy::parse(&change.text).map_err(|e| IllegalEntry::Proposal(e.to_string()))?;
            treasury.adoption = Adoption {
                entry: entry.id(),
                policy,
            };
            // Approvals bind the adoption: those given under the old one count no longer.
            treasury
                .proposals
                .values_mut()
                .filter(|r| is_open(r))
                .for_each(|r| r.approvals.clear());
            Ok(())
        }
        Subject::Officer(OfficerChange::Add(officer)) => {
            treasury
                .officers
                .insert(officer.id(), roster::active(officer));
            Ok(())
        }
        Subject::Officer(OfficerChange::Suspend(officer)) => {
            if let Some(record) = treasury.officers.get_mut(officer) {
                record.active = false;
            }
            treasury
                .proposals
                .values_mut()
                .filter(|r| is_open(r))
                .for_each(|r| {
                    r.approvals
                        .retain(|_, approval| approval.officer() != *officer)
                });
            Ok(())
        }
        Subject::Payee(PayeeChange::Set { name, address }) => {
            let since = entry.body.body().time;
            let record = PayeeRecord {
                address: address.clone(),
                entry: entry.id(),
                since,
            };
            treasury.payees.insert(name.clone(), record);
            Ok(())
        }
        Subject::Payee(PayeeChange::Remove { name }) => {
            treasury.payees.remove(name);
            Ok(())
        }
        Subject::Thaw(thaw) => {
            thaw.freezes.iter().for_each(|freeze| {
                treasury.freezes.remove(freeze);
            });
            Ok(())
        }
        Subject::Vault(plan) => {
            let vault = VaultRecord {
                plan: plan.clone(),
                stage: VaultStage::Ordered,
            };
            treasury
                .vaults
                .insert(VaultId::from_bytes(*id.as_bytes()), vault);
            Ok(())
        }
        Subject::Machine(change) => {
            if let Some(lost) = treasury.machines.get_mut(&change.replaces) {
                lost.replaced_by = Some(change.machine.id());
            }
            treasury
                .machines
                .insert(change.machine.id(), roster::standing(&change.machine));
            treasury.candidate = None;
            Ok(())
        }
    }
}

pub(crate) fn freeze(
    treasury: &mut Treasury,
    entry: &Entry,
    freeze: &Freeze,
    officer: Option<OfficerId>,
) -> Result<(), IllegalEntry> {
    if !treasury.knows_link(freeze.head) {
        return Err(IllegalEntry::Unknown {
            what: "journal head",
            which: freeze.head.short(),
        });
    }
    match freeze.scope {
        Scope::Treasury => {}
        Scope::Vault(vault) if treasury.vaults.contains_key(&vault) => {}
        Scope::Payout(payout) if treasury.payout(payout).is_some() => {}
        Scope::Vault(vault) => {
            return Err(IllegalEntry::Unknown {
                what: "vault",
                which: vault.short(),
            });
        }
        Scope::Payout(payout) => {
            return Err(IllegalEntry::Unknown {
                what: "payout",
                which: payout.short(),
            });
        }
    }
    let record = FreezeRecord {
        scope: freeze.scope,
        officer,
        reason: freeze.reason.to_string(),
        time: entry.body.body().time,
    };
    if officer.is_none() {
        treasury.alarms.insert(record.reason.clone());
    }
    treasury.freezes.insert(entry.id(), record);
    Ok(())
}

/// The id of a proposal in an entry, for those who hold an entry in hand.
pub fn proposal_id(treasury: &Treasury, entry: &Entry) -> Option<ProposalId> {
    let body = entry.body.body();
    match (&body.act, body.author) {
        (Act::Proposed(proposal), domain::entry::Author::Officer(by)) => {
            Some(proposal.id(treasury.id, by, body.time))
        }
        _ => None,
    }
}
