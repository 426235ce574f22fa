//! One payout, straight through, on real parts.

#![cfg(test)]

#[expect(dead_code, reason = "each test file uses its own part")]
mod common;

use common::{Acme, btc, name};
use driver::Event;
use serde_json::Value;
use treasury::{Decision, PayoutStage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payout_is_proposed_approved_released_signed_and_confirmed() {
    let mut acme = Acme::with_vault().await;
    acme.fund("1.5").await;
    let subject = acme.payout(&["0.25", "0.1"]).await;
    let id = acme.propose("Carol", subject.clone()).await.unwrap();
    assert_eq!(acme.turn().await, [], "nothing happens without approvals");
    acme.approve(id, "Alice").await.unwrap();
    assert_eq!(acme.turn().await, [], "one approval is not two");
    acme.approve(id, "Bob").await.unwrap();
    let events = acme.turn().await;
    assert_eq!(events, [Event::Planned(id)]);
    assert!(
        acme.mempool().is_empty(),
        "the hardware seat is closed: nobody signs"
    );
    assert_eq!(acme.release(id, &["Bob"]).await.unwrap(), name("safe"));
    let events = acme.turn().await;
    let [Event::Signed(_, txid), Event::Broadcast(_, sent)] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(txid, sent);
    assert_eq!(acme.mempool(), [btc(*txid)]);
    acme.node.mine(2).unwrap();
    let events = acme.turn().await;
    assert!(
        matches!(events.as_slice(), [Event::Confirmed(confirmed, _, _)] if *confirmed == id),
        "{events:?}"
    );
    let replay = acme.driver.view().await.unwrap();
    let (record, _) = replay.treasury().unwrap().payout(id).unwrap();
    assert!(
        matches!(&record.decision, Decision::Payout(stage) if matches!(stage.as_ref(), PayoutStage::Confirmed { .. }))
    );
    node_shows(&acme, &txid.to_string(), &subject);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_legs_are_paid_in_one_transaction() {
    let mut acme = Acme::with_vault().await;
    acme.fund("1").await;
    let clock = std::time::Instant::now();
    let lap = |what: &str| println!("{what} after {:.1} s", clock.elapsed().as_secs_f32());
    let subject = acme.payout(&["0.0002"; 1000]).await;
    let id = acme.propose("Carol", subject.clone()).await.unwrap();
    acme.approve(id, "Alice").await.unwrap();
    acme.approve(id, "Bob").await.unwrap();
    lap("approved");
    assert_eq!(acme.turn().await, [Event::Planned(id)]);
    lap("planned");
    acme.release(id, &["Bob"]).await.unwrap();
    let events = acme.turn().await;
    let [Event::Signed(_, txid), Event::Broadcast(..)] = events.as_slice() else {
        panic!("{events:?}");
    };
    lap("released, signed and sent");
    assert_eq!(acme.mempool(), [btc(*txid)]);
    acme.node.mine(2).unwrap();
    let events = acme.turn().await;
    assert!(
        matches!(events.as_slice(), [Event::Confirmed(..)]),
        "{events:?}"
    );
    lap("confirmed");
    node_shows(&acme, &txid.to_string(), &subject);
}

/// The node itself shows each leg's output, and one 64-byte Schnorr signature an input.
fn node_shows(acme: &Acme, txid: &str, subject: &domain::Subject) {
    let block: String = acme
        .node
        .call("getblockhash", &[(acme.node.height().unwrap() - 1).into()])
        .unwrap();
    let shown: Value = acme
        .node
        .call("getrawtransaction", &[txid.into(), 1.into(), block.into()])
        .unwrap();
    for (leg, output) in subject
        .payout()
        .unwrap()
        .legs()
        .iter()
        .zip(shown["vout"].as_array().unwrap())
    {
        assert_eq!(output["scriptPubKey"]["address"], leg.address.to_string());
        let shown = bitcoin::Amount::from_btc(output["value"].as_f64().unwrap()).unwrap();
        assert_eq!(
            domain::Amount::Btc(domain::Sats::new(shown.to_sat()).unwrap()),
            leg.amount
        );
    }
    for input in shown["vin"].as_array().unwrap() {
        let witness = input["txinwitness"].as_array().unwrap();
        assert_eq!(witness.len(), 1);
        assert_eq!(witness[0].as_str().unwrap().len(), 128);
    }
}
