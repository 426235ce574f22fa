//! How much of each limit is used, learned by asking the policy about the smallest payout there can
//! be: from each vault, by each officer, to each payee and to a stranger.

use std::collections::BTreeMap;

use domain::act::ChildPath;
use domain::payout::Leg;
use domain::roster::HexBytes;
use domain::{
    Address, Amount, Coin, Name, Network, Note, Payout, Proposal, ProposalId, Sats, Span, Subject,
    U256, VaultId,
};
use policy::{LimitUse, Reason, Request, Tally};
use serde_json::{Value, json};
use treasury::VaultRecord;

use crate::view::View;

/// How a limit stands in one of its buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The limit's name, and what shares it.
    pub limit: String,
    /// What is used.
    pub used: String,
    /// What is allowed.
    pub allowed: String,
    /// Over how long.
    pub window: Span,
}

impl Standing {
    /// For programs.
    pub fn value(&self) -> Value {
        json!({
            "limit": self.limit,
            "used": self.used,
            "allowed": self.allowed,
            "window": self.window.to_string(),
        })
    }
}

/// Every limit that some payout would fall under, with what is used of it.
pub fn limits(view: &View) -> Vec<Standing> {
    uses(view).iter().map(standing).collect()
}

/// The same as the policy says it: what is used by others, and what the smallest payout would add.
pub fn uses(view: &View) -> Vec<LimitUse> {
    let treasury = view.treasury();
    let facts = view.replay.facts(treasury, view.now);
    let mut found: BTreeMap<String, LimitUse> = BTreeMap::new();
    for (id, vault) in &treasury.vaults {
        let smallest = payees(view, *id, vault).into_iter().flat_map(|payee| {
            let coins = smallest_amounts(view, vault.plan.network());
            { coins.into_iter() }
                .filter_map(|(amount, fee)| smallest(view, *id, &payee, amount, fee))
                .collect::<Vec<Proposal>>()
        });
        for proposal in smallest {
            for officer in treasury.officers.values().filter(|record| record.active) {
                let request = Request {
                    proposal: ProposalId::from_bytes([0; 32]),
                    subject: &proposal,
                    initiator: officer.officer.id(),
                    proposed: view.now,
                };
                let uses = match policy::recheck(&treasury.adoption.policy, &facts, &request) {
                    Ok(uses) => uses,
                    Err(reasons) => reasons.iter().filter_map(over).collect(),
                };
                for used in uses {
                    found.insert(format!("{}{}", used.limit, used.bucket), used);
                }
            }
        }
    }
    found.into_values().collect()
}

fn over(reason: &Reason) -> Option<LimitUse> {
    match reason {
        Reason::OverLimit(used) => Some(used.as_ref().clone()),
        Reason::Fact(_)
        | Reason::Denied { .. }
        | Reason::NoLane { .. }
        | Reason::NoGovernance(_)
        | Reason::Unreachable { .. }
        | Reason::Expired { .. }
        | Reason::BadPolicy(_)
        | Reason::LocksOut { .. }
        | Reason::OfficerNameTaken(_)
        | Reason::VaultNameTaken(_)
        | Reason::AddressTaken(_)
        | Reason::AssetKnown(_)
        | Reason::AssetTaken(_)
        | Reason::AssetDeclaredOtherwise { .. }
        | Reason::PolicyContradictsRegistry { .. } => None,
    }
}

/// Everybody who could be paid from a vault: the address book, and an address that is not in it.
fn payees(view: &View, id: VaultId, vault: &VaultRecord) -> Vec<(Option<Name>, Address)> {
    let network = vault.plan.network();
    let known = view
        .treasury()
        .payees
        .iter()
        .filter(|(_, payee)| payee.address.network() == network)
        .map(|(name, payee)| (Some(name.clone()), payee.address.clone()));
    let stranger = vault
        .view(id)
        .and_then(|vault| vault.keys().ok())
        .and_then(|keys| {
            let path = ChildPath::new(ChildPath::RECEIVE, 0).ok()?;
            keys.paid_at(path).ok()
        })
        .map(|address| (None, address));
    known.chain(stranger).collect()
}

/// The least that can be paid of each asset of a network, and the least fee for it.
fn smallest_amounts(view: &View, network: Network) -> Vec<(Amount, Amount)> {
    let Some(chain) = network.chain_id() else {
        let fee = Sats::new(1).map(Amount::Btc);
        let dust = Amount::Btc(Sats::DUST);
        return fee.map(|fee| (dust, fee)).into_iter().collect();
    };
    let one = |coin: Coin| Amount::Evm(coin, U256::ONE);
    let coins = || crate::payees::coins(view.treasury(), chain);
    let Some(native) = coins().find(Coin::is_native) else {
        return Vec::new();
    };
    coins().map(|coin| (one(coin), one(native))).collect()
}

fn smallest(
    view: &View,
    vault: VaultId,
    (payee, address): &(Option<Name>, Address),
    amount: Amount,
    fee: Amount,
) -> Option<Proposal> {
    let leg = Leg {
        payee: payee.clone(),
        address: address.clone(),
        amount,
    };
    let payout = Payout::new(vault, vec![leg], fee, Note::new("").ok()?).ok()?;
    Some(Proposal {
        subject: Subject::Payout(payout),
        expires: view.now.plus(Span::from_secs(3600)),
        nonce: HexBytes(vec![0; 16]),
    })
}

fn standing(used: &LimitUse) -> Standing {
    let (so_far, allowed) = match used.tally {
        Tally::Amount { used, cap, .. } => (used.to_string(), cap.to_string()),
        Tally::Count { used, cap, .. } => (used.to_string(), format!("{cap} payouts")),
    };
    Standing {
        limit: format!("{}{}", used.limit, used.bucket),
        used: so_far,
        allowed,
        window: used.window,
    }
}

/// How much of a limit is used with what is added, of a hundred, rounded up; more than a hundred where it
/// is passed.
pub fn percent(used: &LimitUse) -> u32 {
    let share = |used: U256, adds: U256, cap: U256| {
        if cap.is_zero() {
            return U256::from(101);
        }
        let all = used.saturating_add(adds);
        let most = U256::from(999);
        all.checked_mul(U256::from(100))
            .map_or(most, |hundredfold| hundredfold.div_ceil(cap).min(most))
    };
    let share = match used.tally {
        Tally::Amount { used, adds, cap } => share(used.units(), adds.units(), cap.units()),
        Tally::Count { used, adds, cap } => {
            share(U256::from(used), U256::from(adds), U256::from(cap))
        }
    };
    u32::try_from(share).unwrap_or(999)
}
