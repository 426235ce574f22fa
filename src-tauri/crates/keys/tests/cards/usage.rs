//! Officers' YubiKeys in use, on the real PC/SC stack: what goes well, and each fault.

use std::thread;
use std::time::{Duration, Instant};

use crate::support::{DIGEST, NEW_PIN, PIN, SOON, Table, peer, pin};
use keys::{Cancel, CardError, Setting, Slot};
use testkit::room::CardOptions;
use testkit::virtual_yubikey::{PullOn, TouchMode};

#[test]
fn three_keys_work_side_by_side_each_by_its_serial() {
    let table = Table::new();
    let officers: Vec<_> = ["Ada", "Ben", "Cem"].map(|name| table.officer(name)).into();
    let mut serials: Vec<u32> = officers.iter().map(|(card, _)| card.serial()).collect();
    serials.sort_unstable();
    let listed: Vec<u32> = table
        .cards
        .list()
        .unwrap()
        .iter()
        .map(|card| card.serial)
        .collect();
    assert_eq!(listed, serials);
    thread::scope(|scope| {
        for (card, officer) in &officers {
            let cards = table.cards.clone();
            scope.spawn(move || {
                let signature = cards
                    .sign(card.serial(), &officer.sign, &pin(PIN), &DIGEST)
                    .unwrap();
                officer.sign.verify(&DIGEST, &signature).unwrap();
                assert!(
                    domain::Signature::from_bytes(signature.as_bytes()).is_ok(),
                    "low-s"
                );
                let signature = cards
                    .sign_freeze(card.serial(), &officer.freeze, &DIGEST)
                    .unwrap();
                officer.freeze.verify(&DIGEST, &signature).unwrap();
            });
        }
    });
    for (card, _) in &officers {
        assert_eq!(
            card.touches_asked().unwrap(),
            2,
            "one for each use, none for enrolment"
        );
    }
}

#[test]
fn tries_left_are_known_before_a_pin_is_asked_for() {
    let table = Table::new();
    let (card, officer) = table.officer("Ada");
    let serial = card.serial();
    for left in [3, 2, 1] {
        let status = table.cards.pin_status(serial).unwrap();
        assert_eq!((status.tries_left, status.tries_total), (left, 3));
        assert_eq!(status.pin, Setting::Own);
        let error = table
            .cards
            .sign(serial, &officer.sign, &pin("000000"), &DIGEST)
            .unwrap_err();
        if left > 1 {
            assert_eq!(
                error,
                CardError::WrongPin {
                    serial,
                    tries_left: left - 1
                }
            );
        } else {
            assert_eq!(error, CardError::PinBlocked { serial });
        }
        let say = match left {
            3 => "2 tries are left. nothing was signed",
            2 => "1 try is left, then it blocks. nothing was signed",
            _ => "is blocked after too many wrong tries",
        };
        assert!(error.to_string().contains(say), "{error}");
    }
    // Blocked: the right PIN is no help, the PUK is.
    let error = table
        .cards
        .sign(serial, &officer.sign, &pin(PIN), &DIGEST)
        .unwrap_err();
    assert_eq!(error, CardError::PinBlocked { serial });
    assert_eq!(table.cards.pin_status(serial).unwrap().tries_left, 0);
    let error = table
        .cards
        .agree(serial, &officer.open, &pin(PIN), &peer())
        .unwrap_err();
    assert_eq!(error, CardError::PinBlocked { serial });
    assert_eq!(card.touches_asked().unwrap(), 0);
    // A freeze needs no PIN, so it still works.
    table
        .cards
        .sign_freeze(serial, &officer.freeze, &DIGEST)
        .unwrap();
    keys::enrol::unblock_pin(
        &table.cards,
        serial,
        &crate::support::puk(crate::support::PUK),
        &pin(NEW_PIN),
    )
    .unwrap();
    table
        .cards
        .sign(serial, &officer.sign, &pin(NEW_PIN), &DIGEST)
        .unwrap();
}

