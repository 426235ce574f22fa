//! Who belongs to a treasury: founding, officers who join and go, and policies that would lock out.

use domain::act::Founding;
use domain::dsse::EnvelopeError;
use domain::{Act, Network, NetworkClass, Officer};
use treasury::{IllegalEntry, Replay};

use crate::fixture::*;

/// What is said of a founding with something changed, signed by all whom it names.
fn changed(change: impl FnOnce(&mut Founding)) -> Result<(), IllegalEntry> {
    let mut founding = founding(POLICY, &[host(1).machine]);
    change(&mut founding);
    // The same key twice is no envelope, so each key signs once.
    let mut signers: Vec<Key> = Vec::new();
    for officer in &founding.officers {
        let key = FOUNDERS
            .map(Person::sign_key)
            .into_iter()
            .find(|key| key.public() == officer.sign);
        signers.extend(key);
    }
    Replay::default().push(&founding_by(&founding, &signers, &host(1).key))
}

#[track_caller]
fn not_founded(change: impl FnOnce(&mut Founding), because: &str) {
    match changed(change) {
        Err(IllegalEntry::Founding(why)) if why == because => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn three_founders_found_a_treasury() {
    assert_eq!(changed(|_| {}), Ok(()));
}

#[test]
fn a_treasury_is_not_founded_by_one_person() {
    not_founded(
        |f| f.officers.truncate(1),
        "a treasury has at least two founding officers, or one person could do all",
    );
}

#[test]
fn a_founding_that_leaves_something_out_is_refused() {
    let none = "a treasury names at least one machine and one network";
    not_founded(|f| f.machines.clear(), none);
    not_founded(|f| f.networks.clear(), none);
    not_founded(
        |f| f.nonce.0.truncate(31),
        "the founding's nonce has 32 bytes",
    );
    not_founded(
        |f| f.attestation_roots.clear(),
        "the founding names no attestation root, so no key could be checked",
    );
    let alone = "machine Machine 1: names are unique and at least one administrator is recorded";
    not_founded(|f| f.machines[0].administrators.clear(), alone);
}

#[test]
fn real_money_and_test_networks_are_never_mixed() {
    let mixed = "real money and test networks are never mixed in one treasury";
    not_founded(|f| f.networks.push(Network::Bitcoin), mixed);
    not_founded(
        |f| {
            f.class = NetworkClass::Mainnet;
            f.test_roots = false;
        },
        mixed,
    );
}

#[test]
fn test_roots_never_found_a_treasury_for_real_money() {
    let real = |f: &mut Founding| {
        f.class = NetworkClass::Mainnet;
        f.networks = vec![Network::Bitcoin];
    };
    not_founded(
        real,
        "test attestation roots can never found a treasury that holds real money",
    );
    let with_real_roots = |f: &mut Founding| {
        real(f);
        f.test_roots = false;
    };
    assert_eq!(changed(with_real_roots), Ok(()));
}

#[test]
fn machines_are_told_apart_by_name_and_by_key() {
    let unique = "machine Machine 1: names are unique and at least one administrator is recorded";
    not_founded(
        |f| {
            let mut other = host(2).machine;
            other.name = name("Machine 1");
            f.machines.push(other);
        },
        unique,
    );
    not_founded(
        |f| {
            let mut other = host(1).machine;
            other.name = name("Machine 2");
            f.machines.push(other);
        },
        "machine Machine 2 has a key that serves elsewhere already",
    );
    not_founded(
        |f| f.machines[0].key = ALICE.open_key().public(),
        "machine Machine 1 has a key that serves elsewhere already",
    );
}

/// What makes an officer look like Alice, and what is said of it.
type Double = (fn(&mut Officer), &'static str);

fn doubles() -> Vec<Double> {
    vec![
        (
            |o| o.serial = 1000,
            "YubiKey 1000 is enrolled already, as Alice",
        ),
        (
            |o| o.name = name("Alice"),
            "there is an officer Alice already",
        ),
        (
            |o| o.freeze = ALICE.sign_key().public(),
            "have a key in common",
        ),
        (
            |o| o.open = ALICE.freeze_key().public(),
            "have a key in common",
        ),
        (
            |o| o.open = ALICE.open_key().public(),
            "have a key in common",
        ),
        (|o| o.open = o.freeze, "has one key in two slots"),
        (|o| o.freeze = o.sign, "has one key in two slots"),
    ]
}

#[test]
fn founders_are_told_apart_by_serial_name_and_keys() {
    for (double, because) in doubles() {
        match changed(|f| double(&mut f.officers[1])) {
            Err(IllegalEntry::Founding(why)) => assert!(why.contains(because), "{why}"),
            other => panic!("{because}: {other:?}"),
        }
    }
}

#[test]
fn every_founder_signs_the_founding() {
    let founding = founding(POLICY, &[host(1).machine]);
    let by =
        |signers: &[Key]| Replay::default().push(&founding_by(&founding, signers, &host(1).key));
    let keys = |people: [Person; 3]| people.map(Person::sign_key);
    assert_eq!(by(&keys([ALICE, BOB, CAROL])), Ok(()));
    assert_eq!(by(&keys([CAROL, ALICE, BOB])), Ok(()));
    let unsigned = IllegalEntry::Signature(EnvelopeError::NotSignedBy);
    assert_eq!(by(&keys([ALICE, BOB, DORA])), Err(unsigned.clone()));
    // With the card, but not with the slot that takes a PIN.
    let touched = [ALICE.sign_key(), BOB.sign_key(), CAROL.freeze_key()];
    assert_eq!(by(&touched), Err(unsigned));
}

const LOCKED: &str = r#"
version = 1
[groups]
Founders = ["Alice", "Bob", "Carol"]
Ghosts = ["Zoe", "Zed"]
[[lane]]
name = "Founders"
scope = "all"
steps = [{ group = "Founders", count = 1 }]
expiry = "24 h"
[governance.default]
steps = [{ group = "Ghosts", count = 2 }]
expiry = "7 d"
"#;

#[test]
fn a_policy_that_nobody_could_change_founds_no_treasury() {
    match changed(|f| f.policy = LOCKED.to_owned()) {
        Err(IllegalEntry::Founding(why)) => {
            assert!(why.contains("could ever be changed again"), "{why}");
        }
        other => panic!("{other:?}"),
    }
    match changed(|f| f.policy = LOCKED.replace("version = 1", "version = 2")) {
        Err(IllegalEntry::Founding(why)) => assert!(why.starts_with("its policy: "), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_policy_that_nobody_could_change_is_not_adopted() {
    let mut t = Fixture::new();
    let id = t.propose(ALICE, policy(LOCKED));
    t.approve(id, &[ALICE, BOB]);
    let refused = t.refuses(Act::Enacted { proposal: id });
    assert!(
        matches!(&refused, IllegalEntry::Policy(why) if why.contains("could ever be changed again")),
        "{refused}"
    );
    assert_eq!(t.next(), None);
    let broken = Act::Proposed(Box::new(t.proposal(policy("version = 7"), DAY)));
    assert!(matches!(
        t.refuses_by(ALICE, broken),
        IllegalEntry::Proposal(_)
    ));
}

#[test]
fn a_policy_that_only_some_can_ask_to_change_founds_a_treasury() {
    // Two decide, neither of them may propose: then the third proposes. Whose id is the lowest must
    // not matter.
    for pair in [["Alice", "Bob"], ["Bob", "Carol"], ["Alice", "Carol"]] {
        let [one, two] = pair;
        let text = POLICY.replace("initiator_may_approve = true", "").replace(
            r#"Founders = ["Alice", "Bob", "Carol", "Dora"]"#,
            &format!(r#"Founders = ["{one}", "{two}"]"#),
        );
        assert_eq!(changed(|f| f.policy = text), Ok(()), "{pair:?}");
    }
}

#[test]
fn an_officer_who_joins_proves_possession() {
    let mut t = Fixture::new();
    let treasury = t.treasury().id;
    let refused = |t: &mut Fixture, officer: Officer| {
        let act = Act::Proposed(Box::new(t.proposal(joins(officer), DAY)));
        t.refuses_by(ALICE, act)
    };
    let unproven = IllegalEntry::Proposal("Dora did not prove possession of the key".to_owned());
    assert_eq!(refused(&mut t, DORA.officer()), unproven);
    // The proof of another key, of another treasury, or over other keys.
    assert_eq!(
        refused(&mut t, ERIN.proving(DORA.officer(), treasury)),
        unproven
    );
    let elsewhere = domain::TreasuryId::from_bytes([2; 32]);
    assert_eq!(refused(&mut t, DORA.joining(elsewhere)), unproven);
    let mut swapped = DORA.joining(treasury);
    swapped.freeze = ERIN.freeze_key().public();
    assert_eq!(refused(&mut t, swapped), unproven);
    t.enacted(joins(DORA.joining(treasury)));
    assert!(t.treasury().active_officer(DORA.id()).is_some());
    // A full officer from now on.
    t.frozen(DORA, domain::act::Scope::Treasury);
}

#[test]
fn officers_who_join_are_told_apart_from_all_who_ever_were() {
    let mut t = Fixture::new();
    let treasury = t.treasury().id;
    // Even from those who are suspended.
    t.enacted_by(&[BOB, CAROL], suspension(ALICE));
    for (double, because) in doubles() {
        let mut officer = DORA.officer();
        double(&mut officer);
        let officer = DORA.proving(officer, treasury);
        let act = Act::Proposed(Box::new(t.proposal(joins(officer), DAY)));
        match t.refuses_by(BOB, act) {
            IllegalEntry::Proposal(why) => assert!(why.contains(because), "{why}"),
            other => panic!("{because}: {other}"),
        }
    }
    let mut machine = DORA.officer();
    machine.open = t.host.key.public();
    let act = Act::Proposed(Box::new(
        t.proposal(joins(DORA.proving(machine, treasury)), DAY),
    ));
    let because = "Dora has a key that is a machine's".to_owned();
    assert_eq!(t.refuses_by(BOB, act), IllegalEntry::Proposal(because));
}

#[test]
fn two_who_join_with_the_same_name_do_not_both() {
    let mut t = Fixture::new();
    let treasury = t.treasury().id;
    let dora = t.propose(ALICE, joins(DORA.joining(treasury)));
    let mut namesake = ERIN.officer();
    namesake.name = name("Dora");
    let other = t.propose(BOB, joins(ERIN.proving(namesake, treasury)));
    t.approve(dora, &[ALICE, BOB]);
    t.approve(other, &[ALICE, BOB]);
    t.run(Act::Enacted { proposal: dora });
    let refused = t.refuses(Act::Enacted { proposal: other });
    let because = "there is an officer Dora already".to_owned();
    assert_eq!(refused, IllegalEntry::Proposal(because));
}

#[test]
fn the_last_who_can_decide_are_not_suspended() {
    let mut t = Fixture::new();
    t.enacted(suspension(CAROL));
    let twice = Act::Proposed(Box::new(t.proposal(suspension(CAROL), DAY)));
    let none = "there is no such active officer".to_owned();
    assert_eq!(t.refuses_by(ALICE, twice), IllegalEntry::Proposal(none));
    let id = t.propose(ALICE, suspension(BOB));
    t.approve(id, &[ALICE, BOB]);
    let refused = t.refuses(Act::Enacted { proposal: id });
    assert!(
        matches!(&refused, IllegalEntry::Policy(why) if why.contains("could ever be changed again")),
        "{refused}"
    );
}
