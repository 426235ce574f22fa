//! The node itself: its chain, its state, and the line to it.

use std::time::{Duration, Instant};

use domain::ChainId;
use evm::{FeeBounds, Node, NodeAuth, NodeConfig, NodeError, NodeSecret, SendError};
use serde_json::json;

use crate::proxy::{Fate, Proxy};
use crate::rig::{Account, Anvil, GWEI, at, chain, native, plain, stranger};

#[tokio::test]
async fn the_right_chain_is_confirmed_and_another_refused_everywhere() {
    let anvil = Anvil::start().await;
    let account = anvil.account("payer").await;
    assert_eq!(anvil.node().check_chain().await.unwrap().height, 0);
    let other = Node::connect(
        NodeConfig::new(&anvil.url).unwrap(),
        ChainId::new(1).unwrap(),
    );
    let error = other.unwrap().check_chain().await.unwrap_err();
    assert!(
        matches!(&error, NodeError::OtherChain { expected, actual: 31_337, .. } if expected.get() == 1),
        "{error}"
    );

    // The same by a node that changes its chain while it is used.
    let proxy = Proxy::changing(&anvil.url, "eth_chainId", |id| *id = json!("0x1")).await;
    let node = at(&proxy.url);
    let (bytes, watched) = account.watched(&plain(0, 1));
    let who = account.address;
    let call = plain(0, 1).call;
    let mut errors = vec![
        node.check_chain().await.unwrap_err(),
        node.nonces(&who).await.unwrap_err(),
        node.foreign(&who, 0).await.unwrap_err(),
        node.has_code(&who).await.unwrap_err(),
        node.balances(&[who], &[native()]).await.unwrap_err(),
        node.status(&watched).await.unwrap_err(),
    ];
    match node.estimate_fees(FeeBounds::up_to(GWEI)).await {
        Err(evm::FeeError::Node(error)) => errors.push(error),
        other => panic!("{other:?}"),
    }
    match node.gas_limit(&who, &call).await {
        Err(evm::GasError::Node(error)) => errors.push(error),
        other => panic!("{other:?}"),
    }
    match node.send(&bytes).await {
        Err(SendError::NotSent(error)) => errors.push(error),
        other => panic!("{other:?}"),
    }
    for error in errors {
        assert!(
            matches!(error, NodeError::OtherChain { actual: 1, .. }),
            "{error}"
        );
    }
    let sent = proxy.seen().batches.concat();
    assert!(!sent.contains(&"eth_sendRawTransaction".to_owned()));
    assert_eq!(anvil.node().nonces(&who).await.unwrap().pending, 0);
}

#[tokio::test]
async fn something_of_another_chain_is_not_asked() {
    let node = at("http://127.0.0.1:9");
    let mainnet = ChainId::new(1).unwrap();
    let other = domain::EvmAddress::from_bytes([7; 20], mainnet).unwrap();
    let error = node.nonces(&other).await.unwrap_err();
    assert!(matches!(error, NodeError::Misdirected { .. }), "{error}");
    let error = node.balances(&[other], &[native()]).await.unwrap_err();
    assert!(matches!(error, NodeError::Misdirected { .. }), "{error}");
}

#[tokio::test]
async fn a_node_that_is_behind_is_not_used() {
    let anvil = Anvil::start().await;
    let behind = |current: &'static str, highest: &'static str| {
        Proxy::changing(&anvil.url, "eth_syncing", move |state| {
            *state =
                json!({"startingBlock": "0x0", "currentBlock": current, "highestBlock": highest});
        })
    };
    for (current, highest, usable) in [
        ("0x5", "0x64", false),
        ("0x0", "0x0", false),
        ("0x62", "0x64", true),
    ] {
        let proxy = behind(current, highest).await;
        let answer = at(&proxy.url).nonces(&stranger(1)).await;
        assert_eq!(answer.is_ok(), usable, "{answer:?}");
        if !usable {
            assert!(
                matches!(answer, Err(NodeError::Syncing { .. })),
                "{answer:?}"
            );
        }
    }
}

