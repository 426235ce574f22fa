//! What a change would do: refused when it would leave the treasury without a way on, or make a name
//! mean two things.

use std::collections::BTreeSet;

use domain::proposal::{OfficerChange, PayeeChange};
use domain::{Name, Subject};

use crate::facts::Facts;
use crate::policy::{Demand, GovernanceKind, Policy, Quorum};
use crate::reason::Reason;

/// Reasons against a change that lie in its effects.
pub(crate) fn effects(policy: &Policy, facts: &Facts, subject: &Subject) -> Vec<Reason> {
    let active = facts.active();
    match subject {
        Subject::Policy(change) => match Policy::parse(&change.text) {
            Ok(next) => locks_out(&next, &active).into_iter().collect(),
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
        Subject::Payout(_)
        | Subject::Payee(PayeeChange::Remove { .. })
        | Subject::Thaw(_)
        | Subject::Machine(_) => Vec::new(),
    }
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
