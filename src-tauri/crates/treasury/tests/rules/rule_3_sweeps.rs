//! A sweep is one decision of governance. Each transfer of it is planned, signed and paid once, like a
//! payout, and goes as soon as it can: a token waits for what brings its account gas.

mod bitcoin;
mod deciding;
mod nonces;
mod plans;
mod random;
mod versions;

use domain::act::Scope;
use domain::{Act, Amount, ProposalId, Transfer};
use policy::UseState;
use treasury::{Decision, IllegalEntry, Step};

use crate::fixture::*;

#[track_caller]
fn refused_plan(illegal: IllegalEntry, because: &str) {
    match illegal {
        IllegalEntry::Plan(why) if why.contains(because) => {}
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused_policy(illegal: IllegalEntry, because: &str) {
    match illegal {
        IllegalEntry::Policy(why) if why.contains(because) => {}
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused_release(illegal: IllegalEntry, because: &str) {
    match illegal {
        IllegalEntry::Release(why) if why.contains(because) => {}
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn replays(t: &Fixture) {
    assert_eq!(format!("{:?}", t.replayed()), format!("{:?}", t.replay));
}

/// Gas for account 2, ether from account 1, a token from account 2.
fn transfers() -> [Transfer; 3] {
    [
        brings_gas(2),
        collects(1, eth(), 70_000),
        collects(2, usd(), 900),
    ]
}

struct Case {
    t: Fixture,
    id: ProposalId,
    gas: ProposalId,
    ether: ProposalId,
    token: ProposalId,
}

impl Case {
    fn of(t: Fixture, (id, items): (ProposalId, Vec<ProposalId>)) -> Self {
        let [gas, ether, token] = items[..] else {
            panic!("three transfers");
        };
        Self {
            t,
            id,
            gas,
            ether,
            token,
        }
    }

    fn asked(policy: &str) -> Self {
        let mut t = Fixture::evm_under(policy);
        let asked = t.sweep_asked(&transfers());
        Self::of(t, asked)
    }

    fn approved() -> Self {
        let mut t = Fixture::evm();
        let approved = t.sweep_approved(&transfers());
        Self::of(t, approved)
    }

    /// What goes at once is planned.
    fn planned() -> Self {
        let mut case = Self::approved();
        let plans = [Step::Plan(case.gas), Step::Plan(case.ether)];
        assert_eq!(case.t.goes_on(), plans);
        case
    }

    /// What goes at once is out.
    fn out() -> Self {
        let mut case = Self::planned();
        case.t.released_jointly(case.id);
        case.t.goes_on();
        case
    }

    fn items(&self) -> [ProposalId; 3] {
        [self.gas, self.ether, self.token]
    }
}

fn signs(id: ProposalId) -> Step {
    Step::Sign(id, vec![DEVICE, HARDWARE])
}

#[test]
fn what_can_goes_at_once_and_a_token_waits_for_its_gas() {
    let Case {
        mut t,
        id,
        gas,
        ether,
        token,
    } = Case::planned();
    assert!(t.treasury().waits_for_gas(token));
    assert!(!t.treasury().waits_for_gas(gas) && !t.treasury().waits_for_gas(ether));
    let early = t.start_act(gas);
    assert!(matches!(t.refuses(early), IllegalEntry::Signing(_)));
    t.released_jointly(id);
    // Signed in their order; what is signed is sent at once, whatever else waits.
    let done = t.goes_on();
    assert_eq!(done.len(), 4, "{done:?}");
    let place = |step| done.iter().position(|one| *one == step).unwrap();
    assert!(place(signs(gas)) < place(signs(ether)));
    assert!(place(signs(gas)) < place(Step::Broadcast(gas)));
    assert!(place(signs(ether)) < place(Step::Broadcast(ether)));
    refused_release(t.refuses_by(ALICE, t.joint_release(id)), "no payout");
    t.run(t.confirmed(ether));
    assert_eq!(t.next(), None, "the gas is not there yet");
    t.run(t.confirmed(gas));
    assert_eq!(t.goes_on(), [Step::Plan(token)]);
    // The first release opened nothing that was planned after it.
    let unreleased = t.start_act(token);
    assert!(matches!(t.refuses(unreleased), IllegalEntry::Signing(_)));
    assert!(t.is_open(id));
    t.released_jointly(id);
    assert_eq!(t.goes_on(), [signs(token), Step::Broadcast(token)]);
    assert!(matches!(t.decision(id), Decision::Enacted(_)));
    t.run(t.confirmed(token));
    assert_eq!(t.next(), None);
    replays(&t);
}

#[test]
fn each_transfer_is_paid_once() {
    let Case { mut t, gas, .. } = Case::out();
    t.run(t.confirmed(gas));
    for nonce in [0, 1] {
        let again = t.refuses(t.transfer_plan(gas, 2, nonce));
        assert!(matches!(again, IllegalEntry::Plan(_)), "{again:?}");
    }
    let again = t.start_act(gas);
    assert!(matches!(t.refuses(again), IllegalEntry::Signing(_)));
}

#[test]
fn a_token_waits_until_its_gas_is_final_and_while_it_is_not_again() {
    let Case {
        mut t,
        id,
        gas,
        token,
        ..
    } = Case::out();
    t.run(t.confirmed(gas));
    let mut back = t.clone();
    back.run(Act::Reorged(back.sighting(gas)));
    assert_eq!(back.next(), None);
    // Nor is it signed, where the reorganisation comes after its plan.
    t.goes_on();
    t.released_jointly(id);
    t.run(Act::Reorged(t.sighting(gas)));
    assert!(t.treasury().waits_for_gas(token));
    assert_eq!(t.next(), None);
    t.run(t.confirmed(gas));
    assert_eq!(t.next(), Some(signs(token)));
}

#[test]
fn a_release_names_the_transfers_that_wait_and_no_others() {
    let Case {
        mut t,
        id,
        gas,
        ether,
        ..
    } = Case::planned();
    let act = t.joint_release(id);
    t.run(t.transfer_plan(ether, 2, 3));
    refused_release(t.refuses_by(ALICE, act), "others than the ones released");
    let act = t.joint_release(id);
    refused_release(t.refuses_by(CAROL, act.clone()), "does not open that seat");
    let refused = t.refuses(act.clone());
    assert!(matches!(refused, IllegalEntry::WrongAuthor { .. }));
    let mut late = t.clone();
    late.by(ALICE, act);
    late.wait(MINUTE);
    assert_eq!(late.next(), None, "it has ended");
    // One alone can be opened as well.
    t.release(BOB, gas, HARDWARE);
    assert_eq!(t.goes_on(), [signs(gas), Step::Broadcast(gas)]);
}

#[test]
fn rule_7_a_freeze_holds_a_sweep_at_every_step() {
    let scopes = |case: &Case| {
        [
            Scope::Treasury,
            Scope::Vault(case.t.vault),
            Scope::Payout(case.id),
        ]
    };
    for scope in 0..3 {
        let Case {
            mut t,
            id,
            gas,
            ether,
            ..
        } = {
            let mut case = Case::approved();
            let scope = scopes(&case)[scope];
            // Before its plans.
            let freeze = case.t.frozen(CAROL, scope);
            for item in [case.gas, case.ether] {
                let plan = case.t.transfer_plan(item, 1, 0);
                assert_eq!(case.t.refuses(plan), IllegalEntry::Frozen);
            }
            assert_eq!(case.t.next(), None);
            case.t.thawed(&[freeze]);
            assert_eq!(case.t.goes_on().len(), 2);
            case
        };
        let scope = [Scope::Treasury, Scope::Vault(t.vault), Scope::Payout(id)][scope];
        // Before its release, and before its signing.
        let freeze = t.frozen(CAROL, scope);
        assert_eq!(
            t.refuses_by(ALICE, t.joint_release(id)),
            IllegalEntry::Frozen
        );
        t.thawed(&[freeze]);
        t.released_jointly(id);
        let starts = [t.start_act(gas), t.start_act(ether)];
        let freeze = t.frozen(CAROL, scope);
        for start in starts {
            assert_eq!(t.refuses(start), IllegalEntry::Frozen);
        }
        assert_eq!(t.next(), None);
        t.thawed(&[freeze]);
        // Before it is sent.
        let session = t.started(gas);
        t.run(t.evm_signed_act(gas, session));
        t.frozen(CAROL, scope);
        assert_eq!(t.refuses(t.broadcast(gas)), IllegalEntry::Frozen);
        assert_eq!(t.next(), None);
    }
}

#[test]
fn rule_7_a_freeze_of_one_transfer_holds_it_alone() {
    let Case {
        mut t,
        id,
        gas,
        ether,
        ..
    } = Case::approved();
    let planned = Case::planned();
    let freeze = t.frozen(CAROL, Scope::Payout(ether));
    assert_eq!(
        t.refuses(t.transfer_plan(ether, 1, 0)),
        IllegalEntry::Frozen
    );
    assert_eq!(t.goes_on(), [Step::Plan(gas)]);
    t.released_jointly(id);
    assert_eq!(t.goes_on(), [signs(gas), Step::Broadcast(gas)]);
    t.thawed(&[freeze]);
    assert_eq!(t.goes_on(), [Step::Plan(ether)]);

    // One that is planned keeps a joint release from being given; the others are opened one by one.
    let mut t = planned.t;
    t.frozen(CAROL, Scope::Payout(ether));
    assert_eq!(
        t.refuses_by(ALICE, t.joint_release(id)),
        IllegalEntry::Frozen
    );
    let release = t.release_of(ether, HARDWARE);
    assert_eq!(t.refuses_by(ALICE, release), IllegalEntry::Frozen);
    t.release(ALICE, gas, HARDWARE);
    assert_eq!(t.goes_on(), [signs(gas), Step::Broadcast(gas)]);
}

#[test]
fn one_that_cannot_be_planned_holds_up_no_other() {
    let Case {
        mut t,
        id,
        gas,
        ether,
        token,
    } = Case::approved();
    assert_eq!(t.goes_on_without(&[gas]), [Step::Plan(ether)]);
    t.released_jointly(id);
    let done = t.goes_on_without(&[gas]);
    assert_eq!(done, [signs(ether), Step::Broadcast(ether)]);
    // The token has no gas.
    assert_eq!(t.next_without(&[gas]), None);
    assert_eq!(t.next(), Some(Step::Plan(gas)));
    assert_eq!(t.next_without(&[id]), None);
    assert!(t.treasury().waits_for_gas(token));
}

/// [`POLICY`] with a day's limit of ether.
fn of_ether(amount: &str) -> String {
    let assets = "[assets]\nETH = { chain = \"eip155:31337\", decimals = 18 }\n\n[groups]";
    let policy = POLICY.replace("[groups]", assets);
    policy.replace("0.01 BTC", amount)
}

#[test]
fn limits_count_what_a_sweep_costs_and_not_what_it_moves() {
    let mut t = Fixture::evm_under(&of_ether("0.025 ETH"));
    let ten = 10_000_000_000_000_000_000;
    let (id, items) = t.sweep_approved(&[collects(1, eth(), ten), collects(2, eth(), ten)]);
    t.goes_on();
    let uses = |t: &Fixture| t.replay.facts(t.treasury(), t.now).uses;
    for used in uses(&t) {
        assert!(used.legs.is_empty());
        assert_eq!((used.proposal, used.fee), (id, evm_cap()));
        assert_eq!(used.state, UseState::Reserved);
    }
    assert_eq!(uses(&t).len(), 2);
    // Two caps of 0.01 are reserved: 0.001 with a cap of 0.01 does not fit.
    let payout = t.evm_approved(evm_leg(1, eth(), 1_000_000_000_000_000));
    let plan = t.evm_draft(payout, 0).planned(payout, 1);
    refused_policy(t.refuses(plan.clone()), "A day's spending");
    t.released_jointly(id);
    t.goes_on();
    for item in items {
        t.run(t.confirmed(item));
    }
    // 0.002 each was spent in the end.
    let fee = Amount::Evm(eth(), wei(2_000_000_000_000_000));
    for used in uses(&t) {
        assert_eq!((used.fee, used.state), (fee, UseState::Settled));
    }
    t.run(plan);
}
