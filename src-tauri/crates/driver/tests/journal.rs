//! Rules 4 and 5: a journal that is older, damaged, gone or without its anchor signs nothing; so does
//! a clock that was set. And a backup: what it brings back, and what it can't.

#![cfg(test)]

#[expect(dead_code, reason = "each test file uses its own part")]
mod common;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::{Acme, name, week};
use domain::act::Scope;
use domain::{Name, Note, Span};
use driver::{
    Driver, DriverError, Event, FoundingPlan, Home, HomeError, NoCrash, RestorePlan, Surroundings,
};
use journal::Fault;
use keys::os_keyring::{OsKeyring, SecretStore as _};
use treasury::{IllegalEntry, PayoutStage};

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
    assert_eq!(fault(acme.driver.address(&name("Main")).await), why);
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

async fn restored(
    acme: &mut Acme,
    home: &Path,
    from: &Path,
) -> Result<(Driver, domain::ProposalId), DriverError> {
    let plan = RestorePlan {
        officer: name("Alice"),
        machine: name("new host"),
        administrators: vec![name("Ivan")],
        expires_in: week(),
        bitcoin: acme.driver.settings().bitcoin.clone(),
        attestation_certificates: None,
    };
    let surroundings = surroundings(acme);
    Driver::restore(Home::at(home), from, plan, surroundings, &mut acme.desk).await
}

