//! Rule 2: what a seat signs of bumps, retries and cancels, on either family of chains, and when not.

use domain::act::Scope;
use domain::{Act, ProposalId, SessionId};
use plans::SigningOrder;
use treasury::{IllegalEntry, Replay, SeatRefusal, order_for_seat};

use crate::fixture::*;

fn ask(t: &Fixture, session: SessionId) -> Result<SigningOrder, SeatRefusal> {
    let order = order_for_seat(&t.replay, session, DEVICE, t.now);
    // A machine that just started again gives the same.
    let anew = order_for_seat(&t.replayed(), session, DEVICE, t.now);
    match (&order, &anew) {
        (Ok(one), Ok(two)) => assert_eq!(one.digests(), two.digests()),
        (one, two) => assert_eq!(one.as_ref().err(), two.as_ref().err()),
    }
    order
}

#[track_caller]
fn not_authorised(t: &Fixture, session: SessionId, because: &str) {
    match ask(t, session) {
        Err(SeatRefusal::NotAuthorised(why)) if why.contains(because) => {}
        other => panic!("{other:?}"),
    }
}

/// Signs what the seat was given, and takes it into the journal.
#[track_caller]
fn finished(t: &mut Fixture, session: SessionId) {
    let order = ask(t, session).unwrap();
    let sign = |digest: &plans::InputDigest| match order.effects() {
        Some(_) => whole_key(1).sign_digest(digest.path, digest.sighash),
        None => whole_key(1).sign_evm(digest.path, digest.sighash).0,
    };
    let signatures: Vec<[u8; 64]> = order.digests().iter().map(sign).collect();
    let plan = order.plan();
    let signed = order.finish(&signatures).unwrap();
    let transaction = signed.transaction();
    t.run(signed_as(plan, session, signed.bytes().to_vec()));
    assert!(t.treasury().signed_transactions().contains(&transaction));
}

fn denying() -> String {
    let deny = "[[deny]]\nname = \"No strangers\"\nscope = { payees = [\"unknown\"] }\n\n[[lane]]";
    POLICY.replacen("[[lane]]", deny, 1)
}

/// A bump of a payout on coin 1 that is being signed.
fn bumping() -> (Fixture, ProposalId, SessionId) {
    let mut t = Fixture::new();
    let id = t.out(100_000);
    t.run(t.version(id, 2, &[coin(2), coin(1)], 2_000));
    let session = t.started(id);
    (t, id, session)
}

#[test]
fn a_bump_is_signed_on_the_first_start_s_authorization() {
    let (mut t, id, session) = bumping();
    let order = ask(&t, session).unwrap();
    assert_eq!((order.proposal(), order.version()), (id, 2));
    assert_eq!(order.plan(), t.plan_of(id).entry);
    assert_eq!(order.effects().unwrap().fee(), sats(2_000));
    assert_eq!(order.digests().len(), 2);
    // Two days on nobody's approval is in force any more; the bump does not ask for one.
    t.run(aborted(session, &[]));
    t.wait(days(2));
    let session = t.retried(id);
    finished(&mut t, session);
}

#[test]
fn a_seat_refuses_a_bump_that_today_s_policy_denies() {
    let (mut t, id, session) = bumping();
    let allowed = t.clone();
    t.enacted(policy(&denying()));
    not_authorised(&t, session, "No strangers");
    t.run(aborted(session, &[]));
    t.release(BOB, id, HARDWARE);
    let retry = t.retry_act(id);
    assert!(matches!(t.refuses(retry), IllegalEntry::Policy(_)));
    assert!(ask(&allowed, session).is_ok());
}

#[test]
fn a_seat_refuses_what_is_frozen_or_no_longer_released() {
    let (mut t, id, session) = bumping();
    let mut late = t.clone();
    late.wait(hours(1));
    assert_eq!(
        ask(&late, session).unwrap_err(),
        SeatRefusal::ReleaseEnded(HARDWARE)
    );
    t.frozen(CAROL, Scope::Payout(id));
    assert_eq!(ask(&t, session).unwrap_err(), SeatRefusal::Frozen);
}

