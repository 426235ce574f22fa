//! Limits: what counts, how much is used, and when it frees.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use domain::{Address, Amount, Asset, Leg, Name, ProposalId, Span, Timestamp, U256};

use crate::facts::{Facts, Use, UseState};
use crate::fault::FactFault;
use crate::policy::{Cap, Limit, Per};
use crate::scope::{Bundle, Payee, Scope};
use crate::set::Finite;
use crate::view::{Book, LegView, View};

/// How much of a limit is used and what a payout or batch would add.
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
    /// Whether one payout is judged or a batch as one.
    pub bundle: Bundle,
    /// When this payout or batch would fit, other things being equal.
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
    Address(Address),
    /// One initiator.
    Initiator(Name),
}

/// Used, added, cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "there are few at a time, and a copy is simpler to read than a box"
)]
pub enum Tally {
    /// Of an asset, fees included.
    Amount {
        /// What others reserved or settled.
        used: Sum,
        /// What this payout adds, or all payouts of this batch.
        adds: Sum,
        /// What is allowed.
        cap: Sum,
    },
    /// Of payouts.
    Count {
        /// Others.
        used: u64,
        /// What this adds: one payout, or those of the batch.
        adds: u64,
        /// What is allowed.
        cap: u64,
    },
}

/// A sum of an asset, which over many payouts can be more than exists at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sum {
    asset: Asset,
    units: U256,
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
    pub const fn units(self) -> U256 {
        self.units
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.asset.decimal(self.units), self.asset)
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
            bundle,
            frees,
        } = self;
        write!(f, "limit `{limit}`{bucket}: ")?;
        match tally {
            Tally::Amount { used, adds, cap } => {
                let fees = match (crate::assets::pays_fees(cap.asset()), bundle) {
                    (true, Bundle::One) => " with its fee cap",
                    (true, Bundle::Batch) => " with its fee caps",
                    (false, Bundle::One | Bundle::Batch) => "",
                };
                write!(
                    f,
                    "{used} used in {window}, this {bundle} adds {adds}{fees}, {cap} allowed"
                )?;
            }
            Tally::Count { used, adds, cap } => {
                write!(
                    f,
                    "{used} used in {window}, this {bundle} adds {adds}, {cap} allowed"
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

/// How an order stands under a limit, once for each bucket it touches; nothing when it is not in the
/// limit's scope, or adds nothing of what the limit caps. `own` is its own proposal, whose reservations
/// do not count.
pub(crate) fn standing(
    limit: &Limit,
    view: &View<'_>,
    facts: &Facts,
    own: ProposalId,
) -> Result<Vec<LimitUse>, FactFault> {
    let added = added(limit, view)?;
    if added.is_empty() {
        return Ok(Vec::new());
    }
    let mut past = past(limit, &view.book, facts, own)?;
    added
        .into_iter()
        .map(|(bucket, adds)| {
            let counted = past.remove(&bucket).unwrap_or_default();
            in_bucket(limit, view.bundle, bucket, counted, adds)
        })
        .collect()
}

/// What an order adds to each bucket, in the order in which it touches them. Each payout counts with its
/// fee cap in every bucket that a leg of it is in.
fn added(limit: &Limit, view: &View<'_>) -> Result<Vec<(Bucket, U256)>, FactFault> {
    let mut order = Vec::new();
    let mut sums: BTreeMap<Bucket, U256> = BTreeMap::new();
    for item in &view.items {
        let mut legs: BTreeMap<Bucket, Vec<Amount>> = BTreeMap::new();
        for leg in limit.scope.legs(view, item) {
            let bucket = bucket_of(limit.per, view, leg);
            if !sums.contains_key(&bucket) && !legs.contains_key(&bucket) {
                order.push(bucket.clone());
            }
            legs.entry(bucket).or_default().push(leg.leg.amount);
        }
        for (bucket, legs) in legs {
            if let Some(quantity) = quantity(limit.cap, &legs, item.fee_cap)? {
                let sum = sums.entry(bucket).or_default();
                *sum = sum.checked_add(quantity).ok_or(FactFault::Sum)?;
            }
        }
    }
    let with_sum = |bucket: Bucket| sums.remove(&bucket).map(|sum| (bucket, sum));
    Ok(order.into_iter().filter_map(with_sum).collect())
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
    quantity: U256,
    state: UseState,
    at: Timestamp,
}

fn in_bucket(
    limit: &Limit,
    bundle: Bundle,
    bucket: Bucket,
    counted: Vec<Counted>,
    adds: U256,
) -> Result<LimitUse, FactFault> {
    let cap = match limit.cap {
        Cap::Amount(amount) => amount.units(),
        Cap::Count(count) => U256::from(count),
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
            adds: u64::try_from(adds).map_err(|_| FactFault::Sum)?,
            cap: count.into(),
        },
    };
    Ok(LimitUse {
        limit: limit.name.clone(),
        bucket,
        tally,
        window: limit.window,
        bundle,
        frees,
    })
}

/// What the uses in a limit's scope take of each bucket, without those that left the window.
fn past(
    limit: &Limit,
    book: &Book<'_>,
    facts: &Facts,
    own: ProposalId,
) -> Result<BTreeMap<Bucket, Vec<Counted>>, FactFault> {
    let mut past: BTreeMap<Bucket, Vec<Counted>> = BTreeMap::new();
    for used in facts.uses.iter().filter(|used| used.proposal != own) {
        for (bucket, legs) in shares(limit, book, facts, used)? {
            let gone = used.state == UseState::Settled && used.at.plus(limit.window) <= facts.now;
            let quantity = quantity(limit.cap, &legs, used.fee)?;
            if let (Some(quantity), false) = (quantity, gone) {
                past.entry(bucket).or_default().push(Counted {
                    quantity,
                    state: used.state,
                    at: used.at,
                });
            }
        }
    }
    Ok(past)
}

/// The legs of a use that count for a limit, by bucket; none in a bucket that only its fee counts for.
fn shares(
    limit: &Limit,
    book: &Book<'_>,
    facts: &Facts,
    used: &Use,
) -> Result<BTreeMap<Bucket, Vec<Amount>>, FactFault> {
    let vault = facts.vaults.get(&used.vault).ok_or(FactFault::History)?;
    let initiator = facts.person(&used.initiator).ok_or(FactFault::History)?;
    let scope = &limit.scope;
    let about_payout = scope.vaults.set.contains(&vault.name)
        && scope.chains.set.contains(&vault.network)
        && scope.initiators.set.contains(initiator);
    let mut shares: BTreeMap<Bucket, Vec<Amount>> = BTreeMap::new();
    if !about_payout {
        return Ok(shares);
    }
    if used.legs.is_empty() && costs_in_scope(scope, used.fee) {
        let bucket = match limit.per {
            Per::Scope => Some(Bucket::Scope),
            Per::Vault => Some(Bucket::Vault(vault.name.clone())),
            Per::Initiator => Some(Bucket::Initiator(initiator.clone())),
            Per::Asset => Some(Bucket::Asset(used.fee.asset())),
            Per::Payee => None,
        };
        shares.extend(bucket.map(|bucket| (bucket, Vec::new())));
    }
    for leg in &used.legs {
        if !paid_in_scope(scope, book, used, leg) {
            continue;
        }
        let buckets = match limit.per {
            Per::Scope => [Bucket::Scope].into(),
            Per::Vault => [Bucket::Vault(vault.name.clone())].into(),
            Per::Initiator => [Bucket::Initiator(initiator.clone())].into(),
            Per::Asset => [Bucket::Asset(leg.amount.asset())].into(),
            Per::Payee => paid(book, leg),
        };
        for bucket in buckets {
            shares.entry(bucket).or_default().push(leg.amount);
        }
    }
    Ok(shares)
}

/// The legs' sum in the cap's asset and the fee, if that is the same asset: the fee counts in full in
/// every bucket that the payout touches. Or one payout, if it pays anybody. Nothing when none of it is
/// of the cap's asset.
fn quantity(cap: Cap, legs: &[Amount], fee: Amount) -> Result<Option<U256>, FactFault> {
    match cap {
        Cap::Count(_) => Ok((!legs.is_empty()).then_some(U256::ONE)),
        Cap::Amount(cap) => {
            let counted: Vec<U256> = legs
                .iter()
                .chain([&fee])
                .filter(|amount| amount.asset() == cap.asset())
                .map(|amount| amount.units())
                .collect();
            if counted.is_empty() {
                return Ok(None);
            }
            sum(counted.into_iter()).map(Some)
        }
    }
}

/// Whether a leg of the past counts for a scope. Where it is not sure who was paid, for the address
/// book changed since, it counts under each name: a limit errs to the safe side.
fn paid_in_scope(scope: &Scope, book: &Book<'_>, used: &Use, leg: &Leg) -> bool {
    let known = |name: &Name| scope.payees.set.contains(&Payee::Known(name.clone()));
    let owners = book.owners(&leg.address);
    let entered_later = owners.iter().any(|(_, entry)| entry.since > used.at);
    let was_unknown = leg.payee.is_none() && (owners.is_empty() || entered_later);
    let paid = leg.payee.as_ref().is_some_and(known)
        || owners.iter().any(|(name, _)| known(name))
        || (was_unknown && scope.payees.set.contains(&Payee::Unknown));
    paid && scope.assets.set.contains(&leg.amount.asset())
}

/// Whether a fee of what paid nobody counts for a scope: unless that asks who is paid.
fn costs_in_scope(scope: &Scope, fee: Amount) -> bool {
    scope.payees.set.covers(&Finite::all()) && scope.assets.set.contains(&fee.asset())
}

/// Everybody that a leg of the past may have paid: who it says, who has the address today, the address.
fn paid(book: &Book<'_>, leg: &Leg) -> BTreeSet<Bucket> {
    let owners = book.owners(&leg.address).iter().map(|(name, _)| *name);
    owners
        .chain(&leg.payee)
        .cloned()
        .map(Bucket::Payee)
        .chain([Bucket::Address(leg.address.clone())])
        .collect()
}

fn sum(mut all: impl Iterator<Item = U256>) -> Result<U256, FactFault> {
    all.try_fold(U256::ZERO, U256::checked_add)
        .ok_or(FactFault::Sum)
}

/// The earliest time at which enough settled uses have left the window.
fn frees(
    mut counted: Vec<Counted>,
    used: U256,
    adds: U256,
    cap: U256,
    window: Span,
) -> Result<Frees, FactFault> {
    let fits = |used: U256| {
        used.checked_add(adds)
            .map(|sum| sum <= cap)
            .ok_or(FactFault::Sum)
    };
    if fits(used)? {
        return Ok(Frees::Fits);
    }
    if !fits(U256::ZERO)? {
        return Ok(Frees::Never);
    }
    counted.sort_by_key(|one| one.at);
    let mut left = used;
    for one in counted {
        match one.state {
            UseState::Reserved => {}
            UseState::Settled => {
                left = left.checked_sub(one.quantity).ok_or(FactFault::Sum)?;
                if fits(left)? {
                    return Ok(Frees::At(one.at.plus(window)));
                }
            }
        }
    }
    Ok(Frees::AfterReserved)
}