fn sealed_files(folder: &Path) -> Vec<PathBuf> {
    let vault = std::fs::read_dir(folder.join("seats"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let mut files: Vec<PathBuf> = std::fs::read_dir(vault)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    files
}

fn swap(a: &Path, b: &Path) {
    let (one, other) = (std::fs::read(a).unwrap(), std::fs::read(b).unwrap());
    std::fs::write(a, other).unwrap();
    std::fs::write(b, one).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_3_a_backup_older_than_a_payout_freezes_the_vault_and_then_pays_without_the_lost_machine()
 {
    let mut acme = Acme::with_vault().await;
    acme.fund("1").await;
    let backup = acme.folder.path().join("backup");
    let report = acme.driver.backup(&backup).await.unwrap();
    assert_eq!(
        report.seats,
        ["Main / host", "Main / safe", "Main / recovery"]
    );
    assert!(
        matches!(
            acme.driver.backup(&backup).await,
            Err(DriverError::Backup(_))
        ),
        "never replaced"
    );

    // A sealed share that was swapped opens nothing, here or from a backup.
    let here = sealed_files(acme.driver.home().root());
    let id = acme.approved_payout(&["0.1"]).await;
    acme.turn().await;
    swap(&here[1], &here[2]);
    let refused = acme.release(id, &["Alice"]).await.unwrap_err();
    assert!(
        matches!(&refused, DriverError::Share { seat, .. } if seat == "safe"),
        "{refused:?}"
    );
    assert!(
        refused
            .to_string()
            .contains("is not the one that the journal names"),
        "{refused}"
    );
    swap(&here[1], &here[2]);
    let new_home = acme.folder.path().join("new home");
    let kept = sealed_files(&backup);
    swap(&kept[1], &kept[2]);
    let refused = restored(&mut acme, &new_home, &backup)
        .await
        .map(drop)
        .unwrap_err();
    assert!(
        matches!(&refused, DriverError::Backup(why) if why.contains("damaged or swapped")),
        "{refused:?}"
    );
    swap(&kept[1], &kept[2]);

    // A payout that the backup knows nothing of.
    acme.release(id, &["Alice"]).await.unwrap();
    let events = acme.turn().await;
    let [Event::Signed(_, txid), Event::Broadcast(..)] = events.as_slice() else {
        panic!("{events:?}");
    };
    acme.node.mine(2).unwrap();
    acme.turn().await;

    // The host is lost. Until the quorum lets the new machine take over it can do nothing.
    let (mut new, takes_over) = restored(&mut acme, &new_home, &backup).await.unwrap();
    let subject = acme.payout(&["0.2"]).await;
    let held = new
        .propose(subject.clone(), &name("Carol"), week(), &mut acme.desk)
        .await;
    assert!(
        matches!(
            held,
            Err(DriverError::Illegal(IllegalEntry::CandidatePending))
        ),
        "{held:?}"
    );
    new.approve(takes_over, &name("Alice"), &mut acme.desk)
        .await
        .unwrap();
    assert_eq!(new.turn().await.unwrap(), [], "one approval is no quorum");
    new.approve(takes_over, &name("Bob"), &mut acme.desk)
        .await
        .unwrap();
    assert_eq!(new.turn().await.unwrap(), [Event::Enacted(takes_over)]);

    // It sees a payment that its journal did not sign: frozen, and it says which.
    let events = new.turn().await.unwrap();
    let [Event::Froze(reason)] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(
        *reason,
        format!("transaction {txid} spends the vault's coins, but this journal did not sign it")
    );
    let id = pay(&new, &mut acme, subject).await;
    assert_eq!(
        new.turn().await.unwrap(),
        [],
        "frozen: nothing is planned, and the alarm is not raised twice"
    );
    let freezes: Vec<_> = new
        .view()
        .await
        .unwrap()
        .treasury()
        .unwrap()
        .freezes
        .keys()
        .copied()
        .collect();
    let thaw = domain::Subject::Thaw(domain::proposal::Thaw { freezes });
    let thaw = new
        .propose(thaw, &name("Alice"), week(), &mut acme.desk)
        .await
        .unwrap();
    for who in ["Alice", "Bob"] {
        new.approve(thaw, &name(who), &mut acme.desk).await.unwrap();
    }
    let events = new.turn().await.unwrap();
    assert!(
        events.contains(&Event::Enacted(thaw)) && events.contains(&Event::Planned(id)),
        "{events:?}"
    );

    // The device seat went with its machine: hardware alone is not enough, with recovery it is.
    let release = |who: &[&str]| who.iter().map(|who| name(who)).collect::<Vec<Name>>();
    let by = release(&["Bob"]);
    assert_eq!(
        new.release(id, None, &by, &mut acme.desk).await.unwrap(),
        name("safe")
    );
    assert_eq!(
        new.turn().await.unwrap(),
        [],
        "the lost machine's seat signs no more"
    );
    let by = release(&["Carol", "Alice"]);
    assert_eq!(
        new.release(id, None, &by, &mut acme.desk).await.unwrap(),
        name("recovery")
    );
    let events = new.turn().await.unwrap();
    assert!(
        matches!(events.as_slice(), [Event::Signed(..), Event::Broadcast(..)]),
        "{events:?}"
    );
    acme.node.mine(2).unwrap();
    let events = new.turn().await.unwrap();
    assert!(
        matches!(events.as_slice(), [Event::Confirmed(of, ..)] if *of == id),
        "{events:?}"
    );
    assert!(matches!(
        common::stage(&new, id).await,
        Some(PayoutStage::Confirmed { .. })
    ));

    // The old machine with its key: the new journal is not its history, its own sees a stranger's
    // payment.
    let events = acme.turn().await;
    assert!(matches!(events.as_slice(), [Event::Froze(_)]), "{events:?}");
    for (path, _) in acme.journal_files() {
        std::fs::remove_file(path).unwrap();
    }
    std::fs::copy(new.home().journal(), acme.driver.home().journal()).unwrap();
    let why = fault(acme.driver.turn().await);
    assert!(matches!(why, Fault::Forked { .. }), "{why:?}");
    // Even with its anchor made to fit, the roster no longer names its key.
    let theirs = OsKeyring::open(&new.settings().keyring).unwrap();
    let ours = OsKeyring::open(&acme.driver.settings().keyring).unwrap();
    ours.set_anchor("journal", &theirs.anchor("journal").unwrap().unwrap())
        .unwrap();
    let refused = acme.approve(id, "Alice").await.unwrap_err();
    assert!(matches!(refused, DriverError::Illegal(_)), "{refused:?}");
    let another = acme.payout(&["0.01"]).await;
    let refused = acme.propose("Carol", another).await.unwrap_err();
    assert!(
        matches!(
            refused,
            DriverError::Illegal(IllegalEntry::UnknownMachine(_))
        ),
        "{refused:?}"
    );
}

/// Proposed by Carol, approved by Alice and Bob, at another machine.
async fn pay(driver: &Driver, acme: &mut Acme, subject: domain::Subject) -> domain::ProposalId {
    let id = driver
        .propose(subject, &name("Carol"), week(), &mut acme.desk)
        .await
        .unwrap();
    for who in ["Alice", "Bob"] {
        driver
            .approve(id, &name(who), &mut acme.desk)
            .await
            .unwrap();
    }
    id
}
