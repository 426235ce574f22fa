//! Governance decides a sweep, as a whole; what can't be one is refused when it is proposed.

use domain::{Act, Address, Amount, Batch, Payout, Subject, Transfer, VaultId, VaultPlan};
use treasury::{Decision, IllegalEntry, PayoutStage, Step};

use super::{Case, refused_policy, refused_release, replays, transfers};
use crate::fixture::*;

#[track_caller]
fn not_proposed(t: &Fixture, subject: Subject, because: &str) {
    let act = Act::Proposed(Box::new(t.clone().proposal(subject, DAY)));
    match t.refuses_by(ALICE, act) {
        IllegalEntry::Proposal(why) if why.contains(because) => {}
        other => panic!("{other:?}"),
    }
}

/// [`POLICY`], where sweeps are for a board to decide.
fn board() -> String {
    let group = "[groups]\nBoard = [\"Alice\", \"Carol\"]";
    let rule = "[governance.sweep]\nsteps = [{ group = \"Board\", count = 2 }]\n\
                initiator_may_approve = true\nexpiry = \"7 d\"\n";
    format!("{}\n{rule}", POLICY.replace("[groups]", group))
}

#[track_caller]
fn not_planned(case: &Case, because: &str) {
    let t = &case.t;
    for item in [case.gas, case.ether] {
        refused_policy(t.refuses(t.transfer_plan(item, 1, 5)), because);
    }
    assert_eq!(t.next(), None);
}

#[test]
fn governance_decides_a_sweep() {
    let mut case = Case::asked(POLICY);
    not_planned(&case, "");
    case.t.approve(case.id, &[ALICE]);
    not_planned(&case, "");
    case.t.approve(case.id, &[CAROL]);
    assert_eq!(case.t.next(), Some(Step::Plan(case.gas)));
    case.t.goes_on();
}

#[test]
fn approvals_that_would_do_for_a_payout_do_not_for_a_sweep() {
    let mut case = Case::asked(&board());
    // The lane's two others.
    case.t.approve(case.id, &[BOB, CAROL]);
    not_planned(&case, "Board");
    case.t.approve(case.id, &[ALICE]);
    assert_eq!(case.t.goes_on().len(), 2);
    // And the board's do not for a payout.
    let payout = case.t.evm_payout(evm_leg(1, eth(), 7));
    let payout = case.t.propose(ALICE, Subject::Payout(payout));
    case.t.approve(payout, &[ALICE, CAROL]);
    let plan = case.t.evm_draft(payout, 9).planned(payout, 1);
    refused_policy(case.t.refuses(plan), "");
}

#[test]
fn where_nobody_may_decide_a_sweep_none_is_made() {
    let of = |kind: &str| {
        POLICY
            .split_once("[governance.default]")
            .unwrap()
            .1
            .replace("steps", &format!("[governance.{kind}]\nsteps"))
    };
    let lanes = POLICY.split_once("[governance.default]").unwrap().0;
    let policy = [lanes, &of("policy"), &of("vault"), &of("asset")].concat();
    let mut case = Case::asked(&policy);
    case.t.approve(case.id, &[ALICE, BOB, CAROL]);
    not_planned(&case, "no governance for `sweep`");
}

#[test]
fn an_approval_of_another_sweep_counts_nothing_for_this() {
    let mut case = Case::asked(POLICY);
    let (twin, _) = case.t.sweep_asked(&transfers());
    assert_ne!(twin, case.id);
    case.t.approve(twin, &[ALICE, BOB]);
    assert!(matches!(case.t.next(), Some(Step::Plan(item)) if !case.items().contains(&item)));
    let plan = case.t.transfer_plan(case.gas, 1, 0);
    refused_policy(case.t.refuses(plan), "");
}