#[tokio::test]
async fn no_node_and_a_silent_node_are_told_apart() {
    let error = at("http://127.0.0.1:9").check_chain().await.unwrap_err();
    assert!(matches!(error, NodeError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("http://127.0.0.1:9"));

    let anvil = Anvil::start().await;
    let proxy = Proxy::start(&anvil.url, |_, _| Fate::Silence).await;
    let config = NodeConfig::new(&proxy.url).unwrap();
    let node = Node::connect(config.patience(Duration::from_secs(1)), chain()).unwrap();
    let begun = Instant::now();
    let error = node.check_chain().await.unwrap_err();
    assert!(
        matches!(error, NodeError::TimedOut { seconds: 1, .. }),
        "{error}"
    );
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn credentials_are_sent_and_never_shown() {
    let anvil = Anvil::start().await;
    let secret = "very-secret-token";
    let refusing = Proxy::start(&anvil.url, |_, _| {
        Fate::Instead("401 Unauthorized".to_owned(), String::new())
    })
    .await;
    let telling = Proxy::start(&anvil.url, move |_, answer| {
        *answer = json!({"jsonrpc": "2.0", "id": answer["id"], "error": {"code": -32005,
            "message": format!("token {secret} of /v3/path-secret\nis over its limit")}});
        Fate::Pass
    })
    .await;
    let bearer = || NodeAuth::Bearer(NodeSecret::new(secret.to_owned()));
    let basic = || NodeAuth::Basic {
        user: "treasury".to_owned(),
        password: NodeSecret::new(secret.to_owned()),
    };
    let ask = async |url: &str, auth| {
        let config = NodeConfig::new(&format!("{url}/v3/path-secret"))
            .unwrap()
            .auth(auth);
        let node = Node::connect(config, chain()).unwrap();
        let shown = format!("{node:?}");
        let error = node.check_chain().await.unwrap_err();
        (format!("{shown} {error} {error:?}"), error)
    };
    for (url, auth) in [
        (&refusing.url, bearer()),
        (&refusing.url, basic()),
        (&telling.url, bearer()),
        (&telling.url, basic()),
    ] {
        let (shown, error) = ask(url, auth).await;
        assert!(!shown.contains("secret"), "{shown}");
        assert!(!error.to_string().contains('\n'));
    }
    let (_, error) = ask(&refusing.url, bearer()).await;
    assert!(matches!(error, NodeError::Unauthorized { .. }), "{error}");
    let heads = refusing.seen().heads;
    assert!(
        heads[0].contains(&format!("Bearer {secret}")),
        "{}",
        heads[0]
    );
    assert!(
        heads[1].contains("Basic dHJlYXN1cnk6dmVyeS1zZWNyZXQtdG9rZW4="),
        "{}",
        heads[1]
    );
    assert!(heads[0].starts_with("POST /v3/path-secret "));
}

#[tokio::test]
async fn an_answer_that_is_none_is_refused() {
    let anvil = Anvil::start().await;
    let elsewhere = format!("307 Temporary Redirect\r\nlocation: {}", anvil.url);
    let ask = async |head: &str, body: &str| {
        let (head, body) = (head.to_owned(), body.to_owned());
        let proxy = Proxy::start(&anvil.url, move |_, _| {
            Fate::Instead(head.clone(), body.clone())
        });
        at(&proxy.await.url).check_chain().await.unwrap_err()
    };
    for (head, body) in [
        (elsewhere.as_str(), ""),
        ("404 Not Found", "nothing here"),
        ("200 OK", "<html>a router's login</html>"),
        ("200 OK", "[]"),
        ("200 OK", "[1, 2, 3]"),
        ("200 OK", r#"{"jsonrpc":"2.0","id":0,"result":"0x7a69"}"#),
        (
            "200 OK",
            r#"[{"id":0,"result":"0x7a69"},{"id":0,"result":false},{"id":2,"result":null}]"#,
        ),
        (
            "200 OK",
            r#"[{"id":0,"result":"0x7a69"},{"id":1,"result":false},{"id":9,"result":null}]"#,
        ),
        (
            "200 OK",
            r#"[{"id":0,"result":"0x7a69"},{"id":1,"result":false},{"id":2}]"#,
        ),
    ] {
        let error = ask(head, body).await;
        assert!(
            matches!(error, NodeError::Nonsense { .. }),
            "{body}: {error}"
        );
    }
    let busy = ask("503 Service Unavailable", "").await;
    assert!(matches!(busy, NodeError::Unreachable { .. }), "{busy}");
    let whole =
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"batch too large"}}"#;
    let refused = ask("200 OK", whole).await;
    assert!(
        matches!(refused, NodeError::Refused { code: -32600, .. }),
        "{refused}"
    );
}

#[tokio::test]
async fn answers_out_of_order_are_put_in_order() {
    let anvil = Anvil::start().await;
    let account = anvil.account("payer").await;
    // The proxy turns every batch round.
    let proxy = Proxy::start(&anvil.url, |_, _| Fate::Pass).await;
    crate::rig::sent(&anvil.node(), &account, &plain(0, 1)).await;
    let nonces = at(&proxy.url).nonces(&account.address).await.unwrap();
    assert_eq!((nonces.latest, nonces.pending), (0, 1));
}

#[tokio::test]
async fn contracts_are_told_from_accounts() {
    let anvil = Anvil::start().await;
    let token = anvil.token(&[]).await.contract().unwrap();
    let node = anvil.node();
    assert!(node.has_code(&token).await.unwrap());
    assert!(!node.has_code(&stranger(1)).await.unwrap());
}

#[tokio::test]
async fn every_question_travels_with_the_chain_id() {
    let anvil = Anvil::start().await;
    let account = Account::named("payer");
    let proxy = Proxy::start(&anvil.url, |_, _| Fate::Pass).await;
    let node = at(&proxy.url);
    let many: Vec<_> = (0..300).map(stranger).collect();
    node.nonces(&account.address).await.unwrap();
    node.balances(&many, &[native()]).await.unwrap();
    node.estimate_fees(FeeBounds::up_to(u128::MAX))
        .await
        .unwrap();
    for batch in proxy.seen().batches {
        assert_eq!(batch[0], "eth_chainId");
        assert_eq!(batch[1], "eth_syncing");
        assert!(batch.len() <= 100);
    }
}

#[test]
fn no_proxy_of_the_environment_is_asked() {
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", "node::contracts_are_told_from_accounts"]);
    for variable in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        again.env(variable, "http://127.0.0.1:9");
    }
    for variable in ["no_proxy", "NO_PROXY"] {
        again.env_remove(variable);
    }
    let output = again.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
}
