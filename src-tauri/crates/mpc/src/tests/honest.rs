//! Honest seats: keys come into being, every quorum signs, and outsiders' tools agree.

use bitcoin::Address;
use bitcoin::bip32::{ChildNumber, Xpub};
use bitcoin::secp256k1::{Message, PublicKey, Secp256k1, schnorr};
use domain::act::VaultKey;
use plans::InputDigest;
use proptest::prelude::*;
use rand_core::RngCore;

use super::harness::{
    Packet, Vault, digests, honest, keygen, path, rng, run, run_in_order, seat, subsets,
};
use crate::Session;

/// The vault's extended key, made from the journal's entry alone.
pub fn xpub(key: &VaultKey) -> Xpub {
    Xpub {
        network: bitcoin::NetworkKind::Test,
        depth: 0,
        parent_fingerprint: Default::default(),
        child_number: ChildNumber::from_normal_idx(0).unwrap(),
        public_key: PublicKey::from_slice(&key.group.0).unwrap(),
        chain_code: <[u8; 32]>::try_from(&key.chain_code.0[..]).unwrap().into(),
    }
}

/// Whether a signature spends the address that `bitcoin` derives for the path by itself.
pub fn spends(key: &VaultKey, digest: &InputDigest, signature: &[u8; 64]) -> bool {
    let secp = Secp256k1::new();
    let steps = [digest.path.keychain(), digest.path.index()]
        .map(|step| ChildNumber::from_normal_idx(step).unwrap());
    let child = xpub(key).derive_pub(&secp, &steps).unwrap();
    let (internal, _) = child.public_key.x_only_public_key();
    let script = Address::p2tr(&secp, internal, None, bitcoin::Network::Regtest).script_pubkey();
    // OP_1 and a push of 32 bytes: the output key itself.
    let output = bitcoin::XOnlyPublicKey::from_slice(&script.as_bytes()[2..]).unwrap();
    let signature = schnorr::Signature::from_slice(signature).unwrap();
    secp.verify_schnorr(&signature, &Message::from_digest(digest.sighash), &output)
        .is_ok()
}

fn every_quorum_signs(t: u16, n: u16) {
    let vault = Vault::generate(t, n, u64::from(n));
    for (number, quorum) in (1..).zip(subsets(t, n)) {
        let signed = honest(vault.signing(&quorum, number, |_| digests(3)));
        assert_eq!(signed.len(), usize::from(t));
        for signatures in signed.values() {
            assert_eq!(signatures.len(), 3);
            for (digest, signature) in digests(3).iter().zip(signatures) {
                assert!(spends(&vault.key, digest, signature), "quorum {quorum:?}");
            }
        }
    }
}

#[test]
fn every_two_of_three_sign_for_the_address_that_bitcoin_derives() {
    every_quorum_signs(2, 3);
}

#[test]
fn every_three_of_five_sign_for_the_address_that_bitcoin_derives() {
    every_quorum_signs(3, 5);
}

#[test]
fn all_of_all_sign_too() {
    every_quorum_signs(2, 2);
    every_quorum_signs(4, 4);
}

#[test]
fn the_most_seats_there_can_be_make_a_key_and_sign() {
    let vault = Vault::generate(8, 15, 1);
    let quorum: Vec<u16> = (8..=15).collect();
    let signed = honest(vault.signing(&quorum, 1, |_| digests(1)));
    assert!(spends(&vault.key, &digests(1)[0], &signed[&seat(8)][0]));
}

#[test]
fn a_signature_is_for_its_own_digest_and_path_alone() {
    let vault = Vault::generate(2, 3, 2);
    let [one, two] = <[InputDigest; 2]>::try_from(digests(2)).unwrap();
    let signed = honest(vault.signing(&[1, 3], 1, |_| vec![one, two]));
    let signatures = &signed[&seat(1)];
    assert!(spends(&vault.key, &one, &signatures[0]));
    assert!(!spends(&vault.key, &two, &signatures[0]));
    let moved = InputDigest {
        path: path(1, 999),
        ..one
    };
    assert!(!spends(&vault.key, &moved, &signatures[0]));
}

#[test]
fn the_same_inputs_signed_twice_use_different_nonces() {
    let vault = Vault::generate(2, 3, 3);
    let same = || vec![digests(1)[0], digests(1)[0]];
    let signed = honest(vault.signing(&[1, 2], 1, |_| same()));
    let [first, second] = <[[u8; 64]; 2]>::try_from(signed[&seat(1)].clone()).unwrap();
    assert_ne!(first[..32], second[..32], "one nonce signed twice");
    assert!(spends(&vault.key, &same()[0], &first) && spends(&vault.key, &same()[1], &second));
}

#[test]
fn exact_duplicates_change_nothing() {
    let twice = |packet: Packet| vec![packet.clone(), packet.clone(), packet];
    let made = run(keygen(2, 3, 4), twice);
    assert!(made.values().all(|end| end.is_done()));
    let vault = Vault::generate(2, 3, 4);
    let signed = run(vault.signing(&[2, 3], 1, |_| digests(2)), twice);
    assert!(signed.values().all(|end| end.is_done()));
}

#[test]
fn a_session_knows_for_whom_it_waits() {
    let silent = |packet: Packet| {
        if packet.is(3, 2) {
            vec![]
        } else {
            vec![packet]
        }
    };
    let ended = run(keygen(2, 3, 5), silent);
    match &ended[&seat(1)] {
        super::harness::Ended::Waiting(session) => {
            assert_eq!(session.waiting_for(), vec![seat(3)]);
        }
        _ => panic!("seat 1 should wait"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn messages_may_arrive_in_any_order(seed in any::<u64>()) {
        let mut order = rng(seed);
        let mut pick = |length: usize| order.next_u64() as usize % length;
        let made = run_in_order(keygen(2, 3, 6), |packet| vec![packet], &mut pick);
        let keys: Vec<VaultKey> = made
            .into_values()
            .map(|end| end.done().0.group.vault_key())
            .collect();
        prop_assert!(keys.iter().all(|key| *key == keys[0]));
        let vault = Vault::generate(3, 5, 6);
        let starts = vault.signing(&[1, 3, 5], 1, |_| digests(2));
        let signed = run_in_order(starts, |packet| vec![packet], &mut pick);
        for signatures in signed.into_values().map(|end| end.done()) {
            prop_assert!(spends(&vault.key, &digests(2)[1], &signatures[1]));
        }
    }
}
