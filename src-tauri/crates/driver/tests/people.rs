//! People and their cards: wrong PINs, no touches, pulled keys, the wrong officer, freezes, releases
//! that are over, approvals that do not count. Each is a clear message, and nothing is half done.

#![cfg(test)]

#[expect(dead_code, reason = "each test file uses its own part")]
mod common;

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use common::{Acme, POLICY, Types, name};
use domain::act::Scope;
use domain::{Note, ProposalId, Span};
use driver::{DeskError, Driver, DriverError, Event, Surroundings, YubiKeys};
use keys::{CardError, Cards};
use testkit::virtual_yubikey::{PullOn, TouchMode};
use treasury::{IllegalEntry, PayoutStage};

const ALICE: usize = 0;
const SOON: Duration = Duration::from_secs(20);

fn card_error(outcome: Result<impl std::fmt::Debug, DriverError>) -> CardError {
    match outcome {
        Err(DriverError::Desk {
            problem: DeskError::Card(error),
            ..
        }) => error,
        other => panic!("{other:?}"),
    }
}

fn not_now(outcome: Result<impl std::fmt::Debug, DriverError>) -> String {
    match outcome {
        Err(DriverError::NotNow(why)) => why,
        other => panic!("{other:?}"),
    }
}

/// An officer who touches once, and then does something else.
fn touch_once(
    acme: &Acme,
    card: usize,
    then: impl FnOnce(&testkit::room::Card) + Send + 'static,
) -> JoinHandle<()> {
    let card = acme.room.card(acme.cards[card].serial()).unwrap();
    card.set_touch(TouchMode::Manual).unwrap();
    std::thread::spawn(move || {
        assert!(card.press(SOON).unwrap(), "it never blinked");
        then(&card);
    })
}

/// Back into its reader. Now and then the virtual readers miss a card that comes back soon after a pull: then once more.
fn plug(acme: &Acme, card: usize) {
    let card = &acme.cards[card];
    if card.plug().is_err() {
        let _ = card.unplug();
        card.plug().unwrap();
    }
}

