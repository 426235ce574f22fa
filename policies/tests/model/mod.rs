//! Random policies as plain data, their TOML, and the answers that the two evaluators must share.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use domain::U256;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::money::{shown, unit};

pub const OFFICERS: [&str; 5] = ["Ann", "Ben", "Cid", "Dan", "Eve"];
/// Payees, the last two of Ethereum and of another chain.
pub const PAYEES: [&str; 5] = ["K1", "K2", "K3", "E1", "P1"];

const VAULTS: &[&str] = &["Main", "Ops", "Eth", "Pol"];
const INITIATORS: &[&str] = &["Ann", "Ben", "@G1", "@G2"];
const PAID: &[&str] = &["K1", "K2", "E1", "@L1", "@L2", "known", "unknown"];
const ASSETS: &[&str] = &["BTC", "ETH", "USDC", "USDC-P"];
const CHAINS: &[&str] = &["regtest", "eip155:1", "eip155:137"];

#[derive(Debug, Clone)]
pub struct Rules {
    pub groups: BTreeMap<String, Vec<String>>,
    pub lists: BTreeMap<String, Vec<String>>,
    pub denials: Vec<(String, Scope)>,
    pub limits: Vec<Limit>,
    pub lanes: Vec<Lane>,
}

#[derive(Debug, Clone, Default)]
pub struct Scope {
    pub vaults: Option<Picked>,
    pub initiators: Option<Picked>,
    pub payees: Option<Picked>,
    pub assets: Option<Picked>,
    pub chains: Option<Picked>,
    pub total: Option<Range>,
    pub leg: Option<Range>,
    /// The payee's entry is younger than so many hours.
    pub young: Option<u64>,
    pub hours: Option<Hours>,
}

/// Base units of an asset, both ends included.
#[derive(Debug, Clone)]
pub struct Range {
    pub of: &'static str,
    pub low: U256,
    pub high: U256,
}

