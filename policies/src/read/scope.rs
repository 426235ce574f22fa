//! Scopes: sets, intervals, hours.

use std::collections::{BTreeMap, BTreeSet};

use domain::address::Network;
use domain::{Asset, Name, Span, U256};

use super::assets;
use super::reader::{Fault, Field, Read, Section, shown};
use super::values::{self, DAYS};
use crate::assets::Assets;
use crate::error::Problem;
use crate::scope::{Condition, Payee, Scope, WEEK};
use crate::set::{Finite, Intervals, Whole};
use crate::words;

/// What scopes may refer to.
pub(super) struct Declared {
    pub(super) assets: Assets,
    pub(super) groups: BTreeMap<Name, BTreeSet<Name>>,
    pub(super) lists: BTreeMap<Name, BTreeSet<Name>>,
}

/// Words of the scope of a deny or lane.
pub(super) const ALL_WORDS: [&str; 9] = [
    "vaults",
    "assets",
    "chains",
    "initiators",
    "hours",
    "total",
    "payees",
    "leg",
    "payee_age",
];
/// Words of the scope of a limit: what an earlier payout has for good. Hours and ages pass, so what
/// counted yesterday would not today.
pub(super) const LIMIT_WORDS: [&str; 5] = ["vaults", "assets", "chains", "initiators", "payees"];

/// Reads `scope = "all"` or a table of conditions.
pub(super) fn scope(field: &Field<'_>, words: &[&str], declared: &Declared) -> Read<Scope> {
    if field.as_text() == Some("all") {
        return Ok(Scope::all());
    }
    if field.as_text().is_some() || field.is_list() {
        return field.fault(Problem::WrongType {
            word: "scope".to_owned(),
            wanted: "\"all\" or a table of conditions",
            found: if field.is_list() {
                "a list"
            } else {
                "another text"
            },
        });
    }
    let what = if words.len() == ALL_WORDS.len() {
        "a scope"
    } else {
        "the scope of a limit"
    };
    let section = field.section(what, words)?;
    if section.is_empty() {
        return field.fault(Problem::Empty("scope".to_owned()));
    }
    let scope = conditions(&section, declared)?;
    contradiction(&scope).map_or(Ok(scope), |why| field.fault(Problem::Never(why)))
}

fn conditions(section: &Section<'_>, declared: &Declared) -> Read<Scope> {
    let mut scope = Scope::all();
    if let Some(field) = section.get("vaults") {
        scope.vaults = set(&field, |item| {
            Ok((
                Finite::Only([item.name()?].into()),
                item.name()?.to_string(),
            ))
        })?;
    }
    if let Some(field) = section.get("assets") {
        scope.assets = set(&field, |item| asset(item, declared))?;
    }
    if let Some(field) = section.get("chains") {
        scope.chains = set(&field, chain)?;
    }
    if let Some(field) = section.get("initiators") {
        scope.initiators = set(&field, |item| initiator(item, declared))?;
    }
    if let Some(field) = section.get("payees") {
        scope.payees = set(&field, |item| payee(item, declared))?;
    }
    if let Some(field) = section.get("hours") {
        scope.hours = hours(&field)?;
    }
    bounded(section, declared, &mut scope)?;
    if let Some(field) = section.get("payee_age") {
        scope.age = ages(&field)?;
    }
    Ok(scope)
}

/// Reads the bounds on amounts, which narrow the scope to payouts of their asset.
fn bounded(section: &Section<'_>, declared: &Declared, scope: &mut Scope) -> Read<()> {
    let stated = scope.assets.set.clone();
    if let Some(field) = section.get("total") {
        scope.total = amounts(&field, &mut scope.assets, declared)?;
    }
    if let Some(field) = section.get("leg") {
        scope.leg = amounts(&field, &mut scope.assets, declared)?;
    }
    // A deny that names ETH and an amount of USDC would let ETH pass unseen.
    if let (Some(field), false) = (
        section.get("assets"),
        scope.assets.set == stated || scope.assets.set.is_empty(),
    ) {
        let word = scope.assets.narrowed.clone().unwrap_or_default();
        return field.fault(Problem::MoreThanAmounts(word));
    }
    Ok(())
}

/// A list of items, or `{ not = [...] }`: all but them.
fn set<'a, T: Ord + Clone>(
    field: &Field<'a>,
    item: impl Fn(&Field<'a>) -> Read<(Finite<T>, String)>,
) -> Read<Condition<Finite<T>>> {
    let (items, negated) = listed(field, "a list, or { not = [...] }")?;
    let mut set = Finite::Only(BTreeSet::new());
    let mut said: Vec<String> = Vec::new();
    for field in items {
        let (part, words) = item(&field)?;
        if said.contains(&words) {
            return field.fault(Problem::Repeated {
                what: "entry",
                name: words,
            });
        }
        set = set.union(part);
        said.push(words);
    }
    Ok(if negated {
        Condition::said(set.complement(), format!("any but {}", words::all(said)))
    } else {
        Condition::said(set, words::any(said))
    })
}

