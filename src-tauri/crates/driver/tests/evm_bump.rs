//! Rule 3 on an EVM chain with more than one version of a payout: the nonce is the anchor.

#![cfg(test)]

#[expect(dead_code, reason = "each test file uses its own part")]
mod common;

use common::evm::{DOLLAR, ETHER, Tokens, payee};
use common::name;
use domain::act::Scope;
use domain::{EntryId, EvmAddress, Note, ProposalId};
use driver::{DriverError, Event};
use plans::TxRef;
use treasury::{IllegalEntry, PayoutStage, Reserved};

/// A payout that is out and that nobody mines.
async fn stuck(tokens: &mut Tokens, to: EvmAddress, amount: &str) -> (ProposalId, TxRef) {
    let id = tokens.approved(to, amount).await;
    let sent = tokens.sent(id).await;
    tokens.anvil.mine_empty(3).unwrap();
    assert_eq!(tokens.turn().await, [Event::Confirming(id, 0, 2)]);
    (id, sent)
}

async fn freeze(tokens: &mut Tokens, id: ProposalId) -> EntryId {
    let replay = tokens.driver.view().await.unwrap();
    let (_, payout) = replay.treasury().unwrap().payout(id).unwrap();
    let scope = Scope::Vault(payout.vault());
    let reason = Note::new("look").unwrap();
    let acme = &mut tokens.acme;
    acme.driver
        .freeze(scope, &name("Carol"), reason, &mut acme.desk)
        .await
        .unwrap()
}

/// The nonce and the highest price of the present version.
async fn offer(tokens: &Tokens, id: ProposalId) -> (u64, u128) {
    let stage = tokens.stage(id).await.unwrap();
    match &stage.plan().reserved {
        Reserved::Nonce(anchor, fees) => (anchor.nonce, fees.max_fee_per_gas),
        Reserved::Outpoints(_) => panic!("not of an EVM chain"),
    }
}

fn waiting(tokens: &Tokens) -> Vec<String> {
    let account = tokens.account.to_string();
    tokens.anvil.waiting_from(&account).unwrap()
}

