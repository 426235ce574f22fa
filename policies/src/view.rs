//! A payout joined with the facts about it: who each address belongs to, from which vault, by whom.

use std::collections::BTreeSet;

use domain::{Amount, Asset, Leg, Name, Payout, Span, Timestamp};

use crate::facts::{Facts, PayeeFact, Request, VaultFact};
use crate::fault::FactFault;
use crate::reason::{Reason, Reasons};
use crate::scope::{LegNumber, Payee};

/// A payout as a policy sees it.
#[derive(Debug)]
pub(crate) struct View<'a> {
    pub(crate) payout: &'a Payout,
    pub(crate) vault: &'a VaultFact,
    pub(crate) asset: Asset,
    pub(crate) initiator: &'a Name,
    pub(crate) now: Timestamp,
    pub(crate) total: Amount,
    pub(crate) legs: Vec<LegView<'a>>,
}

/// A leg as a policy sees it.
#[derive(Debug)]
pub(crate) struct LegView<'a> {
    pub(crate) number: LegNumber,
    pub(crate) leg: &'a Leg,
    pub(crate) payee: Payee,
    /// How long the address book has held this address; zero when it does not.
    pub(crate) age: Span,
}

impl<'a> View<'a> {
    /// Joins a payout with the facts; what does not fit is told, all of it.
    pub(crate) fn of(
        payout: &'a Payout,
        facts: &'a Facts,
        request: &Request<'_>,
        mut reasons: Vec<Reason>,
    ) -> Result<Self, Reasons> {
        reasons.extend(shared_names(facts));
        let Some(initiator) = facts.officers.get(&request.initiator) else {
            return Err(Reasons::ending(
                reasons,
                FactFault::Initiator(request.initiator),
            ));
        };
        let Some(vault) = facts.vaults.get(&payout.vault()) else {
            return Err(Reasons::ending(reasons, FactFault::Vault(payout.vault())));
        };
        let Ok(total) = payout.total() else {
            return Err(Reasons::ending(reasons, FactFault::Sum));
        };
        let mut legs = Vec::with_capacity(payout.legs().len());
        for (index, leg) in payout.legs().iter().enumerate() {
            match LegView::of(LegNumber::at(index), leg, vault, facts) {
                Ok(leg) => legs.push(leg),
                Err(fault) => reasons.push(fault.into()),
            }
        }
        Reasons::of(reasons).map_or(
            Ok(Self {
                payout,
                vault,
                asset: payout.asset(),
                initiator,
                now: facts.now,
                total,
                legs,
            }),
            Err,
        )
    }

    /// Minutes since Monday 00:00 UTC.
    pub(crate) fn minute_of_week(&self) -> u64 {
        u64::from(self.now.weekday_utc()) * 1440 + u64::from(self.now.minute_of_day_utc())
    }

    /// For example `fri 10:15 UTC`.
    pub(crate) fn time_of_week(&self) -> String {
        let minute = self.now.minute_of_day_utc();
        let day = crate::read::DAYS
            .get(usize::from(self.now.weekday_utc()))
            .copied()
            .unwrap_or_default();
        format!("{day} {:02}:{:02} UTC", minute / 60, minute % 60)
    }

    pub(crate) const fn total_units(&self) -> u64 {
        units(self.total)
    }
}

impl<'a> LegView<'a> {
    fn of(
        number: LegNumber,
        leg: &'a Leg,
        vault: &VaultFact,
        facts: &'a Facts,
    ) -> Result<Self, FactFault> {
        if leg.address.network() != vault.network {
            return Err(FactFault::Network {
                leg: number,
                address: leg.address.network(),
                vault: vault.network,
            });
        }
        let owner = sole_owner(number, leg, facts)?;
        stated(number, leg, owner, facts)?;
        let Some((name, entry)) = owner else {
            return Ok(Self {
                number,
                leg,
                payee: Payee::Unknown,
                age: Span::ZERO,
            });
        };
        if entry.since > facts.now {
            return Err(FactFault::ClockBehind {
                what: "the payee's entry",
                at: entry.since,
                now: facts.now,
            });
        }
        Ok(Self {
            number,
            leg,
            payee: Payee::Known(name.clone()),
            age: facts.now.since(entry.since),
        })
    }

    pub(crate) const fn units(&self) -> u64 {
        units(self.leg.amount)
    }

    /// The payee's name, or the address of one without.
    pub(crate) fn whom(&self) -> String {
        match &self.payee {
            Payee::Known(name) => name.to_string(),
            Payee::Unknown => format!("unknown ({})", self.leg.address),
        }
    }
}

pub(crate) const fn units(amount: Amount) -> u64 {
    match amount {
        Amount::Btc(sats) => sats.get(),
    }
}

/// Whose address a leg pays. An address under two names would be nobody's.
fn sole_owner<'a>(
    leg_number: LegNumber,
    leg: &Leg,
    facts: &'a Facts,
) -> Result<Option<(&'a Name, &'a PayeeFact)>, FactFault> {
    let mut owners = facts
        .payees
        .iter()
        .filter(|(_, entry)| entry.address == leg.address);
    match (owners.next(), owners.next()) {
        (Some((first, _)), Some((second, _))) => Err(FactFault::SharedAddress {
            leg: leg_number,
            first: first.clone(),
            second: second.clone(),
        }),
        (owner, _) => Ok(owner),
    }
}

/// A leg that names a payee must pay that payee's address: approvers saw the name.
fn stated(
    leg_number: LegNumber,
    leg: &Leg,
    owner: Option<(&Name, &PayeeFact)>,
    facts: &Facts,
) -> Result<(), FactFault> {
    let Some(stated) = &leg.payee else {
        return Ok(());
    };
    if owner.is_some_and(|(name, _)| name == stated) {
        return Ok(());
    }
    if facts.payees.contains_key(stated) {
        return Err(FactFault::OtherAddress {
            leg: leg_number,
            payee: stated.clone(),
        });
    }
    Err(FactFault::NotInBook {
        leg: leg_number,
        payee: stated.clone(),
    })
}

/// Policies speak of officers and vaults by name, so a name must mean one.
pub(crate) fn shared_names(facts: &Facts) -> Vec<Reason> {
    let officers = repeated(facts.officers.values()).map(FactFault::SharedOfficerName);
    let vaults =
        repeated(facts.vaults.values().map(|vault| &vault.name)).map(FactFault::SharedVaultName);
    officers.chain(vaults).map(Reason::Fact).collect()
}

fn repeated<'a>(names: impl Iterator<Item = &'a Name>) -> impl Iterator<Item = Name> {
    let mut seen = BTreeSet::new();
    names.filter(move |name| !seen.insert(*name)).cloned()
}
