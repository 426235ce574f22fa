//! A node that lies, and transactions that nobody here signed: rules 4 and 7 on an EVM chain.

#![cfg(test)]

#[expect(dead_code, reason = "each test file uses its own part")]
mod common;

use common::evm::{DOLLAR, Tokens, out, payee};
use domain::{EntryId, ProposalId};
use driver::{DriverError, Event};
use serde_json::{Value, json};
use testkit::lying_rpc::LyingRpc;
use treasury::{IllegalEntry, PayoutStage};

fn is_trouble(event: &Event) -> bool {
    matches!(event, Event::NodeTrouble(_))
}

fn freezes(events: &[Event]) -> usize {
    let froze = events.iter().filter(|e| matches!(e, Event::Froze(_)));
    froze.count()
}

async fn frozen_by(tokens: &Tokens) -> Vec<EntryId> {
    let replay = tokens.driver.view().await.unwrap();
    replay.treasury().unwrap().freezes.keys().copied().collect()
}

/// Nothing was signed, by the journal and by the node.
async fn nothing_signed(tokens: &Tokens, id: ProposalId) {
    assert!(matches!(
        tokens.stage(id).await,
        None | Some(PayoutStage::Planned(_))
    ));
    let account = tokens.account.to_string();
    assert!(tokens.anvil.waiting_from(&account).unwrap().is_empty());
    assert!(tokens.mined().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_4_a_node_of_another_chain_gets_no_plan_no_signature_and_no_bytes() {
    let mut tokens = Tokens::found().await;
    let lying = LyingRpc::start(tokens.anvil.port()).unwrap();
    tokens.ask(&lying.url(), None);
    let to = payee();
    let id = tokens.approved(to, "1 ETH").await;
    lying.always("eth_chainId", json!("0x1"));
    let events = tokens.turn().await;
    assert!(
        matches!(events.as_slice(), [trouble, Event::NotPlanned(not, _)]
            if is_trouble(trouble) && *not == id),
        "{events:?}"
    );
    lying.be_honest();
    assert_eq!(tokens.turn().await, [Event::Planned(id)]);
    tokens.release(id, &["Alice"]).await.unwrap();
    lying.always("eth_chainId", json!("0x1"));
    let events = tokens.turn().await;
    assert!(
        matches!(events.as_slice(), [trouble, Event::NotSigned(not, _)]
            if is_trouble(trouble) && *not == id),
        "{events:?}"
    );
    nothing_signed(&tokens, id).await;

    // Honest again: the release still stands, and the payout goes on.
    lying.be_honest();
    let sent = out(&tokens.turn().await);

    // A block and a receipt that the node makes up confirm nothing.
    let account = tokens.account.to_string();
    let hash = sent.to_string();
    let made_up = json!({
        "transactionHash": hash, "transactionIndex": "0x0", "blockNumber": "0x1",
        "blockHash": format!("0x{}", "11".repeat(32)), "from": account.to_lowercase(),
        "to": to.to_string().to_lowercase(), "gasUsed": "0x5208", "cumulativeGasUsed": "0x5208",
        "effectiveGasPrice": "0x3b9aca00", "status": "0x1", "type": "0x2", "logs": [],
        "logsBloom": format!("0x{}", "00".repeat(256)), "contractAddress": null,
    });
    tokens.anvil.mine_empty(5).unwrap();
    lying.always("eth_getTransactionReceipt", made_up);
    let events = tokens.turn().await;
    assert!(
        !events.is_empty() && events.iter().all(is_trouble),
        "{events:?}"
    );
    assert!(matches!(
        tokens.stage(id).await,
        Some(PayoutStage::Signed { .. })
    ));
    lying.be_honest();
    tokens.anvil.mine(2).unwrap();
    let events = tokens.turn().await;
    assert!(
        matches!(events.as_slice(), [Event::Confirmed(done, was, _)] if *done == id && *was == sent),
        "{events:?}"
    );
    assert_eq!(tokens.paid(to), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_4_a_reverted_payment_is_not_called_paid_where_a_second_node_says_otherwise() {
    let mut tokens = Tokens::found().await;
    let lying = LyingRpc::start(tokens.anvil.port()).unwrap();
    let honest = tokens.anvil.url();
    tokens.ask(&lying.url(), Some(&honest));
    let (one, two) = (payee(), payee());
    let first = tokens.approved(one, "600 USDC").await;
    tokens.sent(first).await;
    let second = tokens.approved(two, "600 USDC").await;
    tokens.sent(second).await;
    tokens.anvil.mine(2).unwrap();
    lying.lie("eth_getTransactionReceipt", |_, honest| {
        honest.map(|mut receipt| {
            if receipt.is_object() {
                receipt["status"] = json!("0x1");
            }
            receipt
        })
    });
    let events = tokens.turn().await;
    assert!(
        !events.is_empty() && events.iter().all(is_trouble),
        "{events:?}"
    );
    lying.be_honest();
    let events = tokens.turn().await;
    let reverted = |e: &Event| matches!(e, Event::Reverted(id, ..) if *id == second);
    let paid = |e: &Event| matches!(e, Event::Confirmed(id, ..) if *id == first);
    assert!(
        events.iter().any(reverted) && events.iter().any(paid),
        "{events:?}"
    );
    assert_eq!(
        (tokens.dollars(one), tokens.dollars(two)),
        (600 * DOLLAR, 0)
    );

    // More coins than there are, on a node that says there are: the other one does not carry it.
    lying.always("eth_estimateGas", json!("0x5208"));
    lying.always("eth_getBalance", json!("0xffffffffffffffffffffffff"));
    let rich = payee();
    let id = tokens.approved(rich, "11 ETH").await;
    let events = tokens.turn().await;
    assert!(events.contains(&Event::Planned(id)), "{events:?}");
    tokens.release(id, &["Alice"]).await.unwrap();
    let events = tokens.turn().await;
    let refused = |e: &Event| matches!(e, Event::NotBroadcast(not, _) if *not == id);
    assert!(events.iter().any(refused), "{events:?}");
    tokens.anvil.mine(2).unwrap();
    let events = tokens.turn().await;
    assert!(!events.iter().any(|e| matches!(e, Event::Confirmed(..))));
    assert_eq!(tokens.balance(rich), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_7_every_transaction_that_nobody_here_signed_freezes_the_vault() {
    let mut tokens = Tokens::found().await;
    let lying = LyingRpc::start(tokens.anvil.port()).unwrap();
    tokens.ask(&lying.url(), None);
    let to = payee();
    let id = tokens.approved(to, "1 ETH").await;

    // A nonce too high is what a theft looks like: nothing is signed on it.
    lying.lie("eth_getTransactionCount", |_, honest| {
        honest.map(|_: Value| json!("0x5"))
    });
    let events = tokens.turn().await;
    assert_eq!(freezes(&events), 1, "{events:?}");
    assert!(matches!(
        tokens.release(id, &["Alice"]).await,
        Err(DriverError::NotNow(_) | DriverError::Illegal(IllegalEntry::Frozen))
    ));
    nothing_signed(&tokens, id).await;
    lying.be_honest();
    let lifted = frozen_by(&tokens).await;
    tokens.thaw(lifted).await;
    let events = tokens.turn().await;
    assert_eq!(freezes(&events), 0, "{events:?}");
    assert!(tokens.stage(id).await.is_some(), "planned after the thaw");

    // A theft in the pool: seen before it is in a block.
    let account = tokens.account.to_string();
    let thief = payee().to_string();
    tokens.anvil.impersonate(&account).unwrap();
    tokens.anvil.send(&account, &thief, 1).unwrap();
    let events = tokens.turn().await;
    assert_eq!(freezes(&events), 1, "{events:?}");
    assert!(matches!(
        tokens.release(id, &["Alice"]).await,
        Err(DriverError::Illegal(IllegalEntry::Frozen))
    ));
    tokens.anvil.mine(2).unwrap();
    let events = tokens.turn().await;
    assert_eq!(freezes(&events), 0, "told once: {events:?}");
    let lifted = frozen_by(&tokens).await;
    tokens.thaw(lifted).await;
    tokens.turn().await;
    assert!(frozen_by(&tokens).await.is_empty());

    // Another theft after the thaw, while nothing was signed here since.
    tokens.anvil.send(&account, &thief, 1).unwrap();
    let events = tokens.turn().await;
    assert_eq!(freezes(&events), 1, "the second theft: {events:?}");
    tokens.anvil.mine(2).unwrap();
    let lifted = frozen_by(&tokens).await;
    tokens.thaw(lifted).await;
    tokens.turn().await;

    // The plan from before has a nonce that is used by now: the node takes nothing, and nobody is paid.
    tokens.release(id, &["Alice"]).await.unwrap();
    let events = tokens.turn().await;
    let refused = |e: &Event| matches!(e, Event::NotBroadcast(not, _) if *not == id);
    assert!(events.iter().any(refused), "{events:?}");
    tokens.anvil.mine(2).unwrap();
    tokens.turn().await;
    assert_eq!(tokens.balance(to), 0);
    assert_eq!(tokens.mined().len(), 2, "the two thefts");
}
