//! A payout joined with the facts about it: who each address belongs to, from which vault, by whom.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Address, Amount, Asset, Leg, Name, Payout, Span, Timestamp, VaultId};

use crate::assets::{self, Assets};
use crate::facts::{Facts, PayeeFact, Request, VaultFact};
use crate::fault::FactFault;
use crate::reason::{Reason, Reasons};
use crate::scope::{Bundle, LegNumber, Payee};

/// Payouts that are decided as one: a payout, or all of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order<'a> {
    pub(crate) bundle: Bundle,
    pub(crate) vault: VaultId,
    pub(crate) payouts: &'a [Payout],
}

/// An order as a policy sees it.
#[derive(Debug)]
pub(crate) struct View<'a> {
    pub(crate) bundle: Bundle,
    pub(crate) vault: &'a VaultFact,
    pub(crate) initiator: &'a Name,
    pub(crate) now: Timestamp,
    pub(crate) items: Vec<Item<'a>>,
    pub(crate) book: Book<'a>,
}

/// A payout as a policy sees it.
#[derive(Debug)]
pub(crate) struct Item<'a> {
    /// Its place in a batch.
    pub(crate) number: Option<LegNumber>,
    pub(crate) asset: Asset,
    /// The sum of all legs of the order that pay the same asset: a payout is not smaller for being
    /// split over a batch.
    pub(crate) total: Amount,
    pub(crate) fee_cap: Amount,
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

/// The address book, by address.
#[derive(Debug)]
pub(crate) struct Book<'a>(BTreeMap<&'a Address, Vec<(&'a Name, &'a PayeeFact)>>);

impl<'a> Book<'a> {
    fn of(facts: &'a Facts) -> Self {
        let mut book: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (name, entry) in &facts.payees {
            book.entry(&entry.address).or_default().push((name, entry));
        }
        Self(book)
    }

    /// The names that the book has for an address; more than one is refused in a payout.
    pub(crate) fn owners(&self, address: &Address) -> &[(&'a Name, &'a PayeeFact)] {
        self.0.get(address).map_or(&[], Vec::as_slice)
    }
}

impl<'a> View<'a> {
    /// Joins an order with the facts; what does not fit is told, all of it.
    pub(crate) fn of(
        order: Order<'a>,
        declared: &Assets,
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
        let Some(vault) = facts.vaults.get(&order.vault) else {
            return Err(Reasons::ending(reasons, FactFault::Vault(order.vault)));
        };
        let totals = match totals(order.payouts) {
            Ok(totals) => totals,
            Err(fault) => return Err(Reasons::ending(reasons, fault)),
        };
        let assets = order
            .payouts
            .iter()
            .flat_map(|payout| [payout.asset(), payout.fee_cap().asset()]);
        reasons.extend(unknown_assets(assets.collect(), declared, facts));
        let book = Book::of(facts);
        let mut items = Vec::with_capacity(order.payouts.len());
        for (index, payout) in order.payouts.iter().enumerate() {
            match Item::of(order.bundle, index, payout, &totals, vault, &book, facts) {
                Ok(item) => items.push(item),
                Err(faults) => reasons.extend(faults.into_iter().map(Reason::Fact)),
            }
        }
        Reasons::of(reasons).map_or(
            Ok(Self {
                bundle: order.bundle,
                vault,
                initiator,
                now: facts.now,
                items,
                book,
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
}

impl<'a> Item<'a> {
    fn of(
        bundle: Bundle,
        index: usize,
        payout: &'a Payout,
        totals: &BTreeMap<Asset, Amount>,
        vault: &VaultFact,
        book: &Book<'a>,
        facts: &Facts,
    ) -> Result<Self, Vec<FactFault>> {
        let mut legs = Vec::with_capacity(payout.legs().len());
        let mut faults = Vec::new();
        for (place, leg) in payout.legs().iter().enumerate() {
            let number = match bundle {
                Bundle::One => LegNumber::at(bundle, place),
                Bundle::Batch => LegNumber::at(bundle, index),
            };
            match LegView::of(number, leg, vault, book, facts) {
                Ok(leg) => legs.push(leg),
                Err(fault) => faults.push(fault),
            }
        }
        let asset = payout.asset();
        match totals.get(&asset) {
            Some(total) if faults.is_empty() => Ok(Self {
                number: match bundle {
                    Bundle::One => None,
                    Bundle::Batch => Some(LegNumber::at(bundle, index)),
                },
                asset,
                total: *total,
                fee_cap: payout.fee_cap(),
                legs,
            }),
            Some(_) => Err(faults),
            None => Err(vec![FactFault::Sum]),
        }
    }
}

impl<'a> LegView<'a> {
    fn of(
        number: LegNumber,
        leg: &'a Leg,
        vault: &VaultFact,
        book: &Book<'a>,
        facts: &Facts,
    ) -> Result<Self, FactFault> {
        if leg.address.network() != vault.network {
            return Err(FactFault::Network {
                leg: number,
                address: leg.address.network(),
                vault: vault.network,
            });
        }
        let owner = sole_owner(number, leg, book)?;
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

    /// The payee's name, or the address of one without.
    pub(crate) fn whom(&self) -> String {
        match &self.payee {
            Payee::Known(name) => name.to_string(),
            Payee::Unknown => format!("unknown ({})", self.leg.address),
        }
    }
}

/// What an order pays of each asset, without the fees.
fn totals(payouts: &[Payout]) -> Result<BTreeMap<Asset, Amount>, FactFault> {
    let mut totals = BTreeMap::new();
    for payout in payouts {
        let asset = payout.asset();
        let sum = totals.entry(asset).or_insert(Amount::zero(asset));
        let total = payout.total().map_err(|_| FactFault::Sum)?;
        *sum = sum.plus(total).map_err(|_| FactFault::Sum)?;
    }
    Ok(totals)
}

/// Assets that are paid, or that fees are paid in, and are not exactly as governance entered them; each
/// once.
pub(crate) fn unknown_assets(
    assets: BTreeSet<Asset>,
    declared: &Assets,
    facts: &Facts,
) -> impl Iterator<Item = Reason> {
    assets
        .into_iter()
        .filter_map(|asset| assets::fault(asset, declared, facts))
        .map(Reason::Fact)
}

/// Whose address a leg pays. An address under two names would be nobody's.
fn sole_owner<'a>(
    leg_number: LegNumber,
    leg: &Leg,
    book: &Book<'a>,
) -> Result<Option<(&'a Name, &'a PayeeFact)>, FactFault> {
    match book.owners(&leg.address) {
        [(first, _), (second, _), ..] => Err(FactFault::SharedAddress {
            leg: leg_number,
            first: (*first).clone(),
            second: (*second).clone(),
        }),
        [owner] => Ok(Some(*owner)),
        [] => Ok(None),
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
