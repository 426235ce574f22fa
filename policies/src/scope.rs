//! What a statement is about: a product of sets and intervals.

use std::fmt;

use domain::address::Network;
use domain::{Asset, Name, U256};

use crate::assets::on_its_chain;
use crate::set::{Finite, Intervals};
use crate::view::{Item, LegView, View};

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
    /// What it comes to where another condition narrows it.
    pub(crate) narrowed: Option<String>,
}

/// A product of conditions. The first six are about the payout, the last three about one leg. In a
/// batch each payout is held to them, its total being that of its asset over the whole batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) vaults: Condition<Finite<Name>>,
    pub(crate) assets: Condition<Finite<Asset>>,
    pub(crate) chains: Condition<Finite<Network>>,
    pub(crate) initiators: Condition<Finite<Name>>,
    pub(crate) hours: Condition<Intervals<u64>>,
    pub(crate) total: Condition<Intervals<U256>>,
    pub(crate) payees: Condition<Finite<Payee>>,
    pub(crate) leg: Condition<Intervals<U256>>,
    pub(crate) age: Condition<Intervals<u64>>,
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
    /// The sum of all legs; in a batch, of all that pay the same asset.
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
    /// The leg, or the payout of a batch, when it is about one.
    pub leg: Option<LegNumber>,
    /// The condition.
    pub aspect: Aspect,
    /// What the payout has.
    pub found: String,
    /// What the scope wants.
    pub wanted: String,
}

/// Whether one payout is judged, or many as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bundle {
    /// One payout.
    One,
    /// A batch of payouts.
    Batch,
}

/// A leg's place, counted from 1: in its payout, or that of its payout in a batch, where each payout
/// has one leg. Reads `leg 2` or `payout 17`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LegNumber {
    bundle: Bundle,
    number: usize,
}

impl LegNumber {
    /// The leg, or the payout of a batch, at an index that counts from 0.
    pub(crate) const fn at(bundle: Bundle, index: usize) -> Self {
        Self {
            bundle,
            number: index.saturating_add(1),
        }
    }

    /// The number, from 1.
    pub const fn get(self) -> usize {
        self.number
    }

    /// Whether it counts the legs of a payout or the payouts of a batch.
    pub const fn bundle(self) -> Bundle {
        self.bundle
    }
}

impl fmt::Display for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Bundle::One => "payout",
            Bundle::Batch => "batch",
        })
    }
}

