//! Rule 2: what is signed is the transfer that was decided, from the account it names to the account it
//! names; the fold and each seat derive both.

use domain::act::Scope;
use domain::{Amount, EvmAddress, ProposalId, SeatId, SessionId, Span, U256};
use plans::SigningOrder;
use treasury::{SeatRefusal, Step, order_for_seat};

use super::{Case, refused_plan};
use crate::fixture::*;

/// All but the account that a transfer goes to: strangers, a token's contract, the vault's other
/// accounts, its change, and another vault's main account.
fn others(right: u32) -> Vec<EvmAddress> {
    let own = (0..6).filter(|index| *index != right);
    let mut all: Vec<_> = own.map(|index| whole_key(1).account(index)).collect();
    all.extend([evm_address(1), contract()]);
    all.extend([0, 2].map(|index| whole_key(1).account_at(change(index))));
    all.push(whole_key(2).account(right));
    all
}

/// The gas is out and final, so that every transfer could be planned.
fn case() -> Case {
    let mut case = Case::out();
    case.t.run(case.t.confirmed(case.gas));
    case
}

#[track_caller]
fn lie(t: &Fixture, item: ProposalId, change: &dyn Fn(&mut EvmDraft), because: &str) {
    let mut draft = t.evm_draft(item, 5);
    change(&mut draft);
    let account = receive(t.account_of(item));
    refused_plan(t.refuses(draft.planned_by(account, item, 1)), because);
}

#[test]
fn a_coin_goes_to_the_account_named_and_nowhere_else() {
    let Case { t, gas, ether, .. } = Case::approved();
    for (item, right) in [(gas, 2), (ether, 0)] {
        for other in others(right) {
            let to = |draft: &mut EvmDraft| draft.to = other.as_bytes().to_vec();
            lie(&t, item, &to, "the transaction goes to");
        }
        for by in [1, 1_000_000] {
            let more = |draft: &mut EvmDraft| draft.value += wei(by);
            lie(&t, item, &more, "the transaction moves");
        }
        let less = |draft: &mut EvmDraft| draft.value -= wei(1);
        lie(&t, item, &less, "the transaction moves");
        let token = transfer(whole_key(1).account(right), wei(900));
        let calling = |draft: &mut EvmDraft| draft.data = token.clone();
        lie(&t, item, &calling, "calldata where none belongs");
        let other = |draft: &mut EvmDraft| {
            draft.to = contract().as_bytes().to_vec();
            draft.value = U256::ZERO;
            draft.data = token.clone();
        };
        lie(&t, item, &other, "the transaction goes to");
        lie(&t, item, &|draft| draft.chain = 1, "is for chain 1");
        let dear = |draft: &mut EvmDraft| draft.fees = fees(101, 2);
        lie(&t, item, &dear, "the approved cap is");
    }
    let mut t = t;
    assert_eq!(t.goes_on().len(), 2);
}

#[test]
fn a_token_goes_to_the_account_named_and_nowhere_else() {
    let Case { t, token, .. } = case();
    let call = |data: Vec<u8>| {
        let calls = |draft: &mut EvmDraft| draft.data = data.clone();
        lie(&t, token, &calls, "not exactly the transfer");
    };
    for other in others(0) {
        call(transfer(other, wei(900)));
    }
    for units in [0, 899, 901] {
        call(transfer(evm_account(), wei(units)));
    }
    let right = transfer(evm_account(), wei(900));
    // `approve` instead of `transfer`.
    call([vec![0x09, 0x5e, 0xa7, 0xb3], right[4..].to_vec()].concat());
    call([right, vec![0]].concat());
    call(Vec::new());
    let with_coin = |draft: &mut EvmDraft| draft.value = wei(1);
    lie(&t, token, &with_coin, "the transaction moves");
    let elsewhere = |draft: &mut EvmDraft| draft.to = vec![0xdd; 20];
    lie(&t, token, &elsewhere, "the transaction goes to");
    let ether = |draft: &mut EvmDraft| {
        draft.to = evm_account().as_bytes().to_vec();
        draft.value = wei(900);
        draft.data = Vec::new();
    };
    lie(&t, token, &ether, "the transaction goes to");
    let mut t = t;
    assert_eq!(t.goes_on().len(), 1);
}

