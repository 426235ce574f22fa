//! Nodes that lie: about receipts, blocks, transactions and nonces.

use alloy_primitives::B256;
use evm::{ChainStatus, NodeError, Nodes, Watched};
use serde_json::{Value, json};

use crate::proxy::{Fate, Proxy};
use crate::rig::{Account, Anvil, at, plain, sent, stranger};

/// A node with a payment in its second block, and two blocks on it.
async fn paid() -> (Anvil, Account, Watched) {
    let anvil = Anvil::start().await;
    let payer = anvil.account("payer").await;
    anvil.mine(1).await;
    let watched = sent(&anvil.node(), &payer, &plain(0, 1)).await;
    anvil.mine(3).await;
    (anvil, payer, watched)
}

async fn status_with(
    anvil: &Anvil,
    watched: &Watched,
    method: &'static str,
    change: impl FnMut(&mut Value) + Send + 'static,
) -> Result<ChainStatus, NodeError> {
    let proxy = Proxy::changing(&anvil.url, method, change).await;
    at(&proxy.url).status(watched).await
}

#[tokio::test]
async fn no_field_of_a_receipt_can_be_changed() {
    let (anvil, _, watched) = paid().await;
    let wrong = json!(B256::repeat_byte(7));
    for (field, lie) in [
        ("transactionHash", wrong.clone()),
        ("blockHash", wrong),
        ("blockNumber", json!("0x1")),
        ("blockNumber", json!("0x3")),
        ("blockNumber", json!("0x64")),
        ("transactionIndex", json!("0x1")),
        ("from", json!(stranger(1).to_string())),
        ("gasUsed", json!("0x5209")),
        ("effectiveGasPrice", json!("0x4a817c801")),
        ("status", json!("0x2")),
    ] {
        let change = move |receipt: &mut Value| receipt[field] = lie.clone();
        let status = status_with(&anvil, &watched, "eth_getTransactionReceipt", change).await;
        assert!(
            matches!(status, Err(NodeError::Lies { .. })),
            "{field}: {status:?}"
        );
    }
    for (field, lie) in [
        ("status", json!(null)),
        ("gasUsed", json!("21000")),
        ("blockHash", json!(null)),
    ] {
        let change = move |receipt: &mut Value| receipt[field] = lie.clone();
        let status = status_with(&anvil, &watched, "eth_getTransactionReceipt", change).await;
        assert!(
            matches!(status, Err(NodeError::Nonsense { .. })),
            "{field}: {status:?}"
        );
    }
    // Told as it is, it stands.
    let status = status_with(&anvil, &watched, "eth_getTransactionReceipt", |_| {}).await;
    assert!(
        matches!(
            status,
            Ok(ChainStatus::InBlock {
                confirmations: 3,
                ..
            })
        ),
        "{status:?}"
    );
}

#[tokio::test]
async fn a_receipt_for_a_payment_that_never_was_is_refused() {
    let (anvil, payer, watched) = paid().await;
    // The node makes up a receipt for a second payment out of the first one's.
    let never = payer.watched(&plain(1, 5)).1;
    let receipt = anvil
        .rpc("eth_getTransactionReceipt", json!([watched.hash]))
        .await;
    let transaction = anvil
        .rpc("eth_getTransactionByHash", json!([watched.hash]))
        .await;
    let made_up = |mut of: Value, field: &str| {
        of[field] = json!(never.hash);
        of
    };
    let receipt = made_up(receipt, "transactionHash");
    let mut transaction = made_up(transaction, "hash");
    transaction["nonce"] = json!("0x1");
    for with_transaction in [false, true] {
        let (receipt, transaction) = (receipt.clone(), transaction.clone());
        let proxy = Proxy::start(&anvil.url, move |method, answer| {
            match method {
                "eth_getTransactionReceipt" => answer["result"] = receipt.clone(),
                "eth_getTransactionByHash" if with_transaction => {
                    answer["result"] = transaction.clone();
                }
                "eth_getTransactionCount" => answer["result"] = json!("0x2"),
                _ => {}
            }
            Fate::Pass
        })
        .await;
        let status = at(&proxy.url).status(&never).await;
        assert!(matches!(status, Err(NodeError::Lies { .. })), "{status:?}");
    }
}

