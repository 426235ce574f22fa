//! The private EVM chain, its tokens, the line to it, and the server that lies about it.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};
use testkit::{
    anvil::{Anvil, Kind},
    lying_rpc::{LyingRpc, RpcError},
    proxy::{Line, Proxy},
};

const SOMEONE: &str = "0x00000000000000000000000000000000000000aa";
const OTHER: &str = "0x00000000000000000000000000000000000000bb";
const COIN: u128 = 1_000_000_000_000_000_000;

/// One HTTP exchange, as a client without retries does it.
fn post(url: &str, body: &Value) -> Result<Value> {
    let address = url.strip_prefix("http://").context("no URL")?;
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let body = body.to_string();
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    // A proxy keeps the connection open for a next request.
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").context("no answer")?;
    Ok(serde_json::from_str(body)?)
}

fn ask(id: u64, method: &str, parameters: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": parameters })
}

#[test]
fn a_block_comes_when_it_is_asked_for() -> Result<()> {
    let chain = Anvil::start()?;
    assert_eq!(chain.call::<String>("eth_chainId", &[])?, "0x7a69");
    assert_eq!((chain.block_number()?, chain.accounts().len()), (0, 10));
    let payer = chain.account(1)?;
    assert_eq!(chain.balance(payer)?, 10_000 * COIN);

    let hash = chain.send(payer, SOMEONE, COIN)?;
    assert_eq!((chain.block_number()?, chain.balance(SOMEONE)?), (0, 0));
    assert_eq!((chain.nonce(payer)?, chain.pending_nonce(payer)?), (0, 1));
    assert!(chain.receipt(&hash)?.is_none() && chain.transaction(&hash)?.is_some());
    assert_eq!(chain.waiting_from(payer)?, [hash.as_str()]);
    chain.mine(3)?;
    assert_eq!((chain.block_number()?, chain.balance(SOMEONE)?), (3, COIN));
    assert_eq!(chain.succeeded(&hash)?, Some(true));

    let has_soon = |coins: u128| {
        (0..500).any(|_| {
            std::thread::sleep(Duration::from_millis(20));
            chain.balance(SOMEONE).is_ok_and(|has| has == coins)
        })
    };
    chain.set_automine(true)?;
    chain.send(payer, SOMEONE, COIN)?;
    assert!(has_soon(2 * COIN));
    assert_eq!(chain.block_number()?, 4);
    chain.set_automine(false)?;
    chain.send(payer, SOMEONE, COIN)?;
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(chain.block_number()?, 4);
    chain.set_interval(1)?;
    assert!(has_soon(3 * COIN), "a block came by itself");
    chain.set_interval(0)?;
    Ok(())
}

#[test]
fn a_chain_has_the_id_it_was_given_and_dies_with_its_owner() -> Result<()> {
    let chain = Anvil::start_chain(1337)?;
    assert_eq!(chain.call::<String>("eth_chainId", &[])?, "0x539");
    let (url, port) = (chain.url(), chain.port());
    drop(chain);
    assert!(post(&url, &ask(1, "eth_chainId", json!([]))).is_err());
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    Ok(())
}

#[test]
fn payments_are_counted_on_the_chain_itself() -> Result<()> {
    let chain = Anvil::start()?;
    chain.fund(SOMEONE, 5 * COIN)?;
    assert_eq!(chain.balance(SOMEONE)?, 5 * COIN);
    chain.impersonate(SOMEONE)?;
    chain.send(SOMEONE, OTHER, COIN)?;
    chain.mine(2)?;
    let token = chain.deploy_token(Kind::Plain, "USDX", 6)?;
    chain.mint_token(&token, SOMEONE, 1_000_000)?;
    let paid = chain.send_token(&token, SOMEONE, OTHER, 400_000)?;
    let reverted = chain.send_token(&token, SOMEONE, OTHER, 700_000)?;
    chain.mine(1)?;

    let sent = chain.transactions_from(SOMEONE)?;
    assert_eq!(sent.len(), 3);
    assert_eq!((sent[0].to.as_deref(), sent[0].wei), (Some(OTHER), COIN));
    assert_eq!(
        (sent[0].block, sent[0].nonce, sent[0].succeeded),
        (1, 0, true)
    );
    assert_eq!(sent[0].token_transfer(), None);
    assert_eq!(sent[1].hash, paid);
    assert_eq!(sent[1].to.as_deref(), Some(token.as_str()));
    assert_eq!(sent[1].token_transfer(), Some((OTHER.to_owned(), 400_000)));
    assert_eq!(
        (sent[2].hash.as_str(), sent[2].succeeded),
        (reverted.as_str(), false)
    );
    assert_eq!(chain.token_balance(&token, OTHER)?, 400_000);
    assert_eq!(chain.nonce(SOMEONE)?, 3);
    Ok(())
}

