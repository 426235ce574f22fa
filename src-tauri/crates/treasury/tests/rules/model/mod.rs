//! Random treasuries: acts of all kinds at random times, most of them out of place, some by a clock
//! that is behind, with a crash now and then. What must hold, holds after each.

mod checks;
mod tries;
mod world;

use std::collections::BTreeMap;

use proptest::prelude::*;

use tries::tries;
use world::World;

pub fn config() -> ProptestConfig {
    let mut config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 40;
    }
    config
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn random_treasuries_keep_the_rules(all in proptest::collection::vec(tries(), 1..60)) {
        let mut world = World::new();
        for what in all {
            let before = world.t.entries.len();
            world.attempt(what);
            if world.t.entries.len() != before {
                world.check();
            }
            world.check_steps();
        }
        // The same entries give the same state, whenever they are read.
        let replayed = world.t.replayed();
        prop_assert_eq!(format!("{replayed:?}"), format!("{:?}", world.t.replay));
    }
}

#[test]
fn random_treasuries_come_far() {
    // What the property says would be empty if nothing ever got anywhere.
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<&'static str, u32> = BTreeMap::new();
    let mut swept = 0;
    for _ in 0..60 {
        let all = proptest::collection::vec(tries(), 60..61);
        let all = all.new_tree(&mut runner).unwrap().current();
        let mut world = World::new();
        all.into_iter().for_each(|what| world.attempt(what));
        let transfers = world
            .starts
            .keys()
            .filter(|id| world.sweep_of(**id).is_some());
        swept += transfers.count();
        for entry in &world.t.entries {
            *seen.entry(entry.body.body().act.name()).or_default() += 1;
        }
    }
    for act in [
        "lapsed",
        "enacted",
        "declined",
        "planned",
        "released",
        "signing_started",
        "signing_retried",
        "signing_aborted",
        "signed",
        "broadcast",
        "confirmed",
        "reorged",
        "dropped",
        "replaced",
        "frozen",
    ] {
        assert!(
            seen.get(act).is_some_and(|times| *times >= 2),
            "{act}: {seen:?}"
        );
    }
    assert!(swept >= 2, "{swept} transfers of sweeps were signed");
}
