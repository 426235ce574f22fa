//! Chains that change their mind: reorganisations, evictions, tips that roll back, foreign spends.

use std::collections::BTreeSet;

use bitcoin::OutPoint;
use btc::{BuildError, ChainStatus};
use testkit::proxy::Line;

use crate::rig::{RATE, Rig, decoded, payout, sats};

async fn paid(rig: &Rig) -> (bitcoin::Transaction, OutPoint) {
    rig.fund(&[600_000]).await;
    let payout = payout(&rig.vault, &[(1, 400_000)], 10_000);
    let (_, signed) = rig.pay(&payout).await;
    let anchor = signed.input[0].previous_output;
    (signed, anchor)
}

fn forget_mempool(rig: &Rig) {
    rig.bitcoind.stop().unwrap();
    let saved = rig.bitcoind.directory().join("regtest/mempool.dat");
    std::fs::remove_file(saved).unwrap();
    rig.bitcoind.start_again().unwrap();
}

#[tokio::test]
async fn a_reorganised_payout_is_noticed_and_found_again() {
    let rig = Rig::start().await;
    let (signed, anchor) = paid(&rig).await;
    let txid = signed.compute_txid();
    rig.bitcoind.mine(2).unwrap();
    rig.sync().await;
    // Two blocks are replaced by three without the payout.
    rig.bitcoind.invalidate(2).unwrap();
    rig.bitcoind.mine_empty(3).unwrap();
    let report = rig.sync().await;
    assert_eq!((report.reorged, report.dropped), (vec![txid], vec![]));
    assert_eq!(
        rig.wallet.status(anchor, &signed).await.unwrap(),
        ChainStatus::Mempool
    );
    assert_eq!(rig.wallet.balance().await.unwrap().confirmed, sats(0));

    rig.bitcoind.mine(1).unwrap();
    let report = rig.sync().await;
    assert_eq!((report.confirmed, report.reorged), (vec![txid], vec![]));
    let status = rig.wallet.status(anchor, &signed).await.unwrap();
    assert!(matches!(
        status,
        ChainStatus::InBlock {
            confirmations: 1,
            ..
        }
    ));
}

#[tokio::test]
async fn a_payout_that_moved_to_another_block_counts_as_reorganised() {
    let rig = Rig::start().await;
    let (signed, anchor) = paid(&rig).await;
    let txid = signed.compute_txid();
    rig.bitcoind.mine(1).unwrap();
    rig.sync().await;
    rig.bitcoind.invalidate(1).unwrap();
    rig.bitcoind.mine(2).unwrap();
    let report = rig.sync().await;
    assert_eq!((report.reorged, report.dropped), (vec![txid], vec![]));
    let status = rig.wallet.status(anchor, &signed).await.unwrap();
    assert!(matches!(
        status,
        ChainStatus::InBlock {
            confirmations: 2,
            ..
        }
    ));
}

/// The emitter alone does not see a chain that only became shorter.
#[tokio::test]
async fn a_tip_that_rolled_back_without_a_competing_block_is_noticed() {
    let rig = Rig::start().await;
    let (signed, anchor) = paid(&rig).await;
    let txid = signed.compute_txid();
    rig.bitcoind.mine(3).unwrap();
    let before = rig.sync().await.tip;
    rig.bitcoind.invalidate(3).unwrap();
    // Before the next sync, the node already says so.
    assert_eq!(
        rig.wallet.status(anchor, &signed).await.unwrap(),
        ChainStatus::Mempool
    );
    let report = rig.sync().await;
    assert_eq!(report.tip.height, before.height - 3);
    assert_eq!((report.reorged, report.dropped), (vec![txid], vec![]));
    assert_eq!(
        rig.wallet.status(anchor, &signed).await.unwrap(),
        ChainStatus::Mempool
    );
    // It stays so after a restart, and the chain goes on from there.
    let wallet = rig.reopened().await;
    assert_eq!(wallet.utxos(1).await.unwrap(), []);
    rig.bitcoind.mine(1).unwrap();
    let report = rig.sync().await;
    assert_eq!(report.confirmed, [txid]);
}

#[tokio::test]
async fn a_deposit_whose_block_left_the_chain_is_not_spent() {
    let rig = Rig::start().await;
    rig.fund(&[600_000]).await;
    rig.bitcoind.invalidate(1).unwrap();
    rig.sync().await;
    let balance = rig.wallet.balance().await.unwrap();
    assert_eq!(
        (balance.confirmed, balance.incoming),
        (sats(0), sats(600_000))
    );
    let payout = payout(&rig.vault, &[(1, 400_000)], 10_000);
    let refused = rig.build(&payout).await;
    assert!(matches!(refused, Err(BuildError::Insufficient { .. })));
}

