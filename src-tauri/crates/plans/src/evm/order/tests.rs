//! Project Wycheproof's ECDSA vectors for secp256k1 through the one verification that signing uses.

use bitcoin::hashes::{Hash, sha256};
use bitcoin::secp256k1::ecdsa::{RecoverableSignature, RecoveryId, Signature};
use bitcoin::secp256k1::{Message, PublicKey, Secp256k1};
use wycheproof::TestResult;
use wycheproof::ecdsa::{TestName, TestSet};

use super::parity_of;

/// Whether the key is recovered with one of the two ids that stand for an x coordinate beyond the
/// group's order, which no EVM chain has a parity for.
fn needs_large_x(key: &PublicKey, digest: [u8; 32], signature: &[u8; 64]) -> bool {
    let secp = Secp256k1::verification_only();
    let recovers = |id| {
        let id = RecoveryId::from_i32(id).unwrap();
        let signature = RecoverableSignature::from_compact(signature, id).unwrap();
        let message = Message::from_digest(digest);
        secp.recover_ecdsa(&message, &signature) == Ok(*key)
    };
    recovers(2) || recovers(3)
}

fn low(signature: &[u8; 64]) -> Option<[u8; 64]> {
    let mut parsed = Signature::from_compact(signature).ok()?;
    parsed.normalize_s();
    Some(parsed.serialize_compact())
}

struct Tally {
    valid: usize,
    refused: usize,
    high: usize,
}

fn judge(key: &PublicKey, digest: [u8; 32], signature: &[u8; 64], valid: bool, tally: &mut Tally) {
    let taken = parity_of(key, &digest, signature).is_some();
    if !valid {
        assert!(!taken);
        tally.refused += 1;
        return;
    }
    let normal = low(signature).unwrap();
    if normal != *signature {
        assert!(!taken, "a high s");
        tally.high += 1;
    }
    let taken = parity_of(key, &digest, &normal).is_some();
    assert_ne!(taken, needs_large_x(key, digest, &normal));
    tally.valid += 1;
}

#[test]
fn signatures_of_r_and_s_are_judged_as_wycheproof_does_but_for_high_s() {
    let set = TestSet::load(TestName::EcdsaSecp256k1Sha256P1363).unwrap();
    let mut tally = Tally {
        valid: 0,
        refused: 0,
        high: 0,
    };
    for group in &set.test_groups {
        let key = PublicKey::from_slice(&group.key.key).unwrap();
        for test in &group.tests {
            let Ok(signature) = <[u8; 64]>::try_from(test.sig.as_slice()) else {
                assert_eq!(test.result, TestResult::Invalid);
                continue;
            };
            let digest = sha256::Hash::hash(&test.msg).to_byte_array();
            let valid = test.result == TestResult::Valid;
            judge(&key, digest, &signature, valid, &mut tally);
        }
    }
    assert!(tally.valid > 50 && tally.refused > 50 && tally.high > 5);
}

#[test]
fn signatures_in_der_are_judged_as_wycheproof_does_for_bitcoin() {
    let set = TestSet::load(TestName::EcdsaSecp256k1Sha256Bitcoin).unwrap();
    let (mut valid, mut refused) = (0, 0);
    for group in &set.test_groups {
        let key = PublicKey::from_slice(&group.key.key).unwrap();
        for test in &group.tests {
            let parsed = Signature::from_der(&test.sig);
            let parsed = parsed
                .ok()
                .filter(|one| one.serialize_der()[..] == test.sig[..]);
            let digest = sha256::Hash::hash(&test.msg).to_byte_array();
            let compact = parsed.map(|one| one.serialize_compact());
            let taken = compact.is_some_and(|one| parity_of(&key, &digest, &one).is_some());
            if test.result == TestResult::Valid {
                let large = compact.is_some_and(|one| needs_large_x(&key, digest, &one));
                assert_ne!(taken, large, "test {}", test.tc_id);
                valid += 1;
            } else {
                assert!(!taken, "test {}", test.tc_id);
                refused += 1;
            }
        }
    }
    assert!(valid > 50 && refused > 50, "{valid} {refused}");
}
