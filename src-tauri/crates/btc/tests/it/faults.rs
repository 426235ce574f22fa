//! Nodes that are down, slow, wrong or lose their answers.

use std::time::Duration;

use btc::{
    BroadcastError, Cancel, ChainStatus, Node, NodeAuth, NodeConfig, NodeConfigError, NodeError,
    RpcPassword, SyncError, Wallet, WalletError,
};
use domain::Network;
use testkit::proxy::Line;

use crate::rig::{Rig, auth, birthday, node_at, payout, sats};

async fn ready(rig: &Rig) -> (bitcoin::Transaction, bitcoin::OutPoint) {
    rig.fund(&[600_000]).await;
    let payout = payout(&rig.vault, &[(1, 400_000)], 10_000);
    let candidate = rig.build(&payout).await.unwrap();
    let signed = rig.vault.sign_candidate(&candidate);
    let anchor = signed.input[0].previous_output;
    (signed, anchor)
}

/// The rig's wallet with little patience.
async fn impatient(rig: &Rig) -> Wallet {
    let config = NodeConfig::new(rig.proxy.url(), auth(&rig.bitcoind)).unwrap();
    let node = Node::new(
        config.patience(Duration::from_millis(400)),
        Network::Regtest,
    );
    let view = rig.vault.view.clone();
    Wallet::open(&rig.db, node, view, birthday()).await.unwrap()
}

#[tokio::test]
async fn a_node_that_is_down_stops_nothing_but_the_chain() {
    let rig = Rig::start().await;
    let (signed, _) = ready(&rig).await;
    rig.proxy.set(Line::Refuse);
    let error = rig
        .wallet
        .sync(&mut |_| {}, &Cancel::new())
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        matches!(error, SyncError::Node(NodeError::Unreachable { .. })),
        "{text}"
    );
    assert!(
        text.contains(&rig.proxy.url()) && text.contains("nothing was sent"),
        "{text}"
    );
    let error = rig.wallet.broadcast(&signed).await.unwrap_err();
    assert!(matches!(error, BroadcastError::NotSent(_)), "{error}");
    assert!(rig.proxy.requests("sendrawtransaction").is_empty());
    // What is known is still shown, also after a restart.
    let wallet = rig.reopened().await;
    assert_eq!(wallet.balance().await.unwrap().confirmed, sats(600_000));
    wallet.receive_address().await.unwrap();
    rig.proxy.mend();
    rig.sync().await;
}

#[tokio::test]
async fn a_stopped_node_is_told_from_a_slow_one() {
    let rig = Rig::start().await;
    let wallet = impatient(&rig).await;
    rig.bitcoind.stop().unwrap();
    let direct = node_at(rig.bitcoind.url(), auth(&rig.bitcoind));
    let down = direct.check().await.unwrap_err();
    assert!(matches!(down, NodeError::Unreachable { .. }), "{down}");
    rig.bitcoind.start_again().unwrap();
    assert!(direct.check().await.is_ok());
    rig.proxy.set(Line::Delay(Duration::from_secs(2)));
    let slow = wallet.node().check().await.unwrap_err();
    assert!(matches!(slow, NodeError::TimedOut { .. }), "{slow}");
}

/// The node took the payout, its answer is lost: it is found, and never sent as another.
#[tokio::test]
async fn a_lost_answer_after_broadcast_is_looked_up() {
    let rig = Rig::start().await;
    let (signed, anchor) = ready(&rig).await;
    rig.proxy.on("sendrawtransaction", Line::LoseAnswer);
    let txid = rig.wallet.broadcast(&signed).await.unwrap();
    assert_eq!(txid, signed.compute_txid());
    assert_eq!(
        rig.wallet.status(anchor, &signed).await.unwrap(),
        ChainStatus::Mempool
    );
    let sent = rig.proxy.requests("sendrawtransaction");
    let bytes = bitcoin::consensus::encode::serialize_hex(&signed);
    assert!(!sent.is_empty() && sent.iter().all(|body| body.contains(&bytes)));
}

#[tokio::test]
async fn a_late_answer_after_broadcast_is_looked_up() {
    let rig = Rig::start().await;
    let (signed, anchor) = ready(&rig).await;
    let wallet = impatient(&rig).await;
    rig.proxy
        .on("sendrawtransaction", Line::Delay(Duration::from_secs(3)));
    let txid = wallet.broadcast(&signed).await.unwrap();
    assert_eq!(txid, signed.compute_txid());
    assert_eq!(
        wallet.status(anchor, &signed).await.unwrap(),
        ChainStatus::Mempool
    );
}

