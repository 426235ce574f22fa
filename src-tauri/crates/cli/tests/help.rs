//! What `--help` says, and that nonsense is told from help by the exit code.

use std::process::{Command, Output};

fn countersign(words: &[&str]) -> std::io::Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(words)
        .env_remove("COUNTERSIGN_HOME")
        .env("COLUMNS", "100")
        .output()
}

#[test]
fn a_treasurer_can_read_the_help() {
    let mut all = String::new();
    for words in [
        &["--help"][..],
        &["propose", "payout", "--help"],
        &["approve", "--help"],
        &["release", "--help"],
        &["vault", "create", "--help"],
        &["keys", "prepare", "--help"],
    ] {
        let said = countersign(words).unwrap();
        assert!(said.status.success());
        all.push_str(&format!(
            "$ countersign {}\n{}\n",
            words.join(" "),
            String::from_utf8(said.stdout).unwrap()
        ));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn nonsense_is_a_usage_error_in_text_and_in_json() {
    let said = countersign(&["approve"]).unwrap();
    assert_eq!(said.status.code(), Some(2));
    assert!(
        String::from_utf8(said.stderr)
            .unwrap()
            .contains("--as <OFFICER>")
    );
    let said = countersign(&["--json", "frobnicate"]).unwrap();
    assert_eq!(said.status.code(), Some(2));
    let json: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    assert!(
        json.pointer("/error/message")
            .unwrap()
            .as_str()
            .unwrap()
            .contains("frobnicate")
    );
}

#[test]
fn an_empty_home_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("none").display().to_string();
    let said = countersign(&["--home", &home, "status"]).unwrap();
    assert_eq!(said.status.code(), Some(1));
    let error = String::from_utf8(said.stderr).unwrap();
    assert!(error.contains("countersign found"), "{error}");
    assert!(
        !folder.path().join("none").exists(),
        "looking makes nothing"
    );
}

#[test]
fn a_descriptor_that_is_not_there_is_named() {
    let said = countersign(&["--pin-fd", "977", "status"]).unwrap();
    assert_eq!(said.status.code(), Some(1));
    assert!(String::from_utf8(said.stderr).unwrap().contains("977"));
}

#[test]
fn an_amount_that_cannot_be_paid_exactly_never_reaches_the_treasury() {
    let said = countersign(&[
        "propose",
        "payout",
        "--vault",
        "Operations",
        "--as",
        "Alice",
        "--pay",
        "Meyer=1.000000001 BTC",
    ])
    .unwrap();
    assert_eq!(said.status.code(), Some(2));
    let error = String::from_utf8(said.stderr).unwrap();
    assert!(
        error.contains("9 decimal places") && error.contains("nothing is rounded"),
        "{error}"
    );
}
