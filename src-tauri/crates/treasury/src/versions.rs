//! Versions of one payout: the first, bumps of it, and a cancel. All take the same anchor (rule 3).

use std::collections::BTreeSet;

use bitcoin::OutPoint;
use domain::{
    Amount, Entry, EvmAddress, Payout, Proposal, ProposalId, Subject, VaultId, proposal::Cancel,
};
use plans::{EvmPurpose, NonceAnchor, TxRef, VaultView};

use crate::governance::is_open;
use crate::illegal::IllegalEntry;
use crate::payouts::unknown;
use crate::stage::{Anchor, PayoutStage, PlanBody, PlanRecord, Reserved};
use crate::state::{ProposalRecord, Treasury};

/// What a version stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// No version ever began to be signed.
    First,
    /// The same legs at a higher fee.
    Bump,
    /// Nobody is paid, as this proposal says.
    Cancel(ProposalId),
}

impl Version {
    pub fn of(record: &ProposalRecord, cancels: Option<ProposalId>) -> Self {
        match cancels {
            Some(cancel) => Version::Cancel(cancel),
            None if is_open(record) => Version::First,
            None => Version::Bump,
        }
    }
}

/// The payout that a plan is a version of, and the proposal that cancels it, if it does.
pub(crate) fn target(
    treasury: &Treasury,
    proposal: ProposalId,
) -> Result<(ProposalId, Option<ProposalId>), IllegalEntry> {
    let record = treasury
        .proposals
        .get(&proposal)
        .ok_or_else(|| unknown("proposal", proposal.short()))?;
    match &record.proposal.subject {
        Subject::Cancel(cancel) => Ok((cancel.payout, Some(proposal))),
        Subject::Payout(_)
        | Subject::Policy(_)
        | Subject::Officer(_)
        | Subject::Payee(_)
        | Subject::Thaw(_)
        | Subject::Vault(_)
        | Subject::Machine(_)
        | Subject::Asset(_)
        | Subject::Batch(_)
        | Subject::Sweep(_) => Ok((proposal, None)),
    }
}

/// The number of the next version, unless there can be none.
pub(crate) fn next(
    record: &ProposalRecord,
    cancels: Option<ProposalId>,
) -> Result<u32, IllegalEntry> {
    let refuse = |why: &str| Err(IllegalEntry::Plan(why.to_owned()));
    let Some(stage) = record.stage() else {
        if cancels.is_some() || !is_open(record) {
            return refuse("there is no signed payout that it could replace");
        }
        return Ok(1);
    };
    if cancels.is_none() && record.begun().any(|version| version.cancels.is_some()) {
        return refuse("governance cancels this payout: nothing of it is paid anew");
    }
    match stage {
        PayoutStage::Planned(_) if cancels.is_some() && record.earlier.is_empty() => {
            refuse("nothing of the payout is signed: decline it instead")
        }
        PayoutStage::Planned(_) | PayoutStage::Aborted(..) | PayoutStage::Signed { .. } => {
            let highest = record.versions().map(PlanRecord::version).max();
            Ok(highest.unwrap_or_default().saturating_add(1))
        }
        PayoutStage::Signing(..) => refuse("the version before is being signed"),
        PayoutStage::Confirmed { .. }
        | PayoutStage::Reverted { .. }
        | PayoutStage::Replaced { .. } => refuse("the payout is at its end"),
    }
}

