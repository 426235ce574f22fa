//! Denials, limits, lanes and governance.

use std::collections::BTreeMap;

use domain::{Name, Span};

use super::checks;
use super::reader::{Fault, Field, Read, Section, shown};
use super::scope::{ALL_WORDS, Declared, LIMIT_WORDS, scope};
use super::values::{self, SHORTEST};
use crate::error::Problem;
use crate::policy::{
    Cap, Demand, Deny, GovernanceKind, Headcount, Lane, Limit, OwnApproval, Per, Quorum,
};
use crate::scope::Scope;

/// More people than any company has officers.
const MOST_PEOPLE: u32 = 100;
/// More payouts than one window holds.
const MOST_PAYOUTS: u32 = 1_000_000;

/// A statement and where it stands.
pub(super) type Placed<T> = (usize, T);

/// Reads all statements of a kind; each has a name of its own.
pub(super) fn each<'a, T>(
    top: &Section<'a>,
    word: &'static str,
    read: impl Fn(&Field<'a>) -> Read<(Field<'a>, Name, T)>,
) -> Read<Vec<Placed<T>>> {
    let Some(field) = top.get(word) else {
        return Ok(Vec::new());
    };
    let mut seen = Vec::new();
    let mut statements = Vec::new();
    for item in field.list("a list of tables: write it as [[...]]")? {
        let (at, name, statement) = read(&item)?;
        if seen.contains(&name) {
            return at.fault(Problem::Repeated {
                what: word,
                name: name.to_string(),
            });
        }
        seen.push(name);
        statements.push((at.at, statement));
    }
    Ok(statements)
}

pub(super) fn deny<'a>(item: &Field<'a>, declared: &Declared) -> Read<(Field<'a>, Name, Deny)> {
    let section = item.section("a deny", &["name", "scope"])?;
    let (at, name) = named(&section)?;
    let scope = scope(&section.need("scope")?, &ALL_WORDS, declared)?;
    Ok((at, name.clone(), Deny { name, scope }))
}

pub(super) fn limit<'a>(item: &Field<'a>, declared: &Declared) -> Read<(Field<'a>, Name, Limit)> {
    let words = ["name", "scope", "amount", "count", "window", "per"];
    let section = item.section("a limit", &words)?;
    let (at, name) = named(&section)?;
    let scope = scope(&section.need("scope")?, &LIMIT_WORDS, declared)?;
    let cap = cap(&section, &scope, declared)?;
    let window = values::span(&section.need("window")?, SHORTEST)?;
    let per = section
        .get("per")
        .map_or(Ok(Per::Scope), |field| per(&field))?;
    Ok((
        at,
        name.clone(),
        Limit {
            name,
            scope,
            cap,
            window,
            per,
        },
    ))
}

pub(super) fn lane<'a>(item: &Field<'a>, declared: &Declared) -> Read<(Field<'a>, Name, Lane)> {
    let words = [
        "name",
        "scope",
        "steps",
        "initiator_may_approve",
        "delay",
        "expiry",
    ];
    let section = item.section("a lane", &words)?;
    let (at, name) = named(&section)?;
    let scope = scope(&section.need("scope")?, &ALL_WORDS, declared)?;
    let quorum = quorum(&section, declared)?;
    checks::initiators(&section.need("steps")?, &quorum, &scope)?;
    Ok((
        at,
        name.clone(),
        Lane {
            name,
            scope,
            quorum,
        },
    ))
}

type Governance = (BTreeMap<GovernanceKind, Quorum>, Option<Quorum>);

