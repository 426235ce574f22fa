//! The export: whole, strict, and what a restore makes of it.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::forge::{Export, forgeries, honest};
use super::support::*;
use crate::{
    Crash, ExportError, FORMAT, Journal, NoCrash, OpenError, RestoreError, VerifyError,
    verify_export,
};

#[tokio::test]
async fn an_export_verifies_and_says_what_it_holds() {
    let home = Home::filled().await;
    let journal = home.open().await;
    let path = home.folder.path().join("export.jsonl");
    let written = journal.export(&path, seconds(100)).await.unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let summary = verify_export(bytes.as_slice()).unwrap();
    assert_eq!(summary, written);
    assert_eq!((summary.entries, summary.exported), (FILLED, seconds(100)));
    assert_eq!(summary.treasury, Some(treasury()));
    assert_eq!(summary.head, journal.head().await.map(|head| head.link));
    assert!(bytes.starts_with(format!("{{\"format\":\"{FORMAT}\"").as_bytes()));
    // An export replaces no file.
    let again = journal.export(&path, seconds(101)).await;
    assert!(matches!(again, Err(ExportError::Io(_))), "{again:?}");
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[tokio::test]
async fn an_empty_journal_exports_and_verifies() {
    let home = Home::new();
    let journal = home.create().await;
    let path = home.folder.path().join("export.jsonl");
    journal.export(&path, seconds(1)).await.unwrap();
    let summary = verify_export(std::fs::read(&path).unwrap().as_slice()).unwrap();
    assert_eq!(
        (summary.entries, summary.head, summary.treasury),
        (0, None, None)
    );
}

#[tokio::test]
async fn each_forgery_is_found_at_its_entry() {
    let good = Export::filled().await;
    assert_eq!(
        verify_export(good.sealed().as_slice()).unwrap().entries,
        FILLED
    );
    assert_eq!(
        verify_export(honest(&good).as_slice()).unwrap().entries,
        FILLED + 1
    );
    for (name, bytes, bad) in forgeries(&good) {
        let error = verify_export(bytes.as_slice()).unwrap_err();
        let found = match &error {
            VerifyError::BadEntry(bad) => Some(bad.sequence),
            _ => None,
        };
        assert_eq!(found, bad, "{name}: {error}");
    }
}

#[tokio::test]
async fn reasons_name_what_is_wrong() {
    let good = Export::filled().await;
    let forgeries = forgeries(&good);
    for (name, why) in [
        ("dropped", "a row numbered 6 stands in its place"),
        ("cut, still announced", "it is missing"),
        ("cut, head still announced", "the header says another head"),
        (
            "swapped signature",
            "are not those that its link was signed over",
        ),
        (
            "swapped link signature",
            "the signature of its link is wrong",
        ),
        (
            "a founder's signature taken away",
            "one signature of each founding officer",
        ),
        ("white space", "not in its one spelling"),
        ("forged author", "the signature of its body is wrong"),
        ("forged link", "the machine that signed it is not known"),
        (
            "link of the replaced machine",
            "the machine that signed it is not known",
        ),
        ("high s", "the signature's s is in the upper half"),
        ("unknown version", "version 2 is unknown to this program"),
        ("duplicate key", "duplicate field `version`"),
        ("unknown field", "unknown field `more`"),
        ("unknown act", "unknown variant `minted`"),
        ("another treasury", "it is not of this treasury"),
        ("unknown author", "the officer that signed it is not known"),
        ("other base64", "Invalid padding"),
        ("base64 with line breaks", "Invalid symbol 10"),
        (
            "another payload type",
            "payload type `application/vnd.countersign.entry.v2+json`",
        ),
        (
            "freeze key on a proposal",
            "not signed by the key that should have signed",
        ),
        ("fields out of order", "missing field `version`"),
        ("payload with white space", "not in its one spelling"),
        ("a body twice", "already in the journal"),
        ("bytes after the payload", "trailing characters"),
        ("first seen before the one before", "time of first sight"),
    ] {
        let (_, bytes, _) = forgeries.iter().find(|(known, ..)| *known == name).unwrap();
        let error = verify_export(bytes.as_slice()).unwrap_err().to_string();
        assert!(error.contains(why), "{name}: {error}");
    }
}

#[tokio::test]
async fn nothing_follows_the_last_line() {
    let good = Export::filled().await.sealed();
    for more in ["\n", " ", "{}\n", "\n\n"] {
        let bytes = [good.as_slice(), more.as_bytes()].concat();
        let error = verify_export(bytes.as_slice()).unwrap_err();
        assert!(
            matches!(error, VerifyError::NotAnExport(_) | VerifyError::Io(_)),
            "{error}"
        );
    }
    assert!(verify_export(&good[..good.len() - 1]).is_err());
}

#[derive(Debug, Clone)]
enum Damage {
    Flip(prop::sample::Index, u8),
    Insert(prop::sample::Index, u8),
    Remove(prop::sample::Index),
    Cut(prop::sample::Index),
    Extend(Vec<u8>),
    SwapLines(prop::sample::Index, prop::sample::Index),
    RepeatLine(prop::sample::Index),
    DropLine(prop::sample::Index),
    Digit(prop::sample::Index, u8),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = any::<prop::sample::Index>;
    prop_oneof![
        (place(), 1..=255_u8).prop_map(|(at, bits)| Damage::Flip(at, bits)),
        (place(), any::<u8>()).prop_map(|(at, byte)| Damage::Insert(at, byte)),
        place().prop_map(Damage::Remove),
        place().prop_map(Damage::Cut),
        prop::collection::vec(any::<u8>(), 1..40).prop_map(Damage::Extend),
        (place(), place()).prop_map(|(a, b)| Damage::SwapLines(a, b)),
        place().prop_map(Damage::RepeatLine),
        place().prop_map(Damage::DropLine),
        (place(), b'0'..=b'9').prop_map(|(at, digit)| Damage::Digit(at, digit)),
    ]
}

fn damaged(bytes: &[u8], damage: &Damage) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let length = bytes.len();
    let mut lines: Vec<Vec<u8>> = bytes
        .split_inclusive(|b| *b == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    let count = lines.len();
    match damage {
        Damage::Flip(at, bits) => bytes[at.index(length)] ^= bits,
        Damage::Insert(at, byte) => bytes.insert(at.index(length + 1), *byte),
        Damage::Remove(at) => {
            bytes.remove(at.index(length));
        }
        Damage::Cut(at) => bytes.truncate(at.index(length)),
        Damage::Extend(more) => bytes.extend(more),
        Damage::SwapLines(a, b) => {
            lines.swap(a.index(count), b.index(count));
            bytes = lines.concat();
        }
        Damage::RepeatLine(at) => {
            lines.insert(at.index(count), lines[at.index(count)].clone());
            bytes = lines.concat();
        }
        Damage::DropLine(at) => {
            lines.remove(at.index(count));
            bytes = lines.concat();
        }
        Damage::Digit(at, digit) => {
            let digits: Vec<usize> = (0..length).filter(|i| bytes[*i].is_ascii_digit()).collect();
            bytes[digits[at.index(digits.len())]] = *digit;
        }
    }
    bytes
}

#[tokio::test]
async fn random_damage_to_an_export_is_always_found() {
    let good = Export::filled().await.sealed();
    let mut runner = TestRunner::new(Config::with_cases(400));
    let outcome = runner.run(&prop::collection::vec(damage(), 1..3), |damages| {
        let bytes = damages
            .iter()
            .fold(good.clone(), |bytes, one| damaged(&bytes, one));
        // Two damages can undo each other, and a swap can be of equal lines.
        prop_assume!(bytes != good);
        prop_assert!(verify_export(bytes.as_slice()).is_err());
        Ok(())
    });
    outcome.unwrap();
}

async fn restore(home: &Home, export: &[u8]) -> Result<Journal, RestoreError> {
    restore_crashing(home, export, Arc::new(NoCrash)).await
}

async fn restore_crashing(
    home: &Home,
    export: &[u8],
    crash: Arc<dyn Crash>,
) -> Result<Journal, RestoreError> {
    let source = home.folder.path().join("backup.jsonl");
    std::fs::write(&source, export).unwrap();
    Journal::restore(&home.path(), &source, home.anchors.clone(), crash).await
}

#[tokio::test]
async fn a_restored_journal_is_the_exported_one_and_goes_on() {
    let old = Home::filled().await;
    let old = old.open().await;
    let export = Export::filled().await.sealed();
    let home = Home::new();
    let journal = restore(&home, &export).await.unwrap();
    assert_eq!(journal.fault(), None);
    assert_eq!(
        journal.entries(0).await.unwrap(),
        old.entries(0).await.unwrap()
    );
    append_by(&journal, next_body(20), 20, 2).await.unwrap();
    journal.close().await.unwrap();
    assert_eq!(home.fault().await, "sound");
}

#[tokio::test]
async fn a_restore_replaces_no_journal() {
    let home = Home::filled().await;
    let export = Export::filled().await.sealed();
    let error = restore(&home, &export).await.unwrap_err();
    assert!(
        matches!(error, RestoreError::Open(OpenError::AlreadyThere(_))),
        "{error}"
    );
}

#[tokio::test]
async fn a_bad_export_restores_nothing() {
    let good = Export::filled().await;
    for (name, bytes, _) in forgeries(&good) {
        let home = Home::new();
        let error = restore(&home, &bytes).await.unwrap_err();
        assert!(matches!(error, RestoreError::Export(_)), "{name}: {error}");
        assert!(!home.path().exists(), "{name}");
        assert_eq!(home.anchors.get(), None, "{name}");
    }
}

#[tokio::test]
async fn an_export_that_lacks_what_this_machine_anchored_is_refused() {
    let export = Export::filled().await.sealed();
    let home = Home::filled().await;
    let journal = home.open().await;
    let newer = home.folder.path().join("newer.jsonl");
    append_by(&journal, next_body(20), 20, 2).await.unwrap();
    journal.export(&newer, seconds(21)).await.unwrap();
    journal.close().await.unwrap();
    std::fs::remove_file(home.path()).unwrap();
    let anchored = home.anchors.get();
    let error = restore(&home, &export).await.unwrap_err();
    assert!(matches!(error, RestoreError::Anchored(_)), "{error}");
    assert_eq!(
        (home.path().exists(), home.anchors.get()),
        (false, anchored)
    );
    // The newest one fits the same keyring.
    let newer = std::fs::read(newer).unwrap();
    let journal = restore(&home, &newer).await.unwrap();
    assert_eq!(journal.head().await.unwrap().sequence, FILLED);
}

struct PanicAtRename;

impl Crash for PanicAtRename {
    fn reach(&self, point: &'static str) {
        assert_ne!(point, "journal.restore_anchored", "the process ends here");
    }
}

#[tokio::test]
async fn a_restore_cut_short_can_be_tried_again() {
    let home = Arc::new(Home::new());
    let export = Export::filled().await.sealed();
    let (same, bytes) = (Arc::clone(&home), export.clone());
    let cut =
        tokio::spawn(async move { restore_crashing(&same, &bytes, Arc::new(PanicAtRename)).await });
    assert!(cut.await.is_err());
    assert!(!home.path().exists());
    assert!(home.anchors.get().is_some());
    let journal = restore(&home, &export).await.unwrap();
    assert_eq!(journal.head().await.unwrap().sequence, FILLED - 1);
}

#[tokio::test]
async fn nothing_is_restored_from_nothing() {
    let home = Home::new();
    let empty = Home::new();
    let path = empty.folder.path().join("empty.jsonl");
    empty
        .create()
        .await
        .export(&path, seconds(1))
        .await
        .unwrap();
    let error = restore(&home, &std::fs::read(path).unwrap())
        .await
        .unwrap_err();
    assert!(matches!(error, RestoreError::Empty), "{error}");
    let error = restore(&home, b"").await.unwrap_err();
    assert!(
        matches!(error, RestoreError::Export(VerifyError::NotAnExport(_))),
        "{error}"
    );
}
