//! What is proposed, whole: everything an officer decides on.

use bitcoin::consensus::encode::deserialize;
use bitcoin::{Address, Transaction};
use domain::proposal::{OfficerChange, PayeeChange, Thaw};
use domain::roster::MachineChange;
use domain::{
    Amount, FeeRate, Officer, OfficerId, Payout, Sats, Seat, SeatKind, Subject, VaultPlan,
};
use policy::Policy;
use serde_json::{Value, json};
use similar::TextDiff;
use treasury::{PlanRecord, Treasury};

use crate::paper::{self, Fields, aligned};
use crate::view::{View, network_words};

/// What is proposed, as labels and values. `before` is the treasury in which it is, or was, decided.
pub fn fields(view: &View, before: &Treasury, subject: &Subject, into: &mut Fields) {
    match subject {
        Subject::Payout(payout) => payout_fields(before, payout, into),
        Subject::Policy(change) => policy_fields(before, &change.text, into),
        Subject::Officer(OfficerChange::Add(officer)) => officer_fields(officer, into),
        Subject::Officer(OfficerChange::Suspend(id)) => {
            into.add("Suspends", view.name(*id));
        }
        Subject::Payee(change) => payee_fields(before, change, into),
        Subject::Thaw(thaw) => thaw_fields(view, before, thaw, into),
        Subject::Vault(plan) => vault_fields(before, plan, into),
        Subject::Machine(change) => machine_fields(before, change, into),
    }
}

fn payee_fields(before: &Treasury, change: &PayeeChange, into: &mut Fields) {
    match change {
        PayeeChange::Set { name, address } => {
            into.add("Payee", name);
            into.add("Network", network_words(address.network()));
            into.add("Pays to", format!("{address}\n{}", address.grouped()));
            let old = before
                .payees
                .get(name)
                .filter(|payee| payee.address != *address)
                .map(|payee| format!("{}\n{}", payee.address, payee.address.grouped()));
            into.maybe("Until now", old);
        }
        PayeeChange::Remove { name } => {
            into.add("Strikes out", name);
            let paid_at = before.payees.get(name).map(|payee| &payee.address);
            into.maybe("Paid at", paid_at);
        }
    }
}

fn thaw_fields(view: &View, before: &Treasury, thaw: &Thaw, into: &mut Fields) {
    let lines: Vec<String> = thaw
        .freezes
        .iter()
        .map(|id| match before.freezes.get(id) {
            Some(freeze) => format!(
                "{} {}: {}, {}",
                id.short(),
                freeze.time,
                view.scope_words(&freeze.scope),
                freeze.reason
            ),
            None => format!("{} (no longer in force)", id.short()),
        })
        .collect();
    into.add("Lifts", lines.join("\n"));
}

fn payout_fields(treasury: &Treasury, payout: &Payout, into: &mut Fields) {
    let vault = treasury.vaults.get(&payout.vault());
    let from = vault.map_or_else(
        || payout.vault().to_string(),
        |vault| {
            format!(
                "vault {}, {}",
                vault.plan.name(),
                network_words(vault.plan.network())
            )
        },
    );
    into.add("From", from);
    let amounts: Vec<Amount> = payout.legs().iter().map(|leg| leg.amount).collect();
    let lines: Vec<String> = payout
        .legs()
        .iter()
        .zip(aligned(&amounts))
        .map(|(leg, amount)| {
            let indent = " ".repeat(amount.chars().count());
            let payee = match &leg.payee {
                Some(name) => name.to_string(),
                None => "an address that is not in the address book".to_owned(),
            };
            format!(
                "{amount}  to {payee}\n{indent}  {}\n{indent}  {}",
                leg.address,
                leg.address.grouped()
            )
        })
        .collect();
    into.add("Pays", lines.join("\n"));
    into.maybe("Total", payout.total().ok().map(|total| total.to_string()));
    into.add("Fee", format!("at most {}", payout.fee_cap()));
    into.maybe(
        "Memo",
        Some(payout.memo()).filter(|memo| !memo.as_str().is_empty()),
    );
}

/// A payout for programs.
pub fn payout_json(treasury: &Treasury, payout: &Payout) -> Value {
    let vault = treasury
        .vaults
        .get(&payout.vault())
        .map(|vault| vault.plan.name().to_string());
    let legs: Vec<Value> = payout
        .legs()
        .iter()
        .map(|leg| {
            json!({
                "to": leg.address.as_str(),
                "payee": leg.payee.as_ref().map(ToString::to_string),
                "amount": leg.amount.to_decimal(),
                "asset": leg.amount.asset().symbol(),
            })
        })
        .collect();
    json!({
        "vault": vault,
        "legs": legs,
        "total": payout.total().ok().map(Amount::to_decimal),
        "fee_cap": payout.fee_cap().to_btc(),
        "memo": payout.memo().as_str(),
    })
}

