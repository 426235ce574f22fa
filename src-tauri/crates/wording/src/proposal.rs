//! A proposal in words: what it is, how far it is, and what it waits for.

mod content;
mod effects;
mod plan;
mod sheet;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};

use domain::proposal::{OfficerChange, PayeeChange};
use domain::{Amount, Asset, Coin, Network, Payout, ProposalId, Subject, Sweep, Transfer, VaultId};
use treasury::{Broadcasting, Decision, PayoutStage, ProposalRecord, Treasury};

pub use content::{fields, policy_difference, seat_words};
pub use effects::{Effect, effects};
pub use plan::{plan_fields, txid};
pub use sheet::{Decided, OnChain, Then, judge, required, sheet, sheet_json};
pub use waiting::waiting;

use crate::paper::count;

/// How far a proposal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Approvals are collected.
    Open,
    /// A change is in force.
    Enacted,
    /// An officer declined.
    Declined,
    /// Its time passed.
    Lapsed,
    /// The exact transaction is fixed.
    Planned,
    /// Seats sign, or were cut off.
    Signing,
    /// Signing ended without a signature.
    Aborted,
    /// Signed, not sent.
    Signed,
    /// Handed to the node.
    Broadcast,
    /// Deep enough in the chain.
    Confirmed,
    /// In the chain for good, but it did nothing.
    Reverted,
    /// The transaction that cancels it is in the chain for good: nobody was paid.
    Cancelled,
    /// Another transaction took its place for good.
    Replaced,
    /// A version is out, and one at a higher fee is to be signed.
    Bumping,
    /// A version may be out, and the transaction that cancels it is to be signed, or is out.
    Cancelling,
}

impl Status {
    /// How far a proposal is.
    pub fn of(record: &ProposalRecord) -> Self {
        match &record.decision {
            Decision::Open => Status::Open,
            Decision::Declined { .. } => Status::Declined,
            Decision::Lapsed => Status::Lapsed,
            Decision::Enacted(_) => Status::Enacted,
            Decision::Payout(stage) => match Self::of_stage(stage) {
                Status::Planned | Status::Signing | Status::Aborted
                    if stage.plan().cancels.is_none() && !record.earlier.is_empty() =>
                {
                    Status::Bumping
                }
                status => status,
            },
        }
    }

    const fn of_stage(stage: &PayoutStage) -> Self {
        match stage {
            PayoutStage::Confirmed { plan, .. } if plan.cancels.is_some() => Status::Cancelled,
            PayoutStage::Planned(plan)
            | PayoutStage::Signing(plan, _)
            | PayoutStage::Aborted(plan, _)
            | PayoutStage::Signed { plan, .. }
                if plan.cancels.is_some() =>
            {
                Status::Cancelling
            }
            PayoutStage::Planned(_) => Status::Planned,
            PayoutStage::Signing(..) => Status::Signing,
            PayoutStage::Aborted(..) => Status::Aborted,
            PayoutStage::Signed {
                broadcast: Broadcasting::NotYet,
                ..
            } => Status::Signed,
            PayoutStage::Signed {
                broadcast: Broadcasting::Out | Broadcasting::Dropped,
                ..
            } => Status::Broadcast,
            PayoutStage::Confirmed { .. } => Status::Confirmed,
            PayoutStage::Reverted { .. } => Status::Reverted,
            PayoutStage::Replaced { .. } => Status::Replaced,
        }
    }

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Status::Open => "open",
            Status::Enacted => "enacted",
            Status::Declined => "declined",
            Status::Lapsed => "lapsed",
            Status::Planned => "planned",
            Status::Signing => "signing",
            Status::Aborted => "aborted",
            Status::Signed => "signed",
            Status::Broadcast => "broadcast",
            Status::Confirmed => "confirmed",
            Status::Reverted => "reverted",
            Status::Cancelled => "cancelled",
            Status::Replaced => "replaced",
            Status::Bumping => "bumping",
            Status::Cancelling => "cancelling",
        }
    }

    /// The same after `it is`.
    pub const fn phrase(self) -> &'static str {
        match self {
            Status::Bumping => "being bumped to a higher fee",
            Status::Cancelling => "being cancelled",
            other => other.word(),
        }
    }

    /// Whether nothing will happen to it any more, but for a reorganisation of the chain.
    pub const fn is_final(self) -> bool {
        match self {
            Status::Enacted
            | Status::Declined
            | Status::Lapsed
            | Status::Confirmed
            | Status::Reverted
            | Status::Cancelled
            | Status::Replaced => true,
            Status::Open
            | Status::Planned
            | Status::Signing
            | Status::Aborted
            | Status::Signed
            | Status::Broadcast
            | Status::Bumping
            | Status::Cancelling => false,
        }
    }
}

/// Whether a version of a payout before the present one was sent: it may be in a block any time.
pub fn earlier_is_out(record: &ProposalRecord) -> bool {
    record.earlier.iter().any(|one| {
        matches!(
            one.signed,
            Some((_, Broadcasting::Out | Broadcasting::Dropped))
        )
    })
}

/// `payout 3f2a91c0 (0.5 BTC from Operations to Foundry Ltd)`.
pub fn the(treasury: &Treasury, id: ProposalId) -> String {
    match treasury.proposals.get(&id) {
        Some(record) => {
            let (kind, about) = match transfer_of(treasury, record) {
                Some(transfer) => ("transfer", transfer_words(transfer)),
                None => {
                    let subject = &record.proposal.subject;
                    (subject.kind(), summary(treasury, subject))
                }
            };
            format!("{kind} {} ({about})", id.short())
        }
        None => id.short(),
    }
}