/// Decodes a plan and holds it against what was approved.
pub(crate) fn examine(
    treasury: &Treasury,
    record: &ProposalRecord,
    payout: &Payout,
    cancels: Option<ProposalId>,
    body: PlanBody,
    entry: &Entry,
) -> Result<PlanRecord, IllegalEntry> {
    let view = view(treasury, payout.vault())?;
    let anchor = record.anchor();
    let cancel = cancels.map(|id| cancel_of(treasury, id)).transpose()?;
    let bad = |why: &dyn std::fmt::Display| IllegalEntry::Plan(why.to_string());
    let (reserved, fee, transaction) = match &body {
        PlanBody::Bitcoin(planned) => {
            let anchor = match anchor {
                None => None,
                Some(Anchor::Outpoint(outpoint)) => Some(outpoint),
                Some(Anchor::Nonce(_)) => return Err(bad(&"the payout is on another chain")),
            };
            let effects = match (cancel, anchor) {
                (None, anchor) => plans::inspect(planned, payout, &view, anchor),
                (Some(cancel), Some(anchor)) => {
                    plans::inspect_cancel(planned, view.vault, cancel.fee_cap, &view, anchor)
                }
                (Some(_), None) => return Err(bad(&"there is nothing to cancel")),
            }
            .map_err(|e| bad(&e))?;
            (
                Reserved::Outpoints(effects.spends().to_vec()),
                Amount::Btc(effects.fee()),
                TxRef::Bitcoin(effects.txid()),
            )
        }
        PlanBody::Evm(planned) => {
            let anchor = match anchor {
                None => None,
                Some(Anchor::Nonce(nonce)) => Some(nonce),
                Some(Anchor::Outpoint(_)) => return Err(bad(&"the payout is on another chain")),
            };
            let effects = match (cancel, anchor) {
                (None, anchor) => plans::inspect_evm(planned, payout, &view, anchor),
                (Some(cancel), Some(anchor)) => {
                    plans::inspect_evm_cancel(planned, view.vault, cancel.fee_cap, &view, anchor)
                }
                (Some(_), None) => return Err(bad(&"there is nothing to cancel")),
            }
            .map_err(|e| bad(&e))?;
            let fee = match payout.fee_cap() {
                Amount::Evm(coin, _) => Amount::Evm(coin, effects.highest_fee()),
                Amount::Btc(_) => return Err(bad(&"the payout is on another chain")),
            };
            (
                Reserved::Nonce(effects.anchor(), effects.fees()),
                fee,
                TxRef::Evm(plans::unsigned_hash(planned)),
            )
        }
    };
    Ok(PlanRecord {
        entry: entry.id(),
        time: entry.body.body().time,
        body,
        reserved,
        fee,
        transaction,
        cancels,
        releases: Default::default(),
    })
}

/// What the plan takes is not held by another payout.
pub(crate) fn check_reserved(
    treasury: &Treasury,
    id: ProposalId,
    plan: &PlanRecord,
) -> Result<(), IllegalEntry> {
    match &plan.reserved {
        Reserved::Outpoints(spends) => {
            let reserved = treasury.reserved_outpoints(Some(id));
            match spends.iter().find(|outpoint| reserved.contains(outpoint)) {
                Some(taken) => Err(IllegalEntry::Plan(format!(
                    "{taken} is reserved for another payout"
                ))),
                None => Ok(()),
            }
        }
        Reserved::Nonce(anchor, _) => {
            check_nonce(treasury, id, *anchor).map_err(|why| IllegalEntry::Plan(why.to_string()))
        }
    }
}

/// Signing starts in the order of nonces: none is started below one that another payout has started.
pub(crate) fn check_turn(
    treasury: &Treasury,
    id: ProposalId,
    plan: &PlanRecord,
) -> Result<(), IllegalEntry> {
    match &plan.reserved {
        Reserved::Outpoints(_) => Ok(()),
        Reserved::Nonce(anchor, _) => {
            check_nonce(treasury, id, *anchor).map_err(|why| IllegalEntry::Signing(why.to_string()))
        }
    }
}

fn check_nonce(treasury: &Treasury, id: ProposalId, anchor: NonceAnchor) -> Result<(), String> {
    let record = treasury.proposals.get(&id);
    if record.and_then(ProposalRecord::anchor).is_some() {
        // Its own nonce, which every version takes.
        return Ok(());
    }
    match treasury.last_nonce(anchor.account) {
        Some(last) if anchor.nonce <= last => Err(format!(
            "nonce {} of {} is taken: signing for nonce {last} has started",
            anchor.nonce, anchor.account
        )),
        Some(_) | None => Ok(()),
    }
}

/// A further version pays more than every one that began to be signed, by as much as nodes ask: on an EVM
/// chain both fees by a tenth; on Bitcoin any more (BIP125 asks for its own size's worth on top, which
/// the node judges).
pub(crate) fn check_replaces(
    record: &ProposalRecord,
    plan: &PlanRecord,
) -> Result<(), IllegalEntry> {
    let too_little = |earlier: &PlanRecord| {
        IllegalEntry::Plan(format!(
            "its fee does not replace version {}: no node would take it in its place",
            earlier.version()
        ))
    };
    for earlier in record.begun() {
        let replaces = match (&plan.reserved, &earlier.reserved) {
            (Reserved::Nonce(_, fees), Reserved::Nonce(_, before)) => fees.replaces(before),
            (Reserved::Outpoints(_), Reserved::Outpoints(_)) => plan.fee > earlier.fee,
            (Reserved::Outpoints(_), Reserved::Nonce(..))
            | (Reserved::Nonce(..), Reserved::Outpoints(_)) => false,
        };
        if !replaces {
            return Err(too_little(earlier));
        }
    }
    Ok(())
}