#[derive(Debug, Clone)]
pub struct Picked {
    pub not: bool,
    pub items: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct Hours {
    pub not: bool,
    pub days: Vec<u8>,
    pub from: u16,
    pub to: u16,
}

#[derive(Debug, Clone)]
pub struct Limit {
    pub name: String,
    pub scope: Scope,
    pub count: Option<u64>,
    /// Of the asset of this word.
    pub amount: (&'static str, U256),
    /// Hours.
    pub window: u64,
    pub per: String,
}

#[derive(Debug, Clone)]
pub struct Lane {
    pub name: String,
    pub scope: Scope,
    pub steps: Vec<(String, u16)>,
    pub own: bool,
    /// Hours.
    pub delay: u64,
    pub expiry: u64,
}

/// What an evaluator says, as far as both say it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    pub denied: BTreeSet<String>,
    pub over: BTreeSet<(String, String, Limited)>,
    pub lane: Option<String>,
    pub end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limited {
    At(u64),
    Reserved,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum End {
    #[default]
    Refused,
    Faulty,
    Missing,
    Waiting(u64),
    Authorised,
}

fn strings(items: &[&str]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

fn picked(often: f64, words: &'static [&'static str]) -> impl Strategy<Value = Option<Picked>> {
    let set = (any::<bool>(), subsequence(words, 1..=2)).prop_map(|(not, items)| Picked {
        not,
        items: strings(&items),
    });
    proptest::option::weighted(often, set)
}

/// How many units at least and at most.
fn range() -> impl Strategy<Value = Option<(u64, u64)>> {
    proptest::option::weighted(0.3, (0_u64..5, 0_u64..5))
}

/// Everything is in units, so that edges are hit often.
fn range_of(of: &'static str, (a, b): (u64, u64)) -> Range {
    let units = |count: u64| unit(of) * U256::from(count);
    Range {
        of,
        low: units(a.min(b)),
        high: units(a.max(b)) + U256::ONE,
    }
}

fn asset() -> impl Strategy<Value = &'static str> {
    prop_oneof![2 => Just("BTC"), 1 => select(ASSETS)]
}

fn hours() -> impl Strategy<Value = Option<Hours>> {
    let days = subsequence(&[0_u8, 1, 2, 3, 4, 5, 6][..], 2..=5);
    let hours = (
        any::<bool>(),
        days,
        select(vec![0_u16, 540, 600, 601]),
        select(vec![602_u16, 1020, 1440]),
    )
        .prop_map(|(not, days, from, to)| Hours {
            not,
            days,
            from,
            to,
        });
    proptest::option::weighted(0.2, hours)
}

fn scope() -> impl Strategy<Value = Scope> {
    let young = proptest::option::weighted(0.2, select(vec![1_u64, 24]));
    (
        (
            picked(0.35, VAULTS),
            picked(0.35, INITIATORS),
            picked(0.35, PAID),
        ),
        (picked(0.2, ASSETS), picked(0.15, CHAINS), asset()),
        (range(), range()),
        young,
        hours(),
    )
        .prop_map(
            |((vaults, initiators, payees), (assets, chains, of), (total, leg), young, hours)| {
                // Assets beside amounts of one are refused unless they are the same.
                let bounded = total.is_some() || leg.is_some();
                Scope {
                    vaults,
                    initiators,
                    payees,
                    assets: assets.filter(|_| !bounded),
                    chains,
                    total: total.map(|range| range_of(of, range)),
                    leg: leg.map(|range| range_of(of, range)),
                    young,
                    hours,
                }
            },
        )
}

fn limit() -> impl Strategy<Value = Limit> {
    (
        (
            picked(0.35, VAULTS),
            picked(0.35, INITIATORS),
            picked(0.35, PAID),
        ),
        (picked(0.15, ASSETS), picked(0.1, CHAINS), asset()),
        proptest::option::of(1_u64..6),
        2_u64..14,
        select(vec![1_u64, 5, 24]),
        select(vec!["scope", "vault", "asset", "payee", "initiator"]),
    )
        .prop_map(
            |((vaults, initiators, payees), (assets, chains, of), count, amount, window, per)| {
                Limit {
                    name: String::new(),
                    scope: Scope {
                        vaults,
                        initiators,
                        payees,
                        assets,
                        chains,
                        ..Scope::default()
                    },
                    count,
                    amount: (of, unit(of) * U256::from(amount)),
                    window,
                    per: per.to_owned(),
                }
            },
        )
}

fn lane() -> impl Strategy<Value = Lane> {
    let steps = subsequence(&["G1", "G2", "G3"][..], 1..=3)
        .prop_flat_map(|groups| {
            let counts = proptest::collection::vec(1_u16..3, groups.len());
            (Just(groups), counts)
        })
        .prop_map(|(groups, counts)| strings(&groups).into_iter().zip(counts).collect());
    (
        scope(),
        steps,
        any::<bool>(),
        select(vec![0_u64, 0, 1, 2]),
        select(vec![3_u64, 24]),
    )
        .prop_map(|(scope, steps, own, delay, expiry)| Lane {
            name: String::new(),
            scope,
            steps,
            own,
            delay,
            expiry,
        })
}

fn sets(
    words: &'static [&'static str],
    names: [&'static str; 3],
) -> impl Strategy<Value = BTreeMap<String, Vec<String>>> {
    let one = || subsequence(words, 1..=words.len());
    (one(), one(), one()).prop_map(move |(a, b, c)| {
        names
            .iter()
            .map(ToString::to_string)
            .zip([a, b, c].map(|set| strings(&set)))
            .collect()
    })
}

pub fn rules() -> impl Strategy<Value = Rules> {
    (
        sets(&OFFICERS, ["G1", "G2", "G3"]),
        sets(&PAYEES, ["L1", "L2", "L3"]),
        prop_oneof![2 => Just(Vec::new()), 1 => proptest::collection::vec(scope(), 1..3)],
        proptest::collection::vec(limit(), 0..3),
        proptest::collection::vec(lane(), 1..4),
        prop::bool::weighted(0.6),
    )
        .prop_map(|(groups, lists, denials, limits, mut lanes, open)| {
            // Most policies end with a lane for all, or little would ever be approved.
            if let (true, Some(last)) = (open, lanes.last_mut()) {
                last.scope = Scope::default();
            }
            let named = |kind: &str, index: usize| format!("{kind}{index}");
            let denials = denials.into_iter().enumerate();
            let limits = limits.into_iter().enumerate();
            let lanes = lanes.into_iter().enumerate();
            Rules {
                groups,
                lists,
                denials: denials
                    .map(|(i, scope)| (named("deny", i), scope))
                    .collect(),
                limits: limits
                    .map(|(i, limit)| Limit {
                        name: named("limit", i),
                        ..limit
                    })
                    .collect(),
                lanes: lanes
                    .map(|(i, lane)| Lane {
                        name: named("lane", i),
                        ..lane
                    })
                    .collect(),
            }
        })
}

impl Rules {
    pub fn toml(&self) -> String {
        let mut out = format!("version = 1\n{}", crate::money::DECLARED);
        for (title, sets) in [("groups", &self.groups), ("payees", &self.lists)] {
            writeln!(out, "[{title}]").unwrap();
            for (name, members) in sets {
                writeln!(out, "{name} = {members:?}").unwrap();
            }
        }
        for (name, scope) in &self.denials {
            writeln!(out, "[[deny]]\nname = {name:?}\nscope = {}", scope.toml()).unwrap();
        }
        for limit in &self.limits {
            let cap = match limit.count {
                Some(count) => format!("count = {count}"),
                None => format!("amount = \"{}\"", shown(limit.amount.0, limit.amount.1)),
            };
            writeln!(
                out,
                "[[limit]]\nname = {:?}\nscope = {}\n{cap}\nwindow = \"{} h\"\nper = {:?}",
                limit.name,
                limit.scope.toml(),
                limit.window,
                limit.per
            )
            .unwrap();
        }
        for lane in &self.lanes {
            let step = |(group, count): &(String, u16)| {
                format!("{{ group = {group:?}, count = {count} }}")
            };
            let steps: Vec<String> = lane.steps.iter().map(step).collect();
            writeln!(
                out,
                "[[lane]]\nname = {:?}\nscope = {}\nsteps = [{}]\ninitiator_may_approve = {}\ndelay = \"{} h\"\nexpiry = \"{} h\"",
                lane.name, lane.scope.toml(), steps.join(", "), lane.own, lane.delay, lane.expiry
            )
            .unwrap();
        }
        out.push_str(
            "[governance.default]\nsteps = [{ group = \"G1\", count = 1 }]\nexpiry = \"7 d\"\n",
        );
        out
    }
}

impl Scope {
    fn toml(&self) -> String {
        let mut parts = Vec::new();
        for (word, set) in [
            ("vaults", &self.vaults),
            ("initiators", &self.initiators),
            ("payees", &self.payees),
            ("assets", &self.assets),
            ("chains", &self.chains),
        ] {
            parts.extend(set.as_ref().map(|set| match set.not {
                true => format!("{word} = {{ not = {:?} }}", set.items),
                false => format!("{word} = {:?}", set.items),
            }));
        }
        for (word, range) in [("total", &self.total), ("leg", &self.leg)] {
            // Each bound in either of its two spellings.
            parts.extend(range.as_ref().map(|Range { of, low, high }| {
                if low.is_zero() {
                    return format!("{word} = {{ at_most = \"{}\" }}", shown(of, *high));
                }
                let (above, below) = (*low - U256::ONE, *high + U256::ONE);
                format!(
                    "{word} = {{ above = \"{}\", below = \"{}\" }}",
                    shown(of, above),
                    shown(of, below)
                )
            }));
        }
        parts.extend(
            self.young
                .map(|hours| format!("payee_age = {{ below = \"{hours} h\" }}")),
        );
        parts.extend(self.hours.as_ref().map(Hours::toml));
        if parts.is_empty() {
            return "\"all\"".to_owned();
        }
        format!("{{ {} }}", parts.join(", "))
    }
}

impl Hours {
    fn toml(&self) -> String {
        let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let days: Vec<&str> = self
            .days
            .iter()
            .map(|day| names[usize::from(*day)])
            .collect();
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        let list = format!(
            "[{{ days = {days:?}, from = {:?}, to = {:?} }}]",
            clock(self.from),
            clock(self.to)
        );
        match self.not {
            true => format!("hours = {{ not = {list} }}"),
            false => format!("hours = {list}"),
        }
    }
}
