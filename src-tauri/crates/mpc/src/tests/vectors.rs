//! Known answers: BIP340 for the verification that releases signatures, BIP341 for the one tweak.
//! (BIP32's are in `derivation`.) The private keys here are the BIPs' own, published to be tested
//! with.

use bitcoin::TapNodeHash;
use bitcoin::hashes::Hash;
use bitcoin::key::TapTweak;
use bitcoin::secp256k1::{Message, Secp256k1, XOnlyPublicKey, schnorr};
use frost_secp256k1_tr as frost;
use frost_secp256k1_tr::keys::{KeyPackage, Tweak};

/// bips/bip-0340/test-vectors.csv, the vectors with 32-byte messages.
const BIP340: &str = include_str!("vectors/bip340.csv");
/// bips/bip-0341/wallet-test-vectors.json: every key of keyPathSpending, with its output key.
const BIP341: &str = include_str!("vectors/bip341.csv");

fn rows(csv: &str) -> Vec<Vec<&str>> {
    csv.lines()
        .skip(1)
        .map(|line| line.split(',').collect())
        .collect()
}

fn bytes<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(text).unwrap().try_into().unwrap()
}

#[test]
fn bip340_verification() {
    let secp = Secp256k1::verification_only();
    let (mut right, mut wrong) = (0, 0);
    for row in rows(BIP340) {
        let key = XOnlyPublicKey::from_slice(&bytes::<32>(row[2]));
        let signature = schnorr::Signature::from_slice(&bytes::<64>(row[5])).unwrap();
        let message = Message::from_digest(bytes(row[4]));
        let verifies = key.is_ok_and(|key| secp.verify_schnorr(&signature, &message, &key).is_ok());
        assert_eq!(verifies, row[6] == "TRUE", "vector {}: {}", row[0], row[7]);
        if verifies { right += 1 } else { wrong += 1 }
    }
    assert_eq!((right, wrong), (5, 10));
}

#[test]
fn bip341_tweak_of_shares_and_of_the_output_key() {
    let secp = Secp256k1::verification_only();
    for row in rows(BIP341) {
        let root: Option<[u8; 32]> = (!row[1].is_empty()).then(|| bytes(row[1]));
        let internal = XOnlyPublicKey::from_slice(&bytes::<32>(row[2])).unwrap();
        // The key of the output, as the address shows it.
        let (output, _) = internal.tap_tweak(&secp, root.map(TapNodeHash::from_byte_array));
        assert_eq!(hex::encode(output.serialize()), row[5]);
        // The library's tweak, as it acts on a share: here on the published key as a whole.
        let share = frost::keys::SigningShare::deserialize(&bytes::<32>(row[0])).unwrap();
        let verifying = frost::keys::VerifyingShare::from(share);
        let public = verifying.serialize().unwrap();
        assert_eq!(hex::encode(&public[1..]), row[2]);
        let key = frost::VerifyingKey::deserialize(&public).unwrap();
        let id = frost::Identifier::try_from(1).unwrap();
        let tweaked = KeyPackage::new(id, share, verifying, key, 1).tweak(root);
        assert_eq!(hex::encode(tweaked.signing_share().serialize()), row[4]);
        let output = tweaked.verifying_key().serialize().unwrap();
        assert_eq!(hex::encode(&output[1..]), row[5]);
    }
    assert_eq!(rows(BIP341).len(), 7);
}
