//! Rule 3 and a backup: what it brings back, what it can't, and what it must not forget.

#![cfg(test)]

#[expect(dead_code, reason = "each test file uses its own part")]
mod common;

use std::path::{Path, PathBuf};

use common::{Acme, name, week};
use domain::Name;
use driver::{Driver, DriverError, Event, Home, RestorePlan, Surroundings};
use journal::Fault;
use keys::os_keyring::OsKeyring;
use treasury::{IllegalEntry, PayoutStage};

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
        evm: Vec::new(),
        attestation_certificates: None,
    };
    let surroundings = Surroundings {
        clock: acme.clock.clone(),
        ..Surroundings::default()
    };
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
    let why = acme.driver.turn().await.unwrap_err();
    assert!(
        matches!(why, DriverError::Fault(Fault::Forked { .. })),
        "{why:?}"
    );
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
