//! The exact transaction of a payout, and the versions before it.

use bitcoin::consensus::encode::deserialize;
use bitcoin::{Address, Transaction};
use domain::act::{Planned, PlannedEvm};
use domain::{Amount, FeeRate, Payout, Sats};
use plans::{EvmFees, NonceAnchor};
use serde_json::{Value, json};
use treasury::{
    Broadcasting, PayoutStage, PlanBody, PlanRecord, ProposalRecord, Reserved, Treasury,
};

use crate::paper::{Fields, aligned};

/// Wei in a gwei, in which people say what gas costs.
const GWEI: u128 = 1_000_000_000;

/// The exact transaction: what it spends, what it pays, what it costs; and the versions before it.
pub fn plan_fields(
    treasury: &Treasury,
    record: &ProposalRecord,
    payout: &Payout,
    stage: &PayoutStage,
    into: &mut Fields,
) {
    let plan = stage.plan();
    match (&plan.body, &plan.reserved) {
        (PlanBody::Bitcoin(planned), _) => bitcoin_fields(treasury, payout, plan, planned, into),
        (PlanBody::Evm(planned), Reserved::Nonce(anchor, fees)) => {
            evm_fields(stage, planned, *anchor, *fees, into);
        }
        // The fold takes no such plan.
        (PlanBody::Evm(_), Reserved::Outpoints(_)) => {}
    }
    if plan.cancels.is_some() {
        into.add(
            "CANCELS",
            "this version pays nobody: it only takes the payout's place",
        );
    }
    if let PayoutStage::Reverted { place, .. } = stage {
        into.add(
            "REVERTED",
            format!(
                "in block {}: only the fee is gone; paying again is a new payout",
                place.height
            ),
        );
    }
    if !record.earlier.is_empty() {
        let lines: Vec<String> = versions(record).iter().map(Version::words).collect();
        into.add("Versions", lines.join("\n"));
    }
}

fn bitcoin_fields(
    treasury: &Treasury,
    payout: &Payout,
    plan: &PlanRecord,
    planned: &Planned,
    into: &mut Fields,
) {
    let Ok(transaction) = deserialize::<Transaction>(&planned.transaction.0) else {
        return;
    };
    into.add(
        "Transaction",
        format!("{} (version {})", plan.transaction, planned.version),
    );
    let values: Vec<Amount> = planned
        .inputs
        .iter()
        .map(|input| Amount::Btc(input.value))
        .collect();
    let spends: Vec<String> = plan
        .spends()
        .iter()
        .zip(aligned(&values))
        .map(|(outpoint, value)| format!("{value}  {outpoint}"))
        .collect();
    into.add("Spends", spends.join("\n"));
    into.add(
        "Outputs",
        outputs(treasury, payout, planned, &transaction).join("\n"),
    );
    let rate = match plan.fee {
        Amount::Btc(fee) => format!(" ({})", fee_rate(&transaction, fee)),
        Amount::Evm(..) => String::new(),
    };
    into.add("Network fee", format!("{}{rate}", plan.fee));
}

fn evm_fields(
    stage: &PayoutStage,
    planned: &PlannedEvm,
    anchor: NonceAnchor,
    fees: EvmFees,
    into: &mut Fields,
) {
    let plan = stage.plan();
    let hash = txid(stage).unwrap_or_else(|| "not signed yet".to_owned());
    into.add(
        "Transaction",
        format!("{hash} (version {})", planned.version),
    );
    let account = domain::Address::Evm(anchor.account);
    into.add("Paid by", format!("{account}\n{}", account.grouped()));
    into.add("Nonce", anchor.nonce);
    let gas = plans::decode_evm(&planned.transaction.0)
        .map(|decoded| {
            format!(
                " ({} gas at up to {})",
                decoded.gas_limit,
                gwei(fees.max_fee_per_gas)
            )
        })
        .unwrap_or_default();
    into.add("Network fee", format!("at most {}{gas}", plan.fee));
}

/// A price for gas as people say it.
fn gwei(wei: u128) -> String {
    let fraction = format!("{:09}", wei % GWEI);
    match fraction.trim_end_matches('0') {
        "" => format!("{} gwei", wei / GWEI),
        fraction => format!("{}.{fraction} gwei", wei / GWEI),
    }
}

/// The id or hash by which the chain knows the present version. A transaction of an EVM chain has none
/// until it is signed.
pub fn txid(stage: &PayoutStage) -> Option<String> {
    let plan = stage.plan();
    let signed = match stage {
        PayoutStage::Signed { .. }
        | PayoutStage::Confirmed { .. }
        | PayoutStage::Reverted { .. }
        | PayoutStage::Replaced {
            transaction: Some(_),
            ..
        } => true,
        PayoutStage::Planned(_)
        | PayoutStage::Signing(..)
        | PayoutStage::Aborted(..)
        | PayoutStage::Replaced {
            transaction: None, ..
        } => false,
    };
    (signed || plan.nonce().is_none()).then(|| plan.transaction.to_string())
}

