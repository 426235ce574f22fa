//! Shares at rest.

use bitcoin::hashes::{Hash, sha256};
use domain::act::VaultKey;
use domain::seal::{SecretBytes, ShareBinding};

use super::super::harness::{Keep, seat};
use super::VAULT;
use crate::{KeyShare, OpenError, VaultKeyError};

/// Bytes before the secret part.
const PUBLIC: usize = 139;

fn open(
    change: impl FnOnce(&mut ShareBinding, &mut Vec<u8>, &mut VaultKey),
) -> Result<(), OpenError> {
    let (mut binding, mut bytes) = VAULT.sealed[&seat(2)].clone();
    let mut key = VAULT.key.clone();
    change(&mut binding, &mut bytes, &mut key);
    KeyShare::open(&binding, SecretBytes::new(bytes), &key).map(drop)
}

/// Makes the check sum fit again: what somebody can do who holds the plaintext.
fn sum(bytes: &mut [u8]) {
    let end = bytes.len() - 32;
    let hash = sha256::Hash::hash(&[b"countersign/dkls-share/v1", &bytes[..end]].concat());
    bytes[end..].copy_from_slice(hash.as_ref());
}

#[test]
fn a_share_opens_as_what_it_is_and_as_nothing_else() {
    assert_eq!(open(|_, _, _| {}), Ok(()));
    assert_eq!(open(|_, bytes, _| sum(bytes)), Ok(()));
    let again = VAULT.open(2).seal(&mut Keep).unwrap();
    assert!(again == VAULT.sealed[&seat(2)]);
    let other = open(|binding, _, _| binding.seat = seat(1));
    assert_eq!(other, Err(OpenError::OtherBinding));
    let chain = open(|_, _, key| key.chain_code.0[0] ^= 1);
    assert_eq!(chain, Err(OpenError::OtherKey));
    let swapped = open(|_, _, key| {
        let first = key.verifying_shares[0].1.clone();
        key.verifying_shares[1].1 = first;
    });
    let inconsistent = VaultKeyError::Inconsistent;
    assert_eq!(swapped, Err(OpenError::VaultKey(inconsistent)));
}

#[test]
fn a_flipped_bit_or_another_length_keeps_a_share_closed() {
    let length = VAULT.sealed[&seat(2)].1.len();
    assert_eq!(length, 139 + 104_884 + 32);
    let sampled = (PUBLIC..length).step_by(1_499);
    for place in (0..PUBLIC).chain(sampled).chain([length - 1]) {
        let flipped = open(|_, bytes, _| bytes[place] ^= 1);
        assert!(flipped.is_err(), "byte {place}");
    }
    for other in [0, 1, 2, PUBLIC, length - 1] {
        let cut = open(|_, bytes, _| bytes.truncate(other));
        assert_eq!(cut, Err(OpenError::Length(other)));
    }
    let longer = open(|_, bytes, _| bytes.push(0));
    assert_eq!(longer, Err(OpenError::Length(length + 1)));
}

#[test]
fn another_seats_state_does_not_fit_whatever_the_check_sum_says() {
    let other = VAULT.sealed[&seat(1)].1.clone();
    let stolen = open(|_, bytes, _| {
        bytes[PUBLIC..].copy_from_slice(&other[PUBLIC..]);
        sum(bytes);
    });
    assert_eq!(stolen, Err(OpenError::WrongShare));
    // Threshold, place, and the first byte of the number, which comes after the session id.
    for place in [PUBLIC, PUBLIC + 2, PUBLIC + 40] {
        let tampered = open(|_, bytes, _| {
            bytes[place] ^= 1;
            sum(bytes);
        });
        assert_eq!(tampered, Err(OpenError::WrongShare), "byte {place}");
    }
}

#[test]
fn secrets_show_nothing() {
    let share = VAULT.open(1);
    let secret = &share.secret;
    let text = format!("{share:?} {secret:?} {:?}", VAULT.trials[&seat(1)]);
    assert_eq!(text, "<redacted> <redacted> <redacted>");
    let bytes = VAULT.sealed[&seat(1)].1.clone();
    let trial = &VAULT.trials[&seat(1)];
    let opened = trial.open(SecretBytes::new(bytes)).unwrap();
    assert_eq!(format!("{opened:?}"), "<redacted>");
}
