//! Share files attacked: other bindings, other keys, changed bytes, wrong sets of pieces.

use std::collections::BTreeMap;
use std::sync::Mutex;

use domain::seal::{SealShare as _, SecretBytes, ShareBinding};
use domain::{Epoch, PublicKey, SeatId, TreasuryId, VaultId};
use p256::SecretKey;

use super::*;
use crate::cards::CardError;
use crate::hpke::SharedSecret;
use crate::os_keyring::{KeyringError, SecretStore};

#[path = "format_tests.rs"]
mod format;

const SHARE: &[u8] = b"a share that nobody may see";

/// An officer's slot 82, in software.
struct Officer(SecretKey);

impl Officer {
    fn new(seed: u8) -> Self {
        Self(SecretKey::from_slice(&[seed; 32]).unwrap())
    }

    fn key(&self) -> PublicKey {
        PublicKey::from_sec1(&self.0.public_key().to_sec1_bytes()).unwrap()
    }

    fn opener(&self) -> Opener {
        Opener {
            officer: self.key().officer_id(),
            key: self.key(),
        }
    }

    fn agree(&self, ephemeral: &PublicKey) -> Result<SharedSecret, CardError> {
        let point = p256::PublicKey::from_sec1_bytes(ephemeral.as_bytes()).unwrap();
        let agreed = p256::ecdh::diffie_hellman(self.0.to_nonzero_scalar(), point.as_affine());
        Ok(SharedSecret::from_card(agreed.raw_secret_bytes().as_slice()).unwrap())
    }
}

fn no_touch(_: &PublicKey) -> Result<SharedSecret, CardError> {
    panic!("nobody may be asked for a touch in vain")
}

fn binding() -> ShareBinding {
    ShareBinding {
        treasury: TreasuryId::from_bytes([1; 32]),
        vault: VaultId::from_bytes([2; 32]),
        seat: SeatId::new(3).unwrap(),
        epoch: Epoch::FIRST,
    }
}

fn share() -> SecretBytes {
    SecretBytes::new(SHARE.to_vec())
}

#[derive(Default)]
struct Memory(Mutex<BTreeMap<String, Vec<u8>>>);

impl SecretStore for Memory {
    fn get(&self, name: &str) -> Result<Option<SecretBytes>, KeyringError> {
        Ok(self
            .0
            .lock()
            .unwrap()
            .get(name)
            .cloned()
            .map(SecretBytes::new))
    }
    fn set(&self, name: &str, secret: &[u8]) -> Result<(), KeyringError> {
        self.0
            .lock()
            .unwrap()
            .insert(name.to_owned(), secret.to_vec());
        Ok(())
    }
    fn delete(&self, name: &str) -> Result<(), KeyringError> {
        self.0.lock().unwrap().remove(name);
        Ok(())
    }
}

/// Takes everything and keeps nothing.
struct Forgetful;

impl SecretStore for Forgetful {
    fn get(&self, _: &str) -> Result<Option<SecretBytes>, KeyringError> {
        Ok(None)
    }
    fn set(&self, _: &str, _: &[u8]) -> Result<(), KeyringError> {
        Ok(())
    }
    fn delete(&self, _: &str) -> Result<(), KeyringError> {
        Ok(())
    }
}

fn hardware(officers: &[&Officer]) -> SealedFile {
    let openers = officers.iter().map(|officer| officer.opener()).collect();
    HardwareSealer::new(openers)
        .unwrap()
        .seal(&binding(), share())
        .unwrap()
}

fn recovery(officers: &[Officer], needed: u16) -> SealedFile {
    let openers = officers.iter().map(Officer::opener).collect();
    RecoverySealer::new(openers, needed)
        .unwrap()
        .seal(&binding(), share())
        .unwrap()
}

fn piece(file: &SealedFile, officer: &Officer) -> Piece {
    open_piece(file, &binding(), &officer.key(), |e| officer.agree(e)).unwrap()
}