#[test]
fn the_account_that_pays_is_the_one_named() {
    let Case { t, gas, ether, .. } = Case::approved();
    for (item, right) in [(gas, 0), (ether, 1)] {
        let draft = t.evm_draft(item, 5);
        let own = (0..4).filter(|index| *index != right).map(receive);
        for account in own.chain([change(0), change(right)]) {
            let expected = format!("the payout from account {right}");
            let plan = draft.planned_by(account, item, 1);
            refused_plan(t.refuses(plan), &expected);
        }
    }
    // A neighbour's transfer, by its own account, under this one's name.
    let plan = t.evm_draft(ether, 5).planned_by(receive(1), gas, 1);
    refused_plan(t.refuses(plan), "the payout from account 0");
    let plan = t.evm_draft(ether, 5).planned_by(receive(0), gas, 1);
    refused_plan(t.refuses(plan), "the transaction goes to");
}

#[test]
fn signed_bytes_are_by_the_account_named() {
    let Case {
        mut t, ether, id, ..
    } = Case::planned();
    t.released_jointly(id);
    let session = t.started_released(ether);
    let plan = t.plan_of(ether).clone();
    let treasury::PlanBody::Evm(honest) = &plan.body else {
        panic!("on an EVM chain");
    };
    for account in [receive(0), receive(2), change(1)] {
        let mut other = plan.clone();
        other.body = treasury::PlanBody::Evm(domain::act::PlannedEvm {
            account,
            ..honest.clone()
        });
        let bytes = evm_signed(&whole_key(1), &other);
        let refused = t.refuses(signed_as(plan.entry, session, bytes));
        assert!(matches!(refused, treasury::IllegalEntry::Signing(_)));
    }
    t.run(t.evm_signed_act(ether, session));
}

#[track_caller]
fn ask(t: &Fixture, session: SessionId, seat: SeatId) -> Result<SigningOrder, SeatRefusal> {
    // A seat has replayed the journal itself.
    order_for_seat(&t.replayed(), session, seat, t.now)
}

/// Signs what the seats were given, and takes it into the journal.
#[track_caller]
fn finished(t: &mut Fixture, session: SessionId) {
    let order = ask(t, session, DEVICE).unwrap();
    let [digest] = order.digests() else {
        panic!("one signature");
    };
    let (signature, _) = whole_key(1).sign_evm(digest.path, digest.sighash);
    let signed = order.finish(&[signature]).unwrap();
    t.run(signed_as(signed.plan(), session, signed.bytes().to_vec()));
}

#[test]
fn a_seat_signs_the_transfer_at_its_place() {
    let Case {
        mut t,
        id,
        gas,
        ether,
        token,
    } = Case::planned();
    let rights = [
        (gas, 0, 2, Amount::Evm(eth(), wei(5_000))),
        (ether, 1, 0, Amount::Evm(eth(), wei(70_000))),
        (token, 2, 0, Amount::Evm(usd(), wei(900))),
    ];
    for (item, from, to, amount) in rights {
        if item == token {
            t.run(t.confirmed(gas));
            t.goes_on();
        }
        t.released_jointly(id);
        let session = t.started_released(item);
        for seat in [DEVICE, HARDWARE] {
            let order = ask(&t, session, seat).unwrap();
            assert_eq!((order.proposal(), order.vault()), (item, t.vault));
            assert_eq!(order.plan(), t.plan_of(item).entry);
            assert_eq!(order.digests()[0].path, receive(from));
            let effects = order.evm_effects().unwrap();
            let leg = effects.leg().unwrap();
            assert_eq!(leg.address.evm(), Some(&whole_key(1).account(to)));
            assert_eq!(leg.amount, amount);
            assert_eq!(effects.anchor().account, whole_key(1).account(from));
        }
        assert_eq!(
            ask(&t, session, RECOVERY).unwrap_err(),
            SeatRefusal::NotMine
        );
        finished(&mut t, session);
        t.run(t.broadcast(item));
    }
}

