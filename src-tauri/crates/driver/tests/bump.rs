//! Rule 3 on Bitcoin with more than one version: a payout whose fee is too low is bumped, or cancelled.
//! Whatever confirms, the chain shows at most one payment.

#![cfg(test)]

#[expect(dead_code, reason = "each test file uses its own part")]
mod common;

use bitcoin::Transaction;
use bitcoin::consensus::encode::deserialize;
use common::{Acme, btc, name, sats};
use domain::act::Scope;
use domain::proposal::Cancel;
use domain::{Amount, Note, ProposalId, Subject};
use driver::{DriverError, Event};
use plans::TxRef;
use treasury::{IllegalEntry, PayoutStage};

/// Released by Alice, signed and out.
async fn released(acme: &mut Acme, id: ProposalId) -> TxRef {
    acme.release(id, &["Alice"]).await.unwrap();
    let events = acme.turn().await;
    match events.as_slice() {
        [.., Event::Signed(_, signed), Event::Broadcast(_, sent)] if signed == sent => *sent,
        _ => panic!("{events:?}"),
    }
}

/// A payout that is out and that nobody mines.
async fn stuck(acme: &mut Acme, amount: &str) -> (ProposalId, TxRef) {
    let id = acme.approved_payout(&[amount]).await;
    assert_eq!(acme.turn().await, [Event::Planned(id)]);
    let sent = released(acme, id).await;
    acme.node.mine_empty(3).unwrap();
    assert_eq!(acme.turn().await, [Event::Confirming(id, 0, 2)]);
    (id, sent)
}

async fn signed(acme: &Acme, id: ProposalId) -> Transaction {
    match acme.stage(id).await {
        Some(
            PayoutStage::Signed { transaction, .. } | PayoutStage::Confirmed { transaction, .. },
        ) => deserialize(&transaction).unwrap(),
        other => panic!("{other:?}"),
    }
}

async fn fee(acme: &Acme, id: ProposalId) -> Amount {
    acme.stage(id).await.unwrap().plan().fee
}