#[tokio::test]
async fn an_unknown_outcome_is_called_unknown() {
    let rig = Rig::start().await;
    let (signed, anchor) = ready(&rig).await;
    rig.proxy.on("sendrawtransaction", Line::LoseAnswer);
    rig.proxy.on("getrawtransaction", Line::Refuse);
    let error = rig.wallet.broadcast(&signed).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, BroadcastError::Unknown { .. }), "{text}");
    assert!(text.contains("never pay again"), "{text}");
    // Later it turns out that it was taken; the same bytes may be sent again without harm.
    rig.proxy.mend();
    assert_eq!(
        rig.wallet.status(anchor, &signed).await.unwrap(),
        ChainStatus::Mempool
    );
    rig.wallet.broadcast(&signed).await.unwrap();
    rig.bitcoind.mine(1).unwrap();
    rig.sync().await;
    assert_eq!(rig.wallet.outgoing().await.len(), 1);
}

#[tokio::test]
async fn a_transaction_that_the_node_refuses_is_rejected_with_its_reason() {
    let rig = Rig::start().await;
    let (signed, _) = ready(&rig).await;
    let mut forged = signed.clone();
    let mut signature = forged.input[0].witness[0].to_vec();
    signature[10] ^= 1;
    forged.input[0].witness = bitcoin::Witness::from_slice(&[signature]);
    let error = rig.wallet.broadcast(&forged).await.unwrap_err();
    let BroadcastError::Rejected { reason, .. } = &error else {
        panic!("{error}");
    };
    assert!(reason.to_lowercase().contains("schnorr"), "{reason}");
    let tested = rig.wallet.test_accept(&forged).await.unwrap();
    assert!(matches!(tested, btc::Acceptance::Refused { .. }));
    assert_eq!(rig.wallet.outgoing().await, []);
}

#[tokio::test]
async fn a_node_of_another_network_is_refused() {
    let rig = Rig::start().await;
    let config = NodeConfig::new(rig.bitcoind.url(), auth(&rig.bitcoind)).unwrap();
    let node = Node::new(config, Network::Signet);
    let error = node.check().await.unwrap_err();
    assert!(matches!(&error, NodeError::WrongChain { found, .. } if found == "regtest"));
    let view = rig.vault.view.clone();
    let refused = Wallet::open(&rig.db, node, view, birthday())
        .await
        .unwrap_err();
    assert!(matches!(refused, WalletError::OtherNetwork { .. }));
}

#[tokio::test]
async fn a_wrong_password_is_named_and_never_shown() {
    let rig = Rig::start().await;
    let secret = "correct-horse-battery";
    let auth = NodeAuth::UserPass {
        user: rig.bitcoind.user().to_owned(),
        password: RpcPassword::new(secret.to_owned()),
    };
    let node = node_at(rig.bitcoind.url(), auth);
    let error = node.check().await.unwrap_err();
    assert!(matches!(error, NodeError::Unauthorized { .. }), "{error}");
    let shown = format!("{node:?} {error} {error:?}");
    assert!(
        shown.contains("<redacted>") && !shown.contains(secret),
        "{shown}"
    );
}

#[tokio::test]
async fn a_cookie_is_read_anew_for_each_connection() {
    let rig = Rig::start().await;
    let path = rig.home.path().join("cookie");
    let node = node_at(rig.bitcoind.url(), NodeAuth::CookieFile(path.clone()));
    let missing = node.check().await.unwrap_err();
    assert!(matches!(missing, NodeError::Cookie { .. }), "{missing}");
    std::fs::write(&path, "__cookie__:stale").unwrap();
    let stale = node.check().await.unwrap_err();
    assert!(matches!(stale, NodeError::Unauthorized { .. }), "{stale}");
    let fresh = format!("{}:{}\n", rig.bitcoind.user(), rig.bitcoind.password());
    std::fs::write(&path, fresh).unwrap();
    assert!(node.check().await.is_ok());
}

#[test]
fn a_node_address_with_a_password_in_it_is_refused() {
    let config = |url: &str| NodeConfig::new(url, NodeAuth::CookieFile("cookie".into())).map(drop);
    assert_eq!(config("http://127.0.0.1:8332"), Ok(()));
    assert_eq!(
        config("http://user:secret@127.0.0.1:8332"),
        Err(NodeConfigError::Credentials)
    );
    for other in ["https://127.0.0.1:8332", "127.0.0.1:8332", "ftp://node"] {
        assert_eq!(config(other), Err(NodeConfigError::Scheme));
    }
}

#[tokio::test]
async fn a_web_server_that_is_no_node_is_nonsense() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi");
        }
    });
    let node = node_at(url, NodeAuth::CookieFile("/dev/null".into()));
    let error = node.check().await.unwrap_err();
    assert!(matches!(error, NodeError::Nonsense { .. }), "{error}");
}

/// A node that dies in the middle of a sync: what was read is kept, the rest is read later.
#[tokio::test]
async fn a_node_that_dies_midway_is_resumed() {
    let rig = Rig::start().await;
    let mut steps = 0;
    let mut progress = |_| {
        steps += 1;
        if steps == 2 {
            rig.proxy.set(Line::Refuse);
        }
    };
    let error = rig
        .wallet
        .sync(&mut progress, &Cancel::new())
        .await
        .unwrap_err();
    assert!(matches!(error, SyncError::Node(_)), "{error}");
    rig.proxy.mend();
    rig.sync().await;
    assert_eq!(steps, 2);
}