#[test]
fn a_device_share_opens_with_its_keyring_and_no_other() {
    let keyring = Memory::default();
    let file = DeviceSealer::new(&keyring)
        .seal(&binding(), share())
        .unwrap();
    let opened = open_device(&file, &binding(), &keyring).unwrap();
    assert_eq!(opened.expose(), SHARE);
    let other = open_device(&file, &binding(), &Memory::default()).unwrap_err();
    assert!(matches!(other, OpenError::NoKey), "{other}");
    forget_device(&file, &keyring).unwrap();
    assert!(matches!(
        open_device(&file, &binding(), &keyring),
        Err(OpenError::NoKey)
    ));
}

#[test]
fn two_runs_for_one_seat_do_not_overwrite_each_others_key() {
    let keyring = Memory::default();
    let first = DeviceSealer::new(&keyring)
        .seal(&binding(), share())
        .unwrap();
    let second = DeviceSealer::new(&keyring)
        .seal(&binding(), share())
        .unwrap();
    assert_ne!(first.bytes(), second.bytes());
    for file in [first, second] {
        assert_eq!(
            open_device(&file, &binding(), &keyring).unwrap().expose(),
            SHARE
        );
    }
}

#[test]
fn a_keyring_that_forgets_seals_nothing() {
    let error = DeviceSealer::new(&Forgetful)
        .seal(&binding(), share())
        .unwrap_err();
    assert!(
        matches!(error, SealError::Keyring(KeyringError::Forgetful)),
        "{error}"
    );
}

#[test]
fn a_changed_data_key_is_refused_before_decryption() {
    let keyring = Memory::default();
    let file = DeviceSealer::new(&keyring)
        .seal(&binding(), share())
        .unwrap();
    let name = keyring.0.lock().unwrap().keys().next().unwrap().clone();
    for wrong in [vec![0; 32], vec![0; 31], vec![]] {
        keyring.set(&name, &wrong).unwrap();
        let error = open_device(&file, &binding(), &keyring).unwrap_err();
        assert!(matches!(error, OpenError::WrongKey), "{error}");
    }
}

#[test]
fn any_officer_of_a_hardware_seat_opens_it_and_nobody_else() {
    let (a, b, stranger) = (Officer::new(1), Officer::new(2), Officer::new(3));
    let file = hardware(&[&a, &b]);
    for officer in [&a, &b] {
        let opened = open_hardware(&file, &binding(), &officer.key(), |e| officer.agree(e));
        assert_eq!(opened.unwrap().expose(), SHARE);
    }
    let error = open_hardware(&file, &binding(), &stranger.key(), no_touch).unwrap_err();
    assert!(matches!(error, OpenError::NotAnOpener), "{error}");
    let error = open_hardware(&file, &binding(), &a.key(), |e| stranger.agree(e)).unwrap_err();
    assert!(matches!(error, OpenError::Lid(_)), "{error}");
}

#[test]
fn a_hardware_seat_that_one_lost_key_would_close_is_refused() {
    let (a, b) = (Officer::new(1), Officer::new(2));
    let refused = |openers| HardwareSealer::new(openers).unwrap_err();
    assert!(matches!(
        refused(vec![]),
        SealError::TooFewOfficers { given: 0, .. }
    ));
    assert!(matches!(
        refused(vec![a.opener()]),
        SealError::TooFewOfficers { given: 1, .. }
    ));
    assert!(matches!(
        refused(vec![a.opener(), a.opener()]),
        SealError::OfficerTwice(_)
    ));
    let same_key = Opener {
        key: a.key(),
        ..b.opener()
    };
    assert!(matches!(
        refused(vec![a.opener(), same_key]),
        SealError::OfficerTwice(_)
    ));
    let crowd = (1..=33).map(|n| Officer::new(n).opener()).collect();
    assert!(matches!(
        refused(crowd),
        SealError::TooManyOfficers { given: 33, .. }
    ));
}