async fn cancel(acme: &mut Acme, payout: ProposalId) -> ProposalId {
    let subject = Subject::Cancel(Cancel {
        payout,
        fee_cap: Amount::Btc(sats("0.001")),
    });
    let id = acme.propose("Alice", subject).await.unwrap();
    acme.approve(id, "Alice").await.unwrap();
    id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_3_a_bump_takes_the_same_anchor_and_one_payment_confirms() {
    let mut acme = Acme::with_vault().await;
    acme.fund("1.5").await;
    let unsigned = acme.approved_payout(&["0.01"]).await;
    assert!(
        acme.driver.bump(unsigned).await.is_err(),
        "nothing is out, so there is nothing to raise the fee of"
    );
    let reason = Note::new("not needed").unwrap();
    acme.driver
        .decline(unsigned, &name("Alice"), reason, &mut acme.desk)
        .await
        .unwrap();

    let (id, first) = stuck(&mut acme, "0.25").await;
    let before = signed(&acme, id).await;
    let low = fee(&acme, id).await;
    acme.driver.bump(id).await.unwrap();
    assert!(fee(&acme, id).await > low);
    assert_eq!(
        acme.mempool(),
        [btc(first)],
        "the bump needs its own release: until then the first is out"
    );
    let second = released(&mut acme, id).await;
    let after = signed(&acme, id).await;
    assert_ne!(first, second);
    assert_eq!(
        before.input[0].previous_output,
        after.input[0].previous_output
    );
    assert_eq!(before.output[0], after.output[0], "the same is paid");
    assert_eq!(acme.mempool(), [btc(second)]);
    acme.node.mine(2).unwrap();
    let events = acme.turn().await;
    assert!(
        matches!(events.as_slice(), [Event::Confirmed(done, was, _)] if *done == id && *was == second),
        "{events:?}"
    );
    assert_eq!(acme.payments(id).await, 1);

    // The bump's block leaves the chain.
    acme.node.invalidate(2).unwrap();
    acme.node.mine_empty(3).unwrap();
    assert_eq!(acme.turn().await, [Event::Reorged(id)]);
    acme.reopen();
    acme.node.mine(2).unwrap();
    let events = acme.turn().await;
    assert!(
        matches!(events.as_slice(), [Event::Confirmed(done, was, _)] if *done == id && *was == second),
        "{events:?}"
    );
    assert_eq!(acme.payments(id).await, 1);
    assert!(acme.driver.bump(id).await.is_err(), "it is at its end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_3_the_version_before_a_bump_confirms_and_the_bump_never_goes_out() {
    let mut acme = Acme::with_vault().await;
    acme.fund("1.5").await;
    let (id, first) = stuck(&mut acme, "0.25").await;
    acme.driver.bump(id).await.unwrap();
    acme.node.mine(2).unwrap();
    let events = acme.turn().await;
    assert!(
        matches!(events.as_slice(), [Event::Confirmed(done, was, _)] if *done == id && *was == first),
        "{events:?}"
    );
    assert!(acme.release(id, &["Alice"]).await.is_err());
    assert_eq!(acme.payments(id).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_3_a_cancel_is_governed_takes_the_anchor_and_nobody_is_paid() {
    let mut acme = Acme::with_vault().await;
    acme.fund("1.5").await;
    let (id, first) = stuck(&mut acme, "0.25").await;
    let anchor = signed(&acme, id).await.input[0].previous_output;
    let wanted = cancel(&mut acme, id).await;
    let events = acme.turn().await;
    assert_eq!(
        events,
        [Event::Confirming(id, 0, 2)],
        "one approval is not two"
    );
    assert!(acme.release(wanted, &["Alice"]).await.is_err());
    acme.approve(wanted, "Bob").await.unwrap();
    let events = acme.turn().await;
    assert!(events.contains(&Event::Planned(wanted)), "{events:?}");
    let second = released(&mut acme, wanted).await;
    assert_ne!(first, second);
    assert_eq!(acme.mempool(), [btc(second)]);
    let cancelling = signed(&acme, id).await;
    assert_eq!(cancelling.input[0].previous_output, anchor);
    assert_eq!(cancelling.output.len(), 1);
    acme.node.mine(2).unwrap();
    let events = acme.turn().await;
    assert!(
        matches!(events.as_slice(), [Event::Cancelled(done, was, _)] if *done == id && *was == second),
        "{events:?}"
    );
    assert_eq!(acme.payments(id).await, 0);
    assert!(acme.driver.bump(id).await.is_err());

    // The coins are there again for others.
    let next = acme.approved_payout(&["0.3"]).await;
    assert_eq!(acme.turn().await, [Event::Planned(next)]);
    released(&mut acme, next).await;
    acme.node.mine(2).unwrap();
    acme.turn().await;
    assert_eq!(acme.payments(next).await, 1);
    assert_eq!(acme.payments(id).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_7_while_frozen_nothing_is_bumped_and_only_a_later_cancel_goes_out() {
    let mut acme = Acme::with_vault().await;
    acme.fund("1.5").await;
    let (id, first) = stuck(&mut acme, "0.25").await;
    let early = cancel(&mut acme, id).await;
    let replay = acme.driver.view().await.unwrap();
    let (_, payout) = replay.treasury().unwrap().payout(id).unwrap();
    let scope = Scope::Vault(payout.vault());
    acme.driver
        .freeze(
            scope,
            &name("Carol"),
            Note::new("look").unwrap(),
            &mut acme.desk,
        )
        .await
        .unwrap();
    assert!(
        matches!(
            acme.driver.bump(id).await,
            Err(DriverError::Illegal(IllegalEntry::Frozen))
        ),
        "a bump is a payment"
    );
    acme.approve(early, "Bob").await.unwrap();
    assert_eq!(
        acme.turn().await,
        [Event::Confirming(id, 0, 2)],
        "the cancel was proposed before the freeze"
    );
    assert_eq!(acme.mempool(), [btc(first)]);
    let late = cancel(&mut acme, id).await;
    acme.approve(late, "Bob").await.unwrap();
    let events = acme.turn().await;
    assert!(events.contains(&Event::Planned(late)), "{events:?}");
    let second = released(&mut acme, late).await;
    acme.node.mine(2).unwrap();
    let events = acme.turn().await;
    assert!(
        events
            .iter()
            .any(|e| matches!(e, Event::Cancelled(done, was, _) if *done == id && *was == second)),
        "{events:?}"
    );
    assert_eq!(acme.payments(id).await, 0);
}
