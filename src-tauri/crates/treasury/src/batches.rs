//! Batches and sweeps: many payouts, decided as one.
//!
//! The proposal of a batch collects the approvals. Each of its payouts has a record of its own, with a plan,
//! an anchor and a stage like any payout, and is judged by the batch. A sweep is the same, of payouts to
//! the vault's own addresses, which are derived here.

use std::collections::BTreeMap;

use domain::act::{BatchRelease, Release};
use domain::{
    Batch, Entry, OfficerId, Payout, PlansHash, Proposal, ProposalId, SeatId, Subject, Sweep,
    Timestamp,
};

use crate::governance::is_open;
use crate::illegal::IllegalEntry;
use crate::payouts::{LONGEST_RELEASE, hold_if_frozen, unknown};
use crate::stage::{PayoutStage, PlanRecord};
use crate::state::{BatchPlace, Bundle, Decision, ProposalRecord, Treasury};

/// The transfers of a sweep as payouts to the vault's own addresses.
pub(crate) fn payouts_of(treasury: &Treasury, sweep: &Sweep) -> Result<Vec<Payout>, String> {
    let vault = treasury.vaults.get(&sweep.vault());
    let vault = vault.ok_or("there is no such vault")?;
    let view = vault
        .view(sweep.vault())
        .ok_or_else(|| format!("vault {} has no key yet", vault.plan.name()))?;
    let moved = |transfer| {
        view.payout_of(sweep.vault(), transfer, sweep.memo().clone())
            .map_err(|e| e.to_string())
    };
    sweep.transfers().iter().map(moved).collect()
}

/// What each item of a batch or sweep pays, in order.
pub(crate) fn items_of(
    treasury: &Treasury,
    subject: &Subject,
) -> Result<Option<(Bundle, Vec<Payout>)>, String> {
    match subject {
        Subject::Batch(batch) => Ok(Some((Bundle::Batch, batch.payouts().to_vec()))),
        Subject::Sweep(sweep) => Ok(Some((Bundle::Sweep, payouts_of(treasury, sweep)?))),
        Subject::Payout(_)
        | Subject::Policy(_)
        | Subject::Officer(_)
        | Subject::Payee(_)
        | Subject::Thaw(_)
        | Subject::Vault(_)
        | Subject::Machine(_)
        | Subject::Asset(_)
        | Subject::Cancel(_) => Ok(None),
    }
}

/// Enters a record for each payout of a batch or sweep that was just proposed.
pub(crate) fn enter_items(
    treasury: &mut Treasury,
    id: ProposalId,
    bundle: Bundle,
    payouts: Vec<Payout>,
) {
    let Some(parent) = treasury.proposals.get(&id) else {
        return;
    };
    let (expires, nonce) = (parent.proposal.expires, parent.proposal.nonce.clone());
    let (initiator, entry) = (parent.initiator, parent.entry);
    let (proposed, sequence) = (parent.proposed, parent.sequence);
    let mut items = Vec::with_capacity(payouts.len());
    for (place, payout) in (0..).zip(payouts) {
        let item = Batch::item_id(id, place);
        let record = ProposalRecord {
            proposal: Proposal {
                subject: Subject::Payout(payout),
                expires,
                nonce: nonce.clone(),
            },
            initiator,
            entry,
            proposed,
            sequence,
            approvals: BTreeMap::new(),
            approved_by: Vec::new(),
            decision: Decision::Open,
            earlier: Vec::new(),
            batch: Some(BatchPlace {
                batch: id,
                place,
                bundle,
            }),
            items: Vec::new(),
        };
        treasury.proposals.insert(item, record);
        items.push(item);
    }
    if let Some(parent) = treasury.proposals.get_mut(&id) {
        parent.items = items;
    }
}

/// What decides a payout: itself, or the batch that it is one of.
pub(crate) fn judged_as<'a>(
    treasury: &'a Treasury,
    id: ProposalId,
    record: &'a ProposalRecord,
) -> (ProposalId, &'a ProposalRecord) {
    let batch = record.batch.map(|place| place.batch);
    match batch.and_then(|batch| Some((batch, treasury.proposals.get(&batch)?))) {
        Some(found) => found,
        None => (id, record),
    }
}

/// What became of a batch becomes of every payout of it that has not begun to be signed.
pub(crate) fn carry_down(treasury: &mut Treasury, id: ProposalId, decision: &Decision) {
    let items = treasury
        .proposals
        .get(&id)
        .map(|record| record.items.clone());
    for item in items.unwrap_or_default() {
        if let Some(record) = treasury
            .proposals
            .get_mut(&item)
            .filter(|item| is_open(item))
        {
            record.decision = decision.clone();
        }
    }
}

/// A batch whose last payout began to be signed is decided: from here each goes its own way.
pub(crate) fn close_when_all_begun(treasury: &mut Treasury, entry: &Entry, item: ProposalId) {
    let batch = treasury.proposals.get(&item).and_then(|item| item.batch);
    let Some(BatchPlace { batch, .. }) = batch else {
        return;
    };
    let waits = treasury.items(batch).any(|(_, item)| is_open(item));
    if let Some(record) = treasury.proposals.get_mut(&batch).filter(|_| !waits) {
        record.decision = Decision::Enacted(entry.id());
    }
}

