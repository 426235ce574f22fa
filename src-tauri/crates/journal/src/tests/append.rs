//! What may be appended, when, and by whom.

use std::sync::Arc;

use domain::act::Act;
use domain::entry::SignedBody;
use domain::{Author, Span};
use sqlx::Connection as _;

use super::support::*;
use crate::{AppendError, ClockMark, Journal, NoCrash, OpenError};

#[tokio::test]
async fn what_is_appended_reads_back_byte_for_byte() {
    let home = Home::new();
    let journal = home.create().await;
    fill(&journal).await;
    let before = journal.entries(0).await.unwrap();
    journal.close().await.unwrap();
    let journal = home.open().await;
    assert_eq!(journal.fault(), None);
    let entries = journal.entries(0).await.unwrap();
    assert_eq!(entries, before);
    assert_eq!(entries.len() as u64, FILLED);
    assert_eq!(journal.entries(7).await.unwrap(), entries[7..]);
    assert_eq!(journal.entries(FILLED).await.unwrap(), []);
    assert_eq!(journal.treasury().await, Some(treasury()));
    let head = journal.head().await.unwrap();
    assert_eq!((head.sequence, head.time), (FILLED - 1, seconds(19)));
    assert_eq!(journal.verify().await.unwrap(), Some(head));
    // The envelope's bytes are those that were signed, not a new encoding.
    assert_eq!(
        entries[0].body.envelope().as_bytes(),
        founding().envelope().as_bytes()
    );
}

#[tokio::test]
async fn an_empty_journal_opens_and_takes_its_founding() {
    let home = Home::new();
    home.create().await.close().await.unwrap();
    let journal = home.open().await;
    assert_eq!((journal.fault(), journal.head().await), (None, None));
    append_by(&journal, founding(), 1, 1).await.unwrap();
    assert_eq!(journal.head().await.unwrap().sequence, 0);
}

#[tokio::test]
async fn a_journal_replaces_no_file_and_no_anchor() {
    let home = Home::filled().await;
    let again = Journal::create(&home.path(), home.anchors.clone(), Arc::new(NoCrash)).await;
    assert!(
        matches!(again, Err(OpenError::AlreadyThere(_))),
        "{again:?}"
    );
    let elsewhere = home.folder.path().join("other.db");
    let again = Journal::create(&elsewhere, home.anchors.clone(), Arc::new(NoCrash)).await;
    assert!(matches!(again, Err(OpenError::StrayAnchor)), "{again:?}");
    assert!(!elsewhere.exists());
    let missing = Journal::open(&elsewhere, home.anchors.clone(), Arc::new(NoCrash)).await;
    assert!(matches!(missing, Err(OpenError::Missing(_))), "{missing:?}");
}

#[tokio::test]
async fn a_body_decided_on_an_older_head_is_refused() {
    let home = Home::new();
    let journal = home.create().await;
    append_by(&journal, founding(), 1, 1).await.unwrap();
    let stale = journal
        .append(next_body(2), None, seconds(2), &machine_key(1))
        .await;
    assert!(
        matches!(
            stale,
            Err(AppendError::HeadMoved {
                expected: None,
                actual: Some(_)
            })
        ),
        "{stale:?}"
    );
    assert_eq!(journal.head().await.unwrap().sequence, 0);
}

#[tokio::test]
async fn a_body_occurs_once() {
    let home = Home::new();
    let journal = home.create().await;
    append_by(&journal, founding(), 1, 1).await.unwrap();
    append_by(&journal, next_body(2), 3, 1).await.unwrap();
    for body in [founding(), next_body(2)] {
        let id = body.id();
        let again = append_by(&journal, body, 4, 1).await;
        assert!(
            matches!(again, Err(AppendError::AlreadyThere(known)) if known == id),
            "{again:?}"
        );
    }
    assert_eq!(journal.entries(0).await.unwrap().len(), 2);
}

