//! A real YubiKey's chain, and forged ones.

use super::*;
use domain::Name;
use domain::roster::Attestation;
use forged::{Forged, authority, parameters, world, world_of};
use rcgen::{KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384};

#[path = "forged.rs"]
mod forged;

const SERIAL: u32 = 12_345_678;

fn fixture(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    std::fs::read(format!("{folder}/{name}")).unwrap()
}

fn yubico() -> TrustAnchors {
    TrustAnchors::yubico(tempfile::tempdir().unwrap().path()).unwrap()
}

/// The sample chain that the crate `attestation-validator` 0.2.0 ships: a real YubiKey 5 with firmware
/// 5.2.7, slot 9c made with PIN always and touch never.
fn real_officer() -> Officer {
    let nine_c = fixture("yubikey-5.2.7-9c.der");
    let key = Certificate::parse(&nine_c).unwrap().p256_key().unwrap();
    let other = |seed| software_key(&p256::SecretKey::from_slice(&[seed; 32]).unwrap());
    Officer {
        name: Name::new("Ada").unwrap(),
        sign: key,
        freeze: other(1),
        open: other(2),
        serial: 15_422_467,
        firmware: [5, 2, 7],
        attestation: Attestation {
            sign: HexBytes(nine_c.clone()),
            freeze: HexBytes(nine_c.clone()),
            open: HexBytes(nine_c),
            chain: vec![HexBytes(fixture("yubikey-5.2.7-f9.der"))],
        },
        waiver: Some(Note::new("an old key for a test").unwrap()),
        possession: None,
    }
}

fn software_key(secret: &p256::SecretKey) -> PublicKey {
    PublicKey::from_sec1(&secret.public_key().to_sec1_bytes()).unwrap()
}

#[test]
fn a_real_chain_verifies_up_to_yubicos_root_and_its_statement_is_read() {
    let officer = real_officer();
    let device = verify_chain(&officer.attestation.chain, &yubico()).unwrap();
    assert_eq!(
        hex::encode(device.root),
        "63ece914e54dd87915f34033c85af4c0696ba1512f8add66ced738331207b546"
    );
    let slot = Certificate::parse(&officer.attestation.sign.0).unwrap();
    assert!(device.certificate.issued(&slot));
    assert_eq!(slot.subject(), "CN=YubiKey PIV Attestation 9c");
    let statement = slot.statement().unwrap();
    assert_eq!(statement.serial, 15_422_467);
    assert_eq!(statement.firmware, Firmware([5, 2, 7]));
    assert_eq!(statement.policy, [3, 1]);
    // Everything up to the touch policy is right.
    let error = verify(&officer, &yubico(), FirmwareRule::OldWithWaiver).unwrap_err();
    let weak = AttestationError::WeakPolicy {
        slot: Slot::Sign,
        found: [3, 1],
        wanted: [3, 2],
    };
    assert_eq!(error, weak);
    assert!(
        error
            .to_string()
            .contains("asks for the PIN always and no touch"),
        "{error}"
    );
}

#[test]
fn a_real_chain_with_any_byte_changed_is_refused() {
    let officer = real_officer();
    let length = officer.attestation.chain[0].0.len();
    for place in (0..length).step_by(7) {
        let mut changed = officer.attestation.chain.clone();
        changed[0].0[place] ^= 1;
        assert!(verify_chain(&changed, &yubico()).is_err(), "byte {place}");
    }
    let length = officer.attestation.sign.0.len();
    for place in (0..length).step_by(7) {
        let mut changed = officer.clone();
        changed.attestation.sign.0[place] ^= 1;
        let error = verify(&changed, &yubico(), FirmwareRule::OldWithWaiver).unwrap_err();
        assert!(
            !matches!(error, AttestationError::WeakPolicy { .. }),
            "byte {place}: {error}"
        );
    }
}

#[test]
fn yubicos_roots_are_the_pinned_ones() {
    let anchors = yubico();
    let roots: Vec<String> = anchors
        .roots()
        .iter()
        .map(|der| hex::encode(Certificate::parse(der).unwrap().sha256()))
        .collect();
    assert_eq!(
        roots,
        [
            "63ece914e54dd87915f34033c85af4c0696ba1512f8add66ced738331207b546",
            "62760c6a6ef91679f454c8902b80fd009825b3f25da90f1fbace2ec6586cd5a8"
        ]
    );
    // Self-signed: RSA with SHA-256 and with SHA-512.
    for der in anchors.roots() {
        let root = Certificate::parse(&der).unwrap();
        assert!(root.issued(&root) && root.may_issue(1) && !root.may_issue(9));
    }
}

