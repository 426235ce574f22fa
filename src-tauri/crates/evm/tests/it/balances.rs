//! Balances of many addresses at one block.

use std::time::Instant;

use alloy_primitives::U256;
use domain::EvmAddress;
use evm::NodeError;
use serde_json::json;

use crate::proxy::{Fate, Proxy};
use crate::rig::{Anvil, address, at, ether, native, stranger, token_at};

#[tokio::test]
async fn a_thousand_addresses_by_the_helper_and_one_by_one() {
    let anvil = Anvil::start().await;
    let who: Vec<EvmAddress> = (0..1000).map(stranger).collect();
    let token = anvil.token(&[(who[3], 7), (who[999], 1_000_000)]).await;
    anvil.fund(&who[0], ether(5)).await;
    anvil.mine(2).await;
    let node = anvil.node();
    let coins = [native(), token];

    let begun = Instant::now();
    let together = node.balances(&who, &coins).await.unwrap();
    println!("2,000 balances by the helper: {:?}", begun.elapsed());
    assert_eq!(together.block, node.check_chain().await.unwrap());
    assert_eq!(together.rows.len(), 2000);
    assert!(together.unanswered.is_empty());
    for (row, holder, coin, units) in [
        (0, 0, native(), ether(5)),
        (1, 0, token, U256::ZERO),
        (7, 3, token, U256::from(7)),
        (1998, 999, native(), U256::ZERO),
        (1999, 999, token, U256::from(1_000_000)),
    ] {
        assert_eq!(together.rows[row], (who[holder], coin, units));
    }

    // A node that knows no overrides: one that says so, and one that does not look at them.
    for says_so in [true, false] {
        let proxy = Proxy::start(&anvil.url, move |method, answer| {
            if method == "eth_call" && is_helper(answer) {
                let answer = answer.as_object_mut().unwrap();
                answer.remove("result");
                if says_so {
                    let error = json!({"code": -32602, "message": "too many arguments"});
                    answer.insert("error".to_owned(), error);
                } else {
                    answer.insert("result".to_owned(), json!("0x"));
                }
            }
            Fate::Pass
        })
        .await;
        let begun = Instant::now();
        let one_by_one = at(&proxy.url).balances(&who, &coins).await.unwrap();
        println!(
            "2,000 balances one by one in batches: {:?}",
            begun.elapsed()
        );
        assert_eq!(one_by_one, together);
        let helper = proxy.seen().batches.into_iter().filter(|batch| {
            batch.last().is_some_and(|method| method == "eth_call") && batch.len() == 3
        });
        assert_eq!(helper.count(), 1, "the helper is tried once");
    }
}

/// The helper's answer is longer than a token's.
fn is_helper(answer: &serde_json::Value) -> bool {
    answer["result"]
        .as_str()
        .is_some_and(|text| text.len() > 100)
}

#[tokio::test]
async fn a_token_without_an_answer_is_unknown_and_the_others_are_known() {
    let anvil = Anvil::start().await;
    let holder = stranger(1);
    let token = anvil.token(&[(holder, 42)]).await;
    let broken = [
        ("EMPTY", ""),
        ("REVERTS", "60006000fd"),
        ("SHORT", "601f6000f3"),
        ("BURNS", "5b600056"),
    ];
    let mut coins = vec![native()];
    for (number, (symbol, code)) in (0x20u8..).zip(broken) {
        let contract = address([number; 20]);
        anvil.place(code, &contract).await;
        coins.push(token_at(contract, symbol));
    }
    coins.push(token);
    let refusing = Proxy::start(&anvil.url, |method, answer| {
        if method == "eth_call" && is_helper(answer) {
            answer["result"] = json!("0x");
        }
        Fate::Pass
    })
    .await;
    for url in [&anvil.url, &refusing.url] {
        let balances = at(url).balances(&[holder], &coins).await.unwrap();
        let unknown: Vec<&str> = balances
            .unanswered
            .iter()
            .map(|(_, coin)| symbol(coin))
            .collect();
        assert_eq!(unknown, ["EMPTY", "REVERTS", "SHORT", "BURNS"]);
        let known: Vec<_> = balances
            .rows
            .iter()
            .map(|(_, coin, units)| (symbol(coin), *units))
            .collect();
        assert_eq!(known, [("ETH", U256::ZERO), ("TUSD", U256::from(42))]);
    }
}

fn symbol(coin: &domain::Coin) -> &'static str {
    let known = ["ETH", "TUSD", "EMPTY", "REVERTS", "SHORT", "BURNS"];
    known
        .into_iter()
        .find(|known| *known == coin.symbol().as_str())
        .unwrap()
}

#[tokio::test]
async fn a_chain_that_moves_while_it_is_read_gives_nothing() {
    let anvil = Anvil::start().await;
    let mut number = 0u8;
    let proxy = Proxy::changing(&anvil.url, "eth_getBlockByNumber", move |block| {
        number += 1;
        block["hash"] = json!(alloy_primitives::B256::repeat_byte(number));
    })
    .await;
    let error = at(&proxy.url)
        .balances(&[stranger(1)], &[native()])
        .await
        .unwrap_err();
    assert_eq!(error, NodeError::Moved);
}

#[tokio::test]
async fn no_address_has_no_balance() {
    let anvil = Anvil::start().await;
    let balances = anvil.node().balances(&[], &[native()]).await.unwrap();
    assert!(balances.rows.is_empty() && balances.unanswered.is_empty());
}
