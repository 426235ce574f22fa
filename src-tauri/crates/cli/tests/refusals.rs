//! What the program refuses: clearly, and with nothing half-written.

mod common;

use anyhow::{Context as _, Result};
use common::{PIN, Stage, stranger, text};
use serde_json::Value;
use testkit::virtual_yubikey::TouchMode;

const WRONG_PIN: &str = "999999";

/// Runs each command; each must be refused with these words, and none may write an entry.
fn all_refused(stage: &Stage, cases: &[(&[&str], &[&str], &str)]) -> Result<()> {
    let before = stage.entries()?;
    for (words, pins, expected) in cases {
        let refused = stage.run(words, pins)?.refused()?;
        assert!(refused.contains(expected), "{words:?}: {refused}");
        assert!(
            !refused.contains(PIN) && !refused.contains(WRONG_PIN),
            "{refused}"
        );
    }
    assert_eq!(stage.entries()?, before, "nothing was written");
    Ok(())
}

fn payout(leg: &str) -> Vec<&str> {
    vec![
        "propose",
        "payout",
        "--vault",
        "Operations",
        "--as",
        "Alice",
        "--pay",
        leg,
    ]
}

#[test]
fn bad_input_and_what_the_policy_denies_never_reach_the_journal() -> Result<()> {
    let stage = Stage::with_vault()?;
    stage.payee("Meyer GmbH", &stranger(7)?)?;
    let own = text(
        &stage.ask(&["vault", "address", "Operations"], &[])?,
        "/address",
    )?;
    let own = format!("{own}=0.01 BTC");
    let much = format!("{}=0.06 BTC", stranger(8)?);
    let signet = "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx=0.01 BTC";
    let mistyped = format!("{}x=0.01 BTC", stranger(8)?);
    let bad_policy = stage.file(
        "bad.toml",
        b"version = 1\n[groups]\nFounders = [\"Alice\"]\nsurprise = 1\n",
    )?;
    all_refused(
        &stage,
        &[
            (&payout("Meyer GmbH=1.5 BTC"), &[PIN], "A day's spending"),
            (&payout(&much), &[PIN], "No large payments to strangers"),
            (
                &payout("Meier GmbH=0.1 BTC"),
                &[PIN],
                "there is no payee `Meier GmbH` in the address book",
            ),
            (&payout(signet), &[PIN], "another network"),
            (&payout(&mistyped), &[PIN], "is no Bitcoin address"),
            (&payout("Meyer GmbH=0.00000001 BTC"), &[PIN], "dust"),
            (
                &payout(&own),
                &[PIN],
                "is an address of vault Operations itself",
            ),
            (
                &[
                    "propose", "payout", "--vault", "Savings", "--as", "Alice", "--pay", &much,
                ],
                &[PIN],
                "there is no vault `Savings`",
            ),
            (
                &[
                    "propose",
                    "payout",
                    "--vault",
                    "Operations",
                    "--as",
                    "Mallory",
                    "--pay",
                    "Meyer GmbH=0.1 BTC",
                ],
                &[PIN],
                "no active officer `Mallory`",
            ),
            (
                &["propose", "policy", &bad_policy, "--as", "Alice"],
                &[PIN],
                "line",
            ),
            (
                &["propose", "policy", "/nowhere.toml", "--as", "Alice"],
                &[PIN],
                "/nowhere.toml",
            ),
            (
                &["propose", "officer", "Dora", "--as", "Alice"],
                &[PIN],
                "countersign enrol",
            ),
            (
                &[
                    "propose",
                    "payee",
                    "Other",
                    "bcrt1qnonsense",
                    "--as",
                    "Alice",
                ],
                &[PIN],
                "is no Bitcoin address",
            ),
            (
                &["approve", "0000", "--as", "Alice"],
                &[PIN],
                "there is no proposal `0000`",
            ),
            (
                &["approve", "abc", "--as", "Alice"],
                &[PIN],
                "at least its first 4 digits",
            ),
            (&["show", "not-an-id"], &[], "is no proposal"),
        ],
    )?;
    let refused = stage.run(
        &[&["--json"], &payout("Meyer GmbH=1.5 BTC")[..]].concat(),
        &[PIN],
    )?;
    let json: Value = refused.json()?;
    assert_eq!(
        text(&json, "/error/reasons/0/code")?,
        "over_limit",
        "{json}"
    );
    Ok(())
}