/// Alice's release is written, and her key is not touched again to open the share.
async fn release_without_opening(acme: &mut Acme, id: ProposalId) {
    let before = acme.sequence().await;
    let hand = touch_once(acme, ALICE, |_| {});
    let serial = acme.cards[ALICE].serial();
    let error = card_error(acme.release(id, &["Alice"]).await);
    hand.join().unwrap();
    assert_eq!(error, CardError::NoTouch { serial });
    assert_eq!(
        acme.sequence().await,
        before + 1,
        "the release is written, the share stays shut"
    );
    acme.cards[ALICE].set_touch(TouchMode::Auto).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_6_a_card_that_fails_leaves_nothing_half_done() {
    let mut acme = Acme::with_vault().await;
    acme.fund("1").await;
    let subject = acme.payout(&["0.1"]).await;
    let id = acme.propose("Carol", subject).await.unwrap();
    let before = acme.sequence().await;
    let serial = acme.cards[ALICE].serial();

    let shown = Arc::new(Mutex::new(Vec::new()));
    let mut wrong = YubiKeys::new(Cards::connect().unwrap(), Types("44445555", shown.clone()));
    let outcome = acme.driver.approve(id, &name("Alice"), &mut wrong).await;
    let text = outcome.as_ref().unwrap_err().to_string();
    assert_eq!(
        text,
        format!("Alice: wrong PIN for YubiKey {serial}: 2 tries are left. nothing was signed")
    );
    assert_eq!(
        card_error(outcome),
        CardError::WrongPin {
            serial,
            tries_left: 2
        }
    );
    assert_eq!(
        shown.lock().unwrap().len(),
        1,
        "the tries left are shown before a PIN is asked"
    );

    acme.cards[ALICE].set_touch(TouchMode::Never).unwrap();
    assert_eq!(
        card_error(acme.approve(id, "Alice").await),
        CardError::NoTouch { serial }
    );
    acme.cards[ALICE].set_touch(TouchMode::Auto).unwrap();

    for moment in [PullOn::BeforeAnswer, PullOn::AfterVerify, PullOn::AtTouch] {
        acme.cards[ALICE].pull_on(moment).unwrap();
        assert_eq!(
            card_error(acme.approve(id, "Alice").await),
            CardError::Removed { serial },
            "{moment:?}"
        );
        assert!(acme.cards[ALICE].wait_pulled(SOON).unwrap());
        assert!(
            matches!(card_error(acme.approve(id, "Alice").await), CardError::NotPresent { serial: of, .. } if of == serial)
        );
        plug(&acme, ALICE);
    }
    assert_eq!(acme.sequence().await, before, "nothing was written");

    // Carol proposed: her own approval is no second one.
    acme.approve(id, "Carol").await.unwrap();
    acme.approve(id, "Alice").await.unwrap();
    assert_eq!(acme.turn().await, [], "self-approval does not count");
    let twice = acme.approve(id, "Alice").await;
    assert!(
        matches!(twice, Err(DriverError::Illegal(IllegalEntry::Approval(_)))),
        "one person twice: {twice:?}"
    );
    acme.approve(id, "Bob").await.unwrap();
    assert_eq!(acme.turn().await, [Event::Planned(id)]);

    // Those who may not open a seat, and too few of those who may.
    let before = acme.sequence().await;
    let why = not_now(acme.release(id, &["Carol"]).await);
    assert!(
        why.starts_with("these officers open no seat of vault Main together"),
        "{why}"
    );
    let (safe, recovery, host) = (name("safe"), name("recovery"), name("host"));
    for seat in [&safe, &host] {
        let outcome = acme
            .driver
            .release(id, Some(seat), &[name("Carol")], &mut acme.desk)
            .await;
        assert!(not_now(outcome).contains("open no seat"));
    }
    let outcome = acme
        .driver
        .release(id, Some(&recovery), &[name("Carol")], &mut acme.desk)
        .await;
    assert_eq!(
        not_now(outcome),
        "not done: seat recovery takes 2 officers, 1 were named".trim_start_matches("not done: ")
    );
    let twice = [name("Carol"), name("Carol")];
    let outcome = acme
        .driver
        .release(id, Some(&recovery), &twice, &mut acme.desk)
        .await;
    assert!(
        outcome.is_err(),
        "one officer named twice is one: {outcome:?}"
    );
    assert_eq!(acme.sequence().await, before, "nothing was written");

    acme.cards[ALICE].set_touch(TouchMode::Never).unwrap();
    assert_eq!(
        card_error(acme.release(id, &["Alice"]).await),
        CardError::NoTouch { serial }
    );
    acme.cards[ALICE].set_touch(TouchMode::Auto).unwrap();
    assert_eq!(acme.sequence().await, before, "nothing was written");

    // Released, but the share does not open: no touch, or the key is pulled out of it.
    release_without_opening(&mut acme, id).await;
    assert_eq!(
        acme.turn().await,
        [],
        "a release without its share signs nothing"
    );
    let hand = touch_once(&acme, ALICE, |card| {
        card.pull_on(PullOn::AtTouch).unwrap();
    });
    assert_eq!(
        card_error(acme.release(id, &["Alice"]).await),
        CardError::Removed { serial }
    );
    hand.join().unwrap();
    plug(&acme, ALICE);
    acme.cards[ALICE].set_touch(TouchMode::Auto).unwrap();
    assert_eq!(acme.turn().await, []);
    assert!(matches!(
        acme.stage(id).await,
        Some(PayoutStage::Planned(_))
    ));

    // Opened, and then too late: neither the release nor the share outlives ten minutes.
    acme.release(id, &["Alice"]).await.unwrap();
    acme.clock.pass(Span::from_secs(11 * 60));
    assert_eq!(acme.turn().await, [], "the release is over");
    release_without_opening(&mut acme, id).await;
    assert_eq!(
        acme.turn().await,
        [],
        "the share of the old release is gone"
    );

    // A new release is all it takes.
    acme.release(id, &["Bob"]).await.unwrap();
    let events = acme.turn().await;
    assert!(
        matches!(events.as_slice(), [Event::Signed(..), Event::Broadcast(..)]),
        "{events:?}"
    );
    assert_eq!(acme.payments(id).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_4_a_freeze_comes_first_and_a_thaw_lifts_just_what_it_names() {
    let mut acme = Acme::with_vault().await;
    acme.fund("1").await;
    acme.fund("1").await;
    let id = acme.approved_payout(&["0.1"]).await;
    acme.turn().await;
    let (vault, _) = {
        let replay = acme.driver.view().await.unwrap();
        let treasury = replay.treasury().unwrap();
        let (vault, record) = treasury.vault_named(&name("Main")).unwrap();
        (vault, record.clone())
    };

    // Alice's key blinks at another terminal; Bob freezes with one touch and no PIN meanwhile.
    let subject = acme.payout(&["0.2"]).await;
    let waiting = acme.propose("Carol", subject).await.unwrap();
    acme.cards[ALICE].set_touch(TouchMode::Manual).unwrap();
    let surroundings = Surroundings {
        clock: acme.clock.clone(),
        ..Surroundings::default()
    };
    let terminal = Driver::open(acme.driver.home().clone(), surroundings).unwrap();
    let approving = tokio::spawn(async move {
        let mut desk = YubiKeys::new(Cards::connect().unwrap(), common::Typist);
        terminal.approve(waiting, &name("Alice"), &mut desk).await
    });
    assert!(acme.cards[ALICE].wait_blink(SOON).unwrap());
    let shown = Arc::new(Mutex::new(Vec::new()));
    let mut bob = YubiKeys::new(Cards::connect().unwrap(), Types("not asked", shown.clone()));
    let reason = || Note::new("something is wrong").unwrap();
    let first = acme
        .driver
        .freeze(Scope::Vault(vault), &name("Bob"), reason(), &mut bob)
        .await
        .unwrap();
    assert!(!approving.is_finished(), "the freeze waited for nobody");
    assert!(shown.lock().unwrap().is_empty(), "no PIN is asked");
    assert!(acme.cards[ALICE].press(SOON).unwrap());
    // What she signed is dated before the freeze: it is drafted anew, and she touches once more.
    assert!(acme.cards[ALICE].press(SOON).unwrap());
    approving.await.unwrap().unwrap();
    acme.cards[ALICE].set_touch(TouchMode::Auto).unwrap();
    acme.approve(waiting, "Bob").await.unwrap();

    // Nothing is planned, released or signed.
    assert_eq!(acme.turn().await, []);
    assert!(acme.stage(waiting).await.is_none());
    let refused = acme.release(id, &["Alice"]).await.unwrap_err();
    assert!(
        matches!(refused, DriverError::Illegal(IllegalEntry::Frozen)),
        "{refused:?}"
    );
    assert_eq!(refused.to_string(), "not done: it is frozen");
    assert_eq!(acme.turn().await, []);

    // Thawed; then frozen with the share open: two freezes, and each needs its own thaw.
    acme.thaw(vec![first]).await;
    assert!(
        acme.stage(waiting).await.is_some(),
        "planned after the thaw"
    );
    let second = acme
        .driver
        .freeze(Scope::Payout(id), &name("Bob"), reason(), &mut bob)
        .await
        .unwrap();
    let third = acme
        .driver
        .freeze(Scope::Treasury, &name("Carol"), reason(), &mut bob)
        .await
        .unwrap();
    assert!(acme.release(id, &["Alice"]).await.is_err());
    acme.thaw(vec![third]).await;
    assert!(
        acme.release(id, &["Alice"]).await.is_err(),
        "the freeze of the payout holds"
    );
    let events = {
        acme.release(waiting, &["Alice"]).await.unwrap();
        acme.turn().await
    };
    assert!(
        matches!(events.as_slice(), [Event::Signed(of, _), Event::Broadcast(..)] if *of == waiting),
        "the other payout goes: {events:?}"
    );
    acme.node.mine(2).unwrap();
    acme.turn().await;
    acme.thaw(vec![second]).await;
    acme.release(id, &["Alice"]).await.unwrap();
    let fourth = acme
        .driver
        .freeze(Scope::Vault(vault), &name("Alice"), reason(), &mut bob)
        .await
        .unwrap();
    assert_eq!(
        acme.turn().await,
        [],
        "an open share does not sign what is frozen"
    );
    assert!(matches!(
        acme.stage(id).await,
        Some(PayoutStage::Planned(_))
    ));
    let again = acme
        .propose(
            "Alice",
            domain::Subject::Thaw(domain::proposal::Thaw {
                freezes: vec![fourth],
            }),
        )
        .await
        .unwrap();
    acme.approve(again, "Alice").await.unwrap();
    acme.approve(again, "Bob").await.unwrap();
    let events = acme.turn().await;
    assert!(events.contains(&Event::Enacted(again)), "{events:?}");
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::Broadcast(of, _) if *of == id)),
        "the open share signs once it may: {events:?}"
    );
    assert_eq!(
        (acme.payments(id).await, acme.payments(waiting).await),
        (1, 1)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_4_a_policy_adopted_again_brings_no_approval_back() {
    let mut acme = Acme::with_vault().await;
    acme.fund("1").await;
    let subject = acme.payout(&["0.1"]).await;
    let id = acme.propose("Carol", subject).await.unwrap();
    acme.approve(id, "Alice").await.unwrap();
    acme.adopt(&POLICY.replace("2 BTC", "3 BTC")).await;
    acme.adopt(POLICY).await;
    acme.approve(id, "Bob").await.unwrap();
    assert_eq!(
        acme.turn().await,
        [],
        "Alice approved under another adoption"
    );
    acme.approve(id, "Alice").await.unwrap();
    assert_eq!(acme.turn().await, [Event::Planned(id)]);

    // A plan that nobody has begun to sign falls with its approvals, too.
    acme.adopt(&POLICY.replace("2 BTC", "3 BTC")).await;
    let released = acme.release(id, &["Alice"]).await;
    let events = acme.turn().await;
    assert!(
        !events
            .iter()
            .any(|event| matches!(event, Event::Signed(..))),
        "{released:?} {events:?}"
    );
    assert!(acme.mempool().is_empty());
    acme.approve(id, "Alice").await.unwrap();
    acme.approve(id, "Bob").await.unwrap();
    assert_eq!(acme.turn().await, [Event::Planned(id)], "planned anew");
    acme.release(id, &["Alice"]).await.unwrap();
    let events = acme.turn().await;
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::Broadcast(of, _) if *of == id)),
        "{events:?}"
    );
}