/// An officer opens a seat for all plans of a batch that are not signed yet, in their order.
pub(crate) fn release(
    treasury: &mut Treasury,
    entry: &Entry,
    release: BatchRelease,
    by: OfficerId,
) -> Result<(), IllegalEntry> {
    let time = entry.body.body().time;
    let refuse = |why: &str| IllegalEntry::Release(why.to_owned());
    if release.expires <= time || release.expires > time.plus(LONGEST_RELEASE) {
        return Err(refuse("it ends within ten minutes"));
    }
    let vault = match treasury
        .proposals
        .get(&release.batch)
        .map(|r| &r.proposal.subject)
    {
        Some(Subject::Batch(batch)) => batch.vault(),
        Some(Subject::Sweep(sweep)) => sweep.vault(),
        Some(_) | None => return Err(unknown("batch", release.batch.short())),
    };
    let seat = treasury
        .vaults
        .get(&vault)
        .and_then(|vault| vault.plan.seat(release.seat))
        .ok_or_else(|| refuse("the vault has no such seat"))?;
    if !seat.kind.officers().contains(&by) {
        return Err(refuse("this officer's key does not open that seat"));
    }
    let waiting = treasury.plans_to_release(release.batch);
    if waiting.is_empty() {
        return Err(refuse("no payout of the batch waits for a signature"));
    }
    if PlansHash::of(waiting.iter().map(|(_, plan)| *plan)) != release.plans {
        return Err(refuse(
            "the batch's plans are others than the ones released",
        ));
    }
    for (item, plan) in &waiting {
        let (_, payout) = crate::payouts::known(treasury, *item)?;
        hold_if_frozen(treasury, payout, *item, None)?;
        let one = Release {
            plan: *plan,
            seat: release.seat,
            expires: release.expires,
        };
        if let Some(plan) = plan_mut(treasury, *item) {
            plan.releases.insert(entry.id(), (by, one));
        }
    }
    Ok(())
}

fn plan_mut(treasury: &mut Treasury, item: ProposalId) -> Option<&mut PlanRecord> {
    let Decision::Payout(stage) = &mut treasury.proposals.get_mut(&item)?.decision else {
        return None;
    };
    match stage.as_mut() {
        PayoutStage::Planned(plan) | PayoutStage::Aborted(plan, _) => Some(plan),
        PayoutStage::Signing(..)
        | PayoutStage::Signed { .. }
        | PayoutStage::Confirmed { .. }
        | PayoutStage::Reverted { .. }
        | PayoutStage::Replaced { .. } => None,
    }
}

impl Treasury {
    /// The payouts of a batch, in their order.
    pub fn items(&self, batch: ProposalId) -> impl Iterator<Item = (ProposalId, &ProposalRecord)> {
        let items = self
            .proposals
            .get(&batch)
            .map(|record| record.items.as_slice());
        items
            .unwrap_or_default()
            .iter()
            .filter_map(|item| Some((*item, self.proposals.get(item)?)))
    }

    /// Whether a transfer of a sweep waits until what its fee will cost has reached its account: the gas
    /// that a transfer of the same sweep brings, which is not final yet.
    pub fn waits_for_gas(&self, item: ProposalId) -> bool {
        let came = |stage: &PayoutStage| matches!(stage, PayoutStage::Confirmed { plan, .. } if plan.cancels.is_none());
        self.brings_gas(item)
            .is_some_and(|gas| !gas.stage().is_some_and(came))
    }

    /// The transfer that brings another one of its sweep the gas.
    fn brings_gas(&self, item: ProposalId) -> Option<&ProposalRecord> {
        let (record, payout) = self.payout(item)?;
        let parent = self.proposals.get(&record.batch?.batch)?;
        let Subject::Sweep(sweep) = &parent.proposal.subject else {
            return None;
        };
        let mut transfers = sweep.transfers().iter();
        let gas = transfers.position(|one| one.is_gas() && one.to == payout.account())?;
        self.proposals.get(parent.items.get(gas)?)
    }

    /// Whether a seat that signs one payout of a batch is open for a later one of it as well.
    pub fn is_released_further(&self, item: ProposalId, seat: SeatId, now: Timestamp) -> bool {
        let Some(place) = self.proposals.get(&item).and_then(|item| item.batch) else {
            return false;
        };
        let mut others = self.items(place.batch).filter(|(id, _)| *id != item);
        others.any(|(_, other)| match other.stage() {
            Some(PayoutStage::Planned(plan)) => !plan.live_releases(seat, now).is_empty(),
            Some(
                PayoutStage::Signing(..)
                | PayoutStage::Aborted(..)
                | PayoutStage::Signed { .. }
                | PayoutStage::Confirmed { .. }
                | PayoutStage::Reverted { .. }
                | PayoutStage::Replaced { .. },
            )
            | None => false,
        })
    }

    /// The plans of a batch that wait for a signature, in their order: what a release of it names.
    pub fn plans_to_release(&self, batch: ProposalId) -> Vec<(ProposalId, domain::EntryId)> {
        self.items(batch)
            .filter_map(|(item, record)| match record.stage()? {
                PayoutStage::Planned(plan) | PayoutStage::Aborted(plan, _) => {
                    Some((item, plan.entry))
                }
                PayoutStage::Signing(..)
                | PayoutStage::Signed { .. }
                | PayoutStage::Confirmed { .. }
                | PayoutStage::Reverted { .. }
                | PayoutStage::Replaced { .. } => None,
            })
            .collect()
    }
}