pub(crate) fn verify_signed(
    treasury: &Treasury,
    payout: &Payout,
    plan: &PlanRecord,
    bytes: &[u8],
) -> Result<TxRef, IllegalEntry> {
    let view = view(treasury, payout.vault())?;
    let cancel = plan.cancels.map(|id| cancel_of(treasury, id)).transpose()?;
    let verified = match (&plan.body, &plan.reserved) {
        (PlanBody::Bitcoin(planned), _) => match cancel {
            None => plans::verify_signed(planned, payout, &view, bytes),
            Some(cancel) => plans::verify_signed_cancel(planned, cancel.fee_cap, &view, bytes),
        }
        .map(|()| plan.transaction),
        (PlanBody::Evm(planned), Reserved::Nonce(anchor, _)) => {
            let purpose = match cancel {
                None => EvmPurpose::Pay(payout),
                Some(cancel) => EvmPurpose::Cancel(cancel.fee_cap),
            };
            plans::verify_signed_evm(planned, &purpose, &view, *anchor, bytes)
        }
        (PlanBody::Evm(_), Reserved::Outpoints(_)) => {
            return Err(unknown("nonce of plan", plan.entry.short()));
        }
    };
    verified.map_err(|e| IllegalEntry::Signing(e.to_string()))
}

pub(crate) fn cancel_of(treasury: &Treasury, id: ProposalId) -> Result<Cancel, IllegalEntry> {
    match treasury.proposals.get(&id).map(|record| &record.proposal) {
        Some(Proposal {
            subject: Subject::Cancel(cancel),
            ..
        }) => Ok(*cancel),
        Some(_) | None => Err(unknown("cancel", id.short())),
    }
}

fn view(treasury: &Treasury, vault: VaultId) -> Result<VaultView, IllegalEntry> {
    treasury
        .vaults
        .get(&vault)
        .and_then(|record| record.view(vault))
        .ok_or_else(|| unknown("vault", vault.short()))
}

impl ProposalRecord {
    /// Every version of the payout that is remembered, the present one last.
    pub fn versions(&self) -> impl Iterator<Item = &PlanRecord> {
        let earlier = self.earlier.iter().map(|one| &one.plan);
        earlier.chain(self.stage().map(PayoutStage::plan))
    }

    /// Versions whose signing began: somebody may hold a signature of them.
    pub fn begun(&self) -> impl Iterator<Item = &PlanRecord> {
        let earlier = self.earlier.iter().map(|one| &one.plan);
        let present = self.stage().filter(|stage| stage.started());
        earlier.chain(present.map(PayoutStage::plan))
    }

    /// What every version takes: fixed by the first whose signing began.
    pub fn anchor(&self) -> Option<Anchor> {
        let first = self.begun().min_by_key(|plan| plan.version())?;
        first.anchor()
    }
}

impl PlanRecord {
    /// Its number, from 1.
    pub const fn version(&self) -> u32 {
        self.body.version()
    }

    /// The outpoints that it spends, in the transaction's order; none on an EVM chain.
    pub fn spends(&self) -> &[OutPoint] {
        match &self.reserved {
            Reserved::Outpoints(spends) => spends,
            Reserved::Nonce(..) => &[],
        }
    }

    /// What it takes that no other transaction can take as well.
    pub fn anchor(&self) -> Option<Anchor> {
        match &self.reserved {
            Reserved::Outpoints(spends) => spends.first().copied().map(Anchor::Outpoint),
            Reserved::Nonce(anchor, _) => Some(Anchor::Nonce(*anchor)),
        }
    }

    /// The nonce that it takes, on an EVM chain.
    pub const fn nonce(&self) -> Option<NonceAnchor> {
        match &self.reserved {
            Reserved::Outpoints(_) => None,
            Reserved::Nonce(anchor, _) => Some(*anchor),
        }
    }
}

impl Treasury {
    /// Accounts of a vault, by the index of their child key, that payouts were planned from.
    pub fn accounts_used(&self, vault: VaultId) -> BTreeSet<u32> {
        let payouts = self.proposals.values().filter_map(|record| {
            let payout = record.proposal.subject.payout()?;
            record.stage().map(|_| payout)
        });
        { payouts.filter(|payout| payout.vault() == vault) }
            .map(Payout::account)
            .collect()
    }

    /// The highest nonce of an account that a payout holds whose signing began.
    pub fn last_nonce(&self, account: EvmAddress) -> Option<u64> {
        self.proposals
            .values()
            .flat_map(ProposalRecord::begun)
            .filter_map(PlanRecord::nonce)
            .filter(|anchor| anchor.account == account)
            .map(|anchor| anchor.nonce)
            .max()
    }
}
