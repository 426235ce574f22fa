//! Payments from the first question to the last confirmation.

use alloy_primitives::U256;
use evm::{ChainStatus, Foreign, GasError, SendError, Watched};
use serde_json::json;

use crate::proxy::{Fate, Proxy};
use crate::rig::{
    Account, Anvil, GWEI, at, build, chain, ether, fees, native, plain, sent, stranger,
};

#[tokio::test]
async fn the_chains_own_coin_is_paid() {
    let anvil = Anvil::start().await;
    let (node, payer) = (anvil.node(), anvil.account("payer").await);
    let candidate = build(&node, &payer, &native(), &stranger(5), ether(3)).await;
    assert_eq!((candidate.nonce, candidate.gas_limit), (0, 21_000));
    // Anvil's usual tip is 1 wei.
    assert_eq!(candidate.fees.max_priority_fee_per_gas, GWEI / 10);

    let (bytes, watched) = payer.watched(&candidate);
    assert_eq!(node.status(&watched).await, Ok(ChainStatus::Unseen));
    assert_eq!(node.send(&bytes).await, Ok(watched.hash));
    assert_eq!(node.status(&watched).await, Ok(ChainStatus::Pending));
    assert_eq!(node.send(&bytes).await, Ok(watched.hash), "already known");
    let nonces = node.nonces(&payer.address).await.unwrap();
    assert_eq!((nonces.latest, nonces.pending), (0, 1));

    anvil.mine(3).await;
    let status = node.status(&watched).await.unwrap();
    let ChainStatus::InBlock {
        height: 1,
        confirmations: 3,
        success: true,
        fee_paid,
        ..
    } = status
    else {
        panic!("{status:?}");
    };
    let balances = node
        .balances(&[payer.address, stranger(5)], &[native()])
        .await
        .unwrap();
    let units: Vec<U256> = balances.rows.iter().map(|(_, _, units)| *units).collect();
    assert_eq!(units, [ether(997) - fee_paid, ether(3)]);
    assert_eq!(
        node.send(&bytes).await,
        Ok(watched.hash),
        "already in a block"
    );
}

#[tokio::test]
async fn a_token_is_paid_and_one_that_is_not_there_is_not_built() {
    let anvil = Anvil::start().await;
    let (node, payer) = (anvil.node(), anvil.account("payer").await);
    let token = anvil.token(&[(payer.address, 1000)]).await;
    let mut candidate = build(&node, &payer, &token, &stranger(5), U256::from(400)).await;
    assert!(
        (40_000..80_000).contains(&candidate.gas_limit),
        "{}",
        candidate.gas_limit
    );
    let watched = sent(&node, &payer, &candidate).await;
    anvil.mine(1).await;
    let status = node.status(&watched).await.unwrap();
    assert!(
        matches!(status, ChainStatus::InBlock { success: true, .. }),
        "{status:?}"
    );
    let balances = node
        .balances(&[payer.address, stranger(5)], &[token])
        .await
        .unwrap();
    let units: Vec<U256> = balances.rows.iter().map(|(_, _, units)| *units).collect();
    assert_eq!(units, [U256::from(600), U256::from(400)]);

    let too_much = evm::Call::payment(&token, &stranger(5), U256::from(601)).unwrap();
    let error = node.gas_limit(&payer.address, &too_much).await.unwrap_err();
    assert!(matches!(&error, GasError::WouldFail { .. }), "{error}");

    // Sent all the same, it is reverted: the fee is paid and nothing else.
    candidate.call = too_much;
    candidate.nonce = 1;
    let watched = sent(&node, &payer, &candidate).await;
    anvil.mine(1).await;
    let status = node.status(&watched).await.unwrap();
    let ChainStatus::InBlock {
        success: false,
        fee_paid,
        ..
    } = status
    else {
        panic!("{status:?}");
    };
    assert!(fee_paid > U256::ZERO);
    let balances = node.balances(&[stranger(5)], &[token]).await.unwrap();
    assert_eq!(balances.rows[0].2, U256::from(400));
}

#[tokio::test]
async fn what_can_not_be_paid_is_rejected() {
    let anvil = Anvil::start().await;
    let (node, poor) = (anvil.node(), Account::named("poor"));
    let (bytes, watched) = poor.watched(&plain(0, 1));
    let error = node.send(&bytes).await.unwrap_err();
    assert!(matches!(error, SendError::Rejected { .. }), "{error}");
    assert!(error.to_string().contains("no money moved"));
    assert_eq!(node.status(&watched).await, Ok(ChainStatus::Unseen));
}

#[tokio::test]
async fn only_whole_signed_transactions_of_this_chain_are_sent() {
    let node = at("http://127.0.0.1:9");
    let payer = Account::named("payer");
    let good = payer.sign(&plain(0, 1));
    let mut longer = good.clone();
    longer.push(0);
    let unsigned = plain(0, 1).unsigned().unwrap();
    let mut elsewhere = plain(0, 1);
    elsewhere.chain = domain::ChainId::new(1).unwrap();
    elsewhere.call.to = domain::EvmAddress::from_bytes([9; 20], elsewhere.chain).unwrap();
    let elsewhere = payer.sign(&elsewhere);
    for bad in [
        &[][..],
        &good[1..],
        &good[..good.len() - 1],
        &longer,
        &unsigned,
        &elsewhere,
    ] {
        let error = node.send(bad).await.unwrap_err();
        assert!(matches!(error, SendError::Unsigned(_)), "{error}");
        assert!(Watched::of_signed(bad, chain()).is_err());
    }
    // The good one is refused only by there being no node.
    assert!(matches!(node.send(&good).await, Err(SendError::NotSent(_))));
}

