//! Rules 3 and 4 against the chain: a node that is down, that loses answers and forgets; blocks that
//! leave the chain; coins that are missing, young, or wanted twice.

#![cfg(test)]

#[expect(dead_code, reason = "each test file uses its own part")]
mod common;

use std::time::Duration;

use common::{Acme, btc, name};
use domain::{ProposalId, U256};
use driver::Event;
use policy::Verdict;
use testkit::proxy::{Line, Proxy};
use treasury::PayoutStage;

/// Opens the hardware seat and lets the loop run.
async fn release_and_turn(acme: &mut Acme, id: ProposalId) -> Vec<Event> {
    acme.release(id, &["Alice"]).await.unwrap();
    acme.turn().await
}

fn planned(events: &[Event]) -> Vec<ProposalId> {
    let plans = events.iter().filter_map(|event| match event {
        Event::Planned(id) => Some(*id),
        _ => None,
    });
    plans.collect()
}

/// What the node was asked to send, so many times, always the same bytes.
fn sent_bytes(proxy: &Proxy) -> (usize, String) {
    let bodies: Vec<serde_json::Value> = proxy
        .requests("sendrawtransaction")
        .iter()
        .map(|body| serde_json::from_str(body).unwrap())
        .collect();
    let bytes = |body: &serde_json::Value| body["params"][0].as_str().unwrap().to_owned();
    let first = bytes(bodies.first().unwrap());
    for body in &bodies {
        assert_eq!(bytes(body), first, "only the same bytes go out again");
    }
    (bodies.len(), first)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_3_whatever_the_node_does_the_same_bytes_and_one_payment() {
    let mut acme = Acme::with_vault().await;
    acme.fund("1.5").await;
    let proxy = Proxy::start(acme.node.port()).unwrap();
    acme.point_at(&proxy.url());

    // Down when the transaction is to be built.
    let id = acme.approved_payout(&["0.25"]).await;
    proxy.set(Line::Refuse);
    let events = acme.turn().await;
    let [Event::NodeTrouble(_), Event::NotPlanned(not, why)] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(*not, id);
    assert!(why.contains("node"), "{why}");
    assert!(acme.stage(id).await.is_none(), "nothing was fixed");
    proxy.mend();
    assert_eq!(acme.turn().await, [Event::Planned(id)]);

    // Down when the signed bytes are to go out: they are durable first.
    proxy.set(Line::Refuse);
    let events = release_and_turn(&mut acme, id).await;
    let [
        Event::NodeTrouble(_),
        Event::Signed(_, txid),
        Event::NotBroadcast(..),
    ] = events.as_slice()
    else {
        panic!("{events:?}");
    };
    let txid = *txid;
    assert!(matches!(
        acme.stage(id).await,
        Some(PayoutStage::Signed { .. })
    ));

    // Back, but the answers are lost: the node has it, nobody knows.
    proxy.mend();
    acme.reopen();
    for method in ["sendrawtransaction", "getrawtransaction"] {
        proxy.on(method, Line::LoseAnswer);
    }
    let events = acme.turn().await;
    let unsure = events.iter().find_map(|event| match event {
        Event::NotBroadcast(_, why) => Some(why.clone()),
        _ => None,
    });
    let unsure = unsure.unwrap_or_else(|| panic!("{events:?}"));
    assert!(
        unsure.contains("never pay again") && unsure.contains(&txid.to_string()),
        "{unsure}"
    );
    assert_eq!(acme.mempool(), [btc(txid)]);

    // Answers come again: the same bytes, and the node has them already.
    proxy.mend();
    acme.reopen();
    let events = acme.turn().await;
    assert!(events.contains(&Event::Broadcast(id, txid)), "{events:?}");
    assert_eq!(acme.mempool(), [btc(txid)]);

    // A late answer is an answer, and a lost one is made good by looking.
    let second = acme.approved_payout(&["0.1"]).await;
    acme.node.mine(2).unwrap();
    let events = acme.turn().await;
    assert!(
        matches!(events.as_slice(), [Event::Confirmed(done, was, _), Event::Planned(next)]
            if *done == id && *was == txid && *next == second),
        "{events:?}"
    );
    let (times, _) = sent_bytes(&proxy);
    assert!(times >= 2, "sent {times} times");
    proxy.on("testmempoolaccept", Line::Delay(Duration::from_secs(1)));
    proxy.on("sendrawtransaction", Line::LoseAnswer);
    let events = release_and_turn(&mut acme, second).await;
    assert!(
        matches!(events.as_slice(), [Event::Signed(..), Event::Broadcast(out, _)] if *out == second),
        "{events:?}"
    );
    proxy.mend();
    acme.node.mine(2).unwrap();
    acme.turn().await;
    assert_eq!(acme.payments(id).await, 1);
    assert_eq!(acme.payments(second).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_3_reorged_and_dropped_the_same_transaction_confirms_once() {
    let mut acme = Acme::with_vault().await;
    acme.fund("1.5").await;
    let id = acme.approved_payout(&["0.25"]).await;
    acme.turn().await;
    let events = release_and_turn(&mut acme, id).await;
    let [Event::Signed(_, txid), Event::Broadcast(..)] = events.as_slice() else {
        panic!("{events:?}");
    };
    let txid = *txid;
    let bytes = |stage: Option<PayoutStage>| match stage {
        Some(
            PayoutStage::Signed { transaction, .. } | PayoutStage::Confirmed { transaction, .. },
        ) => transaction,
        other => panic!("{other:?}"),
    };
    let signed = bytes(acme.stage(id).await);

    // The least fee that the network carries, not less.
    let transaction: bitcoin::Transaction =
        bitcoin::consensus::encode::deserialize(&signed).unwrap();
    let fee = acme.stage(id).await.unwrap().plan().fee.units();
    let size = U256::from(transaction.vsize());
    assert!(
        fee >= size && fee <= size + size,
        "{fee} sat for {size} vbytes at the floor"
    );

    // A node that lost its mempool: dropped, and sent again as it was.
    acme.node.stop().unwrap();
    std::fs::remove_file(acme.node.directory().join("regtest/mempool.dat")).unwrap();
    acme.node.start_again().unwrap();
    assert!(acme.mempool().is_empty());
    assert_eq!(
        acme.turn().await,
        [Event::Dropped(id), Event::Broadcast(id, txid)]
    );
    assert_eq!(acme.mempool(), [btc(txid)]);
    assert_eq!(bytes(acme.stage(id).await), signed);

    // Confirmed; then its block leaves the chain.
    acme.node.mine(1).unwrap();
    assert_eq!(acme.turn().await, [Event::Confirming(id, 1, 2)]);
    acme.node.mine(1).unwrap();
    let events = acme.turn().await;
    assert!(
        matches!(events.as_slice(), [Event::Confirmed(..)]),
        "{events:?}"
    );
    assert_eq!(acme.turn().await, [], "a confirmed payout is left alone");
    acme.node.invalidate(2).unwrap();
    acme.node.mine_empty(3).unwrap();
    assert_eq!(acme.turn().await, [Event::Reorged(id)]);
    assert!(matches!(
        acme.stage(id).await,
        Some(PayoutStage::Signed { .. })
    ));
    acme.node.mine(2).unwrap();
    let events = acme.turn().await;
    assert!(
        matches!(events.as_slice(), [Event::Confirmed(_, again, _)] if *again == txid),
        "{events:?}"
    );

    // The reorg takes it into another block: undone and done again, by the same transaction.
    acme.node.invalidate(2).unwrap();
    acme.node.mine(3).unwrap();
    assert_eq!(acme.turn().await, [Event::Reorged(id)]);
    let events = acme.turn().await;
    assert!(
        matches!(events.as_slice(), [Event::Confirmed(_, again, _)] if *again == txid),
        "{events:?}"
    );
    assert_eq!(bytes(acme.stage(id).await), signed);
    assert_eq!(acme.payments(id).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_3_coins_and_limits_are_never_promised_twice() {
    let mut acme = Acme::with_vault().await;

    // No coins, then coins that are too young: it says which, and nothing is fixed.
    let id = acme.approved_payout(&["0.25"]).await;
    let why = not_planned(&acme.turn().await, id);
    assert!(why.contains("vault funds do not suffice"), "{why}");
    let (_, address) = acme.driver.address(&name("Main"), None).await.unwrap();
    acme.node.fund(&address.to_string(), 300_000_000).unwrap();
    let why = not_planned(&acme.turn().await, id);
    assert!(
        why.contains("3 BTC") && why.contains("not confirmed often enough"),
        "{why}"
    );
    acme.node.mine(1).unwrap();

    // Two payouts approved side by side want the one coin: one has it, the other waits.
    let other = acme.approved_payout(&["0.25"]).await;
    let events = acme.turn().await;
    let [first] = planned(&events)[..] else {
        panic!("{events:?}");
    };
    let waits = if first == id { other } else { id };
    let why = not_planned(&events, waits);
    assert!(why.contains("reserved by other payouts"), "{why}");
    release_and_turn(&mut acme, first).await;
    acme.node.mine(2).unwrap();
    let events = acme.turn().await;
    assert_eq!(planned(&events), [waits], "{events:?}");
    let spends = |stage: Option<PayoutStage>| stage.unwrap().plan().spends().to_vec();
    let taken = spends(acme.stage(first).await);
    let next = spends(acme.stage(waits).await);
    assert!(taken.iter().all(|coin| !next.contains(coin)));
    release_and_turn(&mut acme, waits).await;
    acme.node.mine(2).unwrap();
    acme.turn().await;

    // 0.5 of the day's 2 BTC are used. Two of 1.2 and 0.8 pass one by one, not both.
    let large = acme.approved_payout(&["0.4", "0.4", "0.4"]).await;
    let small = acme.approved_payout(&["0.4", "0.4"]).await;
    acme.fund("1.5").await;
    let events = acme.turn().await;
    let [goes] = planned(&events)[..] else {
        panic!("{events:?}");
    };
    let stays = if goes == large { small } else { large };
    assert!(acme.stage(stays).await.is_none());
    let replay = acme.driver.view().await.unwrap();
    let now = acme.now().await;
    let verdict = replay.evaluate(replay.treasury().unwrap(), stays, now);
    let Some(Verdict::Refused(reasons)) = verdict else {
        panic!("{verdict:?}");
    };
    assert!(
        reasons.to_string().contains("A day's spending"),
        "{reasons}"
    );
    let events = release_and_turn(&mut acme, goes).await;
    assert!(
        matches!(events.as_slice(), [Event::Signed(..), Event::Broadcast(..)]),
        "{events:?}"
    );
    assert!(
        acme.stage(stays).await.is_none(),
        "used counts as reserved does"
    );
}

fn not_planned(events: &[Event], id: ProposalId) -> String {
    let why = events.iter().find_map(|event| match event {
        Event::NotPlanned(of, why) if *of == id => Some(why.clone()),
        _ => None,
    });
    why.unwrap_or_else(|| panic!("{events:?}"))
}
