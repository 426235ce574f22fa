//! Somebody who can write the journal's file, while Countersign does not run.

use domain::entry::{LinkDraft, SignedBody, SignedLink};
use domain::{LinkId, Timestamp};
use sqlx::Connection as _;

use super::support::*;
use crate::chain::Row;
use crate::open::{Fit, Walk};
use crate::{Anchor, AppendError, OpenError, ReadError, database};

/// What [`fill`] leaves: rows and anchor.
async fn rows() -> (Vec<Row>, Anchor) {
    let home = Home::filled().await;
    let journal = home.open().await;
    let mut inner = journal.inner.lock().await;
    let rows = database::rows(&mut inner.connection, 0).await.unwrap();
    drop(inner);
    let anchor = Anchor::parse(&home.anchors.get().unwrap()).unwrap();
    (rows, anchor)
}

/// Why these rows are not a sound journal beside this anchor, as [`Journal::open`] decides it.
fn found_out(rows: &[Row], anchor: &Anchor) -> Option<String> {
    found_out_after(Walk::from_anchor(Some(anchor.clone())), rows)
}

/// The same, when some rows have been taken already.
fn found_out_after(mut walk: Walk, rows: &[Row]) -> Option<String> {
    for row in rows {
        if let Err(bad) = walk.take(row) {
            return Some(bad.to_string());
        }
    }
    match walk.judge() {
        Ok(Fit::Anchored) => None,
        Ok(Fit::OneAhead) => Some("one ahead".to_owned()),
        Err(fault) => Some(fault.to_string()),
    }
}

#[tokio::test]
async fn every_flipped_byte_of_every_row_is_found() {
    let (rows, anchor) = rows().await;
    assert_eq!(found_out(&rows, &anchor), None);
    let mut flips = 0_usize;
    let mut before = Walk::from_anchor(Some(anchor));
    for (number, row) in rows.iter().enumerate() {
        let mut try_row = |number: usize, row: Row| {
            let mut changed = rows[number..].to_vec();
            changed[0] = row;
            assert!(
                found_out_after(before.clone(), &changed).is_some(),
                "row {number}"
            );
            flips += 1;
        };
        for place in 0..row.body.len() {
            let mut row = row.clone();
            row.body[place] ^= 1 << (place % 8);
            try_row(number, row);
        }
        for place in 0..row.link.len() {
            let mut row = row.clone();
            row.link[place] ^= 1 << (place % 8);
            try_row(number, row);
        }
        for bit in 0..64 {
            let mut row = row.clone();
            row.first_seen ^= 1_i64 << bit;
            try_row(number, row.clone());
            row.first_seen ^= 1_i64 << bit;
            row.sequence ^= 1_i64 << bit;
            try_row(number, row);
        }
        for place in 0..32 {
            let (mut entry, mut link) = row.ids.clone().unwrap();
            entry[place] ^= 1;
            link[place] ^= 1;
            let (whole_entry, whole_link) = row.ids.clone().unwrap();
            let ids = Some((entry, whole_link));
            try_row(number, Row { ids, ..row.clone() });
            let ids = Some((whole_entry, link));
            try_row(number, Row { ids, ..row.clone() });
        }
        before.take(row).unwrap();
    }
    assert!(flips > 10_000, "{flips} flips");
}

#[tokio::test]
async fn dropped_doubled_and_reordered_rows_are_found() {
    let (rows, anchor) = rows().await;
    for number in 0..rows.len() {
        let mut dropped = rows.clone();
        dropped.remove(number);
        assert!(found_out(&dropped, &anchor).is_some(), "dropped {number}");
        let mut renumbered = dropped.clone();
        for (sequence, row) in renumbered.iter_mut().enumerate() {
            row.sequence = i64::try_from(sequence).unwrap();
        }
        assert!(
            found_out(&renumbered, &anchor).is_some(),
            "closed up over {number}"
        );
        let mut doubled = rows.clone();
        doubled.insert(number, rows[number].clone());
        assert!(found_out(&doubled, &anchor).is_some(), "doubled {number}");
        for other in number + 1..rows.len() {
            let mut swapped = rows.clone();
            swapped.swap(number, other);
            (swapped[number].sequence, swapped[other].sequence) =
                (rows[number].sequence, rows[other].sequence);
            assert!(
                found_out(&swapped, &anchor).is_some(),
                "{number} with {other}"
            );
        }
    }
}