#[tokio::test]
async fn two_appends_on_one_head_side_by_side_store_one() {
    let home = Home::new();
    let journal = home.create().await;
    append_by(&journal, founding(), 1, 1).await.unwrap();
    let head = journal.head().await.map(|head| head.link);
    let key = machine_key(1);
    let (a, b) = tokio::join!(
        journal.append(next_body(2), head, seconds(3), &key),
        journal.append(next_body(3), head, seconds(3), &key),
    );
    assert_eq!(
        [a.is_ok(), b.is_ok()]
            .iter()
            .filter(|stored| **stored)
            .count(),
        1
    );
    assert_eq!(journal.entries(0).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_clock_behind_the_journal_is_refused() {
    let home = Home::new();
    let journal = home.create().await;
    append_by(&journal, founding(), 10, 1).await.unwrap();
    let behind = append_by(&journal, next_body(2), 9, 1).await;
    assert!(
        matches!(behind, Err(AppendError::ClockBehind { .. })),
        "{behind:?}"
    );
    append_by(&journal, next_body(2), 10, 1).await.unwrap();
}

#[tokio::test]
async fn a_body_from_the_future_holds_up_nobody() {
    let home = Home::new();
    let journal = home.create().await;
    append_by(&journal, founding(), 1, 1).await.unwrap();
    let ahead = append_by(&journal, next_body(200), 2, 1).await;
    assert!(
        matches!(ahead, Err(AppendError::FromTheFuture { .. })),
        "{ahead:?}"
    );
    append_by(&journal, next_body(2), 2, 1).await.unwrap();
}

#[tokio::test]
async fn only_the_founding_is_first_and_only_once() {
    let home = Home::new();
    let journal = home.create().await;
    let early = append_by(&journal, next_body(2), 3, 1).await;
    assert!(matches!(early, Err(AppendError::Refused(_))), "{early:?}");
    append_by(&journal, founding(), 3, 1).await.unwrap();
    let mut body = founding().body().clone();
    body.time = seconds(2);
    let draft = domain::entry::Draft::new(body).unwrap();
    let digest = *draft.digest();
    let all: Vec<_> = (1..=3)
        .map(officer_key)
        .map(|key| (key.public(), key.sign(&digest)))
        .collect();
    let second = append_by(&journal, draft.sign(&all).unwrap(), 4, 1).await;
    assert!(matches!(second, Err(AppendError::Refused(_))), "{second:?}");
}

#[tokio::test]
async fn nothing_by_an_unknown_or_forged_signer_is_stored() {
    let home = Home::new();
    let journal = home.create().await;
    append_by(&journal, founding(), 1, 1).await.unwrap();
    let act = Act::Proposed(Box::new(policy_proposal(1)));
    let known = Author::Officer(officer_key(1).public().officer_id());
    let refused = |why: &'static str, body: SignedBody, signer: u8| {
        let journal = &journal;
        async move {
            let error = append_by(journal, body, 3, signer).await.unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        }
    };
    refused("the officer that signed", by_officer(4, 2, act.clone()), 1).await;
    refused("the machine that signed", by_machine(2, 2, act.clone()), 1).await;
    refused("the machine that signed", by_officer(1, 2, act.clone()), 2).await;
    let forged = signed(known, seconds(2), act.clone(), &officer_key(2));
    refused("not signed by the key", forged, 1).await;
    // Slot 9e signs a freeze and nothing else.
    let by_freeze_key = signed(known, seconds(2), act, &freeze_key(1));
    refused("not signed by the key", by_freeze_key, 1).await;
    assert_eq!(journal.head().await.unwrap().sequence, 0);
}

#[tokio::test]
async fn a_replaced_machine_links_nothing_more() {
    let home = Home::filled().await;
    let journal = home.open().await;
    let error = append_by(&journal, next_body(20), 20, 1).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the machine that signed it is not known"),
        "{error}"
    );
    append_by(&journal, next_body(20), 20, 2).await.unwrap();
}

