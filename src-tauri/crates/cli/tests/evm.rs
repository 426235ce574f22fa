//! A treasury with a vault on an EVM chain whose node is away: what can be ordered, shown and refused
//! without it.

mod common;

use anyhow::Result;
use common::{OFFICERS, PIN, POLICY, Stage, text};
use serde_json::{Value, json};
use testkit::anvil::Anvil;

/// A contract and a payee that nobody has the key of.
const TOKEN: &str = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
const PAYEE: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

/// An address that is given code.
const TOKEN_LIKE: &str = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC";

fn founded() -> Result<Stage> {
    let stage = Stage::new()?;
    stage.enrol_all()?;
    let policy = stage.file("policy.toml", POLICY.as_bytes())?;
    let root = stage.root()?;
    let mut words = vec!["found", "--name", "Acme Treasury"];
    words.extend(["--network", "regtest", "--network", "eip155:31337"]);
    words.extend(["--policy", &policy, "--administrator", "Dora"]);
    words.extend(["--test-attestation-root", &root]);
    for officer in OFFICERS {
        words.extend(["--officer", officer]);
    }
    let said = stage.run(&words, &[PIN; 3])?.done()?;
    assert!(
        said.out.contains("countersign settings evm 31337 URL"),
        "{said:?}"
    );
    Ok(stage)
}

fn refused(stage: &Stage, words: &[&str], expected: &str) -> Result<()> {
    let before = stage.entries()?;
    let said = stage.run(words, &[PIN])?.refused()?;
    assert!(said.contains(expected), "{words:?}: {said}");
    assert!(
        said.contains("nothing was proposed") || said.contains("Nothing was proposed"),
        "{said}"
    );
    assert_eq!(stage.entries()?, before, "nothing was written");
    Ok(())
}

fn decided(stage: &Stage, words: &[&str]) -> Result<Value> {
    let id = stage.proposal(words)?;
    stage.approve(&id, &["Alice", "Bob"])
}

fn payout(leg: &str) -> Vec<&str> {
    let words = ["propose", "payout", "--vault", "Tokens", "--as", "Alice"];
    [&words[..], &["--pay", leg]].concat()
}

fn asset<'a>(symbol: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let words = ["propose", "asset", symbol, "--as", "Alice"];
    [&words[..], more].concat()
}

#[test]
fn a_vault_on_an_evm_chain_reads_right_while_its_node_is_away() -> Result<()> {
    let stage = founded()?;
    let there = ["--chain", "31337", "--decimals", "6"];
    let elsewhere = ["--chain", "1", "--decimals", "6"];
    refused(&stage, &asset("USDC", &elsewhere), "nothing on eip155:1")?;
    let lower = TOKEN.to_lowercase();
    let in_one_case = [&there[..], &["--contract", &lower]].concat();
    refused(&stage, &asset("USDC", &in_one_case), "without its checksum")?;
    let too_fine = ["--chain", "31337", "--decimals", "40"];
    refused(&stage, &asset("USDC", &too_fine), "at most 36")?;

    let words = [
        "vault",
        "create",
        "Tokens",
        "--as",
        "Alice",
        "--network",
        "eip155:31337",
        "--threshold",
        "2",
        "--device",
        "desk",
        "--hardware",
        "key=Alice,Bob",
        "--recovery",
        "safe=2:Alice,Bob,Carol",
    ];
    decided(&stage, &words)?;
    let made = stage
        .run(&["vault", "keygen", "Tokens"], &[PIN; 5])?
        .done()?;
    assert!(made.err.contains("takes some seconds"), "{made:?}");

    refused(
        &stage,
        &payout(&format!("{PAYEE}=1 ETH")),
        "entered no coin",
    )?;
    let native = ["--chain", "31337", "--decimals", "18"];
    decided(&stage, &asset("ETH", &native))?;
    let token = [&there[..], &["--contract", TOKEN]].concat();
    let enacted = decided(&stage, &asset("USDC", &token))?;
    assert_eq!(text(&enacted, "/status")?, "enacted");
    refused(
        &stage,
        &payout(&format!("{PAYEE}=1 DAI")),
        "known there: ETH, USDC",
    )?;
    refused(
        &stage,
        &payout(&format!("{PAYEE}=1.0000001 USDC")),
        "7 decimal places",
    )?;
    refused(
        &stage,
        &payout(&format!("{TOKEN}=1 USDC")),
        "the token's own contract",
    )?;
    let lower = format!("{}=1 USDC", PAYEE.to_lowercase());
    refused(&stage, &payout(&lower), "without its checksum")?;
    let two = format!("{PAYEE}=2 USDC");
    let twice = [&payout(&two)[..], &["--pay", &two]].concat();
    refused(&stage, &twice, "one transaction pays one payee")?;
    let in_token = [&payout(&two)[..], &["--fee-cap", "1 USDC"]].concat();
    refused(&stage, &in_token, "are paid in ETH")?;

    let main = stage.ask(&["vault", "address", "Tokens"], &[])?;
    let own = text(&main, "/address")?;
    let deposit = stage.ask(&["vault", "address", "Tokens", "--deposit", "7"], &[])?;
    assert_eq!(text(&deposit, "/path")?, "m/0/7");
    assert_ne!(text(&deposit, "/address")?, own);
    refused(
        &stage,
        &payout(&format!("{own}=1 ETH")),
        "an address of vault Tokens itself",
    )?;
    let far = stage.ask(&["vault", "address", "Tokens", "--deposit", "900"], &[])?;
    let far = format!("{}=1 ETH", text(&far, "/address")?);
    refused(&stage, &payout(&far), "an address of vault Tokens itself")?;

    let payee = ["propose", "payee", "Meyer GmbH", PAYEE, "--as", "Bob"];
    decided(
        &stage,
        &[&payee[..], &["--network", "eip155:31337"]].concat(),
    )?;
    let proposed = stage.ask(&payout("Meyer GmbH=1.5 USDC"), &[PIN])?;
    assert_eq!(proposed.pointer("/contract_payee"), Some(&Value::Null));
    assert!(
        text(&proposed, "/contract_payee_trouble")?.contains("no node is set for chain 31337"),
        "{proposed}"
    );
    let id = text(&proposed, "/proposal")?;
    let shown = stage.run(&["show", &id], &[])?.done()?.out;
    for expected in [
        "1.5 USDC  to Meyer GmbH",
        "0x 7099 7970 C518 12dc 3A01 0C7d 01b5 0e0d 17dc 79C8",
        "a private chain, eip155:31337 (test coins)",
        TOKEN,
        "at most 0.02 ETH",
    ] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    let json = stage.ask(&["show", &id], &[])?;
    assert_eq!(text(&json, "/payout/legs/0/amount")?, "1.5");
    assert_eq!(text(&json, "/payout/asset")?, "USDC");
    assert_eq!(text(&json, "/payout/chain")?, "eip155:31337");
    let cancel = ["propose", "cancel", &id, "--as", "Alice"];
    refused(&stage, &cancel, "nothing of payout")?;
    let early = stage.run(&["bump", &id], &[])?.refused()?;
    assert!(early.contains("no version of payout"), "{early}");

    let set = ["settings", "evm", "31337", "http://127.0.0.1:1"];
    stage.run(&set, &[])?.done()?;
    let status = stage.run(&["status"], &[])?.done()?.out;
    assert!(status.contains("balance not known: "), "{status}");
    assert!(
        status.contains("Tokens, on a private chain, eip155:31337"),
        "{status}"
    );
    the_node_comes(&stage, &own, &id)
}

