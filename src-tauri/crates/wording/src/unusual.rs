//! What an officer should look at twice before approving: computed from the journal, never from what a
//! window says.

use std::collections::{BTreeMap, BTreeSet};

use domain::proposal::PayeeChange;
use domain::{Address, Amount, Asset, Leg, Name, Payout, ProposalId, Span, Subject};
use policy::LimitUse;
use treasury::{PayoutStage, ProposalRecord, Treasury};

use crate::limits::percent;
use crate::paper::{all, count};
use crate::view::View;

/// A payee entered less than this ago is new.
const NEW: Span = Span::from_secs(7 * 86_400);
/// A limit used up to this, of a hundred, is close.
const CLOSE: u32 = 80;
/// So many characters at each end are what people compare of an address.
const COMPARED: usize = 4;
/// A fee cap above this part of what is paid is said.
const FEE_PART: u64 = 10;
/// So many names are listed; more are counted.
const MOST_NAMED: usize = 5;

/// What is unusual about a proposal; `id` is its own, where it is proposed already, and `limits` is how it
/// stands under each limit.
pub fn unusual(
    view: &View,
    id: Option<ProposalId>,
    subject: &Subject,
    limits: &[LimitUse],
) -> Vec<String> {
    let mut found = Vec::new();
    if let Subject::Payee(change) = subject {
        found.extend(changed_payee(view.treasury(), change));
    }
    let payouts = subject.payouts();
    if !payouts.is_empty() {
        let past = Past::of(view.treasury(), id);
        found.extend(who_is_paid(view, &past, payouts));
        found.extend(largest(&past, payouts));
        found.extend(dear(payouts));
        found.extend(limits.iter().filter_map(close));
    }
    found
}

/// Another payee of the same network whose address looks like this one at both ends.
pub fn look_alike<'a>(treasury: &'a Treasury, address: &Address) -> Option<&'a Name> {
    let ends = ends(address);
    treasury
        .payees
        .iter()
        .find(|(_, payee)| {
            payee.address != *address
                && payee.address.network() == address.network()
                && self::ends(&payee.address) == ends
        })
        .map(|(name, _)| name)
}

/// The characters of an address that people compare: the first and last few behind its prefix.
fn ends(address: &Address) -> (String, String) {
    let text = address.to_string().to_ascii_lowercase();
    let body = match address {
        Address::Evm(_) => text.trim_start_matches("0x").to_owned(),
        // The witness version is the same for all of a kind.
        Address::Btc(_) => text
            .split_once('1')
            .map(|(_, data)| data.chars().skip(1).collect())
            .unwrap_or(text),
    };
    let last: Vec<char> = body.chars().rev().take(COMPARED).collect();
    (
        body.chars().take(COMPARED).collect(),
        last.into_iter().rev().collect(),
    )
}

/// Whether a payment to this address was ever signed, other than in the proposal itself.
pub fn was_paid(treasury: &Treasury, except: Option<ProposalId>, address: &Address) -> bool {
    Past::of(treasury, except).paid.contains(address)
}

/// What was paid before.
struct Past {
    paid: BTreeSet<Address>,
    largest: BTreeMap<(domain::VaultId, Asset), Amount>,
}

impl Past {
    fn of(treasury: &Treasury, except: Option<ProposalId>) -> Self {
        let mut past = Self {
            paid: BTreeSet::new(),
            largest: BTreeMap::new(),
        };
        let counts = |id: &ProposalId, record: &ProposalRecord| {
            Some(*id) != except
                && (except.is_none() || record.batch.map(|place| place.batch) != except)
                && record.stage().is_some_and(is_paid)
        };
        for (_, record) in treasury.proposals.iter().filter(|(id, r)| counts(id, r)) {
            let Some(payout) = record.proposal.subject.payout() else {
                continue;
            };
            past.paid
                .extend(payout.legs().iter().map(|leg| leg.address.clone()));
            if let Ok(total) = payout.total() {
                let key = (payout.vault(), payout.asset());
                let most = past.largest.entry(key).or_insert(total);
                if total.units() > most.units() {
                    *most = total;
                }
            }
        }
        past
    }
}

/// Whether money went out, or is going out for good.
fn is_paid(stage: &PayoutStage) -> bool {
    match stage {
        PayoutStage::Signed { plan, .. } | PayoutStage::Confirmed { plan, .. } => {
            plan.cancels.is_none()
        }
        PayoutStage::Planned(_)
        | PayoutStage::Signing(..)
        | PayoutStage::Aborted(..)
        | PayoutStage::Reverted { .. }
        | PayoutStage::Replaced { .. } => false,
    }
}