fn listed<'a>(field: &Field<'a>, wanted: &'static str) -> Read<(Vec<Field<'a>>, bool)> {
    if field.is_list() {
        return Ok((field.list(wanted)?, false));
    }
    if field.as_text().is_some() {
        return Ok((field.list(wanted)?, false));
    }
    let section = field.section(format!("`{}`", field.word), &["not"])?;
    Ok((section.need("not")?.list(wanted)?, true))
}

fn initiator(item: &Field<'_>, declared: &Declared) -> Read<(Finite<Name>, String)> {
    let text = item.text("a name in quotation marks")?;
    let Some(group) = text.strip_prefix('@') else {
        let name = item.name()?;
        return Ok((Finite::Only([name.clone()].into()), name.to_string()));
    };
    match declared
        .groups
        .iter()
        .find(|(name, _)| name.as_str() == group)
    {
        Some((name, members)) => Ok((Finite::Only(members.clone()), name.to_string())),
        None => item.fault(Problem::UnknownGroup(shown(group))),
    }
}

fn payee(item: &Field<'_>, declared: &Declared) -> Read<(Finite<Payee>, String)> {
    let unknown = || Finite::Only([Payee::Unknown].into());
    let text = item.text("a name in quotation marks")?;
    match text {
        "unknown" => return Ok((unknown(), "unknown payees".to_owned())),
        "known" => {
            return Ok((
                unknown().complement(),
                "payees of the address book".to_owned(),
            ));
        }
        _ => {}
    }
    let Some(list) = text.strip_prefix('@') else {
        let name = item.name()?;
        return Ok((
            Finite::Only([Payee::Known(name.clone())].into()),
            name.to_string(),
        ));
    };
    match declared
        .lists
        .iter()
        .find(|(name, _)| name.as_str() == list)
    {
        Some((name, members)) => {
            let members = members.iter().cloned().map(Payee::Known).collect();
            Ok((Finite::Only(members), name.to_string()))
        }
        None => item.fault(Problem::UnknownList(shown(list))),
    }
}

fn asset(item: &Field<'_>, declared: &Declared) -> Read<(Finite<Asset>, String)> {
    let word = item.text("an asset in quotation marks")?;
    let asset = assets::meant(item, word, &declared.assets)?;
    Ok((Finite::Only([asset].into()), word.to_owned()))
}

/// EVM chains are without number, so all but some chains are always some.
fn chain(item: &Field<'_>) -> Read<(Finite<Network>, String)> {
    let text = item.text("a chain in quotation marks")?;
    match text.parse::<Network>() {
        Ok(chain) => Ok((Finite::Only([chain].into()), chain.to_string())),
        Err(_) => item.fault(Problem::UnknownWord {
            word: shown(text),
            within: "a chain".to_owned(),
            known: "bitcoin, testnet4, signet, regtest, and eip155: with a chain id".to_owned(),
        }),
    }
}

/// Bounds on an amount, which narrow the scope to payouts of its asset.
fn amounts(
    field: &Field<'_>,
    assets: &mut Condition<Finite<Asset>>,
    declared: &Declared,
) -> Read<Condition<Intervals<U256>>> {
    let section = bounds(field)?;
    let mut asset = None;
    let mut read = |field: &Field<'_>| -> Read<(U256, String)> {
        let amount = values::amount(field, &declared.assets)?;
        if asset.is_some_and(|seen| seen != amount.asset()) {
            return field.fault(Problem::Never("its bounds are of different assets"));
        }
        asset = Some(amount.asset());
        Ok((amount.units(), declared.assets.say(amount)))
    };
    let condition = interval(&section, &mut read)?;
    if let Some(asset) = asset {
        assets.set = assets.set.intersect(&Finite::Only([asset].into()));
        assets.narrowed = Some(declared.assets.word(&asset).to_owned());
    }
    Ok(condition)
}

fn ages(field: &Field<'_>) -> Read<Condition<Intervals<u64>>> {
    let section = bounds(field)?;
    interval(&section, &mut |field| {
        let span = values::span(field, Span::ZERO)?;
        Ok((span.as_millis(), span.to_string()))
    })
}

const BOUNDS: [&str; 4] = ["at_least", "above", "at_most", "below"];

fn bounds<'a>(field: &Field<'a>) -> Read<Section<'a>> {
    let section = field.section(format!("`{}`", field.word), &BOUNDS)?;
    if section.is_empty() {
        return field.fault(Problem::Empty(shown(field.word)));
    }
    for (a, b, words) in [
        ("at_least", "above", "`at_least` and `above`"),
        ("at_most", "below", "`at_most` and `below`"),
    ] {
        if section.get(a).is_some() && section.get(b).is_some() {
            return Err(Fault {
                at: section.at,
                problem: Problem::OneOf {
                    within: section.what().to_owned(),
                    words,
                }
                .into(),
            });
        }
    }
    Ok(section)
}

