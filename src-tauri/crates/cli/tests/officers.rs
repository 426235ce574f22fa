//! Who may become an officer, and how a founded treasury's roster changes.

mod common;

use anyhow::Result;
use common::{PIN, PUK, Stage, text};
use serde_json::json;
use testkit::room::{Card, CardOptions};

const FACTORY: [&str; 4] = ["123456", PIN, "12345678", PUK];

fn prepared(stage: &Stage, options: &CardOptions) -> Result<(Card, String)> {
    let card = stage.room.plugged(options)?;
    let serial = card.serial().to_string();
    stage
        .run(&["keys", "prepare", "--serial", &serial], &FACTORY)?
        .done()?;
    Ok((card, serial))
}

#[test]
fn an_officer_joins_with_proof_of_the_key_and_can_be_suspended() -> Result<()> {
    let stage = Stage::new()?;
    stage.enrol_all()?;
    stage.found()?;
    let (_dora, serial) = prepared(&stage, &CardOptions::default())?;
    let enrol = ["enrol", "--name", "Dora", "--serial", &serial];
    let root = stage.root()?;
    let more_roots = [&enrol[..], &["--test-attestation-root", &root]].concat();
    let refused = stage.run(&more_roots, &[PIN])?.refused()?;
    assert!(
        refused.contains("its own attestation roots count"),
        "{refused}"
    );
    // One PIN makes the keys and, with a touch, proves that Dora holds them.
    stage.run(&enrol, &[PIN])?.done()?;
    let id = stage.proposal(&["propose", "officer", "Dora", "--as", "Alice"])?;
    let joined = stage.approve(&id, &["Bob", "Carol"])?;
    assert_eq!(text(&joined, "/status")?, "enacted", "{joined}");
    let status = stage.ask(&["status"], &[])?;
    assert_eq!(
        status.pointer("/officers"),
        Some(&json!(["Alice", "Bob", "Carol", "Dora"]))
    );

    let id = stage.proposal(&["propose", "officer", "Dora", "--suspend", "--as", "Alice"])?;
    stage.approve(&id, &["Bob", "Carol"])?;
    let refused = stage.run(&["freeze", "--as", "Dora"], &[])?.refused()?;
    assert!(refused.contains("Dora"), "{refused}");
    let status = stage.ask(&["status"], &[])?;
    assert_eq!(
        status.pointer("/officers"),
        Some(&json!(["Alice", "Bob", "Carol"]))
    );
    Ok(())
}

#[test]
fn a_key_that_cannot_be_trusted_makes_no_officer_and_no_pin_is_tried() -> Result<()> {
    let stage = Stage::new()?;
    let root = stage.root()?;
    let enrol = |serial: &str, more: &[&str]| {
        let words = [
            "enrol",
            "--name",
            "Eve",
            "--serial",
            serial,
            "--test-attestation-root",
            &root,
        ];
        stage.run(&[&words[..], more].concat(), &[PIN])
    };
    // As it left the factory.
    let fresh = stage.room.plugged(&CardOptions::default())?;
    let serial = fresh.serial().to_string();
    let refused = enrol(&serial, &[])?.refused()?;
    for expected in [
        "the PIN is the factory's",
        "the PUK is",
        "the management key is",
        "no PIN was tried",
    ] {
        assert!(refused.contains(expected), "{refused}");
    }
    let listed = stage.ask(&["keys", "list"], &[])?;
    let keys = listed.pointer("/keys").and_then(|keys| keys.as_array());
    let ours = keys
        .into_iter()
        .flatten()
        .find(|key| key.pointer("/serial") == Some(&json!(fresh.serial())));
    assert_eq!(
        ours.and_then(|key| key.pointer("/pin_tries")),
        Some(&json!(3)),
        "{listed}"
    );
    assert_eq!(
        ours.and_then(|key| key.pointer("/obstacles")),
        Some(&json!([
            "factory_pin",
            "factory_puk",
            "factory_management_key"
        ]))
    );
    // EUCLEAK: only with a waiver on record.
    let (_old, serial) = prepared(&stage, &CardOptions::firmware("5.4.3"))?;
    let refused = enrol(&serial, &[])?.refused()?;
    assert!(refused.contains("EUCLEAK"), "{refused}");
    let waived = enrol(&serial, &["--waiver", "replaced next month"])?.done()?;
    assert!(waived.out.contains("replaced next month"), "{waived:?}");
    // A root that nobody named; afterwards the keys that were made can be taken as they are.
    let (_other, serial) = prepared(&stage, &CardOptions::root("another"))?;
    let refused = enrol(&serial, &[])?.refused()?;
    assert!(
        refused.contains("leads to no root") && refused.contains("--keep-keys"),
        "{refused}"
    );
    let refused = enrol(&serial, &[])?.refused()?;
    assert!(refused.contains("there is a key in slot 9c"), "{refused}");
    let another = stage.file("another.der", &stage.room.root_certificate("another")?)?;
    let words = [
        "enrol",
        "--name",
        "Eve",
        "--serial",
        &serial,
        "--keep-keys",
        "--test-attestation-root",
        &another,
    ];
    stage.run(&words, &[])?.done()?;
    Ok(())
}

#[test]
fn real_money_is_refused_over_redirected_readers_and_test_roots() -> Result<()> {
    let stage = Stage::new()?;
    stage.enrol_all()?;
    let policy = stage.file("policy.toml", common::POLICY.as_bytes())?;
    let root = stage.root()?;
    let words = [
        "found",
        "--name",
        "Acme",
        "--network",
        "bitcoin",
        "--policy",
        &policy,
        "--officer",
        "Alice",
        "--officer",
        "Bob",
        "--officer",
        "Carol",
        "--administrator",
        "Dora",
        "--waiver",
        "small amounts",
        "--test-attestation-root",
        &root,
    ];
    let refused = stage.run(&words, &[PIN; 3])?.refused()?;
    assert!(refused.contains("PCSCLITE_CSOCK_NAME"), "{refused}");
    assert!(!stage.home().join("journal.sqlite").exists());
    // A policy that names people who are not there could never be changed: nobody is asked to sign.
    let strangers =
        common::POLICY.replace("\"Alice\", \"Bob\", \"Carol\"", "\"Xaver\", \"Yvonne\"");
    let policy = stage.file("strangers.toml", strangers.as_bytes())?;
    let words = [
        "found",
        "--name",
        "Acme",
        "--network",
        "regtest",
        "--policy",
        &policy,
        "--officer",
        "Alice",
        "--officer",
        "Bob",
        "--officer",
        "Carol",
        "--administrator",
        "Dora",
        "--test-attestation-root",
        &root,
    ];
    stage.run(&words, &[PIN; 3])?.refused()?;
    // The next try, with the right policy, starts from an empty home.
    stage.found()?;
    assert_eq!(stage.entries()?, 1);
    Ok(())
}
