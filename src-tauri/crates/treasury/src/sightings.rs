//! What the chain shows of a payout (rule 3): the same bytes out, final, undone, or made impossible.

use domain::act::{Confirmation, Sighting};
use domain::{Entry, EntryId, ProposalId};

use crate::illegal::IllegalEntry;
use crate::payouts::{by_plan, hold_if_frozen, known, set, stage_of, unknown};
use crate::stage::{Broadcasting, EarlierVersion, PayoutStage, PlanRecord};
use crate::state::{Decision, Treasury};

pub(crate) fn broadcast(treasury: &mut Treasury, sighting: &Sighting) -> Result<(), IllegalEntry> {
    let id = by_plan(treasury, sighting.plan)?;
    let (record, payout) = known(treasury, id)?;
    let PayoutStage::Signed {
        plan,
        transaction,
        broadcast,
    } = stage_of(record, id)?
    else {
        return Err(IllegalEntry::Sighting(
            "it is not signed, or final".to_owned(),
        ));
    };
    check_plan(plan, sighting.plan)?;
    check_txid(plan, &sighting.txid.0)?;
    if *broadcast == Broadcasting::NotYet {
        hold_if_frozen(treasury, payout, id, plan.cancels)?;
    }
    let (plan, transaction) = (plan.clone(), transaction.clone());
    set(
        treasury,
        id,
        PayoutStage::Signed {
            plan,
            transaction,
            broadcast: Broadcasting::Out,
        },
    )
}

pub(crate) fn confirmed(
    treasury: &mut Treasury,
    entry: &Entry,
    place: &Confirmation,
) -> Result<(), IllegalEntry> {
    let (id, plan, transaction) = finalise(treasury, place)?;
    let stage = PayoutStage::Confirmed {
        plan,
        transaction,
        place: place.clone(),
        entry: entry.id(),
        time: entry.body.body().time,
    };
    set(treasury, id, stage)
}

pub(crate) fn reverted(
    treasury: &mut Treasury,
    entry: &Entry,
    place: &Confirmation,
) -> Result<(), IllegalEntry> {
    let (id, plan, transaction) = finalise(treasury, place)?;
    if plan.nonce().is_none() {
        return Err(IllegalEntry::Sighting(
            "a transaction of Bitcoin can't revert".to_owned(),
        ));
    }
    let stage = PayoutStage::Reverted {
        plan,
        transaction,
        place: place.clone(),
        entry: entry.id(),
        time: entry.body.body().time,
    };
    set(treasury, id, stage)
}

/// The version that became final, whichever of those that were signed it is; the others are kept.
fn finalise(
    treasury: &mut Treasury,
    place: &Confirmation,
) -> Result<(ProposalId, PlanRecord, Vec<u8>), IllegalEntry> {
    let refuse = |why: &str| IllegalEntry::Sighting(why.to_owned());
    if place.block.0.len() != 32 {
        return Err(refuse("a block hash has 32 bytes"));
    }
    let id = by_plan(treasury, place.plan)?;
    let record = treasury
        .proposals
        .get_mut(&id)
        .ok_or_else(|| unknown("payout", id.short()))?;
    let Decision::Payout(stage) = &record.decision else {
        return Err(refuse("it is not signed, or final"));
    };
    let others = match stage.as_ref() {
        PayoutStage::Signed {
            plan, transaction, ..
        } if plan.entry == place.plan => {
            check_txid(plan, &place.txid.0)?;
            return Ok((id, plan.clone(), transaction.clone()));
        }
        PayoutStage::Signed {
            plan,
            transaction,
            broadcast,
        } => Some((plan, Some((transaction.clone(), *broadcast)))),
        PayoutStage::Aborted(plan, _) => Some((plan, None)),
        PayoutStage::Planned(_) => None,
        PayoutStage::Signing(plan, _) if plan.entry != place.plan => {
            return Err(refuse("a later version is being signed"));
        }
        PayoutStage::Signing(..) => return Err(refuse("it is not signed, or final")),
        PayoutStage::Confirmed { .. }
        | PayoutStage::Reverted { .. }
        | PayoutStage::Replaced { .. } => return Err(refuse("it is not signed, or final")),
    };
    let others = others.map(|(plan, signed)| EarlierVersion {
        plan: plan.clone(),
        signed,
    });
    let found = record
        .earlier
        .iter()
        .position(|one| one.plan.entry == place.plan && one.signed.is_some())
        .ok_or_else(|| refuse("it is not signed, or final"))?;
    if let Some(one) = record.earlier.get(found) {
        check_txid(&one.plan, &place.txid.0)?;
    }
    let version = record.earlier.remove(found);
    record.earlier.extend(others);
    let (transaction, _) = version
        .signed
        .ok_or_else(|| refuse("it is not signed, or final"))?;
    Ok((id, version.plan, transaction))
}