#[test]
fn a_card_that_does_not_do_its_part_leaves_nothing_half_done() -> Result<()> {
    let stage = Stage::with_vault()?;
    stage.payee("Meyer GmbH", &stranger(9)?)?;
    let leg = "Meyer GmbH=0.1 BTC";
    let alice = stage.cards.first().context("no card")?;

    all_refused(&stage, &[(&payout(leg), &[WRONG_PIN], "2 tries are left")])?;
    let next = stage.run(&payout(leg), &[WRONG_PIN])?;
    assert!(
        next.err.contains("(2 tries left)"),
        "shown before the PIN is asked: {next:?}"
    );
    let last = stage.run(&payout(leg), &[])?;
    assert!(last.err.contains("ONLY 1 TRY LEFT"), "{last:?}");
    assert!(last.err.contains("no further line"), "{last:?}");
    alice.set_touch(TouchMode::Never)?;
    all_refused(
        &stage,
        &[
            (&payout(leg), &[PIN], "nobody touched YubiKey"),
            (&payout(leg), &["12"], "6 to 8 characters"),
            (&payout(leg), &[""], "nothing was typed"),
            (&["freeze", "--as", "Alice"], &[], "nobody touched YubiKey"),
        ],
    )?;
    alice.set_touch(TouchMode::Auto)?;
    alice.unplug()?;
    all_refused(&stage, &[(&payout(leg), &[PIN], "is not plugged in")])?;
    alice.plug()?;
    let id = stage.payout(&[leg])?;
    stage.approve(&id, &["Alice"])?;
    all_refused(
        &stage,
        &[
            (
                &["approve", &id, "--as", "Alice"],
                &[PIN],
                "one person counts once",
            ),
            (
                &["release", &id, "--as", "Bob"],
                &[PIN, PIN],
                "not approved and planned yet",
            ),
        ],
    )
}

#[test]
fn a_node_that_is_down_hides_nothing_else_and_is_told_once() -> Result<()> {
    let stage = Stage::with_vault()?;
    let id = stage.payout(&[&format!("{}=0.02 BTC", stranger(10)?)])?;
    stage.approve(&id, &["Alice"])?;
    stage.node.stop()?;
    let status = stage.run(&["status"], &[])?.done()?.out;
    assert!(
        status.contains("balance not known: the node at"),
        "{status}"
    );
    assert!(
        status.contains("1 more of Founders to approve (Bob or Carol)"),
        "{status}"
    );
    // The approval counts although nothing can be planned.
    let approved = stage.approve(&id, &["Bob"])?;
    assert_eq!(text(&approved, "/status")?, "open", "{approved}");
    stage.node.start_again()?;
    let said = stage
        .run(&["run", "--until-settled", "--every", "1"], &[])?
        .done()?;
    assert!(
        said.out.contains("its exact transaction is fixed"),
        "{said:?}"
    );
    let released = stage.ask(&["release", &id, "--as", "Bob"], &[PIN, PIN])?;
    assert_eq!(text(&released, "/status")?, "broadcast", "{released}");

    // Watched while the node goes and comes back.
    stage.node.stop()?;
    let shown = stage.ask(&["show", &id], &[])?;
    assert_eq!(shown.pointer("/confirmations"), Some(&Value::Null));
    assert!(
        text(&shown, "/trouble")?.contains("does not answer"),
        "{shown}"
    );
    let watched = std::thread::scope(|scope| -> Result<common::Said> {
        let watch = scope.spawn(|| stage.run(&["run", "--until-settled", "--every", "1"], &[]));
        std::thread::sleep(std::time::Duration::from_secs(6));
        stage.node.start_again()?;
        stage.node.mine(3)?;
        watch
            .join()
            .map_err(|_| anyhow::anyhow!("the watcher panicked"))?
    })?
    .done()?;
    assert_eq!(
        watched.out.matches("does not answer").count(),
        1,
        "{watched:?}"
    );
    assert_eq!(
        watched.out.matches("the node answers again").count(),
        1,
        "{watched:?}"
    );
    assert!(watched.out.contains("CONFIRMED"), "{watched:?}");
    Ok(())
}