#[tokio::test]
async fn two_writers_never_open_one_journal() {
    let home = Home::filled().await;
    let first = home.open().await;
    let second = home.try_open().await.unwrap_err().to_string();
    assert!(
        second.contains(&format!("process {}", std::process::id())),
        "{second}"
    );
    // Another spelling of the path meets the same lock.
    let spelled = home.folder.path().join(".").join("journal.db");
    let third = Journal::open(&spelled, home.anchors.clone(), Arc::new(NoCrash)).await;
    assert!(matches!(third, Err(OpenError::InUse { .. })), "{third:?}");
    #[cfg(unix)]
    {
        let link = home.folder.path().join("link.db");
        std::os::unix::fs::symlink(home.path(), &link).unwrap();
        let fourth = Journal::open(&link, home.anchors.clone(), Arc::new(NoCrash)).await;
        assert!(matches!(fourth, Err(OpenError::InUse { .. })), "{fourth:?}");
    }
    drop(first);
    home.open().await;
}

#[tokio::test]
async fn a_row_written_behind_its_back_stops_the_writer() {
    let home = Home::new();
    let journal = home.create().await;
    fill(&journal).await;
    let mut other = raw(&home.path()).await;
    sqlx::raw_sql(
        "INSERT INTO entry SELECT sequence + 1, randomblob(32), randomblob(32), body, link, first_seen FROM entry ORDER BY sequence DESC LIMIT 1",
    )
    .execute(&mut other)
    .await
    .unwrap();
    other.close().await.unwrap();
    let error = append_by(&journal, next_body(20), 20, 2).await.unwrap_err();
    assert!(matches!(error, AppendError::OtherWriter), "{error}");
    drop(journal);
    assert!(
        home.fault()
            .await
            .contains("entry 10 of the journal is bad")
    );
}

#[tokio::test]
async fn a_full_disk_refuses_and_loses_nothing() {
    let home = Home::filled().await;
    let journal = home.open().await;
    {
        let mut inner = journal.inner.lock().await;
        sqlx::raw_sql("PRAGMA max_page_count = 1")
            .execute(&mut inner.connection)
            .await
            .unwrap();
    }
    let mut time = 20;
    let error = loop {
        match append_by(&journal, next_body(time), time, 2).await {
            Ok(_) => time += 1,
            Err(error) => break error,
        }
        assert!(time < 200, "the disk never became full");
    };
    assert!(matches!(error, AppendError::NotStored(_)), "{error}");
    assert!(error.to_string().contains("nothing is stored"), "{error}");
    {
        let mut inner = journal.inner.lock().await;
        sqlx::raw_sql("PRAGMA max_page_count = 100000")
            .execute(&mut inner.connection)
            .await
            .unwrap();
    }
    // With room again the same journal goes on.
    append_by(&journal, next_body(time), time, 2).await.unwrap();
    journal.close().await.unwrap();
    assert_eq!(home.fault().await, "sound");
}

#[tokio::test]
async fn a_read_only_journal_refuses_and_loses_nothing() {
    let home = Home::filled().await;
    let journal = home.open().await;
    {
        let mut inner = journal.inner.lock().await;
        sqlx::raw_sql("PRAGMA query_only = ON")
            .execute(&mut inner.connection)
            .await
            .unwrap();
    }
    let error = append_by(&journal, next_body(20), 20, 2).await.unwrap_err();
    assert!(matches!(error, AppendError::NotStored(_)), "{error}");
    assert_eq!(journal.head().await.unwrap().sequence, FILLED - 1);
    journal.close().await.unwrap();
    assert_eq!(home.fault().await, "sound");
}

#[tokio::test]
async fn an_entry_that_the_keyring_did_not_take_is_stored_and_anchored_at_the_next_open() {
    let home = Home::filled().await;
    let journal = home.open().await;
    *home.anchors.refuses.lock().unwrap() = true;
    let error = append_by(&journal, next_body(20), 20, 2).await.unwrap_err();
    assert!(
        matches!(
            error,
            AppendError::StoredNotAnchored {
                sequence: FILLED,
                ..
            }
        ),
        "{error}"
    );
    let next = append_by(&journal, next_body(21), 21, 2).await.unwrap_err();
    assert!(matches!(next, AppendError::NeedsReopen), "{next}");
    journal.close().await.unwrap();
    assert!(matches!(home.try_open().await, Err(OpenError::Anchor(_))));
    *home.anchors.refuses.lock().unwrap() = false;
    let journal = home.open().await;
    assert_eq!(
        (journal.fault(), journal.head().await.unwrap().sequence),
        (None, FILLED)
    );
    append_by(&journal, next_body(21), 21, 2).await.unwrap();
}