pub(crate) fn reorged(treasury: &mut Treasury, sighting: &Sighting) -> Result<(), IllegalEntry> {
    let id = by_plan(treasury, sighting.plan)?;
    let (record, _) = known(treasury, id)?;
    let (plan, transaction) = match stage_of(record, id)? {
        PayoutStage::Confirmed {
            plan, transaction, ..
        }
        | PayoutStage::Reverted {
            plan, transaction, ..
        }
        | PayoutStage::Signed {
            plan,
            transaction,
            broadcast: Broadcasting::Out | Broadcasting::Dropped,
        } => (plan.clone(), transaction.clone()),
        // What never left was in no block; claimed to have been, it would slip past a freeze.
        PayoutStage::Signed {
            broadcast: Broadcasting::NotYet,
            ..
        }
        | PayoutStage::Planned(_)
        | PayoutStage::Signing(..)
        | PayoutStage::Aborted(..)
        | PayoutStage::Replaced { .. } => {
            return Err(IllegalEntry::Sighting("it was in no block".to_owned()));
        }
    };
    check_plan(&plan, sighting.plan)?;
    check_txid(&plan, &sighting.txid.0)?;
    set(
        treasury,
        id,
        PayoutStage::Signed {
            plan,
            transaction,
            broadcast: Broadcasting::Out,
        },
    )
}

pub(crate) fn dropped(treasury: &mut Treasury, sighting: &Sighting) -> Result<(), IllegalEntry> {
    let id = by_plan(treasury, sighting.plan)?;
    let (record, _) = known(treasury, id)?;
    let PayoutStage::Signed {
        plan,
        transaction,
        broadcast: Broadcasting::Out,
    } = stage_of(record, id)?
    else {
        return Err(IllegalEntry::Sighting("it was not out".to_owned()));
    };
    check_plan(plan, sighting.plan)?;
    check_txid(plan, &sighting.txid.0)?;
    let (plan, transaction) = (plan.clone(), transaction.clone());
    set(
        treasury,
        id,
        PayoutStage::Signed {
            plan,
            transaction,
            broadcast: Broadcasting::Dropped,
        },
    )
}

pub(crate) fn replaced(
    treasury: &mut Treasury,
    plan: EntryId,
    txid: &[u8],
    by: &[u8],
) -> Result<(), IllegalEntry> {
    let id = by_plan(treasury, plan)?;
    let (record, _) = known(treasury, id)?;
    let stage = stage_of(record, id)?;
    let transaction = match stage {
        PayoutStage::Signing(..) | PayoutStage::Aborted(..) => None,
        PayoutStage::Signed { transaction, .. } => Some(transaction.clone()),
        PayoutStage::Confirmed { .. } | PayoutStage::Reverted { .. } => {
            return Err(IllegalEntry::Sighting(
                "it is confirmed: its block must leave the chain first".to_owned(),
            ));
        }
        // A version that is only planned leaves those before it as they are.
        PayoutStage::Planned(_) if !record.earlier.is_empty() => None,
        PayoutStage::Planned(_) | PayoutStage::Replaced { .. } => {
            return Err(IllegalEntry::Sighting(
                "nothing of it can be on the chain".to_owned(),
            ));
        }
    };
    let present = stage.plan().clone();
    check_plan(&present, plan)?;
    check_txid(&present, txid)?;
    let version = |bytes: [u8; 32]| bytes.as_slice() == by;
    let ours = record
        .versions()
        .any(|one| version(one.transaction.bytes()));
    if by.len() != 32 || by == txid || ours {
        return Err(IllegalEntry::Sighting(
            "it names no other transaction".to_owned(),
        ));
    }
    let plan = present;
    set(
        treasury,
        id,
        PayoutStage::Replaced {
            plan,
            transaction,
            by: by.to_vec(),
        },
    )
}

fn check_plan(plan: &PlanRecord, named: EntryId) -> Result<(), IllegalEntry> {
    if plan.entry == named {
        Ok(())
    } else {
        Err(IllegalEntry::Sighting(
            "it is about an earlier version".to_owned(),
        ))
    }
}

fn check_txid(plan: &PlanRecord, txid: &[u8]) -> Result<(), IllegalEntry> {
    if plan.transaction.bytes() == txid {
        Ok(())
    } else {
        Err(IllegalEntry::Sighting(
            "it is another transaction".to_owned(),
        ))
    }
}
