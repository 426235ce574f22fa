//! A YubiKey becomes an officer's, on the real PC/SC stack: what is refused, and what comes of it.

use crate::support::{NEW_PIN, NEW_PUK, PIN, PUK, Table, note, pin, puk};
use domain::{Name, TreasuryId};
use keys::attestation::{self, AttestationError, FirmwareRule, TrustAnchors};
use keys::enrol::{self, EnrolError, ExistingKeys, Obstacle};
use keys::{CardError, Firmware, Setting, Slot};
use testkit::room::CardOptions;
use testkit::virtual_yubikey::PullOn;
use yubikey::piv::{self, AlgorithmId, SlotId};
use yubikey::{MgmKey, PinPolicy, TouchPolicy, YubiKey};

const ALWAYS: u8 = 3;
const TOUCH: u8 = 2;

fn ada() -> Name {
    Name::new("Ada").unwrap()
}

#[test]
fn factory_pin_puk_and_management_key_are_refused_untried_and_can_be_changed() {
    let table = Table::new();
    let card = table.fresh(&CardOptions::default());
    let (serial, cards) = (card.serial(), &table.cards);
    let ready = enrol::inspect(cards, serial).unwrap();
    let factory = [
        Obstacle::FactoryPin,
        Obstacle::FactoryPuk,
        Obstacle::FactoryManagementKey,
    ];
    assert_eq!(ready.obstacles(), factory);
    let attempt = |code| enrol::enrol(cards, serial, &pin(code), ExistingKeys::Refuse);

    let error = attempt("999999").unwrap_err();
    assert_eq!(error, EnrolError::FactoryPin { serial });
    assert!(
        error
            .to_string()
            .contains("still has the factory PIN, which everybody knows"),
        "{error}"
    );
    assert_eq!(
        cards.pin_status(serial).unwrap().tries_left,
        3,
        "the PIN was not tried"
    );
    let error = enrol::protect_management_key(cards, serial, &pin("123456")).unwrap_err();
    assert_eq!(error, EnrolError::FactoryPin { serial });

    enrol::change_pin(cards, serial, &pin("123456"), &pin(PIN)).unwrap();
    assert_eq!(
        attempt("999999").unwrap_err(),
        EnrolError::FactoryPuk { serial }
    );
    enrol::change_puk(cards, serial, &puk("12345678"), &puk(PUK)).unwrap();
    assert_eq!(
        attempt("999999").unwrap_err(),
        EnrolError::FactoryManagementKey { serial }
    );
    assert_eq!(cards.pin_status(serial).unwrap().tries_left, 3);
    enrol::protect_management_key(cards, serial, &pin(PIN)).unwrap();
    enrol::protect_management_key(cards, serial, &pin(PIN)).unwrap();
    assert_eq!(enrol::inspect(cards, serial).unwrap().obstacles(), []);

    let status = cards.pin_status(serial).unwrap();
    assert_eq!(
        [status.pin, status.puk, status.management_key],
        [Setting::Own; 3]
    );
    let error = attempt("999999").unwrap_err();
    assert_eq!(
        error,
        EnrolError::Card(CardError::WrongPin {
            serial,
            tries_left: 2
        })
    );
    assert_eq!(
        enrol::inspect(cards, serial).unwrap().occupied,
        [],
        "nothing half done"
    );
    attempt(PIN).unwrap();
    assert_eq!(card.touches_asked().unwrap(), 0);
}

#[test]
fn weak_or_unchanged_codes_are_refused_and_wrong_ones_counted() {
    let table = Table::new();
    let card = table.prepared(&CardOptions::default());
    let (serial, cards) = (card.serial(), &table.cards);
    let change = |old, new| enrol::change_pin(cards, serial, &pin(old), &pin(new)).unwrap_err();
    assert_eq!(change(PIN, "123456"), EnrolError::Weak { what: "PIN" });
    assert_eq!(change(PIN, "777777"), EnrolError::Weak { what: "PIN" });
    assert_eq!(change(PIN, PIN), EnrolError::Same { what: "PIN" });
    assert_eq!(cards.pin_status(serial).unwrap().tries_left, 3);
    let wrong = change("000000", NEW_PIN);
    assert_eq!(
        wrong,
        EnrolError::Card(CardError::WrongPin {
            serial,
            tries_left: 2
        })
    );
    let wrong = enrol::change_puk(cards, serial, &puk("00000000"), &puk(NEW_PUK)).unwrap_err();
    assert_eq!(
        wrong,
        EnrolError::Card(CardError::WrongPuk {
            serial,
            tries_left: 2
        })
    );
    let unblock =
        || enrol::unblock_pin(cards, serial, &puk("00000000"), &pin(NEW_PIN)).unwrap_err();
    assert_eq!(
        unblock(),
        EnrolError::Card(CardError::WrongPuk {
            serial,
            tries_left: 1
        })
    );
    assert_eq!(
        unblock(),
        EnrolError::Card(CardError::PukBlocked { serial })
    );
    assert_eq!(
        unblock(),
        EnrolError::Card(CardError::PukBlocked { serial })
    );
    assert_eq!(cards.pin_status(serial).unwrap().puk_tries_left, 0);
}

