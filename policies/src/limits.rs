//! Limits: what counts, how much is used, and when it frees.

use std::fmt;

use domain::{Amount, Asset, BtcAddress, Leg, Name, Span, Timestamp};

use crate::facts::{Facts, Use, UseState};
use crate::fault::FactFault;
use crate::policy::{Cap, Limit, Per};
use crate::scope::{Payee, Scope};
use crate::view::{LegView, View, units};
use crate::words;

/// How much of a limit is used and what a payout would add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitUse {
    /// The statement.
    pub limit: Name,
    /// What shares the cap.
    pub bucket: Bucket,
    /// The numbers.
    pub tally: Tally,
    /// The rolling window.
    pub window: Span,
    /// When this payout would fit, other things being equal.
    pub frees: Frees,
}

/// What shares one cap.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bucket {
    /// Everything in the limit's scope.
    Scope,
    /// One vault.
    Vault(Name),
    /// One asset.
    Asset(Asset),
    /// One payee of the address book.
    Payee(Name),
    /// One address that is not in the address book.
    Address(BtcAddress),
    /// One initiator.
    Initiator(Name),
}

/// Used, added, cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tally {
    /// Of an asset, fees included.
    Amount {
        /// What others reserved or settled.
        used: Sum,
        /// What this payout adds.
        adds: Sum,
        /// What is allowed.
        cap: Sum,
    },
    /// Of payouts.
    Count {
        /// Others.
        used: u64,
        /// What is allowed.
        cap: u64,
    },
}

/// A sum of an asset, which over many payouts can be more than exists at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sum {
    asset: Asset,
    units: u128,
}

/// When a payout would fit under a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Frees {
    /// It fits.
    Fits,
    /// At this time, if nothing else is spent before.
    At(Timestamp),
    /// Only after payouts that are reserved have settled and the window has passed, or were released.
    AfterReserved,
    /// Never: it is more than the cap by itself.
    Never,
}

impl Sum {
    /// The asset.
    pub const fn asset(self) -> Asset {
        self.asset
    }

    /// Base units.
    pub const fn units(self) -> u128 {
        self.units
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}",
            words::decimal(self.units, self.asset.decimals()),
            self.asset
        )
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bucket::Scope => Ok(()),
            Bucket::Vault(name) => write!(f, " for vault `{name}`"),
            Bucket::Asset(asset) => write!(f, " for {asset}"),
            Bucket::Payee(name) => write!(f, " for payee `{name}`"),
            Bucket::Address(address) => write!(f, " for unknown payee {address}"),
            Bucket::Initiator(name) => write!(f, " for initiator `{name}`"),
        }
    }
}

impl fmt::Display for LimitUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            limit,
            bucket,
            tally,
            window,
            frees,
        } = self;
        write!(f, "limit `{limit}`{bucket}: ")?;
        match tally {
            Tally::Amount { used, adds, cap } => {
                write!(
                    f,
                    "{used} used in {window}, this payout adds {adds} with its fee cap, {cap} allowed"
                )?;
            }
            Tally::Count { used, cap } => {
                write!(
                    f,
                    "{used} used in {window}, this payout adds 1, {cap} allowed"
                )?;
            }
        }
        match frees {
            Frees::Fits => Ok(()),
            Frees::At(time) => write!(f, "; frees at {time}"),
            Frees::AfterReserved => f.write_str(
                "; frees when reserved payouts have settled and left the window, or are released",
            ),
            Frees::Never => f.write_str("; it would never fit, it is over the limit by itself"),
        }
    }
}

impl LimitUse {
    /// The refusal it is, unless the payout fits.
    pub(crate) fn is_over(&self) -> bool {
        match self.frees {
            Frees::Fits => false,
            Frees::At(_) | Frees::AfterReserved | Frees::Never => true,
        }
    }
}