#[tokio::test]
async fn an_append_that_was_cancelled_needs_a_new_look() {
    let home = Home::filled().await;
    let journal = home.open().await;
    let head = journal.head().await.map(|head| head.link);
    {
        let key = machine_key(2);
        let mut append = Box::pin(journal.append(next_body(20), head, seconds(20), &key));
        // Polled once, so that it has begun, then dropped.
        let begun = std::future::poll_fn(|context| {
            std::task::Poll::Ready(append.as_mut().poll(context).is_pending())
        })
        .await;
        assert!(begun);
    }
    let error = append_by(&journal, next_body(21), 21, 2).await.unwrap_err();
    assert!(matches!(error, AppendError::NeedsReopen), "{error}");
    journal.close().await.unwrap();
    assert_eq!(home.fault().await, "sound");
}

#[tokio::test]
async fn the_clock_mark_keeps_the_latest_reading() {
    let home = Home::filled().await;
    let journal = home.open().await;
    assert_eq!(journal.clock_mark().await.unwrap(), None);
    let mut mark = ClockMark {
        boot_id: "a".to_owned(),
        since_boot: Span::from_secs(5),
        wall: seconds(5),
    };
    journal.mark_clock(&mark).await.unwrap();
    mark.wall = seconds(6);
    journal.mark_clock(&mark).await.unwrap();
    journal.close().await.unwrap();
    assert_eq!(home.open().await.clock_mark().await.unwrap(), Some(mark));
}

#[tokio::test]
async fn the_triggers_hold_against_raw_sql() {
    let home = Home::filled().await;
    let mut connection = raw(&home.path()).await;
    for (sql, why) in [
        ("UPDATE entry SET first_seen = 0", "never changed"),
        (
            "UPDATE OR REPLACE entry SET sequence = 3 WHERE sequence = 4",
            "never changed",
        ),
        ("DELETE FROM entry WHERE sequence = 9", "never deleted"),
        ("DELETE FROM entry", "never deleted"),
        (
            "INSERT INTO entry SELECT sequence + 2, randomblob(32), randomblob(32), body, link, first_seen FROM entry WHERE sequence = 9",
            "only appended",
        ),
        (
            "INSERT INTO entry SELECT -1, randomblob(32), randomblob(32), body, link, first_seen FROM entry WHERE sequence = 9",
            "only appended",
        ),
        (
            "INSERT INTO entry SELECT NULL, randomblob(32), randomblob(32), body, link, first_seen FROM entry WHERE sequence = 9",
            "only appended",
        ),
        (
            "INSERT OR REPLACE INTO entry SELECT 3, entry_id, link_id, body, link, 0 FROM entry WHERE sequence = 3",
            "only appended",
        ),
        (
            "INSERT OR REPLACE INTO entry SELECT 10, entry_id, randomblob(32), body, link, 0 FROM entry WHERE sequence = 3",
            "only appended",
        ),
        (
            "REPLACE INTO entry SELECT 10, randomblob(32), link_id, body, link, 0 FROM entry WHERE sequence = 3",
            "only appended",
        ),
        (
            "INSERT INTO entry SELECT 10, x'00', randomblob(32), body, link, 0 FROM entry WHERE sequence = 3",
            "CHECK",
        ),
        (
            "INSERT INTO entry SELECT 10, randomblob(32), randomblob(32), 'text', link, 0 FROM entry WHERE sequence = 3",
            "TEXT",
        ),
    ] {
        let error = sqlx::raw_sql(sql)
            .execute(&mut connection)
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(why), "{sql}: {error}");
    }
    connection.close().await.unwrap();
    assert_eq!(home.fault().await, "sound");
}
