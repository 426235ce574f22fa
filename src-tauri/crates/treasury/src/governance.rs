//! Proposals, approvals, declines and freezes.

use std::collections::BTreeMap;

use domain::act::{Declining, Freeze, Scope};
use domain::{Act, Approval, Entry, OfficerId, Proposal, ProposalId, Span, Subject};

use crate::batches::{carry_down, enter_items, items_of};
use crate::facts::has_ended;
use crate::illegal::IllegalEntry;
use crate::stage::PayoutStage;
use crate::state::{Decision, FreezeRecord, ProposalRecord, Treasury};
use crate::subject::{check_subject, check_takeover};

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
    check_subject(treasury, &proposal.subject).map_err(refuse)?;
    if let Subject::Machine(change) = &proposal.subject {
        check_takeover(entry, change).map_err(refuse)?;
        treasury.candidate = Some((change.machine.clone(), id));
    }
    let record = ProposalRecord {
        proposal: proposal.clone(),
        initiator: by,
        entry: entry.id(),
        proposed: time,
        sequence: entry.sequence(),
        approvals: BTreeMap::new(),
        approved_by: Vec::new(),
        decision: Decision::Open,
        earlier: Vec::new(),
        batch: None,
        items: Vec::new(),
    };
    treasury.proposals.insert(id, record);
    if let Some((bundle, payouts)) = items_of(treasury, &proposal.subject).map_err(refuse)? {
        enter_items(treasury, id, bundle, payouts);
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
    // One that has ended counts no longer, whenever it is asked, and gives way to a new one.
    record
        .approvals
        .retain(|_, known| known.officer() != by || known.expires() > body.time);
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
    let decision = record.decision.clone();
    carry_down(treasury, decline.proposal, &decision);
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
    let record = open_proposal(treasury, id)?.clone();
    if !has_ended(treasury, id, &record, time) {
        return Err(IllegalEntry::Proposal("its time has not passed".to_owned()));
    }
    let record = open_proposal(treasury, id)?;
    record.decision = Decision::Lapsed;
    record.approvals.clear();
    carry_down(treasury, id, &Decision::Lapsed);
    if candidate {
        treasury.candidate = None;
    }
    Ok(())
}

/// A proposal that is neither decided nor being signed.
pub(crate) fn open_proposal(
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
    if record.batch.is_some() {
        return Err(IllegalEntry::Proposal(
            "it is one payout of a batch, which is decided as a whole".to_owned(),
        ));
    }
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
            // A bump that is only planned has versions before it that are signed.
            PayoutStage::Planned(_) => record.earlier.is_empty(),
            PayoutStage::Signing(..)
            | PayoutStage::Aborted(..)
            | PayoutStage::Signed { .. }
            | PayoutStage::Confirmed { .. }
            | PayoutStage::Reverted { .. }
            | PayoutStage::Replaced { .. } => false,
        },
        Decision::Declined { .. } | Decision::Lapsed | Decision::Enacted(_) => false,
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
        Scope::Payout(batch) if treasury.items(batch).next().is_some() => {}
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
        sequence: entry.sequence(),
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
