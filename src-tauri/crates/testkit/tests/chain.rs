//! The regtest node and the line to it.

use anyhow::Result;
use bdk_bitcoind_rpc::bitcoincore_rpc::{Auth, Client, RpcApi as _};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use testkit::{
    bitcoind::Bitcoind,
    proxy::{Line, Proxy},
};

const SOMEONE: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

#[test]
fn a_node_mines_funds_and_forgets_a_reorganised_block() -> Result<()> {
    let node = Bitcoind::start()?;
    assert_eq!(node.height()?, 110);
    let paid = node.fund(SOMEONE, 123_456)?;
    let output: Value = node.call("gettxout", &[json!(paid.txid), json!(paid.vout)])?;
    assert_eq!(output["value"], json!(0.00123456));
    assert_eq!(output["confirmations"], json!(1));
    assert_eq!(output["scriptPubKey"]["address"], json!(SOMEONE));

    node.invalidate_tip()?;
    node.mine_empty(2)?;
    assert_eq!(node.height()?, 112);
    let arguments = [json!(paid.txid), json!(paid.vout), json!(false)];
    assert_eq!(
        node.call::<Option<Value>>("gettxout", &arguments)?,
        None,
        "not in any block"
    );
    let waiting: Vec<String> = node.call("getrawmempool", &[])?;
    assert_eq!(waiting, [paid.txid.to_string()]);
    node.invalidate_tip()?;
    node.mine(3)?;
    assert!(
        node.call::<Option<Value>>("gettxout", &arguments)?
            .is_some()
    );
    Ok(())
}

#[test]
fn funding_goes_on_and_on() -> Result<()> {
    let node = Bitcoind::start()?;
    for _ in 0..40 {
        node.fund(SOMEONE, 1_000_000)?;
    }
    for _ in 0..30 {
        node.send(SOMEONE, 2_000_000)?;
    }
    let many = vec![(SOMEONE.to_owned(), 5_000); 300];
    assert_eq!(node.send_many(&many)?.len(), 300);
    node.mine(1)?;
    let left: Vec<String> = node.call("getrawmempool", &[])?;
    assert!(left.is_empty());
    Ok(())
}

#[test]
fn a_node_stops_and_comes_back_with_its_chain() -> Result<()> {
    let node = Bitcoind::start()?;
    let tip = node.tip()?;
    node.stop()?;
    assert!(node.tip().is_err());
    node.start_again()?;
    assert_eq!(node.tip()?, tip);
    node.kill();
    assert!(node.tip().is_err());
    node.start_again()?;
    node.restart()?;
    node.pause()?;
    node.resume()?;
    node.mine(1)?;
    assert_ne!(node.tip()?, tip);
    Ok(())
}

#[test]
fn the_line_to_a_node_fails_as_it_is_told() -> Result<()> {
    let node = Bitcoind::start()?;
    let proxy = Proxy::start(node.port())?;
    let auth = Auth::UserPass(node.user().to_owned(), node.password().to_owned());
    let client = Client::new(&proxy.url(), auth)?;
    let height = || client.call::<u64>("getblockcount", &[]);
    assert_eq!(height()?, 110);

    proxy.set(Line::Refuse);
    assert!(height().is_err());
    proxy.set(Line::Delay(Duration::from_millis(300)));
    let started = Instant::now();
    assert_eq!(height()?, 110);
    assert!(started.elapsed() >= Duration::from_millis(300));
    proxy.mend();

    proxy.on("generatetoaddress", Line::LoseAnswer);
    let mined: Result<Value, _> = client.call("generatetoaddress", &[json!(1), json!(SOMEONE)]);
    assert!(mined.is_err(), "the answer was lost");
    // The client tries again by itself when a connection closes without an answer.
    let tried = proxy.requests("generatetoaddress").len();
    assert!(tried >= 1);
    assert_eq!(
        height()?,
        110 + u64::try_from(tried)?,
        "the node had acted each time"
    );
    Ok(())
}