/// With a node: what is held, a payout to its end, and a payee that is a contract.
fn the_node_comes(stage: &Stage, own: &str, unfunded: &str) -> Result<()> {
    let chain = Anvil::start()?;
    let set = ["settings", "evm", "31337", &chain.url()];
    stage.run(&set, &[])?.done()?;
    // Two ETH.
    let coins = json!("0x1bc16d674ec80000");
    let _: Value = chain.call("anvil_setBalance", &[json!(own), coins])?;
    let code = [json!(TOKEN_LIKE), json!("0x00")];
    let _: Value = chain.call("anvil_setCode", &code)?;
    let decline = ["decline", unfunded, "--as", "Bob"];
    stage.run(&decline, &[PIN])?.done()?;

    let contract = stage.run(&payout(&format!("{TOKEN_LIKE}=0.1 ETH")), &[PIN])?;
    let said = contract.done()?;
    let warning = format!("WARNING  {TOKEN_LIKE} is a contract: make sure");
    assert!(
        said.out.contains(&warning) && said.err.contains(&warning),
        "{said:?}"
    );

    let proposed = stage.ask(&payout("Meyer GmbH=0.5 ETH"), &[PIN])?;
    assert_eq!(
        proposed.pointer("/contract_payee"),
        Some(&Value::Bool(false))
    );
    let id = text(&proposed, "/proposal")?;
    stage.approve(&id, &["Alice", "Bob"])?;
    let shown = stage.run(&["show", &id], &[])?.done()?.out;
    for expected in ["not signed yet (version 1)", "Nonce", "gas at up to"] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    let released = stage.ask(&["release", &id, "--as", "Bob"], &[PIN, PIN])?;
    assert_eq!(text(&released, "/status")?, "broadcast", "{released}");
    chain.mine(7)?;
    let run = stage.run(&["run", "--until-settled", "--every", "1"], &[])?;
    assert!(run.done()?.out.contains("CONFIRMED"));
    let shown = stage.ask(&["show", &id], &[])?;
    assert!(text(&shown, "/txid")?.starts_with("0x"), "{shown}");
    assert_eq!(shown.pointer("/nonce"), Some(&Value::from(0)));
    let status = stage.run(&["status"], &[])?.done()?.out;
    assert!(status.contains(&format!("main account {own}")), "{status}");
    assert!(status.contains("1.49"), "{status}");
    assert!(
        status.contains("USDC NOT KNOWN"),
        "nothing is at its contract: {status}"
    );
    Ok(())
}
