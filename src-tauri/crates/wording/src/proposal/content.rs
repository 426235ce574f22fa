//! What is proposed, whole: everything an officer decides on.

use domain::proposal::{Cancel, OfficerChange, PayeeChange, Thaw};
use domain::roster::MachineChange;
use domain::{
    Amount, Asset, Batch, Coin, Network, Officer, OfficerId, Payout, Seat, SeatKind, Subject,
    Sweep, Transfer, VaultId, VaultPlan,
};
use policy::Policy;
use serde_json::{Value, json};
use similar::TextDiff;
use treasury::Treasury;

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
        Subject::Asset(coin) => asset_fields(*coin, into),
        Subject::Batch(batch) => batch_fields(before, batch, into),
        Subject::Sweep(sweep) => sweep_fields(before, sweep, into),
        Subject::Cancel(cancel) => cancel_fields(view, cancel, into),
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

fn from_words(treasury: &Treasury, vault: VaultId) -> String {
    match treasury.vaults.get(&vault) {
        None => vault.to_string(),
        Some(vault) => format!(
            "vault {}, {}",
            vault.plan.name(),
            network_words(vault.plan.network())
        ),
    }
}

/// A coin, with what tells it from one of the same name.
fn coin_words(coin: Coin) -> String {
    let chain = Network::Evm(coin.chain());
    match coin.contract() {
        None => format!("{}, the own coin of {chain}", coin.symbol()),
        Some(contract) => format!("{}, a token on {chain}\ncontract {contract}", coin.symbol()),
    }
}

fn asset_fields(coin: Coin, into: &mut Fields) {
    into.add("Symbol", coin.symbol());
    into.add("Network", network_words(Network::Evm(coin.chain())));
    match coin.contract() {
        None => into.add(
            "Contract",
            "none: the chain's own coin, in which fees are paid",
        ),
        Some(contract) => into.add(
            "Contract",
            format!("{contract}\n{}", domain::Address::Evm(contract).grouped()),
        ),
    }
    into.add(
        "Counted",
        format!("with {}", paper::count(coin.decimals(), "decimal place")),
    );
    into.add(
        "Compare",
        "contract and decimal places with what the issuer publishes: nothing of it was read from a node,\nand with a wrong one every amount would be wrong",
    );
}

fn batch_fields(treasury: &Treasury, batch: &Batch, into: &mut Fields) {
    into.add("From", from_words(treasury, batch.vault()));
    let amounts: Vec<Amount> = { batch.payouts().iter().flat_map(Payout::legs) }
        .map(|leg| leg.amount)
        .collect();
    let lines: Vec<String> = { batch.payouts().iter().flat_map(Payout::legs) }
        .zip(aligned(&amounts))
        .map(|(leg, amount)| match &leg.payee {
            Some(name) => format!("{amount}  to {name}, {}", leg.address),
            None => format!("{amount}  to {}", leg.address),
        })
        .collect();
    into.add("Pays", lines.join("\n"));
    into.maybe(
        "Memo",
        Some(batch.memo()).filter(|memo| !memo.as_str().is_empty()),
    );
}

fn sweep_fields(treasury: &Treasury, sweep: &Sweep, into: &mut Fields) {
    into.add("Within", from_words(treasury, sweep.vault()));
    let lines = |gas: bool| -> Option<String> {
        let listed: Vec<&Transfer> = { sweep.transfers().iter() }
            .filter(|transfer| transfer.is_gas() == gas)
            .collect();
        let amounts: Vec<Amount> = listed.iter().map(|transfer| transfer.amount).collect();
        let lines: Vec<String> = { listed.iter().zip(aligned(&amounts)) }
            .map(|(transfer, amount)| {
                let way = match (transfer.from, transfer.to) {
                    (0, 0) => "into one coin at the main address".to_owned(),
                    (0, to) => format!("to deposit account {to}"),
                    (from, _) => format!("from deposit account {from}"),
                };
                format!("{amount}  {way}, fee at most {}", transfer.fee_cap)
            })
            .collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    };
    into.maybe("Collects", lines(false));
    into.maybe("Gas before", lines(true));
    into.add(
        "Who is paid",
        "nobody: a sweep can only move money between addresses of this vault, which every seat derives itself",
    );
    into.maybe(
        "Memo",
        Some(sweep.memo()).filter(|memo| !memo.as_str().is_empty()),
    );
}

fn cancel_fields(view: &View, cancel: &Cancel, into: &mut Fields) {
    let treasury = view.treasury();
    into.add("Cancels", super::the(treasury, cancel.payout));
    if let Some(record) = treasury.proposals.get(&cancel.payout) {
        into.add("Which is", super::Status::of(record).phrase());
    }
    into.add(
        "How",
        "a transaction that pays the vault itself takes the payout's place: nobody is paid, and only\nits fee is spent. Until it is in a block the payout can still be made",
    );
    into.add("Fee", format!("at most {}", cancel.fee_cap));
}

fn payout_fields(treasury: &Treasury, payout: &Payout, into: &mut Fields) {
    into.add("From", from_words(treasury, payout.vault()));
    if payout.account() != 0 {
        into.add("Account", format!("deposit account {}", payout.account()));
    }
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
    if let Asset::Evm(coin) = payout.asset() {
        into.add("Asset", coin_words(coin));
    }
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
                "to": leg.address.to_string(),
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
        "asset": payout.asset().symbol(),
        "chain": payout.legs().first().map(|leg| leg.address.network().to_string()),
        "contract": payout.asset().coin().and_then(|coin| coin.contract()).map(|contract| contract.to_string()),
        "fee_cap": payout.fee_cap().to_decimal(),
        "fee_asset": payout.fee_cap().asset().symbol(),
        "memo": payout.memo().as_str(),
    })
}

fn policy_fields(before: &Treasury, text: &str, into: &mut Fields) {
    match Policy::parse(text) {
        Ok(policy) => into.add("In words", policy::describe(&policy)),
        Err(error) => into.add("In words", format!("it can't be read: {error}")),
    }
    let difference = policy_difference(before.adoption.policy.text(), text);
    into.add("Changes", difference);
}

/// What another policy's text changes.
pub fn policy_difference(old: &str, new: &str) -> String {
    if old == new {
        return "the text is the one in force".to_owned();
    }
    TextDiff::from_lines(old, new)
        .unified_diff()
        .context_radius(2)
        .header("in force", "proposed")
        .to_string()
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
