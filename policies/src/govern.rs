//! What a change would do: refused when it would leave the treasury without a way on, or make a name
//! mean two things.

use std::collections::BTreeSet;

use domain::proposal::{OfficerChange, PayeeChange};
use domain::{Asset, Coin, Name, Subject, Sweep};

use crate::assets;
use crate::facts::Facts;
use crate::fault::FactFault;
use crate::policy::{Demand, GovernanceKind, Policy, Quorum};
use crate::reason::Reason;

/// Reasons against a change that lie in its effects.
pub(crate) fn effects(policy: &Policy, facts: &Facts, subject: &Subject) -> Vec<Reason> {
    let active = facts.active();
    match subject {
        Subject::Policy(change) => match Policy::parse(&change.text) {
            Ok(next) => {
                let mut reasons = contradictions(&next, facts);
                reasons.extend(locks_out(&next, &active));
                reasons
            }
            Err(error) => vec![Reason::BadPolicy(error)],
        },
        Subject::Officer(OfficerChange::Suspend(id)) => {
            let left = facts
                .officers
                .iter()
                .filter(|(officer, _)| *officer != id)
                .map(|(_, name)| name)
                .collect();
            locks_out(policy, &left).into_iter().collect()
        }
        Subject::Officer(OfficerChange::Add(officer)) => active
            .contains(&officer.name)
            .then(|| Reason::OfficerNameTaken(officer.name.clone()))
            .into_iter()
            .collect(),
        Subject::Payee(PayeeChange::Set { name, address }) => facts
            .payees
            .iter()
            .filter(|(other, entry)| *other != name && entry.address == *address)
            .map(|(other, _)| Reason::AddressTaken(other.clone()))
            .collect(),
        Subject::Vault(plan) => facts
            .vaults
            .values()
            .filter(|vault| vault.name == *plan.name())
            .map(|vault| Reason::VaultNameTaken(vault.name.clone()))
            .collect(),
        Subject::Asset(coin) => entered(policy, facts, coin),
        Subject::Sweep(sweep) => swept(policy, facts, sweep),
        Subject::Cancel(cancel) => paid_in(policy, facts, cancel.fee_cap.asset()),
        Subject::Payout(_)
        | Subject::Batch(_)
        | Subject::Payee(PayeeChange::Remove { .. })
        | Subject::Thaw(_)
        | Subject::Machine(_) => Vec::new(),
    }
}

/// What a proposed policy says otherwise of known assets: its rules would not match their payouts.
fn contradictions(next: &Policy, facts: &Facts) -> Vec<Reason> {
    let declared = next.rules.assets.iter();
    declared
        .filter_map(|(word, coin)| {
            let known = assets::contradicting(&facts.assets, &coin)?;
            Some(Reason::PolicyContradictsRegistry {
                word: word.to_owned(),
                assets: Box::new((coin, known)),
            })
        })
        .collect()
}

/// Reasons against entering an asset: known, taken, or said otherwise by the policy in force.
fn entered(policy: &Policy, facts: &Facts, coin: &Coin) -> Vec<Reason> {
    let same = facts.assets.get(coin);
    let known = same.map(|known| Reason::AssetKnown(Box::new(*known)));
    let taken =
        assets::contradicting(&facts.assets, coin).map(|other| Reason::AssetTaken(Box::new(other)));
    let declared = policy
        .rules
        .assets
        .contradicting(coin)
        .map(|(word, declared)| Reason::AssetDeclaredOtherwise {
            word: word.to_owned(),
            declared: Box::new(declared),
        });
    known.into_iter().chain(taken).chain(declared).collect()
}

/// A sweep is of known assets of a known vault. It names no address, so it can pay nobody else.
fn swept(policy: &Policy, facts: &Facts, sweep: &Sweep) -> Vec<Reason> {
    let unknown = !facts.vaults.contains_key(&sweep.vault());
    let unknown = unknown.then(|| Reason::Fact(FactFault::Vault(sweep.vault())));
    let assets = crate::view::unknown_assets(sweep.assets(), &policy.rules.assets, facts);
    unknown.into_iter().chain(assets).collect()
}

fn paid_in(policy: &Policy, facts: &Facts, asset: Asset) -> Vec<Reason> {
    assets::fault(asset, &policy.rules.assets, facts)
        .map(Reason::Fact)
        .into_iter()
        .collect()
}

/// A treasury goes on as long as its policy can be changed, or officers be added who can.
fn locks_out(policy: &Policy, officers: &BTreeSet<&Name>) -> Option<Reason> {
    let missing = policy
        .rules
        .governance_of(GovernanceKind::Policy)
        .map(|quorum| always_missing(quorum, officers))?;
    let officers = policy
        .rules
        .governance_of(GovernanceKind::Officer)
        .is_some_and(|quorum| always_missing(quorum, officers).is_empty());
    (!missing.is_empty() && !officers).then_some(Reason::LocksOut { missing })
}

/// What is missing whoever proposes; nothing when somebody can.
fn always_missing(quorum: &Quorum, officers: &BTreeSet<&Name>) -> Vec<Demand> {
    officers
        .iter()
        .map(|initiator| quorum.unreachable_by(officers, Some(initiator)))
        .min_by_key(Vec::len)
        .unwrap_or_else(|| quorum.demands.clone())
}