fn policy_fields(before: &Treasury, text: &str, into: &mut Fields) {
    match Policy::parse(text) {
        Ok(policy) => into.add("In words", policy::describe(&policy)),
        Err(error) => into.add("In words", format!("it can't be read: {error}")),
    }
    let old = before.adoption.policy.text();
    let difference = TextDiff::from_lines(old, text)
        .unified_diff()
        .context_radius(2)
        .header("in force", "proposed")
        .to_string();
    let difference = if old == text {
        "the text is the one in force".to_owned()
    } else {
        difference
    };
    into.add("Changes", difference);
}

fn officer_fields(officer: &Officer, into: &mut Fields) {
    let [major, minor, patch] = officer.firmware;
    into.add("Joins", &officer.name);
    into.add(
        "YubiKey",
        format!("{}, firmware {major}.{minor}.{patch}", officer.serial),
    );
    into.add("Officer id", officer.id());
    into.maybe("Waiver", officer.waiver.as_ref());
}

fn vault_fields(treasury: &Treasury, plan: &VaultPlan, into: &mut Fields) {
    into.add("Vault", plan.name());
    into.add("Network", network_words(plan.network()));
    into.add(
        "Signs with",
        format!("{} of {} seats", plan.threshold(), plan.seats().len()),
    );
    let seats: Vec<String> = plan
        .seats()
        .iter()
        .map(|seat| seat_words(treasury, seat))
        .collect();
    into.add("Seats", seats.join("\n"));
    into.add(
        "Final after",
        paper::count(plan.confirmations(), "confirmation"),
    );
}

/// A seat, and who opens it.
pub fn seat_words(treasury: &Treasury, seat: &Seat) -> String {
    let machine = treasury
        .machines
        .get(&seat.machine)
        .map_or_else(|| seat.machine.short(), |m| m.machine.name.to_string());
    let names = |officers: &[OfficerId]| -> Vec<String> {
        officers
            .iter()
            .map(|id| treasury.officer_name(*id))
            .collect()
    };
    let opens = match &seat.kind {
        SeatKind::Device => format!("device seat, opened by the keyring of {machine}"),
        SeatKind::Hardware { officers } => {
            format!("hardware seat, opened by {}", paper::any(&names(officers)))
        }
        SeatKind::Recovery { officers, pieces } => format!(
            "recovery seat, opened by {pieces} of {} together",
            names(officers).join(", ")
        ),
    };
    format!("{}  {}: {opens}", seat.id, seat.name)
}

fn machine_fields(before: &Treasury, change: &MachineChange, into: &mut Fields) {
    let lost = before
        .machines
        .get(&change.replaces)
        .map_or_else(|| change.replaces.short(), |m| m.machine.name.to_string());
    let administrators: Vec<String> = change
        .machine
        .administrators
        .iter()
        .map(ToString::to_string)
        .collect();
    into.add("Takes over", &change.machine.name);
    into.add("From", format!("{lost}, whose key is never trusted again"));
    into.add(
        "Administered",
        format!("by {}", paper::all(&administrators)),
    );
    into.add("Machine id", change.machine.id());
    into.add("Journal head", change.head);
}

/// The exact transaction: what it spends, what it pays, what it costs.
pub fn plan_fields(treasury: &Treasury, payout: &Payout, plan: &PlanRecord, into: &mut Fields) {
    let Ok(transaction) = deserialize::<Transaction>(&plan.planned.transaction.0) else {
        return;
    };
    into.add(
        "Transaction",
        format!("{} (version {})", plan.txid, plan.planned.version),
    );
    let values: Vec<Amount> = plan
        .planned
        .inputs
        .iter()
        .map(|input| Amount::Btc(input.value))
        .collect();
    let spends: Vec<String> = plan
        .spends
        .iter()
        .zip(aligned(&values))
        .map(|(outpoint, value)| format!("{value}  {outpoint}"))
        .collect();
    into.add("Spends", spends.join("\n"));
    into.add(
        "Outputs",
        outputs(treasury, payout, plan, &transaction).join("\n"),
    );
    into.add(
        "Network fee",
        format!("{} ({})", plan.fee, fee_rate(&transaction, plan.fee)),
    );
}

fn outputs(
    treasury: &Treasury,
    payout: &Payout,
    plan: &PlanRecord,
    transaction: &Transaction,
) -> Vec<String> {
    let network = treasury
        .vaults
        .get(&payout.vault())
        .map(|vault| vault.plan.network());
    let change = plan.planned.change.map(|change| change.output as usize);
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
                .and_then(|network| {
                    Address::from_script(&output.script_pubkey, network.to_bitcoin()).ok()
                })
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
