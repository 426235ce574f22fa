//! What governance decided comes into force.

use domain::proposal::{OfficerChange, PayeeChange};
use domain::roster::MachineChange;
use domain::{Entry, OfficerId, ProposalId, Subject, Timestamp, VaultId};
use policy::Policy;

use crate::batches::carry_down;
use crate::facts::check_authorised;
use crate::governance::{is_open, open_proposal};
use crate::illegal::IllegalEntry;
use crate::roster;
use crate::stage::PayoutStage;
use crate::state::{
    Adoption, Decision, PayeeRecord, ProposalRecord, Treasury, VaultRecord, VaultStage,
};
use crate::subject::check_subject;

pub(crate) fn enact(
    treasury: &mut Treasury,
    entry: &Entry,
    id: ProposalId,
) -> Result<(), IllegalEntry> {
    let time = entry.body.body().time;
    let record = open_proposal(treasury, id)?.clone();
    check_enactable(treasury, id, &record, time)?;
    put_into_force(treasury, entry, id, &record.proposal.subject)?;
    if let Some(record) = treasury.proposals.get_mut(&id) {
        record.decision = Decision::Enacted(entry.id());
    }
    treasury.enacted.insert(id, entry.id());
    Ok(())
}

/// Whether an open proposal could come into force at `now`, by entries' own times.
pub(crate) fn check_enactable(
    treasury: &Treasury,
    id: ProposalId,
    record: &ProposalRecord,
    now: Timestamp,
) -> Result<(), IllegalEntry> {
    let subject = &record.proposal.subject;
    if is_carried_out(subject) {
        return Err(IllegalEntry::Proposal(
            "a payout or cancel is planned and signed, not enacted".to_owned(),
        ));
    }
    if record.proposal.expires <= now {
        return Err(IllegalEntry::Proposal("its time has passed".to_owned()));
    }
    // The subject is checked again: the treasury may have changed since it was proposed. A machine
    // that takes over held everything since, so for it nothing can have changed.
    if !matches!(subject, Subject::Machine(_)) {
        check_subject(treasury, subject).map_err(IllegalEntry::Proposal)?;
    }
    check_authorised(treasury, id, record, now)
}

/// Whether it ends in a transaction rather than in a change of the treasury.
pub(crate) const fn is_carried_out(subject: &Subject) -> bool {
    match subject {
        Subject::Payout(_) | Subject::Batch(_) | Subject::Sweep(_) | Subject::Cancel(_) => true,
        Subject::Policy(_)
        | Subject::Officer(_)
        | Subject::Payee(_)
        | Subject::Thaw(_)
        | Subject::Vault(_)
        | Subject::Machine(_)
        | Subject::Asset(_) => false,
    }
}

fn put_into_force(
    treasury: &mut Treasury,
    entry: &Entry,
    id: ProposalId,
    subject: &Subject,
) -> Result<(), IllegalEntry> {
    match subject {
        Subject::Payout(_) | Subject::Batch(_) | Subject::Sweep(_) | Subject::Cancel(_) => {
            return Err(IllegalEntry::Proposal(
                "a payout or cancel is planned and signed, not enacted".to_owned(),
            ));
        }
        Subject::Asset(coin) => {
            treasury.assets.insert(*coin);
        }
        Subject::Policy(change) => adopt(treasury, entry, &change.text)?,
        Subject::Officer(OfficerChange::Add(officer)) => {
            let record = roster::active(officer);
            treasury.officers.insert(officer.id(), record);
        }
        Subject::Officer(OfficerChange::Suspend(officer)) => suspend(treasury, *officer),
        Subject::Payee(PayeeChange::Set { name, address }) => {
            let record = PayeeRecord {
                address: address.clone(),
                entry: entry.id(),
                since: entry.body.body().time,
            };
            treasury.payees.insert(name.clone(), record);
        }
        Subject::Payee(PayeeChange::Remove { name }) => {
            treasury.payees.remove(name);
        }
        Subject::Thaw(thaw) => thaw.freezes.iter().for_each(|freeze| {
            treasury.freezes.remove(freeze);
        }),
        Subject::Vault(plan) => {
            let vault = VaultRecord {
                plan: plan.clone(),
                stage: VaultStage::Ordered,
            };
            let id = VaultId::from_bytes(*id.as_bytes());
            treasury.vaults.insert(id, vault);
        }
        Subject::Machine(change) => take_over(treasury, change),
    }
    Ok(())
}

/// Approvals bind the adoption: those given under the old one count no longer, and what was planned
/// on them is released (rule 3).
fn adopt(treasury: &mut Treasury, entry: &Entry, text: &str) -> Result<(), IllegalEntry> {
    let policy = Policy::parse(text).map_err(|e| IllegalEntry::Proposal(e.to_string()))?;
    treasury.adoption = Adoption {
        entry: entry.id(),
        policy,
    };
    for record in treasury.proposals.values_mut().filter(|r| is_open(r)) {
        record.approvals.clear();
        record.decision = Decision::Open;
    }
    Ok(())
}

/// A suspended officer's approvals and releases count no longer, nor can a payout the officer asked
/// for begin to be signed; what was planned on them is released (rule 3).
fn suspend(treasury: &mut Treasury, officer: OfficerId) {
    if let Some(record) = treasury.officers.get_mut(&officer) {
        record.active = false;
    }
    let mut released = Vec::new();
    for (id, record) in &mut treasury.proposals {
        if is_open(record) {
            let before = record.approvals.len();
            record
                .approvals
                .retain(|_, approval| approval.officer() != officer);
            if record.approvals.len() != before || record.initiator == officer {
                record.decision = Decision::Open;
                released.push(*id);
            }
        }
        if let Decision::Payout(stage) = &mut record.decision {
            drop_releases(stage, officer);
        }
    }
    for id in released {
        carry_down(treasury, id, &Decision::Open);
    }
}

fn drop_releases(stage: &mut PayoutStage, officer: OfficerId) {
    match stage {
        PayoutStage::Planned(plan) | PayoutStage::Aborted(plan, _) => {
            plan.releases.retain(|_, (by, _)| *by != officer);
        }
        PayoutStage::Signing(_, run) => run.releases.retain(|_, (by, _)| *by != officer),
        PayoutStage::Signed { .. }
        | PayoutStage::Confirmed { .. }
        | PayoutStage::Reverted { .. }
        | PayoutStage::Replaced { .. } => {}
    }
}

fn take_over(treasury: &mut Treasury, change: &MachineChange) {
    if let Some(lost) = treasury.machines.get_mut(&change.replaces) {
        lost.replaced_by = Some(change.machine.id());
    }
    let standing = roster::standing(&change.machine);
    treasury.machines.insert(change.machine.id(), standing);
    treasury.candidate = None;
    decide_anew(treasury);
}

/// The lost machine may have signed what this journal only knows as approved or planned, since the
/// backup. Such a payout ends here: whoever wants it paid looks at the chain and proposes it anew.
/// Changes are approved anew. A payout whose signing this journal knows goes on, on its own anchor.
fn decide_anew(treasury: &mut Treasury) {
    for record in treasury.proposals.values_mut().filter(|r| is_open(r)) {
        record.approvals.clear();
        if is_carried_out(&record.proposal.subject) {
            record.decision = Decision::Lapsed;
        }
    }
}
