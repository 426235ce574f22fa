//! The same for DKLs23. A key generation takes seconds, so most tests use one whose outcome is
//! pinned: with every run they show as well that shares of version 1 still open and sign.

mod honest;
mod lying_dealers;
mod lying_signers;
mod mixed;
mod shares;
mod wire;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use bitcoin::bip32::ChildNumber;
use bitcoin::secp256k1::{Message, Secp256k1, ecdsa};
use domain::act::VaultKey;
use domain::seal::ShareBinding;
use domain::vault::Epoch;
use k256::ecdsa::signature::hazmat::PrehashVerifier;
use plans::InputDigest;

use super::harness::{TREASURY, VAULT as VAULT_ID, Vault, honest, keygen_of, seats};
use super::honest::xpub;
use crate::Scheme;
use crate::acceptance::Trial;
use crate::group::Group;

/// The plaintexts of a 2-of-3 vault of version 1: no money ever lies on it.
const SHARES: [&[u8]; 3] = [
    include_bytes!("dkls/vault-v1/seat-1.bin"),
    include_bytes!("dkls/vault-v1/seat-2.bin"),
    include_bytes!("dkls/vault-v1/seat-3.bin"),
];

static VAULT: LazyLock<Vault> = LazyLock::new(|| {
    let key: VaultKey = serde_json::from_str(include_str!("dkls/vault-v1/key.json")).unwrap();
    let group = Group::parse(Scheme::Dkls23, &key).unwrap();
    let (mut sealed, mut trials) = (BTreeMap::new(), BTreeMap::new());
    for (id, bytes) in seats(1..=3).into_iter().zip(SHARES) {
        let binding = ShareBinding {
            treasury: TREASURY,
            vault: VAULT_ID,
            seat: id,
            epoch: Epoch::FIRST,
        };
        sealed.insert(id, (binding, bytes.to_vec()));
        trials.insert(id, Trial::new(binding, group.clone(), [5; 32]));
    }
    Vault {
        key,
        sealed,
        trials,
    }
});

fn generate(t: u16, n: u16) -> Vault {
    Vault::of(honest(keygen_of(Scheme::Dkls23, t, n, 1)))
}

/// Whether a signature with low s is valid under the child that `bitcoin` derives for the path by
/// itself, for libsecp256k1 and for k256.
fn valid(key: &VaultKey, digest: &InputDigest, signature: &[u8; 64]) -> bool {
    let secp = Secp256k1::new();
    let steps = [digest.path.keychain(), digest.path.index()]
        .map(|step| ChildNumber::from_normal_idx(step).unwrap());
    let child = xpub(key).derive_pub(&secp, &steps).unwrap().public_key;
    let parsed = ecdsa::Signature::from_compact(signature).unwrap();
    let one = secp.verify_ecdsa(&Message::from_digest(digest.sighash), &parsed, &child);
    let key = k256::ecdsa::VerifyingKey::from_sec1_bytes(&child.serialize()).unwrap();
    let parsed = k256::ecdsa::Signature::from_slice(signature).unwrap();
    let other = key.verify_prehash(&digest.sighash, &parsed);
    assert_eq!(one.is_ok(), other.is_ok());
    one.is_ok() && parsed.normalize_s().is_none()
}

fn all_valid<K>(key: &VaultKey, digests: &[InputDigest], signed: &BTreeMap<K, Vec<[u8; 64]>>) {
    for signatures in signed.values() {
        assert_eq!(signatures.len(), digests.len());
        for (digest, signature) in digests.iter().zip(signatures) {
            assert!(valid(key, digest, signature));
        }
    }
}
