//! The same for DKLs23. One key generation takes seconds, so tests share its outcome where they
//! can.

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
use k256::ecdsa::signature::hazmat::PrehashVerifier;
use plans::InputDigest;

use super::harness::{Vault, honest, keygen_of};
use super::honest::xpub;
use crate::Scheme;

/// A 2-of-3 vault.
static VAULT: LazyLock<Vault> = LazyLock::new(|| generate(2, 3));

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