#[test]
fn an_honest_card_is_accepted_on_either_curve() {
    for algorithm in [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384] {
        let world = world_of(
            algorithm,
            authority("Root", Some(1)),
            authority("Card", Some(0)),
        );
        let officer = world.officer(|_, _| {});
        let attested = verify(&officer, &world.anchors(), FirmwareRule::NewOnly).unwrap();
        assert_eq!(attested.officer(), officer.id());
        assert_eq!(
            (attested.serial(), attested.firmware()),
            (SERIAL, Firmware([5, 7, 1]))
        );
    }
}

#[test]
fn an_unknown_root_is_refused_even_under_the_same_name() {
    let (world, other) = (world(), world());
    let officer = world.officer(|_, _| {});
    assert_eq!(
        other.refuses(&officer),
        AttestationError::Signature {
            whose: Whose::Device
        },
        "a root of the same name that did not sign"
    );
    let error = verify(&officer, &yubico(), FirmwareRule::OldWithWaiver).unwrap_err();
    assert_eq!(
        error,
        AttestationError::UnknownRoot {
            issuer: "CN=Root".to_owned()
        }
    );
    assert!(
        error
            .to_string()
            .contains("no root that this treasury trusts"),
        "{error}"
    );
    // Both roots pinned: the one that signed counts.
    let both = TrustAnchors::from_roots(vec![other.root, world.root.clone()]).unwrap();
    assert!(verify(&officer, &both, FirmwareRule::NewOnly).is_ok());
}

#[test]
fn each_weaker_policy_is_refused_in_each_slot() {
    let world = world();
    for slot in Slot::ALL {
        for pin in 0..=5 {
            for touch in 0..=3 {
                let found = [pin, touch];
                let officer = world.officer(|at, forged| {
                    if at == slot {
                        forged.policy = found.to_vec();
                    }
                });
                let wanted = slot.policy();
                let result = verify(&officer, &world.anchors(), FirmwareRule::NewOnly);
                if found == wanted {
                    assert!(result.is_ok());
                } else {
                    let weak = AttestationError::WeakPolicy {
                        slot,
                        found,
                        wanted,
                    };
                    assert_eq!(result.unwrap_err(), weak);
                }
            }
        }
    }
}

#[test]
fn three_slots_of_two_yubikeys_are_refused() {
    let world = world();
    for slot in Slot::ALL {
        let officer = world.officer(|at, forged| {
            if at == slot {
                forged.serial = Some(vec![2, 1, 7]);
            }
        });
        let other = AttestationError::OtherSerial {
            slot,
            found: 7,
            roster: SERIAL,
        };
        assert_eq!(world.refuses(&officer), other);
    }
    // All three agree, but not with the roster.
    let officer = Officer {
        serial: 8,
        ..world.officer(|_, _| {})
    };
    let other = AttestationError::OtherSerial {
        slot: Slot::Sign,
        found: SERIAL,
        roster: 8,
    };
    assert_eq!(world.refuses(&officer), other);
}

#[test]
fn a_key_that_the_card_does_not_attest_is_refused() {
    let world = world();
    let honest = world.officer(|_, _| {});
    let stranger = software_key(&p256::SecretKey::from_slice(&[9; 32]).unwrap());
    let swapped = [
        (
            Slot::Sign,
            Officer {
                sign: stranger,
                ..honest.clone()
            },
        ),
        (
            Slot::Freeze,
            Officer {
                freeze: stranger,
                ..honest.clone()
            },
        ),
        (
            Slot::Open,
            Officer {
                open: stranger,
                ..honest.clone()
            },
        ),
    ];
    for (slot, officer) in swapped {
        assert_eq!(world.refuses(&officer), AttestationError::OtherKey { slot });
    }
    let twice = Officer {
        freeze: honest.sign,
        ..honest
    };
    assert_eq!(world.refuses(&twice), AttestationError::KeyTwice);
}

