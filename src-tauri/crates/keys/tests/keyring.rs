//! The real keyring: what it keeps, and what is said when it does not.
#![expect(clippy::unwrap_used, reason = "a helper that fails, fails its test")]

use domain::seal::{SealShare as _, SecretBytes, ShareBinding};
use domain::{Epoch, SeatId, TreasuryId, VaultId};
use keys::os_keyring::{KeyringError, OsKeyring, SecretStore as _};
use keys::sealed::{DeviceSealer, OpenError, open_device};
use sha2::{Digest as _, Sha256};

/// A namespace that no other test has.
fn keyring(test: &str) -> OsKeyring {
    OsKeyring::open(&format!("test-{test}-{}", std::process::id())).unwrap()
}

#[test]
fn secrets_are_kept_replaced_and_deleted_by_name() {
    let (keyring, other) = (keyring("secrets"), keyring("others"));
    assert!(keyring.get("a").unwrap().is_none());
    for secret in [vec![], vec![0, 255, 10, 13], vec![7; 4096]] {
        keyring.set("a", &secret).unwrap();
        assert_eq!(keyring.get("a").unwrap().unwrap().expose(), secret);
    }
    assert!(keyring.get("b").unwrap().is_none());
    assert!(other.get("a").unwrap().is_none(), "another treasury's");
    keyring.delete("a").unwrap();
    keyring.delete("a").unwrap();
    assert!(keyring.get("a").unwrap().is_none());
    for bad in ["", "a b", "ä", &"x".repeat(201)] {
        assert!(
            matches!(keyring.get(bad), Err(KeyringError::Name(_))),
            "{bad}"
        );
    }
    assert!(matches!(OsKeyring::open(""), Err(KeyringError::Name(_))));
}

#[test]
fn a_machine_has_one_key_that_is_made_once_and_never_replaced() {
    let keyring = keyring("machine");
    let error = keyring.machine_key().unwrap_err();
    assert!(matches!(error, KeyringError::NoMachineKey), "{error}");
    let made = keyring.create_machine_key().unwrap();
    let error = keyring.create_machine_key().unwrap_err();
    assert!(matches!(error, KeyringError::MachineKeyExists), "{error}");
    let loaded = keyring.machine_key().unwrap();
    assert_eq!(loaded.public().unwrap(), made.public().unwrap());
    let digest = Sha256::digest(b"a link").into();
    let signature = loaded.sign(&digest).unwrap();
    made.public().unwrap().verify(&digest, &signature).unwrap();
    assert!(made.public().unwrap().verify(&[0; 32], &signature).is_err());
    assert_eq!(format!("{loaded:?}"), "<redacted>");
    keyring.set("machine-key", &[0; 32]).unwrap();
    let error = keyring.machine_key().unwrap_err();
    assert!(matches!(error, KeyringError::DamagedMachineKey), "{error}");
}

#[test]
fn an_anchor_is_what_was_last_set() {
    let keyring = keyring("anchor");
    assert_eq!(keyring.anchor("journal").unwrap(), None);
    for head in [b"one".as_slice(), b"two"] {
        keyring.set_anchor("journal", head).unwrap();
        assert_eq!(keyring.anchor("journal").unwrap().as_deref(), Some(head));
    }
}

#[test]
fn a_device_share_opens_with_the_real_keyring() {
    let keyring = keyring("device");
    let binding = ShareBinding {
        treasury: TreasuryId::from_bytes([1; 32]),
        vault: VaultId::from_bytes([2; 32]),
        seat: SeatId::new(1).unwrap(),
        epoch: Epoch::FIRST,
    };
    let share = SecretBytes::new(b"a share".to_vec());
    let file = DeviceSealer::new(&keyring).seal(&binding, share).unwrap();
    assert_eq!(
        open_device(&file, &binding, &keyring).unwrap().expose(),
        b"a share"
    );
    let elsewhere = OsKeyring::open("another-treasury").unwrap();
    let error = open_device(&file, &binding, &elsewhere).unwrap_err();
    assert!(matches!(error, OpenError::NoKey), "{error}");
}