fn ended(events: &[Event], id: ProposalId, transaction: TxRef) {
    let end = |event: &Event| {
        matches!(event, Event::Confirmed(done, was, _) | Event::Cancelled(done, was, _)
            if *done == id && *was == transaction)
    };
    assert!(events.iter().any(end), "{events:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_3_a_bump_takes_the_same_nonce_and_one_payment_confirms() {
    let mut tokens = Tokens::found().await;
    let to = payee();
    // Nothing is mined here before the end: this chain's reorg would keep the small blocks.
    let id = tokens.approved(to, "100 USDC").await;
    let first = tokens.sent(id).await;
    let (nonce, price) = offer(&tokens, id).await;
    tokens.driver.bump(id).await.unwrap();
    let (again, higher) = offer(&tokens, id).await;
    assert_eq!(nonce, again);
    assert!(higher >= price + price / 10, "{higher} after {price}");
    assert_eq!(tokens.turn().await, [Event::Confirming(id, 0, 2)]);
    assert_eq!(
        waiting(&tokens),
        [first.to_string()],
        "it needs its own release"
    );
    let second = tokens.released(id).await;
    assert_ne!(first, second);
    assert_eq!(waiting(&tokens), [second.to_string()]);

    // A bump of the bump, with the machine restarted in between.
    tokens.driver.bump(id).await.unwrap();
    tokens.reopen();
    let third = tokens.released(id).await;
    assert_eq!(waiting(&tokens), [third.to_string()]);
    tokens.anvil.mine(2).unwrap();
    ended(&tokens.turn().await, id, third);
    assert_eq!(tokens.dollars(to), 100 * DOLLAR);
    assert_eq!(tokens.paid(to), 1);
    assert_eq!(tokens.mined().len(), 1);
    let [sent] = &tokens.mined()[..] else {
        panic!()
    };
    assert_eq!(sent.hash, third.to_string());

    // The bump's block leaves the chain, and a version from before takes its place.
    let raw = tokens.stage_bytes(id, 1).await;
    tokens.anvil.reorg_with(2, &[raw]).unwrap();
    assert_eq!(tokens.turn().await, [Event::Reorged(id)]);
    tokens.anvil.mine(1).unwrap();
    ended(&tokens.turn().await, id, first);
    assert_eq!(tokens.turn().await, []);
    assert_eq!(tokens.dollars(to), 100 * DOLLAR);
    assert_eq!(tokens.paid(to), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bump_above_the_cap_or_under_a_freeze_is_refused() {
    let mut tokens = Tokens::found().await;
    let to = payee();
    // Enough for what the first version offers, and not for an eighth more.
    let id = tokens.approved_at(to, "1 ETH", "0.0000315 ETH").await;
    let first = tokens.sent(id).await;
    let before = tokens.stage(id).await.unwrap().plan().entry;
    let refused = tokens.driver.bump(id).await.unwrap_err().to_string();
    assert!(refused.contains("cap"), "{refused}");
    assert_eq!(tokens.stage(id).await.unwrap().plan().entry, before);
    assert_eq!(waiting(&tokens), [first.to_string()]);

    let other = payee();
    let (id, sent) = {
        let id = tokens.approved(other, "1 ETH").await;
        (id, tokens.sent(id).await)
    };
    tokens.driver.bump(id).await.unwrap();
    let freeze = freeze(&mut tokens, id).await;
    assert!(matches!(
        tokens.release(id, &["Alice"]).await,
        Err(DriverError::Illegal(IllegalEntry::Frozen))
    ));
    assert!(matches!(
        tokens.driver.bump(id).await,
        Err(DriverError::Illegal(IllegalEntry::Frozen))
    ));
    let events = tokens.turn().await;
    assert!(
        events.iter().all(|e| matches!(e, Event::Confirming(..))),
        "{events:?}"
    );
    assert_eq!(waiting(&tokens), [first.to_string(), sent.to_string()]);

    // What is out is out: the chain decides, and the freeze is no obstacle to seeing it.
    tokens.anvil.mine(2).unwrap();
    ended(&tokens.turn().await, id, sent);
    tokens.thaw(vec![freeze]).await;
    assert_eq!(tokens.paid(to), 1);
    assert_eq!(tokens.paid(other), 1);
    assert_eq!(tokens.mined().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_3_a_cancel_is_governed_takes_the_nonce_and_nobody_is_paid() {
    let mut tokens = Tokens::found().await;
    let to = payee();
    let (id, first) = stuck(&mut tokens, to, "1 ETH").await;
    let wanted = tokens.cancel_wanted(id).await;
    let events = tokens.turn().await;
    assert_eq!(
        events,
        [Event::Confirming(id, 0, 2)],
        "one approval is not two"
    );
    assert!(tokens.release(wanted, &["Alice"]).await.is_err());

    // A bump is no cancel: whoever opens a seat for the one does not sign the other.
    tokens.driver.bump(id).await.unwrap();
    assert!(tokens.release(wanted, &["Alice"]).await.is_err());
    assert_eq!(waiting(&tokens), [first.to_string()]);
    tokens.approve(wanted, "Bob").await.unwrap();
    let events = tokens.turn().await;
    assert!(events.contains(&Event::Planned(wanted)), "{events:?}");
    assert_eq!(waiting(&tokens), [first.to_string()], "it needs a release");
    let second = tokens.released(wanted).await;
    assert_eq!(waiting(&tokens), [second.to_string()]);
    tokens.anvil.mine(2).unwrap();
    ended(&tokens.turn().await, id, second);
    assert_eq!(tokens.paid(to), 0);
    assert_eq!(tokens.balance(to), 0);
    let [sent] = &tokens.mined()[..] else {
        panic!()
    };
    assert_eq!((sent.nonce, sent.wei), (0, 0));
    assert!(tokens.driver.bump(id).await.is_err());

    // The next payout has the next nonce.
    let next = tokens.approved(to, "2 ETH").await;
    let third = tokens.sent(next).await;
    tokens.anvil.mine(2).unwrap();
    ended(&tokens.turn().await, next, third);
    assert_eq!(tokens.balance(to), 2 * ETHER);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_7_while_frozen_only_a_cancel_proposed_later_goes_out() {
    let mut tokens = Tokens::found().await;
    let to = payee();
    let (id, first) = stuck(&mut tokens, to, "1 ETH").await;
    let early = tokens.cancel_wanted(id).await;
    freeze(&mut tokens, id).await;
    tokens.approve(early, "Bob").await.unwrap();
    assert_eq!(tokens.turn().await, [Event::Confirming(id, 0, 2)]);
    assert!(tokens.release(early, &["Alice"]).await.is_err());
    let late = tokens.cancel_wanted(id).await;
    tokens.approve(late, "Bob").await.unwrap();
    let events = tokens.turn().await;
    assert!(events.contains(&Event::Planned(late)), "{events:?}");

    // A freeze after it holds it as well.
    let again = freeze(&mut tokens, id).await;
    assert!(tokens.release(late, &["Alice"]).await.is_err());
    assert_eq!(waiting(&tokens), [first.to_string()]);
    tokens.thaw(vec![again]).await;
    let second = tokens.released(late).await;
    assert_eq!(waiting(&tokens), [second.to_string()]);
    tokens.anvil.mine(2).unwrap();
    ended(&tokens.turn().await, id, second);
    assert_eq!(tokens.paid(to), 0);
    assert!(matches!(
        tokens.stage(id).await,
        Some(PayoutStage::Confirmed { .. })
    ));
}
