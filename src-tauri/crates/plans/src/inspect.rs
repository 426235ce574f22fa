//! A plan's bytes compared with the payout that was approved.

use bitcoin::{OutPoint, Transaction, TxOut};
use domain::act::{Planned, PlannedChange};
use domain::{Amount, Leg, Payout, Sats, VaultId};

use crate::decode::decode;
use crate::effects::{Change, Effects, VirtualSize};
use crate::limits;
use crate::mismatch::PlanMismatch;
use crate::vault::{Keychain, VaultKeys, VaultView};

/// A plan that passed, with what signing needs of it.
pub(crate) struct Inspected {
    pub effects: Effects,
    pub transaction: Transaction,
    pub keys: VaultKeys,
    /// What each input spends: value as the plan claims it, script as this seat derives it. BIP341
    /// commits to both, so a signature made over a wrong claim is void and moves nothing.
    pub prevouts: Vec<TxOut>,
}

/// What a transaction is for.
pub(crate) enum Purpose<'a> {
    /// It pays a payout's legs.
    Pay(&'a Payout),
    /// It spends the anchor of a payout and pays the vault itself.
    Cancel { vault: VaultId, fee_cap: Amount },
}

impl Purpose<'_> {
    const fn vault(&self) -> VaultId {
        match self {
            Purpose::Pay(payout) => payout.vault(),
            Purpose::Cancel { vault, .. } => *vault,
        }
    }

    fn legs(&self) -> &[Leg] {
        match self {
            Purpose::Pay(payout) => payout.legs(),
            Purpose::Cancel { .. } => &[],
        }
    }

    fn fee_cap(&self) -> Result<Sats, PlanMismatch> {
        let cap = match self {
            Purpose::Pay(payout) => payout.fee_cap(),
            Purpose::Cancel { fee_cap, .. } => *fee_cap,
        };
        match cap {
            Amount::Btc(cap) => Ok(cap),
            Amount::Evm(..) => Err(PlanMismatch::NotBitcoin),
        }
    }
}

/// Decodes a plan's transaction and compares all its effects with the payout: each leg in order, then
/// at most one output that returns change to the vault itself, a fee within the cap, and nothing
/// else. `anchor` is the outpoint that every version of the payout must spend, once it is fixed.
pub fn inspect(
    planned: &Planned,
    payout: &Payout,
    view: &VaultView,
    anchor: Option<OutPoint>,
) -> Result<Effects, PlanMismatch> {
    examine(planned, &Purpose::Pay(payout), view, anchor).map(|inspected| inspected.effects)
}

/// Decodes the transaction that cancels a payout of a vault: it spends the payout's anchor, its one
/// output returns everything to the vault itself, and it costs at most `fee_cap`.
pub fn inspect_cancel(
    planned: &Planned,
    vault: VaultId,
    fee_cap: Amount,
    view: &VaultView,
    anchor: OutPoint,
) -> Result<Effects, PlanMismatch> {
    let purpose = Purpose::Cancel { vault, fee_cap };
    examine(planned, &purpose, view, Some(anchor)).map(|inspected| inspected.effects)
}

pub(crate) fn examine(
    planned: &Planned,
    purpose: &Purpose<'_>,
    view: &VaultView,
    anchor: Option<OutPoint>,
) -> Result<Inspected, PlanMismatch> {
    check_vault(purpose, view)?;
    let keys = view.keys()?;
    let transaction = decode(&planned.transaction.0)?;
    let spends: Vec<OutPoint> = transaction
        .input
        .iter()
        .map(|input| input.previous_output)
        .collect();
    if let Some(anchor) = anchor.filter(|anchor| !spends.contains(anchor)) {
        return Err(PlanMismatch::MissingAnchor(anchor));
    }
    let prevouts = describe_inputs(planned, &transaction, &keys)?;
    let legs = purpose.legs();
    check_legs(legs, &transaction.output)?;
    let change = check_change(planned, legs.len(), &transaction.output, &keys)?;
    if change.is_none() && legs.is_empty() {
        return Err(PlanMismatch::ChangeMissing);
    }
    let inputs = total(&prevouts)?;
    let fee = check_fee(inputs, total(&transaction.output)?, purpose.fee_cap()?)?;
    let size = check_weight(&transaction, fee)?;
    let effects = Effects {
        legs: legs.to_vec(),
        change,
        fee,
        inputs,
        txid: transaction.compute_txid(),
        spends,
        size,
    };
    Ok(Inspected {
        effects,
        transaction,
        keys,
        prevouts,
    })
}

fn check_vault(purpose: &Purpose<'_>, view: &VaultView) -> Result<(), PlanMismatch> {
    if purpose.vault() != view.vault {
        return Err(PlanMismatch::OtherVault {
            payout: purpose.vault(),
            vault: view.vault,
        });
    }
    if view.network.to_bitcoin().is_none() {
        return Err(PlanMismatch::NotBitcoin);
    }
    let foreign = |(_, leg): &(usize, &Leg)| leg.address.network() != view.network;
    match (1..).zip(purpose.legs()).find(foreign) {
        None => Ok(()),
        Some((number, leg)) => Err(PlanMismatch::OtherNetwork {
            leg: number,
            found: leg.address.network(),
            expected: view.network,
        }),
    }
}

