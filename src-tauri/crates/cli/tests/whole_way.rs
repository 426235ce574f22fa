//! A treasury's life through the real program, on real card readers, a real keyring and a real node.

mod common;

use std::time::Duration;

use anyhow::{Context as _, Result};
use common::{PIN, Stage, short, steady, stranger, text};
use serde_json::{Value, json};

/// The transaction as the node has it in its mempool.
fn on_node(stage: &Stage, txid: &str) -> Result<Value> {
    stage
        .node
        .call("getrawtransaction", &[json!(txid), json!(true)])
}

fn pays(transaction: &Value, address: &str, amount: &str) -> bool {
    let outputs = transaction.pointer("/vout").and_then(Value::as_array);
    outputs.into_iter().flatten().any(|output| {
        let to = output
            .pointer("/scriptPubKey/address")
            .and_then(Value::as_str);
        let value = output.pointer("/value").map(Value::to_string);
        to == Some(address)
            && value.is_some_and(|value| value.parse::<f64>() == amount.parse::<f64>())
    })
}

/// BIP341: spent by the key path, with the default sighash type: one signature of 64 bytes.
fn witnesses_are_one_schnorr_signature(transaction: &Value) -> bool {
    let inputs = transaction.pointer("/vin").and_then(Value::as_array);
    inputs.is_some_and(|inputs| {
        !inputs.is_empty()
            && inputs.iter().all(|input| {
                let witness = input.pointer("/txinwitness").and_then(Value::as_array);
                witness.is_some_and(|w| {
                    w.len() == 1
                        && w.iter()
                            .all(|item| item.as_str().is_some_and(|s| s.len() == 128))
                })
            })
    })
}

#[test]
fn a_payout_goes_its_whole_way_and_the_treasury_reads_right() -> Result<()> {
    let stage = Stage::with_vault()?;
    let (meyer, other) = (stranger(1)?, stranger(2)?);
    stage.payee("Meyer GmbH", &meyer)?;

    // By name, and by an address nobody has entered.
    let id = stage.payout(&["Meyer GmbH=0.25 BTC", &format!("{other}=0.0125 BTC")])?;
    let open = stage.run(&["show", &short(&id)], &[])?.done()?.out;
    insta::assert_snapshot!("open", steady(&open));
    let approved = stage.approve(&id, &["Alice", "Bob"])?;
    assert_eq!(text(&approved, "/status")?, "planned");
    assert_eq!(text(&approved, "/events/0/event")?, "planned");
    assert!(
        text(&approved, "/missing")?.contains("key by Alice or Bob"),
        "{approved}"
    );

    let released = stage.ask(&["release", &id, "--as", "Bob"], &[PIN, PIN])?;
    assert_eq!(text(&released, "/status")?, "broadcast", "{released}");
    let txid = text(&released, "/events/0/txid")?;
    let transaction = on_node(&stage, &txid)?;
    assert!(
        pays(&transaction, &meyer, "0.25") && pays(&transaction, &other, "0.0125"),
        "{transaction}"
    );
    assert!(
        witnesses_are_one_schnorr_signature(&transaction),
        "{transaction}"
    );

    stage.node.mine(1)?;
    let shown = stage.ask(&["show", &id], &[])?;
    assert_eq!(shown.pointer("/confirmations"), Some(&json!(1)), "{shown}");
    stage.node.mine(1)?;
    let said = stage
        .run(&["run", "--until-settled", "--every", "1"], &[])?
        .done()?;
    assert!(said.out.contains("CONFIRMED"), "{said:?}");
    let shown = stage.ask(&["show", &id], &[])?;
    assert_eq!(text(&shown, "/status")?, "confirmed");
    assert_eq!(text(&shown, "/txid")?, txid);
    assert_eq!(shown.pointer("/demands"), Some(&json!(["2 of Founders"])));
    assert_eq!(
        shown.pointer("/payout/legs/0/payee"),
        Some(&json!("Meyer GmbH"))
    );
    assert_eq!(shown.pointer("/payout/legs/0/amount"), Some(&json!("0.25")));
    insta::assert_snapshot!(
        "confirmed",
        steady(&stage.run(&["show", &id], &[])?.done()?.out)
    );
    insta::assert_snapshot!("status", steady(&stage.run(&["status"], &[])?.done()?.out));
    insta::assert_snapshot!("list", steady(&stage.run(&["list"], &[])?.done()?.out));
    insta::assert_snapshot!("payees", steady(&stage.run(&["payees"], &[])?.done()?.out));
    insta::assert_snapshot!(
        "vaults",
        steady(&stage.run(&["vault", "list"], &[])?.done()?.out)
    );

    // The co-signer watches until it is told to stop, and stops in order.
    let watched = stage.interrupted(&["run", "--every", "60"], Duration::from_secs(10))?;
    assert_eq!(watched.code, Some(0), "{watched:?}");
    an_export_verifies_and_a_tampered_one_names_its_entry(&stage)
}