#[tokio::test]
async fn a_lost_answer_is_looked_for_and_the_unknown_is_said() {
    let anvil = Anvil::start().await;
    let payer = anvil.account("payer").await;
    let is_send = |method: &str| method == "eth_sendRawTransaction";

    // Taken by the node, but the line closes.
    let closing = Proxy::start(&anvil.url, move |method, _| {
        if is_send(method) {
            Fate::Close
        } else {
            Fate::Pass
        }
    })
    .await;
    let (bytes, watched) = payer.watched(&plain(0, 1));
    assert_eq!(at(&closing.url).send(&bytes).await, Ok(watched.hash));

    // And the node can't be asked afterwards either.
    let mut sent = false;
    let dying = Proxy::start(&anvil.url, move |method, _| {
        sent |= is_send(method);
        if sent { Fate::Close } else { Fate::Pass }
    })
    .await;
    let (bytes, watched) = payer.watched(&plain(1, 1));
    let error = at(&dying.url).send(&bytes).await.unwrap_err();
    assert!(
        matches!(error, SendError::Unknown { hash, .. } if hash == watched.hash),
        "{error}"
    );
    assert!(error.to_string().contains("only these same bytes"));

    // Another hash than that of the bytes.
    let other = Proxy::changing(&anvil.url, "eth_sendRawTransaction", |hash| {
        *hash = json!(alloy_primitives::B256::repeat_byte(7));
    })
    .await;
    let (bytes, watched) = payer.watched(&plain(2, 1));
    assert_eq!(
        at(&other.url).send(&bytes).await,
        Ok(watched.hash),
        "it is there"
    );

    // An error that says nothing about the transaction, which did not arrive.
    let mut swallowed = true;
    let swallowing = Proxy::start(&anvil.url, move |method, answer| {
        if is_send(method) {
            *answer =
                json!({"id": answer["id"], "error": {"code": -32603, "message": "internal error"}});
        } else if method == "eth_getTransactionByHash" && swallowed {
            swallowed = false;
            answer["result"] = json!(null);
        }
        Fate::Pass
    })
    .await;
    let (bytes, _) = payer.watched(&plain(3, 1));
    let error = at(&swallowing.url).send(&bytes).await.unwrap_err();
    assert!(matches!(error, SendError::Unknown { .. }), "{error}");
}

#[tokio::test]
async fn a_payment_that_nobody_here_signed_is_noticed() {
    let anvil = Anvil::start().await;
    let (node, payer) = (anvil.node(), anvil.account("payer").await);
    assert_eq!(node.foreign(&payer.address, 0).await, Ok(None));
    sent(&node, &payer, &plain(0, 1)).await;
    assert_eq!(node.foreign(&payer.address, 1).await, Ok(None));
    let foreign = |in_block| Ok(Some(Foreign { nonce: 0, in_block }));
    assert_eq!(node.foreign(&payer.address, 0).await, foreign(false));
    anvil.mine(1).await;
    assert_eq!(node.foreign(&payer.address, 0).await, foreign(true));
}

#[tokio::test]
async fn a_reorganised_block_takes_its_payment_along() {
    let anvil = Anvil::start().await;
    let (node, payer) = (anvil.node(), anvil.account("payer").await);
    anvil.mine(5).await;
    let watched = sent(&node, &payer, &plain(0, 1)).await;
    anvil.mine(1).await;
    let status = node.status(&watched).await.unwrap();
    assert!(
        matches!(
            status,
            ChainStatus::InBlock {
                confirmations: 1,
                ..
            }
        ),
        "{status:?}"
    );
    anvil.rpc("anvil_reorg", json!([2, []])).await;
    let status = node.status(&watched).await.unwrap();
    assert!(
        matches!(status, ChainStatus::Unseen | ChainStatus::Pending),
        "{status:?}"
    );
    // The same bytes bring it back.
    node.send(&payer.sign(&plain(0, 1))).await.unwrap();
    anvil.mine(2).await;
    let status = node.status(&watched).await.unwrap();
    assert!(
        matches!(
            status,
            ChainStatus::InBlock {
                confirmations: 2,
                ..
            }
        ),
        "{status:?}"
    );
}

#[tokio::test]
async fn three_hundred_payments_are_looked_at_together() {
    let anvil = Anvil::start().await;
    let (node, payer) = (anvil.node(), anvil.account("payer").await);
    let mut all = Vec::new();
    for nonce in 0..300 {
        let mut candidate = plain(nonce, nonce + 1);
        candidate.fees = fees(20 * GWEI, GWEI);
        all.push(sent(&node, &payer, &candidate).await);
    }
    anvil.mine(1).await;
    all.push(payer.watched(&plain(300, 1)).1);
    let begun = std::time::Instant::now();
    let looked = node.look_many(&all).await.unwrap();
    println!("301 payments looked at: {:?}", begun.elapsed());
    assert_eq!(looked.len(), 301);
    assert_eq!(looked[300], ChainStatus::Unseen);
    for status in &looked[..300] {
        assert!(
            matches!(status, ChainStatus::InBlock { success: true, .. }),
            "{status:?}"
        );
    }
}