/// How a payout stands under a limit, once for each bucket it touches; nothing when it is not in the
/// limit's scope. `own` is the payout's own reservation, which does not count.
pub(crate) fn standing(
    limit: &Limit,
    view: &View<'_>,
    facts: &Facts,
    own: domain::ProposalId,
) -> Result<Vec<LimitUse>, FactFault> {
    if limit.scope.payout_mismatch(view).is_some() {
        return Ok(Vec::new());
    }
    let legs: Vec<&LegView<'_>> = view
        .legs
        .iter()
        .filter(|leg| limit.scope.leg_mismatch(leg).is_none())
        .collect();
    let mut buckets: Vec<Bucket> = Vec::new();
    for leg in &legs {
        let bucket = bucket_of(limit.per, view, leg);
        if !buckets.contains(&bucket) {
            buckets.push(bucket);
        }
    }
    let others: Vec<&Use> = facts
        .uses
        .iter()
        .filter(|used| used.proposal != own)
        .collect();
    buckets
        .into_iter()
        .map(|bucket| in_bucket(limit, view, facts, &legs, &others, bucket))
        .collect()
}

fn bucket_of(per: Per, view: &View<'_>, leg: &LegView<'_>) -> Bucket {
    match per {
        Per::Scope => Bucket::Scope,
        Per::Vault => Bucket::Vault(view.vault.name.clone()),
        Per::Asset => Bucket::Asset(leg.leg.amount.asset()),
        Per::Payee => match &leg.payee {
            Payee::Known(name) => Bucket::Payee(name.clone()),
            Payee::Unknown => Bucket::Address(leg.leg.address.clone()),
        },
        Per::Initiator => Bucket::Initiator(view.initiator.clone()),
    }
}

/// One use's share of a bucket.
struct Counted {
    quantity: u128,
    state: UseState,
    at: Timestamp,
}

