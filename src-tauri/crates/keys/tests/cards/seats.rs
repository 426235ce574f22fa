//! Shares sealed to YubiKeys and opened by them, on the real PC/SC stack.

use crate::support::{PIN, Table, pin};
use domain::seal::{SealShare as _, SecretBytes, ShareBinding};
use domain::{Epoch, Officer, SeatId, TreasuryId, VaultId};
use keys::CardError;
use keys::sealed::{
    HardwareSealer, OpenError, Opener, Piece, RecoverySealer, SealedFile, combine, open_hardware,
    open_piece,
};
use testkit::room::Card;
use testkit::virtual_yubikey::{PullOn, TouchMode};

const SHARE: &[u8] = b"a share of a key that exists nowhere";

fn binding() -> ShareBinding {
    ShareBinding {
        treasury: TreasuryId::from_bytes([1; 32]),
        vault: VaultId::from_bytes([2; 32]),
        seat: SeatId::new(2).unwrap(),
        epoch: Epoch::FIRST,
    }
}

fn share() -> SecretBytes {
    SecretBytes::new(SHARE.to_vec())
}

fn open(
    table: &Table,
    file: &SealedFile,
    card: &Card,
    officer: &Officer,
    code: &str,
) -> Result<SecretBytes, OpenError> {
    open_hardware(file, &binding(), &officer.open, |ephemeral| {
        table
            .cards
            .agree(card.serial(), &officer.open, &pin(code), ephemeral)
    })
}

fn piece(
    table: &Table,
    file: &SealedFile,
    card: &Card,
    officer: &Officer,
) -> Result<Piece, OpenError> {
    open_piece(file, &binding(), &officer.open, |ephemeral| {
        table
            .cards
            .agree(card.serial(), &officer.open, &pin(PIN), ephemeral)
    })
}

#[test]
fn a_hardware_seat_opens_with_either_officers_card_pin_and_touch() {
    let table = Table::new();
    let (a, ada) = table.officer("Ada");
    let (b, ben) = table.officer("Ben");
    let mut sealer = HardwareSealer::new(vec![Opener::of(&ada), Opener::of(&ben)]).unwrap();
    let file = sealer.seal(&binding(), share()).unwrap();
    let file = SealedFile::parse(file.bytes()).unwrap();
    for (card, officer) in [(&a, &ada), (&b, &ben)] {
        assert_eq!(
            open(&table, &file, card, officer, PIN).unwrap().expose(),
            SHARE
        );
        assert_eq!(card.touches_asked().unwrap(), 1);
    }
    // Ada's lid is not opened by Ben's card.
    let error = open(&table, &file, &b, &ada, PIN).unwrap_err();
    assert!(
        matches!(error, OpenError::Card(CardError::WrongCard { .. })),
        "{error}"
    );
}

#[test]
fn a_seat_stays_sealed_when_the_card_fails() {
    let table = Table::new();
    let (card, ada) = table.officer("Ada");
    let (_b, ben) = table.officer("Ben");
    let mut sealer = HardwareSealer::new(vec![Opener::of(&ada), Opener::of(&ben)]).unwrap();
    let file = sealer.seal(&binding(), share()).unwrap();
    let serial = card.serial();
    let error = open(&table, &file, &card, &ada, "000000").unwrap_err();
    assert!(
        matches!(
            error,
            OpenError::Card(CardError::WrongPin { tries_left: 2, .. })
        ),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .starts_with("the share stays sealed: wrong PIN"),
        "{error}"
    );
    card.set_touch(TouchMode::Never).unwrap();
    let error = open(&table, &file, &card, &ada, PIN).unwrap_err();
    assert!(
        matches!(error, OpenError::Card(CardError::NoTouch { .. })),
        "{error}"
    );
    card.set_touch(TouchMode::Auto).unwrap();
    for event in [PullOn::AfterVerify, PullOn::AtTouch, PullOn::BeforeAnswer] {
        card.pull_on(event).unwrap();
        let error = open(&table, &file, &card, &ada, PIN).unwrap_err();
        let OpenError::Card(removed) = &error else {
            panic!("{error}")
        };
        assert_eq!(*removed, CardError::Removed { serial }, "{event:?}");
        table.wait_gone(&card);
        card.plug().unwrap();
    }
    assert_eq!(
        open(&table, &file, &card, &ada, PIN).unwrap().expose(),
        SHARE
    );
}

#[test]
fn a_recovery_seat_opens_with_k_cards() {
    let table = Table::new();
    let officers = ["Ada", "Ben", "Cem"].map(|name| table.officer(name));
    let openers = officers
        .iter()
        .map(|(_, officer)| Opener::of(officer))
        .collect();
    let file = RecoverySealer::new(openers, 2)
        .unwrap()
        .seal(&binding(), share())
        .unwrap();
    let [(a, ada), (b, ben), (c, cem)] = &officers;
    let one = combine(
        &file,
        &binding(),
        vec![piece(&table, &file, a, ada).unwrap()],
    )
    .unwrap_err();
    assert!(
        matches!(
            one,
            OpenError::TooFewPieces {
                needed: 2,
                given: 1
            }
        ),
        "{one}"
    );
    for pair in [
        [(a, ada), (b, ben)],
        [(b, ben), (c, cem)],
        [(c, cem), (a, ada)],
    ] {
        let pieces = pair.map(|(card, officer)| piece(&table, &file, card, officer).unwrap());
        let opened = combine(&file, &binding(), pieces.into()).unwrap();
        assert_eq!(opened.expose(), SHARE);
    }
}