#[tokio::test]
async fn no_field_of_a_transaction_can_be_changed() {
    let (anvil, _, watched) = paid().await;
    for (field, lie) in [
        ("nonce", json!("0x1")),
        ("value", json!("0x2")),
        ("gas", json!("0xffff")),
        ("maxFeePerGas", json!("0xffffffffff")),
        ("to", json!(stranger(1).to_string())),
        ("input", json!("0x00")),
        ("chainId", json!("0x1")),
        ("blockHash", json!(B256::repeat_byte(7))),
        ("blockHash", json!(null)),
    ] {
        let change = move |transaction: &mut Value| transaction[field] = lie.clone();
        let status = status_with(&anvil, &watched, "eth_getTransactionByHash", change).await;
        assert!(
            matches!(status, Err(NodeError::Lies { .. })),
            "{field}: {status:?}"
        );
    }
    let status = status_with(&anvil, &watched, "eth_getTransactionByHash", |it| {
        *it = json!(null)
    });
    let status = status.await;
    assert!(matches!(status, Err(NodeError::Lies { .. })), "{status:?}");
    // Who is said to have sent it does not matter: the signature says it.
    let change = |it: &mut Value| it["from"] = json!(stranger(1).to_string());
    let status = status_with(&anvil, &watched, "eth_getTransactionByHash", change).await;
    assert!(
        matches!(status, Ok(ChainStatus::InBlock { .. })),
        "{status:?}"
    );
}

#[tokio::test]
async fn a_payment_in_a_block_can_not_be_denied_while_the_block_shows_it() {
    let (anvil, _, watched) = paid().await;
    let proxy = Proxy::start(&anvil.url, |method, answer| {
        if matches!(
            method,
            "eth_getTransactionReceipt" | "eth_getTransactionByHash"
        ) {
            answer["result"] = json!(null);
        }
        Fate::Pass
    })
    .await;
    let status = at(&proxy.url).status(&watched).await;
    assert!(matches!(status, Err(NodeError::Lies { .. })), "{status:?}");
    // A nonce that is said to be free, though the payment is in a block.
    let status = status_with(&anvil, &watched, "eth_getTransactionCount", |it| {
        *it = json!("0x0")
    });
    let status = status.await;
    assert!(matches!(status, Err(NodeError::Lies { .. })), "{status:?}");
    // A block without it.
    let change = |block: &mut Value| block["transactions"] = json!([]);
    let status = status_with(&anvil, &watched, "eth_getBlockByNumber", change).await;
    assert!(matches!(status, Err(NodeError::Lies { .. })), "{status:?}");
}

#[tokio::test]
async fn a_block_that_is_not_at_its_height_holds_nothing() {
    let (anvil, _, watched) = paid().await;
    let elsewhere = |method: &str, answer: &mut Value| {
        if matches!(
            method,
            "eth_getTransactionReceipt" | "eth_getTransactionByHash"
        ) {
            answer["result"]["blockHash"] = json!(B256::repeat_byte(7));
        }
        Fate::Pass
    };
    let proxy = Proxy::start(&anvil.url, elsewhere).await;
    let status = at(&proxy.url).status(&watched).await;
    assert!(matches!(status, Err(NodeError::Lies { .. })), "{status:?}");
}

#[tokio::test]
async fn a_payment_in_a_block_without_a_receipt_does_not_wait() {
    let (anvil, _, watched) = paid().await;
    let hiding = |method: &str, answer: &mut Value| {
        match method {
            "eth_getTransactionReceipt" => answer["result"] = json!(null),
            "eth_getTransactionCount" => answer["result"] = json!("0x0"),
            _ => {}
        }
        Fate::Pass
    };
    let proxy = Proxy::start(&anvil.url, hiding).await;
    let status = at(&proxy.url).status(&watched).await;
    assert!(matches!(status, Err(NodeError::Lies { .. })), "{status:?}");
}

#[tokio::test]
async fn another_payment_of_the_same_nonce_can_not_stand_in() {
    let (anvil, payer, watched) = paid().await;
    // The same account and nonce, signed by us as well, and paying something else.
    let other = payer.watched(&plain(0, 999)).1;
    let (from, to) = (watched.hash.to_string(), other.hash.to_string());
    let receipt = anvil
        .rpc("eth_getTransactionReceipt", json!([watched.hash]))
        .await;
    let transaction = anvil
        .rpc("eth_getTransactionByHash", json!([watched.hash]))
        .await;
    let proxy = Proxy::start(&anvil.url, move |method, answer| {
        match method {
            "eth_getTransactionReceipt" => answer["result"] = receipt.clone(),
            "eth_getTransactionByHash" => answer["result"] = transaction.clone(),
            _ => {}
        }
        // The block lists it under the other's name as well.
        *answer = serde_json::from_str(&answer.to_string().replace(&from, &to)).unwrap();
        Fate::Pass
    })
    .await;
    let status = at(&proxy.url).status(&other).await;
    assert!(matches!(status, Err(NodeError::Lies { .. })), "{status:?}");
}

