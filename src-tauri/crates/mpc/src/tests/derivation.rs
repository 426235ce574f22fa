//! Children of a shared key: the public side, the shares, and `bitcoin`'s own derivation agree.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use bitcoin::bip32::{ChildNumber, Xpub};
use bitcoin::secp256k1::Secp256k1;
use domain::vault::Epoch;
use proptest::prelude::*;

use super::harness::{Vault, path, seat};
use super::honest::xpub;
use crate::Scheme;
use crate::group::{Group, identifier, point};

static VAULT: LazyLock<Vault> = LazyLock::new(|| Vault::generate(2, 3, 40));

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_child_of_the_group_key_is_bip32s(keychain in 0..=2_u32, index in 0..0x8000_0000_u32) {
        let secp = Secp256k1::verification_only();
        let group = Group::parse(Scheme::FrostTaproot, &VAULT.key).unwrap();
        let child = group.child(&secp, path(keychain, index)).unwrap();
        let steps = [keychain, index].map(|step| ChildNumber::from_normal_idx(step).unwrap());
        let wanted = xpub(&VAULT.key).derive_pub(&secp, &steps).unwrap();
        prop_assert_eq!(child.key, wanted.public_key);
        prop_assert_eq!(child.verifying_key().unwrap().serialize().unwrap(), wanted.public_key.serialize());
    }

    #[test]
    fn every_child_share_lies_on_the_child_keys_polynomial(keychain in 0..=2_u32, index in 0..0x8000_0000_u32) {
        let secp = Secp256k1::verification_only();
        let group = Group::parse(Scheme::FrostTaproot, &VAULT.key).unwrap();
        let child = group.child(&secp, path(keychain, index)).unwrap();
        let public = group.public_keys(&child, &group.seats()).unwrap();
        let mut shares = BTreeMap::new();
        for number in 1..=3 {
            let open = VAULT.open(number);
            let keys = super::harness::number(&open).child(seat(number), &child, 2).unwrap();
            let listed = &public.verifying_shares()[&identifier(seat(number)).unwrap()];
            prop_assert_eq!(keys.verifying_share(), listed);
            shares.insert(seat(number), point(&listed.serialize().unwrap()).unwrap());
        }
        // Parsing a key checks that its shares interpolate to it.
        let moved = Group { key: child.key, shares, ..group };
        prop_assert!(Group::parse(Scheme::FrostTaproot, &moved.vault_key()).is_ok());
    }
}

#[test]
fn bip32_test_vector_1_non_hardened_steps() {
    // BIP32, test vector 1: m/0h/1/2h, then /2/1000000000.
    let parent: Xpub = "xpub6D4BDPcP2GT577Vvch3R8wDkScZWzQzMMUm3PWbmWvVJrZwQY4VUNgqFJPMM3No2dFDFGTsxxpG5uJh7n7epu4trkrX7x7DogT5Uv6fcLW5".parse().unwrap();
    let wanted: Xpub = "xpub6H1LXWLaKsWFhvm6RVpEL9P4KfRZSW7abD2ttkWP3SSQvnyA8FSVqNTEcYFgJS2UaFcxupHiYkro49S8yGasTvXEYBVPamhGW6cFJodrTHy".parse().unwrap();
    let group = Group {
        scheme: Scheme::FrostTaproot,
        epoch: Epoch::FIRST,
        threshold: 2,
        key: parent.public_key,
        chain_code: parent.chain_code.to_bytes(),
        shares: BTreeMap::new(),
    };
    let secp = Secp256k1::verification_only();
    let child = group.child(&secp, path(2, 1_000_000_000)).unwrap();
    assert_eq!(child.key, wanted.public_key);
}

#[test]
fn the_chain_code_follows_from_the_run() {
    let other = Vault::generate(2, 3, 41);
    assert_ne!(VAULT.key.chain_code, other.key.chain_code);
    assert_ne!(VAULT.key.chain_code.0, [0; 32]);
}