fn describe_inputs(
    planned: &Planned,
    transaction: &Transaction,
    keys: &VaultKeys,
) -> Result<Vec<TxOut>, PlanMismatch> {
    if planned.inputs.len() != transaction.input.len() {
        return Err(PlanMismatch::InputCount {
            described: planned.inputs.len(),
            actual: transaction.input.len(),
        });
    }
    let describe = |(number, input): (usize, &domain::act::PlannedInput)| {
        if input.value == Sats::ZERO {
            return Err(PlanMismatch::WorthlessInput(number));
        }
        Ok(TxOut {
            value: bitcoin::Amount::from_sat(input.value.get()),
            script_pubkey: keys.script_at(input.path)?,
        })
    };
    (1..).zip(&planned.inputs).map(describe).collect()
}

fn check_legs(legs: &[Leg], outputs: &[TxOut]) -> Result<(), PlanMismatch> {
    if outputs.len() < legs.len() {
        return Err(PlanMismatch::MissingLegs {
            legs: legs.len(),
            outputs: outputs.len(),
        });
    }
    for (number, (leg, output)) in (1..).zip(legs.iter().zip(outputs)) {
        let address = leg.address.btc().ok_or(PlanMismatch::NotBitcoin)?;
        if output.script_pubkey.as_script() != address.script_pubkey() {
            return Err(PlanMismatch::OtherPayee {
                leg: number,
                expected: leg.address.clone(),
            });
        }
        let Amount::Btc(expected) = leg.amount else {
            return Err(PlanMismatch::NotBitcoin);
        };
        if output.value.to_sat() != expected.get() {
            return Err(PlanMismatch::OtherAmount {
                leg: number,
                expected,
                found: output.value.to_sat(),
            });
        }
    }
    Ok(())
}

/// What follows the legs: nothing, or one output that pays the vault itself at the claimed path.
fn check_change(
    planned: &Planned,
    legs: usize,
    outputs: &[TxOut],
    keys: &VaultKeys,
) -> Result<Option<Change>, PlanMismatch> {
    let mut rest = (1..).zip(outputs).skip(legs);
    let candidate = match planned.change {
        None => None,
        Some(claim) => {
            check_place(claim, legs)?;
            let (_, output) = rest.next().ok_or(PlanMismatch::ChangeMissing)?;
            Some((claim, output))
        }
    };
    if let Some((number, output)) = rest.next() {
        return Err(PlanMismatch::UnclaimedOutput {
            output: number,
            amount: output.value.to_sat(),
        });
    }
    candidate
        .map(|(claim, output)| own_change(claim, output, keys))
        .transpose()
}

fn check_place(claim: PlannedChange, legs: usize) -> Result<(), PlanMismatch> {
    if usize::try_from(claim.output) != Ok(legs) {
        return Err(PlanMismatch::ChangePlace {
            claimed: u64::from(claim.output).saturating_add(1),
            expected: legs.saturating_add(1),
        });
    }
    match Keychain::of(claim.path) {
        Some(Keychain::Change) => Ok(()),
        Some(Keychain::Receive) | None => Err(PlanMismatch::ChangeKeychain(claim.path)),
    }
}

fn own_change(
    claim: PlannedChange,
    output: &TxOut,
    keys: &VaultKeys,
) -> Result<Change, PlanMismatch> {
    let path = claim.path;
    let address = keys.address_at(path)?;
    let amount = output.value.to_sat();
    if address.script_pubkey() != output.script_pubkey.as_script() {
        return Err(PlanMismatch::ForeignChange { path, amount });
    }
    let dust = limits::CHANGE_DUST;
    if amount < dust.get() {
        return Err(PlanMismatch::DustChange { amount, dust });
    }
    let amount = Sats::new(amount).map_err(|_| PlanMismatch::Sum)?;
    Ok(Change {
        path,
        address,
        amount,
    })
}

fn total(outputs: &[TxOut]) -> Result<Sats, PlanMismatch> {
    outputs.iter().try_fold(Sats::ZERO, |sum, output| {
        Sats::new(output.value.to_sat())
            .and_then(|value| sum.plus(value))
            .map_err(|_| PlanMismatch::Sum)
    })
}

fn check_fee(inputs: Sats, outputs: Sats, cap: Sats) -> Result<Sats, PlanMismatch> {
    let fee = inputs
        .minus(outputs)
        .ok()
        .filter(|fee| *fee > Sats::ZERO)
        .ok_or(PlanMismatch::NoFee { inputs, outputs })?;
    if fee > cap {
        return Err(PlanMismatch::FeeOverCap { fee, cap });
    }
    Ok(fee)
}

fn check_weight(transaction: &Transaction, fee: Sats) -> Result<VirtualSize, PlanMismatch> {
    let witnesses = limits::WITNESS_WEIGHT.saturating_mul(transaction.input.len() as u64);
    let weight = transaction
        .weight()
        .to_wu()
        .saturating_add(limits::SEGWIT_WEIGHT)
        .saturating_add(witnesses);
    if weight > limits::MAX_WEIGHT {
        return Err(PlanMismatch::Weight(weight));
    }
    let size = VirtualSize(weight.div_ceil(4));
    let dearest = limits::MAX_FEE_RATE
        .fee_for(size.0)
        .map_err(|_| PlanMismatch::Sum)?;
    if fee > dearest {
        let rate = fee.get().saturating_mul(1000).div_ceil(size.0.max(1));
        return Err(PlanMismatch::FeeRate {
            rate: domain::FeeRate::from_sat_per_kvb(rate),
        });
    }
    Ok(size)
}
