//! Reading the chain: seen, watched, stopped and started again.

use btc::{Cancel, SyncEnd, SyncProgress, Wallet};
use domain::Timestamp;

use crate::rig::{Rig, auth, node_at, sats, vault};

fn now() -> Timestamp {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    Timestamp::from_millis(since.as_millis().try_into().unwrap()).unwrap()
}

#[tokio::test]
async fn payments_are_seen_in_the_mempool_and_in_a_block() {
    let rig = Rig::start().await;
    rig.sync().await;
    let (path, address) = rig.wallet.receive_address().await.unwrap();
    let outpoint = rig.bitcoind.send(address.as_str(), 150_000).unwrap();
    let report = rig.sync().await;
    assert_eq!(report.new, [outpoint.txid]);
    assert_eq!(report.confirmed, []);
    let balance = rig.wallet.balance().await.unwrap();
    assert_eq!(
        (balance.incoming, balance.confirmed),
        (sats(150_000), sats(0))
    );
    assert_eq!(rig.wallet.utxos(1).await.unwrap(), []);

    rig.bitcoind.mine(1).unwrap();
    let report = rig.sync().await;
    assert_eq!(
        (report.new, report.confirmed),
        (vec![], vec![outpoint.txid])
    );
    let balance = rig.wallet.balance().await.unwrap();
    assert_eq!(
        (balance.incoming, balance.confirmed),
        (sats(0), sats(150_000))
    );
    rig.bitcoind.mine(2).unwrap();
    rig.sync().await;
    let coins = rig.wallet.utxos(3).await.unwrap();
    assert_eq!(coins.len(), 1);
    assert_eq!((coins[0].outpoint, coins[0].path), (outpoint, path));
    assert_eq!((coins[0].value, coins[0].confirmations), (sats(150_000), 3));
    assert_eq!(rig.wallet.utxos(4).await.unwrap(), []);
    assert_eq!(rig.wallet.outgoing().await, []);
}

#[tokio::test]
async fn mined_coins_wait_until_they_are_ripe() {
    let rig = Rig::start().await;
    let (_, address) = rig.wallet.receive_address().await.unwrap();
    let address = bitcoin::Address::from_script(address.script_pubkey(), bitcoin::Network::Regtest);
    rig.bitcoind.mine_to(&address.unwrap(), 1).unwrap();
    rig.sync().await;
    let balance = rig.wallet.balance().await.unwrap();
    assert!(balance.immature > sats(0));
    assert_eq!(balance.confirmed, sats(0));
    assert_eq!(rig.wallet.utxos(1).await.unwrap(), []);
    rig.bitcoind.mine(99).unwrap();
    rig.sync().await;
    let ripe = rig.wallet.balance().await.unwrap();
    assert_eq!((ripe.immature, ripe.confirmed), (sats(0), balance.immature));
    assert_eq!(rig.wallet.utxos(1).await.unwrap().len(), 1);
}

#[tokio::test]
async fn progress_is_told_and_a_cancelled_sync_keeps_what_it_read() {
    let rig = Rig::start().await;
    let cancel = Cancel::new();
    let mut told: Vec<SyncProgress> = Vec::new();
    let report = {
        let cancel = cancel.clone();
        let stop = cancel.clone();
        let mut progress = |step: SyncProgress| {
            told.push(step);
            if told.len() == 2 {
                stop.cancel();
            }
        };
        rig.wallet.sync(&mut progress, &cancel).await.unwrap()
    };
    assert_eq!(report.end, SyncEnd::Cancelled);
    assert_eq!(told.len(), 2);
    assert!(told[0].height < told[1].height && told[1].height < 110);
    assert!(told.iter().all(|step| step.target == 110));
    assert_eq!(report.tip.height, told[1].height);

    // The next one, even after a restart, goes on from there.
    let wallet = rig.reopened().await;
    let mut first = None;
    let mut progress = |step: SyncProgress| {
        first.get_or_insert(step.height);
    };
    let report = wallet.sync(&mut progress, &Cancel::new()).await.unwrap();
    assert_eq!((report.end, report.tip.height), (SyncEnd::AtTip, 110));
    assert!(first.unwrap() > told[1].height);
}

#[tokio::test]
async fn a_sync_that_is_dropped_midway_harms_nothing() {
    let rig = Rig::start().await;
    let (_, address) = rig.wallet.receive_address().await.unwrap();
    rig.bitcoind.fund(address.as_str(), 70_000).unwrap();
    let (once, mut reached) = tokio::sync::mpsc::unbounded_channel();
    let mut progress = move |_: SyncProgress| {
        let _ = once.send(());
    };
    let cancel = Cancel::new();
    tokio::select! {
        _ = rig.wallet.sync(&mut progress, &cancel) => panic!("it ended too soon"),
        _ = reached.recv() => {}
    }
    rig.sync().await;
    let balance = rig.wallet.balance().await.unwrap();
    assert_eq!(balance.confirmed, sats(70_000));
}

