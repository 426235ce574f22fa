//! The founding, and who belongs to the treasury.

use std::collections::{BTreeMap, BTreeSet};

use domain::act::Founding;
use domain::proposal::PolicyChange;
use domain::roster::HexBytes;
use domain::roster::{Machine, Officer};
use domain::{Act, Entry, NetworkClass, Proposal, PublicKey, Span, Subject, TreasuryId};
use policy::Policy;

use crate::facts::policy_allows;
use crate::illegal::IllegalEntry;
use crate::state::{Adoption, MachineStanding, OfficerRecord, Treasury};

/// The first entry: signed by every founder, linked by a founding machine.
pub(crate) fn found(entry: &Entry) -> Result<Treasury, IllegalEntry> {
    let body = entry.body.body();
    let Act::Founded(founding) = &body.act else {
        return Err(IllegalEntry::Founding(
            "the first entry is no founding".to_owned(),
        ));
    };
    let link = entry.link.link();
    if link.sequence != 0 {
        return Err(IllegalEntry::OutOfOrder {
            expected: 0,
            actual: link.sequence,
        });
    }
    if link.previous.is_some() || link.body != entry.id() || !entry.is_linked() {
        return Err(IllegalEntry::BrokenChain);
    }
    check_founding(founding)?;
    for officer in &founding.officers {
        entry.body.envelope().verify(&officer.sign)?;
    }
    let signer = entry.link.machine().ok_or(IllegalEntry::BrokenChain)?;
    let machine = founding
        .machines
        .iter()
        .find(|machine| machine.id() == signer)
        .ok_or(IllegalEntry::UnknownMachine(signer))?;
    entry.link.envelope().verify(&machine.key)?;
    let policy = Policy::parse(&founding.policy).map_err(|e| refuse(format!("its policy: {e}")))?;
    let treasury = first_state(entry, founding, policy);
    check_way_on(&treasury)?;
    Ok(treasury)
}

/// A policy that the founders could never change again would be a trap: it is judged as if it were
/// proposed.
fn check_way_on(treasury: &Treasury) -> Result<(), IllegalEntry> {
    let text = treasury.founding.policy.clone();
    let proposal = Proposal {
        subject: Subject::Policy(PolicyChange { text }),
        expires: treasury.time.plus(Span::from_secs(3600)),
        nonce: HexBytes(Vec::new()),
    };
    // It is enough that one of them can propose it, whoever that is.
    let mut refused = refuse("there is no officer");
    for officer in treasury.officers.keys() {
        match policy_allows(treasury, &proposal, *officer) {
            Ok(()) => return Ok(()),
            Err(reasons) => refused = refuse(format!("its policy: {reasons}")),
        }
    }
    Err(refused)
}

fn first_state(entry: &Entry, founding: &Founding, policy: Policy) -> Treasury {
    let body = entry.body.body();
    Treasury {
        id: TreasuryId::from_bytes(*entry.id().as_bytes()),
        founding: founding.clone(),
        sequence: 0,
        head: entry.link.id(),
        time: body.time,
        officers: founding
            .officers
            .iter()
            .map(|o| (o.id(), active(o)))
            .collect(),
        machines: founding
            .machines
            .iter()
            .map(|m| (m.id(), standing(m)))
            .collect(),
        candidate: None,
        adoption: Adoption {
            entry: entry.id(),
            policy,
        },
        payees: BTreeMap::new(),
        assets: BTreeSet::new(),
        vaults: BTreeMap::new(),
        proposals: BTreeMap::new(),
        freezes: BTreeMap::new(),
        bans: BTreeSet::new(),
        alarms: BTreeSet::new(),
        enacted: BTreeMap::new(),
        entries: BTreeSet::from([entry.id()]),
        links: BTreeSet::from([entry.link.id()]),
        sessions: BTreeSet::new(),
    }
}

pub(crate) fn active(officer: &Officer) -> OfficerRecord {
    OfficerRecord {
        officer: officer.clone(),
        active: true,
    }
}

pub(crate) fn standing(machine: &Machine) -> MachineStanding {
    MachineStanding {
        machine: machine.clone(),
        replaced_by: None,
    }
}

fn refuse(why: impl Into<String>) -> IllegalEntry {
    IllegalEntry::Founding(why.into())
}

fn check_founding(founding: &Founding) -> Result<(), IllegalEntry> {
    if founding.officers.len() < 2 {
        return Err(refuse(
            "a treasury has at least two founding officers, or one person could do all",
        ));
    }
    if founding.machines.is_empty() || founding.networks.is_empty() {
        return Err(refuse(
            "a treasury names at least one machine and one network",
        ));
    }
    if founding.nonce.0.len() != 32 {
        return Err(refuse("the founding's nonce has 32 bytes"));
    }
    if founding
        .networks
        .iter()
        .any(|network| network.class() != founding.class)
    {
        return Err(refuse(
            "real money and test networks are never mixed in one treasury",
        ));
    }
    if founding.test_roots && founding.class == NetworkClass::Mainnet {
        return Err(refuse(
            "test attestation roots can never found a treasury that holds real money",
        ));
    }
    if founding.attestation_roots.is_empty() {
        return Err(refuse(
            "the founding names no attestation root, so no key could be checked",
        ));
    }
    let mut names = BTreeSet::new();
    for machine in &founding.machines {
        if !names.insert(&machine.name) || machine.administrators.is_empty() {
            return Err(refuse(format!(
                "machine {}: names are unique and at least one administrator is recorded",
                machine.name
            )));
        }
    }
    check_machine_keys(founding)?;
    let mut known: Vec<&Officer> = Vec::new();
    for officer in &founding.officers {
        check_new_officer(officer, known.iter().copied()).map_err(refuse)?;
        known.push(officer);
    }
    Ok(())
}

/// The keys in an officer's three slots.
pub(crate) fn keys(officer: &Officer) -> [PublicKey; 3] {
    [officer.sign, officer.freeze, officer.open]
}

/// A machine's key is its own: neither another machine's nor an officer's.
fn check_machine_keys(founding: &Founding) -> Result<(), IllegalEntry> {
    let mut keys: BTreeSet<_> = founding.officers.iter().flat_map(keys).collect();
    for machine in &founding.machines {
        if !keys.insert(machine.key) {
            return Err(refuse(format!(
                "machine {} has a key that serves elsewhere already",
                machine.name
            )));
        }
    }
    Ok(())
}

/// A serial enrols once, names tell people apart, and no key serves twice.
pub(crate) fn check_new_officer<'a>(
    officer: &Officer,
    others: impl Iterator<Item = &'a Officer>,
) -> Result<(), String> {
    let own: BTreeSet<_> = keys(officer).into_iter().collect();
    if own.len() != 3 {
        return Err(format!("{} has one key in two slots", officer.name));
    }
    for other in others {
        if other.serial == officer.serial {
            return Err(format!(
                "YubiKey {} is enrolled already, as {}",
                officer.serial, other.name
            ));
        }
        if other.name == officer.name {
            return Err(format!("there is an officer {} already", officer.name));
        }
        if keys(other).iter().any(|key| own.contains(key)) {
            return Err(format!(
                "{} and {} have a key in common",
                officer.name, other.name
            ));
        }
    }
    Ok(())
}