#[test]
fn an_attestation_of_another_slot_is_refused() {
    let world = world();
    for subject in [
        "YubiKey PIV Attestation 9a",
        "YubiKey PIV Attestation 9c2",
        "9c",
        "",
    ] {
        let officer = world.officer(|_, forged| forged.subject = subject.to_owned());
        let error = world.refuses(&officer);
        assert!(
            matches!(
                &error,
                AttestationError::OtherSlot {
                    slot: Slot::Sign,
                    ..
                }
            ),
            "{subject}: {error}"
        );
    }
    let mut exchanged = world.officer(|_, _| {});
    std::mem::swap(
        &mut exchanged.attestation.sign,
        &mut exchanged.attestation.open,
    );
    std::mem::swap(&mut exchanged.sign, &mut exchanged.open);
    let error = world.refuses(&exchanged);
    assert!(
        matches!(
            error,
            AttestationError::OtherSlot {
                slot: Slot::Sign,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn old_firmware_needs_a_waiver_and_says_so_itself() {
    let world = world();
    let old = |waiver: Option<&str>| Officer {
        firmware: [5, 6, 9],
        waiver: waiver.map(|text| Note::new(text).unwrap()),
        ..world.officer(|_, forged| forged.firmware = Some(vec![5, 6, 9]))
    };
    let refused = AttestationError::OldFirmware {
        firmware: Firmware([5, 6, 9]),
    };
    assert_eq!(world.refuses(&old(None)), refused);
    assert_eq!(world.refuses(&old(Some(""))), refused);
    let waived = old(Some("kept in the safe of the bank"));
    assert!(verify(&waived, &world.anchors(), FirmwareRule::OldWithWaiver).is_ok());
    let strict = verify(&waived, &world.anchors(), FirmwareRule::NewOnly).unwrap_err();
    assert_eq!(strict, refused);
    assert!(refused.to_string().contains("CVE-2024-45678"), "{refused}");
    // A roster that makes the key look newer than it is.
    let liar = Officer {
        firmware: [5, 7, 0],
        ..old(None)
    };
    let error = world.refuses(&liar);
    assert!(
        matches!(error, AttestationError::OtherFirmware { .. }),
        "{error}"
    );
}

#[test]
fn only_authorities_may_issue_and_not_deeper_than_they_are_allowed() {
    let device = authority("Card", Some(0));
    let none = world_of(
        &PKCS_ECDSA_P256_SHA256,
        authority("Root", Some(1)),
        parameters("Card"),
    );
    let error = none.refuses(&none.officer(|_, _| {}));
    assert_eq!(
        error,
        AttestationError::NotAnIssuer {
            whose: Whose::Device
        }
    );

    let mut encrypts = device.clone();
    encrypts.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let encrypts = world_of(&PKCS_ECDSA_P256_SHA256, authority("Root", None), encrypts);
    let error = encrypts.refuses(&encrypts.officer(|_, _| {}));
    assert_eq!(
        error,
        AttestationError::NotAnIssuer {
            whose: Whose::Device
        }
    );

    let shallow = world_of(&PKCS_ECDSA_P256_SHA256, authority("Root", Some(0)), device);
    let error = shallow.refuses(&shallow.officer(|_, _| {}));
    assert_eq!(error, AttestationError::NotAnIssuer { whose: Whose::Root });
}

#[test]
fn a_slot_certificate_cannot_stand_in_the_chain() {
    let world = world();
    let honest = world.officer(|_, _| {});
    let mut chains = vec![
        vec![],
        vec![honest.attestation.sign.clone()],
        vec![
            HexBytes(world.root.clone()),
            honest.attestation.chain[0].clone(),
        ],
        vec![
            honest.attestation.chain[0].clone(),
            honest.attestation.chain[0].clone(),
        ],
        vec![honest.attestation.chain[0].clone(); 5],
        vec![HexBytes(vec![]), honest.attestation.chain[0].clone()],
    ];
    for chain in chains.drain(..) {
        let mut officer = honest.clone();
        officer.attestation.chain = chain;
        assert!(verify(&officer, &world.anchors(), FirmwareRule::OldWithWaiver).is_err());
    }
}

#[test]
fn statements_that_are_missing_doubled_or_not_understood_are_refused() {
    let world = world();
    let forgeries: [fn(&mut Forged); 8] = [
        |forged| forged.firmware = None,
        |forged| forged.firmware = Some(vec![5, 7]),
        |forged| forged.serial = None,
        |forged| forged.serial = Some(vec![0xBC, 0x61, 0x4E]),
        |forged| forged.serial = Some(vec![2, 5, 1, 0, 0, 0, 0]),
        |forged| forged.policy = vec![3, 2, 2],
        |forged| forged.critical = true,
        |forged| forged.twice = true,
    ];
    for (number, forge) in forgeries.into_iter().enumerate() {
        let officer = world.officer(|_, forged| forge(forged));
        let error = world.refuses(&officer);
        assert!(
            matches!(
                &error,
                AttestationError::Malformed {
                    whose: Whose::Slot(Slot::Sign),
                    ..
                }
            ),
            "{number}: {error}"
        );
    }
}

#[test]
fn intermediates_that_are_not_pinned_are_not_loaded() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("own.der"), world().device_der).unwrap();
    let error = TrustAnchors::yubico(folder.path()).unwrap_err();
    assert!(
        matches!(&error, AnchorError::NotPinned { subject, .. } if subject == "CN=Card"),
        "{error}"
    );
    std::fs::write(
        folder.path().join("own.der"),
        b"-----BEGIN CERTIFICATE-----\nAAAA",
    )
    .unwrap();
    let error = TrustAnchors::yubico(folder.path()).unwrap_err();
    assert!(
        matches!(error, AnchorError::NoCertificates { .. }),
        "{error}"
    );
    let error = TrustAnchors::yubico(&folder.path().join("none")).unwrap_err();
    assert!(matches!(error, AnchorError::Unreadable { .. }), "{error}");
    assert!(matches!(
        TrustAnchors::from_roots(vec![]),
        Err(AnchorError::NoRoots)
    ));
}
