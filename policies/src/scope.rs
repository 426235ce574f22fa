//! What a statement is about: a product of sets and intervals.

use std::fmt;

use domain::address::Network;
use domain::{Asset, Name};

use crate::set::{Finite, Intervals};
use crate::view::{LegView, View};

/// Minutes in a week: hours are intervals over it, from Monday 00:00 UTC.
pub(crate) const WEEK: u64 = 7 * 24 * 60;

/// Who a leg pays, in the eyes of the policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Payee {
    /// The address is not in the address book.
    Unknown,
    /// The address is this payee's.
    Known(Name),
}

/// One condition and how people say it; without words it holds for everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition<S> {
    pub(crate) set: S,
    pub(crate) words: Option<String>,
}

/// A product of conditions. The first six are about the payout, the last three about one leg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) vaults: Condition<Finite<Name>>,
    pub(crate) assets: Condition<Finite<Asset>>,
    pub(crate) chains: Condition<Finite<Network>>,
    pub(crate) initiators: Condition<Finite<Name>>,
    pub(crate) hours: Condition<Intervals>,
    pub(crate) total: Condition<Intervals>,
    pub(crate) payees: Condition<Finite<Payee>>,
    pub(crate) leg: Condition<Intervals>,
    pub(crate) age: Condition<Intervals>,
}

/// Which condition a payout or leg does not meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    /// The vault that pays.
    Vault,
    /// What is paid.
    Asset,
    /// The chain.
    Chain,
    /// Who proposed.
    Initiator,
    /// The time of the week.
    Hours,
    /// The sum of all legs.
    Total,
    /// Who is paid.
    Payee,
    /// The amount of one leg.
    LegAmount,
    /// How long the payee has been in the address book.
    PayeeAge,
}

/// Why a payout is not in a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The leg, when it is about one.
    pub leg: Option<LegNumber>,
    /// The condition.
    pub aspect: Aspect,
    /// What the payout has.
    pub found: String,
    /// What the scope wants.
    pub wanted: String,
}

/// A leg's place in its payout, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LegNumber(usize);

impl LegNumber {
    /// The leg at an index that counts from 0.
    pub(crate) const fn at(index: usize) -> Self {
        Self(index.saturating_add(1))
    }
}

impl fmt::Display for LegNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Aspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Aspect::Vault => "the vault",
            Aspect::Asset => "the asset",
            Aspect::Chain => "the chain",
            Aspect::Initiator => "the initiator",
            Aspect::Hours => "the time",
            Aspect::Total => "the total",
            Aspect::Payee => "the payee",
            Aspect::LegAmount => "the amount",
            Aspect::PayeeAge => "the age of the payee's entry",
        })
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(leg) = self.leg {
            write!(f, "leg {leg}: ")?;
        }
        write!(
            f,
            "{} is {}, wanted: {}",
            self.aspect, self.found, self.wanted
        )
    }
}

impl<S> Condition<S> {
    pub(crate) const fn unrestricted(set: S) -> Self {
        Self { set, words: None }
    }

    fn unmet(&self, met: bool, aspect: Aspect, found: impl fmt::Display) -> Option<Mismatch> {
        (!met).then(|| Mismatch {
            leg: None,
            aspect,
            found: found.to_string(),
            wanted: self.words.clone().unwrap_or_default(),
        })
    }
}

impl Scope {
    /// Everything.
    pub(crate) fn all() -> Self {
        Self {
            vaults: Condition::unrestricted(Finite::all()),
            assets: Condition::unrestricted(Finite::all()),
            chains: Condition::unrestricted(Finite::all()),
            initiators: Condition::unrestricted(Finite::all()),
            hours: Condition::unrestricted(Intervals::closed(0, WEEK.saturating_sub(1))),
            total: Condition::unrestricted(Intervals::all()),
            payees: Condition::unrestricted(Finite::all()),
            leg: Condition::unrestricted(Intervals::all()),
            age: Condition::unrestricted(Intervals::all()),
        }
    }

    /// The first condition about the whole payout that it does not meet.
    pub(crate) fn payout_mismatch(&self, view: &View<'_>) -> Option<Mismatch> {
        let vaults = self.vaults.set.contains(&view.vault.name);
        let assets = self.assets.set.contains(&view.asset);
        let chains = self.chains.set.contains(&view.vault.network);
        let initiators = self.initiators.set.contains(view.initiator);
        let hours = self.hours.set.contains(view.minute_of_week());
        let total = self.total.set.contains(view.total_units());
        self.vaults
            .unmet(vaults, Aspect::Vault, &view.vault.name)
            .or_else(|| self.assets.unmet(assets, Aspect::Asset, view.asset))
            .or_else(|| self.chains.unmet(chains, Aspect::Chain, view.vault.network))
            .or_else(|| {
                self.initiators
                    .unmet(initiators, Aspect::Initiator, view.initiator)
            })
            .or_else(|| self.hours.unmet(hours, Aspect::Hours, view.time_of_week()))
            .or_else(|| self.total.unmet(total, Aspect::Total, view.total))
    }

    /// The first condition about a leg that it does not meet.
    pub(crate) fn leg_mismatch(&self, leg: &LegView<'_>) -> Option<Mismatch> {
        let payees = self.payees.set.contains(&leg.payee);
        let amount = self.leg.set.contains(leg.units());
        let age = self.age.set.contains(leg.age.as_millis());
        self.payees
            .unmet(payees, Aspect::Payee, leg.whom())
            .or_else(|| self.leg.unmet(amount, Aspect::LegAmount, leg.leg.amount))
            .or_else(|| self.age.unmet(age, Aspect::PayeeAge, leg.age))
            .map(|mismatch| Mismatch {
                leg: Some(leg.number),
                ..mismatch
            })
    }

    /// Whether every payout in `other` is surely in this scope as well, whichever legs it has: each of
    /// its sets covers the other's.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.vaults.set.covers(&other.vaults.set)
            && self.assets.set.covers(&other.assets.set)
            && self.chains.set.covers(&other.chains.set)
            && self.initiators.set.covers(&other.initiators.set)
            && self.hours.set.covers(&other.hours.set)
            && self.total.set.covers(&other.total.set)
            && self.payees.set.covers(&other.payees.set)
            && self.leg.set.covers(&other.leg.set)
            && self.age.set.covers(&other.age.set)
    }
}