#[test]
fn an_enrolment_attests_three_keys_of_one_card_up_to_the_root() {
    let table = Table::new();
    for (root, firmware) in [("test", "5.7.1"), ("deep", "5.7.4")] {
        let options = CardOptions {
            root: root.to_owned(),
            ..CardOptions::firmware(firmware)
        };
        let (card, enrolment) = table.enrolled(&options);
        let anchors = table.anchors(root);
        let officer = enrolment.officer(ada(), None, &anchors).unwrap();
        assert_eq!(officer.serial, card.serial());
        assert_eq!(
            officer.attestation.chain.len(),
            if root == "deep" { 3 } else { 1 }
        );
        // What the roster holds is enough: roots alone verify it.
        let bare = TrustAnchors::from_roots(anchors.roots()).unwrap();
        let attested = attestation::verify(&officer, &bare, FirmwareRule::NewOnly).unwrap();
        assert_eq!(
            (attested.serial(), attested.officer()),
            (card.serial(), officer.id())
        );
        // Read again, without a PIN, it is the same.
        let again = enrol::read(&table.cards, card.serial()).unwrap();
        let again = again.officer(ada(), None, &anchors).unwrap();
        assert_eq!(
            (again.sign, again.freeze, again.open),
            (officer.sign, officer.freeze, officer.open)
        );
    }
}

#[test]
fn an_unknown_root_or_missing_intermediates_enrol_nobody() {
    let table = Table::new();
    let (_card, enrolment) = table.enrolled(&CardOptions::root("another"));
    let error = enrolment
        .officer(ada(), None, &table.anchors("test"))
        .unwrap_err();
    assert!(
        matches!(&error, AttestationError::UnknownRoot { issuer } if issuer.contains("another")),
        "{error}"
    );
    let empty = tempfile::tempdir().unwrap();
    let yubico = TrustAnchors::yubico(empty.path()).unwrap();
    let error = enrolment.officer(ada(), None, &yubico).unwrap_err();
    assert!(
        matches!(error, AttestationError::UnknownRoot { .. }),
        "{error}"
    );
    let (_card, deep) = table.enrolled(&CardOptions::root("deep"));
    let bare = TrustAnchors::from_roots(table.anchors("deep").roots()).unwrap();
    let error = deep.officer(ada(), None, &bare).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("intermediate certificates are missing"),
        "{error}"
    );
}

#[test]
fn old_firmware_is_enrolled_with_a_waiver_only() {
    let table = Table::new();
    let (card, enrolment) = table.enrolled(&CardOptions::firmware("5.4.3"));
    let ready = enrol::inspect(&table.cards, card.serial()).unwrap();
    assert_eq!(ready.obstacles()[0], Obstacle::OldFirmware);
    let error = enrolment
        .officer(ada(), None, &table.anchors("test"))
        .unwrap_err();
    assert_eq!(
        error,
        AttestationError::OldFirmware {
            firmware: Firmware([5, 4, 3])
        }
    );
    assert!(
        error.to_string().contains("EUCLEAK, CVE-2024-45678"),
        "{error}"
    );
    let waiver = Some(note("kept in a safe, replaced in spring"));
    let officer = enrolment
        .officer(ada(), waiver, &table.anchors("test"))
        .unwrap();
    assert_eq!(officer.firmware, [5, 4, 3]);
}