fn an_export_verifies_and_a_tampered_one_names_its_entry(stage: &Stage) -> Result<()> {
    let path = stage.path("journal.jsonl").display().to_string();
    let exported = stage.ask(&["journal", "export", &path], &[])?;
    let verified = stage.ask(&["journal", "verify", &path], &[])?;
    assert_eq!(verified.pointer("/verified"), Some(&json!(true)));
    assert_eq!(verified.pointer("/head"), exported.pointer("/head"));
    assert_eq!(verified.pointer("/entries"), exported.pointer("/entries"));
    let again = stage.run(&["journal", "export", &path], &[])?.refused()?;
    assert!(again.contains("never replaces"), "{again}");

    let good = std::fs::read_to_string(&path)?;
    let mut lines: Vec<String> = good.lines().map(str::to_owned).collect();
    // Header, founding, and two more: the line of entry 3.
    let line = lines.get_mut(4).context("a short journal")?;
    let (before, body) = line.split_once("\"body\":\"").context("no body")?;
    let (kept, rest) = body.split_at(400);
    let first = rest.chars().next().context("a short body")?;
    let swapped = if first == 'A' { 'B' } else { 'A' };
    let rest: String = rest.chars().skip(1).collect();
    *line = format!("{before}\"body\":\"{kept}{swapped}{rest}");
    let bad = stage.file("bad.jsonl", (lines.join("\n") + "\n").as_bytes())?;
    let refused = stage.run(&["journal", "verify", &bad], &[])?.refused()?;
    assert!(refused.contains("entry 3"), "{refused}");
    Ok(())
}

#[test]
fn one_touch_stops_everything_and_only_the_quorum_starts_it_again() -> Result<()> {
    let stage = Stage::with_vault()?;
    let to = stranger(3)?;
    let id = stage.payout(&[&format!("{to}=0.02 BTC")])?;
    stage.approve(&id, &["Alice"])?;
    // No PIN is given: none may be asked.
    let frozen = stage.ask(
        &["freeze", "--as", "Carol", "--reason", "who asked for this?"],
        &[],
    )?;
    let freeze = text(&frozen, "/freeze")?;
    let approved = stage.approve(&id, &["Bob"])?;
    assert_eq!(text(&approved, "/status")?, "open");
    assert!(text(&approved, "/missing")?.contains("thaw"), "{approved}");
    let status = stage.run(&["status"], &[])?.done()?.out;
    assert!(
        status.starts_with("FROZEN  the whole treasury, by Carol"),
        "{status}"
    );
    assert!(stage.run(&["list"], &[])?.done()?.out.starts_with("FROZEN"));
    let refused = stage
        .run(&["release", &id, "--as", "Bob"], &[PIN, PIN])?
        .refused()?;
    assert!(
        refused.contains("FROZEN") && refused.contains("no seat was opened"),
        "{refused}"
    );

    let thaw = stage.proposal(&["propose", "thaw", &short(&freeze), "--as", "Alice"])?;
    let thawed = stage.approve(&thaw, &["Alice", "Bob"])?;
    assert_eq!(text(&thawed, "/status")?, "enacted");
    assert_eq!(
        stage.status_of(&id)?,
        "planned",
        "the approved payout goes on by itself"
    );
    let released = stage.ask(&["release", &id, "--as", "Alice"], &[PIN, PIN])?;
    assert_eq!(text(&released, "/status")?, "broadcast", "{released}");
    let nothing = stage
        .run(&["propose", "thaw", "--as", "Alice"], &[PIN])?
        .refused()?;
    assert!(nothing.contains("nothing is frozen"), "{nothing}");
    a_decline_ends_it_and_a_new_policy_shows_its_difference(&stage)
}

fn a_decline_ends_it_and_a_new_policy_shows_its_difference(stage: &Stage) -> Result<()> {
    let id = stage.payout(&[&format!("{}=0.03 BTC", stranger(4)?)])?;
    let declined = stage.ask(
        &["decline", &id, "--as", "Carol", "--reason", "ordered twice"],
        &[PIN],
    )?;
    assert_eq!(text(&declined, "/status")?, "declined");
    let late = stage
        .run(&["approve", &id, "--as", "Bob"], &[PIN])?
        .refused()?;
    assert!(late.contains("Carol declined it: ordered twice"), "{late}");

    let stricter = common::POLICY.replace("amount = \"1 BTC\"", "amount = \"0.5 BTC\"");
    let file = stage.file("stricter.toml", stricter.as_bytes())?;
    let id = stage.proposal(&["propose", "policy", &file, "--as", "Bob"])?;
    let shown = stage.run(&["show", &id], &[])?.done()?.out;
    assert!(
        shown.contains("-amount = \"1 BTC\"") && shown.contains("+amount = \"0.5 BTC\""),
        "{shown}"
    );
    stage.approve(&id, &["Bob", "Carol"])?;
    let shown = stage.run(&["show", &id], &[])?.done()?.out;
    assert!(
        shown.contains("-amount = \"1 BTC\""),
        "the difference stays: {shown}"
    );
    insta::assert_snapshot!("policy_change", steady(&shown));
    let refused = stage.run(
        &[
            "--json",
            "propose",
            "payout",
            "--vault",
            "Operations",
            "--as",
            "Alice",
            "--pay",
            &format!("{}=0.04 BTC", stranger(4)?),
        ],
        &[PIN],
    )?;
    assert_eq!(
        refused.code,
        Some(0),
        "0.02 settled and 0.04 are below 0.5: {refused:?}"
    );
    Ok(())
}

