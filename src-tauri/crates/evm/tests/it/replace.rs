//! Two transactions for one nonce.

use alloy_primitives::U256;
use evm::{Candidate, ChainStatus, SendError, bumped};
use serde_json::json;

use crate::proxy::{Fate, Proxy};
use crate::rig::{Anvil, GWEI, at, fees, plain, sent};

fn offering(max_fee: u128, tip: u128, wei: u64) -> Candidate {
    Candidate {
        fees: fees(max_fee, tip),
        ..plain(0, wei)
    }
}

#[tokio::test]
async fn a_bump_replaces_and_the_first_is_taken() {
    let anvil = Anvil::start().await;
    let (node, payer) = (anvil.node(), anvil.account("payer").await);
    let first = offering(20 * GWEI, GWEI, 1);
    let one = sent(&node, &payer, &first).await;
    let mut second = first.clone();
    second.fees = bumped(first.fees, fees(0, 0)).unwrap();
    let two = sent(&node, &payer, &second).await;
    assert_eq!(node.status(&two).await, Ok(ChainStatus::Pending));
    assert_eq!(node.status(&one).await, Ok(ChainStatus::Unseen));

    anvil.mine(4).await;
    let status = node.status(&two).await.unwrap();
    assert!(
        matches!(
            status,
            ChainStatus::InBlock {
                confirmations: 4,
                ..
            }
        ),
        "{status:?}"
    );
    let taken = ChainStatus::Taken {
        by: Some(two.hash),
        confirmations: 4,
    };
    assert_eq!(node.status(&one).await, Ok(taken));
    assert_eq!(node.look_many(&[one, two, one]).await.unwrap()[2], taken);

    let error = node.send(&payer.sign(&first)).await.unwrap_err();
    assert!(
        matches!(error, SendError::NonceTaken { nonce: 0, .. }),
        "{error}"
    );
    assert_eq!(node.send(&payer.sign(&second)).await, Ok(two.hash));
}

#[tokio::test]
async fn a_replacement_that_offers_less_is_told_apart() {
    let anvil = Anvil::start().await;
    let (node, payer) = (anvil.node(), anvil.account("payer").await);
    sent(&node, &payer, &offering(20 * GWEI, 2 * GWEI, 1)).await;
    let less = payer.sign(&offering(19 * GWEI, GWEI, 2));
    let error = node.send(&less).await.unwrap_err();
    assert!(
        matches!(error, SendError::Underpriced { nonce: 0, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn the_one_that_took_a_nonce_is_found_among_many_blocks() {
    let anvil = Anvil::start().await;
    let (node, payer) = (anvil.node(), anvil.account("payer").await);
    let never = payer.watched(&plain(2, 77)).1;
    anvil.mine(60).await;
    for nonce in 0..2 {
        sent(&node, &payer, &plain(nonce, 1)).await;
        anvil.mine(7).await;
    }
    let by = sent(&node, &payer, &plain(2, 1)).await;
    sent(&node, &payer, &plain(3, 1)).await;
    anvil.mine(100).await;
    let taken = |by, confirmations| Ok(ChainStatus::Taken { by, confirmations });
    assert_eq!(node.status(&never).await, taken(Some(by.hash), 100));
    // Beyond what a full node keeps the state of, only the number of blocks is known.
    anvil.mine(100).await;
    assert_eq!(node.status(&never).await, taken(None, 128));
}

#[tokio::test]
async fn a_node_without_old_state_says_only_how_deep_it_is() {
    let anvil = Anvil::start().await;
    let (honest, payer) = (anvil.node(), anvil.account("payer").await);
    let never = payer.watched(&plain(0, 77)).1;
    anvil.mine(20).await;
    sent(&honest, &payer, &plain(0, 1)).await;
    anvil.mine(20).await;
    // Heights are asked as numbers; of these, only the head is known.
    let mut counts = 0;
    let proxy = Proxy::start(&anvil.url, move |method, answer| {
        if method == "eth_getTransactionCount" {
            counts += 1;
            if counts > 2 {
                *answer = json!({"id": answer["id"], "error": {"code": -32000, "message": "missing trie node"}});
            }
        }
        Fate::Pass
    })
    .await;
    let taken = ChainStatus::Taken {
        by: None,
        confirmations: 1,
    };
    assert_eq!(at(&proxy.url).status(&never).await, Ok(taken));
}

#[tokio::test]
async fn every_step_of_a_bump_is_taken_by_the_node() {
    let anvil = Anvil::start().await;
    let (node, payer) = (anvil.node(), anvil.account("payer").await);
    let mut candidate = offering(10 * GWEI, 7, 1);
    for _ in 0..6 {
        sent(&node, &payer, &candidate).await;
        candidate.fees = bumped(candidate.fees, fees(0, 0)).unwrap();
    }
    anvil.mine(1).await;
    assert_eq!(node.nonces(&payer.address).await.unwrap().latest, 1);
    assert_eq!(candidate.call.value, U256::from(1));
}