#[test]
fn existing_keys_are_replaced_only_when_that_is_said() {
    let table = Table::new();
    let (card, first) = table.enrolled(&CardOptions::default());
    let (serial, cards) = (card.serial(), &table.cards);
    let error = enrol::enrol(cards, serial, &pin("000000"), ExistingKeys::Refuse).unwrap_err();
    assert_eq!(
        error,
        EnrolError::Occupied {
            serial,
            slots: Slot::ALL.to_vec()
        }
    );
    assert!(
        error
            .to_string()
            .contains("already has keys in slots 9c, 9e, 82"),
        "{error}"
    );
    assert_eq!(cards.pin_status(serial).unwrap().tries_left, 3);
    assert_eq!(enrol::read(cards, serial).unwrap().sign, first.sign);
    let second = enrol::enrol(cards, serial, &pin(PIN), ExistingKeys::ReplaceForGood).unwrap();
    assert_ne!(first.sign, second.sign);
    let error = cards
        .sign(serial, &first.sign, &pin(PIN), &[7; 32])
        .unwrap_err();
    assert_eq!(
        error,
        CardError::WrongCard {
            serial,
            slot: Slot::Sign
        }
    );
    cards
        .sign(serial, &second.sign, &pin(PIN), &[7; 32])
        .unwrap();
}

#[test]
fn an_imported_key_is_no_officers() {
    let table = Table::new();
    let (card, _) = table.enrolled(&CardOptions::default());
    for (slot, number) in [(Slot::Open, 0x82), (Slot::Freeze, 0x9E), (Slot::Sign, 0x9C)] {
        card.import_key(number, ALWAYS, TOUCH).unwrap();
        let error = enrol::read(&table.cards, card.serial()).unwrap_err();
        assert_eq!(
            error,
            EnrolError::Imported {
                serial: card.serial(),
                slot
            }
        );
        assert!(error.to_string().contains("was not made on it"), "{error}");
    }
}

/// The crate `yubikey`, which knows nothing of our layer: by the reader's name, since it would open
/// every reader to find a serial.
fn other_library(card: &testkit::room::Card) -> YubiKey {
    let name = card.reader().unwrap();
    let mut context = yubikey::reader::Context::open().unwrap();
    let reader = context
        .iter()
        .unwrap()
        .find(|reader| reader.name() == name)
        .unwrap();
    reader.open().unwrap()
}

#[test]
fn weaker_policies_on_a_real_card_are_refused() {
    let table = Table::new();
    let weak = [
        (PinPolicy::Once, TouchPolicy::Always, [2, 2]),
        (PinPolicy::Always, TouchPolicy::Cached, [3, 3]),
        (PinPolicy::Always, TouchPolicy::Never, [3, 1]),
        (PinPolicy::Never, TouchPolicy::Always, [1, 2]),
    ];
    let card = table.fresh(&CardOptions::default());
    for slot in [
        SlotId::CardAuthentication,
        SlotId::Retired(piv::RetiredSlotId::R1),
    ] {
        generate(&card, slot, PinPolicy::Always, TouchPolicy::Always);
    }
    generate(
        &card,
        SlotId::CardAuthentication,
        PinPolicy::Never,
        TouchPolicy::Always,
    );
    for (pin_policy, touch_policy, found) in weak {
        generate(&card, SlotId::Signature, pin_policy, touch_policy);
        // Still with factory codes: those are refused first.
        let error = enrol::read(&table.cards, card.serial()).unwrap_err();
        assert_eq!(
            error,
            EnrolError::FactoryPin {
                serial: card.serial()
            }
        );
        let enrolment = read_regardless(&table, &card);
        let error = enrolment
            .officer(ada(), None, &table.anchors("test"))
            .unwrap_err();
        let wanted = [3, 2];
        assert_eq!(
            error,
            AttestationError::WeakPolicy {
                slot: Slot::Sign,
                found,
                wanted
            }
        );
    }
}

fn generate(card: &testkit::room::Card, slot: SlotId, pin: PinPolicy, touch: TouchPolicy) {
    let mut yubikey = other_library(card);
    let key = MgmKey::get_default(&yubikey).unwrap();
    yubikey.authenticate(&key).unwrap();
    piv::generate(&mut yubikey, slot, AlgorithmId::EccP256, pin, touch).unwrap();
}

/// Sets codes of its own, reads, and puts the factory's PIN and PUK back for the next round.
fn read_regardless(table: &Table, card: &testkit::room::Card) -> enrol::Enrolment {
    let (serial, cards) = (card.serial(), &table.cards);
    enrol::change_pin(cards, serial, &pin("123456"), &pin(PIN)).unwrap();
    enrol::change_puk(cards, serial, &puk("12345678"), &puk(PUK)).unwrap();
    let own = MgmKey::from_bytes([9; 24], None).unwrap();
    let mut yubikey = other_library(card);
    let factory = MgmKey::get_default(&yubikey).unwrap();
    yubikey.authenticate(&factory).unwrap();
    own.set_manual(&mut yubikey, false).unwrap();
    drop(yubikey);
    let enrolment = enrol::read(cards, serial).unwrap();
    let mut yubikey = other_library(card);
    yubikey.authenticate(&own).unwrap();
    factory.set_manual(&mut yubikey, false).unwrap();
    yubikey.verify_pin(PIN.as_bytes()).unwrap();
    yubikey.set_pin_retries(3, 3).unwrap();
    enrolment
}