impl fmt::Display for LegNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.bundle {
            Bundle::One => "leg",
            Bundle::Batch => "payout",
        };
        write!(f, "{what} {}", self.number)
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
            write!(f, "{leg}: ")?;
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
        Self {
            set,
            words: None,
            narrowed: None,
        }
    }

    pub(crate) const fn said(set: S, words: String) -> Self {
        Self {
            set,
            words: Some(words),
            narrowed: None,
        }
    }

    fn unmet(&self, met: bool, aspect: Aspect, found: impl fmt::Display) -> Option<Mismatch> {
        (!met).then(|| Mismatch {
            leg: None,
            aspect,
            found: found.to_string(),
            wanted: self
                .narrowed
                .as_ref()
                .or(self.words.as_ref())
                .cloned()
                .unwrap_or_default(),
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

    /// The first condition that a payout does not meet, about it or one of its legs.
    pub(crate) fn mismatch(&self, view: &View<'_>, item: &Item<'_>) -> Option<Mismatch> {
        self.payout_mismatch(view, item)
            .or_else(|| item.legs.iter().find_map(|leg| self.leg_mismatch(leg)))
    }

    /// The legs of a payout that are in this scope.
    pub(crate) fn legs<'v, 'a>(
        &self,
        view: &View<'a>,
        item: &'v Item<'a>,
    ) -> impl Iterator<Item = &'v LegView<'a>> {
        let inside = self.payout_mismatch(view, item).is_none();
        item.legs
            .iter()
            .filter(move |leg| inside && self.leg_mismatch(leg).is_none())
    }

    /// The first condition about a whole payout that it does not meet.
    fn payout_mismatch(&self, view: &View<'_>, item: &Item<'_>) -> Option<Mismatch> {
        let vaults = self.vaults.set.contains(&view.vault.name);
        let assets = self.assets.set.contains(&item.asset);
        let chains = self.chains.set.contains(&view.vault.network);
        let initiators = self.initiators.set.contains(view.initiator);
        let hours = self.hours.set.contains(view.minute_of_week());
        let total = self.total.set.contains(item.total.units());
        let asset = || {
            self.assets
                .unmet(assets, Aspect::Asset, on_its_chain(item.asset))
                .map(|mismatch| Mismatch {
                    leg: item.number,
                    ..mismatch
                })
        };
        self.vaults
            .unmet(vaults, Aspect::Vault, &view.vault.name)
            .or_else(asset)
            .or_else(|| self.chains.unmet(chains, Aspect::Chain, view.vault.network))
            .or_else(|| {
                self.initiators
                    .unmet(initiators, Aspect::Initiator, view.initiator)
            })
            .or_else(|| self.hours.unmet(hours, Aspect::Hours, view.time_of_week()))
            .or_else(|| self.total.unmet(total, Aspect::Total, item.total))
    }

    /// The first condition about a leg that it does not meet.
    fn leg_mismatch(&self, leg: &LegView<'_>) -> Option<Mismatch> {
        let payees = self.payees.set.contains(&leg.payee);
        let amount = self.leg.set.contains(leg.leg.amount.units());
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

    /// Whether an asset is in this scope and exists on a chain in it.
    pub(crate) fn admits(&self, asset: Asset) -> bool {
        self.assets.set.contains(&asset) && lives_on(asset, &self.chains.set)
    }

    /// The assets that payouts in this scope can surely be of only: every asset lives on its own chains.
    pub(crate) fn possible_assets(&self) -> Finite<Asset> {
        match (&self.assets.set, &self.chains.set) {
            (Finite::Only(assets), chains) => Finite::Only(
                assets
                    .iter()
                    .copied()
                    .filter(|asset| lives_on(*asset, chains))
                    .collect(),
            ),
            (Finite::AllBut(_), Finite::Only(chains)) if chains.iter().all(is_of_bitcoin) => self
                .assets
                .set
                .intersect(&Finite::Only([Asset::Btc].into())),
            // EVM chains, and the coins of one, are without number.
            (all @ Finite::AllBut(_), Finite::Only(_) | Finite::AllBut(_)) => {
                if lives_on(Asset::Btc, &self.chains.set) {
                    all.clone()
                } else {
                    all.intersect(&Finite::AllBut([Asset::Btc].into()))
                }
            }
        }
    }

    /// The chains that payouts in this scope can surely be on only.
    fn possible_chains(&self) -> Finite<Network> {
        match self.possible_assets() {
            Finite::Only(assets) => {
                let homes = assets.into_iter().flat_map(homes).collect();
                self.chains.set.intersect(&Finite::Only(homes))
            }
            Finite::AllBut(assets) if assets.contains(&Asset::Btc) => self
                .chains
                .set
                .intersect(&Finite::AllBut(Network::BITCOIN.into())),
            Finite::AllBut(_) => self.chains.set.clone(),
        }
    }

    /// Whether every payout in `other` is surely in this scope as well, whichever legs it has: each of
    /// its sets covers what is possible of the other's.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.vaults.set.covers(&other.vaults.set)
            && self.assets.set.covers(&other.possible_assets())
            && self.chains.set.covers(&other.possible_chains())
            && self.initiators.set.covers(&other.initiators.set)
            && self.hours.set.covers(&other.hours.set)
            && self.total.set.covers(&other.total.set)
            && self.payees.set.covers(&other.payees.set)
            && self.leg.set.covers(&other.leg.set)
            && self.age.set.covers(&other.age.set)
    }
}

fn is_of_bitcoin(network: &Network) -> bool {
    network.chain_id().is_none()
}

/// The chains that an asset exists on.
fn homes(asset: Asset) -> Vec<Network> {
    match asset {
        Asset::Btc => Network::BITCOIN.to_vec(),
        Asset::Evm(coin) => vec![Network::Evm(coin.chain())],
    }
}

fn lives_on(asset: Asset, chains: &Finite<Network>) -> bool {
    homes(asset).iter().any(|chain| chains.contains(chain))
}
