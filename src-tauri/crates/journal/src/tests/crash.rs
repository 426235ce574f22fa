//! Sudden ends at each named point, and a disk that refuses, in a process of their own.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Arc;

use super::support::*;
use crate::{Crash, Journal, NoCrash};

const FOLDER: &str = "JOURNAL_TEST_FOLDER";
const POINT: &str = "JOURNAL_TEST_POINT";

/// Ends the process without any clean-up.
struct AbortAt(String);

impl Crash for AbortAt {
    fn reach(&self, point: &'static str) {
        if point == self.0 {
            std::process::abort();
        }
    }
}

fn anchors(folder: &Path) -> Arc<FileAnchors> {
    Arc::new(FileAnchors(folder.join("anchor.json")))
}

async fn open(folder: &Path, crash: Arc<dyn Crash>) -> Journal {
    Journal::open(&folder.join("journal.db"), anchors(folder), crash)
        .await
        .unwrap()
}

async fn filled() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = Journal::create(&path, anchors(folder.path()), Arc::new(NoCrash))
        .await
        .unwrap();
    fill(&journal).await;
    journal.close().await.unwrap();
    folder
}

/// Runs one of the ignored tests below in a process of its own.
fn run(test: &str, folder: &Path, point: &str, shell: &str) -> ExitStatus {
    Command::new("sh")
        .arg("-c")
        .arg(format!("{shell} exec \"$0\" \"$@\""))
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--quiet"])
        .env(FOLDER, folder)
        .env(POINT, point)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap()
}

fn given() -> (PathBuf, String) {
    (
        std::env::var_os(FOLDER)
            .expect("run by another test")
            .into(),
        std::env::var(POINT).unwrap(),
    )
}

#[tokio::test]
#[ignore = "run by another test, in a process of its own that dies"]
async fn child_appends_and_dies() {
    let (folder, point) = given();
    let journal = open(&folder, Arc::new(AbortAt(point))).await;
    append_by(&journal, next_body(20), 20, 2).await.unwrap();
}

#[tokio::test]
async fn killed_at_each_point_of_an_append_nothing_is_half_done() {
    for (point, entries) in [
        ("journal.before_commit", FILLED),
        ("journal.committed", FILLED + 1),
        ("journal.anchored", FILLED + 1),
    ] {
        let folder = filled().await;
        let path = folder.path();
        let status = run("tests::crash::child_appends_and_dies", path, point, "");
        assert!(!status.success(), "{point} was not reached");
        let journal = open(path, Arc::new(NoCrash)).await;
        assert_eq!(journal.fault(), None, "{point}");
        assert_eq!(
            journal.head().await.unwrap().sequence + 1,
            entries,
            "{point}"
        );
        assert!(journal.verify().await.unwrap().is_some());
        append_by(&journal, next_body(21), 21, 2).await.unwrap();
        journal.close().await.unwrap();
        // The anchor follows again.
        assert_eq!(open(path, Arc::new(NoCrash)).await.fault(), None);
    }
}

#[tokio::test]
async fn the_child_without_a_point_appends_and_lives() {
    let folder = filled().await;
    let status = run(
        "tests::crash::child_appends_and_dies",
        folder.path(),
        "none",
        "",
    );
    assert!(status.success());
    let journal = open(folder.path(), Arc::new(NoCrash)).await;
    assert_eq!(journal.head().await.unwrap().sequence, FILLED);
}

#[tokio::test]
#[ignore = "run by another test, in a process of its own"]
async fn child_finds_the_journal_in_use() {
    let (folder, parent) = given();
    let path = folder.join("journal.db");
    let opened = Journal::open(&path, anchors(&folder), Arc::new(NoCrash)).await;
    let error = opened.unwrap_err().to_string();
    assert!(
        error.contains(&format!("in use by process {parent} ")),
        "{error}"
    );
}

#[tokio::test]
async fn another_process_is_told_who_has_the_journal() {
    let folder = filled().await;
    let journal = open(folder.path(), Arc::new(NoCrash)).await;
    let test = "tests::crash::child_finds_the_journal_in_use";
    let parent = std::process::id().to_string();
    assert!(run(test, folder.path(), &parent, "").success());
    // The attempt harmed nothing.
    append_by(&journal, next_body(20), 20, 2).await.unwrap();
    journal.close().await.unwrap();
    // And without the holder the child's own expectation fails: it really tried.
    assert!(!run(test, folder.path(), &parent, "").success());
}

#[tokio::test]
async fn the_founding_survives_a_kill_between_file_and_keyring() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = Journal::create(&path, anchors(folder.path()), Arc::new(NoCrash)).await;
    journal.unwrap().close().await.unwrap();
    let status = run(
        "tests::crash::child_founds_and_dies",
        folder.path(),
        "journal.committed",
        "",
    );
    assert!(!status.success());
    let journal = open(folder.path(), Arc::new(NoCrash)).await;
    assert_eq!(journal.fault(), None);
    assert_eq!(journal.treasury().await, Some(treasury()));
}

#[tokio::test]
#[ignore = "run by another test, in a process of its own that dies"]
async fn child_founds_and_dies() {
    let (folder, point) = given();
    let journal = open(&folder, Arc::new(AbortAt(point))).await;
    append_by(&journal, founding(), 1, 1).await.unwrap();
}

#[tokio::test]
#[ignore = "run by another test, in a process whose files may not grow"]
async fn child_appends_until_the_disk_is_full() {
    let (folder, _) = given();
    let journal = open(&folder, Arc::new(NoCrash)).await;
    let mut time = 20;
    let error = loop {
        match append_by(&journal, next_body(time), time, 2).await {
            Ok(_) => time += 1,
            Err(error) => break error,
        }
        assert!(time < 5000, "the disk never became full");
    };
    // What was acknowledged is written down for the parent to compare.
    let acknowledged = format!("{} {error}", time - 20);
    std::fs::write(folder.join("acknowledged"), acknowledged).unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_disk_that_fills_up_loses_nothing_that_was_acknowledged() {
    let folder = filled().await;
    // The shell counts in blocks of 512 bytes; the ignored signal turns into a write error.
    let status = run(
        "tests::crash::child_appends_until_the_disk_is_full",
        folder.path(),
        "none",
        "trap '' XFSZ; ulimit -f 400;",
    );
    assert!(status.success());
    let said = std::fs::read_to_string(folder.path().join("acknowledged")).unwrap();
    let (acknowledged, error) = said.split_once(' ').unwrap();
    assert!(error.contains("the journal's file"), "{error}");
    let journal = open(folder.path(), Arc::new(NoCrash)).await;
    assert_eq!(journal.fault(), None);
    let stored = journal.head().await.unwrap().sequence + 1 - FILLED;
    let acknowledged: u64 = acknowledged.parse().unwrap();
    assert!(acknowledged > 0);
    // The last one may be there although it was not acknowledged; never the other way round.
    assert!(
        stored == acknowledged || stored == acknowledged + 1,
        "{stored} {acknowledged}"
    );
    append_by(&journal, next_body(9000), 9000, 2).await.unwrap();
}
