//! Google's Wycheproof vectors for ECDSA on P-256 with SHA-256, against the verifier that officers'
//! and machines' signatures go through.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper that fails, fails its test"
)]

use domain::key::KeyError;
use domain::{PublicKey, Signature};
use sha2::{Digest as _, Sha256};
use wycheproof::TestResult;
use wycheproof::ecdsa::{TestName, TestSet};

/// Runs one set; gives how many valid signatures were accepted and how many refused as high-s.
fn run(name: TestName, read: fn(&[u8]) -> Result<Signature, KeyError>) -> (usize, usize) {
    let (mut accepted, mut high) = (0, 0);
    for group in TestSet::load(name).unwrap().test_groups {
        let key = PublicKey::from_sec1(&group.key.key).unwrap();
        for test in group.tests {
            let digest = Sha256::digest(&test.msg).into();
            let result = read(&test.sig).and_then(|signature| key.verify(&digest, &signature));
            match (test.result, result) {
                (TestResult::Valid, Ok(())) => accepted += 1,
                (TestResult::Valid, Err(KeyError::HighS)) => high += 1,
                (TestResult::Invalid, Err(_)) | (TestResult::Acceptable, _) => {}
                (expected, got) => {
                    panic!(
                        "{name:?} {}: {expected:?}, {got:?}: {}",
                        test.tc_id, test.comment
                    )
                }
            }
        }
    }
    (accepted, high)
}

#[test]
fn what_cards_give_is_accepted_or_refused_as_wycheproof_says() {
    let (accepted, high) = run(TestName::EcdsaSecp256r1Sha256, Signature::from_card);
    assert!(accepted > 100, "{accepted}");
    assert_eq!(
        high, 0,
        "a card's high-s signature is brought into the one form"
    );
}

#[test]
fn stored_signatures_are_accepted_in_the_low_s_form_only() {
    let (accepted, high) = run(TestName::EcdsaSecp256r1Sha256P1363, Signature::from_bytes);
    assert!(accepted > 50, "{accepted}");
    assert!(high > 50, "{high}");
}