#[test]
fn no_transfer_is_decided_alone_and_no_sweep_is_a_transfer() {
    let Case { t, id, token, .. } = Case::planned();
    for act in [t.approval(token), declined(token)] {
        let refused = t.refuses_by(CAROL, act);
        assert!(matches!(refused, IllegalEntry::Proposal(_)), "{refused:?}");
    }
    for act in [
        lapsed(token),
        Act::Enacted { proposal: token },
        Act::Enacted { proposal: id },
    ] {
        let refused = t.refuses(act);
        assert!(matches!(refused, IllegalEntry::Proposal(_)), "{refused:?}");
    }
    let whole = EvmDraft::cancelling(5).planned(id, 1);
    let unknown = t.refuses(whole);
    assert!(matches!(
        unknown,
        IllegalEntry::Unknown { what: "payout", .. }
    ));
    let cancel = |payout| {
        Subject::Cancel(domain::proposal::Cancel {
            payout,
            fee_cap: evm_cap(),
        })
    };
    not_proposed(&t, cancel(id), "there is no such payout");
    not_proposed(&t, cancel(token), "nothing of the payout is signed");
    // A place beyond the last.
    let beyond = Batch::item_id(id, 3);
    let plan = EvmDraft::cancelling(5).planned(beyond, 1);
    assert!(matches!(t.refuses(plan), IllegalEntry::Unknown { .. }));
}

#[test]
fn a_decline_ends_all_that_has_not_begun() {
    let mut case = Case::planned();
    case.t.by(CAROL, declined(case.id));
    for item in case.items() {
        assert!(matches!(case.t.decision(item), Decision::Declined { .. }));
        let plan = case.t.transfer_plan(item, 2, 5);
        assert_eq!(case.t.refuses(plan), IllegalEntry::NotOpen(item));
    }
    refused_release(
        case.t.refuses_by(ALICE, case.t.joint_release(case.id)),
        "no payout",
    );
    assert_eq!(case.t.next(), None);
    let late = case.t.refuses_by(BOB, case.t.approval(case.id));
    assert_eq!(late, IllegalEntry::NotOpen(case.id));

    // What is out goes on; the token never follows it.
    let mut case = Case::out();
    case.t.by(CAROL, declined(case.id));
    for item in [case.gas, case.ether] {
        case.t.run(case.t.confirmed(item));
    }
    assert_eq!(case.t.next(), None);
    let plan = case.t.transfer_plan(case.token, 1, 0);
    assert_eq!(case.t.refuses(plan), IllegalEntry::NotOpen(case.token));
}

#[test]
fn when_its_time_is_over_what_has_not_begun_lapses() {
    let Case {
        mut t,
        id,
        gas,
        token,
        ..
    } = Case::out();
    t.run(t.confirmed(gas));
    t.wait(DAY);
    let late = t.refuses(t.transfer_plan(token, 1, 0));
    assert!(matches!(late, IllegalEntry::Plan(_)), "{late:?}");
    assert_eq!(t.next(), Some(Step::Lapse(id)));
    t.run(lapsed(id));
    assert!(matches!(t.decision(token), Decision::Lapsed));
    assert!(matches!(t.stage(gas), PayoutStage::Confirmed { .. }));
    assert_eq!(t.next(), None);
}

#[test]
fn what_voids_approvals_releases_what_was_planned_on_them() {
    for voids in [suspension(BOB), policy(&format!("{POLICY}\n"))] {
        let Case {
            mut t,
            id,
            gas,
            ether,
            token,
        } = Case::planned();
        let start = t.start_act(ether);
        t.release(ALICE, gas, HARDWARE);
        t.goes_on();
        t.enacted_by(&[ALICE, CAROL], voids);
        // What has begun goes on, the rest waits for approvals and is planned anew.
        assert!(t.is_open(ether) && t.is_open(token) && t.is_open(id));
        t.run(t.confirmed(gas));
        assert_eq!(t.next(), None);
        assert!(matches!(t.refuses(start), IllegalEntry::Unknown { .. }));
        for item in [ether, token] {
            refused_policy(t.refuses(t.transfer_plan(item, 1, 0)), "");
        }
        let who: &[Person] = match t.treasury().active_officer(BOB.id()) {
            Some(_) => &[ALICE, CAROL],
            None => &[CAROL],
        };
        t.approve(id, who);
        assert_eq!(t.goes_on(), [Step::Plan(ether), Step::Plan(token)]);
        t.released_jointly(id);
        t.goes_on();
        assert!(matches!(t.decision(id), Decision::Enacted(_)));
        replays(&t);
    }
}

#[test]
fn a_sweep_by_a_suspended_officer_is_not_begun() {
    let Case { mut t, gas, .. } = Case::planned();
    t.enacted_by(&[BOB, CAROL], suspension(ALICE));
    assert!(t.is_open(gas));
    refused_policy(t.refuses(t.transfer_plan(gas, 1, 0)), "");
    assert_eq!(t.next(), None);
}

