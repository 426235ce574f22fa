//! What the chain shows of a payout (rule 3): the same bytes out, final, undone, or made impossible.

use domain::act::{Confirmation, Sighting};
use domain::{Entry, EntryId};

use crate::illegal::IllegalEntry;
use crate::payouts::{by_plan, hold_if_frozen, known, set, stage_of};
use crate::state::{Broadcasting, PayoutStage, PlanRecord, Treasury};

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
    check_txid(plan, &sighting.txid.0)?;
    if *broadcast == Broadcasting::NotYet {
        hold_if_frozen(treasury, payout, id)?;
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
    let id = by_plan(treasury, place.plan)?;
    let (record, _) = known(treasury, id)?;
    let (plan, transaction) = match stage_of(record, id)? {
        PayoutStage::Signed {
            plan, transaction, ..
        } => (plan.clone(), transaction.clone()),
        PayoutStage::Planned(_)
        | PayoutStage::Signing(..)
        | PayoutStage::Aborted(..)
        | PayoutStage::Confirmed { .. }
        | PayoutStage::Replaced { .. } => {
            return Err(IllegalEntry::Sighting(
                "it is not signed, or final".to_owned(),
            ));
        }
    };
    check_txid(&plan, &place.txid.0)?;
    if place.block.0.len() != 32 {
        return Err(IllegalEntry::Sighting(
            "a block hash has 32 bytes".to_owned(),
        ));
    }
    let time = entry.body.body().time;
    set(
        treasury,
        id,
        PayoutStage::Confirmed {
            plan,
            transaction,
            place: place.clone(),
            entry: entry.id(),
            time,
        },
    )
}

pub(crate) fn reorged(treasury: &mut Treasury, sighting: &Sighting) -> Result<(), IllegalEntry> {
    let id = by_plan(treasury, sighting.plan)?;
    let (record, _) = known(treasury, id)?;
    let (plan, transaction) = match stage_of(record, id)? {
        PayoutStage::Confirmed {
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
        PayoutStage::Confirmed { .. } => {
            return Err(IllegalEntry::Sighting(
                "it is confirmed: its block must leave the chain first".to_owned(),
            ));
        }
        PayoutStage::Planned(_) | PayoutStage::Replaced { .. } => {
            return Err(IllegalEntry::Sighting(
                "nothing of it can be on the chain".to_owned(),
            ));
        }
    };
    let plan = stage.plan().clone();
    check_txid(&plan, txid)?;
    if by.len() != 32 || by == txid {
        return Err(IllegalEntry::Sighting(
            "it names no other transaction".to_owned(),
        ));
    }
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

fn check_txid(plan: &PlanRecord, txid: &[u8]) -> Result<(), IllegalEntry> {
    if plan.txid_bytes() == txid {
        Ok(())
    } else {
        Err(IllegalEntry::Sighting(
            "it is another transaction".to_owned(),
        ))
    }
}