#[test]
fn every_k_officers_open_a_recovery_seat_and_fewer_do_not() {
    let officers = [Officer::new(1), Officer::new(2), Officer::new(3)];
    let file = recovery(&officers, 2);
    for (a, b) in [(0, 1), (0, 2), (1, 2), (2, 0)] {
        let pieces = vec![piece(&file, &officers[a]), piece(&file, &officers[b])];
        assert_eq!(combine(&file, &binding(), pieces).unwrap().expose(), SHARE);
    }
    let all = || officers.iter().map(|o| piece(&file, o)).collect();
    assert_eq!(combine(&file, &binding(), all()).unwrap().expose(), SHARE);
    let each = combine_each(&file, &binding(), all()).unwrap();
    assert_eq!(each.len(), 2);
    assert!(each.iter().all(|share| share.expose() == SHARE));
    let one = combine(&file, &binding(), vec![piece(&file, &officers[0])]).unwrap_err();
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
    let twice = vec![piece(&file, &officers[0]), piece(&file, &officers[0])];
    let twice = combine(&file, &binding(), twice).unwrap_err();
    assert!(matches!(twice, OpenError::PieceTwice), "{twice}");
}

#[test]
fn a_wrong_piece_is_noticed_and_not_used() {
    let officers = [Officer::new(1), Officer::new(2), Officer::new(3)];
    let (file, other) = (recovery(&officers, 2), recovery(&officers, 2));
    let foreign = vec![piece(&file, &officers[0]), piece(&other, &officers[1])];
    let error = combine(&file, &binding(), foreign).unwrap_err();
    assert!(matches!(error, OpenError::ForeignPiece), "{error}");
    for wrong in [0, 17, 31] {
        let mut pieces = vec![piece(&file, &officers[0]), piece(&file, &officers[1])];
        pieces[1].spoil(wrong);
        let error = combine(&file, &binding(), pieces).unwrap_err();
        assert!(matches!(error, OpenError::WrongKey), "{error}");
    }
    // A piece that is not needed is not overlooked where each is to be proven.
    let mut pieces: Vec<Piece> = officers.iter().map(|o| piece(&file, o)).collect();
    pieces[2].spoil(0);
    let error = combine_each(&file, &binding(), pieces).unwrap_err();
    assert!(matches!(error, OpenError::WrongKey), "{error}");
}

#[test]
fn one_officer_of_a_recovery_seat_cannot_open_it_as_a_hardware_seat() {
    let officers = [Officer::new(1), Officer::new(2)];
    let file = recovery(&officers, 2);
    let error = open_hardware(&file, &binding(), &officers[0].key(), no_touch).unwrap_err();
    assert!(
        matches!(
            error,
            OpenError::OtherKind {
                found: SealKind::Recovery,
                wanted: SealKind::Hardware
            }
        ),
        "{error}"
    );
    for (needed, total) in [(1, 2), (0, 2), (3, 2)] {
        let openers = officers.iter().map(Officer::opener).collect();
        let error = RecoverySealer::new(openers, needed).unwrap_err();
        assert!(
            matches!(error, SealError::Pieces { needed: n, total: t } if (n, t) == (needed, total)),
            "{error}"
        );
    }
}

#[test]
fn a_share_opens_under_its_own_binding_only_and_asks_for_no_touch_otherwise() {
    let (a, b) = (Officer::new(1), Officer::new(2));
    let file = hardware(&[&a, &b]);
    let later: Epoch = serde_json::from_str("2").unwrap();
    let others = [
        ShareBinding {
            treasury: TreasuryId::from_bytes([9; 32]),
            ..binding()
        },
        ShareBinding {
            vault: VaultId::from_bytes([9; 32]),
            ..binding()
        },
        ShareBinding {
            seat: SeatId::new(4).unwrap(),
            ..binding()
        },
        ShareBinding {
            epoch: later,
            ..binding()
        },
    ];
    for other in others {
        let error = open_hardware(&file, &other, &a.key(), no_touch).unwrap_err();
        let OpenError::OtherShare { found } = &error else {
            panic!("{error}")
        };
        assert_eq!(**found, binding());
        // A file whose header was rewritten to the binding that is wanted does not open either.
        let text = String::from_utf8(file.bytes().to_vec()).unwrap();
        let (was, is) = (header(&binding()), header(&other));
        let forged = SealedFile::parse(text.replace(&was, &is).as_bytes()).unwrap();
        assert_eq!(forged.binding(), other);
        let error = open_hardware(&forged, &other, &a.key(), |e| a.agree(e)).unwrap_err();
        assert!(matches!(error, OpenError::Lid(_)), "{error}");
    }
}