#[test]
fn what_was_not_being_signed_ends_when_another_machine_takes_over() {
    let Case {
        mut t,
        id,
        gas,
        ether,
        token,
    } = Case::planned();
    t.release(ALICE, gas, HARDWARE);
    t.goes_on();
    let next = host(2);
    let proposal = t.takeover(&next);
    t.host = next;
    let takeover = t.proposed(ALICE, proposal);
    t.approve(takeover, &[ALICE, BOB]);
    t.run(Act::Enacted { proposal: takeover });
    for ended in [id, ether, token] {
        assert!(matches!(t.decision(ended), Decision::Lapsed));
    }
    t.run(t.confirmed(gas));
    assert_eq!(t.next(), None);
    let plan = t.transfer_plan(token, 1, 0);
    assert_eq!(t.refuses(plan), IllegalEntry::NotOpen(token));
}

#[test]
fn a_sweep_is_of_a_vault_with_a_key_on_the_chain_of_what_it_moves() {
    let mut t = Fixture::evm();
    let nobody = VaultId::from_bytes([9; 32]);
    not_proposed(&t, sweep(nobody, &transfers()), "there is no such vault");
    let bitcoin = sweep(t.vault, &[joins_coins(50_000)]);
    not_proposed(&t, bitcoin, "where it does not exist");
    let machine = t.host.machine.id();
    let network = domain::Network::Evm(chain());
    let plan = VaultPlan::new(name("New"), network, 3, 2, seats(&[machine], machine));
    let ordered = t.enacted(Subject::Vault(plan.unwrap()));
    let ordered = VaultId::from_bytes(*ordered.as_bytes());
    let keyless = sweep(ordered, &transfers());
    not_proposed(&t, keyless.clone(), "has no key yet");
    let session = t.session();
    t.run(keygen(ordered, session));
    not_proposed(&t, keyless, "has no key yet");

    let btc = Fixture::new();
    let ether = sweep(btc.vault, &[collects(1, eth(), 7)]);
    not_proposed(&btc, ether, "where it does not exist");
}

#[test]
fn a_sweep_moves_what_governance_entered() {
    let mut t = Fixture::evm_bare(POLICY);
    let unknown = "has to be entered first";
    not_proposed(&t, sweep(t.vault, &[collects(1, eth(), 7)]), unknown);
    t.enacted(Subject::Asset(eth()));
    t.propose(ALICE, sweep(t.vault, &[collects(1, eth(), 7)]));
    not_proposed(&t, sweep(t.vault, &transfers()), unknown);
    t.enacted(Subject::Asset(usd()));
    for other in [
        coin_of(Some(contract()), "USDT", 18),
        coin_of(Some(contract()), "USDX", 6),
        coin_of(Some(evm_address(0xdd)), "USDT", 6),
    ] {
        not_proposed(&t, sweep(t.vault, &[collects(1, other, 7)]), unknown);
    }
    // Nor are fees paid in what was not entered.
    let gas = coin_of(None, "ETH", 17);
    let fee_cap = Amount::Evm(gas, wei(7));
    let odd = Transfer {
        fee_cap,
        ..collects(1, usd(), 7)
    };
    not_proposed(&t, sweep(t.vault, &[odd]), unknown);
    t.propose(ALICE, sweep(t.vault, &transfers()));
}

#[test]
fn only_a_sweep_is_paid_by_a_deposit_account() {
    let t = Fixture::evm();
    let legs = |to| {
        let leg = evm_leg(1, eth(), 7);
        let address = Address::Evm(to);
        vec![domain::Leg { address, ..leg }]
    };
    let payout = |to| Payout::from_account(t.vault, 1, legs(to), evm_cap(), note("")).unwrap();
    let stranger = payout(evm_address(1));
    let main = "a payout is paid by the vault's main account";
    not_proposed(&t, Subject::Payout(stranger.clone()), main);
    let batch = Batch::new(t.vault, vec![stranger], note(""));
    if let Ok(batch) = batch {
        not_proposed(&t, Subject::Batch(batch), main);
    }
    not_proposed(&t, Subject::Payout(payout(evm_account())), main);
}