pub(super) fn governance(field: &Field<'_>, declared: &Declared) -> Read<Governance> {
    let words: Vec<&str> = ["default"]
        .into_iter()
        .chain(GovernanceKind::ALL.map(GovernanceKind::word))
        .collect();
    let section = field.section("[governance]", &words)?;
    let read = |word: &str| {
        section
            .get(word)
            .map(|field| {
                let words = ["steps", "initiator_may_approve", "delay", "expiry"];
                quorum(
                    &field.section(format!("governance of `{word}`"), &words)?,
                    declared,
                )
            })
            .transpose()
    };
    let default = read("default")?;
    let mut kinds = BTreeMap::new();
    for kind in GovernanceKind::ALL {
        if let Some(quorum) = read(kind.word())? {
            kinds.insert(kind, quorum);
        }
    }
    if default.is_none() && !kinds.contains_key(&GovernanceKind::Policy) {
        return field.fault(Problem::Unchangeable);
    }
    Ok((kinds, default))
}

fn named<'a>(section: &Section<'a>) -> Read<(Field<'a>, Name)> {
    let field = section.need("name")?;
    let name = field.name()?;
    Ok((field, name))
}

fn cap(section: &Section<'_>, scope: &Scope, declared: &Declared) -> Read<Cap> {
    match (section.get("amount"), section.get("count")) {
        (Some(field), None) => {
            let amount = values::amount(&field, &declared.assets)?;
            if amount.is_zero() {
                return field.fault(Problem::ZeroLimit);
            }
            if !scope.admits(amount.asset()) {
                return field.fault(Problem::Never("its amount is of an asset that it excludes"));
            }
            Ok(Cap::Amount(amount))
        }
        (None, Some(field)) => field.count(MOST_PAYOUTS).map(Cap::Count),
        (None, None) | (Some(_), Some(_)) => Err(Fault {
            at: section.at,
            problem: Problem::OneOf {
                within: section.what().to_owned(),
                words: "`amount` and `count`",
            }
            .into(),
        }),
    }
}

fn per(field: &Field<'_>) -> Read<Per> {
    match field.text("a text")? {
        "scope" => Ok(Per::Scope),
        "vault" => Ok(Per::Vault),
        "asset" => Ok(Per::Asset),
        "payee" => Ok(Per::Payee),
        "initiator" => Ok(Per::Initiator),
        other => field.fault(Problem::UnknownWord {
            word: shown(other),
            within: "`per`".to_owned(),
            known: "scope, vault, asset, payee, initiator".to_owned(),
        }),
    }
}

fn quorum(section: &Section<'_>, declared: &Declared) -> Read<Quorum> {
    let steps = section.need("steps")?;
    let mut demands: Vec<Demand> = Vec::new();
    for item in steps.list("a list of { group, count }")? {
        let demand = step(&item, declared)?;
        if demands.iter().any(|earlier| earlier.group == demand.group) {
            return item.fault(Problem::Repeated {
                what: "group",
                name: demand.group.to_string(),
            });
        }
        demands.push(demand);
    }
    let may_approve = section.get("initiator_may_approve");
    let own = if may_approve.map_or(Ok(false), |field| field.flag())? {
        OwnApproval::Counts
    } else {
        OwnApproval::DoesNotCount
    };
    let delay_field = section.get("delay");
    let delay = delay_field.map_or(Ok(Span::ZERO), |field| values::span(&field, Span::ZERO))?;
    let expiry = values::span(&section.need("expiry")?, SHORTEST)?;
    if let (Some(field), true) = (delay_field, delay >= expiry) {
        return field.fault(Problem::DelayPastExpiry { delay, expiry });
    }
    let quorum = Quorum {
        demands,
        own,
        delay,
        expiry,
    };
    checks::possible(&steps, &quorum)?;
    Ok(quorum)
}

fn step(item: &Field<'_>, declared: &Declared) -> Read<Demand> {
    let section = item.section("a step", &["group", "count"])?;
    let field = section.need("group")?;
    let group = field.name()?;
    let count = section.need("count")?.count(MOST_PEOPLE)?;
    let Some(members) = declared.groups.get(&group) else {
        return field.fault(Problem::UnknownGroup(group.to_string()));
    };
    Ok(Demand {
        members: members.clone(),
        group,
        count: Headcount(u16::try_from(count).unwrap_or(u16::MAX)),
    })
}