fn header(binding: &ShareBinding) -> String {
    format!(
        r#""binding":{{"treasury":"{}","vault":"{}","seat":{},"epoch":{}}}"#,
        binding.treasury,
        binding.vault,
        binding.seat,
        binding.epoch.get()
    )
}

#[test]
fn the_one_who_can_open_notices_any_changed_character() {
    let (a, b) = (Officer::new(1), Officer::new(2));
    let file = hardware(&[&a, &b]);
    let mut opened = 0;
    for place in 0..file.bytes().len() {
        let mut bytes = file.bytes().to_vec();
        bytes[place] = match bytes[place] {
            b'0' => b'1',
            b'f' => b'e',
            digit @ (b'1'..=b'8' | b'a'..=b'e') => digit + 1,
            other => other ^ 1,
        };
        let Ok(changed) = SealedFile::parse(&bytes) else {
            continue;
        };
        assert_ne!(changed.sha256(), file.sha256());
        if open_hardware(&changed, &binding(), &a.key(), |e| a.agree(e)).is_ok() {
            opened += 1;
        }
    }
    assert_eq!(opened, 0);
}

#[test]
fn lids_of_another_file_cannot_be_put_on() {
    let (a, b, thief) = (Officer::new(1), Officer::new(2), Officer::new(7));
    let (file, other) = (hardware(&[&a, &b]), hardware(&[&a, &thief]));
    let (text, its) = (text(&file), text(&other));
    let mixed = text.replace(lids(&text), lids(&its));
    assert_ne!(mixed, text);
    let mixed = SealedFile::parse(mixed.as_bytes()).unwrap();
    let error = open_hardware(&mixed, &binding(), &thief.key(), |e| thief.agree(e)).unwrap_err();
    assert!(matches!(error, OpenError::Lid(_)), "{error}");
}

/// The text of the list of lids.
fn lids(text: &str) -> &str {
    let (_, rest) = text.split_once(r#""lids":["#).unwrap();
    rest.split_once(r#"]}},"check""#).unwrap().0
}

fn text(file: &SealedFile) -> String {
    String::from_utf8(file.bytes().to_vec()).unwrap()
}

#[test]
fn shares_of_no_or_absurd_size_are_refused() {
    let keyring = Memory::default();
    for size in [0, MAX_SHARE + 1] {
        let share = SecretBytes::new(vec![7; size]);
        let error = DeviceSealer::new(&keyring)
            .seal(&binding(), share)
            .unwrap_err();
        assert!(matches!(error, SealError::Size(n) if n == size), "{error}");
    }
    let largest = SecretBytes::new(vec![7; MAX_SHARE]);
    let file = DeviceSealer::new(&keyring)
        .seal(&binding(), largest)
        .unwrap();
    assert!(file.bytes().len() <= MAX_FILE);
    assert_eq!(
        open_device(&file, &binding(), &keyring)
            .unwrap()
            .expose()
            .len(),
        MAX_SHARE
    );
}

#[test]
fn nothing_secret_is_shown() {
    let officers = [Officer::new(1), Officer::new(2)];
    let file = recovery(&officers, 2);
    let shown = format!("{:?} {file:?}", piece(&file, &officers[0]));
    assert!(shown.starts_with("<redacted> "), "{shown}");
    assert!(!text(&file).contains(&hex::encode(SHARE)));
}