#[tokio::test]
async fn a_cut_tail_is_found_at_every_length() {
    let (rows, anchor) = rows().await;
    for length in 0..rows.len() {
        let why = found_out(&rows[..length], &anchor).unwrap();
        assert!(
            why.contains("the file was cut or is an older copy"),
            "{why}"
        );
        assert!(why.contains(&format!("has {length} entries")), "{why}");
    }
}

#[tokio::test]
async fn a_faulted_journal_is_read_and_exported_but_takes_nothing() {
    let home = Home::filled().await;
    attack(&home.path(), "DELETE FROM entry WHERE sequence = 9").await;
    let journal = home.open().await;
    let fault = journal.fault().unwrap().to_string();
    assert!(
        fault.contains("entry 9 was already written on this machine"),
        "{fault}"
    );
    assert_eq!(journal.entries(0).await.unwrap().len(), 9);
    let export = home.folder.path().join("export.jsonl");
    assert_eq!(
        journal.export(&export, seconds(30)).await.unwrap().entries,
        9
    );
    let error = append_by(&journal, next_body(20), 20, 2).await.unwrap_err();
    assert!(matches!(error, AppendError::Faulted(_)), "{error}");
    journal.close().await.unwrap();
    // It stays faulted: opening anew changes neither file nor anchor.
    assert!(home.fault().await.contains("was cut"));
}

#[tokio::test]
async fn a_bad_row_is_named_by_place_and_reason() {
    let home = Home::filled().await;
    attack(
        &home.path(),
        "UPDATE entry SET body = CAST(replace(CAST(body AS TEXT), '\"sig\":\"', '\"sig\": \"') AS BLOB) WHERE sequence = 4",
    )
    .await;
    let journal = home.open().await;
    let fault = journal.fault().unwrap().to_string();
    assert!(
        fault.starts_with("entry 4 of the journal is bad: its body"),
        "{fault}"
    );
    assert!(fault.contains("not in its one spelling"), "{fault}");
    let error = journal.entries(0).await.unwrap_err();
    assert!(matches!(error, ReadError::BadEntry(bad) if bad.sequence == 4));
}

#[tokio::test]
async fn changes_in_the_real_file_are_found() {
    for (sql, why) in [
        (
            "UPDATE entry SET first_seen = first_seen - 1 WHERE sequence = 5",
            "no signature covers",
        ),
        (
            "UPDATE entry SET first_seen = 1 WHERE sequence = 5",
            "time of first sight",
        ),
        (
            "UPDATE entry SET sequence = 10 WHERE sequence = 9",
            "a row numbered 10",
        ),
        (
            "UPDATE entry SET sequence = 77 WHERE sequence = 0",
            "entry 0 of the journal is bad",
        ),
        (
            "UPDATE entry SET entry_id = randomblob(32) WHERE sequence = 2",
            "the entry id stored",
        ),
        (
            "UPDATE entry SET link_id = randomblob(32) WHERE sequence = 2",
            "the link id stored",
        ),
        (
            "UPDATE entry SET body = (SELECT body FROM entry WHERE sequence = 2) WHERE sequence = 3",
            "the entry id stored",
        ),
        (
            "UPDATE entry SET link = (SELECT link FROM entry WHERE sequence = 2) WHERE sequence = 3",
            "the link id stored",
        ),
        (
            "UPDATE entry SET body = x''",
            "entry 0 of the journal is bad: its body",
        ),
        ("DELETE FROM entry", "has 0 entries, but entry 9"),
    ] {
        let home = Home::filled().await;
        attack(&home.path(), sql).await;
        let fault = home.fault().await;
        assert!(fault.contains(why), "{sql}: {fault}");
    }
}

#[tokio::test]
async fn a_dropped_trigger_or_a_new_one_is_found() {
    for sql in [
        "DROP TRIGGER entry_is_never_deleted",
        "DROP TRIGGER entry_is_never_updated; CREATE TRIGGER entry_is_never_updated BEFORE UPDATE ON entry BEGIN SELECT 1; END",
        "CREATE TRIGGER extra AFTER INSERT ON clock_mark BEGIN DELETE FROM clock_mark; END",
        "CREATE TABLE shadow (x)",
        "CREATE VIEW entries AS SELECT * FROM entry",
    ] {
        let home = Home::filled().await;
        let mut connection = raw(&home.path()).await;
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let error = home.try_open().await.unwrap_err();
        assert!(matches!(error, OpenError::Schema(_)), "{sql}: {error}");
    }
}