#[test]
fn a_token_behaves_as_its_kind_says() -> Result<()> {
    let chain = Anvil::start()?;
    let payer = chain.account(2)?;
    // What arrives of 1,000, and whether the transaction of a transfer that cannot be paid succeeds.
    for (kind, arrives, unpaid) in [
        (Kind::Plain, 1_000, false),
        (Kind::SaysFalse, 1_000, true),
        (Kind::TakesFee, 990, false),
        (Kind::SaysNothing, 1_000, false),
    ] {
        let token = chain.deploy_token(kind, "TST", 18)?;
        assert_ne!(chain.code(&token)?, "0x");
        let said: String = chain.call(
            "eth_call",
            &[
                json!({ "to": token, "data": "0x313ce567" }),
                json!("latest"),
            ],
        )?;
        assert_eq!(said, format!("0x{:064x}", 18), "decimals");
        let said: String = chain.call(
            "eth_call",
            &[
                json!({ "to": token, "data": "0x95d89b41" }),
                json!("latest"),
            ],
        )?;
        assert!(
            said.contains(&format!("{:064x}{:0<64}", 3, hex::encode("TST"))),
            "symbol"
        );
        chain.mint_token(&token, payer, 1_000)?;
        let paid = chain.send_token(&token, payer, SOMEONE, 1_000)?;
        chain.mine(1)?;
        let failed = chain.send_token(&token, payer, SOMEONE, 1)?;
        chain.mine(1)?;
        assert_eq!(chain.succeeded(&paid)?, Some(true), "{kind:?}");
        assert_eq!(chain.succeeded(&failed)?, Some(unpaid), "{kind:?}");
        assert_eq!(chain.token_balance(&token, SOMEONE)?, arrives, "{kind:?}");
        assert_eq!(chain.token_balance(&token, payer)?, 0, "{kind:?}");
    }
    assert_eq!(chain.code(SOMEONE)?, "0x");
    assert!(chain.token_balance(SOMEONE, OTHER).is_err());
    Ok(())
}

#[test]
fn a_reorganised_transaction_is_gone_until_it_is_sent_again() -> Result<()> {
    let chain = Anvil::start()?;
    let payer = chain.account(3)?;
    chain.mine(5)?;
    let hash = chain.send(payer, SOMEONE, COIN)?;
    let raw: String = chain.call("eth_getRawTransactionByHash", &[json!(hash)])?;
    chain.mine(2)?;
    assert_eq!(chain.succeeded(&hash)?, Some(true));

    chain.reorg(2)?;
    assert_eq!((chain.block_number()?, chain.balance(SOMEONE)?), (7, 0));
    assert!(chain.receipt(&hash)?.is_none() && chain.transaction(&hash)?.is_none());
    assert!(chain.waiting_from(payer)?.is_empty());
    assert_eq!(chain.send_raw(&raw)?, hash);
    chain.mine(1)?;
    assert_eq!(chain.balance(SOMEONE)?, COIN);

    chain.reorg_with(1, &[raw])?;
    assert_eq!((chain.block_number()?, chain.balance(SOMEONE)?), (8, COIN));
    assert_eq!(chain.succeeded(&hash)?, Some(true));
    chain.rollback(3)?;
    assert_eq!((chain.block_number()?, chain.balance(SOMEONE)?), (5, 0));
    Ok(())
}

#[test]
fn a_transaction_is_dropped_or_waits_or_offers_too_little() -> Result<()> {
    let chain = Anvil::start()?;
    let payer = chain.account(4)?;
    let dropped = chain.send(payer, SOMEONE, COIN)?;
    chain.drop_transaction(&dropped)?;
    assert!(chain.drop_transaction(&dropped).is_err(), "it is gone");
    chain.mine(1)?;
    assert_eq!((chain.balance(SOMEONE)?, chain.nonce(payer)?), (0, 0));

    let stuck = chain.send(payer, SOMEONE, COIN)?;
    chain.mine_empty(2)?;
    assert_eq!((chain.block_number()?, chain.balance(SOMEONE)?), (3, 0));
    assert_eq!(chain.waiting_from(payer)?, [stuck.as_str()]);
    chain.mine(1)?;
    assert_eq!(chain.succeeded(&stuck)?, Some(true));

    let poor = chain.send(payer, SOMEONE, COIN)?;
    chain.set_base_fee(500_000_000_000)?;
    chain.mine(1)?;
    assert!(chain.transaction(&poor)?.is_none(), "thrown out");
    assert!(chain.waiting_from(payer)?.is_empty());

    let snapshot = chain.snapshot()?;
    chain.fund(SOMEONE, 7)?;
    chain.mine(4)?;
    chain.revert(&snapshot)?;
    assert_eq!((chain.block_number()?, chain.balance(SOMEONE)?), (5, COIN));
    assert!(chain.revert(&snapshot).is_err(), "it is used up");

    let error = chain.send_raw("0x00").unwrap_err();
    assert!(error.downcast_ref::<RpcError>().is_some(), "{error:#}");
    Ok(())
}