fn in_bucket(
    limit: &Limit,
    view: &View<'_>,
    facts: &Facts,
    legs: &[&LegView<'_>],
    others: &[&Use],
    bucket: Bucket,
) -> Result<LimitUse, FactFault> {
    let mut counted = Vec::new();
    for used in others {
        let gone = used.state == UseState::Settled && used.at.plus(limit.window) <= facts.now;
        let quantity = share(limit, facts, used, &bucket)?;
        if let (Some(quantity), false) = (quantity, gone) {
            counted.push(Counted {
                quantity,
                state: used.state,
                at: used.at,
            });
        }
    }
    let mine = legs
        .iter()
        .filter(|leg| bucket_of(limit.per, view, leg) == bucket);
    let adds = quantity(
        limit.cap,
        mine.map(|leg| leg.leg.amount),
        Amount::Btc(view.payout.fee_cap()),
    )?;
    let cap = match limit.cap {
        Cap::Amount(amount) => u128::from(units(amount)),
        Cap::Count(count) => u128::from(count),
    };
    let used = sum(counted.iter().map(|one| one.quantity))?;
    let frees = frees(counted, used, adds, cap, limit.window)?;
    let tally = match limit.cap {
        Cap::Amount(amount) => {
            let of = |units| Sum {
                asset: amount.asset(),
                units,
            };
            Tally::Amount {
                used: of(used),
                adds: of(adds),
                cap: of(cap),
            }
        }
        Cap::Count(count) => Tally::Count {
            used: u64::try_from(used).map_err(|_| FactFault::Sum)?,
            cap: count.into(),
        },
    };
    Ok(LimitUse {
        limit: limit.name.clone(),
        bucket,
        tally,
        window: limit.window,
        frees,
    })
}

/// What a use takes of a bucket; nothing when no leg of it is in the bucket.
fn share(
    limit: &Limit,
    facts: &Facts,
    used: &Use,
    bucket: &Bucket,
) -> Result<Option<u128>, FactFault> {
    let vault = facts.vaults.get(&used.vault).ok_or(FactFault::History)?;
    let initiator = facts.person(&used.initiator).ok_or(FactFault::History)?;
    let scope = &limit.scope;
    let about_payout = scope.vaults.set.contains(&vault.name)
        && scope.chains.set.contains(&vault.network)
        && scope.initiators.set.contains(initiator);
    let in_bucket = match bucket {
        Bucket::Vault(name) => *name == vault.name,
        Bucket::Initiator(name) => name == initiator,
        Bucket::Scope | Bucket::Asset(_) | Bucket::Payee(_) | Bucket::Address(_) => true,
    };
    if !about_payout || !in_bucket {
        return Ok(None);
    }
    let legs: Vec<Amount> = used
        .legs
        .iter()
        .filter(|leg| paid_in_scope(scope, facts, used, leg) && paid_in_bucket(facts, leg, bucket))
        .map(|leg| leg.amount)
        .collect();
    if legs.is_empty() {
        return Ok(None);
    }
    quantity(limit.cap, legs.into_iter(), used.fee).map(Some)
}

/// The legs' sum in the cap's asset and the fee, if that is the same asset: the fee counts in full in
/// every bucket that the payout touches. Or one payout.
fn quantity(cap: Cap, legs: impl Iterator<Item = Amount>, fee: Amount) -> Result<u128, FactFault> {
    match cap {
        Cap::Count(_) => Ok(1),
        Cap::Amount(cap) => sum(legs
            .chain([fee])
            .filter(|amount| amount.asset() == cap.asset())
            .map(|amount| units(amount).into())),
    }
}

/// Whether a leg of the past counts for a scope. Where it is not sure who was paid, for the address
/// book changed since, it counts under each name: a limit errs to the safe side.
fn paid_in_scope(scope: &Scope, facts: &Facts, used: &Use, leg: &Leg) -> bool {
    let known = |name: &Name| scope.payees.set.contains(&Payee::Known(name.clone()));
    let today = facts.payee_at(&leg.address);
    let was_unknown = leg.payee.is_none() && today.is_none_or(|(_, entry)| entry.since > used.at);
    let paid = leg.payee.as_ref().is_some_and(known)
        || today.is_some_and(|(name, _)| known(name))
        || (was_unknown && scope.payees.set.contains(&Payee::Unknown));
    paid && scope.assets.set.contains(&leg.amount.asset())
}

fn paid_in_bucket(facts: &Facts, leg: &Leg, bucket: &Bucket) -> bool {
    match bucket {
        Bucket::Scope | Bucket::Vault(_) | Bucket::Initiator(_) => true,
        Bucket::Asset(asset) => leg.amount.asset() == *asset,
        Bucket::Payee(name) => {
            leg.payee.as_ref() == Some(name)
                || facts
                    .payee_at(&leg.address)
                    .is_some_and(|(owner, _)| owner == name)
        }
        Bucket::Address(address) => leg.address == *address,
    }
}

fn sum(mut all: impl Iterator<Item = u128>) -> Result<u128, FactFault> {
    all.try_fold(0_u128, u128::checked_add)
        .ok_or(FactFault::Sum)
}

/// The earliest time at which enough settled uses have left the window.
fn frees(
    mut counted: Vec<Counted>,
    used: u128,
    adds: u128,
    cap: u128,
    window: Span,
) -> Result<Frees, FactFault> {
    let fits = |used: u128| {
        used.checked_add(adds)
            .map(|sum| sum <= cap)
            .ok_or(FactFault::Sum)
    };
    if fits(used)? {
        return Ok(Frees::Fits);
    }
    if !fits(0)? {
        return Ok(Frees::Never);
    }
    counted.sort_by_key(|one| one.at);
    let mut left = used;
    for one in counted {
        match one.state {
            UseState::Reserved => {}
            UseState::Settled => {
                left = left.saturating_sub(one.quantity);
                if fits(left)? {
                    return Ok(Frees::At(one.at.plus(window)));
                }
            }
        }
    }
    Ok(Frees::AfterReserved)
}
