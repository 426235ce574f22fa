//! A payout whose fee is raised, and which is then cancelled, through the real program on Bitcoin.

mod common;

use anyhow::{Context as _, Result};
use common::{PIN, Stage, stranger, text};
use serde_json::Value;

#[test]
fn a_payout_is_bumped_and_then_cancelled() -> Result<()> {
    let stage = Stage::with_vault()?;
    let id = stage.payout(&[&format!("{}=0.02 BTC", stranger(10)?)])?;
    let early = stage.run(&["bump", &id], &[])?.refused()?;
    assert!(early.contains("no version of payout"), "{early}");
    stage.approve(&id, &["Alice", "Bob"])?;
    let cancel = ["propose", "cancel", &id, "--as", "Alice"];
    let early = stage.run(&cancel, &[PIN])?.refused()?;
    assert!(early.contains("countersign decline"), "{early}");
    stage.ask(&["release", &id, "--as", "Bob"], &[PIN, PIN])?;
    assert_eq!(stage.status_of(&id)?, "broadcast");
    let first = text(&stage.ask(&["show", &id], &[])?, "/txid")?;

    let bumped = stage.ask(&["bump", &id], &[])?;
    assert_eq!(text(&bumped, "/status")?, "bumping", "{bumped}");
    assert_eq!(bumped.pointer("/version"), Some(&Value::from(2)));
    assert_eq!(text(&bumped, "/fee_cap")?, "0.0005");
    assert!(
        text(&bumped, "/missing")?.contains("key by Alice or Bob"),
        "{bumped}"
    );
    let shown = stage.run(&["show", &id], &[])?.done()?.out;
    assert!(shown.contains("BEING BUMPED"), "{shown}");
    assert!(
        shown.contains("sent, and can still be the one in a block"),
        "{shown}"
    );
    let released = stage.ask(&["release", &id, "--as", "Bob"], &[PIN, PIN])?;
    assert_eq!(text(&released, "/status")?, "broadcast", "{released}");
    let second = stage.ask(&["show", &id], &[])?;
    assert_ne!(text(&second, "/txid")?, first);
    assert_eq!(text(&second, "/versions/0/txid")?, first);

    let in_eth = [&cancel[..], &["--fee-cap", "1 ETH"]].concat();
    let refused = stage.run(&in_eth, &[PIN])?.refused()?;
    assert!(refused.contains("are paid in BTC"), "{refused}");
    let cancel = stage.proposal(&cancel)?;
    stage.approve(&cancel, &["Alice", "Bob"])?;
    assert_eq!(stage.status_of(&cancel)?, "open");
    assert_eq!(stage.status_of(&id)?, "cancelling");
    let undone = stage.run(&["bump", &id], &[])?.refused()?;
    assert!(undone.contains("would undo that"), "{undone}");
    // Released by the id of the cancel.
    let released = stage.ask(&["release", &cancel, "--as", "Bob"], &[PIN, PIN])?;
    assert_eq!(text(&released, "/status")?, "cancelling", "{released}");
    stage.node.mine(3)?;
    let said = stage.run(&["run", "--until-settled", "--every", "1"], &[])?;
    assert!(said.done()?.out.contains("CANCELLED in block"));
    assert_eq!(stage.status_of(&id)?, "cancelled");
    let late = stage.run(&["bump", &id], &[])?.refused()?;
    assert!(late.contains("at its end"), "{late}");
    let shown = stage.ask(&["show", &id], &[])?;
    let way = shown
        .pointer("/way")
        .and_then(Value::as_array)
        .context("no way")?;
    let way: Vec<&str> = { way.iter() }
        .filter_map(|one| one.pointer("/what").and_then(Value::as_str))
        .collect();
    assert!(way.contains(&"a cancel: proposed by Alice"), "{way:?}");
    assert!(
        way.contains(&"cancelling transaction fixed (version 3)"),
        "{way:?}"
    );
    assert!(
        way.iter().any(|what| what.starts_with("cancelled: ")),
        "{way:?}"
    );
    Ok(())
}