#[test]
fn the_line_to_a_chain_fails_as_it_is_told() -> Result<()> {
    let chain = Anvil::start()?;
    let proxy = Proxy::start(chain.port())?;
    let height = || post(&proxy.url(), &ask(1, "eth_blockNumber", json!([])));
    assert_eq!(height()?["result"], "0x0");
    proxy.set(Line::Refuse);
    assert!(height().is_err());
    proxy.mend();
    proxy.on("anvil_mine", Line::LoseAnswer);
    assert!(post(&proxy.url(), &ask(2, "anvil_mine", json!(["0x1"]))).is_err());
    assert_eq!(proxy.requests("anvil_mine").len(), 1);
    assert_eq!(height()?["result"], "0x1", "the chain had acted");
    Ok(())
}

#[test]
fn a_server_lies_as_it_is_told() -> Result<()> {
    let chain = Anvil::start()?;
    let payer = chain.account(5)?;
    let liar = LyingRpc::start(chain.port())?;
    let one = |method: &str, parameters: Value| post(&liar.url(), &ask(9, method, parameters));
    let balance = json!([payer, "latest"]);
    assert_eq!(one("eth_chainId", json!([]))?["result"], "0x7a69");
    assert_eq!(one("eth_getBalance", balance.clone())?["id"], 9);

    liar.always("eth_chainId", json!("0x1"));
    let rich = payer.to_owned();
    liar.lie(
        "eth_getBalance",
        move |parameters, honest| match parameters[0].as_str() {
            Some(address) if address == rich => Ok(json!("0x0")),
            _ => honest,
        },
    );
    liar.lie("eth_getTransactionCount", |_, _| {
        Err(RpcError::new(-32000, "no such luck"))
    });
    chain.fund(SOMEONE, 3)?;
    let batch = json!([
        ask(1, "eth_chainId", json!([])),
        ask(2, "eth_getBalance", balance),
        ask(3, "eth_getBalance", json!([SOMEONE, "latest"])),
        ask(4, "eth_blockNumber", json!([])),
        ask(5, "eth_getTransactionCount", json!([SOMEONE, "latest"])),
        ask(6, "eth_nonsense", json!([])),
    ]);
    let said = post(&liar.url(), &batch)?;
    let ids: Vec<&Value> = said
        .as_array()
        .into_iter()
        .flatten()
        .map(|a| &a["id"])
        .collect();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6]);
    assert_eq!([&said[0]["result"], &said[1]["result"]], ["0x1", "0x0"]);
    assert_eq!([&said[2]["result"], &said[3]["result"]], ["0x3", "0x0"]);
    assert_eq!(
        said[4]["error"],
        json!({ "code": -32000, "message": "no such luck" })
    );
    assert_eq!(said[5]["error"]["code"], -32601);
    assert_eq!(liar.asked("eth_getBalance").len(), 3);

    liar.be_honest_about("eth_chainId");
    assert_eq!(one("eth_chainId", json!([]))?["result"], "0x7a69");
    liar.be_honest();
    assert_eq!(
        one("eth_getTransactionCount", json!([payer, "latest"]))?["result"],
        "0x0"
    );
    Ok(())
}

#[test]
fn a_server_says_that_it_sent_what_it_kept() -> Result<()> {
    let chain = Anvil::start()?;
    let payer = chain.account(6)?;
    let liar = LyingRpc::start(chain.port())?;
    let hash = format!("0x{}", "ab".repeat(32));
    liar.always("eth_sendTransaction", json!(hash));
    liar.lie("eth_getTransactionReceipt", |parameters, honest| {
        assert_eq!(honest, Ok(Value::Null));
        Ok(json!({ "transactionHash": parameters[0], "status": "0x1" }))
    });
    let payment = json!([{ "from": payer, "to": SOMEONE, "value": "0x1" }]);
    let said = post(&liar.url(), &ask(1, "eth_sendTransaction", payment))?;
    assert_eq!(said["result"], hash);
    let said = post(
        &liar.url(),
        &ask(2, "eth_getTransactionReceipt", json!([hash])),
    )?;
    assert_eq!(said["result"]["status"], "0x1");
    assert!(chain.waiting_from(payer)?.is_empty());
    chain.mine(1)?;
    assert!(chain.transactions_from(payer)?.is_empty());
    Ok(())
}

#[test]
fn a_client_keeps_its_connection_to_a_liar() -> Result<()> {
    let chain = Anvil::start()?;
    let liar = LyingRpc::start(chain.port())?;
    let mut stream = TcpStream::connect(("127.0.0.1", liar.port()))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let body = ask(1, "eth_chainId", json!([])).to_string();
    for round in 0..3 {
        if round == 1 {
            liar.always("eth_chainId", json!("0x2a"));
        }
        write!(
            stream,
            "POST / HTTP/1.1\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut said = [0; 4096];
        let length = stream.read(&mut said)?;
        let said = String::from_utf8_lossy(&said[..length]);
        assert_eq!(said.contains("0x2a"), round > 0, "{said}");
    }
    Ok(())
}