#[tokio::test]
async fn another_file_or_a_newer_one_is_no_journal() {
    let home = Home::filled().await;
    for (sql, why) in [
        ("PRAGMA user_version = 2", "schema version 2"),
        ("PRAGMA application_id = 1", "is not a journal"),
    ] {
        let mut connection = raw(&home.path()).await;
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let error = home.try_open().await.unwrap_err().to_string();
        assert!(error.contains(why), "{sql}: {error}");
    }
    std::fs::write(
        home.path(),
        "not a database, only text that is long enough to be a header",
    )
    .unwrap();
    let error = home.try_open().await.unwrap_err();
    assert!(matches!(error, OpenError::Database(_)), "{error}");
}

#[tokio::test]
async fn an_older_copy_of_the_file_is_found() {
    let home = Home::filled().await;
    let old = home.folder.path().join("old.db");
    std::fs::copy(home.path(), &old).unwrap();
    let journal = home.open().await;
    append_by(&journal, next_body(20), 20, 2).await.unwrap();
    journal.close().await.unwrap();
    std::fs::rename(&old, home.path()).unwrap();
    let fault = home.fault().await;
    assert!(
        fault.contains("entry 10 was already written on this machine"),
        "{fault}"
    );
}

#[tokio::test]
async fn a_missing_anchor_beside_entries_is_a_fault() {
    let home = Home::filled().await;
    home.anchors.set(None);
    let fault = home.fault().await;
    assert!(fault.contains("holds no anchor"), "{fault}");
    // And looking does not cure it.
    assert_eq!(home.anchors.get(), None);
}

#[tokio::test]
async fn an_anchor_that_is_none_opens_nothing() {
    let home = Home::filled().await;
    for text in ["", "null", "{}", r#"{"head":{}}"#, r#""Empty""#] {
        home.anchors.set(Some(text.to_owned()));
        let error = home.try_open().await.unwrap_err();
        assert!(matches!(error, OpenError::Anchor(_)), "{text}: {error}");
    }
}

/// An anchor behind the journal, as if the machine had not anchored the last `lacking` entries.
async fn anchor_behind(home: &Home, lacking: u64) {
    let (rows, _) = rows().await;
    let mut walk = Walk::from_anchor(None);
    for row in &rows[..usize::try_from(FILLED - lacking).unwrap()] {
        walk.take(row).unwrap();
    }
    home.anchors
        .set(Some(walk.chain.anchor().to_text().unwrap()));
}

#[tokio::test]
async fn an_anchor_one_behind_is_mended_and_two_behind_is_a_fault() {
    let home = Home::filled().await;
    let good = home.anchors.get();
    anchor_behind(&home, 1).await;
    assert_ne!(home.anchors.get(), good);
    assert_eq!(home.fault().await, "sound");
    assert_eq!(home.anchors.get(), good);
    anchor_behind(&home, 2).await;
    let fault = home.fault().await;
    assert!(fault.contains("the keyring knows 8 of them"), "{fault}");
    assert_ne!(home.anchors.get(), good);
}

#[tokio::test]
async fn an_entry_slipped_in_behind_the_anchor_needs_a_known_machines_signature() {
    let (rows, anchor) = rows().await;
    let body = next_body(20);
    let head = LinkId::from_bytes(rows[9].ids.clone().unwrap().1.try_into().unwrap());
    let draft = LinkDraft::new(FILLED, Some(head), &body).unwrap();
    let forger = Key::new(0x77);
    let forged = draft
        .clone()
        .sign(&forger.public(), forger.sign(draft.digest()))
        .unwrap();
    let why = found_out(&with(&rows, &body, &forged), &anchor).unwrap();
    assert!(
        why.contains("the machine that signed it is not known"),
        "{why}"
    );
    // The forger names the machine's key, but can't sign with it.
    let honest = draft.clone().sign(
        &machine_key(2).public(),
        machine_key(2).sign(draft.digest()),
    );
    let wrong = machine_key(2).sign(&[1; 32]);
    let text = String::from_utf8(honest.unwrap().envelope().as_bytes().to_vec()).unwrap();
    let good_signature = base64(machine_key(2).sign(draft.digest()).as_bytes());
    let text = text.replace(&good_signature, &base64(wrong.as_bytes()));
    let forged = SignedLink::parse(text.as_bytes()).unwrap();
    let why = found_out(&with(&rows, &body, &forged), &anchor).unwrap();
    assert!(why.contains("the signature of its link is wrong"), "{why}");
}