/// A mined coin whose block is gone never existed.
#[tokio::test]
async fn a_coinbase_whose_block_left_the_chain_is_gone() {
    let rig = Rig::start().await;
    let (_, address) = rig.wallet.receive_address().await.unwrap();
    let address = bitcoin::Address::from_script(address.script_pubkey(), bitcoin::Network::Regtest);
    rig.bitcoind.mine_to(&address.unwrap(), 1).unwrap();
    rig.sync().await;
    assert!(rig.wallet.balance().await.unwrap().immature > sats(0));
    rig.bitcoind.invalidate(1).unwrap();
    let report = rig.sync().await;
    assert_eq!((report.reorged.len(), report.dropped.len()), (1, 1));
    assert_eq!(rig.wallet.balance().await.unwrap().immature, sats(0));
}

#[tokio::test]
async fn a_payout_dropped_from_the_mempool_is_noticed_and_sent_again() {
    let rig = Rig::start().await;
    let (signed, anchor) = paid(&rig).await;
    let txid = signed.compute_txid();
    rig.sync().await;
    forget_mempool(&rig);
    let report = rig.sync().await;
    assert_eq!(report.dropped, [txid]);
    assert_eq!(
        rig.wallet.status(anchor, &signed).await.unwrap(),
        ChainStatus::Unseen
    );
    // It stays listed: it was signed and may come back at any time.
    let outgoing = rig.wallet.outgoing().await;
    assert_eq!((outgoing[0].txid, outgoing[0].height), (txid, None));
    // The coin counts as free for the wallet; that it is reserved is for the journal to say.
    assert_eq!(rig.wallet.utxos(1).await.unwrap().len(), 1);

    rig.wallet.broadcast(&signed).await.unwrap();
    let report = rig.sync().await;
    assert_eq!(report.dropped, []);
    assert_eq!(
        rig.wallet.status(anchor, &signed).await.unwrap(),
        ChainStatus::Mempool
    );
    assert_eq!(rig.wallet.utxos(1).await.unwrap(), []);
}

/// Somebody else can sign for the vault: what the journal does not know must be seen.
#[tokio::test]
async fn a_foreign_spend_of_the_anchor_is_seen() {
    let rig = Rig::start().await;
    rig.fund(&[600_000]).await;
    let ours = payout(&rig.vault, &[(1, 400_000)], 10_000);
    let candidate = rig.build(&ours).await.unwrap();
    let signed = rig.vault.sign_candidate(&candidate);
    let anchor = signed.input[0].previous_output;
    let mut theft = decoded(&candidate);
    theft.output.truncate(1);
    theft.output[0].script_pubkey = crate::rig::stranger(66).script_pubkey().to_owned();
    let theft = rig.vault.sign(&theft, &candidate.inputs);
    let by = theft.compute_txid();

    let arguments = [
        serde_json::Value::from(bitcoin::consensus::encode::serialize_hex(&theft)),
        0.into(),
    ];
    let _: String = rig.bitcoind.call("sendrawtransaction", &arguments).unwrap();
    rig.sync().await;
    let status = || rig.wallet.status(anchor, &signed);
    assert_eq!(
        status().await.unwrap(),
        ChainStatus::Conflicted {
            by,
            confirmations: 0
        }
    );
    rig.bitcoind.mine(2).unwrap();
    rig.sync().await;
    assert_eq!(
        status().await.unwrap(),
        ChainStatus::Conflicted {
            by,
            confirmations: 2
        }
    );
    let outgoing = rig.wallet.outgoing().await;
    assert_eq!(outgoing.len(), 1);
    assert_eq!((outgoing[0].txid, &outgoing[0].spends), (by, &vec![anchor]));
    // Ours can't go out any more, and the node says why.
    let refused = rig.wallet.broadcast(&signed).await.unwrap_err();
    assert!(
        matches!(refused, btc::BroadcastError::Rejected { .. }),
        "{refused}"
    );
    let none = BTreeSet::new();
    let refused = rig.wallet.build(&ours, RATE, &none, Some(anchor), 1).await;
    assert!(matches!(refused, Err(BuildError::Anchor(_))));
}