#[test]
fn a_management_key_that_somebody_else_holds_is_said_so() {
    let table = Table::new();
    let card = table.fresh(&CardOptions::default());
    let (serial, cards) = (card.serial(), &table.cards);
    enrol::change_pin(cards, serial, &pin("123456"), &pin(PIN)).unwrap();
    enrol::change_puk(cards, serial, &puk("12345678"), &puk(PUK)).unwrap();
    let mut yubikey = other_library(&card);
    let factory = MgmKey::get_default(&yubikey).unwrap();
    yubikey.authenticate(&factory).unwrap();
    MgmKey::from_bytes([9; 24], None)
        .unwrap()
        .set_manual(&mut yubikey, false)
        .unwrap();
    drop(yubikey);
    let error = enrol::enrol(cards, serial, &pin(PIN), ExistingKeys::Refuse).unwrap_err();
    assert_eq!(error, EnrolError::ManagementKeyElsewhere { serial });
    let error = enrol::protect_management_key(cards, serial, &pin(PIN)).unwrap_err();
    assert_eq!(error, EnrolError::ManagementKeyElsewhere { serial });
    assert_eq!(enrol::inspect(cards, serial).unwrap().occupied, []);
}

#[test]
fn the_yubikey_crate_finds_what_we_provisioned() {
    let table = Table::new();
    for firmware in ["5.3.0", "5.4.3", "5.7.1"] {
        let (card, enrolment) = table.enrolled(&CardOptions::firmware(firmware));
        let mut yubikey = other_library(&card);
        let metadata = piv::metadata(&mut yubikey, SlotId::Signature).unwrap();
        assert_eq!(
            metadata.policy,
            Some((PinPolicy::Always, TouchPolicy::Always))
        );
        assert_eq!(metadata.origin, Some(piv::Origin::Generated));
        let key = metadata.public.unwrap();
        assert_eq!(
            key.subject_public_key.raw_bytes(),
            enrolment.sign.to_uncompressed().unwrap()
        );
        // The management key is where Yubico's tools look for it.
        yubikey.verify_pin(PIN.as_bytes()).unwrap();
        let kept = MgmKey::get_protected(&mut yubikey).unwrap();
        yubikey.authenticate(&kept).unwrap();
        assert!(
            yubikey
                .authenticate(&MgmKey::get_default(&yubikey).unwrap())
                .is_err()
        );
    }
}

#[test]
fn a_card_pulled_in_an_enrolment_is_enrolled_again() {
    let table = Table::new();
    let card = table.prepared(&CardOptions::default());
    let serial = card.serial();
    card.pull_on(PullOn::AfterVerify).unwrap();
    let error = enrol::enrol(&table.cards, serial, &pin(PIN), ExistingKeys::Refuse).unwrap_err();
    assert_eq!(error, EnrolError::Card(CardError::Removed { serial }));
    table.wait_gone(&card);
    card.plug().unwrap();
    assert_eq!(enrol::inspect(&table.cards, serial).unwrap().occupied, []);
    enrol::enrol(&table.cards, serial, &pin(PIN), ExistingKeys::Refuse).unwrap();
}

#[test]
fn possession_is_proven_by_the_key_itself_and_bound_to_the_treasury() {
    let table = Table::new();
    let (card, mut officer) = table.officer("Ada");
    let (_other, ben) = table.officer("Ben");
    let treasury = TreasuryId::from_bytes([3; 32]);
    assert!(!officer.proves_possession(treasury));
    let proof = enrol::prove_possession(&table.cards, &officer, treasury, &pin(PIN)).unwrap();
    officer.possession = Some(proof.clone());
    assert!(officer.proves_possession(treasury));
    assert!(!officer.proves_possession(TreasuryId::from_bytes([4; 32])));
    let mut thief = ben;
    thief.possession = Some(proof);
    assert!(!thief.proves_possession(treasury));
    assert_eq!(card.touches_asked().unwrap(), 1);
}
