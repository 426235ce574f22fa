//! The evaluator against the naive one, over random policies, facts, payouts and approvals: every
//! denial, every broken limit with the time it frees, the lane, and what the approvals come to.
//!
//! At least 2,000 policies with four payouts each; `PROPTEST_CASES` raises it.

#[cfg(test)]
mod model;
#[cfg(test)]
mod money;
#[cfg(test)]
mod naive;
#[cfg(test)]
mod support;
#[cfg(test)]
mod world;

use std::cell::RefCell;
use std::collections::BTreeMap;

use model::{Answer, End, Limited, Rules};
use policy::{Policy, Request};
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner};
use support::proposal_id;
use world::{Cast, NOW, Vote, World, facts, judge, proposal, sign, time, vote, world};

#[test]
fn both_evaluators_agree() {
    let usual = Config::default();
    let file = FileFailurePersistence::Direct("tests/against_naive.regressions");
    let config = Config {
        cases: usual.cases.max(2000),
        max_global_rejects: u32::MAX,
        failure_persistence: Some(Box::new(file)),
        ..usual
    };
    let cast = RefCell::new(Cast::default());
    let seen = RefCell::new(BTreeMap::new());
    let worlds = proptest::collection::vec(world(), 4);
    let votes = proptest::collection::vec(vote(), 0..7);
    TestRunner::new(config)
        .run(
            &(model::rules(), worlds, votes),
            |(rules, worlds, votes)| {
                compare(
                    &rules,
                    &worlds,
                    &votes,
                    &mut cast.borrow_mut(),
                    &mut seen.borrow_mut(),
                )
            },
        )
        .unwrap();
    let seen = seen.into_inner();
    println!("{seen:?}");
    // An answer that never came up was never compared.
    for kind in [
        "denied",
        "over",
        "reserved",
        "never",
        "refused",
        "faulty",
        "missing",
        "waiting",
        "authorised",
        "batch denied",
        "batch over",
        "batch refused",
        "batch faulty",
        "batch missing",
        "batch authorised",
    ] {
        assert!(
            seen.get(kind).copied().unwrap_or(0) >= 20,
            "`{kind}` came up too rarely: {seen:?}"
        );
    }
}

fn compare(
    rules: &Rules,
    worlds: &[World],
    votes: &[Vote],
    cast: &mut Cast,
    seen: &mut BTreeMap<&'static str, u32>,
) -> Result<(), TestCaseError> {
    let text = rules.toml();
    let policy = Policy::parse(&text).map_err(|error| {
        TestCaseError::reject(format!("{:?}", std::mem::discriminant(error.problem())))
    })?;
    let approvals = sign(votes, &policy, cast);
    for world in worlds {
        let facts = facts(world, &policy, cast);
        let proposal = proposal(world);
        let request = Request {
            proposal: proposal_id("this"),
            subject: &proposal,
            initiator: cast.of(world.payout.initiator).id(),
            proposed: time(NOW - world.proposed),
        };
        let mut expected = naive::judge(rules, &facts, &request, &approvals);
        let answer = judge(&policy, &facts, &request, &approvals);
        // A refusal names no lane.
        if matches!(expected.end, End::Refused | End::Faulty) {
            expected.lane = None;
        }
        tally(seen, &answer, world.payout.batch);
        prop_assert_eq!(&answer, &expected, "{}\n{:#?}", text, world);
    }
    Ok(())
}

fn tally(seen: &mut BTreeMap<&'static str, u32>, answer: &Answer, batch: bool) {
    let kinds = [
        ("denied", !answer.denied.is_empty()),
        (
            "over",
            answer
                .over
                .iter()
                .any(|(_, _, frees)| matches!(frees, Limited::At(_))),
        ),
        (
            "reserved",
            answer
                .over
                .iter()
                .any(|(_, _, frees)| *frees == Limited::Reserved),
        ),
        (
            "never",
            answer
                .over
                .iter()
                .any(|(_, _, frees)| *frees == Limited::Never),
        ),
        ("refused", answer.end == End::Refused),
        ("faulty", answer.end == End::Faulty),
        ("missing", answer.end == End::Missing),
        ("waiting", matches!(answer.end, End::Waiting(_))),
        ("authorised", answer.end == End::Authorised),
        ("batch denied", batch && !answer.denied.is_empty()),
        ("batch over", batch && !answer.over.is_empty()),
        ("batch refused", batch && answer.end == End::Refused),
        ("batch faulty", batch && answer.end == End::Faulty),
        ("batch missing", batch && answer.end == End::Missing),
        ("batch authorised", batch && answer.end == End::Authorised),
    ];
    for (kind, _) in kinds.iter().filter(|(_, yes)| *yes) {
        *seen.entry(kind).or_default() += 1;
    }
}