#[test]
fn a_touch_that_does_not_come_signs_nothing_and_says_so() {
    let table = Table::new();
    let (card, officer) = table.officer("Ada");
    let serial = card.serial();
    card.set_touch(TouchMode::Never).unwrap();
    let errors = [
        table
            .cards
            .sign(serial, &officer.sign, &pin(PIN), &DIGEST)
            .unwrap_err(),
        table
            .cards
            .sign_freeze(serial, &officer.freeze, &DIGEST)
            .unwrap_err(),
        table
            .cards
            .agree(serial, &officer.open, &pin(PIN), &peer())
            .unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error, CardError::NoTouch { serial });
        assert!(
            error
                .to_string()
                .starts_with(&format!("nobody touched YubiKey {serial}")),
            "{error}"
        );
    }
    assert_eq!(
        table.cards.pin_status(serial).unwrap().tries_left,
        3,
        "the PIN was right"
    );
    card.set_touch(TouchMode::AfterMs(400)).unwrap();
    table
        .cards
        .sign(serial, &officer.sign, &pin(PIN), &DIGEST)
        .unwrap();
}

#[test]
fn a_card_pulled_at_any_moment_is_a_removed_card_and_works_when_it_is_back() {
    let table = Table::new();
    let (card, officer) = table.officer("Ada");
    let serial = card.serial();
    for event in [PullOn::AfterVerify, PullOn::AtTouch, PullOn::BeforeAnswer] {
        card.pull_on(event).unwrap();
        let error = table
            .cards
            .sign(serial, &officer.sign, &pin(PIN), &DIGEST)
            .unwrap_err();
        assert_eq!(error, CardError::Removed { serial }, "{event:?}");
        assert!(
            error.to_string().contains("was pulled out or lost contact"),
            "{error}"
        );
        table.wait_gone(&card);
        card.plug().unwrap();
        card.pull_on(event).unwrap();
        let error = table
            .cards
            .agree(serial, &officer.open, &pin(PIN), &peer())
            .unwrap_err();
        assert_eq!(error, CardError::Removed { serial }, "{event:?}");
        table.wait_gone(&card);
        let error = table
            .cards
            .sign(serial, &officer.sign, &pin(PIN), &DIGEST)
            .unwrap_err();
        assert_eq!(
            error,
            CardError::NotPresent {
                serial,
                present: vec![]
            }
        );
        card.plug().unwrap();
        table
            .cards
            .sign(serial, &officer.sign, &pin(PIN), &DIGEST)
            .unwrap();
    }
}

#[test]
fn a_wrong_card_sees_no_pin_and_is_asked_for_no_touch() {
    let table = Table::new();
    let (mine, ada) = table.officer("Ada");
    let (other, ben) = table.officer("Ben");
    let serial = other.serial();
    let error = table
        .cards
        .sign(serial, &ada.sign, &pin("000000"), &DIGEST)
        .unwrap_err();
    assert_eq!(
        error,
        CardError::WrongCard {
            serial,
            slot: Slot::Sign
        }
    );
    assert!(
        error
            .to_string()
            .contains("it is the wrong YubiKey, or its key was replaced"),
        "{error}"
    );
    let error = table
        .cards
        .sign_freeze(serial, &ada.freeze, &DIGEST)
        .unwrap_err();
    assert_eq!(
        error,
        CardError::WrongCard {
            serial,
            slot: Slot::Freeze
        }
    );
    let error = table
        .cards
        .agree(serial, &ada.open, &pin("000000"), &peer())
        .unwrap_err();
    assert_eq!(
        error,
        CardError::WrongCard {
            serial,
            slot: Slot::Open
        }
    );
    // A key in the wrong place is another key.
    let error = table
        .cards
        .sign(serial, &ben.freeze, &pin("000000"), &DIGEST)
        .unwrap_err();
    assert_eq!(
        error,
        CardError::WrongCard {
            serial,
            slot: Slot::Sign
        }
    );
    assert_eq!(table.cards.pin_status(serial).unwrap().tries_left, 3);
    assert_eq!(other.touches_asked().unwrap(), 0);
    // The wanted one is not there.
    mine.unplug().unwrap();
    let error = table
        .cards
        .sign(mine.serial(), &ada.sign, &pin(PIN), &DIGEST)
        .unwrap_err();
    assert_eq!(
        error,
        CardError::NotPresent {
            serial: mine.serial(),
            present: vec![serial]
        }
    );
    let fresh = table.fresh(&CardOptions::default());
    let error = table
        .cards
        .sign(fresh.serial(), &ada.sign, &pin(PIN), &DIGEST)
        .unwrap_err();
    assert_eq!(
        error,
        CardError::EmptySlot {
            serial: fresh.serial(),
            slot: Slot::Sign
        }
    );
}