#[tokio::test]
async fn a_made_up_taker_of_a_nonce_is_not_named() {
    let anvil = Anvil::start().await;
    let payer = anvil.account("payer").await;
    let honest = anvil.node();
    let never = payer.watched(&plain(0, 77)).1;
    // Another account's payment is dressed as ours.
    let other = anvil.account("other").await;
    sent(&honest, &other, &plain(0, 1)).await;
    anvil.mine(3).await;
    let from = payer.address.to_string();
    let mut counts = 0;
    let proxy = Proxy::start(&anvil.url, move |method, answer| {
        if method == "eth_getTransactionCount" {
            // Used at the newest block, free at the oldest, and used at the first of them.
            counts += 1;
            answer["result"] = json!(if counts == 3 { "0x0" } else { "0x1" });
        } else if method == "eth_getBlockByNumber"
            && answer["result"]["transactions"][0].is_object()
        {
            answer["result"]["transactions"][0]["from"] = json!(from);
        }
        Fate::Pass
    })
    .await;
    let status = at(&proxy.url).status(&never).await;
    let unnamed = ChainStatus::Taken {
        by: None,
        confirmations: 3,
    };
    assert_eq!(status, Ok(unnamed));
}

#[tokio::test]
async fn a_nonce_beyond_only_in_passing_is_no_taken_one() {
    let anvil = Anvil::start().await;
    let payer = anvil.account("payer").await;
    let never = payer.watched(&plain(0, 77)).1;
    // Told that the nonce is used, asked at the block it is free.
    let mut counts = 0;
    let change = move |count: &mut Value| {
        counts += 1;
        *count = json!(if counts % 2 == 1 { "0x1" } else { "0x0" });
    };
    let status = status_with(&anvil, &never, "eth_getTransactionCount", change).await;
    assert!(matches!(status, Err(NodeError::Lies { .. })), "{status:?}");
}

#[tokio::test]
async fn two_nodes_must_agree() {
    let (anvil, payer, watched) = paid().await;
    let two = |second: &str| Nodes {
        first: anvil.node(),
        second: Some(at(second)),
    };
    let honest = two(&anvil.url);
    assert_eq!(honest.check_chain().await.unwrap().height, 4);
    assert_eq!(honest.agreed_nonce(&payer.address).await.unwrap().latest, 1);
    let status = honest.status(&watched).await.unwrap();
    assert!(
        matches!(
            status,
            ChainStatus::InBlock {
                confirmations: 3,
                ..
            }
        ),
        "{status:?}"
    );

    let nonce = Proxy::changing(&anvil.url, "eth_getTransactionCount", |it| {
        *it = json!("0x5")
    })
    .await;
    let error = two(&nonce.url)
        .agreed_nonce(&payer.address)
        .await
        .unwrap_err();
    assert!(matches!(&error, NodeError::Disagree { .. }), "{error}");
    assert!(error.to_string().contains("1 by http"), "{error}");

    let failed = Proxy::changing(&anvil.url, "eth_getTransactionReceipt", |it| {
        it["status"] = json!("0x0")
    });
    let error = two(&failed.await.url).status(&watched).await.unwrap_err();
    assert!(matches!(&error, NodeError::Disagree { .. }), "{error}");

    let chain = Proxy::changing(&anvil.url, "eth_chainId", |it| *it = json!("0x1")).await;
    let error = two(&chain.url).check_chain().await.unwrap_err();
    assert!(matches!(error, NodeError::OtherChain { .. }), "{error}");
}

#[tokio::test]
async fn a_second_node_that_is_late_is_waited_for_and_one_that_is_down_is_told() {
    let (anvil, payer, watched) = paid().await;
    let mut asked = 0;
    let late = Proxy::changing(&anvil.url, "eth_getTransactionCount", move |it| {
        asked += 1;
        if asked <= 2 {
            *it = json!("0x0");
        }
    })
    .await;
    let nodes = Nodes {
        first: anvil.node(),
        second: Some(at(&late.url)),
    };
    assert_eq!(nodes.agreed_nonce(&payer.address).await.unwrap().latest, 1);
    let down = Nodes {
        first: anvil.node(),
        second: Some(at("http://127.0.0.1:9")),
    };
    let error = down.status(&watched).await.unwrap_err();
    assert!(matches!(error, NodeError::Unreachable { .. }), "{error}");
    // Bytes go out by whichever node takes them.
    let turned = Nodes {
        first: at("http://127.0.0.1:9"),
        second: Some(anvil.node()),
    };
    let (bytes, next) = payer.watched(&plain(1, 1));
    assert_eq!(turned.send(&bytes).await, Ok(next.hash));
    assert_eq!(
        turned.foreign(&payer.address, 1).await.map_err(|_| ()),
        Err(())
    );
}
