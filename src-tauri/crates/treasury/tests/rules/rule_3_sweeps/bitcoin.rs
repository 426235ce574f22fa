//! On Bitcoin a sweep is one transfer, which joins coins of the vault in its main address.

use bitcoin::{Amount, TxOut};
use domain::act::{PlannedChange, Scope};
use domain::{Act, Address, ProposalId, SessionId};
use plans::PlanMismatch;
use treasury::{Decision, IllegalEntry, SeatRefusal, Step, order_for_seat};

use super::{refused_plan, refused_policy, replays, signs};
use crate::fixture::*;

/// All that three coins hold, less the fee.
const ALL: u64 = 3 * coin(1).value - FEE;

fn coins() -> [Coin; 3] {
    [coin(1), coin(2), coin(3)]
}

fn approved() -> (Fixture, ProposalId, ProposalId) {
    let mut t = Fixture::new();
    let (id, items) = t.sweep_approved(&[joins_coins(ALL)]);
    (t, id, items[0])
}

/// The three coins into one, at a fee.
fn joined(t: &Fixture, item: ProposalId) -> Drafted {
    let (_, payout) = t.treasury().payout(item).unwrap();
    let leg = payout.legs()[0].clone();
    let script_pubkey = leg.address.btc().unwrap().script_pubkey().to_owned();
    // A fourth coin gives the draft its change, which goes again.
    let mut draft = honest(&whole_key(1), payout, &[coin(1), coin(2), coin(3), coin(4)]);
    draft.tx.input.pop();
    draft.inputs.pop();
    draft.change = None;
    let value = Amount::from_sat(ALL);
    draft.tx.output = vec![TxOut {
        value,
        script_pubkey,
    }];
    draft
}

fn plan(draft: &Drafted, item: ProposalId, version: u32) -> Act {
    planned(draft.planned(item, version))
}

#[track_caller]
fn finished(t: &mut Fixture, session: SessionId) {
    let order = order_for_seat(&t.replayed(), session, DEVICE, t.now).unwrap();
    let sign = |digest: &plans::InputDigest| whole_key(1).sign_digest(digest.path, digest.sighash);
    let signatures: Vec<_> = order.digests().iter().map(sign).collect();
    let signed = order.finish(&signatures).unwrap();
    t.run(signed_as(signed.plan(), session, signed.bytes().to_vec()));
}

#[test]
fn coins_are_joined_in_the_main_address() {
    let (mut t, id, item) = approved();
    assert_eq!(t.next(), Some(Step::Plan(item)));
    t.run(plan(&joined(&t, item), item, 1));
    assert_eq!(t.plan_of(item).spends().len(), 3);
    assert_eq!(t.next(), None);
    t.released_jointly(id);
    assert_eq!(t.next(), Some(signs(item)));
    let session = t.started_released(item);
    let order = order_for_seat(&t.replayed(), session, HARDWARE, t.now).unwrap();
    let effects = order.effects().unwrap();
    let main = Address::Btc(whole_key(1).address(receive(0)));
    assert_eq!(effects.legs()[0].address, main);
    assert_eq!((effects.legs().len(), effects.change()), (1, None));
    assert_eq!((order.proposal(), order.digests().len()), (item, 3));
    let unknown = order_for_seat(&t.replay, session, RECOVERY, t.now).unwrap_err();
    assert_eq!(unknown, SeatRefusal::NotMine);
    finished(&mut t, session);
    assert!(matches!(t.decision(id), Decision::Enacted(_)));
    assert_eq!(t.next(), Some(Step::Broadcast(item)));
    t.run(t.broadcast(item));
    t.run(t.confirmed(item));
    assert_eq!(t.next(), None);
    // Not a satoshi of a day's 0.01 BTC went out.
    let used = &t.replay.facts(t.treasury(), t.now).uses[0];
    assert!(used.legs.is_empty());
    assert_eq!(used.fee, domain::Amount::Btc(sats(FEE)));
    replays(&t);
}

#[test]
fn what_is_not_joined_is_change() {
    let mut t = Fixture::new();
    let (_, items) = t.sweep_approved(&[joins_coins(5_000_000)]);
    let item = items[0];
    t.run(planned(t.honest_plan(item, 1, &coins())));
    let session = t.started(item);
    finished(&mut t, session);
}

#[test]
fn an_unapproved_sweep_is_not_planned() {
    let mut t = Fixture::new();
    let (id, items) = t.sweep_asked(&[joins_coins(ALL)]);
    let item = items[0];
    let act = plan(&joined(&t, item), item, 1);
    refused_policy(t.refuses(act.clone()), "");
    t.approve(id, &[ALICE]);
    refused_policy(t.refuses(act.clone()), "");
    assert_eq!(t.next(), None);
    t.approve(id, &[CAROL]);
    let mut frozen = t.clone();
    frozen.frozen(BOB, Scope::Payout(id));
    assert_eq!(frozen.refuses(act.clone()), IllegalEntry::Frozen);
    assert_eq!(frozen.next(), None);
    t.by(BOB, declined(id));
    assert_eq!(t.refuses(act), IllegalEntry::NotOpen(item));
}