#[test]
fn a_card_that_blinks_holds_up_no_other() {
    let table = Table::new();
    let (slow, ada) = table.officer("Ada");
    let (quick, ben) = table.officer("Ben");
    slow.set_touch(TouchMode::Manual).unwrap();
    thread::scope(|scope| {
        let cards = table.cards.clone();
        let (serial, key) = (slow.serial(), ada.sign);
        let waiting = scope.spawn(move || cards.sign(serial, &key, &pin(PIN), &DIGEST));
        assert!(slow.wait_blink(SOON).unwrap());
        let begun = Instant::now();
        assert_eq!(table.cards.list().unwrap().len(), 2);
        table.cards.pin_status(quick.serial()).unwrap();
        table
            .cards
            .sign(quick.serial(), &ben.sign, &pin(PIN), &DIGEST)
            .unwrap();
        assert!(
            begun.elapsed() < Duration::from_millis(1500),
            "{:?}",
            begun.elapsed()
        );
        assert!(slow.press(SOON).unwrap());
        waiting.join().unwrap().unwrap();
    });
}

#[test]
fn a_wait_can_be_called_off_and_what_comes_late_is_thrown_away() {
    let table = Table::new();
    let (card, officer) = table.officer("Ada");
    let serial = card.serial();
    card.set_touch(TouchMode::Manual).unwrap();
    let cancel = Cancel::new();
    let cards = table.cards.cancellable(&cancel);
    thread::scope(|scope| {
        let key = officer.sign;
        let waiting = scope.spawn(move || cards.sign(serial, &key, &pin(PIN), &DIGEST));
        assert!(card.wait_blink(SOON).unwrap());
        let begun = Instant::now();
        cancel.cancel();
        let error = waiting.join().unwrap().unwrap_err();
        assert_eq!(error, CardError::Cancelled { serial });
        assert!(begun.elapsed() < Duration::from_secs(1));
    });
    // The thread that was left behind ends with the card's own patience; then the card is free.
    card.set_touch(TouchMode::Auto).unwrap();
    table
        .cards
        .sign(serial, &officer.sign, &pin(PIN), &DIGEST)
        .unwrap();
    let called_off = table.cards.cancellable(&cancel);
    let error = called_off
        .sign(serial, &officer.sign, &pin(PIN), &DIGEST)
        .unwrap_err();
    assert_eq!(error, CardError::Cancelled { serial });
}

#[test]
fn a_key_too_old_to_say_how_its_pin_is_is_not_used() {
    let table = Table::new();
    let card = table.fresh(&CardOptions::firmware("5.2.7"));
    let serial = card.serial();
    let error = table.cards.pin_status(serial).unwrap_err();
    assert!(
        matches!(error, CardError::TooOld { firmware, .. } if firmware.0 == [5, 2, 7]),
        "{error}"
    );
    assert_eq!(
        table.cards.list().unwrap()[0].serial,
        serial,
        "it is listed all the same"
    );
}
