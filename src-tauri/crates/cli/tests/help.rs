//! What `--help` says, and that nonsense is told from help by the exit code.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

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
        &["propose", "asset", "--help"],
        &["propose", "cancel", "--help"],
        &["approve", "--help"],
        &["bump", "--help"],
        &["settings", "evm", "--help"],
        &["vault", "address", "--help"],
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

#[test]
fn what_is_in_memory_reaches_no_core_dump_and_a_password_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let words = [
        "--pin-fd",
        "0",
        "settings",
        "bitcoin",
        "http://127.0.0.1:1",
        "--user",
        "acme",
    ];
    let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .arg("--home")
        .arg(folder.path())
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // It waits for the password: by then it has closed itself.
    std::thread::sleep(std::time::Duration::from_secs(1));
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    assert_eq!(core.split_whitespace().nth(5), Some("0"), "{core}");
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"hunter2hunter2\n")
        .unwrap();
    let said = child.wait_with_output().unwrap();
    assert!(said.status.success());
    assert!(!String::from_utf8(said.stdout).unwrap().contains("hunter2"));
    let home = folder.path().display().to_string();
    let shown = countersign(&["--home", &home, "--json", "settings", "show"]).unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(
        shown.contains("acme") && !shown.contains("hunter2"),
        "{shown}"
    );
}

/// Runs a command in a home, with a secret on its standard input.
fn with_secret(home: &str, words: &[&str], secret: &str) -> std::io::Result<Output> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["--home", home, "--json", "--pin-fd", "0"])
        .args(words)
        .env_remove("COUNTERSIGN_HOME")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A command that asks for nothing may be gone before it is written.
        let _ = stdin.write_all(format!("{secret}\n").as_bytes());
    }
    child.wait_with_output()
}

#[test]
fn a_chain_has_one_node_and_neither_token_nor_path_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().display().to_string();
    let evm = |words: &[&str]| {
        let all = [&["settings", "evm"], words].concat();
        with_secret(&home, &all, "t0kent0ken").unwrap()
    };
    assert!(
        evm(&["1", "https://one.test/v3/pathtoken"])
            .status
            .success()
    );
    assert!(evm(&["31337", "http://127.0.0.1:1"]).status.success());
    let words = ["1", "https://two.test/v3/pathtoken", "--bearer"];
    let more = [
        "--second",
        "http://127.0.0.1:2",
        "--highest-gas-price",
        "90",
    ];
    let said = evm(&[&words[..], &more].concat());
    assert!(said.status.success(), "{said:?}");
    let json: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(
        json.pointer("/evm"),
        Some(&serde_json::json!([
            {
                "chain_id": 1,
                "chain": "eip155:1",
                "url": "https://two.test",
                "second": "http://127.0.0.1:2",
                "bearer": true,
                "highest_gas_price": 90,
            },
            {
                "chain_id": 31337,
                "chain": "eip155:31337",
                "url": "http://127.0.0.1:1",
                "second": null,
                "bearer": false,
                "highest_gas_price": 500,
            },
        ]))
    );
    let shown = countersign(&["--home", &home, "settings", "show"]).unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(
        shown.contains("Ethereum, eip155:1") && shown.contains("token set"),
        "{shown}"
    );
    for secret in ["t0ken", "pathtoken", "one.test"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    for bad in [
        &["1", "ftp://127.0.0.1"][..],
        &["1", "http://user:secret@127.0.0.1"],
        &["1", "http://127.0.0.1", "--second", "127.0.0.1"],
        &["1", "http://127.0.0.1", "--highest-gas-price", "0"],
    ] {
        let said = evm(bad);
        assert_eq!(said.status.code(), Some(1), "{said:?}");
        let text = String::from_utf8(said.stdout).unwrap();
        assert!(text.contains("nothing was changed"), "{text}");
    }
    assert_eq!(evm(&["0", "http://127.0.0.1"]).status.code(), Some(2));
}
