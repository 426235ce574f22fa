//! From text to statements: strict, and every refusal names its line and column.

mod assets;
mod checks;
mod reader;
mod scope;
mod statements;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use domain::Name;
use toml::de::DeTable;

use crate::error::{PolicyError, Problem};
use crate::policy::Rules;
use reader::{Fault, Field, Read, Section};
use scope::Declared;

pub(crate) use assets::LONGEST_WORD;
pub(crate) use values::DAYS;

/// Longer texts are read by nobody, and a policy that nobody reads protects nobody.
const LONGEST_TEXT: usize = 256 * 1024;

const WORDS: [&str; 8] = [
    "version",
    "assets",
    "groups",
    "payees",
    "deny",
    "limit",
    "lane",
    "governance",
];

/// Reads the statements of a policy.
pub(crate) fn rules(text: &str) -> Result<Rules, PolicyError> {
    if text.len() > LONGEST_TEXT {
        let problem = Problem::TooLong {
            bytes: text.len(),
            most: LONGEST_TEXT,
        };
        return Err(PolicyError::at(text, 0, problem));
    }
    let table = DeTable::parse(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        PolicyError::at(text, offset, Problem::Toml(error.message().to_owned()))
    })?;
    read(table.get_ref()).map_err(|Fault { at, problem }| PolicyError::at(text, at, problem))
}

fn read(table: &DeTable<'_>) -> Read<Rules> {
    let top = Section::of("a policy", 0, table, &WORDS)?;
    let version = top.need("version")?;
    let number = version.number()?;
    if number != "1" {
        return version.fault(Problem::Version(number));
    }
    let declared = Declared {
        assets: assets::assets(&top)?,
        groups: sets(&top.need("groups")?, "officer")?,
        lists: top
            .get("payees")
            .map_or(Ok(BTreeMap::new()), |field| sets(&field, "payee"))?,
    };
    let denials = statements::each(&top, "deny", |field| statements::deny(field, &declared))?;
    let limits = statements::each(&top, "limit", |field| statements::limit(field, &declared))?;
    let lanes = statements::each(&top, "lane", |field| statements::lane(field, &declared))?;
    checks::lanes(&lanes, &denials)?;
    let (governance, governance_default) =
        statements::governance(&top.need("governance")?, &declared)?;
    Ok(Rules {
        assets: declared.assets,
        groups: declared.groups,
        lists: declared.lists,
        denials: denials.into_iter().map(|(_, deny)| deny).collect(),
        limits: limits.into_iter().map(|(_, limit)| limit).collect(),
        lanes: lanes.into_iter().map(|(_, lane)| lane).collect(),
        governance,
        governance_default,
    })
}

/// Groups and payee lists: a name, and the names in it.
fn sets(field: &Field<'_>, what: &'static str) -> Read<BTreeMap<Name, BTreeSet<Name>>> {
    let entries = field.entries()?;
    if entries.is_empty() {
        return field.fault(Problem::Empty(field.word.to_owned()));
    }
    let mut sets = BTreeMap::new();
    for (name, members) in entries {
        let mut set = BTreeSet::new();
        for item in members.list("a list of names")? {
            let member = item.name()?;
            if !set.insert(member.clone()) {
                return item.fault(Problem::Repeated {
                    what,
                    name: member.to_string(),
                });
            }
        }
        sets.insert(name, set);
    }
    Ok(sets)
}
