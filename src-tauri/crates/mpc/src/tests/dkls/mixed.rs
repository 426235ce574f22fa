//! A share of one scheme has no place in a session of the other.

use domain::seal::SecretBytes;

use super::super::harness::{Vault, digests, keygen, keygen_of, run, seat, seats};
use super::VAULT;
use crate::{AbortClass, Fault, KeyShare, OpenError, Scheme};

#[test]
fn seats_with_different_schemes_generate_no_key() {
    let mut starts = keygen(2, 2, 1);
    starts.pop();
    starts.extend(keygen_of(Scheme::Dkls23, 2, 2, 1).pop());
    let ended = run(starts, |packet| vec![packet]);
    for (me, other) in [(1, 2), (2, 1)] {
        let abort = ended[&seat(me)].abort();
        assert_eq!(abort.fault(), &Fault::OtherProtocol { seat: seat(other) });
        assert_eq!(abort.class(), AbortClass::Retry);
    }
}

#[test]
fn shares_of_different_schemes_do_not_sign_together() {
    let frost = Vault::generate(2, 3, 1);
    assert_eq!(frost.open(1).scheme(), Scheme::FrostTaproot);
    assert_eq!(VAULT.open(1).scheme(), Scheme::Dkls23);
    let mut starts = frost.signing(&[1, 3], 1, |_| digests(1));
    starts.pop();
    starts.extend(VAULT.signing(&[1, 3], 1, |_| digests(1)).pop());
    let ended = run(starts, |packet| vec![packet]);
    for (me, other) in [(1, 3), (3, 1)] {
        let fault = ended[&seat(me)].abort().fault();
        assert_eq!(fault, &Fault::OtherProtocol { seat: seat(other) });
    }
}

#[test]
fn a_share_opens_for_a_key_of_its_own_scheme_alone() {
    let frost = Vault::generate(2, 3, 1);
    let open = |one: &Vault, key: &Vault| {
        let (binding, bytes) = one.sealed[&seat(1)].clone();
        KeyShare::open(&binding, SecretBytes::new(bytes), &key.key).map(drop)
    };
    assert_eq!(open(&frost, &VAULT), Err(OpenError::OtherKey));
    assert_eq!(open(&VAULT, &frost), Err(OpenError::OtherKey));
    let trial = |one: &Vault, bytes: &Vault| {
        let bytes = bytes.sealed[&seat(1)].1.clone();
        one.trials[&seat(1)].open(SecretBytes::new(bytes)).map(drop)
    };
    assert_eq!(trial(&frost, &VAULT), Err(OpenError::Scheme));
    assert_eq!(trial(&VAULT, &frost), Err(OpenError::Scheme));
    // Relabelled.
    let (binding, mut bytes) = VAULT.sealed[&seat(1)].clone();
    bytes[1] = 1;
    let length = bytes.len();
    let relabelled = KeyShare::open(&binding, SecretBytes::new(bytes), &VAULT.key);
    assert_eq!(relabelled.map(drop), Err(OpenError::Length(length)));
}

/// An acceptance signature of one scheme is none of the other, though the paths are the same.
#[test]
fn acceptance_of_one_scheme_does_not_stand_for_the_other() {
    use super::super::acceptance::accepting;
    use super::super::harness::honest;
    let frost = Vault::generate(2, 3, 1);
    let schnorr = honest(accepting(&frost, &[1, 2], 1))[&seat(1)].signature();
    let ecdsa = honest(accepting(&VAULT, &[1, 2], 1))[&seat(1)].signature();
    let quorum = seats([1, 2]);
    assert!(VAULT.trials[&seat(3)].witness(&quorum, ecdsa).is_ok());
    assert!(VAULT.trials[&seat(3)].witness(&quorum, schnorr).is_err());
    assert!(frost.trials[&seat(3)].witness(&quorum, ecdsa).is_err());
    // High s is another encoding of the same signature, and refused.
    let parsed = k256::ecdsa::Signature::from_slice(&ecdsa).unwrap();
    let (r, s) = parsed.split_scalars();
    let high = k256::ecdsa::Signature::from_scalars(r, -s).unwrap();
    let high = <[u8; 64]>::from(high.to_bytes());
    assert!(VAULT.trials[&seat(3)].witness(&quorum, high).is_err());
}