#[test]
fn a_seat_signs_a_cancel_that_governance_decided() {
    let mut t = Fixture::new();
    let id = t.out(100_000);
    let old = t.cancel_approved(id, 5_000);
    let mut before = t.clone();
    before.run(before.cancel_act(old, 2, 2_000));
    let session = before.started(id);
    assert_eq!(ask(&before, session).unwrap().proposal(), old);
    // A freeze after the cancel was asked for holds it; one before does not.
    before.frozen(CAROL, Scope::Treasury);
    assert_eq!(ask(&before, session).unwrap_err(), SeatRefusal::Frozen);
    t.frozen(CAROL, Scope::Treasury);
    let cancel = t.cancel_approved(id, 5_000);
    t.run(t.cancel_act(cancel, 2, 2_000));
    let session = t.started(id);
    let order = ask(&t, session).unwrap();
    assert_eq!((order.proposal(), order.version()), (cancel, 2));
    let effects = order.effects().unwrap();
    assert!(effects.legs().is_empty());
    assert_eq!(effects.fee(), sats(2_000));
    // A second session stands on what governance had decided at the first, whatever came since.
    t.run(aborted(session, &[]));
    t.wait(days(2));
    t.enacted(policy(&denying()));
    let session = t.retried(id);
    finished(&mut t, session);
}

#[test]
fn a_seat_refuses_a_cancel_whose_approvals_a_new_policy_voided() {
    let mut t = Fixture::new();
    let id = t.out(100_000);
    let cancel = t.cancel_approved(id, 5_000);
    t.run(t.cancel_act(cancel, 2, 2_000));
    let session = t.started(id);
    t.enacted(policy(&format!("{POLICY}\n# anew")));
    assert!(matches!(
        ask(&t, session),
        Err(SeatRefusal::NotAuthorised(_))
    ));
}

#[test]
fn on_an_evm_chain_a_seat_signs_one_digest_of_its_own_account() {
    for coin in [eth(), usd()] {
        let mut t = Fixture::evm();
        let id = t.evm_planned(evm_leg(1, coin, 1_000), 5);
        let session = t.started(id);
        let order = ask(&t, session).unwrap();
        assert!(order.effects().is_none());
        let effects = order.evm_effects().unwrap();
        assert_eq!(effects.leg(), Some(&evm_leg(1, coin, 1_000)));
        assert_eq!(effects.anchor().nonce, 5);
        assert_eq!(order.digests().len(), 1);
        assert_eq!(order.digests()[0].path, receive(0));
        finished(&mut t, session);
        t.run(t.broadcast(id));
        // A bump, tried twice.
        let draft = t.evm_draft(id, 5).at(fees(40, 4));
        t.run(draft.planned(id, 2));
        let session = t.started(id);
        assert_eq!(ask(&t, session).unwrap().version(), 2);
        t.run(aborted(session, &[]));
        let again = t.retried(id);
        assert_eq!(ask(&t, session).unwrap_err(), SeatRefusal::UnknownSession);
        finished(&mut t, again);
        t.run(t.broadcast(id));
        // A cancel of both.
        let cancel = t.evm_cancel_approved(id);
        t.run(EvmDraft::cancelling(5).at(fees(80, 8)).planned(cancel, 3));
        let session = t.started(id);
        let order = ask(&t, session).unwrap();
        assert_eq!((order.proposal(), order.version()), (cancel, 3));
        assert_eq!(order.evm_effects().unwrap().leg(), None);
        finished(&mut t, session);
        t.run(t.broadcast(id));
        t.run(t.confirmed(id));
    }
}

#[test]
fn on_an_evm_chain_a_seat_refuses_for_the_same_reasons() {
    let mut t = Fixture::evm();
    let id = t.evm_planned(evm_leg(1, eth(), 1_000), 5);
    let session = t.started(id);
    let mut frozen = t.clone();
    frozen.frozen(CAROL, Scope::Vault(t.vault));
    assert_eq!(ask(&frozen, session).unwrap_err(), SeatRefusal::Frozen);
    let mut denied = t.clone();
    denied.enacted(policy(&denying()));
    not_authorised(&denied, session, "No strangers");
    let mut late = t.clone();
    late.wait(DAY);
    assert!(ask(&late, session).is_err());
    assert_eq!(
        order_for_seat(&Replay::default(), session, DEVICE, t.now).unwrap_err(),
        SeatRefusal::UnknownSession
    );
    t.run(Act::SigningAborted(abort(session, &[])));
    assert_eq!(ask(&t, session).unwrap_err(), SeatRefusal::UnknownSession);
}