#[test]
fn a_plan_to_another_address_or_of_another_amount_is_refused() {
    let (t, _, item) = approved();
    let honest = joined(&t, item);
    let lie = |change: &dyn Fn(&mut Drafted), because: &str| {
        let mut draft = honest.clone();
        change(&mut draft);
        refused_plan(t.refuses(plan(&draft, item, 1)), because);
    };
    let expected = Address::Btc(whole_key(1).address(receive(0)));
    let other = PlanMismatch::OtherPayee { leg: 1, expected }.to_string();
    // Its own other addresses are none that was decided.
    let scripts = [
        stranger(1).script_pubkey().to_owned(),
        whole_key(1).script(receive(1)),
        whole_key(1).script(change(0)),
        whole_key(1).script(change(7)),
        whole_key(2).script(receive(0)),
    ];
    for script in &scripts {
        lie(
            &|draft| draft.tx.output[0].script_pubkey = script.clone(),
            &other,
        );
    }
    for value in [ALL - 1, ALL + 1, 1_000] {
        let moved = |draft: &mut Drafted| draft.tx.output[0].value = Amount::from_sat(value);
        lie(&moved, "satoshi instead of");
    }
    // A second output, claimed as change or not.
    for (script, claimed, because) in [
        (scripts[0].clone(), false, "that no leg asks for"),
        (scripts[0].clone(), true, "does not pay the vault's own key"),
        (scripts[3].clone(), false, "that no leg asks for"),
    ] {
        let value = Amount::from_sat(FEE - 400);
        let second = |draft: &mut Drafted| {
            draft.tx.output.push(TxOut {
                value,
                script_pubkey: script.clone(),
            });
            draft.change = claimed.then_some(PlannedChange {
                output: 1,
                path: change(7),
            });
        };
        lie(&second, because);
    }
    // All of it as change is no transfer.
    let as_change = |draft: &mut Drafted| {
        draft.tx.output[0].script_pubkey = scripts[3].clone();
        draft.change = Some(PlannedChange {
            output: 0,
            path: change(7),
        });
    };
    lie(&as_change, &other);
    // The fee beyond its cap.
    let dear = |draft: &mut Drafted| {
        let more = domain::act::PlannedInput {
            value: sats(coin(4).value),
            path: coin(4).path(),
        };
        let input = bitcoin::TxIn {
            previous_output: coin(4).outpoint(),
            ..draft.tx.input[0].clone()
        };
        draft.tx.input.push(input);
        draft.inputs.push(more);
    };
    lie(&dear, "the approved cap is");
    // No account of an EVM chain makes it either.
    let evm = EvmDraft::cancelling(0).planned(item, 1);
    assert!(matches!(t.refuses(evm), IllegalEntry::Plan(_)));
    let mut t = t.clone();
    t.run(plan(&honest, item, 1));
}

#[test]
fn coins_of_a_sweep_and_of_a_payout_are_never_the_same() {
    let (mut t, _, item) = approved();
    let payout = t.planned(100_000, 2);
    let act = plan(&joined(&t, item), item, 1);
    refused_plan(t.refuses(act.clone()), "is reserved for another payout");
    t.by(CAROL, declined(payout));
    t.run(act);
    for number in [1, 2, 3] {
        let other = t.approved(10_000);
        let plan = t.plan_act(other, number);
        refused_plan(t.refuses(plan), "is reserved for another payout");
    }
    // A twin of the sweep takes none of them, nor when they are spent.
    let (_, twin) = t.sweep_approved(&[joins_coins(ALL)]);
    let twin = plan(&joined(&t, twin[0]), twin[0], 1);
    refused_plan(t.refuses(twin.clone()), "is reserved for another payout");
    t.sign_present(item);
    t.run(t.broadcast(item));
    t.run(t.confirmed(item));
    refused_plan(t.refuses(twin), "is reserved for another payout");
}

#[test]
fn a_sweep_on_bitcoin_is_bumped_and_cancelled() {
    let mut t = Fixture::new();
    let (_, items) = t.sweep_approved(&[joins_coins(5_000_000)]);
    let item = items[0];
    t.run(planned(t.honest_plan(item, 1, &coins())));
    t.sign_present(item);
    t.run(t.broadcast(item));
    let missing = PlanMismatch::MissingAnchor(coin(1).outpoint()).to_string();
    let other = t.version(item, 2, &[coin(4), coin(5), coin(6)], 2_000);
    refused_plan(t.refuses(other), &missing);
    let over = t.version(item, 2, &coins(), FEE_CAP + 1);
    refused_plan(t.refuses(over), "the approved cap is");
    t.bumped(item, 2, &coins(), 2_000);
    let cancel = t.cancel_approved(item, 5_000);
    t.run(planned(t.cancelling(cancel, 3, &coins(), 3_000)));
    t.sign_present(item);
    t.run(t.broadcast(item));
    t.run(t.confirmed(item));
    assert_eq!(t.plan_of(item).cancels, Some(cancel));
    replays(&t);
}