#[test]
fn a_seat_looks_at_everything_anew() {
    let Case {
        mut t, id, ether, ..
    } = Case::planned();
    t.released_jointly(id);
    let session = t.started_released(ether);
    let refusal = |t: &Fixture| ask(t, session, DEVICE).unwrap_err();
    for scope in [
        Scope::Treasury,
        Scope::Vault(t.vault),
        Scope::Payout(id),
        Scope::Payout(ether),
    ] {
        let mut t = t.clone();
        t.frozen(CAROL, scope);
        assert_eq!(refusal(&t), SeatRefusal::Frozen);
    }
    let unauthorised = |t: &Fixture| {
        let refused = refusal(t);
        assert!(matches!(refused, SeatRefusal::NotAuthorised(_)));
    };
    let mut anew = t.clone();
    anew.enacted(policy(&format!("{POLICY}\n# anew")));
    unauthorised(&anew);
    let mut suspended = t.clone();
    suspended.enacted_by(&[ALICE, CAROL], suspension(BOB));
    unauthorised(&suspended);
    let mut declines = t.clone();
    declines.by(CAROL, declined(id));
    unauthorised(&declines);
    let mut late = t.clone();
    late.wait(MINUTE);
    assert_eq!(refusal(&late), SeatRefusal::ReleaseEnded(HARDWARE));
    ask(&t, session, DEVICE).unwrap();
}

#[test]
fn a_further_session_of_a_transfer_stands_on_the_first() {
    let Case {
        mut t,
        id,
        gas,
        ether,
        ..
    } = Case::planned();
    t.released_jointly(id);
    let session = t.started_released(ether);
    t.run(aborted(session, &[]));
    t.enacted_by(&[BOB, CAROL], policy(&format!("{POLICY}\n# anew")));
    let session = t.retried(ether);
    finished(&mut t, session);
    // A neighbour that had not begun waits for approvals.
    assert!(t.is_open(gas) && t.treasury().plans_to_release(id).is_empty());
    assert_eq!(t.next(), Some(Step::Broadcast(ether)));
}

/// What a neighbour's start stood on is none of this one's: not after the approvals have ended.
#[test]
fn a_start_that_is_dated_back_does_not_lean_on_one_that_began_in_time() {
    let Case {
        mut t,
        id,
        gas,
        ether,
        ..
    } = Case::planned();
    t.released_jointly(id);
    let session = t.started_released(gas);
    t.run(t.evm_signed_act(gas, session));
    // Written as of now, while the approvals last; seen by this seat two days later.
    t.late = days(2);
    let first = t.started_released(ether);
    t.late = Span::ZERO;
    t.run(aborted(first, &[]));
    t.wait(days(2));
    let second = t.retried(ether);
    let refused = ask(&t, second, DEVICE).unwrap_err();
    assert!(
        matches!(refused, SeatRefusal::NotAuthorised(_)),
        "{refused}"
    );
}

#[test]
fn each_start_stands_on_the_approvals_of_its_time() {
    let Case {
        mut t,
        id,
        gas,
        ether,
        ..
    } = Case::planned();
    t.release(ALICE, gas, HARDWARE);
    t.goes_on();
    t.enacted_by(&[ALICE, CAROL], suspension(BOB));
    t.approve(id, &[CAROL]);
    t.goes_on();
    let session = t.started(ether);
    t.run(aborted(session, &[]));
    t.enacted_by(&[ALICE, CAROL], policy(&format!("{POLICY}\n# anew")));
    t.release(ALICE, ether, HARDWARE);
    let Some(Step::SignAgain(again, _)) = t.next() else {
        panic!("it goes on");
    };
    assert_eq!(again, ether);
    let act = t.retry_act(ether);
    let domain::Act::SigningRetried(run) = &act else {
        panic!("{act:?}");
    };
    let session = run.session;
    t.run(act);
    finished(&mut t, session);
}
