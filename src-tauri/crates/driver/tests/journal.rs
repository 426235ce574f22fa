//! Rules 4 and 5: a journal that is older, damaged, gone or without its anchor signs nothing; so does
//! a clock that was set.

#![cfg(test)]

#[expect(dead_code, reason = "each test file uses its own part")]
mod common;

use std::sync::Arc;

use common::{Acme, name};
use domain::act::Scope;
use domain::{Note, Span};
use driver::{Driver, DriverError, Event, FoundingPlan, HomeError, NoCrash, Surroundings};
use journal::Fault;
use keys::os_keyring::{OsKeyring, SecretStore as _};

fn fault(outcome: Result<impl std::fmt::Debug, DriverError>) -> Fault {
    let error = outcome.unwrap_err();
    let text = error.to_string();
    let DriverError::Fault(fault) = error else {
        panic!("{error:?}");
    };
    assert!(text.starts_with("STOPPED. "), "{text}");
    assert!(text.contains("Nothing is signed"), "{text}");
    fault
}

fn note(text: &str) -> Note {
    Note::new(text).unwrap()
}

/// The fault with which each act is refused: one and the same.
async fn every_act_is_refused(
    acme: &mut Acme,
    id: domain::ProposalId,
    subject: &domain::Subject,
) -> Fault {
    let why = fault(acme.driver.turn().await);
    assert_eq!(fault(acme.driver.view().await.map(drop)), why);
    assert_eq!(fault(acme.propose("Carol", subject.clone()).await), why);
    assert_eq!(fault(acme.approve(id, "Alice").await), why);
    assert_eq!(fault(acme.release(id, &["Alice"]).await), why);
    let freeze = acme
        .driver
        .freeze(Scope::Treasury, &name("Bob"), note("?"), &mut acme.desk)
        .await;
    assert_eq!(fault(freeze), why);
    let decline = acme
        .driver
        .decline(id, &name("Bob"), note("?"), &mut acme.desk)
        .await;
    assert_eq!(fault(decline), why);
    assert_eq!(
        fault(acme.driver.keygen(&name("Main"), &mut acme.desk).await),
        why
    );
    assert_eq!(fault(acme.driver.address(&name("Main"), None).await), why);
    let backup = acme.folder.path().join("backup of a fault");
    assert_eq!(fault(acme.driver.backup(&backup).await), why);
    let to = tempfile::tempdir().unwrap();
    let to = to.path().join("journal.jsonl");
    let (_, told) = acme.driver.export(&to).await.unwrap();
    assert_eq!(told.as_ref(), Some(&why), "it is exported with its fault");
    assert!(acme.mempool().is_empty(), "nothing was signed");
    why
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_5_an_older_damaged_or_missing_journal_signs_nothing() {
    let mut acme = Acme::with_vault().await;
    acme.fund("1").await;
    let id = acme.approved_payout(&["0.1"]).await;
    let subject = acme.payout(&["0.1"]).await;
    acme.turn().await;
    let older = acme.journal_files();
    acme.release(id, &["Alice"]).await.unwrap();
    let newer = acme.journal_files();
    let sequence = acme.sequence().await;

    // Put back to before the release.
    acme.put_journal(&older);
    let why = every_act_is_refused(&mut acme, id, &subject).await;
    assert_eq!(
        why,
        Fault::RolledBack {
            entries: sequence,
            anchored: sequence
        }
    );
    acme.reopen();
    assert_eq!(
        fault(acme.driver.turn().await),
        why,
        "a restart changes nothing"
    );

    // One letter of the last entry.
    let mut damaged = newer.clone();
    let (_, bytes) = damaged
        .iter_mut()
        .find(|(path, _)| path.ends_with("journal.sqlite"))
        .unwrap();
    let at = bytes
        .windows(11)
        .rposition(|w| w == b"\"payload\":\"")
        .unwrap()
        + 40;
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    acme.put_journal(&damaged);
    let why = every_act_is_refused(&mut acme, id, &subject).await;
    assert!(matches!(why, Fault::BadEntry(_)), "{why:?}");

    // No anchor beside the entries.
    acme.put_journal(&newer);
    let keyring = OsKeyring::open(&acme.driver.settings().keyring).unwrap();
    let anchor = keyring.anchor("journal").unwrap().unwrap();
    keyring.delete("anchor/journal").unwrap();
    let why = every_act_is_refused(&mut acme, id, &subject).await;
    assert_eq!(
        why,
        Fault::AnchorMissing {
            entries: sequence + 1
        }
    );
    keyring.set_anchor("journal", &anchor).unwrap();

    // Gone: it is not taken for a fresh start, and nothing is founded over it.
    acme.put_journal(&[]);
    assert!(matches!(
        acme.driver.turn().await,
        Err(DriverError::OpenJournal(_))
    ));
    let gone = |outcome: Result<(), DriverError>| {
        let error = outcome.unwrap_err();
        assert!(
            matches!(error, DriverError::Home(HomeError::JournalGone(_))),
            "{error:?}"
        );
        let text = error.to_string();
        assert!(text.contains("restore the latest backup"), "{text}");
    };
    let home = acme.driver.home().clone();
    gone(Driver::open(home.clone(), surroundings(&acme)).map(drop));
    let plan = FoundingPlan {
        name: name("Acme Treasury"),
        networks: vec![domain::Network::Regtest],
        policy: common::POLICY.to_owned(),
        officers: ["Alice", "Bob", "Carol"].map(name).to_vec(),
        machine: name("host"),
        administrators: vec![name("Ivan")],
        test_roots: vec![acme.room.root_certificate("test").unwrap()],
        waiver: None,
    };
    gone(
        Driver::found(home, plan, surroundings(&acme), &mut acme.desk)
            .await
            .map(drop),
    );

    // The file as it was goes on where it stood; the share that was open is still in memory.
    acme.put_journal(&newer);
    acme.reopen();
    assert_eq!(acme.turn().await, []);
    acme.release(id, &["Alice"]).await.unwrap();
    let events = acme.turn().await;
    assert!(
        matches!(events.as_slice(), [Event::Signed(..), Event::Broadcast(..)]),
        "{events:?}"
    );
    assert_eq!(acme.payments(id).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_4_a_clock_that_was_set_is_not_believed() {
    let mut acme = Acme::with_vault().await;
    acme.fund("1").await;
    let subject = acme.payout(&["0.1"]).await;
    let id = acme.propose("Carol", subject).await.unwrap();
    acme.approve(id, "Alice").await.unwrap();
    let sequence = acme.sequence().await;

    // Two hours behind: refused before anybody touches a key.
    acme.clock.set_behind(Span::from_secs(7200));
    let touched = acme.cards[1].touches_asked().unwrap();
    for refused in [
        acme.approve(id, "Bob").await,
        acme.driver.turn().await.map(drop),
    ] {
        let error = refused.unwrap_err();
        assert!(
            matches!(error, DriverError::Clock(driver::ClockError::Behind { .. })),
            "{error:?}"
        );
        assert!(
            error.to_string().contains("the clock was set back"),
            "{error}"
        );
    }
    assert_eq!(acme.cards[1].touches_asked().unwrap(), touched);
    assert_eq!(acme.sequence().await, sequence);
    let behind = acme
        .driver
        .freeze(
            Scope::Payout(id),
            &name("Bob"),
            note("the clock is wrong"),
            &mut acme.desk,
        )
        .await
        .unwrap();

    // Right again, then two hours ahead of the time that passed: held until an officer confirms.
    acme.clock.set_ahead(Span::from_secs(7200));
    acme.thaw(vec![behind]).await;
    acme.clock.set_ahead(Span::from_secs(7200));
    let sequence = acme.sequence().await;
    for refused in [
        acme.approve(id, "Bob").await,
        acme.driver.turn().await.map(drop),
    ] {
        let error = refused.unwrap_err();
        let DriverError::ClockJumped(ahead) = error else {
            panic!("{error:?}");
        };
        assert!(
            ahead >= Span::from_secs(7100) && ahead <= Span::from_secs(7300),
            "{ahead}"
        );
        assert!(
            error.to_string().contains("countersign confirm-clock"),
            "{error}"
        );
    }
    assert_eq!(acme.sequence().await, sequence);
    acme.reopen();
    assert!(
        matches!(acme.driver.turn().await, Err(DriverError::ClockJumped(_))),
        "a restart ends no hold"
    );
    let ahead = acme
        .driver
        .freeze(
            Scope::Payout(id),
            &name("Bob"),
            note("the clock is wrong"),
            &mut acme.desk,
        )
        .await
        .unwrap();
    assert!(
        matches!(
            acme.approve(id, "Bob").await,
            Err(DriverError::ClockJumped(_))
        ),
        "a freeze ends no hold"
    );
    acme.driver
        .confirm_clock(&name("Carol"), &mut acme.desk)
        .await
        .unwrap();
    acme.thaw(vec![ahead]).await;
    acme.approve(id, "Bob").await.unwrap();
    assert_eq!(acme.turn().await, [Event::Planned(id)]);
}

fn surroundings(acme: &Acme) -> Surroundings {
    Surroundings {
        clock: acme.clock.clone(),
        crash: Arc::new(NoCrash),
    }
}