/// A node that loses power may come back with an older chain than the wallet has read.
#[tokio::test]
async fn a_node_that_lost_its_last_blocks_is_followed() {
    let rig = Rig::start().await;
    let (signed, anchor) = paid(&rig).await;
    rig.bitcoind.mine(1).unwrap();
    rig.sync().await;
    rig.bitcoind.kill();
    rig.bitcoind.start_again().unwrap();
    rig.bitcoind.mine(1).unwrap();
    rig.sync().await;
    // Whatever it kept, what the wallet says is what the node says.
    let unspent = |outpoint: OutPoint| {
        let arguments = [
            serde_json::Value::from(outpoint.txid.to_string()),
            outpoint.vout.into(),
        ];
        let found: serde_json::Value = rig.bitcoind.call("gettxout", &arguments).unwrap();
        !found.is_null()
    };
    let coins = rig.wallet.utxos(1).await.unwrap();
    assert!(coins.iter().all(|coin| unspent(coin.outpoint)));
    let change = OutPoint {
        txid: signed.compute_txid(),
        vout: 1,
    };
    let known = coins.iter().any(|coin| coin.outpoint == change);
    assert_eq!(known, unspent(change));
    let status = rig.wallet.status(anchor, &signed).await.unwrap();
    assert_eq!(matches!(status, ChainStatus::InBlock { .. }), known);
}

#[tokio::test]
async fn a_reorganisation_while_the_program_was_down_is_noticed() {
    let rig = Rig::start().await;
    let (signed, anchor) = paid(&rig).await;
    let txid = signed.compute_txid();
    rig.bitcoind.mine(1).unwrap();
    rig.sync().await;
    rig.bitcoind.invalidate(1).unwrap();
    rig.bitcoind.mine_empty(4).unwrap();
    let wallet = rig.reopened().await;
    let report = wallet.sync(&mut |_| {}, &btc::Cancel::new()).await.unwrap();
    assert_eq!(report.reorged, [txid]);
    assert_eq!(
        wallet.status(anchor, &signed).await.unwrap(),
        ChainStatus::Mempool
    );
}

/// Rule 3: coins return only for a final conflict, so a conflict whose block is gone is none.
#[tokio::test]
async fn a_conflict_whose_block_left_the_chain_is_not_final() {
    let rig = Rig::start().await;
    rig.fund(&[600_000]).await;
    let ours = payout(&rig.vault, &[(1, 400_000)], 10_000);
    let candidate = rig.build(&ours).await.unwrap();
    let signed = rig.vault.sign_candidate(&candidate);
    let anchor = signed.input[0].previous_output;
    let mut other = decoded(&candidate);
    other.output.truncate(1);
    let other = rig.vault.sign(&other, &candidate.inputs);
    let by = other.compute_txid();
    rig.bitcoind.mine_exactly(&[other]).unwrap();
    rig.bitcoind.mine(2).unwrap();
    rig.sync().await;
    let status = || rig.wallet.status(anchor, &signed);
    let conflicted = |confirmations| ChainStatus::Conflicted { by, confirmations };
    assert_eq!(status().await.unwrap(), conflicted(3));
    // The wallet has not read the chain again, the node has changed its mind.
    rig.bitcoind.invalidate(3).unwrap();
    assert_eq!(status().await.unwrap(), conflicted(0));
    rig.sync().await;
    assert_eq!(status().await.unwrap(), conflicted(0));
    rig.bitcoind.mine(1).unwrap();
    rig.sync().await;
    assert_eq!(status().await.unwrap(), conflicted(1));
}

/// The list of the mempool is older than the payment: that it lacks it means nothing.
#[tokio::test]
async fn a_payout_sent_during_a_sync_is_not_taken_for_dropped() {
    let rig = Rig::start().await;
    rig.fund(&[600_000]).await;
    let payout = payout(&rig.vault, &[(1, 400_000)], 10_000);
    let candidate = rig.build(&payout).await.unwrap();
    let signed = rig.vault.sign_candidate(&candidate);
    let late = std::time::Duration::from_millis(1_500);
    rig.proxy.on("getrawmempool", Line::Delay(late));
    let before = rig.proxy.requests("getrawmempool").len();
    let sent_when_listed = async {
        while rig.proxy.requests("getrawmempool").len() == before {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        rig.wallet.broadcast(&signed).await.unwrap()
    };
    let (report, txid) = tokio::join!(rig.sync(), sent_when_listed);
    assert_eq!(report.dropped, []);
    rig.proxy.mend();
    let report = rig.sync().await;
    assert_eq!((report.dropped, report.new), (vec![], vec![]));
    let outgoing = rig.wallet.outgoing().await;
    assert_eq!((outgoing.len(), outgoing[0].txid), (1, txid));
    assert!(rig.wallet.balance().await.unwrap().returning > sats(0));
}