fn who_is_paid(view: &View, past: &Past, payouts: &[Payout]) -> Vec<String> {
    let treasury = view.treasury();
    let mut strangers = BTreeSet::new();
    let mut fresh = BTreeSet::new();
    let mut first = BTreeSet::new();
    let mut alike = BTreeSet::new();
    for leg in payouts.iter().flat_map(Payout::legs) {
        let name = called(leg);
        let known = leg
            .payee
            .as_ref()
            .and_then(|payee| treasury.payees.get(payee))
            .filter(|payee| payee.address == leg.address);
        match known {
            None => {
                strangers.insert(name.clone());
            }
            Some(payee) if payee.since.plus(NEW) > view.now => {
                fresh.insert(name.clone());
            }
            Some(_) => {}
        }
        if !past.paid.contains(&leg.address) {
            first.insert(name.clone());
        }
        if let Some(other) = look_alike(treasury, &leg.address) {
            alike.insert(format!("{name} looks like {other}"));
        }
    }
    let tell = |names: BTreeSet<String>, words: &str| {
        (!names.is_empty()).then(|| format!("{words}: {}", listed(names)))
    };
    [
        tell(strangers, "not in the address book"),
        tell(fresh, "entered in the address book less than a week ago"),
        tell(first, "first payment to"),
        tell(
            alike,
            "an address that looks like another payee's at both ends; compare all of it",
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn called(leg: &Leg) -> String {
    leg.payee
        .as_ref()
        .map_or_else(|| leg.address.to_string(), ToString::to_string)
}

fn listed(names: BTreeSet<String>) -> String {
    let more = names.len().saturating_sub(MOST_NAMED);
    let mut names: Vec<String> = names.into_iter().take(MOST_NAMED).collect();
    if more > 0 {
        names.push(format!("{more} more"));
    }
    all(&names)
}

/// The largest that was ever paid of an asset from a vault, where something was paid before.
fn largest(past: &Past, payouts: &[Payout]) -> Option<String> {
    let over: Vec<String> = payouts
        .iter()
        .filter_map(|payout| {
            let before = past.largest.get(&(payout.vault(), payout.asset()))?;
            let total = payout.total().ok()?;
            (total.units() > before.units())
                .then(|| format!("{total}, where the largest so far was {before}"))
        })
        .collect();
    match over.as_slice() {
        [] => None,
        [one] => Some(format!("the largest payout of this vault: {one}")),
        [one, more @ ..] => Some(format!(
            "{} larger than any of this vault before: {one}",
            count(more.len().saturating_add(1), "payout")
        )),
    }
}

/// A fee cap that is much beside what is paid.
fn dear(payouts: &[Payout]) -> Option<String> {
    let is_dear = |payout: &&Payout| {
        payout.fee_cap().asset() == payout.asset()
            && payout.total().is_ok_and(|total| {
                (1..FEE_PART)
                    .try_fold(payout.fee_cap(), |sum, _| sum.plus(payout.fee_cap()))
                    .is_ok_and(|tenfold| tenfold.units() > total.units())
            })
    };
    let first = payouts.iter().find(is_dear)?;
    Some(format!(
        "the fee may be more than a tenth of what is paid: at most {}",
        first.fee_cap()
    ))
}

fn close(used: &LimitUse) -> Option<String> {
    let share = percent(used);
    (share >= CLOSE).then(|| format!("close to a limit, {share} % of it with this: {used}"))
}

fn changed_payee(treasury: &Treasury, change: &PayeeChange) -> Vec<String> {
    let PayeeChange::Set { name, address } = change else {
        return Vec::new();
    };
    let moved = treasury
        .payees
        .get(name)
        .filter(|payee| payee.address != *address)
        .map(|payee| format!("{name} was paid elsewhere until now: at {}", payee.address));
    let alike = look_alike(treasury, address)
        .filter(|other| *other != name)
        .map(|other| {
            format!("the address looks like that of {other} at both ends; compare all of it")
        });
    moved.into_iter().chain(alike).collect()
}

/// What is to be said beside each payment of payouts: of its payee, not of the whole.
pub fn notes(view: &View, id: Option<ProposalId>, payouts: &[Payout]) -> Vec<Vec<&'static str>> {
    let treasury = view.treasury();
    let past = Past::of(treasury, id);
    payouts
        .iter()
        .flat_map(Payout::legs)
        .map(|leg| {
            let known = leg
                .payee
                .as_ref()
                .and_then(|payee| treasury.payees.get(payee))
                .filter(|payee| payee.address == leg.address);
            let mut notes = Vec::new();
            match known {
                None => notes.push("not in the address book"),
                Some(payee) if payee.since.plus(NEW) > view.now => {
                    notes.push("entered less than a week ago");
                }
                Some(_) => {}
            }
            if !past.paid.contains(&leg.address) {
                notes.push("first payment");
            }
            if look_alike(treasury, &leg.address).is_some() {
                notes.push("looks like another payee's address");
            }
            notes
        })
        .collect()
}
