//! The same exports read by an implementation that knows only the documented format.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use super::forge::{Export, forgeries, honest};
use super::support::*;
use crate::verify_export;

/// A Python with the `cryptography` package. `cargo xtask test` sets one up.
fn python() -> OsString {
    let python = std::env::var_os("COUNTERSIGN_PYTHON").unwrap_or_else(|| "python3".into());
    let works = Command::new(&python)
        .args(["-c", "import cryptography"])
        .output()
        .is_ok_and(|output| output.status.success());
    assert!(
        works,
        "no Python with the `cryptography` package; run the tests through `cargo xtask test`, which sets one up"
    );
    python
}

/// What the verifier prints of an export, and whether it exits with success.
fn verdict(python: &OsString, folder: &Path, export: &[u8]) -> (bool, String) {
    let file = folder.join("export.jsonl");
    std::fs::write(&file, export).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verify_export.py");
    let output = Command::new(python).arg(script).arg(file).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(errors, "", "the verifier itself failed");
    (
        output.status.success(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

#[tokio::test]
async fn an_independent_implementation_verifies_an_export() {
    let python = python();
    let folder = tempfile::tempdir().unwrap();
    let good = Export::filled().await;
    for bytes in [good.sealed(), honest(&good)] {
        let summary = verify_export(bytes.as_slice()).unwrap();
        let said = format!(
            "good: {} entries, head {}\n",
            summary.entries,
            summary.head.unwrap()
        );
        assert_eq!(verdict(&python, folder.path(), &bytes), (true, said));
    }
}

#[tokio::test]
async fn an_independent_implementation_finds_each_forgery_at_the_same_entry() {
    let python = python();
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, bad) in forgeries(&Export::filled().await) {
        let (good, said) = verdict(&python, folder.path(), &bytes);
        assert!(!good, "{name}");
        let wanted = match bad {
            Some(sequence) => format!("BAD: entry {sequence} is "),
            None => "BAD: the header names another ".to_owned(),
        };
        assert!(said.starts_with(&wanted), "{name}: {said}");
    }
}

#[tokio::test]
async fn an_independent_implementation_finds_every_damaged_line() {
    let python = python();
    let folder = tempfile::tempdir().unwrap();
    let good = Export::filled().await.sealed();
    let lines = usize::try_from(FILLED).unwrap() + 2;
    for number in 0..lines {
        let mut bytes = Vec::new();
        for (place, line) in good.split_inclusive(|b| *b == b'\n').enumerate() {
            let mut line = line.to_vec();
            if place == number {
                let middle = line.len() / 2;
                line[middle] ^= 1;
            }
            bytes.extend(line);
        }
        let (good, said) = verdict(&python, folder.path(), &bytes);
        assert!(!good, "line {number}: {said}");
        assert!(verify_export(bytes.as_slice()).is_err());
    }
    let (good, said) = verdict(&python, folder.path(), &[good.as_slice(), b"\n"].concat());
    assert!(!good, "a line after the last: {said}");
}