fn base64(bytes: &[u8]) -> String {
    use ::base64::Engine as _;
    ::base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn with(rows: &[Row], body: &SignedBody, link: &SignedLink) -> Vec<Row> {
    let row = Row {
        sequence: i64::try_from(rows.len()).unwrap(),
        body: body.envelope().as_bytes().to_vec(),
        link: link.envelope().as_bytes().to_vec(),
        first_seen: i64::try_from(seconds(20).as_millis()).unwrap(),
        ids: None,
    };
    rows.iter().cloned().chain([row]).collect()
}

#[tokio::test]
async fn another_history_with_good_signatures_is_found() {
    let home = Home::filled().await;
    // The same machine's key signs another entry at the anchored place: a fork.
    let (mut rows, anchor) = rows().await;
    rows.pop();
    let body = next_body(18);
    let head = LinkId::from_bytes(rows[8].ids.clone().unwrap().1.try_into().unwrap());
    let draft = LinkDraft::new(9, Some(head), &body).unwrap();
    let link = draft.clone().sign(
        &machine_key(2).public(),
        machine_key(2).sign(draft.digest()),
    );
    let why = found_out(&with(&rows, &body, &link.unwrap()), &anchor).unwrap();
    assert!(why.contains("another history (a fork)"), "{why}");
    // And the anchor of another treasury fits nothing.
    let Anchor::Head(mut other) = anchor else {
        panic!("anchored")
    };
    other.treasury = domain::TreasuryId::from_bytes([1; 32]);
    home.anchors
        .set(Some(Anchor::Head(other).to_text().unwrap()));
    assert!(home.fault().await.contains("of another treasury"));
}

#[tokio::test]
async fn a_damaged_page_of_the_file_opens_faulted_or_not_at_all() {
    let good = Home::filled().await;
    let bytes = std::fs::read(good.path()).unwrap();
    let anchor = good.anchors.get();
    let home = Home::new();
    home.anchors.set(anchor);
    let mut found = 0;
    // Every page once, a run of bytes in its middle.
    for page in 0..bytes.len() / 4096 {
        let mut damaged = bytes.clone();
        let middle = page * 4096 + 2048;
        damaged[middle..middle + 2048].fill(0xA5);
        std::fs::write(home.path(), damaged).unwrap();
        match home.try_open().await {
            Err(_) => found += 1,
            Ok(journal) => {
                if journal.fault().is_some() {
                    found += 1;
                } else {
                    // The run fell on bytes that hold nothing: all entries are as they were.
                    assert_eq!(
                        journal.verify().await.unwrap().unwrap().sequence,
                        FILLED - 1
                    );
                }
                journal.close().await.unwrap();
            }
        }
    }
    assert!(found >= 5, "{found} damages were found");
}

#[test]
fn the_first_sight_of_an_entry_is_never_before_the_one_before() {
    let time = |millis: i64| Row {
        sequence: 0,
        body: founding().envelope().as_bytes().to_vec(),
        link: Vec::new(),
        first_seen: millis,
        ids: None,
    };
    // Before any year that a clock shows, and below zero.
    for millis in [0, -1, i64::MIN, i64::MAX] {
        let body = founding();
        let draft = LinkDraft::new(0, None, &body).unwrap();
        let link = draft.clone().sign(
            &machine_key(1).public(),
            machine_key(1).sign(draft.digest()),
        );
        let row = Row {
            link: link.unwrap().envelope().as_bytes().to_vec(),
            ..time(millis)
        };
        let bad = Walk::from_anchor(None).take(&row).unwrap_err();
        assert_eq!(bad.why, crate::Why::FirstSeen);
    }
    assert!(Timestamp::from_millis(0).is_err());
}