/// The transfer of a sweep that a record is of.
pub fn transfer_of<'a>(treasury: &'a Treasury, record: &ProposalRecord) -> Option<&'a Transfer> {
    let place = record.batch?;
    let sweep = treasury.proposals.get(&place.batch)?;
    let Subject::Sweep(sweep) = &sweep.proposal.subject else {
        return None;
    };
    sweep.transfers().get(usize::try_from(place.place).ok()?)
}

/// `0.5 ETH from deposit account 3`, always within the vault.
pub fn transfer_words(transfer: &Transfer) -> String {
    let amount = transfer.amount;
    match (transfer.from, transfer.to) {
        (0, 0) => format!("{amount} into one coin at the main address"),
        (0, to) => format!("{amount} as gas to deposit account {to}"),
        (from, _) => format!("{amount} from deposit account {from}"),
    }
}

/// What is proposed, in one line.
pub fn summary(treasury: &Treasury, subject: &Subject) -> String {
    match subject {
        Subject::Payout(payout) => payout_summary(treasury, payout),
        Subject::Policy(_) => "another policy".to_owned(),
        Subject::Officer(OfficerChange::Add(officer)) => format!("{} joins", officer.name),
        Subject::Officer(OfficerChange::Suspend(id)) => {
            format!("{} is suspended", treasury.officer_name(*id))
        }
        Subject::Payee(PayeeChange::Set { name, address }) => {
            format!("{name} is paid at {address}")
        }
        Subject::Payee(PayeeChange::Remove { name }) => format!("{name} leaves the address book"),
        Subject::Thaw(thaw) => format!("lift {}", count(thaw.freezes.len(), "freeze")),
        Subject::Vault(plan) => format!(
            "{}: {} of {} seats on {}",
            plan.name(),
            plan.threshold(),
            plan.seats().len(),
            plan.network()
        ),
        Subject::Machine(change) => format!("{} takes over", change.machine.name),
        Subject::Asset(coin) => asset_summary(*coin),
        Subject::Batch(batch) => {
            let legs = batch.payouts().iter().flat_map(Payout::legs);
            format!(
                "{} of {} from {}",
                count(batch.payouts().len(), "payout"),
                totals(legs.map(|leg| leg.amount)),
                vault_name(treasury, batch.vault())
            )
        }
        Subject::Sweep(sweep) => sweep_summary(treasury, sweep),
        Subject::Cancel(cancel) => {
            let payout = treasury.payout(cancel.payout);
            let what = payout.map(|(_, payout)| payout_summary(treasury, payout));
            format!(
                "payout {}, {}",
                cancel.payout.short(),
                what.unwrap_or_default()
            )
        }
    }
}

fn asset_summary(coin: Coin) -> String {
    let chain = Network::Evm(coin.chain());
    let places = count(coin.decimals(), "decimal place");
    match coin.contract() {
        None => format!("{}, the own coin of {chain}, {places}", coin.symbol()),
        Some(contract) => format!(
            "{} on {chain}, contract {contract}, {places}",
            coin.symbol()
        ),
    }
}

fn sweep_summary(treasury: &Treasury, sweep: &Sweep) -> String {
    let collected = { sweep.transfers().iter() }.filter(|transfer| !transfer.is_gas());
    let from: BTreeSet<u32> = collected.clone().map(|transfer| transfer.from).collect();
    let what = totals(collected.map(|transfer| transfer.amount));
    let vault = vault_name(treasury, sweep.vault());
    if from.contains(&0) {
        return format!("{what} of many coins of {vault} joined into one");
    }
    format!(
        "{what} from {} of {vault} into its main one",
        count(from.len(), "deposit account")
    )
}

/// Amounts in all, of each asset, as values; none where a sum can't be counted.
pub fn sums(amounts: impl Iterator<Item = Amount>) -> Vec<(Asset, Option<Amount>)> {
    let mut sums: BTreeMap<Asset, Option<Amount>> = BTreeMap::new();
    for amount in amounts {
        let zero = Some(Amount::zero(amount.asset()));
        let sum = sums.entry(amount.asset()).or_insert(zero);
        *sum = sum.and_then(|sum| sum.plus(amount).ok());
    }
    sums.into_iter().collect()
}

fn totals(amounts: impl Iterator<Item = Amount>) -> String {
    let each: Vec<String> = sums(amounts)
        .into_iter()
        .map(|(asset, sum)| match sum {
            Some(sum) => sum.to_string(),
            None => format!("more {asset} than can be counted"),
        })
        .collect();
    crate::paper::all(&each)
}

fn vault_name(treasury: &Treasury, id: VaultId) -> String {
    treasury
        .vaults
        .get(&id)
        .map_or_else(|| id.short(), |vault| vault.plan.name().to_string())
}

fn payout_summary(treasury: &Treasury, payout: &Payout) -> String {
    let total = payout
        .total()
        .map_or_else(|_| "?".to_owned(), |total| total.to_string());
    let mut payees: Vec<String> = Vec::new();
    for leg in payout.legs() {
        let payee = match &leg.payee {
            Some(name) => name.to_string(),
            None => leg.address.to_string(),
        };
        if !payees.contains(&payee) {
            payees.push(payee);
        }
    }
    let to = match payees.as_slice() {
        [first, second] => format!("{first} and {second}"),
        [first, _, more @ ..] => format!("{first} and {} others", more.len().saturating_add(1)),
        _ => payees.concat(),
    };
    let vault = vault_name(treasury, payout.vault());
    format!("{total} from {vault} to {to}")
}
