//! Batches on real parts: many payouts under one digest, one approval and one release, each paid once.

#![cfg(test)]

#[expect(dead_code, reason = "each test file uses its own part")]
mod common;

use std::time::Instant;

use common::evm::{DOLLAR, Tokens, payee};
use common::name;
use domain::act::Scope;
use domain::{Batch, EvmAddress, Note, ProposalId, Subject};
use driver::Event;
use treasury::{Decision, PayoutStage};

async fn approved(tokens: &mut Tokens, subject: Subject) -> ProposalId {
    let id = tokens.propose("Carol", subject).await.unwrap();
    tokens.approve(id, "Alice").await.unwrap();
    tokens.approve(id, "Bob").await.unwrap();
    id
}

fn signed(events: &[Event]) -> usize {
    let signed = |event: &&Event| matches!(event, Event::Signed(..));
    events.iter().filter(signed).count()
}

async fn stages(tokens: &Tokens, id: ProposalId, wanted: fn(&PayoutStage) -> bool) -> usize {
    let replay = tokens.driver.view().await.unwrap();
    let treasury = replay.treasury().unwrap();
    let items = treasury.items(id);
    items
        .filter(|(_, item)| item.stage().is_some_and(wanted))
        .count()
}

const fn confirmed(stage: &PayoutStage) -> bool {
    matches!(stage, PayoutStage::Confirmed { .. })
}

async fn settle(tokens: &mut Tokens) {
    tokens.anvil.mine(2).unwrap();
    tokens.turn().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_approved_and_released_once_and_each_payout_is_made_once() {
    let mut tokens = Tokens::found().await;
    let payees: Vec<EvmAddress> = (0..20).map(|_| payee()).collect();
    let subject = tokens.batch(&payees, "7.5 USDC").await;
    let id = approved(&mut tokens, subject).await;
    let events = tokens.turn().await;
    let planned = |event: &&Event| matches!(event, Event::Planned(_));
    assert_eq!(events.iter().filter(planned).count(), 20, "{events:?}");
    assert_eq!(tokens.turn().await, [], "the hardware seat is closed");
    // One decision for all: no payout of it is decided on its own.
    let item = Batch::item_id(id, 3);
    assert!(tokens.approve(item, "Alice").await.is_err());
    tokens.release(id, &["Bob"]).await.unwrap();
    let events = tokens.turn().await;
    assert_eq!(signed(&events), 20, "{events:?}");
    settle(&mut tokens).await;
    assert_eq!(stages(&tokens, id, confirmed).await, 20);
    for payee in &payees {
        assert_eq!(tokens.dollars(*payee), 15 * DOLLAR / 2);
        assert_eq!(tokens.paid(*payee), 1);
    }
    let nonces: Vec<u64> = tokens.mined().iter().map(|sent| sent.nonce).collect();
    assert_eq!(
        nonces,
        (0..20).collect::<Vec<u64>>(),
        "in the batch's order"
    );
    let replay = tokens.driver.view().await.unwrap();
    let record = &replay.treasury().unwrap().proposals[&id];
    assert!(matches!(record.decision, Decision::Enacted(_)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_goes_on_where_it_was_cut_off_and_pays_nobody_twice() {
    let mut tokens = Tokens::found().await;
    let payees: Vec<EvmAddress> = (0..6).map(|_| payee()).collect();
    let subject = tokens.batch(&payees, "10 USDC").await;
    let id = approved(&mut tokens, subject).await;
    tokens.turn().await;
    // Two payouts leave the batch's order by a freeze of one: it, and what comes after it, waits.
    let third = Batch::item_id(id, 2);
    let reason = Note::new("who is this?").unwrap();
    tokens.release(id, &["Alice"]).await.unwrap();
    let acme = &mut tokens.acme;
    let scope = Scope::Payout(third);
    let carol = name("Carol");
    let freeze = acme.driver.freeze(scope, &carol, reason, &mut acme.desk);
    let freeze = freeze.await.unwrap();
    let events = tokens.turn().await;
    assert_eq!(signed(&events), 2, "{events:?}");
    // The program ends: what was open is gone.
    tokens.reopen();
    assert_eq!(signed(&tokens.turn().await), 0);
    tokens.thaw(vec![freeze]).await;
    assert_eq!(signed(&tokens.turn().await), 0, "a new release is needed");
    tokens.release(id, &["Bob"]).await.unwrap();
    let events = tokens.turn().await;
    assert_eq!(signed(&events), 4, "{events:?}");
    settle(&mut tokens).await;
    assert_eq!(stages(&tokens, id, confirmed).await, 6);
    for payee in &payees {
        assert_eq!(tokens.paid(*payee), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decline_ends_all_of_a_batch() {
    let mut tokens = Tokens::found().await;
    let payees: Vec<EvmAddress> = (0..3).map(|_| payee()).collect();
    let subject = tokens.batch(&payees, "10 USDC").await;
    let id = approved(&mut tokens, subject).await;
    tokens.turn().await;
    let why = Note::new("not this month").unwrap();
    let acme = &mut tokens.acme;
    let alice = name("Alice");
    let decline = acme.driver.decline(id, &alice, why, &mut acme.desk);
    decline.await.unwrap();
    assert!(tokens.release(id, &["Bob"]).await.is_err());
    assert_eq!(tokens.turn().await, []);
    let replay = tokens.driver.view().await.unwrap();
    let treasury = replay.treasury().unwrap();
    assert!(
        treasury
            .items(id)
            .all(|(_, item)| matches!(item.decision, Decision::Declined { .. }))
    );
    assert!(tokens.mined().is_empty());
}

/// Slow and wide: part of the recorded long run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_of_a_thousand() {
    if std::env::var_os("COUNTERSIGN_LONG").is_none() {
        return;
    }
    let mut tokens = Tokens::found().await;
    let payees: Vec<EvmAddress> = (0..1000).map(|_| payee()).collect();
    let subject = tokens.batch(&payees, "0.5 USDC").await;
    let clock = Instant::now();
    let lap = |what: &str| println!("{what} after {:.1} s", clock.elapsed().as_secs_f32());
    let id = approved(&mut tokens, subject).await;
    lap("approved");
    tokens.turn().await;
    lap("planned");
    let mut releases = 0;
    while stages(&tokens, id, |stage| stage.started()).await < 1000 {
        tokens.release(id, &["Bob"]).await.unwrap();
        releases += 1;
        tokens.turn().await;
    }
    lap(&format!("signed and sent under {releases} releases"));
    while stages(&tokens, id, confirmed).await < 1000 {
        settle(&mut tokens).await;
    }
    lap("confirmed");
    assert_eq!(tokens.mined().len(), 1000);
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let most = status.lines().find(|line| line.starts_with("VmHWM"));
    println!("most memory: {}", most.unwrap_or("unknown"));
}