fn interval<'a, N: Whole>(
    section: &Section<'a>,
    read: &mut dyn FnMut(&Field<'a>) -> Read<(N, String)>,
) -> Read<Condition<Intervals<N>>> {
    let mut set = Intervals::all();
    let mut said = Vec::new();
    for (word, words) in [
        ("at_least", "at least"),
        ("above", "above"),
        ("at_most", "at most"),
        ("below", "below"),
    ] {
        let Some(field) = section.get(word) else {
            continue;
        };
        let (bound, text) = read(&field)?;
        let part = match word {
            "at_least" => Intervals::at_least(bound),
            "at_most" => Intervals::at_most(bound),
            "above" => Intervals::at_most(bound).complement(),
            _ => Intervals::at_least(bound).complement(),
        };
        set = set.intersect(&part);
        said.push(format!("{words} {text}"));
    }
    Ok(Condition::said(set, words::all(said)))
}

fn hours(field: &Field<'_>) -> Read<Condition<Intervals<u64>>> {
    let (items, negated) = listed(field, "a list of { days, from, to }, or { not = [...] }")?;
    let mut set = Intervals::none();
    let mut said = Vec::new();
    for item in items {
        let (part, words) = shift(&item)?;
        set = set.union(&part);
        said.push(words);
    }
    let week = Intervals::closed(0, WEEK.saturating_sub(1));
    Ok(if negated {
        let words = format!("any time but {}", words::all(said));
        Condition::said(set.complement().intersect(&week), words)
    } else {
        Condition::said(set, words::any(said))
    })
}

/// `{ days = ["mon"], from = "09:00", to = "17:00" }`: from a minute on, up to before another.
fn shift(item: &Field<'_>) -> Read<(Intervals<u64>, String)> {
    let section = item.section("`hours`", &["days", "from", "to"])?;
    if section.is_empty() {
        return item.fault(Problem::Empty("hours".to_owned()));
    }
    let from = section
        .get("from")
        .map_or(Ok(0), |field| values::time_of_day(&field))?;
    let to = section
        .get("to")
        .map_or(Ok(1440), |field| values::time_of_day(&field))?;
    if from >= to {
        return item.fault(Problem::HoursBackwards);
    }
    let days = section.get("days").map(|field| days(&field)).transpose()?;
    let chosen: Vec<(u64, &str)> = (0..)
        .zip(DAYS)
        .filter(|(_, day)| days.as_ref().is_none_or(|days| days.contains(day)))
        .collect();
    let set = chosen.iter().fold(Intervals::none(), |set, (day, _)| {
        let start = day * 1440;
        set.union(&Intervals::closed(start + from, start + to - 1))
    });
    let on = match days {
        None => "every day from".to_owned(),
        Some(_) => format!("{} from", words::all(chosen.iter().map(|(_, day)| day))),
    };
    Ok((set, format!("{on} {} to {} UTC", clock(from), clock(to))))
}

fn days<'a>(field: &Field<'a>) -> Read<BTreeSet<&'a str>> {
    let mut days = BTreeSet::new();
    for item in field.list("a list of days, for example [\"mon\", \"tue\"]")? {
        let day = item.text("a day, for example \"mon\"")?;
        if !DAYS.contains(&day) {
            return item.fault(Problem::UnknownWord {
                word: shown(day),
                within: "days".to_owned(),
                known: DAYS.join(", "),
            });
        }
        if !days.insert(day) {
            return item.fault(Problem::Repeated {
                what: "day",
                name: day.to_owned(),
            });
        }
    }
    Ok(days)
}

fn clock(minute: u64) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// A scope that nothing can ever be in is a mistake, and in a deny a dangerous one.
fn contradiction(scope: &Scope) -> Option<&'static str> {
    let only_unknown = Finite::Only([Payee::Unknown].into());
    let least_leg = scope.leg.set.least();
    let most_total = scope.total.set.greatest();
    if scope.vaults.set.is_empty() || scope.initiators.set.is_empty() || scope.payees.set.is_empty()
    {
        return Some("it names nobody and nothing");
    }
    if scope.assets.set.is_empty() {
        return Some("its amounts are of an asset that it excludes");
    }
    if scope.possible_assets().is_empty() {
        return Some("its assets exist on none of its chains");
    }
    if scope.hours.set.is_empty() {
        return Some("it excludes every hour of the week");
    }
    if scope.total.set.is_empty() || scope.leg.set.is_empty() || scope.age.set.is_empty() {
        return Some("its lower bound is above its upper bound");
    }
    if least_leg > most_total {
        return Some("one leg would have to be more than the total of all");
    }
    if only_unknown.covers(&scope.payees.set) && !scope.age.set.contains(0) {
        return Some("unknown payees have no entry that could have an age");
    }
    None
}
