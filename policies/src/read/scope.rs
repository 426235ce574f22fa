//! Scopes: sets, intervals, hours.

use std::collections::{BTreeMap, BTreeSet};

use domain::address::Network;
use domain::{Amount, Asset, Name, Span};

use super::reader::{Fault, Field, Read, Section, shown};
use super::values::{self, DAYS};
use crate::error::Problem;
use crate::scope::{Condition, Payee, Scope, WEEK};
use crate::set::{Finite, Intervals};
use crate::words;

/// What scopes may refer to.
pub(super) struct Declared {
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

const ASSETS: [Asset; 1] = [Asset::Btc];
const NETWORKS: [Network; 4] = [
    Network::Bitcoin,
    Network::Testnet4,
    Network::Signet,
    Network::Regtest,
];

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
        scope.assets = set(&field, |item| one_of(item, "an asset", ASSETS))?;
        scope.assets.set = within(&scope.assets.set, &ASSETS);
    }
    if let Some(field) = section.get("chains") {
        scope.chains = set(&field, |item| one_of(item, "a chain", NETWORKS))?;
        scope.chains.set = within(&scope.chains.set, &NETWORKS);
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
    if let Some(field) = section.get("total") {
        scope.total = amounts(&field, &mut scope.assets.set)?;
    }
    if let Some(field) = section.get("leg") {
        scope.leg = amounts(&field, &mut scope.assets.set)?;
    }
    if let Some(field) = section.get("payee_age") {
        scope.age = ages(&field)?;
    }
    Ok(scope)
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
        Condition {
            set: set.complement(),
            words: Some(format!("any but {}", words::all(said))),
        }
    } else {
        Condition {
            set,
            words: Some(words::any(said)),
        }
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

fn one_of<T: Ord + Copy + ToString, const N: usize>(
    item: &Field<'_>,
    what: &'static str,
    known: [T; N],
) -> Read<(Finite<T>, String)> {
    let text = item.text("a name in quotation marks")?;
    match known.iter().find(|one| one.to_string() == text) {
        Some(one) => Ok((Finite::Only([*one].into()), one.to_string())),
        None => item.fault(Problem::UnknownWord {
            word: shown(text),
            within: what.to_owned(),
            known: words::all(known.iter().map(T::to_string)),
        }),
    }
}

/// Names the members one by one, so that none left is seen as empty.
fn within<T: Ord + Copy>(set: &Finite<T>, universe: &[T]) -> Finite<T> {
    Finite::Only(
        universe
            .iter()
            .copied()
            .filter(|item| set.contains(item))
            .collect(),
    )
}

fn amounts(field: &Field<'_>, assets: &mut Finite<Asset>) -> Read<Condition<Intervals>> {
    let units = |amount: Amount| crate::view::units(amount);
    let section = bounds(field)?;
    let mut asset = None;
    let mut read = |field: &Field<'_>| -> Read<(u64, String)> {
        let amount = values::amount(field)?;
        if asset.is_some_and(|seen| seen != amount.asset()) {
            return field.fault(Problem::Never("its bounds are of different assets"));
        }
        asset = Some(amount.asset());
        Ok((units(amount), amount.to_string()))
    };
    let condition = interval(&section, &mut read)?;
    if let Some(asset) = asset {
        *assets = assets.intersect(&Finite::Only([asset].into()));
    }
    Ok(condition)
}

fn ages(field: &Field<'_>) -> Read<Condition<Intervals>> {
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
                },
            });
        }
    }
    Ok(section)
}

fn interval<'a>(
    section: &Section<'a>,
    read: &mut dyn FnMut(&Field<'a>) -> Read<(u64, String)>,
) -> Read<Condition<Intervals>> {
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
            "at_least" => Intervals::closed(bound, u64::MAX),
            "at_most" => Intervals::closed(0, bound),
            "above" => Intervals::closed(0, bound).complement(),
            _ => Intervals::closed(bound, u64::MAX).complement(),
        };
        set = set.intersect(&part);
        said.push(format!("{words} {text}"));
    }
    Ok(Condition {
        set,
        words: Some(words::all(said)),
    })
}

fn hours(field: &Field<'_>) -> Read<Condition<Intervals>> {
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
        Condition {
            set: set.complement().intersect(&week),
            words: Some(words),
        }
    } else {
        Condition {
            set,
            words: Some(words::any(said)),
        }
    })
}

/// `{ days = ["mon"], from = "09:00", to = "17:00" }`: from a minute on, up to before another.
fn shift(item: &Field<'_>) -> Read<(Intervals, String)> {
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
    if scope.chains.set.is_empty() {
        return Some("it excludes every chain");
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