/// One version of a payout, for people and programs.
struct Version {
    number: u32,
    fee: String,
    asset: String,
    at_most: bool,
    cancels: bool,
    present: bool,
    state: &'static str,
    txid: Option<String>,
}

impl Version {
    fn of(plan: &PlanRecord, present: bool, state: &'static str, txid: Option<String>) -> Self {
        Self {
            number: plan.version(),
            fee: plan.fee.to_decimal(),
            asset: plan.fee.asset().to_string(),
            at_most: plan.nonce().is_some(),
            cancels: plan.cancels.is_some(),
            present,
            state,
            txid,
        }
    }

    fn words(&self) -> String {
        let what = if self.cancels { ", pays nobody" } else { "" };
        let most = if self.at_most { "at most " } else { "" };
        let txid = self
            .txid
            .as_ref()
            .map_or_else(String::new, |id| format!("\n  {id}"));
        format!(
            "v{}{what}, fee {most}{} {}: {}{txid}",
            self.number, self.fee, self.asset, self.state
        )
    }

    fn value(&self) -> Value {
        json!({
            "version": self.number,
            "fee": self.fee,
            "fee_asset": self.asset,
            "cancels": self.cancels,
            "present": self.present,
            "state": self.state,
            "txid": self.txid,
        })
    }
}

/// All versions for programs, the first first.
pub fn versions_json(record: &ProposalRecord) -> Vec<Value> {
    versions(record).iter().map(Version::value).collect()
}

fn versions(record: &ProposalRecord) -> Vec<Version> {
    let over = record.stage().is_some_and(PayoutStage::is_final);
    let earlier = record.earlier.iter().map(|one| {
        let (state, txid) = match &one.signed {
            None => ("never signed", None),
            Some(_) if over => ("signed, and its place is taken", Some(one.plan.transaction)),
            Some((_, Broadcasting::NotYet)) => ("signed, not sent", Some(one.plan.transaction)),
            Some((_, Broadcasting::Out | Broadcasting::Dropped)) => (
                "sent, and can still be the one in a block",
                Some(one.plan.transaction),
            ),
        };
        Version::of(&one.plan, false, state, txid.map(|id| id.to_string()))
    });
    let present = record
        .stage()
        .map(|stage| Version::of(stage.plan(), true, state(stage), txid(stage)));
    let mut all: Vec<Version> = earlier.chain(present).collect();
    all.sort_by_key(|version| version.number);
    all
}

const fn state(stage: &PayoutStage) -> &'static str {
    match stage {
        PayoutStage::Planned(_) => "fixed, to be signed",
        PayoutStage::Signing(..) => "being signed",
        PayoutStage::Aborted(..) => "not signed, to be tried again",
        PayoutStage::Signed {
            broadcast: Broadcasting::NotYet,
            ..
        } => "signed, not sent",
        PayoutStage::Signed { .. } => "sent, waiting for blocks",
        PayoutStage::Confirmed { .. } => "the one in the chain",
        PayoutStage::Reverted { .. } => "the one in the chain, but it did nothing",
        PayoutStage::Replaced { .. } => "never to happen",
    }
}

fn outputs(
    treasury: &Treasury,
    payout: &Payout,
    planned: &Planned,
    transaction: &Transaction,
) -> Vec<String> {
    let network = treasury
        .vaults
        .get(&payout.vault())
        .and_then(|vault| vault.plan.network().to_bitcoin());
    let change = planned.change.map(|change| change.output as usize);
    let values: Vec<Amount> = transaction
        .output
        .iter()
        .filter_map(|output| Sats::new(output.value.to_sat()).ok().map(Amount::Btc))
        .collect();
    transaction
        .output
        .iter()
        .zip(aligned(&values))
        .enumerate()
        .map(|(place, (output, value))| {
            let address = network
                .and_then(|network| Address::from_script(&output.script_pubkey, network).ok())
                .map_or_else(
                    || output.script_pubkey.to_string(),
                    |address| address.to_string(),
                );
            let what = if change == Some(place) {
                "  (change, back to the vault)"
            } else {
                ""
            };
            format!("{value}  {address}{what}")
        })
        .collect()
}

/// The fee rate with the witnesses that will be there: one 64-byte signature an input.
fn fee_rate(transaction: &Transaction, fee: Sats) -> FeeRate {
    // BIP141: marker and flag weigh 2; a key-path witness (BIP341) 66 with its counts.
    const MARKER: u64 = 2;
    const WITNESS: u64 = 66;
    let inputs = u64::try_from(transaction.input.len()).unwrap_or(u64::MAX);
    let weight = transaction
        .base_size()
        .saturating_mul(4)
        .try_into()
        .unwrap_or(u64::MAX)
        .saturating_add(MARKER)
        .saturating_add(inputs.saturating_mul(WITNESS));
    let size = weight.div_ceil(4).max(1);
    FeeRate::from_sat_per_kvb(fee.get().saturating_mul(1000) / size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gas_is_priced_in_gwei_without_loss() {
        assert_eq!(gwei(30 * GWEI), "30 gwei");
        assert_eq!(gwei(1_500_000_000), "1.5 gwei");
        assert_eq!(gwei(7), "0.000000007 gwei");
    }
}