#[test]
fn when_the_machine_is_lost_the_quorum_lets_another_take_over_and_pays() -> Result<()> {
    let mut stage = Stage::with_vault()?;
    let meyer = stranger(5)?;
    stage.payee("Meyer GmbH", &meyer)?;
    let backup = stage.path("backup");
    let made = stage.ask(&["backup", &backup.display().to_string()], &[])?;
    assert_eq!(
        made.pointer("/seats")
            .and_then(Value::as_array)
            .map(Vec::len),
        Some(3)
    );

    // The machine is gone with its keyring's secrets: another home has none of them.
    std::fs::remove_dir_all(stage.home())?;
    stage.move_to(stage.path("new-home"));
    let words = [
        "restore",
        &backup.display().to_string(),
        "--as",
        "Bob",
        "--machine",
        "new-host",
        "--administrator",
        "Dora",
    ];
    // A try that fails leaves an empty home behind.
    let refused = stage.run(&words, &["999999"])?.refused()?;
    assert!(refused.contains("wrong PIN"), "{refused}");
    let none = stage.run(&["status"], &[])?.refused()?;
    assert!(none.contains("there is no treasury in"), "{none}");
    let restored = stage.ask(&words, &[PIN])?;
    let id = text(&restored, "/proposal")?;
    let early = stage
        .run(
            &["propose", "payee", "Other", &stranger(6)?, "--as", "Bob"],
            &[PIN],
        )?
        .refused()?;
    assert!(early.contains("quorum"), "{early}");
    assert!(
        stage
            .run(&["status"], &[])?
            .done()?
            .out
            .contains("STOPPED until the quorum lets new-host take over")
    );
    let accepted = stage.approve(&id, &["Alice", "Carol"])?;
    assert_eq!(text(&accepted, "/status")?, "enacted");
    stage.set_node()?;

    let id = stage.payout(&["Meyer GmbH=0.5 BTC"])?;
    let approved = stage.approve(&id, &["Alice", "Bob"])?;
    assert!(
        text(&approved, "/missing")?.contains("a release of 2 seats"),
        "{approved}"
    );
    // The hardware seat alone is one of two: nothing is signed, and it says what to do.
    let alone = stage.run(&["release", &id, "--as", "Bob"], &[PIN, PIN])?;
    assert_eq!(alone.code, Some(1));
    assert!(
        alone.out.contains("NOT SIGNED") && alone.out.contains("--and SEAT=OFFICERS"),
        "{alone:?}"
    );
    let words = ["release", &id, "--as", "Bob", "--and", "safe=Alice,Carol"];
    let released = stage.ask(&words, &[PIN; 6])?;
    assert_eq!(text(&released, "/status")?, "broadcast", "{released}");
    let transaction = on_node(&stage, &text(&released, "/events/0/txid")?)?;
    assert!(pays(&transaction, &meyer, "0.5") && witnesses_are_one_schnorr_signature(&transaction));
    stage.node.mine(2)?;
    stage
        .run(&["run", "--until-settled", "--every", "1"], &[])?
        .done()?;
    assert_eq!(stage.status_of(&id)?, "confirmed");
    stage.ask(&["journal", "verify"], &[])?;
    Ok(())
}

#[test]
fn an_older_copy_of_the_journal_is_stopped_and_can_still_be_exported() -> Result<()> {
    let stage = Stage::new()?;
    stage.enrol_all()?;
    stage.found()?;
    let journal = stage.home().join("journal.sqlite");
    let older = std::fs::read(&journal)?;
    stage.ask(&["freeze", "--as", "Carol"], &[])?;
    std::fs::write(&journal, older)?;
    let refused = stage.run(&["status"], &[])?.refused()?;
    assert!(refused.contains("STOPPED"), "{refused}");
    assert!(refused.contains("cut or is an older copy"), "{refused}");
    stage.run(&["freeze", "--as", "Carol"], &[])?.refused()?;
    let path = stage.path("evidence.jsonl").display().to_string();
    let exported = stage.run(&["journal", "export", &path], &[])?;
    assert_eq!(exported.code, Some(1), "{exported:?}");
    assert!(
        exported.out.contains("STOPPED. The journal is faulted"),
        "{exported:?}"
    );
    let verified = stage.ask(&["journal", "verify", &path], &[])?;
    assert_eq!(verified.pointer("/entries"), Some(&json!(1)));
    Ok(())
}