#[tokio::test]
async fn what_was_read_outlives_a_restart() {
    let rig = Rig::start().await;
    rig.fund(&[40_000, 50_000]).await;
    let before = rig.wallet.utxos(1).await.unwrap();
    let wallet = rig.reopened().await;
    assert_eq!(wallet.utxos(1).await.unwrap(), before);
    let (path, _) = wallet.receive_address().await.unwrap();
    assert_eq!(path.index(), 2, "no address is given out twice");
}

#[tokio::test]
async fn a_deleted_cache_is_rebuilt_from_the_node() {
    let rig = Rig::start().await;
    rig.fund(&[40_000, 50_000]).await;
    let before = rig.wallet.utxos(1).await.unwrap();
    let db = btc::WalletDb::open(&rig.home.path().join("other.sqlite"))
        .await
        .unwrap();
    let node = node_at(rig.proxy.url(), auth(&rig.bitcoind));
    let view = rig.vault.view.clone();
    let wallet = Wallet::open(&db, node, view, crate::rig::birthday())
        .await
        .unwrap();
    wallet.reveal_to(before[0].path).await.unwrap();
    wallet.sync(&mut |_| {}, &Cancel::new()).await.unwrap();
    assert_eq!(wallet.utxos(1).await.unwrap(), before);
}

/// Blocks mined now are younger than a birthday yesterday, and older than one in two days.
#[tokio::test]
async fn blocks_well_before_the_birthday_are_not_read() {
    let late = now().plus(domain::Span::from_secs(2 * 24 * 3600));
    let rig = Rig::with_birthday(late).await;
    let mut heights = Vec::new();
    let mut progress = |step: SyncProgress| heights.push(step.height);
    let report = rig
        .wallet
        .sync(&mut progress, &Cancel::new())
        .await
        .unwrap();
    assert_eq!((report.end, heights), (SyncEnd::AtTip, vec![110]));
    // From there on, all is read.
    rig.fund(&[90_000]).await;
    assert_eq!(rig.wallet.balance().await.unwrap().confirmed, sats(90_000));

    let rig = Rig::with_birthday(now()).await;
    let mut heights = Vec::new();
    let mut progress = |step: SyncProgress| heights.push(step.height);
    rig.wallet
        .sync(&mut progress, &Cancel::new())
        .await
        .unwrap();
    assert!(heights.len() > 1, "{heights:?}");
}

#[tokio::test]
async fn vaults_share_a_database_and_nothing_else() {
    let rig = Rig::start().await;
    rig.fund(&[40_000]).await;
    let node = node_at(rig.proxy.url(), auth(&rig.bitcoind));
    let view = vault(2).view;
    let other = Wallet::open(&rig.db, node, view, crate::rig::birthday())
        .await
        .unwrap();
    other.sync(&mut |_| {}, &Cancel::new()).await.unwrap();
    assert_eq!(other.balance().await.unwrap().confirmed, sats(0));
    assert_eq!(rig.wallet.balance().await.unwrap().confirmed, sats(40_000));
}

#[tokio::test]
async fn a_cache_of_other_keys_is_refused() {
    let rig = Rig::start().await;
    let node = node_at(rig.proxy.url(), auth(&rig.bitcoind));
    let mut view = vault(2).view;
    view.vault = rig.vault.view.vault;
    let refused = Wallet::open(&rig.db, node, view, crate::rig::birthday()).await;
    assert!(matches!(
        refused.unwrap_err(),
        btc::WalletError::OtherKeys(_)
    ));
}

/// Merging many change sets into one loses nothing.
#[tokio::test]
async fn a_long_history_is_compacted_without_loss() {
    let rig = Rig::start().await;
    rig.fund(&[40_000]).await;
    for _ in 0..300 {
        rig.wallet.receive_address().await.unwrap();
    }
    let before = rig.wallet.utxos(1).await.unwrap();
    let wallet = rig.reopened().await;
    assert_eq!(wallet.utxos(1).await.unwrap(), before);
    let wallet_again = rig.reopened().await;
    assert_eq!(wallet_again.utxos(1).await.unwrap(), before);
    let (path, _) = wallet_again.receive_address().await.unwrap();
    assert_eq!(path.index(), 301);
}
