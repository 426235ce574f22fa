//! Other programs that want a card at the same time.

use std::ffi::CString;
use std::thread;
use std::time::{Duration, Instant};

use keys::CardError;
use testkit::room::Card;
use testkit::virtual_yubikey::TouchMode;

use crate::support::{DIGEST, PIN, SOON, Table, peer, pin};

/// Another program with its own connection to the card.
struct Rival(pcsc::Card);

impl Rival {
    fn connect(card: &Card) -> Self {
        let context = pcsc::Context::establish(pcsc::Scope::User).unwrap();
        let reader = CString::new(card.reader().unwrap()).unwrap();
        Self(
            context
                .connect(&reader, pcsc::ShareMode::Shared, pcsc::Protocols::ANY)
                .unwrap(),
        )
    }

    fn send(&self, command: &[u8]) -> Result<Vec<u8>, pcsc::Error> {
        let mut buffer = [0; pcsc::MAX_BUFFER_SIZE];
        self.0.transmit(command, &mut buffer).map(<[u8]>::to_vec)
    }

    /// Asks for the ECDH of slot 82 and for signatures, without a PIN of its own.
    fn steal(&self) -> Vec<Result<Vec<u8>, pcsc::Error>> {
        let sign = |slot| {
            [
                &[0, 0x87, 0x11, slot, 38, 0x7C, 36, 0x82, 0, 0x81, 32][..],
                &[9; 32],
            ]
            .concat()
        };
        let point = peer().to_uncompressed().unwrap();
        let agree = [
            &[0, 0x87, 0x11, 0x82, 71, 0x7C, 69, 0x82, 0, 0x85, 65][..],
            &point,
        ]
        .concat();
        [sign(0x9C), sign(0x9E), agree]
            .iter()
            .map(|command| self.send(command))
            .collect()
    }
}

#[test]
fn a_racing_program_gets_neither_the_verified_pin_nor_the_touch() {
    let table = Table::new();
    let (card, officer) = table.officer("Ada");
    let serial = card.serial();
    let rival = Rival::connect(&card);
    card.set_touch(TouchMode::Manual).unwrap();
    thread::scope(|scope| {
        let cards = table.cards.clone();
        let key = officer.sign;
        let waiting = scope.spawn(move || cards.sign(serial, &key, &pin(PIN), &DIGEST));
        assert!(card.wait_blink(SOON).unwrap());
        // The PIN is verified and the key blinks: now the rival wants them.
        let stolen = scope.spawn(move || (rival.steal(), rival));
        thread::sleep(Duration::from_millis(300));
        assert!(card.press(SOON).unwrap());
        waiting.join().unwrap().unwrap();
        let (during, rival) = stolen.join().unwrap();
        assert!(during.iter().all(|answer| !signed(answer)), "{during:?}");
        // Right after, too: the reset made the card forget the PIN.
        let mut rival = rival.0;
        rival
            .reconnect(
                pcsc::ShareMode::Shared,
                pcsc::Protocols::ANY,
                pcsc::Disposition::LeaveCard,
            )
            .unwrap();
        let rival = Rival(rival);
        card.set_touch(TouchMode::Auto).unwrap();
        let select = [0x00, 0xA4, 0x04, 0x00, 0x05, 0xA0, 0x00, 0x00, 0x03, 0x08];
        assert!(signed(&rival.send(&select)), "the applet answers");
        let verified = rival.send(&[0x00, 0x20, 0x00, 0x80]).unwrap();
        assert_eq!(verified, [0x63, 0xC3], "no PIN is verified");
        let after = rival.steal();
        assert!(!signed(&after[0]) && !signed(&after[2]), "{after:?}");
    });
}

fn signed(answer: &Result<Vec<u8>, pcsc::Error>) -> bool {
    matches!(answer.as_deref(), Ok([.., 0x90, 0x00]) | Ok([.., 0x61, _]))
}

#[test]
fn a_card_that_another_program_holds_is_given_up_without_a_pin() {
    let table = Table::new();
    let (card, officer) = table.officer("Ada");
    let serial = card.serial();
    let mut rival = Rival::connect(&card);
    let held = rival.0.transaction().unwrap();
    let cards = table.cards.with_patience(Duration::from_millis(700));
    let begun = Instant::now();
    let error = cards
        .sign(serial, &officer.sign, &pin("000000"), &DIGEST)
        .unwrap_err();
    assert_eq!(error, CardError::HeldByAnother { serial });
    assert!(
        error.to_string().contains("no PIN and no touch was used"),
        "{error}"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );
    // Who does not know the card yet can't ask it either.
    let stranger = keys::Cards::connect().unwrap();
    let error = stranger
        .sign(serial, &officer.sign, &pin("000000"), &DIGEST)
        .unwrap_err();
    let CardError::Unreadable { why, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(why, "another program holds it");
    let _ = held.end(pcsc::Disposition::LeaveCard);
    drop(rival);
    assert_eq!(table.cards.pin_status(serial).unwrap().tries_left, 3);
    table
        .cards
        .sign(serial, &officer.sign, &pin(PIN), &DIGEST)
        .unwrap();
}

#[test]
fn a_failed_use_leaves_no_verified_pin_behind() {
    let table = Table::new();
    let (card, officer) = table.officer("Ada");
    card.set_touch(TouchMode::Never).unwrap();
    table
        .cards
        .sign(card.serial(), &officer.sign, &pin(PIN), &DIGEST)
        .unwrap_err();
    let rival = Rival::connect(&card);
    // No SELECT of its own, which would clear the state as well: the applet is not even selected.
    let answer = rival.send(&[0x00, 0x20, 0x00, 0x80]).unwrap();
    assert_ne!(answer, [0x90, 0x00]);
    assert_eq!(answer, [0x6D, 0x00], "the card was reset");
}
